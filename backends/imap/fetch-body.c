/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From FETCH lines to the sink. A small body is held until its line has ended without
 * damage; a large one passes as it comes, and is failed at the end if it was damaged. The
 * length is that of the literal, never RFC822.SIZE. The session's thread. */
#include "fetch-private.h"

/* HOLD_BYTES: bodies up to this are held: a copy of bytes that the cache still has. */
#define HOLD_BYTES (256u * 1024u)
/* HOLD_UNKNOWN_BYTES: the same while the UID has not come (Zimbra sends items behind the
 * body); larger ones are asked for again, by themselves. */
#define HOLD_UNKNOWN_BYTES (4u * 1024u * 1024u)
/* BROKEN_MAX: bodies of one message that came and could not be used. */
#define BROKEN_MAX 2u
/* SLOW_SINK_US: a sink that blocks longer in one call has no use for more at present. */
#define SLOW_SINK_US (1 * G_USEC_PER_SEC)

static HaulBytes
held_bytes (const ImapFetch *self)
{
  return (HaulBytes){ self->body.held->data, self->body.held->len };
}

/* Notes how long a call of the sink took. */
static gboolean
timed (ImapFetch *self, gint64 since_us, gboolean ok)
{
  if (g_get_monotonic_time () - since_us > SLOW_SINK_US)
    self->slow_sink = TRUE;
  return ok;
}

static gboolean
sink_begin (ImapFetch *self, const ImapWanted *wanted, guint64 size)
{
  gint64 now_us = g_get_monotonic_time ();
  return timed (
      self, now_us,
      haul_sink_begin (self->sink, wanted->key, HAUL_LINES_CRLF, size, &self->failure));
}

static gboolean
sink_write (ImapFetch *self, const void *data, gsize length)
{
  gint64 now_us = g_get_monotonic_time ();
  return length == 0
         || timed (self, now_us,
                   haul_sink_write (self->sink, data, length, &self->failure));
}

void
imap_fetch_fail (ImapFetch *self, const ImapWanted *wanted, GError *reason)
{
  if (self->failure != NULL)
    g_error_free (reason);
  else
    (void) haul_sink_fail (self->sink, wanted->key, reason, &self->failure);
}

static void
fail_broken (ImapFetch *self, guint32 uid, HaulErrorCode code, const char *how)
{
  GError *reason = NULL;
  const ImapWanted *wanted = imap_jobs_wanted (self->jobs, uid);
  (void) haul_error_set (&reason, code, HAUL_SCOPE_MESSAGE, "fetch message UID %u: %s",
                         uid, how);
  imap_fetch_fail (self, wanted, reason);
  imap_jobs_settle (self->jobs, uid);
}

/* A body that was held cannot be used: once more, by itself, and then never. */
static void
discard_held (ImapFetch *self, ImapWanted *wanted, HaulErrorCode code, const char *how)
{
  if (++wanted->broken >= BROKEN_MAX)
    fail_broken (self, wanted->uid, code, how);
}

/* ---- the beginning of a body ---- */

/* The only message that can be meant when the UID is missing. */
static guint32
sole_uid (const ImapFetch *self)
{
  const ImapFetchFlight *flight = g_queue_peek_head ((GQueue *) &self->in_flight);
  if (self->in_flight.length != 1 || flight->job->uids->len != 1)
    return 0;
  return g_array_index (flight->job->uids, guint32, 0);
}

static void
begin_body (ImapFetch *self, const ImapBodyData *data)
{
  ImapIncoming *body = &self->body;
  /* A second body in one line, or a part that nobody asked for: it passes by. */
  if (body->place != IMAP_BODY_NONE || data->section.length > 0 || data->partial
      || data->binary)
    return;
  *body = (ImapIncoming){ .place = IMAP_BODY_LOST,
                          .open = TRUE,
                          .uid = data->uid,
                          .size = data->size,
                          .held = body->held };
  if (body->uid == 0 && data->size > HOLD_UNKNOWN_BYTES)
    {
      body->uid = sole_uid (self);
      self->late_uids = self->late_uids || body->uid == 0;
    }
  const ImapWanted *wanted = imap_jobs_wanted (self->jobs, body->uid);
  if (data->size <= (body->uid == 0 ? HOLD_UNKNOWN_BYTES : HOLD_BYTES)
      && (wanted != NULL || body->uid == 0))
    {
      body->place = IMAP_BODY_HELD;
      g_byte_array_set_size (body->held, 0);
    }
  else if (wanted != NULL && sink_begin (self, wanted, data->size))
    body->place = IMAP_BODY_PASSED;
}

static void
take_bytes (ImapFetch *self, ImapString text)
{
  ImapIncoming *body = &self->body;
  if (!body->open)
    return;
  switch (body->place)
    {
    case IMAP_BODY_HELD:
      g_byte_array_append (body->held, (const guint8 *) text.data, (guint) text.length);
      break;
    case IMAP_BODY_PASSED:
      (void) sink_write (self, text.data, text.length);
      break;
    case IMAP_BODY_NONE:
    case IMAP_BODY_LOST:
      break;
    }
}

/* ---- the end of the line ---- */

