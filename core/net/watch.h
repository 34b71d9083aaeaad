/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source by which a link waits: a descriptor and a moment. One thread.
 */
#pragma once

#include <glib.h>

/* Watch: a GSource that does nothing but end an iteration of its context. */
typedef struct _Watch Watch;

/* watch_new: for @fd, attached to @context. (transfer full), free with watch_free(). */
Watch *watch_new (int fd, GMainContext *context);

/* watch_set: what the next iteration waits for: @events of the descriptor (0: it is not
 * looked at) or the monotonic time @until_us (-1: never). */
void watch_set (Watch *self, GIOCondition events, gint64 until_us);

/* watch_free: detaches and frees. Accepts NULL. */
void watch_free (Watch *self);
