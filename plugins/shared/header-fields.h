/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The header block of a message as fields, each with its folded lines, whatever the block
 * is like: fields of any length, lines that are none, an end that never comes. For
 * filters; one thread.
 */
#pragma once

#include "line-reader.h"

/* HEADER_FIELD_BYTES: as much of a field as is held; the rest of a longer one follows in
 * pieces. Real fields (Received, References, DKIM, ARC, lists of hundreds of addresses)
 * are shorter. */
#define HEADER_FIELD_BYTES (64 * 1024)

/* HeaderField: a field, or a line of the header block that is none. */
typedef struct
{
  const guint8 *data; /* as it came, with its line ends; stands during the call */
  gsize length;
  gsize name_length;  /* 0: not a field: a mailbox's From_ line, a folded line without
                         its field, or nonsense */
  gsize value_offset; /* behind the colon */
  gboolean cut;       /* there is more of it */
} HeaderField;

/* HeaderHandler: what is done with a message. All but `end` get every byte of it, in
 * order; FALSE with @error set ends it. */
typedef struct
{
  gboolean (*field) (const HeaderField *field, gpointer user_data, GError **error);
  /* More of the field before, which was cut. */
  gboolean (*rest) (const guint8 *data, gsize length, gpointer user_data, GError **error);
  /* The header block ends here: the empty line follows as the first of the body, or the
   * message is over. Called exactly once. */
  gboolean (*end) (gboolean has_empty_line, gpointer user_data, GError **error);
  gboolean (*body) (const guint8 *data, gsize length, gpointer user_data, GError **error);
} HeaderHandler;

/* HeaderReader: one message's. */
typedef struct _HeaderReader HeaderReader;

/* header_reader_new: (transfer full); @handler and @user_data stand as long as it. */
HeaderReader *header_reader_new (const HeaderHandler *handler, gpointer user_data);
/* header_reader_push: the next bytes. */
gboolean header_reader_push (HeaderReader *self, const guint8 *data, gsize length,
                             GError **error);
/* header_reader_finish: the end of the message. */
gboolean header_reader_finish (HeaderReader *self, GError **error);
/* header_reader_free: accepts NULL. */
void header_reader_free (HeaderReader *self);

/* header_name_length: of the field name that @data begins with, blanks before the colon
 * allowed (RFC 5322 §4.5.8) and counted in @out_value (offset behind the colon); 0: it
 * begins with none. */
gsize header_name_length (const guint8 *data, gsize length, gsize *out_value);
/* header_field_is: the field's name is @name, in any case. */
gboolean header_field_is (const HeaderField *field, const char *name);
/* header_field_value: unfolded, without blanks round it, its bytes otherwise as they are
 * (NUL as U+FFFD); (transfer full). */
char *header_field_value (const HeaderField *field);
/* header_name_is_valid: @name can be a field's: 1 … 76 printable bytes of ASCII, no colon
 * (RFC 5322 §2.2). */
gboolean header_name_is_valid (const char *name);
