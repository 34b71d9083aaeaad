/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storing: what is written comes back in every format, hostile bodies too; errors leave
 * only whole messages; receipts carry the keys of a later scan. Test thread.
 */
#include "mbox-world.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#define FROM "From a@b Fri Nov  9 22:33:52 2001\n"

/* The form in which the store may lose nothing: the engine's, CR dropped, line ends at
 * the end dropped. */
static char *
canonical (GBytes *body)
{
  gsize length = 0;
  const char *data = g_bytes_get_data (body, &length);
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < length; i++)
    if (data[i] == 0)
      g_string_append (text, "<NUL>");
    else if (data[i] != '\r')
      g_string_append_c (text, data[i]);
  while (text->len > 0 && text->str[text->len - 1] == '\n')
    g_string_truncate (text, text->len - 1);
  return g_string_free (text, FALSE);
}

static WorldListing *
list (MboxWorld *world)
{
  g_autoptr (GError) error = NULL;
  WorldListing *listing = world_list (world, NULL, &error);
  g_assert_no_error (error);
  return listing;
}

static void
store (MboxWorld *world, GPtrArray *mails)
{
  g_autoptr (GError) error = NULL;
  world_session (world, HAUL_ROLE_DESTINATION);
  g_assert_true (world_store (world, mails, &error));
  g_assert_no_error (error);
}

/* The mails that have a receipt are there, in order, and nothing else. */
static void
assert_holds (MboxWorld *world, GPtrArray *mails)
{
  g_autoptr (WorldListing) listing = list (world);
  guint at = 0;
  for (guint i = 0; i < mails->len; i++)
    {
      const WorldMail *want = g_ptr_array_index (mails, i);
      if (want->key == NULL)
        continue;
      g_assert_cmpuint (at, <, listing->mails->len);
      const WorldMail *have = g_ptr_array_index (listing->mails, at++);
      g_assert_no_error (have->error);
      g_autofree char *wanted = canonical (want->body), *had = canonical (have->body);
      g_assert_cmpstr (had, ==, wanted);
      g_assert_true (g_bytes_equal (have->key, want->key));
      g_assert_cmphex (have->flags, ==, want->flags);
      g_assert_cmpstr (have->keywords, ==, want->keywords);
      g_assert_cmpint (have->date_unix, ==, want->date_unix);
      g_assert_cmpuint (have->size_bytes, ==, g_bytes_get_size (have->body));
    }
  g_assert_cmpuint (at, ==, listing->mails->len);
}

static void
assert_all_done (GPtrArray *mails)
{
  for (guint i = 0; i < mails->len; i++)
    {
      const WorldMail *mail = g_ptr_array_index (mails, i);
      g_assert_no_error (mail->error);
      g_assert_nonnull (mail->key);
    }
}

#define HOSTILE(text)                                                                    \
  {                                                                                      \
    (text), sizeof (text) - 1                                                            \
  }

static const struct
{
  const char *data;
  gsize length;
} hostile[] = {
  HOSTILE (""),
  HOSTILE ("\n"),
  HOSTILE ("A: b"),
  HOSTILE ("A: b\n"),
  HOSTILE ("A: b\r\n\r\n"),
  HOSTILE ("no header at all\nFrom x\n"),
  HOSTILE ("\nFrom the body\n"),
  HOSTILE (" folded first\nA: b\n\nx\n"),
  HOSTILE ("A: b\nStatus: RO\nX-Status: AFTD\nX-Keywords: evil\nX-UID: 1\nX-IMAP: 1 2 x\n"
           "X-IMAPbase: 1 2 x\nContent-Length: 3\n folded\n\nStatus: body\n"),
  HOSTILE (
      "A: b\nX-Mozilla-Status: 0001\nX-Mozilla-Keys: x\nX-Gmail-Labels: Opened\n\nx\n"),
  HOSTILE ("A: b\n\nx\n\n" FROM "C: d\n\ny\n"),
  HOSTILE (FROM "A: b\n\nx\n"),
  HOSTILE (">" FROM "A: b\n\nx\n"),
  HOSTILE ("A: b\n\n>From x\n>>From y\n>>>>>>>From z\n>Fro"),
  HOSTILE ("A: b\n\nx\n\n\0\0\0\0" FROM "C: d\n\n"),
  HOSTILE ("A: b\n\nx\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" FROM "C: d\n\n"),
  HOSTILE ("A: b\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" FROM "C: d\n\ny\n"),
  HOSTILE ("\0\0\0\0"),
  HOSTILE ("A: b\r\rB: c\r\r\rlone cr\r"),
  HOSTILE ("A: b\n\nx\r\r\n\r\r\n"),
  HOSTILE ("A: b\n\n\n\n\nx\n\n\n\n"),
  HOSTILE ("A: b\n\nFrom \nX-Mozilla-Status: 0000\n\n"),
  HOSTILE ("Return-Path: <From>\nA: b\n\nx\n"),
  HOSTILE ("A: \x80\xff\xfe\n\n\x80\xff\n"),
  HOSTILE ("X-Status:  AFTD\t \t\nA: b\n\nx\n"),
  HOSTILE (
      "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nx\n"),
};

