/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One request from progress and signals to summary, report file and exit code. Main
 * thread.
 */
#include <stdio.h>

#include "cli/cli.h"

typedef struct
{
  ProgressView *view;
  EventFunc next; /* the command's own, may be NULL */
  gpointer next_data;
} Listener;

static void
on_event (const Event *event, gpointer user_data)
{
  Listener *listener = user_data;
  progress_event (listener->view, event);
  if (listener->next != NULL)
    listener->next (event, listener->next_data);
}

/* Where the report goes: --report, else the job's own file, for the first account. */
static char *
report_path (Cli *self, const EngineRequest *request)
{
  if (self->report_file != NULL)
    return g_strdup (self->report_file);
  if (request->job->report_file == NULL || request->mode == ENGINE_DRY_RUN)
    return NULL;
  g_autoptr (GError) error = NULL;
  char *path = job_path (request->job, request->job->accounts->pdata[0],
                         request->job->report_file, &error);
  if (path == NULL)
    fprintf (stderr, "mailhaul: report: %s\n", error->message);
  return path;
}

int
run_job (Cli *self, EngineRequest *request)
{
  g_autoptr (GCancellable) stop = g_cancellable_new ();
  g_autoptr (GCancellable) cancel = g_cancellable_new ();
  Listener listener = { progress_new (self->quiet ? PROGRESS_NONE : self->progress),
                        request->event, request->event_data };
  request->stop = stop;
  request->cancel = cancel;
  request->event = on_event;
  request->event_data = &listener;
  Signals *signals = signals_new (stop, cancel);
  g_autoptr (EngineResult) result = engine_run (request);
  signals_free (signals);
  progress_free (listener.view);

  if (!self->quiet)
    report_text (result, request->mode);
  int exit_code = (int) result->exit_code;
  g_autofree char *path = report_path (self, request);
  g_autoptr (GError) error = NULL;
  if (path != NULL && !report_write (result, request->mode, path, &error))
    {
      fprintf (stderr, "mailhaul: %s\n", error->message);
      exit_code = exit_code == EXIT_CODE_DONE ? EXIT_CODE_SOME_FAILED : exit_code;
    }
  return exit_code;
}
