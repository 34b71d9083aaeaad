/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session from open to close: logs in, asks in one round trip who the server is and
 * what it holds, and settles what may be used. The session's thread. */
#include "session-private.h"

#include <string.h>

#include "reply.h"

#define PORT_IMPLICIT 993u
#define PORT_PLAIN    143u

ImapCommand *
imap_session_command (ImapSession *self, const char *words)
{
  /* Whatever it is, the listing may be out of date behind it. */
  self->listed = FALSE;
  return imap_command_new (imap_connection_tag (self->connection), words,
                           imap_connection_wire (self->connection));
}

gboolean
imap_session_send (ImapSession *self, ImapCommand *command, guint flags,
                   ImapDoneFunc done, gpointer user_data, GError **error)
{
  ImapFlight flight = { .flags = flags };
  g_autoptr (GError) local = NULL;
  if (!imap_command_finish (command, &local))
    {
      imap_command_free (command);
      return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER, "ask %s: %s",
                             self->peer, local->message);
    }
  if (!imap_connection_await_turn (self->connection, &flight, error))
    {
      imap_command_free (command);
      return FALSE;
    }
  return imap_connection_send (self->connection, command, &flight, NULL, done, user_data,
                               error);
}

void
imap_session_adapt (ImapSession *self)
{
  ImapSignature signature = { .greeting = self->greeting,
                              .id_name = self->server_name,
                              .id_vendor = self->server_vendor,
                              .id_version = self->server_version,
                              .capabilities = self->capabilities,
                              .host = self->settings->host };
  self->quirks = imap_quirks_for (&signature);
  self->condstore = (imap_session_has (self, "CONDSTORE")
                     || imap_session_has (self, "QRESYNC"))
                    && !self->quirks->no_condstore;
  self->append_limit = 0;
  if (self->capabilities != NULL)
    (void) imap_capabilities_limit (self->capabilities, "APPENDLIMIT",
                                    &self->append_limit);
  ImapWire wire = {
    .literals = self->capabilities == NULL
                    ? IMAP_LITERALS_SYNC
                    : imap_capabilities_literals (self->capabilities),
    .multiappend = imap_session_has (self, "MULTIAPPEND"),
    .catenate = imap_session_has (self, "CATENATE") && self->quirks->catenate,
    .binary = imap_session_has (self, "BINARY"),
    .utf8 = self->utf8,
    .line_limit_bytes = self->quirks->line_limit_bytes,
  };
  imap_connection_set_wire (self->connection, &wire);
  imap_connection_set_swallows (self->connection,
                                self->quirks->swallows_refused_literals);
  HaulLink *link = imap_connection_link (self->connection);
  if (link != NULL)
    haul_link_set_quick_ack (link, self->quirks->quick_ack);
}

static ImapSession *
session_new (const HaulOpen *open)
{
  const ImapSettings *settings = open->settings;
  ImapSession *self = g_new0 (ImapSession, 1);
  self->settings = settings;
  self->open = open;
  self->port = settings->port != 0                  ? settings->port
               : settings->tls == IMAP_TLS_IMPLICIT ? PORT_IMPLICIT
                                                    : PORT_PLAIN;
  self->peer = settings->tunnel != NULL
                   ? g_strdup_printf ("the tunnel to %s", settings->host)
                   : g_strdup_printf (strchr (settings->host, ':') ? "[%s]:%u" : "%s:%u",
                                      settings->host, self->port);
  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->mailboxes = g_ptr_array_new_with_free_func (imap_mailbox_free);
  self->retired = g_ptr_array_new_with_free_func (imap_mailbox_free);
  self->foreign_prefixes = g_ptr_array_new_with_free_func (g_free);
  self->prefix = g_strdup ("");
  self->nonce = g_random_int ();
  self->quirks = imap_quirks_for (NULL);
  return self;
}

void
imap_close (gpointer session)
{
  ImapSession *self = session;
  imap_connection_close (self->connection);
  imap_trace_close (self->trace);
  imap_capabilities_free (self->capabilities);
  g_hash_table_unref (self->by_path);
  g_ptr_array_unref (self->mailboxes);
  g_ptr_array_unref (self->retired);
  g_ptr_array_unref (self->foreign_prefixes);
  g_free (self->peer);
  g_free (self->greeting);
  g_free (self->server_name);
  g_free (self->server_vendor);
  g_free (self->server_version);
  g_free (self->mechanism);
  g_free (self->capability_text);
  g_free (self->prefix);
  g_free (self);
}

