/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds moved messages: what left one folder and what is new in another, paired up by
 * identity, each at most once. Only folders that changed since their last complete pass
 * are looked at, and only if at least two did. Lane's thread, before the lanes begin.
 */
#include "engine/moves-private.h"

/* VANISHED_MAX, GAINED_MAX: more is rather a folder that was made anew; bounds the memory
 * to some tens of MiB. */
#define VANISHED_MAX 50000u
#define GAINED_MAX   50000u

/* FEW: of so many listed messages one candidate is read whole rather than the headers of
 * all. */
#define FEW 16

/* ATTEMPTS: what a folder refuses again is left to the passes. */
#define ATTEMPTS 2

/* ---- which folders ---- */

static void
move_folder_free (gpointer data)
{
  MoveFolder *self = data;
  if (self->side_made)
    side_clear (&self->side);
  if (self->pass == NULL)
    state_folder_free (self->row);
  pass_free (self->pass);
  g_free (self);
}

static gboolean
has_changed (const FolderInfo *source, const StateFolder *row)
{
  return row == NULL || !row->clean || row->source_token == NULL || source->token == NULL
         || !g_bytes_equal (row->source_token, source->token);
}

/* Its rows still speak of the same keys, and all of them. Where no token says so, the
 * number must. */
static gboolean
may_have_lost (const FolderInfo *source, const StateFolder *row)
{
  const HaulFolderStatus *status = &source->status;
  guint64 validity = status->known & HAUL_STATUS_UIDVALIDITY ? status->uid_validity : 0;
  if (row == NULL || !row->clean || row->messages == 0
      || row->source_validity != validity)
    return FALSE;
  return source->token != NULL || !(status->known & HAUL_STATUS_MESSAGES)
         || status->messages != row->messages;
}

static void
add_pair (Moves *self, guint index, GPtrArray *results, StateFolder *row)
{
  MoveFolder *folder = g_new0 (MoveFolder, 1);
  folder->pair = self->set->pairs->pdata[index];
  folder->result = results->pdata[index];
  folder->row = row;
  folder->loses = may_have_lost (folder->pair->source, row);
  folder->pass = pass_new (self->lane, folder->pair, folder->result);
  folder->pass->row = row;
  g_ptr_array_add (self->folders, folder);
}

static gboolean
is_listed (const Moves *self, const char *source_path)
{
  for (guint i = 0; i < self->set->sources->len; i++)
    if (g_str_equal (((FolderInfo *) self->set->sources->pdata[i])->text, source_path))
      return TRUE;
  return FALSE;
}

/* The row of each pair, taken out of @rows. */
static StateFolder *
take_row (GPtrArray *rows, const FolderPair *pair)
{
  for (guint i = 0; i < rows->len; i++)
    {
      StateFolder *row = rows->pdata[i];
      if (row != NULL && g_str_equal (row->source_path, pair->source->text)
          && g_str_equal (row->destination_path, pair->destination_text))
        {
          rows->pdata[i] = NULL;
          return row;
        }
    }
  return NULL;
}

static gboolean
find_folders (Moves *self, GPtrArray *results, GError **error)
{
  g_autoptr (GPtrArray) rows = state_folders (self->lane->account->state, error);
  if (rows == NULL)
    return FALSE;
  g_ptr_array_set_free_func (rows, (GDestroyNotify) state_folder_free);
  for (guint i = 0; rows->len > 0 && i < self->set->pairs->len; i++)
    {
      const FolderPair *pair = self->set->pairs->pdata[i];
      if (pair->dropped != NULL || (pair->source->attributes & HAUL_FOLDER_NOSELECT))
        continue;
      StateFolder *row = take_row (rows, pair);
      if (has_changed (pair->source, row))
        add_pair (self, i, results, row);
      else
        state_folder_free (row);
    }
  for (guint i = 0; i < rows->len; i++)
    {
      StateFolder *row = rows->pdata[i];
      if (row == NULL || !row->clean || row->messages == 0
          || is_listed (self, row->source_path))
        continue;
      MoveFolder *folder = g_new0 (MoveFolder, 1);
      folder->row = g_steal_pointer (&rows->pdata[i]);
      folder->loses = TRUE;
      g_ptr_array_add (self->folders, folder);
    }
  return TRUE;
}

static gboolean
is_worth_a_look (const Moves *self)
{
  guint losers = 0, gainers = 0;
  for (guint i = 0; i < self->folders->len; i++)
    {
      const MoveFolder *folder = self->folders->pdata[i];
      losers += folder->loses ? 1 : 0;
      gainers += folder->pair != NULL ? 1 : 0;
    }
  return losers > 0 && gainers > 0 && self->folders->len > 1;
}

