/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Quoted-printable (RFC 2045 §6.7), both ways, in a stream. For filters; one thread.
 */
#pragma once

#include <glib.h>

/* QuotedFunc: takes what comes out; FALSE with @error set ends it. */
typedef gboolean (*QuotedFunc) (const guint8 *data, gsize length, gpointer user_data,
                                GError **error);

/* QUOTED_LINE_BYTES: of an encoded line, with the "=" of a soft line end. */
#define QUOTED_LINE_BYTES 76

/* QuotedEncoder: text to quoted-printable. LF and CRLF stay line ends, as they are. */
typedef struct
{
  QuotedFunc func;
  gpointer user_data;
  gsize length;   /* of the line in `line` */
  guint8 waiting; /* a blank or CR whose meaning the next byte tells; 0: none */
  guint8 line[QUOTED_LINE_BYTES + 8];
} QuotedEncoder;

/* quoted_encoder_init: starts anew. */
void quoted_encoder_init (QuotedEncoder *self, QuotedFunc func, gpointer user_data);
/* quoted_encode: the next bytes. */
gboolean quoted_encode (QuotedEncoder *self, const guint8 *data, gsize length,
                        GError **error);
/* quoted_finish: the end. */
gboolean quoted_finish (QuotedEncoder *self, GError **error);

/* QuotedDecoder: the other way, leniently: what is no escape stands for itself. Starts
 * zeroed. */
typedef struct
{
  guint8 held[3]; /* from an "=" on */
  guint count;
} QuotedDecoder;

/* quoted_decode: decodes into @out, which has room for @length + 3 bytes; returns the
 * number of bytes. */
gsize quoted_decode (QuotedDecoder *self, const guint8 *data, gsize length, guint8 *out);
