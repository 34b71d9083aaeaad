/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scan: what records say, change tokens, and a mail client at work meanwhile.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/snapshot.h"
#include "maildir-world.h"

#define ALL (HAUL_NEED_FLAGS | HAUL_NEED_SIZE | HAUL_NEED_DATE | HAUL_NEED_HEADERS)

static void
set_date (World *world, const char *name, gint64 seconds)
{
  g_autofree char *path = g_build_filename (world->path, name, NULL);
  struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

static void
test_records (void)
{
  g_autoptr (World) world = world_new ();
  gpointer session = NULL;
  g_autoptr (Scanned) scanned = NULL;
  g_autofree char *keys = NULL;

  world_folder (world, "");
  world_put (world, "cur/1000000002.M1P1.h:2,FS", "Subject: two\n\nbody\n");
  world_put (world, "new/1000000003.M1P1.h", "Subject: three\r\n\r\nbody\r\n");
  world_put (world, "cur/1000000001.M1P1.h", "Subject: one\nbody without end");
  world_put (world, "cur/.nfs123", "no message");
  world_put (world, "cur/sub/file", "no message");
  set_date (world, "cur/1000000002.M1P1.h:2,FS", 86400);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", ALL, NULL);
  keys = scanned_keys (scanned);
  g_assert_cmpstr (keys, ==, "1000000001.M1P1.h 1000000002.M1P1.h 1000000003.M1P1.h");
  g_assert_cmpuint (scanned->messages, ==, 3);
  g_assert_cmphex (scanned_at (scanned, 1)->flags, ==,
                   HAUL_FLAG_FLAGGED | HAUL_FLAG_SEEN);
  g_assert_cmpint (scanned_at (scanned, 1)->date_unix, ==, 86400);
  g_assert_cmpstr (scanned_at (scanned, 1)->headers, ==, "Subject: two\n\n");
  g_assert_cmpuint (scanned_at (scanned, 1)->size_bytes, ==, 22);
  g_assert_cmpuint (scanned_at (scanned, 2)->size_bytes, ==, 24);
  g_assert_cmphex (scanned_at (scanned, 2)->flags, ==, 0);
  g_assert_cmpstr (scanned_at (scanned, 0)->headers, ==,
                   "Subject: one\nbody without end");
  world->backend->close (session);
}

typedef struct
{
  const char *name;
  guint32 needs;
  guint64 size;
} SizeVector;

#define BODY "a: b\n\nlines\nlines\n" /* 18 bytes, 22 with CRLF */

static const SizeVector size_vectors[] = {
  { "1.M1.h:2,", HAUL_NEED_SIZE, 22 },
  { "1.M1.h,S=18:2,", HAUL_NEED_SIZE, 22 },
  { "1.M1.h,S=18,W=22:2,", HAUL_NEED_SIZE, 22 },
  { "1.M1.h,S=18,W=21:2,", HAUL_NEED_SIZE, 21 }, /* nobody looked */
  { "1.M1.h,S=17,W=21:2,", HAUL_NEED_SIZE | HAUL_NEED_DATE, 22 },
  { "1.M1.h,W=17:2,", HAUL_NEED_SIZE | HAUL_NEED_DATE, 22 },
  { "1.M1.h,S=18,W=17:2,", HAUL_NEED_SIZE, 22 },
  { "1.M1.h,S=18,W=99:2,", HAUL_NEED_SIZE, 22 },
  { "1.M1.h,S=5,W=9:2,", HAUL_NEED_SIZE | HAUL_NEED_HEADERS, 22 },
};

static void
test_sizes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (size_vectors); i++)
    {
      g_autoptr (World) world = world_new ();
      g_autofree char *name = g_strconcat ("cur/", size_vectors[i].name, NULL);
      g_autoptr (Scanned) scanned = NULL;
      gpointer session = NULL;

      g_test_message ("%s", name);
      world_folder (world, "");
      world_put (world, name, BODY);
      session = world_open (world, HAUL_ROLE_SOURCE);
      scanned = world_scan (world, session, "INBOX", size_vectors[i].needs, NULL);
      g_assert_cmpuint (scanned_at (scanned, 0)->size_bytes, ==, size_vectors[i].size);
      world->backend->close (session);
    }
}