/* ---- what came and went ---- */

/* Listing: one folder under way. */
typedef struct
{
  Moves *moves;
  MoveFolder *folder;
  guint index;
  StateCursor *cursor;
  KeySet *seen; /* NULL: what vanished is said by itself */
} Listing;

static void
add_vanished (Listing *self, const StateMessage *row)
{
  Vanished vanished = { .folder = self->index };
  /* What we took from the source ourselves has not been moved by anybody. */
  if (self->moves->vanished->len >= VANISHED_MAX || row->gone == STATE_TAKEN)
    return;
  row_copy_init (&vanished.copy, row);
  g_array_append_val (self->moves->vanished, vanished);
}

/* Whether the filters let it through; one that fails is for the pass to report. */
static gboolean
is_selected (Listing *self, const HaulRecord *record)
{
  const Account *account = self->moves->lane->account;
  HaulMessage view = { .folder = (HaulPath) self->folder->pair->source->path,
                       .size_bytes = (record->known & HAUL_RECORD_SIZE)
                                         ? record->size_bytes
                                         : HAUL_SIZE_UNKNOWN,
                       .flags = record->flags & HAUL_FLAGS_ALL,
                       .keywords = record->keywords,
                       .date_unix = record->date_unix,
                       .has_date = (record->known & HAUL_RECORD_DATE) != 0,
                       .headers = record->headers,
                       .now_unix = account->now_unix };
  MessageVerdict verdict = { 0 };
  g_autoptr (GError) ignored = NULL;
  gboolean ok = filter_chain_message (account->chain, &view, &verdict, &ignored)
                && verdict.skip_reason == NULL;
  message_verdict_clear (&verdict);
  return ok;
}

static gboolean
on_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  Listing *self = user_data;
  Pass *pass = self->folder->pass;
  StateMessage row = { 0 };
  gboolean found = FALSE;
  pass->ledger.seen++;
  if (self->seen != NULL)
    key_set_add (self->seen, record->key);
  if (self->cursor != NULL
      && !state_cursor_find (self->cursor, record->key, &row, &found, error))
    return FALSE;
  /* A run that was killed before it moved what it intended to: whether it did shows in
   * the old folder. Of a copy nothing shows. */
  gboolean intended = found && row.outcome == STATE_INTENT && !self->moves->stays;
  if ((found && !intended) || records_length (pass->records) >= GAINED_MAX
      || !is_selected (self, record))
    return TRUE;
  guint index = records_add (pass->records, record);
  if (intended)
    records_get (pass->records, index)->tag = RECORD_SUSPECT;
  return TRUE;
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  Listing *self = user_data;
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (self->cursor != NULL && !state_cursor_find (self->cursor, key, &row, &found, error))
    return FALSE;
  if (found && ((1u << row.outcome) & STATE_DELIVERED))
    add_vanished (self, &row);
  return TRUE;
}

static gboolean
on_row (const StateMessage *row, gpointer user_data, GError **error)
{
  Listing *self = user_data;
  if (self->seen == NULL || !key_set_contains (self->seen, row->source_key))
    add_vanished (self, row);
  return TRUE;
}

static gboolean
scan (Listing *self, gboolean *out_delta, GError **error)
{
  Lane *lane = self->moves->lane;
  const MoveFolder *folder = self->folder;
  HaulScanResult result = { .struct_size = sizeof result };
  HaulScan request = { .struct_size = sizeof request,
                       .needs = HAUL_NEED_FLAGS | HAUL_NEED_SIZE | HAUL_NEED_DATE,
                       .record = on_record,
                       .vanished = on_vanished,
                       .user_data = self };
  if (filter_chain_effects (lane->account->chain) & HAUL_FILTER_NEEDS_HEADERS)
    request.needs |= HAUL_NEED_HEADERS;
  if (folder->loses && folder->row->source_token != NULL)
    request.since.data = g_bytes_get_data (folder->row->source_token,
                                           &request.since.length);
  if (!session_enter (lane->source, (HaulPath) folder->pair->source->path,
                      HAUL_ENTER_READ, NULL, error)
      || !session_scan (lane->source, &request, &result, error))
    return FALSE;
  *out_delta = result.delta;
  return TRUE;
}

