/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of folder pairs. What the numbers and tokens mean is known to the engine. Runs
 * on any thread.
 */
#include "state/internal.h"

#define FOLDER_COLUMNS                                                                   \
  "id, source_path, destination_path, source_validity, destination_validity,"            \
  " source_token, destination_token, destination_mark, note, clean, settings_hash,"      \
  " messages, bytes, skipped, removed, unverified, watch, source_object"

#define SAVED_COLUMNS                                                                    \
  "source_validity, destination_validity, source_token, destination_token,"              \
  " destination_mark, clean, settings_hash, messages, bytes, skipped, removed,"          \
  " unverified, watch, source_object"

#define SAVED_VALUES "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?13, ?14, ?15, ?16"

void
state_folder_free (StateFolder *folder)
{
  if (folder == NULL)
    return;
  g_free (folder->source_path);
  g_free (folder->destination_path);
  g_clear_pointer (&folder->source_token, g_bytes_unref);
  g_clear_pointer (&folder->destination_token, g_bytes_unref);
  g_clear_pointer (&folder->destination_mark, g_bytes_unref);
  g_clear_pointer (&folder->note, g_bytes_unref);
  g_clear_pointer (&folder->watch, g_bytes_unref);
  g_clear_pointer (&folder->source_object, g_bytes_unref);
  g_free (folder);
}

static GBytes *
column_bytes (sqlite3_stmt *statement, int column)
{
  if (sqlite3_column_type (statement, column) == SQLITE_NULL)
    return NULL;
  const void *data = sqlite3_column_blob (statement, column);
  return g_bytes_new (data, (gsize) sqlite3_column_bytes (statement, column));
}

static char *
column_text (sqlite3_stmt *statement, int column)
{
  const char *text = (const char *) sqlite3_column_text (statement, column);
  return g_strdup (text != NULL ? text : "");
}

static StateFolder *
read_folder (sqlite3_stmt *row)
{
  StateFolder *folder = g_new0 (StateFolder, 1);
  folder->id = sqlite3_column_int64 (row, 0);
  folder->source_path = column_text (row, 1);
  folder->destination_path = column_text (row, 2);
  folder->source_validity = (guint64) sqlite3_column_int64 (row, 3);
  folder->destination_validity = (guint64) sqlite3_column_int64 (row, 4);
  folder->source_token = column_bytes (row, 5);
  folder->destination_token = column_bytes (row, 6);
  folder->destination_mark = column_bytes (row, 7);
  folder->note = column_bytes (row, 8);
  folder->clean = sqlite3_column_int (row, 9) != 0;
  folder->settings_hash = (guint64) sqlite3_column_int64 (row, 10);
  folder->messages = (guint64) sqlite3_column_int64 (row, 11);
  folder->bytes = (guint64) sqlite3_column_int64 (row, 12);
  folder->skipped = (guint64) sqlite3_column_int64 (row, 13);
  folder->removed = (guint64) sqlite3_column_int64 (row, 14);
  folder->unverified = (guint32) sqlite3_column_int64 (row, 15);
  folder->watch = column_bytes (row, 16);
  folder->source_object = column_bytes (row, 17);
  return folder;
}

/* NULL in @out_folder: there is no such row. */
static gboolean
load_folder (State *self, const char *source_path, const char *destination_path,
             StateFolder **out_folder, GError **error)
{
  const char *action = "read a folder";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_FOLDER_LOAD,
      "SELECT " FOLDER_COLUMNS " FROM folders"
      " WHERE source_path = ?1 AND destination_path = ?2",
      action, error);
  if (statement == NULL)
    return FALSE;
  gboolean row = FALSE;
  state_bind_text (statement, 1, source_path);
  state_bind_text (statement, 2, destination_path);
  if (!state_step (self, statement, &row, action, error))
    return FALSE;
  *out_folder = row ? read_folder (statement) : NULL;
  if (row)
    state_reset (statement);
  return TRUE;
}

static gboolean
insert_folder (State *self, StateFolder *folder, GError **error)
{
  const char *action = "enter a folder";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_FOLDER_INSERT,
      "INSERT INTO folders (source_path, destination_path) VALUES (?1, ?2)", action,
      error);
  if (statement == NULL || !state_transaction_begin (self, FALSE, action, error))
    return FALSE;
  state_bind_text (statement, 1, folder->source_path);
  state_bind_text (statement, 2, folder->destination_path);
  gboolean done = state_run (self, statement, action, error);
  folder->id = sqlite3_last_insert_rowid (self->db);
  return state_transaction_end (self, done, action, error);
}

static StateFolder *
load_or_insert (State *self, const char *source_path, const char *destination_path,
                GError **error)
{
  g_autoptr (StateFolder) folder = NULL;
  if (!load_folder (self, source_path, destination_path, &folder, error))
    return NULL;
  if (folder != NULL)
    return g_steal_pointer (&folder);
  folder = g_new0 (StateFolder, 1);
  folder->source_path = g_strdup (source_path);
  folder->destination_path = g_strdup (destination_path);
  if (!self->read_only && !insert_folder (self, folder, error))
    return NULL;
  return g_steal_pointer (&folder);
}

StateFolder *
state_folder_load (State *self, const char *source_path, const char *destination_path,
                   GError **error)
{
  state_enter (self);
  StateFolder *folder = load_or_insert (self, source_path, destination_path, error);
  state_leave (self);
  return folder;
}

static void
bind_optional (sqlite3_stmt *statement, int index, GBytes *bytes)
{
  gsize length = 0;
  const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  state_bind_bytes (statement, index, (HaulBytes){ data, length }, bytes == NULL);
}

