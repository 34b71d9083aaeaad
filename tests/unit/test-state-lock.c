/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of state files, the lock of an account, and readers beside a writer.
 */
#include "state/state.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state-fixture.h"
#include "state/internal.h"

/* ---- names ---- */

static void
test_names (void)
{
  const struct
  {
    const char *account;
    const char *name;
  } vectors[] = { { "ann", "ann" },
                  { "ann@example.org", "ann@example.org" },
                  { "", "%" },
                  { ".", "%2E" },
                  { "..", "%2E." },
                  { ".hidden", "%2Ehidden" },
                  { "a/b", "a%2Fb" },
                  { "a%2Fb", "a%252Fb" },
                  { "A b", "A%20b" },
                  { "\xc3\xa4", "%C3%A4" },
                  { "\xff\n", "%FF%0A" },
                  { "%", "%25" } };
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *name = state_file_name (vectors[i].account);
      g_assert_cmpstr (name, ==, vectors[i].name);
    }
}

static void
test_long_names (void)
{
  g_autofree char *a = g_strnfill (5000, 'x');
  g_autofree char *b = g_strnfill (5001, 'x');
  g_autofree char *name_a = state_file_name (a);
  g_autofree char *name_b = state_file_name (b);
  g_assert_cmpuint (strlen (name_a), <=, 200);
  g_assert_cmpstr (name_a, !=, name_b);
  /* the short form of a long name is no other account's name */
  g_autofree char *again = state_file_name (name_a);
  g_assert_cmpstr (again, !=, name_a);
}

/* ---- the lock ---- */

static void
test_second_refused (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = g_strdup_printf ("process %d on host", (int) getpid ());
  State *first = fixture_open (fixture, STATE_READ_WRITE);
  g_assert_null (state_open (fixture->directory, "ann", STATE_READ_WRITE, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_BUSY);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_nonnull (strstr (error->message, pid));
  g_assert_nonnull (strstr (error->message, g_get_host_name ()));
  /* refusing it harmed nothing */
  g_autoptr (StateFolder) folder = fixture_folder (first, "INBOX");
  fixture_write (first, folder->id, 0, 5);
  state_close (first);
  state_close (fixture_open (fixture, STATE_READ_WRITE));
}

static void
test_accounts_apart (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) ann = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (State)
      bob = state_open (fixture->directory, "bob", STATE_READ_WRITE, NULL, &error);
  g_assert_no_error (error);
}

static void
test_stale_file (StateFixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_file (fixture, ".lock");
  g_assert_cmpint (g_mkdir_with_parents (fixture->directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "process 1 on host x\n", -1, NULL));
  state_close (fixture_open (fixture, STATE_READ_WRITE));
}

static void
test_holder_killed (StateFixture *fixture, gconstpointer data)
{
  int ready[2], status = 0;
  char byte = 0;
  g_assert_cmpint (pipe (ready), ==, 0);
  pid_t child = fork ();
  if (child == 0)
    {
      State *state = fixture_open (fixture, STATE_READ_WRITE);
      g_assert_nonnull (state);
      g_assert_cmpint (write (ready[1], "x", 1), ==, 1);
      for (;;)
        pause ();
    }
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  g_assert_null (state_open (fixture->directory, "ann", STATE_READ_WRITE, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_BUSY);
  kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  state_close (fixture_open (fixture, STATE_READ_WRITE));
  close (ready[0]);
  close (ready[1]);
}

/* ---- readers ---- */

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Names, sizes, times and content of all files of the directory but the lock. */
static char *
directory_text (StateFixture *fixture)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  GDir *directory = g_dir_open (fixture->directory, 0, NULL);
  const char *name = NULL;
  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (fixture->directory, name, NULL);
      g_autofree char *content = NULL;
      gsize length = 0;
      struct stat status;
      g_assert_cmpint (stat (path, &status), ==, 0);
      g_assert_true (g_file_get_contents (path, &content, &length, NULL));
      g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256,
                                                          (guint8 *) content, length);
      g_ptr_array_add (lines, g_strdup_printf ("%s %ld.%ld %s", name,
                                               (long) status.st_mtim.tv_sec,
                                               status.st_mtim.tv_nsec, sum));
    }
  g_clear_pointer (&directory, g_dir_close);
  g_ptr_array_sort (lines, compare_lines);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **) lines->pdata);
}

