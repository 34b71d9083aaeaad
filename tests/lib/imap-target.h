/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A destination session against a scripted server, and what becomes of the messages that
 * it is given: the engine's feed, with hooks of the test. Main thread only.
 */
#pragma once

#include "engine/feed.h"

#include "imap-script.h"
#include "../../backends/imap/session.h"

/* TargetMail: one message and its result. */
typedef struct
{
  char *name;
  char **folder;
  GBytes *body;
  guint32 flags;
  char **keywords;
  gboolean has_date;
  gint64 date;
  gint32 zone;
  gboolean breaks; /* the source breaks off inside it */
  gboolean lasts;  /* it is offered before it is whole */
  guint slow_ms;   /* it comes in four parts, so long after one another; 0: at once */
  guint attempt;
  guint results;
  GString *result; /* "5", "?" (stored, no key), "again", "unknown", "REJECTED: …" */
  char *note;      /* of the receipt; NULL: none */
  GError *reason;
} TargetMail;

/* TargetWorld: one session; all members may be read, `settings` and `budget` be set. */
typedef struct
{
  ImapScript *script;
  ImapSettings settings;
  HaulOpen open;
  ImapSession *session;
  Pipe *pipe;
  GPtrArray *mails;  /* of TargetMail, in the order of adding */
  GPtrArray *queue;  /* those not offered yet */
  GPtrArray *landed; /* names in the order of their receipts */
  char *note;        /* the last haul_feed_note() */
  GThread *writer;   /* of a slow mail; NULL: none */
  GError *error;     /* of the latest call that failed */
  gboolean closed;
} TargetWorld;

/* target_world_new: plays @script and logs in; fails the test if that fails. (transfer
 * full) */
TargetWorld *target_world_new (const char *script);
/* target_world_free: closes the session, and holds the server to its script. */
void target_world_free (TargetWorld *self);
/* target_world_reopen: a new session in place of one that was lost. */
void target_world_reopen (TargetWorld *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TargetWorld, target_world_free)

/* target_add: a message for @folder, to be offered by the next target_store(). Its name
 * is its number, from "1" on. The result may be changed before that. */
TargetMail *target_add (TargetWorld *self, const char *folder, const char *body);
/* target_add_bytes: the same; takes @body over. */
TargetMail *target_add_bytes (TargetWorld *self, const char *folder, GBytes *body);
/* target_add_sized: a made-up mail of @size bytes. */
TargetMail *target_add_sized (TargetWorld *self, const char *folder, gsize size);

/* target_store: offers what was added, and what is asked for again, until everything has
 * a result. FALSE: self->error says why; what has no result then is "unknown", and what
 * was not taken is "unsent". */
gboolean target_store (TargetWorld *self);

/* target_results: "5 6 ? REJECTED again": of all messages in order. (transfer full) */
char *target_results (TargetWorld *self);

/* target_bodies_equal: the mailbox holds exactly the bodies of all stored messages, in
 * the order of their UIDs; fails the test if it does not. */
void target_assert_bodies (TargetWorld *self, const char *mailbox);
