/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The collection of mistakes: counting, order, and the nearest known name.
 */
#include "base/problems.h"

#include <string.h>

static void
test_count (void)
{
  g_autoptr (Problems) problems = problems_new ();

  problems_add (problems, "job.xml", 3, "bad %s", "value");
  problems_warn (problems, NULL, 0, "old");
  g_assert_cmpuint (problems_count (problems), ==, 1);
  g_assert_cmpuint (problems_length (problems), ==, 2);
  g_assert_cmpstr (problems_get (problems, 0)->text, ==, "bad value");
  g_assert_cmpstr (problems_get (problems, 0)->file, ==, "job.xml");
  g_assert_cmpuint (problems_get (problems, 0)->line, ==, 3);
  g_assert_false (problems_get (problems, 0)->warning);
  g_assert_true (problems_get (problems, 1)->warning);
  g_assert_null (problems_get (problems, 1)->file);
}

static void
test_first_error (void)
{
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (problems_first_error (problems));
  problems_warn (problems, "job.xml", 1, "mind this");
  g_assert_null (problems_first_error (problems));
  problems_add (problems, "job.xml", 2, "wrong");
  g_assert_cmpstr (problems_first_error (problems)->text, ==, "wrong");
}

static void
test_sort (void)
{
  static const char *const expected[] = { "e", "d", "b", "a", "c" };
  g_autoptr (Problems) problems = problems_new ();

  problems_add (problems, "b.xml", 10, "a");
  problems_add (problems, "b.xml", 9, "b");
  problems_add (problems, "b.xml", 10, "c");
  problems_add (problems, "a.csv", 99, "d");
  problems_warn (problems, NULL, 0, "e");
  problems_sort (problems);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (problems_get (problems, i)->text, ==, expected[i]);
}

static void
test_hostile (void)
{
  g_autoptr (Problems) problems = problems_new ();

  problems_add (problems, NULL, 0, "got \"%s\"", "\n\x1b[31m\xff");
  g_assert_cmpstr (problems_get (problems, 0)->text, ==, "got \" ?[31m\xef\xbf\xbd\"");
}

static void
test_nearest (void)
{
  static const char *const names[] = { "host", "port",          "window", "tls-ca-file",
                                       "user", "password-file", "to",     NULL };
  static const struct
  {
    const char *word, *nearest;
  } vectors[] = {
    { "windw", "window" },
    { "widnow", "window" },
    { "HOST", "host" },
    { "prot", "port" },
    { "passwort-datei", NULL },
    { "password_file", "password-file" },
    { "tls-cafile", "tls-ca-file" },
    { "xy", NULL },
    { "completely-else", NULL },
    { "", NULL },
    { "hots", "host" },
    { "usr", "user" },
    { "too", "to" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    g_assert_cmpstr (problems_nearest (vectors[i].word, names), ==, vectors[i].nearest);
}

static void
test_nearest_long (void)
{
  static const char *const names[] = { "window", NULL };
  g_autofree char *word = g_strnfill (1 << 20, 'w');

  g_assert_null (problems_nearest (word, names));
}

static void
test_nearest_exact (void)
{
  static const char *const names[] = { "posts", "port", "ports", NULL };

  g_assert_cmpstr (problems_nearest ("ports", names), ==, "ports");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/problems/counts-errors-not-warnings", test_count);
  g_test_add_func ("/base/problems/first-error-is-no-warning", test_first_error);
  g_test_add_func ("/base/problems/sorts-by-place-and-keeps-order", test_sort);
  g_test_add_func ("/base/problems/disarms-hostile-values", test_hostile);
  g_test_add_func ("/base/problems/finds-the-nearest-name", test_nearest);
  g_test_add_func ("/base/problems/ignores-endless-words", test_nearest_long);
  g_test_add_func ("/base/problems/prefers-the-nearest", test_nearest_exact);
  return g_test_run ();
}