static void
test_long_header_block (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  for (guint i = 0; i < 3000; i++)
    g_string_append_printf (text, "X-Line-%u: some text to make it longer\n", i);
  g_string_append (text, "Message-ID: <late@example.org>\n");
  world_folder (world, "");
  world_put (world, "cur/2.endless:2,", text->str);
  g_string_append (text, "\nbody\n");
  world_put (world, "cur/1.long:2,", text->str);
  g_string_set_size (text, 0);
  while (text->len < 1000000)
    g_string_append (text, "no line end ");
  world_put (world, "cur/3.garbage:2,", text->str);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", ALL, NULL);
  g_assert_true (
      g_str_has_suffix (scanned_at (scanned, 0)->headers, "<late@example.org>\n\n"));
  g_assert_true (
      g_str_has_suffix (scanned_at (scanned, 1)->headers, "<late@example.org>\n"));
  g_assert_cmpuint (strlen (scanned_at (scanned, 2)->headers), ==, 256 * 1024);
  g_assert_cmpuint (scanned_at (scanned, 2)->size_bytes, ==, text->len);
  world->backend->close (session);
}

static void
test_dovecot_keywords (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "dovecot-keywords", "0 $Junk\n2 work\n3 $forwarded\n");
  world_put (world, "cur/1.a:2,Sac", "x");
  world_put (world, "cur/2.b:2,Pd", "x");
  world_put (world, "cur/3.c:2,b", "x"); /* a letter that nobody explained */
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", HAUL_NEED_FLAGS, NULL);
  g_assert_cmpstr (scanned_at (scanned, 0)->keywords, ==, "$Junk work");
  g_assert_cmpstr (scanned_at (scanned, 1)->keywords, ==, "$Forwarded");
  g_assert_cmpstr (scanned_at (scanned, 2)->keywords, ==, "");
  world->backend->close (session);
}

static void
test_courier_keywords (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "courierimapkeywords/:list", "a\nb\n\n1.x:0 1\n2.x:0\n3.x:1\n");
  world_put (world, "courierimapkeywords/2.x", "newest\n");
  world_put (world, "courierimapkeywords/.9.2.x", "newer\n");
  world_put (world, "courierimapkeywords/.10.4.x", "ten\n");
  world_put (world, "courierimapkeywords/.9.4.x", "nine\n");
  world_put (world, "courierimapkeywords/3.x", "");
  world_put (world, "cur/1.x:2,S", "x");
  world_put (world, "cur/2.x:2,S", "x");
  world_put (world, "cur/3.x:2,S", "x");
  world_put (world, "cur/4.x:2,S", "x");
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", HAUL_NEED_FLAGS, NULL);
  g_assert_cmpstr (scanned_at (scanned, 0)->keywords, ==, "a b");
  g_assert_cmpstr (scanned_at (scanned, 1)->keywords, ==, "newest");
  g_assert_cmpstr (scanned_at (scanned, 2)->keywords, ==, "");
  g_assert_cmpstr (scanned_at (scanned, 3)->keywords, ==, "ten");
  world->backend->close (session);
}

static void
test_fresh_folder_has_no_token (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "cur/1.x:2,S", "x");
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", 0, NULL);
  g_assert_null (scanned->token);
  world->backend->close (session);
}

/* What changes a folder; each must change its token. */
static void
rename_flags (World *world)
{
  g_autofree char *from = g_build_filename (world->path, "cur/1.x:2,S", NULL);
  g_autofree char *to = g_build_filename (world->path, "cur/1.x:2,FS", NULL);

  g_assert_cmpint (rename (from, to), ==, 0);
}

static void
move_to_cur (World *world)
{
  g_autofree char *from = g_build_filename (world->path, "new/2.x", NULL);
  g_autofree char *to = g_build_filename (world->path, "cur/2.x:2,", NULL);

  g_assert_cmpint (rename (from, to), ==, 0);
}

