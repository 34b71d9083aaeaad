/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Verification: lists both sides of each folder, pairs messages by the state and else by
 * identity, and compares what the level asks for. A difference at a cheap level is looked
 * into with the whole content before it is reported. What differs after a run is kept by
 * doubts.c. Lane's thread.
 */
#include "engine/verify-private.h"

#include <string.h>

#include "engine/doubts.h"
#include "engine/identify.h"
#include "engine/metadata.h"
#include "engine/side.h"
#include "model/keywords.h"

/* What this run stored, or an earlier verification found to differ, is compared in all.
 * Of what else was never verified only whether it is there, and whole: its flags a user
 * may have changed since. */
static gboolean
is_strict (const Check *self, HaulBytes source_key)
{
  return self->whole || (self->only != NULL && key_set_contains (self->only, source_key))
         || key_set_contains (self->doubtful, source_key);
}

static gboolean
is_wanted (const Check *self, const StateMessage *row)
{
  gboolean delivered = ((1u << row->outcome) & STATE_DELIVERED) != 0;
  return is_strict (self, row->source_key) || (delivered && row->reason != NULL)
         || ((self->unverified & STATE_UNVERIFIED_NEW) && row->outcome != STATE_REMOVED);
}

void
verify_report (Check *self, HaulBytes key, gboolean surplus, const char *reason)
{
  Difference *difference = g_new0 (Difference, 1);
  difference->folder = g_strdup (self->pass->pair->source->text);
  difference->key = result_printable_key (key.data, key.length);
  difference->reason = g_strdup (reason);
  difference->surplus = surplus;
  if (!surplus)
    difference->source_key = g_bytes_new (key.data, key.length);
  g_ptr_array_add (self->lane->account->result->differences, difference);
}

/* What the row says that the destination noted, or NULL; until the cursor's next use. */
const char *
verify_noted (Check *self, HaulBytes key)
{
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (self->pass->row->id == 0
      || !state_cursor_find (self->cursor, key, &row, &found, NULL) || !found
      || !((1u << row.outcome) & STATE_DELIVERED))
    return NULL;
  return row.note;
}

/* A message that is there, but other than at the source: nothing is wrong with one of
 * which the destination said so when it stored it, of just that. */
void
verify_report_change (Check *self, HaulBytes key, const char *reason)
{
  GPtrArray *differences = self->lane->account->result->differences;
  const char *note = verify_noted (self, key);
  note = note_covers (note, reason) ? note : NULL;
  g_autofree char *text = note == NULL
                              ? g_strdup (reason)
                              : g_strdup_printf ("%s (as noted: %s)", reason, note);
  verify_report (self, key, FALSE, text);
  ((Difference *) differences->pdata[differences->len - 1])->noted = note != NULL;
}

static gboolean
sizes_equal (const Record *ours, const Record *theirs)
{
  return (ours->known & HAUL_RECORD_SIZE) && (theirs->known & HAUL_RECORD_SIZE)
         && ours->size_bytes == theirs->size_bytes;
}

/* ---- listing ---- */

/* Messages that the filters leave out are not selected: nothing is expected of them. The
 * others get the date that the copy shall have. */
static gboolean
is_selected (Check *self, HaulRecord *record, gboolean *out_selected, GError **error)
{
  HaulMessage view = { .folder = (HaulPath) self->pass->pair->source->path,
                       .size_bytes = (record->known & HAUL_RECORD_SIZE)
                                         ? record->size_bytes
                                         : HAUL_SIZE_UNKNOWN,
                       .flags = record->flags & HAUL_FLAGS_ALL,
                       .keywords = record->keywords,
                       .date_unix = record->date_unix,
                       .has_date = (record->known & HAUL_RECORD_DATE) != 0,
                       .headers = record->headers,
                       .now_unix = self->lane->account->now_unix };
  MessageVerdict verdict = { 0 };
  if (!filter_chain_message (self->lane->account->chain, &view, &verdict, error))
    return FALSE;
  *out_selected = verdict.skip_reason == NULL;
  if (verdict.date_changed)
    {
      record->date_unix = verdict.date_unix;
      record->known |= HAUL_RECORD_DATE;
    }
  message_verdict_clear (&verdict);
  return TRUE;
}

/* The row says what was delivered; *@out_found FALSE: there is none. */
gboolean
verify_find_row (Check *self, HaulBytes source_key, StateMessage *out_row,
                 gboolean *out_found, GError **error)
{
  *out_found = FALSE;
  return self->pass->row->id == 0
         || state_cursor_find (self->cursor, source_key, out_row, out_found, error);
}

