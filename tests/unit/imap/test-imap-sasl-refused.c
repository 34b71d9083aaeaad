/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What servers say when they let nobody in, what of it is a wrong password, and that no
 * secret comes back with it. */
#include "sasl.h"

#include <string.h>

#include "base/secret.h"

/* A login that has sent its secret by @mechanism. */
typedef struct
{
  ImapSaslSettings settings;
  HaulSecret *password, *token;
  ImapCapabilities *capabilities;
  ImapSasl *sasl;
  const char *list[2];
} Login;

static void
login_init (Login *self, const char *mechanism, const char *secret, const char *host)
{
  g_autofree char *offer = g_strconcat ("AUTH=", mechanism, NULL);
  ImapString names[] = { { offer, strlen (offer) }, { "AUTH=PLAIN", 10 } };
  ImapSignature signature = { .host = host };
  g_autoptr (GBytes) initial = NULL;
  g_autoptr (GError) error = NULL;
  const char *name;
  gboolean command, has_initial;

  *self = (Login){ .password = secret_new (SECRET_TEXT, "password", secret, NULL),
                   .token = secret_new (SECRET_TEXT, "token", secret, NULL),
                   .list = { mechanism, NULL },
                   .capabilities = imap_capabilities_new ((ImapStrings){ names, 2 },
                                                          FALSE) };
  self->settings = (ImapSaslSettings){ .host = host,
                                       .port = 993,
                                       .user = "user",
                                       .mechanisms = self->list,
                                       .password = self->password,
                                       .token = self->token,
                                       .secure = TRUE,
                                       .has_client_certificate = TRUE,
                                       .quirks = imap_quirks_for (&signature) };
  self->sasl = imap_sasl_new (&self->settings, &error);
  g_assert_no_error (error);
  g_assert_true (
      imap_sasl_choose (self->sasl, self->capabilities, &name, &command, &error));
  if (!command)
    g_assert_true (imap_sasl_start (self->sasl, &has_initial, &initial, &error));
  g_assert_no_error (error);
}

static void
login_clear (Login *self)
{
  imap_sasl_free (self->sasl);
  imap_capabilities_free (self->capabilities);
  secret_free (self->password);
  secret_free (self->token);
}

