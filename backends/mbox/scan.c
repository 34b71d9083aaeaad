/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listing the messages of the entered folder: all, those behind a mark, or what came
 * since a token. Fills the index for fetch.c. On the session's thread.
 */
#include "session.h"

#include <string.h>

/* Scan: one scan under way. */
typedef struct
{
  MboxSession *session;
  const HaulScan *request;
  const MboxBase *base;
  GPtrArray *keywords;
  guint64 messages;
} Scan;

static gboolean
take_base (const MboxMessage *message, gboolean *stop, gpointer user_data, GError **error)
{
  MboxBase *base = user_data;
  *stop = TRUE;
  if (!message->status->has_base)
    return TRUE;
  base->keywords = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < message->status->base->len; i++)
    g_ptr_array_add (base->keywords,
                     g_strdup (g_ptr_array_index (message->status->base, i)));
  return TRUE;
}

gboolean
mbox_session_base (const MboxReader *reader, guint64 limit, MboxBase *out, GError **error)
{
  *out = (MboxBase){ 0 };
  MboxReader first = *reader;
  first.headers_only = TRUE;
  first.keep_headers = FALSE;
  first.func = take_base;
  first.user_data = out;
  return mbox_reader_run (&first, 0, limit, error);
}

void
mbox_base_clear (MboxBase *self)
{
  g_clear_pointer (&self->keywords, g_ptr_array_unref);
}

static gboolean
take_message (const MboxMessage *message, gboolean *stop, gpointer user_data,
              GError **error)
{
  Scan *self = user_data;
  const MboxStatus *status = message->status;
  if (status->is_pseudo)
    return TRUE;
  mbox_index_add (self->session->index, &message->entry);
  self->messages++;
  guint8 key[MBOX_KEY_BYTES];
  mbox_key_write (message->entry.offset, message->entry.hash, key);
  mbox_status_keywords (status, self->base->keywords, self->keywords);
  HaulRecord record = HAUL_RECORD_INIT;
  record.known = HAUL_RECORD_FLAGS | HAUL_RECORD_SIZE;
  record.key = (HaulBytes){ key, sizeof key };
  record.flags = status->flags;
  record.keywords = (const char *const *) self->keywords->pdata;
  record.size_bytes = message->entry.wire_bytes;
  if (message->has_date)
    {
      record.known |= HAUL_RECORD_DATE;
      record.date_unix = message->from.date_unix;
      record.date_zone_minutes = message->from.zone_minutes;
      record.known |= message->from.has_zone ? HAUL_RECORD_ZONE : 0;
    }
  if (self->request->needs & HAUL_NEED_HEADERS)
    {
      record.known |= HAUL_RECORD_HEADERS;
      record.headers = message->headers;
    }
  return self->request->record (&record, self->request->user_data, error);
}

static gboolean
index_message (const MboxMessage *message, gboolean *stop, gpointer user_data,
               GError **error)
{
  if (!message->status->is_pseudo)
    mbox_index_add (user_data, &message->entry);
  return TRUE;
}

gboolean
mbox_session_rebuild (MboxSession *self, const MboxReader *reader, guint64 limit,
                      GError **error)
{
  MboxReader all = *reader;
  all.func = index_message;
  all.user_data = self->index;
  mbox_index_clear (self->index);
  return mbox_reader_run (&all, 0, limit, error);
}

/* Whether the file is the one of @old, only grown, and a message begins where it ended.
 */
static gboolean
has_only_grown (MboxFile *file, const MboxPosition *old, const MboxPosition *now,
                gboolean *out, GError **error)
{
  guint8 window[MBOX_LANDING_BYTES];
  guint64 tail = 0;
  gsize got = 0;
  *out = FALSE;
  if (old->device != now->device || old->inode != now->inode || old->size > now->size)
    return TRUE;
  if (!mbox_file_tail_hash (file, old->size, &tail, error))
    return FALSE;
  if (tail != old->tail_hash)
    return TRUE;
  gsize before = old->size > 0;
  if (!before)
    window[0] = '\n';
  gsize size = (gsize) MIN (sizeof window, now->size - old->size + 1);
  if (!mbox_file_read (file, old->size - before, window + !before, size - !before, &got,
                       error))
    return FALSE;
  got += !before;
  *out = mbox_scanner_is_boundary (window, got, old->size - 1 + got == now->size);
  return TRUE;
}

