/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes bodies with bounded memory: span by span, converted to the line ends that the
 * store has, counting both sizes that go into the name. Session's thread.
 */
#include "write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "names.h"
#include "stored-lines.h"

/* One body on its way to disk. */
typedef struct
{
  MaildirSession *session;
  MaildirFolder *folder;
  HaulItem *item;
  int fd;
  gboolean to_crlf; /* lone LF becomes CRLF */
  gboolean to_lf;   /* CRLF becomes LF */
  MaildirStoredLines stored_lines;
  HaulLineState crlf_lines;
  HaulLineState counting;
  guint64 stored;
  guint64 wire;
  gboolean date_moved; /* the file system does not hold the date */
} MaildirWrite;

static gboolean
put (MaildirWrite *self, const guint8 *data, gsize length, GError **error)
{
  self->stored += length;
  self->wire += haul_lines_crlf_size (&self->counting, data, length);
  if (maildir_write_all (self->fd, data, length))
    return TRUE;
  return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER,
                               "write a message of folder '%s'", self->folder->directory);
}

static gboolean
put_span (MaildirWrite *self, HaulBytes span, GError **error)
{
  guint8 *buffer = self->session->buffer; /* MAILDIR_SMALL_BYTES > 2 × MAILDIR_IO_BYTES */
  gboolean plain = self->to_lf ? !self->stored_lines.held
                                     && !memchr (span.data, '\r', span.length)
                               : !self->to_crlf;

  if (plain)
    {
      if (span.length > 0)
        self->stored_lines.after_cr = FALSE;
      return put (self, span.data, span.length, error);
    }
  for (gsize at = 0; at < span.length; at += MAILDIR_IO_BYTES)
    {
      gsize part = MIN (span.length - at, MAILDIR_IO_BYTES);
      gsize made = self->to_lf ? maildir_stored_lines (&self->stored_lines,
                                                       span.data + at, part, buffer)
                               : haul_lines_to_crlf (&self->crlf_lines, span.data + at,
                                                     part, buffer);

      if (!put (self, buffer, made, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
put_body (MaildirWrite *self, GError **error)
{
  guint8 last = 0;
  gsize rest = 0;

  for (;;)
    {
      HaulBytes span = HAUL_NO_BYTES;

      if (!maildir_session_go_on (self->session, error))
        return FALSE;
      switch (haul_item_read (self->item, TRUE, &span, error))
        {
        case HAUL_READ_DATA:
          if (!put_span (self, span, error))
            return FALSE;
          break;
        case HAUL_READ_PENDING:
          break;
        case HAUL_READ_FAILED:
          return FALSE;
        case HAUL_READ_END:
          rest = maildir_stored_lines_finish (&self->stored_lines, &last);
          return rest == 0 || put (self, &last, rest, error);
        }
    }
}

/* Date, owner and, with durability "each", the way to disk. 0 or errno. */
static int
finish_file (MaildirWrite *self)
{
  gint64 date = 0;

  if (haul_item_date (self->item, &date, NULL))
    {
      struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = date } };
      struct stat status;

      /* A date that the file system cannot hold is no reason to lose the message. */
      if (futimens (self->fd, times) != 0 && errno == EIO)
        return errno;
      /* One with few bits for it keeps another without a word. */
      self->date_moved = fstat (self->fd, &status) != 0 || status.st_mtim.tv_sec != date;
    }
  if (self->session->adopt
      && fchown (self->fd, self->session->owner, self->session->group) != 0)
    return errno;
  if (self->session->settings->durability == MAILDIR_DURABILITY_EACH
      && fsync (self->fd) != 0)
    return errno;
  return 0;
}

/* Creates the file, in place of one that an earlier attempt left. */
static int
create_file (const MaildirFolder *folder, const char *name)
{
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  int fd = openat (folder->tmp_fd, name, flags, folder->mode);

  if (fd < 0 && errno == EEXIST && unlinkat (folder->tmp_fd, name, 0) == 0)
    fd = openat (folder->tmp_fd, name, flags, folder->mode);
  return fd;
}

/* Fills the open file; closes it unless all is well and @keep_open. */
static gboolean
fill_file (MaildirWrite *self, gboolean keep_open, GError **error)
{
  gboolean done = put_body (self, error);
  int failure = done ? finish_file (self) : 0;

  if ((!done || failure || !keep_open) && close (self->fd) != 0 && done && failure == 0)
    failure = errno; /* where a quota of NFS shows */
  if (!done)
    return FALSE;
  return failure == 0
         || haul_error_set_errno (error, failure, HAUL_SCOPE_FOLDER,
                                  "finish a message of folder '%s'",
                                  self->folder->directory);
}

gboolean
maildir_write_message (MaildirSession *session, MaildirFolder *folder, HaulItem *item,
                       gboolean keep_open, MaildirPending *out_pending, GError **error)
{
  gboolean any = haul_item_lines (item) == HAUL_LINES_ANY;
  MaildirWrite write = {
    .session = session,
    .folder = folder,
    .item = item,
    .to_crlf = session->settings->crlf && any,
    .to_lf = !session->settings->crlf,
  };
  MaildirPending pending = { .item = item, .fd = -1 };
  char name[MAILDIR_NAME_ROOM];

  memcpy (pending.id, haul_item_delivery_id (item), sizeof pending.id);
  maildir_name_tmp (pending.id, session->owner_tag, name);
  write.fd = create_file (folder, name);
  if (write.fd < 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER,
                                 "create a message in folder '%s'", folder->directory);
  if (!fill_file (&write, keep_open, error))
    {
      unlinkat (folder->tmp_fd, name, 0);
      return FALSE;
    }
  pending.fd = keep_open ? write.fd : -1;
  pending.stored = write.stored;
  pending.wire = write.wire;
  pending.date_moved = write.date_moved;
  *out_pending = pending;
  return TRUE;
}