static GError *
login_refused (Login *self, ImapCode code, const char *text)
{
  GError *error = NULL;

  g_assert_false (imap_sasl_refused (self->sasl, self->list[0], code,
                                     (ImapString){ text, strlen (text) }, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  return error;
}

/* Busy, with a delay in seconds; or what the message must say. */
static const struct
{
  const char *mechanism, *host;
  ImapCode code;
  const char *text;
  gint busy_s;
  const char *words;
} refusals[] = {
  /* Wrong user or password, by provider. */
  { "PLAIN", "h", IMAP_CODE_AUTHENTICATIONFAILED, "Authentication failed.", 0,
    "check user and password" },
  { "PLAIN", "h", IMAP_CODE_NONE, "", 0, "refused without a word" },
  { "PLAIN", "h", IMAP_CODE_NONE, "Login failed.", 0, "check user and password" },
  { "PLAIN", "imap.gmail.com", IMAP_CODE_AUTHENTICATIONFAILED,
    "Invalid credentials (Failure)", 0, "app password" },
  { "PLAIN", "imap.gmail.com", IMAP_CODE_ALERT,
    "Application-specific password required: "
    "https://support.google.com/accounts/answer/185833 (Failure)",
    0, "myaccount.google.com/apppasswords" },
  { "PLAIN", "imap.mail.yahoo.com", IMAP_CODE_AUTHENTICATIONFAILED,
    "LOGIN Invalid credentials", 0, "app password" },
  { "PLAIN", "imap.mail.me.com", IMAP_CODE_AUTHENTICATIONFAILED, "Authentication Failed",
    0, "app-specific passwords only" },
  { "PLAIN", "outlook.office365.com", IMAP_CODE_NONE, "AUTHENTICATE failed.", 0,
    "OAuth only" },
  { "XOAUTH2", "outlook.office365.com", IMAP_CODE_NONE, "AUTHENTICATE failed.", 0,
    "scope for IMAP" },
  { "PLAIN", "imap.web.de", IMAP_CODE_AUTHENTICATIONFAILED, "authentication failed", 0,
    "enable POP3 and IMAP" },
  { "SCRAM-SHA-256", "h", IMAP_CODE_AUTHENTICATIONFAILED, "Authentication failed.", 0,
    "set auth to \"plain\"" },
  { "EXTERNAL", "h", IMAP_CODE_AUTHENTICATIONFAILED, "no", 0, "client certificate" },
  { "CRAM-MD5", "h", IMAP_CODE_NONE, "no", 0, "set auth to \"plain\"" },
  /* Not the password, with a code of its own … */
  { "PLAIN", "h", IMAP_CODE_PRIVACYREQUIRED, "no", 0, "wants TLS" },
  { "PLAIN", "h", IMAP_CODE_EXPIRED, "no", 0, "expired" },
  { "PLAIN", "h", IMAP_CODE_AUTHORIZATIONFAILED, "no", 0, "may not open this mailbox" },
  { "PLAIN", "h", IMAP_CODE_CONTACTADMIN, "no", 0, "administrator" },
  { "PLAIN", "h", IMAP_CODE_REFERRAL, "imap://user@other/", 0, "another server" },
  /* … and with nothing but words. */
  { "PLAIN", "h", IMAP_CODE_NONE,
    "Plaintext authentication disallowed on non-secure (SSL/TLS) connections.", 0,
    "wants TLS" },
  { "PLAIN", "h", IMAP_CODE_NONE, "Command received in Invalid state.", 0, "wants TLS" },
  { "PLAIN", "h", IMAP_CODE_NONE, "Account is disabled", 0, "locked or disabled" },
  { "PLAIN", "h", IMAP_CODE_AUTHENTICATIONFAILED,
    "Too many failed logins, please wait 5 minutes", 0, "locked or disabled" },
  { "PLAIN", "imap.gmail.com", IMAP_CODE_ALERT,
    "Your account is not enabled for IMAP use. Please visit your Gmail settings page and "
    "enable your account for IMAP access.",
    0, "switch IMAP on" },
  { "PLAIN", "imap.zoho.com", IMAP_CODE_ALERT,
    "You are yet to enable IMAP for your account. Please contact your administrator", 0,
    "switch IMAP on" },
  { "PLAIN", "h", IMAP_CODE_ALERT, "Please log in via your web browser", 0,
    "web browser" },
  { "PLAIN", "h", IMAP_CODE_NONE, "Unsupported authentication mechanism.", 0,
    "another mechanism" },
  /* Busy, whatever it is called. */
  { "PLAIN", "h", IMAP_CODE_UNAVAILABLE, "Temporary authentication failure. [mail:2026]",
    30, NULL },
  { "PLAIN", "h", IMAP_CODE_UNAVAILABLE,
    "Maximum number of connections from user+IP exceeded "
    "(mail_max_userip_connections=10)",
    30, NULL },
  { "PLAIN", "imap.gmail.com", IMAP_CODE_ALERT,
    "Too many simultaneous connections. (Failure)", 60, NULL },
  { "PLAIN", "imap.gmail.com", IMAP_CODE_AUTHENTICATIONFAILED,
    "Too many simultaneous connections. (Failure)", 60, NULL },
  { "PLAIN", "imap.mail.yahoo.com", IMAP_CODE_LIMIT, "LOGIN Rate limit hit", 60, NULL },
  { "PLAIN", "imap.mail.yahoo.com", IMAP_CODE_AUTHENTICATIONFAILED,
    "LOGIN Rate limit hit.", 60, NULL },
  { "XOAUTH2", "outlook.office365.com", IMAP_CODE_NONE,
    "Request is throttled. Suggested Backoff Time: 89117 milliseconds", 89, NULL },
  { "XOAUTH2", "outlook.office365.com", IMAP_CODE_NONE,
    "User is authenticated but not connected.", 60, NULL },
  { "XOAUTH2", "outlook.office365.com", IMAP_CODE_NONE, "Server Unavailable. 15", 60,
    NULL },
  { "PLAIN", "h", IMAP_CODE_INUSE, "locked by another session", 30, NULL },
  { "PLAIN", "h", IMAP_CODE_SERVERBUG, "Internal error occurred. Refer to server log", 30,
    NULL },
  { "PLAIN", "h", IMAP_CODE_NONE, "Account is temporarily unavailable.", 30, NULL },
  { "PLAIN", "h", IMAP_CODE_NONE, "Please try again later", 30, NULL },
};

static void
test_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      Login login;
      login_init (&login, refusals[i].mechanism, "hunter2", refusals[i].host);
      g_autoptr (GError)
          error = login_refused (&login, refusals[i].code, refusals[i].text);
      if (refusals[i].busy_s > 0)
        {
          g_assert_error (error, HAUL_ERROR, HAUL_ERROR_BUSY);
          g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_SESSION);
          g_assert_cmpint (haul_error_delay_us (error) / G_USEC_PER_SEC, ==,
                           refusals[i].busy_s);
          g_assert_false (imap_sasl_may_retry (
              login.sasl, refusals[i].code,
              (ImapString){ refusals[i].text, strlen (refusals[i].text) }));
        }
      else
        {
          g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
          g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
          g_assert_cmpint (haul_error_delay_us (error), ==, 0);
          g_assert_nonnull (strstr (error->message, refusals[i].words));
        }
      /* The peer's words come last. */
      if (refusals[i].text[0] != '\0')
        g_assert_true (g_str_has_suffix (error->message, refusals[i].text));
      g_assert_null (strstr (error->message, "hunter2"));
      login_clear (&login);
    }
}

