/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hazard 15: INTERNALDATE as servers write it; and the one form that we write. */
#include <string.h>

#include <glib.h>

#include "datetime.h"

static const struct
{
  const gchar *text;
  gint64 seconds;
  gint zone;
} good[] = {
  { "17-Jul-1996 02:44:25 -0700", 837596665, -420 },
  { " 1-Jan-2024 10:00:00 +0100", 1704099600, 60 },
  { "1-Jan-2024 10:00:00 +0100", 1704099600, 60 },
  { "01-jan-2024 10:00:00 +01:00", 1704099600, 60 },
  { "01-January-24 9:00 GMT", 1704099600, 0 },
  { "01-Jan-2024 09:00:00", 1704099600, 0 },
  { "01 Jan 2024 04:00:00 EST", 1704099600, -300 },
  { "01-Jan-2024 09:00:00 Mars", 1704099600, 0 },
  { "01-Jan-2024 09:00:00 +9", 1704099600, 0 },
  { "01-Jan-1970 00:00:00 +0000", 0, 0 },
  { "31-Dec-1899 23:59:59 +0000", -2208988801, 0 },
  { "29-Feb-2000 12:00:00 +0000", 951825600, 0 },
  { "31-Dec-9999 23:59:60 +0000", 253402300800, 0 },
  { "01-Jan-99 00:00:00 +0000", 915148800, 0 },
  { "01-Jan-100 00:00:00 +0000", 946684800, 0 },
};

static void
test_lenient (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      gint64 seconds = 0;
      gint zone = -1;
      ImapString text = { good[i].text, strlen (good[i].text) };
      g_assert_true (imap_datetime_parse (text, &seconds, &zone));
      g_assert_cmpint (seconds, ==, good[i].seconds);
      g_assert_cmpint (zone, ==, good[i].zone);
    }
}

static void
test_unknown (void)
{
  static const gchar *const bad[] = { "",
                                      "NIL",
                                      "30-Feb-2024 10:00:00 +0000",
                                      "29-Feb-1900 10:00:00 +0000",
                                      "32-Foo-2024 99:00:00 +0000",
                                      "00-Jan-2024 10:00:00 +0000",
                                      "01-Jan-2024 24:00:00 +0000",
                                      "01-Jan-2024 10:60:00 +0000",
                                      "01-Jan-2024",
                                      "2024-01-01 10:00:00",
                                      "01-Jan-2024 10" };
  gint64 seconds;
  gint zone;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (
        imap_datetime_parse ((ImapString){ bad[i], strlen (bad[i]) }, &seconds, &zone));
}

static void
check_format (gint64 seconds, gint zone, const gchar *expected)
{
  g_autofree gchar *text = imap_datetime_format (seconds, zone);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_format (void)
{
  check_format (1704099600, 60, " 1-Jan-2024 10:00:00 +0100");
  check_format (837596665, -420, "17-Jul-1996 02:44:25 -0700");
  check_format (0, 0, " 1-Jan-1970 00:00:00 +0000");
  check_format (946598100, 825, "31-Dec-1999 13:40:00 +1345");
  check_format (253402300799, 0, "31-Dec-9999 23:59:59 +0000");
}

static void
test_format_refuses (void)
{
  check_format (-1, 0, NULL);
  check_format (0, -1, NULL);
  check_format (253402300800, 0, NULL);
  check_format (253402300799, 60, NULL);
  check_format (0, 1440, NULL);
  check_format (G_MAXINT64, 0, NULL);
  check_format (G_MININT64, 0, NULL);
}

static void
test_every_day (void)
{
  for (gint64 day = 0; day < 150000; day++)
    {
      g_autofree gchar *text = imap_datetime_format (day * 86400 + 3661, 0);
      gint64 seconds;
      gint zone;
      g_assert_true (
          imap_datetime_parse ((ImapString){ text, strlen (text) }, &seconds, &zone));
      g_assert_cmpint (seconds, ==, day * 86400 + 3661);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/datetime/h15-odd-dates-are-understood", test_lenient);
  g_test_add_func ("/imap/datetime/h15-impossible-dates-are-unknown", test_unknown);
  g_test_add_func ("/imap/datetime/one-form-is-written", test_format);
  g_test_add_func ("/imap/datetime/dates-outside-the-range-are-not-written",
                   test_format_refuses);
  g_test_add_func ("/imap/datetime/every-day-survives-the-round-trip", test_every_day);
  return g_test_run ();
}
