/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LineReader: see the header. Lines that lie whole in what comes are handed over without
 * being copied. What a line means is its callers' business. Any one thread.
 */
#include "line-reader.h"

#include <string.h>

static gboolean
hand_over (LineReader *self, const guint8 *data, gsize length, gboolean last,
           GError **error)
{
  LinePiece piece = { data, length, !self->inside, last };
  self->inside = !last;
  return self->func (&piece, self->user_data, error);
}

/* A full buffer: all of it, but for a CR at its end, whose LF may follow. */
static gboolean
hand_over_full (LineReader *self, GError **error)
{
  gsize kept = self->buffer[LINE_PIECE_BYTES - 1] == '\r' ? 1 : 0;
  self->held = kept;
  if (!hand_over (self, self->buffer, LINE_PIECE_BYTES - kept, FALSE, error))
    return FALSE;
  self->buffer[0] = '\r';
  return TRUE;
}

gboolean
line_reader_push (LineReader *self, const guint8 *data, gsize length, GError **error)
{
  while (length > 0)
    {
      gsize room = MIN (LINE_PIECE_BYTES - self->held, length);
      const guint8 *end = memchr (data, '\n', room);
      gsize taken = end != NULL ? (gsize) (end - data) + 1 : room;
      if (end != NULL && self->held == 0)
        {
          if (!hand_over (self, data, taken, TRUE, error))
            return FALSE;
        }
      else
        {
          memcpy (self->buffer + self->held, data, taken);
          self->held += taken;
          gsize held = self->held;
          if (end != NULL)
            self->held = 0;
          if (end != NULL && !hand_over (self, self->buffer, held, TRUE, error))
            return FALSE;
          if (self->held == LINE_PIECE_BYTES && !hand_over_full (self, error))
            return FALSE;
        }
      data += taken;
      length -= taken;
    }
  return TRUE;
}

gboolean
line_reader_finish (LineReader *self, GError **error)
{
  gsize held = self->held;
  self->held = 0;
  return held == 0 || hand_over (self, self->buffer, held, TRUE, error);
}

gsize
line_text_length (const LinePiece *piece)
{
  gsize length = piece->length;
  if (length > 0 && piece->data[length - 1] == '\n')
    length--;
  if (length < piece->length && length > 0 && piece->data[length - 1] == '\r')
    length--;
  return length;
}
