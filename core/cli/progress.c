/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Progress on standard error: one line on a terminal, a plain line every ten seconds
 * elsewhere, or one JSON object an event. Main thread.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* PLAIN_INTERVAL_US: how often a plain line is printed. */
#define PLAIN_INTERVAL_US (10 * G_USEC_PER_SEC)

struct _ProgressView
{
  ProgressMode mode;
  gint64 started_us;
  gint64 printed_us;
  char *folder;
  gboolean dirty; /* the terminal's line is ours */
};

ProgressView *
progress_new (ProgressMode mode)
{
  ProgressView *self = g_new0 (ProgressView, 1);
  const char *term = g_getenv ("TERM");
  gboolean terminal = isatty (STDERR_FILENO) && g_getenv ("NO_COLOR") == NULL
                      && term != NULL && strcmp (term, "dumb") != 0;
  self->mode = mode != PROGRESS_AUTO ? mode : terminal ? PROGRESS_TTY : PROGRESS_PLAIN;
  self->started_us = self->printed_us = g_get_monotonic_time ();
  return self;
}

static void
clean_line (ProgressView *self)
{
  if (self->dirty)
    fprintf (stderr, "\r\033[K");
  self->dirty = FALSE;
}

void
progress_free (ProgressView *self)
{
  if (self == NULL)
    return;
  clean_line (self);
  g_free (self->folder);
  g_free (self);
}

static char *
describe (ProgressView *self, const Event *event)
{
  const Progress *progress = event->progress;
  guint64 done = __atomic_load_n (&progress->done_messages, __ATOMIC_RELAXED);
  guint64 planned = __atomic_load_n (&progress->planned_messages, __ATOMIC_RELAXED);
  guint64 bytes = __atomic_load_n (&progress->done_bytes, __ATOMIC_RELAXED);
  guint64 planned_bytes = __atomic_load_n (&progress->planned_bytes, __ATOMIC_RELAXED);
  gint64 elapsed_us = MAX (g_get_monotonic_time () - self->started_us, 1);
  guint64 rate = bytes * G_USEC_PER_SEC / (guint64) elapsed_us;
  g_autofree char *a = cli_number (done);
  g_autofree char *b = cli_number (planned);
  g_autofree char *c = cli_bytes (bytes);
  g_autofree char *d = cli_bytes (rate);
  guint64 left_s = rate > 0 && planned_bytes > bytes ? (planned_bytes - bytes) / rate : 0;
  return g_strdup_printf (
      "%s: %s of %s messages, %s, %s/s, %" G_GUINT64_FORMAT " s left%s%s", event->account,
      a, b, c, d, left_s, self->folder != NULL ? ", in " : "",
      self->folder != NULL ? self->folder : "");
}

static void
tick (ProgressView *self, const Event *event)
{
  gint64 now_us = g_get_monotonic_time ();
  if (self->mode == PROGRESS_PLAIN && now_us - self->printed_us < PLAIN_INTERVAL_US)
    return;
  if (__atomic_load_n (&event->progress->planned_messages, __ATOMIC_RELAXED) == 0)
    return;
  g_autofree char *text = describe (self, event);
  self->printed_us = now_us;
  if (self->mode == PROGRESS_TTY)
    {
      fprintf (stderr, "\r\033[K%.100s", text);
      self->dirty = TRUE;
    }
  else
    fprintf (stderr, "%s\n", text);
}

static void
print_json (const Event *event, const char *kind)
{
  g_autofree char *account = cli_json_quote (event->account);
  g_autofree char *folder = cli_json_quote (event->folder);
  g_autofree char *text = cli_json_quote (event->text);
  fprintf (stderr, "{\"event\":\"%s\",\"account\":%s,\"folder\":%s,\"text\":%s", kind,
           account, folder, text);
  if (event->progress != NULL)
    fprintf (stderr,
             ",\"done\":%" G_GUINT64_FORMAT ",\"planned\":%" G_GUINT64_FORMAT
             ",\"bytes\":%" G_GUINT64_FORMAT,
             __atomic_load_n (&event->progress->done_messages, __ATOMIC_RELAXED),
             __atomic_load_n (&event->progress->planned_messages, __ATOMIC_RELAXED),
             __atomic_load_n (&event->progress->done_bytes, __ATOMIC_RELAXED));
  fprintf (stderr, "}\n");
}

void
progress_event (ProgressView *self, const Event *event)
{
  static const char *const kinds[] = { "progress",     "account-begin", "account-end",
                                       "folder-begin", "folder-end",    "action",
                                       "failure",      "notice" };
  if (event->kind == EVENT_FOLDER_BEGIN)
    {
      g_free (self->folder);
      self->folder = g_strdup (event->folder);
    }
  if (self->mode == PROGRESS_NONE || event->kind == EVENT_ACTION)
    return;
  if (self->mode == PROGRESS_JSON)
    print_json (event, kinds[event->kind]);
  else if (event->kind == EVENT_TICK)
    tick (self, event);
  else if (event->kind == EVENT_FAILURE)
    {
      clean_line (self);
      fprintf (stderr, "%s: %s: %s\n", event->account, event->folder, event->text);
    }
}
