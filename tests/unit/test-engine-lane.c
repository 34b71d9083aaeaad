/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which calls the engine makes: what a run costs, what comes first after a session was
 * lost, and what keeps a session alive that has nothing to do.
 */
#include "engine-world.h"

#include <string.h>

#include <mailhaul/error.h>

/* ---- calls: what a run costs ---- */

static void
assert_calls (FaultControl *control, const char *expected)
{
  g_autofree char *calls = fault_control_calls (control);
  g_assert_cmpstr (calls, ==, expected);
}

static void
test_unchanged_costs_a_listing (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DONE);
  disarm (world);
  g_autoptr (EngineResult) second = world_run (world);
  g_assert_cmpint (second->exit_code, ==, EXIT_CODE_DONE);
  Ledger total = { 0 };
  account_result_total (account (second), &total);
  g_assert_cmpuint (total.present, ==, 8);
  assert_calls (world->source_control, "open list close");
  assert_calls (world->destination_control, "open list close");
  world_free (world);
}

static void
test_folders_are_made_at_once (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  g_autoptr (EngineResult) first = world_run (world);
  g_autofree char *calls = fault_control_calls (world->destination_control);
  g_assert_true (g_str_has_prefix (calls, "open list create list "));
  g_assert_null (strstr (calls + strlen ("open list create"), "create"));
  world_free (world);
}

