/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One row of a message between SQLite and memory. Only for core/state.
 */
#pragma once

#include "state/internal.h"

/* ROW_COLUMNS: what a SELECT for row_read() names. */
#define ROW_COLUMNS                                                                      \
  "source_key, destination_key, outcome, flags, keywords, date, known, size,"            \
  " header_date, message_id, headers, content, reason, subject, note, ours, gone, "      \
  "delivered"

/* RowBuffer: the memory behind the pointers of one StateMessage; starts zeroed. */
typedef struct
{
  guint8 *data;
  gsize size;
} RowBuffer;

/* row_bind: folder (?1) and the columns of ROW_COLUMNS in their order (?2 … ?19). All
 * must stand until state_reset(). */
void row_bind (sqlite3_stmt *statement, gint64 folder_id, const StateMessage *message);
/* row_bind_identity: known, size, header_date, message_id, headers, content from
 * parameter @first on; what is not known is NULL. */
void row_bind_identity (sqlite3_stmt *statement, int first, const Identity *identity);
/* row_read: the current row of @row; the pointers in @out stand as long as @buffer is
 * unchanged. FALSE with HAUL_ERROR_CORRUPT when it cannot be one of ours. */
gboolean row_read (State *self, sqlite3_stmt *row, RowBuffer *buffer, StateMessage *out,
                   GError **error);
/* row_buffer_clear: frees the memory. */
void row_buffer_clear (RowBuffer *buffer);
