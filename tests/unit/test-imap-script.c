/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scripted IMAP server itself, over a socket: the honest server's answers, its
 * strictness, overrides, faults, ghosts, and that it ends at once.
 */
#include <string.h>

#include <gio/gio.h>

#include "imap-script-match.h"
#include "imap-script.h"
#include "imap-server-command.h"

/* Talk: a client that says exactly what it is told. */
typedef struct
{
  ImapScript *server;
  GSocketConnection *connection;
  GString *heard;
} Talk;

static void
talk_connect (Talk *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_socket_client_set_timeout (client, 20);
  g_clear_object (&self->connection);
  self->connection = g_socket_client_connect_to_host (
      client, "127.0.0.1", (guint16) imap_script_port (self->server), NULL, &error);
  g_assert_no_error (error);
}

static Talk
talk_new (const char *script)
{
  g_autoptr (GError) error = NULL;
  Talk self = { .server = imap_script_start (script, &error) };
  g_assert_no_error (error);
  self.heard = g_string_new (NULL);
  talk_connect (&self);
  return self;
}

static void
talk_clear (Talk *self)
{
  g_clear_object (&self->connection);
  g_clear_pointer (&self->server, imap_script_free);
  g_string_free (self->heard, TRUE);
}

static void
say_bytes (Talk *self, const char *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_output_stream_write_all (out, data, length, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
say (Talk *self, const char *text)
{
  say_bytes (self, text, strlen (text));
}

/* hear: until a line begins with @start (NULL: until the end); what came. */
static const char *
hear (Talk *self, const char *start)
{
  char byte;
  gsize line = 0;
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  g_string_truncate (self->heard, 0);
  while (g_input_stream_read (in, &byte, 1, NULL, NULL) == 1)
    {
      g_string_append_c (self->heard, byte);
      if (byte != '\n')
        continue;
      if (start != NULL && g_str_has_prefix (self->heard->str + line, start))
        return self->heard->str;
      line = self->heard->len;
    }
  if (start != NULL)
    g_test_message ("the end came instead of %s: %s", start, self->heard->str);
  g_assert_null (start);
  return self->heard->str;
}

/* log_in: past the greeting. */
static void
log_in (Talk *self)
{
  hear (self, "* OK");
  say (self, "l LOGIN user secret\r\n");
  hear (self, "l OK");
}

static void
has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_test_message ("\"%s\" is not in: %s", part, text);
  g_assert_nonnull (strstr (text, part));
}

static void
no_failures (Talk *self)
{
  imap_script_assert_ok (self->server);
}

/* fails_with: stops; the failures hold @part. */
static void
fails_with (Talk *self, const char *part)
{
  imap_script_stop (self->server);
  g_autofree char *failures = imap_script_failures (self->server);
  g_assert_nonnull (failures);
  has (failures, part);
}

static void
test_match (void)
{
  static const struct
  {
    const char *pattern, *text;
    gboolean matches;
  } table[] = {
    { "NOOP", "noop", TRUE },
    { "NOOP", "NOOPS", FALSE },
    { "UID FETCH * (*)", "UID FETCH 1:* (UID FLAGS)", TRUE },
    { "UID FETCH 1:\\* *", "UID FETCH 1:* (UID FLAGS)", TRUE },
    { "UID FETCH 1:\\* *", "UID FETCH 1:9 (UID FLAGS)", FALSE },
    { "<SELECT|EXAMINE> INBOX*", "EXAMINE INBOX", TRUE },
    { "<SELECT|EXAMINE> INBOX*", "STATUS INBOX", FALSE },
    { "X <0.4>", "X <0.4>", TRUE },
    { "*", "", TRUE },
    { "", "", TRUE },
    { "", "X", FALSE },
    { "a*b*c", "aXbYbZc", TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_test_message ("%s against %s", table[i].pattern, table[i].text);
      g_assert_cmpint (imap_match (table[i].pattern, table[i].text, NULL), ==,
                       table[i].matches);
    }
}

static void
test_captures (void)
{
  char *captures[IMAP_MATCH_CAPTURES] = { NULL };
  g_assert_true (imap_match ("<LIST|LSUB> * \"*\"", "LSUB \"\" \"a%\"", captures));
  g_assert_cmpstr (captures[0], ==, "LSUB");
  g_assert_cmpstr (captures[1], ==, "\"\"");
  g_assert_cmpstr (captures[2], ==, "a%");
  g_assert_null (captures[3]);
  imap_match_clear (captures);
}

static void
test_command_text (void)
{
  static const struct
  {
    const char *line, *text;
  } table[] = {
    { "a SELECT \"INBOX\"", "SELECT INBOX" },
    { "a SELECT \"Two words\"", "SELECT \"Two words\"" },
    { "a LIST \"\" \"*\"", "LIST \"\" \"*\"" },
    { "a UID STORE 1:4,7 +FLAGS.SILENT (\\Seen $Junk)",
      "UID STORE 1:4,7 +FLAGS.SILENT (\\Seen $Junk)" },
    { "a APPEND x {12+}", "APPEND x {12+}" },
    { "a UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (DATE FROM)])",
      "UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (DATE FROM)])" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (Command) command = command_new (FALSE);
      command_add_line (command, table[i].line, strlen (table[i].line));
      g_autofree char *text = command_text (command);
      g_assert_cmpstr (command->why_bad, ==, NULL);
      g_assert_cmpstr (text, ==, table[i].text);
    }
}

static void
test_malformed (void)
{
  static const char *const lines[] = { "",
                                       "NOOP",
                                       " NOOP",
                                       "a \"x",
                                       "a \"\\x\"",
                                       "a x{3}y",
                                       "a APPEND x {3",
                                       "a \xe4",
                                       "a \"\xe4\"",
                                       "a APPEND x {-1}",
                                       "* NOOP",
                                       "a x\001",
                                       "a x {99999999999999999999}",
                                       "+ x" };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (Command) command = command_new (FALSE);
      command_add_line (command, lines[i], strlen (lines[i]));
      g_test_message ("%s", lines[i]);
      g_assert_nonnull (command->why_bad);
    }
}

#define TWO_MESSAGES                                                                     \
  "@mailbox INBOX uidvalidity=7 uidnext=10\n"                                            \
  "@message uid=3 flags=(\\Seen $Junk) date=\"01-Jan-2024 10:00:00 +0100\" body=ONE\n"   \
  "@message uid=9 text=\"Subject: two\\r\\n\\r\\ntwo\\r\\n\"\n"

#define BODY_ONE "@body ONE\nSubject: one\nFrom: a@b.c\n\nz9 CREATE Injected\n@end\n"

static void
test_honest_server (void)
{
  Talk talk = talk_new (BODY_ONE TWO_MESSAGES
                        "@mailbox \"Sent Items\" attributes=(\\Sent) subscribed\n"
                        "@user user secret\n");
  has (hear (&talk, "* OK"), "[CAPABILITY IMAP4rev1");
  say (&talk, "a LOGIN user wrong\r\n");
  hear (&talk, "a NO [AUTHENTICATIONFAILED]");
  say (&talk, "a AUTHENTICATE PLAIN AHVzZXIAc2VjcmV0\r\n");
  hear (&talk, "a OK [CAPABILITY");
  say (&talk, "b LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS "
              "(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))\r\n");
  const char *heard = hear (&talk, "b OK");
  has (heard, "* LIST (\\HasNoChildren) \"/\" \"INBOX\"\r\n");
  has (heard, "* STATUS \"INBOX\" (MESSAGES 2 UIDNEXT 10 UIDVALIDITY 7 HIGHEST");
  has (heard, "* LIST (\\Sent \\Subscribed \\HasNoChildren) \"/\" \"Sent Items\"");
  say (&talk, "c EXAMINE INBOX (CONDSTORE)\r\n"
              "d UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)\r\n"
              "e UID FETCH 3 (UID BODY.PEEK[])\r\n"
              "f UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])\r\n"
              "g UID SEARCH RETURN (ALL) UNSEEN\r\n");
  has (hear (&talk, "c OK [READ-ONLY]"), "* 2 EXISTS\r\n");
  heard = hear (&talk, "d OK");
  has (heard, "* 1 FETCH (UID 3 FLAGS (\\Seen $Junk) INTERNALDATE "
              "\" 1-Jan-2024 10:00:00 +0100\" RFC822.SIZE 49)");
  has (hear (&talk, "e OK"), "(UID 3 BODY[] {49}\r\nSubject: one\r\nFrom: a@b.c\r\n");
  has (hear (&talk, "f OK"), "(UID 9 BODY[HEADER.FIELDS (SUBJECT)] {16}\r\nSubject: two");
  has (hear (&talk, "g OK"), "* ESEARCH (TAG \"g\") UID ALL 9");
  say (&talk, "h LOGOUT\r\n");
  has (hear (&talk, NULL), "* BYE");
  no_failures (&talk);
  g_assert_cmpuint (imap_script_count (talk.server, "UID FETCH *"), ==, 3);
  g_assert_cmpuint (imap_script_connections (talk.server), ==, 1);
  talk_clear (&talk);
}

static void
test_append (void)
{
  Talk talk = talk_new ("@mailbox INBOX uidvalidity=7\n@mailbox Full\n");
  log_in (&talk);
  say (&talk, "a APPEND INBOX (\\Seen) \" 2-Feb-2024 10:00:00 +0000\" {5}\r\n");
  hear (&talk, "+ ");
  say (&talk, "hello\r\n");
  hear (&talk, "a OK [APPENDUID 7 1]");
  say (&talk, "b APPEND INBOX () {3+}\r\none ($Two) {3+}\r\ntwo\r\n");
  hear (&talk, "b OK [APPENDUID 7 2:3]");
  say (&talk, "c APPEND Nowhere {3+}\r\none {4+}\r\nxyz \r\nd NOOP\r\n");
  hear (&talk, "c NO [TRYCREATE]");
  hear (&talk, "d OK");
  say (&talk, "e APPEND Nowhere {3}\r\n");
  hear (&talk, "e NO [TRYCREATE]");
  say (&talk, "f APPEND {5+}\r\nINBOX {2+}\r\nhi\r\n");
  hear (&talk, "f OK [APPENDUID 7 4]");
  no_failures (&talk);
  g_autoptr (GPtrArray) messages = imap_script_messages (talk.server, "inbox");
  g_assert_cmpuint (messages->len, ==, 4);
  const ImapScriptMessage *first = messages->pdata[0], *third = messages->pdata[2];
  g_assert_cmpstr (first->flags, ==, "\\Seen");
  g_assert_cmpint (first->date, ==, 1706868000);
  g_assert_cmpmem (g_bytes_get_data (first->body, NULL), g_bytes_get_size (first->body),
                   "hello", 5);
  g_assert_cmpstr (third->flags, ==, "$Two");
  talk_clear (&talk);
}

static void
test_catenate (void)
{
  Talk talk = talk_new ("@capability IMAP4rev1 LITERAL- CATENATE UIDPLUS\n"
                        "@mailbox INBOX uidvalidity=7\n");
  log_in (&talk);
  say (&talk, "a APPEND INBOX (\\Seen) CATENATE (TEXT {3+}\r\nabc TEXT {2+}\r\nde)\r\n");
  hear (&talk, "a OK [APPENDUID 7 1]");
  g_autoptr (GPtrArray) messages = imap_script_messages (talk.server, "INBOX");
  const ImapScriptMessage *first = messages->pdata[0];
  g_assert_cmpmem (g_bytes_get_data (first->body, NULL), g_bytes_get_size (first->body),
                   "abcde", 5);
  say (&talk, "b APPEND INBOX {4097+}\r\n");
  hear (&talk, "* BYE [TOOBIG]");
  fails_with (&talk, "non-synchronising literal that was not allowed");
  talk_clear (&talk);
}

static void
test_injection_is_noticed (void)
{
  Talk talk = talk_new ("@mailbox INBOX\n");
  log_in (&talk);
  say (&talk, "a APPEND INBOX () \"32-Foo-2024 99:00:00 +0000\" {42+}\r\n"
              "From: a@b\r\nz9 CREATE InjectedBox\r\n\r\nbody\r\n\r\n");
  hear (&talk, "a BAD");
  hear (&talk, "z9 OK");
  fails_with (&talk, "the arguments of APPEND are malformed");
  g_auto (GStrv) names = imap_script_mailboxes (talk.server);
  g_assert_true (g_strv_contains ((const char *const *) names, "InjectedBox"));
  talk_clear (&talk);
}

static void
test_strictness (void)
{
  static const char *const lines[] = {
    "SELECT",
    "SELECT  INBOX",
    "SELECT INBOX ",
    "LIST \"\" * RETURN (COLOUR)",
    "STATUS INBOX ()",
    "UID FETCH 1:* UID,FLAGS",
    "UID FETCH 0 (UID)",
    "UID FETCH 1 (BODY.PEEK[5])",
    "UID STORE 1 +FLAGS (\\Recent)",
    "UID STORE 1 +FLAGS (a]b)",
    "EXPUNGE 1",
    "UID EXPUNGE",
    "XYZZY",
    "LOGIN a b",
    "UID FETCH 1 (UID) (CHANGEDSINCE 0)",
    "UID SEARCH",
    "UID SEARCH FOO",
    "ID (\"a\")",
    "APPEND INBOX",
    "COMPRESS DEFLATE",
    "STATUS INBOX (SIZE)",
  };
  Talk talk = talk_new ("@mailbox INBOX\n@messages 2\n");
  log_in (&talk);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      if (i % 15 == 0)
        {
          talk_connect (&talk);
          log_in (&talk);
          say (&talk, "s SELECT INBOX\r\n");
          hear (&talk, "s OK");
        }
      g_autofree char *line = g_strdup_printf ("t %s\r\n", lines[i]);
      g_test_message ("%s", lines[i]);
      say (&talk, line);
      hear (&talk, "t BAD");
    }
  fails_with (&talk, "the client: no such command: XYZZY");
  talk_clear (&talk);
}

static void
test_changes_are_told (void)
{
  Talk talk = talk_new (
      "@mailbox INBOX\n@messages 3\n@on NOOP [nth=1]\n"
      "@expunge INBOX 1\n@deliver INBOX uid=7\n@flags INBOX 2 (\\Seen)\n"
      "@default\n");
  log_in (&talk);
  say (&talk, "a SELECT INBOX\r\nb NOOP\r\n");
  hear (&talk, "a OK");
  const char *heard = hear (&talk, "b OK");
  has (heard, "* 1 EXPUNGE\r\n* 1 FETCH (UID 2 FLAGS (\\Seen))\r\n* 3 EXISTS\r\n");
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_qresync (void)
{
  Talk talk = talk_new (
      "@capability IMAP4rev1 ENABLE CONDSTORE QRESYNC\n"
      "@mailbox INBOX uidvalidity=7 highestmodseq=20\n@messages 3\n"
      "@on NOOP\n@expunge INBOX 2\n@flags INBOX 3 (\\Seen)\n@ok done\n");
  log_in (&talk);
  say (&talk, "a NOOP\r\nb ENABLE QRESYNC\r\nc SELECT INBOX (QRESYNC (7 23 1:9))\r\n");
  has (hear (&talk, "b OK"), "* ENABLED QRESYNC");
  const char *heard = hear (&talk, "c OK");
  has (heard, "* VANISHED (EARLIER) 2\r\n");
  has (heard, "FETCH (UID 3 FLAGS (\\Seen) MODSEQ (25))");
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_overrides (void)
{
  Talk talk = talk_new (BODY_ONE TWO_MESSAGES
                        "@on UID FETCH 3 * [nth=2]\n"
                        "S: * 1 FETCH (UID 3 BODY[] $literal(ONE-2))\n"
                        "S: $tag OK captured $1\n"
                        "@on CREATE *\n@no [LIMIT] no $1 here\n"
                        "@on UID FETCH 9 *\n@answer double\n@answer insert 2 * 5 EXISTS\n"
                        "@answer replace UID ImapUid\n@answer tagged OK bent\n"
                        "@count UID FETCH * = 3\n@never EXPUNGE\n");
  log_in (&talk);
  say (&talk, "s SELECT INBOX\r\na UID FETCH 3 (UID)\r\nb UID FETCH 3 (BODY.PEEK[])\r\n");
  has (hear (&talk, "a OK"), "* 1 FETCH (UID 3)");
  has (hear (&talk, "b OK captured (BODY.PEEK[])"), "BODY[] {47}\r\nSubject: one\r\n");
  say (&talk, "c CREATE \"a b\"\r\n");
  hear (&talk, "c NO [LIMIT] no \"a b\" here");
  say (&talk, "d UID FETCH 9 (UID)\r\n");
  g_assert_cmpstr (hear (&talk, "d OK bent"), ==,
                   "* 2 FETCH (ImapUid 9)\r\n* 5 EXISTS\r\n* 2 FETCH (ImapUid 9)\r\n"
                   "d OK bent\r\n");
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_styles (void)
{
  Talk talk = talk_new (BODY_ONE TWO_MESSAGES
                        "@on UID FETCH 3 * [nth=1]\n@answer split\n"
                        "@on UID FETCH 3 * [nth=2]\n@answer flags-last\n@answer no-uid\n"
                        "@answer literal 2\n");
  log_in (&talk);
  say (&talk, "s SELECT INBOX\r\na UID FETCH 3 (FLAGS BODY.PEEK[TEXT])\r\n"
              "b UID FETCH 3 (FLAGS BODY.PEEK[TEXT])\r\n");
  hear (&talk, "s OK");
  has (hear (&talk, "a OK"), "* 1 FETCH (UID 3 FLAGS (\\Seen $Junk))\r\n"
                             "* 1 FETCH (UID 3 BODY[TEXT] {20}\r\n");
  has (hear (&talk, "b OK"), "* 1 FETCH (BODY[TEXT] {22}\r\nz9 CREATE Injected\r\n"
                             " FLAGS (\\Seen $Junk))\r\n");
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_dropped_tagged (void)
{
  Talk talk = talk_new ("@mailbox INBOX\n@on APPEND * [nth=2]\n@drop-tagged\n");
  log_in (&talk);
  say (&talk, "a APPEND INBOX {1+}\r\na\r\nb APPEND INBOX {1+}\r\nb\r\n");
  hear (&talk, "a OK");
  g_assert_cmpstr (hear (&talk, NULL), ==, "");
  g_autoptr (GPtrArray) messages = imap_script_messages (talk.server, "INBOX");
  g_assert_cmpuint (messages->len, ==, 2);
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_cut (void)
{
  Talk talk = talk_new (BODY_ONE TWO_MESSAGES "@on UID FETCH *\n@cut 40\n@default\n");
  log_in (&talk);
  say (&talk, "s SELECT INBOX\r\n");
  hear (&talk, "s OK");
  say (&talk, "a UID FETCH 3 (BODY.PEEK[])\r\n");
  g_assert_cmpuint (strlen (hear (&talk, NULL)), ==, 40);
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_inside_a_literal (void)
{
  Talk talk = talk_new ("@mailbox INBOX\n@on-literal APPEND *\nS: + go\n@take -1\n"
                        "@no [OVERQUOTA] full\n@close\n");
  log_in (&talk);
  say (&talk, "a APPEND INBOX {3}\r\n");
  hear (&talk, "+ go");
  say (&talk, "abc");
  has (hear (&talk, NULL), "a NO [OVERQUOTA] full");
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_before_plus (void)
{
  Talk talk = talk_new ("@mailbox INBOX\n@on-literal APPEND * [nth=1]\n@no not now\n"
                        "@on-literal APPEND * [nth=2]\n@no [OVERQUOTA] x\n@swallow\n"
                        "@on-literal APPEND * [nth=3]\n@accept\n");
  log_in (&talk);
  say (&talk, "a APPEND INBOX {3}\r\n");
  hear (&talk, "a NO not now");
  say (&talk, "b APPEND INBOX {3+}\r\nx\r\n\r\nc NOOP\r\nd APPEND INBOX {3}\r\n");
  hear (&talk, "b NO");
  hear (&talk, "c OK");
  hear (&talk, "+ ");
  say (&talk, "abc\r\n");
  hear (&talk, "d OK");
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_ghost (void)
{
  Talk talk = talk_new ("@mailbox INBOX\n@on NOOP\n@ghost 20ms\n");
  log_in (&talk);
  say (&talk, "a NOOP\r\nb APPEND INBOX {1+}\r\nb\r\nc APPEND INBOX {1+}\r\nc\r\n");
  g_assert_cmpstr (hear (&talk, NULL), ==, "");
  guint count = 0;
  for (gint64 until_us = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
       count < 2 && g_get_monotonic_time () < until_us;)
    {
      g_autoptr (GPtrArray) messages = imap_script_messages (talk.server, "INBOX");
      count = messages->len;
    }
  g_assert_cmpuint (count, ==, 2);
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_connection_section (void)
{
  Talk talk = talk_new (
      "@mailbox INBOX\n"
      "@connection 1\nS: * PREAUTH welcome\nC: CAPABILITY\n"
      "S: * CAPABILITY IMAP4rev1\nS: $tag OK\n"
      "C*: NOOP\nC*: LIST *\nS: $tag3 OK list\nS: $tag2 OK noop\n"
      "C-: APPEND INBOX {3}\nS: + tell me\n@take all\nC: APPEND INBOX {3}\n"
      "@expect-literal 1 equals THREE\n@ok done\n@bye enough\n@close\n"
      "@connection *\n@greet\n@serve until NOOP\n@no $tag2\n@close\n"
      "@body THREE raw\nabc\n@end\n");
  hear (&talk, "* PREAUTH welcome");
  say (&talk, "a CAPABILITY\r\nb LIST \"\" \"\"\r\nc NOOP\r\n");
  hear (&talk, "a OK");
  hear (&talk, "b OK list");
  hear (&talk, "c OK noop");
  say (&talk, "d APPEND INBOX {3}\r\n");
  hear (&talk, "+ tell me");
  say (&talk, "abc\r\n");
  hear (&talk, "d OK done");
  has (hear (&talk, NULL), "* BYE enough");
  talk_connect (&talk);
  log_in (&talk);
  say (&talk, "x NOOP\r\n");
  hear (&talk, "x NO");
  no_failures (&talk);
  talk_clear (&talk);
}

static void
test_unmet (void)
{
  Talk talk = talk_new ("@mailbox INBOX\n@on CREATE *\n@default\n"
                        "@connection 1\n@greet\nC: NOOP\n@ok\n"
                        "@connection 2\n@greet\n@never STATUS *\n@count NOOP >= 1\n");
  hear (&talk, "* OK");
  say (&talk, "a STATUS INBOX (MESSAGES)\r\n");
  hear (&talk, NULL);
  fails_with (&talk, "line 6: connection 1: expected NOOP, got STATUS INBOX (MESSAGES)");
  fails_with (&talk, "line 2: never happened: CREATE *");
  fails_with (&talk, "line 8: connection 2 never came");
  fails_with (&talk, "line 11: 0 commands match NOOP");
  talk_clear (&talk);
}

static void
test_round_trips (void)
{
  Talk talk = talk_new ("@settle 100ms\n@mailbox INBOX\n");
  log_in (&talk);
  say (&talk, "a NOOP\r\n");
  say (&talk, "b NOOP\r\n");
  hear (&talk, "b OK");
  say (&talk, "c LOGOUT\r\n");
  hear (&talk, NULL);
  imap_script_stop (talk.server);
  g_assert_cmpuint (imap_script_round_trips (talk.server), ==, 3);
  talk_clear (&talk);
}

static void
test_stops_at_once (void)
{
  gint64 start_us = g_get_monotonic_time ();
  Talk talk = talk_new ("@mailbox INBOX\n@messages 200 size=100000\n@on NOOP\n@stall\n"
                        "@on CREATE *\n@delay 3600s\n");
  Talk other = { .server = talk.server, .heard = g_string_new (NULL) };
  log_in (&talk);
  say (&talk, "a SELECT INBOX\r\nb UID FETCH 1:* (BODY.PEEK[])\r\n");
  for (guint i = 0; i < 2; i++)
    {
      talk_connect (&other);
      log_in (&other);
      say (&other, i == 0 ? "a NOOP\r\n" : "a CREATE x\r\n");
    }
  talk_connect (&other);
  imap_script_stop (talk.server);
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, 30 * G_USEC_PER_SEC);
  g_clear_object (&other.connection);
  g_string_free (other.heard, TRUE);
  talk_clear (&talk);
}

static void
test_bad_scripts (void)
{
  static const struct
  {
    const char *script, *error;
  } table[] = {
    { "@mailbox INBOX\n@colour red\n", "2: no such directive" },
    { "@message uid=1\n\n", "1: a mailbox must come before" },
    { "@mailbox A\n@message body=NONE\n", "2: no body is called NONE" },
    { "@mailbox A\n@message date=\"yesterday\"\n", "2: the date is none" },
    { "@on NOOP\n@delay long\n", "2: not what this directive takes" },
    { "@on NOOP\n@answer explode\n", "2: no such answer" },
    { "@on NOOP [nth=x]\n\n", "1: no pattern" },
    { "@body A\nx\n", "1: the body does not end" },
    { "@count NOOP\n\n", "1: write PATTERN" },
    { "@mailbox A\n@mailbox A\n", "2: there are two mailboxes" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (ImapScript) server = imap_script_start (table[i].script, &error);
      g_test_message ("%s", table[i].script);
      g_assert_null (server);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      has (error->message, table[i].error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap-script/match/patterns", test_match);
  g_test_add_func ("/imap-script/match/captures", test_captures);
  g_test_add_func ("/imap-script/command/canonical-text", test_command_text);
  g_test_add_func ("/imap-script/command/malformed-lines-are-bad", test_malformed);
  g_test_add_func ("/imap-script/server/answers-honestly", test_honest_server);
  g_test_add_func ("/imap-script/server/stores-messages", test_append);
  g_test_add_func ("/imap-script/server/catenates-and-limits-literals", test_catenate);
  g_test_add_func ("/imap-script/server/notices-an-injection", test_injection_is_noticed);
  g_test_add_func ("/imap-script/server/is-strict", test_strictness);
  g_test_add_func ("/imap-script/server/tells-of-changes", test_changes_are_told);
  g_test_add_func ("/imap-script/server/resynchronises", test_qresync);
  g_test_add_func ("/imap-script/rule/overrides-answers", test_overrides);
  g_test_add_func ("/imap-script/rule/bends-fetch-lines", test_styles);
  g_test_add_func ("/imap-script/fault/drops-a-tagged-reply", test_dropped_tagged);
  g_test_add_func ("/imap-script/fault/cuts-after-bytes", test_cut);
  g_test_add_func ("/imap-script/fault/closes-inside-a-literal", test_inside_a_literal);
  g_test_add_func ("/imap-script/fault/refuses-before-the-plus", test_before_plus);
  g_test_add_func ("/imap-script/fault/goes-on-as-a-ghost", test_ghost);
  g_test_add_func ("/imap-script/connection/plays-its-section", test_connection_section);
  g_test_add_func ("/imap-script/expectation/tells-what-was-not-met", test_unmet);
  g_test_add_func ("/imap-script/count/round-trips", test_round_trips);
  g_test_add_func ("/imap-script/stop/ends-at-once", test_stops_at_once);
  g_test_add_func ("/imap-script/read/names-the-bad-line", test_bad_scripts);
  return g_test_run ();
}
