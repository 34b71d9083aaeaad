/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Wildcards and alternatives by backtracking: patterns are short and written by us, texts
 * are bounded by the server's line limit. Pure.
 */
#include "imap-script-match.h"

#include <string.h>

/* Try: one attempt; the spans point into the text. */
typedef struct
{
  const char *start[IMAP_MATCH_CAPTURES];
  gsize length[IMAP_MATCH_CAPTURES];
  guint count;
} Try;

static gboolean match_here (const char *pattern, const char *text, Try *try);

/* with_capture: the rest matches after the span (@text, @length) was captured. */
static gboolean
with_capture (const char *rest, const char *text, gsize length, Try *try)
{
  guint slot = try->count++;
  if (slot < IMAP_MATCH_CAPTURES)
    {
      try->start[slot] = text;
      try->length[slot] = length;
    }
  if (match_here (rest, text + length, try))
    return TRUE;
  try->count = slot;
  return FALSE;
}

static gboolean
match_star (const char *rest, const char *text, Try *try)
{
  gsize length = strlen (text);
  if (*rest == '\0')
    return with_capture (rest, text, length, try);
  for (gsize i = 0; i <= length; i++)
    if (with_capture (rest, text, i, try))
      return TRUE;
  return FALSE;
}

/* match_alternatives: @pattern is behind "<", @end at ">". */
static gboolean
match_alternatives (const char *pattern, const char *end, const char *text, Try *try)
{
  while (pattern <= end)
    {
      gsize length = strcspn (pattern, "|>");
      if (g_ascii_strncasecmp (pattern, text, length) == 0
          && with_capture (end + 1, text, length, try))
        return TRUE;
      pattern += length + 1;
    }
  return FALSE;
}

static gboolean
match_here (const char *pattern, const char *text, Try *try)
{
  for (; *pattern != '\0'; pattern++, text++)
    {
      if (*pattern == '*')
        return match_star (pattern + 1, text, try);
      const char *end = *pattern == '<' ? strchr (pattern, '>') : NULL;
      if (end != NULL && memchr (pattern, '|', (gsize) (end - pattern)) != NULL)
        return match_alternatives (pattern + 1, end, text, try);
      if (pattern[0] == '\\' && pattern[1] == '*')
        pattern++;
      if (*text == '\0' || g_ascii_tolower (*pattern) != g_ascii_tolower (*text))
        return FALSE;
    }
  return *text == '\0';
}

void
imap_match_clear (char *captures[IMAP_MATCH_CAPTURES])
{
  for (guint i = 0; i < IMAP_MATCH_CAPTURES; i++)
    g_clear_pointer (&captures[i], g_free);
}

gboolean
imap_match (const char *pattern, const char *text, char *captures[IMAP_MATCH_CAPTURES])
{
  Try try = { .count = 0 };
  if (!match_here (pattern, text, &try))
    return FALSE;
  if (captures == NULL)
    return TRUE;
  imap_match_clear (captures);
  for (guint i = 0; i < MIN (try.count, IMAP_MATCH_CAPTURES); i++)
    captures[i] = g_strndup (try.start[i], try.length[i]);
  return TRUE;
}
