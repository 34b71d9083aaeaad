/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lanes: decides how many, hands folders out, and puts their results together. A further
 * lane runs on a thread of its own with a copy of the account that differs only in where
 * its results go; it shares the state, the events and the counters, which lock themselves
 * or are atomic. What a lane does with a folder is lane.c's.
 */
#include "engine/lanes.h"

#include <string.h>

#include "plugin/session.h"

/* Fewer messages and folders than these are done before another lane is logged in. */
#define WORTH_MESSAGES 200u
#define WORTH_FOLDERS  8u

/* One further lane. */
typedef struct
{
  Account account; /* a copy with a result of its own */
  const VerifyRequest *verify;
  LaneQueue *queue;
  GThread *thread;
  gboolean ok;
  gboolean opened;
  gboolean source_side;
  GError *error;
} Worker;

/* The passes of one lane, and what it stored is compared. */
static gboolean
run_one (Lane *lane, LaneQueue *queue, const VerifyRequest *verify, gboolean *out_source,
         GError **error)
{
  return lane_run (lane, queue, out_source, error)
         && (verify == NULL || lane_should_stop (lane)
             || verify_run (lane, verify, out_source, error));
}

static gpointer
worker_thread (gpointer data)
{
  Worker *self = data;
  Lane *lane = lane_open (&self->account, &self->source_side, &self->error);
  self->opened = lane != NULL;
  if (lane == NULL)
    return NULL;
  self->ok = run_one (lane, self->queue, self->verify, &self->source_side, &self->error);
  /* The others need not go on with an account that cannot. */
  if (!self->ok)
    g_atomic_int_set (&self->queue->abandoned, 1);
  lane_close (lane);
  return NULL;
}

static void
move_all (GPtrArray *from, GPtrArray *to)
{
  while (from->len > 0)
    g_ptr_array_add (to, g_ptr_array_steal_index (from, 0));
}

/* What a lane found becomes the account's. */
static void
merge (AccountResult *from, AccountResult *to)
{
  GHashTableIter iter;
  gpointer reason, count;
  move_all (from->failures, to->failures);
  move_all (from->differences, to->differences);
  move_all (from->notices, to->notices);
  g_hash_table_iter_init (&iter, from->skips);
  while (g_hash_table_iter_next (&iter, &reason, &count))
    {
      guint before = GPOINTER_TO_UINT (g_hash_table_lookup (to->skips, reason));
      g_hash_table_insert (to->skips, g_strdup (reason),
                           GUINT_TO_POINTER (before + GPOINTER_TO_UINT (count)));
    }
  to->verified += from->verified;
}

/* Ends a worker. FALSE: it broke; the first such error is the account's. */
static gboolean
worker_finish (Worker *self, AccountResult *result, gboolean *out_source, GError **error)
{
  g_thread_join (self->thread);
  gboolean ok = self->ok || !self->opened;
  /* One that could not be opened only leaves the work to the others. */
  if (!self->opened && !lane_account_should_stop (&self->account))
    account_result_notice (result, "%s: %s; going on with fewer connections",
                           self->source_side ? "source" : "destination",
                           self->error->message);
  merge (self->account.result, result);
  account_result_free (self->account.result);
  if (!ok && error != NULL && *error == NULL)
    {
      *out_source = self->source_side;
      g_propagate_error (error, g_steal_pointer (&self->error));
    }
  g_clear_error (&self->error);
  return ok;
}

/* Whether the listing shows that a folder is as the last run left it. */
static gboolean
is_as_before (const FolderPair *pair, const StateFolder *row)
{
  return row != NULL && row->clean && row->source_token != NULL
         && pair->source->token != NULL
         && g_bytes_equal (row->source_token, pair->source->token);
}

typedef struct
{
  guint folders;
  guint64 messages;
} Work;

/* Roughly what there is to do. FALSE: the state cannot be read. */
static gboolean
estimate (const Account *account, GPtrArray *pairs, Work *out, GError **error)
{
  g_autoptr (GPtrArray) rows = state_folders (account->state, error);
  if (rows == NULL)
    return FALSE;
  g_autoptr (GHashTable) by_path = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < rows->len; i++)
    g_hash_table_insert (by_path, ((StateFolder *) rows->pdata[i])->source_path,
                         rows->pdata[i]);
  *out = (Work){ 0 };
  for (guint i = 0; i < pairs->len; i++)
    {
      const FolderPair *pair = pairs->pdata[i];
      const HaulFolderStatus *status = &pair->source->status;
      if (pair->dropped != NULL || (pair->source->attributes & HAUL_FOLDER_NOSELECT))
        continue;
      const StateFolder *row = g_hash_table_lookup (by_path, pair->source->text);
      if (is_as_before (pair, row)
          || ((status->known & HAUL_STATUS_MESSAGES) && status->messages == 0))
        continue;
      guint64 before = row != NULL ? row->messages : 0;
      out->folders++;
      if (status->known & HAUL_STATUS_MESSAGES)
        out->messages += status->messages - MIN (before, status->messages);
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
count_further (Lane *first, GPtrArray *pairs, guint *out_count, GError **error)
{
  Work work = { 0 };
  guint limit = limit_of (first);
  *out_count = 0;
  if (limit < 2 || first->account->dry_run || pairs->len < 2)
    return TRUE;
  if (!estimate (first->account, pairs, &work, error))
    return FALSE;
  if (work.folders >= 2
      && (work.messages >= WORTH_MESSAGES || work.folders >= WORTH_FOLDERS))
    *out_count = MIN (limit, work.folders) - 1;
  return TRUE;
}

static void
fill_queue (LaneQueue *queue, GPtrArray *pairs, GPtrArray *results)
{
  for (guint i = 0; i < pairs->len; i++)
    {
      FolderPair *pair = pairs->pdata[i];
      if (pair->dropped != NULL || (pair->source->attributes & HAUL_FOLDER_NOSELECT))
        continue;
      LaneTask *task = g_new0 (LaneTask, 1);
      task->pair = pair;
      task->result = results->pdata[i];
      g_async_queue_push (queue->tasks, task);
      queue->total++;
    }
}

gboolean
lanes_run (Lane *first, GPtrArray *pairs, GPtrArray *results, const VerifyRequest *verify,
           gboolean *out_source, GError **error)
{
  guint count = 0;
  if (!count_further (first, pairs, &count, error))
    return FALSE;
  LaneQueue queue = { .tasks = g_async_queue_new_full (lane_task_free) };
  g_autofree Worker *workers = g_new0 (Worker, MAX (count, 1));
  fill_queue (&queue, pairs, results);
  first->account->abandoned = &queue.abandoned;
  for (guint i = 0; i < count; i++)
    {
      workers[i].account = *first->account;
      workers[i].account.result = account_result_new (first->account->result->name);
      workers[i].verify = verify;
      workers[i].queue = &queue;
      workers[i].thread = g_thread_new ("lane", worker_thread, &workers[i]);
    }
  GError *local = NULL;
  gboolean ok = run_one (first, &queue, verify, out_source, &local);
  if (!ok)
    g_atomic_int_set (&queue.abandoned, 1);
  for (guint i = 0; i < count; i++)
    ok &= worker_finish (&workers[i], first->account->result, out_source, &local);
  first->account->abandoned = NULL;
  g_async_queue_unref (queue.tasks);
  if (local != NULL)
    g_propagate_error (error, local);
  return ok;
}
