/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The line ends of a file that we write: LF, such that reading it back, where each lone
 * LF becomes CRLF, gives the message again byte for byte. Pure.
 */
#pragma once

#include <mailhaul/lines.h>

/*
 * MaildirStoredLines: what must be remembered between two spans. Zeroed for each message.
 * @held: a CR at the end of the last span was held back. @after_cr: the byte before (the
 * held one) was a CR.
 */
typedef struct
{
  gboolean held;
  gboolean after_cr;
} MaildirStoredLines;

/*
 * maildir_stored_lines: converts CRLF to LF from @data into @out, which has room for
 * @length + 1 bytes. CR CR LF stays as it is: made CR LF, it would come back one CR
 * short. A CR at the end of the span is held back. Returns the number of bytes written.
 */
gsize maildir_stored_lines (MaildirStoredLines *state, const guint8 *data, gsize length,
                            guint8 *out);

/* maildir_stored_lines_finish: the CR held back at the end, if any, to @out (1 byte).
 * Returns 0 or 1. */
gsize maildir_stored_lines_finish (MaildirStoredLines *state, guint8 *out);
