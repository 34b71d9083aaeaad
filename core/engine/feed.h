/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HaulFeed: the destination's view of a pipe. It knows which items a backend holds, and
 * hands each result to its user.
 */
#pragma once

#include "engine/pipe.h"

/* FeedHooks: all on the destination's thread; each item comes to exactly one of done,
 * failed, again (which do not own it), or is left over. */
typedef struct
{
  void (*done) (HaulItem *item, const HaulReceipt *receipt, gpointer user_data);
  /* @reason: (transfer full) */
  void (*failed) (HaulItem *item, GError *reason, gpointer user_data);
  void (*again) (HaulItem *item, gpointer user_data);
  /* @item: one that the backend holds for the folder of the note */
  gboolean (*note) (HaulItem *item, HaulBytes data, gpointer user_data, GError **error);
  /* idle: the backend is about to wait for the next item; @end: there will be none. */
  void (*idle) (gboolean end, gpointer user_data);
} FeedHooks;

/* FEED_ATTEMPTS_MAX: how often an item is offered before haul_feed_again() fails it. */
#define FEED_ATTEMPTS_MAX 5

/* feed_new: @hooks must stand. (transfer full) */
HaulFeed *feed_new (Pipe *pipe, const FeedHooks *hooks, gpointer user_data);
/* feed_free: gives back what is left. Accepts NULL. */
void feed_free (HaulFeed *self);
/* feed_left: items taken by the backend that got no result: their outcome is unknown.
 * GPtrArray of HaulItem; the caller ends each with pipe_release(). (transfer full) */
GPtrArray *feed_left (HaulFeed *self);
/* feed_count: items that the backend holds without a result. */
guint feed_count (HaulFeed *self);
