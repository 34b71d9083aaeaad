/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Side: reads identities by scan (headers) or fetch (content) from whichever session the
 * messages belong to, and feeds the pure matcher until it has no more doubts: first with
 * the messages as they are, then as the filters would deliver them. Lane's thread; a
 * destination is read on its own while the lane waits.
 */
#include "engine/side.h"

#include "engine/identify.h"

void
side_init_empty (Side *self, Pass *pass, Records *records, gboolean destination)
{
  self->pass = pass;
  self->records = records;
  self->destination = destination;
  self->positions = g_array_new (FALSE, FALSE, sizeof (guint));
}

void
side_make_room (Side *self)
{
  guint count = MAX (self->positions->len, 1);
  self->identities = g_new0 (Identity, count);
  if (!self->destination && filter_chain_transforms (self->pass->lane->account->chain))
    self->delivered = g_new0 (Identity, count);
}

const Identity *
side_expected (const Side *self, guint position)
{
  gboolean changed = self->delivered != NULL
                     && (self->delivered[position].known & IDENTITY_CONTENT);
  return changed ? &self->delivered[position] : &self->identities[position];
}

void
side_init (Side *self, Pass *pass, Records *records, gboolean destination)
{
  side_init_empty (self, pass, records, destination);
  for (guint i = 0; i < records_length (records); i++)
    {
      guint32 tag = records_get (records, i)->tag;
      if (tag == RECORD_NEW || tag == RECORD_SUSPECT || tag == RECORD_SKIPPED)
        g_array_append_val (self->positions, i);
    }
  side_make_room (self);
}

void
side_clear (Side *self)
{
  g_clear_pointer (&self->positions, g_array_unref);
  g_clear_pointer (&self->identities, g_free);
  g_clear_pointer (&self->delivered, g_free);
}

static HaulBytes
key_at (Side *self, guint position)
{
  return records_key (self->records, g_array_index (self->positions, guint, position));
}

/* Runs @call with the side's session, in the side's folder. */
static gboolean
with_session (Side *self, DestinationCall call, gpointer data, GError **error)
{
  if (self->destination)
    return destination_call (self->pass->lane->destination, call, data, error);
  return call (self->pass->lane->source, data, error);
}

static gboolean
enter (Side *self, Session *session, GError **error)
{
  const FolderPair *pair = self->pass->pair;
  char **path = self->destination ? pair->destination_path : pair->source->path;
  return session_enter (session, (HaulPath) path, HAUL_ENTER_READ, NULL, error);
}

static int
compare_index (gconstpointer a, gconstpointer b)
{
  guint left = *(const guint *) a, right = *(const guint *) b;
  return (left > right) - (left < right);
}

static gboolean
on_identity (const HaulRecord *record, const Identity *identity, gpointer user_data,
             GError **error)
{
  Side *self = user_data;
  guint index = 0, position = 0;
  if (records_find (self->records, record->key, &index)
      && g_array_binary_search (self->positions, &index, compare_index, &position)
      && !(self->identities[position].known & IDENTITY_CONTENT))
    self->identities[position] = *identity;
  return TRUE;
}

static gboolean
call_headers (Session *session, gpointer data, GError **error)
{
  Side *self = data;
  return enter (self, session, error)
         && identify_scan (session, HAUL_NEED_HEADERS | HAUL_NEED_SIZE, self->from,
                           on_identity, self, error);
}

gboolean
side_recall (Side *self, GError **error)
{
  for (guint i = 0; i < self->positions->len; i++)
    {
      guint index = g_array_index (self->positions, guint, i);
      StateMessage row = { 0 };
      gboolean found = FALSE;
      if (records_get (self->records, index)->tag != RECORD_SUSPECT)
        continue;
      if (!state_cursor_find (self->pass->cursor, records_key (self->records, index),
                              &row, &found, error))
        return FALSE;
      if (found && (row.identity.known & IDENTITY_HEADERS))
        self->identities[i] = row.identity;
      if (found && self->delivered != NULL)
        self->delivered[i] = row.delivered;
    }
  return TRUE;
}

static gboolean
knows_headers (const Side *self)
{
  for (guint i = 0; i < self->positions->len; i++)
    if (!(self->identities[i].known & IDENTITY_HEADERS)
        || !(self->identities[i].known & IDENTITY_SIZE))
      return FALSE;
  return TRUE;
}

gboolean
side_read_headers (Side *self, GError **error)
{
  return knows_headers (self) || with_session (self, call_headers, self, error);
}

typedef struct
{
  Side *side;
  GArray *which; /* of guint: positions */
} ContentRequest;

