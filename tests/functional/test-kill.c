/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SIGKILL at random moments of a copy, restarted at once each time: nothing lost, nothing
 * doubled. MAILHAUL_KILLS sets how many kills a destination gets (default 25).
 */
#include <string.h>

#include "corpus.h"

#define MESSAGES 10000

static guint
kills_wanted (void)
{
  guint64 kills = 25;
  const char *text = g_getenv ("MAILHAUL_KILLS");
  if (text != NULL)
    g_assert_true (g_ascii_string_to_unsigned (text, 10, 1, 100000, &kills, NULL));
  return (guint) kills;
}

/* One Maildir copy of what lies at @destination, to be looked at. */
static GHashTable *
look_at (const char *dir, const char *destination, guint round)
{
  g_autofree char *path = g_strdup_printf ("%s/look-%u", dir, round);
  g_autofree char *state = g_strdup_printf ("%s/look-state-%u", dir, round);
  if (g_str_has_prefix (destination, "maildir:"))
    return corpus_read (destination + strlen ("maildir:"));
  g_autofree char *to = g_strdup_printf ("maildir:%s", path);
  const char *const arguments[] = { "copy", destination,       to,  "--state",
                                    state,  "--progress=none", NULL };
  ProgramResult result = program_run (arguments, 0);
  g_assert_cmpint (result.status, ==, 0);
  program_result_clear (&result);
  GHashTable *found = corpus_read (path);
  corpus_remove (path);
  corpus_remove (state);
  return found;
}

static void
check_kills (const char *scheme, const char *ending)
{
  g_autofree char *dir = corpus_tmp_dir (NULL);
  g_autofree char *source = g_build_filename (dir, "source", NULL);
  g_autofree char *from = g_strdup_printf ("maildir:%s", source);
  corpus_write (source, MESSAGES, 2);
  g_autoptr (GHashTable) expected = corpus_read (source);
  guint wanted = kills_wanted (), kills = 0;
  gint64 whole_us = 0;

  for (guint round = 0; kills < wanted || round == 0; round++)
    {
      g_autofree char *path = g_strdup_printf ("%s/to-%u", dir, round);
      g_autofree char *state = g_strdup_printf ("%s/state-%u", dir, round);
      g_autofree char *to = g_strconcat (scheme, path, ending, NULL);
      const char *const arguments[] = { "copy",    from,  to,
                                        "--state", state, "--progress=none",
                                        NULL };
      ProgramResult result = { .status = -1 };
      while (result.status == -1)
        {
          /* The first round is not killed: it says how long a copy takes. */
          gint64 after_us = round > 0 && kills < wanted
                                ? (gint64) (g_test_rand_double () * (double) whole_us)
                                : 0;
          gint64 start_us = g_get_monotonic_time ();
          result = program_run (arguments, after_us);
          if (round == 0)
            whole_us = g_get_monotonic_time () - start_us;
          if (result.status == -1)
            {
              kills++;
              program_result_clear (&result);
            }
        }
      if (result.status != 0)
        g_test_message ("round %u, %u kills: %s", round, kills, result.out);
      g_assert_cmpint (result.status, ==, 0);
      program_result_clear (&result);
      g_autoptr (GHashTable) found = look_at (dir, to, round);
      g_autofree char *label = g_strdup_printf ("round %u, %u kills so far", round,
                                                kills);
      corpus_assert_equal (expected, found, label);
      corpus_remove (path);
      corpus_remove (state);
    }
  g_test_message ("%u kills", kills);
  corpus_remove (dir);
}

static void
test_maildir (void)
{
  check_kills ("maildir:", "");
}

static void
test_mbox (void)
{
  check_kills ("mbox:", "/");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/functional/kill/maildir-loses-and-doubles-nothing", test_maildir);
  g_test_add_func ("/functional/kill/mbox-loses-and-doubles-nothing", test_mbox);
  return g_test_run ();
}
