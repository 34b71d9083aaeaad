/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pace: a limit of bytes a second, shared by all lanes of a run.
 */
#pragma once

#include <glib.h>

/* Pace: zeroed but for the rate. */
typedef struct
{
  guint64 rate_bytes; /* per second; 0: no limit */
  gint64 next_us;     /* atomic: monotonic time at which all that was taken has passed */
} Pace;

/* pace_take: takes @bytes at @now_us (monotonic); returns how long the caller must wait
 * before it takes more, in µs. Any thread. */
gint64 pace_take (Pace *self, guint64 bytes, gint64 now_us);
