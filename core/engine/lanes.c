/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lanes: decides how many, hands folders out, and puts their results together. A further
 * lane runs on a thread of its own with a copy of the account that differs only in where
 * its results go and what cancels it; it shares the state, the events and the counters,
 * which lock themselves or are atomic. What a lane does with a folder is lane.c's.
 */
#include "engine/lanes.h"

#include <string.h>

#include "plugin/session.h"

/* Fewer messages and folders than these are done before another lane is logged in. */
#define WORTH_MESSAGES 200u
#define WORTH_FOLDERS  8u

/* WORTH_UNKNOWN: messages of a folder whose number nobody knows: among the first. */
#define WORTH_UNKNOWN WORTH_MESSAGES

/* FIRST_NUMBER: of the first lane; the others come after. */
#define FIRST_NUMBER 1

/* WorkerState: how far a further lane is. */
typedef enum
{
  WORKER_OPENING = 0,
  WORKER_OPEN = 1,
  WORKER_REFUSED = 2,
  WORKER_UNWANTED = 3, /* the work was done before its sessions were open */
} WorkerState;

/* One further lane. */
typedef struct
{
  Account account;      /* a copy with a result and a cancellable of its own */
  GCancellable *cancel; /* of its sessions; follows the request's */
  gulong follows;
  const VerifyRequest *verify;
  LaneQueue *queue;
  gint number;         /* FIRST_NUMBER + 1 and more */
  GAsyncQueue *passed; /* of Worker: those whose passes have come to their end */
  GAsyncQueue *go;     /* something is in it once all have, and are settled */
  GThread *thread;
  gint state; /* atomic: WorkerState */
  gboolean source_side;
  GPtrArray *settled; /* of StateFolder: see Lane.settled */
  GError *error;
} Worker;

/* Together: what becomes of all lanes. */
typedef struct
{
  AccountResult *result;
  guint refused; /* of the lanes could not be opened, */
  gboolean refused_source;
  GError *refusal; /* the first of them for this reason */
  gboolean source_side;
  GError *error; /* the first lane that could not go on, for this reason */
} Together;

/* The account cannot go on: the others need not, either. */
static void
abandon (LaneQueue *queue, gint number)
{
  if (g_atomic_int_compare_and_exchange (&queue->culprit, 0, number))
    g_cancellable_cancel (queue->abandoned);
}

/* What the lane stored is compared. */
static gboolean
verify_one (Lane *lane, const VerifyRequest *verify, gboolean *out_source, GError **error)
{
  return verify == NULL || lane_should_stop (lane)
         || verify_run (lane, verify, out_source, error);
}

/* Waits for the next of @queue; the source has nothing to do meanwhile. */
static gpointer
wait_for (GAsyncQueue *queue, Lane *lane)
{
  gpointer next;
  while ((next = g_async_queue_timeout_pop (queue, (guint64) lane->account->idle_us))
         == NULL)
    lane_keep_alive (lane);
  return next;
}

/* FALSE: nothing is left to be done. */
static gboolean
is_wanted (Worker *self)
{
  return g_async_queue_length (self->queue->tasks) > 0
         && !lane_account_should_stop (&self->account);
}

/* Passes and verification; between them the first lane waits for all. */
static void
worker_run (Worker *self, Lane *lane)
{
  gboolean ok = lane_run (lane, self->queue, &self->source_side, &self->error);
  if (!ok)
    abandon (self->queue, self->number);
  g_ptr_array_extend_and_steal (self->settled, g_ptr_array_ref (lane->settled));
  g_async_queue_push (self->passed, self);
  (void) wait_for (self->go, lane);
  if (ok && !verify_one (lane, self->verify, &self->source_side, &self->error))
    abandon (self->queue, self->number);
}

