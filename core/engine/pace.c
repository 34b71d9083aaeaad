/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pace: virtual scheduling: each taker moves the common point of time at which the line
 * is free again. No lock, no clock of its own.
 */
#include "engine/pace.h"

/* PACE_BURST_US: as far may a lane run ahead, so that small messages do not wait one by
 * one. */
#define PACE_BURST_US (50 * 1000)

gint64
pace_take (Pace *self, guint64 bytes, gint64 now_us)
{
  if (self->rate_bytes == 0)
    return 0;
  gint64 cost_us = (gint64) (bytes * G_USEC_PER_SEC / self->rate_bytes);
  gint64 before = __atomic_load_n (&self->next_us, __ATOMIC_RELAXED);
  gint64 after;
  do
    after = MAX (before, now_us) + cost_us;
  while (!__atomic_compare_exchange_n (&self->next_us, &before, after, TRUE,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return MAX (after - now_us - PACE_BURST_US, 0);
}
