/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of keywords as canonical strings: joining, splitting and comparing without case.
 * Which words a store can hold is left to the backends. Pure; any thread.
 */
#include "keywords.h"

#include <string.h>

static gboolean
word_is_usable (const char *word)
{
  if (*word == '\0')
    return FALSE;
  for (const char *p = word; *p != '\0'; p++)
    if (*p <= ' ' || *p >= 0x7f)
      return FALSE;
  return TRUE;
}

static gint
compare_words (gconstpointer a, gconstpointer b)
{
  const char *left = *(const char *const *) a;
  const char *right = *(const char *const *) b;

  return g_ascii_strcasecmp (left, right);
}

/* The sort of GPtrArray is stable (GLib ≥ 2.32): of doubles, the first spelling wins. */
static char *
join_array (GPtrArray *words)
{
  g_autoptr (GString) set = g_string_new (NULL);
  const char *last = NULL;

  g_ptr_array_sort (words, compare_words);
  for (guint i = 0; i < words->len; i++)
    {
      const char *word = g_ptr_array_index (words, i);

      if (last != NULL && g_ascii_strcasecmp (last, word) == 0)
        continue;
      if (last != NULL)
        g_string_append_c (set, ' ');
      g_string_append (set, word);
      last = word;
    }
  return g_string_free (g_steal_pointer (&set), FALSE);
}

static void
add_usable (GPtrArray *array, char **words)
{
  for (gsize i = 0; words[i] != NULL; i++)
    if (word_is_usable (words[i]))
      g_ptr_array_add (array, words[i]);
}

char *
keywords_join (const char *const *words)
{
  g_autoptr (GPtrArray) array = g_ptr_array_new ();

  if (words != NULL)
    add_usable (array, (char **) words);
  return join_array (array);
}

char **
keywords_split (const char *set)
{
  g_autoptr (GPtrArray) array = g_ptr_array_new ();
  const char *p = set != NULL ? set : "";

  while (*p != '\0')
    {
      gsize length = strcspn (p, " ");

      if (length > 0)
        g_ptr_array_add (array, g_strndup (p, length));
      p += length;
      p += strspn (p, " ");
    }
  g_ptr_array_add (array, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&array), FALSE);
}

gboolean
keywords_equal (const char *a, const char *b)
{
  return g_ascii_strcasecmp (a != NULL ? a : "", b != NULL ? b : "") == 0;
}

char *
keywords_minus (const char *a, const char *b)
{
  g_auto (GStrv) left = keywords_split (a);
  g_auto (GStrv) right = keywords_split (b);
  g_autoptr (GString) set = g_string_new (NULL);
  char **other = right;

  /* Both are sorted: one walk over the two. */
  for (char **word = left; *word != NULL; word++)
    {
      while (*other != NULL && g_ascii_strcasecmp (*other, *word) < 0)
        other++;
      if (*other != NULL && g_ascii_strcasecmp (*other, *word) == 0)
        continue;
      if (set->len > 0)
        g_string_append_c (set, ' ');
      g_string_append (set, *word);
    }
  return g_string_free (g_steal_pointer (&set), FALSE);
}

char *
keywords_union (const char *a, const char *b)
{
  g_auto (GStrv) left = keywords_split (a);
  g_auto (GStrv) right = keywords_split (b);
  g_autoptr (GPtrArray) array = g_ptr_array_new ();

  add_usable (array, left);
  add_usable (array, right);
  return join_array (array);
}

gboolean
keywords_contains (const char *set, const char *word)
{
  gsize wanted = strlen (word);
  const char *p = set != NULL ? set : "";

  if (wanted == 0)
    return FALSE;
  while (*p != '\0')
    {
      gsize length = strcspn (p, " ");

      if (length == wanted && g_ascii_strncasecmp (p, word, length) == 0)
        return TRUE;
      p += length;
      p += strspn (p, " ");
    }
  return FALSE;
}
