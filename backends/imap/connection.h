/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One connection: the link, the parser, the pipeline and the output queue put together.
 * Commands go out as the pipeline allows, events come in; everything happens inside
 * imap_connection_turn(), on the session's thread. It knows no mailboxes and no messages.
 */
#pragma once

#include <mailhaul/link.h>

#include "capability.h"
#include "command.h"
#include "event.h"
#include "pipeline.h"
#include "trace.h"

typedef struct _ImapConnection ImapConnection;

/*
 * The tagged reply of a command, copied; stands during the callback.
 * @how: IMAP_TAGGED_DONE, _REFUSED (no byte of the literal was sent), _EARLY (the rest
 * was swallowed), or _POISON (the connection is lost; this command's own outcome is
 * certain: it was refused).
 */
typedef struct
{
  ImapTagged how;
  ImapState state; /* OK, NO, BAD */
  ImapCode code;
  gboolean code_damaged;
  gboolean has_number;
  guint64 number; /* as in ImapCodeData */
  guint32 uidvalidity;
  const char *uids;        /* APPENDUID, COPYUID: for imap_uidset_parse(); NULL if none */
  const char *source_uids; /* COPYUID */
  const char *text;        /* UTF-8, printable, without the code; never NULL */
  const char *code_name;   /* "OVERQUOTA"; NULL if none */
  gboolean busy;           /* a throttle hint, by code or words */
  gint64 busy_us;          /* the time that it named; 0: none */
} ImapReply;

/* A command is over. @reply NULL: the connection was lost, the outcome is *unknown*.
 * Called from imap_connection_turn(); may send further commands. */
typedef void (*ImapDoneFunc) (const ImapReply *reply, gpointer user_data);

/* Gets events as they come, but for tagged replies and "+". FALSE with @error set: the
 * connection is dropped with this error. */
typedef gboolean (*ImapEventFunc) (const ImapEvent *event, gpointer user_data,
                                   GError **error);

typedef enum
{
  IMAP_BODY_DATA,    /* some bytes */
  IMAP_BODY_PENDING, /* none right now; imap_connection_context() will be woken */
  IMAP_BODY_FAILED,  /* the rest will never come: the connection has to be dropped */
} ImapBodyResult;

/*
 * Where the bodies of an APPEND come from. @read: the next bytes of body @message, at
 * most @limit of them, in order; they stand until the next call. Never asked beyond the
 * size that was announced.
 */
typedef struct
{
  ImapBodyResult (*read) (guint message, gsize limit, HaulBytes *out_span,
                          gpointer user_data, GError **error);
  gpointer user_data;
} ImapBodies;

/* What a connection is made of. */
typedef struct
{
  HaulLink *link; /* taken over */
  ImapPipelineOptions limits;
  ImapTrace *trace;   /* borrowed; NULL: none */
  const char *peer;   /* "imap.example:993", for errors; borrowed */
  gint64 patience_us; /* longest silence accepted while a command is in flight */
} ImapConnectionOptions;

/* Nothing is sent or read yet. Free with imap_connection_close(). */
ImapConnection *imap_connection_new (const ImapConnectionOptions *options);

/* Sends LOGOUT as far as that is possible at once, closes, frees. Accepts NULL. Commands
 * in flight are forgotten without their callbacks. */
void imap_connection_close (ImapConnection *self);

/* The handler that sees every event before the operation's own. NULL: none. */
void imap_connection_watch (ImapConnection *self, ImapEventFunc func, gpointer user_data);

/* The handler of the operation in progress; replaces the one before. NULL: none. */
void imap_connection_handle (ImapConnection *self, ImapEventFunc func,
                             gpointer user_data);

/* A new tag, borrowed until the next call. */
const char *imap_connection_tag (ImapConnection *self);

/* Whether @flight may go now, and why not; IMAP_WHY_CLOSING once the connection is lost.
 */
ImapWhy imap_connection_may_send (ImapConnection *self, const ImapFlight *flight);

/*
 * Sends @command (taken over; finished, with the tag that imap_connection_tag() gave
 * last). Only when imap_connection_may_send() says IMAP_WHY_NOTHING. @bodies: copied;
 * NULL if it has none. A @flight->patience_us of 0 means the connection's own. FALSE: the
 * connection was lost already; @done is not called.
 */
