/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What we ask the engine to remember before we write, so that a later recover() can tell
 * our torn message from everybody's mail. Pure.
 */
#pragma once

#include <mailhaul/macros.h>

#include "quote.h"

/* MBOX_NOTE_LINE_BYTES: of a From_ line that we wrote (sender, date and words). */
#define MBOX_NOTE_LINE_BYTES 160

/* MboxNoteEntry: one message of the batch. @length: its bytes with the blank line behind;
 * 0: not known yet (a big one). @hash: of these bytes; 0: not known. */
typedef struct
{
  guint64 length;
  guint64 hash;
  gsize line_length;
  guint8 line[MBOX_NOTE_LINE_BYTES];
} MboxNoteEntry;

/* MboxNote: one batch. @open FALSE: it was made durable; nothing is to be done. @start:
 * size of the file before it; @tail_hash: over the bytes before. @lead: line ends that we
 * put before the first message. @time_unix: when it was written. @entries: MboxNoteEntry,
 * in the order of the file. */
typedef struct
{
  gboolean open;
  guint64 device;
  guint64 inode;
  guint64 start;
  guint64 tail_hash;
  gint64 time_unix;
  guint lead;
  GArray *entries;
} MboxNote;

/* mbox_note_init: an empty note; mbox_note_clear() frees. */
void mbox_note_init (MboxNote *self);
/* mbox_note_clear: frees the entries. */
void mbox_note_clear (MboxNote *self);
/* mbox_note_add: appends a message; @line is its From_ line with the LF. */
void mbox_note_add (MboxNote *self, guint64 length, guint64 hash, const guint8 *line,
                    gsize line_length);
/* mbox_note_encode: (transfer full). */
GBytes *mbox_note_encode (const MboxNote *self);
/* mbox_note_decode: into @self, which is initialised. FALSE: not one of ours. */
gboolean mbox_note_decode (MboxNote *self, HaulBytes bytes);
