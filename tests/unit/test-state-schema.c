/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What later versions of the state file added: marks at delivered messages, and the way
 * from a file of version 1 or 2 to one of today. The journal: test-state-removals.c.
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

/* The mark of one that was found there, and of one whose source is gone. */
static void
test_gone (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "A");
  HaulBytes keys[] = { BYTES ("key-00000001"), BYTES ("key-00000009") };
  g_autoptr (GString) gone = g_string_new (NULL);
  fixture_write (state, folder->id, 0, 4);
  fixture_receive (state, folder->id, 0, 3);
  g_assert_true (state_gone (state, folder->id, dump_message, gone, &error));
  g_assert_cmpstr (gone->str, ==, "");
  g_assert_true (state_set_gone (state, folder->id, keys, 2, STATE_GONE, &error));
  g_assert_true (state_gone (state, folder->id, dump_message, gone, &error));
  g_assert_cmpint (g_strcmp0 (strchr (gone->str, '\n'), "\n"), ==, 0); /* one line */
  g_string_truncate (gone, 0);
  g_assert_true (state_set_gone (state, folder->id, keys, 2, STATE_TAKEN, &error));
  g_assert_true (state_gone (state, folder->id, dump_message, gone, &error));
  g_assert_cmpstr (gone->str, ==, "");
  g_assert_no_error (error);
}

static void
test_found_again (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "A");
  g_autofree char *reason = NULL;
  char key[32];
  StateMessage message = fixture_message (1, key);
  const StateMessage *pointer = &message;
  message.outcome = STATE_MATCHED;
  g_assert_true (state_write (state, folder->id, &pointer, 1, FALSE, &error));
  g_assert_true (
      state_set_removed (state, folder->id, &message.source_key, 1, TRUE, &error));
  g_assert_true (
      state_set_removed (state, folder->id, &message.source_key, 1, FALSE, &error));
  g_assert_no_error (error);
  StateMessage row = find (state, folder->id, key, &reason);
  g_assert_cmpint (row.outcome, ==, STATE_MATCHED);
  g_assert_false (row.ours);
}

/* ---- older versions ---- */

#define OLD_FOLDERS                                                                      \
  "ALTER TABLE folders RENAME TO new_folders;"                                           \
  "CREATE TABLE folders (id INTEGER PRIMARY KEY, source_path TEXT NOT NULL,"             \
  " destination_path TEXT NOT NULL, source_validity INTEGER NOT NULL DEFAULT 0,"         \
  " destination_validity INTEGER NOT NULL DEFAULT 0, source_token BLOB,"                 \
  " destination_token BLOB, destination_mark BLOB, note BLOB,"                           \
  " clean INTEGER NOT NULL DEFAULT 0, settings_hash INTEGER NOT NULL DEFAULT 0,"         \
  " messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"              \
  " skipped INTEGER NOT NULL DEFAULT 0,"
#define OLD_COLUMNS                                                                      \
  "INSERT INTO folders SELECT id, source_path, destination_path, source_validity,"       \
  " destination_validity, source_token, destination_token, destination_mark, note,"      \
  " clean, settings_hash, messages, bytes, skipped"

/* What versions 1 and 2 have alike. */
static const char old_rest[] =
    "ALTER TABLE messages RENAME TO new_messages;"
    "CREATE TABLE messages (folder INTEGER NOT NULL, source_key BLOB NOT NULL,"
    " destination_key BLOB, outcome INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " keywords TEXT, date INTEGER NOT NULL, known INTEGER NOT NULL,"
    " size INTEGER NOT NULL, header_date INTEGER NOT NULL, message_id BLOB,"
    " headers BLOB, content BLOB, reason TEXT, subject TEXT,"
    " PRIMARY KEY (folder, source_key)) WITHOUT ROWID;"
    "INSERT INTO messages SELECT folder, source_key, destination_key, outcome, flags,"
    " keywords, date, known, size, header_date, message_id, headers, content, reason,"
    " coalesce (subject, note) FROM new_messages; DROP TABLE new_messages;"
    "DROP TABLE runs;"
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, started INTEGER NOT NULL,"
    " ended INTEGER NOT NULL DEFAULT 0, exit_code INTEGER NOT NULL DEFAULT 0,"
    " copied INTEGER NOT NULL DEFAULT 0, copied_bytes INTEGER NOT NULL DEFAULT 0,"
    " present INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,"
    " failed INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL DEFAULT 0);"
    "INSERT INTO runs VALUES (1, 10, 20, 0, 3, 300, 0, 0, 0, 0); DROP TABLE removals;"
    "CREATE INDEX messages_destination ON messages (folder, destination_key)"
    " WHERE destination_key IS NOT NULL;";

