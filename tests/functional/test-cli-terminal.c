/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program on a terminal, and under signals. What a person sees at the end is found by
 * playing what the program wrote to a small model of a screen. Runs are slowed down by
 * the job's rate, so that they are still under way when something is to happen to them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli-call.h"
#include "corpus.h"

/* PATIENCE_MS: no call here takes that long on the slowest machine. */
#define PATIENCE_MS 60000
/* MESSAGES: enough for several batches at the slow rate. */
#define MESSAGES 400

static const char slow_job[] = "<?xml version=\"1.0\"?>\n"
                               "<job xmlns=\"urn:mailhaul:job:1\" name=\"slow\">\n"
                               "  <source><maildir path=\"many\"/></source>\n"
                               "  <destination><maildir path=\"copied\"/></destination>\n"
                               "  <limits rate=\"20K/s\"/>\n"
                               "  <state directory=\"state\"/>\n"
                               "</job>\n";

/* Terminal: one that a call of the program runs on. */
typedef struct
{
  int fd; /* our side */
  GSubprocess *process;
  GString *written; /* by the program */
} Terminal;

static void
slow_set_up (Fixture *fixture, gconstpointer data)
{
  cli_set_up (fixture, data);
  g_autofree char *source = g_build_filename (fixture->dir, "many", NULL);
  corpus_write (source, MESSAGES, 11);
  cli_write (fixture, "slow.xml", slow_job);
  g_autofree char *text = g_strdup (slow_job);
  char *rate = strstr (text, "20K");
  memcpy (rate, "90M", 3);
  cli_write (fixture, "fast.xml", text);
}

static void
terminal_open (Terminal *self, const Fixture *fixture, const char *command_line,
               const char *variable)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_strdup_printf ("%s %s", g_getenv ("MAILHAUL_PROGRAM"),
                                           command_line);
  g_auto (GStrv) argv = NULL;
  g_shell_parse_argv (line, NULL, &argv, &error);
  g_assert_no_error (error);
  self->fd = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (self->fd, >=, 0);
  g_assert_cmpint (grantpt (self->fd), ==, 0);
  g_assert_cmpint (unlockpt (self->fd), ==, 0);
  struct winsize size = { .ws_row = 24, .ws_col = 100 };
  g_assert_cmpint (ioctl (self->fd, TIOCSWINSZ, &size), ==, 0);
  int theirs = open (ptsname (self->fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (theirs, >=, 0);

  g_autoptr (GSubprocessLauncher)
      launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_subprocess_launcher_set_cwd (launcher, fixture->dir);
  g_subprocess_launcher_unsetenv (launcher, "NO_COLOR");
  g_subprocess_launcher_setenv (launcher, "TERM", "xterm", TRUE);
  if (variable != NULL)
    {
      g_auto (GStrv) pair = g_strsplit (variable, "=", 2);
      g_subprocess_launcher_setenv (launcher, pair[0], pair[1], TRUE);
    }
  g_subprocess_launcher_take_stdout_fd (launcher, dup (theirs));
  g_subprocess_launcher_take_stderr_fd (launcher, theirs);
  self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv,
                                                &error);
  g_assert_no_error (error);
  self->written = g_string_new (NULL);
}

/* terminal_read: until @text was written (TRUE), or to the end with NULL. */
static gboolean
terminal_read (Terminal *self, const char *text)
{
  while (text == NULL || strstr (self->written->str, text) == NULL)
    {
      struct pollfd polled = { .fd = self->fd, .events = POLLIN };
      char buffer[4096];
      g_assert_cmpint (poll (&polled, 1, PATIENCE_MS), >, 0);
      ssize_t count = read (self->fd, buffer, sizeof buffer);
      if (count <= 0)
        return text == NULL; /* EIO: the program has ended */
      g_string_append_len (self->written, buffer, count);
    }
  return TRUE;
}

/* terminal_close: reads to the end. Returns the exit code. */
static int
terminal_close (Terminal *self)
{
  g_assert_true (terminal_read (self, NULL));
  g_assert_true (g_subprocess_wait (self->process, NULL, NULL));
  g_assert_true (g_subprocess_get_if_exited (self->process));
  close (self->fd);
  return g_subprocess_get_exit_status (self->process);
}

static void
terminal_clear (Terminal *self)
{
  g_object_unref (self->process);
  g_string_free (self->written, TRUE);
}

/* put: @byte at @column of @line. */
static void
put (GString *line, guint column, char byte)
{
  while (line->len <= column)
    g_string_append_c (line, ' ');
  line->str[column] = byte;
}

/* screen_sequence: one after ESC [. Returns what follows it. */
static const char *
screen_sequence (const char *at, GPtrArray *lines, guint *row, guint column)
{
  char *end = NULL;
  guint64 number = g_ascii_strtoull (at, &end, 10);
  if (*end == 'A')
    {
      g_assert_cmpuint (number, <=, *row);
      *row -= (guint) number;
    }
  else if (*end == 'J')
    {
      g_string_truncate (lines->pdata[*row],
                         MIN (column, ((GString *) lines->pdata[*row])->len));
      for (guint i = *row + 1; i < lines->len; i++)
        g_string_truncate (lines->pdata[i], 0);
    }
  else
    g_assert_cmpint (*end, ==, 'm');
  return end + 1;
}

static void
line_free (gpointer line)
{
  g_string_free (line, TRUE);
}

