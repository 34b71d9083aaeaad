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

/* Before the process id, in the name of a lock that is being made. */
#define DRAFT_PREFIX "mailhaul.lock."

static const char lock_mark[] = "mailhaul";

/* Writes the lock's content to @draft; 0 or errno. It says whose the lock is, so that our
 * own debris can be told. */
static int
write_draft (MaildirSession *self, int at, const char *draft)
{
  g_autofree char *text = g_strdup_printf ("%s %d %s\n", lock_mark, (int) getpid (),
                                           self->host);
  int fd = -1;
  int failure = 0;

  /* Never write into the file of another session: it may be the lock by now. */
  unlinkat (at, draft, 0);
  fd = openat (at, draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return errno;
  if (!maildir_write_all (fd, text, strlen (text)))
    failure = errno;
  close (fd);
  return failure;
}

/* 0 or errno. The lock appears with its content or not at all: a lock file that a kill
 * left empty would hold everybody up until it is stale. */
static int
try_lock (MaildirSession *self, int at, const char *name)
{
  g_autofree char *draft = g_strdup_printf (DRAFT_PREFIX "%d", (int) getpid ());
  int failure = write_draft (self, at, draft);

  if (failure == 0 && linkat (at, draft, at, name, 0) != 0)
    failure = errno;
  if (failure == EPERM || failure == ENOTSUP) /* a file system without links */
    failure = maildir_move (at, draft, at, name);
  unlinkat (at, draft, 0);
  return failure;
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
  gint64 deadline = g_get_monotonic_time () + self->lock_wait_us;

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

/* Removes the draft of a dead process. */
static gboolean
clean_draft (const struct dirent *entry, gpointer user_data, GError **error)
{
  const int *at = user_data;
  guint64 pid = 0;

  if (g_str_has_prefix (entry->d_name, DRAFT_PREFIX)
      && g_ascii_string_to_unsigned (entry->d_name + strlen (DRAFT_PREFIX), 10, 1,
                                     G_MAXINT32, &pid, NULL)
      && kill ((pid_t) pid, 0) != 0 && errno == ESRCH)
    unlinkat (*at, entry->d_name, 0);
  return TRUE;
}

void
maildir_dotlock_clean (MaildirSession *self, int at, const char *name)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  if (maildir_read_file (at, name, &text, &length, NULL) && text
      && is_orphan (self, text))
    unlinkat (at, name, 0);
  maildir_each_entry (at, name, clean_draft, &at, NULL);
}
