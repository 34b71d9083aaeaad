/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine's front door: a thread for each account that runs, as many at once as the
 * job allows, and the caller's thread as the place where events arrive.
 */
#include "engine/engine.h"

#include "engine/account.h"

/* CHECKED_ACCOUNTS_MAX: accounts whose values are checked one by one; a wrong column
 * shows in the first few, and the rest is checked when it runs. */
#define CHECKED_ACCOUNTS_MAX 1000

/* Rules that contradict each other. */
static void
check_rules (const Job *job, Problems *problems)
{
  if (job->deletions != JOB_DELETIONS_NONE && job->source_after_copy != NULL)
    problems_add (problems, job->file, job->after_copy_line,
                  "sync: source-after-copy takes messages from the source, and deletions "
                  "would then take them from the destination, too; choose one of both");
}

/* Two accounts that are written into one mailbox at the same time, each by a state of its
 * own, would take each other's mail for a user's. */
static void
check_destinations (const Job *job, Registry *registry, Problems *problems)
{
  g_autoptr (GHashTable)
      taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; job->accounts->len > 1 && i < job->accounts->len; i++)
    {
      const JobAccount *account = job->accounts->pdata[i];
      g_autofree char *place = account_destination_place (job, account, registry);
      const JobAccount *first = place != NULL ? g_hash_table_lookup (taken, place) : NULL;
      if (first != NULL)
        problems_add (problems, job->accounts_file, account->line,
                      "account '%s' has the same destination as account '%s' in %s:%u "
                      "(%s); each needs one of its own",
                      account->name, first->name, job->accounts_file, first->line, place);
      else if (place != NULL)
        g_hash_table_insert (taken, g_steal_pointer (&place), (gpointer) account);
    }
}

gboolean
engine_check (const Job *job, Registry *registry, Problems *problems)
{
  guint before = problems_count (problems);
  check_rules (job, problems);
  check_destinations (job, registry, problems);
  guint general = problems_count (problems);
  for (guint i = 0; i < MIN (job->accounts->len, CHECKED_ACCOUNTS_MAX); i++)
    {
      account_check (job, job->accounts->pdata[i], registry, problems);
      if (problems_count (problems) > general)
        return FALSE;
    }
  return problems_count (problems) == before;
}

/* One account as work for a thread. */
typedef struct
{
  const JobAccount *account;
  AccountResult *result;
} Work;

typedef struct
{
  const EngineRequest *request;
  Events *events;
  Pace pace;
  GArray *work; /* of Work */
  gint next;    /* atomic: the first that no worker has taken */
} Run;

static void
on_event (const Event *event, gpointer user_data)
{
  const Run *run = user_data;
  if (run->request->event != NULL)
    run->request->event (event, run->request->event_data);
}

static void
on_tick (gpointer user_data)
{
  const Run *run = user_data;
  for (guint i = 0; run->request->event != NULL && i < run->work->len; i++)
    {
      const AccountResult *result = g_array_index (run->work, Work, i).result;
      Event event = { .kind = EVENT_TICK,
                      .account = result->name,
                      .progress = &result->progress };
      run->request->event (&event, run->request->event_data);
    }
}

/* A worker: one account after the other, as long as there are any. */
static gpointer
run_work (gpointer data)
{
  Run *run = data;
  for (;;)
    {
      guint index = (guint) g_atomic_int_add (&run->next, 1);
      if (index >= run->work->len)
        return NULL;
      Work *work = &g_array_index (run->work, Work, index);
      account_run (run->request, work->account, run->events, &run->pace, work->result);
    }
}

/* Starts the workers and waits for them, so that the caller's thread is free for events.
 */
static gpointer
supervise (gpointer data)
{
  Run *run = data;
  guint limit = MIN (MAX (run->request->job->account_limit, 1), run->work->len);
  g_autoptr (GPtrArray) workers = g_ptr_array_new ();
  for (guint i = 0; i < limit; i++)
    g_ptr_array_add (workers, g_thread_new ("account", run_work, run));
  for (guint i = 0; i < limit; i++)
    g_thread_join (workers->pdata[i]);
  events_close (run->events);
  return NULL;
}

static gboolean
is_selected (const EngineRequest *request, const JobAccount *account)
{
  return request->accounts == NULL || g_strv_contains (request->accounts, account->name);
}

/* How grave an exit code is, so that many accounts come to one. */
static guint
gravity (ExitCode code)
{
  switch (code)
    {
    case EXIT_CODE_DONE:
      return 0;
    case EXIT_CODE_SOME_FAILED:
      return 1;
    case EXIT_CODE_DESTINATION_FULL:
      return 2;
    case EXIT_CODE_SOURCE_UNREACHABLE:
    case EXIT_CODE_DESTINATION_UNREACHABLE:
      return 3;
    case EXIT_CODE_SOURCE_LOGIN:
    case EXIT_CODE_DESTINATION_LOGIN:
      return 4;
    case EXIT_CODE_REFUSED:
      return 5;
    case EXIT_CODE_USAGE:
      return 6;
    case EXIT_CODE_INTERNAL:
      return 7;
    case EXIT_CODE_INTERRUPTED:
      return 8;
    }
  return 7;
}

EngineResult *
engine_run (const EngineRequest *request)
{
  EngineResult *result = g_new0 (EngineResult, 1);
  result->accounts = g_ptr_array_new_with_free_func (
      (GDestroyNotify) account_result_free);
  Run run = { .request = request,
              .events = events_new (),
              .pace = { .rate_bytes = request->job->rate_bytes },
              .work = g_array_new (FALSE, FALSE, sizeof (Work)) };
  for (guint i = 0; i < request->job->accounts->len; i++)
    {
      const JobAccount *account = request->job->accounts->pdata[i];
      if (!is_selected (request, account))
        continue;
      Work work = { account, account_result_new (account->name) };
      g_ptr_array_add (result->accounts, work.result);
      g_array_append_val (run.work, work);
    }
  GThread *supervisor = g_thread_new ("supervisor", supervise, &run);
  events_deliver (run.events, on_event, on_tick, &run);
  g_thread_join (supervisor);

  for (guint i = 0; i < result->accounts->len; i++)
    {
      ExitCode code = ((AccountResult *) result->accounts->pdata[i])->exit_code;
      if (gravity (code) > gravity (result->exit_code))
        result->exit_code = code;
    }
  g_array_unref (run.work);
  events_free (run.events);
  return result;
}
