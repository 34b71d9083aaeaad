/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pipe: the bounded hand-over of messages from a lane's source thread (writer) to its
 * destination thread (reader). One of the three files that lock.
 */
#pragma once

#include "engine/item.h"

/* PIPE_BUDGET_BYTES: memory for bodies of one lane; see docs/internals/bodies.md. */
#define PIPE_BUDGET_BYTES (1024 * 1024)
/* PIPE_CHUNK_BYTES: the largest chunk. */
#define PIPE_CHUNK_BYTES (64 * 1024)

/* Pipe: one writer thread, one reader thread. */
typedef struct _Pipe Pipe;

/* pipe_new: with @budget_bytes for chunks, at least four chunks. (transfer full) */
Pipe *pipe_new (gsize budget_bytes);
/* pipe_free: both threads are done with it; items still inside are freed. */
void pipe_free (Pipe *self);

/* ---- writer ---- */

/*
 * pipe_chunk: an empty chunk of at least 1 and at most PIPE_CHUNK_BYTES (@wanted if that
 * is less). Blocks while the budget is used up. NULL with @error when the reader broke
 * the pipe. (transfer full): hand it to pipe_append() or pipe_chunk_free().
 */
Chunk *pipe_chunk (Pipe *self, gsize wanted, GError **error);
/* pipe_chunk_free: gives an unused chunk back. */
void pipe_chunk_free (Pipe *self, Chunk *chunk);
/* pipe_room: bytes of chunks that can be had without blocking. */
gsize pipe_room (Pipe *self);
/* pipe_append: adds @chunk (transfer full) to the body of @item. */
void pipe_append (Pipe *self, HaulItem *item, Chunk *chunk);
/* pipe_end: the body of @item is complete, or broken off with @failure (transfer full).
 */
void pipe_end (Pipe *self, HaulItem *item, GError *failure);
/* pipe_push: releases @count items to the reader (transfer full); complete or not. FALSE
 * with @error when the reader broke the pipe: the items still belong to the caller. */
gboolean pipe_push (Pipe *self, HaulItem *const *items, guint count, GError **error);
/* pipe_discard: gives back the memory of an item that was never pushed, and frees it. */
void pipe_discard (Pipe *self, HaulItem *item);
/* pipe_is_hungry: the reader waits for an item. */
gboolean pipe_is_hungry (Pipe *self);

/* ---- reader ---- */

/* pipe_next: see haul_feed_next(). END: nothing is queued and pipe_set_yield() is on.
 * PENDING is answered even with @wait when the writer waits for memory that only items
 * already taken hold. (transfer full): end with pipe_release(). */
HaulFeedResult pipe_next (Pipe *self, gboolean wait, HaulItem **out_item);
/* pipe_read: see haul_item_read(); PENDING in spite of @wait as pipe_next(). */
HaulReadResult pipe_read (Pipe *self, HaulItem *item, gboolean wait, HaulBytes *out_span,
                          GError **error);
/* pipe_item_is_whole: complete, and nothing of it is still to come. */
gboolean pipe_item_is_whole (Pipe *self, HaulItem *item);
/* pipe_release: the reader is done with @item; frees it. If it is still being written,
 * that happens once the writer has ended it. */
void pipe_release (Pipe *self, HaulItem *item);
/* pipe_set_context: see haul_feed_set_context(). */
void pipe_set_context (Pipe *self, GMainContext *context);
/* PipeWait: why pipe_wait() returned. */
typedef enum
{
  PIPE_WAIT_ITEM,  /* something is queued */
  PIPE_WAIT_YIELD, /* nothing is, and pipe_set_yield() is on */
  PIPE_WAIT_TIME,  /* the time came */
} PipeWait;
/* pipe_wait: blocks until one of these; @until_us: monotonic time. */
PipeWait pipe_wait (Pipe *self, gint64 until_us);
/* pipe_finish: waits until the writer has ended @item, whose bytes the reader has had.
 * FALSE with @error: it broke off instead. */
gboolean pipe_finish (Pipe *self, HaulItem *item, GError **error);
/* pipe_break: the reader gives up: the writer's calls fail with a copy of @reason. Items
 * queued are returned in @out_left (GPtrArray of HaulItem, transfer full). */
void pipe_break (Pipe *self, const GError *reason, GPtrArray **out_left);
/* pipe_mend: makes a broken and emptied pipe usable again; neither thread is inside. */
void pipe_mend (Pipe *self);

/* ---- either ---- */

/* pipe_set_yield: while on, an empty queue is an END for the reader. */
void pipe_set_yield (Pipe *self, gboolean on);
