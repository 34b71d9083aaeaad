/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands of the scripted server that belong to no mailbox: CAPABILITY, ID, ENABLE,
 * LOGIN, AUTHENTICATE, NOOP, LOGOUT. Under the lock, but AUTHENTICATE, which reads.
 */
#include "imap-server.h"

#include <string.h>

gboolean
serve_capability (Session *self, Reader *reader)
{
  if (!read_end (reader))
    return FALSE;
  reply_line (self, "* CAPABILITY %s", session_capability (self));
  reply_tagged (self, "OK CAPABILITY done");
  return TRUE;
}

gboolean
serve_noop (Session *self, Reader *reader)
{
  if (!read_end (reader))
    return FALSE;
  reply_tagged (self, "OK NOOP done");
  return TRUE;
}

gboolean
serve_logout (Session *self, Reader *reader)
{
  if (!read_end (reader))
    return FALSE;
  reply_line (self, "* BYE logging out");
  reply_tagged (self, "OK LOGOUT done");
  self->reply.close = TRUE;
  return TRUE;
}

gboolean
serve_id (Session *self, Reader *reader)
{
  const char *text;
  guint count = 0;
  if (!session_has (self, "ID") || !read_space (reader))
    return FALSE;
  if (!read_word (reader, "NIL"))
    {
      if (!read_open (reader))
        return FALSE;
      while (!read_close (reader))
        if ((count++ > 0 && !read_space (reader))
            || (!read_word (reader, "NIL") && !read_quoted (reader, &text)))
          return FALSE;
    }
  if (!read_end (reader) || count % 2 != 0)
    return FALSE;
  reply_line (self, "* ID %s", self->script->id);
  reply_tagged (self, "OK ID done");
  return TRUE;
}

gboolean
serve_enable (Session *self, Reader *reader)
{
  const char *word;
  g_autoptr (GString) enabled = g_string_new ("* ENABLED");
  if (!session_has (self, "ENABLE") || read_end (reader))
    return FALSE;
  while (!read_end (reader))
    {
      if (!read_space (reader) || !read_atom (reader, &word))
        return FALSE;
      if (!session_has (self, word))
        continue;
      g_string_append_printf (enabled, " %s", word);
      gboolean qresync = g_ascii_strcasecmp (word, "QRESYNC") == 0;
      self->qresync |= qresync;
      self->condstore |= qresync || g_ascii_strcasecmp (word, "CONDSTORE") == 0;
      self->utf8 |= g_ascii_strcasecmp (word, "UTF8=ACCEPT") == 0
                    || g_ascii_strcasecmp (word, "IMAP4rev2") == 0;
    }
  reply_line (self, "%s", enabled->str);
  reply_tagged (self, "OK ENABLE done");
  return TRUE;
}

/* log_in: whether the account knows the two; any pair if the script names none. */
static void
log_in (Session *self, const char *name, const char *password)
{
  gboolean good = self->script->users->len == 0;
  for (guint i = 0; i < self->script->users->len; i++)
    {
      const User *user = g_ptr_array_index (self->script->users, i);
      good |= strcmp (user->name, name) == 0 && strcmp (user->password, password) == 0;
    }
  self->authenticated = good;
  if (!good)
    reply_tagged (self, "NO [AUTHENTICATIONFAILED] authentication failed");
  else if (self->script->capability_at_login)
    reply_tagged (self, "OK [CAPABILITY %s] logged in", session_capability (self));
  else
    reply_tagged (self, "OK logged in");
}

gboolean
serve_login (Session *self, Reader *reader)
{
  const char *name, *password;
  if (session_has (self, "LOGINDISABLED") || !read_space (reader)
      || !read_astring (reader, &name) || !read_space (reader)
      || !read_astring (reader, &password) || !read_end (reader))
    return FALSE;
  log_in (self, name, password);
  return TRUE;
}

/* log_in_plain: RFC 4616; the authorization identity must be empty or the same. */
static gboolean
log_in_plain (Session *self, const char *base64)
{
  gsize length = 0;
  if (*base64 == '\0' || strspn (base64, "=") == strlen (base64))
    return FALSE;
  g_autofree guchar *decoded = g_base64_decode (base64, &length);
  g_autofree char *data = g_malloc0 (length + 3);
  if (length > 0)
    memcpy (data, decoded, length);
  const char *name = data + strlen (data) + 1;
  if (name > data + length)
    return FALSE;
  const char *password = name + strlen (name) + 1;
  if (password > data + length)
    return FALSE;
  log_in (self, name, password);
  return TRUE;
}

gboolean
serve_authenticate (Session *self, Reader *reader)
{
  const char *mechanism, *initial = NULL;
  gboolean lf;
  g_autoptr (GString) line = g_string_new (NULL);
  if (!read_space (reader) || !read_atom (reader, &mechanism))
    return FALSE;
  g_autofree char *word = g_strconcat ("AUTH=", mechanism, NULL);
  if (!read_end (reader)
      && (!session_has (self, "SASL-IR") || !read_space (reader)
          || !read_raw (reader, &initial) || !read_end (reader)))
    return FALSE;
  if (!session_has (self, word) || g_ascii_strcasecmp (mechanism, "PLAIN") != 0)
    {
      reply_tagged (self, "NO [CANNOT] this mechanism is not supported");
      return TRUE;
    }
  if (initial != NULL)
    return log_in_plain (self, initial);
  session_say (self, "+ ", 2);
  if (!wire_line (&self->wire, line, &lf))
    {
      self->done = TRUE;
      return TRUE;
    }
  session_log (self, 'C', line->str, line->len);
  if (strcmp (line->str, "*") == 0)
    reply_tagged (self, "BAD authentication cancelled");
  else
    return log_in_plain (self, line->str);
  return TRUE;
}
