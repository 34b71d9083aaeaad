/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One row of a message between SQLite and memory: which columns, how they are bound and
 * how they are read and checked. Which rows is decided in messages.c and cursor.c. Runs
 * on any thread that is between state_enter() and state_leave().
 */
#include "state/rows.h"

#include <string.h>

/* The columns in ROW_COLUMNS. */
enum
{
  COLUMN_SOURCE_KEY,
  COLUMN_DESTINATION_KEY,
  COLUMN_OUTCOME,
  COLUMN_FLAGS,
  COLUMN_KEYWORDS,
  COLUMN_DATE,
  COLUMN_KNOWN,
  COLUMN_SIZE,
  COLUMN_HEADER_DATE,
  COLUMN_MESSAGE_ID,
  COLUMN_HEADERS,
  COLUMN_CONTENT,
  COLUMN_REASON,
  COLUMN_SUBJECT,
  COLUMN_NOTE,
  COLUMN_OURS,
  COLUMN_GONE,
  COLUMN_DELIVERED,
};

/* Packed: an Identity as column `delivered` has it: numbers in network order. */
typedef struct
{
  guint32 known;
  guint32 unused; /* 0 */
  guint64 size_bytes;
  gint64 date_unix;
  guint8 message_id[sizeof ((Identity *) NULL)->message_id];
  guint8 headers[sizeof ((Identity *) NULL)->headers];
  guint8 content[DIGEST_LENGTH];
} Packed;

static void
bind_delivered (sqlite3_stmt *statement, int parameter, const Identity *identity)
{
  Packed packed = { .known = GUINT32_TO_BE (identity->known),
                    .size_bytes = GUINT64_TO_BE (identity->size_bytes),
                    .date_unix = GINT64_TO_BE (identity->date_unix) };
  memcpy (packed.message_id, identity->message_id, sizeof packed.message_id);
  memcpy (packed.headers, identity->headers, sizeof packed.headers);
  memcpy (packed.content, identity->content, sizeof packed.content);
  if (identity->known == 0)
    sqlite3_bind_null (statement, parameter);
  else
    sqlite3_bind_blob (statement, parameter, &packed, sizeof packed, SQLITE_TRANSIENT);
}

/* An empty column: the same as the original. */
static gboolean
read_delivered (sqlite3_stmt *row, Identity *out)
{
  Packed packed = { 0 };
  const void *data = sqlite3_column_blob (row, COLUMN_DELIVERED);
  if (data == NULL)
    return TRUE;
  if ((gsize) sqlite3_column_bytes (row, COLUMN_DELIVERED) != sizeof packed)
    return FALSE;
  memcpy (&packed, data, sizeof packed);
  out->known = GUINT32_FROM_BE (packed.known);
  out->size_bytes = GUINT64_FROM_BE (packed.size_bytes);
  out->date_unix = GINT64_FROM_BE (packed.date_unix);
  memcpy (out->message_id, packed.message_id, sizeof packed.message_id);
  memcpy (out->headers, packed.headers, sizeof packed.headers);
  memcpy (out->content, packed.content, sizeof packed.content);
  return TRUE;
}

void
row_bind_identity (sqlite3_stmt *statement, int first, const Identity *identity)
{
  gboolean headers = (identity->known & IDENTITY_HEADERS) != 0;
  gboolean content = (identity->known & IDENTITY_CONTENT) != 0;
  HaulBytes message_id = { identity->message_id, sizeof identity->message_id };
  HaulBytes header_digest = { identity->headers, sizeof identity->headers };
  HaulBytes content_digest = { identity->content, sizeof identity->content };
  sqlite3_bind_int64 (statement, first, identity->known);
  sqlite3_bind_int64 (statement, first + 1, (gint64) identity->size_bytes);
  sqlite3_bind_int64 (statement, first + 2, identity->date_unix);
  state_bind_bytes (statement, first + 3, headers ? message_id : HAUL_NO_BYTES, TRUE);
  state_bind_bytes (statement, first + 4, headers ? header_digest : HAUL_NO_BYTES, TRUE);
  state_bind_bytes (statement, first + 5, content ? content_digest : HAUL_NO_BYTES, TRUE);
}

void
row_bind (sqlite3_stmt *statement, gint64 folder_id, const StateMessage *message)
{
  const char *keywords = message->keywords;
  sqlite3_bind_int64 (statement, 1, folder_id);
  state_bind_bytes (statement, 2, message->source_key, FALSE);
  state_bind_bytes (statement, 3, message->destination_key, TRUE);
  sqlite3_bind_int (statement, 4, message->outcome);
  sqlite3_bind_int64 (statement, 5, message->flags);
  state_bind_text (statement, 6,
                   keywords != NULL && keywords[0] != '\0' ? keywords : NULL);
  sqlite3_bind_int64 (statement, 7, message->date_unix);
  row_bind_identity (statement, 8, &message->identity);
  state_bind_text (statement, 14, message->reason);
  state_bind_text (statement, 15, message->subject);
  state_bind_text (statement, 16, message->note);
  sqlite3_bind_int (statement, 17, message->ours || message->outcome == STATE_STORED);
  sqlite3_bind_int (statement, 18, message->gone);
  bind_delivered (statement, 19, &message->delivered);
}

