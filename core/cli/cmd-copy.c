/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul copy: a job out of two addresses and some options. Main thread.
 */
#include <string.h>

#include "base/option-values.h"
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
  char *duplicates;
  char *rate;
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
  g_free (self->duplicates);
  g_free (self->rate);
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

/* absolute: a path of the command line as the backends take it, "~/" included, which no
 * shell expands behind "maildir:". (transfer full) */
static char *
absolute (const char *path)
{
  g_autofree char *resolved = option_value_resolve (path, NULL);
  return g_canonicalize_filename (resolved, NULL);
}

/* add_identity: what says which mailbox @element is: the options that its backend marks,
 * with paths made absolute just as the engine does when it ties the state to its pair: a
 * name for two ways of writing would find a state that is refused. ("x/.." may be another
 * place than it seems, so paths are not tidied.) */
static void
add_identity (Cli *cli, GString *text, const JobElement *element)
{
  const HaulBackend *backend = registry_backend (cli->registry, element->plugin, NULL);
  g_autofree char *directory = g_get_current_dir ();
  g_string_append_printf (text, "%s\n", element->plugin);
  for (const HaulOptionSpec *spec = backend != NULL ? backend->options : NULL;
       spec != NULL && spec->name != NULL; spec++)
    for (guint i = 0; i < element->options->len; i++)
      {
        const JobOption *option = element->options->pdata[i];
        if ((spec->flags & HAUL_OPT_IDENTITY) == 0
            || strcmp (option->name, spec->name) != 0)
          continue;
        g_autofree char *value = spec->type == HAUL_OPTION_PATH
                                     ? option_value_resolve (option->value, directory)
                                     : g_strdup (option->value);
        g_string_append_printf (text, "%s=%s\n", spec->name, value);
      }
}

/* readable: the host or the last part of the path. (transfer full) */
static char *
readable (const char *uri)
{
  g_autoptr (GUri) parsed = uri_split (uri, NULL);
  if (parsed != NULL && g_uri_get_host (parsed) != NULL && *g_uri_get_host (parsed))
    return g_strconcat (g_uri_get_user (parsed) != NULL ? g_uri_get_user (parsed) : "",
                        g_uri_get_user (parsed) != NULL ? "@" : "",
                        g_uri_get_host (parsed), NULL);
  const char *colon = strchr (uri, ':');
  g_autofree char *path = absolute (colon != NULL ? colon + 1 : uri);
  return g_path_get_basename (path);
}

/* state_name: readable, and different for each pair of mailboxes. (transfer full) */
static char *
state_name (Cli *cli, const char *const *uris, const JobElement *source,
            const JobElement *destination)
{
  g_autoptr (GString) pair = g_string_new (NULL);
  add_identity (cli, pair, source);
  add_identity (cli, pair, destination);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, pair->str,
                                                           -1);
  g_autofree char *left = readable (uris[0]);
  g_autofree char *right = readable (uris[1]);
  g_autofree char *name = g_strdup_printf ("%.60s-to-%.60s-%.12s", left, right, digest);
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  return job_safe_name (valid);
}

/* apply_rate: "2M/s" or "2M", as limits/@rate of a job. */
static gboolean
apply_rate (Job *job, const char *text)
{
  if (text == NULL)
    return TRUE;
  gsize length = strlen (text);
  gsize size = g_str_has_suffix (text, "/s") ? length - strlen ("/s") : length;
  g_autofree char *bytes = g_strndup (text, size);
  if (option_parse_size (bytes, &job->rate_bytes))
    return TRUE;
  (void) cli_usage_error ("--rate must be a size a second like 500K/s or 2M/s, got "
                          "\"%s\"",
                          text);
  return FALSE;
}

static gboolean
apply_choices (Job *job, const CopyOptions *options)
{
  static const char *const levels[] = { "none", "size", "headers", "content", NULL };
  static const char *const flags[] = { "merge", "source", "new-only", NULL };
  static const char *const duplicates[] = { "keep", "one", NULL };
  int level = (int) job->verify, policy = (int) job->flags;
  int twins = (int) job->duplicates;
  if (!cli_choice ("--verify", options->verify, levels, &level)
      || !cli_choice ("--flags", options->flags, flags, &policy)
      || !cli_choice ("--duplicates", options->duplicates, duplicates, &twins))
    return FALSE;
  job->verify = (JobVerify) level;
  job->flags = (JobFlags) policy;
  job->duplicates = (JobDuplicates) twins;
  return TRUE;
}

/* add_filters: in the order of the command line. */
static gboolean
add_filters (Job *job, char *const *filters, GError **error)
{
  for (; filters != NULL && *filters != NULL; filters++)
    {
      JobElement *filter = uri_parse_filter (*filters, error);
      if (filter == NULL)
        return FALSE;
      g_ptr_array_add (job->filters, filter);
    }
  return TRUE;
}