/* screen: what is to be seen after all of @text: what the program may use, and no other
 * sequence. (transfer full) */
static char *
screen (const char *text)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (line_free);
  guint row = 0, column = 0;
  g_ptr_array_add (lines, g_string_new (NULL));
  for (const char *at = text; *at != '\0';)
    if (g_str_has_prefix (at, "\033["))
      at = screen_sequence (at + 2, lines, &row, column);
    else
      {
        if (*at == '\r')
          column = 0;
        else if (*at == '\n')
          row++;
        else
          put (lines->pdata[row], column++, *at);
        if (row == lines->len)
          g_ptr_array_add (lines, g_string_new (NULL));
        at++;
      }
  GString *all = g_string_new (NULL);
  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf (all, "%s\n", ((GString *) lines->pdata[i])->str);
  return g_string_free (all, FALSE);
}

/* run_fast: copies what a slow run left, and nothing twice. */
static void
run_fast (const Fixture *fixture)
{
  g_autofree char *source = g_build_filename (fixture->dir, "many", NULL);
  g_autofree char *copied = g_build_filename (fixture->dir, "copied", NULL);
  cli_expect (fixture, "run fast.xml", 0, "every one of the 400 selected messages", NULL);
  g_autoptr (GHashTable) expected = corpus_read (source);
  g_autoptr (GHashTable) found = corpus_read (copied);
  corpus_assert_equal (expected, found, "after the run was resumed");
}

/* wait_for: reads a call's standard error up to a line with @text. */
static void
wait_for (GSubprocess *process, const char *text)
{
  GInputStream *stream = g_subprocess_get_stderr_pipe (process);
  g_autoptr (GString) read = g_string_new (NULL);
  while (strstr (read->str, text) == NULL)
    {
      char buffer[512];
      g_autoptr (GError) error = NULL;
      gssize count = g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error);
      g_assert_no_error (error);
      if (count == 0)
        g_test_message ("missing \"%s\" in:\n%s", text, read->str);
      g_assert_cmpint (count, >, 0);
      g_string_append_len (read, buffer, count);
    }
}

static void
test_progress_is_taken_away (Fixture *fixture, gconstpointer data)
{
  Terminal terminal = { 0 };
  terminal_open (&terminal, fixture, "run slow.xml", NULL);
  g_assert_true (terminal_read (&terminal, "messages"));
  g_subprocess_send_signal (terminal.process, SIGINT);
  g_assert_cmpint (terminal_close (&terminal), ==, 130);
  cli_has (terminal.written->str, "\033[31m");
  g_autofree char *seen = screen (terminal.written->str);
  cli_has_not (seen, "[#");
  cli_has_not (seen, "[-");
  cli_has (seen, "stopping: what is in flight is finished first");
  cli_has (seen, "run it again: it goes on where it stopped");
  terminal_clear (&terminal);
}

static void
test_no_color (Fixture *fixture, gconstpointer data)
{
  static const char *const variables[] = { "NO_COLOR=1", "TERM=dumb" };
  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      Terminal terminal = { 0 };
      terminal_open (&terminal, fixture, "run fast.xml", variables[i]);
      g_assert_cmpint (terminal_close (&terminal), ==, 0);
      cli_has (terminal.written->str, "every one of the");
      cli_has_not (terminal.written->str, "\033");
      terminal_clear (&terminal);
    }
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr (GSubprocess)
          process = cli_start (fixture, "run slow.xml --progress=json");
      wait_for (process, "folder-begin");
      g_subprocess_send_signal (process, numbers[i]);
      Called called = cli_finish (process);
      g_assert_cmpint (called.status, ==, 130);
      cli_has (called.out, "run it again: it goes on where it stopped");
      cli_has_not (called.out, "every one of the");
      called_clear (&called);
    }
  run_fast (fixture);
}

static void
test_second_signal (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSubprocess) process = cli_start (fixture, "run slow.xml --progress=json");
  wait_for (process, "folder-begin");
  g_subprocess_send_signal (process, SIGINT);
  wait_for (process, "stopping: ");
  g_subprocess_send_signal (process, SIGINT);
  Called called = cli_finish (process);
  g_assert_cmpint (called.status, ==, 130);
  called_clear (&called);
  run_fast (fixture);
}

static void
test_lock (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSubprocess) process = cli_start (fixture, "run slow.xml --progress=json");
  wait_for (process, "folder-begin");
  /* Another job's name would be another state; the same file is the same account. */
  Called second = cli_call (fixture, "run slow.xml");
  g_assert_cmpint (second.status, ==, 8);
  cli_has (second.out, "NOT complete");
  called_clear (&second);
  g_subprocess_send_signal (process, SIGINT);
  Called first = cli_finish (process);
  g_assert_cmpint (first.status, ==, 130);
  called_clear (&first);
  run_fast (fixture);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, slow_set_up, func, cli_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/cli/terminal/progress-is-taken-away-and-words-stay",
       test_progress_is_taken_away);
  ADD ("/cli/terminal/no-color-and-dumb-get-plain-text", test_no_color);
  ADD ("/cli/signals/first-one-finishes-and-the-state-resumes", test_stop);
  ADD ("/cli/signals/second-one-stops-and-the-state-resumes", test_second_signal);
  ADD ("/cli/lock/second-run-is-refused-with-8", test_lock);
  return g_test_run ();
}
