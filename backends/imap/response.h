/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of an IMAP server to typed events, resumable at every byte. */
#pragma once

#include "event.h"
#include "parse-error.h"

typedef struct _ImapResponse ImapResponse;

typedef enum
{
  IMAP_NEXT_MORE,  /* all bytes are taken; call again with more */
  IMAP_NEXT_EVENT, /* one event; the remaining bytes are untouched */
  IMAP_NEXT_ERROR, /* the stream cannot be understood any more: drop the connection */
} ImapNext;

/* A parser that expects the greeting. Free with imap_response_free(). */
ImapResponse *imap_response_new (void);

/* Accepts NULL. */
void imap_response_free (ImapResponse *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapResponse, imap_response_free)

/* Takes bytes from (*@data, *@length), which are advanced, until one event is complete.
 * The event and all that it points to are borrowed until the next call; body spans point
 * into @data. A caller that has no room for bodies just stops calling. After a tagged OK
 * of STARTTLS or COMPRESS the remaining bytes are the caller's to drop or to inflate.
 *
 * IMAP_NEXT_ERROR sets IMAP_PARSE_ERROR_LIMIT, or IMAP_PARSE_ERROR_DESYNC when a body did
 * not end where it was announced: the message whose BODY_BEGIN came last is then suspect,
 * has had no FETCH event, and is to be fetched again alone on a new connection. */
ImapNext imap_response_next (ImapResponse *self, const guint8 **data, gsize *length,
                             ImapEvent *out_event, GError **error);

/* TRUE between two lines: whether an end of stream here cuts nothing. */
gboolean imap_response_is_idle (const ImapResponse *self);
