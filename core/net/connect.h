/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a host's name to a connected socket: look-up, race of the address families, proxy.
 */
#pragma once

#include <mailhaul/link.h>

/* ConnectRequest: all strings borrowed. */
typedef struct
{
  const char *host;  /* name or address, without brackets */
  guint port;        /* 1 … 65535 */
  const char *proxy; /* NULL: the system decides */
  const char *peer;  /* "imap.example:993", for messages */
  gboolean implicit_tls;
  gint64 timeout_us; /* for look-up, connecting and proxy, each */
  GCancellable *cancellable;
} ConnectRequest;

/*
 * connect_open: blocks in @context, which must be the caller's own. Returns: a
 * non-blocking TCP socket, @out_proxied whether it leads to a proxy; -1 with
 * HAUL_ERROR_NETWORK or _TIMEOUT (session), _CONFIG (account: @proxy makes no sense),
 * _AUTH (account: the proxy wants other credentials), or G_IO_ERROR_CANCELLED.
 */
int connect_open (const ConnectRequest *request, GMainContext *context,
                  gboolean *out_proxied, GError **error);

/* connect_proxy_label: @proxy without user and password, for messages. (transfer full) */
char *connect_proxy_label (const char *proxy);
