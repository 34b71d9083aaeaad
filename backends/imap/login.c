/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From nothing to a logged-in connection: link, greeting, STARTTLS, SASL, COMPRESS. What
 * to say to log in is sasl.c's; nothing is sent behind an answer that is still awaited
 * here. The session's thread. */
#include <string.h>

#include "reply.h"
#include "sasl.h"
#include "session-private.h"

/* Bytes in flight on one connection, and written but not yet taken by the network: the
 * queue stays ours (imap.md §2.9). */
#define FLIGHT_BYTES (16u * 1024 * 1024)
#define OUTPUT_BYTES (256u * 1024)

/* Longest line of a command in which an initial response still goes (Exchange). */
#define INITIAL_LIMIT_BYTES 8000u

/* A dialogue that goes on longer than any mechanism does. */
#define STEPS_MAX 16u

static gboolean
has_tunnel (const ImapSession *self)
{
  return self->settings->tunnel != NULL;
}

/* A tunnel's command is trusted as it is; TLS inside only on request. */
static gboolean
wants_implicit_tls (const ImapSession *self)
{
  return self->settings->tls == IMAP_TLS_IMPLICIT && !has_tunnel (self);
}

static gboolean
open_link (ImapSession *self, GError **error)
{
  const ImapSettings *settings = self->settings;
  HaulLinkOptions options = {
    .struct_size = sizeof options,
    .host = settings->host,
    .port = self->port,
    .tunnel = settings->tunnel,
    .proxy = settings->proxy,
    .implicit_tls = wants_implicit_tls (self),
    .tls_ca_file = settings->tls_ca_file,
    .tls_fingerprint = settings->tls_fingerprint,
    .tls_certificate_file = settings->tls_certificate,
    .tls_key_file = settings->tls_key,
    .tls_minimum = (HaulLinkTlsVersion) settings->tls_minimum,
    .connect_timeout_us = MIN (settings->timeout_us, 60 * G_USEC_PER_SEC),
    .cancellable = self->open->cancellable,
  };
  HaulLink *link = haul_link_open (&options, error);
  if (link == NULL)
    return FALSE;
  ImapConnectionOptions connection = {
    .link = link,
    .limits = { .commands = settings->window,
                .bytes = FLIGHT_BYTES,
                .output_bytes = OUTPUT_BYTES },
    .trace = self->trace,
    .peer = self->peer,
    .patience_us = settings->timeout_us,
  };
  self->connection = imap_connection_new (&connection);
  imap_connection_watch (self->connection, imap_session_watch, self);
  ImapWire wire = { .literals = IMAP_LITERALS_SYNC };
  imap_connection_set_wire (self->connection, &wire);
  return TRUE;
}

static void
trace_link (ImapSession *self)
{
  g_autofree char *text = haul_link_describe (imap_connection_link (self->connection));
  imap_trace_note (self->trace, text);
}

static gboolean
await_greeting (ImapSession *self, GError **error)
{
  gint64 until = g_get_monotonic_time () + self->settings->timeout_us;
  while (!self->greeted)
    {
      HaulLink *link = imap_connection_link (self->connection);
      if (!imap_connection_turn (self->connection, FALSE, error))
        return FALSE;
      if (self->greeted)
        break;
      if (g_get_monotonic_time () >= until)
        return haul_error_set (error, HAUL_ERROR_TIMEOUT, HAUL_SCOPE_SESSION,
                               "wait for the greeting of %s: nothing came; is this the "
                               "right port for tls=\"%s\"?",
                               self->peer,
                               wants_implicit_tls (self) ? "implicit" : "starttls");
      if (!haul_link_wait (link, TRUE, FALSE, until, error))
        return FALSE;
    }
  if (self->greeting_state == IMAP_STATE_OK || self->greeting_state == IMAP_STATE_PREAUTH)
    return TRUE;
  /* BYE: the words come as the error of the next turn. */
  while (imap_connection_turn (self->connection, TRUE, error))
    ;
  return FALSE;
}

