/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS on a link: whom it trusts, what it says when it does not, client certificates,
 * versions, peers that speak no TLS. Certificates are
 * made by the test; the "system's" store is one of them.
 */
#include "link-client.h"

#include <string.h>

#include <openssl/ssl.h>

#include <mailhaul/error.h>

#include "tls-peer.h"

#define DAY_S    ((gint64) 24 * 3600)
#define GREETING "* OK [CAPABILITY IMAP4rev1] ready\r\n"

/* ---- peers ---- */

static void
serve_echo (PeerSide *side, gpointer user_data)
{
  g_autofree char *buffer = g_malloc (65536);
  gboolean running = peer_side_start_tls (side, user_data);
  while (running)
    {
      gsize got = peer_side_read (side, buffer, 65536);
      running = got > 0 && peer_side_write (side, buffer, got);
    }
}

/* Says its greeting in the clear, and does nothing more. */
static void
serve_greeting (PeerSide *side, gpointer user_data)
{
  (void) peer_side_say (side, GREETING);
  peer_side_stall (side);
}

static void
serve_stall (PeerSide *side, gpointer user_data)
{
  peer_side_stall (side);
}

static void
serve_close (PeerSide *side, gpointer user_data)
{
}

/* Cancels in the midst of the handshake. */
static void
serve_cancel (PeerSide *side, gpointer user_data)
{
  char buffer[16];
  (void) peer_side_read (side, buffer, sizeof buffer);
  g_cancellable_cancel (user_data);
  peer_side_stall (side);
}

/* ---- trust ---- */

/* What is wrong with a certificate; "%F" in @words stands for its fingerprint. */
typedef struct
{
  const char *path;
  const char *host;
  PeerCertificateSpec spec;
  enum
  {
    BY_AUTHORITY,
    BY_STRANGER,
    BY_ITSELF,
  } issuer;
  const char *words;
} BadCase;

static const BadCase bad_cases[] = {
  { "/link/tls/refuses-unknown-authority",
    "localhost",
    { .common_name = "Some Server", .names = "DNS:localhost" },
    BY_STRANGER,
    "TLS with localhost:|authority that is not trusted|subject CN=Some Server|names "
    "localhost|issuer CN=Strange Authority|valid from 20|until 20|UTC|%F|tls-ca-file|"
    "tls-fingerprint" },
  { "/link/tls/refuses-self-signed",
    "localhost",
    { .common_name = "localhost", .names = "DNS:localhost" },
    BY_ITSELF,
    "signed by itself|subject CN=localhost|%F|tls-ca-file|tls-fingerprint" },
  { "/link/tls/refuses-wrong-name",
    "localhost",
    { .common_name = "localhost", .names = "DNS:imap.example,DNS:*.mail.example" },
    BY_AUTHORITY,
    "does not carry the name localhost|names imap.example *.mail.example|%F|"
    "give a host" },
  { "/link/tls/refuses-common-name-alone",
    "localhost",
    { .common_name = "localhost" },
    BY_AUTHORITY,
    "does not carry the name localhost|names (none)|%F" },
  { "/link/tls/refuses-wrong-address",
    "127.0.0.1",
    { .common_name = "127.0.0.1", .names = "DNS:127.0.0.1,IP:127.0.0.2,IP:::1" },
    BY_AUTHORITY,
    "does not carry the address 127.0.0.1|names 127.0.0.1 127.0.0.2 ::1|%F" },
  { "/link/tls/refuses-expired",
    "localhost",
    { .common_name = "Old",
      .names = "DNS:localhost",
      .from_s = -9 * DAY_S,
      .until_s = -DAY_S },
    BY_AUTHORITY,
    "has expired|UTC here|until 20|%F|clock|tls-fingerprint" },
  { "/link/tls/refuses-not-yet-valid",
    "localhost",
    { .common_name = "New",
      .names = "DNS:localhost",
      .from_s = DAY_S,
      .until_s = 9 * DAY_S },
    BY_AUTHORITY,
    "is not yet valid|UTC here|valid from 20|%F|clock" },
  { "/link/tls/message-shows-few-of-many-names",
    "localhost",
    { .common_name = "Hoster",
      .names =
          "DNS:a1.example,DNS:a2.example,DNS:a3.example,DNS:a4.example,DNS:a5.example,"
          "DNS:a6.example,DNS:a7.example,DNS:a8.example,DNS:a9.example,"
          "DNS:a10.example" },
    BY_AUTHORITY,
    "a1.example a2.example|a8.example and 2 more|%F" },
};

