/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue between the threads of a run and the one that shows it. One mutex guards the
 * queue; no callback is called under it. Posting is for any thread, delivering for the
 * one that called engine_run(). Decides nothing about what is shown.
 */
#include "engine/events.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* TICK_US: five times a second is smooth for an eye and nothing for a processor. */
#define TICK_US (G_USEC_PER_SEC / 5)

/* QueuedEvent: an event with all that it points to, in one piece of memory. */
typedef struct _QueuedEvent QueuedEvent;
struct _QueuedEvent
{
  QueuedEvent *next;
  Event event;
  Progress progress;
  char storage[];
};

struct _Events
{
  pthread_mutex_t lock;
  pthread_cond_t data; /* the deliverer waits here */
  pthread_cond_t room; /* posters wait here */
  QueuedEvent *head, *tail;
  guint count;
  gboolean closed;
  gboolean delivering;
  pthread_t deliverer; /* while delivering */
};

static gsize
text_size (const char *text)
{
  return text != NULL ? strlen (text) + 1 : 0;
}

/* keep_text: copies *@text to *@at and lets it point there. */
static void
keep_text (const char **text, char **at)
{
  gsize size = text_size (*text);
  if (size == 0)
    return;
  *text = memcpy (*at, *text, size);
  *at += size;
}

static void
sample (const Progress *from, Progress *out)
{
  out->planned_messages = __atomic_load_n (&from->planned_messages, __ATOMIC_RELAXED);
  out->planned_bytes = __atomic_load_n (&from->planned_bytes, __ATOMIC_RELAXED);
  out->done_messages = __atomic_load_n (&from->done_messages, __ATOMIC_RELAXED);
  out->done_bytes = __atomic_load_n (&from->done_bytes, __ATOMIC_RELAXED);
}

static QueuedEvent *
queued_event_new (const Event *event)
{
  gsize size = text_size (event->account) + text_size (event->folder)
               + text_size (event->destination) + text_size (event->text)
               + event->key.length;
  QueuedEvent *self = g_malloc (sizeof (QueuedEvent) + size);
  char *at = self->storage;

  self->next = NULL;
  self->event = *event;
  keep_text (&self->event.account, &at);
  keep_text (&self->event.folder, &at);
  keep_text (&self->event.destination, &at);
  keep_text (&self->event.text, &at);
  if (event->key.length > 0)
    self->event.key.data = memcpy (at, event->key.data, event->key.length);
  if (event->progress != NULL)
    {
      sample (event->progress, &self->progress);
      self->event.progress = &self->progress;
    }
  return self;
}

Events *
events_new (void)
{
  Events *self = g_new0 (Events, 1);
  pthread_condattr_t attributes;

  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_mutex_init (&self->lock, NULL);
  pthread_cond_init (&self->data, &attributes);
  pthread_cond_init (&self->room, NULL);
  pthread_condattr_destroy (&attributes);
  return self;
}

void
events_free (Events *self)
{
  if (self == NULL)
    return;
  for (QueuedEvent *queued = self->head, *next; queued != NULL; queued = next)
    {
      next = queued->next;
      g_free (queued);
    }
  pthread_cond_destroy (&self->room);
  pthread_cond_destroy (&self->data);
  pthread_mutex_destroy (&self->lock);
  g_free (self);
}

/* must_wait: the queue is full, and waiting can help: the thread that empties it must not
 * wait for itself. Under the lock. */
static gboolean
must_wait (const Events *self)
{
  return self->count >= EVENTS_QUEUED_MAX && !self->closed
         && !(self->delivering && pthread_equal (self->deliverer, pthread_self ()));
}

void
events_post (Events *self, const Event *event)
{
  g_autofree QueuedEvent *queued = queued_event_new (event);

  pthread_mutex_lock (&self->lock);
  while (must_wait (self))
    pthread_cond_wait (&self->room, &self->lock);
  if (!self->closed)
    {
      if (self->tail != NULL)
        self->tail->next = queued;
      else
        self->head = queued;
      self->tail = g_steal_pointer (&queued);
      self->count++;
      pthread_cond_signal (&self->data);
    }
  pthread_mutex_unlock (&self->lock);
}

void
events_close (Events *self)
{
  pthread_mutex_lock (&self->lock);
  self->closed = TRUE;
  pthread_cond_signal (&self->data);
  pthread_cond_broadcast (&self->room);
  pthread_mutex_unlock (&self->lock);
}

/* wait_until: waits for an event, the end or @deadline_us (monotonic). Under the lock. */
static void
wait_until (Events *self, gint64 deadline_us)
{
  struct timespec deadline = { .tv_sec = deadline_us / G_USEC_PER_SEC,
                               .tv_nsec = deadline_us % G_USEC_PER_SEC * 1000 };
  int failed = 0;
  while (self->head == NULL && !self->closed && failed == 0)
    failed = pthread_cond_timedwait (&self->data, &self->lock, &deadline);
}

/* take: the next event (transfer full), or NULL at @deadline_us or the end. */
static QueuedEvent *
take (Events *self, gint64 deadline_us, gboolean *out_end)
{
  pthread_mutex_lock (&self->lock);
  wait_until (self, deadline_us);
  QueuedEvent *queued = self->head;
  if (queued != NULL)
    {
      self->head = queued->next;
      if (self->head == NULL)
        self->tail = NULL;
      self->count--;
      pthread_cond_signal (&self->room);
    }
  *out_end = queued == NULL && self->closed;
  pthread_mutex_unlock (&self->lock);
  return queued;
}

static void
set_delivering (Events *self, gboolean delivering)
{
  pthread_mutex_lock (&self->lock);
  self->delivering = delivering;
  self->deliverer = pthread_self ();
  pthread_mutex_unlock (&self->lock);
}

void
events_deliver (Events *self, EventFunc func, void (*tick) (gpointer user_data),
                gpointer user_data)
{
  gint64 next_us = g_get_monotonic_time () + TICK_US;
  gboolean end = FALSE;

  set_delivering (self, TRUE);
  while (!end)
    {
      g_autofree QueuedEvent *queued = take (self, next_us, &end);
      if (queued != NULL && func != NULL)
        func (&queued->event, user_data);
      if (end || g_get_monotonic_time () < next_us)
        continue;
      if (tick != NULL)
        tick (user_data);
      next_us = g_get_monotonic_time () + TICK_US;
    }
  set_delivering (self, FALSE);
}
