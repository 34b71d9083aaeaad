/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Behaviours of moves: exactly what is named goes to the other folder, whole, and nothing
 * else is touched.
 */
#include <string.h>

#include "harness.h"

/* MOVED: how many of the mails are moved. */
#define MOVED 5

typedef struct
{
  guint good;
  guint gone;
  GPtrArray *new_keys; /* of GBytes */
} Results;

static void
note_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  Results *results = user_data;

  if (error != NULL)
    {
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_GONE);
      results->gone++;
      return;
    }
  results->good++;
  if (new_key.length > 0)
    g_ptr_array_add (results->new_keys, g_bytes_new (new_key.data, new_key.length));
}

static gboolean
cannot_move (const World *world)
{
  if (world->setup->backend->move == NULL)
    g_test_skip ("the backend cannot move messages");
  return world->setup->backend->move == NULL;
}

/* FALSE: the peer cannot, which is said as UNSUPPORTED. */
static gboolean
move (Session *session, char **to, const HaulBytes *keys, gsize count, Results *results)
{
  g_autoptr (GError) error = NULL;

  if (session_move (session, (HaulPath) to, keys, count, note_result, results, &error))
    return TRUE;
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
  g_test_skip ("the backend's peer cannot move messages");
  return FALSE;
}

/* The mail that @record is of, by its subject. */
static Mail *
mail_of (GPtrArray *mails, const Record *record)
{
  for (guint i = 0; i < mails->len; i++)
    {
      g_autofree char *subject = g_strdup_printf ("Message number %u\r", i);
      g_autofree char *other = g_strdup_printf ("Message number %u\n", i);

      if (strstr (record->headers, subject) != NULL
          || strstr (record->headers, other) != NULL)
        return g_ptr_array_index (mails, i);
    }
  g_assert_not_reached ();
}

static void
check_new_keys (Session *session, char **path, GPtrArray *new_keys)
{
  g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
  g_autoptr (GPtrArray) keys = listing_keys (listing);

  for (guint i = 0; i < new_keys->len; i++)
    g_assert_true (
        g_ptr_array_find_with_equal_func (keys, new_keys->pdata[i], g_bytes_equal, NULL));
}

static void
move_some (World *world, gconstpointer setup)
{
  g_auto (GStrv) from = path_of (world, "From", NULL);
  g_auto (GStrv) to = path_of (world, "To", "Ziel", NULL);
  g_autoptr (GPtrArray) mails = mails_new (from, 12);
  g_autoptr (GPtrArray) others = mails_new (to, 3);
  g_autoptr (GPtrArray)
      new_keys = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GError) error = NULL;
  Results results = { 0, 0, new_keys };
  HaulBytes keys[MOVED + 1];

  if (cannot_move (world))
    return;
  /* All are marked as deleted: only those that are named may go. */
  for (guint i = 0; i < mails->len; i++)
    ((Mail *) g_ptr_array_index (mails, i))->flags |= HAUL_FLAG_DELETED;
  deliver (world, mails);
  deliver (world, others);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  listing = scan_folder (session, from, NULL, NULL);
  session_enter (session, (HaulPath) from, HAUL_ENTER_WRITE, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < MOVED; i++)
    keys[i] = bytes_view (((Record *) listing->records->pdata[i * 2])->key);
  keys[MOVED] = (HaulBytes){ (const guint8 *) "4294967295", 10 };
  if (!move (session, to, keys, MOVED + 1, &results))
    return;
  g_assert_cmpuint (results.good, ==, MOVED);
  g_assert_cmpuint (results.gone, ==, 1);
  check_new_keys (session, to, new_keys);
  for (guint i = 0; i < MOVED; i++)
    {
      Mail *mail = mail_of (mails, listing->records->pdata[i * 2]);

      g_strfreev (mail->folder);
      mail->folder = g_strdupv (to);
      g_ptr_array_add (others, mail);
    }
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, from, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, to, others);
  g_ptr_array_set_free_func (others, NULL);
  for (guint i = 0; i < 3; i++)
    mail_free (others->pdata[i]);
}

static void
copy_some (World *world, gconstpointer setup)
{
  g_auto (GStrv) from = path_of (world, "Copied", NULL);
  g_auto (GStrv) to = path_of (world, "Copies", NULL);
  g_autoptr (GPtrArray) mails = mails_new (from, 8);
  g_autoptr (GPtrArray)
      new_keys = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GPtrArray) copies = g_ptr_array_new ();
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GError) error = NULL;
  Results results = { 0, 0, new_keys };
  HaulBytes keys[3];

  if (world->setup->backend->copy == NULL)
    {
      g_test_skip ("the backend cannot copy messages");
      return;
    }
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  create_folder (session, to, 0);
  listing = scan_folder (session, from, NULL, NULL);
  keys[0] = bytes_view (((Record *) listing->records->pdata[1])->key);
  keys[1] = bytes_view (((Record *) listing->records->pdata[6])->key);
  keys[2] = (HaulBytes){ (const guint8 *) "4294967295", 10 };
  session_copy (session, (HaulPath) to, keys, 3, note_result, &results, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (results.good, ==, 2);
  g_assert_cmpuint (results.gone, ==, 1);
  check_new_keys (session, to, new_keys);
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, from, mails);
  for (guint i = 1; i < 7; i += 5)
    {
      Mail *mail = mail_of (mails, listing->records->pdata[i]);

      g_strfreev (mail->folder);
      mail->folder = g_strdupv (to);
      g_ptr_array_add (copies, mail);
    }
  assert_holds (world, HAUL_ROLE_SOURCE, to, copies);
}

typedef struct
{
  guint count;
} Failure;

static void
note_failure (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  g_assert_nonnull (error);
  ((Failure *) user_data)->count++;
}

static void
move_nowhere (World *world, gconstpointer setup)
{
  g_auto (GStrv) from = path_of (world, "Stays", NULL);
  g_auto (GStrv) to = path_of (world, "There is none", NULL);
  g_autoptr (GPtrArray) mails = mails_new (from, 3);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GError) error = NULL;
  Failure failure = { 0 };
  HaulBytes key;

  if (cannot_move (world))
    return;
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  listing = scan_folder (session, from, NULL, NULL);
  session_enter (session, (HaulPath) from, HAUL_ENTER_WRITE, NULL, &error);
  g_assert_no_error (error);
  key = bytes_view (((Record *) listing->records->pdata[0])->key);
  (void) session_move (session, (HaulPath) to, &key, 1, note_failure, &failure, &error);
  g_assert_true (error != NULL || failure.count == 1);
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, from, mails);
}

void
add_move_behaviours (const Setup *setup)
{
  static const struct
  {
    const char *path;
    void (*run) (World *world, gconstpointer setup);
  } behaviours[] = {
    { "a-move-takes-exactly-what-is-named", move_some },
    { "a-copy-leaves-what-it-copies", copy_some },
    { "a-move-to-no-folder-changes-nothing", move_nowhere },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (behaviours) && !setup->only_inbox; i++)
    {
      g_autofree char *path = g_strconcat ("/contract/", behaviours[i].path, NULL);

      g_test_add (path, World, setup, world_up, behaviours[i].run, world_down);
    }
}
