/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Behaviours of reading: keys, tokens, marks, headers, and what a fetch does with
 * messages that are not there.
 */
#include <string.h>

#include "harness.h"

static gboolean
one_session_only (World *world)
{
  gboolean single = (world_caps (world, HAUL_ROLE_DESTINATION) & HAUL_CAP_SINGLE_SESSION)
                    != 0;

  if (single)
    g_test_skip ("the backend allows one session at a time");
  return single;
}

/* add_mail: stores one more message, of @serial. */
static void
add_mail (World *world, GPtrArray *mails, char **path, guint serial)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new_with_free_func (NULL);

  g_ptr_array_add (one, mail_new (path, body_new (serial, 800, HAUL_LINES_CRLF),
                                  HAUL_LINES_CRLF, serial));
  deliver (world, one);
  g_ptr_array_add (mails, g_ptr_array_index (one, 0));
}

static void
ignore_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  g_assert_no_error (error);
}

/* remove_first: expunges the first message of a scan; its key. NULL: cannot. */
static GBytes *
remove_first (World *world, char **path)
{
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_DESTINATION);
  g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
  g_autoptr (GError) error = NULL;
  GBytes *key = ((Record *) g_ptr_array_index (listing->records, 0))->key;
  HaulBytes view = bytes_view (key);

  if (world->setup->backend->expunge == NULL)
    return NULL;
  session_enter (session, (HaulPath) path, HAUL_ENTER_WRITE, NULL, &error);
  g_assert_no_error (error);
  session_expunge (session, &view, 1, ignore_result, NULL, &error);
  g_assert_no_error (error);
  return g_bytes_ref (key);
}

static void
stable_keys (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Keys", NULL);
  g_autoptr (GPtrArray) mails = NULL;
  g_autoptr (GHashTable) keys = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) (void (*) (void)) g_bytes_unref,
      NULL);
  HaulRole roles[] = { HAUL_ROLE_SOURCE, HAUL_ROLE_DESTINATION, HAUL_ROLE_SOURCE };
  guint round, i;

  if (world_lacks (world, HAUL_CAP_STABLE_KEYS, "STABLE_KEYS"))
    return;
  mails = mails_new (path, 25);
  deliver (world, mails);
  for (round = 0; round < 3; round++)
    {
      g_autoptr (Session) session = open_session (world, roles[round]);
      g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);

      g_assert_cmpuint (listing->records->len, ==, 25 + round);
      for (i = 0; i < listing->records->len; i++)
        g_hash_table_add (
            keys,
            g_bytes_ref (((Record *) g_ptr_array_index (listing->records, i))->key));
      g_assert_cmpuint (g_hash_table_size (keys), ==, 25 + round);
      g_clear_pointer (&session, session_close);
      add_mail (world, mails, path, 100 + round);
    }
}

static void
ordered_keys (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Order", NULL);
  g_autoptr (GPtrArray) mails = NULL;
  g_autoptr (GBytes) highest = NULL;
  guint round, i;

  if (world_lacks (world, HAUL_CAP_ORDERED_KEYS, "ORDERED_KEYS"))
    return;
  mails = mails_new (path, 3);
  deliver (world, mails);
  for (round = 0; round < 12; round++)
    {
      g_autoptr (Session) session = open_session (world, HAUL_ROLE_SOURCE);
      g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
      guint above = 0;

      for (i = 0; i < listing->records->len; i++)
        {
          GBytes *key = ((Record *) g_ptr_array_index (listing->records, i))->key;

          if (highest == NULL || g_bytes_compare (key, highest) > 0)
            {
              g_clear_pointer (&highest, g_bytes_unref);
              highest = g_bytes_ref (key);
              above++;
            }
        }
      g_assert_cmpuint (above, >=, 1);
      g_clear_pointer (&session, session_close);
      add_mail (world, mails, path, 100 + round);
    }
}

static void
concurrent_store (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Concurrent", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 5);
  g_autoptr (Session) session = NULL;
  guint round;

  if (one_session_only (world))
    return;
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  for (round = 0; round < 5; round++)
    {
      g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);

      g_assert_cmpuint (listing->records->len, ==, 5 + round);
      add_mail (world, mails, path, 100 + round);
    }
}

