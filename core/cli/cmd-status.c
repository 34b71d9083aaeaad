/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul status: what the state of each account knows. Connects nowhere, writes
 * nothing. Main thread.
 */
#include "cli/cli.h"
#include "cli/json.h"

/* FAILURES_LISTED_MAX: failures shown one by one to people. */
#define FAILURES_LISTED_MAX 20
/* RUNS_LISTED_MAX: runs told in JSON. */
#define RUNS_LISTED_MAX 10

/* Failed: one message that failed at the last run. */
typedef struct
{
  const char *folder; /* borrowed from the folder's row */
  char *key;
  char *subject; /* decoded; may be NULL */
  char *reason;
} Failed;

/* Summary: one account's state in numbers. */
typedef struct
{
  guint64 delivered, matched, removed, skipped, failed, intents, messages;
  guint unfinished;
  guint
      unverified; /* folders whose last verification failed or did not come to its end */
  GPtrArray *folders;  /* of StateFolder */
  GHashTable *reasons; /* reason → count */
  GPtrArray *failures; /* of Failed */
  const char *folder;  /* being added */
} Summary;

static void
failed_free (gpointer data)
{
  Failed *self = data;
  g_free (self->key);
  g_free (self->subject);
  g_free (self->reason);
  g_free (self);
}

static void
summary_init (Summary *self)
{
  *self = (Summary){ .reasons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                       NULL),
                     .failures = g_ptr_array_new_with_free_func (failed_free) };
}

static void
summary_clear (Summary *self)
{
  g_hash_table_unref (self->reasons);
  g_ptr_array_unref (self->failures);
  g_clear_pointer (&self->folders, g_ptr_array_unref);
}

static gboolean
on_failed (const StateMessage *message, gpointer user_data, GError **error)
{
  Summary *summary = user_data;
  const char *reason = message->reason != NULL ? message->reason : "unknown";
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (summary->reasons, reason));
  g_hash_table_insert (summary->reasons, g_strdup (reason), GUINT_TO_POINTER (count + 1));
  if (summary->failures->len >= RESULT_FAILURES_MAX)
    return TRUE;
  Failed *failed = g_new0 (Failed, 1);
  failed->folder = summary->folder;
  failed->key = result_printable_key (message->source_key.data,
                                      message->source_key.length);
  failed->subject = cli_subject (message->subject);
  failed->reason = g_strdup (reason);
  g_ptr_array_add (summary->failures, failed);
  return TRUE;
}

static gboolean
add_folder (State *state, const StateFolder *folder, Summary *summary, GError **error)
{
  guint64 delivered = 0, matched = 0, removed = 0, skipped = 0, failed = 0, intents = 0;
  if (!state_count (state, folder->id, 1u << STATE_STORED, &delivered, error)
      || !state_count (state, folder->id, 1u << STATE_MATCHED, &matched, error)
      || !state_count (state, folder->id, 1u << STATE_REMOVED, &removed, error)
      || !state_count (state, folder->id, 1u << STATE_SKIPPED, &skipped, error)
      || !state_count (state, folder->id, 1u << STATE_FAILED, &failed, error)
      || !state_count (state, folder->id, 1u << STATE_INTENT, &intents, error))
    return FALSE;
  summary->unfinished += !folder->clean;
  summary->unverified += folder->unverified != 0;
  summary->delivered += delivered;
  summary->matched += matched;
  /* Where rows have no keys, only the number is known. */
  summary->removed += MAX (removed, folder->removed);
  summary->skipped += skipped;
  summary->failed += failed;
  summary->intents += intents;
  summary->messages += folder->messages;
  summary->folder = folder->source_path;
  return failed == 0
         || state_messages (state, folder->id, 1u << STATE_FAILED, on_failed, summary,
                            error);
}

static gboolean
summarize (State *state, Summary *summary, GError **error)
{
  summary->folders = state_folders (state, error);
  if (summary->folders == NULL)
    return FALSE;
  for (guint i = 0; i < summary->folders->len; i++)
    if (!add_folder (state, summary->folders->pdata[i], summary, error))
      return FALSE;
  return TRUE;
}

