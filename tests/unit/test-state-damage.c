/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Damaged state files: set aside and begun anew, never trusted, never fatal.
 */
#include "state/state.h"

#include <fcntl.h>
#include <unistd.h>

#include <sqlite3.h>

#include "state-fixture.h"

/* Nothing here loses power: SQLite and the state call these through the program's symbol
 * table, and hundreds of files need not wait for the disk. */
int fdatasync (int fd);
int
fdatasync (int fd)
{
  return 0;
}

int fsync (int fd);
int
fsync (int fd)
{
  return 0;
}

/* A good state of some hundred pages with an index. */
static void
fill (StateFixture *fixture)
{
  State *state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  g_autoptr (StateCursor) cursor = state_cursor_new (state, folder->id);
  StateMessage row;
  gboolean found = FALSE;
  fixture_write (state, folder->id, 0, 2000);
  fixture_receive (state, folder->id, 0, 2000);
  g_assert_true (state_cursor_find_destination (cursor, BYTES ("stored-00001999"), &row,
                                                &found, NULL));
  g_assert_true (found);
  state_close (state);
}

static void
overwrite (const char *path, off_t offset, int byte, gsize length)
{
  g_autofree char *bytes = g_strnfill (length, (char) byte);
  int fd = open (path, O_WRONLY);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, bytes, length, offset), ==, (gssize) length);
  close (fd);
}

static off_t
length_of (const char *path)
{
  struct stat status;
  g_assert_cmpint (stat (path, &status), ==, 0);
  return status.st_size;
}

