/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making, renaming, removing and subscribing folders. All of a batch goes out without
 * waiting, parents first; what is refused for a missing parent or a special use is tried
 * once more by itself. The session's thread. */
#include <string.h>

#include "session-private.h"

/* One folder of a batch. */
typedef struct
{
  ImapMailbox *mailbox;
  GError *error;         /* NULL: it exists now */
  gboolean plain_again;  /* refused with its special use */
  gboolean parent_again; /* refused for its parent */
  gboolean parents_made; /* that was tried */
  gboolean name_again;   /* refused, perhaps for a character in its name */
  const HaulFolder *folder;
  ImapSession *session;
} Making;

static char *
describe (const ImapSession *self, const char *what, HaulPath path)
{
  g_autofree char *name = haul_path_to_text (path);
  return g_strdup_printf ("%s folder \"%s\" at %s", what, name, self->peer);
}

static void
on_created (const ImapReply *reply, gpointer user_data)
{
  Making *making = user_data;
  g_clear_error (&making->error);
  if (reply == NULL)
    {
      (void) haul_error_set (&making->error, HAUL_ERROR_NETWORK, HAUL_SCOPE_FOLDER,
                             "create folder: the connection was lost");
      return;
    }
  if (reply->state == IMAP_STATE_OK)
    return;
  g_autofree char *what = describe (making->session, "create", making->folder->path);
  (void) imap_reply_error (reply, HAUL_SCOPE_FOLDER, what, &making->error);
  if (making->error->code == HAUL_ERROR_EXISTS)
    {
      g_clear_error (&making->error);
      return;
    }
  making->plain_again = reply->code == IMAP_CODE_USEATTR;
  making->parent_again = making->error->code == HAUL_ERROR_NOT_FOUND;
  making->name_again = !making->plain_again && !making->parent_again
                       && (making->error->code == HAUL_ERROR_REJECTED
                           || making->error->code == HAUL_ERROR_PROTOCOL);
}

/* The special uses of @folder as CREATE takes them; NULL: none, or the server cannot. */
static char *
use_words (const ImapSession *self, const HaulFolder *folder)
{
  static const struct
  {
    HaulSpecialUse use;
    const char *name;
  } uses[] = {
    { HAUL_USE_ARCHIVE, "\\Archive" }, { HAUL_USE_DRAFTS, "\\Drafts" },
    { HAUL_USE_JUNK, "\\Junk" },       { HAUL_USE_SENT, "\\Sent" },
    { HAUL_USE_TRASH, "\\Trash" },
  };
  if (folder->special_use == 0 || !imap_session_has (self, "CREATE-SPECIAL-USE"))
    return NULL;
  GString *words = g_string_new ("(USE (");
  gsize start = words->len;
  for (guint i = 0; i < G_N_ELEMENTS (uses); i++)
    if (folder->special_use & uses[i].use)
      g_string_append_printf (words, "%s%s", words->len > start ? " " : "", uses[i].name);
  if (words->len == start)
    {
      g_string_free (words, TRUE);
      return NULL;
    }
  g_string_append (words, "))");
  return g_string_free (words, FALSE);
}

