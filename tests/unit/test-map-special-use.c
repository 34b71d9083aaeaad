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
  const char *enabled;
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
  gboolean enabled = self->enabled == NULL;
  HaulFolder sources[FOLDERS], destinations[FOLDERS];
  g_autoptr (GString) said = g_string_new (NULL);
  HaulFilterFolders all = { .struct_size = sizeof all,
                            .sources = sources,
                            .source_count = make (self->sources, sources),
                            .destinations = destinations,
                            .destination_count = make (self->destinations, destinations),
                            .notice = on_notice,
                            .user_data = said };
  gpointer instance = filter->create (&enabled, NULL);
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
  filter->destroy (instance);
  clear (sources, all.source_count);
  clear (destinations, all.destination_count);
}

int
main (int argc, char **argv)
{
  static const Vector vectors[] = {
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
      { { "Sent", 0 } },
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
      "no" },
  };
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/map-special-use/%s", vectors[i].name);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  return g_test_run ();
}
