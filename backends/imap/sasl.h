/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Logging in: which mechanism, what to say, and what a refusal means. Sans-I/O: the
 * session sends and receives (imap.md §4). One object a connection; one thread. Secrets
 * are read when they are needed (which may block while a command runs) and wiped at once.
 *
 *   imap_sasl_choose ──► "LOGIN command": imap_sasl_login_read, LOGIN ──┐
 *        ▲   └─► imap_sasl_start, AUTHENTICATE, imap_sasl_step per "+" ─┤
 *        │                                          OK: imap_sasl_finish, then
 *        │                                              imap_sasl_proxy_user
 *        └── imap_sasl_may_retry: TRUE ◄──── NO, BAD ┴─ FALSE: imap_sasl_refused
 *
 * When imap_sasl_start(), _step() or _finish() fail, nothing more may be said on this
 * connection (a dialogue under way may be ended with "*"): close it.
 */
#pragma once

#include <mailhaul/error.h>
#include <mailhaul/options.h>

#include "capability.h"
#include "event.h"
#include "quirks.h"

/* How to log in, and as whom. Strings and secrets are borrowed while the object lives. */
typedef struct
{
  const char *host;
  guint port;
  const char *user;      /* whose mailbox */
  const char *auth_user; /* NULL, or the administrator who logs in on behalf of user */
  /* NULL: choose; else the job's `auth`: only these, in this order, in any case: SASL
   * names, "login-command", "proxyauth". */
  const char *const *mechanisms;
  const HaulSecret *password, *token; /* each may be NULL */
  /* The peer is TLS with a verified or pinned certificate, or on this machine, or the job
   * allowed plain text. */
  gboolean secure;
  gboolean plain_text_allowed; /* the job said tls="none" */
  gboolean has_client_certificate;
  /* Channel binding ("tls-exporter", "tls-unique"); (transfer full), may give NULL. The
   * function itself may be NULL. */
  GBytes *(*binding) (const char *type, gpointer data);
  gpointer binding_data;
  const ImapQuirks *quirks; /* for advice and delays; NULL: none */
} ImapSaslSettings;

/* ImapSasl: one login; opaque. */
typedef struct _ImapSasl ImapSasl;

/* imap_sasl_new: @settings is copied, what it points to is borrowed. NULL with
 * HAUL_ERROR_CONFIG (account scope): the job's names, mechanisms or secrets make no
 * sense. Free with imap_sasl_free(). */
ImapSasl *imap_sasl_new (const ImapSaslSettings *settings, GError **error);

/* Wipes and frees. Accepts NULL. */
void imap_sasl_free (ImapSasl *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapSasl, imap_sasl_free)

/*
 * The next mechanism to try with these capabilities, which are those of the channel as it
 * is now. @out_name (static): "SCRAM-SHA-256", …, or "LOGIN command" with
 * *@out_is_login_command. FALSE with HAUL_ERROR_AUTH (account scope), which names what
 * the server offers, what we could do, and what to change in the job; after a refusal
 * that of the server, too.
 */
gboolean imap_sasl_choose (ImapSasl *self, const ImapCapabilities *capabilities,
                           const char **out_name, gboolean *out_is_login_command,
                           GError **error);

/*
 * Begins the chosen mechanism. @out_has_initial: there is an initial response; then
 * *@out_initial (transfer full) holds its raw bytes, which may be none ("=" on the wire,
 * RFC 4959). With SASL-IR it goes into the command, if that does not make the line too
 * long; else it is the answer to the first "+", whatever that says, and imap_sasl_step()
 * takes the ones after it. FALSE with HAUL_ERROR_CONFIG (a secret cannot be read) or
 * HAUL_ERROR_AUTH.
 */
gboolean imap_sasl_start (ImapSasl *self, gboolean *out_has_initial, GBytes **out_initial,
                          GError **error);

/*
 * Answers a "+". @challenge_base64: its text, NIL or empty for none. @out_line_base64
 * (transfer full; wipe with haul_secret_free_text()): the line to send, without CRLF,
 * often "". FALSE with HAUL_ERROR_AUTH: the challenge is not what an honest server sends
 * (above 64 KiB, not Base64, a wrong nonce or signature, too many iterations, one too
 * many), or HAUL_ERROR_CONFIG.
 */
gboolean imap_sasl_step (ImapSasl *self, ImapString challenge_base64,
                         char **out_line_base64, GError **error);

/*
 * User and password for the LOGIN command; both as they are, for
 * imap_command_add_secret(). @out_user: (transfer none). @out_password: (transfer full),
 * haul_secret_free_text(). FALSE with HAUL_ERROR_CONFIG. Counts as an attempt.
 */
gboolean imap_sasl_login_read (ImapSasl *self, const char **out_user, char **out_password,
                               GError **error);

/* After the tagged OK: a mutual mechanism has really finished (SCRAM: v=…, RFC 5802 §5).
 * FALSE with HAUL_ERROR_AUTH: the server is not who it should be. */
gboolean imap_sasl_finish (ImapSasl *self, GError **error);

/* After imap_sasl_finish(): the user for a PROXYAUTH command (Sun, Oracle, Netscape) that
 * must follow, or NULL. (transfer none). Only servers that announce it, or a job that
 * says auth="… proxyauth", and only when the mechanism cannot carry the name itself. */
const char *imap_sasl_proxy_user (const ImapSasl *self);

/*
 * After NO or BAD: whether imap_sasl_choose() may be asked again. A token is read anew
 * once, and tried when it changed; a password is tried at most twice in all; a mechanism
 * that the server cannot do is left out; from one that protects the password there is no
 * way to one that does not, unless the server cannot do the first. Blocks while a command
 * for a token runs.
 */
gboolean imap_sasl_may_retry (ImapSasl *self, ImapCode code, ImapString text);

/*
 * What a refusal of the login means; also for a BYE in its place. @mechanism as chosen,
 * or "PROXYAUTH". Sets HAUL_ERROR_BUSY (session scope, with the server's delay or that of
 * the quirks) when the server wants to be left alone, even where it calls that a failed
 * login (hazard 43), else HAUL_ERROR_AUTH (account scope) with what to do. Always returns
 * FALSE.
 */
gboolean imap_sasl_refused (const ImapSasl *self, const char *mechanism, ImapCode code,
                            ImapString text, GError **error);

/* @text for people: cut, control characters replaced, and every secret that this object
 * sent replaced by "[secret]" where a server echoes it. (transfer full) */
char *imap_sasl_redact (const ImapSasl *self, ImapString text);

/* What the token endpoint's error said, as "invalid_token" or "400"; NULL: nothing.
 * (transfer none) */
const char *imap_sasl_token_status (const ImapSasl *self);
