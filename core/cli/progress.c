/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Progress on standard error: one line an account on a terminal, a plain line every ten
 * seconds elsewhere, or one JSON object an event. Main thread.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

/* PLAIN_INTERVAL_US: how often a plain line is printed for an account. */
#define PLAIN_INTERVAL_US (10 * G_USEC_PER_SEC)
/* JSON_INTERVAL_US: how often a JSON line with counters is. */
#define JSON_INTERVAL_US G_USEC_PER_SEC
/* FAILURES_SHOWN_MAX: failures told as they happen; the summary and the report go on. */
#define FAILURES_SHOWN_MAX 100
#define BAR_COLUMNS        12
#define NAME_COLUMNS       14

/* Row: one account that has begun. */
typedef struct
{
  char *name;
  char *folder; /* where it is; NULL: not yet known */
  gboolean running;
  gint64 started_us;
  gint64 printed_us;
  Progress progress;
} Row;

struct _ProgressView
{
  ProgressMode mode;
  GPtrArray *rows;
  GHashTable *by_name; /* name → row, borrowed */
  guint drawn;         /* lines on the terminal that are ours, from the cursor on */
  guint failures;
  gint64 drawn_us;
};

static void
row_free (gpointer data)
{
  Row *row = data;
  g_free (row->name);
  g_free (row->folder);
  g_free (row);
}

/* may_draw: whether standard error is a terminal whose cursor may be moved. */
static gboolean
may_draw (void)
{
  const char *term = g_getenv ("TERM");
  const char *no_color = g_getenv ("NO_COLOR");
  return isatty (STDERR_FILENO) && (no_color == NULL || *no_color == '\0') && term != NULL
         && strcmp (term, "dumb") != 0;
}

ProgressMode
progress_mode (ProgressMode wanted)
{
  if (wanted != PROGRESS_AUTO)
    return wanted;
  return may_draw () ? PROGRESS_TTY : PROGRESS_PLAIN;
}

ProgressView *
progress_new (ProgressMode mode)
{
  ProgressView *self = g_new0 (ProgressView, 1);
  self->rows = g_ptr_array_new_with_free_func (row_free);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->mode = progress_mode (mode);
  return self;
}

static Row *
find_row (ProgressView *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

static Row *
begin_row (ProgressView *self, const char *name)
{
  Row *row = find_row (self, name);
  if (row != NULL)
    return row;
  row = g_new0 (Row, 1);
  row->name = g_strdup (name);
  row->running = TRUE;
  row->started_us = row->printed_us = g_get_monotonic_time ();
  g_ptr_array_add (self->rows, row);
  g_hash_table_insert (self->by_name, row->name, row);
  return row;
}

static void
sample (Row *row, const Progress *progress)
{
  if (progress == NULL)
    return;
  row->progress.done_messages = __atomic_load_n (&progress->done_messages,
                                                 __ATOMIC_RELAXED);
  row->progress.planned_messages = __atomic_load_n (&progress->planned_messages,
                                                    __ATOMIC_RELAXED);
  row->progress.done_bytes = __atomic_load_n (&progress->done_bytes, __ATOMIC_RELAXED);
  row->progress.planned_bytes = __atomic_load_n (&progress->planned_bytes,
                                                 __ATOMIC_RELAXED);
}

/* clear: takes our lines off the terminal. The cursor rests at the first of them, so that
 * another thread (a log, a signal) can do the same without knowing how many there are. */
static void
clear (ProgressView *self)
{
  if (self->drawn > 0)
    fputs (CLI_CLEAR, stderr);
  self->drawn = 0;
}

void
progress_free (ProgressView *self)
{
  if (self == NULL)
    return;
  clear (self);
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->rows);
  g_free (self);
}

/* permille: how far a row is, by bytes if there are any. */
static guint
permille (const Progress *progress)
{
  guint64 done = progress->done_bytes, planned = progress->planned_bytes;
  if (planned == 0)
    {
      done = progress->done_messages;
      planned = progress->planned_messages;
    }
  return planned == 0
             ? 0
             : (guint) (1000.0 * (double) MIN (done, planned) / (double) planned);
}

/* describe: "12/60 messages, 1.2 MB of 7.0 MB, 300.0 kB/s, 19 s left, in Sent". */
static char *
describe (const Row *row)
{
  const Progress *progress = &row->progress;
  double elapsed = (double) MAX (g_get_monotonic_time () - row->started_us, 1);
  double rate = (double) progress->done_bytes * G_USEC_PER_SEC / elapsed;
  g_autofree char *done = cli_number (progress->done_messages);
  g_autofree char *planned = cli_number (progress->planned_messages);
  g_autofree char *bytes = cli_bytes (progress->done_bytes);
  g_autofree char *all = cli_bytes (progress->planned_bytes);
  g_autofree char *speed = cli_bytes ((guint64) rate);
  if (progress->planned_messages == 0)
    return g_strdup_printf ("looking%s%s", row->folder != NULL ? " at " : "",
                            row->folder != NULL ? row->folder : "");
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "%s/%s messages, %s of %s, %s/s", done, planned, bytes,
                          all, speed);
  if (rate >= 1 && progress->planned_bytes > progress->done_bytes)
    {
      double left = (double) (progress->planned_bytes - progress->done_bytes) / rate;
      g_autofree char *time = cli_duration ((gint64) (MIN (left, 1e9) * G_USEC_PER_SEC));
      g_string_append_printf (text, ", %s left", time);
    }
  if (row->folder != NULL)
    g_string_append_printf (text, ", in %s", row->folder);
  return g_string_free (text, FALSE);
}

