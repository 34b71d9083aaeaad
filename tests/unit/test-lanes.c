/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several lanes over the in-memory stores: how many there are, and that they do what one
 * does. What breaks in one of them is in test-lane.c.
 */
#include "lane-world.h"

#include <string.h>

#include <mailhaul/error.h>

/* ---- as with one ---- */

static void
test_same_as_one (gconstpointer data)
{
  guint lanes = GPOINTER_TO_UINT (data);
  LaneWorld *self = lane_world_new (lanes, FOLDERS, MESSAGES);
  await_lanes (self, lanes);
  g_autoptr (EngineResult) result = world_run (self->world);
  assert_all_copied (self, result);
  g_assert_cmpuint (account (result)->notices->len, ==, 0);
  assert_lanes (self, lanes);
  g_assert_cmpuint (account (result)->folders->len, ==, FOLDERS + 3);
  g_assert_cmpuint (g_hash_table_size (self->begun), ==, FOLDERS + 3);
  GHashTableIter iter;
  gpointer count;
  g_hash_table_iter_init (&iter, self->begun);
  while (g_hash_table_iter_next (&iter, NULL, &count))
    g_assert_cmpuint (GPOINTER_TO_UINT (count), ==, 1);
  /* What there is, what was made, where it ends: whatever the number of lanes. */
  g_assert_cmpuint (count_calls (self->world->destination_control, "list"), ==, 3);
  g_assert_cmpuint (count_calls (self->world->source_control, "list"), ==, 1);
  disarm (self->world);
  await_lanes (self, 0);
  g_autoptr (EngineResult) again = world_run (self->world);
  g_assert_cmpint (again->exit_code, ==, EXIT_CODE_DONE);
  g_autofree char *ours = fault_control_calls (self->world->source_control);
  g_autofree char *theirs = fault_control_calls (self->world->destination_control);
  g_assert_cmpstr (ours, ==, "open list close");
  g_assert_cmpstr (theirs, ==, "open list close");
  lane_world_free (self);
}

static void
test_most_work_first (void)
{
  LaneWorld *self = lane_world_new (2, FOLDERS, 4);
  const char *path[] = { "Z", NULL };
  memory_store_create (self->world->source, path, 0, 0);
  for (guint i = 0; i < 200; i++)
    add_mail (self->world->source, path, 50000 + i, 100);
  self->messages += 200;
  slow_down (self->world->destination_control, "at commit");
  g_autoptr (EngineResult) result = world_run (self->world);
  assert_all_copied (self, result);
  g_autofree char *calls = fault_control_calls (self->world->source_control);
  /* It is the first that is taken, and the first or second that is entered. */
  const char *entered = strstr (calls, "enter(Z)");
  g_assert_nonnull (entered);
  guint before = 0;
  for (const char *at = strstr (calls, "enter("); at != entered;
       at = strstr (at + 1, "enter("))
    before++;
  g_assert_cmpuint (before, <=, 1);
  lane_world_free (self);
}

/* ---- how many ---- */

typedef struct
{
  guint connections, folders, messages;
  const char *source, *destination;
  EngineMode mode;
  guint lanes;
} CountCase;

static void
test_count (gconstpointer data)
{
  const CountCase *wanted = data;
  LaneWorld *self = lane_world_new (wanted->connections, wanted->folders,
                                    wanted->messages);
  self->world->source_options = wanted->source;
  self->world->destination_options = wanted->destination;
  self->world->mode = wanted->mode;
  await_lanes (self, wanted->lanes);
  g_autoptr (EngineResult) result = world_run (self->world);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  assert_lanes (self, wanted->lanes);
  lane_world_free (self);
}

static void
test_little_new (void)
{
  LaneWorld *self = lane_world_new (4, FOLDERS, MESSAGES);
  g_autoptr (EngineResult) first = world_run (self->world);
  assert_all_copied (self, first);
  add_mail (self->world->source, inbox, 99000, 100);
  add_mail (self->world->source, work, 99001, 100);
  disarm (self->world);
  g_autoptr (EngineResult) second = world_run (self->world);
  g_assert_cmpint (second->exit_code, ==, EXIT_CODE_DONE);
  assert_lanes (self, 1);
  assert_same_order (self);
  lane_world_free (self);
}

/* ---- further lanes that cannot be opened ---- */

typedef struct
{
  gboolean at_source;
  gboolean lasting;
  HaulErrorCode code;
  const char *notice;
} RefusedCase;

