/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dotlocks as Dovecot takes them: whoever creates the file holds the lock. Waiting is
 * bounded and ends when the run is stopped. Session's thread.
 */
#include "dotlock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "bounds.h"

/* Between two looks: short beside the wait, long beside a look. */
#define LOOK_INTERVAL_MS 20

static const char lock_mark[] = "mailhaul";

/* 0 or errno. The content says whose it is, so that our own debris can be told. */
static int
try_lock (MaildirSession *self, int at, const char *name)
{
  g_autofree char *text = NULL;
  int fd = openat (at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return errno;
  text = g_strdup_printf ("%s %d %s\n", lock_mark, (int) getpid (), self->host);
  maildir_write_all (fd, text, strlen (text));
  close (fd);
  return 0;
}

/* A mailhaul of this machine wrote the lock and is no more. */
static gboolean
is_orphan (MaildirSession *self, const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \n", 4);
  guint64 pid = 0;

  if (g_strv_length (words) < 3 || strcmp (words[0], lock_mark) != 0
      || strcmp (words[2], self->host) != 0
      || !g_ascii_string_to_unsigned (words[1], 10, 1, G_MAXINT32, &pid, NULL))
    return FALSE;
  return kill ((pid_t) pid, 0) != 0 && errno == ESRCH;
}

static gboolean
is_stale (MaildirSession *self, int at, const char *name)
{
  g_autofree char *text = NULL;
  gsize length = 0;
  MaildirStamp stamp;

  if (!maildir_stamp_at (at, name, &stamp) || stamp.inode == 0)
    return FALSE;
  if (!maildir_stamp_is_recent (&stamp, maildir_now_ns (),
                                MAILDIR_LOCK_STALE_SECONDS
                                    * G_GINT64_CONSTANT (1000000000)))
    return TRUE;
  return maildir_read_file (at, name, &text, &length, NULL) && text
         && is_orphan (self, text);
}

/* Waits a little, less when the run is stopped. */
static void
wait_a_little (MaildirSession *self)
{
  GPollFD cancel = { .fd = -1 };
  struct pollfd wait = { .fd = -1, .events = POLLIN };
  gboolean watched = self->cancellable
                     && g_cancellable_make_pollfd (self->cancellable, &cancel);

  wait.fd = watched ? cancel.fd : -1;
  poll (&wait, 1, LOOK_INTERVAL_MS);
  if (watched)
    g_cancellable_release_fd (self->cancellable);
}

gboolean
maildir_dotlock_take (MaildirSession *self, int at, const char *name, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + MAILDIR_LOCK_WAIT_US;

  for (;;)
    {
      int failure = try_lock (self, at, name);

      if (failure == 0)
        return TRUE;
      if (failure != EEXIST)
        return haul_error_set_errno (error, failure, HAUL_SCOPE_FOLDER,
                                     "create lock file '%s'", name);
      if (!maildir_session_go_on (self, error))
        return FALSE;
      if (is_stale (self, at, name))
        {
          unlinkat (at, name, 0);
          continue;
        }
      if (g_get_monotonic_time () >= deadline)
        return haul_error_set (error, HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER,
                               "lock file '%s' is held by another program", name);
      wait_a_little (self);
    }
}

void
maildir_dotlock_drop (int at, const char *name)
{
  unlinkat (at, name, 0);
}

void
maildir_dotlock_clean (MaildirSession *self, int at, const char *name)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  if (maildir_read_file (at, name, &text, &length, NULL) && text
      && is_orphan (self, text))
    unlinkat (at, name, 0);
}
