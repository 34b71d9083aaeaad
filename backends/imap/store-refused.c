/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does what refusal.c decided about a refused APPEND: halves batches, makes folders,
 * waits, mends messages, or tells the engine. Belongs to the session's thread. */
#include "store.h"

#include <string.h>

#include "refusal.h"
#include "store-body.h"

/* After a refusal whose cause is not known, so many messages go one by one in the next
 * session: more than any batch had. */
#define CAREFUL_MESSAGES 256u

void
imap_store_remember (ImapStore *self, ImapMailbox *mailbox, guint careful)
{
  ImapStoreNote note = { self->slowest_us, careful };
  g_autofree char *text = imap_store_note_format (&note);
  g_autoptr (GError) ignored = NULL;
  /* Without the note the next session only has to find out anew. */
  (void) haul_feed_note (self->feed, (HaulPath) mailbox->path,
                         (HaulBytes){ (const guint8 *) text, strlen (text) }, &ignored);
}

/* Hands the messages of @group over to the caller. (transfer full) */
static GPtrArray *
steal_messages (ImapStoreGroup *group)
{
  GPtrArray *messages = g_steal_pointer (&group->messages);
  g_ptr_array_set_free_func (messages, NULL);
  group->messages = g_ptr_array_new ();
  return messages;
}

static void
fail_all (ImapStore *self, ImapStoreGroup *group, const GError *reason)
{
  g_autoptr (GPtrArray) messages = steal_messages (group);
  for (guint i = 0; i < messages->len; i++)
    imap_store_fail (self, messages->pdata[i], reason);
}

/* The folder takes no more: what waits for it need not be tried. */
static void
close_mailbox (ImapStore *self, ImapStoreGroup *group)
{
  const GError *reason = group->error;
  g_hash_table_insert (self->closed, group->mailbox, g_error_copy (reason));
  fail_all (self, group, reason);
  for (GList *at = self->ready.head, *next; at != NULL; at = next)
    {
      ImapStoreGroup *other = at->data;
      next = at->next;
      if (other->mailbox != group->mailbox)
        continue;
      fail_all (self, other, reason);
      imap_store_group_free (other);
      g_queue_delete_link (&self->ready, at);
    }
  if (self->open != NULL && self->open->mailbox == group->mailbox)
    {
      fail_all (self, self->open, reason);
      g_clear_pointer (&self->open, imap_store_group_free);
    }
}

/* @group goes again, before what waits. */
static void
send_again (ImapStore *self, ImapStoreGroup *group)
{
  group->over = group->lost = FALSE;
  g_clear_pointer (&group->uids, g_free);
  g_clear_error (&group->error);
  group->bytes = 0;
  for (guint i = 0; i < group->messages->len; i++)
    {
      ImapStoreMessage *message = group->messages->pdata[i];
      message->at = 0;
      group->bytes += message->size;
    }
  g_queue_push_head (&self->ready, group);
}

static void
halve (ImapStore *self, ImapStoreGroup *group)
{
  g_autoptr (GPtrArray) messages = steal_messages (group);
  guint middle = messages->len / 2;
  ImapStoreGroup *halves[2];
  for (guint half = 0; half < 2; half++)
    {
      guint from = half == 0 ? 0 : middle;
      guint to = half == 0 ? middle : messages->len;
      halves[half] = imap_store_group_new (self, group->mailbox);
      for (guint i = from; i < to; i++)
        imap_store_group_add (halves[half], messages->pdata[i]);
    }
  send_again (self, halves[1]);
  send_again (self, halves[0]);
  imap_store_group_free (group);
}

/* ---- folders ---- */

static void
on_created (HaulPath path, const GError *error, gpointer user_data)
{
  GError **failure = user_data;
  if (error != NULL && *failure == NULL)
    *failure = g_error_copy (error);
}

