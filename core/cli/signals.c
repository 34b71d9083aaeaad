/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals: SIGINT and SIGTERM are blocked in all threads but the one here, which waits
 * for them and cancels: first softly, then hard.
 */
#include "cli/cli.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct _Signals
{
  GCancellable *stop;
  GCancellable *cancel;
  GThread *thread;
};

static void
fill_set (sigset_t *set)
{
  sigemptyset (set);
  sigaddset (set, SIGINT);
  sigaddset (set, SIGTERM);
  sigaddset (set, SIGUSR2); /* our own: the thread shall end */
}

void
signals_block (void)
{
  sigset_t set;
  fill_set (&set);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  signal (SIGPIPE, SIG_IGN);
}

static gpointer
signals_thread (gpointer data)
{
  Signals *self = data;
  sigset_t set;
  fill_set (&set);
  for (;;)
    {
      int number = 0;
      if (sigwait (&set, &number) != 0 || number == SIGUSR2)
        return NULL;
      if (!g_cancellable_is_cancelled (self->stop))
        g_cancellable_cancel (self->stop);
      else
        g_cancellable_cancel (self->cancel);
    }
}

Signals *
signals_new (GCancellable *stop, GCancellable *cancel)
{
  Signals *self = g_new0 (Signals, 1);
  self->stop = g_object_ref (stop);
  self->cancel = g_object_ref (cancel);
  self->thread = g_thread_new ("signals", signals_thread, self);
  return self;
}

void
signals_free (Signals *self)
{
  kill (getpid (), SIGUSR2);
  g_thread_join (self->thread);
  g_object_unref (self->stop);
  g_object_unref (self->cancel);
  g_free (self);
}
