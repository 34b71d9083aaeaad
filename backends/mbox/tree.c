/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folders on disk. A name is looked for first as we write it, then by reading the
 * directory and comparing decoded names, so that foreign spellings are found, too. On the
 * session's thread.
 */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mailhaul/error.h>

#include "file.h"
#include "names.h"

/* Kind: what a directory entry is to us. */
typedef enum
{
  KIND_NONE = 0,
  KIND_FILE = 1,     /* a folder's mail */
  KIND_CHILDREN = 2, /* Foo.sbd/ */
  KIND_PLAIN = 3,    /* Foo/ */
} Kind;

/* Walk: one listing under way. */
typedef struct
{
  GPtrArray *places;
  GCancellable *cancellable;
  GPtrArray *path;   /* char *: names down to here */
  GArray *ancestors; /* struct stat of the directories above */
} Walk;

/* Entry: one name in a directory, with all that belongs to it. */
typedef struct
{
  char *name;     /* decoded */
  char *file;     /* NULL: none */
  char *children; /* Foo.sbd */
  char *plain;    /* Foo/ */
} Entry;

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  g_free (entry->name);
  g_free (entry->file);
  g_free (entry->children);
  g_free (entry->plain);
  g_free (entry);
}

void
mbox_place_free (MboxPlace *place)
{
  if (place == NULL)
    return;
  g_strfreev (place->path);
  g_free (place->file);
  g_free (place);
}

static void
free_place (gpointer place)
{
  mbox_place_free (place);
}

/* An empty file, or one that begins with a From_ line after blank lines and NUL; a hole
 * longer than the sample gets the benefit of the doubt. */
static gboolean
looks_like_mbox (const char *path, gboolean *out, GError **error)
{
  guint8 sample[MBOX_HASHED_BYTES];
  gsize got = 0, at = 0;
  g_autoptr (MboxFile) file = mbox_file_open (path, MBOX_FILE_READ, error);
  if (file == NULL || !mbox_file_read (file, 0, sample, sizeof sample, &got, error))
    return FALSE;
  while (at < got && (sample[at] == 0 || sample[at] == '\n' || sample[at] == '\r'))
    at++;
  *out = at == got || (got - at >= 5 && memcmp (sample + at, "From ", 5) == 0);
  return TRUE;
}

/* Directories and regular files count, links are followed, everything else is nothing. */
static gboolean
kind_of (const char *path, const char *name, Kind *out, GError **error)
{
  struct stat status;
  *out = KIND_NONE;
  if (mbox_name_is_ignored (name))
    return TRUE;
  if (stat (path, &status) != 0)
    return errno == ENOENT || errno == ELOOP
           || haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "stat '%s'", path);
  if (S_ISDIR (status.st_mode))
    *out = g_str_has_suffix (name, MBOX_CHILDREN_SUFFIX) ? KIND_CHILDREN : KIND_PLAIN;
  else if (S_ISREG (status.st_mode) && !g_str_has_suffix (name, MBOX_CHILDREN_SUFFIX))
    *out = KIND_FILE;
  return TRUE;
}

/* The folder's name for a file name; @root: at the top, where INBOX has any case. */
static char *
folder_name (const char *file_name, Kind kind, gboolean root)
{
  gsize length = strlen (file_name);
  if (kind == KIND_CHILDREN)
    length -= strlen (MBOX_CHILDREN_SUFFIX);
  g_autofree char *base = g_strndup (file_name, length);
  if (root && g_ascii_strcasecmp (base, "INBOX") == 0)
    return g_strdup ("INBOX");
  return mbox_name_decode (base);
}

static Entry *
entry_for (GHashTable *entries, const char *name)
{
  Entry *entry = g_hash_table_lookup (entries, name);
  if (entry != NULL)
    return entry;
  entry = g_new0 (Entry, 1);
  entry->name = g_strdup (name);
  g_hash_table_insert (entries, entry->name, entry);
  return entry;
}

/* Whether a file can belong to the folder @name, whatever its kind is. */
static gboolean
is_named (const char *file_name, gboolean root, const char *name)
{
  gboolean children = g_str_has_suffix (file_name, MBOX_CHILDREN_SUFFIX);
  g_autofree char *decoded = folder_name (file_name, children ? KIND_CHILDREN : KIND_FILE,
                                          root);
  return strcmp (decoded, name) == 0;
}

