/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul: finds the command and calls it. What a command does is in its cmd-*.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

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

static int
print_help (FILE *to)
{
  fprintf (to, "Usage: mailhaul COMMAND [OPTION…]\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (to, "  %-9s %s\n", commands[i].name, commands[i].summary);
  fprintf (to, "  %-9s %s\n", "help", "Explain a command and its options");
  fprintf (to, "\n`mailhaul COMMAND --help` explains a command's options.\n");
  return to == stdout ? EXIT_CODE_DONE : EXIT_CODE_USAGE;
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

/* Standard streams that the caller closed are taken, the wrong way round so that using
 * them still fails: else a mail file would become descriptor 2 and get the progress. */
static gboolean
reserve_streams (void)
{
  static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", modes[fd]) != fd)
      return FALSE;
  return TRUE;
}

static int
call (int argc, char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[0], commands[i].name) == 0)
      {
        g_autofree char *name = g_strdup_printf ("mailhaul %s", argv[0]);
        g_set_prgname (name);
        return commands[i].func (argc, argv);
      }
  return unknown_command (argv[0]);
}

/* help: of the program, or `help COMMAND`. */
static int
help (int argc, char **argv)
{
  char option[] = "--help";
  char *arguments[] = { argc > 1 ? argv[1] : NULL, option, NULL };
  return argc < 2 ? print_help (stdout) : call (2, arguments);
}

static int
dispatch (int argc, char **argv)
{
  if (argc < 1)
    return print_help (stderr);
  if (strcmp (argv[0], "help") == 0)
    return help (argc, argv);
  if (strcmp (argv[0], "--help") == 0 || strcmp (argv[0], "-h") == 0)
    return print_help (stdout);
  if (strcmp (argv[0], "--version") == 0)
    return command_version (1, argv);
  return call (argc, argv);
}

/* Results that could not be written are no results; a reader that has seen enough (EPIPE)
 * is content. */
static int
flush_output (int exit_code)
{
  gboolean failed = ferror (stdout) != 0;
  if (fflush (stdout) == 0 && !failed)
    return exit_code;
  if (errno == EPIPE)
    return exit_code;
  fprintf (stderr, "mailhaul: write to standard output: %s\n", g_strerror (errno));
  return exit_code != EXIT_CODE_DONE ? exit_code : EXIT_CODE_INTERNAL;
}

int
main (int argc, char **argv)
{
  if (!reserve_streams ())
    return EXIT_CODE_INTERNAL;
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C"); /* numbers are the same for scripts everywhere */
  set_up_memory ();
  (void) signal (SIGPIPE, SIG_IGN);
  (void) signal (SIGXFSZ, SIG_IGN); /* a file size limit is an error like a full disk */
  g_set_prgname ("mailhaul");
  return flush_output (dispatch (argc - 1, argv + 1));
}
