/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Edits and their effect on offsets. Carrying them out is in rewrite.c. Pure: one thread.
 */
#include "moves.h"

static void
edit_clear (gpointer data)
{
  MboxEdit *edit = data;
  g_clear_pointer (&edit->bytes, g_bytes_unref);
}

GArray *
mbox_edits_new (void)
{
  GArray *edits = g_array_new (FALSE, FALSE, sizeof (MboxEdit));
  g_array_set_clear_func (edits, edit_clear);
  return edits;
}

void
mbox_edits_add (GArray *edits, guint64 offset, guint64 length, GBytes *bytes)
{
  MboxEdit edit = { offset, length, bytes };
  g_array_append_val (edits, edit);
}

guint64
mbox_edits_map (const GArray *edits, guint64 offset)
{
  guint64 moved = offset;
  for (guint i = 0; i < edits->len; i++)
    {
      const MboxEdit *edit = &g_array_index (edits, MboxEdit, i);
      if (edit->offset > offset)
        break;
      if (offset < edit->offset + edit->length)
        return moved - (offset - edit->offset);
      moved += (edit->bytes ? g_bytes_get_size (edit->bytes) : 0) - edit->length;
    }
  return moved;
}

static void
array_clear (gpointer data)
{
  g_array_unref (*(GArray **) data);
}

GArray *
mbox_moves_new (void)
{
  GArray *moves = g_array_new (FALSE, FALSE, sizeof (GArray *));
  g_array_set_clear_func (moves, array_clear);
  return moves;
}

void
mbox_moves_add (GArray *moves, GArray *edits)
{
  g_array_append_val (moves, edits);
}

guint
mbox_moves_count (const GArray *moves)
{
  return moves->len;
}

guint64
mbox_moves_map (const GArray *moves, guint first, guint64 offset)
{
  for (guint i = first; i < moves->len; i++)
    offset = mbox_edits_map (g_array_index (moves, GArray *, i), offset);
  return offset;
}
