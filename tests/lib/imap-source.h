/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A source session against a scripted server, and what it hands over, as text: the
 * engine's plan and sink are played here. Main thread only.
 */
#pragma once

#include <glib.h>

#include "imap-script.h"
#include "../../backends/imap/session.h"

/* SourceWorld: one session; the members behind `session` may be read. */
typedef struct
{
  ImapScript *script;
  ImapSettings settings;
  HaulOpen open;
  ImapSession *session;
  GError *error;    /* of the latest call that failed */
  GString *records; /* "7 \Seen Work size=5 date=9+60;…", vanished ones as "-7" */
  HaulScanResult result;
  guint records_most; /* the engine refuses more; 0: takes all */
} SourceWorld;

/* SourceMail: how a planned message ended. */
typedef struct
{
  guint32 uid;
  guint64 hint;
  GString *bytes;
  guint begun, ended;
  gboolean size_kept; /* as many bytes came as were announced */
  GError *reason;     /* it failed */
} SourceMail;

/* source_world_new: plays @script, logs in, and enters INBOX. Fails the test if that
 * fails. (transfer full) */
SourceWorld *source_world_new (const char *script);
/* source_world_new_at: the same without a server of its own: at 127.0.0.1:@port. */
SourceWorld *source_world_new_at (guint port, const char *user, const char *password);
/* source_world_free: closes the session and holds the server to its script. */
void source_world_free (SourceWorld *self);
/* source_world_reopen: a new session in place of one that was lost. */
void source_world_reopen (SourceWorld *self);
/* source_world_enter: INBOX anew. */
void source_world_enter (SourceWorld *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SourceWorld, source_world_free)

/* source_world_scan: FALSE: self->error says why. @since, @from: may be empty. */
gboolean source_world_scan (SourceWorld *self, guint32 needs, HaulBytes since,
                            HaulBytes from);
/* source_world_token: the token of the latest scan. (transfer full); NULL: none. */
GBytes *source_world_token (const SourceWorld *self);

/* source_plan_add: plans @uid with the size @hint. */
void source_plan_add (GPtrArray *plan, guint32 uid, guint64 hint);
/* source_plan_new: an empty plan, of SourceMail. */
GPtrArray *source_plan_new (void);
/* source_world_fetch: fetches @plan. FALSE: self->error says why. */
gboolean source_world_fetch (SourceWorld *self, GPtrArray *plan);
/* source_world_fetch_failing: the same with a sink that fails @after messages with an
 * error of @scope. */
gboolean source_world_fetch_failing (SourceWorld *self, GPtrArray *plan, guint after,
                                     HaulErrorScope scope);
/* source_plan_text: "1=120 2! 3?": bytes, failed, neither. (transfer full) */
char *source_plan_text (const GPtrArray *plan);
