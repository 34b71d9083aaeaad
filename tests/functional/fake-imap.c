/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backend under the name of imap that needs no server: its host's name decides how it
 * fails, and the right password is "sesame". For what the program does around a backend.
 */
#include <string.h>

#include "../plugins/minimal.h"

/* Settings: those of the real one, as far as the tests need them. */
typedef struct
{
  char *host;
  guint port;
  char *user;
  HaulSecret *password;
  HaulSecret *token;
  int tls;
  char **auth;
  guint connections;
  guint window;
  gint64 timeout_us;
  char **ignore;
  char *tunnel;
  char *preset;
} Settings;

static const char *const tls_modes[] = { "implicit", "starttls", "none", NULL };

static const HaulOptionSpec options[] = {
  HAUL_OPT_STRING (Settings, host, "host", NULL, HAUL_OPT_REQUIRED | HAUL_OPT_IDENTITY,
                   "Server"),
  HAUL_OPT_UINT (Settings, port, "port", "0", "0", "65535", "port", HAUL_OPT_IDENTITY,
                 "Port"),
  HAUL_OPT_STRING (Settings, user, "user", NULL, HAUL_OPT_IDENTITY, "User"),
  HAUL_OPT_SECRET (Settings, password, "password", HAUL_OPT_NONE, "Password"),
  HAUL_OPT_SECRET (Settings, token, "token", HAUL_OPT_NONE, "Token"),
  HAUL_OPT_ENUM (Settings, tls, "tls", "implicit", tls_modes, HAUL_OPT_NONE, "TLS"),
  HAUL_OPT_LIST (Settings, auth, "auth", NULL, HAUL_OPT_NONE, "Mechanisms"),
  HAUL_OPT_UINT (Settings, connections, "connections", "4", "1", "64", "connections",
                 HAUL_OPT_NONE, "Connections"),
  HAUL_OPT_UINT (Settings, window, "window", "64", "1", "1024", "commands", HAUL_OPT_NONE,
                 "Commands in flight"),
  HAUL_OPT_DURATION (Settings, timeout_us, "timeout", "60s", "1s", "1h", HAUL_OPT_NONE,
                     "Silence"),
  HAUL_OPT_LIST (Settings, ignore, "ignore-capabilities", NULL, HAUL_OPT_NONE,
                 "Capabilities not to use"),
  HAUL_OPT_STRING (Settings, tunnel, "tunnel", NULL, HAUL_OPT_NONE, "Command"),
  HAUL_OPT_STRING (Settings, preset, "preset", NULL, HAUL_OPT_PRESET, "Preset"),
  HAUL_OPT_END,
};

/* Failures: by the host's name. */
static const struct
{
  const char *host;
  HaulErrorCode code;
  HaulErrorScope scope;
} failures[] = {
  { "unreachable.example", HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION },
  { "silent.example", HAUL_ERROR_TIMEOUT, HAUL_SCOPE_SESSION },
  { "impostor.example", HAUL_ERROR_TLS, HAUL_SCOPE_JOB },
  { "babble.example", HAUL_ERROR_PROTOCOL, HAUL_SCOPE_SESSION },
};

static gboolean
log_in (const Settings *settings, GError **error)
{
  char *password = NULL;
  gboolean right;

  if (settings->token != NULL || settings->tunnel != NULL)
    return TRUE;
  password = haul_secret_read (settings->password, error);
  if (password == NULL)
    return FALSE;
  right = strcmp (password, "sesame") == 0;
  haul_secret_free_text (password);
  return right
         || haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                            "log in to %s as '%s': server refused", settings->host,
                            settings->user);
}

static gpointer
fake_open (const HaulOpen *open, GError **error)
{
  const Settings *settings = open->settings;

  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    if (strcmp (settings->host, failures[i].host) == 0)
      {
        haul_error_set (error, failures[i].code, failures[i].scope,
                        "connect to %s: it failed", settings->host);
        return NULL;
      }
  return log_in (settings, error) ? (gpointer) settings : NULL;
}

static void
fake_close (gpointer session)
{
}

static gboolean
fake_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  static const char *const inbox[] = { "INBOX", NULL };
  static const char *const sent[] = { "Sent", NULL };
  HaulFolder folder = HAUL_FOLDER_INIT;

  folder.path = inbox;
  folder.status.known = HAUL_STATUS_MESSAGES | HAUL_STATUS_BYTES;
  folder.status.messages = 1200;
  folder.status.bytes = 5000000;
  if (!func (&folder, user_data, error))
    return FALSE;
  folder.path = sent;
  folder.status.messages = 34;
  return func (&folder, user_data, error);
}

static gboolean
fake_describe (gpointer session, HaulFactFunc func, gpointer user_data, GError **error)
{
  const Settings *settings = session;
  g_autofree char *address = g_strdup_printf ("%s port %u", settings->host,
                                              settings->port);
  g_autofree char *window = g_strdup_printf ("%u commands in flight", settings->window);

  func ("server", "Fake \x1b[31m1.0", user_data);
  func ("address", address, user_data);
  func ("tls", tls_modes[settings->tls], user_data);
  if (settings->user != NULL)
    func ("user", settings->user, user_data);
  func ("limit", window, user_data);
  if (strcmp (settings->host, "shy.example") == 0)
    return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                           "ask %s for its quota: connection lost", settings->host);
  return TRUE;
}

static void
fake_advise (gconstpointer settings, HaulRole role, HaulFactFunc func, gpointer user_data)
{
  if (((const Settings *) settings)->tls == 2)
    func ("tls", "mail and password travel in clear text", user_data);
}

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "imap",
  .summary = "No server at all",
  .options = options,
  .settings_size = sizeof (Settings),
  .open = fake_open,
  .close = fake_close,
  .list = fake_list,
  .enter = minimal_enter,
  .scan = minimal_scan,
  .fetch = minimal_fetch,
  .create = minimal_create,
  .store = minimal_store,
  .describe = fake_describe,
  .advise = fake_advise,
};

HAUL_DEFINE_BACKEND (imap, backend)
