/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which bytes may be sent as which argument. */
#pragma once

#include "text.h"

/* Whether @keyword is 1 to IMAP_LIMIT_KEYWORD_BYTES bytes of ATOM-CHAR (RFC 3501 section
 * 9): what any server parses. Whether a mailbox permits it is the caller's question. */
gboolean imap_keyword_is_valid (const gchar *keyword);

/* Whether @flag is a system flag that may be set (\Recent may not), or a valid keyword.
 * Dovecot answers BAD to any other and then executes the message as commands
 * (imap.md 2.8). */
gboolean imap_flag_is_valid (const gchar *flag);

/* Whether @name may be a mailbox name on the wire: 1 to IMAP_LIMIT_MAILBOX_BYTES bytes
 * without NUL, CR, LF. */
gboolean imap_mailbox_is_valid (ImapString name);

/* Whether @text may be any other string argument: no NUL, CR, LF; may be empty. */
gboolean imap_text_is_valid (ImapString text);

/* Whether @words is protocol syntax that cannot change the framing: printable ASCII
 * without quotes and braces, a backslash only in front of a letter ("\Sent"), and no
 * blank at either end. */
gboolean imap_words_are_valid (const gchar *words);

/* Whether @tag is 1 to IMAP_LIMIT_TAG_BYTES ASCII letters and digits. */
gboolean imap_tag_is_valid (const gchar *tag);

/* Whether @text is base64 with padding, "=" (empty initial response) or "*" (abort). */
gboolean imap_base64_is_valid (ImapString text);
