/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The matcher: sorts both sides by one key after the other and walks the runs of equal
 * keys. Reads nothing and decides nothing about what to do with the outcome. Pure: any
 * thread.
 */
#include "engine/match.h"

#include <string.h>

/* NEAR_SHARE, NEAR_BYTES: sizes that differ by one byte a line: few messages have lines
 * shorter than 16 bytes on the average, and small ones are mostly headers. */
#define NEAR_SHARE 16
#define NEAR_BYTES 64

/* ALTERED_TRIES: copies that one source looks at: hostile mail must not make it square.
 */
#define ALTERED_TRIES     100

#define UNMATCHED         G_MAXUINT

#define MESSAGE_ID_LENGTH (sizeof ((Identity *) NULL)->message_id)
#define HEADERS_LENGTH    (sizeof ((Identity *) NULL)->headers)

/* MatchEntry: one candidate of either side in a sort. The candidates of one key stand
 * together, sources first, both in the order in which they were given. */
typedef struct
{
  const guint8 *key;
  guint index;
  gboolean destination;
} MatchEntry;

/* Match: the work in progress. */
typedef struct
{
  const MatchInput *input;
  guint *source_partner;      /* index of the other side, or UNMATCHED */
  guint *destination_partner; /* likewise */
  guint *only_partner;        /* of a source: the one that rung 3 would give it */
  GArray *entries;            /* of MatchEntry: the sort at hand */
  gsize key_length;
  MatchResult *result;
} Match;

/* MatchKeyFunc: the key of @candidate, or NULL when it takes no part. */
typedef const guint8 *(*MatchKeyFunc) (const MatchCandidate *candidate);
/* MatchRunFunc: what to do with @sources and @destinations entries of one key. */
typedef void (*MatchRunFunc) (Match *self, const MatchEntry *sources, guint source_count,
                              guint destination_count);

static int
compare_entries (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const MatchEntry *left = a, *right = b;
  const Match *self = user_data;
  int order = memcmp (left->key, right->key, self->key_length);
  if (order != 0)
    return order;
  if (left->destination != right->destination)
    return left->destination ? 1 : -1;
  return (left->index > right->index) - (left->index < right->index);
}

static void
add_entry (Match *self, const MatchCandidate *candidate, guint index,
           gboolean destination, MatchKeyFunc key_of)
{
  guint partner = destination ? self->destination_partner[index]
                              : self->source_partner[index];
  MatchEntry entry = { key_of (candidate), index, destination };
  if (partner == UNMATCHED && entry.key != NULL)
    g_array_append_val (self->entries, entry);
}

/* Sorts what is still unmatched by a key and hands over each run that has both sides. */
static void
each_run (Match *self, MatchKeyFunc key_of, gsize key_length, MatchRunFunc func)
{
  const MatchInput *input = self->input;
  g_array_set_size (self->entries, 0);
  for (guint i = 0; i < input->source_count; i++)
    add_entry (self, &input->sources[i], i, FALSE, key_of);
  for (guint i = 0; i < input->destination_count; i++)
    add_entry (self, &input->destinations[i], i, TRUE, key_of);
  self->key_length = key_length;
  g_array_sort_with_data (self->entries, compare_entries, self);

  const MatchEntry *entries = (const MatchEntry *) (gpointer) self->entries->data;
  for (guint start = 0, end = 0; start < self->entries->len; start = end)
    {
      guint sources = 0;
      for (end = start; end < self->entries->len
                        && memcmp (entries[end].key, entries[start].key, key_length) == 0;
           end++)
        sources += entries[end].destination ? 0 : 1;
      if (sources > 0 && sources < end - start)
        func (self, &entries[start], sources, end - start - sources);
    }
}

static const MatchCandidate *
candidate_of (const Match *self, const MatchEntry *entry)
{
  return entry->destination ? &self->input->destinations[entry->index]
                            : &self->input->sources[entry->index];
}

static void
pair (Match *self, const MatchEntry *source, const MatchEntry *destination)
{
  self->source_partner[source->index] = destination->index;
  self->destination_partner[destination->index] = source->index;
}

static gboolean
knows (const Identity *identity, guint32 fields)
{
  return (identity->known & fields) == fields;
}

static gboolean
content_differs (const Identity *a, const Identity *b)
{
  return knows (a, IDENTITY_CONTENT) && knows (b, IDENTITY_CONTENT)
         && memcmp (a->content, b->content, sizeof a->content) != 0;
}