/* Sorts one file of a directory into its entry. */
static gboolean
add_file (GHashTable *entries, const char *directory, const char *file_name,
          gboolean root, GError **error)
{
  g_autofree char *path = g_build_filename (directory, file_name, NULL);
  Kind kind;
  if (!kind_of (path, file_name, &kind, error))
    return FALSE;
  if (kind == KIND_NONE)
    return TRUE;
  gboolean is_mbox = TRUE;
  if (kind == KIND_FILE && !looks_like_mbox (path, &is_mbox, error))
    return FALSE;
  g_autofree char *name = folder_name (file_name, kind, root);
  if (!is_mbox || name[0] == '\0')
    return TRUE;
  Entry *entry = entry_for (entries, name);
  char **slot = kind == KIND_FILE       ? &entry->file
                : kind == KIND_CHILDREN ? &entry->children
                                        : &entry->plain;
  if (*slot != NULL)
    return haul_error_set (error, HAUL_ERROR_CORRUPT, HAUL_SCOPE_ACCOUNT,
                           "list '%s': '%s' and '%s' are the same folder", directory,
                           *slot, path);
  *slot = g_steal_pointer (&path);
  return TRUE;
}

/* All entries of a directory, by decoded name; @only (may be NULL): just this one. */
static GHashTable *
read_entries (const char *directory, gboolean root, const char *only, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GDir) dir = g_dir_open (directory, 0, &cause);
  if (dir == NULL)
    {
      gboolean missing = g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT);
      haul_error_set (error, missing ? HAUL_ERROR_NOT_FOUND : HAUL_ERROR_PERMISSION,
                      HAUL_SCOPE_ACCOUNT, "list '%s': %s", directory, cause->message);
      return NULL;
    }
  g_autoptr (GHashTable)
      entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  for (;;)
    {
      errno = 0;
      const char *name = g_dir_read_name (dir);
      if (name == NULL && errno != 0)
        {
          haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "list '%s'", directory);
          return NULL;
        }
      if (name == NULL)
        return g_steal_pointer (&entries);
      if ((only == NULL || is_named (name, root, only))
          && !add_file (entries, directory, name, root, error))
        return NULL;
    }
}

/* ---- listing ---- */

static void
add_place (Walk *walk, const char *file)
{
  MboxPlace *place = g_new0 (MboxPlace, 1);
  place->path = g_new0 (char *, walk->path->len + 1);
  for (guint i = 0; i < walk->path->len; i++)
    place->path[i] = g_strdup (g_ptr_array_index (walk->path, i));
  place->file = g_strdup (file);
  g_ptr_array_add (walk->places, place);
}

/* FALSE in *@out: a link leads back to a directory above. */
static gboolean
push_directory (Walk *walk, const char *directory, gboolean *out, GError **error)
{
  struct stat status;
  if (stat (directory, &status) != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "stat '%s'",
                                 directory);
  *out = walk->ancestors->len < MBOX_DEPTH_LIMIT;
  for (guint i = 0; i < walk->ancestors->len; i++)
    {
      const struct stat *above = &g_array_index (walk->ancestors, struct stat, i);
      *out = *out && (above->st_ino != status.st_ino || above->st_dev != status.st_dev);
    }
  if (*out)
    g_array_append_val (walk->ancestors, status);
  return TRUE;
}

static gboolean walk_directory (Walk *walk, const char *directory, GError **error);

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  const Entry *first = *(Entry *const *) a, *second = *(Entry *const *) b;
  return strcmp (first->name, second->name);
}

static gboolean
walk_entry (Walk *walk, const Entry *entry, GError **error)
{
  g_ptr_array_add (walk->path, entry->name);
  guint first = walk->places->len;
  add_place (walk, entry->file);
  gboolean done = (entry->children == NULL
                   || walk_directory (walk, entry->children, error))
                  && (entry->plain == NULL || walk_directory (walk, entry->plain, error));
  /* a plain directory without folders is somebody else's */
  if (done && entry->file == NULL && entry->children == NULL
      && walk->places->len == first + 1)
    g_ptr_array_set_size (walk->places, (gint) first);
  g_ptr_array_set_size (walk->path, (gint) walk->path->len - 1);
  return done;
}

