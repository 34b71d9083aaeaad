/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract between the engine and a backend: a constant struct of callbacks. One
 * thread per session; a session's callbacks never overlap; different sessions of one
 * backend may run at once, so a backend has no mutable statics.
 */
#pragma once

#include <gio/gio.h>

#include <mailhaul/batch.h>
#include <mailhaul/options.h>

G_BEGIN_DECLS

/* HaulRole: which side of the copy a session serves. */
typedef enum
{
  HAUL_ROLE_SOURCE = 1,      /* reads only: it changes nothing, not even \Recent or new/,
                              * unless it was opened with may_change */
  HAUL_ROLE_DESTINATION = 2, /* reads and writes */
} HaulRole;

/* HaulCaps: what a session can promise. An absent bit is always the safe answer. */
typedef enum
{
  HAUL_CAP_STABLE_KEYS = 1 << 0,  /* keys mean the same in a later session */
  HAUL_CAP_ORDERED_KEYS = 1 << 1, /* keys grow in the order of storing (bytewise) */
  HAUL_CAP_RETURNS_KEYS = 1 << 2, /* a receipt carries the new key */
  HAUL_CAP_SCAN_FROM = 1 << 3,    /* scans from a mark */
  HAUL_CAP_KEEPS_ID = 1 << 4,     /* scans give the delivery id back */
  HAUL_CAP_KEYWORDS = 1 << 5,     /* stores keywords */
  HAUL_CAP_ANY_LINES = 1 << 6,    /* takes and gives bodies as stored (HAUL_LINES_ANY) */
  HAUL_CAP_NEEDS_SIZE = 1 << 7,   /* must know a message's size before its first byte */
  HAUL_CAP_SINGLE_SESSION = 1 << 8, /* only one session at a time */
  HAUL_CAP_DATES = 1 << 9,          /* keeps INTERNALDATE */
  HAUL_CAP_SUBSCRIPTIONS = 1 << 10, /* knows subscriptions */
  HAUL_CAP_CASE_INSENSITIVE = 1
                              << 11, /* folder names that differ in case are one folder */
  HAUL_CAP_EXACT_SIZE = 1 << 12,     /* the size of a scan is the exact wire size */
  HAUL_CAP_MAY_MOVE = 1 << 13,       /* flags and folders of a message may be changed */
} HaulCaps;

/* HaulEnterMode: what the caller is going to do in the folder. */
typedef enum
{
  HAUL_ENTER_READ = 0,  /* scan and fetch */
  HAUL_ENTER_WRITE = 1, /* update and expunge, too */
} HaulEnterMode;

/* HaulOpen: what a session is opened with. All pointers stand until `close`. */
typedef struct
{
  gsize struct_size;
  gconstpointer settings; /* the backend's own settings struct, parsed and checked */
  HaulRole role;
  gboolean dry_run; /* a destination that must not be touched, not even created */
  GCancellable *cancellable; /* cancelled: end the current call soon, leave all whole */
  gboolean may_change; /* a source: folders may be entered with HAUL_ENTER_WRITE, and
                          messages expunged, moved, folders created. A destination may
                          always */
} HaulOpen;

/*
 * HaulScan: a request for the metadata of the entered folder.
 *
 * @since: the token of an earlier complete scan, or empty. A backend that can tell what
 * changed since then may deliver only that (result->delta TRUE).
 * @from: a mark, or empty. Only messages stored after it are wanted; a backend without
 * HAUL_CAP_SCAN_FROM delivers all.
 * @record, @vanished: FALSE with the error set ends the scan with that error. Records
 * come in the order of arrival, as far as the store knows it: that is the order of
 * copying.
 * @keys: NULL, or @key_count keys (with @since and @from empty): only these messages are
 * wanted, those that are not there are left out. A backend may deliver others, too.
 */
typedef struct
{
  gsize struct_size;
  guint32 needs; /* HaulNeeds */
  HaulBytes since;
  HaulBytes from;
  gboolean (*record) (const HaulRecord *record, gpointer user_data, GError **error);
  gboolean (*vanished) (HaulBytes key, gpointer user_data, GError **error);
  gpointer user_data;
  const HaulBytes *keys;
  gsize key_count;
} HaulScan;

/*
 * HaulScanResult: how a complete scan ended. @delta: the records and vanished keys were
 * the difference to `since`; else they were the whole folder. @status: the folder as of
 * the scan; its bytes stand until the session's next call. A token is given only if every
 * change that it does not cover would show as another token later.
 */
typedef struct
{
  gsize struct_size;
  gboolean delta;
  HaulFolderStatus status;
} HaulScanResult;

/* HaulChange: new flags for one message. Adds and removes; what is in neither stays. */
typedef struct
{
  HaulBytes key;
  guint32 add_flags;
  guint32 remove_flags;
  const char *const *add_keywords;    /* NULL: none */
  const char *const *remove_keywords; /* NULL: none */
} HaulChange;

