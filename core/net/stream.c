/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls to the socket below a link. It never waits; errno is handed up. SO_SNDBUF and
 * SO_RCVBUF are left alone, for setting them ends the kernel's own tuning. The thread of
 * the link's owner.
 */
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#include <mailhaul/error.h>

/* A peer that answers nothing for so long is gone: imap.md §2.7 asks for 60 to 120 s. */
#define DEAD_AFTER_MS ((int) 120 * 1000)
/* An idle connection is probed after a minute, before a home router forgets it. */
#define PROBE_IDLE_S     60
#define PROBE_INTERVAL_S 15
#define PROBE_COUNT      4
/* Bytes in the kernel that have not been sent: what can no longer be taken back when a
 * command is refused. Enough for 100 ms at 20 Mbit/s beyond what is in flight. */
#define UNSENT_BYTES ((int) 256 * 1024)
/* What is read away on closing; more means that the peer is still sending a body, and a
 * reset is what will stop it. */
#define DRAIN_ROUNDS 16
#define DRAIN_BYTES  16384

static void
set_option (const Stream *self, int level, int option, int value)
{
  /* each is a wish: an old kernel or another kind of socket may not know it */
  (void) setsockopt (self->fd, level, option, &value, sizeof value);
}

void
stream_tune (const Stream *self)
{
  if (!self->tcp)
    return;
  set_option (self, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option (self, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option (self, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_IDLE_S);
  set_option (self, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_INTERVAL_S);
  set_option (self, IPPROTO_TCP, TCP_KEEPCNT, PROBE_COUNT);
  set_option (self, IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_AFTER_MS);
  set_option (self, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES);
}

gssize
stream_receive (const Stream *self, void *buffer, gsize size)
{
  gssize got;
  do
    got = recv (self->fd, buffer, size, 0);
  while (got < 0 && errno == EINTR);
  if (got > 0 && self->quick_ack && self->tcp)
    set_option (self, IPPROTO_TCP, TCP_QUICKACK, 1); /* the kernel forgets it by itself */
  return got;
}

gssize
stream_send (const Stream *self, const void *data, gsize length)
{
  gssize sent;
  do
    sent = send (self->fd, data, length, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent;
}

gboolean
stream_fail (const char *attempt, const char *peer, int errno_value, GError **error)
{
  HaulErrorCode code = errno_value == ETIMEDOUT ? HAUL_ERROR_TIMEOUT : HAUL_ERROR_NETWORK;
  return haul_error_set (error, code, HAUL_SCOPE_SESSION, "%s %s: %s", attempt, peer,
                         g_strerror (errno_value));
}

void
stream_set_quick_ack (Stream *self, gboolean on)
{
  self->quick_ack = on;
  if (self->tcp && self->fd >= 0)
    set_option (self, IPPROTO_TCP, TCP_QUICKACK, on ? 1 : 0);
}

/* ::ffff:127.0.0.1 is as local as 127.0.0.1. */
static gboolean
is_loopback (const struct sockaddr_storage *address)
{
  if (address->ss_family == AF_INET)
    {
      const struct sockaddr_in *four = (const struct sockaddr_in *) address;
      return ntohl (four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
  const struct in6_addr *six = &((const struct sockaddr_in6 *) address)->sin6_addr;
  return IN6_IS_ADDR_LOOPBACK (six)
         || (IN6_IS_ADDR_V4MAPPED (six) && six->s6_addr[12] == IN_LOOPBACKNET);
}

char *
stream_address (const Stream *self, gboolean *out_loopback)
{
  struct sockaddr_storage raw = { 0 };
  socklen_t length = sizeof raw;
  if (getpeername (self->fd, (struct sockaddr *) &raw, &length) != 0
      || (raw.ss_family != AF_INET && raw.ss_family != AF_INET6))
    return NULL;
  g_autoptr (GSocketAddress) address = g_socket_address_new_from_native (&raw, length);
  if (address == NULL)
    return NULL;
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  g_autofree char *host = g_inet_address_to_string (
      g_inet_socket_address_get_address (inet));
  *out_loopback = is_loopback (&raw);
  return g_strdup_printf (raw.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
                          g_inet_socket_address_get_port (inet));
}

static void
drain (const Stream *self)
{
  char buffer[DRAIN_BYTES];
  for (guint i = 0; i < DRAIN_ROUNDS; i++)
    if (stream_receive (self, buffer, sizeof buffer) <= 0)
      return;
}

void
stream_close (Stream *self, gboolean reset)
{
  if (self->fd < 0)
    return;
  if (reset && self->tcp)
    {
      const struct linger now = { .l_onoff = 1, .l_linger = 0 };
      (void) setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
  if (!reset)
    {
      (void) shutdown (self->fd, SHUT_WR);
      drain (self);
    }
  (void) close (self->fd);
  self->fd = -1;
}
