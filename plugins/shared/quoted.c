/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Quoted-printable in a stream: see the header. Any one thread.
 */
#include "quoted.h"

#include <string.h>

void
quoted_encoder_init (QuotedEncoder *self, QuotedFunc func, gpointer user_data)
{
  self->func = func;
  self->user_data = user_data;
  self->length = 0;
  self->waiting = 0;
}

static gboolean
flush_line (QuotedEncoder *self, const char *end, GError **error)
{
  gsize length = strlen (end);
  memcpy (self->line + self->length, end, length);
  gboolean ok = self->func (self->line, self->length + length, self->user_data, error);
  self->length = 0;
  return ok;
}

/* Puts one byte, as it is or as "=XX", and folds before it where it would not fit. */
static gboolean
put (QuotedEncoder *self, guint8 byte, gboolean escaped, GError **error)
{
  static const char digits[] = "0123456789ABCDEF";
  gsize needed = escaped ? 3 : 1;
  if (self->length + needed > QUOTED_LINE_BYTES - 1 && !flush_line (self, "=\r\n", error))
    return FALSE;
  if (!escaped)
    self->line[self->length++] = byte;
  else
    {
      self->line[self->length++] = '=';
      self->line[self->length++] = (guint8) digits[byte >> 4];
      self->line[self->length++] = (guint8) digits[byte & 15];
    }
  return TRUE;
}

/* What waits is followed by @next (0: by nothing). */
static gboolean
settle (QuotedEncoder *self, guint8 next, GError **error)
{
  guint8 byte = self->waiting;
  self->waiting = 0;
  if (byte == 0)
    return TRUE;
  /* A blank must not stand at the end of a line, nor a CR by itself anywhere. */
  return put (self, byte, byte == '\r' || next == '\n' || next == '\r' || next == 0,
              error);
}

static gboolean
encode_byte (QuotedEncoder *self, guint8 byte, GError **error)
{
  if (byte == '\n' && self->waiting == '\r')
    {
      self->waiting = 0;
      return flush_line (self, "\r\n", error);
    }
  if (!settle (self, byte, error))
    return FALSE;
  if (byte == '\n')
    return flush_line (self, "\n", error);
  if (byte == ' ' || byte == '\t' || byte == '\r')
    {
      self->waiting = byte;
      return TRUE;
    }
  return put (self, byte, byte < ' ' || byte > '~' || byte == '=', error);
}

gboolean
quoted_encode (QuotedEncoder *self, const guint8 *data, gsize length, GError **error)
{
  for (gsize i = 0; i < length; i++)
    if (!encode_byte (self, data[i], error))
      return FALSE;
  return TRUE;
}

gboolean
quoted_finish (QuotedEncoder *self, GError **error)
{
  return settle (self, 0, error) && (self->length == 0 || flush_line (self, "", error));
}

/* What is held was no escape after all. */
static gsize
release (QuotedDecoder *self, guint8 *out)
{
  gsize count = self->count;
  memcpy (out, self->held, count);
  self->count = 0;
  return count;
}

/* One byte more after an "=". */
static gsize
decode_held (QuotedDecoder *self, guint8 byte, guint8 *out)
{
  self->held[self->count++] = byte;
  gboolean soft = byte == '\n' && (self->count == 2 || self->held[1] == '\r');
  if (soft)
    {
      self->count = 0;
      return 0;
    }
  if (self->count == 2 && (byte == '\r' || g_ascii_isxdigit ((char) byte)))
    return 0;
  if (self->count == 3 && self->held[1] != '\r' && g_ascii_isxdigit ((char) byte))
    {
      out[0] = (guint8) (g_ascii_xdigit_value ((char) self->held[1]) * 16
                         + g_ascii_xdigit_value ((char) byte));
      self->count = 0;
      return 1;
    }
  return release (self, out);
}

gsize
quoted_decode (QuotedDecoder *self, const guint8 *data, gsize length, guint8 *out)
{
  gsize count = 0;
  for (gsize i = 0; i < length; i++)
    {
      if (self->count > 0)
        count += decode_held (self, data[i], out + count);
      else if (data[i] == '=')
        self->held[self->count++] = '=';
      else
        out[count++] = data[i];
    }
  return count;
}
