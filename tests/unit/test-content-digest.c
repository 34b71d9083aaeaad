/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/content-digest.c against a slow and obvious canonical form. */
#include <glib.h>
#include <string.h>

#include "model/content-digest.h"

/* Vector: @data hashes like the text @canonical. */
typedef struct
{
  const char *name;
  const char *data;
  gssize length; /* -1: up to the NUL */
  const char *canonical;
} Vector;

static const Vector vectors[] = {
  { "lf", "A: b\n\nbody\n", -1, "A: b\n\nbody\n" },
  { "crlf", "A: b\r\n\r\nbody\r\n", -1, "A: b\n\nbody\n" },
  { "mixed", "A: b\r\n\nbody\r\n", -1, "A: b\n\nbody\n" },
  { "no-final-line-end", "A: b\n\nbody", -1, "A: b\n\nbody\n" },
  { "many-final-line-ends", "A: b\r\n\r\nbody\r\n\r\n\n\r\n", -1, "A: b\n\nbody\n" },
  { "final-cr", "A: b\r\n\r\nbody\r", -1, "A: b\n\nbody\n" },
  { "cr-between-final-line-ends", "A: b\n\nbody\n\r\r\n\r", -1, "A: b\n\nbody\n" },
  { "blank-last-line-stays", "A: b\n\nbody\n \n\n", -1, "A: b\n\nbody\n \n" },
  { "lone-cr", "A: b\r\n\r\nbo\rdy\r\r\nx\n", -1, "A: b\n\nbody\nx\n" },
  { "inner-empty-lines", "A: b\n\n\n\nx\n\n\n\ny\n", -1, "A: b\n\n\n\nx\n\n\n\ny\n" },
  { "empty", "", 0, "\n" },
  { "only-line-ends", "\r\n\n\r\n\n", -1, "\n" },
  { "only-cr", "\r\r\r", -1, "\n" },
  { "only-nul", "\0\0", 2, "\x80\x80\n" },
  { "nul-in-body", "A: b\n\nx\0y\0", 10, "A: b\n\nx\x80y\x80\n" },
  { "nul-in-header", "A: \0b\n\nx\n", 9,
    "A: \x80"
    "b\n\nx\n" },
  { "nul-cr-mixed", "A: b\n\n\r\0\r\0\r\n", 12, "A: b\n\n\x80\x80\n" },
  { "no-body", "A: b\r\nC: d\r\n\r\n", -1, "A: b\nC: d\n" },
  { "no-header-end", "A: b\r\nC: d", -1, "A: b\nC: d\n" },
  { "status", "A: b\nStatus: RO\nC: d\n\nx\n", -1, "A: b\nC: d\n\nx\n" },
  { "status-first", "Status: RO\r\nA: b\r\n\r\nx\r\n", -1, "A: b\n\nx\n" },
  { "status-last", "A: b\nX-Status: A\n\nx\n", -1, "A: b\n\nx\n" },
  { "all-private",
    "cOnTENT-length: 5\nX-UID: 7\nX-IMAP: 1 2\nX-IMAPbase: 1 2\nx-KEYWORDS: a\n"
    "STATUS: O\nx-status: F\n\nbody",
    -1, "\nbody\n" },
  { "private-alone", "Status: RO\n", -1, "\n" },
  { "private-unfinished", "A: b\nStatus: RO", -1, "A: b\n" },
  { "private-folded", "A: b\nX-Keywords: a\r\n b\n\tc\r\n\r\nx\n", -1, "A: b\n\nx\n" },
  { "private-folded-blank-line", "X-Keywords: a\n \n\t\r\n\nx\n", -1, "\nx\n" },
  { "other-folded", "Status: R\nA: b\n Status: c\n\tX-UID: 1\n\nx\n", -1,
    "A: b\n Status: c\n\tX-UID: 1\n\nx\n" },
  { "folded-first-line", " x\nA: b\n\nx\n", -1, " x\nA: b\n\nx\n" },
  { "private-blank-before-colon", "Status \t : RO\nA: b\n\nx\n", -1, "A: b\n\nx\n" },
  { "private-empty", "Status:\nX-UID:\r\nA: b\n\nx\n", -1, "A: b\n\nx\n" },
  { "cr-in-name", "Sta\rtus: RO\n\rX-UID\r: 1\nA: b\n\nx\n", -1, "A: b\n\nx\n" },
  { "nul-in-name", "Sta\0tus: RO\n\nx\n", 15, "Sta\x80tus: RO\n\nx\n" },
  { "name-is-prefix", "Stat: a\nStatuses: b\nX-UIDs: c\nX-IMAPbas: d\n\nx\n", -1,
    "Stat: a\nStatuses: b\nX-UIDs: c\nX-IMAPbas: d\n\nx\n" },
  { "name-without-colon", "Status\nX-UID\nContent-Length\n\nx\n", -1,
    "Status\nX-UID\nContent-Length\n\nx\n" },
  { "name-unfinished", "A: b\nX-Stat", -1, "A: b\nX-Stat\n" },
  { "name-too-long", "Status                               : RO\n\nx\n", -1,
    "Status                               : RO\n\nx\n" },
  { "name-at-the-limit", "Status                          : RO\n\nx\n", -1, "\nx\n" },
  { "private-in-body-stays", "A: b\n\nStatus: RO\nX-UID: 1\n", -1,
    "A: b\n\nStatus: RO\nX-UID: 1\n" },
  { "leading-line-end", "\nStatus: x\n", -1, "\nStatus: x\n" },
  { "leading-crlf", "\r\nStatus: x\r\n", -1, "\nStatus: x\n" },
  { "body-of-line-ends", "A: b\r\n\r\n\r\n\r\n\r\n", -1, "A: b\n" },
};