static void
test_on_behalf (void)
{
  Login login;
  g_autoptr (GError) error = NULL;

  login_init (&login, "PLAIN", "hunter2", "h");
  imap_sasl_free (login.sasl);
  login.settings.auth_user = "admin";
  login.sasl = imap_sasl_new (&login.settings, &error);
  error = login_refused (&login, IMAP_CODE_AUTHORIZATIONFAILED, "no");
  g_assert_nonnull (strstr (error->message, "as 'admin' for 'user'"));
  g_assert_nonnull (strstr (error->message, "may not act for this user"));
  login_clear (&login);
}

/* What Cyrus wants of administrators is told to those who log in as one only. */
static void
test_behalf_hint (void)
{
  ImapQuirks cyrus = *imap_quirks_for (NULL);
  cyrus.behalf_hint = TRUE;
  cyrus.login_hint = "the hint";
  for (guint behalf = 0; behalf < 2; behalf++)
    {
      Login login;
      g_autoptr (GError) error = NULL;
      login_init (&login, "PLAIN", "hunter2", "h");
      imap_sasl_free (login.sasl);
      login.settings.auth_user = behalf ? "admin" : NULL;
      login.settings.quirks = &cyrus;
      login.sasl = imap_sasl_new (&login.settings, &error);
      error = login_refused (&login, IMAP_CODE_AUTHENTICATIONFAILED, "no");
      g_assert_nonnull (
          strstr (error->message, behalf ? "the hint" : "check user and password"));
      login_clear (&login);
    }
}

