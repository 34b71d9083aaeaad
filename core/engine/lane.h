/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of a lane share: the account that it works for, the lane itself, and one
 * pass over one folder. A lane's thread owns all of it but Pass.stored, which belongs to
 * the destination's thread between two barriers (see destination_call()).
 */
#pragma once

#include "engine/breakers.h"
#include "engine/destination.h"
#include "engine/endpoint.h"
#include "engine/engine.h"
#include "engine/filter-chain.h"
#include "engine/key-table.h"
#include "engine/mapping.h"
#include "engine/pace.h"
#include "engine/records.h"

/* Account: one account of a running request; immutable while its lanes run, but for what
 * locks itself (state, events) and the atomic progress. */
typedef struct
{
  const EngineRequest *request;
  const Job *job;
  const JobAccount *job_account;
  Endpoint source, destination;
  FilterChain *chain;
  State *state;
  gboolean prepared, state_open; /* how far its beginning came */
  Events *events;
  Pace *pace;
  AccountResult *result;   /* the lane's thread */
  Progress *progress;      /* of the account's result, for all lanes: atomic */
  GCancellable *abandoned; /* a lane found that the account cannot go on; NULL: there is
                              only one */
  guint64 settings_hash;   /* of filters and sync rules */
  gint64 now_unix;
  gint64 run_id; /* of the run's record; 0: none */
  gboolean dry_run;
  gboolean destination_emptied; /* its folder rows are void (dry run: must be ignored) */
  GHashTable *planned_moves; /* dry run: FolderPair → source key → RowCopy; NULL: none */
  KeySet *planned_leaves;    /* dry run: what moves take from where it is; NULL: none */
  gint64 retry_unit_us;
  gint64 idle_us; /* a session idle for so long is kept alive */
} Account;

/* Lane: a source session on the lane's thread and a destination on its own. */
typedef struct
{
  Account *account;
  Session *source;
  GError *source_error; /* what ended the source while it was only kept alive */
  guint32 source_caps;
  Destination *destination;
  guint destination_number; /* of its session: 1 for the first */
  GPtrArray *open_passes;   /* of Pass: fetched, results still to come */
  GArray *receipts;         /* of StateReceipt; the destination's thread */
  GByteArray *receipt_keys;
  GArray *receipt_identities;
  GPtrArray *receipt_notes; /* of char *: what receipts point to */
  gint64 receipts_since_us;
  Digest *id_digest;      /* the lane's thread */
  GHashTable *delivered;  /* FolderPair → KeySet: source keys stored by this run; the
                             destination's thread until a barrier */
  GHashTable *unverified; /* FolderPair → StateUnverified (GUINT as pointer): what runs
                             before this one left to be verified */
  GPtrArray *settled;  /* of StateFolder: rows whose destination end is to be recorded */
  GError *state_error; /* the destination's thread: a receipt could not be kept */
} Lane;

/* FlagChange: a message whose flags changed at the source since they were synced. */
typedef struct
{
  GBytes *source_key;
  GBytes *destination_key;
  guint32 flags_now, flags_last;
  char *keywords_now, *keywords_last;
  gboolean only_add; /* first contact: nothing is taken away */
  gboolean looked;   /* what the destination has was read: */
  guint32 flags_there;
  char *keywords_there;
} FlagChange;

/* Override: what a filter made of a message's metadata. */
typedef struct
{
  gboolean flags_changed;
  guint32 flags;
  char *keywords;
  gboolean date_changed;
  gint64 date_unix;
  char *skip_reason; /* with RECORD_SKIPPED */
} Override;

/* StoredFailure: a message that the destination did not take. */
typedef struct
{
  guint index;
  GError *reason;
  char *subject;
} StoredFailure;

/* RecordTag: Record.tag of a candidate. */
typedef enum
{
  RECORD_NEW = 0,
  RECORD_SUSPECT = 1, /* an intent of an earlier run: may be at the destination */
  RECORD_CLAIMED = 2, /* found at the destination */
  RECORD_DONE = 3,    /* stored by this pass */
  RECORD_FAILED = 4,
  RECORD_GONE = 5,
  RECORD_SKIPPED =
      6, /* a filter leaves it out, unless it proves to be delivered already */
  RECORD_RESENT = 7, /* a suspect that was not found and was stored once more */
} RecordTag;

