/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bodies of messages in memory or in a file without a name. The session's thread. */
#pragma once

#include "repair.h"
#include "store.h"

/* The @size bytes of a whole item into @out_data. FALSE: the source broke off, or gave
 * another number of bytes. */
gboolean imap_store_read_body (HaulItem *item, guint64 size, guint8 *out_data,
                               GError **error);

/* The same for any item, into a file without a name below the temporary directory. May
 * wait for the source. (transfer full) */
GMappedFile *imap_store_spool_body (HaulItem *item, guint64 size, GError **error);

/* Applies @kinds (ImapRepair) to the held or mapped body of @message, with a note for
 * each that changed something. FALSE: nothing was changed; @error (may be NULL) is set if
 * it could not be. */
gboolean imap_store_repair (ImapStore *self, ImapStoreMessage *message, guint kinds,
                            GError **error);

/* Asks for the APPENDLIMIT of @mailbox if the server has one for each. FALSE: the session
 * is lost. */
gboolean imap_store_learn_limit (ImapStore *self, ImapMailbox *mailbox, GError **error);
