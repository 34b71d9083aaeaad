/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups of members that rows of the table of servers are made of. Only for
 * quirks-table.c. */
#pragma once

#include "quirks-private.h"

#define KIB        ((gsize) 1024)
#define MIB        (KIB * 1024)
#define SECONDS(n) ((gint64) (n) *G_USEC_PER_SEC)

/* Every row ends its groups with one of each of these. Lines: RFC 7162 §4 advises 8192
 * bytes; 8000 leave room for the tag. */

/* Connections and the pause after a throttling without a time. */
#define CONNECTIONS(start, max, seconds)                                                 \
  .start_connections = start, .max_connections = max, .backoff_us = SECONDS (seconds)

/* A server that reads ahead as fast as the network brings it (§2.3, §2.4, §2.9). */
#define DEEP_WINDOWS                                                                     \
  .window_commands = 64, .fetch_window_commands = 4, .fetch_set_messages = 1000,         \
  .fetch_set_bytes = 4 * MIB, .append_window_commands = 32,                              \
  .append_window_bytes = 16 * MIB

/* One that works, but whose patience nobody has measured. */
#define CAREFUL_WINDOWS                                                                  \
  .window_commands = 16, .fetch_window_commands = 2, .fetch_set_messages = 100,          \
  .fetch_set_bytes = 4 * MIB, .append_window_commands = 8,                               \
  .append_window_bytes = 8 * MIB

/* One that is known to stumble: hardly any pipelining. */
#define SHALLOW_WINDOWS                                                                  \
  .window_commands = 4, .fetch_window_commands = 1, .fetch_set_messages = 50,            \
  .fetch_set_bytes = 2 * MIB, .append_window_commands = 2,                               \
  .append_window_bytes = 4 * MIB

/* 64 messages or 8 MiB: larger batches buy nothing (§2.5 [T]). */
#define BATCHES(messages, atomic)                                                        \
  .multiappend_max_messages = messages, .multiappend_max_bytes = 8 * MIB,                \
  .multiappend_atomic = atomic
#define NO_BATCHES .multiappend_max_messages = 1, .multiappend_max_bytes = 0

/* INTERNALDATE: rule 14; most servers keep 32 bits, and many take 0 for "no date": Cyrus
 * and Courier make it now [T]. Dovecot keeps 0, but of the future two hours only: what is
 * more becomes now; ten minutes are left for clocks and slow networks [T]. */
#define DATES         .dates_min_s = 1, .dates_max_s = G_MAXINT32
#define DATES_DOVECOT .dates_max_s = G_MAXINT32, .dates_ahead_s = 110 * 60

/* Rule 8: from 1 MiB on one round trip is noise and a refused upload is not. */
#define SYNC_FROM_1MIB .sync_from_bytes = MIB

#define APP_PASSWORD(where)                                                              \
  "this provider takes no account password over IMAP: create an app password at " where  \
  " and use that as password, or use OAuth (token)"

/* Dovecot (§2.3, §2.4, §2.5, §2.8 [T][S]): 64 KiB lines, 10 connections per user and
 * address, 20 BADs, swallows the literals of a refused APPEND. INTERNALDATE of Maildir
 * outside the epoch comes back wrong [T]. */
#define DOVECOT(label)                                                                   \
  {                                                                                      \
    .server = IMAP_SERVER_DOVECOT, .name = label, .preset = "dovecot",                   \
    CONNECTIONS (2, 8, 10), .parallel_fetch = TRUE, .line_limit_bytes = 32000,           \
    DEEP_WINDOWS, .max_errors = 20, SYNC_FROM_1MIB, .swallows_refused_literals = TRUE,   \
    BATCHES (64, TRUE), .catenate = TRUE, DATES_DOVECOT, .exact_size = TRUE,             \
    .replaces_nul = TRUE, .trims_cr = TRUE, .mends_lf = TRUE, .stable_bytes = TRUE,      \
    .connection_hint = "Dovecot allows 10 connections per user and address by default"   \
                       " (mail_max_userip_connections)",                                 \
  }

