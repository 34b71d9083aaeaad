/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Collects the mistakes of a job with their places, and finds the known name that an
 * unknown one was probably meant to be. Printing is core/cli's. One thread at a time.
 */
#include "problems.h"

#include <string.h>

#include "base/text.h"

/* Longer words are not typing mistakes; the bound also keeps the rows on the stack. */
#define NAME_LIMIT_BYTES 64

struct _Problems
{
  GPtrArray *list; /* of Problem */
  guint error_count;
};

static void
problem_free (gpointer data)
{
  Problem *problem = data;

  g_free (problem->file);
  g_free (problem->text);
  g_free (problem);
}

Problems *
problems_new (void)
{
  Problems *self = g_new0 (Problems, 1);

  self->list = g_ptr_array_new_with_free_func (problem_free);
  return self;
}

void
problems_free (Problems *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->list);
  g_free (self);
}

static Problem *
append (Problems *self, const char *file, guint line, char *text)
{
  Problem *problem = g_new0 (Problem, 1);

  problem->file = g_strdup (file);
  problem->line = line;
  problem->text = text_to_line (text);
  g_ptr_array_add (self->list, problem);
  return problem;
}

/* The same mistake found by two layers is one. */
static gboolean
is_known (const Problems *self, const char *file, guint line, const char *text)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      const Problem *problem = self->list->pdata[i];
      if (problem->line == line && !problem->warning
          && g_strcmp0 (problem->file, file) == 0 && strcmp (problem->text, text) == 0)
        return TRUE;
    }
  return FALSE;
}

void
problems_add (Problems *self, const char *file, guint line, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (is_known (self, file, line, text))
    return;
  append (self, file, line, g_steal_pointer (&text));
  self->error_count++;
}

void
problems_warn (Problems *self, const char *file, guint line, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  append (self, file, line, g_strdup_vprintf (format, arguments))->warning = TRUE;
  va_end (arguments);
}

guint
problems_count (const Problems *self)
{
  return self->error_count;
}

guint
problems_length (const Problems *self)
{
  return self->list->len;
}

const Problem *
problems_get (const Problems *self, guint index)
{
  g_assert (index < self->list->len);
  return g_ptr_array_index (self->list, index);
}

const Problem *
problems_first_error (const Problems *self)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      const Problem *problem = g_ptr_array_index (self->list, i);

      if (!problem->warning)
        return problem;
    }
  return NULL;
}

static int
compare_places (gconstpointer a, gconstpointer b)
{
  const Problem *first = *(const Problem *const *) a;
  const Problem *second = *(const Problem *const *) b;
  int order = g_strcmp0 (first->file, second->file);

  if (order != 0)
    return order;
  return (first->line > second->line) - (first->line < second->line);
}

void
problems_sort (Problems *self)
{
  g_ptr_array_sort (self->list, compare_places); /* stable since GLib 2.32 */
}

/* The number of letters to change, insert, drop or swap; letters in any case. */
static guint
edit_distance (const char *a, gsize a_length, const char *b, gsize b_length)
{
  guint rows[3][NAME_LIMIT_BYTES + 1];

  for (guint j = 0; j <= b_length; j++)
    rows[0][j] = j;
  for (guint i = 1; i <= a_length; i++)
    {
      guint *row = rows[i % 3];
      const guint *above = rows[(i + 2) % 3];
      const guint *before = rows[(i + 1) % 3]; /* two above; read from i = 2 on */

      row[0] = i;
      for (guint j = 1; j <= b_length; j++)
        {
          char x = g_ascii_tolower (a[i - 1]), y = g_ascii_tolower (b[j - 1]);
          guint best = above[j - 1] + (x != y);

          best = MIN (best, above[j] + 1);
          best = MIN (best, row[j - 1] + 1);
          if (i > 1 && j > 1 && x == g_ascii_tolower (b[j - 2])
              && y == g_ascii_tolower (a[i - 2]))
            best = MIN (best, before[j - 2] + 1);
          row[j] = best;
        }
    }
  return rows[a_length % 3][b_length];
}

const char *
problems_nearest (const char *word, const char *const *names)
{
  gsize word_length = strnlen (word, NAME_LIMIT_BYTES + 1);
  guint limit = MAX (2, (guint) word_length / 3);
  guint best_distance = G_MAXUINT;
  const char *best = NULL;

  if (word_length == 0 || word_length > NAME_LIMIT_BYTES)
    return NULL;
  for (gsize i = 0; names[i] != NULL; i++)
    {
      gsize length = strnlen (names[i], NAME_LIMIT_BYTES + 1);
      if (length > NAME_LIMIT_BYTES)
        continue;

      guint distance = edit_distance (word, word_length, names[i], length);
      /* As many changes as letters would make any short word like any other. */
      if (distance > limit || distance >= MIN (word_length, length)
          || distance >= best_distance)
        continue;
      best = names[i];
      best_distance = distance;
    }
  return best;
}
