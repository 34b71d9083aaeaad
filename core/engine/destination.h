/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Destination: a destination session on a thread of its own, at the reading end of a
 * pipe. It stores what comes through the pipe; between two stores it runs calls for its
 * lane.
 */
#pragma once

#include "engine/feed.h"
#include "plugin/session.h"

/* DestinationHooks: what becomes of items; all on the destination's thread. */
typedef struct
{
  FeedHooks feed;
  /* The store ended with @error before @item had a result: it may be stored or not. */
  void (*unknown) (HaulItem *item, const GError *error, gpointer user_data);
  /* The store ended before @item was handed out: it is certainly not stored. */
  void (*unsent) (HaulItem *item, const GError *error, gpointer user_data);
} DestinationHooks;

/* DestinationCall: runs on the destination's thread with its session. */
typedef gboolean (*DestinationCall) (Session *session, gpointer data, GError **error);

/* Destination: used from one other thread, its lane's. */
typedef struct _Destination Destination;

/* destination_new: starts the thread, which opens the session at once. @open and @hooks
 * must stand until destination_free(). (transfer full) */
Destination *destination_new (const HaulBackend *backend, const HaulOpen *open,
                              const DestinationHooks *hooks, gpointer user_data);
/* destination_free: ends the thread after what the pipe still holds. Accepts NULL. */
void destination_free (Destination *self);
/* destination_wait_open: waits for the session. FALSE: it could not be opened. */
gboolean destination_wait_open (Destination *self, GError **error);
/* destination_caps: HaulCaps; valid once open. */
guint32 destination_caps (Destination *self);
/* destination_pipe: the writing end. */
Pipe *destination_pipe (Destination *self);
/*
 * destination_call: runs @call after everything that was pushed so far has its result; a
 * NULL @call is only that barrier. What the thread did before is visible after. FALSE
 * with the error of the call, or of an earlier store that broke the session.
 */
gboolean destination_call (Destination *self, DestinationCall call, gpointer data,
                           GError **error);
/* destination_error: the error that broke the last store, or NULL; only after a barrier.
 * (transfer none) */
const GError *destination_error (Destination *self);
/* destination_reopen: closes a broken session and opens a new one; the pipe is mended. */
gboolean destination_reopen (Destination *self, GError **error);
