/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the commands of the program share. This folder is the only one that prints.
 */
#pragma once

#include "engine/engine.h"

/* ProgressMode: --progress. */
typedef enum
{
  PROGRESS_AUTO,
  PROGRESS_TTY,
  PROGRESS_PLAIN,
  PROGRESS_JSON,
  PROGRESS_NONE,
} ProgressMode;

/* Cli: the common options of one call of the program. */
typedef struct
{
  char **plugin_paths;
  char *report_file; /* as given; NULL: the job's own */
  ProgressMode progress;
  gboolean quiet;
  Registry *registry;
} Cli;

/* CommandFunc: a command; @arguments are what follows its name. Returns the exit code. */
typedef int (*CommandFunc) (int argc, char **argv);

/* One function for each command; argv[0] is "mailhaul COMMAND". */
int command_run (int argc, char **argv);
int command_copy (int argc, char **argv);
int command_plan (int argc, char **argv);
int command_verify (int argc, char **argv);
int command_check (int argc, char **argv);
int command_status (int argc, char **argv);
int command_folders (int argc, char **argv);
int command_plugins (int argc, char **argv);
int command_schema (int argc, char **argv);
int command_version (int argc, char **argv);

/*
 * cli_parse: the common options and @entries (may be NULL) out of the arguments; what is
 * left over stays. @usage follows the command's name in the help, @summary explains it.
 * FALSE: a mistake was printed (or the help: then *@out_exit is 0).
 */
gboolean cli_parse (Cli *self, GOptionEntry *entries, const char *usage,
                    const char *summary, int *argc, char ***argv, int *out_exit);
/* cli_clear: frees the members. */
void cli_clear (Cli *self);
/* cli_usage_error: prints a mistake in the call and how to get help; returns the exit
 * code. */
int cli_usage_error (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* cli_print_problems: all of them, sorted, with one line of advice if there were errors.
 */
void cli_print_problems (Problems *problems);
/* cli_load_job: loads and checks a job file against the plugins; NULL: problems were
 * printed. */
Job *cli_load_job (Cli *self, const char *file);
/* cli_number: 1234567 as "1,234,567". (transfer full) */
char *cli_number (guint64 value);
/* cli_bytes: "1.2 MB". (transfer full) */
char *cli_bytes (guint64 bytes);

/* run_job: runs @request with progress and signals, prints what came of it, writes the
 * report; returns the exit code. */
int run_job (Cli *self, EngineRequest *request);

/* cli_json_quote: a JSON string with its quotes. (transfer full) */
char *cli_json_quote (const char *text);
/* report_text: the summary for people, on standard output. */
void report_text (const EngineResult *result, EngineMode mode);
/* report_json: everything as JSON text. (transfer full) */
char *report_json (const EngineResult *result, EngineMode mode);
/* report_write: replaces @file atomically by the JSON report. */
gboolean report_write (const EngineResult *result, EngineMode mode, const char *file,
                       GError **error);

/* ProgressView: draws what runs on standard error. */
typedef struct _ProgressView ProgressView;
/* progress_new: (transfer full). */
ProgressView *progress_new (ProgressMode mode);
/* progress_event: one event of the engine. */
void progress_event (ProgressView *self, const Event *event);
/* progress_free: leaves the terminal clean. Accepts NULL. */
void progress_free (ProgressView *self);

/* Signals: a thread that turns SIGINT and SIGTERM into cancellations. */
typedef struct _Signals Signals;
/* signals_block: before any thread is made: only signals_new()'s thread gets them. */
void signals_block (void);
/* signals_new: the first signal cancels @stop, the second @cancel. (transfer full) */
Signals *signals_new (GCancellable *stop, GCancellable *cancel);
/* signals_free: ends the thread. */
void signals_free (Signals *self);

/* uri_parse: "maildir:PATH", "mbox:PATH", "imaps://user@host:port/", … as an element.
 * NULL with HAUL_ERROR_CONFIG. (transfer full) */
JobElement *uri_parse (const char *uri, GError **error);
/* uri_add_option: NAME=VALUE to @element. FALSE: no '='. */
gboolean uri_add_option (JobElement *element, const char *assignment, GError **error);
/* uri_parse_filter: "skip-folder name=Trash" with shell quoting. (transfer full) */
JobElement *uri_parse_filter (const char *text, GError **error);
/* log_init: sends haul's log to standard error from @level_name ("debug", "info",
 * "notice", "warning", "error") on, as text or JSON lines. FALSE: no such level. */
gboolean log_init (const char *level_name, gboolean json);
