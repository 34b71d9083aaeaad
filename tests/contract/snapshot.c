/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes the picture of a directory tree. Times of access are left out: reading is
 * allowed.
 */
#include "snapshot.h"

#include <string.h>
#include <sys/stat.h>

#include <gio/gio.h>

static void
describe_entry (const char *path, const char *name, GPtrArray *lines)
{
  g_autofree char *sum = NULL;
  struct stat status;

  if (lstat (path, &status) != 0)
    return;
  if (S_ISREG (status.st_mode))
    {
      g_autofree char *text = NULL;
      gsize length = 0;

      if (g_file_get_contents (path, &text, &length, NULL))
        sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guint8 *) text,
                                           length);
    }
  g_ptr_array_add (lines,
                   g_strdup_printf ("%s mode %o size %" G_GINT64_FORMAT
                                    " time %" G_GINT64_FORMAT ".%09ld %s",
                                    name, (guint) status.st_mode, (gint64) status.st_size,
                                    (gint64) status.st_mtim.tv_sec,
                                    status.st_mtim.tv_nsec, sum != NULL ? sum : ""));
}

static void
describe_tree (const char *path, const char *name, GPtrArray *lines)
{
  g_autoptr (GDir) dir = NULL;
  const char *child;

  describe_entry (path, name, lines);
  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (child = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child_path = g_build_filename (path, child, NULL);
      g_autofree char *child_name = g_build_filename (name, child, NULL);

      describe_tree (child_path, child_name, lines);
    }
}

static gint
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char *
snapshot_of (const char *directory)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  describe_tree (directory, ".", lines);
  g_ptr_array_sort (lines, compare_lines);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **) lines->pdata);
}
