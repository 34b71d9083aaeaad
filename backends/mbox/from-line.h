/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The separator line of an mbox: "From sender date". Pure.
 */
#pragma once

#include <glib.h>

/* MBOX_FROM_LIMIT_BYTES: a From_ line is judged by its first so many bytes; a sender of
 * 320 bytes (RFC 5321 §4.5.3.1) and any date fit, "remote from" chains are junk. */
#define MBOX_FROM_LIMIT_BYTES 1024

/* MBOX_SENDER_LIMIT_BYTES: what we write of a sender; it is informative only, and 256
 * From_ lines must fit into one note of 64 KiB. */
#define MBOX_SENDER_LIMIT_BYTES 100

/* MboxFromLine: what a From_ line says. @zone_minutes: east of UTC, with @has_zone. */
typedef struct
{
  gint64 date_unix;
  gint32 zone_minutes;
  gboolean has_zone;
} MboxFromLine;

/*
 * mbox_from_line_parse: reads a line that starts with "From " (its end may be CRLF, LF or
 * missing). All forms that Dovecot takes: quoted, empty or "-" sender, seconds left out,
 * a numeric or named zone before or after the year, "Thu, 9 Nov 2002 22:33:52", a day
 * without padding, trailing junk. FALSE: not a From_ line or no date of the calendar. A
 * date without a zone is UTC.
 */
gboolean mbox_from_line_parse (const guint8 *line, gsize length, MboxFromLine *out);

/* mbox_from_line_is_bare: "From " and nothing else, as newer Thunderbird writes it. */
gboolean mbox_from_line_is_bare (const guint8 *line, gsize length);

/* mbox_from_line_append: a strict From_ line with its LF; the date in UTC, clamped to the
 * years 1970 to 9999. @sender is taken as it is. */
void mbox_from_line_append (GByteArray *out, const char *sender, gint64 date_unix);

/* mbox_from_line_holds: such a line can say @date_unix. */
gboolean mbox_from_line_holds (gint64 date_unix);

/*
 * mbox_from_line_sender: the sender for a message with this header block: Return-Path,
 * else the address of From, without blanks, controls and 8-bit bytes; "MAILER-DAEMON"
 * when there is none. (transfer full)
 */
char *mbox_from_line_sender (const guint8 *headers, gsize length);