/* Where to start: *@out_start, and whether the result is a difference. */
static gboolean
choose_start (MboxFile *file, const HaulScan *scan, const MboxPosition *now,
              guint64 *out_start, gboolean *out_delta, GError **error)
{
  MboxPosition old;
  gboolean grown = FALSE;
  *out_start = 0;
  *out_delta = FALSE;
  gboolean since = mbox_position_read (scan->since, &old);
  if (since && mbox_position_equal (&old, now))
    {
      *out_start = now->size;
      *out_delta = TRUE;
      return TRUE;
    }
  /* the same size under another time: flags were changed in place */
  since = since && old.size < now->size;
  if (!since && !mbox_position_read (scan->from, &old))
    return TRUE;
  if (!has_only_grown (file, &old, now, &grown, error))
    return FALSE;
  *out_start = grown ? old.size : 0;
  *out_delta = grown && since;
  return TRUE;
}

/* After the scan: did anything change beside growth? */
static gboolean
check_unchanged (MboxFile *file, const MboxPosition *before, GError **error)
{
  MboxPosition after;
  guint64 tail = 0;
  if (!mbox_file_position (file, &after, error)
      || !mbox_file_tail_hash (file, before->size, &tail, error))
    return FALSE;
  gboolean grown = after.size > before->size && tail == before->tail_hash;
  if ((mbox_position_equal (before, &after) || grown) && mbox_file_is_current (file))
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER,
                         "scan '%s': another program changed it meanwhile", file->path);
}

static gboolean
run_scan (Scan *self, MboxFile *file, HaulScanResult *out_result, GError **error)
{
  MboxSession *session = self->session;
  MboxReader reader = { 0 };
  MboxBase base = { 0 };
  gint64 now = g_get_real_time ();
  MboxPosition position;
  guint64 start = 0;
  gboolean delta = FALSE;
  if (!mbox_file_position (file, &position, error)
      || !choose_start (file, self->request, &position, &start, &delta, error))
    return FALSE;
  mbox_index_clear (session->index);
  gboolean done = TRUE;
  if (start < position.size)
    {
      done = mbox_session_reader (session, file, position.size, &reader, error)
             && mbox_session_base (&reader, position.size, &base, error);
      reader.keep_headers = (self->request->needs & HAUL_NEED_HEADERS) != 0;
      reader.func = take_message;
      reader.user_data = self;
      self->base = &base;
      done = done && mbox_reader_run (&reader, start, position.size, error);
      self->base = NULL;
      mbox_base_clear (&base);
    }
  if (!done || !check_unchanged (file, &position, error))
    return FALSE;
  session->position = position;
  session->scanned = TRUE;
  HaulScanResult result = { .struct_size = sizeof result, .delta = delta };
  mbox_session_status (session, &position, now, &result.status);
  if (start == 0 && !delta)
    {
      result.status.known |= HAUL_STATUS_MESSAGES;
      result.status.messages = self->messages;
    }
  *out_result = result;
  return TRUE;
}

gboolean
mbox_session_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
                   GError **error)
{
  MboxSession *self = session;
  if (self->folder_file == NULL)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_FOLDER,
                           "scan: no folder is entered");
  MboxLock lock = { 0 };
  MboxLockRequest request = mbox_session_lock (self, FALSE);
  g_autoptr (MboxFile)
      file = mbox_lock_open (&lock, self->folder_file, MBOX_FILE_READ, &request, error);
  if (file == NULL)
    return FALSE;
  g_autoptr (GPtrArray) keywords = g_ptr_array_new ();
  Scan run = { .session = self, .request = scan, .keywords = keywords };
  self->scanned = FALSE;
  self->rule_known = FALSE;
  gboolean done = run_scan (&run, file, out_result, error);
  mbox_lock_release (&lock, file);
  return done;
}
