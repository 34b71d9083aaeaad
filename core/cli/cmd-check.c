/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul check: validates a job; with --connect it opens every mailbox and says what
 * was found there and what that means. Changes nothing. Main thread.
 */
#include "cli/cli.h"
#include "engine/endpoint.h"

/* Listing: what a listing is counted into. */
typedef struct
{
  guint folders;
  guint counted; /* folders that came with their number of messages */
  guint64 messages;
} Listing;

static gboolean
on_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  Listing *listing = user_data;
  listing->folders++;
  if (folder->status.known & HAUL_STATUS_MESSAGES)
    {
      listing->counted++;
      listing->messages += folder->status.messages;
    }
  return TRUE;
}

/* print_caps: what a session cannot do that a person would miss. */
static void
print_caps (guint32 caps, gboolean source)
{
  static const struct
  {
    HaulCaps cap;
    const char *without; /* said of a destination */
  } rows[] = {
    { HAUL_CAP_KEYWORDS, "keeps no keywords: only the system flags are copied" },
    { HAUL_CAP_DATES, "does not keep the date of arrival" },
    { HAUL_CAP_SUBSCRIPTIONS, "knows no subscriptions" },
  };
  for (guint i = 0; !source && i < G_N_ELEMENTS (rows); i++)
    if ((caps & rows[i].cap) == 0)
      printf ("    note: %s\n", rows[i].without);
  if (caps & HAUL_CAP_SINGLE_SESSION)
    printf ("    note: allows one session at a time: one connection is used\n");
  if (!source && (caps & HAUL_CAP_CASE_INSENSITIVE))
    printf ("    note: folders whose names differ only in case are one folder\n");
}

/* look: opens and lists one endpoint. */
static gboolean
look (const Endpoint *endpoint, const char *side, GError **error)
{
  Listing listing = { 0 };
  g_autoptr (Session) session = session_open (endpoint->backend, &endpoint->open, error);
  if (session == NULL || !session_list (session, on_folder, &listing, error))
    return FALSE;
  g_autofree char *identity = cli_text (endpoint->identity);
  g_autofree char *messages = cli_number (listing.messages);
  printf ("  %s %s: %u folder%s", side, identity, listing.folders,
          cli_plural (listing.folders));
  if (listing.folders > 0 && listing.counted == listing.folders)
    printf (", %s message%s", messages, cli_plural (listing.messages));
  printf ("\n");
  print_caps (session_caps (session), endpoint->open.role == HAUL_ROLE_SOURCE);
  return TRUE;
}

static int
connect_side (const Job *job, const JobAccount *account, HaulRole role,
              Registry *registry)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (GError) error = NULL;
  gboolean source = role == HAUL_ROLE_SOURCE;
  Endpoint endpoint = { 0 };
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
      if (!look (&endpoint, source ? "source" : "destination", &error))
        {
          g_autofree char *text = cli_text (error->message);
          g_autofree char *name = cli_text (account->name);
          fprintf (stderr, "%s: %s: %s\n", name, source ? "source" : "destination", text);
          exit_code = (int) result_exit_code (error, source);
        }
    }
  endpoint_clear (&endpoint);
  return exit_code;
}

static int
connect_all (const Job *job, char *const *names, Registry *registry)
{
  int exit_code = EXIT_CODE_DONE;
  for (guint i = 0; i < job->accounts->len; i++)
    {
      const JobAccount *account = job->accounts->pdata[i];
      if (names != NULL && !g_strv_contains ((const char *const *) names, account->name))
        continue;
      g_autofree char *name = cli_text (account->name);
      printf ("%s:\n", name);
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
  g_auto (GStrv) accounts = NULL;
  int exit_code = 0;
  GOptionEntry entries[] = { { "connect", 0, 0, G_OPTION_ARG_NONE, &connect,
                               "Open both mailboxes of every account", NULL },
                             { "account", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &accounts,
                               "Connect only this account (may be repeated)", "NAME" },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "JOB", "Validates the job file JOB.", &argc, &argv,
                 &exit_code))
    {
      exit_code = EXIT_CODE_USAGE;
      const char *file = cli_only_file (argc, argv);
      g_autoptr (Job) job = file != NULL ? cli_load_job (&cli, file, TRUE) : NULL;
      if (job != NULL && cli_check_accounts (job, accounts))
        {
          if (!cli.quiet)
            printf ("%s: valid, %u account%s\n", file, job->accounts->len,
                    cli_plural (job->accounts->len));
          exit_code = connect ? connect_all (job, accounts, cli.registry)
                              : EXIT_CODE_DONE;
        }
    }
  cli_clear (&cli);
  return exit_code;
}
