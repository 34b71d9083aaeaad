/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The marks and short forms of names. Pure: any thread. When they are needed is for
 * mapping.c to find out.
 */
#include "engine/naming.h"

#include <string.h>

#define MARK_LENGTH (1 + NAMING_MARK_DIGITS)

/* The forms of naming_shorter(): bytes of a name, and levels of the path. The smallest
 * still shows what a folder is about. */
static const struct
{
  guint bytes, levels;
} forms[] = {
  { 200, G_MAXUINT }, { 120, G_MAXUINT }, { 60, G_MAXUINT }, { 32, G_MAXUINT },
  { 60, 8 },          { 40, 4 },          { 40, 2 },         { 40, 1 },
};

static char *
mark_of (const char *text)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  return g_strdup_printf ("-%.*s", NAMING_MARK_DIGITS, hash);
}

/* @name in at most @bytes with the mark of @whole behind it. */
static char *
cut_name (const char *name, const char *whole, gsize bytes)
{
  g_autofree char *mark = mark_of (whole);
  gsize length = MIN (strlen (name), bytes - MARK_LENGTH);
  while (length > 0 && ((guchar) name[length] & 0xc0) == 0x80)
    length--;
  /* A blank there would be one at the end of a word. */
  while (length > 0 && name[length - 1] == ' ')
    length--;
  return g_strdup_printf ("%.*s%s", (int) length, name, mark);
}

char *
naming_key (HaulPath path, gboolean case_insensitive)
{
  g_autofree char *text = haul_path_to_text (path);
  if (case_insensitive)
    {
      g_autofree char *folded = g_utf8_casefold (text, -1);
      return g_utf8_normalize (folded, -1, G_NORMALIZE_NFC);
    }
  if (g_ascii_strncasecmp (text, "INBOX", 5) == 0 && (text[5] == '\0' || text[5] == '/'))
    memcpy (text, "INBOX", 5);
  return g_steal_pointer (&text);
}

char **
naming_replace_front (HaulPath path, guint count, HaulPath front)
{
  GPtrArray *names = g_ptr_array_new ();
  for (guint i = 0; front[i] != NULL; i++)
    g_ptr_array_add (names, g_strdup (front[i]));
  for (guint i = count; path[i] != NULL; i++)
    g_ptr_array_add (names, g_strdup (path[i]));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

char **
naming_twin (HaulPath path)
{
  char **twin = haul_path_copy (path);
  char **last = &twin[g_strv_length (twin) - 1];
  g_autofree char *mark = mark_of (*last);
  g_autofree char *before = *last;
  *last = g_strconcat (before, mark, NULL);
  return twin;
}

/* @name without its own mark; NULL: it has none. */
static char *
untwin_name (const char *name)
{
  gsize length = strlen (name);
  if (length <= MARK_LENGTH || name[length - MARK_LENGTH] != '-')
    return NULL;
  g_autofree char *before = g_strndup (name, length - MARK_LENGTH);
  g_autofree char *mark = mark_of (before);
  return strcmp (mark, name + length - MARK_LENGTH) == 0 ? g_steal_pointer (&before)
                                                         : NULL;
}

char **
naming_untwin (HaulPath path)
{
  g_auto (GStrv) plain = haul_path_copy (path);
  gboolean changed = FALSE;
  for (char **name = plain; *name != NULL; name++)
    {
      char *before = untwin_name (*name);
      if (before == NULL)
        continue;
      g_free (*name);
      *name = before;
      changed = TRUE;
    }
  return changed ? g_steal_pointer (&plain) : NULL;
}

char **
naming_shorter (HaulPath path, guint kept, guint step)
{
  guint depth = g_strv_length ((char **) path);
  if (step >= G_N_ELEMENTS (forms) || kept >= depth)
    return NULL;
  gsize bytes = forms[step].bytes;
  guint levels = MAX (forms[step].levels, kept + 1);
  GPtrArray *names = g_ptr_array_new ();
  for (guint i = 0; i < MIN (depth, levels); i++)
    {
      gboolean joined = i + 1 == levels && depth > levels;
      const char *name = joined ? path[depth - 1] : path[i];
      g_autofree char *whole = joined ? haul_path_to_text (path + i) : g_strdup (name);
      if (i < kept || (!joined && strlen (name) <= bytes))
        g_ptr_array_add (names, g_strdup (name));
      else
        g_ptr_array_add (names, cut_name (name, whole, bytes));
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}
