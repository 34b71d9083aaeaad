/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the program says from its state: of messages that somebody removed at the
 * destination, of a state that cannot be kept, of accounts that are in each other's way.
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "cli-call.h"
#include "corpus.h"

static const char two_accounts[] =
    "<?xml version=\"1.0\"?>\n"
    "<job xmlns=\"urn:mailhaul:job:1\" name=\"two\">\n"
    "  <accounts file=\"accounts.csv\"/>\n"
    "  <source><mbox path=\"${from}\"/></source>\n"
    "  <destination><maildir path=\"${to}\"/></destination>\n"
    "  <state directory=\"state\"/>\n"
    "</job>\n";

/* Removes the first @count files of cur/ and new/ in the Maildir folder. */
static void
remove_messages (const Fixture *fixture, const char *folder, guint count)
{
  static const char *const places[] = { "cur", "new" };
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_build_filename (fixture->dir, folder, places[i], NULL);
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      const char *name;
      while (count > 0 && dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *file = g_build_filename (path, name, NULL);
          g_assert_cmpint (g_remove (file), ==, 0);
          count--;
        }
    }
  g_assert_cmpuint (count, ==, 0);
}

/* Old enough for a change token: a Maildir that changed just now has none. */
static void
age (const Fixture *fixture, const char *folder)
{
  g_autofree char *line = g_strdup_printf (
      "find '%s/%s' -type d -exec touch -d '1 hour ago' {} +", fixture->dir, folder);
  g_autoptr (GError) error = NULL;
  const char *argv[] = { "/bin/sh", "-c", line, NULL };
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                               NULL, NULL, NULL, &error));
}

static void
test_removed (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "copy mbox:old.mbox maildir:new --state state", 0,
              "every one of the 60 selected messages", "");
  age (fixture, "new");
  cli_expect (fixture, "copy mbox:old.mbox maildir:new --state state", 0,
              "nothing to do: every one of the 60", "");
  remove_messages (fixture, "new", 2);
  for (guint round = 0; round < 2; round++)
    {
      Called called = cli_call (
          fixture, "copy mbox:old.mbox maildir:new --state state --report r.json");
      g_assert_cmpint (called.status, ==, 0);
      cli_has (called.out,
               "58 of the 60 selected messages are at the destination; 2 were "
               "removed there after delivery");
      cli_has (called.out, "removed there since");
      called_clear (&called);
      age (fixture, "new");
    }
  g_autofree char *report = cli_read (fixture, "r.json");
  cli_has (report, "\"removed-at-destination\" : 2");
  cli_has (report, "\"at-destination\" : 58");
  cli_expect (fixture, "copy mbox:old.mbox maildir:new --state state --verify-only", 1,
              "it was delivered, and removed there since", NULL);
}

static void
test_removed_in_status (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  remove_messages (fixture, "archive/.Old", 3);
  cli_expect (fixture, "run job.xml", 0, "55 of the 58 selected messages are", "");
  cli_expect (fixture, "status job.xml", 0, "removed since  3 at the destination", "");
  cli_expect (fixture, "status job.xml --format=json", 0,
              "\"removed-at-destination\" : 3", "");
}

static void
test_removed_folder (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  g_autofree char *folder = g_build_filename (fixture->dir, "archive/.Old", NULL);
  static const char *const places[] = { "cur", "new", "tmp" };
  /* Foreign mail, so that the destination as a whole is not taken for a new one. */
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *other = g_build_filename (fixture->dir, "archive/.Other",
                                                 places[i], NULL);
      g_assert_cmpint (g_mkdir_with_parents (other, 0700), ==, 0);
    }
  cli_write (fixture, "archive/.Other/cur/1.a:2,", "Subject: x\n\nx\n");
  corpus_remove (folder);
  cli_expect (fixture, "plan job.xml", 0, "'Old', with 58 messages that had been", "");
  cli_expect (fixture, "run job.xml", 0, "'Old', with 58 messages that had been", "");
}

/* ---- a state that cannot be kept ---- */

static void
test_state_below_a_file (Fixture *fixture, gconstpointer data)
{
  Called called = cli_call (fixture,
                            "copy mbox:old.mbox maildir:new --state old.mbox/state");
  g_assert_cmpint (called.status, ==, 2);
  cli_has (called.out, "old.mbox/state");
  cli_has (called.out, "state directory can be written to");
  called_clear (&called);
  g_assert_false (cli_exists (fixture, "new"));
}

