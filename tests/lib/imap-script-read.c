/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of a script to what the server plays; every line that is not understood is an
 * error with its number. The language: docs/internals/testing-imap.md. Pure.
 */
#include "imap-script-answer.h"
#include "imap-script-private.h"

#include <string.h>

#include <gio/gio.h>

static void
step_free (gpointer data)
{
  Step *self = data;
  g_free (self->text);
  g_strfreev (self->words);
  g_free (self);
}

static void
rule_free (gpointer data)
{
  Rule *self = data;
  g_free (self->pattern);
  g_ptr_array_unref (self->steps);
  g_free (self);
}

static void
play_free (gpointer data)
{
  Play *self = data;
  g_ptr_array_unref (self->steps);
  g_free (self);
}

static void
bound_free (gpointer data)
{
  Bound *self = data;
  g_free (self->pattern);
  g_free (self);
}

static void
user_free (gpointer data)
{
  User *self = data;
  g_free (self->name);
  g_free (self->password);
  g_free (self);
}

void
script_init (Script *self)
{
  memset (self, 0, sizeof *self);
  self->capability = g_strdup (
      "IMAP4rev1 SASL-IR LITERAL+ ENABLE ID NAMESPACE UIDPLUS MULTIAPPEND CONDSTORE "
      "LIST-EXTENDED LIST-STATUS SPECIAL-USE CHILDREN ESEARCH UNSELECT MOVE");
  self->capability_early = g_strdup ("IMAP4rev1 SASL-IR LITERAL+ ID AUTH=PLAIN");
  self->capability_in_greeting = self->capability_at_login = TRUE;
  self->delimiter = g_strdup ("/");
  self->id = g_strdup ("(\"name\" \"scripted\" \"version\" \"1\")");
  self->line_limit = 65536;
  self->long_line = 9900;
  self->bodies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) g_bytes_unref);
  self->users = g_ptr_array_new_with_free_func (user_free);
  self->rules = g_ptr_array_new_with_free_func (rule_free);
  self->plays = g_ptr_array_new_with_free_func (play_free);
  self->bounds = g_ptr_array_new_with_free_func (bound_free);
  store_init (&self->store);
}

void
script_clear (Script *self)
{
  g_free (self->capability);
  g_free (self->capability_early);
  g_free (self->greeting);
  g_free (self->delimiter);
  g_free (self->namespaces);
  g_free (self->id);
  g_hash_table_unref (self->bodies);
  g_ptr_array_unref (self->users);
  g_ptr_array_unref (self->rules);
  g_ptr_array_unref (self->plays);
  g_ptr_array_unref (self->bounds);
  store_clear (&self->store);
}

void
script_unescape (GString *out, const char *text, gsize length)
{
  static const char letters[] = "rnt0\\", bytes[] = "\r\n\t\0\\";
  for (gsize i = 0; i < length; i++)
    {
      const char *letter = text[i] == '\\' && i + 1 < length && text[i + 1] != '\0'
                               ? strchr (letters, text[i + 1])
                               : NULL;
      if (letter != NULL)
        {
          g_string_append_c (out, bytes[letter - letters]);
          i++;
        }
      else if (i + 3 < length && text[i] == '\\' && text[i + 1] == 'x'
               && g_ascii_isxdigit (text[i + 2]) && g_ascii_isxdigit (text[i + 3]))
        {
          g_string_append_c (out, (char) (g_ascii_xdigit_value (text[i + 2]) * 16
                                          + g_ascii_xdigit_value (text[i + 3])));
          i += 3;
        }
      else
        g_string_append_c (out, text[i]);
    }
}