static void
sql (const char *path, const char *text)
{
  sqlite3 *db = NULL;
  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, text, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

static void
break_garbage (const char *path)
{
  g_assert_true (
      g_file_set_contents (path, "this is not a database, but a letter\n", -1, NULL));
}

static void
break_one_byte (const char *path)
{
  g_assert_true (g_file_set_contents (path, "S", 1, NULL));
}

static void
break_half (const char *path)
{
  g_assert_cmpint (truncate (path, length_of (path) / 2 + 100), ==, 0);
}

static void
break_last_page (const char *path)
{
  g_assert_cmpint (truncate (path, length_of (path) - 4096), ==, 0);
}

static void
break_to_header (const char *path)
{
  g_assert_cmpint (truncate (path, 100), ==, 0);
}

static void
break_first_page (const char *path)
{
  overwrite (path, 100, 0xff, 3996);
}

static void
break_zeroes (const char *path)
{
  overwrite (path, 0, 0, (gsize) length_of (path));
}

static void
break_middle (const char *path)
{
  overwrite (path, length_of (path) / 8192 * 4096, 0xa5, 4096);
}

static void
break_tail (const char *path)
{
  overwrite (path, 4096 * 8, 0, (gsize) length_of (path) - 4096 * 8);
}

static void
break_page_header (const char *path)
{
  overwrite (path, length_of (path) / 8192 * 4096, 0x0d, 1);
}

static void
break_tables (const char *path)
{
  sql (path, "DROP TABLE runs");
}

static void
break_columns (const char *path)
{
  sql (path, "ALTER TABLE folders RENAME COLUMN clean TO dirty");
}

static void
break_foreign (const char *path)
{
  g_assert_cmpint (g_remove (path), ==, 0);
  sql (path, "CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')");
}

typedef struct
{
  const char *name;
  void (*break_file) (const char *path);
} Damage;

static const Damage damages[] = {
  { "garbage", break_garbage },
  { "one-byte", break_one_byte },
  { "half-of-it", break_half },
  { "last-page-missing", break_last_page },
  { "header-alone", break_to_header },
  { "first-page", break_first_page },
  { "zeroes", break_zeroes },
  { "page-in-the-middle", break_middle },
  { "zeroed-tail", break_tail },
  { "page-type", break_page_header },
  { "table-missing", break_tables },
  { "column-missing", break_columns },
  { "foreign-database", break_foreign },
};

static void
assert_empty (State *state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) folders = state_folders (state, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (folders->len, ==, 0);
}

/* A reader goes on without it, a writer sets it aside, the next one finds a good file. */
static void
test_damage (StateFixture *fixture, gconstpointer data)
{
  const Damage *damage = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  g_autofree char *broken = NULL, *kept = NULL, *told = NULL, *damaged = NULL;
  gsize broken_length = 0, kept_length = 0;
  fill (fixture);
  damage->break_file (path);
  g_assert_true (g_file_get_contents (path, &broken, &broken_length, NULL));

  State *state = state_open (fixture->directory, "ann", STATE_READ_ONLY, &told, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (told, ==, path);
  assert_empty (state);
  state_close (state);
  g_assert_true (g_file_get_contents (path, &kept, &kept_length, NULL));
  g_assert_cmpmem (kept, kept_length, broken, broken_length);
  g_clear_pointer (&kept, g_free);

  state = state_open (fixture->directory, "ann", STATE_READ_WRITE, &damaged, &error);
  g_assert_no_error (error);
  g_assert_nonnull (damaged);
  g_assert_true (g_str_has_prefix (damaged, path));
  g_assert_nonnull (strstr (damaged, ".damaged-20"));
  assert_empty (state);
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  fixture_write (state, folder->id, 0, 10);
  state_close (state);
  g_assert_true (g_file_get_contents (damaged, &kept, &kept_length, NULL));
  g_assert_cmpmem (kept, kept_length, broken, broken_length);

  g_autoptr (State) again = fixture_open (fixture, STATE_READ_WRITE);
  guint64 count = 0;
  g_assert_true (state_count (again, folder->id, ~0u, &count, NULL));
  g_assert_cmpuint (count, ==, 10);
}

static void
test_empty_file (StateFixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  g_assert_cmpint (g_mkdir_with_parents (fixture->directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  State *reader = fixture_open (fixture, STATE_READ_ONLY);
  assert_empty (reader);
  state_close (reader);
  g_autoptr (State) writer = fixture_open (fixture, STATE_READ_WRITE);
  assert_empty (writer);
}

static void
test_garbage_journal (StateFixture *fixture, gconstpointer data)
{
  g_autofree char *journal = fixture_file (fixture, ".sqlite-wal");
  g_autofree char *index = fixture_file (fixture, ".sqlite-shm");
  guint64 count = 0;
  fill (fixture);
  g_assert_true (g_file_set_contents (journal, "garbage of a kind", -1, NULL));
  g_assert_true (g_file_set_contents (index, "more of it", -1, NULL));
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_assert_true (state_count (state, 1, ~0u, &count, NULL));
  g_assert_cmpuint (count, ==, 2000);
}

static void
test_lost_file (StateFixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  g_autofree char *journal = fixture_file (fixture, ".sqlite-wal");
  fill (fixture);
  State *reader = fixture_open (fixture, STATE_READ_ONLY);
  State *writer = fixture_open (fixture, STATE_READ_WRITE);
  fixture_write (writer, 1, 5000, 6000);
  state_close (writer); /* the reader makes it leave its journal behind */
  state_close (reader);
  g_assert_true (g_file_test (journal, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_remove (path), ==, 0);
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  assert_empty (state);
}

static void
test_directory_instead (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  g_assert_null (state_open (fixture->directory, "ann", STATE_READ_WRITE, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_IO);
  g_assert_nonnull (strstr (error->message, path));
}

/* Damage that the times of the file do not give away shows in use; the next run is the
 * one that sets it aside. */
static void
test_found_in_use (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *damaged = NULL;
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  struct stat before;
  fill (fixture);
  g_assert_cmpint (stat (path, &before), ==, 0);
  break_middle (path);
  struct timespec times[2] = { before.st_atim, before.st_mtim };
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);

  State *state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (GString) text = g_string_new (NULL);
  g_assert_false (state_messages (state, 1, ~0u, dump_message, text, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CORRUPT);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_nonnull (strstr (error->message, path));
  state_close (state);
  g_clear_error (&error);

  g_autoptr (State)
      next = state_open (fixture->directory, "ann", STATE_READ_WRITE, &damaged, &error);
  g_assert_no_error (error);
  g_assert_nonnull (damaged);
  assert_empty (next);
}

static void
test_twice_a_second (StateFixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  g_autofree char *first = NULL, *second = NULL;
  state_close (fixture_open (fixture, STATE_READ_WRITE));
  break_garbage (path);
  state_close (state_open (fixture->directory, "ann", STATE_READ_WRITE, &first, NULL));
  break_garbage (path);
  state_close (state_open (fixture->directory, "ann", STATE_READ_WRITE, &second, NULL));
  g_assert_nonnull (first);
  g_assert_nonnull (second);
  g_assert_cmpstr (first, !=, second);
  g_assert_true (g_file_test (first, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (second, G_FILE_TEST_EXISTS));
}

/* Uses everything; only damage may be the reason of a failure. */
static void
use (State *state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (StateFolder) folder = state_folder_load (state, "INBOX", "INBOX", &error);
  if (folder != NULL
      && state_messages (state, folder->id, ~0u, dump_message, text, &error))
    {
      char key[32];
      StateMessage message = fixture_message (77, key);
      const StateMessage *pointer = &message;
      state_write (state, folder->id, &pointer, 1, FALSE, &error);
    }
  if (error != NULL)
    g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CORRUPT);
}

static void
test_random_bytes (StateFixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  for (guint round = 0; round < 100; round++)
    {
      State *state = fixture_open (fixture, STATE_READ_WRITE);
      g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
      fixture_write (state, folder->id, 0, 200);
      fixture_receive (state, folder->id, 0, 200);
      state_close (state);
      off_t length = length_of (path);
      for (int i = g_test_rand_int_range (1, 20); i > 0; i--)
        overwrite (path, g_test_rand_int_range (0, (gint32) length),
                   g_test_rand_int_range (0, 256), 1);
      for (int i = 0; i < 3; i++)
        {
          g_autoptr (GError) error = NULL;
          state = state_open (fixture->directory, "ann", STATE_READ_WRITE, NULL, &error);
          /* the bytes of the version make a newer file of it */
          if (state == NULL)
            g_assert_error (error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
          else
            use (state);
          state_close (state);
        }
      fixture_remove (fixture->directory);
    }
}

#define ADD(path, func)                                                                  \
  g_test_add (path, StateFixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *path = g_strconcat ("/state/damage/", damages[i].name, NULL);
      g_test_add (path, StateFixture, &damages[i], fixture_set_up, test_damage,
                  fixture_tear_down);
    }
  ADD ("/state/damage/empty-file-is-a-fresh-one", test_empty_file);
  ADD ("/state/damage/garbage-journal-is-dropped", test_garbage_journal);
  ADD ("/state/damage/journal-of-a-lost-file-is-dropped", test_lost_file);
  ADD ("/state/damage/directory-instead-of-file", test_directory_instead);
  ADD ("/state/damage/found-in-use", test_found_in_use);
  ADD ("/state/damage/twice-in-a-second", test_twice_a_second);
  ADD ("/state/damage/random-bytes", test_random_bytes);
  return g_test_run ();
}
