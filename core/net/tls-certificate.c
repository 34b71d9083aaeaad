/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Judges the peer's certificate by OpenSSL's rules or by its fingerprint, and says in
 * words what is wrong, what was found and what can be done. All text inside is the
 * peer's: haul_error_set() makes it fit for a line. The thread of the link's owner.
 */
#include "tls-certificate.h"

#include <arpa/inet.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <mailhaul/error.h>

/* Certificates of large hosters carry hundreds of names; a message has 2048 bytes. */
#define NAMES_SHOWN 8
/* The longest name that is shown whole: a DNS name has at most 253 bytes. */
#define NAME_BYTES 253

gboolean
tls_fingerprint_parse (const char *text, guint8 *out_digest)
{
  guint8 digest[TLS_FINGERPRINT_LENGTH] = { 0 };
  gsize digits = 0;
  for (const char *at = text; *at != '\0'; at++)
    {
      if (*at == ':' && digits % 2 == 0)
        continue;
      int value = g_ascii_xdigit_value (*at);
      if (value < 0 || digits == 2 * sizeof digest)
        return FALSE;
      digest[digits / 2] = (guint8) (digest[digits / 2] << 4 | value);
      digits++;
    }
  if (digits != 2 * sizeof digest)
    return FALSE;
  for (gsize i = 0; i < sizeof digest; i++)
    out_digest[i] = digest[i];
  return TRUE;
}

static char *
fingerprint_text (const guint8 *digest)
{
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < TLS_FINGERPRINT_LENGTH; i++)
    g_string_append_printf (text, "%s%02X", i == 0 ? "" : ":", digest[i]);
  return g_string_free (text, FALSE);
}

static gboolean
fingerprint_of (X509 *certificate, guint8 *out_digest)
{
  unsigned int length = 0;
  return X509_digest (certificate, EVP_sha256 (), out_digest, &length) == 1
         && length == TLS_FINGERPRINT_LENGTH;
}

static int
check_pin (TlsVerdict *self)
{
  guint8 digest[TLS_FINGERPRINT_LENGTH] = { 0 };
  gboolean same = self->leaf != NULL && fingerprint_of (self->leaf, digest)
                  && CRYPTO_memcmp (digest, self->pin, sizeof digest) == 0;
  self->code = same ? X509_V_OK : X509_V_ERR_CERT_REJECTED;
  return same ? 1 : 0;
}

static void
keep (X509 **place, X509 *certificate)
{
  X509_free (*place);
  if (certificate != NULL)
    X509_up_ref (certificate);
  *place = certificate;
}

int
tls_verdict_check (X509_STORE_CTX *store, void *verdict)
{
  TlsVerdict *self = verdict;
  keep (&self->leaf, X509_STORE_CTX_get0_cert (store));
  if (self->pinned)
    {
      int trusted = check_pin (self);
      X509_STORE_CTX_set_error (store, self->code);
      return trusted;
    }
  if (X509_verify_cert (store) == 1)
    {
      self->code = X509_V_OK;
      return 1;
    }
  self->code = X509_STORE_CTX_get_error (store);
  if (self->code == X509_V_OK)
    self->code = X509_V_ERR_UNSPECIFIED;
  self->depth = X509_STORE_CTX_get_error_depth (store);
  keep (&self->culprit, X509_STORE_CTX_get_current_cert (store));
  return 0;
}

/* ---- in words ---- */