static void
draw_row (GString *out, const Row *row, guint columns)
{
  char bar[BAR_COLUMNS + 1];
  guint filled = permille (&row->progress) * BAR_COLUMNS / 1000;
  memset (bar, '-', BAR_COLUMNS);
  memset (bar, '#', filled);
  bar[BAR_COLUMNS] = '\0';
  g_autofree char *text = describe (row);
  g_autofree char *name = cli_pad (row->name, NAME_COLUMNS);
  g_autofree char *line = g_strdup_printf ("%s [%s] %s", name, bar, text);
  g_autofree char *cut = cli_pad (line, columns);
  g_string_append_printf (out, "%s\n", g_strchomp (cut));
}

/* draw: all running accounts, as many as fit, in one write. */
static void
draw (ProgressView *self)
{
  struct winsize size = { 0 };
  guint columns = 80, lines = 24, running = 0;
  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
    {
      columns = size.ws_col;
      lines = size.ws_row;
    }
  g_autoptr (GString) out = g_string_new (CLI_CLEAR);
  self->drawn = 0;
  for (guint i = 0; i < self->rows->len; i++)
    {
      const Row *row = self->rows->pdata[i];
      if (!row->running)
        continue;
      if (++running + 1 < lines)
        {
          draw_row (out, row, columns - 1);
          self->drawn++;
        }
    }
  if (running > self->drawn)
    {
      guint more = running - self->drawn;
      g_string_append_printf (out, "… and %u more account%s\n", more, cli_plural (more));
      self->drawn++;
    }
  if (self->drawn > 0)
    g_string_append_printf (out, "\033[%uA", self->drawn);
  fputs (out->str, stderr);
  self->drawn_us = g_get_monotonic_time ();
}

static void
tick (ProgressView *self, Row *row)
{
  gint64 now_us = g_get_monotonic_time ();
  if (self->mode == PROGRESS_TTY)
    {
      /* One tick comes for each account; one drawing shows all. */
      if (now_us - self->drawn_us > G_USEC_PER_SEC / 10)
        draw (self);
      return;
    }
  if (!row->running || now_us - row->printed_us < PLAIN_INTERVAL_US)
    return;
  g_autofree char *text = describe (row);
  g_autofree char *line = cli_text (text);
  g_autofree char *name = cli_text (row->name);
  fprintf (stderr, "%s: %s\n", name, line);
  row->printed_us = now_us;
}

static void
print_json_string (const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_autofree char *quoted = cli_json_quote (value);
  fprintf (stderr, ",\"%s\":%s", name, quoted);
}

static void
print_json (const Event *event, Row *row)
{
  static const char *const kinds[] = { "progress",     "account-begin", "account-end",
                                       "folder-begin", "folder-end",    "action",
                                       "failure",      "notice" };
  gint64 now_us = g_get_monotonic_time ();
  if (event->kind == EVENT_TICK)
    {
      if (row == NULL || !row->running || now_us - row->printed_us < JSON_INTERVAL_US)
        return;
      row->printed_us = now_us;
    }
  fprintf (stderr, "{\"event\":\"%s\",\"time\":%.3f", kinds[event->kind],
           (double) g_get_real_time () / G_USEC_PER_SEC);
  if (event->kind == EVENT_ACTION)
    print_json_string ("action", cli_action (event->action));
  print_json_string ("account", event->account);
  print_json_string ("folder", event->folder);
  print_json_string ("destination", event->destination);
  if (event->key.length > 0)
    {
      g_autofree char *key = result_printable_key (event->key.data, event->key.length);
      print_json_string ("key", key);
    }
  print_json_string ("text", event->text);
  if (event->progress != NULL && row != NULL)
    fprintf (stderr,
             ",\"done-messages\":%" G_GUINT64_FORMAT
             ",\"planned-messages\":%" G_GUINT64_FORMAT
             ",\"done-bytes\":%" G_GUINT64_FORMAT ",\"planned-bytes\":%" G_GUINT64_FORMAT,
             row->progress.done_messages, row->progress.planned_messages,
             row->progress.done_bytes, row->progress.planned_bytes);
  fprintf (stderr, "}\n");
}

/* tell: a failure or notice, at once. */
static void
tell (ProgressView *self, const Event *event)
{
  if (++self->failures > FAILURES_SHOWN_MAX + 1)
    return;
  clear (self);
  if (self->failures > FAILURES_SHOWN_MAX)
    {
      fprintf (stderr, "… more; the report has all\n");
      return;
    }
  g_autofree char *account = cli_text (event->account);
  g_autofree char *folder = cli_text (event->folder);
  g_autofree char *text = cli_text (event->text);
  fprintf (stderr, "%s: %s%s%s\n", account, folder, *folder != '\0' ? ": " : "", text);
}

void
progress_event (ProgressView *self, const Event *event)
{
  if (self->mode == PROGRESS_NONE || event->account == NULL)
    return;
  Row *row = event->kind == EVENT_ACCOUNT_BEGIN ? begin_row (self, event->account)
                                                : find_row (self, event->account);
  if (row != NULL)
    sample (row, event->progress);
  if (row != NULL && event->kind == EVENT_FOLDER_BEGIN)
    {
      g_free (row->folder);
      row->folder = g_strdup (event->folder);
    }
  if (row != NULL && event->kind == EVENT_ACCOUNT_END)
    row->running = FALSE;
  if (self->mode == PROGRESS_JSON)
    print_json (event, row);
  else if (event->kind == EVENT_TICK && row != NULL)
    tick (self, row);
  else if (event->kind == EVENT_FAILURE || event->kind == EVENT_NOTICE)
    tell (self, event);
}
