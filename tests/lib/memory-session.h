/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session of the in-memory backend, shared by its source files.
 */
#pragma once

#include "memory-backend.h"

/* MEMORY_KEY_SIZE: room for the longest key. */
#define MEMORY_KEY_SIZE 40

/* MemorySession: one session; one thread. */
typedef struct
{
  const MemorySettings *settings;
  HaulRole role;
  gboolean may_change; /* HaulOpen.may_change */
  gboolean dry_run;
  GCancellable *cancellable;
  guint32 caps;
  MemoryStore *store; /* NULL: does not exist yet */
  guint32 epoch;
  char **entered;    /* NULL: none */
  guint8 token[16];  /* of the status last handed out */
  guint8 mark[8];    /* likewise */
  guint64 offers;    /* of messages, for `again` */
  guint64 stored;    /* likewise, for `lose` */
  MemoryProbe probe; /* NULL: none */
  gpointer probe_data;
} MemorySession;

/* MemoryKey: the text of a key. */
typedef struct
{
  char text[MEMORY_KEY_SIZE];
} MemoryKey;

/* memory_session_lacks: @word stands in the option `without`. */
gboolean memory_session_lacks (const MemorySession *self, const char *word);
/* memory_session_probe: asks the probe, if any, and the cancellable. */
gboolean memory_session_probe (MemorySession *self, MemoryStep step, GError **error);
/* memory_session_need_store: finds the store, making it for a destination. */
gboolean memory_session_need_store (MemorySession *self, GError **error);
/* memory_session_need_entered: HAUL_ERROR_INTERNAL when no folder is entered. */
gboolean memory_session_need_entered (MemorySession *self, GError **error);
/* memory_session_status: what is known of @folder; the bytes stand in the session. */
void memory_session_status (MemorySession *self, const MemoryFolder *folder,
                            HaulFolderStatus *out_status);
/* memory_session_key: the key of a message; views into @out. */
HaulBytes memory_session_key (const MemorySession *self, guint64 number, MemoryKey *out);
/* memory_session_number: the message's number, 0 for no key of this session. */
guint64 memory_session_number (const MemorySession *self, HaulBytes key);

/* memory_session_haunt: what was broken off is stored now, if @moment is the one. */
void memory_session_haunt (MemorySession *self, const char *moment);

/* The callbacks that move messages. */
gboolean memory_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
                      GError **error);
/* See HaulBackend. */
gboolean memory_move (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
                      HaulChangeResultFunc func, gpointer user_data, GError **error);
/* See HaulBackend. */
gboolean memory_copy (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
                      HaulChangeResultFunc func, gpointer user_data, GError **error);
/* See HaulBackend. */
gboolean memory_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error);
/* See HaulBackend. */
gboolean memory_store (gpointer session, HaulFeed *feed, GError **error);
