/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One batch, from the lock to the receipts. The order is the promise: note, bytes, disk,
 * note, unlock, receipts. docs/internals/mbox.md says why. On the session's thread.
 */
#include "batch.h"

#include <string.h>

#include "hook.h"
#include "receipt.h"

void
mbox_batch_init (MboxBatch *self, MboxSession *session, HaulFeed *feed)
{
  *self = (MboxBatch){ .session = session, .feed = feed };
  mbox_note_init (&self->note);
  self->stored = g_array_new (FALSE, FALSE, sizeof (MboxStored));
  self->group = g_array_new (FALSE, FALSE, sizeof (MboxStored));
  self->bytes = g_byte_array_new ();
}

/* Lets go of the file; what was written stays. */
static void
close_file (MboxBatch *self)
{
  mbox_lock_release (&self->lock, self->file);
  g_clear_pointer (&self->file, mbox_file_close);
}

void
mbox_batch_clear (MboxBatch *self)
{
  close_file (self);
  mbox_note_clear (&self->note);
  mbox_base_room_clear (&self->base);
  g_strfreev (self->folder);
  g_free (self->path);
  g_array_unref (self->stored);
  g_array_unref (self->group);
  g_byte_array_unref (self->bytes);
}

gboolean
mbox_batch_is_empty (const MboxBatch *self)
{
  return self->stored->len == 0 && self->group->len == 0;
}

gboolean
mbox_batch_is_full (const MboxBatch *self)
{
  guint64 bytes = self->end - self->start + self->bytes->len;
  return self->stored->len + self->group->len >= MBOX_BATCH_COUNT
         || (self->file != NULL && bytes >= MBOX_BATCH_BYTES);
}

gboolean
mbox_batch_enter (MboxBatch *self, HaulPath folder, GError **error)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->folder, g_strfreev);
  mbox_base_room_clear (&self->base);
  const MboxTree *tree = &self->session->tree;
  GError *cause = NULL;
  char *path = mbox_tree_find (tree, folder, &cause);
  if (path == NULL && g_error_matches (cause, HAUL_ERROR, HAUL_ERROR_NOT_FOUND))
    {
      g_clear_error (&cause);
      if (mbox_tree_create (tree, folder, FALSE, &cause))
        path = mbox_tree_find (tree, folder, &cause);
    }
  if (path == NULL)
    {
      g_propagate_error (error, cause);
      return FALSE;
    }
  self->folder = haul_path_copy (folder);
  self->path = path;
  MboxPosition position;
  g_autoptr (MboxFile) file = mbox_file_open (path, MBOX_FILE_READ, NULL);
  self->fresh = file != NULL && mbox_file_position (file, &position, NULL)
                && position.size == 0;
  return TRUE;
}

/* What stands at both ends of the file: is it an mbox, and how does it end? */
static gboolean
look_at_ends (MboxBatch *self, GError **error)
{
  guint8 head[MBOX_HASHED_BYTES], tail[3];
  gsize got = 0, at = 0, size = (gsize) MIN (self->start, sizeof tail);
  if (!mbox_file_read (self->file, 0, head, sizeof head, &got, error))
    return FALSE;
  while (at < got && (head[at] == 0 || head[at] == '\n' || head[at] == '\r'))
    at++;
  if (at < got && (got - at < 5 || memcmp (head + at, "From ", 5) != 0))
    return haul_error_set (error, HAUL_ERROR_CORRUPT, HAUL_SCOPE_FOLDER,
                           "append to '%s': it is not an mbox", self->file->path);
  if (!mbox_file_read (self->file, self->start - size, tail, size, &got, error))
    return FALSE;
  gboolean ends = got > 0 && tail[got - 1] == '\n';
  gboolean blank = got == 1 || (got > 1 && tail[got - 2] == '\n')
                   || (got > 2 && tail[got - 2] == '\r' && tail[got - 3] == '\n');
  self->note.lead = self->start == 0 || (ends && blank) ? 0 : ends ? 1 : 2;
  return TRUE;
}

