/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The folders of a store: finding out how it writes them, and walking them. Reads only.
 */
#pragma once

#include "session.h"

/*
 * MaildirNode: one folder found. @text: haul_path_to_text() of @path. @selectable: it has
 * cur/ or new/. @odd: @directory is not the canonical one for @path.
 */
typedef struct
{
  char **path;
  char *text;
  char *directory;
  gboolean selectable;
  gboolean odd;
} MaildirNode;

/* maildir_node_free: accepts NULL. */
void maildir_node_free (MaildirNode *node);

/* maildir_is_maildir: @directory below @at has a cur/ or new/, or may not be looked into
 * (then entering it gives the error, rather than the folder vanish). */
gboolean maildir_is_maildir (int at, const char *directory);

/*
 * maildir_tree_open: opens the top directory if it exists and was not open, and finds out
 * the codec. *@out_exists: there is a store. With @make the top directory is created. An
 * error has HAUL_SCOPE_ACCOUNT.
 */
gboolean maildir_tree_open (MaildirSession *self, gboolean make, gboolean *out_exists,
                            GError **error);

/*
 * maildir_tree_read: every folder, parents before children and missing parents filled in,
 * INBOX first; and renews self->odd. The store is open. Returns: (transfer container) of
 * MaildirNode that free themselves; NULL on error.
 */
GPtrArray *maildir_tree_read (MaildirSession *self, GError **error);

/*
 * maildir_tree_directory: the directory of @path: the canonical one, unless only another
 * one exists. The store is open. (transfer full); NULL on error.
 */
char *maildir_tree_directory (MaildirSession *self, HaulPath path, GError **error);
