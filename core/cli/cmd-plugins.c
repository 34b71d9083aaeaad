/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul plugins, schema, version: what is installed.
 */
#include <string.h>

#include "cli/cli.h"
#include "model/preset.h"
#include "model/schema.h"
#include "plugin/session.h"

static const HaulOptionSpec *
options_of (Cli *cli, const char *kind, const char *name, const char **out_summary,
            GError **error)
{
  if (strcmp (kind, "backend") == 0)
    {
      const HaulBackend *backend = registry_backend (cli->registry, name, error);
      *out_summary = backend != NULL ? backend->summary : NULL;
      return backend != NULL ? backend->options : NULL;
    }
  const HaulFilter *filter = registry_filter (cli->registry, name, error);
  *out_summary = filter != NULL ? filter->summary : NULL;
  return filter != NULL ? filter->options : NULL;
}

/* print_range: " (1 to 64 commands)", " (at least 1 s)"; nothing without limits. */
static void
print_range (const HaulOptionSpec *spec)
{
  const char *unit = spec->unit != NULL
                             && (spec->type == HAUL_OPTION_UINT
                                 || spec->type == HAUL_OPTION_SIZE)
                         ? spec->unit
                         : "";
  const char *blank = *unit != '\0' ? " " : "";
  const char *low = spec->minimum_text, *high = spec->maximum_text;
  if (low != NULL && high != NULL)
    printf (" (%s to %s%s%s)", low, high, blank, unit);
  else if (low != NULL)
    printf (" (at least %s%s%s)", low, blank, unit);
  else if (high != NULL)
    printf (" (at most %s%s%s)", high, blank, unit);
}

static void
print_option (const HaulOptionSpec *spec)
{
  printf ("  %-20s %-9s %s", spec->name, option_type_name (spec->type), spec->summary);
  if (spec->flags & HAUL_OPT_REQUIRED)
    printf (" (required)");
  if (spec->flags & HAUL_OPT_DEPRECATED)
    printf (" (deprecated)");
  if (spec->flags & HAUL_OPT_ONLY_SOURCE)
    printf (" (source only)");
  if (spec->flags & HAUL_OPT_ONLY_DESTINATION)
    printf (" (destination only)");
  if (spec->default_text != NULL)
    printf (" (default: %s)", spec->default_text);
  print_range (spec);
  for (guint i = 0; spec->choices != NULL && spec->choices[i] != NULL; i++)
    printf ("%s%s", i == 0 ? " (one of: " : ", ", spec->choices[i]);
  printf ("%s", spec->choices != NULL ? ")" : "");
  if (spec->type == HAUL_OPTION_SECRET)
    printf ("; also %s-file, %s-env, %s-command", spec->name, spec->name, spec->name);
  printf ("\n");
}

static gboolean
takes_presets (const HaulOptionSpec *options)
{
  for (; options->name != NULL; options++)
    if (options->flags & HAUL_OPT_PRESET)
      return TRUE;
  return FALSE;
}

/* print_presets: those of a plugin, each with what it is for. */
static void
print_presets (const char *plugin)
{
  g_auto (GStrv) names = preset_names (plugin);
  if (*names != NULL)
    printf ("presets (`mailhaul plugins %s NAME` prints one):\n", plugin);
  for (char **name = names; *name != NULL; name++)
    {
      g_autoptr (Problems) problems = problems_new ();
      g_autofree char *file = preset_find (plugin, *name);
      g_autoptr (Preset) preset = file != NULL ? preset_read (file, problems) : NULL;
      g_autofree char *summary = cli_text (preset != NULL ? preset->summary : NULL);
      printf ("  %-20s %s\n", *name, preset != NULL ? summary : "cannot be read");
    }
}

static const char *
role_text (guint32 roles)
{
  if (roles == PRESET_SOURCE)
    return " (source)";
  return roles == PRESET_DESTINATION ? " (destination)" : "";
}

/* print_preset: all of one, with the reasons. */
static int
print_preset (Cli *cli, const char *plugin, const char *name)
{
  g_autoptr (Problems) problems = problems_new ();
  const HaulBackend *backend = registry_backend (cli->registry, plugin, NULL);
  if (backend == NULL || !takes_presets (backend->options))
    return cli_usage_error ("\"%s\" is no backend that takes presets", plugin);
  g_autofree char *file = preset_find (plugin, name);
  if (file == NULL)
    {
      g_autofree char *text = preset_unknown (plugin, name);
      return cli_usage_error ("%s", text);
    }
  g_autoptr (Preset) preset = preset_read (file, problems);
  cli_print_problems (problems);
  if (preset == NULL)
    return EXIT_CODE_USAGE;
  g_autofree char *summary = cli_text (preset->summary);
  g_autofree char *path = cli_text (preset->file);
  printf ("preset %s of %s: %s\n(%s)\n", name, plugin, summary, path);
  for (guint i = 0; i < preset->options->len; i++)
    {
      const PresetOption *option = preset->options->pdata[i];
      g_autofree char *value = cli_text (option->value);
      g_autofree char *reason = cli_text (option->reason);
      printf ("  %s=\"%s\"%s\n      %s\n", option->name, value, role_text (option->roles),
              reason);
    }
  for (guint i = 0; i < preset->notes->len; i++)
    {
      const PresetNote *note = preset->notes->pdata[i];
      g_autofree char *text = cli_text (note->text);
      printf ("  note%s: %s\n", role_text (note->roles), text);
    }
  return EXIT_CODE_DONE;
}

