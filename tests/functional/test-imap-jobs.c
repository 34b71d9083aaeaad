/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Holds what is written about the IMAP backend to its table of options, as the module
 * itself has it: presets, example jobs, the printed schema, the manual page.
 */
#include <string.h>

#include "engine/engine.h"
#include "quirks.h"
#include "model/job-xml.h"
#include "model/preset.h"
#include "model/schema.h"
#include "plugin/session.h"

/* source_file: a file of the source tree. (transfer full) */
static char *
source_file (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "..", "..", name, NULL);
}

static const HaulBackend *
imap (Registry *registry)
{
  g_autoptr (GError) error = NULL;
  const HaulBackend *backend = registry_backend (registry, "imap", &error);

  g_assert_no_error (error);
  return backend;
}

static void
assert_no_problems (const Problems *problems)
{
  for (guint i = 0; i < problems_length (problems); i++)
    {
      const Problem *problem = problems_get (problems, i);
      g_test_message ("%s:%u: %s", problem->file, problem->line, problem->text);
    }
  g_assert_cmpuint (problems_length (problems), ==, 0);
}

/* The settings of <imap preset="@name" host="h" user="u" password-file="x"/>. */
static void
use_preset (const HaulBackend *backend, const char *name, guint32 refused)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Job) job = job_new_for_pair ("x", "/nonexistent", NULL);
  JobElement *element = job_element_new ("imap", 1);
  gpointer settings;

  job_element_add (element, "preset", name);
  job_element_add (element, "host", "h");
  job_element_add (element, "user", "u");
  job_element_add (element, "password-file", "x");
  settings = job_settings (job, element, job->accounts->pdata[0], backend->options,
                           backend->settings_size, refused, problems);
  job_element_free (element);
  assert_no_problems (problems);
  g_assert_nonnull (settings);
  option_table_free (backend->options, settings);
}

static void
test_presets (void)
{
  g_autoptr (Registry) registry = registry_new (NULL);
  const HaulBackend *backend = imap (registry);
  g_auto (GStrv) names = preset_names ("imap");

  g_assert_cmpuint (g_strv_length (names), >=, 13);
  for (char **name = names; *name != NULL; name++)
    {
      g_test_message ("%s", *name);
      use_preset (backend, *name, HAUL_OPT_ONLY_DESTINATION);
      use_preset (backend, *name, HAUL_OPT_ONLY_SOURCE);
    }
}

/* The table of quirks names only presets that there are. */
static void
test_quirks (void)
{
  const ImapQuirks *row;
  guint count = 0;

  for (guint i = 0; (row = imap_quirks_row (i)) != NULL; i++)
    {
      if (row->preset == NULL)
        continue;
      g_autofree char *file = preset_find ("imap", row->preset);
      g_test_message ("%s: %s", row->name, row->preset);
      g_assert_nonnull (file);
      count++;
    }
  g_assert_cmpuint (count, >, 0);
}

/* (transfer full) */
static char *
whole_schema (Registry *registry)
{
  g_auto (GStrv) backends = registry_names (registry, "backend");
  g_auto (GStrv) filters = registry_names (registry, "filter");
  g_autoptr (GArray) plugins = g_array_new (FALSE, TRUE, sizeof (SchemaPlugin));

  for (char **name = backends; *name != NULL; name++)
    {
      const HaulBackend *backend = registry_backend (registry, *name, NULL);
      SchemaPlugin plugin = { SCHEMA_SOURCE | SCHEMA_DESTINATION, *name, "", NULL };
      plugin.options = backend->options;
      g_array_append_val (plugins, plugin);
    }
  for (char **name = filters; *name != NULL; name++)
    {
      const HaulFilter *filter = registry_filter (registry, *name, NULL);
      SchemaPlugin plugin = { SCHEMA_FILTER, *name, "", filter->options };
      g_array_append_val (plugins, plugin);
    }
  return schema_print ((const SchemaPlugin *) (gpointer) plugins->data, plugins->len);
}

/* Each example is a job that every layer takes: reader, plugins, printed schema. */
static void
test_examples (void)
{
  g_autoptr (Registry) registry = registry_new (NULL);
  g_autofree char *schema = whole_schema (registry);
  g_autofree char *folder = source_file ("schemas/examples");
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *base;
  guint count = 0;

  g_assert_nonnull (files);
  while ((base = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *file = g_build_filename (folder, base, NULL);
      g_autoptr (Problems) problems = problems_new ();
      g_autofree char *text = NULL;
      gsize length;

      if (!g_str_has_suffix (base, ".xml"))
        continue;
      g_autoptr (Job) job = job_load (file, problems);
      assert_no_problems (problems);
      g_assert_true (engine_check (job, registry, problems));
      g_assert_true (g_file_get_contents (file, &text, &length, NULL));
      JobText whole = { .file = base, .data = text, .length = length };
      (void) job_xml_validate (&whole, schema, strlen (schema), problems);
      assert_no_problems (problems);
      count++;
    }
  g_assert_cmpuint (count, >=, 5);
}

/* mailhaul-job.5 has every option of the table in its part on <imap/>. */
static void
test_manual (void)
{
  g_autoptr (Registry) registry = registry_new (NULL);
  const HaulBackend *backend = imap (registry);
  g_autofree char *file = source_file ("docs/man/mailhaul-job.5.rst");
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  const char *part = strstr (text, "**<imap/>**");
  g_assert_nonnull (part);
  for (const HaulOptionSpec *spec = backend->options; spec->name != NULL; spec++)
    {
      g_autofree char *bold = g_strdup_printf ("**%s**", spec->name);
      g_test_message ("%s", bold);
      g_assert_nonnull (strstr (part, bold));
    }
}

/* A preset gives what is required, so the schema cannot ask for it. */
static void
test_schema_leaves_the_host_to_a_preset (void)
{
  static const char job[] =
      "<job xmlns='urn:mailhaul:job:1' name='x'><source><imap preset='gmail' user='u' "
      "token-command='t'/></source><destination><maildir path='x'/></destination></job>";
  g_autoptr (Registry) registry = registry_new (NULL);
  g_autofree char *schema = whole_schema (registry);
  g_autoptr (Problems) problems = problems_new ();
  JobText text = { .file = "job.xml", .data = job, .length = sizeof job - 1 };

  (void) job_xml_validate (&text, schema, strlen (schema), problems);
  assert_no_problems (problems);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/jobs/every-preset-suits-the-table", test_presets);
  g_test_add_func ("/imap/jobs/quirks-name-known-presets", test_quirks);
  g_test_add_func ("/imap/jobs/every-example-is-valid", test_examples);
  g_test_add_func ("/imap/jobs/the-manual-has-every-option", test_manual);
  g_test_add_func ("/imap/jobs/the-schema-leaves-the-host-to-a-preset",
                   test_schema_leaves_the_host_to_a_preset);
  return g_test_run ();
}
