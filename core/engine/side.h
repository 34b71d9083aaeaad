/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Side: messages of one side of a pass that wait to be paired up with the other side's,
 * and how more is learnt about them.
 */
#pragma once

#include "engine/lane.h"
#include "engine/match.h"

/* Side: positions 0 … positions->len - 1 are the candidates. */
typedef struct
{
  Pass *pass;
  Records *records;     /* borrowed */
  GArray *positions;    /* of guint: indices into records */
  Identity *identities; /* one for each position */
  Identity *delivered;  /* likewise, what filters make of them, as far as it was read;
                           NULL: they change nothing, or it is the destination */
  gboolean destination; /* read on the destination's thread from its folder */
  HaulBytes from;       /* a mark after which all of them lie; empty: anywhere */
} Side;

/* side_init: all records whose tag is RECORD_NEW, RECORD_SUSPECT or RECORD_SKIPPED. */
void side_init (Side *self, Pass *pass, Records *records, gboolean destination);
/* side_init_empty: without positions and identities; both are the caller's to give. */
void side_init_empty (Side *self, Pass *pass, Records *records, gboolean destination);
/* side_make_room: identities (and what filters make of them) for all positions. */
void side_make_room (Side *self);
/* side_expected: what the copy of the message at @position should be. */
const Identity *side_expected (const Side *self, guint position);
/* side_clear: frees what it owns. */
void side_clear (Side *self);
/* side_recall: what intents already know of suspects need not be read again. */
gboolean side_recall (Side *self, GError **error);
/* side_read_headers: header identity and size of all candidates. */
gboolean side_read_headers (Side *self, GError **error);
/* side_read_content: content digests of the candidates at @which (of guint: positions).
 */
gboolean side_read_content (Side *self, GArray *which, GError **error);

/* side_pair: pairs up two sides, reading headers, then whole messages where headers leave
 * a doubt; GArray of MatchPair (transfer full); NULL: @error. */
GArray *side_pair (Side *source, Side *destination, GError **error);

/* side_match_known: pairs up a side with identities by what is known of both, as they are
 * and as the filters would have made them. GArray of MatchPair (transfer full). */
GArray *side_match_known (const Side *self, const Identity *others, guint count);

/* side_match: pairs up identities by what is known of them, without reading; where that
 * leaves a doubt there is no pair. GArray of MatchPair (transfer full). */
GArray *side_match (const Identity *sources, guint source_count,
                    const Identity *destinations, guint destination_count);
