/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One option's text and its member of a settings struct. The parsers of sizes, durations
 * and dates are declared in option-table.h.
 */
#pragma once

#include <mailhaul/options.h>

/* option_value_size: the size of the member's C type; 0 for an unknown type. */
gsize option_value_size (HaulOptionType type);

/* option_value_is_number: the type has a range and a unit (uint, size, duration). */
gboolean option_value_is_number (HaulOptionType type);

/* option_value_parse_number: @text of a number type in the member's own unit. */
gboolean option_value_parse_number (HaulOptionType type, const char *text,
                                    guint64 *out_number);

/*
 * option_value_store: converts @text and writes it to @spec's member of @settings, which
 * must still be zeroed. @directory: where a relative path starts, or NULL. Not for
 * secrets. Returns: NULL, or (transfer full) the rule that was broken, to follow the
 * option's name: "must be 1 to 1024 commands, got \"4096\"".
 */
char *option_value_store (const HaulOptionSpec *spec, const char *text,
                          const char *directory, gpointer settings);

/* option_value_resolve: @path after "~/" and @directory (may be NULL). (transfer full) */
char *option_value_resolve (const char *path, const char *directory);

/* option_value_clear: frees what the member owns and zeroes it; wipes secrets. */
void option_value_clear (const HaulOptionSpec *spec, gpointer settings);
