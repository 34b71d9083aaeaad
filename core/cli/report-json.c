/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report as JSON: everything that the engine knows of a run. Written atomically.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "cli/cli.h"
#include "cli/json.h"

static void
add_subject (JsonBuilder *builder, const char *raw)
{
  g_autofree char *subject = cli_subject (raw);
  json_add_string (builder, "subject", subject);
}

static void
add_ledger (JsonBuilder *builder, const Ledger *ledger)
{
  json_builder_set_member_name (builder, "messages");
  json_builder_begin_object (builder);
  json_add_number (builder, "seen", ledger->seen);
  json_add_number (builder, "copied", ledger->copied);
  json_add_number (builder, "present", ledger->present);
  json_add_number (builder, "matched", ledger->matched);
  json_add_number (builder, "removed-at-destination", ledger->removed);
  json_add_number (builder, "skipped", ledger->skipped);
  json_add_number (builder, "gone", ledger->gone);
  json_add_number (builder, "failed", ledger->failed);
  json_add_number (builder, "planned", ledger->planned);
  json_add_number (builder, "flags-updated", ledger->flags_updated);
  json_add_number (builder, "deleted", ledger->deleted);
  json_add_number (builder, "kept-changed", ledger->kept);
  json_add_number (builder, "source-deleted", ledger->taken);
  json_add_number (builder, "bytes", ledger->copied_bytes);
  json_builder_end_object (builder);
}

