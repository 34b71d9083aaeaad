/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sessions: a fake backend that keeps or breaks each promise of the contract, and what
 * the engine sees of it.
 */
#include "plugin/session.h"

#include <string.h>

#include <mailhaul/error.h>

#include "../plugins/moody-backend.h"

static const char *const path[] = { "a", NULL };

static Session *
open_fake (const HaulBackend *backend, Fake *fake)
{
  HaulOpen open = { .struct_size = sizeof open,
                    .settings = fake,
                    .role = HAUL_ROLE_SOURCE };
  g_autoptr (GError) error = NULL;
  Session *session = session_open (backend, &open, &error);

  g_assert_no_error (error);
  return session;
}

/* ---- what the engine's own callbacks see ---- */

typedef struct
{
  guint count;
  guint64 messages;
  guint64 size_bytes;
  guint32 flags;
} Seen;

static gboolean
see_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  Seen *seen = user_data;

  seen->count++;
  seen->messages = folder->status.messages;
  return TRUE;
}

static gboolean
see_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  Seen *seen = user_data;

  seen->count++;
  seen->size_bytes = record->size_bytes;
  seen->flags = record->flags;
  return TRUE;
}

static void
see_created (HaulPath created, const GError *error, gpointer user_data)
{
  ((Seen *) user_data)->count++;
}

static void
see_change (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  ((Seen *) user_data)->count++;
}

/* ---- every call, by number ---- */

static gboolean
call_idle (Session *session, Seen *seen, GError **error)
{
  return session_idle (session, 1, error);
}

static gboolean
call_list (Session *session, Seen *seen, GError **error)
{
  return session_list (session, see_folder, seen, error);
}

static gboolean
call_enter (Session *session, Seen *seen, GError **error)
{
  return session_enter (session, path, HAUL_ENTER_READ, NULL, error);
}

static gboolean
call_scan (Session *session, Seen *seen, GError **error)
{
  HaulScan scan = { .struct_size = sizeof scan, .record = see_record, .user_data = seen };

  return session_scan (session, &scan, NULL, error);
}

static gboolean
call_fetch (Session *session, Seen *seen, GError **error)
{
  return session_fetch (session, NULL, NULL, error);
}

static gboolean
call_store (Session *session, Seen *seen, GError **error)
{
  return session_store (session, NULL, error);
}

static gboolean
call_create (Session *session, Seen *seen, GError **error)
{
  HaulFolder folders[2] = { HAUL_FOLDER_INIT, HAUL_FOLDER_INIT };

  folders[0].path = folders[1].path = path;
  return session_create (session, folders, 2, see_created, seen, error);
}

static gboolean
call_update (Session *session, Seen *seen, GError **error)
{
  HaulChange changes[2] = { 0 };

  return session_update (session, changes, 2, see_change, seen, error);
}

static gboolean
call_expunge (Session *session, Seen *seen, GError **error)
{
  HaulBytes keys[2] = { 0 };

  return session_expunge (session, keys, 2, see_change, seen, error);
}

static gboolean
call_subscribe (Session *session, Seen *seen, GError **error)
{
  return session_subscribe (session, path, TRUE, error);
}

static gboolean
call_leave (Session *session, Seen *seen, GError **error)
{
  return session_leave (session, error);
}

static void
see_fact (const char *key, const char *text, gpointer user_data)
{
  Seen *seen = user_data;

  if (seen->count++ == 0)
    g_assert_cmpstr (text, ==, "Fake 1.0 \uFFFD");
}

static gboolean
call_describe (Session *session, Seen *seen, GError **error)
{
  return session_describe (session, see_fact, seen, error);
}

static gboolean
call_recover (Session *session, Seen *seen, GError **error)
{
  return session_recover (session, path, HAUL_NO_BYTES, error);
}

typedef gboolean (*CallFunc) (Session *session, Seen *seen, GError **error);

/* The calls that the full fake has callbacks for. */
static const CallFunc calls[] = { call_idle,    call_list,    call_enter,  call_scan,
                                  call_fetch,   call_store,   call_create, call_update,
                                  call_expunge, call_describe };

/* One call to a fake that behaves in one way; the error of it, or NULL. */
static GError *
try_call (CallFunc call, Behaviour behaviour, Seen *seen)
{
  Fake fake = { 0 };
  g_autoptr (Session) session = open_fake (&fake_full, &fake);
  GError *error = NULL;

  memset (seen, 0, sizeof *seen);
  fake.behaviour = behaviour;
  gboolean result = call (session, seen, &error);
  g_assert_cmpint (result, ==, error == NULL);
  return error;
}

static void
assert_all (Behaviour behaviour, GQuark domain, int code, HaulErrorScope scope,
            const char *words)
{
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      Seen seen = { 0 };
      g_autoptr (GError) error = try_call (calls[i], behaviour, &seen);

      g_assert_error (error, domain, code);
      g_assert_cmpint (haul_error_scope (error), ==, scope);
      if (strstr (error->message, words) == NULL)
        g_assert_cmpstr (error->message, ==, words);
    }
}

