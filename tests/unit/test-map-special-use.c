/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter map-special-use, alone.
 */
#include "plugins/fakes.h"

#include <string.h>

HAUL_API const HaulFilter *haul_filter_map_special_use_get (void);

/* FOLDERS: room for one side of a test. */
#define FOLDERS 6

/* A folder of a test: path as text, and its role. */
typedef struct
{
  const char *path;
  guint32 use;
} Place;

typedef struct
{
  const char *name;
  Place sources[FOLDERS], destinations[FOLDERS];
  const char *path, *mapped;
  const char *notice; /* NULL: nothing is said */
  const char *option; /* set to false */
} Vector;

static void
on_notice (const char *text, gpointer user_data)
{
  g_string_append_printf (user_data, "%s\n", text);
}

static gsize
make (const Place *places, HaulFolder *out)
{
  gsize count = 0;
  for (; count < FOLDERS && places[count].path != NULL; count++)
    {
      out[count] = (HaulFolder) HAUL_FOLDER_INIT;
      out[count].path = (HaulPath) haul_path_from_text (places[count].path, NULL);
      out[count].special_use = places[count].use;
    }
  return count;
}

static void
clear (HaulFolder *folders, gsize count)
{
  for (gsize i = 0; i < count; i++)
    g_strfreev ((char **) folders[i].path);
}

static void
test_vector (gconstpointer data)
{
  const Vector *self = data;
  const HaulFilter *filter = haul_filter_map_special_use_get ();
  const FakeOption options[] = { { self->option, "false" }, { NULL, NULL } };
  g_autofree char *message = NULL;
  g_autoptr (FakeFilter) fake = fake_filter_new (filter, options, &message);
  HaulFolder sources[FOLDERS], destinations[FOLDERS];
  g_autoptr (GString) said = g_string_new (NULL);
  HaulFilterFolders all = { .struct_size = sizeof all,
                            .sources = sources,
                            .source_count = make (self->sources, sources),
                            .destinations = destinations,
                            .destination_count = make (self->destinations, destinations),
                            .notice = on_notice,
                            .user_data = said };
  g_assert_cmpstr (message, ==, NULL);
  gpointer instance = fake->instance;
  /* What an earlier listing said is void. */
  g_assert_true (filter->begin (instance, &all, NULL));
  g_string_truncate (said, 0);
  g_assert_true (filter->begin (instance, &all, NULL));
  g_auto (GStrv) path = haul_path_from_text (self->path, NULL);
  HaulFolder folder = HAUL_FOLDER_INIT;
  folder.path = (HaulPath) path;
  HaulFolderEdit edit = { 0 };
  g_assert_true (filter->folder (instance, &folder, &edit, NULL));
  g_assert_cmpstr (edit.path, ==, self->mapped);
  if (self->notice == NULL)
    g_assert_cmpstr (said->str, ==, "");
  else
    g_assert_nonnull (strstr (said->str, self->notice));
  g_free (edit.path);
  clear (sources, all.source_count);
  clear (destinations, all.destination_count);
}

