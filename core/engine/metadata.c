/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Metadata: what differs between a message and its copy beside the content, in words for
 * people. Pure.
 */
#include "engine/metadata.h"

#include <string.h>

#include "model/keywords.h"

/* "\\Seen \\Draft" or "none". (transfer full) */
static char *
flags_text (guint32 flags)
{
  GString *text = g_string_new (NULL);
  for (guint bit = 1; bit <= HAUL_FLAG_DRAFT; bit <<= 1)
    if (flags & bit)
      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "",
                              haul_flag_name (bit));
  return g_string_free (text->len > 0 ? text : g_string_append (text, "none"), FALSE);
}

/* ISO 8601, in UTC. (transfer full) */
static char *
date_text (gint64 date_unix)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (date_unix);
  return date != NULL ? g_date_time_format_iso8601 (date)
                      : g_strdup_printf ("%" G_GINT64_FORMAT " s", date_unix);
}

char *
metadata_date_difference (const MetadataPair *pair)
{
  const Record *ours = pair->ours, *theirs = pair->theirs;
  if ((pair->caps & HAUL_CAP_DATES) && (ours->known & HAUL_RECORD_DATE)
      && (theirs->known & HAUL_RECORD_DATE) && ours->date_unix != theirs->date_unix)
    {
      g_autofree char *left = date_text (ours->date_unix);
      g_autofree char *right = date_text (theirs->date_unix);
      return g_strdup_printf ("dates differ: %s at the source, %s at the destination",
                              left, right);
    }
  return NULL;
}

static char *
flags_difference (const MetadataPair *pair)
{
  if (pair->ours->flags == pair->theirs->flags)
    return NULL;
  g_autofree char *left = flags_text (pair->ours->flags);
  g_autofree char *right = flags_text (pair->theirs->flags);
  return g_strdup_printf ("flags differ: %s at the source, %s at the destination", left,
                          right);
}

static char *
keywords_difference (const MetadataPair *pair)
{
  const char *ours = records_keywords (pair->our_records, pair->ours);
  const char *theirs = records_keywords (pair->their_records, pair->theirs);
  if (!(pair->caps & HAUL_CAP_KEYWORDS) || keywords_equal (ours, theirs))
    return NULL;
  return g_strdup_printf ("keywords differ: '%s' at the source, '%s' at the destination",
                          ours, theirs);
}

char *
metadata_difference (const MetadataPair *pair, const char *note)
{
  char *all[] = { flags_difference (pair), keywords_difference (pair),
                  metadata_date_difference (pair) };
  char *found = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (all[i] != NULL && (found == NULL || note_covers (note, found)))
      {
        g_free (found);
        found = all[i];
      }
    else
      g_free (all[i]);
  return found;
}

/* The word with which a line of a note begins, as differences name it. */
static const char *
subject_of (const char *line)
{
  static const char *const words[][2] = { { "flag", "flags" },
                                          { "keyword", "keywords" },
                                          { "date", "dates" },
                                          { "form", "form" } };
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_has_prefix (line, words[i][0]))
      return words[i][1];
  return "content";
}

gboolean
note_covers (const char *note, const char *difference)
{
  g_auto (GStrv) lines = g_strsplit (note != NULL ? note : "", "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (difference, subject_of (*line))
        || (g_str_has_prefix (*line, "flags ")
            && g_str_has_prefix (difference, "keywords")))
      return TRUE;
  return FALSE;
}

char *
content_difference (const Identity *own, const Identity *copy, gboolean *out_harmless)
{
  *out_harmless = TRUE;
  if (memcmp (own->content, copy->content, sizeof own->content) == 0)
    {
      g_autofree char *text = altered_form_difference (&own->altered, &copy->altered);
      return text != NULL ? g_strconcat ("form differs: ", text, NULL) : NULL;
    }
  *out_harmless = altered_form_explains (&own->altered, &copy->altered);
  return g_strdup (*out_harmless ? "content differs as the destination changes such mail"
                                 : "content differs");
}
