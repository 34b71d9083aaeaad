/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listing: one LIST with status where the server can, else LIST, LSUB and a window of
 * STATUS. What comes is gathered by wire name and only then becomes the table, so that a
 * listing is whole or an error. The session's thread. */
#include "session-private.h"

#include <string.h>

/* STATUS commands in flight: more gain nothing, servers read four ahead. */
#define STATUS_WINDOW 64u

/* What was said of one name. */
typedef struct
{
  char *wire;
  gboolean listed;
  gboolean subscribed;
  char delimiter;
  guint32 attributes, special_use;
  gboolean selectable;
  guint status_known; /* bits of ImapStatusItem */
  guint64 status[IMAP_STATUS_ITEM_COUNT];
} Entry;

typedef struct
{
  ImapSession *session;
  GHashTable *by_wire; /* Entry.wire → Entry */
  GPtrArray *entries;  /* of Entry, in the order of coming */
  gboolean refused;    /* a LIST was answered with NO or BAD */
  GError *error;       /* why */
  char *what;          /* of the command in flight */
} Listing;

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  g_free (entry->wire);
  g_free (entry);
}

static Entry *
entry_of (Listing *self, ImapString wire)
{
  g_autofree char *key = imap_string_is (wire, "INBOX")
                             ? g_strdup ("INBOX")
                             : g_strndup (wire.data, wire.length);
  Entry *entry = g_hash_table_lookup (self->by_wire, key);
  if (entry != NULL)
    return entry;
  entry = g_new0 (Entry, 1);
  entry->wire = g_steal_pointer (&key);
  entry->selectable = TRUE;
  g_hash_table_insert (self->by_wire, entry->wire, entry);
  g_ptr_array_add (self->entries, entry);
  return entry;
}

static void
take_attributes (Entry *entry, ImapStrings attributes)
{
  for (guint i = 0; i < attributes.count; i++)
    {
      ImapString name = attributes.items[i];
      if (imap_string_is (name, "\\Noselect") || imap_string_is (name, "\\NonExistent"))
        entry->selectable = FALSE;
      else if (imap_string_is (name, "\\Noinferiors"))
        entry->attributes |= HAUL_FOLDER_NOINFERIORS;
      else if (imap_string_is (name, "\\Subscribed"))
        entry->subscribed = TRUE;
      else if (name.data != NULL)
        {
          g_autofree char *copy = g_strndup (name.data, name.length);
          entry->special_use |= haul_special_use_from_name (copy);
        }
    }
}

static void
take_list (Listing *self, const ImapListData *list)
{
  if (list->name.data == NULL || list->name.length == 0
      || memchr (list->name.data, '\0', list->name.length) != NULL)
    return;
  Entry *entry = entry_of (self, list->name);
  if (list->kind == IMAP_LIST_LSUB)
    {
      /* \Noselect in LSUB: a parent that is not subscribed itself (RFC 3501 §6.3.9). */
      if (!imap_strings_contain (list->attributes, "\\Noselect"))
        entry->subscribed = TRUE;
      return;
    }
  entry->listed = TRUE;
  entry->delimiter = list->delimiter;
  take_attributes (entry, list->attributes);
}

static void
take_status (Listing *self, const ImapStatusData *status)
{
  if (status->name.data == NULL || status->name.length == 0)
    return;
  Entry *entry = entry_of (self, status->name);
  entry->status_known |= status->known;
  for (guint i = 0; i < IMAP_STATUS_ITEM_COUNT; i++)
    if (status->known & (1u << i))
      entry->status[i] = status->values[i];
}

static gboolean
on_event (const ImapEvent *event, gpointer user_data, GError **error)
{
  Listing *self = user_data;
  (void) error;
  if (event->type == IMAP_EVENT_LIST)
    take_list (self, &event->list);
  else if (event->type == IMAP_EVENT_MAILBOX_STATUS)
    take_status (self, &event->status);
  /* An unreadable line may be a folder that would be missing without a word. */
  else if (event->type == IMAP_EVENT_MALFORMED
           && (imap_string_is (event->text, "LIST")
               || imap_string_is (event->text, "XLIST"))
           && self->error == NULL)
    (void) haul_error_set (&self->error, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_ACCOUNT,
                           "list the folders of %s: a LIST response cannot be understood",
                           self->session->peer);
  return TRUE;
}

static void
on_list_reply (const ImapReply *reply, gpointer user_data)
{
  Listing *self = user_data;
  if (reply == NULL || reply->state == IMAP_STATE_OK)
    return;
  self->refused = TRUE;
  g_clear_error (&self->error);
  g_autofree char *what = g_strdup_printf ("list the folders of %s", self->session->peer);
  (void) imap_reply_error (reply, HAUL_SCOPE_ACCOUNT, what, &self->error);
  /* Busy with scope account is a lock of ours; this is a server that may soon be well. */
  if (g_error_matches (self->error, HAUL_ERROR, HAUL_ERROR_BUSY))
    haul_error_set_scope (self->error, HAUL_SCOPE_SESSION);
}

