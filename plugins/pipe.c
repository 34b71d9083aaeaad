/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <pipe command="/usr/local/bin/fix --quiet"/>: each message through a command of its
 * own, without a shell: the message on its standard input, what it prints takes its
 * place. Its exit status decides. What runs the command is command.c. An instance never
 * changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

#include "shared/command.h"
#include "shared/hold.h"

/* EXIT_KEEP, EXIT_SKIP: what a command says beside success (0) and failure (the rest).
 * Not among those of shells, signals and sysexits.h. */
#define EXIT_KEEP 99
#define EXIT_SKIP 100

/* GROWTH_BYTES: a command that prints so much more than it got has gone mad. */
#define GROWTH_BYTES (G_GUINT64_CONSTANT (1) << 30)

typedef struct
{
  char *command;
  gint64 timeout_us;
  char *reason;
} PipeSettings;

/* Pipe: one element of the job. */
typedef struct
{
  const PipeSettings *settings;
  char **argv;
} Pipe;

/* PipeStream: one message. */
typedef struct
{
  const Pipe *pipe;
  HaulTransformOut *out; /* during a call */
  Command *command;
  Hold *original; /* for a command that says "keep" */
  Hold *printed;
} PipeStream;

static const HaulOptionSpec pipe_options[] = {
  HAUL_OPT_STRING (PipeSettings, command, "command", NULL, HAUL_OPT_REQUIRED,
                   "Program and arguments; quotes as in a shell, but no shell runs"),
  HAUL_OPT_DURATION (
      PipeSettings, timeout_us, "timeout", "60s", "1s", "1h", HAUL_OPT_NONE,
      "A command that takes, prints and ends nothing for so long is killed"),
  HAUL_OPT_STRING (PipeSettings, reason, "reason", "left out by a command", HAUL_OPT_NONE,
                   "What the report says of messages that the command leaves out"),
  HAUL_OPT_END
};

static void
pipe_free (gpointer instance)
{
  Pipe *self = instance;
  g_strfreev (self->argv);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pipe, pipe_free)

static gpointer
pipe_create (gconstpointer data, GError **error)
{
  g_autoptr (Pipe) self = g_new0 (Pipe, 1);
  g_autoptr (GError) failure = NULL;
  self->settings = data;
  if (!g_shell_parse_argv (self->settings->command, NULL, &self->argv, &failure))
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "\"command\": %s",
                      failure->message);
      return NULL;
    }
  g_autofree char *program = g_find_program_in_path (self->argv[0]);
  if (program == NULL)
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "\"command\": there is no program '%s'", self->argv[0]);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static gboolean
pipe_check (gconstpointer settings, GError **error)
{
  g_autoptr (Pipe) self = pipe_create (settings, error);
  return self != NULL;
}

/* ---- a message ---- */

static gboolean
keep_printed (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  PipeStream *self = user_data;
  if (hold_length (self->printed) > hold_length (self->original) + GROWTH_BYTES)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                           "run '%s': it does not stop printing", self->pipe->argv[0]);
  return hold_write (self->printed, data, length, error);
}

static gpointer
pipe_begin (gconstpointer instance, const HaulMessage *message, GError **error)
{
  const Pipe *pipe = instance;
  PipeStream *self = g_new0 (PipeStream, 1);
  CommandSpec spec = { .argv = pipe->argv,
                       .idle_us = pipe->settings->timeout_us,
                       .print = keep_printed,
                       .user_data = self };
  g_autofree char *folder = haul_path_to_text (haul_message_folder (message));
  self->pipe = pipe;
  self->command = command_new (&spec, folder, error);
  if (self->command == NULL)
    {
      g_free (self);
      return NULL;
    }
  self->original = hold_new ();
  self->printed = hold_new ();
  return self;
}

static gboolean
pipe_push (gpointer transform, const guint8 *data, gsize length, HaulTransformOut *out,
           GError **error)
{
  PipeStream *self = transform;
  return hold_write (self->original, data, length, error)
         && command_feed (self->command, data, length, error);
}

static gboolean
write_out (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  return haul_transform_write (((PipeStream *) user_data)->out, data, length, error);
}

/* The command's last words, for the error. */
static gboolean
refuse (PipeStream *self, const char *what, GError **error)
{
  g_autofree char *words = command_words (self->command);
  return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                         "run '%s': %s%s%s", self->pipe->argv[0], what,
                         *words != '\0' ? ": " : "", words);
}

static gboolean
pipe_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  PipeStream *self = transform;
  int status = 0;
  self->out = out;
  if (!command_finish (self->command, &status, error))
    return FALSE;
  if (status == EXIT_SKIP)
    {
      haul_transform_skip (out, self->pipe->settings->reason);
      return TRUE;
    }
  if (status == EXIT_KEEP)
    return hold_give (self->original, write_out, self, error);
  if (status != 0)
    {
      g_autofree char *what = status < 0
                                  ? g_strdup_printf ("it was ended by signal %d", -status)
                                  : g_strdup_printf ("it ended with status %d", status);
      return refuse (self, what, error);
    }
  if (hold_length (self->printed) == 0 && hold_length (self->original) > 0)
    return refuse (self, "it printed nothing", error);
  return hold_give (self->printed, write_out, self, error);
}

static void
pipe_stream_free (gpointer transform)
{
  PipeStream *self = transform;
  command_free (self->command);
  hold_free (self->original);
  hold_free (self->printed);
  g_free (self);
}

static const HaulFilter pipe_filter = {
  HAUL_FILTER_HEADER,
  .name = "pipe",
  .summary = "Passes each message through a command",
  .options = pipe_options,
  .settings_size = sizeof (PipeSettings),
  .effects = HAUL_FILTER_CHANGES_SIZE | HAUL_FILTER_CHANGES_IDENTITY,
  .check = pipe_check,
  .create = pipe_create,
  .destroy = pipe_free,
  .transform_begin = pipe_begin,
  .transform_push = pipe_push,
  .transform_finish = pipe_finish,
  .transform_free = pipe_stream_free,
};

HAUL_DEFINE_FILTER (pipe, pipe_filter)