static char *
state_directory (const CopyOptions *options)
{
  if (options->state != NULL)
    return absolute (options->state);
  return g_build_filename (g_get_user_state_dir (), "mailhaul", NULL);
}

static Job *
build_job (Cli *cli, const CopyOptions *options, const char *const *uris, GError **error)
{
  JobElement *source = make_endpoint (uris[0], options->source_options, error);
  if (source == NULL)
    return NULL;
  JobElement *destination = make_endpoint (uris[1], options->destination_options, error);
  if (destination == NULL)
    {
      job_element_free (source);
      return NULL;
    }
  g_autofree char *directory = g_get_current_dir ();
  g_autofree char *name = state_name (cli, uris, source, destination);
  g_autofree char *state = state_directory (options);
  g_autofree char *escaped = job_escape (state);
  g_autoptr (Job) job = job_new_for_pair (name, directory, escaped);
  job->source = source;
  job->destination = destination;
  return add_filters (job, options->filters, error) ? g_steal_pointer (&job) : NULL;
}

/* make_job: NULL: a mistake was printed, or (*@out_exit 130) the person broke off. */
static Job *
make_job (Cli *cli, const CopyOptions *options, const char *const *uris, int *out_exit)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Job) job = build_job (cli, options, uris, &error);
  if (job == NULL)
    {
      (void) cli_usage_error ("%s", error->message);
      return NULL;
    }
  if (!apply_choices (job, options) || !apply_rate (job, options->rate))
    return NULL;
  if (!password_add (cli, job->source, "source", options->source_password_file,
                     "MAILHAUL_SOURCE_PASSWORD")
      || !password_add (cli, job->destination, "destination",
                        options->destination_password_file,
                        "MAILHAUL_DESTINATION_PASSWORD"))
    {
      *out_exit = EXIT_CODE_INTERRUPTED;
      return NULL;
    }
  g_autoptr (Problems) problems = problems_new ();
  (void) engine_check (job, cli->registry, problems);
  cli_print_problems (problems);
  return problems_count (problems) == 0 ? g_steal_pointer (&job) : NULL;
}

static int
copy (Cli *cli, const CopyOptions *options, const char *const *uris)
{
  int exit_code = EXIT_CODE_USAGE;
  g_autoptr (Job) job = make_job (cli, options, uris, &exit_code);
  if (job == NULL)
    return exit_code;
  EngineRequest request = { .job = job, .registry = cli->registry, .mode = ENGINE_RUN };
  if (options->dry_run)
    request.mode = ENGINE_DRY_RUN;
  else if (options->verify_only)
    request.mode = ENGINE_VERIFY;
  request.verify_level = options->verify != NULL ? job->verify : JOB_VERIFY_CONTENT;
  return run_job (cli, &request, NULL, NULL);
}

int
command_copy (int argc, char **argv)
{
  Cli cli = { 0 };
  CopyOptions options = { 0 };
  int exit_code = 0;
  GOptionEntry entries[] = {
    { "source-option", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.source_options,
      "An option of the source's backend", "NAME=VALUE" },
    { "destination-option", 0, 0, G_OPTION_ARG_FILENAME_ARRAY,
      &options.destination_options, "An option of the destination's backend",
      "NAME=VALUE" },
    { "filter", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.filters,
      "A filter, like 'skip-folder name=Trash'", "FILTER" },
    { "source-password-file", 0, 0, G_OPTION_ARG_FILENAME, &options.source_password_file,
      "The source's password is in this file", "FILE" },
    { "destination-password-file", 0, 0, G_OPTION_ARG_FILENAME,
      &options.destination_password_file, "The destination's password is in this file",
      "FILE" },
    { "state", 0, 0, G_OPTION_ARG_FILENAME, &options.state,
      "Keep the state here (default: $XDG_STATE_HOME/mailhaul)", "DIR" },
    { "flags", 0, 0, G_OPTION_ARG_STRING, &options.flags,
      "merge, source or new-only (default: merge)", "POLICY" },
    { "duplicates", 0, 0, G_OPTION_ARG_STRING, &options.duplicates,
      "keep or one (default: keep)", "POLICY" },
    { "verify", 0, 0, G_OPTION_ARG_STRING, &options.verify,
      "none, size, headers or content (default: size)", "LEVEL" },
    { "rate", 0, 0, G_OPTION_ARG_STRING, &options.rate,
      "At most so many bytes a second, like 2M/s", "RATE" },
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
      if (argc != 3)
        exit_code = cli_usage_error ("copy needs a SOURCE and a DESTINATION");
      else if (options.dry_run && options.verify_only)
        exit_code = cli_usage_error ("--dry-run and --verify-only exclude each other");
      else
        exit_code = copy (&cli, &options, (const char *const *) argv + 1);
    }
  copy_options_clear (&options);
  cli_clear (&cli);
  return exit_code;
}