static GBytes *
token_of (World *world, char **path)
{
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_SOURCE);
  g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);

  return listing->token != NULL ? g_bytes_ref (listing->token) : NULL;
}

static gboolean
has_token (GBytes *token)
{
  if (token == NULL)
    g_test_skip ("the backend gave no change token this time");
  return token != NULL;
}

static void
token_stays (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Token", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 5);
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;

  deliver (world, mails);
  first = token_of (world, path);
  if (!has_token (first))
    return;
  second = token_of (world, path);
  g_assert_nonnull (second);
  g_assert_true (g_bytes_equal (first, second));
}

/* same_token: the scan after a change gave the token of before. No token is always the
 * safe answer. */
static gboolean
same_token (World *world, char **path, GBytes *before)
{
  g_autoptr (GBytes) after = token_of (world, path);

  return before != NULL && after != NULL && g_bytes_equal (before, after);
}

static void
token_after_store (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Token", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 5);
  guint round;

  deliver (world, mails);
  for (round = 0; round < 10; round++)
    {
      g_autoptr (GBytes) before = token_of (world, path);

      add_mail (world, mails, path, 100 + round);
      g_assert_false (same_token (world, path, before));
    }
}

static void
token_after_flags (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Token", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 5);
  guint round;

  if (world->setup->backend->update == NULL)
    {
      g_test_skip ("the backend cannot change flags");
      return;
    }
  deliver (world, mails);
  for (round = 0; round < 10; round++)
    {
      g_autoptr (GBytes) before = token_of (world, path);
      g_autoptr (Session) session = open_session (world, HAUL_ROLE_DESTINATION);
      g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
      g_autoptr (GError) error = NULL;
      const Record *record = g_ptr_array_index (listing->records, 0);
      guint32 had = record->flags & HAUL_FLAG_FLAGGED;
      HaulChange change = { .key = bytes_view (record->key) };

      change.add_flags = HAUL_FLAG_FLAGGED & ~had;
      change.remove_flags = had;
      session_enter (session, (HaulPath) path, HAUL_ENTER_WRITE, NULL, &error);
      g_assert_no_error (error);
      session_update (session, &change, 1, ignore_result, NULL, &error);
      g_assert_no_error (error);
      g_clear_pointer (&session, session_close);
      g_assert_false (same_token (world, path, before));
    }
}

static void
token_after_expunge (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Token", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 6);
  guint round;

  deliver (world, mails);
  for (round = 0; round < 5; round++)
    {
      g_autoptr (GBytes) before = token_of (world, path);
      g_autoptr (GBytes) gone = remove_first (world, path);

      if (gone == NULL)
        {
          g_test_skip ("the backend cannot expunge");
          return;
        }
      g_assert_false (same_token (world, path, before));
    }
}

/* count_known: how many of @listing have their key in @keys. */
static guint
count_known (const Listing *listing, GPtrArray *keys)
{
  guint i, k, known = 0;

  for (i = 0; i < listing->records->len; i++)
    for (k = 0; k < keys->len; k++)
      known += g_bytes_equal (((Record *) g_ptr_array_index (listing->records, i))->key,
                              g_ptr_array_index (keys, k));
  return known;
}

static void
mark (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Mark", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 5);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) before = NULL;
  g_autoptr (Listing) all = NULL;
  g_autoptr (Listing) after = NULL;
  g_autoptr (GPtrArray) old = NULL;
  guint i;

  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  before = scan_folder (session, path, NULL, NULL);
  if (before->mark == NULL)
    {
      g_test_skip ("the backend gives no mark");
      return;
    }
  old = listing_keys (before);
  g_clear_pointer (&session, session_close);
  for (i = 0; i < 4; i++)
    add_mail (world, mails, path, 100 + i);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  all = scan_folder (session, path, NULL, NULL);
  after = scan_folder (session, path, NULL, before->mark);
  g_assert_cmpuint (all->records->len, ==, 9);
  if (session_caps (session) & HAUL_CAP_SCAN_FROM)
    g_assert_cmpuint (after->records->len, <, all->records->len);
  /* A superset is allowed; what was stored after the mark must not be missing. */
  if (session_caps (session) & HAUL_CAP_STABLE_KEYS)
    g_assert_cmpuint (after->records->len - count_known (after, old), ==, 4);
}

