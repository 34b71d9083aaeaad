/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Destination: the thread of a destination session. It waits in the pipe; a call for it
 * makes the pipe's end visible (yield), so that a store returns first. The lane's thread
 * waits in the pipe's call slot. Decides nothing about messages.
 */
#include "engine/destination.h"

#include "engine/slot.h"

typedef struct
{
  DestinationCall call;
  gpointer data;
} Request;

struct _Destination
{
  const HaulBackend *backend;
  const HaulOpen *open;
  const DestinationHooks *hooks;
  gpointer user_data;
  Pipe *pipe;
  Slot *slot;
  GThread *thread;
  Request request;  /* the call under way */
  gint64 idle_us;   /* so long may a session have nothing to do */
  Session *session; /* the thread's */
  guint32 caps;     /* written by the thread before an answer */
  guint sessions;   /* likewise */
  GError *broken;   /* likewise */
};

/* The calls that the lane can make, as functions that run on the thread. */
static gboolean
call_open (gpointer target, gpointer data, GError **error)
{
  Destination *self = target;
  g_clear_pointer (&self->session, session_close);
  g_clear_error (&self->broken);
  self->session = session_open (self->backend, self->open, error);
  if (self->session == NULL)
    {
      /* Until it opens it stays broken, on this side. */
      if (error != NULL && *error != NULL)
        self->broken = g_error_copy (*error);
      return FALSE;
    }
  self->caps = session_caps (self->session);
  self->sessions = session_sessions (self->session);
  return TRUE;
}

static gboolean
call_request (gpointer target, gpointer data, GError **error)
{
  Destination *self = target;
  Request *request = data;
  if (self->broken != NULL)
    {
      g_propagate_error (error, g_error_copy (self->broken));
      return FALSE;
    }
  if (self->session == NULL)
    return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                           "use the destination: it is not open");
  if (request->call == NULL)
    return TRUE;
  GError *local = NULL;
  if (request->call (self->session, request->data, &local))
    return TRUE;
  if (haul_error_scope (local) >= HAUL_SCOPE_SESSION)
    self->broken = g_error_copy (local);
  g_propagate_error (error, local);
  return FALSE;
}

/* Ends all items of a store that failed. */
static void
end_items (Destination *self, HaulFeed *feed, const GError *error)
{
  g_autoptr (GPtrArray) left = feed_left (feed);
  g_autoptr (GPtrArray) queued = NULL;
  pipe_break (self->pipe, error, &queued);
  for (guint i = 0; i < left->len; i++)
    {
      self->hooks->unknown (left->pdata[i], error, self->user_data);
      pipe_release (self->pipe, left->pdata[i]);
    }
  for (guint i = 0; i < queued->len; i++)
    {
      self->hooks->unsent (queued->pdata[i], error, self->user_data);
      pipe_release (self->pipe, queued->pdata[i]);
    }
}

/* One store: until the pipe shows its end, or the session fails. */
static void
run_store (Destination *self)
{
  g_autoptr (GError) error = NULL;
  HaulFeed *feed = feed_new (self->pipe, &self->hooks->feed, self->user_data);
  gboolean ok = self->broken == NULL && self->session != NULL
                && session_store (self->session, feed, &error);
  self->hooks->feed.idle (TRUE, self->user_data);
  if (ok && feed_count (feed) > 0)
    {
      ok = haul_error_set (&error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "backend %s: store returned and owes %u results",
                           self->backend->name, feed_count (feed));
    }
  if (!ok)
    {
      if (error == NULL && self->broken != NULL)
        error = g_error_copy (self->broken);
      if (error == NULL)
        (void) haul_error_set (&error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                               "use the destination: it is not open");
      end_items (self, feed, error);
      if (self->broken == NULL)
        self->broken = g_steal_pointer (&error);
    }
  feed_free (feed);
}

/* A session that has had nothing to do for a while keeps its connection alive. */
static void
keep_alive (Destination *self)
{
  GError *error = NULL;
  if (self->broken == NULL && self->session != NULL
      && !session_idle (self->session, IDLE_CALL_MAX_US, &error))
    self->broken = error;
}

static gpointer
destination_thread (gpointer data)
{
  Destination *self = data;
  gboolean open = TRUE;
  while (open)
    {
      switch (pipe_wait (self->pipe, g_get_monotonic_time () + self->idle_us))
        {
        case PIPE_WAIT_ITEM:
          run_store (self);
          break;
        case PIPE_WAIT_YIELD:
          open = slot_serve (self->slot, self->pipe, self);
          break;
        case PIPE_WAIT_TIME:
          keep_alive (self);
          break;
        }
    }
  g_clear_pointer (&self->session, session_close);
  return NULL;
}

Destination *
destination_new (const HaulBackend *backend, const HaulOpen *open,
                 const DestinationHooks *hooks, gint64 idle_us, gpointer user_data)
{
  Destination *self = g_new0 (Destination, 1);
  self->backend = backend;
  self->open = open;
  self->hooks = hooks;
  self->user_data = user_data;
  self->idle_us = idle_us;
  self->pipe = pipe_new (PIPE_BUDGET_BYTES);
  self->slot = slot_new ();
  self->thread = g_thread_new ("destination", destination_thread, self);
  slot_post (self->slot, self->pipe, call_open, NULL);
  return self;
}

void
destination_free (Destination *self)
{
  if (self == NULL)
    return;
  slot_close (self->slot, self->pipe);
  g_thread_join (self->thread);
  pipe_free (self->pipe);
  slot_free (self->slot);
  g_clear_error (&self->broken);
  g_free (self);
}

/* The lane's thread waits for this one, and its own session is kept alive meanwhile. */
static gboolean
wait_for_answer (Destination *self, GError **error)
{
  while (!slot_is_answered (self->slot, g_get_monotonic_time () + self->idle_us))
    if (self->hooks->waiting != NULL)
      self->hooks->waiting (self->user_data);
  return slot_wait (self->slot, error);
}

gboolean
destination_wait_open (Destination *self, GError **error)
{
  return wait_for_answer (self, error);
}

guint32
destination_caps (Destination *self)
{
  return self->caps;
}

guint
destination_sessions (Destination *self)
{
  return self->sessions;
}

Pipe *
destination_pipe (Destination *self)
{
  return self->pipe;
}

gboolean
destination_call (Destination *self, DestinationCall call, gpointer data, GError **error)
{
  destination_begin (self, call, data);
  return destination_end (self, error);
}

void
destination_begin (Destination *self, DestinationCall call, gpointer data)
{
  self->request = (Request){ call, data };
  slot_post (self->slot, self->pipe, call_request, &self->request);
}

gboolean
destination_end (Destination *self, GError **error)
{
  return wait_for_answer (self, error);
}

const GError *
destination_error (Destination *self)
{
  return self->broken;
}

gboolean
destination_reopen (Destination *self, GError **error)
{
  pipe_mend (self->pipe);
  slot_post (self->slot, self->pipe, call_open, NULL);
  return wait_for_answer (self, error);
}