static gboolean
start_tls (ImapSession *self, GError **error)
{
  /* A greeting that skips the login in clear text is how TLS is stripped. */
  if (self->greeting_state == IMAP_STATE_PREAUTH)
    return haul_error_set (error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                           "start TLS with %s: it greeted as logged in already, so that "
                           "TLS cannot be started; somebody may be tampering with the "
                           "connection, or the job needs tls=\"implicit\"",
                           self->peer);
  g_autofree char *what = g_strdup_printf ("start TLS with %s", self->peer);
  g_autoptr (GError) local = NULL;
  if (!imap_connection_run_words (self->connection, "STARTTLS",
                                  IMAP_FLIGHT_BARRIER | IMAP_FLIGHT_SWITCH,
                                  HAUL_SCOPE_ACCOUNT, what, &local))
    {
      if (imap_connection_error (self->connection) != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      return haul_error_set (error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                             "%s; mail and password are not sent in clear text: use "
                             "tls=\"implicit\" if the server has another port for it",
                             local->message);
    }
  if (!imap_connection_start_tls (self->connection, error))
    return FALSE;
  trace_link (self);
  /* What was said in clear text counts for nothing. */
  imap_session_forget_capabilities (self);
  return TRUE;
}

gboolean
imap_session_need_capabilities (ImapSession *self, GError **error)
{
  if (self->capabilities_fresh)
    return TRUE;
  return imap_connection_run_words (self->connection, "CAPABILITY", IMAP_FLIGHT_BARRIER,
                                    HAUL_SCOPE_SESSION, "ask what the server can do",
                                    error);
}

/* ---- SASL ---- */

typedef struct
{
  gboolean over;
  gboolean lost;
  ImapState state;
  ImapCode code;
  char *text;
} Outcome;

static void
on_outcome (const ImapReply *reply, gpointer user_data)
{
  Outcome *outcome = user_data;
  outcome->over = TRUE;
  outcome->lost = reply == NULL;
  if (reply == NULL)
    return;
  outcome->state = reply->state;
  outcome->code = reply->code;
  outcome->text = g_strdup (reply->text);
}

static void
outcome_clear (Outcome *outcome)
{
  g_free (outcome->text);
  *outcome = (Outcome){ 0 };
}

static GBytes *
channel_binding (const char *type, gpointer data)
{
  ImapSession *self = data;
  return haul_link_channel_binding (imap_connection_link (self->connection), type);
}

/* Sends one line of the dialogue. */
static void
put_line (ImapSession *self, const char *base64)
{
  char *line = g_strconcat (base64, "\r\n", NULL);
  imap_connection_put_secret_line (self->connection, line);
  haul_secret_free_text (line);
}

/* Whether the empty line that ends a SCRAM dialogue may go right behind our proof: what
 * the server says in between is only for us to verify, and waiting costs a round trip.
 * Only servers that were seen to take it. */
static gboolean
may_end_early (const ImapSession *self, const char *mechanism)
{
  ImapServer server = self->quirks->server;
  return g_str_has_prefix (mechanism, "SCRAM-")
         && (server == IMAP_SERVER_DOVECOT || server == IMAP_SERVER_CYRUS);
}

/* Answers every "+" until the tagged reply. @initial (may be NULL): the answer to the
 * first one. */
static gboolean
converse (ImapSession *self, ImapSasl *sasl, const char *mechanism, const char *initial,
          Outcome *outcome, GError **error)
{
  gboolean ended = FALSE;
  gboolean early = may_end_early (self, mechanism);
  for (guint steps = 0; !outcome->over;)
    {
      ImapString challenge;
      if (!imap_connection_turn (self->connection, TRUE, error))
        return FALSE;
      /* It may have come together with the reply. */
      if (!imap_connection_take_continue (self->connection, &challenge))
        continue;
      if (++steps > STEPS_MAX)
        return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                               "log in to %s: its questions do not end", self->peer);
      char *line = NULL;
      if (initial != NULL)
        {
          put_line (self, g_steal_pointer (&initial));
          continue;
        }
      if (!imap_sasl_step (sasl, challenge, &line, error))
        return FALSE;
      if (!ended && !outcome->over)
        put_line (self, line);
      if (early && !ended && !outcome->over)
        put_line (self, "");
      ended = early;
      haul_secret_free_text (line);
    }
  return TRUE;
}

