/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only place of zlib. Output is drained into bounded buffers, so that a stream that
 * inflates a thousandfold costs no memory. Belongs to the session's thread. */
#include "deflate.h"

#include <zlib.h>

#include <mailhaul/error.h>

/* Raw deflate, no zlib header (RFC 4978 §4). */
#define WINDOW_BITS (-15)

/* Mail is mostly base64: higher levels cost much and gain little (imap.md 2.6). */
#define LEVEL 1

/* Room that a compression step asks for at a time. */
#define STEP_BYTES 16384u

struct _ImapDeflate
{
  z_stream out, in;
  GByteArray *input; /* fed, not yet used up */
  gsize used;
};

ImapDeflate *
imap_deflate_new (void)
{
  ImapDeflate *self = g_new0 (ImapDeflate, 1);
  self->input = g_byte_array_new ();
  /* Fails only without memory or with a zlib of another version. */
  if (deflateInit2 (&self->out, LEVEL, Z_DEFLATED, WINDOW_BITS, 8, Z_DEFAULT_STRATEGY)
          != Z_OK
      || inflateInit2 (&self->in, WINDOW_BITS) != Z_OK)
    g_error ("zlib cannot be used: %s", zlibVersion ());
  return self;
}

void
imap_deflate_free (ImapDeflate *self)
{
  if (self == NULL)
    return;
  (void) deflateEnd (&self->out);
  (void) inflateEnd (&self->in);
  g_byte_array_unref (self->input);
  g_free (self);
}

void
imap_deflate_compress (ImapDeflate *self, const guint8 *data, gsize length,
                       gboolean flush, GByteArray *out)
{
  self->out.next_in = (Bytef *) data;
  self->out.avail_in = (uInt) length;
  gboolean full = TRUE;
  while (self->out.avail_in > 0 || full)
    {
      guint start = out->len;
      g_byte_array_set_size (out, start + STEP_BYTES);
      self->out.next_out = out->data + start;
      self->out.avail_out = STEP_BYTES;
      (void) deflate (&self->out, flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
      full = self->out.avail_out == 0;
      g_byte_array_set_size (out, start + STEP_BYTES - self->out.avail_out);
    }
}

void
imap_deflate_feed (ImapDeflate *self, const guint8 *data, gsize length)
{
  g_byte_array_set_size (self->input, 0);
  g_byte_array_append (self->input, data, (guint) length);
  self->used = 0;
}

gboolean
imap_deflate_wants_input (const ImapDeflate *self)
{
  return self->used >= self->input->len;
}

gboolean
imap_deflate_inflate (ImapDeflate *self, guint8 *buffer, gsize size, gsize *out_length,
                      GError **error)
{
  self->in.next_in = self->input->data == NULL ? NULL : self->input->data + self->used;
  self->in.avail_in = (uInt) (self->input->len - self->used);
  self->in.next_out = buffer;
  self->in.avail_out = (uInt) size;
  int status = inflate (&self->in, Z_SYNC_FLUSH);
  self->used = self->input->len - self->in.avail_in;
  if (status != Z_OK && status != Z_BUF_ERROR)
    return haul_error_set (error, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_SESSION,
                           "inflate what the server sends: %s",
                           self->in.msg != NULL ? self->in.msg
                                                : "the compressed stream ended");
  *out_length = size - self->in.avail_out;
  return TRUE;
}
