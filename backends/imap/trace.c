/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The wire trace. It follows literals itself, so that no byte of a message and no secret
 * gets into the file. Whole lines are written at once (O_APPEND): sessions of one process
 * do not mix within a line. A trace that cannot be written stops; mail goes on. */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <mailhaul/error.h>

#include "text.h"

/* Longer lines are cut: a listing of 100,000 UIDs explains nothing more. */
#define LINE_LIMIT_BYTES 2000u

struct _ImapTrace
{
  int fd;
  char *name;
  gint64 start_us;
  GString *received, *sent;
  gboolean is_private;  /* a login is going on */
  guint64 literal_left; /* of what is being received */
  guint8 tail[64]; /* the last bytes of a cut line: a literal may be announced there */
  gsize tail_length;
};

ImapTrace *
imap_trace_open (const char *path, const char *name, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      (void) haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "open trace %s",
                                   path);
      return NULL;
    }
  ImapTrace *self = g_new0 (ImapTrace, 1);
  self->fd = fd;
  self->name = g_strdup (name);
  self->start_us = g_get_monotonic_time ();
  self->received = g_string_new (NULL);
  self->sent = g_string_new (NULL);
  return self;
}

static void
put_line (ImapTrace *self, const char *mark, const char *text)
{
  if (self->fd < 0)
    return;
  g_autofree char *escaped = g_strescape (text, "\"");
  gint64 ms = (g_get_monotonic_time () - self->start_us) / 1000;
  g_autofree char *line = g_strdup_printf ("%s %" G_GINT64_FORMAT ".%03d %s %s\n",
                                           self->name, ms / 1000, (int) (ms % 1000), mark,
                                           escaped);
  if (write (self->fd, line, strlen (line)) < 0)
    {
      (void) close (self->fd);
      self->fd = -1;
    }
}

void
imap_trace_close (ImapTrace *self)
{
  if (self == NULL)
    return;
  if (self->sent->len > 0)
    put_line (self, "C:", self->sent->str);
  if (self->fd >= 0)
    (void) close (self->fd);
  g_string_free (self->received, TRUE);
  g_string_free (self->sent, TRUE);
  g_free (self->name);
  g_free (self);
}

void
imap_trace_note (ImapTrace *self, const char *text)
{
  if (self != NULL)
    put_line (self, "--", text);
}

void
imap_trace_set_private (ImapTrace *self, gboolean is_private)
{
  if (self != NULL)
    self->is_private = is_private;
}

static void
append_part (GString *line, const guint8 *data, gsize length)
{
  gsize room = line->len < LINE_LIMIT_BYTES ? LINE_LIMIT_BYTES - line->len : 0;
  for (gsize i = 0; i < MIN (room, length); i++)
    g_string_append_c (line, data[i] == '\0' ? ' ' : (char) data[i]);
}

/* Keeps the end of the line, where "{123}" may stand. */
static void
keep_tail (ImapTrace *self, const guint8 *data, gsize length)
{
  if (length >= sizeof self->tail)
    {
      memcpy (self->tail, data + length - sizeof self->tail, sizeof self->tail);
      self->tail_length = sizeof self->tail;
      return;
    }
  gsize keep = MIN (self->tail_length, sizeof self->tail - length);
  memmove (self->tail, self->tail + self->tail_length - keep, keep);
  memcpy (self->tail + keep, data, length);
  self->tail_length = keep + length;
}

static void
end_received_line (ImapTrace *self)
{
  guint64 size = 0;
  while (self->tail_length > 0
         && (self->tail[self->tail_length - 1] == '\r'
             || self->tail[self->tail_length - 1] == '\n'))
    self->tail_length--;
  gboolean literal = imap_text_ends_in_literal (self->tail, self->tail_length, &size);
  self->tail_length = 0;
  g_strchomp (self->received->str);
  gboolean hidden = self->is_private && self->received->str[0] == '+';
  put_line (self, "S:", hidden ? "+ [challenge]" : self->received->str);
  g_string_truncate (self->received, 0);
  if (!literal || size == 0)
    return;
  self->literal_left = size;
  g_autofree char *text = g_strdup_printf ("[%" G_GUINT64_FORMAT " bytes]", size);
  put_line (self, "S:", text);
}

void
imap_trace_received (ImapTrace *self, const guint8 *data, gsize length)
{
  if (self == NULL)
    return;
  while (length > 0)
    {
      if (self->literal_left > 0)
        {
          gsize skip = (gsize) MIN (self->literal_left, (guint64) length);
          self->literal_left -= skip;
          data += skip;
          length -= skip;
          continue;
        }
      const guint8 *end = memchr (data, '\n', length);
      gsize part = end == NULL ? length : (gsize) (end - data) + 1;
      append_part (self->received, data, part);
      keep_tail (self, data, part);
      data += part;
      length -= part;
      if (end != NULL)
        end_received_line (self);
    }
}

void
imap_trace_sent (ImapTrace *self, const guint8 *data, gsize length, gboolean secret)
{
  if (self == NULL)
    return;
  if (secret)
    {
      g_string_append (self->sent, "[secret]");
      if (length == 0 || data[length - 1] != '\n')
        return;
      put_line (self, "C:", self->sent->str);
      g_string_truncate (self->sent, 0);
      return;
    }
  while (length > 0)
    {
      const guint8 *end = memchr (data, '\n', length);
      gsize part = end == NULL ? length : (gsize) (end - data) + 1;
      append_part (self->sent, data, part);
      data += part;
      length -= part;
      if (end == NULL)
        continue;
      g_strchomp (self->sent->str);
      put_line (self, "C:", self->sent->str);
      g_string_truncate (self->sent, 0);
    }
}

void
imap_trace_sent_body (ImapTrace *self, guint64 length)
{
  if (self == NULL)
    return;
  g_autofree char *text = g_strdup_printf ("[%" G_GUINT64_FORMAT " bytes]", length);
  put_line (self, "C:", text);
}
