/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gmail labels: decoding and splitting. Labels in other languages than English stay
 * labels. Pure: any thread.
 */
#include "labels.h"

#include <string.h>

#include "status.h"

/* One "=?charset?x?text?=" at @at; its decoded text to @out; NULL: none here. Returns
 * where it ends. */
static const char *
decode_word (const char *at, GString *out)
{
  const char *charset = at + 2;
  const char *encoding = strchr (charset, '?');
  if (encoding == NULL || encoding[1] == '\0' || encoding[2] != '?')
    return NULL;
  const char *text = encoding + 3;
  const char *end = strstr (text, "?=");
  gboolean known = g_ascii_strncasecmp (charset, "utf-8?", 6) == 0
                   || g_ascii_strncasecmp (charset, "us-ascii?", 9) == 0;
  if (end == NULL || !known)
    return NULL;
  if (g_ascii_toupper (encoding[1]) == 'B')
    {
      g_autofree char *base64 = g_strndup (text, (gsize) (end - text));
      gsize length = 0;
      g_autofree guchar *bytes = g_base64_decode (base64, &length);
      g_string_append_len (out, (const char *) bytes, (gssize) length);
      return end + 2;
    }
  for (const char *p = text; p < end; p++)
    {
      int high = *p == '=' && end - p > 2 ? g_ascii_xdigit_value (p[1]) : -1;
      int low = high >= 0 ? g_ascii_xdigit_value (p[2]) : -1;
      if (low >= 0)
        p += 2;
      g_string_append_c (out, low >= 0 ? (char) (high * 16 + low) : *p == '_' ? ' ' : *p);
    }
  return end + 2;
}

/* Unfolds and decodes; blanks between two encoded words go. */
static char *
decode (const char *value)
{
  GString *out = g_string_new (NULL);
  gboolean after_word = FALSE;
  for (const char *p = value; *p != '\0';)
    {
      gsize blanks = strspn (p, " \t\r\n");
      gboolean word = strncmp (p + blanks, "=?", 2) == 0;
      const char *end = NULL;
      gsize length = out->len;
      if (word && (end = decode_word (p + blanks, out)) != NULL)
        {
          if (blanks > 0 && !after_word)
            g_string_insert_c (out, (gssize) length, ' ');
          after_word = TRUE;
          p = end;
          continue;
        }
      after_word = FALSE;
      if (blanks > 0)
        {
          g_string_append_c (out, ' ');
          p += blanks;
        }
      else
        g_string_append_c (out, *p++);
    }
  return g_string_free (out, FALSE);
}

static guint32
take_label (const char *label, gboolean *unread,
            void (*func) (const char *label, gpointer user_data), gpointer user_data)
{
  if (g_ascii_strcasecmp (label, "Unread") == 0)
    {
      *unread = TRUE;
      return 0;
    }
  if (g_ascii_strcasecmp (label, "Opened") == 0)
    return HAUL_FLAG_SEEN;
  if (g_ascii_strcasecmp (label, "Starred") == 0)
    return HAUL_FLAG_FLAGGED;
  if (g_ascii_strcasecmp (label, "Draft") == 0
      || g_ascii_strcasecmp (label, "Drafts") == 0)
    return HAUL_FLAG_DRAFT;
  if (func != NULL && label[0] != '\0')
    func (label, user_data);
  return 0;
}

guint32
mbox_labels_parse (const char *value,
                   void (*func) (const char *label, gpointer user_data),
                   gpointer user_data)
{
  g_autofree char *text = decode (value);
  g_autoptr (GString) label = g_string_new (NULL);
  gboolean quoted = FALSE, unread = FALSE;
  guint32 flags = 0;
  for (const char *p = text;; p++)
    {
      if (*p == '\0' || (*p == ',' && !quoted))
        {
          flags |= take_label (g_strstrip (label->str), &unread, func, user_data);
          g_string_truncate (label, 0);
          if (*p == '\0')
            break;
        }
      else if (*p == '"')
        quoted = !quoted;
      else
        g_string_append_c (label, *p);
    }
  return unread ? flags & ~(guint32) HAUL_FLAG_SEEN : flags;
}

char *
mbox_label_to_keyword (const char *label)
{
  if (g_ascii_strcasecmp (label, "Important") == 0)
    return g_strdup ("$Important");
  char *keyword = g_strdup (label[0] == '\\' ? label + 1 : label);
  g_strdelimit (keyword, " \t", '_');
  if (haul_keyword_is_valid (keyword))
    return keyword;
  g_free (keyword);
  return NULL;
}
