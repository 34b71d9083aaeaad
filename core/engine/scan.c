/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source's half of a pass: streams the listing of a folder against the state and
 * sorts each message into known, skipped by a filter, or candidate. Keeps nothing of what
 * is known and unchanged. Lane's thread; leaves matching and copying to others.
 */
#include "engine/lane.h"

#include <string.h>

#include "engine/row-copy.h"
#include "model/keywords.h"

/* SKIPPED_BATCH: rows of skipped messages written in one transaction. */
#define SKIPPED_BATCH 256

/* A SKIPPED row that waits for its batch. */
typedef struct
{
  GBytes *key;
  char *reason;
  Identity identity; /* what is known of it */
  gboolean read;     /* by a filter, which left it out then */
} SkippedRow;

/* ChainMark: in place of the destination's key in the row of a message that was left out
 * after it was read: which chain of filters said so. */
typedef struct
{
  guint8 bytes[sizeof (guint64)];
} ChainMark;

static void
skipped_row_clear (gpointer data)
{
  SkippedRow *row = data;
  g_bytes_unref (row->key);
  g_free (row->reason);
}

static ChainMark
chain_mark (const Pass *self)
{
  ChainMark mark;
  guint64 hash = GUINT64_TO_BE (filter_chain_hash (self->lane->account->chain));
  memcpy (mark.bytes, &hash, sizeof hash);
  return mark;
}

/* Left out by a filter that has seen all of it, by today's rules: it would say so again.
 */
static gboolean
was_read (const Pass *self, const StateMessage *known)
{
  ChainMark mark = chain_mark (self);
  return known->outcome == STATE_SKIPPED && (known->identity.known & IDENTITY_CONTENT)
         && known->destination_key.length == sizeof mark.bytes
         && memcmp (known->destination_key.data, mark.bytes, sizeof mark.bytes) == 0;
}

gboolean
pass_write_skipped (Pass *self, GError **error)
{
  guint count = self->skipped_rows->len;
  ChainMark mark = chain_mark (self);
  if (count == 0)
    return TRUE;
  g_autofree StateMessage *rows = g_new0 (StateMessage, count);
  g_autofree const StateMessage **pointers = g_new (const StateMessage *, count);
  for (guint i = 0; i < count; i++)
    {
      const SkippedRow *row = &g_array_index (self->skipped_rows, SkippedRow, i);
      rows[i].source_key.data = g_bytes_get_data (row->key, &rows[i].source_key.length);
      rows[i].outcome = STATE_SKIPPED;
      rows[i].keywords = "";
      rows[i].reason = row->reason;
      rows[i].identity = row->identity;
      if (row->read)
        rows[i].destination_key = (HaulBytes){ mark.bytes, sizeof mark.bytes };
      pointers[i] = &rows[i];
    }
  gboolean ok = state_write (self->lane->account->state, self->row->id, pointers, count,
                             FALSE, error);
  g_array_set_size (self->skipped_rows, 0);
  return ok;
}

static gboolean
skip_message (Pass *self, HaulBytes key, const char *reason, const StateMessage *known,
              GError **error)
{
  Account *account = self->lane->account;
  self->ledger.skipped++;
  account_result_skip (self->report, reason);
  pass_post_action (self, ACTION_SKIP, key, 0, reason);
  if (account->dry_run
      || (known != NULL && known->outcome == STATE_SKIPPED
          && g_strcmp0 (known->reason, reason) == 0))
    return TRUE;
  SkippedRow row = { .key = g_bytes_new (key.data, key.length),
                     .reason = g_strdup (reason) };
  g_array_append_val (self->skipped_rows, row);
  return self->skipped_rows->len < SKIPPED_BATCH || pass_write_skipped (self, error);
}

void
pass_skip_read (Pass *self, guint index, const Identity *identity, const char *reason)
{
  HaulBytes key = records_key (self->records, index);
  SkippedRow row = { .key = g_bytes_new (key.data, key.length),
                     .reason = g_strdup (reason),
                     .identity = *identity,
                     .read = TRUE };
  records_get (self->records, index)->tag = RECORD_CLAIMED;
  self->ledger.skipped++;
  account_result_skip (self->report, reason);
  pass_post_action (self, ACTION_SKIP, key, 0, reason);
  g_array_append_val (self->skipped_rows, row);
  /* A state that fails is noticed at the next commit of intents; without its row the
   * message is only read once more. */
  if (self->skipped_rows->len >= SKIPPED_BATCH)
    (void) pass_write_skipped (self, NULL);
}

