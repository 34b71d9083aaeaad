/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The retry table, row by row, and the back-off.
 */
#include "engine/retry.h"

#include <gio/gio.h>

#define S G_GINT64_CONSTANT (1000000)

/* Row: what a code leads to in each scope at its first attempt, then how many attempts
 * there are and what comes after (where there is a second one). */
typedef struct
{
  HaulErrorCode code;
  const char *first; /* message, folder, session, account, job */
  guint attempts[5]; /* the one that is the last; 1: never again */
  const char *after;
} Row;

/* M fail message, A again, G gone, F fail folder, R reconnect, S stop account, J stop job
 */
static const char letters[] = "MAGFRSJ";

static const Row rows[] = {
  { HAUL_ERROR_CONFIG, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_AUTH, "SSSSJ", { 1, 1, 1, 1, 1 }, "SSSSJ" },
  { HAUL_ERROR_TLS, "SSSSJ", { 1, 1, 1, 1, 1 }, "SSSSJ" },
  { HAUL_ERROR_NETWORK, "ARRRJ", { 5, 10, 10, 10, 1 }, "MFSSJ" },
  { HAUL_ERROR_TIMEOUT, "ARRRJ", { 5, 10, 10, 10, 1 }, "MFSSJ" },
  { HAUL_ERROR_BUSY, "ARRRJ", { 5, 18, 18, 18, 1 }, "MFSSJ" },
  { HAUL_ERROR_PROTOCOL, "ARRRJ", { 2, 2, 2, 2, 1 }, "MFFSJ" },
  { HAUL_ERROR_QUOTA, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_TOO_BIG, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_REJECTED, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_GONE, "GFSSJ", { 1, 1, 1, 1, 1 }, "GFSSJ" },
  { HAUL_ERROR_NOT_FOUND, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_EXISTS, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_PERMISSION, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_IO, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_CORRUPT, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_INTERNAL, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
  { HAUL_ERROR_UNSUPPORTED, "MFSSJ", { 1, 1, 1, 1, 1 }, "MFSSJ" },
};

static GError *
make (int code, int scope)
{
  GError *error = NULL;
  haul_error_set (&error, (HaulErrorCode) code, (HaulErrorScope) scope, "refused");
  return error;
}

static char
decide_first (int code, guint attempt)
{
  g_autoptr (GError) error = make (code, HAUL_SCOPE_SESSION);
  return letters[retry_decide_first (error, attempt, 0, 0).action];
}

static void
test_first_contact (void)
{
  static const struct
  {
    int code;
    guint attempt;
    RetryAction action;
  } cases[] = {
    { HAUL_ERROR_NETWORK, 1, RETRY_RECONNECT },
    { HAUL_ERROR_NETWORK, 2, RETRY_RECONNECT },
    { HAUL_ERROR_NETWORK, 3, RETRY_STOP_ACCOUNT },
    { HAUL_ERROR_TIMEOUT, 1, RETRY_STOP_ACCOUNT },
    { HAUL_ERROR_BUSY, 7, RETRY_RECONNECT },
    { HAUL_ERROR_BUSY, 8, RETRY_STOP_ACCOUNT },
    { HAUL_ERROR_AUTH, 1, RETRY_STOP_ACCOUNT },
    { HAUL_ERROR_TLS, 1, RETRY_STOP_ACCOUNT },
    { HAUL_ERROR_NOT_FOUND, 1, RETRY_STOP_ACCOUNT },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (decide_first (cases[i].code, cases[i].attempt), ==,
                     letters[cases[i].action]);
}

static char
decide (int code, int scope, guint attempt)
{
  g_autoptr (GError) error = make (code, scope);
  return letters[retry_decide (error, attempt, 0, 0).action];
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  for (int scope = HAUL_SCOPE_MESSAGE; scope <= HAUL_SCOPE_JOB; scope++)
    {
      guint last = row->attempts[scope];
      g_assert_cmpint (decide (row->code, scope, 1), ==, row->first[scope]);
      if (last > 1)
        g_assert_cmpint (decide (row->code, scope, last - 1), ==, row->first[scope]);
      g_assert_cmpint (decide (row->code, scope, last), ==, row->after[scope]);
      g_assert_cmpint (decide (row->code, scope, G_MAXUINT), ==, row->after[scope]);
    }
}

static void
test_cancelled (void)
{
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "stop");
  g_assert_cmpint (retry_decide (error, 1, 0, 0).action, ==, RETRY_STOP_JOB);
}

static void
test_other_domain (void)
{
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_autoptr (GError) other = g_error_new (G_FILE_ERROR, G_IO_ERROR_CANCELLED, "io");
  g_assert_cmpint (retry_decide (error, 1, 0, 0).action, ==, RETRY_RECONNECT);
  g_assert_cmpint (retry_decide (error, 2, 0, 0).action, ==, RETRY_FAIL_FOLDER);
  g_assert_cmpint (retry_decide (other, 1, 0, 0).action, ==, RETRY_RECONNECT);
}

static void
test_unknown_code (void)
{
  g_assert_cmpint (decide (4711, HAUL_SCOPE_MESSAGE, 1), ==, 'A');
  g_assert_cmpint (decide (-1, HAUL_SCOPE_SESSION, 2), ==, 'F');
  g_assert_cmpint (decide (HAUL_ERROR_AUTH, 99, 1), ==, 'S');
}

static void
test_delays (void)
{
  const struct
  {
    guint attempt;
    guint32 jitter;
    gint64 unit_us;
    gint64 delay_us;
  } vectors[] = { { 1, 0, 0, S },
                  { 2, 0, 0, 2 * S },
                  { 3, 0, 0, 4 * S },
                  { 9, 0, 0, 256 * S },
                  { 10, 0, 0, 300 * S },
                  { G_MAXUINT, 0, 0, 300 * S },
                  { 0, 0, 0, S },
                  { 1, 1u << 31, 0, 750000 },
                  { 3, 1u << 31, 0, 3 * S },
                  { 1, G_MAXUINT32, 0, 500001 },
                  { 40, G_MAXUINT32, 0, 150 * S + 1 },
                  { 1, 0, 1000, 1000 },
                  { 4, 0, 1000, 8000 },
                  { 1, 0, -5, S },
                  { 1, 0, G_MAXINT64, 300 * S } };
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    g_assert_cmpint (
        retry_delay (vectors[i].attempt, vectors[i].jitter, vectors[i].unit_us), ==,
        vectors[i].delay_us);
}

static void
test_hint (void)
{
  g_autoptr (GError) error = make (HAUL_ERROR_BUSY, HAUL_SCOPE_SESSION);
  haul_error_set_delay_us (error, 90 * S);
  g_assert_cmpint (retry_decide (error, 1, G_MAXUINT32, 0).delay_us, ==, 90 * S);
  g_assert_cmpint (retry_decide (error, 9, 0, 0).delay_us, ==, 256 * S);
  haul_error_set_delay_us (error, RETRY_HINT_MAX_US);
  g_assert_cmpint (retry_decide (error, 1, 0, 0).delay_us, ==, RETRY_HINT_MAX_US);
  haul_error_set_delay_us (error, RETRY_HINT_MAX_US + 1);
  g_assert_cmpint (retry_decide (error, 1, 0, 0).action, ==, RETRY_STOP_ACCOUNT);
  haul_error_set_delay_us (error, G_MAXINT64);
  g_assert_cmpint (retry_decide (error, 1, 0, 0).action, ==, RETRY_STOP_ACCOUNT);
}

static void
test_no_delay_after (void)
{
  g_autoptr (GError) error = make (HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE);
  haul_error_set_delay_us (error, 90 * S);
  g_assert_cmpint (retry_decide (error, 1, 0, 0).delay_us, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/retry/table/",
                                           haul_error_code_name (rows[i].code), NULL);
      g_test_add_data_func (path, &rows[i], test_row);
    }
  g_test_add_func ("/retry/table/cancelled-stops-the-job", test_cancelled);
  g_test_add_func ("/retry/table/other-domains-are-nonsense", test_other_domain);
  g_test_add_func ("/retry/table/unknown-codes-are-nonsense", test_unknown_code);
  g_test_add_func ("/retry/delay/doubles-up-to-a-limit", test_delays);
  g_test_add_func ("/retry/delay/peer-is-obeyed-within-a-limit", test_hint);
  g_test_add_func ("/retry/delay/none-without-another-try", test_no_delay_after);
  g_test_add_func ("/retry/first/gives-up-sooner", test_first_contact);
  return g_test_run ();
}
