/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The listener and the peer's end of a connection. Each peer has one thread, with
 * blocking calls; stopping it shuts its sockets down, so that no call waits for ever.
 * SIGPIPE is blocked in that thread only: the client's own calls must do without.
 */
#include "tls-peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls-peer-private.h"

#define RELAY_BYTES 16384
/* Connections that fill the queue of a deaf peer; more than listen(2) was asked for. */
#define DEAF_CLIENTS 4

struct _TlsPeer
{
  TlsPeerFunc func;
  gpointer user_data;
  GThread *thread;
  int listener;
  int stop_fd; /* readable: stop */
  guint port;
  int clients[DEAF_CLIENTS]; /* of a deaf peer */
  guint client_count;

  pthread_mutex_t lock; /* of what follows */
  int open_fd;          /* being served; -1: none */
  guint count;
  gboolean stopping;
};

struct _PeerSide
{
  TlsPeer *peer;
  int fd;
  SSL_CTX *context;
  SSL *ssl;
  int failure; /* errno of the last read; 0: none */
};

/* ---- one connection ---- */

static SSL_CTX *
make_context (const PeerTls *tls)
{
  SSL_CTX *context = SSL_CTX_new (TLS_server_method ());
  g_assert_nonnull (context);
  SSL_CTX_set_min_proto_version (context, tls->lowest);
  SSL_CTX_set_max_proto_version (context, tls->highest);
  if (tls->ciphers != NULL)
    g_assert_cmpint (SSL_CTX_set_cipher_list (context, tls->ciphers), ==, 1);
  g_assert_cmpint (SSL_CTX_use_certificate (context, tls->certificate->certificate), ==,
                   1);
  g_assert_cmpint (SSL_CTX_use_PrivateKey (context, tls->certificate->key), ==, 1);
  if (tls->client_authority != NULL)
    {
      X509_STORE_add_cert (SSL_CTX_get_cert_store (context),
                           tls->client_authority->certificate);
      SSL_CTX_set_verify (context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                          NULL);
    }
  return context;
}

gboolean
peer_side_start_tls (PeerSide *self, const PeerTls *tls)
{
  self->context = make_context (tls);
  self->ssl = SSL_new (self->context);
  SSL_set_fd (self->ssl, self->fd);
  ERR_clear_error ();
  return SSL_accept (self->ssl) == 1;
}

gsize
peer_side_read (PeerSide *self, void *buffer, gsize size)
{
  ERR_clear_error ();
  int got = self->ssl != NULL ? SSL_read (self->ssl, buffer, (int) size)
                              : (int) recv (self->fd, buffer, size, 0);
  self->failure = got < 0 ? errno : 0;
  return (gsize) MAX (got, 0);
}

char *
peer_side_line (PeerSide *self)
{
  g_autoptr (GString) line = g_string_new (NULL);
  char byte = 0;
  while (peer_side_read (self, &byte, 1) == 1)
    {
      if (byte == '\n')
        return g_string_free (g_steal_pointer (&line), FALSE);
      g_string_append_c (line, byte);
    }
  return NULL;
}

gboolean
peer_side_write (PeerSide *self, const void *data, gsize length)
{
  const char *at = data;
  while (length > 0)
    {
      ERR_clear_error ();
      int sent = self->ssl != NULL
                     ? SSL_write (self->ssl, at, (int) MIN (length, (gsize) G_MAXINT))
                     : (int) send (self->fd, at, length, MSG_NOSIGNAL);
      if (sent <= 0)
        return FALSE;
      at += sent;
      length -= (gsize) sent;
    }
  return TRUE;
}

