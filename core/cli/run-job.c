/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One request from progress and signals to summary, report file and exit code. Main
 * thread.
 */
#include "cli/cli.h"

/* Listener: who hears of the engine's events. */
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
report_path (Cli *self, const EngineRequest *request, GError **error)
{
  if (self->report_file != NULL)
    return g_strdup (self->report_file);
  return job_path (request->job, request->job->accounts->pdata[0],
                   request->job->report_file, error);
}

/* A plan writes nothing that was not asked for in the call. */
static gboolean
has_report (Cli *self, const EngineRequest *request)
{
  return self->report_file != NULL
         || (request->job->report_file != NULL && request->mode == ENGINE_RUN);
}

static gboolean
write_report (Cli *self, const EngineRequest *request, const EngineResult *result)
{
  g_autoptr (GError) error = NULL;
  if (!has_report (self, request))
    return TRUE;
  g_autofree char *path = report_path (self, request, &error);
  if (path != NULL && report_write (result, request->mode, path, &error))
    return TRUE;
  g_autofree char *text = cli_text (error->message);
  fprintf (stderr, "mailhaul: %s\n", text);
  return FALSE;
}

int
run_job (Cli *self, EngineRequest *request, ReportFunc print, gpointer user_data)
{
  g_autoptr (GCancellable) stop = g_cancellable_new ();
  g_autoptr (GCancellable) cancel = g_cancellable_new ();
  Listener listener = { progress_new (self->progress), request->event,
                        request->event_data };
  request->stop = stop;
  request->cancel = cancel;
  request->event = on_event;
  request->event_data = &listener;
  Signals *signals = signals_new (stop, cancel, self->progress == PROGRESS_TTY);
  gint64 begun_us = g_get_monotonic_time ();
  g_autoptr (EngineResult) result = engine_run (request);
  self->elapsed_us = g_get_monotonic_time () - begun_us;
  progress_free (listener.view);

  int exit_code = (int) result->exit_code;
  if (!self->quiet)
    (print != NULL ? print : report_text) (self, result, request->mode, stdout,
                                           user_data);
  else if (exit_code != EXIT_CODE_DONE)
    report_text (self, result, request->mode, stderr, NULL);
  if (!write_report (self, request, result) && exit_code == EXIT_CODE_DONE)
    exit_code = EXIT_CODE_SOME_FAILED;
  /* An impatient second signal must cost neither the summary nor the report. */
  (void) fflush (stdout);
  signals_free (signals);
  return exit_code;
}
