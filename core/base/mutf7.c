/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modified UTF-7 (RFC 3501 §5.1.3), the form of folder names on the wire and in Maildir++
 * directories. Decoding accepts exactly what encoding makes, so that a name and its wire
 * form are one-to-one. Any thread.
 */
#include <mailhaul/folder.h>

#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* Base64 under way: bits that are not yet written as digits. */
typedef struct
{
  GString *text;
  guint32 bits;
  guint count;
} Encoder;

static void
encoder_put (Encoder *self, guint16 unit)
{
  self->bits = (self->bits << 16) | unit; /* at most 5 + 16 bits matter */
  self->count += 16;
  while (self->count >= 6)
    {
      self->count -= 6;
      g_string_append_c (self->text, alphabet[(self->bits >> self->count) & 0x3f]);
    }
}

static void
encoder_end (Encoder *self)
{
  if (self->count > 0)
    g_string_append_c (self->text, alphabet[(self->bits << (6 - self->count)) & 0x3f]);
  g_string_append_c (self->text, '-');
  self->bits = 0;
  self->count = 0;
}

char *
haul_mutf7_encode (const char *utf8)
{
  g_return_val_if_fail (utf8 != NULL, NULL);
  if (!g_utf8_validate (utf8, -1, NULL))
    return NULL;

  Encoder encoder = { g_string_new (NULL), 0, 0 };
  gboolean shifted = FALSE;
  for (const char *p = utf8; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      gboolean direct = c >= 0x20 && c <= 0x7e;

      if (direct && shifted)
        encoder_end (&encoder);
      else if (!direct && !shifted)
        g_string_append_c (encoder.text, '&');
      shifted = !direct;
      if (direct)
        g_string_append (encoder.text, c == '&' ? "&-" : (char[]){ (char) c, '\0' });
      else if (c < 0x10000)
        encoder_put (&encoder, (guint16) c);
      else
        {
          encoder_put (&encoder, (guint16) (0xd800 + ((c - 0x10000) >> 10)));
          encoder_put (&encoder, (guint16) (0xdc00 + ((c - 0x10000) & 0x3ff)));
        }
    }
  if (shifted)
    encoder_end (&encoder);
  return g_string_free (encoder.text, FALSE);
}

/* The UTF-16 units of the digits @text[0 … length), as UTF-8; NULL when they are none. */
static char *
decode_digits (const char *text, gsize length)
{
  g_autofree gunichar2 *units = g_new (gunichar2, length / 2 + 1);
  guint32 bits = 0;
  guint count = 0;
  glong unit_count = 0, items_read = 0;

  for (gsize i = 0; i < length; i++)
    {
      const char *digit = strchr (alphabet, text[i]);
      if (digit == NULL)
        return NULL;
      bits = (bits << 6) | (guint32) (digit - alphabet);
      count += 6;
      if (count < 16)
        continue;
      count -= 16;
      units[unit_count] = (gunichar2) ((bits >> count) & 0xffff);
      if (units[unit_count++] == 0)
        return NULL; /* NUL cannot stand in a name */
    }

  char *utf8 = g_utf16_to_utf8 (units, unit_count, &items_read, NULL, NULL);
  if (utf8 != NULL && items_read != unit_count) /* half a surrogate pair at the end */
    g_clear_pointer (&utf8, g_free);
  return utf8;
}

/* Decodes without asking whether there is only one way to write it. */
static char *
decode_loosely (const char *name)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (const char *p = name; *p != '\0'; p++)
    {
      if (*p < 0x20 || *p > 0x7e)
        return NULL;
      if (*p != '&')
        {
          g_string_append_c (text, *p);
          continue;
        }

      const char *end = strchr (p, '-');
      if (end == NULL)
        return NULL;
      g_autofree char *part = end == p + 1 ? g_strdup ("&")
                                           : decode_digits (p + 1, (gsize) (end - p - 1));
      if (part == NULL)
        return NULL;
      g_string_append (text, part);
      p = end;
    }
  return g_strdup (text->str);
}

char *
haul_mutf7_decode (const char *name)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_autofree char *utf8 = decode_loosely (name);
  g_autofree char *again = utf8 != NULL ? haul_mutf7_encode (utf8) : NULL;

  if (g_strcmp0 (again, name) != 0)
    return NULL;
  return g_steal_pointer (&utf8);
}
