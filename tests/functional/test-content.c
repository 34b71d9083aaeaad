/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filters of content in the real program: a message larger than the memory that the
 * program may have, through each of them; what a command leaves out; several lanes.
 * MAILHAUL_TEST_THOROUGH: a larger one through each by itself, not only through all.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "corpus.h"

#define RSS_LIMIT_KIB (64 * 1024)
#define LARGE_MIB     80
#define THOROUGH_MIB  300

/* Filters: what stands in a job, by the name of a test. */
typedef struct
{
  const char *name;
  const char *elements;
  const char *expected; /* beginning of the message's file at the destination; NULL */
  gboolean brief;       /* without MAILHAUL_TEST_THOROUGH, too */
} Filters;

static const Filters streaming[] = {
  { "edit-header", "<edit-header add='X-Moved' value='yes'/>", NULL },
  { "disarm-receipts", "<disarm-receipts/>",
    "X-Disarmed-Disposition-Notification-To: a@x.example\nFrom: a@x.example\n" },
  { "mend", "<mend/>", NULL },
  { "wrap-lines", "<wrap-lines limit='70'/>", NULL },
  { "wrap-lines-break", "<wrap-lines limit='70' method='break'/>", NULL },
  { "strip-attachment", "<strip-attachment types='a/b' larger-than='1GiB'/>", NULL },
  { "strip-attachment-gone", "<strip-attachment types='a/b'/>", NULL, TRUE },
  { "pipe", "<pipe command='cat'/>", NULL },
  { "all",
    "<mend/><edit-header add='X-Moved' value='yes'/><wrap-lines limit='70'/>"
    "<strip-attachment types='a/b' larger-than='1GiB'/><pipe command='cat'/>",
    NULL, TRUE },
};

static char *
make_maildir (const char *dir, const char *name)
{
  static const char *const folders[] = { "cur", "new", "tmp" };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (dir, name, folders[i], NULL);
      g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
    }
  return g_build_filename (dir, name, "cur", NULL);
}

static void
write_all (int fd, const char *text, gsize length)
{
  g_assert_cmpint (write (fd, text, length), ==, (gssize) length);
}

/* A letter of half the size, then an attachment of the other half. */
static void
make_large (const char *dir, guint mib)
{
  static const char head[] = "Disposition-Notification-To: a@x.example\n"
                             "From: a@x.example\nSubject: large\n"
                             "Message-ID: <large@x>\nMIME-Version: 1.0\n"
                             "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n";
  static const char middle[] = "\n--x\nContent-Type: a/b\n\n";
  g_autofree char *cur = make_maildir (dir, "source");
  g_autofree char *file = g_build_filename (cur, "1700000000.M1P1.large:2,S", NULL);
  g_autofree char *block = g_malloc (1 << 20);
  int fd = open (file, O_WRONLY | O_CREAT | O_EXCL, 0600);

  g_assert_cmpint (fd, >=, 0);
  for (gsize i = 0; i < 1 << 20; i++)
    block[i] = i % 77 == 76 ? '\n' : (char) ('A' + i % 26);
  write_all (fd, head, strlen (head));
  for (guint i = 0; i < mib; i++)
    {
      if (i == mib / 2)
        write_all (fd, middle, strlen (middle));
      write_all (fd, block, 1 << 20);
    }
  write_all (fd, "\n--x--\n", 7);
  close (fd);
}