static GPtrArray *
hostile_mails (void)
{
  GPtrArray *mails = world_mails ();
  for (gsize i = 0; i < G_N_ELEMENTS (hostile); i++)
    g_ptr_array_add (mails, world_mail (hostile[i].data, (gssize) hostile[i].length));
  return mails;
}

/* What must not come back. */
static const char *
private_removed (const char *text)
{
  return strstr (text, "Status: RO")    ? "A: b\n\nStatus: body"
         : strstr (text, "X-Status:")   ? "A: b\n\nx"
         : strstr (text, "X-IMAP: 1 2") ? "Subject: DON'T DELETE THIS MESSAGE -- FOLDER "
                                          "INTERNAL DATA\n\nx"
                                        : text;
}

/* The bytes with LF for CRLF, and nothing else changed. */
static GBytes *
plain_lines (GBytes *body)
{
  HaulLineState state = { 0 };
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (body, &length);
  guint8 *out = g_malloc (length + 2);
  gsize made = haul_lines_to_lf (&state, data, length, out);
  made += haul_lines_finish_lf (&state, out + made);
  return g_bytes_new_take (out, made);
}

/* What comes back is the same to the byte, or the receipt says what is not. */
static void
assert_noted (const WorldMail *want, const WorldMail *have)
{
  g_autoptr (GBytes) wanted = plain_lines (want->body), had = plain_lines (have->body);
  gboolean same = g_bytes_equal (wanted, had);
  if (same == (want->note == NULL))
    return;
  g_autofree char *raw = g_strndup (g_bytes_get_data (wanted, NULL),
                                    g_bytes_get_size (wanted));
  g_autofree char *text = g_strescape (raw, NULL);
  g_test_message ("note '%s' for '%s'", want->note ? want->note : "", text);
  g_test_fail ();
}

static void
hostile_bodies (gconstpointer data)
{
  g_autoptr (MboxWorld) world = world_new ();
  world->settings.format = GPOINTER_TO_INT (data);
  g_autoptr (GPtrArray) mails = hostile_mails ();
  store (world, mails);
  assert_all_done (mails);
  /* as told, and as detected */
  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (WorldListing) listing = list (world);
      g_assert_cmpuint (listing->mails->len, ==, mails->len);
      for (guint i = 0; i < mails->len; i++)
        {
          const WorldMail *want = g_ptr_array_index (mails, i);
          const WorldMail *have = g_ptr_array_index (listing->mails, i);
          g_autofree char *wanted = canonical (want->body), *had = canonical (have->body);
          g_assert_cmpstr (had, ==, private_removed (wanted));
          g_assert_true (g_bytes_equal (have->key, want->key));
          g_assert_cmphex (have->flags, ==, 0);
          g_assert_cmpstr (have->keywords, ==, "");
          assert_noted (want, have);
        }
      world->settings.format = MBOX_FORMAT_AUTO;
      world_session (world, HAUL_ROLE_SOURCE);
    }
}

static void
formats (gconstpointer data)
{
  g_autoptr (MboxWorld) world = world_new ();
  world->settings.format = GPOINTER_TO_INT (data);
  g_autoptr (GPtrArray) mails = world_sample (0, 600);
  store (world, mails);
  assert_all_done (mails);
  assert_holds (world, mails);
}

