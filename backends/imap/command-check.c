/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Validators for everything that goes into a command, so that nothing a user, a source
 * server or a filter made up can change the framing of our own commands. Pure; any
 * thread. */
#include "command-check.h"

#include <string.h>

#include "bounds.h"

static gboolean
is_atom_char (gchar c)
{
  return c > ' ' && c < 0x7f && strchr ("(){%*\"\\]", c) == NULL;
}

gboolean
imap_keyword_is_valid (const gchar *keyword)
{
  gsize length = strlen (keyword);

  if (length == 0 || length > IMAP_LIMIT_KEYWORD_BYTES)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!is_atom_char (keyword[i]))
      return FALSE;
  return TRUE;
}

gboolean
imap_flag_is_valid (const gchar *flag)
{
  static const gchar *const system_flags[] = { "\\Seen", "\\Answered", "\\Flagged",
                                               "\\Deleted", "\\Draft" };

  for (guint i = 0; i < G_N_ELEMENTS (system_flags); i++)
    if (g_ascii_strcasecmp (flag, system_flags[i]) == 0)
      return TRUE;
  return imap_keyword_is_valid (flag);
}

gboolean
imap_text_is_valid (ImapString text)
{
  if (text.data == NULL)
    return FALSE;
  for (gsize i = 0; i < text.length; i++)
    if (text.data[i] == '\0' || text.data[i] == '\r' || text.data[i] == '\n')
      return FALSE;
  return TRUE;
}

gboolean
imap_mailbox_is_valid (ImapString name)
{
  return name.length > 0 && name.length <= IMAP_LIMIT_MAILBOX_BYTES
         && imap_text_is_valid (name);
}

gboolean
imap_words_are_valid (const gchar *words)
{
  gsize length = strlen (words);

  if (length == 0 || words[0] == ' ' || words[length - 1] == ' ')
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (words[i] < ' ' || words[i] > 0x7e || strchr ("\"{}", words[i]) != NULL
        || (words[i] == '\\' && !g_ascii_isalpha (words[i + 1])))
      return FALSE;
  return TRUE;
}

gboolean
imap_tag_is_valid (const gchar *tag)
{
  gsize length = strlen (tag);

  if (length == 0 || length > IMAP_LIMIT_TAG_BYTES)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (tag[i]))
      return FALSE;
  return TRUE;
}

gboolean
imap_base64_is_valid (ImapString text)
{
  gsize length = text.length;

  if (imap_string_is (text, "=") || imap_string_is (text, "*"))
    return TRUE;
  if (text.data == NULL || length % 4 != 0)
    return FALSE;
  for (guint i = 0; i < 2 && length > 0 && text.data[length - 1] == '='; i++)
    length--;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text.data[i]) && text.data[i] != '+' && text.data[i] != '/')
      return FALSE;
  return TRUE;
}
