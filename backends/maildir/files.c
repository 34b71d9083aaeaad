/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls with the care that they need: a directory that could not be read to its
 * end is an error, a control file has a limit and is replaced whole. Knows no mail.
 * Session's thread.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"

#define NANOSECONDS G_GINT64_CONSTANT (1000000000)

static void
close_directory (DIR *directory)
{
  if (directory)
    closedir (directory);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DIR, close_directory)

int
maildir_open_directory (int at, const char *name)
{
  return openat (at, *name ? name : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static gboolean
is_dots (const char *name)
{
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

gboolean
maildir_each_entry (int fd, const char *what, MaildirEntryFunc func, gpointer user_data,
                    GError **error)
{
  int own = maildir_open_directory (fd, "");
  g_autoptr (DIR) directory = own < 0 ? NULL : fdopendir (own);
  struct dirent *entry = NULL;

  if (!directory)
    {
      int failure = errno;

      if (own >= 0)
        close (own);
      return haul_error_set_errno (error, failure, HAUL_SCOPE_FOLDER,
                                   "open directory '%s'", what);
    }
  for (errno = 0; (entry = readdir (directory)) != NULL; errno = 0)
    if (!is_dots (entry->d_name) && !func (entry, user_data, error))
      return FALSE;
  if (errno != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "read directory '%s'",
                                 what);
  return TRUE;
}

gboolean
maildir_is_directory (int fd, const struct dirent *entry)
{
  struct stat info;

  if (entry->d_type == DT_DIR)
    return TRUE;
  if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
    return FALSE;
  return fstatat (fd, entry->d_name, &info, 0) == 0 && S_ISDIR (info.st_mode);
}

/* Reads all of @fd behind what @text holds; FALSE with errno. */
static gboolean
read_rest (int fd, GString *text)
{
  char block[4096];

  while (text->len < MAILDIR_MAX_CONTROL_FILE)
    {
      ssize_t got = read (fd, block, sizeof block);

      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        return got == 0;
      g_string_append_len (text, block, got);
    }
  errno = EFBIG;
  return FALSE;
}

gboolean
maildir_read_file (int at, const char *name, char **out_text, gsize *out_length,
                   GError **error)
{
  int fd = openat (at, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  g_autoptr (GString) text = NULL;
  int failure = 0;

  if (fd < 0 && errno == ENOENT)
    {
      *out_text = NULL;
      *out_length = 0;
      return TRUE;
    }
  if (fd < 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "open '%s'", name);
  text = g_string_new (NULL);
  failure = read_rest (fd, text) ? 0 : errno;
  close (fd);
  if (failure)
    return haul_error_set_errno (error, failure, HAUL_SCOPE_FOLDER, "read '%s'", name);
  *out_length = text->len;
  *out_text = g_string_free (g_steal_pointer (&text), FALSE);
  return TRUE;
}

gboolean
maildir_write_all (int fd, const void *data, gsize length)
{
  const guint8 *bytes = data;

  while (length > 0)
    {
      ssize_t written = write (fd, bytes, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return FALSE;
      bytes += written;
      length -= (gsize) written;
    }
  return TRUE;
}

int
maildir_move (int from_at, const char *from, int to_at, const char *to)
{
  struct stat info;

  if (renameat2 (from_at, from, to_at, to, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return errno;
  if (fstatat (to_at, to, &info, AT_SYMLINK_NOFOLLOW) == 0)
    return EEXIST;
  return renameat (from_at, from, to_at, to) == 0 ? 0 : errno;
}

/* Root's own file would be out of reach for the program whose store it is. */
static int
give_to_owner (int at, int fd)
{
  struct stat info;

  if (geteuid () != 0)
    return 0;
  if (fstat (at, &info) != 0
      || (info.st_uid != 0 && fchown (fd, info.st_uid, info.st_gid) != 0))
    return errno;
  return 0;
}

/* Writes and syncs a new file; 0 or errno. */
static int
write_new (int at, const char *name, const char *text, mode_t mode, gboolean sync)
{
  int failure = 0;
  int fd = -1;

  if (unlinkat (at, name, 0) != 0 && errno != ENOENT)
    return errno;
  fd = openat (at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return errno;
  failure = give_to_owner (at, fd);
  if (failure == 0
      && (!maildir_write_all (fd, text, strlen (text)) || fchmod (fd, mode) != 0
          || (sync && fsync (fd) != 0)))
    failure = errno;
  if (close (fd) != 0 && failure == 0)
    failure = errno;
  return failure;
}

gboolean
maildir_replace_file (int at, const char *temporary, const char *name, const char *text,
                      mode_t mode, gboolean sync, GError **error)
{
  int failure = write_new (at, temporary, text, mode, sync);

  if (failure == 0 && renameat (at, temporary, at, name) != 0)
    failure = errno;
  if (failure == 0)
    return TRUE;
  unlinkat (at, temporary, 0);
  return haul_error_set_errno (error, failure, HAUL_SCOPE_FOLDER, "replace '%s'", name);
}

MaildirStamp
maildir_stamp_of (const struct stat *info)
{
  return (MaildirStamp){
    .device = info->st_dev,
    .inode = info->st_ino,
    .mtime_ns = info->st_mtim.tv_sec * NANOSECONDS + info->st_mtim.tv_nsec,
    .ctime_ns = info->st_ctim.tv_sec * NANOSECONDS + info->st_ctim.tv_nsec,
    .size = (guint64) info->st_size,
  };
}

gboolean
maildir_stamp_fd (int fd, MaildirStamp *out_stamp)
{
  struct stat info;

  *out_stamp = (MaildirStamp){ 0 };
  if (fd < 0)
    return TRUE;
  if (fstat (fd, &info) != 0)
    return FALSE;
  *out_stamp = maildir_stamp_of (&info);
  return TRUE;
}

gboolean
maildir_stamp_at (int at, const char *name, MaildirStamp *out_stamp)
{
  struct stat info;

  *out_stamp = (MaildirStamp){ 0 };
  if (fstatat (at, name, &info, 0) != 0)
    return errno == ENOENT || errno == ENOTDIR;
  *out_stamp = maildir_stamp_of (&info);
  return TRUE;
}

gboolean
maildir_stamp_equal (const MaildirStamp *a, const MaildirStamp *b)
{
  return a->device == b->device && a->inode == b->inode && a->mtime_ns == b->mtime_ns
         && a->ctime_ns == b->ctime_ns && a->size == b->size;
}

gboolean
maildir_stamp_is_recent (const MaildirStamp *stamp, gint64 now_ns, gint64 window_ns)
{
  if (stamp->inode == 0)
    return FALSE;
  /* The change time cannot be set by hand: it is the one to trust. */
  return stamp->ctime_ns > now_ns - window_ns;
}

gint64
maildir_now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return now.tv_sec * NANOSECONDS + now.tv_nsec;
}
