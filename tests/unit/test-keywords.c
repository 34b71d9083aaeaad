/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/keywords.c. */
#include <glib.h>

#include "model/keywords.h"

static void
test_join_is_canonical (void)
{
  static const struct
  {
    const char *words[6];
    const char *set;
  } vectors[] = {
    { { NULL }, "" },
    { { "b", "a", NULL }, "a b" },
    { { "$Forwarded", "$forwarded", NULL }, "$Forwarded" },
    { { "work", "Work", "WORK", NULL }, "work" },
    { { "", "a b", "ok", "x\ty", "\xc3\xa9", NULL }, "ok" },
    { { "zz\x7f", "z\x01", "Z", NULL }, "Z" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *set = keywords_join (vectors[i].words);

      g_assert_cmpstr (set, ==, vectors[i].set);
    }
}

static void
test_join_of_nothing_is_the_empty_set (void)
{
  g_autofree char *set = keywords_join (NULL);

  g_assert_cmpstr (set, ==, "");
}

static void
test_split_gives_the_words (void)
{
  static const char *const two[] = { "a", "b", NULL };
  static const char *const none[] = { NULL };
  g_auto (GStrv) words = keywords_split ("a b");
  g_auto (GStrv) empty = keywords_split ("");
  g_auto (GStrv) null = keywords_split (NULL);
  g_auto (GStrv) loose = keywords_split ("  a  b ");

  g_assert_cmpstrv (words, two);
  g_assert_cmpstrv (loose, two);
  g_assert_cmpstrv (empty, none);
  g_assert_cmpstrv (null, none);
}

static void
test_equal_without_case (void)
{
  g_assert_true (keywords_equal ("a B", "A b"));
  g_assert_true (keywords_equal (NULL, ""));
  g_assert_false (keywords_equal ("a", "a b"));
  g_assert_false (keywords_equal (NULL, "a"));
}

static void
test_minus_and_union (void)
{
  static const struct
  {
    const char *a, *b, *minus, *both;
  } vectors[] = {
    { "", "", "", "" },
    { "a b c", "B", "a c", "a b c" },
    { "A", "a b", "", "A b" },
    { "a c e", "b c d f", "a e", "a b c d e f" },
    { NULL, "x", "", "x" },
    { "x", NULL, "x", "x" },
    { "$MDNSent NonJunk", "$Forwarded junk NONJUNK", "$MDNSent",
      "$Forwarded $MDNSent junk NonJunk" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *minus = keywords_minus (vectors[i].a, vectors[i].b);
      g_autofree char *both = keywords_union (vectors[i].a, vectors[i].b);

      g_assert_cmpstr (minus, ==, vectors[i].minus);
      g_assert_cmpstr (both, ==, vectors[i].both);
    }
}

static void
test_contains_whole_words_without_case (void)
{
  g_assert_true (keywords_contains ("$Forwarded work", "WORK"));
  g_assert_true (keywords_contains ("$Forwarded work", "$forwarded"));
  g_assert_false (keywords_contains ("$Forwarded work", "wor"));
  g_assert_false (keywords_contains ("workshop", "work"));
  g_assert_false (keywords_contains ("", ""));
  g_assert_false (keywords_contains (NULL, "a"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keywords/join/is-canonical", test_join_is_canonical);
  g_test_add_func ("/keywords/join/nothing-is-the-empty-set",
                   test_join_of_nothing_is_the_empty_set);
  g_test_add_func ("/keywords/split/gives-the-words", test_split_gives_the_words);
  g_test_add_func ("/keywords/equal/without-case", test_equal_without_case);
  g_test_add_func ("/keywords/minus-and-union/keep-order-and-spelling",
                   test_minus_and_union);
  g_test_add_func ("/keywords/contains/whole-words-without-case",
                   test_contains_whole_words_without_case);
  return g_test_run ();
}