static void
appends_to_foreign (void)
{
  static const char *const files[] = {
    FROM "A: b\n\nx\n\n",
    FROM "A: b\n\nx\n",
    FROM "A: b\n\nx",
    "\n",
    "From a@b Fri Nov  9 22:33:52 2001\r\nA: b\r\n\r\nx\r\n\r\n",
    FROM
  };
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (MboxWorld) world = world_new ();
      g_autoptr (GPtrArray) mails = world_sample (1, 20);
      world_put (world, files[i], -1);
      store (world, mails);
      assert_all_done (mails);
      g_autoptr (WorldListing) listing = list (world);
      g_assert_cmpuint (listing->mails->len, ==, i == 3 ? 20 : 21);
      g_autoptr (GBytes) bytes = world_get (world);
      g_assert_cmpint (
          memcmp (g_bytes_get_data (bytes, NULL), files[i], strlen (files[i])), ==, 0);
    }
}

static void
refuses_what_is_no_mbox (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GPtrArray) mails = world_sample (1, 3);
  world_put (world, "#!/bin/sh\n", -1);
  store (world, mails);
  for (guint i = 0; i < mails->len; i++)
    g_assert_error (((WorldMail *) g_ptr_array_index (mails, i))->error, HAUL_ERROR,
                    HAUL_ERROR_CORRUPT);
  g_autoptr (GBytes) bytes = world_get (world);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 10);
}

static WorldMail *
big_mail (gsize size)
{
  g_autoptr (GString) text = g_string_new ("From: big@x\r\nSubject: big\r\n\r\n");
  while (text->len < size)
    g_string_append (text, "From here to there, a line of a big message\r\n");
  return world_mail (text->str, (gssize) text->len);
}

static void
big_messages (gconstpointer data)
{
  g_autoptr (MboxWorld) world = world_new ();
  world->settings.format = GPOINTER_TO_INT (data);
  g_autoptr (GPtrArray) mails = world_sample (0, 5);
  g_ptr_array_insert (mails, 2, big_mail (3000000));
  g_ptr_array_insert (mails, 4, big_mail (524280));
  g_ptr_array_add (mails, big_mail (700000));
  store (world, mails);
  assert_all_done (mails);
  assert_holds (world, mails);
}

static void
broken_sources (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GPtrArray) mails = world_sample (0, 6);
  g_ptr_array_insert (mails, 1, big_mail (3000000));
  g_ptr_array_insert (mails, 4, big_mail (3000000));
  ((WorldMail *) g_ptr_array_index (mails, 1))->break_off = TRUE;
  ((WorldMail *) g_ptr_array_index (mails, 3))->break_off = TRUE;
  store (world, mails);
  g_assert_error (((WorldMail *) g_ptr_array_index (mails, 1))->error, HAUL_ERROR,
                  HAUL_ERROR_NETWORK);
  g_assert_error (((WorldMail *) g_ptr_array_index (mails, 3))->error, HAUL_ERROR,
                  HAUL_ERROR_NETWORK);
  assert_holds (world, mails);
}

/* The disk is full after @limit bytes. */
static void
full_disk (void)
{
  struct rlimit old, limit;
  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &old);
  for (gsize size = 0; size < 40000; size += 1777)
    {
      g_autoptr (MboxWorld) world = world_new ();
      g_autoptr (GPtrArray) mails = world_sample (0, 40);
      world_put (world, FROM "A: b\n\nx\n", -1);
      world_session (world, HAUL_ROLE_DESTINATION);
      limit = (struct rlimit){ .rlim_cur = size, .rlim_max = old.rlim_max };
      g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
      g_autoptr (GError) error = NULL;
      gboolean done = world_store (world, mails, &error);
      setrlimit (RLIMIT_FSIZE, &old);
      /* the note could not be written either: then nothing may have been */
      g_assert_true (done || error != NULL);
      g_autoptr (WorldListing) listing = list (world);
      guint stored = 0;
      for (guint i = 0; i < mails->len; i++)
        stored += ((WorldMail *) g_ptr_array_index (mails, i))->key != NULL;
      if (done)
        g_assert_cmpuint (listing->mails->len, ==, stored + 1);
      for (guint i = 0; i < stored; i++)
        {
          const WorldMail *want = g_ptr_array_index (mails, i);
          const WorldMail *have = g_ptr_array_index (listing->mails, i + 1);
          g_assert_true (g_bytes_equal (want->key, have->key));
        }
    }
}

