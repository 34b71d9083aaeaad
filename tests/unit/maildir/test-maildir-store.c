/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store of the Maildir backend: what lies on disk afterwards, batches, failures, and
 * kills at any moment.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "maildir-world.h"

#define ALL_NEEDS (HAUL_NEED_FLAGS | HAUL_NEED_SIZE | HAUL_NEED_DATE | HAUL_NEED_HEADERS)

static Mail *
mail_at (GPtrArray *mails, guint at)
{
  return g_ptr_array_index (mails, at);
}

static void
assert_done (GPtrArray *mails)
{
  for (guint i = 0; i < mails->len; i++)
    {
      g_assert_no_error (mail_at (mails, i)->error);
      g_assert_cmpint (mail_at (mails, i)->outcome, ==, MAIL_DONE);
    }
}

/* Stores @mails in a session of its own; all must be done. */
static void
store_all (World *world, GPtrArray *mails, const FeedRules *rules)
{
  gpointer session = world_open (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;

  world_store (world, session, mails, rules, &error);
  g_assert_no_error (error);
  assert_done (mails);
  world->backend->close (session);
}

static void
test_creates_the_store (void)
{
  g_autoptr (World) world = world_new ();
  gpointer session = NULL;
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 3);
  g_autoptr (Scanned) scanned = NULL;
  g_autofree char *tmp = NULL;
  g_autofree char *new = NULL;
  const Seen *seen = NULL;

  store_all (world, mails, NULL);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", ALL_NEEDS, NULL);
  g_assert_cmpuint (scanned->records->len, ==, 3);
  seen = scanned_at (scanned, 1); /* in the order of arrival */
  g_assert_nonnull (strstr (seen->headers, "Subject: number 1\n"));
  g_assert_cmpint (seen->delivery_id[0], ==, 2);
  g_assert_cmpuint (seen->size_bytes, ==, g_bytes_get_size (mail_at (mails, 1)->body));
  g_assert_cmpmem (seen->key, strlen (seen->key),
                   g_bytes_get_data (mail_at (mails, 1)->key, NULL),
                   g_bytes_get_size (mail_at (mails, 1)->key));
  tmp = world_names (world, "tmp");
  g_assert_cmpstr (tmp, ==, "");
  new = world_names (world, "new");
  g_assert_cmpstr (new, ==, "");
  world->backend->close (session);
}

static void
test_name_and_date (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("A/v1.2", 0);
  Mail *mail = mail_for ("A/v1.2", 0x11, "a: b\r\n\r\nbody\r\n", HAUL_LINES_CRLF);
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  struct stat info;

  mail->flags = HAUL_FLAG_SEEN | HAUL_FLAG_DRAFT;
  mail->keywords = g_strsplit ("$Forwarded", " ", -1);
  mail->has_date = TRUE;
  mail->date_unix = 946684799;
  g_ptr_array_add (mails, mail);
  store_all (world, mails, NULL);
  name = world_names (world, ".A.v1%2E2/cur");
  g_assert_true (g_regex_match_simple (
      "^[0-9]{10}\\.M[0-9]{6}H110{28}a5\\.[^,:/]+,S=11,W=14:2,DPS$", name, 0, 0));
  path = g_build_filename (world->path, ".A.v1%2E2/cur", name, NULL);
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mtim.tv_sec, ==, 946684799);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_file_get_contents (path, &text, NULL, NULL);
  g_assert_cmpstr (text, ==, "a: b\n\nbody\n");
  path[strlen (world->path)] = '\0';
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
}

