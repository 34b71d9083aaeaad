/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul plan: what a run would do, as a table or in full as JSON. Writes nothing
 * anywhere. Main thread.
 */
#include "cli/cli.h"
#include "cli/json.h"

/* PATH_COLUMNS_MAX: the widest column of paths; longer ones are cut (not in JSON). */
#define PATH_COLUMNS_MAX 40

/* JsonPlan: what has been printed. Actions are printed as they come: a plan of a million
 * messages takes no memory. */
typedef struct
{
  const Cli *cli;
  guint64 actions;
} JsonPlan;

static void
print_begin (FILE *to)
{
  fprintf (to, "{\n\"actions\" : [");
}

/* Each action of the engine becomes an object of the array that is open. */
static void
on_event (const Event *event, gpointer user_data)
{
  JsonPlan *plan = user_data;
  if (event->kind != EVENT_ACTION || plan->cli->quiet)
    return;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_add_string (builder, "action", cli_action (event->action));
  json_add_string (builder, "account", event->account);
  json_add_string (builder, "folder", event->folder);
  json_add_string (builder, "destination", event->destination);
  if (event->key.length > 0)
    {
      g_autofree char *key = result_printable_key (event->key.data, event->key.length);
      json_add_string (builder, "key", key);
    }
  json_add_string (builder, "text", event->text);
  if (event->action == ACTION_COPY)
    json_add_number (builder, "bytes", event->bytes);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);
  if (plan->actions++ == 0)
    print_begin (stdout);
  printf ("%s\n%s", plan->actions == 1 ? "" : ",", text);
}

/* print_json: closes the actions and adds the results. */
static void
print_json (const Cli *cli, const EngineResult *result, EngineMode mode, FILE *to,
            gpointer user_data)
{
  const JsonPlan *plan = user_data;
  g_autofree char *report = report_json (result, mode);
  if (plan->actions == 0)
    print_begin (to);
  fprintf (to, "\n],\n\"result\" : %s\n}\n", report);
}

/* widest: of the paths on one side, within limits. */
static guint
widest (const AccountResult *account, gboolean source)
{
  glong width = source ? 6 : 11; /* "source", "destination" */
  for (guint i = 0; i < account->folders->len; i++)
    {
      const FolderResult *folder = account->folders->pdata[i];
      const char *path = source ? folder->source : folder->destination;
      width = MAX (width, path != NULL ? g_utf8_strlen (path, -1) : 0);
    }
  return (guint) MIN (width, PATH_COLUMNS_MAX);
}

/* remarks_of: what is to be known of a folder beside its numbers; may be empty. (transfer
 * full) */
static char *
remarks_of (const FolderResult *folder)
{
  GString *text = g_string_new (folder->created ? "new folder" : "");
  if (folder->unchanged)
    g_string_append (text, "unchanged");
  if (folder->spelled != NULL)
    g_string_append_printf (text, "%scalled '%s' there", text->len > 0 ? ", " : "",
                            folder->spelled);
  if (folder->remark != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", folder->remark);
  g_autofree char *raw = g_string_free (text, FALSE);
  return cli_text (raw);
}

static void
print_folder (FILE *to, const FolderResult *folder, guint left, guint right)
{
  g_autofree char *source = cli_pad (folder->source, left);
  if (folder->dropped != NULL)
    {
      g_autofree char *reason = cli_text (folder->dropped);
      fprintf (to, "  %s  left out: %s\n", source, reason);
      return;
    }
  g_autofree char *destination = cli_pad (folder->destination, right);
  g_autofree char *seen = cli_number (folder->ledger.seen);
  g_autofree char *planned = cli_number (folder->ledger.planned);
  g_autofree char *bytes = cli_bytes (folder->ledger.copied_bytes);
  g_autofree char *flags = cli_number (folder->ledger.flags_updated);
  g_autofree char *remarks = remarks_of (folder);
  fprintf (to, "  %s  %s  %10s  %10s  %10s  %8s%s%s\n", source, destination, seen,
           planned, bytes, flags, *remarks != '\0' ? "  " : "", remarks);
}

static void
print_table (const Cli *cli, const EngineResult *result, EngineMode mode, FILE *to,
             gpointer user_data)
{
  for (guint i = 0; i < result->accounts->len; i++)
    {
      const AccountResult *account = result->accounts->pdata[i];
      guint left = widest (account, TRUE), right = widest (account, FALSE);
      if (account->folders->len == 0)
        continue;
      g_autofree char *name = cli_text (account->name);
      g_autofree char *source = cli_pad ("source", left);
      g_autofree char *destination = cli_pad ("destination", right);
      fprintf (to, "%s:\n  %s  %s  %10s  %10s  %10s  %8s\n", name, source, destination,
               "messages", "to copy", "bytes", "flags");
      for (guint k = 0; k < account->folders->len; k++)
        print_folder (to, account->folders->pdata[k], left, right);
      fprintf (to, "\n");
    }
  report_text (cli, result, mode, to, NULL);
}

static int
plan (Cli *cli, const Job *job, char **accounts, gboolean json)
{
  JsonPlan printed = { .cli = cli };
  EngineRequest request = { .job = job,
                            .registry = cli->registry,
                            .mode = ENGINE_DRY_RUN,
                            .accounts = (const char *const *) accounts,
                            .event = json ? on_event : NULL,
                            .event_data = &printed,
                            .actions = json };
  return run_job (cli, &request, json ? print_json : print_table, &printed);
}

int
command_plan (int argc, char **argv)
{
  static const char *const formats[] = { "text", "json", NULL };
  Cli cli = { 0 };
  g_autofree char *format_text = NULL;
  g_auto (GStrv) accounts = NULL;
  int exit_code = 0, format = 0;
  GOptionEntry entries[] = { { "format", 0, 0, G_OPTION_ARG_STRING, &format_text,
                               "text or json (default: text)", "FORMAT" },
                             { "account", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &accounts,
                               "Only this account of the job (may be repeated)", "NAME" },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "JOB", "Says what a run of the job file JOB would do.",
                 &argc, &argv, &exit_code))
    {
      exit_code = EXIT_CODE_USAGE;
      const char *file = cli_only_file (argc, argv);
      g_autoptr (Job) job = NULL;
      if (file != NULL && cli_choice ("--format", format_text, formats, &format))
        job = cli_load_job (&cli, file, TRUE);
      if (job != NULL && cli_check_accounts (job, accounts))
        exit_code = plan (&cli, job, accounts, format == 1);
    }
  cli_clear (&cli);
  return exit_code;
}