/*
 * HaulChangeResultFunc: the outcome for one key of an update, expunge or move, once for
 * each: @error NULL on success; HAUL_ERROR_GONE when there is no such message.
 * @new_key: the message's key now; empty when it did not change. (all transfer none)
 */
typedef void (*HaulChangeResultFunc) (HaulBytes key, HaulBytes new_key,
                                      const GError *error, gpointer user_data);

/*
 * HaulFactFunc: receives one fact of a `describe`. @key: lower-case letters, digits and
 * '-', stable, for programs; the same key may come again. @text: one line of UTF-8 for
 * people; a peer's own words are passed on as they are (the core makes them fit to show).
 * Neither may hold a secret. Both stand only during the call.
 *
 * Keys that every backend uses alike, in this order, each only if it is known:
 * "server" (product, version), "address" (host and port, or the path), "tls" (version and
 * cipher, or that there is none), "certificate" (name, issuer, last day, fingerprint),
 * "mechanism" (how the login was made), "user", "format" (of files), "capabilities" (in
 * the peer's words), "limit" (one each: message size, connections, length of a command),
 * "quota" (one each root: used and allowed), then whole sentences: "speed" (what makes
 * this peer fast or slow), "fidelity" (what it cannot keep, or changes), "warning"
 * (what a person should mend). Any other key is shown as it is.
 */
typedef void (*HaulFactFunc) (const char *key, const char *text, gpointer user_data);

/*
 * HaulBackend: a backend plugin. Zeroed members are absent; what that means stands with
 * each. A role is present when its callbacks are: source = list, enter, scan, fetch;
 * destination = these and create, store.
 *
 * Every callback that returns gboolean returns FALSE if and only if @error is set. An
 * error with HAUL_SCOPE_SESSION or wider ends the session: only `close` follows. Blocking
 * is allowed, for ever is not: a peer's silence ends in HAUL_ERROR_TIMEOUT.
 */
