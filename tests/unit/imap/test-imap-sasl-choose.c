/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mechanism is tried with what, and which after a refusal. */
#include "sasl.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/secret.h"

#define COMMAND "LOGIN command"

enum
{
  PASSWORD = 1 << 0,
  TOKEN = 1 << 1,
  SECURE = 1 << 2,
  PLAIN_TEXT = 1 << 3,
  CERTIFICATE = 1 << 4,
  BINDING = 1 << 5,
  BEHALF = 1 << 6,
};

/* A login with what the job gives. */
typedef struct
{
  ImapSaslSettings settings;
  HaulSecret *password, *token;
  char **list;
  ImapCapabilities *capabilities;
  ImapSasl *sasl;
  const ImapQuirks *quirks;
} Login;

static GBytes *
binding (const char *type, gpointer data)
{
  return g_str_equal (type, "tls-exporter") ? g_bytes_new_static ("data", 4) : NULL;
}

static ImapCapabilities *
capabilities_of (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  guint count = g_strv_length (words);
  g_autofree ImapString *items = g_new (ImapString, count + 1);

  for (guint i = 0; i < count; i++)
    items[i] = (ImapString){ words[i], strlen (words[i]) };
  return imap_capabilities_new ((ImapStrings){ items, count }, FALSE);
}

/* @list: the job's `auth`; NULL: choose. */
static void
login_init (Login *self, guint has, const char *list, const char *capabilities)
{
  g_autoptr (GError) error = NULL;

  *self = (Login){ .list = list == NULL ? NULL : g_strsplit (list, " ", -1),
                   .capabilities = capabilities_of (capabilities) };
  if ((has & PASSWORD) != 0)
    self->password = secret_new (SECRET_TEXT, "password", "hunter2", NULL);
  if ((has & TOKEN) != 0)
    self->token = secret_new (SECRET_TEXT, "token", "TOK", NULL);
  self->settings = (ImapSaslSettings){
    .host = "imap.example.com",
    .port = 993,
    .user = "user",
    .auth_user = (has & BEHALF) != 0 ? "admin" : NULL,
    .mechanisms = (const char *const *) self->list,
    .password = self->password,
    .token = self->token,
    .secure = (has & SECURE) != 0,
    .plain_text_allowed = (has & PLAIN_TEXT) != 0,
    .has_client_certificate = (has & CERTIFICATE) != 0,
    .binding = (has & BINDING) != 0 ? binding : NULL,
  };
  self->sasl = imap_sasl_new (&self->settings, &error);
  g_assert_no_error (error);
}

static void
login_clear (Login *self)
{
  imap_sasl_free (self->sasl);
  imap_capabilities_free (self->capabilities);
  secret_free (self->password);
  secret_free (self->token);
  g_strfreev (self->list);
}

/* The next mechanism; NULL with @error. */
static const char *
login_next (Login *self, GError **error)
{
  const char *name = NULL;
  gboolean command = FALSE;

  if (!imap_sasl_choose (self->sasl, self->capabilities, &name, &command, error))
    return NULL;
  g_assert_cmpint (command, ==, g_str_equal (name, COMMAND));
  return name;
}

static void
login_start (Login *self)
{
  g_autoptr (GBytes) initial = NULL;
  g_autoptr (GError) error = NULL;
  gboolean has_initial;

  g_assert_true (imap_sasl_start (self->sasl, &has_initial, &initial, &error));
  g_assert_no_error (error);
}

static gboolean
login_refused (Login *self, ImapCode code, const char *text)
{
  return imap_sasl_may_retry (self->sasl, code, (ImapString){ text, strlen (text) });
}

#define ALL                                                                              \
  "IMAP4rev1 AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-256 "   \
  "AUTH=SCRAM-SHA-1-PLUS AUTH=SCRAM-SHA-256-PLUS AUTH=EXTERNAL AUTH=XOAUTH2 "            \
  "AUTH=OAUTHBEARER AUTH=GSSAPI AUTH=NTLM"

