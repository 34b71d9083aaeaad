/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into the program (LD_PRELOAD): before each call that has an effect outside of
 * it (file, name, socket) one byte is taken from the pipe MAILHAUL_STEP_FD, which says
 * what shall happen: '.' go on, 'k' die before, 'a' die after, 'h' half of it and die,
 * 'e' the disk is full. At the pipe's end all go on. MAILHAUL_STEP_KINDS: which calls
 * count ("w" file, "y" sync, "n" name, "s" socket; unset: all). Built for 64-bit offsets,
 * so that pwrite() is what the program calls. Any thread.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* The C library's own function of that name. */
#define REAL(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

static void
die (void)
{
  kill (getpid (), SIGKILL);
  for (;;)
    pause ();
}

/* What the pipe says about a call of this @kind. */
static char
step (char kind)
{
  const char *text = getenv ("MAILHAUL_STEP_FD");
  const char *kinds = getenv ("MAILHAUL_STEP_KINDS");
  int fd = -1, before = errno;
  char order = '.';
  if (text == NULL || sscanf (text, "%d", &fd) != 1
      || (kinds != NULL && strchr (kinds, kind) == NULL) || read (fd, &order, 1) != 1)
    order = '.';
  errno = before;
  if (order == 'k')
    die ();
  return order;
}

/* 'w' or 's'; 0: neither a file nor a socket. */
static char
kind_of (int fd)
{
  struct stat info;
  int before = errno;
  char kind = 0;
  if (fstat (fd, &info) == 0)
    kind = S_ISREG (info.st_mode) ? 'w' : S_ISSOCK (info.st_mode) ? 's' : 0;
  errno = before;
  return kind;
}

/* An order for a transfer at @fd. */
static char
transfer (int fd)
{
  char kind = kind_of (fd);
  char order = kind != 0 ? step (kind) : '.';
  return order == 'e' && kind == 's' ? '.' : order;
}

/* The call, as the order says; @some does half of it. */
#define OBEY(order, some, whole)                                                         \
  do                                                                                     \
    {                                                                                    \
      if ((order) == 'e')                                                                \
        {                                                                                \
          errno = ENOSPC;                                                                \
          return -1;                                                                     \
        }                                                                                \
      if ((order) == 'h')                                                                \
        {                                                                                \
          (void) !(some);                                                                \
          die ();                                                                        \
        }                                                                                \
      __typeof__ (whole) result = (whole);                                               \
      if ((order) == 'a')                                                                \
        die ();                                                                          \
      return result;                                                                     \
    }                                                                                    \
  while (0)

ssize_t
write (int fd, const void *data, size_t length)
{
  char order = transfer (fd);
  OBEY (order, REAL (write) (fd, data, length / 2), REAL (write) (fd, data, length));
}

ssize_t
pwrite (int fd, const void *data, size_t length, off_t at)
{
  char order = transfer (fd);
  OBEY (order, REAL (pwrite) (fd, data, length / 2, at),
        REAL (pwrite) (fd, data, length, at));
}

ssize_t
writev (int fd, const struct iovec *parts, int count)
{
  char order = transfer (fd);
  OBEY (order, REAL (writev) (fd, parts, (count + 1) / 2),
        REAL (writev) (fd, parts, count));
}

ssize_t
send (int fd, const void *data, size_t length, int flags)
{
  char order = transfer (fd);
  OBEY (order, REAL (send) (fd, data, length / 2, flags),
        REAL (send) (fd, data, length, flags));
}

ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  char order = transfer (fd);
  OBEY (order, (ssize_t) 0, REAL (sendmsg) (fd, message, flags));
}

int
fsync (int fd)
{
  char order = step ('y');
  OBEY (order, 0, REAL (fsync) (fd));
}

int
fdatasync (int fd)
{
  char order = step ('y');
  OBEY (order, 0, REAL (fdatasync) (fd));
}

int
ftruncate (int fd, off_t length)
{
  char order = step ('w');
  OBEY (order, 0, REAL (ftruncate) (fd, length));
}

int
rename (const char *from, const char *to)
{
  char order = step ('n');
  OBEY (order, 0, REAL (rename) (from, to));
}

int
renameat (int from_fd, const char *from, int to_fd, const char *to)
{
  char order = step ('n');
  OBEY (order, 0, REAL (renameat) (from_fd, from, to_fd, to));
}

int
renameat2 (int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
  char order = step ('n');
  OBEY (order, 0, REAL (renameat2) (from_fd, from, to_fd, to, flags));
}

int
link (const char *from, const char *to)
{
  char order = step ('n');
  OBEY (order, 0, REAL (link) (from, to));
}

int
linkat (int from_fd, const char *from, int to_fd, const char *to, int flags)
{
  char order = step ('n');
  OBEY (order, 0, REAL (linkat) (from_fd, from, to_fd, to, flags));
}

int
unlink (const char *path)
{
  char order = step ('n');
  OBEY (order, 0, REAL (unlink) (path));
}

int
unlinkat (int fd, const char *path, int flags)
{
  char order = step ('n');
  OBEY (order, 0, REAL (unlinkat) (fd, path, flags));
}

int
mkdir (const char *path, mode_t mode)
{
  char order = step ('n');
  OBEY (order, 0, REAL (mkdir) (path, mode));
}
