/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notes as bytes, and edits as moves of offsets. Test thread.
 */
#include "../backends/mbox/note.h"

#include <string.h>

#include "../backends/mbox/moves.h"

static void
reads_back (void)
{
  MboxNote note, read;
  mbox_note_init (&note);
  mbox_note_init (&read);
  note.open = TRUE;
  note.device = 1;
  note.inode = 2;
  note.start = 3;
  note.tail_hash = 4;
  note.time_unix = 5;
  note.lead = 2;
  g_autofree char *line = g_strnfill (400, 'l');
  for (guint i = 0; i < 256; i++)
    mbox_note_add (&note, i, i * 3, (const guint8 *) line, i * 2);
  g_autoptr (GBytes) bytes = mbox_note_encode (&note);
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  g_assert_cmpuint (length, <, 64 * 1024);
  g_assert_true (mbox_note_decode (&read, (HaulBytes){ data, length }));
  g_assert_true (read.open);
  g_assert_cmpuint (read.device, ==, 1);
  g_assert_cmpuint (read.inode, ==, 2);
  g_assert_cmpuint (read.start, ==, 3);
  g_assert_cmpuint (read.tail_hash, ==, 4);
  g_assert_cmpint (read.time_unix, ==, 5);
  g_assert_cmpuint (read.lead, ==, 2);
  g_assert_cmpuint (read.entries->len, ==, 256);
  for (guint i = 0; i < 256; i++)
    {
      const MboxNoteEntry *entry = &g_array_index (read.entries, MboxNoteEntry, i);
      g_assert_cmpuint (entry->length, ==, i);
      g_assert_cmpuint (entry->hash, ==, i * 3);
      g_assert_cmpuint (entry->line_length, ==, MIN (i * 2, MBOX_NOTE_LINE_BYTES));
    }
  for (gsize size = 0; size < length; size++)
    {
      g_autofree guint8 *exact = g_memdup2 (data, size);
      mbox_note_decode (&read, (HaulBytes){ exact, size });
    }
  g_assert_false (mbox_note_decode (&read, (HaulBytes){ data, length - 1 }));
  mbox_note_clear (&note);
  mbox_note_clear (&read);
}

static void
moves (void)
{
  GArray *edits = mbox_edits_new ();
  mbox_edits_add (edits, 10, 5, NULL);
  mbox_edits_add (edits, 20, 0, g_bytes_new_static ("1234567", 7));
  mbox_edits_add (edits, 30, 4, g_bytes_new_static ("12", 2));
  static const guint64 table[][2] = { { 0, 0 },   { 9, 9 },   { 10, 10 }, { 14, 10 },
                                      { 15, 10 }, { 19, 14 }, { 20, 22 }, { 30, 32 },
                                      { 33, 32 }, { 34, 34 }, { 99, 99 } };
  g_autoptr (GArray) all = mbox_moves_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    g_assert_cmpuint (mbox_edits_map (edits, table[i][0]), ==, table[i][1]);
  mbox_moves_add (all, edits);
  GArray *more = mbox_edits_new ();
  mbox_edits_add (more, 0, 3, NULL);
  mbox_moves_add (all, more);
  g_assert_cmpuint (mbox_moves_count (all), ==, 2);
  g_assert_cmpuint (mbox_moves_map (all, 0, 20), ==, 19);
  g_assert_cmpuint (mbox_moves_map (all, 1, 20), ==, 17);
  g_assert_cmpuint (mbox_moves_map (all, 2, 20), ==, 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mbox/note/reads-back", reads_back);
  g_test_add_func ("/mbox/moves/follow-edits", moves);
  return g_test_run ();
}
