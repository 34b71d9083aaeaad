/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul check: validates a job; with --connect it opens every mailbox and says what
 * was found there and what that means, with --effective it prints the job with all that
 * it leaves open. Changes nothing. Main thread; mailboxes are looked at side by side.
 */
#include <json-glib/json-glib.h>

#include "cli/cli.h"
#include "cli/effective.h"
#include "cli/look.h"

/* CheckOptions: what the command line says. */
typedef struct
{
  gboolean connect;
  gboolean effective;
  char **accounts;
  char *format;
  int json; /* 1: --format=json */
} CheckOptions;

/* Work: one account on a thread of its own. */
typedef struct
{
  LookRequest request;
  GThread *thread;
  Look *source;
  Look *destination;
} Work;

static gpointer
look_at_account (gpointer data)
{
  Work *work = data;
  work->source = look_at (&work->request, HAUL_ROLE_SOURCE);
  work->destination = look_at (&work->request, HAUL_ROLE_DESTINATION);
  return NULL;
}

static void
work_clear (gpointer data)
{
  Work *work = data;
  look_free (work->source);
  look_free (work->destination);
}

static GArray *
make_work (const Cli *cli, const Job *job, char *const *names, GCancellable *cancellable)
{
  GArray *all = g_array_new (FALSE, TRUE, sizeof (Work));
  g_array_set_clear_func (all, work_clear);
  for (guint i = 0; i < job->accounts->len; i++)
    {
      const JobAccount *account = job->accounts->pdata[i];
      Work work = { .request = { job, account, cli->registry, cancellable } };
      if (names == NULL || g_strv_contains ((const char *const *) names, account->name))
        g_array_append_val (all, work);
    }
  return all;
}

/* The exit code of an account, and of a job by its first one that failed. */
static int
worse (int code, const Work *work)
{
  if (code != EXIT_CODE_DONE)
    return code;
  return (int) (work->source->exit_code != EXIT_CODE_DONE ? work->source->exit_code
                                                          : work->destination->exit_code);
}

static void
print_account (const Work *work, gboolean quiet)
{
  g_autofree char *name = cli_text (work->request.account->name);
  if (!quiet)
    {
      printf ("%s:\n", name);
      look_print (work->source);
      look_print (work->destination);
    }
  (void) fflush (stdout);
  look_print_error (work->source, name);
  look_print_error (work->destination, name);
}

static void
add_account (const Work *work, JsonBuilder *builder)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, work->request.account->name);
  json_builder_set_member_name (builder, "source");
  look_add_json (work->source, builder);
  json_builder_set_member_name (builder, "destination");
  look_add_json (work->destination, builder);
  json_builder_end_object (builder);
}

/* Looks at all accounts, as many side by side as the job allows, and tells of each in the
 * order of the job; @builder (may be NULL) gets it instead of a person. */
static int
look_at_all (const Cli *cli, GArray *all, guint side_by_side, JsonBuilder *builder)
{
  int exit_code = EXIT_CODE_DONE;
  for (guint i = 0, started = 0; i < all->len; i++)
    {
      Work *work = &g_array_index (all, Work, i);
      for (; started < all->len && started < i + side_by_side; started++)
        {
          Work *next = &g_array_index (all, Work, started);
          next->thread = g_thread_new ("check", look_at_account, next);
        }
      g_thread_join (g_steal_pointer (&work->thread));
      exit_code = worse (exit_code, work);
      if (builder == NULL)
        print_account (work, cli->quiet);
      else
        {
          look_print_error (work->source, work->request.account->name);
          look_print_error (work->destination, work->request.account->name);
          add_account (work, builder);
        }
      work_clear (work);
      work->source = work->destination = NULL;
    }
  return exit_code;
}

static int
connect_all (const Cli *cli, const Job *job, const CheckOptions *options,
             JsonBuilder *builder)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Signals *signals = signals_new (cancellable, cancellable, FALSE);
  g_autoptr (GArray) all = make_work (cli, job, options->accounts, cancellable);
  int exit_code = look_at_all (cli, all, MAX (job->account_limit, 1), builder);
  if (g_cancellable_is_cancelled (cancellable))
    exit_code = EXIT_CODE_INTERRUPTED;
  signals_free (signals);
  return exit_code;
}

