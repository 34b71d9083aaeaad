/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of a removal share: the plan of each folder, made by looks at both
 * sides, and the deletion of what it names.
 */
#pragma once

#include "engine/removal-judge.h"
#include "engine/removal.h"

/* Doomed: one message that is to be deleted. */
typedef struct
{
  GBytes *key;        /* on the side where it is deleted */
  GBytes *source_key; /* of its row; NULL: it has none */
  guint64 size_bytes; /* HAUL_SIZE_UNKNOWN */
  gint64 date_unix;   /* 0: not known */
  char *message_id;   /* raw; NULL: none */
  char *subject;      /* raw; NULL: none */
} Doomed;

/* RemovalPlan: one folder. */
typedef struct
{
  StateSide side;
  char **path; /* on that side */
  char *text;
  char *source_text; /* the source's folder; NULL: none is known */
  StateFolder *row;  /* NULL: none */
  FolderResult *result;
  RemovalSum sum;
  GArray *doomed;  /* of Doomed */
  guint64 changed; /* kept, since a user changed them */
  KeySet *present; /* all keys of the folder; NULL: it was not looked at */
  gboolean remove; /* the folder itself goes, too */
} RemovalPlan;

/* Removal: one run's deletions. */
typedef struct
{
  Lane *lane;
  Account *account;
  FolderSet *set;
  GPtrArray *results;      /* of FolderResult, as many as pairs */
  GPtrArray *plans;        /* of RemovalPlan */
  GPtrArray *broken;       /* of BrokenRemoval: of runs that were killed */
  char **trash;            /* of the destination; NULL: not looked for */
  char **target;           /* where messages are moved to; NULL: expunged */
  gboolean target_missing; /* it is still to be made */
  StateRemovalReason reason;
  gboolean source_error; /* the last error was the source's */
} Removal;

/* BrokenRemoval: an entry of the journal that was never completed. */
typedef struct
{
  gint64 id;
  StateSide side;
  char *folder;
  GBytes *key; /* on its side */
  GBytes *source_key;
} BrokenRemoval;

/* removal_plan_new: for the folder @path of @side; (transfer full), kept in
 * self->plans. */
RemovalPlan *removal_plan_new (Removal *self, StateSide side, HaulPath path);
/* removal_call: runs @call with the session of @side, on its thread. */
gboolean removal_call (Removal *self, StateSide side, DestinationCall call, gpointer data,
                       GError **error);
/* removal_post: tells of an action; @key may be empty. */
void removal_post (Removal *self, const RemovalPlan *plan, ActionKind action,
                   const Doomed *doomed, const char *text);

/* removal-look.c: removal_look: plans for all folders of the destination that need one.
 */
gboolean removal_look (Removal *self, GError **error);
/* removal_list_keys: every key of the folder @path of the session into a new set; the
 * listing is whole, or FALSE. *@out_status (may be NULL): of the folder; its bytes do not
 * stand. */
gboolean removal_list_keys (Session *session, HaulPath path, KeySet **out_keys,
                            HaulFolderStatus *out_status, GError **error);
/* removal_is_broken: the journal has entries without an end for the folder. */
gboolean removal_is_broken (const Removal *self, StateSide side, const char *folder);

/* removal-make.c: removal_find_trash: the destination's: that of the special use, else
 * "Trash"; with deletion-mode="trash" it is the target. */
void removal_find_trash (Removal *self);
/* removal_make_target: makes it when it is missing. */
gboolean removal_make_target (Removal *self, StateSide side, GError **error);
/* removal_make: deletes what all plans name (a dry run only tells): each entry is in the
 * journal before, and completed after. */
gboolean removal_make (Removal *self, GError **error);
/* REMOVAL_MOVE_TO: begins a source-after-copy that names a folder. */
#define REMOVAL_MOVE_TO "move-to:"
/* removal-source.c: removal_source_way: what source-after-copy does, "delete" or the
 * folder as the job has it. */
const char *removal_source_way (const Job *job);
/* removal_look_at_source: plans for source-after-copy. */
gboolean removal_look_at_source (Removal *self, GError **error);
