/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The link in plain text: connecting, both families, time-outs, cancelling, waiting,
 * bytes both ways, ends of all kinds. SIGPIPE keeps its default, which would kill this
 * program.
 */
#include "link-client.h"

#include <string.h>

#include <mailhaul/error.h>

#include "tls-peer.h"

#define BIG_BYTES ((gsize) 8 * 1024 * 1024)

/* ---- peers ---- */

static void
serve_echo (PeerSide *side, gpointer user_data)
{
  g_autofree char *buffer = g_malloc (65536);
  for (gsize got = 1; got > 0;)
    {
      got = peer_side_read (side, buffer, 65536);
      if (got > 0 && !peer_side_write (side, buffer, got))
        return;
    }
}

static void
serve_stall (PeerSide *side, gpointer user_data)
{
  peer_side_stall (side);
}

/* A line in; then the entry of a test happens, and the peer waits for the end. */
static void
serve_cancel (PeerSide *side, gpointer user_data)
{
  g_autofree char *line = peer_side_line (side);
  g_cancellable_cancel (user_data);
  peer_side_stall (side);
}

/* Wake: a context to be woken, and word that it was. */
typedef struct
{
  GAsyncQueue *contexts;
  GAsyncQueue *done;
} Wake;

static void
serve_wake (PeerSide *side, gpointer user_data)
{
  const Wake *self = user_data;
  g_autofree char *line = peer_side_line (side);
  GMainContext *context = g_async_queue_pop (self->contexts);
  g_main_context_wakeup (context);
  g_async_queue_push (self->done, context);
  peer_side_stall (side);
}

/* ---- connecting ---- */

static void
test_talks (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, NULL);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  link_say (link, "hello\n");
  g_autofree char *line = link_hear_line (link);
  g_assert_cmpstr (line, ==, "hello");
  g_autofree char *expected = g_strdup_printf ("plain text, 127.0.0.1:%u",
                                               tls_peer_port (peer));
  g_autofree char *described = haul_link_describe (link);
  g_assert_cmpstr (described, ==, expected);
  g_assert_true (haul_link_is_local (link));
  g_assert_false (haul_link_is_secure (link));
  g_assert_null (haul_link_channel_binding (link, "tls-unique"));
  haul_link_close (link);
}

static void
test_quick_ack (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, NULL);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  haul_link_set_quick_ack (link, TRUE);
  link_echo (link, 300000);
  haul_link_set_quick_ack (link, FALSE);
  link_echo (link, 300000);
  haul_link_close (link);
}

/* "localhost" has an address in each family; only one of them listens. */
static void
test_race (gconstpointer address)
{
  g_autoptr (TlsPeer) peer = tls_peer_start (address, serve_echo, NULL);
  if (peer == NULL)
    {
      g_test_skip ("this machine has no IPv6");
      return;
    }
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  link_echo (link, 10);
  g_assert_true (haul_link_is_local (link));
  haul_link_close (link);
}

static void
test_literal (gconstpointer host)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("::1", serve_echo, NULL);
  if (peer == NULL)
    {
      g_test_skip ("this machine has no IPv6");
      return;
    }
  HaulLinkOptions options = link_options (host, tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  g_autofree char *expected = g_strdup_printf ("plain text, [::1]:%u",
                                               tls_peer_port (peer));
  g_autofree char *described = haul_link_describe (link);
  g_assert_cmpstr (described, ==, expected);
  haul_link_close (link);
}

static void
test_older_caller (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, NULL);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  options.struct_size = G_STRUCT_OFFSET (HaulLinkOptions, implicit_tls);
  memset (&options.implicit_tls, 0xa5,
          sizeof options - G_STRUCT_OFFSET (HaulLinkOptions, implicit_tls));
  HaulLink *link = link_must_open (&options);
  link_echo (link, 10);
  haul_link_close (link);
}

static guint
unused_port (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, NULL);
  return tls_peer_port (peer);
}

static void
test_refused (void)
{
  guint port = unused_port ();
  g_autofree char *words = g_strdup_printf (
      "connect to 127.0.0.1:%u: Connection refused|port right", port);
  HaulLinkOptions options = link_options ("127.0.0.1", port, FALSE);
  link_must_fail (&options, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, words);
}

/* A name that no resolver asks the network for. */
static void
test_no_name (void)
{
  g_autofree char *label = g_strnfill (200, 'a');
  HaulLinkOptions options = link_options (label, 143, FALSE);
  g_autoptr (GError) error = NULL;
  g_assert_null (haul_link_open (&options, &error));
  g_assert_cmpstr (g_quark_to_string (error->domain), ==, g_quark_to_string (HAUL_ERROR));
  link_has_words (error, label);
}