/* What a server may send back: as it is, in Base64, quoted, many times. */
static void
test_echo (void)
{
  static const struct
  {
    const char *mechanism, *secret, *format;
  } echoes[] = {
    { "PLAIN", "hunter2", "no user with password hunter2" },
    { "PLAIN", "hunter2", "hunter2hunter2hunter2" },
    { "PLAIN", "hunter2", "bad argument AHVzZXIAaHVudGVyMg==" },
    { "LOGIN", "hunter2", "bad argument aHVudGVyMg==" },
    { "login-command", "hu\"nt\\er2", "bad: LOGIN \"user\" \"hu\\\"nt\\\\er2\"" },
    { "login-command", "hunter2", "bad: LOGIN user hunter2" },
    { "XOAUTH2", "hunter2-and-a-long-token", "invalid: hunter2-and-a-long-token!" },
    { "XOAUTH2", "hunter2-and-a-long-token",
      "bad dXNlcj11c2VyAWF1dGg9QmVhcmVyIGh1bnRlcjItYW5kLWEtbG9uZy10b2tlbgEB" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (echoes); i++)
    {
      Login login;
      g_autoptr (GError) error = NULL;
      const char *user;
      login_init (&login, echoes[i].mechanism, echoes[i].secret, "h");
      if (g_str_has_prefix (echoes[i].mechanism, "login"))
        {
          char *password = NULL;
          g_assert_true (imap_sasl_login_read (login.sasl, &user, &password, &error));
          haul_secret_free_text (password);
        }
      else if (g_str_equal (echoes[i].mechanism, "LOGIN"))
        for (guint step = 0; step < 2; step++)
          {
            char *line = NULL;
            g_assert_true (
                imap_sasl_step (login.sasl, (ImapString){ NULL, 0 }, &line, &error));
            haul_secret_free_text (line);
          }
      error = login_refused (&login, IMAP_CODE_NONE, echoes[i].format);
      g_assert_nonnull (strstr (error->message, "[secret]"));
      g_assert_null (strstr (error->message, "nter2"));
      g_assert_null (strstr (error->message, "hdW50ZXIy"));
      g_assert_null (strstr (error->message, "aHVudGVyM"));
      g_assert_null (strstr (error->message, "AHVzZXIA"));
      g_assert_null (strstr (error->message, "BdXRoPUJl"));
      login_clear (&login);
    }
}

/* Texts of any length and any bytes become one line for a terminal. */
static void
test_hostile_texts (void)
{
  Login login;
  g_autoptr (GRand) rand = g_rand_new_with_seed (43);

  login_init (&login, "PLAIN", "hunter2", "h");
  for (guint i = 0; i < 200; i++)
    {
      gsize length = (gsize) g_rand_int_range (rand, 0, i == 0 ? 2 : 3000);
      g_autofree char *text = g_malloc (length + 1);
      for (gsize j = 0; j < length; j++)
        text[j] = (char) g_rand_int_range (rand, 0, 256);
      text[length] = '\0';
      g_autofree char *clean = imap_sasl_redact (login.sasl,
                                                 (ImapString){ text, length });
      g_assert_true (g_utf8_validate (clean, -1, NULL));
      g_assert_cmpuint (strlen (clean), <=, 1600);
      for (const char *c = clean; *c != '\0'; c++)
        g_assert_false (g_ascii_iscntrl (*c));
    }
  g_autofree char *none = imap_sasl_redact (login.sasl, (ImapString){ NULL, 0 });
  g_assert_cmpstr (none, ==, "");
  login_clear (&login);
}

/* A megabyte of words is looked at in no time. */
static void
test_long_text (void)
{
  Login login;
  g_autofree char *text = g_strnfill (1024 * 1024, 'h');
  g_autofree char *secret = g_strnfill (8000, 'h');

  login_init (&login, "PLAIN", secret, "h");
  gint64 start = g_get_monotonic_time ();
  g_autofree char *clean = imap_sasl_redact (login.sasl,
                                             (ImapString){ text, strlen (text) });
  g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
  g_assert_cmpstr (clean, ==, "[secret]");
  login_clear (&login);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/sasl-refused/what-a-refusal-means", test_refusals);
  g_test_add_func ("/imap/sasl-refused/on-behalf-of-another", test_on_behalf);
  g_test_add_func ("/imap/sasl-refused/hint-for-those-on-behalf", test_behalf_hint);
  g_test_add_func ("/imap/sasl-refused/no-secret-comes-back", test_echo);
  g_test_add_func ("/imap/sasl-refused/hostile-texts", test_hostile_texts);
  g_test_add_func ("/imap/sasl-refused/long-text", test_long_text);
  return g_test_run ();
}
