/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patterns of the scripted IMAP server against the text of a command. */
#pragma once

#include <glib.h>

/* Captures of one pattern; more wildcards match, but are not kept. */
#define IMAP_MATCH_CAPTURES 9

/* imap_match: whether the whole of @text matches: "*" is any run of bytes, "<a|b>" one of
 * the words (a plain "<" is itself), "\*" a star; letters in any case. @captures may be
 * NULL; else it gets what the wildcards and alternatives stand for, (transfer full), NULL
 * behind the last; freed and set anew on success only. */
gboolean imap_match (const char *pattern, const char *text,
                     char *captures[IMAP_MATCH_CAPTURES]);

/* imap_match_clear: frees the captures. */
void imap_match_clear (char *captures[IMAP_MATCH_CAPTURES]);
