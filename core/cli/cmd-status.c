/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul status: what the state of each account knows. Connects nowhere, writes
 * nothing.
 */
#include <stdio.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "cli/cli.h"

/* Summary: one account's state in numbers. */
typedef struct
{
  guint64 delivered, skipped, failed, intents;
  guint folders, unfinished;
  GHashTable *reasons; /* reason → count */
  GPtrArray *failures; /* of char *, for people */
} Summary;

/* FAILURES_LISTED_MAX: failures shown one by one. */
#define FAILURES_LISTED_MAX 20

static gboolean
on_failed (const StateMessage *message, gpointer user_data, GError **error)
{
  Summary *summary = user_data;
  const char *reason = message->reason != NULL ? message->reason : "unknown";
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (summary->reasons, reason));
  g_hash_table_insert (summary->reasons, g_strdup (reason), GUINT_TO_POINTER (count + 1));
  if (summary->failures->len < FAILURES_LISTED_MAX)
    {
      g_autofree char *key = result_printable_key (message->source_key.data,
                                                   message->source_key.length);
      g_ptr_array_add (summary->failures,
                       g_strdup_printf ("%s \"%s\": %s", key,
                                        message->subject != NULL ? message->subject : "",
                                        reason));
    }
  return TRUE;
}

static gboolean
add_folder (State *state, const StateFolder *folder, Summary *summary, GError **error)
{
  guint64 delivered = 0, skipped = 0, failed = 0, intents = 0;
  if (!state_count (state, folder->id, (1u << STATE_STORED) | (1u << STATE_MATCHED),
                    &delivered, error)
      || !state_count (state, folder->id, 1u << STATE_SKIPPED, &skipped, error)
      || !state_count (state, folder->id, 1u << STATE_FAILED, &failed, error)
      || !state_count (state, folder->id, 1u << STATE_INTENT, &intents, error))
    return FALSE;
  summary->folders++;
  summary->unfinished += !folder->clean;
  summary->delivered += delivered;
  summary->skipped += skipped;
  summary->failed += failed;
  summary->intents += intents;
  return failed == 0
         || state_messages (state, folder->id, 1u << STATE_FAILED, on_failed, summary,
                            error);
}

static gboolean
summarize (State *state, Summary *summary, GError **error)
{
  g_autoptr (GPtrArray) folders = state_folders (state, error);
  if (folders == NULL)
    return FALSE;
  for (guint i = 0; i < folders->len; i++)
    if (!add_folder (state, folders->pdata[i], summary, error))
      return FALSE;
  return TRUE;
}

static char *
date_text (gint64 unix_seconds)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_local (unix_seconds);
  return g_date_time_format (date, "%Y-%m-%d %H:%M:%S");
}

static void
print_text (const char *name, const Summary *summary, GArray *runs)
{
  printf ("%s:\n", name);
  if (runs->len == 0)
    {
      printf ("  never run\n");
      return;
    }
  const StateRun *run = &g_array_index (runs, StateRun, 0);
  g_autofree char *started = date_text (run->started_unix);
  g_autofree char *delivered = cli_number (summary->delivered);
  if (run->ended_unix == 0)
    printf ("  last run         %s, did not end (killed, or still running)\n", started);
  else
    printf ("  last run         %s, %" G_GINT64_FORMAT " s, exit code %d\n", started,
            run->ended_unix - run->started_unix, run->exit_code);
  printf ("  delivered        %s in %u folders\n", delivered, summary->folders);
  if (summary->skipped > 0)
    printf ("  skipped          %" G_GUINT64_FORMAT "\n", summary->skipped);
  if (summary->intents > 0)
    printf ("  in doubt         %" G_GUINT64_FORMAT
            " (the next run looks for them first)\n",
            summary->intents);
  if (summary->unfinished > 0)
    printf ("  unfinished       %u folders\n", summary->unfinished);
  GHashTableIter iter;
  gpointer reason, count;
  g_hash_table_iter_init (&iter, summary->reasons);
  while (g_hash_table_iter_next (&iter, &reason, &count))
    printf ("  failed           %u: %s\n", GPOINTER_TO_UINT (count),
            (const char *) reason);
  for (guint i = 0; i < summary->failures->len; i++)
    printf ("    %s\n", (const char *) summary->failures->pdata[i]);
}

