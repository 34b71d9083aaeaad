/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop of a store: take, send, turn, judge. It waits in the feed when nothing is
 * under way, else in the connection, which the feed wakes. Belongs to the session's
 * thread. */
#include "store.h"

#include "store-body.h"

static void
init (ImapStore *self, ImapSession *session, HaulFeed *feed)
{
  *self = (ImapStore){ .session = session, .feed = feed };
  g_queue_init (&self->ready);
  g_queue_init (&self->flights);
  self->later = g_ptr_array_new ();
  self->closed = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_error_free);
  self->created = g_hash_table_new (NULL, NULL);
  self->date_now_s = g_get_real_time () / G_USEC_PER_SEC;
}

/* A folder that was only read may still be open: Courier appends to none that is open
 * read-only ("NO Current box is selected READ-ONLY"). One that the caller has entered
 * stays open, and is opened for writing there. */
static gboolean
release_for_append (ImapSession *session, GError **error)
{
  if (!imap_session_settle (session, error))
    return FALSE;
  ImapMailbox *mailbox = session->selected.mailbox;
  if (mailbox == NULL)
    return !session->lingers || imap_session_unselect (session, error);
  if (session->selected.writable || session->quirks->server != IMAP_SERVER_COURIER)
    return TRUE;
  return imap_session_select (session, mailbox, TRUE, error);
}

/* What is left has no result: its outcome is unknown to the engine. */
static void
clear (ImapStore *self)
{
  g_clear_pointer (&self->open, imap_store_group_free);
  g_queue_clear_full (&self->ready, imap_store_group_free);
  g_queue_clear_full (&self->flights, imap_store_group_free);
  g_ptr_array_set_free_func (self->later, imap_store_message_free);
  g_ptr_array_unref (self->later);
  imap_slabs_clear (&self->slabs);
  g_hash_table_unref (self->closed);
  g_hash_table_unref (self->created);
  g_clear_error (&self->error);
}

static gboolean
is_idle (const ImapStore *self)
{
  return self->open == NULL && g_queue_is_empty ((GQueue *) &self->ready)
         && g_queue_is_empty ((GQueue *) &self->flights);
}

/* Waits for answers, room, a body, or the end of a pause. */
static gboolean
turn (ImapStore *self, GError **error)
{
  gint64 until_us = -1;
  if (self->not_before_us > 0 && !g_queue_is_empty (&self->ready))
    {
      until_us = self->not_before_us;
      if (until_us <= g_get_monotonic_time ())
        self->not_before_us = until_us = 0;
    }
  if (until_us == 0)
    return imap_connection_turn (self->session->connection, FALSE, error);
  return imap_connection_turn_until (self->session->connection, until_us, error);
}

/* One round. *@out_over: the feed has ended and everything has its result. */
static gboolean
step (ImapStore *self, gboolean *out_over, GError **error)
{
  gboolean idle = is_idle (self);
  if (idle && self->ended)
    {
      *out_over = TRUE;
      return imap_store_set_later (self, error);
    }
  /* With nothing to do there is time for the flags that are still to be set. */
  if (idle && self->quiet && !imap_store_set_later (self, error))
    return FALSE;
  if (!imap_store_take (self, idle && self->quiet, error)
      || !imap_store_send (self, error))
    return FALSE;
  if (g_queue_is_empty (&self->flights) && g_queue_is_empty (&self->ready))
    return imap_store_judge (self, error);
  if (!turn (self, error))
    return FALSE;
  imap_store_finish_streams (self);
  return imap_store_judge (self, error);
}

/* Nothing more is sent; what is in flight may still be answered, and then is known. */
static void
wind_down (ImapStore *self)
{
  g_autoptr (GError) ignored = NULL;
  while (!g_queue_is_empty (&self->flights)
         && imap_connection_turn (self->session->connection, TRUE, &ignored)
         && imap_store_judge (self, &ignored))
    imap_store_finish_streams (self);
  (void) imap_store_judge (self, NULL);
}

/* The connection is lost: what was answered before is known, and what the source broke
 * off is certainly not stored, since the server saw only a part of it. */
static void
salvage (ImapStore *self)
{
  if (self->error == NULL)
    (void) haul_error_set (&self->error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                           "the connection was lost");
  g_autoptr (GError) ignored = NULL;
  (void) imap_store_judge (self, &ignored);
  for (GList *at = self->flights.head; at != NULL; at = at->next)
    {
      ImapStoreGroup *group = at->data;
      ImapStoreMessage *message = group->messages->len == 1 ? group->messages->pdata[0]
                                                            : NULL;
      if (message == NULL || message->broken == NULL)
        continue;
      g_ptr_array_set_free_func (group->messages, NULL);
      g_ptr_array_set_size (group->messages, 0);
      g_autoptr (GError) reason = g_error_copy (message->broken);
      imap_store_fail (self, message, reason);
    }
}

gboolean
imap_store (gpointer session, HaulFeed *feed, GError **error)
{
  ImapSession *self = session;
  ImapStore store;
  GError *local = NULL;
  gboolean over = FALSE;
  if (!release_for_append (self, error))
    return FALSE;
  init (&store, self, feed);
  haul_feed_set_context (feed, imap_connection_context (self->connection));
  while (!over && local == NULL && store.error == NULL)
    if (!step (&store, &over, &local))
      break;
  if (local != NULL)
    {
      salvage (&store);
    }
  else if (store.error != NULL)
    {
      wind_down (&store);
      local = g_steal_pointer (&store.error);
    }
  haul_feed_set_context (feed, NULL);
  clear (&store);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, local);
  return FALSE;
}
