/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One test per reason not to send, and what each tagged reply does. */
#include <string.h>

#include <glib.h>

#include "pipeline.h"

#define SECOND ((gint64) 1000000)

static const ImapPipelineOptions options = { .commands = 4,
                                             .bytes = 1000,
                                             .output_bytes = 100 };
static const ImapFlight plain = { .bytes = 10, .patience_us = 120 * SECOND };
static const ImapFlight barrier = { .flags = IMAP_FLIGHT_BARRIER };
static const ImapFlight nonsync = { .flags = IMAP_FLIGHT_NONSYNC | IMAP_FLIGHT_BODIES_OUT,
                                    .bytes = 10 };

static ImapString
str (const gchar *text)
{
  return (ImapString){ text, strlen (text) };
}

static void
send (ImapPipeline *self, const gchar *tag, const ImapFlight *flight)
{
  g_assert_true (imap_pipeline_begin (self, tag, flight, (gpointer) tag, 0));
  imap_pipeline_sent (self);
}

static void
check_why (const ImapPipeline *self, const ImapFlight *flight, ImapWhy expected)
{
  g_assert_cmpstr (imap_why_text (imap_pipeline_may_send (self, flight, 0, 0)), ==,
                   imap_why_text (expected));
}

static void
check_tagged (ImapPipeline *self, const gchar *tag, ImapState state, ImapTagged expected)
{
  gpointer user_data = NULL;

  g_assert_cmpint (imap_pipeline_tagged (self, str (tag), state, FALSE, &user_data), ==,
                   expected);
  if (expected == IMAP_TAGGED_UNKNOWN)
    g_assert_null (user_data);
  else
    g_assert_cmpint (g_ascii_strcasecmp (user_data, tag), ==, 0);
}

static void
test_window_commands (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);

  send (self, "a1", &plain);
  send (self, "a2", &plain);
  send (self, "a3", &plain);
  check_why (self, &plain, IMAP_WHY_NOTHING);
  send (self, "a4", &plain);
  check_why (self, &plain, IMAP_WHY_WINDOW_COMMANDS);
  check_tagged (self, "a1", IMAP_STATE_OK, IMAP_TAGGED_DONE);
  check_why (self, &plain, IMAP_WHY_NOTHING);
}

static void
test_window_bytes (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);
  ImapFlight huge = { .bytes = G_MAXUINT64 / 2 };

  check_why (self, &huge, IMAP_WHY_NOTHING);
  send (self, "a1", &huge);
  check_why (self, &plain, IMAP_WHY_WINDOW_BYTES);
  check_tagged (self, "a1", IMAP_STATE_OK, IMAP_TAGGED_DONE);
  g_assert_cmpuint (imap_pipeline_bytes (self), ==, 0);
  send (self, "a2", &plain);
  check_why (self, &plain, IMAP_WHY_NOTHING);
  check_why (self, &huge, IMAP_WHY_WINDOW_BYTES);
}

static void
test_output_queue (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);

  g_assert_cmpint (imap_pipeline_may_send (self, &plain, 100, 0), ==, IMAP_WHY_NOTHING);
  g_assert_cmpint (imap_pipeline_may_send (self, &plain, 101, 0), ==,
                   IMAP_WHY_OUTPUT_QUEUE);
}

static void
test_barrier (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);

  send (self, "a1", &plain);
  check_why (self, &barrier, IMAP_WHY_BARRIER_SELF);
  check_tagged (self, "a1", IMAP_STATE_NO, IMAP_TAGGED_DONE);
  check_why (self, &barrier, IMAP_WHY_NOTHING);
  send (self, "a2", &barrier);
  check_why (self, &plain, IMAP_WHY_BARRIER_AHEAD);
  check_tagged (self, "a2", IMAP_STATE_OK, IMAP_TAGGED_DONE);
  check_why (self, &plain, IMAP_WHY_NOTHING);
}

static void
test_sequence_numbers (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);
  ImapFlight sequence = { .flags = IMAP_FLIGHT_SEQUENCE };

  check_why (self, &sequence, IMAP_WHY_NOTHING);
  send (self, "a1", &plain);
  check_why (self, &sequence, IMAP_WHY_BARRIER_SELF);
}

