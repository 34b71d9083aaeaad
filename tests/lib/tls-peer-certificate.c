/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Certificates for tests, made in the process: an authority and what it signs, with any
 * names and dates. Keys are of P-256, since those are made in no time. Any thread.
 */
#include "tls-peer.h"

#include <glib/gstdio.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls-peer-private.h"

#define HOUR_S 3600

static void
add_extension (X509 *certificate, int kind, const char *value)
{
  X509_EXTENSION *extension = X509V3_EXT_conf_nid (NULL, NULL, kind, value);
  g_assert_nonnull (extension);
  g_assert_cmpint (X509_add_ext (certificate, extension, -1), ==, 1);
  X509_EXTENSION_free (extension);
}

static void
set_date (ASN1_TIME *date, gint64 offset_s)
{
  g_assert_nonnull (X509_gmtime_adj (date, (long) offset_s));
}

static X509 *
make (const PeerCertificateSpec *spec, EVP_PKEY *key, const PeerCertificate *issuer)
{
  X509 *made = X509_new ();
  X509_NAME *name = X509_get_subject_name (made);
  X509_set_version (made, X509_VERSION_3);
  ASN1_INTEGER_set (X509_get_serialNumber (made),
                    (long) g_random_int_range (1, G_MAXINT));
  X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_UTF8,
                              (const guint8 *) spec->common_name, -1, -1, 0);
  X509_set_issuer_name (
      made, issuer == NULL ? name : X509_get_subject_name (issuer->certificate));
  set_date (X509_getm_notBefore (made), spec->from_s);
  set_date (X509_getm_notAfter (made), spec->until_s == 0 ? HOUR_S : spec->until_s);
  X509_set_pubkey (made, key);
  add_extension (made, NID_basic_constraints,
                 spec->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (spec->names != NULL)
    add_extension (made, NID_subject_alt_name, spec->names);
  int size = X509_sign (made, issuer == NULL ? key : issuer->key, EVP_sha256 ());
  g_assert_cmpint (size, >, 0);
  return made;
}

PeerCertificate *
peer_certificate_new (const PeerCertificateSpec *spec, const PeerCertificate *issuer)
{
  PeerCertificate *self = g_new0 (PeerCertificate, 1);
  g_autoptr (GError) error = NULL;
  self->key = EVP_EC_gen ("P-256");
  g_assert_nonnull (self->key);
  self->certificate = make (spec, self->key, issuer);
  int fd = g_file_open_tmp ("mailhaul-peer-XXXXXX", &self->file, &error);
  g_assert_no_error (error);
  FILE *out = fdopen (fd, "w");
  g_assert_nonnull (out);
  g_assert_cmpint (PEM_write_X509 (out, self->certificate), ==, 1);
  g_assert_cmpint (PEM_write_PrivateKey (out, self->key, NULL, NULL, 0, NULL, NULL), ==,
                   1);
  g_assert_cmpint (fclose (out), ==, 0);
  return self;
}

const char *
peer_certificate_file (const PeerCertificate *self)
{
  return self->file;
}

char *
peer_certificate_fingerprint (const PeerCertificate *self)
{
  guint8 digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  GString *text = g_string_new (NULL);
  g_assert_cmpint (X509_digest (self->certificate, EVP_sha256 (), digest, &length), ==,
                   1);
  for (unsigned int i = 0; i < length; i++)
    g_string_append_printf (text, "%s%02X", i == 0 ? "" : ":", digest[i]);
  return g_string_free (text, FALSE);
}

void
peer_certificate_free (PeerCertificate *self)
{
  if (self == NULL)
    return;
  (void) g_unlink (self->file);
  g_free (self->file);
  X509_free (self->certificate);
  EVP_PKEY_free (self->key);
  g_free (self);
}
