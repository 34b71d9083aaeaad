/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts and ends the scripted server, its listener and the threads of its connections,
 * and answers the test's questions about what happened. Sessions are in imap-server.c.
 */
#include "imap-script-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

/* More connections than any client of ours makes: a loop of reconnects ends here. */
#define MOST_CONNECTIONS 1000u
#define MOST_FAILURES    200u

/* Start: what a connection's thread is given. */
typedef struct
{
  ImapScript *script;
  int fd;
  guint number;
} Start;

void
script_note_failure (ImapScript *self, guint line, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  pthread_mutex_lock (&self->lock);
  if (self->failures->len < MOST_FAILURES)
    g_ptr_array_add (self->failures, line > 0
                                         ? g_strdup_printf ("line %u: %s", line, text)
                                         : g_strdup (text));
  pthread_mutex_unlock (&self->lock);
}

static void *
connection_thread (void *data)
{
  Start *start = data;
  session_run (start->script, start->fd, start->number);
  g_free (start);
  return NULL;
}

static void
accept_one (ImapScript *self)
{
  int fd = accept4 (self->listen_fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0)
    return;
  pthread_mutex_lock (&self->lock);
  guint number = ++self->connections;
  pthread_mutex_unlock (&self->lock);
  if (number > MOST_CONNECTIONS)
    {
      close (fd);
      return;
    }
  Start *start = g_new0 (Start, 1);
  *start = (Start){ self, fd, number };
  pthread_t thread;
  if (pthread_create (&thread, NULL, connection_thread, start) != 0)
    {
      close (fd);
      g_free (start);
      return;
    }
  g_array_append_val (self->threads, thread);
}

static void *
listener_thread (void *data)
{
  ImapScript *self = data;
  for (;;)
    {
      struct pollfd fds[2] = { { .fd = self->stop_fds[0], .events = POLLIN },
                               { .fd = self->listen_fd, .events = POLLIN } };
      int ready = poll (fds, 2, -1);
      if (ready < 0 && errno != EINTR)
        return NULL;
      if (ready > 0 && fds[0].revents != 0)
        return NULL;
      if (ready > 0 && fds[1].revents != 0)
        accept_one (self);
    }
}

static gboolean
start_listening (ImapScript *self, GError **error)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t length = sizeof address;
  self->listen_fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean good = self->listen_fd >= 0
                  && bind (self->listen_fd, (struct sockaddr *) &address, length) == 0
                  && listen (self->listen_fd, 64) == 0
                  && getsockname (self->listen_fd, (struct sockaddr *) &address, &length)
                         == 0
                  && pipe2 (self->stop_fds, O_CLOEXEC) == 0
                  && pthread_create (&self->listener, NULL, listener_thread, self) == 0;
  if (!good)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "listen on 127.0.0.1: %s",
                   g_strerror (errno));
      return FALSE;
    }
  self->port = ntohs (address.sin_port);
  self->started = TRUE;
  return TRUE;
}

static ImapScript *
script_new (void)
{
  ImapScript *self = g_new0 (ImapScript, 1);
  script_init (&self->script);
  pthread_mutex_init (&self->lock, NULL);
  self->listen_fd = self->stop_fds[0] = self->stop_fds[1] = -1;
  self->threads = g_array_new (FALSE, FALSE, sizeof (pthread_t));
  self->commands = g_ptr_array_new_with_free_func (g_free);
  self->failures = g_ptr_array_new_with_free_func (g_free);
  self->transcript = g_string_new (NULL);
  return self;
}

/* substituted: "@{NAME}" by its value. (transfer full) */
static char *
substituted (const char *text, const char *const *variables)
{
  GString *out = g_string_new (text);
  for (; variables != NULL && variables[0] != NULL; variables += 2)
    {
      g_autofree char *name = g_strdup_printf ("@{%s}", variables[0]);
      g_string_replace (out, name, variables[1], 0);
    }
  return g_string_free (out, FALSE);
}

