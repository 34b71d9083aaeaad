/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of a connection share. */
#pragma once

#include "connection.h"
#include "deflate.h"
#include "reply.h"
#include "response.h"

#include "bounds.h"

/* A command in flight. */
typedef struct
{
  ImapDoneFunc done;
  gpointer user_data;
  gboolean holds; /* what comes behind its reply is for the caller to judge */
} ImapPending;

/* The command that is being sent. */
typedef struct
{
  ImapCommand *command; /* NULL: none */
  ImapBodies bodies;
  ImapSegment segment;
  gboolean has_segment;
  guint64 offset;      /* of a body segment: bytes queued */
  gboolean in_body;    /* the segment queued last was a body */
  gboolean waits;      /* for "+" */
  gboolean starved;    /* the body has nothing right now */
  gboolean early;      /* answered already: ends at the next end of a body */
  ImapReplyCopy reply; /* of `early` */
  ImapPending *pending;
} ImapSending;

struct _ImapConnection
{
  HaulLink *link;
  ImapResponse *parser;
  ImapPipeline *pipeline;
  ImapTrace *trace;
  ImapDeflate *deflate; /* NULL: plain */
  ImapWire wire;
  char *peer;
  gint64 patience_us;
  gboolean swallows;

  GByteArray *out; /* what the commands say */
  gsize out_at;
  GByteArray *wire_out; /* the same, deflated */
  gsize wire_at;
  guint8 *in, *raw; /* buffers; raw only with deflate */
  const guint8 *in_at;
  gsize in_left;
  gboolean ended; /* the peer has closed */

  ImapSending sending;
  ImapEventFunc watch, handle;
  gpointer watch_data, handle_data;
  char *continue_text; /* NULL: none came */
  char *continue_taken;
  char *bye; /* what BYE said; NULL: none came */
  gint64 bye_us;
  GError *bye_error;
  GError *deferred; /* breaks the connection at the next turn */
  GError *error;
  gboolean held; /* the last reply was of a command that holds */
  guint tag_number;
  char tag[IMAP_LIMIT_TAG_BYTES + 1];
  ImapReplyCopy kept; /* of imap_connection_run() */
};

/* connection.c */

/* The connection is lost for @reason (taken over), unless it was lost before. Always
 * FALSE, with @error set. */
gboolean imap_connection_break_off (ImapConnection *self, GError *reason, gboolean reset,
                                    GError **error);

/* connection-io.c */

/* Bytes queued and not yet taken by the link. */
gsize imap_connection_queued (const ImapConnection *self);

/* Queues bytes. */
void imap_connection_put (ImapConnection *self, const guint8 *data, gsize length);

/* Writes what the link takes; *@moved set if it took any. */
gboolean imap_connection_flush (ImapConnection *self, gboolean *moved, GError **error);

/* Fills the input buffer if it is empty; *@moved set if bytes came. */
gboolean imap_connection_fill (ImapConnection *self, gboolean *moved, GError **error);

/* connection-send.c */

/* Queues as much of the command being sent as may go. */
gboolean imap_connection_continue_sending (ImapConnection *self, GError **error);

/* The command being sent is over: forgets it. */
void imap_connection_end_sending (ImapConnection *self);
