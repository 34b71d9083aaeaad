/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Creates, renames and removes folders. Subscriptions are subscribe.c, names layout.c.
 * Session's thread.
 */
#include "create.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "bounds.h"
#include "subscribe.h"
#include "tree.h"

static const char *const parts[] = { "tmp", "new", "cur" };

/* The permissions of the store's top, which its folders share (Dovecot does the same). */
static mode_t
directory_mode (MaildirSession *self)
{
  struct stat info;

  return fstat (self->root_fd, &info) == 0 ? (info.st_mode & 0777) | 0700 : 0700;
}

static gboolean
make_directory (MaildirSession *self, const char *directory, GError **error)
{
  if (mkdirat (self->root_fd, directory, directory_mode (self)) == 0)
    {
      if (self->adopt
          && fchownat (self->root_fd, directory, self->owner, self->group,
                       AT_SYMLINK_NOFOLLOW)
                 != 0)
        return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER,
                                     "give directory '%s' to the store's owner",
                                     directory);
      return TRUE;
    }
  if (errno == EEXIST)
    return TRUE;
  return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "create directory '%s'",
                               directory);
}

/* Makes the directories above the last '/' of @directory. */
static gboolean
make_parents (MaildirSession *self, const char *directory, GError **error)
{
  for (const char *slash = strchr (directory, '/'); slash;
       slash = strchr (slash + 1, '/'))
    {
      g_autofree char *parent = g_strndup (directory, (gsize) (slash - directory));

      if (!make_directory (self, parent, error))
        return FALSE;
    }
  return TRUE;
}

/* The empty file by which delivery agents know a Maildir++ folder. */
static gboolean
mark_folder (MaildirSession *self, const char *directory, GError **error)
{
  g_autofree char *name = g_strconcat (directory, "/maildirfolder", NULL);
  int fd = openat (self->root_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                   directory_mode (self) & 0666);
  int failure = fd < 0 ? errno : 0;

  if (fd >= 0 && self->adopt && fchown (fd, self->owner, self->group) != 0)
    failure = errno;
  if (fd >= 0)
    close (fd);
  return failure == 0
         || haul_error_set_errno (error, failure, HAUL_SCOPE_FOLDER, "create '%s'", name);
}

gboolean
maildir_make_folder (MaildirSession *self, const char *directory, gboolean holder,
                     GError **error)
{
  gboolean flat = self->codec.layout == MAILDIR_LAYOUT_PLUSPLUS;

  if (holder && flat)
    return TRUE; /* Maildir++ folders need no parents */
  if (*directory
      && (!make_parents (self, directory, error)
          || !make_directory (self, directory, error)))
    return FALSE;
  for (guint i = 0; !holder && i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *part = *directory ? g_strconcat (directory, "/", parts[i], NULL)
                                         : g_strdup (parts[i]);

      if (!make_directory (self, part, error))
        return FALSE;
    }
  return !flat || !*directory || mark_folder (self, directory, error);
}

gboolean
maildir_make_durable (MaildirSession *self, GError **error)
{
  if (!maildir_session_syncs (self) || syncfs (self->root_fd) == 0)
    return TRUE;
  return haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "sync '%s'",
                               self->settings->path);
}

static gboolean
create_one (MaildirSession *self, const HaulFolder *folder, GError **error)
{
  g_autofree char *directory = maildir_tree_directory (self, folder->path, error);
  gboolean holder = (folder->attributes & HAUL_FOLDER_NOSELECT) != 0;

  if (!directory)
    return FALSE;
  return maildir_make_folder (self, directory, holder, error);
}

/* Reports the outcome of each folder once all is durable. */
static gboolean
report_all (MaildirSession *self, const HaulFolder *folders, GPtrArray *failures,
            HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  if (!maildir_make_durable (self, error))
    return FALSE;
  for (guint i = 0; i < failures->len; i++)
    func (folders[i].path, g_ptr_array_index (failures, i), user_data);
  return TRUE;
}

static void
free_error (gpointer error)
{
  if (error)
    g_error_free (error);
}

