/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deflate streams: what one end compresses the other reads, at every split; a bomb and
 * rubbish are harmless. */
#include <string.h>

#include <mailhaul/error.h>

#include "deflate.h"

/* Inflates all of @in, fed @step bytes at a time, into a small buffer. */
static GString *
inflate_all (ImapDeflate *reader, const GByteArray *in, gsize step)
{
  GString *out = g_string_new (NULL);
  gsize at = 0;
  for (;;)
    {
      guint8 buffer[97];
      gsize length = 0;
      g_assert_true (imap_deflate_inflate (reader, buffer, sizeof buffer, &length, NULL));
      g_string_append_len (out, (const char *) buffer, (gssize) length);
      if (length > 0 || !imap_deflate_wants_input (reader))
        continue;
      if (at >= in->len)
        return out;
      gsize part = MIN (step, in->len - at);
      imap_deflate_feed (reader, in->data + at, part);
      at += part;
    }
}

static void
test_round_trip (void)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < 5000; i++)
    g_string_append_printf (text, "* %u FETCH (UID %u FLAGS (\\Seen))\r\n", i, i * 7);
  static const gsize steps[] = { 1, 2, 7, 1000, 1000000 };
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      ImapDeflate *writer = imap_deflate_new ();
      ImapDeflate *reader = imap_deflate_new ();
      g_autoptr (GByteArray) wire = g_byte_array_new ();
      gsize half = text->len / 3;
      imap_deflate_compress (writer, (guint8 *) text->str, half, TRUE, wire);
      imap_deflate_compress (writer, (guint8 *) text->str + half, text->len - half, TRUE,
                             wire);
      g_assert_cmpuint (wire->len, <, text->len / 3);
      GString *back = inflate_all (reader, wire, steps[i]);
      g_assert_cmpmem (back->str, back->len, text->str, text->len);
      g_string_free (back, TRUE);
      imap_deflate_free (writer);
      imap_deflate_free (reader);
    }
  g_string_free (text, TRUE);
}

static void
test_flush_gives_everything (void)
{
  ImapDeflate *writer = imap_deflate_new ();
  ImapDeflate *reader = imap_deflate_new ();
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GByteArray) wire = g_byte_array_new ();
      imap_deflate_compress (writer, (const guint8 *) "a NOOP\r\n", 8, TRUE, wire);
      GString *back = inflate_all (reader, wire, 3);
      g_assert_cmpstr (back->str, ==, "a NOOP\r\n");
      g_string_free (back, TRUE);
    }
  imap_deflate_free (writer);
  imap_deflate_free (reader);
}

static void
test_bomb (void)
{
  ImapDeflate *writer = imap_deflate_new ();
  ImapDeflate *reader = imap_deflate_new ();
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  g_autofree guint8 *zeros = g_malloc0 (16 * 1024 * 1024);
  imap_deflate_compress (writer, zeros, 16 * 1024 * 1024, TRUE, wire);
  guint8 buffer[4096];
  gsize length = 0;
  imap_deflate_feed (reader, wire->data, wire->len);
  g_assert_true (imap_deflate_inflate (reader, buffer, sizeof buffer, &length, NULL));
  g_assert_cmpuint (length, ==, sizeof buffer);
  g_assert_false (imap_deflate_wants_input (reader));
  imap_deflate_free (writer);
  imap_deflate_free (reader);
}

static void
test_rubbish (void)
{
  ImapDeflate *reader = imap_deflate_new ();
  guint8 buffer[64];
  gsize length = 0;
  g_autoptr (GError) error = NULL;
  imap_deflate_feed (reader, (const guint8 *) "* OK no deflate\r\n", 17);
  while (error == NULL && !imap_deflate_wants_input (reader))
    (void) imap_deflate_inflate (reader, buffer, sizeof buffer, &length, &error);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_PROTOCOL);
  imap_deflate_free (reader);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/deflate/comes-back-at-every-split", test_round_trip);
  g_test_add_func ("/imap/deflate/a-flush-gives-everything", test_flush_gives_everything);
  g_test_add_func ("/imap/deflate/a-bomb-fills-one-buffer", test_bomb);
  g_test_add_func ("/imap/deflate/rubbish-is-an-error", test_rubbish);
  return g_test_run ();
}
