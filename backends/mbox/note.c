/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The encoded form of a note. What is concluded from it is in recover.c. Pure: any
 * thread.
 */
#include "note.h"

#include <string.h>

#include "key.h"

/* The header: magic with a version, then numbers. */
static const guint8 magic[4] = { 'M', 'B', 'N', 1 };
#define HEADER_BYTES (4 + 2 + 5 * 8)
#define ENTRY_BYTES  (8 + 8 + 1)

void
mbox_note_init (MboxNote *self)
{
  *self = (MboxNote){ 0 };
  self->entries = g_array_new (FALSE, TRUE, sizeof (MboxNoteEntry));
}

void
mbox_note_clear (MboxNote *self)
{
  g_clear_pointer (&self->entries, g_array_unref);
}

void
mbox_note_add (MboxNote *self, guint64 length, guint64 hash, const guint8 *line,
               gsize line_length)
{
  MboxNoteEntry entry = { .length = length, .hash = hash };
  entry.line_length = MIN (line_length, sizeof entry.line);
  memcpy (entry.line, line, entry.line_length);
  g_array_append_val (self->entries, entry);
}

GBytes *
mbox_note_encode (const MboxNote *self)
{
  GByteArray *out = g_byte_array_new ();
  guint8 header[HEADER_BYTES];
  memcpy (header, magic, sizeof magic);
  header[4] = self->open != 0;
  header[5] = (guint8) self->lead;
  mbox_put_u64 (header + 6, self->device);
  mbox_put_u64 (header + 14, self->inode);
  mbox_put_u64 (header + 22, self->start);
  mbox_put_u64 (header + 30, self->tail_hash);
  mbox_put_u64 (header + 38, (guint64) self->time_unix);
  g_byte_array_append (out, header, sizeof header);
  for (guint i = 0; i < self->entries->len; i++)
    {
      const MboxNoteEntry *entry = &g_array_index (self->entries, MboxNoteEntry, i);
      guint8 fixed[ENTRY_BYTES];
      mbox_put_u64 (fixed, entry->length);
      mbox_put_u64 (fixed + 8, entry->hash);
      fixed[16] = (guint8) entry->line_length;
      g_byte_array_append (out, fixed, sizeof fixed);
      g_byte_array_append (out, entry->line, (guint) entry->line_length);
    }
  return g_byte_array_free_to_bytes (out);
}

gboolean
mbox_note_decode (MboxNote *self, HaulBytes bytes)
{
  const guint8 *data = bytes.data;
  if (bytes.length < HEADER_BYTES || memcmp (data, magic, sizeof magic) != 0
      || data[4] > 1 || data[5] > 2)
    return FALSE;
  g_array_set_size (self->entries, 0);
  self->open = data[4];
  self->lead = data[5];
  self->device = mbox_get_u64 (data + 6);
  self->inode = mbox_get_u64 (data + 14);
  self->start = mbox_get_u64 (data + 22);
  self->tail_hash = mbox_get_u64 (data + 30);
  self->time_unix = (gint64) mbox_get_u64 (data + 38);
  gsize at = HEADER_BYTES;
  while (at < bytes.length)
    {
      if (bytes.length - at < ENTRY_BYTES)
        return FALSE;
      const guint8 *fixed = data + at;
      gsize line = fixed[16];
      at += ENTRY_BYTES;
      if (line > MBOX_NOTE_LINE_BYTES || bytes.length - at < line)
        return FALSE;
      mbox_note_add (self, mbox_get_u64 (fixed), mbox_get_u64 (fixed + 8), data + at,
                     line);
      at += line;
    }
  return self->start <= G_MAXINT64;
}