static gboolean
send_authenticate (ImapSession *self, const char *mechanism, const char *inline_initial,
                   Outcome *outcome, GError **error)
{
  ImapFlight flight = { .flags = IMAP_FLIGHT_BARRIER | IMAP_FLIGHT_CONTINUES };
  g_autofree char *words = g_strdup_printf ("AUTHENTICATE %s", mechanism);
  ImapCommand *command = imap_session_command (self, words);
  g_autoptr (GError) local = NULL;
  if (inline_initial != NULL)
    imap_command_add_base64 (command,
                             (ImapString){ inline_initial, strlen (inline_initial) });
  if (!imap_command_finish (command, &local))
    {
      imap_command_free (command);
      return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                             "log in to %s: %s", self->peer, local->message);
    }
  return imap_connection_send (self->connection, command, &flight, NULL, on_outcome,
                               outcome, error);
}

static gboolean
try_mechanism (ImapSession *self, ImapSasl *sasl, const char *mechanism, Outcome *outcome,
               GError **error)
{
  gboolean has_initial = FALSE;
  GBytes *raw = NULL;
  if (!imap_sasl_start (sasl, &has_initial, &raw, error))
    return FALSE;
  char *initial = NULL;
  if (has_initial)
    {
      gsize length = 0;
      const guint8 *data = g_bytes_get_data (raw, &length);
      initial = length == 0 ? g_strdup ("") : g_base64_encode (data, length);
      explicit_bzero ((void *) (gsize) data, length);
    }
  g_clear_pointer (&raw, g_bytes_unref);
  gboolean goes_along = initial != NULL && imap_session_has (self, "SASL-IR")
                        && strlen (initial) < INITIAL_LIMIT_BYTES;
  const char *inline_initial = !goes_along ? NULL : initial[0] == '\0' ? "=" : initial;
  imap_trace_set_private (self->trace, TRUE);
  gboolean ok = send_authenticate (self, mechanism, inline_initial, outcome, error)
                && converse (self, sasl, mechanism, goes_along ? NULL : initial, outcome,
                             error);
  imap_trace_set_private (self->trace, FALSE);
  haul_secret_free_text (initial);
  return ok;
}

static gboolean
try_login (ImapSession *self, ImapSasl *sasl, Outcome *outcome, GError **error)
{
  const char *user = NULL;
  char *password = NULL;
  ImapFlight flight = { .flags = IMAP_FLIGHT_BARRIER };
  g_autoptr (GError) local = NULL;
  if (!imap_sasl_login_read (sasl, &user, &password, error))
    return FALSE;
  ImapCommand *command = imap_session_command (self, "LOGIN");
  imap_command_add_secret (command, (ImapString){ user, strlen (user) });
  imap_command_add_secret (command, (ImapString){ password, strlen (password) });
  haul_secret_free_text (password);
  if (!imap_command_finish (command, &local))
    {
      imap_command_free (command);
      return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                             "log in to %s by LOGIN: %s", self->peer, local->message);
    }
  if (!imap_connection_send (self->connection, command, &flight, NULL, on_outcome,
                             outcome, error))
    return FALSE;
  while (!outcome->over)
    if (!imap_connection_turn (self->connection, TRUE, error))
      return FALSE;
  return TRUE;
}

