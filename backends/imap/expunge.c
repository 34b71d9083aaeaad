/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removes exactly the messages that are named: \Deleted and UID EXPUNGE (RFC 4315), never
 * the bare EXPUNGE, which would take with it what others have marked. A look before and a
 * look after say what became of each. The session's thread. */
#include "expunge.h"

#include "change-run.h"

/* The look at the folder before or after. */
typedef struct
{
  GHashTable *states; /* uid → ImapPresence */
  ImapPresence state; /* of what is seen */
} Look;

static gboolean
on_look (const ImapEvent *event, gpointer user_data, GError **error)
{
  Look *look = user_data;
  gpointer uid = GUINT_TO_POINTER (event->fetch.uid);
  if (event->type != IMAP_EVENT_FETCH || event->fetch.uid == 0
      || !g_hash_table_contains (look->states, uid))
    return TRUE;
  g_hash_table_insert (look->states, uid, GINT_TO_POINTER (look->state));
  return TRUE;
}

gboolean
imap_expunge_look (ImapSession *self, const ImapUidSet *uids, GHashTable *states,
                   ImapPresence state, GError **error)
{
  Look look = { states, state };
  gboolean answered = TRUE;
  imap_connection_handle (self->connection, on_look, &look);
  gboolean ok = imap_change_fetch (self, uids, "(UID)", &answered, error);
  imap_connection_handle (self->connection, NULL, NULL);
  if (ok && !answered)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                           "remove messages at %s: the server does not tell which there "
                           "are",
                           self->peer);
  return ok;
}

/* The first refusal of a STORE or EXPUNGE. */
static void
on_step (const ImapReply *reply, gpointer user_data)
{
  GError **refusal = user_data;
  if (reply != NULL && reply->state != IMAP_STATE_OK && *refusal == NULL)
    (void) imap_reply_error (reply, HAUL_SCOPE_MESSAGE, "remove messages", refusal);
}

/* Marks and expunges, both without waiting: what could not be marked is not expunged. */
gboolean
imap_expunge_uids (ImapSession *self, const ImapUidSet *uids, GError **refusal,
                   GError **error)
{
  static const char *const deleted[] = { "\\Deleted", NULL };
  g_auto (GStrv) sets = imap_change_sets (self, uids, 64);
  for (char **set = sets; *set != NULL; set++)
    {
      ImapCommand *store = imap_session_command (self, "UID STORE");
      imap_command_add_set (store, *set);
      imap_command_add_words (store, "+FLAGS.SILENT");
      imap_command_add_flags (store, deleted);
      if (!imap_change_send (self, store, on_step, refusal, error))
        return FALSE;
      ImapCommand *expunge = imap_session_command (self, "UID EXPUNGE");
      imap_command_add_set (expunge, *set);
      if (!imap_change_send (self, expunge, on_step, refusal, error))
        return FALSE;
    }
  return imap_connection_drain (self->connection, error);
}

static void
tell (HaulBytes key, ImapPresence state, const GError *refusal, HaulChangeResultFunc func,
      gpointer user_data)
{
  g_autoptr (GError) own = NULL;
  switch (state)
    {
    case IMAP_PRESENCE_ABSENT:
      (void) haul_error_set (&own, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                             "remove message: there is no such message any more");
      break;
    case IMAP_PRESENCE_PRESENT:
      break;
    case IMAP_PRESENCE_LEFT:
      if (refusal != NULL)
        own = g_error_copy (refusal);
      else
        (void) haul_error_set (&own, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                               "remove message: the server said OK and kept it");
      break;
    }
  func (key, HAUL_NO_BYTES, own, user_data);
}

static gboolean
check (const ImapSession *self, GError **error)
{
  const ImapSelected *selected = &self->selected;
  if (selected->mailbox == NULL)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "remove messages: no folder is entered");
  g_autofree char *name = haul_path_to_text ((HaulPath) selected->mailbox->path);
  if (!selected->writable || selected->read_only)
    return haul_error_set (error, HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER,
                           "remove messages in \"%s\" at %s: the server opened it for "
                           "reading only",
                           name, self->peer);
  if (!imap_session_has (self, "UIDPLUS"))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "remove messages in \"%s\" at %s: the server has no UIDPLUS, "
                           "and without it messages of others could be removed, too",
                           name, self->peer);
  return TRUE;
}

gboolean
imap_expunge (gpointer session, const HaulBytes *keys, gsize count,
              HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  ImapSession *self = session;
  g_autoptr (ImapUidSet) uids = imap_uidset_new ();
  g_autoptr (GHashTable) states = g_hash_table_new (NULL, NULL);
  g_autoptr (GError) refusal = NULL;
  guint32 uid = 0;
  if (!check (self, error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    if (imap_key_to_uid (keys[i], &uid))
      {
        imap_uidset_add (uids, uid);
        g_hash_table_insert (states, GUINT_TO_POINTER (uid),
                             GINT_TO_POINTER (IMAP_PRESENCE_ABSENT));
      }
  imap_uidset_normalise (uids);
  if (!imap_expunge_look (self, uids, states, IMAP_PRESENCE_PRESENT, error)
      || !imap_expunge_uids (self, uids, &refusal, error)
      || !imap_expunge_look (self, uids, states, IMAP_PRESENCE_LEFT, error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    {
      gboolean ours = imap_key_to_uid (keys[i], &uid);
      ImapPresence state = ours ? (ImapPresence) GPOINTER_TO_INT (
                               g_hash_table_lookup (states, GUINT_TO_POINTER (uid)))
                                : IMAP_PRESENCE_ABSENT;
      tell (keys[i], state, refusal, func, user_data);
    }
  return TRUE;
}