static const struct
{
  guint has;
  const char *list, *capabilities;
  const char *name; /* NULL: refused … */
  const char *words, *advice;
} choices[] = {
  /* The order of preference. */
  { PASSWORD | SECURE, NULL, ALL, "SCRAM-SHA-256", NULL, NULL },
  { PASSWORD | SECURE | BINDING, NULL, ALL, "SCRAM-SHA-256-PLUS", NULL, NULL },
  { PASSWORD | SECURE | CERTIFICATE, NULL, ALL, "EXTERNAL", NULL, NULL },
  { PASSWORD | SECURE | TOKEN | CERTIFICATE | BINDING, NULL, ALL, "OAUTHBEARER", NULL,
    NULL },
  { TOKEN | SECURE, NULL, "AUTH=XOAUTH2", "XOAUTH2", NULL, NULL },
  { PASSWORD | SECURE, NULL, "AUTH=SCRAM-SHA-1 AUTH=PLAIN", "SCRAM-SHA-1", NULL, NULL },
  { PASSWORD | SECURE, NULL, "AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5", "PLAIN", NULL, NULL },
  { PASSWORD | SECURE, NULL, "AUTH=LOGIN AUTH=CRAM-MD5", "LOGIN", NULL, NULL },
  { PASSWORD | SECURE, NULL, "IMAP4rev1", COMMAND, NULL, NULL },
  { PASSWORD | SECURE, NULL, "LOGINDISABLED AUTH=CRAM-MD5", "CRAM-MD5", NULL, NULL },
  { PASSWORD | SECURE, NULL, "auth=plain logindisabled", "PLAIN", NULL, NULL },
  { SECURE, NULL, ALL, "GSSAPI", NULL, NULL },
  /* Plain text by the job's will: what shows the password comes last. */
  { PASSWORD | PLAIN_TEXT, NULL, "AUTH=PLAIN AUTH=CRAM-MD5", "CRAM-MD5", NULL, NULL },
  { PASSWORD | PLAIN_TEXT, NULL, "AUTH=PLAIN", "PLAIN", NULL, NULL },
  { PASSWORD | PLAIN_TEXT, NULL, "IMAP4rev1", COMMAND, NULL, NULL },
  /* On a channel that nobody vouches for, nothing that can be read. */
  { PASSWORD, NULL, ALL, "SCRAM-SHA-256", NULL, NULL },
  { PASSWORD, NULL, "AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5", NULL,
    "over TLS only: ", "implicit" },
  { PASSWORD, NULL, "IMAP4rev1", NULL, "over TLS only: ", "implicit" },
  { TOKEN, NULL, "AUTH=XOAUTH2 AUTH=OAUTHBEARER", NULL, "over TLS only: ", "implicit" },
  { PASSWORD, "plain", "AUTH=PLAIN", NULL, "over TLS only: ", "implicit" },
  /* The job's list: only these, in this order. */
  { PASSWORD | SECURE, "plain scram-sha-256", ALL, "PLAIN", NULL, NULL },
  { PASSWORD | SECURE, "Cram-MD5", ALL, "CRAM-MD5", NULL, NULL },
  { PASSWORD | SECURE, "login-command", ALL, COMMAND, NULL, NULL },
  { PASSWORD | SECURE | TOKEN, "scram-sha-1", ALL, "SCRAM-SHA-1", NULL, NULL },
  { PASSWORD | SECURE, "gssapi", ALL, "GSSAPI", NULL, NULL },
  { PASSWORD | SECURE, "scram-sha-256", "AUTH=PLAIN", NULL, "auth allows only",
    "add one of them to auth" },
  { PASSWORD | SECURE, "scram-sha-256-plus", ALL, NULL, "with channel binding only",
    "auth" },
  { PASSWORD | SECURE, "login-command", "AUTH=PLAIN LOGINDISABLED", NULL,
    "auth allows only", "add one of them" },
  /* What the job lacks. */
  { PASSWORD | SECURE, NULL, "AUTH=XOAUTH2 LOGINDISABLED", NULL,
    "with a token only: XOAUTH2", "give a token" },
  { TOKEN | SECURE, NULL, "AUTH=PLAIN LOGINDISABLED", NULL, "with a password only: PLAIN",
    "give a password" },
  { SECURE, NULL, "IMAP4rev1", NULL, "with a password only: " COMMAND,
    "give a password" },
  { PASSWORD | SECURE, NULL, "AUTH=NTLM AUTH=SKEY LOGINDISABLED", NULL,
    "unknown to mailhaul: NTLM, SKEY", "administrator" },
  { PASSWORD | SECURE, NULL, "LOGINDISABLED", NULL, "it offers none", "administrator" },
  { PASSWORD | SECURE, NULL, "LOGINDISABLED STARTTLS", NULL, "it offers none",
    "wants TLS first" },
  { PASSWORD | SECURE, "external", "AUTH=EXTERNAL LOGINDISABLED", NULL,
    "with a client certificate only: EXTERNAL", "give a client certificate" },
  /* On behalf of another: PLAIN, where nobody can read it. */
  { PASSWORD | SECURE | BEHALF, NULL, ALL, "PLAIN", NULL, NULL },
  { PASSWORD | SECURE | BEHALF | BINDING, NULL, ALL, "PLAIN", NULL, NULL },
  { PASSWORD | SECURE | BEHALF, NULL, "AUTH=SCRAM-SHA-1", "SCRAM-SHA-1", NULL, NULL },
  { PASSWORD | SECURE | BEHALF, "scram-sha-1 plain", ALL, "SCRAM-SHA-1", NULL, NULL },
  { PASSWORD | BEHALF, NULL, ALL, "SCRAM-SHA-256", NULL, NULL },
  { PASSWORD | PLAIN_TEXT | BEHALF, NULL, ALL, "SCRAM-SHA-256", NULL, NULL },
  { TOKEN | PASSWORD | SECURE | BEHALF, NULL, ALL, "OAUTHBEARER", NULL, NULL },
  { PASSWORD | SECURE | BEHALF, NULL, "AUTH=PLAIN AUTH=LOGIN", "PLAIN", NULL, NULL },
  { PASSWORD | SECURE | BEHALF, NULL, "AUTH=LOGIN", NULL,
    "not on behalf of another user: LOGIN", "USER*ADMIN" },
  { PASSWORD | SECURE | BEHALF, NULL, "AUTH=LOGIN X-NETSCAPE", "LOGIN", NULL, NULL },
  { PASSWORD | SECURE | BEHALF, "proxyauth login-command", "AUTH=PLAIN", COMMAND, NULL,
    NULL },
  { PASSWORD | SECURE | BEHALF, "proxyauth", "AUTH=PLAIN", "PLAIN", NULL, NULL },
};