/* one_word: advances *@at behind it. */
static char *
one_word (const char **at)
{
  GString *word = g_string_new (NULL);
  const char *p = *at;
  guint depth = 0;
  gboolean quoted = FALSE;
  for (; *p != '\0' && (quoted || depth > 0 || *p != ' '); p++)
    {
      if (quoted && p[0] == '\\' && p[1] == '"')
        g_string_append_c (word, *++p);
      else if (*p == '"' && depth == 0)
        quoted = !quoted;
      else if (!quoted && *p == '(' && depth++ == 0)
        continue;
      else if (!quoted && *p == ')' && depth > 0 && --depth == 0)
        continue;
      else
        g_string_append_c (word, *p);
    }
  *at = p;
  return g_string_free (word, FALSE);
}

char **
script_words (const char *text)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  while (*text != '\0')
    {
      if (*text == ' ')
        text++;
      else
        g_ptr_array_add (words, one_word (&text));
    }
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&words), FALSE);
}

gboolean
script_duration (const char *text, gint64 *out_us)
{
  gboolean milli = g_str_has_suffix (text, "ms");
  gsize length = strlen (text), unit = milli ? 2 : 1;
  guint64 value;
  if (!milli && !g_str_has_suffix (text, "s"))
    return FALSE;
  g_autofree char *number = g_strndup (text, length - unit);
  if (!g_ascii_string_to_unsigned (number, 10, 0, 3600000, &value, NULL))
    return FALSE;
  *out_us = (gint64) value * (milli ? 1000 : 1000000);
  return TRUE;
}

/* Reading: where the reader is. */
typedef struct
{
  Script *script;
  char **lines;
  guint line;       /* index of the next one */
  GPtrArray *steps; /* of the open section; NULL: the head */
} Reading;

static gboolean
fail (const Reading *self, GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%u: %s: %s", self->line,
               what, self->lines[self->line - 1]);
  return FALSE;
}

/* Kind: how a directive inside a section is read. */
typedef enum
{
  KIND_TEXT,     /* the rest of the line as it is */
  KIND_NONE,     /* nothing may follow */
  KIND_NUMBER,   /* a number comes first */
  KIND_DURATION, /* a duration comes first */
  KIND_MAYBE_DURATION,
  KIND_WORDS,
} Kind;

typedef struct
{
  const char *name;
  StepType type;
  Kind kind;
} Directive;

static const Directive directives[] = {
  { "S:", STEP_SEND, KIND_TEXT },
  { "C:", STEP_EXPECT, KIND_TEXT },
  { "C*:", STEP_EXPECT_ANY, KIND_TEXT },
  { "C?:", STEP_EXPECT_MAYBE, KIND_TEXT },
  { "C-:", STEP_EXPECT_PART, KIND_TEXT },
  { "L:", STEP_EXPECT_LINE, KIND_TEXT },
  { "@raw", STEP_RAW, KIND_TEXT },
  { "@take", STEP_TAKE, KIND_WORDS },
  { "@expect-literal", STEP_LITERAL_IS, KIND_WORDS },
  { "@default", STEP_DEFAULT, KIND_NONE },
  { "@untagged", STEP_UNTAGGED, KIND_NONE },
  { "@execute", STEP_EXECUTE, KIND_NONE },
  { "@drop-tagged", STEP_DROP_TAGGED, KIND_NONE },
  { "@ok", STEP_OK, KIND_TEXT },
  { "@no", STEP_NO, KIND_TEXT },
  { "@bad", STEP_BAD, KIND_TEXT },
  { "@bye", STEP_BYE, KIND_TEXT },
  { "@delay", STEP_DELAY, KIND_DURATION },
  { "@stall", STEP_STALL, KIND_MAYBE_DURATION },
  { "@close", STEP_CLOSE, KIND_NONE },
  { "@reset", STEP_RESET, KIND_NONE },
  { "@cut", STEP_CUT, KIND_NUMBER },
  { "@pause", STEP_PAUSE, KIND_NUMBER },
  { "@ghost", STEP_GHOST, KIND_DURATION },
  { "@accept", STEP_ACCEPT, KIND_NONE },
  { "@swallow", STEP_SWALLOW, KIND_NONE },
  { "@greet", STEP_GREET, KIND_NONE },
  { "@serve", STEP_SERVE, KIND_TEXT },
  { "@answer", STEP_ANSWER, KIND_WORDS },
  { "@capability", STEP_CAPABILITY, KIND_TEXT },
  { "@deliver", STEP_CHANGE, KIND_WORDS },
  { "@expunge", STEP_CHANGE, KIND_WORDS },
  { "@flags", STEP_CHANGE, KIND_WORDS },
  { "@uidvalidity", STEP_CHANGE, KIND_WORDS },
  { "@uidnext", STEP_CHANGE, KIND_WORDS },
  { "@remove", STEP_CHANGE, KIND_WORDS },
  { "@mailbox", STEP_CHANGE, KIND_WORDS },
};

