/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The link of the SDK: puts stream, TLS and tunnel together, and is the one place where a
 * session's thread waits for its peer. How a connection comes about: connect.c; who is
 * trusted: tls-context.c. The thread of the session that opened it.
 */
#include <mailhaul/link.h>

#include <errno.h>
#include <string.h>

#include "net/connect.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/tunnel.h"
#include "net/watch.h"

/* When the options name no time-out. */
#define TIMEOUT_DEFAULT_US ((gint64) 30 * G_USEC_PER_SEC)

struct _HaulLink
{
  HaulLinkOptions options;
  char *host;    /* ASCII, without brackets and final dot; NULL: none (tunnel) */
  char *peer;    /* "imap.example:993" */
  char *address; /* where the stream leads, for people */
  GMainContext *context;
  GSource *stop; /* of the cancellable; NULL: none */
  Watch *watch;
  Stream stream;
  Tunnel *tunnel; /* NULL: a socket */
  Tls *tls;       /* NULL: plain text */
  GError *broken; /* a failed handshake: nothing may pass any more */
  gboolean local;
  gboolean spoken; /* something was read */
};

/* ---- opening ---- */

/* "[::1]" and "imap.example." are what people write; a certificate has neither, and IDNs
 * in ASCII. NULL: not a name. */
static char *
plain_host (const char *host)
{
  gsize length = strlen (host);
  g_autofree char *bare = host[0] == '[' && length > 2 && host[length - 1] == ']'
                              ? g_strndup (host + 1, length - 2)
                              : g_strdup (host);
  length = strlen (bare);
  if (length > 1 && bare[length - 1] == '.')
    bare[length - 1] = '\0';
  if (g_hostname_is_ip_address (bare) || strchr (bare, '%') != NULL)
    return g_steal_pointer (&bare);
  return g_hostname_to_ascii (bare);
}

static gboolean
set_peer (HaulLink *self, GError **error)
{
  const char *host = self->options.host;
  gboolean given = host != NULL && host[0] != '\0';
  if (!given && self->options.tunnel == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "connect: no host is given");
  self->host = given ? plain_host (host) : NULL;
  if (given && (self->host == NULL || self->host[0] == '\0'))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "connect to '%s': not the name of a host", host);
  guint port = self->options.port;
  if (self->options.tunnel == NULL && (port == 0 || port > G_MAXUINT16))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "connect to %s: %u is not a port (1 to 65535)", host, port);
  if (self->options.tunnel != NULL)
    self->peer = g_strdup_printf ("%s (by a tunnel)", given ? self->host : "the server");
  else
    self->peer = g_strdup_printf (strchr (self->host, ':') == NULL ? "%s:%u" : "[%s]:%u",
                                  self->host, port);
  return TRUE;
}

static gboolean
open_socket (HaulLink *self, GError **error)
{
  const HaulLinkOptions *options = &self->options;
  const ConnectRequest request = {
    .host = self->host,
    .port = options->port,
    .proxy = options->proxy,
    .peer = self->peer,
    .implicit_tls = options->implicit_tls,
    .timeout_us = options->connect_timeout_us,
    .cancellable = options->cancellable,
  };
  gboolean proxied = FALSE, loopback = FALSE;
  self->stream.fd = connect_open (&request, self->context, &proxied, error);
  if (self->stream.fd < 0)
    return FALSE;
  self->stream.tcp = TRUE;
  stream_tune (&self->stream);
  g_autofree char *address = stream_address (&self->stream, &loopback);
  self->local = loopback && !proxied;
  if (address == NULL)
    self->address = g_strdup (self->peer);
  else if (proxied)
    self->address = g_strdup_printf ("%s by the proxy %s", self->peer, address);
  else
    self->address = g_steal_pointer (&address);
  return TRUE;
}

static gboolean
open_tunnel (HaulLink *self, GError **error)
{
  self->tunnel = tunnel_open (self->options.tunnel, self->context, &self->stream.fd,
                              error);
  if (self->tunnel == NULL)
    return FALSE;
  self->local = TRUE;
  self->address = g_strdup ("a tunnel");
  return TRUE;
}

/* Only the wake-up counts: each call looks at the cancellable itself. */
static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
start_watching (HaulLink *self)
{
  self->watch = watch_new (self->stream.fd, self->context);
  if (self->options.cancellable == NULL)
    return;
  self->stop = g_cancellable_source_new (self->options.cancellable);
  g_source_set_callback (self->stop, G_SOURCE_FUNC (on_cancelled), NULL, NULL);
  g_source_attach (self->stop, self->context);
}

