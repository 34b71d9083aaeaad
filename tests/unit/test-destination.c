/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The destination's thread: calls as barriers, stores that fail with items in every
 * state, and sessions that open only later.
 */
#include "engine/destination.h"

#include <mailhaul/error.h>

#include "plugin/session.h"

/* IDLE_NEVER_US: longer than any test. */
#define IDLE_NEVER_US (G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC)

/* Fake: the settings of a backend that stores nowhere, as the test wants it. */
typedef struct
{
  gint open_failures; /* so many opens fail */
  guint take;         /* items that a failing store takes first */
  gboolean fail_store;
  guint stored;
} Fake;

typedef struct
{
  guint done, failed, unknown, unsent;
} Tally;

static gpointer
fake_open (const HaulOpen *open, GError **error)
{
  Fake *fake = (Fake *) open->settings;
  if (fake->open_failures-- > 0)
    {
      (void) haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, "refused");
      return NULL;
    }
  return fake;
}

static void
fake_close (gpointer session)
{
}

static gboolean
fake_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  return TRUE;
}

static gboolean
fake_create (gpointer session, const HaulFolder *folders, gsize count,
             HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  return TRUE;
}

static gboolean
fake_enter (gpointer session, HaulPath path, HaulEnterMode mode,
            HaulFolderStatus *out_status, GError **error)
{
  return TRUE;
}

static gboolean
fake_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
           GError **error)
{
  return TRUE;
}

static gboolean
fake_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  return TRUE;
}

static gboolean
fake_store (gpointer session, HaulFeed *feed, GError **error)
{
  Fake *fake = session;
  HaulItem *item = NULL;
  HaulReceipt receipt = HAUL_RECEIPT_INIT;
  for (guint i = 0; fake->fail_store && i < fake->take; i++)
    (void) haul_feed_next (feed, TRUE, &item);
  if (fake->fail_store)
    return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, "lost");
  while (haul_feed_next (feed, TRUE, &item) == HAUL_FEED_ITEM)
    {
      fake->stored++;
      haul_feed_done (feed, item, &receipt);
    }
  return TRUE;
}

static const HaulBackend fake_backend = {
  HAUL_BACKEND_HEADER,   .name = "fake",      .summary = "Stores nowhere",
  .open = fake_open,     .close = fake_close, .list = fake_list,
  .create = fake_create, .enter = fake_enter, .scan = fake_scan,
  .fetch = fake_fetch,   .store = fake_store,
};

static void
on_done (HaulItem *item, const HaulReceipt *receipt, gpointer user_data)
{
  ((Tally *) user_data)->done++;
}

static void
on_failed (HaulItem *item, GError *reason, gpointer user_data)
{
  ((Tally *) user_data)->failed++;
  g_error_free (reason);
}

static void
on_idle (gboolean end, gpointer user_data)
{
}

static void
on_unknown (HaulItem *item, const GError *error, gpointer user_data)
{
  ((Tally *) user_data)->unknown++;
}

static void
on_unsent (HaulItem *item, const GError *error, gpointer user_data)
{
  ((Tally *) user_data)->unsent++;
}

static const DestinationHooks hooks = {
  .feed = { .done = on_done, .failed = on_failed, .idle = on_idle },
  .unknown = on_unknown,
  .unsent = on_unsent,
};

/* Four items in one push, so that a store finds them all. */
static gboolean
push_four (Destination *destination)
{
  Pipe *pipe = destination_pipe (destination);
  HaulItem *items[4];
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      items[i] = item_new ();
      pipe_end (pipe, items[i], NULL);
    }
  if (pipe_push (pipe, items, G_N_ELEMENTS (items), NULL))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    pipe_discard (pipe, items[i]);
  return FALSE;
}

static gboolean
call_count (Session *session, gpointer data, GError **error)
{
  (*(guint *) data)++;
  return TRUE;
}

static gboolean
call_fail (Session *session, gpointer data, GError **error)
{
  const HaulErrorScope *scope = data;
  return haul_error_set (error, HAUL_ERROR_NOT_FOUND, *scope, "not found");
}

