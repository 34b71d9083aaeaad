/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copying one folder's plan: items out of records, intents before the window leaves,
 * receipts after the durable answer. The first half runs on the lane's thread (sink), the
 * second on the destination's (feed); what both touch is atomic or waits for a barrier.
 */
#include "engine/lane.h"

#include "engine/retry.h"
#include "engine/sink.h"
#include "model/keywords.h"

/* RECEIPTS_BATCH, RECEIPTS_US: receipts are committed together, but never held long. */
#define RECEIPTS_BATCH 256
#define RECEIPTS_US    (500 * 1000)
/* RECEIPTS_IDLE: so few are not worth a transaction while the reader only waits a moment.
 */
#define RECEIPTS_IDLE 32
/* NOTES_MAX, NOTE_LINES_MAX: different notes of one folder, and lines of one receipt:
 * more nobody reads. */
#define NOTES_MAX      200
#define NOTE_LINES_MAX 64
/* NOTE_BYTES_MAX: of one receipt's note that the state keeps. */
#define NOTE_BYTES_MAX 1000

static void
add_progress (Account *account, guint64 messages, guint64 bytes)
{
  __atomic_fetch_add (&account->progress->done_messages, messages, __ATOMIC_RELAXED);
  __atomic_fetch_add (&account->progress->done_bytes, bytes, __ATOMIC_RELAXED);
}

/* ---- lane's thread: plan and sink ---- */

static gboolean
plan_next (gpointer user_data, HaulPlanItem *out_item, guint *out_index)
{
  Pass *self = user_data;
  if (self->plan_at >= self->plan->len || g_atomic_int_get (&self->stop_storing)
      || lane_should_stop (self->lane))
    return FALSE;
  guint index = g_array_index (self->plan, guint, self->plan_at++);
  out_item->key = records_key (self->records, index);
  out_item->size_bytes = records_get (self->records, index)->size_bytes;
  *out_index = index;
  return TRUE;
}

static HaulItem *
on_begin (guint index, gpointer user_data, GError **error)
{
  Pass *self = user_data;
  const Record *record = records_get (self->records, index);
  const Override *override = g_hash_table_lookup (self->overrides,
                                                  GUINT_TO_POINTER (index + 1));
  gboolean flags_changed = override != NULL && override->flags_changed;
  gboolean date_changed = override != NULL && override->date_changed;

  HaulItem *item = item_new ();
  item->owner = self;
  item->index = index;
  item->key = records_key (self->records, index);
  item->folder = (HaulPath) self->pair->destination_path;
  item->flags = flags_changed ? override->flags : record->flags;
  item->keywords = keywords_split (
      flags_changed ? override->keywords : records_keywords (self->records, record));
  item->has_date = date_changed || (record->known & HAUL_RECORD_DATE) != 0;
  item->date_unix = date_changed ? override->date_unix : record->date_unix;
  item->zone_minutes = record->zone_minutes;
  item->attempt = self->attempt;
  pass_delivery_id (self, item->key, item->delivery_id);
  return item;
}

static Transform *
transform_item (Pass *self, const HaulItem *item, Spool *spool, GError **error)
{
  HaulMessage view = { .folder = (HaulPath) self->pair->source->path,
                       .size_bytes = item->size_bytes,
                       .flags = item->flags,
                       .keywords = (const char *const *) item->keywords,
                       .date_unix = item->date_unix,
                       .has_date = item->has_date,
                       .now_unix = self->lane->account->now_unix };
  return filter_chain_transform (self->lane->account->chain, &view, spool, error);
}

static Transform *
on_transform (HaulItem *item, Spool *spool, gpointer user_data, GError **error)
{
  return transform_item (user_data, item, spool, error);
}

Transform *
pass_preview (Pass *self, guint index, guint64 size_bytes)
{
  HaulItem *item = on_begin (index, self, NULL);
  item->size_bytes = size_bytes;
  Transform *transform = transform_item (self, item, NULL, NULL);
  item_free (item);
  return transform;
}