static HaulLink *
link_new (const HaulLinkOptions *options)
{
  HaulLink *self = g_new0 (HaulLink, 1);
  memcpy (&self->options, options, MIN (options->struct_size, sizeof self->options));
  if (self->options.connect_timeout_us <= 0)
    self->options.connect_timeout_us = TIMEOUT_DEFAULT_US;
  if (self->options.cancellable != NULL)
    g_object_ref (self->options.cancellable);
  self->stream.fd = -1;
  self->context = g_main_context_new ();
  return self;
}

static gboolean
link_connect (HaulLink *self, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (self->options.cancellable, error)
      || !set_peer (self, error))
    return FALSE;
  if (!(self->options.tunnel != NULL ? open_tunnel (self, error)
                                     : open_socket (self, error)))
    return FALSE;
  start_watching (self);
  return !self->options.implicit_tls || haul_link_start_tls (self, error);
}

HaulLink *
haul_link_open (const HaulLinkOptions *options, GError **error)
{
  g_return_val_if_fail (options != NULL && options->struct_size > 0, NULL);
  HaulLink *self = link_new (options);
  if (link_connect (self, error))
    return self;
  haul_link_close (self);
  return NULL;
}

static void
link_free (HaulLink *self, gboolean reset)
{
  if (self->tls != NULL && !reset)
    tls_finish (self->tls);
  g_clear_pointer (&self->watch, watch_free);
  stream_close (&self->stream, reset);
  tunnel_close (self->tunnel, reset);
  tls_free (self->tls);
  if (self->stop != NULL)
    {
      g_source_destroy (self->stop);
      g_source_unref (self->stop);
    }
  while (g_main_context_iteration (self->context, FALSE))
    continue;
  g_main_context_unref (self->context);
  g_clear_object (&self->options.cancellable);
  g_clear_error (&self->broken);
  g_free (self->host);
  g_free (self->peer);
  g_free (self->address);
  g_free (self);
}

void
haul_link_close (HaulLink *link)
{
  if (link != NULL)
    link_free (link, FALSE);
}

void
haul_link_abort (HaulLink *link)
{
  if (link != NULL)
    link_free (link, TRUE);
}

/* ---- TLS ---- */

static gboolean
handshake (HaulLink *self, GError **error)
{
  gint64 until_us = g_get_monotonic_time () + self->options.connect_timeout_us;
  for (;;)
    {
      switch (tls_handshake (self->tls, error))
        {
        case TLS_DONE:
          return TRUE;
        case TLS_FAILED:
          return FALSE;
        case TLS_PENDING:
          break;
        }
      if (!haul_link_wait (self, TRUE, FALSE, until_us, error))
        return FALSE;
      if (g_get_monotonic_time () >= until_us)
        return haul_error_set (
            error, HAUL_ERROR_TIMEOUT, HAUL_SCOPE_SESSION,
            "TLS handshake with %s: no answer within %.3g s: does the server speak TLS "
            "on "
            "this port?",
            self->peer, (double) self->options.connect_timeout_us / G_USEC_PER_SEC);
    }
}

/* What the command of a tunnel has to say counts more than that TLS broke off. */
static void
explain_by_tunnel (HaulLink *self, GError **failure)
{
  GError *better = NULL;
  if (self->tunnel == NULL || !g_error_matches (*failure, HAUL_ERROR, HAUL_ERROR_NETWORK)
      || tunnel_verdict (self->tunnel, !self->spoken, &better))
    return;
  g_error_free (*failure);
  *failure = better;
}

gboolean
haul_link_start_tls (HaulLink *link, GError **error)
{
  g_return_val_if_fail (link != NULL && link->tls == NULL, FALSE);
  const TlsRequest request = {
    .host = link->host,
    .peer = link->peer,
    .ca_file = link->options.tls_ca_file,
    .fingerprint = link->options.tls_fingerprint,
    .certificate_file = link->options.tls_certificate_file,
    .key_file = link->options.tls_key_file,
    .minimum = link->options.tls_minimum,
    .upgraded = !link->options.implicit_tls,
  };
  GError *failure = NULL;
  link->tls = tls_new (&request, &link->stream, &failure);
  if (link->tls != NULL && handshake (link, &failure))
    {
      /* a wake-up that came during the handshake was for the caller */
      g_main_context_wakeup (link->context);
      return TRUE;
    }
  g_clear_pointer (&link->tls, tls_free);
  explain_by_tunnel (link, &failure);
  g_clear_error (&link->broken);
  link->broken = g_error_copy (failure);
  g_propagate_error (error, failure);
  return FALSE;
}

/* ---- bytes ---- */

static gboolean
may_move (const HaulLink *self, GError **error)
{
  if (self->broken != NULL)
    {
      g_propagate_error (error, g_error_copy (self->broken));
      return FALSE;
    }
  return !g_cancellable_set_error_if_cancelled (self->options.cancellable, error);
}

