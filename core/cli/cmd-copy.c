/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul copy: a job out of two addresses and some options.
 */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"

/* CopyOptions: what the command line says. */
typedef struct
{
  char **source_options;
  char **destination_options;
  char **filters;
  char *source_password_file;
  char *destination_password_file;
  char *state;
  char *verify;
  char *flags;
  gboolean dry_run;
  gboolean verify_only;
} CopyOptions;

static void
copy_options_clear (CopyOptions *self)
{
  g_strfreev (self->source_options);
  g_strfreev (self->destination_options);
  g_strfreev (self->filters);
  g_free (self->source_password_file);
  g_free (self->destination_password_file);
  g_free (self->state);
  g_free (self->verify);
  g_free (self->flags);
}

static gboolean
has_option (const JobElement *element, const char *prefix)
{
  for (guint i = 0; i < element->options->len; i++)
    if (g_str_has_prefix (((JobOption *) element->options->pdata[i])->name, prefix))
      return TRUE;
  return FALSE;
}

/* Whether the backend takes a password; a token or a tunnel makes it unnecessary. */
static gboolean
wants_password (Cli *cli, const JobElement *element)
{
  const HaulBackend *backend = registry_backend (cli->registry, element->plugin, NULL);
  if (backend == NULL || has_option (element, "password") || has_option (element, "token")
      || has_option (element, "tunnel"))
    return FALSE;
  for (const HaulOptionSpec *spec = backend->options; spec->name != NULL; spec++)
    if (spec->type == HAUL_OPTION_SECRET && strcmp (spec->name, "password") == 0)
      return TRUE;
  return FALSE;
}

/* Asks on the terminal without echo; NULL: there is none. (transfer full) */
static char *
ask_password (const char *side)
{
  struct termios before;
  if (!isatty (STDIN_FILENO) || tcgetattr (STDIN_FILENO, &before) != 0)
    return NULL;
  struct termios silent = before;
  silent.c_lflag &= ~(tcflag_t) ECHO;
  fprintf (stderr, "Password of the %s: ", side);
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &silent);
  char line[1024];
  char *text = fgets (line, sizeof line, stdin);
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
  fprintf (stderr, "\n");
  return text != NULL ? g_strdup (g_strchomp (text)) : NULL;
}

/* The password of one side: file, environment, or a question. */
static void
add_password (Cli *cli, JobElement *element, const char *side, const char *file,
              const char *variable)
{
  if (file != NULL)
    {
      g_autofree char *escaped = job_escape (file);
      job_element_add (element, "password-file", escaped);
      return;
    }
  if (!wants_password (cli, element))
    return;
  if (g_getenv (variable) == NULL)
    {
      g_autofree char *text = ask_password (side);
      if (text == NULL)
        return;
      /* Through the environment of this process: never through the job's own text. */
      g_setenv (variable, text, TRUE);
    }
  job_element_add (element, "password-env", variable);
}

static JobElement *
make_endpoint (const char *uri, char **options, GError **error)
{
  JobElement *element = uri_parse (uri, error);
  for (char **option = options; element != NULL && option != NULL && *option != NULL;
       option++)
    if (!uri_add_option (element, *option, error))
      {
        job_element_free (element);
        return NULL;
      }
  return element;
}

/* "maildir:/srv/mail": as given, but with an absolute path, so that a name is the same
 * wherever the command is given. (transfer full) */
static char *
absolute_uri (const char *uri)
{
  const char *colon = strchr (uri, ':');
  if (colon == NULL || g_str_has_prefix (colon, "://"))
    return g_strdup (uri);
  g_autofree char *scheme = g_strndup (uri, (gsize) (colon - uri));
  g_autofree char *path = g_canonicalize_filename (colon + 1, NULL);
  return g_strdup_printf ("%s:%s", scheme, path);
}

/* The name of the state: readable, and different for each pair. (transfer full) */
static char *
state_name (const char *source, const char *destination)
{
  g_autofree char *a = absolute_uri (source);
  g_autofree char *b = absolute_uri (destination);
  g_autofree char *pair = g_strconcat (a, "\n", b, NULL);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, pair, -1);
  g_autofree char *left = g_path_get_basename (a);
  g_autofree char *right = g_path_get_basename (b);
  g_autofree char *readable = g_strdup_printf ("%.40s-to-%.40s-%.12s", left, right,
                                               digest);
  return job_safe_name (readable);
}

static gboolean
apply_choice (const char *option, const char *text, const char *const *names,
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
  (void) cli_usage_error ("%s: unknown value \"%s\"", option, text);
  return FALSE;
}

