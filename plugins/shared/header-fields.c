/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HeaderReader: gathers lines into fields up to the first empty line. It judges nothing:
 * lines that are no field are handed over as such, where they stand. Any one thread.
 */
#include "header-fields.h"

#include <string.h>

/* NAME_BYTES: a name with its colon must fit into a line of 78 (RFC 5322 §2.1.1). */
#define NAME_BYTES 76

struct _HeaderReader
{
  const HeaderHandler *handler;
  gpointer user_data;
  LineReader lines;
  GByteArray *field;  /* the one under way */
  gboolean over;      /* it was handed over, and its rest follows */
  gboolean continued; /* the line under way belongs to the field before */
  gboolean body;
};

gsize
header_name_length (const guint8 *data, gsize length, gsize *out_value)
{
  gsize name = 0;
  while (name < length && data[name] > ' ' && data[name] < 127 && data[name] != ':')
    name++;
  gsize at = name;
  while (at < length && (data[at] == ' ' || data[at] == '\t'))
    at++;
  if (name == 0 || at >= length || data[at] != ':')
    return 0;
  *out_value = at + 1;
  return name;
}

gboolean
header_field_is (const HeaderField *field, const char *name)
{
  return strlen (name) == field->name_length
         && g_ascii_strncasecmp ((const char *) field->data, name, field->name_length)
                == 0;
}

char *
header_field_value (const HeaderField *field)
{
  GString *text = g_string_sized_new (field->length);
  const char *data = (const char *) field->data;
  for (gsize i = field->value_offset; i < field->length; i++)
    {
      gsize end = data[i] == '\r' ? i + 1 : i;
      if (end < field->length && data[end] == '\n')
        i = end; /* what it folds stays: the blank after it */
      else if (data[i] == '\0')
        g_string_append (text, "\357\277\275");
      else
        g_string_append_c (text, data[i]);
    }
  return g_strstrip (g_string_free (text, FALSE));
}

gboolean
header_name_is_valid (const char *name)
{
  gsize length = strlen (name);
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p) || *p == ':')
      return FALSE;
  return length >= 1 && length <= NAME_BYTES;
}

/* Hands over what is held. */
static gboolean
flush_field (HeaderReader *self, gboolean cut, GError **error)
{
  HeaderField field = { .data = self->field->data,
                        .length = self->field->len,
                        .cut = cut };
  gboolean ok = TRUE;
  if (self->field->len == 0)
    return TRUE;
  if (self->over)
    ok = self->handler->rest (field.data, field.length, self->user_data, error);
  else
    {
      field.name_length = header_name_length (field.data, field.length,
                                              &field.value_offset);
      ok = self->handler->field (&field, self->user_data, error);
    }
  self->over = cut;
  g_byte_array_set_size (self->field, 0);
  return ok;
}

/* The line goes on with the field before it. */
static gboolean
continues (HeaderReader *self, const LinePiece *piece)
{
  return (self->field->len > 0 || self->over)
         && (piece->data[0] == ' ' || piece->data[0] == '\t');
}

static gboolean
on_line (const LinePiece *piece, gpointer user_data, GError **error)
{
  HeaderReader *self = user_data;
  if (self->body)
    return self->handler->body (piece->data, piece->length, self->user_data, error);
  gboolean empty = piece->first && piece->last && line_text_length (piece) == 0;
  if (piece->first && !continues (self, piece))
    {
      if (!flush_field (self, FALSE, error))
        return FALSE;
      self->over = FALSE;
    }
  if (empty)
    {
      self->body = TRUE;
      return self->handler->end (TRUE, self->user_data, error)
             && self->handler->body (piece->data, piece->length, self->user_data, error);
    }
  if (self->field->len + piece->length > HEADER_FIELD_BYTES
      && !flush_field (self, TRUE, error))
    return FALSE;
  g_byte_array_append (self->field, piece->data, (guint) piece->length);
  return TRUE;
}

HeaderReader *
header_reader_new (const HeaderHandler *handler, gpointer user_data)
{
  HeaderReader *self = g_new0 (HeaderReader, 1);
  self->handler = handler;
  self->user_data = user_data;
  self->lines.func = on_line;
  self->lines.user_data = self;
  self->field = g_byte_array_new ();
  return self;
}

gboolean
header_reader_push (HeaderReader *self, const guint8 *data, gsize length, GError **error)
{
  /* The body is of no more interest, and need not be cut into lines. */
  if (self->body && self->lines.held == 0)
    return self->handler->body (data, length, self->user_data, error);
  return line_reader_push (&self->lines, data, length, error);
}

gboolean
header_reader_finish (HeaderReader *self, GError **error)
{
  if (!line_reader_finish (&self->lines, error))
    return FALSE;
  if (self->body)
    return TRUE;
  return flush_field (self, FALSE, error)
         && self->handler->end (FALSE, self->user_data, error);
}

void
header_reader_free (HeaderReader *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->field);
  g_free (self);
}
