/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every bound on something that a peer controls, each with its reason. */
#pragma once

#include <glib.h>

/* A MIME bomb nests far deeper; nothing that we ask for nests deeper than four. */
#define IMAP_LIMIT_NESTING 64u

/* One ESEARCH or VANISHED set is one atom: a million scattered UIDs take about 8 MB. */
#define IMAP_LIMIT_ATOM_BYTES ((gsize) 16 * 1024 * 1024)

/* Names, labels, ID values: nobody has a longer one; bodies are streamed and not meant.
 */
#define IMAP_LIMIT_STRING_BYTES ((gsize) 1024 * 1024)

/* A COPYUID of 100,000 scattered UIDs fits; a longer human-readable text is of no use. */
#define IMAP_LIMIT_TEXT_BYTES ((gsize) 1024 * 1024)

/* A literal inside the echo of BODY[HEADER.FIELDS (...)] is one header name. */
#define IMAP_LIMIT_SECTION_BYTES ((gsize) 64 * 1024)

/* Atoms and strings kept for one response; with the sets above nothing real is near it.
 */
#define IMAP_LIMIT_RESPONSE_BYTES ((gsize) 32 * 1024 * 1024)

/* Tokens kept for one response: Gmail allows 10,000 labels, a FLAGS line holds far fewer.
 */
#define IMAP_LIMIT_RESPONSE_TOKENS 65536u

/* One SEARCH line of ten million UIDs is 110 MB; a longer line never ends. Literals do
 * not count. */
#define IMAP_LIMIT_LINE_BYTES ((guint64) 256 * 1024 * 1024)

/* Sizes are 63-bit numbers (RFC 9051); a longer one is an attack or an overflow. */
#define IMAP_LIMIT_LITERAL_BYTES ((guint64) G_MAXINT64)

/* Numbers of one SEARCH line handed over at once, so that memory does not follow the
 * mailbox. */
#define IMAP_LIMIT_SEARCH_BATCH 1024u

/* Ranges of one parsed set: a million is 8 MB, and a mailbox that fragmented is read in
 * parts. */
#define IMAP_LIMIT_UIDSET_RANGES 1048576u

/* Capabilities kept of one server; Cyrus, the longest, lists about 80. */
#define IMAP_LIMIT_CAPABILITIES 1024u

/* Longest command line that we send: Exchange takes 10,240 bytes, RFC 7162 advises 8192.
 */
#define IMAP_LIMIT_COMMAND_LINE_BYTES 8000u

/* Longest run of bytes sent as a quoted string; beyond, a literal is kinder to servers.
 */
#define IMAP_LIMIT_QUOTED_BYTES 1000u

/* Largest non-synchronising literal under LITERAL- (RFC 7888 section 5). */
#define IMAP_LIMIT_LITERAL_MINUS_BYTES 4096u

/* Longest keyword: mail_max_keyword_length of Dovecot; longer ones get BAD after {n+}. */
#define IMAP_LIMIT_KEYWORD_BYTES 50u

/* Longest mailbox name on the wire; Stalwart and Exchange stop at 255 characters. */
#define IMAP_LIMIT_MAILBOX_BYTES 2000u

/* Longest tag that we make or look at. */
#define IMAP_LIMIT_TAG_BYTES 32u

/* Messages of one MULTIAPPEND; more bought nothing in measurements (imap.md 2.5). */
#define IMAP_LIMIT_APPEND_BATCH 1024u

/* Longest pause that a throttle hint may ask for; Exchange has asked for 50 minutes. */
#define IMAP_LIMIT_THROTTLE_MS ((gint64) 24 * 60 * 60 * 1000)
