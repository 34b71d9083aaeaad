/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command whose standard input and output are the stream: "ssh host dovecot --exec
 * imap". One thread.
 */
#pragma once

#include <gio/gio.h>

/* Tunnel: the running command. */
typedef struct _Tunnel Tunnel;

/* tunnel_open: runs @command by /bin/sh; its standard error is ours. @context: where its
 * end is noticed. *@out_fd: our end, non-blocking, the caller's. Returns: (transfer
 * full), free with tunnel_close(); NULL with HAUL_ERROR_CONFIG (account): it cannot be
 * run. */
Tunnel *tunnel_open (const char *command, GMainContext *context, int *out_fd,
                     GError **error);

/* tunnel_verdict: after the stream's end (@silent: not a byte had come): waits a moment
 * for the command's end. TRUE: it ended well, or runs on. FALSE with HAUL_ERROR_CONFIG
 * (account: there is no such command) or HAUL_ERROR_NETWORK (session). */
gboolean tunnel_verdict (Tunnel *self, gboolean silent, GError **error);

/* tunnel_close: after our end was closed: gives the command a moment to end by itself
 * (none with @at_once), then ends it. No other process is touched. Accepts NULL. */
void tunnel_close (Tunnel *self, gboolean at_once);
