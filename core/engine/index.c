/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The destination's half of a pass: which candidates are there already. Looks only where
 * it must: not into an empty folder, nor into one that is as we left it. First contact,
 * lost state, a killed run and changed keys are all the same question here. Lane's
 * thread; what reads the destination runs on its own while the lane waits.
 */
#include "engine/side.h"

#include <string.h>

#include "engine/key-table.h"
#include "model/keywords.h"

/* WRITE_BATCH: rows of found messages written in one transaction. */
#define WRITE_BATCH 256

/* Unknown: messages of the destination that no row of the state accounts for. */
typedef struct
{
  Pass *pass;
  Records *records;
  GHashTable *known; /* hashes of keys that rows account for; only if keys may change */
  StateCursor *cursor;
} Unknown;

static gboolean
on_destination_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  Unknown *self = user_data;
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (self->pass->row->id != 0
      && !state_cursor_find_destination (self->cursor, record->key, &row, &found, error))
    return FALSE;
  if (found && (row.outcome == STATE_STORED || row.outcome == STATE_MATCHED))
    {
      if (self->known != NULL)
        {
          guint64 hash = key_table_hash (record->key);
          g_hash_table_add (self->known, g_memdup2 (&hash, sizeof hash));
        }
      return TRUE;
    }
  (void) records_add (self->records, record);
  if (record->known & HAUL_RECORD_DELIVERY_ID)
    records_add_id (self->records, record->delivery_id);
  return TRUE;
}

static gboolean
on_destination_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  return TRUE;
}

/* The destination's thread: lists what the state does not account for. */
static gboolean
call_list_unknown (Session *session, gpointer data, GError **error)
{
  Unknown *self = data;
  Pass *pass = self->pass;
  if (!session_enter (session, (HaulPath) pass->pair->destination_path, HAUL_ENTER_READ,
                      NULL, error))
    return FALSE;
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = HAUL_NEED_FLAGS,
                    .record = on_destination_record,
                    .vanished = on_destination_vanished,
                    .user_data = self };
  gboolean from_mark = pass->row->destination_mark != NULL && self->known == NULL
                       && (session_caps (session) & HAUL_CAP_SCAN_FROM);
  if (from_mark)
    scan.from.data = g_bytes_get_data (pass->row->destination_mark, &scan.from.length);
  self->cursor = state_cursor_new (pass->lane->account->state, pass->row->id);
  HaulScanResult result = { .struct_size = sizeof result };
  gboolean ok = session_scan (session, &scan, &result, error);
  g_clear_pointer (&self->cursor, state_cursor_free);
  return ok && session_leave (session, error);
}

/* ---- what was found ---- */

/* A row for a candidate that is at the destination under @destination_key. */
static StateMessage
found_row (Pass *self, guint index, const Identity *identity, HaulBytes destination_key)
{
  const Record *record = records_get (self->records, index);
  StateMessage row = { .source_key = records_key (self->records, index),
                       .destination_key = destination_key,
                       .outcome = record->tag == RECORD_SUSPECT ? STATE_STORED
                                                                : STATE_MATCHED,
                       .flags = record->flags,
                       .keywords = records_keywords (self->records, record),
                       .date_unix = record->date_unix,
                       .identity = *identity };
  return row;
}

/* Found: rows of found messages on their way into the state, a batch at a time. */
typedef struct
{
  Pass *pass;
  Records *unknown;
  StateMessage rows[WRITE_BATCH];
  guint count;
} Found;

static gboolean
found_flush (Found *self, GError **error)
{
  const StateMessage *pointers[WRITE_BATCH];
  guint count = self->count;
  self->count = 0;
  if (count == 0 || self->pass->lane->account->dry_run)
    return TRUE;
  for (guint i = 0; i < count; i++)
    pointers[i] = &self->rows[i];
  return state_write (self->pass->lane->account->state, self->pass->row->id, pointers,
                      count, FALSE, error);
}

/* First contact with a message that lay at the destination: it gets the source's flags
 * beside its own. */
static void
add_missing_flags (Pass *self, guint index, HaulBytes destination_key, guint32 flags,
                   const char *keywords)
{
  const Record *record = records_get (self->records, index);
  const char *now = records_keywords (self->records, record);
  g_autofree char *missing = keywords_minus (now, keywords);
  if ((record->flags & ~flags) == 0 && *missing == '\0')
    return;
  HaulBytes key = records_key (self->records, index);
  FlagChange *change = g_new0 (FlagChange, 1);
  change->source_key = g_bytes_new (key.data, key.length);
  change->destination_key = g_bytes_new (destination_key.data, destination_key.length);
  change->flags_now = record->flags;
  change->flags_last = flags;
  change->keywords_now = g_strdup (now);
  change->keywords_last = g_strdup (keywords);
  change->only_add = TRUE;
  pass_add_change (self, change);
}

/* The candidate @index is the unknown message @at; @identity may know nothing. */
static gboolean
claim (Found *self, guint index, guint at, const Identity *identity, GError **error)
{
  Pass *pass = self->pass;
  Record *theirs = records_get (self->unknown, at);
  HaulBytes destination_key = records_key (self->unknown, at);
  self->rows[self->count++] = found_row (pass, index, identity, destination_key);
  records_get (pass->records, index)->tag = RECORD_CLAIMED;
  theirs->tag = RECORD_CLAIMED;
  pass->ledger.matched++;
  pass_post_action (pass, ACTION_MATCH, records_key (pass->records, index), 0, NULL);
  add_missing_flags (pass, index, destination_key, theirs->flags,
                     records_keywords (self->unknown, theirs));
  return self->count < WRITE_BATCH || found_flush (self, error);
}

