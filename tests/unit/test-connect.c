/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ways round: SOCKS5 and HTTP CONNECT against small proxies of the test. They connect
 * to the test's peer whatever they are asked for, so that a name can be used that exists
 * nowhere. What needs no proxy is in test-link.c.
 */
#include "link-client.h"

#include <string.h>

#include <mailhaul/error.h>

#include "tls-peer.h"

#define NAME       "imap.example"
#define BIG_BYTES  ((gsize) 2 * 1024 * 1024)
#define SOCKS_NAME 3 /* address type of RFC 1928 §5: a name */

/* Proxy: what it does, and what it was asked for. */
typedef struct
{
  guint target;                /* port of 127.0.0.1 that all requests lead to */
  const char *user, *password; /* what it wants; NULL: nothing */
  guint8 refusal;              /* SOCKS: the code that it answers instead; 0: none */
  const char *answer; /* HTTP: the status line that it answers instead; NULL: none */
  gboolean stalls;
  GCancellable *cancels;
  GAsyncQueue *asked; /* "name:port" */
} Proxy;

/* ---- proxies ---- */

static gboolean
read_exactly (PeerSide *side, guint8 *bytes, gsize length)
{
  gsize done = 0;
  while (done < length)
    {
      gsize got = peer_side_read (side, bytes + done, length - done);
      if (got == 0)
        return FALSE;
      done += got;
    }
  return TRUE;
}

/* A length in one byte, and so many bytes as text. */
static char *
read_text (PeerSide *side)
{
  guint8 length = 0;
  g_autofree char *text = g_malloc0 (256);
  if (!read_exactly (side, &length, 1) || !read_exactly (side, (guint8 *) text, length))
    return NULL;
  return g_steal_pointer (&text);
}

/* RFC 1929. */
static gboolean
socks_login (PeerSide *side, const Proxy *self)
{
  guint8 version = 0;
  if (!peer_side_write (side, "\x05\x02", 2) || !read_exactly (side, &version, 1))
    return FALSE;
  g_autofree char *user = read_text (side);
  g_autofree char *password = read_text (side);
  gboolean right = g_strcmp0 (user, self->user) == 0
                   && g_strcmp0 (password, self->password) == 0;
  return peer_side_write (side, right ? "\x01\x00" : "\x01\x01", 2) && right;
}

static void
serve_socks (PeerSide *side, gpointer user_data)
{
  const Proxy *self = user_data;
  guint8 head[4], methods[256], port[2];
  if (!read_exactly (side, head, 2) || !read_exactly (side, methods, head[1]))
    return;
  if (self->cancels != NULL)
    g_cancellable_cancel (self->cancels);
  if (self->stalls || self->cancels != NULL)
    {
      peer_side_stall (side);
      return;
    }
  if (!(self->user != NULL ? socks_login (side, self)
                           : peer_side_write (side, "\x05\x00", 2)))
    return;
  if (!read_exactly (side, head, 4) || head[3] != SOCKS_NAME)
    return;
  g_autofree char *name = read_text (side);
  if (name == NULL || !read_exactly (side, port, 2))
    return;
  g_async_queue_push (self->asked,
                      g_strdup_printf ("%s:%d", name, port[0] * 256 + port[1]));
  const guint8 reply[10] = { 5, self->refusal, 0, 1, 127, 0, 0, 1, 0, 0 };
  if (peer_side_write (side, reply, sizeof reply) && self->refusal == 0)
    g_assert_true (peer_side_relay (side, self->target));
}

static void
serve_http (PeerSide *side, gpointer user_data)
{
  const Proxy *self = user_data;
  g_autofree char *request = peer_side_line (side);
  gboolean authorized = FALSE;
  for (char *line = peer_side_line (side); line != NULL; line = peer_side_line (side))
    {
      gboolean last = line[0] == '\r';
      authorized = authorized || g_str_has_prefix (line, "Proxy-Authorization: ");
      g_free (line);
      if (last)
        break;
    }
  g_auto (GStrv) words = g_strsplit (request == NULL ? "" : request, " ", -1);
  if (g_strv_length (words) < 2)
    return;
  g_async_queue_push (self->asked, g_strdup (words[1]));
  if (self->answer != NULL)
    {
      (void) (peer_side_say (side, self->answer) && peer_side_say (side, "\r\n\r\n"));
      return;
    }
  g_assert_true (authorized == (self->user != NULL));
  if (peer_side_say (side, "HTTP/1.0 200 Connection established\r\nVia: a test\r\n\r\n"))
    g_assert_true (peer_side_relay (side, self->target));
}

/* ---- through a proxy ---- */

static void
serve_echo (PeerSide *side, gpointer user_data)
{
  g_autofree char *buffer = g_malloc (65536);
  gboolean running = user_data == NULL || peer_side_start_tls (side, user_data);
  while (running)
    {
      gsize got = peer_side_read (side, buffer, 65536);
      running = got > 0 && peer_side_write (side, buffer, got);
    }
}

typedef struct
{
  const char *path;
  const char *scheme;
  const char *login; /* "user:password@", or "" */
  TlsPeerFunc serve;
  Proxy proxy;
} WayCase;

static const WayCase ways[] = {
  { "/link/proxy/socks5", "socks5", "", serve_socks, { 0 } },
  { "/link/proxy/socks5-with-login",
    "socks5",
    "me:secret@",
    serve_socks,
    { .user = "me", .password = "secret" } },
  { "/link/proxy/http-connect", "http", "", serve_http, { 0 } },
  { "/link/proxy/http-connect-with-login",
    "http",
    "me:secret@",
    serve_http,
    { .user = "me", .password = "secret" } },
};

