/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a server changes in a message without a word, so that the report can say it. Pure;
 * any thread.
 */
#pragma once

#include <glib.h>

#include "quirks.h"

/* Silent changes; a set of bits. */
typedef enum
{
  IMAP_ALTER_CR = 1 << 0,     /* a CR that no LF follows is dropped (Courier) */
  IMAP_ALTER_NUL = 1 << 1,    /* NUL is kept as 0x80 (Dovecot) */
  IMAP_ALTER_HEADER = 1 << 2, /* bytes above 127 of the header become X (Cyrus) */
} ImapAlter;

/* Which of them a server with @quirks does to @data: ImapAlter bits. */
guint imap_alter_find (const ImapQuirks *quirks, const guint8 *data, gsize length);

/* One of them in words for a report. */
const char *imap_alter_text (ImapAlter alter);
