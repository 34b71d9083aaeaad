/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Talks to tests/lib/servers, which does the work. Its path is in MAILHAUL_SERVERS.
 */
#include "mail-server.h"

#include <string.h>

struct MailServer
{
  GSubprocess *process;
  GDataInputStream *answers;
  GHashTable *facts; /* name without the server's → value */
};

static const char *
kind_name (MailServerKind kind)
{
  switch (kind)
    {
    case MAIL_SERVER_DOVECOT:
      return "dovecot";
    case MAIL_SERVER_CYRUS:
      return "cyrus";
    case MAIL_SERVER_COURIER:
      return "courier";
    }
  g_assert_not_reached ();
}

static void
mail_server_launch (MailServer *self, const char *argument)
{
  g_autoptr (GError) error = NULL;
  const char *python = g_getenv ("MAILHAUL_PYTHON");
  const char *program = g_getenv ("MAILHAUL_SERVERS");
  g_assert_nonnull (program);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  /* A sanitizer's library is for our programs only. */
  g_subprocess_launcher_unsetenv (launcher, "LD_PRELOAD");
  self->process = g_subprocess_launcher_spawn (
      launcher, &error, python != NULL ? python : "python3", program, argument, NULL);
  g_assert_no_error (error);
  self->answers = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  self->facts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/* "server.port=N" and "ca=…" become "port" and "ca". */
static void
keep_fact (MailServer *self, const char *line)
{
  const char *equals = strchr (line, '=');
  g_assert_nonnull (equals);
  g_autofree char *name = g_strndup (line, (gsize) (equals - line));
  const char *dot = strchr (name, '.');
  g_hash_table_insert (self->facts, g_strdup (dot != NULL ? dot + 1 : name),
                       g_strdup (equals + 1));
}

static void
refuse (MailServer *self, const char *kind, const char *why)
{
  if (g_strcmp0 (g_getenv ("CI"), "true") == 0)
    g_test_fail_printf ("%s cannot run here: %s", kind, why);
  else
    {
      g_autofree char *text = g_strdup_printf ("%s cannot run here: %s", kind, why);
      g_test_skip (text);
    }
  mail_server_stop (self);
}

MailServer *
mail_server_start (MailServerKind kind, const char *options)
{
  MailServer *self = g_new0 (MailServer, 1);
  g_autofree char *argument = g_strjoin (",", kind_name (kind), options, NULL);
  mail_server_launch (self, argument);
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *line = g_data_input_stream_read_line (self->answers, NULL, NULL,
                                                             &error);
      g_assert_no_error (error);
      if (line == NULL)
        g_error ("%s: tests/lib/servers ended too early", argument);
      if (strcmp (line, "ready") == 0)
        return self;
      if (g_str_has_prefix (line, "error="))
        g_error ("%s: %s", argument, line + strlen ("error="));
      if (g_str_has_prefix (line, "missing="))
        {
          refuse (self, argument, line + strlen ("missing="));
          return NULL;
        }
      keep_fact (self, line);
    }
}

void
mail_server_stop (MailServer *self)
{
  if (self == NULL)
    return;
  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->answers);
  g_object_unref (self->process);
  g_hash_table_unref (self->facts);
  g_free (self);
}

const char *
mail_server_fact (const MailServer *self, const char *name)
{
  const char *value = g_hash_table_lookup (self->facts, name);
  if (value == NULL)
    g_error ("the server has told nothing about its '%s'", name);
  return value;
}

const char *
mail_server_ca_file (const MailServer *self)
{
  return mail_server_fact (self, "ca");
}

guint16
mail_server_port (const MailServer *self, gboolean tls)
{
  guint64 port = 0;
  g_assert_true (g_ascii_string_to_unsigned (
      mail_server_fact (self, tls ? "tls_port" : "port"), 10, 1, 65535, &port, NULL));
  return (guint16) port;
}

char *
mail_server_token (MailServer *self, const char *user, gint64 seconds)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *command = g_strdup_printf ("token %s %" G_GINT64_FORMAT "\n", user,
                                              seconds);
  GOutputStream *commands = g_subprocess_get_stdin_pipe (self->process);
  g_output_stream_write_all (commands, command, strlen (command), NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *line = g_data_input_stream_read_line (self->answers, NULL, NULL,
                                                         &error);
  g_assert_no_error (error);
  g_assert_nonnull (line);
  g_assert_true (g_str_has_prefix (line, "token="));
  return g_strdup (line + strlen ("token="));
}
