/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folder pairs: collisions, containers, and names that differ in case.
 */
#include "engine/mapping.h"

#include <mailhaul/error.h>

static GPtrArray *
listing (const char *const *texts)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func ((GDestroyNotify) folder_info_free);
  for (; *texts != NULL; texts++)
    {
      const char *text = *texts;
      HaulFolder folder = HAUL_FOLDER_INIT;
      /* '!' in front: a container */
      folder.attributes = *text == '!' ? HAUL_FOLDER_NOSELECT : 0;
      g_auto (GStrv) path = haul_path_from_text (text + (*text == '!'), NULL);
      folder.path = (HaulPath) path;
      g_ptr_array_add (folders, folder_info_new (&folder));
    }
  return folders;
}

typedef struct
{
  const char *name;
  const char *sources[4], *destinations[4];
  gboolean case_insensitive;
  gboolean collides;
  const char *found; /* per source: 'y' the destination is there, 'n' it is not */
} Vector;

static void
test_vector (gconstpointer data)
{
  const Vector *self = data;
  g_autoptr (GPtrArray) sources = listing (self->sources);
  g_autoptr (GPtrArray) destinations = listing (self->destinations);
  g_autoptr (GError) error = NULL;
  MappingRules rules = { NULL, self->case_insensitive };
  g_autoptr (GPtrArray) pairs = mapping_make (sources, destinations, &rules, &error);
  if (self->collides)
    {
      g_assert_null (pairs);
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
      g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (pairs->len, ==, sources->len);
  for (guint i = 0; i < pairs->len; i++)
    {
      const FolderPair *pair = pairs->pdata[i];
      g_assert_true (pair->source == sources->pdata[i]);
      g_assert_cmpstr (pair->destination_text, ==, pair->source->text);
      g_assert_cmpint (pair->destination != NULL ? 'y' : 'n', ==, self->found[i]);
    }
}

int
main (int argc, char **argv)
{
  static const Vector vectors[] = {
    { "plain", { "INBOX", "A" }, { "INBOX" }, FALSE, FALSE, "yn" },
    { "case-matters", { "a", "A" }, { "A" }, FALSE, FALSE, "ny" },
    { "case-collides", { "a", "A" }, { "A" }, TRUE, TRUE, NULL },
    { "case-finds", { "a" }, { "A" }, TRUE, FALSE, "y" },
    { "containers-may-meet", { "!a", "A" }, { NULL }, TRUE, FALSE, "nn" },
    { "two-containers-may-meet", { "!a", "!A" }, { "!A" }, TRUE, FALSE, "yy" },
    { "container-takes-no-mail", { "a" }, { "!a" }, FALSE, FALSE, "n" },
    { "container-is-enough", { "!a" }, { "!a" }, FALSE, FALSE, "y" },
    { "umlauts-collide", { "\xc3\xa4", "\xc3\x84" }, { NULL }, TRUE, TRUE, NULL },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/mapping/pairs/%s", vectors[i].name);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  return g_test_run ();
}
