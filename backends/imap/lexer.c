/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A byte-wise state machine from the server's bytes to tokens; one small step function
 * for each state, and runs of plain bytes taken at once. It knows strings, literals and
 * line ends with all the mistakes that servers make in them, and leaves every meaning to
 * response.c. Belongs to the session's thread. */
#include "lexer-private.h"

#include "bounds.h"
#include "text.h"

/* Above this, the token buffer is given back after use instead of kept for the next one.
 */
#define KEEP_BUFFER_BYTES ((guint) 64 * 1024)

ImapLexer *
imap_lexer_new (void)
{
  ImapLexer *self = g_new0 (ImapLexer, 1);

  self->buffer = g_byte_array_new ();
  return self;
}

void
imap_lexer_free (ImapLexer *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->buffer);
  g_free (self);
}

void
imap_lexer_set_mode (ImapLexer *self, ImapLexMode mode)
{
  self->mode = mode;
}

void
imap_lexer_set_discard (ImapLexer *self, gboolean discard)
{
  self->discard = discard;
}

void
imap_lexer_use_literal (ImapLexer *self, ImapLiteralUse use)
{
  self->use = use;
}

gboolean
imap_lexer_take_suspect (ImapLexer *self)
{
  gboolean suspect = self->suspect;

  self->suspect = FALSE;
  return suspect;
}

static gsize
token_limit (const ImapLexer *self)
{
  if (self->state == STATE_ATOM)
    return IMAP_LIMIT_ATOM_BYTES;
  return self->state == STATE_TEXT ? IMAP_LIMIT_TEXT_BYTES : IMAP_LIMIT_STRING_BYTES;
}

void
imap_lex_append (ImapLexer *self, const void *data, gsize length)
{
  if (self->discard || length == 0)
    return;
  gsize room = token_limit (self);
  room = room > self->buffer->len ? room - self->buffer->len : 0;
  if (length > room)
    {
      self->token.damaged = TRUE;
      length = room;
    }
  g_byte_array_append (self->buffer, data, (guint) length);
}

void
imap_lex_append_held_spaces (ImapLexer *self)
{
  for (; self->held_spaces > 0; self->held_spaces--)
    imap_lex_append (self, " ", 1);
}

ImapLexStep
imap_lex_fail (ImapLexer *self, ImapParseError code, const gchar *message)
{
  self->state = STATE_BROKEN;
  self->error_code = code;
  self->error_message = message;
  return STEP_ERROR;
}

ImapLexStep
imap_lex_emit (ImapLexer *self, ImapTokenType type, ImapLexStep step)
{
  self->token.type = type;
  self->emitted = TRUE;
  self->state = STATE_START;
  if (type == IMAP_TOKEN_CRLF || type == IMAP_TOKEN_TEXT)
    self->line_bytes = 0;
  return step;
}

ImapLexStep
imap_lex_emit_atom (ImapLexer *self)
{
  ImapString text = { (const gchar *) self->buffer->data, self->buffer->len };
  gboolean data = self->mode == IMAP_LEX_DATA || self->mode == IMAP_LEX_CODE
                  || self->mode == IMAP_LEX_DELIMITER;

  return imap_lex_emit (
      self, data && imap_string_is (text, "NIL") ? IMAP_TOKEN_NIL : IMAP_TOKEN_ATOM,
      STEP_EMIT_AGAIN);
}

ImapLexStep
imap_lex_turn (ImapLexer *self, ImapLexState state, ImapLexStep step)
{
  self->state = state;
  return step;
}

/* The state for bytes that turned out not to be a literal. */
ImapLexState
imap_lex_plain_state (const ImapLexer *self)
{
  return self->mode == IMAP_LEX_NAME ? STATE_NAME : STATE_ATOM;
}

static ImapLexStep
step_start_special (ImapLexer *self, guint8 byte)
{
  if (byte == '{' || byte == '~')
    return imap_lex_turn (self, byte == '~' ? STATE_TILDE : STATE_BRACE, STEP_AGAIN);
  if (byte == '[' && self->mode == IMAP_LEX_WORD)
    return imap_lex_emit (self, IMAP_TOKEN_ATOM, STEP_EMIT_AGAIN);
  if (byte == ']' && self->mode == IMAP_LEX_CODE)
    return imap_lex_emit (self, IMAP_TOKEN_CODE_END, STEP_EMIT_TAKE);
  if (byte == '*' && self->mode == IMAP_LEX_LINE)
    return imap_lex_emit (self, IMAP_TOKEN_STAR, STEP_EMIT_TAKE);
  if (byte == '+' && self->mode == IMAP_LEX_LINE)
    return imap_lex_emit (self, IMAP_TOKEN_PLUS, STEP_EMIT_TAKE);
  return imap_lex_turn (self, imap_lex_plain_state (self), STEP_AGAIN);
}

