/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A message cut anywhere becomes lines, and long lines become pieces that are cut at
 * places which do not depend on how the message came. For filters; one thread.
 */
#pragma once

#include <glib.h>

/* LINE_PIECE_BYTES: lines beyond this come in pieces. Whatever is decided by the
 * beginning of a line (the name of a header field, a boundary of at most 70 bytes, see
 * RFC 2046 §5.1.1) lies within the first. */
#define LINE_PIECE_BYTES 4096

/* LinePiece: a line, or a part of one, as it came. A CR and the LF after it are never
 * parted. */
typedef struct
{
  const guint8 *data; /* stands during the call */
  gsize length;       /* 1 … LINE_PIECE_BYTES */
  gboolean first;     /* the line begins here; unless it ends here, too, the piece is at
                         least LINE_PIECE_BYTES - 1 long */
  gboolean last;      /* ends in LF, or the message ends here */
} LinePiece;

/* LineFunc: FALSE with @error set ends it. */
typedef gboolean (*LineFunc) (const LinePiece *piece, gpointer user_data, GError **error);

/* LineReader: starts zeroed but for @func and @user_data. */
typedef struct
{
  LineFunc func;
  gpointer user_data;
  gboolean inside; /* a piece of the line was handed over */
  gsize held;
  guint8 buffer[LINE_PIECE_BYTES];
} LineReader;

/* line_reader_push: the next bytes. */
gboolean line_reader_push (LineReader *self, const guint8 *data, gsize length,
                           GError **error);
/* line_reader_finish: the end of the message: a last line without LF is handed over. */
gboolean line_reader_finish (LineReader *self, GError **error);

/* line_text_length: @piece without its line end (LF, CRLF). */
gsize line_text_length (const LinePiece *piece);