static void
check_lines (gboolean crlf, HaulLines lines, const char *body, const char *stored)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 0);
  g_autofree char *name = NULL;
  g_autofree char *file = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GByteArray) wire = NULL;
  gpointer session = NULL;
  HaulLineState state = { FALSE };
  guint8 expected[64];
  gsize length = haul_lines_to_crlf (&state, (const guint8 *) body, strlen (body),
                                     expected);
  g_autoptr (Scanned) scanned = NULL;

  world->settings.crlf = crlf;
  g_ptr_array_add (mails, mail_for ("INBOX", 1, body, lines));
  store_all (world, mails, &(FeedRules){ .piece_bytes = 1 });
  name = world_names (world, "cur");
  file = g_strconcat ("cur/", name, NULL);
  text = world_get (world, file);
  g_assert_cmpstr (text, ==, stored);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", HAUL_NEED_SIZE, NULL);
  g_assert_cmpuint (scanned_at (scanned, 0)->size_bytes, ==, length);
  wire = world_fetch (world, session, scanned_at (scanned, 0)->key, HAUL_LINES_CRLF,
                      NULL);
  g_assert_cmpmem (wire->data, wire->len, expected, length);
  world->backend->close (session);
}

static void
test_line_ends (void)
{
  check_lines (FALSE, HAUL_LINES_CRLF, "a\r\nb\r\n", "a\nb\n");
  check_lines (FALSE, HAUL_LINES_CRLF, "a\r\r\nb\rc\r\n", "a\r\r\nb\rc\n");
  check_lines (FALSE, HAUL_LINES_CRLF, "a\r\nb\r", "a\nb\r");
  check_lines (FALSE, HAUL_LINES_ANY, "a\nb\r\nc", "a\nb\nc");
  check_lines (TRUE, HAUL_LINES_CRLF, "a\r\nb\r\n", "a\r\nb\r\n");
  check_lines (TRUE, HAUL_LINES_ANY, "a\nb\r\nc\n", "a\r\nb\r\nc\r\n");
  check_lines (TRUE, HAUL_LINES_CRLF, "", "");
}

static void
test_many_batches (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 700);
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  for (guint i = 0; i < mails->len; i += 3)
    {
      g_strfreev (mail_at (mails, i)->folder);
      mail_at (mails, i)->folder = haul_path_from_text ("B/C", NULL);
    }
  store_all (world, mails, &(FeedRules){ .pending_every = 50 });
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "B/C", ALL_NEEDS, NULL);
  g_assert_cmpuint (scanned->records->len, ==, 234);
  for (guint i = 0; i < 234; i++)
    g_assert_cmpint (scanned_at (scanned, i)->delivery_id[0], ==, (guint8) (3 * i + 1));
  world->backend->close (session);
}

static void
test_same_id_twice (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 0);
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  g_ptr_array_add (mails, mail_for ("INBOX", 1, "a: 1\r\n\r\n", HAUL_LINES_CRLF));
  g_ptr_array_add (mails, mail_for ("INBOX", 1, "a: 2\r\n\r\n", HAUL_LINES_CRLF));
  store_all (world, mails, NULL);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", HAUL_NEED_HEADERS, NULL);
  g_assert_cmpuint (scanned->records->len, ==, 2);
  g_assert_cmpstr (scanned_at (scanned, 1)->headers, ==, "a: 2\n\n");
  world->backend->close (session);
}

static void
set_keywords (GPtrArray *mails, guint at, const char *words)
{
  g_strfreev (mail_at (mails, at)->keywords);
  mail_at (mails, at)->keywords = g_strsplit (words, " ", -1);
}

static void
test_dovecot_keywords (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 3);
  g_autoptr (Scanned) scanned = NULL;
  g_autofree char *file = NULL;
  g_autofree char *lock = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "dovecot-keywords", "3 old\n");
  set_keywords (mails, 0, "new OLD");
  set_keywords (mails, 2, "$Forwarded second new");
  store_all (world, mails, NULL);
  file = world_get (world, "dovecot-keywords");
  g_assert_cmpstr (file, ==, "0 new\n1 second\n3 old\n");
  lock = world_get (world, "dovecot-uidlist.lock");
  g_assert_null (lock);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", HAUL_NEED_FLAGS, NULL);
  g_assert_cmpstr (scanned_at (scanned, 0)->keywords, ==, "new old");
  g_assert_cmpstr (scanned_at (scanned, 1)->keywords, ==, "");
  g_assert_cmpstr (scanned_at (scanned, 2)->keywords, ==, "$Forwarded new second");
  world->backend->close (session);
}

