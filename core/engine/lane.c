/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lane: takes folder pairs one after the other through their passes, lets their results
 * come in behind, and starts anew what a lost session broke. Lane's thread; what an error
 * means is decided in retry.c.
 */
#include "engine/lane.h"

#include "engine/contact.h"
#include "engine/retry.h"

/* OPEN_PASSES_MAX, OPEN_RECORDS_MAX: passes whose results are awaited before the lane
 * waits for them: bounds the memory for their tables. */
#define OPEN_PASSES_MAX  256
#define OPEN_RECORDS_MAX 50000

gboolean
lane_account_should_stop (const Account *account)
{
  const EngineRequest *request = account->request;
  return (request->stop != NULL && g_cancellable_is_cancelled (request->stop))
         || (request->cancel != NULL && g_cancellable_is_cancelled (request->cancel))
         || (account->abandoned != NULL
             && g_cancellable_is_cancelled (account->abandoned));
}

gboolean
lane_should_stop (Lane *lane)
{
  return lane_account_should_stop (lane->account);
}

Lane *
lane_open (Account *account, gboolean *out_source, GError **error)
{
  Lane *self = g_new0 (Lane, 1);
  self->account = account;
  self->open_passes = g_ptr_array_new_with_free_func ((GDestroyNotify) pass_free);
  self->receipts = g_array_new (FALSE, FALSE, sizeof (StateReceipt));
  self->receipt_keys = g_byte_array_new ();
  self->receipt_identities = g_array_new (FALSE, FALSE, sizeof (Identity));
  self->receipt_notes = g_ptr_array_new_with_free_func (g_free);
  self->settled = g_ptr_array_new_with_free_func ((GDestroyNotify) state_folder_free);
  self->id_digest = digest_new ();
  self->unverified = g_hash_table_new (NULL, NULL);
  self->delivered = g_hash_table_new_full (NULL, NULL, NULL,
                                           (GDestroyNotify) key_set_free);
  /* Both sides connect at the same time. */
  self->destination = destination_new (account->destination.backend,
                                       &account->destination.open, copy_hooks (),
                                       account->idle_us, self);
  self->source = session_open (account->source.backend, &account->source.open, error);
  *out_source = self->source == NULL;
  if (self->source == NULL || !destination_wait_open (self->destination, error))
    {
      lane_close (self);
      return NULL;
    }
  self->source_caps = session_caps (self->source);
  self->destination_number = 1;
  return self;
}

void
lane_close (Lane *self)
{
  if (self == NULL)
    return;
  destination_free (self->destination);
  session_close (self->source);
  g_ptr_array_unref (self->open_passes);
  g_ptr_array_unref (self->settled);
  g_hash_table_unref (self->delivered);
  g_hash_table_unref (self->unverified);
  g_array_unref (self->receipts);
  g_array_unref (self->receipt_identities);
  g_ptr_array_unref (self->receipt_notes);
  g_byte_array_unref (self->receipt_keys);
  digest_free (self->id_digest);
  g_clear_error (&self->state_error);
  g_clear_error (&self->source_error);
  g_free (self);
}

typedef struct
{
  Lane *lane;
  GPtrArray *tasks;    /* of LaneTask: taken by this lane */
  GQueue waiting;      /* of LaneTask: to be done anew */
  GPtrArray *blamed;   /* of LaneTask: whose passes the latest break was in */
  guint broken_in_row; /* session losses without a finished pass between */
  gboolean source_side;
} Run;

/* A folder that cannot be done: said, and the others go on. */
static void
fail_folder (Run *run, const LaneTask *task, const GError *error)
{
  Account *account = run->lane->account;
  account_result_fail (account->result, task->pair->source->text, NULL, NULL, error);
  task->result->complete = FALSE;
  Event event = { .kind = EVENT_FAILURE,
                  .account = account->result->name,
                  .folder = task->pair->source->text,
                  .text = error->message };
  events_post (account->events, &event);
}

/* The task of @pass; a late one, mostly. */
static LaneTask *
task_of (Run *run, const Pass *pass)
{
  for (guint i = run->tasks->len; i > 0; i--)
    {
      LaneTask *task = run->tasks->pdata[i - 1];
      if (task->pair == pass->pair)
        return task;
    }
  return NULL;
}

