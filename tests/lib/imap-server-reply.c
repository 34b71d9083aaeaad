/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the scripted server says: replies are collected first, so that scripts can bend
 * them, then written to the transcript and the wire. Runs on a session's thread.
 */
#include "imap-server.h"

#include <string.h>

/* Longest transcript: a test that says more is not read by people. */
#define TRANSCRIPT_BYTES ((gsize) 8 * 1024 * 1024)

void
session_log (Session *self, char who, const char *text, gsize length)
{
  ImapScript *server = self->server;
  pthread_mutex_lock (&server->lock);
  if (server->transcript->len + length < TRANSCRIPT_BYTES)
    {
      g_string_append_printf (server->transcript, "%u %c: ", self->number, who);
      for (gsize i = 0; i < length; i++)
        {
          guchar c = (guchar) text[i];
          if (c < ' ' && c != '\n' && c != '\r')
            g_string_append_printf (server->transcript, "\\x%02x", c);
          else if (c != '\r')
            g_string_append_c (server->transcript, (char) c);
        }
      g_string_append_c (server->transcript, '\n');
    }
  pthread_mutex_unlock (&server->lock);
}

/* log_spoken: without the bytes of literals. */
static void
log_spoken (Session *self, const char *data, gsize length)
{
  g_autoptr (GString) out = g_string_new (NULL);
  for (gsize i = 0; i < length; i++)
    {
      g_string_append_c (out, data[i]);
      if (data[i] != '{')
        continue;
      guint64 size = 0;
      gsize j = i + 1;
      while (j < length && g_ascii_isdigit (data[j]) && size < G_MAXUINT32)
        size = size * 10 + (guint64) (data[j++] - '0');
      if (j > i + 1 && j + 2 < length && memcmp (data + j, "}\r\n", 3) == 0)
        {
          g_string_append_len (out, data + i + 1, (gssize) (j - i));
          g_string_append (out, "…");
          i = (gsize) MIN (j + 2 + size, (guint64) length - 1);
        }
    }
  session_log (self, 'S', out->str, out->len);
}

void
session_raw (Session *self, const char *data, gsize length)
{
  log_spoken (self, data, length);
  wire_queue (&self->wire, data, length);
}

void
session_say (Session *self, const char *data, gsize length)
{
  session_raw (self, data, length);
  wire_queue (&self->wire, "\r\n", 2);
}

GString *
reply_line (Session *self, const char *format, ...)
{
  va_list arguments;
  GString *line = g_string_new (NULL);
  va_start (arguments, format);
  g_string_append_vprintf (line, format, arguments);
  va_end (arguments);
  g_ptr_array_add (self->reply.lines, line);
  return line;
}

void
reply_tagged (Session *self, const char *format, ...)
{
  va_list arguments;
  if (self->reply.tagged != NULL)
    return;
  va_start (arguments, format);
  self->reply.tagged = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

void
reply_clear (Session *self)
{
  for (guint i = 0; i < self->reply.lines->len; i++)
    g_string_free (g_ptr_array_index (self->reply.lines, i), TRUE);
  g_ptr_array_set_size (self->reply.lines, 0);
  g_clear_pointer (&self->reply.tagged, g_free);
  self->reply.close = FALSE;
}

void
reply_string (GString *out, const char *text)
{
  gboolean literal = FALSE;
  for (const char *at = text; *at != '\0'; at++)
    literal |= *at == '\r' || *at == '\n';
  if (literal)
    {
      g_string_append_printf (out, "{%" G_GSIZE_FORMAT "}\r\n%s", strlen (text), text);
      return;
    }
  g_string_append_c (out, '"');
  for (const char *at = text; *at != '\0'; at++)
    {
      if (*at == '"' || *at == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *at);
    }
  g_string_append_c (out, '"');
}

void
session_send_reply (Session *self, const char *tag)
{
  for (guint i = 0; i < self->reply.lines->len; i++)
    {
      const GString *line = g_ptr_array_index (self->reply.lines, i);
      session_raw (self, line->str, line->len);
      wire_queue (&self->wire, self->style.bare_lf ? "\n" : "\r\n",
                  self->style.bare_lf ? 1 : 2);
    }
  if (tag != NULL && self->reply.tagged != NULL)
    {
      g_autofree char *line = g_strconcat (tag, " ", self->reply.tagged, NULL);
      session_say (self, line, strlen (line));
    }
  gboolean close = self->reply.close;
  reply_clear (self);
  if (close)
    wire_close (&self->wire, FALSE);
}