/* Pass: one pass over one folder pair. */
typedef struct
{
  Lane *lane;
  FolderPair *pair;
  FolderResult *result; /* kept over several passes */
  StateFolder *row;
  StateCursor *cursor;

  Records *records;      /* candidates */
  GHashTable *overrides; /* index + 1 → Override */
  GPtrArray *changes;    /* of FlagChange */
  Ledger ledger;
  KeySet *seen;       /* known keys; only for sources whose keys may change */
  guint64 known_rows; /* state rows whose key the scan showed */
  guint64 vanished, vanished_skipped, relisted_skipped;
  guint64 relisted_removed; /* listed or vanished rows that were STATE_REMOVED */

  /* what a look at the destination found, see watch.c */
  gboolean recovered;      /* put in order by this pass: the listing is older than that */
  gboolean watched;        /* the row's watch is as of the listing */
  KeySet *removed, *back;  /* source keys that are no longer there, or are there again;
                              NULL: none */
  KeySet *rehomed;         /* source keys whose row got another destination key; NULL */
  gboolean by_number;      /* rows have no keys that mean anything: */
  guint64 removed_unnamed; /* at least so many of those said to be there are not, */
  guint64 removed_total;   /* and so many of all rows */
  GBytes *source_token;
  gboolean delta;
  guint *ordered;     /* number of the session in which the destination's folder was last
                         known     to be in order; stands longer */
  gboolean narrowed;  /* the session broke, and more is known about at what */
  gboolean resent;    /* suspects are sent once more */
  gboolean again;     /* a pass before it broke: the listing's status is out of date */
  gboolean keys_void; /* the destination's UIDVALIDITY changed: its keys in rows mean
                         nothing */
  KeySet *all_listed; /* all keys of the source's listing; NULL: no rows yet */
  GPtrArray *gone_keys;        /* of GBytes: known ones that vanished by a delta; NULL */
  GPtrArray *returned;         /* of GBytes: listed though marked STATE_GONE; NULL */
  GArray *skipped_rows;        /* pending SKIPPED rows, see scan.c */
  KeySet *listed;              /* keys of delivered messages in the listing; only where
                                  duplicates are left out */
  struct _FlagLook *flag_look; /* under way: rows that get their key are compared, too */
  gboolean flags_looked; /* the destination's flags are as the source's, or will be */

  Breakers **breakers; /* the task's */
  GArray *breaking; /* of guint: candidates that are fetched last, most trusted first */
  GArray *plan;     /* of guint: indices still to be fetched */
  guint plan_at;
  guint attempt;
  GPtrArray *source_failures; /* of StoredFailure */
  guint update_failures;
  GError *update_error; /* the first of them */
  AccountResult
      *report;       /* failures and skips; become the account's when it is finished */
  gint stop_storing; /* atomic: the destination's folder takes no more */

  /* the destination's thread, until a barrier */
  struct
  {
    guint64 copied, copied_bytes;
    GPtrArray *failures; /* of StoredFailure */
    GArray *again;       /* of guint */
    gboolean unknown;    /* some outcome is unknown: the pass must be done anew */
    GHashTable *notes;   /* what receipts noted → how often (GUINT as pointer) */
  } stored;
} Pass;

/* PassOutcome: how a pass ended. */
typedef enum
{
  PASS_DONE,   /* fetched (or nothing to fetch); results may still be under way */
  PASS_BROKEN, /* *error says why; to be judged by its scope */
} PassOutcome;

/* pass_new: (transfer full); @result stands longer. */
Pass *pass_new (Lane *lane, FolderPair *pair, FolderResult *result);
/* pass_free: after a barrier. Accepts NULL. */
void pass_free (Pass *self);
/* pass_start: scan, match, plan and fetch. */
PassOutcome pass_start (Pass *self, GError **error);
/* pass_finish: after a barrier: repeats what must be repeated, applies flag changes, adds
 * the ledger to the result and records in the state how far it came. */
gboolean pass_finish (Pass *self, GError **error);

/* copy.c: pass_preview: what the filters would make of the candidate @index, for the side
 * of the source; (transfer full); NULL: they leave it as it is, or cannot tell. */
