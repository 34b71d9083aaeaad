/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The destination's half of a pass: which candidates are there already. Looks only where
 * it must: not into an empty folder, nor into one that is as we left it. First contact,
 * lost state, a killed run and changed keys are all the same question here. Lane's
 * thread; what reads the destination runs on its own while the lane waits.
 */
#include "engine/side.h"

#include <string.h>

#include "engine/late.h"
#include "model/keywords.h"

/* WRITE_BATCH: rows of found messages written in one transaction. */
#define WRITE_BATCH 256

/* LOOKS_MAX: how often a folder is looked at for what a lost session stores too late. */
#define LOOKS_MAX 5

/* Found: rows of found messages on their way into the state, a batch at a time. */
typedef struct
{
  Pass *pass;
  StateMessage rows[WRITE_BATCH];
  GByteArray *keys; /* the destination keys of the rows, one after the other */
  guint count;
} Found;

/* Unknown: the search for messages of the destination that no row accounts for. */
typedef struct
{
  Pass *pass;
  Records *records;   /* those that no delivery id explains */
  KeySet *known;      /* keys that rows account for; only if keys may change */
  gboolean whole;     /* all of the folder, not only what came after the mark */
  gboolean from_mark; /* it was listed so */
  gboolean surplus;   /* only what is there beside all that was delivered matters */
  StateCursor *cursor;
  GArray *by_id; /* of IdEntry: candidates in order of delivery id */
  Found *found;
} Unknown;

/* IdEntry: the delivery id of the candidate @index. */
typedef struct
{
  guint8 id[HAUL_DELIVERY_ID_LENGTH];
  guint index;
} IdEntry;

static gboolean
is_candidate (const Record *record)
{
  return record->tag == RECORD_NEW || record->tag == RECORD_SUSPECT;
}

/* Known: of a message that was found. */
typedef struct
{
  Identity identity;  /* at the source */
  Identity delivered; /* of its filtered copy; nothing known: it is none */
} Known;

/* A row for a candidate that is at the destination under @destination_key. */
static StateMessage
found_row (Pass *self, guint index, const Known *known, HaulBytes destination_key)
{
  const Record *record = records_get (self->records, index);
  StateMessage row = { .source_key = records_key (self->records, index),
                       .destination_key = destination_key,
                       .outcome = record->tag == RECORD_SUSPECT ? STATE_STORED
                                                                : STATE_MATCHED,
                       .flags = record->flags,
                       .keywords = records_keywords (self->records, record),
                       .date_unix = record->date_unix,
                       .identity = known->identity,
                       .delivered = known->delivered };
  return row;
}

static gboolean
found_flush (Found *self, GError **error)
{
  const StateMessage *pointers[WRITE_BATCH];
  guint count = self->count;
  gsize at = 0;
  self->count = 0;
  for (guint i = 0; i < count; i++)
    {
      self->rows[i].destination_key.data = self->keys->data + at;
      at += self->rows[i].destination_key.length;
      pointers[i] = &self->rows[i];
    }
  gboolean ok = count == 0 || self->pass->lane->account->dry_run
                || state_write (self->pass->lane->account->state, self->pass->row->id,
                                pointers, count, FALSE, error);
  g_byte_array_set_size (self->keys, 0);
  return ok;
}

/* First contact with a message that lay at the destination: it gets the source's flags
 * beside its own, or in their place where the source wins. */
static void
add_missing_flags (Pass *self, guint index, HaulBytes destination_key, guint32 flags,
                   const char *keywords)
{
  const Record *record = records_get (self->records, index);
  const char *now = records_keywords (self->records, record);
  g_autofree char *missing = keywords_minus (now, keywords);
  gboolean wins = self->lane->account->job->flags == JOB_FLAGS_SOURCE;
  if (wins ? record->flags == flags && keywords_equal (now, keywords)
           : (record->flags & ~flags) == 0 && *missing == '\0')
    return;
  HaulBytes key = records_key (self->records, index);
  FlagChange *change = g_new0 (FlagChange, 1);
  change->source_key = g_bytes_new (key.data, key.length);
  change->destination_key = g_bytes_new (destination_key.data, destination_key.length);
  change->flags_now = record->flags;
  change->flags_last = flags;
  change->keywords_now = g_strdup (now);
  change->keywords_last = g_strdup (keywords);
  change->only_add = !wins;
  pass_add_change (self, change);
}

/* Where a candidate was found: a message of the destination. */
typedef struct
{
  HaulBytes key;
  guint32 flags;
  const char *keywords;
} Place;

