/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From two listings and the filters to pairs of folders: pure.
 */
#pragma once

#include "engine/filter-chain.h"
#include "engine/key-table.h"

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
  gboolean stale;  /* a move into it broke off: what was listed of it is out of date */
  char *spelled;   /* the path as another client of the destination shows it, '/' between;
                      NULL: the same as destination_text, or not known */
  char *remark;    /* why it has another name there than the rules gave it; NULL: it has
                      not */
  char *dropped;   /* reason */
  GError *refused; /* it should go, but cannot; then it is dropped, too */
  HaulCollision collision; /* what the rules want when it meets another */
  KeySet *planned_matches; /* dry run: what was found at the destination, by its keys
                              there; NULL: nothing */
} FolderPair;

/* folder_pair_free: accepts NULL. */
void folder_pair_free (FolderPair *self);

/* MappingRules: what the destination makes of names. */
typedef struct
{
  const FilterChain *chain; /* NULL: no filters */
  gboolean case_insensitive;
  /* As `spell` of HaulBackend; NULL: names stay as they are. */
  gboolean (*spell) (gpointer data, HaulPath path, char ***out_path, GError **error);
  gpointer spell_data;
} MappingRules;

/*
 * mapping_make: one FolderPair (full) for each of @sources (GPtrArray of FolderInfo), in
 * order. What the destination cannot hold, or cannot tell from another, gets another name
 * (see naming.h); two that the rules gave one place, and what finds none, are refused. An
 * error is one that ends the session.
 */
GPtrArray *mapping_make (GPtrArray *sources, GPtrArray *destinations,
                         const MappingRules *rules, GError **error);

/* folder_pair_holds_messages: its source is more than a container. */
gboolean folder_pair_holds_messages (const FolderPair *self);
/* folder_pair_move: gives @self the place @path (transfer full) at the destination;
 * @remark says why. */
void folder_pair_move (FolderPair *self, char **path, const char *remark);
/* folder_pair_refuse: @self is left out because of @reason (transfer full). */
void folder_pair_refuse (FolderPair *self, GError *reason);
/* folder_pair_spell: asks @rules for the spelling. FALSE: as `spell`. */
gboolean folder_pair_spell (FolderPair *self, const MappingRules *rules, GError **error);
