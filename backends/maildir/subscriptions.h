/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formats of subscription files: Dovecot's `subscriptions` (version 1: a name a line;
 * version 2: names as tab-separated parts) and Courier's `courierimapsubscribed`. Pure.
 */
#pragma once

#include <glib.h>

/* MaildirSubscriptionKind: which format a file has. */
typedef enum
{
  MAILDIR_SUBSCRIPTIONS_V1 = 0,
  MAILDIR_SUBSCRIPTIONS_V2 = 1,
  MAILDIR_SUBSCRIPTIONS_COURIER = 2,
} MaildirSubscriptionKind;

/* maildir_subscriptions_kind: version 1 or 2 of a Dovecot file, by its first line. */
MaildirSubscriptionKind maildir_subscriptions_kind (const char *text);

/*
 * maildir_subscriptions_parse: the names in the form of maildir_layout_subscription(), in
 * the file's order. @delimiter stands between the names of a path: '.' or '/'. (transfer
 * full)
 */
GPtrArray *maildir_subscriptions_parse (MaildirSubscriptionKind kind, const char *text,
                                        char delimiter);

/* maildir_subscriptions_format: the file for @names, the reverse. (transfer full) */
char *maildir_subscriptions_format (MaildirSubscriptionKind kind, const GPtrArray *names,
                                    char delimiter);
