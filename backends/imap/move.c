/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moves exactly the messages that are named to another folder: UID MOVE (RFC 6851), else
 * UID COPY, and what was certainly copied is then expunged by its UIDs; or only copies
 * them. Looks before and after say what became of each. The session's thread. */
#include <string.h>

#include "change-run.h"
#include "expunge.h"

/* One move. */
typedef struct
{
  ImapSession *session;
  const ImapMailbox *to;
  ImapUidSet *uids;
  GHashTable *states; /* uid → ImapPresence */
  GHashTable *moved;  /* uid → its UID in the new folder, 0: not known */
  gboolean stays;     /* they are only copied */
  GError *refusal;    /* the first one */
} Move;

/* One UID COPY in flight. */
typedef struct
{
  Move *move;
  char *set;
} Copying;

/* COPYUID (RFC 4315): the sets pair by position. FALSE: not usable. */
static gboolean
take_pairs (Move *self, guint32 uidvalidity, ImapString from, ImapString to)
{
  g_autoptr (ImapUidSet) olds = from.data == NULL ? NULL : imap_uidset_parse (from, NULL);
  g_autoptr (ImapUidSet) news = to.data == NULL ? NULL : imap_uidset_parse (to, NULL);
  guint64 limit = imap_uidset_count (self->uids);
  ImapUidIter old_iter, new_iter;
  guint32 old, new;
  if (uidvalidity == 0 || olds == NULL || news == NULL
      || imap_uidset_count (olds) != imap_uidset_count (news)
      || imap_uidset_count (olds) > limit)
    return FALSE;
  imap_uid_iter_init (&old_iter, olds, limit);
  imap_uid_iter_init (&new_iter, news, limit);
  while (imap_uid_iter_next (&old_iter, &old) && imap_uid_iter_next (&new_iter, &new))
    if (g_hash_table_contains (self->states, GUINT_TO_POINTER (old)))
      g_hash_table_insert (self->moved, GUINT_TO_POINTER (old), GUINT_TO_POINTER (new));
  return TRUE;
}

static ImapString
as_string (const char *text)
{
  return (ImapString){ text, text != NULL ? strlen (text) : 0 };
}

static void
note_refusal (Move *self, const ImapReply *reply)
{
  if (self->refusal == NULL)
    (void) imap_reply_error (reply, HAUL_SCOPE_MESSAGE, "move messages", &self->refusal);
}

/* ---- UID MOVE ---- */

/* The pairs come before the moved ones are said to be expunged. */
static gboolean
on_event (const ImapEvent *event, gpointer user_data, GError **error)
{
  if (event->type == IMAP_EVENT_STATE && event->state.code.code == IMAP_CODE_COPYUID)
    (void) take_pairs (user_data, event->state.code.uidvalidity,
                       event->state.code.source_uids, event->state.code.uids);
  return TRUE;
}

static void
on_moved (const ImapReply *reply, gpointer user_data)
{
  Move *self = user_data;
  if (reply == NULL)
    return;
  if (reply->code == IMAP_CODE_COPYUID)
    (void) take_pairs (self, reply->uidvalidity, as_string (reply->source_uids),
                       as_string (reply->uids));
  if (reply->state != IMAP_STATE_OK)
    note_refusal (self, reply);
}

static gboolean
move_all (Move *self, char **sets, GError **error)
{
  gboolean ok = TRUE;
  imap_connection_handle (self->session->connection, on_event, self);
  for (char **set = sets; ok && *set != NULL; set++)
    {
      ImapCommand *command = imap_session_command (self->session, "UID MOVE");
      imap_command_add_set (command, *set);
      imap_command_add_mailbox (command, imap_mailbox_name (self->to));
      ok = imap_change_send (self->session, command, on_moved, self, error);
    }
  ok = ok && imap_connection_drain (self->session->connection, error);
  imap_connection_handle (self->session->connection, NULL, NULL);
  return ok;
}

