/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Servers that lie in SCRAM: their messages alone, and whole dialogues that must not end
 * in a login. */
#include "sasl.h"

#include <string.h>

#include "base/secret.h"
#include "imap-scram-server.h"
#include "sasl-private.h"

#define NONCE "fyko+d2lbbFgONRv9qkxdawL"

/* ---- Messages ---- */

static const struct
{
  const char *message, *words; /* NULL: honest */
} firsts[] = {
  { "r=" NONCE "3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096", NULL },
  { "r=" NONCE "x,s=QQ==,i=1", NULL },
  { "r=" NONCE "x,s=QQ==,i=1000000", NULL },
  { "r=" NONCE "x,s=QQ==,i=1,future=1", NULL },
  { "r=" NONCE "x,s=QQ==,i=1000001", "1,000,000" },
  { "r=" NONCE "x,s=QQ==,i=4294967297", "1,000,000" },
  { "r=" NONCE "x,s=QQ==,i=99999999999999999999", "not a number" },
  { "r=" NONCE "x,s=QQ==,i=0", "not a number" },
  { "r=" NONCE "x,s=QQ==,i=-1", "not a number" },
  { "r=" NONCE "x,s=QQ==,i=4096x", "not a number" },
  { "r=" NONCE "x,s=QQ==,i=", "not a number" },
  { "r=" NONCE "x,s=QQ==", "iteration count" },
  { "r=" NONCE "x,s=QQ=,i=1", "salt" },
  { "r=" NONCE "x,s=,i=1", "salt" },
  { "r=" NONCE "x,s=====,i=1", "salt" },
  { "r=" NONCE "x,s=Q!==,i=1", "salt" },
  { "r=" NONCE "x,i=4096,s=QQ==", "salt" },
  { "r=" NONCE "x", "salt" },
  { "r=" NONCE ",s=QQ==,i=4096", "adds nothing" },
  { "r=fyko,s=QQ==,i=4096", "does not start" },
  { "r=x" NONCE ",s=QQ==,i=4096", "does not start" },
  { "r=FYKO+d2lbbFgONRv9qkxdawLx,s=QQ==,i=4096", "does not start" },
  { "r=" NONCE "\xc3\xbc,s=QQ==,i=4096", "bytes" },
  { "r=" NONCE " x,s=QQ==,i=4096", "bytes" },
  { "m=ext,r=" NONCE "x,s=QQ==,i=4096", "extension" },
  { "s=QQ==,r=" NONCE "x,i=4096", "nonce" },
  { "e=other-error", "nonce" },
  { "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "nonce" },
  { ",,,", "nonce" },
  { "", "empty" },
};

static void
test_firsts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (firsts); i++)
    {
      g_autoptr (GError) error = NULL;
      HaulBytes message = { (const guint8 *) firsts[i].message,
                            strlen (firsts[i].message) };
      g_test_message ("%u", i);
      gboolean honest = sasl_scram_check_first (message, NONCE, &error);
      g_assert_cmpint (honest, ==, firsts[i].words == NULL);
      if (honest)
        continue;
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
      g_assert_nonnull (strstr (error->message, firsts[i].words));
    }
}