static void
test_refused (gconstpointer data)
{
  const RefusedCase *wanted = data;
  LaneWorld *self = lane_world_new (4, FOLDERS, MESSAGES);
  World *world = self->world;
  FaultControl *refusing = wanted->at_source ? world->source_control
                                             : world->destination_control;
  arm_at (refusing, "before open", 2, wanted->lasting, wanted->code);
  await_opens (self, refusing, 4);
  slow_down (wanted->at_source ? world->destination_control : world->source_control,
             wanted->at_source ? "at commit" : "at end");
  g_autoptr (EngineResult) result = world_run (world);
  assert_all_copied (self, result);
  g_assert_cmpuint (account (result)->notices->len, ==, 1);
  g_assert_cmpstr (account (result)->notices->pdata[0], ==, wanted->notice);
  lane_world_free (self);
}

/* ---- an opening that hangs ---- */

/* HANG_MS: longer than the test may take. */
#define HANG_MS (60 * 1000)

static gint hanging_opens = 0;

/* All sessions but the first hang until they are cancelled. */
static gpointer
hanging_open (const HaulOpen *open, GError **error)
{
  if (g_atomic_int_add (&hanging_opens, 1) == 0)
    return memory_backend_get ()->open (open, error);
  GPollFD fd;
  g_assert_true (g_cancellable_make_pollfd (open->cancellable, &fd));
  (void) g_poll (&fd, 1, HANG_MS);
  g_cancellable_release_fd (open->cancellable);
  if (!g_cancellable_set_error_if_cancelled (open->cancellable, error))
    haul_error_set (error, HAUL_ERROR_TIMEOUT, HAUL_SCOPE_SESSION, "open: no answer");
  return NULL;
}

static void
adjust_hanging (Job *job, EngineRequest *request, gpointer data)
{
  const LaneWorld *self = data;
  job->connection_limit = self->connections;
  job_element_free (job->destination);
  job->destination = job_element_new ("hanging", 0);
  job_element_add (job->destination, "store", "destination");
  job_element_add (job->destination, "sessions", "8");
}

static void
test_hanging (void)
{
  LaneWorld *self = lane_world_new (4, FOLDERS, MESSAGES);
  HaulBackend hanging = *memory_backend_get ();
  hanging.name = "hanging";
  hanging.open = hanging_open;
  g_assert_true (registry_add_backend (self->world->registry, &hanging, NULL));
  self->world->adjust = adjust_hanging;
  g_atomic_int_set (&hanging_opens, 0);
  gint64 begun_us = g_get_monotonic_time ();
  g_autoptr (EngineResult) result = world_run (self->world);
  g_assert_cmpint (g_get_monotonic_time () - begun_us, <, HANG_MS / 2 * 1000);
  assert_all_copied (self, result);
  g_assert_cmpuint (account (result)->notices->len, ==, 0);
  lane_world_free (self);
}

/* ---- results of several lanes ---- */

/* What each lane stored it compares; what is missing is the account's. */
static void
test_verified_by_each (void)
{
  LaneWorld *self = lane_world_new (4, FOLDERS, MESSAGES);
  self->world->destination_options = "sessions=8 lose=9";
  await_lanes (self, 4);
  g_autoptr (EngineResult) first = world_run (self->world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_SOME_FAILED);
  g_autofree char *theirs = contents (self->world->destination);
  g_auto (GStrv) lines = g_strsplit (theirs, "\n", -1);
  guint lost = self->messages - g_strv_length (lines);
  g_assert_cmpuint (lost, >=, 40);
  g_assert_cmpuint (account (first)->differences->len, ==, lost);
  g_assert_cmpuint (account (first)->verified, ==, self->messages - lost);
  assert_lanes (self, 4);
  lane_world_free (self);
}

static void
test_failures_of_each (void)
{
  LaneWorld *self = lane_world_new (4, FOLDERS, MESSAGES);
  self->world->destination_options = "sessions=8 max-message=300";
  for (guint i = 0; i < 2 * FOLDERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("F%02u", i / 2);
      const char *path[] = { name, NULL };
      add_mail (self->world->source, path, 70000 + i, 1000);
    }
  await_lanes (self, 4);
  g_autoptr (EngineResult) first = world_run (self->world);
  Ledger total = { 0 };
  account_result_total (account (first), &total);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_SOME_FAILED);
  /* Those and the one of the world itself. */
  g_assert_cmpuint (total.failed, ==, 2 * FOLDERS + 1);
  g_assert_cmpuint (account (first)->failures->len, ==, total.failed);
  assert_balanced (first, "failures");
  assert_lanes (self, 4);
  self->world->destination_options = "sessions=8";
  lane_world_free (self);
}

