/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HaulSink: takes a source's bytes, digests them in the one pass that they make, and
 * turns them into items for the pipe: small messages whole and in windows, big ones while
 * they still arrive. Without a pipe it only identifies messages.
 */
#pragma once

#include "engine/filter-chain.h"
#include "engine/pipe.h"
#include "engine/plan.h"

/* SINK_WHOLE_BYTES: a message up to this size is whole in memory before its item is
 * released, so that a source that breaks off can never leave half a message behind. */
#define SINK_WHOLE_BYTES (512 * 1024)

/* SinkHooks: all on the source's thread. */
typedef struct
{
  /* A new item (transfer full) for plan index @index with all that the maker knows; NULL
   * with @error: this message fails. Unused without a pipe. */
  HaulItem *(*begin) (guint index, gpointer user_data, GError **error);
  /* The transform for the item's message, NULL without error: none. May be NULL. */
  Transform *(*transform) (HaulItem *item, Spool *spool, gpointer user_data,
                           GError **error);
  /* @items are about to be released: commit their intents. FALSE ends the fetch. */
  gboolean (*commit) (HaulItem *const *items, guint count, gpointer user_data,
                      GError **error);
  /* Message @index will not come. @reason: (transfer full). */
  void (*failed) (guint index, GError *reason, gpointer user_data);
  /* @bytes have come in: may wait, to keep a rate. May be NULL. */
  void (*pace) (gsize bytes, gpointer user_data);
  /* Without a pipe: message @index was read and is @identity. */
  void (*identified) (guint index, const Identity *identity, gpointer user_data);
  /* A filter left message @index, which is @identity, out after it had seen it. */
  void (*skipped) (guint index, const Identity *identity, const char *reason,
                   gpointer user_data);
  /* Without a pipe: the transform for message @index, NULL: none, or it cannot be had.
   * May be NULL. What it makes of the message is told to `delivered`. */
  Transform *(*preview) (guint index, guint64 size_bytes, gpointer user_data);
  /* Message @index becomes @delivered; called before `identified`. */
  void (*delivered) (guint index, const Identity *delivered, gpointer user_data);
} SinkHooks;

/* SinkTarget: what the other side of the pipe needs. */
typedef struct
{
  Pipe *pipe;          /* NULL: identify only */
  gboolean needs_size; /* items whose size is unknown are spooled */
} SinkTarget;

/* sink_new: for one fetch of @plan. (transfer full) */
HaulSink *sink_new (HaulPlan *plan, const SinkTarget *target, const SinkHooks *hooks,
                    gpointer user_data);
/* sink_flush: releases what is whole; called after the fetch, too. */
gboolean sink_flush (HaulSink *self, GError **error);
/* sink_salvage: the fetch failed: releases what is whole all the same, unless it was this
 * side that failed. */
void sink_salvage (HaulSink *self);
/*
 * sink_free: a message that was not ended is broken off with @reason (may be NULL when
 * the fetch succeeded); messages whole but not released are dropped: they have no intent.
 * Indices of messages that had neither result go to @out_unread (GArray of guint, may be
 * NULL).
 */
void sink_free (HaulSink *self, const GError *reason, GArray *out_unread);
