/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program as people call it: what it prints where, and its exit codes. Each test has
 * a directory of its own with a copy of the sample mailbox and a job.
 */
#include <signal.h>
#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "corpus.h"

/* Called: how one call of the program ended. */
typedef struct
{
  int status; /* exit code; -1: killed by a signal */
  char *out;
  char *err;
} Called;

typedef struct
{
  char *dir;
} Fixture;

static const char job_text[] =
    "<?xml version=\"1.0\"?>\n"
    "<job xmlns=\"urn:mailhaul:job:1\" name=\"sample\">\n"
    "  <source><mbox path=\"old.mbox\"/></source>\n"
    "  <destination><maildir path=\"archive\"/></destination>\n"
    "  <filters>\n"
    "    <rename-folder from=\"INBOX\" to=\"Old\"/>\n"
    "    <skip-message flag=\"\\Deleted\"/>\n"
    "  </filters>\n"
    "  <state directory=\"state\"/>\n"
    "  <report file=\"report.json\"/>\n"
    "</job>\n";

static void
write_file (const Fixture *fixture, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static char *
read_file (const Fixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  char *text = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static gboolean
exists (const Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *sample = g_build_filename (g_getenv ("MAILHAUL_TEST_DATA"),
                                              "sample.mbox", NULL);
  g_autofree char *text = NULL;
  gsize length = 0;
  fixture->dir = corpus_tmp_dir (NULL);
  g_file_get_contents (sample, &text, &length, &error);
  g_assert_no_error (error);
  g_autofree char *path = g_build_filename (fixture->dir, "old.mbox", NULL);
  g_file_set_contents (path, text, (gssize) length, &error);
  g_assert_no_error (error);
  write_file (fixture, "job.xml", job_text);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  corpus_remove (fixture->dir);
  g_free (fixture->dir);
}

static GSubprocess *
start (const Fixture *fixture, const char *command_line)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_strdup_printf ("%s %s", g_getenv ("MAILHAUL_PROGRAM"),
                                           command_line);
  g_auto (GStrv) argv = NULL;
  g_shell_parse_argv (line, NULL, &argv, &error);
  g_assert_no_error (error);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_cwd (launcher, fixture->dir);
  g_subprocess_launcher_setenv (launcher, "XDG_STATE_HOME", fixture->dir, TRUE);
  GSubprocess *process = g_subprocess_launcher_spawnv (
      launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
  return process;
}

static char *
text_of (GBytes *bytes)
{
  gsize length = g_bytes_get_size (bytes);
  return length > 0 ? g_strndup (g_bytes_get_data (bytes, NULL), length) : g_strdup ("");
}

static Called
finish (GSubprocess *process)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  g_subprocess_communicate (process, NULL, NULL, &out, &err, &error);
  g_assert_no_error (error);
  Called called = { .status = -1 };
  if (g_subprocess_get_if_exited (process))
    called.status = g_subprocess_get_exit_status (process);
  called.out = text_of (out);
  called.err = text_of (err);
  return called;
}

static Called
call (const Fixture *fixture, const char *command_line)
{
  g_autoptr (GSubprocess) process = start (fixture, command_line);
  return finish (process);
}

static void
called_clear (Called *called)
{
  g_free (called->out);
  g_free (called->err);
}

/* has: shows the whole text when the part is missing. */
static void
has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_test_message ("missing \"%s\" in:\n%s", part, text);
  g_assert_nonnull (strstr (text, part));
}

static void
has_not (const char *text, const char *part)
{
  if (strstr (text, part) != NULL)
    g_test_message ("unwanted \"%s\" in:\n%s", part, text);
  g_assert_null (strstr (text, part));
}

/* expect: the call ends so, and says @out and @err (NULL: anything, "": nothing). */
static void
expect (const Fixture *fixture, const char *command_line, int status, const char *out,
        const char *err)
{
  Called called = call (fixture, command_line);
  if (called.status != status)
    g_test_message ("%s: exit %d\n%s%s", command_line, called.status, called.out,
                    called.err);
  g_assert_cmpint (called.status, ==, status);
  if (out != NULL && *out == '\0')
    g_assert_cmpstr (called.out, ==, "");
  else if (out != NULL)
    has (called.out, out);
  if (err != NULL && *err == '\0')
    g_assert_cmpstr (called.err, ==, "");
  else if (err != NULL)
    has (called.err, err);
  called_clear (&called);
}

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
  expect (fixture, "run job.xml", 0,
          "every one of the 58 selected messages is at the destination", "");
  g_assert_cmpuint (count_files (fixture, "archive/.Old"), ==, 58);
  expect (fixture, "run job.xml", 0, "nothing to do", "");
  g_assert_cmpuint (count_files (fixture, "archive/.Old"), ==, 58);
}

