/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is never said to be there without having been seen: verifications that failed or
 * did not come to their end are made up for, and removals at the destination are noticed
 * when a listing shows a change.
 */
#include "engine-world.h"

#include <string.h>

#include <mailhaul/error.h>

static GPtrArray *
inbox_messages (MemoryStore *store)
{
  return memory_store_messages (store, inbox, 0, NULL);
}

static guint64
nth_number (MemoryStore *store, guint index)
{
  g_autoptr (GPtrArray) messages = inbox_messages (store);
  return ((MemoryMessage *) messages->pdata[index])->number;
}

static guint
count_differing (EngineResult *result)
{
  return account (result)->differences->len;
}

/* A destination that loses the fourth message after its receipt. */
static World *
make_lossy_world (void)
{
  World *world = world_new (FALSE);
  memory_store_remove (world->source, deep);
  memory_store_remove (world->source, work);
  disarm (world);
  world->plain = TRUE;
  world->destination_options = "lose=4";
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_SOME_FAILED);
  g_assert_cmpuint (count_differing (first), ==, 1);
  world->destination_options = "";
  return world;
}

static void
test_failed_is_remembered (void)
{
  World *world = make_lossy_world ();
  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (EngineResult) again = world_run (world);
      g_assert_cmpint (again->exit_code, ==, EXIT_CODE_SOME_FAILED);
      g_assert_cmpuint (count_differing (again), ==, 1);
      const Difference *difference = account (again)->differences->pdata[0];
      g_assert_nonnull (strstr (difference->reason, "missing"));
    }
  /* Somebody brought it back: it is found, and all is said to be well. */
  add_mail (world->destination, inbox, 3, 200);
  g_autoptr (EngineResult) mended = world_run (world);
  g_assert_cmpint (mended->exit_code, ==, EXIT_CODE_DONE);
  world_free (world);
}

static void
test_others_may_change (void)
{
  World *world = make_lossy_world ();
  g_autoptr (GPtrArray) messages = inbox_messages (world->destination);
  g_autoptr (GError) error = NULL;
  g_autoptr (MemoryMessage) changed = memory_message_copy (messages->pdata[0]);
  changed->flags ^= HAUL_FLAG_FLAGGED;
  MemoryPut put = { inbox, changed };
  g_assert_true (memory_store_put (world->destination, &put, 1, &error));
  memory_store_drop (world->destination, inbox, nth_number (world->destination, 1));
  g_autoptr (EngineResult) again = world_run (world);
  g_assert_cmpint (again->exit_code, ==, EXIT_CODE_SOME_FAILED);
  g_assert_cmpuint (count_differing (again), ==, 1);
  Ledger total = { 0 };
  account_result_total (account (again), &total);
  g_assert_cmpuint (total.removed, ==, 1);
  world_free (world);
}

static void
test_source_lost_interest (void)
{
  World *world = make_lossy_world ();
  memory_store_drop (world->source, inbox, nth_number (world->source, 3));
  g_autoptr (EngineResult) again = world_run (world);
  g_assert_cmpint (again->exit_code, ==, EXIT_CODE_DONE);
  world_free (world);
}

/* The verification itself breaks off; the next run makes up for it, and only that one. */
static void
test_unfinished_is_made_up_for (void)
{
  World *world = world_new (FALSE);
  FaultPlan plan = { .action = FAULT_ERROR,
                     .at = 1,
                     .code = HAUL_ERROR_AUTH,
                     .scope = HAUL_SCOPE_ACCOUNT,
                     .place = "before scan" };
  disarm (world);
  fault_control_arm (world->destination_control, &plan);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DESTINATION_LOGIN);
  disarm (world);
  g_autoptr (EngineResult) second = world_run (world);
  g_assert_cmpint (second->exit_code, ==, EXIT_CODE_DONE);
  g_assert_cmpuint (account (second)->verified, ==, 8);
  disarm (world);
  g_autoptr (EngineResult) third = world_run (world);
  g_autofree char *calls = fault_control_calls (world->destination_control);
  g_assert_cmpint (third->exit_code, ==, EXIT_CODE_DONE);
  g_assert_cmpstr (calls, ==, "open list close");
  world_free (world);
}

/* Lost before it was ever seen there: not what a user removed. */
static void
test_unfinished_finds_what_is_missing (void)
{
  World *world = world_new (FALSE);
  FaultPlan plan = { .action = FAULT_ERROR,
                     .at = 1,
                     .code = HAUL_ERROR_AUTH,
                     .scope = HAUL_SCOPE_ACCOUNT,
                     .place = "before scan" };
  disarm (world);
  fault_control_arm (world->destination_control, &plan);
  g_autoptr (EngineResult) first = world_run (world);
  memory_store_drop (world->destination, inbox, nth_number (world->destination, 2));
  disarm (world);
  g_autoptr (EngineResult) second = world_run (world);
  g_assert_cmpint (second->exit_code, ==, EXIT_CODE_SOME_FAILED);
  g_assert_cmpuint (count_differing (second), ==, 1);
  world_free (world);
}

/* ---- removals ---- */

