/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of deletions in the state file: entered before, completed after, and the
 * rows that go with what is done.
 */
#include "state-fixture.h"

#define COUNT 150

static StateRemoval
removal (guint number, char *keys)
{
  g_snprintf (keys, 32, "key-%08u", number);
  g_snprintf (keys + 32, 32, "stored-%08u", number);
  return (StateRemoval){ .run_id = 7,
                         .time_unix = 1700000000 + number,
                         .side = STATE_SIDE_DESTINATION,
                         .folder = "A/B",
                         .source_key = BYTES (keys),
                         .destination_key = BYTES (keys + 32),
                         .reason = STATE_REMOVAL_DELIVERED,
                         .mode = STATE_REMOVAL_TRASH,
                         .message_id = number % 2 != 0 ? "<1@example>" : NULL,
                         .subject = "Gr\xc3\xbc\xc3\x9f\x65",
                         .size_bytes = number == 1 ? HAUL_SIZE_UNKNOWN : number,
                         .date_unix = 5 };
}

static gboolean
dump_removal (const StateRemoval *removal, gpointer user_data, GError **error)
{
  GString *text = user_data;
  g_string_append_printf (
      text, "%d %d %s %.*s %.*s %d %d %s %s %" G_GUINT64_FORMAT " %d\n",
      (int) removal->run_id, (int) removal->side, removal->folder,
      (int) removal->source_key.length, (const char *) removal->source_key.data,
      (int) removal->destination_key.length, (const char *) removal->destination_key.data,
      (int) removal->reason, (int) removal->mode,
      removal->message_id != NULL ? removal->message_id : "-", removal->subject,
      removal->size_bytes, (int) removal->state);
  return TRUE;
}

static void
test_journal (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree StateRemoval *removals = g_new0 (StateRemoval, COUNT);
  g_autofree char *keys = g_malloc ((gsize) COUNT * 64);
  State *state = fixture_open (fixture, STATE_READ_WRITE);
  for (guint i = 0; i < COUNT; i++)
    removals[i] = removal (i, keys + (gsize) i * 64);
  g_assert_true (state_removals_intend (state, 0, removals, COUNT, &error));
  removals[0].state = STATE_REMOVAL_DONE;
  removals[1].state = STATE_REMOVAL_FAILED;
  g_assert_true (state_removals_end (state, 0, removals, 2, &error));
  state_close (state);

  g_autoptr (State) reader = fixture_open (fixture, STATE_READ_ONLY);
  g_autoptr (GString) text = g_string_new (NULL);
  guint32 ended = (1u << STATE_REMOVAL_DONE) | (1u << STATE_REMOVAL_FAILED);
  g_assert_true (state_removals (reader, 0, ended, dump_removal, text, &error));
  g_assert_cmpstr (
      text->str, ==,
      "7 1 A/B key-00000000 stored-00000000 1 2 - Gr\xc3\xbc\xc3\x9f\x65 0 2\n"
      "7 1 A/B key-00000001 stored-00000001 1 2 <1@example> "
      "Gr\xc3\xbc\xc3\x9f\x65 18446744073709551615 3\n");
  g_string_truncate (text, 0);
  g_assert_true (state_removals (reader, removals[COUNT - 2].id,
                                 1u << STATE_REMOVAL_INTENDED, dump_removal, text,
                                 &error));
  g_assert_true (g_str_has_prefix (text->str, "7 1 A/B key-00000149"));
  g_assert_no_error (error);
}

static gboolean
count_removal (const StateRemoval *removal, gpointer user_data, GError **error)
{
  (*(guint *) user_data)++;
  return TRUE;
}

static void
test_pages (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree StateRemoval *removals = g_new0 (StateRemoval, COUNT);
  g_autofree char *keys = g_malloc ((gsize) COUNT * 64);
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  guint count = 0;
  for (guint i = 0; i < COUNT; i++)
    removals[i] = removal (i, keys + (gsize) i * 64);
  g_assert_true (state_removals_intend (state, 0, removals, COUNT, &error));
  g_assert_true (state_removals (state, 0, ~0u, count_removal, &count, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, COUNT);
}

/* What is deleted on both sides has no row; what only the source gave up keeps its own.
 */
static void
test_rows (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "A");
  StateRemoval removals[3];
  char keys[3][64];
  guint64 count = 0;
  fixture_write (state, folder->id, 0, 3);
  fixture_receive (state, folder->id, 0, 3);
  for (guint i = 0; i < 3; i++)
    removals[i] = removal (i, keys[i]);
  removals[2].side = STATE_SIDE_SOURCE;
  g_assert_true (state_removals_intend (state, 0, removals, 3, &error));
  g_assert_true (state_count (state, folder->id, STATE_THERE, &count, &error));
  g_assert_cmpuint (count, ==, 3);
  removals[0].state = STATE_REMOVAL_DONE;
  removals[1].state = STATE_REMOVAL_FAILED;
  removals[2].state = STATE_REMOVAL_DONE;
  g_assert_true (state_removals_end (state, folder->id, removals, 3, &error));
  g_assert_true (state_count (state, folder->id, STATE_THERE, &count, &error));
  g_assert_cmpuint (count, ==, 2);
  g_assert_no_error (error);
}

static gboolean
dump_gone (const StateMessage *row, gpointer user_data, GError **error)
{
  g_string_append_printf (user_data, "%d", row->gone);
  return TRUE;
}

static char *
list_gone (State *state, gint64 folder_id)
{
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  g_assert_true (
      state_messages (state, folder_id, STATE_DELIVERED, dump_gone, text, &error));
  g_assert_no_error (error);
  return g_string_free (text, FALSE);
}

/* A row says that we take the message as soon as the journal does, and no longer. */
static void
test_taken (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_WRITE);
  g_autoptr (StateFolder) folder = fixture_folder (state, "A");
  StateRemoval removals[2];
  char keys[2][64];
  fixture_write (state, folder->id, 0, 3);
  fixture_receive (state, folder->id, 0, 3);
  for (guint i = 0; i < 2; i++)
    {
      removals[i] = removal (i, keys[i]);
      removals[i].side = STATE_SIDE_SOURCE;
    }
  g_assert_true (state_removals_intend (state, folder->id, removals, 2, &error));
  g_autofree char *before = list_gone (state, folder->id);
  g_assert_cmpstr (before, ==, "220");
  removals[0].state = STATE_REMOVAL_DONE;
  removals[1].state = STATE_REMOVAL_FAILED;
  g_assert_true (state_removals_end (state, folder->id, removals, 2, &error));
  g_autofree char *after = list_gone (state, folder->id);
  g_assert_cmpstr (after, ==, "200");
  g_assert_no_error (error);
}

static void
test_reader (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (State) state = fixture_open (fixture, STATE_READ_ONLY);
  char keys[64];
  StateRemoval one = removal (1, keys);
  g_assert_false (state_removals_intend (state, 0, &one, 1, &error));
  g_assert_nonnull (error);
}

#define ADD(path, func)                                                                  \
  g_test_add (path, StateFixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/state/removals/entered-and-completed", test_journal);
  ADD ("/state/removals/many-come-in-order", test_pages);
  ADD ("/state/removals/rows-go-with-what-is-done", test_rows);
  ADD ("/state/removals/what-is-taken-is-marked", test_taken);
  ADD ("/state/removals/a-reader-enters-nothing", test_reader);
  return g_test_run ();
}
