/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket below a link: bytes in and out of a descriptor without blocking and without
 * SIGPIPE, and what TCP is told once. One thread.
 */
#pragma once

#include <glib.h>

/* Stream: a connected, non-blocking stream socket. */
typedef struct
{
  int fd;             /* -1: closed */
  gboolean tcp;       /* else the socket pair of a tunnel */
  gboolean quick_ack; /* acknowledge at once what was read */
} Stream;

/* stream_tune: sends small writes at once, notices a dead peer, keeps little unsent in
 * the kernel. Nothing happens on other sockets than TCP. */
void stream_tune (const Stream *self);

/* stream_receive: as recv(2); -1 with errno (EAGAIN: nothing there). */
gssize stream_receive (const Stream *self, void *buffer, gsize size);

/* stream_send: as send(2); -1 with errno (EAGAIN: no room). Never a SIGPIPE. */
gssize stream_send (const Stream *self, const void *data, gsize length);

/* stream_fail: sets @error for @errno_value while @attempt ("read from") of @peer:
 * HAUL_ERROR_NETWORK or, for a peer that fell silent, _TIMEOUT (session). Returns FALSE.
 */
gboolean stream_fail (const char *attempt, const char *peer, int errno_value,
                      GError **error);

/* stream_set_quick_ack: from now on; see haul_link_set_quick_ack(). */
void stream_set_quick_ack (Stream *self, gboolean on);

/* stream_address: "192.0.2.1:993", "[2001:db8::1]:993". @out_loopback: the address is
 * this machine's own. NULL: not known (any more). (transfer full) */
char *stream_address (const Stream *self, gboolean *out_loopback);

/* stream_close: with @reset, TCP forgets what was not yet read by the peer; else what
 * lies unread is read away first, as it would turn the close into a reset. */
void stream_close (Stream *self, gboolean reset);
