/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entering and leaving folders, and what is known of the entered one. The numbers are
 * kept true by watch.c. The session's thread. */
#include "session-private.h"

static char *
describe (const ImapSession *self, const ImapMailbox *mailbox)
{
  g_autofree char *name = haul_path_to_text ((HaulPath) mailbox->path);
  return g_strdup_printf ("open folder \"%s\" at %s", name, self->peer);
}

/* From here on what comes is said of @mailbox. */
static ImapCommand *
begin (ImapSession *self, ImapMailbox *mailbox, gboolean writable)
{
  ImapCommand *command = imap_session_command (self, writable ? "SELECT" : "EXAMINE");
  imap_command_add_mailbox (command, imap_mailbox_name (mailbox));
  if (self->condstore && !self->qresync)
    imap_command_add_words (command, "(CONDSTORE)");
  self->selected = (ImapSelected){ .mailbox = mailbox, .writable = writable };
  self->unsent = FALSE;
  self->lingers = FALSE;
  self->selecting = TRUE;
  self->permanent_seen = FALSE;
  return command;
}

static gboolean
end (ImapSession *self, gboolean ok)
{
  ImapMailbox *mailbox = self->selected.mailbox;
  self->selecting = FALSE;
  /* News of the folder that was left may have come before this one's (no [CLOSED]). */
  self->selected.expunged = 0;
  if (ok)
    mailbox->flags_known = mailbox->keywords != NULL && self->selected.writable;
  else
    self->selected.mailbox = NULL;
  return ok;
}

gboolean
imap_session_select (ImapSession *self, ImapMailbox *mailbox, gboolean writable,
                     GError **error)
{
  g_autofree char *what = describe (self, mailbox);
  if (!imap_connection_drain (self->connection, error))
    return FALSE;
  ImapCommand *command = begin (self, mailbox, writable);
  return end (self, imap_connection_run (self->connection, command, IMAP_FLIGHT_BARRIER,
                                         HAUL_SCOPE_FOLDER, what, NULL, error));
}

gboolean
imap_session_settle (ImapSession *self, GError **error)
{
  return !self->unsent
         || imap_session_select (self, self->selected.mailbox, FALSE, error);
}

gboolean
imap_session_open_ahead (ImapSession *self, ImapDoneFunc done, gpointer user_data,
                         GError **error)
{
  if (!imap_connection_drain (self->connection, error))
    return FALSE;
  ImapCommand *command = begin (self, self->selected.mailbox, FALSE);
  return imap_session_send (self, command, 0, done, user_data, error)
         || end (self, FALSE);
}

gboolean
imap_session_opened (ImapSession *self, const ImapReply *reply, GError **error)
{
  gboolean ok = reply != NULL && reply->state == IMAP_STATE_OK;
  if (reply != NULL && !ok)
    {
      g_autofree char *what = describe (self, self->selected.mailbox);
      (void) imap_reply_error (reply, HAUL_SCOPE_FOLDER, what, error);
    }
  else if (!ok)
    (void) haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                           "open a folder at %s: the connection was lost", self->peer);
  return end (self, ok);
}

gboolean
imap_session_unselect (ImapSession *self, GError **error)
{
  if (self->unsent)
    (void) imap_leave (self, NULL);
  if (self->selected.mailbox == NULL && !self->lingers)
    return TRUE;
  self->selected = (ImapSelected){ 0 };
  self->lingers = FALSE;
  /* Nobody waits for the answer: what follows is in order. */
  if (imap_session_has (self, "UNSELECT"))
    return imap_session_send (self, imap_session_command (self, "UNSELECT"), 0, NULL,
                              NULL, error);
  /* CLOSE would expunge a folder that was opened for writing. What cannot be opened
   * leaves nothing open (RFC 3501 §6.3.1). */
  g_autoptr (GError) expected = NULL;
  ImapCommand *command = imap_session_command (self, "EXAMINE");
  imap_command_add_mailbox (command, (ImapString){ "mailhaul-none", 13 });
  if (imap_connection_run (self->connection, command, IMAP_FLIGHT_BARRIER,
                           HAUL_SCOPE_FOLDER, "leave a folder", NULL, &expected)
      || haul_error_scope (expected) < HAUL_SCOPE_SESSION)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&expected));
  return FALSE;
}

guint64
imap_session_validity (const ImapSession *self, guint32 uidvalidity)
{
  return uidvalidity > 0 ? uidvalidity : ((guint64) 1 << 32) + self->nonce;
}

void
imap_session_status (ImapSession *self, HaulFolderStatus *out_status)
{
  const ImapSelected *selected = &self->selected;
  ImapMailbox *mailbox = selected->mailbox;
  HaulFolderStatus status = { .known = HAUL_STATUS_MESSAGES,
                              .messages = selected->exists };
  guint32 validity = selected->not_sticky ? 0 : selected->uidvalidity;
  status.known |= HAUL_STATUS_UIDVALIDITY;
  status.uid_validity = imap_session_validity (self, validity);
  if (selected->uidnext > 0)
    {
      status.known |= HAUL_STATUS_UIDNEXT | HAUL_STATUS_MARK;
      status.uid_next = selected->uidnext;
      imap_key_from_uid (selected->uidnext, mailbox->mark);
      status.mark = (HaulBytes){ mailbox->mark, sizeof mailbox->mark };
    }
  if (validity > 0 && selected->uidnext > 0 && selected->highestmodseq > 0)
    {
      ImapToken token = { selected->uidvalidity, selected->uidnext, selected->exists,
                          selected->highestmodseq };
      imap_token_write (&token, mailbox->token);
      status.known |= HAUL_STATUS_TOKEN;
      status.token = (HaulBytes){ mailbox->token, sizeof mailbox->token };
    }
  *out_status = status;
}

/* A folder that is there and holds mail is opened in the flight of the first question
 * about it, which saves a round trip for each folder. What a destination holds by now its
 * listing may not tell, since other sessions write there, too. */
static gboolean
may_put_off (const ImapSession *self, const ImapMailbox *mailbox)
{
  gboolean holds = (mailbox->status.known & HAUL_STATUS_MESSAGES)
                   && mailbox->status.messages > 0;
  return mailbox->listed && (holds || self->open->role == HAUL_ROLE_DESTINATION);
}

gboolean
imap_enter (gpointer session, HaulPath path, HaulEnterMode mode,
            HaulFolderStatus *out_status, GError **error)
{
  ImapSession *self = session;
  ImapMailbox *mailbox = imap_session_mailbox (self, path, error);
  if (mailbox == NULL)
    return FALSE;
  if (!mailbox->selectable)
    {
      g_autofree char *name = haul_path_to_text (path);
      return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                             "open folder \"%s\" at %s: it holds only other folders",
                             name, self->peer);
    }
  if (mode == HAUL_ENTER_READ && out_status == NULL && may_put_off (self, mailbox))
    {
      (void) imap_leave (self, NULL);
      self->selected.mailbox = mailbox;
      self->unsent = TRUE;
      return TRUE;
    }
  if (!imap_session_select (self, mailbox, mode == HAUL_ENTER_WRITE, error))
    return FALSE;
  if (out_status != NULL)
    imap_session_status (self, out_status);
  return TRUE;
}

/* Nothing is said: the next folder that is entered takes the place of this one, and an
 * open folder expunges nothing by itself. */
gboolean
imap_leave (gpointer session, GError **error)
{
  ImapSession *self = session;
  (void) error;
  self->lingers = (self->selected.mailbox != NULL && !self->unsent) || self->lingers;
  self->unsent = FALSE;
  self->selected = (ImapSelected){ 0 };
  return TRUE;
}
