/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changing flags and keywords inside a header block. Pure.
 */
#pragma once

#include "status.h"

/* MboxEditWish: what the message shall have. @keywords: NULL-terminated. */
typedef struct
{
  guint32 flags;
  const char *const *keywords;
} MboxEditWish;

/*
 * mbox_edit_in_place: changes @headers (the block without From_ line and empty line) so
 * that it says @wish, byte by byte of the same length. @base: the folder's keyword list,
 * NULL when it has none. FALSE: there is no room; @headers is then of no use any more.
 */
gboolean mbox_edit_in_place (guint8 *headers, gsize length, const GPtrArray *base,
                             const MboxEditWish *wish);

/*
 * mbox_edit_rewrite: a new header block that says @wish in lines of our own, padded for
 * later. @rule: how the message is quoted, which stays as it is. (transfer full)
 */
GByteArray *mbox_edit_rewrite (const guint8 *headers, gsize length, MboxRule rule,
                               const MboxEditWish *wish);

/* mbox_edit_parse: what a whole header block says, into @status. */
void mbox_edit_parse (const guint8 *headers, gsize length, MboxStatus *status);