static void
test_reader_of_nothing (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_ONLY);
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  g_assert_cmpint (folder->id, ==, 0);
  g_assert_true (state_bind (state, "old > new", &error));
  g_autoptr (GArray) runs = state_runs (state, 5, &error);
  g_assert_cmpuint (runs->len, ==, 0);
  g_assert_false (g_file_test (fixture->directory, G_FILE_TEST_EXISTS));
}

static void
test_reader_touches_nothing (StateFixture *fixture, gconstpointer data)
{
  State *writer = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (writer, "INBOX");
  fixture_write (writer, folder->id, 0, 500);
  g_autofree char *written = fixture_dump (writer);
  state_close (writer);
  g_autofree char *before = directory_text (fixture);
  State *reader = fixture_open (fixture, STATE_READ_ONLY);
  g_autofree char *read = fixture_dump (reader);
  g_autofree char *during = directory_text (fixture);
  state_close (reader);
  g_autofree char *after = directory_text (fixture);
  g_assert_cmpstr (read, ==, written);
  g_assert_cmpstr (during, ==, before);
  g_assert_cmpstr (after, ==, before);
}

static void
test_reader_after_kill (StateFixture *fixture, gconstpointer data)
{
  int status = 0;
  pid_t child = fork ();
  if (child == 0)
    {
      State *state = fixture_open (fixture, STATE_READ_WRITE);
      g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
      fixture_write (state, folder->id, 0, 500);
      raise (SIGKILL);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_autofree char *before = directory_text (fixture);
  State *reader = fixture_open (fixture, STATE_READ_ONLY);
  guint64 count = 0;
  g_assert_true (state_count (reader, 1, ~0u, &count, NULL));
  g_assert_cmpuint (count, ==, 500);
  state_close (reader);
  g_autofree char *after = directory_text (fixture);
  g_assert_cmpstr (after, ==, before);
}

/* Overwrites what stands from @offset on, 200 bytes or what remains of the header. */
static void
scribble (const char *path, off_t offset)
{
  guint8 noise[200];
  memset (noise, 0xa7, sizeof noise);
  int fd = open (path, O_WRONLY);
  gsize length = offset > 0 && offset < 32 ? 32 - (gsize) offset : sizeof noise;
  g_assert_cmpint (pwrite (fd, noise, length, offset), ==, (gssize) length);
  close (fd);
}

/* A journal cut or overwritten anywhere, with its index as it was, empty or gone: a
 * reader and a writer see the same, the rows from before or all, at once and without a
 * word about damage. */
static void
test_cut_journal (StateFixture *fixture, gconstpointer data)
{
  static const off_t lengths[] = {
    0, 1, 31, 32, 33, 56, 600, 4151, 4152, 4153, 9000, -1
  };
  g_autofree char *journal = fixture_file (fixture, ".sqlite-wal");
  g_autofree char *shared = fixture_file (fixture, ".sqlite-shm");
  for (guint i = 0; i < 3 * G_N_ELEMENTS (lengths); i++)
    {
      off_t length = lengths[i / 3];
      State *state = fixture_open (fixture, STATE_READ_WRITE);
      g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
      fixture_write (state, folder->id, 0, 500);
      state_close (state);
      int status = 0;
      pid_t child = fork ();
      if (child == 0)
        {
          fixture_write (fixture_open (fixture, STATE_READ_WRITE), 1, 500, 600);
          raise (SIGKILL);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      if (length >= 0)
        g_assert_cmpint (truncate (journal, length), ==, 0);
      else
        scribble (journal, -1 - length);
      if (i % 3 == 1)
        g_assert_cmpint (truncate (shared, 0), ==, 0);
      if (i % 3 == 2)
        g_assert_cmpint (g_remove (shared), ==, 0);

      guint64 read = 0, found = 0;
      gint64 before = g_get_monotonic_time ();
      state = fixture_open (fixture, STATE_READ_ONLY);
      g_assert_true (state_count (state, 1, ~0u, &read, NULL));
      state_close (state);
      g_assert_cmpint (g_get_monotonic_time () - before, <, 5 * G_USEC_PER_SEC);
      state = fixture_open (fixture, STATE_READ_WRITE);
      g_assert_true (state_count (state, 1, ~0u, &found, NULL));
      state_close (state);
      g_assert_cmpuint (read, ==, found);
      g_assert_true (found == 500 || found == 600);
      fixture_remove (fixture->directory);
    }
}

static void
test_reader_without_index (StateFixture *fixture, gconstpointer data)
{
  int status = 0;
  pid_t child = fork ();
  if (child == 0)
    {
      State *state = fixture_open (fixture, STATE_READ_WRITE);
      g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
      fixture_write (state, folder->id, 0, 500);
      raise (SIGKILL);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_autofree char *shared = fixture_file (fixture, ".sqlite-shm");
  g_assert_cmpint (g_remove (shared), ==, 0);
  g_autoptr (State) reader = fixture_open (fixture, STATE_READ_ONLY);
  guint64 count = 0;
  g_assert_true (state_count (reader, 1, ~0u, &count, NULL));
  g_assert_cmpuint (count, ==, 500);
}

static void
test_reader_beside_writer (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (State) writer = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (writer, "INBOX");
  fixture_write (writer, folder->id, 0, 10);
  g_autoptr (State) reader = fixture_open (fixture, STATE_READ_ONLY);
  guint64 count = 0;
  g_assert_true (state_count (reader, folder->id, ~0u, &count, NULL));
  g_assert_cmpuint (count, ==, 10);
  fixture_write (writer, folder->id, 10, 20);
  g_assert_true (state_count (reader, folder->id, ~0u, &count, NULL));
  g_assert_cmpuint (count, ==, 20);
}

/* A reader that came first reads the bare file: whatever the writer does after, even its
 * end, leaves that file as it was until the reader is gone. */
static void
test_writer_beside_reader (StateFixture *fixture, gconstpointer data)
{
  State *writer = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (writer, "INBOX");
  fixture_write (writer, folder->id, 0, 2000);
  g_autofree char *first = fixture_dump (writer);
  state_close (writer);

  State *reader = fixture_open (fixture, STATE_READ_ONLY);
  writer = fixture_open (fixture, STATE_READ_WRITE);
  for (guint i = 0; i < 60; i++)
    {
      fixture_write (writer, folder->id, 2000 + i * 1000, 3000 + i * 1000);
      fixture_receive (writer, folder->id, i * 30, i * 30 + 30);
    }
  guint64 wanted = 0, count = 0;
  g_assert_true (state_count (writer, folder->id, ~0u, &wanted, NULL));
  state_close (writer);
  g_autofree char *read = fixture_dump (reader);
  g_assert_cmpstr (read, ==, first);
  state_close (reader);

  writer = fixture_open (fixture, STATE_READ_WRITE);
  g_assert_true (state_count (writer, folder->id, ~0u, &count, NULL));
  g_assert_cmpuint (count, ==, wanted);
  g_assert_cmpuint (count, ==, 62000);
  state_close (writer);
  g_autofree char *journal = fixture_file (fixture, ".sqlite-wal");
  g_assert_false (g_file_test (journal, G_FILE_TEST_EXISTS));
}

#define ADD(path, func)                                                                  \
  g_test_add (path, StateFixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/state/lock/name-of-the-file", test_names);
  g_test_add_func ("/state/lock/long-names-stay-apart", test_long_names);
  ADD ("/state/lock/second-run-is-refused", test_second_refused);
  ADD ("/state/lock/accounts-are-apart", test_accounts_apart);
  ADD ("/state/lock/file-without-lock-is-taken", test_stale_file);
  ADD ("/state/lock/ends-with-its-holder", test_holder_killed);
  ADD ("/state/reader/missing-file-is-empty", test_reader_of_nothing);
  ADD ("/state/reader/touches-nothing", test_reader_touches_nothing);
  ADD ("/state/reader/touches-nothing-after-a-kill", test_reader_after_kill);
  ADD ("/state/reader/journal-cut-anywhere", test_cut_journal);
  ADD ("/state/reader/journal-without-its-index", test_reader_without_index);
  ADD ("/state/reader/sees-what-a-writer-commits", test_reader_beside_writer);
  ADD ("/state/reader/keeps-its-view-beside-a-writer", test_writer_beside_reader);
  return g_test_run ();
}
