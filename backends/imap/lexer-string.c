/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lexer's steps for quoted strings, literal headers, mailbox names and what may
 * follow a literal: the places where servers deviate most. Leaves atoms, text and the
 * loop to lexer.c. Belongs to the session's thread. */
#include "lexer-private.h"

#include "bounds.h"
#include "text.h"

ImapLexStep
imap_lex_step_tilde (ImapLexer *self, guint8 byte)
{
  if (byte == '~' && self->buffer->len == 0)
    {
      g_byte_array_append (self->buffer, &byte, 1);
      return STEP_TAKE;
    }
  return imap_lex_turn (self, byte == '{' ? STATE_BRACE : imap_lex_plain_state (self),
                        STEP_AGAIN);
}

/* The header of a literal is always kept, even while tokens are discarded. */
ImapLexStep
imap_lex_step_brace (ImapLexer *self, guint8 byte)
{
  guint length = self->buffer->len;
  guint8 last = length > 0 ? self->buffer->data[length - 1] : '\0';
  gboolean good = (byte == '{' && (last == '\0' || last == '~'))
                  || (byte == '+' && g_ascii_isdigit (last))
                  || (g_ascii_isdigit (byte) && last != '+')
                  || (byte == '}'
                      && (g_ascii_isdigit (last) || (last == '+' && length > 2)));

  if (!good)
    return imap_lex_turn (self, imap_lex_plain_state (self), STEP_AGAIN);
  if (length > 64)
    return imap_lex_fail (self, IMAP_PARSE_ERROR_LIMIT, "literal has an absurd length");
  g_byte_array_append (self->buffer, &byte, 1);
  if (byte != '}')
    return STEP_TAKE;
  if (!imap_text_ends_in_literal (self->buffer->data, self->buffer->len,
                                  &self->remaining))
    return imap_lex_fail (self, IMAP_PARSE_ERROR_LIMIT, "literal has an absurd length");
  return imap_lex_turn (self, STATE_BRACE_EOL, STEP_TAKE);
}

static ImapLexStep
begin_literal (ImapLexer *self)
{
  self->token.size = self->remaining;
  self->token.literal8 = self->buffer->data[0] == '~';
  self->use = IMAP_LITERAL_SKIP;
  g_byte_array_set_size (self->buffer, 0);
  imap_lex_emit (self, IMAP_TOKEN_LITERAL_BEGIN, STEP_EMIT_TAKE);
  return imap_lex_turn (self, STATE_LITERAL, STEP_EMIT_TAKE);
}

ImapLexStep
imap_lex_step_brace_eol (ImapLexer *self, guint8 byte)
{
  if (byte == ' ')
    {
      self->held_spaces++;
      return STEP_TAKE;
    }
  if (byte == '\r')
    return imap_lex_turn (self, STATE_BRACE_CR, STEP_TAKE);
  if (byte == '\n')
    return begin_literal (self);
  if (self->mode == IMAP_LEX_NAME)
    return imap_lex_turn (self, STATE_NAME_SPACE, STEP_AGAIN);
  if (self->held_spaces > 0)
    return imap_lex_emit_atom (self);
  return imap_lex_turn (self, STATE_ATOM, STEP_AGAIN);
}

ImapLexStep
imap_lex_step_brace_cr (ImapLexer *self, guint8 byte)
{
  return byte == '\n' ? begin_literal (self) : imap_lex_emit_atom (self);
}

ImapLexStep
imap_lex_step_quoted (ImapLexer *self, guint8 byte)
{
  if (byte == '"')
    return imap_lex_turn (self, STATE_QUOTED_END, STEP_TAKE);
  if (byte == '\\' && self->mode == IMAP_LEX_DELIMITER && self->buffer->len == 0)
    return imap_lex_turn (self, STATE_DELIMITER_ESCAPE, STEP_TAKE);
  if (byte == '\\')
    return imap_lex_turn (self, STATE_QUOTED_ESCAPE, STEP_TAKE);
  if (byte == '\r')
    return imap_lex_turn (self, STATE_QUOTED_CR, STEP_TAKE);
  if (byte == '\n')
    {
      self->token.damaged = TRUE;
      return imap_lex_emit (self, IMAP_TOKEN_QUOTED, STEP_EMIT_AGAIN);
    }
  imap_lex_append (self, &byte, 1);
  return STEP_TAKE;
}

/* A backslash before anything else was meant as one: DOMAIN\user. */
ImapLexStep
imap_lex_step_quoted_escape (ImapLexer *self, guint8 byte)
{
  if (byte != '"' && byte != '\\')
    {
      imap_lex_append (self, "\\", 1);
      return imap_lex_turn (self, STATE_QUOTED, STEP_AGAIN);
    }
  imap_lex_append (self, &byte, 1);
  return imap_lex_turn (self, STATE_QUOTED, STEP_TAKE);
}