static Transform *
on_preview (guint at, guint64 size_bytes, gpointer user_data)
{
  ContentRequest *request = user_data;
  guint position = g_array_index (request->which, guint, at);
  return pass_preview (request->side->pass,
                       g_array_index (request->side->positions, guint, position),
                       size_bytes);
}

static gboolean
call_content (Session *session, gpointer data, GError **error)
{
  ContentRequest *request = data;
  Side *side = request->side;
  guint count = request->which->len;
  g_autofree HaulBytes *keys = g_new (HaulBytes, count);
  g_autofree Identity *found = g_new0 (Identity, count);
  g_autofree Identity *delivered = g_new0 (Identity, count);
  IdentifyRequest fetch = { .keys = keys,
                            .count = count,
                            .identities = found,
                            .delivered = delivered,
                            .preview = side->delivered != NULL ? on_preview : NULL,
                            .user_data = request };
  for (guint i = 0; i < count; i++)
    keys[i] = key_at (side, g_array_index (request->which, guint, i));
  if (!enter (side, session, error) || !identify_fetch_through (session, &fetch, error))
    return FALSE;
  for (guint i = 0; i < count; i++)
    {
      guint position = g_array_index (request->which, guint, i);
      if (found[i].known & IDENTITY_CONTENT)
        side->identities[position] = found[i];
      if (delivered[i].known & IDENTITY_CONTENT)
        side->delivered[position] = delivered[i];
    }
  return TRUE;
}

gboolean
side_read_content (Side *self, GArray *which, GError **error)
{
  if (which->len == 0)
    return TRUE;
  ContentRequest request = { self, which };
  return with_session (self, call_content, &request, error);
}

/* The matcher over plain identities. (transfer full) */
static MatchResult *
run_matcher (const Identity *sources, guint source_count, const Identity *destinations,
             guint destination_count, gboolean last)
{
  g_autofree MatchCandidate *left = g_new0 (MatchCandidate, MAX (source_count, 1));
  g_autofree MatchCandidate *right = g_new0 (MatchCandidate, MAX (destination_count, 1));
  for (guint i = 0; i < source_count; i++)
    left[i].identity = &sources[i];
  for (guint i = 0; i < destination_count; i++)
    right[i].identity = &destinations[i];
  MatchInput input = { .sources = left,
                       .source_count = source_count,
                       .destinations = right,
                       .destination_count = destination_count,
                       .size = MATCH_SIZE_EXACT,
                       .last = last };
  return match_candidates (&input);
}

GArray *
side_match (const Identity *sources, guint source_count, const Identity *destinations,
            guint destination_count)
{
  g_autoptr (MatchResult)
      result = run_matcher (sources, source_count, destinations, destination_count, TRUE);
  return g_array_ref (result->pairs);
}

/* The messages as they lie at the source against those of the destination. */
static GArray *
pair_originals (Side *source, Side *destination, GError **error)
{
  g_autoptr (MatchResult)
      result = run_matcher (source->identities, source->positions->len,
                            destination->identities, destination->positions->len, FALSE);
  if (result->ask_sources->len == 0 && result->ask_destinations->len == 0)
    return g_array_ref (result->pairs);

  /* Content decides; what cannot be read stays in doubt and has no pair. */
  if (!side_read_content (source, result->ask_sources, error)
      || !side_read_content (destination, result->ask_destinations, error))
    return NULL;
  return side_match (source->identities, source->positions->len, destination->identities,
                     destination->positions->len);
}

/* ---- as filters deliver them ---- */

/* Rest: what is left of both sides: positions, and identities to compare. */
typedef struct
{
  GArray *sources, *destinations; /* of guint: positions */
  Identity *left, *right;
} Rest;

static void
rest_clear (Rest *self)
{
  g_clear_pointer (&self->sources, g_array_unref);
  g_clear_pointer (&self->destinations, g_array_unref);
  g_clear_pointer (&self->left, g_free);
  g_clear_pointer (&self->right, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Rest, rest_clear)

/* The numbers below @count that no pair names. */
static GArray *
unpaired (const GArray *pairs, guint count, gboolean destination)
{
  g_autofree gboolean *paired = g_new0 (gboolean, MAX (count, 1));
  GArray *rest = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < pairs->len; i++)
    {
      const MatchPair *pair = &g_array_index (pairs, MatchPair, i);
      paired[destination ? pair->destination : pair->source] = TRUE;
    }
  for (guint i = 0; i < count; i++)
    if (!paired[i])
      g_array_append_val (rest, i);
  return rest;
}

