/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One account: state, sessions, folders, lane, result. Runs on a thread of the engine's,
 * which is the lane's thread, too. What happens inside a folder is pass.c's.
 */
#include "engine/account.h"

#include <string.h>

#include "engine/contact.h"
#include "engine/lane.h"
#include "engine/lanes.h"
#include "engine/moves.h"
#include "engine/removal.h"
#include "engine/verify.h"

/* IDLE_US: routers and some servers forget a silent connection after a few minutes. */
#define IDLE_US (60 * G_USEC_PER_SEC)

/* One FolderResult for each pair, kept in the account's result. */
static void
make_results (Account *self, Lane *lane, GPtrArray *pairs)
{
  for (guint i = 0; i < pairs->len; i++)
    {
      const FolderPair *pair = pairs->pdata[i];
      FolderResult *result = g_new0 (FolderResult, 1);
      result->source = g_strdup (pair->source->text);
      folder_pair_tell (pair, result);
      result->dropped = g_strdup (pair->dropped);
      result->complete = (pair->dropped != NULL && pair->refused == NULL)
                         || (pair->source->attributes & HAUL_FOLDER_NOSELECT) != 0;
      if (pair->refused != NULL)
        folder_set_fail (lane, pair, pair->refused);
      g_ptr_array_add (self->result->folders, result);
    }
}

/* The sync rules as one number: another rule means another look at every folder. */
static guint64
settings_hash (const Account *self)
{
  guint64 hash = filter_chain_hash (self->chain);
  return hash * 31 + (guint64) self->job->flags * 7 + (guint64) self->job->duplicates;
}

static gboolean
prepare (Account *self, GError **error)
{
  g_autoptr (Problems) problems = problems_new ();
  const EngineRequest *request = self->request;
  gboolean ok = endpoint_init (&self->source, self->job, self->job->source,
                               self->job_account, HAUL_ROLE_SOURCE, request->registry,
                               problems);
  ok &= endpoint_init (&self->destination, self->job, self->job->destination,
                       self->job_account, HAUL_ROLE_DESTINATION, request->registry,
                       problems);
  self->chain = filter_chain_new (self->job, self->job_account, request->registry,
                                  problems);
  const Problem *problem = problems_first_error (problems);
  if (!ok || self->chain == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "%s",
                           problem != NULL ? problem->text
                                           : "the job does not fit its plugins");
  if (strcmp (self->source.place, self->destination.place) == 0)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "source and destination are the same mailbox (%s)",
                           self->source.identity);
  self->source.open.cancellable = request->cancel;
  self->destination.open.cancellable = request->cancel;
  self->destination.open.dry_run = self->dry_run;
  self->source.open.may_change = !self->dry_run && removal_wants_source (self->job);
  self->settings_hash = settings_hash (self);
  return TRUE;
}

static gboolean
open_state (Account *self, GError **error)
{
  g_autofree char *damaged = NULL;
  g_autofree char *directory = job_path (self->job, self->job_account,
                                         self->job->state_directory, error);
  if (directory == NULL)
    return FALSE;
  self->state = state_open (directory, self->result->name,
                            self->dry_run ? STATE_READ_ONLY : STATE_READ_WRITE, &damaged,
                            error);
  if (self->state == NULL)
    return FALSE;
  if (damaged != NULL)
    account_result_notice (
        self->result,
        "the state file was damaged and set aside as %s; all is matched "
        "anew by identity",
        damaged);
  g_autofree char *identity = g_strdup_printf ("%s -> %s", self->source.identity,
                                               self->destination.identity);
  if (!state_bind (self->state, identity, error))
    return FALSE;
  if (self->request->commit_hook != NULL)
    state_set_commit_hook (self->state, self->request->commit_hook,
                           self->request->commit_data);
  return TRUE;
}

/* The destination holds nothing at all, though the state says that mail was delivered: it
 * was replaced or emptied. Then the state is wrong, and copying anew can double nothing.
 */
