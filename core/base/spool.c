/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Spool: memory first, then an unlinked temporary file. Leaves it to the caller when to
 * use one. Handed from the source's thread to the destination's, never used by both at
 * once.
 */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <mailhaul/error.h>

struct _Spool
{
  GByteArray *memory;
  int file; /* -1: all in memory */
  guint64 size;
  guint64 position;
};

Spool *
spool_new (void)
{
  Spool *self = g_new0 (Spool, 1);
  self->memory = g_byte_array_new ();
  self->file = -1;
  return self;
}

void
spool_free (Spool *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->memory);
  if (self->file >= 0)
    close (self->file);
  g_free (self);
}

/* O_TMPFILE where the file system has it, else a name that is gone at once. */
static int
open_nameless (GError **error)
{
  const char *directory = g_get_tmp_dir ();
  int file = open (directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0)
    return file;

  g_autofree char *name = g_build_filename (directory, "mailhaul-spool-XXXXXX", NULL);
  file = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
  if (file < 0)
    {
      haul_error_set_errno (error, errno, HAUL_SCOPE_MESSAGE, "create spool file in '%s'",
                            directory);
      return -1;
    }
  g_unlink (name);
  return file;
}

static gboolean
write_all (int file, const guint8 *data, gsize length, GError **error)
{
  while (length > 0)
    {
      gssize n = write (file, data, length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return haul_error_set_errno (error, errno, HAUL_SCOPE_MESSAGE,
                                     "write spool file");
      data += n;
      length -= (gsize) n;
    }
  return TRUE;
}

gboolean
spool_write (Spool *self, const void *data, gsize length, GError **error)
{
  if (self->file < 0 && self->memory->len + length <= SPOOL_MEMORY_BYTES)
    {
      g_byte_array_append (self->memory, data, (guint) length);
      self->size += length;
      return TRUE;
    }
  if (self->file < 0)
    {
      self->file = open_nameless (error);
      if (self->file < 0
          || !write_all (self->file, self->memory->data, self->memory->len, error))
        return FALSE;
      g_byte_array_unref (self->memory);
      self->memory = g_byte_array_new ();
    }
  if (!write_all (self->file, data, length, error))
    return FALSE;
  self->size += length;
  return TRUE;
}

guint64
spool_size (const Spool *self)
{
  return self->size;
}

gboolean
spool_read (Spool *self, guint8 *out, gsize length, gsize *out_read, GError **error)
{
  if (self->file < 0)
    {
      gsize left = self->memory->len - (gsize) self->position;
      gsize n = MIN (length, left);
      if (n > 0)
        memcpy (out, self->memory->data + self->position, n);
      self->position += n;
      *out_read = n;
      return TRUE;
    }
  gssize n;
  do
    n = pread (self->file, out, length, (off_t) self->position);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_MESSAGE, "read spool file");
  self->position += (guint64) n;
  *out_read = (gsize) n;
  return TRUE;
}
