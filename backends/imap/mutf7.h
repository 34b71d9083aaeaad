/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modified UTF-7 (RFC 3501 section 5.1.3) for mailbox names. */
#pragma once

#include "parse-error.h"
#include "text.h"

/* How a name came over the wire. Whatever it is, the raw bytes stay the handle for
 * commands. */
typedef enum
{
  IMAP_NAME_CANONICAL, /* encoding the decoded name gives the same bytes */
  IMAP_NAME_VARIANT, /* decodes, but another encoder would have written it differently */
  IMAP_NAME_UTF8,    /* 8-bit bytes that are valid UTF-8, passed through */
  IMAP_NAME_INVALID, /* undecodable; the output is for display only */
} ImapNameForm;

/* Encodes UTF-8 canonically: only "&" and what is not printable ASCII. (transfer full)
 * NULL with IMAP_PARSE_ERROR_ARGUMENT if @name is not valid UTF-8 without NUL. */
gchar *imap_mutf7_encode (const gchar *name, GError **error);

/* Decodes @raw; @out_name always gets valid UTF-8 without NUL bytes, (transfer full).
 * With IMAP_NAME_INVALID every undecodable byte is shown as %XX, so that two different
 * raw names stay different except by malice: map names by the raw bytes. */
ImapNameForm imap_mutf7_decode (ImapString raw, gchar **out_name);
