/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals while a job runs: they are blocked in all threads and read from a descriptor by
 * a thread of their own, which cancels: first softly, then hard. No handler, no global.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/cli.h"

struct _Signals
{
  GCancellable *stop;
  GCancellable *cancel;
  GThread *thread;
  const char *clear; /* what takes progress off the terminal; "": nothing does */
  int signal_fd;
  int end_fd;
};

static void
fill_set (sigset_t *set)
{
  struct sigaction hangup;
  sigemptyset (set);
  sigaddset (set, SIGINT);
  sigaddset (set, SIGTERM);
  /* nohup ignores it, and then so do we. */
  if (sigaction (SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    sigaddset (set, SIGHUP);
}

/* die: what the signal would have done without us. */
static void
die (int number)
{
  sigset_t set;
  sigemptyset (&set);
  sigaddset (&set, number);
  (void) signal (number, SIG_DFL);
  (void) sigprocmask (SIG_UNBLOCK, &set, NULL);
  (void) kill (getpid (), number);
}

static void
on_signal (Signals *self, int number)
{
  if (g_cancellable_is_cancelled (self->cancel))
    {
      fputs (self->clear, stderr);
      die (number);
      return;
    }
  if (g_cancellable_is_cancelled (self->stop))
    {
      fprintf (stderr, "%smailhaul: stopping now\n", self->clear);
      g_cancellable_cancel (self->cancel);
      return;
    }
  fprintf (stderr,
           "%smailhaul: stopping: what is in flight is finished first; the same again "
           "stops at once\n",
           self->clear);
  g_cancellable_cancel (self->stop);
}

static gpointer
watch (gpointer data)
{
  Signals *self = data;
  struct pollfd polled[] = { { .fd = self->signal_fd, .events = POLLIN },
                             { .fd = self->end_fd, .events = POLLIN } };
  for (;;)
    {
      struct signalfd_siginfo info;
      if (poll (polled, G_N_ELEMENTS (polled), -1) < 0 && errno != EINTR)
        return NULL;
      if (polled[1].revents != 0)
        return NULL;
      if (polled[0].revents != 0
          && read (self->signal_fd, &info, sizeof info) == (ssize_t) sizeof info)
        on_signal (self, (int) info.ssi_signo);
    }
}

Signals *
signals_new (GCancellable *stop, GCancellable *cancel, gboolean clears)
{
  Signals *self = g_new0 (Signals, 1);
  sigset_t set;

  fill_set (&set);
  (void) sigprocmask (SIG_BLOCK, &set, NULL);
  self->clear = clears ? CLI_CLEAR : "";
  self->stop = g_object_ref (stop);
  self->cancel = g_object_ref (cancel);
  self->signal_fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  self->end_fd = eventfd (0, EFD_CLOEXEC);
  if (self->signal_fd < 0 || self->end_fd < 0)
    {
      (void) sigprocmask (SIG_UNBLOCK, &set, NULL);
      return self;
    }
  self->thread = g_thread_new ("signals", watch, self);
  return self;
}

void
signals_free (Signals *self)
{
  if (self->thread != NULL)
    {
      guint64 one = 1;
      if (write (self->end_fd, &one, sizeof one) == (ssize_t) sizeof one)
        g_thread_join (self->thread);
    }
  if (self->signal_fd >= 0)
    close (self->signal_fd);
  if (self->end_fd >= 0)
    close (self->end_fd);
  g_object_unref (self->stop);
  g_object_unref (self->cancel);
  g_free (self);
}
