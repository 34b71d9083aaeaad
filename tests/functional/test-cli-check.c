/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the program does around a backend that has servers, users and secrets: addresses,
 * passwords, presets, check --connect with its exit codes. With fake-imap.c.
 */
#include <string.h>

#include "cli-call.h"

/* Writes job.xml with these two elements and calls `mailhaul @command`. */
static void
expect (const Fixture *fixture, const char *source, const char *destination,
        const char *command, int status, const char *out, const char *err)
{
  g_autofree char *job = g_strdup_printf (
      "<job xmlns='urn:mailhaul:job:1' name='sample'>\n<source>%s</source>\n"
      "<destination>%s</destination>\n</job>\n",
      source, destination);

  cli_write (fixture, "job.xml", job);
  cli_write (fixture, "right", "sesame\n");
  cli_write (fixture, "wrong", "hunter2\n");
  cli_expect (fixture, command, status, out, err);
}

#define GOOD "<imap host='good.example' user='alice' password-file='right'/>"
#define BAD  "<imap host='good.example' user='alice' password-file='wrong'/>"
#define LOST "<imap host='unreachable.example' user='a' password-file='right'/>"

/* ---- check --connect ---- */

static void
test_facts (Fixture *fixture, gconstpointer data)
{
  expect (fixture, GOOD, GOOD, "check --connect job.xml", 0,
          "  source imap host=good.example port=0 user=alice: 2 folders, 1,234 messages, "
          "10.0 MB; opened in ",
          "");
  Called called = cli_call (fixture, "check --connect job.xml");
  cli_has (called.out, "\n    server:      Fake ");
  cli_has (called.out, "\n    tls:         implicit\n");
  cli_has (called.out, "\n  destination imap host=good.example");
  cli_has (called.out, "\n    note:        keeps no keywords");
  cli_has_not (called.out, "\x1b");
  cli_has_not (called.out, "sesame");
  called_clear (&called);
}

static void
test_exit_codes (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *source;
    const char *destination;
    int status;
    const char *err;
  } vectors[] = {
    { LOST, GOOD, 3, "sample: source: connect to unreachable.example: it failed" },
    { GOOD, LOST, 4, "sample: destination: connect to unreachable.example: it failed" },
    { BAD, GOOD, 5, "sample: source: log in to good.example as 'alice': server refused" },
    { GOOD, BAD, 6, "sample: destination: log in" },
    { BAD, LOST, 5, "sample: destination: connect" },
    { "<imap host='silent.example' password-file='right'/>", GOOD, 3, "firewall" },
    { "<imap host='impostor.example' password-file='right'/>", GOOD, 3,
      "tls-fingerprint" },
    { GOOD, "<imap host='babble.example' password-file='right'/>", 4,
      "the option trace" },
    { "<imap host='shy.example' password-file='right'/>", GOOD, 3, "for its quota" },
    { "<imap host='good.example' password-file='missing'/>", GOOD, 2,
      "sample: source: read password-file '" },
    { GOOD, "<imap host='good.example' password-env='NOT_THERE'/>", 2,
      "read password-env 'NOT_THERE': no such environment variable" },
    { GOOD, "<imap host='good.example' password-command='false'/>", 2,
      "read password-command 'false': it ended with status 1" },
    { GOOD, "<imap host='good.example' password-command=\"printf 'sesame\\nmore\\n'\"/>",
      0, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      expect (fixture, vectors[i].source, vectors[i].destination,
              "check --connect job.xml", vectors[i].status, "sample:\n", vectors[i].err);
      expect (fixture, vectors[i].source, vectors[i].destination,
              "check --connect --quiet job.xml", vectors[i].status, "", vectors[i].err);
    }
}

static void
test_json (Fixture *fixture, gconstpointer data)
{
  expect (fixture, GOOD, BAD, "check --connect --format=json job.xml", 6,
          "\"key\" : \"server\"", NULL);
  Called called = cli_call (fixture, "check --connect --format=json job.xml");
  g_assert_cmpint (called.out[0], ==, '{');
  cli_has (called.out, "\"valid\" : true");
  cli_has (called.out, "\"messages\" : 1234");
  cli_has (called.out, "\"code\" : \"auth\"");
  cli_has (called.out, "\"exit-code\" : 6");
  cli_has_not (called.out, "hunter2");
  called_clear (&called);
  expect (fixture, "<imap/>", GOOD, "check --format=json job.xml", 2,
          "\"text\" : \"imap: \\\"host\\\" is missing\"", NULL);
  cli_expect (fixture, "check --format=yaml job.xml", 2, "", "text, json");
  cli_expect (fixture, "check --format=json none.xml", 2, "\"valid\" : false", NULL);
}