/* What an intent already knew of the message is kept. */
static gboolean
recall_identity (Pass *pass, guint index, Known *known, GError **error)
{
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (records_get (pass->records, index)->tag != RECORD_SUSPECT)
    return TRUE;
  if (!state_cursor_find (pass->cursor, records_key (pass->records, index), &row, &found,
                          error))
    return FALSE;
  if (found && (row.identity.known & IDENTITY_CONTENT))
    *known = (Known){ row.identity, row.delivered };
  return TRUE;
}

/* The candidate @index lies at @place; @identity may know nothing, and so may @delivered.
 */
static gboolean
claim (Found *self, guint index, const Place *place, const Known *identity,
       GError **error)
{
  Pass *pass = self->pass;
  Known known = *identity;
  if (!(known.identity.known & IDENTITY_CONTENT)
      && !recall_identity (pass, index, &known, error))
    return FALSE;
  self->rows[self->count++] = found_row (pass, index, &known, place->key);
  g_byte_array_append (self->keys, place->key.data, (guint) place->key.length);
  records_get (pass->records, index)->tag = RECORD_CLAIMED;
  pass->ledger.matched++;
  if (pass->lane->account->dry_run)
    {
      if (pass->pair->planned_matches == NULL)
        pass->pair->planned_matches = key_set_new ();
      key_set_add (pass->pair->planned_matches, place->key);
    }
  pass_post_action (pass, ACTION_MATCH, records_key (pass->records, index), 0, NULL);
  add_missing_flags (pass, index, place->key, place->flags, place->keywords);
  return self->count < WRITE_BATCH || found_flush (self, error);
}

/* ---- delivery ids: proof by themselves, without reading an identity ---- */

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, HAUL_DELIVERY_ID_LENGTH);
}

/* The ids under which the candidates would be stored, sorted. */
static GArray *
list_ids (Pass *pass)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (IdEntry));
  for (guint i = 0; i < records_length (pass->records); i++)
    {
      IdEntry entry = { .index = i };
      if (!is_candidate (records_get (pass->records, i)))
        continue;
      pass_delivery_id (pass, records_key (pass->records, i), entry.id);
      g_array_append_val (ids, entry);
    }
  g_array_sort (ids, compare_ids);
  return ids;
}

/* Claims the candidate that was stored under the record's id. *@out_claimed FALSE: none.
 */
static gboolean
claim_by_id (Unknown *self, const HaulRecord *record, gboolean *out_claimed,
             GError **error)
{
  guint at = 0;
  *out_claimed = FALSE;
  if (!(record->known & HAUL_RECORD_DELIVERY_ID)
      || !g_array_binary_search (self->by_id, record->delivery_id, compare_ids, &at))
    return TRUE;
  guint index = g_array_index (self->by_id, IdEntry, at).index;
  if (!is_candidate (records_get (self->pass->records, index)))
    return TRUE;
  static const Known nothing = { { 0 }, { 0 } };
  g_autofree char *keywords = keywords_join (record->keywords);
  Place place = { record->key, record->flags & HAUL_FLAGS_ALL, keywords };
  *out_claimed = TRUE;
  return claim (self->found, index, &place, &nothing, error);
}

/* ---- listing ---- */

static gboolean
on_destination_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  Unknown *self = user_data;
  StateMessage row = { 0 };
  gboolean found = FALSE, claimed = FALSE;
  if (self->pass->row->id != 0 && !self->pass->keys_void
      && !state_cursor_find_destination (self->cursor, record->key, &row, &found, error))
    return FALSE;
  if (found && ((1u << row.outcome) & STATE_DELIVERED))
    {
      if (self->known != NULL)
        key_set_add (self->known, record->key);
      return TRUE;
    }
  if (!claim_by_id (self, record, &claimed, error))
    return FALSE;
  if (!claimed)
    (void) records_add (self->records, record);
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
  gboolean from_mark = pass->row->destination_mark != NULL && !self->whole
                       && (session_caps (session) & HAUL_CAP_SCAN_FROM);
  self->from_mark = from_mark;
  if (from_mark)
    scan.from.data = g_bytes_get_data (pass->row->destination_mark, &scan.from.length);
  self->cursor = state_cursor_new (pass->lane->account->state, pass->row->id);
  HaulScanResult result = { .struct_size = sizeof result };
  gboolean ok = session_scan (session, &scan, &result, error);
  g_clear_pointer (&self->cursor, state_cursor_free);
  return ok && session_leave (session, error);
}

/* ---- the rest by identity ---- */

