/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Statements, transactions and the mapping of SQLite's results to errors. What is stored
 * stands in folders.c, messages.c and runs.c. Runs on any thread that is between
 * state_enter() and state_leave().
 */
#include <errno.h>

#include "state/internal.h"

gboolean
state_sql_is_damage (int result)
{
  return (result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB;
}

static HaulErrorCode
error_code (int result, int system_errno)
{
  switch (result & 0xff)
    {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return HAUL_ERROR_CORRUPT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return HAUL_ERROR_PERMISSION;
    case SQLITE_CANTOPEN:
      return system_errno == EACCES || system_errno == EPERM || system_errno == EROFS
                 ? HAUL_ERROR_PERMISSION
                 : HAUL_ERROR_IO;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return HAUL_ERROR_BUSY;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR:
      return HAUL_ERROR_INTERNAL;
    }
  return HAUL_ERROR_IO;
}

gboolean
state_sql_error (State *self, int result, const char *action, GError **error)
{
  int primary = result & 0xff;
  int number = primary == SQLITE_FULL ? ENOSPC : 0;
  if (number == 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN))
    number = sqlite3_system_errno (self->db);

  if (state_sql_is_damage (result))
    self->suspect = TRUE;
  HaulErrorCode code = error_code (result, number);
  if (code == HAUL_ERROR_IO || code == HAUL_ERROR_PERMISSION)
    g_atomic_int_set (&self->failed, 1);
  const char *said = self->db != NULL ? sqlite3_errmsg (self->db)
                                      : sqlite3_errstr (result);
  if (number != 0)
    return haul_error_set (error, code, HAUL_SCOPE_ACCOUNT,
                           "%s in state file '%s': %s (%s)", action, self->path, said,
                           g_strerror (number));
  return haul_error_set (error, code, HAUL_SCOPE_ACCOUNT, "%s in state file '%s': %s",
                         action, self->path, said);
}

gboolean
state_refuse_read_only (State *self, const char *action, GError **error)
{
  if (!self->read_only)
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_ACCOUNT,
                         "%s in state file '%s': it was opened to be read only", action,
                         self->path);
}

int
state_exec (State *self, const char *sql)
{
  return sqlite3_exec (self->db, sql, NULL, NULL, NULL);
}

sqlite3_stmt *
state_prepare (State *self, StateStatement which, const char *sql, const char *action,
               GError **error)
{
  if (self->statements[which] != NULL)
    return self->statements[which];
  int result = sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                   &self->statements[which], NULL);
  if (result == SQLITE_OK)
    return self->statements[which];
  state_sql_error (self, result, action, error);
  return NULL;
}

void
state_reset (sqlite3_stmt *statement)
{
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
}

gboolean
state_step (State *self, sqlite3_stmt *statement, gboolean *out_row, const char *action,
            GError **error)
{
  int result = sqlite3_step (statement);
  if (result == SQLITE_ROW)
    {
      *out_row = TRUE;
      return TRUE;
    }
  if (result != SQLITE_DONE)
    {
      gboolean failed = state_sql_error (self, result, action, error);
      state_reset (statement);
      return failed;
    }
  state_reset (statement);
  *out_row = FALSE;
  return TRUE;
}

gboolean
state_run (State *self, sqlite3_stmt *statement, const char *action, GError **error)
{
  gboolean row = FALSE;
  gboolean done = state_step (self, statement, &row, action, error);
  if (row)
    state_reset (statement);
  return done;
}

void
state_bind_bytes (sqlite3_stmt *statement, int index, HaulBytes bytes,
                  gboolean empty_is_null)
{
  if (bytes.length == 0)
    {
      if (empty_is_null)
        sqlite3_bind_null (statement, index);
      else
        sqlite3_bind_zeroblob (statement, index, 0);
      return;
    }
  sqlite3_bind_blob64 (statement, index, bytes.data, bytes.length, SQLITE_STATIC);
}

void
state_bind_text (sqlite3_stmt *statement, int index, const char *text)
{
  sqlite3_bind_text (statement, index, text, -1, SQLITE_STATIC);
}

static gboolean
run_constant (State *self, StateStatement which, const char *sql, const char *action,
              GError **error)
{
  sqlite3_stmt *statement = state_prepare (self, which, sql, action, error);
  return statement != NULL && state_run (self, statement, action, error);
}

void
state_read_begin (State *self)
{
  if (!self->read_only && sqlite3_get_autocommit (self->db))
    run_constant (self, STATEMENT_BEGIN_READ, "BEGIN", "read", NULL);
}

static void
end_durable (State *self)
{
  if (self->durable)
    state_exec (self, "PRAGMA synchronous=NORMAL");
  self->durable = FALSE;
}

gboolean
state_transaction_begin (State *self, gboolean durable, const char *action,
                         GError **error)
{
  /* FULL makes SQLite sync the journal at the commit, which also covers all commits
   * before it; it cannot be changed inside of a transaction. */
  if (!sqlite3_get_autocommit (self->db)
      && !run_constant (self, STATEMENT_COMMIT, "COMMIT", action, error))
    return FALSE; /* the end of state_read_begin() */
  if (durable)
    {
      int result = state_exec (self, "PRAGMA synchronous=FULL");
      if (result != SQLITE_OK)
        return state_sql_error (self, result, action, error);
      self->durable = TRUE;
    }
  if (run_constant (self, STATEMENT_BEGIN, "BEGIN IMMEDIATE", action, error))
    return TRUE;
  end_durable (self);
  return FALSE;
}

gboolean
state_transaction_end (State *self, gboolean done, const char *action, GError **error)
{
  /* SQLite syncs only what it writes, and writes only what differs; but what was
   * committed before without a sync counts, too */
  if (done && self->durable)
    done = run_constant (self, STATEMENT_TOUCH,
                         "UPDATE meta SET value = value + 1 WHERE key = 'syncs'", action,
                         error);
  if (done)
    done = run_constant (self, STATEMENT_COMMIT, "COMMIT", action, error);
  if (done)
    state_count_commit (self);
  else if (!sqlite3_get_autocommit (self->db))
    run_constant (self, STATEMENT_ROLLBACK, "ROLLBACK", action, NULL);
  end_durable (self);
  return done;
}

void
state_finalize_all (State *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->statements); i++)
    g_clear_pointer (&self->statements[i], sqlite3_finalize);
}