static void
test_config (void)
{
  HaulLinkOptions options = link_options (NULL, 143, FALSE);
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT, "no host");
  options = link_options ("", 143, FALSE);
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT, "no host");
  options = link_options ("localhost", 0, FALSE);
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT, "0 is not a port");
  options = link_options ("localhost", 65536, FALSE);
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT, "65536 is not a port");
}

static void
test_connect_timeout (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start_deaf ();
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  options.connect_timeout_us = TEST_SHORT_US;
  link_must_fail (&options, HAUL_ERROR_TIMEOUT, HAUL_SCOPE_SESSION,
                  "connect to 127.0.0.1:|no answer within 0.2 s");
}

/* ---- cancelling ---- */

static void
test_cancelled_before (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  HaulLinkOptions options = link_options ("127.0.0.1", unused_port (), FALSE);
  options.cancellable = cancellable;
  g_cancellable_cancel (cancellable);
  g_assert_null (haul_link_open (&options, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gpointer
cancel_it (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return NULL;
}

/* Wherever the cancelling strikes, connecting to a deaf peer ends by it alone. */
static void
test_cancelled_connecting (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start_deaf ();
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      options.cancellable = cancellable;
      GThread *thread = g_thread_new ("cancel", cancel_it, cancellable);
      g_assert_null (haul_link_open (&options, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);
    }
}

static void
test_cancelled_waiting (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_cancel, cancellable);
  g_autoptr (GError) error = NULL;
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  options.cancellable = cancellable;
  HaulLink *link = link_must_open (&options);
  link_say (link, "now\n");
  while (haul_link_wait (link, TRUE, FALSE, -1, &error))
    continue;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  gsize moved = 0;
  g_assert_cmpint (haul_link_write (link, "x", 1, &moved, &error), ==, HAUL_LINK_FAILED);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  haul_link_close (link);
}

/* ---- waiting ---- */

/* Neither too early nor again and again. */
static guint
wait_out (HaulLink *link, gboolean reading, gint64 span_us)
{
  g_autoptr (GError) error = NULL;
  gint64 until_us = g_get_monotonic_time () + span_us;
  guint waits = 0;
  for (; g_get_monotonic_time () < until_us; waits++)
    g_assert_true (haul_link_wait (link, reading, FALSE, until_us, &error));
  g_assert_no_error (error);
  return waits;
}

/* Each wake-up ends one wait, also the one that came before it. */
static void
test_wake_up (void)
{
  Wake wake = { g_async_queue_new (), g_async_queue_new () };
  TlsPeer *peer = tls_peer_start ("127.0.0.1", serve_wake, &wake);
  g_autoptr (GError) error = NULL;
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  (void) wait_out (link, TRUE, 1000); /* no wake-ups of its own any more */
  g_async_queue_push (wake.contexts, haul_link_context (link));
  link_say (link, "now\n");
  g_assert_true (haul_link_wait (link, TRUE, FALSE, -1, &error));
  (void) g_async_queue_pop (wake.done);
  g_main_context_wakeup (haul_link_context (link));
  g_assert_true (haul_link_wait (link, TRUE, FALSE, -1, &error));
  g_assert_no_error (error);
  haul_link_close (link);
  tls_peer_free (peer);
  g_async_queue_unref (wake.contexts);
  g_async_queue_unref (wake.done);
}

static void
test_deadline (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_stall, NULL);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  g_assert_cmpuint (wait_out (link, TRUE, 50000), <=, 3);
  g_assert_cmpuint (wait_out (link, TRUE, 50000), ==, 1);
  g_autoptr (GError) error = NULL;
  g_assert_true (haul_link_wait (link, TRUE, FALSE, 0, &error));
  haul_link_close (link);
}

static void
serve_goodbye (PeerSide *side, gpointer user_data)
{
  (void) peer_side_say (side, "bye\n");
}

/* Who waits for something else must not be woken by an end that it knows. */
static void
test_quiet_after_end (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_goodbye, NULL);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_END);
  g_assert_cmpuint (wait_out (link, FALSE, 50000), <=, 3);
  haul_link_close (link);
}

/* ---- bytes and ends ---- */

static void
test_big (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, NULL);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  link_echo (link, BIG_BYTES);
  haul_link_close (link);
}

