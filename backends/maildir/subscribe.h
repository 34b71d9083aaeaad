/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The subscriptions of a store.
 */
#pragma once

#include "session.h"

/* maildir_subscriptions_read: the subscribed names, in the form of
 * maildir_layout_subscription(), as a set. (transfer full); NULL on error. */
GHashTable *maildir_subscriptions_read (MaildirSession *self, GError **error);

/* maildir_subscribe_all: subscribes or unsubscribes all @paths (of HaulPath) by replacing
 * the store's file once. The store is open. */
gboolean maildir_subscribe_all (MaildirSession *self, const GPtrArray *paths,
                                gboolean subscribed, GError **error);
