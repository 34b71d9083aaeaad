/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SIGKILL at random moments of a copy between two servers, restarted at once each time:
 * nothing lost, nothing doubled, though there are doubles, equal Message-IDs and none.
 * MAILHAUL_KILLS sets how many kills there are (default 12).
 */
#include <string.h>

#include "corpus.h"
#include "imap-world.h"

#define MESSAGES "1200"
/* Users of the destination; each round takes the next one. */
#define USERS 60u

/* Bytes of a server's log that help. */
#define LOG_SHOWN 3000u

static guint
kills_wanted (void)
{
  guint64 kills = 12;
  const char *text = g_getenv ("MAILHAUL_KILLS");
  if (text != NULL)
    g_assert_true (g_ascii_string_to_unsigned (text, 10, 1, 100000, &kills, NULL));
  return (guint) kills;
}

static gboolean
on_time (gpointer process)
{
  g_subprocess_force_exit (process);
  return G_SOURCE_REMOVE;
}

static void
on_end (GObject *process, GAsyncResult *result, gpointer loop)
{
  g_autoptr (GBytes) out = NULL;
  g_subprocess_communicate_finish (G_SUBPROCESS (process), result, &out, NULL, NULL);
  if (g_subprocess_get_if_exited (G_SUBPROCESS (process))
      && g_subprocess_get_exit_status (G_SUBPROCESS (process)) != 0)
    g_test_message ("%.*s", (int) g_bytes_get_size (out),
                    (const char *) g_bytes_get_data (out, NULL));
  g_main_loop_quit (loop);
}

/* One run, killed after @after_us unless that is 0. -1: it was killed in time. */
static int
run (const Fixture *fixture, const Account *from, const Account *to, gint64 after_us)
{
  g_autofree char *line = account_copy_line (fixture, from, to, NULL);
  if (after_us == 0)
    {
      Called called = cli_call (fixture, line);
      account_assert_status (&called, 0, "run that is not killed");
      called_clear (&called);
      return 0;
    }
  g_autoptr (GSubprocess) process = cli_start (fixture, line);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  guint timer = g_timeout_add ((guint) (after_us / 1000) + 1, on_time, process);
  g_subprocess_communicate_async (process, NULL, NULL, on_end, loop);
  g_main_loop_run (loop);
  GSource *source = g_main_context_find_source_by_id (NULL, timer);
  if (source != NULL)
    g_source_destroy (source);
  return g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                              : -1;
}

static void
show_log (const MailServer *server)
{
  g_autofree char *text = NULL;
  gsize length = 0;
  if (g_file_get_contents (mail_server_fact (server, "log"), &text, &length, NULL))
    g_test_message ("the server's log ends: %s",
                    text + (length > LOG_SHOWN ? length - LOG_SHOWN : 0));
}

/* Kills until the copy is complete; returns how often. */
static guint
copy_through_kills (const Fixture *fixture, const Account *from, const Account *to,
                    gint64 whole_us)
{
  guint kills = 0;
  for (;;)
    {
      /* Later kills come a little later, so that it ends; the first ones hit the start,
       * too. */
      double share = g_test_rand_double () * (1.0 + 0.1 * kills);
      int status = run (fixture, from, to, (gint64) (share * (double) whole_us) + 1);
      if (status != -1)
        {
          if (status != 0)
            show_log (to->server);
          g_assert_cmpint (status, ==, 0);
          return kills;
        }
      kills++;
    }
}

static void
check_kills (const char *options)
{
  g_autofree char *users = g_strdup_printf (
      "users=%u%s%s", USERS, options != NULL ? "," : "", options != NULL ? options : "");
  g_autoptr (MailServer) source = mail_server_start (MAIL_SERVER_DOVECOT, "separator=.");
  g_autoptr (MailServer) destination = mail_server_start (MAIL_SERVER_DOVECOT, users);
  if (source == NULL || destination == NULL)
    return;
  Fixture fixture = { corpus_tmp_dir (NULL) };
  Account from = { .server = source, .user = 1 };
  Account to = { .server = destination, .user = 1 };
  g_free (account_fill (&from, "bulk " MESSAGES " 3"));
  gint64 start_us = g_get_monotonic_time ();
  run (&fixture, &from, &to, 0);
  gint64 whole_us = g_get_monotonic_time () - start_us;
  account_assert_equal (&fixture, &from, &to, FALSE, NULL);
  guint wanted = kills_wanted (), kills = 0;
  for (guint user = 2; kills < wanted && user <= USERS; user++)
    {
      to.user = user;
      kills += copy_through_kills (&fixture, &from, &to, whole_us);
      account_assert_equal (&fixture, &from, &to, FALSE, NULL);
    }
  g_test_message ("%u kills of copies that take %" G_GINT64_FORMAT " ms", kills,
                  whole_us / 1000);
  g_assert_cmpuint (kills, >=, wanted);
  corpus_remove (fixture.dir);
  g_free (fixture.dir);
}

static void
test_plain (void)
{
  check_kills (NULL);
}

/* Without UIDPLUS nothing tells which message an APPEND made. */
static void
test_without_uidplus (void)
{
  check_kills ("mask=UIDPLUS");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap-kill/restart/loses-and-doubles-nothing", test_plain);
  g_test_add_func ("/imap-kill/restart-without-uidplus/loses-and-doubles-nothing",
                   test_without_uidplus);
  return g_test_run ();
}
