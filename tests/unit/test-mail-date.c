/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/mail-date.c: dates as RFCs, servers and users' archives have them.
 */
#include <glib.h>
#include <string.h>

#include "model/identity.h"

/* NO_DATE: the text is not a date. */
#define NO_DATE G_MININT64

typedef struct
{
  const char *text;
  gint64 unix_time;
} Vector;

/* 2020-01-31T10:20:30Z = 1580466030; 2020-01-31T00:00:00Z = 1580428800. */
static const Vector standard[] = {
  { "Fri, 31 Jan 2020 10:20:30 +0000", 1580466030 },
  { "Fri, 31 Jan 2020 11:20:30 +0100", 1580466030 },
  { "Fri, 31 Jan 2020 05:50:30 -0430", 1580466030 },
  { "31 Jan 2020 10:20:30 GMT", 1580466030 },
  { "31 Jan 2020 10:20 -0000", 1580466000 },
  { "\t Fri,\r\n 31 Jan\t2020 10:20:30 +0000 (UTC)", 1580466030 },
  { "Fri, 31 Jan 2020 11:20:30 +0100 (CET (Berlin) \\) x)", 1580466030 },
  /* RFC 5322 appendix A.1.1, A.6.2, A.6.3 */
  { "Fri, 21 Nov 1997 09:55:06 -0600", 880127706 },
  { "21 Nov 97 09:55:06 GMT", 880106106 },
  { "Thu,\n 13\n Feb\n 1969\n 23:32\n -0330 (Newfoundland Time)", -27723480 },
  { "Tue, 1 Jul 2003 10:52:37 +0200", 1057049557 },
  { "Sun, 31 Dec 2016 23:59:60 +0000", 1483228800 },
  { "Thu, 29 Feb 2024 00:00:00 +0000", 1709164800 },
  { "1 Jan 1970 00:00:00 +0000", 0 },
  { "31 Dec 1969 23:59:59 +0000", -1 },
  { "19 Jan 2038 03:14:08 +0000", 2147483648 },
};

static const Vector zones[] = {
  { "31 Jan 2020 10:20:30 UT", 1580466030 },
  { "31 Jan 2020 10:20:30 Z", 1580466030 },
  { "31 Jan 2020 05:20:30 EST", 1580466030 },
  { "31 Jan 2020 03:20:30 pdt", 1580466030 },
  { "31 Jan 2020 11:20:30 CET", 1580466030 },
  { "31 Jan 2020 11:20:30 +01:00", 1580466030 },
  { "31 Jan 2020 11:20:30 +1", 1580466030 },
  { "31 Jan 2020 11:20:30 +100", 1580466030 },
  { "31 Jan 2020 11:20:30 GMT+0100 (CET)", 1580466030 },
  { "31 Jan 2020 11:20:30 UTC+01:00", 1580466030 },
  { "31 Jan 2020 11:20:30+0100", 1580466030 },
  { "31 Jan 2020 11:20:30 +0100 EST", 1580466030 },
  { "31 Jan 2020 10:20:30 XYZ", 1580466030 },
  { "31 Jan 2020 10:20:30 A", 1580466030 },
  { "31 Jan 2020 10:20:30", 1580466030 },
  { "31 Jan 2020 10:20:30 +9999", 1580466030 },
  { "31 Jan 2020 10:20:30 -99999999999999", 1580466030 },
  { "31 Jan 2020 10:20:30 \"GMT\"", 1580466030 },
  { "01 Feb 2020 00:05:30 +1345", 1580466030 },
};

static const Vector broken[] = {
  /* asctime, with the zone before or behind the year */
  { "Fri Jan 31 10:20:30 2020", 1580466030 },
  { "Fri Jan 31 11:20:30 CET 2020", 1580466030 },
  { "Fri Jan 31 11:20:30 2020 +0100", 1580466030 },
  { "Fri Jan 31 11:20:30 +0100 2020", 1580466030 },
  { "Fri Jan  3 10:20:30 2020", 1578046830 },
  { "Fri Jan 31 2020 11:20:30 GMT+0100 (CET)", 1580466030 },
  /* IMAP's INTERNALDATE, also with a lost digit */
  { "31-Jan-2020 10:20:30 +0000", 1580466030 },
  { " 3-Jan-2020 10:20:30 +0000", 1578046830 },
  { "3-Jan-20 10:20:30 +0000", 1578046830 },
  { "00-Jan-2020 00:00:00 +0000", 1577836800 },
  { "Fri, 31-Jan-20 10:20:30 GMT", 1580466030 },
  /* ISO 8601 and its relatives */
  { "2020-01-31T10:20:30Z", 1580466030 },
  { "2020-01-31T11:20:30+01:00", 1580466030 },
  { "2020-01-31 10:20:30.123456 +0000", 1580466030 },
  { "2020-01-31 10:20:30,5", 1580466030 },
  { "2020/01/31 10:20:30", 1580466030 },
  { "2020-Jan-31 10:20:30", 1580466030 },
  { "2020-01-31", 1580428800 },
  /* numbers only */
  { "01/31/20 10:20:30", 1580466030 },
  { "01/31/2020 10:20:30", 1580466030 },
  { "31/01/2020 10:20:30", 1580466030 },
  { "31.01.2020 10:20:30", 1580466030 },
  { "31.1.20 10:20", 1580466000 },
  { "31-01-2020 10:20:30", 1580466030 },
  { "01-31-2020 10:20:30", 1580466030 },
  /* time: dots, twelve hours, no seconds, none at all */
  { "31 Jan 2020 10.20.30 +0000", 1580466030 },
  { "31 Jan 2020 10.20 +0000", 1580466000 },
  { "31 Jan 2020 10:20:30 AM", 1580466030 },
  { "31 Jan 2020 10:20:30 PM", 1580509230 },
  { "31 Jan 2020 12:20:30 PM", 1580473230 },
  { "31 Jan 2020 12:20:30 am", 1580430030 },
  { "31 Jan 2020 10:20:30 PM +0100", 1580505630 },
  { "31 Jan 2020 1:2:3 +0000", 1580432523 },
  { "31 Jan 2020 24:00:00 +0000", 1580515200 },
  { "31 Jan 2020", 1580428800 },
  /* names, commas, ordinals */
  { "Friday, 31 January 2020 10:20:30 +0000", 1580466030 },
  { "Fri, January 31, 2020 10:20:30 AM", 1580466030 },
  { "Fri, 31, Jan, 2020, 10:20:30, +0000", 1580466030 },
  { "Fri,31 Jan 2020 10:20:30 +0000", 1580466030 },
  { "Fri. 31 Jan. 2020 10:20:30 +0000", 1580466030 },
  { "31 jan 2020 10:20:30 gmt", 1580466030 },
  { "January 31st, 2020 10:20:30", 1580466030 },
  { "3 Sept 2020 00:00:00", 1599091200 },
  { "Mon, 31 Jan 2020 10:20:30 +0000", 1580466030 },
  /* years of two and three digits: RFC 5322 §4.3 */
  { "1 Jan 00 00:00:00 GMT", 946684800 },
  { "1 Jan 49 00:00:00 GMT", 2493072000 },
  { "1 Jan 50 00:00:00 GMT", -631152000 },
  { "1 Jan 99 00:00:00 GMT", 915148800 },
  { "1 Jan 100 00:00:00 GMT", 946684800 },
  { "Fri Jan 31 10:20:30 20", 1580466030 },
};

