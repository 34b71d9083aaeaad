/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that changed their meaning: an mbox that a client rewrote gives all its messages
 * new keys. What the state knows under keys that are no longer there is paired up by
 * content with what has no row. Lane's thread.
 */
#include "engine/side.h"

#include "engine/identify.h"
#include "model/keywords.h"

/* Orphan: a row whose key was not seen; owns copies. */
typedef struct
{
  GBytes *source_key;
  GBytes *destination_key;
  StateMessage row; /* its keys and strings point into the copies */
  char *keywords;
  char *reason;
  char *note;
} Orphan;

static void
orphan_clear (gpointer data)
{
  Orphan *orphan = data;
  g_bytes_unref (orphan->source_key);
  g_bytes_unref (orphan->destination_key);
  g_free (orphan->keywords);
  g_free (orphan->reason);
  g_free (orphan->note);
}

typedef struct
{
  const KeySet *seen; /* NULL: only rows without a destination key */
  gboolean destination;
  GArray *orphans; /* of Orphan */
} OrphanSearch;

static HaulBytes
view (GBytes *bytes)
{
  HaulBytes result = HAUL_NO_BYTES;
  result.data = g_bytes_get_data (bytes, &result.length);
  return result;
}

static gboolean
on_row (const StateMessage *row, gpointer user_data, GError **error)
{
  OrphanSearch *search = user_data;
  HaulBytes key = search->destination ? row->destination_key : row->source_key;
  if (search->seen == NULL ? key.length > 0 : key_set_contains (search->seen, key))
    return TRUE;
  Orphan orphan = { .source_key = g_bytes_new (row->source_key.data,
                                               row->source_key.length),
                    .destination_key = g_bytes_new (row->destination_key.data,
                                                    row->destination_key.length),
                    .row = *row,
                    .keywords = g_strdup (row->keywords) };
  orphan.row.source_key = view (orphan.source_key);
  orphan.row.destination_key = view (orphan.destination_key);
  orphan.row.keywords = orphan.keywords;
  orphan.reason = g_strdup (row->reason);
  orphan.row.reason = orphan.reason;
  orphan.note = g_strdup (row->note);
  orphan.row.note = orphan.note;
  orphan.row.subject = NULL;
  if (!search->destination)
    orphan.row.gone = STATE_AT_SOURCE; /* once its message is found again */
  g_array_append_val (search->orphans, orphan);
  return TRUE;
}

/* Rows of delivered messages whose key is not in @seen; GArray of Orphan (full). */
static GArray *
find_orphans (Pass *self, const KeySet *seen, gboolean destination, GError **error)
{
  g_autoptr (GArray) orphans = g_array_new (FALSE, FALSE, sizeof (Orphan));
  g_array_set_clear_func (orphans, orphan_clear);
  OrphanSearch search = { seen, destination, orphans };
  if (!state_messages (self->lane->account->state, self->row->id, STATE_DELIVERED, on_row,
                       &search, error))
    return NULL;
  return g_steal_pointer (&orphans);
}

/* A request to read orphans whole from one side. */
typedef struct
{
  Pass *pass;
  GArray *orphans;
  gboolean destination;
} OrphanReading;

