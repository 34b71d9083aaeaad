/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fetch: keeps a few questions for bodies in flight, as many as line, memory and the
 * other side can take, and acts on the answers. What to ask next is in fetch-jobs.c, what
 * becomes of the bodies in fetch-body.c. The session's thread. */
#include "fetch-private.h"

/* AHEAD_BYTES: of bodies that were asked for and have not come (imap.md §0 rule 6). */
#define AHEAD_BYTES ((guint64) 16 * 1024 * 1024)
/* FLIGHTS, SET_MESSAGES, SET_BYTES: where the table of servers says nothing. */
#define FLIGHTS      2u
#define SET_MESSAGES 100u
#define SET_BYTES    ((guint64) 4 * 1024 * 1024)
/* SET_BYTES_MIN: the smallest set that a slow other side leads to. */
#define SET_BYTES_MIN ((guint64) 256 * 1024)
/* SLOW_SET_US, FAST_SET_US: a set that took longer is followed by smaller ones, since a
 * server hangs up on a client that does not read for minutes; a shorter one by larger. */
#define SLOW_SET_US (20 * G_USEC_PER_SEC)
#define FAST_SET_US (5 * G_USEC_PER_SEC)
/* ROOM_BYTES: what a slow sink must take without blocking before more is asked for. */
#define ROOM_BYTES (256u * 1024u)
/* WORDS_BYTES: of a command's line beside its set. */
#define WORDS_BYTES 100u
/* REFUSED_MAX: messages that are refused in a row, for a reason that is the folder's. */
#define REFUSED_MAX 8u

/* ---- the plan ---- */

static gboolean
pull (ImapWanted *out_wanted, gpointer user_data)
{
  ImapFetch *self = user_data;
  HaulPlanItem item;
  while (self->failure == NULL && haul_plan_next (self->plan, &item))
    {
      GError *reason = NULL;
      *out_wanted = (ImapWanted){ .key = item.key, .size = item.size_bytes };
      if (imap_key_to_uid (item.key, &out_wanted->uid))
        return TRUE;
      (void) haul_error_set (&reason, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                             "fetch message: its key is not a UID");
      imap_fetch_fail (self, out_wanted, reason);
    }
  return FALSE;
}

/* ---- answers ---- */

/* The outcome of a message that gets no body. */
static void
on_loss (const ImapWanted *wanted, ImapLoss loss, gpointer user_data)
{
  ImapFetch *self = user_data;
  GError *reason = NULL;
  switch (loss)
    {
    case IMAP_LOSS_GONE:
      (void) haul_error_set (&reason, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                             "fetch message UID %u: it no longer exists", wanted->uid);
      break;
    case IMAP_LOSS_UNANSWERED:
      (void) haul_error_set (&reason, HAUL_ERROR_CORRUPT, HAUL_SCOPE_MESSAGE,
                             "fetch message UID %u: the server lists it, says OK, and "
                             "does not deliver its body",
                             wanted->uid);
      break;
    case IMAP_LOSS_REFUSED:
      reason = g_error_copy (self->refusal);
      g_free (reason->message);
      reason->message = g_strdup_printf ("fetch message UID %u: %s", wanted->uid,
                                         self->refusal->message);
      self->refused_in_row++;
      if (haul_error_scope (reason) == HAUL_SCOPE_FOLDER
          && self->refused_in_row >= REFUSED_MAX && self->failure == NULL)
        self->failure = g_error_copy (reason);
      haul_error_set_scope (reason, HAUL_SCOPE_MESSAGE);
      break;
    }
  imap_fetch_fail (self, wanted, reason);
}

/* Sets that the other side takes in good time. */
static void
adapt (ImapFetch *self, const ImapJob *job)
{
  const ImapQuirks *quirks = self->session->quirks;
  guint64 most = quirks->fetch_set_bytes > 0 ? quirks->fetch_set_bytes : SET_BYTES;
  gint64 now_us = g_get_monotonic_time ();
  gint64 took_us = now_us - self->head_since_us;
  self->head_since_us = now_us;
  if (took_us > SLOW_SET_US)
    self->cut.bytes = MAX (MIN (self->cut.bytes, job->bytes) / 2, SET_BYTES_MIN);
  else if (took_us < FAST_SET_US)
    self->cut.bytes = MIN (self->cut.bytes * 2, most);
}

static ImapAnswer
read_reply (ImapFetch *self, const ImapReply *reply)
{
  g_clear_error (&self->refusal);
  if (reply->state == IMAP_STATE_OK)
    return IMAP_ANSWER_OK;
  (void) imap_reply_error (reply, HAUL_SCOPE_MESSAGE, "the server refuses",
                           &self->refusal);
  /* Busy or the like: it is not the message, and asking for less does not help. */
  if (haul_error_scope (self->refusal) >= HAUL_SCOPE_SESSION && self->failure == NULL)
    {
      self->failure = g_error_copy (self->refusal);
      g_prefix_error (&self->failure, "fetch messages: ");
    }
  return reply->code == IMAP_CODE_EXPUNGEISSUED ? IMAP_ANSWER_EXPUNGED
                                                : IMAP_ANSWER_REFUSED;
}

