/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock files that mail servers take to replace a control file
 * (`dovecot-uidlist.lock`, `subscriptions.lock`).
 */
#pragma once

#include "session.h"

/*
 * maildir_dotlock_take: creates the lock file @name in directory @at. Waits for another
 * holder at most self->lock_wait_us; one that is stale, or left by a dead mailhaul of
 * this machine, is removed. HAUL_ERROR_BUSY (folder scope) when it cannot be had.
 */
gboolean maildir_dotlock_take (MaildirSession *self, int at, const char *name,
                               GError **error);

/* maildir_dotlock_drop: removes the lock that this session took. */
void maildir_dotlock_drop (int at, const char *name);

/* maildir_dotlock_clean: removes the lock @name if a dead mailhaul of this machine left
 * it, and what one left that was making a lock. */
void maildir_dotlock_clean (MaildirSession *self, int at, const char *name);