static int
compare_ids (gconstpointer a, gconstpointer b, gpointer user_data)
{
  Records *records = user_data;
  return memcmp (records_id (records, *(const guint *) a),
                 records_id (records, *(const guint *) b), HAUL_DELIVERY_ID_LENGTH);
}

/* The unclaimed one of @sorted (of guint, by id) whose id is @id. */
static gboolean
find_id (Records *records, GArray *sorted, const guint8 *id, guint *out_at)
{
  guint low = 0, high = sorted->len;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      guint at = g_array_index (sorted, guint, middle);
      if (memcmp (records_id (records, at), id, HAUL_DELIVERY_ID_LENGTH) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  for (; low < sorted->len; low++)
    {
      guint at = g_array_index (sorted, guint, low);
      if (memcmp (records_id (records, at), id, HAUL_DELIVERY_ID_LENGTH) != 0)
        return FALSE;
      if (records_get (records, at)->tag != RECORD_CLAIMED)
        {
          *out_at = at;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
is_candidate (const Record *record)
{
  return record->tag == RECORD_NEW || record->tag == RECORD_SUSPECT;
}

/* Delivery ids are proof by themselves: no identity is read. */
static gboolean
claim_by_id (Found *self, GError **error)
{
  static const Identity nothing = { 0 };
  Pass *pass = self->pass;
  g_autoptr (GArray) sorted = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < records_length (self->unknown); i++)
    if (is_candidate (records_get (self->unknown, i))
        && records_id (self->unknown, i) != NULL)
      g_array_append_val (sorted, i);
  g_array_sort_with_data (sorted, compare_ids, self->unknown);
  for (guint i = 0; sorted->len > 0 && i < records_length (pass->records); i++)
    {
      guint8 id[HAUL_DELIVERY_ID_LENGTH];
      guint at = 0;
      if (!is_candidate (records_get (pass->records, i)))
        continue;
      pass_delivery_id (pass, records_key (pass->records, i), id);
      if (find_id (self->unknown, sorted, id, &at)
          && !claim (self, i, at, &nothing, error))
        return FALSE;
    }
  return TRUE;
}

/* The rest by identity. */
static gboolean
claim_by_identity (Found *self, GError **error)
{
  Side source = { 0 }, destination = { 0 };
  side_init (&source, self->pass, self->pass->records, FALSE);
  side_init (&destination, self->pass, self->unknown, TRUE);
  gboolean ok = TRUE;
  if (source.positions->len > 0 && destination.positions->len > 0)
    {
      g_autoptr (GArray) pairs = side_pair (&source, &destination, error);
      ok = pairs != NULL;
      for (guint i = 0; ok && i < pairs->len; i++)
        {
          const MatchPair *pair = &g_array_index (pairs, MatchPair, i);
          ok = claim (self, g_array_index (source.positions, guint, pair->source),
                      g_array_index (destination.positions, guint, pair->destination),
                      &source.identities[pair->source], error);
        }
    }
  side_clear (&source);
  side_clear (&destination);
  return ok;
}

/* Whether the listing alone proves that the state accounts for all of the destination. */
static gboolean
is_accounted_for (Pass *self)
{
  const StateFolder *row = self->row;
  const FolderInfo *destination = self->pair->destination;
  if (destination == NULL)
    return TRUE;
  if ((destination->status.known & HAUL_STATUS_MESSAGES)
      && destination->status.messages == 0)
    return TRUE;
  return row->id != 0 && row->clean && row->destination_token != NULL
         && destination->token != NULL
         && g_bytes_equal (row->destination_token, destination->token);
}

static gboolean
has_candidates (Pass *self)
{
  for (guint i = 0; i < records_length (self->records); i++)
    if (is_candidate (records_get (self->records, i)))
      return TRUE;
  return FALSE;
}

gboolean
pass_match (Pass *self, GError **error)
{
  if (!has_candidates (self))
    return TRUE;
  if (!rekey_sources (self, error))
    return FALSE;
  if (!has_candidates (self) || is_accounted_for (self))
    return TRUE;
  g_autoptr (Records) unknown = records_new ();
  Unknown request = { .pass = self, .records = unknown };
  gboolean stable = (destination_caps (self->lane->destination) & HAUL_CAP_STABLE_KEYS)
                    != 0;
  if (!stable)
    request.known = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  gboolean ok = destination_call (self->lane->destination, call_list_unknown, &request,
                                  error);
  if (ok && !stable && records_length (unknown) > 0)
    ok = rekey_destinations (self, unknown, request.known, error);
  g_clear_pointer (&request.known, g_hash_table_unref);
  if (!ok)
    return FALSE;
  g_autofree Found *found = g_new0 (Found, 1);
  found->pass = self;
  found->unknown = unknown;
  return claim_by_id (found, error) && claim_by_identity (found, error)
         && found_flush (found, error);
}