static void
deliver (World *world)
{
  world_put (world, "new/3.x", "x");
}

static void
name_keyword (World *world)
{
  world_put (world, "dovecot-keywords", "0 word\n");
}

static void
courier_keyword (World *world)
{
  world_put (world, "courierimapkeywords/1.x", "word\n");
}

static void
test_token (void)
{
  static void (*const changes[]) (World *) = { rename_flags, move_to_cur, deliver,
                                               name_keyword, courier_keyword };

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autoptr (World) world = world_new ();
      g_autoptr (Scanned) first = NULL;
      g_autoptr (Scanned) same = NULL;
      g_autoptr (Scanned) changed = NULL;
      gpointer session = NULL;

      world_folder (world, "");
      world_put (world, "cur/1.x:2,S", "x");
      world_put (world, "new/2.x", "x");
      session = world_open (world, HAUL_ROLE_SOURCE);
      world_age (session);
      first = world_scan (world, session, "INBOX", HAUL_NEED_FLAGS, NULL);
      g_assert_nonnull (first->token);
      same = world_scan (world, session, "INBOX", HAUL_NEED_FLAGS, first->token);
      g_assert_true (same->delta);
      g_assert_cmpuint (same->records->len, ==, 0);
      g_assert_true (g_bytes_equal (same->token, first->token));
      changes[i](world);
      changed = world_scan (world, session, "INBOX", HAUL_NEED_FLAGS, first->token);
      g_assert_false (changed->delta);
      g_assert_false (g_bytes_equal (changed->token, first->token));
      world->backend->close (session);
    }
}

static void
test_source_touches_nothing (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (Scanned) scanned = NULL;
  g_autoptr (GByteArray) body = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *listing = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_folder (world, ".A");
  world_put (world, "new/1.x", "a: b\n\nbody\n");
  world_put (world, "tmp/0.old", "debris");
  before = snapshot_of (world->path);
  session = world_open (world, HAUL_ROLE_SOURCE);
  listing = world_list (world, session);
  scanned = world_scan (world, session, "INBOX", ALL, NULL);
  body = world_fetch (world, session, "1.x", HAUL_LINES_CRLF, NULL);
  world->backend->close (session);
  after = snapshot_of (world->path);
  g_assert_cmpstr (before, ==, after);
}

static void
test_one_base_two_files (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (Scanned) scanned = NULL;
  g_autoptr (GByteArray) first = NULL;
  g_autoptr (GByteArray) second = NULL;
  g_autofree char *keys = NULL;
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "new/1.x", "one\n");
  world_put (world, "cur/1.x:2,S", "other\n");
  world_put (world, "cur/2.x:2,S", "third\n");
  world_put (world, "cur/2.x:2,FS", "fourth\n");
  world_put (world, "new/3.x", "on its way\n");
  from = g_build_filename (world->path, "new/3.x", NULL);
  to = g_build_filename (world->path, "cur/3.x:2,S", NULL);
  g_assert_cmpint (link (from, to), ==, 0);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", ALL, NULL);
  keys = scanned_keys (scanned);
  g_assert_cmpstr (keys, ==, "1.x 1.x:2,S 2.x 2.x:2,S 3.x");
  first = world_fetch (world, session, "1.x", HAUL_LINES_ANY, NULL);
  g_assert_cmpmem (first->data, first->len, "one\n", 4);
  second = world_fetch (world, session, "1.x:2,S", HAUL_LINES_ANY, NULL);
  g_assert_cmpmem (second->data, second->len, "other\n", 6);
  g_assert_cmphex (scanned_at (scanned, 2)->flags, ==,
                   HAUL_FLAG_SEEN | HAUL_FLAG_FLAGGED);
  g_assert_cmphex (scanned_at (scanned, 3)->flags, ==, HAUL_FLAG_SEEN);
  world->backend->close (session);
}

/* ---- a mail client ---- */

/* Client: renames messages as fast as it can, until it is told to stop. */
typedef struct
{
  const World *world;
  guint count;
  gint stop;
} Client;

