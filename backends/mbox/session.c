/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sessions and folders: opening, listing, creating, entering. Messages are read and
 * written in scan.c, fetch.c, store.c and update.c. On the session's thread.
 */
#include "session.h"

#include <string.h>
#include <sys/stat.h>

#include "names.h"

gpointer
mbox_session_open (const HaulOpen *open, GError **error)
{
  const MboxSettings *settings = open->settings;
  struct stat status;
  gboolean exists = stat (settings->path, &status) == 0;
  gboolean directory = exists ? S_ISDIR (status.st_mode)
                              : g_str_has_suffix (settings->path, "/");
  gboolean is_tree = settings->tree == 0 ? directory : settings->tree % 2 == 1;
  if (exists && is_tree != !!S_ISDIR (status.st_mode))
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                      is_tree ? "open '%s': not a directory, so it holds no tree"
                              : "open '%s': a directory, not an mbox file",
                      settings->path);
      return NULL;
    }
  if (exists && !is_tree && !S_ISREG (status.st_mode))
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                      "open '%s': not a regular file", settings->path);
      return NULL;
    }
  MboxSession *self = g_new0 (MboxSession, 1);
  self->settings = settings;
  self->role = open->role;
  self->may_change = open->may_change;
  self->dry_run = open->dry_run;
  self->cancellable = open->cancellable;
  self->tree = (MboxTree){ .root = settings->path, .is_tree = is_tree };
  self->lock_wait_us = MBOX_LOCK_WAIT_US;
  self->buffer = g_malloc (MBOX_BUFFER_BYTES);
  self->index = mbox_index_new ();
  self->moves = mbox_moves_new ();
  return self;
}

static void
leave_folder (MboxSession *self)
{
  g_clear_pointer (&self->folder_file, g_free);
  mbox_index_clear (self->index);
  g_array_set_size (self->moves, 0);
  self->scanned = FALSE;
  self->rule_known = FALSE;
}

void
mbox_session_close (gpointer session)
{
  MboxSession *self = session;
  leave_folder (self);
  mbox_index_free (self->index);
  g_array_unref (self->moves);
  g_free (self->buffer);
  g_free (self);
}

guint32
mbox_session_caps (gpointer session)
{
  /* no STABLE_KEYS: a program that rewrites the file moves every message */
  return HAUL_CAP_RETURNS_KEYS | HAUL_CAP_ORDERED_KEYS | HAUL_CAP_SCAN_FROM
         | HAUL_CAP_KEYWORDS | HAUL_CAP_ANY_LINES | HAUL_CAP_DATES | HAUL_CAP_EXACT_SIZE
         | HAUL_CAP_MAY_MOVE;
}

MboxLockRequest
mbox_session_lock (const MboxSession *self, gboolean write)
{
  MboxLockMode mode = (MboxLockMode) self->settings->lock;
  /* a dry run leaves no trace, not even for a moment */
  if (self->dry_run && (mode == MBOX_LOCK_DOTLOCK || mode == MBOX_LOCK_BOTH))
    mode = MBOX_LOCK_FCNTL;
  return (MboxLockRequest){ .mode = mode,
                            .write = write,
                            .wait_us = self->lock_wait_us,
                            .cancellable = self->cancellable };
}

gboolean
mbox_session_may_write (const MboxSession *self, const char *what, GError **error)
{
  if ((self->role == HAUL_ROLE_DESTINATION || self->may_change) && !self->dry_run)
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                         "%s: this session only reads", what);
}

static gboolean
detect_rule (MboxSession *self, MboxReader *reader, guint64 limit, GError **error)
{
  struct stat status;
  guint64 inode = fstat (reader->file->fd, &status) == 0 ? (guint64) status.st_ino : 0;
  if (!self->rule_known || self->rule_inode != inode)
    {
      if (!mbox_reader_detect (reader, limit, &self->rule, error))
        return FALSE;
      self->rule_known = TRUE;
      self->rule_inode = inode;
    }
  reader->rule = self->rule;
  return TRUE;
}

gboolean
mbox_session_reader (MboxSession *self, MboxFile *file, guint64 limit, MboxReader *out,
                     GError **error)
{
  MboxReader reader = { .file = file,
                        .buffer = self->buffer,
                        .cancellable = self->cancellable,
                        .trust_length = TRUE };
  switch ((MboxFormat) self->settings->format)
    {
    case MBOX_FORMAT_AUTO:
      if (!detect_rule (self, &reader, limit, error))
        return FALSE;
      break;
    case MBOX_FORMAT_O:
      reader.rule = MBOX_RULE_ONE;
      reader.trust_length = FALSE;
      break;
    case MBOX_FORMAT_RD:
      reader.rule = MBOX_RULE_ANY;
      reader.trust_length = FALSE;
      break;
    case MBOX_FORMAT_CL:
      reader.rule = MBOX_RULE_ONE;
      break;
    case MBOX_FORMAT_CL2:
      reader.rule = MBOX_RULE_NONE;
      break;
    }
  *out = reader;
  return TRUE;
}

void
mbox_session_status (MboxSession *self, const MboxPosition *position, gint64 now_us,
                     HaulFolderStatus *status)
{
  MboxPosition mark = *position;
  mark.mtime_ns = 0;
  mbox_position_write (position, self->token);
  mbox_position_write (&mark, self->mark);
  status->known |= HAUL_STATUS_BYTES | HAUL_STATUS_MARK;
  status->bytes = position->size;
  status->mark = (HaulBytes){ self->mark, sizeof self->mark };
  if (!mbox_position_is_quiet (position, now_us))
    return;
  status->known |= HAUL_STATUS_TOKEN;
  status->token = (HaulBytes){ self->token, sizeof self->token };
}

/* ---- folders ---- */