static gboolean
walk_directory (Walk *walk, const char *directory, GError **error)
{
  gboolean fresh = FALSE;
  if (g_cancellable_set_error_if_cancelled (walk->cancellable, error)
      || !push_directory (walk, directory, &fresh, error))
    return FALSE;
  if (!fresh)
    return TRUE;
  g_autoptr (GHashTable)
      entries = read_entries (directory, walk->path->len == 0, NULL, error);
  if (entries == NULL)
    return FALSE;
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer entry;
  g_hash_table_iter_init (&iter, entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    g_ptr_array_add (sorted, entry);
  g_ptr_array_sort (sorted, compare_entries);
  gboolean done = TRUE;
  for (guint i = 0; done && i < sorted->len; i++)
    done = walk_entry (walk, g_ptr_array_index (sorted, i), error);
  g_array_set_size (walk->ancestors, walk->ancestors->len - 1);
  return done;
}

static gint
compare_paths (gconstpointer a, gconstpointer b)
{
  const MboxPlace *first = *(MboxPlace *const *) a, *second = *(MboxPlace *const *) b;
  for (gsize i = 0; first->path[i] != NULL && second->path[i] != NULL; i++)
    {
      int order = strcmp (first->path[i], second->path[i]);
      if (order != 0)
        return order;
    }
  return (int) g_strv_length (first->path) - (int) g_strv_length (second->path);
}

/* Foo.sbd/Bar and Foo/Bar would be one folder in two files. */
static gboolean
check_unique (GPtrArray *places, GError **error)
{
  for (guint i = 1; i < places->len; i++)
    if (compare_paths (&g_ptr_array_index (places, i - 1), &g_ptr_array_index (places, i))
        == 0)
      {
        const MboxPlace *place = g_ptr_array_index (places, i);
        g_autofree char *text = haul_path_to_text ((HaulPath) place->path);
        return haul_error_set (error, HAUL_ERROR_CORRUPT, HAUL_SCOPE_ACCOUNT,
                               "list folders: '%s' exists twice", text);
      }
  return TRUE;
}

GPtrArray *
mbox_tree_list (const MboxTree *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) places = g_ptr_array_new_with_free_func (free_place);
  Walk walk = { .places = places, .cancellable = cancellable };
  g_autoptr (GPtrArray) path = walk.path = g_ptr_array_new ();
  g_autoptr (GArray)
      ancestors = walk.ancestors = g_array_new (FALSE, FALSE, sizeof (struct stat));
  if (!self->is_tree)
    {
      if (access (self->root, F_OK) != 0)
        {
          haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "open '%s'",
                                self->root);
          return NULL;
        }
      g_ptr_array_add (path, (gpointer) "INBOX");
      add_place (&walk, self->root);
      return g_steal_pointer (&places);
    }
  if (!walk_directory (&walk, self->root, error))
    return NULL;
  g_ptr_array_sort (places, compare_paths);
  return check_unique (places, error) ? g_steal_pointer (&places) : NULL;
}

/* ---- finding ---- */

/* The entry for @name in @directory, whatever its spelling; NULL with no error: none. */
static Entry *
find_entry (const char *directory, const char *name, gboolean root, GError **error)
{
  g_autoptr (GHashTable) entries = read_entries (directory, root, name, error);
  gpointer entry = NULL;
  if (entries != NULL)
    g_hash_table_steal_extended (entries, name, NULL, &entry);
  return entry;
}

/* The path of a thing called @name as we would write it. */
static char *
own_path (const char *directory, const char *name, Kind kind)
{
  g_autofree char *encoded = mbox_name_encode (name);
  g_autofree char *file_name = g_strconcat (
      encoded, kind == KIND_CHILDREN ? MBOX_CHILDREN_SUFFIX : "", NULL);
  return g_build_filename (directory, file_name, NULL);
}

static gboolean
is_there (const char *path, gboolean directory)
{
  struct stat status;
  return stat (path, &status) == 0 && !!S_ISDIR (status.st_mode) == !!directory;
}

/* The directory that holds the children of @name: an existing one, else as we would make
 * it (*@out_exists FALSE). */
static char *
children_of (const char *directory, const char *name, gboolean root, gboolean *out_exists,
             GError **error)
{
  g_autofree char *own = own_path (directory, name, KIND_CHILDREN);
  *out_exists = is_there (own, TRUE);
  if (*out_exists || !is_there (directory, TRUE))
    return g_steal_pointer (&own);
  g_autoptr (GError) cause = NULL;
  Entry *entry = find_entry (directory, name, root, &cause);
  if (cause != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
  if (entry == NULL)
    return g_steal_pointer (&own);
  char *found = g_strdup (entry->children ? entry->children : entry->plain);
  *out_exists = found != NULL;
  if (found == NULL && entry->file != NULL)
    found = g_strconcat (entry->file, MBOX_CHILDREN_SUFFIX, NULL);
  entry_free (entry);
  return found;
}

/* The file of @name in @directory, existing, or NULL without an error. */
static char *
file_of (const char *directory, const char *name, gboolean root, GError **error)
{
  g_autofree char *own = own_path (directory, name, KIND_FILE);
  if (is_there (own, FALSE))
    return g_steal_pointer (&own);
  if (!is_there (directory, TRUE))
    return NULL;
  Entry *entry = find_entry (directory, name, root, error);
  if (entry == NULL)
    return NULL;
  char *file = g_strdup (entry->file);
  entry_free (entry);
  return file;
}

static gboolean
no_folder (HaulPath path, GError **error)
{
  g_autofree char *text = haul_path_to_text (path);
  return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                         "find folder '%s': there is none", text);
}