static void
test_bad (gconstpointer user_data)
{
  const BadCase *test = user_data;
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  const PeerCertificate *issuers[] = {
    [BY_AUTHORITY] = world.authority, [BY_STRANGER] = world.stranger, [BY_ITSELF] = NULL
  };
  g_autoptr (PeerCertificate)
      bad = peer_certificate_new (&test->spec, issuers[test->issuer]);
  PeerTls tls = { .certificate = bad };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  HaulLinkOptions options = test_trusting (&world, test->host, peer);
  g_autofree char *fingerprint = peer_certificate_fingerprint (bad);
  g_auto (GStrv) parts = g_strsplit (test->words, "%F", -1);
  g_autofree char *words = g_strjoinv (fingerprint, parts);
  link_must_fail (&options, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT, words);
  /* the very same certificate, pinned */
  options.tls_ca_file = NULL;
  options.tls_fingerprint = fingerprint;
  HaulLink *link = link_must_open (&options);
  g_assert_true (haul_link_is_secure (link));
  link_echo (link, 10);
  haul_link_close (link);
}

/* It is not the server's own certificate that has to be renewed. */
static void
test_old_authority (void)
{
  const PeerCertificateSpec spec = { .common_name = "Old Authority",
                                     .authority = TRUE,
                                     .from_s = -9 * DAY_S,
                                     .until_s = -DAY_S };
  g_autoptr (PeerCertificate) old = peer_certificate_new (&spec, NULL);
  g_autoptr (PeerCertificate) leaf = test_leaf ("DNS:localhost", old);
  PeerTls tls = { .certificate = leaf };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), TRUE);
  options.tls_ca_file = peer_certificate_file (old);
  link_must_fail (
      &options, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
      "certificate of the authority CN=Old Authority (valid from 20|has expired|"
      "found subject CN=Leaf");
}

static void
test_trusts (gconstpointer host)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  PeerTls tls = { .certificate = world.good };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  HaulLinkOptions options = test_trusting (&world, host, peer);
  HaulLink *link = link_must_open (&options);
  g_assert_true (haul_link_is_secure (link));
  g_assert_true (haul_link_is_local (link));
  g_autofree char *described = haul_link_describe (link);
  g_assert_true (g_str_has_prefix (described, "TLSv1.3, TLS_"));
  g_assert_nonnull (strstr (described, ", 127.0.0.1:"));
  link_echo (link, 100000);
  haul_link_close (link);
}

/* Without tls-ca-file; SSL_CERT_FILE of main() stands for the system's store. */
static void
test_system_store (gconstpointer user_data)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  const PeerCertificate *system = user_data;
  g_autoptr (PeerCertificate) leaf = test_leaf ("DNS:localhost", system);
  PeerTls tls = { .certificate = leaf };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), TRUE);
  HaulLink *link = link_must_open (&options);
  link_echo (link, 10);
  haul_link_close (link);
  /* a file stands instead of the system's store, not beside it */
  options.tls_ca_file = peer_certificate_file (world.authority);
  link_must_fail (&options, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT, "not trusted");
}

/* A file may also name the server's own certificate. */
static void
test_leaf_in_file (void)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  PeerTls tls = { .certificate = world.good };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), TRUE);
  options.tls_ca_file = peer_certificate_file (world.good);
  HaulLink *link = link_must_open (&options);
  link_echo (link, 10);
  haul_link_close (link);
}

