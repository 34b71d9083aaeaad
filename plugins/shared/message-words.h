/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words by which the report names conditions on messages. All (transfer full).
 */
#pragma once

#include <glib.h>

/* words_of_size: @what and a size in the largest unit that says it exactly. */
char *words_of_size (const char *what, guint64 bytes);
/* words_of_duration: @of, @what and a duration likewise. */
char *words_of_duration (const char *of, const char *what, gint64 duration_us);
/* words_of_date: @of, @what and a date, with the time unless it is midnight (UTC). */
char *words_of_date (const char *of, const char *what, gint64 date_unix);
/* words_of_list: @what and the words. */
char *words_of_list (const char *what, char **words);
/* words_of_header: a field and what it must have (NULL: be there). */
char *words_of_header (const char *name, const char *what);
