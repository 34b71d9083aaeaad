/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of a state file, the settings of the connection, and the examination that
 * tells a good file from a fresh or a damaged one. What to do about it is decided in
 * state.c. Runs on the thread that opens the state.
 */
#include "state/internal.h"

#include <string.h>

/* APPLICATION_ID: "Haul", so that another program's database is not taken for ours. */
#define APPLICATION_ID 1214346604

/* CACHE_KIB: pages kept in memory; with it a million rows cost no more than a thousand.
 */
#define CACHE_KIB "2048"

/* JOURNAL_LIMIT_BYTES: what remains of the journal after one huge transaction. */
#define JOURNAL_LIMIT_BYTES "16777216"

/* PATIENCE_MS: how long a reader's recovery of the journal may keep us waiting. */
#define PATIENCE_MS 10000

/* Versions: what a file of each has. The tables of today, then what they were. */
enum
{
  META,
  FOLDERS,
  MESSAGES,
  RUNS,
  REMOVALS,    /* since version 3 */
  GONE_INDEX,  /* since version 3 */
  OBJECT_COUNT /* their number */
};

/* OLD_COUNT: how many of them versions 1 and 2 had: the first ones. */
#define OLD_COUNT 4

/*
 * The rows of messages stand in the order of their key, so that a batch of neighbours
 * fills few pages. Their index by destination key is made when it is needed: index.c;
 * that of the few whose source is gone costs nothing while there are none.
 */
static const char *const objects[OBJECT_COUNT] = {
  "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE folders (id INTEGER PRIMARY KEY, source_path TEXT NOT NULL,"
  " destination_path TEXT NOT NULL, source_validity INTEGER NOT NULL DEFAULT 0,"
  " destination_validity INTEGER NOT NULL DEFAULT 0, source_token BLOB,"
  " destination_token BLOB, destination_mark BLOB, note BLOB,"
  " clean INTEGER NOT NULL DEFAULT 0, settings_hash INTEGER NOT NULL DEFAULT 0,"
  " messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
  " skipped INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,"
  " unverified INTEGER NOT NULL DEFAULT 0, watch BLOB, source_object BLOB,"
  " UNIQUE (source_path, destination_path))",
  "CREATE TABLE messages (folder INTEGER NOT NULL, source_key BLOB NOT NULL,"
  " destination_key BLOB, outcome INTEGER NOT NULL, flags INTEGER NOT NULL,"
  " keywords TEXT, date INTEGER NOT NULL, known INTEGER NOT NULL,"
  " size INTEGER NOT NULL, header_date INTEGER NOT NULL, message_id BLOB,"
  " headers BLOB, content BLOB, reason TEXT, subject TEXT, note TEXT,"
  " ours INTEGER NOT NULL, gone INTEGER NOT NULL, delivered BLOB,"
  " PRIMARY KEY (folder, source_key)) WITHOUT ROWID",
  "CREATE TABLE runs (id INTEGER PRIMARY KEY, started INTEGER NOT NULL,"
  " ended INTEGER NOT NULL DEFAULT 0, exit_code INTEGER NOT NULL DEFAULT 0,"
  " copied INTEGER NOT NULL DEFAULT 0, copied_bytes INTEGER NOT NULL DEFAULT 0,"
  " present INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,"
  " failed INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL DEFAULT 0,"
  " removed INTEGER NOT NULL DEFAULT 0)",
  "CREATE TABLE removals (id INTEGER PRIMARY KEY, run INTEGER NOT NULL,"
  " time INTEGER NOT NULL, side INTEGER NOT NULL, folder TEXT NOT NULL,"
  " destination_key BLOB, source_key BLOB, reason INTEGER NOT NULL,"
  " mode INTEGER NOT NULL, message_id TEXT, subject TEXT, size INTEGER NOT NULL,"
  " date INTEGER NOT NULL, state INTEGER NOT NULL)",
  "CREATE INDEX messages_gone ON messages (folder, gone, source_key) WHERE gone <> 0",
};

/* OLD_FOLDERS_1, OLD_FOLDERS_2: the table as version 1 and 2 had it; OLD_MESSAGES,
 * OLD_RUNS: as both had it. */
#define OLD_FOLDERS_1                                                                    \
  "CREATE TABLE folders (id INTEGER PRIMARY KEY, source_path TEXT NOT NULL,"             \
  " destination_path TEXT NOT NULL, source_validity INTEGER NOT NULL DEFAULT 0,"         \
  " destination_validity INTEGER NOT NULL DEFAULT 0, source_token BLOB,"                 \
  " destination_token BLOB, destination_mark BLOB, note BLOB,"                           \
  " clean INTEGER NOT NULL DEFAULT 0, settings_hash INTEGER NOT NULL DEFAULT 0,"         \
  " messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"              \
  " skipped INTEGER NOT NULL DEFAULT 0, UNIQUE (source_path, destination_path))"
