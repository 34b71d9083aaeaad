/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dialogues of a login, against the vectors of the RFCs and against servers that lie.
 */
#include "sasl.h"

#include <string.h>

#include "base/secret.h"
#include "imap-scram-server.h"
#include "sasl-private.h"

/* One login under test. */
typedef struct
{
  ImapSaslSettings settings;
  HaulSecret *password, *token;
  ImapCapabilities *capabilities;
  ImapSasl *sasl;
  const char *mechanisms[2];
  const char *binding_type, *binding_data; /* what the channel has */
} Login;

static GBytes *
binding (const char *type, gpointer data)
{
  const Login *login = data;

  return g_strcmp0 (type, login->binding_type) == 0
             ? g_bytes_new (login->binding_data, strlen (login->binding_data))
             : NULL;
}

static void
login_init (Login *self, const char *user, const char *password)
{
  *self = (Login){
    .settings = { .host = "imap.example.com", .port = 993, .user = user, .secure = TRUE }
  };
  if (password != NULL)
    self->password = secret_new (SECRET_TEXT, "password", password, NULL);
  self->settings.password = self->password;
}

/* Begins @mechanism ("SCRAM-SHA-1"), which the server offers together with @also. */
static void
login_begin (Login *self, const char *mechanism, const char *also)
{
  g_autofree char *name = g_strconcat ("AUTH=", mechanism, NULL);
  ImapString names[] = { { name, strlen (name) }, { also, strlen (also) } };
  const char *chosen;
  gboolean command;
  g_autoptr (GError) error = NULL;

  self->settings.binding = binding;
  self->settings.binding_data = self;
  self->capabilities = imap_capabilities_new ((ImapStrings){ names, 2 }, FALSE);
  if (self->settings.mechanisms == NULL)
    {
      self->mechanisms[0] = mechanism;
      self->settings.mechanisms = self->mechanisms;
    }
  self->sasl = imap_sasl_new (&self->settings, &error);
  g_assert_no_error (error);
  g_assert_true (
      imap_sasl_choose (self->sasl, self->capabilities, &chosen, &command, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (chosen, ==, mechanism);
  g_assert_false (command);
}

static void
login_clear (Login *self)
{
  g_clear_pointer (&self->sasl, imap_sasl_free);
  g_clear_pointer (&self->capabilities, imap_capabilities_free);
  secret_free (self->password);
  secret_free (self->token);
}

/* The initial response as Base64; NULL: there is none. */
static char *
login_initial (Login *self)
{
  g_autoptr (GBytes) initial = NULL;
  g_autoptr (GError) error = NULL;
  gboolean has_initial;

  g_assert_true (imap_sasl_start (self->sasl, &has_initial, &initial, &error));
  g_assert_no_error (error);
  if (!has_initial)
    return NULL;
  gsize length;
  const guchar *data = g_bytes_get_data (initial, &length);
  return g_base64_encode (data, length);
}

/* Answers @challenge, given as it is. */
static char *
login_step_raw (Login *self, const char *challenge, GError **error)
{
  char *line = NULL;
  ImapString text = { challenge, strlen (challenge) };

  return imap_sasl_step (self->sasl, text, &line, error) ? line : NULL;
}

/* The same for a challenge that is encoded first; the answer is decoded. */
static char *
login_step (Login *self, const char *challenge, GError **error)
{
  g_autofree char *base64 = g_base64_encode ((const guchar *) challenge,
                                             strlen (challenge));
  g_autofree char *line = login_step_raw (self, base64, error);

  if (line == NULL)
    return NULL;
  gsize length;
  g_autofree guchar *bytes = g_base64_decode (line, &length);
  return g_strndup ((const char *) bytes, length);
}

static void
assert_refused (gpointer result, GError *error, const char *words)
{
  g_assert_null (result);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_nonnull (strstr (error->message, words));
}

/* ---- Mechanisms of one line ---- */

static const struct
{
  const char *mechanism, *user, *auth_user, *password, *token, *expected;
} initials[] = {
  { "PLAIN", "user1", NULL, "secret", NULL, "AHVzZXIxAHNlY3JldA==" },
  { "PLAIN", "user1", "admin", "secret", NULL, "dXNlcjEAYWRtaW4Ac2VjcmV0" },
  { "PLAIN", "u*master", NULL, "a b\"\\", NULL, "AHUqbWFzdGVyAGEgYiJc" },
  { "PLAIN", "j\xc3\xbcrgen", NULL, "gr\xc3\xbc\xc3\x9f", NULL, "AGrDvHJnZW4AZ3LDvMOf" },
  { "XOAUTH2", "u@example.com", NULL, NULL, "TOK",
    "dXNlcj11QGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIFRPSwEB" },
  { "XOAUTH2", "u@example.com", "admin", NULL, " Bearer TOK\r\n",
    "dXNlcj11QGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIFRPSwEB" },
  { "OAUTHBEARER", "u@example.com", NULL, NULL, "TOK",
    "bixhPXVAZXhhbXBsZS5jb20sAWhvc3Q9aW1hcC5leGFtcGxlLmNvbQFwb3J0PTk5MwFhdXRoPUJlYXJlciBU"
    "T0sBAQ==" },
  { "EXTERNAL", "tim", NULL, NULL, NULL, "dGlt" },
  { "EXTERNAL", "tim", "admin", NULL, NULL, "dGlt" },
};

static void
test_initials (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (initials); i++)
    {
      Login login;
      g_test_message ("%s %s", initials[i].mechanism, initials[i].user);
      login_init (&login, initials[i].user, initials[i].password);
      login.settings.auth_user = initials[i].auth_user;
      login.settings.has_client_certificate = TRUE;
      if (initials[i].token != NULL)
        login.token = secret_new (SECRET_TEXT, "token", initials[i].token, NULL);
      login.settings.token = login.token;
      login_begin (&login, initials[i].mechanism, "ID");
      g_autofree char *line = login_initial (&login);
      g_autoptr (GError) error = NULL;
      g_assert_cmpstr (line, ==, initials[i].expected);
      g_assert_true (imap_sasl_finish (login.sasl, &error));
      login_clear (&login);
    }
}

static void
test_oauthbearer_escapes (void)
{
  Login login;

  login_init (&login, "a,b=c", NULL);
  login.token = secret_new (SECRET_TEXT, "token", "T", NULL);
  login.settings.token = login.token;
  login_begin (&login, "OAUTHBEARER", "ID");
  g_autofree char *line = login_initial (&login);
  gsize length;
  g_autofree guchar *bytes = g_base64_decode (line, &length);
  g_assert_true (g_str_has_prefix ((const char *) bytes, "n,a=a=2Cb=3Dc,\001host="));
  login_clear (&login);
}

static void
test_cram_md5 (void)
{
  Login login;
  g_autoptr (GError) error = NULL;

  login_init (&login, "tim", "tanstaaftanstaaf");
  login_begin (&login, "CRAM-MD5", "ID");
  g_assert_null (login_initial (&login));
  g_autofree char *line = login_step_raw (
      &login, "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
  g_autofree char *again = login_step_raw (&login, "PDE+", &error);
  assert_refused (again, error, "once more than it may");
  login_clear (&login);
}

static void
test_login_ignores_prompts (void)
{
  static const char *const prompts[][2] = { { "VXNlcm5hbWU6", "UGFzc3dvcmQ6" },
                                            { "", "" },
                                            { "Username:", "Enter your secret!" } };

  for (guint i = 0; i < G_N_ELEMENTS (prompts); i++)
    {
      Login login;
      g_autoptr (GError) error = NULL;
      login_init (&login, "tim", "se cret");
      login_begin (&login, "LOGIN", "ID");
      g_assert_null (login_initial (&login));
      g_autofree char *user = login_step_raw (&login, prompts[i][0], &error);
      g_assert_cmpstr (user, ==, "dGlt");
      g_autofree char *password = login_step_raw (&login, prompts[i][1], &error);
      g_assert_cmpstr (password, ==, "c2UgY3JldA==");
      g_autofree char *more = login_step_raw (&login, "", &error);
      assert_refused (more, error, "once more than it may");
      login_clear (&login);
    }
}

static void
test_plain_answers_once (void)
{
  Login login;
  g_autoptr (GError) error = NULL;

  login_init (&login, "tim", "secret");
  login_begin (&login, "PLAIN", "ID");
  g_autofree char *line = login_initial (&login);
  g_autofree char *more = login_step_raw (&login, "", &error);
  assert_refused (more, error, "once more than it may");
  login_clear (&login);
}

static const struct
{
  const char *mechanism, *challenge, *answer, *status;
} token_refusals[] = {
  { "XOAUTH2",
    "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xl"
    "LmNvbS8ifQ==",
    "", "400" },
  { "XOAUTH2", "not base64!", "", NULL },
  { "XOAUTH2", "", "", NULL },
  { "OAUTHBEARER", "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=", "AQ==", "invalid_token" },
  { "OAUTHBEARER", "", "AQ==", NULL },
};

static void
test_token_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (token_refusals); i++)
    {
      Login login;
      g_autoptr (GError) error = NULL;
      login_init (&login, "u", NULL);
      login.token = secret_new (SECRET_TEXT, "token", "TOK", NULL);
      login.settings.token = login.token;
      login_begin (&login, token_refusals[i].mechanism, "ID");
      g_autofree char *initial = login_initial (&login);
      g_autofree char *line = login_step_raw (&login, token_refusals[i].challenge,
                                              &error);
      g_assert_no_error (error);
      g_assert_cmpstr (line, ==, token_refusals[i].answer);
      g_assert_cmpstr (imap_sasl_token_status (login.sasl), ==, token_refusals[i].status);
      g_autofree char *more = login_step_raw (&login, "", &error);
      assert_refused (more, error, "one too many");
      g_clear_error (&error);
      g_assert_false (imap_sasl_finish (login.sasl, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
      login_clear (&login);
    }
}

/* ---- SCRAM ---- */

static const struct
{
  GChecksumType hash;
  const char *first, *salt, *nonce, *header, *final, *signature;
} scram_vectors[] = {
  { G_CHECKSUM_SHA1, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", "QSXCR+Q6sek8bf92",
    "3rfcNHYJY1ZVvWVs7j", "n,,",
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
  { G_CHECKSUM_SHA256, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    "W22ZaJ0SNY7soEsUEjb6gQ==", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "n,,",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
};

/* The server that the client is held against is itself held to the RFCs. */
static void
test_scram_server_vectors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (scram_vectors); i++)
    {
      ScramServer server = { .hash = scram_vectors[i].hash,
                             .password = "pencil",
                             .salt_base64 = scram_vectors[i].salt,
                             .nonce = scram_vectors[i].nonce,
                             .iterations = 4096,
                             .header = scram_vectors[i].header };
      g_autofree char *first = scram_server_first (&server, scram_vectors[i].first);
      g_autofree char *final = NULL;
      g_assert_true (scram_server_final (&server, scram_vectors[i].final, &final));
      g_assert_cmpstr (final, ==, scram_vectors[i].signature);
      scram_server_clear (&server);
    }
}

static const struct
{
  const char *mechanism, *user, *auth_user, *password;
  const char *stored; /* the password as the server prepared it */
  const char *also;   /* what else is offered */
  const char *binding_type;
  const char *header, *name;
} scram_logins[] = {
  { "SCRAM-SHA-1", "user", NULL, "pencil", "pencil", "ID", NULL, "n,,", "user" },
  { "SCRAM-SHA-256", "user", NULL, "pencil", "pencil", "ID", NULL, "n,,", "user" },
  { "SCRAM-SHA-256", "a,b=c", NULL, "p,=w \"\\", "p,=w \"\\", "ID", NULL, "n,,",
    "a=2Cb=3Dc" },
  { "SCRAM-SHA-256", "user", "admin", "pencil", "pencil", "ID", NULL, "n,a=user,",
    "admin" },
  /* RFC 4013 §3: soft hyphen goes, ª becomes a, ROMAN NUMERAL NINE becomes IX. */
  { "SCRAM-SHA-256", "user", NULL, "I\xc2\xadX", "IX", "ID", NULL, "n,,", "user" },
  { "SCRAM-SHA-1", "user", NULL, "\xc2\xaa\xe2\x85\xa8", "aIX", "ID", NULL, "n,,",
    "user" },
  { "SCRAM-SHA-256", "user", NULL, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "ID", NULL,
    "n,,", "user" },
  /* SASLprep refuses a tab and what is not UTF-8: as they are. */
  { "SCRAM-SHA-256", "user", NULL, "a\tb", "a\tb", "ID", NULL, "n,,", "user" },
  { "SCRAM-SHA-1", "user", NULL, "\xfc\xdf", "\xfc\xdf", "ID", NULL, "n,,", "user" },
  /* Unicode 3.2 did not have it. */
  { "SCRAM-SHA-256", "user", NULL, "\xf0\x9f\x90\xb4", "\xf0\x9f\x90\xb4", "ID", NULL,
    "n,,", "user" },
  { "SCRAM-SHA-256-PLUS", "user", NULL, "pencil", "pencil", "AUTH=SCRAM-SHA-256",
    "tls-exporter", "p=tls-exporter,,", "user" },
  { "SCRAM-SHA-1-PLUS", "user", NULL, "pencil", "pencil", "ID", "tls-unique",
    "p=tls-unique,,", "user" },
  { "SCRAM-SHA-256-PLUS", "user", "admin", "pencil", "pencil", "ID", "tls-exporter",
    "p=tls-exporter,a=user,", "admin" },
  /* Without -PLUS the channel is not mentioned. */
  { "SCRAM-SHA-256", "user", NULL, "pencil", "pencil", "AUTH=SCRAM-SHA-256-PLUS",
    "tls-exporter", "n,,", "user" },
};

static void
run_scram (guint i)
{
  ScramServer server = { .hash = strstr (scram_logins[i].mechanism, "256") != NULL
                                     ? G_CHECKSUM_SHA256
                                     : G_CHECKSUM_SHA1,
                         .password = scram_logins[i].stored,
                         .salt_base64 = "QSXCR+Q6sek8bf92",
                         .nonce = "3rfcNHYJY1ZVvWVs7j",
                         .iterations = 16,
                         .header = scram_logins[i].header };
  Login login;
  g_autoptr (GError) error = NULL;

  g_test_message ("%u %s", i, scram_logins[i].mechanism);
  login_init (&login, scram_logins[i].user, scram_logins[i].password);
  login.settings.auth_user = scram_logins[i].auth_user;
  login.binding_type = scram_logins[i].binding_type;
  login.binding_data = "channel data";
  if (server.header[0] == 'p')
    server.binding = login.binding_data;
  login_begin (&login, scram_logins[i].mechanism, scram_logins[i].also);
  g_autofree char *initial = login_initial (&login);
  gsize length;
  g_autofree char *first = (char *) g_base64_decode (initial, &length);
  g_autofree char *first_text = g_strndup (first, length);
  g_autofree char *challenge = scram_server_first (&server, first_text);
  g_assert_cmpstr (server.user, ==, scram_logins[i].name);
  g_autofree char *answer = login_step (&login, challenge, &error);
  g_assert_no_error (error);
  g_autofree char *final = NULL;
  g_assert_true (scram_server_final (&server, answer, &final));
  g_autofree char *last = login_step (&login, final, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (last, ==, "");
  g_assert_true (imap_sasl_finish (login.sasl, &error));
  g_assert_no_error (error);
  scram_server_clear (&server);
  login_clear (&login);
}

static void
test_scram_logins (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (scram_logins); i++)
    run_scram (i);
}

/* libgssapi loses 16 bytes when there is no ticket; LeakSanitizer asks for this. */
const char *__lsan_default_suppressions (void);

const char *
__lsan_default_suppressions (void)
{
  return "leak:libgssapi_krb5";
}

/* Without a ticket: said clearly, and before anything is sent. */
static void
test_gssapi_without_ticket (void)
{
  Login login;
  g_autoptr (GBytes) initial = NULL;
  g_autoptr (GError) error = NULL;
  gboolean has_initial;

  g_setenv ("KRB5_CONFIG", "/dev/null", TRUE);
  g_setenv ("KRB5CCNAME", "FILE:/nonexistent/mailhaul", TRUE);
  login_init (&login, "user", NULL);
  login_begin (&login, "GSSAPI", "ID");
  g_assert_false (imap_sasl_start (login.sasl, &has_initial, &initial, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
  g_assert_nonnull (strstr (error->message, "Kerberos ticket"));
  login_clear (&login);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/sasl/initial-responses-are-the-rfcs", test_initials);
  g_test_add_func ("/imap/sasl/names-of-gs2-are-escaped", test_oauthbearer_escapes);
  g_test_add_func ("/imap/sasl/cram-md5-is-the-rfcs", test_cram_md5);
  g_test_add_func ("/imap/sasl/login-ignores-prompts", test_login_ignores_prompts);
  g_test_add_func ("/imap/sasl/plain-answers-once", test_plain_answers_once);
  g_test_add_func ("/imap/sasl/refused-token-ends-the-dialogue", test_token_refusals);
  g_test_add_func ("/imap/sasl/scram-vectors-of-the-rfcs", test_scram_server_vectors);
  g_test_add_func ("/imap/sasl/scram-logs-in", test_scram_logins);
  g_test_add_func ("/imap/sasl/gssapi-without-a-ticket", test_gssapi_without_ticket);
  return g_test_run ();
}