static gpointer
worker_thread (gpointer data)
{
  Worker *self = data;
  Lane *lane = NULL;
  WorkerState state = WORKER_UNWANTED;
  if (is_wanted (self))
    {
      lane = lane_open (&self->account, &self->source_side, &self->error);
      state = lane != NULL ? WORKER_OPEN : WORKER_REFUSED;
    }
  if (g_atomic_int_compare_and_exchange (&self->state, WORKER_OPENING, state)
      && state == WORKER_OPEN)
    worker_run (self, lane);
  else
    g_async_queue_push (self->passed, self);
  lane_close (lane);
  return NULL;
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
worker_start (Worker *self, Lane *first)
{
  GCancellable *cancel = first->account->request->cancel;
  self->account = *first->account;
  self->account.result = account_result_new (first->account->result->name);
  self->cancel = g_cancellable_new ();
  self->account.source.open.cancellable = self->cancel;
  self->account.destination.open.cancellable = self->cancel;
  if (cancel != NULL)
    self->follows = g_cancellable_connect (cancel, G_CALLBACK (on_cancelled),
                                           self->cancel, NULL);
  self->go = g_async_queue_new ();
  self->settled = g_ptr_array_new_with_free_func ((GDestroyNotify) state_folder_free);
  self->thread = g_thread_new ("lane", worker_thread, self);
}

/* What made a lane fail; that of the first one that did stands for the account. */
static void
add_error (Together *together, GError *error, gboolean source_side, gboolean first)
{
  if (together->error != NULL && !first)
    {
      g_error_free (error);
      return;
    }
  g_clear_error (&together->error);
  together->error = error;
  together->source_side = source_side;
}

/* One that could not be opened leaves the work to the others. */
static void
add_refusal (Together *together, GError *error, gboolean source_side)
{
  together->refused++;
  if (together->refusal == NULL)
    {
      together->refusal = error;
      together->refused_source = source_side;
      return;
    }
  g_error_free (error);
}

/* What came of a worker that has ended. */
static void
worker_finish (Worker *self, Together *together)
{
  GCancellable *cancel = self->account.request->cancel;
  g_thread_join (self->thread);
  gint state = g_atomic_int_get (&self->state);
  GError *error = g_steal_pointer (&self->error);
  if (error != NULL && state == WORKER_OPEN)
    add_error (together, error, self->source_side,
               g_atomic_int_get (&self->queue->culprit) == self->number);
  else if (error != NULL && state == WORKER_REFUSED)
    add_refusal (together, error, self->source_side);
  else
    g_clear_error (&error);
  account_result_merge (together->result, self->account.result);
  account_result_free (self->account.result);
  g_ptr_array_unref (self->settled);
  g_async_queue_unref (self->go);
  if (cancel != NULL)
    g_cancellable_disconnect (cancel, self->follows);
  g_object_unref (self->cancel);
}

/* Whether the listing shows that a folder is as the last run left it. */
static gboolean
is_as_before (const FolderPair *pair, const StateFolder *row)
{
  return row != NULL && row->clean && row->source_token != NULL
         && pair->source->token != NULL
         && g_bytes_equal (row->source_token, pair->source->token);
}

/* Work: roughly what there is to do. */
typedef struct
{
  guint folders;
  guint64 messages;
  guint64 *of_pair; /* messages, for each pair */
} Work;

static gboolean
holds_messages (const FolderPair *pair)
{
  return pair->dropped == NULL && !(pair->source->attributes & HAUL_FOLDER_NOSELECT);
}

static void
estimate_pair (Work *self, guint index, const FolderPair *pair, const StateFolder *row)
{
  const HaulFolderStatus *status = &pair->source->status;
  gboolean known = (status->known & HAUL_STATUS_MESSAGES) != 0;
  if (is_as_before (pair, row) || (known && status->messages == 0))
    return;
  guint64 before = row != NULL ? row->messages : 0;
  guint64 messages = known ? status->messages - MIN (before, status->messages) : 0;
  self->folders++;
  self->messages += messages;
  self->of_pair[index] = known ? messages : WORTH_UNKNOWN;
}

/* FALSE: the state cannot be read. */
static gboolean
estimate (const Account *account, GPtrArray *pairs, Work *self, GError **error)
{
  g_autoptr (GPtrArray) rows = state_folders (account->state, error);
  if (rows == NULL)
    return FALSE;
  g_autoptr (GHashTable) by_path = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < rows->len; i++)
    g_hash_table_insert (by_path, ((StateFolder *) rows->pdata[i])->source_path,
                         rows->pdata[i]);
  for (guint i = 0; i < pairs->len; i++)
    {
      const FolderPair *pair = pairs->pdata[i];
      if (holds_messages (pair))
        estimate_pair (self, i, pair, g_hash_table_lookup (by_path, pair->source->text));
    }
  return TRUE;
}

/* How many sessions each side takes: what its backend says, within the job's limit. */
static guint
limit_of (Lane *first)
{
  const Account *account = first->account;
  guint limit = MIN (session_sessions (first->source),
                     destination_sessions (first->destination));
  return MIN (limit, account->job->connection_limit);
}

static gboolean
count_further (Lane *first, GPtrArray *pairs, Work *work, guint *out_count,
               GError **error)
{
  guint limit = limit_of (first);
  *out_count = 0;
  if (limit < 2 || first->account->dry_run || pairs->len < 2)
    return TRUE;
  if (!estimate (first->account, pairs, work, error))
    return FALSE;
  if (work->folders >= 2
      && (work->messages >= WORTH_MESSAGES || work->folders >= WORTH_FOLDERS))
    *out_count = MIN (limit, work->folders) - 1;
  return TRUE;
}

static gint
by_work (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Work *work = user_data;
  guint first = *(const guint *) a, second = *(const guint *) b;
  guint64 left = work->of_pair[first], right = work->of_pair[second];
  if (left != right)
    return left > right ? -1 : 1;
  return first < second ? -1 : first > second;
}

/* In the listing's order; for several lanes the most work first, so that none is left
 * alone with a big folder at the end. */