/* One folder's listing: what is new, and what is no longer there. */
static gboolean
list_folder (Moves *self, guint index, GError **error)
{
  MoveFolder *folder = self->folders->pdata[index];
  State *state = self->lane->account->state;
  Listing listing = { .moves = self, .folder = folder, .index = index };
  gboolean delta = FALSE, ok = TRUE;
  if (folder->row != NULL)
    listing.cursor = state_cursor_new (state, folder->row->id);
  if (folder->pair != NULL)
    {
      listing.seen = folder->loses ? key_set_new () : NULL;
      ok = scan (&listing, &delta, error);
    }
  if (ok && folder->loses && !delta)
    ok = state_messages (state, folder->row->id, STATE_DELIVERED, on_row, &listing,
                         error);
  key_set_free (listing.seen);
  state_cursor_free (listing.cursor);
  return ok;
}

/* What only gains is listed only if something was lost. */
static gboolean
list_folders (Moves *self, GError **error)
{
  for (guint walk = 0; walk < 2; walk++)
    {
      for (guint i = 0; i < self->folders->len; i++)
        if (((MoveFolder *) self->folders->pdata[i])->loses == (walk == 0)
            && !list_folder (self, i, error))
          return FALSE;
      if (self->vanished->len == 0)
        return TRUE;
    }
  return TRUE;
}

/* ---- who is who ---- */

static guint
size_hash (gconstpointer data)
{
  const guint64 *size = data;
  return (guint) (*size ^ (*size >> 32));
}

/* The sizes of what vanished; NULL: sizes prove nothing. */
static GHashTable *
list_sizes (Moves *self)
{
  g_autoptr (GHashTable) sizes = g_hash_table_new (size_hash, g_int64_equal);
  if (!(self->lane->source_caps & HAUL_CAP_EXACT_SIZE))
    return NULL;
  for (guint i = 0; i < self->vanished->len; i++)
    {
      Vanished *vanished = &g_array_index (self->vanished, Vanished, i);
      if (!(vanished->copy.row.identity.known & IDENTITY_SIZE))
        return NULL;
      g_hash_table_add (sizes, &vanished->copy.row.identity.size_bytes);
    }
  return g_steal_pointer (&sizes);
}

/* Candidates of one folder, with as much known of them as it takes to compare. */
static gboolean
read_candidates (MoveFolder *folder, GHashTable *sizes, GError **error)
{
  Records *records = folder->pass->records;
  for (guint i = 0; i < records_length (records); i++)
    {
      Record *record = records_get (records, i);
      if (sizes != NULL && (record->known & HAUL_RECORD_SIZE)
          && !g_hash_table_contains (sizes, &record->size_bytes))
        record->tag = RECORD_DONE;
    }
  side_init (&folder->side, folder->pass, records, FALSE);
  folder->side_made = TRUE;
  guint count = folder->side.positions->len;
  if (count == 0)
    return TRUE;
  if (count > folder->pass->ledger.seen / FEW)
    return side_read_headers (&folder->side, error);
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < count; i++)
    g_array_append_val (all, i);
  return side_read_content (&folder->side, all, error);
}

/* Place: a candidate among those of all folders. */
typedef struct
{
  guint folder, position;
} Place;

static GArray *
list_places (const Moves *self)
{
  GArray *places = g_array_new (FALSE, FALSE, sizeof (Place));
  for (guint i = 0; i < self->folders->len; i++)
    {
      const MoveFolder *folder = self->folders->pdata[i];
      for (guint k = 0; folder->side_made && k < folder->side.positions->len; k++)
        {
          Place place = { i, k };
          g_array_append_val (places, place);
        }
    }
  return places;
}

static MatchResult *
match (const Moves *self, const GArray *places, gboolean last)
{
  g_autofree MatchCandidate *left = g_new0 (MatchCandidate, MAX (places->len, 1));
  g_autofree MatchCandidate *right = g_new0 (MatchCandidate, self->vanished->len);
  for (guint i = 0; i < places->len; i++)
    {
      const Place *place = &g_array_index (places, Place, i);
      const MoveFolder *folder = self->folders->pdata[place->folder];
      left[i].identity = &folder->side.identities[place->position];
    }
  for (guint i = 0; i < self->vanished->len; i++)
    right[i].identity = &g_array_index (self->vanished, Vanished, i).copy.row.identity;
  MatchInput input = { .sources = left,
                       .source_count = places->len,
                       .destinations = right,
                       .destination_count = self->vanished->len,
                       .size = MATCH_SIZE_EXACT,
                       .last = last };
  return match_candidates (&input);
}

