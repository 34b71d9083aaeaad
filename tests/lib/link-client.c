/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client's side of a conversation in tests of the link: simple blocking calls made of
 * read, write and wait, as a backend makes them. The test's thread.
 */
#include "link-client.h"

#include <string.h>

#include <mailhaul/error.h>

#define CHUNK_BYTES ((gsize) 40 * 1000)

HaulLinkOptions
link_options (const char *host, guint port, gboolean implicit_tls)
{
  return (HaulLinkOptions){ .struct_size = sizeof (HaulLinkOptions),
                            .host = host,
                            .port = port,
                            .implicit_tls = implicit_tls,
                            .proxy = "direct://",
                            .connect_timeout_us = TEST_PATIENCE_US };
}

HaulLink *
link_must_open (const HaulLinkOptions *options)
{
  g_autoptr (GError) error = NULL;
  HaulLink *link = haul_link_open (options, &error);
  g_assert_no_error (error);
  g_assert_nonnull (link);
  return link;
}

void
link_has_words (const GError *error, const char *words)
{
  g_auto (GStrv) each = g_strsplit (words, "|", -1);
  for (char **word = each; *word != NULL; word++)
    if (strstr (error->message, *word) == NULL)
      g_error ("'%s' is not in: %s", *word, error->message);
  g_test_message ("%s", error->message);
}

void
link_must_fail (const HaulLinkOptions *options, HaulErrorCode code, HaulErrorScope scope,
                const char *words)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (haul_link_open (options, &error));
  g_assert_error (error, HAUL_ERROR, (int) code);
  g_assert_cmpint (haul_error_scope (error), ==, scope);
  link_has_words (error, words);
}

static void
wait_for (HaulLink *link, gboolean reading, gboolean writing)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (haul_link_wait (link, reading, writing, -1, &error));
  g_assert_no_error (error);
}

void
link_say (HaulLink *link, const char *text)
{
  g_autoptr (GError) error = NULL;
  gsize length = strlen (text);
  while (length > 0)
    {
      gsize written = 0;
      HaulLinkResult result = haul_link_write (link, text, length, &written, &error);
      g_assert_no_error (error);
      if (result == HAUL_LINK_PENDING)
        wait_for (link, FALSE, TRUE);
      text += written;
      length -= written;
    }
}

/* 0: the end. */
static gsize
read_some (HaulLink *link, void *buffer, gsize size)
{
  g_autoptr (GError) error = NULL;
  for (;;)
    {
      gsize got = 0;
      HaulLinkResult result = haul_link_read (link, buffer, size, &got, &error);
      g_assert_no_error (error);
      if (result != HAUL_LINK_PENDING)
        return got;
      wait_for (link, TRUE, FALSE);
    }
}

char *
link_hear (HaulLink *link, gsize length)
{
  char *text = g_malloc0 (length + 1);
  for (gsize done = 0; done < length;)
    {
      gsize got = read_some (link, text + done, length - done);
      g_assert_cmpuint (got, >, 0);
      done += got;
    }
  return text;
}

char *
link_hear_line (HaulLink *link)
{
  g_autoptr (GString) line = g_string_new (NULL);
  for (;;)
    {
      g_autofree char *byte = link_hear (link, 1);
      if (byte[0] == '\n')
        return g_string_free (g_steal_pointer (&line), FALSE);
      g_string_append_c (line, byte[0]);
    }
}

HaulLinkResult
link_last (HaulLink *link, GError **error)
{
  char buffer[1000];
  for (;;)
    {
      gsize got = 0;
      HaulLinkResult result = haul_link_read (link, buffer, sizeof buffer, &got, error);
      if (result == HAUL_LINK_END || result == HAUL_LINK_FAILED)
        return result;
      if (result == HAUL_LINK_PENDING)
        wait_for (link, TRUE, FALSE);
    }
}

void
link_write_until_failure (HaulLink *link, GError **error)
{
  static const char data[1000] = "some bytes";
  for (;;)
    {
      gsize written = 0;
      HaulLinkResult result = haul_link_write (link, data, sizeof data, &written, error);
      if (result == HAUL_LINK_FAILED)
        return;
      if (result == HAUL_LINK_PENDING)
        wait_for (link, FALSE, TRUE);
    }
}

static guint8
byte_at (gsize at)
{
  return (guint8) (at * 7 + (at >> 8) * 13 + (at >> 16));
}

static gsize
echo_write (HaulLink *link, gsize at, gsize total, guint8 *buffer)
{
  g_autoptr (GError) error = NULL;
  gsize length = MIN (total - at, CHUNK_BYTES), written = 0;
  for (gsize i = 0; i < length; i++)
    buffer[i] = byte_at (at + i);
  /* after PENDING fewer bytes are offered: that is allowed */
  (void) haul_link_write (link, buffer, at % 3 == 0 ? MIN (length, 777) : length,
                          &written, &error);
  g_assert_no_error (error);
  memset (buffer, 0, length); /* whoever kept the pointer sends nonsense now */
  return written;
}

static gsize
echo_read (HaulLink *link, gsize at, guint8 *buffer)
{
  g_autoptr (GError) error = NULL;
  gsize got = 0;
  HaulLinkResult result = haul_link_read (link, buffer, CHUNK_BYTES, &got, &error);
  g_assert_no_error (error);
  g_assert_cmpint (result, !=, HAUL_LINK_END);
  for (gsize i = 0; i < got; i++)
    g_assert_cmpuint (buffer[i], ==, byte_at (at + i));
  return got;
}

void
link_echo (HaulLink *link, gsize total)
{
  g_autofree guint8 *buffer = g_malloc (CHUNK_BYTES);
  gsize sent = 0, came = 0;
  while (came < total)
    {
      gsize written = sent < total ? echo_write (link, sent, total, buffer) : 0;
      gsize got = echo_read (link, came, buffer);
      sent += written;
      came += got;
      if (written == 0 && got == 0)
        wait_for (link, TRUE, sent < total);
    }
  g_assert_cmpuint (sent, ==, total);
}

PeerCertificate *
test_authority (const char *name)
{
  const PeerCertificateSpec spec = { .common_name = name, .authority = TRUE };
  return peer_certificate_new (&spec, NULL);
}

PeerCertificate *
test_leaf (const char *names, const PeerCertificate *issuer)
{
  const PeerCertificateSpec spec = { .common_name = "Leaf", .names = names };
  return peer_certificate_new (&spec, issuer);
}

void
test_world_init (TestWorld *self)
{
  self->authority = test_authority ("Test Authority");
  self->stranger = test_authority ("Strange Authority");
  self->good = test_leaf ("DNS:localhost,IP:127.0.0.1", self->authority);
}

void
test_world_clear (TestWorld *self)
{
  peer_certificate_free (self->authority);
  peer_certificate_free (self->stranger);
  peer_certificate_free (self->good);
}

HaulLinkOptions
test_trusting (const TestWorld *world, const char *host, const TlsPeer *peer)
{
  HaulLinkOptions options = link_options (host, tls_peer_port (peer), TRUE);
  options.tls_ca_file = peer_certificate_file (world->authority);
  return options;
}
