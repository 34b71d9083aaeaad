/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reduces address lists (RFC 5322 §3.4, with its obsolete forms) and message ids. It does
 * not judge them: garbage gives some text, always the same. One pass without recursion.
 * Pure; any thread.
 */
#include "mail-address.h"

#include <string.h>

#include <mailhaul/message.h>

#include "model/mail-text.h"

/* AddressParse: one mailbox under way. */
typedef struct
{
  GString *out;
  GString *phrase; /* outside angle brackets: a bare addr-spec, or a name */
  GString *angle;  /* inside them */
  gboolean in_angle;
  gboolean had_angle;
  gboolean in_quote;
  gboolean in_literal; /* [IPv6:…] */
  guint depth;         /* of comments */
} AddressParse;

static gboolean
is_blank (char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static GString *
current_text (AddressParse *self)
{
  return self->in_angle ? self->angle : self->phrase;
}

static void
take_char (AddressParse *self, char c)
{
  if (!is_blank (c))
    g_string_append_c (current_text (self), g_ascii_tolower (c));
}

static void
end_mailbox (AddressParse *self)
{
  GString *text = self->had_angle ? self->angle : self->phrase;

  if (text->len > 0 && self->out->len > 0)
    g_string_append_c (self->out, ',');
  g_string_append_len (self->out, text->str, (gssize) text->len);
  g_string_truncate (self->phrase, 0);
  g_string_truncate (self->angle, 0);
  self->in_angle = FALSE;
  self->had_angle = FALSE;
}

/* ',' and ':' belong to an obsolete route inside <@a,@b:user@host>, and are dropped. */
static gboolean
in_route (const AddressParse *self)
{
  return self->in_angle && self->angle->len > 0 && self->angle->str[0] == '@';
}

static void
take_special (AddressParse *self, char c)
{
  switch (c)
    {
    case '<':
      self->in_angle = TRUE;
      self->had_angle = TRUE;
      g_string_truncate (self->angle, 0);
      break;
    case '>':
      self->in_angle = FALSE;
      break;
    case ':': /* a group's name, or the end of a route */
      if (!self->in_angle || in_route (self))
        g_string_truncate (current_text (self), 0);
      else
        take_char (self, c);
      break;
    case ',':
      if (in_route (self))
        take_char (self, c);
      else
        end_mailbox (self);
      break;
    default: /* ';' ends a group */
      end_mailbox (self);
      break;
    }
}

/* Inside a comment, a quoted string or a literal only its own end matters. Returns
 * whether @c was used up. */
static gboolean
take_nested (AddressParse *self, char c)
{
  if (self->depth > 0)
    {
      if (c == '(')
        self->depth++;
      else if (c == ')')
        self->depth--;
      return TRUE;
    }
  if (self->in_quote && c == '"')
    self->in_quote = FALSE;
  else if (self->in_quote)
    take_char (self, c);
  else if (c == '"')
    self->in_quote = TRUE;
  else if (c == '(')
    self->depth = 1;
  else if (self->in_literal || c == '[')
    {
      self->in_literal = c != ']';
      take_char (self, c);
    }
  else
    return FALSE;
  return TRUE;
}

char *
mail_address_reduce (const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GString) phrase = g_string_new (NULL);
  g_autoptr (GString) angle = g_string_new (NULL);
  AddressParse parse = { .out = out, .phrase = phrase, .angle = angle };

  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '\\' && p[1] != '\0' && (parse.depth > 0 || parse.in_quote))
        {
          p++;
          if (parse.depth == 0)
            take_char (&parse, *p);
        }
      else if (take_nested (&parse, *p))
        continue;
      else if (strchr ("<>,:;", *p) != NULL)
        take_special (&parse, *p);
      else
        take_char (&parse, *p);
    }
  end_mailbox (&parse);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* ---- message ids ---- */

/* The domain, behind the last '@', is the same in any case (RFC 5322 §3.6.4). */
static void
lower_domain (GString *id)
{
  char *at = strrchr (id->str, '@');

  for (char *p = at != NULL ? at : id->str + id->len; *p != '\0'; p++)
    *p = g_ascii_tolower (*p);
}

/* Moves *@p behind the next comment or character outside angle brackets, appending the
 * character to @bare unless it is a blank. */
static void
skip_outside (const char **p, GString *bare)
{
  guint depth = 0;

  do
    {
      if (**p == '(')
        depth++;
      else if (**p == ')' && depth > 0)
        depth--;
      else if (**p == '\\' && depth > 0 && (*p)[1] != '\0')
        (*p)++;
      else if (depth == 0 && !is_blank (**p))
        g_string_append_c (bare, **p);
      (*p)++;
    }
  while (depth > 0 && **p != '\0');
}

/* The next <…> at or after *@p into @id, which is empty when there is none; other text
 * goes to @bare. An unclosed one reaches to the end. */
static gboolean
next_id (const char **p, GString *id, GString *bare)
{
  g_string_truncate (id, 0);
  while (**p != '\0' && **p != '<')
    skip_outside (p, bare);
  if (**p == '\0')
    return FALSE;
  while (**p == '<')
    (*p)++;
  for (; **p != '\0' && **p != '>'; (*p)++)
    if (!is_blank (**p))
      g_string_append_c (id, **p);
  while (**p == '>')
    (*p)++;
  lower_domain (id);
  return TRUE;
}

char *
mail_message_id (const char *text)
{
  g_autoptr (GString) id = g_string_new (NULL);
  g_autoptr (GString) bare = g_string_new (NULL);
  const char *p = text;

  if (!next_id (&p, id, bare))
    {
      g_string_append_len (id, bare->str, (gssize) bare->len);
      lower_domain (id);
    }
  if (id->len == 0)
    return NULL;
  return g_string_free (g_steal_pointer (&id), FALSE);
}

char *
mail_message_id_list (const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GString) id = g_string_new (NULL);
  g_autoptr (GString) bare = g_string_new (NULL);
  const char *p = text;
  gboolean any = FALSE;

  while (next_id (&p, id, bare))
    {
      any = TRUE;
      if (id->len > 0 && out->len > 0)
        g_string_append_c (out, ' ');
      g_string_append_len (out, id->str, (gssize) id->len);
    }
  if (!any)
    return mail_text_collapse (text);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
haul_address_reduce (const char *value)
{
  return mail_address_reduce (value);
}
