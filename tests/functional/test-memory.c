/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Peak memory does not depend on the largest message, and only in tens of bytes on their
 * number: a message of 1 GiB and a folder of 200,000 messages in both directions.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "corpus.h"

#define RSS_LIMIT_KIB (64 * 1024)
#define MANY          200000

static void
copy (const char *from, const char *to, const char *state)
{
  const char *const arguments[] = { "copy", from, to, "--state", state, "--progress=none",
                                    NULL };
  ProgramResult result = program_run (arguments, 0);
  if (result.status != 0)
    g_test_message ("%s", result.out);
  g_assert_cmpint (result.status, ==, 0);
  g_test_message ("%s: peak %" G_GUINT64_FORMAT " KiB", to, result.rss_kib);
  g_assert_cmpuint (result.rss_kib, <, RSS_LIMIT_KIB);
  program_result_clear (&result);
}

/* Maildir → mbox → Maildir; the source is in @dir/source. */
static void
both_ways (const char *dir)
{
  g_autofree char *state = g_build_filename (dir, "state", NULL);
  g_autofree char *from = g_strdup_printf ("maildir:%s/source", dir);
  g_autofree char *mbox = g_strdup_printf ("mbox:%s/file.mbox", dir);
  g_autofree char *back = g_strdup_printf ("maildir:%s/back", dir);
  copy (from, mbox, state);
  copy (mbox, back, state);
}

static int
make_file (const char *dir, const char *name)
{
  g_autofree char *cur = g_build_filename (dir, "source", "cur", NULL);
  g_autofree char *new_dir = g_build_filename (dir, "source", "new", NULL);
  g_autofree char *tmp = g_build_filename (dir, "source", "tmp", NULL);
  g_assert_cmpint (g_mkdir_with_parents (cur, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (new_dir, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (tmp, 0700), ==, 0);
  g_autofree char *file = g_build_filename (cur, name, NULL);
  int fd = open (file, O_WRONLY | O_CREAT | O_EXCL, 0600);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
test_big (void)
{
  g_autofree char *dir = corpus_tmp_dir (NULL);
  int fd = make_file (dir, "1700000000.M1P1.big:2,S");
  static const char head[] = "From: a@x.example\nSubject: big\nMessage-ID: <big@x>\n\n";
  g_assert_cmpint (write (fd, head, strlen (head)), ==, (gssize) strlen (head));
  g_autofree char *block = g_malloc (1 << 20);
  for (gsize i = 0; i < 1 << 20; i++)
    block[i] = i % 77 == 76 ? '\n' : (char) ('A' + i % 26);
  for (guint i = 0; i < 1024; i++)
    g_assert_cmpint (write (fd, block, 1 << 20), ==, 1 << 20);
  close (fd);
  both_ways (dir);
  corpus_remove (dir);
}

static void
test_many (void)
{
  g_autofree char *dir = corpus_tmp_dir (NULL);
  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.M%uP12345Q%u.mail.host.example:2,S",
                                               1600000000 + i, i % 1000000, i);
      g_autofree char *text = g_strdup_printf (
          "From: a%u@x.example\nTo: b@y.example\n"
          "Subject: number %06u\n"
          "Message-ID: <%u@many.example>\n\nbody %u\n",
          i, i, i, i);
      int fd = make_file (dir, name);
      g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
      close (fd);
    }
  both_ways (dir);
  corpus_remove (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/functional/memory/one-message-of-a-gibibyte", test_big);
  g_test_add_func ("/functional/memory/two-hundred-thousand-messages", test_many);
  return g_test_run ();
}
