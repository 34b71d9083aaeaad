/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens a store, finds out its layout and encoding, and makes its directories a tree of
 * paths. Leaves the walk to walk.c, names to layout.c, messages to folder.c. Session's
 * thread.
 */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "files.h"
#include "bounds.h"
#include "walk.h"

/* File systems whose time stamps come from another machine's clock (statfs(2)). */
static const gint64 remote_magics[] = { 0x6969 /* NFS */,        0xff534d42 /* CIFS */,
                                        0xfe534d42 /* SMB2 */,   0x517b /* SMB */,
                                        0x65735546 /* FUSE */,   0x5346414f /* AFS */,
                                        0x01021997 /* V9FS */,   0x00c36400 /* CEPH */,
                                        0x0bd00bd0 /* Lustre */, 0x47504653 /* GPFS */ };

void
maildir_node_free (MaildirNode *node)
{
  if (!node)
    return;
  g_strfreev (node->path);
  g_free (node->text);
  g_free (node->directory);
  g_free (node);
}

static void
node_free (gpointer node)
{
  maildir_node_free (node);
}

static void
weigh_folder (const char *directory, gpointer user_data)
{
  maildir_layout_weigh (directory, user_data);
}

/* Fills in what the settings leave to the store. */
static gboolean
find_codec (MaildirSession *self, GError **error)
{
  const MaildirSettings *settings = self->settings;
  MaildirEvidence evidence = { 0 };
  MaildirCodec codec = {
    .layout = (MaildirLayout) settings->layout,
    .encoding = (MaildirEncoding) settings->encoding,
    .escape = (MaildirEscape) settings->escape,
  };

  if (codec.layout == MAILDIR_LAYOUT_AUTO
      && !maildir_walk_guess (self->root_fd, settings->path, &codec.layout, error))
    return FALSE;
  if (codec.encoding == MAILDIR_ENCODING_AUTO)
    {
      if (!maildir_walk (self->root_fd, codec.layout, settings->path, weigh_folder,
                         &evidence, error))
        return FALSE;
      codec.encoding = maildir_layout_verdict (&evidence);
    }
  codec.inbox = codec.layout == MAILDIR_LAYOUT_FS
                    ? maildir_walk_inbox (self->root_fd, settings->path, error)
                    : g_strdup ("");
  if (!codec.inbox)
    return FALSE;
  self->codec = codec;
  self->codec_known = TRUE;
  return TRUE;
}

/* What the file system and the owner of the store mean for the session. */
static void
look_at_root (MaildirSession *self)
{
  struct statfs system;
  struct stat info;
  gboolean remote = FALSE;

  if (fstatfs (self->root_fd, &system) == 0)
    for (gsize i = 0; i < G_N_ELEMENTS (remote_magics); i++)
      remote = remote || (gint64) system.f_type == remote_magics[i];
  self->racy_ns = remote ? MAILDIR_REMOTE_RACY_NS : MAILDIR_RACY_NS;
  self->tick_ns = remote ? MAILDIR_RACY_NS : MAILDIR_TICK_NS;
  if (geteuid () == 0 && fstat (self->root_fd, &info) == 0 && info.st_uid != 0)
    {
      self->adopt = TRUE;
      self->owner = info.st_uid;
      self->group = info.st_gid;
    }
}

gboolean
maildir_tree_open (MaildirSession *self, gboolean make, gboolean *out_exists,
                   GError **error)
{
  const char *path = self->settings->path;

  if (self->root_fd < 0)
    {
      if (make && g_mkdir_with_parents (path, 0700) != 0)
        return haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT,
                                     "create directory '%s'", path);
      self->root_fd = maildir_open_directory (AT_FDCWD, path);
      if (self->root_fd < 0 && errno == ENOENT)
        {
          *out_exists = FALSE;
          return TRUE;
        }
      if (self->root_fd < 0)
        return haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT,
                                     "open directory '%s'", path);
      look_at_root (self);
    }
  if (!self->codec_known && !find_codec (self, error))
    {
      if (error && *error)
        haul_error_set_scope (*error, HAUL_SCOPE_ACCOUNT);
      return FALSE;
    }
  *out_exists = TRUE;
  return TRUE;
}

static void
collect_folder (const char *directory, gpointer user_data)
{
  g_ptr_array_add (user_data, g_strdup (directory));
}

