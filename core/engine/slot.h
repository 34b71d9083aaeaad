/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slot: one call at a time from a lane's thread to its destination's thread, which is
 * waiting in the pipe. Belongs to the pipe and shares its file, since both lock.
 */
#pragma once

#include "engine/pipe.h"

/* SlotCall: runs on the serving thread. */
typedef gboolean (*SlotCall) (gpointer target, gpointer data, GError **error);

/* Slot: one caller, one server. */
typedef struct _Slot Slot;

/* slot_new: (transfer full). */
Slot *slot_new (void);
/* slot_free: both threads are done. */
void slot_free (Slot *self);
/* slot_post: caller: sets the call and makes @pipe yield. No other call is pending. */
void slot_post (Slot *self, Pipe *pipe, SlotCall call, gpointer data);
/* slot_is_answered: caller: waits for the answer of the call posted last, at most until
 * the monotonic time @until_us. FALSE: it is not there yet. */
gboolean slot_is_answered (Slot *self, gint64 until_us);
/* slot_wait: caller: waits for the answer of the call posted last. */
gboolean slot_wait (Slot *self, GError **error);
/* slot_close: caller: no more calls: slot_serve() answers FALSE. */
void slot_close (Slot *self, Pipe *pipe);
/* slot_serve: server: runs the pending call on @target, after @pipe stopped yielding.
 * FALSE: the slot was closed. */
gboolean slot_serve (Slot *self, Pipe *pipe, gpointer target);