#define OLD_FOLDERS_2                                                                    \
  "CREATE TABLE folders (id INTEGER PRIMARY KEY, source_path TEXT NOT NULL,"             \
  " destination_path TEXT NOT NULL, source_validity INTEGER NOT NULL DEFAULT 0,"         \
  " destination_validity INTEGER NOT NULL DEFAULT 0, source_token BLOB,"                 \
  " destination_token BLOB, destination_mark BLOB, note BLOB,"                           \
  " clean INTEGER NOT NULL DEFAULT 0, settings_hash INTEGER NOT NULL DEFAULT 0,"         \
  " messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"              \
  " skipped INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,"             \
  " unverified INTEGER NOT NULL DEFAULT 0, watch BLOB,"                                  \
  " UNIQUE (source_path, destination_path))"
#define OLD_MESSAGES                                                                     \
  "CREATE TABLE messages (folder INTEGER NOT NULL, source_key BLOB NOT NULL,"            \
  " destination_key BLOB, outcome INTEGER NOT NULL, flags INTEGER NOT NULL,"             \
  " keywords TEXT, date INTEGER NOT NULL, known INTEGER NOT NULL,"                       \
  " size INTEGER NOT NULL, header_date INTEGER NOT NULL, message_id BLOB,"               \
  " headers BLOB, content BLOB, reason TEXT, subject TEXT,"                              \
  " PRIMARY KEY (folder, source_key)) WITHOUT ROWID"
#define OLD_RUNS                                                                         \
  "CREATE TABLE runs (id INTEGER PRIMARY KEY, started INTEGER NOT NULL,"                 \
  " ended INTEGER NOT NULL DEFAULT 0, exit_code INTEGER NOT NULL DEFAULT 0,"             \
  " copied INTEGER NOT NULL DEFAULT 0, copied_bytes INTEGER NOT NULL DEFAULT 0,"         \
  " present INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,"             \
  " failed INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL DEFAULT 0)"

/* How the rows of older tables read today, column by column. A delivered message had its
 * note in the column of the subject; whether one that was removed since had been stored
 * by us nobody knows any more, so it is taken for another's. */
#define FOLDERS_FROM_1                                                                   \
  "*, 0 AS removed, 0 AS unverified, NULL AS watch, NULL AS source_object"
#define FOLDERS_FROM_2 "*, NULL AS source_object"
#define MESSAGES_FROM_OLD                                                                \
  "folder, source_key, destination_key, outcome, flags, keywords, date, known, size,"    \
  " header_date, message_id, headers, content, reason,"                                  \
  " CASE WHEN outcome IN (2, 3, 6) THEN NULL ELSE subject END AS subject,"               \
  " CASE WHEN outcome IN (2, 3, 6) THEN subject END AS note,"                            \
  " outcome = 2 AS ours, 0 AS gone, NULL AS delivered"
#define RUNS_FROM_OLD "*, 0 AS removed"

/* What is read at every opening: small whatever the size of the file, and it touches the
 * roots of all tables. */
static const char *const probes[] = {
  "SELECT count(*) FROM meta",
  "SELECT id, source_path, destination_path, clean FROM folders ORDER BY source_path",
  "SELECT folder, source_key, outcome FROM messages LIMIT 1",
  "SELECT id, started FROM runs ORDER BY id DESC LIMIT 1",
  "SELECT id, state FROM removals ORDER BY id DESC LIMIT 1", /* the last: not in old ones
                                                              */
};

/* How many of our tables are there, as we made them to the letter; minus the index of
 * destination keys if it is not as we make it. */
#define COUNT_TABLES                                                                     \
  "SELECT (SELECT count(*) FROM sqlite_schema WHERE sql IN (?1, ?2, ?3, ?4, ?5,"         \
  " ?6)) - (SELECT count(*) FROM sqlite_schema WHERE name = 'messages_destination'"      \
  " AND sql IS NOT ?7)"

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

/* What a file of @version says where the one of today says objects[@which]; NULL: it has
 * no such thing. */
static const char *
object_text (gint64 version, int which)
{
  if (version >= SCHEMA_VERSION || which == META)
    return objects[which];
  if (which == FOLDERS)
    return version == 1 ? OLD_FOLDERS_1 : OLD_FOLDERS_2;
  if (which == MESSAGES)
    return OLD_MESSAGES;
  return which == RUNS ? OLD_RUNS : NULL;
}

