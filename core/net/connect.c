/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connects by GSocketClient, whose asynchronous half races IPv6 against IPv4 and speaks
 * SOCKS and HTTP CONNECT. Its own time-outs do not cover the look-up, so a deadline per
 * phase cancels it. Runs on the link's thread, inside the link's own context.
 */
#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <mailhaul/error.h>

/* Phase: what is being waited for; each has the whole time-out. */
typedef enum
{
  PHASE_LOOKUP,
  PHASE_CONNECT,
  PHASE_PROXY,
} Phase;

typedef struct
{
  const ConnectRequest *request;
  GMainContext *context;
  GCancellable *stop; /* ends the attempt, for either reason */
  GSource *deadline;
  Phase phase;
  gboolean timed_out;
  gboolean proxied;
  gboolean finished;
  GSocketConnection *connection;
  GError *failure;
} Attempt;

static gboolean
on_deadline (gpointer user_data)
{
  Attempt *self = user_data;
  self->timed_out = TRUE;
  g_cancellable_cancel (self->stop);
  return G_SOURCE_REMOVE;
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
enter_phase (Attempt *self, Phase phase)
{
  self->phase = phase;
  clear_source (&self->deadline);
  gint64 limit_ms = self->request->timeout_us / 1000 + 1;
  self->deadline = g_timeout_source_new ((guint) MIN (limit_ms, (gint64) G_MAXINT));
  g_source_set_callback (self->deadline, on_deadline, self, NULL);
  g_source_attach (self->deadline, self->context);
}

/* Only forwards: each address of the race says CONNECTING again. */
static void
on_event (GSocketClient *client, GSocketClientEvent event, GSocketConnectable *target,
          GIOStream *stream, gpointer user_data)
{
  Attempt *self = user_data;
  if (event == G_SOCKET_CLIENT_CONNECTING && self->phase < PHASE_CONNECT)
    enter_phase (self, PHASE_CONNECT);
  if (event == G_SOCKET_CLIENT_PROXY_NEGOTIATING)
    {
      self->proxied = TRUE;
      if (self->phase < PHASE_PROXY)
        enter_phase (self, PHASE_PROXY);
    }
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Attempt *self = user_data;
  g_cancellable_cancel (self->stop);
  return G_SOURCE_REMOVE;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Attempt *self = user_data;
  self->connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result,
                                                     &self->failure);
  self->finished = TRUE;
}

char *
connect_proxy_label (const char *proxy)
{
  const char *authority = strstr (proxy, "://");
  authority = authority == NULL ? proxy : authority + strlen ("://");
  const char *at = strrchr (authority, '@');
  if (at == NULL)
    return g_strdup (proxy);
  return g_strdup_printf ("%.*s%s", (int) (authority - proxy), proxy, at + 1);
}

/* A resolver takes any text; what GIO would say of a wrong one helps nobody. */
static GProxyResolver *
proxy_resolver (const char *proxy, GError **error)
{
  g_autofree char *label = connect_proxy_label (proxy);
  g_autoptr (GUri) uri = g_uri_parse (proxy, G_URI_FLAGS_NON_DNS, NULL);
  const char *scheme = uri == NULL ? NULL : g_uri_get_scheme (uri);
  static const char *const known[] = { "socks5", "socks4", "socks4a",
                                       "socks",  "http",   NULL };
  if (scheme == NULL || !g_strv_contains (known, scheme))
    (void) haul_error_set (
        error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
        "proxy '%s' is none of socks5://host:port, socks4://host:port, "
        "http://host:port and direct://",
        label);
  else if (g_uri_get_host (uri) == NULL || g_uri_get_host (uri)[0] == '\0')
    (void) haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "proxy '%s' names no host", label);
  else
    return g_simple_proxy_resolver_new (proxy, NULL);
  return NULL;
}

static const char *
phase_words (const Attempt *self)
{
  switch (self->phase)
    {
    case PHASE_LOOKUP:
      return "the look-up of the name got no answer";
    case PHASE_CONNECT:
      return "no answer";
    case PHASE_PROXY:
      return "the proxy does not get through";
    }
  return "no answer";
}

static const char *
hint_for (const Attempt *self)
{
  if (g_error_matches (self->failure, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND))
    return " (is the host's name right?)";
  if (!g_error_matches (self->failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return "";
  if (self->proxied)
    return ""; /* the proxy's words say it */
  if (self->request->proxy != NULL)
    return " (does the proxy listen there?)";
  if (self->request->implicit_tls && self->request->port == 143)
    return " (the usual port for tls=\"implicit\" is 993)";
  if (!self->request->implicit_tls && self->request->port == 993)
    return " (the usual port for tls=\"starttls\" and \"none\" is 143)";
  return " (nothing listens there: is the port right?)";
}

static gboolean
is_proxy_error (const GError *failure)
{
  return g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED)
         || g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_PROXY_AUTH_FAILED)
         || g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_PROXY_NEED_AUTH)
         || g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_PROXY_NOT_ALLOWED);
}

