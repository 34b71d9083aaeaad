/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of a server for people, without the secrets that it may echo. The secrets
 * themselves are not kept: only their length, a sum, and a digest under a key that lives
 * as long as the login. Any thread. */
#include <string.h>

#include "sasl-private.h"

/* A secret of fewer bytes would blot out parts of ordinary words, which tells more than
 * it hides. */
#define SECRET_MINIMUM_BYTES 4u

/* What a person reads of a server's words. */
#define TEXT_LIMIT_BYTES ((gsize) 400)

/* Room for the longest token in its Base64 form behind what is shown. */
#define SEARCH_LIMIT_BYTES ((gsize) 48 * 1024)

void
sasl_digest (const ImapSasl *self, const char *data, gsize length, guint8 out_digest[32])
{
  gsize size = 32;
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, self->key, sizeof self->key);

  g_hmac_update (hmac, (const guchar *) data, (gssize) length);
  g_hmac_get_digest (hmac, out_digest, &size);
  g_hmac_unref (hmac);
}

static guint32
sum_of (const char *data, gsize length)
{
  guint32 sum = 0;

  for (gsize i = 0; i < length; i++)
    sum += (guint8) data[i];
  return sum;
}

static void
remember (ImapSasl *self, const char *secret, gsize length)
{
  SaslTrace trace = { .length = length, .sum = sum_of (secret, length) };

  if (length < SECRET_MINIMUM_BYTES)
    return;
  sasl_digest (self, secret, length, trace.digest);
  for (guint i = 0; i < self->traces->len; i++)
    {
      const SaslTrace *known = &g_array_index (self->traces, SaslTrace, i);
      if (known->length == length
          && memcmp (known->digest, trace.digest, sizeof trace.digest) == 0)
        return;
    }
  g_array_append_val (self->traces, trace);
}

/* The form in a quoted string: with a backslash before " and \. */
static void
remember_quoted (ImapSasl *self, const char *secret, gsize length)
{
  char *quoted = g_malloc (2 * length + 1);
  gsize size = 0;

  for (gsize i = 0; i < length; i++)
    {
      if (secret[i] == '"' || secret[i] == '\\')
        quoted[size++] = '\\';
      quoted[size++] = secret[i];
    }
  remember (self, quoted, size);
  explicit_bzero (quoted, 2 * length + 1);
  g_free (quoted);
}

void
sasl_remember (ImapSasl *self, const char *secret, gsize length)
{
  char *base64 = g_base64_encode ((const guchar *) secret, length);

  remember (self, secret, length);
  remember_quoted (self, secret, length);
  remember (self, base64, strlen (base64));
  haul_secret_free_text (base64);
}

/* Overwrites with NUL bytes what of @text was the secret of @trace. */
static void
blot (const ImapSasl *self, const SaslTrace *trace, const char *text, gsize length,
      char *copy)
{
  guint8 digest[32];
  guint32 sum;

  if (trace->length > length)
    return;
  sum = sum_of (text, trace->length);
  for (gsize at = 0;; at++)
    {
      if (sum == trace->sum)
        {
          sasl_digest (self, text + at, trace->length, digest);
          if (memcmp (digest, trace->digest, sizeof digest) == 0)
            memset (copy + at, '\0', trace->length);
        }
      if (at + trace->length >= length)
        return;
      sum += (guint32) (guint8) text[at + trace->length] - (guint32) (guint8) text[at];
    }
}

/* @copy as text: runs of NUL bytes become "[secret]", what is not text becomes "?". */
static char *
readable (const char *copy, gsize length)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < length && text->len < TEXT_LIMIT_BYTES; i++)
    {
      if (copy[i] != '\0')
        g_string_append_c (text, g_ascii_iscntrl (copy[i]) ? '?' : copy[i]);
      else if (i == 0 || copy[i - 1] != '\0')
        g_string_append (text, "[secret]");
    }
  char *valid = g_utf8_make_valid (text->str, (gssize) text->len);
  g_string_free (text, TRUE);
  return g_strchomp (valid);
}

char *
imap_sasl_redact (const ImapSasl *self, ImapString text)
{
  gsize length = text.data == NULL ? 0 : MIN (text.length, SEARCH_LIMIT_BYTES);

  if (length == 0)
    return g_strdup ("");
  g_autofree char *copy = g_memdup2 (text.data, length);
  for (gsize i = 0; i < length; i++)
    if (copy[i] == '\0')
      copy[i] = '?';
  for (guint i = 0; i < self->traces->len; i++)
    blot (self, &g_array_index (self->traces, SaslTrace, i), text.data, length, copy);
  return readable (copy, length);
}
