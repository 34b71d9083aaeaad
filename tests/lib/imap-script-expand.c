/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a script's text stands for; reads the store under the lock for a moment. */
#include "imap-script-expand.h"

#include <string.h>

void
names_clear (Names *self)
{
  for (guint i = 0; i < self->tag_count; i++)
    g_clear_pointer (&self->tags[i], g_free);
  self->tag_count = 0;
  imap_match_clear (self->captures);
}

/* append_body: "literal", "bytes" or "size" of a body "NAME", "NAME+2", "NAME-2". */
static gboolean
append_body (Session *session, const char *what, const char *argument, GString *out)
{
  gsize length = strcspn (argument, "+-");
  g_autofree char *name = g_strndup (argument, length);
  g_autoptr (GBytes) body = script_body (session->script, argument);
  gint64 shift = 0;
  if (body == NULL)
    {
      body = script_body (session->script, name);
      if (argument[length] != '\0'
          && !g_ascii_string_to_signed (argument + length, 10, -1000000, 1000000, &shift,
                                        NULL))
        return FALSE;
    }
  if (body == NULL)
    return FALSE;
  gsize size;
  const char *data = g_bytes_get_data (body, &size);
  gint64 announced = MAX ((gint64) size + shift, 0);
  if (strcmp (what, "size") == 0)
    g_string_append_printf (out, "%" G_GINT64_FORMAT, announced);
  if (strcmp (what, "literal") == 0)
    g_string_append_printf (out, "{%" G_GINT64_FORMAT "}\r\n", announced);
  if (strcmp (what, "size") != 0 && size > 0)
    g_string_append_len (out, data, (gssize) size);
  return TRUE;
}

static gboolean
append_box (Session *session, const char *what, const char *name, GString *out)
{
  pthread_mutex_lock (&session->server->lock);
  const Box *box = store_find (&session->script->store, name);
  if (box != NULL)
    g_string_append_printf (
        out, "%u", strcmp (what, "uidnext") == 0 ? box->uidnext : box->uidvalidity);
  pthread_mutex_unlock (&session->server->lock);
  return box != NULL;
}

/* append_call: "$word(argument)"; returns what is behind it, or NULL: it is none. */
static const char *
append_call (Session *session, const char *at, GString *out)
{
  static const char *const words[] = { "literal", "bytes", "size", "uidvalidity",
                                       "uidnext" };
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize length = strlen (words[i]);
      const char *close = strchr (at, ')');
      if (strncmp (at, words[i], length) != 0 || at[length] != '(' || close == NULL)
        continue;
      g_autofree char *argument = g_strndup (at + length + 1,
                                             (gsize) (close - at) - length - 1);
      gboolean good = i < 3 ? append_body (session, words[i], argument, out)
                            : append_box (session, words[i], argument, out);
      if (!good)
        script_note_failure (session->server, 0, "there is no %s", argument);
      return close + 1;
    }
  return NULL;
}

static const char *
append_name (Session *session, const Names *names, const char *at, GString *out)
{
  const char *behind = append_call (session, at, out);
  if (behind != NULL)
    return behind;
  if (g_ascii_isdigit (*at) && *at > '0' && *at <= '0' + IMAP_MATCH_CAPTURES)
    {
      const char *text = names->captures[*at - '1'];
      g_string_append (out, text != NULL ? text : "");
      return at + 1;
    }
  if (strncmp (at, "swaptag", 7) == 0)
    {
      for (const char *c = names->tag != NULL ? names->tag : "*"; *c != '\0'; c++)
        g_string_append_c (out, g_ascii_isupper (*c) ? g_ascii_tolower (*c)
                                                     : g_ascii_toupper (*c));
      return at + 7;
    }
  if (strncmp (at, "tag", 3) != 0)
    return NULL;
  char *end = NULL;
  guint64 number = g_ascii_strtoull (at + 3, &end, 10);
  if (!g_ascii_isdigit (at[3]))
    g_string_append (out, names->tag != NULL ? names->tag : "*");
  else if (number > 0 && number <= names->tag_count)
    g_string_append (out, names->tags[number - 1]);
  return end;
}

GString *
script_expand (Session *session, const Names *names, const char *text)
{
  GString *out = g_string_new (NULL);
  while (*text != '\0')
    {
      gsize length = strcspn (text, "$");
      script_unescape (out, text, length);
      text += length;
      if (*text == '\0')
        break;
      const char *behind = append_name (session, names, text + 1, out);
      if (behind == NULL)
        g_string_append_c (out, *text);
      text = behind != NULL ? behind : text + 1;
    }
  return out;
}
