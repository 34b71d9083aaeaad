/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of deletions: what was, or was about to be, deleted on either side, and
 * what it was. An entry is written before the deletion and completed after it; whether
 * anything is deleted is the engine's. Runs on any thread.
 */
#include "state/internal.h"

#include <string.h>

/* PAGE_ENTRIES: entries copied out at a time; a number in the SQL, too. */
#define PAGE_ENTRIES      64
#define PAGE_ENTRIES_TEXT "64"

#define REMOVAL_COLUMNS                                                                  \
  "run, time, side, folder, destination_key, source_key, reason, mode, message_id,"      \
  " subject, size, date, state"

static gboolean
insert_entry (State *self, StateRemoval *removal, const char *action, GError **error)
{
  sqlite3_stmt *statement = state_prepare (self, STATEMENT_REMOVAL_INSERT,
                                           "INSERT INTO removals (" REMOVAL_COLUMNS
                                           ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                                           " ?9, ?10, ?11, ?12, ?13)",
                                           action, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, removal->run_id);
  sqlite3_bind_int64 (statement, 2, removal->time_unix);
  sqlite3_bind_int (statement, 3, removal->side);
  state_bind_text (statement, 4, removal->folder);
  state_bind_bytes (statement, 5, removal->destination_key, TRUE);
  state_bind_bytes (statement, 6, removal->source_key, TRUE);
  sqlite3_bind_int (statement, 7, removal->reason);
  sqlite3_bind_int (statement, 8, removal->mode);
  state_bind_text (statement, 9, removal->message_id);
  state_bind_text (statement, 10, removal->subject);
  sqlite3_bind_int64 (statement, 11, (gint64) removal->size_bytes);
  sqlite3_bind_int64 (statement, 12, removal->date_unix);
  sqlite3_bind_int (statement, 13, STATE_REMOVAL_INTENDED);
  if (!state_run (self, statement, action, error))
    return FALSE;
  removal->state = STATE_REMOVAL_INTENDED;
  removal->id = sqlite3_last_insert_rowid (self->db);
  return TRUE;
}

/* What is taken from the source, or was not. */
static gboolean
mark_row (State *self, gint64 folder_id, HaulBytes source_key, StateGone gone,
          const char *action, GError **error)
{
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_REMOVAL_GONE,
      "UPDATE messages SET gone = ?3 WHERE folder = ?1 AND source_key = ?2", action,
      error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, folder_id);
  state_bind_bytes (statement, 2, source_key, FALSE);
  sqlite3_bind_int (statement, 3, gone);
  return state_run (self, statement, action, error);
}

static gboolean
intend_entry (State *self, gint64 folder_id, StateRemoval *removal, const char *action,
              GError **error)
{
  return insert_entry (self, removal, action, error)
         && (removal->side != STATE_SIDE_SOURCE
             || mark_row (self, folder_id, removal->source_key, STATE_TAKEN, action,
                          error));
}

gboolean
state_removals_intend (State *self, gint64 folder_id, StateRemoval *removals, gsize count,
                       GError **error)
{
  const char *action = "enter deletions";
  if (count == 0)
    return TRUE;
  state_enter (self);
  gboolean done = state_refuse_read_only (self, action, error)
                  && state_transaction_begin (self, TRUE, action, error);
  if (done)
    {
      for (gsize i = 0; i < count && done; i++)
        done = intend_entry (self, folder_id, &removals[i], action, error);
      done = state_transaction_end (self, done, action, error);
    }
  state_leave (self);
  return done;
}

/* The row of a message that is gone on both sides. */
static gboolean
drop_row (State *self, gint64 folder_id, HaulBytes source_key, const char *action,
          GError **error)
{
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_REMOVE,
      "DELETE FROM messages WHERE folder = ?1 AND source_key = ?2", action, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, folder_id);
  state_bind_bytes (statement, 2, source_key, FALSE);
  return state_run (self, statement, action, error);
}

static gboolean
end_entry (State *self, gint64 folder_id, const StateRemoval *removal, const char *action,
           GError **error)
{
  sqlite3_stmt *statement = state_prepare (self, STATEMENT_REMOVAL_STATE,
                                           "UPDATE removals SET state = ?2 WHERE id = ?1",
                                           action, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, removal->id);
  sqlite3_bind_int (statement, 2, removal->state);
  if (!state_run (self, statement, action, error))
    return FALSE;
  if (removal->state == STATE_REMOVAL_FAILED && removal->side == STATE_SIDE_SOURCE)
    return mark_row (self, folder_id, removal->source_key, STATE_AT_SOURCE, action,
                     error);
  return removal->state != STATE_REMOVAL_DONE || removal->side != STATE_SIDE_DESTINATION
         || removal->source_key.length == 0
         || drop_row (self, folder_id, removal->source_key, action, error);
}

