/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of messages: writing, receipts, flags, removal, look-ups by either key, walks, and
 * how much memory a large folder takes.
 */
#include "state/state.h"

#include <sqlite3.h>

#include "state-fixture.h"

typedef struct
{
  StateFixture base;
  State *state;
  StateFolder *folder;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture_set_up (&fixture->base, data);
  fixture->state = fixture_open (&fixture->base, STATE_READ_WRITE);
  fixture->folder = fixture_folder (fixture->state, "INBOX");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  state_folder_free (fixture->folder);
  state_close (fixture->state);
  fixture_tear_down (&fixture->base, data);
}

static void
reopen (Fixture *fixture, StateMode mode)
{
  state_close (fixture->state);
  fixture->state = fixture_open (&fixture->base, mode);
}

static void
write_one (Fixture *fixture, const StateMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (
      state_write (fixture->state, fixture->folder->id, &message, 1, FALSE, &error));
  g_assert_no_error (error);
}

static char *
dump_one (const StateMessage *message)
{
  GString *text = g_string_new (NULL);
  dump_message (message, text, NULL);
  return g_string_free (text, FALSE);
}

/* The row of @key as text, NULL when there is none. */
static char *
find_text (Fixture *fixture, HaulBytes key)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (StateCursor) cursor = state_cursor_new (fixture->state, fixture->folder->id);
  StateMessage row;
  gboolean found = FALSE;
  g_assert_true (state_cursor_find (cursor, key, &row, &found, &error));
  g_assert_no_error (error);
  return found ? dump_one (&row) : NULL;
}

/* The source key of the row with @key at the destination, NULL when there is none. */
static char *
find_source (Fixture *fixture, gint64 folder_id, HaulBytes key)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (StateCursor) cursor = state_cursor_new (fixture->state, folder_id);
  StateMessage row;
  gboolean found = FALSE;
  g_assert_true (state_cursor_find_destination (cursor, key, &row, &found, &error));
  g_assert_no_error (error);
  return found ? g_strndup ((const char *) row.source_key.data, row.source_key.length)
               : NULL;
}

static void
test_all_fields (Fixture *fixture, gconstpointer data)
{
  StateMessage message = { .source_key = BYTES ("s"),
                           .destination_key = BYTES ("d"),
                           .outcome = STATE_FAILED,
                           .flags = 31,
                           .keywords = "$a b",
                           .date_unix = -5,
                           .reason = "too big",
                           .subject = "Re: ä" };
  message.identity.known = 31;
  message.identity.size_bytes = G_MAXUINT64;
  message.identity.date_unix = G_MININT64;
  memset (message.identity.message_id, 1, sizeof message.identity.message_id);
  memset (message.identity.headers, 2, sizeof message.identity.headers);
  memset (message.identity.content, 3, sizeof message.identity.content);
  write_one (fixture, &message);
  g_autofree char *wanted = dump_one (&message);
  g_autofree char *found = find_text (fixture, message.source_key);
  g_assert_cmpstr (found, ==, wanted);
  reopen (fixture, STATE_READ_ONLY);
  g_autofree char *again = find_text (fixture, message.source_key);
  g_assert_cmpstr (again, ==, wanted);
}

static void
test_no_fields (Fixture *fixture, gconstpointer data)
{
  StateMessage message = { .source_key = BYTES ("s"), .outcome = STATE_SKIPPED };
  write_one (fixture, &message);
  message.keywords = "";
  g_autofree char *wanted = dump_one (&message);
  g_autofree char *found = find_text (fixture, message.source_key);
  g_assert_cmpstr (found, ==, wanted);
}

static void
test_any_bytes (Fixture *fixture, gconstpointer data)
{
  g_autofree guint8 *long_key = g_malloc0 (8192);
  const HaulBytes keys[] = { HAUL_NO_BYTES,
                             { (const guint8 *) "\0", 1 },
                             { (const guint8 *) "\0\0", 2 },
                             { (const guint8 *) "a\0b", 3 },
                             { (const guint8 *) "\xff\xfe'\";--", 7 },
                             { long_key, 8191 },
                             { long_key, 8192 } };
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      StateMessage message = { .source_key = keys[i],
                               .destination_key = keys[G_N_ELEMENTS (keys) - 1 - i],
                               .outcome = STATE_STORED,
                               .flags = (guint32) i,
                               .keywords = "" };
      write_one (fixture, &message);
    }
  guint64 count = 0;
  state_count (fixture->state, fixture->folder->id, ~0u, &count, NULL);
  g_assert_cmpuint (count, ==, G_N_ELEMENTS (keys));
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      StateMessage message = { .source_key = keys[i],
                               .destination_key = keys[G_N_ELEMENTS (keys) - 1 - i],
                               .outcome = STATE_STORED,
                               .flags = (guint32) i,
                               .keywords = "" };
      g_autofree char *wanted = dump_one (&message);
      g_autofree char *found = find_text (fixture, keys[i]);
      g_assert_cmpstr (found, ==, wanted);
    }
}