static char *
name_text (const X509_NAME *name)
{
  g_autoptr (GString) text = g_string_new (NULL);
  BIO *memory = BIO_new (BIO_s_mem ());
  char *bytes = NULL;
  long length = 0;
  if (memory != NULL
      && X509_NAME_print_ex (memory, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB)
             >= 0)
    length = BIO_get_mem_data (memory, &bytes);
  g_string_append_len (text, bytes == NULL ? "" : bytes, MIN (length, NAME_BYTES));
  BIO_free (memory);
  return text->len == 0 ? g_strdup ("(empty)")
                        : g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
date_text (const ASN1_TIME *date)
{
  struct tm parts = { 0 };
  if (date == NULL || ASN1_TIME_to_tm (date, &parts) != 1)
    return g_strdup ("(no date)");
  return g_strdup_printf ("%04d-%02d-%02d %02d:%02d UTC", parts.tm_year + 1900,
                          parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min);
}

/* A NUL inside would hide what follows it: that was an attack once. */
static char *
dns_text (const ASN1_IA5STRING *name)
{
  const char *bytes = (const char *) ASN1_STRING_get0_data (name);
  gsize length = (gsize) CLAMP (ASN1_STRING_length (name), 0, NAME_BYTES);
  g_autoptr (GString) text = g_string_new (NULL);
  for (gsize i = 0; i < length; i++)
    g_string_append_c (text, bytes[i] == '\0' ? '?' : bytes[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
address_text (const ASN1_OCTET_STRING *address)
{
  char text[INET6_ADDRSTRLEN] = "";
  int length = ASN1_STRING_length (address);
  if (length != 4 && length != 16)
    return NULL;
  const char *done = inet_ntop (length == 4 ? AF_INET : AF_INET6,
                                ASN1_STRING_get0_data (address), text, sizeof text);
  return done == NULL ? NULL : g_strdup (text);
}

/* "imap.example", "192.0.2.1"; NULL for names that say nothing here. */
static char *
alternative_text (const GENERAL_NAME *name)
{
  if (name->type == GEN_DNS)
    return dns_text (name->d.dNSName);
  return name->type == GEN_IPADD ? address_text (name->d.iPAddress) : NULL;
}

static char *
alternatives_text (X509 *certificate)
{
  GENERAL_NAMES *names = X509_get_ext_d2i (certificate, NID_subject_alt_name, NULL, NULL);
  GString *text = g_string_new (NULL);
  int count = names == NULL ? 0 : sk_GENERAL_NAME_num (names), shown = 0;
  for (int i = 0; i < count && shown < NAMES_SHOWN; i++)
    {
      g_autofree char *name = alternative_text (sk_GENERAL_NAME_value (names, i));
      if (name == NULL)
        continue;
      g_string_append_printf (text, "%s%s", shown == 0 ? "" : " ", name);
      shown++;
    }
  if (shown == NAMES_SHOWN && count > NAMES_SHOWN)
    g_string_append_printf (text, " and %d more", count - NAMES_SHOWN);
  if (shown == 0)
    g_string_append (text, "(none)");
  GENERAL_NAMES_free (names);
  return g_string_free (text, FALSE);
}

/* "subject …, names …, …": for a person who has to decide whether to trust it. */
static char *
certificate_text (X509 *certificate)
{
  if (certificate == NULL)
    return g_strdup ("no certificate");
  guint8 digest[TLS_FINGERPRINT_LENGTH] = { 0 };
  (void) fingerprint_of (certificate, digest);
  g_autofree char *subject = name_text (X509_get_subject_name (certificate));
  g_autofree char *issuer = name_text (X509_get_issuer_name (certificate));
  g_autofree char *names = alternatives_text (certificate);
  g_autofree char *from = date_text (X509_get0_notBefore (certificate));
  g_autofree char *until = date_text (X509_get0_notAfter (certificate));
  g_autofree char *fingerprint = fingerprint_text (digest);
  return g_strdup_printf ("subject %s, names %s, issuer %s, valid from %s until %s, "
                          "SHA-256 fingerprint %s",
                          subject, names, issuer, from, until, fingerprint);
}

/* A code of OpenSSL, what it means here, and what mends it. */
typedef struct
{
  int code;
  const char *wrong;
  gboolean with_host; /* the name asked for follows */
  const char *advice;
} Explanation;

#define PIN_ADVICE                                                                       \
  "after asking the server's owner for the fingerprint, trust exactly this certificate " \
  "by tls-fingerprint"
#define TRUST_ADVICE "give the authority's certificate as tls-ca-file, or, " PIN_ADVICE
#define NAME_ADVICE  "give a host by whose name it goes, or, " PIN_ADVICE
#define CLOCK_ADVICE                                                                     \
  "if this machine's clock is right, the server needs another certificate, "             \
  "or, " PIN_ADVICE " whatever its date"
#define NOT_TRUSTED "comes from an authority that is not trusted"

static const Explanation explanations[] = {
  { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
    "is signed by itself and by no trusted authority", FALSE, TRUST_ADVICE },
  { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, NOT_TRUSTED, FALSE, TRUST_ADVICE },
  { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
    NOT_TRUSTED " (or the server does not send the certificates in between)", FALSE,
    TRUST_ADVICE },
  { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, NOT_TRUSTED, FALSE, TRUST_ADVICE },
  { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, NOT_TRUSTED, FALSE, TRUST_ADVICE },
  { X509_V_ERR_CERT_HAS_EXPIRED, "has expired", FALSE, CLOCK_ADVICE },
  { X509_V_ERR_CERT_NOT_YET_VALID, "is not yet valid", FALSE, CLOCK_ADVICE },
  { X509_V_ERR_HOSTNAME_MISMATCH, "does not carry the name ", TRUE, NAME_ADVICE },
  { X509_V_ERR_IP_ADDRESS_MISMATCH, "does not carry the address ", TRUE, NAME_ADVICE },
};

static const Explanation *
explain (int code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (explanations); i++)
    if (explanations[i].code == code)
      return &explanations[i];
  return NULL;
}

static gboolean
report_pin (const TlsVerdict *self, const char *peer, const char *found, GError **error)
{
  g_autofree char *expected = fingerprint_text (self->pin);
  return haul_error_set (
      error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
      "TLS with %s: the server shows another certificate than tls-fingerprint %s: found "
      "%s: if the server's owner has renewed it, give the new fingerprint",
      peer, expected, found);
}

/* " (it is … here)" where the clock matters. */
static char *
now_text (int code)
{
  if (code != X509_V_ERR_CERT_HAS_EXPIRED && code != X509_V_ERR_CERT_NOT_YET_VALID)
    return g_strdup ("");
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  return g_date_time_format (now, " (it is %Y-%m-%d %H:%M UTC here)");
}

/* " of the authority …": when another certificate than the server's own is wrong. A
 * missing issuer is said of the server's, whichever link of the chain lacks it. */
static char *
culprit_text (const TlsVerdict *self)
{
  if (self->depth == 0 || self->culprit == NULL
      || (self->code != X509_V_ERR_CERT_HAS_EXPIRED
          && self->code != X509_V_ERR_CERT_NOT_YET_VALID))
    return g_strdup ("");
  g_autofree char *name = name_text (X509_get_subject_name (self->culprit));
  g_autofree char *from = date_text (X509_get0_notBefore (self->culprit));
  g_autofree char *until = date_text (X509_get0_notAfter (self->culprit));
  return g_strdup_printf (" of the authority %s (valid from %s until %s)", name, from,
                          until);
}

gboolean
tls_verdict_report (const TlsVerdict *self, const char *peer, const char *host,
                    GError **error)
{
  g_autofree char *found = certificate_text (self->leaf);
  if (self->pinned)
    return report_pin (self, peer, found, error);
  const Explanation *known = explain (self->code);
  g_autofree char *culprit = culprit_text (self);
  g_autofree char *now = now_text (self->code);
  return haul_error_set (error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                         "TLS with %s: the certificate%s %s%s%s%s: found %s: %s", peer,
                         culprit, known == NULL ? "is not accepted: " : "",
                         known == NULL ? X509_verify_cert_error_string (self->code)
                                       : known->wrong,
                         known != NULL && known->with_host ? host : "", now, found,
                         known == NULL ? PIN_ADVICE : known->advice);
}

void
tls_verdict_clear (TlsVerdict *self)
{
  g_clear_pointer (&self->leaf, X509_free);
  g_clear_pointer (&self->culprit, X509_free);
}
