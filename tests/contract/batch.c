/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plan, sink and feed of the contract suite: the same functions that the engine offers to
 * a backend, over lists in memory, with each rule of mailhaul/batch.h as an assertion.
 * The program exports them, so that loaded plugins find these first. One thread per feed.
 */
#include "batch.h"

#include <string.h>

/* An odd size, so that buffers never end where lines or blocks do. */
#define BUFFER_BYTES     4093
#define NOTE_LIMIT_BYTES 65536

struct _HaulPlan
{
  GPtrArray *fetched; /* of Fetched */
  guint next;
  HaulLines lines;
};

struct _HaulSink
{
  HaulPlan *plan;
  Fetched *open; /* begun and not ended */
  guint64 announced;
  guint8 buffer[BUFFER_BYTES];
  gboolean lent;
};

struct _HaulItem
{
  HaulFeed *feed;
  Mail *mail;
  guint attempt;
  gsize at;
  gboolean paused;
  gboolean failed; /* its reader was told that the source broke off */
  gboolean over;   /* has its result */
};

struct _HaulFeed
{
  GPtrArray *items; /* of HaulItem */
  guint next;
  guint since_pending;
  FeedRules rules;
  GMainContext *context;
};

/* ---- mails ---- */

void
mail_free (Mail *mail)
{
  if (mail == NULL)
    return;
  g_strfreev (mail->folder);
  g_strfreev (mail->keywords);
  g_bytes_unref (mail->body);
  g_clear_pointer (&mail->key, g_bytes_unref);
  g_clear_error (&mail->error);
  g_free (mail->note);
  g_free (mail);
}

void
fetched_free (Fetched *fetched)
{
  if (fetched == NULL)
    return;
  g_bytes_unref (fetched->key);
  g_byte_array_unref (fetched->body);
  g_clear_error (&fetched->error);
  g_free (fetched);
}

/* ---- plan and sink ---- */

HaulPlan *
plan_for (GPtrArray *keys, HaulLines lines)
{
  HaulPlan *plan = g_new0 (HaulPlan, 1);
  guint i;

  plan->lines = lines;
  plan->fetched = g_ptr_array_new_with_free_func ((GDestroyNotify) fetched_free);
  for (i = 0; i < keys->len; i++)
    {
      Fetched *fetched = g_new0 (Fetched, 1);

      fetched->key = g_bytes_ref (g_ptr_array_index (keys, i));
      fetched->body = g_byte_array_new ();
      g_ptr_array_add (plan->fetched, fetched);
    }
  return plan;
}

HaulSink *
sink_for (HaulPlan *plan)
{
  HaulSink *sink = g_new0 (HaulSink, 1);

  sink->plan = plan;
  return sink;
}

GPtrArray *
sink_end (HaulPlan *plan, HaulSink *sink, gboolean complete)
{
  GPtrArray *fetched = g_steal_pointer (&plan->fetched);
  guint i;

  if (complete)
    {
      g_assert_null (sink->open);
      g_assert_cmpuint (plan->next, ==, fetched->len);
    }
  for (i = 0; complete && i < fetched->len; i++)
    {
      const Fetched *one = g_ptr_array_index (fetched, i);

      g_assert_true (one->ended || one->error != NULL);
    }
  g_free (sink);
  g_free (plan);
  return fetched;
}

HAUL_API gboolean
haul_plan_next (HaulPlan *plan, HaulPlanItem *out_item)
{
  const Fetched *fetched;
  gsize length = 0;

  if (plan->next == plan->fetched->len)
    return FALSE;
  fetched = g_ptr_array_index (plan->fetched, plan->next++);
  out_item->key.data = g_bytes_get_data (fetched->key, &length);
  out_item->key.length = length;
  out_item->size_bytes = HAUL_SIZE_UNKNOWN;
  return TRUE;
}

HAUL_API HaulLines
haul_plan_lines (HaulPlan *plan)
{
  return plan->lines;
}

/* planned: the message of that key that was taken off the plan and has no end yet. */
static Fetched *
planned (HaulSink *sink, HaulBytes key)
{
  g_autoptr (GBytes) bytes = g_bytes_new (key.data, key.length);
  guint i;

  for (i = 0; i < sink->plan->next; i++)
    {
      Fetched *fetched = g_ptr_array_index (sink->plan->fetched, i);

      if (!fetched->ended && fetched->error == NULL
          && g_bytes_equal (fetched->key, bytes))
        return fetched;
    }
  g_test_message ("a message was begun or failed that was not planned, or was over");
  g_assert_not_reached ();
}