static void
test_nul_bytes (void)
{
  static const char message[] = "r=" NONCE "x,s=QQ==,i=4096\0";
  g_autoptr (GError) error = NULL;
  HaulBytes bytes = { (const guint8 *) message, sizeof message };

  g_assert_false (sasl_scram_check_first (bytes, NONCE, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
}

static void
test_long_messages (void)
{
  g_autofree char *long_text = g_strnfill (5000, 'A');
  g_autofree char *nonce = g_strdup_printf ("r=" NONCE "%s,s=QQ==,i=1", long_text);
  g_autofree char *salt = g_strdup_printf ("r=" NONCE "x,s=%s,i=1", long_text);
  const char *const messages[] = { nonce, salt };

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      g_autoptr (GError) error = NULL;
      HaulBytes bytes = { (const guint8 *) messages[i], strlen (messages[i]) };
      g_assert_false (sasl_scram_check_first (bytes, NONCE, &error));
      g_assert_nonnull (strstr (error->message, "longer than"));
    }
}

static const struct
{
  const char *message;
  gboolean honest;
  const char *words; /* of e=…; NULL: none */
} finals[] = {
  { "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", TRUE, NULL },
  { "e=invalid-proof", TRUE, "invalid-proof" },
  { "e=unknown-user,ext=1", TRUE, "unknown-user" },
  { "e=", FALSE, NULL },
  { "", FALSE, NULL },
  { "V=rmF9pqV8S7suAoZWja4dJRkFsKQ=", FALSE, NULL },
  { "r=x", FALSE, NULL },
};

static void
test_finals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (finals); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *words = NULL;
      HaulBytes message = { (const guint8 *) finals[i].message,
                            strlen (finals[i].message) };
      g_test_message ("%u", i);
      g_assert_cmpint (sasl_scram_check_final (message, &words, &error), ==,
                       finals[i].honest);
      g_assert_cmpstr (words, ==, finals[i].words);
    }
}

