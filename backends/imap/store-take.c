/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes messages off the feed: decides what each APPEND will say, holds small bodies,
 * and gathers groups. Everything that can be refused without asking the server is refused
 * here. Belongs to the session's thread. */
#include "store.h"

#include <string.h>

#include "store-body.h"

void
imap_store_message_free (gpointer message)
{
  ImapStoreMessage *self = message;
  if (self == NULL)
    return;
  imap_store_release_body (self->store, self);
  g_clear_error (&self->broken);
  imap_flags_clear (&self->flags);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  g_free (self);
}

void
imap_store_release_body (ImapStore *self, ImapStoreMessage *message)
{
  if (message->body != NULL)
    self->held_bytes -= message->size;
  if (message->slab != NULL)
    imap_slabs_give (&self->slabs, g_steal_pointer (&message->slab));
  else
    g_free (message->body);
  message->body = NULL;
  g_clear_pointer (&message->mapped, g_mapped_file_unref);
}

const guint8 *
imap_store_body (const ImapStoreMessage *message)
{
  if (message->mapped != NULL)
    return (const guint8 *) g_mapped_file_get_contents (message->mapped);
  return message->body;
}

void
imap_store_add_note (ImapStoreMessage *message, const char *format, ...)
{
  va_list arguments;
  if (message->notes == NULL)
    message->notes = g_ptr_array_new_with_free_func (g_free);
  va_start (arguments, format);
  g_ptr_array_add (message->notes, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

/* ---- groups ---- */

ImapStoreGroup *
imap_store_group_new (ImapStore *self, ImapMailbox *mailbox)
{
  ImapStoreGroup *group = g_new0 (ImapStoreGroup, 1);
  group->store = self;
  group->mailbox = mailbox;
  group->messages = g_ptr_array_new_with_free_func (imap_store_message_free);
  return group;
}

void
imap_store_group_add (ImapStoreGroup *group, ImapStoreMessage *message)
{
  g_ptr_array_add (group->messages, message);
  group->bytes += message->size;
}

void
imap_store_group_free (gpointer group)
{
  ImapStoreGroup *self = group;
  if (self == NULL)
    return;
  if (self->probe)
    self->store->probing = FALSE;
  g_ptr_array_unref (self->messages);
  g_free (self->uids);
  g_clear_error (&self->error);
  g_free (self);
}

void
imap_store_close_group (ImapStore *self)
{
  if (self->open != NULL)
    g_queue_push_tail (&self->ready, g_steal_pointer (&self->open));
}

static ImapBatchLimits
batch_limits (const ImapStore *self)
{
  const ImapQuirks *quirks = self->session->quirks;
  ImapBatchLimits limits = { 1, 0 };
  if (!imap_connection_wire (self->session->connection)->multiappend)
    return limits;
  limits.messages = MAX (quirks->multiappend_max_messages, 1);
  /* Four of them fit into what is held: the network is never without work. */
  limits.bytes = MIN (quirks->multiappend_max_bytes, IMAP_STORE_HOLD_BYTES / 4);
  return limits;
}

/* Whether nothing is known yet of how the server takes such a message: it goes by itself,
 * waiting for "+", and nothing is taken until its answer. A BAD then comes before its
 * body, and nothing is read as commands (imap.md rule 1). */
static gboolean
must_probe (const ImapStore *self, const ImapStoreMessage *message)
{
  const ImapSession *session = self->session;
  if (imap_connection_wire (session->connection)->literals == IMAP_LITERALS_SYNC)
    return FALSE;
  return (!session->keywords_proven && imap_flags_has_keywords (&message->flags))
         || (!message->mailbox->appended && !session->quirks->swallows_refused_literals);
}

static void
gather (ImapStore *self, ImapStoreMessage *message)
{
  ImapBatchLimits limits = batch_limits (self);
  gboolean probe = must_probe (self, message);
  gboolean wait = probe || message->mailbox->careful > 0;
  gboolean alone = wait || limits.messages == 1 || message->body == NULL;
  if (message->mailbox->careful > 0)
    message->mailbox->careful--;
  if (self->open != NULL
      && (alone || self->open->mailbox != message->mailbox
          || !imap_batch_has_room (&limits, self->open->messages->len, self->open->bytes,
                                   message->size)))
    imap_store_close_group (self);
  if (self->open == NULL)
    self->open = imap_store_group_new (self, message->mailbox);
  imap_store_group_add (self->open, message);
  self->open->wait = wait;
  self->open->probe = probe;
  self->probing = self->probing || probe;
  if (alone || self->open->messages->len >= limits.messages)
    imap_store_close_group (self);
}

/* ---- one message ---- */

static char *
describe (const ImapStore *self, const ImapStoreMessage *message)
{
  g_autofree char *folder = haul_path_to_text ((HaulPath) message->mailbox->path);
  return g_strdup_printf ("append to \"%s\" at %s", folder, self->session->peer);
}

/* Fails @message for a reason of our own. Always FALSE. */
static gboolean
refuse (ImapStore *self, ImapStoreMessage *message, HaulErrorCode code, const char *why)
{
  g_autofree char *what = describe (self, message);
  g_autoptr (GError) reason = NULL;
  (void) haul_error_set (&reason, code, HAUL_SCOPE_MESSAGE, "%s: %s", what, why);
  imap_store_fail (self, message, reason);
  return FALSE;
}

static void
plan_date (ImapStore *self, ImapStoreMessage *message)
{
  ImapDateSpan span = { self->session->quirks->dates_min_s,
                        self->session->quirks->dates_max_s, self->date_now_s,
                        self->session->quirks->dates_ahead_s };
  gint32 zone = 0;
  message->has_date = haul_item_date (message->item, &message->date, &zone);
  message->zone_minutes = zone;
  if (!message->has_date)
    return;
  switch (imap_date_clamp (&span, &message->date, &message->zone_minutes))
    {
    case IMAP_DATE_KEPT:
      break;
    case IMAP_DATE_EARLY:
      imap_store_add_note (message, "date moved: the server keeps none before 1970%s",
                           span.min_s > 0 ? ", nor its first second" : "");
      break;
    case IMAP_DATE_LATE:
      imap_store_add_note (message, "date moved: it lies in the future, which servers do "
                                    "not keep");
      break;
    }
}

/* Nothing is known against any flag. */
static void
assume_all (ImapMailbox *mailbox)
{
  if (mailbox->keywords == NULL)
    mailbox->keywords = g_new0 (char *, 1);
  mailbox->any_keyword = mailbox->flags_known = TRUE;
  mailbox->permanent = HAUL_FLAGS_ALL;
}

/* Learns what the folder permits, once, and only if there are keywords. */
static gboolean
learn_flags (ImapStore *self, ImapStoreMessage *message, GError **error)
{
  ImapMailbox *mailbox = message->mailbox;
  ImapFlagRules rules = imap_flag_rules (self->session, mailbox);
  GError *local = NULL;
  if (!imap_flags_need_select (&rules, haul_item_keywords (message->item)))
    return TRUE;
  /* What one folder of the account takes the others take, too; a round trip for each
   * would be the price of being wrong where a refusal tells as well. */
  if (self->session->any_keyword)
    {
      assume_all (mailbox);
      return TRUE;
    }
  if (imap_session_select (self->session, mailbox, TRUE, &local)
      && imap_session_unselect (self->session, &local))
    {
      /* A server that says nothing at all permits all (RFC 3501 §7.1). */
      if (!mailbox->flags_known && mailbox->keywords == NULL)
        assume_all (mailbox);
      mailbox->flags_known = TRUE;
      self->session->any_keyword = mailbox->any_keyword;
      return TRUE;
    }
  if (haul_error_scope (local) >= HAUL_SCOPE_SESSION)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  /* A folder that takes messages but cannot be opened (ACL "i" without "r"): send the
   * keywords, and see. */
  g_error_free (local);
  assume_all (mailbox);
  return TRUE;
}

static void
plan_flags (ImapStore *self, ImapStoreMessage *message)
{
  ImapFlagRules rules = imap_flag_rules (self->session, message->mailbox);
  imap_flags_plan (&rules, haul_item_flags (message->item),
                   haul_item_keywords (message->item), &message->flags);
  for (guint i = 0; i < message->flags.dropped->len; i++)
    {
      const char *flag = message->flags.dropped->pdata[i];
      imap_store_add_note (message, "%s \"%s\" is not kept there",
                           flag[0] == '\\' ? "flag" : "keyword", flag);
    }
}

static gboolean
check_size (ImapStore *self, ImapStoreMessage *message)
{
  guint64 limit = message->mailbox->append_limit > 0 ? message->mailbox->append_limit
                                                     : self->session->append_limit;
  g_autofree char *why = NULL;
  if (message->size == 0)
    return refuse (self, message, HAUL_ERROR_REJECTED,
                   "the message is empty, and IMAP has no empty messages");
  if (message->size == HAUL_SIZE_UNKNOWN)
    return refuse (self, message, HAUL_ERROR_INTERNAL, "the size is not known");
  if (limit == 0 || message->size <= limit)
    return TRUE;
  why = g_strdup_printf ("the message has %" G_GUINT64_FORMAT
                         " bytes, the server takes %" G_GUINT64_FORMAT,
                         message->size, limit);
  return refuse (self, message, HAUL_ERROR_TOO_BIG, why);
}

/* Brings the body into memory if that is where it belongs. FALSE: the message failed. */
static gboolean
hold (ImapStore *self, ImapStoreMessage *message)
{
  gboolean small = message->size <= IMAP_STORE_HOLD_ONE_BYTES;
  g_autoptr (GError) reason = NULL;
  if (small && haul_item_is_whole (message->item))
    {
      message->body = imap_slabs_take (&self->slabs, message->size, &message->slab);
      self->held_bytes += message->size;
      (void) imap_store_read_body (message->item, message->size, message->body, &reason);
    }
  else if (haul_item_attempt (message->item) > 1)
    /* It was refused before; this time it can be mended. */
    message->mapped = imap_store_spool_body (message->item, message->size, &reason);
  if (reason == NULL)
    return TRUE;
  imap_store_fail (self, message, reason);
  return FALSE;
}

void
imap_store_note_changes (ImapStoreMessage *message, guint found)
{
  for (guint bit = IMAP_ALTER_CR; bit <= IMAP_ALTER_LAST; bit <<= 1)
    if ((found & bit) != 0)
      imap_store_add_note (message, "%s", imap_alter_text ((ImapAlter) bit));
}

/* What is known to be needed here needs no refusal. */
static void
prepare (ImapStore *self, ImapStoreMessage *message)
{
  const guint8 *body = imap_store_body (message);
  if (body == NULL)
    return;
  if (self->session->quirks->needs_final_crlf
      && (imap_repair_find (body, message->size) & IMAP_REPAIR_FINAL) != 0)
    (void) imap_store_repair (self, message, IMAP_REPAIR_FINAL, NULL);
  if (imap_connection_wire (self->session->connection)->utf8)
    message->utf8 = imap_repair_has_utf8_header (imap_store_body (message),
                                                 message->size);
  imap_store_note_changes (
      message,
      imap_alter_find (self->session->quirks, imap_store_body (message), message->size));
}

/* Whether @mailbox takes no more; then @message has failed. */
static gboolean
is_closed (ImapStore *self, ImapStoreMessage *message)
{
  const GError *closed = g_hash_table_lookup (self->closed, message->mailbox);
  if (closed == NULL)
    return FALSE;
  imap_store_fail (self, message, closed);
  return TRUE;
}

/* One message off the feed. FALSE: the session is lost. */
static gboolean
admit (ImapStore *self, HaulItem *item, GError **error)
{
  g_autoptr (GError) reason = NULL;
  ImapStoreMessage *message = g_new0 (ImapStoreMessage, 1);
  message->store = self;
  message->item = item;
  message->size = haul_item_size (item);
  message->mailbox = imap_session_mailbox (self->session, haul_item_folder (item),
                                           &reason);
  if (message->mailbox == NULL)
    {
      imap_store_fail (self, message, reason);
      return TRUE;
    }
  if (is_closed (self, message))
    return TRUE;
  if (!imap_store_learn_limit (self, message->mailbox, error)
      || !learn_flags (self, message, error))
    {
      imap_store_message_free (message);
      return FALSE;
    }
  if (!check_size (self, message) || !hold (self, message))
    return TRUE;
  plan_date (self, message);
  plan_flags (self, message);
  prepare (self, message);
  gather (self, message);
  return TRUE;
}

/* Whether a body is being handed over that is still arriving: nothing can be behind it.
 */
static gboolean
is_streaming (const ImapStore *self)
{
  const ImapStoreGroup *last = g_queue_peek_tail ((GQueue *) &self->ready);
  if (last == NULL)
    last = g_queue_peek_tail ((GQueue *) &self->flights);
  if (last == NULL || last->over || last->messages->len == 0)
    return FALSE;
  const ImapStoreMessage *message = last->messages->pdata[0];
  return imap_store_body (message) == NULL && message->at < message->size;
}

gboolean
imap_store_take (ImapStore *self, gboolean wait, GError **error)
{
  ImapBatchLimits limits = batch_limits (self);
  self->quiet = FALSE;
  while (!self->ended && !self->probing && self->error == NULL && !is_streaming (self)
         && self->held_bytes < IMAP_STORE_HOLD_BYTES)
    {
      HaulItem *item = NULL;
      HaulFeedResult result = haul_feed_next (self->feed, wait, &item);
      wait = FALSE;
      if (result == HAUL_FEED_END)
        self->ended = TRUE;
      if (result == HAUL_FEED_PENDING)
        self->quiet = TRUE;
      if (result != HAUL_FEED_ITEM)
        break;
      if (!admit (self, item, error))
        return FALSE;
    }
  /* What is unanswered leaves time to gather more; what is nothing does not. */
  if (self->open != NULL
      && (!self->quiet || g_queue_is_empty (&self->flights)
          || imap_batch_is_ripe (&limits, self->open->messages->len, self->open->bytes)))
    imap_store_close_group (self);
  return TRUE;
}