static void
test_barrier (void)
{
  Fake fake = { 0 };
  Tally tally = { 0 };
  HaulOpen open = { .struct_size = sizeof open,
                    .settings = &fake,
                    .role = HAUL_ROLE_DESTINATION };
  guint calls = 0;
  Destination *destination = destination_new (&fake_backend, &open, &hooks, IDLE_NEVER_US,
                                              &tally);
  g_assert_true (destination_wait_open (destination, NULL));
  for (guint i = 1; i <= 100; i++)
    {
      g_assert_true (push_four (destination));
      g_assert_true (destination_call (destination, call_count, &calls, NULL));
      g_assert_cmpuint (tally.done, ==, 4 * i);
      g_assert_cmpuint (calls, ==, i);
    }
  g_assert_true (push_four (destination));
  destination_free (destination); /* stores what is still in the pipe */
  g_assert_cmpuint (fake.stored, ==, 404);
}

static void
test_lost_store (void)
{
  for (guint take = 0; take <= 4; take++)
    {
      Fake fake = { .fail_store = TRUE, .take = take };
      Tally tally = { 0 };
      HaulOpen open = { .struct_size = sizeof open,
                        .settings = &fake,
                        .role = HAUL_ROLE_DESTINATION };
      g_autoptr (GError) error = NULL;
      Destination *destination = destination_new (&fake_backend, &open, &hooks,
                                                  IDLE_NEVER_US, &tally);
      g_assert_true (destination_wait_open (destination, NULL));
      g_assert_true (push_four (destination));
      g_assert_false (destination_call (destination, NULL, NULL, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
      g_assert_cmpuint (tally.unknown, ==, take);
      g_assert_cmpuint (tally.unsent, ==, 4 - take);
      g_assert_nonnull (destination_error (destination));
      g_assert_false (push_four (destination));
      fake.fail_store = FALSE;
      fake.open_failures = 1;
      g_assert_false (destination_reopen (destination, NULL));
      g_assert_nonnull (destination_error (destination));
      g_assert_true (destination_reopen (destination, NULL));
      g_assert_null (destination_error (destination));
      g_assert_true (push_four (destination));
      g_assert_true (destination_call (destination, NULL, NULL, NULL));
      g_assert_cmpuint (tally.done, ==, 4);
      destination_free (destination);
    }
}

static void
test_open_fails (void)
{
  Fake fake = { .open_failures = 1 };
  Tally tally = { 0 };
  HaulOpen open = { .struct_size = sizeof open,
                    .settings = &fake,
                    .role = HAUL_ROLE_DESTINATION };
  g_autoptr (GError) error = NULL;
  Destination *destination = destination_new (&fake_backend, &open, &hooks, IDLE_NEVER_US,
                                              &tally);
  g_assert_false (destination_wait_open (destination, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_assert_false (destination_call (destination, NULL, NULL, NULL));
  destination_free (destination);
}

static void
test_free_without_wait (void)
{
  for (guint i = 0; i < 50; i++)
    {
      Fake fake = { .open_failures = (gint) (i % 2) };
      Tally tally = { 0 };
      HaulOpen open = { .struct_size = sizeof open,
                        .settings = &fake,
                        .role = HAUL_ROLE_DESTINATION };
      destination_free (
          destination_new (&fake_backend, &open, &hooks, IDLE_NEVER_US, &tally));
    }
}

static void
test_failed_call (void)
{
  HaulErrorScope folder = HAUL_SCOPE_FOLDER, session = HAUL_SCOPE_SESSION;
  Fake fake = { 0 };
  Tally tally = { 0 };
  HaulOpen open = { .struct_size = sizeof open,
                    .settings = &fake,
                    .role = HAUL_ROLE_DESTINATION };
  Destination *destination = destination_new (&fake_backend, &open, &hooks, IDLE_NEVER_US,
                                              &tally);
  g_assert_true (destination_wait_open (destination, NULL));
  g_assert_false (destination_call (destination, call_fail, &folder, NULL));
  g_assert_true (destination_call (destination, NULL, NULL, NULL));
  g_assert_false (destination_call (destination, call_fail, &session, NULL));
  g_assert_false (destination_call (destination, NULL, NULL, NULL));
  destination_free (destination);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/destination/call/comes-after-what-was-pushed", test_barrier);
  g_test_add_func ("/destination/call/only-a-lost-session-lasts", test_failed_call);
  g_test_add_func ("/destination/store/lost-with-items-in-every-state", test_lost_store);
  g_test_add_func ("/destination/open/fails", test_open_fails);
  g_test_add_func ("/destination/open/freed-without-waiting", test_free_without_wait);
  return g_test_run ();
}
