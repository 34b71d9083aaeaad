/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OpenSSL over a stream. A BIO of our own sends without SIGPIPE and holds what the socket
 * does not take, so that OpenSSL never sees a full socket and a caller need not offer the
 * same bytes twice. Who is trusted: tls-context.c; what went wrong: tls-failure.c. Never
 * waits; the thread of the link's owner.
 */
#include "tls-private.h"

#include <errno.h>
#include <string.h>

#include <openssl/x509v3.h>

/* Sealed records are gathered up to this size before they are sent: one call instead of
 * four, and little that a reset would have to take back. */
#define GATHER_BYTES ((gsize) 64 * 1024)
/* One TLS record; SSL_write() seals no more at once. */
#define RECORD_BYTES ((gsize) 16 * 1024)

/* The most that is held for a socket that takes nothing: what tls_write() seals is far
 * less, but a peer can make OpenSSL answer (key updates) and never read it. */
#define HELD_MAX_BYTES ((gsize) 1024 * 1024)

/* ---- the BIO ---- */

static int
bio_write (BIO *bio, const char *data, size_t length, size_t *out_written)
{
  Tls *self = BIO_get_data (bio);
  BIO_clear_retry_flags (bio);
  if (self->out->len > HELD_MAX_BYTES)
    self->send_errno = ENOBUFS;
  if (self->send_errno == 0)
    g_byte_array_append (self->out, (const guint8 *) data, (guint) length);
  *out_written = length;
  return 1;
}

static void
remember_first (Tls *self, const char *data, gsize length)
{
  gsize room = sizeof self->first - self->first_length;
  gsize taken = MIN (room, length);
  memcpy (self->first + self->first_length, data, taken);
  self->first_length += taken;
}

static int
bio_read (BIO *bio, char *buffer, size_t size, size_t *out_length)
{
  Tls *self = BIO_get_data (bio);
  BIO_clear_retry_flags (bio);
  gssize got = stream_receive (self->stream, buffer, size);
  if (got > 0)
    {
      if (!self->established)
        remember_first (self, buffer, (gsize) got);
      *out_length = (size_t) got;
      return 1;
    }
  if (got == 0)
    self->ended = TRUE;
  else if (errno == EAGAIN || errno == EWOULDBLOCK)
    BIO_set_retry_read (bio);
  else
    self->receive_errno = errno;
  return 0;
}

static long
bio_control (BIO *bio, int command, long number, void *pointer)
{
  Tls *self = BIO_get_data (bio);
  if (command == BIO_CTRL_FLUSH)
    {
      tls_flush (self);
      return 1;
    }
  if (command == BIO_CTRL_EOF)
    return self->ended ? 1 : 0;
  return 0;
}

static int
bio_create (BIO *bio)
{
  BIO_set_init (bio, 1);
  return 1;
}

static BIO *
bio_open (Tls *self)
{
  self->method = BIO_meth_new (BIO_TYPE_SOURCE_SINK, "mailhaul stream");
  if (self->method == NULL || BIO_meth_set_write_ex (self->method, bio_write) != 1
      || BIO_meth_set_read_ex (self->method, bio_read) != 1
      || BIO_meth_set_ctrl (self->method, bio_control) != 1
      || BIO_meth_set_create (self->method, bio_create) != 1)
    return NULL;
  BIO *bio = BIO_new (self->method);
  if (bio != NULL)
    BIO_set_data (bio, self);
  return bio;
}

/* ---- making one ---- */

/* The name that is asked for and must be in the certificate (RFC 6066 §3: no SNI for
 * addresses; RFC 9525: no common name). */
