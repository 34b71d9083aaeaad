/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UID sets: what parses, what comes out, and that nothing is expanded that a peer wrote.
 */
#include <string.h>

#include <glib.h>

#include "uidset.h"

static ImapUidSet *
parse (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  ImapUidSet *set = imap_uidset_parse ((ImapString){ text, strlen (text) }, &error);

  g_assert_no_error (error);
  g_assert_nonnull (set);
  return set;
}

static void
test_keeps_order (void)
{
  g_autoptr (ImapUidSet) set = parse ("304,319:320,5");
  guint cursor = 0;
  g_autofree gchar *text = imap_uidset_format (set, &cursor, 8000);

  g_assert_cmpstr (text, ==, "304,319:320,5");
  g_assert_cmpuint (imap_uidset_count (set), ==, 4);
}

static void
test_reversed (void)
{
  g_autoptr (ImapUidSet) set = parse ("9:5,*:3,*");
  guint cursor = 0;
  g_autofree gchar *text = imap_uidset_format (set, &cursor, 8000);

  g_assert_cmpstr (text, ==, "5:9,3:*,*");
  g_assert_true (imap_uidset_has_star (set));
}

static void
test_refuses (void)
{
  static const gchar *const bad[] = {
    "",    "0",   "1,",  ",1",    "1:",   ":1",         "1::2",    "a",
    "1,0", "1 2", "1:0", "-1",    "1,,2", "4294967296", "1\r\nz9", "1:2:3",
    "**",  "5*",  "+5",  "1.5e3", " 1",   "1:*,x",      "1\n",     "(1)"
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      ImapString text = { bad[i], strlen (bad[i]) };
      g_assert_null (imap_uidset_parse (text, &error));
      g_assert_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_SYNTAX);
    }
}

static void
test_too_many_ranges (void)
{
  g_autoptr (GString) text = g_string_new ("1");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 1048576; i++)
    g_string_append (text, ",1");
  g_assert_null (imap_uidset_parse ((ImapString){ text->str, text->len }, &error));
  g_assert_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_LIMIT);
}

static void
test_cut (void)
{
  g_autoptr (ImapUidSet) set = parse ("1:2,10:20,30,40");
  static const gchar *const parts[] = { "1:2", "10:20,30", "40" };
  guint cursor = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree gchar *part = imap_uidset_format (set, &cursor, 8);
      g_assert_cmpstr (part, ==, parts[i]);
    }
  g_assert_null (imap_uidset_format (set, &cursor, 8));
}

static void
test_compresses (void)
{
  g_autoptr (ImapUidSet) set = imap_uidset_new ();
  const guint32 uids[] = { 1, 2, 3, 7, 8, 10 };
  guint cursor = 0;

  for (guint i = 0; i < G_N_ELEMENTS (uids); i++)
    imap_uidset_add (set, uids[i]);
  imap_uidset_extend (set, 90);
  g_autofree gchar *text = imap_uidset_format (set, &cursor, 8000);
  g_assert_cmpstr (text, ==, "1:3,7:8,10:90");
}

static void
test_normalise (void)
{
  g_autoptr (ImapUidSet) set = parse ("8:9,1:3,4,2,20:*,30");
  guint cursor = 0;

  imap_uidset_normalise (set);
  g_autofree gchar *text = imap_uidset_format (set, &cursor, 8000);
  g_assert_cmpstr (text, ==, "1:4,8:9,20:*");
  g_assert_true (imap_uidset_contains_sorted (set, 4));
  g_assert_false (imap_uidset_contains_sorted (set, 7));
  g_assert_true (imap_uidset_contains_sorted (set, G_MAXUINT32));
}

static void
test_infinite (void)
{
  g_autoptr (ImapUidSet) set = parse ("1:4294967295,1:*");
  ImapUidIter iter;
  guint32 uid = 0;

  g_assert_cmpuint (imap_uidset_count (set), ==, 2 * (guint64) G_MAXUINT32);
  imap_uid_iter_init (&iter, set, 3);
  for (guint i = 1; i <= 3; i++)
    {
      g_assert_true (imap_uid_iter_next (&iter, &uid));
      g_assert_cmpuint (uid, ==, i);
    }
  g_assert_false (imap_uid_iter_next (&iter, &uid));
}

static void
test_iterates (void)
{
  g_autoptr (ImapUidSet) set = parse ("7,4294967294:*,2:3");
  const guint32 expected[] = { 7, G_MAXUINT32 - 1, G_MAXUINT32, 2, 3 };
  ImapUidIter iter;
  guint32 uid;

  imap_uid_iter_init (&iter, set, 100);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_assert_true (imap_uid_iter_next (&iter, &uid));
      g_assert_cmpuint (uid, ==, expected[i]);
    }
  g_assert_false (imap_uid_iter_next (&iter, &uid));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/uidset/order-of-ranges-is-kept", test_keeps_order);
  g_test_add_func ("/imap/uidset/h41-reversed-ranges-and-stars", test_reversed);
  g_test_add_func ("/imap/uidset/everything-else-is-refused", test_refuses);
  g_test_add_func ("/imap/uidset/too-many-ranges-are-refused", test_too_many_ranges);
  g_test_add_func ("/imap/uidset/text-is-cut-at-the-line-length", test_cut);
  g_test_add_func ("/imap/uidset/neighbours-become-ranges", test_compresses);
  g_test_add_func ("/imap/uidset/normalising-sorts-and-merges", test_normalise);
  g_test_add_func ("/imap/uidset/infinite-ranges-cost-nothing", test_infinite);
  g_test_add_func ("/imap/uidset/iterates-up-to-the-last-uid", test_iterates);
  return g_test_run ();
}