static HaulLinkResult
read_plain (HaulLink *self, void *buffer, gsize size, gsize *out_length, GError **error)
{
  gssize got = stream_receive (&self->stream, buffer, size);
  /* a command that ends without reading all of ours "resets" the socket pair */
  if (got == 0 || (got < 0 && errno == ECONNRESET && self->tunnel != NULL))
    return HAUL_LINK_END;
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return HAUL_LINK_PENDING;
  if (got < 0)
    return stream_fail ("read from", self->peer, errno, error), HAUL_LINK_FAILED;
  *out_length = (gsize) got;
  return HAUL_LINK_DATA;
}

HaulLinkResult
haul_link_read (HaulLink *link, void *buffer, gsize size, gsize *out_length,
                GError **error)
{
  g_return_val_if_fail (link != NULL && size > 0, HAUL_LINK_PENDING);
  if (!may_move (link, error))
    return HAUL_LINK_FAILED;
  GError *failure = NULL;
  HaulLinkResult result = link->tls != NULL
                              ? tls_read (link->tls, buffer, size, out_length, &failure)
                              : read_plain (link, buffer, size, out_length, &failure);
  if (result == HAUL_LINK_DATA)
    link->spoken = TRUE;
  if (result == HAUL_LINK_END && link->tunnel != NULL
      && !tunnel_verdict (link->tunnel, !link->spoken, &failure))
    result = HAUL_LINK_FAILED;
  else if (result == HAUL_LINK_FAILED)
    explain_by_tunnel (link, &failure);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return result;
}

static HaulLinkResult
write_plain (HaulLink *self, const void *data, gsize length, gsize *out_written,
             GError **error)
{
  gssize sent = stream_send (&self->stream, data, length);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return HAUL_LINK_PENDING;
  if (sent < 0)
    return stream_fail ("write to", self->peer, errno, error), HAUL_LINK_FAILED;
  *out_written = (gsize) sent;
  return HAUL_LINK_DATA;
}

HaulLinkResult
haul_link_write (HaulLink *link, const void *data, gsize length, gsize *out_written,
                 GError **error)
{
  g_return_val_if_fail (link != NULL && length > 0, HAUL_LINK_PENDING);
  if (!may_move (link, error))
    return HAUL_LINK_FAILED;
  GError *failure = NULL;
  HaulLinkResult result = link->tls != NULL
                              ? tls_write (link->tls, data, length, out_written, &failure)
                              : write_plain (link, data, length, out_written, &failure);
  if (result != HAUL_LINK_FAILED)
    return result;
  explain_by_tunnel (link, &failure);
  g_propagate_error (error, failure);
  return HAUL_LINK_FAILED;
}

/* ---- waiting ---- */

gboolean
haul_link_wait (HaulLink *link, gboolean want_read, gboolean want_write, gint64 until_us,
                GError **error)
{
  g_return_val_if_fail (link != NULL, FALSE);
  if (g_cancellable_set_error_if_cancelled (link->options.cancellable, error))
    return FALSE;
  if (link->tls != NULL)
    {
      if (want_read && tls_holds_input (link->tls))
        return TRUE;
      tls_flush (link->tls);
      want_write = want_write || tls_holds_output (link->tls);
    }
  GIOCondition events = (want_read ? G_IO_IN : 0) | (want_write ? G_IO_OUT : 0);
  watch_set (link->watch, events, until_us);
  (void) g_main_context_iteration (link->context, TRUE);
  if (link->tls != NULL)
    tls_flush (link->tls);
  return !g_cancellable_set_error_if_cancelled (link->options.cancellable, error);
}

GMainContext *
haul_link_context (HaulLink *link)
{
  g_return_val_if_fail (link != NULL, NULL);
  return link->context;
}

/* ---- facts ---- */

void
haul_link_set_quick_ack (HaulLink *link, gboolean on)
{
  g_return_if_fail (link != NULL);
  stream_set_quick_ack (&link->stream, on);
}

gboolean
haul_link_is_secure (const HaulLink *link)
{
  g_return_val_if_fail (link != NULL, FALSE);
  return link->tls != NULL;
}

char *
haul_link_describe (const HaulLink *link)
{
  g_return_val_if_fail (link != NULL, NULL);
  g_autofree char *how = link->tls != NULL ? tls_describe (link->tls)
                                           : g_strdup ("plain text");
  return g_strdup_printf ("%s, %s", how, link->address);
}

gboolean
haul_link_is_local (const HaulLink *link)
{
  g_return_val_if_fail (link != NULL, FALSE);
  return link->local;
}

GBytes *
haul_link_channel_binding (const HaulLink *link, const char *type)
{
  g_return_val_if_fail (link != NULL && type != NULL, NULL);
  return link->tls == NULL ? NULL : tls_channel_binding (link->tls, type);
}
