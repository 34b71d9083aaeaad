/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One open folder: its directories, the names in them, and whether they changed.
 */
#pragma once

#include "files.h"
#include "keyword-files.h"
#include "session.h"
#include "table.h"

/* MaildirStamps: of everything that a folder's token covers: cur/, new/, the keyword
 * file, Courier's keyword directory and its list. */
#define MAILDIR_STAMPS 5

/*
 * MaildirFolder: @fd, @cur_fd, @new_fd: its directories, -1 for one that does not exist.
 * @tmp_fd: open only for writing. @mode: permissions of new files. @table: names as last
 * read, or NULL; @table_stamps: of cur/ and new/ then; @table_stable: nothing changed
 * meanwhile, so it holds every message.
 */
struct _MaildirFolder
{
  char **path;
  char *directory;
  int fd;
  int cur_fd;
  int new_fd;
  int tmp_fd;
  mode_t mode;
  MaildirTable *table;
  MaildirStamp table_stamps[2];
  gboolean table_stable;
  gboolean courier_known;
  gboolean courier;
};

/*
 * maildir_folder_open: opens @path of the open store. HAUL_ERROR_NOT_FOUND (folder scope)
 * when it has neither cur/ nor new/, unless it is the inbox. NULL on error.
 */
MaildirFolder *maildir_folder_open (MaildirSession *session, HaulPath path,
                                    GError **error);

/* maildir_folder_free: accepts NULL. */
void maildir_folder_free (MaildirFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaildirFolder, maildir_folder_free)

/* maildir_folder_stamps: looks at all that the token covers. FALSE with errno. */
gboolean maildir_folder_stamps (const MaildirFolder *self, MaildirStamp *out_stamps);

/*
 * maildir_folder_token: @stamps as a token into @token (emptied before). FALSE, and no
 * token, when one of them is so recent that a further change might not show.
 */
gboolean maildir_folder_token (const MaildirSession *session, const MaildirStamp *stamps,
                               GByteArray *token);

/* maildir_folder_is_empty: no message in cur/ or new/, as far as one reading shows. FALSE
 * also when that cannot be known. */
gboolean maildir_folder_is_empty (const MaildirFolder *self);

/*
 * maildir_folder_read: reads the names anew into self->table, as often as it takes until
 * nothing changes meanwhile; if that does not happen, the table is the union of all
 * readings: no message that was there all the time is missing.
 */
gboolean maildir_folder_read (MaildirSession *session, MaildirFolder *self,
                              GError **error);

/*
 * maildir_folder_find: the file of the message with the base name @key. Reads the names
 * if need be; with @again, since a file found was no longer there, unless they certainly
 * have not changed. FALSE with HAUL_ERROR_GONE (message scope) when there is none.
 */
gboolean maildir_folder_find (MaildirSession *session, MaildirFolder *self, HaulBytes key,
                              gboolean again, MaildirFile *out_file, GError **error);

/* maildir_folder_directory: the descriptor of the directory in which @file lies. */
int maildir_folder_directory (const MaildirFolder *self, const MaildirFile *file);
