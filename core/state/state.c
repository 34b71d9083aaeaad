/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens, locks, closes and binds a state file, and guards it: one connection behind one
 * mutex, which any thread may enter. What is in the file: schema.c; what the calls do:
 * folders.c, messages.c, runs.c. docs/internals/state.md has the reasons.
 */
#include "state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/internal.h"

/* CHECKPOINT_PAGES: of journal, after which they go to the file itself (16 MiB): rare
 * enough that its syncs do not count, small enough to be read quickly after a crash. */
#define CHECKPOINT_PAGES 4096

/* READ_ATTEMPTS: how often a reader looks again when a writer begins or ends between two
 * of its steps. */
#define READ_ATTEMPTS 5

/* FILE_BYTES_MIN: SQLite's smallest page. */
#define FILE_BYTES_MIN 512

/* JOURNAL_BYTES_MIN: a journal's header and one frame, header and smallest page. */
#define JOURNAL_BYTES_MIN (32 + 24 + 512)

struct _StateGuard
{
  pthread_mutex_t mutex;
  guint64 commits;
  guint pending; /* commits whose hook has not run yet */
  void (*hook) (gpointer user_data);
  gpointer hook_data;
};

void
state_enter (State *self)
{
  pthread_mutex_lock (&self->guard->mutex);
}

void
state_leave (State *self)
{
  StateGuard *guard = self->guard;
  guint pending = guard->pending;
  void (*hook) (gpointer) = guard->hook;
  gpointer hook_data = guard->hook_data;
  guard->pending = 0;
  pthread_mutex_unlock (&guard->mutex);
  for (; hook != NULL && pending > 0; pending--)
    hook (hook_data);
}

void
state_count_commit (State *self)
{
  self->guard->commits++;
  self->guard->pending++;
}

gboolean
state_has_failed (const State *self)
{
  return self != NULL && g_atomic_int_get (&self->failed) != 0;
}

guint64
state_commits (const State *self)
{
  pthread_mutex_lock (&self->guard->mutex);
  guint64 commits = self->guard->commits;
  pthread_mutex_unlock (&self->guard->mutex);
  return commits;
}

void
state_set_commit_hook (State *self, void (*func) (gpointer user_data), gpointer user_data)
{
  state_enter (self);
  self->guard->hook = func;
  self->guard->hook_data = user_data;
  state_leave (self);
}

/* After each commit, lock held: moves the journal into the file when it has grown. While
 * somebody reads the bare file it must stand still, see open_bare(). */
