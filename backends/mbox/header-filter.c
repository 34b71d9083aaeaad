/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The streaming filter for header blocks. A line is known by its first bytes; a line that
 * begins with a blank belongs to the field before. What the fields mean is read in
 * status.c. Pure: any thread.
 */
#include "header-filter.h"

#include <string.h>

/* Name: a field that is not simply the message's own. */
typedef struct
{
  const char *name;
  MboxField field;
} Name;

static const Name names[] = {
  { "Content-Length", MBOX_FIELD_PRIVATE },
  { "Status", MBOX_FIELD_PRIVATE },
  { "X-IMAP", MBOX_FIELD_PRIVATE },
  { "X-IMAPbase", MBOX_FIELD_PRIVATE },
  { "X-Keywords", MBOX_FIELD_PRIVATE },
  { "X-Status", MBOX_FIELD_PRIVATE },
  { "X-UID", MBOX_FIELD_PRIVATE },
  { "X-Mozilla-Status", MBOX_FIELD_MOZILLA },
  { "X-Mozilla-Status2", MBOX_FIELD_MOZILLA },
  { "X-Mozilla-Keys", MBOX_FIELD_MOZILLA },
  { "X-Gmail-Labels", MBOX_FIELD_NOTED },
  { "Subject", MBOX_FIELD_NOTED },
};

/* The row of the field whose line begins with @line; NULL: the message's own. */
static const Name *
find_name (const guint8 *line, gsize length)
{
  gsize name = 0;
  while (name < length && g_ascii_isgraph (line[name]) && line[name] != ':')
    name++;
  gsize colon = name;
  while (colon < length && (line[colon] == ' ' || line[colon] == '\t'))
    colon++;
  if (colon == length || line[colon] != ':')
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strlen (names[i].name) == name
        && g_ascii_strncasecmp ((const char *) line, names[i].name, name) == 0)
      return &names[i];
  return NULL;
}

MboxField
mbox_field_of (const guint8 *line, gsize length)
{
  const Name *name = find_name (line, length);
  return name != NULL ? name->field : MBOX_FIELD_OWN;
}

guint32
mbox_field_bit (const guint8 *line, gsize length)
{
  const Name *name = find_name (line, length);
  return name != NULL ? 1u << (name - names) : 0;
}

const char *
mbox_field_name (guint index)
{
  return index < G_N_ELEMENTS (names) ? names[index].name : NULL;
}

void
mbox_header_filter_init (MboxHeaderFilter *self, MboxFieldFunc func, gpointer user_data)
{
  *self = (MboxHeaderFilter){ .func = func, .user_data = user_data };
}

static gboolean
flush_head (MboxHeaderFilter *self)
{
  gsize length = self->head_length;
  self->in_line = TRUE;
  self->head_length = 0;
  if (length == 0)
    return TRUE;
  gboolean folded = self->head[0] == ' ' || self->head[0] == '\t';
  if (!folded)
    self->field = mbox_field_of (self->head, length);
  return self->func (self->field, self->head, length, self->user_data);
}

/* Collects the start of a line until it is known. */
static gboolean
feed_head (MboxHeaderFilter *self, const guint8 *data, gsize length, gsize *out_taken)
{
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = data[i];
      self->head[self->head_length++] = byte;
      gsize have = self->head_length;
      *out_taken = i + 1;
      if (byte == '\n' && (have == 1 || (have == 2 && self->head[0] == '\r')))
        {
          self->ended = TRUE;
          self->blank_bytes = have;
          self->head_length = 0;
          return TRUE;
        }
      gboolean folded = have == 1 && (byte == ' ' || byte == '\t');
      if (byte != '\n' && byte != ':' && !folded && have < sizeof self->head)
        continue;
      if (!flush_head (self))
        return FALSE;
      self->in_line = byte != '\n';
      return TRUE;
    }
  return TRUE;
}

gboolean
mbox_header_filter_feed (MboxHeaderFilter *self, const guint8 *data, gsize length,
                         gsize *out_taken)
{
  gsize at = 0;
  while (at < length && !self->ended)
    {
      gsize taken = 0;
      if (!self->in_line)
        {
          if (!feed_head (self, data + at, length - at, &taken))
            return FALSE;
          at += taken;
          continue;
        }
      const guint8 *newline = memchr (data + at, '\n', length - at);
      taken = newline ? (gsize) (newline - data) + 1 - at : length - at;
      if (!self->func (self->field, data + at, taken, self->user_data))
        return FALSE;
      self->in_line = newline == NULL;
      at += taken;
    }
  *out_taken = at;
  return TRUE;
}

gboolean
mbox_header_filter_finish (MboxHeaderFilter *self)
{
  return self->ended || flush_head (self);
}

void
mbox_capture_init (MboxCapture *self, GByteArray *bytes)
{
  *self = (MboxCapture){ .bytes = bytes };
  g_byte_array_set_size (bytes, 0);
}

void
mbox_capture_add (MboxCapture *self, MboxField field, const guint8 *data, gsize length)
{
  if (field == MBOX_FIELD_OWN || length == 0)
    return;
  if (self->line_length == 0)
    {
      gboolean subject = field == MBOX_FIELD_NOTED && (data[0] == 'S' || data[0] == 's');
      self->line_limit = subject ? MBOX_CAPTURE_NOTED_BYTES : MBOX_CAPTURE_LINE_BYTES;
    }
  gboolean ends = data[length - 1] == '\n';
  gsize room = self->line_limit - MIN (self->line_length, self->line_limit);
  gsize left = MBOX_CAPTURE_LIMIT_BYTES
               - MIN (MBOX_CAPTURE_LIMIT_BYTES, self->bytes->len);
  gsize size = MIN (MIN (length, room), left);
  g_byte_array_append (self->bytes, data, (guint) size);
  if (ends && size < length)
    g_byte_array_append (self->bytes, (const guint8 *) "\n", 1);
  self->line_length = ends ? 0 : self->line_length + length;
}
