/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at what a server says in SCRAM before libgsasl does, so that limits and words are
 * ours, and derives keys from passwords that SASLprep refuses. Pure; any thread. */
#include <string.h>

#include "sasl-private.h"

/* A salt is 8 to 64 bytes; nobody has one of a kilobyte. */
#define SALT_LIMIT_BYTES 1024u

/* A nonce is a few dozen characters on both sides. */
#define NONCE_LIMIT_BYTES 4096u

static gboolean
refuse (GError **error, const char *what)
{
  return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                         "log in: the server's side of SCRAM is not honest: %s", what);
}

/* @message as text; NULL if it holds a NUL. */
static char *
message_text (HaulBytes message)
{
  if (message.length == 0 || memchr (message.data, '\0', message.length) != NULL)
    return NULL;
  return g_strndup ((const char *) message.data, message.length);
}

static gboolean
check_nonce (const char *attribute, const char *nonce, GError **error)
{
  if (!g_str_has_prefix (attribute, "r="))
    return refuse (error, "its first message holds no nonce");
  const char *value = attribute + 2;
  if (!g_str_has_prefix (value, nonce))
    return refuse (error, "its nonce does not start with ours");
  if (strlen (value) <= strlen (nonce))
    return refuse (error, "its nonce adds nothing to ours");
  if (strlen (value) > NONCE_LIMIT_BYTES)
    return refuse (error, "its nonce is longer than 4 KiB");
  for (const char *c = value; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      return refuse (error, "its nonce holds bytes that must not be there");
  return TRUE;
}

static gboolean
check_salt (const char *attribute, GError **error)
{
  if (attribute == NULL || !g_str_has_prefix (attribute, "s="))
    return refuse (error, "its first message holds no salt");
  const char *value = attribute + 2;
  gsize length = strlen (value);
  gsize digits = strspn (value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789+/");
  gsize padding = strspn (value + digits, "=");
  if (digits == 0 || digits + padding != length || padding > 2 || length % 4 != 0)
    return refuse (error, "its salt is not Base64");
  if (length > SALT_LIMIT_BYTES)
    return refuse (error, "its salt is longer than 1 KiB");
  return TRUE;
}

static gboolean
check_iterations (const char *attribute, GError **error)
{
  guint64 count;

  if (attribute == NULL || !g_str_has_prefix (attribute, "i="))
    return refuse (error, "its first message holds no iteration count");
  ImapString value = { attribute + 2, strlen (attribute + 2) };
  if (!imap_number_parse (value, &count) || count == 0)
    return refuse (error, "its iteration count is not a number above 0");
  if (count > SASL_LIMIT_ITERATIONS)
    return refuse (error, "it asks for more than 1,000,000 iterations");
  return TRUE;
}

gboolean
sasl_scram_check_first (HaulBytes message, const char *nonce, GError **error)
{
  g_autofree char *text = message_text (message);

  if (text == NULL)
    return refuse (error, "its first message is empty or holds NUL bytes");
  g_auto (GStrv) attributes = g_strsplit (text, ",", -1);
  /* RFC 5802 §5.1: "m=" is an extension that must be understood. */
  if (g_str_has_prefix (attributes[0], "m="))
    return refuse (error, "it demands an extension that nobody knows");
  if (!check_nonce (attributes[0], nonce, error))
    return FALSE;
  if (!check_salt (attributes[1], error))
    return FALSE;
  return check_iterations (attributes[1] == NULL ? NULL : attributes[2], error);
}

gboolean
sasl_scram_check_final (HaulBytes message, char **out_error, GError **error)
{
  g_autofree char *text = message_text (message);

  if (text != NULL && g_str_has_prefix (text, "e=") && text[2] != '\0')
    {
      text[2 + strcspn (text + 2, ",")] = '\0';
      *out_error = g_strdup (text + 2);
      return TRUE;
    }
  if (text == NULL || !g_str_has_prefix (text, "v="))
    return refuse (error, "its last message holds no signature");
  *out_error = NULL;
  return TRUE;
}

char *
sasl_scram_nonce (HaulBytes client_first)
{
  g_autofree char *text = message_text (client_first);
  const char *start = text == NULL ? NULL : strstr (text, ",r=");

  return start == NULL ? NULL : g_strndup (start + 3, strcspn (start + 3, ","));
}

void
sasl_pbkdf2 (GChecksumType hash, const char *password, HaulBytes salt, guint iterations,
             guint8 *out_key)
{
  static const guint8 block[4] = { 0, 0, 0, 1 };
  gsize length = (gsize) g_checksum_type_get_length (hash);
  gsize size = length;
  guint8 round[64];
  GHmac *keyed = g_hmac_new (hash, (const guchar *) password, strlen (password));

  g_assert (length <= sizeof round);
  GHmac *hmac = g_hmac_copy (keyed);
  g_hmac_update (hmac, salt.data, (gssize) salt.length);
  g_hmac_update (hmac, block, sizeof block);
  g_hmac_get_digest (hmac, round, &size);
  g_hmac_unref (hmac);
  memcpy (out_key, round, length);
  for (guint i = 1; i < iterations; i++)
    {
      hmac = g_hmac_copy (keyed);
      g_hmac_update (hmac, round, (gssize) length);
      size = length;
      g_hmac_get_digest (hmac, round, &size);
      g_hmac_unref (hmac);
      for (gsize j = 0; j < length; j++)
        out_key[j] ^= round[j];
    }
  g_hmac_unref (keyed);
  explicit_bzero (round, sizeof round);
}
