/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The destination's side: from feed items to batches. Small messages are serialised in
 * memory, big ones are streamed and cut off again when their source breaks. On the
 * session's thread.
 */
#include <string.h>

#include "batch.h"

/* Reading: how the reading of an item went. */
typedef enum
{
  READING_WHOLE = 0,
  READING_BIG = 1,    /* more than fits: it must be streamed */
  READING_FAILED = 2, /* the source broke off; the item has its result */
} Reading;

static MboxSerialSetup
setup_for (MboxBatch *batch, HaulItem *item)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  MboxSerialSetup setup = { .rule = MBOX_RULE_ANY,
                            .flags = haul_item_flags (item),
                            .with_base = batch->fresh,
                            .validity = (guint32) now };
  if (!haul_item_date (item, &setup.date_unix, NULL))
    setup.date_unix = now;
  switch ((MboxFormat) batch->session->settings->format)
    {
    case MBOX_FORMAT_AUTO:
    case MBOX_FORMAT_RD:
      break;
    case MBOX_FORMAT_O:
      setup.rule = MBOX_RULE_ONE;
      break;
    case MBOX_FORMAT_CL:
      setup.rule = MBOX_RULE_ONE;
      setup.counted = TRUE;
      break;
    case MBOX_FORMAT_CL2:
      setup.rule = MBOX_RULE_NONE;
      setup.counted = TRUE;
      break;
    }
  return setup;
}

/* Only words that can stand in a list of words. */
static GPtrArray *
valid_keywords (HaulItem *item)
{
  GPtrArray *words = g_ptr_array_new ();
  const char *const *keywords = haul_item_keywords (item);
  for (gsize i = 0; keywords[i] != NULL; i++)
    if (haul_keyword_is_valid (keywords[i]))
      g_ptr_array_add (words, (gpointer) keywords[i]);
  g_ptr_array_add (words, NULL);
  return words;
}

/* Reads on until the message is whole or @bytes is too much. */
static Reading
read_item (MboxBatch *batch, HaulItem *item, MboxSerial *serial, GByteArray *bytes)
{
  while (bytes->len <= MBOX_SMALL_BYTES)
    {
      HaulBytes span;
      GError *cause = NULL;
      switch (haul_item_read (item, TRUE, &span, &cause))
        {
        case HAUL_READ_DATA:
          mbox_serial_feed (serial, span.data, span.length);
          break;
        case HAUL_READ_PENDING:
          break;
        case HAUL_READ_END:
          mbox_serial_finish (serial);
          return READING_WHOLE;
        case HAUL_READ_FAILED:
          haul_feed_fail (batch->feed, item, cause);
          return READING_FAILED;
        }
    }
  return READING_BIG;
}

/* ---- big messages ---- */

/* Big: one that is being streamed. */
typedef struct
{
  MboxBatch *batch;
  HaulItem *item;
  MboxSerial *serial;
  GByteArray *bytes;
  guint64 written;
} Big;

static gboolean
flush_big (Big *self, GError **error)
{
  MboxBatch *batch = self->batch;
  if (!mbox_batch_put (batch, batch->end + self->written, self->bytes->data,
                       self->bytes->len, error))
    return FALSE;
  self->written += self->bytes->len;
  g_byte_array_set_size (self->bytes, 0);
  return !g_cancellable_set_error_if_cancelled (batch->session->cancellable, error);
}

/* Fills in the Content-Length that was not known when its line was written. */
static gboolean
patch_big (Big *self, GError **error)
{
  char text[MBOX_LENGTH_COLUMNS];
  guint64 position;
  return !mbox_serial_length (self->serial, text, &position)
         || mbox_batch_put (self->batch, self->batch->end + position,
                            (const guint8 *) text, sizeof text, error);
}

/* Streams the rest. Reading or writing may fail: *@out_reading says which. */
static gboolean
stream_big (Big *self, Reading *out_reading, GError **error)
{
  *out_reading = READING_BIG;
  if (!mbox_batch_lead (self->batch, error))
    return FALSE;
  while (*out_reading == READING_BIG)
    {
      if (!flush_big (self, error))
        return FALSE;
      *out_reading = read_item (self->batch, self->item, self->serial, self->bytes);
    }
  return *out_reading == READING_FAILED
         || (flush_big (self, error) && patch_big (self, error));
}

/* The message is not there: neither are its bytes. */
static gboolean
drop_big (Big *self, GError **error)
{
  MboxBatch *batch = self->batch;
  g_array_set_size (batch->note.entries, batch->note.entries->len - 1);
  guint64 size = batch->stored->len == 0 ? batch->start : batch->end;
  batch->end = size;
  if (mbox_file_truncate (batch->file, size, error))
    return TRUE;
  if (error != NULL && *error != NULL)
    haul_error_set_scope (*error, HAUL_SCOPE_SESSION);
  return FALSE;
}

