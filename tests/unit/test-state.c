/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state file as a whole: opening, binding, folders, runs, commits, an unchanged run,
 * threads, a full disk, and death at every commit.
 */
#include "state/state.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "state-fixture.h"

/* Counts what is made durable: SQLite calls it through the program's symbol table. */
static int synced;

int fdatasync (int fd);
int
fdatasync (int fd)
{
  g_atomic_int_inc (&synced);
  return 0;
}

/* ---- opening ---- */

static void
test_private (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  struct stat status;
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0600);
  g_assert_cmpint (stat (fixture->directory, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0700);
}

static void
test_no_directory (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_build_filename (fixture->top, "file", NULL);
  g_autofree char *below = g_build_filename (file, "state", NULL);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_null (state_open (below, "ann", STATE_READ_WRITE, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_IO);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_nonnull (strstr (error->message, below));
}

static void
test_newer (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  g_autofree char *before = NULL, *after = NULL;
  gsize before_length = 0, after_length = 0;
  sqlite3 *db = NULL;
  state_close (fixture_open (fixture, STATE_READ_WRITE));
  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "PRAGMA user_version=99", NULL, NULL, NULL), ==, 0);
  sqlite3_close (db);
  g_assert_true (g_file_get_contents (path, &before, &before_length, NULL));

  g_assert_null (state_open (fixture->directory, "ann", STATE_READ_WRITE, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "99"));
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);
  g_assert_null (state_open (fixture->directory, "ann", STATE_READ_ONLY, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
  g_assert_true (g_file_get_contents (path, &after, &after_length, NULL));
  g_assert_cmpmem (before, before_length, after, after_length);
}

static void
test_bind (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  State *state = fixture_open (fixture, STATE_READ_WRITE);
  g_assert_true (state_bind (state, "old > new", &error));
  state_close (state);
  g_autoptr (State) again = fixture_open (fixture, STATE_READ_WRITE);
  g_assert_true (state_bind (again, "old > new", &error));
  g_assert_cmpuint (state_commits (again), ==, 0);
  g_assert_false (state_bind (again, "old > other", &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_nonnull (strstr (error->message, "old > new"));
  g_assert_nonnull (strstr (error->message, "old > other"));
}

/* ---- folders and runs ---- */

static void
test_folder (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  State *state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = state_folder_load (state, "A/ä", "B/%2F", &error);
  g_assert_no_error (error);
  g_assert_null (folder->source_token);
  folder->source_validity = G_MAXUINT32;
  folder->destination_validity = G_MAXUINT64;
  folder->source_token = g_bytes_new ("\0t", 2);
  folder->destination_token = g_bytes_new ("", 0);
  folder->destination_mark = g_bytes_new ("mark", 4);
  folder->clean = TRUE;
  folder->settings_hash = G_MAXUINT64 - 1;
  folder->messages = 3;
  folder->bytes = 4;
  folder->skipped = 5;
  g_assert_true (state_folder_save (state, folder, TRUE, &error));
  g_assert_true (state_folder_note (state, folder->id, BYTES ("note"), &error));
  g_autofree char *before = fixture_dump (state);
  state_close (state);

  g_autoptr (State) again = fixture_open (fixture, STATE_READ_ONLY);
  g_autofree char *after = fixture_dump (again);
  g_assert_cmpstr (after, ==, before);
  g_assert_nonnull (
      strstr (after, "A/ä > B/%2F 4294967295 18446744073709551615=0074 = =6d61726b "
                     "=6e6f7465 1 18446744073709551614 3 4 5\n"));
}

static void
test_note_stays (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  g_assert_true (state_folder_note (state, folder->id, BYTES ("later"), &error));
  g_assert_true (state_folder_save (state, folder, FALSE, &error));
  g_autoptr (StateFolder) again = fixture_folder (state, "INBOX");
  g_assert_nonnull (again->note);
  g_assert_true (state_folder_note (state, folder->id, HAUL_NO_BYTES, &error));
  g_autoptr (StateFolder) cleared = fixture_folder (state, "INBOX");
  g_assert_null (cleared->note);
}

static void
test_folder_pairs (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) b = state_folder_load (state, "B", "X", &error);
  g_autoptr (StateFolder) a = state_folder_load (state, "A", "X", &error);
  g_autoptr (StateFolder) other = state_folder_load (state, "A", "Y", &error);
  g_assert_cmpint (a->id, !=, b->id);
  g_assert_cmpint (a->id, !=, other->id);
  g_autoptr (GPtrArray) all = state_folders (state, &error);
  g_assert_cmpuint (all->len, ==, 3);
  g_assert_cmpstr (((StateFolder *) all->pdata[0])->destination_path, ==, "X");
  g_assert_cmpstr (((StateFolder *) all->pdata[2])->source_path, ==, "B");
}

static void
test_folder_unknown (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_assert_false (state_folder_note (state, 77, BYTES ("note"), &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
}

static void
test_runs (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  for (int i = 1; i <= 3; i++)
    {
      StateRun run = { .started_unix = 1000 * i };
      g_assert_true (state_run_begin (state, &run, &error));
      run.ended_unix = i < 3 ? 1000 * i + 5 : 0;
      run.exit_code = i;
      run.copied = G_MAXUINT64;
      run.copied_bytes = 7;
      run.updated = 9;
      g_assert_true (i == 3 || state_run_end (state, &run, &error));
    }
  g_autoptr (GArray) runs = state_runs (state, 2, &error);
  g_assert_cmpuint (runs->len, ==, 2);
  g_assert_cmpint (g_array_index (runs, StateRun, 0).started_unix, ==, 3000);
  g_assert_cmpint (g_array_index (runs, StateRun, 0).ended_unix, ==, 0);
  g_assert_cmpint (g_array_index (runs, StateRun, 1).exit_code, ==, 2);
  g_assert_cmpuint (g_array_index (runs, StateRun, 1).copied, ==, G_MAXUINT64);
  g_assert_cmpuint (g_array_index (runs, StateRun, 1).updated, ==, 9);
}

/* ---- commits ---- */

typedef struct
{
  State *state;
  guint calls;
  guint64 commits;
} Hook;

static void
on_commit (gpointer user_data)
{
  Hook *hook = user_data;
  guint64 count = 0;
  hook->calls++;
  hook->commits = state_commits (hook->state);
  g_assert_true (state_count (hook->state, 1, ~0u, &count, NULL));
}

static void
test_hook (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  Hook hook = { .state = state };
  state_set_commit_hook (state, on_commit, &hook);
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  fixture_write (state, folder->id, 0, 10);
  fixture_receive (state, folder->id, 0, 10);
  g_assert_cmpuint (hook.calls, ==, 3);
  g_assert_cmpuint (hook.commits, ==, 3);
  state_set_commit_hook (state, NULL, NULL);
  fixture_write (state, folder->id, 10, 20);
  g_assert_cmpuint (hook.calls, ==, 3);
}

static void
test_durable (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  fixture_write (state, folder->id, 0, 10);
  int before = g_atomic_int_get (&synced);
  fixture_receive (state, folder->id, 0, 10);
  g_assert_cmpint (g_atomic_int_get (&synced), ==, before);
  g_assert_true (state_folder_save (state, folder, TRUE, &error));
  g_assert_cmpint (g_atomic_int_get (&synced), >, before);
  before = g_atomic_int_get (&synced);
  g_assert_true (state_write (state, folder->id, NULL, 0, FALSE, &error));
  fixture_write (state, folder->id, 10, 20);
  g_assert_cmpint (g_atomic_int_get (&synced), ==, before);
}

static void
test_unchanged (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = fixture_file (fixture, ".sqlite");
  g_autofree char *before = NULL, *after = NULL;
  gsize before_length = 0, after_length = 0;
  State *state = fixture_open (fixture, STATE_READ_WRITE);
  g_assert_true (state_bind (state, "old > new", &error));
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  fixture_write (state, folder->id, 0, 1000);
  g_assert_true (state_folder_save (state, folder, TRUE, &error));
  state_close (state);
  g_assert_true (g_file_get_contents (path, &before, &before_length, NULL));

  state = fixture_open (fixture, STATE_READ_WRITE);
  g_assert_true (state_bind (state, "old > new", &error));
  g_autoptr (StateFolder) again = fixture_folder (state, "INBOX");
  g_assert_true (state_folder_save (state, again, FALSE, &error));
  g_autofree char *dump = fixture_dump (state);
  state_close (state);
  g_assert_true (g_file_get_contents (path, &after, &after_length, NULL));
  g_assert_cmpmem (before, before_length, after, after_length);
}

/* ---- threads ---- */

typedef struct
{
  State *state;
  gint64 folder_id;
  guint from;
} Worker;

static gpointer
work (gpointer user_data)
{
  Worker *worker = user_data;
  g_autoptr (StateCursor) cursor = state_cursor_new (worker->state, worker->folder_id);
  for (guint i = worker->from; i < worker->from + 500; i += 50)
    {
      fixture_write (worker->state, worker->folder_id, i, i + 50);
      fixture_receive (worker->state, worker->folder_id, i, i + 50);
      for (guint j = i; j < i + 50; j++)
        {
          char key[32];
          gboolean found = FALSE;
          StateMessage row;
          g_snprintf (key, sizeof key, "key-%08u", j);
          g_assert_true (state_cursor_find (cursor, BYTES (key), &row, &found, NULL)
                         && found);
          g_assert_cmpint (row.outcome, ==, STATE_STORED);
        }
    }
  return NULL;
}

static void
test_threads (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  Worker workers[4];
  GThread *threads[4];
  for (guint i = 0; i < 4; i++)
    {
      workers[i] = (Worker){ state, folder->id, i * 500 };
      threads[i] = g_thread_new ("worker", work, &workers[i]);
    }
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  guint64 count = 0;
  g_assert_true (state_count (state, folder->id, 1u << STATE_STORED, &count, NULL));
  g_assert_cmpuint (count, ==, 2000);
}

/* ---- a full disk ---- */

/* In a child: the limit of a process for the size of its files stands for a full disk. */
static int
fill_disk (StateFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  fixture_write (state, folder->id, 0, 100);
  struct rlimit limit = { 512 * 1024, RLIM_INFINITY };
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  char key[32];
  StateMessage message = fixture_message (5, key);
  g_autofree char *reason = g_strnfill (300000, 'r');
  const StateMessage *pointers[] = { &message, &message, &message };
  message.reason = reason;
  for (int i = 0; i < 4 && error == NULL; i++)
    state_write (state, folder->id, pointers, 3, FALSE, &error);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_IO);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_nonnull (strstr (error->message, fixture->directory));
  limit.rlim_cur = RLIM_INFINITY;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  fixture_write (state, folder->id, 100, 200);
  guint64 count = 0;
  g_assert_true (state_count (state, folder->id, ~0u, &count, NULL));
  g_assert_cmpuint (count, ==, 200);
  return 0;
}

static void
test_full (StateFixture *fixture, gconstpointer data)
{
  int status = 0;
  pid_t child = fork ();
  if (child == 0)
    _exit (fill_disk (fixture));
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
}

/* ---- death ---- */

static void
mix_write (State *state, gint64 id, guint step)
{
  g_autoptr (GError) error = NULL;
  StateFolder folder = { .id = id, .messages = step, .clean = step % 2 != 0 };
  HaulBytes gone = BYTES ("key-00000003");
  switch (step % 6)
    {
    case 0:
      fixture_write (state, id, step * 10, step * 10 + 50);
      break;
    case 1:
      fixture_receive (state, id, step * 10 - 10, step * 10 + 5);
      break;
    case 2:
      state_folder_save (state, &folder, step % 4 != 0, &error);
      break;
    case 3:
      state_flags (state, id, BYTES ("key-00000002"), step, "x", HAUL_NO_BYTES, &error);
      break;
    case 4:
      state_remove (state, id, &gone, 1, &error);
      break;
    case 5:
      state_folder_note (state, id, BYTES ("note"), &error);
      break;
    }
  g_assert_no_error (error);
}

/* The same transactions every time, one a step: the first makes the folder. */
static void
mix_step (State *state, guint step)
{
  g_autoptr (StateFolder) folder = fixture_folder (state, "INBOX");
  if (step > 0)
    mix_write (state, folder->id, step - 1);
}

static void
mix_run (State *state, guint steps)
{
  for (guint step = 0; step < steps; step++)
    mix_step (state, step);
}

typedef struct
{
  guint left;
} Killer;

static void
kill_at (gpointer user_data)
{
  Killer *killer = user_data;
  if (--killer->left == 0)
    raise (SIGKILL);
}

static void
test_killed (StateFixture *fixture, gconstpointer data)
{
  enum
  {
    STEPS = 26
  };
  for (guint at = 1; at <= STEPS; at++)
    {
      pid_t child = fork ();
      if (child == 0)
        {
          Killer killer = { at };
          State *state = fixture_open (fixture, STATE_READ_WRITE);
          state_set_commit_hook (state, kill_at, &killer);
          mix_run (state, STEPS);
          _exit (0);
        }
      int status = 0;
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_true (WIFSIGNALED (status));
      StateFixture clean;
      fixture_set_up (&clean, NULL);
      State *expected = fixture_open (&clean, STATE_READ_WRITE);
      mix_run (expected, at);
      State *reader = fixture_open (fixture, STATE_READ_ONLY);
      g_autofree char *read = fixture_dump (reader);
      state_close (reader);
      State *writer = fixture_open (fixture, STATE_READ_WRITE);
      g_autofree char *found = fixture_dump (writer);
      g_autofree char *wanted = fixture_dump (expected);
      g_assert_cmpstr (found, ==, wanted);
      g_assert_cmpstr (read, ==, wanted);
      state_close (writer);
      state_close (expected);
      fixture_tear_down (&clean, NULL);
      fixture_remove (fixture->directory);
    }
}

/* At any moment, in the middle of SQLite's writing, too: what remains is the outcome of a
 * whole number of steps, and nobody takes it for damaged. */
static void
test_killed_anywhere (StateFixture *fixture, gconstpointer data)
{
  enum
  {
    STEPS = 120,
    ROUNDS = 60
  };
  StateFixture clean;
  fixture_set_up (&clean, NULL);
  State *state = fixture_open (&clean, STATE_READ_WRITE);
  g_autoptr (GHashTable)
      outcomes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (outcomes, fixture_dump (state));
  for (guint step = 0; step < STEPS; step++)
    {
      mix_step (state, step);
      g_hash_table_add (outcomes, fixture_dump (state));
    }
  state_close (state);
  fixture_tear_down (&clean, NULL);

  for (guint round = 0; round < ROUNDS; round++)
    {
      struct itimerval timer = { .it_value.tv_usec = g_test_rand_int_range (1, 20000) };
      pid_t child = fork ();
      if (child == 0)
        {
          setitimer (ITIMER_REAL, &timer, NULL); /* nobody handles the signal: it kills */
          state = fixture_open (fixture, STATE_READ_WRITE);
          mix_run (state, STEPS);
          _exit (0);
        }
      int status = 0;
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      State *reader = fixture_open (fixture, STATE_READ_ONLY);
      g_autofree char *read = fixture_dump (reader);
      state_close (reader);
      State *writer = fixture_open (fixture, STATE_READ_WRITE);
      g_autofree char *found = fixture_dump (writer);
      state_close (writer);
      g_assert_cmpstr (read, ==, found);
      g_assert_true (g_hash_table_contains (outcomes, found));
      fixture_remove (fixture->directory);
    }
}

#define ADD(path, func)                                                                  \
  g_test_add (path, StateFixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/state/open/files-are-private", test_private);
  ADD ("/state/open/impossible-directory-is-an-error", test_no_directory);
  ADD ("/state/open/newer-file-is-refused-untouched", test_newer);
  ADD ("/state/bind/other-endpoints-are-refused", test_bind);
  ADD ("/state/folder/comes-back-as-saved", test_folder);
  ADD ("/state/folder/save-leaves-the-note", test_note_stays);
  ADD ("/state/folder/one-row-for-each-pair", test_folder_pairs);
  ADD ("/state/folder/unknown-id-is-an-error", test_folder_unknown);
  ADD ("/state/runs/newest-first", test_runs);
  ADD ("/state/commit/hook-runs-unlocked-after-each", test_hook);
  ADD ("/state/commit/only-durable-ones-sync", test_durable);
  ADD ("/state/commit/unchanged-run-writes-nothing", test_unchanged);
  ADD ("/state/threads/write-and-look-up-at-once", test_threads);
  ADD ("/state/disk/full-is-an-error-and-survived", test_full);
  ADD ("/state/kill/exactly-the-committed-remains", test_killed);
  ADD ("/state/kill/anywhere-leaves-whole-steps", test_killed_anywhere);
  return g_test_run ();
}
