/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Behaviours of a store as a batch: in pieces, with pauses, over several folders, broken
 * off, cancelled, and from two sessions at once.
 */
#include <string.h>

#include "harness.h"

#define BROKEN_SIZE 300000

/* check_rules: twenty mails and a large one, stored under @rules, all come back. */
static void
check_rules (World *world, const FeedRules *rules)
{
  g_auto (GStrv) path = path_of (world, "Rules", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 20);
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;
  guint i;

  g_ptr_array_add (mails, mail_new (path, body_new (99, 200000, HAUL_LINES_CRLF),
                                    HAUL_LINES_CRLF, 99));
  create_folder (session, path, 0);
  store_mails (session, mails, rules, &error);
  g_assert_no_error (error);
  for (i = 0; i < mails->len; i++)
    g_assert_cmpint (((Mail *) g_ptr_array_index (mails, i))->outcome, ==, MAIL_DONE);
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
whole (World *world, gconstpointer setup)
{
  check_rules (world, &(FeedRules){ .piece_bytes = 0 });
}

static void
byte_by_byte (World *world, gconstpointer setup)
{
  check_rules (world, &(FeedRules){ .piece_bytes = 1 });
}

static void
odd_pieces (World *world, gconstpointer setup)
{
  check_rules (world, &(FeedRules){ .piece_bytes = 97, .slow_reads = TRUE });
}

static void
pauses (World *world, gconstpointer setup)
{
  check_rules (world, &(FeedRules){ .pending_every = 3, .slow_reads = TRUE });
}

static void
unknown_sizes (World *world, gconstpointer setup)
{
  check_rules (world, &(FeedRules){ .hide_size = TRUE, .piece_bytes = 4096 });
}

static void
nothing (World *world, gconstpointer setup)
{
  g_autoptr (GPtrArray)
      mails = g_ptr_array_new_with_free_func ((GDestroyNotify) mail_free);
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_DESTINATION);
  g_auto (GStrv) path = path_of (world, "Nothing", NULL);
  g_autoptr (GError) error = NULL;

  create_folder (session, path, 0);
  store_mails (session, mails, NULL, &error);
  g_assert_no_error (error);
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
several_folders (World *world, gconstpointer setup)
{
  g_autoptr (GPtrArray)
      mails = g_ptr_array_new_with_free_func ((GDestroyNotify) mail_free);
  const char *names[] = { "One", "Two", "Three" };
  guint i;

  for (i = 0; i < 30; i++)
    {
      g_auto (GStrv) path = path_of (world, names[i % 3], NULL);

      g_ptr_array_add (
          mails, mail_new (path, body_new (i, 700, HAUL_LINES_CRLF), HAUL_LINES_CRLF, i));
    }
  deliver (world, mails);
  for (i = 0; i < 3; i++)
    {
      g_auto (GStrv) path = path_of (world, names[i], NULL);

      assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
    }
}

static void
stores_add_up (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "More", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 5);
  g_autoptr (Session) session = NULL;
  g_autoptr (GError) error = NULL;
  guint round;

  deliver (world, mails);
  for (round = 0; round < 5; round++)
    {
      guint i;

      for (i = 0; i < 4; i++)
        g_ptr_array_add (mails, mail_new (path, body_new (100 + round * 4 + i, 900, 0),
                                          HAUL_LINES_CRLF, 100 + round * 4 + i));
      session = session != NULL ? g_steal_pointer (&session)
                                : open_session (world, HAUL_ROLE_DESTINATION);
      store_mails (session, mails, NULL, &error);
      g_assert_no_error (error);
      if (round % 2 == 1)
        g_clear_pointer (&session, session_close);
    }
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
receipt_keys (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Receipts", NULL);
  g_autoptr (GPtrArray) mails = NULL;
  g_autoptr (Session) session = NULL;
  guint i;

  if (world_lacks (world, HAUL_CAP_RETURNS_KEYS, "RETURNS_KEYS")
      || world_lacks (world, HAUL_CAP_STABLE_KEYS, "STABLE_KEYS"))
    return;
  mails = mails_new (path, 20);
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  for (i = 0; i < mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (mails, i);
      g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
      g_autoptr (GPtrArray)
          keys = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
      g_autoptr (GPtrArray) fetched = NULL;
      g_autofree char *stored = NULL;
      g_autofree char *found = NULL;
      HaulBytes body = bytes_view (mail->body);
      const GByteArray *bytes;

      g_ptr_array_add (keys, g_bytes_ref (mail->key));
      fetched = fetch_keys (session, keys, HAUL_LINES_ANY);
      g_assert_no_error (((Fetched *) g_ptr_array_index (fetched, 0))->error);
      bytes = ((Fetched *) g_ptr_array_index (fetched, 0))->body;
      stored = content_text (body.data, body.length);
      found = content_text (bytes->data, bytes->len);
      g_assert_cmpstr (found, ==, stored);
      g_assert_cmpuint (listing->records->len, ==, mails->len);
    }
}

static void
delivery_ids (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Ids", NULL);
  g_autoptr (GPtrArray) mails = NULL;
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  guint i, k, found;

  if (world_lacks (world, HAUL_CAP_KEEPS_ID, "KEEPS_ID"))
    return;
  mails = mails_new (path, 12);
  for (i = 0; i < mails->len; i++)
    memset (((Mail *) g_ptr_array_index (mails, i))->delivery_id, (int) (i * 23),
            HAUL_DELIVERY_ID_LENGTH);
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  listing = scan_folder (session, path, NULL, NULL);
  for (i = 0; i < mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (mails, i);

      found = 0;
      for (k = 0; k < listing->records->len; k++)
        {
          const Record *record = g_ptr_array_index (listing->records, k);

          g_assert_true (record->has_id);
          found += memcmp (record->delivery_id, mail->delivery_id,
                           HAUL_DELIVERY_ID_LENGTH)
                   == 0;
        }
      g_assert_cmpuint (found, ==, 1);
    }
}

/* broken_off: the source fails after @at bytes of the message in the middle. */
static void
broken_off (World *world, gsize at, const FeedRules *rules)
{
  g_auto (GStrv) path = path_of (world, "Broken", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 5);
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;
  Mail *broken = mail_new (path, body_new (50, BROKEN_SIZE, HAUL_LINES_CRLF),
                           HAUL_LINES_CRLF, 50);
  guint i;

  broken->break_at = at;
  g_ptr_array_insert (mails, 2, broken);
  create_folder (session, path, 0);
  if (!store_mails (session, mails, rules, &error))
    {
      /* An IMAP session that broke inside a literal is over: what has no result may be
       * there or not. */
      g_assert_cmpint (haul_error_scope (error), >=, HAUL_SCOPE_SESSION);
      g_clear_pointer (&session, session_close);
      broken->outcome = MAIL_FAILED;
      assert_holds_at_least (world, HAUL_ROLE_SOURCE, path, mails);
      return;
    }
  else
    {
      for (i = 0; i < mails->len; i++)
        g_assert_cmpint (((Mail *) g_ptr_array_index (mails, i))->outcome, ==,
                         i == 2 ? MAIL_FAILED : MAIL_DONE);
      g_assert_error (broken->error, HAUL_ERROR, HAUL_ERROR_NETWORK);
    }
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
broken_in_body (World *world, gconstpointer setup)
{
  broken_off (world, BROKEN_SIZE / 2, &(FeedRules){ .piece_bytes = 65536 });
}

static void
broken_at_start (World *world, gconstpointer setup)
{
  broken_off (world, 0, &(FeedRules){ .piece_bytes = 0 });
}

static void
broken_in_header (World *world, gconstpointer setup)
{
  broken_off (world, 20, &(FeedRules){ .piece_bytes = 7, .slow_reads = TRUE });
}

static void
broken_at_end (World *world, gconstpointer setup)
{
  broken_off (world, BROKEN_SIZE - 1, &(FeedRules){ .piece_bytes = 1000 });
}

static void
cancelled (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Cancelled", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 12);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  FeedRules rules = { .piece_bytes = 1000, .cancellable = cancellable, .cancel_at = 6 };
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GPtrArray) keys = NULL;
  g_autoptr (GPtrArray) fetched = NULL;
  g_autoptr (GHashTable)
      contents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint i, done = 0;

  session = open_session (world, HAUL_ROLE_DESTINATION);
  create_folder (session, path, 0);
  g_clear_pointer (&session, session_close);
  session = open_session_full (world, HAUL_ROLE_DESTINATION, FALSE, cancellable);
  if (!store_mails (session, mails, &rules, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_pointer (&session, session_close);
  for (i = 0; i < mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (mails, i);
      HaulBytes body = bytes_view (mail->body);

      done += mail->outcome == MAIL_DONE;
      g_hash_table_add (contents, content_text (body.data, body.length));
    }
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, NULL, NULL);
  keys = listing_keys (listing);
  fetched = fetch_keys (session, keys, HAUL_LINES_ANY);
  g_assert_cmpuint (fetched->len, >=, done);
  g_assert_cmpuint (fetched->len, <=, mails->len);
  for (i = 0; i < fetched->len; i++)
    {
      const Fetched *one = g_ptr_array_index (fetched, i);
      g_autofree char *content = content_text (one->body->data, one->body->len);

      /* Each that is there is one of ours, whole, and there once. */
      g_assert_true (g_hash_table_remove (contents, content));
    }
}

typedef struct
{
  World *world;
  GPtrArray *mails;
} Writer;

static gpointer
write_all (gpointer data)
{
  Writer *writer = data;
  g_autoptr (Session) session = open_session (writer->world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;

  store_mails (session, writer->mails, &(FeedRules){ .pending_every = 5 }, &error);
  g_assert_no_error (error);
  return NULL;
}

static void
two_sessions (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Both", NULL);
  g_autoptr (GPtrArray) all = mails_new (path, 200);
  Writer writers[2] = { { world, NULL }, { world, NULL } };
  GThread *threads[2];
  g_autoptr (Session) session = NULL;
  guint i;

  if (world_caps (world, HAUL_ROLE_DESTINATION) & HAUL_CAP_SINGLE_SESSION)
    {
      g_test_skip ("the backend allows one session at a time");
      return;
    }
  session = open_session (world, HAUL_ROLE_DESTINATION);
  create_folder (session, path, 0);
  g_clear_pointer (&session, session_close);
  for (i = 0; i < 2; i++)
    writers[i].mails = g_ptr_array_new ();
  for (i = 0; i < all->len; i++)
    g_ptr_array_add (writers[i % 2].mails, g_ptr_array_index (all, i));
  for (i = 0; i < 2; i++)
    threads[i] = g_thread_new ("writer", write_all, &writers[i]);
  for (i = 0; i < 2; i++)
    {
      g_thread_join (threads[i]);
      g_ptr_array_unref (writers[i].mails);
    }
  assert_holds (world, HAUL_ROLE_SOURCE, path, all);
}

void
add_store_behaviours (const Setup *setup)
{
  static const struct
  {
    const char *path;
    void (*run) (World *world, gconstpointer setup);
  } behaviours[] = {
    { "a-store-of-whole-messages-comes-back", whole },
    { "a-store-of-single-bytes-comes-back", byte_by_byte },
    { "a-store-of-odd-pieces-comes-back", odd_pieces },
    { "a-store-with-pauses-comes-back", pauses },
    { "a-store-of-unknown-sizes-comes-back", unknown_sizes },
    { "a-store-of-nothing-changes-nothing", nothing },
    { "a-store-serves-several-folders", several_folders },
    { "stores-of-several-sessions-add-up", stores_add_up },
    { "receipts-give-the-keys-of-a-scan", receipt_keys },
    { "delivery-ids-come-back", delivery_ids },
    { "a-source-that-breaks-off-in-the-body-leaves-nothing", broken_in_body },
    { "a-source-that-breaks-off-at-the-start-leaves-nothing", broken_at_start },
    { "a-source-that-breaks-off-in-the-header-leaves-nothing", broken_in_header },
    { "a-source-that-breaks-off-at-the-last-byte-leaves-nothing", broken_at_end },
    { "a-cancelled-store-leaves-only-whole-messages", cancelled },
    { "two-sessions-store-into-one-folder", two_sessions },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      g_autofree char *path = g_strconcat ("/contract/", behaviours[i].path, NULL);

      g_test_add (path, World, setup, world_up, behaviours[i].run, world_down);
    }
}
