/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command: one poll over the program's input, output, errors and end. It is killed by its
 * own process id, which nobody else can have until it is waited for. Blocks the caller's
 * thread, but never longer than the program may do nothing.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mailhaul/error.h>

/* READ_BYTES: read at once. */
#define READ_BYTES (64 * 1024)

/* What is polled. */
enum
{
  FD_IN,
  FD_OUT,
  FD_ERR,
  FD_END, /* readable when the program has ended */
  FD_COUNT
};

struct _Command
{
  CommandSpec spec;
  GPid pid;
  int fds[FD_COUNT]; /* -1: closed */
  gboolean waited;
  GString *words;
  guint8 *buffer;
};

static void
close_fd (Command *self, int which)
{
  if (self->fds[which] >= 0)
    close (self->fds[which]);
  self->fds[which] = -1;
}

/* The program's input is a socket: writing to one that is closed raises no SIGPIPE. */
static gboolean
start (Command *self, char **environment, GError **error)
{
  int input[2];
  g_autoptr (GError) failure = NULL;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) != 0)
    return haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_MESSAGE, "run '%s': %s",
                           self->spec.argv[0], g_strerror (errno));
  gboolean ok = g_spawn_async_with_pipes_and_fds (
      NULL, (const char *const *) self->spec.argv, (const char *const *) environment,
      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, NULL, NULL,
      input[1], -1, -1, NULL, NULL, 0, &self->pid, NULL, &self->fds[FD_OUT],
      &self->fds[FD_ERR], &failure);
  close (input[1]);
  self->fds[FD_IN] = input[0];
  self->waited = !ok;
  if (!ok)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT, "run '%s': %s",
                           self->spec.argv[0], failure->message);
  self->fds[FD_END] = (int) syscall (SYS_pidfd_open, self->pid, 0);
  if (self->fds[FD_END] < 0)
    return haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_MESSAGE,
                           "run '%s': watch it: %s", self->spec.argv[0],
                           g_strerror (errno));
  for (int i = FD_IN; i <= FD_ERR; i++)
    (void) fcntl (self->fds[i], F_SETFL, fcntl (self->fds[i], F_GETFL) | O_NONBLOCK);
  return TRUE;
}

Command *
command_new (const CommandSpec *spec, const char *folder, GError **error)
{
  Command *self = g_new0 (Command, 1);
  g_auto (GStrv)
      environment = g_environ_setenv (g_get_environ (), "MAILHAUL_FOLDER", folder, TRUE);
  self->spec = *spec;
  self->words = g_string_new (NULL);
  self->buffer = g_malloc (READ_BYTES);
  for (int i = 0; i < FD_COUNT; i++)
    self->fds[i] = -1;
  if (start (self, environment, error))
    return self;
  command_free (self);
  return NULL;
}

static void
kill_and_wait (Command *self)
{
  int status = 0;
  if (self->waited)
    return;
  (void) kill (self->pid, SIGKILL);
  while (waitpid (self->pid, &status, 0) < 0 && errno == EINTR)
    continue;
  self->waited = TRUE;
}

void
command_free (Command *self)
{
  if (self == NULL)
    return;
  for (int i = 0; i < FD_COUNT; i++)
    close_fd (self, i);
  kill_and_wait (self);
  g_string_free (self->words, TRUE);
  g_free (self->buffer);
  g_free (self);
}

/* Reads what there is of one of its outputs. */
static gboolean
take (Command *self, int which, GError **error)
{
  gssize count = read (self->fds[which], self->buffer, READ_BYTES);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return TRUE;
  if (count <= 0)
    {
      close_fd (self, which);
      return TRUE;
    }
  if (which == FD_OUT)
    return self->spec.print (self->buffer, (gsize) count, self->spec.user_data, error);
  g_string_append_len (self->words, (const char *) self->buffer, count);
  if (self->words->len > COMMAND_WORDS_BYTES)
    g_string_erase (self->words, 0, (gssize) (self->words->len - COMMAND_WORDS_BYTES));
  return TRUE;
}

/* Writes what it takes; *@length is what is left. */
static void
give (Command *self, const guint8 **data, gsize *length)
{
  gssize count = send (self->fds[FD_IN], *data, *length, MSG_NOSIGNAL);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (count < 0)
    {
      close_fd (self, FD_IN); /* it wants no more */
      *length = 0;
      return;
    }
  *data += count;
  *length -= (gsize) count;
}

/* One round: waits until the program does something. *@out_ended: it has ended. */
static gboolean
turn (Command *self, const guint8 **data, gsize *length, gboolean *out_ended,
      GError **error)
{
  GPollFD fds[FD_COUNT];
  for (int i = 0; i < FD_COUNT; i++)
    fds[i] = (GPollFD){ self->fds[i], G_IO_IN, 0 };
  fds[FD_IN].events = G_IO_OUT;
  if (*length == 0)
    fds[FD_IN].fd = -1;
  gint64 began_us = g_get_monotonic_time ();
  int count = g_poll (fds, FD_COUNT, (int) (self->spec.idle_us / 1000));
  if (count == 0 || (count < 0 && errno != EINTR))
    {
      kill_and_wait (self);
      return haul_error_set (
          error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
          "run '%s': it did nothing for %" G_GINT64_FORMAT " s and was killed",
          self->spec.argv[0], (g_get_monotonic_time () - began_us) / G_USEC_PER_SEC);
    }
  if (count < 0)
    return TRUE;
  if (fds[FD_IN].revents != 0)
    give (self, data, length);
  if ((fds[FD_OUT].revents != 0 && !take (self, FD_OUT, error))
      || (fds[FD_ERR].revents != 0 && !take (self, FD_ERR, error)))
    return FALSE;
  *out_ended = fds[FD_END].revents != 0 && fds[FD_OUT].revents == 0
               && fds[FD_ERR].revents == 0;
  return TRUE;
}

gboolean
command_feed (Command *self, const guint8 *data, gsize length, GError **error)
{
  gboolean ended = FALSE;
  while (length > 0 && self->fds[FD_IN] >= 0 && !ended)
    if (!turn (self, &data, &length, &ended, error))
      return FALSE;
  if (ended)
    close_fd (self, FD_IN);
  return TRUE;
}

gboolean
command_finish (Command *self, int *out_status, GError **error)
{
  const guint8 *nothing = NULL;
  gsize length = 0;
  gboolean ended = FALSE;
  int status = 0;
  close_fd (self, FD_IN);
  /* What it has left behind must not keep its outputs open for ever: its own end, and
   * nothing more to read, is the end. */
  while (!ended)
    if (!turn (self, &nothing, &length, &ended, error))
      return FALSE;
  while (waitpid (self->pid, &status, 0) < 0 && errno == EINTR)
    continue;
  self->waited = TRUE;
  *out_status = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
  return TRUE;
}

char *
command_words (const Command *self)
{
  g_autofree char *bytes = g_memdup2 (self->words->str, self->words->len + 1);
  for (gsize i = 0; i < self->words->len; i++)
    if (g_ascii_iscntrl (bytes[i]))
      bytes[i] = ' ';
  return g_utf8_make_valid (g_strstrip (bytes), -1);
}