static const char *
status_items (const ImapSession *self)
{
  return self->condstore ? "(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)"
                         : "(MESSAGES UIDNEXT UIDVALIDITY)";
}

static gboolean
can_extend (const ImapSession *self)
{
  return !self->quirks->no_list_return
         && (imap_session_has (self, "LIST-EXTENDED")
             || imap_session_has (self, "LIST-STATUS"));
}

static gboolean
has_list_status (const ImapSession *self)
{
  return can_extend (self) && imap_session_has (self, "LIST-STATUS");
}

/* LIST or one of its kind over all folders. */
static ImapCommand *
list_command (ImapSession *self, const char *words)
{
  ImapCommand *command = imap_session_command (self, words);
  imap_command_add_string (command, (ImapString){ "", 0 });
  imap_command_add_string (command, (ImapString){ "*", 1 });
  return command;
}

/* The one command that tells everything. */
static gboolean
send_extended (Listing *listing, GError **error)
{
  ImapSession *self = listing->session;
  GString *words = g_string_new ("RETURN (");
  const char *gap = "";
  if (imap_session_has (self, "LIST-EXTENDED"))
    {
      g_string_append (words, "SUBSCRIBED");
      gap = " ";
    }
  if (imap_session_has (self, "SPECIAL-USE") && !self->quirks->no_special_use_list)
    {
      g_string_append_printf (words, "%sSPECIAL-USE", gap);
      gap = " ";
    }
  if (has_list_status (self))
    g_string_append_printf (words, "%sSTATUS %s", gap, status_items (self));
  g_string_append_c (words, ')');
  ImapCommand *command = list_command (self, "LIST");
  imap_command_add_words (command, words->str);
  g_string_free (words, TRUE);
  return imap_session_send (self, command, 0, on_list_reply, listing, error);
}

static gboolean
send_plain (Listing *listing, GError **error)
{
  ImapSession *self = listing->session;
  gboolean xlist = imap_session_has (self, "XLIST")
                   && !imap_session_has (self, "SPECIAL-USE");
  ImapCommand *command = list_command (self, xlist ? "XLIST" : "LIST");
  return imap_session_send (self, command, 0, on_list_reply, listing, error);
}

static gboolean
send_subscriptions (Listing *listing, GError **error)
{
  ImapSession *self = listing->session;
  ImapCommand *command = list_command (self, "LSUB");
  return imap_session_send (self, command, 0, on_list_reply, listing, error);
}

/* A folder of somebody else, or the node above such folders. */
static gboolean
is_foreign (const ImapSession *self, const Entry *entry)
{
  if (self->settings->namespaces == IMAP_NAMESPACES_ALL)
    return FALSE;
  for (guint i = 0; i < self->foreign_prefixes->len; i++)
    {
      const char *prefix = self->foreign_prefixes->pdata[i];
      gsize length = strlen (prefix);
      if (strncmp (entry->wire, prefix, length) == 0)
        return TRUE;
      /* "Shared" of "Shared/". */
      if (strlen (entry->wire) + 1 == length
          && strncmp (entry->wire, prefix, length - 1) == 0 && !entry->selectable)
        return TRUE;
    }
  return FALSE;
}

/* A folder whose STATUS is refused keeps none: entering it will tell why. */
static gboolean
ask_status (Listing *listing, GError **error)
{
  ImapSession *self = listing->session;
  if (!imap_session_unselect (self, error))
    return FALSE;
  guint count = listing->entries->len;
  for (guint i = 0; i < count; i++)
    {
      const Entry *entry = listing->entries->pdata[i];
      if (!entry->listed || !entry->selectable || is_foreign (self, entry))
        continue;
      while (imap_connection_in_flight (self->connection) >= STATUS_WINDOW)
        if (!imap_connection_turn (self->connection, TRUE, error))
          return FALSE;
      ImapCommand *command = imap_session_command (self, "STATUS");
      imap_command_add_mailbox (command,
                                (ImapString){ entry->wire, strlen (entry->wire) });
      imap_command_add_words (command, status_items (self));
      if (!imap_session_send (self, command, 0, NULL, NULL, error))
        return FALSE;
    }
  return imap_connection_drain (self->connection, error);
}