static gboolean
message_id_differs (const Identity *a, const Identity *b)
{
  guint32 fields = IDENTITY_HEADERS | IDENTITY_HAS_MESSAGE_ID;
  return knows (a, fields) && knows (b, fields)
         && memcmp (a->message_id, b->message_id, sizeof a->message_id) != 0;
}

/* ---- rung 1: delivery ids ---- */

static const guint8 *
delivery_key (const MatchCandidate *candidate)
{
  return candidate->delivery_id;
}

/* Ids come from source keys, which a store may give to another message later on: what is
 * known to be another message does not match. */
static void
run_delivery (Match *self, const MatchEntry *sources, guint source_count,
              guint destination_count)
{
  for (guint i = 0; i < MIN (source_count, destination_count); i++)
    {
      const MatchEntry *destination = &sources[source_count + i];
      const Identity *a = candidate_of (self, &sources[i])->identity;
      const Identity *b = candidate_of (self, destination)->identity;
      if (!content_differs (a, b) && !message_id_differs (a, b))
        pair (self, &sources[i], destination);
    }
}

/* ---- rung 2: content ---- */

static const guint8 *
content_key (const MatchCandidate *candidate)
{
  return knows (candidate->identity, IDENTITY_CONTENT) ? candidate->identity->content
                                                       : NULL;
}

static void
run_content (Match *self, const MatchEntry *sources, guint source_count,
             guint destination_count)
{
  for (guint i = 0; i < MIN (source_count, destination_count); i++)
    pair (self, &sources[i], &sources[source_count + i]);
}

/* ---- rungs 3 and 5: Message-ID, header digest ---- */

static const guint8 *
message_id_key (const MatchCandidate *candidate)
{
  guint32 fields = IDENTITY_HEADERS | IDENTITY_HAS_MESSAGE_ID;
  return knows (candidate->identity, fields) ? candidate->identity->message_id : NULL;
}

static const guint8 *
headers_key (const MatchCandidate *candidate)
{
  const Identity *identity = candidate->identity;
  if (!knows (identity, IDENTITY_HEADERS) || knows (identity, IDENTITY_HAS_MESSAGE_ID))
    return NULL;
  return identity->headers;
}

static const guint8 *
loose_key (const MatchCandidate *candidate)
{
  return candidate->identity->has_loose ? candidate->identity->loose : NULL;
}

static gboolean
sizes_agree (const Match *self, const Identity *a, const Identity *b)
{
  if (self->input->size == MATCH_SIZE_ANY)
    return TRUE;
  if (!knows (a, IDENTITY_SIZE) || !knows (b, IDENTITY_SIZE))
    return FALSE;
  guint64 low = MIN (a->size_bytes, b->size_bytes);
  guint64 high = MAX (a->size_bytes, b->size_bytes);
  guint64 tolerance = self->input->size == MATCH_SIZE_LINES
                          ? low / NEAR_SHARE + NEAR_BYTES
                          : 0;
  return high - low <= tolerance;
}

static gboolean
was_read (const Identity *identity)
{
  return knows (identity, IDENTITY_CONTENT) && identity->altered.known;
}

/* What is left of a group shares an identity and no content: all that was not read for
 * this is asked for. A digest of content alone, from when it was copied, says nothing of
 * how a store would have changed the message. */
static void
run_ask (Match *self, const MatchEntry *sources, guint source_count,
         guint destination_count)
{
  for (guint i = 0; i < source_count + destination_count; i++)
    if (!was_read (candidate_of (self, &sources[i])->identity))
      g_array_append_val (sources[i].destination ? self->result->ask_destinations
                                                 : self->result->ask_sources,
                          sources[i].index);
}

/* Who is alone with a Message-ID is settled before content takes pairs away: a last one
 * left of several is no proof. */
static void
run_alone (Match *self, const MatchEntry *sources, guint source_count,
           guint destination_count)
{
  const Identity *a = candidate_of (self, &sources[0])->identity;
  const Identity *b = candidate_of (self, &sources[source_count])->identity;
  if (source_count == 1 && destination_count == 1 && !content_differs (a, b)
      && memcmp (a->headers, b->headers, sizeof a->headers) == 0
      && sizes_agree (self, a, b))
    self->only_partner[sources[0].index] = sources[1].index;
}

