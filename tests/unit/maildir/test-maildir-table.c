/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of file names: doubles, order, and its size in memory.
 */
#include "table.h"

#include <string.h>
#include <unistd.h>

#define MANY 200000

static void
test_later_sight_counts (void)
{
  g_autoptr (MaildirTable) table = maildir_table_new (':');
  MaildirFile file;

  maildir_table_add (table, "1.a", TRUE, 1);
  maildir_table_add (table, "1.a:2,S", FALSE, 1);
  maildir_table_add (table, "1.b:2,", FALSE, 1);
  g_assert_cmpuint (maildir_table_count (table), ==, 2);
  g_assert_true (maildir_table_find (table, "1.a", 3, &file));
  g_assert_cmpstr (file.name, ==, "1.a:2,S");
  g_assert_false (file.is_new);
  g_assert_false (maildir_table_find (table, "1.", 2, &file));
  g_assert_false (maildir_table_find (table, "1.ab", 4, &file));
}

static void
test_keeps_last_pass (void)
{
  g_autoptr (MaildirTable) table = maildir_table_new (':');
  MaildirFile file;

  maildir_table_add (table, "1.a", FALSE, 1);
  maildir_table_add (table, "1.b", FALSE, 1);
  maildir_table_add (table, "1.b:2,S", FALSE, 2);
  maildir_table_add (table, "1.c", FALSE, 2);
  maildir_table_keep_pass (table, 2);
  g_assert_cmpuint (maildir_table_count (table), ==, 2);
  g_assert_false (maildir_table_find (table, "1.a", 3, &file));
  g_assert_true (maildir_table_find (table, "1.b", 3, &file));
  g_assert_true (maildir_table_find (table, "1.c", 3, &file));
}

static void
test_renamed (void)
{
  g_autoptr (MaildirTable) table = maildir_table_new (':');
  MaildirFile file;

  maildir_table_add (table, "1.a", TRUE, 1);
  maildir_table_renamed (table, "1.a:2,F");
  maildir_table_renamed (table, "unknown:2,F");
  g_assert_cmpuint (maildir_table_count (table), ==, 1);
  g_assert_true (maildir_table_find (table, "1.a", 3, &file));
  g_assert_cmpstr (file.name, ==, "1.a:2,F");
}

/* Bytes of the process in memory (proc(5), statm). */
static gsize
memory_in_use (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;

  g_file_get_contents ("/proc/self/statm", &text, NULL, NULL);
  words = g_strsplit (text ? text : "0 0", " ", 3);
  return (gsize) g_ascii_strtoull (words[1], NULL, 10) * (gsize) getpagesize ();
}

static void
test_many_are_small (void)
{
  g_autoptr (MaildirTable) table = maildir_table_new (':');
  gsize before = memory_in_use ();
  gsize used = 0;

  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *name = g_strdup_printf (
          "17%08u.M%06uP1234.mail.example,S=3123,W=3198:2,S", (i * 7919u) % MANY,
          i % 1000);

      maildir_table_add (table, name, FALSE, 1);
    }
  maildir_table_sort (table);
  used = memory_in_use () - before;
  g_assert_cmpuint (maildir_table_count (table), ==, MANY);
  g_test_message ("%" G_GSIZE_FORMAT " bytes", used);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which take more   \
                                                                     */
  g_assert_cmpuint (used, <, 20 * 1024 * 1024);
#endif
  for (guint i = 0; i < MANY; i++)
    {
      MaildirFile file = maildir_table_get (table, i);
      MaildirFile found;

      g_assert_cmpuint (g_ascii_strtoull (file.name + 2, NULL, 10), ==, i);
      g_assert_true (maildir_table_find (table, file.name, file.base_length, &found));
      g_assert_true (found.name == file.name);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/table/later-sight-counts", test_later_sight_counts);
  g_test_add_func ("/maildir/table/keeps-last-pass", test_keeps_last_pass);
  g_test_add_func ("/maildir/table/renamed", test_renamed);
  g_test_add_func ("/maildir/table/many-are-small", test_many_are_small);
  return g_test_run ();
}