static void
fill_status (const ImapSession *self, ImapMailbox *mailbox, const Entry *entry)
{
  const guint64 *values = entry->status;
  guint known = entry->status_known;
  HaulFolderStatus *status = &mailbox->status;
  *status = (HaulFolderStatus){ 0 };
  if (known & (1u << IMAP_STATUS_MESSAGES))
    {
      status->known |= HAUL_STATUS_MESSAGES;
      status->messages = values[IMAP_STATUS_MESSAGES];
    }
  gboolean validity = (known & (1u << IMAP_STATUS_UIDVALIDITY)) != 0
                      && values[IMAP_STATUS_UIDVALIDITY] > 0;
  gboolean next = (known & (1u << IMAP_STATUS_UIDNEXT)) != 0
                  && values[IMAP_STATUS_UIDNEXT] > 0;
  if (known & (1u << IMAP_STATUS_UIDVALIDITY))
    {
      status->known |= HAUL_STATUS_UIDVALIDITY;
      status->uid_validity = imap_session_validity (
          self, (guint32) values[IMAP_STATUS_UIDVALIDITY]);
    }
  if (next)
    {
      status->known |= HAUL_STATUS_UIDNEXT | HAUL_STATUS_MARK;
      status->uid_next = values[IMAP_STATUS_UIDNEXT];
      imap_key_from_uid ((guint32) status->uid_next, mailbox->mark);
      status->mark = (HaulBytes){ mailbox->mark, sizeof mailbox->mark };
    }
  if (!self->condstore || !validity || !next || !(status->known & HAUL_STATUS_MESSAGES)
      || !(known & (1u << IMAP_STATUS_HIGHESTMODSEQ))
      || values[IMAP_STATUS_HIGHESTMODSEQ] == 0)
    return;
  ImapToken token = { (guint32) status->uid_validity, (guint32) status->uid_next,
                      (guint32) status->messages, values[IMAP_STATUS_HIGHESTMODSEQ] };
  imap_token_write (&token, mailbox->token);
  status->known |= HAUL_STATUS_TOKEN;
  status->token = (HaulBytes){ mailbox->token, sizeof mailbox->token };
}

/* What is known of the mailboxes so far, by wire name; empties the table. */
static GHashTable *
take_table (ImapSession *self)
{
  GHashTable *old = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_remove_all (self->by_path);
  while (self->mailboxes->len > 0)
    {
      ImapMailbox *mailbox = g_ptr_array_steal_index (self->mailboxes,
                                                      self->mailboxes->len - 1);
      if (g_hash_table_contains (old, mailbox->wire))
        g_ptr_array_add (self->retired, mailbox);
      else
        g_hash_table_insert (old, mailbox->wire, mailbox);
    }
  return old;
}

static void
take_entry (ImapSession *self, const Entry *entry, ImapMailbox *mailbox)
{
  mailbox->selectable = entry->selectable;
  mailbox->attributes = entry->attributes
                        | (entry->subscribed ? HAUL_FOLDER_SUBSCRIBED : 0)
                        | (entry->selectable ? 0 : HAUL_FOLDER_NOSELECT);
  mailbox->special_use = entry->special_use;
  mailbox->listed = TRUE;
  fill_status (self, mailbox, entry);
  imap_session_add (self, mailbox);
}

/* The table is made anew from the entries; what was learnt of a mailbox is kept. */
static void
build_table (Listing *listing)
{
  ImapSession *self = listing->session;
  g_autoptr (GHashTable) old = take_table (self);
  for (guint i = 0; i < listing->entries->len; i++)
    {
      const Entry *entry = listing->entries->pdata[i];
      if (!entry->listed || is_foreign (self, entry))
        continue;
      ImapMailbox *mailbox = g_hash_table_lookup (old, entry->wire);
      if (mailbox != NULL)
        (void) g_hash_table_remove (old, entry->wire);
      else
        mailbox = imap_mailbox_new (
            self, (ImapString){ entry->wire, strlen (entry->wire) }, entry->delimiter);
      take_entry (self, entry, mailbox);
    }
  /* One may be entered still. */
  GHashTableIter iter;
  gpointer left;
  g_hash_table_iter_init (&iter, old);
  while (g_hash_table_iter_next (&iter, NULL, &left))
    g_ptr_array_add (self->retired, left);
}

static gboolean
has_inbox (const Listing *self)
{
  const Entry *entry = g_hash_table_lookup (self->by_wire, "INBOX");
  return entry != NULL && entry->listed;
}

static void
reset (Listing *self)
{
  g_hash_table_remove_all (self->by_wire);
  g_ptr_array_set_size (self->entries, 0);
  g_clear_error (&self->error);
  self->refused = FALSE;
}

