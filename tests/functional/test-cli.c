/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program as people call it: what it prints where, and its exit codes. Each test has
 * a directory of its own with a copy of the sample mailbox and a job.
 */
#include <signal.h>
#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "cli-call.h"
#include "corpus.h"

static guint
count_files (const Fixture *fixture, const char *name)
{
  guint count = 0;
  static const char *const places[] = { "new", "cur" };
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_build_filename (fixture->dir, name, places[i], NULL);
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      while (dir != NULL && g_dir_read_name (dir) != NULL)
        count++;
    }
  return count;
}

/* one_file: the first name in cur/ or new/ below @name. (transfer full) */
static char *
one_file (const Fixture *fixture, const char *name)
{
  static const char *const places[] = { "cur", "new" };
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_build_filename (fixture->dir, name, places[i], NULL);
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      const char *file = dir != NULL ? g_dir_read_name (dir) : NULL;
      if (file != NULL)
        return g_build_filename (path, file, NULL);
    }
  return NULL;
}

static void
test_run (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml", 0,
              "every one of the 58 selected messages is at the destination", "");
  g_assert_cmpuint (count_files (fixture, "archive/.Old"), ==, 58);
  cli_expect (fixture, "run job.xml", 0, "nothing to do", "");
  g_assert_cmpuint (count_files (fixture, "archive/.Old"), ==, 58);
}

static void
test_summary_says_why (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml", 0, "2 (flag \\Deleted)", "");
}

static void
test_dry_run (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml --dry-run", 0,
              "a run would copy 58 of the 58 selected messages", "");
  cli_expect (fixture, "plan job.xml", 0, "Old", "");
  g_assert_false (cli_exists (fixture, "archive"));
  g_assert_false (cli_exists (fixture, "state"));
  g_assert_false (cli_exists (fixture, "report.json"));
}

static void
test_plan_json (Fixture *fixture, gconstpointer data)
{
  Called called = cli_call (fixture, "plan job.xml --format=json");
  guint copies = 0;
  g_assert_cmpint (called.status, ==, 0);
  for (const char *at = called.out; (at = strstr (at, "\"action\" : \"copy\"")) != NULL;
       at++)
    copies++;
  g_assert_cmpuint (copies, ==, 58);
  cli_has (called.out, "\"action\" : \"create-folder\"");
  cli_has (called.out, "\"text\" : \"flag \\\\Deleted\"");
  called_clear (&called);
}

static void
test_report (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  g_autofree char *by_job = cli_read (fixture, "report.json");
  cli_has (by_job, "\"copied\" : 58");
  cli_has (by_job, "\"verdict\" : \"every one of the 58");
  cli_expect (fixture, "run job.xml --report other.json", 0, NULL, "");
  g_autofree char *by_option = cli_read (fixture, "other.json");
  cli_has (by_option, "\"present\" : 58");
  cli_expect (fixture, "run job.xml --report none/other.json", 1, NULL,
              "none/other.json");
}

static void
test_mistakes_at_once (Fixture *fixture, gconstpointer data)
{
  g_autofree char *line = g_strdup_printf ("run %s/jobs/five-mistakes.xml",
                                           g_getenv ("MAILHAUL_TEST_DATA"));
  Called called = cli_call (fixture, line);
  g_auto (GStrv) lines = g_strsplit (called.err, "\n", -1);
  guint located = 0;
  for (char **at = lines; *at != NULL; at++)
    if (strstr (*at, "five-mistakes.xml:") != NULL)
      located++;
  g_assert_cmpint (called.status, ==, 2);
  g_assert_cmpuint (located, ==, 5);
  g_assert_cmpstr (called.out, ==, "");
  cli_has (called.err, "nothing was touched");
  called_clear (&called);
}

