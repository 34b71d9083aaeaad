/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What mail programs call the folders of a role in many languages
 * (data/folder-names.txt), for a server that announces no roles (RFC 6154).
 */
#pragma once

#include <mailhaul/folder.h>

/* FolderName: a row of the data. */
typedef struct
{
  const char *language; /* "de", "zh-Hans"; "ambiguous" */
  guint32 use;          /* HaulSpecialUse; 0: this name says nothing */
  const char *name;     /* UTF-8, NFC */
} FolderName;

/* folder_names: all rows; ended by a row whose name is NULL. Made at build time. */
extern const FolderName folder_names[];

/* folder_name_fold: what is equal of two names that count as one: without case, composed.
 * Returns: (transfer full); NULL when @name is not UTF-8. */
char *folder_name_fold (const char *name);

/* folder_names_index: folded name → its HaulSpecialUse (GUINT_TO_POINTER). A name that
 * stands for two roles is not in it. Returns: (transfer full), g_hash_table_unref(). */
GHashTable *folder_names_index (void);

/* folder_names_use: the role that @path has by its name: a whole name at the top or
 * directly below INBOX. 0: none. */
guint32 folder_names_use (GHashTable *index, HaulPath path);