static void
on_done (const ImapReply *reply, gpointer user_data)
{
  ImapFetchFlight *flight = user_data;
  ImapFetch *self = flight->fetch;
  /* A lost connection: what was in flight is looked at when the blame is found. */
  if (reply == NULL)
    return;
  ImapJob *job = flight->job;
  g_queue_remove (&self->in_flight, flight);
  g_free (flight);
  ImapAnswer answer = read_reply (self, reply);
  if (job->kind == IMAP_JOB_BODIES)
    {
      self->bytes_ahead -= job->bytes;
      adapt (self, job);
    }
  gboolean second = job->kind == IMAP_JOB_CHECK && job->step == 0
                    && !self->session->quirks->search_unreliable;
  if (self->failure != NULL)
    imap_job_free (job);
  else if (second)
    {
      /* Two ways to ask must agree that a message is gone. */
      job->step = 1;
      imap_jobs_put_back (self->jobs, job);
    }
  else
    imap_jobs_answer (self->jobs, job, answer, on_loss, self);
}

/* ---- questions ---- */

static ImapCommand *
command_of (ImapFetch *self, const ImapJob *job, const char *set)
{
  gboolean extended = imap_session_has (self->session, "ESEARCH") || self->session->rev2;
  const char *search = extended ? "UID SEARCH RETURN (ALL) UID" : "UID SEARCH UID";
  gboolean searches = job->kind == IMAP_JOB_CHECK && job->step == 1;
  ImapCommand *command = imap_session_command (self->session,
                                               searches ? search : "UID FETCH");
  imap_command_add_set (command, set);
  if (job->kind == IMAP_JOB_BODIES)
    imap_command_add_words (command, "(UID BODY.PEEK[])");
  else if (!searches)
    imap_command_add_words (command, "(UID FLAGS)");
  return command;
}

static gboolean
is_sole (const ImapFetch *self, const ImapJob *job)
{
  return self->late_uids && job->kind == IMAP_JOB_BODIES && job->uids->len == 1;
}

/* Whether @job may be asked beside what is in flight. */
static gboolean
fits (ImapFetch *self, const ImapJob *job)
{
  const ImapQuirks *quirks = self->session->quirks;
  const ImapFetchFlight *oldest = g_queue_peek_head (&self->in_flight);
  guint flights = quirks->fetch_window_commands > 0 ? quirks->fetch_window_commands
                                                    : FLIGHTS;
  if (oldest == NULL)
    return TRUE;
  if (self->session->settings->window > 0)
    flights = MIN (flights, self->session->settings->window);
  /* Where the UID is known by there being only one message, nothing goes beside it. */
  if (self->in_flight.length >= flights || is_sole (self, job)
      || is_sole (self, oldest->job))
    return FALSE;
  if (self->slow_sink && haul_sink_room (self->sink) < ROOM_BYTES)
    return FALSE;
  self->slow_sink = FALSE;
  return job->kind == IMAP_JOB_CHECK
         || (job->bytes <= AHEAD_BYTES && self->bytes_ahead <= AHEAD_BYTES - job->bytes);
}

/* Sends @job; FALSE: not now. */
static gboolean
ask (ImapFetch *self, ImapJob *job, gboolean *out_sent, GError **error)
{
  gboolean bodies = job->kind == IMAP_JOB_BODIES;
  ImapFlight flight = { .flags = bodies ? IMAP_FLIGHT_BODIES_IN : 0,
                        .bytes = bodies ? job->bytes : 0 };
  *out_sent = FALSE;
  if (!fits (self, job)
      || imap_connection_may_send (self->session->connection, &flight)
             != IMAP_WHY_NOTHING)
    {
      imap_jobs_put_back (self->jobs, job);
      return TRUE;
    }
  g_autoptr (ImapUidSet) uids = imap_jobs_set (self->jobs, job);
  guint cursor = 0;
  g_autofree char *set = imap_uidset_format (uids, &cursor, G_MAXSIZE);
  ImapCommand *command = command_of (self, job, set);
  g_autoptr (GError) local = NULL;
  if (!imap_command_finish (command, &local))
    {
      imap_command_free (command);
      imap_job_free (job);
      return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_FOLDER,
                             "fetch messages: %s", local->message);
    }
  ImapFetchFlight *entry = g_new0 (ImapFetchFlight, 1);
  *entry = (ImapFetchFlight){ self, job };
  if (g_queue_is_empty (&self->in_flight))
    self->head_since_us = g_get_monotonic_time ();
  g_queue_push_tail (&self->in_flight, entry);
  self->bytes_ahead += bodies ? job->bytes : 0;
  *out_sent = TRUE;
  return imap_connection_send (self->session->connection, command, &flight, NULL, on_done,
                               entry, error);
}

