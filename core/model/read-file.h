/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole files within a limit.
 */
#pragma once

#include <glib.h>

/*
 * read_file_bytes: the bytes of @file, at most @limit. Returns: (transfer full); NULL
 * with errno set, EFBIG when it is larger.
 */
GByteArray *read_file_bytes (const char *file, gsize limit);
