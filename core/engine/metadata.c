/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Metadata: what differs between a message and its copy beside the content, in words for
 * people. Pure.
 */
#include "engine/metadata.h"

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

char *
metadata_difference (const MetadataPair *pair)
{
  const Record *ours = pair->ours, *theirs = pair->theirs;
  const char *our_words = records_keywords (pair->our_records, ours);
  const char *their_words = records_keywords (pair->their_records, theirs);
  if (ours->flags != theirs->flags)
    {
      g_autofree char *left = flags_text (ours->flags);
      g_autofree char *right = flags_text (theirs->flags);
      return g_strdup_printf ("flags differ: %s at the source, %s at the destination",
                              left, right);
    }
  if ((pair->caps & HAUL_CAP_KEYWORDS) && !keywords_equal (our_words, their_words))
    return g_strdup_printf (
        "keywords differ: '%s' at the source, '%s' at the destination", our_words,
        their_words);
  return metadata_date_difference (pair);
}
