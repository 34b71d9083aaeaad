/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The values of header fields as text, and text as header fields.
 */
#pragma once

#include "header-fields.h"

/* HeaderText: a value for regular expressions, which want UTF-8. Starts zeroed. */
typedef struct
{
  char *utf8;
  gboolean latin1; /* its bytes were no UTF-8: each of them became one character */
} HeaderText;

/* header_text_init: from the field's unfolded value. */
void header_text_init (HeaderText *self, const HeaderField *field);
/* header_text_clear: frees the member. */
void header_text_clear (HeaderText *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HeaderText, header_text_clear)
/* header_text_replace: the value with each match of @pattern replaced by @template (\0 to
 * \9, \\; checked before, ASCII), in the bytes that it had; (transfer full). NULL: the
 * pattern failed (HAUL_ERROR_REJECTED, message scope). */
char *header_text_replace (const HeaderText *self, GRegex *pattern, const char *template,
                           GError **error);

/* header_fold: "@name: @value" with its line end, folded at blanks to lines of at most 78
 * bytes where there are any (RFC 5322 §2.1.1, §2.2.3); line ends in @value become blanks.
 * (transfer full) */
char *header_fold (const char *name, const char *value);
/* header_encode: UTF-8 as encoded words (RFC 2047); (transfer full). */
char *header_encode (const char *text);

/* header_is_structured: encoded words must not stand just anywhere in this field. */
gboolean header_is_structured (const char *name);
/* header_names_message: the field is one of those by which a message is recognised (as
 * HAUL_FILTER_CHANGES_IDENTITY says). */
gboolean header_names_message (const char *name);
/* header_ends_before: the line is none of a header, nor one of those that mailboxes leave
 * in headers: to most readers the body begins here. */
gboolean header_ends_before (const HeaderField *field);