static ImapLexStep
step_start (ImapLexer *self, guint8 byte)
{
  if (self->mode == IMAP_LEX_TEXT)
    return imap_lex_turn (self, STATE_TEXT, byte == ' ' ? STEP_TAKE : STEP_AGAIN);
  switch (byte)
    {
    case ' ':
      return STEP_TAKE;
    case '\r':
      return imap_lex_turn (self, STATE_START_CR, STEP_TAKE);
    case '\n':
      return imap_lex_emit (self, IMAP_TOKEN_CRLF, STEP_EMIT_TAKE);
    case '(':
      return imap_lex_emit (self, IMAP_TOKEN_OPEN, STEP_EMIT_TAKE);
    case ')':
      return imap_lex_emit (self, IMAP_TOKEN_CLOSE, STEP_EMIT_TAKE);
    case '"':
      return imap_lex_turn (self, STATE_QUOTED, STEP_TAKE);
    default:
      return step_start_special (self, byte);
    }
}

/* A CR that no LF follows counts as a blank. */
static ImapLexStep
step_start_cr (ImapLexer *self, guint8 byte)
{
  return imap_lex_turn (self, STATE_START, STEP_AGAIN);
}

/* Whether the atom so far is an item whose section, with blanks and lists, belongs to it.
 */
static gboolean
opens_section (const ImapLexer *self)
{
  static const gchar *const items[] = { "BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK",
                                        "BINARY.SIZE" };
  ImapString text = { (const gchar *) self->buffer->data, self->buffer->len };

  if (self->mode != IMAP_LEX_DATA || self->section_done)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    if (imap_string_is (text, items[i]))
      return TRUE;
  return FALSE;
}

static ImapLexStep
step_atom_bracket (ImapLexer *self, guint8 byte)
{
  if (byte == '[' && self->mode == IMAP_LEX_WORD)
    return imap_lex_emit_atom (self);
  if (byte == '[' && opens_section (self))
    {
      imap_lex_append (self, &byte, 1);
      self->section_quoted = FALSE;
      return imap_lex_turn (self, STATE_SECTION, STEP_TAKE);
    }
  if (self->mode == IMAP_LEX_CODE)
    {
      if (byte == ']' && self->brackets == 0)
        return imap_lex_emit_atom (self);
      self->brackets += byte == '[' ? 1 : -1;
    }
  imap_lex_append (self, &byte, 1);
  return STEP_TAKE;
}

static ImapLexStep
step_atom (ImapLexer *self, guint8 byte)
{
  switch (byte)
    {
    case ' ':
    case '\r':
    case '\n':
    case '(':
    case ')':
    case '"':
      return imap_lex_emit_atom (self);
    case '[':
    case ']':
      return step_atom_bracket (self, byte);
    default:
      if (byte == '{' && self->section_done)
        return imap_lex_emit_atom (self);
      imap_lex_append (self, &byte, 1);
      return STEP_TAKE;
    }
}

/* A line end inside [...] belongs to a literal (a header name), or the section is broken.
 */
static ImapLexStep
step_section (ImapLexer *self, guint8 byte)
{
  guint64 size;

  if (byte == '\r' || byte == '\n')
    {
      if (!imap_text_ends_in_literal (self->buffer->data, self->buffer->len, &size))
        return imap_lex_emit_atom (self);
      if (size > IMAP_LIMIT_SECTION_BYTES)
        return imap_lex_fail (self, IMAP_PARSE_ERROR_LIMIT,
                              "section holds an oversized literal");
      self->remaining = size;
      return imap_lex_turn (self, STATE_SECTION_EOL,
                            byte == '\r' ? STEP_TAKE : STEP_AGAIN);
    }
  imap_lex_append (self, &byte, 1);
  if (byte == '"')
    self->section_quoted = !self->section_quoted;
  if (byte != ']' || self->section_quoted)
    return STEP_TAKE;
  self->section_done = TRUE;
  return imap_lex_turn (self, STATE_ATOM, STEP_TAKE);
}

