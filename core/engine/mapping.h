/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From two listings and the filters to pairs of folders: pure.
 */
#pragma once

#include "engine/filter-chain.h"

/* FolderInfo: an owned copy of a HaulFolder. */
typedef struct
{
  char **path;
  char *text; /* haul_path_to_text() */
  guint32 attributes;
  guint32 special_use;
  HaulFolderStatus status; /* its bytes are owned by token and mark */
  GBytes *token;
  GBytes *mark;
} FolderInfo;

/* folder_info_new: (transfer full). */
FolderInfo *folder_info_new (const HaulFolder *folder);
/* folder_info_free: accepts NULL. */
void folder_info_free (FolderInfo *self);
/* folder_info_view: as a HaulFolder that borrows from @self. */
HaulFolder folder_info_view (const FolderInfo *self);

/* FolderPair: one source folder and where it goes. */
typedef struct
{
  const FolderInfo *source;      /* (transfer none) */
  const FolderInfo *destination; /* as listed; NULL: not there yet (transfer none) */
  char **destination_path;       /* NULL: dropped */
  char *destination_text;
  char *dropped;  /* reason */
  gboolean stale; /* a move into it broke off: what was listed of it is out of date */
} FolderPair;

/* folder_pair_free: accepts NULL. */
void folder_pair_free (FolderPair *self);

/* MappingRules: what the destination makes of names. */
typedef struct
{
  const FilterChain *chain; /* NULL: no filters */
  gboolean case_insensitive;
} MappingRules;

/*
 * mapping_make: one FolderPair (full) for each of @sources (GPtrArray of FolderInfo), in
 * order. Two sources with one destination are an error (HAUL_ERROR_CONFIG, account scope)
 * that names both, unless neither holds messages.
 */
GPtrArray *mapping_make (GPtrArray *sources, GPtrArray *destinations,
                         const MappingRules *rules, GError **error);