static void
pair_alone (Match *self)
{
  for (guint i = 0; i < self->input->source_count; i++)
    {
      guint only = self->only_partner[i];
      if (only == UNMATCHED || self->source_partner[i] != UNMATCHED
          || self->destination_partner[only] != UNMATCHED)
        continue;
      self->source_partner[i] = only;
      self->destination_partner[only] = i;
    }
}

/* ---- rung 4: as a store changes it ---- */

static const guint8 *
altered_key (const MatchCandidate *candidate)
{
  const Identity *identity = candidate->identity;
  return was_read (identity) ? identity->altered.digest : NULL;
}

/* Each source takes the first copy that can have come of it. Where all of a run are of
 * one kind, as copies of one message are, none is looked at twice. */
static void
run_altered (Match *self, const MatchEntry *sources, guint source_count,
             guint destination_count)
{
  const MatchEntry *destinations = &sources[source_count];
  guint next = 0;
  for (guint i = 0; i < source_count && next < destination_count; i++)
    {
      const AlteredForm *own = &candidate_of (self, &sources[i])->identity->altered;
      guint at = next, tried = 0;
      while (at < destination_count && tried++ < ALTERED_TRIES
             && (self->destination_partner[destinations[at].index] != UNMATCHED
                 || !altered_form_explains (
                     own, &candidate_of (self, &destinations[at])->identity->altered)))
        at++;
      if (at == destination_count || tried > ALTERED_TRIES)
        continue;
      pair (self, &sources[i], &destinations[at]);
      next += at == next ? 1 : 0;
    }
}

/* ---- the ladder ---- */

static guint *
new_partners (guint count)
{
  guint *partners = g_new (guint, count);
  for (guint i = 0; i < count; i++)
    partners[i] = UNMATCHED;
  return partners;
}

static int
compare_indices (gconstpointer a, gconstpointer b)
{
  guint left = *(const guint *) a, right = *(const guint *) b;
  return (left > right) - (left < right);
}

/* Ascending, each once: an index may have been asked for by several keys. */
static void
sort_once (GArray *indices)
{
  guint made = 0;
  g_array_sort (indices, compare_indices);
  for (guint i = 0; i < indices->len; i++)
    if (i == 0
        || g_array_index (indices, guint, i) != g_array_index (indices, guint, i - 1))
      g_array_index (indices, guint, made++) = g_array_index (indices, guint, i);
  g_array_set_size (indices, made);
}

MatchResult *
match_candidates (const MatchInput *input)
{
  MatchResult *result = g_new0 (MatchResult, 1);
  result->pairs = g_array_new (FALSE, FALSE, sizeof (MatchPair));
  result->ask_sources = g_array_new (FALSE, FALSE, sizeof (guint));
  result->ask_destinations = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree guint *source_partner = new_partners (input->source_count);
  g_autofree guint *destination_partner = new_partners (input->destination_count);
  g_autofree guint *only_partner = new_partners (input->source_count);
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (MatchEntry));
  Match self = { .input = input,
                 .source_partner = source_partner,
                 .destination_partner = destination_partner,
                 .only_partner = only_partner,
                 .entries = entries,
                 .result = result };

  each_run (&self, delivery_key, HAUL_DELIVERY_ID_LENGTH, run_delivery);
  each_run (&self, message_id_key, MESSAGE_ID_LENGTH, run_alone);
  each_run (&self, content_key, DIGEST_LENGTH, run_content);
  pair_alone (&self);
  each_run (&self, altered_key, DIGEST_LENGTH, run_altered);
  if (!input->last)
    {
      each_run (&self, message_id_key, MESSAGE_ID_LENGTH, run_ask);
      each_run (&self, headers_key, HEADERS_LENGTH, run_ask);
      each_run (&self, loose_key, HEADERS_LENGTH, run_ask);
    }

  sort_once (result->ask_sources);
  sort_once (result->ask_destinations);
  for (guint i = 0; i < input->source_count; i++)
    {
      MatchPair found = { i, source_partner[i] };
      if (found.destination != UNMATCHED)
        g_array_append_val (result->pairs, found);
    }
  return result;
}

void
match_result_free (MatchResult *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->pairs);
  g_array_unref (self->ask_sources);
  g_array_unref (self->ask_destinations);
  g_free (self);
}