/* Ours against the row of a message whose copy is as it was delivered. */
static gboolean
compare_with_row (Check *self, const HaulRecord *record, const StateMessage *row)
{
  g_autofree char *keywords = keywords_join (record->keywords);
  if ((record->flags & HAUL_FLAGS_ALL) == row->flags
      && keywords_equal (keywords, row->keywords))
    return TRUE;
  verify_report (self, record->key, FALSE,
                 "flags changed at the source since they were synced");
  return FALSE;
}

/* One of ours that is selected, with the flags that its copy shall have: what is settled
 * is not kept. */
static gboolean
take_ours (Check *self, const HaulRecord *record, GError **error)
{
  gboolean found = FALSE;
  guint partner = NO_PARTNER;
  StateMessage row = { 0 };
  if (!verify_find_row (self, record->key, &row, &found, error))
    return FALSE;
  if (found && row.reason != NULL && ((1u << row.outcome) & STATE_DELIVERED))
    key_set_add (self->doubtful, record->key);
  /* What was delivered before, a user may have changed there: not this run's affair. */
  if (!is_strict (self, record->key) && (!found || !is_wanted (self, &row)))
    {
      self->pass->ledger.present++;
      return TRUE;
    }
  if (found && key_set_contains (self->settled, record->key))
    {
      if (is_strict (self, record->key))
        (void) compare_with_row (self, record, &row);
      self->pass->ledger.present++;
      self->lane->account->result->verified++;
      return TRUE;
    }
  guint index = records_add (self->pass->records, record);
  if (found && row.destination_key.length > 0
      && records_find (self->theirs, row.destination_key, &partner)
      && records_get (self->theirs, partner)->tag == RECORD_NEW)
    {
      records_get (self->theirs, partner)->tag = RECORD_CLAIMED;
      records_get (self->pass->records, index)->tag = RECORD_CLAIMED;
    }
  else
    partner = NO_PARTNER;
  g_array_append_val (self->partner, partner);
  return TRUE;
}

/* Ours, one by one. */
static gboolean
on_ours (const HaulRecord *record, gpointer user_data, GError **error)
{
  Check *self = user_data;
  gboolean selected = FALSE;
  MessageVerdict verdict = { 0 };
  HaulRecord mapped = *record;
  if (!is_selected (self, &mapped, &selected, error))
    return FALSE;
  self->pass->ledger.seen++;
  if (!selected)
    {
      self->pass->ledger.skipped++;
      return TRUE;
    }
  pass_map_flags (self->pass, &mapped, &verdict);
  gboolean ok = take_ours (self, &mapped, error);
  message_verdict_clear (&verdict);
  return ok;
}

/* A copy that is as the row says it was delivered, as far as sizes tell. */
static gboolean
is_as_delivered (Check *self, const HaulRecord *record, const StateMessage *row)
{
  guint32 caps = destination_caps (self->lane->destination);
  g_autofree char *keywords = keywords_join (record->keywords);
  return self->level <= JOB_VERIFY_SIZE
         && (row->outcome == STATE_STORED || row->outcome == STATE_MATCHED)
         && (state_stored_as (row)->known & IDENTITY_SIZE)
         && (record->known & HAUL_RECORD_SIZE)
         && record->size_bytes == state_stored_as (row)->size_bytes
         && (record->flags & HAUL_FLAGS_ALL) == row->flags
         && (!(caps & HAUL_CAP_KEYWORDS) || keywords_equal (keywords, row->keywords))
         && (!(caps & HAUL_CAP_DATES) || !(record->known & HAUL_RECORD_DATE)
             || record->date_unix == row->date_unix);
}

static gboolean
on_theirs (const HaulRecord *record, gpointer user_data, GError **error)
{
  Check *self = user_data;
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (self->pass->row->id != 0
      && !state_cursor_find_destination (self->cursor, record->key, &row, &found, error))
    return FALSE;
  if (found && !self->whole && !is_wanted (self, &row))
    return TRUE;
  if (found && is_as_delivered (self, record, &row))
    key_set_add (self->settled, row.source_key);
  else
    (void) records_add (self->theirs, record);
  return TRUE;
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  return TRUE;
}

