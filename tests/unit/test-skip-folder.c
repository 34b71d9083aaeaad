/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter skip-folder, alone.
 */
#include "plugins/fakes.h"

HAUL_API const HaulFilter *haul_filter_skip_folder_get (void);

typedef struct
{
  const FakeOption options[4];
  const char *path;
  guint32 special_use;
  const char *result;
} Vector;

static FakeFilter *
open_filter (const FakeOption *options)
{
  g_autofree char *message = NULL;
  FakeFilter *filter = fake_filter_new (haul_filter_skip_folder_get (), options,
                                        &message);

  g_assert_cmpstr (message, ==, NULL);
  return filter;
}

static void
test_conditions (void)
{
  static const Vector vectors[] = {
    { { { "name", "Trash" } }, "Trash", 0, "dropped: name Trash" },
    { { { "name", "Trash" } }, "Trash/Old", 0, "dropped: name Trash" },
    { { { "name", "Trash" } }, "Trashed", 0, "Trashed" },
    { { { "name", "Trash" } }, "trash", 0, "trash" },
    { { { "name", "Trash" } }, "A/Trash", 0, "A/Trash" },
    { { { "name", "A/B" } }, "A", 0, "A" },
    { { { "name", "A/B" } }, "A/B/C", 0, "dropped: name A/B" },
    { { { "name", "a%2Fb" } }, "a%2Fb", 0, "dropped: name a%2Fb" },
    { { { "name", "inbox" } }, "INBOX", 0, "dropped: name inbox" },
    { { { "match", "^Public/" } }, "Public/x", 0, "dropped: match ^Public/" },
    { { { "match", "^Public/" } }, "Public", 0, "Public" },
    { { { "match", "Ä" } }, "aÄb", 0, "dropped: match Ä" },
    { { { "special-use", "junk trash" } },
      "Spam",
      HAUL_USE_JUNK,
      "dropped: special-use junk" },
    { { { "special-use", "\\Trash" } },
      "T",
      HAUL_USE_TRASH,
      "dropped: special-use trash" },
    { { { "special-use", "junk trash" } }, "Sent", HAUL_USE_SENT, "Sent" },
    { { { "special-use", "junk trash" } }, "Junk", 0, "Junk" },
    { { { "special-use", "all important" } },
      "x",
      HAUL_USE_IMPORTANT | HAUL_USE_SENT,
      "dropped: special-use important" },
    { { { "special-use", "junk" }, { "name", "A" }, { "match", "B" } },
      "A",
      0,
      "dropped: name A" },
    { { { "special-use", "junk" }, { "name", "A" }, { "match", "B" } },
      "B",
      0,
      "dropped: match B" },
    { { { "special-use", "junk" }, { "name", "A" }, { "match", "B" } },
      "C",
      HAUL_USE_JUNK,
      "dropped: special-use junk" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (FakeFilter) filter = open_filter (vectors[i].options);
      g_autofree char *result = fake_filter_folder (filter, vectors[i].path,
                                                    vectors[i].special_use);
      g_assert_cmpstr (result, ==, vectors[i].result);
    }
}

/* What a listing says of a folder. */
typedef struct
{
  const FakeOption options[3];
  const char *path;
  guint32 attributes, known;
  guint64 messages, bytes;
  const char *result;
} StateVector;

static void
test_state (void)
{
  static const guint32 subscribed = HAUL_FOLDER_SUBSCRIBED;
  static const guint32 noselect = HAUL_FOLDER_NOSELECT;
  static const guint32 messages = HAUL_STATUS_MESSAGES, bytes = HAUL_STATUS_BYTES;
  const StateVector vectors[] = {
    { { { "subscribed", "false" } }, "A", 0, 0, 0, 0, "dropped: not subscribed" },
    { { { "subscribed", "false" } }, "A", subscribed, 0, 0, 0, "A" },
    { { { "subscribed", "false" } }, "INBOX", 0, 0, 0, 0, "INBOX" },
    { { { "subscribed", "false" } }, "INBOX/x", 0, 0, 0, 0, "dropped: not subscribed" },
    { { { "subscribed", "true" } }, "A", subscribed, 0, 0, 0, "dropped: subscribed" },
    { { { "subscribed", "any" }, { "name", "B" } }, "A", 0, 0, 0, 0, "A" },
    { { { "empty", "true" } }, "A", 0, messages, 0, 0, "dropped: empty" },
    { { { "empty", "true" } }, "A", 0, messages, 1, 0, "A" },
    { { { "empty", "true" } }, "A", 0, messages | bytes, 1, 0, "A" },
    { { { "empty", "true" } }, "A", 0, bytes, 0, 0, "dropped: empty" },
    { { { "empty", "true" } }, "A", 0, bytes, 0, 1, "A" },
    { { { "empty", "true" } }, "A", 0, 0, 0, 0, "A" }, /* not known */
    { { { "empty", "true" } }, "A", noselect, 0, 0, 0, "dropped: empty" },
    { { { "empty", "false" } }, "A", 0, 0, 0, 0, "dropped: not empty" },
    { { { "empty", "true" }, { "subscribed", "false" } },
      "A",
      subscribed,
      messages,
      0,
      0,
      "dropped: empty" },
    { { { "empty", "true" }, { "name", "A" } }, "A", 0, 0, 0, 0, "dropped: name A" },
    { { { "name", "A" }, { "children", "false" } }, "A/b", 0, 0, 0, 0, "A/b" },
    { { { "name", "A" }, { "children", "no" } }, "A", 0, 0, 0, 0, "dropped: name A" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (FakeFilter) filter = open_filter (vectors[i].options);
      HaulFolder like = HAUL_FOLDER_INIT;
      like.attributes = vectors[i].attributes;
      like.status.known = vectors[i].known;
      like.status.messages = vectors[i].messages;
      like.status.bytes = vectors[i].bytes;
      g_autofree char *result = fake_filter_listed (filter, vectors[i].path, &like);
      g_assert_cmpstr (result, ==, vectors[i].result);
    }
}

/* Without children, and after new listings, what was found before says nothing. */
static void
test_forgets (void)
{
  static const FakeOption alone[] = { { "special-use", "junk" },
                                      { "children", "false" },
                                      { NULL, NULL } };
  static const FakeOption all[] = { { "special-use", "junk" }, { NULL, NULL } };
  const HaulFilterFolders none = { .struct_size = sizeof none };
  g_autoptr (FakeFilter) one = open_filter (alone);
  g_autoptr (FakeFilter) two = open_filter (all);
  g_autofree char *junk = fake_filter_folder (one, "J", HAUL_USE_JUNK);
  g_autofree char *child = fake_filter_folder (one, "J/x", 0);
  g_assert_cmpstr (junk, ==, "dropped: special-use junk");
  g_assert_cmpstr (child, ==, "J/x");

  g_autofree char *before = fake_filter_folder (two, "J", HAUL_USE_JUNK);
  g_assert_cmpstr (before, ==, "dropped: special-use junk");
  g_assert_true (two->filter->begin (two->instance, &none, NULL));
  g_autofree char *after = fake_filter_folder (two, "J/x", 0);
  g_assert_cmpstr (after, ==, "J/x");
}

/* One listing after another through the same instance, parents first. */
static void
test_children (void)
{
  static const FakeOption options[] = { { "special-use", "junk trash" }, { NULL, NULL } };
  static const struct
  {
    const char *path;
    guint32 special_use;
    const char *result;
  } listing[] = {
    { "Junk", HAUL_USE_JUNK, "dropped: special-use junk" },
    { "Junk/2023", 0, "dropped: special-use junk" },
    { "Junk/2023/a", 0, "dropped: special-use junk" },
    { "Junk2", 0, "Junk2" },
    { "Junk/Trash", HAUL_USE_TRASH, "dropped: special-use trash" },
    { "Sent", HAUL_USE_SENT, "Sent" },
    { "Sent/Junk", 0, "Sent/Junk" },
  };
  g_autoptr (FakeFilter) filter = open_filter (options);

  for (guint round = 0; round < 3; round++)
    for (gsize i = 0; i < G_N_ELEMENTS (listing); i++)
      {
        g_autofree char *result = fake_filter_folder (filter, listing[i].path,
                                                      listing[i].special_use);
        g_assert_cmpstr (result, ==, listing[i].result);
      }
}

static gpointer
list_in_thread (gpointer data)
{
  const FakeFilter *filter = data;

  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *path = g_strdup_printf ("Junk%u", i % 50);
      g_autofree char *child = g_strconcat (path, "/x", NULL);
      g_autofree char *result = fake_filter_folder (filter, path, HAUL_USE_JUNK);
      g_autofree char *child_result = fake_filter_folder (filter, child, 0);

      g_assert_cmpstr (result, ==, "dropped: special-use junk");
      g_assert_cmpstr (child_result, ==, "dropped: special-use junk");
    }
  return NULL;
}

static void
test_threads (void)
{
  static const FakeOption options[] = { { "special-use", "junk" }, { NULL, NULL } };
  g_autoptr (FakeFilter) filter = open_filter (options);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("lister", list_in_thread, filter);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
test_refused (void)
{
  static const struct
  {
    FakeOption options[2];
    const char *message;
  } vectors[] = {
    { { { NULL, NULL } },
      "give at least one of \"name\", \"match\", \"special-use\", \"subscribed\" and "
      "\"empty\"" },
    { { { "special-use", " " } },
      "give at least one of \"name\", \"match\", \"special-use\", \"subscribed\" and "
      "\"empty\"" },
    { { { "special-use", "junk spam" } },
      "\"special-use\" must be of all, archive, drafts, flagged, important, junk, sent "
      "and trash, got 'spam'" },
    { { { "name", "" } }, "\"name\": folder path '': a name is empty" },
    { { { "name", "a//b" } }, "\"name\": folder path 'a//b': a name is empty" },
    { { { "match", "" } },
      "skip-folder: \"match\" must not be empty: it would match everything" },
    { { { "nmae", "a" } },
      "skip-folder: unknown option \"nmae\", did you mean \"name\"?" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_skip_folder_get (),
                                                       vectors[i].options, &message);

      g_assert_null (filter);
      g_assert_cmpstr (message, ==, vectors[i].message);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plugins/skip-folder/each-condition-drops-by-itself",
                   test_conditions);
  g_test_add_func ("/plugins/skip-folder/children-of-a-special-use-go-too",
                   test_children);
  g_test_add_func ("/plugins/skip-folder/by-subscription-and-emptiness", test_state);
  g_test_add_func ("/plugins/skip-folder/new-listings-void-the-old", test_forgets);
  g_test_add_func ("/plugins/skip-folder/serves-several-threads", test_threads);
  g_test_add_func ("/plugins/skip-folder/refuses-bad-options", test_refused);
  return g_test_run ();
}