static gboolean
set_host (SSL *ssl, const char *host)
{
  X509_VERIFY_PARAM *param = SSL_get0_param (ssl);
  g_autofree char *bare = g_strndup (host, strcspn (host, "%")); /* fe80::1%eth0 */
  if (g_hostname_is_ip_address (bare))
    return X509_VERIFY_PARAM_set1_ip_asc (param, bare) == 1;
  SSL_set_hostflags (ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS
                              | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return SSL_set1_host (ssl, host) == 1 && SSL_set_tlsext_host_name (ssl, host) == 1;
}

Tls *
tls_new (const TlsRequest *request, const Stream *stream, GError **error)
{
  g_autoptr (Tls) self = g_new0 (Tls, 1);
  self->stream = stream;
  self->peer = request->peer;
  self->host = g_strdup (request->host);
  self->minimum = request->minimum;
  self->upgraded = request->upgraded;
  self->has_certificate = request->certificate_file != NULL;
  self->out = g_byte_array_sized_new (GATHER_BYTES);
  ERR_clear_error ();
  if (!tls_context_open (self, request, error))
    return NULL;
  self->ssl = SSL_new (self->context);
  BIO *bio = self->ssl == NULL ? NULL : bio_open (self);
  if (bio == NULL)
    return tls_fail_inside (self, "make a connection", error), NULL;
  SSL_set_bio (self->ssl, bio, bio);
  SSL_set_connect_state (self->ssl);
  if (self->host != NULL && !set_host (self->ssl, self->host))
    return tls_fail_inside (self, "use the host's name", error), NULL;
  return g_steal_pointer (&self);
}

void
tls_free (Tls *self)
{
  if (self == NULL)
    return;
  SSL_free (self->ssl);
  SSL_CTX_free (self->context);
  BIO_meth_free (self->method);
  tls_verdict_clear (&self->verdict);
  g_clear_pointer (&self->out, g_byte_array_unref);
  g_clear_error (&self->read_failure);
  g_free (self->host);
  g_free (self);
}

/* ---- output ---- */

gboolean
tls_holds_output (const Tls *self)
{
  return self->out->len > self->out_at;
}

void
tls_flush (Tls *self)
{
  while (tls_holds_output (self) && self->send_errno == 0)
    {
      gssize sent = stream_send (self->stream, self->out->data + self->out_at,
                                 self->out->len - self->out_at);
      if (sent >= 0)
        self->out_at += (gsize) sent;
      else if (errno == EAGAIN || errno == EWOULDBLOCK)
        return;
      else
        self->send_errno = errno;
    }
  g_byte_array_set_size (self->out, 0);
  self->out_at = 0;
}

HaulLinkResult
tls_write (Tls *self, const void *data, gsize length, gsize *out_written, GError **error)
{
  tls_flush (self);
  if (self->send_errno != 0)
    return tls_fail_send (self, error), HAUL_LINK_FAILED;
  if (tls_holds_output (self))
    return HAUL_LINK_PENDING;
  gsize done = 0;
  while (done < length && self->out->len < GATHER_BYTES)
    {
      size_t sealed = 0;
      ERR_clear_error ();
      int result = SSL_write_ex (self->ssl, (const guint8 *) data + done,
                                 MIN (length - done, RECORD_BYTES), &sealed);
      if (result != 1 && done == 0)
        return tls_fail_write (self, SSL_get_error (self->ssl, result), error),
               HAUL_LINK_FAILED;
      if (result != 1)
        break;
      done += sealed;
    }
  tls_flush (self);
  if (done == 0)
    return HAUL_LINK_PENDING;
  *out_written = done;
  return HAUL_LINK_DATA;
}

void
tls_finish (Tls *self)
{
  if (!self->established || self->send_errno != 0)
    return;
  ERR_clear_error ();
  (void) SSL_shutdown (self->ssl);
  tls_flush (self);
}

/* ---- input ---- */

gboolean
tls_holds_input (const Tls *self)
{
  return self->read_failure != NULL
         || (!self->starved && SSL_has_pending (self->ssl) == 1);
}

/* OpenSSL may hold a piece of a record: only the attempt to read tells whether it is
 * whole, hence "starved". */
static HaulLinkResult
read_record (Tls *self, void *buffer, gsize size, gsize *out_length)
{
  ERR_clear_error ();
  int result = SSL_read_ex (self->ssl, buffer, size, out_length);
  if (result == 1)
    {
      self->starved = FALSE;
      return HAUL_LINK_DATA;
    }
  int why = SSL_get_error (self->ssl, result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
    {
      self->starved = TRUE;
      return HAUL_LINK_PENDING;
    }
  if (why == SSL_ERROR_ZERO_RETURN)
    return HAUL_LINK_END;
  (void) tls_fail_read (self, why, &self->read_failure);
  return HAUL_LINK_FAILED;
}

HaulLinkResult
tls_read (Tls *self, void *buffer, gsize size, gsize *out_length, GError **error)
{
  gsize total = 0;
  HaulLinkResult result = self->read_failure != NULL ? HAUL_LINK_FAILED : HAUL_LINK_DATA;
  while (result == HAUL_LINK_DATA && total < size)
    {
      gsize got = 0;
      result = read_record (self, (guint8 *) buffer + total, size - total, &got);
      total += result == HAUL_LINK_DATA ? got : 0;
      if (SSL_has_pending (self->ssl) == 0)
        break;
    }
  if (tls_holds_output (self))
    tls_flush (self); /* an answer to a key update */
  if (total > 0)
    {
      *out_length = total;
      return HAUL_LINK_DATA; /* an end or a failure comes again */
    }
  if (result == HAUL_LINK_FAILED)
    g_propagate_error (error, g_error_copy (self->read_failure));
  return result;
}

/* ---- handshake ---- */

TlsStep
tls_handshake (Tls *self, GError **error)
{
  ERR_clear_error ();
  int result = SSL_do_handshake (self->ssl);
  tls_flush (self);
  if (result == 1)
    {
      self->established = TRUE;
      return TLS_DONE;
    }
  int why = SSL_get_error (self->ssl, result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
    return TLS_PENDING;
  return tls_fail_handshake (self, why, error), TLS_FAILED;
}

/* ---- facts ---- */

char *
tls_describe (const Tls *self)
{
  return g_strdup_printf ("%s, %s", SSL_get_version (self->ssl),
                          SSL_get_cipher_name (self->ssl));
}

/* RFC 9266 §4.2: 32 bytes, a context of no length. */
static GBytes *
exporter (const Tls *self)
{
  static const char label[] = "EXPORTER-Channel-Binding";
  guint8 data[32];
  if (SSL_version (self->ssl) != TLS1_3_VERSION
      || SSL_export_keying_material (self->ssl, data, sizeof data, label,
                                     sizeof label - 1, (const guint8 *) "", 0, 1)
             != 1)
    return NULL;
  return g_bytes_new (data, sizeof data);
}

/* RFC 5929 §3: the first Finished message; without the extended master secret (RFC 7627)
 * two connections can be made to have the same. */
static GBytes *
unique (const Tls *self)
{
  guint8 data[EVP_MAX_MD_SIZE];
  if (SSL_version (self->ssl) != TLS1_2_VERSION || SSL_get_extms_support (self->ssl) != 1)
    return NULL;
  gsize length = SSL_session_reused (self->ssl)
                     ? SSL_get_peer_finished (self->ssl, data, sizeof data)
                     : SSL_get_finished (self->ssl, data, sizeof data);
  return length == 0 ? NULL : g_bytes_new (data, MIN (length, sizeof data));
}

GBytes *
tls_channel_binding (const Tls *self, const char *type)
{
  if (!self->established)
    return NULL;
  if (g_str_equal (type, "tls-exporter"))
    return exporter (self);
  if (g_str_equal (type, "tls-unique"))
    return unique (self);
  return NULL;
}
