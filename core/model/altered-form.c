/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The altered form, span by span. The header is held until its end, for what a line means
 * depends on whether an empty line follows at all; the body passes byte by byte. Only
 * messages in doubt are read so. One thread at a time.
 */
#include "altered-form.h"

#include <string.h>

#include "model/content-digest.h"

/* LONG_BYTES: a longer line is broken by our mending. PIECE_BYTES: the pieces are longer
 * than this: half of it, less some bytes that must stay together. */
#define LONG_BYTES  9900
#define PIECE_BYTES 4900
/* GATHER_BYTES: hashed at a time. */
#define GATHER_BYTES 4096

/* What our mending writes (backends/imap/repair.c). */
#define BROKEN_NAME   "X-Mailhaul-Broken: "
#define ENCLOSED_NAME "X-Mailhaul-Enclosed:"

struct _AlteredReader
{
  Digest *digest;
  GByteArray *header; /* without CR and NUL */
  AlteredForm form;
  gboolean body, enclosed;
  gboolean after_cr;
  gboolean long_seen;
  gboolean held_equals; /* "=", which may end a line that we broke */
  gsize line_length;
  guint64 line_ends; /* held back: they count only if something follows */
  gsize gathered;
  guint8 gather[GATHER_BYTES];
};

static void
flush_gathered (AlteredReader *self)
{
  digest_update (self->digest, self->gather, self->gathered);
  self->gathered = 0;
}

static void
put (AlteredReader *self, guint8 byte)
{
  for (; self->line_ends > 0; self->line_ends--)
    {
      self->gather[self->gathered++] = '\n';
      if (self->gathered == GATHER_BYTES)
        flush_gathered (self);
    }
  self->gather[self->gathered++] = byte;
  if (self->gathered == GATHER_BYTES)
    flush_gathered (self);
}

/* ---- the body ---- */

static void
put_equals (AlteredReader *self)
{
  if (self->held_equals)
    put (self, '=');
  self->held_equals = FALSE;
}

/* Once a line is long enough to be a piece of one that was broken, line ends say nothing
 * more. */
static void
end_line (AlteredReader *self)
{
  if (self->line_length > LONG_BYTES)
    self->form.kinds |= ALTERED_LONG;
  self->long_seen = self->long_seen || self->line_length >= PIECE_BYTES;
  if (self->long_seen)
    self->held_equals = FALSE;
  put_equals (self);
  self->line_ends += self->long_seen ? 0 : 1;
  self->line_length = 0;
}

static void
take_body (AlteredReader *self, guint8 byte)
{
  if (byte == '\n')
    {
      end_line (self);
      return;
    }
  put_equals (self);
  self->line_length++;
  if (byte == '=')
    self->held_equals = TRUE;
  else
    put (self, byte);
}

/* ---- the header ---- */

static gboolean
is_blank (guint8 byte)
{
  return byte == ' ' || byte == '\t';
}

static gboolean
starts_with (const guint8 *line, gsize length, const char *word)
{
  gsize size = strlen (word);
  return length >= size && g_ascii_strncasecmp ((const char *) line, word, size) == 0;
}

/* As the mending judges it: RFC 5322 field name, blanks before the colon tolerated. */
static gboolean
is_field (const guint8 *line, gsize length)
{
  gsize at = 0;
  while (at < length && line[at] > ' ' && line[at] < 0x7f && line[at] != ':')
    at++;
  gsize name = at;
  while (at < length && is_blank (line[at]))
    at++;
  return name > 0 && at < length && line[at] == ':';
}

static gsize
line_size (const guint8 *at, const guint8 *end)
{
  const guint8 *lf = memchr (at, '\n', (gsize) (end - at));
  return (gsize) ((lf != NULL ? lf + 1 : end) - at);
}

/* One line of a field; of a long one neither its breaks nor its blanks count. */
static void
put_header_line (AlteredReader *self, const guint8 *line, gsize length, gboolean is_long)
{
  if (starts_with (line, length, BROKEN_NAME))
    {
      line += strlen (BROKEN_NAME);
      length -= strlen (BROKEN_NAME);
    }
  for (gsize i = 0; i < length; i++)
    {
      if (line[i] >= 0x80)
        self->form.kinds |= ALTERED_8BIT;
      if (line[i] == '\n' && !is_long)
        self->line_ends++;
      else if (line[i] != '\n' && !(is_long && is_blank (line[i])))
        put (self, line[i] >= 0x80 ? 'X' : line[i]);
    }
}

/* A field with the lines that continue it. Returns how many bytes it has. */
static gsize
put_field (AlteredReader *self, const guint8 *at, const guint8 *end)
{
  const guint8 *stop = at + line_size (at, end);
  while (stop < end && is_blank (*stop))
    stop += line_size (stop, end);
  gboolean is_long = (gsize) (stop - at) >= PIECE_BYTES;
  for (const guint8 *line = at; line < stop;)
    {
      gsize size = line_size (line, stop);
      if (size > LONG_BYTES)
        self->form.kinds |= ALTERED_LONG;
      put_header_line (self, line, size, is_long);
      line += size;
    }
  if (is_long)
    self->line_ends++;
  if (content_digest_is_private (at, (gsize) (stop - at)))
    self->form.private_fields++;
  return (gsize) (stop - at);
}

