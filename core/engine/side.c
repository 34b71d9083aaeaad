/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Side: reads identities by scan (headers) or fetch (content) from whichever session the
 * messages belong to, and feeds the pure matcher until it has no more doubts. Lane's
 * thread; a destination is read on its own while the lane waits.
 */
#include "engine/side.h"

#include "engine/identify.h"

void
side_init (Side *self, Pass *pass, Records *records, gboolean destination)
{
  self->pass = pass;
  self->records = records;
  self->destination = destination;
  self->positions = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < records_length (records); i++)
    {
      guint32 tag = records_get (records, i)->tag;
      if (tag == RECORD_NEW || tag == RECORD_SUSPECT || tag == RECORD_SKIPPED)
        g_array_append_val (self->positions, i);
    }
  self->identities = g_new0 (Identity, MAX (self->positions->len, 1));
}

void
side_clear (Side *self)
{
  g_clear_pointer (&self->positions, g_array_unref);
  g_clear_pointer (&self->identities, g_free);
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

static gboolean
call_content (Session *session, gpointer data, GError **error)
{
  ContentRequest *request = data;
  guint count = request->which->len;
  g_autofree HaulBytes *keys = g_new (HaulBytes, count);
  g_autofree Identity *found = g_new0 (Identity, count);
  for (guint i = 0; i < count; i++)
    keys[i] = key_at (request->side, g_array_index (request->which, guint, i));
  if (!enter (request->side, session, error)
      || !identify_fetch (session, keys, count, found, error))
    return FALSE;
  for (guint i = 0; i < count; i++)
    if (found[i].known & IDENTITY_CONTENT)
      request->side->identities[g_array_index (request->which, guint, i)] = found[i];
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

GArray *
side_pair (Side *source, Side *destination, GError **error)
{
  if (!side_read_headers (source, error) || !side_read_headers (destination, error))
    return NULL;
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
