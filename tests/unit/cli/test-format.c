/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers, times and strangers' words as the program prints them.
 */
#include <string.h>

#include "cli/cli.h"

static void
test_number (void)
{
  static const struct
  {
    guint64 value;
    const char *text;
  } rows[] = {
    { 0, "0" },
    { 7, "7" },
    { 999, "999" },
    { 1000, "1,000" },
    { 12345, "12,345" },
    { 1234567, "1,234,567" },
    { G_MAXUINT64, "18,446,744,073,709,551,615" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = cli_number (rows[i].value);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

static void
test_bytes (void)
{
  static const struct
  {
    guint64 value;
    const char *text;
  } rows[] = {
    { 0, "0 B" },
    { 999, "999 B" },
    { 1000, "1.0 kB" },
    { 999949, "999.9 kB" },
    { 999999, "1.0 MB" },
    { G_GUINT64_CONSTANT (1500000000), "1.5 GB" },
    { G_MAXUINT64, "18.4 EB" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = cli_bytes (rows[i].value);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

static void
test_duration (void)
{
  static const struct
  {
    gint64 value;
    const char *text;
  } rows[] = {
    { -5, "0.0 s" },
    { 0, "0.0 s" },
    { 1500000, "1.5 s" },
    { G_GINT64_CONSTANT (59) * G_USEC_PER_SEC, "59 s" },
    { G_GINT64_CONSTANT (200) * G_USEC_PER_SEC, "3 min 20 s" },
    { G_GINT64_CONSTANT (7500) * G_USEC_PER_SEC, "2 h 5 min" },
    { G_GINT64_CONSTANT (360000) * G_USEC_PER_SEC, "100 h 0 min" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = cli_duration (rows[i].value);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

static void
test_text_has_no_controls (void)
{
  g_autofree char *none = cli_text (NULL);
  g_autofree char *text = cli_text ("a\033[31m\nb\xff");
  g_assert_cmpstr (none, ==, "");
  g_assert_null (strchr (text, '\033'));
  g_assert_null (strchr (text, '\n'));
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static void
test_subject_is_decoded (void)
{
  g_autofree char *subject = cli_subject ("=?UTF-8?Q?Gr=C3=BC=C3=9Fe=1B[31m?=");
  g_assert_true (g_str_has_prefix (subject, "Grüße"));
  g_assert_null (strchr (subject, '\033'));
  g_assert_null (cli_subject (NULL));
}

static void
test_pad (void)
{
  static const struct
  {
    const char *text;
    guint columns;
    const char *padded;
  } rows[] = {
    { "abc", 5, "abc  " },     { "abcde", 5, "abcde" },
    { "abcdef", 5, "abcd…" },  { "Grüße", 6, "Grüße " },
    { "日本語", 6, "日本語" }, { "日本語", 5, "日本…" },
    { "日本語", 4, "日… " },   { "a", 0, "" },
    { "", 2, "  " },           { "ab", 1, "…" },
    { NULL, 3, "   " },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *padded = cli_pad (rows[i].text, rows[i].columns);
      g_assert_cmpstr (padded, ==, rows[i].padded);
    }
}

static void
test_json_quote (void)
{
  g_autofree char *quoted = cli_json_quote ("a\"b\\c\n\xff");
  g_autofree char *none = cli_json_quote (NULL);
  g_assert_cmpstr (quoted, ==, "\"a\\\"b\\\\c\\n\357\277\275\"");
  g_assert_cmpstr (none, ==, "\"\"");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/format/number-has-separators", test_number);
  g_test_add_func ("/cli/format/bytes-have-a-unit", test_bytes);
  g_test_add_func ("/cli/format/duration-in-two-units", test_duration);
  g_test_add_func ("/cli/format/text-has-no-controls", test_text_has_no_controls);
  g_test_add_func ("/cli/format/subject-is-decoded", test_subject_is_decoded);
  g_test_add_func ("/cli/format/pad-counts-columns", test_pad);
  g_test_add_func ("/cli/format/json-quote-escapes", test_json_quote);
  return g_test_run ();
}