static void
deliver (ImapFetch *self, const ImapWanted *wanted)
{
  HaulBytes bytes = held_bytes (self);
  gint64 now_us = g_get_monotonic_time ();
  guint32 uid = wanted->uid;
  self->refused_in_row = 0;
  if (sink_begin (self, wanted, bytes.length)
      && sink_write (self, bytes.data, bytes.length))
    (void) timed (self, now_us, haul_sink_end (self->sink, &self->failure));
  imap_jobs_settle (self->jobs, uid);
}

static void
end_held (ImapFetch *self, const ImapFetchData *fetch)
{
  ImapWanted *wanted = imap_jobs_wanted (self->jobs, fetch->uid);
  gboolean other = self->body.uid != 0 && fetch->uid != self->body.uid;
  if (other)
    wanted = imap_jobs_wanted (self->jobs, self->body.uid);
  if (wanted == NULL)
    return;
  if (other || fetch->damaged || fetch->suspect || self->body.open)
    discard_held (self, wanted, HAUL_ERROR_PROTOCOL,
                  other ? "the server's answer names two messages"
                        : "the body that the server sent is damaged");
  else if (self->body.held->len == 0 && wanted->size > 0
           && wanted->size != HAUL_SIZE_UNKNOWN)
    discard_held (self, wanted, HAUL_ERROR_CORRUPT,
                  "the server sends an empty body, though it gives a size");
  else
    deliver (self, wanted);
}

static void
end_passed (ImapFetch *self, const ImapFetchData *fetch)
{
  guint32 uid = self->body.uid;
  if (self->failure != NULL)
    return;
  if (fetch->uid != uid && fetch->uid != 0)
    fail_broken (self, uid, HAUL_ERROR_PROTOCOL,
                 "the server's answer names two messages");
  else if (fetch->uid == 0 || fetch->damaged || fetch->suspect || self->body.open)
    fail_broken (self, uid, HAUL_ERROR_PROTOCOL,
                 "the body that the server sent is damaged");
  else
    {
      gint64 now_us = g_get_monotonic_time ();
      self->refused_in_row = 0;
      (void) timed (self, now_us, haul_sink_end (self->sink, &self->failure));
      imap_jobs_settle (self->jobs, uid);
    }
}

static void
end_line (ImapFetch *self, const ImapFetchData *fetch)
{
  ImapWanted *wanted = NULL;
  switch (self->body.place)
    {
    case IMAP_BODY_HELD:
      end_held (self, fetch);
      break;
    case IMAP_BODY_PASSED:
      end_passed (self, fetch);
      break;
    case IMAP_BODY_NONE:
    case IMAP_BODY_LOST:
      break;
    }
  /* Whatever is said of a message, it exists. */
  wanted = imap_jobs_wanted (self->jobs, fetch->uid);
  if (wanted != NULL)
    wanted->exists = TRUE;
  self->body.place = IMAP_BODY_NONE;
  self->body.open = FALSE;
}

/* ---- checks ---- */

static void
mark_existing (ImapFetch *self, guint32 uid)
{
  ImapWanted *wanted = imap_jobs_wanted (self->jobs, uid);
  if (wanted != NULL)
    wanted->exists = TRUE;
}

/* The set may name four billion: it is asked, not walked. */
static void
take_esearch (ImapFetch *self, ImapString all)
{
  g_autoptr (ImapUidSet) uids = all.data == NULL ? NULL : imap_uidset_parse (all, NULL);
  if (uids == NULL)
    return;
  imap_uidset_normalise (uids);
  for (const GList *at = self->in_flight.head; at != NULL; at = at->next)
    {
      const ImapFetchFlight *flight = at->data;
      const GArray *asked = flight->job->uids;
      for (guint i = 0; flight->job->kind == IMAP_JOB_CHECK && i < asked->len; i++)
        if (imap_uidset_contains_sorted (uids, g_array_index (asked, guint32, i)))
          mark_existing (self, g_array_index (asked, guint32, i));
    }
}

gboolean
imap_fetch_event (const ImapEvent *event, gpointer user_data, GError **error)
{
  ImapFetch *self = user_data;
  switch ((int) event->type)
    {
    case IMAP_EVENT_BODY_BEGIN:
      if (self->failure == NULL)
        begin_body (self, &event->body);
      break;
    case IMAP_EVENT_BODY_DATA:
      if (self->failure == NULL)
        take_bytes (self, event->text);
      break;
    case IMAP_EVENT_BODY_END:
      self->body.open = FALSE;
      break;
    case IMAP_EVENT_FETCH:
      if (self->failure == NULL)
        end_line (self, &event->fetch);
      break;
    case IMAP_EVENT_SEARCH:
      for (guint i = 0; i < event->search.count; i++)
        mark_existing (self, event->search.numbers[i]);
      break;
    case IMAP_EVENT_ESEARCH:
      take_esearch (self, event->esearch.all);
      break;
    }
  /* A sink whose own session is gone wants nothing of what is still to come. */
  if (self->failure != NULL && haul_error_scope (self->failure) >= HAUL_SCOPE_SESSION)
    {
      g_propagate_error (error, g_error_copy (self->failure));
      return FALSE;
    }
  return TRUE;
}