static void
test_usage (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *call;
    const char *says;
  } rows[] = {
    { "", "Usage: mailhaul" },
    { "runn job.xml", "did you mean \"run\"" },
    { "run", "no job file" },
    { "run a.xml b.xml", "more than one job file" },
    { "run job.xml --reprt=x", "did you mean \"--report\"" },
    { "run job.xml --progress=tyt", "did you mean \"tty\"" },
    { "run job.xml --log-level=loud", "--log-level must be one of" },
    { "run job.xml --account=sampel", "did you mean \"sample\"" },
    { "run none.xml", "none.xml" },
    { "plan job.xml --format=xml", "--format must be one of" },
    { "verify job.xml --level=none", "--level must be one of" },
    { "copy mbox:old.mbox", "a SOURCE and a DESTINATION" },
    { "copy old.mbox maildir:x", "is not an address" },
    { "copy mbox:old.mbox mbx:x", "mbox" },
    { "copy mbox:old.mbox maildir:x --source-option formt=auto", "format" },
    { "copy mbox:old.mbox maildir:x --source-option format", "NAME=VALUE" },
    { "copy mbox:old.mbox maildir:x --filter 'skip-mesage flag=a'", "skip-message" },
    { "copy mbox:old.mbox maildir:x --filter 'name=a'", "name comes first" },
    { "copy mbox:old.mbox maildir:x --filter \"skip-folder name='a\"", "filter" },
    { "folders", "one SOURCE" },
    { "copy mbox:old.mbox maildir:x --rate=fast", "--rate must be" },
    { "copy mbox:old.mbox maildir:x --rate=/s", "--rate must be" },
    { "schema job.xml", "takes no argument" },
    { "version 2", "takes no argument" },
    { "copy mbox:old.mbox maildir:x -n --verify-only", "exclude each other" },
    { "plugins mbx", "did you mean \"mbox\"" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    cli_expect (fixture, rows[i].call, 2, "", rows[i].says);
  g_assert_false (cli_exists (fixture, "x"));
}

static void
test_password_in_address (Fixture *fixture, gconstpointer data)
{
  Called called = cli_call (fixture, "copy imaps://joe:hunter2@localhost/ maildir:x");
  g_assert_cmpint (called.status, ==, 2);
  cli_has_not (called.err, "hunter2");
  cli_has (called.err, "--source-password-file");
  called_clear (&called);
}

static void
test_source_missing (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "copy mbox:none.mbox maildir:x", 3, "none.mbox", "");
  g_assert_false (cli_exists (fixture, "x"));
  g_assert_false (cli_exists (fixture, "none.mbox"));
}

static void
test_destination_impossible (Fixture *fixture, gconstpointer data)
{
  Called called = cli_call (fixture, "copy mbox:old.mbox maildir:old.mbox/x");
  g_assert_cmpint (called.status, ==, 4);
  cli_has (called.out, "NOT complete");
  called_clear (&called);
}

static void
test_copy_with_filters (Fixture *fixture, gconstpointer data)
{
  cli_expect (
      fixture,
      "copy mbox:old.mbox maildir:x --filter 'skip-message flag=\"\\\\Deleted Work\"' "
      "--filter 'rename-folder from=INBOX to=\"A name/with %2F\"'",
      0, "selected messages is at the destination", "");
  g_assert_true (cli_exists (fixture, "x"));
  g_assert_true (cli_exists (fixture, "mailhaul"));
  cli_expect (fixture, "copy maildir:x mbox:back/ --state other", 0, "every one of the",
              "");
  g_assert_true (cli_exists (fixture, "other"));
  cli_expect (fixture, "copy maildir:x mbox:slow/ --rate=500K/s", 0, "every one of the",
              "");
}

/* The same pair from another directory finds its state; written in another way it is at
 * least not refused, and nothing is copied twice. */
static void
test_state_is_found_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher)
      launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_set_cwd (launcher, fixture->dir);
  g_subprocess_launcher_setenv (launcher, "HOME", fixture->dir, TRUE);
  g_subprocess_launcher_unsetenv (launcher, "XDG_STATE_HOME");
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawn (
      launcher, &error, "/bin/sh", "-c",
      "\"$MAILHAUL_PROGRAM\" copy mbox:old.mbox maildir:x --quiet && cd / &&\n"
      "\"$MAILHAUL_PROGRAM\" copy 'mbox:~/old.mbox' maildir:~/x --quiet &&\n"
      "ls \"$HOME\"/.local/state/mailhaul/*.sqlite | wc -l &&\n"
      "\"$MAILHAUL_PROGRAM\" copy 'mbox:~/old.mbox' 'maildir:~/./x/' --quiet &&\n"
      "ls \"$HOME\"/x/cur \"$HOME\"/x/new | grep -c :2,",
      NULL);
  g_assert_no_error (error);
  g_autofree char *out = NULL;
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &out, NULL, NULL));
  g_assert_cmpstr (out, ==, "1\n60\n");
}