static void
test_choices (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      Login login;
      g_autoptr (GError) error = NULL;
      g_test_message ("%u", i);
      login_init (&login, choices[i].has, choices[i].list, choices[i].capabilities);
      g_assert_cmpstr (login_next (&login, &error), ==, choices[i].name);
      if (choices[i].name == NULL)
        {
          g_test_message ("%s", error->message);
          g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
          g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
          g_assert_nonnull (strstr (error->message, choices[i].words));
          g_assert_nonnull (strstr (error->message, choices[i].advice));
          g_assert_null (strstr (error->message, "hunter2"));
        }
      login_clear (&login);
    }
}

/* Exchange Online without a token: its row says which one. */
static void
test_token_only (void)
{
  Login login;
  g_autoptr (GError) error = NULL;
  ImapSignature signature = { .host = "outlook.office365.com" };

  login_init (&login, PASSWORD | SECURE, NULL, "AUTH=XOAUTH2 LOGINDISABLED");
  imap_sasl_free (login.sasl);
  login.settings.quirks = imap_quirks_for (&signature);
  login.sasl = imap_sasl_new (&login.settings, &error);
  g_assert_null (login_next (&login, &error));
  g_assert_nonnull (strstr (error->message, "IMAP.AccessAsUser.All"));
  login_clear (&login);
}

