/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folder names on disk: no two names share a file, and each comes back. Test thread.
 */
#include "../backends/mbox/names.h"

#include <string.h>

static void
vectors (void)
{
  static const char *const table[][2] = {
    { "Sent", "Sent" },           { "a/b", "a%2Fb" },     { ".x", "%2Ex" },
    { "100%", "100%25" },         { "x.sbd", "x%2Esbd" }, { "x.Lock", "x%2ELock" },
    { "x.msf", "x%2Emsf" },       { "x.mbox", "x.mbox" }, { "a\tb", "a%09b" },
    { "%2F", "%252F" },           { ".sbd", "%2Esbd" },   { "\xc3\xa9", "\xc3\xa9" },
    { ".a.lock", "%2Ea%2Elock" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *encoded = mbox_name_encode (table[i][0]);
      g_autofree char *decoded = mbox_name_decode (table[i][1]);
      g_assert_cmpstr (encoded, ==, table[i][1]);
      g_assert_cmpstr (decoded, ==, table[i][0]);
    }
}

static void
foreign (void)
{
  static const char *const table[][2] = {
    { "100%", "100%" }, { "%2f", "%2f" }, { "a%2Eb", "a%2Eb" },
    { "%41", "%41" },   { "%00", "%00" }, { "caf\xe9", "caf%E9" },
    { "%", "%" },       { "x%2", "x%2" }, { "100%25%", "100%25%" }
  };
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *decoded = mbox_name_decode (table[i][0]);
      g_assert_cmpstr (decoded, ==, table[i][1]);
    }
}

static void
random_names (void)
{
  static const char *const parts[] = { "%", ".",        "/",  "sbd", "lock", "2E", "2F",
                                       "a", "\xc3\xa9", "25", "\n",  "MSF",  "msf" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GHashTable)
      seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint round = 0; round < 50000; round++)
    {
      g_autoptr (GString) name = g_string_new (NULL);
      for (gint32 i = g_rand_int_range (rand, 1, 6); i > 0; i--)
        g_string_append (name, parts[g_rand_int_range (rand, 0, G_N_ELEMENTS (parts))]);
      g_autofree char *encoded = mbox_name_encode (name->str);
      g_autofree char *decoded = mbox_name_decode (encoded);
      g_assert_cmpstr (decoded, ==, name->str);
      g_assert_null (strchr (encoded, '/'));
      g_assert_false (mbox_name_is_ignored (encoded));
      g_assert_false (g_str_has_suffix (encoded, MBOX_CHILDREN_SUFFIX));
      const char *before = g_hash_table_lookup (seen, encoded);
      if (before != NULL)
        g_assert_cmpstr (before, ==, name->str);
      g_hash_table_insert (seen, g_steal_pointer (&encoded), g_strdup (name->str));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mbox/names/are-escaped", vectors);
  g_test_add_func ("/mbox/names/of-others-are-taken-as-they-are", foreign);
  g_test_add_func ("/mbox/names/are-injective", random_names);
  return g_test_run ();
}