#define MANY "sessions=8"

static void
add_tests_of_number (void)
{
  static const struct
  {
    const char *name;
    CountCase wanted;
  } cases[] = {
    { "/lanes/number/one-without-sessions-at-the-source",
      { 4, 16, 30, "", MANY, ENGINE_RUN, 1 } },
    { "/lanes/number/one-without-sessions-at-the-destination",
      { 4, 16, 30, MANY, "", ENGINE_RUN, 1 } },
    { "/lanes/number/one-for-a-single-session-source",
      { 4, 16, 30, MANY " single-session=true", MANY, ENGINE_RUN, 1 } },
    { "/lanes/number/one-for-a-single-session-destination",
      { 4, 16, 30, MANY, MANY " single-session=true", ENGINE_RUN, 1 } },
    { "/lanes/number/as-many-as-the-narrower-side-takes",
      { 8, 16, 30, "sessions=3", "sessions=5", ENGINE_RUN, 3 } },
    { "/lanes/number/no-more-than-the-job-says",
      { 2, 16, 30, MANY, MANY, ENGINE_RUN, 2 } },
    { "/lanes/number/one-when-the-job-says-so",
      { 1, 16, 30, MANY, MANY, ENGINE_RUN, 1 } },
    { "/lanes/number/no-more-than-folders", { 8, 1, 300, MANY, MANY, ENGINE_RUN, 4 } },
    { "/lanes/number/one-for-few-messages-in-few-folders",
      { 4, 4, 40, MANY, MANY, ENGINE_RUN, 1 } },
    { "/lanes/number/several-for-200-messages", { 4, 4, 48, MANY, MANY, ENGINE_RUN, 4 } },
    { "/lanes/number/several-for-eight-folders", { 4, 5, 5, MANY, MANY, ENGINE_RUN, 4 } },
    { "/lanes/number/one-for-a-dry-run", { 4, 16, 30, MANY, MANY, ENGINE_DRY_RUN, 1 } },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].name, &cases[i].wanted, test_count);
  g_test_add_func ("/lanes/number/one-for-little-that-is-new", test_little_new);
}

static void
add_tests_of_refusal (void)
{
  static const struct
  {
    const char *name;
    RefusedCase wanted;
  } cases[] = {
    { "/lanes/refused/all-busy-at-the-source",
      { TRUE, TRUE, HAUL_ERROR_BUSY,
        "source: before open: the test wants it to fail; going on with 1 of 4 "
        "connections" } },
    { "/lanes/refused/all-unreachable-at-the-destination",
      { FALSE, TRUE, HAUL_ERROR_NETWORK,
        "destination: before open: the test wants it to fail; going on with 1 of 4 "
        "connections" } },
    { "/lanes/refused/one-login-at-the-destination",
      { FALSE, FALSE, HAUL_ERROR_AUTH,
        "destination: before open: the test wants it to fail; going on with 3 of 4 "
        "connections" } },
    { "/lanes/refused/one-busy-at-the-source",
      { TRUE, FALSE, HAUL_ERROR_BUSY,
        "source: before open: the test wants it to fail; going on with 3 of 4 "
        "connections" } },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].name, &cases[i].wanted, test_refused);
  g_test_add_func ("/lanes/refused/nobody-waits-for-one-that-hangs", test_hanging);
}

int
main (int argc, char **argv)
{
  static const guint counts[] = { 1, 2, 4, 8 };
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autofree char *name = g_strdup_printf ("/lanes/number/%u-do-what-one-does",
                                               counts[i]);
      g_test_add_data_func (name, GUINT_TO_POINTER (counts[i]), test_same_as_one);
    }
  g_test_add_func ("/lanes/order/the-most-work-comes-first", test_most_work_first);
  add_tests_of_number ();
  add_tests_of_refusal ();
  g_test_add_func ("/lanes/results/each-compares-what-it-stored", test_verified_by_each);
  g_test_add_func ("/lanes/results/failures-of-all-are-listed", test_failures_of_each);
  return g_test_run ();
}
