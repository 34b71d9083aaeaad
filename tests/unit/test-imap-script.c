/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scripts of the IMAP server over a socket: overrides, faults, ghosts, expectations, and
 * that it ends at once.
 */
#include <string.h>

#include "imap-script-match.h"
#include "imap-talk.h"

#define TWO_MESSAGES                                                                     \
  "@mailbox INBOX uidvalidity=7 uidnext=10\n"                                            \
  "@message uid=3 flags=(\\Seen $Junk) date=\"01-Jan-2024 10:00:00 +0100\" body=ONE\n"   \
  "@message uid=9 text=\"Subject: two\\r\\n\\r\\ntwo\\r\\n\"\n"

#define TWO_MESSAGES_PLAIN                                                               \
  "@mailbox INBOX uidvalidity=7\n@message uid=3 text=\"three\"\n"                        \
  "@message uid=9 text=\"nine\"\n"

#define BODY_ONE "@body ONE\nSubject: one\nFrom: a@b.c\n\nz9 CREATE Injected\n@end\n"

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
test_overrides (void)
{
  Talk talk = talk_start (
      BODY_ONE TWO_MESSAGES
      "@on UID FETCH 3 * [nth=2]\n"
      "S: * 1 FETCH (UID 3 BODY[] $literal(ONE-2))\n"
      "S: $tag OK captured $1\n"
      "@on CREATE *\n@no [LIMIT] no $1 here\n"
      "@on UID FETCH 9 *\n@answer double\n@answer insert 2 * 5 EXISTS\n"
      "@answer replace UID ImapUid\n@answer tagged OK bent\n"
      "@count UID FETCH * = 3\n@never EXPUNGE\n");
  talk_log_in (&talk);
  talk_say (&talk,
            "s SELECT INBOX\r\na UID FETCH 3 (UID)\r\nb UID FETCH 3 (BODY.PEEK[])\r\n");
  talk_has (talk_hear (&talk, "a OK"), "* 1 FETCH (UID 3)");
  talk_has (talk_hear (&talk, "b OK captured (BODY.PEEK[])"),
            "BODY[] {47}\r\nSubject: one\r\n");
  talk_say (&talk, "c CREATE \"a b\"\r\n");
  talk_hear (&talk, "c NO [LIMIT] no \"a b\" here");
  talk_say (&talk, "d UID FETCH 9 (UID)\r\n");
  g_assert_cmpstr (talk_hear (&talk, "d OK bent"), ==,
                   "* 2 FETCH (ImapUid 9)\r\n* 5 EXISTS\r\n* 2 FETCH (ImapUid 9)\r\n"
                   "d OK bent\r\n");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_styles (void)
{
  Talk talk = talk_start (
      BODY_ONE TWO_MESSAGES
      "@on UID FETCH 3 * [nth=1]\n@answer split\n"
      "@on UID FETCH 3 * [nth=2]\n@answer flags-last\n@answer no-uid\n"
      "@answer literal 2\n");
  talk_log_in (&talk);
  talk_say (&talk, "s SELECT INBOX\r\na UID FETCH 3 (FLAGS BODY.PEEK[TEXT])\r\n"
                   "b UID FETCH 3 (FLAGS BODY.PEEK[TEXT])\r\n");
  talk_hear (&talk, "s OK");
  talk_has (talk_hear (&talk, "a OK"), "* 1 FETCH (UID 3 FLAGS (\\Seen $Junk))\r\n"
                                       "* 1 FETCH (UID 3 BODY[TEXT] {20}\r\n");
  talk_has (talk_hear (&talk, "b OK"),
            "* 1 FETCH (BODY[TEXT] {22}\r\nz9 CREATE Injected\r\n"
            " FLAGS (\\Seen $Junk))\r\n");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_sets_and_tags (void)
{
  Talk talk = talk_start (TWO_MESSAGES_PLAIN
                          "@on UID FETCH * [uid=9]\n@untagged\nS: $swaptag OK swapped\n");
  talk_log_in (&talk);
  talk_say (&talk,
            "s SELECT INBOX\r\na UID FETCH 1:8 (UID)\r\nb UID FETCH 4:* (UID)\r\n");
  talk_has (talk_hear (&talk, "a OK"), "* 1 FETCH (UID 3)\r\n");
  talk_has (talk_hear (&talk, "B OK swapped"), "* 2 FETCH (UID 9)\r\n");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_forms_of_literals (void)
{
  Talk talk = talk_start (TWO_MESSAGES_PLAIN
                          "@on UID FETCH * [nth=1]\n@answer literal-plus\n"
                          "@on UID FETCH * [nth=2]\n@answer literal-space\n"
                          "@on UID FETCH * [nth=3]\n@answer bare-lf\n");
  talk_log_in (&talk);
  talk_say (&talk, "s SELECT INBOX\r\na UID FETCH 3 (BODY.PEEK[])\r\n"
                   "b UID FETCH 3 (BODY.PEEK[])\r\nc UID FETCH 3 (UID)\r\n");
  talk_has (talk_hear (&talk, "a OK"), "BODY[] {5+}\r\nthree)\r\n");
  talk_has (talk_hear (&talk, "b OK"), "BODY[] {5}  \r\nthree)\r\n");
  talk_has (talk_hear (&talk, "c OK"), "* 1 FETCH (UID 3)\nc OK");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_changed_by_the_test (void)
{
  Talk talk = talk_start (TWO_MESSAGES_PLAIN);
  talk_log_in (&talk);
  talk_say (&talk, "s SELECT INBOX\r\n");
  talk_hear (&talk, "s OK");
  imap_script_change (talk.server, "@deliver INBOX uid=20 flags=(\\Seen)");
  imap_script_change (talk.server, "@expunge INBOX 3");
  talk_say (&talk, "a NOOP\r\n");
  talk_has (talk_hear (&talk, "a OK"), "* 1 EXPUNGE\r\n* 2 EXISTS\r\n");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_variables (void)
{
  static const char *const variables[] = { "NAME", "Work", "LINE", "@ok bent", NULL };
  g_autoptr (GError) error = NULL;
  Talk talk = { .server = imap_script_start_with ("@mailbox @{NAME}\n@on NOOP\n@{LINE}\n",
                                                  variables, &error) };
  g_assert_no_error (error);
  talk.heard = g_string_new (NULL);
  talk_connect (&talk);
  talk_log_in (&talk);
  talk_say (&talk, "a NOOP\r\nb SELECT Work\r\n");
  talk_hear (&talk, "a OK bent");
  talk_hear (&talk, "b OK");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_dropped_tagged (void)
{
  Talk talk = talk_start ("@mailbox INBOX\n@on APPEND * [nth=2]\n@drop-tagged\n");
  talk_log_in (&talk);
  talk_say (&talk, "a APPEND INBOX {1+}\r\na\r\nb APPEND INBOX {1+}\r\nb\r\n");
  talk_hear (&talk, "a OK");
  g_assert_cmpstr (talk_hear (&talk, NULL), ==, "");
  g_autoptr (GPtrArray) messages = imap_script_messages (talk.server, "INBOX");
  g_assert_cmpuint (messages->len, ==, 2);
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_cut (void)
{
  Talk talk = talk_start (BODY_ONE TWO_MESSAGES "@on UID FETCH *\n@cut 40\n@default\n");
  talk_log_in (&talk);
  talk_say (&talk, "s SELECT INBOX\r\n");
  talk_hear (&talk, "s OK");
  talk_say (&talk, "a UID FETCH 3 (BODY.PEEK[])\r\n");
  g_assert_cmpuint (strlen (talk_hear (&talk, NULL)), ==, 40);
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_inside_a_literal (void)
{
  Talk talk = talk_start ("@mailbox INBOX\n@on-literal APPEND *\nS: + go\n@take -1\n"
                          "@no [OVERQUOTA] full\n@close\n");
  talk_log_in (&talk);
  talk_say (&talk, "a APPEND INBOX {3}\r\n");
  talk_hear (&talk, "+ go");
  talk_say (&talk, "abc");
  talk_has (talk_hear (&talk, NULL), "a NO [OVERQUOTA] full");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_before_plus (void)
{
  Talk talk = talk_start ("@mailbox INBOX\n@on-literal APPEND * [nth=1]\n@no not now\n"
                          "@on-literal APPEND * [nth=2]\n@no [OVERQUOTA] x\n@swallow\n"
                          "@on-literal APPEND * [nth=3]\n@accept\n");
  talk_log_in (&talk);
  talk_say (&talk, "a APPEND INBOX {3}\r\n");
  talk_hear (&talk, "a NO not now");
  talk_say (&talk, "b APPEND INBOX {3+}\r\nx\r\n\r\nc NOOP\r\nd APPEND INBOX {3}\r\n");
  talk_hear (&talk, "b NO");
  talk_hear (&talk, "c OK");
  talk_hear (&talk, "+ ");
  talk_say (&talk, "abc\r\n");
  talk_hear (&talk, "d OK");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_ghost (void)
{
  Talk talk = talk_start ("@mailbox INBOX\n@on NOOP\n@ghost 20ms\n");
  talk_log_in (&talk);
  talk_say (&talk, "a NOOP\r\nb APPEND INBOX {1+}\r\nb\r\nc APPEND INBOX {1+}\r\nc\r\n");
  g_assert_cmpstr (talk_hear (&talk, NULL), ==, "");
  guint count = 0;
  for (gint64 until_us = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
       count < 2 && g_get_monotonic_time () < until_us;)
    {
      g_autoptr (GPtrArray) messages = imap_script_messages (talk.server, "INBOX");
      count = messages->len;
    }
  g_assert_cmpuint (count, ==, 2);
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_connection_section (void)
{
  Talk talk = talk_start (
      "@mailbox INBOX\n"
      "@connection 1\nS: * PREAUTH welcome\nC: CAPABILITY\n"
      "S: * CAPABILITY IMAP4rev1\nS: $tag OK\n"
      "C*: NOOP\nC*: LIST *\nS: $tag3 OK list\nS: $tag2 OK noop\n"
      "C-: APPEND INBOX {3}\nS: + tell me\n@take all\nC: APPEND INBOX {3}\n"
      "@expect-literal 1 equals THREE\n@ok done\n@bye enough\n@close\n"
      "@connection *\n@greet\n@serve until NOOP\n@no $tag2\n@close\n"
      "@body THREE raw\nabc\n@end\n");
  talk_hear (&talk, "* PREAUTH welcome");
  talk_say (&talk, "a CAPABILITY\r\nb LIST \"\" \"\"\r\nc NOOP\r\n");
  talk_hear (&talk, "a OK");
  talk_hear (&talk, "b OK list");
  talk_hear (&talk, "c OK noop");
  talk_say (&talk, "d APPEND INBOX {3}\r\n");
  talk_hear (&talk, "+ tell me");
  talk_say (&talk, "abc\r\n");
  talk_hear (&talk, "d OK done");
  talk_has (talk_hear (&talk, NULL), "* BYE enough");
  talk_connect (&talk);
  talk_log_in (&talk);
  talk_say (&talk, "x NOOP\r\n");
  talk_hear (&talk, "x NO");
  talk_no_failures (&talk);
  talk_clear (&talk);
}

static void
test_unmet (void)
{
  Talk talk = talk_start ("@mailbox INBOX\n@on CREATE *\n@default\n"
                          "@connection 1\n@greet\nC: NOOP\n@ok\n"
                          "@connection 2\n@greet\n@never STATUS *\n@count NOOP >= 1\n");
  talk_hear (&talk, "* OK");
  talk_say (&talk, "a STATUS INBOX (MESSAGES)\r\n");
  talk_hear (&talk, NULL);
  talk_fails_with (&talk,
                   "line 6: connection 1: expected NOOP, got STATUS INBOX (MESSAGES)");
  talk_fails_with (&talk, "line 2: never happened: CREATE *");
  talk_fails_with (&talk, "line 8: connection 2 never came");
  talk_fails_with (&talk, "line 11: 0 commands match NOOP");
  talk_clear (&talk);
}

static void
test_round_trips (void)
{
  Talk talk = talk_start ("@settle 100ms\n@mailbox INBOX\n");
  talk_log_in (&talk);
  talk_say (&talk, "a NOOP\r\n");
  talk_say (&talk, "b NOOP\r\n");
  talk_hear (&talk, "b OK");
  talk_say (&talk, "c LOGOUT\r\n");
  talk_hear (&talk, NULL);
  imap_script_stop (talk.server);
  g_assert_cmpuint (imap_script_round_trips (talk.server), ==, 3);
  talk_clear (&talk);
}

static void
test_stops_at_once (void)
{
  gint64 start_us = g_get_monotonic_time ();
  Talk talk = talk_start ("@mailbox INBOX\n@messages 200 size=100000\n@on NOOP\n@stall\n"
                          "@on CREATE *\n@delay 3600s\n");
  Talk other = { .server = talk.server, .heard = g_string_new (NULL) };
  talk_log_in (&talk);
  talk_say (&talk, "a SELECT INBOX\r\nb UID FETCH 1:* (BODY.PEEK[])\r\n");
  for (guint i = 0; i < 2; i++)
    {
      talk_connect (&other);
      talk_log_in (&other);
      talk_say (&other, i == 0 ? "a NOOP\r\n" : "a CREATE x\r\n");
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
      talk_has (error->message, table[i].error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap-script/match/patterns", test_match);
  g_test_add_func ("/imap-script/match/captures", test_captures);
  g_test_add_func ("/imap-script/rule/overrides-answers", test_overrides);
  g_test_add_func ("/imap-script/rule/bends-fetch-lines", test_styles);
  g_test_add_func ("/imap-script/rule/sees-sets-and-tags", test_sets_and_tags);
  g_test_add_func ("/imap-script/rule/forms-literals", test_forms_of_literals);
  g_test_add_func ("/imap-script/change/by-the-test", test_changed_by_the_test);
  g_test_add_func ("/imap-script/read/replaces-variables", test_variables);
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
