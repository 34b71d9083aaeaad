/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a tunnel's command on one end of a socket pair, and sees to it that it ends. Input
 * and output are one descriptor, so that a link need not know two. The command stays in
 * our process group: it may ask for a passphrase on the terminal. The link's thread.
 */
#include "tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mailhaul/error.h>

/* How long a command gets to end after its input has ended, and again after SIGTERM. */
#define GRACE_MS 500
/* What the shell says when it finds no such command, or may not run it. */
#define SHELL_NOT_FOUND      127
#define SHELL_NOT_EXECUTABLE 126

struct _Tunnel
{
  GMainContext *context;
  GSubprocess *process;
  GCancellable *stop_waiting;
  char *label; /* the command's first word: the rest may hold secrets */
  gboolean watched;
};

static void
on_exit_seen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Tunnel *self = user_data;
  (void) g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  self->watched = FALSE;
}

static gboolean
on_timeout (gpointer user_data)
{
  gboolean *expired = user_data;
  *expired = TRUE;
  return G_SOURCE_REMOVE;
}

/* TRUE: the command has ended. */
static gboolean
wait_for_exit (Tunnel *self, guint limit_ms)
{
  gboolean expired = FALSE;
  GSource *timer = g_timeout_source_new (limit_ms);
  g_source_set_callback (timer, on_timeout, &expired, NULL);
  g_source_attach (timer, self->context);
  while (self->watched && !expired)
    (void) g_main_context_iteration (self->context, TRUE);
  g_source_destroy (timer);
  g_source_unref (timer);
  g_main_context_wakeup (self->context); /* a wake-up may have been for the caller */
  return !self->watched;
}

static char *
first_word (const char *command)
{
  const char *start = command + strspn (command, " \t\n");
  return g_strndup (start, strcspn (start, " \t\n"));
}

static GSubprocess *
spawn (const char *command, const int *child_fds, GError **error)
{
  g_autoptr (GSubprocessLauncher)
      launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_subprocess_launcher_take_stdin_fd (launcher, child_fds[0]);
  g_subprocess_launcher_take_stdout_fd (launcher, child_fds[1]);
  return g_subprocess_launcher_spawn (launcher, error, "/bin/sh", "-c", command, NULL);
}

/* @out_fds: ours, and two for the command. */
static gboolean
make_pair (int out_fds[3])
{
  int pair[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return FALSE;
  out_fds[0] = pair[0];
  out_fds[1] = pair[1];
  out_fds[2] = fcntl (pair[1], F_DUPFD_CLOEXEC, 3);
  if (out_fds[2] >= 0 && fcntl (pair[0], F_SETFL, O_NONBLOCK) == 0)
    return TRUE;
  int failure = errno;
  for (gsize i = 0; i < 3; i++)
    if (out_fds[i] >= 0)
      (void) close (out_fds[i]);
  errno = failure;
  return FALSE;
}

Tunnel *
tunnel_open (const char *command, GMainContext *context, int *out_fd, GError **error)
{
  g_autofree char *label = first_word (command);
  int fds[3];
  if (!make_pair (fds))
    return haul_error_set_errno (error, errno, HAUL_SCOPE_SESSION,
                                 "run tunnel command '%s'", label),
           NULL;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GSubprocess) process = spawn (command, fds + 1, &failure);
  if (process == NULL)
    {
      (void) close (fds[0]);
      return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                             "run tunnel command '%s': %s", label, failure->message),
             NULL;
    }
  Tunnel *self = g_new0 (Tunnel, 1);
  self->context = context;
  self->process = g_steal_pointer (&process);
  self->stop_waiting = g_cancellable_new ();
  self->label = g_steal_pointer (&label);
  self->watched = TRUE;
  g_main_context_push_thread_default (context);
  g_subprocess_wait_async (self->process, self->stop_waiting, on_exit_seen, self);
  g_main_context_pop_thread_default (context);
  *out_fd = fds[0];
  return self;
}

gboolean
tunnel_verdict (Tunnel *self, gboolean silent, GError **error)
{
  if (!wait_for_exit (self, GRACE_MS))
    return TRUE;
  if (g_subprocess_get_if_signaled (self->process))
    return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                           "tunnel command '%s' was ended by signal %d", self->label,
                           g_subprocess_get_term_sig (self->process));
  int status = g_subprocess_get_exit_status (self->process);
  if (silent && (status == SHELL_NOT_FOUND || status == SHELL_NOT_EXECUTABLE))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "tunnel command '%s' cannot be run (exit status %d of the "
                           "shell): is it installed and spelt right?",
                           self->label, status);
  if (status == 0 && !silent)
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                         "tunnel command '%s' ended with exit status %d%s", self->label,
                         status, silent ? " before it said anything" : "");
}

void
tunnel_close (Tunnel *self, gboolean at_once)
{
  if (self == NULL)
    return;
  if (!at_once && !wait_for_exit (self, GRACE_MS))
    {
      g_subprocess_send_signal (self->process, SIGTERM);
      (void) wait_for_exit (self, GRACE_MS);
    }
  if (self->watched)
    g_subprocess_force_exit (self->process);
  if (!wait_for_exit (self, GRACE_MS))
    g_cancellable_cancel (self->stop_waiting); /* the kernel holds it: not our fault */
  while (self->watched)
    (void) g_main_context_iteration (self->context, TRUE);
  g_clear_object (&self->process);
  g_clear_object (&self->stop_waiting);
  g_free (self->label);
  g_free (self);
}
