/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzzer's entry over the files and folders named on the command line, so that the
 * seeds are an ordinary test where libFuzzer is not at hand. Test thread. */
#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static guint
run_path (const gchar *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  g_autofree gchar *content = NULL;
  gsize length;
  guint count = 0;

  if (folder == NULL)
    {
      if (!g_file_get_contents (path, &content, &length, NULL))
        return 0;
      LLVMFuzzerTestOneInput ((const guint8 *) content, length);
      return 1;
    }
  const gchar *name;
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree gchar *child = g_build_filename (path, name, NULL);
      count += run_path (child);
    }
  return count;
}

int
main (int argc, char **argv)
{
  guint count = 0;

  for (int i = 1; i < argc; i++)
    count += run_path (argv[i]);
  return count > 0 ? 0 : 1;
}
