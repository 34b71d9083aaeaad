/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul-contract-test: holds a backend to the contract, any backend, also one that is
 * none of ours. It finds the backend by the registry, as mailhaul does, and runs the
 * behaviours against it with an engine of its own that forgives nothing.
 */
#include <string.h>

#include "harness.h"

typedef struct
{
  char *backend;
  char *role;
  char **options;
  char **plugin_paths;
  gboolean only_inbox;
  gboolean account;
  int scale;
} Arguments;

static gboolean
parse_arguments (Arguments *arguments, int *argc, char ***argv, GError **error)
{
  GOptionEntry entries[] = {
    { "backend", 0, 0, G_OPTION_ARG_STRING, &arguments->backend, "Backend to test",
      "NAME" },
    { "option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments->options,
      "An option of the backend; {dir} becomes a new folder, {name} a new name, for each "
      "behaviour",
      "NAME=VALUE" },
    { "role", 0, 0, G_OPTION_ARG_STRING, &arguments->role,
      "both (the default), or source: only read what is there", "ROLE" },
    { "plugin-path", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->plugin_paths,
      "Folder to look for plugins in", "DIRECTORY" },
    { "only-inbox", 0, 0, G_OPTION_ARG_NONE, &arguments->only_inbox,
      "The store has no other folder and can make none", NULL },
    { "account", 0, 0, G_OPTION_ARG_NONE, &arguments->account,
      "The store is an account of a server: it has an inbox from the start, and sets "
      "dates that are not past to now",
      NULL },
    { "scale", 0, 0, G_OPTION_ARG_INT, &arguments->scale,
      "Divide the large numbers by this, for slow servers", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context,
      "Holds a backend of mailhaul to the contract; prints TAP. All options of a "
      "GLib test program are taken, too (-l, -p PATH, --tap).");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (arguments->backend == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "--backend NAME is missing");
  if (arguments->role != NULL && strcmp (arguments->role, "both") != 0
      && strcmp (arguments->role, "source") != 0)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "--role is \"both\" or \"source\", not \"%s\"",
                           arguments->role);
  if (arguments->scale < 1)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "--scale must be at least 1");
  return TRUE;
}

static gboolean
fill_setup (Setup *setup, const Arguments *arguments, GError **error)
{
  static char *none[] = { NULL };
  guint i;

  setup->options = arguments->options != NULL ? arguments->options : none;
  for (i = 0; setup->options[i] != NULL; i++)
    if (strstr (setup->options[i], "{dir}") != NULL
        || strstr (setup->options[i], "{name}") != NULL)
      setup->fresh = TRUE;
  setup->only_source = g_strcmp0 (arguments->role, "source") == 0;
  setup->only_inbox = arguments->only_inbox;
  setup->account = arguments->account;
  setup->scale = (guint) arguments->scale;
  setup->backend = registry_backend (setup->registry, arguments->backend, error);
  if (setup->backend == NULL)
    return FALSE;
  if (setup->only_inbox && !setup->fresh && !setup->only_source)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "--only-inbox needs an option with {dir} or {name}, so that "
                           "each behaviour has an inbox of its own");
  if (!setup->only_source
      && !session_backend_has_role (setup->backend, HAUL_ROLE_DESTINATION))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_JOB,
                           "'%s' is no destination: test it with --role source",
                           setup->backend->name);
  return TRUE;
}

static void
free_arguments (Arguments *arguments)
{
  g_free (arguments->backend);
  g_free (arguments->role);
  g_strfreev (arguments->options);
  g_strfreev (arguments->plugin_paths);
}

int
main (int argc, char **argv)
{
  Arguments arguments = { .scale = 1 };
  Setup setup = { .registry = NULL };
  g_autoptr (GError) error = NULL;
  int status = 2;

  if (!parse_arguments (&arguments, &argc, &argv, &error))
    {
      g_printerr ("mailhaul-contract-test: %s\n", error->message);
      free_arguments (&arguments);
      return status;
    }
  g_test_init (&argc, &argv, NULL);
  if (argc > 1)
    {
      g_printerr ("mailhaul-contract-test: unknown argument: %s\n", argv[1]);
      free_arguments (&arguments);
      return status;
    }
  setup.registry = registry_new ((const char *const *) arguments.plugin_paths);
  if (contract_add_backends (setup.registry, &error)
      && fill_setup (&setup, &arguments, &error))
    {
      if (!setup.only_source)
        {
          add_folder_behaviours (&setup);
          add_message_behaviours (&setup);
          add_store_behaviours (&setup);
          add_scan_behaviours (&setup);
          add_change_behaviours (&setup);
          add_move_behaviours (&setup);
        }
      else
        add_source_behaviours (&setup);
      status = g_test_run ();
    }
  if (error != NULL)
    g_printerr ("mailhaul-contract-test: %s\n", error->message);
  registry_free (setup.registry);
  free_arguments (&arguments);
  return status;
}