/* A pass that ended: its row waits for the destination's final status. */
static void
settle (Lane *lane, Pass *pass)
{
  if (!lane->account->dry_run && !pass->result->unchanged && pass->row != NULL
      && (pass->ledger.copied > 0 || pass->ledger.flags_updated > 0
          || pass->ledger.matched > 0))
    {
      GBytes *watch = watch_expect (pass->row->watch, pass->result->ledger.copied);
      g_clear_pointer (&pass->row->watch, g_bytes_unref);
      pass->row->watch = watch;
      g_ptr_array_add (lane->settled, g_steal_pointer (&pass->row));
    }
}

static gboolean
is_folder_error (const GError *error)
{
  return error->domain == HAUL_ERROR && haul_error_scope (error) <= HAUL_SCOPE_FOLDER;
}

/* The sessions stand, and trying once more would not help. */
static gboolean
ends_folder (Run *run, const Pass *pass, const GError *error)
{
  const LaneTask *task = task_of (run, pass);
  RetryDecision decision = retry_decide (error, task->attempts + 1, 0,
                                         run->lane->account->retry_unit_us);
  return is_folder_error (error) && !pass->stored.unknown
         && decision.action != RETRY_RECONNECT;
}

/* A pass that broke is forgotten but for what it stored, and done anew later. @blame: it
 * is the one that broke, not one beside it. After a barrier. */
static void
requeue (Run *run, Pass *pass, gboolean blame)
{
  LaneTask *task = task_of (run, pass);
  pass_abandon (pass);
  task->attempts++;
  g_queue_push_tail (&run->waiting, task);
  if (blame)
    g_ptr_array_add (run->blamed, task);
}

/* The end of one open pass. FALSE: its session was lost, or the account cannot go on. */
static gboolean
finish_pass (Run *run, Pass *pass, GError **error)
{
  Lane *lane = run->lane;
  GError *reason = NULL;
  if (pass_finish (pass, &reason))
    {
      run->broken_in_row = 0;
      settle (lane, pass);
      return TRUE;
    }
  /* What it sent once more may still be under way. */
  gboolean alive = destination_call (lane->destination, NULL, NULL, NULL);
  if (alive && ends_folder (run, pass, reason))
    {
      fail_folder (run, task_of (run, pass), reason);
      pass_give_up (pass);
      pass->result->complete = FALSE;
      g_error_free (reason);
      return TRUE;
    }
  requeue (run, pass, TRUE);
  g_propagate_error (error, reason);
  return FALSE;
}

/* Finishes all open passes. FALSE: a session was lost; what it broke is queued again. */
static gboolean
drain (Run *run, GError **error)
{
  Lane *lane = run->lane;
  if (lane->open_passes->len == 0)
    return TRUE;
  gboolean ok = destination_call (lane->destination, NULL, NULL, error);
  if (ok && lane->state_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&lane->state_error));
      ok = FALSE;
    }
  g_autoptr (GPtrArray) passes = g_steal_pointer (&lane->open_passes);
  lane->open_passes = g_ptr_array_new_with_free_func ((GDestroyNotify) pass_free);
  for (guint i = 0; i < passes->len; i++)
    {
      Pass *pass = passes->pdata[i];
      if (ok)
        ok = finish_pass (run, pass, error);
      else
        requeue (run, pass, pass->stored.unknown);
    }
  return ok;
}

static guint
open_records (Lane *lane)
{
  guint total = 0;
  for (guint i = 0; i < lane->open_passes->len; i++)
    total += records_length (((Pass *) lane->open_passes->pdata[i])->records);
  return total;
}

void
lane_wait (Lane *lane, gint64 delay_us)
{
  account_wait (lane->account, delay_us);
}

void
lane_keep_alive (Lane *lane)
{
  if (lane->source == NULL || session_has_ended (lane->source))
    return;
  GError *error = NULL;
  if (session_idle (lane->source, IDLE_CALL_MAX_US, &error))
    return;
  g_clear_error (&lane->source_error);
  if (session_has_ended (lane->source))
    lane->source_error = error;
  else
    g_error_free (error);
}

/* Waits before another attempt, in which whatever session still stands is kept alive. */
static void
back_off (Lane *lane, gint64 delay_us)
{
  gint64 idle_us = lane->account->idle_us;
  for (; delay_us > idle_us && !lane_should_stop (lane); delay_us -= idle_us)
    {
      lane_wait (lane, idle_us);
      lane_keep_alive (lane);
    }
  lane_wait (lane, delay_us);
}

