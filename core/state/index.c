/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Look-ups by destination key. A first copy never asks for them, and names that a store
 * makes up come in no order, so that keeping an index meanwhile would cost more than all
 * else; built at once it is sorted first. Runs on any thread between state_enter() and
 * state_leave().
 */
#include "state/internal.h"

#define MAKE_TEMPORARY                                                                   \
  "CREATE TEMP TABLE destination_keys (folder INTEGER, destination_key BLOB,"            \
  " source_key BLOB, PRIMARY KEY (folder, destination_key, source_key)) WITHOUT ROWID;"  \
  "INSERT INTO temp.destination_keys SELECT folder, destination_key, source_key"         \
  " FROM messages WHERE destination_key IS NOT NULL ORDER BY 1, 2, 3"

static gboolean
has_index (State *self)
{
  sqlite3_stmt *statement = NULL;
  int result = sqlite3_prepare_v2 (self->db,
                                   "SELECT 1 FROM sqlite_schema WHERE type = 'index'"
                                   " AND name = 'messages_destination'",
                                   -1, &statement, NULL);
  if (result == SQLITE_OK)
    result = sqlite3_step (statement);
  sqlite3_finalize (statement);
  return result == SQLITE_ROW;
}

static gboolean
make_index (State *self, const char *action, GError **error)
{
  if (!state_transaction_begin (self, FALSE, action, error))
    return FALSE;
  int result = state_exec (self, SCHEMA_INDEX);
  if (result != SQLITE_OK)
    state_sql_error (self, result, action, error);
  return state_transaction_end (self, result == SQLITE_OK, action, error);
}

/* The first contact with a folder asks for each of its messages before it has any row. */
static gboolean
has_rows (State *self, gint64 folder_id, gboolean *out_rows, GError **error)
{
  const char *action = "look up a message";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_FOLDER_HAS_ROWS, "SELECT 1 FROM messages WHERE folder = ?1 LIMIT 1",
      action, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, folder_id);
  if (!state_step (self, statement, out_rows, action, error))
    return FALSE;
  if (*out_rows)
    state_reset (statement);
  return TRUE;
}

gboolean
index_require (State *self, gint64 folder_id, gboolean *out_useful, GError **error)
{
  const char *action = "index the messages";
  gboolean rows = TRUE;
  if (self->index != STATE_INDEX_UNKNOWN)
    {
      *out_useful = TRUE;
      return TRUE;
    }
  if (!has_rows (self, folder_id, &rows, error))
    return FALSE;
  *out_useful = rows;
  if (!rows)
    return TRUE;
  StateIndex index = STATE_INDEX_FILE;
  if (!has_index (self) && self->read_only)
    {
      int result = state_exec (self, MAKE_TEMPORARY);
      if (result != SQLITE_OK)
        return state_sql_error (self, result, action, error);
      index = STATE_INDEX_TEMPORARY;
    }
  else if (!has_index (self) && !make_index (self, action, error))
    return FALSE;
  self->index = index;
  return TRUE;
}