static void
fill_queue (LaneQueue *queue, GPtrArray *pairs, GPtrArray *results, const Work *work,
            gboolean sorted)
{
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < pairs->len; i++)
    if (holds_messages (pairs->pdata[i]))
      g_array_append_val (order, i);
  if (sorted)
    g_array_sort_with_data (order, by_work, (gpointer) work);
  for (guint i = 0; i < order->len; i++)
    {
      guint index = g_array_index (order, guint, i);
      LaneTask *task = g_new0 (LaneTask, 1);
      task->pair = pairs->pdata[index];
      task->result = results->pdata[index];
      g_async_queue_push (queue->tasks, task);
    }
}

/* What the destination's last listing says, in one for all lanes. */
static gboolean
settle (Lane *first, gboolean *out_source, GError **error)
{
  GError *reason = NULL;
  gboolean ok = TRUE;
  for (guint attempt = 1;
       ok && !lane_should_stop (first) && !lane_settle (first, &reason); attempt++)
    ok = lane_mend (first, g_steal_pointer (&reason), attempt, out_source, error);
  return ok;
}

/* Waits until the passes of all lanes have come to their end. With nothing left to do, a
 * lane that is not open yet will not be. */
static void
await_passes (Lane *first, Worker *workers, guint count)
{
  for (guint i = 0; i < count; i++)
    if (g_atomic_int_compare_and_exchange (&workers[i].state, WORKER_OPENING,
                                           WORKER_UNWANTED))
      g_cancellable_cancel (workers[i].cancel);
  for (guint i = 0; i < count; i++)
    {
      Worker *worker = wait_for (workers->passed, first);
      g_ptr_array_extend_and_steal (first->settled, g_ptr_array_ref (worker->settled));
    }
}

/* The first lane's part, beside the @workers, which it lets go on. */
static gboolean
run_first (Lane *first, LaneQueue *queue, Worker *workers, guint count,
           const VerifyRequest *verify, gboolean *out_source, GError **error)
{
  gboolean ok = lane_run (first, queue, out_source, error);
  if (!ok)
    abandon (queue, FIRST_NUMBER);
  await_passes (first, workers, count);
  if (ok && !settle (first, out_source, error))
    {
      abandon (queue, FIRST_NUMBER);
      ok = FALSE;
    }
  for (guint i = 0; i < count; i++)
    g_async_queue_push (workers[i].go, &workers[i]);
  if (ok && !verify_one (first, verify, out_source, error))
    {
      abandon (queue, FIRST_NUMBER);
      ok = FALSE;
    }
  return ok;
}

/* All lanes at work; returns when the last one has ended. */
static void
run_all (Lane *first, guint count, LaneQueue *queue, const VerifyRequest *verify,
         Together *together)
{
  GError *error = NULL;
  gboolean source_side = FALSE;
  g_autofree Worker *workers = g_new0 (Worker, MAX (count, 1));
  g_autoptr (GAsyncQueue) passed = g_async_queue_new ();
  for (guint i = 0; i < count; i++)
    {
      workers[i].number = FIRST_NUMBER + 1 + (gint) i;
      workers[i].verify = verify;
      workers[i].queue = queue;
      workers[i].passed = passed;
      worker_start (&workers[i], first);
    }
  gboolean ok = run_first (first, queue, workers, count, verify, &source_side, &error);
  for (guint i = 0; i < count; i++)
    worker_finish (&workers[i], together);
  if (!ok)
    add_error (together, error, source_side,
               g_atomic_int_get (&queue->culprit) == FIRST_NUMBER);
}

gboolean
lanes_run (Lane *first, GPtrArray *pairs, GPtrArray *results, const VerifyRequest *verify,
           gboolean *out_source, GError **error)
{
  guint count = 0;
  Account *account = first->account;
  g_autofree guint64 *of_pair = g_new0 (guint64, MAX (pairs->len, 1));
  Work work = { .of_pair = of_pair };
  if (!count_further (first, pairs, &work, &count, error))
    return FALSE;
  LaneQueue queue = { .tasks = g_async_queue_new_full (lane_task_free),
                      .abandoned = g_cancellable_new () };
  Together together = { .result = account->result };
  fill_queue (&queue, pairs, results, &work, count > 0);
  account->abandoned = queue.abandoned;
  run_all (first, count, &queue, verify, &together);
  if (together.refused > 0)
    account_result_notice (account->result, "%s: %s; going on with %u of %u connections",
                           together.refused_source ? "source" : "destination",
                           together.refusal->message, count + 1 - together.refused,
                           count + 1);
  g_clear_error (&together.refusal);
  gboolean ok = together.error == NULL;
  if (!ok)
    {
      *out_source = together.source_side;
      g_propagate_error (error, together.error);
    }
  account->abandoned = NULL;
  g_async_queue_unref (queue.tasks);
  g_object_unref (queue.abandoned);
  return ok;
}
