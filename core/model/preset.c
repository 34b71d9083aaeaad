/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which presets there are, which one a job's element names, and what it adds to the
 * element's options. What stands in a file is preset-read.c's. On the caller's thread.
 */
#include "preset.h"

#include <string.h>

#include "base/option-table.h"

/* FILE_SUFFIX: of a preset's file. */
#define FILE_SUFFIX ".xml"
/* FOLDERS: where presets are looked for. */
#define FOLDERS 2

gboolean
preset_name_is_sane (const char *name)
{
  return name[0] != '-' && name[0] != '\0'
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen (name);
}

/* The folder of presets by its place in the order of search; NULL: there is none. */
static char *
folder (guint index)
{
  const char *directory = index == 0 ? g_getenv ("MAILHAUL_SCHEMA_DIR")
                                     : MAILHAUL_SCHEMA_DIR;

  if (directory == NULL || *directory == '\0')
    return NULL;
  return g_build_filename (directory, "presets", NULL);
}

char *
preset_find (const char *plugin, const char *name)
{
  g_autofree char *base = g_strdup_printf ("%s-%s" FILE_SUFFIX, plugin, name);

  if (!preset_name_is_sane (name) || !preset_name_is_sane (plugin))
    return NULL;
  for (guint i = 0; i < FOLDERS; i++)
    {
      g_autofree char *directory = folder (i);
      g_autofree char *file = directory != NULL ? g_build_filename (directory, base, NULL)
                                                : NULL;

      if (file != NULL && g_file_test (file, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&file);
    }
  return NULL;
}

/* ---- names ---- */

/* Whether the preset in @file is @plugin's: "a-b-c.xml" may be of "a" or of "a-b". One
 * that cannot be read is told of when it is used. */
static gboolean
is_of_plugin (const char *file, const char *plugin)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Preset) preset = preset_read (file, problems);

  return preset == NULL || strcmp (preset->plugin, plugin) == 0;
}

static void
add_names (GHashTable *names, const char *directory, const char *plugin)
{
  g_autoptr (GDir) files = g_dir_open (directory, 0, NULL);
  g_autofree char *prefix = g_strconcat (plugin, "-", NULL);
  const char *base;

  while (files != NULL && (base = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *file = g_build_filename (directory, base, NULL);

      if (!g_str_has_prefix (base, prefix) || !g_str_has_suffix (base, FILE_SUFFIX)
          || g_hash_table_size (names) >= PRESET_LIMIT_FILES)
        continue;
      g_autofree char *name = g_strdup (base + strlen (prefix));
      name[MAX (strlen (name), strlen (FILE_SUFFIX)) - strlen (FILE_SUFFIX)] = '\0';
      if (preset_name_is_sane (name) && is_of_plugin (file, plugin))
        g_hash_table_add (names, g_steal_pointer (&name));
    }
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
preset_names (const char *plugin)
{
  g_autoptr (GHashTable)
      names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < FOLDERS; i++)
    {
      g_autofree char *directory = folder (i);

      if (directory != NULL)
        add_names (names, directory, plugin);
    }
  guint count = 0;
  g_autofree gpointer *keys = g_hash_table_get_keys_as_array (names, &count);
  char **sorted = g_new0 (char *, count + 1);
  for (guint i = 0; i < count; i++)
    sorted[i] = g_strdup (keys[i]);
  qsort (sorted, count, sizeof *sorted, compare_names);
  return sorted;
}

char *
preset_unknown (const char *plugin, const char *name)
{
  g_auto (GStrv) names = preset_names (plugin);
  const char *near = problems_nearest (name, (const char *const *) names);
  g_autofree char *known = g_strjoinv (", ", names);
  g_autofree char *places = folder (1);

  if (names[0] == NULL)
    return g_strdup_printf ("unknown preset \"%s\": there are no presets for %s in '%s'",
                            name, plugin, places);
  if (near != NULL)
    return g_strdup_printf ("unknown preset \"%s\", did you mean \"%s\"? Known are %s",
                            name, near, known);
  return g_strdup_printf ("unknown preset \"%s\"; known are %s", name, known);
}

/* ---- a job's element ---- */

guint32
preset_role (guint32 refused_flags)
{
  guint32 roles = 0;

  if ((refused_flags & HAUL_OPT_ONLY_SOURCE) == 0)
    roles |= PRESET_SOURCE;
  if ((refused_flags & HAUL_OPT_ONLY_DESTINATION) == 0)
    roles |= PRESET_DESTINATION;
  return roles;
}

const PresetOption *
preset_option (const Preset *self, const HaulOptionSpec *spec, guint32 roles)
{
  for (guint i = 0; i < self->options->len; i++)
    {
      const PresetOption *option = self->options->pdata[i];

      if ((option->roles & roles) != 0 && strcmp (option->name, spec->name) == 0)
        return option;
    }
  return NULL;
}

/* The option of @element that names its preset, or NULL. */
static const JobOption *
naming_option (const JobElement *element, const HaulOptionSpec *specs)
{
  for (guint i = 0; i < element->options->len; i++)
    {
      const JobOption *option = element->options->pdata[i];
      const HaulOptionSpec *spec = option_table_find (specs, option->name);

      if (spec != NULL && (spec->flags & HAUL_OPT_PRESET) != 0)
        return option;
    }
  return NULL;
}

gboolean
preset_of_element (const Job *job, const JobElement *element, const JobAccount *account,
                   const HaulOptionSpec *specs, Preset **out_preset, Problems *problems)
{
  const JobOption *option = naming_option (element, specs);

  if (option == NULL)
    {
      *out_preset = NULL;
      return TRUE;
    }
  guint line = option->line > 0 ? option->line : element->line;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = job_expand (account, option->value, &error);
  if (name == NULL)
    {
      problems_add (problems, job->file, line, "%s: \"%s\": %s", element->plugin,
                    option->name, error->message);
      return FALSE;
    }
  g_autofree char *file = preset_find (element->plugin, name);
  if (file == NULL)
    {
      g_autofree char *text = preset_unknown (element->plugin, name);

      problems_add (problems, job->file, line, "%s: %s", element->plugin, text);
      return FALSE;
    }
  *out_preset = preset_read (file, problems);
  return *out_preset != NULL;
}

static gboolean
is_given (const HaulOptionSpec *specs, const HaulOptionSpec *spec, const GArray *values)
{
  for (guint i = 0; i < values->len; i++)
    if (option_table_find (specs, g_array_index (values, OptionValue, i).name) == spec)
      return TRUE;
  return FALSE;
}

gboolean
preset_add_values (const Preset *self, const HaulOptionSpec *specs, guint32 refused_flags,
                   GArray *values, Problems *problems)
{
  guint32 roles = preset_role (refused_flags);
  gboolean right = TRUE;

  for (guint i = 0; self != NULL && i < self->options->len; i++)
    {
      const PresetOption *option = self->options->pdata[i];
      const HaulOptionSpec *spec = option_table_find (specs, option->name);
      OptionValue value = { .name = option->name,
                            .value = option->value,
                            .line = option->line,
                            .file = self->file };

      if (spec != NULL && spec->type == HAUL_OPTION_SECRET)
        {
          problems_add (problems, self->file, option->line,
                        "%s: a preset cannot hold the secret \"%s\"", self->plugin,
                        option->name);
          right = FALSE;
        }
      else if ((option->roles & roles) != 0
               && (spec == NULL || !is_given (specs, spec, values)))
        g_array_append_val (values, value);
    }
  return right;
}