static void
test_too_many_keywords (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 30);
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  for (guint i = 0; i < mails->len; i++)
    {
      g_autofree char *word = g_strdup_printf ("word%u", i);

      set_keywords (mails, i, word);
    }
  store_all (world, mails, NULL);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", HAUL_NEED_FLAGS, NULL);
  g_assert_cmpstr (scanned_at (scanned, 25)->keywords, ==, "word25");
  g_assert_cmpstr (scanned_at (scanned, 26)->keywords, ==, "");
  world->backend->close (session);
}

static void
test_courier_keywords (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("A", 2);
  g_autoptr (Scanned) scanned = NULL;
  g_autofree char *dovecot = NULL;
  g_autofree char *quota = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "courierimapsubscribed", "INBOX.A\n");
  world_put (world, "maildirsize", "1000S\n");
  set_keywords (mails, 1, "one $Forwarded two");
  store_all (world, mails, NULL);
  dovecot = world_get (world, ".A/dovecot-keywords");
  g_assert_null (dovecot);
  quota = world_get (world, "maildirsize");
  g_assert_null (quota);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "A", HAUL_NEED_FLAGS, NULL);
  g_assert_cmpstr (scanned_at (scanned, 0)->keywords, ==, "");
  g_assert_cmpstr (scanned_at (scanned, 1)->keywords, ==, "$Forwarded one two");
  world->backend->close (session);
}