/* One attempt. *@out_again: refused, and there may be another. FALSE: no login. */
static gboolean
attempt (ImapSession *self, ImapSasl *sasl, gboolean *out_again, GError **error)
{
  const char *name = NULL;
  gboolean login_command = FALSE;
  Outcome outcome = { 0 };
  GError *local = NULL;
  *out_again = FALSE;
  if (!imap_session_need_capabilities (self, error)
      || !imap_sasl_choose (sasl, self->capabilities, &name, &login_command, error))
    return FALSE;
  self->capabilities_fresh = FALSE;
  gboolean said = login_command ? try_login (self, sasl, &outcome, &local)
                                : try_mechanism (self, sasl, name, &outcome, &local);
  ImapString text = { outcome.text == NULL ? "" : outcome.text,
                      outcome.text == NULL ? 0 : strlen (outcome.text) };
  gboolean ok = said && !outcome.lost && outcome.state == IMAP_STATE_OK;
  if (ok)
    ok = imap_sasl_finish (sasl, &local);
  else if (said && !outcome.lost)
    {
      *out_again = imap_connection_error (self->connection) == NULL
                   && imap_sasl_may_retry (sasl, outcome.code, text);
      if (!*out_again)
        (void) imap_sasl_refused (sasl, name, outcome.code, text, &local);
      /* Refusals do not change what the server can do. */
      self->capabilities_fresh = self->capabilities != NULL;
    }
  else if (local == NULL)
    (void) imap_connection_turn (self->connection, FALSE, &local);
  if (ok)
    {
      g_free (self->mechanism);
      self->mechanism = g_strdup (name);
    }
  outcome_clear (&outcome);
  if (local != NULL)
    g_propagate_error (error, local);
  return ok || *out_again;
}

static gboolean
proxy_login (ImapSession *self, const ImapSasl *sasl, GError **error)
{
  const char *user = imap_sasl_proxy_user (sasl);
  if (user == NULL)
    return TRUE;
  g_autofree char *what = g_strdup_printf ("act as \"%s\" at %s", user, self->peer);
  ImapCommand *command = imap_session_command (self, "PROXYAUTH");
  imap_command_add_string (command, (ImapString){ user, strlen (user) });
  return imap_connection_run (self->connection, command, IMAP_FLIGHT_BARRIER,
                              HAUL_SCOPE_ACCOUNT, what, NULL, error);
}

static gboolean
authenticate (ImapSession *self, GError **error)
{
  const ImapSettings *settings = self->settings;
  HaulLink *link = imap_connection_link (self->connection);
  ImapSaslSettings sasl_settings = {
    .host = settings->host != NULL ? settings->host : "localhost",
    .port = self->port,
    .user = settings->user,
    .auth_user = settings->auth_user,
    .mechanisms = (const char *const *) settings->auth,
    .password = settings->password,
    .token = settings->token,
    .secure = haul_link_is_secure (link) || has_tunnel (self)
              || settings->tls == IMAP_TLS_NONE,
    .plain_text_allowed = settings->tls == IMAP_TLS_NONE,
    .has_client_certificate = settings->tls_certificate != NULL,
    .binding = channel_binding,
    .binding_data = self,
    .quirks = self->quirks,
  };
  g_autoptr (ImapSasl) sasl = imap_sasl_new (&sasl_settings, error);
  gboolean again = sasl != NULL;
  while (again)
    if (!attempt (self, sasl, &again, error))
      return FALSE;
  return sasl != NULL && proxy_login (self, sasl, error);
}

static gboolean
start_compress (ImapSession *self, GError **error)
{
  if (!self->settings->compress || !imap_session_has (self, "COMPRESS=DEFLATE")
      || self->quirks->no_compress)
    return TRUE;
  g_autoptr (GError) refusal = NULL;
  if (imap_connection_run_words (self->connection, "COMPRESS DEFLATE",
                                 IMAP_FLIGHT_BARRIER | IMAP_FLIGHT_SWITCH,
                                 HAUL_SCOPE_FOLDER, "compress", &refusal))
    return imap_connection_start_compress (self->connection, error);
  /* [COMPRESSIONACTIVE] and other refusals leave a plain connection. */
  if (imap_connection_error (self->connection) == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

gboolean
imap_login (ImapSession *self, GError **error)
{
  if (!open_link (self, error))
    return FALSE;
  trace_link (self);
  if (!await_greeting (self, error))
    return FALSE;
  if (self->settings->tls == IMAP_TLS_STARTTLS && !start_tls (self, error))
    return FALSE;
  imap_session_adapt (self);
  gboolean logged_in = self->greeting_state == IMAP_STATE_PREAUTH;
  if (!logged_in && !authenticate (self, error))
    return FALSE;
  if (!logged_in && self->quirks->needs_capability_after_login)
    self->capabilities_fresh = FALSE;
  if (!imap_session_need_capabilities (self, error))
    return FALSE;
  imap_session_adapt (self);
  return start_compress (self, error);
}
