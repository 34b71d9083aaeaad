/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <strip-attachment larger-than="10M" types="video/mp4"/>: takes attachments out and
 * leaves a note in their place that says what was there. The structure of the message
 * stays; signed and encrypted parts stay whole. An instance never changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

#include "shared/hold.h"
#include "shared/mime.h"
#include "shared/quoted.h"

/* LARGEST: so much of an attachment is held at most, on disk. */
#define LARGEST "1GiB"

typedef struct
{
  guint64 larger_than;
  char **types;
} StripSettings;

static const HaulOptionSpec strip_options[] = {
  HAUL_OPT_SIZE (StripSettings, larger_than, "larger-than", NULL, "1", LARGEST,
                 HAUL_OPT_NONE, "Only attachments above this size, decoded"),
  HAUL_OPT_LIST (StripSettings, types, "types", NULL, HAUL_OPT_NONE,
                 "Only attachments of these types, such as application/pdf or video/*"),
  HAUL_OPT_END
};

/* StripStream: one message. */
typedef struct
{
  const StripSettings *settings;
  HaulTransformOut *out; /* during a call */
  MimeReader *reader;
  gboolean wanted;   /* the leaf under way is of those that may go */
  gboolean gone;     /* it goes */
  char *type, *name; /* of the leaf */
  gboolean top;
  GByteArray *header;
  Hold *body;
  GChecksum *checksum; /* of the decoded content */
  guint64 size;
  char encoding; /* 'b' base64, 'q' quoted-printable, 0: none */
  gint base64_state;
  guint base64_save;
  QuotedDecoder quoted;
  guint8 ends[2]; /* a line end that may belong to the boundary */
  gsize end_length;
} StripStream;

static gboolean
write_out (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  return haul_transform_write (((StripStream *) user_data)->out, data, length, error);
}

/* ---- which parts ---- */

static gboolean
matches_type (char **types, const char *type)
{
  if (types == NULL || types[0] == NULL)
    return TRUE;
  for (; *types != NULL; types++)
    {
      g_autofree char *pattern = g_ascii_strdown (*types, -1);
      gsize length = strlen (pattern);
      gboolean group = length >= 2 && strcmp (pattern + length - 2, "/*") == 0;
      if (strcmp (pattern, "*/*") == 0 || strcmp (pattern, type) == 0
          || (group && strncmp (pattern, type, length - 1) == 0))
        return TRUE;
    }
  return FALSE;
}

/* What a reader sees as the letter itself is none. */
static gboolean
is_attachment (const MimePart *part)
{
  if (g_strcmp0 (part->disposition, "attachment") == 0 || part->name != NULL)
    return TRUE;
  return !g_str_has_prefix (part->type, "text/");
}

/* ---- content ---- */

static void
add_content (StripStream *self, const guint8 *data, gsize length)
{
  if (length == 0)
    return;
  g_checksum_update (self->checksum, data, (gssize) length);
  self->size += length;
}

static void
decode (StripStream *self, const guint8 *data, gsize length)
{
  guint8 buffer[LINE_PIECE_BYTES + 8];
  if (self->encoding == 0)
    add_content (self, data, length);
  else if (self->encoding == 'q')
    add_content (self, buffer, quoted_decode (&self->quoted, data, length, buffer));
  else
    add_content (self, buffer,
                 g_base64_decode_step ((const gchar *) data, length, buffer,
                                       &self->base64_state, &self->base64_save));
}

/* The last line end of a part belongs to the boundary after it. */
static void
decode_line (StripStream *self, const LinePiece *piece)
{
  gsize text = piece->last ? line_text_length (piece) : piece->length;
  decode (self, self->ends, self->end_length);
  decode (self, piece->data, text);
  self->end_length = piece->length - text;
  memcpy (self->ends, piece->data + text, self->end_length);
}

/* ---- the note ---- */

/* What says how a content is made is gone with it. */
static void
copy_field (const guint8 *data, gsize length, gpointer user_data)
{
  gboolean content = length > 8
                     && g_ascii_strncasecmp ((const char *) data, "Content-", 8) == 0
                     && !mime_field_is (data, length, "Content-ID");
  if (!content)
    g_string_append_len (user_data, (const char *) data, (gssize) length);
}

static char *
note_text (StripStream *self)
{
  GString *text = g_string_new ("An attachment was taken out when this message was moved."
                                "\r\n\r\n");
  if (self->name != NULL)
    {
      g_autofree char *name = g_strdup (self->name);
      for (char *p = name; *p != '\0'; p++)
        if (g_ascii_iscntrl (*p))
          *p = ' ';
      g_string_append_printf (text, "Name: %s\r\n", name);
    }
  g_string_append_printf (text, "Type: %s\r\nSize: %" G_GUINT64_FORMAT " bytes\r\n",
                          self->type, self->size);
  g_string_append_printf (text, "SHA-256: %s\r\n",
                          g_checksum_get_string (self->checksum));
  return g_string_free (text, FALSE);
}

static void
append_base64 (GString *out, const char *text)
{
  gsize length = strlen (text), line = 57;
  for (gsize at = 0; at < length; at += line)
    {
      g_autofree char *coded = g_base64_encode ((const guchar *) text + at,
                                                MIN (line, length - at));
      g_string_append_printf (out, "%s\r\n", coded);
    }
}

