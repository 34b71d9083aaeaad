/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The local main job with the real program: Maildir → mbox → Maildir → mbox → Maildir
 * over 10,000 messages, each step run twice; nothing lost, nothing doubled, flags,
 * keywords and dates kept.
 */
#include <string.h>

#include "corpus.h"

#define MESSAGES 10000

static void
copy (const char *from, const char *to, const char *state, const char *expect)
{
  const char *const arguments[] = { "copy", from, to, "--state", state, "--progress=none",
                                    NULL };
  ProgramResult result = program_run (arguments, 0);
  if (result.status != 0 || strstr (result.out, expect) == NULL)
    g_test_message ("%s → %s: exit %d\n%s", from, to, result.status, result.out);
  g_assert_cmpint (result.status, ==, 0);
  g_assert_nonnull (strstr (result.out, expect));
  program_result_clear (&result);
}

static void
test_round_trip (void)
{
  g_autofree char *dir = corpus_tmp_dir (NULL);
  g_autofree char *source = g_build_filename (dir, "source", NULL);
  g_autofree char *state = g_build_filename (dir, "state", NULL);
  corpus_write (source, MESSAGES, 1);
  g_autoptr (GHashTable) expected = corpus_read (source);
  g_assert_cmpuint (corpus_count (expected), ==, MESSAGES);

  char *uris[] = { g_strdup_printf ("maildir:%s", source),
                   g_strdup_printf ("mbox:%s/a", dir),
                   g_strdup_printf ("maildir:%s/b", dir),
                   g_strdup_printf ("mbox:%s/c/", dir),
                   g_strdup_printf ("maildir:%s/d", dir) };
  for (guint i = 0; i + 1 < G_N_ELEMENTS (uris); i++)
    {
      copy (uris[i], uris[i + 1], state, "10,000");
      copy (uris[i], uris[i + 1], state, "nothing to do");
    }
  g_autofree char *b = g_build_filename (dir, "b", NULL);
  g_autofree char *d = g_build_filename (dir, "d", NULL);
  g_autoptr (GHashTable) in_b = corpus_read (b);
  g_autoptr (GHashTable) in_d = corpus_read (d);
  corpus_assert_equal (expected, in_b, "after mbox");
  corpus_assert_equal (expected, in_d, "after mbox twice");

  /* The state lost: everything is recognised, nothing is copied. */
  corpus_remove (state);
  for (guint i = 0; i + 1 < G_N_ELEMENTS (uris); i++)
    copy (uris[i], uris[i + 1], state, "nothing to do");
  g_autoptr (GHashTable) again = corpus_read (d);
  corpus_assert_equal (expected, again, "after the state was lost");
  corpus_remove (dir);
  for (guint i = 0; i < G_N_ELEMENTS (uris); i++)
    g_free (uris[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/functional/round-trip/ten-thousand-messages-stay-the-same",
                   test_round_trip);
  return g_test_run ();
}
