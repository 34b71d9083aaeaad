/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The folders of an account: both listings, the mapping between them, and the creation of
 * what the destination lacks.
 */
#pragma once

#include "engine/lane.h"

/* FolderSet: what an account's lanes work on. */
typedef struct
{
  GPtrArray *sources;      /* of FolderInfo */
  GPtrArray *destinations; /* of FolderInfo; created ones are added */
  GPtrArray *pairs;        /* of FolderPair, in the source's order */
} FolderSet;

/* folder_set_load: lists both sides and maps. *@out_source: an error was the source's.
 * (transfer full) */
FolderSet *folder_set_load (Lane *lane, gboolean *out_source, GError **error);
/* folder_set_free: accepts NULL. */
void folder_set_free (FolderSet *self);
/*
 * folder_set_create: makes the missing destination folders and sets missing subscriptions
 * (a dry run only tells). A folder that cannot be made is noted as a failure in
 * @results (of FolderResult, as many as pairs) and its pair is dropped.
 */
gboolean folder_set_create (FolderSet *self, Lane *lane, GPtrArray *results,
                            GError **error);
/* folder_pair_tell: the names of @pair into its @result. */
void folder_pair_tell (const FolderPair *pair, FolderResult *result);
/* folder_set_fail: the folder of @pair failed as a whole: report and event. */
void folder_set_fail (Lane *lane, const FolderPair *pair, const GError *error);
