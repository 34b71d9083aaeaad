/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether what a server calls the difference since a token may be believed. A wrong
 * answer here would delete or lose mail, so arithmetic decides, and doubt means a whole
 * listing. Pure.
 */
#pragma once

#include "session.h"

/* What to ask for. */
typedef enum
{
  IMAP_DELTA_FULL,    /* the whole folder */
  IMAP_DELTA_NOTHING, /* nothing: no message and no flag has changed */
  IMAP_DELTA_CHANGES, /* what changed since the token */
} ImapDeltaAsk;

/* What an answer is worth. */
typedef enum
{
  IMAP_DELTA_WRONG,     /* it cannot be the whole difference: list the folder */
  IMAP_DELTA_UNCERTAIN, /* right if none of the vanished UIDs exists: ask */
  IMAP_DELTA_RIGHT,
} ImapDeltaVerdict;

/* What may be asked, from the folder as @before had it to what SELECT says @now (with the
 * HIGHESTMODSEQ of that moment; 0: none). @vanished: the server also tells what is gone
 * (QRESYNC). */
ImapDeltaAsk imap_delta_ask (const ImapToken *before, const ImapToken *now,
                             gboolean vanished);

/*
 * Judges an answer. @new_count: distinct messages of the answer with a UID of
 * before->uidnext or more. @vanished_count: distinct UIDs below before->uidnext that the
 * server called gone (they may never have existed: RFC 7162 §3.2.10).
 */
ImapDeltaVerdict imap_delta_judge (const ImapToken *before, const ImapToken *now,
                                   guint64 new_count, guint64 vanished_count);

/*
 * Takes from @vanished (normalised) what lies below @uidnext, since only that can have
 * been listed before. (transfer full); NULL: it names more than @messages messages could
 * explain, so it is not worth asking about.
 */
ImapUidSet *imap_delta_clip (const ImapUidSet *vanished, guint32 uidnext,
                             guint32 messages);
