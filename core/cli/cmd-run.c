/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul run, verify: a job file through the engine.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* Every name given with --account exists in the job. */
static gboolean
check_accounts (const Job *job, char **names)
{
  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      gboolean found = FALSE;
      for (guint i = 0; i < job->accounts->len; i++)
        found |= strcmp (((JobAccount *) job->accounts->pdata[i])->name, *name) == 0;
      if (!found)
        {
          fprintf (stderr, "mailhaul: --account: the job has no account \"%s\"\n", *name);
          return FALSE;
        }
    }
  return TRUE;
}

/* The one file that the command takes; NULL: a mistake was printed. */
static const char *
only_file (int argc, char **argv)
{
  if (argc == 2)
    return argv[1];
  (void) cli_usage_error (argc < 2 ? "no job file given"
                                   : "more than one job file given");
  return NULL;
}

int
command_run (int argc, char **argv)
{
  Cli cli = { 0 };
  g_auto (GStrv) accounts = NULL;
  gboolean dry_run = FALSE;
  int exit_code = 0;
  GOptionEntry entries[] = { { "account", 0, 0, G_OPTION_ARG_STRING_ARRAY, &accounts,
                               "Only this account of the job (may be repeated)", "NAME" },
                             { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
                               "Only say what would be done", NULL },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "JOB", "Syncs what the job file JOB says.", &argc, &argv,
                 &exit_code))
    {
      const char *file = only_file (argc, argv);
      g_autoptr (Job) job = file != NULL ? cli_load_job (&cli, file) : NULL;
      exit_code = EXIT_CODE_USAGE;
      if (job != NULL && check_accounts (job, accounts))
        {
          EngineRequest request = { .job = job,
                                    .registry = cli.registry,
                                    .mode = dry_run ? ENGINE_DRY_RUN : ENGINE_RUN,
                                    .accounts = (const char *const *) accounts };
          exit_code = run_job (&cli, &request);
        }
    }
  cli_clear (&cli);
  return exit_code;
}

static gboolean
parse_level (const char *text, JobVerify *out_level)
{
  if (text == NULL || strcmp (text, "content") == 0)
    *out_level = JOB_VERIFY_CONTENT;
  else if (strcmp (text, "headers") == 0)
    *out_level = JOB_VERIFY_HEADERS;
  else if (strcmp (text, "size") == 0)
    *out_level = JOB_VERIFY_SIZE;
  else
    return FALSE;
  return TRUE;
}

int
command_verify (int argc, char **argv)
{
  Cli cli = { 0 };
  g_auto (GStrv) accounts = NULL;
  g_autofree char *level_text = NULL;
  JobVerify level = JOB_VERIFY_CONTENT;
  int exit_code = 0;
  GOptionEntry entries[] = { { "account", 0, 0, G_OPTION_ARG_STRING_ARRAY, &accounts,
                               "Only this account of the job (may be repeated)", "NAME" },
                             { "level", 0, 0, G_OPTION_ARG_STRING, &level_text,
                               "size, headers or content (default: content)", "LEVEL" },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "JOB", "Compares both sides of the job file JOB.", &argc,
                 &argv, &exit_code))
    {
      exit_code = EXIT_CODE_USAGE;
      const char *file = only_file (argc, argv);
      if (file != NULL && !parse_level (level_text, &level))
        (void) cli_usage_error ("--level: must be size, headers or content, got \"%s\"",
                                level_text);
      else if (file != NULL)
        {
          g_autoptr (Job) job = cli_load_job (&cli, file);
          EngineRequest request = { .job = job,
                                    .registry = cli.registry,
                                    .mode = ENGINE_VERIFY,
                                    .verify_level = level,
                                    .accounts = (const char *const *) accounts };
          if (job != NULL && check_accounts (job, accounts))
            exit_code = run_job (&cli, &request);
        }
    }
  cli_clear (&cli);
  return exit_code;
}
