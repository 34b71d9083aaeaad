/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking exactly our messages out of the selected folder, for expunge and move. Belongs
 * to the session's thread.
 */
#pragma once

#include "session.h"
#include "uidset.h"

/* ImapPresence: what looks at the folder showed of a message. */
typedef enum
{
  IMAP_PRESENCE_ABSENT,  /* was not there before */
  IMAP_PRESENCE_PRESENT, /* was there */
  IMAP_PRESENCE_LEFT,    /* is there afterwards, too */
} ImapPresence;

/* Looks which of @uids there are: these get @state in @states (uid → ImapPresence), if
 * they have an entry there. */
gboolean imap_expunge_look (ImapSession *self, const ImapUidSet *uids, GHashTable *states,
                            ImapPresence state, GError **error);

/* Marks and expunges @uids (UIDPLUS must be there), and waits. @refusal: the server's
 * first no, if any. FALSE: the session is lost. */
gboolean imap_expunge_uids (ImapSession *self, const ImapUidSet *uids, GError **refusal,
                            GError **error);
