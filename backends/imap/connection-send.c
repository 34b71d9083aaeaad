/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues the command being sent, piece by piece: waits for "+" where a piece says so, for
 * bodies that are still arriving, and ends early what the server has answered already.
 * Belongs to the session's thread. */
#include "connection-private.h"

/* Queued output beyond which nothing is added: the queue stays ours, so that a refusal
 * stops what was not sent, and memory is bounded. */
#define QUEUE_BYTES ((gsize) 256 * 1024)

void
imap_connection_end_sending (ImapConnection *self)
{
  g_clear_pointer (&self->sending.command, imap_command_free);
  self->sending = (ImapSending){ 0 };
}

/* The last piece is queued. */
static void
finish (ImapConnection *self)
{
  ImapSending sending = self->sending;
  self->sending = (ImapSending){ 0 };
  imap_command_free (sending.command);
  imap_pipeline_sent (self->pipeline);
  if (!sending.early)
    return;
  if (sending.pending->done != NULL)
    sending.pending->done (&sending.reply.reply, sending.pending->user_data);
  g_free (sending.pending);
  imap_reply_clear (&sending.reply);
}

/* The next piece into sending.segment. FALSE: there is none, or it must wait. */
static gboolean
next_segment (ImapConnection *self)
{
  ImapSending *sending = &self->sending;
  if (sending->has_segment)
    return TRUE;
  if (sending->early && sending->in_body)
    {
      imap_connection_put (self, (const guint8 *) "\r\n", 2);
      imap_trace_sent (self->trace, (const guint8 *) "\r\n", 2, FALSE);
      finish (self);
      return FALSE;
    }
  if (!imap_command_next (sending->command, &sending->segment))
    {
      finish (self);
      return FALSE;
    }
  sending->has_segment = TRUE;
  sending->offset = 0;
  if (!sending->segment.await || sending->early)
    return TRUE;
  sending->waits = TRUE;
  imap_pipeline_await (self->pipeline);
  return FALSE;
}

/* Queues a part of a body. FALSE: no more right now, or broken (@error). */
static gboolean
put_body (ImapConnection *self, GError **error)
{
  ImapSending *sending = &self->sending;
  const ImapSegment *segment = &sending->segment;
  while (sending->offset < segment->size)
    {
      if (imap_connection_queued (self) > QUEUE_BYTES)
        return FALSE;
      HaulBytes span = HAUL_NO_BYTES;
      guint64 left = segment->size - sending->offset;
      gsize limit = (gsize) MIN (left, (guint64) QUEUE_BYTES);
      switch (sending->bodies.read (segment->message, limit, &span,
                                    sending->bodies.user_data, error))
        {
        case IMAP_BODY_DATA:
          imap_connection_put (self, span.data, span.length);
          sending->offset += span.length;
          break;
        case IMAP_BODY_PENDING:
          sending->starved = TRUE;
          return FALSE;
        case IMAP_BODY_FAILED:
          return FALSE;
        }
    }
  imap_trace_sent_body (self->trace, segment->size);
  return TRUE;
}

gboolean
imap_connection_continue_sending (ImapConnection *self, GError **error)
{
  ImapSending *sending = &self->sending;
  sending->starved = FALSE;
  while (sending->command != NULL && !sending->waits)
    {
      if (imap_connection_queued (self) > QUEUE_BYTES || !next_segment (self))
        return TRUE;
      gboolean body = sending->segment.kind == IMAP_SEGMENT_BODY;
      if (body)
        {
          GError *local = NULL;
          if (!put_body (self, &local))
            {
              if (local != NULL)
                g_propagate_error (error, local);
              return local == NULL;
            }
        }
      else
        {
          imap_connection_put (self, sending->segment.data, sending->segment.length);
          imap_trace_sent (self->trace, sending->segment.data, sending->segment.length,
                           sending->segment.secret);
        }
      sending->in_body = body;
      sending->has_segment = FALSE;
    }
  return TRUE;
}
