/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands over many UIDs, cut as the server needs it. Belongs to the session's thread.
 */
#pragma once

#include "session.h"
#include "uidset.h"

/* @uids as sets of one command each, within the line limit less @other_bytes, and within
 * the number of messages that one command covers. (transfer full), NULL-terminated. */
char **imap_change_sets (const ImapSession *self, const ImapUidSet *uids,
                         gsize other_bytes);

/* Sends @command (taken over) as soon as it may go. FALSE: the session is lost; @done may
 * have been called. */
gboolean imap_change_send (ImapSession *self, ImapCommand *command, ImapDoneFunc done,
                           gpointer user_data, GError **error);

/* "UID FETCH @uids @items", all pieces at once, and waits for the answers; the handler of
 * the connection gets the events. *@out_answered: all of them were OK. FALSE: the session
 * is lost. */
gboolean imap_change_fetch (ImapSession *self, const ImapUidSet *uids, const char *items,
                            gboolean *out_answered, GError **error);