static gboolean
write_note (StripStream *self, GError **error)
{
  g_autofree char *text = note_text (self);
  g_autoptr (GString) out = g_string_new (NULL);
  gboolean plain = g_str_is_ascii (text);
  mime_each_field (self->header->data, self->header->len, copy_field, out);
  g_string_append_printf (out,
                          "Content-Type: text/plain; charset=%s\r\n"
                          "Content-Transfer-Encoding: %s\r\n"
                          "Content-Disposition: inline\r\n\r\n",
                          plain ? "us-ascii" : "utf-8", plain ? "7bit" : "base64");
  if (plain)
    g_string_append (out, text);
  else
    append_base64 (out, text);
  return write_out ((const guint8 *) out->str, out->len, self, error);
}

/* ---- parts ---- */

static void
begin_part (StripStream *self, const MimePart *part)
{
  g_free (self->type);
  g_free (self->name);
  self->type = g_strdup (part->type);
  self->name = g_strdup (part->name);
  self->encoding = strcmp (part->encoding, "base64") == 0             ? 'b'
                   : strcmp (part->encoding, "quoted-printable") == 0 ? 'q'
                                                                      : 0;
  self->gone = FALSE;
  self->size = 0;
  self->end_length = 0;
  self->base64_state = 0;
  self->base64_save = 0;
  memset (&self->quoted, 0, sizeof self->quoted);
  g_checksum_reset (self->checksum);
  g_byte_array_set_size (self->header, 0);
}

static gboolean
on_header (const MimePart *part, const guint8 *data, gsize length, gpointer user_data,
           GError **error)
{
  StripStream *self = user_data;
  self->wanted = is_attachment (part) && matches_type (self->settings->types, part->type);
  if (!self->wanted)
    return write_out (data, length, self, error);
  begin_part (self, part);
  g_byte_array_append (self->header, data, (guint) length);
  return TRUE;
}

static gboolean
on_line (const LinePiece *piece, gpointer user_data, GError **error)
{
  StripStream *self = user_data;
  if (!self->wanted)
    return write_out (piece->data, piece->length, self, error);
  decode_line (self, piece);
  if (!self->gone && self->size > self->settings->larger_than)
    {
      self->gone = TRUE;
      (void) hold_give (self->body, NULL, NULL, NULL);
    }
  return self->gone || hold_write (self->body, piece->data, piece->length, error);
}

static gboolean
on_end (gpointer user_data, GError **error)
{
  StripStream *self = user_data;
  gboolean wanted = self->wanted;
  self->wanted = FALSE;
  if (!wanted)
    return TRUE;
  if (self->gone)
    return write_note (self, error);
  return write_out (self->header->data, self->header->len, self, error)
         && hold_give (self->body, write_out, self, error);
}

static gpointer
strip_begin (gconstpointer instance, const HaulMessage *message, GError **error)
{
  static const MimeHandler handler = {
    .header = on_header, .line = on_line, .end = on_end, .frame = write_out
  };
  StripStream *self = g_new0 (StripStream, 1);
  self->settings = instance;
  self->reader = mime_reader_new (&handler, self);
  self->header = g_byte_array_new ();
  self->body = hold_new ();
  self->checksum = g_checksum_new (G_CHECKSUM_SHA256);
  return self;
}

static gboolean
strip_push (gpointer transform, const guint8 *data, gsize length, HaulTransformOut *out,
            GError **error)
{
  StripStream *self = transform;
  self->out = out;
  return mime_reader_push (self->reader, data, length, error);
}

static gboolean
strip_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  StripStream *self = transform;
  self->out = out;
  return mime_reader_finish (self->reader, error);
}

static void
strip_stream_free (gpointer transform)
{
  StripStream *self = transform;
  mime_reader_free (self->reader);
  g_byte_array_unref (self->header);
  hold_free (self->body);
  g_checksum_free (self->checksum);
  g_free (self->type);
  g_free (self->name);
  g_free (self);
}

static gboolean
strip_check (gconstpointer data, GError **error)
{
  const StripSettings *settings = data;
  char **type = settings->types;
  if (settings->larger_than == 0 && (type == NULL || *type == NULL))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "give \"larger-than\" or \"types\" (\"*/*\": every "
                           "attachment)");
  for (; type != NULL && *type != NULL; type++)
    if (strchr (*type, '/') == NULL || !g_str_is_ascii (*type))
      return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                             "\"types\" must be types such as video/mp4 or video/*, got "
                             "'%s'",
                             *type);
  return TRUE;
}

static const HaulFilter strip_filter = {
  HAUL_FILTER_HEADER,
  .name = "strip-attachment",
  .summary = "Takes attachments out by size or type and leaves a note",
  .options = strip_options,
  .settings_size = sizeof (StripSettings),
  .effects = HAUL_FILTER_CHANGES_SIZE,
  .check = strip_check,
  .transform_begin = strip_begin,
  .transform_push = strip_push,
  .transform_finish = strip_finish,
  .transform_free = strip_stream_free,
};

HAUL_DEFINE_FILTER (strip_attachment, strip_filter)