gboolean
pass_skip_record (Pass *self, guint index, const char *reason, const Identity *known,
                  GError **error)
{
  Account *account = self->lane->account;
  HaulBytes key = records_key (self->records, index);
  StateMessage row = { 0 };
  gboolean found = FALSE;
  records_get (self->records, index)->tag = RECORD_CLAIMED;
  self->ledger.skipped++;
  account_result_skip (self->report, reason);
  pass_post_action (self, ACTION_SKIP, key, 0, reason);
  if (account->dry_run)
    return TRUE;
  if (self->row->id != 0 && !state_cursor_find (self->cursor, key, &row, &found, error))
    return FALSE;
  if (found && row.outcome == STATE_SKIPPED && g_strcmp0 (row.reason, reason) == 0
      && (row.identity.known & known->known) == known->known)
    return TRUE;
  SkippedRow skipped = { g_bytes_new (key.data, key.length), g_strdup (reason), *known };
  g_array_append_val (self->skipped_rows, skipped);
  return self->skipped_rows->len < SKIPPED_BATCH || pass_write_skipped (self, error);
}

/* A message that was delivered before: only its flags may matter. */
static gboolean
known_message (Pass *self, const HaulRecord *record, const StateMessage *known)
{
  gboolean removed = pass_is_removed (self, known);
  if (removed)
    self->ledger.removed++;
  else
    self->ledger.present++;
  if (known->outcome == STATE_REMOVED)
    self->relisted_removed++;
  if (self->seen != NULL)
    key_set_add (self->seen, record->key);
  if (self->listed != NULL)
    key_set_add (self->listed, record->key);
  if (removed)
    return TRUE;
  if (self->lane->account->job->flags == JOB_FLAGS_NEW_ONLY
      || !(record->known & HAUL_RECORD_FLAGS))
    return TRUE;
  g_autofree char *keywords = keywords_join (record->keywords);
  if ((record->flags & HAUL_FLAGS_ALL) == known->flags
      && keywords_equal (keywords, known->keywords))
    return TRUE;
  FlagChange *change = g_new0 (FlagChange, 1);
  change->source_key = g_bytes_new (record->key.data, record->key.length);
  change->destination_key = g_bytes_new (known->destination_key.data,
                                         known->destination_key.length);
  change->flags_now = record->flags & HAUL_FLAGS_ALL;
  change->flags_last = known->flags;
  change->keywords_now = g_steal_pointer (&keywords);
  change->keywords_last = g_strdup (known->keywords);
  pass_add_change (self, change);
  return TRUE;
}

static void
keep_override (Pass *self, guint index, const MessageVerdict *verdict)
{
  if (!verdict->flags_changed && !verdict->date_changed)
    return;
  Override *override = g_new0 (Override, 1);
  override->flags_changed = verdict->flags_changed;
  override->flags = verdict->flags;
  override->keywords = keywords_join ((const char *const *) verdict->keywords);
  override->date_changed = verdict->date_changed;
  override->date_unix = verdict->date_unix;
  g_hash_table_insert (self->overrides, GUINT_TO_POINTER (index + 1), override);
}

/* Under changing keys a message without a row may be one that was delivered: whether it
 * is left out is known when the rows have found their messages again. */
static void
defer_skip (Pass *self, const HaulRecord *record, const char *reason)
{
  guint index = records_add (self->records, record);
  Override *override = g_new0 (Override, 1);
  override->skip_reason = g_strdup (reason);
  g_hash_table_insert (self->overrides, GUINT_TO_POINTER (index + 1), override);
  records_get (self->records, index)->tag = RECORD_SKIPPED;
}

gboolean
pass_settle_skips (Pass *self, GError **error)
{
  for (guint i = 0; self->seen != NULL && i < records_length (self->records); i++)
    {
      if (records_get (self->records, i)->tag != RECORD_SKIPPED)
        continue;
      const Override *override = g_hash_table_lookup (self->overrides,
                                                      GUINT_TO_POINTER (i + 1));
      records_get (self->records, i)->tag = RECORD_CLAIMED;
      if (!skip_message (self, records_key (self->records, i), override->skip_reason,
                         NULL, error))
        return FALSE;
    }
  return pass_write_skipped (self, error);
}

static HaulMessage
view_of_record (Pass *self, const HaulRecord *record)
{
  return (HaulMessage){ .folder = (HaulPath) self->pair->source->path,
                        .size_bytes = (record->known & HAUL_RECORD_SIZE)
                                          ? record->size_bytes
                                          : HAUL_SIZE_UNKNOWN,
                        .flags = record->flags & HAUL_FLAGS_ALL,
                        .keywords = record->keywords,
                        .date_unix = record->date_unix,
                        .has_date = (record->known & HAUL_RECORD_DATE) != 0,
                        .headers = record->headers,
                        .now_unix = self->lane->account->now_unix };
}