static char *
write_job (const char *dir, const char *elements, const char *sync)
{
  g_autofree char *text = g_strdup_printf (
      "<job xmlns='urn:mailhaul:job:1' name='content'>"
      "<source><maildir path='source'/></source>"
      "<destination><maildir path='destination'/></destination>"
      "<filters>%s</filters><sync %s/><state directory='state'/></job>",
      elements, sync);
  char *file = g_build_filename (dir, "job.xml", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (file, text, -1, &error);
  g_assert_no_error (error);
  return file;
}

static ProgramResult
run_job (const char *file)
{
  const char *const arguments[] = { "run", file, "--progress=none", NULL };
  ProgramResult result = program_run (arguments, 0);

  if (result.status != 0)
    g_test_message ("%s", result.out);
  g_assert_cmpint (result.status, ==, 0);
  return result;
}

/* The only message of a folder. */
static void
check_beginning (const char *dir, const char *expected)
{
  g_autofree char *cur = g_build_filename (dir, "destination", "cur", NULL);
  g_autoptr (GDir) folder = g_dir_open (cur, 0, NULL);
  const char *name = g_dir_read_name (folder);
  char buffer[200] = "";

  g_assert_nonnull (name);
  g_autofree char *file = g_build_filename (cur, name, NULL);
  int fd = open (file, O_RDONLY);
  g_assert_cmpint (read (fd, buffer, strlen (expected)), ==, (gssize) strlen (expected));
  close (fd);
  g_assert_cmpstr (buffer, ==, expected);
}

static void
test_large (gconstpointer data)
{
  const Filters *filters = data;
  gboolean thorough = g_getenv ("MAILHAUL_TEST_THOROUGH") != NULL;
  g_autofree char *dir = corpus_tmp_dir (NULL);
  g_autofree char *job = write_job (dir, filters->elements, "verify='size'");

  make_large (dir, thorough ? THOROUGH_MIB : LARGE_MIB);
  ProgramResult result = run_job (job);
  g_test_message ("%s: peak %" G_GUINT64_FORMAT " KiB", filters->name, result.rss_kib);
  g_assert_cmpuint (result.rss_kib, <, RSS_LIMIT_KIB);
  program_result_clear (&result);
  if (filters->expected != NULL)
    check_beginning (dir, filters->expected);
  corpus_remove (dir);
}

static guint
count_lines (const char *dir, const char *name)
{
  g_autofree char *file = g_build_filename (dir, name, NULL);
  g_autofree char *text = NULL;
  guint count = 0;

  if (!g_file_get_contents (file, &text, NULL, NULL))
    return 0;
  for (const char *p = text; (p = strchr (p, '\n')) != NULL; p++)
    count++;
  return count;
}

/* What a command has left out is counted, and offered to it only once. */
static void
test_left_out (void)
{
  g_autofree char *dir = corpus_tmp_dir (NULL);
  g_autofree char *cur = make_maildir (dir, "source");
  g_autofree char *elements = g_strdup_printf (
      "<pipe reason='spam' command='sh -c \"echo x >>%s/calls; if grep -q spam; then "
      "exit "
      "100; fi; exit 99\"'/>",
      dir);
  g_autofree char *job = write_job (dir, elements, "verify='content'");

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *name = g_strdup_printf ("170000000%u.M1P1.x:2,", i);
      g_autofree char *file = g_build_filename (cur, name, NULL);
      g_autofree char *text = g_strdup_printf ("Subject: %s\nMessage-ID: <%u@x>\n\nx\n",
                                               i % 3 == 0 ? "spam" : "ham", i);
      g_assert_true (g_file_set_contents (file, text, -1, NULL));
    }
  for (guint run = 1; run <= 2; run++)
    {
      ProgramResult result = run_job (job);
      g_assert_nonnull (strstr (result.out, "spam"));
      program_result_clear (&result);
    }
  /* a verification knows what was delivered */
  g_assert_cmpuint (count_lines (dir, "calls"), ==, 10);
  g_autofree char *copies = g_build_filename (dir, "destination", NULL);
  g_autoptr (GHashTable) found = corpus_read (copies);
  g_assert_cmpuint (corpus_count (found), ==, 6);
  corpus_remove (dir);
}

/* Several lanes share the filters; a second run and one without its state do nothing. */
static void
test_lanes (void)
{
  g_autofree char *dir = corpus_tmp_dir (NULL);
  g_autofree char *source = g_build_filename (dir, "source", NULL);
  g_autofree char *copies = g_build_filename (dir, "destination", NULL);
  g_autofree char *state = g_build_filename (dir, "state", NULL);
  g_autofree char *job = write_job (
      dir,
      "<mend/><disarm-receipts/><edit-header replace='Subject' match='$' value=' "
      "(moved)'/>"
      "<edit-header add='X-Moved' value='yes'/><wrap-lines/>"
      "<strip-attachment larger-than='10M'/>",
      "verify='content'");
  guint64 count = 0;

  corpus_write (source, 300, 5);
  g_autoptr (GHashTable) before = corpus_read (source);
  for (guint run = 1; run <= 3; run++)
    {
      ProgramResult result = run_job (job);
      g_autoptr (GHashTable) found = corpus_read (copies);

      g_assert_cmpuint (corpus_count (found), ==, corpus_count (before));
      g_assert_true (count == 0 || count == g_hash_table_size (found));
      count = g_hash_table_size (found);
      program_result_clear (&result);
      if (run == 2)
        corpus_remove (state);
    }
  corpus_remove (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gboolean thorough = g_getenv ("MAILHAUL_TEST_THOROUGH") != NULL;
  for (guint i = 0; i < G_N_ELEMENTS (streaming); i++)
    {
      if (!thorough && !streaming[i].brief)
        continue;
      g_autofree char *path = g_strconcat ("/functional/content/a-large-message-through-",
                                           streaming[i].name, NULL);
      g_test_add_data_func (path, &streaming[i], test_large);
    }
  g_test_add_func ("/functional/content/what-a-command-leaves-out", test_left_out);
  g_test_add_func ("/functional/content/lanes-share-the-filters", test_lanes);
  return g_test_run ();
}