/* Cyrus (§2.8, §2.4 [S]): eatline keeps the stream in step, refuses NUL and bare LF for
 * the whole batch, takes any number of connections, 128 keywords a mailbox. */
#define CYRUS(label)                                                                     \
  {                                                                                      \
    .server = IMAP_SERVER_CYRUS, .name = label, .preset = "cyrus",                       \
    .tls_unique_only = TRUE, CONNECTIONS (2, 8, 10), .parallel_fetch = TRUE,             \
    .line_limit_bytes = 16000, DEEP_WINDOWS, SYNC_FROM_1MIB,                             \
    .swallows_refused_literals = TRUE, BATCHES (64, TRUE), .catenate = TRUE, DATES,      \
    .exact_size = TRUE, .masks_8bit_header = TRUE, .stable_bytes = TRUE,                 \
    .behalf_hint = TRUE,                                                                 \
    .login_hint = "check user and password; with auth-user, the administrator must be"   \
                  " listed in admins or proxyservers of imapd.conf",                     \
  }

/* Exchange Online (§8.2): 10,240-byte lines, ten errors, regenerates MIME, guesses sizes,
 * $MDNSent is the only keyword, throttles with a time in milliseconds, takes tokens only.
 */
#define EXCHANGE_ONLINE                                                                  \
  {                                                                                      \
    .server = IMAP_SERVER_EXCHANGE_ONLINE, .name = "Exchange Online",                    \
    .preset = "exchange-online", CONNECTIONS (2, 4, 60), .parallel_fetch = TRUE,         \
    .line_limit_bytes = 10000, CAREFUL_WINDOWS, .appends_per_second = 4,                 \
    .max_errors = 10, SYNC_FROM_1MIB, .swallows_refused_literals = TRUE, NO_BATCHES,     \
    .keywords_none = TRUE, DATES, .case_insensitive = TRUE, .trims_names = TRUE,         \
    .max_name_bytes = 250, .not_mail_folders = exchange_not_mail,                        \
    .reserved_names = exchange_reserved, .token_only = TRUE,                             \
    .login_hint = "Exchange Online takes OAuth only: give a token whose scope is"        \
                  " https://outlook.office.com/IMAP.AccessAsUser.All, or of an app with" \
                  " IMAP.AccessAsApp and FullAccess to the mailbox, and see that IMAP"   \
                  " is enabled for the mailbox",                                         \
    .connection_hint = "Exchange Online throttles by budget; Microsoft's support lifts"  \
                       " it for the time of a migration",                                \
  }

/* Exchange Server (§8.2): 16 connections a user, and the same otherwise. */
#define EXCHANGE_SERVER(label, by_store)                                                 \
  {                                                                                      \
    .server = IMAP_SERVER_EXCHANGE, .name = label, .preset = "exchange",                 \
    CONNECTIONS (2, 8, 30), .parallel_fetch = TRUE, .line_limit_bytes = 10000,           \
    CAREFUL_WINDOWS, .max_errors = 10, SYNC_FROM_1MIB,                                   \
    .swallows_refused_literals = TRUE, NO_BATCHES, .flagged_by_store = by_store,         \
    .keywords_none = TRUE, DATES, .case_insensitive = TRUE, .trims_names = TRUE,         \
    .max_name_bytes = 250, .not_mail_folders = exchange_not_mail,                        \
    .reserved_names = exchange_reserved,                                                 \
    .login_hint = "try the login name as DOMAIN\\user or user@domain; to log in on"      \
                  " behalf of others the account needs FullAccess and must not be the"   \
                  " built-in Administrator",                                             \
    .connection_hint = "Exchange Server allows 16 connections per user by default"       \
                       " (MaxConnectionsPerUser)",                                       \
  }
