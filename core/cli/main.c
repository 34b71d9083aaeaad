/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul: finds the command and calls it. What a command does is in its cmd-*.c.
 */
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* Command: one row of the table of commands. */
typedef struct
{
  const char *name;
  CommandFunc func;
  const char *summary;
} Command;

static const Command commands[] = {
  { "run", command_run, "Sync what a job says; resumes by itself; safe to repeat" },
  { "copy", command_copy, "The same for one source and destination, without a job file" },
  { "plan", command_plan, "Say what a run would do; writes nothing" },
  { "check", command_check, "Validate a job; with --connect open every mailbox" },
  { "verify", command_verify, "Compare both sides; exit 1 when they differ" },
  { "status", command_status, "What the state knows of the last runs; connects nowhere" },
  { "folders", command_folders, "List a mailbox's folders" },
  { "plugins", command_plugins, "List the plugins, or one plugin's options" },
  { "schema", command_schema, "Print the RELAX NG schema of jobs with all plugins" },
  { "version", command_version, "Print the version" },
};

static void
print_help (FILE *to)
{
  fprintf (to, "Usage: mailhaul COMMAND [OPTION…]\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (to, "  %-9s %s\n", commands[i].name, commands[i].summary);
  fprintf (to, "\n`mailhaul COMMAND --help` explains a command's options.\n");
}

static int
unknown_command (const char *name)
{
  const char *names[G_N_ELEMENTS (commands) + 1] = { NULL };
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i].name;
  const char *near = problems_nearest (name, names);
  if (near != NULL)
    return cli_usage_error ("unknown command \"%s\", did you mean \"%s\"?", name, near);
  return cli_usage_error ("unknown command \"%s\"", name);
}

/* Big tables go straight back to the system when they are freed; the C library would
 * otherwise keep ever bigger ones. */
static void
set_up_memory (void)
{
  mallopt (M_MMAP_THRESHOLD, 128 * 1024);
  mallopt (M_TRIM_THRESHOLD, 256 * 1024);
  mallopt (M_ARENA_MAX, 4);
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  set_up_memory ();
  signals_block ();
  if (argc < 2 || strcmp (argv[1], "help") == 0 || strcmp (argv[1], "--help") == 0
      || strcmp (argv[1], "-h") == 0)
    {
      print_help (argc < 2 ? stderr : stdout);
      return argc < 2 ? EXIT_CODE_USAGE : EXIT_CODE_DONE;
    }
  if (strcmp (argv[1], "--version") == 0)
    return command_version (1, argv);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0)
      {
        g_autofree char *name = g_strdup_printf ("mailhaul %s", argv[1]);
        g_set_prgname (name);
        return commands[i].func (argc - 1, argv + 1);
      }
  return unknown_command (argv[1]);
}
