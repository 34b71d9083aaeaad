/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of the program as people make them, each in a directory of its own with a copy of
 * the sample mailbox (old.mbox, 60 messages, 2 of them deleted) and a job (job.xml).
 */
#pragma once

#include <gio/gio.h>

/* Called: how one call of the program ended. */
typedef struct
{
  int status; /* exit code; -1: killed by a signal */
  char *out;
  char *err;
} Called;

/* Fixture: of one test. */
typedef struct
{
  char *dir;
} Fixture;

/* cli_set_up, cli_tear_down: makes and removes the directory. */
void cli_set_up (Fixture *fixture, gconstpointer data);
void cli_tear_down (Fixture *fixture, gconstpointer data);
/* cli_write: a file of the directory. */
void cli_write (const Fixture *fixture, const char *name, const char *text);
/* cli_read: what stands in one. (transfer full) */
char *cli_read (const Fixture *fixture, const char *name);
/* cli_exists: whether there is one. */
gboolean cli_exists (const Fixture *fixture, const char *name);
/* cli_start: begins a call, written as for a shell. (transfer full) */
GSubprocess *cli_start (const Fixture *fixture, const char *command_line);
/* cli_finish: waits for its end. Clear with called_clear(). */
Called cli_finish (GSubprocess *process);
/* cli_call: both. */
Called cli_call (const Fixture *fixture, const char *command_line);
/* called_clear: frees the members. */
void called_clear (Called *called);
/* cli_has, cli_has_not: asserts that @part stands in @text, or not; else shows it all. */
void cli_has (const char *text, const char *part);
void cli_has_not (const char *text, const char *part);
/* cli_expect: the call ends so, and says @out and @err (NULL: anything, "": nothing). */
void cli_expect (const Fixture *fixture, const char *command_line, int status,
                 const char *out, const char *err);
