/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the messages of an mbox: bytes in, events out, cut anywhere. Sans-I/O. Memory is
 * bounded: of a line only its first MBOX_FROM_LIMIT_BYTES are ever kept.
 */
#pragma once

#include "from-line.h"

/* MBOX_HOLE_BYTES: so many NUL in the middle of a line are a hole that a crash left,
 * after which a message may begin; at the start of a line one is enough. */
#define MBOX_HOLE_BYTES 16

/* MBOX_LANDING_BYTES: what mbox_scanner_is_boundary() wants to see: the byte before, two
 * line ends and a From_ line. */
#define MBOX_LANDING_BYTES (1 + 4 + MBOX_FROM_LIMIT_BYTES)

/* MboxScanBegin: a message begins at @offset. @line: its From_ line as far as the limit;
 * stands during the call. @has_date: FALSE for a bare "From ". */
typedef struct
{
  guint64 offset;
  const guint8 *line;
  gsize line_length;
  gboolean has_date;
  MboxFromLine from;
} MboxScanBegin;

/*
 * MboxScanEnd: a message has ended. Offsets are of the file; the content of the message
 * is what stands between the From_ line and @end; @body_start is the offset of the empty
 * line after the header block (== @end when there is none). The counts are of the body,
 * that empty line included.
 */
typedef struct
{
  guint64 start;
  guint64 body_start;
  guint64 end;
  guint64 lone_lf;    /* LF without a CR before it */
  guint64 quoted_one; /* lines that begin with exactly one '>' and "From " */
  guint64 quoted_any; /* with one or more */
  guint64 inner_from; /* From_ lines after a blank line inside a counted body */
  gboolean counted;   /* Content-Length decided where it ends */
  gboolean at_eof;    /* the file ended, no separator did */
} MboxScanEnd;

/* MboxScanVerdict: what the header block says of the body. @landing: the offset where a
 * *verified* Content-Length ends it, or 0. @strict: we wrote it, so that only a From_
 * line after a blank line ends it; no hole and no missing blank line needs to be
 * forgiven. */
typedef struct
{
  guint64 landing;
  gboolean strict;
} MboxScanVerdict;

/* MboxScanHandler: who hears of it. Each returns FALSE to stop the scanner for good. */
typedef struct
{
  /* begin: a message begins. */
  gboolean (*begin) (const MboxScanBegin *begin, gpointer user_data);
  /* header: bytes of the header block, cut anywhere, without the empty line after it. */
  gboolean (*header) (const guint8 *data, gsize length, gpointer user_data);
  /* headers_end: the empty line came, at @blank; the body goes on at @offset. @verdict is
   * zeroed. */
  gboolean (*headers_end) (guint64 blank, guint64 offset, MboxScanVerdict *verdict,
                           gpointer user_data);
  /* end: the message has ended. */
  gboolean (*end) (const MboxScanEnd *end, gpointer user_data);
} MboxScanHandler;

/* MboxScanner: opaque; one thread. */
typedef struct _MboxScanner MboxScanner;

/* mbox_scanner_new: starts at @offset of the file, where a message may begin. @handler
 * stands as long as the scanner. */
MboxScanner *mbox_scanner_new (guint64 offset, const MboxScanHandler *handler,
                               gpointer user_data);
/* mbox_scanner_free: accepts NULL. */
void mbox_scanner_free (MboxScanner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MboxScanner, mbox_scanner_free)

/* mbox_scanner_feed: the next bytes. FALSE: the handler stopped it. */
gboolean mbox_scanner_feed (MboxScanner *self, const guint8 *data, gsize length);
/* mbox_scanner_finish: the file ends here. FALSE: the handler stopped it. */
gboolean mbox_scanner_finish (MboxScanner *self);
/* mbox_scanner_preamble: something else than blank lines and NUL stood before the first
 * From_ line: this is no mbox, or bytes would be lost. */
gboolean mbox_scanner_preamble (const MboxScanner *self);

/*
 * mbox_scanner_is_boundary: a message may end at the second byte of @data (the first is
 * the byte before it): the end of the file, or at most two line ends and then a From_
 * line or the end. @at_eof: the file ends where @data ends.
 */
gboolean mbox_scanner_is_boundary (const guint8 *data, gsize length, gboolean at_eof);

/* mbox_scanner_is_header: @line begins like a header field (RFC 5322 §3.6.8). */
gboolean mbox_scanner_is_header (const guint8 *line, gsize length);
