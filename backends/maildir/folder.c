/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One folder's directories. Identity is the base name: a file may be renamed by a mail
 * client at any moment, so a reading counts only if nothing changed meanwhile, and a file
 * that is not where it was is looked up again. Session's thread.
 */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "tree.h"

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

void
maildir_folder_free (MaildirFolder *self)
{
  if (!self)
    return;
  close_fd (&self->fd);
  close_fd (&self->cur_fd);
  close_fd (&self->new_fd);
  close_fd (&self->tmp_fd);
  maildir_table_free (self->table);
  g_strfreev (self->path);
  g_free (self->directory);
  g_free (self);
}

/* Opens cur/ or new/, which may be missing. */
static gboolean
open_part (MaildirFolder *self, const char *name, int *out_fd, GError **error)
{
  *out_fd = maildir_open_directory (self->fd, name);
  if (*out_fd >= 0 || errno == ENOENT)
    return TRUE;
  return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "open directory '%s/%s'",
                               self->directory, name);
}

MaildirFolder *
maildir_folder_open (MaildirSession *session, HaulPath path, GError **error)
{
  g_autoptr (MaildirFolder) self = g_new0 (MaildirFolder, 1);
  g_autofree char *text = haul_path_to_text (path);
  struct stat info;

  self->fd = self->cur_fd = self->new_fd = self->tmp_fd = -1;
  self->path = haul_path_copy (path);
  self->directory = maildir_tree_directory (session, path, error);
  if (!self->directory)
    return NULL;
  self->fd = maildir_open_directory (session->root_fd, self->directory);
  if (self->fd < 0 || fstat (self->fd, &info) != 0)
    {
      haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "open folder '%s'", text);
      return NULL;
    }
  self->mode = info.st_mode & 0666;
  if (!open_part (self, "cur", &self->cur_fd, error)
      || !open_part (self, "new", &self->new_fd, error))
    return NULL;
  if (self->cur_fd < 0 && self->new_fd < 0 && !haul_path_is_inbox (path))
    {
      haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                      "folder '%s' is no Maildir: it has no cur/", text);
      return NULL;
    }
  return g_steal_pointer (&self);
}

gboolean
maildir_folder_stamps (const MaildirFolder *self, MaildirStamp *out_stamps)
{
  return maildir_stamp_fd (self->cur_fd, &out_stamps[0])
         && maildir_stamp_fd (self->new_fd, &out_stamps[1])
         && maildir_stamp_at (self->fd, "dovecot-keywords", &out_stamps[2])
         && maildir_stamp_at (self->fd, "courierimapkeywords", &out_stamps[3])
         && maildir_stamp_at (self->fd, "courierimapkeywords/:list", &out_stamps[4]);
}

gboolean
maildir_folder_token (const MaildirSession *session, const MaildirStamp *stamps,
                      GByteArray *token)
{
  const guint8 version = 1;
  gint64 now = maildir_now_ns ();

  g_byte_array_set_size (token, 0);
  for (guint i = 0; i < MAILDIR_STAMPS; i++)
    if (maildir_stamp_is_recent (&stamps[i], now, session->racy_ns))
      return FALSE;
  g_byte_array_append (token, &version, 1);
  for (guint i = 0; i < MAILDIR_STAMPS; i++)
    {
      guint64 values[] = { stamps[i].device, stamps[i].inode,
                           (guint64) stamps[i].mtime_ns, (guint64) stamps[i].ctime_ns };

      g_byte_array_append (token, (const guint8 *) values, sizeof values);
    }
  return TRUE;
}

/* Names that begin with a dot are no messages (".nfs…", ".gitkeep"). */
static gboolean
is_message_entry (int fd, const struct dirent *entry)
{
  if (entry->d_name[0] == '.' || entry->d_type == DT_DIR)
    return FALSE;
  return entry->d_type != DT_UNKNOWN || !maildir_is_directory (fd, entry);
}

/* One reading of one directory. */
typedef struct
{
  int fd;
  gboolean is_new;
  guint pass;
  MaildirTable *table;
} MaildirReading;

static gboolean
take_entry (const struct dirent *entry, gpointer user_data, GError **error)
{
  MaildirReading *reading = user_data;

  if (is_message_entry (reading->fd, entry))
    maildir_table_add (reading->table, entry->d_name, reading->is_new, reading->pass);
  return TRUE;
}

/* Stops at the first message, with an error that nobody sees. */
static gboolean
refuse_message (const struct dirent *entry, gpointer user_data, GError **error)
{
  const int *fd = user_data;

  return !is_message_entry (*fd, entry)
         || haul_error_set (error, HAUL_ERROR_EXISTS, HAUL_SCOPE_MESSAGE, "not empty");
}

