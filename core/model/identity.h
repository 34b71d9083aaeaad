/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who a message is, whatever store it lies in: digests of its headers and of its content
 * in canonical form. docs/internals/identity.md has the reasons.
 */
#pragma once

#include <glib.h>

#include "base/digest.h"

/* IDENTITY_HEADER_LIMIT_BYTES: a header block beyond this is cut; it still identifies. */
#define IDENTITY_HEADER_LIMIT_BYTES (256 * 1024)

/* IdentityFields: which members are known. */
typedef enum
{
  IDENTITY_HEADERS = 1 << 0,        /* message_id, date, headers */
  IDENTITY_SIZE = 1 << 1,           /* size_bytes */
  IDENTITY_CONTENT = 1 << 2,        /* content */
  IDENTITY_HAS_MESSAGE_ID = 1 << 3, /* the message has a usable Message-ID */
  IDENTITY_HAS_DATE = 1 << 4,       /* the message has a Date that parses */
} IdentityFields;

/*
 * Identity: plain data, copied by value.
 *
 * @message_id: digest of the normalised Message-ID (first <…>, no blanks, domain in lower
 * case); @headers: digest over the identity headers, normalised (unfolded, blanks
 * collapsed, RFC 2047 decoded, addresses reduced to addr-spec, Date as an instant;
 * missing = empty); @content: SHA-256 of the canonical content; @date_unix: the Date
 * header's instant; @size_bytes: wire size as the store tells it.
 */
typedef struct
{
  guint32 known; /* IdentityFields */
  guint64 size_bytes;
  gint64 date_unix;
  guint8 message_id[16];
  guint8 headers[16];
  guint8 content[DIGEST_LENGTH];
} Identity;

/*
 * identity_set_headers: fills message_id, date_unix and headers of @self from a raw
 * header block (or only its identity fields), any line ends, hostile bytes allowed. A
 * block without any header gives an identity too (all empty).
 */
void identity_set_headers (Identity *self, const guint8 *data, gsize length);

/* identity_parse_date: an RFC 5322 date, leniently (obsolete zones, two-digit years, no
 * weekday, comments, missing seconds). FALSE: not a date. */
gboolean identity_parse_date (const char *text, gint64 *out_unix);

/*
 * ContentDigest: the streaming digest of a message in canonical form: each CR dropped,
 * NUL as 0x80, private mbox headers (Content-Length, Status, X-Status, X-Keywords, X-UID,
 * X-IMAP, X-IMAPbase) left out of the header block, trailing empty lines reduced to one
 * final line end. It also keeps the header block (up to the limit) for the caller.
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
/* content_digest_headers: the header block so far as it came; stands until the next
 * update or reset. */
const guint8 *content_digest_headers (const ContentDigest *self, gsize *out_length);
/* content_digest_free: accepts NULL. */
void content_digest_free (ContentDigest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ContentDigest, content_digest_free)
