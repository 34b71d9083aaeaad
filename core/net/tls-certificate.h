/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The peer's certificate: whether it is the right one, and in words why not.
 */
#pragma once

#include <gio/gio.h>
#include <openssl/x509_vfy.h>

/* TLS_FINGERPRINT_LENGTH: SHA-256. */
#define TLS_FINGERPRINT_LENGTH 32

/* TlsVerdict: what was found of the peer. Zeroed at first; one thread. */
typedef struct
{
  gboolean pinned; /* only @pin counts */
  guint8 pin[TLS_FINGERPRINT_LENGTH];
  int code;      /* X509_V_OK, or the first thing that is wrong */
  int depth;     /* of @culprit: 0 is the peer's own */
  X509 *leaf;    /* what the peer showed; owned */
  X509 *culprit; /* the certificate that is wrong; owned */
} TlsVerdict;

/* tls_fingerprint_parse: 64 hex digits, colons allowed; FALSE: it is none. */
gboolean tls_fingerprint_parse (const char *text, guint8 *out_digest);

/* tls_verdict_check: the callback of SSL_CTX_set_cert_verify_callback(), for a TlsVerdict
 * as @verdict. Returns 1 when the peer may be trusted. */
int tls_verdict_check (X509_STORE_CTX *store, void *verdict);

/* tls_verdict_report: sets @error (HAUL_ERROR_TLS, account) from a verdict that is not
 * X509_V_OK: what is wrong with the certificate of @peer, that had to be @host's, what
 * was found, and which option mends it. Returns FALSE. */
gboolean tls_verdict_report (const TlsVerdict *self, const char *peer, const char *host,
                             GError **error);

/* tls_verdict_clear: frees what is inside. */
void tls_verdict_clear (TlsVerdict *self);