static void
test_verify (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  cli_expect (fixture, "verify job.xml", 0, "both sides agree", "");
  g_autofree char *file = one_file (fixture, "archive/.Old");
  g_assert_cmpint (g_unlink (file), ==, 0);
  Called called = cli_call (fixture, "verify job.xml --level=headers");
  g_assert_cmpint (called.status, ==, 1);
  cli_has (called.out, "missing");
  cli_has_not (called.out, "every one of the");
  called_clear (&called);
}

static void
test_status (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "status job.xml", 0, "never run", "");
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  cli_expect (fixture, "status job.xml", 0, "58 in 1 folder", "");
  cli_expect (fixture, "status job.xml --format=json", 0, "\"delivered\" : 58", "");
}

static void
test_folders (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "folders mbox:old.mbox", 0, "1 folder, 60 messages", "");
  cli_expect (fixture, "folders maildir:none", 3, "", "none");
}

static void
test_check (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "check job.xml", 0, "job.xml: valid, 1 account", "");
  cli_expect (fixture, "check job.xml --connect", 0, "source mbox", "");
  g_assert_false (cli_exists (fixture, "archive"));
  g_autofree char *mailbox = g_build_filename (fixture->dir, "old.mbox", NULL);
  g_assert_cmpint (g_unlink (mailbox), ==, 0);
  cli_expect (fixture, "check job.xml --connect", 3, NULL, "old.mbox");
}

static void
test_what_is_installed (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "plugins", 0, "maildir", "");
  cli_expect (fixture, "plugins skip-message", 0, "larger-than", "");
  cli_expect (fixture, "schema", 0, "skip-message", "");
  cli_expect (fixture, "version", 0, "mailhaul ", "");
  cli_expect (fixture, "help", 0, "Commands:", "");
  cli_expect (fixture, "help verify", 0, "--level", "");
}

static void
test_quiet (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml --quiet", 0, "", "");
  cli_expect (fixture, "copy mbox:none.mbox maildir:x --quiet", 3, "", "none.mbox");
}

static void
test_pipe_gets_no_colours (Fixture *fixture, gconstpointer data)
{
  Called called = cli_call (fixture, "run job.xml");
  cli_has_not (called.out, "\033");
  cli_has_not (called.err, "\033");
  called_clear (&called);
  cli_expect (fixture, "run job.xml --color=always", 0, "\033[32m", "");
}

static void
test_progress_json (Fixture *fixture, gconstpointer data)
{
  Called called = cli_call (fixture, "run job.xml --progress=json");
  g_auto (GStrv) lines = g_strsplit (called.err, "\n", -1);
  for (char **line = lines; *line != NULL && **line != '\0'; line++)
    {
      g_assert_true (g_str_has_prefix (*line, "{\"event\":\""));
      g_assert_true (g_str_has_suffix (*line, "}"));
    }
  cli_has (called.err, "\"event\":\"account-begin\"");
  cli_has (called.err, "\"event\":\"account-end\"");
  called_clear (&called);
}

static void
test_controls_do_not_reach_the_terminal (Fixture *fixture, gconstpointer data)
{
  cli_write (fixture, "old.mbox",
             "From a@b Fri Jan  1 10:00:00 2021\nSubject: \033[31mred\007\n"
             "From: a@b\n\nBody\n");
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  g_autofree char *file = one_file (fixture, "archive/.Old");
  g_assert_cmpint (g_unlink (file), ==, 0);
  Called called = cli_call (fixture, "verify job.xml");
  g_assert_cmpint (called.status, ==, 1);
  cli_has_not (called.out, "\033");
  cli_has_not (called.out, "\007");
  called_clear (&called);
}

static void
test_full_output (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher)
      launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_set_stdout_file_path (launcher, "/dev/full");
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawn (
      launcher, &error, g_getenv ("MAILHAUL_PROGRAM"), "version", NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 9);
}

static void
test_interrupted (Fixture *fixture, gconstpointer data)
{
  g_autofree char *source = g_build_filename (fixture->dir, "many", NULL);
  corpus_write (source, 3000, 7);
  g_autoptr (GHashTable) expected = corpus_read (source);
  g_autoptr (GSubprocess) process = cli_start (
      fixture, "copy maildir:many maildir:x --progress=json --verify=none");
  g_autoptr (GDataInputStream)
      lines = g_data_input_stream_new (g_subprocess_get_stderr_pipe (process));
  g_autofree char *line = NULL;
  do
    {
      g_free (line);
      line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
    }
  while (line != NULL && strstr (line, "folder-begin") == NULL);
  g_subprocess_send_signal (process, SIGINT);
  Called called = cli_finish (process);
  /* A fast machine may be done before it notices. */
  g_assert_true (called.status == 130 || called.status == 0);
  if (called.status == 130)
    cli_has (called.out, "run it again: it goes on where it stopped");
  called_clear (&called);
  cli_expect (fixture, "copy maildir:many maildir:x --verify=none", 0,
              "every one of the 3,000 selected messages", "");
  g_autofree char *copied = g_build_filename (fixture->dir, "x", NULL);
  g_autoptr (GHashTable) found = corpus_read (copied);
  corpus_assert_equal (expected, found, "after an interruption");
}

