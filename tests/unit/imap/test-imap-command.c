/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands on the wire: quoting, literals, and that nothing refused leaves a byte behind.
 */
#include <string.h>

#include <glib.h>

#include "command.h"

static const ImapWire sync_wire = { .literals = IMAP_LITERALS_SYNC };
static const ImapWire minus_wire = { .literals = IMAP_LITERALS_MINUS };
static const ImapWire plus_wire = { .literals = IMAP_LITERALS_PLUS };

static ImapString
str (const gchar *text)
{
  return (ImapString){ text, strlen (text) };
}

/* The wire; "<+>" stands where "+" is awaited, "<secret>" for secret pieces. */
static gchar *
wire_of (ImapCommand *command)
{
  g_autoptr (GError) error = NULL;
  GString *out = g_string_new (NULL);
  ImapSegment segment;

  imap_command_finish (command, &error);
  g_assert_no_error (error);
  while (imap_command_next (command, &segment))
    {
      g_string_append (out, segment.await ? "<+>" : "");
      if (segment.secret)
        g_string_append (out, "<secret>");
      else
        g_string_append_len (out, (const gchar *) segment.data, (gssize) segment.length);
    }
  return g_string_free (out, FALSE);
}

static void
check_mailbox (const ImapWire *wire, const gchar *name, const gchar *expected)
{
  g_autoptr (ImapCommand) command = imap_command_new ("a1", "EXAMINE", wire);
  imap_command_add_mailbox (command, str (name));
  g_autofree gchar *sent = wire_of (command);

  g_assert_cmpstr (sent, ==, expected);
}

static void
test_mailboxes (void)
{
  ImapWire utf8_wire = { .utf8 = TRUE };

  check_mailbox (&sync_wire, "INBOX", "a1 EXAMINE \"INBOX\"\r\n");
  check_mailbox (&sync_wire, "a\"b\\c", "a1 EXAMINE \"a\\\"b\\\\c\"\r\n");
  check_mailbox (&sync_wire, "{5}", "a1 EXAMINE \"{5}\"\r\n");
  check_mailbox (&sync_wire, "a\tb", "a1 EXAMINE {3}\r\n<+>a\tb\r\n");
  check_mailbox (&sync_wire, "\303\274", "a1 EXAMINE {2}\r\n<+>\303\274\r\n");
  check_mailbox (&utf8_wire, "\303\274", "a1 EXAMINE \"\303\274\"\r\n");
  check_mailbox (&utf8_wire, "\374", "a1 EXAMINE {1}\r\n<+>\374\r\n");
  check_mailbox (&minus_wire, "a\tb", "a1 EXAMINE {3+}\r\na\tb\r\n");
  check_mailbox (&plus_wire, "a\tb", "a1 EXAMINE {3+}\r\na\tb\r\n");
}

static void
check_refused (ImapCommand *command)
{
  g_autoptr (ImapCommand) owned = command;
  g_autoptr (GError) error = NULL;
  ImapSegment segment;

  g_assert_false (imap_command_finish (owned, &error));
  g_assert_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_ARGUMENT);
  g_assert_false (imap_command_next (owned, &segment));
}

static void
test_refuses_mailboxes (void)
{
  g_autofree gchar *huge = g_strnfill (2001, 'x');
  const ImapString bad[] = { { "", 0 },       { NULL, 0 },
                             { "a\r\nb", 4 }, { "a\nz9 CREATE x", 13 },
                             { "a\0b", 3 },   { huge, 2001 } };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      ImapCommand *command = imap_command_new ("a1", "SELECT", &plus_wire);
      imap_command_add_mailbox (command, bad[i]);
      check_refused (command);
    }
}

static void
test_refuses_flags (void)
{
  static const gchar *const bad[] = {
    "",       "\\Recent", "\\Foo", "\\",      "a b", "a)",  "(a",
    "a\r\nb", "\"a\"",    "{5}",   "a]b",     "a%",  "a*",  "\303\274",
    "a\tb",   "a\\b",     "\177",  "\\Seen)", "a\n", "\\*", "a{3+}\r\n"
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const gchar *const flags[] = { "\\Seen", bad[i], NULL };
      ImapCommand *command = imap_command_new ("a1", "UID STORE", &plus_wire);
      imap_command_add_set (command, "1");
      imap_command_add_words (command, "+FLAGS.SILENT");
      imap_command_add_flags (command, flags);
      check_refused (command);
    }
}

static void
test_refuses_long_keyword (void)
{
  g_autofree gchar *keyword = g_strnfill (51, 'k');
  const gchar *const flags[] = { keyword, NULL };
  ImapCommand *command = imap_command_new ("a1", "UID STORE 1 FLAGS", &plus_wire);

  imap_command_add_flags (command, flags);
  check_refused (command);
}

static void
test_refuses_syntax (void)
{
  static const gchar *const bad[] = { "",     " A",  "A ",  "A\r\nB",
                                      "A{5}", "A\"", "A\\", "\303\274" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      ImapCommand *command = imap_command_new ("a1", "NOOP", &plus_wire);
      imap_command_add_words (command, bad[i]);
      check_refused (command);
      check_refused (imap_command_new (bad[i], "NOOP", &plus_wire));
    }
}

