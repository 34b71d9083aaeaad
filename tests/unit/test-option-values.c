/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The texts of sizes, durations and dates.
 */
#include "base/option-table.h"

static void
test_sizes (void)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
  } vectors[] = {
    { "0", 0 },
    { "17", 17 },
    { "17B", 17 },
    { "50M", 50000000 },
    { "50MB", 50000000 },
    { "64KiB", 65536 },
    { "1k", 1000 },
    { "1kib", 1024 },
    { "2G", 2000000000 },
    { "1TiB", G_GUINT64_CONSTANT (1099511627776) },
    { "1PiB", G_GUINT64_CONSTANT (1125899906842624) },
    { "007", 7 },
    { "18446744073709551615", G_MAXUINT64 },
    { "16383PiB", G_GUINT64_CONSTANT (16383) << 50 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      guint64 bytes = 1;
      g_assert_true (option_parse_size (vectors[i].text, &bytes));
      g_assert_cmpuint (bytes, ==, vectors[i].bytes);
    }
}

static void
test_not_sizes (void)
{
  static const char *const texts[] = {
    "",    "M",    "-1",    "+1",  " 1",  "1 ",  "1 M",      "1.5M",
    "1Ki", "1KBi", "1X",    "1MM", "0x1", "1e3", "50M/s",    "18446744073709551616",
    "1i",  "1iB",  "1\xff", "K1",  "1Mi", "1EB", "16384PiB", "99999999999999999999M",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      guint64 bytes = 77;
      g_assert_false (option_parse_size (texts[i], &bytes));
      g_assert_cmpuint (bytes, ==, 77);
    }
}

static void
test_durations (void)
{
  const gint64 second = G_USEC_PER_SEC;
  const struct
  {
    const char *text;
    gint64 us;
  } vectors[] = {
    { "0", 0 },
    { "0s", 0 },
    { "500ms", second / 2 },
    { "90s", 90 * second },
    { "5m", 300 * second },
    { "2h", 7200 * second },
    { "7d", 7 * 86400 * second },
    { "10y", 10 * 365 * 86400 * second },
    { "5M", 300 * second },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      gint64 us = 1;
      g_assert_true (option_parse_duration (vectors[i].text, &us));
      g_assert_cmpint (us, ==, vectors[i].us);
    }
}

static void
test_not_durations (void)
{
  static const char *const texts[] = { "",    "90",    "s",   "-1s",     "1.5h", "1 h",
                                       "1w2", "1h30m", "1us", "300000y", "00",   "1s " };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      gint64 us = 77;
      g_assert_false (option_parse_duration (texts[i], &us));
      g_assert_cmpint (us, ==, 77);
    }
}

static void
test_dates (void)
{
  static const struct
  {
    const char *text;
    gint64 seconds;
  } vectors[] = {
    { "1970-01-01", 0 },
    { "2024-01-31", 1706659200 },
    { "2024-01-31T00:00:00Z", 1706659200 },
    { "2024-01-31T01:00:00", 1706662800 },
    { "2024-01-31 01:00", 1706662800 },
    { "2024-01-31T01:00Z", 1706662800 },
    { "2024-01-31T01:00:00+01:00", 1706659200 },
    { "2024-01-31T01:00+0100", 1706659200 },
    { "2024-01-30T23:00:00.75-01:00", 1706659200 },
    { "1969-12-31", -86400 },
    { "2024-02-29", 1709164800 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      gint64 seconds = 1;
      g_assert_true (option_parse_date (vectors[i].text, &seconds));
      g_assert_cmpint (seconds, ==, vectors[i].seconds);
    }
}

static void
test_not_dates (void)
{
  static const char *const texts[] = {
    "",
    "2024",
    "2024-01",
    "2024-1-31",
    "2023-02-29",
    "2024-13-01",
    "2024-01-32",
    "31.01.2024",
    "2024-01-31T",
    "2024-01-31T12",
    "20240131",
    "2024-01-31Z",
    "2024-01-31T25:00",
    "2024-01-31T12:61",
    "2024-01-31x12:00",
    "2024-W05-3",
    "0000-01-01",
    "2024-01-31T12:00:00 Europe/Berlin",
    "-024-01-31",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      gint64 seconds = 77;
      g_assert_false (option_parse_date (texts[i], &seconds));
      g_assert_cmpint (seconds, ==, 77);
    }
}

static void
test_type_names (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (int type = HAUL_OPTION_BOOL; type <= HAUL_OPTION_DATE; type++)
    g_assert_true (
        g_hash_table_add (seen, (gpointer) option_type_name ((HaulOptionType) type)));
  g_assert_cmpstr (option_type_name ((HaulOptionType) 99), ==, "unknown");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/option-values/sizes", test_sizes);
  g_test_add_func ("/base/option-values/refuses-what-is-no-size", test_not_sizes);
  g_test_add_func ("/base/option-values/durations", test_durations);
  g_test_add_func ("/base/option-values/refuses-what-is-no-duration", test_not_durations);
  g_test_add_func ("/base/option-values/dates", test_dates);
  g_test_add_func ("/base/option-values/refuses-what-is-no-date", test_not_dates);
  g_test_add_func ("/base/option-values/types-have-names", test_type_names);
  return g_test_run ();
}
