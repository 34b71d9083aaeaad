/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the commands of the program share. This folder is the only one that prints.
 */
#pragma once

#include <stdio.h>

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
  char *report_file;     /* as given; NULL: the job's own */
  ProgressMode progress; /* never PROGRESS_AUTO once parsed; quiet: PROGRESS_NONE */
  gboolean quiet;
  gboolean color;    /* on standard output */
  gint64 elapsed_us; /* of the last run_job() */
  Registry *registry;
} Cli;

/* CommandFunc: a command; @argv[0] is its name. Returns the exit code. */
typedef int (*CommandFunc) (int argc, char **argv);

/* One function for each command. */
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

/* ---- cli.c ---- */

/*
 * cli_parse: the common options and @entries (may be NULL) out of the arguments; what is
 * left over stays. @usage follows the command's name in the help, @summary explains it.
 * FALSE: a mistake was printed, *@out_exit says how to end.
 */
gboolean cli_parse (Cli *self, GOptionEntry *entries, const char *usage,
                    const char *summary, int *argc, char ***argv, int *out_exit);
/* cli_clear: frees the members. */
void cli_clear (Cli *self);
/* cli_usage_error: prints a mistake in the call and how to get help; returns the exit
 * code. */
int cli_usage_error (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* cli_choice: the index of @text in NULL-terminated @names into *@out_value; NULL leaves
 * it alone. FALSE: the mistake, with the nearest name, was printed. */
gboolean cli_choice (const char *option, const char *text, const char *const *names,
                     int *out_value);
/* cli_print_problems: all of them, sorted, with one line of advice if there were errors.
 */
void cli_print_problems (Problems *problems);
/* cli_load_job: loads a job file and checks it, with @plugins also against the plugins
 * and their secrets, which only who connects needs; NULL: problems were printed. */
Job *cli_load_job (Cli *self, const char *file, gboolean plugins);
/* cli_check_accounts: every one of @names (may be NULL) is an account of the job; FALSE:
 * the mistake was printed. */
gboolean cli_check_accounts (const Job *job, char *const *names);
/* cli_only_file: the one job file that a command takes; NULL: a mistake was printed. */
const char *cli_only_file (int argc, char **argv);

/* ---- format.c ---- */

/* cli_number: 1234567 as "1,234,567". (transfer full) */
char *cli_number (guint64 value);
/* cli_bytes: "1.2 MB", in powers of ten. (transfer full) */
char *cli_bytes (guint64 bytes);
/* cli_duration: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min". (transfer full) */
char *cli_duration (gint64 microseconds);
/* cli_text: a stranger's words fit for a terminal: one line, no controls; NULL gives "".
 * (transfer full) */
char *cli_text (const char *text);
/* cli_subject: a raw Subject decoded for people, one line; NULL gives NULL. (transfer
 * full) */
char *cli_subject (const char *raw);
/* cli_pad: cli_text() with blanks after it up to @columns of a terminal, or cut with "…"
 * to fit. (transfer full) */
char *cli_pad (const char *text, guint columns);
/* cli_reasons: the keys of a table reason → count (GUINT as pointer), the most frequent
 * first. (transfer container) */
const char **cli_reasons (GHashTable *counts, guint *out_length);
/* cli_action: "copy", "create-folder", … as JSON names it. */
const char *cli_action (ActionKind action);
/* cli_plural: "" for one, else "s". */
const char *cli_plural (guint64 count);
/* cli_json_quote: a JSON string with its quotes. (transfer full) */
char *cli_json_quote (const char *text);

/* ---- run-job.c ---- */

/* ReportFunc: prints what came of a request on @to. */
typedef void (*ReportFunc) (const Cli *cli, const EngineResult *result, EngineMode mode,
                            FILE *to, gpointer user_data);

/* run_job: runs @request with progress and signals, prints what came of it with @print
 * (NULL: report_text()), writes the report; returns the exit code. */
int run_job (Cli *self, EngineRequest *request, ReportFunc print, gpointer user_data);

/* ---- report-text.c, report-json.c ---- */

/* report_text: the summary for people. */
void report_text (const Cli *cli, const EngineResult *result, EngineMode mode, FILE *to,
                  gpointer user_data);
/* report_verdict: the sentence that matters for one account: whether every selected
 * message is at the destination, or what is not and what to do. (transfer full) */
char *report_verdict (const AccountResult *account, EngineMode mode);
/* report_total_verdict: the same for all accounts together. (transfer full) */
char *report_total_verdict (const EngineResult *result, EngineMode mode);
/* report_json: everything as JSON text. (transfer full) */
char *report_json (const EngineResult *result, EngineMode mode);
/* report_write: replaces @file atomically by the JSON report. */
gboolean report_write (const EngineResult *result, EngineMode mode, const char *file,
                       GError **error);

/* ---- progress.c ---- */

/* CLI_CLEAR: takes progress off a terminal before something else is said there; for
 * PROGRESS_TTY only. */
#define CLI_CLEAR "\r\033[J"

/* progress_mode: @wanted, with PROGRESS_AUTO decided by what standard error is. */
ProgressMode progress_mode (ProgressMode wanted);
/* ProgressView: shows on standard error what runs; main thread. */
typedef struct _ProgressView ProgressView;
/* progress_new: (transfer full). */
ProgressView *progress_new (ProgressMode mode);
/* progress_event: one event of the engine. */
void progress_event (ProgressView *self, const Event *event);
/* progress_free: leaves the terminal clean. Accepts NULL. */
void progress_free (ProgressView *self);

/* ---- signals.c ---- */

/* Signals: SIGINT, SIGTERM and SIGHUP as cancellations. */
typedef struct _Signals Signals;
/* signals_new: the first signal cancels @stop, the second @cancel, the third ends the
 * process. @clears: standard error shows PROGRESS_TTY. To be called before other threads
 * are made. (transfer full) */
Signals *signals_new (GCancellable *stop, GCancellable *cancel, gboolean clears);
/* signals_free: the signals stay blocked: what is left to do is to end, with the exit
 * code of the run. */
void signals_free (Signals *self);

/* ---- uri.c ---- */

/* uri_parse: "maildir:PATH", "mbox:PATH", "imaps://user@host:port/", … as an element.
 * NULL with HAUL_ERROR_CONFIG. (transfer full) */
JobElement *uri_parse (const char *uri, GError **error);
/* uri_split: like g_uri_parse(), but a user's name may contain '@' as it is, as those of
 * most providers do: the last one in front of the path counts. (transfer full) */
GUri *uri_split (const char *uri, GError **error);
/* uri_add_option: NAME=VALUE to @element. FALSE: no '='. */
gboolean uri_add_option (JobElement *element, const char *assignment, GError **error);
/* uri_parse_filter: "skip-folder name=Trash" with shell quoting. (transfer full) */
JobElement *uri_parse_filter (const char *text, GError **error);

/* ---- password.c ---- */

/* password_add: gives @element its password: from @file if not NULL, else, if the backend
 * takes one and none is given, from the environment @variable or a question on the
 * terminal that names @side. FALSE: the person broke off. */
gboolean password_add (Cli *cli, JobElement *element, const char *side, const char *file,
                       const char *variable);

/* ---- log.c ---- */

/* log_init: sends haul's log to standard error from @level_name ("debug", "info",
 * "notice", "warning", "error") on, as text or JSON lines. @clears: standard error may
 * show PROGRESS_TTY. FALSE: no such level. */
gboolean log_init (const char *level_name, gboolean json, gboolean clears);
