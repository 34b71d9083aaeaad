/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of the Maildir backend are written with: a store in a directory of its
 * own, sessions in it, files put there by hand, and copies of what the backend says.
 * Plan, sink and feed are those of the contract suite.
 */
#pragma once

#include <mailhaul/backend.h>

#include "../backends/maildir/session.h"
#include "contract/batch.h"

/* World: one store. @path: its top, which does not exist at first. @settings: as a job
 * without options, to be changed before a session is opened. */
typedef struct
{
  char *directory;
  char *path;
  const HaulBackend *backend;
  MaildirSettings settings;
  GCancellable *cancellable;
  HaulOpen opens[8];
  guint open_count;
} World;

/* Seen: a copy of a record. @keywords: joined by blanks, "" for none. */
typedef struct
{
  char *key;
  guint32 known;
  guint32 flags;
  char *keywords;
  guint64 size_bytes;
  gint64 date_unix;
  char *headers;
  guint8 delivery_id[HAUL_DELIVERY_ID_LENGTH];
} Seen;

/* Scanned: a copy of a scan. @token: NULL when there was none. */
typedef struct
{
  GPtrArray *records; /* of Seen */
  GBytes *token;
  gboolean delta;
  guint32 known;
  guint64 messages;
} Scanned;

/* world_new: below the temporary directory, or below $MAILDIR_TEST_DIR. */
World *world_new (void);
/* world_free: removes all. Accepts NULL. */
void world_free (World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/* world_open: a session; the test fails if there is none. */
gpointer world_open (World *world, HaulRole role);
/* world_put: writes the file @name (relative to the store) with its directories. */
void world_put (World *world, const char *name, const char *text);
/* world_folder: makes the Maildir @name, "" for the top. */
void world_folder (World *world, const char *name);
/* world_get: the content of a file; NULL when there is none. (transfer full) */
char *world_get (World *world, const char *name);
/* world_names: the sorted names in the directory @name, joined by blanks. (transfer full)
 */
char *world_names (World *world, const char *name);
/* world_age: sets the time stamps of cur/ and new/ of @name back? Time of change cannot
 * be; so it makes @session believe that nothing is recent. */
void world_age (gpointer session);

/* world_list: the listing, one line a folder: path, then " -" for no messages possible,
 * " *" for subscribed, " 0" for known to be empty. (transfer full) */
char *world_list (World *world, gpointer session);
/* world_scan: enters @path (as text) and scans it. (transfer full) */
Scanned *world_scan (World *world, gpointer session, const char *path, guint32 needs,
                     GBytes *since);
/* scanned_free: accepts NULL. */
void scanned_free (Scanned *scanned);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scanned, scanned_free)
/* scanned_keys: the keys, joined by blanks. (transfer full) */
char *scanned_keys (const Scanned *scanned);
/* scanned_at: one record; the test fails when there is none. */
const Seen *scanned_at (const Scanned *scanned, guint at);

/* world_fetch: the body of message @key of the entered folder; NULL when it failed, then
 * *@out_error (may be NULL) says why. (transfer full) */
GByteArray *world_fetch (World *world, gpointer session, const char *key, HaulLines lines,
                         GError **out_error);

/* mail_for: a message numbered @serial for folder @path (as text). (transfer full) */
Mail *mail_for (const char *path, guint serial, const char *body, HaulLines lines);
/* mails_for: @count messages of some hundred bytes. (transfer full) */
GPtrArray *mails_for (const char *path, guint count);
/* world_store: stores @mails; FALSE with @error when the store ended so. */
gboolean world_store (World *world, gpointer session, GPtrArray *mails,
                      const FeedRules *rules, GError **error);