/* The directories of all parents; made when @make. NULL: an error, or (@make FALSE and no
 * error) one is missing. */
static char *
parent_directory (const MboxTree *self, HaulPath path, gboolean make, GError **error)
{
  g_autofree char *directory = g_strdup (self->root);
  for (gsize i = 0; path[i + 1] != NULL; i++)
    {
      gboolean exists = FALSE;
      char *next = children_of (directory, path[i], i == 0, &exists, error);
      g_free (directory);
      directory = next;
      if (directory == NULL || (!exists && !make))
        return NULL;
      if (!exists && mkdir (directory, 0700) != 0 && errno != EEXIST)
        {
          haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "make directory '%s'",
                                directory);
          return NULL;
        }
      if (!exists && !mbox_sync_directory (directory, error))
        return NULL;
    }
  return g_steal_pointer (&directory);
}

char *
mbox_tree_find (const MboxTree *self, HaulPath path, GError **error)
{
  if (!self->is_tree)
    {
      if (haul_path_is_inbox (path) && access (self->root, F_OK) == 0)
        return g_strdup (self->root);
      no_folder (path, error);
      return NULL;
    }
  g_autoptr (GError) cause = NULL;
  g_autofree char *directory = parent_directory (self, path, FALSE, &cause);
  gsize last = g_strv_length ((char **) path) - 1;
  char *file = directory ? file_of (directory, path[last], last == 0, &cause) : NULL;
  if (cause != NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
  else if (file == NULL)
    no_folder (path, error);
  return file;
}

/* ---- creating ---- */

static gboolean
create_file (const char *path, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST && is_there (path, FALSE))
    return TRUE;
  if (fd < 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "create '%s'", path);
  close (fd);
  return mbox_sync_directory (path, error);
}

static gboolean
create_directories (const char *path, GError **error)
{
  if (g_mkdir_with_parents (path, 0700) != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "make directory '%s'",
                                 path);
  return TRUE;
}

static gboolean
create_in_tree (const MboxTree *self, HaulPath path, gboolean noselect, GError **error)
{
  gsize last = g_strv_length ((char **) path) - 1;
  g_autofree char *directory = parent_directory (self, path, TRUE, error);
  if (directory == NULL)
    return FALSE;
  if (noselect)
    {
      gboolean exists = FALSE;
      g_autofree char *children = children_of (directory, path[last], last == 0, &exists,
                                               error);
      return children != NULL
             && (exists
                 || (create_directories (children, error)
                     && mbox_sync_directory (children, error)));
    }
  g_autoptr (GError) cause = NULL;
  g_autofree char *found = file_of (directory, path[last], last == 0, &cause);
  if (cause != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  g_autofree char *own = own_path (directory, path[last], KIND_FILE);
  return found != NULL || create_file (own, error);
}

/* A single file is the inbox and nothing else. */
static gboolean
check_single (const MboxTree *self, HaulPath path, GError **error)
{
  if (haul_path_is_inbox (path))
    return TRUE;
  g_autofree char *text = haul_path_to_text (path);
  return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                         "create folder '%s': '%s' is a single mbox file and holds "
                         "only INBOX; set tree=\"true\" for a directory of files",
                         text, self->root);
}

char **
mbox_tree_spell (const MboxTree *self, HaulPath path, GError **error)
{
  if (!self->is_tree && !check_single (self, path, error))
    return NULL;
  g_auto (GStrv) names = haul_path_copy (path);
  gsize total = 0;
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *name = names[i];
      names[i] = mbox_name_encode (name);
      total += strlen (names[i]) + strlen ("/" MBOX_CHILDREN_SUFFIX);
      if (strlen (names[i]) <= MBOX_NAME_LIMIT && total <= MBOX_PATH_LIMIT
          && i < MBOX_DEPTH_LIMIT)
        continue;
      haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                      "folder name '%s' is too long or too deep for a file: no more than "
                      "%d bytes, %d levels and %d bytes in all",
                      name, MBOX_NAME_LIMIT, MBOX_DEPTH_LIMIT, MBOX_PATH_LIMIT);
      return NULL;
    }
  return g_steal_pointer (&names);
}

gboolean
mbox_tree_create (const MboxTree *self, HaulPath path, gboolean noselect, GError **error)
{
  if (self->is_tree)
    return create_directories (self->root, error)
           && create_in_tree (self, path, noselect, error);
  if (!check_single (self, path, error))
    return FALSE;
  g_autofree char *directory = g_path_get_dirname (self->root);
  return create_directories (directory, error)
         && (noselect || create_file (self->root, error));
}