static gboolean
read_step (Reading *self, const char *name, const char *rest, GError **error)
{
  const Directive *found = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (directives); i++)
    if (strcmp (directives[i].name, name) == 0)
      found = &directives[i];
  if (found == NULL)
    return fail (self, error, "no such directive in a section");
  Step *step = g_new0 (Step, 1);
  g_ptr_array_add (self->steps, step);
  step->type = found->type;
  step->line = self->line;
  step->number = -1;
  step->words = script_words (rest);
  step->text = g_strdup (found->type == STEP_CHANGE ? name : rest);
  const char *first = step->words[0] != NULL ? step->words[0] : "";
  guint64 number = 0;
  gboolean good = TRUE;
  switch (found->kind)
    {
    case KIND_TEXT:
    case KIND_WORDS:
      break;
    case KIND_NONE:
      good = *first == '\0';
      break;
    case KIND_NUMBER:
      good = g_ascii_string_to_unsigned (first, 10, 0, G_MAXINT64, &number, NULL);
      step->number = (gint64) number;
      break;
    case KIND_DURATION:
      good = script_duration (first, &step->number);
      break;
    case KIND_MAYBE_DURATION:
      good = *first == '\0' || script_duration (first, &step->number);
      break;
    }
  if (step->type == STEP_ANSWER && !answer_known (step->words))
    return fail (self, error, "no such answer");
  return good || fail (self, error, "not what this directive takes");
}

/* options: takes " [nth=2 first=3 after=1 conn=1 uid=5 optional]" off the end of @text.
 */
static gboolean
take_options (char *text, Rule *rule)
{
  char *open = strrchr (text, '[');
  if (open == NULL || open == text || open[-1] != ' ' || !g_str_has_suffix (text, "]"))
    return TRUE;
  g_autofree char *inner = g_strndup (open + 1, strlen (open) - 2);
  g_auto (GStrv) words = script_words (inner);
  for (char **at = words; *at != NULL; at++)
    {
      char *equals = strchr (*at, '=');
      guint64 value = 0;
      if (equals == NULL && strcmp (*at, "optional") == 0)
        {
          rule->optional = TRUE;
          continue;
        }
      if (equals == NULL
          || !g_ascii_string_to_unsigned (equals + 1, 10, 1, G_MAXUINT32, &value, NULL))
        return equals == NULL && at == words; /* then it is part of the pattern */
      *equals = '\0';
      if (strcmp (*at, "nth") == 0)
        rule->nth = (guint) value;
      else if (strcmp (*at, "first") == 0)
        rule->first = (guint) value;
      else if (strcmp (*at, "after") == 0)
        rule->after = (guint) value;
      else if (strcmp (*at, "conn") == 0)
        rule->connection = (guint) value;
      else if (strcmp (*at, "uid") == 0)
        rule->uid = (guint) value;
      else
        return FALSE;
    }
  open[-1] = '\0';
  return TRUE;
}

static gboolean
read_rule (Reading *self, gboolean at_literal, const char *rest, GError **error)
{
  Rule *rule = g_new0 (Rule, 1);
  rule->steps = g_ptr_array_new_with_free_func (step_free);
  rule->pattern = g_strdup (rest);
  rule->line = self->line;
  rule->at_literal = at_literal;
  g_ptr_array_add (self->script->rules, rule);
  self->steps = rule->steps;
  if (!take_options (rule->pattern, rule) || *rule->pattern == '\0')
    return fail (self, error, "no pattern or unknown options");
  return TRUE;
}

