/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Delivering bodies. The file is not locked: a slow destination would stop the delivery
 * of mail for hours. Instead each message is verified by its key before, and by its
 * borders after it was read. On the session's thread.
 */
#include "session.h"

#include <string.h>

/* Fetch: one fetch under way. */
typedef struct
{
  MboxSession *session;
  HaulSink *sink;
  HaulLines lines;
  MboxFile *file;
  MboxReader reader;
  MboxPosition position; /* the file as it was opened */
  gboolean rebuilt;      /* the index is of now */
  guint64 shift;         /* how far the last message that moved had moved (modular) */

  /* the message under way */
  gboolean keep_mozilla;
  HaulLineState line_state;
  MboxQuoteFilter quote;
  guint8 *converted; /* 2 × MBOX_BUFFER_BYTES, when lines are converted */
  gboolean sink_failed;
  GError *error; /* of the sink: ends the fetch; else of the message */
} Fetch;

/* Found: what was learnt of a message before it is delivered. */
typedef struct
{
  gboolean found;
  MboxIndexEntry entry;
  MboxRule rule;
  gboolean ours;
} Found;

/* ---- finding ---- */

static gboolean
take_found (const MboxMessage *message, gboolean *stop, gpointer user_data,
            GError **error)
{
  Found *found = user_data;
  found->found = TRUE;
  found->entry = message->entry;
  found->rule = message->rule;
  found->ours = message->status->ours;
  *stop = TRUE;
  return TRUE;
}

/* What stands at @offset now; @whole: to its end. Nothing there is no error. */
static gboolean
look_at (Fetch *self, guint64 offset, gboolean whole, Found *out, GError **error)
{
  MboxReader reader = self->reader;
  reader.headers_only = !whole;
  reader.func = take_found;
  reader.user_data = out;
  *out = (Found){ 0 };
  GError *cause = NULL;
  if (offset < self->position.size
      && !mbox_reader_run (&reader, offset, self->position.size, &cause)
      && !g_error_matches (cause, HAUL_ERROR, HAUL_ERROR_CORRUPT))
    {
      g_propagate_error (error, cause);
      return FALSE;
    }
  g_clear_error (&cause);
  out->found = out->found && out->entry.offset == offset;
  return TRUE;
}

/* The message at @entry, with its sizes, if it is there. */
static gboolean
verify_entry (Fetch *self, const MboxIndexEntry *entry, gboolean sized, Found *out,
              GError **error)
{
  if (!look_at (self, entry->offset, !sized, out, error))
    return FALSE;
  out->found = out->found && out->entry.hash == entry->hash;
  if (out->found && sized)
    out->entry = *entry;
  return TRUE;
}

/* After a rewrite: the message with that hash, wherever it went. */
static gboolean
relocate (Fetch *self, guint64 offset, guint64 hash, Found *out, GError **error)
{
  MboxIndexEntry entry;
  out->found = FALSE;
  if (!self->rebuilt)
    {
      self->rebuilt = TRUE;
      if (!mbox_session_rebuild (self->session, &self->reader, self->position.size,
                                 error))
        return FALSE;
      self->session->position = self->position;
    }
  MboxIndex *index = self->session->index;
  if (!mbox_index_find (index, offset + self->shift, hash, &entry)
      && !mbox_index_relocate (index, offset, hash, &entry))
    return TRUE;
  self->shift = entry.offset - offset;
  return verify_entry (self, &entry, TRUE, out, error);
}

/* The file is as the scan saw it, or has only grown. */
static gboolean
index_is_valid (const MboxSession *session, const MboxPosition *now)
{
  const MboxPosition *then = &session->position;
  return session->scanned && then->device == now->device && then->inode == now->inode
         && (mbox_position_equal (then, now) || then->size < now->size);
}

static gboolean
find_message (Fetch *self, HaulBytes key, Found *out, GError **error)
{
  MboxSession *session = self->session;
  MboxIndexEntry entry = { 0 };
  if (!mbox_key_read (key, &entry.offset, &entry.hash))
    {
      out->found = FALSE;
      return TRUE;
    }
  gboolean sized = index_is_valid (session, &self->position)
                   && mbox_index_find (session->index, entry.offset, entry.hash, &entry);
  if (!verify_entry (self, &entry, sized, out, error))
    return FALSE;
  gboolean untouched = !self->rebuilt && session->scanned
                       && mbox_position_equal (&session->position, &self->position);
  if (out->found || untouched)
    return TRUE;
  return relocate (self, entry.offset, entry.hash, out, error);
}

/* ---- delivering ---- */

static gboolean
put_bytes (const guint8 *data, gsize length, gpointer user_data)
{
  Fetch *self = user_data;
  while (length > 0)
    {
      gsize size = MIN (length, (gsize) MBOX_BUFFER_BYTES);
      const guint8 *bytes = data;
      gsize count = size;
      if (self->lines == HAUL_LINES_CRLF)
        {
          count = haul_lines_to_crlf (&self->line_state, data, size, self->converted);
          bytes = self->converted;
        }
      if (!haul_sink_write (self->sink, bytes, count, &self->error))
        {
          self->sink_failed = TRUE;
          return FALSE;
        }
      data += size;
      length -= size;
    }
  return TRUE;
}

static gboolean
put_field (MboxField field, const guint8 *data, gsize length, gpointer user_data)
{
  Fetch *self = user_data;
  if (field == MBOX_FIELD_PRIVATE || (field == MBOX_FIELD_MOZILLA && !self->keep_mozilla))
    return TRUE;
  return mbox_quote_filter_feed (&self->quote, data, length);
}

/* Stream: where the reading of one message stands. */
typedef struct
{
  gboolean in_from; /* still in the From_ line */
  gboolean in_body;
  MboxHeaderFilter filter;
} Stream;

