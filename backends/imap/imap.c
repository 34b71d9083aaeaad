/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugin: its table of options, rules across them, and its callbacks. */
#include "session.h"

static const char *const tls_modes[] = { "implicit", "starttls", "none", NULL };
static const char *const tls_versions[] = { "1.2", "1.3", NULL };
static const char *const namespace_choices[] = { "personal", "all", NULL };

static const HaulOptionSpec imap_options[] = {
  HAUL_OPT_STRING (ImapSettings, host, "host", NULL,
                   HAUL_OPT_REQUIRED | HAUL_OPT_IDENTITY,
                   "Server name or address; also the name in its certificate"),
  HAUL_OPT_UINT (ImapSettings, port, "port", "0", "0", "65535", "port", HAUL_OPT_IDENTITY,
                 "TCP port; 0 means 993 with tls=\"implicit\", else 143"),
  HAUL_OPT_STRING (ImapSettings, user, "user", NULL, HAUL_OPT_IDENTITY,
                   "Whose mailbox it is"),
  HAUL_OPT_SECRET (ImapSettings, password, "password", HAUL_OPT_NONE, "Password"),
  HAUL_OPT_ENUM (ImapSettings, tls, "tls", "implicit", tls_modes, HAUL_OPT_NONE,
                 "When TLS begins: with the first byte, by STARTTLS, or never"),
  HAUL_OPT_PATH (ImapSettings, tls_ca_file, "tls-ca-file", NULL, HAUL_OPT_NONE,
                 "PEM file of trusted authorities in place of the system's"),
  HAUL_OPT_STRING (ImapSettings, tls_fingerprint, "tls-fingerprint", NULL, HAUL_OPT_NONE,
                   "SHA-256 of the only certificate that is trusted, in hex"),
  HAUL_OPT_PATH (ImapSettings, tls_certificate, "tls-certificate", NULL, HAUL_OPT_NONE,
                 "PEM file of a client certificate"),
  HAUL_OPT_PATH (ImapSettings, tls_key, "tls-key", NULL, HAUL_OPT_NONE,
                 "PEM file of its key, if that is a file of its own"),
  HAUL_OPT_ENUM (ImapSettings, tls_minimum, "tls-minimum", "1.2", tls_versions,
                 HAUL_OPT_NONE, "Lowest TLS version that is accepted"),
  HAUL_OPT_LIST (ImapSettings, auth, "auth", NULL, HAUL_OPT_NONE,
                 "Mechanisms to use, best first: SCRAM-SHA-256, PLAIN, login-command …"),
  HAUL_OPT_STRING (ImapSettings, auth_user, "auth-user", NULL, HAUL_OPT_NONE,
                   "Administrator who logs in on behalf of the user"),
  HAUL_OPT_SECRET (ImapSettings, token, "token", HAUL_OPT_NONE, "OAuth 2.0 access token"),
  HAUL_OPT_UINT (ImapSettings, connections, "connections", "4", "1", "64", "connections",
                 HAUL_OPT_NONE, "Connections at the same time for one account"),
  HAUL_OPT_BOOL (ImapSettings, compress, "compress", "no", HAUL_OPT_NONE,
                 "Compress where the server can (COMPRESS=DEFLATE), for slow links"),
  HAUL_OPT_STRING (ImapSettings, tunnel, "tunnel", NULL, HAUL_OPT_IDENTITY,
                   "Command whose input and output are the connection, run by a shell"),
  HAUL_OPT_STRING (ImapSettings, proxy, "proxy", NULL, HAUL_OPT_NONE,
                   "socks5://HOST:PORT or http://HOST:PORT; else the system's proxy"),
  HAUL_OPT_STRING (ImapSettings, preset, "preset", NULL, HAUL_OPT_PRESET,
                   "Options of a known server or provider"),
  HAUL_OPT_DURATION (ImapSettings, timeout_us, "timeout", "120s", "1s", "1h",
                     HAUL_OPT_NONE, "Longest silence of the server that is accepted"),
  HAUL_OPT_UINT (ImapSettings, window, "window", "64", "1", "1024", "commands",
                 HAUL_OPT_NONE, "Commands in flight at once"),
  HAUL_OPT_LIST (ImapSettings, ignore_capabilities, "ignore-capabilities", NULL,
                 HAUL_OPT_NONE, "Capabilities to do without, though the server has them"),
  HAUL_OPT_ENUM (ImapSettings, namespaces, "namespaces", "personal", namespace_choices,
                 HAUL_OPT_NONE, "Whose folders: one's own, or shared ones, too"),
  HAUL_OPT_PATH (ImapSettings, trace, "trace", NULL, HAUL_OPT_NONE,
                 "File to which the dialogue is appended, without secrets and bodies"),
  HAUL_OPT_END,
};

/* A ticket or a client certificate takes the place of a secret. */
static gboolean
needs_no_secret (const ImapSettings *self)
{
  for (guint i = 0; self->auth != NULL && self->auth[i] != NULL; i++)
    if (g_ascii_strcasecmp (self->auth[i], "GSSAPI") == 0
        || g_ascii_strcasecmp (self->auth[i], "EXTERNAL") == 0)
      return TRUE;
  return FALSE;
}

static gboolean
imap_check (gconstpointer settings, HaulRole role, GError **error)
{
  const ImapSettings *self = settings;
  (void) role;
  if (self->user == NULL && self->tunnel == NULL && self->tls_certificate == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"user\" is needed to log in");
  if (self->password == NULL && self->token == NULL && self->tunnel == NULL
      && self->tls_certificate == NULL && !needs_no_secret (self))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"password-file\" (or -env, -command), or \"token-file\" "
                           "(or -env, -command), is needed to log in");
  if (self->tls_key != NULL && self->tls_certificate == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"tls-key\" needs \"tls-certificate\"");
  if (self->tunnel != NULL && self->proxy != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"tunnel\" and \"proxy\" exclude each other");
  return TRUE;
}

/* A tunnel is its command's to protect. */
static void
imap_advise (gconstpointer settings, HaulRole role, HaulFactFunc func, gpointer user_data)
{
  const ImapSettings *self = settings;
  gboolean pinned = self->tls_fingerprint != NULL || self->tls_ca_file != NULL
                    || self->tls_certificate != NULL;
  (void) role;
  if (self->tls != IMAP_TLS_NONE || self->tunnel != NULL)
    return;
  func ("tls",
        "tls=\"none\": mail and password travel in clear text, for everybody on the way "
        "to read and to change",
        user_data);
  if (pinned)
    func ("tls", "tls=\"none\": what is said of certificates has no effect", user_data);
}

static const HaulBackend imap_backend = {
  HAUL_BACKEND_HEADER,
  .name = "imap",
  .summary = "IMAP server",
  .options = imap_options,
  .settings_size = sizeof (ImapSettings),
  .check = imap_check,
  .open = imap_open,
  .close = imap_close,
  .caps = imap_caps,
  .idle = imap_idle,
  .list = imap_list,
  .create = imap_create,
  .rename = imap_rename,
  .remove = imap_remove,
  .subscribe = imap_subscribe,
  .enter = imap_enter,
  .leave = imap_leave,
  .scan = imap_scan,
  .fetch = imap_fetch,
  .store = imap_store,
  .update = imap_update,
  .expunge = imap_expunge,
  .recover = imap_recover,
  .describe = imap_describe,
  .sessions = imap_sessions,
  .spell = imap_spell,
  .move = imap_move,
  .copy = imap_copy,
  .advise = imap_advise,
};

HAUL_DEFINE_BACKEND (imap, imap_backend)
