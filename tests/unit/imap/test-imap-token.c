/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bearer tokens: what is one, and what servers say when they refuse one. */
#include "token.h"

#include <string.h>

#include "base/secret.h"

static const struct
{
  const char *text, *token, *words; /* token NULL: refused with these words */
} tokens[] = {
  { "ya29.a0Af_x-y.z~1+/=", "ya29.a0Af_x-y.z~1+/=", NULL },
  { "  TOK\r\n", "TOK", NULL },
  { "\n\tTOK", "TOK", NULL },
  { "Bearer TOK", "TOK", NULL },
  { "bearer TOK\n", "TOK", NULL },
  { "Bearer", "Bearer", NULL }, /* who knows */
  { "   \n", NULL, "empty" },
  { "two parts", NULL, "inside" },
  { "two\nlines", NULL, "inside" },
  { "{\"access_token\":\"SECRETVALUE\"}", NULL, "JSON" },
  { "SECRETVALUE\001auth=x", NULL, "bytes" },
  { "SECRETVALUE\x7f", NULL, "bytes" },
  { "SECRETVALUE\xc3\xbc", NULL, "bytes" },
};

static void
test_tokens (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (tokens); i++)
    {
      g_autoptr (GError) error = NULL;
      HaulSecret *secret = secret_new (SECRET_TEXT, "token", tokens[i].text, NULL);
      char *token = imap_bearer_read (secret, &error);
      g_test_message ("%u", i);
      g_assert_cmpstr (token, ==, tokens[i].token);
      if (token == NULL)
        {
          g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
          g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
          g_assert_nonnull (strstr (error->message, tokens[i].words));
          g_assert_null (strstr (error->message, "SECRETVALUE"));
        }
      haul_secret_free_text (token);
      secret_free (secret);
    }
}

static void
test_length (void)
{
  for (guint more = 0; more < 2; more++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = g_strnfill (IMAP_TOKEN_LIMIT_BYTES + more, 'x');
      HaulSecret *secret = secret_new (SECRET_TEXT, "token", text, NULL);
      char *token = imap_bearer_read (secret, &error);
      g_assert_cmpint (token != NULL, ==, more == 0);
      if (more > 0)
        g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
      haul_secret_free_text (token);
      secret_free (secret);
    }
}

static void
test_no_source (void)
{
  g_autoptr (GError) error = NULL;
  HaulSecret *secret = secret_new (SECRET_ENV, "token-env", "MAILHAUL_NO_SUCH_VARIABLE",
                                   NULL);

  g_assert_null (imap_bearer_read (secret, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  secret_free (secret);
}

static const struct
{
  const char *json, *status;
} refusals[] = {
  { "{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/\"}",
    "400" },
  { "{\"status\":\"invalid_token\"}", "invalid_token" },
  { "{\"status\":\"invalid_token\",\"scope\":\"x\",\"openid-configuration\":\"https://h/"
    "\"}",
    "invalid_token" },
  { " { \"status\" : 401 } ", "401" },
  { "{\"schemes\":\"status\",\"status\":\"insufficient_scope\"}", "insufficient_scope" },
  { "{\"x\":{\"status\":\"nested\"}}", "nested" },
  { "{\"error\":\"invalid_grant\",\"error_description\":\"the "
    "\\\"status\\\":\\\"x\\\"\"}",
    "invalid_grant" },
  { "{\"STATUS\":\"upper\"}", "upper" },
  { "{\"status\":\"cut", "cut" },
  { "{\"status\":\"a\001b\"}", "a?b" },
  { "{\"status\":null}", NULL },
  { "{\"status\":", NULL },
  { "{\"status\"", NULL },
  { "{\"status", NULL },
  { "\"\\", NULL },
  { "\\\"status\":1", "1" },
  { "{}", NULL },
  { "", NULL },
  { "not JSON at all", NULL },
};

static void
test_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      /* A copy of exactly that size, for the sanitizer. */
      gsize length = strlen (refusals[i].json);
      g_autofree char *copy = g_memdup2 (refusals[i].json, length);
      ImapString json = { length == 0 ? "" : copy, length };
      g_autofree char *status = imap_bearer_status (json);
      g_test_message ("%s", refusals[i].json);
      g_assert_cmpstr (status, ==, refusals[i].status);
      g_assert_nonnull (imap_bearer_advice (status));
    }
  g_assert_null (imap_bearer_status ((ImapString){ NULL, 0 }));
}

static void
test_long_status (void)
{
  g_autofree char *text = g_strnfill (4096, 'x');
  g_autofree char *json = g_strdup_printf ("{\"status\":\"%s\"}", text);
  g_autofree char *status = imap_bearer_status ((ImapString){ json, strlen (json) });

  g_assert_cmpuint (strlen (status), ==, 64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/token/what-is-a-token", test_tokens);
  g_test_add_func ("/imap/token/length", test_length);
  g_test_add_func ("/imap/token/no-source", test_no_source);
  g_test_add_func ("/imap/token/refusals", test_refusals);
  g_test_add_func ("/imap/token/long-status", test_long_status);
  return g_test_run ();
}
