/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The summary for people: what was done, what was not, and the sentence that matters.
 * Main thread.
 */
#include <string.h>

#include "cli/cli.h"

/* LISTED_MAX: failures and differences shown one by one; the report file has all. */
#define LISTED_MAX 20
/* LABEL_COLUMNS: the widest label, "folders to create", and a blank. */
#define LABEL_COLUMNS 18

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

/* compare_counts: the larger count first, then by name; @data: the table. */
static int
compare_counts (gconstpointer a, gconstpointer b, gpointer data)
{
  const char *left = *(const char *const *) a, *right = *(const char *const *) b;
  guint more = GPOINTER_TO_UINT (g_hash_table_lookup (data, left));
  guint less = GPOINTER_TO_UINT (g_hash_table_lookup (data, right));
  return more != less ? (more < less) - (more > less) : strcmp (left, right);
}

/* print_counts: "LABEL  count (reason)" for each reason of a table. */
static void
print_counts (FILE *to, const char *label, GHashTable *counts)
{
  guint length = 0;
  g_autofree gpointer *reasons = g_hash_table_get_keys_as_array (counts, &length);
  g_qsort_with_data (reasons, (int) length, sizeof *reasons, compare_counts, counts);
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
count_up (GHashTable *counts, const char *reason)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, reason));
  g_hash_table_insert (counts, g_strdup (reason), GUINT_TO_POINTER (count + 1));
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

static void
print_failures (FILE *to, const AccountResult *account)
{
  g_autoptr (GHashTable) counts = counts_new ();
  for (guint i = 0; i < account->failures->len; i++)
    count_up (counts, ((Failure *) account->failures->pdata[i])->code);
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
count_differences (const AccountResult *account, gboolean surplus)
{
  guint count = 0;
  for (guint i = 0; i < account->differences->len; i++)
    if (((Difference *) account->differences->pdata[i])->surplus == surplus)
      count++;
  return count;
}

static void
print_differences (FILE *to, const AccountResult *account)
{
  guint listed = 0, all = count_differences (account, FALSE);
  print_count (to, "different", all);
  for (guint i = 0; i < account->differences->len && listed < LISTED_MAX; i++)
    {
      const Difference *difference = account->differences->pdata[i];
      if (difference->surplus)
        continue;
      print_item (to, difference->folder, difference->key, difference->subject,
                  difference->reason);
      listed++;
    }
  if (all > listed)
    fprintf (to, "    … and %u more; --report FILE lists all\n", all - listed);
  print_count (to, "only there", count_differences (account, TRUE));
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
      if (folder->dropped != NULL)
        count_up (dropped, folder->dropped);
    }
  print_count (to, mode == ENGINE_DRY_RUN ? "folders to create" : "folders created",
               created);
  print_counts (to, "folders left out", dropped);
}

/* print_copied: how many, how much, how fast. */
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
  if (total->copied > 0)
    print_line (to, "copied", value);
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
  print_count (to, "already there", total.present + total.matched);
  print_counts (to, "left out", account->skips);
  print_count (to, "vanished", total.gone);
  print_count (to, mode == ENGINE_DRY_RUN ? "flags to change" : "flags changed",
               total.flags_updated);
  print_count (to, "compared", account->verified);
  print_failures (to, account);
  print_differences (to, account);
  g_autofree char *verdict = report_verdict (account, mode);
  gboolean good = account->exit_code == EXIT_CODE_DONE;
  fprintf (to, "  %s%s%s\n", !cli->color ? "" : (good ? "\033[32m" : "\033[31m"), verdict,
           cli->color ? "\033[0m" : "");
}

static void
print_total (const EngineResult *result, FILE *to)
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
  g_autofree char *bytes = cli_bytes (total.copied_bytes);
  g_autofree char *there = cli_number (total.present + total.matched);
  g_autofree char *skipped = cli_number (total.skipped);
  g_autofree char *failed = cli_number (total.failed);
  fprintf (to,
           "total: %u of %u accounts complete; %s messages copied (%s), %s already "
           "there, %s left out, %s failed\n",
           done, result->accounts->len, copied, bytes, there, skipped, failed);
}

void
report_text (const Cli *cli, const EngineResult *result, EngineMode mode, FILE *to,
             gpointer user_data)
{
  for (guint i = 0; i < result->accounts->len; i++)
    print_account (cli, result->accounts->pdata[i], mode, to);
  if (result->accounts->len > 1)
    print_total (result, to);
}
