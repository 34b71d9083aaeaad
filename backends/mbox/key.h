/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opaque bytes that the engine keeps for us: keys, tokens and marks; and the hash that
 * makes them verify themselves. Pure. docs/internals/mbox.md has the reasons.
 */
#pragma once

#include <mailhaul/macros.h>

/* MBOX_HASHED_BYTES: of a header block (private fields left out) and of a file's tail. */
#define MBOX_HASHED_BYTES 4096

/* MBOX_KEY_BYTES: offset and hash, 8 bytes each, big-endian. */
#define MBOX_KEY_BYTES 16

/* MboxHash: a running 64-bit hash; no defence against forgery, only against mistakes. */
typedef struct
{
  guint64 value;
} MboxHash;

/* mbox_hash_init: starts anew. */
void mbox_hash_init (MboxHash *self);
/* mbox_hash_feed: the next bytes. */
void mbox_hash_feed (MboxHash *self, const guint8 *data, gsize length);
/* mbox_hash_value: the hash so far. */
guint64 mbox_hash_value (const MboxHash *self);

/*
 * MboxMessageHash: the hash of a message for its key: its From_ line and the first
 * MBOX_HASHED_BYTES of its header block, CR left out and a missing last LF added, so that
 * neither a change of flags in place nor a mail appended behind changes it.
 */
typedef struct
{
  MboxHash hash;
  gsize header_bytes;
  guint8 last;
} MboxMessageHash;

/* mbox_message_hash_init: with the From_ line. */
void mbox_message_hash_init (MboxMessageHash *self, const guint8 *from_line,
                             gsize length);
/* mbox_message_hash_header: the next bytes of the message's own fields. */
void mbox_message_hash_header (MboxMessageHash *self, const guint8 *data, gsize length);
/* mbox_message_hash_finish: the hash. */
guint64 mbox_message_hash_finish (MboxMessageHash *self);

/* mbox_key_write: MBOX_KEY_BYTES to @out. */
void mbox_key_write (guint64 offset, guint64 hash, guint8 *out);
/* mbox_key_read: FALSE: not a key of ours. */
gboolean mbox_key_read (HaulBytes key, guint64 *out_offset, guint64 *out_hash);

/* MboxPosition: a file at one moment: what tokens and marks say. @tail_hash: over the
 * MBOX_HASHED_BYTES before @size. @mtime_ns: 0 in a mark. */
typedef struct
{
  guint64 device;
  guint64 inode;
  guint64 size;
  gint64 mtime_ns;
  guint64 tail_hash;
} MboxPosition;

/* MBOX_POSITION_BYTES: the encoded form. */
#define MBOX_POSITION_BYTES 41

/* mbox_position_write: MBOX_POSITION_BYTES to @out. */
void mbox_position_write (const MboxPosition *position, guint8 *out);
/* mbox_position_read: FALSE: not one of ours. */
gboolean mbox_position_read (HaulBytes bytes, MboxPosition *out);
/* mbox_position_equal: nothing changed between the two. */
gboolean mbox_position_equal (const MboxPosition *a, const MboxPosition *b);

/* mbox_put_u64, mbox_get_u64: big-endian. */
void mbox_put_u64 (guint8 *out, guint64 value);
guint64 mbox_get_u64 (const guint8 *data);
