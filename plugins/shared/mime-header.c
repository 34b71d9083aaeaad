/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Content-Type, Content-Transfer-Encoding and Content-Disposition with their parameters.
 * What they mean for a part is mime.c's business. Any thread.
 */
#include "mime-header.h"

#include <string.h>

#include "header-fields.h"

/* SECTIONS_MAX: of a parameter in sections (RFC 2231 §3); VALUE_BYTES: of a parameter. */
#define SECTIONS_MAX 64
#define VALUE_BYTES  4096

void
mime_each_field (const guint8 *data, gsize length, MimeFieldFunc func, gpointer user_data)
{
  gsize start = 0;
  while (start < length)
    {
      gsize end = start;
      do
        {
          const guint8 *lf = memchr (data + end, '\n', length - end);
          end = lf != NULL ? (gsize) (lf - data) + 1 : length;
        }
      while (end < length && (data[end] == ' ' || data[end] == '\t'));
      if (data[start] == '\n' || (data[start] == '\r' && end - start == 2))
        return;
      func (data + start, end - start, user_data);
      start = end;
    }
}

gboolean
mime_field_is (const guint8 *data, gsize length, const char *name)
{
  HeaderField field = { .data = data, .length = length };
  field.name_length = header_name_length (data, length, &field.value_offset);
  return header_field_is (&field, name);
}

/* ---- values with parameters ---- */

static void
skip_blanks (const char **at)
{
  guint depth = 0;
  for (; **at != '\0'; (*at)++)
    {
      if (**at == '(')
        depth++;
      else if (**at == ')' && depth > 0)
        depth--;
      else if (depth > 0 && **at == '\\' && (*at)[1] != '\0')
        (*at)++;
      else if (depth == 0 && !g_ascii_isspace (**at))
        return;
    }
}

static char *
take_word (const char **at, const char *ends)
{
  const char *start = *at;
  while (**at != '\0' && !g_ascii_isspace (**at) && strchr (ends, **at) == NULL)
    (*at)++;
  return g_ascii_strdown (start, *at - start);
}

/* A token or a quoted string. */
static char *
take_value (const char **at)
{
  GString *value = g_string_new (NULL);
  if (**at != '"')
    {
      while (**at != '\0' && **at != ';' && !g_ascii_isspace (**at))
        g_string_append_c (value, *(*at)++);
      return g_string_free (value, FALSE);
    }
  for ((*at)++; **at != '\0' && **at != '"'; (*at)++)
    {
      if (**at == '\\' && (*at)[1] != '\0')
        (*at)++;
      g_string_append_c (value, **at);
    }
  if (**at == '"')
    (*at)++;
  return g_string_free (value, FALSE);
}

/* Parameters of one field: name in lower case → value; the first of a name counts. */
static GHashTable *
read_parameters (const char *at)
{
  GHashTable *parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                  g_free);
  while ((at = strchr (at, ';')) != NULL)
    {
      at++;
      skip_blanks (&at);
      char *name = take_word (&at, "=;");
      skip_blanks (&at);
      if (*at != '=')
        {
          g_free (name);
          continue;
        }
      at++;
      skip_blanks (&at);
      char *value = take_value (&at);
      if (g_hash_table_contains (parameters, name) || strlen (value) > VALUE_BYTES)
        {
          g_free (name);
          g_free (value);
        }
      else
        g_hash_table_insert (parameters, name, value);
    }
  return parameters;
}

/* charset'language'percent-encoded, as UTF-8. */
static char *
decode_extended (const char *value)
{
  const char *first = strchr (value, '\'');
  const char *second = first != NULL ? strchr (first + 1, '\'') : NULL;
  if (second == NULL)
    return g_strdup (value);
  g_autofree char *charset = g_strndup (value, (gsize) (first - value));
  GString *bytes = g_string_new (NULL);
  for (const char *p = second + 1; *p != '\0'; p++)
    if (*p == '%' && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2]))
      {
        g_string_append_c (bytes, (char) (g_ascii_xdigit_value (p[1]) * 16
                                          + g_ascii_xdigit_value (p[2])));
        p += 2;
      }
    else
      g_string_append_c (bytes, *p);
  char *text = g_convert (bytes->str, (gssize) bytes->len, "UTF-8", charset, NULL, NULL,
                          NULL);
  if (text == NULL)
    text = g_strdup (bytes->str);
  g_string_free (bytes, TRUE);
  return text;
}