static void
test_source_breaks_off (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 3);
  gpointer session = world_open (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;
  g_autofree char *tmp = NULL;

  mail_at (mails, 1)->break_at = 10;
  world_store (world, session, mails, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (mail_at (mails, 0)->outcome, ==, MAIL_DONE);
  g_assert_cmpint (mail_at (mails, 1)->outcome, ==, MAIL_FAILED);
  g_assert_cmpint (mail_at (mails, 2)->outcome, ==, MAIL_DONE);
  tmp = world_names (world, "tmp");
  g_assert_cmpstr (tmp, ==, "");
  world->backend->close (session);
}

static void
test_cancelled (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 20);
  gpointer session = world_open (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;
  g_autoptr (Scanned) scanned = NULL;
  g_autofree char *tmp = NULL;
  FeedRules rules = { .cancellable = world->cancellable, .cancel_at = 10 };
  guint done = 0;

  g_assert_false (world_store (world, session, mails, &rules, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  for (guint i = 0; i < mails->len; i++)
    done += mail_at (mails, i)->outcome == MAIL_DONE ? 1 : 0;
  g_assert_cmpuint (done, >=, 10);
  g_assert_cmpuint (done, <, 20);
  tmp = world_names (world, "tmp");
  g_assert_cmpstr (tmp, ==, "");
  world->backend->close (session);
  g_cancellable_reset (world->cancellable);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", 0, NULL);
  g_assert_cmpuint (scanned->records->len, ==, done);
  world->backend->close (session);
}

/* A limit of the size of files stands in for a disk without room. */
static void
test_no_room (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 2);
  g_autofree char *large = g_strnfill (100000, 'x');
  gpointer session = world_open (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;
  g_autofree char *tmp = NULL;
  struct rlimit old;
  struct rlimit small;

  g_ptr_array_insert (mails, 1, mail_for ("INBOX", 9, large, HAUL_LINES_CRLF));
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = old;
  small.rlim_cur = 50000;
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  world_store (world, session, mails, NULL, &error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (mail_at (mails, 0)->outcome, ==, MAIL_DONE);
  g_assert_cmpint (mail_at (mails, 1)->outcome, ==, MAIL_FAILED);
  g_assert_cmpint (haul_error_scope (mail_at (mails, 1)->error), ==, HAUL_SCOPE_FOLDER);
  g_assert_cmpint (mail_at (mails, 2)->outcome, ==, MAIL_DONE);
  tmp = world_names (world, "tmp");
  g_assert_cmpstr (tmp, ==, "");
  world->backend->close (session);
}

static void
ignore_result (HaulPath path, const GError *error, gpointer user_data)
{
  g_assert_no_error (error);
}

static void
test_dry_run_writes_nothing (void)
{
  g_autoptr (World) world = world_new ();
  const char *const path[] = { "A", NULL };
  HaulFolder folder = HAUL_FOLDER_INIT;
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 1);
  HaulOpen open = { .struct_size = sizeof open,
                    .settings = &world->settings,
                    .role = HAUL_ROLE_DESTINATION,
                    .dry_run = TRUE };
  g_autoptr (GError) error = NULL;
  gpointer session = world->backend->open (&open, &error);

  g_assert_no_error (error);
  folder.path = path;
  world->backend->create (session, &folder, 1, ignore_result, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (world_store (world, session, mails, NULL, &error));
  g_assert_nonnull (error);
  world->backend->close (session);
  g_assert_false (g_file_test (world->path, G_FILE_TEST_EXISTS));
}

static void
test_durabilities (void)
{
  for (int durability = 0; durability < 3; durability++)
    {
      g_autoptr (World) world = world_new ();
      g_autoptr (GPtrArray) mails = mails_for ("A/B", 20);

      world->settings.durability = durability;
      world->settings.layout = MAILDIR_LAYOUT_FS;
      store_all (world, mails, NULL);
    }
}

/* Root fills somebody else's store: its owner must be able to read what arrives. */
static void
test_owner (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("A", 1);
  static const char *const made[] = { ".A", ".A/cur", ".A/maildirfolder",
                                      ".A/dovecot-keywords" };

  if (geteuid () != 0)
    return; /* nobody else can give files away */
  world_folder (world, "");
  g_assert_cmpint (chown (world->path, 65534, 65534), ==, 0);
  set_keywords (mails, 0, "word");
  store_all (world, mails, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (made); i++)
    {
      g_autofree char *path = g_build_filename (world->path, made[i], NULL);
      struct stat info;

      g_test_message ("%s", made[i]);
      g_assert_cmpint (stat (path, &info), ==, 0);
      g_assert_cmpint (info.st_uid, ==, 65534);
    }
}

/* ---- kills ---- */

#define KILL_MAILS 150

/* In a child: stores all; the parent reads from @started when that begins. */
static void
store_in_child (World *world, GPtrArray *mails, int started)
{
  gpointer session = world_open (world, HAUL_ROLE_DESTINATION);
  const FeedRules rules = { .pending_every = 20 };
  HaulFeed *feed = feed_for (mails, &rules, NULL, 1);

  if (write (started, "x", 1) != 1)
    _exit (1);
  world->backend->store (session, feed, NULL);
  _exit (0);
}

/* Kills a child after @after_us of storing, or lets it end (G_MAXUINT). Returns: how long
 * that was. */
static gint64
kill_after (World *world, GPtrArray *mails, guint after_us)
{
  int ends[2];
  gint64 start = 0;
  char byte = 0;
  pid_t child = -1;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    store_in_child (world, mails, ends[1]);
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);
  start = g_get_monotonic_time ();
  while (after_us != G_MAXUINT && g_get_monotonic_time () < start + after_us)
    continue;
  if (after_us != G_MAXUINT)
    kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  close (ends[0]);
  close (ends[1]);
  return g_get_monotonic_time () - start;
}

/* What is in the store: only whole messages, none twice. Marks those as done. */
static guint
claim (World *world, gpointer session, GPtrArray *mails)
{
  g_autoptr (Scanned) scanned = world_scan (world, session, "INBOX", ALL_NEEDS, NULL);

  for (guint i = 0; i < scanned->records->len; i++)
    {
      const Seen *seen = scanned_at (scanned, i);
      guint serial = 0;
      Mail *mail = NULL;

      memcpy (&serial, seen->delivery_id, sizeof serial);
      g_assert_cmpuint (serial, >=, 1);
      mail = mail_at (mails, serial - 1);
      g_assert_cmpint (mail->outcome, ==, MAIL_OPEN); /* not twice */
      mail->outcome = MAIL_DONE;
      g_assert_cmpuint (seen->size_bytes, ==, g_bytes_get_size (mail->body));
      g_assert_cmpstr (seen->keywords, ==, mail->keywords ? mail->keywords[0] : "");
    }
  return scanned->records->len;
}

/* A store with messages for it, some with keywords. What a killed process wrote is
 * not lost without a sync: so none, for speed. */
static World *
kill_world (GPtrArray *mails)
{
  World *world = world_new ();

  world->settings.durability = MAILDIR_DURABILITY_NONE;
  for (guint i = 0; i < KILL_MAILS; i += 7)
    set_keywords (mails, i, i % 2 ? "odd" : "even");
  return world;
}

/* Kills a store after @after_us and resumes it. Returns: how much was there. */
static guint
kill_and_resume (guint after_us)
{
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", KILL_MAILS);
  g_autoptr (World) world = kill_world (mails);
  const char *const inbox[] = { "INBOX", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *tmp = NULL;
  gpointer session = NULL;
  guint found = 0;

  kill_after (world, mails, after_us);
  session = world_open (world, HAUL_ROLE_DESTINATION);
  world->backend->recover (session, inbox, HAUL_NO_BYTES, &error);
  g_assert_no_error (error);
  tmp = world_names (world, "tmp");
  g_assert_cmpstr (tmp, ==, "");
  if (g_file_test (world->path, G_FILE_TEST_EXISTS))
    found = claim (world, session, mails);
  world_store (world, session, mails, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < KILL_MAILS; i++)
    {
      g_assert_cmpint (mail_at (mails, i)->outcome, ==, MAIL_DONE);
      mail_at (mails, i)->outcome = MAIL_OPEN;
    }
  g_assert_cmpuint (claim (world, session, mails), ==, KILL_MAILS);
  world->backend->close (session);
  return found;
}

static void
test_kills (void)
{
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", KILL_MAILS);
  g_autoptr (World) world = kill_world (mails);
  gint64 whole = kill_after (world, mails, G_MAXUINT);

  for (guint round = 0; round < 40; round++)
    {
      guint found = kill_and_resume ((guint) (whole * round / 40));

      g_test_message ("%u messages before the kill", found);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/store/creates-the-store", test_creates_the_store);
  g_test_add_func ("/maildir/store/name-and-date", test_name_and_date);
  g_test_add_func ("/maildir/store/line-ends", test_line_ends);
  g_test_add_func ("/maildir/store/many-batches-in-order", test_many_batches);
  g_test_add_func ("/maildir/store/same-id-twice-is-two-messages", test_same_id_twice);
  g_test_add_func ("/maildir/store/dovecot-keywords", test_dovecot_keywords);
  g_test_add_func ("/maildir/store/too-many-keywords", test_too_many_keywords);
  g_test_add_func ("/maildir/store/courier-keywords", test_courier_keywords);
  g_test_add_func ("/maildir/store/source-breaks-off", test_source_breaks_off);
  g_test_add_func ("/maildir/store/cancelled", test_cancelled);
  g_test_add_func ("/maildir/store/no-room", test_no_room);
  g_test_add_func ("/maildir/store/dry-run-writes-nothing", test_dry_run_writes_nothing);
  g_test_add_func ("/maildir/store/durabilities", test_durabilities);
  g_test_add_func ("/maildir/store/root-gives-files-to-the-owner", test_owner);
  g_test_add_func ("/maildir/store/kills-lose-and-double-nothing", test_kills);
  return g_test_run ();
}