static gboolean
forget_if_emptied (Account *self, const FolderSet *folders, GError **error)
{
  for (guint i = 0; i < folders->destinations->len; i++)
    {
      const FolderInfo *info = folders->destinations->pdata[i];
      if ((info->attributes & HAUL_FOLDER_NOSELECT) == 0
          && (!(info->status.known & HAUL_STATUS_MESSAGES) || info->status.messages > 0))
        return TRUE;
    }
  g_autoptr (GPtrArray) rows = state_folders (self->state, error);
  if (rows == NULL)
    return FALSE;
  gboolean forgotten = FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      StateFolder *row = rows->pdata[i];
      guint64 delivered = 0;
      if (!state_count (self->state, row->id, STATE_DELIVERED, &delivered, error))
        return FALSE;
      if (delivered == 0)
        continue;
      forgotten = TRUE;
      row->clean = FALSE;
      g_clear_pointer (&row->source_token, g_bytes_unref);
      g_clear_pointer (&row->destination_token, g_bytes_unref);
      g_clear_pointer (&row->destination_mark, g_bytes_unref);
      g_clear_pointer (&row->note, g_bytes_unref);
      if (!self->dry_run
          && (!state_folder_forget (self->state, row->id, error)
              || !state_folder_save (self->state, row, TRUE, error)))
        return FALSE;
    }
  self->destination_emptied = forgotten;
  if (forgotten)
    account_result_notice (
        self->result,
        "the destination is empty although mail was delivered there before; "
        "everything is copied anew");
  return TRUE;
}

static gboolean
run_lane (Account *self, const Contact *contact, gboolean *out_source, GError **error)
{
  FolderSet *folders = contact->folders;
  Lane *lane = contact->lane;
  make_results (self, lane, folders->pairs);
  VerifyRequest verify = { folders->pairs, self->result->folders,
                           self->request->mode == ENGINE_VERIFY
                               ? self->request->verify_level
                               : self->job->verify };
  if (self->request->mode == ENGINE_VERIFY)
    return verify_run (lane, &verify, out_source, error);
  gboolean compares = self->request->mode == ENGINE_RUN;
  return forget_if_emptied (self, folders, error)
         && folder_set_create (folders, lane, self->result->folders, error)
         && moves_run (lane, folders, self->result->folders, out_source, error)
         && lanes_run (lane, folders->pairs, self->result->folders,
                       compares ? &verify : NULL, out_source, error)
         && removal_run (lane, folders, self->result->folders, out_source, error);
}

/* What the account's parts come to. */
static ExitCode
judge (const Account *self, const GError *error, gboolean source, gboolean stopped)
{
  if (error != NULL && !stopped
      && ((self->prepared && !self->state_open) || state_has_failed (self->state)))
    return result_state_exit_code (error);
  if (error != NULL && !stopped)
    return result_exit_code (error, source);
  if (stopped)
    return EXIT_CODE_INTERRUPTED;
  Ledger total = { 0 };
  account_result_total (self->result, &total);
  if (!ledger_balances (&total))
    return EXIT_CODE_INTERNAL;
  for (guint i = 0; i < self->result->failures->len; i++)
    {
      const Failure *failure = self->result->failures->pdata[i];
      if (strcmp (failure->code, haul_error_code_name (HAUL_ERROR_QUOTA)) == 0)
        return EXIT_CODE_DESTINATION_FULL;
    }
  gboolean complete = total.failed == 0 && self->result->failures->len == 0;
  for (guint i = 0; complete && i < self->result->folders->len; i++)
    complete = ((FolderResult *) self->result->folders->pdata[i])->complete;
  for (guint i = 0; complete && i < self->result->differences->len; i++)
    complete = difference_is_harmless (self->result->differences->pdata[i]);
  return complete ? EXIT_CODE_DONE : EXIT_CODE_SOME_FAILED;
}

/* Sessions, folders and all; *@out_source: an error was the source's. */
static gboolean
run_sessions (Account *self, gboolean *out_source, GError **error)
{
  Contact contact = { 0 };
  if (!contact_make (self, &contact, out_source, error))
    return FALSE;
  gboolean ok = run_lane (self, &contact, out_source, error);
  contact_end (&contact);
  return ok;
}

/* MEASURED_RUNS: so far back a run that copied something is looked for. */
#define MEASURED_RUNS 20

/* How long what is planned would take, at the speed of the last run that copied
 * anything: the slower of its messages and its bytes. */
static void
estimate (Account *self, const Ledger *total)
{
  g_autoptr (GArray) runs = state_runs (self->state, MEASURED_RUNS, NULL);
  if (total->planned == 0)
    self->result->estimate_us = 0;
  for (guint i = 0; total->planned > 0 && runs != NULL && i < runs->len; i++)
    {
      const StateRun *run = &g_array_index (runs, StateRun, i);
      if (run->ended_unix == 0 || run->copied == 0)
        continue;
      double seconds = (double) MAX (run->ended_unix - run->started_unix, 1);
      double by_messages = (double) total->planned / (double) run->copied;
      double by_bytes = (double) total->copied_bytes
                        / (double) MAX (run->copied_bytes, 1);
      self->result->estimate_us = (gint64) (MAX (by_messages, by_bytes) * seconds
                                            * G_USEC_PER_SEC);
      return;
    }
}

