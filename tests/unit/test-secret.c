/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Secrets: read from where the job says, anew each time, and never shown.
 */
#include "base/secret.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <mailhaul/error.h>

#define LIMIT_US (20 * G_USEC_PER_SEC)

typedef struct
{
  char *directory;
  char *file;
} Fixture;

static void
set_up (Fixture *self, gconstpointer user_data)
{
  self->directory = g_dir_make_tmp ("mailhaul-secret-XXXXXX", NULL);
  self->file = g_build_filename (self->directory, "secret", NULL);
}

static void
tear_down (Fixture *self, gconstpointer user_data)
{
  g_unlink (self->file);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->file);
  g_free (self->directory);
}

static void
assert_reads (HaulSecret *secret, const char *expected)
{
  g_autoptr (GError) error = NULL;
  char *text = secret_read_within (secret, LIMIT_US, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
  haul_secret_free_text (text);
}

static void
assert_fails (HaulSecret *secret, gint64 limit_us, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (secret_read_within (secret, limit_us, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  if (message != NULL)
    g_assert_cmpstr (error->message, ==, message);
  g_assert_null (strstr (error->message, "hunter2"));
}

static void
assert_command (Fixture *self, const char *line, const char *expected)
{
  HaulSecret *secret = secret_new (SECRET_COMMAND, "password-command", line,
                                   self->directory);

  assert_reads (secret, expected);
  secret_free (secret);
}

static void
assert_command_fails (Fixture *self, const char *line, const char *message)
{
  HaulSecret *secret = secret_new (SECRET_COMMAND, "password-command", line,
                                   self->directory);

  assert_fails (secret, LIMIT_US, message);
  secret_free (secret);
}

static void
test_text (Fixture *self, gconstpointer user_data)
{
  HaulSecret *secret = secret_new (SECRET_TEXT, "password", " hunter2 ", NULL);

  assert_reads (secret, " hunter2 ");
  secret_free (secret);
  secret_free (NULL);
  haul_secret_free_text (NULL);
}

static void
test_none (Fixture *self, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (haul_secret_read (NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
}

static void
test_file (Fixture *self, gconstpointer user_data)
{
  static const struct
  {
    const char *content, *secret;
  } vectors[] = {
    { "hunter2", "hunter2" },     { "hunter2\n", "hunter2" },
    { "hunter2\r\n", "hunter2" }, { "hunter2\n\n", "hunter2\n" },
    { " a b \n", " a b " },       { "a\nb\n", "a\nb" },
    { "\xff\n", "\xff" },
  };
  HaulSecret *secret = secret_new (SECRET_FILE, "password-file", self->file, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_file_set_contents (self->file, vectors[i].content, -1, NULL);
      assert_reads (secret, vectors[i].secret);
    }
  secret_free (secret);
}

static void
test_open_file (Fixture *self, gconstpointer user_data)
{
  g_assert_false (secret_file_is_open (self->file));
  g_assert_false (secret_file_is_open (self->directory));
  g_file_set_contents (self->file, "hunter2\n", -1, NULL);
  g_assert_cmpint (g_chmod (self->file, 0644), ==, 0);
  g_assert_false (secret_file_is_open (self->file)); /* its folder is 0700 */
  g_assert_true (secret_file_is_open ("/etc/passwd"));
  g_assert_cmpint (g_chmod (self->directory, 0755), ==, 0);
  g_assert_cmpint (g_chmod (self->file, 0640), ==, 0);
  g_assert_false (secret_file_is_open (self->file));
}

static void
test_file_refused (Fixture *self, gconstpointer user_data)
{
  g_autofree char *endless = g_strnfill (64 * 1024 + 1, 'x');
  HaulSecret *secret = secret_new (SECRET_FILE, "password-file", self->file, NULL);
  g_autofree char *missing = g_strdup_printf ("read password-file '%s': %s", self->file,
                                              "No such file or directory");
  g_autofree char *empty = g_strdup_printf ("read password-file '%s': it is empty",
                                            self->file);
  g_autofree char *nul = g_strdup_printf ("read password-file '%s': it holds a NUL byte",
                                          self->file);
  g_autofree char *longer = g_strdup_printf (
      "read password-file '%s': it is longer than 64 KiB", self->file);

  assert_fails (secret, LIMIT_US, missing);
  g_file_set_contents (self->file, "\n", 1, NULL);
  assert_fails (secret, LIMIT_US, empty);
  g_file_set_contents (self->file, "hunter2\0x", 9, NULL);
  assert_fails (secret, LIMIT_US, nul);
  g_file_set_contents (self->file, endless, -1, NULL);
  assert_fails (secret, LIMIT_US, longer);
  secret_free (secret);

  secret = secret_new (SECRET_FILE, "password-file", self->directory, NULL);
  assert_fails (secret, LIMIT_US, NULL);
  secret_free (secret);
  secret = secret_new (SECRET_FILE, "password-file", "/dev/zero", NULL);
  assert_fails (secret, LIMIT_US, NULL);
  secret_free (secret);
}

static void
test_environment (Fixture *self, gconstpointer user_data)
{
  HaulSecret *secret = secret_new (SECRET_ENV, "password-env", "MAILHAUL_TEST_X", NULL);

  g_unsetenv ("MAILHAUL_TEST_X");
  assert_fails (secret, LIMIT_US,
                "read password-env 'MAILHAUL_TEST_X': no such environment variable");
  g_setenv ("MAILHAUL_TEST_X", "", TRUE);
  assert_fails (secret, LIMIT_US, "read password-env 'MAILHAUL_TEST_X': it is empty");
  g_setenv ("MAILHAUL_TEST_X", "hunter2", TRUE);
  assert_reads (secret, "hunter2");
  g_unsetenv ("MAILHAUL_TEST_X");
  secret_free (secret);
}

static void
test_command (Fixture *self, gconstpointer user_data)
{
  assert_command (self, "echo 'hunter2  x'", "hunter2  x");
  assert_command (self, "printf 'hunter2'", "hunter2");
  assert_command (self, "printf 'hunter2\\r\\nuser: x\\n'", "hunter2");
  assert_command (self, "/bin/sh -c 'cat; echo \"$0\"' a", "a");
  assert_command (self, "echo $HOME;", "$HOME;");
}

static void
test_command_directory (Fixture *self, gconstpointer user_data)
{
  g_file_set_contents (self->file, "hunter2\n", -1, NULL);
  assert_command (self, "cat secret", "hunter2");
}

static void
test_command_refused (Fixture *self, gconstpointer user_data)
{
  assert_command_fails (self, "sh -c 'echo hunter2; exit 3'",
                        "read password-command 'sh': it ended with status 3");
  assert_command_fails (self, "sh -c 'kill -9 $$'",
                        "read password-command 'sh': it was ended by signal 9");
  assert_command_fails (self, "true", "read password-command 'true': it is empty");
  assert_command_fails (self, "sh -c 'echo; echo hunter2'",
                        "read password-command 'sh': it is empty");
  assert_command_fails (self, "yes hunter2",
                        "read password-command 'yes': it printed more than 64 KiB");
  assert_command_fails (self, "echo 'hunter2",
                        "read password-command: the command line has unbalanced quotes");
  assert_command_fails (self, "/does/not/exist hunter2", NULL);
}

static void
test_command_too_long (Fixture *self, gconstpointer user_data)
{
  /* A pipe that nobody writes to: waits for ever without a clock. */
  HaulSecret *secret = secret_new (SECRET_COMMAND, "password-command",
                                   "tail -f /dev/null", self->directory);

  assert_fails (secret, 50000, "read password-command 'tail': it took too long");
  secret_free (secret);
}

/* A daemon that keeps the output open does not hold up the secret. */
static void
test_command_daemon (Fixture *self, gconstpointer user_data)
{
  assert_command (
      self, "sh -c 'tail -f /dev/null 2>/dev/null & echo $! > secret; echo hunter2'",
      "hunter2");
  g_autofree char *pid = NULL;
  guint64 number = 0;
  g_assert_true (g_file_get_contents (self->file, &pid, NULL, NULL));
  g_assert_true (
      g_ascii_string_to_unsigned (g_strchomp (pid), 10, 2, G_MAXINT, &number, NULL));
  g_assert_cmpint (kill ((pid_t) number, SIGKILL), ==, 0);
}

static gpointer
read_often (gpointer data)
{
  HaulSecret *secret = data;

  for (guint i = 0; i < 5; i++)
    assert_reads (secret, "hunter2");
  return NULL;
}

static void
test_threads (Fixture *self, gconstpointer user_data)
{
  HaulSecret *secret = secret_new (SECRET_COMMAND, "password-command", "echo hunter2",
                                   NULL);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("reader", read_often, secret);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  secret_free (secret);
}

#define ADD(name, func)                                                                  \
  g_test_add ("/base/secret/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("is-the-text-itself", test_text);
  ADD ("none-is-an-error", test_none);
  ADD ("is-a-file-without-its-last-line-end", test_file);
  ADD ("refuses-files-that-hold-none", test_file_refused);
  ADD ("a-file-that-all-can-read-is-open", test_open_file);
  ADD ("is-an-environment-variable", test_environment);
  ADD ("is-a-commands-first-line", test_command);
  ADD ("a-command-starts-where-the-job-lies", test_command_directory);
  ADD ("refuses-commands-that-fail", test_command_refused);
  ADD ("ends-a-command-that-takes-too-long", test_command_too_long);
  ADD ("does-not-wait-for-a-daemon", test_command_daemon);
  ADD ("is-read-by-several-threads", test_threads);
  return g_test_run ();
}