HAUL_API gboolean
haul_sink_begin (HaulSink *sink, HaulBytes key, HaulLines lines, guint64 size_bytes,
                 GError **error)
{
  g_assert_null (sink->open);
  g_assert_true (lines == HAUL_LINES_CRLF || sink->plan->lines == HAUL_LINES_ANY);
  sink->open = planned (sink, key);
  sink->open->lines = lines;
  sink->announced = size_bytes;
  return TRUE;
}

HAUL_API gboolean
haul_sink_write (HaulSink *sink, const void *data, gsize length, GError **error)
{
  g_assert_nonnull (sink->open);
  g_byte_array_append (sink->open->body, data, (guint) length);
  if (sink->announced != HAUL_SIZE_UNKNOWN)
    g_assert_cmpuint (sink->open->body->len, <=, sink->announced);
  return TRUE;
}

HAUL_API guint8 *
haul_sink_buffer (HaulSink *sink, gsize *out_length, GError **error)
{
  g_assert_nonnull (sink->open);
  sink->lent = TRUE;
  *out_length = BUFFER_BYTES;
  return sink->buffer;
}

HAUL_API gboolean
haul_sink_commit (HaulSink *sink, gsize length, GError **error)
{
  g_assert_true (sink->lent);
  g_assert_cmpuint (length, <=, BUFFER_BYTES);
  sink->lent = FALSE;
  return haul_sink_write (sink, sink->buffer, length, error);
}

HAUL_API gboolean
haul_sink_end (HaulSink *sink, GError **error)
{
  g_assert_nonnull (sink->open);
  if (sink->announced != HAUL_SIZE_UNKNOWN)
    g_assert_cmpuint (sink->open->body->len, ==, sink->announced);
  sink->open->ended = TRUE;
  sink->open = NULL;
  return TRUE;
}

HAUL_API gboolean
haul_sink_fail (HaulSink *sink, HaulBytes key, GError *reason, GError **error)
{
  Fetched *fetched = planned (sink, key);

  g_assert_nonnull (reason);
  if (sink->open != NULL)
    g_assert_true (sink->open == fetched);
  fetched->error = reason;
  sink->open = NULL;
  return TRUE;
}

HAUL_API gsize
haul_sink_room (HaulSink *sink)
{
  return BUFFER_BYTES;
}

/* ---- feed ---- */

HaulFeed *
feed_for (GPtrArray *mails, const FeedRules *rules, const Mail *only, guint attempt)
{
  HaulFeed *feed = g_new0 (HaulFeed, 1);
  guint i;

  feed->rules = *rules;
  feed->items = g_ptr_array_new_with_free_func (g_free);
  for (i = 0; i < mails->len; i++)
    {
      Mail *mail = g_ptr_array_index (mails, i);
      HaulItem *item;

      if (only != NULL ? mail != only : mail->outcome != MAIL_OPEN)
        continue;
      item = g_new0 (HaulItem, 1);
      mail->outcome = MAIL_OPEN;
      item->feed = feed;
      item->mail = mail;
      item->attempt = attempt;
      g_ptr_array_add (feed->items, item);
    }
  return feed;
}

void
feed_end (HaulFeed *feed, gboolean complete)
{
  guint i;

  for (i = 0; complete && i < feed->items->len; i++)
    g_assert_true (((HaulItem *) g_ptr_array_index (feed->items, i))->over);
  g_ptr_array_unref (feed->items);
  g_free (feed);
}

/* not_yet: a call that may not wait is told to come again, and its context is woken. */
static void
not_yet (HaulFeed *feed)
{
  if (feed->context != NULL)
    g_main_context_wakeup (feed->context);
}

HAUL_API HaulFeedResult
haul_feed_next (HaulFeed *feed, gboolean wait, HaulItem **out_item)
{
  gboolean pause = feed->rules.pending_every > 0
                   && feed->since_pending == feed->rules.pending_every;

  if (pause)
    feed->since_pending = 0;
  if (pause && !wait)
    {
      not_yet (feed);
      return HAUL_FEED_PENDING;
    }
  if (feed->next == feed->items->len)
    return HAUL_FEED_END;
  feed->since_pending++;
  *out_item = g_ptr_array_index (feed->items, feed->next++);
  return HAUL_FEED_ITEM;
}

HAUL_API void
haul_feed_set_context (HaulFeed *feed, GMainContext *context)
{
  feed->context = context;
}

/* item_over: the result of an item, which may come only once. */
static Mail *
item_over (HaulFeed *feed, HaulItem *item, MailOutcome outcome)
{
  g_assert_true (item->feed == feed);
  g_assert_false (item->over);
  item->over = TRUE;
  item->mail->outcome = outcome;
  return item->mail;
}

