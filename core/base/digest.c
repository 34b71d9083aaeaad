/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SHA-256 by OpenSSL's EVP, which uses the processor's own instructions. The method is
 * fetched once per Digest, since fetching costs more than hashing a small message. A
 * Digest belongs to one thread.
 */
#include "digest.h"

#include <openssl/evp.h>

struct _Digest
{
  EVP_MD *method;
  EVP_MD_CTX *context;
};

Digest *
digest_new (void)
{
  Digest *self = g_new0 (Digest, 1);

  self->method = EVP_MD_fetch (NULL, "SHA2-256", NULL);
  self->context = EVP_MD_CTX_new ();
  if (self->method == NULL || self->context == NULL)
    g_error ("OpenSSL has no SHA-256: its configuration must load a provider with it");
  digest_reset (self);
  return self;
}

void
digest_reset (Digest *self)
{
  int done = EVP_DigestInit_ex2 (self->context, self->method, NULL);
  g_assert (done == 1);
}

void
digest_update (Digest *self, const void *data, gsize length)
{
  int done = EVP_DigestUpdate (self->context, data, length);
  g_assert (done == 1);
}

void
digest_finish (Digest *self, guint8 *out)
{
  int done = EVP_DigestFinal_ex (self->context, out, NULL);
  g_assert (done == 1);
}

void
digest_free (Digest *self)
{
  if (self == NULL)
    return;
  EVP_MD_CTX_free (self->context);
  EVP_MD_free (self->method);
  g_free (self);
}
