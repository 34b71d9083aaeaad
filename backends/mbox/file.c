/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls on one mbox file. What the bytes mean is left to others. On the session's
 * thread.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mailhaul/error.h>

static gboolean
fail (GError **error, const char *what, const char *path)
{
  return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "%s '%s'", what, path);
}

/* The file that a link names; the path itself when there is nothing yet. */
static char *
resolve (const char *path)
{
  char *real = realpath (path, NULL);
  char *copy = g_strdup (real ? real : path);
  free (real);
  return copy;
}

MboxFile *
mbox_file_open (const char *path, MboxFileMode mode, GError **error)
{
  struct stat status;
  if (stat (path, &status) == 0)
    {
      if (!S_ISREG (status.st_mode))
        {
          haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                          "open '%s': not a regular file", path);
          return NULL;
        }
    }
  else if (mode != MBOX_FILE_CREATE || errno != ENOENT)
    {
      fail (error, "open", path);
      return NULL;
    }
  int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  flags |= mode == MBOX_FILE_READ ? O_RDONLY : O_RDWR;
  flags |= mode == MBOX_FILE_CREATE ? O_CREAT : 0;
  int fd = open (path, flags, 0600);
  if (fd < 0)
    {
      fail (error, "open", path);
      return NULL;
    }
  g_autoptr (MboxFile) self = g_new0 (MboxFile, 1);
  self->fd = fd;
  self->path = resolve (path);
  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    {
      haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                      "open '%s': not a regular file", path);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
mbox_file_close (MboxFile *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self);
}

gboolean
mbox_file_read (MboxFile *self, guint64 offset, guint8 *data, gsize length,
                gsize *out_length, GError **error)
{
  gsize done = 0;
  while (done < length)
    {
      ssize_t got = pread (self->fd, data + done, length - done, (off_t) (offset + done));
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return fail (error, "read", self->path);
      if (got == 0)
        break;
      done += (gsize) got;
    }
  *out_length = done;
  return TRUE;
}

gboolean
mbox_file_write (MboxFile *self, guint64 offset, const guint8 *data, gsize length,
                 GError **error)
{
  while (length > 0)
    {
      ssize_t put = pwrite (self->fd, data, length, (off_t) offset);
      if (put < 0 && errno == EINTR)
        continue;
      if (put <= 0)
        {
          errno = put == 0 ? ENOSPC : errno == EFBIG ? EDQUOT : errno;
          return fail (error, "write to", self->path);
        }
      data += put;
      length -= (gsize) put;
      offset += (guint64) put;
    }
  return TRUE;
}

gboolean
mbox_file_tail_hash (MboxFile *self, guint64 size, guint64 *out_hash, GError **error)
{
  guint8 tail[MBOX_HASHED_BYTES];
  gsize want = (gsize) MIN (size, sizeof tail), got = 0;
  if (!mbox_file_read (self, size - want, tail, want, &got, error))
    return FALSE;
  MboxHash hash;
  mbox_hash_init (&hash);
  mbox_hash_feed (&hash, tail, got);
  *out_hash = mbox_hash_value (&hash);
  return TRUE;
}

gboolean
mbox_file_position (MboxFile *self, MboxPosition *out, GError **error)
{
  struct stat status;
  if (fstat (self->fd, &status) != 0)
    return fail (error, "stat", self->path);
  MboxPosition position = { .device = (guint64) status.st_dev,
                            .inode = (guint64) status.st_ino,
                            .size = (guint64) status.st_size,
                            .mtime_ns = (gint64) status.st_mtim.tv_sec * 1000000000
                                        + status.st_mtim.tv_nsec };
  if (!mbox_file_tail_hash (self, position.size, &position.tail_hash, error))
    return FALSE;
  *out = position;
  return TRUE;
}

gboolean
mbox_file_is_at (const MboxFile *self, const MboxPosition *position)
{
  struct stat status;
  return fstat (self->fd, &status) == 0 && (guint64) status.st_size == position->size
         && (gint64) status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec
                == position->mtime_ns;
}

gboolean
mbox_file_truncate (MboxFile *self, guint64 size, GError **error)
{
  while (ftruncate (self->fd, (off_t) size) != 0)
    if (errno != EINTR)
      return fail (error, "truncate", self->path);
  return TRUE;
}

gboolean
mbox_file_sync (MboxFile *self, GError **error)
{
  return fdatasync (self->fd) == 0 || fail (error, "sync", self->path);
}

gboolean
mbox_file_is_current (const MboxFile *self)
{
  struct stat here, there;
  return fstat (self->fd, &here) == 0 && stat (self->path, &there) == 0
         && here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

gboolean
mbox_position_is_quiet (const MboxPosition *position, gint64 now_us)
{
  return now_us - position->mtime_ns / 1000 >= MBOX_QUIET_US;
}

gboolean
mbox_sync_directory (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return fail (error, "open directory", directory);
  int result = fsync (fd);
  int saved = errno;
  close (fd);
  errno = saved;
  /* some filesystems refuse to sync a directory */
  if (result != 0 && errno != EINVAL && errno != EROFS)
    return fail (error, "sync directory", directory);
  return TRUE;
}
