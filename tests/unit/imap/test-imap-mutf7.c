/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modified UTF-7 in both directions, and hazard 24: names that no decoder should accept.
 */
#include <string.h>

#include <glib.h>

#include "mutf7.h"

static const struct
{
  const gchar *name;
  const gchar *wire;
} canonical[] = {
  { "INBOX", "INBOX" },
  { "~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
  { "Entw\303\274rfe", "Entw&APw-rfe" },
  { "a & b", "a &- b" },
  { "&&", "&-&-" },
  { "\303\274\303\274", "&APwA,A-" },
  { "\360\237\230\200", "&2D3eAA-" },
  { "\303\274&\303\274", "&APw-&-&APw-" },
  { "tab\tdel\177", "tab&AAk-del&AH8-" },
  { "a+b,c/d-e", "a+b,c/d-e" },
  { "", "" },
};

static void
test_canonical (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (canonical); i++)
    {
      g_autofree gchar *wire = imap_mutf7_encode (canonical[i].name, NULL);
      g_autofree gchar *name = NULL;
      ImapString raw = { canonical[i].wire, strlen (canonical[i].wire) };
      g_assert_cmpstr (wire, ==, canonical[i].wire);
      g_assert_cmpint (imap_mutf7_decode (raw, &name), ==, IMAP_NAME_CANONICAL);
      g_assert_cmpstr (name, ==, canonical[i].name);
    }
}

static void
check_form (const gchar *wire, gsize length, ImapNameForm form, const gchar *expected)
{
  g_autofree gchar *name = NULL;

  g_assert_cmpint (imap_mutf7_decode ((ImapString){ wire, length }, &name), ==, form);
  g_assert_cmpstr (name, ==, expected);
}

static void
test_variants (void)
{
  check_form ("&AGE-", 5, IMAP_NAME_VARIANT, "a");
  check_form ("&APw-&APw-", 10, IMAP_NAME_VARIANT, "\303\274\303\274");
  check_form ("a\tb", 3, IMAP_NAME_VARIANT, "a\tb");
}

static void
test_utf8 (void)
{
  check_form ("Entw\303\274rfe", 9, IMAP_NAME_UTF8, "Entw\303\274rfe");
}

static void
test_invalid (void)
{
  check_form ("R&D", 3, IMAP_NAME_INVALID, "R&D");
  check_form ("a&b-", 4, IMAP_NAME_INVALID, "a&b-");
  check_form ("&APw=-", 6, IMAP_NAME_INVALID, "&APw=-");
  check_form ("&AP8B-", 6, IMAP_NAME_INVALID, "&AP8B-");
  check_form ("&2D0-", 5, IMAP_NAME_INVALID, "&2D0-");
  check_form ("&3gA-", 5, IMAP_NAME_INVALID, "&3gA-");
  check_form ("&AAA-", 5, IMAP_NAME_INVALID, "&AAA-");
  check_form ("&U/BTFw-", 8, IMAP_NAME_INVALID, "&U/BTFw-");
  check_form ("Entw\374rfe", 8, IMAP_NAME_INVALID, "Entw%FCrfe");
  check_form ("a\0b", 3, IMAP_NAME_INVALID, "a%00b");
}

static void
test_encode_refuses (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (imap_mutf7_encode ("Entw\374rfe", &error));
  g_assert_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/mutf7/canonical-names-go-both-ways", test_canonical);
  g_test_add_func ("/imap/mutf7/h24-other-encodings-are-reported", test_variants);
  g_test_add_func ("/imap/mutf7/h24-utf8-passes-through", test_utf8);
  g_test_add_func ("/imap/mutf7/h24-invalid-names-are-reported-and-shown", test_invalid);
  g_test_add_func ("/imap/mutf7/encoder-refuses-invalid-utf8", test_encode_refuses);
  return g_test_run ();
}