static void
on_skipped (guint index, const Identity *identity, const char *reason, gpointer user_data)
{
  Pass *self = user_data;
  pass_skip_read (self, index, identity, reason);
  add_progress (self->lane->account, 1, 0);
}

static gboolean
on_commit (HaulItem *const *items, guint count, gpointer user_data, GError **error)
{
  Pass *self = user_data;
  g_autofree StateMessage *rows = g_new0 (StateMessage, count);
  g_autofree const StateMessage **pointers = g_new (const StateMessage *, count);
  for (guint i = 0; i < count; i++)
    {
      const Record *record = records_get (self->records, items[i]->index);
      rows[i].source_key = items[i]->key;
      rows[i].outcome = STATE_INTENT;
      rows[i].flags = record->flags;
      rows[i].keywords = records_keywords (self->records, record);
      rows[i].date_unix = record->date_unix;
      rows[i].identity = items[i]->identity;
      rows[i].delivered = items[i]->delivered;
      pointers[i] = &rows[i];
    }
  return state_write (self->lane->account->state, self->row->id, pointers, count, FALSE,
                      error);
}

static void
on_source_failed (guint index, GError *reason, gpointer user_data)
{
  Pass *self = user_data;
  if (g_error_matches (reason, HAUL_ERROR, HAUL_ERROR_GONE))
    {
      self->ledger.gone++;
      records_get (self->records, index)->tag = RECORD_GONE;
      add_progress (self->lane->account, 1, 0);
      g_error_free (reason);
      return;
    }
  StoredFailure *failure = g_new0 (StoredFailure, 1);
  failure->index = index;
  failure->reason = reason;
  g_ptr_array_add (self->source_failures, failure);
}

static void
on_pace (gsize bytes, gpointer user_data)
{
  Pass *self = user_data;
  gint64 wait_us = pace_take (self->lane->account->pace, bytes, g_get_monotonic_time ());
  if (wait_us > 0)
    lane_wait (self->lane, wait_us);
}

/* What a session that broke leaves behind for the message at which it did. */
static gboolean
is_loss (const GError *reason)
{
  return g_error_matches (reason, HAUL_ERROR, HAUL_ERROR_NETWORK)
         || g_error_matches (reason, HAUL_ERROR, HAUL_ERROR_TIMEOUT)
         || g_error_matches (reason, HAUL_ERROR, HAUL_ERROR_PROTOCOL);
}

/* One fetch of what the plan holds. */
static gboolean
fetch_once (Pass *self, GArray *unread, GError **error)
{
  Lane *lane = self->lane;
  SinkHooks hooks = { .begin = on_begin,
                      .commit = on_commit,
                      .failed = on_source_failed,
                      .skipped = on_skipped };
  guint32 caps = destination_caps (lane->destination);
  gboolean transforms = filter_chain_transforms (lane->account->chain);
  HaulLines lines = (caps & HAUL_CAP_ANY_LINES) && !transforms ? HAUL_LINES_ANY
                                                               : HAUL_LINES_CRLF;
  SinkTarget target = { .pipe = destination_pipe (lane->destination),
                        .needs_size = (caps & HAUL_CAP_NEEDS_SIZE) != 0 };
  GError *local = NULL;
  if (transforms)
    hooks.transform = on_transform;
  if (lane->account->pace->rate_bytes > 0)
    hooks.pace = on_pace;

  HaulPlan *plan = plan_new (lines, plan_next, self);
  HaulSink *sink = sink_new (plan, &target, &hooks, self);
  gboolean ok = session_fetch (lane->source, plan, sink, &local)
                && sink_flush (sink, &local);
  if (!pass_write_skipped (self, ok ? &local : NULL))
    ok = FALSE;
  /* What came whole before the source broke off is worth keeping. */
  if (!ok && local->domain == HAUL_ERROR)
    sink_salvage (sink);
  sink_free (sink, local, unread);
  plan_free (plan);
  if (!ok)
    g_propagate_error (error, local);
  return ok;
}

