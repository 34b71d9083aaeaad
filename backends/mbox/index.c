/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of messages, packed and sorted by offset. Pure: one thread.
 */
#include "index.h"

/* Packed: five numbers in 32 bytes; four of them have 48 bits. */
typedef struct
{
  guint64 hash;
  guint32 low[4];
  guint16 high[4];
} Packed;

G_STATIC_ASSERT (sizeof (Packed) == 32);

/* BLOCK_COUNT: messages in one block: 32 KiB, so that growing never copies the table. */
#define BLOCK_COUNT 1024

struct _MboxIndex
{
  GPtrArray *blocks;
  gsize length;
};

MboxIndex *
mbox_index_new (void)
{
  MboxIndex *self = g_new0 (MboxIndex, 1);
  self->blocks = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
mbox_index_free (MboxIndex *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->blocks);
  g_free (self);
}

void
mbox_index_clear (MboxIndex *self)
{
  g_ptr_array_set_size (self->blocks, 0);
  self->length = 0;
}

static Packed *
packed_at (const MboxIndex *self, gsize at)
{
  Packed *block = g_ptr_array_index (self->blocks, at / BLOCK_COUNT);
  return block + at % BLOCK_COUNT;
}

static guint64
number (const Packed *packed, guint which)
{
  return ((guint64) packed->high[which] << 32) | packed->low[which];
}

static MboxIndexEntry
unpack (const Packed *packed)
{
  return (MboxIndexEntry){ .hash = packed->hash,
                           .offset = number (packed, 0),
                           .end = number (packed, 1),
                           .wire_bytes = number (packed, 2),
                           .stored_bytes = number (packed, 3) };
}

void
mbox_index_add (MboxIndex *self, const MboxIndexEntry *entry)
{
  guint64 numbers[4] = { entry->offset, entry->end, entry->wire_bytes,
                         entry->stored_bytes };
  if (self->length > 0 && number (packed_at (self, self->length - 1), 0) >= entry->offset)
    return;
  for (guint i = 0; i < 4; i++)
    if (numbers[i] >= MBOX_INDEX_MAX)
      return;
  if (self->length % BLOCK_COUNT == 0)
    g_ptr_array_add (self->blocks, g_new0 (Packed, BLOCK_COUNT));
  Packed *packed = packed_at (self, self->length++);
  packed->hash = entry->hash;
  for (guint i = 0; i < 4; i++)
    {
      packed->low[i] = (guint32) numbers[i];
      packed->high[i] = (guint16) (numbers[i] >> 32);
    }
}

gboolean
mbox_index_find (const MboxIndex *self, guint64 offset, guint64 hash, MboxIndexEntry *out)
{
  gsize low = 0, high = self->length;
  while (low < high)
    {
      gsize middle = low + (high - low) / 2;
      if (number (packed_at (self, middle), 0) < offset)
        low = middle + 1;
      else
        high = middle;
    }
  if (low == self->length)
    return FALSE;
  MboxIndexEntry entry = unpack (packed_at (self, low));
  if (entry.offset != offset || entry.hash != hash)
    return FALSE;
  *out = entry;
  return TRUE;
}

gboolean
mbox_index_relocate (const MboxIndex *self, guint64 offset, guint64 hash,
                     MboxIndexEntry *out)
{
  gboolean found = FALSE;
  guint64 best = 0;
  for (gsize i = 0; i < self->length; i++)
    {
      const Packed *packed = packed_at (self, i);
      if (packed->hash != hash)
        continue;
      guint64 at = number (packed, 0);
      guint64 distance = at > offset ? at - offset : offset - at;
      if (!found || distance < best)
        *out = unpack (packed);
      best = found ? MIN (best, distance) : distance;
      found = TRUE;
    }
  return found;
}

gsize
mbox_index_length (const MboxIndex *self)
{
  return self->length;
}
