/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The summary for people: what was done, what was not, and the sentence that matters.
 * Main thread.
 */
#include <string.h>

#include "cli/cli.h"

/* LISTED_MAX: failures and differences shown one by one; the report file has all. */
#define LISTED_MAX 20
/* LABEL_COLUMNS: the widest label, "removed there since", and a blank. */
#define LABEL_COLUMNS 20

static void
print_line (FILE *to, const char *label, const char *value)
{
  g_autofree char *padded = cli_pad (label, LABEL_COLUMNS);
  fprintf (to, "  %s%s\n", padded, value);
}

static void
print_count (FILE *to, const char *label, guint64 count)
{
  g_autofree char *number = cli_number (count);
  if (count > 0)
    print_line (to, label, number);
}

/* print_counts: "LABEL  count (reason)" for each reason of a table. */
static void
print_counts (FILE *to, const char *label, GHashTable *counts)
{
  guint length = 0;
  g_autofree const char **reasons = cli_reasons (counts, &length);
  for (guint i = 0; i < length && i < LISTED_MAX; i++)
    {
      guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, reasons[i]));
      g_autofree char *number = cli_number (count);
      g_autofree char *reason = cli_text (reasons[i]);
      g_autofree char *value = g_strdup_printf ("%s (%s)", number, reason);
      print_line (to, i == 0 ? label : "", value);
    }
  if (length > LISTED_MAX)
    fprintf (to, "  … and %u more reasons\n", length - LISTED_MAX);
}

static void
count_more (GHashTable *counts, const char *reason, guint more)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, reason));
  g_hash_table_insert (counts, g_strdup (reason), GUINT_TO_POINTER (count + more));
}

static void
count_up (GHashTable *counts, const char *reason)
{
  count_more (counts, reason, 1);
}

static GHashTable *
counts_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

/* print_item: "    FOLDER, KEY, "SUBJECT": REASON". */
static void
print_item (FILE *to, const char *folder, const char *key, const char *raw_subject,
            const char *reason)
{
  g_autofree char *place = cli_text (folder);
  g_autofree char *name = cli_text (key);
  g_autofree char *subject = cli_subject (raw_subject);
  g_autofree char *why = cli_text (reason);
  fprintf (to, "    %s", place);
  if (*name != '\0')
    fprintf (to, ", %s", name);
  if (subject != NULL && *subject != '\0')
    fprintf (to, ", \"%s\"", subject);
  fprintf (to, ": %s\n", why);
}

/* count_failures: adds an account's to @counts by their code; those that were counted but
 * not kept (RESULT_FAILURES_MAX) by no code. */
static void
count_failures (GHashTable *counts, const AccountResult *account, const Ledger *total)
{
  guint64 messages = 0;
  for (guint i = 0; i < account->failures->len; i++)
    {
      const Failure *failure = account->failures->pdata[i];
      count_up (counts, failure->code);
      messages += failure->key != NULL;
    }
  if (account->failures->len >= RESULT_FAILURES_MAX && total->failed > messages)
    count_more (counts, "not listed, see `mailhaul status`",
                (guint) (total->failed - messages));
}

static void
print_failures (FILE *to, const AccountResult *account, const Ledger *total)
{
  g_autoptr (GHashTable) counts = counts_new ();
  count_failures (counts, account, total);
  print_counts (to, "failed", counts);
  for (guint i = 0; i < account->failures->len && i < LISTED_MAX; i++)
    {
      const Failure *failure = account->failures->pdata[i];
      print_item (to, failure->folder, failure->key, failure->subject, failure->reason);
    }
  if (account->failures->len > LISTED_MAX)
    fprintf (to, "    … and %u more; --report FILE lists all\n",
             account->failures->len - LISTED_MAX);
}

static guint
count_differences (const AccountResult *account, gboolean surplus, gboolean noted)
{
  guint count = 0;
  for (guint i = 0; i < account->differences->len; i++)
    {
      const Difference *difference = account->differences->pdata[i];
      count += difference->surplus == surplus && difference->noted == noted;
    }
  return count;
}

static void
print_differences (FILE *to, const AccountResult *account)
{
  guint listed = 0, all = count_differences (account, FALSE, FALSE);
  print_count (to, "different", all);
  for (guint i = 0; i < account->differences->len && listed < LISTED_MAX; i++)
    {
      const Difference *difference = account->differences->pdata[i];
      if (difference_is_harmless (difference))
        continue;
      print_item (to, difference->folder, difference->key, difference->subject,
                  difference->reason);
      listed++;
    }
  if (all > listed)
    fprintf (to, "    … and %u more; --report FILE lists all\n", all - listed);
  print_count (to, "changed, as noted", count_differences (account, FALSE, TRUE));
  print_count (to, "only there", count_differences (account, TRUE, FALSE));
}

/* print_lost: a folder that somebody removed with all that was delivered there. */
static void
print_lost (FILE *to, const FolderResult *folder)
{
  g_autofree char *name = cli_text (folder->destination);
  g_autofree char *count = cli_number (folder->ledger.removed);
  g_autofree char *value = g_strdup_printf (
      "'%s', with %s message%s that had been delivered there", name, count,
      cli_plural (folder->ledger.removed));
  print_line (to, "folder was removed", value);
}

