/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pipe: one mutex guards the queue, the chunks of all items in it and the budget. Writer
 * = source thread, reader = destination thread; nothing is called back under the lock but
 * g_main_context_wakeup(). Decides nothing about messages. */
#include "engine/pipe.h"

#include <errno.h>
#include <pthread.h>

#include <mailhaul/error.h>

#include "engine/slot.h"

/* SPARE_CHUNKS: full-size chunks kept for reuse instead of being given to malloc. */
#define SPARE_CHUNKS 20
/* SPOOLED_ITEMS_MAX: spools in the pipe; each may hold SPOOL_MEMORY_BYTES of memory. */
#define SPOOLED_ITEMS_MAX 8

struct _Pipe
{
  pthread_mutex_t lock;
  pthread_cond_t data; /* the reader waits here */
  pthread_cond_t room; /* the writer waits here */
  GQueue items;
  gsize budget;
  gsize held;         /* capacity of all chunks out */
  gsize writer_wants; /* 0: the writer does not wait */
  gint reader_waits;  /* atomic: read without the lock */
  guint spooled;      /* items queued or out whose spool is not read to its end */
  gboolean writer_wants_spool;
  gboolean yield;
  GError *broken;
  GMainContext *context; /* a reference: the link that has it may break in the middle */
  Chunk *spare;
  guint spare_count;
};

/* A condition that can be waited for until a point of monotonic time. */
static void
condition_init (pthread_cond_t *condition)
{
  pthread_condattr_t attributes;
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (condition, &attributes);
  pthread_condattr_destroy (&attributes);
}

/* FALSE: the monotonic time @until_us came first. */
static gboolean
condition_wait (pthread_cond_t *condition, pthread_mutex_t *lock, gint64 until_us)
{
  struct timespec until = { .tv_sec = until_us / G_USEC_PER_SEC,
                            .tv_nsec = (until_us % G_USEC_PER_SEC) * 1000 };
  return pthread_cond_timedwait (condition, lock, &until) != ETIMEDOUT;
}

Pipe *
pipe_new (gsize budget_bytes)
{
  Pipe *self = g_new0 (Pipe, 1);
  pthread_mutex_init (&self->lock, NULL);
  condition_init (&self->data);
  pthread_cond_init (&self->room, NULL);
  g_queue_init (&self->items);
  self->budget = MAX (budget_bytes, (gsize) 4 * PIPE_CHUNK_BYTES);
  return self;
}

void
pipe_free (Pipe *self)
{
  if (self == NULL)
    return;
  HaulItem *item;
  while ((item = g_queue_pop_head (&self->items)) != NULL)
    item_free (item);
  for (Chunk *chunk = self->spare, *next; chunk != NULL; chunk = next)
    {
      next = chunk->next;
      g_free (chunk);
    }
  g_clear_error (&self->broken);
  g_clear_pointer (&self->context, g_main_context_unref);
  pthread_cond_destroy (&self->room);
  pthread_cond_destroy (&self->data);
  pthread_mutex_destroy (&self->lock);
  g_free (self);
}

/* Called with the lock held: there is news for the reader. */
static void
wake_reader (Pipe *self)
{
  pthread_cond_signal (&self->data);
  if (self->context != NULL)
    g_main_context_wakeup (self->context);
}

/* Called with the lock held: the writer waits for memory that only the reader's own items
 * hold: a reader that waits now would wait for ever. */
static gboolean
is_stuck (Pipe *self)
{
  return (self->writer_wants > 0 && self->held + self->writer_wants > self->budget)
         || (self->writer_wants_spool && self->spooled >= SPOOLED_ITEMS_MAX);
}

/* Called with the lock held: takes @chunk's memory out of the budget and keeps or frees
 * it. */
static void
give_back (Pipe *self, Chunk *chunk)
{
  self->held -= chunk->capacity;
  if (chunk->capacity == PIPE_CHUNK_BYTES && self->spare_count < SPARE_CHUNKS)
    {
      chunk->next = self->spare;
      self->spare = chunk;
      self->spare_count++;
    }
  else
    g_free (chunk);
  if (self->writer_wants > 0)
    pthread_cond_signal (&self->room);
}

static void
give_back_all (Pipe *self, HaulItem *item)
{
  for (Chunk *chunk = item->head, *next; chunk != NULL; chunk = next)
    {
      next = chunk->next;
      give_back (self, chunk);
    }
  item->head = item->tail = NULL;
  if (item->reading != NULL)
    give_back (self, g_steal_pointer (&item->reading));
}