static gint
compare_directories (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Name by name, so that parents come before children; the inbox before all. */
static gint
compare_nodes (gconstpointer first, gconstpointer second)
{
  char **a = (*(MaildirNode *const *) first)->path;
  char **b = (*(MaildirNode *const *) second)->path;
  gboolean inbox_a = strcmp (a[0], "INBOX") == 0;
  gboolean inbox_b = strcmp (b[0], "INBOX") == 0;

  if (inbox_a != inbox_b)
    return inbox_a ? -1 : 1;
  for (; *a && *b; a++, b++)
    {
      int order = strcmp (*a, *b);

      if (order)
        return order;
    }
  return *a ? 1 : *b ? -1 : 0;
}

/* The tree while it is built: nodes, and a table of them by text. */
typedef struct
{
  const MaildirCodec *codec;
  GPtrArray *nodes;
  GHashTable *by_text; /* text of the node → node */
} MaildirTreeBuild;

/* Takes over @path. */
static MaildirNode *
add_node (MaildirTreeBuild *build, char **path, const char *directory)
{
  MaildirNode *node = g_new0 (MaildirNode, 1);

  node->path = path;
  node->text = haul_path_to_text ((HaulPath) path);
  node->directory = g_strdup (directory);
  g_ptr_array_add (build->nodes, node);
  g_hash_table_insert (build->by_text, node->text, node);
  return node;
}

static gboolean
is_taken (MaildirTreeBuild *build, char **path)
{
  g_autofree char *text = haul_path_to_text ((HaulPath) path);

  return g_hash_table_contains (build->by_text, text);
}

/* Gives @directory, which is not canonical, a path that no other folder has. */
static void
add_odd (MaildirTreeBuild *build, const char *directory)
{
  g_auto (GStrv) path = maildir_layout_odd_path (build->codec, directory, FALSE);

  if (is_taken (build, path))
    {
      g_strfreev (path);
      path = maildir_layout_odd_path (build->codec, directory, TRUE);
    }
  while (is_taken (build, path))
    {
      guint last = g_strv_length (path) - 1;
      char *longer = g_strconcat (path[last], "_", NULL);

      g_free (path[last]);
      path[last] = longer;
    }
  add_node (build, g_steal_pointer (&path), directory)->odd = TRUE;
  ((MaildirNode *) g_ptr_array_index (build->nodes, build->nodes->len - 1))->selectable =
      TRUE;
}

/* Adds the parents that have no Maildir of their own. */
static void
add_parents (MaildirTreeBuild *build)
{
  guint found = build->nodes->len;

  for (guint i = 0; i < found; i++)
    {
      const MaildirNode *node = g_ptr_array_index (build->nodes, i);

      for (guint length = g_strv_length (node->path) - 1; length > 0; length--)
        {
          char **parent = g_new0 (char *, length + 1);
          g_autofree char *directory = NULL;

          for (guint j = 0; j < length; j++)
            parent[j] = g_strdup (node->path[j]);
          if (is_taken (build, parent))
            {
              g_strfreev (parent);
              break;
            }
          directory = maildir_layout_directory (build->codec, (HaulPath) parent, NULL);
          add_node (build, parent, directory ? directory : "");
        }
    }
}

static void
remember_odd (MaildirSession *self, const GPtrArray *nodes)
{
  g_clear_pointer (&self->odd, g_hash_table_unref);
  self->odd = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < nodes->len; i++)
    {
      const MaildirNode *node = g_ptr_array_index (nodes, i);

      if (node->odd)
        g_hash_table_insert (self->odd, g_strdup (node->text),
                             g_strdup (node->directory));
    }
}

GPtrArray *
maildir_tree_read (MaildirSession *self, GError **error)
{
  const char *const inbox[] = { "INBOX", NULL };
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func (node_free);
  g_autoptr (GHashTable) by_text = g_hash_table_new (g_str_hash, g_str_equal);
  MaildirTreeBuild build = { &self->codec, nodes, by_text };

  if (!maildir_walk (self->root_fd, self->codec.layout, self->settings->path,
                     collect_folder, directories, error))
    {
      if (error && *error)
        haul_error_set_scope (*error, HAUL_SCOPE_ACCOUNT);
      return NULL;
    }
  g_ptr_array_sort (directories, compare_directories); /* the same names every time */
  add_node (&build, haul_path_copy (inbox), self->codec.inbox)->selectable = TRUE;
  for (guint pass = 0; pass < 2; pass++) /* canonical ones first: their paths stand */
    for (guint i = 0; i < directories->len; i++)
      {
        const char *directory = g_ptr_array_index (directories, i);
        g_auto (GStrv) path = maildir_layout_path (&self->codec, directory);

        if (!path && pass == 1)
          add_odd (&build, directory);
        else if (path && pass == 0 && !haul_path_is_inbox ((HaulPath) path))
          add_node (&build, g_steal_pointer (&path), directory)->selectable = TRUE;
      }
  add_parents (&build);
  g_ptr_array_sort (nodes, compare_nodes);
  remember_odd (self, nodes);
  return g_steal_pointer (&nodes);
}

char *
maildir_tree_directory (MaildirSession *self, HaulPath path, GError **error)
{
  g_autoptr (GError) refused = NULL;
  g_autofree char *canonical = maildir_layout_directory (&self->codec, path, &refused);
  g_autofree char *text = haul_path_to_text (path);
  const char *odd = NULL;

  if (canonical
      && (!*canonical || maildir_is_maildir (self->root_fd, canonical)
          || haul_path_is_inbox (path)))
    return g_steal_pointer (&canonical);
  if (!self->odd)
    {
      g_autoptr (GPtrArray) nodes = maildir_tree_read (self, error);

      if (!nodes)
        return NULL;
    }
  odd = g_hash_table_lookup (self->odd, text);
  if (odd)
    return g_strdup (odd);
  if (!canonical)
    g_propagate_error (error, g_steal_pointer (&refused));
  return g_steal_pointer (&canonical);
}
