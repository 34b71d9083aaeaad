/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The summary for people on standard output: what was done, what was not, and the
 * sentence that matters. Main thread.
 */
#include <stdio.h>

#include "cli/cli.h"

/* LISTED_MAX: failures and differences shown one by one; the report file has all. */
#define LISTED_MAX 20

static void
print_count (const char *label, guint64 count)
{
  if (count == 0)
    return;
  g_autofree char *number = cli_number (count);
  printf ("  %-16s %s\n", label, number);
}

static void
print_skips (const AccountResult *account)
{
  GHashTableIter iter;
  gpointer reason, count;
  g_hash_table_iter_init (&iter, account->skips);
  while (g_hash_table_iter_next (&iter, &reason, &count))
    {
      g_autofree char *number = cli_number (GPOINTER_TO_UINT (count));
      printf ("  skipped          %s (%s)\n", number, (const char *) reason);
    }
}

static void
print_failures (const AccountResult *account)
{
  for (guint i = 0; i < account->failures->len; i++)
    {
      const Failure *failure = account->failures->pdata[i];
      if (i == LISTED_MAX)
        {
          printf ("  … and %u more failures; --report FILE lists all\n",
                  account->failures->len - i);
          return;
        }
      printf ("  failed: %s%s%s%s%s%s: %s\n", failure->folder,
              failure->key != NULL ? ", " : "", failure->key != NULL ? failure->key : "",
              failure->subject != NULL ? " \"" : "",
              failure->subject != NULL ? failure->subject : "",
              failure->subject != NULL ? "\"" : "", failure->reason);
    }
}

static guint
count_differences (const AccountResult *account, gboolean surplus)
{
  guint count = 0;
  for (guint i = 0; i < account->differences->len; i++)
    if (((Difference *) account->differences->pdata[i])->surplus == surplus)
      count++;
  return count;
}

static void
print_differences (const AccountResult *account)
{
  guint listed = 0;
  for (guint i = 0; i < account->differences->len && listed < LISTED_MAX; i++)
    {
      const Difference *difference = account->differences->pdata[i];
      if (difference->surplus)
        continue;
      printf ("  differs: %s, %s: %s\n", difference->folder,
              difference->key != NULL ? difference->key : "", difference->reason);
      listed++;
    }
  guint all = count_differences (account, FALSE);
  if (all > listed)
    printf ("  … and %u more differences; --report FILE lists all\n", all - listed);
  print_count ("only there", count_differences (account, TRUE));
}

/* The sentence that matters. */
static void
print_verdict (const AccountResult *account, const Ledger *total, EngineMode mode)
{
  guint64 selected = total->seen - total->skipped - total->gone;
  g_autofree char *number = cli_number (selected);
  guint differences = count_differences (account, FALSE);
  if (mode == ENGINE_DRY_RUN)
    {
      g_autofree char *planned = cli_number (total->planned);
      g_autofree char *bytes = cli_bytes (total->copied_bytes);
      printf ("  a run would copy %s of the %s selected messages (%s)\n", planned, number,
              bytes);
    }
  else if (account->exit_code == EXIT_CODE_DONE && mode == ENGINE_VERIFY)
    printf ("  both sides agree: every one of the %s selected messages is at the "
            "destination\n",
            number);
  else if (account->exit_code == EXIT_CODE_DONE)
    printf ("  every one of the %s selected messages is at the destination\n", number);
  else if (account->exit_code == EXIT_CODE_INTERRUPTED)
    printf ("  interrupted: run it again; it goes on where it stopped\n");
  else if (differences > 0)
    printf ("  %u of the %s selected messages differ\n", differences, number);
  else
    {
      g_autofree char *failed = cli_number (total->failed);
      printf (
          "  NOT complete: %s of the %s selected messages failed; mend the cause and run "
          "it again, it repeats only what is missing\n",
          failed, number);
    }
}

static void
print_account (const AccountResult *account, EngineMode mode)
{
  Ledger total = { 0 };
  account_result_total (account, &total);
  printf ("%s:\n", account->name);
  if (account->error != NULL)
    printf ("  error: %s\n", account->error->message);
  for (guint i = 0; i < account->notices->len; i++)
    printf ("  note: %s\n", (const char *) account->notices->pdata[i]);
  guint created = 0, dropped = 0;
  for (guint i = 0; i < account->folders->len; i++)
    {
      created += ((FolderResult *) account->folders->pdata[i])->created;
      dropped += ((FolderResult *) account->folders->pdata[i])->dropped != NULL;
    }
  if (mode == ENGINE_RUN && account->exit_code == EXIT_CODE_DONE && total.copied == 0
      && total.flags_updated == 0 && total.failed == 0 && created == 0)
    {
      g_autofree char *number = cli_number (total.present + total.matched);
      printf ("  nothing to do: all %s messages are there already\n", number);
    }
  print_count ("folders created", created);
  print_count ("folders left out", dropped);
  if (total.copied > 0)
    {
      g_autofree char *number = cli_number (total.copied);
      g_autofree char *bytes = cli_bytes (total.copied_bytes);
      g_autofree char *rate = cli_bytes (
          (guint64) ((double) total.copied_bytes * 1e6
                     / (double) MAX (account->elapsed_us, 1)));
      printf ("  copied           %s (%s) in %.1f s, %s/s\n", number, bytes,
              (double) account->elapsed_us / 1e6, rate);
    }
  print_count ("already there", total.present + total.matched);
  print_skips (account);
  print_count ("vanished", total.gone);
  print_count ("flags changed", total.flags_updated);
  print_count ("compared", account->verified);
  print_count ("failed", total.failed);
  print_failures (account);
  print_differences (account);
  print_verdict (account, &total, mode);
}

static void
print_total (const EngineResult *result)
{
  Ledger total = { 0 };
  guint done = 0;
  for (guint i = 0; i < result->accounts->len; i++)
    {
      const AccountResult *account = result->accounts->pdata[i];
      Ledger one = { 0 };
      account_result_total (account, &one);
      ledger_add (&total, &one);
      done += account->exit_code == EXIT_CODE_DONE;
    }
  g_autofree char *copied = cli_number (total.copied);
  g_autofree char *failed = cli_number (total.failed);
  printf ("total: %u of %u accounts complete, %s messages copied, %s failed\n", done,
          result->accounts->len, copied, failed);
}

void
report_text (const EngineResult *result, EngineMode mode)
{
  for (guint i = 0; i < result->accounts->len; i++)
    print_account (result->accounts->pdata[i], mode);
  if (result->accounts->len > 1)
    print_total (result);
  fflush (stdout);
}
