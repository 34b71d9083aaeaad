/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing a batch of messages to one mbox file: under lock, noted before, cut back on
 * error, made durable once. Knows no feed items beyond passing them on.
 */
#pragma once

#include "base.h"
#include "note.h"
#include "serial.h"
#include "session.h"

/* MBOX_BATCH_COUNT, MBOX_BATCH_BYTES: a batch is closed at either. One note must hold its
 * From_ lines (64 KiB). */
#define MBOX_BATCH_COUNT 256
#define MBOX_BATCH_BYTES (16 * 1024 * 1024)

/* MBOX_SMALL_BYTES: a message up to this size is in memory, and its exact length noted,
 * before its first byte is written. Also the size of a group that is written at once. */
#define MBOX_SMALL_BYTES (512 * 1024)

/* MboxBatch: zeroed, then mbox_batch_init(). */
typedef struct
{
  MboxSession *session;
  HaulFeed *feed;
  char **folder; /* owned */
  char *path;    /* owned; the folder's file */
  MboxFile *file;
  MboxLock lock;
  guint64 start;  /* size of the file before the batch */
  guint64 end;    /* behind the last whole message */
  gboolean fresh; /* the file is empty and no message was serialised for it yet */
  MboxNote note;
  MboxBaseRoom base;
  GArray *stored;    /* MboxStored: written, not yet durable */
  GArray *group;     /* MboxStored: serialised in `bytes`, not yet written */
  GByteArray *bytes; /* of the group */
} MboxBatch;

/* MboxStored: an item on its way to its receipt. @length, @hash: serialised. */
typedef struct
{
  HaulItem *item;
  guint64 offset; /* in `bytes`, then in the file */
  guint64 length;
  guint64 key_hash;
  guint32 changes; /* mbox_serial_changes() */
} MboxStored;

/* mbox_batch_init, mbox_batch_clear: no folder yet; clear lets go of lock and file. */
void mbox_batch_init (MboxBatch *self, MboxSession *session, HaulFeed *feed);
void mbox_batch_clear (MboxBatch *self);
/* mbox_batch_is_empty: no item waits for its result. */
gboolean mbox_batch_is_empty (const MboxBatch *self);
/* mbox_batch_is_full: it should be committed before the next item. */
gboolean mbox_batch_is_full (const MboxBatch *self);
/* mbox_batch_enter: makes @folder the folder of what follows; the batch is empty. */
gboolean mbox_batch_enter (MboxBatch *self, HaulPath folder, GError **error);
/* mbox_batch_open: locks the file and finds its end, unless that was done. */
gboolean mbox_batch_open (MboxBatch *self, GError **error);
/* mbox_batch_add: takes over a message that was serialised into @bytes. */
void mbox_batch_add (MboxBatch *self, HaulItem *item, const MboxSerial *serial,
                     const GByteArray *bytes);
/* mbox_batch_write_group: writes what was added. An error that concerns the items is
 * theirs; FALSE only when the store has to end. */
gboolean mbox_batch_write_group (MboxBatch *self, GError **error);
/* mbox_batch_note: writes the note, open or not. */
gboolean mbox_batch_note (MboxBatch *self, gboolean open, GError **error);
/* mbox_batch_put: @length bytes at @offset; HAUL_ERROR_QUOTA, _IO. */
gboolean mbox_batch_put (MboxBatch *self, guint64 offset, const guint8 *data,
                         gsize length, GError **error);
/* mbox_batch_lead: puts the line ends that must stand before the first message. */
gboolean mbox_batch_lead (MboxBatch *self, GError **error);
/* mbox_batch_commit: writes, makes durable, notes that, unlocks, gives receipts. */
gboolean mbox_batch_commit (MboxBatch *self, GError **error);