static void
limit_files (gpointer user_data)
{
  const struct rlimit limit = { 8192, 8192 };
  (void) signal (SIGXFSZ, SIG_IGN);
  (void) setrlimit (RLIMIT_FSIZE, &limit);
}

static void
test_state_without_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GError) error = NULL;
  g_subprocess_launcher_set_cwd (launcher, fixture->dir);
  g_subprocess_launcher_set_child_setup (launcher, limit_files, NULL, NULL);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawn (
      launcher, &error, g_getenv ("MAILHAUL_PROGRAM"), "copy", "mbox:old.mbox",
      "maildir:new", "--state", "state", NULL);
  g_assert_no_error (error);
  Called called = cli_finish (process);
  g_assert_cmpint (called.status, ==, 2);
  cli_has (called.out, "state/");
  cli_has (called.out, "has room");
  called_clear (&called);
}

/* ---- places that are one ---- */

static void
test_one_destination (Fixture *fixture, gconstpointer data)
{
  cli_write (fixture, "two.xml", two_accounts);
  cli_write (fixture, "accounts.csv",
             "account,from,to\nann,old.mbox,new\nbob,old2.mbox,other\n"
             "eve,old3.mbox,./other/../new/\n");
  Called called = cli_call (fixture, "run two.xml");
  g_assert_cmpint (called.status, ==, 2);
  cli_has (called.err, "accounts.csv:4");
  cli_has (called.err, "accounts.csv:2");
  cli_has (called.err, "same destination");
  called_clear (&called);
  g_assert_false (cli_exists (fixture, "new"));
}

static void
test_same_mailbox (Fixture *fixture, gconstpointer data)
{
  static const char *const others[] = { "self", "self/", "./self/.", "link",
                                        "sub/../self" };
  g_autofree char *self = g_build_filename (fixture->dir, "self", NULL);
  g_autofree char *link = g_build_filename (fixture->dir, "link", NULL);
  cli_expect (fixture, "copy mbox:old.mbox maildir:self", 0, NULL, NULL);
  g_assert_cmpint (symlink (self, link), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *line = g_strdup_printf ("copy maildir:self maildir:%s", others[i]);
      cli_expect (fixture, line, 2, "the same mailbox", NULL);
    }
  cli_expect (fixture, "copy maildir:self mbox:link", 2, "the same mailbox", NULL);
}

/* ---- plan and plugins ---- */

static void
test_estimate (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "plan job.xml", 0, "no run has been measured yet", "");
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  g_autofree char *text = cli_read (fixture, "old.mbox");
  g_autofree char *more = g_strconcat (
      text, "\nFrom a@b.example Mon Jan  1 00:00:00 2024\nSubject: more\n\nmore\n", NULL);
  cli_write (fixture, "old.mbox", more);
  cli_expect (fixture, "plan job.xml", 0, "at the speed of the last run", "");
  cli_expect (fixture, "plan job.xml --format=json", 0, "\"estimated-seconds\" : ", "");
}

static void
test_no_plugins (Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = g_strdup (g_getenv ("MAILHAUL_PLUGIN_PATH"));
  g_setenv ("MAILHAUL_PLUGIN_PATH", fixture->dir, TRUE);
  cli_expect (fixture, "plugins", 1, "", "no plugin was found");
  g_setenv ("MAILHAUL_PLUGIN_PATH", before, TRUE);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, cli_set_up, func, cli_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/cli/removed/is-said-and-not-copied-again", test_removed);
  ADD ("/cli/removed/in-status", test_removed_in_status);
  ADD ("/cli/removed/a-folder-is-named", test_removed_folder);
  ADD ("/cli/state/below-a-file", test_state_below_a_file);
  ADD ("/cli/state/without-room", test_state_without_room);
  ADD ("/cli/places/two-accounts-one-destination", test_one_destination);
  ADD ("/cli/places/source-is-destination", test_same_mailbox);
  ADD ("/cli/plan/estimate-from-the-last-run", test_estimate);
  ADD ("/cli/plugins/none-found", test_no_plugins);
  return g_test_run ();
}