static void
locked_file_is_busy (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GPtrArray) mails = world_sample (0, 2);
  g_autofree char *dotlock = g_strconcat (world->file, ".lock", NULL);
  world_put (world, FROM "A: b\n\nx\n", -1);
  g_assert_true (g_file_set_contents (dotlock, "1", 1, NULL));
  store (world, mails);
  g_assert_error (((WorldMail *) g_ptr_array_index (mails, 0))->error, HAUL_ERROR,
                  HAUL_ERROR_BUSY);
  g_assert_true (g_file_test (dotlock, G_FILE_TEST_EXISTS));
}

static void
lets_go_of_locks (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GPtrArray) mails = world_sample (0, 2);
  g_autofree char *dotlock = g_strconcat (world->file, ".lock", NULL);
  store (world, mails);
  g_assert_false (g_file_test (dotlock, G_FILE_TEST_EXISTS));
  g_autoptr (GPtrArray) more = world_sample (2, 2);
  store (world, more);
  assert_all_done (more);
}

/* Dovecot and c-client see keywords only if the first message lists them. */
static void
lists_keywords (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GPtrArray) mails = world_sample (0, 20), more = world_sample (20, 20);
  store (world, mails);
  store (world, more);
  g_autoptr (GBytes) bytes = world_get (world);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL),
                                     g_bytes_get_size (bytes));
  const char *base = strstr (text, "\nX-IMAPbase: ");
  g_assert_nonnull (base);
  g_autofree char *line = g_strndup (base + 1, strcspn (base + 1, "\n"));
  g_assert_nonnull (strstr (line, " $Forwarded"));
  g_assert_nonnull (strstr (line, " kw0"));
  g_assert_nonnull (strstr (line, " kw4"));
  g_assert_null (strstr (base + 1, "\nX-IMAPbase: "));
}