static gboolean
list_place (MboxSession *self, const MboxPlace *place, HaulFolderFunc func,
            gpointer user_data, GError **error)
{
  HaulFolder folder = HAUL_FOLDER_INIT;
  folder.path = (HaulPath) place->path;
  folder.attributes = self->tree.is_tree ? 0 : HAUL_FOLDER_NOINFERIORS;
  if (place->file == NULL)
    folder.attributes |= HAUL_FOLDER_NOSELECT;
  else
    {
      MboxPosition position;
      gint64 now = g_get_real_time ();
      g_autoptr (MboxFile) file = mbox_file_open (place->file, MBOX_FILE_READ, error);
      if (file == NULL || !mbox_file_position (file, &position, error))
        return FALSE;
      mbox_session_status (self, &position, now, &folder.status);
    }
  return func (&folder, user_data, error);
}

gboolean
mbox_session_list (gpointer session, HaulFolderFunc func, gpointer user_data,
                   GError **error)
{
  MboxSession *self = session;
  GError *cause = NULL;
  g_autoptr (GPtrArray) places = mbox_tree_list (&self->tree, self->cancellable, &cause);
  if (places == NULL && self->role == HAUL_ROLE_DESTINATION
      && g_error_matches (cause, HAUL_ERROR, HAUL_ERROR_NOT_FOUND))
    {
      g_error_free (cause);
      return TRUE;
    }
  if (places == NULL)
    {
      g_propagate_error (error, cause);
      return FALSE;
    }
  for (guint i = 0; i < places->len; i++)
    if (!list_place (self, g_ptr_array_index (places, i), func, user_data, error))
      return FALSE;
  return TRUE;
}

/* A store that does not exist yet, and of which the job does not say what it is, becomes
 * a tree as soon as it must hold more than the inbox. */
static gboolean
is_open_shape (const MboxSession *self)
{
  struct stat status;
  return self->settings->tree == 0 && !self->tree.is_tree
         && stat (self->settings->path, &status) != 0;
}

static void
choose_shape (MboxSession *self, const HaulFolder *folders, gsize count)
{
  if (!is_open_shape (self))
    return;
  for (gsize i = 0; i < count && !self->tree.is_tree; i++)
    self->tree.is_tree = !haul_path_is_inbox (folders[i].path);
}

gboolean
mbox_session_create (gpointer session, const HaulFolder *folders, gsize count,
                     HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  MboxSession *self = session;
  if (!self->dry_run && !mbox_session_may_write (self, "create folders", error))
    return FALSE;
  choose_shape (self, folders, count);
  for (gsize i = 0; i < count; i++)
    {
      g_autoptr (GError) cause = NULL;
      gboolean noselect = (folders[i].attributes & HAUL_FOLDER_NOSELECT) != 0;
      if (!self->dry_run)
        (void) !mbox_tree_create (&self->tree, folders[i].path, noselect, &cause);
      if (cause != NULL && cause->domain == HAUL_ERROR)
        haul_error_set_scope (cause, HAUL_SCOPE_FOLDER);
      func (folders[i].path, cause, user_data);
    }
  return TRUE;
}

/* The names of an existing folder as they stand on disk; NULL: it has no file. */
static char **
spell_existing (const MboxTree *tree, HaulPath path)
{
  g_autofree char *file = tree->is_tree ? mbox_tree_find (tree, path, NULL) : NULL;
  if (file == NULL || !g_str_has_prefix (file, tree->root))
    return NULL;
  const char *below = file + strlen (tree->root);
  while (*below == '/')
    below++;
  char **names = g_strsplit (below, "/", -1);
  for (char **name = names; *name != NULL; name++)
    {
      g_autofree char *entry = *name;
      if (g_str_has_suffix (entry, MBOX_CHILDREN_SUFFIX))
        entry[strlen (entry) - strlen (MBOX_CHILDREN_SUFFIX)] = '\0';
      *name = mbox_name_plain (entry);
    }
  return names;
}

gboolean
mbox_session_spell (gpointer session, HaulPath path, char ***out_path, GError **error)
{
  const MboxSession *self = session;
  MboxTree tree = self->tree;
  if (self->role == HAUL_ROLE_SOURCE)
    {
      char **found = haul_path_is_inbox (path) ? NULL : spell_existing (&tree, path);
      *out_path = found != NULL ? found : haul_path_copy (path);
      return TRUE;
    }
  tree.is_tree = tree.is_tree || (is_open_shape (self) && !haul_path_is_inbox (path));
  char **names = mbox_tree_spell (&tree, path, error);
  if (names == NULL)
    return FALSE;
  *out_path = names;
  return TRUE;
}

gboolean
mbox_session_enter (gpointer session, HaulPath path, HaulEnterMode mode,
                    HaulFolderStatus *out_status, GError **error)
{
  MboxSession *self = session;
  leave_folder (self);
  if (mode == HAUL_ENTER_WRITE && !mbox_session_may_write (self, "enter folder", error))
    return FALSE;
  gint64 now = g_get_real_time ();
  MboxPosition position;
  g_autofree char *path_of_file = mbox_tree_find (&self->tree, path, error);
  if (path_of_file == NULL)
    return FALSE;
  g_autoptr (MboxFile) file = mbox_file_open (path_of_file, MBOX_FILE_READ, error);
  if (file == NULL || !mbox_file_position (file, &position, error))
    return FALSE;
  self->folder_file = g_steal_pointer (&path_of_file);
  if (out_status != NULL)
    {
      *out_status = (HaulFolderStatus){ 0 };
      mbox_session_status (self, &position, now, out_status);
    }
  return TRUE;
}

gboolean
mbox_session_leave (gpointer session, GError **error)
{
  leave_folder (session);
  return TRUE;
}