/* Called with the lock held: the spool of a pushed item is no longer needed. */
static void
drop_spool (Pipe *self, HaulItem *item)
{
  if (item->spool == NULL || !item->released || item->spool_read)
    return;
  item->spool_read = TRUE;
  self->spooled--;
  pthread_cond_signal (&self->room);
}

Chunk *
pipe_chunk (Pipe *self, gsize wanted, GError **error)
{
  gsize capacity = CLAMP (wanted, 1, PIPE_CHUNK_BYTES);
  Chunk *chunk = NULL;

  pthread_mutex_lock (&self->lock);
  while (self->broken == NULL && self->held + capacity > self->budget)
    {
      self->writer_wants = capacity;
      wake_reader (self);
      pthread_cond_wait (&self->room, &self->lock);
    }
  self->writer_wants = 0;
  if (self->broken != NULL)
    {
      g_propagate_error (error, g_error_copy (self->broken));
      pthread_mutex_unlock (&self->lock);
      return NULL;
    }
  self->held += capacity;
  if (capacity == PIPE_CHUNK_BYTES && self->spare != NULL)
    {
      chunk = self->spare;
      self->spare = chunk->next;
      self->spare_count--;
    }
  pthread_mutex_unlock (&self->lock);

  if (chunk == NULL)
    chunk = g_malloc (sizeof (Chunk) + capacity);
  chunk->next = NULL;
  chunk->capacity = capacity;
  chunk->length = 0;
  return chunk;
}

void
pipe_chunk_free (Pipe *self, Chunk *chunk)
{
  pthread_mutex_lock (&self->lock);
  give_back (self, chunk);
  pthread_mutex_unlock (&self->lock);
}

gsize
pipe_room (Pipe *self)
{
  pthread_mutex_lock (&self->lock);
  gsize room = self->budget - MIN (self->held, self->budget);
  pthread_mutex_unlock (&self->lock);
  return room;
}

static void
link_chunk (HaulItem *item, Chunk *chunk)
{
  if (item->tail != NULL)
    item->tail->next = chunk;
  else
    item->head = chunk;
  item->tail = chunk;
}

void
pipe_append (Pipe *self, HaulItem *item, Chunk *chunk)
{
  /* Until it is pushed, an item is the writer's alone. */
  if (!item->released)
    {
      link_chunk (item, chunk);
      return;
    }
  pthread_mutex_lock (&self->lock);
  if (item->abandoned)
    give_back (self, chunk);
  else
    link_chunk (item, chunk);
  wake_reader (self);
  pthread_mutex_unlock (&self->lock);
}

void
pipe_end (Pipe *self, HaulItem *item, GError *failure)
{
  pthread_mutex_lock (&self->lock);
  item->complete = TRUE;
  item->failure = failure;
  gboolean abandoned = item->abandoned;
  if (abandoned)
    give_back_all (self, item);
  else if (item->released)
    wake_reader (self);
  pthread_mutex_unlock (&self->lock);
  if (abandoned)
    item_free (item);
}

/* Called with the lock held: waits until one more spool may be in the pipe, or it broke.
 */
static void
wait_for_spool (Pipe *self)
{
  self->writer_wants_spool = TRUE;
  while (self->broken == NULL && self->spooled >= SPOOLED_ITEMS_MAX)
    {
      wake_reader (self);
      pthread_cond_wait (&self->room, &self->lock);
    }
  self->writer_wants_spool = FALSE;
  self->spooled++;
}

gboolean
pipe_push (Pipe *self, HaulItem *const *items, guint count, GError **error)
{
  pthread_mutex_lock (&self->lock);
  if (self->broken != NULL)
    {
      g_propagate_error (error, g_error_copy (self->broken));
      pthread_mutex_unlock (&self->lock);
      return FALSE;
    }
  for (guint i = 0; i < count; i++)
    {
      if (items[i]->spool != NULL)
        wait_for_spool (self);
      items[i]->released = TRUE;
      g_queue_push_tail (&self->items, items[i]);
    }
  wake_reader (self);
  pthread_mutex_unlock (&self->lock);
  return TRUE;
}

void
pipe_discard (Pipe *self, HaulItem *item)
{
  pthread_mutex_lock (&self->lock);
  give_back_all (self, item);
  pthread_mutex_unlock (&self->lock);
  item_free (item);
}

