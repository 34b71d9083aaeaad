/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Canonical form and its SHA-256, span by span: long stretches are hashed where they lie,
 * short ones (lines that end in CRLF) are gathered first, so that the cost stays that of
 * the hash. Line state is the only thing kept between spans. One thread at a time.
 */
#include "content-digest.h"

#include <string.h>

/* GATHER_BYTES: short stretches are collected up to this; half of a usual L1 cache. */
#define GATHER_BYTES (16 * 1024)
/* DIRECT_BYTES: from this length on hashing in place is cheaper than copying first. */
#define DIRECT_BYTES 2048
/* NAME_BYTES: a longer start of a line, blanks before the colon included, cannot be a
 * private header; must hold the longest of their names. */
#define NAME_BYTES 32

/* Where in the message the next byte lies. */
typedef enum
{
  PLACE_LINE_START, /* first byte of a header line */
  PLACE_NAME,       /* in a header line that may turn out private: held in `name` */
  PLACE_KEEP,       /* in a header line that stays */
  PLACE_DROP,       /* in a private header */
  PLACE_BODY,
} Place;

struct _ContentDigest
{
  Digest *digest;
  GByteArray *headers; /* NULL: not kept */
  Place place;
  gboolean dropped; /* the last header line was left out */
  gsize name_length;
  guint64 line_ends; /* held back: they count only if something follows */
  gsize gathered;
  char name[NAME_BYTES];
  guint8 gather[GATHER_BYTES];
};

static const char *const private_names[] = { "content-length", "status", "x-status",
                                             "x-keywords",     "x-uid",  "x-imap",
                                             "x-imapbase",     NULL };

/* ---- canonical bytes to the hash ---- */

static void
hash_line_ends (ContentDigest *self)
{
  static const char block[] =
      "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
      "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";

  while (self->line_ends > 0)
    {
      gsize count = MIN (self->line_ends, sizeof block - 1);

      digest_update (self->digest, block, count);
      self->line_ends -= count;
    }
}

/* Hashes canonical bytes except the line ends behind them, which are only counted. */
static void
hash_span (ContentDigest *self, const guint8 *data, gsize length)
{
  gsize kept = length;

  while (kept > 0 && data[kept - 1] == '\n')
    kept--;
  if (kept > 0)
    {
      hash_line_ends (self);
      digest_update (self->digest, data, kept);
    }
  self->line_ends += length - kept;
}

static void
flush_gathered (ContentDigest *self)
{
  hash_span (self, self->gather, self->gathered);
  self->gathered = 0;
}

/* Takes bytes without CR and NUL. */
static void
take_plain (ContentDigest *self, const guint8 *data, gsize length)
{
  if (length >= DIRECT_BYTES)
    {
      flush_gathered (self);
      hash_span (self, data, length);
      return;
    }
  if (length > GATHER_BYTES - self->gathered)
    flush_gathered (self);
  memcpy (self->gather + self->gathered, data, length);
  self->gathered += length;
}

static const guint8 *
find_byte (const guint8 *data, const guint8 *end, int byte)
{
  const guint8 *found = data < end ? memchr (data, byte, end - data) : NULL;

  return found != NULL ? found : end;
}

/* Takes any bytes. The next CR and the next NUL are looked for independently, so that
 * neither is ever searched twice over the same stretch. */
static void
take (ContentDigest *self, const guint8 *data, gsize length)
{
  static const guint8 shown_nul = 0x80;
  const guint8 *end = data + length;
  const guint8 *cr = find_byte (data, end, '\r');
  const guint8 *nul = find_byte (data, end, '\0');

  while (data < end)
    {
      const guint8 *stop = MIN (cr, nul);

      if (stop > data)
        take_plain (self, data, stop - data);
      if (stop == end)
        return;
      data = stop + 1;
      if (stop == nul)
        {
          take_plain (self, &shown_nul, 1);
          nul = find_byte (data, end, '\0');
        }
      else
        cr = find_byte (data, end, '\r');
    }
}

/* ---- the header block ---- */

static gboolean
name_is_private (const char *name, gsize length)
{
  while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == '\t'))
    length--;
  for (gsize i = 0; private_names[i] != NULL; i++)
    if (strlen (private_names[i]) == length
        && g_ascii_strncasecmp (private_names[i], name, length) == 0)
      return TRUE;
  return FALSE;
}

static void
begin_line (ContentDigest *self, Place place)
{
  self->place = place;
  self->dropped = place == PLACE_DROP;
}

/* The line under way is none of the private ones: what was held of its name stays. */
static void
keep_name (ContentDigest *self)
{
  take (self, (const guint8 *) self->name, self->name_length);
  self->name_length = 0;
  begin_line (self, PLACE_KEEP);
}