static gboolean
read_digest (sqlite3_stmt *row, int column, guint8 *out, gsize length)
{
  const void *data = sqlite3_column_blob (row, column);
  if (data == NULL || (gsize) sqlite3_column_bytes (row, column) != length)
    return FALSE;
  memcpy (out, data, length);
  return TRUE;
}

static gboolean
read_identity (sqlite3_stmt *row, Identity *out)
{
  out->known = (guint32) sqlite3_column_int64 (row, COLUMN_KNOWN);
  out->size_bytes = (guint64) sqlite3_column_int64 (row, COLUMN_SIZE);
  out->date_unix = sqlite3_column_int64 (row, COLUMN_HEADER_DATE);
  if ((out->known & IDENTITY_HEADERS) != 0
      && (!read_digest (row, COLUMN_MESSAGE_ID, out->message_id, sizeof out->message_id)
          || !read_digest (row, COLUMN_HEADERS, out->headers, sizeof out->headers)))
    return FALSE;
  return (out->known & IDENTITY_CONTENT) == 0
         || read_digest (row, COLUMN_CONTENT, out->content, sizeof out->content);
}

static gsize
room_for (sqlite3_stmt *row)
{
  static const int columns[] = { COLUMN_SOURCE_KEY, COLUMN_DESTINATION_KEY,
                                 COLUMN_KEYWORDS,   COLUMN_REASON,
                                 COLUMN_SUBJECT,    COLUMN_NOTE };
  gsize room = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    room += (gsize) sqlite3_column_bytes (row, columns[i]) + 1;
  return room;
}

static HaulBytes
keep_bytes (sqlite3_stmt *row, int column, guint8 **at)
{
  const void *data = sqlite3_column_blob (row, column);
  gsize length = (gsize) sqlite3_column_bytes (row, column);
  if (data == NULL || length == 0)
    return HAUL_NO_BYTES;
  HaulBytes kept = { *at, length };
  memcpy (*at, data, length);
  *at += length;
  return kept;
}

static const char *
keep_text (sqlite3_stmt *row, int column, guint8 **at)
{
  const unsigned char *text = sqlite3_column_text (row, column);
  if (text == NULL)
    return NULL;
  gsize length = strlen ((const char *) text);
  const char *kept = (const char *) *at;
  memcpy (*at, text, length + 1);
  *at += length + 1;
  return kept;
}

gboolean
row_read (State *self, sqlite3_stmt *row, RowBuffer *buffer, StateMessage *out,
          GError **error)
{
  StateMessage message = { .flags = (guint32) sqlite3_column_int64 (row, COLUMN_FLAGS) };
  int outcome = sqlite3_column_int (row, COLUMN_OUTCOME);
  int gone = sqlite3_column_int (row, COLUMN_GONE);
  if (outcome < STATE_INTENT || outcome > STATE_REMOVED || gone < STATE_AT_SOURCE
      || gone > STATE_TAKEN || !read_identity (row, &message.identity)
      || !read_delivered (row, &message.delivered))
    {
      self->suspect = TRUE;
      return haul_error_set (error, HAUL_ERROR_CORRUPT, HAUL_SCOPE_ACCOUNT,
                             "read a message in state file '%s': the row makes no sense",
                             self->path);
    }
  gsize room = room_for (row);
  if (room > buffer->size)
    {
      g_free (buffer->data);
      buffer->data = g_malloc (room);
      buffer->size = room;
    }
  guint8 *at = buffer->data;
  message.outcome = (StateOutcome) outcome;
  message.date_unix = sqlite3_column_int64 (row, COLUMN_DATE);
  message.source_key = keep_bytes (row, COLUMN_SOURCE_KEY, &at);
  message.destination_key = keep_bytes (row, COLUMN_DESTINATION_KEY, &at);
  message.keywords = keep_text (row, COLUMN_KEYWORDS, &at);
  if (message.keywords == NULL)
    message.keywords = "";
  message.reason = keep_text (row, COLUMN_REASON, &at);
  message.subject = keep_text (row, COLUMN_SUBJECT, &at);
  message.note = keep_text (row, COLUMN_NOTE, &at);
  message.ours = sqlite3_column_int (row, COLUMN_OURS) != 0;
  message.gone = (StateGone) gone;
  *out = message;
  return TRUE;
}

void
row_buffer_clear (RowBuffer *buffer)
{
  g_clear_pointer (&buffer->data, g_free);
  buffer->size = 0;
}
