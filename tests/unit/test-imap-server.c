/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The honest server of the scripted tests over a socket: its answers and its strictness.
 */
#include <string.h>

#include "imap-server-command.h"
#include "imap-talk.h"

#define TWO_MESSAGES                                                                     \
  "@mailbox INBOX uidvalidity=7 uidnext=10\n"                                            \
  "@message uid=3 flags=(\\Seen $Junk) date=\"01-Jan-2024 10:00:00 +0100\" body=ONE\n"   \
  "@message uid=9 text=\"Subject: two\\r\\n\\r\\ntwo\\r\\n\"\n"

#define BODY_ONE "@body ONE\nSubject: one\nFrom: a@b.c\n\nz9 CREATE Injected\n@end\n"

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

static void
test_honest_server (void)
{
  Talk talk = talk_start (BODY_ONE TWO_MESSAGES
                          "@mailbox \"Sent Items\" attributes=(\\Sent) subscribed\n"
                          "@user user secret\n");
  talk_has (talk_hear (&talk, "* OK"), "[CAPABILITY IMAP4rev1");
  talk_say (&talk, "a LOGIN user wrong\r\n");
  talk_hear (&talk, "a NO [AUTHENTICATIONFAILED]");
  talk_say (&talk, "a AUTHENTICATE PLAIN AHVzZXIAc2VjcmV0\r\n");
  talk_hear (&talk, "a OK [CAPABILITY");
  talk_say (&talk, "b LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS "
                   "(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))\r\n");
  const char *heard = talk_hear (&talk, "b OK");
  talk_has (heard, "* LIST (\\HasNoChildren) \"/\" \"INBOX\"\r\n");
  talk_has (heard, "* STATUS \"INBOX\" (MESSAGES 2 UIDNEXT 10 UIDVALIDITY 7 HIGHEST");
  talk_has (heard, "* LIST (\\Sent \\Subscribed \\HasNoChildren) \"/\" \"Sent Items\"");
  talk_say (&talk, "c EXAMINE INBOX (CONDSTORE)\r\n"
                   "d UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)\r\n"
                   "e UID FETCH 3 (UID BODY.PEEK[])\r\n"
                   "f UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])\r\n"
                   "g UID SEARCH RETURN (ALL) UNSEEN\r\n");
  talk_has (talk_hear (&talk, "c OK [READ-ONLY]"), "* 2 EXISTS\r\n");
  heard = talk_hear (&talk, "d OK");
  talk_has (heard, "* 1 FETCH (UID 3 FLAGS (\\Seen $Junk) INTERNALDATE "
                   "\" 1-Jan-2024 10:00:00 +0100\" RFC822.SIZE 49)");
  talk_has (talk_hear (&talk, "e OK"),
            "(UID 3 BODY[] {49}\r\nSubject: one\r\nFrom: a@b.c\r\n");
  talk_has (talk_hear (&talk, "f OK"),
            "(UID 9 BODY[HEADER.FIELDS (SUBJECT)] {16}\r\nSubject: two");
  talk_has (talk_hear (&talk, "g OK"), "* ESEARCH (TAG \"g\") UID ALL 9");
  talk_say (&talk, "h LOGOUT\r\n");
  talk_has (talk_hear (&talk, NULL), "* BYE");
  talk_no_failures (&talk);
  g_assert_cmpuint (imap_script_count (talk.server, "UID FETCH *"), ==, 3);
  g_assert_cmpuint (imap_script_connections (talk.server), ==, 1);
  talk_clear (&talk);
}

static void
test_append (void)
{
  Talk talk = talk_start ("@mailbox INBOX uidvalidity=7\n@mailbox Full\n");
  talk_log_in (&talk);
  talk_say (&talk, "a APPEND INBOX (\\Seen) \" 2-Feb-2024 10:00:00 +0000\" {5}\r\n");
  talk_hear (&talk, "+ ");
  talk_say (&talk, "hello\r\n");
  talk_hear (&talk, "a OK [APPENDUID 7 1]");
  talk_say (&talk, "b APPEND INBOX () {3+}\r\none ($Two) {3+}\r\ntwo\r\n");
  talk_hear (&talk, "b OK [APPENDUID 7 2:3]");
  talk_say (&talk, "c APPEND Nowhere {3+}\r\none {4+}\r\nxyz \r\nd NOOP\r\n");
  talk_hear (&talk, "c NO [TRYCREATE]");
  talk_hear (&talk, "d OK");
  talk_say (&talk, "e APPEND Nowhere {3}\r\n");
  talk_hear (&talk, "e NO [TRYCREATE]");
  talk_say (&talk, "f APPEND {5+}\r\nINBOX {2+}\r\nhi\r\n");
  talk_hear (&talk, "f OK [APPENDUID 7 4]");
  talk_no_failures (&talk);
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
  Talk talk = talk_start ("@capability IMAP4rev1 LITERAL- CATENATE UIDPLUS\n"
                          "@mailbox INBOX uidvalidity=7\n");
  talk_log_in (&talk);
  talk_say (&talk,
            "a APPEND INBOX (\\Seen) CATENATE (TEXT {3+}\r\nabc TEXT {2+}\r\nde)\r\n");
  talk_hear (&talk, "a OK [APPENDUID 7 1]");
  g_autoptr (GPtrArray) messages = imap_script_messages (talk.server, "INBOX");
  const ImapScriptMessage *first = messages->pdata[0];
  g_assert_cmpmem (g_bytes_get_data (first->body, NULL), g_bytes_get_size (first->body),
                   "abcde", 5);
  talk_say (&talk, "b APPEND INBOX {4097+}\r\n");
  talk_hear (&talk, "* BYE [TOOBIG]");
  talk_fails_with (&talk, "non-synchronising literal that was not allowed");
  talk_clear (&talk);
}