static int
on_journal (void *user_data, sqlite3 *db, const char *name, int pages)
{
  State *self = user_data;
  if (pages >= CHECKPOINT_PAGES && !state_lock_has_readers (self->lock))
    sqlite3_wal_checkpoint_v2 (db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
  return SQLITE_OK; /* what failed is tried again, the journal has it all */
}

static gboolean
refuse_errno (const char *action, const char *path, int number, GError **error)
{
  gboolean forbidden = number == EACCES || number == EPERM || number == EROFS;
  return haul_error_set (error, forbidden ? HAUL_ERROR_PERMISSION : HAUL_ERROR_IO,
                         HAUL_SCOPE_ACCOUNT, "%s '%s': %s", action, path,
                         g_strerror (number));
}

static gboolean
sync_directory (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return refuse_errno ("open state directory", path, errno, error);
  int number = fsync (fd) == 0 ? 0 : errno;
  close (fd);
  if (number != 0 && number != EINVAL) /* EINVAL: the file system has nothing to sync */
    return refuse_errno ("sync state directory", path, number, error);
  return TRUE;
}

/* Makes the names of a new file survive a power cut. The parent is best effort: it may
 * be somebody else's and closed to us. */
static gboolean
sync_names (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *parent = g_path_get_dirname (directory);
  if (!sync_directory (directory, error))
    return FALSE;
  sync_directory (parent, NULL);
  return TRUE;
}

/* Bytes of PATH+SUFFIX; 0 when there is no such file. */
static guint64
size_of (const char *path, const char *suffix)
{
  g_autofree char *name = g_strconcat (path, suffix, NULL);
  struct stat status;
  /* Of a directory the size says nothing, and differs between file systems. */
  return stat (name, &status) == 0 && S_ISREG (status.st_mode) ? (guint64) status.st_size
                                                               : 0;
}

static void
disconnect (State *self)
{
  state_finalize_all (self);
  sqlite3_close_v2 (self->db);
  self->db = NULL;
}

/* Leaves the journal where it is. */
static void
disconnect_untouched (State *self)
{
  if (self->db != NULL)
    sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  disconnect (self);
}

/* Opens and examines; damage is a verdict, not an error. */
static gboolean
connect_to (State *self, const char *name, int flags, gboolean thorough,
            SchemaVerdict *out_verdict, GError **error)
{
  const char *action = "open";
  gboolean existed = access (self->path, F_OK) == 0;
  int result = sqlite3_open_v2 (name, &self->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (result == SQLITE_OK && !existed && !self->read_only)
    chmod (self->path, 0600); /* subjects are private; the journal inherits the mode */
  if (result == SQLITE_OK)
    result = schema_configure (self);
  /* Our own statements are right: an existing file that cannot run them is not one of
   * ours any more ("unsupported file format"). */
  if (state_sql_is_damage (result) || (existed && (result & 0xff) == SQLITE_ERROR))
    {
      *out_verdict = SCHEMA_DAMAGED;
      return TRUE;
    }
  if (result != SQLITE_OK)
    return state_sql_error (self, result, action, error);
  return schema_examine (self, thorough, out_verdict, error);
}

/* SQLite would take what is left of it for a fresh one. */
static gboolean
is_stump (const char *path)
{
  guint64 size = size_of (path, "");
  return size > 0 && size < FILE_BYTES_MIN;
}

static gboolean
open_writer (State *self, const char *lock_path, char **out_damaged, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  if (g_mkdir_with_parents (directory, 0700) != 0)
    return refuse_errno ("make state directory", directory, errno, error);
  self->lock = state_lock_take (lock_path, error);
  if (self->lock == NULL)
    return FALSE;

  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  gboolean thorough = !state_lock_is_stamped (self->lock, self->path)
                      || size_of (self->path, "-wal") > 0;
  SchemaVerdict verdict = SCHEMA_GOOD;
  state_lock_sign (self->lock);
  if (is_stump (self->path))
    verdict = SCHEMA_DAMAGED;
  else if (!connect_to (self, self->path, flags, thorough, &verdict, error))
    return FALSE;
  if (verdict == SCHEMA_DAMAGED)
    {
      disconnect_untouched (self);
      *out_damaged = damage_set_aside (self->path, error);
      if (*out_damaged == NULL
          || !connect_to (self, self->path, flags, FALSE, &verdict, error))
        return FALSE;
    }
  self->suspect = FALSE;
  if (!schema_begin_writing (self, error))
    return FALSE;
  sqlite3_wal_hook (self->db, on_journal, self);
  if (verdict == SCHEMA_GOOD)
    return TRUE;
  if (verdict == SCHEMA_OLD)
    return schema_upgrade (self, error);
  return schema_create (self, error) && sync_names (self->path, error);
}

/* An empty state in memory, for a reader that finds none. */
static gboolean
open_empty (State *self, GError **error)
{
  SchemaVerdict verdict = SCHEMA_GOOD;
  disconnect_untouched (self);
  return connect_to (self, ":memory:", SQLITE_OPEN_READWRITE, FALSE, &verdict, error)
         && schema_create (self, error);
}

/*
 * A journal that can hold a commit: SQLite's mark, its header, and at least one frame
 * with the smallest page. Without one SQLite ignores it, but a reader that may not touch
 * the index of an empty one, as a writer killed early leaves it, would look again and
 * again.
 */
static gboolean
has_journal (const char *path)
{
  static const guint8 marks[2][4] = { { 0x37, 0x7f, 0x06, 0x82 },
                                      { 0x37, 0x7f, 0x06, 0x83 } };
  g_autofree char *name = g_strconcat (path, "-wal", NULL);
  guint8 found[4] = { 0 };
  int fd = open (name, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  gssize count = pread (fd, found, sizeof found, 0);
  close (fd);
  return count == sizeof found && size_of (path, "-wal") >= JOURNAL_BYTES_MIN
         && (memcmp (found, marks[0], sizeof found) == 0
             || memcmp (found, marks[1], sizeof found) == 0);
}

/* The file's name as a URI with @query. */
static char *
uri_of (const char *path, const char *query)
{
  g_autofree char *escaped = g_uri_escape_string (path, "/", FALSE);
  return g_strconcat ("file:", escaped, query, NULL);
}

/*
 * Opens the file so that nothing beside it is made or changed. Without a journal it is
 * read bare, without SQLite's locks: the reader's byte of our lock, which we hold, makes
 * a writer that starts meanwhile keep to its journal. With a journal SQLite reads both.
 */
static gboolean
open_bare (State *self, SchemaVerdict *out_verdict, GError **error)
{
  for (int attempt = 1;; attempt++)
    {
      gboolean journal = has_journal (self->path);
      gboolean index = size_of (self->path, "-shm") > 0;
      g_autofree char *uri = uri_of (self->path, !journal ? "?immutable=1"
                                                 : index  ? "?mode=ro&readonly_shm=1"
                                                          : "?mode=ro");
      gboolean thorough = !state_lock_is_taken (self->lock)
                          && (journal || !state_lock_is_stamped (self->lock, self->path));
      g_autoptr (GError) local = NULL;
      gboolean done = connect_to (self, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                  thorough, out_verdict, &local);
      gboolean same = journal == has_journal (self->path);
      if (done && (same || *out_verdict == SCHEMA_GOOD || *out_verdict == SCHEMA_OLD))
        return TRUE;
      if (same || attempt == READ_ATTEMPTS)
        {
          if (local != NULL)
            g_propagate_error (error, g_steal_pointer (&local));
          return done;
        }
      disconnect_untouched (self);
    }
}

static gboolean
open_reader (State *self, const char *lock_path, char **out_damaged, GError **error)
{
  struct stat status;
  if (stat (self->path, &status) != 0 && errno != ENOENT)
    return refuse_errno ("open state file", self->path, errno, error);
  SchemaVerdict verdict = SCHEMA_FRESH;
  self->lock = state_lock_watch (lock_path);
  self->read_only = TRUE;
  if (is_stump (self->path))
    verdict = SCHEMA_DAMAGED;
  else if (size_of (self->path, "") > 0 && !open_bare (self, &verdict, error))
    return FALSE;
  if (verdict == SCHEMA_DAMAGED)
    *out_damaged = g_strdup (self->path);
  if (verdict == SCHEMA_OLD && !schema_upgrade (self, error))
    return FALSE;
  verdict = verdict == SCHEMA_OLD ? SCHEMA_GOOD : verdict;
  self->read_only = FALSE;
  if (verdict != SCHEMA_GOOD && !open_empty (self, error))
    return FALSE;
  self->read_only = TRUE;
  self->suspect = FALSE;
  return TRUE;
}

static State *
state_new (const char *directory, const char *file)
{
  State *self = g_new0 (State, 1);
  g_autofree char *name = g_strconcat (file, ".sqlite", NULL);
  self->path = g_build_filename (directory, name, NULL);
  self->guard = g_new0 (StateGuard, 1);
  pthread_mutex_init (&self->guard->mutex, NULL);
  return self;
}

State *
state_open (const char *directory, const char *account, StateMode mode,
            char **out_damaged, GError **error)
{
  g_autofree char *file = state_file_name (account);
  g_autofree char *lock_name = g_strconcat (file, ".lock", NULL);
  g_autofree char *lock_path = g_build_filename (directory, lock_name, NULL);
  g_autofree char *damaged = NULL;
  g_autoptr (State) self = state_new (directory, file);
  gboolean done = mode == STATE_READ_ONLY
                      ? open_reader (self, lock_path, &damaged, error)
                      : open_writer (self, lock_path, &damaged, error);
  if (!done)
    return NULL;
  self->guard->commits = 0;
  self->guard->pending = 0;
  if (out_damaged != NULL)
    *out_damaged = g_steal_pointer (&damaged);
  return g_steal_pointer (&self);
}

void
state_close (State *self)
{
  if (self == NULL)
    return;
  gboolean writer = self->db != NULL && self->lock != NULL && !self->read_only;
  if (!writer || state_lock_has_readers (self->lock))
    disconnect_untouched (self);
  else
    disconnect (self);
  if (writer)
    state_lock_stamp (self->lock, self->path, self->suspect);
  state_lock_free (self->lock);
  pthread_mutex_destroy (&self->guard->mutex);
  g_free (self->guard);
  g_free (self->path);
  g_free (self);
}

/* The endpoints that the file is bound to; NULL in @out_bound: none yet. */
static gboolean
read_bound (State *self, const char *action, char **out_bound, GError **error)
{
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_BIND_READ, "SELECT value FROM meta WHERE key = 'endpoints'", action,
      error);
  gboolean row = FALSE;
  if (statement == NULL || !state_step (self, statement, &row, action, error))
    return FALSE;
  *out_bound = NULL;
  if (!row)
    return TRUE;
  *out_bound = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  state_reset (statement);
  return TRUE;
}

static gboolean
write_bound (State *self, const char *identity, const char *action, GError **error)
{
  sqlite3_stmt *statement = state_prepare (
      self, STATEMENT_BIND_WRITE,
      "INSERT INTO meta (key, value) VALUES ('endpoints', ?1)", action, error);
  if (statement == NULL || !state_transaction_begin (self, FALSE, action, error))
    return FALSE;
  state_bind_text (statement, 1, identity);
  gboolean done = state_run (self, statement, action, error);
  return state_transaction_end (self, done, action, error);
}

gboolean
state_bind (State *self, const char *identity, GError **error)
{
  const char *action = "bind the endpoints";
  g_autofree char *bound = NULL;
  state_enter (self);
  gboolean done = read_bound (self, action, &bound, error);
  if (done && bound == NULL && !self->read_only)
    done = write_bound (self, identity, action, error);
  state_leave (self);
  if (!done || bound == NULL || g_str_equal (bound, identity))
    return done;
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                         "state file '%s' belongs to '%s', not to '%s'", self->path,
                         bound, identity);
}
