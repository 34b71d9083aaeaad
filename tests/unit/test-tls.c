/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STARTTLS, and bytes inside TLS: big transfers both ways, records in pieces, output that
 * is held back, ends of all kinds, channel bindings. SIGPIPE keeps its default.
 */
#include "link-client.h"

#include <string.h>

#include <openssl/ssl.h>

#include <mailhaul/error.h>

#include "tls-peer.h"

#define BIG_BYTES ((gsize) 4 * 1024 * 1024)
#define GREETING  "* OK [CAPABILITY IMAP4rev1] ready\r\n"

/* ---- STARTTLS ---- */

typedef struct
{
  PeerTls tls;
  const char *answer;
} StartTls;

static void
serve_start_tls (PeerSide *side, gpointer user_data)
{
  const StartTls *self = user_data;
  (void) peer_side_say (side, GREETING);
  g_autofree char *line = peer_side_line (side);
  (void) peer_side_say (side, self->answer);
  if (!peer_side_start_tls (side, &self->tls))
    return;
  g_autofree char *next = peer_side_line (side);
  if (next != NULL && peer_side_say (side, next))
    (void) peer_side_say (side, "!\n");
}

static HaulLink *
ask_for_tls (const HaulLinkOptions *options)
{
  HaulLink *link = link_must_open (options);
  g_autofree char *greeting = link_hear_line (link);
  g_assert_cmpstr (greeting, ==, "* OK [CAPABILITY IMAP4rev1] ready\r");
  g_assert_false (haul_link_is_secure (link));
  link_say (link, "a STARTTLS\r\n");
  g_autofree char *answer = link_hear_line (link);
  g_assert_cmpstr (answer, ==, "a OK go\r");
  return link;
}

static void
test_start_tls (void)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  StartTls service = { { .certificate = world.good }, "a OK go\r\n" };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_start_tls, &service);
  HaulLinkOptions options = test_trusting (&world, "localhost", peer);
  options.implicit_tls = FALSE;
  HaulLink *link = ask_for_tls (&options);
  g_autoptr (GError) error = NULL;
  g_assert_true (haul_link_start_tls (link, &error));
  g_assert_no_error (error);
  g_assert_true (haul_link_is_secure (link));
  link_say (link, "hello\n");
  g_autofree char *line = link_hear_line (link);
  g_assert_cmpstr (line, ==, "hello!");
  haul_link_close (link);
}

/* Nothing may pass after a refusal, least of all a password in the clear. */
static void
must_be_shut (HaulLink *link, const char *words)
{
  g_autoptr (GError) error = NULL;
  gsize moved = 0;
  char byte = 0;
  g_assert_false (haul_link_is_secure (link));
  g_assert_cmpint (haul_link_write (link, "x", 1, &moved, &error), ==, HAUL_LINK_FAILED);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_TLS);
  link_has_words (error, words);
  g_clear_error (&error);
  g_assert_cmpint (haul_link_read (link, &byte, 1, &moved, &error), ==, HAUL_LINK_FAILED);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_TLS);
}

static void
refused_start (const HaulLinkOptions *options, const char *words)
{
  g_autoptr (GError) error = NULL;
  HaulLink *link = ask_for_tls (options);
  g_assert_false (haul_link_start_tls (link, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_TLS);
  link_has_words (error, words);
  must_be_shut (link, words);
  haul_link_close (link);
}

static void
test_start_tls_untrusted (void)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  StartTls service = { { .certificate = world.good }, "a OK go\r\n" };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_start_tls, &service);
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), FALSE);
  refused_start (&options, "not trusted");
}

/* CVE-2011-0411 and its kin: plain text after the OK is not taken for the server's. */
static void
test_start_tls_injected (void)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  StartTls service = { { .certificate = world.good }, "a OK go\r\n* BYE injected\r\n" };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_start_tls, &service);
  HaulLinkOptions options = test_trusting (&world, "localhost", peer);
  options.implicit_tls = FALSE;
  refused_start (&options, "after STARTTLS came plain text|'* BYE injected'");
}