static gboolean
read_play (Reading *self, char *const *words, GError **error)
{
  guint64 number = 0;
  if (words[0] == NULL
      || (strcmp (words[0], "*") != 0
          && !g_ascii_string_to_unsigned (words[0], 10, 1, 1000, &number, NULL)))
    return fail (self, error, "a number or * is missing");
  Play *play = g_new0 (Play, 1);
  play->steps = g_ptr_array_new_with_free_func (step_free);
  play->line = self->line;
  play->number = (guint) number;
  play->optional = words[1] != NULL && strcmp (words[1], "optional") == 0;
  g_ptr_array_add (self->script->plays, play);
  self->steps = play->steps;
  return TRUE;
}

/* read_body: up to "@end"; each line with CRLF, or (raw) only what is escaped. */
static gboolean
read_body (Reading *self, char *const *words, GError **error)
{
  guint start = self->line;
  g_autoptr (GString) out = g_string_new (NULL);
  if (words[0] == NULL)
    return fail (self, error, "the name is missing");
  gboolean raw = words[1] != NULL && strcmp (words[1], "raw") == 0;
  for (; self->lines[self->line] != NULL; self->line++)
    {
      const char *line = self->lines[self->line];
      if (strcmp (line, "@end") == 0)
        {
          self->line++;
          g_hash_table_replace (self->script->bodies, g_strdup (words[0]),
                                g_bytes_new (out->str, out->len));
          return TRUE;
        }
      if (raw)
        script_unescape (out, line, strlen (line));
      else
        g_string_append_printf (out, "%s\r\n", line);
    }
  self->line = start;
  return fail (self, error, "the body does not end");
}

static gboolean
read_bound (Reading *self, const char *name, const char *rest, GError **error)
{
  Bound *bound = g_new0 (Bound, 1);
  bound->line = self->line;
  g_ptr_array_add (self->script->bounds, bound);
  if (strcmp (name, "@never") == 0)
    {
      bound->pattern = g_strdup (rest);
      return TRUE;
    }
  static const char *const signs[] = { " >= ", " <= ", " = " };
  for (guint i = 0; i < G_N_ELEMENTS (signs); i++)
    {
      const char *sign = g_strrstr (rest, signs[i]);
      guint64 number;
      if (sign == NULL
          || !g_ascii_string_to_unsigned (sign + strlen (signs[i]), 10, 0, G_MAXUINT32,
                                          &number, NULL))
        continue;
      bound->pattern = g_strndup (rest, (gsize) (sign - rest));
      bound->least = i == 1 ? 0 : (guint) number;
      bound->most = i == 0 ? G_MAXUINT : (guint) number;
      return TRUE;
    }
  return fail (self, error, "write PATTERN >= N, PATTERN <= N or PATTERN = N");
}

static gboolean
read_capability (Script *script, const char *rest, char *const *words)
{
  char **to = &script->capability;
  if (words[0] == NULL)
    return FALSE;
  if (strcmp (words[0], "early") == 0)
    {
      to = &script->capability_early;
      rest += strlen ("early ");
    }
  g_free (*to);
  *to = g_strdup (rest);
  return TRUE;
}

/* Words of "@refuse", in the order of the bits of Refuse. */
static const char *const refusals[] = { "nul",         "bare-lf",       "from",
                                        "8bit-header", "no-final-crlf", "keywords",
                                        "long-line" };

static gboolean
read_refuse (Script *script, char *const *words)
{
  for (; *words != NULL; words++)
    {
      guint i = 0;
      while (i < G_N_ELEMENTS (refusals) && strcmp (refusals[i], *words) != 0)
        i++;
      if (i == G_N_ELEMENTS (refusals))
        return FALSE;
      script->refuse |= 1u << i;
    }
  return TRUE;
}

