/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What folders of the destination proved not to keep. It stands among the facts of the
 * file, since almost no folder has any. Runs on any thread.
 */
#include "state/internal.h"

/* UNKEPT: in front of the folder's path. */
#define UNKEPT "unkept:"

static gboolean
read_unkept (State *self, const char *key, char **out_keywords, GError **error)
{
  const char *action = "read keywords";
  gboolean row = FALSE;
  state_read_begin (self);
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_UNKEPT, "SELECT value FROM meta WHERE key = ?1", action, error);
  if (statement == NULL)
    return FALSE;
  state_bind_text (statement, 1, key);
  if (!state_step (self, statement, &row, action, error))
    return FALSE;
  *out_keywords = g_strdup (row ? (const char *) sqlite3_column_text (statement, 0) : "");
  if (row)
    state_reset (statement);
  return TRUE;
}

char *
state_unkept_keywords (State *self, const char *destination_path, GError **error)
{
  g_autofree char *key = g_strconcat (UNKEPT, destination_path, NULL);
  char *keywords = NULL;
  state_enter (self);
  gboolean done = read_unkept (self, key, &keywords, error);
  state_leave (self);
  return done ? keywords : NULL;
}

static gboolean
write_unkept (State *self, const char *key, const char *keywords, GError **error)
{
  const char *action = "write keywords";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_SET_UNKEPT,
      "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", action, error);
  if (statement == NULL || !state_transaction_begin (self, FALSE, action, error))
    return FALSE;
  state_bind_text (statement, 1, key);
  state_bind_text (statement, 2, keywords);
  gboolean done = state_run (self, statement, action, error);
  return state_transaction_end (self, done, action, error);
}

gboolean
state_set_unkept_keywords (State *self, const char *destination_path,
                           const char *keywords, GError **error)
{
  g_autofree char *key = g_strconcat (UNKEPT, destination_path, NULL);
  state_enter (self);
  gboolean done = state_refuse_read_only (self, "write keywords", error)
                  && write_unkept (self, key, keywords, error);
  state_leave (self);
  return done;
}