void
pass_map_flags (Pass *self, HaulRecord *record, MessageVerdict *out)
{
  const FilterChain *chain = self->lane->account->chain;
  if ((filter_chain_effects (chain) & HAUL_FILTER_MAPS_FLAGS) == 0
      || !(record->known & HAUL_RECORD_FLAGS))
    return;
  HaulMessage view = view_of_record (self, record);
  /* Failed: a new message fails by itself, an old one keeps the flags that it has. */
  if (!filter_chain_flags (chain, &view, out, NULL))
    record->known &= ~(guint32) HAUL_RECORD_FLAGS;
  else if (out->flags_changed)
    {
      record->flags = out->flags;
      record->keywords = (const char *const *) out->keywords;
    }
}

/* A message that is not known as delivered: the filters decide, each on what those before
 * it made of it. What is kept is @mapped. */
static gboolean
new_message (Pass *self, const HaulRecord *record, const HaulRecord *mapped,
             const StateMessage *known, GError **error)
{
  Account *account = self->lane->account;
  HaulMessage view = view_of_record (self, record);
  MessageVerdict verdict = { 0 };
  GError *reason = NULL;
  gboolean filtered = filter_chain_message (account->chain, &view, &verdict, &reason);
  if (filtered && verdict.skip_reason != NULL)
    {
      gboolean ok = TRUE;
      if (self->seen != NULL && known == NULL)
        defer_skip (self, mapped, verdict.skip_reason);
      else
        ok = skip_message (self, record->key, verdict.skip_reason, known, error);
      message_verdict_clear (&verdict);
      return ok;
    }
  if (filtered && known != NULL && was_read (self, known))
    {
      message_verdict_clear (&verdict);
      return skip_message (self, record->key, known->reason, known, error);
    }
  guint index = records_add (self->records, mapped);
  if (known != NULL && known->outcome == STATE_INTENT)
    records_get (self->records, index)->tag = RECORD_SUSPECT;
  keep_override (self, index, &verdict);
  message_verdict_clear (&verdict);
  return filtered || pass_fail (self, index, reason, NULL, error);
}

/* In a dry run: what a message that is to be moved here will have as its row. */
static const StateMessage *
find_planned_move (const Pass *self, HaulBytes key)
{
  GHashTable *moves = self->lane->account->planned_moves;
  GHashTable *rows = moves != NULL ? g_hash_table_lookup (moves, self->pair) : NULL;
  g_autoptr (GBytes) wanted = g_bytes_new_static (key.data, key.length);
  const RowCopy *found = rows != NULL ? g_hash_table_lookup (rows, wanted) : NULL;
  return found != NULL ? &found->row : NULL;
}

/* A message at the source, by what the state knows of it. */
static gboolean
sort_record (Pass *self, const HaulRecord *record, const StateMessage *known,
             GError **error)
{
  MessageVerdict verdict = { 0 };
  HaulRecord mapped = *record;
  pass_map_flags (self, &mapped, &verdict);
  gboolean delivered = known != NULL && ((1u << known->outcome) & STATE_DELIVERED) != 0;
  gboolean ok = delivered ? known_message (self, &mapped, known)
                          : new_message (self, record, &mapped, known, error);
  message_verdict_clear (&verdict);
  return ok;
}

static void
note_key (GPtrArray **keys, HaulBytes key)
{
  if (*keys == NULL)
    *keys = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_ptr_array_add (*keys, g_bytes_new (key.data, key.length));
}

static gboolean
on_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  Pass *self = user_data;
  StateMessage known = { 0 };
  gboolean found = FALSE;

  if (records_length (self->records) >= RECORDS_MAX)
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "list folder: more than %u messages", RECORDS_MAX);
  self->ledger.seen++;
  const StateMessage *planned = find_planned_move (self, record->key);
  if (planned != NULL)
    return sort_record (self, record, planned, error);
  if (self->row->id != 0
      && !state_cursor_find (self->cursor, record->key, &known, &found, error))
    return FALSE;
  if (self->all_listed != NULL)
    key_set_add (self->all_listed, record->key);
  if (found && known.gone == STATE_GONE)
    note_key (&self->returned, record->key);
  if (found)
    self->known_rows++;
  if (found && known.outcome == STATE_SKIPPED)
    self->relisted_skipped++;
  return sort_record (self, record, found ? &known : NULL, error);
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  Pass *self = user_data;
  StateMessage known = { 0 };
  gboolean found = FALSE;
  if (self->row->id != 0 && !state_cursor_find (self->cursor, key, &known, &found, error))
    return FALSE;
  if (!found)
    return TRUE;
  self->vanished++;
  note_key (&self->gone_keys, key);
  if (known.outcome == STATE_SKIPPED)
    self->vanished_skipped++;
  if (known.outcome == STATE_REMOVED)
    self->relisted_removed++;
  return TRUE;
}

