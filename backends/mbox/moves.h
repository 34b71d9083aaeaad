/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Edits of a file, and where they move its messages: the keys that the engine got before
 * our own rewrite stay usable in the session. Pure.
 */
#pragma once

#include <glib.h>

/* MboxEdit: @length bytes at @offset become @bytes (owned; NULL: nothing). */
typedef struct
{
  guint64 offset;
  guint64 length;
  GBytes *bytes;
} MboxEdit;

/* mbox_edits_new: an array of MboxEdit that owns the bytes; offsets must grow. */
GArray *mbox_edits_new (void);
/* mbox_edits_add: appends; takes ownership of @bytes. */
void mbox_edits_add (GArray *edits, guint64 offset, guint64 length, GBytes *bytes);
/* mbox_edits_map: where the byte at @offset stands after @edits; one that lies in a range
 * that was replaced moves to its start. */
guint64 mbox_edits_map (const GArray *edits, guint64 offset);

/* mbox_moves_new: an array of edit arrays, oldest first; free with g_array_unref(). */
GArray *mbox_moves_new (void);
/* mbox_moves_add: takes ownership of @edits. */
void mbox_moves_add (GArray *moves, GArray *edits);
/* mbox_moves_count: rewrites so far. */
guint mbox_moves_count (const GArray *moves);
/* mbox_moves_map: @offset as of before the @first-th rewrite, now. */
guint64 mbox_moves_map (const GArray *moves, guint first, guint64 offset);
