/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading whole files: variants, flags, sizes, tokens and marks, growth and rewriting
 * under a listing. Each body is fetched and its size compared with the scan's. Test
 * thread.
 */
#include "mbox-world.h"

#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

#define FROM "From a@b Fri Nov  9 22:33:52 2001\n"

/* Vector: @expect: per message "flags keywords|body;", with LF for CRLF. */
typedef struct
{
  const char *name;
  MboxFormat format;
  const char *file;
  gsize length;
  const char *expect;
} Vector;

#define FILE_BYTES(text) (text), sizeof (text) - 1

static const Vector vectors[] = {
  { "plain", MBOX_FORMAT_AUTO,
    FILE_BYTES (FROM "A: b\nStatus: RO\n\nbody\n\n" FROM "C: d\n\nx\n"),
    "1 |A: b\n\nbody\n;0 |C: d\n\nx\n;" },
  { "private-fields", MBOX_FORMAT_AUTO,
    FILE_BYTES (FROM "X-UID: 7\nA: b\nX-Status: AF\nContent-Length: 99\n  folded\n"
                     "X-Keywords: one\nC: d\n\nStatus: text\n"),
    "6 one|A: b\nC: d\n\nStatus: text\n;" },
  { "mboxo-as-it-is", MBOX_FORMAT_AUTO, FILE_BYTES (FROM "A: b\n\n>From x\n"),
    "0 |A: b\n\n>From x\n;" },
  { "mboxo-if-told", MBOX_FORMAT_O, FILE_BYTES (FROM "A: b\n\n>From x\n>>From y\n"),
    "0 |A: b\n\nFrom x\n>>From y\n;" },
  { "mboxrd-detected", MBOX_FORMAT_AUTO,
    FILE_BYTES (FROM "A: b\n\n>From x\n\n" FROM "C: d\n\n>>From y\n"),
    "0 |A: b\n\nFrom x\n;0 |C: d\n\n>From y\n;" },
  { "mboxrd-if-told", MBOX_FORMAT_RD, FILE_BYTES (FROM "A: b\n\n>From x\n"),
    "0 |A: b\n\nFrom x\n;" },
  { "mboxcl2-detected", MBOX_FORMAT_AUTO,
    FILE_BYTES (FROM "A: b\nContent-Length: 57\n\n>From u\n>>From v\n\n" FROM
                     "w: x\n\n" FROM "C: d\nContent-Length: 2\n\ny\n\n"),
    "0 |A: b\n\n>From u\n>>From v\n\n" FROM "w: x\n;0 |C: d\n\ny\n;" },
  { "lying-length", MBOX_FORMAT_AUTO,
    FILE_BYTES (FROM "A: b\nContent-Length: 3\n\nhello\n\n" FROM
                     "C: d\nContent-Length: 2\n\ny\n\n" FROM
                     "E: f\nContent-Length: 999999\n\nz\n"),
    "0 |A: b\n\nhello\n;0 |C: d\n\ny\n;0 |E: f\n\nz\n;" },
  { "length-ignored-if-told", MBOX_FORMAT_RD,
    FILE_BYTES (FROM "A: b\nContent-Length: 42\n\nx\n\n" FROM "C: d\n\n"),
    "0 |A: b\n\nx\n;0 |C: d\n;" },
  { "crlf", MBOX_FORMAT_AUTO,
    FILE_BYTES (
        "From a@b Fri Nov  9 22:33:52 2001\r\nA: b\r\nStatus: R\r\n\r\nx\r\n\r\n" FROM
        "C: d\r\n\r\ny\r\n"),
    "1 |A: b\n\nx\n;0 |C: d\n\ny\n;" },
  { "internal-data", MBOX_FORMAT_AUTO,
    FILE_BYTES (FROM "From: Mail System Internal Data <MAILER-DAEMON@x>\n"
                     "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
                     "X-IMAP: 1000000000 0000000002 good\nStatus: RO\n\ntext\n\n" FROM
                     "A: b\nX-Keywords: good bad\n\nx\n"),
    "0 good|A: b\n\nx\n;" },
  { "base-counts-in-the-first-only", MBOX_FORMAT_AUTO,
    FILE_BYTES (
        FROM "X-IMAPbase: 1000000000 0000000002 good\nA: b\n\nx\n\n" FROM
             "X-IMAPbase: 1000000000 0000000002 bad\nX-Keywords: good bad\nC: d\n\ny\n"),
    "0 |A: b\n\nx\n;0 good|C: d\n\ny\n;" },
  { "mozilla", MBOX_FORMAT_AUTO,
    FILE_BYTES ("From - Fri Nov  9 22:33:52 2001\nX-Mozilla-Status: 0005\n"
                "X-Mozilla-Status2: 00800000\nX-Mozilla-Keys: work      \nA: b\n\nx\n"),
    "5 work|A: b\n\nx\n;" },
  { "takeout", MBOX_FORMAT_AUTO,
    FILE_BYTES ("From 1234@xxx Fri Nov 09 22:33:52 +0000 2001\nX-GM-THRID: 1234\n"
                "X-Gmail-Labels: Sent,Opened\nA: b\n\nx\n"),
    "1 Sent|X-GM-THRID: 1234\nX-Gmail-Labels: Sent,Opened\nA: b\n\nx\n;" },
  { "hole-and-no-newline", MBOX_FORMAT_AUTO,
    FILE_BYTES (FROM "A: b\n\nx\n\n\0\0\0\0\0\0\0\0" FROM "C: d\n\nend"),
    "0 |A: b\n\nx\n;0 |C: d\n\nend;" },
  { "empty", MBOX_FORMAT_AUTO, FILE_BYTES (""), "" },
};