static void
test_many_accounts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) csv = g_string_new ("name,host\n");
  gsize at = 0;

  for (guint i = 0; i < 40; i++)
    g_string_append_printf (csv, "user%02u,%s.example\n", i,
                            i == 30 ? "unreachable" : "good");
  cli_write (fixture, "accounts.csv", csv->str);
  cli_write (fixture, "right", "sesame\n");
  cli_write (fixture, "job.xml",
             "<job xmlns='urn:mailhaul:job:1' name='many'>"
             "<accounts file='accounts.csv'/><source><imap host='${host}' user='${name}' "
             "password-file='right'/></source><destination><maildir path='out/${name}'/>"
             "</destination><limits accounts='7'/></job>");
  Called called = cli_call (fixture, "check --connect job.xml");
  g_assert_cmpint (called.status, ==, 3);
  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *name = g_strdup_printf ("user%02u:\n", i);
      const char *found = strstr (called.out + at, name);
      g_assert_nonnull (found);
      at = (gsize) (found - called.out);
    }
  cli_has (called.err, "user30: source: connect to unreachable.example");
  g_assert_false (cli_exists (fixture, "out"));
  called_clear (&called);
  cli_expect (fixture, "check --connect --account user01 job.xml", 0, "user01:\n", "");
}

/* Backends of files describe themselves, and make nothing. */
static void
test_files (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "<mbox path='old.mbox'/>", "<maildir path='deep/down/archive'/>",
          "check --connect job.xml", 0, "format:      one mbox file, quoting of From",
          "");
  Called called = cli_call (fixture, "check --connect job.xml");
  cli_has (called.out, "address:     /");
  cli_has (called.out, "format:      none yet: the directory is made");
  cli_has (called.out, "free on the disk; each message is a file");
  called_clear (&called);
  g_assert_false (cli_exists (fixture, "deep"));
  g_autofree char *folder = g_build_filename (fixture->dir, "there/.A/cur", NULL);
  g_autofree char *nested = g_build_filename (fixture->dir, "nested/A/cur", NULL);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (nested, 0700), ==, 0);
  expect (fixture, "<maildir path='there'/>",
          "<mbox path='new.mbox' format='mboxo' durability='none'/>",
          "check --connect job.xml", 0, "format:      Maildir++, folders beside", "");
  expect (fixture, "<maildir path='nested' layout='fs' encoding='utf-8'/>",
          "<mbox path='new.mbox' format='mboxo' durability='none'/>",
          "check --connect job.xml", 0, "inside each other (fs), folder names in UTF-8",
          "");
  called = cli_call (fixture, "check --connect job.xml");
  cli_has (called.out, "format:      one mbox file, mboxo\n");
  cli_has (called.out, "fidelity:    format=\"mboxo\" cannot");
  cli_has (called.out, "warning:     durability=\"none\"");
  called_clear (&called);
  g_assert_false (cli_exists (fixture, "new.mbox"));
}

/* ---- presets ---- */

static void
test_effective (Fixture *fixture, gconstpointer data)
{
  expect (fixture,
          "<imap preset='gmail' user='a' password-file='right' connections='3'/>", GOOD,
          "check --effective job.xml", 0,
          "    host                     imap.gmail.com (preset gmail)\n", "");
  Called called = cli_call (fixture, "check --effective job.xml");
  cli_has (called.out, "    connections              3\n");
  cli_has (called.out, "    window                   64 (default)\n");
  cli_has (called.out, "    password-file            given, not shown\n");
  cli_has (called.out, "    host                     good.example\n");
  called_clear (&called);
}

static void
test_preset_roles_and_notes (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "<imap preset='zimbra' host='good.example' password-file='right'/>",
          "<imap preset='zimbra' host='good.example' password-file='right'/>",
          "check --connect job.xml", 0, "4 commands in flight", "");
  Called called = cli_call (fixture, "check --connect job.xml");
  cli_has (called.out, "(preset zimbra)");
  cli_has (called.out, "Contacts, Calendar");
  cli_has (called.out, "19 January 2038");
  called_clear (&called);
}