static void
test_settings_that_make_no_sense (void)
{
  static const char *const unknown[] = { "plain", "kerberos", NULL };
  static const char *const proxy[] = { "plain", "proxyauth", NULL };
  static const struct
  {
    const char *user, *auth_user;
    const char *const *list;
    const char *words;
  } cases[] = {
    { "user", NULL, unknown, "kerberos" },   { "user", NULL, proxy, "auth-user" },
    { "", NULL, NULL, "user: it is empty" }, { NULL, NULL, NULL, "user: it is empty" },
    { "a\r\nb", NULL, NULL, "control" },     { "a\001b", NULL, NULL, "control" },
    { "user", "", NULL, "auth-user" },       { "user", "a\nb", NULL, "auth-user" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      ImapSaslSettings settings = { .host = "h",
                                    .user = cases[i].user,
                                    .auth_user = cases[i].auth_user,
                                    .mechanisms = cases[i].list };
      g_assert_null (imap_sasl_new (&settings, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
      g_assert_nonnull (strstr (error->message, cases[i].words));
    }
}

static void
test_proxyauth (void)
{
  static const struct
  {
    guint has;
    const char *list, *capabilities, *proxy_user, *login_user;
  } cases[] = {
    { PASSWORD | SECURE | BEHALF, NULL, "X-NETSCAPE", "user", "admin" },
    { PASSWORD | SECURE | BEHALF, NULL, "XPROXYAUTH", "user", "admin" },
    { PASSWORD | SECURE | BEHALF, "proxyauth login-command", "IMAP4rev1", "user",
      "admin" },
    { PASSWORD | SECURE, NULL, "X-NETSCAPE", NULL, "user" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Login login;
      g_autoptr (GError) error = NULL;
      const char *user;
      char *password;
      login_init (&login, cases[i].has, cases[i].list, cases[i].capabilities);
      g_assert_cmpstr (login_next (&login, &error), ==, COMMAND);
      g_assert_true (imap_sasl_login_read (login.sasl, &user, &password, &error));
      g_assert_cmpstr (user, ==, cases[i].login_user);
      g_assert_cmpstr (password, ==, "hunter2");
      g_assert_cmpstr (imap_sasl_proxy_user (login.sasl), ==, cases[i].proxy_user);
      g_assert_cmpint (imap_sasl_proxy_user (login.sasl) != NULL, ==,
                       cases[i].proxy_user != NULL);
      haul_secret_free_text (password);
      login_clear (&login);
    }
}

/* With a list that says proxyauth nobody's name is put into PLAIN. */
static void
test_proxyauth_by_plain (void)
{
  Login login;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) initial = NULL;
  gboolean has_initial;

  login_init (&login, PASSWORD | SECURE | BEHALF, "proxyauth", "AUTH=PLAIN");
  g_assert_cmpstr (login_next (&login, &error), ==, "PLAIN");
  g_assert_true (imap_sasl_start (login.sasl, &has_initial, &initial, &error));
  gsize length;
  const char *data = g_bytes_get_data (initial, &length);
  g_assert_cmpmem (data, length, "\0admin\0hunter2", 14);
  g_assert_cmpstr (imap_sasl_proxy_user (login.sasl), ==, "user");
  login_clear (&login);
}

/* ---- After a refusal ---- */

static const struct
{
  guint has;
  const char *list, *capabilities, *first;
  ImapCode code;
  const char *text;
  const char *second; /* NULL: there is no retry */
} refusals[] = {
  /* A wrong password is a wrong password. */
  { PASSWORD | SECURE, NULL, ALL, "SCRAM-SHA-256", IMAP_CODE_AUTHENTICATIONFAILED,
    "Authentication failed.", NULL },
  { PASSWORD | SECURE, NULL, ALL, "SCRAM-SHA-256", IMAP_CODE_NONE, "LOGIN failed.",
    NULL },
  { PASSWORD | SECURE, NULL, "AUTH=PLAIN", "PLAIN", IMAP_CODE_NONE, "no", NULL },
  { PASSWORD | SECURE | BINDING, NULL, ALL, "SCRAM-SHA-256-PLUS", IMAP_CODE_NONE,
    "Authentication failed.", NULL },
  /* Unsupported: the next one. */
  { PASSWORD | SECURE, NULL, "AUTH=SCRAM-SHA-256 AUTH=PLAIN", "SCRAM-SHA-256",
    IMAP_CODE_NONE, "Unsupported authentication mechanism.", "PLAIN" },
  { PASSWORD | SECURE, NULL, "AUTH=SCRAM-SHA-256", "SCRAM-SHA-256", IMAP_CODE_CANNOT,
    "no", COMMAND },
  { PASSWORD | SECURE, NULL, "AUTH=PLAIN", "PLAIN", IMAP_CODE_NONE,
    "Command Argument Error. 12", COMMAND },
  { PASSWORD | SECURE, NULL, "AUTH=PLAIN LOGINDISABLED", "PLAIN", IMAP_CODE_NONE,
    "Unknown command", NULL },
  { TOKEN | SECURE, NULL, "AUTH=OAUTHBEARER AUTH=XOAUTH2", "OAUTHBEARER", IMAP_CODE_NONE,
    "mechanism not supported", "XOAUTH2" },
  /* The code is trusted more than words. */
  { PASSWORD | SECURE, NULL, "AUTH=SCRAM-SHA-256 AUTH=PLAIN", "SCRAM-SHA-256",
    IMAP_CODE_AUTHENTICATIONFAILED, "Unsupported authentication mechanism.", NULL },
  /* A list: the job wants them tried; never down to where the password shows. */
  { PASSWORD | SECURE, "scram-sha-256 plain", ALL, "SCRAM-SHA-256", IMAP_CODE_NONE,
    "Authentication failed.", NULL },
  { PASSWORD | SECURE, "scram-sha-256 cram-md5", ALL, "SCRAM-SHA-256", IMAP_CODE_NONE,
    "Authentication failed.", NULL },
  { PASSWORD | SECURE | BINDING, "scram-sha-256-plus scram-sha-256", ALL,
    "SCRAM-SHA-256-PLUS", IMAP_CODE_NONE, "Authentication failed.", "SCRAM-SHA-256" },
  { PASSWORD | SECURE, "plain login", ALL, "PLAIN", IMAP_CODE_NONE, "LOGIN failed.",
    "LOGIN" },
  { PASSWORD | SECURE | CERTIFICATE, "external scram-sha-1", ALL, "EXTERNAL",
    IMAP_CODE_NONE, "no", "SCRAM-SHA-1" },
  { PASSWORD | SECURE | CERTIFICATE, "external plain", ALL, "EXTERNAL", IMAP_CODE_NONE,
    "no", NULL },
  /* Busy is nobody's fault. */
  { PASSWORD | SECURE, "plain login", ALL, "PLAIN", IMAP_CODE_UNAVAILABLE, "later",
    NULL },
  { PASSWORD | SECURE, "plain login", ALL, "PLAIN", IMAP_CODE_AUTHENTICATIONFAILED,
    "Too many simultaneous connections. (Failure)", NULL },
  /* The same token again is no better. */
  { TOKEN | SECURE, NULL, "AUTH=XOAUTH2", "XOAUTH2", IMAP_CODE_AUTHENTICATIONFAILED, "no",
    NULL },
};

static void
test_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      Login login;
      g_autoptr (GError) error = NULL;
      g_test_message ("%u", i);
      login_init (&login, refusals[i].has, refusals[i].list, refusals[i].capabilities);
      g_assert_cmpstr (login_next (&login, &error), ==, refusals[i].first);
      login_start (&login);
      g_assert_cmpint (login_refused (&login, refusals[i].code, refusals[i].text), ==,
                       refusals[i].second != NULL);
      if (refusals[i].second != NULL)
        g_assert_cmpstr (login_next (&login, &error), ==, refusals[i].second);
      login_clear (&login);
    }
}

static void
test_two_attempts (void)
{
  Login login;
  g_autoptr (GError) error = NULL;

  login_init (&login, PASSWORD | SECURE, "plain login login-command", ALL);
  g_assert_cmpstr (login_next (&login, &error), ==, "PLAIN");
  login_start (&login);
  g_assert_true (login_refused (&login, IMAP_CODE_NONE, "no"));
  g_assert_cmpstr (login_next (&login, &error), ==, "LOGIN");
  login_start (&login);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *line = NULL;
      g_assert_true (imap_sasl_step (login.sasl, (ImapString){ NULL, 0 }, &line, &error));
    }
  g_assert_false (login_refused (&login, IMAP_CODE_NONE, "no"));
  g_assert_null (login_next (&login, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
  g_assert_nonnull (strstr (error->message, "the server refused the last one: no"));
  login_clear (&login);
}

/* However the server refuses, a password is never sent more than twice. */
static void
test_attempts_end (void)
{
  static const char *const words[] = { "no", "Unsupported authentication mechanism.",
                                       "Unknown command" };

  for (guint seed = 0; seed < 200; seed++)
    {
      Login login;
      guint sent = 0, rounds = 0;
      gboolean retry = TRUE;
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      login_init (&login, PASSWORD | SECURE,
                  "plain login login-command cram-md5 scram-sha-1", ALL);
      while (retry)
        {
          g_autoptr (GError) error = NULL;
          const char *name = login_next (&login, &error);
          const char *user;
          char *password = NULL;
          if (name == NULL)
            break;
          if (g_str_equal (name, COMMAND))
            {
              g_assert_true (imap_sasl_login_read (login.sasl, &user, &password, &error));
              haul_secret_free_text (password);
              sent++;
            }
          else
            {
              login_start (&login);
              sent += g_str_equal (name, "PLAIN");
            }
          g_assert_cmpuint (++rounds, <=, 5);
          retry = login_refused (&login, IMAP_CODE_NONE,
                                 words[g_rand_int_range (rand, 0, 3)]);
        }
      g_assert_cmpuint (sent, <=, 2);
      login_clear (&login);
    }
}

/* ---- Tokens ---- */

/* A token in a file that changes; *out_line is the initial response. */
static char *
token_line (Login *self)
{
  g_autoptr (GBytes) initial = NULL;
  g_autoptr (GError) error = NULL;
  gboolean has_initial;

  g_assert_cmpstr (login_next (self, &error), ==, "XOAUTH2");
  g_assert_true (imap_sasl_start (self->sasl, &has_initial, &initial, &error));
  gsize length;
  const char *data = g_bytes_get_data (initial, &length);
  return g_strndup (data, length);
}

static void
write_token (const char *file, const char *token)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (file, token, -1, &error);
  g_assert_no_error (error);
}

static void
test_token_renewed_once (void)
{
  g_autofree char *directory = g_dir_make_tmp ("mailhaul-sasl-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (directory, "token", NULL);
  Login login;
  g_autoptr (GError) error = NULL;

  write_token (file, "OLD\n");
  login_init (&login, SECURE, NULL, "AUTH=XOAUTH2");
  imap_sasl_free (login.sasl);
  login.token = secret_new (SECRET_FILE, "token-file", file, NULL);
  login.settings.token = login.token;
  login.sasl = imap_sasl_new (&login.settings, &error);

  g_autofree char *first = token_line (&login);
  g_assert_cmpstr (first, ==, "user=user\001auth=Bearer OLD\001\001");
  write_token (file, "NEW\n");
  g_assert_true (login_refused (&login, IMAP_CODE_AUTHENTICATIONFAILED, "expired"));
  write_token (file, "NEWEST\n");
  g_autofree char *second = token_line (&login);
  g_assert_cmpstr (second, ==, "user=user\001auth=Bearer NEW\001\001");
  g_assert_false (login_refused (&login, IMAP_CODE_AUTHENTICATIONFAILED, "expired"));
  login_clear (&login);
  g_unlink (file);
  g_rmdir (directory);
}

static void
test_token_gone (void)
{
  g_autofree char *directory = g_dir_make_tmp ("mailhaul-sasl-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (directory, "token", NULL);
  Login login;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) initial = NULL;
  gboolean has_initial;

  write_token (file, "OLD\n");
  login_init (&login, SECURE, NULL, "AUTH=XOAUTH2");
  imap_sasl_free (login.sasl);
  login.token = secret_new (SECRET_FILE, "token-file", file, NULL);
  login.settings.token = login.token;
  login.sasl = imap_sasl_new (&login.settings, &error);
  g_autofree char *first = token_line (&login);
  g_unlink (file);
  g_assert_false (login_refused (&login, IMAP_CODE_AUTHENTICATIONFAILED, "expired"));
  g_assert_cmpstr (login_next (&login, &error), ==, "XOAUTH2");
  g_assert_false (imap_sasl_start (login.sasl, &has_initial, &initial, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  login_clear (&login);
  g_rmdir (directory);
}

static void
test_password_that_cannot_be_read (void)
{
  Login login;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) initial = NULL;
  gboolean has_initial;

  login_init (&login, SECURE, NULL, "AUTH=PLAIN");
  imap_sasl_free (login.sasl);
  login.password = secret_new (SECRET_TEXT, "password", "", NULL);
  login.settings.password = login.password;
  login.sasl = imap_sasl_new (&login.settings, &error);
  g_assert_cmpstr (login_next (&login, &error), ==, "PLAIN");
  g_assert_false (imap_sasl_start (login.sasl, &has_initial, &initial, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  login_clear (&login);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/sasl-choose/what-is-tried", test_choices);
  g_test_add_func ("/imap/sasl-choose/server-that-takes-tokens-only", test_token_only);
  g_test_add_func ("/imap/sasl-choose/settings-that-make-no-sense",
                   test_settings_that_make_no_sense);
  g_test_add_func ("/imap/sasl-choose/proxyauth-where-no-name-fits", test_proxyauth);
  g_test_add_func ("/imap/sasl-choose/proxyauth-by-plain", test_proxyauth_by_plain);
  g_test_add_func ("/imap/sasl-choose/after-a-refusal", test_refusals);
  g_test_add_func ("/imap/sasl-choose/two-attempts-with-a-password", test_two_attempts);
  g_test_add_func ("/imap/sasl-choose/attempts-end-however-refused", test_attempts_end);
  g_test_add_func ("/imap/sasl-choose/token-renewed-once", test_token_renewed_once);
  g_test_add_func ("/imap/sasl-choose/token-gone", test_token_gone);
  g_test_add_func ("/imap/sasl-choose/password-that-cannot-be-read",
                   test_password_that_cannot_be_read);
  return g_test_run ();
}
