/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every hazard and fault of IMAP that is known to us, each a script below
 * MAILHAUL_TEST_DATA/imap/source and /destination: one test for each file.
 */
#include <string.h>

#include "hazard.h"

static void
test_hazard (gconstpointer data)
{
  Hazard *hazard = hazard_read (data);
  hazard_run (hazard);
  hazard_free (hazard);
}

/* Both sides are servers: those whose trouble meets the other side's. */
static const struct
{
  const char *source, *destination;
} pairs[] = {
  { "plain", "plain" },
  { "plain", "f-close-after-ok" },
  { "plain", "f-append-bad" },
  { "plain", "f-close-literal-last" },
  { "plain", "f-throttle-first" },
  { "plain", "h34-no-uidplus" },
  { "plain", "m-nothing" },
  { "f-cut-3200", "plain" },
  { "f-cut-25000", "f-literal-minus" },
  { "f-cut-25000", "m-nothing" },
  { "f-large-body", "plain" },
  { "f-large-body", "f-literal-minus-catenate" },
  { "h03-literal-short-once", "plain" },
  { "h09-flags-last", "h34-no-appenduid" },
  { "h08-split-lines", "h37-bare-plus" },
  { "h44-status-words", "plain" },
  { "f-hangs", "plain" },
  { "m-nothing", "m-nothing" },
};

static char *
script_path (const char *side, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".script", NULL);
  return g_build_filename (g_getenv ("MAILHAUL_TEST_DATA"), "imap", side, file, NULL);
}

static void
test_pair (gconstpointer data)
{
  guint index = GPOINTER_TO_UINT (data);
  g_autofree char *first = script_path ("source", pairs[index].source);
  g_autofree char *second = script_path ("destination", pairs[index].destination);
  Hazard *source = hazard_read (first);
  Hazard *destination = hazard_read (second);
  hazard_run_pair (source, destination);
  hazard_free (source);
  hazard_free (destination);
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* add_scripts: the paths of one side. */
static void
add_scripts (GPtrArray *paths, const char *side)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_build_filename (g_getenv ("MAILHAUL_TEST_DATA"), "imap",
                                              side, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  g_assert_no_error (error);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".script"))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("MAILHAUL_SOURCE_PASSWORD", "secret", TRUE);
  g_setenv ("MAILHAUL_DESTINATION_PASSWORD", "secret", TRUE);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  add_scripts (paths, "source");
  add_scripts (paths, "destination");
  g_ptr_array_sort (paths, by_name);
  for (guint i = 0; i < paths->len; i++)
    {
      Hazard *hazard = hazard_read (g_ptr_array_index (paths, i));
      g_autofree char *path = g_strdup_printf (
          "/imap/%s/%s", hazard->source ? "source" : "destination", hazard->name);
      g_test_add_data_func (path, g_ptr_array_index (paths, i), test_hazard);
      hazard_free (hazard);
    }
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *path = g_strdup_printf ("/imap/pair/%s-to-%s", pairs[i].source,
                                               pairs[i].destination);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_pair);
    }
  return g_test_run ();
}