/* New sessions where the old ones are broken. */
static gboolean
reconnect (Run *run, GError **error)
{
  Lane *lane = run->lane;
  if (destination_error (lane->destination) != NULL)
    {
      if (!destination_reopen (lane->destination, error))
        return FALSE;
      lane->destination_number++;
    }
  /* A destination that broke off in the middle of a fetch breaks the fetch, too. */
  if (lane->source != NULL && !session_has_ended (lane->source))
    return TRUE;
  g_clear_pointer (&lane->source, session_close);
  lane->source = session_open (lane->account->source.backend, &lane->account->source.open,
                               error);
  return lane->source != NULL;
}

/* The folders that broke the sessions again and again are left out. */
static void
fail_blamed (Run *run, const GError *error)
{
  for (guint i = 0; i < run->blamed->len; i++)
    {
      LaneTask *task = run->blamed->pdata[i];
      if (g_queue_remove (&run->waiting, task))
        fail_folder (run, task, error);
    }
  g_ptr_array_set_size (run->blamed, 0);
}

/*
 * A pass or a drain ended with @reason (taken over). Decides what it breaks. FALSE: the
 * account cannot go on.
 */
static gboolean
handle_break (Run *run, GError *reason, GError **error)
{
  Lane *lane = run->lane;
  g_autoptr (GError) current = reason;
  if (lane->source_error != NULL)
    {
      /* What came after it is only that nobody could use the session any more. */
      g_error_free (current);
      current = g_steal_pointer (&lane->source_error);
    }
  for (;;)
    {
      run->source_side = destination_error (lane->destination) == NULL;
      RetryDecision decision = retry_decide (
          current, ++run->broken_in_row, g_random_int (), lane->account->retry_unit_us);
      gboolean again = decision.action == RETRY_RECONNECT
                       || decision.action == RETRY_AGAIN_MESSAGE;
      if (decision.action == RETRY_FAIL_FOLDER && run->blamed->len > 0)
        {
          fail_blamed (run, current);
          run->broken_in_row = 0;
          again = TRUE;
        }
      if (!again || lane_should_stop (lane))
        {
          g_propagate_error (error, g_steal_pointer (&current));
          return FALSE;
        }
      account_say_retry (lane->account, run->source_side, current, decision.delay_us);
      back_off (lane, decision.delay_us);
      g_clear_error (&current);
      if (reconnect (run, &current))
        {
          g_ptr_array_set_size (run->blamed, 0);
          return TRUE;
        }
    }
}

gboolean
lane_mend (Lane *lane, GError *reason, guint attempt, gboolean *out_source,
           GError **error)
{
  Run run = { .lane = lane, .broken_in_row = attempt - 1 };
  run.blamed = g_ptr_array_new ();
  gboolean ok = handle_break (&run, reason, error);
  *out_source = run.source_side;
  g_ptr_array_unref (run.blamed);
  return ok;
}

void
lane_task_free (gpointer task)
{
  LaneTask *self = task;
  if (self == NULL)
    return;
  breakers_free (self->breakers);
  g_free (self);
}

/* One pair: a pass, and its place among the open ones. */
static gboolean
run_task (Run *run, LaneTask *task, GError **error)
{
  Lane *lane = run->lane;
  GError *reason = NULL;
  Pass *pass = pass_new (lane, task->pair, task->result);
  pass->again = task->attempts > 0 || task->pair->stale;
  pass->ordered = &task->ordered;
  pass->breakers = &task->breakers;
  g_ptr_array_add (lane->open_passes, pass);
  PassOutcome outcome = pass_start (pass, &reason);

  if (outcome == PASS_DONE && pass_has_outstanding (pass)
      && lane->open_passes->len < OPEN_PASSES_MAX
      && open_records (lane) < OPEN_RECORDS_MAX)
    return TRUE;
  if (outcome == PASS_DONE)
    return drain (run, &reason) || handle_break (run, reason, error);

  /* The items already under way come to their end first. */
  g_autoptr (GError) barrier = NULL;
  gboolean alive = destination_call (lane->destination, NULL, NULL, &barrier);
  gboolean folder_only = alive && ends_folder (run, pass, reason);
  if (folder_only)
    {
      fail_folder (run, task, reason);
      pass_give_up (pass);
      g_ptr_array_remove (lane->open_passes, pass);
      g_clear_error (&reason);
      return drain (run, &reason) || handle_break (run, reason, error);
    }
  if (pass->narrowed)
    run->broken_in_row = 0;
  requeue (run, pass, TRUE);
  g_ptr_array_remove (lane->open_passes, pass);
  g_autoptr (GError) ignored = NULL;
  (void) drain (run, &ignored);
  return handle_break (run, reason, error);
}