/* A message that the source neither gave nor refused, though the fetch succeeded. */
static gboolean
fail_unread (Pass *self, GArray *unread, GError **error)
{
  for (guint i = 0; i < unread->len; i++)
    {
      GError *reason = NULL;
      (void) haul_error_set (&reason, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_MESSAGE,
                             "read message: the source listed it and did not deliver it");
      if (!pass_fail (self, g_array_index (unread, guint, i), reason, NULL, error))
        return FALSE;
    }
  return TRUE;
}

/* Messages that the source could not read: once more where that may help, else failed. */
static gboolean
judge_source_failures (Pass *self, GArray *retry, GError **error)
{
  for (guint i = 0; i < self->source_failures->len; i++)
    {
      StoredFailure *failure = self->source_failures->pdata[i];
      RetryDecision decision = retry_decide (failure->reason, self->attempt, 0,
                                             self->lane->account->retry_unit_us);
      if (decision.action == RETRY_AGAIN_MESSAGE)
        g_array_append_val (retry, failure->index);
      else if (!pass_fail (self, failure->index, g_steal_pointer (&failure->reason), NULL,
                           error))
        return FALSE;
    }
  g_ptr_array_set_size (self->source_failures, 0);
  return TRUE;
}

guint
pass_company (const Pass *self, guint index)
{
  if (self->breakers == NULL || *self->breakers == NULL)
    return 0;
  return breakers_company (*self->breakers, records_key (self->records, index));
}

static gint
by_trust (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint first = pass_company (user_data, *(const guint *) a);
  guint second = pass_company (user_data, *(const guint *) b);
  return first > second ? -1 : first < second;
}

void
pass_sort_breaking (Pass *self)
{
  g_array_sort_with_data (self->breaking, by_trust, self);
}

/* The destination broke off, and the fetch with it. */
static gboolean
is_destination_broken (Pass *self)
{
  return !pipe_push (destination_pipe (self->lane->destination), NULL, 0, NULL);
}

/* The session broke in a fetch of @asked messages: those that the source names are read
 * in smaller company next time. */
static void
blame (Pass *self, guint asked)
{
  GPtrArray *failures = self->source_failures;
  guint count = 0;
  if (is_destination_broken (self))
    g_ptr_array_set_size (failures, 0);
  for (guint i = 0; i < failures->len; i++)
    {
      const StoredFailure *failure = failures->pdata[i];
      count += is_loss (failure->reason) ? 1 : 0;
    }
  for (guint i = 0; self->breakers != NULL && i < failures->len; i++)
    {
      const StoredFailure *failure = failures->pdata[i];
      if (!is_loss (failure->reason))
        continue;
      if (*self->breakers == NULL)
        *self->breakers = breakers_new ();
      breakers_blame (*self->breakers, records_key (self->records, failure->index), count,
                      asked == 1, failure->reason);
      self->narrowed = TRUE;
    }
  g_ptr_array_set_size (failures, 0);
}

/* Fetches what is in the plan. */
static gboolean
copy_plan (Pass *self, guint attempt, GError **error)
{
  for (gboolean first = TRUE;; first = FALSE)
    {
      g_autoptr (GArray) unread = g_array_new (FALSE, FALSE, sizeof (guint));
      g_autoptr (GArray) retry = g_array_new (FALSE, FALSE, sizeof (guint));
      self->attempt = attempt;
      guint asked = self->plan->len - self->plan_at;
      if (!fetch_once (self, unread, error))
        {
          blame (self, asked);
          return FALSE;
        }
      /* What was owed is asked for once more, by itself, before it counts as failed. */
      if (first)
        g_array_append_vals (retry, unread->data, unread->len);
      else if (!fail_unread (self, unread, error))
        return FALSE;
      if (!judge_source_failures (self, retry, error))
        return FALSE;
      if (retry->len == 0)
        return TRUE;
      /* What a folder that takes no more left of the plan stays there. */
      g_array_remove_range (self->plan, 0, self->plan_at);
      g_array_append_vals (self->plan, retry->data, retry->len);
      self->plan_at = 0;
      if (lane_should_stop (self->lane) || g_atomic_int_get (&self->stop_storing))
        return TRUE;
      attempt++;
    }
}

/* The next part of what has broken sessions goes into the plan; what has done so by
 * itself has failed. */
