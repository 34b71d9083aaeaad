/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was copied and what was seen: one SQLite file per account. A cache with a journal:
 * losing it costs a re-match by identity, never mail and never a duplicate. Thread-safe:
 * one of the three files that lock (pthread mutex).
 */
#pragma once

#include <mailhaul/error.h>
#include <mailhaul/message.h>

#include "model/identity.h"

/* StateOutcome: where a source message stands. Values are on disk: never renumber. */
typedef enum
{
  STATE_INTENT = 1,  /* about to be stored, or stored without our knowing */
  STATE_STORED = 2,  /* stored by us, receipt had */
  STATE_MATCHED = 3, /* was already at the destination */
  STATE_SKIPPED = 4, /* left out by a filter; `reason` says which */
  STATE_FAILED = 5,  /* failed at the last run; `reason` says why */
  STATE_REMOVED = 6, /* was delivered; somebody removed it at the destination since */
} StateOutcome;

/* STATE_THERE: outcomes of a message that lies at the destination. STATE_DELIVERED: of
 * one that did at some time, and is never delivered again. As bits 1 << outcome. */
#define STATE_THERE     ((1u << STATE_STORED) | (1u << STATE_MATCHED))
#define STATE_DELIVERED (STATE_THERE | (1u << STATE_REMOVED))

/* StateGone: whether the source still has a message. Values are on disk. */
typedef enum
{
  STATE_AT_SOURCE = 0, /* as far as the last complete listing of its folder said */
  STATE_GONE = 1,      /* a complete listing no longer had it: deleted there, or moved */
  STATE_TAKEN = 2, /* we took it from there ourselves, after it was delivered; set before
                      it is done: while it is listed it is there still */
} StateGone;

/* StateUnverified: what of a folder still is to be verified, as bits. On disk. */
typedef enum
{
  STATE_UNVERIFIED_NEW = 1 << 0,   /* something was stored, and no verification came to
                                      its end since */
  STATE_UNVERIFIED_FOUND = 1 << 1, /* messages differed: their rows have a `reason` */
} StateUnverified;

/* StateMode: how a state file is opened. */
typedef enum
{
  STATE_READ_WRITE = 0, /* takes the account's lock; creates the file */
  STATE_READ_ONLY = 1,  /* no lock, changes nothing; a missing file is an empty state */
} StateMode;

/* StateFolder: the row of one folder pair. Owned by the caller. */
typedef struct
{
  gint64 id;
  char *source_path;            /* text form */
  char *destination_path;       /* text form */
  guint64 source_validity;      /* 0: none */
  guint64 destination_validity; /* 0: none */
  GBytes *source_token;         /* at the last complete pass; NULL: none */
  GBytes *destination_token;    /* likewise */
  GBytes *destination_mark;     /* messages after it may be ours without a receipt */
  GBytes *note;                 /* the destination backend's, see haul_feed_note() */
  gboolean clean;               /* the last pass ended whole and without failures */
  guint64 settings_hash;        /* of filters and sync rules at that pass */
  guint64 messages;             /* at the source at that pass */
  guint64 bytes;
  guint64 skipped;
  guint64 removed;    /* STATE_REMOVED among the messages of that pass */
  guint32 unverified; /* StateUnverified */
  GBytes *watch;      /* the destination's folder when all that was delivered was known to
                         be there or not; the engine's; NULL: not known */
  GBytes *source_object; /* what names the source's folder for ever, whatever its path
                            (RFC 8474 MAILBOXID); NULL: not known */
} StateFolder;

/* StateMessage: the row of one message. As an output its pointers stand until the next
 * call with the same StateCursor, or as the function says. */
typedef struct
{
  HaulBytes source_key;
  HaulBytes destination_key; /* empty: not known */
  StateOutcome outcome;
  guint32 flags;        /* as last synced */
  const char *keywords; /* canonical set, as last synced; never NULL as an output */
  gint64 date_unix;
  Identity identity;
  const char *reason;  /* skipped: which filter; failed: the error; delivered: what a
                          verification found to differ; may be NULL */
  const char *subject; /* failed: of the message, for the report; may be NULL */
  const char *note;    /* delivered: what the receipt noted; may be NULL */
  gboolean ours;      /* there was a receipt: the message at the destination is our doing;
                         FALSE: it was found there. STATE_STORED implies it */
  StateGone gone;     /* state_set_gone() */
  Identity delivered; /* what filters made of it, as it was stored; nothing known: stored
                         as it is, or not by us */
} StateMessage;

