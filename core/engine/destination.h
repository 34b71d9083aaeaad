/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Destination: a destination session on a thread of its own, at the reading end of a
 * pipe. It stores what comes through the pipe; between two stores it runs calls for its
 * lane.
 */
#pragma once

#include "engine/feed.h"
#include "plugin/session.h"

/* IDLE_CALL_MAX_US: a keep-alive is a command and its answer; more time it need not have.
 */
#define IDLE_CALL_MAX_US (10 * G_USEC_PER_SEC)

/* DestinationHooks: what becomes of items; all on the destination's thread. */
typedef struct
{
  FeedHooks feed;
  /* The store ended with @error before @item had a result: it may be stored or not. */
  void (*unknown) (HaulItem *item, const GError *error, gpointer user_data);
  /* The store ended before @item was handed out: it is certainly not stored. */
  void (*unsent) (HaulItem *item, const GError *error, gpointer user_data);
  /* The lane's thread has waited for the destination for a while, and will wait on: time
   * to keep its own session alive. Runs on the lane's thread; may be NULL. */
  void (*waiting) (gpointer user_data);
} DestinationHooks;

/* DestinationCall: runs on the destination's thread with its session. */
typedef gboolean (*DestinationCall) (Session *session, gpointer data, GError **error);

/* Destination: used from one other thread, its lane's. */
typedef struct _Destination Destination;

/* destination_new: starts the thread, which opens the session at once. @open and @hooks
 * must stand until destination_free(). @idle_us: a session that had nothing to do for so
 * long is kept alive. (transfer full) */
Destination *destination_new (const HaulBackend *backend, const HaulOpen *open,
                              const DestinationHooks *hooks, gint64 idle_us,
                              gpointer user_data);
/* destination_free: ends the thread after what the pipe still holds. Accepts NULL. */
void destination_free (Destination *self);
/* destination_wait_open: waits for the session. FALSE: it could not be opened. */
gboolean destination_wait_open (Destination *self, GError **error);
/* destination_caps: HaulCaps; valid once open. */
guint32 destination_caps (Destination *self);
/* destination_sessions: how many sessions may be open at once; valid once open. */
guint destination_sessions (Destination *self);
/* destination_pipe: the writing end. */
Pipe *destination_pipe (Destination *self);
/*
 * destination_call: runs @call after everything that was pushed so far has its result; a
 * NULL @call is only that barrier. What the thread did before is visible after. FALSE
 * with the error of the call, or of an earlier store that broke the session.
 */
gboolean destination_call (Destination *self, DestinationCall call, gpointer data,
                           GError **error);
/* destination_begin: the same without waiting: the lane's thread goes on with its own
 * session. Each is followed by a destination_end() before anything else is called here;
 * @data must stand until then. */
void destination_begin (Destination *self, DestinationCall call, gpointer data);
/* destination_end: the outcome of the call that was begun, as destination_call(). */
gboolean destination_end (Destination *self, GError **error);
/* destination_error: the error that broke the last store, or NULL; only after a barrier.
 * (transfer none) */
const GError *destination_error (Destination *self);
/* destination_reopen: closes a broken session and opens a new one; the pipe is mended. */
gboolean destination_reopen (Destination *self, GError **error);
