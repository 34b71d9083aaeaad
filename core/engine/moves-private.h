/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What finding and making moves share.
 */
#pragma once

#include "engine/moves.h"
#include "engine/row-copy.h"
#include "engine/side.h"

/* MoveFolder: a folder that changed, or one that is no longer there. */
typedef struct
{
  FolderPair *pair; /* NULL: the source has it no more */
  FolderResult *result;
  StateFolder *row; /* NULL: none yet */
  Pass *pass;       /* its records are what is new there; NULL without a pair */
  Side side;        /* those of them that could have moved here */
  gboolean side_made;
  gboolean loses; /* what it had before is known */
  gboolean watched;
} MoveFolder;

/* Vanished: a delivered message that its folder at the source has no more. */
typedef struct
{
  RowCopy copy; /* first, so that it can be cleared */
  guint folder; /* index of the MoveFolder */
} Vanished;

/* Move: one message. */
typedef struct
{
  guint from, to; /* indices of MoveFolder */
  guint position; /* in the side of `to` */
  guint vanished; /* index of the Vanished */
} Move;

/* Moves: the search. */
typedef struct
{
  Lane *lane;
  FolderSet *set;
  GPtrArray *folders; /* of MoveFolder (full) */
  GArray *vanished;   /* of Vanished */
  GArray *moves;      /* of Move, in order of from and to */
  gboolean stays;     /* messages are copied, since nothing may be removed */
  gboolean refused;   /* the destination cannot do it */
} Moves;

/* moves-apply.c: moves_apply: makes them. A FALSE with HAUL_SCOPE_FOLDER or less leaves
 * the rest to the passes. */
gboolean moves_apply (Moves *self, GError **error);
