/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The turn of a connection: input becomes events for the handlers and replies for the
 * commands in flight; then what may go is queued and written. How bytes move is in
 * connection-io.c, how a command is cut into pieces in connection-send.c. Belongs to the
 * session's thread. */
#include "connection-private.h"

#include <string.h>

/* After BYE the tagged replies of what was in flight may still come; no longer than this
 * (imap.md §3 row 16). */
#define BYE_US (2 * G_USEC_PER_SEC)

ImapConnection *
imap_connection_new (const ImapConnectionOptions *options)
{
  ImapConnection *self = g_new0 (ImapConnection, 1);
  self->link = options->link;
  self->parser = imap_response_new ();
  self->pipeline = imap_pipeline_new (&options->limits);
  self->trace = options->trace;
  self->peer = g_strdup (options->peer);
  self->patience_us = options->patience_us;
  self->out = g_byte_array_new ();
  self->wire_out = g_byte_array_new ();
  return self;
}

/* All commands in flight get their callback with NULL. */
static void
forget_flights (ImapConnection *self, gboolean call)
{
  gpointer data = NULL;
  ImapPending *early = self->sending.pending;
  ImapReplyCopy reply = self->sending.reply;
  imap_connection_end_sending (self);
  if (early != NULL)
    {
      if (call && early->done != NULL)
        early->done (&reply.reply, early->user_data);
      g_free (early);
      imap_reply_clear (&reply);
    }
  while (imap_pipeline_pop (self->pipeline, &data))
    {
      ImapPending *pending = data;
      if (call && pending->done != NULL)
        pending->done (NULL, pending->user_data);
      g_free (pending);
    }
}

void
imap_connection_close (ImapConnection *self)
{
  if (self == NULL)
    return;
  forget_flights (self, FALSE);
  if (self->error == NULL && self->bye == NULL && self->sending.command == NULL)
    {
      gboolean moved = FALSE;
      g_autoptr (GError) ignored = NULL;
      imap_connection_put (self, (const guint8 *) "ZZ LOGOUT\r\n", 11);
      imap_trace_note (self->trace, "logging out");
      (void) imap_connection_flush (self, &moved, &ignored);
    }
  if (self->link != NULL)
    haul_link_close (self->link);
  imap_response_free (self->parser);
  imap_pipeline_free (self->pipeline);
  imap_deflate_free (self->deflate);
  imap_reply_clear (&self->kept);
  g_byte_array_unref (self->out);
  g_byte_array_unref (self->wire_out);
  g_free (self->in);
  g_free (self->raw);
  g_free (self->peer);
  g_free (self->continue_text);
  g_free (self->continue_taken);
  g_free (self->bye);
  g_clear_error (&self->bye_error);
  g_clear_error (&self->deferred);
  g_clear_error (&self->error);
  g_free (self);
}

/* The connection is lost for @reason (taken over). Always FALSE. */
gboolean
imap_connection_break_off (ImapConnection *self, GError *reason, gboolean reset,
                           GError **error)
{
  if (self->error == NULL)
    {
      self->error = reason;
      imap_trace_note (self->trace, reason->message);
      imap_pipeline_close (self->pipeline);
      if (reset && self->link != NULL)
        haul_link_abort (g_steal_pointer (&self->link));
      forget_flights (self, TRUE);
    }
  else
    g_error_free (reason);
  if (error != NULL && *error == NULL)
    *error = g_error_copy (self->error);
  return FALSE;
}

void
imap_connection_abort (ImapConnection *self, const GError *reason)
{
  (void) imap_connection_break_off (self, g_error_copy (reason), TRUE, NULL);
}

void
imap_connection_watch (ImapConnection *self, ImapEventFunc func, gpointer user_data)
{
  self->watch = func;
  self->watch_data = user_data;
}

void
imap_connection_handle (ImapConnection *self, ImapEventFunc func, gpointer user_data)
{
  self->handle = func;
  self->handle_data = user_data;
}

const char *
imap_connection_tag (ImapConnection *self)
{
  (void) g_snprintf (self->tag, sizeof self->tag, "M%u", ++self->tag_number);
  return self->tag;
}

ImapWhy
imap_connection_may_send (ImapConnection *self, const ImapFlight *flight)
{
  if (self->error != NULL)
    return IMAP_WHY_CLOSING;
  return imap_pipeline_may_send (self->pipeline, flight, imap_connection_queued (self),
                                 g_get_monotonic_time ());
}