static void
name_of (char *out, gsize room, guint number, guint place)
{
  static const char *const forms[] = { "new/%u.M1.h", "cur/%u.M1.h:2,", "cur/%u.M1.h:2,S",
                                       "cur/%u.M1.h:2,FS" };
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = g_strsplit (forms[place], "%u", 2);

  text = g_strdup_printf ("%s%u%s", parts[0], 1000000 + number, parts[1]);
  g_strlcpy (out, text, room);
}

static gpointer
run_client (gpointer data)
{
  Client *client = data;
  g_autofree guint8 *places = g_malloc0 (client->count);
  int fd = open (client->world->path, O_RDONLY | O_DIRECTORY);
  g_autoptr (GRand) random = g_rand_new_with_seed (7);

  while (!g_atomic_int_get (&client->stop))
    {
      guint number = (guint) g_rand_int_range (random, 0, (gint32) client->count);
      guint place = 1 + (guint) g_rand_int_range (random, 0, 3);
      char from[64];
      char to[64];

      name_of (from, sizeof from, number, places[number]);
      name_of (to, sizeof to, number, place);
      g_assert_cmpint (renameat (fd, from, fd, to), ==, 0);
      places[number] = (guint8) place;
    }
  close (fd);
  return NULL;
}

static void
check_with_client (guint count, guint rounds)
{
  g_autoptr (World) world = world_new ();
  Client client = { world, count, 0 };
  gpointer session = NULL;
  GThread *thread = NULL;

  world_folder (world, "");
  for (guint i = 0; i < count; i++)
    {
      char name[64];
      g_autofree char *text = g_strdup_printf ("Subject: %u\n\nbody %u\n", i, i);

      name_of (name, sizeof name, i, 0);
      world_put (world, name, text);
    }
  session = world_open (world, HAUL_ROLE_SOURCE);
  thread = g_thread_new ("client", run_client, &client);
  for (guint round = 0; round < rounds; round++)
    {
      g_autoptr (Scanned) scanned = world_scan (world, session, "INBOX", ALL, NULL);

      g_assert_cmpuint (scanned->records->len, ==, count);
      for (guint i = 0; i < count; i++)
        {
          g_autofree char *key = g_strdup_printf ("%u.M1.h", 1000000 + i);
          g_autofree char *text = g_strdup_printf ("Subject: %u\n\nbody %u\n", i, i);
          g_autoptr (GByteArray)
              body = world_fetch (world, session, key, HAUL_LINES_ANY, NULL);

          g_assert_cmpstr (scanned_at (scanned, i)->key, ==, key);
          g_assert_nonnull (scanned_at (scanned, i)->headers);
          g_assert_nonnull (body);
          g_assert_cmpmem (body->data, body->len, text, strlen (text));
        }
    }
  g_atomic_int_set (&client.stop, 1);
  g_thread_join (thread);
  world->backend->close (session);
}

static void
test_client_in_a_small_folder (void)
{
  check_with_client (3, 30);
}

static void
test_client_in_a_large_folder (void)
{
  check_with_client (1500, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/scan/records", test_records);
  g_test_add_func ("/maildir/scan/sizes", test_sizes);
  g_test_add_func ("/maildir/scan/long-header-block", test_long_header_block);
  g_test_add_func ("/maildir/scan/dovecot-keywords", test_dovecot_keywords);
  g_test_add_func ("/maildir/scan/courier-keywords", test_courier_keywords);
  g_test_add_func ("/maildir/scan/fresh-folder-has-no-token",
                   test_fresh_folder_has_no_token);
  g_test_add_func ("/maildir/scan/token-changes-with-each-change", test_token);
  g_test_add_func ("/maildir/scan/source-touches-nothing", test_source_touches_nothing);
  g_test_add_func ("/maildir/scan/one-base-two-files", test_one_base_two_files);
  g_test_add_func ("/maildir/scan/client-renames-in-a-small-folder",
                   test_client_in_a_small_folder);
  g_test_add_func ("/maildir/scan/client-renames-in-a-large-folder",
                   test_client_in_a_large_folder);
  return g_test_run ();
}
