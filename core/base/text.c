/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes foreign text fit for one line of a message: no control characters, valid UTF-8,
 * bounded. Knows no secrets and no markup: who prints for a machine still escapes.
 * Any thread.
 */
#include "text.h"

#include <string.h>

static gboolean
is_plain (const char *text)
{
  gsize length = 0;

  for (; text[length] != '\0'; length++)
    if ((guchar) text[length] < 0x20 || (guchar) text[length] >= 0x7f)
      return FALSE;
  return length <= TEXT_LINE_LIMIT_BYTES;
}

static gboolean
is_space (gunichar c)
{
  return c == '\n' || c == '\r' || c == '\t' || c == 0x2028 || c == 0x2029;
}

/* The direction marks with which a text can be made to read as another one. */
static gboolean
is_reordering (gunichar c)
{
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

char *
text_to_line (char *text)
{
  if (is_plain (text))
    return text;

  g_autofree char *owned = text;
  /* Cut first: a megabyte of a peer's words need not be examined. A cut character becomes
   * U+FFFD and is dropped with the rest below. */
  g_autofree char *valid = g_utf8_make_valid (
      owned, (gssize) strnlen (owned, 2 * TEXT_LINE_LIMIT_BYTES));
  GString *line = g_string_new (NULL);
  gboolean after_space = FALSE;

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      gboolean space = is_space (c);

      if (line->len >= TEXT_LINE_LIMIT_BYTES)
        {
          g_string_append (line, "…");
          break;
        }
      if (space && !after_space)
        g_string_append_c (line, ' ');
      else if (!space && (c < 0x20 || (c >= 0x7f && c < 0xa0) || is_reordering (c)))
        g_string_append_c (line, '?');
      else if (!space)
        g_string_append_unichar (line, c);
      after_space = space;
    }
  return g_string_free (line, FALSE);
}