/* Orphans whose content is not known, read by the key of the side that still has them. */
static gboolean
call_read_orphans (Session *session, gpointer data, GError **error)
{
  OrphanReading *reading = data;
  const FolderPair *pair = reading->pass->pair;
  guint count = reading->orphans->len;
  g_autofree HaulBytes *keys = g_new0 (HaulBytes, count);
  g_autofree Identity *found = g_new0 (Identity, count);
  g_autofree guint *which = g_new0 (guint, count);
  guint wanted = 0;
  for (guint i = 0; i < count; i++)
    {
      const Orphan *orphan = &g_array_index (reading->orphans, Orphan, i);
      HaulBytes key = reading->destination ? orphan->row.destination_key
                                           : orphan->row.source_key;
      if ((orphan->row.identity.known & IDENTITY_CONTENT) || key.length == 0)
        continue;
      keys[wanted] = key;
      which[wanted++] = i;
    }
  if (wanted == 0)
    return TRUE;
  char **path = reading->destination ? pair->destination_path : pair->source->path;
  if (!session_enter (session, (HaulPath) path, HAUL_ENTER_READ, NULL, error)
      || !identify_fetch (session, keys, wanted, found, error))
    return FALSE;
  for (guint i = 0; i < wanted; i++)
    if (found[i].known & IDENTITY_CONTENT)
      g_array_index (reading->orphans, Orphan, which[i]).row.identity = found[i];
  return TRUE;
}

/* Pairs of (side position, orphan), by all that is known; GArray of MatchPair (full). */
static GArray *
pair_orphans (Side *side, GArray *orphans, GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < side->positions->len; i++)
    g_array_append_val (all, i);
  if (!side_read_content (side, all, error))
    return NULL;
  g_autofree Identity *known = g_new (Identity, MAX (orphans->len, 1));
  for (guint i = 0; i < orphans->len; i++)
    {
      const Orphan *orphan = &g_array_index (orphans, Orphan, i);
      known[i] = side->destination ? *state_stored_as (&orphan->row)
                                   : orphan->row.identity;
    }
  return side_match_known (side, known, orphans->len);
}

/* The row moves to the key under which the source now has the message. */
static gboolean
take_over (Pass *self, guint index, const Orphan *orphan, GError **error)
{
  Record *record = records_get (self->records, index);
  StateMessage row = orphan->row;
  row.source_key = records_key (self->records, index);
  record->tag = RECORD_CLAIMED;
  gboolean removed = pass_is_removed (self, &orphan->row);
  if (removed)
    self->ledger.removed++;
  else
    self->ledger.present++;

  const char *keywords = records_keywords (self->records, record);
  if (self->lane->account->job->flags != JOB_FLAGS_NEW_ONLY && !removed
      && (record->flags != row.flags || !keywords_equal (keywords, row.keywords)))
    {
      FlagChange *change = g_new0 (FlagChange, 1);
      change->source_key = g_bytes_new (row.source_key.data, row.source_key.length);
      change->destination_key = g_bytes_ref (orphan->destination_key);
      change->flags_now = record->flags;
      change->flags_last = row.flags;
      change->keywords_now = g_strdup (keywords);
      change->keywords_last = g_strdup (row.keywords);
      pass_add_change (self, change);
    }
  if (self->lane->account->dry_run)
    return TRUE;
  const StateMessage *pointer = &row;
  State *state = self->lane->account->state;
  return state_write (state, self->row->id, &pointer, 1, FALSE, error)
         && state_remove (state, self->row->id, &orphan->row.source_key, 1, error);
}

gboolean
rekey_sources (Pass *self, GError **error)
{
  guint64 rows = 0;
  if ((self->lane->source_caps & HAUL_CAP_STABLE_KEYS) || self->delta
      || self->row->id == 0 || self->seen == NULL)
    return TRUE;
  if (!state_count (self->lane->account->state, self->row->id, STATE_DELIVERED, &rows,
                    error))
    return FALSE;
  if (rows <= self->ledger.present + self->ledger.removed
      || records_length (self->records) == 0)
    return TRUE;
  g_autoptr (GArray) orphans = find_orphans (self, self->seen, FALSE, error);
  if (orphans == NULL)
    return FALSE;
  OrphanReading reading = { self, orphans, TRUE };
  if (self->pair->destination != NULL && orphans->len > 0
      && !destination_call (self->lane->destination, call_read_orphans, &reading, error))
    return FALSE;
  Side candidates = { 0 };
  side_init (&candidates, self, self->records, FALSE);
  g_autoptr (GArray) pairs = pair_orphans (&candidates, orphans, error);
  gboolean ok = pairs != NULL;
  for (guint i = 0; ok && i < pairs->len; i++)
    {
      const MatchPair *pair = &g_array_index (pairs, MatchPair, i);
      ok = take_over (self, g_array_index (candidates.positions, guint, pair->source),
                      &g_array_index (orphans, Orphan, pair->destination), error);
    }
  side_clear (&candidates);
  return ok;
}

