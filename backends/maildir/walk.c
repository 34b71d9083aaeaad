/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks the directories of a store. What their names mean is layout.c; this file only
 * says which of them are Maildirs. Follows links, but no loop of them. Session's thread.
 */
#include "walk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "bounds.h"
#include "tree.h"

/* One level of the walk; the chain of them shows a loop. */
typedef struct _MaildirLevel MaildirLevel;
struct _MaildirLevel
{
  const MaildirLevel *above;
  const char *directory; /* relative, "" at the top */
  int fd;
  guint depth;
  guint64 device;
  guint64 inode;
  MaildirLayout layout;
  MaildirWalkFunc func;
  gpointer user_data;
  const char *where;
};

static gboolean
is_dir_at (int at, const char *directory, const char *child, gboolean *out_hidden)
{
  g_autofree char *name = *directory ? g_strconcat (directory, "/", child, NULL)
                                     : g_strdup (child);
  struct stat info;

  if (fstatat (at, name, &info, 0) == 0)
    return S_ISDIR (info.st_mode);
  *out_hidden = *out_hidden || errno == EACCES;
  return FALSE;
}

gboolean
maildir_is_maildir (int at, const char *directory)
{
  gboolean hidden = FALSE;

  return is_dir_at (at, directory, "cur", &hidden)
         || is_dir_at (at, directory, "new", &hidden) || hidden;
}

/* A name that can be a folder's in the layout "fs". */
static gboolean
is_folder_name (const char *name)
{
  return name[0] != '.' && strcmp (name, "cur") != 0 && strcmp (name, "new") != 0
         && strcmp (name, "tmp") != 0;
}

static gboolean
is_loop (const MaildirLevel *level)
{
  for (const MaildirLevel *above = level->above; above; above = above->above)
    if (above->device == level->device && above->inode == level->inode)
      return TRUE;
  return level->depth > MAILDIR_MAX_DEPTH;
}

static gboolean walk_level (const MaildirLevel *level, GError **error);

/* Goes into the directory @name; one that may not be read is left to `enter`. */
static gboolean
walk_into (const MaildirLevel *level, const char *name, const char *directory,
           GError **error)
{
  MaildirLevel below = *level;
  MaildirStamp stamp;
  gboolean done = TRUE;

  below.above = level;
  below.directory = directory;
  below.depth = level->depth + 1;
  below.fd = maildir_open_directory (level->fd, name);
  if (below.fd < 0)
    return errno == EACCES || errno == ENOENT || errno == ELOOP
           || haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT,
                                    "open directory '%s' in '%s'", directory,
                                    level->where);
  if (maildir_stamp_fd (below.fd, &stamp))
    {
      below.device = stamp.device;
      below.inode = stamp.inode;
      done = is_loop (&below) || walk_level (&below, error);
    }
  close (below.fd);
  return done;
}

static gboolean
walk_entry (const struct dirent *entry, gpointer user_data, GError **error)
{
  const MaildirLevel *level = user_data;
  const char *name = entry->d_name;
  gboolean nested = level->layout == MAILDIR_LAYOUT_FS;
  g_autofree char *directory = NULL;

  if (nested ? !is_folder_name (name) : name[0] != '.')
    return TRUE;
  if (!maildir_is_directory (level->fd, entry))
    return TRUE;
  directory = *level->directory ? g_strconcat (level->directory, "/", name, NULL)
                                : g_strdup (name);
  if (maildir_is_maildir (level->fd, name))
    level->func (directory, level->user_data);
  return !nested || walk_into (level, name, directory, error);
}

static gboolean
walk_level (const MaildirLevel *level, GError **error)
{
  return maildir_each_entry (level->fd, level->where, walk_entry, (gpointer) level,
                             error);
}

gboolean
maildir_walk (int root_fd, MaildirLayout layout, const char *where, MaildirWalkFunc func,
              gpointer user_data, GError **error)
{
  MaildirStamp stamp;
  MaildirLevel top = {
    .directory = "",
    .fd = root_fd,
    .layout = layout,
    .func = func,
    .user_data = user_data,
    .where = where,
  };

  if (!maildir_stamp_fd (root_fd, &stamp))
    return haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "look at '%s'", where);
  top.device = stamp.device;
  top.inode = stamp.inode;
  return walk_level (&top, error);
}

static void
count_folder (const char *directory, gpointer user_data)
{
  guint *count = user_data;

  (*count)++;
}

gboolean
maildir_walk_guess (int root_fd, const char *where, MaildirLayout *out_layout,
                    GError **error)
{
  guint flat = 0;
  guint nested = 0;

  if (!maildir_walk (root_fd, MAILDIR_LAYOUT_PLUSPLUS, where, count_folder, &flat, error))
    return FALSE;
  /* A home directory with a Maildir in it is not searched to its last corner. */
  if (flat == 0 || !maildir_is_maildir (root_fd, ""))
    if (!maildir_walk (root_fd, MAILDIR_LAYOUT_FS, where, count_folder, &nested, error))
      return FALSE;
  *out_layout = nested > flat ? MAILDIR_LAYOUT_FS : MAILDIR_LAYOUT_PLUSPLUS;
  return TRUE;
}

/* The search for the inbox. */
typedef struct
{
  int root_fd;
  char *found;
} MaildirInboxSearch;

static gboolean
find_inbox (const struct dirent *entry, gpointer user_data, GError **error)
{
  MaildirInboxSearch *search = user_data;
  gboolean better = !search->found || strcmp (entry->d_name, "INBOX") == 0;

  if (better && g_ascii_strcasecmp (entry->d_name, "INBOX") == 0
      && maildir_is_directory (search->root_fd, entry)
      && maildir_is_maildir (search->root_fd, entry->d_name))
    {
      g_free (search->found);
      search->found = g_strdup (entry->d_name);
    }
  return TRUE;
}

char *
maildir_walk_inbox (int root_fd, const char *where, GError **error)
{
  MaildirInboxSearch search = { .root_fd = root_fd };

  if (maildir_is_maildir (root_fd, ""))
    return g_strdup ("");
  if (!maildir_each_entry (root_fd, where, find_inbox, &search, error))
    {
      g_free (search.found);
      return NULL;
    }
  return search.found ? search.found : g_strdup ("");
}
