/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Peers for tests of the link: a listener on loopback whose connections are served by a
 * function of the test, on a thread of the peer; TLS and certificates by OpenSSL, made
 * while the test runs.
 */
#pragma once

#include <gio/gio.h>

/* ---- certificates ---- */

/* PeerCertificate: a certificate with its key, in files of its own. */
typedef struct _PeerCertificate PeerCertificate;

/* PeerCertificateSpec: what stands in it. */
typedef struct
{
  const char *common_name;
  const char *names; /* "DNS:imap.example,IP:127.0.0.1"; NULL: none */
  gint64 from_s;     /* valid from, relative to now */
  gint64 until_s;    /* valid until, relative to now; 0: for an hour */
  gboolean authority;
} PeerCertificateSpec;

/* peer_certificate_new: signed by @issuer, or by itself when that is NULL. (transfer
 * full) */
PeerCertificate *peer_certificate_new (const PeerCertificateSpec *spec,
                                       const PeerCertificate *issuer);
/* peer_certificate_file: a PEM file with certificate and key. */
const char *peer_certificate_file (const PeerCertificate *self);
/* peer_certificate_fingerprint: "AB:CD:…", SHA-256. (transfer full) */
char *peer_certificate_fingerprint (const PeerCertificate *self);
/* peer_certificate_free: removes the file. Accepts NULL. */
void peer_certificate_free (PeerCertificate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PeerCertificate, peer_certificate_free)

/* ---- one connection, on the peer's thread ---- */

/* PeerSide: the peer's end of a connection; blocks. */
typedef struct _PeerSide PeerSide;

/* PeerTls: how the peer speaks TLS. */
typedef struct
{
  const PeerCertificate *certificate;
  const PeerCertificate *client_authority; /* demands a certificate of it; NULL: none */
  int lowest, highest;                     /* TLS1_2_VERSION, …; 0: OpenSSL's own */
  const char *ciphers;                     /* below TLS 1.3; NULL: OpenSSL's own */
} PeerTls;

/* peer_side_start_tls: the handshake. FALSE: it failed. */
gboolean peer_side_start_tls (PeerSide *self, const PeerTls *tls);
/* peer_side_read: at least one byte; 0: end or failure. */
gsize peer_side_read (PeerSide *self, void *buffer, gsize size);
/* peer_side_line: up to LF, without it; NULL: end. (transfer full) */
char *peer_side_line (PeerSide *self);
/* peer_side_write: all of it. FALSE: the connection is lost. */
gboolean peer_side_write (PeerSide *self, const void *data, gsize length);
/* peer_side_write_halves: one TLS record, whose second half waits for an entry in @go. */
void peer_side_write_halves (PeerSide *self, const void *data, gsize length,
                             GAsyncQueue *go);
/* peer_side_was_reset: the last read ended by a reset. */
gboolean peer_side_was_reset (const PeerSide *self);
/* peer_side_say: the text. */
gboolean peer_side_say (PeerSide *self, const char *text);
/* peer_side_say_plain: past TLS, straight into the socket. */
void peer_side_say_plain (PeerSide *self, const char *text);
/* peer_side_stall: does nothing until the test stops the peer. */
void peer_side_stall (PeerSide *self);
/* peer_side_finish: ends the peer's direction, with close_notify inside TLS. */
void peer_side_finish (PeerSide *self);
/* peer_side_reset: breaks off with a reset. */
void peer_side_reset (PeerSide *self);
/* peer_side_binding: the peer's view of a channel binding, by OpenSSL. (transfer full) */
GBytes *peer_side_binding (PeerSide *self, const char *type);
/* peer_side_server_name: what the client asked for by SNI; NULL: nothing. */
const char *peer_side_server_name (PeerSide *self);
/* peer_side_relay: connects to @port of 127.0.0.1 and passes bytes both ways until an
 * end; what a proxy does. FALSE: could not connect. */
gboolean peer_side_relay (PeerSide *self, guint port);

/* ---- the listener ---- */

/* TlsPeer: listens until it is freed. */
typedef struct _TlsPeer TlsPeer;

/* TlsPeerFunc: serves one connection, which is closed when it returns. */
typedef void (*TlsPeerFunc) (PeerSide *side, gpointer user_data);

/* tls_peer_start: on @address ("127.0.0.1", "::1") and a free port; connections are
 * served one after another. NULL: there is no such address here. (transfer full) */
TlsPeer *tls_peer_start (const char *address, TlsPeerFunc func, gpointer user_data);
/* tls_peer_start_on: the same on that port. */
TlsPeer *tls_peer_start_on (const char *address, guint port, TlsPeerFunc func,
                            gpointer user_data);
/* tls_peer_start_deaf: its queue is full, so that nobody gets an answer. */
TlsPeer *tls_peer_start_deaf (void);
/* tls_peer_port: where it listens. */
guint tls_peer_port (const TlsPeer *self);
/* tls_peer_count: connections served so far. */
guint tls_peer_count (TlsPeer *self);
/* tls_peer_free: breaks off what is open, joins the thread, frees. Accepts NULL. */
void tls_peer_free (TlsPeer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TlsPeer, tls_peer_free)
