/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers and literal announcements. */
#include <string.h>

#include <glib.h>

#include "text.h"

static void
test_numbers (void)
{
  static const gchar *const unknown[] = { "",   "-1", "+1",  "9.37e+06",
                                          "1 ", " 1", "0x1", "18446744073709551616",
                                          "NIL" };
  guint64 value = 7;

  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    g_assert_false (
        imap_number_parse ((ImapString){ unknown[i], strlen (unknown[i]) }, &value));
  g_assert_false (imap_number_parse ((ImapString){ NULL, 0 }, &value));
  g_assert_cmpuint (value, ==, 7);
  g_assert_true (imap_number_parse ((ImapString){ "18446744073709551615", 20 }, &value));
  g_assert_cmpuint (value, ==, G_MAXUINT64);
  g_assert_true (imap_number_parse ((ImapString){ "007", 3 }, &value));
  g_assert_cmpuint (value, ==, 7);
}

static void
test_uids (void)
{
  guint32 uid = 0;

  g_assert_false (imap_number_parse_uid ((ImapString){ "0", 1 }, &uid));
  g_assert_false (imap_number_parse_uid ((ImapString){ "4294967296", 10 }, &uid));
  g_assert_true (imap_number_parse_uid ((ImapString){ "4294967295", 10 }, &uid));
  g_assert_cmpuint (uid, ==, G_MAXUINT32);
}

static void
test_literals (void)
{
  static const gchar *const none[] = { "",     "{}",   "{+}",
                                       "5}",   "{5",   "x}",
                                       "{5-}", "{5}x", "{9223372036854775808}" };
  static const gchar *const some[] = { "{5}", "x{5}", "{5+}", "~{5}", "{5}  ", "{005}" };
  guint64 size = 0;

  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_false (
        imap_text_ends_in_literal ((const guint8 *) none[i], strlen (none[i]), &size));
  for (guint i = 0; i < G_N_ELEMENTS (some); i++)
    {
      g_assert_true (
          imap_text_ends_in_literal ((const guint8 *) some[i], strlen (some[i]), &size));
      g_assert_cmpuint (size, ==, 5);
    }
}

static void
test_compare (void)
{
  ImapString inbox = { "iNbOx", 5 };
  ImapStrings list = { &inbox, 1 };

  g_assert_true (imap_string_is (inbox, "INBOX"));
  g_assert_false (imap_string_is (inbox, "INBO"));
  g_assert_false (imap_string_is ((ImapString){ NULL, 0 }, ""));
  g_assert_true (imap_string_starts (inbox, "in"));
  g_assert_true (imap_strings_contain (list, "inbox"));
  g_assert_cmpint (imap_text_find (inbox, "BOX"), ==, 2);
  g_assert_cmpint (imap_text_find (inbox, "boxes"), ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/text/h13-numbers-or-unknown", test_numbers);
  g_test_add_func ("/imap/text/h14-uids-have-32-bits", test_uids);
  g_test_add_func ("/imap/text/literal-announcements", test_literals);
  g_test_add_func ("/imap/text/comparisons-without-case", test_compare);
  return g_test_run ();
}