/* Of a side that announces roles. */
static const Vector role_vectors[] = {
  { "by-role",
    { { "Gesendet", HAUL_USE_SENT } },
    { { "Sent", HAUL_USE_SENT } },
    "Gesendet",
    "Sent" },
  { "children-follow",
    { { "Gesendet", HAUL_USE_SENT } },
    { { "Sent", HAUL_USE_SENT } },
    "Gesendet/2019",
    "Sent/2019" },
  { "other-folders-stay",
    { { "Gesendet", HAUL_USE_SENT } },
    { { "Sent", HAUL_USE_SENT } },
    "Gesendet2",
    NULL },
  { "no-such-role-there",
    { { "Gesendet", HAUL_USE_SENT } },
    { { "Post", 0 } },
    "Gesendet",
    NULL },
  { "two-claimants",
    { { "A", HAUL_USE_JUNK }, { "B", HAUL_USE_JUNK } },
    { { "Junk", HAUL_USE_JUNK } },
    "B",
    NULL,
    "the source has two folders for junk, 'A' and 'B'" },
  { "first-claimant-is-mapped",
    { { "A", HAUL_USE_JUNK }, { "B", HAUL_USE_JUNK } },
    { { "Junk", HAUL_USE_JUNK } },
    "A",
    "Junk",
    "the first is taken" },
  { "does-not-mix",
    { { "Bin", HAUL_USE_TRASH }, { "Trash", 0 } },
    { { "Trash", HAUL_USE_TRASH } },
    "Bin",
    NULL,
    "the source has another folder of that name" },
  { "deepest-rule-wins",
    { { "A", HAUL_USE_ARCHIVE }, { "A/S", HAUL_USE_SENT } },
    { { "Archive", HAUL_USE_ARCHIVE }, { "Sent", HAUL_USE_SENT } },
    "A/S/x",
    "Sent/x" },
  { "off",
    { { "Gesendet", HAUL_USE_SENT } },
    { { "Sent", HAUL_USE_SENT } },
    "Gesendet",
    NULL,
    NULL,
    "enabled" },
};

/* Of one that does not. */
static const Vector name_vectors[] = {
  { "by-name-at-both-sides",
    { { "INBOX/Gesendete Elemente", 0 } },
    { { "SENT ITEMS", 0 } },
    "INBOX/Gesendete Elemente/2019",
    "SENT ITEMS/2019" },
  { "by-name-at-one-side",
    { { "Papelera", 0 } },
    { { "Trash", HAUL_USE_TRASH } },
    "Papelera",
    "Trash" },
  { "by-name-decomposed",
    { { "E\314\201LE\314\201MENTS ENVOYE\314\201S", 0 } },
    { { "Sent", HAUL_USE_SENT } },
    "E\314\201LE\314\201MENTS ENVOYE\314\201S",
    "Sent" },
  { "what-is-announced-comes-before-a-name",
    { { "Sent", 0 }, { "Raus", HAUL_USE_SENT } },
    { { "Gesendet", HAUL_USE_SENT } },
    "Sent",
    NULL },
  { "another-role-comes-before-a-name",
    { { "Trash", HAUL_USE_JUNK } },
    { { "Deleted Items", HAUL_USE_TRASH } },
    "Trash",
    NULL },
  { "two-names-are-left-alone",
    { { "Sent", 0 }, { "Sent Items", 0 } },
    { { "Gesendet", HAUL_USE_SENT } },
    "Sent",
    NULL,
    "the source has two folders that are called like sent, 'Sent' and 'Sent Items'" },
  { "two-names-there-are-left-alone",
    { { "Gesendet", HAUL_USE_SENT } },
    { { "Sent", 0 }, { "Sent Items", 0 } },
    "Gesendet",
    NULL,
    "the destination has two folders that are called like sent" },
  { "two-names-for-nothing-are-not-told",
    { { "Sent", 0 }, { "Sent Items", 0 } },
    { { "Other", 0 } },
    "Sent",
    NULL },
  { "a-name-deeper-down-says-nothing",
    { { "Work/Gesendet", 0 } },
    { { "Sent", HAUL_USE_SENT } },
    "Work/Gesendet",
    NULL },
  { "part-of-a-name-says-nothing",
    { { "Gesendet 2019", 0 } },
    { { "Sent", HAUL_USE_SENT } },
    "Gesendet 2019",
    NULL },
  { "not-by-name",
    { { "Gesendet", 0 } },
    { { "Sent", HAUL_USE_SENT } },
    "Gesendet",
    NULL,
    NULL,
    "by-name" },
};

static void
add (const Vector *vectors, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *path = g_strdup_printf ("/map-special-use/%s", vectors[i].name);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add (role_vectors, G_N_ELEMENTS (role_vectors));
  add (name_vectors, G_N_ELEMENTS (name_vectors));
  return g_test_run ();
}
