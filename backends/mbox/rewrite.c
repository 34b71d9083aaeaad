/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rewriting an mbox. Which edits are to be made is decided in update.c and recover.c. On
 * the session's thread.
 */
#include "rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mailhaul/error.h>

/* Copy: a rewrite under way. */
typedef struct
{
  MboxFile *from;
  MboxFile to;
  guint8 *buffer;
  GCancellable *cancellable;
  guint64 written;
} Copy;

static char *
temporary_path (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  return g_strdup_printf ("%s/.%s.mailhaul-tmp", directory, name);
}

void
mbox_rewrite_clean (const char *path)
{
  g_autofree char *temporary = temporary_path (path);
  unlink (temporary);
}

/* @length bytes at @offset, or all that are left. */
static gboolean
copy_range (Copy *self, guint64 offset, guint64 length, GError **error)
{
  while (length > 0)
    {
      gsize size = (gsize) MIN (length, (guint64) MBOX_BUFFER_BYTES), got = 0;
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error)
          || !mbox_file_read (self->from, offset, self->buffer, size, &got, error)
          || !mbox_file_write (&self->to, self->written, self->buffer, got, error))
        return FALSE;
      if (got == 0)
        return haul_error_set (error, HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER,
                               "rewrite '%s': it became shorter meanwhile",
                               self->from->path);
      self->written += got;
      offset += got;
      length -= got;
    }
  return TRUE;
}

static gboolean
copy_all (Copy *self, const GArray *edits, guint64 size, GError **error)
{
  guint64 at = 0;
  for (guint i = 0; i < edits->len; i++)
    {
      const MboxEdit *edit = &g_array_index (edits, MboxEdit, i);
      gsize length = 0;
      const guint8 *bytes = edit->bytes ? g_bytes_get_data (edit->bytes, &length) : NULL;
      g_assert (edit->offset >= at && edit->offset + edit->length <= size);
      if (!copy_range (self, at, edit->offset - at, error)
          || !mbox_file_write (&self->to, self->written, bytes, length, error))
        return FALSE;
      self->written += length;
      at = edit->offset + edit->length;
    }
  return copy_range (self, at, size - at, error);
}

static gboolean
finish_copy (Copy *self, const struct stat *status, GError **error)
{
  const char *path = self->from->path;
  /* another owner than the old one is no reason to fail: the mode keeps it private */
  (void) !fchown (self->to.fd, status->st_uid, status->st_gid);
  if (fchmod (self->to.fd, status->st_mode & 07777) != 0 || fsync (self->to.fd) != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "write '%s'",
                                 self->to.path);
  if (rename (self->to.path, path) != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "replace '%s'", path);
  return mbox_sync_directory (path, error);
}

gboolean
mbox_rewrite (MboxFile *file, const GArray *edits, guint8 *buffer,
              GCancellable *cancellable, GError **error)
{
  struct stat status;
  if (fstat (file->fd, &status) != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "stat '%s'",
                                 file->path);
  g_autofree char *temporary = temporary_path (file->path);
  unlink (temporary);
  Copy copy = { .from = file, .buffer = buffer, .cancellable = cancellable };
  copy.to.path = temporary;
  copy.to.fd = open (temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (copy.to.fd < 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "create '%s'",
                                 temporary);
  gboolean done = copy_all (&copy, edits, (guint64) status.st_size, error)
                  && finish_copy (&copy, &status, error);
  if (!done)
    unlink (temporary);
  close (copy.to.fd);
  return done;
}
