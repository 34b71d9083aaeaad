/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fetch: bodies in both forms, of all sizes, and files that are no messages.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maildir-world.h"

/* The wire form of @text, computed the simple way. */
static GByteArray *
wire_of (const char *text, gsize length)
{
  GByteArray *wire = g_byte_array_new ();

  for (gsize i = 0; i < length; i++)
    {
      if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
        g_byte_array_append (wire, (const guint8 *) "\r", 1);
      g_byte_array_append (wire, (const guint8 *) text + i, 1);
    }
  return wire;
}

static void
put_bytes (World *world, const char *name, const char *data, gsize length)
{
  g_autofree char *path = g_build_filename (world->path, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, data, (gssize) length, &error);
  g_assert_no_error (error);
}

static void
check_body (const char *data, gsize length)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GByteArray) wire = wire_of (data, length);
  g_autoptr (GByteArray) as_stored = NULL;
  g_autoptr (GByteArray) crlf = NULL;
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  put_bytes (world, "cur/1.x:2,S", data, length);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", HAUL_NEED_SIZE, NULL);
  g_assert_cmpuint (scanned_at (scanned, 0)->size_bytes, ==, wire->len);
  as_stored = world_fetch (world, session, "1.x", HAUL_LINES_ANY, NULL);
  g_assert_cmpmem (as_stored->data, as_stored->len, data, length);
  crlf = world_fetch (world, session, "1.x", HAUL_LINES_CRLF, NULL);
  g_assert_cmpmem (crlf->data, crlf->len, wire->data, wire->len);
  world->backend->close (session);
}

static void
test_small_bodies (void)
{
  static const char *const bodies[] = {
    "",           "\n",       "\r",    "\r\n", "a", "a\n\nb\n", "a\r\n\r\nb\r\n",
    "a\rb\n\r\n", "\r\r\n\n", "\n\r\n"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    check_body (bodies[i], strlen (bodies[i]));
  check_body ("a\0b\n\0\n", 6);
}

/* A body of @length bytes whose lines end in the way that bit 0 of their number says. */
static char *
long_body (gsize length, gboolean mixed)
{
  char *data = g_malloc (length + 1);
  gsize at = 0;

  for (guint line = 0; at < length; line++)
    {
      gsize width = MIN (line % 77, length - at);

      memset (data + at, 'a' + (int) (line % 26), width);
      at += width;
      if (at + 1 < length && mixed && line % 2)
        data[at++] = '\r';
      if (at < length)
        data[at++] = '\n';
    }
  return data;
}

static void
test_bodies_around_the_limits (void)
{
  static const gsize sizes[] = { 65535,      65536,          65537,  256 * 1024 - 1,
                                 256 * 1024, 256 * 1024 + 1, 300000, 1024 * 1024 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *plain = long_body (sizes[i], FALSE);
      g_autofree char *mixed = long_body (sizes[i], TRUE);

      check_body (plain, sizes[i]);
      check_body (mixed, sizes[i]);
      memset (plain, 'x', sizes[i]);
      check_body (plain, sizes[i]);
      memset (plain, '\n', sizes[i]);
      check_body (plain, sizes[i]);
    }
}

static void
expect_failure (World *world, gpointer session, const char *key, HaulErrorCode code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (world_fetch (world, session, key, HAUL_LINES_ANY, &error));
  g_assert_error (error, HAUL_ERROR, (int) code);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_MESSAGE);
}

static void
test_no_messages (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *fifo = NULL;
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "cur/1.x:2,S", "x");
  fifo = g_build_filename (world->path, "cur", "2.pipe:2,S", NULL);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", HAUL_NEED_HEADERS, NULL);
  expect_failure (world, session, "2.pipe", HAUL_ERROR_IO);
  expect_failure (world, session, "3.never", HAUL_ERROR_GONE);
  expect_failure (world, session, "../1.x", HAUL_ERROR_GONE);
  world->backend->close (session);
}

static void
test_links (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *link = NULL;
  g_autofree char *other = NULL;
  g_autofree char *stranger = NULL;
  g_autoptr (Scanned) scanned = NULL;
  g_autoptr (GByteArray) body = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "elsewhere", "linked\n");
  world_put (world, "secret", "secret\n");
  link = g_build_filename (world->path, "cur", "1.link:2,", NULL);
  other = g_build_filename (world->path, "cur", "2.link:2,", NULL);
  stranger = g_build_filename (world->path, "secret", NULL);
  g_assert_cmpint (symlink ("../elsewhere", link), ==, 0);
  g_assert_cmpint (symlink ("../secret", other), ==, 0);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", 0, NULL);
  body = world_fetch (world, session, "1.link", HAUL_LINES_ANY, NULL);
  g_assert_cmpmem (body->data, body->len, "linked\n", 7);
  /* Only root can make a file of somebody else, and only root must be on its guard. */
  if (geteuid () == 0)
    {
      g_assert_cmpint (chown (stranger, 65534, 65534), ==, 0);
      expect_failure (world, session, "2.link", HAUL_ERROR_PERMISSION);
    }
  world->backend->close (session);
}

static void
test_renamed_since_the_scan (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  g_autoptr (Scanned) scanned = NULL;
  g_autoptr (GByteArray) body = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "new/1.x", "body\n");
  world_put (world, "cur/2.x:2,", "gone\n");
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", 0, NULL);
  from = g_build_filename (world->path, "new/1.x", NULL);
  to = g_build_filename (world->path, "cur/1.x:2,FS", NULL);
  g_assert_cmpint (rename (from, to), ==, 0);
  g_free (from);
  from = g_build_filename (world->path, "cur/2.x:2,", NULL);
  g_assert_cmpint (unlink (from), ==, 0);
  body = world_fetch (world, session, "1.x", HAUL_LINES_ANY, NULL);
  g_assert_cmpmem (body->data, body->len, "body\n", 5);
  expect_failure (world, session, "2.x", HAUL_ERROR_GONE);
  world->backend->close (session);
}

static void
test_without_a_scan (void)
{
  g_autoptr (World) world = world_new ();
  const char *const inbox[] = { "INBOX", NULL };
  g_autoptr (GByteArray) body = NULL;
  g_autoptr (GError) error = NULL;
  gpointer session = NULL;

  world_put (world, "new/1.x", "body\n"); /* a store without cur/ */
  session = world_open (world, HAUL_ROLE_SOURCE);
  world->backend->enter (session, inbox, HAUL_ENTER_READ, NULL, &error);
  g_assert_no_error (error);
  body = world_fetch (world, session, "1.x", HAUL_LINES_ANY, NULL);
  g_assert_cmpmem (body->data, body->len, "body\n", 5);
  world->backend->close (session);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/fetch/small-bodies", test_small_bodies);
  g_test_add_func ("/maildir/fetch/bodies-around-the-limits",
                   test_bodies_around_the_limits);
  g_test_add_func ("/maildir/fetch/what-is-no-message-fails", test_no_messages);
  g_test_add_func ("/maildir/fetch/links-of-the-same-owner", test_links);
  g_test_add_func ("/maildir/fetch/renamed-since-the-scan", test_renamed_since_the_scan);
  g_test_add_func ("/maildir/fetch/without-a-scan", test_without_a_scan);
  return g_test_run ();
}
