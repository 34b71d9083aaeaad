/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines and literals of a client to tokens, by the letter of RFC 3501: one space between
 * arguments, no 8-bit, no control characters, nothing unquoted that must be quoted. Pure.
 */
#include "imap-server-command.h"

#include <string.h>

static void
token_clear (gpointer data)
{
  Token *self = data;
  g_free (self->text);
  g_clear_pointer (&self->bytes, g_bytes_unref);
}

Command *
command_new (gboolean utf8)
{
  Command *self = g_new0 (Command, 1);
  self->tokens = g_array_new (FALSE, TRUE, sizeof (Token));
  g_array_set_clear_func (self->tokens, token_clear);
  self->utf8 = utf8;
  return self;
}

void
command_free (Command *self)
{
  if (self == NULL)
    return;
  g_free (self->tag);
  g_free (self->why_bad);
  g_array_unref (self->tokens);
  g_free (self);
}

Token *
command_last (Command *self)
{
  return &g_array_index (self->tokens, Token, self->tokens->len - 1);
}

static void
add (Command *self, TokenType type, char *text)
{
  Token token = { .type = type, .text = text };
  g_array_append_val (self->tokens, token);
}

static gboolean
bad (Command *self, const char *why)
{
  if (self->why_bad == NULL)
    self->why_bad = g_strdup (why);
  return FALSE;
}

static gboolean
is_atom_char (char c)
{
  return c > ' ' && c < 127 && strchr ("(){%*\"\\]", c) == NULL;
}

/* read_tag: up to the first space; returns what is behind it, or NULL. */
static const char *
take_tag (Command *self, const char *line, const char *end)
{
  const char *at = line;
  while (at < end && is_atom_char (*at) && *at != '+')
    at++;
  if (at == line || at == end || *at != ' ')
    {
      self->tag = g_strdup ("*");
      bad (self, "no tag");
      return NULL;
    }
  self->tag = g_strndup (line, (gsize) (at - line));
  return at + 1;
}

static const char *
take_quoted (Command *self, const char *at, const char *end)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (at++; at < end && *at != '"'; at++)
    {
      if (*at == '\\' && (at + 1 == end || (at[1] != '"' && at[1] != '\\')))
        {
          bad (self, "bad escape in a quoted string");
          return NULL;
        }
      if (*at == '\\')
        at++;
      if (*at == '\0' || *at == '\r' || (!self->utf8 && (guchar) *at > 126))
        {
          bad (self, "a quoted string holds what it must not");
          return NULL;
        }
      g_string_append_c (text, *at);
    }
  if (at == end)
    {
      bad (self, "a quoted string does not end");
      return NULL;
    }
  add (self, TOKEN_QUOTED, g_strdup (text->str));
  return at + 1;
}

/* take_literal: "{n}", "{n+}" or "~{n}" at the end of the line; NULL: it is none. */
static const char *
take_literal (Command *self, const char *at, const char *end)
{
  Token token = { .type = TOKEN_LITERAL, .sync = TRUE, .literal8 = *at == '~' };
  at += token.literal8 ? 2 : 1;
  const char *digits = at;
  while (at < end && g_ascii_isdigit (*at))
    at++;
  g_autofree char *number = g_strndup (digits, (gsize) (at - digits));
  gboolean known = g_ascii_string_to_unsigned (number, 10, 0, G_MAXINT64, &token.size,
                                               NULL);
  if (at < end && *at == '+')
    {
      token.sync = FALSE;
      at++;
    }
  if (!known || at + 1 != end || *at != '}')
    {
      bad (self, "malformed announcement of a literal");
      return NULL;
    }
  g_array_append_val (self->tokens, token);
  return end;
}

/* take_atom: with a section in brackets, which may hold spaces and lists. */
static const char *
take_atom (Command *self, const char *at, const char *end)
{
  const char *start = at;
  while (at<end && * at> ' ' && *at < 127 && strchr ("(){\"", *at) == NULL)
    {
      if (*at++ != '[')
        continue;
      while (at < end && *at != ']' && *at >= ' ' && *at < 127)
        at++;
    }
  if (at == start)
    {
      bad (self, "a character that must be quoted");
      return NULL;
    }
  add (self, TOKEN_ATOM, g_strndup (start, (gsize) (at - start)));
  return at;
}

