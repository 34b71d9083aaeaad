/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sentence that matters, for every way in which an account can end.
 */
#include <string.h>

#include "cli/cli.h"

/* Row: an account and what must be said of it. */
typedef struct
{
  const char *label;
  EngineMode mode;
  ExitCode exit_code;
  Ledger ledger;
  const char *error; /* why it ended early */
  guint failures;    /* records */
  guint differences; /* records */
  gboolean created;  /* a folder was made */
  const char *says[3];
} Row;

static const Row rows[] = {
  { .label = "all copied",
    .ledger = { .seen = 1750, .copied = 1745, .skipped = 5 },
    .created = TRUE,
    .says = { "every one of the 1,745 selected messages is at the destination" } },
  { .label = "nothing to do",
    .ledger = { .seen = 10, .present = 10 },
    .says = { "nothing to do: every one of the 10 selected" } },
  { .label = "only flags",
    .ledger = { .seen = 10, .present = 10, .flags_updated = 1 },
    .says = { "every one of the 10 selected" } },
  { .label = "empty source",
    .ledger = { .seen = 0 },
    .says = { "nothing to do: no message is selected at the source" } },
  { .label = "vanished meanwhile",
    .ledger = { .seen = 3, .copied = 2, .gone = 1 },
    .says = { "every one of the 2 selected" } },
  { .label = "some removed there",
    .ledger = { .seen = 1745, .present = 1740, .removed = 5 },
    .says = { "nothing to do: 1,740 of the 1,745 selected messages are at the "
              "destination; 5 were removed there after delivery",
              "mailhaul verify" } },
  { .label = "one of two removed there",
    .ledger = { .seen = 3, .copied = 1, .present = 1, .removed = 1 },
    .says = { "2 of the 3 selected messages are at the destination; 1 was removed" } },
  { .label = "planned with some removed there",
    .mode = ENGINE_DRY_RUN,
    .ledger = { .seen = 10, .present = 9, .removed = 1 },
    .says = { "nothing to do: 9 of the 10 selected messages are at the destination" } },
  { .label = "some failed",
    .exit_code = EXIT_CODE_SOME_FAILED,
    .ledger = { .seen = 10, .copied = 7, .failed = 3 },
    .failures = 3,
    .says = { "NOT complete: 7 of the 10", "3 failed", "run it again" } },
  { .label = "a folder failed",
    .exit_code = EXIT_CODE_SOME_FAILED,
    .ledger = { .seen = 10, .copied = 10 },
    .failures = 1,
    .says = { "NOT complete: 1 folder failed", "10 of the 10" } },
  { .label = "full",
    .exit_code = EXIT_CODE_DESTINATION_FULL,
    .ledger = { .seen = 10, .copied = 4, .failed = 6 },
    .failures = 6,
    .says = { "NOT complete", "make room" } },
  { .label = "login refused",
    .exit_code = EXIT_CODE_SOURCE_LOGIN,
    .error = "login refused\033[2J",
    .says = { "NOT complete: login refused", "correct the login of the source" } },
  { .label = "interrupted",
    .exit_code = EXIT_CODE_INTERRUPTED,
    .ledger = { .seen = 10, .copied = 4, .failed = 0 },
    .says = { "interrupted", "4 of the 10", "goes on where it stopped" } },
  { .label = "plan",
    .mode = ENGINE_DRY_RUN,
    .ledger = { .seen = 10, .planned = 6, .present = 4, .copied_bytes = 1500 },
    .says = { "would copy 6 of the 10 selected messages (1.5 kB)" } },
  { .label = "plan of flags",
    .mode = ENGINE_DRY_RUN,
    .ledger = { .seen = 10, .present = 10, .flags_updated = 2 },
    .says = { "change the flags of 2" } },
  { .label = "plan of nothing",
    .mode = ENGINE_DRY_RUN,
    .ledger = { .seen = 10, .present = 10 },
    .says = { "nothing to do" } },
  { .label = "plan with a collision",
    .mode = ENGINE_DRY_RUN,
    .exit_code = EXIT_CODE_SOME_FAILED,
    .failures = 1,
    .says = { "NOT ready: 1 problem" } },
  { .label = "verified",
    .mode = ENGINE_VERIFY,
    .ledger = { .seen = 10, .present = 10 },
    .says = { "both sides agree: every one of the 10" } },
  { .label = "verified and different",
    .mode = ENGINE_VERIFY,
    .exit_code = EXIT_CODE_SOME_FAILED,
    .ledger = { .seen = 10, .present = 10 },
    .differences = 2,
    .says = { "differ in 2 places" } },
};

static AccountResult *
make_account (const Row *row)
{
  AccountResult *account = account_result_new ("one");
  FolderResult *folder = g_new0 (FolderResult, 1);
  g_autoptr (GError) reason = NULL;
  haul_error_set (&reason, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE, "refused");
  folder->ledger = row->ledger;
  folder->created = row->created;
  g_ptr_array_add (account->folders, folder);
  account->exit_code = row->exit_code;
  if (row->error != NULL)
    account->error = g_error_new (HAUL_ERROR, (int) HAUL_ERROR_AUTH, "%s", row->error);
  for (guint i = 0; i < row->failures; i++)
    account_result_fail (account, "INBOX", NULL, NULL, reason);
  for (guint i = 0; i < row->differences; i++)
    g_ptr_array_add (account->differences, g_new0 (Difference, 1));
  return account;
}

static void
test_verdict (gconstpointer data)
{
  const Row *row = data;
  AccountResult *account = make_account (row);
  g_autofree char *verdict = report_verdict (account, row->mode);
  g_test_message ("%s", verdict);
  for (guint i = 0; i < G_N_ELEMENTS (row->says) && row->says[i] != NULL; i++)
    g_assert_nonnull (strstr (verdict, row->says[i]));
  g_assert_null (strchr (verdict, '\033'));
  /* Nobody is told that all is well when it is not. */
  if (row->exit_code != EXIT_CODE_DONE)
    g_assert_null (strstr (verdict, "every one"));
  account_result_free (account);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = g_strdelimit (g_strdup (rows[i].label), " ", '-');
      g_autofree char *path = g_strdup_printf ("/cli/verdict/%s", name);
      g_test_add_data_func (path, &rows[i], test_verdict);
    }
  return g_test_run ();
}
