/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What follows from the answers to APPENDs: receipts with UIDs, flags that have to be set
 * afterwards, and the results that the engine gets. Belongs to the session's thread. */
#include "store.h"

#include <string.h>

#include "store-body.h"

/* Stored messages that wait for a STORE: set together, but their receipts not held back
 * for long. */
#define LATER_MESSAGES 256u

/* A server that takes this long is remembered: after a lost connection it may go on
 * working through what it has read (peers.md §4.2). */
#define SLOW_US ((gint64) 700 * 1000)

/* ---- results ---- */

/* All notes of @message as one line of text; NULL: none. (transfer full) */
static char *
join_notes (const ImapStoreMessage *message)
{
  if (message->notes == NULL)
    return NULL;
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < message->notes->len; i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "" : "\n",
                            (const char *) message->notes->pdata[i]);
  return g_string_free (text, FALSE);
}

void
imap_store_done (ImapStore *self, ImapStoreMessage *message)
{
  HaulReceipt receipt = HAUL_RECEIPT_INIT;
  guint8 key[4];
  g_autofree char *note = join_notes (message);
  if (message->uid > 0)
    {
      imap_key_from_uid (message->uid, key);
      receipt.key = (HaulBytes){ key, sizeof key };
      receipt.uid_validity = message->uidvalidity;
    }
  receipt.note = note;
  imap_store_release_body (self, message);
  haul_feed_done (self->feed, g_steal_pointer (&message->item), &receipt);
  imap_store_message_free (message);
}

void
imap_store_fail (ImapStore *self, ImapStoreMessage *message, const GError *reason)
{
  imap_store_release_body (self, message);
  haul_feed_fail (self->feed, g_steal_pointer (&message->item), g_error_copy (reason));
  imap_store_message_free (message);
}

/* ---- stored ---- */

/* A server that is slow is said to be so before anything can go wrong. */
static void
watch_pace (ImapStore *self, ImapStoreGroup *group)
{
  gint64 took_us = g_get_monotonic_time () - group->sent_us;
  if (took_us < SLOW_US || took_us < self->slowest_us * 2)
    return;
  self->slowest_us = took_us;
  imap_store_remember (self, group->mailbox, group->mailbox->careful);
}

static void
take_stored (ImapStore *self, ImapStoreMessage *message)
{
  gboolean later = message->flags.later != NULL && message->flags.later->len > 0;
  if (imap_store_body (message) == NULL)
    imap_store_note_changes (message, imap_alter_finish (&message->changes));
  imap_store_release_body (self, message);
  if (later && message->uid > 0)
    {
      g_ptr_array_add (self->later, message);
      return;
    }
  for (guint i = 0; later && i < message->flags.later->len; i++)
    {
      const char *flag = message->flags.later->pdata[i];
      imap_store_add_note (message,
                           "%s \"%s\" could not be set, as the server does not tell "
                           "where the message is",
                           flag[0] == '\\' ? "flag" : "keyword", flag);
    }
  imap_store_done (self, message);
}

static void
take_success (ImapStore *self, ImapStoreGroup *group)
{
  guint count = group->messages->len;
  g_autofree guint32 *uids = g_new0 (guint32, count);
  gboolean paired = group->uidvalidity > 0 && imap_append_pair (group->uids, count, uids);
  self->refused_in_row = 0;
  group->mailbox->appended = TRUE;
  watch_pace (self, group);
  g_ptr_array_set_free_func (group->messages, NULL);
  for (guint i = 0; i < count; i++)
    {
      ImapStoreMessage *message = group->messages->pdata[i];
      if (imap_flags_has_keywords (&message->flags))
        self->session->keywords_proven = TRUE;
      message->uid = paired ? uids[i] : 0;
      message->uidvalidity = paired ? group->uidvalidity : 0;
      take_stored (self, message);
    }
  imap_store_group_free (group);
}