static void
add_json (JsonBuilder *builder, const char *name, const Summary *summary, GArray *runs)
{
  const struct
  {
    const char *name;
    guint64 value;
  } numbers[] = {
    { "delivered", summary->delivered }, { "skipped", summary->skipped },
    { "failed", summary->failed },       { "in-doubt", summary->intents },
    { "folders", summary->folders },     { "unfinished", summary->unfinished }
  };
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "account");
  json_builder_add_string_value (builder, name);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      json_builder_set_member_name (builder, numbers[i].name);
      json_builder_add_int_value (builder, (gint64) numbers[i].value);
    }
  json_builder_set_member_name (builder, "runs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < runs->len; i++)
    {
      const StateRun *run = &g_array_index (runs, StateRun, i);
      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "started");
      json_builder_add_int_value (builder, run->started_unix);
      json_builder_set_member_name (builder, "ended");
      json_builder_add_int_value (builder, run->ended_unix);
      json_builder_set_member_name (builder, "exit-code");
      json_builder_add_int_value (builder, run->exit_code);
      json_builder_set_member_name (builder, "copied");
      json_builder_add_int_value (builder, (gint64) run->copied);
      json_builder_set_member_name (builder, "failed");
      json_builder_add_int_value (builder, (gint64) run->failed);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

/* One account; @builder NULL: for people. */
static gboolean
show_account (const Job *job, const JobAccount *account, JsonBuilder *builder,
              GError **error)
{
  g_autofree char *directory = job_path (job, account, job->state_directory, error);
  if (directory == NULL)
    return FALSE;
  g_autoptr (State)
      state = state_open (directory, account->name, STATE_READ_ONLY, NULL, error);
  if (state == NULL)
    return FALSE;
  Summary summary = { .reasons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                        NULL),
                      .failures = g_ptr_array_new_with_free_func (g_free) };
  g_autoptr (GArray) runs = state_runs (state, 10, error);
  gboolean ok = runs != NULL && summarize (state, &summary, error);
  if (ok && builder != NULL)
    add_json (builder, account->name, &summary, runs);
  else if (ok)
    print_text (account->name, &summary, runs);
  g_hash_table_unref (summary.reasons);
  g_ptr_array_unref (summary.failures);
  return ok;
}

static int
show_job (const Job *job, gboolean json)
{
  g_autoptr (JsonBuilder) builder = json ? json_builder_new () : NULL;
  int exit_code = EXIT_CODE_DONE;
  if (json)
    json_builder_begin_array (builder);
  for (guint i = 0; i < job->accounts->len; i++)
    {
      g_autoptr (GError) error = NULL;
      const JobAccount *account = job->accounts->pdata[i];
      if (!show_account (job, account, builder, &error))
        {
          fprintf (stderr, "mailhaul: %s: %s\n", account->name, error->message);
          exit_code = EXIT_CODE_SOME_FAILED;
        }
    }
  if (!json)
    return exit_code;
  json_builder_end_array (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);
  printf ("%s\n", text);
  return exit_code;
}

int
command_status (int argc, char **argv)
{
  Cli cli = { 0 };
  g_autofree char *format = NULL;
  int exit_code = 0;
  GOptionEntry entries[] = { { "format", 0, 0, G_OPTION_ARG_STRING, &format,
                               "text or json (default: text)", "FORMAT" },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "JOB", "Says what is known of the job's last runs.",
                 &argc, &argv, &exit_code))
    {
      exit_code = EXIT_CODE_USAGE;
      g_autoptr (Job) job = NULL;
      if (argc != 2)
        (void) cli_usage_error ("status needs one job file");
      else
        job = cli_load_job (&cli, argv[1]);
      if (job != NULL)
        exit_code = show_job (job, format != NULL && strcmp (format, "json") == 0);
    }
  cli_clear (&cli);
  return exit_code;
}
