/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of the entered folder's messages, so that fetch needs no second scan: 32
 * bytes a message. Pure.
 */
#pragma once

#include <glib.h>

/* MBOX_INDEX_MAX: offsets and sizes have 48 bits; a larger file (256 TiB) is not
 * indexed. */
#define MBOX_INDEX_MAX (G_GUINT64_CONSTANT (1) << 48)

/* MboxIndexEntry: one message. @end: of its content. @wire_bytes, @stored_bytes: of its
 * delivered form with CRLF and with the lines as stored. */
typedef struct
{
  guint64 hash;
  guint64 offset;
  guint64 end;
  guint64 wire_bytes;
  guint64 stored_bytes;
} MboxIndexEntry;

/* MboxIndex: opaque; one thread. */
typedef struct _MboxIndex MboxIndex;

/* mbox_index_new: empty. */
MboxIndex *mbox_index_new (void);
/* mbox_index_free: accepts NULL. */
void mbox_index_free (MboxIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MboxIndex, mbox_index_free)
/* mbox_index_clear: empty again. */
void mbox_index_clear (MboxIndex *self);
/* mbox_index_add: appends; offsets grow (else the entry is left out). */
void mbox_index_add (MboxIndex *self, const MboxIndexEntry *entry);
/* mbox_index_find: the message at @offset with @hash. */
gboolean mbox_index_find (const MboxIndex *self, guint64 offset, guint64 hash,
                          MboxIndexEntry *out);
/* mbox_index_relocate: the message with @hash that is nearest to @offset: where a message
 * went when the file was rewritten. */
gboolean mbox_index_relocate (const MboxIndex *self, guint64 offset, guint64 hash,
                              MboxIndexEntry *out);
/* mbox_index_length: messages in it. */
gsize mbox_index_length (const MboxIndex *self);
