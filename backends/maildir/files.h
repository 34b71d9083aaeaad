/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small helpers over the system's file calls: directories read whole or not at all,
 * control files read and replaced, time stamps of directories.
 */
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <mailhaul/error.h>

/* MaildirEntryFunc: one directory entry, "." and ".." left out. FALSE with @error set
 * ends the reading. */
typedef gboolean (*MaildirEntryFunc) (const struct dirent *entry, gpointer user_data,
                                      GError **error);

/* maildir_open_directory: the directory @name ("" for @at itself) below @at; -1 with
 * errno. Follows links. */
int maildir_open_directory (int at, const char *name);

/* maildir_each_entry: reads the whole directory @fd through a descriptor of its own.
 * @what names it in an error. A reading that breaks off is an error (folder scope). */
gboolean maildir_each_entry (int fd, const char *what, MaildirEntryFunc func,
                             gpointer user_data, GError **error);

/* maildir_is_directory: @entry of directory @fd is one, or a link to one. */
gboolean maildir_is_directory (int fd, const struct dirent *entry);

/* maildir_read_file: the content of a control file with a NUL after it, at most
 * MAILDIR_MAX_CONTROL_FILE bytes; *@out_text NULL when there is no such file. (transfer
 * full) */
gboolean maildir_read_file (int at, const char *name, char **out_text, gsize *out_length,
                            GError **error);

/* maildir_write_all: writes all of it; FALSE with errno. */
gboolean maildir_write_all (int fd, const void *data, gsize length);

/* maildir_move: renames a file, but never over another one. 0, or an errno: EEXIST when
 * @to is taken. */
int maildir_move (int from_at, const char *from, int to_at, const char *to);

/*
 * maildir_replace_file: writes @text to @temporary and renames it to
 * @name, all below @at. @mode: permissions of the file, which root gives to the
 * directory's owner. Leaves nothing behind on failure.
 */
gboolean maildir_replace_file (int at, const char *temporary, const char *name,
                               const char *text, mode_t mode, gboolean sync,
                               GError **error);

/* MaildirStamp: what shows whether a directory or file changed; all 0 when it does not
 * exist. */
typedef struct
{
  guint64 device;
  guint64 inode;
  gint64 mtime_ns;
  gint64 ctime_ns;
  guint64 size;
} MaildirStamp;

/* maildir_stamp_of: from a stat. */
MaildirStamp maildir_stamp_of (const struct stat *info);
/* maildir_stamp_fd: of @fd; zeroed for -1. FALSE with errno. */
gboolean maildir_stamp_fd (int fd, MaildirStamp *out_stamp);
/* maildir_stamp_at: of @name below @at; zeroed when it does not exist. FALSE with errno.
 */
gboolean maildir_stamp_at (int at, const char *name, MaildirStamp *out_stamp);
/* maildir_stamp_equal: nothing changed between. */
gboolean maildir_stamp_equal (const MaildirStamp *a, const MaildirStamp *b);
/* maildir_stamp_is_recent: it changed within @window_ns before @now_ns, or after it. */
gboolean maildir_stamp_is_recent (const MaildirStamp *stamp, gint64 now_ns,
                                  gint64 window_ns);
/* maildir_now_ns: the clock that files are stamped with on a local file system. */
gint64 maildir_now_ns (void);
