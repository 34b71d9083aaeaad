/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/mail-text.c. */
#include <glib.h>

#include "model/mail-text.h"

typedef struct
{
  const char *text;
  const char *expected; /* NULL: none */
} Vector;

static const Vector decoded[] = {
  { "", "" },
  { "  hello \t world \r\n", "hello world" },
  { "=?utf-8?Q?caf=C3=A9?=", "caf\u00e9" },
  { "=?UTF-8?B?Y2Fmw6k=?=", "caf\u00e9" },
  { "=?utf-8?b?Y2Fmw6k?=", "caf\u00e9" },
  { "=?iso-8859-1?q?caf=e9?=", "caf\u00e9" },
  { "=?windows-1252?Q?=80_5?=", "\u20ac 5" },
  { "=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "\u65e5\u672c\u8a9e" },
  { "=?koi8-r?B?8NLJ18XU?=", "\u041f\u0440\u0438\u0432\u0435\u0442" },
  { "=?gb2312?B?xOO6ww==?=", "\u4f60\u597d" },
  { "caf\xc3\xa9", "caf\u00e9" },
  { "caf\xe9", "caf\u00e9" },
  { "cafe\xcc\x81", "caf\u00e9" },
  { "=?utf-8?Q?cafe=CC=81?=", "caf\u00e9" },
  /* RFC 2047 §8 */
  { "(=?ISO-8859-1?Q?a?=)", "(a)" },
  { "(=?ISO-8859-1?Q?a?= b)", "(a b)" },
  { "(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)" },
  { "(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)" },
  { "(=?ISO-8859-1?Q?a?=\n   =?ISO-8859-1?Q?b?=)", "(ab)" },
  { "(=?ISO-8859-1?Q?a_b?=)", "(a b)" },
  { "(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)" },
  { "=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore" },
  /* a character cut in two, by words of either encoding */
  { "=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "caf\u00e9" },
  { "=?utf-8?Q?caf=C3?=\t=?UTF-8?B?qQ==?=", "caf\u00e9" },
  { "=?iso-2022-jp?B?GyRCRnw=?= =?iso-2022-jp?B?S1w4bBsoQg==?=", "\u65e5\u672c\u8a9e" },
  /* no blanks around words, blanks inside them */
  { "a=?utf-8?Q?b?=c", "abc" },
  { "=?utf-8?Q?b?==?utf-8?Q?c?=", "bc" },
  { "=?utf-8?Q?hello world?=", "hello world" },
  { "=?utf-8?B?Y2Fm w6k=?=", "caf\u00e9" },
  /* broken words stay */
  { "=?utf-8?Q?abc", "=?utf-8?Q?abc" },
  { "=?utf-8?Q?what?_no?=", "=?utf-8?Q?what?_no?=" },
  { "=?utf-8?X?abc?=", "=?utf-8?X?abc?=" },
  { "=?x-unknown?Q?abc?=", "=?x-unknown?Q?abc?=" },
  { "=??Q?abc?=", "=??Q?abc?=" },
  { "=?utf-8?Q?a?= =?no?Q?b?= =?utf-8?Q?c?=", "a =?no?Q?b?= c" },
  { "=?=?utf-8?Q?a?=", "=?a" },
  { "=?utf-8?Q?=?=?utf-8?Q?b?=", "=?utf-8?Q?b?=" },
  { "=", "=" },
  { "=?", "=?" },
  { "a ?= b", "a ?= b" },
  { "=?utf-8?Q?=4?=", "=4" },
  { "=?utf-8?Q?=zz?=", "=zz" },
  { "=?utf-8?Q?"
    "?=",
    "" },
  { "a =?utf-8?Q?"
    "?= b",
    "a b" },
  { "=?utf-8?Q?a=00b=0D=0Ac?=", "ab c" },
  /* what is no text of its charset counts as Latin-1 */
  { "=?utf-8?Q?caf=E9?=", "caf\u00e9" },
  { "=?us-ascii?Q?caf=E9?=", "caf\u00e9" },
  { "=?iso-2022-jp?Q?caf=E9?=", "caf\u00e9" },
};

static void
assert_vectors (const Vector *vectors, gsize count, char *(*function) (const char *text))
{
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *found = function (vectors[i].text);

      g_assert_cmpstr (found, ==, vectors[i].expected);
    }
}

static void
test_decode (void)
{
  assert_vectors (decoded, G_N_ELEMENTS (decoded), mail_text_decode);
}

static void
test_collapse (void)
{
  static const Vector vectors[] = {
    { "", "" },
    { " \t\r\n", "" },
    { "a", "a" },
    { "\ta \r\n b\v\fc ", "a b c" },
    { "\xff \x80", "\xff \x80" },
  };

  assert_vectors (vectors, G_N_ELEMENTS (vectors), mail_text_collapse);
}

/* A quarter of a megabyte of each nasty pattern. The limit is far
 * above what linear work needs and far below what quadratic work takes. */
static void
test_hostile_values_take_linear_time (void)
{
  static const char *const patterns[] = { "=?",
                                          "=?utf-8?Q?",
                                          "=?utf-8?B?",
                                          "=?utf-8*",
                                          "(",
                                          "\"",
                                          "<",
                                          "=?a?",
                                          "\\",
                                          "<@a,",
                                          ":",
                                          ";",
                                          "=?=",
                                          "((((<",
                                          "\xcc\x81",
                                          "\xcc\xa7\xcc\x81",
                                          "=?gb2312?Q?=C4?= ",
                                          "?",
                                          " \t",
                                          "@",
                                          "=?big5?B?AAAA?= =?sjis?Q?a?= " };
  gint64 start = g_get_monotonic_time ();

  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autoptr (GString) text = g_string_new ("a");
      g_autofree char *found = NULL;

      while (text->len < 256 * 1024)
        g_string_append (text, patterns[i]);
      found = mail_text_decode (text->str);
      g_assert_true (g_utf8_validate (found, -1, NULL));
    }
  g_assert_cmpint (g_get_monotonic_time () - start, <, 30 * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mail-text/collapse/blanks-become-one", test_collapse);
  g_test_add_func ("/mail-text/decode/words-are-decoded", test_decode);
  g_test_add_func ("/mail-text/decode/hostile-values-take-linear-time",
                   test_hostile_values_take_linear_time);
  return g_test_run ();
}
