/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server's side of SCRAM for tests: slow, plain, and after the letter of RFC 5802 §3.
 * Knows neither SASLprep nor errors. */
#include "imap-scram-server.h"

#include <string.h>

typedef struct
{
  guint8 bytes[64];
  gsize length;
} Digest;

static Digest
hmac (GChecksumType hash, const guint8 *key, gsize key_length, const void *data,
      gsize length)
{
  Digest digest = { .length = sizeof digest.bytes };
  GHmac *state = g_hmac_new (hash, key, key_length);

  g_hmac_update (state, data, (gssize) length);
  g_hmac_get_digest (state, digest.bytes, &digest.length);
  g_hmac_unref (state);
  return digest;
}

static Digest
plain_hash (GChecksumType hash, const Digest *data)
{
  Digest digest = { .length = sizeof digest.bytes };
  g_autoptr (GChecksum) state = g_checksum_new (hash);

  g_checksum_update (state, data->bytes, (gssize) data->length);
  g_checksum_get_digest (state, digest.bytes, &digest.length);
  return digest;
}

/* Hi() of RFC 5802 §2.2. */
static Digest
salted_password (const ScramServer *self)
{
  gsize salt_length;
  g_autofree guint8 *salt = g_base64_decode (self->salt_base64, &salt_length);
  const guint8 *password = (const guint8 *) self->password;
  gsize password_length = strlen (self->password);

  salt = g_realloc (salt, salt_length + 4);
  memcpy (salt + salt_length, "\0\0\0\1", 4);
  Digest round = hmac (self->hash, password, password_length, salt, salt_length + 4);
  Digest result = round;
  for (guint i = 1; i < self->iterations; i++)
    {
      round = hmac (self->hash, password, password_length, round.bytes, round.length);
      for (gsize j = 0; j < result.length; j++)
        result.bytes[j] ^= round.bytes[j];
    }
  return result;
}

char *
scram_server_first (ScramServer *self, const char *client_first)
{
  scram_server_clear (self);
  g_assert_true (g_str_has_prefix (client_first, self->header));
  self->client_first_bare = g_strdup (client_first + strlen (self->header));
  g_auto (GStrv) attributes = g_strsplit (self->client_first_bare, ",", -1);
  g_assert_cmpuint (g_strv_length (attributes), ==, 2);
  g_assert_true (g_str_has_prefix (attributes[0], "n="));
  g_assert_true (g_str_has_prefix (attributes[1], "r="));
  self->user = g_strdup (attributes[0] + 2);
  self->server_first = g_strdup_printf ("%s%s,s=%s,i=%u", attributes[1], self->nonce,
                                        self->salt_base64, self->iterations);
  return g_strdup (self->server_first);
}

gboolean
scram_server_final (ScramServer *self, const char *client_final, char **out_final)
{
  g_auto (GStrv) attributes = g_strsplit (client_final, ",", -1);
  g_assert_cmpuint (g_strv_length (attributes), ==, 3);
  g_autofree char *expected = g_strconcat (
      self->header, self->binding == NULL ? "" : self->binding, NULL);
  g_autofree char *channel = g_base64_encode ((const guchar *) expected,
                                              strlen (expected));
  g_assert_cmpstr (attributes[0] + 2, ==, channel);
  g_assert_true (g_str_has_prefix (self->server_first, attributes[1]));
  g_assert_true (g_str_has_prefix (attributes[2], "p="));

  g_autofree char *message = g_strdup_printf ("%s,%s,%s,%s", self->client_first_bare,
                                              self->server_first, attributes[0],
                                              attributes[1]);
  Digest salted = salted_password (self);
  Digest client_key = hmac (self->hash, salted.bytes, salted.length, "Client Key", 10);
  Digest stored = plain_hash (self->hash, &client_key);
  Digest proof = hmac (self->hash, stored.bytes, stored.length, message,
                       strlen (message));
  for (gsize i = 0; i < proof.length; i++)
    proof.bytes[i] ^= client_key.bytes[i];
  g_autofree char *proof_text = g_base64_encode (proof.bytes, proof.length);

  Digest server_key = hmac (self->hash, salted.bytes, salted.length, "Server Key", 10);
  Digest signature = hmac (self->hash, server_key.bytes, server_key.length, message,
                           strlen (message));
  g_autofree char *signature_text = g_base64_encode (signature.bytes, signature.length);
  *out_final = g_strconcat ("v=", signature_text, NULL);
  return g_str_equal (attributes[2] + 2, proof_text);
}

void
scram_server_clear (ScramServer *self)
{
  g_clear_pointer (&self->client_first_bare, g_free);
  g_clear_pointer (&self->server_first, g_free);
  g_clear_pointer (&self->user, g_free);
}
