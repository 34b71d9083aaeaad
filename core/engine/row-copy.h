/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A row of a message that outlives the call that read it.
 */
#pragma once

#include "state/state.h"

/* RowCopy: @row's pointers are into what the copy owns. */
typedef struct
{
  StateMessage row;
  GBytes *source_key;
  GBytes *destination_key;
  char *keywords, *reason, *subject, *note;
} RowCopy;

/* row_copy_init: copies @row into the zeroed @self. */
void row_copy_init (RowCopy *self, const StateMessage *row);
/* row_copy_clear: frees what is inside; a GDestroyNotify for arrays. */
void row_copy_clear (gpointer self);
