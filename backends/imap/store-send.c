/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes APPEND commands of groups and sends them as the windows allow, one body right
 * behind the other. What a refusal means is store-refused.c's. Belongs to the session's
 * thread. */
#include "store.h"

#include <string.h>

#include "store-body.h"

/* A body is queued in pieces of this size, so that the queue is little longer than what
 * the network takes. */
#define SPAN_BYTES ((gsize) 64 * 1024)

/* ---- bodies ---- */

/* A body that is held: any part of it, at once. */
static ImapBodyResult
read_held (ImapStoreMessage *message, gsize limit, HaulBytes *out_span)
{
  const guint8 *body = imap_store_body (message);
  gsize length = (gsize) MIN (message->size - message->at,
                              (guint64) MIN (limit, SPAN_BYTES));
  *out_span = (HaulBytes){ body + message->at, length };
  message->at += length;
  return IMAP_BODY_DATA;
}

/* The source broke off in the middle of a literal, which cannot be taken back: the
 * connection has to be dropped (imap.md §2.5). */
static ImapBodyResult
break_off (const ImapStore *self, ImapStoreMessage *message, GError *reason,
           GError **error)
{
  gboolean wide = haul_error_scope (reason) >= HAUL_SCOPE_SESSION;
  message->broken = reason;
  if (reason->domain != HAUL_ERROR)
    g_propagate_error (error, g_error_copy (reason));
  else
    (void) haul_error_set (error, wide ? HAUL_ERROR_NETWORK : HAUL_ERROR_PROTOCOL,
                           HAUL_SCOPE_SESSION,
                           "append to %s: the source broke off inside a message, so the "
                           "connection is dropped: %s",
                           self->session->peer, reason->message);
  return IMAP_BODY_FAILED;
}

static ImapBodyResult
read_streamed (const ImapStore *self, ImapStoreMessage *message, gsize limit,
               HaulBytes *out_span, GError **error)
{
  while (message->rest.length == 0)
    {
      GError *reason = NULL;
      switch (haul_item_read (message->item, FALSE, &message->rest, &reason))
        {
        case HAUL_READ_DATA:
          break;
        case HAUL_READ_PENDING:
          message->rest = HAUL_NO_BYTES;
          return IMAP_BODY_PENDING;
        case HAUL_READ_END:
          (void) haul_error_set (&reason, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_MESSAGE,
                                 "read message: it ended after %" G_GUINT64_FORMAT
                                 " of %" G_GUINT64_FORMAT " bytes",
                                 message->at, message->size);
          return break_off (self, message, reason, error);
        case HAUL_READ_FAILED:
          return break_off (self, message, reason, error);
        }
    }
  gsize length = MIN (message->rest.length, limit);
  *out_span = (HaulBytes){ message->rest.data, length };
  imap_alter_feed (&message->changes, message->rest.data, length);
  message->rest.data += length;
  message->rest.length -= length;
  message->at += length;
  return IMAP_BODY_DATA;
}

/* The "+" of a probe has come: the server has read the arguments and takes them, and a
 * refusal behind the body leaves the stream in step where literals are swallowed. */
static void
end_probe (ImapStoreGroup *group)
{
  ImapStore *self = group->store;
  ImapStoreMessage *message = group->messages->pdata[0];
  if (!group->probe || !self->session->quirks->swallows_refused_literals)
    return;
  self->probing = group->probe = FALSE;
  if (imap_flags_has_keywords (&message->flags))
    self->session->keywords_proven = TRUE;
}

static ImapBodyResult
read_body (guint index, gsize limit, HaulBytes *out_span, gpointer user_data,
           GError **error)
{
  ImapStoreGroup *group = user_data;
  ImapStoreMessage *message = group->messages->pdata[index];
  /* The server's time begins when it has all. */
  group->sent_us = g_get_monotonic_time ();
  end_probe (group);
  if (imap_store_body (message) != NULL)
    return read_held (message, limit, out_span);
  return read_streamed (group->store, message, limit, out_span, error);
}

void
imap_store_finish_streams (ImapStore *self)
{
  const ImapStoreGroup *group = g_queue_peek_tail (&self->flights);
  if (group == NULL || group->messages->len != 1)
    return;
  ImapStoreMessage *message = group->messages->pdata[0];
  if (imap_store_body (message) != NULL || message->item == NULL
      || message->at < message->size || message->rest.data == NULL)
    return;
  /* Asking for more gives the last span back. */
  HaulBytes span = HAUL_NO_BYTES;
  g_autoptr (GError) ignored = NULL;
  (void) haul_item_read (message->item, FALSE, &span, &ignored);
  message->rest = HAUL_NO_BYTES;
}

/* ---- commands ---- */

static void
add_message (ImapStore *self, ImapCommand *command, const ImapStoreGroup *group,
             ImapStoreMessage *message)
{
  const ImapQuirks *quirks = self->session->quirks;
  g_autofree const char **flags = g_new0 (const char *, message->flags.now->len + 1);
  for (guint i = 0; i < message->flags.now->len; i++)
    flags[i] = message->flags.now->pdata[i];
  ImapAppendMessage wire = { .flags = flags,
                             .has_date = message->has_date,
                             .date = message->date,
                             .zone_minutes = message->zone_minutes,
                             .size = message->size,
                             .has_nul = message->literal8,
                             .utf8 = message->utf8 };
  ImapAppendPolicy policy = { .first = group->wait,
                              .wait_from_bytes = quirks->sync_from_bytes };
  message->at = 0;
  message->changes = imap_alter_begin (quirks);
  imap_command_add_message (command, &wire, &policy);
}

