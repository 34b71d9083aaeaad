/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict encoder and reporting decoder of modified UTF-7. Knows nothing of delimiters or
 * INBOX; that is name mapping, elsewhere. Pure; any thread. */
#include "mutf7.h"

#include <string.h>

static const gchar alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static gboolean
is_direct (gunichar c)
{
  return c >= 0x20 && c <= 0x7e;
}

typedef struct
{
  GString *out;
  guint32 bits;
  guint bit_count;
} Encoder;

static void
encode_unit (Encoder *self, guint16 unit)
{
  self->bits = (self->bits << 16) | unit;
  self->bit_count += 16;
  while (self->bit_count >= 6)
    {
      self->bit_count -= 6;
      g_string_append_c (self->out, alphabet[(self->bits >> self->bit_count) & 0x3f]);
    }
}

static void
encode_end (Encoder *self)
{
  if (self->bit_count > 0)
    g_string_append_c (self->out, alphabet[(self->bits << (6 - self->bit_count)) & 0x3f]);
  self->bits = 0;
  self->bit_count = 0;
  g_string_append_c (self->out, '-');
}

static void
encode_char (Encoder *self, gunichar c)
{
  if (c < 0x10000)
    {
      encode_unit (self, (guint16) c);
      return;
    }
  encode_unit (self, (guint16) (0xd800 + ((c - 0x10000) >> 10)));
  encode_unit (self, (guint16) (0xdc00 + ((c - 0x10000) & 0x3ff)));
}

gchar *
imap_mutf7_encode (const gchar *name, GError **error)
{
  if (!g_utf8_validate (name, -1, NULL))
    {
      g_set_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_ARGUMENT,
                   "mailbox name is not valid UTF-8");
      return NULL;
    }

  Encoder encoder = { .out = g_string_new (NULL) };
  gboolean shifted = FALSE;
  for (const gchar *at = name; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      gboolean direct = is_direct (c);
      if (direct && shifted)
        encode_end (&encoder);
      if (!direct && !shifted)
        g_string_append_c (encoder.out, '&');
      shifted = !direct;
      if (!direct)
        encode_char (&encoder, c);
      else if (c == '&')
        g_string_append (encoder.out, "&-");
      else
        g_string_append_c (encoder.out, (gchar) c);
    }
  if (shifted)
    encode_end (&encoder);
  return g_string_free (encoder.out, FALSE);
}

/* Appends one UTF-16 unit; surrogates are held in @high until their second half. */
static gboolean
decode_unit (GString *out, guint16 unit, guint16 *high)
{
  if (*high != 0)
    {
      if (unit < 0xdc00 || unit > 0xdfff)
        return FALSE;
      gunichar c = 0x10000 + (((gunichar) *high - 0xd800) << 10) + (unit - 0xdc00u);
      g_string_append_unichar (out, c);
      *high = 0;
      return TRUE;
    }
  if (unit >= 0xdc00 && unit <= 0xdfff)
    return FALSE;
  if (unit >= 0xd800 && unit <= 0xdbff)
    *high = unit;
  else if (unit != 0)
    g_string_append_unichar (out, unit);
  return unit != 0;
}

/* Decodes the base64 between "&" and "-" (@length bytes). */
static gboolean
decode_shifted (const gchar *data, gsize length, GString *out)
{
  guint32 bits = 0;
  guint bit_count = 0;
  guint16 high = 0;

  for (gsize i = 0; i < length; i++)
    {
      const gchar *found = data[i] == '\0' ? NULL : strchr (alphabet, data[i]);
      if (found == NULL)
        return FALSE;
      bits = (bits << 6) | (guint32) (found - alphabet);
      bit_count += 6;
      if (bit_count < 16)
        continue;
      bit_count -= 16;
      if (!decode_unit (out, (guint16) (bits >> bit_count), &high))
        return FALSE;
    }
  return high == 0 && bit_count < 6 && (bits & ((1u << bit_count) - 1)) == 0;
}

static gboolean
decode (ImapString raw, GString *out)
{
  for (gsize i = 0; i < raw.length; i++)
    {
      if (raw.data[i] == '\0')
        return FALSE;
      if (raw.data[i] != '&')
        {
          g_string_append_c (out, raw.data[i]);
          continue;
        }
      const gchar *start = raw.data + i + 1;
      const gchar *end = memchr (start, '-', raw.length - i - 1);
      if (end == NULL)
        return FALSE;
      if (end == start)
        g_string_append_c (out, '&');
      else if (!decode_shifted (start, (gsize) (end - start), out))
        return FALSE;
      i += (gsize) (end - start) + 1;
    }
  return g_utf8_validate_len (out->str, out->len, NULL);
}

static gchar *
show_invalid (ImapString raw)
{
  GString *out = g_string_new (NULL);
  gsize i = 0;

  while (i < raw.length)
    {
      gunichar c = g_utf8_get_char_validated (raw.data + i, (gssize) (raw.length - i));
      gboolean valid = c != (gunichar) -1 && c != (gunichar) -2 && c >= 0x20 && c != 0x7f;
      if (valid)
        g_string_append_unichar (out, c);
      else
        g_string_append_printf (out, "%%%02X", (guint8) raw.data[i]);
      i += valid ? (gsize) g_unichar_to_utf8 (c, NULL) : 1;
    }
  return g_string_free (out, FALSE);
}

ImapNameForm
imap_mutf7_decode (ImapString raw, gchar **out_name)
{
  GString *out = g_string_new (NULL);
  gboolean eight_bit = FALSE;

  if (!decode (raw, out))
    {
      g_string_free (out, TRUE);
      *out_name = show_invalid (raw);
      return IMAP_NAME_INVALID;
    }
  for (gsize i = 0; i < raw.length; i++)
    eight_bit = eight_bit || (guint8) raw.data[i] >= 0x80;
  *out_name = g_string_free (out, FALSE);
  if (eight_bit)
    return IMAP_NAME_UTF8;

  g_autofree gchar *again = imap_mutf7_encode (*out_name, NULL);
  gboolean same = again != NULL && strlen (again) == raw.length
                  && memcmp (again, raw.data, raw.length) == 0;
  return same ? IMAP_NAME_CANONICAL : IMAP_NAME_VARIANT;
}