/* The destination's listing at the end: where each written folder now ends. */
typedef struct
{
  GHashTable *by_text; /* destination path → StateFolder */
} Settling;

static gboolean
on_settled (const HaulFolder *folder, gpointer user_data, GError **error)
{
  Settling *settling = user_data;
  g_autofree char *text = haul_path_to_text (folder->path);
  StateFolder *row = g_hash_table_lookup (settling->by_text, text);
  if (row == NULL)
    return TRUE;
  g_clear_pointer (&row->destination_token, g_bytes_unref);
  g_clear_pointer (&row->destination_mark, g_bytes_unref);
  GBytes *watch = watch_settle (row->watch, &folder->status);
  g_clear_pointer (&row->watch, g_bytes_unref);
  row->watch = watch;
  if (folder->status.known & HAUL_STATUS_TOKEN)
    row->destination_token = g_bytes_new (folder->status.token.data,
                                          folder->status.token.length);
  if (folder->status.known & HAUL_STATUS_MARK)
    row->destination_mark = g_bytes_new (folder->status.mark.data,
                                         folder->status.mark.length);
  if (folder->status.known & HAUL_STATUS_UIDVALIDITY)
    row->destination_validity = folder->status.uid_validity;
  return TRUE;
}

static gboolean
call_settle (Session *session, gpointer data, GError **error)
{
  return session_list (session, on_settled, data, error);
}

gboolean
lane_settle (Lane *lane, GError **error)
{
  if (lane->settled->len == 0)
    return TRUE;
  Settling settling = { g_hash_table_new (g_str_hash, g_str_equal) };
  for (guint i = 0; i < lane->settled->len; i++)
    {
      StateFolder *row = lane->settled->pdata[i];
      g_hash_table_insert (settling.by_text, row->destination_path, row);
    }
  gboolean ok = destination_call (lane->destination, call_settle, &settling, error);
  g_hash_table_unref (settling.by_text);
  for (guint i = 0; ok && i < lane->settled->len; i++)
    ok = state_folder_save (lane->account->state, lane->settled->pdata[i], FALSE, error);
  return ok;
}

/* The next task of this lane: one of its own that broke, or one that nobody has. */
static LaneTask *
next_task (Run *run, LaneQueue *queue)
{
  if (!g_queue_is_empty (&run->waiting))
    return g_queue_pop_head (&run->waiting);
  LaneTask *task = g_async_queue_try_pop (queue->tasks);
  if (task != NULL)
    g_ptr_array_add (run->tasks, task);
  return task;
}

gboolean
lane_run (Lane *lane, LaneQueue *queue, gboolean *out_source, GError **error)
{
  Run run = { .lane = lane };
  run.tasks = g_ptr_array_new_with_free_func (lane_task_free);
  run.blamed = g_ptr_array_new ();
  g_queue_init (&run.waiting);
  gboolean ok = TRUE;
  while (ok && !lane_should_stop (lane))
    {
      GError *reason = NULL;
      LaneTask *task = next_task (&run, queue);
      if (task != NULL)
        ok = run_task (&run, task, error);
      else if (lane->open_passes->len == 0)
        break;
      else if (!drain (&run, &reason))
        ok = handle_break (&run, reason, error);
    }
  /* A stop: what is under way is finished and committed all the same. */
  g_autoptr (GError) ignored = NULL;
  if (ok && !drain (&run, &ignored) && !lane_should_stop (lane))
    {
      g_propagate_error (error, g_steal_pointer (&ignored));
      ok = FALSE;
    }
  *out_source = run.source_side;
  g_queue_clear (&run.waiting);
  g_ptr_array_unref (run.tasks);
  g_ptr_array_unref (run.blamed);
  return ok;
}