static ImapLexStep
step_section_eol (ImapLexer *self, guint8 byte)
{
  if (byte != '\n')
    return imap_lex_turn (self, STATE_SECTION, STEP_AGAIN);
  imap_lex_append (self, "\r\n", 2);
  self->after_copy = STATE_SECTION;
  return imap_lex_turn (self, STATE_COPY, STEP_TAKE);
}

/* Whether @data, which starts with "[", is still inside its response code at the end. */
static gboolean
code_is_open (const guint8 *data, gsize length)
{
  guint brackets = 0;
  guint lists = 0;
  gboolean quoted = FALSE;
  guint64 size;

  for (gsize i = 0; i < length; i++)
    {
      if (quoted && data[i] == '\\')
        i++;
      else if (data[i] == '"')
        quoted = !quoted;
      else if (quoted)
        continue;
      else if (data[i] == '\n' && imap_text_ends_in_literal (data, i - 1, &size))
        i += (gsize) MIN (size, length);
      else if (data[i] == '(')
        lists++;
      else if (data[i] == ')' && lists > 0)
        lists--;
      else if (data[i] == '[')
        brackets++;
      else if (data[i] == ']' && lists == 0 && --brackets == 0)
        return FALSE;
    }
  return !quoted;
}

static ImapLexStep
end_text (ImapLexer *self)
{
  const GByteArray *buffer = self->buffer;
  guint64 size;

  if (buffer->len == 0 || buffer->data[0] != '['
      || !imap_text_ends_in_literal (buffer->data, buffer->len, &size)
      || !code_is_open (buffer->data, buffer->len))
    return imap_lex_emit (self, IMAP_TOKEN_TEXT, STEP_EMIT_TAKE);
  if (size > IMAP_LIMIT_TEXT_BYTES)
    return imap_lex_fail (self, IMAP_PARSE_ERROR_LIMIT,
                          "response code holds an oversized literal");
  imap_lex_append (self, "\r\n", 2);
  self->remaining = size;
  self->after_copy = STATE_TEXT;
  return imap_lex_turn (self, STATE_COPY, STEP_TAKE);
}

static ImapLexStep
step_text (ImapLexer *self, guint8 byte)
{
  if (byte == '\r')
    return imap_lex_turn (self, STATE_TEXT_CR, STEP_TAKE);
  if (byte == '\n')
    return end_text (self);
  imap_lex_append (self, &byte, 1);
  return STEP_TAKE;
}

static ImapLexStep
step_text_cr (ImapLexer *self, guint8 byte)
{
  self->state = STATE_TEXT;
  if (byte == '\n')
    return end_text (self);
  imap_lex_append (self, "\r", 1);
  return STEP_AGAIN;
}

static ImapLexStep
take_byte (ImapLexer *self, guint8 byte)
{
  static ImapLexStep (*const steps[]) (ImapLexer *, guint8) = {
    [STATE_START] = step_start,
    [STATE_START_CR] = step_start_cr,
    [STATE_ATOM] = step_atom,
    [STATE_SECTION] = step_section,
    [STATE_SECTION_EOL] = step_section_eol,
    [STATE_TILDE] = imap_lex_step_tilde,
    [STATE_BRACE] = imap_lex_step_brace,
    [STATE_BRACE_EOL] = imap_lex_step_brace_eol,
    [STATE_BRACE_CR] = imap_lex_step_brace_cr,
    [STATE_QUOTED] = imap_lex_step_quoted,
    [STATE_QUOTED_ESCAPE] = imap_lex_step_quoted_escape,
    [STATE_QUOTED_CR] = imap_lex_step_quoted_cr,
    [STATE_QUOTED_END] = imap_lex_step_quoted_end,
    [STATE_DELIMITER_ESCAPE] = imap_lex_step_delimiter_escape,
    [STATE_DELIMITER_LOOK] = imap_lex_step_delimiter_look,
    [STATE_NAME] = imap_lex_step_name,
    [STATE_NAME_SPACE] = imap_lex_step_name_space,
    [STATE_TEXT] = step_text,
    [STATE_TEXT_CR] = step_text_cr,
    [STATE_AFTER_LITERAL] = imap_lex_step_after_literal,
    [STATE_AFTER_LITERAL_CR] = imap_lex_step_after_literal_cr,
    [STATE_AFTER_LITERAL_EOL] = imap_lex_step_after_literal_eol,
  };

  return steps[self->state](self, byte);
}

