/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of an IMAP server to tokens, resumable at every byte. */
#pragma once

#include <glib.h>

#include "parse-error.h"

typedef struct _ImapLexer ImapLexer;

/* What the grammar expects next; it holds from the next token on until it is changed. */
typedef enum
{
  IMAP_LEX_LINE,      /* first token of a line: "*", "+" or a tag */
  IMAP_LEX_WORD,      /* the word after it; ends before "[" too, and may be empty there */
  IMAP_LEX_DATA,      /* atoms, strings, lists */
  IMAP_LEX_NAME,      /* a mailbox name, which servers forget to quote */
  IMAP_LEX_DELIMITER, /* the hierarchy delimiter, where "\" is sent for "\\" */
  IMAP_LEX_CODE,      /* as DATA, but "]" ends the response code */
  IMAP_LEX_TEXT,      /* one token up to and including the end of line */
} ImapLexMode;

typedef enum
{
  IMAP_TOKEN_MORE,          /* the given bytes are used up */
  IMAP_TOKEN_ERROR,         /* the stream cannot be understood any more */
  IMAP_TOKEN_STAR,          /* "*" */
  IMAP_TOKEN_PLUS,          /* "+" */
  IMAP_TOKEN_ATOM,          /* bytes as they came, BODY[...] with its section as one */
  IMAP_TOKEN_NIL,           /* the atom NIL in any case; its bytes are given too */
  IMAP_TOKEN_QUOTED,        /* without quotes and escapes */
  IMAP_TOKEN_LITERAL,       /* a buffered literal */
  IMAP_TOKEN_LITERAL_BEGIN, /* `size` bytes follow; answer with imap_lexer_use_literal()
                             */
  IMAP_TOKEN_LITERAL_DATA,  /* a span of the caller's own buffer */
  IMAP_TOKEN_LITERAL_END,
  IMAP_TOKEN_OPEN,
  IMAP_TOKEN_CLOSE,
  IMAP_TOKEN_CODE_END, /* "]" in IMAP_LEX_CODE */
  IMAP_TOKEN_TEXT,     /* includes the end of line: no CRLF token follows */
  IMAP_TOKEN_CRLF,
} ImapTokenType;

/* What to do with the literal that was just announced. */
typedef enum
{
  IMAP_LITERAL_SKIP,   /* DATA and END tokens, nothing is checked (the default) */
  IMAP_LITERAL_BUFFER, /* one LITERAL token, cut at IMAP_LIMIT_STRING_BYTES */
  IMAP_LITERAL_STREAM, /* DATA and END tokens; what follows must be SP, ")" or a line end
                        */
} ImapLiteralUse;

/* A token; the bytes are borrowed until the next call of imap_lexer_next(). */
typedef struct
{
  ImapTokenType type;
  const guint8 *data;
  gsize length;
  guint64 size;      /* LITERAL_BEGIN: announced bytes */
  gboolean literal8; /* LITERAL_BEGIN: announced as ~{n} */
  gboolean damaged;  /* a limit cut it, or a quoted string ended at the end of the line */
} ImapToken;

/* A lexer that expects the first token of a line. Free with imap_lexer_free(). */
ImapLexer *imap_lexer_new (void);

/* Accepts NULL. */
void imap_lexer_free (ImapLexer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapLexer, imap_lexer_free)

/* Says what the grammar expects from the next token on. */
void imap_lexer_set_mode (ImapLexer *self, ImapLexMode mode);

/* While @discard is TRUE no bytes of tokens are kept (tokens come with length 0), so that
 * what nobody wants can be of any size. */
void imap_lexer_set_discard (ImapLexer *self, gboolean discard);

/* Answers IMAP_TOKEN_LITERAL_BEGIN; must be called before the next token is asked for. */
void imap_lexer_use_literal (ImapLexer *self, ImapLiteralUse use);

/* Whether a streamed literal was followed by a line end and then by more of its list: its
 * announced length was wrong (hazard 3). Cleared by reading. */
gboolean imap_lexer_take_suspect (ImapLexer *self);

/* Takes bytes from (*@data, *@length), which are advanced, until one token is complete.
 * IMAP_TOKEN_MORE: all bytes are taken, call again with more. IMAP_TOKEN_ERROR: @error is
 * set to IMAP_PARSE_ERROR_LIMIT or _DESYNC and every further call gives it again. Bytes
 * after the token are untouched, so a caller may stop at a tagged OK (STARTTLS, COMPRESS)
 * and re-route the rest. */
ImapTokenType imap_lexer_next (ImapLexer *self, const guint8 **data, gsize *length,
                               ImapToken *out_token, GError **error);
