/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deletions by whole runs of the engine between two stores in memory: each policy, what a
 * user did at the destination, and a fault at every step of either side.
 */
#include "engine/removal.h"

#include <string.h>

#include "engine-world.h"

/* Rules: what a test's job says. */
typedef struct
{
  JobDeletions deletions;
  gboolean trash, foreign, empty;
  const char *after_copy;
} Rules;

static void
adjust (Job *job, EngineRequest *request, gpointer data)
{
  const Rules *rules = data;
  job->deletions = rules->deletions;
  job->deletion_trash = rules->trash;
  job->allow_foreign_deletions = rules->foreign;
  job->allow_empty_source = rules->empty;
  g_free (job->source_after_copy);
  job->source_after_copy = g_strdup (rules->after_copy);
}

static World *
delivered (Rules *rules)
{
  World *world = world_new (FALSE);
  world->adjust = adjust;
  world->adjust_data = rules;
  g_autoptr (EngineResult) result = world_run (world);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  return world;
}

static guint64
count (MemoryStore *store, HaulPath path)
{
  g_autoptr (MemoryFolder) folder = memory_store_folder (store, path, FALSE);
  return folder != NULL ? folder->count : G_MAXUINT64;
}

/* The n-th message of the folder, from 0. */
static void
drop_nth (MemoryStore *store, HaulPath path, guint at)
{
  g_autoptr (GPtrArray) messages = memory_store_messages (store, path, 0, NULL);
  g_assert_cmpuint (at, <, messages->len);
  g_assert_true (
      memory_store_drop (store, path, ((MemoryMessage *) messages->pdata[at])->number));
}

static void
assert_run (World *world, ExitCode code)
{
  g_autoptr (EngineResult) result = world_run (world);
  const AccountResult *one = account (result);
  if (one->error != NULL)
    g_test_message ("%s", one->error->message);
  g_assert_cmpint (result->exit_code, ==, code);
}

static void
test_delivered (void)
{
  Rules rules = { .deletions = JOB_DELETIONS_DELIVERED };
  World *world = delivered (&rules);
  add_mail (world->destination, inbox, 77, 10); /* a user's own */
  drop_nth (world->source, inbox, 1);
  drop_nth (world->source, inbox, 2);
  assert_run (world, EXIT_CODE_DONE);
  g_assert_cmpuint (count (world->destination, inbox), ==, 4);
  assert_run (world, EXIT_CODE_DONE);
  g_assert_cmpuint (count (world->destination, inbox), ==, 4);
  world_free (world);
}

static void
test_none (void)
{
  Rules rules = { .deletions = JOB_DELETIONS_NONE };
  World *world = delivered (&rules);
  drop_nth (world->source, inbox, 0);
  assert_run (world, EXIT_CODE_DONE);
  g_assert_cmpuint (count (world->destination, inbox), ==, 5);
  /* what went before the rule came is not forgotten */
  rules.deletions = JOB_DELETIONS_DELIVERED;
  assert_run (world, EXIT_CODE_DONE);
  g_assert_cmpuint (count (world->destination, inbox), ==, 4);
  world_free (world);
}

static void
test_plan (void)
{
  Rules rules = { .deletions = JOB_DELETIONS_DELIVERED };
  World *world = delivered (&rules);
  drop_nth (world->source, inbox, 0);
  g_autofree char *before = contents (world->destination);
  world->mode = ENGINE_DRY_RUN;
  g_autoptr (EngineResult) result = world_run (world);
  Ledger total = { 0 };
  account_result_total (account (result), &total);
  g_assert_cmpuint (total.deleted, ==, 1);
  g_autofree char *after = contents (world->destination);
  g_assert_cmpstr (before, ==, after);
  world_free (world);
}

static void
test_user_deleted (gconstpointer data)
{
  Rules rules = { .deletions = (JobDeletions) GPOINTER_TO_INT (data) };
  World *world = delivered (&rules);
  drop_nth (world->destination, inbox, 0);
  for (guint i = 0; i < 2; i++)
    {
      assert_run (world, EXIT_CODE_DONE);
      g_assert_cmpuint (count (world->destination, inbox), ==, 4);
    }
  world_free (world);
}

static void
test_mirror_foreign (void)
{
  Rules rules = { .deletions = JOB_DELETIONS_MIRROR };
  World *world = delivered (&rules);
  add_mail (world->destination, inbox, 77, 10);
  drop_nth (world->source, inbox, 1);
  assert_run (world, EXIT_CODE_REFUSED);
  g_assert_cmpuint (count (world->destination, inbox), ==, 6);
  rules.foreign = TRUE;
  assert_run (world, EXIT_CODE_DONE);
  g_autofree char *ours = contents (world->source);
  g_autofree char *theirs = contents (world->destination);
  g_assert_cmpstr (ours, ==, theirs);
  world_free (world);
}

static void
test_mirror_folder (void)
{
  Rules rules = { .deletions = JOB_DELETIONS_MIRROR };
  World *world = delivered (&rules);
  g_assert_true (memory_store_remove (world->source, deep));
  assert_run (world, EXIT_CODE_DONE);
  g_assert_cmpuint (count (world->destination, deep), ==, G_MAXUINT64);
  g_assert_cmpuint (count (world->destination, work), ==, count (world->source, work));
  world_free (world);
}

static void
test_mirror_empty (void)
{
  Rules rules = { .deletions = JOB_DELETIONS_MIRROR };
  World *world = delivered (&rules);
  while (count (world->source, work) > 0)
    drop_nth (world->source, work, 0);
  guint64 before = count (world->destination, work);
  assert_run (world, EXIT_CODE_REFUSED);
  g_assert_cmpuint (count (world->destination, work), ==, before);
  rules.empty = TRUE;
  assert_run (world, EXIT_CODE_DONE);
  g_assert_cmpuint (count (world->destination, work), ==, 0);
  world_free (world);
}