static void
since (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Since", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 6);
  g_autoptr (GBytes) token = NULL;
  g_autoptr (GBytes) gone = NULL;
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  guint left = 7;

  if (world_lacks (world, HAUL_CAP_STABLE_KEYS, "STABLE_KEYS"))
    return;
  deliver (world, mails);
  token = token_of (world, path);
  if (!has_token (token))
    return;
  gone = remove_first (world, path);
  add_mail (world, mails, path, 100);
  left -= gone != NULL ? 1 : 0;
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, token, NULL);
  if (!listing->delta)
    {
      g_assert_cmpuint (listing->records->len, ==, left);
      return;
    }
  g_assert_cmpuint (listing->records->len, >=, 1);
  g_assert_cmpuint (listing->vanished->len, >=, gone != NULL ? 1 : 0);
}

static void
headers (World *world, gconstpointer setup)
{
  static const char *const wanted[] = { "Message-ID:", "Subject:", "From:", "Date:",
                                        "To:" };
  g_auto (GStrv) path = path_of (world, "Headers", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 5);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  guint i, k;

  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, NULL, NULL);
  for (i = 0; i < listing->records->len; i++)
    {
      const Record *record = g_ptr_array_index (listing->records, i);

      g_assert_true (record->known & HAUL_RECORD_HEADERS);
      for (k = 0; k < G_N_ELEMENTS (wanted); k++)
        g_assert_nonnull (strstr (record->headers, wanted[k]));
    }
}

/* fetch_with_stranger: the keys of the folder and one more in their middle. */
static void
fetch_with_stranger (Session *session, const Listing *listing, GBytes *stranger)
{
  g_autoptr (GPtrArray) keys = listing_keys (listing);
  g_autoptr (GPtrArray) fetched = NULL;
  guint i, gone = 0;
  for (i = 0; i < keys->len; i++)
    if (g_bytes_equal (g_ptr_array_index (keys, i), stranger))
      gone++;
  if (gone == 0)
    g_ptr_array_insert (keys, (int) keys->len / 2, g_bytes_ref (stranger));
  fetched = fetch_keys (session, keys, HAUL_LINES_CRLF);
  gone = 0;
  for (i = 0; i < fetched->len; i++)
    {
      const Fetched *one = g_ptr_array_index (fetched, i);

      if (!g_bytes_equal (one->key, stranger))
        {
          g_assert_no_error (one->error);
          g_assert_true (one->ended);
          continue;
        }
      gone++;
      /* A session may see what it knew until it hears of the removal (RFC 3501 §7.4.1).
       */
      if (one->error == NULL && one->ended)
        continue;
      g_assert_error (one->error, HAUL_ERROR, HAUL_ERROR_GONE);
      g_assert_cmpint (haul_error_scope (one->error), ==, HAUL_SCOPE_MESSAGE);
    }
  g_assert_cmpuint (gone, ==, 1);
}

static void
vanished (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Vanished", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 7);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GBytes) key = NULL;
  if (one_session_only (world))
    return;
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, NULL, NULL);
  key = remove_first (world, path);
  if (key == NULL)
    {
      g_test_skip ("the backend cannot expunge");
      return;
    }
  fetch_with_stranger (session, listing, key);
}

static void
vanished_before (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Vanished", NULL);
  g_autoptr (GPtrArray) mails = NULL;
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GBytes) key = NULL;

  if (world_lacks (world, HAUL_CAP_STABLE_KEYS, "STABLE_KEYS"))
    return;
  mails = mails_new (path, 7);
  deliver (world, mails);
  key = remove_first (world, path);
  if (key == NULL)
    {
      g_test_skip ("the backend cannot expunge");
      return;
    }
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, NULL, NULL);
  g_assert_cmpuint (listing->records->len, ==, 6);
  fetch_with_stranger (session, listing, key);
}

static void
unknown_keys (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Unknown", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 3);
  static const char *const strangers[] = { "4294967295",       "no such key",
                                           "../../etc/passwd", "1:*",
                                           "\xff\xfe",         "/" };
  guint i;

  deliver (world, mails);
  for (i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      g_autoptr (Session) session = open_session (world, HAUL_ROLE_SOURCE);
      g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
      g_autoptr (GBytes) stranger = g_bytes_new (strangers[i], strlen (strangers[i]));

      fetch_with_stranger (session, listing, stranger);
    }
}

