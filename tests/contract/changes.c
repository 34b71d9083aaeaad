/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Behaviours of changes: flags and removal of exactly what is named, and sessions that
 * must leave every byte and every time stamp as it is.
 */
#include <string.h>

#include "harness.h"
#include "model/keywords.h"
#include "snapshot.h"

typedef struct
{
  guint good;
  guint gone;
  GPtrArray *new_keys; /* of GBytes, in order of the results; NULL: the key stays */
} Results;

static void
note_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  Results *results = user_data;

  if (error == NULL)
    results->good++;
  else
    {
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_GONE);
      results->gone++;
    }
}

static Session *
open_to_change (World *world, char **path, Listing **out_listing)
{
  Session *session = open_session (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;

  *out_listing = scan_folder (session, path, NULL, NULL);
  session_enter (session, (HaulPath) path, HAUL_ENTER_WRITE, NULL, &error);
  g_assert_no_error (error);
  return session;
}

static gboolean
cannot_update (const World *world)
{
  if (world->setup->backend->update == NULL)
    g_test_skip ("the backend cannot change flags");
  return world->setup->backend->update == NULL;
}

static gboolean
cannot_expunge (const World *world)
{
  if (world->setup->backend->expunge == NULL)
    g_test_skip ("the backend cannot expunge");
  return world->setup->backend->expunge == NULL;
}

static void
update_flags (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Flags", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, HAUL_FLAGS_ALL + 1);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree HaulChange *changes = NULL;
  Results results = { 0, 0, NULL };
  guint i;

  if (cannot_update (world))
    return;
  deliver (world, mails);
  session = open_to_change (world, path, &listing);
  changes = g_new0 (HaulChange, listing->records->len);
  for (i = 0; i < listing->records->len; i++)
    {
      changes[i].key = bytes_view (
          ((Record *) g_ptr_array_index (listing->records, i))->key);
      changes[i].add_flags = HAUL_FLAG_FLAGGED | HAUL_FLAG_SEEN;
      changes[i].remove_flags = HAUL_FLAG_DRAFT;
    }
  session_update (session, changes, listing->records->len, note_result, &results, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (results.good, ==, mails->len);
  g_clear_pointer (&session, session_close);
  for (i = 0; i < mails->len; i++)
    {
      Mail *mail = g_ptr_array_index (mails, i);

      mail->flags |= HAUL_FLAG_FLAGGED | HAUL_FLAG_SEEN;
      mail->flags &= ~(guint32) HAUL_FLAG_DRAFT;
    }
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
update_keywords (World *world, gconstpointer setup)
{
  static const char *const add[] = { "fresh", "$MDNSent", NULL };
  static const char *const remove[] = { "WORK", NULL };
  g_auto (GStrv) path = path_of (world, "Keywords", NULL);
  g_autoptr (GPtrArray) mails = NULL;
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GError) error = NULL;
  Results results = { 0, 0, NULL };
  guint i;

  if (cannot_update (world) || world_lacks (world, HAUL_CAP_KEYWORDS, "KEYWORDS"))
    return;
  mails = mails_new (path, 12);
  deliver (world, mails);
  session = open_to_change (world, path, &listing);
  for (i = 0; i < listing->records->len; i++)
    {
      HaulChange change = { .add_keywords = add, .remove_keywords = remove };

      change.key = bytes_view (((Record *) g_ptr_array_index (listing->records, i))->key);
      session_update (session, &change, 1, note_result, &results, &error);
      g_assert_no_error (error);
    }
  g_assert_cmpuint (results.good, ==, mails->len);
  g_clear_pointer (&session, session_close);
  for (i = 0; i < mails->len; i++)
    {
      Mail *mail = g_ptr_array_index (mails, i);
      g_autofree char *had = keywords_join ((const char *const *) mail->keywords);
      g_autofree char *less = keywords_minus (had, "work");
      g_autofree char *now = keywords_union (less, "$MDNSent fresh");

      g_strfreev (mail->keywords);
      mail->keywords = keywords_split (now);
    }
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
update_again (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Again", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 6);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  guint round, i;

  if (cannot_update (world))
    return;
  for (i = 0; i < mails->len; i++)
    ((Mail *) g_ptr_array_index (mails, i))->flags = 0;
  deliver (world, mails);
  session = open_to_change (world, path, &listing);
  for (round = 0; round < 3; round++)
    for (i = 0; i < listing->records->len; i++)
      {
        g_autoptr (GError) error = NULL;
        Results results = { 0, 0, NULL };
        HaulChange change = { .add_flags = HAUL_FLAG_ANSWERED };

        change.key = bytes_view (
            ((Record *) g_ptr_array_index (listing->records, i))->key);
        change.add_flags = round == 1 ? 0 : HAUL_FLAG_ANSWERED;
        change.remove_flags = round == 1 ? HAUL_FLAG_ANSWERED : 0;
        session_update (session, &change, 1, note_result, &results, &error);
        g_assert_no_error (error);
        g_assert_cmpuint (results.good, ==, 1);
      }
  g_clear_pointer (&session, session_close);
  for (i = 0; i < mails->len; i++)
    ((Mail *) g_ptr_array_index (mails, i))->flags = HAUL_FLAG_ANSWERED;
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
update_unknown (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Unknown", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 3);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GError) error = NULL;
  Results results = { 0, 0, NULL };
  HaulChange changes[2] = { { .add_flags = HAUL_FLAG_FLAGGED },
                            { .add_flags = HAUL_FLAG_FLAGGED } };

  if (cannot_update (world))
    return;
  deliver (world, mails);
  session = open_to_change (world, path, &listing);
  changes[0].key = (HaulBytes){ (const guint8 *) "4294967295", 10 };
  changes[1].key = bytes_view (((Record *) g_ptr_array_index (listing->records, 0))->key);
  session_update (session, changes, 2, note_result, &results, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (results.gone, ==, 1);
  g_assert_cmpuint (results.good, ==, 1);
}

/* drop_contents: marks those of @mails as not stored that @listing does not name. */
static void
forget_missing (World *world, char **path, GPtrArray *mails)
{
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_SOURCE);
  g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
  guint i, k;

  for (i = 0; i < mails->len; i++)
    {
      Mail *mail = g_ptr_array_index (mails, i);
      g_autofree char *subject = g_strdup_printf ("Message number %u\r", i);
      g_autofree char *other = g_strdup_printf ("Message number %u\n", i);
      gboolean found = FALSE;

      for (k = 0; k < listing->records->len; k++)
        {
          const Record *record = g_ptr_array_index (listing->records, k);

          found = found || strstr (record->headers, subject) != NULL
                  || strstr (record->headers, other) != NULL;
        }
      if (!found)
        mail->outcome = MAIL_FAILED;
    }
}

static void
expunge (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Expunge", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 20);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (Listing) after = NULL;
  g_autoptr (GError) error = NULL;
  HaulBytes keys[8];
  Results results = { 0, 0, NULL };
  guint i, k;

  if (cannot_expunge (world))
    return;
  /* All are marked as deleted: only those that are named may go. */
  for (i = 0; i < mails->len; i++)
    ((Mail *) g_ptr_array_index (mails, i))->flags |= HAUL_FLAG_DELETED;
  deliver (world, mails);
  session = open_to_change (world, path, &listing);
  for (i = 0; i < 7; i++)
    keys[i] = bytes_view (
        ((Record *) g_ptr_array_index (listing->records, i * 3 % 20))->key);
  keys[7] = (HaulBytes){ (const guint8 *) "4294967295", 10 };
  session_expunge (session, keys, 8, note_result, &results, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (results.good, ==, 7);
  g_assert_cmpuint (results.gone, ==, 1);
  after = scan_folder (session, path, NULL, NULL);
  g_assert_cmpuint (after->records->len, ==, 13);
  for (i = 0; i < after->records->len; i++)
    for (k = 0; k < 7 && session_caps (session) & HAUL_CAP_STABLE_KEYS; k++)
      {
        HaulBytes left = bytes_view (
            ((Record *) g_ptr_array_index (after->records, i))->key);

        g_assert_false (left.length == keys[k].length
                        && memcmp (left.data, keys[k].data, left.length) == 0);
      }
  g_clear_pointer (&session, session_close);
  forget_missing (world, path, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
expunge_all (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Expunge", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 5);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GError) error = NULL;
  HaulBytes keys[5];
  Results results = { 0, 0, NULL };
  guint i;

  if (cannot_expunge (world))
    return;
  deliver (world, mails);
  session = open_to_change (world, path, &listing);
  for (i = 0; i < 5; i++)
    keys[i] = bytes_view (((Record *) g_ptr_array_index (listing->records, i))->key);
  session_expunge (session, keys, 5, note_result, &results, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (results.good, ==, 5);
  g_clear_pointer (&session, session_close);
  for (i = 0; i < 5; i++)
    ((Mail *) g_ptr_array_index (mails, i))->outcome = MAIL_FAILED;
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

/* ---- what must change nothing ---- */

/* read_everything: all that a session can be asked without changing anything. */
static void
read_everything (Session *session, char **path)
{
  g_autoptr (GPtrArray) paths = list_paths (session);
  g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
  g_autoptr (GPtrArray) keys = listing_keys (listing);
  g_autoptr (GPtrArray) fetched = fetch_keys (session, keys, HAUL_LINES_CRLF);
  g_autoptr (GError) error = NULL;

  session_idle (session, 1000, &error);
  g_assert_no_error (error);
  session_leave (session, &error);
  g_assert_no_error (error);
}

static void
check_reads_only (World *world, HaulRole role, gboolean dry_run)
{
  g_auto (GStrv) path = path_of (world, "Untouched", "Entwürfe", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 8);
  g_autoptr (Session) session = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  deliver (world, mails);
  before = snapshot_of (world->directory);
  session = open_session_full (world, role, dry_run, NULL);
  read_everything (session, path);
  g_clear_pointer (&session, session_close);
  after = snapshot_of (world->directory);
  g_assert_cmpstr (after, ==, before);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
source_changes_nothing (World *world, gconstpointer setup)
{
  check_reads_only (world, HAUL_ROLE_SOURCE, FALSE);
}

static void
dry_run_changes_nothing (World *world, gconstpointer setup)
{
  check_reads_only (world, HAUL_ROLE_DESTINATION, TRUE);
}

static void
dry_run_makes_nothing (World *world, gconstpointer setup)
{
  g_autoptr (Session) session = NULL;
  g_autoptr (GPtrArray) paths = NULL;
  g_autofree char *before = snapshot_of (world->directory);
  g_autofree char *after = NULL;

  session = open_session_full (world, HAUL_ROLE_DESTINATION, TRUE, NULL);
  paths = list_paths (session);
  g_clear_pointer (&session, session_close);
  after = snapshot_of (world->directory);
  g_assert_cmpstr (after, ==, before);
}

static void
recover_changes_nothing (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Clean", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 8);
  g_autoptr (Session) session = NULL;
  g_autoptr (GError) error = NULL;

  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  session_recover (session, (HaulPath) path, HAUL_NO_BYTES, &error);
  g_assert_no_error (error);
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
cancelled_reads (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Cancelled", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 8);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GPtrArray) keys = NULL;
  g_autoptr (GPtrArray) fetched = NULL;
  g_autoptr (GError) error = NULL;
  HaulPlan *plan;
  HaulSink *sink;
  gboolean done;

  deliver (world, mails);
  session = open_session_full (world, HAUL_ROLE_SOURCE, FALSE, cancellable);
  listing = scan_folder (session, path, NULL, NULL);
  keys = listing_keys (listing);
  g_cancellable_cancel (cancellable);
  plan = plan_for (keys, HAUL_LINES_CRLF);
  sink = sink_for (plan);
  done = session_fetch (session, plan, sink, &error);
  fetched = sink_end (plan, sink, done);
  if (!done)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

void
add_change_behaviours (const Setup *setup)
{
  static const struct
  {
    const char *path;
    void (*run) (World *world, gconstpointer setup);
  } behaviours[] = {
    { "an-update-adds-and-removes-flags", update_flags },
    { "an-update-adds-and-removes-keywords", update_keywords },
    { "keys-of-a-scan-serve-several-updates", update_again },
    { "an-update-of-an-unknown-key-is-gone", update_unknown },
    { "an-expunge-removes-exactly-what-is-named", expunge },
    { "an-expunge-can-empty-a-folder", expunge_all },
    { "a-source-changes-nothing", source_changes_nothing },
    { "a-dry-run-changes-nothing", dry_run_changes_nothing },
    { "a-dry-run-makes-nothing", dry_run_makes_nothing },
    { "recovering-a-clean-folder-changes-nothing", recover_changes_nothing },
    { "a-cancelled-fetch-ends", cancelled_reads },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      g_autofree char *path = g_strconcat ("/contract/", behaviours[i].path, NULL);

      g_test_add (path, World, setup, world_up, behaviours[i].run, world_down);
    }
}