gboolean
maildir_create (gpointer session, const HaulFolder *folders, gsize count,
                HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  MaildirSession *self = session;
  g_autoptr (GPtrArray) failures = g_ptr_array_new_with_free_func (free_error);
  g_autoptr (GPtrArray) subscribed = g_ptr_array_new ();
  gboolean exists = FALSE;

  if (self->dry_run)
    {
      for (gsize i = 0; i < count; i++)
        func (folders[i].path, NULL, user_data);
      return TRUE;
    }
  if (!maildir_tree_open (self, TRUE, &exists, error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    {
      g_autoptr (GError) failure = NULL;

      if (!maildir_session_go_on (self, error))
        return FALSE;
      create_one (self, &folders[i], &failure);
      if (!failure && folders[i].attributes & HAUL_FOLDER_SUBSCRIBED)
        g_ptr_array_add (subscribed, (gpointer) folders[i].path);
      g_ptr_array_add (failures, g_steal_pointer (&failure));
    }
  if (subscribed->len > 0 && !maildir_subscribe_all (self, subscribed, TRUE, error))
    return FALSE;
  return report_all (self, folders, failures, func, user_data, error);
}

/* Moves the folder of @node, which is @from or below it, below @to. */
static gboolean
move_node (MaildirSession *self, const MaildirNode *node, HaulPath from, HaulPath to,
           GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *target = NULL;
  int failure = 0;

  for (guint i = 0; to[i]; i++)
    g_ptr_array_add (names, (gpointer) to[i]);
  for (guint i = g_strv_length ((char **) from); node->path[i]; i++)
    g_ptr_array_add (names, node->path[i]);
  g_ptr_array_add (names, NULL);
  target = maildir_layout_directory (&self->codec, (HaulPath) names->pdata, error);
  if (!target || !make_parents (self, target, error))
    return FALSE;
  failure = maildir_move (self->root_fd, node->directory, self->root_fd, target);
  return failure == 0
         || haul_error_set_errno (error, failure, HAUL_SCOPE_FOLDER,
                                  "rename folder '%s' to '%s'", node->directory, target);
}

gboolean
maildir_rename (gpointer session, HaulPath from, HaulPath to, GError **error)
{
  MaildirSession *self = session;
  g_autoptr (GPtrArray) nodes = NULL;
  gboolean exists = FALSE;
  gboolean found = FALSE;

  if (!maildir_session_refuse_dry (self, "rename a folder", error)
      || !maildir_tree_open (self, FALSE, &exists, error))
    return FALSE;
  if (haul_path_is_inbox (from) || haul_path_is_inbox (to)
      || haul_path_has_prefix (to, from))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "rename folder '%s' to '%s': not possible in a Maildir",
                           from[0], to[0]);
  nodes = exists ? maildir_tree_read (self, error) : g_ptr_array_new ();
  if (!nodes)
    return FALSE;
  for (guint i = 0; i < nodes->len; i++)
    {
      const MaildirNode *node = g_ptr_array_index (nodes, i);
      gboolean whole = self->codec.layout == MAILDIR_LAYOUT_FS;

      if (whole ? !haul_path_equal ((HaulPath) node->path, from)
                : !haul_path_has_prefix ((HaulPath) node->path, from))
        continue;
      found = TRUE;
      if ((node->selectable || whole) && !move_node (self, node, from, to, error))
        return FALSE;
    }
  g_clear_pointer (&self->odd, g_hash_table_unref);
  if (!found)
    return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                           "rename folder '%s': there is none", from[0]);
  return maildir_make_durable (self, error);
}

/* Removes what a folder without messages still holds, then the folder. */
static int
remove_empty (MaildirFolder *folder, int root_fd)
{
  static const char *const files[] = {
    "maildirfolder",       "dovecot-uidlist",
    "dovecot-keywords",    "dovecot.index",
    "dovecot.index.log",   "dovecot.index.cache",
    "dovecot.index.log.2", "courierimapuiddb",
    "courierimapacl",      "courierimapkeywords/:list"
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (unlinkat (folder->fd, parts[i], AT_REMOVEDIR) != 0 && errno != ENOENT)
      return errno;
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    unlinkat (folder->fd, files[i], 0);
  unlinkat (folder->fd, "courierimapkeywords", AT_REMOVEDIR);
  if (unlinkat (root_fd, folder->directory, AT_REMOVEDIR) == 0 || errno == ENOTEMPTY
      || errno == EEXIST) /* a place for its children from now on */
    return 0;
  return errno;
}

gboolean
maildir_remove (gpointer session, HaulPath path, GError **error)
{
  MaildirSession *self = session;
  g_autoptr (MaildirFolder) folder = NULL;
  gboolean exists = FALSE;
  int failure = 0;

  if (!maildir_session_refuse_dry (self, "remove a folder", error)
      || !maildir_tree_open (self, FALSE, &exists, error))
    return FALSE;
  if (!exists || haul_path_is_inbox (path))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "remove folder '%s': the inbox stays", path[0]);
  folder = maildir_folder_open (self, path, error);
  if (!folder)
    return FALSE;
  if (!maildir_folder_is_empty (folder))
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                           "remove folder '%s': it holds messages", folder->directory);
  failure = remove_empty (folder, self->root_fd);
  g_clear_pointer (&self->odd, g_hash_table_unref);
  g_clear_pointer (&self->entered, maildir_folder_free);
  g_clear_pointer (&self->target, maildir_folder_free);
  return failure == 0
         || haul_error_set_errno (error, failure, HAUL_SCOPE_FOLDER, "remove folder '%s'",
                                  folder->directory);
}

gboolean
maildir_spell (gpointer session, HaulPath path, char ***out_path, GError **error)
{
  MaildirSession *self = session;
  gboolean exists = FALSE;
  /* What a new store will be, see tree.c. */
  MaildirCodec codec = {
    .layout = self->settings->layout == MAILDIR_LAYOUT_FS ? MAILDIR_LAYOUT_FS
                                                          : MAILDIR_LAYOUT_PLUSPLUS,
    .encoding = self->settings->encoding == MAILDIR_ENCODING_UTF8
                    ? MAILDIR_ENCODING_UTF8
                    : MAILDIR_ENCODING_MUTF7,
    .escape = (MaildirEscape) self->settings->escape,
    .inbox = (char *) "",
  };

  if (!maildir_tree_open (self, FALSE, &exists, error))
    return FALSE;
  g_autofree char *directory = exists ? maildir_tree_directory (self, path, error)
                                      : maildir_layout_directory (&codec, path, error);
  if (!directory)
    return FALSE;
  if (strlen (directory) > MAILDIR_MAX_PATH)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                           "folder '%s' is too deep: its directory has more than %d "
                           "bytes",
                           path[0], MAILDIR_MAX_PATH);
  *out_path = haul_path_is_inbox (path)
                  ? haul_path_copy (path)
                  : maildir_layout_plain_path (exists ? &self->codec : &codec, directory);
  /* Below the inbox: its directory is another. */
  if (strcmp (path[0], "INBOX") == 0 && !haul_path_is_inbox (path))
    {
      g_strfreev (*out_path);
      *out_path = haul_path_copy (path);
    }
  return TRUE;
}