static gboolean
is_login_error (const GError *failure)
{
  return g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_PROXY_AUTH_FAILED)
         || g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_PROXY_NEED_AUTH);
}

/* GIO says "Could not connect to HOST: REASON": we say that ourselves. */
static char *
reason_of (const GError *failure)
{
  const char *start = failure->message;
  const char *colon = is_proxy_error (failure) ? NULL : g_strrstr (start, ": ");
  g_autofree char *reason = g_strdup (colon == NULL ? start : colon + strlen (": "));
  gsize length = strlen (reason);
  if (length > 0 && reason[length - 1] == '.')
    reason[length - 1] = '\0';
  return g_steal_pointer (&reason);
}

/* Says why there is no connection. */
static gboolean
report (const Attempt *self, GError **error)
{
  const ConnectRequest *request = self->request;
  if (g_cancellable_set_error_if_cancelled (request->cancellable, error))
    return FALSE;
  g_autofree char *label = request->proxy == NULL ? NULL
                                                  : connect_proxy_label (request->proxy);
  g_autofree char *way = label == NULL
                             ? g_strdup (self->proxied ? " by the system's proxy" : "")
                             : g_strdup_printf (" by the proxy %s", label);
  if (self->timed_out)
    return haul_error_set (error, HAUL_ERROR_TIMEOUT, HAUL_SCOPE_SESSION,
                           "connect to %s%s: %s within %.3g s", request->peer, way,
                           phase_words (self),
                           (double) request->timeout_us / G_USEC_PER_SEC);
  g_autofree char *reason = reason_of (self->failure);
  if (is_login_error (self->failure))
    return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                           "connect to %s%s: %s: give user and password in the proxy's "
                           "address",
                           request->peer, way, reason);
  gboolean late = g_error_matches (self->failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  return haul_error_set (error, late ? HAUL_ERROR_TIMEOUT : HAUL_ERROR_NETWORK,
                         HAUL_SCOPE_SESSION, "connect to %s%s: %s%s", request->peer, way,
                         reason, hint_for (self));
}

/* The caller's cancellable is watched from here, so that no callback of ours ever runs
 * on another thread. */
static void
run (Attempt *self, GSocketClient *client)
{
  g_autoptr (GSocketConnectable)
      target = g_network_address_new (self->request->host, (guint16) self->request->port);
  GSource *watch = NULL;
  if (self->request->cancellable != NULL)
    {
      watch = g_cancellable_source_new (self->request->cancellable);
      g_source_set_callback (watch, G_SOURCE_FUNC (on_cancelled), self, NULL);
      g_source_attach (watch, self->context);
    }
  g_signal_connect (client, "event", G_CALLBACK (on_event), self);
  enter_phase (self, PHASE_LOOKUP);
  g_socket_client_connect_async (client, target, self->stop, on_connected, self);
  while (!self->finished)
    (void) g_main_context_iteration (self->context, TRUE);
  g_signal_handlers_disconnect_by_data (client, self);
  clear_source (&self->deadline);
  clear_source (&watch);
}

/* A descriptor of our own: the connection's objects and their habits on closing go. */
static int
take_descriptor (const Attempt *self, GError **error)
{
  GSocket *socket = g_socket_connection_get_socket (self->connection);
  int fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    (void) haul_error_set_errno (error, errno, HAUL_SCOPE_SESSION,
                                 "keep the connection to %s", self->request->peer);
  return fd;
}

int
connect_open (const ConnectRequest *request, GMainContext *context, gboolean *out_proxied,
              GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  ConnectRequest plain = *request;
  if (g_strcmp0 (request->proxy, "direct://") == 0)
    plain.proxy = NULL;
  g_socket_client_set_enable_proxy (client,
                                    request->proxy == NULL || plain.proxy != NULL);
  if (plain.proxy != NULL)
    {
      g_autoptr (GProxyResolver) resolver = proxy_resolver (plain.proxy, error);
      if (resolver == NULL)
        return -1;
      g_socket_client_set_proxy_resolver (client, resolver);
    }
  Attempt attempt = { .request = &plain,
                      .context = context,
                      .stop = g_cancellable_new () };
  g_main_context_push_thread_default (context);
  run (&attempt, client);
  int fd = -1;
  if (attempt.connection == NULL)
    (void) report (&attempt, error);
  else
    fd = take_descriptor (&attempt, error);
  g_clear_object (&attempt.connection);
  g_clear_error (&attempt.failure);
  g_clear_object (&attempt.stop);
  /* the losers of the race end here; left undone, they would never be freed */
  while (g_main_context_iteration (context, FALSE))
    continue;
  g_main_context_pop_thread_default (context);
  if (fd >= 0)
    *out_proxied = attempt.proxied;
  return fd;
}