static void
add_folders (JsonBuilder *builder, const AccountResult *account)
{
  json_builder_set_member_name (builder, "folders");
  json_builder_begin_array (builder);
  for (guint i = 0; i < account->folders->len; i++)
    {
      const FolderResult *folder = account->folders->pdata[i];
      json_builder_begin_object (builder);
      json_add_string (builder, "source", folder->source);
      json_add_string (builder, "destination", folder->destination);
      json_add_string (builder, "spelled", folder->spelled);
      json_add_string (builder, "remark", folder->remark);
      json_add_string (builder, "dropped", folder->dropped);
      json_add_flag (builder, "created", folder->created);
      json_add_flag (builder, "was-removed", folder->lost);
      json_add_flag (builder, "unchanged", folder->unchanged);
      json_add_flag (builder, "complete", folder->complete);
      json_add_number (builder, "moved", folder->moved);
      add_ledger (builder, &folder->ledger);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_failures (JsonBuilder *builder, const AccountResult *account)
{
  json_builder_set_member_name (builder, "failures");
  json_builder_begin_array (builder);
  for (guint i = 0; i < account->failures->len; i++)
    {
      const Failure *failure = account->failures->pdata[i];
      json_builder_begin_object (builder);
      json_add_string (builder, "folder", failure->folder);
      json_add_string (builder, "key", failure->key);
      add_subject (builder, failure->subject);
      json_add_string (builder, "code", failure->code);
      json_add_string (builder, "reason", failure->reason);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_differences (JsonBuilder *builder, const AccountResult *account)
{
  json_builder_set_member_name (builder, "differences");
  json_builder_begin_array (builder);
  for (guint i = 0; i < account->differences->len; i++)
    {
      const Difference *difference = account->differences->pdata[i];
      json_builder_begin_object (builder);
      json_add_string (builder, "folder", difference->folder);
      json_add_string (builder, "key", difference->key);
      add_subject (builder, difference->subject);
      json_add_string (builder, "reason", difference->reason);
      json_add_flag (builder, "surplus", difference->surplus);
      json_add_flag (builder, "noted", difference->noted);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_account (JsonBuilder *builder, const AccountResult *account, EngineMode mode)
{
  Ledger total = { 0 };
  GHashTableIter iter;
  gpointer reason, count;
  json_builder_begin_object (builder);
  json_add_string (builder, "name", account->name);
  json_add_number (builder, "exit-code", (guint64) account->exit_code);
  json_add_string (builder, "error",
                   account->error != NULL ? account->error->message : NULL);
  json_add_number (builder, "started", (guint64) account->started_unix);
  json_add_number (builder, "elapsed-ms", (guint64) account->elapsed_us / 1000);
  json_add_number (builder, "verified", account->verified);
  if (mode == ENGINE_DRY_RUN && account->estimate_us >= 0)
    json_add_number (builder, "estimated-seconds",
                     (guint64) (account->estimate_us + G_USEC_PER_SEC - 1)
                         / G_USEC_PER_SEC);
  account_result_total (account, &total);
  g_autofree char *verdict = report_verdict (account, mode);
  json_add_string (builder, "verdict", verdict);
  json_add_number (builder, "selected", total.seen - total.skipped - total.gone);
  json_add_number (builder, "at-destination",
                   total.copied + total.present + total.matched);
  add_ledger (builder, &total);
  json_builder_set_member_name (builder, "skipped-by-reason");
  json_builder_begin_object (builder);
  g_hash_table_iter_init (&iter, account->skips);
  while (g_hash_table_iter_next (&iter, &reason, &count))
    {
      g_autofree char *valid = g_utf8_make_valid (reason, -1);
      json_add_number (builder, valid, GPOINTER_TO_UINT (count));
    }
  json_builder_end_object (builder);
  add_folders (builder, account);
  add_failures (builder, account);
  add_differences (builder, account);
  json_builder_set_member_name (builder, "notices");
  json_builder_begin_array (builder);
  for (guint i = 0; i < account->notices->len; i++)
    json_add_element (builder, account->notices->pdata[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

/* add_total: all accounts together. */
static void
add_total (JsonBuilder *builder, const EngineResult *result, EngineMode mode)
{
  Ledger total = { 0 };
  guint64 verified = 0;
  for (guint i = 0; i < result->accounts->len; i++)
    {
      const AccountResult *account = result->accounts->pdata[i];
      Ledger one = { 0 };
      account_result_total (account, &one);
      ledger_add (&total, &one);
      verified += account->verified;
    }
  g_autofree char *verdict = report_total_verdict (result, mode);
  json_builder_set_member_name (builder, "total");
  json_builder_begin_object (builder);
  json_add_string (builder, "verdict", verdict);
  json_add_number (builder, "verified", verified);
  json_add_number (builder, "selected", total.seen - total.skipped - total.gone);
  json_add_number (builder, "at-destination",
                   total.copied + total.present + total.matched);
  add_ledger (builder, &total);
  json_builder_end_object (builder);
}

char *
report_json (const EngineResult *result, EngineMode mode)
{
  static const char *const modes[] = { "run", "plan", "verify" };
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_add_string (builder, "program", "mailhaul " MAILHAUL_VERSION);
  json_add_string (builder, "mode", modes[mode]);
  json_add_number (builder, "exit-code", (guint64) result->exit_code);
  add_total (builder, result, mode);
  json_builder_set_member_name (builder, "accounts");
  json_builder_begin_array (builder);
  for (guint i = 0; i < result->accounts->len; i++)
    add_account (builder, result->accounts->pdata[i], mode);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  return json_to_string (root, TRUE);
}

/* What is no regular file (a pipe, a device, "-") is written to, never replaced. */
static gboolean
write_through (const char *file, const char *text, GError **error)
{
  FILE *to = strcmp (file, "-") == 0 ? stdout : fopen (file, "we");
  gboolean ok = to != NULL && fputs (text, to) >= 0;
  int number = errno;
  if (to != NULL && to != stdout)
    {
      ok = fclose (to) == 0 && ok;
      number = errno;
    }
  return ok
         || haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_JOB, "write report '%s': %s",
                            file, g_strerror (number));
}

gboolean
report_write (const EngineResult *result, EngineMode mode, const char *file,
              GError **error)
{
  g_autofree char *text = report_json (result, mode);
  g_autofree char *whole = g_strconcat (text, "\n", NULL);
  g_autoptr (GError) local = NULL;
  GStatBuf status;
  gboolean there = strcmp (file, "-") == 0 || g_stat (file, &status) == 0;
  if (there && (strcmp (file, "-") == 0 || !S_ISREG (status.st_mode)))
    return write_through (file, whole, error);
  /* A link stays a link: what it points to is replaced. */
  g_autofree char *resolved = there ? realpath (file, NULL) : NULL;
  if (g_file_set_contents_full (
          resolved != NULL ? resolved : file, whole, -1,
          G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &local))
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_JOB, "write report '%s': %s",
                         file, local->message);
}
