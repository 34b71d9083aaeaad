/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flags and keywords of one message that lies on both sides: the three-way merge. Pure.
 */
#pragma once

#include <mailhaul/message.h>

#include "model/job.h"

/* FlagsView: flags and a canonical set of keywords (NULL: none). Borrowed. */
typedef struct
{
  guint32 flags; /* HaulFlags; other bits are not looked at */
  const char *keywords;
} FlagsView;

/* FlagsInput: what is known. */
typedef struct
{
  FlagsView source;             /* now */
  const FlagsView *destination; /* now; NULL: not known, taken to be as last synced */
  const FlagsView *last;        /* as last synced; NULL: never, the two meet first */
  JobFlags policy;
} FlagsInput;

/* FlagsMerge: what to do at the destination, and what then is the last synced state. */
typedef struct
{
  guint32 add_flags;
  guint32 remove_flags;
  char *add_keywords;    /* canonical set, never NULL */
  char *remove_keywords; /* likewise */
  guint32 synced_flags;
  char *synced_keywords; /* likewise */
} FlagsMerge;

/*
 * flags_merge: fills @out; free with flags_merge_clear(). Flag by flag and keyword by
 * keyword (compared without case):
 *
 * MERGE: what changed at the source since the last sync is done at the destination, what
 * changed only there stays; the source wins where both changed. At the first meeting
 * flags are only added, since nobody knows who removed what.
 * SOURCE: the destination becomes as the source is.
 * NEW_ONLY: nothing is changed.
 *
 * The last synced state is the source's, also where the destination has its own way:
 * else that would look like a change at the source at the next run. With NEW_ONLY it
 * stays as it was.
 */
void flags_merge (const FlagsInput *input, FlagsMerge *out);
/* flags_merge_is_empty: nothing is to be done at the destination. */
gboolean flags_merge_is_empty (const FlagsMerge *self);
/* flags_merge_clear: frees what is inside. */
void flags_merge_clear (FlagsMerge *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FlagsMerge, flags_merge_clear)