static void
test_unknown_preset (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "<imap\n preset='gmial' user='a' password-file='right'/>", GOOD,
          "check job.xml", 2, "",
          "job.xml:3: imap: unknown preset \"gmial\", did you mean \"gmail\"? Known are "
          "courier, cyrus, domino, dovecot,");
}

static void
test_plugins (Fixture *fixture, gconstpointer data)
{
  cli_expect (fixture, "plugins imap", 0, "\n  exchange-online      Exchange Online", "");
  cli_expect (fixture, "plugins imap gmail", 0, "auth=\"OAUTHBEARER XOAUTH2 PLAIN\"", "");
  cli_expect (fixture, "plugins imap gmial", 2, "", "did you mean \"gmail\"?");
  cli_expect (fixture, "plugins maildir gmail", 2, "", "takes presets");
  cli_expect (fixture, "plugins imap gmail more", 2, "", "a name and a preset at most");
}

/* Each preset that is shipped passes its plugin's table on both sides. */
static void
test_shipped (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "courier",  "cyrus", "domino", "dovecot",
                                       "exchange", "gmx",   "icloud", "exchange-online",
                                       "fastmail", "gmail", "yahoo",  "zimbra",
                                       "zoho" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *element = g_strdup_printf (
          "<imap preset='%s' host='h' user='u' password-file='right'/>", names[i]);
      expect (fixture, element, element, "check job.xml", 0, "valid", "");
    }
}

/* ---- secrets ---- */

static void
test_readable_secret (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "<imap host='good.example' password='sesame'/>", GOOD, "check job.xml",
          0, NULL, "job.xml:2: warning: imap: \"password\" can be read by anyone");
  Called called = cli_call (fixture, "check --effective job.xml");
  cli_has_not (called.out, "sesame");
  cli_has_not (called.err, "sesame");
  called_clear (&called);
  cli_write (fixture, "empty", "\n");
  expect (fixture, "<imap host='good.example' password-file='empty'/>", GOOD,
          "check --connect job.xml", 2, NULL, "it is empty");
  cli_write (fixture, "crlf", "sesame\r\n");
  expect (fixture, "<imap host='good.example' password-file='crlf'/>", GOOD,
          "check --connect job.xml", 0, NULL, "");
}

/* ---- addresses ---- */

static void
test_folders (Fixture *fixture, gconstpointer data)
{
  cli_write (fixture, "right", "sesame\n");
  cli_expect (fixture,
              "folders imaps://alice%40home@good.example/ --source-password-file right",
              0, "2 folders, 1,234 messages, 10.0 MB", "");
  cli_expect (fixture, "folders imaps://alice@good.example/ --source-password-file none",
              2, "", "password-file");
  cli_expect (fixture,
              "folders imaps://alice@unreachable.example/ --source-password-file right",
              3, "", "connect to unreachable.example");
  cli_expect (fixture,
              "folders imap://alice@good.example:1143 --source-option token-file=right",
              0, "2 folders", "");
}

/* A password of the command line is in the list of processes, but it is taken. */
static void
test_password_in_option (Fixture *fixture, gconstpointer data)
{
  Called called = cli_call (
      fixture, "folders imaps://alice@good.example --source-option password=hunter2");

  g_assert_cmpint (called.status, ==, 5);
  cli_has (called.err, "can be read by anyone who reads the command line");
  cli_has_not (called.err, "hunter2");
  called_clear (&called);
  called = cli_call (fixture, "folders imaps://alice:hunter2@good.example/");
  g_assert_cmpint (called.status, ==, 2);
  cli_has (called.err, "a password in an address can be seen by everyone");
  cli_has_not (called.err, "hunter2");
  called_clear (&called);
}

/* Where only a token serves, no password is asked for, and none is taken from elsewhere.
 */
static void
test_token_only (Fixture *fixture, gconstpointer data)
{
  g_setenv ("MAILHAUL_SOURCE_PASSWORD", "sesame", TRUE);
  cli_expect (fixture, "folders imaps://a@good.example --source-option auth=xoauth2", 2,
              "", "none is given");
  cli_expect (fixture,
              "folders 'imaps://a;AUTH=OAUTHBEARER@good.example' --source-option "
              "auth='PLAIN xoauth2'",
              0, "2 folders", "");
  cli_expect (fixture,
              "folders imaps://a@good.example --source-option preset=exchange-online", 2,
              "", "none is given");
  cli_expect (fixture, "folders imaps://a@good.example --source-option preset=gmail", 0,
              "2 folders", "");
  g_unsetenv ("MAILHAUL_SOURCE_PASSWORD");
}