/* The command for @group; NULL with @error: something in it cannot be sent. */
static ImapCommand *
build (ImapStore *self, const ImapStoreGroup *group, GError **error)
{
  ImapCommand *command = imap_session_command (self->session, "APPEND");
  imap_command_add_mailbox (command, imap_mailbox_name (group->mailbox));
  for (guint i = 0; i < group->messages->len; i++)
    add_message (self, command, group, group->messages->pdata[i]);
  if (imap_command_finish (command, error))
    return command;
  imap_command_free (command);
  return NULL;
}

static void
on_done (const ImapReply *reply, gpointer user_data)
{
  ImapStoreGroup *group = user_data;
  group->over = TRUE;
  group->lost = reply == NULL;
  if (reply == NULL)
    return;
  group->how = reply->how;
  group->state = reply->state;
  group->code = reply->code;
  group->uidvalidity = reply->uidvalidity;
  group->uids = reply->code == IMAP_CODE_APPENDUID ? g_strdup (reply->uids) : NULL;
  if (reply->state == IMAP_STATE_OK)
    return;
  g_autofree char *folder = haul_path_to_text ((HaulPath) group->mailbox->path);
  g_autofree char *what = g_strdup_printf ("append to \"%s\" at %s", folder,
                                           group->store->session->peer);
  (void) imap_reply_error (reply, HAUL_SCOPE_MESSAGE, what, &group->error);
}

/* What cannot even be sent: one message fails, several are tried one by one. */
static void
give_up_group (ImapStore *self, ImapStoreGroup *group, const GError *why)
{
  guint count = group->messages->len;
  g_ptr_array_set_free_func (group->messages, NULL);
  for (guint i = count; i > 0; i--)
    {
      ImapStoreMessage *message = group->messages->pdata[i - 1];
      if (count > 1)
        {
          ImapStoreGroup *one = imap_store_group_new (self, group->mailbox);
          imap_store_group_add (one, message);
          g_queue_push_head (&self->ready, one);
          continue;
        }
      g_autoptr (GError) reason = NULL;
      g_autofree char *folder = haul_path_to_text ((HaulPath) group->mailbox->path);
      (void) haul_error_set (&reason, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                             "append to \"%s\" at %s: %s", folder, self->session->peer,
                             why->message);
      imap_store_fail (self, message, reason);
    }
  imap_store_group_free (group);
}

/* Our own pace, where the server is known to count. */
static void
keep_pace (ImapStore *self, const ImapStoreGroup *group)
{
  const ImapQuirks *quirks = self->session->quirks;
  gint64 gap_us = 0;
  if (quirks->commands_per_second > 0)
    gap_us = G_USEC_PER_SEC / quirks->commands_per_second;
  if (quirks->appends_per_second > 0)
    gap_us = MAX (gap_us, (gint64) group->messages->len * G_USEC_PER_SEC
                              / quirks->appends_per_second);
  if (gap_us > 0)
    self->not_before_us = MAX (self->not_before_us, g_get_monotonic_time () + gap_us);
}

/* Whether @group may go now. */
static gboolean
may_send (ImapStore *self, const ImapStoreGroup *group, const ImapFlight *flight)
{
  const ImapQuirks *quirks = self->session->quirks;
  if (self->not_before_us > g_get_monotonic_time ())
    return FALSE;
  if (quirks->append_window_commands > 0
      && self->flights.length >= quirks->append_window_commands)
    return FALSE;
  return group->messages->len > 0
         && imap_connection_may_send (self->session->connection, flight)
                == IMAP_WHY_NOTHING;
}

/* Sends a NOOP before the server has counted too many refusals in a row. */
static gboolean
appease (ImapStore *self, GError **error)
{
  guint max = self->session->quirks->max_errors;
  if (max == 0 || self->refused_in_row + 1 < max)
    return TRUE;
  self->refused_in_row = 0;
  return imap_connection_run_words (self->session->connection, "NOOP", 0,
                                    HAUL_SCOPE_SESSION, "keep the session", error);
}

gboolean
imap_store_send (ImapStore *self, GError **error)
{
  while (self->error == NULL && !g_queue_is_empty (&self->ready))
    {
      ImapStoreGroup *group = g_queue_peek_head (&self->ready);
      ImapFlight flight = { .flags = IMAP_FLIGHT_BODIES_OUT, .bytes = group->bytes };
      g_autoptr (GError) refusal = NULL;
      if (!may_send (self, group, &flight))
        return TRUE;
      if (!appease (self, error))
        return FALSE;
      ImapCommand *command = build (self, group, &refusal);
      (void) g_queue_pop_head (&self->ready);
      if (command == NULL)
        {
          give_up_group (self, group, refusal);
          continue;
        }
      ImapBodies bodies = { read_body, group };
      group->over = group->lost = FALSE;
      group->sent_us = g_get_monotonic_time ();
      g_queue_push_tail (&self->flights, group);
      if (!imap_connection_send (self->session->connection, command, &flight, &bodies,
                                 on_done, group, error))
        {
          group->over = group->lost = TRUE;
          return FALSE;
        }
      keep_pace (self, group);
    }
  return TRUE;
}