/* RFC 6070, and RFC 7914 §11 for SHA-256. */
static void
test_pbkdf2 (void)
{
  static const struct
  {
    GChecksumType hash;
    const char *password, *salt;
    guint iterations;
    const char *expected;
  } vectors[] = {
    { G_CHECKSUM_SHA1, "password", "salt", 1,
      "0c60c80f961f0e71f3a9b524af6012062fe037a6" },
    { G_CHECKSUM_SHA1, "password", "salt", 2,
      "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957" },
    { G_CHECKSUM_SHA1, "password", "salt", 4096,
      "4b007901b765489abead49d926f721d065a429c1" },
    { G_CHECKSUM_SHA256, "passwd", "salt", 1,
      "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      guint8 key[64];
      g_autoptr (GString) text = g_string_new (NULL);
      HaulBytes salt = { (const guint8 *) vectors[i].salt, strlen (vectors[i].salt) };
      sasl_pbkdf2 (vectors[i].hash, vectors[i].password, salt, vectors[i].iterations,
                   key);
      for (gssize j = 0; j < g_checksum_type_get_length (vectors[i].hash); j++)
        g_string_append_printf (text, "%02x", key[j]);
      g_assert_cmpstr (text->str, ==, vectors[i].expected);
    }
}

/* ---- Dialogues ---- */

/* A login that has sent its first message, and the honest server that got it. */
typedef struct
{
  HaulSecret *password;
  ImapSaslSettings settings;
  ImapCapabilities *capabilities;
  ImapSasl *sasl;
  ScramServer server;
  char *challenge; /* the honest server-first-message */
} Dialogue;

static void
dialogue_begin (Dialogue *self)
{
  static const char *const offered[] = { "AUTH=SCRAM-SHA-256", "AUTH=PLAIN" };
  ImapString names[] = { { offered[0], strlen (offered[0]) },
                         { offered[1], strlen (offered[1]) } };
  const char *name;
  gboolean command, has_initial;
  g_autoptr (GBytes) initial = NULL;
  g_autoptr (GError) error = NULL;

  *self = (Dialogue){ .password = secret_new (SECRET_TEXT, "password", "pencil", NULL),
                      .server = { .hash = G_CHECKSUM_SHA256,
                                  .password = "pencil",
                                  .salt_base64 = "QSXCR+Q6sek8bf92",
                                  .nonce = "3rfcNHYJY1ZVvWVs7j",
                                  .iterations = 4,
                                  .header = "n,," } };
  self->settings = (ImapSaslSettings){
    .host = "h", .port = 993, .user = "user", .password = self->password, .secure = TRUE
  };
  self->capabilities = imap_capabilities_new ((ImapStrings){ names, 2 }, FALSE);
  self->sasl = imap_sasl_new (&self->settings, &error);
  g_assert_true (
      imap_sasl_choose (self->sasl, self->capabilities, &name, &command, &error));
  g_assert_true (imap_sasl_start (self->sasl, &has_initial, &initial, &error));
  g_assert_no_error (error);
  gsize length;
  const char *data = g_bytes_get_data (initial, &length);
  g_autofree char *first = g_strndup (data, length);
  self->challenge = scram_server_first (&self->server, first);
}

static void
dialogue_end (Dialogue *self)
{
  imap_sasl_free (self->sasl);
  imap_capabilities_free (self->capabilities);
  secret_free (self->password);
  scram_server_clear (&self->server);
  g_free (self->challenge);
}

/* Sends @message in Base64; the answer as it is, decoded. */
static char *
dialogue_send (Dialogue *self, const char *message, gsize length, GError **error)
{
  g_autofree char *base64 = g_base64_encode ((const guchar *) message, length);
  g_autofree char *line = NULL;

  if (!imap_sasl_step (self->sasl, (ImapString){ base64, strlen (base64) }, &line, error))
    return NULL;
  gsize size;
  g_autofree guchar *bytes = g_base64_decode (line, &size);
  return g_strndup ((const char *) bytes, size);
}

/* The honest last message, after the first has been answered. */
static char *
dialogue_final (Dialogue *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = dialogue_send (self, self->challenge,
                                           strlen (self->challenge), &error);
  char *final = NULL;

  g_assert_no_error (error);
  g_assert_true (scram_server_final (&self->server, answer, &final));
  return final;
}

static void
assert_not_logged_in (Dialogue *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (imap_sasl_finish (self->sasl, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_null (strstr (error->message, "pencil"));
}

static void
test_ok_too_early (void)
{
  Dialogue dialogue;

  dialogue_begin (&dialogue);
  assert_not_logged_in (&dialogue);
  g_autofree char *final = dialogue_final (&dialogue);
  assert_not_logged_in (&dialogue); /* OK instead of v=… */
  dialogue_end (&dialogue);
}

static void
test_wrong_signature (void)
{
  for (guint place = 2; place < 46; place += 7)
    {
      Dialogue dialogue;
      g_autoptr (GError) error = NULL;
      dialogue_begin (&dialogue);
      g_autofree char *final = dialogue_final (&dialogue);
      final[place] = final[place] == 'A' ? 'B' : 'A';
      g_assert_null (dialogue_send (&dialogue, final, strlen (final), &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
      assert_not_logged_in (&dialogue);
      dialogue_end (&dialogue);
    }
}

static void
test_signature_of_another_password (void)
{
  Dialogue dialogue;
  g_autoptr (GError) error = NULL;
  char *final = NULL;

  dialogue_begin (&dialogue);
  g_autofree char *answer = dialogue_send (&dialogue, dialogue.challenge,
                                           strlen (dialogue.challenge), &error);
  dialogue.server.password = "another";
  g_assert_false (scram_server_final (&dialogue.server, answer, &final));
  g_assert_null (dialogue_send (&dialogue, final, strlen (final), &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
  assert_not_logged_in (&dialogue);
  g_free (final);
  dialogue_end (&dialogue);
}

static void
test_error_then_ok (void)
{
  Dialogue dialogue;
  g_autoptr (GError) error = NULL;

  dialogue_begin (&dialogue);
  g_autofree char *final = dialogue_final (&dialogue);
  g_autofree char *answer = dialogue_send (&dialogue, "e=invalid-proof", 15, &error);
  g_assert_cmpstr (answer, ==, "");
  g_assert_null (dialogue_send (&dialogue, final, strlen (final), &error));
  assert_not_logged_in (&dialogue);
  g_clear_error (&error);
  ImapString no = { "Authentication failed", 21 };
  g_assert_false (imap_sasl_refused (dialogue.sasl, "SCRAM-SHA-256",
                                     IMAP_CODE_AUTHENTICATIONFAILED, no, &error));
  g_assert_nonnull (strstr (error->message, "invalid-proof"));
  dialogue_end (&dialogue);
}

static void
test_one_too_many (void)
{
  Dialogue dialogue;
  g_autoptr (GError) error = NULL;

  dialogue_begin (&dialogue);
  g_autofree char *final = dialogue_final (&dialogue);
  g_autofree char *last = dialogue_send (&dialogue, final, strlen (final), &error);
  g_assert_cmpstr (last, ==, "");
  g_assert_null (dialogue_send (&dialogue, final, strlen (final), &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
  dialogue_end (&dialogue);
}

static void
test_challenges_that_are_none (void)
{
  g_autofree char *long_text = g_strnfill (SASL_LIMIT_CHALLENGE_BYTES + 4, 'A');
  const char *const challenges[] = { long_text,  "cj1",
                                     "cj14=",    "c=14",
                                     "cj1=====", "cj14\r\n",
                                     "cj 1",     "*",
                                     "+",        "\xff\xff\xff\xff" };

  for (guint i = 0; i < G_N_ELEMENTS (challenges); i++)
    {
      Dialogue dialogue;
      g_autoptr (GError) error = NULL;
      char *line = NULL;
      ImapString text = { challenges[i], strlen (challenges[i]) };
      dialogue_begin (&dialogue);
      g_test_message ("%u", i);
      g_assert_false (imap_sasl_step (dialogue.sasl, text, &line, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
      g_assert_null (line);
      assert_not_logged_in (&dialogue);
      dialogue_end (&dialogue);
    }
}

/* The nonce of another login. */
static void
test_replay (void)
{
  Dialogue old, dialogue;
  g_autoptr (GError) error = NULL;

  dialogue_begin (&old);
  dialogue_begin (&dialogue);
  g_assert_null (
      dialogue_send (&dialogue, old.challenge, strlen (old.challenge), &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_AUTH);
  g_assert_nonnull (strstr (error->message, "nonce"));
  dialogue_end (&dialogue);
  dialogue_end (&old);
}

/* Honest messages with bytes changed, removed and added: never a login, never a crash. */
static void
test_damaged_messages (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20261124);

  for (guint round = 0; round < 300; round++)
    {
      Dialogue dialogue;
      dialogue_begin (&dialogue);
      gboolean second = g_rand_boolean (rand);
      g_autofree char *honest = second ? dialogue_final (&dialogue)
                                       : g_strdup (dialogue.challenge);
      g_autoptr (GString) message = g_string_new (honest);
      for (gint changes = g_rand_int_range (rand, 1, 4); changes > 0; changes--)
        {
          gint at = g_rand_int_range (rand, 0, (gint) message->len);
          switch (g_rand_int_range (rand, 0, 3))
            {
            case 0:
              message->str[at] = (char) g_rand_int_range (rand, 0, 256);
              break;
            case 1:
              g_string_erase (message, at, 1);
              break;
            default:
              g_string_insert_c (message, at, (char) g_rand_int_range (rand, 0, 256));
              break;
            }
        }
      g_autofree char *answer = dialogue_send (&dialogue, message->str, message->len,
                                               NULL);
      if (memcmp (message->str, honest, MIN (strlen (honest), message->len)) != 0
          || !second)
        assert_not_logged_in (&dialogue);
      dialogue_end (&dialogue);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/sasl-scram/first-messages", test_firsts);
  g_test_add_func ("/imap/sasl-scram/nul-bytes", test_nul_bytes);
  g_test_add_func ("/imap/sasl-scram/long-messages", test_long_messages);
  g_test_add_func ("/imap/sasl-scram/final-messages", test_finals);
  g_test_add_func ("/imap/sasl-scram/pbkdf2-vectors", test_pbkdf2);
  g_test_add_func ("/imap/sasl-scram/ok-without-proof-is-no-login", test_ok_too_early);
  g_test_add_func ("/imap/sasl-scram/wrong-signature", test_wrong_signature);
  g_test_add_func ("/imap/sasl-scram/signature-of-another-password",
                   test_signature_of_another_password);
  g_test_add_func ("/imap/sasl-scram/error-then-ok-is-no-login", test_error_then_ok);
  g_test_add_func ("/imap/sasl-scram/one-message-too-many", test_one_too_many);
  g_test_add_func ("/imap/sasl-scram/challenges-that-are-none",
                   test_challenges_that_are_none);
  g_test_add_func ("/imap/sasl-scram/replay-of-another-login", test_replay);
  g_test_add_func ("/imap/sasl-scram/damaged-messages", test_damaged_messages);
  return g_test_run ();
}
