/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Formats of subscription files. Pure; subscribe.c reads and replaces the files. Any
 * thread.
 */
#include "subscriptions.h"

#include <string.h>

static const char version_line[] = "V\t2\n";
static const char courier_prefix[] = "INBOX.";

/* Dovecot's escapes of bytes that end a field or line: \001 and a character. */
typedef struct
{
  char byte;
  char code;
} MaildirTabEscape;

static const MaildirTabEscape tab_escapes[] = {
  { '\001', '1' }, { '\t', 't' }, { '\r', 'r' }, { '\n', 'n' }
};

MaildirSubscriptionKind
maildir_subscriptions_kind (const char *text)
{
  return g_str_has_prefix (text, version_line) ? MAILDIR_SUBSCRIPTIONS_V2
                                               : MAILDIR_SUBSCRIPTIONS_V1;
}

static char *
name_from_tabs (const char *line, char delimiter)
{
  GString *name = g_string_new (NULL);

  for (const char *p = line; *p; p++)
    {
      char byte = *p == '\t' ? delimiter : *p;

      if (*p == '\001' && p[1])
        {
          p++;
          byte = *p;
          for (gsize i = 0; i < G_N_ELEMENTS (tab_escapes); i++)
            if (tab_escapes[i].code == *p)
              byte = tab_escapes[i].byte;
        }
      g_string_append_c (name, byte);
    }
  return g_string_free (name, FALSE);
}

static void
append_tabs (GString *text, const char *name, char delimiter)
{
  for (const char *p = name; *p; p++)
    {
      gboolean escaped = FALSE;

      for (gsize i = 0; i < G_N_ELEMENTS (tab_escapes) && !escaped; i++)
        if (*p == tab_escapes[i].byte)
          {
            g_string_append_c (text, '\001');
            g_string_append_c (text, tab_escapes[i].code);
            escaped = TRUE;
          }
      if (!escaped)
        g_string_append_c (text, *p == delimiter ? '\t' : *p);
    }
}

/* One line as a name; NULL for a line that names nothing. */
static char *
name_of (MaildirSubscriptionKind kind, const char *line, char delimiter)
{
  if (!*line)
    return NULL;
  switch (kind)
    {
    case MAILDIR_SUBSCRIPTIONS_V1:
      return g_strdup (line);
    case MAILDIR_SUBSCRIPTIONS_V2:
      return name_from_tabs (line, delimiter);
    case MAILDIR_SUBSCRIPTIONS_COURIER:
      break;
    }
  if (strcmp (line, "INBOX") != 0 && g_str_has_prefix (line, courier_prefix))
    line += strlen (courier_prefix);
  return *line ? g_strdup (line) : NULL;
}

GPtrArray *
maildir_subscriptions_parse (MaildirSubscriptionKind kind, const char *text,
                             char delimiter)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) lines = NULL;

  if (kind == MAILDIR_SUBSCRIPTIONS_V2)
    text += strlen (version_line);
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++)
    {
      gsize length = strlen (*line);
      char *name = NULL;

      if (length > 0 && (*line)[length - 1] == '\r')
        (*line)[length - 1] = '\0';
      name = name_of (kind, *line, delimiter);
      if (name)
        g_ptr_array_add (names, name);
    }
  return names;
}

char *
maildir_subscriptions_format (MaildirSubscriptionKind kind, const GPtrArray *names,
                              char delimiter)
{
  GString *text = g_string_new (NULL);

  if (kind == MAILDIR_SUBSCRIPTIONS_V2)
    g_string_append_printf (text, "%s\n", version_line);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      switch (kind)
        {
        case MAILDIR_SUBSCRIPTIONS_V1:
          g_string_append (text, name);
          break;
        case MAILDIR_SUBSCRIPTIONS_V2:
          append_tabs (text, name, delimiter);
          break;
        case MAILDIR_SUBSCRIPTIONS_COURIER:
          if (strcmp (name, "INBOX") != 0)
            g_string_append (text, courier_prefix);
          g_string_append (text, name);
          break;
        }
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}
