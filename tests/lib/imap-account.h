/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session of the IMAP backend with a scripted server, for tests of opening, listing and
 * making folders. Main thread only.
 */
#pragma once

#include <glib.h>

#include "imap-script.h"
#include "../../backends/imap/session.h"

/* ImapAccount: the members may be read and, before opening, changed. */
typedef struct
{
  ImapScript *script;
  ImapSettings settings;
  HaulOpen open;
  ImapSession *session; /* NULL: not open */
  GError *error;        /* of opening or listing */
} ImapAccount;

/* imap_account_new: plays @script and is ready to open a session of @role. (transfer
 * full) */
ImapAccount *imap_account_new (const char *script, HaulRole role);
/* imap_account_open: FALSE: self->error says why. */
gboolean imap_account_open (ImapAccount *self);
/* imap_account_list: the folders, a word each: "INBOX[3]", "Sent[0]{sent,subscribed}",
 * "Old{noselect}" …; NULL: self->error says why. (transfer full) */
char *imap_account_list (ImapAccount *self);
/* imap_account_free: closes the session and holds the server to its script. */
void imap_account_free (ImapAccount *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapAccount, imap_account_free)