static void
test_roles (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);
  ImapFlight fetch = { .flags = IMAP_FLIGHT_BODIES_IN };

  send (self, "a1", &fetch);
  check_why (self, &fetch, IMAP_WHY_NOTHING);
  check_why (self, &nonsync, IMAP_WHY_ROLE);
  check_tagged (self, "a1", IMAP_STATE_OK, IMAP_TAGGED_DONE);
  send (self, "a2", &nonsync);
  check_why (self, &fetch, IMAP_WHY_ROLE);
}

static void
test_throttle (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);

  imap_pipeline_throttle (self, 5 * SECOND);
  imap_pipeline_throttle (self, 2 * SECOND);
  g_assert_cmpint (imap_pipeline_may_send (self, &plain, 0, 5 * SECOND - 1), ==,
                   IMAP_WHY_THROTTLED);
  g_assert_cmpint (imap_pipeline_may_send (self, &plain, 0, 5 * SECOND), ==,
                   IMAP_WHY_NOTHING);
}

static void
test_closing (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);

  imap_pipeline_close (self);
  check_why (self, &plain, IMAP_WHY_CLOSING);
}

static void
test_sync_literal (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);
  gpointer user_data = NULL;

  send (self, "a1", &plain);
  g_assert_true (imap_pipeline_begin (self, "a2", &plain, (gpointer) "a2", 0));
  check_why (self, &plain, IMAP_WHY_SENDING);
  g_assert_false (imap_pipeline_continue (self, &user_data));
  imap_pipeline_await (self);
  check_tagged (self, "a1", IMAP_STATE_OK, IMAP_TAGGED_DONE);
  check_why (self, &plain, IMAP_WHY_SENDING);
  g_assert_true (imap_pipeline_continue (self, &user_data));
  g_assert_cmpstr (user_data, ==, "a2");
  check_why (self, &plain, IMAP_WHY_SENDING);
  imap_pipeline_sent (self);
  check_why (self, &plain, IMAP_WHY_NOTHING);
  g_assert_false (imap_pipeline_continue (self, &user_data));
}

static void
test_refused_while_waiting (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);
  gpointer user_data = NULL;

  g_assert_true (imap_pipeline_begin (self, "a1", &plain, (gpointer) "a1", 0));
  imap_pipeline_await (self);
  check_tagged (self, "a1", IMAP_STATE_NO, IMAP_TAGGED_REFUSED);
  g_assert_false (imap_pipeline_continue (self, &user_data));
  check_why (self, &plain, IMAP_WHY_NOTHING);
}

static void
test_refused_while_sending (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);

  g_assert_true (imap_pipeline_begin (self, "a1", &nonsync, (gpointer) "a1", 0));
  check_tagged (self, "a1", IMAP_STATE_NO, IMAP_TAGGED_EARLY);
  check_why (self, &plain, IMAP_WHY_SENDING);
  imap_pipeline_sent (self);
  check_why (self, &plain, IMAP_WHY_NOTHING);
}

static void
test_poison (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);

  send (self, "a1", &nonsync);
  send (self, "a2", &nonsync);
  check_tagged (self, "a1", IMAP_STATE_BAD, IMAP_TAGGED_POISON);
  g_assert_true (imap_pipeline_is_poisoned (self));
  check_why (self, &plain, IMAP_WHY_POISONED);
  check_tagged (self, "a2", IMAP_STATE_OK, IMAP_TAGGED_DONE);
  check_why (self, &plain, IMAP_WHY_POISONED);
}

static void
test_bad_without_literal (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);

  send (self, "a1", &plain);
  send (self, "a2", &nonsync);
  check_tagged (self, "a1", IMAP_STATE_BAD, IMAP_TAGGED_DONE);
  check_tagged (self, "a2", IMAP_STATE_NO, IMAP_TAGGED_DONE);
  g_assert_false (imap_pipeline_is_poisoned (self));
}

static void
test_tags (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);

  send (self, "A1", &plain);
  g_assert_false (imap_pipeline_begin (self, "a1", &plain, NULL, 0));
  check_tagged (self, "zz", IMAP_STATE_OK, IMAP_TAGGED_UNKNOWN);
  g_assert_cmpuint (imap_pipeline_count (self), ==, 1);
  check_tagged (self, "a1", IMAP_STATE_OK, IMAP_TAGGED_DONE);
  check_tagged (self, "a1", IMAP_STATE_OK, IMAP_TAGGED_UNKNOWN);
}

