/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Look-ups of single messages and walks over a folder's rows. Rows are copied out with
 * the lock held and handed over without it. A cursor belongs to one thread.
 */
#include "state/rows.h"

/* PAGE_ROWS: rows copied out at a time by a walk; bounds its memory and how long it keeps
 * others waiting. A number in the SQL, too. */
#define PAGE_ROWS      256
#define PAGE_ROWS_TEXT "256"

struct _StateCursor
{
  State *state;
  gint64 folder_id;
  RowBuffer buffer;
};

StateCursor *
state_cursor_new (State *self, gint64 folder_id)
{
  StateCursor *cursor = g_new0 (StateCursor, 1);
  cursor->state = self;
  cursor->folder_id = folder_id;
  return cursor;
}

void
state_cursor_free (StateCursor *cursor)
{
  if (cursor == NULL)
    return;
  row_buffer_clear (&cursor->buffer);
  g_free (cursor);
}

/* The first row that @statement gives, if any. */
static gboolean
find (StateCursor *cursor, sqlite3_stmt *statement, HaulBytes key, StateMessage *out,
      gboolean *out_found, GError **error)
{
  gboolean row = FALSE;
  sqlite3_bind_int64 (statement, 1, cursor->folder_id);
  state_bind_bytes (statement, 2, key, FALSE);
  if (!state_step (cursor->state, statement, &row, "look up a message", error))
    return FALSE;
  gboolean done = !row
                  || row_read (cursor->state, statement, &cursor->buffer, out, error);
  if (row)
    state_reset (statement);
  if (done)
    *out_found = row;
  return done;
}

gboolean
state_cursor_find (StateCursor *cursor, HaulBytes source_key, StateMessage *out,
                   gboolean *out_found, GError **error)
{
  State *self = cursor->state;
  state_enter (self);
  state_read_begin (self);
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_FIND_SOURCE,
      "SELECT " ROW_COLUMNS " FROM messages WHERE folder = ?1 AND source_key = ?2",
      "look up a message", error);
  gboolean done = statement != NULL
                  && find (cursor, statement, source_key, out, out_found, error);
  state_leave (self);
  return done;
}

/* Without ORDER BY, for which SQLite would rather walk the whole folder; the index gives
 * equal destination keys in order of source key by itself. */
static sqlite3_stmt *
destination_statement (State *self, GError **error)
{
  const char *action = "look up a message";
  if (self->index == STATE_INDEX_TEMPORARY)
    return state_prepare (
        self, STATEMENT_FIND_DESTINATION_TEMPORARY,
        "SELECT " ROW_COLUMNS " FROM messages WHERE folder = ?1 AND source_key ="
        " (SELECT source_key FROM temp.destination_keys WHERE folder = ?1"
        " AND destination_key = ?2 LIMIT 1)",
        action, error);
  return state_prepare (self, STATEMENT_FIND_DESTINATION,
                        "SELECT " ROW_COLUMNS
                        " FROM messages INDEXED BY messages_destination"
                        " WHERE folder = ?1 AND destination_key = ?2 LIMIT 1",
                        action, error);
}

gboolean
state_cursor_find_destination (StateCursor *cursor, HaulBytes destination_key,
                               StateMessage *out, gboolean *out_found, GError **error)
{
  State *self = cursor->state;
  state_enter (self);
  gboolean useful = FALSE;
  state_read_begin (self);
  gboolean done = index_require (self, cursor->folder_id, &useful, error);
  if (done && !useful)
    *out_found = FALSE;
  else if (done)
    {
      state_read_begin (self);
      sqlite3_stmt *statement = destination_statement (self, error);
      done = statement != NULL
             && find (cursor, statement, destination_key, out, out_found, error);
    }
  state_leave (self);
  return done;
}

/* Page: some rows of a walk. */
typedef struct
{
  StateMessage messages[PAGE_ROWS];
  RowBuffer buffers[PAGE_ROWS];
  gsize count;
  guint32 outcomes; /* wanted, as bits */
  gboolean gone;    /* only what the source has no more */
} Page;

static void
page_free (Page *page)
{
  for (gsize i = 0; i < G_N_ELEMENTS (page->buffers); i++)
    row_buffer_clear (&page->buffers[i]);
  g_free (page);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Page, page_free)

/* Of what the source has no more; the condition on the first key makes it use the index.
 */