static gboolean
has_field (const guint8 *at, const guint8 *end, const char *name)
{
  for (; at < end; at += line_size (at, end))
    if (starts_with (at, (gsize) (end - at), name))
      return TRUE;
  return FALSE;
}

/* The header is whole. @has_blank: an empty line ended it; else everything behind a line
 * that is no field is body: there the mending puts the empty line. */
static void
take_header (AlteredReader *self, gboolean has_blank)
{
  const guint8 *at = self->header->data;
  const guint8 *end = at + self->header->len;
  gboolean continues = FALSE;
  self->body = TRUE;
  if (at < end
      && (starts_with (at, (gsize) (end - at), "From ")
          || starts_with (at, (gsize) (end - at), ">From ")))
    {
      self->form.kinds |= ALTERED_FROM;
      at += line_size (at, end);
    }
  if (!self->enclosed && has_blank && has_field (at, end, ENCLOSED_NAME))
    {
      /* What counts is the message inside. */
      self->enclosed = TRUE;
      self->body = FALSE;
      g_byte_array_set_size (self->header, 0);
      return;
    }
  while (at < end)
    {
      gsize size = line_size (at, end);
      gboolean good = is_blank (*at) ? continues : is_field (at, size);
      if (!good)
        self->form.kinds |= ALTERED_NAME;
      if (!good && !has_blank)
        break;
      continues = TRUE;
      at += put_field (self, at, end);
    }
  self->line_ends++;
  for (; at < end; at++)
    take_body (self, *at);
  g_byte_array_set_size (self->header, 0);
}

static void
take_head (AlteredReader *self, guint8 byte)
{
  GByteArray *header = self->header;
  gboolean blank = byte == '\n'
                   && (header->len == 0 || header->data[header->len - 1] == '\n');
  if (!blank)
    g_byte_array_append (header, &byte, 1);
  if (blank || header->len == IDENTITY_HEADER_LIMIT_BYTES)
    take_header (self, TRUE);
}

/* ---- the interface ---- */

AlteredReader *
altered_reader_new (void)
{
  AlteredReader *self = g_new0 (AlteredReader, 1);
  self->digest = digest_new ();
  self->header = g_byte_array_new ();
  altered_reader_reset (self);
  return self;
}

void
altered_reader_reset (AlteredReader *self)
{
  digest_reset (self->digest);
  g_byte_array_set_size (self->header, 0);
  self->form = (AlteredForm){ 0 };
  self->body = self->enclosed = self->after_cr = FALSE;
  self->long_seen = self->held_equals = FALSE;
  self->line_length = self->gathered = 0;
  self->line_ends = 0;
}

void
altered_reader_update (AlteredReader *self, const guint8 *data, gsize length)
{
  AlteredForm *form = &self->form;
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = data[i];
      form->lone_crs += self->after_cr && byte != '\n';
      self->after_cr = byte == '\r';
      if (byte == '\r')
        continue;
      form->final_line_ends = byte == '\n' ? form->final_line_ends + 1 : 0;
      form->nuls += byte == '\0';
      if (byte == '\0')
        continue;
      if (self->body)
        take_body (self, byte);
      else
        take_head (self, byte);
    }
}

void
altered_reader_finish (AlteredReader *self, AlteredForm *out)
{
  if (!self->body)
    take_header (self, FALSE);
  if (self->line_length > LONG_BYTES)
    self->form.kinds |= ALTERED_LONG;
  put_equals (self);
  flush_gathered (self);
  self->form.lone_crs += self->after_cr;
  self->form.kinds |= (self->form.nuls > 0 ? ALTERED_NUL : 0)
                      | (self->enclosed ? ALTERED_ENCLOSED : 0);
  digest_finish (self->digest, self->form.digest);
  self->form.known = TRUE;
  *out = self->form;
}

void
altered_reader_free (AlteredReader *self)
{
  if (self == NULL)
    return;
  digest_free (self->digest);
  g_byte_array_unref (self->header);
  g_free (self);
}

gboolean
altered_form_explains (const AlteredForm *own, const AlteredForm *copy)
{
  if (!own->known || !copy->known
      || memcmp (own->digest, copy->digest, sizeof own->digest) != 0)
    return FALSE;
  if (copy->kinds & ~own->kinds & ALTERED_ENCLOSED)
    return TRUE;
  return (own->kinds & ~copy->kinds) != 0 && (copy->kinds & ~own->kinds) == 0;
}

static void
add_difference (GString *text, const char *what, guint64 own, guint64 copy)
{
  if (own != copy)
    g_string_append_printf (text,
                            "%s%s: %" G_GUINT64_FORMAT
                            " at the source, %" G_GUINT64_FORMAT " at the destination",
                            text->len > 0 ? "; " : "", what, own, copy);
}

char *
altered_form_difference (const AlteredForm *own, const AlteredForm *copy)
{
  GString *text = g_string_new (NULL);
  if (own->known && copy->known)
    {
      add_difference (text, "headers with names of an mbox's own", own->private_fields,
                      copy->private_fields);
      add_difference (text, "NUL bytes", own->nuls, copy->nuls);
      add_difference (text, "carriage returns that end no line", own->lone_crs,
                      copy->lone_crs);
      add_difference (text, "line ends behind the last line", own->final_line_ends,
                      copy->final_line_ends);
    }
  return g_string_free (text, text->len == 0);
}