void
peer_side_write_halves (PeerSide *self, const void *data, gsize length, GAsyncQueue *go)
{
  BIO *memory = BIO_new (BIO_s_mem ());
  char *sealed = NULL;
  SSL_set0_wbio (self->ssl, memory);
  g_assert_cmpint (SSL_write (self->ssl, data, (int) length), ==, (int) length);
  gsize size = (gsize) BIO_get_mem_data (memory, &sealed);
  g_assert_cmpint (send (self->fd, sealed, size / 2, MSG_NOSIGNAL), ==,
                   (gssize) (size / 2));
  (void) g_async_queue_pop (go);
  g_assert_cmpint (send (self->fd, sealed + size / 2, size - size / 2, MSG_NOSIGNAL), ==,
                   (gssize) (size - size / 2));
  SSL_set_fd (self->ssl, self->fd);
}

void
peer_side_say_plain (PeerSide *self, const char *text)
{
  g_assert_cmpint (send (self->fd, text, strlen (text), MSG_NOSIGNAL), >, 0);
}

gboolean
peer_side_was_reset (const PeerSide *self)
{
  return self->failure == ECONNRESET;
}

gboolean
peer_side_say (PeerSide *self, const char *text)
{
  return peer_side_write (self, text, strlen (text));
}

void
peer_side_stall (PeerSide *self)
{
  struct pollfd stop = { .fd = self->peer->stop_fd, .events = POLLIN };
  while (poll (&stop, 1, -1) < 0 && errno == EINTR)
    continue;
}

void
peer_side_finish (PeerSide *self)
{
  if (self->ssl != NULL)
    (void) SSL_shutdown (self->ssl);
  (void) shutdown (self->fd, SHUT_WR);
}

void
peer_side_reset (PeerSide *self)
{
  const struct linger now = { .l_onoff = 1, .l_linger = 0 };
  (void) setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

const char *
peer_side_server_name (PeerSide *self)
{
  return SSL_get_servername (self->ssl, TLSEXT_NAMETYPE_host_name);
}

GBytes *
peer_side_binding (PeerSide *self, const char *type)
{
  guint8 data[EVP_MAX_MD_SIZE];
  gsize length = 32;
  if (g_str_equal (type, "tls-unique"))
    length = SSL_get_peer_finished (self->ssl, data, sizeof data);
  else
    g_assert_cmpint (SSL_export_keying_material (self->ssl, data, length,
                                                 "EXPORTER-Channel-Binding", 24,
                                                 (const guint8 *) "", 0, 1),
                     ==, 1);
  return g_bytes_new (data, length);
}

/* FALSE: that direction has ended. */
static gboolean
relay_once (int from, int to)
{
  char buffer[RELAY_BYTES];
  gssize got = recv (from, buffer, sizeof buffer, 0);
  for (gssize done = 0; done < got;)
    {
      gssize sent = send (to, buffer + done, (gsize) (got - done), MSG_NOSIGNAL);
      if (sent <= 0)
        return FALSE;
      done += sent;
    }
  return got > 0;
}

gboolean
peer_side_relay (PeerSide *self, guint port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((guint16) port) };
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  int far = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (far, >=, 0);
  gboolean connected = connect (far, (struct sockaddr *) &address, sizeof address) == 0;
  struct pollfd fds[] = { { .fd = self->fd, .events = POLLIN },
                          { .fd = far, .events = POLLIN },
                          { .fd = self->peer->stop_fd, .events = POLLIN } };
  gboolean running = connected;
  while (running && poll (fds, G_N_ELEMENTS (fds), -1) > 0 && fds[2].revents == 0)
    running = (fds[0].revents == 0 || relay_once (self->fd, far))
              && (fds[1].revents == 0 || relay_once (far, self->fd));
  (void) close (far);
  return connected;
}

/* ---- the listener ---- */

static void
set_open (TlsPeer *self, int fd)
{
  pthread_mutex_lock (&self->lock);
  self->open_fd = fd;
  if (fd >= 0)
    self->count++;
  if (fd >= 0 && self->stopping)
    (void) shutdown (fd, SHUT_RDWR);
  pthread_mutex_unlock (&self->lock);
}

static void
serve (TlsPeer *self, int fd)
{
  PeerSide side = { .peer = self, .fd = fd };
  set_open (self, fd);
  self->func (&side, self->user_data);
  set_open (self, -1);
  SSL_free (side.ssl);
  SSL_CTX_free (side.context);
  (void) close (fd);
}

