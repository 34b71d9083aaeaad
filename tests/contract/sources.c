/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Behaviours of a source that holds whatever it holds: for a backend, or a store, that
 * the suite cannot write. Each reads all folders.
 */
#include "harness.h"
#include "snapshot.h"

/* each_folder: calls @check with each folder that can be entered. */
static guint
each_folder (World *world, void (*check) (Session *session, char **path))
{
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_SOURCE);
  g_autoptr (GPtrArray) paths = list_paths (session);
  guint i, entered = 0;

  for (i = 0; i < paths->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (GStrv) path = haul_path_from_text (g_ptr_array_index (paths, i), &error);

      g_assert_no_error (error);
      if (session_enter (session, (HaulPath) path, HAUL_ENTER_READ, NULL, &error))
        {
          check (session, path);
          entered++;
        }
      else
        g_assert_cmpint (haul_error_scope (error), <=, HAUL_SCOPE_FOLDER);
    }
  return entered;
}

static void
check_scan (Session *session, char **path)
{
  g_autoptr (Listing) first = scan_folder (session, path, NULL, NULL);
  g_autoptr (Listing) second = scan_folder (session, path, NULL, NULL);

  g_assert_cmpuint (first->records->len, ==, second->records->len);
  if (first->status.known & HAUL_STATUS_MESSAGES)
    g_assert_cmpuint (first->status.messages, ==, first->records->len);
}

static void
check_fetch (Session *session, char **path)
{
  g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
  g_autoptr (GPtrArray) keys = listing_keys (listing);
  g_autoptr (GPtrArray) fetched = fetch_keys (session, keys, HAUL_LINES_CRLF);
  guint i;

  for (i = 0; i < fetched->len; i++)
    {
      const Fetched *one = g_ptr_array_index (fetched, i);
      const Record *record = g_ptr_array_index (listing->records, i);

      g_assert_no_error (one->error);
      g_assert_true (one->ended);
      if (session_caps (session) & HAUL_CAP_EXACT_SIZE
          && record->known & HAUL_RECORD_SIZE)
        g_assert_cmpuint (one->body->len, ==, record->size_bytes);
    }
}

static void
folders_can_be_entered (World *world, gconstpointer setup)
{
  g_assert_cmpuint (each_folder (world, check_scan), >, 0);
}

static void
messages_can_be_fetched (World *world, gconstpointer setup)
{
  g_assert_cmpuint (each_folder (world, check_fetch), >, 0);
}

void
add_source_behaviours (const Setup *setup)
{
  g_test_add ("/contract/source/every-folder-is-listed-once-and-scans-alike-twice", World,
              setup, world_up, folders_can_be_entered, world_down);
  g_test_add ("/contract/source/every-message-is-fetched-with-its-size", World, setup,
              world_up, messages_can_be_fetched, world_down);
}
