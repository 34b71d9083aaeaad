/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks on one mbox. Waiting is poll(2) on the cancellable alone; whoever has to wait
 * lets go of everything first. On the session's thread.
 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mailhaul/error.h>

/* RETRY_MS: between two tries; others hold a lock for some milliseconds. */
#define RETRY_MS 50

/* REFRESH_US: how often a dotlock that is held is touched. */
#define REFRESH_US (30 * G_USEC_PER_SEC)

/* REOPEN_LIMIT: how often a file may be replaced under us before we give up. */
#define REOPEN_LIMIT 16

/* Try: the outcome of one try. */
typedef enum
{
  TRY_GOT = 0,
  TRY_BUSY = 1,
  TRY_CANNOT = 2, /* errno says why */
} Try;

static Try
try_fcntl (MboxFile *file, gboolean write)
{
  struct flock lock = { .l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };
  if (fcntl (file->fd, F_OFD_SETLK, &lock) == 0)
    return TRY_GOT;
  return errno == EAGAIN || errno == EACCES || errno == EINTR ? TRY_BUSY : TRY_CANNOT;
}

static void
drop_fcntl (MboxFile *file)
{
  struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };
  fcntl (file->fd, F_OFD_SETLK, &lock);
}

/* A dotlock of our own kind whose process is gone from this very host. */
static gboolean
owner_is_dead (const char *dotlock)
{
  char text[320];
  int fd = open (dotlock, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0)
    return FALSE;
  ssize_t length = read (fd, text, sizeof text - 1);
  close (fd);
  if (length <= 0)
    return FALSE;
  text[length] = '\0';
  g_auto (GStrv) words = g_strsplit (g_strchomp (text), " ", 3);
  guint64 pid = 0;
  return g_strv_length (words) == 3 && strcmp (words[1], "mailhaul") == 0
         && strcmp (words[2], g_get_host_name ()) == 0
         && g_ascii_string_to_unsigned (words[0], 10, 2, G_MAXINT32, &pid, NULL)
         && kill ((pid_t) pid, 0) != 0 && errno == ESRCH;
}

/* TRUE: it was stale and is gone. */
static gboolean
remove_if_stale (const char *dotlock)
{
  struct stat before, now;
  if (lstat (dotlock, &before) != 0)
    return errno == ENOENT;
  gint64 age = g_get_real_time () / G_USEC_PER_SEC - (gint64) before.st_mtim.tv_sec;
  if (age < MBOX_DOTLOCK_STALE_S && !owner_is_dead (dotlock))
    return FALSE;
  /* only the very file that was judged */
  return lstat (dotlock, &now) == 0 && now.st_ino == before.st_ino
         && now.st_mtim.tv_sec == before.st_mtim.tv_sec && unlink (dotlock) == 0;
}

/* Says whose it is. */
static gboolean
sign (int fd)
{
  g_autofree char *text = g_strdup_printf ("%d mailhaul %s\n", (int) getpid (),
                                           g_get_host_name ());
  return write (fd, text, strlen (text)) == (ssize_t) strlen (text);
}

/* Made under its name, where nothing better can be: a process that dies right here leaves
 * a lock that nobody knows to be stale. */
static Try
make_named (const char *dotlock)
{
  int fd = open (dotlock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0)
    return errno == EEXIST || errno == EINTR ? TRY_BUSY : TRY_CANNOT;
  gboolean done = sign (fd);
  close (fd);
  if (done)
    return TRY_GOT;
  unlink (dotlock);
  errno = ENOSPC;
  return TRY_CANNOT;
}

/* Signed first, then named: whoever is killed leaves none, or one that says who held it.
 */