gboolean
command_add_line (Command *self, const char *line, gsize length)
{
  const char *end = line + length, *at = line;
  if (memchr (line, '\0', length) != NULL)
    {
      if (self->tag == NULL)
        self->tag = g_strdup ("*");
      return bad (self, "NUL in a command");
    }
  if (self->tag == NULL)
    at = take_tag (self, line, end);
  while (at != NULL && at < end)
    {
      gboolean literal8 = at[0] == '~' && at + 1 < end && at[1] == '{';
      if (self->tokens->len >= COMMAND_TOKENS)
        return bad (self, "too many tokens");
      if (*at == '{' || literal8)
        return take_literal (self, at, end) != NULL;
      if (*at == '"')
        at = take_quoted (self, at, end);
      else if (*at == ' ' || *at == '(' || *at == ')')
        {
          add (self,
               *at == ' '   ? TOKEN_SPACE
               : *at == '(' ? TOKEN_OPEN
                            : TOKEN_CLOSE,
               NULL);
          at++;
        }
      else
        at = take_atom (self, at, end);
    }
  return FALSE;
}

/* append_string: as an atom where that is possible, else quoted. */
static void
append_string (GString *out, const char *text)
{
  gboolean atom = *text != '\0';
  for (const char *at = text; atom && *at != '\0'; at++)
    atom = is_atom_char (*at) || *at == ']';
  if (atom)
    {
      g_string_append (out, text);
      return;
    }
  g_string_append_c (out, '"');
  for (const char *at = text; *at != '\0'; at++)
    {
      if (*at == '"' || *at == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *at);
    }
  g_string_append_c (out, '"');
}