static void
random_bodies (gconstpointer data)
{
  static const char *const words[] = { "From ",
                                       ">",
                                       "\n",
                                       "\r\n",
                                       FROM,
                                       "A: b\n",
                                       "\n\n",
                                       "x",
                                       "Status: RO\n",
                                       "\r",
                                       "Content-Length: 5\n",
                                       "X-Status: AF\n",
                                       " ",
                                       "From x\n",
                                       ":" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  for (guint round = 0; round < 300; round++)
    {
      g_autoptr (MboxWorld) world = world_new ();
      g_autoptr (GPtrArray) mails = world_mails ();
      world->settings.format = GPOINTER_TO_INT (data);
      for (guint i = 0; i < 20; i++)
        {
          g_autoptr (GString) text = g_string_new (NULL);
          for (gint32 count = g_rand_int_range (rand, 0, 20); count > 0; count--)
            g_string_append (text,
                             words[g_rand_int_range (rand, 0, G_N_ELEMENTS (words))]);
          g_ptr_array_add (mails, world_mail (text->str, (gssize) text->len));
        }
      store (world, mails);
      g_autoptr (WorldListing) listing = list (world);
      g_assert_cmpuint (listing->mails->len, ==, mails->len);
      for (guint i = 0; i < mails->len; i++)
        assert_noted (g_ptr_array_index (mails, i),
                      g_ptr_array_index (listing->mails, i));
      for (guint i = 0; i < mails->len; i++)
        {
          const WorldMail *have = g_ptr_array_index (listing->mails, i);
          g_assert_true (g_bytes_equal (((WorldMail *) g_ptr_array_index (mails, i))->key,
                                        have->key));
          g_assert_cmpuint (have->size_bytes, ==, g_bytes_get_size (have->body));
        }
      /* what came back, stored again, comes back the same */
      g_autoptr (MboxWorld) again = world_new ();
      again->settings.format = GPOINTER_TO_INT (data);
      for (guint i = 0; i < listing->mails->len; i++)
        g_clear_pointer (&((WorldMail *) g_ptr_array_index (listing->mails, i))->key,
                         g_bytes_unref);
      store (again, listing->mails);
      assert_holds (again, listing->mails);
    }
}

static void
dry_run_stores_nothing (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GPtrArray) mails = world_sample (0, 2);
  g_autoptr (GError) error = NULL;
  world->open.dry_run = TRUE;
  world_session (world, HAUL_ROLE_DESTINATION);
  g_assert_false (world_store (world, mails, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
  g_assert_false (g_file_test (world->file, G_FILE_TEST_EXISTS));
}

static void
names_what_is_lost (void)
{
  static const struct
  {
    const char *body;
    const char *keywords;
    gint64 date_unix;
    const char *note; /* lines that begin so, one each */
  } table[] = {
    { "A: b\n\nx\n", "fine", 0, NULL },
    { "A: b\nstatus : x\n folded\nX-Uid: 1\n\nx\n", "", 1,
      "form: the message's own header \"Status\"|form: the message's own header "
      "\"X-UID\"" },
    { "A: b\nX-Mozilla-Status: 0001\nNo: Status: x\n\nStatus: x\n", "", 1, NULL },
    { "A: b\n\nx", "", 1, "form: the last line was given its end" },
    { "A: b\n\nx\n", "b(d fine", 1, "keyword \"b(d\"" },
    { "A: b\n\nx\n", "", -1, "date moved" },
    { "A: b\n\nx\n", "", G_GINT64_CONSTANT (253402300799), NULL },
    { "A: b\n\nx\n", "", G_GINT64_CONSTANT (253402300800), "date moved" },
  };
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GPtrArray) mails = world_mails ();
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      WorldMail *mail = world_mail (table[i].body, -1);
      g_free (mail->keywords);
      mail->keywords = g_strdup (table[i].keywords);
      mail->date_unix = table[i].date_unix;
      g_ptr_array_add (mails, mail);
    }
  store (world, mails);
  assert_all_done (mails);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      const WorldMail *mail = g_ptr_array_index (mails, i);
      g_auto (GStrv) want = g_strsplit (table[i].note ? table[i].note : "", "|", -1);
      g_auto (GStrv) have = g_strsplit (mail->note ? mail->note : "", "\n", -1);
      g_assert_cmpuint (g_strv_length (have), ==, g_strv_length (want));
      for (guint j = 0; want[j] != NULL; j++)
        if (!g_str_has_prefix (have[j], want[j]))
          g_assert_cmpstr (have[j], ==, want[j]);
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    MboxFormat format;
  } table[] = { { "auto", MBOX_FORMAT_AUTO },
                { "mboxrd", MBOX_FORMAT_RD },
                { "mboxcl2", MBOX_FORMAT_CL2 } };
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      gpointer data = GINT_TO_POINTER (table[i].format);
      g_autofree char *first = g_strdup_printf ("/mbox/store/comes-back-in-%s",
                                                table[i].name);
      g_autofree char *second = g_strdup_printf ("/mbox/store/big-comes-back-in-%s",
                                                 table[i].name);
      g_test_add_data_func (first, data, formats);
      g_test_add_data_func (second, data, big_messages);
    }
  g_test_add_data_func ("/mbox/store/hostile-bodies-come-back",
                        GINT_TO_POINTER (MBOX_FORMAT_AUTO), hostile_bodies);
  g_test_add_data_func ("/mbox/store/hostile-bodies-come-back-in-mboxcl2",
                        GINT_TO_POINTER (MBOX_FORMAT_CL2), hostile_bodies);
  g_test_add_data_func ("/mbox/store/random-bodies-come-back",
                        GINT_TO_POINTER (MBOX_FORMAT_AUTO), random_bodies);
  g_test_add_data_func ("/mbox/store/random-bodies-come-back-in-mboxcl2",
                        GINT_TO_POINTER (MBOX_FORMAT_CL2), random_bodies);
  g_test_add_func ("/mbox/store/names-what-is-lost", names_what_is_lost);
  g_test_add_func ("/mbox/store/appends-to-foreign-files", appends_to_foreign);
  g_test_add_func ("/mbox/store/refuses-what-is-no-mbox", refuses_what_is_no_mbox);
  g_test_add_func ("/mbox/store/cuts-off-what-its-source-broke-off", broken_sources);
  g_test_add_func ("/mbox/store/leaves-whole-messages-on-a-full-disk", full_disk);
  g_test_add_func ("/mbox/store/is-busy-while-others-hold-the-lock", locked_file_is_busy);
  g_test_add_func ("/mbox/store/lets-go-of-its-locks", lets_go_of_locks);
  g_test_add_func ("/mbox/store/lists-keywords-for-others", lists_keywords);
  g_test_add_func ("/mbox/store/does-nothing-in-a-dry-run", dry_run_stores_nothing);
  return g_test_run ();
}