static void
fetch_backwards (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Backwards", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 30);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GPtrArray) keys = NULL;
  g_autoptr (GPtrArray) forward = NULL;
  g_autoptr (GPtrArray) backward = NULL;
  guint i;

  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, NULL, NULL);
  keys = listing_keys (listing);
  forward = fetch_keys (session, keys, HAUL_LINES_CRLF);
  for (i = 0; i < keys->len / 2; i++)
    {
      gpointer swap = keys->pdata[i];

      keys->pdata[i] = keys->pdata[keys->len - 1 - i];
      keys->pdata[keys->len - 1 - i] = swap;
    }
  backward = fetch_keys (session, keys, HAUL_LINES_CRLF);
  for (i = 0; i < keys->len; i++)
    {
      const Fetched *a = g_ptr_array_index (forward, i);
      const Fetched *b = g_ptr_array_index (backward, keys->len - 1 - i);

      g_assert_cmpmem (a->body->data, a->body->len, b->body->data, b->body->len);
    }
}

static void
fetch_nothing (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Nothing", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 1);
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  g_autoptr (GPtrArray) fetched = NULL;
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;

  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, NULL, NULL);
  fetched = fetch_keys (session, keys, HAUL_LINES_ANY);
  g_assert_cmpuint (fetched->len, ==, 0);
}

static void
status_agrees (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Status", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 9);
  g_autoptr (Session) session = NULL;
  g_autoptr (GError) error = NULL;
  HaulFolderStatus status = { .known = 0 };

  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  session_enter (session, (HaulPath) path, HAUL_ENTER_READ, &status, &error);
  g_assert_no_error (error);
  if (status.known & HAUL_STATUS_MESSAGES)
    g_assert_cmpuint (status.messages, ==, 9);
  if (status.known & HAUL_STATUS_TOKEN)
    g_assert_cmpuint (status.token.length, >, 0);
}

static gboolean
stop_here (const HaulRecord *record, gpointer user_data, GError **error)
{
  return haul_error_set (error, HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER, "enough seen");
}

static void
visitor_stops (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Stop", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 3);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GError) error = NULL;
  HaulScan scan = { .struct_size = sizeof scan, .needs = HAUL_NEED_FLAGS };
  HaulScanResult result = { .struct_size = sizeof result };

  scan.record = stop_here;
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  session_enter (session, (HaulPath) path, HAUL_ENTER_READ, NULL, &error);
  g_assert_no_error (error);
  session_scan (session, &scan, &result, &error);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_BUSY);
  listing = scan_folder (session, path, NULL, NULL);
  g_assert_cmpuint (listing->records->len, ==, 3);
}

void
add_scan_behaviours (const Setup *setup)
{
  static const struct
  {
    const char *path;
    void (*run) (World *world, gconstpointer setup);
  } behaviours[] = {
    { "keys-are-unique-and-stable-over-sessions", stable_keys },
    { "keys-grow-in-the-order-of-storing", ordered_keys },
    { "a-scan-sees-what-another-session-stored", concurrent_store },
    { "a-token-stays-while-nothing-changes", token_stays },
    { "a-token-changes-with-a-store", token_after_store },
    { "a-token-changes-with-a-flag", token_after_flags },
    { "a-token-changes-with-an-expunge", token_after_expunge },
    { "a-scan-from-a-mark-misses-nothing-newer", mark },
    { "a-scan-since-a-token-gives-all-or-the-difference", since },
    { "a-scan-gives-the-headers-asked-for", headers },
    { "a-scan-that-is-stopped-gives-the-visitors-error", visitor_stops },
    { "a-message-that-vanishes-before-its-fetch-is-gone", vanished },
    { "a-message-that-vanished-before-the-session-is-gone", vanished_before },
    { "unknown-keys-are-gone-and-harm-nothing", unknown_keys },
    { "a-fetch-in-any-order-gives-the-same-bytes", fetch_backwards },
    { "a-fetch-of-nothing-gives-nothing", fetch_nothing },
    { "the-status-agrees-with-the-messages", status_agrees },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      g_autofree char *path = g_strconcat ("/contract/", behaviours[i].path, NULL);

      g_test_add (path, World, setup, world_up, behaviours[i].run, world_down);
    }
}