/* ---- bytes ---- */

/* A test with a good certificate: @serve gets the Service. */
typedef struct
{
  PeerTls tls;
  GAsyncQueue *queue; /* between the threads, as the test likes */
  TestWorld world;
  TlsPeer *peer;
  HaulLinkOptions options;
} Service;

static void
service_start (Service *self, int version, TlsPeerFunc serve)
{
  memset (self, 0, sizeof *self);
  test_world_init (&self->world);
  self->queue = g_async_queue_new ();
  self->tls = (PeerTls){ .certificate = self->world.good,
                         .lowest = version,
                         .highest = version };
  self->peer = tls_peer_start ("127.0.0.1", serve, self);
  self->options = test_trusting (&self->world, "localhost", self->peer);
}

static void
service_stop (Service *self)
{
  tls_peer_free (self->peer);
  g_async_queue_unref (self->queue);
  test_world_clear (&self->world);
}

static void
serve_echo (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  g_autofree char *buffer = g_malloc (65536);
  gboolean running = peer_side_start_tls (side, &self->tls);
  while (running)
    {
      gsize got = peer_side_read (side, buffer, 65536);
      running = got > 0 && peer_side_write (side, buffer, got);
    }
}

static void
test_big (gconstpointer version)
{
  Service service;
  service_start (&service, GPOINTER_TO_INT (version), serve_echo);
  HaulLink *link = link_must_open (&service.options);
  link_echo (link, BIG_BYTES);
  haul_link_close (link);
  service_stop (&service);
}

static void
serve_halves (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  if (!peer_side_start_tls (side, &self->tls) || !peer_side_say (side, "first\n"))
    return;
  peer_side_write_halves (side, "second\n", strlen ("second\n"), self->queue);
  peer_side_stall (side);
}

/* Half a record is held: that is nothing to read, and no reason to be woken. */
static void
test_halves (void)
{
  Service service;
  g_autoptr (GError) error = NULL;
  service_start (&service, TLS1_3_VERSION, serve_halves);
  HaulLink *link = link_must_open (&service.options);
  g_autofree char *first = link_hear_line (link);
  g_assert_cmpstr (first, ==, "first");
  char byte = 0;
  gsize got = 0;
  gint64 until_us = g_get_monotonic_time () + TEST_SHORT_US;
  guint turns = 0;
  for (; g_get_monotonic_time () < until_us; turns++)
    {
      g_assert_cmpint (haul_link_read (link, &byte, 1, &got, &error), ==,
                       HAUL_LINK_PENDING);
      g_assert_true (haul_link_wait (link, TRUE, FALSE, until_us, &error));
    }
  g_assert_cmpuint (turns, <=, 6);
  g_async_queue_push (service.queue, &service);
  g_autofree char *second = link_hear_line (link);
  g_assert_cmpstr (second, ==, "second");
  haul_link_close (link);
  service_stop (&service);
}

/* Reads nothing before it is told how much there is. */
static void
serve_late_reader (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  if (!peer_side_start_tls (side, &self->tls))
    return;
  g_autofree char *buffer = g_malloc (65536);
  gsize left = GPOINTER_TO_SIZE (g_async_queue_pop (self->queue));
  while (left > 0)
    {
      gsize got = peer_side_read (side, buffer, MIN (left, 65536));
      if (got == 0)
        return;
      left -= got;
    }
  (void) peer_side_say (side, "all\n");
}

/* Whoever has written everything waits for the answer only: what is held must go. */
static void
test_held_output (void)
{
  static const char data[5000] = "x";
  Service service;
  g_autoptr (GError) error = NULL;
  service_start (&service, TLS1_3_VERSION, serve_late_reader);
  HaulLink *link = link_must_open (&service.options);
  gsize total = 0, written = 0;
  while (haul_link_write (link, data, sizeof data, &written, &error) == HAUL_LINK_DATA)
    total += written;
  g_assert_no_error (error);
  g_async_queue_push (service.queue, GSIZE_TO_POINTER (total));
  g_autofree char *line = link_hear_line (link);
  g_assert_cmpstr (line, ==, "all");
  haul_link_close (link);
  service_stop (&service);
}