static int
count_tables (State *self, gint64 version, int *out_count)
{
  sqlite3_stmt *statement = NULL;
  int result = sqlite3_prepare_v2 (self->db, COUNT_TABLES, -1, &statement, NULL);
  for (int i = 0; i < OBJECT_COUNT && result == SQLITE_OK; i++)
    state_bind_text (statement, i + 1, object_text (version, i));
  if (result == SQLITE_OK)
    state_bind_text (statement, OBJECT_COUNT + 1, SCHEMA_INDEX);
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
  gboolean old = version < SCHEMA_VERSION;
  gsize probe_count = G_N_ELEMENTS (probes) - (old ? 1 : 0);
  *out_good = count == (old ? OLD_COUNT : OBJECT_COUNT);
  for (gsize i = 0; i < probe_count && *out_good && result == SQLITE_OK; i++)
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
  gint64 version = 0, application = 0, count = 0;
  int result = read_number (self, "PRAGMA user_version", &version);
  if (result == SQLITE_OK)
    result = read_number (self, "PRAGMA application_id", &application);
  if (result == SQLITE_OK)
    result = read_number (self, "SELECT count(*) FROM sqlite_schema", &count);
  if (result != SQLITE_OK)
    return judge (self, result, action, out_verdict, error);

  if (version == 0 && application == 0 && count == 0)
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
  for (gsize i = 0; i < G_N_ELEMENTS (objects) && result == SQLITE_OK; i++)
    result = state_exec (self, objects[i]);
  if (result == SQLITE_OK)
    result = state_exec (self, "INSERT INTO meta (key, value) VALUES ('syncs', 0)");
  if (result != SQLITE_OK)
    state_sql_error (self, result, action, error);
  return state_transaction_end (self, result == SQLITE_OK, action, error);
}

/* A reader's own tables and views stand before those of the file, which it must not
 * change. Only what is small is copied. */
static gboolean
shadow_old (State *self, gint64 version, GError **error)
{
  int result = state_exec (
      self, version == 1 ? "PRAGMA temp_store=MEMORY; CREATE TEMP TABLE"
                           " folders AS SELECT " FOLDERS_FROM_1 " FROM main.folders"
                         : "PRAGMA temp_store=MEMORY; CREATE TEMP TABLE"
                           " folders AS SELECT " FOLDERS_FROM_2 " FROM main.folders");
  if (result == SQLITE_OK)
    result = state_exec (self, "CREATE TEMP VIEW messages AS SELECT " MESSAGES_FROM_OLD
                               " FROM main.messages;"
                               "CREATE TEMP VIEW runs AS SELECT " RUNS_FROM_OLD
                               " FROM main.runs");
  if (result == SQLITE_OK)
    {
      g_autofree char *sql = g_strdup_printf ("CREATE TEMP %s",
                                              objects[REMOVALS] + strlen ("CREATE "));
      result = state_exec (self, sql);
    }
  return result == SQLITE_OK || state_sql_error (self, result, "read the tables", error);
}

/* Renames the old table, makes that of today, and fills it with @columns of the old. */
static int
renew_table (State *self, int which, const char *name, const char *columns)
{
  g_autofree char *away = g_strdup_printf ("ALTER TABLE %s RENAME TO old_%s", name, name);
  g_autofree char *fill = g_strdup_printf ("INSERT INTO %s SELECT %s FROM old_%s;"
                                           "DROP TABLE old_%s",
                                           name, columns, name, name);
  int result = state_exec (self, away);
  if (result == SQLITE_OK)
    result = state_exec (self, objects[which]);
  return result == SQLITE_OK ? state_exec (self, fill) : result;
}

static int
renew (State *self, gint64 version)
{
  g_autofree char *mark = g_strdup_printf ("PRAGMA user_version=%d", SCHEMA_VERSION);
  int result = renew_table (self, FOLDERS, "folders",
                            version == 1 ? FOLDERS_FROM_1 : FOLDERS_FROM_2);
  if (result == SQLITE_OK)
    result = renew_table (self, MESSAGES, "messages", MESSAGES_FROM_OLD);
  if (result == SQLITE_OK)
    result = renew_table (self, RUNS, "runs", RUNS_FROM_OLD);
  for (int i = REMOVALS; i < OBJECT_COUNT && result == SQLITE_OK; i++)
    result = state_exec (self, objects[i]);
  return result == SQLITE_OK ? state_exec (self, mark) : result;
}

gboolean
schema_upgrade (State *self, GError **error)
{
  const char *action = "renew the tables";
  gint64 version = 0;
  int result = read_number (self, "PRAGMA user_version", &version);
  if (result != SQLITE_OK)
    return state_sql_error (self, result, action, error);
  if (self->read_only)
    return shadow_old (self, version, error);
  if (!state_transaction_begin (self, TRUE, action, error))
    return FALSE;
  result = renew (self, version);
  if (result != SQLITE_OK)
    state_sql_error (self, result, action, error);
  return state_transaction_end (self, result == SQLITE_OK, action, error);
}
