/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* APPEND on the wire: waits, batches, chains, and the injection of imap.md 2.8 that must
 * be impossible to emit. */
#include <string.h>

#include <glib.h>

#include "command.h"

static const ImapWire sync_wire = { .literals = IMAP_LITERALS_SYNC, .multiappend = TRUE };
static const ImapWire minus_wire = { .literals = IMAP_LITERALS_MINUS,
                                     .multiappend = TRUE,
                                     .binary = TRUE };
static const ImapWire chain_wire = { .literals = IMAP_LITERALS_MINUS,
                                     .multiappend = TRUE,
                                     .catenate = TRUE };
static const ImapWire plus_wire = {
  .literals = IMAP_LITERALS_PLUS, .multiappend = TRUE, .binary = TRUE, .utf8 = TRUE
};
static const ImapAppendPolicy free_policy = { .first = FALSE };

static const gchar *const seen[] = { "\\Seen", NULL };
static const gchar *const two[] = { "\\Seen", "$Forwarded", NULL };

/* The wire; bodies as "<message:offset+size>", "<+>" where "+" is awaited. */
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
      if (segment.kind == IMAP_SEGMENT_BYTES)
        g_string_append_len (out, (const gchar *) segment.data, (gssize) segment.length);
      else
        g_string_append_printf (out, "<%u:%" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT ">",
                                segment.message, segment.offset, segment.size);
    }
  return g_string_free (out, FALSE);
}

static ImapCommand *
begin (const ImapWire *wire)
{
  ImapCommand *command = imap_command_new ("a", "APPEND", wire);

  imap_command_add_mailbox (command, (ImapString){ "Archive", 7 });
  return command;
}

static void
check_one (const ImapWire *wire, const ImapAppendPolicy *policy,
           ImapAppendMessage message, const gchar *expected)
{
  g_autoptr (ImapCommand) command = begin (wire);
  imap_command_add_message (command, &message, policy);
  g_autofree gchar *sent = wire_of (command);

  g_assert_cmpstr (sent, ==, expected);
}

static void
test_literals (void)
{
  ImapAppendMessage small = { .flags = seen, .size = 4096 };
  ImapAppendMessage large = { .size = 4097 };

  check_one (&sync_wire, &free_policy, small,
             "a APPEND \"Archive\" (\\Seen) {4096}\r\n<+><0:0+4096>\r\n");
  check_one (&minus_wire, &free_policy, small,
             "a APPEND \"Archive\" (\\Seen) {4096+}\r\n<0:0+4096>\r\n");
  check_one (&minus_wire, &free_policy, large,
             "a APPEND \"Archive\" {4097}\r\n<+><0:0+4097>\r\n");
  check_one (&plus_wire, &free_policy, large,
             "a APPEND \"Archive\" {4097+}\r\n<0:0+4097>\r\n");
}

static void
test_policy (void)
{
  ImapAppendMessage message = { .size = 1048576 };
  ImapAppendPolicy first = { .first = TRUE };
  ImapAppendPolicy from = { .wait_from_bytes = 1048576 };
  const gchar *waits = "a APPEND \"Archive\" {1048576}\r\n<+><0:0+1048576>\r\n";

  check_one (&plus_wire, &first, message, waits);
  check_one (&plus_wire, &from, message, waits);
  check_one (&chain_wire, &from, message, waits);
}

static void
test_chain (void)
{
  ImapAppendMessage message = {
    .flags = seen, .has_date = TRUE, .date = 1704067200, .size = 9044
  };
  ImapAppendMessage exact = { .size = 8192 };

  check_one (&chain_wire, &free_policy, message,
             "a APPEND \"Archive\" (\\Seen) \" 1-Jan-2024 00:00:00 +0000\" CATENATE "
             "(TEXT {4096+}\r\n<0:0+4096> TEXT {4096+}\r\n<0:4096+4096> TEXT "
             "{852+}\r\n<0:8192+852>)\r\n");
  check_one (&chain_wire, &free_policy, exact,
             "a APPEND \"Archive\" CATENATE (TEXT {4096+}\r\n<0:0+4096> TEXT "
             "{4096+}\r\n<0:4096+4096>)\r\n");
}

static void
test_multiappend (void)
{
  ImapAppendMessage one = {
    .flags = seen, .has_date = TRUE, .date = 1704099600, .zone_minutes = 60, .size = 5210
  };
  ImapAppendMessage other = {
    .flags = two, .has_date = TRUE, .date = 1704189600, .zone_minutes = 60, .size = 880
  };
  g_autoptr (ImapCommand) command = begin (&plus_wire);
  imap_command_add_message (command, &one, &free_policy);
  imap_command_add_message (command, &other, &free_policy);
  g_autofree gchar *sent = wire_of (command);

  g_assert_cmpstr (sent, ==,
                   "a APPEND \"Archive\" (\\Seen) \" 1-Jan-2024 10:00:00 +0100\" "
                   "{5210+}\r\n<0:0+5210> (\\Seen $Forwarded) \" 2-Jan-2024 11:00:00 "
                   "+0100\" {880+}\r\n<1:0+880>\r\n");
  g_assert_true (imap_command_is_nonsync (command));
  g_assert_false (imap_command_is_waiting (command));
}

