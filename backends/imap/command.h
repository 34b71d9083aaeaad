/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds the wire bytes of one command. Every argument is checked while nothing has been
 * sent yet, so a command is either whole and well-formed or an error. */
#pragma once

#include "capability.h"
#include "parse-error.h"
#include "uidset.h"

typedef struct _ImapCommand ImapCommand;

/* What the server of this connection allows. */
typedef struct
{
  ImapLiterals literals;
  gboolean multiappend;
  gboolean catenate;
  gboolean binary;        /* ~{n}: literals with NUL bytes (RFC 3516) */
  gboolean utf8;          /* ENABLE UTF8=ACCEPT or IMAP4rev2 is in force */
  gsize line_limit_bytes; /* 0: IMAP_LIMIT_COMMAND_LINE_BYTES; literals do not count */
} ImapWire;

typedef enum
{
  IMAP_SEGMENT_BYTES, /* send `data` */
  IMAP_SEGMENT_BODY,  /* send `size` bytes of body `message`, from `offset` on */
} ImapSegmentKind;

/* One piece of a command, in the order of sending. */
typedef struct
{
  ImapSegmentKind kind;
  gboolean await;     /* wait for "+" before this piece */
  gboolean secret;    /* never to a trace */
  const guint8 *data; /* BYTES; borrowed until the next call of imap_command_next() */
  gsize length;       /* BYTES */
  guint message;      /* BODY: index of the message in its APPEND */
  guint64 offset;     /* BODY */
  guint64 size;       /* BODY */
} ImapSegment;

/* One message of an APPEND. */
typedef struct
{
  const gchar *const *flags; /* NULL-terminated; NULL: none */
  gboolean has_date;
  gint64 date; /* seconds since 1970 */
  gint zone_minutes;
  guint64 size; /* exact bytes, 1 or more: zero means "cancel" to a server (RFC 3502) */
  gboolean has_nul; /* needs ~{n} */
  gboolean utf8;    /* 8-bit headers: needs UTF8 (~{n}) (RFC 9755) */
} ImapAppendMessage;

/* When an APPEND waits although it would not have to. */
typedef struct
{
  gboolean first;          /* first APPEND to this mailbox, or first after an error */
  guint64 wait_from_bytes; /* from this size on; 0: never */
  guint64 limit_bytes;     /* APPENDLIMIT; 0: unknown */
} ImapAppendPolicy;

/* A command "TAG WORDS". @wire is copied. Free with imap_command_free(). Errors are kept
 * and given by imap_command_finish(); after the first one nothing more is added. */
ImapCommand *imap_command_new (const gchar *tag, const gchar *words,
                               const ImapWire *wire);

/* Accepts NULL. */
void imap_command_free (ImapCommand *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapCommand, imap_command_free)

/* The adders put a blank before the argument, except behind "(" and before ")". */

/* Our own syntax, e.g. "(UID FLAGS BODY.PEEK[])"; see imap_words_are_valid(). */
void imap_command_add_words (ImapCommand *self, const gchar *words);

/* A number. */
void imap_command_add_number (ImapCommand *self, guint64 number);

/* A mailbox by its raw wire bytes. */
void imap_command_add_mailbox (ImapCommand *self, ImapString name);

/* Any other string, quoted or as a literal; NIL is an error. */
void imap_command_add_string (ImapCommand *self, ImapString text);

/* The same for user names and passwords: marked as secret. */
void imap_command_add_secret (ImapCommand *self, ImapString text);

/* A SASL initial response, already base64 or "=": bare, marked as secret. */
void imap_command_add_base64 (ImapCommand *self, ImapString text);

/* A list of flags, checked by imap_flag_is_valid(). @flags is NULL-terminated; NULL:
 * "()". */
void imap_command_add_flags (ImapCommand *self, const gchar *const *flags);

/* A set in wire form, as imap_uidset_format() gives it; checked by parsing it. */
void imap_command_add_set (ImapCommand *self, const gchar *set);

/* A quoted date-time, see imap_datetime_format() for what is refused. */
void imap_command_add_date (ImapCommand *self, gint64 unix_seconds, gint zone_minutes);

/* One message of "APPEND mailbox": flags, date, and its body as non-synchronising literal
 * if the server and @policy allow it, else as chain of CATENATE parts (LITERAL-), else
 * with a wait. A second message needs MULTIAPPEND. Sizes of 0 and above limit_bytes are
 * refused. */
void imap_command_add_message (ImapCommand *self, const ImapAppendMessage *message,
                               const ImapAppendPolicy *policy);

/* Ends the command. FALSE with IMAP_PARSE_ERROR_ARGUMENT if any argument was refused, or
 * IMAP_PARSE_ERROR_LIMIT if a line became too long: then there is nothing to send. */
gboolean imap_command_finish (ImapCommand *self, GError **error);

/* The next piece to send; FALSE at the end, and always before imap_command_finish()
 * succeeded. */
gboolean imap_command_next (ImapCommand *self, ImapSegment *out_segment);

/* The tag, borrowed. */
const gchar *imap_command_tag (const ImapCommand *self);

/* Whether it holds a non-synchronising literal: a BAD then poisons the connection. */
gboolean imap_command_is_nonsync (const ImapCommand *self);

/* Whether it waits for "+" at least once. */
gboolean imap_command_is_waiting (const ImapCommand *self);

/* All bytes that it will send, bodies included. */
guint64 imap_command_size (const ImapCommand *self);

/* A line of a SASL exchange: base64, empty, or "*" to abort; ends with CRLF. (transfer
 * full) NULL with IMAP_PARSE_ERROR_ARGUMENT if @text is anything else. */
gchar *imap_command_sasl_line (ImapString text, GError **error);