static void
test_continuations (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);
  ImapFlight login = { .flags = IMAP_FLIGHT_BARRIER | IMAP_FLIGHT_CONTINUES };
  gpointer user_data = NULL;

  g_assert_false (imap_pipeline_continue (self, &user_data));
  send (self, "a1", &login);
  g_assert_true (imap_pipeline_continue (self, &user_data));
  g_assert_true (imap_pipeline_continue (self, &user_data));
  g_assert_cmpstr (user_data, ==, "a1");
}

static void
test_adapts (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);
  gpointer user_data;

  g_assert_cmpuint (imap_pipeline_window (self), ==, 4);
  send (self, "b", &plain);
  imap_pipeline_tagged (self, str ("b"), IMAP_STATE_NO, TRUE, &user_data);
  g_assert_cmpuint (imap_pipeline_window (self), ==, 2);
  for (guint i = 0; i < 2 + 3 + 40; i++)
    {
      guint expected = i < 2 ? 2 : i < 5 ? 3 : 4;
      g_assert_cmpuint (imap_pipeline_window (self), ==, expected);
      send (self, "c", &plain);
      imap_pipeline_tagged (self, str ("c"), IMAP_STATE_OK, FALSE, &user_data);
    }
  for (guint i = 0; i < 5; i++)
    {
      send (self, "d", &plain);
      imap_pipeline_tagged (self, str ("d"), IMAP_STATE_OK, TRUE, &user_data);
    }
  g_assert_cmpuint (imap_pipeline_window (self), ==, 1);
}

static void
test_deadlines (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);
  ImapFlight slow = { .patience_us = 600 * SECOND };

  g_assert_cmpint (imap_pipeline_deadline (self), ==, -1);
  send (self, "a1", &slow);
  g_assert_cmpint (imap_pipeline_deadline (self), ==, 600 * SECOND);
  send (self, "a2", &plain);
  g_assert_cmpint (imap_pipeline_deadline (self), ==, 120 * SECOND);
  imap_pipeline_progress (self, 50 * SECOND);
  g_assert_cmpint (imap_pipeline_deadline (self), ==, 170 * SECOND);
}

static void
test_lost_connection (void)
{
  g_autoptr (ImapPipeline) self = imap_pipeline_new (&options);
  gpointer user_data;

  send (self, "a1", &plain);
  g_assert_true (imap_pipeline_begin (self, "a2", &plain, (gpointer) "a2", 0));
  imap_pipeline_await (self);
  g_assert_true (imap_pipeline_pop (self, &user_data));
  g_assert_cmpstr (user_data, ==, "a1");
  g_assert_true (imap_pipeline_pop (self, &user_data));
  g_assert_false (imap_pipeline_pop (self, &user_data));
  g_assert_false (imap_pipeline_continue (self, &user_data));
  check_why (self, &plain, IMAP_WHY_CLOSING);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/pipeline/window-of-commands", test_window_commands);
  g_test_add_func ("/imap/pipeline/window-of-bytes-lets-one-through", test_window_bytes);
  g_test_add_func ("/imap/pipeline/output-queue", test_output_queue);
  g_test_add_func ("/imap/pipeline/barrier-is-alone", test_barrier);
  g_test_add_func ("/imap/pipeline/sequence-numbers-wait", test_sequence_numbers);
  g_test_add_func ("/imap/pipeline/bodies-flow-one-way", test_roles);
  g_test_add_func ("/imap/pipeline/throttle-ends-with-time", test_throttle);
  g_test_add_func ("/imap/pipeline/closing-sends-nothing", test_closing);
  g_test_add_func ("/imap/pipeline/literal-waits-for-its-plus", test_sync_literal);
  g_test_add_func ("/imap/pipeline/refused-while-waiting-is-clean",
                   test_refused_while_waiting);
  g_test_add_func ("/imap/pipeline/refused-while-sending-must-be-drained",
                   test_refused_while_sending);
  g_test_add_func ("/imap/pipeline/bad-after-nonsync-poisons", test_poison);
  g_test_add_func ("/imap/pipeline/bad-without-literal-does-not",
                   test_bad_without_literal);
  g_test_add_func ("/imap/pipeline/h38-tags-in-any-case-or-unknown", test_tags);
  g_test_add_func ("/imap/pipeline/h37-stray-continuations-are-ignored",
                   test_continuations);
  g_test_add_func ("/imap/pipeline/window-adapts", test_adapts);
  g_test_add_func ("/imap/pipeline/progress-renews-patience", test_deadlines);
  g_test_add_func ("/imap/pipeline/lost-connection-gives-all-back", test_lost_connection);
  return g_test_run ();
}
