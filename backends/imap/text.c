/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Case-insensitive comparison, decimal numbers and the literal announcement, over bytes
 * that may hold NUL. Knows no grammar beyond that. Pure; any thread. */
#include "text.h"

#include <string.h>

#include "bounds.h"

gboolean
imap_string_is (ImapString self, const gchar *word)
{
  return self.data != NULL && self.length == strlen (word)
         && g_ascii_strncasecmp (self.data, word, self.length) == 0;
}

gboolean
imap_string_starts (ImapString self, const gchar *word)
{
  gsize length = strlen (word);

  return self.data != NULL && self.length >= length
         && g_ascii_strncasecmp (self.data, word, length) == 0;
}

gboolean
imap_strings_contain (ImapStrings self, const gchar *word)
{
  for (guint i = 0; i < self.count; i++)
    if (imap_string_is (self.items[i], word))
      return TRUE;
  return FALSE;
}

gboolean
imap_number_parse (ImapString text, guint64 *out_value)
{
  guint64 value = 0;

  if (text.data == NULL || text.length == 0)
    return FALSE;
  for (gsize i = 0; i < text.length; i++)
    {
      if (!g_ascii_isdigit (text.data[i]))
        return FALSE;
      if (!g_uint64_checked_mul (&value, value, 10)
          || !g_uint64_checked_add (&value, value, (guint64) (text.data[i] - '0')))
        return FALSE;
    }
  *out_value = value;
  return TRUE;
}

gboolean
imap_number_parse_uid (ImapString text, guint32 *out_value)
{
  guint64 value;

  if (!imap_number_parse (text, &value) || value == 0 || value > G_MAXUINT32)
    return FALSE;
  *out_value = (guint32) value;
  return TRUE;
}

gssize
imap_text_find (ImapString text, const gchar *word)
{
  gsize length = strlen (word);

  for (gsize i = 0; i + length <= text.length; i++)
    if (g_ascii_strncasecmp (text.data + i, word, length) == 0)
      return (gssize) i;
  return -1;
}

gboolean
imap_text_ends_in_literal (const guint8 *data, gsize length, guint64 *out_size)
{
  while (length > 0 && data[length - 1] == ' ')
    length--;
  if (length < 3 || data[length - 1] != '}')
    return FALSE;
  length--;
  if (data[length - 1] == '+')
    length--;

  gsize start = length;
  while (start > 0 && g_ascii_isdigit (data[start - 1]))
    start--;
  if (start == 0 || data[start - 1] != '{')
    return FALSE;

  ImapString digits = { (const gchar *) data + start, length - start };
  guint64 size;
  if (!imap_number_parse (digits, &size) || size > IMAP_LIMIT_LITERAL_BYTES)
    return FALSE;
  *out_size = size;
  return TRUE;
}