static gsize
vector_length (const Vector *vector)
{
  return vector->length >= 0 ? (gsize) vector->length : strlen (vector->data);
}

/* The SHA-256 of the expected text, by GLib. */
static void
expected_digest (const char *canonical, gsize length, guint8 *out)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize out_length = DIGEST_LENGTH;

  g_checksum_update (checksum, (const guchar *) canonical, (gssize) length);
  g_checksum_get_digest (checksum, out, &out_length);
}

static void
assert_digest (ContentDigest *digest, const char *canonical, gsize length)
{
  guint8 found[DIGEST_LENGTH], expected[DIGEST_LENGTH];

  content_digest_finish (digest, found);
  expected_digest (canonical, length, expected);
  g_assert_cmpmem (found, sizeof found, expected, sizeof expected);
}

static void
test_vector_split_anywhere (gconstpointer user_data)
{
  const Vector *vector = user_data;
  const guint8 *data = (const guint8 *) vector->data;
  gsize length = vector_length (vector);
  g_autoptr (ContentDigest) digest = content_digest_new (TRUE);

  for (gsize first = 0; first <= length; first++)
    for (gsize second = first; second <= length; second++)
      {
        content_digest_reset (digest);
        content_digest_update (digest, data, first);
        content_digest_update (digest, data + first, second - first);
        content_digest_update (digest, data + second, length - second);
        assert_digest (digest, vector->canonical, strlen (vector->canonical));
      }
}

static void
test_vector_byte_by_byte (gconstpointer user_data)
{
  const Vector *vector = user_data;
  g_autoptr (ContentDigest) digest = content_digest_new (FALSE);

  for (gsize i = 0; i < vector_length (vector); i++)
    content_digest_update (digest, (const guint8 *) vector->data + i, 1);
  assert_digest (digest, vector->canonical, strlen (vector->canonical));
}

/* Feeds @data in spans of @step bytes. */
static void
update_in_steps (ContentDigest *digest, const GString *data, gsize step)
{
  for (gsize at = 0; at < data->len; at += step)
    content_digest_update (digest, (const guint8 *) data->str + at,
                           MIN (step, data->len - at));
}

static const gsize steps[] = { 1,     3,     127,   2047,  2048,   2049,
                               16383, 16384, 16385, 65536, 1 << 30 };

/* Lines of every length round the borders of the gathering buffer. */
static void
test_big_bodies_in_any_steps (void)
{
  g_autoptr (GString) data = g_string_new ("Subject: big\r\nStatus: RO\r\n\r\n");
  g_autoptr (GString) canonical = g_string_new ("Subject: big\n\n");
  g_autoptr (ContentDigest) digest = content_digest_new (TRUE);

  for (guint line = 0; line < 400; line++)
    {
      guint length = (line * 37) % 4200;

      for (guint i = 0; i < length; i++)
        {
          char c = (char) ('a' + (i * 7 + line) % 26);

          g_string_append_c (data, i % 1021 == 1020 ? '\0' : c);
          g_string_append_c (canonical, i % 1021 == 1020 ? '\x80' : c);
        }
      g_string_append (data, line % 3 == 0 ? "\n" : "\r\n");
      g_string_append_c (canonical, '\n');
    }
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      content_digest_reset (digest);
      update_in_steps (digest, data, steps[i]);
      assert_digest (digest, canonical->str, canonical->len);
    }
}