static void
test_multiappend_chains (void)
{
  ImapAppendMessage large = { .size = 4100 };
  ImapAppendMessage small = { .size = 10 };
  g_autoptr (ImapCommand) command = begin (&chain_wire);
  imap_command_add_message (command, &large, &free_policy);
  imap_command_add_message (command, &small, &free_policy);
  imap_command_add_message (command, &large, &free_policy);
  g_autofree gchar *sent = wire_of (command);

  g_assert_cmpstr (sent, ==,
                   "a APPEND \"Archive\" CATENATE (TEXT {4096+}\r\n<0:0+4096> TEXT "
                   "{4+}\r\n<0:4096+4>) {10+}\r\n<1:0+10> CATENATE (TEXT "
                   "{4096+}\r\n<2:0+4096> TEXT {4+}\r\n<2:4096+4>)\r\n");
  g_assert_cmpuint (imap_command_size (command), >=, 8210);
}

static void
test_waits_in_a_batch (void)
{
  ImapAppendMessage large = { .size = 5000 };
  ImapAppendPolicy first = { .first = TRUE };
  g_autoptr (ImapCommand) command = begin (&plus_wire);
  imap_command_add_message (command, &large, &first);
  imap_command_add_message (command, &large, &first);
  g_autofree gchar *sent = wire_of (command);

  g_assert_cmpstr (sent, ==,
                   "a APPEND \"Archive\" {5000}\r\n<+><0:0+5000> "
                   "{5000+}\r\n<1:0+5000>\r\n");
}

static void
test_literal8 (void)
{
  ImapAppendMessage nul = { .size = 10, .has_nul = TRUE };
  ImapAppendMessage utf8 = { .size = 10, .utf8 = TRUE };

  check_one (&plus_wire, &free_policy, nul,
             "a APPEND \"Archive\" ~{10+}\r\n<0:0+10>\r\n");
  check_one (&plus_wire, &free_policy, utf8,
             "a APPEND \"Archive\" UTF8 (~{10+}\r\n<0:0+10>)\r\n");
}

static void
check_refused (const ImapWire *wire, ImapAppendMessage message, guint count,
               guint64 limit_bytes)
{
  g_autoptr (ImapCommand) command = begin (wire);
  g_autoptr (GError) error = NULL;
  ImapAppendPolicy policy = { .limit_bytes = limit_bytes };
  ImapSegment segment;

  for (guint i = 0; i < count; i++)
    imap_command_add_message (command, &message, &policy);
  g_assert_false (imap_command_finish (command, &error));
  g_assert_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_ARGUMENT);
  g_assert_false (imap_command_next (command, &segment));
}

static void
test_refuses_messages (void)
{
  ImapWire single = { .literals = IMAP_LITERALS_PLUS };
  ImapAppendMessage huge = { .size = G_MAXUINT64 };

  check_refused (&plus_wire, (ImapAppendMessage){ .size = 0 }, 1, 0);
  check_refused (&plus_wire, (ImapAppendMessage){ .size = 101 }, 1, 100);
  check_refused (&plus_wire, huge, 1, 0);
  check_refused (&single, (ImapAppendMessage){ .size = 1 }, 2, 0);
  check_refused (&single, (ImapAppendMessage){ .size = 1, .has_nul = TRUE }, 1, 0);
  check_refused (&single, (ImapAppendMessage){ .size = 1, .utf8 = TRUE }, 1, 0);
  check_refused (&plus_wire, (ImapAppendMessage){ .size = 1 }, 1025, 0);
}

/* Dovecot answers BAD to each of these at once and then runs the body as commands. */
static void
test_injection (void)
{
  static const gchar *const bad[][2] = {
    { "\\Foo", NULL }, { "k\303\274", NULL }, { "a) {5+}\r\n", NULL }, { "", NULL }
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    check_refused (&plus_wire, (ImapAppendMessage){ .flags = bad[i], .size = 42 }, 1, 0);
  check_refused (&plus_wire,
                 (ImapAppendMessage){ .has_date = TRUE, .date = -1, .size = 42 }, 1, 0);
  check_refused (&plus_wire,
                 (ImapAppendMessage){
                     .has_date = TRUE, .date = 0, .zone_minutes = 5940, .size = 42 },
                 1, 0);
}

/* A refused second message takes the first one with it: half a batch is never sent. */
static void
test_refused_batch (void)
{
  ImapAppendMessage good = { .size = 42 };
  ImapAppendMessage empty = { .size = 0 };
  g_autoptr (ImapCommand) command = begin (&plus_wire);
  ImapSegment segment;

  imap_command_add_message (command, &good, &free_policy);
  imap_command_add_message (command, &empty, &free_policy);
  g_assert_false (imap_command_next (command, &segment));
  g_assert_false (imap_command_finish (command, NULL));
  g_assert_false (imap_command_next (command, &segment));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/command-append/literal-by-capability-and-size", test_literals);
  g_test_add_func ("/imap/command-append/policy-makes-it-wait", test_policy);
  g_test_add_func ("/imap/command-append/literal-minus-chains-by-catenate", test_chain);
  g_test_add_func ("/imap/command-append/multiappend", test_multiappend);
  g_test_add_func ("/imap/command-append/multiappend-of-chains", test_multiappend_chains);
  g_test_add_func ("/imap/command-append/only-the-first-of-a-batch-waits",
                   test_waits_in_a_batch);
  g_test_add_func ("/imap/command-append/nul-and-utf8-use-literal8", test_literal8);
  g_test_add_func ("/imap/command-append/bad-sizes-send-nothing", test_refuses_messages);
  g_test_add_func ("/imap/command-append/injection-cannot-be-emitted", test_injection);
  g_test_add_func ("/imap/command-append/one-bad-message-stops-the-batch",
                   test_refused_batch);
  return g_test_run ();
}