/* What is to be enabled; NULL: nothing. Before anything is selected (RFC 5161 §3.1). */
static char *
enable_words (const ImapSession *self)
{
  gboolean source = self->open->role == HAUL_ROLE_SOURCE;
  GString *words = g_string_new ("ENABLE");
  gsize start = words->len;
  if (!imap_session_has (self, "ENABLE"))
    {
      g_string_free (words, TRUE);
      return NULL;
    }
  if (!imap_session_has (self, "IMAP4rev1") && imap_session_has (self, "IMAP4rev2"))
    g_string_append (words, " IMAP4rev2");
  /* Everything else is refused until this is enabled (RFC 6855 §4). */
  if (imap_session_has (self, "UTF8=ONLY"))
    g_string_append (words, " UTF8=ACCEPT");
  if (source && imap_session_has (self, "QRESYNC") && !self->quirks->no_qresync)
    g_string_append (words, " QRESYNC");
  if (source && imap_session_has (self, "UIDONLY") && self->quirks->uidonly_needed)
    g_string_append (words, " UIDONLY");
  if (words->len == start)
    {
      g_string_free (words, TRUE);
      return NULL;
    }
  return g_string_free (words, FALSE);
}

/* Commands whose answers come with that of the listing: the last round trip of opening.
 */
static gboolean
introduce (ImapSession *self, GError **error)
{
  if (imap_session_has (self, "ID") && !self->quirks->no_id)
    {
      ImapCommand *command = imap_session_command (self, "ID (");
      imap_command_add_string (command, (ImapString){ "name", 4 });
      imap_command_add_string (command, (ImapString){ "mailhaul", 8 });
      imap_command_add_words (command, ")");
      if (!imap_session_send (self, command, 0, NULL, NULL, error))
        return FALSE;
    }
  g_autofree char *enable = enable_words (self);
  if (enable != NULL
      && !imap_session_send (self, imap_session_command (self, enable), 0, NULL, NULL,
                             error))
    return FALSE;
  if (imap_session_has (self, "NAMESPACE") && !self->quirks->no_namespace
      && !imap_session_send (self, imap_session_command (self, "NAMESPACE"), 0, NULL,
                             NULL, error))
    return FALSE;
  return imap_session_refresh (self, error);
}

gpointer
imap_open (const HaulOpen *open, GError **error)
{
  const ImapSettings *settings = open->settings;
  ImapSession *self = session_new (open);
  gboolean ok = TRUE;
  if (settings->trace != NULL)
    {
      g_autofree char *name = g_strdup_printf (
          "%s %s@%s", open->role == HAUL_ROLE_SOURCE ? "source" : "destination",
          settings->user != NULL ? settings->user : "", self->peer);
      self->trace = imap_trace_open (settings->trace, name, error);
      ok = self->trace != NULL;
    }
  ok = ok && imap_login (self, error) && introduce (self, error);
  if (!ok)
    {
      imap_close (self);
      return NULL;
    }
  self->listed = TRUE;
  imap_session_adapt (self);
  return self;
}

guint32
imap_caps (gpointer session)
{
  const ImapSession *self = session;
  guint32 caps = HAUL_CAP_STABLE_KEYS | HAUL_CAP_ORDERED_KEYS | HAUL_CAP_SCAN_FROM
                 | HAUL_CAP_NEEDS_SIZE | HAUL_CAP_DATES | HAUL_CAP_SUBSCRIPTIONS;
  if (imap_session_has (self, "UIDPLUS"))
    caps |= HAUL_CAP_RETURNS_KEYS;
  if (!self->quirks->keywords_none)
    caps |= HAUL_CAP_KEYWORDS;
  if (self->quirks->case_insensitive)
    caps |= HAUL_CAP_CASE_INSENSITIVE;
  if (self->quirks->exact_size)
    caps |= HAUL_CAP_EXACT_SIZE;
  return caps;
}

guint
imap_sessions (gpointer session)
{
  const ImapSession *self = session;
  guint limit = self->settings->connections;
  if (self->quirks->max_connections > 0)
    limit = MIN (limit, self->quirks->max_connections);
  return limit;
}

gboolean
imap_idle (gpointer session, gint64 max_us, GError **error)
{
  ImapSession *self = session;
  (void) max_us;
  return imap_connection_run_words (self->connection, "NOOP", 0, HAUL_SCOPE_SESSION,
                                    "keep the session alive", error);
}