static void
test_closed_streams (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher)
      launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_set_cwd (launcher, fixture->dir);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawn (
      launcher, &error, "/bin/sh", "-c",
      "exec 3>&1 0<&- 1>&- 2>&-\n"
      "(exec 3>&-; \"$MAILHAUL_PROGRAM\" run job.xml --progress=json)\n"
      "echo \"ended with $?\" >&3",
      NULL);
  g_assert_no_error (error);
  g_autofree char *out = NULL;
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &out, NULL, NULL));
  g_assert_cmpstr (out, ==, "ended with 9\n"); /* the summary could not be printed */
  cli_expect (fixture, "verify job.xml", 0, "both sides agree", "");
  g_assert_cmpuint (count_files (fixture, "archive/.Old"), ==, 58);
}

/* check_json: @text is one JSON value, by somebody else's parser. */
static void
check_json (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error,
      g_getenv ("MAILHAUL_PYTHON"), "-m", "json.tool", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, text, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
}

static void
test_json_is_valid (Fixture *fixture, gconstpointer data)
{
  static const char *const calls[] = { "plan job.xml --format=json",
                                       "status job.xml --format=json", "run job.xml",
                                       "plan job.xml --format=json",
                                       "status job.xml --format=json" };
  /* A name and a subject that are not UTF-8, quotes and controls. */
  cli_write (fixture, "old.mbox",
             "From a@b Fri Jan  1 10:00:00 2021\nSubject: \"\\ \377\033\nFrom: a@b\n\n"
             "Body\n");
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      Called called = cli_call (fixture, calls[i]);
      g_assert_cmpint (called.status, ==, 0);
      if (strstr (calls[i], "json") != NULL)
        check_json (called.out);
      called_clear (&called);
    }
  g_autofree char *report = cli_read (fixture, "report.json");
  check_json (report);
}

static void
test_log_as_json (Fixture *fixture, gconstpointer data)
{
  Called called = cli_call (fixture, "run job.xml --progress=json --log-format=json");
  g_auto (GStrv) lines = g_strsplit (called.err, "\n", -1);
  for (char **line = lines; *line != NULL && **line != '\0'; line++)
    check_json (*line);
  called_clear (&called);
}

static void
test_total (Fixture *fixture, gconstpointer data)
{
  cli_write (fixture, "accounts.csv", "name,file\nann,old.mbox\nbob,none.mbox\n");
  cli_write (fixture, "many.xml",
             "<job xmlns=\"urn:mailhaul:job:1\" name=\"many\">\n"
             "  <accounts file=\"accounts.csv\"/>\n"
             "  <source><mbox path=\"${file}\"/></source>\n"
             "  <destination><maildir path=\"to/${name}\"/></destination>\n"
             "  <state directory=\"state\"/>\n"
             "</job>\n");
  cli_expect (fixture, "run many.xml", 3, "NOT complete: 1 of 2 accounts are", "");
  cli_expect (fixture, "run many.xml --account ann", 0, "nothing to do", "");
  cli_write (fixture, "none.mbox",
             "From a@b Fri Jan  1 10:00:00 2021\nSubject: s\n\nBody\n");
  Called called = cli_call (fixture, "run many.xml --report all.json");
  g_assert_cmpint (called.status, ==, 0);
  cli_has (called.out, "total of 2 accounts:");
  cli_has (called.out, "every one of the 61 selected messages is at the destination");
  called_clear (&called);
  g_autofree char *report = cli_read (fixture, "all.json");
  cli_has (report, "\"total\" : {");
  cli_expect (fixture, "run many.xml", 0,
              "nothing to do: every one of the 61 selected messages", "");
}