static void
test_long_run_of_line_ends_inside (void)
{
  g_autoptr (GString) data = g_string_new ("A: b\r\n\r\nx");
  g_autoptr (GString) canonical = g_string_new ("A: b\n\nx");
  g_autoptr (ContentDigest) digest = content_digest_new (FALSE);

  for (guint i = 0; i < 100000; i++)
    {
      g_string_append (data, i % 2 == 0 ? "\r\n" : "\n");
      g_string_append_c (canonical, '\n');
    }
  g_string_append_c (data, 'y');
  g_string_append (canonical, "y\n");
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      content_digest_reset (digest);
      update_in_steps (digest, data, steps[i]);
      assert_digest (digest, canonical->str, canonical->len);
    }
}

/* A header block above what is kept is still canonicalised to its end. */
static void
test_header_of_a_megabyte (void)
{
  g_autoptr (GString) data = g_string_new (NULL);
  g_autoptr (GString) canonical = g_string_new (NULL);
  g_autoptr (ContentDigest) digest = content_digest_new (TRUE);
  gsize length;

  for (guint i = 0; data->len < 1024 * 1024; i++)
    {
      g_string_append_printf (data, "X-Filler-%u: some text\r\nStatus: R\r\n O\r\n", i);
      g_string_append_printf (canonical, "X-Filler-%u: some text\n", i);
    }
  g_string_append (data, "X-UID: 7\r\n\r\nbody\r\n");
  g_string_append (canonical, "\nbody\n");
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      content_digest_reset (digest);
      update_in_steps (digest, data, steps[i]);
      content_digest_headers (digest, &length);
      g_assert_cmpuint (length, ==, IDENTITY_HEADER_LIMIT_BYTES);
      g_assert_true (content_digest_headers_done (digest));
      assert_digest (digest, canonical->str, canonical->len);
    }
}

static void
test_headers_are_kept_as_they_came (void)
{
  static const char data[] = "A: b\r\nStatus: RO\r\n\r\nbody\r\n";
  const gsize block = strlen ("A: b\r\nStatus: RO\r\n\r\n");
  g_autoptr (ContentDigest) digest = content_digest_new (TRUE);

  for (gsize cut = 0; cut < sizeof data; cut++)
    {
      const guint8 *headers;
      gsize length;

      content_digest_reset (digest);
      content_digest_update (digest, (const guint8 *) data, cut);
      headers = content_digest_headers (digest, &length);
      g_assert_cmpmem (headers, length, data, MIN (cut, block));
      g_assert_cmpint (content_digest_headers_done (digest), ==, cut >= block);
      content_digest_update (digest, (const guint8 *) data + cut, sizeof data - 1 - cut);
      headers = content_digest_headers (digest, &length);
      g_assert_cmpmem (headers, length, data, block);
    }
}

static void
test_headers_unasked_are_not_kept (void)
{
  g_autoptr (ContentDigest) digest = content_digest_new (FALSE);
  gsize length = 1;

  content_digest_update (digest, (const guint8 *) "A: b\n", 5);
  content_digest_headers (digest, &length);
  g_assert_cmpuint (length, ==, 0);
  g_assert_false (content_digest_headers_done (digest));
  content_digest_update (digest, (const guint8 *) "\n", 1);
  g_assert_true (content_digest_headers_done (digest));
}

static void
test_reset_forgets_the_message_before (void)
{
  g_autoptr (ContentDigest) digest = content_digest_new (TRUE);
  gsize length;

  content_digest_update (digest, (const guint8 *) "Status: R\n X-U\n\nx\n\n\nStat", 24);
  content_digest_reset (digest);
  content_digest_headers (digest, &length);
  g_assert_cmpuint (length, ==, 0);
  content_digest_update (digest, (const guint8 *) " a\n", 3);
  assert_digest (digest, " a\n", 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *split = g_strdup_printf ("/content-digest/%s/split-anywhere",
                                                vectors[i].name);
      g_autofree char *bytes = g_strdup_printf ("/content-digest/%s/byte-by-byte",
                                                vectors[i].name);

      g_test_add_data_func (split, &vectors[i], test_vector_split_anywhere);
      g_test_add_data_func (bytes, &vectors[i], test_vector_byte_by_byte);
    }
  g_test_add_func ("/content-digest/big-bodies/in-any-steps",
                   test_big_bodies_in_any_steps);
  g_test_add_func ("/content-digest/line-ends/a-long-run-inside-counts",
                   test_long_run_of_line_ends_inside);
  g_test_add_func ("/content-digest/headers/a-megabyte-is-canonical-to-its-end",
                   test_header_of_a_megabyte);
  g_test_add_func ("/content-digest/headers/kept-as-they-came",
                   test_headers_are_kept_as_they_came);
  g_test_add_func ("/content-digest/headers/unasked-are-not-kept",
                   test_headers_unasked_are_not_kept);
  g_test_add_func ("/content-digest/reset/forgets-the-message-before",
                   test_reset_forgets_the_message_before);
  return g_test_run ();
}