/* What a plugin has to say of right settings is a warning with the option's line. */
static void
test_advice (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "<imap host='good.example'\n password-file='right'\n tls='none'/>",
          GOOD, "check job.xml", 0, "valid",
          "job.xml:4: warning: imap: mail and password travel in clear text");
  Called once = cli_call (fixture, "check --connect job.xml");
  g_assert_null (strstr (strstr (once.err, "clear text") + 1, "clear text"));
  called_clear (&once);
  cli_expect (fixture,
              "folders imap://alice@good.example --source-password-file right "
              "--source-option tls=none",
              0, "2 folders", "mailhaul: warning: imap: mail and password travel");
  Called called = cli_call (
      fixture, "copy --dry-run --quiet --source-password-file right --source-option "
               "tls=none imap://alice@good.example maildir:out");
  cli_has (called.err, "warning: imap: mail and password travel in clear text");
  called_clear (&called);
}

static void
test_environment (Fixture *fixture, gconstpointer data)
{
  g_setenv ("MAILHAUL_SOURCE_PASSWORD", "sesame", TRUE);
  cli_expect (fixture, "folders imaps://alice@good.example/", 0, "2 folders", "");
  g_setenv ("MAILHAUL_SOURCE_PASSWORD", "hunter2", TRUE);
  cli_expect (fixture, "folders imaps://alice@good.example/", 5, "",
              "log in to good.example as 'alice'");
  g_unsetenv ("MAILHAUL_SOURCE_PASSWORD");
}

/* A call on a terminal of its own, where @typed is typed at the question. The terminal
 * shows all that the program says. */
static Called
call_typed (const Fixture *fixture, const char *typed, const char *command_line)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_strdup_printf (
      "%s %s 'Password of the ' '%s' %s %s", g_getenv ("MAILHAUL_PYTHON"),
      g_getenv ("MAILHAUL_TYPIST"), typed, g_getenv ("MAILHAUL_PROGRAM"), command_line);
  g_auto (GStrv) argv = NULL;
  Called called = { .status = -1 };

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_cwd (launcher, fixture->dir);
  GSubprocess *process = g_subprocess_launcher_spawnv (
      launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
  called = cli_finish (process);
  g_test_message ("%s%s", called.out, called.err);
  return called;
}

static void
test_question (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *typed;
    int status;
    const char *out;
  } vectors[] = {
    { "sesame\\n", 0, "2 folders, 1,234 messages" },
    { "hunter2\\n", 5, "log in to good.example as 'alice': server refused" },
    { "hunt\\x03", 130, "Password of the source: " },
    { "\\n", 2, "it is empty" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      Called called = call_typed (fixture, vectors[i].typed,
                                  "folders imaps://alice@good.example/");

      g_assert_cmpint (called.status, ==, vectors[i].status);
      cli_has (called.out, vectors[i].out);
      cli_has_not (called.out, "sesame");
      cli_has_not (called.out, "hunt");
      called_clear (&called);
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, cli_set_up, func, cli_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/cli/check/connect-tells-facts-and-numbers", test_facts);
  ADD ("/cli/check/exit-codes-name-side-and-kind", test_exit_codes);
  ADD ("/cli/check/json-tells-the-same", test_json);
  ADD ("/cli/check/many-accounts-in-order", test_many_accounts);
  ADD ("/cli/check/files-describe-themselves", test_files);
  ADD ("/cli/check/effective-shows-preset-and-default", test_effective);
  ADD ("/cli/preset/each-side-has-its-own", test_preset_roles_and_notes);
  ADD ("/cli/preset/unknown-one-names-the-nearest", test_unknown_preset);
  ADD ("/cli/preset/plugins-lists-and-prints-them", test_plugins);
  ADD ("/cli/preset/shipped-ones-suit-the-table", test_shipped);
  ADD ("/cli/secret/forms-warnings-and-line-ends", test_readable_secret);
  ADD ("/cli/address/folders-takes-users-and-ports", test_folders);
  ADD ("/cli/address/passwords-in-the-call-are-told-of", test_password_in_option);
  ADD ("/cli/address/tokens-need-no-password", test_token_only);
  ADD ("/cli/check/advice-of-a-plugin-is-a-warning", test_advice);
  ADD ("/cli/address/password-from-the-environment", test_environment);
  ADD ("/cli/address/password-by-a-question-without-echo", test_question);
  return g_test_run ();
}