Transform *pass_preview (Pass *self, guint index, guint64 size_bytes);
/* scan.c: pass_skip_read: a filter leaves the candidate @index, which is @identity, out
 * after it had seen all of it; kept in the state, so that it need not be read again. */
void pass_skip_read (Pass *self, guint index, const Identity *identity,
                     const char *reason);
/* scan.c: pass_write_skipped: the state learns of messages that were left out. */
gboolean pass_write_skipped (Pass *self, GError **error);
/* pass_map_flags: gives @record the flags that the destination shall have: what is
 * compared from then on, in the state as well. They stand until @out (zeroed) is cleared.
 */
void pass_map_flags (Pass *self, HaulRecord *record, MessageVerdict *out);
/* scan.c: pass_scan: the source's listing into records, changes and ledger. */
gboolean pass_scan (Pass *self, GError **error);
/* pass_settle_skips: records that are still RECORD_SKIPPED are left out for good. */
gboolean pass_settle_skips (Pass *self, GError **error);
/* pass_is_unchanged: the listing alone proves that there is nothing to do; then the
 * ledger is filled in. */
gboolean pass_is_unchanged (Pass *self);
/* watch.c: pass_watch: whether what was delivered is still at the destination, looked up
 * only if the listing says that something changed there since the last look. */
gboolean pass_watch (Pass *self, GError **error);
/* watch.c: pass_is_removed: the delivered message of @row is no longer there. */
gboolean pass_is_removed (const Pass *self, const StateMessage *row);
/* watch.c: watch_of: what of a listing says whether messages came or went. (transfer
 * full); NULL: nothing does. */
GBytes *watch_of (const HaulFolderStatus *status);
/* watch.c: watch_expect: the same once @stored messages were added. (transfer full) */
GBytes *watch_expect (GBytes *before, guint64 stored);
/* watch.c: watch_settle: the watch of a folder that was written to, from what was
 * expected and the listing @after: NULL if others were removed meanwhile. (transfer full)
 */
GBytes *watch_settle (GBytes *expected, const HaulFolderStatus *after);
/* index.c: pass_is_renumbered: the destination's keys in rows are void. */
gboolean pass_is_renumbered (const Pass *self);
/* index.c: pass_match: finds candidates that are at the destination already. */
gboolean pass_match (Pass *self, GError **error);
/* pass_put_in_order: after an unclean end the destination puts its folder in order. */
gboolean pass_put_in_order (Pass *self, GError **error);
/* index.c: pass_look_again: after the last receipt: suspects that were sent once more may
 * have turned up at the destination after all; see late.h. */
gboolean pass_look_again (Pass *self, GError **error);
/* rekey.c: rekey_sources: candidates that the state knows under another source key (for
 * backends whose keys may change) take over their rows. */
gboolean rekey_sources (Pass *self, GError **error);
/* rekey.c: rekey_destinations: messages of @unknown that the state knows without a
 * destination key, or under one that is no longer there, are tagged RECORD_CLAIMED, and
 * their rows (and flag changes) get the key. @known: the destination keys that were seen
 * and have a row; NULL: keys never change, only rows without one are looked at. */
gboolean rekey_destinations (Pass *self, Records *unknown, const KeySet *known,
                             GError **error);
/* copy.c: pass_company: see breakers_company(); 0 for what has broken nothing. */
guint pass_company (const Pass *self, guint index);
/* copy.c: pass_sort_breaking: the most trusted first. */
void pass_sort_breaking (Pass *self);
/* copy.c: pass_copy: fetches what is planned into the pipe, as offer number @attempt;
 * what has broken sessions before comes last and in small parts. */
gboolean pass_copy (Pass *self, guint attempt, GError **error);
/* copy.c: the hooks for destination_new(); user_data is the Lane. */
const DestinationHooks *copy_hooks (void);
/* copy.c: commits the receipts gathered so far; the destination's thread. */
gboolean copy_commit_receipts (Lane *lane);
/* flag-look.c: pass_wants_flags: where the source's flags win, what users changed at the
 * destination is looked for, unless the listing proves that nothing changed there. */
gboolean pass_wants_flags (const Pass *self);
/* flag-look.c: pass_look_at_flags: what the destination has becomes changes, or part of
 * those of the source. */