static sqlite3_stmt *
gone_statement (State *self, gboolean first, GError **error)
{
  if (first)
    return state_prepare (
        self, STATEMENT_PAGE_GONE_FIRST,
        "SELECT " ROW_COLUMNS " FROM messages WHERE folder = ?1"
        " AND (?2 >> outcome) & 1 AND gone <> 0 AND gone = 1"
        " AND source_key >= x'' ORDER BY source_key LIMIT " PAGE_ROWS_TEXT,
        "read the messages", error);
  return state_prepare (self, STATEMENT_PAGE_GONE_NEXT,
                        "SELECT " ROW_COLUMNS " FROM messages WHERE folder = ?1"
                        " AND (?2 >> outcome) & 1 AND gone <> 0 AND gone = 1"
                        " AND source_key > ?3 ORDER BY source_key LIMIT " PAGE_ROWS_TEXT,
                        "read the messages", error);
}

static sqlite3_stmt *
page_statement (State *self, gboolean first, gboolean gone, GError **error)
{
  if (gone)
    return gone_statement (self, first, error);
  if (first)
    return state_prepare (self, STATEMENT_PAGE_FIRST,
                          "SELECT " ROW_COLUMNS " FROM messages WHERE folder = ?1"
                          " AND (?2 >> outcome) & 1"
                          " ORDER BY source_key LIMIT " PAGE_ROWS_TEXT,
                          "read the messages", error);
  return state_prepare (self, STATEMENT_PAGE_NEXT,
                        "SELECT " ROW_COLUMNS " FROM messages WHERE folder = ?1"
                        " AND (?2 >> outcome) & 1 AND source_key > ?3"
                        " ORDER BY source_key LIMIT " PAGE_ROWS_TEXT,
                        "read the messages", error);
}

/* Replaces the rows of @page by the ones after its last (or the first ones). */
static gboolean
page_read (State *self, gint64 folder_id, Page *page, GError **error)
{
  gboolean first = page->count == 0;
  sqlite3_stmt *statement = page_statement (self, first, page->gone, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, folder_id);
  sqlite3_bind_int64 (statement, 2, page->outcomes);
  if (!first) /* a copy: the row that it came from is about to be overwritten */
    {
      HaulBytes last = page->messages[page->count - 1].source_key;
      sqlite3_bind_blob64 (statement, 3,
                           last.length > 0 ? last.data : (const guint8 *) "", last.length,
                           SQLITE_TRANSIENT);
    }
  gboolean row = FALSE;
  page->count = 0;
  gboolean done = state_step (self, statement, &row, "read the messages", error);
  while (done && row)
    {
      done = row_read (self, statement, &page->buffers[page->count],
                       &page->messages[page->count], error);
      page->count++;
      done = done && state_step (self, statement, &row, "read the messages", error);
    }
  if (!done)
    state_reset (statement);
  return done;
}

static gboolean
walk (State *self, gint64 folder_id, Page *page, StateMessageFunc func,
      gpointer user_data, GError **error)
{
  do
    {
      state_enter (self);
      gboolean done = page_read (self, folder_id, page, error);
      state_leave (self);
      if (!done)
        return FALSE;
      for (gsize i = 0; i < page->count; i++)
        if (!func (&page->messages[i], user_data, error))
          return FALSE;
    }
  while (page->count == PAGE_ROWS);
  return TRUE;
}

gboolean
state_messages (State *self, gint64 folder_id, guint32 outcomes, StateMessageFunc func,
                gpointer user_data, GError **error)
{
  g_autoptr (Page) page = g_new0 (Page, 1);
  page->outcomes = outcomes;
  return walk (self, folder_id, page, func, user_data, error);
}

gboolean
state_gone (State *self, gint64 folder_id, StateMessageFunc func, gpointer user_data,
            GError **error)
{
  g_autoptr (Page) page = g_new0 (Page, 1);
  page->outcomes = STATE_DELIVERED;
  page->gone = TRUE;
  return walk (self, folder_id, page, func, user_data, error);
}

static gboolean
count_rows (State *self, gint64 folder_id, guint32 outcomes, guint64 *out_count,
            GError **error)
{
  const char *action = "count the messages";
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_COUNT_OUTCOMES,
      "SELECT count(*) FROM messages WHERE folder = ?1"
      " AND (?2 >> outcome) & 1",
      action, error);
  if (statement == NULL)
    return FALSE;
  gboolean row = FALSE;
  sqlite3_bind_int64 (statement, 1, folder_id);
  sqlite3_bind_int64 (statement, 2, outcomes);
  if (!state_step (self, statement, &row, action, error))
    return FALSE;
  *out_count = row ? (guint64) sqlite3_column_int64 (statement, 0) : 0;
  if (row)
    state_reset (statement);
  return TRUE;
}

gboolean
state_count (State *self, gint64 folder_id, guint32 outcomes, guint64 *out_count,
             GError **error)
{
  state_enter (self);
  gboolean done = count_rows (self, folder_id, outcomes, out_count, error);
  state_leave (self);
  return done;
}
