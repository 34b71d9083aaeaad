/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views of bytes, and the few ASCII operations that the whole core needs. */
#pragma once

#include <glib.h>

/* Borrowed bytes. `data` is NULL for NIL; otherwise it is followed by a NUL byte, but may
 * itself hold NUL bytes, so `length` is the truth. */
typedef struct
{
  const gchar *data;
  gsize length;
} ImapString;

/* A borrowed array of strings; `items` is NULL when `count` is 0. */
typedef struct
{
  const ImapString *items;
  guint count;
} ImapStrings;

/* Whether @self equals @word, without regard to ASCII case. NIL equals nothing. */
gboolean imap_string_is (ImapString self, const gchar *word);

/* Whether @self starts with @word, without regard to ASCII case. */
gboolean imap_string_starts (ImapString self, const gchar *word);

/* Whether any of @self equals @word, without regard to ASCII case. */
gboolean imap_strings_contain (ImapStrings self, const gchar *word);

/* Parses plain decimal digits. Signs, fractions, exponents ("-1", "9.37e+06") and numbers
 * above 2^64-1 give FALSE, which every caller takes as "unknown": servers do send them.
 */
gboolean imap_number_parse (ImapString text, guint64 *out_value);

/* As imap_number_parse(), for values of 1 to 2^32-1 (UID, UIDVALIDITY, UIDNEXT); 0 is
 * FALSE. */
gboolean imap_number_parse_uid (ImapString text, guint32 *out_value);

/* Position of @word in @text without regard to ASCII case, or -1. */
gssize imap_text_find (ImapString text, const gchar *word);

/* If @data ends with a literal announcement ({n}, {n+}, ~{n}, blanks after it tolerated),
 * TRUE and its size; sizes above IMAP_LIMIT_LITERAL_BYTES are not taken for one. */
gboolean imap_text_ends_in_literal (const guint8 *data, gsize length, guint64 *out_size);