ImapScript *
imap_script_start_with (const char *path_or_text, const char *const *variables,
                        GError **error)
{
  g_autofree char *read = NULL;
  g_autoptr (ImapScript) self = script_new ();
  if (strchr (path_or_text, '\n') == NULL
      && !g_file_get_contents (path_or_text, &read, NULL, error))
    return NULL;
  g_autofree char *text = substituted (read != NULL ? read : path_or_text, variables);
  if (!script_read (&self->script, text, error) || !start_listening (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

ImapScript *
imap_script_start (const char *path_or_text, GError **error)
{
  return imap_script_start_with (path_or_text, NULL, error);
}

guint
imap_script_port (const ImapScript *self)
{
  return self->port;
}

void
imap_script_stop (ImapScript *self)
{
  if (!self->started || self->stopped)
    return;
  self->stopped = TRUE;
  close (self->stop_fds[1]);
  self->stop_fds[1] = -1;
  pthread_join (self->listener, NULL);
  for (guint i = 0; i < self->threads->len; i++)
    pthread_join (g_array_index (self->threads, pthread_t, i), NULL);
}

void
imap_script_free (ImapScript *self)
{
  if (self == NULL)
    return;
  imap_script_stop (self);
  int *const fds[] = { &self->listen_fd, &self->stop_fds[0], &self->stop_fds[1] };
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    if (*fds[i] >= 0)
      close (*fds[i]);
  script_clear (&self->script);
  g_array_unref (self->threads);
  g_ptr_array_unref (self->commands);
  g_ptr_array_unref (self->failures);
  g_string_free (self->transcript, TRUE);
  pthread_mutex_destroy (&self->lock);
  g_free (self);
}

static guint
count_locked (const ImapScript *self, const char *pattern)
{
  guint count = 0;
  for (guint i = 0; i < self->commands->len; i++)
    count += imap_match (pattern, g_ptr_array_index (self->commands, i), NULL) ? 1 : 0;
  return count;
}

/* add_unmet: what was never used, and bounds that do not hold. */
static void
add_unmet (const ImapScript *self, GString *out)
{
  for (guint i = 0; i < self->script.rules->len; i++)
    {
      const Rule *rule = g_ptr_array_index (self->script.rules, i);
      if (!rule->optional && rule->fired == 0)
        g_string_append_printf (out, "line %u: never happened: %s\n", rule->line,
                                rule->pattern);
    }
  for (guint i = 0; i < self->script.plays->len; i++)
    {
      const Play *play = g_ptr_array_index (self->script.plays, i);
      if (!play->optional && play->fired == 0)
        g_string_append_printf (out, "line %u: connection %u never came\n", play->line,
                                play->number);
    }
  for (guint i = 0; i < self->script.bounds->len; i++)
    {
      const Bound *bound = g_ptr_array_index (self->script.bounds, i);
      guint count = count_locked (self, bound->pattern);
      if (count < bound->least || count > bound->most)
        g_string_append_printf (out, "line %u: %u commands match %s\n", bound->line,
                                count, bound->pattern);
    }
}

char *
imap_script_failures (ImapScript *self)
{
  g_autoptr (GString) out = g_string_new (NULL);
  pthread_mutex_lock (&self->lock);
  for (guint i = 0; i < self->failures->len; i++)
    g_string_append_printf (out, "%s\n", (char *) g_ptr_array_index (self->failures, i));
  add_unmet (self, out);
  pthread_mutex_unlock (&self->lock);
  return out->len > 0 ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}

void
imap_script_assert_ok (ImapScript *self)
{
  imap_script_stop (self);
  g_autofree char *failures = imap_script_failures (self);
  if (failures == NULL)
    return;
  g_autofree char *transcript = imap_script_transcript (self);
  g_test_message ("%s", transcript);
  g_test_message ("%s", failures);
  g_assert_null (failures);
}

char *
imap_script_transcript (ImapScript *self)
{
  pthread_mutex_lock (&self->lock);
  char *text = g_strndup (self->transcript->str, self->transcript->len);
  pthread_mutex_unlock (&self->lock);
  return text;
}

guint
imap_script_count (ImapScript *self, const char *pattern)
{
  pthread_mutex_lock (&self->lock);
  guint count = count_locked (self, pattern);
  pthread_mutex_unlock (&self->lock);
  return count;
}

guint
imap_script_connections (ImapScript *self)
{
  pthread_mutex_lock (&self->lock);
  guint count = self->connections;
  pthread_mutex_unlock (&self->lock);
  return count;
}

guint
imap_script_round_trips (ImapScript *self)
{
  pthread_mutex_lock (&self->lock);
  guint count = self->trips;
  pthread_mutex_unlock (&self->lock);
  return count;
}

static gint
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

char **
imap_script_mailboxes (ImapScript *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  pthread_mutex_lock (&self->lock);
  for (guint i = 0; i < self->script.store.boxes->len; i++)
    {
      const Box *box = g_ptr_array_index (self->script.store.boxes, i);
      g_ptr_array_add (names, g_strdup (box->name));
    }
  pthread_mutex_unlock (&self->lock);
  g_ptr_array_sort (names, by_text);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

gboolean
imap_script_subscribed (ImapScript *self, const char *mailbox)
{
  pthread_mutex_lock (&self->lock);
  const Box *box = store_find (&self->script.store, mailbox);
  gboolean subscribed = box != NULL && box->subscribed;
  pthread_mutex_unlock (&self->lock);
  return subscribed;
}

static void
message_free (gpointer data)
{
  ImapScriptMessage *self = data;
  g_free (self->flags);
  g_bytes_unref (self->body);
  g_free (self);
}

static ImapScriptMessage *
message_new (const Mail *mail)
{
  ImapScriptMessage *message = g_new0 (ImapScriptMessage, 1);
  g_autoptr (GPtrArray) flags = g_ptr_array_new ();
  for (guint i = 0; i < mail->flags->len; i++)
    g_ptr_array_add (flags, g_ptr_array_index (mail->flags, i));
  g_ptr_array_sort (flags, by_text);
  g_ptr_array_add (flags, NULL);
  message->uid = mail->uid;
  message->flags = g_strjoinv (" ", (char **) flags->pdata);
  message->date = mail->date;
  message->zone_minutes = mail->zone_minutes;
  message->body = g_bytes_ref (mail->body);
  return message;
}

GPtrArray *
imap_script_messages (ImapScript *self, const char *mailbox)
{
  GPtrArray *messages = NULL;
  pthread_mutex_lock (&self->lock);
  const Box *box = store_find (&self->script.store, mailbox);
  if (box != NULL)
    {
      messages = g_ptr_array_new_with_free_func (message_free);
      for (guint i = 0; i < box->mails->len; i++)
        g_ptr_array_add (messages, message_new (g_ptr_array_index (box->mails, i)));
    }
  pthread_mutex_unlock (&self->lock);
  return messages;
}

void
imap_script_change (ImapScript *self, const char *line)
{
  gsize length = strcspn (line, " ");
  g_autofree char *directive = g_strndup (line, length);
  g_auto (GStrv) words = script_words (line + length);
  g_autofree char *why = NULL;
  pthread_mutex_lock (&self->lock);
  script_change (&self->script, directive, words, &why);
  pthread_mutex_unlock (&self->lock);
  g_assert_cmpstr (why, ==, NULL);
}

GBytes *
imap_script_body (ImapScript *self, const char *name)
{
  return script_body (&self->script, name);
}
