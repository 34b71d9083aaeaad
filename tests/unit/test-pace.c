/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limit of bytes a second, over a clock that the test sets.
 */
#include "engine/pace.h"

static void
test_no_limit (void)
{
  Pace pace = { 0 };
  g_assert_cmpint (pace_take (&pace, G_MAXUINT32, 1000), ==, 0);
  g_assert_cmpint (pace.next_us, ==, 0);
}

static void
test_keeps_rate (void)
{
  Pace pace = { .rate_bytes = 100000 };
  gint64 now_us = 5 * G_USEC_PER_SEC;
  const gint64 start_us = now_us;
  for (guint i = 0; i < 1000; i++)
    now_us += pace_take (&pace, 1000, now_us);
  /* 1,000,000 bytes take ten seconds, less what a lane may run ahead. */
  g_assert_cmpint (now_us - start_us, <=, 10 * G_USEC_PER_SEC);
  g_assert_cmpint (now_us - start_us, >=, 10 * G_USEC_PER_SEC - 100000);
}

static void
test_saves_nothing (void)
{
  Pace pace = { .rate_bytes = 1000 };
  (void) pace_take (&pace, 1000, 0);
  /* An hour of silence is no credit. */
  gint64 now_us = G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC;
  g_assert_cmpint (pace_take (&pace, 10000, now_us), >=, 9 * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pace/take/without-a-limit", test_no_limit);
  g_test_add_func ("/pace/take/keeps-the-rate", test_keeps_rate);
  g_test_add_func ("/pace/take/silence-is-no-credit", test_saves_nothing);
  return g_test_run ();
}
