/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check --connect and folders against a real Dovecot: what they tell of it, how they end
 * when it cannot be reached, is an impostor or refuses the login, and that no password is
 * in what they say.
 */
#include <string.h>

#include "cli-call.h"
#include "mail-server.h"

/* "host, port and authority of the server" as attributes. (transfer full) */
static char *
place (const MailServer *server, gboolean tls)
{
  return g_strdup_printf ("host='127.0.0.1' port='%u' tls='%s' tls-ca-file='%s'",
                          mail_server_port (server, tls), tls ? "implicit" : "starttls",
                          mail_server_ca_file (server));
}

/* Writes job.xml with source and destination of these attributes, and calls. */
static Called
call_job (const Fixture *fixture, const char *source, const char *destination,
          const char *command)
{
  g_autofree char *job = g_strdup_printf (
      "<job xmlns='urn:mailhaul:job:1' name='sample'><source><imap %s/></source>"
      "<destination><imap %s/></destination></job>",
      source, destination);
  Called called;

  cli_write (fixture, "job.xml", job);
  cli_write (fixture, "right", MAIL_SERVER_PASSWORD "\n");
  cli_write (fixture, "wrong", "hunter2\n");
  cli_write (fixture, "master", MAIL_SERVER_MASTER_PASSWORD "\n");
  called = cli_call (fixture, command);
  g_test_message ("%s%s", called.out, called.err);
  cli_has_not (called.out, MAIL_SERVER_PASSWORD);
  cli_has_not (called.err, MAIL_SERVER_PASSWORD);
  cli_has_not (called.err, MAIL_SERVER_MASTER_PASSWORD);
  cli_has_not (called.err, "hunter2");
  return called;
}

static void
test_facts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MailServer) server = mail_server_start (MAIL_SERVER_DOVECOT, NULL);
  if (server == NULL)
    return;
  g_autofree char *implicit = place (server, TRUE);
  g_autofree char *starttls = place (server, FALSE);
  g_autofree char *source = g_strdup_printf (
      "%s user='u1' password-file='right' preset='dovecot'", implicit);
  g_autofree char *destination = g_strdup_printf (
      "%s user='u2' auth='PLAIN' auth-user='%s' password-file='master'", starttls,
      MAIL_SERVER_MASTER);
  Called called = call_job (fixture, source, destination, "check --connect job.xml");

  g_assert_cmpint (called.status, ==, 0);
  cli_has (called.out, "user=u1: 1 folder, 0 messages; opened in ");
  cli_has (called.out, "server:      Dovecot");
  cli_has (called.out, "tls:         TLSv1.");
  cli_has (called.out, "mechanism:   PLAIN");
  cli_has (called.out, "MULTIAPPEND");
  cli_has (called.out, "by way of master");
  cli_has (called.out, "preset=\"dovecot\" is made for this kind of server");
  cli_has (called.out, "(preset dovecot)");
  g_assert_cmpstr (called.err, ==, "");
  called_clear (&called);
}

static void
test_exit_codes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MailServer) server = mail_server_start (MAIL_SERVER_DOVECOT, NULL);
  if (server == NULL)
    return;
  static const struct
  {
    const char *source; /* behind the place, whose last word counts */
    const char *destination;
    int status;
    const char *err;
  } vectors[] = {
    { "user='u1' password-file='wrong'", "user='u2' password-file='right'", 5,
      "sample: source: log in to 127.0.0.1 as 'u1'" },
    { "user='u1' password-file='right'", "user='nobody' password-file='right'", 6,
      "sample: destination: log in to 127.0.0.1 as 'nobody'" },
    { "user='u1' password-file='right' auth-user='u3'", "user='u2' password-file='right'",
      5, "sample: source: log in" },
  };
  g_autofree char *implicit = place (server, TRUE);

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *source = g_strdup_printf ("%s auth='PLAIN' %s", implicit,
                                                 vectors[i].source);
      g_autofree char *destination = g_strdup_printf ("%s auth='PLAIN' %s", implicit,
                                                      vectors[i].destination);
      Called called = call_job (fixture, source, destination, "check --connect job.xml");

      g_assert_cmpint (called.status, ==, vectors[i].status);
      cli_has (called.err, vectors[i].err);
      called_clear (&called);
    }
}

