/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of a state file, the settings of the connection, and the examination that
 * tells a good file from a fresh or a damaged one. What to do about it is decided in
 * state.c. Runs on the thread that opens the state.
 */
#include "state/internal.h"

/* APPLICATION_ID: "Haul", so that another program's database is not taken for ours. */
#define APPLICATION_ID 1214346604

/* CACHE_KIB: pages kept in memory; with it a million rows cost no more than a thousand.
 */
#define CACHE_KIB "2048"

/* JOURNAL_LIMIT_BYTES: what remains of the journal after one huge transaction. */
#define JOURNAL_LIMIT_BYTES "16777216"

/* PATIENCE_MS: how long a reader's recovery of the journal may keep us waiting. */
#define PATIENCE_MS 10000

#define TABLE_COUNT 4

/*
 * The rows of messages stand in the order of their key, so that a batch of neighbours
 * fills few pages. Their index by destination key is made when it is needed: index.c.
 */
static const char *const tables[TABLE_COUNT] = {
  "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE folders (id INTEGER PRIMARY KEY, source_path TEXT NOT NULL,"
  " destination_path TEXT NOT NULL, source_validity INTEGER NOT NULL DEFAULT 0,"
  " destination_validity INTEGER NOT NULL DEFAULT 0, source_token BLOB,"
  " destination_token BLOB, destination_mark BLOB, note BLOB,"
  " clean INTEGER NOT NULL DEFAULT 0, settings_hash INTEGER NOT NULL DEFAULT 0,"
  " messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
  " skipped INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,"
  " unverified INTEGER NOT NULL DEFAULT 0, watch BLOB,"
  " UNIQUE (source_path, destination_path))",
  "CREATE TABLE messages (folder INTEGER NOT NULL, source_key BLOB NOT NULL,"
  " destination_key BLOB, outcome INTEGER NOT NULL, flags INTEGER NOT NULL,"
  " keywords TEXT, date INTEGER NOT NULL, known INTEGER NOT NULL,"
  " size INTEGER NOT NULL, header_date INTEGER NOT NULL, message_id BLOB,"
  " headers BLOB, content BLOB, reason TEXT, subject TEXT,"
  " PRIMARY KEY (folder, source_key)) WITHOUT ROWID",
  "CREATE TABLE runs (id INTEGER PRIMARY KEY, started INTEGER NOT NULL,"
  " ended INTEGER NOT NULL DEFAULT 0, exit_code INTEGER NOT NULL DEFAULT 0,"
  " copied INTEGER NOT NULL DEFAULT 0, copied_bytes INTEGER NOT NULL DEFAULT 0,"
  " present INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,"
  " failed INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL DEFAULT 0)",
};

/* FOLDERS: the one of them that changed since version 1; OLD_FOLDERS: as it was there. */
#define FOLDERS 1
static const char OLD_FOLDERS[] =
    "CREATE TABLE folders (id INTEGER PRIMARY KEY, source_path TEXT NOT NULL,"
    " destination_path TEXT NOT NULL, source_validity INTEGER NOT NULL DEFAULT 0,"
    " destination_validity INTEGER NOT NULL DEFAULT 0, source_token BLOB,"
    " destination_token BLOB, destination_mark BLOB, note BLOB,"
    " clean INTEGER NOT NULL DEFAULT 0, settings_hash INTEGER NOT NULL DEFAULT 0,"
    " messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
    " skipped INTEGER NOT NULL DEFAULT 0, UNIQUE (source_path, destination_path))";

/* What is read at every opening: small whatever the size of the file, and it touches the
 * roots of all tables. */
static const char *const probes[] = {
  "SELECT count(*) FROM meta",
  "SELECT id, source_path, destination_path, clean FROM folders ORDER BY source_path",
  "SELECT folder, source_key, outcome FROM messages LIMIT 1",
  "SELECT id, started FROM runs ORDER BY id DESC LIMIT 1",
};

/* How many of our tables are there, as we made them to the letter; minus the index if it
 * is not as we make it. */
#define COUNT_TABLES                                                                     \
  "SELECT (SELECT count(*) FROM sqlite_schema WHERE sql IN (?1, ?2, ?3, ?4))"            \
  " - (SELECT count(*) FROM sqlite_schema WHERE name = 'messages_destination'"           \
  " AND sql IS NOT ?5)"

int
schema_configure (State *self)
{
  sqlite3_extended_result_codes (self->db, 1);
  sqlite3_busy_timeout (self->db, PATIENCE_MS);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  int result = state_exec (self, "PRAGMA cache_size=-" CACHE_KIB);
  if (result == SQLITE_OK)
    result = state_exec (self, "PRAGMA cell_size_check=ON");
  return result;
}

gboolean
schema_begin_writing (State *self, GError **error)
{
  int result = state_exec (self, "PRAGMA journal_mode=WAL;"
                                 "PRAGMA journal_size_limit=" JOURNAL_LIMIT_BYTES ";"
                                 "PRAGMA synchronous=NORMAL");
  return result == SQLITE_OK || state_sql_error (self, result, "begin a journal", error);
}

/* Takes the first column of the first row as a number. */
static int
read_number (State *self, const char *sql, gint64 *out_number)
{
  sqlite3_stmt *statement = NULL;
  int result = sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL);
  if (result == SQLITE_OK)
    result = sqlite3_step (statement);
  if (result == SQLITE_ROW)
    {
      *out_number = sqlite3_column_int64 (statement, 0);
      result = SQLITE_OK;
    }
  sqlite3_finalize (statement);
  return result;
}