/* Makes the folder that the server misses, subscribed as any that a copy makes. */
static gboolean
create_mailbox (ImapStore *self, ImapStoreGroup *group, GError **error)
{
  g_autoptr (GError) failure = NULL;
  HaulFolder folder = HAUL_FOLDER_INIT;
  folder.path = (HaulPath) group->mailbox->path;
  folder.attributes = HAUL_FOLDER_SUBSCRIBED;
  g_hash_table_add (self->created, group->mailbox);
  /* Whatever the listing said, the server has it no more. */
  group->mailbox->listed = FALSE;
  if (!imap_create (self->session, &folder, 1, on_created, &failure, error))
    {
      imap_store_group_free (group);
      return FALSE;
    }
  if (failure == NULL)
    {
      send_again (self, group);
      return TRUE;
    }
  g_clear_error (&group->error);
  group->error = g_steal_pointer (&failure);
  close_mailbox (self, group);
  imap_store_group_free (group);
  return TRUE;
}

/* ---- repairs ---- */

/* Repairs that @message still could have. */
static guint
open_repairs (const ImapStoreMessage *message)
{
  const guint8 *body = imap_store_body (message);
  if (body == NULL || message->no_repair)
    return 0;
  guint found = imap_repair_find (body, message->size);
  /* As a binary literal NULs may stay. */
  return found & ~message->repairs;
}

/* The next repair: the first of @open that is not made yet. FALSE: nothing more can be
 * done. */
static gboolean
mend (ImapStore *self, ImapStoreMessage *message, guint open)
{
  const ImapWire *wire = imap_connection_wire (self->session->connection);
  guint kind = open & (~open + 1); /* the lowest bit */
  if (kind == IMAP_REPAIR_NUL && wire->binary && !message->literal8)
    {
      message->literal8 = TRUE;
      imap_store_add_note (message, "sent as binary data, as it holds NUL bytes");
      return TRUE;
    }
  message->literal8 = message->literal8 && kind != IMAP_REPAIR_NUL;
  if (kind == 0)
    {
      message->no_repair = TRUE;
      message->utf8 = FALSE;
      kind = IMAP_REPAIR_ENCLOSE;
    }
  g_autoptr (GError) ignored = NULL;
  return imap_store_repair (self, message, kind, &ignored);
}

static void
mend_group (ImapStore *self, ImapStoreGroup *group)
{
  ImapStoreMessage *message = group->messages->pdata[0];
  if (mend (self, message, open_repairs (message)))
    {
      send_again (self, group);
      return;
    }
  fail_all (self, group, group->error);
  imap_store_group_free (group);
}

/* ---- the decision ---- */

static gboolean
has_keywords (const ImapStoreMessage *message)
{
  for (guint i = 0; i < message->flags.now->len; i++)
    if (((const char *) message->flags.now->pdata[i])[0] != '\\')
      return TRUE;
  return FALSE;
}

static gboolean
is_held (const ImapStoreGroup *group)
{
  for (guint i = 0; i < group->messages->len; i++)
    {
      const ImapStoreMessage *message = group->messages->pdata[i];
      /* One that was refused before its body was asked for is as good as held. */
      if (imap_store_body (message) == NULL && message->at > 0)
        return FALSE;
    }
  return TRUE;
}

/* No byte of any body was asked for: then nothing can be stored. */
static gboolean
is_untouched (const ImapStoreGroup *group)
{
  return ((const ImapStoreMessage *) group->messages->pdata[0])->at == 0;
}

static ImapRefusal
make_refusal (ImapStore *self, const ImapStoreGroup *group)
{
  const ImapStoreMessage *first = group->messages->pdata[0];
  gboolean single = group->messages->len == 1;
  ImapRefusal refusal = {
    .error = group->error,
    .state = group->state,
    .code = group->code,
    .messages = group->messages->len,
    .atomic = self->session->quirks->multiappend_atomic || is_untouched (group),
    .held = is_held (group),
    .created = g_hash_table_contains (self->created, group->mailbox),
    /* At a second offer it has been waited for already. */
    .pauses = haul_item_attempt (first->item) > 1 ? G_MAXUINT : group->pauses,
    .keywords = single && has_keywords (first),
    .repairs = single ? open_repairs (first) : 0,
    .mended = single && first->no_repair,
  };
  return refusal;
}

