/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <wrap-lines/>: text with lines that servers refuse (over 998 bytes, RFC 5322 §2.1.1)
 * becomes quoted-printable, which loses nothing, or is wrapped. Only text that stands as
 * it is in the message is looked at: never headers, encoded or signed parts. An instance
 * never changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

#include "shared/hold.h"
#include "shared/mime.h"
#include "shared/quoted.h"

/* LIMIT_MAX: wrapping needs a line in memory. */
#define LIMIT_MAX "64KiB"

typedef struct
{
  guint64 limit;
  int method;
} WrapSettings;

/* WrapMethod: the values of `method`. */
typedef enum
{
  WRAP_QUOTED,
  WRAP_BREAK,
} WrapMethod;

static const char *const method_names[] = { "quoted-printable", "break", NULL };

static const HaulOptionSpec wrap_options[] = {
  HAUL_OPT_SIZE (WrapSettings, limit, "limit", "998", "60", LIMIT_MAX, HAUL_OPT_NONE,
                 "The longest line that stays, without its line end"),
  HAUL_OPT_ENUM (WrapSettings, method, "method", "quoted-printable", method_names,
                 HAUL_OPT_NONE,
                 "Encode parts with longer lines, or break the lines at a blank"),
  HAUL_OPT_END
};

/* WrapPart: what is done with the leaf under way. */
typedef enum
{
  WRAP_LEAVE,  /* stays */
  WRAP_LOOK,   /* held until a long line is met */
  WRAP_ENCODE, /* becomes quoted-printable */
  WRAP_WRAP,   /* its lines are broken */
} WrapPart;

/* WrapStream: one message. */
typedef struct
{
  const WrapSettings *settings;
  HaulTransformOut *out; /* during a call */
  MimeReader *reader;
  WrapPart part;
  gboolean top;        /* the leaf is the message itself */
  GByteArray *header;  /* of a leaf that is held */
  Hold *body;          /* likewise */
  gsize line;          /* bytes of the line under way */
  GByteArray *pending; /* of a line that is broken */
  QuotedEncoder quoted;
} WrapStream;

static gboolean
write_out (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  return haul_transform_write (((WrapStream *) user_data)->out, data, length, error);
}

/* ---- quoted-printable ---- */

/* HeaderEdit: a header on its way to another. */
typedef struct
{
  GString *text;
  gboolean has_version;
} HeaderEdit;

static void
copy_field (const guint8 *data, gsize length, gpointer user_data)
{
  HeaderEdit *edit = user_data;
  edit->has_version |= mime_field_is (data, length, "MIME-Version");
  if (!mime_field_is (data, length, "Content-Transfer-Encoding"))
    g_string_append_len (edit->text, (const char *) data, (gssize) length);
}