static Try
make_dotlock (const char *dotlock)
{
  g_autofree char *folder = g_path_get_dirname (dotlock);
  int fd = open (folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
  if (fd < 0)
    return make_named (dotlock);
  g_autofree char *self = g_strdup_printf ("/proc/self/fd/%d", fd);
  if (!sign (fd))
    {
      close (fd);
      errno = ENOSPC;
      return TRY_CANNOT;
    }
  gboolean done = linkat (AT_FDCWD, self, AT_FDCWD, dotlock, AT_SYMLINK_FOLLOW) == 0;
  int number = errno;
  close (fd);
  if (done)
    return TRY_GOT;
  errno = number;
  return number == EEXIST ? TRY_BUSY : make_named (dotlock);
}

static Try
try_dotlock (const char *dotlock)
{
  Try result = make_dotlock (dotlock);
  if (result == TRY_BUSY && remove_if_stale (dotlock))
    result = make_dotlock (dotlock);
  return result;
}

/* Tries both; holds all or nothing unless it fails for good. *@out_what: for messages. */
static Try
try_all (MboxLock *self, MboxFile *file, const MboxLockRequest *request,
         const char **out_what)
{
  MboxLockMode mode = request->mode;
  gboolean wants_fcntl = mode == MBOX_LOCK_AUTO || mode == MBOX_LOCK_FCNTL
                         || mode == MBOX_LOCK_BOTH;
  gboolean wants_dotlock = mode == MBOX_LOCK_DOTLOCK || mode == MBOX_LOCK_BOTH
                           || (mode == MBOX_LOCK_AUTO && request->write);
  *out_what = "fcntl lock";
  if (wants_fcntl)
    {
      Try result = try_fcntl (file, request->write);
      if (result == TRY_BUSY || (result == TRY_CANNOT && mode != MBOX_LOCK_AUTO))
        return result;
      self->fcntl = result == TRY_GOT;
    }
  if (!wants_dotlock)
    return TRY_GOT;
  *out_what = "dotlock";
  g_autofree char *dotlock = g_strconcat (file->path, ".lock", NULL);
  Try result = try_dotlock (dotlock);
  gboolean refused = errno == EACCES || errno == EPERM || errno == EROFS;
  if (result == TRY_GOT)
    {
      self->dotlock = g_steal_pointer (&dotlock);
      self->touched_us = g_get_monotonic_time ();
      return TRY_GOT;
    }
  if (result == TRY_CANNOT && refused && (mode == MBOX_LOCK_AUTO || !request->write))
    return TRY_GOT;
  int saved = errno;
  mbox_lock_release (self, file);
  errno = saved;
  return result;
}

/* Waits a little, or less when cancelled. */
static void
wait_a_little (GCancellable *cancellable)
{
  GPollFD poll_fd;
  if (cancellable != NULL && g_cancellable_make_pollfd (cancellable, &poll_fd))
    {
      g_poll (&poll_fd, 1, RETRY_MS);
      g_cancellable_release_fd (cancellable);
    }
  else
    g_poll (NULL, 0, RETRY_MS);
}

gboolean
mbox_lock_take (MboxLock *self, MboxFile *file, const MboxLockRequest *request,
                GError **error)
{
  *self = (MboxLock){ 0 };
  if (request->mode == MBOX_LOCK_NONE)
    return TRUE;
  gint64 deadline = g_get_monotonic_time () + request->wait_us;
  for (;;)
    {
      const char *what;
      Try result = try_all (self, file, request, &what);
      if (result == TRY_GOT)
        return TRUE;
      if (result == TRY_CANNOT)
        return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "take %s on '%s'",
                                     what, file->path);
      if (g_get_monotonic_time () >= deadline)
        return haul_error_set (error, HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER,
                               "take %s on '%s': held by another program", what,
                               file->path);
      wait_a_little (request->cancellable);
      if (g_cancellable_set_error_if_cancelled (request->cancellable, error))
        return FALSE;
    }
}

void
mbox_lock_touch (MboxLock *self)
{
  gint64 now = g_get_monotonic_time ();
  if (self->dotlock == NULL || now - self->touched_us < REFRESH_US)
    return;
  self->touched_us = now;
  /* a failure only means that others may think it stale */
  (void) !utimensat (AT_FDCWD, self->dotlock, NULL, AT_SYMLINK_NOFOLLOW);
}

void
mbox_lock_release (MboxLock *self, MboxFile *file)
{
  if (self->dotlock != NULL)
    unlink (self->dotlock);
  g_clear_pointer (&self->dotlock, g_free);
  if (self->fcntl && file != NULL)
    drop_fcntl (file);
  self->fcntl = FALSE;
}

MboxFile *
mbox_lock_open (MboxLock *self, const char *path, MboxFileMode mode,
                const MboxLockRequest *request, GError **error)
{
  for (guint i = 0; i < REOPEN_LIMIT; i++)
    {
      g_autoptr (MboxFile) file = mbox_file_open (path, mode, error);
      if (file == NULL || !mbox_lock_take (self, file, request, error))
        return NULL;
      if (mbox_file_is_current (file))
        return g_steal_pointer (&file);
      mbox_lock_release (self, file);
    }
  haul_error_set (error, HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER,
                  "lock '%s': it is being replaced all the time", path);
  return NULL;
}
