/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys, tokens, marks and their hash (FNV-1a over 64 bits with a final mix). Pure: any
 * thread.
 */
#include "key.h"

#include <string.h>

/* POSITION_VERSION: first byte of a token or mark; another one is not understood. */
#define POSITION_VERSION 1

void
mbox_hash_init (MboxHash *self)
{
  self->value = G_GUINT64_CONSTANT (0xcbf29ce484222325);
}

void
mbox_hash_feed (MboxHash *self, const guint8 *data, gsize length)
{
  guint64 value = self->value;
  for (gsize i = 0; i < length; i++)
    value = (value ^ data[i]) * G_GUINT64_CONSTANT (0x100000001b3);
  self->value = value;
}

guint64
mbox_hash_value (const MboxHash *self)
{
  guint64 value = self->value;
  value ^= value >> 32;
  value *= G_GUINT64_CONSTANT (0xd6e8feb86659fd93);
  return value ^ (value >> 32);
}

/* The bytes without CR. */
static void
feed_without_cr (MboxMessageHash *self, const guint8 *data, gsize length)
{
  while (length > 0)
    {
      const guint8 *cr = memchr (data, '\r', length);
      gsize size = cr ? (gsize) (cr - data) : length;
      mbox_hash_feed (&self->hash, data, size);
      if (size > 0)
        self->last = data[size - 1];
      size += cr != NULL;
      data += size;
      length -= size;
    }
}

static void
close_line (MboxMessageHash *self)
{
  if (self->last != '\n')
    feed_without_cr (self, (const guint8 *) "\n", 1);
}

void
mbox_message_hash_init (MboxMessageHash *self, const guint8 *from_line, gsize length)
{
  *self = (MboxMessageHash){ 0 };
  mbox_hash_init (&self->hash);
  feed_without_cr (self, from_line, length);
  close_line (self);
}

void
mbox_message_hash_header (MboxMessageHash *self, const guint8 *data, gsize length)
{
  gsize size = MIN (length, MBOX_HASHED_BYTES - self->header_bytes);
  feed_without_cr (self, data, size);
  self->header_bytes += size;
}

guint64
mbox_message_hash_finish (MboxMessageHash *self)
{
  if (self->header_bytes < MBOX_HASHED_BYTES)
    close_line (self);
  return mbox_hash_value (&self->hash);
}

void
mbox_put_u64 (guint8 *out, guint64 value)
{
  guint64 big = GUINT64_TO_BE (value);
  memcpy (out, &big, sizeof big);
}

guint64
mbox_get_u64 (const guint8 *data)
{
  guint64 big;
  memcpy (&big, data, sizeof big);
  return GUINT64_FROM_BE (big);
}

void
mbox_key_write (guint64 offset, guint64 hash, guint8 *out)
{
  mbox_put_u64 (out, offset);
  mbox_put_u64 (out + 8, hash);
}

gboolean
mbox_key_read (HaulBytes key, guint64 *out_offset, guint64 *out_hash)
{
  if (key.length != MBOX_KEY_BYTES)
    return FALSE;
  *out_offset = mbox_get_u64 (key.data);
  *out_hash = mbox_get_u64 (key.data + 8);
  return *out_offset <= G_MAXINT64;
}

void
mbox_position_write (const MboxPosition *position, guint8 *out)
{
  out[0] = POSITION_VERSION;
  mbox_put_u64 (out + 1, position->device);
  mbox_put_u64 (out + 9, position->inode);
  mbox_put_u64 (out + 17, position->size);
  mbox_put_u64 (out + 25, (guint64) position->mtime_ns);
  mbox_put_u64 (out + 33, position->tail_hash);
}

gboolean
mbox_position_read (HaulBytes bytes, MboxPosition *out)
{
  if (bytes.length != MBOX_POSITION_BYTES || bytes.data[0] != POSITION_VERSION)
    return FALSE;
  MboxPosition position = { .device = mbox_get_u64 (bytes.data + 1),
                            .inode = mbox_get_u64 (bytes.data + 9),
                            .size = mbox_get_u64 (bytes.data + 17),
                            .mtime_ns = (gint64) mbox_get_u64 (bytes.data + 25),
                            .tail_hash = mbox_get_u64 (bytes.data + 33) };
  if (position.size > G_MAXINT64)
    return FALSE;
  *out = position;
  return TRUE;
}

gboolean
mbox_position_equal (const MboxPosition *a, const MboxPosition *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size
         && a->mtime_ns == b->mtime_ns && a->tail_hash == b->tail_hash;
}