static gboolean
put_chunk (Fetch *self, Stream *stream, const guint8 *data, gsize length)
{
  if (stream->in_from)
    {
      const guint8 *newline = memchr (data, '\n', length);
      gsize skipped = newline ? (gsize) (newline - data) + 1 : length;
      stream->in_from = newline == NULL;
      data += skipped;
      length -= skipped;
    }
  if (!stream->in_body && length > 0)
    {
      gsize taken = 0;
      if (!mbox_header_filter_feed (&stream->filter, data, length, &taken))
        return FALSE;
      data += taken;
      length -= taken;
      stream->in_body = stream->filter.ended;
      gsize blank = stream->filter.blank_bytes;
      if (stream->in_body
          && !mbox_quote_filter_feed (&self->quote, (const guint8 *) "\r\n" + 2 - blank,
                                      blank))
        return FALSE;
    }
  return length == 0 || mbox_quote_filter_feed (&self->quote, data, length);
}

/* All bytes of the message to the sink. */
static gboolean
put_message (Fetch *self, const Found *found)
{
  MboxSession *session = self->session;
  Stream stream = { .in_from = TRUE };
  self->keep_mozilla = found->ours;
  self->line_state = (HaulLineState){ 0 };
  mbox_header_filter_init (&stream.filter, put_field, self);
  mbox_quote_filter_init (&self->quote, found->rule, TRUE, put_bytes, self);
  for (guint64 at = found->entry.offset; at < found->entry.end;)
    {
      gsize size = (gsize) MIN (found->entry.end - at, MBOX_BUFFER_BYTES), got = 0;
      if (g_cancellable_set_error_if_cancelled (session->cancellable, &self->error)
          || !mbox_file_read (self->file, at, session->buffer, size, &got, &self->error))
        return FALSE;
      if (got == 0)
        return haul_error_set (&self->error, HAUL_ERROR_BUSY, HAUL_SCOPE_MESSAGE,
                               "read '%s': it became shorter meanwhile",
                               self->file->path);
      if (!put_chunk (self, &stream, session->buffer, got))
        return FALSE;
      at += got;
    }
  return mbox_header_filter_finish (&stream.filter)
         && mbox_quote_filter_finish (&self->quote);
}

/* Whether what was read is still what stands there. */
static gboolean
still_stands (Fetch *self, const Found *found, GError **error)
{
  MboxPosition now;
  if (mbox_file_is_at (self->file, &self->position))
    return TRUE;
  if (!mbox_file_position (self->file, &now, error))
    return FALSE;
  guint64 old_size = self->position.size;
  self->position = now;
  Found again;
  guint8 window[MBOX_LANDING_BYTES];
  gsize got = 0;
  if (!look_at (self, found->entry.offset, FALSE, &again, error)
      || !mbox_file_read (self->file, found->entry.end - 1, window, sizeof window, &got,
                          error))
    return FALSE;
  gboolean same = again.found && again.entry.hash == found->entry.hash
                  && now.size >= MIN (old_size, found->entry.end)
                  && mbox_scanner_is_boundary (window, got,
                                               found->entry.end - 1 + got == now.size);
  return same
         || haul_error_set (error, HAUL_ERROR_BUSY, HAUL_SCOPE_MESSAGE,
                            "read '%s': another program changed it meanwhile",
                            self->file->path);
}

static gboolean
fail_message (Fetch *self, HaulBytes key, GError *reason, GError **error)
{
  if (reason->domain == HAUL_ERROR && haul_error_scope (reason) < HAUL_SCOPE_SESSION)
    {
      haul_error_set_scope (reason, HAUL_SCOPE_MESSAGE);
      return haul_sink_fail (self->sink, key, reason, error);
    }
  g_propagate_error (error, reason);
  return FALSE;
}

static gboolean
deliver (Fetch *self, HaulBytes key, GError **error)
{
  Found found = { 0 };
  GError *cause = NULL;
  if (!find_message (self, key, &found, &cause))
    return fail_message (self, key, cause, error);
  if (!found.found)
    {
      haul_error_set (&cause, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                      "read '%s': the message is not there any more", self->file->path);
      return haul_sink_fail (self->sink, key, cause, error);
    }
  guint64 size = self->lines == HAUL_LINES_CRLF ? found.entry.wire_bytes
                                                : found.entry.stored_bytes;
  if (!haul_sink_begin (self->sink, key, self->lines, size, error))
    return FALSE;
  self->sink_failed = FALSE;
  if (put_message (self, &found) && still_stands (self, &found, &self->error))
    return haul_sink_end (self->sink, error);
  cause = g_steal_pointer (&self->error);
  if (!self->sink_failed)
    return fail_message (self, key, cause, error);
  g_propagate_error (error, cause);
  return FALSE;
}

gboolean
mbox_session_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  MboxSession *self = session;
  if (self->folder_file == NULL)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_FOLDER,
                           "fetch: no folder is entered");
  g_autoptr (MboxFile) file = mbox_file_open (self->folder_file, MBOX_FILE_READ, error);
  Fetch fetch = { .session = self, .sink = sink, .file = file };
  if (file == NULL || !mbox_file_position (file, &fetch.position, error)
      || !mbox_session_reader (self, file, fetch.position.size, &fetch.reader, error))
    return FALSE;
  fetch.lines = haul_plan_lines (plan);
  g_autofree guint8 *converted = fetch.lines == HAUL_LINES_CRLF
                                     ? g_malloc (2 * MBOX_BUFFER_BYTES)
                                     : NULL;
  fetch.converted = converted;
  HaulPlanItem item;
  while (haul_plan_next (plan, &item))
    if (!deliver (&fetch, item.key, error))
      return FALSE;
  return TRUE;
}
