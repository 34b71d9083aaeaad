/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers and other people's words as a terminal can show them. Pure.
 */
#include <string.h>

#include <json-glib/json-glib.h>

#include "base/text.h"
#include "cli/cli.h"
#include "model/mail-text.h"

char *
cli_number (guint64 value)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, value);
  GString *text = g_string_new (NULL);
  gsize length = strlen (digits);
  for (gsize i = 0; i < length; i++)
    {
      if (i > 0 && (length - i) % 3 == 0)
        g_string_append_c (text, ',');
      g_string_append_c (text, digits[i]);
    }
  return g_string_free (text, FALSE);
}

char *
cli_bytes (guint64 bytes)
{
  static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
  if (bytes < 1000)
    return g_strdup_printf ("%u B", (guint) bytes);
  guint unit = 0;
  double value = (double) bytes / 1000;
  for (; value >= 999.95 && unit + 1 < G_N_ELEMENTS (units); unit++)
    value /= 1000;
  return g_strdup_printf ("%.1f %s", value, units[unit]);
}

char *
cli_duration (gint64 microseconds)
{
  gint64 seconds = MAX (microseconds, 0) / G_USEC_PER_SEC;
  if (seconds < 10)
    return g_strdup_printf ("%.1f s", (double) MAX (microseconds, 0) / G_USEC_PER_SEC);
  if (seconds < 60)
    return g_strdup_printf ("%d s", (int) seconds);
  if (seconds < 3600)
    return g_strdup_printf ("%d min %d s", (int) (seconds / 60), (int) (seconds % 60));
  return g_strdup_printf ("%" G_GINT64_FORMAT " h %d min", seconds / 3600,
                          (int) (seconds / 60 % 60));
}

char *
cli_text (const char *text)
{
  return text_to_line (g_strdup (text != NULL ? text : ""));
}

char *
cli_subject (const char *raw)
{
  return raw != NULL ? text_to_line (mail_text_decode (raw)) : NULL;
}

static guint
width_of (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;
  return g_unichar_iswide (character) ? 2 : 1;
}

char *
cli_pad (const char *text, guint columns)
{
  g_autofree char *line = cli_text (text);
  GString *out = g_string_new (NULL);
  guint used = 0, fitting_columns = 0;
  gsize fitting = 0; /* bytes that leave room for "…" */
  const char *at = line;
  for (; *at != '\0' && used + width_of (g_utf8_get_char (at)) <= columns;
       at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);
      used += width_of (character);
      g_string_append_unichar (out, character);
      if (used < columns)
        {
          fitting = out->len;
          fitting_columns = used;
        }
    }
  if (*at != '\0' && columns > 0)
    {
      g_string_truncate (out, fitting);
      g_string_append (out, "…");
      used = fitting_columns + 1;
    }
  for (; used < columns; used++)
    g_string_append_c (out, ' ');
  return g_string_free (out, FALSE);
}

/* compare_counts: the larger count first, then by name; @data: the table. */
static int
compare_counts (gconstpointer a, gconstpointer b, gpointer data)
{
  const char *left = *(const char *const *) a, *right = *(const char *const *) b;
  guint more = GPOINTER_TO_UINT (g_hash_table_lookup (data, left));
  guint less = GPOINTER_TO_UINT (g_hash_table_lookup (data, right));
  return more != less ? (more < less) - (more > less) : strcmp (left, right);
}

const char **
cli_reasons (GHashTable *counts, guint *out_length)
{
  gpointer *reasons = g_hash_table_get_keys_as_array (counts, out_length);
  g_qsort_with_data (reasons, (int) *out_length, sizeof *reasons, compare_counts, counts);
  return (const char **) reasons;
}

const char *
cli_action (ActionKind action)
{
  switch (action)
    {
    case ACTION_CREATE_FOLDER:
      return "create-folder";
    case ACTION_SUBSCRIBE:
      return "subscribe";
    case ACTION_COPY:
      return "copy";
    case ACTION_MATCH:
      return "match";
    case ACTION_SKIP:
      return "skip";
    case ACTION_FLAGS:
      return "flags";
    case ACTION_MOVE:
      return "move";
    case ACTION_DELETE:
      return "delete";
    case ACTION_DELETE_FOLDER:
      return "delete-folder";
    case ACTION_DELETE_SOURCE:
      return "delete-source";
    }
  return "unknown";
}

const char *
cli_plural (guint64 count)
{
  return count == 1 ? "" : "s";
}

char *
cli_json_quote (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), valid);
  return json_to_string (node, FALSE);
}