static void
test_replace (Fixture *fixture, gconstpointer data)
{
  char key[32];
  StateMessage message = fixture_message (1, key);
  message.destination_key = BYTES ("first");
  write_one (fixture, &message);
  g_autofree char *made = find_source (fixture, fixture->folder->id, BYTES ("first"));
  g_assert_nonnull (made);
  message.destination_key = BYTES ("second");
  message.outcome = STATE_MATCHED;
  write_one (fixture, &message);
  g_autofree char *first = find_source (fixture, fixture->folder->id, BYTES ("first"));
  g_autofree char *second = find_source (fixture, fixture->folder->id, BYTES ("second"));
  g_assert_null (first);
  g_assert_cmpstr (second, ==, key);
}

static void
test_one_transaction (Fixture *fixture, gconstpointer data)
{
  guint64 before = state_commits (fixture->state);
  fixture_write (fixture->state, fixture->folder->id, 0, 300);
  g_assert_cmpuint (state_commits (fixture->state) - before, ==, 1);
  fixture_receive (fixture->state, fixture->folder->id, 0, 300);
  g_assert_cmpuint (state_commits (fixture->state) - before, ==, 2);
}

static void
test_receipt (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char key[32];
  StateMessage message = fixture_message (7, key);
  message.identity.known = IDENTITY_HEADERS;
  message.reason = "quota";
  message.subject = "Hello";
  write_one (fixture, &message);
  Identity whole = message.identity;
  whole.known = IDENTITY_CONTENT | IDENTITY_SIZE;
  whole.size_bytes = 12345;
  memset (whole.headers, 0xee, sizeof whole.headers);
  StateReceipt receipt = { fixture->folder->id, message.source_key, BYTES ("d"), &whole };
  g_assert_true (state_receipts (fixture->state, &receipt, 1, &error));
  message.destination_key = BYTES ("d");
  message.outcome = STATE_STORED;
  message.reason = message.subject = NULL;
  message.identity.known |= whole.known;
  message.identity.size_bytes = 12345;
  g_autofree char *wanted = dump_one (&message);
  g_autofree char *found = find_text (fixture, message.source_key);
  g_assert_cmpstr (found, ==, wanted);
}

static void
test_receipt_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  StateReceipt receipt = { .folder_id = fixture->folder->id, .source_key = BYTES ("s") };
  StateMessage message = { .source_key = BYTES ("s"),
                           .outcome = STATE_STORED,
                           .keywords = "" };
  g_assert_true (state_receipts (fixture->state, &receipt, 1, &error));
  g_autofree char *wanted = dump_one (&message);
  g_autofree char *found = find_text (fixture, message.source_key);
  g_assert_cmpstr (found, ==, wanted);
}