gboolean
imap_connection_send (ImapConnection *self, ImapCommand *command,
                      const ImapFlight *flight, const ImapBodies *bodies,
                      ImapDoneFunc done, gpointer user_data, GError **error)
{
  ImapPending *pending = g_new0 (ImapPending, 1);
  ImapFlight own = *flight;
  own.patience_us = flight->patience_us > 0 ? flight->patience_us : self->patience_us;
  if (imap_command_is_nonsync (command))
    own.flags |= IMAP_FLIGHT_NONSYNC;
  *pending = (ImapPending){ done, user_data, (flight->flags & IMAP_FLIGHT_SWITCH) != 0 };
  if (self->error != NULL
      || !imap_pipeline_begin (self->pipeline, imap_command_tag (command), &own, pending,
                               g_get_monotonic_time ()))
    {
      imap_command_free (command);
      g_free (pending);
      if (self->error != NULL)
        return imap_connection_break_off (self, g_error_copy (self->error), FALSE, error);
      return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                             "send a command to %s: its tag is in use", self->peer);
    }
  self->sending.command = command;
  if (bodies != NULL)
    self->sending.bodies = *bodies;
  /* A body that fails here breaks the connection at the next turn. */
  if (self->deferred == NULL)
    (void) imap_connection_continue_sending (self, &self->deferred);
  return TRUE;
}

/* The tagged reply of a command. */
static gboolean
take_tagged (ImapConnection *self, const ImapStateData *state, GError **error)
{
  gpointer data = NULL;
  ImapReplyCopy copy = { 0 };
  imap_reply_copy (&copy, state, IMAP_TAGGED_DONE);
  ImapTagged how = imap_pipeline_tagged (self->pipeline, state->tag, state->state,
                                         copy.reply.busy, &data);
  copy.reply.how = how;
  if (how == IMAP_TAGGED_UNKNOWN)
    {
      imap_reply_clear (&copy);
      return TRUE;
    }
  ImapPending *pending = data;
  self->held = pending->holds;
  if (how == IMAP_TAGGED_EARLY
      && (self->swallows || !imap_command_is_nonsync (self->sending.command)))
    {
      self->sending.early = TRUE;
      self->sending.reply = copy;
      self->sending.pending = pending;
      return TRUE;
    }
  if (how == IMAP_TAGGED_REFUSED || how == IMAP_TAGGED_EARLY
      || (how == IMAP_TAGGED_POISON && self->sending.command != NULL
          && imap_string_is (state->tag, imap_command_tag (self->sending.command))))
    imap_connection_end_sending (self);
  if (pending->done != NULL)
    pending->done (&copy.reply, pending->user_data);
  g_free (pending);
  gboolean ok = how != IMAP_TAGGED_POISON && how != IMAP_TAGGED_EARLY;
  GError *local = NULL;
  if (!ok)
    {
      (void) haul_error_set (&local, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_SESSION,
                             "%s refused a command before its literal was read: %s; "
                             "connection reset so that no mail is read as a command",
                             self->peer, copy.reply.text);
      haul_error_set_delay_us (local, copy.reply.busy_us);
    }
  imap_reply_clear (&copy);
  return ok || imap_connection_break_off (self, local, TRUE, error);
}

/* BYE: nothing more is sent; what is in flight may still be answered. */
static void
take_bye (ImapConnection *self, const ImapStateData *state)
{
  ImapReplyCopy copy = { 0 };
  if (self->bye != NULL)
    return;
  imap_reply_copy (&copy, state, IMAP_TAGGED_UNKNOWN);
  self->bye = g_strdup (copy.reply.text);
  self->bye_us = g_get_monotonic_time ();
  g_autofree char *what = g_strdup_printf ("%s closed the session", self->peer);
  (void) imap_reply_error (&copy.reply, HAUL_SCOPE_SESSION, what, &self->bye_error);
  /* A BYE is a lost connection, unless its words say more. */
  if (self->bye_error->code == HAUL_ERROR_REJECTED)
    self->bye_error->code = HAUL_ERROR_NETWORK;
  imap_reply_clear (&copy);
  imap_pipeline_close (self->pipeline);
}

static void
take_continue (ImapConnection *self, ImapString text)
{
  gpointer data = NULL;
  if (!imap_pipeline_continue (self->pipeline, &data))
    return;
  if (self->sending.waits)
    {
      self->sending.waits = FALSE;
      return;
    }
  g_free (self->continue_text);
  self->continue_text = text.data == NULL ? g_strdup ("")
                                          : g_strndup (text.data, text.length);
}

static gboolean
take_event (ImapConnection *self, const ImapEvent *event, GError **error)
{
  if (event->type == IMAP_EVENT_CONTINUE)
    {
      take_continue (self, event->text);
      return TRUE;
    }
  if (event->type == IMAP_EVENT_STATE && event->state.tag.data != NULL)
    {
      /* A response code of a tagged reply (CAPABILITY, HIGHESTMODSEQ) is news, too. */
      if (self->watch != NULL && !self->watch (event, self->watch_data, error))
        return FALSE;
      return take_tagged (self, &event->state, error);
    }
  if (self->watch != NULL && !self->watch (event, self->watch_data, error))
    return FALSE;
  if (self->handle != NULL && !self->handle (event, self->handle_data, error))
    return FALSE;
  if (event->type == IMAP_EVENT_STATE && event->state.state == IMAP_STATE_BYE)
    take_bye (self, &event->state);
  return TRUE;
}

