/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine as a whole over two in-memory stores with faults: whatever breaks, nothing
 * is lost, nothing is doubled, and the books balance.
 */
#include "engine-world.h"

#include <string.h>

#include <mailhaul/error.h>

#define STEPS_MAX 5000

/* Where a break ends the run: before the lane has begun, or after it has done all. */
static gboolean
is_outside_of_lane (const char *place)
{
  return strstr (place, "open") != NULL || strstr (place, "list") != NULL
         || strstr (place, "create") != NULL || strstr (place, "close") != NULL
         || strstr (place, "subscribe") != NULL;
}

/* ---- every step fails once ---- */

typedef struct
{
  gboolean at_source;
  HaulErrorCode code;
  HaulErrorScope scope;
  gboolean survives; /* the run itself makes up for it */
  const char *source_options, *destination_options;
} FaultCase;

/* FALSE: the run has fewer steps than @at. */
static gboolean
fail_at (const FaultCase *self, guint64 at)
{
  World *world = world_new (TRUE);
  FaultControl *control = self->at_source ? world->source_control
                                          : world->destination_control;
  world->source_options = self->source_options;
  world->destination_options = self->destination_options;
  disarm (world);
  arm (control, at, self->code, self->scope);
  g_autoptr (EngineResult) first = world_run (world);
  gboolean fired = fault_control_fired (control) > 0;
  g_autofree char *where = fault_control_place (control);
  g_autofree char *place = g_strdup_printf ("step %u (%s)", (guint) at,
                                            where != NULL ? where : "none");
  g_test_message ("%s: exit %d", place, first->exit_code);
  assert_balanced (first, place);
  if (fired && self->survives && !is_outside_of_lane (place)
      && first->exit_code != EXIT_CODE_DONE)
    g_error ("%s: the run ended with %d: %s", place, first->exit_code,
             account (first)->error != NULL ? account (first)->error->message : "-");
  if (!fired && first->exit_code != EXIT_CODE_DONE)
    g_error ("%s: no fault and exit %d", place, first->exit_code);
  assert_second_run_completes (world, place);
  world_free (world);
  return fired;
}

static void
test_every_step (gconstpointer data)
{
  guint64 at = 1;
  while (at < STEPS_MAX && fail_at (data, at))
    at += at > 60 && !g_test_slow () ? 3 : 1;
  g_assert_cmpuint (at, >, 20);
  g_assert_cmpuint (at, <, STEPS_MAX);
}

/* ---- limits ---- */

static void
test_quota (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  world->plain = TRUE;
  world->destination_options = "quota=700";
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DESTINATION_FULL);
  assert_balanced (first, "quota");
  Ledger total = { 0 };
  account_result_total (account (first), &total);
  g_assert_cmpuint (total.seen, ==, 8);
  g_assert_cmpuint (total.copied, >, 0);
  g_assert_cmpuint (total.failed, ==, 8 - total.copied);
  world->destination_options = "";
  assert_second_run_completes (world, "quota");
  world_free (world);
}

static void
test_quota_and_refused_once (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  world->plain = TRUE;
  world->destination_options = "quota=700 again=2 batch=1";
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DESTINATION_FULL);
  assert_balanced (first, "quota and again");
  world->destination_options = "";
  assert_second_run_completes (world, "quota and again");
  world_free (world);
}

static void
test_refused_once (void)
{
  World *world = world_new (TRUE);
  disarm (world);
  world->destination_options = "again=2";
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DONE);
  assert_balanced (first, "again");
  assert_second_run_completes (world, "again");
  world_free (world);
}

static void
test_too_big (void)
{
  World *world = world_new (TRUE);
  disarm (world);
  world->plain = TRUE;
  world->destination_options = "max-message=100000";
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_SOME_FAILED);
  assert_balanced (first, "too big");
  g_assert_cmpuint (account (first)->failures->len, ==, 1);
  world->destination_options = "";
  assert_second_run_completes (world, "too big");
  world_free (world);
}

/* ---- outages that last, then end ---- */

static void
test_lasting_outage (gconstpointer data)
{
  gboolean at_source = GPOINTER_TO_INT (data);
  World *world = world_new (TRUE);
  disarm (world);
  FaultPlan plan = { .action = FAULT_ERROR,
                     .at = 18,
                     .lasting = TRUE,
                     .code = HAUL_ERROR_NETWORK,
                     .scope = HAUL_SCOPE_SESSION };
  fault_control_arm (at_source ? world->source_control : world->destination_control,
                     &plan);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==,
                   at_source ? EXIT_CODE_SOURCE_UNREACHABLE
                             : EXIT_CODE_DESTINATION_UNREACHABLE);
  assert_balanced (first, "outage");
  assert_second_run_completes (world, "outage");
  world_free (world);
}