static gboolean
is_plain (ImapLexState state, guint8 byte)
{
  if (byte == '\r' || byte == '\n')
    return FALSE;
  if (state == STATE_TEXT)
    return TRUE;
  if (state == STATE_QUOTED)
    return byte != '"' && byte != '\\';
  if (state == STATE_NAME)
    return byte != ' ';
  return byte != ' ' && byte != '(' && byte != ')' && byte != '"' && byte != '['
         && byte != ']';
}

/* How many bytes of @data only make the token longer. */
static gsize
plain_run (const ImapLexer *self, const guint8 *data, gsize length)
{
  gsize run = 0;

  if (self->state != STATE_TEXT && self->state != STATE_QUOTED
      && self->state != STATE_NAME && (self->state != STATE_ATOM || self->section_done))
    return 0;
  while (run < length && is_plain (self->state, data[run]))
    run++;
  return run;
}

/* The body of a literal, or a literal that belongs to the middle of another token. TRUE
 * if the token is complete. */
static gboolean
take_literal (ImapLexer *self, const guint8 **data, gsize *length)
{
  gboolean keep = self->state == STATE_COPY || self->use == IMAP_LITERAL_BUFFER;
  gsize chunk = (gsize) MIN (self->remaining, (guint64) *length);
  const guint8 *start = *data;

  *data += chunk;
  *length -= chunk;
  self->remaining -= chunk;
  if (keep)
    imap_lex_append (self, start, chunk);
  if (!keep && chunk > 0)
    {
      self->token.data = start;
      self->token.length = chunk;
      imap_lex_emit (self, IMAP_TOKEN_LITERAL_DATA, STEP_EMIT_TAKE);
      self->state = STATE_LITERAL;
      return TRUE;
    }
  if (self->remaining > 0)
    return FALSE;
  if (self->state == STATE_COPY)
    {
      self->state = self->after_copy;
      return FALSE;
    }
  imap_lex_emit (self, keep ? IMAP_TOKEN_LITERAL : IMAP_TOKEN_LITERAL_END,
                 STEP_EMIT_TAKE);
  if (self->use == IMAP_LITERAL_STREAM)
    self->state = STATE_AFTER_LITERAL;
  return TRUE;
}

static void
begin_token (ImapLexer *self)
{
  self->emitted = FALSE;
  self->section_done = FALSE;
  self->brackets = 0;
  self->held_spaces = 0;
  self->token = (ImapToken){ 0 };
  if (self->buffer->len > KEEP_BUFFER_BYTES)
    {
      g_byte_array_unref (self->buffer);
      self->buffer = g_byte_array_new ();
    }
  g_byte_array_set_size (self->buffer, 0);
}

/* Takes bytes until a token is complete or the lexer is broken (TRUE), or none are left.
 */
static gboolean
take_bytes (ImapLexer *self, const guint8 **data, gsize *length)
{
  while (TRUE)
    {
      gboolean literal = self->state == STATE_LITERAL || self->state == STATE_COPY;
      if (literal && take_literal (self, data, length))
        return TRUE;
      if (*length == 0)
        return FALSE;
      if (literal)
        continue;

      gsize run = plain_run (self, *data, *length);
      ImapLexStep step = STEP_TAKE;
      if (run > 0)
        imap_lex_append (self, *data, run);
      else
        step = take_byte (self, **data);

      if (run == 0 && (step == STEP_TAKE || step == STEP_EMIT_TAKE))
        run = 1;
      *data += run;
      *length -= run;
      if (step != STEP_EMIT_TAKE)
        self->line_bytes += run;
      if (self->line_bytes > IMAP_LIMIT_LINE_BYTES)
        step = imap_lex_fail (self, IMAP_PARSE_ERROR_LIMIT, "line never ends");
      if (step != STEP_TAKE && step != STEP_AGAIN)
        return TRUE;
    }
}

ImapTokenType
imap_lexer_next (ImapLexer *self, const guint8 **data, gsize *length,
                 ImapToken *out_token, GError **error)
{
  if (self->emitted)
    begin_token (self);
  if (self->state != STATE_BROKEN && !take_bytes (self, data, length))
    return IMAP_TOKEN_MORE;
  if (self->state == STATE_BROKEN)
    {
      g_set_error_literal (error, IMAP_PARSE_ERROR, (gint) self->error_code,
                           self->error_message);
      return IMAP_TOKEN_ERROR;
    }
  if (self->token.data == NULL)
    {
      self->token.data = self->buffer->data;
      self->token.length = self->buffer->len;
    }
  *out_token = self->token;
  return self->token.type;
}
