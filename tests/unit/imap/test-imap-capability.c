/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hazard 19 and the implications of IMAP4rev2. */
#include <string.h>

#include <glib.h>

#include "capability.h"

static ImapCapabilities *
parse (const gchar *text, gboolean rev2_enabled)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  g_autoptr (GArray) names = g_array_new (FALSE, FALSE, sizeof (ImapString));

  for (guint i = 0; words[i] != NULL; i++)
    {
      ImapString name = { words[i], strlen (words[i]) };
      g_array_append_val (names, name);
    }
  ImapStrings strings = { (const ImapString *) (gconstpointer) names->data, names->len };
  return imap_capabilities_new (strings, rev2_enabled);
}

static void
test_case (void)
{
  g_autoptr (ImapCapabilities)
      set = parse ("imap4REV1 UIDplus UIDPLUS Auth=Plain", FALSE);

  g_assert_true (imap_capabilities_has (set, "uidPLUS"));
  g_assert_true (imap_capabilities_has_auth (set, "plain"));
  g_assert_false (imap_capabilities_has_auth (set, "LOGIN"));
  g_assert_false (imap_capabilities_has (set, "MOVE"));
  g_assert_cmpuint (imap_capabilities_count (set), ==, 3);
}

static void
test_literals (void)
{
  static const struct
  {
    const gchar *text;
    gboolean rev2;
    ImapLiterals literals;
  } vectors[] = {
    { "IMAP4rev1", FALSE, IMAP_LITERALS_SYNC },
    { "IMAP4rev1 LITERAL+", FALSE, IMAP_LITERALS_PLUS },
    { "IMAP4rev1 LITERAL +", FALSE, IMAP_LITERALS_SYNC },
    { "IMAP4rev1 literal-", FALSE, IMAP_LITERALS_MINUS },
    { "IMAP4rev1 LITERAL- LITERAL+", FALSE, IMAP_LITERALS_PLUS },
    { "IMAP4rev2", FALSE, IMAP_LITERALS_MINUS },
    { "IMAP4rev2 LITERAL+", FALSE, IMAP_LITERALS_PLUS },
    { "IMAP4rev1 IMAP4rev2", FALSE, IMAP_LITERALS_SYNC },
    { "IMAP4rev1 IMAP4rev2", TRUE, IMAP_LITERALS_MINUS },
    { "IMAP4rev1", TRUE, IMAP_LITERALS_SYNC },
  };

  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (ImapCapabilities) set = parse (vectors[i].text, vectors[i].rev2);
      g_assert_cmpint (imap_capabilities_literals (set), ==, vectors[i].literals);
    }
}

static void
test_rev2 (void)
{
  g_autoptr (ImapCapabilities) off = parse ("IMAP4rev1 IMAP4rev2", FALSE);
  g_autoptr (ImapCapabilities) on = parse ("IMAP4rev1 IMAP4rev2", TRUE);

  g_assert_false (imap_capabilities_has (off, "UIDPLUS"));
  g_assert_true (imap_capabilities_has (on, "uidplus"));
  g_assert_true (imap_capabilities_has (on, "LIST-STATUS"));
  g_assert_false (imap_capabilities_has (on, "CONDSTORE"));
  g_assert_false (imap_capabilities_has (on, "MULTIAPPEND"));
}

static void
test_limits (void)
{
  g_autoptr (ImapCapabilities)
      set = parse ("APPENDLIMIT=35651584 MESSAGELIMIT=1000 SAVELIMIT= X=5", FALSE);
  g_autoptr (ImapCapabilities) bare = parse ("APPENDLIMIT", FALSE);
  guint64 value = 0;

  g_assert_cmpint (imap_capabilities_limit (set, "appendlimit", &value), ==,
                   IMAP_CAP_LIMIT_KNOWN);
  g_assert_cmpuint (value, ==, 35651584);
  g_assert_cmpint (imap_capabilities_limit (set, "MESSAGELIMIT", &value), ==,
                   IMAP_CAP_LIMIT_KNOWN);
  g_assert_cmpuint (value, ==, 1000);
  g_assert_cmpint (imap_capabilities_limit (set, "SAVELIMIT", &value), ==,
                   IMAP_CAP_LIMIT_UNKNOWN);
  g_assert_cmpint (imap_capabilities_limit (bare, "APPENDLIMIT", &value), ==,
                   IMAP_CAP_LIMIT_UNKNOWN);
  g_assert_cmpint (imap_capabilities_limit (bare, "MESSAGELIMIT", &value), ==,
                   IMAP_CAP_LIMIT_NONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/capability/h19-case-and-duplicates-do-not-matter", test_case);
  g_test_add_func ("/imap/capability/h19-literal-with-a-blank-is-absent", test_literals);
  g_test_add_func ("/imap/capability/rev2-implies-only-when-in-force", test_rev2);
  g_test_add_func ("/imap/capability/limits-are-numbers-or-unknown", test_limits);
  return g_test_run ();
}