static void
test_well (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      Seen seen = { 0 };
      g_autoptr (GError) error = try_call (calls[i], BEHAVE_WELL, &seen);
      g_assert_no_error (error);
    }
}

static void
test_errors (void)
{
  assert_all (FAIL_FOLDER, HAUL_ERROR, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER, "no");
  assert_all (FAIL_SESSION, HAUL_ERROR, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, "gone");
  assert_all (CANCELLED, G_IO_ERROR, G_IO_ERROR_CANCELLED, HAUL_SCOPE_SESSION, "stopped");
}

static void
test_silence (void)
{
  assert_all (FAIL_SILENTLY, HAUL_ERROR, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
              "of the plugin broke the contract: it failed without an error");
}

static void
test_hidden_error (void)
{
  assert_all (SUCCEED_WITH_ERROR, HAUL_ERROR, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
              "of the plugin broke the contract: it succeeded with an error: hidden");
}

static void
test_blame_names (void)
{
  Seen seen = { 0 };
  g_autoptr (GError) error = try_call (call_fetch, FAIL_SILENTLY, &seen);

  g_assert_cmpstr (error->message, ==,
                   "fake: fetch of the plugin broke the contract: it failed without an "
                   "error");
}

static void
test_forgotten_result (void)
{
  static const CallFunc batches[] = { call_create, call_update, call_expunge };

  for (gsize i = 0; i < G_N_ELEMENTS (batches); i++)
    {
      Seen seen = { 0 };
      g_autoptr (GError) error = try_call (batches[i], FORGET_A_RESULT, &seen);

      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
      g_assert_nonnull (strstr (error->message, "1 results for 2 requests"));
      g_assert_cmpuint (seen.count, ==, 1);
    }
}

static void
test_bad_listing (void)
{
  static const Behaviour behaviours[] = { EMPTY_NAME, BAD_UTF8, NO_STRUCT_SIZE };

  for (gsize i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      Seen seen = { 0 };
      g_autoptr (GError) error = try_call (call_list, behaviours[i], &seen);

      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
      g_assert_cmpuint (seen.count, ==, 0);
    }
}

static void
test_bad_record (void)
{
  static const Behaviour behaviours[] = { EMPTY_KEY, NO_STRUCT_SIZE };

  for (gsize i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      Seen seen = { 0 };
      g_autoptr (GError) error = try_call (call_scan, behaviours[i], &seen);

      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
      g_assert_cmpuint (seen.count, ==, 0);
    }
}

static void
test_old_structs (void)
{
  Seen seen = { 0 };
  g_autoptr (GError) error = try_call (call_list, OLD_STRUCT, &seen);

  g_assert_no_error (error);
  g_assert_cmpuint (seen.count, ==, 1);
  g_assert_cmpuint (seen.messages, ==, 0);

  error = try_call (call_scan, OLD_STRUCT, &seen);
  g_assert_no_error (error);
  g_assert_cmpuint (seen.flags, ==, HAUL_FLAG_SEEN);
  g_assert_cmpuint (seen.size_bytes, ==, 0);
}

static void
test_outputs (void)
{
  Fake fake = { 0 };
  g_autoptr (Session) session = open_fake (&fake_full, &fake);
  HaulFolderStatus status = { .messages = 1 };
  HaulScanResult scanned = { 0 };
  Seen seen = { 0 };
  HaulScan scan = { .struct_size = sizeof scan,
                    .record = see_record,
                    .user_data = &seen };

  fake.behaviour = FAIL_FOLDER;
  g_assert_false (session_enter (session, path, HAUL_ENTER_READ, &status, NULL));
  g_assert_cmpuint (status.messages, ==, 1);
  g_assert_false (session_scan (session, &scan, &scanned, NULL));
  g_assert_false (scanned.delta);
  fake.behaviour = BEHAVE_WELL;
  g_assert_true (session_enter (session, path, HAUL_ENTER_READ, &status, NULL));
  g_assert_cmpuint (status.messages, ==, 7);
  g_assert_true (session_scan (session, &scan, &scanned, NULL));
  g_assert_true (scanned.delta);
}