/* A command that cannot be built fails its folder only. */
static gboolean
send_one (Making *making, ImapCommand *command, ImapDoneFunc done, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (imap_session_send (making->session, command, 0, done, making, &local))
    return TRUE;
  if (imap_connection_error (making->session->connection) != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (making->error == NULL)
    making->error = g_steal_pointer (&local);
  return TRUE;
}

static gboolean
send_create (Making *making, gboolean with_use, GError **error)
{
  ImapSession *self = making->session;
  g_autofree char *use = with_use ? use_words (self, making->folder) : NULL;
  ImapCommand *command = imap_session_command (self, "CREATE");
  imap_command_add_mailbox (command, imap_mailbox_name (making->mailbox));
  if (use != NULL)
    imap_command_add_words (command, use);
  return send_one (making, command, on_created, error);
}

/* Creates everything above @making, one after the other; refusals do not matter. */
static gboolean
create_parents (Making *making, GError **error)
{
  ImapSession *self = making->session;
  guint depth = g_strv_length ((char **) making->folder->path);
  for (guint length = 1; length < depth; length++)
    {
      g_auto (GStrv) above = g_new0 (char *, length + 1);
      g_autoptr (GError) refusal = NULL;
      for (guint i = 0; i < length; i++)
        above[i] = g_strdup (making->folder->path[i]);
      ImapMailbox *mailbox = imap_session_mailbox (self, (HaulPath) above, &refusal);
      if (mailbox == NULL || mailbox->listed)
        continue;
      ImapCommand *command = imap_session_command (self, "CREATE");
      imap_command_add_mailbox (command, imap_mailbox_name (mailbox));
      if (!imap_connection_run (self->connection, command, 0, HAUL_SCOPE_FOLDER,
                                "create a parent", NULL, &refusal)
          && haul_error_scope (refusal) >= HAUL_SCOPE_SESSION)
        {
          g_propagate_error (error, g_steal_pointer (&refusal));
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
on_list (const ImapEvent *event, gpointer user_data, GError **error)
{
  Making *making = user_data;
  (void) error;
  if (event->type == IMAP_EVENT_LIST && event->list.kind == IMAP_LIST_LIST
      && imap_names_equal (event->list.name, imap_mailbox_name (making->mailbox))
      && !imap_strings_contain (event->list.attributes, "\\Noselect")
      && !imap_strings_contain (event->list.attributes, "\\NonExistent"))
    g_clear_error (&making->error);
  return TRUE;
}

/* A refusal without a code may mean that the folder is there (Courier): then it is no
 * error any more. FALSE: the session is lost. */
static gboolean
look (Making *making, GError **error)
{
  ImapSession *self = making->session;
  g_autoptr (GError) refusal = NULL;
  ImapString name = imap_mailbox_name (making->mailbox);
  /* As a pattern it would find others, too. */
  if (strpbrk (making->mailbox->wire, "*%") != NULL)
    return TRUE;
  ImapCommand *command = imap_session_command (self, "LIST");
  imap_command_add_string (command, (ImapString){ "", 0 });
  imap_command_add_string (command, name);
  imap_connection_handle (self->connection, on_list, making);
  gboolean ok = imap_connection_run (self->connection, command, 0, HAUL_SCOPE_FOLDER,
                                     "look for a folder", NULL, &refusal);
  imap_connection_handle (self->connection, NULL, NULL);
  if (ok || haul_error_scope (refusal) < HAUL_SCOPE_SESSION)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

/* More attempts, in the way that the refusal suggests. */
static gboolean
mend (Making *making, GError **error)
{
  while (making->error != NULL)
    {
      gboolean with_use = !making->plain_again;
      if (making->name_again && !look (making, error))
        return FALSE;
      if (making->error == NULL)
        return TRUE;
      if (making->parent_again && making->parents_made)
        return TRUE;
      if (making->parent_again && !create_parents (making, error))
        return FALSE;
      making->parents_made |= making->parent_again;
      /* A parent may have got another name meanwhile, too. */
      if (!making->parent_again && !making->plain_again
          && !(making->name_again
               && imap_session_escape (making->session, making->mailbox)))
        return TRUE;
      making->parent_again = making->plain_again = making->name_again = FALSE;
      if (!send_create (making, with_use, error)
          || !imap_connection_drain (making->session->connection, error))
        return FALSE;
    }
  return TRUE;
}

static void
on_subscribed (const ImapReply *reply, gpointer user_data)
{
  Making *making = user_data;
  if (reply != NULL && reply->state == IMAP_STATE_OK)
    making->mailbox->attributes |= HAUL_FOLDER_SUBSCRIBED;
}

/* A subscription that is refused does not make the folder useless: the listing that the
 * engine makes next shows that it is missing. */
static gboolean
send_subscribe (Making *making, GError **error)
{
  ImapCommand *command = imap_session_command (making->session, "SUBSCRIBE");
  imap_command_add_mailbox (command, imap_mailbox_name (making->mailbox));
  return send_one (making, command, on_subscribed, error);
}

/* Batch: all that is made. */
typedef struct
{
  const Making *makings;
  gsize count;
} Batch;

static gboolean
is_made (gpointer user_data)
{
  const Batch *batch = user_data;
  for (gsize i = 0; i < batch->count; i++)
    if (batch->makings[i].error != NULL)
      return FALSE;
  return TRUE;
}

static gboolean
make_all (ImapSession *self, Making *makings, gsize count, GError **error)
{
  for (gsize i = 0; i < count; i++)
    if (makings[i].mailbox != NULL
        && !(makings[i].mailbox->listed && makings[i].mailbox->selectable)
        && !send_create (&makings[i], TRUE, error))
      return FALSE;
  for (gsize i = 0; i < count; i++)
    if (makings[i].mailbox != NULL
        && (makings[i].folder->attributes & HAUL_FOLDER_SUBSCRIBED)
        && !send_subscribe (&makings[i], error))
      return FALSE;
  /* The listing that the engine asks for next comes back in the same round trip. */
  Batch batch = { makings, count };
  if (!imap_session_refresh_if (self, is_made, &batch, error))
    return FALSE;
  if (is_made (&batch))
    {
      self->listed = TRUE;
      return TRUE;
    }
  for (gsize i = 0; i < count; i++)
    if (makings[i].error != NULL
        && (!mend (&makings[i], error)
            || (makings[i].error == NULL
                && (makings[i].folder->attributes & HAUL_FOLDER_SUBSCRIBED)
                && !send_subscribe (&makings[i], error))))
      return FALSE;
  return imap_connection_drain (self->connection, error);
}

gboolean
imap_create (gpointer session, const HaulFolder *folders, gsize count,
             HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  ImapSession *self = session;
  g_autofree Making *makings = g_new0 (Making, MAX (count, 1));
  for (gsize i = 0; i < count; i++)
    {
      makings[i].session = self;
      makings[i].folder = &folders[i];
      makings[i].mailbox = imap_session_mailbox (self, folders[i].path,
                                                 &makings[i].error);
    }
  gboolean ok = make_all (self, makings, count, error);
  for (gsize i = 0; i < count; i++)
    {
      if (ok)
        func (folders[i].path, makings[i].error, user_data);
      g_clear_error (&makings[i].error);
    }
  return ok;
}

/* One command with one or two mailboxes. */
static gboolean
run_on (ImapSession *self, const char *words, const char *what, HaulPath path,
        const ImapMailbox *first, const ImapMailbox *second, GError **error)
{
  g_autofree char *text = describe (self, what, path);
  ImapCommand *command = imap_session_command (self, words);
  imap_command_add_mailbox (command, imap_mailbox_name (first));
  if (second != NULL)
    imap_command_add_mailbox (command, imap_mailbox_name (second));
  return imap_connection_run (self->connection, command, IMAP_FLIGHT_BARRIER,
                              HAUL_SCOPE_FOLDER, text, NULL, error);
}

gboolean
imap_rename (gpointer session, HaulPath from, HaulPath to, GError **error)
{
  ImapSession *self = session;
  ImapMailbox *old = imap_session_mailbox (self, from, error);
  ImapMailbox *new = old == NULL ? NULL : imap_session_mailbox (self, to, error);
  /* Renaming the inbox would move its mail away (RFC 3501 §6.3.5). */
  if (old != NULL && haul_path_is_inbox (from))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "rename INBOX at %s: the inbox stays where it is", self->peer);
  return new != NULL &&imap_session_unselect (self, error)
         && run_on (self, "RENAME", "rename", from, old, new, error)
         && imap_session_refresh (self, error);
}

/* Whether @mailbox holds no message, by the server's word of now. */
static gboolean
check_empty (ImapSession *self, HaulPath path, ImapMailbox *mailbox, GError **error)
{
  if (!mailbox->selectable)
    return TRUE;
  if (!imap_session_select (self, mailbox, FALSE, error))
    return FALSE;
  guint32 count = self->selected.exists;
  if (!imap_session_unselect (self, error))
    return FALSE;
  if (count == 0)
    return TRUE;
  g_autofree char *name = haul_path_to_text (path);
  return haul_error_set (error, HAUL_ERROR_EXISTS, HAUL_SCOPE_FOLDER,
                         "remove folder \"%s\" at %s: it holds %u messages", name,
                         self->peer, count);
}

gboolean
imap_remove (gpointer session, HaulPath path, GError **error)
{
  ImapSession *self = session;
  ImapMailbox *mailbox = imap_session_mailbox (self, path, error);
  if (mailbox == NULL)
    return FALSE;
  if (haul_path_is_inbox (path))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "remove INBOX at %s: the inbox stays where it is", self->peer);
  if (!check_empty (self, path, mailbox, error)
      || !run_on (self, "DELETE", "remove", path, mailbox, NULL, error))
    return FALSE;
  mailbox->listed = FALSE;
  return TRUE;
}

gboolean
imap_subscribe (gpointer session, HaulPath path, gboolean subscribed, GError **error)
{
  ImapSession *self = session;
  ImapMailbox *mailbox = imap_session_mailbox (self, path, error);
  return mailbox != NULL
         && run_on (self, subscribed ? "SUBSCRIBE" : "UNSUBSCRIBE",
                    subscribed ? "subscribe" : "unsubscribe", path, mailbox, NULL, error);
}
