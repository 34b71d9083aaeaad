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
  IMAP_ALTER_CR = 1 << 0,      /* a CR that no LF follows is dropped (Courier) */
  IMAP_ALTER_NUL = 1 << 1,     /* NUL is kept as 0x80 (Dovecot) */
  IMAP_ALTER_HEADER = 1 << 2,  /* bytes above 127 of the header become X (Cyrus) */
  IMAP_ALTER_LF = 1 << 3,      /* a lone LF becomes CRLF (Dovecot, Courier) */
  IMAP_ALTER_TRIM_CR = 1 << 4, /* a CR before CRLF, or at the end, is dropped (Dovecot) */
  IMAP_ALTER_FINAL = 1 << 5,   /* the last line gets its end (Courier) */
} ImapAlter;

/* IMAP_ALTER_LAST: the last bit, for loops. */
#define IMAP_ALTER_LAST IMAP_ALTER_FINAL

/* A look at one message, span by span; imap_alter_begin() makes one. */
typedef struct
{
  guint wanted, found;    /* ImapAlter bits */
  guint8 last, before;    /* the two bytes that came last; LF: none yet */
  gboolean body, in_line; /* in_line: the header line under way has bytes */
} ImapAlterScan;

/* What a server with @quirks would change in a message of which nothing has come. */
ImapAlterScan imap_alter_begin (const ImapQuirks *quirks);
/* Takes the next bytes. */
void imap_alter_feed (ImapAlterScan *self, const guint8 *data, gsize length);
/* All came: the changes, as ImapAlter bits. */
guint imap_alter_finish (const ImapAlterScan *self);

/* The same for a message that is held: ImapAlter bits. */
guint imap_alter_find (const ImapQuirks *quirks, const guint8 *data, gsize length);

/* One of them in words for a report. */
const char *imap_alter_text (ImapAlter alter);
