/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sentence that matters, for one account and for all of a job: every selected message
 * is at the destination, or what is not and what to do. Pure.
 */
#include "cli/cli.h"

/* advice: what a person can do about an account that ended early. */
static const char *
advice (ExitCode code)
{
  switch (code)
    {
    case EXIT_CODE_DONE:
      return "";
    case EXIT_CODE_SOME_FAILED:
      return "mend the cause and run it again: only what is missing is repeated";
    case EXIT_CODE_USAGE:
      return "correct the job, or see that its state directory can be written to and has "
             "room";
    case EXIT_CODE_SOURCE_UNREACHABLE:
      return "see that the source is there and can be read, then run it again";
    case EXIT_CODE_DESTINATION_UNREACHABLE:
      return "see that the destination can be reached and written to, then run it again";
    case EXIT_CODE_SOURCE_LOGIN:
      return "correct the login of the source (the reason says what it may be); it was "
             "not "
             "tried again, so that the account does not get locked";
    case EXIT_CODE_DESTINATION_LOGIN:
      return "correct the login of the destination (the reason says what it may be); it "
             "was "
             "not tried again, so that the account does not get locked";
    case EXIT_CODE_DESTINATION_FULL:
      return "make room at the destination, then run it again";
    case EXIT_CODE_REFUSED:
      return "nothing was changed after that; see the reason";
    case EXIT_CODE_INTERNAL:
      return "this is a mistake in mailhaul or a plugin; please report it";
    case EXIT_CODE_INTERRUPTED:
      return "run it again: it goes on where it stopped";
    }
  return "";
}

static guint64
count_different (const AccountResult *account)
{
  guint64 count = 0;
  for (guint i = 0; i < account->differences->len; i++)
    if (!difference_is_harmless (account->differences->pdata[i]))
      count++;
  return count;
}

/* count_twins: messages that a broken connection left at the destination twice. */
static guint
count_twins (const AccountResult *account)
{
  guint count = 0;
  for (guint i = 0; i < account->failures->len; i++)
    {
      const Failure *failure = account->failures->pdata[i];
      if (failure->key != NULL
          && g_strcmp0 (failure->code, haul_error_code_name (HAUL_ERROR_EXISTS)) == 0)
        count++;
    }
  return count;
}

static gboolean
created_folders (const AccountResult *account)
{
  for (guint i = 0; i < account->folders->len; i++)
    if (((FolderResult *) account->folders->pdata[i])->created)
      return TRUE;
  return FALSE;
}

/* of_presence: how much of what is selected is at the destination: what somebody removed
 * there after delivery is not, and is never said to be. */
static char *
of_presence (const Ledger *total)
{
  guint64 selected = total->seen - total->skipped - total->gone;
  guint64 there = total->copied + total->present + total->matched;
  g_autofree char *all = cli_number (selected);
  g_autofree char *some = cli_number (there);
  g_autofree char *removed = cli_number (total->removed);
  if (total->removed == 0)
    return g_strdup_printf ("every one of the %s selected messages is at the destination",
                            all);
  return g_strdup_printf (
      "%s of the %s selected messages %s at the destination; %s %s "
      "removed there after delivery (`mailhaul verify` lists %s) and "
      "%s not copied again",
      some, all, there == 1 ? "is" : "are", removed, total->removed == 1 ? "was" : "were",
      total->removed == 1 ? "it" : "them", total->removed == 1 ? "is" : "are");
}

/* removals: what was or would be deleted on both sides. */
static guint64
removals (const Ledger *total)
{
  return total->deleted + total->taken;
}

/* of_plan: what a run would do. */
static char *
of_plan (const AccountResult *account, const Ledger *total, const char *selected)
{
  g_autofree char *planned = cli_number (total->planned);
  g_autofree char *bytes = cli_bytes (total->copied_bytes);
  g_autofree char *flags = cli_number (total->flags_updated);
  g_autofree char *presence = of_presence (total);
  if (total->planned == 0 && total->flags_updated == 0 && removals (total) == 0
      && !created_folders (account))
    return g_strdup_printf ("nothing to do: %s", presence);
  if (removals (total) > 0)
    return g_strdup_printf (
        "a run would copy %s of the %s selected messages (%s), change "
        "the flags of %s, and delete %" G_GUINT64_FORMAT
        " at the destination and %" G_GUINT64_FORMAT " at the source",
        planned, selected, bytes, flags, total->deleted, total->taken);
  if (total->flags_updated > 0)
    return g_strdup_printf ("a run would copy %s of the %s selected messages (%s) and "
                            "change the flags of %s",
                            planned, selected, bytes, flags);
  return g_strdup_printf ("a run would copy %s of the %s selected messages (%s)", planned,
                          selected, bytes);
}

/* is_idle: a run that had nothing to do. */
static gboolean
is_idle (const AccountResult *account, const Ledger *total)
{
  return total->copied == 0 && total->flags_updated == 0 && total->gone == 0
         && removals (total) == 0 && !created_folders (account);
}

/* of_success: exit code 0 of a run or a verification. */
static char *
of_success (const AccountResult *account, const Ledger *total, EngineMode mode)
{
  gboolean idle = mode == ENGINE_RUN && is_idle (account, total);
  if (total->seen - total->skipped - total->gone == 0)
    return g_strdup_printf ("%sno message is selected at the source",
                            idle ? "nothing to do: " : "");
  g_autofree char *presence = of_presence (total);
  return g_strdup_printf ("%s%s",
                          mode == ENGINE_VERIFY ? "both sides agree: "
                                                : (idle ? "nothing to do: " : ""),
                          presence);
}