static void
bind_folder (sqlite3_stmt *statement, const StateFolder *folder, gboolean always)
{
  sqlite3_bind_int64 (statement, 1, folder->id);
  sqlite3_bind_int64 (statement, 2, (gint64) folder->source_validity);
  sqlite3_bind_int64 (statement, 3, (gint64) folder->destination_validity);
  bind_optional (statement, 4, folder->source_token);
  bind_optional (statement, 5, folder->destination_token);
  bind_optional (statement, 6, folder->destination_mark);
  sqlite3_bind_int (statement, 7, folder->clean != FALSE);
  sqlite3_bind_int64 (statement, 8, (gint64) folder->settings_hash);
  sqlite3_bind_int64 (statement, 9, (gint64) folder->messages);
  sqlite3_bind_int64 (statement, 10, (gint64) folder->bytes);
  sqlite3_bind_int64 (statement, 11, (gint64) folder->skipped);
  sqlite3_bind_int (statement, 12, always);
  sqlite3_bind_int64 (statement, 13, (gint64) folder->removed);
  sqlite3_bind_int64 (statement, 14, folder->unverified);
  bind_optional (statement, 15, folder->watch);
  bind_optional (statement, 16, folder->source_object);
}

static gboolean
refuse_missing (State *self, gint64 folder_id, const char *action, GError **error)
{
  return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_ACCOUNT,
                         "%s in state file '%s': there is no folder %" G_GINT64_FORMAT,
                         action, self->path, folder_id);
}

static gboolean
save_folder (State *self, const StateFolder *folder, gboolean durable, GError **error)
{
  const char *action = "save a folder";
  if (!state_refuse_read_only (self, action, error))
    return FALSE;
  /* a row that is the same already is not written again: an unchanged account costs no
   * journal */
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_FOLDER_SAVE,
      "UPDATE folders SET (" SAVED_COLUMNS ") = (" SAVED_VALUES ")"
      " WHERE id = ?1 AND (?12 OR (" SAVED_COLUMNS ") IS NOT (" SAVED_VALUES "))",
      action, error);
  if (statement == NULL || !state_transaction_begin (self, durable, action, error))
    return FALSE;
  bind_folder (statement, folder, durable);
  gboolean done = state_run (self, statement, action, error);
  if (done && durable && sqlite3_changes (self->db) == 0)
    done = refuse_missing (self, folder->id, action, error);
  return state_transaction_end (self, done, action, error);
}

gboolean
state_folder_save (State *self, const StateFolder *folder, gboolean durable,
                   GError **error)
{
  state_enter (self);
  gboolean done = save_folder (self, folder, durable, error);
  state_leave (self);
  return done;
}

static gboolean
save_note (State *self, gint64 folder_id, HaulBytes note, GError **error)
{
  const char *action = "save a note";
  if (!state_refuse_read_only (self, action, error))
    return FALSE;
  sqlite3_stmt *statement = state_prepare (self, STATEMENT_FOLDER_NOTE,
                                           "UPDATE folders SET note = ?2 WHERE id = ?1",
                                           action, error);
  if (statement == NULL || !state_transaction_begin (self, FALSE, action, error))
    return FALSE;
  sqlite3_bind_int64 (statement, 1, folder_id);
  state_bind_bytes (statement, 2, note, TRUE);
  gboolean done = state_run (self, statement, action, error);
  if (done && sqlite3_changes (self->db) == 0)
    done = refuse_missing (self, folder_id, action, error);
  return state_transaction_end (self, done, action, error);
}

gboolean
state_folder_note (State *self, gint64 folder_id, HaulBytes note, GError **error)
{
  state_enter (self);
  gboolean done = save_note (self, folder_id, note, error);
  state_leave (self);
  return done;
}

static gboolean
forget_folder (State *self, gint64 folder_id, GError **error)
{
  const char *action = "forget a folder";
  if (!state_refuse_read_only (self, action, error))
    return FALSE;
  sqlite3_stmt *statement = state_prepare (self, STATEMENT_FOLDER_FORGET,
                                           "DELETE FROM messages WHERE folder = ?1",
                                           action, error);
  if (statement == NULL || !state_transaction_begin (self, FALSE, action, error))
    return FALSE;
  sqlite3_bind_int64 (statement, 1, folder_id);
  gboolean done = state_run (self, statement, action, error);
  return state_transaction_end (self, done, action, error);
}

gboolean
state_folder_forget (State *self, gint64 folder_id, GError **error)
{
  state_enter (self);
  gboolean done = forget_folder (self, folder_id, error);
  state_leave (self);
  return done;
}

static GPtrArray *
read_folders (State *self, GError **error)
{
  const char *action = "read the folders";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_FOLDERS,
      "SELECT " FOLDER_COLUMNS " FROM folders ORDER BY source_path, destination_path",
      action, error);
  if (statement == NULL)
    return NULL;
  g_autoptr (GPtrArray)
      folders = g_ptr_array_new_with_free_func ((GDestroyNotify) state_folder_free);
  gboolean row = FALSE;
  if (!state_step (self, statement, &row, action, error))
    return NULL;
  while (row)
    {
      g_ptr_array_add (folders, read_folder (statement));
      if (!state_step (self, statement, &row, action, error))
        return NULL;
    }
  return g_steal_pointer (&folders);
}

GPtrArray *
state_folders (State *self, GError **error)
{
  state_enter (self);
  GPtrArray *folders = read_folders (self, error);
  state_leave (self);
  return folders;
}
