/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock of an account: an open-file-description lock (it ends with its holder, and
 * threads and forks cannot lose it by closing another descriptor), and in the same file
 * who holds it, or what the state file looked like when it was last closed. Any thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/internal.h"

/* NAME_LIMIT_BYTES: leaves room below the 255 of file systems for our suffixes. */
#define NAME_LIMIT_BYTES 180

/* The bytes of the file that are locked: one by the writer, one by all readers. */
#define WRITER_BYTE 0
#define READER_BYTE 1

/* NOTE_LIMIT_BYTES: of the text in the file; a host name has at most 255. */
#define NOTE_LIMIT_BYTES 512

/* BACKDATE_S: the closed file is dated back, so that whatever writes to it after has
 * another time even within the clock's tick. */
#define BACKDATE_S 2

struct _StateLock
{
  int fd; /* -1: there is no file (readers only) */
};

char *
state_file_name (const char *account)
{
  GString *name = g_string_new (NULL);
  for (const char *at = account; *at != '\0'; at++)
    {
      gboolean plain = g_ascii_isalnum (*at) || strchr ("_-+=,@", *at) != NULL
                       || (*at == '.' && at != account);
      if (plain)
        g_string_append_c (name, *at);
      else
        g_string_append_printf (name, "%%%02X", (guint8) *at);
    }
  if (name->len == 0)
    g_string_append_c (name, '%');
  if (name->len > NAME_LIMIT_BYTES)
    {
      g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, account,
                                                               -1);
      g_string_truncate (name, NAME_LIMIT_BYTES - strlen (digest));
      g_string_append_printf (name, "%%-%s", digest); /* no byte is written as %- */
    }
  return g_string_free (name, FALSE);
}

static struct flock
lock_of (short type, off_t byte)
{
  return (
      struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
}

static gboolean
somebody_holds (int fd, off_t byte)
{
  struct flock probe = lock_of (F_WRLCK, byte);
  return fd >= 0 && fcntl (fd, F_OFD_GETLK, &probe) == 0 && probe.l_type != F_UNLCK;
}

/* The text in the file without its line end; (transfer full), never NULL. */
static char *
read_note (int fd)
{
  char *text = g_malloc0 (NOTE_LIMIT_BYTES + 1);
  gssize count = pread (fd, text, NOTE_LIMIT_BYTES, 0);
  if (count <= 0)
    text[0] = '\0';
  return g_strchomp (text);
}

static void
write_note (int fd, const char *text)
{
  g_autofree char *line = g_strdup_printf ("%s\n", text);
  /* what stands there is only told to people or compared: a failure changes nothing but
   * that the next run examines the file */
  if (ftruncate (fd, 0) != 0 || pwrite (fd, line, strlen (line), 0) < 0)
    errno = 0;
}

static gboolean
refuse_busy (const char *path, int fd, GError **error)
{
  g_autofree char *note = read_note (fd);
  const char *who = g_str_has_prefix (note, "process ") ? note : "another process";
  return haul_error_set (error, HAUL_ERROR_BUSY, HAUL_SCOPE_ACCOUNT,
                         "lock '%s': %s works on this account", path, who);
}

static gboolean
refuse_errno (const char *path, int number, GError **error)
{
  HaulErrorCode code = number == EACCES || number == EPERM || number == EROFS
                           ? HAUL_ERROR_PERMISSION
                           : HAUL_ERROR_IO;
  return haul_error_set (error, code, HAUL_SCOPE_ACCOUNT, "lock '%s': %s", path,
                         g_strerror (number));
}

StateLock *
state_lock_take (const char *path, GError **error)
{
  g_autoptr (StateLock) self = g_new0 (StateLock, 1);
  self->fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->fd < 0)
    {
      refuse_errno (path, errno, error);
      return NULL;
    }
  struct flock lock = lock_of (F_WRLCK, WRITER_BYTE);
  if (fcntl (self->fd, F_OFD_SETLK, &lock) != 0)
    {
      int number = errno;
      if (number == EAGAIN || number == EACCES)
        refuse_busy (path, self->fd, error);
      else
        refuse_errno (path, number, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
state_lock_sign (StateLock *self)
{
  g_autofree char *text = g_strdup_printf ("process %d on host %s", (int) getpid (),
                                           g_get_host_name ());
  write_note (self->fd, text);
}

StateLock *
state_lock_watch (const char *path)
{
  StateLock *self = g_new0 (StateLock, 1);
  self->fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct flock lock = lock_of (F_RDLCK, READER_BYTE);
  if (self->fd >= 0)
    fcntl (self->fd, F_OFD_SETLK, &lock);
  return self;
}

gboolean
state_lock_is_taken (const StateLock *self)
{
  return somebody_holds (self->fd, WRITER_BYTE);
}

gboolean
state_lock_has_readers (const StateLock *self)
{
  return somebody_holds (self->fd, READER_BYTE);
}

/* What tells one version of the file from another; (transfer full), NULL: no file. */
static char *
stamp_of (const char *path)
{
  struct stat status;
  if (stat (path, &status) != 0)
    return NULL;
  return g_strdup_printf ("closed %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                          " %" G_GINT64_FORMAT ".%09ld",
                          (guint64) status.st_ino, (guint64) status.st_size,
                          (gint64) status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

gboolean
state_lock_is_stamped (const StateLock *self, const char *path)
{
  if (self->fd < 0)
    return FALSE;
  g_autofree char *found = read_note (self->fd);
  g_autofree char *expected = stamp_of (path);
  return expected != NULL && g_str_equal (found, expected);
}

void
state_lock_stamp (StateLock *self, const char *path, gboolean suspect)
{
  struct stat status;
  if (!suspect && stat (path, &status) == 0)
    {
      struct timespec times[2] = { status.st_atim, status.st_mtim };
      times[1].tv_sec -= BACKDATE_S;
      utimensat (AT_FDCWD, path, times, 0);
    }
  g_autofree char *stamp = suspect ? g_strdup ("suspect") : stamp_of (path);
  write_note (self->fd, stamp != NULL ? stamp : "suspect");
}

void
state_lock_free (StateLock *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}