static void
test_pin (void)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  PeerTls tls = { .certificate = world.good };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  /* the pin alone counts: a trusted authority does not help another certificate */
  HaulLinkOptions options = test_trusting (&world, "localhost", peer);
  g_autofree char *found = peer_certificate_fingerprint (world.good);
  g_autofree char *other = peer_certificate_fingerprint (world.authority);
  g_autofree char *words = g_strconcat ("another certificate than tls-fingerprint ",
                                        other, "|", found, "|names localhost", NULL);
  options.tls_fingerprint = other;
  link_must_fail (&options, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT, words);

  g_auto (GStrv) pairs = g_strsplit (found, ":", -1);
  g_autofree char *bare = g_strjoinv ("", pairs);
  g_autofree char *lower = g_ascii_strdown (bare, -1);
  options.tls_fingerprint = lower;
  HaulLink *link = link_must_open (&options);
  haul_link_close (link);
}

static void
test_bad_pin (gconstpointer fingerprint)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_stall, NULL);
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), TRUE);
  options.tls_fingerprint = fingerprint;
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                  "is not the 64 hexadecimal digits");
}

/* ---- files ---- */

static void
test_files (void)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_stall, NULL);
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), TRUE);
  options.tls_ca_file = "/nonexistent/ca.pem";
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                  "tls-ca-file '/nonexistent/ca.pem': No such file");
  options.tls_ca_file = "/dev/null";
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                  "tls-ca-file '/dev/null'|PEM form");
  options.tls_ca_file = NULL;
  options.tls_certificate_file = "/nonexistent/mine.pem";
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                  "tls-certificate '/nonexistent/mine.pem': No such file");
  options.tls_certificate_file = peer_certificate_file (world.good);
  options.tls_key_file = peer_certificate_file (world.authority);
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT, "tls-key");
  options.tls_certificate_file = NULL;
  link_must_fail (&options, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                  "tls-key is given without tls-certificate");
}

/* ---- client certificates ---- */

/* Answers a line, so that a refusal by TLS 1.3 shows at the latest then. */
static void
test_client_certificate (gconstpointer user_data)
{
  int version = GPOINTER_TO_INT (user_data);
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  g_autoptr (PeerCertificate) mine = test_leaf ("DNS:client", world.stranger);
  PeerTls tls = { .certificate = world.good,
                  .client_authority = world.stranger,
                  .lowest = version,
                  .highest = version };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  HaulLinkOptions options = test_trusting (&world, "localhost", peer);
  options.tls_certificate_file = peer_certificate_file (mine);
  HaulLink *link = link_must_open (&options);
  link_echo (link, 1000);
  haul_link_close (link);
}

/* In TLS 1.2 the handshake fails, in 1.3 the first read. */
static void
refused (const HaulLinkOptions *options, const char *words)
{
  g_autoptr (GError) error = NULL;
  HaulLink *link = haul_link_open (options, &error);
  if (link != NULL)
    g_assert_cmpint (link_last (link, &error), ==, HAUL_LINK_FAILED);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_TLS);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  link_has_words (error, words);
  haul_link_close (link);
}

static void
test_client_refused (gconstpointer user_data)
{
  int version = GPOINTER_TO_INT (user_data);
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  g_autoptr (PeerCertificate) mine = test_leaf ("DNS:client", world.authority);
  PeerTls tls = { .certificate = world.good,
                  .client_authority = world.stranger,
                  .lowest = version,
                  .highest = version };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  HaulLinkOptions options = test_trusting (&world, "localhost", peer);
  refused (&options, "TLS with localhost:|the server refused: alert|tls-certificate");
  options.tls_certificate_file = peer_certificate_file (mine);
  refused (&options, "alert 48|does not accept the certificate of tls-certificate");
}

/* ---- versions ---- */

static void
test_version (void)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  PeerTls tls = { .certificate = world.good, .highest = TLS1_2_VERSION };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  HaulLinkOptions options = test_trusting (&world, "localhost", peer);
  HaulLink *link = link_must_open (&options);
  g_autofree char *described = haul_link_describe (link);
  g_assert_true (g_str_has_prefix (described, "TLSv1.2, "));
  link_echo (link, 100000);
  haul_link_close (link);
  options.tls_minimum = HAUL_LINK_TLS_1_3;
  link_must_fail (&options, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                  "speaks only older versions|at least version 1.3|tls-minimum=\"1.2\"");
}

