/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two files of the lexer share; nobody else includes this. */
#pragma once

#include "lexer.h"

typedef enum
{
  STATE_START,
  STATE_START_CR,
  STATE_ATOM,
  STATE_SECTION,
  STATE_SECTION_EOL,
  STATE_TILDE,
  STATE_BRACE,
  STATE_BRACE_EOL,
  STATE_BRACE_CR,
  STATE_QUOTED,
  STATE_QUOTED_ESCAPE,
  STATE_QUOTED_CR,
  STATE_QUOTED_END,
  STATE_DELIMITER_ESCAPE,
  STATE_DELIMITER_LOOK,
  STATE_NAME,
  STATE_NAME_SPACE,
  STATE_TEXT,
  STATE_TEXT_CR,
  STATE_AFTER_LITERAL,
  STATE_AFTER_LITERAL_CR,
  STATE_AFTER_LITERAL_EOL,
  STATE_LITERAL,
  STATE_COPY,
  STATE_BROKEN,
} ImapLexState;

typedef enum
{
  STEP_TAKE,       /* the byte is used */
  STEP_AGAIN,      /* the state changed, the byte is for the new one */
  STEP_EMIT_TAKE,  /* a token is complete with this byte */
  STEP_EMIT_AGAIN, /* a token is complete before this byte */
  STEP_ERROR,
} ImapLexStep;

struct _ImapLexer
{
  ImapLexMode mode;
  ImapLexState state;
  GByteArray *buffer;
  ImapToken token;
  gboolean emitted;
  gboolean discard;
  gboolean suspect;
  gboolean section_done;
  gboolean section_quoted;
  guint brackets;
  guint held_spaces;
  ImapLiteralUse use;
  guint64 remaining;
  ImapLexState after_copy;
  guint64 line_bytes;
  ImapParseError error_code;
  const gchar *error_message;
};

/* Adds bytes to the token unless they are discarded; cuts it at its limit. */
void imap_lex_append (ImapLexer *self, const void *data, gsize length);

/* Adds the blanks that were held back until it was clear that they belong to the token.
 */
void imap_lex_append_held_spaces (ImapLexer *self);

/* Breaks the lexer for good; @message is a constant. */
ImapLexStep imap_lex_fail (ImapLexer *self, ImapParseError code, const gchar *message);

/* Completes the token as @type; gives @step back. */
ImapLexStep imap_lex_emit (ImapLexer *self, ImapTokenType type, ImapLexStep step);

/* Completes an atom (or NIL) before the current byte. */
ImapLexStep imap_lex_emit_atom (ImapLexer *self);

/* Changes the state; gives @step back. */
ImapLexStep imap_lex_turn (ImapLexer *self, ImapLexState state, ImapLexStep step);

/* The state for bytes that turned out not to be a literal. */
ImapLexState imap_lex_plain_state (const ImapLexer *self);

/* The steps of strings, literal headers and names, see lexer-string.c. */
ImapLexStep imap_lex_step_tilde (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_brace (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_brace_eol (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_brace_cr (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_quoted (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_quoted_escape (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_quoted_cr (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_quoted_end (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_delimiter_escape (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_delimiter_look (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_name (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_name_space (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_after_literal (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_after_literal_cr (ImapLexer *self, guint8 byte);
ImapLexStep imap_lex_step_after_literal_eol (ImapLexer *self, guint8 byte);
