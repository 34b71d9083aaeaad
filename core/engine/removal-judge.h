/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may be deleted at the destination, and when nothing is: pure.
 * docs/deletions.md has the table for people.
 */
#pragma once

#include <mailhaul/message.h>

#include "model/job.h"

/* RemovalVerdict: what becomes of one message of the destination. */
typedef enum
{
  REMOVAL_KEEP = 0,
  REMOVAL_DELETE = 1,
  REMOVAL_CHANGED = 2, /* kept, since a user changed it after it was delivered */
  REMOVAL_FOREIGN = 3, /* not ours, and mirror would have it gone */
} RemovalVerdict;

/* RemovalCase: one message of a complete listing of the destination, and what is known of
 * it. */
typedef struct
{
  gboolean known;     /* a row of a delivered message points to it */
  gboolean ours;      /* and it was us who stored it */
  gboolean at_source; /* a complete listing of the source has its message */
  gboolean taken;     /* we took it from the source ourselves, after it was delivered */
  guint32 flags_now, flags_last; /* at the destination; as last synced */
  const char *keywords_now, *keywords_last;
} RemovalCase;

/* removal_judge: by @policy. */
RemovalVerdict removal_judge (JobDeletions policy, const RemovalCase *message);

/* RemovalSum: what one folder comes to. */
typedef struct
{
  const char *folder;      /* of the destination, as text */
  gboolean source_exists;  /* FALSE: the source no longer has such a folder */
  guint64 source_messages; /* there now */
  guint64 there;           /* messages of the destination that were delivered or found */
  guint64 doomed;          /* of all at the destination */
  guint64 foreign;         /* among them, or in the way */
} RemovalSum;

/* REMOVAL_MANY, REMOVAL_SHARE: without max-deletions, mirror deletes at most this part
 * (in percent) of what is at the destination once it is more than so many messages. */
#define REMOVAL_MANY  20u
#define REMOVAL_SHARE 50u

/* removal_refuse: why nothing at all is deleted; (transfer full); NULL: go on. */
char *removal_refuse (const Job *job, const RemovalSum *sums, gsize count);
