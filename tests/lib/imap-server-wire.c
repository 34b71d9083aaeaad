/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes in and out of one connection: waits by poll() together with the stop pipe, holds
 * answers back until the client waits, cuts, pauses and resets. Knows no IMAP. Everything
 * runs on the connection's thread.
 */
#include "imap-server-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536

void
wire_init (Wire *self, int fd, int stop_fd)
{
  memset (self, 0, sizeof *self);
  self->fd = fd;
  self->stop_fd = stop_fd;
  self->in = g_byte_array_new ();
  self->out = g_byte_array_new ();
  self->cut_after_bytes = -1;
  self->pause_after_bytes = -1;
  self->ghost_us = -1;
  int flags = fcntl (fd, F_GETFL);
  fcntl (fd, F_SETFL, flags | O_NONBLOCK);
}

static void
shut (Wire *self, gboolean reset)
{
  if (self->fd < 0)
    return;
  if (reset)
    {
      struct linger linger = { .l_onoff = 1, .l_linger = 0 };
      setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
  else
    {
      /* Unread input would turn the close into a reset that eats our last words. */
      char rest[4096];
      shutdown (self->fd, SHUT_WR);
      while (recv (self->fd, rest, sizeof rest, MSG_DONTWAIT) > 0)
        ;
    }
  close (self->fd);
  self->fd = -1;
  self->mute = TRUE;
}

void
wire_clear (Wire *self)
{
  shut (self, FALSE);
  g_clear_pointer (&self->in, g_byte_array_unref);
  g_clear_pointer (&self->out, g_byte_array_unref);
}

gboolean
wire_stopping (const Wire *self)
{
  struct pollfd stop = { .fd = self->stop_fd, .events = POLLIN };
  return poll (&stop, 1, 0) > 0;
}

/* wait_for: until the socket has @events, or the time is over (-1: never). FALSE: the
 * test stops or the time is over. A closed socket just lets the time pass. */
static gboolean
wait_for (Wire *self, short events, gint64 duration_us)
{
  gint64 until_us = duration_us < 0 ? -1 : g_get_monotonic_time () + duration_us;
  for (;;)
    {
      struct pollfd fds[2] = { { .fd = self->stop_fd, .events = POLLIN },
                               { .fd = self->fd, .events = events } };
      gint64 left_us = until_us < 0 ? -1 : MAX (until_us - g_get_monotonic_time (), 0);
      int timeout_ms = left_us < 0 ? -1 : (int) ((left_us + 999) / 1000);
      int ready = poll (fds, self->fd >= 0 && events != 0 ? 2 : 1, timeout_ms);
      if (ready < 0 && errno == EINTR)
        continue;
      if (ready <= 0 || fds[0].revents != 0)
        return FALSE;
      return TRUE;
    }
}

void
wire_queue (Wire *self, const void *data, gsize length)
{
  if (self->mute)
    return;
  g_byte_array_append (self->out, data, (guint) length);
  if (self->out->len > WIRE_QUEUE_BYTES)
    wire_flush (self);
}

/* send_some: all of it, unless the connection dies. */
static void
send_some (Wire *self, const guint8 *data, gsize length)
{
  while (length > 0 && self->fd >= 0 && !self->mute)
    {
      ssize_t sent = send (self->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0)
        {
          data += sent;
          length -= (gsize) sent;
          self->spoke = TRUE;
        }
      else if (sent < 0 && errno == EINTR)
        continue;
      else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        {
          if (!wait_for (self, POLLOUT, -1))
            self->mute = TRUE;
        }
      else
        self->mute = TRUE;
    }
}

void
wire_flush (Wire *self)
{
  gsize at = 0;
  while (at < self->out->len && !self->mute)
    {
      gsize length = self->out->len - at;
      if (self->cut_after_bytes >= 0)
        length = MIN (length, (gsize) self->cut_after_bytes);
      if (self->pause_after_bytes >= 0)
        length = MIN (length, (gsize) self->pause_after_bytes);
      send_some (self, self->out->data + at, length);
      at += length;
      if (self->cut_after_bytes >= 0)
        self->cut_after_bytes -= (gint64) length;
      if (self->pause_after_bytes >= 0)
        self->pause_after_bytes -= (gint64) length;
      if (self->pause_after_bytes == 0)
        {
          self->pause_after_bytes = -1;
          wait_for (self, 0, self->pause_us);
        }
      if (self->cut_after_bytes == 0)
        {
          shut (self, self->cut_reset);
          self->end = TRUE;
          g_byte_array_set_size (self->in, 0);
          self->in_at = 0;
        }
    }
  g_byte_array_set_size (self->out, 0);
}

/* receive: what is there now; TRUE if it was anything. */
static gboolean
receive (Wire *self)
{
  if (self->fd < 0 || self->end)
    return FALSE;
  if (self->in_at > 0)
    {
      g_byte_array_remove_range (self->in, 0, (guint) self->in_at);
      self->in_at = 0;
    }
  guint8 buffer[READ_BYTES];
  ssize_t length = recv (self->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (length > 0)
    {
      g_byte_array_append (self->in, buffer, (guint) length);
      return TRUE;
    }
  if (length == 0
      || (length < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
    self->end = TRUE;
  return FALSE;
}

/* more: waits for bytes; what is queued goes out once the client is silent. */
static gboolean
more (Wire *self)
{
  if (receive (self))
    return TRUE;
  if (self->out->len > 0 && self->settle_us > 0 && !self->end
      && wait_for (self, POLLIN, self->settle_us) && receive (self))
    return TRUE;
  wire_flush (self);
  while (!self->end && self->fd >= 0)
    {
      if (!wait_for (self, POLLIN, -1))
        {
          self->end = TRUE;
          return FALSE;
        }
      if (receive (self))
        {
          self->trips += self->spoke ? 1 : 0;
          self->spoke = FALSE;
          return TRUE;
        }
    }
  return FALSE;
}

/* catch_up: a ghost takes in all that it can while it waits. */
static void
catch_up (Wire *self)
{
  while (receive (self))
    ;
}

gboolean
wire_line (Wire *self, GString *out_line, gboolean *out_bare_lf)
{
  gsize searched = 0;
  *out_bare_lf = FALSE;
  for (;;)
    {
      const guint8 *start = self->in->data + self->in_at;
      gsize length = self->in->len - self->in_at;
      const guint8 *end = length > searched
                              ? memchr (start + searched, '\n', length - searched)
                              : NULL;
      if (end != NULL)
        {
          gsize size = (gsize) (end - start);
          self->in_at += size + 1;
          *out_bare_lf = size == 0 || start[size - 1] != '\r';
          g_string_truncate (out_line, 0);
          g_string_append_len (out_line, (const char *) start,
                               (gssize) (*out_bare_lf ? size : size - 1));
          return TRUE;
        }
      searched = length;
      if (length > WIRE_LINE_BYTES || !more (self))
        return FALSE;
    }
}

gboolean
wire_take (Wire *self, gsize length, GByteArray *out)
{
  while (length > 0)
    {
      gsize there = MIN (length, self->in->len - self->in_at);
      g_byte_array_append (out, self->in->data + self->in_at, (guint) there);
      self->in_at += there;
      length -= there;
      if (length > 0 && !more (self))
        return FALSE;
    }
  return TRUE;
}

void
wire_delay (Wire *self, gint64 duration_us)
{
  wire_flush (self);
  if (self->ghost_us >= 0)
    catch_up (self);
  wait_for (self, 0, duration_us);
}

void
wire_stall (Wire *self, gint64 duration_us)
{
  wire_flush (self);
  gint64 until_us = duration_us < 0 ? -1 : g_get_monotonic_time () + duration_us;
  /* POLLRDHUP tells of the client's end while its bytes lie unread. */
  if (wait_for (self, POLLRDHUP, duration_us) && until_us < 0)
    self->end = TRUE;
}

void
wire_close (Wire *self, gboolean reset)
{
  if (!reset)
    wire_flush (self);
  shut (self, reset);
  self->end = TRUE;
  g_byte_array_set_size (self->in, 0);
  self->in_at = 0;
}

void
wire_vanish (Wire *self, gint64 pause_us)
{
  wire_flush (self);
  self->ghost_us = pause_us;
  catch_up (self);
  shut (self, FALSE);
  self->end = TRUE;
}
