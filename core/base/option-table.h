/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the strings of a job to a plugin's settings struct, by the plugin's option table.
 */
#pragma once

#include <mailhaul/error.h>
#include <mailhaul/options.h>

#include "base/problems.h"

/* OptionValue: one attribute as a job or command line wrote it. Borrowed strings. */
typedef struct
{
  const char *name;
  const char *value;
  guint line;       /* for messages; 0: that of the OptionPlace */
  const char *file; /* for messages; NULL: that of the OptionPlace */
} OptionValue;

/* OptionPlace: where values come from, for messages and relative paths. */
typedef struct
{
  const char *file;      /* NULL: command line */
  guint line;            /* 0: unknown */
  const char *owner;     /* "imap", "skip-message": names the element */
  const char *directory; /* relative paths and secret files start here; NULL: as given */
  guint32 refused_flags; /* HAUL_OPT_ONLY_SOURCE or …_DESTINATION that do not fit here */
} OptionPlace;

/*
 * option_table_check: the sanity of a plugin's table: unique names (also against the
 * derived -file, -env, -command of secrets), known types, offsets inside @settings_size,
 * defaults that parse and lie in range, a summary for each, a unit for numbers, choices
 * for enums. FALSE with HAUL_ERROR_CONFIG (job scope) naming the option.
 */
gboolean option_table_check (const HaulOptionSpec *specs, gsize settings_size,
                             GError **error);

/*
 * option_table_parse: a new settings struct with defaults and @values. All mistakes are
 * added to @problems: unknown name (with the nearest known one), duplicate, malformed
 * value, out of range (with range and unit), required but missing, wrong side.
 *
 * Returns: (transfer full): free with option_table_free(); NULL when there were errors.
 */
gpointer option_table_parse (const HaulOptionSpec *specs, gsize settings_size,
                             const OptionValue *values, gsize count,
                             const OptionPlace *place, Problems *problems);

/* option_table_find: the row that @name, which for a secret may be NAME-file and so on,
 * belongs to; NULL: none. (transfer none) */
const HaulOptionSpec *option_table_find (const HaulOptionSpec *specs, const char *name);

/* option_table_free: frees members (secrets are wiped) and struct. Accepts NULL. */
void option_table_free (const HaulOptionSpec *specs, gpointer settings);

/* option_parse_size: "50M", "64KiB", "17". FALSE: malformed or overflow. */
gboolean option_parse_size (const char *text, guint64 *out_bytes);
/* option_parse_duration: "90s", "7d", "10y", "500ms"; a bare number is refused unless 0.
 */
gboolean option_parse_duration (const char *text, gint64 *out_us);
/* option_parse_date: ISO 8601 date ("2024-01-31") or date and time; UTC unless a zone is
 * given. */
gboolean option_parse_date (const char *text, gint64 *out_unix);
/* option_type_name: "size", "duration", … (static). */
const char *option_type_name (HaulOptionType type);
