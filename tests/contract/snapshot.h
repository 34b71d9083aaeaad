/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A picture of a directory tree, to show that nothing in it was touched.
 */
#pragma once

#include <glib.h>

/* snapshot_of: one line for each entry below @directory: name, type, mode, size, time of
 * change of the content in ns, and a checksum of a file's bytes; sorted. (transfer full)
 */
char *snapshot_of (const char *directory);
