/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Streams a header block and tells private mbox fields from the message's own. Pure.
 */
#pragma once

#include <glib.h>

/* MBOX_CAPTURE_LIMIT_BYTES, MBOX_CAPTURE_LINE_BYTES: private fields kept of one message
 * and of one line of them; an X-IMAPbase with 1000 keywords fits, a hostile one can
 * neither fill the memory nor keep the others out. */
#define MBOX_CAPTURE_LIMIT_BYTES (256 * 1024)
#define MBOX_CAPTURE_LINE_BYTES  (60 * 1024)

/* MBOX_CAPTURE_NOTED_BYTES: of a Subject; enough to know the folder-internal message. */
#define MBOX_CAPTURE_NOTED_BYTES 256

/* MBOX_NAME_LIMIT_BYTES: enough of a field name to know it; the longest is
 * X-Mozilla-Status2. */
#define MBOX_NAME_LIMIT_BYTES 32

/* MboxField: what a header field is to us. */
typedef enum
{
  MBOX_FIELD_OWN = 0,     /* the message's own: delivered */
  MBOX_FIELD_NOTED = 1,   /* delivered, but captured, too: X-Gmail-Labels, Subject */
  MBOX_FIELD_PRIVATE = 2, /* of the mailbox, not of the message (the list of Dovecot) */
  MBOX_FIELD_MOZILLA = 3, /* X-Mozilla-Status, -Status2, -Keys */
} MboxField;

/* mbox_field_of: the kind of the field whose line begins with @line. */
MboxField mbox_field_of (const guint8 *line, gsize length);

/* mbox_field_bit: the bit 1 << i of the field whose line begins with @line, when its name
 * is the i-th that is known; 0: the message's own. */
guint32 mbox_field_bit (const guint8 *line, gsize length);
/* mbox_field_name: the i-th known name, static; NULL behind the last. */
const char *mbox_field_name (guint index);

/* MboxFieldFunc: a piece of a line of a field of this kind. FALSE stops the filter. */
typedef gboolean (*MboxFieldFunc) (MboxField field, const guint8 *data, gsize length,
                                   gpointer user_data);

/* MboxCapture: collects the lines of fields that are not simply the message's own, each
 * cut at its limit. @bytes is the caller's. */
typedef struct
{
  GByteArray *bytes;
  gsize line_length;
  gsize line_limit;
} MboxCapture;

/* mbox_capture_init: nothing collected; empties @bytes. */
void mbox_capture_init (MboxCapture *self, GByteArray *bytes);
/* mbox_capture_add: a piece as a MboxFieldFunc gets it; own fields are left out. */
void mbox_capture_add (MboxCapture *self, MboxField field, const guint8 *data,
                       gsize length);

/* MboxHeaderFilter: set up by mbox_header_filter_init(), no cleaning up needed. */
typedef struct
{
  MboxFieldFunc func;
  gpointer user_data;
  MboxField field; /* of the line under way, and of its continuation lines */
  gboolean in_line;
  guint8 head[MBOX_NAME_LIMIT_BYTES];
  gsize head_length;
  gboolean ended;    /* the empty line came */
  gsize blank_bytes; /* 1 (LF) or 2 (CRLF): the length of that line */
} MboxHeaderFilter;

/* mbox_header_filter_init: at the start of a header block. */
void mbox_header_filter_init (MboxHeaderFilter *self, MboxFieldFunc func,
                              gpointer user_data);
/*
 * mbox_header_filter_feed: the next bytes. Stops after the empty line, which goes to
 * nobody (self->ended). *@out_taken: how many bytes were used. FALSE: stopped by @func.
 */
gboolean mbox_header_filter_feed (MboxHeaderFilter *self, const guint8 *data,
                                  gsize length, gsize *out_taken);
/* mbox_header_filter_finish: the block ends without an empty line. */
gboolean mbox_header_filter_finish (MboxHeaderFilter *self);