static int
check_pages (State *self, gboolean *out_good)
{
  sqlite3_stmt *statement = NULL;
  int result = sqlite3_prepare_v2 (self->db, "PRAGMA quick_check(1)", -1, &statement,
                                   NULL);
  if (result == SQLITE_OK)
    result = sqlite3_step (statement);
  if (result == SQLITE_ROW)
    {
      const char *text = (const char *) sqlite3_column_text (statement, 0);
      *out_good = g_strcmp0 (text, "ok") == 0;
      result = SQLITE_OK;
    }
  sqlite3_finalize (statement);
  return result;
}

static int
count_tables (State *self, gint64 version, int *out_count)
{
  sqlite3_stmt *statement = NULL;
  int result = sqlite3_prepare_v2 (self->db, COUNT_TABLES, -1, &statement, NULL);
  for (int i = 0; i < TABLE_COUNT && result == SQLITE_OK; i++)
    state_bind_text (statement, i + 1,
                     i == FOLDERS && version == 1 ? OLD_FOLDERS : tables[i]);
  if (result == SQLITE_OK)
    state_bind_text (statement, TABLE_COUNT + 1, SCHEMA_INDEX);
  if (result == SQLITE_OK)
    result = sqlite3_step (statement);
  if (result == SQLITE_ROW)
    {
      *out_count = sqlite3_column_int (statement, 0);
      result = SQLITE_OK;
    }
  sqlite3_finalize (statement);
  return result;
}

static int
probe_tables (State *self, gint64 version, gboolean thorough, gboolean *out_good)
{
  int count = 0;
  int result = count_tables (self, version, &count);
  *out_good = count == TABLE_COUNT;
  for (gsize i = 0; i < G_N_ELEMENTS (probes) && *out_good && result == SQLITE_OK; i++)
    result = state_exec (self, probes[i]);
  if (result != SQLITE_OK)
    return result;
  return thorough && *out_good ? check_pages (self, out_good) : SQLITE_OK;
}

static gboolean
judge (State *self, int result, const char *action, SchemaVerdict *out_verdict,
       GError **error)
{
  if (!state_sql_is_damage (result) && (result & 0xff) != SQLITE_ERROR)
    return state_sql_error (self, result, action, error);
  *out_verdict = SCHEMA_DAMAGED;
  return TRUE;
}

gboolean
schema_examine (State *self, gboolean thorough, SchemaVerdict *out_verdict,
                GError **error)
{
  const char *action = "read the header";
  gint64 version = 0, application = 0, objects = 0;
  int result = read_number (self, "PRAGMA user_version", &version);
  if (result == SQLITE_OK)
    result = read_number (self, "PRAGMA application_id", &application);
  if (result == SQLITE_OK)
    result = read_number (self, "SELECT count(*) FROM sqlite_schema", &objects);
  if (result != SQLITE_OK)
    return judge (self, result, action, out_verdict, error);

  if (version == 0 && application == 0 && objects == 0)
    {
      *out_verdict = SCHEMA_FRESH;
      return TRUE;
    }
  if (application != APPLICATION_ID || version < 1)
    {
      *out_verdict = SCHEMA_DAMAGED;
      return TRUE;
    }
  if (version > SCHEMA_VERSION)
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_ACCOUNT,
                           "open state file '%s': it has version %" G_GINT64_FORMAT
                           " and was written by a newer mailhaul, this one knows %d",
                           self->path, version, SCHEMA_VERSION);

  gboolean good = TRUE;
  result = probe_tables (self, version, thorough, &good);
  if (result != SQLITE_OK)
    return judge (self, result, "read", out_verdict, error);
  *out_verdict = !good                      ? SCHEMA_DAMAGED
                 : version < SCHEMA_VERSION ? SCHEMA_OLD
                                            : SCHEMA_GOOD;
  return TRUE;
}

gboolean
schema_create (State *self, GError **error)
{
  const char *action = "make the tables";
  if (!state_transaction_begin (self, TRUE, action, error))
    return FALSE;
  g_autofree char *marks = g_strdup_printf (
      "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION_ID, SCHEMA_VERSION);
  int result = state_exec (self, marks);
  for (gsize i = 0; i < G_N_ELEMENTS (tables) && result == SQLITE_OK; i++)
    result = state_exec (self, tables[i]);
  if (result == SQLITE_OK)
    result = state_exec (self, "INSERT INTO meta (key, value) VALUES ('syncs', 0)");
  if (result != SQLITE_OK)
    state_sql_error (self, result, action, error);
  return state_transaction_end (self, result == SQLITE_OK, action, error);
}

/* A reader's own table stands before that of the file, which it must not change. */
static gboolean
shadow_folders (State *self, GError **error)
{
  int result = state_exec (self, "PRAGMA temp_store=MEMORY;"
                                 "CREATE TEMP TABLE folders AS SELECT *, 0 AS removed,"
                                 " 0 AS unverified, NULL AS watch FROM main.folders");
  return result == SQLITE_OK || state_sql_error (self, result, "read the folders", error);
}

gboolean
schema_upgrade (State *self, GError **error)
{
  const char *action = "renew the tables";
  if (self->read_only)
    return shadow_folders (self, error);
  if (!state_transaction_begin (self, TRUE, action, error))
    return FALSE;
  g_autofree char *mark = g_strdup_printf ("PRAGMA user_version=%d", SCHEMA_VERSION);
  int result = state_exec (self, "ALTER TABLE folders RENAME TO old_folders");
  if (result == SQLITE_OK)
    result = state_exec (self, tables[FOLDERS]);
  if (result == SQLITE_OK)
    result = state_exec (self,
                         "INSERT INTO folders SELECT *, 0, 0, NULL FROM old_folders;"
                         "DROP TABLE old_folders");
  if (result == SQLITE_OK)
    result = state_exec (self, mark);
  if (result != SQLITE_OK)
    state_sql_error (self, result, action, error);
  return state_transaction_end (self, result == SQLITE_OK, action, error);
}