gboolean
maildir_folder_is_empty (const MaildirFolder *self)
{
  const int fds[] = { self->cur_fd, self->new_fd };

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (GError) found = NULL;

      if (fds[i] >= 0
          && !maildir_each_entry (fds[i], self->directory, refuse_message,
                                  (gpointer) &fds[i], &found))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_pass (MaildirFolder *self, MaildirTable *table, guint pass, GError **error)
{
  /* new/ first: a message on its way from new/ to cur/ is then seen at least once. */
  MaildirReading readings[] = {
    { self->new_fd, TRUE, pass, table },
    { self->cur_fd, FALSE, pass, table },
  };

  for (guint i = 0; i < G_N_ELEMENTS (readings); i++)
    if (readings[i].fd >= 0
        && !maildir_each_entry (readings[i].fd, self->directory, take_entry, &readings[i],
                                error))
      return FALSE;
  return TRUE;
}

/* Two files at the same time, and not the two links of one that is being moved. */
static gboolean
are_two (const MaildirFile *kept, const MaildirFile *other, gpointer user_data)
{
  const MaildirFolder *self = user_data;
  struct stat a;
  struct stat b;

  return fstatat (maildir_folder_directory (self, kept), kept->name, &a,
                  AT_SYMLINK_NOFOLLOW)
             == 0
         && fstatat (maildir_folder_directory (self, other), other->name, &b,
                     AT_SYMLINK_NOFOLLOW)
                == 0
         && (a.st_ino != b.st_ino || a.st_dev != b.st_dev);
}

static gboolean
look (MaildirFolder *self, MaildirStamp *out_stamps, GError **error)
{
  if (maildir_stamp_fd (self->cur_fd, &out_stamps[0])
      && maildir_stamp_fd (self->new_fd, &out_stamps[1]))
    return TRUE;
  return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "look at directory '%s'",
                               self->directory);
}

gboolean
maildir_folder_read (MaildirSession *session, MaildirFolder *self, GError **error)
{
  g_autoptr (MaildirTable) table = NULL;
  MaildirStamp before[2];
  MaildirStamp after[2];
  gboolean stable = FALSE;

  g_clear_pointer (&self->table, maildir_table_free); /* never two in memory */
  table = maildir_table_new (session->separator);
  for (guint pass = 1; pass <= MAILDIR_MAX_PASSES && !stable; pass++)
    {
      gint64 now = maildir_now_ns ();

      if (!maildir_session_go_on (session, error) || !look (self, before, error)
          || !read_pass (self, table, pass, error) || !look (self, after, error))
        return FALSE;
      stable = maildir_stamp_equal (&before[0], &after[0])
               && maildir_stamp_equal (&before[1], &after[1])
               && !maildir_stamp_is_recent (&before[0], now, session->tick_ns)
               && !maildir_stamp_is_recent (&before[1], now, session->tick_ns);
      if (stable || pass == MAILDIR_MAX_PASSES)
        maildir_table_settle_doubles (table, pass, are_two, self);
      if (stable)
        maildir_table_keep_pass (table, pass);
    }
  self->table = g_steal_pointer (&table);
  self->table_stable = stable;
  self->table_stamps[0] = after[0];
  self->table_stamps[1] = after[1];
  return TRUE;
}

/* The table holds exactly what is there now. */
static gboolean
is_current (const MaildirFolder *self)
{
  MaildirStamp cur;
  MaildirStamp new;

  return self->table && self->table_stable && maildir_stamp_fd (self->cur_fd, &cur)
         && maildir_stamp_fd (self->new_fd, &new)
         && maildir_stamp_equal (&cur, &self->table_stamps[0])
         && maildir_stamp_equal (&new, &self->table_stamps[1]);
}

gboolean
maildir_folder_find (MaildirSession *session, MaildirFolder *self, HaulBytes key,
                     gboolean again, MaildirFile *out_file, GError **error)
{
  const char *base = (const char *) key.data;
  gboolean fresh = FALSE;

  if (!self->table || (again && !is_current (self)))
    {
      if (!maildir_folder_read (session, self, error))
        return FALSE;
      fresh = TRUE;
    }
  if (maildir_table_find (self->table, base, key.length, out_file))
    return TRUE;
  if (!fresh && !is_current (self))
    {
      if (!maildir_folder_read (session, self, error))
        return FALSE;
      if (maildir_table_find (self->table, base, key.length, out_file))
        return TRUE;
    }
  return haul_error_set (error, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                         "message '%.*s' is no longer in folder '%s'", (int) key.length,
                         base, *self->directory ? self->directory : "INBOX");
}

int
maildir_folder_directory (const MaildirFolder *self, const MaildirFile *file)
{
  return file->is_new ? self->new_fd : self->cur_fd;
}