static gboolean
write_header (WrapStream *self, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  HeaderEdit edit = { text, FALSE };
  mime_each_field (self->header->data, self->header->len, copy_field, &edit);
  if (self->top && !edit.has_version)
    g_string_append (text, "MIME-Version: 1.0\r\n");
  g_string_append (text, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
  return write_out ((const guint8 *) text->str, text->len, self, error);
}

static gboolean
encode (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  WrapStream *self = user_data;
  return quoted_encode (&self->quoted, data, length, error);
}

/* A long line was met: what is held, and all that follows, is encoded. */
static gboolean
begin_encoding (WrapStream *self, GError **error)
{
  self->part = WRAP_ENCODE;
  quoted_encoder_init (&self->quoted, write_out, self);
  return write_header (self, error) && hold_give (self->body, encode, self, error);
}

static gboolean
look (WrapStream *self, const LinePiece *piece, GError **error)
{
  gsize text = piece->last ? line_text_length (piece) : piece->length;
  self->line = (piece->first ? 0 : self->line) + text;
  if (self->line > self->settings->limit)
    return begin_encoding (self, error)
           && encode (piece->data, piece->length, self, error);
  return hold_write (self->body, piece->data, piece->length, error);
}

/* ---- breaking ---- */

/* Where the pending line, which is longer than a line may be, is broken: behind the last
 * blank that leaves something on both sides; else so that no character is parted. */
static gsize
break_at (const GByteArray *line, gsize limit)
{
  for (gsize i = limit; i > 1; i--)
    if ((line->data[i - 1] == ' ' || line->data[i - 1] == '\t') && line->data[i] != ' '
        && line->data[i] != '\t')
      return i;
  gsize at = limit;
  while (at > limit - 3 && (line->data[at] & 0xc0) == 0x80)
    at--;
  return (line->data[at] & 0xc0) == 0x80 ? limit : at;
}

static gboolean
wrap (WrapStream *self, const LinePiece *piece, GError **error)
{
  gsize limit = (gsize) self->settings->limit;
  gsize text = piece->last ? line_text_length (piece) : piece->length;
  g_byte_array_append (self->pending, piece->data, (guint) text);
  while (self->pending->len > limit)
    {
      gsize at = break_at (self->pending, limit);
      if (!write_out (self->pending->data, at, self, error)
          || !write_out ((const guint8 *) "\r\n", 2, self, error))
        return FALSE;
      g_byte_array_remove_range (self->pending, 0, (guint) at);
    }
  if (!piece->last)
    return TRUE;
  gboolean ok = write_out (self->pending->data, self->pending->len, self, error)
                && write_out (piece->data + text, piece->length - text, self, error);
  g_byte_array_set_size (self->pending, 0);
  return ok;
}

/* ---- parts ---- */

static gboolean
is_open_text (const WrapSettings *settings, const MimePart *part)
{
  gboolean open = strcmp (part->encoding, "7bit") == 0
                  || strcmp (part->encoding, "8bit") == 0
                  || strcmp (part->encoding, "binary") == 0;
  if (settings->method == WRAP_BREAK)
    return open && strcmp (part->type, "text/plain") == 0;
  return open && g_str_has_prefix (part->type, "text/");
}

static gboolean
on_header (const MimePart *part, const guint8 *data, gsize length, gpointer user_data,
           GError **error)
{
  WrapStream *self = user_data;
  gboolean open = is_open_text (self->settings, part);
  self->part = !open                                   ? WRAP_LEAVE
               : self->settings->method == WRAP_QUOTED ? WRAP_LOOK
                                                       : WRAP_WRAP;
  self->top = part->depth == 0;
  self->line = 0;
  if (self->part != WRAP_LOOK)
    return write_out (data, length, self, error);
  g_byte_array_set_size (self->header, 0);
  g_byte_array_append (self->header, data, (guint) length);
  return TRUE;
}

static gboolean
on_line (const LinePiece *piece, gpointer user_data, GError **error)
{
  WrapStream *self = user_data;
  switch (self->part)
    {
    case WRAP_LEAVE:
      return write_out (piece->data, piece->length, self, error);
    case WRAP_LOOK:
      return look (self, piece, error);
    case WRAP_ENCODE:
      return encode (piece->data, piece->length, self, error);
    case WRAP_WRAP:
      return wrap (self, piece, error);
    }
  return TRUE;
}

static gboolean
on_end (gpointer user_data, GError **error)
{
  WrapStream *self = user_data;
  WrapPart part = self->part;
  self->part = WRAP_LEAVE;
  if (part == WRAP_ENCODE)
    return quoted_finish (&self->quoted, error);
  return part != WRAP_LOOK
         || (write_out (self->header->data, self->header->len, self, error)
             && hold_give (self->body, write_out, self, error));
}

static gpointer
wrap_begin (gconstpointer instance, const HaulMessage *message, GError **error)
{
  static const MimeHandler handler = {
    .header = on_header, .line = on_line, .end = on_end, .frame = write_out
  };
  WrapStream *self = g_new0 (WrapStream, 1);
  self->settings = instance;
  self->reader = mime_reader_new (&handler, self);
  self->header = g_byte_array_new ();
  self->pending = g_byte_array_new ();
  self->body = hold_new ();
  return self;
}

static gboolean
wrap_push (gpointer transform, const guint8 *data, gsize length, HaulTransformOut *out,
           GError **error)
{
  WrapStream *self = transform;
  self->out = out;
  return mime_reader_push (self->reader, data, length, error);
}

static gboolean
wrap_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  WrapStream *self = transform;
  self->out = out;
  return mime_reader_finish (self->reader, error);
}

static void
wrap_stream_free (gpointer transform)
{
  WrapStream *self = transform;
  mime_reader_free (self->reader);
  g_byte_array_unref (self->header);
  g_byte_array_unref (self->pending);
  hold_free (self->body);
  g_free (self);
}

static const HaulFilter wrap_filter = {
  HAUL_FILTER_HEADER,
  .name = "wrap-lines",
  .summary = "Encodes or breaks lines of text that are too long for a server",
  .options = wrap_options,
  .settings_size = sizeof (WrapSettings),
  .effects = HAUL_FILTER_CHANGES_SIZE,
  .transform_begin = wrap_begin,
  .transform_push = wrap_push,
  .transform_finish = wrap_finish,
  .transform_free = wrap_stream_free,
};

HAUL_DEFINE_FILTER (wrap_lines, wrap_filter)
