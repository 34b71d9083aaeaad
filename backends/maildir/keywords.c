/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formats of Dovecot's and Courier's keyword files. Pure; the files themselves are
 * read and replaced in keyword-files.c. Any thread.
 */
#include "keywords.h"

#include <string.h>

#include <mailhaul/message.h>

/* A span of a text that is taken line by line. */
typedef struct
{
  const char *next;
  const char *end;
} MaildirLines;

/* The next line without its end; FALSE at the end of the text. */
static gboolean
next_line (MaildirLines *lines, const char **out_line, gsize *out_length)
{
  const char *line = lines->next;
  const char *stop = NULL;

  if (line >= lines->end)
    return FALSE;
  stop = memchr (line, '\n', (gsize) (lines->end - line));
  if (!stop)
    stop = lines->end;
  lines->next = stop + 1;
  if (stop > line && stop[-1] == '\r')
    stop--;
  *out_line = line;
  *out_length = (gsize) (stop - line);
  return TRUE;
}

/* A keyword as a string; NULL when these bytes cannot be one. */
static char *
dup_keyword (const char *text, gsize length)
{
  g_autofree char *word = NULL;

  if (length == 0 || memchr (text, '\0', length))
    return NULL;
  word = g_strndup (text, length);
  return haul_keyword_is_valid (word) ? g_steal_pointer (&word) : NULL;
}

void
maildir_letters_clear (MaildirLetters *letters)
{
  for (gsize i = 0; i < MAILDIR_KEYWORD_LETTERS; i++)
    g_clear_pointer (&letters->names[i], g_free);
}

/* Reads a number of at most three digits at *@p. FALSE when there is none. */
static gboolean
take_index (const char **p, const char *end, guint *out_index)
{
  const char *start = *p;
  guint value = 0;

  for (; *p < end && g_ascii_isdigit (**p) && *p - start < 6; (*p)++)
    value = value * 10 + (guint) (**p - '0');
  *out_index = value;
  return *p > start;
}

void
maildir_letters_parse (MaildirLetters *letters, const char *text, gsize length)
{
  MaildirLines lines = { text, text + length };
  const char *line = NULL;
  gsize line_length = 0;

  maildir_letters_clear (letters);
  while (next_line (&lines, &line, &line_length))
    {
      const char *end = line + line_length;
      const char *p = line;
      guint index = 0;

      if (!take_index (&p, end, &index) || p >= end || *p++ != ' '
          || index >= MAILDIR_KEYWORD_LETTERS || letters->names[index])
        continue;
      letters->names[index] = dup_keyword (p, (gsize) (end - p));
    }
}

char *
maildir_letters_format (const MaildirLetters *letters)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MAILDIR_KEYWORD_LETTERS; i++)
    if (letters->names[i])
      g_string_append_printf (text, "%u %s\n", i, letters->names[i]);
  return g_string_free (text, FALSE);
}

int
maildir_letters_find (const MaildirLetters *letters, const char *keyword)
{
  for (int i = 0; i < MAILDIR_KEYWORD_LETTERS; i++)
    if (letters->names[i] && g_ascii_strcasecmp (letters->names[i], keyword) == 0)
      return i;
  return -1;
}

int
maildir_letters_add (MaildirLetters *letters, const char *keyword, gboolean *changed)
{
  int index = maildir_letters_find (letters, keyword);

  if (index >= 0 || !haul_keyword_is_valid (keyword))
    return index;
  for (int i = 0; i < MAILDIR_KEYWORD_LETTERS; i++)
    if (!letters->names[i])
      {
        letters->names[i] = g_strdup (keyword);
        *changed = TRUE;
        return i;
      }
  return -1;
}

/* The words behind the indices of one line of `:list`, one a line. */
static char *
words_of (GPtrArray *words, const char *p, const char *end)
{
  GString *text = g_string_new (NULL);

  while (p < end)
    {
      guint index = 0;

      if (!take_index (&p, end, &index))
        {
          p++;
          continue;
        }
      if (index < words->len && g_ptr_array_index (words, index))
        g_string_append_printf (text, "%s\n", (char *) g_ptr_array_index (words, index));
    }
  return g_string_free (text, FALSE);
}

void
maildir_courier_parse_list (const char *text, gsize length, MaildirCourierFunc func,
                            gpointer user_data)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  MaildirLines lines = { text, text + length };
  const char *line = NULL;
  gsize line_length = 0;

  while (next_line (&lines, &line, &line_length) && line_length > 0)
    g_ptr_array_add (words, dup_keyword (line, line_length)); /* NULL keeps the count */
  while (next_line (&lines, &line, &line_length))
    {
      const char *colon = memchr (line, ':', line_length);

      if (colon && colon > line && !memchr (line, '\0', line_length))
        func (line, (gsize) (colon - line),
              words_of (words, colon + 1, line + line_length), user_data);
    }
}

char *
maildir_courier_parse_message (const char *text, gsize length)
{
  GString *words = g_string_new (NULL);
  MaildirLines lines = { text, text + length };
  const char *line = NULL;
  gsize line_length = 0;

  while (next_line (&lines, &line, &line_length))
    {
      g_autofree char *word = dup_keyword (line, line_length);

      if (word)
        g_string_append_printf (words, "%s\n", word);
    }
  return g_string_free (words, FALSE);
}

guint64
maildir_courier_rank (const char *name, const char **out_base)
{
  char *end = NULL;
  guint64 stamp = 0;

  if (name[0] == ':' || name[0] == '\0')
    return 0;
  if (name[0] != '.')
    {
      *out_base = name;
      return G_MAXUINT64;
    }
  if (!g_ascii_isdigit (name[1]))
    return 0;
  stamp = g_ascii_strtoull (name + 1, &end, 10);
  if (*end != '.' || end[1] == '\0')
    return 0;
  *out_base = end + 1;
  return CLAMP (stamp, 1, G_MAXUINT64 - 1);
}
