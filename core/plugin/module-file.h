/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks at a module's file before the dynamic linker does, which would die of SIGBUS in a
 * file that was cut short.
 */
#pragma once

#include <glib.h>

/* module_file_check: @file is a whole ELF file as far as its headers say. FALSE with
 * HAUL_ERROR_CONFIG (job scope) naming @file. A file for another machine passes: the
 * linker has the better words for it. */
gboolean module_file_check (const char *file, GError **error);