/* @from: only what was stored after this mark; NULL: all. */
static gboolean
list_side (Session *session, char **path, guint32 extra_needs, GBytes *from,
           gboolean (*func) (const HaulRecord *, gpointer, GError **), Check *self,
           GError **error)
{
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = HAUL_NEED_FLAGS | HAUL_NEED_SIZE | HAUL_NEED_DATE
                             | extra_needs,
                    .record = func,
                    .vanished = on_vanished,
                    .user_data = self };
  HaulScanResult result = { .struct_size = sizeof result };
  if (from != NULL)
    scan.from.data = g_bytes_get_data (from, &scan.from.length);
  /* Left at once: what a backend keeps of a listing would only take memory. */
  return session_enter (session, (HaulPath) path, HAUL_ENTER_READ, NULL, error)
         && session_scan (session, &scan, &result, error)
         && session_leave (session, error);
}

static gboolean
call_list_theirs (Session *session, gpointer data, GError **error)
{
  Check *self = data;
  return list_side (session, self->pass->pair->destination_path, 0, NULL, on_theirs, self,
                    error);
}

/* What was stored by this run, as far as it is there as it was delivered. */
static gboolean
on_new (const HaulRecord *record, gpointer user_data, GError **error)
{
  Check *self = user_data;
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (!state_cursor_find_destination (self->cursor, record->key, &row, &found, error))
    return FALSE;
  if (found && key_set_contains (self->only, row.source_key)
      && is_as_delivered (self, record, &row))
    key_set_add (self->settled, row.source_key);
  return TRUE;
}

static gboolean
call_list_new (Session *session, gpointer data, GError **error)
{
  Check *self = data;
  const FolderPair *pair = self->pass->pair;
  return list_side (session, pair->destination_path, 0, pair->destination->mark, on_new,
                    self, error);
}

/*
 * The short way after a run: what it stored lies behind the mark that the folder had
 * before, and the state knows what it should look like. *@out_done FALSE: not all of it
 * is there, or there is more to compare; then the long way tells what.
 */
static gboolean
check_new (Check *self, gboolean *out_done, GError **error)
{
  const guint32 needed = HAUL_CAP_STABLE_KEYS | HAUL_CAP_SCAN_FROM;
  const FolderInfo *destination = self->pass->pair->destination;
  *out_done = FALSE;
  if (self->whole || self->only == NULL || self->unverified != 0
      || self->level > JOB_VERIFY_SIZE || destination == NULL || destination->mark == NULL
      || (destination_caps (self->lane->destination) & needed) != needed)
    return TRUE;
  if (!destination_call (self->lane->destination, call_list_new, self, error))
    return FALSE;
  *out_done = key_set_count (self->settled) == key_set_count (self->only);
  if (*out_done)
    self->lane->account->result->verified += key_set_count (self->settled);
  key_set_free (self->settled);
  self->settled = key_set_new ();
  return TRUE;
}

/* ---- pairing what the state does not pair ---- */

static gboolean
pair_by_identity (Check *self, GError **error)
{
  Side ours = { 0 }, theirs = { 0 };
  side_init (&ours, self->pass, self->pass->records, FALSE);
  side_init (&theirs, self->pass, self->theirs, TRUE);
  gboolean ok = TRUE;
  if (ours.positions->len > 0 && theirs.positions->len > 0)
    {
      g_autoptr (GArray) pairs = side_pair (&ours, &theirs, error);
      ok = pairs != NULL;
      for (guint i = 0; ok && i < pairs->len; i++)
        {
          const MatchPair *pair = &g_array_index (pairs, MatchPair, i);
          guint a = g_array_index (ours.positions, guint, pair->source);
          guint b = g_array_index (theirs.positions, guint, pair->destination);
          g_array_index (self->partner, guint, a) = b;
          records_get (self->pass->records, a)->tag = RECORD_CLAIMED;
          records_get (self->theirs, b)->tag = RECORD_CLAIMED;
        }
    }
  side_clear (&ours);
  side_clear (&theirs);
  return ok;
}

/* ---- comparing the rest ---- */

/* A message that was delivered and then removed is missing, too, but nothing to be
 * repaired by another run. */
static gboolean
report_missing (Check *self, HaulBytes key, GError **error)
{
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (!verify_find_row (self, key, &row, &found, error))
    return FALSE;
  gboolean removed = found && self->whole && ((1u << row.outcome) & STATE_DELIVERED);
  verify_report (
      self, key, FALSE,
      removed ? "missing at the destination: it was delivered, and removed there since"
              : "missing at the destination");
  return TRUE;
}

