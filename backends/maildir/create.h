/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making folders.
 */
#pragma once

#include "session.h"

/*
 * maildir_make_folder: makes the Maildir @directory (relative, "" for the top) with its
 * parents; one that exists is a success. @holder: only a place for children. Scope of an
 * error: folder.
 */
gboolean maildir_make_folder (MaildirSession *self, const char *directory,
                              gboolean holder, GError **error);

/* maildir_make_durable: makes what was created in the store survive a power cut, unless
 * the option `durability` is none. */
gboolean maildir_make_durable (MaildirSession *self, GError **error);
