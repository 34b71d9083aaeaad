/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A non-blocking byte stream to a peer: TCP, TLS over it, or a command's standard input
 * and output. A link belongs to one session's thread. Its private GMainContext is the
 * only place where that thread waits: haul_link_wait().
 */
#pragma once

#include <gio/gio.h>

#include <mailhaul/error.h>

G_BEGIN_DECLS

/* HaulLink: one connection; opaque. */
typedef struct _HaulLink HaulLink;

/* HaulLinkTlsVersion: the lowest protocol version that is accepted. */
typedef enum
{
  HAUL_LINK_TLS_1_2 = 0,
  HAUL_LINK_TLS_1_3 = 1,
} HaulLinkTlsVersion;

/*
 * HaulLinkOptions: where to connect and whom to trust. Strings are borrowed until
 * haul_link_close(); NULL means not given.
 *
 * @host, @port: the peer; also the name that its certificate must carry (RFC 9525).
 * @tunnel: a command line for /bin/sh whose standard input and output are the stream;
 * then @host is only the name for TLS and messages.
 * @proxy: "socks5://host:port", "socks4://host:port", "http://host:port" (CONNECT), each
 * with "user:password@" where wanted; "direct://": none; NULL: the system's resolver
 * decides.
 * @implicit_tls: TLS from the first byte; else plain until haul_link_start_tls().
 * @tls_ca_file: PEM file of the trusted authorities instead of the system's store.
 * @tls_fingerprint: SHA-256 of the leaf certificate (DER) in hex, colons allowed: exactly
 * this certificate is trusted, whatever its name, date or issuer.
 * @tls_certificate_file, @tls_key_file: PEM files of a client certificate.
 * @connect_timeout_us: for name lookup, connecting, proxy and TLS handshake, each.
 * @cancellable: cancelled: every call ends soon with G_IO_ERROR_CANCELLED.
 */
typedef struct
{
  gsize struct_size;
  const char *host;
  guint port;
  const char *tunnel;
  const char *proxy;
  gboolean implicit_tls;
  const char *tls_ca_file;
  const char *tls_fingerprint;
  const char *tls_certificate_file;
  const char *tls_key_file;
  HaulLinkTlsVersion tls_minimum;
  gint64 connect_timeout_us;
  GCancellable *cancellable;
} HaulLinkOptions;

/* HaulLinkResult: the answer of a read or write that never blocks. */
typedef enum
{
  HAUL_LINK_DATA = 0,    /* at least one byte was moved */
  HAUL_LINK_PENDING = 1, /* nothing can be moved right now */
  HAUL_LINK_END = 2,     /* the peer has closed (read only) */
  HAUL_LINK_FAILED = 3,  /* the link is broken; @error is set */
} HaulLinkResult;

/*
 * haul_link_open: connects, racing both address families (RFC 8305), and does the TLS
 * handshake if @options ask for it. Blocks, at most the time-outs. Returns: (transfer
 * full); NULL with HAUL_ERROR_NETWORK, _TIMEOUT (session), _TLS (account: the peer is not
 * who it should be, or a file of the options cannot be used), _CONFIG (account: the
 * options make no sense), _AUTH (account: a proxy refuses the login), or
 * G_IO_ERROR_CANCELLED.
 */
HAUL_API HaulLink *haul_link_open (const HaulLinkOptions *options, GError **error);

/* haul_link_close: closes in order as far as that is possible at once, ends the command
 * of a tunnel, frees @link. Accepts NULL. */
HAUL_API void haul_link_close (HaulLink *link);

/* haul_link_abort: the same with a reset (SO_LINGER 0): what the peer has not read yet it
 * shall not act upon. */
HAUL_API void haul_link_abort (HaulLink *link);

/*
 * haul_link_start_tls: the handshake on a plain link (RFC 3501 §6.2.1), verified as the
 * options say. Blocks at most the time-out. FALSE with an error as of haul_link_open():
 * nothing that was read before may be trusted, the caller closes; every later read and
 * write fails with the same error. Bytes that lie unread in the socket are
 * part of the handshake; bytes that the caller has read already were injected: drop them.
 */
HAUL_API gboolean haul_link_start_tls (HaulLink *link, GError **error);

/*
 * haul_link_read: up to @size (not 0) bytes into @buffer; *@out_length only with DATA.
 * FAILED with HAUL_ERROR_NETWORK, _TIMEOUT (session: reset, silence), _TLS (account: in
 * TLS 1.3 a server refuses a client certificate only now), _CONFIG (account: no such
 * tunnel command), or G_IO_ERROR_CANCELLED. A tunnel whose command ended with a failure,
 * or without a word, has FAILED and not an END.
 */
HAUL_API HaulLinkResult haul_link_read (HaulLink *link, void *buffer, gsize size,
                                        gsize *out_length, GError **error);

/*
 * haul_link_write: up to @length (not 0) bytes of @data; *@out_written only with DATA,
 * and then the link has them: PENDING means that not one was taken, so other bytes may be
 * offered next. What TLS still holds is sent by the next call of any kind, so a caller
 * that has written goes on to haul_link_wait(). FAILED as haul_link_read(); what the peer
 * said before can still be read.
 */
HAUL_API HaulLinkResult haul_link_write (HaulLink *link, const void *data, gsize length,
                                         gsize *out_written, GError **error);

/*
 * haul_link_wait: waits until the link may be read (with @want_read) or written (with
 * @want_write), something woke its context, or the monotonic time @until_us came (-1:
 * never). Returns at once when decrypted bytes are still held. TRUE says only: look
 * again. FALSE with G_IO_ERROR_CANCELLED.
 */
HAUL_API gboolean haul_link_wait (HaulLink *link, gboolean want_read, gboolean want_write,
                                  gint64 until_us, GError **error);

/* haul_link_context: the context that haul_link_wait() iterates, for
 * haul_feed_set_context(). (transfer none) */
HAUL_API GMainContext *haul_link_context (HaulLink *link);

/* haul_link_set_quick_ack: acknowledges at once what comes in (TCP_QUICKACK), for a peer
 * whose Nagle algorithm waits for it (Courier). Nothing happens on other streams. */
HAUL_API void haul_link_set_quick_ack (HaulLink *link, gboolean on);

/* haul_link_is_secure: TLS with a verified or pinned peer is in force. */
HAUL_API gboolean haul_link_is_secure (const HaulLink *link);

/* haul_link_describe: "TLSv1.3, TLS_AES_256_GCM_SHA384, 192.0.2.1:993", "plain text,
 * 192.0.2.1:143", "…, imap.example:993 by the proxy 192.0.2.1:1080" or "…, a tunnel", for
 * people. (transfer full) */
HAUL_API char *haul_link_describe (const HaulLink *link);

/* haul_link_is_local: the peer is on this machine (loopback, or a tunnel's command; never
 * what a proxy leads to). */
HAUL_API gboolean haul_link_is_local (const HaulLink *link);

/*
 * haul_link_channel_binding: the data of @type ("tls-exporter", RFC 9266;
 * "tls-unique", RFC 5929, only TLS 1.2 with extended master secret). (transfer full);
 * NULL when this link has none of that type.
 */
HAUL_API GBytes *haul_link_channel_binding (const HaulLink *link, const char *type);

G_END_DECLS