/* name, name*, or name*0, name*1* … */
static char *
find_parameter (GHashTable *parameters, const char *name)
{
  g_autofree char *extended = g_strconcat (name, "*", NULL);
  const char *value = g_hash_table_lookup (parameters, extended);
  if (value != NULL)
    return decode_extended (value);
  if ((value = g_hash_table_lookup (parameters, name)) != NULL)
    return g_strdup (value);
  g_autoptr (GString) joined = g_string_new (NULL);
  gboolean encoded = FALSE;
  for (guint i = 0; i < SECTIONS_MAX; i++)
    {
      g_autofree char *plain = g_strdup_printf ("%s*%u", name, i);
      g_autofree char *coded = g_strdup_printf ("%s*%u*", name, i);
      value = g_hash_table_lookup (parameters, coded);
      encoded |= value != NULL && i == 0;
      if (value == NULL)
        value = g_hash_table_lookup (parameters, plain);
      if (value == NULL)
        break;
      g_string_append (joined, value);
    }
  if (joined->len == 0)
    return NULL;
  return encoded ? decode_extended (joined->str) : g_strdup (joined->str);
}

/* ---- fields ---- */

static void
set_name (MimePart *part, GHashTable *parameters, const char *name)
{
  g_autofree char *value = find_parameter (parameters, name);
  if (value == NULL || *value == '\0')
    return;
  g_free (part->name);
  part->name = g_utf8_make_valid (value, -1);
}

static void
read_type (MimeInfo *self, const char *value)
{
  const char *at = value;
  skip_blanks (&at);
  char *type = take_word (&at, ";(");
  if (strchr (type, '/') == NULL)
    {
      /* RFC 2045 §5.2: what cannot be read is text. */
      g_free (type);
      return;
    }
  g_autoptr (GHashTable) parameters = read_parameters (at);
  self->part.type = type;
  set_name (&self->part, parameters, "name");
  char *boundary = find_parameter (parameters, "boundary");
  if (boundary != NULL)
    g_strchomp (boundary);
  if (boundary != NULL && *boundary != '\0' && strlen (boundary) <= MIME_BOUNDARY_BYTES)
    self->boundary = boundary;
  else
    g_free (boundary);
}

static void
read_disposition (MimeInfo *self, const char *value)
{
  const char *at = value;
  skip_blanks (&at);
  self->part.disposition = take_word (&at, ";(");
  g_autoptr (GHashTable) parameters = read_parameters (at);
  set_name (&self->part, parameters, "filename");
}

static void
read_encoding (MimeInfo *self, const char *value)
{
  const char *at = value;
  skip_blanks (&at);
  self->part.encoding = take_word (&at, ";(");
}

static void
on_field (const guint8 *data, gsize length, gpointer user_data)
{
  MimeInfo *self = user_data;
  HeaderField field = { .data = data, .length = length };
  field.name_length = header_name_length (data, length, &field.value_offset);
  gboolean from_line = length > 5
                       && (memcmp (data, "From ", 5) == 0
                           || (length > 6 && memcmp (data, ">From ", 6) == 0));
  if (field.name_length == 0)
    {
      self->broken |= !from_line;
      return;
    }
  g_autofree char *value = header_field_value (&field);
  if (header_field_is (&field, "Content-Type") && self->part.type == NULL)
    read_type (self, value);
  else if (header_field_is (&field, "Content-Transfer-Encoding")
           && self->part.encoding == NULL)
    read_encoding (self, value);
  else if (header_field_is (&field, "Content-Disposition")
           && self->part.disposition == NULL)
    read_disposition (self, value);
}

void
mime_info_read (MimeInfo *self, const guint8 *data, gsize length, gboolean digest)
{
  mime_each_field (data, length, on_field, self);
  if (self->part.type == NULL)
    self->part.type = g_strdup (digest ? "message/rfc822" : "text/plain");
  if (self->part.encoding == NULL || *self->part.encoding == '\0')
    {
      g_free (self->part.encoding);
      self->part.encoding = g_strdup ("7bit");
    }
}

void
mime_info_clear (MimeInfo *self)
{
  g_free (self->part.type);
  g_free (self->part.encoding);
  g_free (self->part.disposition);
  g_free (self->part.name);
  g_free (self->boundary);
  memset (self, 0, sizeof *self);
}