static void
test_flags (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = fixture->folder->id;
  fixture_write (fixture->state, id, 0, 1);
  fixture_receive (fixture->state, id, 0, 1);
  HaulBytes key = BYTES ("key-00000000");
  g_assert_true (state_flags (fixture->state, id, key, 9, "new", HAUL_NO_BYTES, &error));
  g_autofree char *kept = find_source (fixture, id, BYTES ("stored-00000000"));
  g_assert_cmpstr (kept, ==, "key-00000000");
  g_assert_true (state_flags (fixture->state, id, key, 8, NULL, BYTES ("d2"), &error));
  g_autofree char *moved = find_source (fixture, id, BYTES ("d2"));
  g_assert_cmpstr (moved, ==, "key-00000000");
  g_autofree char *text = find_text (fixture, key);
  g_assert_nonnull (strstr (text, " 2 8 '' "));
  g_assert_false (state_flags (fixture->state, id, BYTES ("x"), 8, "", key, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_MESSAGE);
}

static void
test_remove (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = fixture->folder->id;
  guint64 count = 0;
  HaulBytes keys[] = { BYTES ("key-00000001"), BYTES ("nothing"),
                       BYTES ("key-00000003") };
  fixture_write (fixture->state, id, 0, 5);
  g_assert_true (state_remove (fixture->state, id, keys, 3, &error));
  g_assert_true (state_count (fixture->state, id, ~0u, &count, &error));
  g_assert_cmpuint (count, ==, 3);
  g_assert_null (find_text (fixture, keys[0]));
}

static void
test_folders_apart (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint64 count = 0;
  g_autoptr (StateFolder) other = fixture_folder (fixture->state, "Other");
  fixture_write (fixture->state, fixture->folder->id, 0, 5);
  fixture_write (fixture->state, other->id, 2, 4);
  fixture_receive (fixture->state, other->id, 2, 4);
  g_autofree char *mine = find_source (fixture, fixture->folder->id,
                                       BYTES ("stored-00000002"));
  g_autofree char *theirs = find_source (fixture, other->id, BYTES ("stored-00000002"));
  g_assert_null (mine);
  g_assert_cmpstr (theirs, ==, "key-00000002");
  g_assert_true (state_folder_forget (fixture->state, other->id, &error));
  g_assert_true (state_count (fixture->state, other->id, ~0u, &count, &error));
  g_assert_cmpuint (count, ==, 0);
  g_assert_true (state_count (fixture->state, fixture->folder->id, ~0u, &count, &error));
  g_assert_cmpuint (count, ==, 5);
}

/* Found in every order of writing and looking, by writers and readers. */
static void
test_destination_keys (Fixture *fixture, gconstpointer data)
{
  gint64 id = fixture->folder->id;
  g_assert_null (find_source (fixture, id, BYTES ("stored-00000000")));
  fixture_write (fixture->state, id, 0, 600);
  fixture_receive (fixture->state, id, 0, 300);
  reopen (fixture, STATE_READ_ONLY);
  g_autofree char *by_reader = find_source (fixture, id, BYTES ("stored-00000299"));
  g_assert_cmpstr (by_reader, ==, "key-00000299");
  g_assert_null (find_source (fixture, id, BYTES ("stored-00000300")));
  reopen (fixture, STATE_READ_WRITE);
  g_autofree char *by_writer = find_source (fixture, id, BYTES ("stored-00000299"));
  g_assert_cmpstr (by_writer, ==, "key-00000299");
  fixture_receive (fixture->state, id, 300, 600);
  g_autofree char *later = find_source (fixture, id, BYTES ("stored-00000599"));
  g_assert_cmpstr (later, ==, "key-00000599");
  reopen (fixture, STATE_READ_ONLY);
  g_autofree char *indexed = find_source (fixture, id, BYTES ("stored-00000599"));
  g_assert_cmpstr (indexed, ==, "key-00000599");
}

static void
test_index_not_made (Fixture *fixture, gconstpointer data)
{
  g_autoptr (StateFolder) other = fixture_folder (fixture->state, "Other");
  fixture_write (fixture->state, fixture->folder->id, 0, 5);
  guint64 before = state_commits (fixture->state);
  g_assert_null (find_source (fixture, other->id, BYTES ("stored-00000000")));
  g_assert_cmpuint (state_commits (fixture->state), ==, before);
}

/* ---- walks ---- */

typedef struct
{
  State *state;
  guint count;
  guint stop_at;
  char last[32];
} Walk;

static gboolean
on_message (const StateMessage *message, gpointer user_data, GError **error)
{
  Walk *walk = user_data;
  char key[32] = "";
  memcpy (key, message->source_key.data, message->source_key.length);
  g_assert_cmpstr (walk->last, <, key);
  g_strlcpy (walk->last, key, sizeof walk->last);
  guint64 count = 0;
  g_assert_true (state_count (walk->state, 1, 1u << STATE_FAILED, &count, NULL));
  if (++walk->count == walk->stop_at)
    return haul_error_set (error, HAUL_ERROR_GONE, HAUL_SCOPE_FOLDER, "enough");
  return TRUE;
}

static void
test_walk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = fixture->folder->id;
  fixture_write (fixture->state, id, 0, 1100);
  fixture_receive (fixture->state, id, 500, 1013);
  const struct
  {
    guint32 outcomes;
    guint count;
  } vectors[] = { { ~0u, 1100 },
                  { 1u << STATE_INTENT, 587 },
                  { 1u << STATE_STORED, 513 },
                  { 1u << STATE_STORED | 1u << STATE_INTENT, 1100 },
                  { 1u << STATE_FAILED, 0 },
                  { 0, 0 } };
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      Walk walk = { .state = fixture->state };
      guint64 count = 0;
      g_assert_true (state_messages (fixture->state, id, vectors[i].outcomes, on_message,
                                     &walk, &error));
      g_assert_cmpuint (walk.count, ==, vectors[i].count);
      g_assert_true (
          state_count (fixture->state, id, vectors[i].outcomes, &count, &error));
      g_assert_cmpuint (count, ==, vectors[i].count);
    }
}