static gboolean
apply_choices (Job *job, const CopyOptions *options)
{
  static const char *const levels[] = { "none", "size", "headers", "content", NULL };
  static const char *const flags[] = { "merge", "source", "new-only", NULL };
  int level = (int) job->verify, policy = (int) job->flags;
  if (!apply_choice ("--verify", options->verify, levels, &level)
      || !apply_choice ("--flags", options->flags, flags, &policy))
    return FALSE;
  job->verify = (JobVerify) level;
  job->flags = (JobFlags) policy;
  return TRUE;
}

static Job *
make_job (Cli *cli, const CopyOptions *options, const char *source,
          const char *destination)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_get_current_dir ();
  g_autofree char *name = state_name (source, destination);
  g_autofree char *state = options->state != NULL
                               ? g_canonicalize_filename (options->state, NULL)
                               : g_build_filename (g_get_user_state_dir (), "mailhaul",
                                                   NULL);
  g_autofree char *escaped = job_escape (state);
  g_autoptr (Job) job = job_new_for_pair (name, directory, escaped);
  job->source = make_endpoint (source, options->source_options, &error);
  if (job->source != NULL)
    job->destination = make_endpoint (destination, options->destination_options, &error);
  for (char **text = options->filters;
       job->destination != NULL && error == NULL && text != NULL && *text != NULL; text++)
    {
      JobElement *filter = uri_parse_filter (*text, &error);
      if (filter != NULL)
        g_ptr_array_add (job->filters, filter);
    }
  if (error != NULL)
    {
      (void) cli_usage_error ("%s", error->message);
      return NULL;
    }
  if (!apply_choices (job, options))
    return NULL;
  add_password (cli, job->source, "source", options->source_password_file,
                "MAILHAUL_SOURCE_PASSWORD");
  add_password (cli, job->destination, "destination", options->destination_password_file,
                "MAILHAUL_DESTINATION_PASSWORD");
  g_autoptr (Problems) problems = problems_new ();
  (void) engine_check (job, cli->registry, problems);
  cli_print_problems (problems);
  return problems_count (problems) == 0 ? g_steal_pointer (&job) : NULL;
}

int
command_copy (int argc, char **argv)
{
  Cli cli = { 0 };
  CopyOptions options = { 0 };
  int exit_code = 0;
  GOptionEntry entries[] = {
    { "source-option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.source_options,
      "An option of the source's backend", "NAME=VALUE" },
    { "destination-option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.destination_options,
      "An option of the destination's backend", "NAME=VALUE" },
    { "filter", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.filters,
      "A filter, like 'skip-folder name=Trash'", "FILTER" },
    { "source-password-file", 0, 0, G_OPTION_ARG_FILENAME, &options.source_password_file,
      "The source's password is in this file", "FILE" },
    { "destination-password-file", 0, 0, G_OPTION_ARG_FILENAME,
      &options.destination_password_file, "The destination's password is in this file",
      "FILE" },
    { "state", 0, 0, G_OPTION_ARG_FILENAME, &options.state,
      "Keep the state here (default: $XDG_STATE_HOME/mailhaul)", "DIR" },
    { "flags", 0, 0, G_OPTION_ARG_STRING, &options.flags,
      "merge or new-only (default: merge)", "POLICY" },
    { "verify", 0, 0, G_OPTION_ARG_STRING, &options.verify,
      "none, size, headers or content (default: size)", "LEVEL" },
    { "verify-only", 0, 0, G_OPTION_ARG_NONE, &options.verify_only,
      "Copy nothing, only compare both sides", NULL },
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &options.dry_run,
      "Only say what would be done", NULL },
    G_OPTION_ENTRY_NULL
  };
  if (cli_parse (&cli, entries, "SOURCE DESTINATION",
                 "Copies one mailbox: maildir:PATH, mbox:PATH, imaps://user@host/.",
                 &argc, &argv, &exit_code))
    {
      exit_code = EXIT_CODE_USAGE;
      g_autoptr (Job) job = NULL;
      if (argc != 3)
        (void) cli_usage_error ("copy needs a SOURCE and a DESTINATION");
      else
        job = make_job (&cli, &options, argv[1], argv[2]);
      EngineRequest request = { .job = job, .registry = cli.registry };
      request.mode = options.dry_run ? ENGINE_DRY_RUN
                                     : (options.verify_only ? ENGINE_VERIFY : ENGINE_RUN);
      if (job != NULL)
        request.verify_level = options.verify != NULL ? job->verify : JOB_VERIFY_CONTENT;
      if (job != NULL)
        exit_code = run_job (&cli, &request);
    }
  copy_options_clear (&options);
  cli_clear (&cli);
  return exit_code;
}
