/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A GSource with one descriptor and one moment. Its events are changed in place, which
 * the next poll sees: g_source_modify_unix_fd() and g_source_set_ready_time() wake the
 * context each time, and this one is set anew thousands of times a second. The thread
 * that iterates the context.
 */
#include "watch.h"

struct _Watch
{
  GSource source; /* first: GLib allocates the whole */
  GPollFD poll;
  gboolean polled; /* @poll is part of the source */
  gint64 until_us; /* -1: never */
};

/* Rounded up: waking too early would make the caller look again for nothing. */
static gboolean
watch_prepare (GSource *source, int *out_timeout_ms)
{
  const Watch *self = (const Watch *) source;
  *out_timeout_ms = -1;
  if (self->until_us < 0)
    return FALSE;
  gint64 left_us = self->until_us - g_get_monotonic_time ();
  *out_timeout_ms = (int) CLAMP ((left_us + 999) / 1000, 0, (gint64) G_MAXINT);
  return FALSE;
}

/* Never ready: an iteration ends with its one poll anyway, and to dispatch a source takes
 * its descriptor out and in again, which wakes the context for the next time. */
static gboolean
watch_check (GSource *source)
{
  return FALSE;
}

static gboolean
watch_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
set_polled (Watch *self, gboolean polled)
{
  if (self->polled == polled)
    return;
  if (polled)
    g_source_add_poll (&self->source, &self->poll);
  else
    g_source_remove_poll (&self->source, &self->poll);
  self->polled = polled;
}

Watch *
watch_new (int fd, GMainContext *context)
{
  static const GSourceFuncs functions = { .prepare = watch_prepare,
                                          .check = watch_check,
                                          .dispatch = watch_dispatch };
  Watch *self = (Watch *) g_source_new ((GSourceFuncs *) &functions, sizeof (Watch));
  self->poll.fd = fd;
  self->until_us = -1;
  g_source_set_static_name (&self->source, "mailhaul link");
  g_source_attach (&self->source, context);
  return self;
}

/* A descriptor without events would still report that its peer has gone, again and again.
 */
void
watch_set (Watch *self, GIOCondition events, gint64 until_us)
{
  self->poll.events = (gushort) events;
  self->poll.revents = 0;
  self->until_us = until_us;
  set_polled (self, events != 0);
}

void
watch_free (Watch *self)
{
  if (self == NULL)
    return;
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}
