/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS over a stream, as client. It never waits: its caller does, as tls_holds_output()
 * and the results say. One thread.
 */
#pragma once

#include <mailhaul/link.h>

#include "net/stream.h"

/* Tls: one TLS connection. */
typedef struct _Tls Tls;

/* TlsRequest: whom to trust. Strings are borrowed during tls_new(), but for @peer. */
typedef struct
{
  const char *host; /* ASCII name or address that the certificate must carry; may be NULL
                       with a fingerprint */
  const char *peer; /* "imap.example:993", for messages; stands as long as the Tls */
  const char *ca_file;
  const char *fingerprint;
  const char *certificate_file;
  const char *key_file;
  HaulLinkTlsVersion minimum;
  gboolean upgraded; /* plain text came before: STARTTLS */
} TlsRequest;

/* TlsStep: how far the handshake is. */
typedef enum
{
  TLS_DONE,
  TLS_PENDING, /* wait for bytes (and room, with tls_holds_output()), then go on */
  TLS_FAILED,
} TlsStep;

/*
 * tls_new: @stream must stand as long. Returns: (transfer full), free with tls_free();
 * NULL with HAUL_ERROR_TLS or _CONFIG (account): a file cannot be used, the fingerprint
 * is none, there is no name to verify.
 */
Tls *tls_new (const TlsRequest *request, const Stream *stream, GError **error);

/* tls_handshake: goes on with it. FAILED with HAUL_ERROR_TLS (account) or
 * HAUL_ERROR_NETWORK (session: the connection broke off). */
TlsStep tls_handshake (Tls *self, GError **error);

/* tls_read, tls_write: as haul_link_read() and haul_link_write(), after the handshake.
 * What was written may still be held here: see tls_flush(). */
HaulLinkResult tls_read (Tls *self, void *buffer, gsize size, gsize *out_length,
                         GError **error);
HaulLinkResult tls_write (Tls *self, const void *data, gsize length, gsize *out_written,
                          GError **error);

/* tls_flush: sends what is held, as far as there is room; a failure shows at the next
 * tls_write(). */
void tls_flush (Tls *self);

/* tls_holds_output: sealed bytes wait for room in the socket. */
gboolean tls_holds_output (const Tls *self);

/* tls_holds_input: the next tls_read() can give bytes without any from the socket. */
gboolean tls_holds_input (const Tls *self);

/* tls_finish: says close_notify, as far as there is room. */
void tls_finish (Tls *self);

/* tls_describe: "TLSv1.3, TLS_AES_256_GCM_SHA384". (transfer full) */
char *tls_describe (const Tls *self);

/* tls_channel_binding: as haul_link_channel_binding(). */
GBytes *tls_channel_binding (const Tls *self, const char *type);

/* tls_free: accepts NULL. */
void tls_free (Tls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tls, tls_free)