static void
test_secret_in_filter (Fixture *fixture, gconstpointer data)
{
  static const char *const filters[] = { "x password='hunter2", "password=hunter2",
                                         "skip-folder hunter2" };
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      g_autofree char *quoted = g_shell_quote (filters[i]);
      g_autofree char *line = g_strdup_printf ("copy mbox:old.mbox maildir:x --filter %s",
                                               quoted);
      Called called = cli_call (fixture, line);
      g_assert_cmpint (called.status, ==, 2);
      cli_has (called.err, "filter");
      if (i < 2)
        cli_has_not (called.err, "hunter2");
      called_clear (&called);
    }
}

static void
test_tampered (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  g_autofree char *file = one_file (fixture, "archive/.Old");
  g_autofree char *text = NULL;
  gsize length = 0;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (file, &text, &length, &error);
  g_assert_no_error (error);
  text[length - 2] ^= 1; /* same size, other content */
  g_file_set_contents (file, text, (gssize) length, &error);
  g_assert_no_error (error);
  cli_expect (fixture, "verify job.xml --level=content", 1, "content differs", "");
}

static void
test_status_of_damage (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  cli_write (fixture, "state/sample.sqlite", "this is no database, and was never one");
  cli_expect (fixture, "status job.xml", 1, "", "is damaged");
  cli_expect (fixture, "run job.xml", 0, "nothing to do", "");
  cli_expect (fixture, "status job.xml", 0, "58 in 1 folder", "");
}

static void
test_status_without_plugins (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "run job.xml", 0, NULL, "");
  g_autoptr (GError) error = NULL;
  g_autofree char *job = g_build_filename (fixture->dir, "job.xml", NULL);
  g_autoptr (GSubprocessLauncher)
      launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_subprocess_launcher_setenv (launcher, "MAILHAUL_PLUGIN_PATH", fixture->dir, TRUE);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawn (
      launcher, &error, g_getenv ("MAILHAUL_PROGRAM"), "status", job, NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, cli_set_up, func, cli_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/cli/run/copies-and-then-has-nothing-to-do", test_run);
  ADD ("/cli/run/summary-says-why-messages-are-left-out", test_summary_says_why);
  ADD ("/cli/run/dry-run-and-plan-write-nothing", test_dry_run);
  ADD ("/cli/run/report-is-written-where-it-was-asked-for", test_report);
  ADD ("/cli/run/quiet-prints-errors-only", test_quiet);
  ADD ("/cli/run/pipe-gets-no-colours", test_pipe_gets_no_colours);
  ADD ("/cli/run/progress-is-one-json-object-a-line", test_progress_json);
  ADD ("/cli/run/interrupted-it-goes-on-later", test_interrupted);
  ADD ("/cli/run/full-output-is-an-error", test_full_output);
  ADD ("/cli/run/closed-streams-do-not-become-mail-files", test_closed_streams);
  ADD ("/cli/plan/json-lists-every-action", test_plan_json);
  ADD ("/cli/job/all-mistakes-are-told-at-once", test_mistakes_at_once);
  ADD ("/cli/usage/mistakes-name-the-nearest", test_usage);
  ADD ("/cli/copy/password-in-an-address-is-refused", test_password_in_address);
  ADD ("/cli/copy/missing-source-is-exit-code-3", test_source_missing);
  ADD ("/cli/copy/impossible-destination-is-exit-code-4", test_destination_impossible);
  ADD ("/cli/copy/filters-are-parsed-like-a-shell", test_copy_with_filters);
  ADD ("/cli/verify/finds-what-is-missing", test_verify);
  ADD ("/cli/verify/controls-do-not-reach-the-terminal",
       test_controls_do_not_reach_the_terminal);
  ADD ("/cli/status/tells-from-the-state-alone", test_status);
  ADD ("/cli/folders/counts-messages", test_folders);
  ADD ("/cli/check/connect-opens-both-sides", test_check);
  ADD ("/cli/help/tells-what-is-installed", test_what_is_installed);
  ADD ("/cli/json/every-output-is-valid", test_json_is_valid);
  ADD ("/cli/json/log-and-progress-are-objects", test_log_as_json);
  ADD ("/cli/run/total-speaks-for-all-accounts", test_total);
  ADD ("/cli/copy/state-is-found-again", test_state_is_found_again);
  ADD ("/cli/copy/values-of-filters-are-not-repeated", test_secret_in_filter);
  ADD ("/cli/verify/finds-what-was-tampered-with", test_tampered);
  ADD ("/cli/status/damaged-state-is-not-never-run", test_status_of_damage);
  ADD ("/cli/status/needs-no-plugins", test_status_without_plugins);
  return g_test_run ();
}