static void
test_summary_says_why (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "run job.xml", 0, "2 (flag \\Deleted)", "");
}

static void
test_dry_run (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "run job.xml --dry-run", 0,
          "a run would copy 58 of the 58 selected messages", "");
  expect (fixture, "plan job.xml", 0, "Old", "");
  g_assert_false (exists (fixture, "archive"));
  g_assert_false (exists (fixture, "state"));
  g_assert_false (exists (fixture, "report.json"));
}

static void
test_plan_json (Fixture *fixture, gconstpointer data)
{
  Called called = call (fixture, "plan job.xml --format=json");
  guint copies = 0;
  g_assert_cmpint (called.status, ==, 0);
  for (const char *at = called.out; (at = strstr (at, "\"action\" : \"copy\"")) != NULL;
       at++)
    copies++;
  g_assert_cmpuint (copies, ==, 58);
  has (called.out, "\"action\" : \"create-folder\"");
  has (called.out, "\"text\" : \"flag \\\\Deleted\"");
  called_clear (&called);
}

static void
test_report (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "run job.xml", 0, NULL, "");
  g_autofree char *by_job = read_file (fixture, "report.json");
  has (by_job, "\"copied\" : 58");
  has (by_job, "\"verdict\" : \"every one of the 58");
  expect (fixture, "run job.xml --report other.json", 0, NULL, "");
  g_autofree char *by_option = read_file (fixture, "other.json");
  has (by_option, "\"present\" : 58");
  expect (fixture, "run job.xml --report none/other.json", 1, NULL, "none/other.json");
}

static void
test_mistakes_at_once (Fixture *fixture, gconstpointer data)
{
  g_autofree char *line = g_strdup_printf ("run %s/jobs/five-mistakes.xml",
                                           g_getenv ("MAILHAUL_TEST_DATA"));
  Called called = call (fixture, line);
  g_auto (GStrv) lines = g_strsplit (called.err, "\n", -1);
  guint located = 0;
  for (char **at = lines; *at != NULL; at++)
    if (strstr (*at, "five-mistakes.xml:") != NULL)
      located++;
  g_assert_cmpint (called.status, ==, 2);
  g_assert_cmpuint (located, ==, 5);
  g_assert_cmpstr (called.out, ==, "");
  has (called.err, "nothing was touched");
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
    { "plugins mbx", "did you mean \"mbox\"" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    expect (fixture, rows[i].call, 2, "", rows[i].says);
  g_assert_false (exists (fixture, "x"));
}

static void
test_password_in_address (Fixture *fixture, gconstpointer data)
{
  Called called = call (fixture, "copy imaps://joe:hunter2@localhost/ maildir:x");
  g_assert_cmpint (called.status, ==, 2);
  has_not (called.err, "hunter2");
  has (called.err, "--source-password-file");
  called_clear (&called);
}

static void
test_source_missing (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "copy mbox:none.mbox maildir:x", 3, "none.mbox", "");
  g_assert_false (exists (fixture, "x"));
  g_assert_false (exists (fixture, "none.mbox"));
}

static void
test_destination_impossible (Fixture *fixture, gconstpointer data)
{
  Called called = call (fixture, "copy mbox:old.mbox maildir:old.mbox/x");
  g_assert_cmpint (called.status, ==, 4);
  has (called.out, "NOT complete");
  called_clear (&called);
}

static void
test_copy_with_filters (Fixture *fixture, gconstpointer data)
{
  expect (
      fixture,
      "copy mbox:old.mbox maildir:x --filter 'skip-message flag=\"\\\\Deleted Work\"' "
      "--filter 'rename-folder from=INBOX to=\"A name/with %2F\"'",
      0, "selected messages is at the destination", "");
  g_assert_true (exists (fixture, "x"));
  g_assert_true (exists (fixture, "mailhaul"));
  expect (fixture, "copy maildir:x mbox:back/ --state other", 0, "every one of the", "");
  g_assert_true (exists (fixture, "other"));
}

