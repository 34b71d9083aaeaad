/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program on 20,000 messages that did not change since the run before: under 20 MiB
 * of memory, and no message is written or read.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "corpus.h"

#define RSS_LIMIT_KIB (20 * 1024)
#define MANY          20000u

static ProgramResult
copy (const char *dir)
{
  g_autofree char *state = g_build_filename (dir, "state", NULL);
  g_autofree char *from = g_strdup_printf ("maildir:%s/source", dir);
  g_autofree char *to = g_strdup_printf ("maildir:%s/destination", dir);
  const char *const arguments[] = {
    "copy",
    from,
    to,
    "--state",
    state,
    "--progress=none",
    "--destination-option",
    "durability=none",
    NULL,
  };
  ProgramResult result = program_run (arguments, 0);
  if (result.status != 0)
    g_test_message ("%s", result.out);
  g_assert_cmpint (result.status, ==, 0);
  return result;
}

static void
write_mail (const char *cur, guint i)
{
  g_autofree char *file = g_strdup_printf ("%s/%u.M%uP1Q%u.host:2,S", cur, 1600000000 + i,
                                           i, i);
  g_autofree char *text = g_strdup_printf ("From: a%u@x.example\nSubject: number %u\n"
                                           "Message-ID: <%u@many.example>\n\nbody %u\n",
                                           i, i, i, i);
  g_assert_true (
      g_file_set_contents_full (file, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
test_second_run (void)
{
  static const char *const parts[] = { "cur", "new", "tmp" };
  g_autofree char *dir = corpus_tmp_dir (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *path = g_build_filename (dir, "source", parts[i], NULL);
      g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
    }
  g_autofree char *cur = g_build_filename (dir, "source", "cur", NULL);
  for (guint i = 0; i < MANY; i++)
    write_mail (cur, i);
  ProgramResult first = copy (dir);
  ProgramResult second = copy (dir);
  g_test_message ("peak %" G_GUINT64_FORMAT " KiB, then %" G_GUINT64_FORMAT " KiB",
                  first.rss_kib, second.rss_kib);
  g_assert_cmpuint (second.rss_kib, <, RSS_LIMIT_KIB);
  g_assert_nonnull (strstr (second.out, "20,000"));
  program_result_clear (&first);
  program_result_clear (&second);
  corpus_remove (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/functional/unchanged/second-run-in-little-memory", test_second_run);
  return g_test_run ();
}
