/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that make a session share, and its users need not see. */
#pragma once

#include "session.h"

/* login.c: connects, secures, logs in. On FALSE the caller closes what stands. */
gboolean imap_login (ImapSession *self, GError **error);

/* watch.c: the handler that sees every event of the session's connection. */
gboolean imap_session_watch (const ImapEvent *event, gpointer user_data, GError **error);

/* Forgets all capabilities, as after STARTTLS. */
void imap_session_forget_capabilities (ImapSession *self);

/* Makes sure that the capabilities are known. */
gboolean imap_session_need_capabilities (ImapSession *self, GError **error);

/* Chooses the row of quirks and what commands may use by what is known now. */
void imap_session_adapt (ImapSession *self);

/* list.c: asks for the whole listing (with status) and fills self->mailboxes. The
 * commands that were queued before it come back in the same round trip. */
gboolean imap_session_refresh (ImapSession *self, GError **error);

/* The same behind other commands whose outcome decides: the table stays as it is if
 * @wanted says so when all have been answered. */
gboolean imap_session_refresh_if (ImapSession *self,
                                  gboolean (*wanted) (gpointer user_data),
                                  gpointer user_data, GError **error);

/* mailbox.c */

/* A mailbox from its wire name; not in the table. @delimiter 0: flat. */
ImapMailbox *imap_mailbox_new (ImapSession *self, ImapString wire, char delimiter);
void imap_mailbox_free (gpointer data);

/* Puts @mailbox (taken over) into the table; another path is found when its own is taken
 * by another wire name. */
void imap_session_add (ImapSession *self, ImapMailbox *mailbox);

/* Another, more careful wire name for @mailbox, which is not listed; FALSE: there is no
 * other left to try. */
gboolean imap_session_escape (ImapSession *self, ImapMailbox *mailbox);

/* Empties the table. */
void imap_session_clear_mailboxes (ImapSession *self);

/* Whether two wire names are one mailbox (INBOX in any case). */
gboolean imap_names_equal (ImapString a, ImapString b);

/* A path as it may have come from the engine, as key of the table. (transfer full) */
char *imap_path_key (HaulPath path);
