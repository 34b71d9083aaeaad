/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Common to all commands: options, problems, numbers. Main thread.
 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model/job.h"

int
cli_usage_error (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (stderr, "mailhaul: %s\nTry `mailhaul help` or `mailhaul COMMAND --help`.\n",
           text);
  return EXIT_CODE_USAGE;
}

static gboolean
parse_progress (const char *text, ProgressMode *out_mode)
{
  static const char *const names[] = { "auto", "tty", "plain", "json", "none" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (text, names[i]) == 0)
      {
        *out_mode = (ProgressMode) i;
        return TRUE;
      }
  return FALSE;
}

/* The nearest known option to the one that an error of GOption names. */
static int
option_error (const char *message)
{
  return cli_usage_error ("%s", message);
}

gboolean
cli_parse (Cli *self, GOptionEntry *entries, const char *usage, const char *summary,
           int *argc, char ***argv, int *out_exit)
{
  g_autofree char *progress = NULL, *level = NULL, *format = NULL, *color = NULL;
  const GOptionEntry common[] = {
    { "plugin-path", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->plugin_paths,
      "Look for plugins here, too", "DIR" },
    { "report", 0, 0, G_OPTION_ARG_FILENAME, &self->report_file,
      "Write the full report as JSON", "FILE" },
    { "progress", 0, 0, G_OPTION_ARG_STRING, &progress,
      "auto, tty, plain, json or none (default: auto)", "MODE" },
    { "log-level", 0, 0, G_OPTION_ARG_STRING, &level,
      "debug, info, notice, warning or error (default: warning)", "LEVEL" },
    { "log-format", 0, 0, G_OPTION_ARG_STRING, &format, "text or json", "FORMAT" },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto, always or never", "WHEN" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &self->quiet, "Print nothing but errors",
      NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_option_context_set_summary (context, summary);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, common, NULL);

  *out_exit = EXIT_CODE_USAGE;
  if (!g_option_context_parse (context, argc, argv, &error))
    return option_error (error->message) == EXIT_CODE_DONE;
  if (progress != NULL && !parse_progress (progress, &self->progress))
    return cli_usage_error ("--progress: unknown mode \"%s\"", progress)
           == EXIT_CODE_DONE;
  if (format != NULL && strcmp (format, "text") != 0 && strcmp (format, "json") != 0)
    return cli_usage_error ("--log-format: unknown format \"%s\"", format)
           == EXIT_CODE_DONE;
  if (color != NULL && strcmp (color, "auto") != 0 && strcmp (color, "always") != 0
      && strcmp (color, "never") != 0)
    return cli_usage_error ("--color: must be auto, always or never") == EXIT_CODE_DONE;
  if (!log_init (level != NULL ? level : "warning",
                 format != NULL && strcmp (format, "json") == 0))
    return cli_usage_error ("--log-level: unknown level \"%s\"", level) == EXIT_CODE_DONE;
  self->registry = registry_new ((const char *const *) self->plugin_paths);
  return TRUE;
}

void
cli_clear (Cli *self)
{
  g_strfreev (self->plugin_paths);
  g_free (self->report_file);
  registry_free (self->registry);
  memset (self, 0, sizeof *self);
}

void
cli_print_problems (Problems *problems)
{
  problems_sort (problems);
  for (guint i = 0; i < problems_length (problems); i++)
    {
      const Problem *problem = problems_get (problems, i);
      const char *kind = problem->warning ? "warning: " : "";
      if (problem->file != NULL && problem->line > 0)
        fprintf (stderr, "%s:%u: %s%s\n", problem->file, problem->line, kind,
                 problem->text);
      else if (problem->file != NULL)
        fprintf (stderr, "%s: %s%s\n", problem->file, kind, problem->text);
      else
        fprintf (stderr, "mailhaul: %s%s\n", kind, problem->text);
    }
  if (problems_count (problems) > 0)
    fprintf (stderr,
             "%u mistake%s; nothing was touched. `mailhaul plugins NAME` lists a "
             "plugin's options.\n",
             problems_count (problems), problems_count (problems) == 1 ? "" : "s");
}

Job *
cli_load_job (Cli *self, const char *file)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Job) job = job_load (file, problems);
  if (job != NULL)
    (void) engine_check (job, self->registry, problems);
  cli_print_problems (problems);
  return job != NULL && problems_count (problems) == 0 ? g_steal_pointer (&job) : NULL;
}

char *
cli_number (guint64 value)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, value);
  GString *text = g_string_new (NULL);
  gsize length = strlen (digits);
  for (gsize i = 0; i < length; i++)
    {
      if (i > 0 && (length - i) % 3 == 0)
        g_string_append_c (text, ',');
      g_string_append_c (text, digits[i]);
    }
  return g_string_free (text, FALSE);
}

char *
cli_bytes (guint64 bytes)
{
  return g_format_size_full (bytes, G_FORMAT_SIZE_DEFAULT);
}
