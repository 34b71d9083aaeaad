/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events: a bounded queue from the accounts' threads to the thread of engine_run().
 * Copies what is posted; calls back without its lock. One of the three files that lock.
 */
#include "engine/events.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* EVENTS_QUEUED_MAX: facts that wait; a poster that is faster than a terminal waits, too.
 */
#define EVENTS_QUEUED_MAX 4096
/* EVENTS_TICK_MS: progress is drawn about five times a second. */
#define EVENTS_TICK_MS 200

struct _Events
{
  pthread_mutex_t lock;
  pthread_cond_t posted;
  pthread_cond_t taken;
  GQueue queue; /* of Event, owned copies */
  gboolean closed;
};

Events *
events_new (void)
{
  Events *self = g_new0 (Events, 1);
  pthread_condattr_t monotonic;
  pthread_condattr_init (&monotonic);
  pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init (&self->lock, NULL);
  pthread_cond_init (&self->posted, &monotonic);
  pthread_cond_init (&self->taken, NULL);
  pthread_condattr_destroy (&monotonic);
  g_queue_init (&self->queue);
  return self;
}

static void
event_free (Event *event)
{
  g_free ((char *) event->account);
  g_free ((char *) event->folder);
  g_free ((char *) event->destination);
  g_free ((char *) event->text);
  g_free ((guint8 *) event->key.data);
  g_free (event);
}

static Event *
event_copy (const Event *event)
{
  Event *copy = g_memdup2 (event, sizeof *event);
  copy->account = g_strdup (event->account);
  copy->folder = g_strdup (event->folder);
  copy->destination = g_strdup (event->destination);
  copy->text = g_strdup (event->text);
  copy->key.data = g_memdup2 (event->key.data, event->key.length);
  return copy;
}

void
events_free (Events *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->queue, (GDestroyNotify) event_free);
  pthread_cond_destroy (&self->taken);
  pthread_cond_destroy (&self->posted);
  pthread_mutex_destroy (&self->lock);
  g_free (self);
}

void
events_post (Events *self, const Event *event)
{
  Event *copy = event_copy (event);
  pthread_mutex_lock (&self->lock);
  while (self->queue.length >= EVENTS_QUEUED_MAX && !self->closed)
    pthread_cond_wait (&self->taken, &self->lock);
  g_queue_push_tail (&self->queue, copy);
  pthread_cond_signal (&self->posted);
  pthread_mutex_unlock (&self->lock);
}

void
events_close (Events *self)
{
  pthread_mutex_lock (&self->lock);
  self->closed = TRUE;
  pthread_cond_broadcast (&self->taken);
  pthread_cond_signal (&self->posted);
  pthread_mutex_unlock (&self->lock);
}

/* The moment of the next tick. */
static struct timespec
next_tick (void)
{
  struct timespec at;
  clock_gettime (CLOCK_MONOTONIC, &at);
  at.tv_nsec += (long) EVENTS_TICK_MS * 1000000;
  at.tv_sec += at.tv_nsec / 1000000000;
  at.tv_nsec %= 1000000000;
  return at;
}

static gboolean
is_past (const struct timespec *at)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec > at->tv_sec
         || (now.tv_sec == at->tv_sec && now.tv_nsec >= at->tv_nsec);
}

/* All that is queued, or nothing if @until comes first. *@out_end: closed and empty. */
static GQueue
take_all (Events *self, const struct timespec *until, gboolean *out_end)
{
  GQueue all = G_QUEUE_INIT;
  pthread_mutex_lock (&self->lock);
  int result = 0;
  while (g_queue_is_empty (&self->queue) && !self->closed && result == 0)
    result = pthread_cond_timedwait (&self->posted, &self->lock, until);
  all = self->queue;
  g_queue_init (&self->queue);
  *out_end = self->closed && all.length == 0;
  pthread_cond_broadcast (&self->taken);
  pthread_mutex_unlock (&self->lock);
  return all;
}

void
events_deliver (Events *self, EventFunc func, void (*tick) (gpointer user_data),
                gpointer user_data)
{
  struct timespec at = next_tick ();
  for (gboolean end = FALSE; !end;)
    {
      GQueue all = take_all (self, &at, &end);
      Event *event;
      while ((event = g_queue_pop_head (&all)) != NULL)
        {
          if (func != NULL)
            func (event, user_data);
          event_free (event);
        }
      if (!end && is_past (&at))
        {
          if (tick != NULL)
            tick (user_data);
          at = next_tick ();
        }
    }
}
