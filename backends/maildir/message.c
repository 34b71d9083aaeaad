/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gets hold of a message that a mail client may rename at any moment, and reads from it
 * what a scan is asked for. Session's thread.
 */
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"

/* Without descriptors or memory, no other message would fare better. */
static HaulErrorScope
scope_of (int failure)
{
  return failure == EMFILE || failure == ENFILE || failure == ENOMEM ? HAUL_SCOPE_SESSION
                                                                     : HAUL_SCOPE_MESSAGE;
}

gboolean
maildir_message_grasp (MaildirSession *session, MaildirFolder *folder, HaulBytes key,
                       const char *what, MaildirGrasp grasp, gpointer user_data,
                       GError **error)
{
  gint64 deadline = 0;
  gboolean again = FALSE;

  for (;;)
    {
      MaildirFile file;
      int failure = 0;

      if (!maildir_folder_find (session, folder, key, again, &file, error))
        return FALSE;
      failure = grasp (folder, &file, user_data);
      if (failure == 0)
        return TRUE;
      if (failure != ENOENT && failure != ESTALE)
        return haul_error_set_errno (error, failure, scope_of (failure), "%s '%s'", what,
                                     file.name);
      if (deadline == 0)
        deadline = g_get_monotonic_time () + MAILDIR_CHASE_US;
      else if (g_get_monotonic_time () > deadline)
        return haul_error_set (error, HAUL_ERROR_BUSY, HAUL_SCOPE_MESSAGE,
                               "%s '%s': another program renames it all the time", what,
                               file.name);
      again = TRUE;
    }
}

/* The state of maildir_message_open(). */
typedef struct
{
  int fd;
  MaildirFile file;
  struct stat info;
} MaildirOpening;

/* Opens the target of a link if the link's owner owns it, too; else nobody could keep
 * another's files out of a copy that root makes. */
static int
open_link (int at, const char *name)
{
  struct stat link;
  struct stat target;
  int fd = -1;

  if (fstatat (at, name, &link, AT_SYMLINK_NOFOLLOW) != 0)
    return -1;
  fd = openat (at, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || (fstat (fd, &target) == 0 && target.st_uid == link.st_uid))
    return fd;
  close (fd);
  errno = EACCES;
  return -1;
}

static int
grasp_open (MaildirFolder *folder, const MaildirFile *file, gpointer user_data)
{
  MaildirOpening *opening = user_data;
  int at = maildir_folder_directory (folder, file);
  int fd = openat (at, file->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  int failure = 0;

  if (fd < 0 && errno == ELOOP)
    fd = open_link (at, file->name);
  if (fd < 0)
    return errno;
  if (fstat (fd, &opening->info) != 0)
    failure = errno;
  else if (!S_ISREG (opening->info.st_mode))
    failure = EINVAL;
  if (failure)
    {
      close (fd);
      return failure;
    }
  opening->fd = fd;
  opening->file = *file;
  return 0;
}

int
maildir_message_open (MaildirSession *session, MaildirFolder *folder, HaulBytes key,
                      MaildirFile *out_file, struct stat *out_info, GError **error)
{
  MaildirOpening opening = { .fd = -1 };

  if (!maildir_message_grasp (session, folder, key, "open message", grasp_open, &opening,
                              error))
    return -1;
  if (out_file)
    *out_file = opening.file;
  *out_info = opening.info;
  return opening.fd;
}

/* Where the header block of @data ends: behind the empty line; 0 when it is not there. */
static gsize
headers_end (const guint8 *data, gsize length)
{
  const guint8 *end = data + length;
  const guint8 *line = data;

  while (line < end)
    {
      const guint8 *stop = memchr (line, '\n', (gsize) (end - line));

      if (line[0] == '\n' || (line[0] == '\r' && line + 1 < end && line[1] == '\n'))
        return (gsize) (stop + 1 - data);
      if (!stop)
        return 0;
      line = stop + 1;
    }
  return 0;
}

/* Adds what was read to the header block until that is whole. TRUE: it is. */
static gboolean
take_headers (GByteArray *headers, const guint8 *data, gsize length)
{
  gsize before = headers->len;
  gsize end = 0;

  g_byte_array_append (headers, data, (guint) MIN (length, MAILDIR_MAX_HEADERS - before));
  end = headers_end (headers->data, headers->len);
  if (end)
    g_byte_array_set_size (headers, (guint) end);
  return end || headers->len >= MAILDIR_MAX_HEADERS;
}

gboolean
maildir_message_peek (MaildirSession *session, int fd, gboolean size, MaildirPeek *peek,
                      GError **error)
{
  HaulLineState lines = { FALSE };
  gboolean headers_done = peek->headers == NULL;
  gsize step = headers_done ? MAILDIR_IO_BYTES : MAILDIR_HEADER_STEP;

  peek->wire_bytes = 0;
  if (peek->headers)
    g_byte_array_set_size (peek->headers, 0);
  while (size || !headers_done)
    {
      ssize_t got = read (fd, session->buffer, step);

      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return haul_error_set_errno (error, errno, HAUL_SCOPE_MESSAGE, "read message");
      if (got == 0)
        break;
      if (size)
        peek->wire_bytes += haul_lines_crlf_size (&lines, session->buffer, (gsize) got);
      if (!headers_done)
        headers_done = take_headers (peek->headers, session->buffer, (gsize) got);
      step = MAILDIR_IO_BYTES;
    }
  return TRUE;
}