/* Without its authority, a server is nobody; by its fingerprint it is itself. */
static void
test_trust (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MailServer) server = mail_server_start (MAIL_SERVER_DOVECOT, NULL);
  if (server == NULL)
    return;
  g_autofree char *right = place (server, TRUE);
  g_autofree char *login = g_strdup ("auth='PLAIN' user='u1' password-file='right'");
  g_autofree char *good = g_strdup_printf ("%s %s", right, login);
  g_autofree char *stranger = g_strdup_printf ("host='127.0.0.1' port='%u' %s",
                                               mail_server_port (server, TRUE), login);
  g_autofree char *pinned = g_strdup_printf ("%s tls-fingerprint='%s'", stranger,
                                             mail_server_fact (server, "fingerprint"));
  Called called = call_job (fixture, stranger, good, "check --connect job.xml");

  g_assert_cmpint (called.status, ==, 3);
  cli_has (called.err, "sample: source: ");
  cli_has (called.err, "not trusted");
  cli_has (called.out, "source imap host=127.0.0.1");
  called_clear (&called);
  called = call_job (fixture, good, stranger, "check --connect job.xml");
  g_assert_cmpint (called.status, ==, 4);
  called_clear (&called);
  called = call_job (fixture, pinned, pinned, "check --connect job.xml");
  g_assert_cmpint (called.status, ==, 0);
  called_clear (&called);
}

static void
test_clear_text (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MailServer) server = mail_server_start (MAIL_SERVER_DOVECOT, NULL);
  if (server == NULL)
    return;
  g_autofree char *plain = g_strdup_printf (
      "host='127.0.0.1' port='%u' tls='none' user='u1' password-file='right'",
      mail_server_port (server, FALSE));
  Called called = call_job (fixture, plain, plain, "check --connect job.xml");

  cli_has (called.err, "warning: imap: tls=\"none\": mail and password travel");
  called_clear (&called);
}

static void
test_json (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MailServer) server = mail_server_start (MAIL_SERVER_DOVECOT, NULL);
  if (server == NULL)
    return;
  g_autofree char *implicit = place (server, TRUE);
  g_autofree char *good = g_strdup_printf ("%s auth='PLAIN' user='u1' "
                                           "password-file='right'",
                                           implicit);
  Called called = call_job (fixture, good, good, "check --connect --format=json job.xml");

  g_assert_cmpint (called.status, ==, 0);
  cli_has (called.out, "\"key\" : \"capabilities\"");
  cli_has (called.out, "\"messages\" : 0");
  cli_has (called.out, "\"exit-code\" : 0");
  called_clear (&called);
}

static void
test_folders (Fixture *fixture, gconstpointer data)
{
  g_autoptr (MailServer) server = mail_server_start (MAIL_SERVER_DOVECOT, NULL);
  if (server == NULL)
    return;
  g_autofree char *tls = g_strdup_printf (
      "folders imaps://u4@127.0.0.1:%u/ --source-option tls-ca-file='%s' "
      "--source-option auth=PLAIN --source-password-file right",
      mail_server_port (server, TRUE), mail_server_ca_file (server));
  g_autofree char *upgraded = g_strdup_printf (
      "folders 'imap://u4;AUTH=PLAIN@127.0.0.1:%u' --source-option tls-ca-file='%s' "
      "--source-password-file right",
      mail_server_port (server, FALSE), mail_server_ca_file (server));

  cli_write (fixture, "right", MAIL_SERVER_PASSWORD "\n");
  cli_expect (fixture, tls, 0, "INBOX", "");
  cli_expect (fixture, upgraded, 0, "1 folder, 0 messages", "");
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, cli_set_up, func, cli_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/imap/check/tells-what-was-found", test_facts);
  ADD ("/imap/check/exit-codes-name-side-and-kind", test_exit_codes);
  ADD ("/imap/check/trusts-by-authority-or-fingerprint", test_trust);
  ADD ("/imap/check/clear-text-warns", test_clear_text);
  ADD ("/imap/check/json-tells-the-same", test_json);
  ADD ("/imap/check/folders-takes-addresses", test_folders);
  return g_test_run ();
}
