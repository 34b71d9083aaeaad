/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of messages, and keys and positions as bytes. Test thread.
 */
#include "../backends/mbox/index.h"

#include <string.h>

#include "../backends/mbox/key.h"

static void
finds (void)
{
  g_autoptr (MboxIndex) index = mbox_index_new ();
  for (guint64 i = 0; i < 5000; i++)
    {
      MboxIndexEntry entry = { .hash = i * 77,
                               .offset = i * G_GUINT64_CONSTANT (10000000000),
                               .end = i * G_GUINT64_CONSTANT (10000000000) + 5,
                               .wire_bytes = i << 30,
                               .stored_bytes = i };
      mbox_index_add (index, &entry);
    }
  g_assert_cmpuint (mbox_index_length (index), ==, 5000);
  MboxIndexEntry found;
  for (guint64 i = 0; i < 5000; i++)
    {
      guint64 offset = i * G_GUINT64_CONSTANT (10000000000);
      g_assert_true (mbox_index_find (index, offset, i * 77, &found));
      g_assert_cmpuint (found.end, ==, offset + 5);
      g_assert_cmpuint (found.wire_bytes, ==, i << 30);
      g_assert_cmpuint (found.stored_bytes, ==, i);
      g_assert_false (mbox_index_find (index, offset, i * 77 + 1, &found));
      g_assert_false (mbox_index_find (index, offset + 1, i * 77, &found));
    }
  g_assert_true (mbox_index_relocate (index, 3, 4000 * 77, &found));
  g_assert_cmpuint (found.stored_bytes, ==, 4000);
  g_assert_false (mbox_index_relocate (index, 3, 1, &found));
}

static void
leaves_out_what_does_not_fit (void)
{
  g_autoptr (MboxIndex) index = mbox_index_new ();
  MboxIndexEntry huge = { .offset = 5, .end = MBOX_INDEX_MAX };
  MboxIndexEntry first = { .offset = 10 }, again = { .offset = 10 },
                 back = { .offset = 9 };
  mbox_index_add (index, &huge);
  mbox_index_add (index, &first);
  mbox_index_add (index, &again);
  mbox_index_add (index, &back);
  g_assert_cmpuint (mbox_index_length (index), ==, 1);
}

static void
keys_and_positions (void)
{
  guint8 key[MBOX_KEY_BYTES], bytes[MBOX_POSITION_BYTES];
  guint64 offset = 0, hash = 0;
  mbox_key_write (G_GUINT64_CONSTANT (0x0102030405060708), 9, key);
  g_assert_cmpint (key[0], ==, 1);
  g_assert_true (mbox_key_read ((HaulBytes){ key, sizeof key }, &offset, &hash));
  g_assert_cmpuint (offset, ==, G_GUINT64_CONSTANT (0x0102030405060708));
  g_assert_cmpuint (hash, ==, 9);
  g_assert_false (mbox_key_read ((HaulBytes){ key, 15 }, &offset, &hash));
  key[0] = 0xff;
  g_assert_false (mbox_key_read ((HaulBytes){ key, sizeof key }, &offset, &hash));
  MboxPosition position = { 1, 2, 3, 4, 5 }, read;
  mbox_position_write (&position, bytes);
  g_assert_true (mbox_position_read ((HaulBytes){ bytes, sizeof bytes }, &read));
  g_assert_true (mbox_position_equal (&position, &read));
  for (gsize i = 0; i < sizeof bytes; i++)
    g_assert_false (mbox_position_read ((HaulBytes){ bytes, i }, &read));
  bytes[0] = 9;
  g_assert_false (mbox_position_read ((HaulBytes){ bytes, sizeof bytes }, &read));
}

/* The hash of a message does not see CR, a missing last line end, or what is far away. */
static guint64
hash_of (const char *from, const char *headers, gsize step)
{
  MboxMessageHash hash;
  mbox_message_hash_init (&hash, (const guint8 *) from, strlen (from));
  for (gsize at = 0; at < strlen (headers); at += step)
    mbox_message_hash_header (&hash, (const guint8 *) headers + at,
                              MIN (step, strlen (headers) - at));
  return mbox_message_hash_finish (&hash);
}

static void
message_hashes (void)
{
  guint64 plain = hash_of ("From a\n", "A: b\nC: d\n", 100);
  g_assert_cmpuint (hash_of ("From a\r\n", "A: b\r\nC: d", 1), ==, plain);
  g_assert_cmpuint (hash_of ("From a\n", "A: b\nC: e\n", 100), !=, plain);
  g_assert_cmpuint (hash_of ("From b\n", "A: b\nC: d\n", 100), !=, plain);
  g_autofree char *same = g_strnfill (MBOX_HASHED_BYTES, 'x');
  g_autofree char *longer = g_strconcat (same, "far away\n", NULL);
  g_assert_cmpuint (hash_of ("From a\n", same, 7), ==,
                    hash_of ("From a\n", longer, 4099));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mbox/index/finds-messages", finds);
  g_test_add_func ("/mbox/index/leaves-out-what-does-not-fit",
                   leaves_out_what_does_not_fit);
  g_test_add_func ("/mbox/key/reads-back", keys_and_positions);
  g_test_add_func ("/mbox/key/hash-sees-what-matters", message_hashes);
  return g_test_run ();
}
