/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The escape of folder names on disk. Pure: any thread.
 */
#include "names.h"

#include <string.h>

static const char *const endings[] = { MBOX_CHILDREN_SUFFIX, ".lock", ".msf" };

/* The position of the '.' of an ending that must not stand at the end of a name. */
static gsize
ending_dot (const char *name)
{
  gsize length = strlen (name);
  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      gsize size = strlen (endings[i]);
      if (length >= size && g_ascii_strcasecmp (name + length - size, endings[i]) == 0)
        return length - size;
    }
  return G_MAXSIZE;
}

char *
mbox_name_encode (const char *name)
{
  GString *out = g_string_new (NULL);
  gsize dot = ending_dot (name);
  for (gsize i = 0; name[i] != '\0'; i++)
    {
      guint8 byte = (guint8) name[i];
      gboolean escape = byte == '/' || byte == '%' || byte < 0x20 || byte == 0x7f
                        || (byte == '.' && (i == 0 || i == dot));
      if (escape)
        g_string_append_printf (out, "%%%02X", byte);
      else
        g_string_append_c (out, (char) byte);
    }
  return g_string_free (out, FALSE);
}

/* The byte that %XX at @at stands for if the encoder would have written it there. */
static int
escaped_byte (const char *file_name, gsize at, gboolean near_end)
{
  const char *p = file_name + at;
  if (p[0] != '%' || !g_ascii_isxdigit (p[1]) || !g_ascii_isxdigit (p[2])
      || g_ascii_islower (p[1]) || g_ascii_islower (p[2]))
    return -1;
  int byte = g_ascii_xdigit_value (p[1]) * 16 + g_ascii_xdigit_value (p[2]);
  if (byte == '/' || byte == '%' || (byte > 0 && byte < 0x20) || byte == 0x7f)
    return byte;
  return byte == '.' && (at == 0 || near_end) ? byte : -1;
}

/* The rest of the name after an escaped '.' makes an ending. */
static gboolean
is_ending_rest (const char *rest)
{
  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    if (g_ascii_strcasecmp (rest, endings[i] + 1) == 0)
      return TRUE;
  return FALSE;
}

/* @file_name as UTF-8; @own: without our escapes. */
static char *
decode (const char *file_name, gboolean own)
{
  GString *out = g_string_new (NULL);
  for (gsize i = 0; file_name[i] != '\0';)
    {
      gboolean near_end = strlen (file_name + i) > 3
                          && is_ending_rest (file_name + i + 3);
      int byte = own ? escaped_byte (file_name, i, near_end) : -1;
      gunichar character = g_utf8_get_char_validated (file_name + i, -1);
      gboolean valid = character != (gunichar) -1 && character != (gunichar) -2;
      gsize size = valid ? (gsize) g_unichar_to_utf8 (character, NULL) : 1;
      if (byte >= 0)
        {
          g_string_append_c (out, (char) byte);
          i += 3;
          continue;
        }
      if (valid)
        g_string_append_len (out, file_name + i, (gssize) size);
      else
        g_string_append_printf (out, "%%%02X", (guint8) file_name[i]);
      i += size;
    }
  return g_string_free (out, FALSE);
}

char *
mbox_name_decode (const char *file_name)
{
  g_autofree char *name = decode (file_name, TRUE);
  g_autofree char *again = mbox_name_encode (name);
  /* What we would not have written so stands for itself. */
  return strcmp (again, file_name) == 0 ? g_steal_pointer (&name)
                                        : decode (file_name, FALSE);
}

char *
mbox_name_plain (const char *file_name)
{
  return decode (file_name, FALSE);
}

gboolean
mbox_name_is_ignored (const char *file_name)
{
  return file_name[0] == '.'
         || (ending_dot (file_name) != G_MAXSIZE
             && !g_str_has_suffix (file_name, MBOX_CHILDREN_SUFFIX));
}