static void
keep_big (Big *self)
{
  MboxBatch *batch = self->batch;
  guint last = batch->note.entries->len - 1;
  g_array_index (batch->note.entries, MboxNoteEntry, last).length = self->written;
  MboxStored stored = { .item = self->item,
                        .offset = batch->end,
                        .length = self->written,
                        .key_hash = mbox_serial_hash (self->serial),
                        .changes = mbox_serial_changes (self->serial) };
  batch->end += self->written;
  g_array_append_val (batch->stored, stored);
}

static gboolean
store_big (MboxBatch *batch, HaulItem *item, MboxSerial *serial, GByteArray *bytes,
           GError **error)
{
  GError *cause = NULL;
  if (!mbox_batch_write_group (batch, error))
    return FALSE;
  if (!mbox_batch_open (batch, &cause))
    {
      haul_feed_fail (batch->feed, item, cause);
      return TRUE;
    }
  gsize line_length = 0;
  const guint8 *line = mbox_serial_from_line (serial, &line_length);
  mbox_note_add (&batch->note, 0, 0, line, line_length);
  if (!mbox_batch_note (batch, TRUE, error))
    return FALSE;
  Big big = { batch, item, serial, bytes, 0 };
  Reading reading;
  if (stream_big (&big, &reading, &cause) && reading == READING_WHOLE)
    {
      keep_big (&big);
      return TRUE;
    }
  gboolean cancelled = g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (cause != NULL && reading != READING_FAILED)
    haul_feed_fail (batch->feed, item, g_error_copy (cause));
  if (!drop_big (&big, error) || (cancelled && !mbox_batch_commit (batch, error)))
    {
      g_clear_error (&cause);
      return FALSE;
    }
  if (cancelled)
    g_propagate_error (error, g_steal_pointer (&cause));
  g_clear_error (&cause);
  return !cancelled;
}

/* ---- all messages ---- */

static gboolean
store_item (MboxBatch *batch, HaulItem *item, GError **error)
{
  g_autoptr (GPtrArray) keywords = valid_keywords (item);
  MboxSerialSetup setup = setup_for (batch, item);
  setup.keywords = (const char *const *) keywords->pdata;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (MboxSerial) serial = mbox_serial_new (&setup, bytes);
  switch (read_item (batch, item, serial, bytes))
    {
    case READING_FAILED:
      return TRUE;
    case READING_BIG:
      batch->fresh = FALSE;
      return store_big (batch, item, serial, bytes, error);
    case READING_WHOLE:
      break;
    }
  batch->fresh = FALSE;
  if (batch->bytes->len + bytes->len > MBOX_SMALL_BYTES
      && !mbox_batch_write_group (batch, error))
    return FALSE;
  /* opened first, so that the note's entry is of this batch */
  GError *cause = NULL;
  if (!mbox_batch_open (batch, &cause))
    {
      haul_feed_fail (batch->feed, item, cause);
      return TRUE;
    }
  mbox_batch_add (batch, item, serial, bytes);
  return TRUE;
}

/* Another folder, a full batch, or a source that is not ready: settle what we have. */
static gboolean
settle_before (MboxBatch *batch, HaulItem *item, gboolean same, GError **error)
{
  if (same && !mbox_batch_is_full (batch) && haul_item_is_whole (item))
    return TRUE;
  return mbox_batch_commit (batch, error);
}

static gboolean
take_item (MboxBatch *batch, HaulItem *item, GError **error)
{
  HaulPath folder = haul_item_folder (item);
  gboolean same = batch->folder != NULL
                  && haul_path_equal ((HaulPath) batch->folder, folder);
  if (!settle_before (batch, item, same, error))
    return FALSE;
  GError *cause = NULL;
  if (!same && !mbox_batch_enter (batch, folder, &cause))
    {
      haul_feed_fail (batch->feed, item, cause);
      return TRUE;
    }
  return store_item (batch, item, error);
}

static gboolean
run_store (MboxBatch *batch, GError **error)
{
  for (;;)
    {
      /* nobody is kept waiting by a lock while we wait */
      gboolean wait = mbox_batch_is_empty (batch);
      if (wait && !mbox_batch_commit (batch, error))
        return FALSE;
      HaulItem *item = NULL;
      switch (haul_feed_next (batch->feed, wait, &item))
        {
        case HAUL_FEED_END:
          return mbox_batch_commit (batch, error);
        case HAUL_FEED_PENDING:
          if (!mbox_batch_commit (batch, error))
            return FALSE;
          break;
        case HAUL_FEED_ITEM:
          if (!take_item (batch, item, error))
            return FALSE;
          break;
        }
    }
}

gboolean
mbox_session_store (gpointer session, HaulFeed *feed, GError **error)
{
  MboxSession *self = session;
  if (!mbox_session_may_write (self, "store messages", error))
    return FALSE;
  MboxBatch batch;
  mbox_batch_init (&batch, self, feed);
  gboolean done = run_store (&batch, error);
  mbox_batch_clear (&batch);
  return done;
}
