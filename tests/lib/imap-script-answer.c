/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of the honest server's reply: lines dropped, doubled, turned round, put
 * between, words replaced outside literals, and styles of FETCH. Runs on a session's
 * thread.
 */
#include "imap-script-answer.h"

#include <string.h>

/* Words of the changes with the number of words that they need. */
static const struct
{
  const char *word;
  guint words;
} changes[] = {
  { "literal-plus", 1 }, { "literal-space", 1 }, { "bare-lf", 1 }, { "split", 1 },
  { "flags-last", 1 },   { "no-uid", 1 },        { "lower", 1 },   { "literal", 2 },
  { "size-factor", 2 },  { "drop", 2 },          { "double", 1 },  { "reverse", 1 },
  { "insert", 3 },       { "replace", 3 },       { "tagged", 2 },  { "uid-only", 1 },
};

gboolean
answer_known (char *const *words)
{
  guint count = g_strv_length ((char **) words);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    if (count > 0 && strcmp (changes[i].word, words[0]) == 0)
      return count >= changes[i].words;
  return FALSE;
}

void
answer_style (Session *session, const Step *step)
{
  Style *style = &session->style;
  const char *word = step->words[0];
  style->split |= strcmp (word, "split") == 0;
  style->flags_last |= strcmp (word, "flags-last") == 0;
  style->no_uid |= strcmp (word, "no-uid") == 0;
  style->bare_lf |= strcmp (word, "bare-lf") == 0;
  if (strcmp (word, "literal-plus") == 0)
    style->literal_form = "+}";
  if (strcmp (word, "literal-space") == 0)
    style->literal_form = "}  ";
  style->lower |= strcmp (word, "lower") == 0;
  if (strcmp (word, "literal") == 0)
    g_ascii_string_to_signed (step->words[1], 10, -1000, 1000, &style->literal_shift,
                              NULL);
  if (strcmp (word, "size-factor") == 0)
    g_ascii_string_to_signed (step->words[1], 10, 1, 1000, &style->size_factor, NULL);
}

/* replace_outside: @from by @to, but not in literals. */
static void
replace_outside (GString *line, const GString *from, const GString *to)
{
  GString *out = g_string_new (NULL);
  for (gsize i = 0; i < line->len;)
    {
      if (from->len > 0 && i + from->len <= line->len
          && memcmp (line->str + i, from->str, from->len) == 0)
        {
          g_string_append_len (out, to->str, (gssize) to->len);
          i += from->len;
          continue;
        }
      guint64 size = 0;
      gsize j = i + 1;
      while (line->str[i] == '{' && g_ascii_isdigit (line->str[j]) && size < G_MAXUINT32)
        size = size * 10 + (guint64) (line->str[j++] - '0');
      gsize behind = i + 1;
      if (j > i + 1 && strncmp (line->str + j, "}\r\n", 3) == 0)
        behind = (gsize) MIN (j + 3 + size, (guint64) line->len);
      g_string_append_len (out, line->str + i, (gssize) (behind - i));
      i = behind;
    }
  g_string_truncate (line, 0);
  g_string_append_len (line, out->str, (gssize) out->len);
  g_string_free (out, TRUE);
}

/* line_index: a number from 1, or "last"; FALSE: there is no such line. */
static gboolean
line_index (const GPtrArray *lines, const char *word, guint *out_index)
{
  guint64 number = 0;
  if (strcmp (word, "last") == 0)
    number = lines->len;
  else if (!g_ascii_string_to_unsigned (word, 10, 1, G_MAXUINT, &number, NULL))
    return FALSE;
  *out_index = (guint) number - 1;
  return number > 0 && number <= lines->len;
}

static void
insert_line (Session *session, const Names *names, const Step *step)
{
  GPtrArray *lines = session->reply.lines;
  guint index = lines->len;
  const char *text = strstr (step->text, step->words[1]);
  text = text != NULL ? text + strlen (step->words[1]) + 1 : "";
  if (strcmp (step->words[1], "end") != 0 && !line_index (lines, step->words[1], &index))
    script_note_failure (session->server, step->line, "the answer has no line %s",
                         step->words[1]);
  g_ptr_array_insert (lines, (int) MIN (index, lines->len),
                      script_expand (session, names, text));
}

static void
double_lines (GPtrArray *lines)
{
  guint count = lines->len;
  for (guint i = 0; i < count; i++)
    {
      const GString *line = g_ptr_array_index (lines, 2 * i);
      g_ptr_array_insert (lines, (int) (2 * i),
                          g_string_new_len (line->str, (gssize) line->len));
    }
}

static void
replace_lines (Session *session, const Names *names, const Step *step)
{
  g_autoptr (GString) from = script_expand (session, names, step->words[1]);
  g_autoptr (GString) to = script_expand (session, names, step->words[2]);
  for (guint i = 0; i < session->reply.lines->len; i++)
    replace_outside (g_ptr_array_index (session->reply.lines, i), from, to);
  if (session->reply.tagged == NULL)
    return;
  g_autoptr (GString) tagged = g_string_new (session->reply.tagged);
  replace_outside (tagged, from, to);
  g_free (session->reply.tagged);
  session->reply.tagged = g_strdup (tagged->str);
}

/* uid_only: "* 3 FETCH (UID 9 …)" as RFC 9586 wants it: "* 9 UIDFETCH (…)". */
static void
uid_only (GString *line)
{
  const char *fetch = strstr (line->str, " FETCH (UID ");
  if (fetch == NULL || memcmp (line->str, "* ", 2) != 0)
    return;
  const char *uid = fetch + strlen (" FETCH (UID ");
  gsize digits = strspn (uid, "0123456789");
  gsize rest = (gsize) (uid - line->str) + digits;
  rest += line->str[rest] == ' ' ? 1 : 0;
  GString *out = g_string_new ("* ");
  g_string_append_len (out, uid, (gssize) digits);
  g_string_append (out, " UIDFETCH (");
  g_string_append_len (out, line->str + rest, (gssize) (line->len - rest));
  g_string_truncate (line, 0);
  g_string_append_len (line, out->str, (gssize) out->len);
  g_string_free (out, TRUE);
}

void
answer_bend (Session *session, const Names *names, const Step *step)
{
  GPtrArray *lines = session->reply.lines;
  const char *word = step->words[0];
  guint index;
  if (strcmp (word, "drop") == 0)
    {
      if (line_index (lines, step->words[1], &index))
        g_string_free (g_ptr_array_remove_index (lines, index), TRUE);
      else
        script_note_failure (session->server, step->line, "the answer has no line %s",
                             step->words[1]);
    }
  else if (strcmp (word, "double") == 0)
    double_lines (lines);
  else if (strcmp (word, "reverse") == 0)
    {
      for (guint i = 0; i < lines->len / 2; i++)
        {
          gpointer other = lines->pdata[lines->len - 1 - i];
          lines->pdata[lines->len - 1 - i] = lines->pdata[i];
          lines->pdata[i] = other;
        }
    }
  else if (strcmp (word, "uid-only") == 0)
    for (guint i = 0; i < lines->len; i++)
      uid_only (lines->pdata[i]);
  else if (strcmp (word, "insert") == 0)
    insert_line (session, names, step);
  else if (strcmp (word, "replace") == 0)
    replace_lines (session, names, step);
  else if (strcmp (word, "tagged") == 0)
    {
      g_autoptr (GString)
          text = script_expand (session, names, step->text + strlen ("tagged "));
      g_free (session->reply.tagged);
      session->reply.tagged = g_strdup (text->str);
    }
}
