/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A collection of mistakes in a person's input, each with its file and line, so that all
 * of them are reported at once.
 */
#pragma once

#include <glib.h>

/* Problem: one mistake. @file may be NULL (command line); @line 0: not known. */
typedef struct
{
  char *file;
  guint line;
  gboolean warning; /* worth saying, but the job may run */
  char *text;
} Problem;

/* Problems: an ordered collection; one thread at a time. */
typedef struct _Problems Problems;

/* problems_new: an empty collection; free with problems_free(). */
Problems *problems_new (void);
/* problems_free: accepts NULL. */
void problems_free (Problems *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Problems, problems_free)

/* problems_add: an error at @file:@line (copied; @file may be NULL). */
void problems_add (Problems *self, const char *file, guint line, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
/* problems_warn: a warning. */
void problems_warn (Problems *self, const char *file, guint line, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
/* problems_count: errors only, warnings not counted. */
guint problems_count (const Problems *self);
/* problems_length: errors and warnings. */
guint problems_length (const Problems *self);
/* problems_get: the @index-th, in order of file and line once problems_sort() was called.
 */
const Problem *problems_get (const Problems *self, guint index);
/* problems_first_error: the first that is no warning; NULL: there is none. (transfer
 * none) */
const Problem *problems_first_error (const Problems *self);
/* problems_sort: by file, then line; stable. */
void problems_sort (Problems *self);
/* problems_nearest: of NULL-terminated @names the one most like @word, or NULL when none
 * is near enough (edit distance ≤ 2 or a third of the length). (transfer none) */
const char *problems_nearest (const char *word, const char *const *names);