static gpointer
run (gpointer user_data)
{
  TlsPeer *self = user_data;
  sigset_t signals;
  sigemptyset (&signals);
  sigaddset (&signals, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &signals, NULL);
  struct pollfd fds[] = { { .fd = self->listener, .events = POLLIN },
                          { .fd = self->stop_fd, .events = POLLIN } };
  for (;;)
    {
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno != EINTR)
        return NULL;
      if (fds[1].revents != 0)
        return NULL;
      int fd = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC);
      if (fd >= 0)
        serve (self, fd);
    }
}

static gboolean
listen_on (TlsPeer *self, const char *address, guint port, int backlog)
{
  struct sockaddr_storage raw = { 0 };
  socklen_t length = sizeof raw;
  g_autoptr (GSocketAddress)
      where = g_inet_socket_address_new_from_string (address, port);
  g_assert_nonnull (where);
  length = (socklen_t) g_socket_address_get_native_size (where);
  g_assert_true (g_socket_address_to_native (where, &raw, length, NULL));
  self->listener = socket (raw.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (self->listener < 0 || bind (self->listener, (struct sockaddr *) &raw, length) != 0
      || listen (self->listener, backlog) != 0
      || getsockname (self->listener, (struct sockaddr *) &raw, &length) != 0)
    return FALSE;
  g_autoptr (GSocketAddress) bound = g_socket_address_new_from_native (&raw, length);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return TRUE;
}

static TlsPeer *
peer_new (void)
{
  TlsPeer *self = g_new0 (TlsPeer, 1);
  self->stop_fd = eventfd (0, EFD_CLOEXEC);
  g_assert_cmpint (self->stop_fd, >=, 0);
  self->open_fd = -1;
  self->listener = -1;
  pthread_mutex_init (&self->lock, NULL);
  return self;
}

TlsPeer *
tls_peer_start_on (const char *address, guint port, TlsPeerFunc func, gpointer user_data)
{
  g_autoptr (TlsPeer) self = peer_new ();
  self->func = func;
  self->user_data = user_data;
  if (!listen_on (self, address, port, SOMAXCONN))
    return NULL;
  self->thread = g_thread_new ("peer", run, self);
  return g_steal_pointer (&self);
}

TlsPeer *
tls_peer_start (const char *address, TlsPeerFunc func, gpointer user_data)
{
  return tls_peer_start_on (address, 0, func, user_data);
}

TlsPeer *
tls_peer_start_deaf (void)
{
  TlsPeer *self = peer_new ();
  g_assert_true (listen_on (self, "127.0.0.1", 0, 0));
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((guint16) self->port) };
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  for (; self->client_count < DEAF_CLIENTS; self->client_count++)
    {
      int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      g_assert_cmpint (fd, >=, 0);
      (void) connect (fd, (struct sockaddr *) &address, sizeof address);
      self->clients[self->client_count] = fd;
    }
  return self;
}

guint
tls_peer_port (const TlsPeer *self)
{
  return self->port;
}

guint
tls_peer_count (TlsPeer *self)
{
  pthread_mutex_lock (&self->lock);
  guint count = self->count;
  pthread_mutex_unlock (&self->lock);
  return count;
}

void
tls_peer_free (TlsPeer *self)
{
  if (self == NULL)
    return;
  const guint64 one = 1;
  g_assert_cmpint (write (self->stop_fd, &one, sizeof one), ==, sizeof one);
  pthread_mutex_lock (&self->lock);
  self->stopping = TRUE;
  if (self->open_fd >= 0)
    (void) shutdown (self->open_fd, SHUT_RDWR);
  pthread_mutex_unlock (&self->lock);
  if (self->thread != NULL)
    g_thread_join (self->thread);
  for (guint i = 0; i < self->client_count; i++)
    (void) close (self->clients[i]);
  if (self->listener >= 0)
    (void) close (self->listener);
  (void) close (self->stop_fd);
  pthread_mutex_destroy (&self->lock);
  g_free (self);
}
