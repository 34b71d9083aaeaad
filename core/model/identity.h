/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who a message is, whatever store it lies in: digests of its headers and of its content
 * in canonical form. docs/internals/identity.md has the reasons.
 */
#pragma once

#include <glib.h>

#include "base/digest.h"
#include "model/altered-form.h"
#include "model/content-digest.h"

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
 * header's instant; @size_bytes: wire size as the store tells it; @loose, if @has_loose:
 * as @headers, of the block as a server keeps it that puts X for 8-bit bytes; @altered:
 * see altered-form.h.
 */
typedef struct
{
  guint32 known; /* IdentityFields */
  guint64 size_bytes;
  gint64 date_unix;
  guint8 message_id[16];
  guint8 headers[16];
  guint8 content[DIGEST_LENGTH];
  /* Of a message that was read for matching; never in a state file. */
  gboolean has_loose;
  guint8 loose[16];
  AlteredForm altered;
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