static void
test_old_version (void)
{
  g_auto (TestWorld) world = { 0 };
  test_world_init (&world);
  PeerTls tls = { .certificate = world.good,
                  .lowest = TLS1_VERSION,
                  .highest = TLS1_1_VERSION,
                  .ciphers = "DEFAULT@SECLEVEL=0" };
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_echo, &tls);
  HaulLinkOptions options = test_trusting (&world, "localhost", peer);
  link_must_fail (&options, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                  "speaks only|at least version 1.2|brought up to date");
}

/* ---- peers that do not play along ---- */

static void
test_greeting (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_greeting, NULL);
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), TRUE);
  link_must_fail (&options, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                  "does not speak TLS here|'* OK [CAPABILITY IMAP4rev1] ready'|starttls");
}

static void
test_stall (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_stall, NULL);
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), TRUE);
  options.connect_timeout_us = TEST_SHORT_US;
  link_must_fail (&options, HAUL_ERROR_TIMEOUT, HAUL_SCOPE_SESSION,
                  "TLS handshake with localhost:|no answer within 0.2 s");
}

static void
test_closes (void)
{
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_close, NULL);
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), TRUE);
  link_must_fail (&options, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                  "TLS handshake with localhost:");
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (TlsPeer) peer = tls_peer_start ("127.0.0.1", serve_cancel, cancellable);
  g_autoptr (GError) error = NULL;
  HaulLinkOptions options = link_options ("localhost", tls_peer_port (peer), TRUE);
  options.cancellable = cancellable;
  g_assert_null (haul_link_open (&options, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr (PeerCertificate) system = test_authority ("The System's");
  g_setenv ("SSL_CERT_FILE", peer_certificate_file (system), TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_cases); i++)
    g_test_add_data_func (bad_cases[i].path, &bad_cases[i], test_bad);
  g_test_add_func ("/link/tls/refuses-expired-authority", test_old_authority);
  g_test_add_data_func ("/link/tls/trusts-name", "localhost", test_trusts);
  g_test_add_data_func ("/link/tls/trusts-name-with-final-dot", "localhost.",
                        test_trusts);
  g_test_add_data_func ("/link/tls/trusts-address", "127.0.0.1", test_trusts);
  g_test_add_data_func ("/link/tls/trusts-system-store", system, test_system_store);
  g_test_add_func ("/link/tls/trusts-leaf-in-file", test_leaf_in_file);
  g_test_add_func ("/link/tls/pin-alone-counts", test_pin);
  g_test_add_data_func ("/link/tls/pin-too-short", "AB:CD", test_bad_pin);
  g_test_add_data_func ("/link/tls/pin-of-no-digits", "sha256", test_bad_pin);
  g_test_add_data_func (
      "/link/tls/pin-too-long",
      "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00", test_bad_pin);
  g_test_add_func ("/link/tls/files-that-cannot-be-used", test_files);
  g_test_add_data_func ("/link/tls/shows-certificate-in-1.2",
                        GINT_TO_POINTER (TLS1_2_VERSION), test_client_certificate);
  g_test_add_data_func ("/link/tls/shows-certificate-in-1.3",
                        GINT_TO_POINTER (TLS1_3_VERSION), test_client_certificate);
  g_test_add_data_func ("/link/tls/own-certificate-refused-in-1.2",
                        GINT_TO_POINTER (TLS1_2_VERSION), test_client_refused);
  g_test_add_data_func ("/link/tls/own-certificate-refused-in-1.3",
                        GINT_TO_POINTER (TLS1_3_VERSION), test_client_refused);
  g_test_add_func ("/link/tls/lowest-version", test_version);
  g_test_add_func ("/link/tls/refuses-version-1.1", test_old_version);
  g_test_add_func ("/link/tls/refuses-plain-greeting", test_greeting);
  g_test_add_func ("/link/tls/handshake-time-out", test_stall);
  g_test_add_func ("/link/tls/handshake-cut-off", test_closes);
  g_test_add_func ("/link/tls/cancelled-in-handshake", test_cancelled);
  return g_test_run ();
}
