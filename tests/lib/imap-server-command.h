/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client's command as tokens, and a strict reader of them. */
#pragma once

#include <glib.h>

/* Most tokens of one command; a client of ours sends no set or list near it. */
#define COMMAND_TOKENS 200000u

typedef enum
{
  TOKEN_SPACE,
  TOKEN_ATOM, /* also flags, sets, wildcards, BODY.PEEK[...] */
  TOKEN_QUOTED,
  TOKEN_LITERAL,
  TOKEN_OPEN,
  TOKEN_CLOSE,
} TokenType;

typedef struct
{
  TokenType type;
  char *text;    /* ATOM, QUOTED: without quotes and escapes */
  GBytes *bytes; /* LITERAL; NULL while it is only announced */
  guint64 size;  /* LITERAL */
  gboolean sync;
  gboolean literal8;
} Token;

typedef struct
{
  char *tag;      /* "*" if none could be read */
  GArray *tokens; /* of Token, without the tag and the space after it */
  char *why_bad;  /* not NULL: this is no command of RFC 3501 */
  gboolean utf8;  /* 8-bit is allowed in quoted strings */
} Command;

/* command_new: empty. */
Command *command_new (gboolean utf8);
/* command_free: accepts NULL. */
void command_free (Command *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Command, command_free)

/* command_add_line: the first line, or what follows a literal. TRUE: the line ends with
 * the announcement of a literal, which is the last token. */
gboolean command_add_line (Command *self, const char *line, gsize length);
/* command_last: the token that was announced last. */
Token *command_last (Command *self);
/* command_text: canonical, for patterns: without the tag; strings as atoms or quoted,
 * however they came; messages of an APPEND, and every announced literal, as {n} or {n+}.
 * (transfer full) */
char *command_text (const Command *self);

/* Reader: walks over the tokens of a command; every function answers FALSE and stays
 * where it is when something else stands there. Strings are borrowed from the command. */
typedef struct
{
  const Command *command;
  guint at;
} Reader;

/* read_space: exactly one. */
gboolean read_space (Reader *self);
gboolean read_open (Reader *self);
gboolean read_close (Reader *self);
/* read_end: nothing follows. */
gboolean read_end (const Reader *self);
/* read_word: that atom in any case. */
gboolean read_word (Reader *self, const char *word);
/* read_raw: any atom token, BODY.PEEK[...] and flags among them. */
gboolean read_raw (Reader *self, const char **out_text);
/* read_atom: only ATOM-CHAR. */
gboolean read_atom (Reader *self, const char **out_text);
/* read_astring: atom, quoted or literal; no NUL. */
gboolean read_astring (Reader *self, const char **out_text);
/* read_list_pattern: as astring, with wildcards. */
gboolean read_list_pattern (Reader *self, const char **out_text);
/* read_quoted: only a quoted string. */
gboolean read_quoted (Reader *self, const char **out_text);
/* read_number: 0 to 2^63-1. */
gboolean read_number (Reader *self, guint64 *out_value);
/* read_literal: one that has come or is announced. */
gboolean read_literal (Reader *self, const Token **out_token);
/* read_flags: "(" flags ")" with the flags of RFC 3501; no \Recent, no doubles. */
gboolean read_flags (Reader *self, GPtrArray **out_flags);

/* UidRange: of a set, first <= last. */
typedef struct
{
  guint32 first;
  guint32 last;
} UidRange;

/* set_parse: a sequence-set; "*" is @star. NULL: it is none. (transfer full) */
GArray *set_parse (const char *text, guint32 star);
/* set_has: whether a range contains it. */
gboolean set_has (const GArray *set, guint32 value);
/* set_format: numbers in order as ranges; "" if none. (transfer full) */
char *set_format (const guint32 *numbers, guint count);
