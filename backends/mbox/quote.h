/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ">From " quoting in bodies, streaming in both directions with bounded memory. Pure.
 */
#pragma once

#include <glib.h>

/* MboxRule: how lines that begin with "From " are quoted in a message. */
typedef enum
{
  MBOX_RULE_NONE = 0, /* not at all (mboxcl2; mboxo that nobody asked to undo) */
  MBOX_RULE_ONE = 1,  /* "From " as ">From ", nothing else (mboxo, mboxcl): lossy */
  MBOX_RULE_ANY = 2,  /* "From ", ">From ", … with one more '>' (mboxrd) */
} MboxRule;

/* MboxQuoteScan: looks for ^>*From<space> at the start of one line. Zeroed to start. */
typedef struct
{
  guint64 run;   /* '>' seen so far */
  guint matched; /* bytes of "From " seen so far */
} MboxQuoteScan;

/* MboxQuoteStep: where a MboxQuoteScan stands. */
typedef enum
{
  MBOX_QUOTE_MORE = 0,  /* undecided: the next byte, please */
  MBOX_QUOTE_MATCH = 1, /* the line begins with run × '>' and "From " */
  MBOX_QUOTE_OTHER = 2, /* another line; the byte was not taken */
} MboxQuoteStep;

/* mbox_quote_scan: takes one byte more. */
MboxQuoteStep mbox_quote_scan (MboxQuoteScan *self, guint8 byte);

/* MboxQuoteWrite: takes the output of a filter; FALSE stops it. */
typedef gboolean (*MboxQuoteWrite) (const guint8 *data, gsize length, gpointer user_data);

/* MboxQuoteFilter: adds (@unquote FALSE) or removes quoting. Zeroed, then set up by
 * mbox_quote_filter_init(); no cleaning up needed. */
typedef struct
{
  MboxRule rule;
  gboolean unquote;
  MboxQuoteWrite write;
  gpointer user_data;
  gboolean in_line; /* past the start of a line: bytes pass through */
  gboolean changed; /* some line was quoted, or its quoting removed */
  MboxQuoteScan scan;
} MboxQuoteFilter;

/* mbox_quote_filter_init: at the start of a message. */
void mbox_quote_filter_init (MboxQuoteFilter *self, MboxRule rule, gboolean unquote,
                             MboxQuoteWrite write, gpointer user_data);
/* mbox_quote_filter_feed: the next bytes; FALSE when the writer said so. */
gboolean mbox_quote_filter_feed (MboxQuoteFilter *self, const guint8 *data, gsize length);
/* mbox_quote_filter_finish: writes what is held back. */
gboolean mbox_quote_filter_finish (MboxQuoteFilter *self);
