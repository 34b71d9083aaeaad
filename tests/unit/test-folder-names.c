/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What folders are called in many languages: the data and the look-up.
 */
#include "shared/folder-names.h"

#include <string.h>

/* LANGUAGES: fewer would not be what the guide says. */
#define LANGUAGES 30

static void
test_data (void)
{
  g_autoptr (GHashTable)
      seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (const FolderName *row = folder_names; row->name != NULL; row++)
    {
      g_assert_true (g_utf8_validate (row->name, -1, NULL));
      g_autofree char *composed = g_utf8_normalize (row->name, -1, G_NORMALIZE_NFC);
      g_assert_cmpstr (row->name, ==, composed);
      g_assert_cmpint (strcmp (row->language, "ambiguous") == 0, ==, row->use == 0);
      char *key = folder_name_fold (row->name);
      gpointer value = NULL;
      if (g_hash_table_lookup_extended (seen, key, NULL, &value)
          && GPOINTER_TO_UINT (value) != row->use)
        g_error ("'%s' stands for two roles; put it under [ambiguous]", row->name);
      g_hash_table_insert (seen, key, GUINT_TO_POINTER (row->use));
    }
}

static void
test_languages (void)
{
  static const guint32 all = HAUL_USE_SENT | HAUL_USE_DRAFTS | HAUL_USE_JUNK
                             | HAUL_USE_TRASH | HAUL_USE_ARCHIVE;
  g_autoptr (GHashTable) uses = g_hash_table_new (g_str_hash, g_str_equal);

  for (const FolderName *row = folder_names; row->name != NULL; row++)
    {
      gpointer key = (gpointer) row->language;
      guint use = GPOINTER_TO_UINT (g_hash_table_lookup (uses, key));
      if (row->use != 0)
        g_hash_table_insert (uses, key, GUINT_TO_POINTER (use | row->use));
    }
  g_assert_cmpuint (g_hash_table_size (uses), >=, LANGUAGES);
  GHashTableIter iter;
  gpointer language = NULL, use = NULL;
  g_hash_table_iter_init (&iter, uses);
  while (g_hash_table_iter_next (&iter, &language, &use))
    if (GPOINTER_TO_UINT (use) != all)
      g_error ("language %s lacks a role", (const char *) language);
}

static void
test_use (void)
{
  static const struct
  {
    const char *path;
    guint32 use;
  } vectors[] = {
    { "Sent", HAUL_USE_SENT },
    { "sEnT iTeMs", HAUL_USE_SENT },
    { "INBOX/Trash", HAUL_USE_TRASH },
    { "inbox/Deleted Messages", HAUL_USE_TRASH },
    { "Inbox/x/Trash", 0 },
    { "Work/Trash", 0 },
    { "INBOX", 0 },
    { "Trash ", 0 },
    { "Spam-Verdacht", HAUL_USE_JUNK },
    { "ENTWU\314\210RFE", HAUL_USE_DRAFTS },
    { "\320\236\320\242\320\237\320\240\320\220\320\222\320\233\320\225\320\235\320\235"
      "\320\253\320\225",
      HAUL_USE_SENT },
    { "I\314\207stenmeyen", HAUL_USE_JUNK },
    { "\343\202\263\343\202\231\343\203\237\347\256\261", HAUL_USE_TRASH },
    { "\343\201\223\343\202\231\343\201\277\347\256\261", HAUL_USE_TRASH },
    { "\343\201\224\343\201\277\347\256\261", HAUL_USE_TRASH },
    { "Lixo", 0 }, /* junk to some, trash to others */
  };
  g_autoptr (GHashTable) index = folder_names_index ();

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_auto (GStrv) path = haul_path_from_text (vectors[i].path, NULL);
      guint32 use = folder_names_use (index, (HaulPath) path);
      if (use != vectors[i].use)
        g_test_message ("%s", vectors[i].path);
      g_assert_cmpuint (use, ==, vectors[i].use);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/folder-names/data/no-name-for-two-roles", test_data);
  g_test_add_func ("/folder-names/data/many-languages-each-with-all-roles",
                   test_languages);
  g_test_add_func ("/folder-names/use/whole-names-at-the-top-or-below-inbox", test_use);
  return g_test_run ();
}