static void
print_folders (FILE *to, const AccountResult *account, EngineMode mode)
{
  g_autoptr (GHashTable) dropped = counts_new ();
  guint created = 0;
  for (guint i = 0; i < account->folders->len; i++)
    {
      const FolderResult *folder = account->folders->pdata[i];
      created += folder->created;
      if (folder->lost)
        print_lost (to, folder);
      if (folder->dropped != NULL)
        count_up (dropped, folder->dropped);
    }
  print_count (to, mode == ENGINE_DRY_RUN ? "folders to create" : "folders created",
               created);
  print_counts (to, "folders left out", dropped);
}

/* print_copied: how many, how much, how fast; or how long it took to copy nothing. */
static void
print_copied (FILE *to, const Ledger *total, gint64 elapsed_us)
{
  double seconds = (double) MAX (elapsed_us, 1) / G_USEC_PER_SEC;
  g_autofree char *number = cli_number (total->copied);
  g_autofree char *bytes = cli_bytes (total->copied_bytes);
  g_autofree char *elapsed = cli_duration (elapsed_us);
  g_autofree char *rate = cli_bytes ((guint64) ((double) total->copied_bytes / seconds));
  g_autofree char *speed = cli_number ((guint64) ((double) total->copied / seconds));
  g_autofree char *value = g_strdup_printf ("%s (%s) in %s: %s messages/s, %s/s", number,
                                            bytes, elapsed, speed, rate);
  print_line (to, total->copied > 0 ? "copied" : "elapsed",
              total->copied > 0 ? value : elapsed);
}

/* print_ledger: what became of the messages that did not fail. */
static void
print_ledger (FILE *to, const Ledger *total, GHashTable *skips, EngineMode mode)
{
  print_count (to, "already there", total->present + total->matched);
  print_count (to, "removed there since", total->removed);
  print_counts (to, "left out", skips);
  print_count (to, "vanished", total->gone);
  print_count (to, mode == ENGINE_DRY_RUN ? "flags to change" : "flags changed",
               total->flags_updated);
  gboolean plan = mode == ENGINE_DRY_RUN;
  print_count (to, plan ? "to delete there" : "deleted there", total->deleted);
  print_count (to, "kept, changed there", total->kept);
  print_count (to, plan ? "to take from source" : "taken from source", total->taken);
}

static void
print_verdict (const Cli *cli, FILE *to, gboolean good, const char *verdict)
{
  const char *color = good ? "\033[32m" : "\033[31m";
  fprintf (to, "  %s%s%s\n", cli->color ? color : "", verdict,
           cli->color ? "\033[0m" : "");
}

/* print_estimate: how long a run would take. */
static void
print_estimate (FILE *to, const AccountResult *account, const Ledger *total)
{
  g_autofree char *duration = cli_duration (account->estimate_us);
  g_autofree char *value = g_strdup_printf ("about %s at the speed of the last run",
                                            duration);
  if (total->planned > 0)
    print_line (to, "a run would take",
                account->estimate_us >= 0 ? value
                                          : "not known: no run has been measured yet");
}

static void
print_account (const Cli *cli, const AccountResult *account, EngineMode mode, FILE *to)
{
  Ledger total = { 0 };
  account_result_total (account, &total);
  g_autofree char *name = cli_text (account->name);
  fprintf (to, "%s:\n", name);
  for (guint i = 0; i < account->notices->len; i++)
    {
      g_autofree char *notice = cli_text (account->notices->pdata[i]);
      fprintf (to, "  note: %s\n", notice);
    }
  print_folders (to, account, mode);
  print_copied (to, &total, account->elapsed_us);
  print_ledger (to, &total, account->skips, mode);
  if (mode == ENGINE_DRY_RUN)
    print_estimate (to, account, &total);
  print_count (to, "compared", account->verified);
  print_failures (to, account, &total);
  print_differences (to, account);
  g_autofree char *verdict = report_verdict (account, mode);
  print_verdict (cli, to, account->exit_code == EXIT_CODE_DONE, verdict);
}

static void
print_total (const Cli *cli, const EngineResult *result, EngineMode mode, FILE *to)
{
  g_autoptr (GHashTable) skips = counts_new ();
  g_autoptr (GHashTable) failures = counts_new ();
  Ledger total = { 0 };
  guint64 verified = 0;
  for (guint i = 0; i < result->accounts->len; i++)
    {
      const AccountResult *account = result->accounts->pdata[i];
      GHashTableIter iter;
      gpointer reason, count;
      Ledger one = { 0 };
      account_result_total (account, &one);
      ledger_add (&total, &one);
      verified += account->verified;
      count_failures (failures, account, &one);
      g_hash_table_iter_init (&iter, account->skips);
      while (g_hash_table_iter_next (&iter, &reason, &count))
        count_more (skips, reason, GPOINTER_TO_UINT (count));
    }
  g_autofree char *verdict = report_total_verdict (result, mode);
  fprintf (to, "total of %u accounts:\n", result->accounts->len);
  print_copied (to, &total, cli->elapsed_us);
  print_ledger (to, &total, skips, mode);
  print_count (to, "compared", verified);
  print_counts (to, "failed", failures);
  print_verdict (cli, to, result->exit_code == EXIT_CODE_DONE, verdict);
}

void
report_text (const Cli *cli, const EngineResult *result, EngineMode mode, FILE *to,
             gpointer user_data)
{
  for (guint i = 0; i < result->accounts->len; i++)
    print_account (cli, result->accounts->pdata[i], mode, to);
  if (result->accounts->len > 1)
    print_total (cli, result, mode, to);
}
