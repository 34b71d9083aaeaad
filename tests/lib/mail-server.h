/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Real IMAP servers for tests: tests/lib/servers (Python) starts them and ends them when
 * its standard input ends, so that none outlives the test, however that ends. Each has
 * accounts u1…u20 with MAIL_SERVER_PASSWORD. Main thread only.
 */
#pragma once

#include <gio/gio.h>

/* MAIL_SERVER_PASSWORD: of every account; a word that no output may hold. */
#define MAIL_SERVER_PASSWORD "pass-5rT9w"
/* MAIL_SERVER_MASTER, MAIL_SERVER_MASTER_PASSWORD: Dovecot's user who may act for others.
 */
#define MAIL_SERVER_MASTER          "master"
#define MAIL_SERVER_MASTER_PASSWORD "masterpass-5rT9w"

/* MailServerKind: which program. */
typedef enum
{
  MAIL_SERVER_DOVECOT,
  MAIL_SERVER_CYRUS,
  MAIL_SERVER_COURIER,
} MailServerKind;

/* MailServer: one that runs. */
typedef struct MailServer MailServer;

/* mail_server_start: starts one and waits until it answers. @options: NULL or
 * "NAME=VALUE,…" of tests/lib/servers_KIND.py, such as "format=sdbox,separator=.". NULL:
 * this machine cannot run it; the test is then already marked as skipped, or as failed
 * where CI=true. A server that should run and does not ends the program. (transfer full)
 */
MailServer *mail_server_start (MailServerKind kind, const char *options);
/* mail_server_stop: ends it and removes all that it wrote; NULL is allowed. */
void mail_server_stop (MailServer *self);
/* mail_server_port: for plain text and STARTTLS, or for TLS from the start. */
guint16 mail_server_port (const MailServer *self, gboolean tls);
/* mail_server_ca_file: of the authority that signed its certificate for localhost and
 * 127.0.0.1. (transfer none) */
const char *mail_server_ca_file (const MailServer *self);
/* mail_server_fact: another of the things that it told about itself: "fingerprint"
 * (SHA-256 of the certificate), "log", "mail" (the accounts' folder), "configuration";
 * with bad-certificates=yes the addresses "expired", "wrong-host", "stranger", "no-tls".
 * (transfer none) */
const char *mail_server_fact (const MailServer *self, const char *name);
/* mail_server_token: for XOAUTH2 and OAUTHBEARER of @user; expired when @seconds is below
 * 0. Dovecot only. (transfer full) */
char *mail_server_token (MailServer *self, const char *user, gint64 seconds);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MailServer, mail_server_stop)