static void
print_count (const char *label, guint64 count, const char *remark)
{
  g_autofree char *number = cli_number (count);
  g_autofree char *padded = cli_pad (label, 15);
  if (count > 0)
    printf ("  %s%s%s\n", padded, number, remark);
}

static void
print_run (const StateRun *run)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_local (run->started_unix);
  g_autofree char *started = date != NULL ? g_date_time_format (date, "%Y-%m-%d %H:%M:%S")
                                          : g_strdup ("?");
  g_autofree char *elapsed = cli_duration ((run->ended_unix - run->started_unix)
                                           * G_USEC_PER_SEC);
  if (run->ended_unix == 0)
    printf ("  last run       %s, did not end: killed, or still running\n", started);
  else
    printf ("  last run       %s, took %s, exit code %d\n", started, elapsed,
            run->exit_code);
  if (run->ended_unix == 0)
    return;
  g_autofree char *copied = cli_number (run->copied);
  g_autofree char *bytes = cli_bytes (run->copied_bytes);
  printf ("                 %s copied (%s)\n", copied, bytes);
  if (run->removed > 0)
    printf ("                 %" G_GUINT64_FORMAT " deleted\n", run->removed);
}

static void
print_failures (const Summary *summary)
{
  guint length = 0;
  g_autofree const char **reasons = cli_reasons (summary->reasons, &length);
  for (guint i = 0; i < length && i < FAILURES_LISTED_MAX; i++)
    {
      gpointer count = g_hash_table_lookup (summary->reasons, reasons[i]);
      g_autofree char *text = cli_text (reasons[i]);
      g_autofree char *remark = g_strdup_printf (": %s", text);
      print_count ("failed", GPOINTER_TO_UINT (count), remark);
    }
  for (guint i = 0; i < summary->failures->len && i < FAILURES_LISTED_MAX; i++)
    {
      const Failed *failed = summary->failures->pdata[i];
      g_autofree char *folder = cli_text (failed->folder);
      printf ("    %s, %s%s%s%s\n", folder, failed->key,
              failed->subject != NULL ? ", \"" : "",
              failed->subject != NULL ? failed->subject : "",
              failed->subject != NULL ? "\"" : "");
    }
  if (summary->failed > FAILURES_LISTED_MAX)
    printf ("    … and %" G_GUINT64_FORMAT " more; --format=json lists them\n",
            summary->failed - FAILURES_LISTED_MAX);
}

static void
print_unverified (const Summary *summary)
{
  guint listed = 0;
  for (guint i = 0; i < summary->folders->len && listed < FAILURES_LISTED_MAX; i++)
    {
      const StateFolder *folder = summary->folders->pdata[i];
      if (folder->unverified == 0)
        continue;
      g_autofree char *name = cli_text (folder->source_path);
      printf ("    %s: %s\n", name,
              folder->unverified & STATE_UNVERIFIED_FOUND
                  ? "both sides differed"
                  : "the run ended before it was compared");
      listed++;
    }
}

static void
print_text (const char *name, const Summary *summary, GArray *runs)
{
  g_autofree char *line = cli_text (name);
  printf ("%s:\n", line);
  if (runs->len == 0)
    {
      printf ("  never run\n");
      return;
    }
  print_run (&g_array_index (runs, StateRun, 0));
  g_autofree char *in = g_strdup_printf (" in %u folder%s", summary->folders->len,
                                         cli_plural (summary->folders->len));
  print_count ("delivered", summary->delivered + summary->matched + summary->removed, in);
  print_count ("removed since", summary->removed,
               " at the destination, after delivery (they are not copied again)");
  print_count ("left out", summary->skipped, "");
  print_count ("in doubt", summary->intents, " (the next run looks for them first)");
  print_count ("unfinished", summary->unfinished,
               " folders (the next run goes on there)");
  print_count ("unverified", summary->unverified,
               " folders (the next run compares them again)");
  print_unverified (summary);
  print_failures (summary);
  const StateRun *last = &g_array_index (runs, StateRun, 0);
  if (last->ended_unix == 0 || last->exit_code != EXIT_CODE_DONE)
    printf ("  not complete: run it again, it goes on where it stopped\n");
  else if (summary->failed == 0 && summary->intents == 0 && summary->unfinished == 0
           && summary->unverified == 0)
    printf ("  nothing is left of the last run\n");
}