gboolean imap_connection_send (ImapConnection *self, ImapCommand *command,
                               const ImapFlight *flight, const ImapBodies *bodies,
                               ImapDoneFunc done, gpointer user_data, GError **error);

/*
 * One turn: takes in what has come, calls handlers and callbacks, sends what may go. With
 * @wait it first waits until there is something to do: bytes, room, a wake-up of the
 * context, or the end of patience; TRUE says only: look again. FALSE: the connection is
 * lost (HAUL_ERROR_NETWORK, _TIMEOUT, _BUSY, _PROTOCOL, all with session scope, or what a
 * handler said, or G_IO_ERROR_CANCELLED); all commands in flight have had their callback
 * with NULL. Every later call fails with the same error.
 */
gboolean imap_connection_turn (ImapConnection *self, gboolean wait, GError **error);

/* The same, waiting no longer than until @until_us (monotonic; -1: no such end). */
gboolean imap_connection_turn_until (ImapConnection *self, gint64 until_us,
                                     GError **error);

/* Turns until @flight may go. FALSE: as imap_connection_turn(). */
gboolean imap_connection_await_turn (ImapConnection *self, const ImapFlight *flight,
                                     GError **error);

/*
 * Sends @command (taken over) as soon as it may go, and turns until it is over. TRUE: OK.
 * FALSE: as imap_connection_turn(), or the error of imap_reply_error() for a NO or BAD,
 * with @scope and the words @what ("create folder Sent"). @out_reply may be NULL; the
 * strings inside stand until the next call of this function.
 */
gboolean imap_connection_run (ImapConnection *self, ImapCommand *command, guint flags,
                              HaulErrorScope scope, const char *what,
                              const ImapReply **out_reply, GError **error);

/* The same for a command that is just words: "NOOP". */
gboolean imap_connection_run_words (ImapConnection *self, const char *words, guint flags,
                                    HaulErrorScope scope, const char *what,
                                    GError **error);

/* Turns until nothing is in flight. */
gboolean imap_connection_drain (ImapConnection *self, GError **error);

/* Commands in flight or being sent. */
guint imap_connection_in_flight (const ImapConnection *self);

/* Why the connection is lost; NULL while it stands. (transfer none) */
const GError *imap_connection_error (const ImapConnection *self);

/* What commands may use; replaced by the session when the capabilities are known. */
const ImapWire *imap_connection_wire (const ImapConnection *self);
void imap_connection_set_wire (ImapConnection *self, const ImapWire *wire);

/* Whether the server reads the rest of a refused APPEND as part of it (imap.md 2.8). */
void imap_connection_set_swallows (ImapConnection *self, gboolean swallows);

/* The context that wakes a waiting turn. (transfer none) */
GMainContext *imap_connection_context (ImapConnection *self);

/* The link, for TLS facts. (transfer none) */
HaulLink *imap_connection_link (ImapConnection *self);

/* STARTTLS (sent with IMAP_FLIGHT_SWITCH) was answered with OK: the handshake. Bytes
 * behind the OK are an attack: HAUL_ERROR_TLS. */
gboolean imap_connection_start_tls (ImapConnection *self, GError **error);

/* COMPRESS was answered with OK: everything is deflated from here on, both ways. */
gboolean imap_connection_start_compress (ImapConnection *self, GError **error);

/* Breaks the connection off with a reset and @reason (copied). */
void imap_connection_abort (ImapConnection *self, const GError *reason);

/* A line of a SASL dialogue, ending in CRLF, straight into the output queue, secret. */
void imap_connection_put_secret_line (ImapConnection *self, const char *line);

/* The "+" that came for a command with IMAP_FLIGHT_CONTINUES: its text, once. FALSE: none
 * came since. The text stands until the next turn. */
gboolean imap_connection_take_continue (ImapConnection *self, ImapString *out_text);

/* Sets @error from a NO, BAD or BYE: @what was attempted; code, delay and at least @scope
 * from what the server said (RFC 5530 and its words). Returns FALSE. */
gboolean imap_reply_error (const ImapReply *reply, HaulErrorScope scope, const char *what,
                           GError **error);
