/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The settings of a TLS connection: whom to trust, what to show, which versions. A
 * context serves one connection. Errors in what the job says are found here, before a
 * byte is sent. The thread of the link's owner.
 */
#include "tls-private.h"

#include <openssl/pem.h>

#include <mailhaul/error.h>

/* Eight records at one read(2), instead of two calls for each (imap.md §2.7). */
#define READ_BYTES 131072

/* OpenSSL's reason, or (*out_system) what the system said; the queue is emptied. */
static char *
reason (gboolean *out_system)
{
  unsigned long code = 0;
  for (unsigned long next = ERR_get_error (); next != 0; next = ERR_get_error ())
    if (code == 0 || ERR_SYSTEM_ERROR (next))
      code = next;
  *out_system = ERR_SYSTEM_ERROR (code);
  if (*out_system)
    return g_strdup (g_strerror (ERR_GET_REASON (code)));
  const char *text = ERR_reason_error_string (code);
  return g_strdup (text == NULL ? "no reason given" : text);
}

gboolean
tls_fail_inside (const Tls *self, const char *attempt, GError **error)
{
  gboolean from_system = FALSE;
  g_autofree char *why = reason (&from_system);
  return haul_error_set (error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT, "TLS with %s: %s: %s",
                         self->peer, attempt, why);
}

static gboolean
fail_file (const Tls *self, const char *option, const char *file, const char *advice,
           GError **error)
{
  gboolean from_system = FALSE;
  g_autofree char *why = reason (&from_system);
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                         "TLS with %s: read %s '%s': %s%s", self->peer, option, file, why,
                         from_system ? "" : advice);
}

static gboolean
load_trust (Tls *self, const TlsRequest *request, GError **error)
{
  if (request->ca_file == NULL)
    return SSL_CTX_set_default_verify_paths (self->context) == 1
           || tls_fail_inside (self, "read the system's authorities", error);
  /* whoever is in the file is trusted, be it an authority in between or the server's
   * own certificate */
  X509_VERIFY_PARAM_set_flags (SSL_CTX_get0_param (self->context),
                               X509_V_FLAG_PARTIAL_CHAIN);
  return SSL_CTX_load_verify_file (self->context, request->ca_file) == 1
         || fail_file (self, "tls-ca-file", request->ca_file,
                       ": it must hold certificates in PEM form", error);
}

static gboolean
load_pin (Tls *self, const TlsRequest *request, GError **error)
{
  self->verdict.pinned = TRUE;
  return tls_fingerprint_parse (request->fingerprint, self->verdict.pin)
         || haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                            "TLS with %s: tls-fingerprint '%s' is not the 64 hexadecimal "
                            "digits of a SHA-256 (as of openssl x509 -noout -fingerprint "
                            "-sha256)",
                            self->peer, request->fingerprint);
}

/* OpenSSL would ask on the terminal. */
static int
no_passphrase (char *buffer, int size, int writing, void *user_data)
{
  return -1;
}

static gboolean
load_identity (Tls *self, const TlsRequest *request, GError **error)
{
  if (request->certificate_file == NULL && request->key_file == NULL)
    return TRUE;
  if (request->certificate_file == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "TLS with %s: tls-key is given without tls-certificate",
                           self->peer);
  const char *key = request->key_file == NULL ? request->certificate_file
                                              : request->key_file;
  SSL_CTX_set_default_passwd_cb (self->context, no_passphrase);
  if (SSL_CTX_use_certificate_chain_file (self->context, request->certificate_file) != 1)
    return fail_file (self, "tls-certificate", request->certificate_file,
                      ": it must hold a certificate in PEM form", error);
  if (SSL_CTX_use_PrivateKey_file (self->context, key, SSL_FILETYPE_PEM) != 1)
    return fail_file (self, "tls-key", key,
                      ": it must hold the certificate's private key in PEM form, without "
                      "a passphrase",
                      error);
  return TRUE;
}

gboolean
tls_context_open (Tls *self, const TlsRequest *request, GError **error)
{
  if (request->fingerprint == NULL && (request->host == NULL || request->host[0] == '\0'))
    return haul_error_set (
        error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
        "TLS with %s: there is no host name that the certificate could "
        "be held against: give host or tls-fingerprint",
        self->peer);
  self->context = SSL_CTX_new (TLS_client_method ());
  if (self->context == NULL)
    return tls_fail_inside (self, "start OpenSSL", error);
  int lowest = request->minimum == HAUL_LINK_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  if (SSL_CTX_set_min_proto_version (self->context, lowest) != 1)
    return tls_fail_inside (self, "set the lowest version", error);
  SSL_CTX_set_options (self->context, SSL_OP_NO_RENEGOTIATION
                                          | SSL_OP_IGNORE_UNEXPECTED_EOF
                                          | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode (self->context, SSL_MODE_ENABLE_PARTIAL_WRITE
                                       | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                       | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead (self->context, 1);
  SSL_CTX_set_default_read_buffer_len (self->context, READ_BYTES);
  SSL_CTX_set_session_cache_mode (self->context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify (self->context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_cert_verify_callback (self->context, tls_verdict_check, &self->verdict);
  gboolean trusting = request->fingerprint != NULL ? load_pin (self, request, error)
                                                   : load_trust (self, request, error);
  return trusting && load_identity (self, request, error);
}
