/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folder names to file names and back. Pure.
 */
#pragma once

#include <glib.h>

/*
 * mbox_name_encode: a folder's name as a file name: UTF-8; '/', '%', control characters,
 * a leading '.' and the '.' of the endings .sbd, .lock and .msf as %XX. Injective.
 * (transfer full)
 */
char *mbox_name_encode (const char *name);

/*
 * mbox_name_decode: a file name (of a folder, endings taken off) as a folder's name. What
 * mbox_name_encode() would never write is taken as it stands, bytes that are no UTF-8 as
 * %XX, so that foreign files have names, too. (transfer full)
 */
char *mbox_name_decode (const char *file_name);

/* mbox_name_plain: the same as others show it, our escapes as they stand. (transfer full)
 */
char *mbox_name_plain (const char *file_name);

/* mbox_name_is_ignored: a file that is never a folder: dotfiles, locks, indexes. */
gboolean mbox_name_is_ignored (const char *file_name);

/* MBOX_CHILDREN_SUFFIX: the directory with the children of the file Foo is Foo.sbd. */
#define MBOX_CHILDREN_SUFFIX ".sbd"