gboolean
mbox_batch_open (MboxBatch *self, GError **error)
{
  if (self->file != NULL)
    return TRUE;
  MboxLockRequest request = mbox_session_lock (self->session, TRUE);
  self->file = mbox_lock_open (&self->lock, self->path, MBOX_FILE_WRITE, &request, error);
  MboxPosition position;
  if (self->file == NULL)
    return FALSE;
  if (!mbox_file_position (self->file, &position, error))
    {
      close_file (self);
      return FALSE;
    }
  self->start = self->end = position.size;
  g_array_set_size (self->note.entries, 0);
  self->note.device = position.device;
  self->note.inode = position.inode;
  self->note.start = position.size;
  self->note.tail_hash = position.tail_hash;
  if (look_at_ends (self, error))
    return TRUE;
  close_file (self);
  return FALSE;
}

void
mbox_batch_add (MboxBatch *self, HaulItem *item, const MboxSerial *serial,
                const GByteArray *bytes)
{
  gsize line_length = 0;
  const guint8 *line = mbox_serial_from_line (serial, &line_length);
  MboxStored stored = { .item = item,
                        .offset = self->bytes->len,
                        .length = bytes->len,
                        .key_hash = mbox_serial_hash (serial),
                        .changes = mbox_serial_changes (serial) };
  MboxHash hash;
  mbox_hash_init (&hash);
  mbox_hash_feed (&hash, bytes->data, bytes->len);
  mbox_note_add (&self->note, bytes->len, mbox_hash_value (&hash), line, line_length);
  g_byte_array_append (self->bytes, bytes->data, bytes->len);
  g_array_append_val (self->group, stored);
}

gboolean
mbox_batch_note (MboxBatch *self, gboolean open, GError **error)
{
  self->note.open = open;
  self->note.time_unix = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GBytes) encoded = mbox_note_encode (&self->note);
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (encoded, &length);
  return haul_feed_note (self->feed, (HaulPath) self->folder, (HaulBytes){ data, length },
                         error);
}

gboolean
mbox_batch_put (MboxBatch *self, guint64 offset, const guint8 *data, gsize length,
                GError **error)
{
  while (length > 0)
    {
      gsize size = mbox_hook_write_size (MIN (length, (gsize) MBOX_BUFFER_BYTES));
      mbox_lock_touch (&self->lock);
      if (!mbox_file_write (self->file, offset, data, size, error))
        return FALSE;
      mbox_hook_written ();
      offset += size;
      data += size;
      length -= size;
    }
  return TRUE;
}

gboolean
mbox_batch_lead (MboxBatch *self, GError **error)
{
  if (self->end > self->start || self->note.lead == 0)
    return TRUE;
  if (!mbox_batch_put (self, self->end, (const guint8 *) "\n\n", self->note.lead, error))
    return FALSE;
  self->end += self->note.lead;
  return TRUE;
}

/* Ends all items of @items with copies of @cause. */
static void
fail_items (MboxBatch *self, GArray *items, guint first, const GError *cause)
{
  for (guint i = first; i < items->len; i++)
    haul_feed_fail (self->feed, g_array_index (items, MboxStored, i).item,
                    g_error_copy (cause));
  g_array_set_size (items, first);
}

/* Cuts back to the last whole message, or to the old end if that is all. */
static gboolean
cut_back (MboxBatch *self, GError **error)
{
  guint64 size = self->stored->len == 0 ? self->start : self->end;
  self->end = size;
  if (mbox_file_truncate (self->file, size, error))
    return TRUE;
  if (error != NULL && *error != NULL)
    haul_error_set_scope (*error, HAUL_SCOPE_SESSION);
  return FALSE;
}

/* The keywords of the group into the folder's list; a failure harms no message. */
static void
add_keywords (MboxBatch *self, const MboxStored *stored)
{
  const char *const *keywords = haul_item_keywords (stored->item);
  for (gsize i = 0; keywords[i] != NULL; i++)
    if (haul_keyword_is_valid (keywords[i]))
      mbox_base_room_add (&self->base, self->file, keywords[i], NULL);
}

