/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bookkeeping of commands in flight as pure decisions over data: time and queue lengths
 * are arguments, nothing is sent here. What is sent next and what a refusal means for
 * mail is the session's and the engine's. Belongs to the session's thread. */
#include "pipeline.h"

#include <string.h>

typedef struct
{
  gchar *tag;
  ImapFlight flight;
  gpointer user_data;
  gint64 start_us;
} Entry;

/* Where the command that is being sent stands. */
typedef enum
{
  SENDING_NONE,
  SENDING_BYTES,
  SENDING_WAITS, /* for "+" */
  SENDING_EARLY, /* already answered; the rest of its literal still has to go */
} Sending;

struct _ImapPipeline
{
  ImapPipelineOptions options;
  GPtrArray *entries; /* of Entry, oldest first; the last one is the one being sent */
  Sending sending;
  guint window;
  guint clean_count;
  guint64 bytes;
  gboolean closing;
  gboolean poisoned;
  gint64 throttled_until_us;
  gint64 progress_us;
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->tag);
  g_free (entry);
}

ImapPipeline *
imap_pipeline_new (const ImapPipelineOptions *options)
{
  ImapPipeline *self = g_new0 (ImapPipeline, 1);

  self->options = *options;
  self->window = MAX (options->commands, 1);
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->throttled_until_us = G_MININT64;
  self->progress_us = G_MININT64;
  return self;
}

void
imap_pipeline_free (ImapPipeline *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->entries);
  g_free (self);
}

static const Entry *
entry_at (const ImapPipeline *self, guint index)
{
  return g_ptr_array_index (self->entries, index);
}

/* All flags of all commands in flight. */
static guint
flags_in_flight (const ImapPipeline *self)
{
  guint flags = 0;

  for (guint i = 0; i < self->entries->len; i++)
    flags |= entry_at (self, i)->flight.flags;
  return flags;
}

static ImapWhy
why_window (const ImapPipeline *self, const ImapFlight *flight, guint64 queued_bytes)
{
  guint64 room = self->options.bytes > self->bytes ? self->options.bytes - self->bytes
                                                   : 0;

  if (self->entries->len >= self->window)
    return IMAP_WHY_WINDOW_COMMANDS;
  if (self->entries->len > 0 && flight->bytes > room)
    return IMAP_WHY_WINDOW_BYTES;
  return queued_bytes > self->options.output_bytes ? IMAP_WHY_OUTPUT_QUEUE
                                                   : IMAP_WHY_NOTHING;
}

ImapWhy
imap_pipeline_may_send (const ImapPipeline *self, const ImapFlight *flight,
                        guint64 queued_bytes, gint64 now_us)
{
  guint ahead = flags_in_flight (self);
  guint alone = IMAP_FLIGHT_BARRIER | IMAP_FLIGHT_SEQUENCE;

  if (self->poisoned)
    return IMAP_WHY_POISONED;
  if (self->closing)
    return IMAP_WHY_CLOSING;
  if (now_us < self->throttled_until_us)
    return IMAP_WHY_THROTTLED;
  if (self->sending != SENDING_NONE)
    return IMAP_WHY_SENDING;
  if (ahead & IMAP_FLIGHT_BARRIER)
    return IMAP_WHY_BARRIER_AHEAD;
  if ((flight->flags & alone) != 0 && self->entries->len > 0)
    return IMAP_WHY_BARRIER_SELF;
  if (((flight->flags & IMAP_FLIGHT_BODIES_OUT) && (ahead & IMAP_FLIGHT_BODIES_IN))
      || ((flight->flags & IMAP_FLIGHT_BODIES_IN) && (ahead & IMAP_FLIGHT_BODIES_OUT)))
    return IMAP_WHY_ROLE;
  return why_window (self, flight, queued_bytes);
}

const gchar *
imap_why_text (ImapWhy why)
{
  switch (why)
    {
    case IMAP_WHY_NOTHING:
      return "may be sent";
    case IMAP_WHY_POISONED:
      return "connection is poisoned";
    case IMAP_WHY_CLOSING:
      return "connection is closing";
    case IMAP_WHY_THROTTLED:
      return "server asked for a pause";
    case IMAP_WHY_SENDING:
      return "another command is being sent";
    case IMAP_WHY_BARRIER_AHEAD:
      return "a command that must be alone is in flight";
    case IMAP_WHY_BARRIER_SELF:
      return "it must be alone and others are in flight";
    case IMAP_WHY_ROLE:
      return "bodies flow the other way";
    case IMAP_WHY_WINDOW_COMMANDS:
      return "window of commands is full";
    case IMAP_WHY_WINDOW_BYTES:
      return "window of bytes is full";
    case IMAP_WHY_OUTPUT_QUEUE:
      return "output queue is full";
    }
  return "";
}