static gboolean
compare (Check *self, GError **error)
{
  Pass *pass = self->pass;
  g_autoptr (GArray) doubtful = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < self->partner->len; i++)
    {
      guint partner = g_array_index (self->partner, guint, i);
      HaulBytes key = records_key (pass->records, i);
      if (partner == NO_PARTNER)
        {
          pass->ledger.failed++;
          if (!report_missing (self, key, error))
            return FALSE;
          continue;
        }
      pass->ledger.present++;
      self->lane->account->result->verified++;
      const Record *ours = records_get (pass->records, i);
      const Record *theirs = records_get (self->theirs, partner);
      MetadataPair pair = { pass->records, ours, self->theirs, theirs,
                            destination_caps (self->lane->destination) };
      g_autofree char *difference = is_strict (self, key)
                                        ? metadata_difference (&pair,
                                                               verify_noted (self, key))
                                        : metadata_date_difference (&pair);
      if (difference != NULL)
        verify_report_change (self, key, difference);
      if (self->level == JOB_VERIFY_CONTENT || !sizes_equal (ours, theirs))
        g_array_append_val (doubtful, i);
    }
  for (guint i = 0; i < records_length (self->theirs); i++)
    if (self->whole && records_get (self->theirs, i)->tag != RECORD_CLAIMED)
      verify_report (self, records_key (self->theirs, i), TRUE,
                     "only at the destination");
  if (self->level == JOB_VERIFY_HEADERS && !verify_headers (self, doubtful, error))
    return FALSE;
  return verify_content (self, doubtful, error);
}

static gboolean
check_folder (Check *self, GError **error)
{
  Pass *pass = self->pass;
  gboolean headers = (filter_chain_effects (self->lane->account->chain)
                      & HAUL_FILTER_NEEDS_HEADERS)
                     != 0;
  pass->row = state_folder_load (self->lane->account->state, pass->pair->source->text,
                                 pass->pair->destination_text, error);
  if (pass->row == NULL)
    return FALSE;
  self->cursor = state_cursor_new (self->lane->account->state, pass->row->id);
  gboolean done = FALSE;
  gboolean ok = check_new (self, &done, error);
  if (ok && !done)
    ok = (pass->pair->destination == NULL
          || destination_call (self->lane->destination, call_list_theirs, self, error))
         && list_side (self->lane->source, pass->pair->source->path,
                       headers ? HAUL_NEED_HEADERS | HAUL_NEED_ALL_HEADERS : 0, NULL,
                       on_ours, self, error)
         && pair_by_identity (self, error) && compare (self, error);
  state_cursor_free (self->cursor);
  return ok;
}

static gboolean
check_once (const Check *wanted, FolderPair *pair, FolderResult *result, GError **error)
{
  Check check = *wanted;
  check.theirs = records_new ();
  check.settled = key_set_new ();
  check.doubtful = key_set_new ();
  check.pass = pass_new (check.lane, pair, result);
  check.partner = g_array_new (FALSE, FALSE, sizeof (guint));
  guint first = check.lane->account->result->differences->len;
  gboolean ok = check_folder (&check, error);
  if (ok && !check.whole)
    ok = doubts_keep (check.lane, check.pass->row, check.unverified, first, error);
  else if (ok)
    {
      result->ledger = check.pass->ledger;
      result->complete = result->ledger.failed == 0;
    }
  g_array_unref (check.partner);
  records_free (check.theirs);
  key_set_free (check.settled);
  key_set_free (check.doubtful);
  pass_free (check.pass);
  return ok;
}

gboolean
verify_run (Lane *lane, const VerifyRequest *request, gboolean *out_source,
            GError **error)
{
  AccountResult *account = lane->account->result;
  gboolean whole = lane->account->request->mode == ENGINE_VERIFY;
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < request->pairs->len && !lane_should_stop (lane); i++)
    {
      FolderPair *pair = request->pairs->pdata[i];
      if (pair->dropped != NULL || (pair->source->attributes & HAUL_FOLDER_NOSELECT))
        continue;
      /* After a run only what it wrote is looked at, and what is left from others. */
      const KeySet *only = g_hash_table_lookup (lane->delivered, pair);
      guint unverified = GPOINTER_TO_UINT (g_hash_table_lookup (lane->unverified, pair));
      if (!whole && only == NULL && unverified == 0)
        continue;
      Check wanted = { .lane = lane,
                       .level = MAX (request->level, JOB_VERIFY_SIZE),
                       .whole = whole,
                       .only = only,
                       .unverified = unverified };
      guint differences = account->differences->len;
      guint64 verified = account->verified;
      GError *reason = NULL;
      for (guint attempt = 1;
           ok && !check_once (&wanted, pair, request->results->pdata[i], &reason);
           attempt++)
        {
          /* A session was lost: the folder is compared anew. */
          g_ptr_array_set_size (account->differences, (gint) differences);
          account->verified = verified;
          ok = lane_mend (lane, g_steal_pointer (&reason), attempt, out_source, error);
        }
    }
  return ok;
}
