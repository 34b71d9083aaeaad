/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adding keywords to X-IMAPbase in place. Without room nothing is done: our own reader
 * counts the keywords of the messages that we wrote anyway. On the session's thread.
 */
#include "base.h"

#include <string.h>

#include <mailhaul/error.h>

static gboolean
is_base_line (const guint8 *line, gsize length)
{
  static const char *const names[] = { "X-IMAPbase:", "X-IMAP:" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gsize size = strlen (names[i]);
      if (length > size && g_ascii_strncasecmp ((const char *) line, names[i], size) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
has_word (const char *text, const char *keyword)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n", -1);
  for (gsize i = 0; words[i] != NULL; i++)
    if (g_ascii_strcasecmp (words[i], keyword) == 0)
      return TRUE;
  return FALSE;
}

gboolean
mbox_base_plan (const guint8 *head, gsize length, const char *keyword, gsize *out_offset)
{
  const guint8 *end = head + length;
  for (const guint8 *line = head; line < end;)
    {
      const guint8 *newline = memchr (line, '\n', (gsize) (end - line));
      if (newline == NULL || newline == line || (newline == line + 1 && *line == '\r'))
        return FALSE;
      gsize size = (gsize) (newline - line);
      gboolean folded = newline + 1 < end && (newline[1] == ' ' || newline[1] == '\t');
      if (is_base_line (line, size) && !folded)
        {
          g_autofree char *text = g_strndup ((const char *) line, size);
          gsize used = size;
          while (used > 0 && (text[used - 1] == ' ' || text[used - 1] == '\r'))
            used--;
          gsize room = size - used - (text[size - 1] == '\r');
          if (has_word (text, keyword) || room < strlen (keyword) + 1)
            return FALSE;
          *out_offset = (gsize) (line - head) + used;
          return TRUE;
        }
      line = newline + 1;
    }
  return FALSE;
}

void
mbox_base_room_clear (MboxBaseRoom *self)
{
  g_clear_pointer (&self->tried, g_hash_table_unref);
}

gboolean
mbox_base_room_add (MboxBaseRoom *self, MboxFile *file, const char *keyword,
                    GError **error)
{
  if (self->tried == NULL)
    self->tried = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *lower = g_ascii_strdown (keyword, -1);
  if (g_hash_table_contains (self->tried, lower))
    return TRUE;
  g_autofree guint8 *head = g_malloc (MBOX_BASE_SEARCH_BYTES);
  gsize got = 0, offset = 0;
  if (!mbox_file_read (file, 0, head, MBOX_BASE_SEARCH_BYTES, &got, error))
    return FALSE;
  g_autofree char *text = g_strconcat (" ", keyword, NULL);
  gboolean fits = mbox_base_plan (head, got, keyword, &offset);
  if (fits
      && !mbox_file_write (file, offset, (const guint8 *) text, strlen (text), error))
    return FALSE;
  g_hash_table_add (self->tried, g_steal_pointer (&lower));
  return TRUE;
}
