/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One message's file: opened wherever it is now, and what a scan must read of it.
 */
#pragma once

#include "folder.h"

/*
 * MaildirGrasp: tries once to do something to the file that the message has now. 0, or an
 * errno; ENOENT and ESTALE mean that it was renamed meanwhile.
 */
typedef int (*MaildirGrasp) (MaildirFolder *folder, const MaildirFile *file,
                             gpointer user_data);

/*
 * maildir_message_grasp: calls @grasp with the file of message @key, again as long as the
 * file turns out to have been renamed. @what was attempted, for errors: HAUL_ERROR_GONE
 * when there is no such message, BUSY when it is renamed all the time (message scope).
 */
gboolean maildir_message_grasp (MaildirSession *session, MaildirFolder *folder,
                                HaulBytes key, const char *what, MaildirGrasp grasp,
                                gpointer user_data, GError **error);

/*
 * maildir_message_open: opens message @key for reading. @out_file (may be NULL) stands
 * until the folder's names are next read. Never blocks on what is no regular file;
 * follows a link only to a file of the link's own owner. -1 on error, as above.
 */
int maildir_message_open (MaildirSession *session, MaildirFolder *folder, HaulBytes key,
                          MaildirFile *out_file, struct stat *out_info, GError **error);

/* MaildirPeek: what maildir_message_peek() found; @headers is NULL unless asked for, and
 * has whole lines as far as the limit allows. */
typedef struct
{
  guint64 wire_bytes;
  GByteArray *headers;
} MaildirPeek;

/*
 * maildir_message_peek: reads the header block of the open @fd into @peek->headers (if
 * not NULL), and with @size counts the bytes that the message has with CRLF line ends.
 * Uses session->buffer. FALSE with HAUL_ERROR_IO (message scope).
 */
gboolean maildir_message_peek (MaildirSession *session, int fd, gboolean size,
                               MaildirPeek *peek, GError **error);