static void
test_ended (void)
{
  Fake fake = { 0 };
  g_autoptr (Session) session = open_fake (&fake_full, &fake);
  Seen seen = { 0 };
  g_autoptr (GError) error = NULL;

  fake.behaviour = FAIL_SESSION;
  g_assert_false (call_fetch (session, &seen, NULL));
  fake.behaviour = BEHAVE_WELL;
  guint before = fake.calls;
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_clear_error (&error);
      g_assert_false (calls[i](session, &seen, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
    }
  g_assert_cmpuint (fake.calls, ==, before);
  g_clear_pointer (&session, session_close);
  g_assert_cmpuint (fake.closed, ==, 1);
}

static void
test_folder_error_goes_on (void)
{
  Fake fake = { 0 };
  g_autoptr (Session) session = open_fake (&fake_full, &fake);
  Seen seen = { 0 };

  fake.behaviour = FAIL_FOLDER;
  g_assert_false (call_fetch (session, &seen, NULL));
  fake.behaviour = BEHAVE_WELL;
  g_assert_true (call_fetch (session, &seen, NULL));
}

static void
test_defaults (void)
{
  static const CallFunc nothing[] = { call_idle, call_leave, call_recover,
                                      call_describe };
  static const CallFunc unsupported[] = { call_store, call_create, call_update,
                                          call_expunge, call_subscribe };
  Fake fake = { 0 };
  g_autoptr (Session) session = open_fake (&fake_least, &fake);
  Seen seen = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (session_caps (session), ==, 0);
  g_assert_true (session_backend (session) == &fake_least);
  for (gsize i = 0; i < G_N_ELEMENTS (nothing); i++)
    g_assert_true (nothing[i](session, &seen, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (unsupported); i++)
    {
      g_clear_error (&error);
      g_assert_false (unsupported[i](session, &seen, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
      g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_FOLDER);
    }
}

static void
test_facts (void)
{
  Seen seen = { 0 };
  g_autoptr (GError) error = try_call (call_describe, BEHAVE_WELL, &seen);

  g_assert_no_error (error);
  g_assert_cmpuint (seen.count, ==, 2);
}

static void
test_bad_facts (void)
{
  static const Behaviour behaviours[] = { BAD_FACT, ENDLESS_FACTS };

  for (gsize i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      Seen seen = { 0 };
      g_autoptr (GError) error = try_call (call_describe, behaviours[i], &seen);

      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
      g_assert_nonnull (strstr (error->message, "fake: describe of the plugin broke"));
      g_assert_cmpuint (seen.count, <=, 1000);
    }
}

static void
test_caps (void)
{
  Fake fake = { 0 };
  g_autoptr (Session) session = open_fake (&fake_full, &fake);

  g_assert_cmpuint (session_caps (session), ==, HAUL_CAP_KEYWORDS);
}

static void
test_open_fails (void)
{
  static const struct
  {
    Behaviour behaviour;
    HaulErrorCode code;
    guint closed;
  } vectors[] = {
    { FAIL_SESSION, HAUL_ERROR_NETWORK, 0 },
    { FAIL_SILENTLY, HAUL_ERROR_INTERNAL, 0 },
    { SUCCEED_WITH_ERROR, HAUL_ERROR_INTERNAL, 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      Fake fake = { .behaviour = vectors[i].behaviour };
      HaulOpen open = { .struct_size = sizeof open,
                        .settings = &fake,
                        .role = HAUL_ROLE_SOURCE };
      g_autoptr (GError) error = NULL;

      g_assert_null (session_open (&fake_full, &open, &error));
      g_assert_error (error, HAUL_ERROR, (int) vectors[i].code);
      g_assert_cmpuint (fake.closed, ==, vectors[i].closed);
    }
}

static void
test_role (void)
{
  Fake fake = { 0 };
  HaulOpen open = { .struct_size = sizeof open,
                    .settings = &fake,
                    .role = HAUL_ROLE_DESTINATION };
  g_autoptr (GError) error = NULL;

  g_assert_null (session_open (&fake_least, &open, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
  g_assert_cmpuint (fake.calls, ==, 0);
  g_assert_true (session_backend_has_role (&fake_full, HAUL_ROLE_DESTINATION));
  g_assert_false (session_backend_has_role (&fake_least, HAUL_ROLE_DESTINATION));
  session_close (NULL);
}

#define ADD(name, func) g_test_add_func ("/plugin/session/" name, func)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("hands-on-what-succeeds", test_well);
  ADD ("hands-on-errors-unchanged", test_errors);
  ADD ("failing-without-an-error-is-an-error", test_silence);
  ADD ("succeeding-with-an-error-is-an-error", test_hidden_error);
  ADD ("blames-backend-and-callback-by-name", test_blame_names);
  ADD ("a-forgotten-result-is-an-error", test_forgotten_result);
  ADD ("refuses-folders-without-a-name", test_bad_listing);
  ADD ("refuses-records-without-a-key", test_bad_record);
  ADD ("takes-the-structs-of-older-headers", test_old_structs);
  ADD ("writes-outputs-on-success-only", test_outputs);
  ADD ("calls-nothing-after-the-end", test_ended);
  ADD ("goes-on-after-a-folders-error", test_folder_error_goes_on);
  ADD ("absent-callbacks-have-defaults", test_defaults);
  ADD ("facts-are-one-line-of-utf8", test_facts);
  ADD ("facts-without-a-key-or-an-end-are-an-error", test_bad_facts);
  ADD ("asks-for-caps-once-open", test_caps);
  ADD ("an-open-that-fails-leaves-nothing", test_open_fails);
  ADD ("opens-only-roles-that-are-there", test_role);
  return g_test_run ();
}
