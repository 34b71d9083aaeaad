/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a message to its bytes in an mbox, streaming. Pure.
 */
#pragma once

#include <mailhaul/lines.h>

#include "key.h"
#include "quote.h"

/* MBOX_SENDER_SEARCH_BYTES: of the header block that are looked at for a sender. */
#define MBOX_SENDER_SEARCH_BYTES (64 * 1024)

/* MBOX_LENGTH_COLUMNS: room for a Content-Length (any 64-bit number). */
#define MBOX_LENGTH_COLUMNS 20

/* MboxSerialSetup: what is written beside the message. Borrowed pointers that stand as
 * long as the serialiser. */
typedef struct
{
  MboxRule rule;
  gboolean counted; /* with a Content-Length */
  guint32 flags;
  const char *const *keywords; /* NULL: none */
  gint64 date_unix;
  gboolean with_base; /* the first message of a new file: with X-IMAPbase */
  guint32 validity;   /* for it */
} MboxSerialSetup;

/* MboxSerial: opaque; one message. */
typedef struct _MboxSerial MboxSerial;

/* mbox_serial_new: appends to @out, which stands as long; whoever owns it may empty it
 * between two calls. */
MboxSerial *mbox_serial_new (const MboxSerialSetup *setup, GByteArray *out);
/* mbox_serial_free: accepts NULL. */
void mbox_serial_free (MboxSerial *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MboxSerial, mbox_serial_free)
/* mbox_serial_feed: the next bytes of the message, LF or CRLF. */
void mbox_serial_feed (MboxSerial *self, const guint8 *data, gsize length);
/* mbox_serial_finish: the message is whole; writes the rest and the blank line behind. */
void mbox_serial_finish (MboxSerial *self);
/* mbox_serial_hash: the message's hash for its key; after finish. */
guint64 mbox_serial_hash (const MboxSerial *self);
/* Beside the bits of mbox_field_bit(): MBOX_SERIAL_ENDED: the last line had no end, and
 * got one; MBOX_SERIAL_CR: a CR before a CRLF is lost in it; MBOX_SERIAL_BLANK: there was
 * no empty line behind the header. */
#define MBOX_SERIAL_ENDED (1u << 31)
#define MBOX_SERIAL_CR    (1u << 30)
#define MBOX_SERIAL_BLANK (1u << 29)

/* mbox_serial_changes: what the mbox does not hold of the message as it came: a set of
 * mbox_field_bit() for the fields that were left out, the bits above. After
 * finish. */
guint32 mbox_serial_changes (const MboxSerial *self);
/* mbox_serial_total: bytes written so far. */
guint64 mbox_serial_total (const MboxSerial *self);
/* mbox_serial_from_line: the From_ line (with its LF) once it was written; else NULL. */
const guint8 *mbox_serial_from_line (const MboxSerial *self, gsize *out_length);
/* mbox_serial_length: after finish of a counted message: the text of the Content-Length
 * (MBOX_LENGTH_COLUMNS bytes, padded) to @out and where it belongs, from the message's
 * start. FALSE: not counted. */
gboolean mbox_serial_length (const MboxSerial *self, char *out, guint64 *out_position);
