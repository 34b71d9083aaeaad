/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The streaming digest of a message's content in canonical form, made for the hot path:
 * it runs over every byte that is copied.
 */
#pragma once

#include <glib.h>

#include "base/digest.h"

/* IDENTITY_HEADER_LIMIT_BYTES: a header block beyond this is cut; it still identifies. */
#define IDENTITY_HEADER_LIMIT_BYTES (256 * 1024)

/*
 * ContentDigest: the streaming digest of a message in canonical form: each CR dropped,
 * NUL as 0x80, private mbox headers (Content-Length, Status, X-Status, X-Keywords, X-UID,
 * X-IMAP, X-IMAPbase) left out of the header block, trailing empty lines reduced to one
 * final line end. It also keeps the header block (up to the limit) for the caller.
 *
 * A message of no bytes and one of nothing but empty lines are one final line end, too.
 * Headers end at the first empty line, wherever that is; private headers go with their
 * folded lines, in any case, also with blanks before the colon (RFC 5322 §4.5.8).
 */
typedef struct _ContentDigest ContentDigest;

/* content_digest_new: (transfer full); with @keep_headers the block can be asked for. */
ContentDigest *content_digest_new (gboolean keep_headers);
/* content_digest_reset: for the next message. */
void content_digest_reset (ContentDigest *self);
/* content_digest_update: the next bytes, LF or CRLF, cut anywhere. */
void content_digest_update (ContentDigest *self, const guint8 *data, gsize length);
/* content_digest_finish: writes the 32 bytes. Then only reset or free. */
void content_digest_finish (ContentDigest *self, guint8 *out);
/* content_digest_headers_done: the blank line after the headers was seen (or the limit).
 */
gboolean content_digest_headers_done (const ContentDigest *self);
/* content_digest_headers: the header block so far as it came, with the empty line that
 * ends it; stands until the next update or reset. */
const guint8 *content_digest_headers (const ContentDigest *self, gsize *out_length);
/* content_digest_is_private: the header line @line is one of the private mbox headers. */
gboolean content_digest_is_private (const guint8 *line, gsize length);
/* content_digest_free: accepts NULL. */
void content_digest_free (ContentDigest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ContentDigest, content_digest_free)