/* of_end: the account ended before its time. */
static char *
of_end (const AccountResult *account, const char *there, const char *selected)
{
  g_autofree char *reason = cli_text (account->error != NULL ? account->error->message
                                                             : "the run was stopped");
  const char *what = account->exit_code == EXIT_CODE_INTERRUPTED ? "interrupted"
                                                                 : "NOT complete";
  if (account->folders->len == 0)
    return g_strdup_printf ("%s: %s; %s", what, reason, advice (account->exit_code));
  return g_strdup_printf ("%s: %s; %s of the %s selected messages seen so far are at the "
                          "destination; %s",
                          what, reason, there, selected, advice (account->exit_code));
}

char *
report_verdict (const AccountResult *account, EngineMode mode)
{
  Ledger total = { 0 };
  account_result_total (account, &total);
  g_autofree char *selected = cli_number (total.seen - total.skipped - total.gone);
  g_autofree char *there = cli_number (total.copied + total.present + total.matched);
  g_autofree char *failed = cli_number (total.failed);
  g_autofree char *different = cli_number (count_different (account));

  if (account->error != NULL || account->exit_code == EXIT_CODE_INTERRUPTED)
    return of_end (account, there, selected);
  if (account->exit_code == EXIT_CODE_DONE && mode == ENGINE_DRY_RUN)
    return of_plan (account, &total, selected);
  if (account->exit_code == EXIT_CODE_DONE)
    return of_success (account, &total, mode);
  if (mode == ENGINE_DRY_RUN)
    return g_strdup_printf ("NOT ready: %u problem%s in the way, see above",
                            account->failures->len, cli_plural (account->failures->len));
  if (count_different (account) > 0)
    return g_strdup_printf ("the two sides differ in %s place%s, see above; %s",
                            different, cli_plural (count_different (account)),
                            mode == ENGINE_VERIFY
                                ? "a run copies what was never delivered, but leaves "
                                  "alone what was deleted or changed at the destination "
                                  "since; a run with an empty state directory copies "
                                  "that, too, and nothing twice"
                                : "look at these messages at the destination");
  if (total.failed == 0 && count_twins (account) == account->failures->len
      && account->failures->len > 0)
    {
      g_autofree char *presence = of_presence (&total);
      return g_strdup_printf (
          "%s, but %u of them twice, see above: remove one of each by "
          "hand",
          presence, account->failures->len);
    }
  if (total.failed == 0 && total.seen == 0)
    return g_strdup_printf ("NOT complete: %u folder%s failed; %s",
                            account->failures->len, cli_plural (account->failures->len),
                            advice (account->exit_code));
  if (total.failed == 0)
    return g_strdup_printf ("NOT complete: %u folder%s failed; %s of the %s selected "
                            "messages seen are at the destination; %s",
                            account->failures->len, cli_plural (account->failures->len),
                            there, selected, advice (account->exit_code));
  return g_strdup_printf ("NOT complete: %s of the %s selected messages are at the "
                          "destination, %s failed; %s",
                          there, selected, failed, advice (account->exit_code));
}

/* Sum: all accounts of a result. */
typedef struct
{
  Ledger total;
  guint complete; /* accounts with exit code 0 */
  gboolean idle;  /* all of them */
} Sum;

static Sum
sum_up (const EngineResult *result)
{
  Sum sum = { .idle = TRUE };
  for (guint i = 0; i < result->accounts->len; i++)
    {
      const AccountResult *account = result->accounts->pdata[i];
      Ledger one = { 0 };
      account_result_total (account, &one);
      ledger_add (&sum.total, &one);
      sum.complete += account->exit_code == EXIT_CODE_DONE;
      sum.idle = sum.idle && one.planned == 0 && is_idle (account, &one);
    }
  return sum;
}

char *
report_total_verdict (const EngineResult *result, EngineMode mode)
{
  Sum sum = sum_up (result);
  const Ledger *total = &sum.total;
  g_autofree char *selected = cli_number (total->seen - total->skipped - total->gone);
  g_autofree char *there = cli_number (total->copied + total->present + total->matched);
  g_autofree char *planned = cli_number (total->planned);
  g_autofree char *bytes = cli_bytes (total->copied_bytes);
  if (sum.complete < result->accounts->len && mode != ENGINE_RUN)
    return g_strdup_printf ("%s %u of %u accounts; each account above says what to do",
                            mode == ENGINE_VERIFY ? "both sides agree only in"
                                                  : "NOT ready: a run can do",
                            sum.complete, result->accounts->len);
  if (sum.complete < result->accounts->len)
    return g_strdup_printf ("NOT complete: %u of %u accounts are; %s of the %s selected "
                            "messages seen are at the destination; each account above "
                            "says what to do",
                            sum.complete, result->accounts->len, there, selected);
  if (mode == ENGINE_DRY_RUN && !sum.idle)
    return g_strdup_printf ("a run would copy %s of the %s selected messages (%s)",
                            planned, selected, bytes);
  const char *prefix = sum.idle ? "nothing to do: " : "";
  g_autofree char *presence = of_presence (total);
  return g_strdup_printf ("%s%s", mode == ENGINE_VERIFY ? "both sides agree: " : prefix,
                          presence);
}
