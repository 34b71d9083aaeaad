/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log on standard error, as text or as one JSON object a line. G_MESSAGES_DEBUG shows
 * a module's debug messages whatever the level. Any thread.
 */
#include <string.h>

#include "cli/cli.h"

/* LogSettings: the writer's user data; lives as long as the process. */
typedef struct
{
  GLogLevelFlags lowest;
  gboolean json;
  const char *clear; /* what takes progress off the terminal; "": nothing does */
} LogSettings;

static char *
field (const GLogField *fields, gsize count, const char *key)
{
  for (gsize i = 0; i < count; i++)
    if (strcmp (fields[i].key, key) == 0)
      return fields[i].length < 0 ? g_strdup (fields[i].value)
                                  : g_strndup (fields[i].value, (gsize) fields[i].length);
  return NULL;
}

static const char *
level_text (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return "error";
  if (level & G_LOG_LEVEL_WARNING)
    return "warning";
  if (level & G_LOG_LEVEL_MESSAGE)
    return "notice";
  return level & G_LOG_LEVEL_INFO ? "info" : "debug";
}

/* is_wanted: by its level, or since G_MESSAGES_DEBUG names its domain. */
static gboolean
is_wanted (const LogSettings *settings, GLogLevelFlags level, const char *domain)
{
  if ((level & G_LOG_LEVEL_MASK) <= settings->lowest)
    return TRUE;
  const char *domains = g_getenv ("G_MESSAGES_DEBUG");
  if (domains == NULL)
    return FALSE;
  g_auto (GStrv) words = g_strsplit_set (domains, " ,", -1);
  return g_strv_contains ((const char *const *) words, "all")
         || (domain != NULL && g_strv_contains ((const char *const *) words, domain));
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer user_data)
{
  const LogSettings *settings = user_data;
  g_autofree char *domain = field (fields, count, "GLIB_DOMAIN");
  g_autofree char *message = field (fields, count, "MESSAGE");
  if (message == NULL || !is_wanted (settings, level, domain))
    return G_LOG_WRITER_HANDLED;
  g_autofree char *line = cli_text (message);
  if (settings->json)
    {
      g_autofree char *text = cli_json_quote (line);
      g_autofree char *from = cli_json_quote (domain);
      fprintf (stderr, "%s{\"log\":\"%s\",\"time\":%.3f,\"domain\":%s,\"message\":%s}\n",
               settings->clear, level_text (level),
               (double) g_get_real_time () / G_USEC_PER_SEC, from, text);
    }
  else
    fprintf (stderr, "%smailhaul: %s: %s\n", settings->clear, level_text (level), line);
  return G_LOG_WRITER_HANDLED;
}

gboolean
log_init (const char *level_name, gboolean json, gboolean clears)
{
  static const struct
  {
    const char *name;
    GLogLevelFlags level;
  } levels[] = { { "error", G_LOG_LEVEL_CRITICAL },
                 { "warning", G_LOG_LEVEL_WARNING },
                 { "notice", G_LOG_LEVEL_MESSAGE },
                 { "info", G_LOG_LEVEL_INFO },
                 { "debug", G_LOG_LEVEL_DEBUG } };
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (strcmp (level_name, levels[i].name) == 0)
      {
        LogSettings *settings = g_new (LogSettings, 1);
        settings->lowest = levels[i].level;
        settings->json = json;
        settings->clear = clears ? CLI_CLEAR : "";
        g_log_set_writer_func (write_log, settings, g_free);
        return TRUE;
      }
  return FALSE;
}