static gboolean
print_one (Cli *cli, const char *kind, const char *name, gboolean in_full)
{
  g_autoptr (GError) error = NULL;
  const char *summary = NULL;
  const HaulOptionSpec *options = options_of (cli, kind, name, &summary, &error);
  if (options == NULL)
    {
      fprintf (stderr, "mailhaul: %s\n", error->message);
      return FALSE;
    }
  printf ("%-8s %-16s %s\n", kind, name, summary != NULL ? summary : "");
  for (const HaulOptionSpec *spec = options; in_full && spec->name != NULL; spec++)
    print_option (spec);
  if (in_full && takes_presets (options))
    print_presets (name);
  return TRUE;
}

static int
unknown_plugin (Cli *cli, const char *wanted)
{
  g_auto (GStrv) backends = registry_names (cli->registry, "backend");
  g_auto (GStrv) filters = registry_names (cli->registry, "filter");
  const char *near = problems_nearest (wanted, (const char *const *) backends);
  if (near == NULL)
    near = problems_nearest (wanted, (const char *const *) filters);
  if (near != NULL)
    return cli_usage_error ("there is no plugin \"%s\", did you mean \"%s\"?", wanted,
                            near);
  return cli_usage_error ("there is no plugin \"%s\"; `mailhaul plugins` lists them",
                          wanted);
}

/* is_bare: there is no plugin at all. */
static gboolean
is_bare (Cli *cli)
{
  g_auto (GStrv) backends = registry_names (cli->registry, "backend");
  g_auto (GStrv) filters = registry_names (cli->registry, "filter");
  return backends[0] == NULL && filters[0] == NULL;
}

static int
list_plugins (Cli *cli, const char *wanted)
{
  static const char *const kinds[] = { "backend", "filter" };
  gboolean found = FALSE, ok = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_auto (GStrv) names = registry_names (cli->registry, kinds[i]);
      for (char **name = names; *name != NULL; name++)
        {
          if (wanted != NULL && strcmp (wanted, *name) != 0)
            continue;
          found = TRUE;
          ok &= print_one (cli, kinds[i], *name, wanted != NULL);
        }
    }
  if (!found && is_bare (cli))
    {
      fprintf (stderr,
               "mailhaul: no plugin was found: looked into --plugin-path, "
               "MAILHAUL_PLUGIN_PATH and %s\n",
               MAILHAUL_PLUGIN_DIR);
      return EXIT_CODE_SOME_FAILED;
    }
  if (wanted != NULL && !found)
    return unknown_plugin (cli, wanted);
  return ok ? EXIT_CODE_DONE : EXIT_CODE_SOME_FAILED;
}

int
command_plugins (int argc, char **argv)
{
  Cli cli = { 0 };
  int exit_code = 0;
  if (cli_parse (&cli, NULL, "[NAME [PRESET]]",
                 "Lists the plugins, one plugin's options, or one of its presets.", &argc,
                 &argv, &exit_code))
    {
      if (argc > 3)
        exit_code = cli_usage_error ("plugins takes a name and a preset at most");
      else
        exit_code = argc == 3 ? print_preset (&cli, argv[1], argv[2])
                              : list_plugins (&cli, argc == 2 ? argv[1] : NULL);
    }
  cli_clear (&cli);
  return exit_code;
}

/* Adds every plugin of one kind that can be loaded. */
static void
collect (Cli *cli, const char *kind, GArray *plugins)
{
  g_auto (GStrv) names = registry_names (cli->registry, kind);
  for (char **name = names; *name != NULL; name++)
    {
      SchemaPlugin plugin = { 0 };
      if (strcmp (kind, "filter") == 0)
        {
          const HaulFilter *filter = registry_filter (cli->registry, *name, NULL);
          if (filter == NULL)
            continue;
          plugin = (SchemaPlugin){ SCHEMA_FILTER, filter->name, filter->summary,
                                   filter->options };
        }
      else
        {
          const HaulBackend *backend = registry_backend (cli->registry, *name, NULL);
          if (backend == NULL)
            continue;
          plugin = (SchemaPlugin){ 0, backend->name, backend->summary, backend->options };
          if (session_backend_has_role (backend, HAUL_ROLE_SOURCE))
            plugin.roles |= SCHEMA_SOURCE;
          if (session_backend_has_role (backend, HAUL_ROLE_DESTINATION))
            plugin.roles |= SCHEMA_DESTINATION;
        }
      g_array_append_val (plugins, plugin);
    }
}

int
command_schema (int argc, char **argv)
{
  Cli cli = { 0 };
  int exit_code = 0;
  if (cli_parse (&cli, NULL, "", "Prints the RELAX NG schema of jobs.", &argc, &argv,
                 &exit_code))
    {
      if (argc > 1)
        {
          cli_clear (&cli);
          return cli_usage_error ("schema takes no argument, got \"%s\"", argv[1]);
        }
      g_autoptr (GArray) plugins = g_array_new (FALSE, FALSE, sizeof (SchemaPlugin));
      collect (&cli, "backend", plugins);
      collect (&cli, "filter", plugins);
      g_autofree char *text = schema_print (
          (const SchemaPlugin *) (gpointer) plugins->data, plugins->len);
      printf ("%s", text);
      exit_code = EXIT_CODE_DONE;
    }
  cli_clear (&cli);
  return exit_code;
}

int
command_version (int argc, char **argv)
{
  Cli cli = { 0 };
  int exit_code = 0;
  if (cli_parse (&cli, NULL, "", "Prints the version.", &argc, &argv, &exit_code))
    {
      exit_code = EXIT_CODE_DONE;
      if (argc > 1)
        exit_code = cli_usage_error ("version takes no argument, got \"%s\"", argv[1]);
      else
        printf ("mailhaul %s (plugin API %u)\n", MAILHAUL_VERSION, HAUL_API_VERSION);
    }
  cli_clear (&cli);
  return exit_code;
}
