/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MimeReader: lines into headers, bodies and frames by a stack of boundaries. Leaves to
 * mime-header.c what a header says. In doubt a part is handed through: a filter must
 * never break what it does not understand. Any one thread.
 */
#include "mime.h"

#include <string.h>

#include "header-fields.h"
#include "mime-header.h"

/* MimeState: what the line under way is. */
typedef enum
{
  MIME_HEADER, /* of a part, gathered */
  MIME_LEAF,   /* of a leaf's body */
  MIME_FRAME,  /* of nothing that may be changed, up to a boundary */
} MimeState;

struct _MimeReader
{
  const MimeHandler *handler;
  gpointer user_data;
  LineReader lines;
  MimeState state;
  GByteArray *header;
  gboolean digest; /* parts here are messages if they do not say (RFC 2046 §5.1.5) */
  MimeInfo info;
  GPtrArray *boundaries; /* of char *, the outermost first */
};

static gboolean
frame (MimeReader *self, const guint8 *data, gsize length, GError **error)
{
  return length == 0 || self->handler->frame (data, length, self->user_data, error);
}

/* The header turned out to be nothing that may be changed. */
static gboolean
pass_header (MimeReader *self, GError **error)
{
  gboolean ok = frame (self, self->header->data, self->header->len, error);
  g_byte_array_set_size (self->header, 0);
  self->state = MIME_FRAME;
  return ok;
}

static gboolean
is_plain (const char *encoding)
{
  return strcmp (encoding, "7bit") == 0 || strcmp (encoding, "8bit") == 0
         || strcmp (encoding, "binary") == 0;
}

/* The header is whole. */
static gboolean
end_header (MimeReader *self, GError **error)
{
  MimeInfo *info = &self->info;
  mime_info_clear (info);
  mime_info_read (info, self->header->data, self->header->len, self->digest);
  info->part.depth = self->boundaries->len;
  gboolean multipart = g_str_has_prefix (info->part.type, "multipart/");
  gboolean sealed = strcmp (info->part.type, "multipart/signed") == 0
                    || strcmp (info->part.type, "multipart/encrypted") == 0;
  if (!info->broken && !multipart)
    {
      self->state = MIME_LEAF;
      gboolean ok = self->handler->header (&info->part, self->header->data,
                                           self->header->len, self->user_data, error);
      g_byte_array_set_size (self->header, 0);
      return ok;
    }
  if (!info->broken && !sealed && info->boundary != NULL && is_plain (info->part.encoding)
      && self->boundaries->len < MIME_DEPTH)
    {
      g_ptr_array_add (self->boundaries, g_steal_pointer (&info->boundary));
      self->digest = strcmp (info->part.type, "multipart/digest") == 0;
    }
  return pass_header (self, error);
}

/* Whether the line is the boundary of the open multipart at @level. */
static gboolean
is_boundary (const MimeReader *self, const LinePiece *piece, guint level,
             gboolean *out_close)
{
  const char *boundary = self->boundaries->pdata[level];
  gsize length = strlen (boundary), at = 2 + length;
  gsize end = line_text_length (piece);
  if (end < at || memcmp (piece->data + 2, boundary, length) != 0)
    return FALSE;
  *out_close = end >= at + 2 && memcmp (piece->data + at, "--", 2) == 0;
  at += *out_close ? 2 : 0;
  while (at < end && (piece->data[at] == ' ' || piece->data[at] == '\t'))
    at++;
  return at == end;
}

/* A boundary: whatever was open inside of its multipart is over. */
static gboolean
take_boundary (MimeReader *self, const LinePiece *piece, guint level, gboolean close,
               GError **error)
{
  if (self->state == MIME_LEAF && !self->handler->end (self->user_data, error))
    return FALSE;
  if (self->state == MIME_HEADER && !pass_header (self, error))
    return FALSE;
  if (self->boundaries->len > level + 1)
    self->digest = FALSE;
  g_ptr_array_set_size (self->boundaries, (gint) (close ? level : level + 1));
  self->state = close ? MIME_FRAME : MIME_HEADER;
  return frame (self, piece->data, piece->length, error);
}

static gboolean
take_header_line (MimeReader *self, const LinePiece *piece, GError **error)
{
  if (self->header->len + piece->length > MIME_HEADER_BYTES)
    return pass_header (self, error) && frame (self, piece->data, piece->length, error);
  g_byte_array_append (self->header, piece->data, (guint) piece->length);
  gboolean empty = piece->first && piece->last && line_text_length (piece) == 0;
  return !empty || end_header (self, error);
}

static gboolean
on_line (const LinePiece *piece, gpointer user_data, GError **error)
{
  MimeReader *self = user_data;
  gboolean close = FALSE;
  if (piece->first && piece->last && piece->length > 2
      && memcmp (piece->data, "--", 2) == 0)
    for (guint level = self->boundaries->len; level > 0; level--)
      if (is_boundary (self, piece, level - 1, &close))
        return take_boundary (self, piece, level - 1, close, error);
  switch (self->state)
    {
    case MIME_HEADER:
      return take_header_line (self, piece, error);
    case MIME_LEAF:
      return self->handler->line (piece, self->user_data, error);
    case MIME_FRAME:
      return frame (self, piece->data, piece->length, error);
    }
  return TRUE;
}

MimeReader *
mime_reader_new (const MimeHandler *handler, gpointer user_data)
{
  MimeReader *self = g_new0 (MimeReader, 1);
  self->handler = handler;
  self->user_data = user_data;
  self->lines.func = on_line;
  self->lines.user_data = self;
  self->header = g_byte_array_new ();
  self->boundaries = g_ptr_array_new_with_free_func (g_free);
  return self;
}

gboolean
mime_reader_push (MimeReader *self, const guint8 *data, gsize length, GError **error)
{
  return line_reader_push (&self->lines, data, length, error);
}

gboolean
mime_reader_finish (MimeReader *self, GError **error)
{
  if (!line_reader_finish (&self->lines, error))
    return FALSE;
  if (self->state == MIME_LEAF)
    return self->handler->end (self->user_data, error);
  return self->state != MIME_HEADER || pass_header (self, error);
}

void
mime_reader_free (MimeReader *self)
{
  if (self == NULL)
    return;
  mime_info_clear (&self->info);
  g_byte_array_unref (self->header);
  g_ptr_array_unref (self->boundaries);
  g_free (self);
}