char *
command_text (const Command *self)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gboolean append = self->tokens->len > 0
                    && g_array_index (self->tokens, Token, 0).type == TOKEN_ATOM
                    && g_ascii_strcasecmp (g_array_index (self->tokens, Token, 0).text,
                                           "APPEND")
                           == 0;
  for (guint i = 0; i < self->tokens->len; i++)
    {
      const Token *token = &g_array_index (self->tokens, Token, i);
      gsize size = 0;
      const char *data = token->bytes != NULL ? g_bytes_get_data (token->bytes, &size)
                                              : NULL;
      gboolean body = token->bytes == NULL || (append && i > 2)
                      || (size > 0 && memchr (data, '\0', size) != NULL);
      switch (token->type)
        {
        case TOKEN_SPACE:
          g_string_append_c (out, ' ');
          break;
        case TOKEN_OPEN:
          g_string_append_c (out, '(');
          break;
        case TOKEN_CLOSE:
          g_string_append_c (out, ')');
          break;
        case TOKEN_ATOM:
          g_string_append (out, token->text);
          break;
        case TOKEN_QUOTED:
          append_string (out, token->text);
          break;
        case TOKEN_LITERAL:
          if (body)
            g_string_append_printf (out, "%s{%" G_GUINT64_FORMAT "%s}",
                                    token->literal8 ? "~" : "", token->size,
                                    token->sync ? "" : "+");
          else
            append_string (out, token->text);
          break;
        }
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static const Token *
peek (const Reader *self)
{
  return self->at < self->command->tokens->len
             ? &g_array_index (self->command->tokens, Token, self->at)
             : NULL;
}

static gboolean
read_type (Reader *self, TokenType type)
{
  const Token *token = peek (self);
  if (token == NULL || token->type != type)
    return FALSE;
  self->at++;
  return TRUE;
}

gboolean
read_space (Reader *self)
{
  return read_type (self, TOKEN_SPACE);
}

gboolean
read_open (Reader *self)
{
  return read_type (self, TOKEN_OPEN);
}

gboolean
read_close (Reader *self)
{
  return read_type (self, TOKEN_CLOSE);
}

gboolean
read_end (const Reader *self)
{
  return peek (self) == NULL;
}

gboolean
read_raw (Reader *self, const char **out_text)
{
  const Token *token = peek (self);
  if (token == NULL || token->type != TOKEN_ATOM)
    return FALSE;
  *out_text = token->text;
  self->at++;
  return TRUE;
}

gboolean
read_word (Reader *self, const char *word)
{
  const Token *token = peek (self);
  if (token == NULL || token->type != TOKEN_ATOM
      || g_ascii_strcasecmp (token->text, word) != 0)
    return FALSE;
  self->at++;
  return TRUE;
}

/* read_chars: an atom of ATOM-CHAR and @more. */
static gboolean
read_chars (Reader *self, const char *more, const char **out_text)
{
  const Token *token = peek (self);
  if (token == NULL || token->type != TOKEN_ATOM)
    return FALSE;
  for (const char *at = token->text; *at != '\0'; at++)
    if (!is_atom_char (*at) && strchr (more, *at) == NULL)
      return FALSE;
  *out_text = token->text;
  self->at++;
  return TRUE;
}

gboolean
read_atom (Reader *self, const char **out_text)
{
  return read_chars (self, "", out_text);
}

static gboolean
read_string (Reader *self, const char **out_text)
{
  const Token *token = peek (self);
  if (token == NULL || (token->type != TOKEN_QUOTED && token->type != TOKEN_LITERAL)
      || token->text == NULL)
    return FALSE;
  *out_text = token->text;
  self->at++;
  return TRUE;
}

gboolean
read_astring (Reader *self, const char **out_text)
{
  return read_chars (self, "]", out_text) || read_string (self, out_text);
}

gboolean
read_list_pattern (Reader *self, const char **out_text)
{
  return read_chars (self, "]%*", out_text) || read_string (self, out_text);
}

gboolean
read_quoted (Reader *self, const char **out_text)
{
  const Token *token = peek (self);
  return token != NULL && token->type == TOKEN_QUOTED && read_string (self, out_text);
}

gboolean
read_number (Reader *self, guint64 *out_value)
{
  const Token *token = peek (self);
  if (token == NULL || token->type != TOKEN_ATOM
      || !g_ascii_string_to_unsigned (token->text, 10, 0, G_MAXINT64, out_value, NULL))
    return FALSE;
  self->at++;
  return TRUE;
}

gboolean
read_literal (Reader *self, const Token **out_token)
{
  const Token *token = peek (self);
  if (token == NULL || token->type != TOKEN_LITERAL)
    return FALSE;
  *out_token = token;
  self->at++;
  return TRUE;
}

static gboolean
is_flag (const char *text)
{
  static const char *const system_flags[] = { "\\Seen", "\\Answered", "\\Flagged",
                                              "\\Deleted", "\\Draft" };
  for (guint i = 0; i < G_N_ELEMENTS (system_flags); i++)
    if (g_ascii_strcasecmp (text, system_flags[i]) == 0)
      return TRUE;
  gboolean atom = *text != '\0';
  for (const char *at = text; atom && *at != '\0'; at++)
    atom = is_atom_char (*at);
  return atom;
}

gboolean
read_flags (Reader *self, GPtrArray **out_flags)
{
  Reader at = *self;
  g_autoptr (GPtrArray) flags = g_ptr_array_new_with_free_func (g_free);
  if (!read_open (&at))
    return FALSE;
  const char *text;
  for (gboolean first = TRUE; !read_close (&at); first = FALSE)
    {
      if ((!first && !read_space (&at)) || !read_raw (&at, &text) || !is_flag (text))
        return FALSE;
      g_ptr_array_add (flags, g_strdup (text));
    }
  *self = at;
  *out_flags = g_steal_pointer (&flags);
  return TRUE;
}

static gboolean
set_number (const char **at, guint32 star, guint32 *out)
{
  guint64 value = 0;
  if (**at == '*')
    {
      (*at)++;
      *out = star;
      return TRUE;
    }
  if (**at < '1' || **at > '9')
    return FALSE;
  for (; g_ascii_isdigit (**at); (*at)++)
    {
      value = value * 10 + (guint64) (**at - '0');
      if (value > G_MAXUINT32)
        return FALSE;
    }
  *out = (guint32) value;
  return TRUE;
}

GArray *
set_parse (const char *text, guint32 star)
{
  g_autoptr (GArray) set = g_array_new (FALSE, FALSE, sizeof (UidRange));
  for (;;)
    {
      UidRange range;
      if (!set_number (&text, star, &range.first))
        return NULL;
      range.last = range.first;
      if (*text == ':' && (text++, !set_number (&text, star, &range.last)))
        return NULL;
      if (range.first > range.last)
        range = (UidRange){ range.last, range.first };
      g_array_append_val (set, range);
      if (*text == '\0')
        return g_steal_pointer (&set);
      if (*text++ != ',')
        return NULL;
    }
}

gboolean
set_has (const GArray *set, guint32 value)
{
  for (guint i = 0; i < set->len; i++)
    {
      const UidRange *range = &g_array_index (set, UidRange, i);
      if (value >= range->first && value <= range->last)
        return TRUE;
    }
  return FALSE;
}

char *
set_format (const guint32 *numbers, guint count)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < count;)
    {
      guint last = i;
      while (last + 1 < count && numbers[last + 1] == numbers[last] + 1)
        last++;
      g_string_append_printf (out, last > i ? "%s%u:%u" : "%s%u", i > 0 ? "," : "",
                              numbers[i], numbers[last]);
      i = last + 1;
    }
  return g_string_free (out, FALSE);
}