gboolean pass_look_at_flags (Pass *self, GError **error);
/* flag-look.c: flag_look_compare: @row was found at the destination with these flags. */
void flag_look_compare (Pass *self, const StateMessage *row, guint32 flags,
                        const char *keywords);
/* flag-look.c: flags_learn: after an update: which of the keywords @asked the destination
 * does not keep is remembered. The destination's thread; its folder is entered. */
gboolean flags_learn (Pass *self, Session *session, const char *asked, GError **error);
/* twins.c: pass_drop_twins: of equal messages of the folder all but one are left out, if
 * the job says so. */
gboolean pass_drop_twins (Pass *self, GError **error);
/* scan.c: pass_skip_record: the candidate @index is left out; @known: what a former run
 * knew of it. */
gboolean pass_skip_record (Pass *self, guint index, const char *reason,
                           const Identity *known, GError **error);
/* update.c: pass_update: applies flag changes at the destination. */
gboolean pass_update (Pass *self, GError **error);
/* pass_add_change: (transfer full). */
void pass_add_change (Pass *self, FlagChange *change);
/* flag_change_free: accepts NULL. */
void flag_change_free (FlagChange *self);
/* pass_fail: one candidate failed: ledger, report, state. @reason: (transfer full). */
gboolean pass_fail (Pass *self, guint index, GError *reason, const char *subject,
                    GError **error);
/* pass_delivery_id: the id under which @source_key is stored; 16 bytes into @out. */
void pass_delivery_id (Pass *self, HaulBytes source_key, guint8 *out);
/* pass_post_action: tells of an action (planned or done). */
void pass_post_action (Pass *self, ActionKind action, HaulBytes key, guint64 bytes,
                       const char *text);
/* pass_abandon: after a barrier: the pass broke and will be done anew: what was stored
 * counts, the rest is forgotten. */
void pass_abandon (Pass *self);
/* pass_give_up: after a barrier: the pass broke and will not be done anew: what it did is
 * counted, what it did not come to has failed. */
void pass_give_up (Pass *self);
/* pass_has_outstanding: items went into the pipe. */
gboolean pass_has_outstanding (const Pass *self);
/* lane_wait: waits @delay_us, or until a stop is asked for. */
void lane_wait (Lane *lane, gint64 delay_us);
/* lane_keep_alive: the source has nothing to do while the lane waits for the destination.
 */
void lane_keep_alive (Lane *lane);
/* lane_should_stop: a soft or hard stop was asked for. */
gboolean lane_should_stop (Lane *lane);

/* LaneTask: one pair's way through a lane. */
typedef struct
{
  FolderPair *pair;
  FolderResult *result;
  guint attempts;
  guint ordered;      /* see Pass.ordered */
  Breakers *breakers; /* NULL: none yet */
} LaneTask;

/* lane_task_free: accepts NULL. */
void lane_task_free (gpointer task);

/* LaneQueue: the folders that no lane has taken yet. Any thread. */
typedef struct
{
  GAsyncQueue *tasks;      /* of LaneTask (full) */
  GCancellable *abandoned; /* the account cannot go on */
  gint culprit;            /* atomic: the lane that found it out, from 1 on; 0: none */
} LaneQueue;

/*
 * lane_run: takes tasks from @queue until there are none, and finishes them. FALSE: the
 * account cannot go on; @error says why, *@out_source whose side it was. The rows that
 * wait for the destination's last listing are in lane->settled.
 */
gboolean lane_run (Lane *lane, LaneQueue *queue, gboolean *out_source, GError **error);
/* lane_settle: one listing of the destination tells where each folder of lane->settled
 * now ends. With no pass under way in any lane. */
gboolean lane_settle (Lane *lane, GError **error);
/* lane_account_should_stop: somebody wants the account to end. */
gboolean lane_account_should_stop (const Account *account);
/* lane_mend: with no pass under way a call ended with @reason (transfer full), for the
 * @attempt-th time: waits, and connects again what broke. FALSE: as lane_run(). */
gboolean lane_mend (Lane *lane, GError *reason, guint attempt, gboolean *out_source,
                    GError **error);
/* lane_open: both sessions. *@out_source: the error was the source's. */
Lane *lane_open (Account *account, gboolean *out_source, GError **error);
/* lane_close: accepts NULL. */
void lane_close (Lane *self);
