/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks names of folders up in the table that is made from data/folder-names.txt. Pure:
 * any thread.
 */
#include "folder-names.h"

#include <string.h>

char *
folder_name_fold (const char *name)
{
  g_autofree char *composed = g_utf8_normalize (name, -1, G_NORMALIZE_NFC);
  g_autofree char *folded = composed != NULL ? g_utf8_casefold (composed, -1) : NULL;

  /* Folding may take a letter apart: İ. */
  return folded != NULL ? g_utf8_normalize (folded, -1, G_NORMALIZE_NFC) : NULL;
}

GHashTable *
folder_names_index (void)
{
  GHashTable *index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (const FolderName *row = folder_names; row->name != NULL; row++)
    {
      char *key = folder_name_fold (row->name);
      gpointer value = NULL;
      gboolean there = g_hash_table_lookup_extended (index, key, NULL, &value);
      guint32 use = there && GPOINTER_TO_UINT (value) != row->use ? 0 : row->use;

      g_hash_table_insert (index, key, GUINT_TO_POINTER (use));
    }
  return index;
}

guint32
folder_names_use (GHashTable *index, HaulPath path)
{
  gboolean below_inbox = strcmp (path[0], "INBOX") == 0 && path[1] != NULL;
  HaulPath last = below_inbox ? path + 1 : path;

  if (last[1] != NULL)
    return 0;
  g_autofree char *key = folder_name_fold (last[0]);
  return key != NULL ? GPOINTER_TO_UINT (g_hash_table_lookup (index, key)) : 0;
}
