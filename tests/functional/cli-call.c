/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of the program for tests. Main thread.
 */
#include "cli-call.h"

#include <string.h>

#include <glib/gstdio.h>

#include "corpus.h"

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

void
cli_write (const Fixture *fixture, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

char *
cli_read (const Fixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  char *text = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

gboolean
cli_exists (const Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

void
cli_set_up (Fixture *fixture, gconstpointer data)
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
  cli_write (fixture, "job.xml", job_text);
}

void
cli_tear_down (Fixture *fixture, gconstpointer data)
{
  corpus_remove (fixture->dir);
  g_free (fixture->dir);
}

GSubprocess *
cli_start (const Fixture *fixture, const char *command_line)
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

Called
cli_finish (GSubprocess *process)
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

Called
cli_call (const Fixture *fixture, const char *command_line)
{
  g_autoptr (GSubprocess) process = cli_start (fixture, command_line);
  return cli_finish (process);
}

void
called_clear (Called *called)
{
  g_free (called->out);
  g_free (called->err);
}

void
cli_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_test_message ("missing \"%s\" in:\n%s", part, text);
  g_assert_nonnull (strstr (text, part));
}

void
cli_has_not (const char *text, const char *part)
{
  if (strstr (text, part) != NULL)
    g_test_message ("unwanted \"%s\" in:\n%s", part, text);
  g_assert_null (strstr (text, part));
}

void
cli_expect (const Fixture *fixture, const char *command_line, int status, const char *out,
            const char *err)
{
  Called called = cli_call (fixture, command_line);
  if (called.status != status)
    g_test_message ("%s: exit %d\n%s%s", command_line, called.status, called.out,
                    called.err);
  g_assert_cmpint (called.status, ==, status);
  if (out != NULL && *out == '\0')
    g_assert_cmpstr (called.out, ==, "");
  else if (out != NULL)
    cli_has (called.out, out);
  if (err != NULL && *err == '\0')
    g_assert_cmpstr (called.err, ==, "");
  else if (err != NULL)
    cli_has (called.err, err);
  called_clear (&called);
}
