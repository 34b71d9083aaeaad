/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of core/state share: the open file, its statements and its lock. Nobody
 * outside of this folder includes it.
 */
#pragma once

#include <sqlite3.h>

#include <glib.h>

#include <mailhaul/error.h>

#include "state/state.h"

/* StateStatement: the prepared statements, each made at its first use and then kept. */
typedef enum
{
  STATEMENT_BEGIN,
  STATEMENT_BEGIN_READ,
  STATEMENT_COMMIT,
  STATEMENT_ROLLBACK,
  STATEMENT_TOUCH,
  STATEMENT_BIND_READ,
  STATEMENT_BIND_WRITE,
  STATEMENT_FOLDER_LOAD,
  STATEMENT_FOLDER_INSERT,
  STATEMENT_FOLDER_SAVE,
  STATEMENT_FOLDER_NOTE,
  STATEMENT_FOLDER_FORGET,
  STATEMENT_FOLDERS,
  STATEMENT_FOLDER_HAS_ROWS,
  STATEMENT_FIND_SOURCE,
  STATEMENT_FIND_DESTINATION,
  STATEMENT_FIND_DESTINATION_TEMPORARY,
  STATEMENT_PAGE_FIRST,
  STATEMENT_PAGE_NEXT,
  STATEMENT_COUNT_OUTCOMES,
  STATEMENT_WRITE,
  STATEMENT_RECEIPT,
  STATEMENT_RECEIPT_IDENTITY,
  STATEMENT_RECEIPT_ALONE,
  STATEMENT_FLAGS,
  STATEMENT_REMOVE,
  STATEMENT_SET_REMOVED,
  STATEMENT_SET_GONE,
  STATEMENT_REMOVAL_GONE,
  STATEMENT_PAGE_GONE_FIRST,
  STATEMENT_PAGE_GONE_NEXT,
  STATEMENT_SET_THERE,
  STATEMENT_SET_DOUBT,
  STATEMENT_RUN_BEGIN,
  STATEMENT_RUN_END,
  STATEMENT_RUNS,
  STATEMENT_UNKEPT,
  STATEMENT_SET_UNKEPT,
  STATEMENT_REMOVAL_INSERT,
  STATEMENT_REMOVAL_STATE,
  STATEMENT_REMOVALS,
  STATEMENT_LAST /* their number */
} StateStatement;

/* StateGuard: the mutex and what it guards beside the database; defined in state.c. */
typedef struct _StateGuard StateGuard;

/* StateLock: the lock of one account and the stamp of its last clean close; lock.c. */
typedef struct _StateLock StateLock;

/* StateIndex: what serves look-ups by destination key. */
typedef enum
{
  STATE_INDEX_UNKNOWN = 0,
  STATE_INDEX_FILE = 1,
  STATE_INDEX_TEMPORARY = 2,
} StateIndex;

struct _State
{
  sqlite3 *db;
  char *path; /* of the file, for messages */
  gboolean read_only;
  StateIndex index; /* as far as it is known, see index.c */
  gboolean durable; /* the open transaction shall survive a power cut */
  gboolean suspect; /* SQLite found damage while the file was in use */
  gint failed;      /* atomic: the file could not be read or written */
  StateLock *lock;  /* NULL: a missing file that is only read */
  StateGuard *guard;
  sqlite3_stmt *statements[STATEMENT_LAST];
};

/* state_enter: begins a call into the database; blocks while another thread is in one. */
void state_enter (State *self);
/* state_leave: ends it, then runs the commit hook for what was committed, lock released.
 */
void state_leave (State *self);
/* state_count_commit: called by state_transaction_commit() with the lock held. */
void state_count_commit (State *self);

/* ---- sql.c: statements, transactions, the mapping of errors. Lock held. ---- */

/* state_sql_error: sets @error from the SQLite result @result: "ACTION in state file
 * 'PATH': …". FULL and IOERR are HAUL_ERROR_IO, CORRUPT and NOTADB HAUL_ERROR_CORRUPT,
 * what the system forbids HAUL_ERROR_PERMISSION; account scope. Returns FALSE. */
gboolean state_sql_error (State *self, int result, const char *action, GError **error);
/* state_sql_is_damage: @result says that the file itself is broken. */
gboolean state_sql_is_damage (int result);
/* state_refuse_read_only: FALSE with an error when @self was opened to be read only. */
gboolean state_refuse_read_only (State *self, const char *action, GError **error);
/* state_exec: one statement of constant SQL without parameters. Returns the SQLite
 * result. */
int state_exec (State *self, const char *sql);
/* state_prepare: the kept statement @which, made from @sql when it is asked for the first
 * time. (transfer none); NULL with @error set. */
sqlite3_stmt *state_prepare (State *self, StateStatement which, const char *sql,
                             const char *action, GError **error);
/* state_step: the next row into *@out_row (FALSE: no more; then the statement is reset).
 */
gboolean state_step (State *self, sqlite3_stmt *statement, gboolean *out_row,
                     const char *action, GError **error);
/* state_run: steps a statement that gives no rows, and resets it. */
gboolean state_run (State *self, sqlite3_stmt *statement, const char *action,
                    GError **error);
/* state_reset: makes @statement ready for the next use and drops what is bound. */
void state_reset (sqlite3_stmt *statement);
/* state_bind_bytes: a blob; it must stand until state_reset(). @empty_is_null: an empty
 * view is stored as NULL, else as an empty blob. */
