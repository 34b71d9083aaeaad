/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <select-folder name="Projects" special-use="sent" subscribed="true"/>: copies only the
 * folders that one of name, match and special-use means (none given: all), and of those
 * what is as subscribed and empty say. The conditions are folder-test.c's: any thread.
 */
#include "shared/folder-test.h"

static gpointer
select_create (gconstpointer settings, GError **error)
{
  return folder_test_new (settings, error);
}

static gboolean
select_check (gconstpointer settings, GError **error)
{
  g_autoptr (FolderTest) test = folder_test_new (settings, error);

  return test != NULL;
}

static void
select_free (gpointer instance)
{
  folder_test_free (instance);
}

static gboolean
select_begin (gpointer instance, const HaulFilterFolders *all, GError **error)
{
  (void) error;
  folder_test_begin (instance, all, TRUE);
  return TRUE;
}

static gboolean
select_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
               GError **error)
{
  FolderTest *self = (FolderTest *) instance;
  const char *reason = NULL;

  if (!folder_test_place (self, folder, &reason, error))
    return FALSE;
  if (reason == NULL && folder_test_has_places (self))
    reason = "not selected";
  else
    reason = folder_test_state (self, folder, FALSE);
  if (reason != NULL)
    haul_folder_edit_drop (edit, reason);
  return TRUE;
}

static const HaulFilter select_filter = {
  HAUL_FILTER_HEADER,
  .name = "select-folder",
  .summary = "Copies only the folders that are meant",
  .options = folder_test_options,
  .settings_size = sizeof (FolderTestSettings),
  .check = select_check,
  .create = select_create,
  .destroy = select_free,
  .folder = select_folder,
  .begin = select_begin,
};

HAUL_DEFINE_FILTER (select_folder, select_filter)