HAUL_API void
haul_feed_done (HaulFeed *feed, HaulItem *item, const HaulReceipt *receipt)
{
  Mail *mail;

  g_assert_false (item->failed);
  g_assert_cmpuint (item->at, ==, g_bytes_get_size (item->mail->body));
  mail = item_over (feed, item, MAIL_DONE);
  g_clear_pointer (&mail->key, g_bytes_unref);
  mail->noted = receipt->note != NULL;
  g_free (mail->note);
  mail->note = g_strdup (receipt->note);
  if (receipt->key.length > 0)
    mail->key = g_bytes_new (receipt->key.data, receipt->key.length);
}

HAUL_API void
haul_feed_fail (HaulFeed *feed, HaulItem *item, GError *reason)
{
  Mail *mail = item_over (feed, item, MAIL_FAILED);

  g_assert_nonnull (reason);
  g_clear_error (&mail->error);
  mail->error = reason;
}

HAUL_API void
haul_feed_again (HaulFeed *feed, HaulItem *item)
{
  item_over (feed, item, MAIL_AGAIN);
}

HAUL_API gboolean
haul_feed_note (HaulFeed *feed, HaulPath folder, HaulBytes data, GError **error)
{
  g_assert_nonnull (folder);
  g_assert_cmpuint (data.length, <=, NOTE_LIMIT_BYTES);
  return TRUE;
}

HAUL_API HaulPath
haul_item_folder (const HaulItem *item)
{
  return (HaulPath) item->mail->folder;
}

HAUL_API HaulLines
haul_item_lines (const HaulItem *item)
{
  return item->mail->lines;
}

HAUL_API guint64
haul_item_size (const HaulItem *item)
{
  return item->feed->rules.hide_size ? HAUL_SIZE_UNKNOWN
                                     : g_bytes_get_size (item->mail->body);
}

HAUL_API guint32
haul_item_flags (const HaulItem *item)
{
  return item->mail->flags;
}

HAUL_API const char *const *
haul_item_keywords (const HaulItem *item)
{
  static const char *const none[] = { NULL };

  return item->mail->keywords != NULL ? (const char *const *) item->mail->keywords : none;
}

HAUL_API gboolean
haul_item_date (const HaulItem *item, gint64 *out_unix, gint32 *out_zone_minutes)
{
  if (!item->mail->has_date)
    return FALSE;
  *out_unix = item->mail->date_unix;
  if (out_zone_minutes != NULL)
    *out_zone_minutes = 0;
  return TRUE;
}

HAUL_API const guint8 *
haul_item_delivery_id (const HaulItem *item)
{
  return item->mail->delivery_id;
}

HAUL_API guint
haul_item_attempt (const HaulItem *item)
{
  return item->attempt;
}

HAUL_API gboolean
haul_item_is_whole (const HaulItem *item)
{
  return item->mail->break_at == G_MAXSIZE && !item->feed->rules.slow_reads;
}

/* pause_read: PENDING once before each piece, if the rules want it. */
static gboolean
pause_read (HaulItem *item, gboolean wait)
{
  item->paused = item->feed->rules.slow_reads && !wait && !item->paused;
  if (item->paused)
    not_yet (item->feed);
  return item->paused;
}

static gboolean
is_cancel_point (const HaulItem *item)
{
  const HaulFeed *feed = item->feed;

  return feed->rules.cancellable != NULL
         && g_ptr_array_index (feed->items, feed->rules.cancel_at) == item;
}

HAUL_API HaulReadResult
haul_item_read (HaulItem *item, gboolean wait, HaulBytes *out_span, GError **error)
{
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (item->mail->body, &length);
  gsize end = MIN (length, item->mail->break_at);
  gsize piece = item->feed->rules.piece_bytes;

  g_assert_false (item->over);
  if (pause_read (item, wait))
    return HAUL_READ_PENDING;
  if (item->at == end && end < length)
    {
      item->failed = TRUE;
      haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_MESSAGE,
                      "read a body: the source broke off");
      return HAUL_READ_FAILED;
    }
  if (item->at == end)
    return HAUL_READ_END;
  piece = piece > 0 ? MIN (piece, end - item->at) : end - item->at;
  *out_span = (HaulBytes){ data + item->at, piece };
  item->at += piece;
  if (item->at > length / 2 && is_cancel_point (item))
    g_cancellable_cancel (item->feed->rules.cancellable);
  return HAUL_READ_DATA;
}
