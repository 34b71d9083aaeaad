/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <skip-folder special-use="junk trash"/>, name="Trash", match="^Public/", empty="true":
 * leaves folders out. Each condition of an element drops by itself. The conditions are
 * folder-test.c's: any thread.
 */
#include "shared/folder-test.h"

static gpointer
skip_create (gconstpointer settings, GError **error)
{
  return folder_test_new (settings, error);
}

static gboolean
skip_check (gconstpointer settings, GError **error)
{
  g_autoptr (FolderTest) test = folder_test_new (settings, error);

  return test != NULL;
}

static void
skip_free (gpointer instance)
{
  folder_test_free (instance);
}

static gboolean
skip_begin (gpointer instance, const HaulFilterFolders *all, GError **error)
{
  (void) error;
  folder_test_begin (instance, all, FALSE);
  return TRUE;
}

static gboolean
skip_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
             GError **error)
{
  FolderTest *self = (FolderTest *) instance;
  const char *reason = NULL;

  if (!folder_test_place (self, folder, &reason, error))
    return FALSE;
  if (reason == NULL)
    reason = folder_test_state (self, folder, TRUE);
  if (reason != NULL)
    haul_folder_edit_drop (edit, reason);
  return TRUE;
}

static const HaulFilter skip_filter = {
  HAUL_FILTER_HEADER,
  .name = "skip-folder",
  .summary = "Leaves folders out",
  .options = folder_test_options,
  .settings_size = sizeof (FolderTestSettings),
  .check = skip_check,
  .create = skip_create,
  .destroy = skip_free,
  .folder = skip_folder,
  .begin = skip_begin,
};

HAUL_DEFINE_FILTER (skip_folder, skip_filter)
