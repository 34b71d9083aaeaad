/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must not be let through: certificates that prove nothing, plain text where TLS was
 * asked for, wrong passwords. Each with its exit code, a text that says what to do, and
 * without the password in anything that is written.
 */
#include <string.h>

#include "corpus.h"
#include "imap-world.h"

/* Not the right one; as secret as that. */
#define WRONG_PASSWORD "pass-wrong-8Kd2"

/* World: a server that shows other certificates at other addresses. */
typedef struct
{
  MailServer *server;
} World;

/* Attempt: one call; "@" in its options stands for the server's fingerprint. */
typedef struct
{
  const char *name;
  const char *scheme; /* imaps or imap (STARTTLS) */
  const char *host;   /* name of the server's fact, or NULL: localhost */
  const char *options;
  const char *password;
  gboolean no_ca;
  const char *said; /* part of the message; NULL: success */
} Attempt;

static const Attempt attempts[] = {
  { "right", "imaps", NULL, NULL, NULL, FALSE, NULL },
  { "right-by-starttls", "imap", NULL, NULL, NULL, FALSE, NULL },
  { "right-by-fingerprint", "imaps", NULL, "tls-fingerprint=@", NULL, TRUE, NULL },
  { "wrong-fingerprint", "imaps", "stranger", "tls-fingerprint=@", NULL, TRUE,
    "fingerprint" },
  { "unknown-ca", "imaps", NULL, NULL, NULL, TRUE, "tls-ca-file" },
  { "unknown-ca-by-starttls", "imap", NULL, NULL, NULL, TRUE, "tls-ca-file" },
  { "strange-ca", "imaps", "stranger", NULL, NULL, FALSE, "tls-ca-file" },
  { "wrong-host", "imaps", "wrong-host", NULL, NULL, FALSE, "other.example" },
  { "wrong-host-by-starttls", "imap", "wrong-host", NULL, NULL, FALSE, "other.example" },
  { "expired", "imaps", "expired", NULL, NULL, FALSE, "expired" },
  { "expired-by-starttls", "imap", "expired", NULL, NULL, FALSE, "expired" },
  { "stripped-starttls", "imap", "no-tls", NULL, NULL, FALSE, "not sent in clear text" },
  { "wrong-password", "imaps", NULL, NULL, WRONG_PASSWORD, FALSE, "check user" },
  { "wrong-password-by-plain", "imaps", NULL, "auth=plain", WRONG_PASSWORD, FALSE,
    "check user" },
  { "wrong-password-by-login", "imaps", NULL, "auth=login-command", WRONG_PASSWORD, FALSE,
    "check user" },
};

typedef struct
{
  const World *world;
  const Attempt *attempt;
  gboolean as_source;
} Case;

/* Neither the right password nor the wrong one, nor either in Base64, as SASL sends it.
 */
static void
assert_no_secret (const char *text, const char *where)
{
  static const char *const secrets[] = { MAIL_SERVER_PASSWORD, WRONG_PASSWORD };
  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++)
    {
      /* "\0u1\0password", and the password alone. */
      g_autoptr (GString) plain = g_string_new (NULL);
      g_string_append_printf (plain, "%cu1%c%s", 0, 0, secrets[i]);
      g_autofree char *packed = g_base64_encode ((const guchar *) plain->str, plain->len);
      g_autofree char *alone = g_base64_encode ((const guchar *) secrets[i],
                                                strlen (secrets[i]));
      const char *const forms[] = { secrets[i], packed, alone };
      for (guint k = 0; k < G_N_ELEMENTS (forms); k++)
        if (strstr (text, forms[k]) != NULL)
          g_error ("a secret stands in %s: %s", where, text);
    }
}

/* All files below @path but the one that holds the password for the program. */
static void
assert_no_secret_below (const char *path)
{
  g_autoptr (GDir) entries = g_dir_open (path, 0, NULL);
  const char *name;
  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      g_autofree char *data = NULL;
      gsize length = 0;
      if (g_file_test (child, G_FILE_TEST_IS_DIR))
        assert_no_secret_below (child);
      else if (strcmp (name, "secret") != 0
               && g_file_get_contents (child, &data, &length, NULL))
        {
          for (gsize i = 0; i < length; i++)
            if (data[i] == '\0')
              data[i] = ' ';
          assert_no_secret (data, child);
        }
    }
}

static char *
attempt_line (const Fixture *fixture, const Case *test)
{
  const Attempt *attempt = test->attempt;
  const MailServer *server = test->world->server;
  const char *side = test->as_source ? "source" : "destination";
  gboolean implicit = strcmp (attempt->scheme, "imaps") == 0;
  g_autofree char *address = g_strdup_printf (
      "%s://u1@%s:%u", attempt->scheme,
      attempt->host != NULL ? mail_server_fact (server, attempt->host) : "localhost",
      mail_server_port (server, implicit));
  GString *line = g_string_new ("copy");
  g_string_append_printf (line, " %s %s", test->as_source ? address : "maildir:mail",
                          test->as_source ? "maildir:out" : address);
  if (!attempt->no_ca)
    g_string_append_printf (line, " --%s-option tls-ca-file=%s", side,
                            mail_server_ca_file (server));
  if (attempt->options != NULL && strchr (attempt->options, '@') != NULL)
    g_string_append_printf (line, " --%s-option tls-fingerprint=%s", side,
                            mail_server_fact (server, "fingerprint"));
  else if (attempt->options != NULL)
    g_string_append_printf (line, " --%s-option %s", side, attempt->options);
  cli_write (fixture, "secret",
             attempt->password != NULL ? attempt->password : MAIL_SERVER_PASSWORD);
  g_string_append_printf (line,
                          " --%s-password-file secret --state state --progress none"
                          " --log-level debug --report report.json"
                          " --%s-option trace=trace.log",
                          side, side);
  return g_string_free (line, FALSE);
}

static void
test_attempt (Fixture *fixture, gconstpointer data)
{
  const Case *test = data;
  const Attempt *attempt = test->attempt;
  if (test->world->server == NULL)
    return;
  g_autofree char *mail = g_build_filename (fixture->dir, "mail", NULL);
  corpus_write (mail, 3, 1);
  g_autofree char *line = attempt_line (fixture, test);
  Called called = cli_call (fixture, line);
  int status = attempt->said == NULL ? 0 : attempt->password != NULL ? 5 : 3;
  if (status > 0 && !test->as_source)
    status++;
  account_assert_status (&called, status, attempt->name);
  g_autofree char *both = g_strconcat (called.out, called.err, NULL);
  if (attempt->said != NULL)
    cli_has (both, attempt->said);
  else
    g_assert_true (cli_exists (fixture, "trace.log"));
  assert_no_secret (both, "the output");
  assert_no_secret_below (fixture->dir);
  called_clear (&called);
}

int
main (int argc, char **argv)
{
  World world = { 0 };
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  world.server = mail_server_start (MAIL_SERVER_DOVECOT, "bad-certificates=yes");
  Case cases[2 * G_N_ELEMENTS (attempts)];
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      cases[i] = (Case){ &world, &attempts[i / 2], i % 2 == 0 };
      g_autofree char *path = g_strdup_printf (
          "/imap-tls/%s/%s", i % 2 == 0 ? "source" : "destination", attempts[i / 2].name);
      g_test_add (path, Fixture, &cases[i], cli_set_up, test_attempt, cli_tear_down);
    }
  int status = g_test_run ();
  mail_server_stop (world.server);
  return status;
}