/* What would be delivered, as far as that is known without reading the message: filters
 * that leave its identity alone may change its content and its size. */
static Identity
outlook (const Side *source, guint position)
{
  const Identity *delivered = &source->delivered[position];
  Identity identity = source->identities[position];
  if (delivered->known & IDENTITY_CONTENT)
    return *delivered;
  identity.known &= ~(guint32) (IDENTITY_CONTENT | IDENTITY_SIZE);
  return identity;
}

static void
rest_compare (Rest *self, const Side *source, const Identity *others)
{
  g_free (self->left);
  g_free (self->right);
  self->left = g_new0 (Identity, MAX (self->sources->len, 1));
  self->right = g_new0 (Identity, MAX (self->destinations->len, 1));
  for (guint i = 0; i < self->sources->len; i++)
    self->left[i] = outlook (source, g_array_index (self->sources, guint, i));
  for (guint i = 0; i < self->destinations->len; i++)
    self->right[i] = others[g_array_index (self->destinations, guint, i)];
}

/* Adds the pairs of the rest to those of the whole. */
static void
rest_pair (Rest *self, GArray *pairs)
{
  g_autoptr (GArray) found = side_match (self->left, self->sources->len, self->right,
                                         self->destinations->len);
  for (guint i = 0; i < found->len; i++)
    {
      MatchPair pair = g_array_index (found, MatchPair, i);
      pair.source = g_array_index (self->sources, guint, pair.source);
      pair.destination = g_array_index (self->destinations, guint, pair.destination);
      g_array_append_val (pairs, pair);
    }
}

/* Of @asked, numbers in a rest, the positions that @of names. */
static GArray *
positions_of (const GArray *asked, const GArray *of)
{
  GArray *positions = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < asked->len; i++)
    g_array_append_val (positions,
                        g_array_index (of, guint, g_array_index (asked, guint, i)));
  return positions;
}

/* Who of the rest must be read through the filters before anything can be compared: all,
 * if these change what messages are recognised by. */
static GArray *
unread_sources (const Side *source, const Rest *rest)
{
  guint32 effects = filter_chain_effects (source->pass->lane->account->chain);
  GArray *unread = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < rest->sources->len; i++)
    {
      guint position = g_array_index (rest->sources, guint, i);
      if ((effects & HAUL_FILTER_CHANGES_IDENTITY)
          && !(source->delivered[position].known & IDENTITY_CONTENT))
        g_array_append_val (unread, position);
    }
  return unread;
}

/* Filtered copies among what has no partner yet. */
static gboolean
pair_delivered (Side *source, Side *destination, GArray *pairs, GError **error)
{
  g_auto (Rest) rest = { 0 };
  rest.sources = unpaired (pairs, source->positions->len, FALSE);
  rest.destinations = unpaired (pairs, destination->positions->len, TRUE);
  if (rest.sources->len == 0 || rest.destinations->len == 0)
    return TRUE;
  g_autoptr (GArray) unread = unread_sources (source, &rest);
  if (!side_read_content (source, unread, error))
    return FALSE;
  rest_compare (&rest, source, destination->identities);
  g_autoptr (MatchResult) asks = run_matcher (rest.left, rest.sources->len, rest.right,
                                              rest.destinations->len, FALSE);
  g_autoptr (GArray) ours = positions_of (asks->ask_sources, rest.sources);
  g_autoptr (GArray) theirs = positions_of (asks->ask_destinations, rest.destinations);
  if (!side_read_content (source, ours, error)
      || !side_read_content (destination, theirs, error))
    return FALSE;
  rest_compare (&rest, source, destination->identities);
  rest_pair (&rest, pairs);
  return TRUE;
}

GArray *
side_pair (Side *source, Side *destination, GError **error)
{
  if (!side_read_headers (source, error) || !side_read_headers (destination, error))
    return NULL;
  g_autoptr (GArray) pairs = pair_originals (source, destination, error);
  if (pairs == NULL
      || (source->delivered != NULL
          && !pair_delivered (source, destination, pairs, error)))
    return NULL;
  return g_steal_pointer (&pairs);
}

GArray *
side_match_known (const Side *self, const Identity *others, guint count)
{
  GArray *pairs = side_match (self->identities, self->positions->len, others, count);
  if (self->delivered == NULL)
    return pairs;
  g_auto (Rest) rest = { 0 };
  rest.sources = unpaired (pairs, self->positions->len, FALSE);
  rest.destinations = unpaired (pairs, count, TRUE);
  rest_compare (&rest, self, others);
  rest_pair (&rest, pairs);
  return pairs;
}