/* Parses what is in the buffer. */
static gboolean
take_input (ImapConnection *self, GError **error)
{
  self->held = FALSE;
  while (self->in_left > 0 && self->error == NULL && !self->held)
    {
      ImapEvent event;
      g_autoptr (GError) local = NULL;
      switch (
          imap_response_next (self->parser, &self->in_at, &self->in_left, &event, &local))
        {
        case IMAP_NEXT_MORE:
          break;
        case IMAP_NEXT_EVENT:
          if (!take_event (self, &event, error))
            return FALSE;
          break;
        case IMAP_NEXT_ERROR:
          return haul_error_set (error, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_SESSION,
                                 "understand what %s sends: %s", self->peer,
                                 local->message);
        }
    }
  return TRUE;
}

/* The peer has closed, or ought to have. */
static gboolean
check_end (ImapConnection *self, GError **error)
{
  gboolean late = self->bye != NULL && g_get_monotonic_time () >= self->bye_us + BYE_US;
  if (!late && !(self->ended && self->in_left == 0))
    return TRUE;
  if (self->bye_error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->bye_error));
      return FALSE;
    }
  return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                         "%s closed the connection%s", self->peer,
                         imap_response_is_idle (self->parser)
                             ? " without a word"
                             : " in the middle of a response");
}

static gboolean
check_patience (ImapConnection *self, GError **error)
{
  gint64 deadline = imap_pipeline_deadline (self->pipeline);
  /* While we have a body to send and it does not come, the silence is ours. */
  if (deadline < 0 || self->sending.starved || g_get_monotonic_time () < deadline)
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_TIMEOUT, HAUL_SCOPE_SESSION,
                         "wait for %s: nothing came for %" G_GINT64_FORMAT
                         " s with a command in flight",
                         self->peer, self->patience_us / G_USEC_PER_SEC);
}

/* Input, then output. *@moved: anything at all happened. */
static gboolean
pump (ImapConnection *self, gboolean *moved, GError **error)
{
  if (self->deferred != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->deferred));
      return FALSE;
    }
  if (!imap_connection_fill (self, moved, error))
    return FALSE;
  if (self->in_left > 0)
    {
      *moved = TRUE;
      if (!take_input (self, error))
        return FALSE;
    }
  if (!check_end (self, error))
    return FALSE;
  guint64 queued = imap_connection_queued (self);
  if (!imap_connection_continue_sending (self, error)
      || !imap_connection_flush (self, moved, error))
    return FALSE;
  /* Room came: the command goes on at once. */
  if (self->sending.command != NULL && queued != imap_connection_queued (self))
    *moved = TRUE;
  return TRUE;
}

/* The earlier of two moments, of which -1 is none. */
static gint64
earlier (gint64 a, gint64 b)
{
  return a < 0 ? b : b < 0 ? a : MIN (a, b);
}

static gboolean
wait_link (ImapConnection *self, gint64 until_us, GError **error)
{
  gint64 until = self->sending.starved ? -1 : imap_pipeline_deadline (self->pipeline);
  if (self->bye != NULL)
    until = earlier (until, self->bye_us + BYE_US);
  until = earlier (until, until_us);
  return haul_link_wait (self->link, !self->ended, imap_connection_queued (self) > 0,
                         until, error);
}

static gboolean
turn (ImapConnection *self, gboolean wait, gint64 until_us, GError **error)
{
  GError *local = NULL;
  gboolean moved = FALSE;
  if (self->error != NULL)
    return imap_connection_break_off (self, g_error_copy (self->error), FALSE, error);
  gboolean ok = pump (self, &moved, &local);
  if (ok && !moved && wait)
    ok = wait_link (self, until_us, &local) && pump (self, &moved, &local)
         && (moved || check_patience (self, &local));
  /* A callback may have broken it off. */
  if (self->error != NULL)
    {
      g_clear_error (&local);
      return imap_connection_break_off (self, g_error_copy (self->error), FALSE, error);
    }
  return ok || imap_connection_break_off (self, local, TRUE, error);
}

gboolean
imap_connection_turn (ImapConnection *self, gboolean wait, GError **error)
{
  return turn (self, wait, -1, error);
}

gboolean
imap_connection_turn_until (ImapConnection *self, gint64 until_us, GError **error)
{
  return turn (self, TRUE, until_us, error);
}