/* The run's record in the state, opened before and closed after. */
static gboolean
run_recorded (Account *self, gboolean *out_source, GError **error)
{
  StateRun run = { .started_unix = self->now_unix };
  if (!self->dry_run && !state_run_begin (self->state, &run, error))
    return FALSE;
  self->run_id = run.id;
  GError *local = NULL;
  gboolean ok = run_sessions (self, out_source, &local);
  Ledger total = { 0 };
  account_result_total (self->result, &total);
  run.ended_unix = g_get_real_time () / G_USEC_PER_SEC;
  run.exit_code = judge (self, local, *out_source, FALSE);
  run.copied = total.copied;
  run.copied_bytes = total.copied_bytes;
  run.present = total.present + total.matched;
  run.skipped = total.skipped;
  run.failed = total.failed;
  run.updated = total.flags_updated;
  run.removed = self->dry_run ? 0 : total.deleted + total.taken;
  if (!self->dry_run)
    (void) state_run_end (self->state, &run, NULL);
  else if (ok && self->request->mode == ENGINE_DRY_RUN)
    estimate (self, &total);
  if (local != NULL)
    g_propagate_error (error, local);
  return ok;
}

static void
post_account (const Account *self, EventKind kind)
{
  Event event = { .kind = kind,
                  .account = self->result->name,
                  .text = self->result->error != NULL ? self->result->error->message
                                                      : NULL,
                  .progress = &self->result->progress };
  events_post (self->events, &event);
}

void
account_run (const EngineRequest *request, const JobAccount *job_account, Events *events,
             Pace *pace, AccountResult *result)
{
  gint64 started_us = g_get_monotonic_time ();
  gboolean source = FALSE;
  g_autoptr (GError) error = NULL;
  Account self = { .request = request,
                   .job = request->job,
                   .job_account = job_account,
                   .events = events,
                   .pace = pace,
                   .result = result,
                   .progress = &result->progress,
                   .now_unix = request->now_unix != 0
                                   ? request->now_unix
                                   : g_get_real_time () / G_USEC_PER_SEC,
                   .dry_run = request->mode != ENGINE_RUN,
                   .retry_unit_us = request->retry_unit_us,
                   .idle_us = request->idle_us > 0 ? request->idle_us : IDLE_US };
  result->started_unix = self.now_unix;
  post_account (&self, EVENT_ACCOUNT_BEGIN);
  self.prepared = prepare (&self, &error);
  self.state_open = self.prepared && open_state (&self, &error);
  gboolean ok = self.state_open && run_recorded (&self, &source, &error);

  gboolean stopped = (request->stop != NULL && g_cancellable_is_cancelled (request->stop))
                     || (request->cancel != NULL
                         && g_cancellable_is_cancelled (request->cancel));
  result->exit_code = judge (&self, ok ? NULL : error, source, stopped);
  result->error = g_steal_pointer (&error);
  result->elapsed_us = g_get_monotonic_time () - started_us;
  post_account (&self, EVENT_ACCOUNT_END);

  state_close (self.state);
  g_clear_pointer (&self.planned_moves, g_hash_table_unref);
  g_clear_pointer (&self.planned_leaves, key_set_free);
  filter_chain_free (self.chain);
  endpoint_clear (&self.source);
  endpoint_clear (&self.destination);
}

void
account_check (const Job *job, const JobAccount *job_account, Registry *registry,
               Problems *problems)
{
  Endpoint source = { 0 }, destination = { 0 };
  /* A job that is checked in spite of other mistakes may lack one. That both are one
   * mailbox is refused when the account runs: to look at one, it may be named twice. */
  if (job->source != NULL)
    (void) endpoint_init (&source, job, job->source, job_account, HAUL_ROLE_SOURCE,
                          registry, problems);
  if (job->destination != NULL)
    (void) endpoint_init (&destination, job, job->destination, job_account,
                          HAUL_ROLE_DESTINATION, registry, problems);
  g_autoptr (FilterChain) chain = filter_chain_new (job, job_account, registry, problems);
  endpoint_clear (&source);
  endpoint_clear (&destination);
}

char *
account_destination_place (const Job *job, const JobAccount *job_account,
                           Registry *registry)
{
  g_autoptr (Problems) ignored = problems_new ();
  Endpoint destination = { 0 };
  char *place = NULL;
  if (job->destination != NULL
      && endpoint_init (&destination, job, job->destination, job_account,
                        HAUL_ROLE_DESTINATION, registry, ignored))
    place = g_steal_pointer (&destination.place);
  endpoint_clear (&destination);
  return place;
}