/* A flag change that did not know where its message lies, or knew it wrongly. */
static void
redirect_change (Pass *self, const Orphan *orphan, HaulBytes destination_key)
{
  for (guint i = 0; i < self->changes->len; i++)
    {
      FlagChange *change = self->changes->pdata[i];
      if (!g_bytes_equal (change->source_key, orphan->source_key))
        continue;
      g_bytes_unref (change->destination_key);
      change->destination_key = g_bytes_new (destination_key.data,
                                             destination_key.length);
    }
}

/* Rows whose message is no longer there lose the key that now may be another message's.
 */
static gboolean
void_keys (Pass *self, GArray *orphans, GArray *pairs, GError **error)
{
  g_autofree gboolean *paired = g_new0 (gboolean, MAX (orphans->len, 1));
  for (guint i = 0; i < pairs->len; i++)
    paired[g_array_index (pairs, MatchPair, i).destination] = TRUE;
  for (guint i = 0; i < orphans->len; i++)
    {
      StateMessage row = g_array_index (orphans, Orphan, i).row;
      const StateMessage *pointer = &row;
      row.destination_key = HAUL_NO_BYTES;
      if (!paired[i]
          && !state_write (self->lane->account->state, self->row->id, &pointer, 1, FALSE,
                           error))
        return FALSE;
    }
  return TRUE;
}

/* The row of an orphan gets the key of the message that it is. */
static gboolean
set_key (Pass *self, const Orphan *orphan, Records *unknown, guint index, GError **error)
{
  StateMessage row = orphan->row;
  const StateMessage *pointer = &row;
  row.destination_key = records_key (unknown, index);
  row.outcome = row.outcome == STATE_REMOVED ? STATE_STORED : row.outcome;
  if (self->rehomed == NULL)
    self->rehomed = key_set_new ();
  key_set_add (self->rehomed, row.source_key);
  records_get (unknown, index)->tag = RECORD_CLAIMED;
  redirect_change (self, orphan, row.destination_key);
  const Record *there = records_get (unknown, index);
  flag_look_compare (self, &row, there->flags, records_keywords (unknown, there));
  return self->lane->account->dry_run
         || state_write (self->lane->account->state, self->row->id, &pointer, 1, FALSE,
                         error);
}

gboolean
rekey_destinations (Pass *self, Records *unknown, const KeySet *known, GError **error)
{
  if (self->row->id == 0 || (records_length (unknown) == 0 && !self->keys_void))
    return TRUE;
  g_autoptr (GArray) orphans = find_orphans (self, known, TRUE, error);
  if (orphans == NULL)
    return FALSE;
  if (orphans->len == 0)
    return TRUE;
  OrphanReading reading = { self, orphans, FALSE };
  if (!call_read_orphans (self->lane->source, &reading, error))
    return FALSE;
  Side side = { 0 };
  side_init (&side, self, unknown, TRUE);
  g_autoptr (GArray) pairs = pair_orphans (&side, orphans, error);
  gboolean ok = pairs != NULL;
  for (guint i = 0; ok && i < pairs->len; i++)
    {
      const MatchPair *pair = &g_array_index (pairs, MatchPair, i);
      ok = set_key (self, &g_array_index (orphans, Orphan, pair->destination), unknown,
                    g_array_index (side.positions, guint, pair->source), error);
    }
  if (ok && self->keys_void && !self->lane->account->dry_run)
    ok = void_keys (self, orphans, pairs, error);
  side_clear (&side);
  return ok;
}
