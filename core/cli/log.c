/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log on standard error, as text or as one JSON object a line. Any thread.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* LogSettings: the writer's user data; lives as long as the process. */
typedef struct
{
  GLogLevelFlags lowest;
  gboolean json;
} LogSettings;

static const char *
field (const GLogField *fields, gsize count, const char *key)
{
  for (gsize i = 0; i < count; i++)
    if (strcmp (fields[i].key, key) == 0)
      return fields[i].value;
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

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer user_data)
{
  const LogSettings *settings = user_data;
  const char *domain = field (fields, count, "GLIB_DOMAIN");
  const char *message = field (fields, count, "MESSAGE");
  if (level > settings->lowest || message == NULL)
    return G_LOG_WRITER_HANDLED;
  if (settings->json)
    {
      g_autofree char *text = cli_json_quote (message);
      fprintf (stderr, "{\"log\":\"%s\",\"domain\":\"%s\",\"message\":%s}\n",
               level_text (level), domain != NULL ? domain : "", text);
    }
  else
    fprintf (stderr, "mailhaul: %s: %s\n", level_text (level), message);
  return G_LOG_WRITER_HANDLED;
}

gboolean
log_init (const char *level_name, gboolean json)
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
        g_log_set_writer_func (write_log, settings, g_free);
        return TRUE;
      }
  return FALSE;
}