/* ---- stops ---- */

typedef struct
{
  GCancellable *cancellable;
  guint copies_left;
} Stopper;

static void
on_event (const Event *event, gpointer user_data)
{
  Stopper *self = user_data;
  if (event->kind == EVENT_ACTION && event->action == ACTION_COPY && self->copies_left > 0
      && --self->copies_left == 0)
    g_cancellable_cancel (self->cancellable);
}

/* STOP_DELAY_US: long for an event to be delivered, short for a test. */
#define STOP_DELAY_US (G_USEC_PER_SEC / 4)

static void
test_stop (gconstpointer data)
{
  gboolean hard = GPOINTER_TO_INT (data);
  World *world = world_new (TRUE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Stopper stopper = { cancellable, 3 };
  /* From then on the run waits for whoever looks on, who might come too late else. */
  FaultPlan slow = { .action = FAULT_DELAY,
                     .at = 4,
                     .lasting = TRUE,
                     .delay_us = STOP_DELAY_US,
                     .place = "at commit" };
  disarm (world);
  fault_control_arm (world->destination_control, &slow);
  world->event = on_event;
  world->event_data = &stopper;
  world->destination_options = "batch=1";
  if (hard)
    world->cancel = g_object_ref (cancellable);
  else
    world->stop = g_object_ref (cancellable);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_INTERRUPTED);
  world->event = NULL;
  g_clear_object (&world->stop);
  g_clear_object (&world->cancel);
  disarm (world);
  assert_second_run_completes (world, "stop");
  world_free (world);
}

static void
test_stopped_before (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  world->stop = g_cancellable_new ();
  g_cancellable_cancel (world->stop);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_INTERRUPTED);
  g_clear_object (&world->stop);
  assert_second_run_completes (world, "stopped before");
  world_free (world);
}

/* ---- folders ---- */

static void
test_container_becomes_folder (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  memory_store_create (world->destination, deep, 0, 0); /* and Work, not selectable */
  assert_second_run_completes (world, "container");
  world_free (world);
}

#define LOST_SESSION HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, TRUE
#define LOST_FOLDER  HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER, FALSE
#define BUSY_FOLDER  HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER, TRUE
#define LOST_ACCOUNT HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT, FALSE

int
main (int argc, char **argv)
{
  static const FaultCase cases[] = {
    { TRUE, LOST_SESSION, "", "" },
    { FALSE, LOST_SESSION, "", "" },
    { TRUE, LOST_SESSION, "without=size window=3", "needs-size=true batch=3" },
    { FALSE, LOST_SESSION, "", "batch=1 without='keys delivery-id'" },
    { FALSE, LOST_SESSION, "", "batch=2 again=2" },
    { TRUE, LOST_SESSION, "", "batch=2 again=2" },
    { TRUE, LOST_FOLDER, "", "" },
    { FALSE, LOST_FOLDER, "", "" },
    { TRUE, BUSY_FOLDER, "", "" },
    { TRUE, LOST_ACCOUNT, "", "" },
    { FALSE, LOST_ACCOUNT, "", "" },
  };
  static const char *const names[] = {
    "source-lost",
    "destination-lost",
    "source-lost-sizeless",
    "destination-lost-blind",
    "destination-lost-again",
    "source-lost-again",
    "source-folder-refused",
    "destination-folder-refused",
    "source-folder-busy",
    "source-login-refused",
    "destination-login-refused",
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/engine/every-step/%s", names[i]);
      g_test_add_data_func (path, &cases[i], test_every_step);
    }
  g_test_add_func ("/engine/folders/container-gets-mail", test_container_becomes_folder);
  g_test_add_func ("/engine/limits/full-destination-stops-the-folder", test_quota);
  g_test_add_func ("/engine/limits/full-while-some-wait-for-another-offer",
                   test_quota_and_refused_once);
  g_test_add_func ("/engine/limits/refused-once-is-offered-again", test_refused_once);
  g_test_add_func ("/engine/limits/too-big-fails-alone", test_too_big);
  g_test_add_data_func ("/engine/outage/destination-stays-away", GINT_TO_POINTER (FALSE),
                        test_lasting_outage);
  g_test_add_data_func ("/engine/outage/source-stays-away", GINT_TO_POINTER (TRUE),
                        test_lasting_outage);
  g_test_add_data_func ("/engine/stop/soft-in-mid-folder", GINT_TO_POINTER (FALSE),
                        test_stop);
  g_test_add_data_func ("/engine/stop/hard-in-mid-folder", GINT_TO_POINTER (TRUE),
                        test_stop);
  g_test_add_func ("/engine/stop/before-the-beginning", test_stopped_before);
  return g_test_run ();
}