/* One byte where a header line starts; a CR is no byte at all. */
static void
step_line_start (ContentDigest *self, guint8 byte)
{
  if (byte == '\n')
    {
      take (self, &byte, 1);
      self->place = PLACE_BODY;
      return;
    }
  if (byte == ' ' || byte == '\t')
    begin_line (self, self->dropped ? PLACE_DROP : PLACE_KEEP);
  else if (strchr ("csxCSX", byte) != NULL && byte != '\0')
    {
      self->place = PLACE_NAME;
      self->name[0] = (char) byte;
      self->name_length = 1;
      return;
    }
  else
    begin_line (self, PLACE_KEEP);
  if (self->place == PLACE_KEEP)
    take (self, &byte, 1);
}

/* One byte of a line that may be private. */
static void
step_name (ContentDigest *self, guint8 byte)
{
  if (byte == ':' && name_is_private (self->name, self->name_length))
    {
      self->name_length = 0;
      begin_line (self, PLACE_DROP);
      return;
    }
  if (byte == ':' || byte == '\n' || self->name_length == NAME_BYTES)
    {
      keep_name (self);
      take (self, &byte, 1);
      if (byte == '\n')
        self->place = PLACE_LINE_START;
      return;
    }
  self->name[self->name_length++] = (char) byte;
}

/* Goes on in the header block. Returns how many bytes belonged to it. */
static gsize
take_headers (ContentDigest *self, const guint8 *data, gsize length)
{
  const guint8 *p = data;
  const guint8 *end = data + length;

  while (p < end && self->place != PLACE_BODY)
    {
      const guint8 *line_end;

      if (self->place == PLACE_LINE_START || self->place == PLACE_NAME)
        {
          if (*p != '\r' && self->place == PLACE_LINE_START)
            step_line_start (self, *p);
          else if (*p != '\r')
            step_name (self, *p);
          p++;
          continue;
        }
      line_end = find_byte (p, end, '\n');
      if (line_end < end)
        line_end++;
      if (self->place == PLACE_KEEP)
        take (self, p, line_end - p);
      if (line_end[-1] == '\n')
        self->place = PLACE_LINE_START;
      p = line_end;
    }
  return p - data;
}

/* ---- the interface ---- */

ContentDigest *
content_digest_new (gboolean keep_headers)
{
  ContentDigest *self = g_new (ContentDigest, 1);

  self->digest = digest_new ();
  self->headers = keep_headers ? g_byte_array_new () : NULL;
  content_digest_reset (self);
  return self;
}

void
content_digest_reset (ContentDigest *self)
{
  digest_reset (self->digest);
  if (self->headers != NULL)
    g_byte_array_set_size (self->headers, 0);
  self->place = PLACE_LINE_START;
  self->dropped = FALSE;
  self->name_length = 0;
  self->line_ends = 0;
  self->gathered = 0;
}

void
content_digest_update (ContentDigest *self, const guint8 *data, gsize length)
{
  gsize used = 0;

  if (self->place != PLACE_BODY)
    {
      used = take_headers (self, data, length);
      if (self->headers != NULL)
        g_byte_array_append (
            self->headers, data,
            MIN (used, IDENTITY_HEADER_LIMIT_BYTES - self->headers->len));
    }
  if (used < length)
    take (self, data + used, length - used);
}

void
content_digest_finish (ContentDigest *self, guint8 *out)
{
  if (self->place == PLACE_NAME)
    keep_name (self);
  flush_gathered (self);
  self->line_ends = 1;
  hash_line_ends (self);
  digest_finish (self->digest, out);
}

gboolean
content_digest_headers_done (const ContentDigest *self)
{
  return self->place == PLACE_BODY
         || (self->headers != NULL && self->headers->len == IDENTITY_HEADER_LIMIT_BYTES);
}

const guint8 *
content_digest_headers (const ContentDigest *self, gsize *out_length)
{
  *out_length = self->headers != NULL ? self->headers->len : 0;
  return self->headers != NULL ? self->headers->data : NULL;
}

gboolean
content_digest_is_private (const guint8 *line, gsize length)
{
  const guint8 *colon = memchr (line, ':', MIN (length, NAME_BYTES + 1));
  return colon != NULL && name_is_private ((const char *) line, (gsize) (colon - line));
}

void
content_digest_free (ContentDigest *self)
{
  if (self == NULL)
    return;
  digest_free (self->digest);
  if (self->headers != NULL)
    g_byte_array_unref (self->headers);
  g_free (self);
}