/* The last pass covered everything under the rules of today. */
static gboolean
is_covered (Pass *self)
{
  const StateFolder *row = self->row;
  const HaulFolderStatus *status = &self->pair->source->status;
  guint64 validity = (status->known & HAUL_STATUS_UIDVALIDITY) ? status->uid_validity : 0;
  /* Other messages are removed than before: which of them are still at the source? */
  return row->id != 0 && row->clean && row->source_token != NULL && self->removed == NULL
         && self->back == NULL && row->settings_hash == self->lane->account->settings_hash
         && row->source_validity == validity;
}

gboolean
pass_is_unchanged (Pass *self)
{
  const HaulFolderStatus *status = &self->pair->source->status;
  if (!is_covered (self) || !(status->known & HAUL_STATUS_TOKEN)
      || !g_bytes_equal (self->row->source_token, self->pair->source->token)
      || pass_wants_flags (self))
    return FALSE;
  self->ledger.seen = self->row->messages;
  self->ledger.skipped = MIN (self->row->skipped, self->row->messages);
  self->ledger.present = self->ledger.seen - self->ledger.skipped;
  self->ledger.removed = MIN (self->by_number ? self->removed_total : self->row->removed,
                              self->ledger.present);
  self->ledger.present -= self->ledger.removed;
  self->result->unchanged = TRUE;
  return TRUE;
}

/* A delta listed only what changed: the rest is as the last pass left it. */
static void
count_unlisted (Pass *self)
{
  guint64 listed = self->known_rows + self->vanished;
  guint64 unlisted = self->row->messages - MIN (listed, self->row->messages);
  guint64 skipped_listed = self->relisted_skipped + self->vanished_skipped;
  guint64 skipped = self->row->skipped - MIN (skipped_listed, self->row->skipped);
  skipped = MIN (skipped, unlisted);
  guint64 removed = self->row->removed - MIN (self->relisted_removed, self->row->removed);
  removed = MIN (removed, unlisted - skipped);
  self->ledger.seen += unlisted;
  self->ledger.skipped += skipped;
  self->ledger.removed += removed;
  self->ledger.present += unlisted - skipped - removed;
}

gboolean
pass_scan (Pass *self, GError **error)
{
  Lane *lane = self->lane;
  if (!session_enter (lane->source, (HaulPath) self->pair->source->path, HAUL_ENTER_READ,
                      NULL, error))
    return FALSE;

  self->cursor = state_cursor_new (lane->account->state, self->row->id);
  if (!(lane->source_caps & HAUL_CAP_STABLE_KEYS) && self->row->id != 0)
    self->seen = key_set_new ();
  if (self->row->id != 0)
    self->all_listed = key_set_new ();
  self->skipped_rows = g_array_new (FALSE, FALSE, sizeof (SkippedRow));
  g_array_set_clear_func (self->skipped_rows, skipped_row_clear);
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = HAUL_NEED_FLAGS | HAUL_NEED_SIZE | HAUL_NEED_DATE,
                    .record = on_record,
                    .vanished = on_vanished,
                    .user_data = self };
  if (filter_chain_effects (lane->account->chain) & HAUL_FILTER_NEEDS_HEADERS)
    scan.needs |= HAUL_NEED_HEADERS | HAUL_NEED_ALL_HEADERS;
  /* Which of equal messages is left is known only when all are listed. */
  if (lane->account->job->duplicates == JOB_DUPLICATES_ONE)
    self->listed = key_set_new ();
  else if (is_covered (self))
    scan.since.data = g_bytes_get_data (self->row->source_token, &scan.since.length);

  HaulScanResult result = { .struct_size = sizeof result };
  if (!session_scan (lane->source, &scan, &result, error)
      || !pass_write_skipped (self, error))
    return FALSE;
  self->delta = result.delta;
  if (result.delta)
    count_unlisted (self);
  if (result.status.known & HAUL_STATUS_TOKEN)
    self->source_token = g_bytes_new (result.status.token.data,
                                      result.status.token.length);
  return TRUE;
}