static void
add_runs (JsonBuilder *builder, GArray *runs)
{
  json_builder_set_member_name (builder, "runs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < runs->len; i++)
    {
      const StateRun *run = &g_array_index (runs, StateRun, i);
      json_builder_begin_object (builder);
      json_add_number (builder, "started", (guint64) run->started_unix);
      json_add_number (builder, "ended", (guint64) run->ended_unix);
      json_add_number (builder, "exit-code", (guint64) run->exit_code);
      json_add_number (builder, "copied", run->copied);
      json_add_number (builder, "copied-bytes", run->copied_bytes);
      json_add_number (builder, "present", run->present);
      json_add_number (builder, "skipped", run->skipped);
      json_add_number (builder, "failed", run->failed);
      json_add_number (builder, "flags-updated", run->updated);
      json_add_number (builder, "deleted", run->removed);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_failures (JsonBuilder *builder, const Summary *summary)
{
  json_builder_set_member_name (builder, "failures");
  json_builder_begin_array (builder);
  for (guint i = 0; i < summary->failures->len; i++)
    {
      const Failed *failed = summary->failures->pdata[i];
      json_builder_begin_object (builder);
      json_add_string (builder, "folder", failed->folder);
      json_add_string (builder, "key", failed->key);
      json_add_string (builder, "subject", failed->subject);
      json_add_string (builder, "reason", failed->reason);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_unverified (JsonBuilder *builder, const Summary *summary)
{
  json_builder_set_member_name (builder, "unverified");
  json_builder_begin_array (builder);
  for (guint i = 0; i < summary->folders->len; i++)
    {
      const StateFolder *folder = summary->folders->pdata[i];
      if (folder->unverified == 0)
        continue;
      json_add_element (builder, folder->source_path);
    }
  json_builder_end_array (builder);
}

/* One entry of the journal of deletions. */
static gboolean
add_deletion (const StateRemoval *removal, gpointer user_data, GError **error)
{
  static const char *const reasons[] = { "", "delivered", "mirror", "source-after-copy",
                                         "moved" };
  static const char *const states[] = { "", "intended", "done", "failed" };
  JsonBuilder *builder = user_data;
  g_autofree char *subject = cli_subject (removal->subject);
  gboolean source = removal->side == STATE_SIDE_SOURCE;
  HaulBytes key = source ? removal->source_key : removal->destination_key;
  g_autofree char *printable = result_printable_key (key.data, key.length);
  json_builder_begin_object (builder);
  json_add_number (builder, "run", (guint64) removal->run_id);
  json_add_number (builder, "time", (guint64) removal->time_unix);
  json_add_string (builder, "side", source ? "source" : "destination");
  json_add_string (builder, "folder", removal->folder);
  json_add_string (builder, "key", printable);
  json_add_string (builder, "reason",
                   reasons[CLAMP (removal->reason, 0, G_N_ELEMENTS (reasons) - 1)]);
  json_add_string (builder, "mode",
                   removal->mode == STATE_REMOVAL_TRASH ? "trash" : "expunge");
  json_add_string (builder, "message-id", removal->message_id);
  json_add_string (builder, "subject", subject);
  if (removal->size_bytes != HAUL_SIZE_UNKNOWN)
    json_add_number (builder, "size", removal->size_bytes);
  json_add_number (builder, "date", (guint64) MAX (removal->date_unix, 0));
  json_add_string (builder, "state",
                   states[CLAMP (removal->state, 0, G_N_ELEMENTS (states) - 1)]);
  json_builder_end_object (builder);
  return TRUE;
}

static gboolean
add_deletions (JsonBuilder *builder, State *state, GError **error)
{
  json_builder_set_member_name (builder, "deletions");
  json_builder_begin_array (builder);
  gboolean ok = state_removals (state, 0, ~0u, add_deletion, builder, error);
  json_builder_end_array (builder);
  return ok;
}

static gboolean
add_json (JsonBuilder *builder, const char *name, const Summary *summary, GArray *runs,
          State *state, GError **error)
{
  json_builder_begin_object (builder);
  json_add_string (builder, "account", name);
  json_add_number (builder, "delivered", summary->delivered);
  json_add_number (builder, "matched", summary->matched);
  json_add_number (builder, "removed-at-destination", summary->removed);
  json_add_number (builder, "skipped", summary->skipped);
  json_add_number (builder, "failed", summary->failed);
  json_add_number (builder, "in-doubt", summary->intents);
  json_add_number (builder, "folders", summary->folders->len);
  json_add_number (builder, "unfinished", summary->unfinished);
  add_unverified (builder, summary);
  add_runs (builder, runs);
  add_failures (builder, summary);
  gboolean ok = add_deletions (builder, state, error);
  json_builder_end_object (builder);
  return ok;
}

/* show_account: @builder NULL: for people. */
static gboolean
show_account (const Job *job, const JobAccount *account, JsonBuilder *builder,
              GError **error)
{
  g_autofree char *directory = job_path (job, account, job->state_directory, error);
  if (directory == NULL)
    return FALSE;
  g_autofree char *damaged = NULL;
  g_autoptr (State)
      state = state_open (directory, account->name, STATE_READ_ONLY, &damaged, error);
  if (state == NULL)
    return FALSE;
  if (damaged != NULL)
    return haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_ACCOUNT,
                           "state '%s' is damaged: a run puts it aside and finds by "
                           "itself what was delivered",
                           damaged);
  Summary summary;
  summary_init (&summary);
  g_autoptr (GArray) runs = state_runs (state, RUNS_LISTED_MAX, error);
  gboolean ok = runs != NULL && summarize (state, &summary, error);
  if (ok && builder != NULL)
    ok = add_json (builder, account->name, &summary, runs, state, error);
  else if (ok)
    print_text (account->name, &summary, runs);
  summary_clear (&summary);
  return ok;
}

static int
show_job (const Job *job, char *const *names, gboolean json)
{
  g_autoptr (JsonBuilder) builder = json ? json_builder_new () : NULL;
  int exit_code = EXIT_CODE_DONE;
  if (json)
    json_builder_begin_array (builder);
  for (guint i = 0; i < job->accounts->len; i++)
    {
      g_autoptr (GError) error = NULL;
      const JobAccount *account = job->accounts->pdata[i];
      if (names != NULL && !g_strv_contains ((const char *const *) names, account->name))
        continue;
      if (show_account (job, account, builder, &error))
        continue;
      g_autofree char *text = cli_text (error->message);
      g_autofree char *name = cli_text (account->name);
      fprintf (stderr, "mailhaul: %s: %s\n", name, text);
      exit_code = EXIT_CODE_SOME_FAILED;
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
  if (cli_parse (&cli, entries, "JOB", "Says what is known of the job's last runs.",
                 &argc, &argv, &exit_code))
    {
      exit_code = EXIT_CODE_USAGE;
      const char *file = cli_only_file (argc, argv);
      g_autoptr (Job) job = NULL;
      if (file != NULL && cli_choice ("--format", format_text, formats, &format))
        job = cli_load_job (&cli, file, FALSE);
      if (job != NULL && cli_check_accounts (job, accounts))
        exit_code = show_job (job, accounts, format == 1);
    }
  cli_clear (&cli);
  return exit_code;
}
