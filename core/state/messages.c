/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What changes the rows of messages: each call is one transaction, committed when it
 * returns. Reading is in cursor.c. Runs on any thread.
 */
#include "state/rows.h"

static gboolean
write_rows (State *self, gint64 folder_id, const StateMessage *const *messages,
            gsize count, GError **error)
{
  const char *action = "write messages";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_WRITE,
      "INSERT OR REPLACE INTO messages (folder, " ROW_COLUMNS
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
      " ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
      action, error);
  if (statement == NULL)
    return FALSE;
  for (gsize i = 0; i < count; i++)
    {
      row_bind (statement, folder_id, messages[i]);
      if (!state_run (self, statement, action, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
state_write (State *self, gint64 folder_id, const StateMessage *const *messages,
             gsize count, gboolean durable, GError **error)
{
  const char *action = "write messages";
  if (count == 0 && !durable)
    return TRUE;
  state_enter (self);
  gboolean done = state_refuse_read_only (self, action, error)
                  && state_transaction_begin (self, durable, action, error);
  if (done)
    {
      done = write_rows (self, folder_id, messages, count, error);
      done = state_transaction_end (self, done, action, error);
    }
  state_leave (self);
  return done;
}

static sqlite3_stmt *
receipt_statement (State *self, const StateReceipt *receipt, const char *action,
                   GError **error)
{
  if (receipt->identity == NULL)
    return state_prepare (self, STATEMENT_RECEIPT,
                          "UPDATE messages SET destination_key = ?3, outcome = 2,"
                          " reason = NULL, subject = NULL, note = ?4, ours = 1, gone = 0"
                          " WHERE folder = ?1 AND source_key = ?2",
                          action, error);
  return state_prepare (
      self, STATEMENT_RECEIPT_IDENTITY,
      "UPDATE messages SET destination_key = ?3, outcome = 2, reason = NULL,"
      " subject = NULL, note = ?10, ours = 1, gone = 0, known = known | ?4,"
      " size = CASE WHEN ?4 & 2 THEN ?5 ELSE size END,"
      " header_date = CASE WHEN ?4 & 1 THEN ?6 ELSE header_date END,"
      " message_id = coalesce (?7, message_id), headers = coalesce (?8, headers),"
      " content = coalesce (?9, content) WHERE folder = ?1 AND source_key = ?2",
      action, error);
}

/* A receipt without its intent is recorded all the same: what is proven is never lost. */
static gboolean
write_alone (State *self, const StateReceipt *receipt, GError **error)
{
  StateMessage message = { .source_key = receipt->source_key,
                           .destination_key = receipt->destination_key,
                           .outcome = STATE_STORED,
                           .note = receipt->note };
  if (receipt->identity != NULL)
    message.identity = *receipt->identity;
  const StateMessage *messages[] = { &message };
  return write_rows (self, receipt->folder_id, messages, 1, error);
}

static gboolean
write_receipt (State *self, const StateReceipt *receipt, GError **error)
{
  const char *action = "write receipts";
  sqlite3_stmt *statement = receipt_statement (self, receipt, action, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, receipt->folder_id);
  state_bind_bytes (statement, 2, receipt->source_key, FALSE);
  state_bind_bytes (statement, 3, receipt->destination_key, TRUE);
  if (receipt->identity != NULL)
    row_bind_identity (statement, 4, receipt->identity);
  state_bind_text (statement, receipt->identity != NULL ? 10 : 4, receipt->note);
  if (!state_run (self, statement, action, error))
    return FALSE;
  return sqlite3_changes (self->db) > 0 || write_alone (self, receipt, error);
}

gboolean
state_receipts (State *self, const StateReceipt *receipts, gsize count, GError **error)
{
  const char *action = "write receipts";
  if (count == 0)
    return TRUE;
  state_enter (self);
  gboolean done = state_refuse_read_only (self, action, error)
                  && state_transaction_begin (self, FALSE, action, error);
  if (done)
    {
      for (gsize i = 0; i < count && done; i++)
        done = write_receipt (self, &receipts[i], error);
      done = state_transaction_end (self, done, action, error);
    }
  state_leave (self);
  return done;
}

/* FlagsChange: the arguments of state_flags(). */
typedef struct
{
  gint64 folder_id;
  HaulBytes source_key;
  guint32 flags;
  const char *keywords;
  HaulBytes new_destination_key;
} FlagsChange;

static gboolean
write_flags (State *self, const FlagsChange *change, const char *action, GError **error)
{
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_FLAGS,
      "UPDATE messages SET flags = ?3, keywords = ?4,"
      " destination_key = coalesce (?5, destination_key)"
      " WHERE folder = ?1 AND source_key = ?2",
      action, error);
  if (statement == NULL)
    return FALSE;
  const char *keywords = change->keywords;
  sqlite3_bind_int64 (statement, 1, change->folder_id);
  state_bind_bytes (statement, 2, change->source_key, FALSE);
  sqlite3_bind_int64 (statement, 3, change->flags);
  state_bind_text (statement, 4,
                   keywords != NULL && keywords[0] != '\0' ? keywords : NULL);
  state_bind_bytes (statement, 5, change->new_destination_key, TRUE);
  if (!state_run (self, statement, action, error))
    return FALSE;
  if (sqlite3_changes (self->db) > 0)
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_MESSAGE,
                         "%s in state file '%s': there is no such message", action,
                         self->path);
}

gboolean
state_flags (State *self, gint64 folder_id, HaulBytes source_key, guint32 flags,
             const char *keywords, HaulBytes new_destination_key, GError **error)
{
  const char *action = "write flags";
  FlagsChange change = { folder_id, source_key, flags, keywords, new_destination_key };
  state_enter (self);
  gboolean done = state_refuse_read_only (self, action, error)
                  && state_transaction_begin (self, FALSE, action, error);
  if (done)
    {
      done = write_flags (self, &change, action, error);
      done = state_transaction_end (self, done, action, error);
    }
  state_leave (self);
  return done;
}

static gboolean
remove_rows (State *self, gint64 folder_id, const HaulBytes *source_keys, gsize count,
             GError **error)
{
  const char *action = "remove messages";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_REMOVE,
      "DELETE FROM messages WHERE folder = ?1 AND source_key = ?2", action, error);
  if (statement == NULL)
    return FALSE;
  for (gsize i = 0; i < count; i++)
    {
      sqlite3_bind_int64 (statement, 1, folder_id);
      state_bind_bytes (statement, 2, source_keys[i], FALSE);
      if (!state_run (self, statement, action, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
state_remove (State *self, gint64 folder_id, const HaulBytes *source_keys, gsize count,
              GError **error)
{
  const char *action = "remove messages";
  if (count == 0)
    return TRUE;
  state_enter (self);
  gboolean done = state_refuse_read_only (self, action, error)
                  && state_transaction_begin (self, FALSE, action, error);
  if (done)
    {
      done = remove_rows (self, folder_id, source_keys, count, error);
      done = state_transaction_end (self, done, action, error);
    }
  state_leave (self);
  return done;
}

/* MARK_THERE: as what it was: stored by us, or found there. */
#define MARK_REMOVED                                                                     \
  "UPDATE messages SET outcome = 6"                                                      \
  " WHERE folder = ?1 AND source_key = ?2 AND outcome IN (2, 3)"
#define MARK_THERE                                                                       \
  "UPDATE messages SET outcome = CASE WHEN ours THEN 2 ELSE 3 END"                       \
  " WHERE folder = ?1 AND source_key = ?2 AND outcome = 6"

/* Keys: the arguments of state_set_removed(). */
typedef struct
{
  gint64 folder_id;
  const HaulBytes *source_keys;
  gsize count;
  gboolean removed;
} Keys;

static gboolean
mark_rows (State *self, const Keys *keys, const char *action, GError **error)
{
  sqlite3_stmt *statement = state_prepare (
      self, keys->removed ? STATEMENT_SET_REMOVED : STATEMENT_SET_THERE,
      keys->removed ? MARK_REMOVED : MARK_THERE, action, error);
  if (statement == NULL)
    return FALSE;
  for (gsize i = 0; i < keys->count; i++)
    {
      sqlite3_bind_int64 (statement, 1, keys->folder_id);
      state_bind_bytes (statement, 2, keys->source_keys[i], FALSE);
      if (!state_run (self, statement, action, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
state_set_removed (State *self, gint64 folder_id, const HaulBytes *source_keys,
                   gsize count, gboolean removed, GError **error)
{
  const char *action = "mark removed messages";
  Keys keys = { folder_id, source_keys, count, removed };
  if (count == 0)
    return TRUE;
  state_enter (self);
  gboolean done = state_refuse_read_only (self, action, error)
                  && state_transaction_begin (self, FALSE, action, error);
  if (done)
    {
      done = mark_rows (self, &keys, action, error);
      done = state_transaction_end (self, done, action, error);
    }
  state_leave (self);
  return done;
}

static gboolean
mark_gone (State *self, const Keys *keys, StateGone gone, const char *action,
           GError **error)
{
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_SET_GONE,
      "UPDATE messages SET gone = ?3"
      " WHERE folder = ?1 AND source_key = ?2 AND gone <> ?3 AND (gone <> 2 OR ?3 <> 1)",
      action, error);
  if (statement == NULL)
    return FALSE;
  for (gsize i = 0; i < keys->count; i++)
    {
      sqlite3_bind_int64 (statement, 1, keys->folder_id);
      state_bind_bytes (statement, 2, keys->source_keys[i], FALSE);
      sqlite3_bind_int (statement, 3, gone);
      if (!state_run (self, statement, action, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
state_set_gone (State *self, gint64 folder_id, const HaulBytes *source_keys, gsize count,
                StateGone gone, GError **error)
{
  const char *action = "mark what the source has no more";
  Keys keys = { folder_id, source_keys, count, FALSE };
  if (count == 0)
    return TRUE;
  state_enter (self);
  gboolean done = state_refuse_read_only (self, action, error)
                  && state_transaction_begin (self, FALSE, action, error);
  if (done)
    {
      done = mark_gone (self, &keys, gone, action, error);
      done = state_transaction_end (self, done, action, error);
    }
  state_leave (self);
  return done;
}

static gboolean
write_doubt (State *self, gint64 folder_id, HaulBytes source_key, const char *reason,
             GError **error)
{
  const char *action = "mark a message that differs";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_SET_DOUBT,
      "UPDATE messages SET reason = ?3"
      " WHERE folder = ?1 AND source_key = ?2 AND outcome IN (2, 3, 6)",
      action, error);
  if (statement == NULL || !state_transaction_begin (self, FALSE, action, error))
    return FALSE;
  sqlite3_bind_int64 (statement, 1, folder_id);
  state_bind_bytes (statement, 2, source_key, FALSE);
  state_bind_text (statement, 3, reason);
  gboolean done = state_run (self, statement, action, error);
  return state_transaction_end (self, done, action, error);
}

gboolean
state_set_doubt (State *self, gint64 folder_id, HaulBytes source_key, const char *reason,
                 GError **error)
{
  state_enter (self);
  gboolean done = state_refuse_read_only (self, "mark a message that differs", error)
                  && write_doubt (self, folder_id, source_key, reason, error);
  state_leave (self);
  return done;
}
