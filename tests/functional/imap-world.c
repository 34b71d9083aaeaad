/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accounts on real servers for tests. Passwords go by the environment. Main thread.
 */
#include "imap-world.h"

#include <string.h>

#include "corpus.h"

/* What the Python program at tests/lib says. */
static gboolean
call_python (const char *script, const char *arguments, char **out_said)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_path_get_dirname (g_getenv ("MAILHAUL_SERVERS"));
  const char *python = g_getenv ("MAILHAUL_PYTHON");
  g_autofree char *line = g_strdup_printf (
      "%s %s/%s %s", python != NULL ? python : "python3", folder, script, arguments);
  g_auto (GStrv) argv = NULL;
  g_shell_parse_argv (line, NULL, &argv, &error);
  g_assert_no_error (error);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_subprocess_launcher_unsetenv (launcher, "LD_PRELOAD");
  g_subprocess_launcher_setenv (launcher, "PYTHONDONTWRITEBYTECODE", "1", TRUE);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawnv (
      launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) said = NULL;
  g_subprocess_communicate (process, NULL, NULL, &said, NULL, &error);
  g_assert_no_error (error);
  *out_said = g_strndup (g_bytes_get_data (said, NULL), g_bytes_get_size (said));
  return g_subprocess_get_successful (process);
}

/* For the Python programs. */
static char *
endpoint (const Fixture *fixture, const Account *account)
{
  if (account->server != NULL)
    return g_strdup_printf ("imap:127.0.0.1:%u:u%u:%s",
                            mail_server_port (account->server, FALSE), account->user,
                            MAIL_SERVER_PASSWORD);
  const char *path = strchr (account->local, ':');
  g_assert_nonnull (path);
  return g_strdup_printf ("maildir:%s/%s", fixture->dir, path + 1);
}

char *
account_fill (const Account *account, const char *task)
{
  g_autofree char *where = endpoint (NULL, account);
  g_autofree char *arguments = g_strdup_printf ("%s %s", where, task);
  char *said = NULL;
  if (!call_python ("imap-fill.py", arguments, &said))
    g_error ("imap-fill.py %s: %s", arguments, said);
  return said;
}

/* A name for both of them together. */
static char *
pair_name (const Account *source, const Account *destination)
{
  GString *name = g_string_new (NULL);
  const Account *const sides[] = { source, destination };
  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    if (sides[i]->server != NULL)
      g_string_append_printf (name, "-%u-%u", mail_server_port (sides[i]->server, TRUE),
                              sides[i]->user);
    else
      g_string_append_printf (name, "-%s", sides[i]->local);
  for (char *p = name->str; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p))
      *p = '-';
  return g_string_free (name, FALSE);
}

static void
add_side (GString *line, const Account *account, const char *option)
{
  if (account->server != NULL)
    g_string_append_printf (line, " %s tls-ca-file=%s", option,
                            mail_server_ca_file (account->server));
  g_auto (GStrv)
      words = g_strsplit (account->options != NULL ? account->options : "", "|", -1);
  for (char **word = words; *word != NULL; word++)
    {
      g_autofree char *quoted = g_shell_quote (*word);
      g_string_append_printf (line, " %s %s", option, quoted);
    }
}

static void
add_address (GString *line, const Account *account)
{
  if (account->server != NULL)
    g_string_append_printf (line, " imaps://u%u@localhost:%u", account->user,
                            mail_server_port (account->server, TRUE));
  else
    g_string_append_printf (line, " %s", account->local);
}

char *
account_copy_line (const Fixture *fixture, const Account *source,
                   const Account *destination, const char *more)
{
  GString *line = g_string_new ("copy");
  g_autofree char *name = pair_name (source, destination);
  add_address (line, source);
  add_address (line, destination);
  add_side (line, source, "--source-option");
  add_side (line, destination, "--destination-option");
  cli_write (fixture, "password", MAIL_SERVER_PASSWORD "\n");
  if (source->server != NULL)
    g_string_append (line, " --source-password-file password");
  if (destination->server != NULL)
    g_string_append (line, " --destination-password-file password");
  g_string_append_printf (line, " --state state%s --report report%s.json --progress none",
                          name, name);
  if (more != NULL)
    g_string_append_printf (line, " %s", more);
  return g_string_free (line, FALSE);
}

Called
account_copy (const Fixture *fixture, const Account *source, const Account *destination,
              const char *more)
{
  g_autofree char *line = account_copy_line (fixture, source, destination, more);
  return cli_call (fixture, line);
}

void
account_forget (const Fixture *fixture, const Account *source, const Account *destination)
{
  g_autofree char *name = pair_name (source, destination);
  g_autofree char *path = g_strdup_printf ("%s/state%s", fixture->dir, name);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
  corpus_remove (path);
}

void
account_assert_equal (const Fixture *fixture, const Account *expected,
                      const Account *found, gboolean named, const char *ignored)
{
  GString *arguments = g_string_new (NULL);
  g_autofree char *name = pair_name (expected, found);
  g_auto (GStrv) kinds = g_strsplit (ignored != NULL ? ignored : "", " ", -1);
  for (char **kind = kinds; *kind != NULL; kind++)
    if (**kind != '\0')
      g_string_append_printf (arguments, " --ignore %s", *kind);
  if (named)
    g_string_append_printf (arguments, " --report %s/report%s.json", fixture->dir, name);
  g_autofree char *one = endpoint (fixture, expected);
  g_autofree char *two = endpoint (fixture, found);
  g_string_append_printf (arguments, " %s %s", one, two);
  g_autofree char *said = NULL;
  gboolean same = call_python ("imap-compare.py", arguments->str, &said);
  if (!same)
    g_test_message ("%s: %s", name, said);
  g_string_free (arguments, TRUE);
  g_assert_true (same);
}

void
account_assert_status (const Called *called, int status, const char *what)
{
  if (called->status != status)
    g_test_message ("%s: exit code %d\n%s\n%s", what, called->status, called->out,
                    called->err);
  g_assert_cmpint (called->status, ==, status);
}