gboolean
pipe_is_hungry (Pipe *self)
{
  return g_atomic_int_get (&self->reader_waits) != 0;
}

HaulFeedResult
pipe_next (Pipe *self, gboolean wait, HaulItem **out_item)
{
  HaulFeedResult result = HAUL_FEED_PENDING;

  pthread_mutex_lock (&self->lock);
  for (;;)
    {
      HaulItem *item = g_queue_pop_head (&self->items);
      if (item != NULL)
        {
          *out_item = item;
          result = HAUL_FEED_ITEM;
          break;
        }
      if (self->yield)
        {
          result = HAUL_FEED_END;
          break;
        }
      if (!wait || is_stuck (self))
        break;
      g_atomic_int_set (&self->reader_waits, 1);
      pthread_cond_wait (&self->data, &self->lock);
      g_atomic_int_set (&self->reader_waits, 0);
    }
  pthread_mutex_unlock (&self->lock);
  return result;
}

/* The next span out of a spool: needs no lock, the writer has long finished with it. */
static HaulReadResult
read_spool (HaulItem *item, HaulBytes *out_span, GError **error)
{
  if (item->reading == NULL)
    {
      item->reading = g_malloc (sizeof (Chunk) + PIPE_CHUNK_BYTES);
      item->reading->next = NULL;
      item->reading->capacity = 0; /* not from the budget */
    }
  gsize length = 0;
  if (!spool_read (item->spool, item->reading->data, PIPE_CHUNK_BYTES, &length, error))
    return HAUL_READ_FAILED;
  *out_span = (HaulBytes){ item->reading->data, length };
  return length > 0 ? HAUL_READ_DATA : HAUL_READ_END;
}

HaulReadResult
pipe_read (Pipe *self, HaulItem *item, gboolean wait, HaulBytes *out_span, GError **error)
{
  HaulReadResult result = HAUL_READ_PENDING;

  if (item->spool != NULL)
    {
      result = read_spool (item, out_span, error);
      pthread_mutex_lock (&self->lock);
      if (result != HAUL_READ_DATA)
        drop_spool (self, item);
      pthread_mutex_unlock (&self->lock);
      return result;
    }
  pthread_mutex_lock (&self->lock);
  if (item->reading != NULL)
    give_back (self, g_steal_pointer (&item->reading));
  for (;;)
    {
      if (item->failure != NULL)
        {
          g_propagate_error (error, g_error_copy (item->failure));
          result = HAUL_READ_FAILED;
          break;
        }
      if (item->head != NULL)
        {
          item->reading = item->head;
          item->head = item->reading->next;
          if (item->head == NULL)
            item->tail = NULL;
          *out_span = (HaulBytes){ item->reading->data, item->reading->length };
          result = HAUL_READ_DATA;
          break;
        }
      if (item->complete)
        {
          result = HAUL_READ_END;
          break;
        }
      if (!wait || is_stuck (self))
        break;
      pthread_cond_wait (&self->data, &self->lock);
    }
  pthread_mutex_unlock (&self->lock);
  return result;
}

gboolean
pipe_item_is_whole (Pipe *self, HaulItem *item)
{
  pthread_mutex_lock (&self->lock);
  gboolean whole = item->complete && item->failure == NULL;
  pthread_mutex_unlock (&self->lock);
  return whole;
}

void
pipe_release (Pipe *self, HaulItem *item)
{
  pthread_mutex_lock (&self->lock);
  gboolean writing = !item->complete;
  give_back_all (self, item);
  drop_spool (self, item);
  if (writing)
    item->abandoned = TRUE; /* pipe_end() frees it */
  pthread_mutex_unlock (&self->lock);
  if (!writing)
    item_free (item);
}

void
pipe_set_context (Pipe *self, GMainContext *context)
{
  pthread_mutex_lock (&self->lock);
  g_autoptr (GMainContext) before = g_steal_pointer (&self->context);
  self->context = context != NULL ? g_main_context_ref (context) : NULL;
  pthread_mutex_unlock (&self->lock);
}