static void
test_trash (void)
{
  static const char *const trash[] = { "Trash", NULL };
  Rules rules = { .deletions = JOB_DELETIONS_MIRROR, .trash = TRUE };
  World *world = delivered (&rules);
  drop_nth (world->source, inbox, 1);
  for (guint i = 0; i < 2; i++)
    {
      assert_run (world, EXIT_CODE_DONE);
      g_assert_cmpuint (count (world->destination, inbox), ==, 4);
      g_assert_cmpuint (count (world->destination, trash), ==, 1);
    }
  world_free (world);
}

/* A new validity at the source: the keys mean nothing, and nothing is deleted by them. */
static void
test_renumbered (void)
{
  Rules rules = { .deletions = JOB_DELETIONS_DELIVERED };
  World *world = delivered (&rules);
  memory_store_renumber (world->source, inbox);
  g_autofree char *before = contents (world->destination);
  assert_run (world, EXIT_CODE_DONE);
  g_autofree char *after = contents (world->destination);
  g_assert_cmpstr (before, ==, after);
  world_free (world);
}

static void
test_take (void)
{
  Rules rules = { .after_copy = "delete" };
  World *world = world_new (FALSE);
  g_autofree char *before = contents (world->source);
  world->adjust = adjust;
  world->adjust_data = &rules;
  for (guint i = 0; i < 2; i++)
    {
      assert_run (world, EXIT_CODE_DONE);
      g_autofree char *there = contents (world->destination);
      g_autofree char *left = contents (world->source);
      g_assert_cmpstr (there, ==, before);
      g_assert_cmpstr (left, ==, "");
    }
  /* What we took ourselves is never taken for deleted. */
  rules = (Rules){ .deletions = JOB_DELETIONS_DELIVERED, .empty = TRUE };
  assert_run (world, EXIT_CODE_DONE);
  g_autofree char *there = contents (world->destination);
  g_assert_cmpstr (there, ==, before);
  world_free (world);
}

/* A message that the user removed at the destination keeps its only copy. */
static void
test_take_removed (void)
{
  Rules rules = { 0 };
  World *world = delivered (&rules);
  drop_nth (world->destination, inbox, 0);
  rules.after_copy = "delete";
  assert_run (world, EXIT_CODE_DONE);
  g_assert_cmpuint (count (world->source, inbox), ==, 1);
  world_free (world);
}

/* A fault at each step of one side, whatever it is: the next run comes to the same end,
 * no message that should stay is lost. */
static void
test_faults (gconstpointer data)
{
  Rules rules = *(const Rules *) data;
  gboolean more = TRUE;
  for (guint64 step = 1; more; step++)
    {
      Rules first = { 0 };
      World *world = delivered (&first);
      if (rules.after_copy == NULL)
        drop_nth (world->source, inbox, 1);
      g_autofree char *wanted = contents (rules.after_copy == NULL ? world->source
                                                                   : world->destination);
      first = rules;
      FaultControl *control = step % 2 == 0 ? world->source_control
                                            : world->destination_control;
      arm (control, (step + 1) / 2, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION);
      g_autoptr (EngineResult) result = world_run (world);
      more = fault_control_fired (world->source_control)
                 + fault_control_fired (world->destination_control)
             > 0;
      disarm (world);
      assert_run (world, EXIT_CODE_DONE);
      g_autofree char *there = contents (world->destination);
      g_assert_cmpstr (there, ==, wanted);
      world_free (world);
      if (step > 400)
        break;
    }
}

static const Rules faulty_delivered = { .deletions = JOB_DELETIONS_DELIVERED };
static const Rules faulty_mirror = { .deletions = JOB_DELETIONS_MIRROR };
static const Rules faulty_take = { .after_copy = "delete" };

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/removal/delivered/only-what-was-delivered", test_delivered);
  g_test_add_func ("/removal/none/is-made-up-for", test_none);
  g_test_add_func ("/removal/plan/deletes-nothing", test_plan);
  g_test_add_data_func ("/removal/user/deleted-stays-deleted",
                        GINT_TO_POINTER (JOB_DELETIONS_NONE), test_user_deleted);
  g_test_add_data_func ("/removal/user/deleted-stays-deleted-delivered",
                        GINT_TO_POINTER (JOB_DELETIONS_DELIVERED), test_user_deleted);
  g_test_add_data_func ("/removal/user/deleted-stays-deleted-mirror",
                        GINT_TO_POINTER (JOB_DELETIONS_MIRROR), test_user_deleted);
  g_test_add_func ("/removal/mirror/foreign-mail-is-refused", test_mirror_foreign);
  g_test_add_func ("/removal/mirror/a-folder-goes-empty", test_mirror_folder);
  g_test_add_func ("/removal/mirror/an-empty-folder-is-refused", test_mirror_empty);
  g_test_add_func ("/removal/trash/moved-and-then-left-alone", test_trash);
  g_test_add_func ("/removal/renumbered/nothing-by-key", test_renumbered);
  g_test_add_func ("/removal/take/after-the-copy", test_take);
  g_test_add_func ("/removal/take/never-the-last-copy", test_take_removed);
  g_test_add_data_func ("/removal/faults/delivered", &faulty_delivered, test_faults);
  g_test_add_data_func ("/removal/faults/mirror", &faulty_mirror, test_faults);
  g_test_add_data_func ("/removal/faults/take", &faulty_take, test_faults);
  return g_test_run ();
}
