/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of a message while it streams by: where each leaf begins and ends, and what
 * its header says. For filters that change parts: whatever is not a leaf that may be
 * changed is handed through as it came. One thread.
 */
#pragma once

#include "line-reader.h"

/* MIME_HEADER_BYTES: a part whose header is longer is handed through unread. */
#define MIME_HEADER_BYTES (256 * 1024)
/* MIME_DEPTH: parts nested deeper are handed through unread; real mail has under ten. */
#define MIME_DEPTH 32
/* MIME_BOUNDARY_BYTES: RFC 2046 §5.1.1 allows 70; some programs take more. */
#define MIME_BOUNDARY_BYTES 200

/* MimePart: what the header of a leaf says. */
typedef struct
{
  char *type;        /* "text/plain", in lower case; never NULL */
  char *encoding;    /* in lower case; "7bit" if the header does not say; never NULL */
  char *disposition; /* "attachment", "inline", in lower case; NULL */
  char *name;        /* of the file, as UTF-8; NULL */
  guint depth;       /* 0: the message itself */
} MimePart;

/* MimeHandler: gets all bytes in order, each through one of `header`, `line` and
 * `frame`. FALSE with @error set ends it. */
typedef struct
{
  /* A leaf begins: its header with the empty line after it. @part stands until `end`. */
  gboolean (*header) (const MimePart *part, const guint8 *data, gsize length,
                      gpointer user_data, GError **error);
  /* A line of the leaf's body, or a piece of one. The last line end belongs to the
   * boundary that follows (RFC 2046 §5.1.1). */
  gboolean (*line) (const LinePiece *piece, gpointer user_data, GError **error);
  /* The leaf is over. */
  gboolean (*end) (gpointer user_data, GError **error);
  /* All else: headers of multiparts, boundaries, preambles, epilogues, parts that must
   * not be touched (multipart/signed, multipart/encrypted) or that nobody understands. */
  gboolean (*frame) (const guint8 *data, gsize length, gpointer user_data,
                     GError **error);
} MimeHandler;

/* MimeReader: one message's. */
typedef struct _MimeReader MimeReader;

/* mime_reader_new: (transfer full); @handler and @user_data stand as long as it. */
MimeReader *mime_reader_new (const MimeHandler *handler, gpointer user_data);
/* mime_reader_push: the next bytes. */
gboolean mime_reader_push (MimeReader *self, const guint8 *data, gsize length,
                           GError **error);
/* mime_reader_finish: the end of the message. */
gboolean mime_reader_finish (MimeReader *self, GError **error);
/* mime_reader_free: accepts NULL. */
void mime_reader_free (MimeReader *self);

/* MimeFieldFunc: one field of a header block, with its folded lines and line ends. */
typedef void (*MimeFieldFunc) (const guint8 *data, gsize length, gpointer user_data);
/* mime_each_field: the fields of the block @data without the empty line at its end. */
void mime_each_field (const guint8 *data, gsize length, MimeFieldFunc func,
                      gpointer user_data);
/* mime_field_is: the field at @data has this name, in any case. */
gboolean mime_field_is (const guint8 *data, gsize length, const char *name);