static void
test_injection_is_noticed (void)
{
  Talk talk = talk_start ("@mailbox INBOX\n");
  talk_log_in (&talk);
  talk_say (&talk, "a APPEND INBOX () \"32-Foo-2024 99:00:00 +0000\" {42+}\r\n"
                   "From: a@b\r\nz9 CREATE InjectedBox\r\n\r\nbody\r\n\r\n");
  talk_hear (&talk, "a BAD");
  talk_hear (&talk, "z9 OK");
  talk_fails_with (&talk, "the arguments of APPEND are malformed");
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
  Talk talk = talk_start ("@mailbox INBOX\n@messages 2\n");
  talk_log_in (&talk);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      if (i % 15 == 0)
        {
          talk_connect (&talk);
          talk_log_in (&talk);
          talk_say (&talk, "s SELECT INBOX\r\n");
          talk_hear (&talk, "s OK");
        }
      g_autofree char *line = g_strdup_printf ("t %s\r\n", lines[i]);
      g_test_message ("%s", lines[i]);
      talk_say (&talk, line);
      talk_hear (&talk, "t BAD");
    }
  talk_fails_with (&talk, "the client: no such command: XYZZY");
  talk_clear (&talk);
}

static void
test_changes_are_told (void)
{
  Talk talk = talk_start (
      "@mailbox INBOX\n@messages 3\n@on NOOP [nth=1]\n"
      "@expunge INBOX 1\n@deliver INBOX uid=7\n@flags INBOX 2 (\\Seen)\n"
      "@default\n");
  talk_log_in (&talk);
  talk_say (&talk, "a SELECT INBOX\r\nb NOOP\r\n");
  talk_hear (&talk, "a OK");
  const char *heard = talk_hear (&talk, "b OK");
  talk_has (heard, "* 1 EXPUNGE\r\n* 1 FETCH (UID 2 FLAGS (\\Seen))\r\n* 3 EXISTS\r\n");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_qresync (void)
{
  Talk talk = talk_start (
      "@capability IMAP4rev1 ENABLE CONDSTORE QRESYNC\n"
      "@mailbox INBOX uidvalidity=7 highestmodseq=20\n@messages 3\n"
      "@on NOOP\n@expunge INBOX 2\n@flags INBOX 3 (\\Seen)\n@ok done\n");
  talk_log_in (&talk);
  talk_say (&talk,
            "a NOOP\r\nb ENABLE QRESYNC\r\nc SELECT INBOX (QRESYNC (7 23 1:9))\r\n");
  talk_has (talk_hear (&talk, "b OK"), "* ENABLED QRESYNC");
  const char *heard = talk_hear (&talk, "c OK");
  talk_has (heard, "* VANISHED (EARLIER) 2\r\n");
  talk_has (heard, "FETCH (UID 3 FLAGS (\\Seen) MODSEQ (25))");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap-server/command/canonical-text", test_command_text);
  g_test_add_func ("/imap-server/command/malformed-lines-are-bad", test_malformed);
  g_test_add_func ("/imap-server/session/answers-honestly", test_honest_server);
  g_test_add_func ("/imap-server/session/stores-messages", test_append);
  g_test_add_func ("/imap-server/session/catenates-and-limits-literals", test_catenate);
  g_test_add_func ("/imap-server/session/notices-an-injection",
                   test_injection_is_noticed);
  g_test_add_func ("/imap-server/session/is-strict", test_strictness);
  g_test_add_func ("/imap-server/session/tells-of-changes", test_changes_are_told);
  g_test_add_func ("/imap-server/session/resynchronises", test_qresync);
  return g_test_run ();
}