static const char old_1[] = OLD_FOLDERS
    " UNIQUE (source_path, destination_path));" OLD_COLUMNS
    " FROM new_folders; DROP TABLE new_folders; PRAGMA user_version=1";

static const char old_2[] = OLD_FOLDERS
    " removed INTEGER NOT NULL DEFAULT 0,"
    " unverified INTEGER NOT NULL DEFAULT 0, watch BLOB,"
    " UNIQUE (source_path, destination_path));" OLD_COLUMNS
    ", removed, unverified, watch FROM new_folders; DROP TABLE new_folders;"
    "PRAGMA user_version=2";

/* Takes the file back to what @version wrote. */
static void
make_old (StateFixture *fixture, const char *version)
{
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  sqlite3 *db = NULL;
  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, old_rest, NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, version, NULL, NULL, NULL), ==, SQLITE_OK);
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
  StateReceipt noted = { .folder_id = a->id,
                         .source_key = BYTES ("key-00000001"),
                         .destination_key = BYTES ("stored-00000001"),
                         .note = "a date was changed" };
  g_assert_true (state_receipts (state, &noted, 1, &error));
  char key[32];
  StateMessage failed = fixture_message (4, key);
  failed.outcome = STATE_FAILED;
  failed.subject = "a subject";
  const StateMessage *pointer = &failed;
  g_assert_true (state_write (state, a->id, &pointer, 1, FALSE, &error));
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
  make_old (fixture, data);
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
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) runs = state_runs (state, 9, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (runs->len, ==, 1);
  g_assert_cmpuint (g_array_index (runs, StateRun, 0).copied, ==, 3);
}

static void
test_old_reader (StateFixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  g_autofree char *before = fill (fixture), *old = NULL, *left = NULL;
  gsize old_length = 0, left_length = 0;
  make_old (fixture, data);
  g_assert_true (g_file_get_contents (path, &old, &old_length, NULL));
  State *state = fixture_open (fixture, STATE_READ_ONLY);
  g_autofree char *after = fixture_dump (state);
  g_assert_cmpstr (after, ==, before);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) runs = state_runs (state, 9, &error);
  g_assert_cmpuint (runs->len, ==, 1);
  g_assert_true (state_removals (state, 0, ~0u, NULL, NULL, &error));
  g_assert_no_error (error);
  state_close (state);
  g_assert_true (g_file_get_contents (path, &left, &left_length, NULL));
  g_assert_cmpmem (old, old_length, left, left_length);
}

#define ADD(path, data, func)                                                            \
  g_test_add (path, StateFixture, data, fixture_set_up, func, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/state/marks/removed-and-there-again", NULL, test_removed);
  ADD ("/state/marks/what-a-verification-found", NULL, test_doubt);
  ADD ("/state/marks/gone-at-the-source", NULL, test_gone);
  ADD ("/state/marks/what-was-found-stays-another's", NULL, test_found_again);
  ADD ("/state/upgrade/a-writer-keeps-all-of-version-1", old_1, test_upgrade);
  ADD ("/state/upgrade/a-writer-keeps-all-of-version-2", old_2, test_upgrade);
  ADD ("/state/upgrade/a-reader-leaves-version-1", old_1, test_old_reader);
  ADD ("/state/upgrade/a-reader-leaves-version-2", old_2, test_old_reader);
  return g_test_run ();
}
