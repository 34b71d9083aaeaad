/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul plan: what a run would do, as a table or in full as JSON. Writes nothing.
 */
#include <stdio.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "cli/cli.h"

static const char *const action_names[] = { "create-folder", "subscribe", "copy",
                                            "match",         "skip",      "flags" };

static void
member (JsonBuilder *builder, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, valid);
}

/* Each action of the engine becomes an object of the array that is open. */
static void
on_event (const Event *event, gpointer user_data)
{
  JsonBuilder *builder = user_data;
  if (event->kind != EVENT_ACTION)
    return;
  json_builder_begin_object (builder);
  member (builder, "action", action_names[event->action]);
  member (builder, "account", event->account);
  member (builder, "folder", event->folder);
  member (builder, "destination", event->destination);
  if (event->key.length > 0)
    {
      g_autofree char *key = result_printable_key (event->key.data, event->key.length);
      member (builder, "key", key);
    }
  member (builder, "text", event->text);
  if (event->bytes > 0)
    {
      json_builder_set_member_name (builder, "bytes");
      json_builder_add_int_value (builder, (gint64) event->bytes);
    }
  json_builder_end_object (builder);
}

static void
print_table (const EngineResult *result)
{
  for (guint i = 0; i < result->accounts->len; i++)
    {
      const AccountResult *account = result->accounts->pdata[i];
      printf ("%s:\n", account->name);
      printf ("  %-30s %-30s %10s %10s %12s\n", "source", "destination", "messages",
              "to copy", "bytes");
      for (guint k = 0; k < account->folders->len; k++)
        {
          const FolderResult *folder = account->folders->pdata[k];
          g_autofree char *bytes = cli_bytes (folder->ledger.copied_bytes);
          if (folder->dropped != NULL)
            printf ("  %-30s (left out: %s)\n", folder->source, folder->dropped);
          else
            printf ("  %-30s %-30s %10" G_GUINT64_FORMAT " %10" G_GUINT64_FORMAT
                    " %12s%s\n",
                    folder->source, folder->destination, folder->ledger.seen,
                    folder->ledger.planned, bytes, folder->created ? "  new folder" : "");
        }
    }
}

int
command_plan (int argc, char **argv)
{
  Cli cli = { 0 };
  g_autofree char *format = NULL;
  int exit_code = 0;
  GOptionEntry entries[] = { { "format", 0, 0, G_OPTION_ARG_STRING, &format,
                               "text or json (default: text)", "FORMAT" },
                             G_OPTION_ENTRY_NULL };
  if (!cli_parse (&cli, entries, "JOB", "Says what a run of the job file JOB would do.",
                  &argc, &argv, &exit_code))
    {
      cli_clear (&cli);
      return exit_code;
    }
  gboolean json = format != NULL && strcmp (format, "json") == 0;
  g_autoptr (Job) job = NULL;
  exit_code = EXIT_CODE_USAGE;
  if (argc != 2)
    (void) cli_usage_error ("plan needs one job file");
  else if (format != NULL && !json && strcmp (format, "text") != 0)
    (void) cli_usage_error ("--format: must be text or json");
  else
    job = cli_load_job (&cli, argv[1]);
  if (job != NULL)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();
      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "actions");
      json_builder_begin_array (builder);
      EngineRequest request = { .job = job,
                                .registry = cli.registry,
                                .mode = ENGINE_DRY_RUN,
                                .event = json ? on_event : NULL,
                                .event_data = builder,
                                .actions = json };
      g_autoptr (EngineResult) result = engine_run (&request);
      exit_code = (int) result->exit_code;
      json_builder_end_array (builder);
      g_autofree char *report = report_json (result, ENGINE_DRY_RUN);
      json_builder_set_member_name (builder, "result");
      json_builder_add_value (builder, json_from_string (report, NULL));
      json_builder_end_object (builder);
      g_autoptr (JsonNode) root = json_builder_get_root (builder);
      g_autofree char *text = json ? json_to_string (root, TRUE) : NULL;
      if (json)
        printf ("%s\n", text);
      else
        {
          print_table (result);
          report_text (result, ENGINE_DRY_RUN);
        }
    }
  cli_clear (&cli);
  return exit_code;
}
