/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul run, verify: a job file through the engine.
 */
#include "cli/cli.h"

int
command_run (int argc, char **argv)
{
  Cli cli = { 0 };
  g_auto (GStrv) accounts = NULL;
  gboolean dry_run = FALSE;
  int exit_code = 0;
  GOptionEntry entries[] = { { "account", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &accounts,
                               "Only this account of the job (may be repeated)", "NAME" },
                             { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
                               "Only say what would be done", NULL },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "JOB", "Syncs what the job file JOB says.", &argc, &argv,
                 &exit_code))
    {
      const char *file = cli_only_file (argc, argv);
      g_autoptr (Job) job = file != NULL ? cli_load_job (&cli, file, TRUE) : NULL;
      exit_code = EXIT_CODE_USAGE;
      if (job != NULL && cli_check_accounts (job, accounts))
        {
          EngineRequest request = { .job = job,
                                    .registry = cli.registry,
                                    .mode = dry_run ? ENGINE_DRY_RUN : ENGINE_RUN,
                                    .accounts = (const char *const *) accounts };
          exit_code = run_job (&cli, &request, NULL, NULL);
        }
    }
  cli_clear (&cli);
  return exit_code;
}

int
command_verify (int argc, char **argv)
{
  Cli cli = { 0 };
  g_auto (GStrv) accounts = NULL;
  g_autofree char *level_text = NULL;
  static const char *const levels[] = { "size", "headers", "content", NULL };
  int exit_code = 0, level = 2;
  GOptionEntry entries[] = { { "account", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &accounts,
                               "Only this account of the job (may be repeated)", "NAME" },
                             { "level", 0, 0, G_OPTION_ARG_STRING, &level_text,
                               "size, headers or content (default: content)", "LEVEL" },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "JOB", "Compares both sides of the job file JOB.", &argc,
                 &argv, &exit_code))
    {
      exit_code = EXIT_CODE_USAGE;
      const char *file = cli_only_file (argc, argv);
      if (file != NULL && cli_choice ("--level", level_text, levels, &level))
        {
          g_autoptr (Job) job = cli_load_job (&cli, file, TRUE);
          EngineRequest request = { .job = job,
                                    .registry = cli.registry,
                                    .mode = ENGINE_VERIFY,
                                    .verify_level = (JobVerify) (JOB_VERIFY_SIZE + level),
                                    .accounts = (const char *const *) accounts };
          if (job != NULL && cli_check_accounts (job, accounts))
            exit_code = run_job (&cli, &request, NULL, NULL);
        }
    }
  cli_clear (&cli);
  return exit_code;
}
