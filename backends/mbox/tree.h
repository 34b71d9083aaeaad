/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where folders lie: a single file that is INBOX, or a directory of files in which the
 * children of Foo lie in Foo.sbd/ (Mozilla) or in a plain directory Foo/.
 */
#pragma once

#include <gio/gio.h>

#include <mailhaul/folder.h>

/* MBOX_DEPTH_LIMIT: names in a path; protects against loops of links. */
#define MBOX_DEPTH_LIMIT 64

/* MBOX_NAME_LIMIT: bytes of a folder's file name: what file systems take (255), less the
 * longest ending that we or a lock put behind it. MBOX_PATH_LIMIT: of all names together,
 * so that the root and they stay within PATH_MAX. */
#define MBOX_NAME_LIMIT 240
#define MBOX_PATH_LIMIT 3000

/* MboxTree: @is_tree FALSE: @root is the one file. */
typedef struct
{
  const char *root;
  gboolean is_tree;
} MboxTree;

/* MboxPlace: one folder found. @file: NULL for a container without mail. */
typedef struct
{
  char **path;
  char *file;
} MboxPlace;

/* mbox_place_free: accepts NULL. */
void mbox_place_free (MboxPlace *place);

/*
 * mbox_tree_list: all folders, parents first, in the order of their names: GPtrArray of
 * MboxPlace (transfer container and elements). Complete or an error. Files that do not
 * begin like an mbox are no folders. HAUL_ERROR_NOT_FOUND (account) when the root does
 * not exist.
 */
GPtrArray *mbox_tree_list (const MboxTree *self, GCancellable *cancellable,
                           GError **error);

/* mbox_tree_find: the file of the folder @path, existing. HAUL_ERROR_NOT_FOUND (folder),
 * also for a container without a file. (transfer full) */
char *mbox_tree_find (const MboxTree *self, HaulPath path, GError **error);

/* mbox_tree_create: makes the folder and its parents' directories; an existing one is a
 * success. @noselect: only the directory for children. Errors with folder scope. */
gboolean mbox_tree_create (const MboxTree *self, HaulPath path, gboolean noselect,
                           GError **error);

/* mbox_tree_spell: the file names of @path as we would write them. HAUL_ERROR_REJECTED or
 * _UNSUPPORTED (folder) when there can be no such file. (transfer full) */
char **mbox_tree_spell (const MboxTree *self, HaulPath path, GError **error);
