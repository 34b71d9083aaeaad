/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mailboxes made up for tests, and an independent look at what lies in a store: no code
 * of mailhaul's is used to read it back.
 */
#pragma once

#include <glib.h>

/* corpus_write: a Maildir++ tree below @path with @count messages in INBOX, Sent,
 * Archive/2024 and "Gr&APw-ße" (a name beyond ASCII): flags, keywords, dates, 8-bit,
 * `From ` and `>From ` lines, `.` lines, long lines, messages without Message-ID, without
 * Date, byte-identical doubles, one Message-ID on different bodies. The same arguments
 * give the same bytes. */
void corpus_write (const char *path, guint count, guint seed);

/* corpus_read: what lies in the Maildir++ tree @path: "folder|flags|keywords|date|sha256
 * of the content in canonical form" → how often (GUINT as pointer). (transfer full) */
GHashTable *corpus_read (const char *path);

/* corpus_digest: of a message's canonical form: LF line ends, headers that are mbox's own
 * gone, exactly one line end at the end. (transfer full) */
char *corpus_digest (const char *data, gsize length);

/* corpus_assert_equal: the same messages equally often; @label names the moment. */
void corpus_assert_equal (GHashTable *expected, GHashTable *found, const char *label);

/* corpus_count: messages in all. */
guint corpus_count (GHashTable *corpus);

/* corpus_tmp_dir: a new directory below @where (NULL: g_get_tmp_dir()). (transfer full)
 */
char *corpus_tmp_dir (const char *where);

/* corpus_remove: the directory and all below it. */
void corpus_remove (const char *path);

/* ProgramResult: how a run of the program ended. */
typedef struct
{
  int status;      /* exit code; -1: killed by a signal */
  char *out;       /* standard output and error together */
  guint64 rss_kib; /* peak resident memory */
} ProgramResult;

/* program_run: runs mailhaul (from MAILHAUL_PROGRAM) with @arguments (NULL-terminated),
 * kills it with SIGKILL after @kill_us unless 0. Clear with program_result_clear(). */
ProgramResult program_run (const char *const *arguments, gint64 kill_us);
/* program_result_clear: frees the output. */
void program_result_clear (ProgramResult *self);