static char *
as_text (const WorldListing *listing)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < listing->mails->len; i++)
    {
      const WorldMail *mail = g_ptr_array_index (listing->mails, i);
      g_assert_no_error (mail->error);
      gsize length = 0;
      const char *body = g_bytes_get_data (mail->body, &length);
      g_assert_cmpuint (mail->size_bytes, ==, length);
      g_string_append_printf (text, "%x %s|", mail->flags, mail->keywords);
      for (gsize at = 0; at < length; at++)
        if (body[at] != '\r')
          g_string_append_c (text, body[at]);
      g_string_append_c (text, ';');
    }
  return g_string_free (text, FALSE);
}

static void
check_vector (gconstpointer data)
{
  const Vector *vector = data;
  static const HaulLines forms[] = { HAUL_LINES_CRLF, HAUL_LINES_ANY };
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autoptr (MboxWorld) world = world_new ();
      g_autoptr (GError) error = NULL;
      world->settings.format = vector->format;
      world_put (world, vector->file, (gssize) vector->length);
      WorldScan scan = { .lines = forms[i] };
      g_autoptr (WorldListing) listing = world_list (world, &scan, &error);
      g_assert_no_error (error);
      g_autofree char *text = as_text (listing);
      g_assert_cmpstr (text, ==, vector->expect);
    }
}

/* Sets the file's time back, so that it gets a token. */
static void
age (MboxWorld *world, gint64 seconds)
{
  struct utimbuf times = { 0 };
  times.actime = times.modtime = (time_t) (g_get_real_time () / G_USEC_PER_SEC - seconds);
  g_assert_cmpint (utime (world->file, &times), ==, 0);
}

static WorldListing *
list (MboxWorld *world, GBytes *token, GBytes *mark)
{
  g_autoptr (GError) error = NULL;
  WorldScan scan = { .token = token, .mark = mark };
  WorldListing *listing = world_list (world, &scan, &error);
  g_assert_no_error (error);
  return listing;
}

#define TWO FROM "A: b\nStatus: O \n\nx\n\n" FROM "C: d\n\ny\n"

static void
unchanged_gives_nothing (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, TWO, -1);
  age (world, 100);
  g_autoptr (WorldListing) first = list (world, NULL, NULL);
  g_assert_nonnull (first->token);
  g_autoptr (WorldListing) second = list (world, first->token, NULL);
  g_assert_true (second->delta);
  g_assert_cmpuint (second->mails->len, ==, 0);
  g_assert_true (g_bytes_equal (first->token, second->token));
}

static void
fresh_gives_no_token (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, TWO, -1);
  g_autoptr (WorldListing) listing = list (world, NULL, NULL);
  g_assert_null (listing->token);
}