static const char *const refused[] = {
  "",
  "   ",
  "(31 Jan 2020 10:20:30 +0000)",
  "yesterday",
  "10:20:30 +0000",
  "31 Foo 2020 10:20:30 +0000",
  "31 Ja 2020 10:20:30",
  "Jan 2020 10:20:30",
  "31 Feb 2020 10:20:30 +0000",
  "29 Feb 2023 10:20:30 +0000",
  "32 Jan 2020 10:20:30 +0000",
  "31 Jan 2020 25:00:00 +0000",
  "31 Jan 2020 24:00:01 +0000",
  "31 Jan 2020 10:60:00 +0000",
  "31 Jan 2020 10:20:61 +0000",
  "31 Jan 1899 10:20:30 +0000",
  "31 Jan 99999 10:20:30 +0000",
  "31 Jan 99999999999999999999 10:20:30",
  "99999999999999999999 Jan 2020",
  "2020-13-31 10:20:30",
  "1580466030",
  "\x80\xff\x01",
  "::::----....////",
  "1-2-",
  "1-",
  "1:",
};

static void
assert_vectors (const Vector *vectors, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      gint64 found = NO_DATE;

      g_autofree char *shown = g_strescape (vectors[i].text, NULL);

      g_test_message ("%s", shown);
      g_assert_true (identity_parse_date (vectors[i].text, &found));
      g_assert_cmpint (found, ==, vectors[i].unix_time);
    }
}

static void
test_standard_dates (void)
{
  assert_vectors (standard, G_N_ELEMENTS (standard));
}

static void
test_zones (void)
{
  assert_vectors (zones, G_N_ELEMENTS (zones));
}

static void
test_broken_dates (void)
{
  assert_vectors (broken, G_N_ELEMENTS (broken));
}

static void
test_not_a_date (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      gint64 found = NO_DATE;

      g_autofree char *shown = g_strescape (refused[i], NULL);

      g_test_message ("%s", shown);
      g_assert_false (identity_parse_date (refused[i], &found));
      g_assert_cmpint (found, ==, NO_DATE);
    }
}

/* Every instant is found again in the form that RFC 5322 gives it. */
static void
test_round_trip_over_two_centuries (void)
{
  for (gint64 instant = -2208988800; instant < 4102444800; instant += 86400 * 13 + 7919)
    {
      g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (instant);
      g_autofree char *text = NULL;
      gint64 found = NO_DATE;

      if (g_date_time_get_year (time) < 1900)
        continue;
      text = g_strdup_printf ("%d-%02d-%02d %02d:%02d:%02d +0000",
                              g_date_time_get_year (time), g_date_time_get_month (time),
                              g_date_time_get_day_of_month (time),
                              g_date_time_get_hour (time), g_date_time_get_minute (time),
                              g_date_time_get_second (time));
      g_assert_true (identity_parse_date (text, &found));
      g_assert_cmpint (found, ==, instant);
    }
}

static void
test_long_text_is_cut_not_read_over (void)
{
  g_autoptr (GString) text = g_string_new ("31 Jan 2020 10:20:30 +0000 ");
  gint64 found = 0;

  while (text->len < 1000000)
    g_string_append (text, "((((((9");
  g_assert_true (identity_parse_date (text->str, &found));
  g_assert_cmpint (found, ==, 1580466030);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mail-date/parse/standard-forms", test_standard_dates);
  g_test_add_func ("/mail-date/parse/zones", test_zones);
  g_test_add_func ("/mail-date/parse/broken-forms-that-occur", test_broken_dates);
  g_test_add_func ("/mail-date/parse/what-is-no-date-is-refused", test_not_a_date);
  g_test_add_func ("/mail-date/parse/round-trip-over-two-centuries",
                   test_round_trip_over_two_centuries);
  g_test_add_func ("/mail-date/parse/long-text-is-cut",
                   test_long_text_is_cut_not_read_over);
  return g_test_run ();
}
