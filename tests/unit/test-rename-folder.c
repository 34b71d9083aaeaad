/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter rename-folder, alone.
 */
#include "plugins/fakes.h"

HAUL_API const HaulFilter *haul_filter_rename_folder_get (void);

typedef struct
{
  const FakeOption options[3];
  const char *path, *result;
} Vector;

static void
check (const Vector *vectors, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_rename_folder_get (),
                                                       vectors[i].options, &message);

      g_assert_cmpstr (message, ==, NULL);
      g_autofree char *result = fake_filter_folder (filter, vectors[i].path, 0);
      g_assert_cmpstr (result, ==, vectors[i].result);
    }
}

static void
test_from (void)
{
  static const Vector vectors[] = {
    { { { "from", "Projekte" }, { "to", "Projects" } }, "Projekte", "Projects" },
    { { { "from", "Projekte" }, { "to", "Projects" } }, "Projekte/A/B", "Projects/A/B" },
    { { { "from", "Projekte" }, { "to", "Projects" } }, "Projekte2", "Projekte2" },
    { { { "from", "Projekte" }, { "to", "Projects" } }, "A/Projekte", "A/Projekte" },
    { { { "from", "Projekte" }, { "to", "Projects" } }, "projekte", "projekte" },
    { { { "from", "A/B" }, { "to", "C" } }, "A/B/D", "C/D" },
    { { { "from", "A/B" }, { "to", "C" } }, "A", "A" },
    { { { "from", "A" }, { "to", "A/Old" } }, "A/x", "A/Old/x" },
    { { { "from", "a%2Fb" }, { "to", "c%25" } }, "a%2Fb/d%2Fe", "c%25/d%2Fe" },
    { { { "from", "INBOX" }, { "to", "Archive/Inbox" } }, "INBOX", "Archive/Inbox" },
    { { { "from", "inbox" }, { "to", "Old" } }, "INBOX/x", "Old/x" },
    { { { "from", "Sub" }, { "to", "inbox/Sub" } }, "Sub", "INBOX/Sub" },
    { { { "from", "Entwürfe" }, { "to", "Drafts" } }, "Entwürfe", "Drafts" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_match (void)
{
  static const Vector vectors[] = {
    { { { "match", "^Old/(.*)$" }, { "to", "Archive/\\1" } }, "Old/a/b", "Archive/a/b" },
    { { { "match", "^Old/(.*)$" }, { "to", "Archive/\\1" } }, "Older/a", "Older/a" },
    { { { "match", "Projekte" }, { "to", "Projects" } }, "A/Projekte/B", "A/Projects/B" },
    { { { "match", "o" }, { "to", "0" } }, "foo/o", "f0o/o" }, /* the first match only */
    { { { "match", ".*" }, { "to", "New/\\0" } }, "a/b", "New/a/b" },
    { { { "match", "^(.)(.)" }, { "to", "\\2\\1" } }, "abc", "bac" },
    { { { "match", "^a(x)?" }, { "to", "b\\1" } }, "a", "b" },
    { { { "match", "^a$" }, { "to", "b\\\\c" } }, "a", "b\\c" },
    { { { "match", "^INBOX/(.*)" }, { "to", "\\1" } }, "INBOX/Sent", "Sent" },
    { { { "match", "^INBOX/(.*)" }, { "to", "\\1" } }, "INBOX", "INBOX" },
    { { { "match", "^Old(.*)$" }, { "to", "\\1" } }, "Old/a", "a" },
    { { { "match", "b" },
        { "to", ""
                "\\0" } },
      "a/b",
      "a/b" },
    { { { "match", "x$" }, { "to", "//" } }, "a/x", "a" },
    { { { "match", "/" }, { "to", "//" } }, "a/b", "a/b" },
    { { { "match", "(?i)^trÄsh$" }, { "to", "Trash" } }, "TRäSH", "Trash" },
    { { { "match", "^(?<n>a)$" }, { "to", "\\1b" } }, "a", "ab" },
    { { { "match", "%2F" }, { "to", "-" } }, "a%2Fb", "a-b" },
    { { { "match", "^a$" }, { "to", "b%2Fc" } }, "a", "b%2Fc" },
    { { { "match", "^i$" }, { "to", "inbox/x" } }, "i", "INBOX/x" },
    { { { "match", "INBOX" }, { "to", "iNbox/\\0" } }, "INBOX", "INBOX/INBOX" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_into (void)
{
  static const Vector vectors[] = {
    { { { "into", "Backup/old" } }, "INBOX", "Backup/old/INBOX" },
    { { { "into", "Backup/old" } }, "a/b", "Backup/old/a/b" },
    { { { "into", "inbox" } }, "Sent", "INBOX/Sent" },
    { { { "into", "Old" }, { "from", "a" } }, "a/b", "Old/a/b" },
    { { { "into", "Old" }, { "from", "a" } }, "ab", "ab" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_bad_results (void)
{
  static const Vector vectors[] = {
    { { { "match", "^Old/?(.*)$" }, { "to", "\\1" } },
      "Old",
      "error: rename 'Old' by \"match\": no name would be left" },
    { { { "match", "^X/(.*)$" }, { "to", "\\1" } },
      "X/inbox",
      "error: rename 'X/inbox' by \"match\": it would become INBOX" },
    { { { "match", "^(a%)2F" }, { "to", "\\1" } },
      "a%2Fb",
      "error: rename 'a%2Fb' by \"match\": folder path 'a%b': '%' must be written as %25 "
      "(only %2F and %25 are known)" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_refused (void)
{
  static const struct
  {
    FakeOption options[4];
    const char *message;
  } vectors[] = {
    { { { "to", "a" } }, "give either \"from\" or \"match\"" },
    { { { "from", "a" }, { "match", "a" }, { "to", "b" } },
      "give either \"from\" or \"match\"" },
    { { { "from", "a" } }, "give \"to\" or \"into\"" },
    { { { "into", "a" }, { "to", "b" } }, "\"into\" stands alone or beside \"from\"" },
    { { { "into", "a" }, { "match", "b" } }, "\"into\" stands alone or beside \"from\"" },
    { { { "into", "a//b" } }, "\"into\": folder path 'a//b': a name is empty" },
    { { { "from", "a" }, { "to", "Archive/{date:%25Y}" } },
      "\"to\" must not hold a date: a folder per date is not supported, got "
      "'Archive/{date:%25Y}'" },
    { { { "from", "a" }, { "to", "" } }, "\"to\": folder path '': a name is empty" },
    { { { "match", "(" }, { "to", "b" } }, NULL },
    { { { "from", "a//b" }, { "to", "b" } },
      "\"from\": folder path 'a//b': a name is empty" },
    { { { "from", "a" }, { "to", "b/" } }, "\"to\": folder path 'b/': a name is empty" },
    { { { "from", "a" }, { "to", "50%" } }, NULL },
    { { { "from", "a" }, { "to", "Inbox" } },
      "\"to\" must not be INBOX: mail of 'a' and of the inbox would be mixed for ever" },
    { { { "match", "^a$" }, { "to", "INBOX" } },
      "\"to\" must not be INBOX: mail of '^a$' and of the inbox would be mixed for "
      "ever" },
    { { { "match", "^(a)$" }, { "to", "b\\9" } },
      "\"to\" refers to \\9, but \"match\" has 1 group, got 'b\\9'" },
    { { { "match", "^a$" }, { "to", "b\\1" } },
      "\"to\" refers to \\1, but \"match\" has 0 groups, got 'b\\1'" },
    { { { "match", "^a$" }, { "to", "b\\" } },
      "\"to\" may have \\0 to \\9 and \\\\, got 'b\\'" },
    { { { "match", "^a$" }, { "to", "\\n" } },
      "\"to\" may have \\0 to \\9 and \\\\, got '\\n'" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_rename_folder_get (),
                                                       vectors[i].options, &message);

      g_assert_null (filter);
      g_assert_nonnull (message);
      if (vectors[i].message != NULL)
        g_assert_cmpstr (message, ==, vectors[i].message);
    }
}

/* A pattern that never ends is stopped and fails the folder. */
static void
test_endless_pattern (void)
{
  static const FakeOption options[] = { { "match", "(*LIMIT_MATCH=10)^(a+)+$" },
                                        { "to", "b" },
                                        { NULL, NULL } };
  g_autofree char *message = NULL;
  g_autoptr (FakeFilter)
      filter = fake_filter_new (haul_filter_rename_folder_get (), options, &message);

  g_assert_nonnull (filter);
  g_autofree char *result = fake_filter_folder (filter, "aaaaaaaaaaaaaaaaaaaaaaaaaaaax",
                                                0);
  g_assert_true (g_str_has_prefix (result, "error: rename 'aaaa"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plugins/rename-folder/into-puts-below", test_into);
  g_test_add_func ("/plugins/rename-folder/moves-a-folder-with-its-children", test_from);
  g_test_add_func ("/plugins/rename-folder/replaces-the-first-match", test_match);
  g_test_add_func ("/plugins/rename-folder/never-makes-a-bad-name", test_bad_results);
  g_test_add_func ("/plugins/rename-folder/refuses-bad-options", test_refused);
  g_test_add_func ("/plugins/rename-folder/fails-a-folder-at-an-endless-pattern",
                   test_endless_pattern);
  return g_test_run ();
}