static void
set_text (char **to, const char *text)
{
  g_free (*to);
  *to = g_strdup (text);
}

/* read_setting: the directives of the head that are one value. */
static gboolean
read_setting (Script *script, const char *name, const char *rest, char *const *words)
{
  guint64 number = 0;
  const char *first = words[0] != NULL ? words[0] : "";
  gboolean is_number = g_ascii_string_to_unsigned (first, 10, 1, G_MAXINT64, &number,
                                                   NULL);
  if (strcmp (name, "@greeting") == 0)
    set_text (&script->greeting, rest);
  else if (strcmp (name, "@delimiter") == 0)
    set_text (&script->delimiter, first);
  else if (strcmp (name, "@namespace") == 0)
    set_text (&script->namespaces, rest);
  else if (strcmp (name, "@id") == 0)
    set_text (&script->id, rest);
  else if (strcmp (name, "@settle") == 0)
    return script_duration (first, &script->settle_us);
  else if (strcmp (name, "@refuse") == 0)
    return read_refuse (script, words);
  else if (strcmp (name, "@capability-in") == 0)
    {
      script->capability_in_greeting = g_strv_contains ((void *) words, "greeting");
      script->capability_at_login = g_strv_contains ((void *) words, "login");
    }
  else if (strcmp (name, "@case-insensitive") == 0)
    script->store.fold_case = TRUE;
  else if (strcmp (name, "@appendlimit") == 0 && is_number)
    script->append_limit = number;
  else if (strcmp (name, "@quota") == 0 && is_number)
    script->quota = number;
  else if (strcmp (name, "@line-limit") == 0 && is_number)
    script->line_limit = (gsize) number;
  else
    return FALSE;
  return TRUE;
}

static gboolean
read_head (Reading *self, const char *name, const char *rest, GError **error)
{
  g_auto (GStrv) words = script_words (rest);
  g_autofree char *why = NULL;
  if (strcmp (name, "@mailbox") == 0 || strcmp (name, "@message") == 0
      || strcmp (name, "@messages") == 0)
    return script_change (self->script, name, words, &why) || fail (self, error, why);
  if (strcmp (name, "@user") == 0 && words[0] != NULL && words[1] != NULL)
    {
      User *user = g_new0 (User, 1);
      user->name = g_strdup (words[0]);
      user->password = g_strdup (words[1]);
      g_ptr_array_add (self->script->users, user);
      return TRUE;
    }
  if (strcmp (name, "@capability") == 0 && read_capability (self->script, rest, words))
    return TRUE;
  return read_setting (self->script, name, rest, words)
         || fail (self, error, "no such directive at the head, or a bad value");
}

static gboolean
read_line (Reading *self, GError **error)
{
  const char *line = self->lines[self->line++];
  while (*line == ' ')
    line++;
  if (*line == '\0' || *line == '#')
    return TRUE;
  gsize length = strcspn (line, " ");
  g_autofree char *name = g_strndup (line, length);
  const char *rest = line + length + (line[length] == ' ' ? 1 : 0);
  g_auto (GStrv) words = script_words (rest);
  if (strcmp (name, "@body") == 0)
    return read_body (self, words, error);
  if (strcmp (name, "@never") == 0 || strcmp (name, "@count") == 0)
    return read_bound (self, name, rest, error);
  if (strcmp (name, "@on") == 0 || strcmp (name, "@on-literal") == 0)
    return read_rule (self, name[3] != '\0', rest, error);
  if (strcmp (name, "@connection") == 0)
    return read_play (self, words, error);
  if (self->steps != NULL)
    return read_step (self, name, rest, error);
  return read_head (self, name, rest, error);
}

gboolean
script_read (Script *out, const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  Reading reading = { .script = out, .lines = lines };
  while (lines[reading.line] != NULL)
    if (!read_line (&reading, error))
      return FALSE;
  return TRUE;
}