PipeWait
pipe_wait (Pipe *self, gint64 until_us)
{
  gboolean in_time = TRUE;
  pthread_mutex_lock (&self->lock);
  while (g_queue_is_empty (&self->items) && !self->yield && in_time)
    {
      g_atomic_int_set (&self->reader_waits, 1);
      in_time = condition_wait (&self->data, &self->lock, until_us);
      g_atomic_int_set (&self->reader_waits, 0);
    }
  PipeWait without = self->yield ? PIPE_WAIT_YIELD : PIPE_WAIT_TIME;
  PipeWait result = g_queue_is_empty (&self->items) ? without : PIPE_WAIT_ITEM;
  pthread_mutex_unlock (&self->lock);
  return result;
}

gboolean
pipe_finish (Pipe *self, HaulItem *item, GError **error)
{
  pthread_mutex_lock (&self->lock);
  give_back_all (self, item);
  while (!item->complete)
    {
      pthread_cond_wait (&self->data, &self->lock);
      /* What still comes must not hold up the writer. */
      give_back_all (self, item);
    }
  GError *failure = item->failure != NULL ? g_error_copy (item->failure) : NULL;
  pthread_mutex_unlock (&self->lock);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

void
pipe_break (Pipe *self, const GError *reason, GPtrArray **out_left)
{
  *out_left = g_ptr_array_new ();
  pthread_mutex_lock (&self->lock);
  g_clear_error (&self->broken);
  self->broken = g_error_copy (reason);
  HaulItem *item;
  while ((item = g_queue_pop_head (&self->items)) != NULL)
    {
      drop_spool (self, item);
      g_ptr_array_add (*out_left, item);
    }
  pthread_cond_signal (&self->room);
  pthread_mutex_unlock (&self->lock);
}

void
pipe_mend (Pipe *self)
{
  pthread_mutex_lock (&self->lock);
  g_clear_error (&self->broken);
  pthread_mutex_unlock (&self->lock);
}

void
pipe_set_yield (Pipe *self, gboolean on)
{
  pthread_mutex_lock (&self->lock);
  self->yield = on;
  wake_reader (self);
  pthread_mutex_unlock (&self->lock);
}

/* ---- the slot: calls to the reader's thread, beside the items ---- */

struct _Slot
{
  pthread_mutex_t lock;
  pthread_cond_t answered;
  SlotCall call; /* pending, NULL: none */
  gpointer data;
  gboolean pending;
  gboolean closed;
  gboolean result;
  GError *error;
};

Slot *
slot_new (void)
{
  Slot *self = g_new0 (Slot, 1);
  pthread_mutex_init (&self->lock, NULL);
  condition_init (&self->answered);
  return self;
}

void
slot_free (Slot *self)
{
  if (self == NULL)
    return;
  g_clear_error (&self->error);
  pthread_cond_destroy (&self->answered);
  pthread_mutex_destroy (&self->lock);
  g_free (self);
}

void
slot_post (Slot *self, Pipe *pipe, SlotCall call, gpointer data)
{
  pthread_mutex_lock (&self->lock);
  self->call = call;
  self->data = data;
  self->pending = TRUE;
  pthread_mutex_unlock (&self->lock);
  pipe_set_yield (pipe, TRUE);
}

gboolean
slot_is_answered (Slot *self, gint64 until_us)
{
  pthread_mutex_lock (&self->lock);
  while (self->pending && condition_wait (&self->answered, &self->lock, until_us))
    ;
  gboolean answered = !self->pending;
  pthread_mutex_unlock (&self->lock);
  return answered;
}

gboolean
slot_wait (Slot *self, GError **error)
{
  (void) slot_is_answered (self, G_MAXINT64);
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return self->result;
}

void
slot_close (Slot *self, Pipe *pipe)
{
  pthread_mutex_lock (&self->lock);
  self->closed = TRUE;
  pthread_mutex_unlock (&self->lock);
  pipe_set_yield (pipe, TRUE);
}

gboolean
slot_serve (Slot *self, Pipe *pipe, gpointer target)
{
  pthread_mutex_lock (&self->lock);
  SlotCall call = self->pending ? self->call : NULL;
  gpointer data = self->data;
  gboolean closed = self->closed;
  /* Under the lock, so that a slot_close() at this moment has the last word. */
  if (call != NULL && !closed)
    pipe_set_yield (pipe, FALSE);
  pthread_mutex_unlock (&self->lock);
  if (call == NULL)
    return !closed;
  GError *error = NULL;
  gboolean result = call (target, data, &error);
  pthread_mutex_lock (&self->lock);
  self->result = result;
  self->error = error;
  self->pending = FALSE;
  pthread_cond_signal (&self->answered);
  pthread_mutex_unlock (&self->lock);
  return TRUE;
}
