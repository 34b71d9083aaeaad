/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is built on turns: one command from start to end, switching the stream to TLS or
 * DEFLATE, and small accessors. Belongs to the session's thread. */
#include "connection-private.h"

#include <string.h>

/* One command of imap_connection_run(). */
typedef struct
{
  ImapConnection *connection;
  gboolean over;
} Running;

static void
on_reply (const ImapReply *reply, gpointer user_data)
{
  Running *running = user_data;
  ImapReplyCopy *kept = &running->connection->kept;
  running->over = TRUE;
  if (reply == NULL)
    return;
  imap_reply_clear (kept);
  kept->text = g_strdup (reply->text);
  kept->uids = g_strdup (reply->uids);
  kept->source_uids = g_strdup (reply->source_uids);
  kept->code_name = g_strdup (reply->code_name);
  kept->reply = *reply;
  kept->reply.text = kept->text;
  kept->reply.uids = kept->uids;
  kept->reply.source_uids = kept->source_uids;
  kept->reply.code_name = kept->code_name;
}

gboolean
imap_connection_await_turn (ImapConnection *self, const ImapFlight *flight,
                            GError **error)
{
  while (imap_connection_may_send (self, flight) != IMAP_WHY_NOTHING)
    if (!imap_connection_turn (self, TRUE, error))
      return FALSE;
  return TRUE;
}

gboolean
imap_connection_run (ImapConnection *self, ImapCommand *command, guint flags,
                     HaulErrorScope scope, const char *what, const ImapReply **out_reply,
                     GError **error)
{
  Running running = { .connection = self };
  ImapFlight flight = { .flags = flags };
  g_autoptr (GError) local = NULL;
  if (!imap_command_finish (command, &local))
    {
      imap_command_free (command);
      return haul_error_set (error, HAUL_ERROR_REJECTED, scope, "%s: %s", what,
                             local->message);
    }
  if (!imap_connection_await_turn (self, &flight, error))
    {
      imap_command_free (command);
      return FALSE;
    }
  if (!imap_connection_send (self, command, &flight, NULL, on_reply, &running, error))
    return FALSE;
  while (!running.over)
    if (!imap_connection_turn (self, TRUE, error))
      return FALSE;
  if (self->error != NULL)
    return imap_connection_break_off (self, g_error_copy (self->error), FALSE, error);
  if (out_reply != NULL)
    *out_reply = &self->kept.reply;
  if (self->kept.reply.state == IMAP_STATE_OK)
    return TRUE;
  return imap_reply_error (&self->kept.reply, scope, what, error);
}

gboolean
imap_connection_run_words (ImapConnection *self, const char *words, guint flags,
                           HaulErrorScope scope, const char *what, GError **error)
{
  ImapCommand *command = imap_command_new (imap_connection_tag (self), words,
                                           &self->wire);
  return imap_connection_run (self, command, flags, scope, what, NULL, error);
}

gboolean
imap_connection_drain (ImapConnection *self, GError **error)
{
  while (imap_connection_in_flight (self) > 0)
    if (!imap_connection_turn (self, TRUE, error))
      return FALSE;
  return TRUE;
}

guint
imap_connection_in_flight (const ImapConnection *self)
{
  return imap_pipeline_count (self->pipeline) + (self->sending.early ? 1 : 0);
}

const GError *
imap_connection_error (const ImapConnection *self)
{
  return self->error;
}

const ImapWire *
imap_connection_wire (const ImapConnection *self)
{
  return &self->wire;
}

void
imap_connection_set_wire (ImapConnection *self, const ImapWire *wire)
{
  self->wire = *wire;
}

void
imap_connection_set_swallows (ImapConnection *self, gboolean swallows)
{
  self->swallows = swallows;
}

GMainContext *
imap_connection_context (ImapConnection *self)
{
  return self->link == NULL ? NULL : haul_link_context (self->link);
}

HaulLink *
imap_connection_link (ImapConnection *self)
{
  return self->link;
}

gboolean
imap_connection_start_tls (ImapConnection *self, GError **error)
{
  GError *local = NULL;
  /* What stands behind the reply came in clear text: somebody put it there (CVE-2011-0411
   * is its best-known relative). */
  if (self->in_left > 0)
    (void) haul_error_set (&local, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                           "start TLS with %s: %" G_GSIZE_FORMAT " bytes of clear text "
                           "came behind the answer to STARTTLS; somebody may be "
                           "tampering with the connection",
                           self->peer, self->in_left);
  else if (haul_link_start_tls (self->link, &local))
    return TRUE;
  return imap_connection_break_off (self, local, TRUE, error);
}

gboolean
imap_connection_start_compress (ImapConnection *self, GError **error)
{
  (void) error;
  self->deflate = imap_deflate_new ();
  if (self->in_left > 0)
    imap_deflate_feed (self->deflate, self->in_at, self->in_left);
  self->in_left = 0;
  imap_trace_note (self->trace, "compressed from here on");
  return TRUE;
}

void
imap_connection_put_secret_line (ImapConnection *self, const char *line)
{
  imap_connection_put (self, (const guint8 *) line, strlen (line));
  imap_trace_sent (self->trace, (const guint8 *) line, strlen (line), TRUE);
}

gboolean
imap_connection_take_continue (ImapConnection *self, ImapString *out_text)
{
  if (self->continue_text == NULL)
    return FALSE;
  g_free (self->continue_taken);
  self->continue_taken = g_steal_pointer (&self->continue_text);
  *out_text = (ImapString){ self->continue_taken, strlen (self->continue_taken) };
  return TRUE;
}