static gboolean
plan_breaking (Pass *self, GError **error)
{
  GArray *breaking = self->breaking;
  guint taken = 0, company = 0;
  g_array_set_size (self->plan, 0);
  self->plan_at = 0;
  for (; taken < breaking->len; taken++)
    {
      guint index = g_array_index (breaking, guint, taken);
      const GError *reason = breakers_failed (*self->breakers,
                                              records_key (self->records, index));
      guint size = pass_company (self, index);
      if (reason != NULL && !pass_fail (self, index, g_error_copy (reason), NULL, error))
        return FALSE;
      if (reason != NULL)
        continue;
      if (self->plan->len > 0 && (size != company || self->plan->len >= company))
        break;
      company = size;
      g_array_append_val (self->plan, index);
    }
  g_array_remove_range (breaking, 0, taken);
  return TRUE;
}

gboolean
pass_copy (Pass *self, guint attempt, GError **error)
{
  if (self->plan->len > self->plan_at && !copy_plan (self, attempt, error))
    return FALSE;
  while (self->breaking->len > 0 && !lane_should_stop (self->lane))
    {
      if (g_atomic_int_get (&self->stop_storing))
        {
          /* It stays in the plan with what was not offered any more. */
          g_array_append_vals (self->plan, self->breaking->data, self->breaking->len);
          g_array_set_size (self->breaking, 0);
          return TRUE;
        }
      if (!plan_breaking (self, error)
          || (self->plan->len > 0 && !copy_plan (self, attempt, error)))
        return FALSE;
    }
  return TRUE;
}

/* ---- destination's thread: feed ---- */

gboolean
copy_commit_receipts (Lane *lane)
{
  if (lane->receipts->len == 0)
    return TRUE;
  StateReceipt *receipts = (StateReceipt *) (gpointer) lane->receipts->data;
  gsize at = 0;
  for (guint i = 0; i < lane->receipts->len; i++)
    {
      receipts[i].destination_key.data = lane->receipt_keys->data + at;
      at += receipts[i].destination_key.length;
      if (receipts[i].identity != NULL)
        receipts[i].identity = &g_array_index (lane->receipt_identities, Identity,
                                               GPOINTER_TO_UINT (receipts[i].identity)
                                                   - 1);
    }
  g_autoptr (GError) error = NULL;
  gboolean ok = state_receipts (lane->account->state, receipts, lane->receipts->len,
                                &error);
  if (!ok && lane->state_error == NULL)
    lane->state_error = g_steal_pointer (&error);
  g_array_set_size (lane->receipts, 0);
  g_array_set_size (lane->receipt_identities, 0);
  g_ptr_array_set_size (lane->receipt_notes, 0);
  g_byte_array_set_size (lane->receipt_keys, 0);
  return ok;
}

/* For the verification after the run, which looks only at what the run stored. */
static void
note_delivered (Lane *lane, Pass *pass, HaulBytes key)
{
  if (lane->account->job->verify == JOB_VERIFY_NONE)
    return;
  KeySet *keys = g_hash_table_lookup (lane->delivered, pass->pair);
  if (keys == NULL)
    {
      keys = key_set_new ();
      g_hash_table_insert (lane->delivered, pass->pair, keys);
    }
  key_set_add (keys, key);
}

/* What @receipt notes, or NULL; a plugin of an older SDK notes nothing. */
static const char *
receipt_note (const HaulReceipt *receipt)
{
  gsize needed = G_STRUCT_OFFSET (HaulReceipt, note) + sizeof receipt->note;
  return receipt->struct_size < needed ? NULL : receipt->note;
}

/* Counts the lines of what a receipt notes. */
static void
count_notes (Pass *self, const HaulReceipt *receipt)
{
  if (receipt_note (receipt) == NULL)
    return;
  GHashTable *notes = self->stored.notes;
  g_auto (GStrv) lines = g_strsplit (receipt->note, "\n", NOTE_LINES_MAX);
  for (char **line = lines; *line != NULL; line++)
    {
      guint count = GPOINTER_TO_UINT (g_hash_table_lookup (notes, *line));
      if (**line != '\0' && (count > 0 || g_hash_table_size (notes) < NOTES_MAX))
        g_hash_table_insert (notes, g_strdup (*line), GUINT_TO_POINTER (count + 1));
    }
}

