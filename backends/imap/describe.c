/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session knows of its server, and what that means for speed and fidelity, for
 * `mailhaul check --connect`. The session's thread. */
#include "reply.h"
#include "session-private.h"

typedef struct
{
  ImapSession *session;
  HaulFactFunc func;
  gpointer user_data;
} Telling;

static void tell (const Telling *self, const char *key, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static void
tell (const Telling *self, const char *key, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  if (text[0] != '\0')
    self->func (key, text, self->user_data);
}

static void
tell_server (const Telling *self)
{
  const ImapSession *session = self->session;
  HaulLink *link = imap_connection_link (session->connection);
  g_autofree char *stream = haul_link_describe (link);
  if (session->server_name != NULL)
    tell (self, "server", "%s%s%s (%s)", session->server_name,
          session->server_version != NULL ? " " : "",
          session->server_version != NULL ? session->server_version : "",
          session->quirks->name);
  else
    tell (self, "server", "%s (greets with: %s)", session->quirks->name,
          session->greeting != NULL ? session->greeting : "");
  tell (self, "address", "%s", session->peer);
  tell (self, "tls", "%s", stream);
  tell (self, "mechanism", "%s",
        session->mechanism != NULL ? session->mechanism : "logged in by the tunnel");
  if (session->settings->user != NULL)
    tell (self, "user", "%s", session->settings->user);
  if (session->settings->auth_user != NULL)
    tell (self, "user", "by way of %s", session->settings->auth_user);
  if (session->settings->preset == NULL && session->quirks->preset != NULL)
    tell (self, "preset", "preset=\"%s\" is made for this kind of server",
          session->quirks->preset);
  if (session->capability_text != NULL)
    tell (self, "capabilities", "%s", session->capability_text);
}

static void
tell_limits (const Telling *self)
{
  const ImapSession *session = self->session;
  const ImapQuirks *quirks = session->quirks;
  if (session->append_limit > 0)
    tell (self, "limit", "messages up to %" G_GUINT64_FORMAT " bytes",
          session->append_limit);
  if (quirks->max_connections > 0)
    tell (self, "limit", "%u connections at the same time", quirks->max_connections);
  tell (self, "limit", "command lines up to %u bytes", quirks->line_limit_bytes);
}

static gboolean
on_quota (const ImapEvent *event, gpointer user_data, GError **error)
{
  const Telling *self = user_data;
  (void) error;
  if (event->type != IMAP_EVENT_QUOTA)
    return TRUE;
  g_autofree char *root = imap_printable (event->quota.root);
  for (guint i = 0; i < event->quota.count; i++)
    {
      const ImapQuotaResource *resource = &event->quota.resources[i];
      g_autofree char *name = imap_printable (resource->resource);
      gboolean storage = g_ascii_strcasecmp (name, "STORAGE") == 0;
      tell (self, "quota", "%s%s%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT "%s",
            root, root[0] == '\0' ? "" : " ", name, resource->usage, resource->limit,
            storage ? " KiB" : "");
    }
  return TRUE;
}

/* A server that refuses to tell leaves the fact out. */
static gboolean
tell_quota (Telling *self, GError **error)
{
  ImapSession *session = self->session;
  g_autoptr (GError) refusal = NULL;
  if (!imap_session_has (session, "QUOTA"))
    return TRUE;
  ImapCommand *command = imap_session_command (session, "GETQUOTAROOT");
  imap_command_add_mailbox (command, (ImapString){ "INBOX", 5 });
  imap_connection_handle (session->connection, on_quota, self);
  gboolean ok = imap_connection_run (session->connection, command, 0, HAUL_SCOPE_FOLDER,
                                     "ask for the quota", NULL, &refusal);
  imap_connection_handle (session->connection, NULL, NULL);
  if (ok || imap_connection_error (session->connection) == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

static void
tell_speed (const Telling *self)
{
  const ImapSession *session = self->session;
  if (session->open->role == HAUL_ROLE_DESTINATION)
    switch (session->capabilities == NULL
                ? IMAP_LITERALS_SYNC
                : imap_capabilities_literals (session->capabilities))
      {
      case IMAP_LITERALS_PLUS:
        tell (self, "speed", "%s",
              imap_session_has (session, "MULTIAPPEND")
                  ? "messages go many at a time and without waiting (MULTIAPPEND, "
                    "LITERAL+): the link is the limit"
                  : "messages go without waiting (LITERAL+): the link is the limit");
        break;
      case IMAP_LITERALS_MINUS:
        tell (self, "speed", "messages above 4096 bytes wait for the server (LITERAL-)%s",
              imap_session_has (session, "CATENATE") ? ", which CATENATE gets round"
                                                     : ": one round trip each");
        break;
      case IMAP_LITERALS_SYNC:
        tell (self, "speed",
              "each message waits for the server once (no LITERAL+): "
              "on a distant server this is slow");
        break;
      }
  tell (self, "speed", "%s",
        session->condstore ? "a folder that has not changed costs nothing (CONDSTORE)"
                           : "flags can only be compared one by one (no CONDSTORE): "
                             "folders are listed at each run");
  if (session->quirks->connection_hint != NULL)
    tell (self, "speed", "%s", session->quirks->connection_hint);
}

static void
tell_fidelity (const Telling *self)
{
  const ImapSession *session = self->session;
  const ImapQuirks *quirks = session->quirks;
  if (quirks->keywords_none)
    tell (self, "fidelity", "keywords are not kept");
  if (quirks->strips_cr)
    tell (self, "fidelity", "line ends are made anew");
  if (!quirks->exact_size)
    tell (self, "fidelity", "sizes that the server tells are estimates");
  if (!quirks->stable_bytes)
    tell (self, "fidelity", "messages may come back with other bytes than were stored");
  if (quirks->deleted_expunges)
    tell (self, "fidelity", "\\Deleted is not copied: it would remove the message");
  if (quirks->dedupes_appends)
    tell (self, "fidelity", "a message that the account has already is not stored again");
  if (quirks->case_insensitive)
    tell (self, "fidelity", "folder names that differ only in case are one folder");
  if (session->open->role == HAUL_ROLE_DESTINATION
      && !imap_session_has (session, "UIDPLUS"))
    tell (self, "fidelity",
          "the server does not tell where it stored a message (no "
          "UIDPLUS): it is looked up, and nothing can be removed");
}

gboolean
imap_describe (gpointer session, HaulFactFunc func, gpointer user_data, GError **error)
{
  ImapSession *self = session;
  Telling telling = { self, func, user_data };
  HaulLink *link = imap_connection_link (self->connection);
  tell_server (&telling);
  tell_limits (&telling);
  if (!tell_quota (&telling, error))
    return FALSE;
  tell_speed (&telling);
  tell_fidelity (&telling);
  if (!haul_link_is_secure (link) && !haul_link_is_local (link))
    tell (&telling, "warning", "mail and password travel in clear text");
  return TRUE;
}
