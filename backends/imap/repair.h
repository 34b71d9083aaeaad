/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mends messages that a server refuses for their form (imap.md §2.8): bytes in, bytes
 * out, and the list of what was done. Only what was asked for is changed; nothing is done
 * before a server has refused the message as it is. Pure; any thread.
 */
#pragma once

#include <glib.h>

/* The repairs, a set of bits, in the order in which they are tried. */
typedef enum
{
  IMAP_REPAIR_LINES = 1 << 0,      /* LF without CR becomes CRLF (Cyrus) */
  IMAP_REPAIR_NUL = 1 << 1,        /* NUL bytes are left out (Cyrus) */
  IMAP_REPAIR_FROM = 1 << 2,       /* a first line "From ...", the separator of an mbox */
  IMAP_REPAIR_LONG_LINES = 1 << 3, /* lines are broken (Exchange resets on them) */
  IMAP_REPAIR_HEADER = 1 << 4,  /* what is no header line gets a name; Cyrus parses it */
  IMAP_REPAIR_FINAL = 1 << 5,   /* the last line gets its end (Yahoo) */
  IMAP_REPAIR_ENCLOSE = 1 << 6, /* the message becomes a message/rfc822 part of another */
} ImapRepair;

/* Everything above but for enclosing. */
#define IMAP_REPAIR_ALL 0x3fu

/* Lines of more bytes are broken: Exchange takes 9,900 to 10,239 of them. */
#define IMAP_REPAIR_LINE_BYTES 9900u

/* Takes the repaired bytes, in order. FALSE ends the repair. */
typedef gboolean (*ImapRepairSink) (const guint8 *data, gsize length, gpointer user_data);

/* Which repairs but for enclosing would change @data: ImapRepair bits. */
guint imap_repair_find (const guint8 *data, gsize length);

/*
 * Applies those of @kinds that @data needs, with the bytes going to @sink. @out_done:
 * what was done. With IMAP_REPAIR_ENCLOSE the original is enclosed as it is but for the
 * other
 * @kinds, of which FROM and HEADER make no sense then; its own identity headers stand in
 * front, as far as they are well-formed. FALSE: @sink said so.
 */
gboolean imap_repair_run (const guint8 *data, gsize length, guint kinds,
                          ImapRepairSink sink, gpointer user_data, guint *out_done);

/* One repair in words for a report: "bare line feeds were given carriage returns". */
const char *imap_repair_text (ImapRepair kind);

/* The header has bytes above 127, and all of it is valid UTF-8: for UTF8=ACCEPT. */
gboolean imap_repair_has_utf8_header (const guint8 *data, gsize length);
