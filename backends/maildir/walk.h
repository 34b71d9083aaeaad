/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The directories of a store that are folders, in both layouts. Reads only.
 */
#pragma once

#include <glib.h>

#include "layout.h"

/*
 * MaildirWalkFunc: a folder's directory, relative to the store, in no particular order.
 * (transfer none)
 */
typedef void (*MaildirWalkFunc) (const char *directory, gpointer user_data);

/* maildir_walk: calls @func for every folder of the store @root_fd but its top, once. An
 * error has the path @where in it. */
gboolean maildir_walk (int root_fd, MaildirLayout layout, const char *where,
                       MaildirWalkFunc func, gpointer user_data, GError **error);

/*
 * maildir_walk_guess: which layout the store @root_fd has: more Maildirs named `.X` or
 * more named `X` at its top or below; Maildir++ without any.
 */
gboolean maildir_walk_guess (int root_fd, const char *where, MaildirLayout *out_layout,
                             GError **error);

/* maildir_walk_inbox: for the layout "fs": the directory of the inbox: "" when the top is
 * a Maildir, else a Maildir at the top that is called INBOX in any case, else "".
 * (transfer full); NULL on error. */
char *maildir_walk_inbox (int root_fd, const char *where, GError **error);