typedef struct
{
  guint32 struct_size; /* filled in by HAUL_BACKEND_HEADER */
  guint32 api_version;

  const char *name;              /* element in the job and part of the file's name */
  const char *summary;           /* one line for `mailhaul plugins` */
  const HaulOptionSpec *options; /* ends with HAUL_OPT_END */
  gsize settings_size;           /* of the struct that the options fill */

  /* check: rules across several options; no I/O. Absent: none. */
  gboolean (*check) (gconstpointer settings, HaulRole role, GError **error);

  /*
   * open: connects and logs in, or finds the files. A destination that does not exist yet
   * is created at the first `create` or `store`, not here. The session that is returned
   * is the backend's own struct, passed to all other callbacks.
   */
  gpointer (*open) (const HaulOpen *open, GError **error);
  /* close: ends the session in any state; frees it. Cannot fail. */
  void (*close) (gpointer session);
  /* caps: HaulCaps; may depend on the peer, constant once open. Absent: 0. */
  guint32 (*caps) (gpointer session);
  /* idle: keeps the session alive while it has nothing to do; blocks at most @max_us.
   * Absent: the session needs nothing. */
  gboolean (*idle) (gpointer session, gint64 max_us, GError **error);

  /*
   * list: every folder exactly once, parents before children, complete or an error. A
   * store that does not exist: HAUL_ERROR_NOT_FOUND with HAUL_SCOPE_ACCOUNT as a source,
   * an empty listing as a destination.
   */
  gboolean (*list) (gpointer session, HaulFolderFunc func, gpointer user_data,
                    GError **error);
  /* create: makes all of @folders (and missing parents), subscribes those whose
   * attributes say so; one that exists is a success. One result each; TRUE if the session
   * still stands. */
  gboolean (*create) (gpointer session, const HaulFolder *folders, gsize count,
                      HaulFolderResultFunc func, gpointer user_data, GError **error);
  /* rename: with its children. Absent: unsupported. */
  gboolean (*rename) (gpointer session, HaulPath from, HaulPath to, GError **error);
  /* remove: an empty folder only; refuses one that holds messages. Absent: unsupported.
   */
  gboolean (*remove) (gpointer session, HaulPath path, GError **error);
  /* subscribe: sets or clears the subscription. Absent: no subscriptions. */
  gboolean (*subscribe) (gpointer session, HaulPath path, gboolean subscribed,
                         GError **error);

  /*
   * enter: makes @path the folder of scan, fetch, update and expunge, leaving the one
   * before. @out_status (may be NULL): what is known without a scan; its bytes stand
   * until the next call. HAUL_ERROR_NOT_FOUND (folder scope) when it does not exist.
   */
  gboolean (*enter) (gpointer session, HaulPath path, HaulEnterMode mode,
                     HaulFolderStatus *out_status, GError **error);
  /* leave: leaves the entered folder. Absent: nothing to do. */
  gboolean (*leave) (gpointer session, GError **error);

  /* scan: see HaulScan. TRUE means complete: every message of the folder was delivered
   * (or every difference). */
  gboolean (*scan) (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
                    GError **error);
  /* fetch: delivers the bodies of @plan to @sink. Each planned message is begun and ended
   * or failed exactly once, unless the fetch itself returns FALSE. */
  gboolean (*fetch) (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error);

  /*
   * store: takes messages off @feed until HAUL_FEED_END. The items' folders may change
   * from one to the next; they exist. Returning FALSE leaves the outcome of every item
   * without a result *unknown*: the engine looks before it sends them again.
   */
  gboolean (*store) (gpointer session, HaulFeed *feed, GError **error);
  /* update: applies @changes in the entered folder. Absent: flags cannot be changed. */
  gboolean (*update) (gpointer session, const HaulChange *changes, gsize count,
                      HaulChangeResultFunc func, gpointer user_data, GError **error);
  /* expunge: removes exactly the messages @keys of the entered folder, no other, whatever
   * their flags. Absent: unsupported. */
  gboolean (*expunge) (gpointer session, const HaulBytes *keys, gsize count,
                       HaulChangeResultFunc func, gpointer user_data, GError **error);

  /*
   * recover: after an unclean end, before anything else is done in @path: brings the
   * folder to a state in which every message is whole, and removes debris of our own.
   * @note: the last haul_feed_note() of the folder, or empty. Absent: nothing to do.
   */
  gboolean (*recover) (gpointer session, HaulPath path, HaulBytes note, GError **error);

  /*
   * describe: says what an open session knows of its store, fact by fact, as a person
   * who prepares a migration wants to read it. Changes nothing; a question to the peer
   * whose answer is missing only leaves out that fact. Absent: nothing is known beside
   * the caps.
   */
  gboolean (*describe) (gpointer session, HaulFactFunc func, gpointer user_data,
                        GError **error);
  /*
   * advise: what a person should know of @settings that are right, but have a price (that
   * mail travels unprotected, say), before anything is opened: one call of @func for each
   * sentence, with the option's name as its key; they become warnings. No I/O. Absent:
   * nothing.
   */
  void (*advise) (gconstpointer settings, HaulRole role, HaulFactFunc func,
                  gpointer user_data);
  /*
   * sessions: how many sessions with these settings may be open at the same time, this
   * one included, each at work in another folder: what the peer allows, and no more than
   * is any use. Constant once open. Absent, or 0: one.
   */
  guint (*sessions) (gpointer session);
  /*
   * move: moves exactly the messages @keys of the entered folder (entered for writing) to
   * the existing folder @to, with flags, keywords and dates; a result's new_key is the
   * key there (empty: not known, or the same). A message that arrived at @to but could
   * not be taken out of the folder counts as moved. Never takes along what others have
   * marked as deleted. HAUL_ERROR_UNSUPPORTED (folder scope) when this peer cannot;
   * FALSE leaves what has no result *unknown*. Absent: unsupported, the engine copies
   * again.
   */
  gboolean (*move) (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
                    HaulChangeResultFunc func, gpointer user_data, GError **error);
  /* copy: the same, but the messages stay in the entered folder, too, which need not be
   * entered for writing. Absent: unsupported, the engine copies from the source. */
  gboolean (*copy) (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
                    HaulChangeResultFunc func, gpointer user_data, GError **error);
  /*
   * spell: as what another client of this store reads the name of @path, be the folder
   * there already or not, after a `list`: *@out_path (transfer full, g_strfreev()).
   * Changes nothing and asks nobody. HAUL_ERROR_REJECTED (folder scope) when the store
   * cannot hold such a path (its length, its depth), as far as that is known: then the
   * engine looks for a shorter one. A guess is allowed: `create` has the last word.
   * Absent: names stay as they are.
   */
  gboolean (*spell) (gpointer session, HaulPath path, char ***out_path, GError **error);
} HaulBackend;

/* HAUL_BACKEND_HEADER: the first two members. */
#define HAUL_BACKEND_HEADER                                                              \
  .struct_size = (guint32) sizeof (HaulBackend), .api_version = HAUL_API_VERSION

/*
 * HAUL_DEFINE_BACKEND: exports the function by which the registry finds the struct. @id
 * is the plugin's name with '-' as '_'; the file is called mailhaul-backend-NAME.so.
 */
#define HAUL_DEFINE_BACKEND(id, backend)                                                 \
  HAUL_API const HaulBackend *haul_backend_##id##_get (void);                            \
  const HaulBackend *haul_backend_##id##_get (void) { return &(backend); }

G_END_DECLS
