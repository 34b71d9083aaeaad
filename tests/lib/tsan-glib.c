/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells ThreadSanitizer what GLib's locks and queues order: Debian's GLib is not built
 * for it, so that every lock would be reported as a race. `check` preloads this library
 * in its thread run; in a program without the sanitizer it only passes the calls on.
 * GMainContext needs no help but a wake-up, whose eventfd the sanitizer sees. Any thread.
 */
#include <dlfcn.h>

#include <glib.h>

void __tsan_acquire (void *address) __attribute__ ((weak));
void __tsan_release (void *address) __attribute__ ((weak));

const char *__tsan_default_suppressions (void);

/* A thread pool's own calls of its queue cannot be replaced: the queue's node is freed by
 * the thread that takes it. Nothing of ours calls that function. */
const char *
__tsan_default_suppressions (void)
{
  return "race:g_queue_pop_tail\n";
}

static void
acquire (gconstpointer address)
{
  if (__tsan_acquire != NULL)
    __tsan_acquire ((gpointer) address);
}

static void
release (gconstpointer address)
{
  if (__tsan_release != NULL)
    __tsan_release ((gpointer) address);
}

/* GLib's own function of that name; looked up at each call, since dlsym is cheap enough
 * for a test and a cached pointer would need an order of its own. */
#define REAL(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock) (mutex);
  acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked = REAL (g_mutex_trylock) (mutex);

  if (locked)
    acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  release (mutex);
  REAL (g_mutex_unlock) (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  release (mutex);
  REAL (g_cond_wait) (cond, mutex);
  acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  release (mutex);
  signalled = REAL (g_cond_wait_until) (cond, mutex, end_time);
  acquire (mutex);
  return signalled;
}

gboolean (g_once_init_enter) (volatile void *location)
{
  gboolean first = ((gboolean (*) (volatile void *)) dlsym (
      RTLD_NEXT, "g_once_init_enter")) (location);

  acquire ((gconstpointer) location);
  return first;
}

void (g_once_init_leave) (volatile void *location, gsize result)
{
  release ((gconstpointer) location);
  ((void (*) (volatile void *, gsize)) dlsym (RTLD_NEXT, "g_once_init_leave")) (location,
                                                                                result);
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  release (queue);
  REAL (g_async_queue_push) (queue, data);
}

void
g_async_queue_push_unlocked (GAsyncQueue *queue, gpointer data)
{
  release (queue);
  REAL (g_async_queue_push_unlocked) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = REAL (g_async_queue_pop) (queue);

  acquire (queue);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data = REAL (g_async_queue_try_pop) (queue);

  acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  gpointer data = REAL (g_async_queue_timeout_pop) (queue, timeout);

  acquire (queue);
  return data;
}

void
g_async_queue_lock (GAsyncQueue *queue)
{
  REAL (g_async_queue_lock) (queue);
  acquire (queue);
}

void
g_async_queue_unlock (GAsyncQueue *queue)
{
  release (queue);
  REAL (g_async_queue_unlock) (queue);
}

/* A last reference dropped frees what other threads, which dropped theirs before, have
 * read. */
#define ORDER_UNREF(function, Type)                                                      \
  void function (Type *self)                                                             \
  {                                                                                      \
    release (self);                                                                      \
    acquire (self);                                                                      \
    REAL (function) (self);                                                              \
  }

ORDER_UNREF (g_bytes_unref, GBytes)
ORDER_UNREF (g_source_unref, GSource)
ORDER_UNREF (g_main_context_unref, GMainContext)
ORDER_UNREF (g_async_queue_unref, GAsyncQueue)
ORDER_UNREF (g_hash_table_unref, GHashTable)

gboolean (g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  gboolean last;

  release ((gconstpointer) count);
  last = ((gboolean (*) (gatomicrefcount *)) dlsym (RTLD_NEXT,
                                                    "g_atomic_ref_count_dec")) (count);
  acquire ((gconstpointer) count);
  return last;
}

guint
g_source_attach (GSource *source, GMainContext *context)
{
  guint id = REAL (g_source_attach) (source, context);

  g_main_context_wakeup (context);
  return id;
}

void
g_main_context_invoke_full (GMainContext *context, gint priority, GSourceFunc function,
                            gpointer data, GDestroyNotify notify)
{
  REAL (g_main_context_invoke_full) (context, priority, function, data, notify);
  g_main_context_wakeup (context);
}

/* A pool's function with what it needs, since it is called from inside of GLib. */
typedef struct
{
  GFunc function;
  gpointer user_data;
} PoolCall;

static void
pool_call (gpointer data, gpointer user_data)
{
  const PoolCall *call = user_data;

  acquire (data);
  call->function (data, call->user_data);
}

static gpointer
pool_call_new (GFunc function, gpointer user_data)
{
  PoolCall *call = g_new (PoolCall, 1);

  *call = (PoolCall){ function, user_data };
  return call;
}

GThreadPool *
g_thread_pool_new (GFunc func, gpointer user_data, gint max_threads, gboolean exclusive,
                   GError **error)
{
  return REAL (g_thread_pool_new) (pool_call, pool_call_new (func, user_data),
                                   max_threads, exclusive, error);
}

GThreadPool *
g_thread_pool_new_full (GFunc func, gpointer user_data, GDestroyNotify item_free_func,
                        gint max_threads, gboolean exclusive, GError **error)
{
  return REAL (g_thread_pool_new_full) (pool_call, pool_call_new (func, user_data),
                                        item_free_func, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  release (data);
  return REAL (g_thread_pool_push) (pool, data, error);
}