/* Asks in the way that this server can; what it refuses is asked more simply. */
static gboolean
ask (Listing *listing, GError **error)
{
  ImapSession *self = listing->session;
  gboolean extended = can_extend (self);
  gboolean lsub = !extended || !imap_session_has (self, "LIST-EXTENDED");
  gboolean status = has_list_status (self);
  if (extended
      && (!send_extended (listing, error)
          || (lsub && !send_subscriptions (listing, error))
          || !imap_connection_drain (self->connection, error)))
    return FALSE;
  if (extended && !listing->refused && has_inbox (listing))
    return status || ask_status (listing, error);
  /* Strato lists nothing with RETURN, ProtonMail's bridge answers BAD. */
  reset (listing);
  if (!send_plain (listing, error) || !send_subscriptions (listing, error)
      || !imap_connection_drain (self->connection, error))
    return FALSE;
  return listing->refused || ask_status (listing, error);
}

/* A listing without the inbox: it exists all the same (imap.md §3 row 26). */
static gboolean
find_inbox (Listing *listing, GError **error)
{
  ImapSession *self = listing->session;
  g_autoptr (GError) refusal = NULL;
  if (has_inbox (listing))
    return TRUE;
  ImapCommand *command = imap_session_command (self, "STATUS");
  imap_command_add_mailbox (command, (ImapString){ "INBOX", 5 });
  imap_command_add_words (command, status_items (self));
  if (imap_connection_run (self->connection, command, 0, HAUL_SCOPE_FOLDER,
                           "ask for INBOX", NULL, &refusal))
    {
      Entry *entry = entry_of (listing, (ImapString){ "INBOX", 5 });
      entry->listed = TRUE;
      entry->delimiter = self->delimiter;
      return TRUE;
    }
  if (haul_error_scope (refusal) < HAUL_SCOPE_SESSION)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

/* The delimiter for names that are not listed, where NAMESPACE gave none. */
static void
learn_delimiter (Listing *listing)
{
  ImapSession *self = listing->session;
  for (guint i = 0; self->delimiter == '\0' && i < listing->entries->len; i++)
    self->delimiter = ((const Entry *) listing->entries->pdata[i])->delimiter;
}

gboolean
imap_session_refresh (ImapSession *self, GError **error)
{
  return imap_session_refresh_if (self, NULL, NULL, error);
}

gboolean
imap_session_refresh_if (ImapSession *self, gboolean (*wanted) (gpointer user_data),
                         gpointer user_data, GError **error)
{
  Listing listing = { .session = self,
                      .by_wire = g_hash_table_new (g_str_hash, g_str_equal),
                      .entries = g_ptr_array_new_with_free_func (entry_free) };
  imap_connection_handle (self->connection, on_event, &listing);
  gboolean ok = ask (&listing, error);
  if (ok && listing.error == NULL)
    ok = find_inbox (&listing, error);
  imap_connection_handle (self->connection, NULL, NULL);
  if (ok && listing.error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&listing.error));
      ok = FALSE;
    }
  if (ok && (wanted == NULL || wanted (user_data)))
    {
      learn_delimiter (&listing);
      build_table (&listing);
    }
  g_clear_error (&listing.error);
  g_hash_table_unref (listing.by_wire);
  g_ptr_array_unref (listing.entries);
  return ok;
}

/* The inbox first, parents before children. */
static gint
compare_paths (gconstpointer a, gconstpointer b)
{
  const ImapMailbox *left = *(ImapMailbox *const *) a;
  const ImapMailbox *right = *(ImapMailbox *const *) b;
  gboolean inbox = strcmp (left->path[0], "INBOX") == 0;
  if (inbox != (strcmp (right->path[0], "INBOX") == 0))
    return inbox ? -1 : 1;
  for (guint i = 0;; i++)
    {
      if (left->path[i] == NULL || right->path[i] == NULL)
        return (left->path[i] != NULL) - (right->path[i] != NULL);
      gint order = strcmp (left->path[i], right->path[i]);
      if (order != 0)
        return order;
    }
}

gboolean
imap_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  ImapSession *self = session;
  if (!self->listed && !imap_session_refresh (self, error))
    return FALSE;
  self->listed = FALSE;
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  for (guint i = 0; i < self->mailboxes->len; i++)
    if (((ImapMailbox *) self->mailboxes->pdata[i])->listed)
      g_ptr_array_add (sorted, self->mailboxes->pdata[i]);
  g_ptr_array_sort (sorted, compare_paths);
  for (guint i = 0; i < sorted->len; i++)
    {
      const ImapMailbox *mailbox = sorted->pdata[i];
      HaulFolder folder = HAUL_FOLDER_INIT;
      folder.path = (HaulPath) mailbox->path;
      folder.attributes = mailbox->attributes;
      folder.special_use = mailbox->special_use;
      folder.status = mailbox->status;
      if (!func (&folder, user_data, error))
        return FALSE;
    }
  return TRUE;
}