gboolean
imap_store_judge (ImapStore *self, GError **error)
{
  for (GList *at = self->flights.head, *next; at != NULL; at = next)
    {
      ImapStoreGroup *group = at->data;
      next = at->next;
      if (!group->over || group->lost)
        continue;
      g_queue_delete_link (&self->flights, at);
      if (group->probe)
        self->probing = group->probe = FALSE;
      if (group->state == IMAP_STATE_OK)
        take_success (self, group);
      else if (!imap_store_refused (self, group, error))
        return FALSE;
      /* A refusal may have sent commands: everything may have moved. */
      next = self->flights.head;
    }
  return self->later->len < LATER_MESSAGES || imap_store_set_later (self, error);
}

/* ---- flags afterwards ---- */

static void
judge_later (ImapStoreMessage *message, const ImapChangeOutcome *outcome)
{
  if (outcome->gone)
    imap_store_add_note (message, "flags could not be set: the message is gone");
  else if (outcome->error != NULL)
    imap_store_add_note (message, "flags could not be set: %s", outcome->error->message);
  for (char **word = outcome->missing; word != NULL && *word != NULL; word++)
    imap_store_add_note (message, "keyword \"%s\" is not kept there", *word);
}

/* The messages of self->later in one mailbox. FALSE: the session is lost. */
static gboolean
set_in_mailbox (ImapStore *self, GPtrArray *messages, GError **error)
{
  guint count = messages->len;
  ImapMailbox *mailbox = ((ImapStoreMessage *) messages->pdata[0])->mailbox;
  g_autofree ImapChange *changes = g_new0 (ImapChange, count);
  g_autofree ImapChangeOutcome *outcomes = g_new0 (ImapChangeOutcome, count);
  GError *local = NULL;
  for (guint i = 0; i < count; i++)
    {
      ImapStoreMessage *message = messages->pdata[i];
      guint words = message->flags.later->len;
      changes[i].uid = message->uid;
      changes[i].add = g_new0 (char *, words + 1);
      changes[i].remove = g_new0 (char *, 1);
      for (guint j = 0; j < words; j++)
        changes[i].add[j] = g_strdup (message->flags.later->pdata[j]);
    }
  gboolean ok = imap_session_select (self->session, mailbox, TRUE, &local)
                && imap_change_apply (self->session, changes, count, outcomes, &local)
                && imap_session_unselect (self->session, &local);
  gboolean lost = !ok && haul_error_scope (local) >= HAUL_SCOPE_SESSION;
  for (guint i = 0; i < count; i++)
    {
      if (!lost && local != NULL)
        imap_store_add_note (messages->pdata[i], "flags could not be set: %s",
                             local->message);
      else if (!lost)
        judge_later (messages->pdata[i], &outcomes[i]);
      if (!lost)
        imap_store_done (self, messages->pdata[i]);
      imap_change_clear (&changes[i]);
      imap_change_outcome_clear (&outcomes[i]);
    }
  if (lost)
    g_propagate_error (error, local);
  else
    g_clear_error (&local);
  return !lost;
}

gboolean
imap_store_set_later (ImapStore *self, GError **error)
{
  while (self->later->len > 0)
    {
      g_autoptr (GPtrArray) same = g_ptr_array_new ();
      ImapMailbox *mailbox = ((ImapStoreMessage *) self->later->pdata[0])->mailbox;
      for (guint i = 0; i < self->later->len; i++)
        if (((ImapStoreMessage *) self->later->pdata[i])->mailbox == mailbox)
          g_ptr_array_add (same, self->later->pdata[i]);
      /* If the session is lost they stay without a result: the engine will look. */
      for (guint i = 0; i < same->len; i++)
        g_ptr_array_remove (self->later, same->pdata[i]);
      if (!set_in_mailbox (self, same, error))
        {
          for (guint i = 0; i < same->len; i++)
            imap_store_message_free (same->pdata[i]);
          return FALSE;
        }
    }
  return TRUE;
}