/* The name is the proxy's to look up; the certificate is the server's, not the proxy's.
 */
static void
test_way (gconstpointer user_data)
{
  const WayCase *test = user_data;
  Proxy proxy = test->proxy;
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  g_autoptr (PeerCertificate) leaf = test_leaf ("DNS:" NAME, world.authority);
  PeerTls tls = { .certificate = leaf };
  g_autoptr (TlsPeer) server = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  proxy.target = tls_peer_port (server);
  proxy.asked = g_async_queue_new ();
  TlsPeer *peer = tls_peer_start ("127.0.0.1", test->serve, &proxy);
  g_autofree char *uri = g_strdup_printf ("%s://%s127.0.0.1:%u", test->scheme,
                                          test->login, tls_peer_port (peer));
  HaulLinkOptions options = test_trusting (&world, NAME, server);
  options.port = 993;
  options.proxy = uri;
  HaulLink *link = link_must_open (&options);
  g_autofree char *asked = g_async_queue_pop (proxy.asked);
  g_assert_cmpstr (asked, ==, NAME ":993");
  g_assert_true (haul_link_is_secure (link));
  g_assert_false (haul_link_is_local (link));
  g_autofree char *described = haul_link_describe (link);
  g_assert_nonnull (strstr (described, NAME ":993 by the proxy 127.0.0.1:"));
  link_echo (link, BIG_BYTES);
  haul_link_close (link);
  tls_peer_free (peer);
  g_async_queue_unref (proxy.asked);
}

/* ---- proxies that do not help ---- */

static void
must_fail_by (TlsPeerFunc serve, Proxy *proxy, const char *start, int code,
              const char *words)
{
  g_autoptr (GError) error = NULL;
  proxy->asked = g_async_queue_new_full (g_free);
  TlsPeer *peer = tls_peer_start ("127.0.0.1", serve, proxy);
  g_autofree char *uri = g_strdup_printf ("%s127.0.0.1:%u", start, tls_peer_port (peer));
  HaulLinkOptions options = link_options (NAME, 143, FALSE);
  options.proxy = uri;
  options.cancellable = proxy->cancels;
  if (proxy->stalls)
    options.connect_timeout_us = TEST_SHORT_US;
  g_assert_null (haul_link_open (&options, &error));
  if (proxy->cancels != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    g_assert_error (error, HAUL_ERROR, code);
  link_has_words (error, words);
  g_assert_null (strstr (error->message, "secret"));
  tls_peer_free (peer);
  g_async_queue_unref (proxy->asked);
}

static void
test_refusals (void)
{
  Proxy refusing = { .refusal = 5 };
  must_fail_by (serve_socks, &refusing, "socks5://", HAUL_ERROR_NETWORK,
                "connect to " NAME ":143 by the proxy socks5://127.0.0.1:");
  Proxy forbidding = { .answer = "HTTP/1.1 403 Forbidden" };
  must_fail_by (serve_http, &forbidding, "http://", HAUL_ERROR_NETWORK,
                "connect to " NAME ":143 by the proxy http://127.0.0.1:");
}

static void
test_logins (void)
{
  Proxy picky = { .user = "you", .password = "other" };
  must_fail_by (serve_socks, &picky, "socks5://me:secret@", HAUL_ERROR_AUTH,
                "by the proxy socks5://127.0.0.1:");
  Proxy asking = { .answer = "HTTP/1.1 407 Proxy Authentication Required" };
  must_fail_by (serve_http, &asking, "http://", HAUL_ERROR_AUTH,
                "by the proxy http://127.0.0.1:|give user and password");
}

static void
test_stall (void)
{
  Proxy stalling = { .stalls = TRUE };
  must_fail_by (serve_socks, &stalling, "socks5://", HAUL_ERROR_TIMEOUT,
                "the proxy does not get through within 0.2 s");
}

static void
test_cancelled (void)
{
  Proxy cancelling = { .cancels = g_cancellable_new () };
  must_fail_by (serve_socks, &cancelling, "socks5://", 0, "");
  g_object_unref (cancelling.cancels);
}

static guint
unused_port (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, NULL);
  return tls_peer_port (peer);
}

static void
test_no_proxy_there (void)
{
  g_autofree char *uri = g_strdup_printf ("socks5://127.0.0.1:%u", unused_port ());
  HaulLinkOptions options = link_options (NAME, 143, FALSE);
  options.proxy = uri;
  link_must_fail (&options, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                  "Connection refused|does the proxy listen there");
}

static void
test_bad_proxy (gconstpointer proxy)
{
  HaulLinkOptions options = link_options (NAME, 143, FALSE);
  options.proxy = proxy;
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT, "proxy '");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    g_test_add_data_func (ways[i].path, &ways[i], test_way);
  g_test_add_func ("/link/proxy/refuses-to-connect", test_refusals);
  g_test_add_func ("/link/proxy/refuses-the-login", test_logins);
  g_test_add_func ("/link/proxy/stalls", test_stall);
  g_test_add_func ("/link/proxy/cancelled", test_cancelled);
  g_test_add_func ("/link/proxy/is-not-there", test_no_proxy_there);
  g_test_add_data_func ("/link/proxy/of-unknown-kind", "quic://proxy:1", test_bad_proxy);
  g_test_add_data_func ("/link/proxy/without-host", "socks5://:1080", test_bad_proxy);
  g_test_add_data_func ("/link/proxy/no-address", "proxy:1080", test_bad_proxy);
  return g_test_run ();
}