/* ---- UID COPY, then UID EXPUNGE ---- */

/* COPY is all or nothing (RFC 3501 §6.4.7): an OK without usable pairs means all that
 * were there. */
static void
take_copied (Move *self, const char *set)
{
  g_autoptr (ImapUidSet) uids = imap_uidset_parse (as_string (set), NULL);
  ImapUidIter iter;
  guint32 uid;
  imap_uid_iter_init (&iter, uids, imap_uidset_count (uids));
  while (imap_uid_iter_next (&iter, &uid))
    if (GPOINTER_TO_INT (g_hash_table_lookup (self->states, GUINT_TO_POINTER (uid)))
        == IMAP_PRESENCE_PRESENT)
      g_hash_table_insert (self->moved, GUINT_TO_POINTER (uid), NULL);
}

static void
on_copied (const ImapReply *reply, gpointer user_data)
{
  Copying *copying = user_data;
  Move *self = copying->move;
  if (reply != NULL && reply->state != IMAP_STATE_OK)
    note_refusal (self, reply);
  else if (reply != NULL
           && (reply->code != IMAP_CODE_COPYUID
               || !take_pairs (self, reply->uidvalidity, as_string (reply->source_uids),
                               as_string (reply->uids))))
    take_copied (self, copying->set);
  g_free (copying->set);
  g_free (copying);
}

static gboolean
copy_all (Move *self, char **sets, GError **error)
{
  for (char **set = sets; *set != NULL; set++)
    {
      ImapCommand *command = imap_session_command (self->session, "UID COPY");
      imap_command_add_set (command, *set);
      imap_command_add_mailbox (command, imap_mailbox_name (self->to));
      Copying *copying = g_new0 (Copying, 1);
      *copying = (Copying){ self, g_strdup (*set) };
      if (!imap_change_send (self->session, command, on_copied, copying, error))
        return FALSE;
    }
  return imap_connection_drain (self->session->connection, error);
}

static gboolean
copy_and_expunge (Move *self, char **sets, GError **error)
{
  g_autoptr (ImapUidSet) copied = imap_uidset_new ();
  GHashTableIter iter;
  gpointer uid;
  if (!copy_all (self, sets, error))
    return FALSE;
  g_hash_table_iter_init (&iter, self->moved);
  while (g_hash_table_iter_next (&iter, &uid, NULL))
    imap_uidset_add (copied, GPOINTER_TO_UINT (uid));
  imap_uidset_normalise (copied);
  return g_hash_table_size (self->moved) == 0
         || imap_expunge_uids (self->session, copied, &self->refusal, error);
}

/* ---- the callback of the plugin ---- */

static gboolean
check (const ImapSession *self, gboolean stays, GError **error)
{
  const ImapSelected *selected = &self->selected;
  if (selected->mailbox == NULL)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "move messages: no folder is entered");
  g_autofree char *name = haul_path_to_text ((HaulPath) selected->mailbox->path);
  if (stays)
    return TRUE;
  if (!selected->writable || selected->read_only)
    return haul_error_set (error, HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER,
                           "move messages from \"%s\" at %s: the server opened it for "
                           "reading only",
                           name, self->peer);
  if (!imap_session_has (self, "MOVE") && !imap_session_has (self, "UIDPLUS"))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "move messages from \"%s\" at %s: the server has neither MOVE "
                           "nor UIDPLUS, and without them messages of others could be "
                           "removed, too",
                           name, self->peer);
  return TRUE;
}

/* Of a message that is not in the new folder. (transfer full); NULL: it is, though the
 * server did not say so. */
