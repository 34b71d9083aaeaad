/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of the mbox backend are written with: a directory of their own,
 * sessions, copies of what the backend says, and a plain engine (plan, sink, feed) that
 * remembers the note and kills the process on request.
 */
#pragma once

#include <mailhaul/backend.h>

#include "../backends/mbox/session.h"

/* MboxWorld: @directory: new and empty, removed at the end. @file: DIRECTORY/box. */
typedef struct
{
  char *directory;
  char *file;
  MboxSettings settings;
  HaulOpen open;
  MboxSession *session;
} MboxWorld;

/* WorldMail: a message, to be stored or as it was found. @body: in wire form. */
typedef struct
{
  GBytes *key;
  guint32 flags;
  char *keywords; /* joined by blanks */
  gint64 date_unix;
  gboolean has_date;
  guint64 size_bytes;
  GBytes *body;       /* NULL: could not be fetched */
  char *note;         /* of the receipt; NULL: none */
  GError *error;      /* of the fetch, or of the store */
  gboolean break_off; /* storing: the source breaks in the middle */
} WorldMail;

/* world_new: path is the file; world_free() removes all. */
MboxWorld *world_new (void);
void world_free (MboxWorld *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MboxWorld, world_free)

/* world_session: closes the open session and opens one for @role. */
void world_session (MboxWorld *self, HaulRole role);
/* world_put, world_append, world_get: the file's bytes. */
void world_put (MboxWorld *self, const char *data, gssize length);
void world_append (MboxWorld *self, const char *data);
GBytes *world_get (const MboxWorld *self);

/* world_mail: a new mail of this body. */
WorldMail *world_mail (const char *body, gssize length);
void world_mail_free (gpointer mail);
/* world_mails: an empty array of WorldMail. */
GPtrArray *world_mails (void);
/* world_sample: @count mails with bodies of all kinds, numbered from @first. */
GPtrArray *world_sample (guint first, guint count);

/* WorldScan: how to list. @token, @mark: of before; NULL: none. */
typedef struct
{
  GBytes *token;
  GBytes *mark;
  HaulLines lines;
  gboolean no_bodies;
} WorldScan;

/* WorldListing: what came. */
typedef struct
{
  GPtrArray *mails;
  gboolean delta;
  GBytes *token; /* NULL: none */
  GBytes *mark;
} WorldListing;

/* world_list: scans INBOX and fetches each message. (transfer full) */
WorldListing *world_list (MboxWorld *self, const WorldScan *scan, GError **error);
void world_listing_free (WorldListing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WorldListing, world_listing_free)
/* world_fetch: fetches by the keys that the mails have, filling body or error. */
gboolean world_fetch (MboxWorld *self, GPtrArray *mails, HaulLines lines, GError **error);

/* world_store: stores all mails into INBOX; each gets key or error. The last note is kept
 * in DIRECTORY/note, so that it survives the death of the process. */
gboolean world_store (MboxWorld *self, GPtrArray *mails, GError **error);
/* world_note: that note; empty when there was none. (transfer full) */
GBytes *world_note (const MboxWorld *self);

/* world_hooks: from now on, writes take at most @piece bytes, and the process dies after
 * the @kill_after-th write or sync (0: never). world_hook_count: of them since then. */
void world_hooks (gsize piece, guint kill_after);
guint world_hook_count (void);
