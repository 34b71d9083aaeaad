/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a run, a plan or a verification came to: the ledger. Every message that was seen
 * at the source has exactly one outcome, and the sums are checked.
 */
#pragma once

#include <glib.h>

#include "engine/progress.h"

/* ExitCode: of the program and of each account; job-and-cli.md §2. */
typedef enum
{
  EXIT_CODE_DONE = 0,
  EXIT_CODE_SOME_FAILED = 1,
  EXIT_CODE_USAGE = 2,
  EXIT_CODE_SOURCE_UNREACHABLE = 3,
  EXIT_CODE_DESTINATION_UNREACHABLE = 4,
  EXIT_CODE_SOURCE_LOGIN = 5,
  EXIT_CODE_DESTINATION_LOGIN = 6,
  EXIT_CODE_DESTINATION_FULL = 7,
  EXIT_CODE_REFUSED = 8,
  EXIT_CODE_INTERNAL = 9,
  EXIT_CODE_INTERRUPTED = 130,
} ExitCode;

/* Ledger: messages of one folder. seen = copied + present + matched + removed + skipped +
 * gone + failed (+ planned, in a dry run). */
typedef struct
{
  guint64 seen;    /* at the source */
  guint64 copied;  /* stored by this run, with a receipt */
  guint64 present; /* known from the state as delivered, and not known to be removed */
  guint64 removed; /* delivered, and removed at the destination since; stays so */
  guint64 matched; /* found at the destination by identity */
  guint64 skipped; /* left out by a filter */
  guint64 gone;    /* vanished from the source meanwhile */
  guint64 failed;
  guint64 planned;      /* dry run: would be copied */
  guint64 copied_bytes; /* wire bytes; dry run: planned bytes */
  guint64 flags_updated;
  guint64 deleted; /* at the destination (dry run: would be); of no message that is
                      seen at the source */
  guint64 kept;    /* would be, but a user changed them there */
  guint64 taken;   /* deleted or moved at the source after the copy (dry run: would be) */
} Ledger;

/* Failure: one message or folder that failed. */
typedef struct
{
  char *folder;  /* source path as text */
  char *key;     /* of the message, printable; NULL: the folder itself */
  char *subject; /* may be NULL */
  char *code;    /* haul_error_code_name() */
  char *reason;
} Failure;

/* FolderResult: one folder of the source. */
typedef struct
{
  char *source;       /* path as text */
  char *destination;  /* path as text; NULL: left out */
  char *spelled;      /* as other clients of the destination read it; NULL: the same */
  char *remark;       /* why the destination has another name for it; NULL: it has not */
  char *dropped;      /* reason why it was left out; NULL: it was not */
  gboolean unchanged; /* nothing to do, known without a scan */
  gboolean created;   /* made at the destination (dry run: would be) */
  gboolean lost;      /* with all that was delivered there it was gone */
  gboolean complete;  /* every message seen is accounted for */
  Ledger ledger;
  guint64 moved; /* messages that came from another folder of the source, and were moved
                    or copied at the destination itself (dry run: would be); all of them
                    are `present` (or `removed`), too */
} FolderResult;

/* Difference: what a verification found. */
typedef struct
{
  char *folder; /* source path as text */
  char *key;    /* source key, or destination key for a surplus; printable; may be NULL */
  char *subject;    /* may be NULL */
  char *reason;     /* "missing", "content differs", "flags differ: …", "surplus" … */
  gboolean surplus; /* only at the destination: said, but no failure */
  gboolean noted;   /* the destination said so when it stored it: said, but no failure */
  GBytes *source_key; /* NULL for a surplus */
} Difference;

/* difference_is_harmless: it is told, but nothing is wrong. */
gboolean difference_is_harmless (const Difference *self);

/* AccountResult: one account. */
typedef struct
{
  char *name;
  ExitCode exit_code;
  GError *error;          /* why the account ended early; NULL: it did not */
  GPtrArray *folders;     /* of FolderResult */
  GPtrArray *failures;    /* of Failure, at most RESULT_FAILURES_MAX; ledger counts all */
  GPtrArray *differences; /* of Difference (verify) */
  GPtrArray *notices;     /* of char * */
  GHashTable *skips;      /* reason → count (GUINT as pointer) */
  gint64 started_unix;
  gint64 elapsed_us;
  guint64 verified;   /* messages compared */
  gint64 estimate_us; /* dry run: how long a run would take, by the speed of the last one;
                         -1: none was measured */
  Progress progress;
} AccountResult;

/* RESULT_FAILURES_MAX: failures listed one by one; more are only counted (and are all in
 * the state). */
#define RESULT_FAILURES_MAX 10000

/* EngineResult: all accounts. */
typedef struct
{
  GPtrArray *accounts; /* of AccountResult, in the job's order */
  ExitCode exit_code;  /* the gravest */
} EngineResult;

/* engine_result_free: accepts NULL. */
void engine_result_free (EngineResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EngineResult, engine_result_free)
/* account_result_new: empty; (transfer full). */
AccountResult *account_result_new (const char *name);
/* account_result_free: accepts NULL. */
void account_result_free (AccountResult *self);
/* account_result_total: the sum over folders. */
void account_result_total (const AccountResult *self, Ledger *out);
/* account_result_fail: records a failure; @key and @subject may be NULL. */
void account_result_fail (AccountResult *self, const char *folder, const char *key,
                          const char *subject, const GError *reason);
/* account_result_skip: counts one message left out for @reason. */
void account_result_skip (AccountResult *self, const char *reason);
/* account_result_notice: something survived that a person should know. */
void account_result_notice (AccountResult *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
/* account_result_merge: moves what @part lists and counts (not its folders) to @self,
 * within the same limits as if it had been added one by one. */
void account_result_merge (AccountResult *self, AccountResult *part);
/* ledger_add: @self += @other. */
void ledger_add (Ledger *self, const Ledger *other);
/* ledger_balances: the sum holds. */
gboolean ledger_balances (const Ledger *self);
/* result_exit_code: the account's exit code from an error on one side; @source: it was
 * the source's. */
ExitCode result_exit_code (const GError *error, gboolean source);
/* result_state_exit_code: from an error of the state file: what is wrong with it is in
 * the job's hands (EXIT_CODE_USAGE), unless another run has it or it is of a newer
 * version. */
ExitCode result_state_exit_code (const GError *error);
/* result_printable_key: a key for reports: text as it is, else hex. (transfer full) */
char *result_printable_key (const guint8 *data, gsize length);