/* Writes message by message from @first on; stops at the first that fails. */
static gboolean
write_singly (MboxBatch *self, GError **error)
{
  for (guint i = 0; i < self->group->len; i++)
    {
      MboxStored stored = g_array_index (self->group, MboxStored, i);
      const guint8 *data = self->bytes->data + stored.offset;
      GError *cause = NULL;
      if (!mbox_batch_lead (self, &cause)
          || !mbox_batch_put (self, self->end, data, (gsize) stored.length, &cause))
        {
          guint notes = self->note.entries->len - (self->group->len - i);
          g_array_set_size (self->note.entries, notes);
          fail_items (self, self->group, i, cause);
          g_error_free (cause);
          g_array_set_size (self->group, 0);
          return cut_back (self, error);
        }
      stored.offset = self->end;
      self->end += stored.length;
      g_array_append_val (self->stored, stored);
    }
  g_array_set_size (self->group, 0);
  return TRUE;
}

/* Writes the whole group at once; *@out_done FALSE: nothing of it stands. */
static gboolean
write_together (MboxBatch *self, gboolean *out_done, GError **error)
{
  guint64 end = self->end;
  if (!mbox_batch_lead (self, NULL)
      || !mbox_batch_put (self, self->end, self->bytes->data, self->bytes->len, NULL))
    {
      *out_done = FALSE;
      self->end = end;
      return cut_back (self, error);
    }
  for (guint i = 0; i < self->group->len; i++)
    {
      MboxStored stored = g_array_index (self->group, MboxStored, i);
      stored.offset += self->end;
      g_array_append_val (self->stored, stored);
    }
  self->end += self->bytes->len;
  g_array_set_size (self->group, 0);
  *out_done = TRUE;
  return TRUE;
}

gboolean
mbox_batch_write_group (MboxBatch *self, GError **error)
{
  if (self->group->len == 0)
    return TRUE;
  GError *cause = NULL;
  if (!mbox_batch_open (self, &cause))
    {
      fail_items (self, self->group, 0, cause);
      g_error_free (cause);
      g_byte_array_set_size (self->bytes, 0);
      return TRUE;
    }
  guint first = self->stored->len;
  gboolean done = FALSE;
  if (!mbox_batch_note (self, TRUE, error) || !write_together (self, &done, error)
      || (!done && !write_singly (self, error)))
    return FALSE;
  g_byte_array_set_size (self->bytes, 0);
  for (guint i = first; i < self->stored->len; i++)
    add_keywords (self, &g_array_index (self->stored, MboxStored, i));
  return TRUE;
}

/* The disk would not take it: all of the batch must go again. */
static gboolean
undo_batch (MboxBatch *self, GError *cause, GError **error)
{
  fail_items (self, self->stored, 0, cause);
  g_error_free (cause);
  gboolean done = cut_back (self, error);
  close_file (self);
  return done;
}

static void
give_receipts (MboxBatch *self)
{
  for (guint i = 0; i < self->stored->len; i++)
    {
      const MboxStored *stored = &g_array_index (self->stored, MboxStored, i);
      guint8 key[MBOX_KEY_BYTES];
      mbox_key_write (stored->offset, stored->key_hash, key);
      HaulReceipt receipt = HAUL_RECEIPT_INIT;
      g_autofree char *note = mbox_receipt_note (stored->item, stored->changes);
      receipt.key = (HaulBytes){ key, sizeof key };
      receipt.note = note;
      haul_feed_done (self->feed, stored->item, &receipt);
    }
  g_array_set_size (self->stored, 0);
}

gboolean
mbox_batch_commit (MboxBatch *self, GError **error)
{
  if (!mbox_batch_write_group (self, error))
    return FALSE;
  if (self->file == NULL)
    return TRUE;
  GError *cause = NULL;
  gboolean sync = self->session->settings->durability == MBOX_DURABILITY_BATCH;
  if (sync && self->stored->len > 0 && !mbox_file_sync (self->file, &cause))
    return undo_batch (self, cause, error);
  mbox_hook_written ();
  g_array_set_size (self->note.entries, 0);
  if (!mbox_batch_note (self, FALSE, error))
    return FALSE;
  close_file (self);
  give_receipts (self);
  return TRUE;
}