/* state_stored_as: what the copy of a delivered message should be, as far as its row
 * knows. */
static inline const Identity *
state_stored_as (const StateMessage *message)
{
  return message->delivered.known != 0 ? &message->delivered : &message->identity;
}

/* StateRun: the record of one run. */
typedef struct
{
  gint64 id;
  gint64 started_unix;
  gint64 ended_unix; /* 0: still running or killed */
  int exit_code;
  guint64 copied, copied_bytes, present, skipped, failed, updated;
  guint64 removed; /* deleted by us, on either side */
} StateRun;

/* State: an open state file. */
typedef struct _State State;

/*
 * state_open: opens DIRECTORY/ACCOUNT.sqlite. Errors: HAUL_ERROR_BUSY (account scope)
 * when another run holds the lock, naming its pid and host; HAUL_ERROR_UNSUPPORTED when
 * the file was written by a newer version; HAUL_ERROR_IO. A damaged file is renamed to
 * ACCOUNT.sqlite.damaged-TIME and a new one begun: then *@out_damaged (may be NULL) gets
 * its name (transfer full), else NULL. A reader leaves a damaged file where it is, names
 * it there and goes on with an empty state.
 */
State *state_open (const char *directory, const char *account, StateMode mode,
                   char **out_damaged, GError **error);
/* state_close: commits nothing that was not committed; releases the lock. Accepts NULL.
 */
