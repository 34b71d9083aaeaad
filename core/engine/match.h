/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which messages of two folders are the same: pure, over multisets of identities.
 * docs/internals/matching.md has the reasons.
 */
#pragma once

#include <mailhaul/message.h>

#include "model/identity.h"

/* MatchSize: what a store's word about the size of a message is worth when headers are
 * equal. Whatever it leaves open is decided by content, never by a guess. */
typedef enum
{
  MATCH_SIZE_EXACT = 0, /* equal sizes are a proof */
  MATCH_SIZE_LINES = 1, /* line ends may be counted once or twice: nearly equal is one */
  MATCH_SIZE_ANY = 2,   /* the size is an estimate: headers alone are a proof */
} MatchSize;

/* MatchCandidate: one message of one side. Borrowed. */
typedef struct
{
  const Identity *identity;  /* never NULL; may know nothing */
  const guint8 *delivery_id; /* HAUL_DELIVERY_ID_LENGTH bytes; NULL: none */
} MatchCandidate;

/* MatchInput: both sides. */
typedef struct
{
  const MatchCandidate *sources;
  guint source_count;
  const MatchCandidate *destinations;
  guint destination_count;
  MatchSize size;
  gboolean last; /* no more content can be had: what is in doubt stays unmatched */
} MatchInput;

/* MatchPair: the source at this index is the destination at that one. */
typedef struct
{
  guint source;
  guint destination;
} MatchPair;

/* MatchResult: the outcome. */
typedef struct
{
  GArray *pairs;            /* of MatchPair, in order of source */
  GArray *ask_sources;      /* of guint, ascending: their content must be known first */
  GArray *ask_destinations; /* likewise */
} MatchResult;

/*
 * match_candidates: pairs up both sides, each message at most once, so that k equal
 * messages match k. The ladder:
 *
 * 1. equal delivery ids, unless content or Message-IDs are known to differ;
 * 2. equal content, both known;
 * 3. a Message-ID that one message on each side has, with equal header digests and equal
 *    sizes, unless the content is known to differ;
 * 4. of what was read: a copy that is the source as a store changes it, and cannot be any
 *    other way (altered-form.h): same altered form, though the content is known to
 * differ;
 * 5. whatever else could be equal by its headers is in doubt: those members that were not
 *    read are asked for. Fill it in and call again with all candidates; with
 *    @input->last the lists stay empty.
 *
 * Content known to differ matches by rung 4 only. Without a Message-ID only content
 * matches. A candidate whose headers are not known matches by rungs 1 and 2 only. O(n log
 * n).
 *
 * Returns: (transfer full), free with match_result_free().
 */
MatchResult *match_candidates (const MatchInput *input);
/* match_result_free: accepts NULL. */
void match_result_free (MatchResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MatchResult, match_result_free)