static void
growth_gives_the_new (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, TWO, -1);
  age (world, 100);
  g_autoptr (WorldListing) first = list (world, NULL, NULL);
  world_append (world, "\n" FROM "E: f\n\nz\n");
  g_autoptr (WorldListing) second = list (world, first->token, NULL);
  g_autofree char *text = as_text (second);
  g_assert_true (second->delta);
  g_assert_cmpstr (text, ==, "0 |E: f\n\nz\n;");
  g_autoptr (WorldListing) third = list (world, NULL, first->mark);
  g_autofree char *behind = as_text (third);
  g_assert_false (third->delta);
  g_assert_cmpstr (behind, ==, "0 |E: f\n\nz\n;");
}

static void
continued_message_gives_all (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, TWO, -1);
  age (world, 100);
  g_autoptr (WorldListing) first = list (world, NULL, NULL);
  world_append (world, "more of y\n");
  g_autoptr (WorldListing) second = list (world, first->token, NULL);
  g_assert_false (second->delta);
  g_assert_cmpuint (second->mails->len, ==, 2);
}

static void
flags_in_place_give_all_with_the_same_keys (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, TWO, -1);
  age (world, 100);
  g_autoptr (WorldListing) first = list (world, NULL, NULL);
  g_autofree char *changed = g_strdup (TWO);
  memcpy (strstr (changed, "Status: O "), "Status: RO", 10);
  world_put (world, changed, -1);
  age (world, 50);
  g_autoptr (WorldListing) second = list (world, first->token, NULL);
  g_assert_false (second->delta);
  g_assert_cmpuint (second->mails->len, ==, 2);
  WorldMail *before = g_ptr_array_index (first->mails, 0);
  WorldMail *after = g_ptr_array_index (second->mails, 0);
  g_assert_cmphex (after->flags, ==, HAUL_FLAG_SEEN);
  g_assert_true (g_bytes_equal (before->key, after->key));
}

static void
foreign_tokens_give_all (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, TWO, -1);
  g_autoptr (GBytes) junk = g_bytes_new_static ("\1junk", 5);
  g_autoptr (WorldListing) listing = list (world, junk, junk);
  g_assert_false (listing->delta);
  g_assert_cmpuint (listing->mails->len, ==, 2);
}

static void
no_mbox_is_an_error (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GError) error = NULL;
  world_put (world, "hello\n\n" FROM "A: b\n\n", -1);
  g_autoptr (WorldListing) listing = world_list (world, NULL, &error);
  g_assert_null (listing);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CORRUPT);
}

static void
source_writes_nothing (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, TWO, -1);
  age (world, 100);
  GStatBuf before, after;
  g_assert_cmpint (g_stat (world->file, &before), ==, 0);
  g_autoptr (WorldListing) listing = list (world, NULL, NULL);
  g_assert_cmpint (g_stat (world->file, &after), ==, 0);
  g_assert_cmpint (before.st_mtim.tv_sec, ==, after.st_mtim.tv_sec);
  g_autoptr (GDir) dir = g_dir_open (world->directory, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "box");
  g_assert_null (g_dir_read_name (dir));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/mbox/scan/file/%s", vectors[i].name);
      g_test_add_data_func (path, &vectors[i], check_vector);
    }
  g_test_add_func ("/mbox/scan/of-an-unchanged-file-gives-nothing",
                   unchanged_gives_nothing);
  g_test_add_func ("/mbox/scan/of-a-fresh-file-gives-no-token", fresh_gives_no_token);
  g_test_add_func ("/mbox/scan/of-a-grown-file-gives-the-new", growth_gives_the_new);
  g_test_add_func ("/mbox/scan/of-a-continued-message-gives-all",
                   continued_message_gives_all);
  g_test_add_func ("/mbox/scan/keeps-keys-when-flags-change-in-place",
                   flags_in_place_give_all_with_the_same_keys);
  g_test_add_func ("/mbox/scan/with-a-foreign-token-gives-all", foreign_tokens_give_all);
  g_test_add_func ("/mbox/scan/of-something-else-is-an-error", no_mbox_is_an_error);
  g_test_add_func ("/mbox/scan/writes-nothing", source_writes_nothing);
  return g_test_run ();
}
