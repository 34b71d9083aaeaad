/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Foretells what a server changes silently; what it refuses is repair.c's. Pure; any
 * thread. */
#include "alter.h"

#include <string.h>

static gboolean
has_lone_cr (const guint8 *data, gsize length)
{
  const guint8 *end = data + length;
  const guint8 *at = data;
  while ((at = memchr (at, '\r', (gsize) (end - at))) != NULL)
    {
      at++;
      if (at == end || *at != '\n')
        return TRUE;
    }
  return FALSE;
}

/* Up to the blank line; line ends may be CRLF or LF. */
static gboolean
has_8bit_header (const guint8 *data, gsize length)
{
  gboolean line_empty = TRUE;
  for (gsize i = 0; i < length; i++)
    {
      if (data[i] >= 0x80)
        return TRUE;
      if (data[i] == '\n' && line_empty)
        return FALSE;
      if (data[i] != '\r')
        line_empty = data[i] == '\n';
    }
  return FALSE;
}

guint
imap_alter_find (const ImapQuirks *quirks, const guint8 *data, gsize length)
{
  guint found = 0;
  if (length == 0)
    return 0;
  if (quirks->strips_cr && has_lone_cr (data, length))
    found |= IMAP_ALTER_CR;
  if (quirks->replaces_nul && memchr (data, '\0', length) != NULL)
    found |= IMAP_ALTER_NUL;
  if (quirks->masks_8bit_header && has_8bit_header (data, length))
    found |= IMAP_ALTER_HEADER;
  return found;
}

const char *
imap_alter_text (ImapAlter alter)
{
  switch (alter)
    {
    case IMAP_ALTER_CR:
      return "the server drops carriage returns that end no line";
    case IMAP_ALTER_NUL:
      return "the server keeps NUL bytes as 0x80";
    case IMAP_ALTER_HEADER:
      return "the server puts X for 8-bit characters of the header";
    }
  g_assert_not_reached ();
}