ImapLexStep
imap_lex_step_quoted_cr (ImapLexer *self, guint8 byte)
{
  if (byte != '\n')
    imap_lex_append (self, "\r", 1);
  return imap_lex_turn (self, STATE_QUOTED, STEP_AGAIN);
}

/* Hazard 4: a quote ends the string only if what follows may follow a string; a mailbox
 * name is followed by nothing, or by " (". */
ImapLexStep
imap_lex_step_quoted_end (ImapLexer *self, guint8 byte)
{
  gboolean name = self->mode == IMAP_LEX_NAME;
  gboolean line_end = byte == '\r' || byte == '\n';

  if (name && byte == ' ')
    {
      self->held_spaces++;
      return STEP_TAKE;
    }
  if (line_end || (name && byte == '(' && self->held_spaces > 0)
      || (!name && (byte == ' ' || byte == ')' || byte == ']')))
    return imap_lex_emit (self, IMAP_TOKEN_QUOTED, STEP_EMIT_AGAIN);
  imap_lex_append (self, "\"", 1);
  imap_lex_append_held_spaces (self);
  return imap_lex_turn (self, STATE_QUOTED, STEP_AGAIN);
}

ImapLexStep
imap_lex_step_delimiter_escape (ImapLexer *self, guint8 byte)
{
  if (byte == '"')
    return imap_lex_turn (self, STATE_DELIMITER_LOOK, STEP_TAKE);
  return imap_lex_turn (self, STATE_QUOTED_ESCAPE, STEP_AGAIN);
}

/* After "\" a second quote means that the first one was escaped; otherwise the server
 * (Domino) forgot to double its backslash. */
ImapLexStep
imap_lex_step_delimiter_look (ImapLexer *self, guint8 byte)
{
  imap_lex_append (self, byte == '"' ? "\"" : "\\", 1);
  if (byte == '"')
    return imap_lex_turn (self, STATE_QUOTED_END, STEP_TAKE);
  return imap_lex_emit (self, IMAP_TOKEN_QUOTED, STEP_EMIT_AGAIN);
}

ImapLexStep
imap_lex_step_name (ImapLexer *self, guint8 byte)
{
  if (byte == ' ')
    return imap_lex_turn (self, STATE_NAME_SPACE, STEP_AGAIN);
  if (byte == '\r' || byte == '\n')
    return imap_lex_emit_atom (self);
  imap_lex_append (self, &byte, 1);
  return STEP_TAKE;
}

ImapLexStep
imap_lex_step_name_space (ImapLexer *self, guint8 byte)
{
  if (byte == ' ')
    {
      self->held_spaces++;
      return STEP_TAKE;
    }
  if (byte == '\r' || byte == '\n' || (byte == '(' && self->held_spaces > 0))
    return imap_lex_emit_atom (self);
  imap_lex_append_held_spaces (self);
  return imap_lex_turn (self, STATE_NAME, STEP_AGAIN);
}

/* Hazard 3: a literal whose length was wrong by a line end is followed by one; anything
 * but the rest of the list then means that the next boundary is not known. */
ImapLexStep
imap_lex_step_after_literal (ImapLexer *self, guint8 byte)
{
  if (byte == ' ' || byte == ')')
    return imap_lex_turn (self, STATE_START, STEP_AGAIN);
  if (byte == '\r')
    return imap_lex_turn (self, STATE_AFTER_LITERAL_CR, STEP_TAKE);
  if (byte == '\n')
    return imap_lex_turn (self, STATE_AFTER_LITERAL_EOL, STEP_TAKE);
  return imap_lex_fail (self, IMAP_PARSE_ERROR_DESYNC,
                        "literal is longer or shorter than announced");
}

ImapLexStep
imap_lex_step_after_literal_cr (ImapLexer *self, guint8 byte)
{
  if (byte == '\n')
    return imap_lex_turn (self, STATE_AFTER_LITERAL_EOL, STEP_TAKE);
  return imap_lex_fail (self, IMAP_PARSE_ERROR_DESYNC,
                        "literal is longer or shorter than announced");
}

ImapLexStep
imap_lex_step_after_literal_eol (ImapLexer *self, guint8 byte)
{
  self->suspect = TRUE;
  if (byte == ' ' || byte == ')')
    return imap_lex_turn (self, STATE_START, STEP_AGAIN);
  return imap_lex_emit (self, IMAP_TOKEN_CRLF, STEP_EMIT_AGAIN);
}
