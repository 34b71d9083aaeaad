/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A set of keywords as one canonical string: sorted without case, doubles (without case)
 * removed, joined by blanks; "" is the empty set. So a set is one pointer in memory and
 * one column in the state.
 */
#pragma once

#include <glib.h>

/* keywords_join: (transfer full), never NULL. @words may be NULL; invalid words (blank,
 * control or non-ASCII bytes inside) are left out. */
char *keywords_join (const char *const *words);
/* keywords_split: (transfer full), free with g_strfreev(); never NULL. */
char **keywords_split (const char *set);
/* keywords_equal: the same set, without case. NULL counts as "". */
gboolean keywords_equal (const char *a, const char *b);
/* keywords_minus: the words of @a that are not in @b. (transfer full) */
char *keywords_minus (const char *a, const char *b);
/* keywords_union: the words of both; spelling of @a wins. (transfer full) */
char *keywords_union (const char *a, const char *b);
/* keywords_contains: without case. */
gboolean keywords_contains (const char *set, const char *word);
