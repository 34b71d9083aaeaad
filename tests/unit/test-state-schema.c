/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What version 2 of the state file added: marks at delivered messages, and the way from a
 * file of version 1 to one of today.
 */
#include <sqlite3.h>

#include "state-fixture.h"

/* ---- marks ---- */

static StateMessage
find (State *state, gint64 folder_id, const char *key, char **out_reason)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (StateCursor) cursor = state_cursor_new (state, folder_id);
  StateMessage row = { 0 };
  gboolean found = FALSE;
  g_assert_true (state_cursor_find (cursor, BYTES (key), &row, &found, &error));
  g_assert_no_error (error);
  g_assert_true (found);
  *out_reason = g_strdup (row.reason);
  row.reason = NULL;
  return row;
}

static void
test_removed (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "A");
  HaulBytes keys[] = { BYTES ("key-00000001"), BYTES ("key-00000005"),
                       BYTES ("key-00000009") };
  guint64 count = 0;
  fixture_write (state, folder->id, 0, 8);
  fixture_receive (state, folder->id, 0, 4);
  /* An intent is nobody's loss, and what has no row gets none. */
  g_assert_true (state_set_removed (state, folder->id, keys, 3, TRUE, &error));
  g_assert_true (state_count (state, folder->id, 1u << STATE_REMOVED, &count, &error));
  g_assert_cmpuint (count, ==, 1);
  g_assert_true (state_count (state, folder->id, STATE_DELIVERED, &count, &error));
  g_assert_cmpuint (count, ==, 4);
  g_assert_true (state_set_removed (state, folder->id, keys, 3, FALSE, &error));
  g_assert_true (state_count (state, folder->id, STATE_THERE, &count, &error));
  g_assert_cmpuint (count, ==, 4);
  g_assert_true (state_count (state, folder->id, 1u << STATE_INTENT, &count, &error));
  g_assert_cmpuint (count, ==, 4);
  g_assert_no_error (error);
}

static void
test_doubt (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "A");
  g_autofree char *reason = NULL, *none = NULL;
  fixture_write (state, folder->id, 0, 2);
  fixture_receive (state, folder->id, 0, 2);
  g_assert_true (state_set_doubt (state, folder->id, BYTES ("key-00000001"),
                                  "content differs", &error));
  g_assert_cmpint (find (state, folder->id, "key-00000001", &reason).outcome, ==,
                   STATE_STORED);
  g_assert_cmpstr (reason, ==, "content differs");
  g_assert_true (
      state_set_doubt (state, folder->id, BYTES ("key-00000001"), NULL, &error));
  (void) find (state, folder->id, "key-00000001", &none);
  g_assert_null (none);
  g_assert_no_error (error);
}

/* ---- version 1 ---- */

/* Takes the file back to version 1, as that wrote it. */
static void
make_old (StateFixture *fixture)
{
  static const char sql[] =
      "ALTER TABLE folders RENAME TO new_folders;"
      "CREATE TABLE folders (id INTEGER PRIMARY KEY, source_path TEXT NOT NULL,"
      " destination_path TEXT NOT NULL, source_validity INTEGER NOT NULL DEFAULT 0,"
      " destination_validity INTEGER NOT NULL DEFAULT 0, source_token BLOB,"
      " destination_token BLOB, destination_mark BLOB, note BLOB,"
      " clean INTEGER NOT NULL DEFAULT 0, settings_hash INTEGER NOT NULL DEFAULT 0,"
      " messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
      " skipped INTEGER NOT NULL DEFAULT 0, UNIQUE (source_path, destination_path));"
      "INSERT INTO folders SELECT id, source_path, destination_path, source_validity,"
      " destination_validity, source_token, destination_token, destination_mark, note,"
      " clean, settings_hash, messages, bytes, skipped FROM new_folders;"
      "DROP TABLE new_folders; PRAGMA user_version=1";
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  sqlite3 *db = NULL;
  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

/* Two folders with messages; returns what is in it. (transfer full) */
static char *
fill (StateFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  State *state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) a = fixture_folder (state, "A");
  g_autoptr (StateFolder) b = fixture_folder (state, "B");
  fixture_write (state, a->id, 0, 5);
  fixture_receive (state, a->id, 0, 3);
  a->clean = TRUE;
  a->messages = 5;
  a->source_token = g_bytes_new ("token", 5);
  g_assert_true (state_folder_save (state, a, FALSE, &error));
  g_assert_true (state_folder_note (state, b->id, BYTES ("note"), &error));
  g_assert_no_error (error);
  char *dump = fixture_dump (state);
  state_close (state);
  return dump;
}

static void
test_upgrade (StateFixture *fixture, gconstpointer data)
{
  g_autofree char *before = fill (fixture);
  make_old (fixture);
  for (guint round = 0; round < 2; round++)
    {
      State *state = fixture_open (fixture, STATE_READ_WRITE);
      g_autofree char *after = fixture_dump (state);
      g_assert_cmpstr (after, ==, before);
      state_close (state);
    }
  /* Paths are one pair still. */
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "A");
  g_assert_cmpuint (folder->messages, ==, 5);
}

static void
test_old_reader (StateFixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  g_autofree char *before = fill (fixture), *old = NULL, *left = NULL;
  gsize old_length = 0, left_length = 0;
  make_old (fixture);
  g_assert_true (g_file_get_contents (path, &old, &old_length, NULL));
  State *state = fixture_open (fixture, STATE_READ_ONLY);
  g_autofree char *after = fixture_dump (state);
  g_assert_cmpstr (after, ==, before);
  state_close (state);
  g_assert_true (g_file_get_contents (path, &left, &left_length, NULL));
  g_assert_cmpmem (old, old_length, left, left_length);
}

#define ADD(path, func)                                                                  \
  g_test_add (path, StateFixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/state/marks/removed-and-there-again", test_removed);
  ADD ("/state/marks/what-a-verification-found", test_doubt);
  ADD ("/state/upgrade/a-writer-keeps-all", test_upgrade);
  ADD ("/state/upgrade/a-reader-changes-nothing", test_old_reader);
  return g_test_run ();
}