/* The mark after which all that was listed lies; empty: anywhere. */
static HaulBytes
mark_of (const Unknown *self)
{
  GBytes *mark = self->from_mark ? self->pass->row->destination_mark : NULL;
  HaulBytes view = HAUL_NO_BYTES;
  if (mark != NULL)
    view.data = g_bytes_get_data (mark, &view.length);
  return view;
}

/* What is known of a pair: the copy is a filtered one if its content says so. */
static Known
known_of (const Side *source, const Side *destination, const MatchPair *pair)
{
  Known known = { source->identities[pair->source], { 0 } };
  const Identity *copy = &destination->identities[pair->destination];
  if (source->delivered == NULL)
    return known;
  const Identity *delivered = &source->delivered[pair->source];
  if ((copy->known & delivered->known & IDENTITY_CONTENT)
      && memcmp (copy->content, delivered->content, sizeof copy->content) == 0
      && memcmp (copy->content, known.identity.content, sizeof copy->content) != 0)
    known.delivered = *delivered;
  return known;
}

static gboolean
claim_by_identity (Found *self, const Unknown *search, GError **error)
{
  Records *unknown = search->records;
  Side source = { 0 }, destination = { 0 };
  side_init (&destination, self->pass, unknown, TRUE);
  /* Nothing there to be found: then the source's identities need no room, which would be
   * a few hundred bytes a message of a first copy. */
  if (destination.positions->len == 0)
    {
      side_clear (&destination);
      return TRUE;
    }
  side_init (&source, self->pass, self->pass->records, FALSE);
  destination.from = mark_of (search);
  gboolean ok = side_recall (&source, error);
  if (ok && source.positions->len > 0 && destination.positions->len > 0)
    {
      g_autoptr (GArray) pairs = side_pair (&source, &destination, error);
      ok = pairs != NULL;
      for (guint i = 0; ok && i < pairs->len; i++)
        {
          const MatchPair *pair = &g_array_index (pairs, MatchPair, i);
          guint at = g_array_index (destination.positions, guint, pair->destination);
          const Record *theirs = records_get (unknown, at);
          Place place = { records_key (unknown, at), theirs->flags,
                          records_keywords (unknown, theirs) };
          Known known = known_of (&source, &destination, pair);
          ok = claim (self, g_array_index (source.positions, guint, pair->source), &place,
                      &known, error);
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
  /* What a lost session stored after the listing is not in it. */
  if (self->again || self->keys_void || self->recovered)
    return FALSE;
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

/* A flag change cannot be made because nobody knows where its message lies. */
static gboolean
has_lost_changes (Pass *self)
{
  for (guint i = 0; i < self->changes->len; i++)
    if (self->keys_void
        || g_bytes_get_size (((FlagChange *) self->changes->pdata[i])->destination_key)
               == 0)
      return TRUE;
  return FALSE;
}

/* Without keys the number alone says that nothing is there but what was delivered; to
 * read it all for what is almost never there would be too much. */
static gboolean
drop_if_no_surplus (Unknown *self, GError **error)
{
  Pass *pass = self->pass;
  guint64 delivered = 0;
  if (!self->surplus
      || (destination_caps (pass->lane->destination) & HAUL_CAP_RETURNS_KEYS))
    return TRUE;
  if (!state_count (pass->lane->account->state, pass->row->id, STATE_THERE, &delivered,
                    error))
    return FALSE;
  if (records_length (self->records) <= delivered)
    {
      records_free (self->records);
      self->records = records_new ();
    }
  return TRUE;
}

/* Lists what no row accounts for; rows whose key had changed have it back after. */
static gboolean
list_unknown (Pass *self, Unknown *unknown, GError **error)
{
  guint32 caps = destination_caps (self->lane->destination);
  gboolean stable = (caps & HAUL_CAP_STABLE_KEYS) != 0 && !self->keys_void;
  if (!stable)
    unknown->known = key_set_new ();
  /* Rows without a key may lie on either side of the mark: they take theirs first. */
  unknown->whole = !stable || !(caps & HAUL_CAP_RETURNS_KEYS) || has_lost_changes (self);
  unknown->by_id = list_ids (self);
  if (!destination_call (self->lane->destination, call_list_unknown, unknown, error)
      || !drop_if_no_surplus (unknown, error)
      || !rekey_destinations (self, unknown->records, unknown->known, error))
    return FALSE;
  if (self->keys_void)
    {
      self->row->destination_validity = self->pair->destination->status.uid_validity;
      self->keys_void = FALSE;
    }
  return TRUE;
}

/* Searches the destination; what is found is in the state when this returns. */
static gboolean
search (Pass *self, Unknown *unknown, GError **error)
{
  return list_unknown (self, unknown, error)
         && claim_by_identity (unknown->found, unknown, error)
         && found_flush (unknown->found, error);
}

gboolean
pass_is_renumbered (const Pass *self)
{
  const FolderInfo *destination = self->pair->destination;
  return destination != NULL && (destination->status.known & HAUL_STATUS_UIDVALIDITY)
         && self->row->destination_validity != 0
         && self->row->destination_validity != destination->status.uid_validity;
}

gboolean
pass_match (Pass *self, GError **error)
{
  self->keys_void = pass_is_renumbered (self);
  if (!rekey_sources (self, error) || !pass_settle_skips (self, error))
    return FALSE;
  gboolean wanted = has_candidates (self) || has_lost_changes (self);
  if (!wanted || (is_accounted_for (self) && !has_lost_changes (self)))
    return TRUE;
  g_autofree Found *found = g_new0 (Found, 1);
  found->pass = self;
  found->keys = g_byte_array_new ();
  Unknown unknown = { .pass = self, .records = records_new (), .found = found };
  gboolean ok = self->pair->destination == NULL || search (self, &unknown, error);
  records_free (unknown.records);
  key_set_free (unknown.known);
  g_clear_pointer (&unknown.by_id, g_array_unref);
  g_byte_array_unref (found->keys);
  return ok;
}

/* ---- what appears too late ---- */

/* From here on the messages that were sent once more are the only ones in question. */
static void
tag_resent (Pass *self, RecordTag from, RecordTag to)
{
  for (guint i = 0; i < records_length (self->records); i++)
    {
      Record *record = records_get (self->records, i);
      if (record->tag == RECORD_NEW)
        record->tag = RECORD_DONE;
      if (record->tag == (guint32) from)
        record->tag = to;
    }
}

/* What of the destination is a copy of a message that was sent once more. */
static gboolean
find_twins (Pass *self, const Unknown *search, GArray *twins, GError **error)
{
  Records *unknown = search->records;
  Side source = { 0 }, destination = { 0 };
  side_init (&source, self, self->records, FALSE);
  side_init (&destination, self, unknown, TRUE);
  destination.from = mark_of (search);
  gboolean ok = side_recall (&source, error);
  if (ok && source.positions->len > 0 && destination.positions->len > 0)
    {
      g_autoptr (GArray) pairs = side_pair (&source, &destination, error);
      ok = pairs != NULL;
      for (guint i = 0; ok && i < pairs->len; i++)
        {
          const MatchPair *pair = &g_array_index (pairs, MatchPair, i);
          guint at = g_array_index (destination.positions, guint, pair->destination);
          HaulBytes key = records_key (unknown, at);
          const Record *theirs = records_get (unknown, at);
          Twin twin = { .index = g_array_index (source.positions, guint, pair->source),
                        .key = g_bytes_new (key.data, key.length),
                        .flags = theirs->flags & HAUL_FLAGS_ALL,
                        .keywords = g_strdup (records_keywords (unknown, theirs)) };
          g_array_append_val (twins, twin);
        }
    }
  side_clear (&source);
  side_clear (&destination);
  return ok;
}

static gboolean
look_once (Pass *self, guint *out_removed, GError **error)
{
  Unknown unknown = { .pass = self, .records = records_new (), .surplus = TRUE };
  g_autoptr (GArray) twins = late_new ();
  gboolean ok = list_unknown (self, &unknown, error);
  tag_resent (self, RECORD_RESENT, RECORD_SUSPECT);
  ok = ok && find_twins (self, &unknown, twins, error);
  records_free (unknown.records);
  key_set_free (unknown.known);
  g_clear_pointer (&unknown.by_id, g_array_unref);
  return ok && (twins->len == 0 || late_settle (self, twins, out_removed, error));
}

gboolean
pass_look_again (Pass *self, GError **error)
{
  if (!self->resent || self->lane->account->dry_run || lane_should_stop (self->lane))
    return TRUE;
  /* A lost session that is still at work may have more to come. */
  for (guint look = 0; look < LOOKS_MAX; look++)
    {
      guint removed = 0;
      tag_resent (self, RECORD_SUSPECT, RECORD_RESENT);
      if (!look_once (self, &removed, error))
        return FALSE;
      if (removed == 0)
        return TRUE;
      if (!pass_put_in_order (self, error))
        return FALSE;
    }
  return TRUE;
}
