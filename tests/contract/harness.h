/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the behaviours of the contract suite are written with: a store of its own for
 * each, sessions in it, mails to put in and listings to compare with them.
 */
#pragma once

#include <pthread.h>

#include "batch.h"
#include "plugin/registry.h"
#include "plugin/session.h"

/* Setup: what the command line says; one for the program. */
typedef struct
{
  Registry *registry;
  const HaulBackend *backend;
  char **options; /* NAME=VALUE; {dir} and {name} stand for the behaviour's own */
  gboolean fresh; /* some option has a {dir} or {name}: each behaviour has a store */
  gboolean only_source; /* the role asked for cannot write */
  gboolean only_inbox;  /* the store has no other folder */
  gboolean account;     /* of a server: it cannot be missing or made */
  guint scale;          /* divides the large numbers */
} Setup;

/* World: the store of one behaviour. */
typedef struct
{
  const Setup *setup;
  char *directory;  /* {dir}; removed at the end */
  char *name;       /* {name}; unique in the process */
  gpointer sources; /* settings of either role */
  gpointer destinations;
  pthread_mutex_t lock; /* of `opens`: sessions are opened by several threads */
  GPtrArray *opens;     /* of HaulOpen, which stand as long as sessions may */
} World;

/* Record: a copy of what a scan said of a message. */
typedef struct
{
  GBytes *key;
  guint32 known;
  guint32 flags;
  char *keywords; /* canonical */
  guint64 size_bytes;
  gint64 date_unix;
  char *headers; /* NUL-terminated; may be NULL */
  gboolean has_id;
  guint8 delivery_id[HAUL_DELIVERY_ID_LENGTH];
} Record;

/* Listing: a copy of a complete scan. */
typedef struct
{
  GPtrArray *records;  /* of Record */
  GPtrArray *vanished; /* of GBytes */
  gboolean delta;
  HaulFolderStatus status; /* without the bytes */
  GBytes *token;           /* NULL: none */
  GBytes *mark;            /* NULL: none */
} Listing;

/* world_up, world_down: the fixture of a behaviour. */
void world_up (World *world, gconstpointer setup);
/* See world_up(). */
void world_down (World *world, gconstpointer setup);
/* world_caps: of a session of @role. */
guint32 world_caps (World *world, HaulRole role);
/* world_lacks: marks the test as skipped when a session of a destination has no @cap. */
gboolean world_lacks (World *world, guint32 cap, const char *name);

/* open_session: a session that must open. (transfer full), session_close(). */
Session *open_session (World *world, HaulRole role);
/* open_session_full: the same for a dry run, or with a cancellable. */
Session *open_session_full (World *world, HaulRole role, gboolean dry_run,
                            GCancellable *cancellable);

/* path_of: a path of @first, … up to NULL, below a folder of the behaviour's own where
 * the store is shared. (transfer full), g_strfreev(). */
char **path_of (World *world, const char *first, ...) G_GNUC_NULL_TERMINATED;
/* create_folder: must succeed. */
void create_folder (Session *session, char **path, guint32 attributes);
/* list_paths: all paths as text, sorted as listed; checks each folder against the
 * contract. (transfer full), g_ptr_array_unref(). */
GPtrArray *list_paths (Session *session);
/* list_find: how often @path was listed; its attributes into @out_attributes (may be
 * NULL). */
guint list_find (Session *session, char **path, guint32 *out_attributes);

/* mail_new: for @folder with @body (transfer full), seen, dated, and with an id made from
 * its content and @serial. (transfer full) */
Mail *mail_new (char **folder, GBytes *body, HaulLines lines, guint serial);
/* mails_new: @count ordinary mails of different kinds for @folder. (transfer full) */
GPtrArray *mails_new (char **folder, guint count);
/* body_new: a mail of about @size bytes that no other @serial gives; LF or CRLF.
 * (transfer full) */
GBytes *body_new (guint serial, gsize size, HaulLines lines);

/*
 * store_mails: stores what has no outcome yet, and what is refused with again once more
 * alone, as the engine does. FALSE with @error: the store failed. Each result is checked.
 */
gboolean store_mails (Session *session, GPtrArray *mails, const FeedRules *rules,
                      GError **error);
/* deliver: creates the folders of @mails and stores them in a session of its own; all
 * must be done. */
void deliver (World *world, GPtrArray *mails);
/* scan_folder: enters and scans; must succeed. @since, @from may be NULL.
 * (transfer full), listing_free(). */
Listing *scan_folder (Session *session, char **path, GBytes *since, GBytes *from);
/* listing_free: accepts NULL. */
void listing_free (Listing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Listing, listing_free)
/* listing_keys: GBytes of all records, (transfer full). */
GPtrArray *listing_keys (const Listing *listing);
/* fetch_keys: fetches from the entered folder; must succeed. Fetched, (transfer full). */
GPtrArray *fetch_keys (Session *session, GPtrArray *keys, HaulLines lines);

/* content_text: the digest of canonical content as text. (transfer full) */
char *content_text (gconstpointer data, gsize length);
/* assert_holds: the folder, as a session of @role sees it, holds exactly the @mails that
 * are done: content, size, flags, keywords, dates. */
void assert_holds (World *world, HaulRole role, char **path, GPtrArray *mails);
/* assert_holds_at_least: these, and beside them only such that have no result yet. */
void assert_holds_at_least (World *world, HaulRole role, char **path, GPtrArray *mails);
/* assert_key: the two keys are the same bytes. */
void assert_key (HaulBytes a, GBytes *b);
/* bytes_view: of a GBytes; NULL gives none. */
HaulBytes bytes_view (GBytes *bytes);
/* path_text: haul_path_to_text for a char **. (transfer full) */
char *path_text (char **path);

/* The parts of the suite, which add their behaviours. */
void add_folder_behaviours (const Setup *setup);
/* Storing ordinary and strange messages. */
void add_message_behaviours (const Setup *setup);
/* How a batch goes on, breaks off and ends. */
void add_store_behaviours (const Setup *setup);
/* Scans, keys, tokens, marks and fetches. */
void add_scan_behaviours (const Setup *setup);
/* Changes, and what must change nothing. */
void add_change_behaviours (const Setup *setup);
/* Moves between folders. */
void add_move_behaviours (const Setup *setup);
/* What can be said of a store that cannot be written. */
void add_source_behaviours (const Setup *setup);

/* contract_add_backends: makes backends known that are linked in. */
gboolean contract_add_backends (Registry *registry, GError **error);
