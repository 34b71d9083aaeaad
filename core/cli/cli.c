/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Common to all commands: options, mistakes, job files. Main thread.
 */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

/* OPTIONS_MAX: more than any command has, its own and the common ones. */
#define OPTIONS_MAX 64

int
cli_usage_error (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *line = cli_text (text);
  const char *program = g_get_prgname ();
  g_autofree char *help = g_strconcat (program, " --help", NULL);
  gboolean command = program != NULL && strchr (program, ' ') != NULL;
  fprintf (stderr, "mailhaul: %s\nTry `%s`.\n", line, command ? help : "mailhaul help");
  return EXIT_CODE_USAGE;
}

gboolean
cli_choice (const char *option, const char *text, const char *const *names,
            int *out_value)
{
  if (text == NULL)
    return TRUE;
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], text) == 0)
      {
        *out_value = i;
        return TRUE;
      }
  g_autofree char *all = g_strjoinv (", ", (char **) (gpointer) names);
  const char *near = problems_nearest (text, names);
  (void) cli_usage_error ("%s must be one of %s, got \"%s\"%s%s%s", option, all, text,
                          near != NULL ? "; did you mean \"" : "",
                          near != NULL ? near : "", near != NULL ? "\"?" : "");
  return FALSE;
}

static void
add_names (const GOptionEntry *entries, const char **names, guint *count)
{
  for (; entries != NULL && entries->long_name != NULL && *count < OPTIONS_MAX; entries++)
    names[(*count)++] = entries->long_name;
}

/* A mistake that GOption found; an unknown option with the nearest known one. */
static int
option_error (const GError *error, const GOptionEntry *own, const GOptionEntry *common)
{
  const char *names[OPTIONS_MAX + 1] = { NULL };
  guint count = 0;
  const char *dashes = strstr (error->message, "--");
  if (!g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)
      || dashes == NULL)
    return cli_usage_error ("%s", error->message);

  g_autofree char *word = g_strdup (dashes + 2);
  g_strdelimit (word, "= ", '\0');
  add_names (own, names, &count);
  add_names (common, names, &count);
  const char *near = problems_nearest (word, names);
  if (near != NULL)
    return cli_usage_error ("unknown option \"--%s\", did you mean \"--%s\"?", word,
                            near);
  return cli_usage_error ("unknown option \"--%s\"", word);
}

/* Whether a stream is a terminal that may be given colours and moved about in. */
static gboolean
wants_color (int choice)
{
  const char *term = g_getenv ("TERM");
  const char *no_color = g_getenv ("NO_COLOR");
  if (choice != 0)
    return choice == 1;
  return isatty (STDOUT_FILENO) && (no_color == NULL || *no_color == '\0') && term != NULL
         && strcmp (term, "dumb") != 0;
}

gboolean
cli_parse (Cli *self, GOptionEntry *entries, const char *usage, const char *summary,
           int *argc, char ***argv, int *out_exit)
{
  static const char *const modes[] = { "auto", "tty", "plain", "json", "none", NULL };
  static const char *const formats[] = { "text", "json", NULL };
  static const char *const whens[] = { "auto", "always", "never", NULL };
  static const char *const levels[] = { "debug",   "info",  "notice",
                                        "warning", "error", NULL };
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
    { "log-format", 0, 0, G_OPTION_ARG_STRING, &format, "text or json (default: text)",
      "FORMAT" },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto, always or never (default: auto)",
      "WHEN" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &self->quiet, "Print nothing but errors",
      NULL },
    G_OPTION_ENTRY_NULL
  };
  int mode = 0, json = 0, when = 0, log_level = 3;
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_option_context_set_summary (context, summary);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, common, NULL);

  *out_exit = EXIT_CODE_USAGE;
  if (!g_option_context_parse (context, argc, argv, &error))
    return option_error (error, entries, common) == EXIT_CODE_DONE;
  if (!cli_choice ("--progress", progress, modes, &mode)
      || !cli_choice ("--log-format", format, formats, &json)
      || !cli_choice ("--color", color, whens, &when)
      || !cli_choice ("--log-level", level, levels, &log_level))
    return FALSE;
  self->progress = self->quiet ? PROGRESS_NONE : progress_mode ((ProgressMode) mode);
  self->color = wants_color (when);
  (void) log_init (levels[log_level], json == 1, self->progress == PROGRESS_TTY);
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
      g_autofree char *text = cli_text (problem->text);
      g_autofree char *file = cli_text (problem->file);
      if (problem->file != NULL && problem->line > 0)
        fprintf (stderr, "%s:%u: %s%s\n", file, problem->line, kind, text);
      else if (problem->file != NULL)
        fprintf (stderr, "%s: %s%s\n", file, kind, text);
      else
        fprintf (stderr, "mailhaul: %s%s\n", kind, text);
    }
  guint count = problems_count (problems);
  if (count > 0)
    fprintf (stderr,
             "%u mistake%s; nothing was touched. `mailhaul plugins NAME` lists what a "
             "plugin takes, `man mailhaul-job` explains the rest.\n",
             count, cli_plural (count));
}

Job *
cli_load_job (Cli *self, const char *file, gboolean plugins)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Job) job = job_load_partly (file, problems);
  if (job != NULL && plugins)
    (void) engine_check (job, self->registry, problems);
  cli_print_problems (problems);
  return job != NULL && problems_count (problems) == 0 ? g_steal_pointer (&job) : NULL;
}

gboolean
cli_check_accounts (const Job *job, char *const *names)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  for (guint i = 0; i < job->accounts->len; i++)
    g_ptr_array_add (known, ((JobAccount *) job->accounts->pdata[i])->name);
  g_ptr_array_add (known, NULL);
  const char *const *all = (const char *const *) known->pdata;
  for (; names != NULL && *names != NULL; names++)
    {
      if (g_strv_contains (all, *names))
        continue;
      const char *near = problems_nearest (*names, all);
      (void) cli_usage_error ("--account: the job has no account \"%s\"%s%s%s", *names,
                              near != NULL ? ", did you mean \"" : "",
                              near != NULL ? near : "", near != NULL ? "\"?" : "");
      return FALSE;
    }
  return TRUE;
}

const char *
cli_only_file (int argc, char **argv)
{
  if (argc == 2)
    return argv[1];
  (void) cli_usage_error (argc < 2 ? "no job file given"
                                   : "more than one job file given");
  return NULL;
}