static void
test_refuses_sets (void)
{
  static const gchar *const bad[] = { "", "1\r\nz9 NOOP", "1,", "0", "$", "1 2" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      ImapCommand *command = imap_command_new ("a1", "UID FETCH", &plus_wire);
      imap_command_add_set (command, bad[i]);
      check_refused (command);
    }
}

static void
test_fetch_and_store (void)
{
  const gchar *const flags[] = { "\\seen", "$Forwarded", NULL };
  g_autoptr (ImapCommand) fetch = imap_command_new ("A7", "UID FETCH", &sync_wire);
  imap_command_add_set (fetch, "1:5,9");
  imap_command_add_words (fetch, "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]<0.20>)");
  g_autofree gchar *fetched = wire_of (fetch);
  g_assert_cmpstr (
      fetched, ==,
      "A7 UID FETCH 1:5,9 (UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]<0.20>)\r\n");

  g_autoptr (ImapCommand) store = imap_command_new ("A8", "UID STORE", &sync_wire);
  imap_command_add_set (store, "7:*");
  imap_command_add_words (store, "+FLAGS.SILENT");
  imap_command_add_flags (store, flags);
  g_autofree gchar *stored = wire_of (store);
  g_assert_cmpstr (stored, ==, "A8 UID STORE 7:* +FLAGS.SILENT (\\seen $Forwarded)\r\n");
}

static void
test_qresync (void)
{
  g_autoptr (ImapCommand) command = imap_command_new ("s", "SELECT", &sync_wire);
  imap_command_add_mailbox (command, str ("INBOX"));
  imap_command_add_words (command, "(QRESYNC (");
  imap_command_add_number (command, 67890007);
  imap_command_add_number (command, G_GUINT64_CONSTANT (90060115194045000));
  imap_command_add_set (command, "1:541");
  imap_command_add_words (command, "))");
  g_autofree gchar *sent = wire_of (command);

  g_assert_cmpstr (sent, ==,
                   "s SELECT \"INBOX\" (QRESYNC (67890007 90060115194045000 1:541))\r\n");
}

static void
test_secrets (void)
{
  g_autoptr (ImapCommand) login = imap_command_new ("a", "LOGIN", &sync_wire);
  imap_command_add_string (login, str ("joe"));
  imap_command_add_secret (login, str ("pass\"word"));
  g_autofree gchar *sent = wire_of (login);
  g_assert_cmpstr (sent, ==, "a LOGIN \"joe\"<secret>\r\n");

  g_autoptr (ImapCommand)
      plain = imap_command_new ("a", "AUTHENTICATE PLAIN", &sync_wire);
  imap_command_add_base64 (plain, str ("AHVzZXIxAHNlY3JldA=="));
  g_autofree gchar *authenticated = wire_of (plain);
  g_assert_cmpstr (authenticated, ==, "a AUTHENTICATE PLAIN <secret>\r\n");
}

static void
test_sasl_lines (void)
{
  g_autofree gchar *good = imap_command_sasl_line (str ("AQ=="), NULL);
  g_autofree gchar *empty = imap_command_sasl_line (str (""), NULL);
  g_autofree gchar *abort_line = imap_command_sasl_line (str ("*"), NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (good, ==, "AQ==\r\n");
  g_assert_cmpstr (empty, ==, "\r\n");
  g_assert_cmpstr (abort_line, ==, "*\r\n");
  g_assert_null (imap_command_sasl_line (str ("AQ=\r\n"), &error));
  g_assert_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_ARGUMENT);
}

static void
test_line_limit (void)
{
  g_autofree gchar *words = g_strnfill (8000, 'x');
  g_autoptr (ImapCommand) command = imap_command_new ("a1", "X", &sync_wire);
  g_autoptr (GError) error = NULL;
  ImapSegment segment;

  imap_command_add_words (command, words);
  g_assert_false (imap_command_finish (command, &error));
  g_assert_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_LIMIT);
  g_assert_false (imap_command_next (command, &segment));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/command/mailboxes-are-quoted-or-literal", test_mailboxes);
  g_test_add_func ("/imap/command/bad-mailboxes-send-nothing", test_refuses_mailboxes);
  g_test_add_func ("/imap/command/bad-flags-send-nothing", test_refuses_flags);
  g_test_add_func ("/imap/command/long-keywords-send-nothing", test_refuses_long_keyword);
  g_test_add_func ("/imap/command/bad-syntax-and-tags-send-nothing", test_refuses_syntax);
  g_test_add_func ("/imap/command/bad-sets-send-nothing", test_refuses_sets);
  g_test_add_func ("/imap/command/fetch-and-store", test_fetch_and_store);
  g_test_add_func ("/imap/command/qresync-select", test_qresync);
  g_test_add_func ("/imap/command/secrets-are-marked", test_secrets);
  g_test_add_func ("/imap/command/sasl-lines-are-base64", test_sasl_lines);
  g_test_add_func ("/imap/command/long-lines-send-nothing", test_line_limit);
  return g_test_run ();
}