static gboolean
find (const ImapPipeline *self, ImapString tag, guint *out_index)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (imap_string_is (tag, entry_at (self, i)->tag))
      {
        *out_index = i;
        return TRUE;
      }
  return FALSE;
}

gboolean
imap_pipeline_begin (ImapPipeline *self, const gchar *tag, const ImapFlight *flight,
                     gpointer user_data, gint64 now_us)
{
  guint index;

  if (find (self, (ImapString){ tag, strlen (tag) }, &index))
    return FALSE;
  Entry *entry = g_new0 (Entry, 1);
  entry->tag = g_strdup (tag);
  entry->flight = *flight;
  entry->user_data = user_data;
  entry->start_us = now_us;
  g_ptr_array_add (self->entries, entry);
  self->bytes += flight->bytes;
  self->sending = SENDING_BYTES;
  return TRUE;
}

void
imap_pipeline_await (ImapPipeline *self)
{
  if (self->sending == SENDING_BYTES)
    self->sending = SENDING_WAITS;
}

void
imap_pipeline_sent (ImapPipeline *self)
{
  self->sending = SENDING_NONE;
}

gboolean
imap_pipeline_continue (ImapPipeline *self, gpointer *out_user_data)
{
  if (self->sending == SENDING_WAITS)
    {
      self->sending = SENDING_BYTES;
      *out_user_data = entry_at (self, self->entries->len - 1)->user_data;
      return TRUE;
    }
  for (guint i = 0; i < self->entries->len; i++)
    if (entry_at (self, i)->flight.flags & IMAP_FLIGHT_CONTINUES)
      {
        *out_user_data = entry_at (self, i)->user_data;
        return TRUE;
      }
  return FALSE;
}

/* +1 per window of clean completions, halved when the server is busy. */
static void
adapt (ImapPipeline *self, gboolean clean, gboolean busy)
{
  if (busy)
    {
      self->window = MAX (self->window / 2, 1);
      self->clean_count = 0;
      return;
    }
  if (!clean || ++self->clean_count < self->window)
    return;
  self->clean_count = 0;
  self->window = MIN (self->window + 1, MAX (self->options.commands, 1));
}

static void
remove_entry (ImapPipeline *self, guint index)
{
  self->bytes -= entry_at (self, index)->flight.bytes;
  g_ptr_array_remove_index (self->entries, index);
}

ImapTagged
imap_pipeline_tagged (ImapPipeline *self, ImapString tag, ImapState state, gboolean busy,
                      gpointer *out_user_data)
{
  guint index;

  if (!find (self, tag, &index))
    return IMAP_TAGGED_UNKNOWN;
  const Entry *entry = entry_at (self, index);
  gboolean nonsync = (entry->flight.flags & IMAP_FLIGHT_NONSYNC) != 0;
  Sending sending = index == self->entries->len - 1 ? self->sending : SENDING_NONE;
  *out_user_data = entry->user_data;
  remove_entry (self, index);
  adapt (self, state == IMAP_STATE_OK, busy);

  if (state == IMAP_STATE_BAD && nonsync)
    {
      self->poisoned = TRUE;
      return IMAP_TAGGED_POISON;
    }
  if (sending == SENDING_WAITS)
    {
      self->sending = SENDING_NONE;
      return IMAP_TAGGED_REFUSED;
    }
  if (sending == SENDING_BYTES)
    {
      self->sending = SENDING_EARLY;
      return IMAP_TAGGED_EARLY;
    }
  return IMAP_TAGGED_DONE;
}

void
imap_pipeline_close (ImapPipeline *self)
{
  self->closing = TRUE;
}

void
imap_pipeline_throttle (ImapPipeline *self, gint64 until_us)
{
  self->throttled_until_us = MAX (self->throttled_until_us, until_us);
}

void
imap_pipeline_progress (ImapPipeline *self, gint64 now_us)
{
  self->progress_us = MAX (self->progress_us, now_us);
}

gint64
imap_pipeline_deadline (const ImapPipeline *self)
{
  gint64 deadline = -1;

  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = entry_at (self, i);
      gint64 end = MAX (entry->start_us, self->progress_us) + entry->flight.patience_us;
      deadline = deadline < 0 ? end : MIN (deadline, end);
    }
  return deadline;
}

gboolean
imap_pipeline_pop (ImapPipeline *self, gpointer *out_user_data)
{
  if (self->entries->len == 0)
    return FALSE;
  *out_user_data = entry_at (self, 0)->user_data;
  remove_entry (self, 0);
  self->closing = TRUE;
  self->sending = SENDING_NONE;
  return TRUE;
}

guint
imap_pipeline_count (const ImapPipeline *self)
{
  return self->entries->len;
}

guint64
imap_pipeline_bytes (const ImapPipeline *self)
{
  return self->bytes;
}

guint
imap_pipeline_window (const ImapPipeline *self)
{
  return self->window;
}

gboolean
imap_pipeline_is_poisoned (const ImapPipeline *self)
{
  return self->poisoned;
}
