/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands as tunnels: cat and its kin, TLS through one, commands that fail, and that
 * none outlives its link.
 */
#include "link-client.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <mailhaul/error.h>

#include "tls-peer.h"

#define NAME      "imap.example"
#define BIG_BYTES ((gsize) 4 * 1024 * 1024)

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

/* ---- tunnels ---- */

static HaulLinkOptions
tunnel_options (const char *command)
{
  HaulLinkOptions options = link_options (NAME, 0, FALSE);
  options.tunnel = command;
  return options;
}

static void
test_tunnel (void)
{
  HaulLinkOptions options = tunnel_options ("cat");
  HaulLink *link = link_must_open (&options);
  g_autofree char *described = haul_link_describe (link);
  g_assert_cmpstr (described, ==, "plain text, a tunnel");
  g_assert_true (haul_link_is_local (link));
  g_assert_false (haul_link_is_secure (link));
  haul_link_set_quick_ack (link, TRUE);
  link_echo (link, BIG_BYTES);
  haul_link_close (link);
}

static void
test_tunnel_tls (void)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  g_autoptr (PeerCertificate) leaf = test_leaf ("DNS:" NAME, world.authority);
  PeerTls tls = { .certificate = leaf };
  g_autoptr (TlsPeer) server = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  g_autofree char *command = g_strdup_printf (
      "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/%u; cat <&3 & cat >&3'",
      tls_peer_port (server));
  HaulLinkOptions options = test_trusting (&world, NAME, server);
  options.tunnel = command;
  HaulLink *link = link_must_open (&options);
  g_assert_true (haul_link_is_secure (link));
  link_echo (link, BIG_BYTES);
  haul_link_abort (link);
}

typedef struct
{
  const char *path;
  const char *command;
  gboolean ends; /* well */
  HaulErrorCode code;
  const char *words;
} TunnelCase;

static const TunnelCase tunnel_cases[] = {
  { "/link/tunnel/ends-well", "echo bye", TRUE, 0, NULL },
  { "/link/tunnel/ends-badly", "echo bye; exit 4", FALSE, HAUL_ERROR_NETWORK,
    "tunnel command 'echo' ended with exit status 4" },
  { "/link/tunnel/says-nothing", " exec true", FALSE, HAUL_ERROR_NETWORK,
    "tunnel command 'exec' ended with exit status 0 before it said anything" },
  { "/link/tunnel/fails-at-once", "exit 3", FALSE, HAUL_ERROR_NETWORK,
    "tunnel command 'exit' ended with exit status 3 before it said anything" },
  { "/link/tunnel/is-killed", "kill -9 $$", FALSE, HAUL_ERROR_NETWORK,
    "tunnel command 'kill' was ended by signal 9" },
  { "/link/tunnel/is-not-there", "no-such-command-of-mailhaul secret 2>/dev/null", FALSE,
    HAUL_ERROR_CONFIG, "tunnel command 'no-such-command-of-mailhaul' cannot be run|127" },
};

static void
test_tunnel_end (gconstpointer user_data)
{
  const TunnelCase *test = user_data;
  HaulLinkOptions options = tunnel_options (test->command);
  HaulLink *link = link_must_open (&options);
  g_autoptr (GError) error = NULL;
  gsize written = 0;
  /* what it does not read must not hide its end */
  (void) haul_link_write (link, "unread\n", 7, &written, NULL);
  HaulLinkResult last = link_last (link, &error);
  if (test->ends)
    {
      g_assert_no_error (error);
      g_assert_cmpint (last, ==, HAUL_LINK_END);
    }
  else
    {
      g_assert_error (error, HAUL_ERROR, (int) test->code);
      g_assert_cmpint (last, ==, HAUL_LINK_FAILED);
      link_has_words (error, test->words);
      g_assert_null (strstr (error->message, "secret"));
    }
  haul_link_close (link);
}

/* The end of the command says more than that the handshake broke off. */
static void
test_tunnel_handshake (void)
{
  HaulLinkOptions options = tunnel_options ("exit 5");
  options.implicit_tls = TRUE;
  link_must_fail (&options, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                  "tunnel command 'exit' ended with exit status 5");
}

static void
test_tunnel_write (void)
{
  HaulLinkOptions options = tunnel_options ("exit 6");
  HaulLink *link = link_must_open (&options);
  g_autoptr (GError) error = NULL;
  link_write_until_failure (link, &error);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  link_has_words (error, "exit status 6");
  haul_link_close (link);
}

/* However stubborn it is, the command is gone when the link is. */
static void
test_tunnel_stubborn (gconstpointer command)
{
  for (guint aborting = 0; aborting < 2; aborting++)
    {
      HaulLinkOptions options = tunnel_options (command);
      HaulLink *link = link_must_open (&options);
      g_autofree char *line = link_hear_line (link);
      guint64 process = g_ascii_strtoull (line, NULL, 10);
      g_assert_cmpuint (process, >, 1);
      if (aborting != 0)
        haul_link_abort (link);
      else
        haul_link_close (link);
      g_assert_cmpint (kill ((pid_t) process, 0), ==, -1);
      g_assert_cmpint (errno, ==, ESRCH);
    }
}

static void
test_tunnel_no_name (void)
{
  HaulLinkOptions options = tunnel_options ("cat");
  options.host = NULL;
  options.implicit_tls = TRUE;
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                  "no host name|give host or tls-fingerprint");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/link/tunnel/talks", test_tunnel);
  g_test_add_func ("/link/tunnel/talks-tls", test_tunnel_tls);
  for (gsize i = 0; i < G_N_ELEMENTS (tunnel_cases); i++)
    g_test_add_data_func (tunnel_cases[i].path, &tunnel_cases[i], test_tunnel_end);
  g_test_add_func ("/link/tunnel/fails-in-handshake", test_tunnel_handshake);
  g_test_add_func ("/link/tunnel/fails-before-write", test_tunnel_write);
  g_test_add_data_func ("/link/tunnel/ignores-end-of-input", "echo $$; exec sleep 1000",
                        test_tunnel_stubborn);
  g_test_add_data_func ("/link/tunnel/ignores-sigterm",
                        "echo $$; trap '' TERM; exec sleep 1000", test_tunnel_stubborn);
  g_test_add_func ("/link/tunnel/tls-without-name", test_tunnel_no_name);
  return g_test_run ();
}