void state_bind_bytes (sqlite3_stmt *statement, int index, HaulBytes bytes,
                       gboolean empty_is_null);
/* state_bind_text: NULL is stored as NULL; it must stand until state_reset(). */
void state_bind_text (sqlite3_stmt *statement, int index, const char *text);
/* state_read_begin: prepares for a look-up. A writer, alone as it is, sees the same file
 * whenever it looks, so it takes SQLite's read lock once for all look-ups until it next
 * writes. Whatever fails is seen by the look-up itself. */
void state_read_begin (State *self);
/* state_transaction_begin: @durable: its commit shall survive a power cut. */
gboolean state_transaction_begin (State *self, gboolean durable, const char *action,
                                  GError **error);
/* state_transaction_end: commits when @done, else rolls back (keeping the error that is
 * set). Returns @done, or FALSE with @error set when the commit failed. */
gboolean state_transaction_end (State *self, gboolean done, const char *action,
                                GError **error);
/* state_finalize_all: frees all statements. */
void state_finalize_all (State *self);

/* ---- schema.c: what is in the file ---- */

/* SCHEMA_VERSION: grows with each change of the tables; a newer one is refused. */
#define SCHEMA_VERSION 3

/* SCHEMA_INDEX: finds messages by destination key; made by index.c. What has no such key
 * yet is left out. */
#define SCHEMA_INDEX                                                                     \
  "CREATE INDEX messages_destination ON messages (folder, destination_key)"              \
  " WHERE destination_key IS NOT NULL"

/* SchemaVerdict: what schema_examine() found. */
typedef enum
{
  SCHEMA_GOOD = 0,
  SCHEMA_FRESH = 1,   /* nothing in it yet */
  SCHEMA_DAMAGED = 2, /* not a database, broken, or not of mailhaul */
  SCHEMA_OLD = 3,     /* good, of an older version */
} SchemaVerdict;

/* schema_configure: the settings of the connection; a result that is not SQLITE_OK may be
 * damage. */
int schema_configure (State *self);
/* schema_begin_writing: turns the journal on; only for a file that is ours. */
gboolean schema_begin_writing (State *self, GError **error);
/* schema_examine: reads the header and the small tables; with @thorough every page. FALSE
 * with HAUL_ERROR_UNSUPPORTED for a newer file, HAUL_ERROR_IO or _PERMISSION when it
 * cannot be read. */
gboolean schema_examine (State *self, gboolean thorough, SchemaVerdict *out_verdict,
                         GError **error);
/* schema_upgrade: makes a SCHEMA_OLD file one of today's, in one durable transaction; a
 * reader sees it as one, and the file stays as it is. */
gboolean schema_upgrade (State *self, GError **error);
/* schema_create: makes all tables in one durable transaction. */
gboolean schema_create (State *self, GError **error);

/* ---- lock.c: file names, the lock, the stamp ---- */

/* state_file_name: @account as a file name without suffix, one name for one account:
 * letters, digits and "_-+=,@" stand for themselves, '.' too but at the beginning, all
 * else is %XX; very long ones end in a digest. (transfer full) */
char *state_file_name (const char *account);
/* state_lock_take: takes the account's lock @path for writing (the file is made when
 * missing). NULL with HAUL_ERROR_BUSY naming who has it, or HAUL_ERROR_IO. */
StateLock *state_lock_take (const char *path, GError **error);
/* state_lock_sign: writes into the file who holds it; until then it has the last stamp.
 */
void state_lock_sign (StateLock *self);
/* state_lock_watch: the lock @path without taking it, for a reader. While it is open a
 * writer leaves the database file itself alone (it only adds to the journal). Never
 * NULL; a missing lock file is as good as one that nobody holds. */
StateLock *state_lock_watch (const char *path);
/* state_lock_is_taken: some other process or handle holds it for writing. */
gboolean state_lock_is_taken (const StateLock *self);
/* state_lock_has_readers: a reader watches. */
gboolean state_lock_has_readers (const StateLock *self);
/* state_lock_is_stamped: the file @path is, byte for byte as far as size and times tell,
 * what the last writer closed. */
gboolean state_lock_is_stamped (const StateLock *self, const char *path);
/* state_lock_stamp: after a clean close of @path by the lock's holder. @suspect: rather
 * say that it must be examined. */
void state_lock_stamp (StateLock *self, const char *path, gboolean suspect);
/* state_lock_free: releases it. Accepts NULL. */
void state_lock_free (StateLock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StateLock, state_lock_free)

/* ---- index.c ---- */

/*
 * index_require: makes sure that messages of the folder can be found by their destination
 * key: by an index of the file that is made when it is first needed (one commit) and then
 * kept, or for a reader whose file has none by a temporary table. self->index then says
 * which. *@out_useful FALSE: the folder has no rows at all, and nothing was made. Lock
 * held.
 */
gboolean index_require (State *self, gint64 folder_id, gboolean *out_useful,
                        GError **error);

/* ---- damage.c ---- */

/* damage_set_aside: renames @path with its -wal and -shm to PATH.damaged-TIME… Returns:
 * (transfer full) the new name; NULL with @error set. */
char *damage_set_aside (const char *path, GError **error);