/* What a destination may be asked in a dry run. */
static void
assert_only_read (FaultControl *control)
{
  static const char *const harmless[] = { "open",  "list",  "enter", "scan",
                                          "fetch", "leave", "close", NULL };
  g_autofree char *calls = fault_control_calls (control);
  g_auto (GStrv) words = g_strsplit (calls, " ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    words[i][strcspn (words[i], "(")] = '\0';
  for (guint i = 0; words[i] != NULL; i++)
    if (!g_strv_contains (harmless, words[i]))
      g_error ("a dry run called: %s", calls);
}

static void
test_dry_run_only_reads (void)
{
  World *world = world_new (TRUE);
  world->mode = ENGINE_DRY_RUN;
  for (guint round = 0; round < 3; round++)
    {
      disarm (world);
      g_autoptr (EngineResult) dry = world_run (world);
      g_assert_cmpint (dry->exit_code, ==, EXIT_CODE_DONE);
      assert_only_read (world->source_control);
      assert_only_read (world->destination_control);
      /* The second time after a run that broke off, the third after all was done. */
      world->mode = ENGINE_RUN;
      if (round == 0)
        arm (world->destination_control, 30, HAUL_ERROR_IO, HAUL_SCOPE_ACCOUNT);
      g_autoptr (EngineResult) real = world_run (world);
      g_assert_cmpint (real->exit_code, ==,
                       round == 0 ? EXIT_CODE_DESTINATION_UNREACHABLE : EXIT_CODE_DONE);
      add_mail (world->source, inbox, 100 + round, 100);
      memory_store_create (world->destination, work, HAUL_FOLDER_SUBSCRIBED, 0);
      world->mode = ENGINE_DRY_RUN;
    }
  world_free (world);
}

static void
test_no_subscriptions (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  memory_store_create (world->source, work, HAUL_FOLDER_SUBSCRIBED, 0);
  world->destination_options = "without=subscriptions";
  g_autoptr (EngineResult) result = world_run (world);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  g_assert_cmpuint (account (result)->notices->len, ==, 1);
  g_assert_cmpstr (account (result)->notices->pdata[0], ==,
                   "the destination keeps no subscriptions: 1 folder is subscribed at "
                   "the source");
  world_free (world);
}

/* ---- a session that is lost with stores in flight ---- */

/* One break at the commit of a batch; what was in it is stored all the same, later. */
static EngineResult *
run_haunted (World *world, const char *options)
{
  FaultPlan plan = { .action = FAULT_ERROR,
                     .at = 1,
                     .code = HAUL_ERROR_NETWORK,
                     .scope = HAUL_SCOPE_SESSION,
                     .place = "at commit" };
  disarm (world);
  world->destination_options = options;
  fault_control_arm (world->destination_control, &plan);
  EngineResult *result = world_run (world);
  g_assert_cmpuint (fault_control_fired (world->destination_control), ==, 1);
  assert_balanced (result, "haunted");
  return result;
}

static guint
count_lines (MemoryStore *store)
{
  g_autofree char *text = contents (store);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  return g_strv_length (lines);
}

static void
test_recovers_before_it_looks (void)
{
  World *world = world_new (FALSE);
  g_autoptr (EngineResult) result = run_haunted (world, "");
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  g_autofree char *calls = fault_control_calls (world->destination_control);
  const char *lost = strstr (calls, "store close open ");
  const char *recovered = strstr (calls, "recover(INBOX) enter(INBOX) scan leave ");
  const char *entered = strstr (calls, "enter(INBOX)");
  g_assert_true (lost != NULL && recovered != NULL && recovered > lost);
  g_assert_true (entered > recovered);
  /* Not once more in a session that stands. */
  g_assert_null (strstr (recovered + 1, "recover(INBOX)"));
  assert_second_run_completes (world, "recovered");
  world_free (world);
}

static void
test_ghost_comes_while_recovering (gconstpointer data)
{
  World *world = world_new (FALSE);
  g_autofree char *options = g_strdup_printf ("ghost=recover %s", (const char *) data);
  g_autoptr (EngineResult) result = run_haunted (world, options);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  g_assert_cmpuint (count_lines (world->destination), ==, count_lines (world->source));
  assert_second_run_completes (world, "ghost in time");
  world_free (world);
}

/* A run ends with a batch under way, which is stored between the next run's listing, in
 * which the folder is empty, and its look into the folder. */
static void
test_ghost_comes_after_the_listing (void)
{
  World *world = world_new (FALSE);
  FaultPlan plan = { .action = FAULT_ERROR,
                     .at = 1,
                     .code = HAUL_ERROR_IO,
                     .scope = HAUL_SCOPE_ACCOUNT,
                     .place = "at commit" };
  disarm (world);
  memory_store_remove (world->source, deep);
  memory_store_remove (world->source, work);
  world->destination_options = "ghost=recover";
  fault_control_arm (world->destination_control, &plan);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, !=, EXIT_CODE_DONE);
  disarm (world);
  g_autoptr (EngineResult) second = world_run (world);
  g_assert_cmpint (second->exit_code, ==, EXIT_CODE_DONE);
  g_ptr_array_add (account (second)->notices, NULL);
  g_autofree char *notices = g_strjoinv ("\n",
                                         (char **) account (second)->notices->pdata);
  g_test_message ("%s", notices);
  g_assert_null (strstr (notices, "was removed"));
  g_assert_cmpuint (count_lines (world->destination), ==, count_lines (world->source));
  assert_second_run_completes (world, "ghost after the listing");
  world_free (world);
}

/* One of two equal copies goes where the destination can tell them apart. */
static void
test_ghost_comes_too_late (gconstpointer data)
{
  World *world = world_new (FALSE);
  g_autofree char *options = g_strdup_printf ("batch=2 ghost=store %s",
                                              (const char *) data);
  gboolean mended = strstr (options, "expunge") == NULL;
  memory_store_remove (world->source, deep);
  memory_store_remove (world->source, work);
  g_autoptr (EngineResult) result = run_haunted (world, options);
  g_assert_cmpint (result->exit_code, ==,
                   mended ? EXIT_CODE_DONE : EXIT_CODE_SOME_FAILED);
  g_assert_cmpuint (count_lines (world->destination), ==,
                    count_lines (world->source) + (mended ? 0 : 2));
  if (mended)
    {
      g_assert_cmpuint (account (result)->failures->len, ==, 0);
      g_ptr_array_add (account (result)->notices, NULL);
      g_autofree char *notices = g_strjoinv ("\n",
                                             (char **) account (result)->notices->pdata);
      g_test_message ("%s", notices);
      g_assert_nonnull (strstr (notices, "was removed (2"));
      assert_second_run_completes (world, "mended");
    }
  else
    {
      /* Said once for each, and neither of the two is gone. */
      g_assert_cmpuint (account (result)->failures->len, ==, 2);
      const Failure *failure = account (result)->failures->pdata[0];
      g_assert_cmpstr (failure->code, ==, "exists");
      g_assert_cmpstr (failure->folder, ==, "INBOX");
    }
  world_free (world);
}

static void
test_foreign_mail_is_no_twin (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  world->destination_options = "ghost=recover";
  g_autoptr (EngineResult) first = world_run (world);
  add_mail (world->source, inbox, 50, 300);
  add_mail (world->source, inbox, 51, 300);
  add_mail (world->destination, inbox, 60, 300);
  g_autoptr (EngineResult) result = run_haunted (world, world->destination_options);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  world_free (world);
}

/* ---- sessions that wait ---- */

/* IDLE_US, DELAY_US: one side takes long enough for the other to be kept alive. */
#define IDLE_US  (5 * 1000)
#define DELAY_US (60 * 1000)

static void
delay (FaultControl *control, const char *place)
{
  FaultPlan plan = {
    .action = FAULT_DELAY, .at = 1, .delay_us = DELAY_US, .place = place
  };
  fault_control_arm (control, &plan);
}

static void
test_source_is_kept_alive (gconstpointer data)
{
  World *world = world_new (FALSE);
  disarm (world);
  delay (world->destination_control, data);
  world->idle_us = IDLE_US;
  g_autoptr (EngineResult) result = world_run (world);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  g_autofree char *calls = fault_control_calls (world->source_control);
  g_assert_nonnull (strstr (calls, "idle idle"));
  world_free (world);
}

static void
test_destination_is_kept_alive (gconstpointer data)
{
  World *world = world_new (FALSE);
  disarm (world);
  delay (world->source_control, data);
  world->idle_us = IDLE_US;
  g_autoptr (EngineResult) result = world_run (world);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  g_autofree char *calls = fault_control_calls (world->destination_control);
  g_assert_nonnull (strstr (calls, "idle idle"));
  world_free (world);
}

/* The session that is lost while it waits is connected again, and all goes on. */
static void
test_lost_while_waiting (gconstpointer data)
{
  gboolean source = GPOINTER_TO_INT (data);
  World *world = world_new (FALSE);
  FaultPlan plan = { .action = FAULT_ERROR,
                     .at = 1,
                     .code = HAUL_ERROR_NETWORK,
                     .scope = HAUL_SCOPE_SESSION,
                     .place = "before idle" };
  disarm (world);
  fault_control_arm (source ? world->source_control : world->destination_control, &plan);
  delay (source ? world->destination_control : world->source_control,
         source ? "before create" : "before scan");
  world->idle_us = IDLE_US;
  g_autoptr (EngineResult) result = world_run (world);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  g_autofree char *calls = fault_control_calls (source ? world->source_control
                                                       : world->destination_control);
  g_assert_nonnull (strstr (calls, "idle close open"));
  assert_second_run_completes (world, "lost while waiting");
  world_free (world);
}

/* While one side is connected again, which may take minutes, the other is kept alive. */
static void
test_kept_alive_during_back_off (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  FaultPlan plan = { .action = FAULT_ERROR,
                     .at = 1,
                     .code = HAUL_ERROR_NETWORK,
                     .scope = HAUL_SCOPE_SESSION,
                     .place = "before scan" };
  memory_store_create (world->destination, inbox, 0, 0);
  add_mail (world->destination, inbox, 0, 200);
  fault_control_arm (world->destination_control, &plan);
  world->idle_us = IDLE_US;
  world->retry_unit_us = DELAY_US;
  g_autoptr (EngineResult) result = world_run (world);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  g_autofree char *calls = fault_control_calls (world->source_control);
  g_assert_nonnull (strstr (calls, "idle idle"));
  world_free (world);
}

int
main (int argc, char **argv)
{
  static const char *const ghosts[] = { "",
                                        "without=delivery-id",
                                        "without='keys delivery-id'",
                                        "without='keys delivery-id scan-from mark token'",
                                        "without='stable-keys delivery-id'",
                                        "without=expunge" };
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/calls/an-unchanged-account-costs-one-listing-a-side",
                   test_unchanged_costs_a_listing);
  g_test_add_func ("/engine/calls/folders-are-made-in-one-call",
                   test_folders_are_made_at_once);
  g_test_add_func ("/engine/calls/a-dry-run-only-reads", test_dry_run_only_reads);
  g_test_add_func ("/engine/calls/subscriptions-that-are-lost-are-told",
                   test_no_subscriptions);
  g_test_add_func ("/engine/lost/recovers-before-it-looks",
                   test_recovers_before_it_looks);
  for (guint i = 0; i < G_N_ELEMENTS (ghosts); i++)
    {
      g_autofree char *in_time = g_strdup_printf ("/engine/lost/ghost-in-time/%u", i);
      g_autofree char *late = g_strdup_printf ("/engine/lost/ghost-too-late/%u", i);
      g_test_add_data_func (in_time, ghosts[i], test_ghost_comes_while_recovering);
      g_test_add_data_func (late, ghosts[i], test_ghost_comes_too_late);
    }
  g_test_add_func ("/engine/lost/ghost-after-the-listing",
                   test_ghost_comes_after_the_listing);
  g_test_add_func ("/engine/lost/foreign-mail-is-no-twin", test_foreign_mail_is_no_twin);
  g_test_add_data_func ("/engine/idle/source-while-the-other-lists", "before list",
                        test_source_is_kept_alive);
  g_test_add_data_func ("/engine/idle/source-while-the-other-makes-folders",
                        "before create", test_source_is_kept_alive);
  g_test_add_data_func ("/engine/idle/source-while-the-other-stores", "at commit",
                        test_source_is_kept_alive);
  g_test_add_data_func ("/engine/idle/destination-while-the-other-lists", "before list",
                        test_destination_is_kept_alive);
  g_test_add_data_func ("/engine/idle/destination-while-the-other-scans", "before scan",
                        test_destination_is_kept_alive);
  g_test_add_data_func ("/engine/idle/source-is-lost", GINT_TO_POINTER (TRUE),
                        test_lost_while_waiting);
  g_test_add_data_func ("/engine/idle/destination-is-lost", GINT_TO_POINTER (FALSE),
                        test_lost_while_waiting);
  g_test_add_func ("/engine/idle/during-back-off", test_kept_alive_during_back_off);
  return g_test_run ();
}