/* ---- JSON ---- */

static void
add_problems (JsonBuilder *builder, const Problems *problems)
{
  json_builder_set_member_name (builder, "problems");
  json_builder_begin_array (builder);
  for (guint i = 0; i < problems_length (problems); i++)
    {
      const Problem *problem = problems_get (problems, i);
      g_autofree char *text = cli_text (problem->text);
      g_autofree char *file = cli_text (problem->file);
      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "file");
      json_builder_add_string_value (builder, file);
      json_builder_set_member_name (builder, "line");
      json_builder_add_int_value (builder, problem->line);
      json_builder_set_member_name (builder, "warning");
      json_builder_add_boolean_value (builder, problem->warning);
      json_builder_set_member_name (builder, "text");
      json_builder_add_string_value (builder, text);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
print_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);
  printf ("%s\n", text);
}

static int
check_as_json (Cli *cli, const char *file, const CheckOptions *options)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Job) job = job_load_partly (file, problems);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *name = g_filename_display_name (file);
  int exit_code = EXIT_CODE_DONE;
  if (job != NULL)
    (void) engine_check (job, cli->registry, problems);
  problems_sort (problems);
  gboolean valid = job != NULL && problems_count (problems) == 0;
  if (valid && !cli_check_accounts (job, options->accounts))
    return EXIT_CODE_USAGE;
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "job");
  json_builder_add_string_value (builder, name);
  json_builder_set_member_name (builder, "valid");
  json_builder_add_boolean_value (builder, valid);
  add_problems (builder, problems);
  if (valid && options->connect)
    {
      json_builder_set_member_name (builder, "accounts");
      json_builder_begin_array (builder);
      exit_code = connect_all (cli, job, options, builder);
      json_builder_end_array (builder);
    }
  if (!valid)
    exit_code = EXIT_CODE_USAGE;
  json_builder_set_member_name (builder, "exit-code");
  json_builder_add_int_value (builder, exit_code);
  json_builder_end_object (builder);
  print_json (builder);
  return exit_code;
}

/* ---- for people ---- */

static int
check (Cli *cli, const char *file, const CheckOptions *options)
{
  g_autoptr (Job) job = cli_load_job (cli, file, TRUE);
  if (job == NULL || !cli_check_accounts (job, options->accounts))
    return EXIT_CODE_USAGE;
  if (!cli->quiet)
    printf ("%s: valid, %u account%s\n", file, job->accounts->len,
            cli_plural (job->accounts->len));
  if (options->effective)
    effective_print (job, cli->registry);
  return options->connect ? connect_all (cli, job, options, NULL) : EXIT_CODE_DONE;
}

static int
check_file (Cli *cli, const char *file, CheckOptions *options)
{
  static const char *const formats[] = { "text", "json", NULL };
  if (!cli_choice ("--format", options->format, formats, &options->json))
    return EXIT_CODE_USAGE;
  if (options->json && options->effective)
    return cli_usage_error ("--effective and --format=json exclude each other");
  return options->json ? check_as_json (cli, file, options) : check (cli, file, options);
}

int
command_check (int argc, char **argv)
{
  Cli cli = { 0 };
  CheckOptions options = { 0 };
  int exit_code = 0;
  GOptionEntry entries[] = {
    { "connect", 0, 0, G_OPTION_ARG_NONE, &options.connect,
      "Open both mailboxes of every account", NULL },
    { "effective", 0, 0, G_OPTION_ARG_NONE, &options.effective,
      "Print the job with every default and every value of a preset", NULL },
    { "account", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.accounts,
      "Connect only this account (may be repeated)", "NAME" },
    { "format", 0, 0, G_OPTION_ARG_STRING, &options.format,
      "text or json (default: text)", "FORMAT" },
    G_OPTION_ENTRY_NULL
  };
  if (cli_parse (&cli, entries, "JOB", "Validates the job file JOB.", &argc, &argv,
                 &exit_code))
    {
      const char *file = cli_only_file (argc, argv);
      exit_code = file != NULL ? check_file (&cli, file, &options) : EXIT_CODE_USAGE;
    }
  g_strfreev (options.accounts);
  g_free (options.format);
  cli_clear (&cli);
  return exit_code;
}