void state_close (State *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (State, state_close)

/*
 * state_bind: ties the file to its two endpoints: @identity is text that names both
 * (backend, host, user, path). A file bound to another pair is refused with
 * HAUL_ERROR_CONFIG (account scope) that names both.
 */
gboolean state_bind (State *self, const char *identity, GError **error);

/* state_folder_load: the row of the pair, made when missing (STATE_READ_ONLY: id 0).
 * (transfer full), free with state_folder_free(). */
StateFolder *state_folder_load (State *self, const char *source_path,
                                const char *destination_path, GError **error);
/* state_folder_free: accepts NULL. */
void state_folder_free (StateFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StateFolder, state_folder_free)
/* state_folder_save: writes the row but for the note, which the destination's thread may
 * have replaced meanwhile. @durable: survives a power cut when TRUE returns. */
gboolean state_folder_save (State *self, const StateFolder *folder, gboolean durable,
                            GError **error);
/* state_folder_note: replaces the note alone (empty: removes it), committed when TRUE
 * returns. */
gboolean state_folder_note (State *self, gint64 folder_id, HaulBytes note,
                            GError **error);
/* state_folder_forget: deletes all message rows of the folder (UIDVALIDITY changed). */
gboolean state_folder_forget (State *self, gint64 folder_id, GError **error);
/* state_folders: all rows in order of source path; GPtrArray of StateFolder (full). */
GPtrArray *state_folders (State *self, GError **error);

/* StateCursor: prepared look-ups for one thread. */
typedef struct _StateCursor StateCursor;
/* state_cursor_new: for one folder; (transfer full). */
StateCursor *state_cursor_new (State *self, gint64 folder_id);
/* state_cursor_free: accepts NULL. */
void state_cursor_free (StateCursor *cursor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StateCursor, state_cursor_free)
/* state_cursor_find: the message with @source_key; *@out_found FALSE when there is none.
 * Fast: made for one call per message of a scan. */
gboolean state_cursor_find (StateCursor *cursor, HaulBytes source_key, StateMessage *out,
                            gboolean *out_found, GError **error);
/* state_cursor_find_destination: by destination key. */
gboolean state_cursor_find_destination (StateCursor *cursor, HaulBytes destination_key,
                                        StateMessage *out, gboolean *out_found,
                                        GError **error);

/* StateMessageFunc: FALSE with error set stops. @message stands during the call. */
typedef gboolean (*StateMessageFunc) (const StateMessage *message, gpointer user_data,
                                      GError **error);
/* state_messages: every row of the folder whose outcome bit (1 << outcome) is in
 * @outcomes, in order of source key. The callback must not write to the state; no lock is
 * held meanwhile. */
gboolean state_messages (State *self, gint64 folder_id, guint32 outcomes,
                         StateMessageFunc func, gpointer user_data, GError **error);
/* state_count: how many rows of the folder have an outcome in @outcomes. */
gboolean state_count (State *self, gint64 folder_id, guint32 outcomes, guint64 *out_count,
                      GError **error);

/*
 * state_write: inserts or replaces @count rows in one transaction, committed (so that it
 * survives the death of the process, @durable: of the machine) when TRUE returns. Used
 * for intents, matches, skips and failures.
 */
gboolean state_write (State *self, gint64 folder_id, const StateMessage *const *messages,
                      gsize count, gboolean durable, GError **error);

/* StateReceipt: a stored message: turns its INTENT into STORED. */
typedef struct
{
  gint64 folder_id;
  HaulBytes source_key;
  HaulBytes destination_key;
  const Identity *identity; /* NULL: unchanged; else completes it (content of big ones) */
  const char *note;         /* what became of it otherwise than asked; NULL: nothing */
} StateReceipt;
/* state_receipts: @count receipts, any folders, in one committed transaction. One whose
 * message has no row gets a row. */
gboolean state_receipts (State *self, const StateReceipt *receipts, gsize count,
                         GError **error);
/* state_flags: the flags as now synced, for one message; @new_destination_key empty:
 * unchanged. HAUL_ERROR_NOT_FOUND (message scope): it has no row. */
gboolean state_flags (State *self, gint64 folder_id, HaulBytes source_key, guint32 flags,
                      const char *keywords, HaulBytes new_destination_key,
                      GError **error);
/* state_remove: deletes rows by source key, one transaction. */
gboolean state_remove (State *self, gint64 folder_id, const HaulBytes *source_keys,
                       gsize count, GError **error);

/* state_set_removed: these delivered messages are no longer at the destination, or
 * (@removed FALSE) are there again. One transaction; others are left alone. */
gboolean state_set_removed (State *self, gint64 folder_id, const HaulBytes *source_keys,
                            gsize count, gboolean removed, GError **error);
/* state_set_gone: what the source's last complete listing said of these messages; rows
 * that do not exist are left alone, in whatever outcome, and what is STATE_TAKEN does not
 * become STATE_GONE. One transaction. */
gboolean state_set_gone (State *self, gint64 folder_id, const HaulBytes *source_keys,
                         gsize count, StateGone gone, GError **error);
/* state_gone: every delivered row (STATE_DELIVERED) of the folder that is marked
 * STATE_GONE, in order of source key; fast when there are none. @func as of
 * state_messages(). */
gboolean state_gone (State *self, gint64 folder_id, StateMessageFunc func,
                     gpointer user_data, GError **error);
/* state_set_doubt: what a verification found to differ at a delivered message; NULL:
 * nothing any more. */
gboolean state_set_doubt (State *self, gint64 folder_id, HaulBytes source_key,
                          const char *reason, GError **error);

/* state_unkept_keywords: the keywords that this folder of the destination is known not to
 * keep, a canonical set. (transfer full); NULL: @error. */
char *state_unkept_keywords (State *self, const char *destination_path, GError **error);
/* state_set_unkept_keywords: replaces them; "" for none. */
gboolean state_set_unkept_keywords (State *self, const char *destination_path,
                                    const char *keywords, GError **error);

/* ---- the journal of deletions: removals.c ---- */

/* StateSide: where something is deleted. On disk. */
typedef enum
{
  STATE_SIDE_DESTINATION = 1,
  STATE_SIDE_SOURCE = 2,
} StateSide;

/* StateRemovalReason: why. On disk. */
typedef enum
{
  STATE_REMOVAL_DELIVERED = 1, /* we delivered it, and the source has it no more */
  STATE_REMOVAL_MIRROR = 2,    /* the destination shall be as the source is */
  STATE_REMOVAL_SOURCE_AFTER_COPY = 3, /* it is delivered, so the source gives it up */
  STATE_REMOVAL_MOVED = 4,             /* it lies in another folder now */
} StateRemovalReason;

/* StateRemovalMode: how. On disk. */
typedef enum
{
  STATE_REMOVAL_EXPUNGE = 1, /* for good */
  STATE_REMOVAL_TRASH = 2,   /* to another folder: the trash, or what the job names */
} StateRemovalMode;

/* StateRemovalState: how far it came. On disk. */
typedef enum
{
  STATE_REMOVAL_INTENDED = 1, /* about to be made, or made without our knowing */
  STATE_REMOVAL_DONE = 2,
  STATE_REMOVAL_FAILED = 3, /* not made: refused, or found still there later */
} StateRemovalState;

/* StateRemoval: one deletion, with enough to say what it was. An output's pointers stand
 * during the call. */
typedef struct
{
  gint64 id; /* set by state_removals_intend() */
  gint64 run_id;
  gint64 time_unix;
  StateSide side;
  const char *folder;        /* path on that side, text form */
  HaulBytes destination_key; /* may be empty */
  HaulBytes source_key;      /* may be empty */
  StateRemovalReason reason;
  StateRemovalMode mode;
  const char *message_id; /* as it stands in the header; may be NULL */
  const char *subject;    /* raw; may be NULL */
  guint64 size_bytes;     /* HAUL_SIZE_UNKNOWN */
  gint64 date_unix;       /* INTERNALDATE; 0: not known */
  StateRemovalState state;
} StateRemoval;

/* state_removals_intend: enters @count removals as STATE_REMOVAL_INTENDED and sets their
 * ids; at STATE_SIDE_SOURCE the rows of @folder_id with their source keys become
 * STATE_TAKEN. One transaction that survives a power cut when TRUE returns: else such a
 * message could be taken for deleted by somebody, or be forgotten. */
gboolean state_removals_intend (State *self, gint64 folder_id, StateRemoval *removals,
                                gsize count, GError **error);
/*
 * state_removals_end: @count entries (by id) take their `state`. What is done at the
 * destination has no row any more: rows of @folder_id with the source keys of those that
 * are STATE_REMOVAL_DONE at STATE_SIDE_DESTINATION go with them, in the same transaction;
 * those of STATE_REMOVAL_FAILED at STATE_SIDE_SOURCE become STATE_AT_SOURCE again.
 */
gboolean state_removals_end (State *self, gint64 folder_id, const StateRemoval *removals,
                             gsize count, GError **error);
/* StateRemovalFunc: FALSE with error set stops. @removal stands during the call. */
typedef gboolean (*StateRemovalFunc) (const StateRemoval *removal, gpointer user_data,
                                      GError **error);
/* state_removals: every entry with an id over @after whose state bit (1 << state) is in
 * @states, oldest first. No lock is held meanwhile. */
gboolean state_removals (State *self, gint64 after, guint32 states, StateRemovalFunc func,
                         gpointer user_data, GError **error);

/* state_run_begin: a new run's row; its id into run->id. */
gboolean state_run_begin (State *self, StateRun *run, GError **error);
/* state_run_end: completes the row. */
gboolean state_run_end (State *self, const StateRun *run, GError **error);
/* state_runs: the last @limit runs, newest first: GArray of StateRun (transfer full). */
GArray *state_runs (State *self, guint limit, GError **error);
/* state_has_failed: the file could not be read or written, so that whatever went wrong
 * after that is no fault of the mailboxes. Any thread; accepts NULL. */
gboolean state_has_failed (const State *self);
/* state_commits: transactions committed since opening (tests; kill points). */
guint64 state_commits (const State *self);
/* state_set_commit_hook: @func runs after each commit (tests: kill at every commit step);
 * NULL: none. */
void state_set_commit_hook (State *self, void (*func) (gpointer user_data),
                            gpointer user_data);