/* The content of the candidates in doubt; @ask is ascending, and so are folders in it. */
static gboolean
read_doubtful (Moves *self, const GArray *places, const GArray *ask, GError **error)
{
  for (guint at = 0; at < ask->len;)
    {
      g_autoptr (GArray) which = g_array_new (FALSE, FALSE, sizeof (guint));
      guint folder = g_array_index (places, Place, g_array_index (ask, guint, at)).folder;
      for (; at < ask->len; at++)
        {
          const Place *place = &g_array_index (places, Place,
                                               g_array_index (ask, guint, at));
          if (place->folder != folder)
            break;
          g_array_append_val (which, place->position);
        }
      MoveFolder *of = self->folders->pdata[folder];
      if (!side_read_content (&of->side, which, error))
        return FALSE;
    }
  return TRUE;
}

static gint
by_folders (gconstpointer a, gconstpointer b)
{
  const Move *left = a, *right = b;
  if (left->from != right->from)
    return left->from < right->from ? -1 : 1;
  if (left->to != right->to)
    return left->to < right->to ? -1 : 1;
  return left->position < right->position ? -1 : left->position > right->position;
}

static gboolean
pair_up (Moves *self, GError **error)
{
  g_autoptr (GHashTable) sizes = list_sizes (self);
  for (guint i = 0; i < self->folders->len; i++)
    {
      MoveFolder *folder = self->folders->pdata[i];
      if (folder->pair != NULL && !read_candidates (folder, sizes, error))
        return FALSE;
    }
  g_autoptr (GArray) places = list_places (self);
  g_autoptr (MatchResult) result = match (self, places, FALSE);
  if (result->ask_sources->len > 0)
    {
      if (!read_doubtful (self, places, result->ask_sources, error))
        return FALSE;
      match_result_free (result);
      result = match (self, places, TRUE);
    }
  for (guint i = 0; i < result->pairs->len; i++)
    {
      const MatchPair *pair = &g_array_index (result->pairs, MatchPair, i);
      const Place *place = &g_array_index (places, Place, pair->source);
      Move move = {
        .from = g_array_index (self->vanished, Vanished, pair->destination).folder,
        .to = place->folder,
        .position = place->position,
        .vanished = pair->destination,
      };
      g_array_append_val (self->moves, move);
    }
  g_array_sort (self->moves, by_folders);
  return TRUE;
}

static gboolean
try_once (Moves *self, GPtrArray *results, GError **error)
{
  if (!find_folders (self, results, error))
    return FALSE;
  if (!is_worth_a_look (self))
    return TRUE;
  if (!list_folders (self, error))
    return FALSE;
  return self->vanished->len == 0 || (pair_up (self, error) && moves_apply (self, error));
}

/* The backend could do what the job allows. */
static gboolean
is_possible (const Lane *lane, gboolean stays)
{
  const HaulBackend *backend = lane->account->destination.backend;
  return (lane->source_caps & HAUL_CAP_STABLE_KEYS)
         && (stays ? backend->copy != NULL : backend->move != NULL);
}

static gboolean
ends_nothing (const GError *error)
{
  return error->domain == HAUL_ERROR && haul_error_scope (error) <= HAUL_SCOPE_FOLDER;
}

gboolean
moves_run (Lane *lane, FolderSet *folders, GPtrArray *results, gboolean *out_source,
           GError **error)
{
  gboolean stays = lane->account->job->deletions == JOB_DELETIONS_NONE;
  gboolean ok = TRUE;
  gboolean done = !is_possible (lane, stays) || lane->account->destination_emptied;
  for (guint attempt = 1; ok && !done && !lane_should_stop (lane); attempt++)
    {
      Moves self = { .lane = lane, .set = folders, .stays = stays };
      GError *reason = NULL;
      self.folders = g_ptr_array_new_with_free_func (move_folder_free);
      self.vanished = g_array_new (FALSE, FALSE, sizeof (Vanished));
      g_array_set_clear_func (self.vanished, row_copy_clear);
      self.moves = g_array_new (FALSE, FALSE, sizeof (Move));
      done = try_once (&self, results, &reason);
      if (!done && ends_nothing (reason))
        {
          g_clear_error (&reason);
          done = attempt >= ATTEMPTS;
        }
      else if (!done)
        ok = lane_mend (lane, reason, attempt, out_source, error);
      g_array_unref (self.moves);
      g_ptr_array_unref (self.folders);
      g_array_unref (self.vanished);
    }
  return ok;
}