static GError *
why_not (const Move *self, ImapPresence state)
{
  GError *error = NULL;
  gboolean refused = self->refusal != NULL;
  switch (state)
    {
    case IMAP_PRESENCE_PRESENT:
      if (self->stays && refused)
        return g_error_copy (self->refusal);
      if (!self->stays && !refused)
        return NULL; /* it went with an OK */
      if (self->stays)
        (void) haul_error_set (&error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                               "copy message: the server said OK and did not copy it");
      break;
    case IMAP_PRESENCE_LEFT:
      if (refused)
        return g_error_copy (self->refusal);
      (void) haul_error_set (&error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                             "move message: the server said OK and kept it");
      break;
    case IMAP_PRESENCE_ABSENT:
      break;
    }
  if (error == NULL)
    (void) haul_error_set (&error, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                           "move message: there is no such message any more");
  return error;
}

static void
tell (const Move *self, HaulBytes key, HaulChangeResultFunc func, gpointer user_data)
{
  g_autoptr (GError) own = NULL;
  gpointer new = NULL;
  guint8 bytes[4];
  HaulBytes new_key = HAUL_NO_BYTES;
  guint32 uid = 0;
  int state = IMAP_PRESENCE_ABSENT;
  if (imap_key_to_uid (key, &uid))
    state = GPOINTER_TO_INT (g_hash_table_lookup (self->states, GUINT_TO_POINTER (uid)));
  gboolean moved = g_hash_table_lookup_extended (self->moved, GUINT_TO_POINTER (uid),
                                                 NULL, &new);
  if (GPOINTER_TO_UINT (new) != 0)
    {
      imap_key_from_uid (GPOINTER_TO_UINT (new), bytes);
      new_key = (HaulBytes){ bytes, sizeof bytes };
    }
  own = moved && state != IMAP_PRESENCE_ABSENT ? NULL
                                               : why_not (self, (ImapPresence) state);
  func (key, own == NULL ? new_key : HAUL_NO_BYTES, own, user_data);
}

static gboolean
run (Move *self, GError **error)
{
  gsize room = 64 + strlen (self->to->wire);
  g_auto (GStrv) sets = imap_change_sets (self->session, self->uids, room);
  if (!imap_expunge_look (self->session, self->uids, self->states, IMAP_PRESENCE_PRESENT,
                          error))
    return FALSE;
  if (self->stays)
    return copy_all (self, sets, error);
  return (imap_session_has (self->session, "MOVE") ? move_all (self, sets, error)
                                                   : copy_and_expunge (self, sets, error))
         && imap_expunge_look (self->session, self->uids, self->states,
                               IMAP_PRESENCE_LEFT, error);
}

/* What both callbacks get. */
typedef struct
{
  HaulPath to;
  const HaulBytes *keys;
  gsize count;
  HaulChangeResultFunc func;
  gpointer user_data;
  gboolean stays;
} Request;

static gboolean
serve (ImapSession *self, const Request *request, GError **error)
{
  g_autoptr (ImapUidSet) uids = imap_uidset_new ();
  g_autoptr (GHashTable) states = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) moved = g_hash_table_new (NULL, NULL);
  Move move = { self, NULL, uids, states, moved, request->stays, NULL };
  guint32 uid = 0;
  if (!check (self, request->stays, error) || !imap_session_settle (self, error))
    return FALSE;
  move.to = imap_session_mailbox (self, request->to, error);
  if (move.to == NULL)
    return FALSE;
  for (gsize i = 0; i < request->count; i++)
    if (imap_key_to_uid (request->keys[i], &uid))
      {
        imap_uidset_add (uids, uid);
        g_hash_table_insert (states, GUINT_TO_POINTER (uid), NULL);
      }
  imap_uidset_normalise (uids);
  gboolean ok = run (&move, error);
  for (gsize i = 0; ok && i < request->count; i++)
    tell (&move, request->keys[i], request->func, request->user_data);
  g_clear_error (&move.refusal);
  return ok;
}

gboolean
imap_move (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
           HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  Request request = { to, keys, count, func, user_data, FALSE };
  return serve (session, &request, error);
}

gboolean
imap_copy (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
           HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  Request request = { to, keys, count, func, user_data, TRUE };
  return serve (session, &request, error);
}
