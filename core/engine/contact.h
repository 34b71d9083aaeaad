/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How an account comes by its sessions: the first contact with both sides, and the waits
 * between attempts.
 */
#pragma once

#include "engine/folders.h"

/* account_wait: waits @delay_us, or until somebody wants the account to end. */
void account_wait (const Account *account, gint64 delay_us);
/* account_say_retry: a notice in the report, and one for whoever looks on, that one side
 * will be connected to again after @delay_us. */
void account_say_retry (Account *account, gboolean source_side, const GError *reason,
                        gint64 delay_us);

/* Contact: both sides open and listed. */
typedef struct
{
  Lane *lane;
  FolderSet *folders;
} Contact;

/* contact_make: opens and lists; what is only busy or away for a moment is asked again.
 * FALSE: the account cannot begin; *@out_source: it is the source's. */
gboolean contact_make (Account *account, Contact *out_contact, gboolean *out_source,
                       GError **error);
/* contact_end: closes what contact_make() opened. */
void contact_end (Contact *self);