static void
on_done (HaulItem *item, const HaulReceipt *receipt, gpointer user_data)
{
  Lane *lane = user_data;
  Pass *self = item->owner;
  gint64 now_us = g_get_monotonic_time ();
  StateReceipt row = { .folder_id = self->row->id,
                       .source_key = item->key,
                       .destination_key = receipt->key };
  /* Until the commit the key lies in the arena and the identity is an index + 1. */
  g_byte_array_append (lane->receipt_keys, receipt->key.data,
                       (guint) receipt->key.length);
  if (item->streamed)
    {
      g_array_append_val (lane->receipt_identities, item->identity);
      row.identity = GUINT_TO_POINTER (lane->receipt_identities->len);
    }
  const char *note = receipt_note (receipt);
  if (note != NULL)
    {
      g_ptr_array_add (lane->receipt_notes, g_strndup (note, NOTE_BYTES_MAX));
      row.note = lane->receipt_notes->pdata[lane->receipt_notes->len - 1];
    }
  if (lane->receipts->len == 0)
    lane->receipts_since_us = now_us;
  g_array_append_val (lane->receipts, row);
  note_delivered (lane, self, item->key);
  count_notes (self, receipt);
  self->stored.copied++;
  self->stored.copied_bytes += item->identity.size_bytes;
  add_progress (lane->account, 1, item->identity.size_bytes);
  pass_post_action (self, ACTION_COPY, item->key, item->identity.size_bytes, NULL);
  if (lane->receipts->len >= RECEIPTS_BATCH
      || now_us - lane->receipts_since_us > RECEIPTS_US)
    (void) copy_commit_receipts (lane);
}

static void
add_failure (Pass *self, HaulItem *item, GError *reason)
{
  StoredFailure *failure = g_new0 (StoredFailure, 1);
  failure->index = item->index;
  failure->reason = reason;
  failure->subject = g_steal_pointer (&item->subject);
  g_ptr_array_add (self->stored.failures, failure);
}

static void
on_failed (HaulItem *item, GError *reason, gpointer user_data)
{
  Lane *lane = user_data;
  Pass *self = item->owner;
  RetryDecision decision = retry_decide (reason, item->attempt, 0,
                                         lane->account->retry_unit_us);
  if (decision.action == RETRY_AGAIN_MESSAGE)
    {
      g_array_append_val (self->stored.again, item->index);
      g_error_free (reason);
      return;
    }
  if (decision.action == RETRY_FAIL_FOLDER)
    g_atomic_int_set (&self->stop_storing, 1);
  add_failure (self, item, reason);
}

static void
on_again (HaulItem *item, gpointer user_data)
{
  Pass *self = item->owner;
  g_array_append_val (self->stored.again, item->index);
}

static gboolean
on_note (HaulItem *item, HaulBytes data, gpointer user_data, GError **error)
{
  Lane *lane = user_data;
  Pass *self = item->owner;
  return state_folder_note (lane->account->state, self->row->id, data, error);
}

static void
on_idle (gboolean end, gpointer user_data)
{
  Lane *lane = user_data;
  if (end || lane->receipts->len >= RECEIPTS_IDLE)
    (void) copy_commit_receipts (lane);
}

static void
on_unknown (HaulItem *item, const GError *error, gpointer user_data)
{
  Pass *self = item->owner;
  self->stored.unknown = TRUE;
}

static void
on_waiting (gpointer user_data)
{
  lane_keep_alive (user_data);
}

const DestinationHooks *
copy_hooks (void)
{
  static const DestinationHooks hooks = { .feed = { .done = on_done,
                                                    .failed = on_failed,
                                                    .again = on_again,
                                                    .note = on_note,
                                                    .idle = on_idle },
                                          .unknown = on_unknown,
                                          .unsent = on_unknown,
                                          .waiting = on_waiting };
  return &hooks;
}