static void
test_verify (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "run job.xml", 0, NULL, "");
  expect (fixture, "verify job.xml", 0, "both sides agree", "");
  g_autofree char *file = one_file (fixture, "archive/.Old");
  g_assert_cmpint (g_unlink (file), ==, 0);
  Called called = call (fixture, "verify job.xml --level=headers");
  g_assert_cmpint (called.status, ==, 1);
  has (called.out, "missing");
  has_not (called.out, "every one of the");
  called_clear (&called);
}

static void
test_status (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "status job.xml", 0, "never run", "");
  expect (fixture, "run job.xml", 0, NULL, "");
  expect (fixture, "status job.xml", 0, "58 in 1 folder", "");
  expect (fixture, "status job.xml --format=json", 0, "\"delivered\" : 58", "");
}

static void
test_folders (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "folders mbox:old.mbox", 0, "1 folder, 60 messages", "");
  expect (fixture, "folders maildir:none", 3, "", "none");
}

static void
test_check (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "check job.xml", 0, "job.xml: valid, 1 account", "");
  expect (fixture, "check job.xml --connect", 0, "source mbox", "");
  g_assert_false (exists (fixture, "archive"));
  g_autofree char *mailbox = g_build_filename (fixture->dir, "old.mbox", NULL);
  g_assert_cmpint (g_unlink (mailbox), ==, 0);
  expect (fixture, "check job.xml --connect", 3, NULL, "old.mbox");
}

static void
test_what_is_installed (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "plugins", 0, "maildir", "");
  expect (fixture, "plugins skip-message", 0, "larger-than", "");
  expect (fixture, "schema", 0, "skip-message", "");
  expect (fixture, "version", 0, "mailhaul ", "");
  expect (fixture, "help", 0, "Commands:", "");
  expect (fixture, "help verify", 0, "--level", "");
}

static void
test_quiet (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "run job.xml --quiet", 0, "", "");
  expect (fixture, "copy mbox:none.mbox maildir:x --quiet", 3, "", "none.mbox");
}

static void
test_pipe_gets_no_colours (Fixture *fixture, gconstpointer data)
{
  Called called = call (fixture, "run job.xml");
  has_not (called.out, "\033");
  has_not (called.err, "\033");
  called_clear (&called);
  expect (fixture, "run job.xml --color=always", 0, "\033[32m", "");
}

static void
test_progress_json (Fixture *fixture, gconstpointer data)
{
  Called called = call (fixture, "run job.xml --progress=json");
  g_auto (GStrv) lines = g_strsplit (called.err, "\n", -1);
  for (char **line = lines; *line != NULL && **line != '\0'; line++)
    {
      g_assert_true (g_str_has_prefix (*line, "{\"event\":\""));
      g_assert_true (g_str_has_suffix (*line, "}"));
    }
  has (called.err, "\"event\":\"account-begin\"");
  has (called.err, "\"event\":\"account-end\"");
  called_clear (&called);
}

static void
test_controls_do_not_reach_the_terminal (Fixture *fixture, gconstpointer data)
{
  write_file (fixture, "old.mbox",
              "From a@b Fri Jan  1 10:00:00 2021\nSubject: \033[31mred\007\n"
              "From: a@b\n\nBody\n");
  expect (fixture, "run job.xml", 0, NULL, "");
  g_autofree char *file = one_file (fixture, "archive/.Old");
  g_assert_cmpint (g_unlink (file), ==, 0);
  Called called = call (fixture, "verify job.xml");
  g_assert_cmpint (called.status, ==, 1);
  has_not (called.out, "\033");
  has_not (called.out, "\007");
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
  g_autoptr (GSubprocess) process = start (
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
  Called called = finish (process);
  /* A fast machine may be done before it notices. */
  g_assert_true (called.status == 130 || called.status == 0);
  if (called.status == 130)
    has (called.out, "run it again: it goes on where it stopped");
  called_clear (&called);
  expect (fixture, "copy maildir:many maildir:x --verify=none", 0,
          "every one of the 3,000 selected messages", "");
  g_autofree char *copied = g_build_filename (fixture->dir, "x", NULL);
  g_autoptr (GHashTable) found = corpus_read (copied);
  corpus_assert_equal (expected, found, "after an interruption");
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

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
  return g_test_run ();
}
