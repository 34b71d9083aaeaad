/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words by which the report names conditions on messages. Pure; any thread.
 */
#include "message-words.h"

#include <string.h>

/* WORDS_LIMIT_CHARS: of one reason; the report has it in a line. */
#define WORDS_LIMIT_CHARS 120

typedef struct
{
  guint64 factor;
  const char *name;
} Unit;

/* @number in the largest unit that says it exactly; units end with factor 1. */
static char *
number_text (guint64 number, const Unit *units)
{
  while (number % units->factor != 0)
    units++;
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%s", number / units->factor, units->name);
}

/* Takes @text. */
static char *
shortened (char *text)
{
  g_autofree char *whole = text;

  if (g_utf8_strlen (whole, -1) <= WORDS_LIMIT_CHARS)
    return g_steal_pointer (&whole);
  g_autofree char *begin = g_utf8_substring (whole, 0, WORDS_LIMIT_CHARS);
  return g_strconcat (begin, "…", NULL);
}

char *
words_of_size (const char *what, guint64 bytes)
{
  static const Unit units[] = {
    { G_GUINT64_CONSTANT (1000000000000), "T" },
    { G_GUINT64_CONSTANT (1) << 40, "TiB" },
    { 1000000000, "G" },
    { 1 << 30, "GiB" },
    { 1000000, "M" },
    { 1 << 20, "MiB" },
    { 1000, "K" },
    { 1 << 10, "KiB" },
    { 1, " bytes" },
  };
  g_autofree char *text = number_text (bytes, units);

  return g_strconcat (what, text, NULL);
}

char *
words_of_duration (const char *of, const char *what, gint64 duration_us)
{
  const guint64 second = G_USEC_PER_SEC;
  const Unit units[] = {
    { 365 * 86400 * second, "y" },
    { 86400 * second, "d" },
    { 3600 * second, "h" },
    { 60 * second, "m" },
    { second, "s" },
    { 1000, "ms" },
    { 1, "us" },
  };
  g_autofree char *text = number_text ((guint64) duration_us, units);

  return g_strconcat (of, what, text, NULL);
}

char *
words_of_date (const char *of, const char *what, gint64 date_unix)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (date_unix);
  gboolean midnight = date_unix % 86400 == 0;
  g_autofree char *text = g_date_time_format (date, midnight ? "%Y-%m-%d"
                                                             : "%Y-%m-%dT%H:%M:%SZ");

  return g_strconcat (of, what, text, NULL);
}

char *
words_of_list (const char *what, char **words)
{
  g_autofree char *text = g_strjoinv (" ", words);

  return shortened (g_strconcat (what, text, NULL));
}

char *
words_of_header (const char *name, const char *what)
{
  return shortened (what != NULL ? g_strconcat ("header ", name, ": ", what, NULL)
                                 : g_strconcat ("header ", name, NULL));
}
