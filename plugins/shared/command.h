/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program that reads a message and prints another: fed, read and watched in one place,
 * so that neither side can make the other wait for ever. For filters; one thread.
 */
#pragma once

#include <glib.h>

/* COMMAND_WORDS_BYTES: of what a program prints to its standard error that is kept. */
#define COMMAND_WORDS_BYTES 1000

/* CommandSpec: what is run. Stands as long as the command but for `argv`'s strings. */
typedef struct
{
  char **argv;
  gint64 idle_us; /* a program that does nothing for so long is killed */
  /* What it printed; FALSE with @error set ends it. */
  gboolean (*print) (const guint8 *data, gsize length, gpointer user_data,
                     GError **error);
  gpointer user_data;
} CommandSpec;

/* Command: a running program. */
typedef struct _Command Command;

/* command_new: starts it, with the folder's path in its environment (MAILHAUL_FOLDER);
 * (transfer full). NULL with HAUL_ERROR_CONFIG: it cannot be started. */
Command *command_new (const CommandSpec *spec, const char *folder, GError **error);
/* command_feed: the next bytes for its standard input; a program that wants no more is
 * given no more. FALSE with HAUL_ERROR_REJECTED (message scope): it was killed. */
gboolean command_feed (Command *self, const guint8 *data, gsize length, GError **error);
/* command_finish: ends its input and waits for its end: *@out_status, minus the number of
 * the signal that ended it. */
gboolean command_finish (Command *self, int *out_status, GError **error);
/* command_words: the end of what it said on its standard error, in one line; (transfer
 * full). */
char *command_words (const Command *self);
/* command_free: kills it if it still runs. Accepts NULL. */
void command_free (Command *self);