/* Asks for as much as may be in flight. */
static gboolean
ask_more (ImapFetch *self, GError **error)
{
  gboolean sent = TRUE;
  while (sent && self->failure == NULL)
    {
      ImapJob *job = imap_jobs_next (self->jobs, &self->cut);
      if (job == NULL)
        return TRUE;
      if (!ask (self, job, &sent, error))
        return FALSE;
      if (!sent && g_queue_is_empty (&self->in_flight)
          && !imap_connection_turn (self->session->connection, TRUE, error))
        return FALSE;
      sent = sent || g_queue_is_empty (&self->in_flight);
    }
  return TRUE;
}

/* ---- the end ---- */

/* The connection broke with @reason while @uid was being read, or was the next. */
static void
blame_one (ImapFetch *self, guint32 uid, const GError *reason)
{
  const ImapWanted *wanted = imap_jobs_wanted (self->jobs, uid);
  if (wanted == NULL)
    return;
  GError *copy = NULL;
  (void) haul_error_set (&copy, (HaulErrorCode) reason->code, HAUL_SCOPE_MESSAGE,
                         "fetch message UID %u: %s", uid, reason->message);
  imap_fetch_fail (self, wanted, copy);
}

/* Whether nothing of @job was delivered: then any of it may be what the server cannot
 * read. */
static gboolean
is_untouched (const ImapFetch *self, const ImapJob *job)
{
  for (guint i = 0; i < job->uids->len; i++)
    if (imap_jobs_wanted (self->jobs, g_array_index (job->uids, guint32, i)) == NULL)
      return FALSE;
  return TRUE;
}

void
imap_fetch_blame (ImapFetch *self, const GError *reason)
{
  /* A stop that was asked for, and a server that wants a pause, blame no message. */
  if (reason->domain != HAUL_ERROR
      || (reason->code != HAUL_ERROR_NETWORK && reason->code != HAUL_ERROR_TIMEOUT
          && reason->code != HAUL_ERROR_PROTOCOL))
    return;
  if (self->body.place != IMAP_BODY_NONE
      && imap_jobs_wanted (self->jobs, self->body.uid) != NULL)
    {
      blame_one (self, self->body.uid, reason);
      return;
    }
  for (const GList *at = self->in_flight.head; at != NULL; at = at->next)
    {
      const ImapFetchFlight *flight = at->data;
      const ImapWanted *first = flight->job->kind == IMAP_JOB_BODIES
                                    ? imap_jobs_first (self->jobs, flight->job)
                                    : NULL;
      if (first == NULL)
        continue;
      if (!is_untouched (self, flight->job))
        blame_one (self, first->uid, reason);
      else
        for (guint i = 0; i < flight->job->uids->len; i++)
          blame_one (self, g_array_index (flight->job->uids, guint32, i), reason);
      return;
    }
}

static void
begin (ImapFetch *self)
{
  const ImapQuirks *quirks = self->session->quirks;
  gsize line = quirks->line_limit_bytes > 0
                   ? MIN (quirks->line_limit_bytes, IMAP_LIMIT_COMMAND_LINE_BYTES)
                   : IMAP_LIMIT_COMMAND_LINE_BYTES;
  self->jobs = imap_jobs_new (pull, self);
  self->cut = (ImapCut){
    .messages = quirks->fetch_set_messages > 0 ? quirks->fetch_set_messages
                                               : SET_MESSAGES,
    .bytes = quirks->fetch_set_bytes > 0 ? quirks->fetch_set_bytes : SET_BYTES,
    .text = line > 2 * WORDS_BYTES ? line - WORDS_BYTES : WORDS_BYTES,
  };
  g_queue_init (&self->in_flight);
  self->body.held = g_byte_array_new ();
}

static void
clear (ImapFetch *self)
{
  ImapFetchFlight *flight = NULL;
  while ((flight = g_queue_pop_head (&self->in_flight)) != NULL)
    {
      imap_job_free (flight->job);
      g_free (flight);
    }
  imap_jobs_free (self->jobs);
  g_byte_array_unref (self->body.held);
  g_clear_error (&self->refusal);
  g_clear_error (&self->failure);
}

/* Until nothing is in flight and nothing left to ask. */
static gboolean
run (ImapFetch *self, GError **error)
{
  for (;;)
    {
      if (!ask_more (self, error))
        return FALSE;
      if (g_queue_is_empty (&self->in_flight))
        break;
      if (!imap_connection_turn (self->session->connection, TRUE, error))
        return FALSE;
    }
  if (self->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->failure));
  return FALSE;
}

gboolean
imap_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  ImapFetch self = { .session = session, .plan = plan, .sink = sink };
  GError *local = NULL;
  if (self.session->selected.mailbox == NULL)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "fetch: no folder is entered");
  if (!imap_session_settle (session, error))
    return FALSE;
  begin (&self);
  imap_connection_handle (self.session->connection, imap_fetch_event, &self);
  gboolean ok = run (&self, &local);
  imap_connection_handle (self.session->connection, NULL, NULL);
  if (!ok)
    {
      gboolean lost = imap_connection_error (self.session->connection) != NULL;
      if (lost && self.failure == NULL)
        imap_fetch_blame (&self, local);
      g_propagate_error (error, local);
    }
  clear (&self);
  return ok;
}
