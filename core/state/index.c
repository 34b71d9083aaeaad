/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Look-ups by destination key. A first copy never asks for them, and names that a store
 * makes up come in no order, so that keeping an index meanwhile would cost more than all
 * else; built at once it is sorted first. Runs on any thread between state_enter() and
 * state_leave().
 */
#include "state/internal.h"

/* What has no destination key yet is left out of both. */
#define MAKE_INDEX                                                                       \
  "CREATE INDEX messages_destination ON messages (folder, destination_key)"              \
  " WHERE destination_key IS NOT NULL"

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
  int result = state_exec (self, MAKE_INDEX);
  if (result != SQLITE_OK)
    state_sql_error (self, result, action, error);
  return state_transaction_end (self, result == SQLITE_OK, action, error);
}

gboolean
index_require (State *self, GError **error)
{
  const char *action = "index the messages";
  if (self->index != STATE_INDEX_UNKNOWN)
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
