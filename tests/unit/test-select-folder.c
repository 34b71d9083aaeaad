/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter select-folder, alone. The conditions themselves are tested with skip-folder.
 */
#include "plugins/fakes.h"

HAUL_API const HaulFilter *haul_filter_select_folder_get (void);

/* A folder of a listing and what becomes of it. */
typedef struct
{
  const char *path;
  guint32 special_use;
  gboolean subscribed, empty;
  const char *dropped; /* NULL: stays */
} Row;

typedef struct
{
  const char *name;
  const FakeOption options[4];
  const Row rows[7]; /* the last is empty */
} Vector;

static FakeFilter *
open_filter (const FakeOption *options)
{
  g_autofree char *message = NULL;
  FakeFilter *filter = fake_filter_new (haul_filter_select_folder_get (), options,
                                        &message);

  g_assert_cmpstr (message, ==, NULL);
  return filter;
}

static void
test_vector (gconstpointer data)
{
  const Vector *self = data;
  g_autoptr (FakeFilter) filter = open_filter (self->options);

  for (const Row *row = self->rows; row->path != NULL; row++)
    {
      HaulFolder like = HAUL_FOLDER_INIT;
      like.special_use = row->special_use;
      like.attributes = row->subscribed ? HAUL_FOLDER_SUBSCRIBED : 0;
      like.status.known = HAUL_STATUS_MESSAGES;
      like.status.messages = row->empty ? 0 : 3;
      g_autofree char *result = fake_filter_listed (filter, row->path, &like);
      g_autofree char *expected = row->dropped != NULL
                                      ? g_strconcat ("dropped: ", row->dropped, NULL)
                                      : g_strdup (row->path);
      g_assert_cmpstr (result, ==, expected);
    }
}

static void
on_notice (const char *text, gpointer user_data)
{
  g_string_append_printf (user_data, "%s\n", text);
}

/* What nothing can meet is said, since nothing else would be. */
static void
test_notices (void)
{
  static const FakeOption options[] = { { "name", "Projekte" },
                                        { "special-use", "sent junk" },
                                        { "subscribed", "true" },
                                        { NULL, NULL } };
  static const char *const path[] = { "Projects", NULL };
  HaulFolder folder = HAUL_FOLDER_INIT;
  folder.path = path;
  folder.special_use = HAUL_USE_JUNK;
  g_autoptr (FakeFilter) filter = open_filter (options);
  g_autoptr (GString) said = g_string_new (NULL);
  const HaulFilterFolders all = { .struct_size = sizeof all,
                                  .sources = &folder,
                                  .source_count = 1,
                                  .notice = on_notice,
                                  .user_data = said };

  g_assert_true (filter->filter->begin (filter->instance, &all, NULL));
  g_assert_cmpstr (said->str, ==,
                   "no folder of the source is subscribed, as far as it says\n"
                   "the source has no folder 'Projekte' to select\n"
                   "the source announces no folder for sent to select\n");
}

static void
test_refused (void)
{
  static const struct
  {
    FakeOption options[2];
    const char *message;
  } vectors[] = {
    { { { "empty", "any" } },
      "give at least one of \"name\", \"match\", \"special-use\", \"subscribed\" and "
      "\"empty\"" },
    { { { "name", "a//b" } }, "\"name\": folder path 'a//b': a name is empty" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_select_folder_get (),
                                                       vectors[i].options, &message);

      g_assert_null (filter);
      g_assert_cmpstr (message, ==, vectors[i].message);
    }
}

#define OUT "not selected"

static const Vector vectors[] = {
  { "by-name-with-children",
    { { "name", "A" } },
    { { "A", 0, FALSE, FALSE, NULL },
      { "A/b", 0, FALSE, FALSE, NULL },
      { "Ab", 0, FALSE, FALSE, OUT },
      { "INBOX", 0, TRUE, FALSE, OUT } } },
  { "by-name-alone",
    { { "name", "A" }, { "children", "false" } },
    { { "A", 0, FALSE, FALSE, NULL }, { "A/b", 0, FALSE, FALSE, OUT } } },
  { "any-of-the-places",
    { { "name", "A" }, { "match", "^B$" }, { "special-use", "sent" } },
    { { "A/x", 0, FALSE, FALSE, NULL },
      { "B", 0, FALSE, FALSE, NULL },
      { "B/x", 0, FALSE, FALSE, OUT },
      { "S", HAUL_USE_SENT, FALSE, FALSE, NULL },
      { "S/x", 0, FALSE, FALSE, NULL },
      { "C", HAUL_USE_JUNK, FALSE, FALSE, OUT } } },
  { "all-of-the-states",
    { { "subscribed", "true" }, { "empty", "false" } },
    { { "A", 0, TRUE, FALSE, NULL },
      { "B", 0, FALSE, FALSE, "not subscribed" },
      { "C", 0, TRUE, TRUE, "empty" },
      { "INBOX", 0, FALSE, FALSE, NULL } } },
  { "place-and-state",
    { { "special-use", "sent" }, { "empty", "false" } },
    { { "S", HAUL_USE_SENT, FALSE, TRUE, "empty" },
      { "S/x", 0, FALSE, FALSE, NULL },
      { "T", 0, FALSE, FALSE, OUT } } },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plugins/select-folder/%s",
                                               vectors[i].name);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/plugins/select-folder/tells-what-nothing-can-meet", test_notices);
  g_test_add_func ("/plugins/select-folder/refuses-bad-options", test_refused);
  return g_test_run ();
}
