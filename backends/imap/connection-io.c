/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes between the queues of a connection and its link, deflated where that was agreed.
 * Nothing here waits. Belongs to the session's thread. */
#include "connection-private.h"

/* One read: several TLS records, and what a Dovecot sends at a time. */
#define READ_BYTES ((gsize) 128 * 1024)

/* The queue is moved down once this much of it has gone. */
#define COMPACT_BYTES ((gsize) 256 * 1024)

gsize
imap_connection_queued (const ImapConnection *self)
{
  return self->out->len - self->out_at + self->wire_out->len - self->wire_at;
}

void
imap_connection_put (ImapConnection *self, const guint8 *data, gsize length)
{
  g_byte_array_append (self->out, data, (guint) length);
}

static void
compact (GByteArray *queue, gsize *at)
{
  if (*at == queue->len)
    g_byte_array_set_size (queue, 0);
  else if (*at >= COMPACT_BYTES)
    g_byte_array_remove_range (queue, 0, (guint) *at);
  else
    return;
  *at = 0;
}

static gboolean
flush_queue (ImapConnection *self, GByteArray *queue, gsize *at, gboolean *moved,
             GError **error)
{
  while (*at < queue->len)
    {
      gsize written = 0;
      HaulLinkResult result = haul_link_write (self->link, queue->data + *at,
                                               queue->len - *at, &written, error);
      if (result == HAUL_LINK_PENDING)
        break;
      if (result != HAUL_LINK_DATA)
        return FALSE;
      *at += written;
      *moved = TRUE;
      /* A peer that takes bytes is alive: a long body is no silence. */
      imap_pipeline_progress (self->pipeline, g_get_monotonic_time ());
    }
  compact (queue, at);
  return TRUE;
}

gboolean
imap_connection_flush (ImapConnection *self, gboolean *moved, GError **error)
{
  if (self->deflate == NULL)
    return flush_queue (self, self->out, &self->out_at, moved, error);
  if (self->out_at < self->out->len && self->wire_at == self->wire_out->len)
    {
      imap_deflate_compress (self->deflate, self->out->data + self->out_at,
                             self->out->len - self->out_at, TRUE, self->wire_out);
      self->out_at = self->out->len;
      compact (self->out, &self->out_at);
    }
  return flush_queue (self, self->wire_out, &self->wire_at, moved, error);
}

/* One read from the link; *@out_length 0: nothing right now. */
static gboolean
read_link (ImapConnection *self, guint8 *buffer, gsize *out_length, GError **error)
{
  *out_length = 0;
  if (self->ended)
    return TRUE;
  switch (haul_link_read (self->link, buffer, READ_BYTES, out_length, error))
    {
    case HAUL_LINK_DATA:
      return TRUE;
    case HAUL_LINK_PENDING:
      *out_length = 0;
      return TRUE;
    case HAUL_LINK_END:
      *out_length = 0;
      self->ended = TRUE;
      return TRUE;
    case HAUL_LINK_FAILED:
      return FALSE;
    }
  return FALSE;
}

static gboolean
fill_inflated (ImapConnection *self, gsize *out_length, GError **error)
{
  for (;;)
    {
      if (!imap_deflate_inflate (self->deflate, self->in, READ_BYTES, out_length, error))
        return FALSE;
      if (*out_length > 0 || !imap_deflate_wants_input (self->deflate))
        return TRUE;
      gsize length = 0;
      if (self->raw == NULL)
        self->raw = g_malloc (READ_BYTES);
      if (!read_link (self, self->raw, &length, error))
        return FALSE;
      if (length == 0)
        return TRUE;
      imap_deflate_feed (self->deflate, self->raw, length);
    }
}

gboolean
imap_connection_fill (ImapConnection *self, gboolean *moved, GError **error)
{
  gsize length = 0;
  if (self->in_left > 0)
    return TRUE;
  if (self->in == NULL)
    self->in = g_malloc (READ_BYTES);
  gboolean ok = self->deflate != NULL ? fill_inflated (self, &length, error)
                                      : read_link (self, self->in, &length, error);
  if (!ok)
    return FALSE;
  if (length == 0)
    return TRUE;
  self->in_at = self->in;
  self->in_left = length;
  *moved = TRUE;
  imap_trace_received (self->trace, self->in, length);
  imap_pipeline_progress (self->pipeline, g_get_monotonic_time ());
  return TRUE;
}
