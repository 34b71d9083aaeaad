/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection's bytes, as seen by the scripted server, with the network's faults. */
#pragma once

#include <glib.h>

/* Longest line that is read at all: beyond, the client is broken. */
#define WIRE_LINE_BYTES ((gsize) 1024 * 1024)
/* Answers that are held back while the client still speaks; more is sent at once. */
#define WIRE_QUEUE_BYTES ((gsize) 256 * 1024)

/* Wire: all of it belongs to the connection's thread. */
typedef struct
{
  int fd;
  int stop_fd; /* readable when the test stops the server */
  GByteArray *in;
  gsize in_at; /* of @in, already taken */
  GByteArray *out;
  gboolean end;           /* nothing will come in any more */
  gboolean mute;          /* nothing is sent any more */
  gint64 cut_after_bytes; /* close after so many more bytes; -1: never */
  gboolean cut_reset;     /* ... with a reset */
  gint64 pause_after_bytes;
  gint64 pause_us;
  gint64 settle_us; /* silence after which the client is taken to wait */
  gint64 ghost_us;  /* pause before each command; -1: no ghost */
  gboolean spoke;   /* something was sent since bytes came in */
  guint trips;
} Wire;

/* wire_init: takes over @fd. */
void wire_init (Wire *self, int fd, int stop_fd);
/* wire_clear: closes what is open, frees the buffers. */
void wire_clear (Wire *self);

/* wire_queue: bytes to be sent when the client has said all, or at wire_flush(). */
void wire_queue (Wire *self, const void *data, gsize length);
/* wire_flush: sends all of it; a cut may end the connection on the way. */
void wire_flush (Wire *self);

/* wire_line: the next line without its end. FALSE: no more comes (a piece of a line is
 * dropped), or it is too long. @out_bare_lf: the CR was missing. */
gboolean wire_line (Wire *self, GString *out_line, gboolean *out_bare_lf);
/* wire_take: @length bytes appended to @out. FALSE: the client ended before. */
gboolean wire_take (Wire *self, gsize length, GByteArray *out);

/* wire_delay: waits so long, or less if the test stops; everything queued goes first. */
void wire_delay (Wire *self, gint64 duration_us);
/* wire_stall: neither reads nor writes for @duration_us, or (-1) until the client gives
 * up. */
void wire_stall (Wire *self, gint64 duration_us);
/* wire_close: flushes and closes, or resets without flushing. */
void wire_close (Wire *self, gboolean reset);
/* wire_vanish: takes in what lies in the socket, closes towards the client, and goes on
 * with what was taken, @pause_us before each command. */
void wire_vanish (Wire *self, gint64 pause_us);
/* wire_stopping: the test wants the server to end. */
gboolean wire_stopping (const Wire *self);