static void
test_removal_costs_one_look (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  g_autoptr (EngineResult) first = world_run (world);
  memory_store_drop (world->destination, inbox, nth_number (world->destination, 2));
  disarm (world);
  g_autoptr (EngineResult) second = world_run (world);
  g_assert_cmpint (second->exit_code, ==, EXIT_CODE_DONE);
  Ledger total = { 0 };
  account_result_total (account (second), &total);
  g_assert_cmpuint (total.removed, ==, 1);
  g_assert_cmpuint (total.present, ==, 7);
  g_autofree char *looked = fault_control_calls (world->destination_control);
  g_assert_cmpstr (looked, ==, "open list enter(INBOX) scan leave close");
  disarm (world);
  g_autoptr (EngineResult) third = world_run (world);
  account_result_total (account (third), &total);
  g_assert_cmpuint (total.removed, ==, 1);
  g_autofree char *calls = fault_control_calls (world->destination_control);
  g_assert_cmpstr (calls, ==, "open list close");
  world_free (world);
}

static void
test_restored_is_there_again (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  g_autoptr (EngineResult) first = world_run (world);
  g_autoptr (GPtrArray) messages = inbox_messages (world->destination);
  g_autoptr (MemoryMessage) kept = memory_message_copy (messages->pdata[2]);
  memory_store_drop (world->destination, inbox, kept->number);
  g_autoptr (EngineResult) second = world_run (world);
  g_autoptr (GError) error = NULL;
  MemoryPut put = { inbox, kept };
  g_assert_true (memory_store_put (world->destination, &put, 1, &error));
  g_autoptr (EngineResult) third = world_run (world);
  Ledger total = { 0 };
  account_result_total (account (third), &total);
  g_assert_cmpuint (total.removed, ==, 0);
  g_assert_cmpuint (total.present, ==, 8);
  world_free (world);
}

static void
test_lost_folder_is_named (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  g_autoptr (EngineResult) first = world_run (world);
  memory_store_remove (world->destination, work);
  for (guint round = 0; round < 2; round++)
    {
      world->mode = round == 0 ? ENGINE_DRY_RUN : ENGINE_RUN;
      g_autoptr (EngineResult) result = world_run (world);
      g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
      const FolderResult *folder = account (result)->folders->pdata[1];
      g_assert_cmpstr (folder->destination, ==, "Work");
      g_assert_true (folder->lost);
      g_assert_cmpuint (folder->ledger.removed, ==, 2);
    }
  world_free (world);
}

/* ---- what was digested while it was copied ---- */

static void
ask_for_content (Job *job, EngineRequest *request, gpointer user_data)
{
  request->verify_level = JOB_VERIFY_CONTENT;
}

/* The digests are in the state: only the copies are read. */
static void
test_content_reads_the_copies_only (void)
{
  World *world = world_new (FALSE);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DONE);
  world->mode = ENGINE_VERIFY;
  world->adjust = ask_for_content;
  disarm (world);
  g_autoptr (EngineResult) result = world_run (world);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  g_autofree char *source = fault_control_calls (world->source_control);
  g_autofree char *copies = fault_control_calls (world->destination_control);
  g_assert_null (strstr (source, "fetch"));
  g_assert_nonnull (strstr (copies, "fetch"));
  world_free (world);
}

/* Same length, other bytes: only the content tells; then the source is asked, too. */
static void
test_content_finds_another_body (void)
{
  World *world = world_new (FALSE);
  memory_store_remove (world->source, deep);
  memory_store_remove (world->source, work);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DONE);
  g_autoptr (GPtrArray) messages = inbox_messages (world->destination);
  MemoryMessage *message = messages->pdata[0];
  gsize size = 0;
  char *body = g_bytes_unref_to_data (g_bytes_ref (message->body), &size);
  body[size - 3] ^= 1;
  g_autoptr (MemoryMessage) changed = memory_message_copy (message);
  MemoryPut put = { .path = inbox, .message = changed };
  g_bytes_unref (put.message->body);
  put.message->body = g_bytes_new_take (body, size);
  g_assert_true (memory_store_put (world->destination, &put, 1, NULL));
  world->mode = ENGINE_VERIFY;
  world->adjust = ask_for_content;
  disarm (world);
  g_autoptr (EngineResult) result = world_run (world);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_SOME_FAILED);
  g_assert_cmpuint (count_differing (result), ==, 1);
  const Difference *difference = account (result)->differences->pdata[0];
  g_assert_cmpstr (difference->reason, ==, "content differs");
  g_autofree char *source = fault_control_calls (world->source_control);
  g_assert_nonnull (strstr (source, "fetch"));
  world_free (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/verify/failed-is-remembered", test_failed_is_remembered);
  g_test_add_func ("/engine/verify/others-may-change-meanwhile", test_others_may_change);
  g_test_add_func ("/engine/verify/what-left-the-source-no-longer-counts",
                   test_source_lost_interest);
  g_test_add_func ("/engine/verify/unfinished-is-made-up-for",
                   test_unfinished_is_made_up_for);
  g_test_add_func ("/engine/verify/unfinished-finds-what-is-missing",
                   test_unfinished_finds_what_is_missing);
  g_test_add_func ("/engine/removed/costs-one-look", test_removal_costs_one_look);
  g_test_add_func ("/engine/removed/restored-is-there-again",
                   test_restored_is_there_again);
  g_test_add_func ("/engine/removed/a-lost-folder-is-named", test_lost_folder_is_named);
  g_test_add_func ("/engine/verify/content-reads-the-copies-only",
                   test_content_reads_the_copies_only);
  g_test_add_func ("/engine/verify/content-finds-another-body",
                   test_content_finds_another_body);
  return g_test_run ();
}