/* ---- ends ---- */

static void
serve_half_close (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  if (!peer_side_start_tls (side, &self->tls))
    return;
  (void) peer_side_say (side, "bye\n");
  peer_side_finish (side);
  g_async_queue_push (self->queue, peer_side_line (side));
}

static void
test_half_close (void)
{
  Service service;
  g_autoptr (GError) error = NULL;
  service_start (&service, TLS1_3_VERSION, serve_half_close);
  HaulLink *link = link_must_open (&service.options);
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_END);
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_END);
  link_say (link, "still here\n");
  g_autofree char *line = g_async_queue_pop (service.queue);
  g_assert_cmpstr (line, ==, "still here");
  haul_link_close (link);
  service_stop (&service);
}

/* Many IMAP servers close without a close_notify. */
static void
serve_rude_end (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  if (peer_side_start_tls (side, &self->tls))
    (void) peer_side_say (side, "* BYE\r\n");
}

static void
test_rude_end (void)
{
  Service service;
  g_autoptr (GError) error = NULL;
  service_start (&service, 0, serve_rude_end);
  HaulLink *link = link_must_open (&service.options);
  g_autofree char *line = link_hear_line (link);
  g_assert_cmpstr (line, ==, "* BYE\r");
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_END);
  g_assert_no_error (error);
  haul_link_close (link);
  service_stop (&service);
}

/* SIGPIPE would end the program. */
static void
test_write_to_nobody (void)
{
  Service service;
  g_autoptr (GError) error = NULL;
  service_start (&service, 0, serve_rude_end);
  HaulLink *link = link_must_open (&service.options);
  link_write_until_failure (link, &error);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_SESSION);
  link_has_words (error, "write to localhost:");
  haul_link_close (link);
  service_stop (&service);
}

static void
serve_reset (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  if (!peer_side_start_tls (side, &self->tls))
    return;
  g_autofree char *line = peer_side_line (side);
  peer_side_reset (side);
}

static void
test_reset (void)
{
  Service service;
  g_autoptr (GError) error = NULL;
  service_start (&service, 0, serve_reset);
  HaulLink *link = link_must_open (&service.options);
  link_say (link, "now\n");
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_FAILED);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  link_has_words (error, "read from localhost:|Connection reset by peer");
  g_clear_error (&error);
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_FAILED);
  link_has_words (error, "Connection reset by peer");
  haul_link_close (link);
  service_stop (&service);
}

/* Bytes of nobody's in the midst of it: the network's fault, or worse. */
static void
serve_garbage (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  if (!peer_side_start_tls (side, &self->tls) || !peer_side_say (side, "before\n"))
    return;
  g_autofree char *filler = g_strnfill (0x120, 'x');
  g_autofree char *record = g_strconcat ("\x17\x03\x03\x01\x20", filler, NULL);
  peer_side_say_plain (side, record);
  peer_side_stall (side);
}

static void
test_garbage (void)
{
  Service service;
  g_autoptr (GError) error = NULL;
  service_start (&service, TLS1_3_VERSION, serve_garbage);
  HaulLink *link = link_must_open (&service.options);
  g_autofree char *line = link_hear_line (link);
  g_assert_cmpstr (line, ==, "before");
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_FAILED);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  link_has_words (error, "read from localhost:|TLS is broken");
  haul_link_close (link);
  service_stop (&service);
}

static void
serve_listener (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  if (!peer_side_start_tls (side, &self->tls))
    return;
  g_autoptr (GString) all = g_string_new (NULL);
  char buffer[1000];
  for (gsize got = 1; got > 0;)
    {
      got = peer_side_read (side, buffer, sizeof buffer);
      g_string_append_len (all, buffer, (gssize) got);
    }
  g_async_queue_push (self->queue, g_strdup (all->str));
}

