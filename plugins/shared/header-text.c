/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of header fields as text for regular expressions and back, folding, encoded
 * words. Any thread.
 */
#include "header-text.h"

#include <string.h>

#include <mailhaul/error.h>

/* FOLD_BYTES: the length of a line that RFC 5322 §2.1.1 recommends. */
#define FOLD_BYTES 78
/* WORD_BYTES: of text in one encoded word: with =?UTF-8?B?…?= 72 of the 75 characters
 * allowed (RFC 2047 §2). */
#define WORD_BYTES 45
/* VALUE_LIMIT_BYTES: replacing must not blow up what a stranger wrote. */
#define VALUE_LIMIT_BYTES (256 * 1024)

void
header_text_init (HeaderText *self, const HeaderField *field)
{
  g_autofree char *value = header_field_value (field);
  self->latin1 = !g_utf8_validate (value, -1, NULL);
  self->utf8 = self->latin1
                   ? g_convert (value, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL)
                   : g_steal_pointer (&value);
  if (self->utf8 == NULL)
    self->utf8 = g_utf8_make_valid (value, -1);
}

void
header_text_clear (HeaderText *self)
{
  g_clear_pointer (&self->utf8, g_free);
}

static void
append_template (GString *result, const GMatchInfo *match, const char *template)
{
  for (const char *p = template; *p != '\0'; p++)
    {
      if (*p != '\\')
        {
          g_string_append_c (result, *p);
          continue;
        }
      p++;
      g_autofree char *group = *p == '\\' ? g_strdup ("\\")
                                          : g_match_info_fetch (match, *p - '0');
      g_string_append (result, group != NULL ? group : "");
    }
}

static gboolean
replace_all (const HeaderText *self, GRegex *pattern, const char *template,
             GString *result, GError **error)
{
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GError) failure = NULL;
  int at = 0;
  gboolean found = g_regex_match_full (pattern, self->utf8, -1, 0, 0, &match, &failure);
  while (found && failure == NULL && result->len <= VALUE_LIMIT_BYTES)
    {
      int start = 0, end = 0;
      g_match_info_fetch_pos (match, 0, &start, &end);
      g_string_append_len (result, self->utf8 + at, start - at);
      append_template (result, match, template);
      at = end;
      found = g_match_info_next (match, &failure);
    }
  g_string_append (result, self->utf8 + at);
  if (failure != NULL)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                           "\"match\": %s", failure->message);
  if (result->len > VALUE_LIMIT_BYTES)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                           "the value would have more than %d bytes", VALUE_LIMIT_BYTES);
  return TRUE;
}

char *
header_text_replace (const HeaderText *self, GRegex *pattern, const char *template,
                     GError **error)
{
  g_autoptr (GString) result = g_string_new (NULL);
  if (!replace_all (self, pattern, template, result, error))
    return NULL;
  if (!self->latin1)
    return g_strdup (result->str);
  char *bytes = g_convert (result->str, -1, "ISO-8859-1", "UTF-8", NULL, NULL, NULL);
  return bytes != NULL ? bytes : g_strdup (result->str);
}

/* Where the line that begins at @line is folded: a blank with text behind it, or 0. */
static gsize
fold_at (const char *line, gsize length, gsize before)
{
  gsize found = 0;
  for (gsize i = 1; i + 1 < length && (before + i <= FOLD_BYTES || found == 0); i++)
    if ((line[i] == ' ' || line[i] == '\t') && line[i + 1] != ' ' && line[i + 1] != '\t')
      found = i;
  return found;
}

char *
header_fold (const char *name, const char *value)
{
  g_autofree char *text = g_strdup (value);
  GString *result = g_string_new (NULL);
  g_strstrip (g_strdelimit (text, "\r\n", ' '));
  g_string_append_printf (result, "%s: ", name);
  gsize before = result->len, length = strlen (text);
  const char *line = text;
  while (before + length > FOLD_BYTES)
    {
      gsize at = fold_at (line, length, before);
      if (at == 0)
        break;
      g_string_append_len (result, line, (gssize) at);
      g_string_append (result, "\r\n");
      line += at;
      length -= at;
      before = 0;
    }
  g_string_append_len (result, line, (gssize) length);
  g_string_append (result, "\r\n");
  return g_string_free (result, FALSE);
}

char *
header_encode (const char *text)
{
  GString *result = g_string_new (NULL);
  for (const char *end = text; *text != '\0'; text = end)
    {
      while (*end != '\0' && g_utf8_next_char (end) - text <= WORD_BYTES)
        end = g_utf8_next_char (end);
      g_autofree char *word = g_base64_encode ((const guchar *) text,
                                               (gsize) (end - text));
      g_string_append_printf (result, "%s=?UTF-8?B?%s?=", result->len > 0 ? " " : "",
                              word);
    }
  return g_string_free (result, FALSE);
}

static gboolean
is_among (const char *name, const char *const *names)
{
  for (; *names != NULL; names++)
    if (g_ascii_strcasecmp (name, *names) == 0)
      return TRUE;
  return FALSE;
}

gboolean
header_is_structured (const char *name)
{
  static const char *const names[] = { "From",
                                       "Sender",
                                       "Reply-To",
                                       "To",
                                       "Cc",
                                       "Bcc",
                                       "Date",
                                       "Message-ID",
                                       "In-Reply-To",
                                       "References",
                                       "Received",
                                       "Return-Path",
                                       "MIME-Version",
                                       "Content-Type",
                                       "Content-Transfer-Encoding",
                                       "Content-Disposition",
                                       "Content-ID",
                                       NULL };
  return is_among (name, names);
}

gboolean
header_names_message (const char *name)
{
  static const char *const names[] = { "Date",        "From",       "To",
                                       "Cc",          "Subject",    "Message-ID",
                                       "In-Reply-To", "References", NULL };
  return is_among (name, names);
}

gboolean
header_ends_before (const HeaderField *field)
{
  if (field->name_length > 0 || field->data[0] == ' ' || field->data[0] == '\t')
    return FALSE;
  return !(field->length >= 5 && memcmp (field->data, "From ", 5) == 0)
         && !(field->length >= 6 && memcmp (field->data, ">From ", 6) == 0);
}
