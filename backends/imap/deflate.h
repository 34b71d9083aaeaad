/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* COMPRESS=DEFLATE (RFC 4978): raw deflate streams, one each way, over byte arrays. */
#pragma once

#include <glib.h>

typedef struct _ImapDeflate ImapDeflate;

/* A pair of fresh streams. (transfer full) */
ImapDeflate *imap_deflate_new (void);

/* Accepts NULL. */
void imap_deflate_free (ImapDeflate *self);

/* Compresses @data onto the end of @out; @flush: so that the peer can read all of it. */
void imap_deflate_compress (ImapDeflate *self, const guint8 *data, gsize length,
                            gboolean flush, GByteArray *out);

/* Hands over bytes that came; they are copied. Only when imap_deflate_wants_input(). */
void imap_deflate_feed (ImapDeflate *self, const guint8 *data, gsize length);

/* Whether all that was fed is used up. */
gboolean imap_deflate_wants_input (const ImapDeflate *self);

/* Inflates up to @size bytes into @buffer; *@out_length may be 0: more input is needed.
 * FALSE with HAUL_ERROR_PROTOCOL (session scope): this is no deflate stream, or it ended.
 */
gboolean imap_deflate_inflate (ImapDeflate *self, guint8 *buffer, gsize size,
                               gsize *out_length, GError **error);