static void
test_close (void)
{
  Service service;
  service_start (&service, 0, serve_listener);
  HaulLink *link = link_must_open (&service.options);
  link_say (link, "a LOGOUT\r\n");
  haul_link_close (link);
  g_autofree char *heard = g_async_queue_pop (service.queue);
  g_assert_cmpstr (heard, ==, "a LOGOUT\r\n");
  service_stop (&service);
}

/* ---- facts ---- */

static void
serve_binding (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  if (!peer_side_start_tls (side, &self->tls))
    return;
  const char *type = self->tls.highest == TLS1_2_VERSION ? "tls-unique" : "tls-exporter";
  g_async_queue_push (self->queue, peer_side_binding (side, type));
  peer_side_stall (side);
}

static void
test_binding (gconstpointer version)
{
  Service service;
  gboolean old = GPOINTER_TO_INT (version) == TLS1_2_VERSION;
  service_start (&service, GPOINTER_TO_INT (version), serve_binding);
  HaulLink *link = link_must_open (&service.options);
  g_autoptr (GBytes) theirs = g_async_queue_pop (service.queue);
  g_autoptr (GBytes)
      ours = haul_link_channel_binding (link, old ? "tls-unique" : "tls-exporter");
  g_assert_nonnull (ours);
  g_assert_cmpmem (g_bytes_get_data (ours, NULL), g_bytes_get_size (ours),
                   g_bytes_get_data (theirs, NULL), g_bytes_get_size (theirs));
  g_assert_null (haul_link_channel_binding (link, old ? "tls-exporter" : "tls-unique"));
  g_assert_null (haul_link_channel_binding (link, "tls-server-end-point"));
  haul_link_close (link);
  service_stop (&service);
}

static void
serve_name (PeerSide *side, gpointer user_data)
{
  Service *self = user_data;
  if (!peer_side_start_tls (side, &self->tls))
    return;
  const char *name = peer_side_server_name (side);
  g_async_queue_push (self->queue, g_strdup (name == NULL ? "none" : name));
}

/* RFC 6066 §3: no literal addresses, no final dot. */
static void
test_server_name (void)
{
  static const char *const hosts[][2] = { { "localhost", "localhost" },
                                          { "localhost.", "localhost" },
                                          { "127.0.0.1", "none" } };
  Service service;
  service_start (&service, 0, serve_name);
  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      service.options.host = hosts[i][0];
      HaulLink *link = link_must_open (&service.options);
      g_autofree char *asked = g_async_queue_pop (service.queue);
      g_assert_cmpstr (asked, ==, hosts[i][1]);
      haul_link_close (link);
    }
  service_stop (&service);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gpointer v12 = GINT_TO_POINTER (TLS1_2_VERSION), v13 = GINT_TO_POINTER (TLS1_3_VERSION);
  g_test_add_func ("/link/start-tls/talks", test_start_tls);
  g_test_add_func ("/link/start-tls/untrusted", test_start_tls_untrusted);
  g_test_add_func ("/link/start-tls/injected", test_start_tls_injected);
  g_test_add_data_func ("/link/tls-bytes/big-both-ways-in-1.2", v12, test_big);
  g_test_add_data_func ("/link/tls-bytes/big-both-ways-in-1.3", v13, test_big);
  g_test_add_func ("/link/tls-bytes/half-a-record-is-none", test_halves);
  g_test_add_func ("/link/tls-bytes/held-output-goes-while-waiting", test_held_output);
  g_test_add_func ("/link/tls-end/half-close", test_half_close);
  g_test_add_func ("/link/tls-end/without-close-notify", test_rude_end);
  g_test_add_func ("/link/tls-end/write-to-nobody", test_write_to_nobody);
  g_test_add_func ("/link/tls-end/reset", test_reset);
  g_test_add_func ("/link/tls-end/garbage", test_garbage);
  g_test_add_func ("/link/tls-end/close-is-orderly", test_close);
  g_test_add_data_func ("/link/tls-facts/binding-in-1.2", v12, test_binding);
  g_test_add_data_func ("/link/tls-facts/binding-in-1.3", v13, test_binding);
  g_test_add_func ("/link/tls-facts/server-name", test_server_name);
  return g_test_run ();
}
