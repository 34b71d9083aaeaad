/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lanes side by side that break, are stopped or killed: nothing is lost, nothing is
 * doubled, and all of them end.
 */
#include "lane-world.h"

#include <string.h>

#include <mailhaul/error.h>

/* ---- lanes that break ---- */

typedef struct
{
  gboolean at_source;
  const char *place;
  guint64 at;
  gboolean lasting;
  HaulErrorCode code;
  ExitCode exit_code;
} BreakCase;

static void
test_break (gconstpointer data)
{
  const BreakCase *wanted = data;
  LaneWorld *self = lane_world_new (4, FOLDERS, MESSAGES);
  World *world = self->world;
  Ledger one = { 0 }, two = { 0 };
  arm_at (wanted->at_source ? world->source_control : world->destination_control,
          wanted->place, wanted->at, wanted->lasting, wanted->code);
  slow_down (wanted->at_source ? world->destination_control : world->source_control,
             wanted->at_source ? "at commit" : "at end");
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, wanted->exit_code);
  g_assert_cmpint ((account (first)->error != NULL), ==,
                   wanted->exit_code != EXIT_CODE_DONE);
  account_result_total (account (first), &one);
  if (wanted->exit_code == EXIT_CODE_DONE)
    {
      assert_balanced (first, "broken");
      g_assert_cmpuint (account (first)->notices->len, ==, 1);
      g_assert_cmpuint (one.copied + one.matched, ==, self->messages);
      assert_same_mail (self, !wanted->at_source);
    }
  disarm (world);
  g_autoptr (EngineResult) second = world_run (world);
  g_assert_cmpint (second->exit_code, ==, EXIT_CODE_DONE);
  account_result_total (account (second), &two);
  g_assert_cmpuint (one.copied + one.matched + two.copied + two.matched, ==,
                    self->messages);
  assert_same_mail (self, !wanted->at_source);
  lane_world_free (self);
}

/* One fails for good while another waits to connect again: nobody waits for it. */
static void
test_wait_is_ended (void)
{
  LaneWorld *self = lane_world_new (4, FOLDERS, MESSAGES);
  World *world = self->world;
  world->retry_unit_us = 60 * G_USEC_PER_SEC;
  arm_at (world->source_control, "at end", 20, FALSE, HAUL_ERROR_NETWORK);
  arm_at (world->destination_control, "at commit", 60, FALSE, HAUL_ERROR_AUTH);
  gint64 begun_us = g_get_monotonic_time ();
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 20 * G_USEC_PER_SEC);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DESTINATION_LOGIN);
  world->retry_unit_us = 0;
  assert_second_run_completes (world, "waiting");
  lane_world_free (self);
}

/* Any step of any lane fails once. */
static void
test_some_steps (gconstpointer data)
{
  gboolean at_source = GPOINTER_TO_INT (data) != 0;
  for (guint64 at = 3; at < 400; at += g_test_slow () ? 3 : 29)
    {
      LaneWorld *self = lane_world_new (4, 10, 4);
      g_autofree char *place = g_strdup_printf ("step %u", (guint) at);
      arm (at_source ? self->world->source_control : self->world->destination_control, at,
           HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION);
      g_autoptr (EngineResult) first = world_run (self->world);
      assert_balanced (first, place);
      assert_second_run_completes (self->world, place);
      lane_world_free (self);
    }
}

/* ---- stopped ---- */

static void
test_stopped (gconstpointer data)
{
  gboolean cancel = GPOINTER_TO_INT (data) != 0;
  LaneWorld *self = lane_world_new (4, FOLDERS, MESSAGES);
  World *world = self->world;
  Ledger one = { 0 }, two = { 0 };
  world->stop = g_cancellable_new ();
  world->cancel = g_cancellable_new ();
  *(cancel ? &self->cancel_at : &self->stop_at) = 100;
  slow_down (world->destination_control, "at commit");
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_INTERRUPTED);
  account_result_total (account (first), &one);
  g_assert_cmpuint (one.copied, >, 0);
  g_assert_cmpuint (one.copied, <=, self->messages);
  g_assert_cmpuint (account (first)->failures->len, ==, 0);
  g_clear_object (&world->stop);
  g_clear_object (&world->cancel);
  disarm (world);
  g_autoptr (EngineResult) second = world_run (world);
  g_assert_cmpint (second->exit_code, ==, EXIT_CODE_DONE);
  account_result_total (account (second), &two);
  g_assert_cmpuint (one.copied + one.matched + two.copied + two.matched, ==,
                    self->messages);
  assert_same_order (self);
  lane_world_free (self);
}

static void
add_tests_of_breaks (void)
{
  static const struct
  {
    const char *name;
    BreakCase wanted;
  } cases[] = {
    { "/lane/break/a-source-that-is-lost-is-connected-again",
      { TRUE, "at end", 70, FALSE, HAUL_ERROR_NETWORK, EXIT_CODE_DONE } },
    { "/lane/break/a-destination-that-is-lost-is-connected-again",
      { FALSE, "at receipt", 70, FALSE, HAUL_ERROR_TIMEOUT, EXIT_CODE_DONE } },
    { "/lane/break/a-batch-without-receipts-is-not-doubled",
      { FALSE, "at committed", 40, FALSE, HAUL_ERROR_NETWORK, EXIT_CODE_DONE } },
    { "/lane/break/a-source-that-is-lost-for-good-ends-all",
      { TRUE, "at end", 70, FALSE, HAUL_ERROR_AUTH, EXIT_CODE_SOURCE_LOGIN } },
    { "/lane/break/a-destination-that-is-lost-for-good-ends-all",
      { FALSE, "at commit", 40, FALSE, HAUL_ERROR_AUTH, EXIT_CODE_DESTINATION_LOGIN } },
    { "/lane/break/a-source-that-stays-away-ends-all",
      { TRUE, "before fetch", 8, TRUE, HAUL_ERROR_NETWORK,
        EXIT_CODE_SOURCE_UNREACHABLE } },
    { "/lane/break/a-destination-that-stays-away-ends-all",
      { FALSE, "at commit", 40, TRUE, HAUL_ERROR_NETWORK,
        EXIT_CODE_DESTINATION_UNREACHABLE } },
    { "/lane/break/a-verification-that-is-lost-is-done-again",
      { FALSE, "before scan", 3, FALSE, HAUL_ERROR_NETWORK, EXIT_CODE_DONE } },
    { "/lane/break/a-last-listing-that-is-lost-is-done-again",
      { FALSE, "before list", 3, FALSE, HAUL_ERROR_NETWORK, EXIT_CODE_DONE } },
    { "/lane/break/a-verification-that-is-lost-for-good-ends-all",
      { FALSE, "before scan", 3, FALSE, HAUL_ERROR_AUTH, EXIT_CODE_DESTINATION_LOGIN } },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].name, &cases[i].wanted, test_break);
  g_test_add_func ("/lane/break/a-lane-that-waits-is-woken-by-the-end",
                   test_wait_is_ended);
  g_test_add_data_func ("/lane/break/some-steps-of-the-source", GINT_TO_POINTER (1),
                        test_some_steps);
  g_test_add_data_func ("/lane/break/some-steps-of-the-destination", NULL,
                        test_some_steps);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_tests_of_breaks ();
  g_test_add_data_func ("/lane/stopped/what-is-under-way-is-finished", NULL,
                        test_stopped);
  g_test_add_data_func ("/lane/stopped/at-once", GINT_TO_POINTER (1), test_stopped);
  return g_test_run ();
}
