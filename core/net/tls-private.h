/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of TLS share: the connection itself, its context, its failures.
 */
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/tls-certificate.h"
#include "net/tls.h"

/* TLS_FIRST_BYTES: of what the peer said first, for the message when it is no TLS: a
 * greeting's beginning. */
#define TLS_FIRST_BYTES 160

struct _Tls
{
  const Stream *stream;
  const char *peer;
  char *host; /* NULL: only the fingerprint counts */
  HaulLinkTlsVersion minimum;
  gboolean has_certificate; /* of our own */
  gboolean upgraded;        /* by STARTTLS */
  SSL_CTX *context;
  SSL *ssl;
  BIO_METHOD *method;
  TlsVerdict verdict;
  gboolean established; /* the handshake is done */

  GByteArray *out; /* sealed, not yet sent */
  gsize out_at;    /* of @out, already sent */
  int send_errno;  /* 0: sending works */

  gboolean starved;  /* what OpenSSL holds is no whole record */
  gboolean ended;    /* the socket's end */
  int receive_errno; /* 0: receiving works */
  GError *read_failure;
  char first[TLS_FIRST_BYTES]; /* what came in first, during the handshake */
  gsize first_length;
};

/* tls_context_open: fills self->context and self->verdict as @request says. FALSE as
 * tls_new(). */
gboolean tls_context_open (Tls *self, const TlsRequest *request, GError **error);

/* Each sets @error from OpenSSL's queue (@why: of SSL_get_error()) and the connection's
 * state, and returns FALSE. */
gboolean tls_fail_inside (const Tls *self, const char *attempt, GError **error);
gboolean tls_fail_handshake (const Tls *self, int why, GError **error);
gboolean tls_fail_read (const Tls *self, int why, GError **error);
gboolean tls_fail_write (const Tls *self, int why, GError **error);
gboolean tls_fail_send (const Tls *self, GError **error);
