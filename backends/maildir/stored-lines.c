/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRLF → LF for files, reversible. Unlike haul_lines_to_lf() it leaves CR CR LF alone,
 * which is what the other direction (lone LF → CRLF) needs to give the same bytes back.
 * Pure. Any thread.
 */
#include "stored-lines.h"

#include <string.h>

/* Decides about the CR that the last span ended with, now that @next is known. */
static gsize
settle_held (MaildirStoredLines *state, guint8 next, guint8 *out)
{
  gboolean drop = next == '\n' && !state->after_cr;

  state->held = FALSE;
  state->after_cr = !drop;
  if (drop)
    return 0;
  *out = '\r';
  return 1;
}

gsize
maildir_stored_lines (MaildirStoredLines *state, const guint8 *data, gsize length,
                      guint8 *out)
{
  const guint8 *end = data + length;
  guint8 *start = out;

  if (length == 0)
    return 0;
  if (state->held)
    out += settle_held (state, *data, out);
  while (data < end)
    {
      const guint8 *cr = memchr (data, '\r', (gsize) (end - data));
      gsize run = (gsize) ((cr ? cr : end) - data);

      memcpy (out, data, run);
      out += run;
      data += run;
      if (run > 0)
        state->after_cr = FALSE;
      if (!cr)
        break;
      data++;
      if (data == end)
        {
          state->held = TRUE;
          break;
        }
      out += settle_held (state, *data, out);
    }
  return (gsize) (out - start);
}

gsize
maildir_stored_lines_finish (MaildirStoredLines *state, guint8 *out)
{
  if (!state->held)
    return 0;
  state->held = FALSE;
  *out = '\r';
  return 1;
}
