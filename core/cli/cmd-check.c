/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul check, folders: look without touching. Opens sessions itself, since there is
 * nothing to copy.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "engine/endpoint.h"

/* What a listing is counted into, and whether it is printed. */
typedef struct
{
  gboolean print;
  guint folders;
} Listing;

static gboolean
on_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  Listing *listing = user_data;
  listing->folders++;
  if (!listing->print)
    return TRUE;
  g_autofree char *path = haul_path_to_text (folder->path);
  printf ("%-40s", path);
  if (folder->status.known & HAUL_STATUS_MESSAGES)
    printf (" %10" G_GUINT64_FORMAT " messages", folder->status.messages);
  if (folder->status.known & HAUL_STATUS_BYTES)
    {
      g_autofree char *bytes = cli_bytes (folder->status.bytes);
      printf (" %10s", bytes);
    }
  printf ("%s%s\n",
          folder->attributes & HAUL_FOLDER_NOSELECT ? " (holds no messages)" : "",
          folder->attributes & HAUL_FOLDER_SUBSCRIBED ? " subscribed" : "");
  return TRUE;
}

/* Opens and lists one endpoint. */
static gboolean
look (Endpoint *endpoint, Listing *listing, GError **error)
{
  g_autoptr (Session) session = session_open (endpoint->backend, &endpoint->open, error);
  return session != NULL && session_list (session, on_folder, listing, error);
}

static int
connect_side (const Job *job, const JobAccount *account, HaulRole role,
              Registry *registry)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (GError) error = NULL;
  gboolean source = role == HAUL_ROLE_SOURCE;
  Endpoint endpoint = { 0 };
  Listing listing = { 0 };
  int exit_code = EXIT_CODE_DONE;
  if (!endpoint_init (&endpoint, job, source ? job->source : job->destination, account,
                      role, registry, problems))
    {
      cli_print_problems (problems);
      exit_code = EXIT_CODE_USAGE;
    }
  else
    {
      endpoint.open.dry_run = TRUE;
      if (look (&endpoint, &listing, &error))
        printf ("%s: %s %s: %u folders\n", account->name,
                source ? "source" : "destination", endpoint.identity, listing.folders);
      else
        {
          fprintf (stderr, "%s: %s %s: %s\n", account->name,
                   source ? "source" : "destination", endpoint.identity, error->message);
          exit_code = (int) result_exit_code (error, source);
        }
    }
  endpoint_clear (&endpoint);
  return exit_code;
}

static int
connect_all (const Job *job, Registry *registry)
{
  int exit_code = EXIT_CODE_DONE;
  for (guint i = 0; i < job->accounts->len; i++)
    {
      const JobAccount *account = job->accounts->pdata[i];
      int source = connect_side (job, account, HAUL_ROLE_SOURCE, registry);
      int destination = connect_side (job, account, HAUL_ROLE_DESTINATION, registry);
      if (exit_code == EXIT_CODE_DONE)
        exit_code = source != EXIT_CODE_DONE ? source : destination;
    }
  return exit_code;
}

int
command_check (int argc, char **argv)
{
  Cli cli = { 0 };
  gboolean connect = FALSE;
  int exit_code = 0;
  GOptionEntry entries[] = { { "connect", 0, 0, G_OPTION_ARG_NONE, &connect,
                               "Open both mailboxes of every account", NULL },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "JOB", "Validates the job file JOB.", &argc, &argv,
                 &exit_code))
    {
      exit_code = EXIT_CODE_USAGE;
      g_autoptr (Job) job = NULL;
      if (argc != 2)
        (void) cli_usage_error ("check needs one job file");
      else
        job = cli_load_job (&cli, argv[1]);
      if (job != NULL)
        {
          printf ("%s: valid, %u account%s\n", argv[1], job->accounts->len,
                  job->accounts->len == 1 ? "" : "s");
          exit_code = connect ? connect_all (job, cli.registry) : EXIT_CODE_DONE;
        }
    }
  cli_clear (&cli);
  return exit_code;
}

/* A job with one end, so that its options are parsed as in any job. */
static int
list_source (Cli *cli, JobElement *element)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_get_current_dir ();
  g_autoptr (Job) job = job_new_for_pair ("folders", directory, directory);
  Endpoint endpoint = { 0 };
  Listing listing = { .print = TRUE };
  int exit_code = EXIT_CODE_DONE;
  job->source = element;
  if (!endpoint_init (&endpoint, job, element, job->accounts->pdata[0], HAUL_ROLE_SOURCE,
                      cli->registry, problems))
    {
      cli_print_problems (problems);
      exit_code = EXIT_CODE_USAGE;
    }
  else if (!look (&endpoint, &listing, &error))
    {
      fprintf (stderr, "mailhaul: %s: %s\n", endpoint.identity, error->message);
      exit_code = (int) result_exit_code (error, TRUE);
    }
  endpoint_clear (&endpoint);
  return exit_code;
}

int
command_folders (int argc, char **argv)
{
  Cli cli = { 0 };
  g_auto (GStrv) options = NULL;
  int exit_code = 0;
  GOptionEntry entries[] = { { "source-option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options,
                               "An option of the backend", "NAME=VALUE" },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "SOURCE", "Lists the folders of a mailbox.", &argc, &argv,
                 &exit_code))
    {
      g_autoptr (GError) error = NULL;
      JobElement *element = argc == 2 ? uri_parse (argv[1], &error) : NULL;
      for (char **option = options; element != NULL && option != NULL && *option != NULL;
           option++)
        if (!uri_add_option (element, *option, &error))
          g_clear_pointer (&element, job_element_free);
      if (element == NULL)
        exit_code = cli_usage_error ("%s", error != NULL ? error->message
                                                         : "folders needs one SOURCE");
      else
        exit_code = list_source (&cli, element);
    }
  cli_clear (&cli);
  return exit_code;
}