gboolean
state_removals_end (State *self, gint64 folder_id, const StateRemoval *removals,
                    gsize count, GError **error)
{
  const char *action = "complete deletions";
  if (count == 0)
    return TRUE;
  state_enter (self);
  gboolean done = state_refuse_read_only (self, action, error)
                  && state_transaction_begin (self, FALSE, action, error);
  if (done)
    {
      for (gsize i = 0; i < count && done; i++)
        done = end_entry (self, folder_id, &removals[i], action, error);
      done = state_transaction_end (self, done, action, error);
    }
  state_leave (self);
  return done;
}

/* Entry: one that was copied out, with the memory behind it. */
typedef struct
{
  StateRemoval removal;
  char *folder, *message_id, *subject;
  GBytes *destination_key, *source_key;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  g_free (entry->folder);
  g_free (entry->message_id);
  g_free (entry->subject);
  g_bytes_unref (entry->destination_key);
  g_bytes_unref (entry->source_key);
  g_free (entry);
}

static GBytes *
copy_bytes (sqlite3_stmt *row, int column, HaulBytes *out_view)
{
  const void *data = sqlite3_column_blob (row, column);
  GBytes *bytes = g_bytes_new (data, (gsize) sqlite3_column_bytes (row, column));
  out_view->data = g_bytes_get_data (bytes, &out_view->length);
  return bytes;
}

static Entry *
read_entry (sqlite3_stmt *row)
{
  Entry *entry = g_new0 (Entry, 1);
  StateRemoval *removal = &entry->removal;
  removal->id = sqlite3_column_int64 (row, 0);
  removal->run_id = sqlite3_column_int64 (row, 1);
  removal->time_unix = sqlite3_column_int64 (row, 2);
  removal->side = (StateSide) sqlite3_column_int (row, 3);
  entry->folder = g_strdup ((const char *) sqlite3_column_text (row, 4));
  entry->destination_key = copy_bytes (row, 5, &removal->destination_key);
  entry->source_key = copy_bytes (row, 6, &removal->source_key);
  removal->reason = (StateRemovalReason) sqlite3_column_int (row, 7);
  removal->mode = (StateRemovalMode) sqlite3_column_int (row, 8);
  entry->message_id = g_strdup ((const char *) sqlite3_column_text (row, 9));
  entry->subject = g_strdup ((const char *) sqlite3_column_text (row, 10));
  removal->size_bytes = (guint64) sqlite3_column_int64 (row, 11);
  removal->date_unix = sqlite3_column_int64 (row, 12);
  removal->state = (StateRemovalState) sqlite3_column_int (row, 13);
  removal->folder = entry->folder != NULL ? entry->folder : "";
  removal->message_id = entry->message_id;
  removal->subject = entry->subject;
  return entry;
}

static gboolean
read_page (State *self, gint64 after, guint32 states, GPtrArray *page, GError **error)
{
  const char *action = "read the deletions";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_REMOVALS,
      "SELECT id, " REMOVAL_COLUMNS " FROM removals WHERE id > ?1"
      " AND (?2 >> state) & 1 ORDER BY id LIMIT " PAGE_ENTRIES_TEXT,
      action, error);
  if (statement == NULL)
    return FALSE;
  gboolean row = FALSE;
  sqlite3_bind_int64 (statement, 1, after);
  sqlite3_bind_int64 (statement, 2, states);
  if (!state_step (self, statement, &row, action, error))
    return FALSE;
  while (row)
    {
      g_ptr_array_add (page, read_entry (statement));
      if (!state_step (self, statement, &row, action, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
state_removals (State *self, gint64 after, guint32 states, StateRemovalFunc func,
                gpointer user_data, GError **error)
{
  guint count = 0;
  do
    {
      g_autoptr (GPtrArray) page = g_ptr_array_new_with_free_func (entry_free);
      state_enter (self);
      gboolean done = read_page (self, after, states, page, error);
      state_leave (self);
      if (!done)
        return FALSE;
      count = page->len;
      for (guint i = 0; i < count; i++)
        {
          const Entry *entry = page->pdata[i];
          after = entry->removal.id;
          if (!func (&entry->removal, user_data, error))
            return FALSE;
        }
    }
  while (count == PAGE_ENTRIES);
  return TRUE;
}
