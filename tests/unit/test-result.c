/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger's sums, the records of an account, and the exit codes.
 */
#include "engine/result.h"

#include <gio/gio.h>

#include <mailhaul/error.h>

static const Ledger full = { .seen = 28,
                             .copied = 1,
                             .present = 2,
                             .matched = 3,
                             .skipped = 4,
                             .gone = 5,
                             .failed = 6,
                             .planned = 7,
                             .copied_bytes = 100,
                             .flags_updated = 9 };

static void
test_ledger_balances (void)
{
  Ledger ledger = full;

  g_assert_true (ledger_balances (&ledger));
  ledger.flags_updated = 0;
  ledger.copied_bytes = 0;
  g_assert_true (ledger_balances (&ledger));
  ledger.gone--;
  g_assert_false (ledger_balances (&ledger));
}

static void
test_total (void)
{
  g_autoptr (GPtrArray)
      owner = g_ptr_array_new_with_free_func ((GDestroyNotify) account_result_free);
  AccountResult *account = account_result_new ("one");
  Ledger total = { .seen = 99 };
  g_ptr_array_add (owner, account);

  account_result_total (account, &total);
  g_assert_cmpuint (total.seen, ==, 0);
  for (guint i = 0; i < 3; i++)
    {
      FolderResult *folder = g_new0 (FolderResult, 1);
      folder->ledger = full;
      g_ptr_array_add (account->folders, folder);
    }
  account_result_total (account, &total);
  g_assert_cmpuint (total.seen, ==, 84);
  g_assert_cmpuint (total.copied_bytes, ==, 300);
  g_assert_cmpuint (total.flags_updated, ==, 27);
  g_assert_true (ledger_balances (&total));
}

static void
test_failures_bounded (void)
{
  AccountResult *account = account_result_new ("one");
  g_autoptr (GError) error = NULL;
  haul_error_set (&error, HAUL_ERROR_QUOTA, HAUL_SCOPE_MESSAGE, "append to 'Sent': full");

  account_result_fail (account, "Sent", "17", "Hello", error);
  account_result_fail (account, "Sent", NULL, NULL, error);
  const Failure *failure = g_ptr_array_index (account->failures, 0);
  g_assert_cmpstr (failure->folder, ==, "Sent");
  g_assert_cmpstr (failure->key, ==, "17");
  g_assert_cmpstr (failure->subject, ==, "Hello");
  g_assert_cmpstr (failure->code, ==, "quota");
  g_assert_cmpstr (failure->reason, ==, "append to 'Sent': full");
  for (guint i = 0; i < RESULT_FAILURES_MAX + 10; i++)
    account_result_fail (account, "Sent", "1", NULL, error);
  g_assert_cmpuint (account->failures->len, ==, RESULT_FAILURES_MAX);
  account_result_free (account);
}

static void
test_skips_counted (void)
{
  AccountResult *account = account_result_new ("one");

  account_result_skip (account, "too big");
  account_result_skip (account, "too old");
  account_result_skip (account, "too big");
  g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (account->skips, "too big")),
                    ==, 2);
  g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (account->skips, "too old")),
                    ==, 1);
  account_result_free (account);
}

static void
test_skip_reasons_bounded (void)
{
  AccountResult *account = account_result_new ("one");
  guint sum = 0;

  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *reason = g_strdup_printf ("reason %u", i);
      account_result_skip (account, reason);
    }
  g_assert_cmpuint (g_hash_table_size (account->skips), <=, 1001);
  GHashTableIter iter;
  gpointer count;
  g_hash_table_iter_init (&iter, account->skips);
  while (g_hash_table_iter_next (&iter, NULL, &count))
    sum += GPOINTER_TO_UINT (count);
  g_assert_cmpuint (sum, ==, 5000);
  account_result_free (account);
}

static void
test_notice (void)
{
  AccountResult *account = account_result_new ("one");

  account_result_notice (account, "%s is slow", "server");
  g_assert_cmpstr (g_ptr_array_index (account->notices, 0), ==, "server is slow");
  account_result_free (account);
}

typedef struct
{
  HaulErrorCode code;
  HaulErrorScope scope;
  ExitCode source, destination;
} CodeRow;

static void
test_exit_codes (void)
{
  static const CodeRow rows[] = {
    { HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, 2, 2 },
    { HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT, 5, 6 },
    { HAUL_ERROR_TLS, HAUL_SCOPE_JOB, 3, 4 },
    { HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, 3, 4 },
    { HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_ACCOUNT, 3, 4 },
    { HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER, 7, 7 },
    { HAUL_ERROR_QUOTA, HAUL_SCOPE_ACCOUNT, 7, 7 },
    { HAUL_ERROR_BUSY, HAUL_SCOPE_ACCOUNT, 8, 8 },
    { HAUL_ERROR_BUSY, HAUL_SCOPE_SESSION, 3, 4 },
    { HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE, 1, 1 },
    { HAUL_ERROR_INTERNAL, HAUL_SCOPE_JOB, 9, 9 },
    { HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_JOB, 8, 8 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      haul_error_set (&error, rows[i].code, rows[i].scope, "row %u", i);
      g_assert_cmpint (result_exit_code (error, TRUE), ==, rows[i].source);
      g_assert_cmpint (result_exit_code (error, FALSE), ==, rows[i].destination);
    }
}

static void
test_exit_code_other_domains (void)
{
  g_autoptr (GError)
      cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
  g_autoptr (GError) other = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "busy");

  g_assert_cmpint (result_exit_code (cancelled, TRUE), ==, EXIT_CODE_INTERRUPTED);
  g_assert_cmpint (result_exit_code (other, TRUE), ==, EXIT_CODE_INTERNAL);
}

static void
test_printable_key (void)
{
  static const struct
  {
    const char *data;
    gsize length;
    const char *text;
  } rows[] = {
    { "17", 2, "17" },
    { "1234.M5P6.host", 14, "1234.M5P6.host" },
    { "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f" },
    { "\xff\x01", 2, "ff01" },
    { "a\nb", 3, "610a62" },
    { "\0\0\0\x2a", 4, "0000002a" },
    { "a\xc2\x9b", 3, "61c29b" },
    { "", 0, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = result_printable_key ((const guint8 *) rows[i].data,
                                                    rows[i].length);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

static void
test_free_null (void)
{
  engine_result_free (NULL);
  account_result_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/result/ledger-balances", test_ledger_balances);
  g_test_add_func ("/engine/result/total-adds-folders", test_total);
  g_test_add_func ("/engine/result/failures-are-bounded", test_failures_bounded);
  g_test_add_func ("/engine/result/skips-are-counted", test_skips_counted);
  g_test_add_func ("/engine/result/skip-reasons-are-bounded", test_skip_reasons_bounded);
  g_test_add_func ("/engine/result/notice-is-formatted", test_notice);
  g_test_add_func ("/engine/result/exit-codes", test_exit_codes);
  g_test_add_func ("/engine/result/exit-code-of-other-domains",
                   test_exit_code_other_domains);
  g_test_add_func ("/engine/result/printable-key", test_printable_key);
  g_test_add_func ("/engine/result/free-accepts-null", test_free_null);
  return g_test_run ();
}