/* Ends its own direction at once, and hands over what still comes. */
static void
serve_half_close (PeerSide *side, gpointer user_data)
{
  peer_side_finish (side);
  g_async_queue_push (user_data, peer_side_line (side));
}

static void
test_half_close (void)
{
  g_autoptr (GAsyncQueue) lines = g_async_queue_new_full (g_free);
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_half_close, lines);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_END);
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_END);
  link_say (link, "still here\n");
  g_autofree char *line = g_async_queue_pop (lines);
  g_assert_cmpstr (line, ==, "still here");
  haul_link_close (link);
}

static void
serve_reset (PeerSide *side, gpointer user_data)
{
  g_autofree char *line = peer_side_line (side);
  peer_side_reset (side);
}

static void
test_reset (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_reset, NULL);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  g_autoptr (GError) error = NULL;
  link_say (link, "now\n");
  g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_FAILED);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_SESSION);
  link_has_words (error, "read from 127.0.0.1:|Connection reset by peer");
  haul_link_close (link);
}

static void
test_write_to_nobody (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_goodbye, NULL);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  g_autoptr (GError) error = NULL;
  link_write_until_failure (link, &error);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  link_has_words (error, "write to 127.0.0.1:");
  haul_link_close (link);
}

/* Says how the connection ended, after a line. */
static void
serve_verdict (PeerSide *side, gpointer user_data)
{
  char buffer[1000];
  g_autofree char *line = peer_side_line (side);
  while (peer_side_read (side, buffer, sizeof buffer) > 0)
    continue;
  g_async_queue_push (user_data, g_strdup (peer_side_was_reset (side) ? "reset" : "end"));
}

static void
test_close_is_orderly (void)
{
  g_autoptr (GAsyncQueue) verdicts = g_async_queue_new ();
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_verdict, verdicts);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  link_say (link, "line\nand more");
  haul_link_close (link);
  g_autofree char *verdict = g_async_queue_pop (verdicts);
  g_assert_cmpstr (verdict, ==, "end");
}

static void
test_abort_resets (void)
{
  g_autoptr (GAsyncQueue) verdicts = g_async_queue_new ();
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_verdict, verdicts);
  HaulLinkOptions options = link_options ("127.0.0.1", tls_peer_port (peer), FALSE);
  HaulLink *link = link_must_open (&options);
  link_say (link, "line\n");
  haul_link_abort (link);
  g_autofree char *verdict = g_async_queue_pop (verdicts);
  g_assert_cmpstr (verdict, ==, "reset");
}

static void
test_nothing_to_close (void)
{
  haul_link_close (NULL);
  haul_link_abort (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/link/connect/talks", test_talks);
  g_test_add_func ("/link/connect/quick-ack", test_quick_ack);
  g_test_add_data_func ("/link/connect/localhost-over-ipv4-only", "127.0.0.1", test_race);
  g_test_add_data_func ("/link/connect/localhost-over-ipv6-only", "::1", test_race);
  g_test_add_data_func ("/link/connect/ipv6-address", "::1", test_literal);
  g_test_add_data_func ("/link/connect/ipv6-address-in-brackets", "[::1]", test_literal);
  g_test_add_func ("/link/connect/older-caller", test_older_caller);
  g_test_add_func ("/link/connect/refused", test_refused);
  g_test_add_func ("/link/connect/name-that-cannot-be", test_no_name);
  g_test_add_func ("/link/connect/options-that-make-no-sense", test_config);
  g_test_add_func ("/link/connect/time-out", test_connect_timeout);
  g_test_add_func ("/link/cancel/before", test_cancelled_before);
  g_test_add_func ("/link/cancel/while-connecting", test_cancelled_connecting);
  g_test_add_func ("/link/cancel/while-waiting", test_cancelled_waiting);
  g_test_add_func ("/link/wait/woken-by-another-thread", test_wake_up);
  g_test_add_func ("/link/wait/deadline", test_deadline);
  g_test_add_func ("/link/wait/quiet-after-the-end", test_quiet_after_end);
  g_test_add_func ("/link/bytes/big-both-ways", test_big);
  g_test_add_func ("/link/bytes/half-close", test_half_close);
  g_test_add_func ("/link/bytes/reset", test_reset);
  g_test_add_func ("/link/bytes/write-to-nobody", test_write_to_nobody);
  g_test_add_func ("/link/end/close-is-orderly", test_close_is_orderly);
  g_test_add_func ("/link/end/abort-resets", test_abort_resets);
  g_test_add_func ("/link/end/nothing-to-close", test_nothing_to_close);
  return g_test_run ();
}
