/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folder paths and their text form.
 */
#include <mailhaul/error.h>
#include <mailhaul/folder.h>

#define PATH(...) ((HaulPath) (const char *const[]){ __VA_ARGS__, NULL })

static void
test_round_trip (void)
{
  static const struct
  {
    const char *text;
    const char *names[4];
  } vectors[] = {
    { "INBOX", { "INBOX" } },
    { "Projects/2024/Ä", { "Projects", "2024", "Ä" } },
    { "a%2Fb/c%25d", { "a/b", "c%d" } },
    { "%252F", { "%2F" } },
    { " / ", { " ", " " } },
    { "Archive/inbox", { "Archive", "inbox" } },
    { "INBOX/inbox", { "INBOX", "inbox" } },
    { ".", { "." } },
    { "a\\b\tc", { "a\\b\tc" } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (GStrv) path = haul_path_from_text (vectors[i].text, &error);

      g_assert_no_error (error);
      g_assert_cmpstrv (path, vectors[i].names);
      g_autofree char *text = haul_path_to_text ((HaulPath) path);
      g_assert_cmpstr (text, ==, vectors[i].text);
    }
}

static void
test_inbox (void)
{
  static const char *const texts[] = { "inbox", "Inbox", "INBOX", "iNBOx" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_auto (GStrv) path = haul_path_from_text (texts[i], NULL);
      g_assert_true (haul_path_is_inbox ((HaulPath) path));
    }
  g_assert_false (haul_path_is_inbox (PATH ("INBOX", "a")));
  g_assert_false (haul_path_is_inbox (PATH ("inbox")));
  g_assert_false (haul_path_is_inbox (PATH ("a", "INBOX")));
}

static void
test_lower_case_escape (void)
{
  g_auto (GStrv) path = haul_path_from_text ("a%2fb", NULL);

  g_assert_cmpstr (path[0], ==, "a/b");
  g_assert_null (path[1]);
}

static void
test_refused (void)
{
  static const char *const texts[] = { "",    "/",   "a/",    "/a",   "a//b",
                                       "%",   "a%",  "%2",    "%41",  "%00",
                                       "50%", "%2G", "a\xff", "%/2F", "a%2/Fb" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      char **path = haul_path_from_text (texts[i], &error);

      g_assert_null (path);
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
    }
}

static void
test_compare (void)
{
  g_assert_true (haul_path_equal (PATH ("a", "b"), PATH ("a", "b")));
  g_assert_false (haul_path_equal (PATH ("a", "b"), PATH ("a")));
  g_assert_false (haul_path_equal (PATH ("a/b"), PATH ("a", "b")));
  g_assert_true (haul_path_has_prefix (PATH ("a", "b"), PATH ("a")));
  g_assert_true (haul_path_has_prefix (PATH ("a", "b"), PATH ("a", "b")));
  g_assert_false (haul_path_has_prefix (PATH ("a"), PATH ("a", "b")));
  g_assert_false (haul_path_has_prefix (PATH ("ab"), PATH ("a")));
}

static void
test_copy (void)
{
  g_auto (GStrv) copy = haul_path_copy (PATH ("a", "b"));

  g_assert_true (haul_path_equal ((HaulPath) copy, PATH ("a", "b")));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/path/text-and-path-are-one-to-one", test_round_trip);
  g_test_add_func ("/base/path/inbox-is-written-in-any-case", test_inbox);
  g_test_add_func ("/base/path/takes-a-lower-case-escape", test_lower_case_escape);
  g_test_add_func ("/base/path/refuses-what-is-no-path", test_refused);
  g_test_add_func ("/base/path/compares-name-by-name", test_compare);
  g_test_add_func ("/base/path/copies", test_copy);
  return g_test_run ();
}
