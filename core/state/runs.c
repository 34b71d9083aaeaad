/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record of runs, for `mailhaul status` and the prediction of the next one. Runs on
 * any thread.
 */
#include "state/internal.h"

static gboolean
begin_run (State *self, StateRun *run, GError **error)
{
  const char *action = "enter a run";
  if (!state_refuse_read_only (self, action, error))
    return FALSE;
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_RUN_BEGIN, "INSERT INTO runs (started) VALUES (?1)", action, error);
  if (statement == NULL || !state_transaction_begin (self, FALSE, action, error))
    return FALSE;
  sqlite3_bind_int64 (statement, 1, run->started_unix);
  gboolean done = state_run (self, statement, action, error);
  gint64 id = sqlite3_last_insert_rowid (self->db);
  if (!state_transaction_end (self, done, action, error))
    return FALSE;
  run->id = id;
  return TRUE;
}

gboolean
state_run_begin (State *self, StateRun *run, GError **error)
{
  state_enter (self);
  gboolean done = begin_run (self, run, error);
  state_leave (self);
  return done;
}

static gboolean
end_run (State *self, const StateRun *run, GError **error)
{
  const char *action = "end a run";
  if (!state_refuse_read_only (self, action, error))
    return FALSE;
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_RUN_END,
      "UPDATE runs SET started = ?2, ended = ?3, exit_code = ?4,"
      " copied = ?5, copied_bytes = ?6, present = ?7, skipped = ?8,"
      " failed = ?9, updated = ?10, removed = ?11 WHERE id = ?1",
      action, error);
  if (statement == NULL || !state_transaction_begin (self, FALSE, action, error))
    return FALSE;
  sqlite3_bind_int64 (statement, 1, run->id);
  sqlite3_bind_int64 (statement, 2, run->started_unix);
  sqlite3_bind_int64 (statement, 3, run->ended_unix);
  sqlite3_bind_int (statement, 4, run->exit_code);
  sqlite3_bind_int64 (statement, 5, (gint64) run->copied);
  sqlite3_bind_int64 (statement, 6, (gint64) run->copied_bytes);
  sqlite3_bind_int64 (statement, 7, (gint64) run->present);
  sqlite3_bind_int64 (statement, 8, (gint64) run->skipped);
  sqlite3_bind_int64 (statement, 9, (gint64) run->failed);
  sqlite3_bind_int64 (statement, 10, (gint64) run->updated);
  sqlite3_bind_int64 (statement, 11, (gint64) run->removed);
  gboolean done = state_run (self, statement, action, error);
  return state_transaction_end (self, done, action, error);
}

gboolean
state_run_end (State *self, const StateRun *run, GError **error)
{
  state_enter (self);
  gboolean done = end_run (self, run, error);
  state_leave (self);
  return done;
}

static StateRun
read_run (sqlite3_stmt *row)
{
  return (StateRun){
    .id = sqlite3_column_int64 (row, 0),
    .started_unix = sqlite3_column_int64 (row, 1),
    .ended_unix = sqlite3_column_int64 (row, 2),
    .exit_code = sqlite3_column_int (row, 3),
    .copied = (guint64) sqlite3_column_int64 (row, 4),
    .copied_bytes = (guint64) sqlite3_column_int64 (row, 5),
    .present = (guint64) sqlite3_column_int64 (row, 6),
    .skipped = (guint64) sqlite3_column_int64 (row, 7),
    .failed = (guint64) sqlite3_column_int64 (row, 8),
    .updated = (guint64) sqlite3_column_int64 (row, 9),
    .removed = (guint64) sqlite3_column_int64 (row, 10),
  };
}

static GArray *
read_runs (State *self, guint limit, GError **error)
{
  const char *action = "read the runs";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_RUNS,
      "SELECT id, started, ended, exit_code, copied, copied_bytes, present, skipped,"
      " failed, updated, removed FROM runs ORDER BY id DESC LIMIT ?1",
      action, error);
  if (statement == NULL)
    return NULL;
  g_autoptr (GArray) runs = g_array_new (FALSE, TRUE, sizeof (StateRun));
  gboolean row = FALSE;
  sqlite3_bind_int64 (statement, 1, limit);
  if (!state_step (self, statement, &row, action, error))
    return NULL;
  while (row)
    {
      StateRun run = read_run (statement);
      g_array_append_val (runs, run);
      if (!state_step (self, statement, &row, action, error))
        return NULL;
    }
  return g_steal_pointer (&runs);
}

GArray *
state_runs (State *self, guint limit, GError **error)
{
  state_enter (self);
  GArray *runs = read_runs (self, limit, error);
  state_leave (self);
  return runs;
}
