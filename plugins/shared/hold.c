/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hold: see the header. What it is for is its callers' business. Any one thread.
 */
#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <mailhaul/error.h>

/* READ_BYTES: read back at once. */
#define READ_BYTES (64 * 1024)

struct _Hold
{
  GByteArray *memory;
  int fd; /* -1: none */
  guint64 in_file;
};

Hold *
hold_new (void)
{
  Hold *self = g_new0 (Hold, 1);
  self->memory = g_byte_array_new ();
  self->fd = -1;
  return self;
}

void
hold_free (Hold *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_byte_array_unref (self->memory);
  g_free (self);
}

guint64
hold_length (const Hold *self)
{
  return self->in_file + self->memory->len;
}

static gboolean
refuse (const char *what, int code, GError **error)
{
  return haul_error_set (
      error, code == ENOSPC || code == EDQUOT ? HAUL_ERROR_QUOTA : HAUL_ERROR_IO,
      HAUL_SCOPE_MESSAGE, "%s temporary file in '%s': %s", what, g_get_tmp_dir (),
      g_strerror (code));
}

static gboolean
open_file (Hold *self, GError **error)
{
  if (self->fd >= 0)
    return TRUE;
  self->fd = open (g_get_tmp_dir (), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
  if (self->fd >= 0)
    return TRUE;
  g_autofree char *name = g_build_filename (g_get_tmp_dir (), "mailhaul-XXXXXX", NULL);
  self->fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
  if (self->fd < 0)
    return refuse ("make", errno, error);
  (void) unlink (name);
  return TRUE;
}

static gboolean
write_out (Hold *self, GError **error)
{
  const guint8 *data = self->memory->data;
  gsize length = self->memory->len;
  if (!open_file (self, error))
    return FALSE;
  while (length > 0)
    {
      gssize count = pwrite (self->fd, data, length, (off_t) self->in_file);
      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0)
        return refuse ("write", errno, error);
      self->in_file += (guint64) count;
      data += count;
      length -= (gsize) count;
    }
  g_byte_array_set_size (self->memory, 0);
  return TRUE;
}

gboolean
hold_write (Hold *self, const guint8 *data, gsize length, GError **error)
{
  while (length > 0)
    {
      gsize room = HOLD_MEMORY_BYTES - self->memory->len;
      gsize taken = MIN (room, length);
      g_byte_array_append (self->memory, data, (guint) taken);
      data += taken;
      length -= taken;
      if (length > 0 && !write_out (self, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
give_file (Hold *self, HoldFunc func, gpointer user_data, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (READ_BYTES);
  for (guint64 at = 0; at < self->in_file;)
    {
      gsize wanted = (gsize) MIN (READ_BYTES, self->in_file - at);
      gssize count = pread (self->fd, buffer, wanted, (off_t) at);
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return refuse ("read", count < 0 ? errno : EIO, error);
      if (!func (buffer, (gsize) count, user_data, error))
        return FALSE;
      at += (guint64) count;
    }
  return TRUE;
}

gboolean
hold_give (Hold *self, HoldFunc func, gpointer user_data, GError **error)
{
  gboolean ok = TRUE;
  if (func != NULL && self->in_file > 0)
    ok = give_file (self, func, user_data, error);
  if (ok && func != NULL && self->memory->len > 0)
    ok = func (self->memory->data, self->memory->len, user_data, error);
  g_byte_array_set_size (self->memory, 0);
  if (self->in_file > 0 && ftruncate (self->fd, 0) == 0)
    self->in_file = 0;
  else if (self->in_file > 0)
    {
      close (self->fd);
      self->fd = -1;
      self->in_file = 0;
    }
  return ok;
}
