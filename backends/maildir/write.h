/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One message's body into a file under tmp/.
 */
#pragma once

#include "batch.h"

/*
 * maildir_write_message: writes @item to tmp/ of @folder, with its date, and with
 * durability "each" to disk. @keep_open: leave it open for a sync later. On error there
 * is no file: QUOTA (folder scope) when there is no room, the engine's own error when the
 * source broke off, CANCELLED when the run is stopped.
 */
gboolean maildir_write_message (MaildirSession *session, MaildirFolder *folder,
                                HaulItem *item, gboolean keep_open,
                                MaildirPending *out_pending, GError **error);