/* The store ends with @reason; what has no result is looked for by the engine. */
static void
end_with (ImapStore *self, const GError *reason)
{
  if (self->error != NULL)
    return;
  self->error = g_error_copy (reason);
  haul_error_set_scope (self->error, MAX (haul_error_scope (reason), HAUL_SCOPE_SESSION));
}

/* Some of a batch may be stored. */
static void
end_to_look (ImapStore *self, ImapStoreGroup *group)
{
  g_autoptr (GError) reason = NULL;
  imap_store_remember (self, group->mailbox, CAREFUL_MESSAGES);
  (void) haul_error_set (&reason, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                         "%s; what of it is stored has to be looked for",
                         group->error->message);
  end_with (self, reason);
}

/* A message that is to be offered again: what is held of it then is decided then. */
static void
read_anew (ImapStore *self, ImapStoreGroup *group)
{
  g_autoptr (GPtrArray) messages = steal_messages (group);
  ImapStoreMessage *message = messages->pdata[0];
  for (guint i = 0; i < message->flags.now->len; i++)
    {
      const char *flag = message->flags.now->pdata[i];
      if (flag[0] != '\\')
        imap_mailbox_refuse_keyword (group->mailbox, flag);
    }
  haul_feed_again (self->feed, g_steal_pointer (&message->item));
  imap_store_message_free (message);
}

static void
pause_group (ImapStore *self, ImapStoreGroup *group, const ImapRefusal *refusal)
{
  gint64 pause_us = imap_refusal_pause_us (refusal, self->session->quirks->backoff_us);
  self->not_before_us = MAX (self->not_before_us, g_get_monotonic_time () + pause_us);
  group->pauses++;
  send_again (self, group);
}

gboolean
imap_store_refused (ImapStore *self, ImapStoreGroup *group, GError **error)
{
  ImapRefusal refusal = make_refusal (self, group);
  self->refused_in_row++;
  /* Whatever it was about, it was found without harm. */
  group->mailbox->careful = 0;
  /* The connection is lost for it, too: next time its body waits to be asked for. */
  if (imap_connection_error (self->session->connection) != NULL
      && (group->how == IMAP_TAGGED_POISON || group->how == IMAP_TAGGED_EARLY))
    imap_store_remember (self, group->mailbox, CAREFUL_MESSAGES);
  if (group->how == IMAP_TAGGED_POISON || self->error != NULL)
    {
      imap_store_group_free (group);
      return TRUE;
    }
  switch (imap_refusal_remedy (&refusal))
    {
    case IMAP_REMEDY_CREATE:
      return create_mailbox (self, group, error);
    case IMAP_REMEDY_PAUSE:
      pause_group (self, group, &refusal);
      return TRUE;
    case IMAP_REMEDY_HALVE:
      halve (self, group);
      return TRUE;
    case IMAP_REMEDY_PLAIN:
      (void) imap_flags_postpone_keywords (
          &((ImapStoreMessage *) group->messages->pdata[0])->flags);
      send_again (self, group);
      return TRUE;
    case IMAP_REMEDY_MEND:
      mend_group (self, group);
      return TRUE;
    case IMAP_REMEDY_FAIL:
      fail_all (self, group, group->error);
      break;
    case IMAP_REMEDY_CLOSE:
      close_mailbox (self, group);
      break;
    case IMAP_REMEDY_END:
      end_with (self, group->error);
      break;
    case IMAP_REMEDY_LOOK:
      end_to_look (self, group);
      break;
    case IMAP_REMEDY_READ_ANEW:
      read_anew (self, group);
      break;
    }
  imap_store_group_free (group);
  return TRUE;
}