static void
test_walk_stops (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Walk walk = { .state = fixture->state, .stop_at = 300 };
  fixture_write (fixture->state, fixture->folder->id, 0, 400);
  g_assert_false (state_messages (fixture->state, fixture->folder->id, ~0u, on_message,
                                  &walk, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_GONE);
  g_assert_cmpuint (walk.count, ==, 300);
}

static void
test_memory (Fixture *fixture, gconstpointer data)
{
  gint64 id = fixture->folder->id;
  sqlite3_memory_highwater (1);
  for (guint i = 0; i < 60000; i += 1000)
    {
      fixture_write (fixture->state, id, i, i + 1000);
      fixture_receive (fixture->state, id, i, i + 1000);
    }
  g_autofree char *last = find_source (fixture, id, BYTES ("stored-00059999"));
  g_assert_cmpstr (last, ==, "key-00059999");
  Walk walk = { .state = fixture->state };
  g_assert_true (state_messages (fixture->state, id, 0, on_message, &walk, NULL));
  g_assert_cmpint (sqlite3_memory_highwater (0), <, 8 * 1024 * 1024);
}

static void
test_reader_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  StateMessage message = { .source_key = BYTES ("s"), .outcome = STATE_INTENT };
  const StateMessage *pointer = &message;
  StateReceipt receipt = { .folder_id = 1, .source_key = BYTES ("s") };
  StateRun run = { 0 };
  reopen (fixture, STATE_READ_ONLY);
  g_assert_false (state_write (fixture->state, 1, &pointer, 1, FALSE, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
  g_assert_false (state_receipts (fixture->state, &receipt, 1, NULL));
  g_assert_false (state_flags (fixture->state, 1, BYTES ("s"), 0, "", BYTES (""), NULL));
  g_assert_false (state_remove (fixture->state, 1, &message.source_key, 1, NULL));
  g_assert_false (state_folder_save (fixture->state, fixture->folder, FALSE, NULL));
  g_assert_false (state_folder_note (fixture->state, 1, BYTES ("n"), NULL));
  g_assert_false (state_folder_forget (fixture->state, 1, NULL));
  g_assert_false (state_run_begin (fixture->state, &run, NULL));
  g_assert_false (state_run_end (fixture->state, &run, NULL));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/state/messages/all-fields-come-back", test_all_fields);
  ADD ("/state/messages/no-field-is-needed", test_no_fields);
  ADD ("/state/messages/keys-are-any-bytes", test_any_bytes);
  ADD ("/state/messages/second-write-replaces", test_replace);
  ADD ("/state/messages/a-batch-is-one-commit", test_one_transaction);
  ADD ("/state/messages/receipt-completes-the-intent", test_receipt);
  ADD ("/state/messages/receipt-without-intent-is-kept", test_receipt_alone);
  ADD ("/state/messages/flags-change-alone", test_flags);
  ADD ("/state/messages/removal-by-key", test_remove);
  ADD ("/state/messages/folders-are-apart", test_folders_apart);
  ADD ("/state/messages/found-by-destination-key", test_destination_keys);
  ADD ("/state/messages/no-index-for-an-empty-folder", test_index_not_made);
  ADD ("/state/messages/walk-in-order-by-outcome", test_walk);
  ADD ("/state/messages/walk-stops-with-error", test_walk_stops);
  ADD ("/state/messages/memory-is-bounded", test_memory);
  ADD ("/state/messages/reader-changes-nothing", test_reader_refused);
  return g_test_run ();
}
