/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A second run over many unchanged messages: nothing is written to the state but the
 * run's own record.
 */
#include "engine-world.h"

#define MANY 20000u

/* Counts what was committed to the state. */
static void
on_commit (gpointer user_data)
{
  g_atomic_int_inc ((gint *) user_data);
}

static void
count_commits (Job *job, EngineRequest *request, gpointer data)
{
  request->commit_hook = on_commit;
  request->commit_data = data;
}

static void
test_second_run (void)
{
  World *world = world_new (FALSE);
  gint commits = 0;
  world->plain = TRUE;
  for (guint i = 0; i < MANY; i++)
    add_mail (world->source, i % 2 == 0 ? inbox : work, 100 + i, 150);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DONE);
  world->adjust = count_commits;
  world->adjust_data = &commits;
  g_autoptr (EngineResult) second = world_run (world);
  g_assert_cmpint (second->exit_code, ==, EXIT_CODE_DONE);
  Ledger total = { 0 };
  account_result_total (account (second), &total);
  g_assert_cmpuint (total.present, ==, MANY + 8);
  g_assert_cmpuint (total.copied, ==, 0);
  g_assert_cmpint (g_atomic_int_get (&commits), ==, 2); /* its begin and its end */
  world_free (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/pass/an-unchanged-run-writes-its-record-alone",
                   test_second_run);
  return g_test_run ();
}
