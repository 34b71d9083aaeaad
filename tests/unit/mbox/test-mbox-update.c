/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changing flags in place and by a rewrite, removing messages: only what was asked, with
 * all other bytes as they were. Test thread.
 */
#include "mbox-world.h"

#include <glib/gstdio.h>
#include <string.h>

#define FROM "From a@b Fri Nov  9 22:33:52 2001\n"

static const char *const inbox[] = { "INBOX", NULL };

static WorldListing *
list (MboxWorld *world)
{
  g_autoptr (GError) error = NULL;
  WorldListing *listing = world_list (world, NULL, &error);
  g_assert_no_error (error);
  return listing;
}

static HaulBytes
key_of (const WorldListing *listing, guint at)
{
  const WorldMail *mail = g_ptr_array_index (listing->mails, at);
  HaulBytes key;
  key.data = g_bytes_get_data (mail->key, &key.length);
  return key;
}

/* Results: what was reported. */
typedef struct
{
  guint done;
  guint gone;
  guint moved;
  GBytes *new_key;
} Results;

static void
on_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  Results *results = user_data;
  if (error != NULL)
    {
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_GONE);
      results->gone++;
      return;
    }
  results->done++;
  if (new_key.length == 0)
    return;
  results->moved++;
  g_clear_pointer (&results->new_key, g_bytes_unref);
  results->new_key = g_bytes_new (new_key.data, new_key.length);
}

static void
enter (MboxWorld *world)
{
  g_autoptr (GError) error = NULL;
  world_session (world, HAUL_ROLE_DESTINATION);
  mbox_session_enter (world->session, inbox, HAUL_ENTER_WRITE, NULL, &error);
  g_assert_no_error (error);
}

static Results
change (MboxWorld *world, const HaulChange *changes, gsize count)
{
  Results results = { 0 };
  g_autoptr (GError) error = NULL;
  mbox_session_update (world->session, changes, count, on_result, &results, &error);
  g_assert_no_error (error);
  g_clear_pointer (&results.new_key, g_bytes_unref);
  return results;
}

static Results
expunge (MboxWorld *world, const HaulBytes *keys, gsize count)
{
  Results results = { 0 };
  g_autoptr (GError) error = NULL;
  mbox_session_expunge (world->session, keys, count, on_result, &results, &error);
  g_assert_no_error (error);
  return results;
}

static void
assert_mail (const WorldListing *listing, guint at, guint32 flags, const char *keywords,
             const char *body)
{
  const WorldMail *mail = g_ptr_array_index (listing->mails, at);
  g_assert_cmphex (mail->flags, ==, flags);
  g_assert_cmpstr (mail->keywords, ==, keywords);
  g_autoptr (GString) text = g_string_new_len (g_bytes_get_data (mail->body, NULL),
                                               (gssize) g_bytes_get_size (mail->body));
  g_string_replace (text, "\r", "", 0);
  g_assert_cmpstr (text->str, ==, body);
}

static ino_t
inode_of (const MboxWorld *world)
{
  GStatBuf status;
  g_assert_cmpint (g_stat (world->file, &status), ==, 0);
  return status.st_ino;
}

/* What we wrote ourselves always has room. */
static void
in_place (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GPtrArray) mails = world_sample (0, 9);
  g_autoptr (GError) error = NULL;
  world_session (world, HAUL_ROLE_DESTINATION);
  g_assert_true (world_store (world, mails, &error));
  ino_t inode = inode_of (world);
  g_autoptr (WorldListing) before = list (world);
  enter (world);
  static const char *const add[] = { "fresh", "$Forwarded", NULL };
  static const char *const remove[] = { "kw4", NULL };
  HaulChange changes[] = { { key_of (before, 4), HAUL_FLAG_SEEN | HAUL_FLAG_DRAFT,
                             HAUL_FLAG_FLAGGED, add, remove },
                           { key_of (before, 0), HAUL_FLAG_DELETED,
                             HAUL_FLAGS_ALL & ~HAUL_FLAG_DELETED, NULL, NULL } };
  Results results = change (world, changes, 2);
  g_assert_cmpuint (results.done, ==, 2);
  g_assert_cmpuint (results.moved, ==, 0);
  g_assert_cmpuint (inode_of (world), ==, inode);
  g_autoptr (WorldListing) after = list (world);
  for (guint i = 0; i < after->mails->len; i++)
    {
      const WorldMail *old = g_ptr_array_index (before->mails, i);
      const WorldMail *now = g_ptr_array_index (after->mails, i);
      g_assert_true (g_bytes_equal (old->key, now->key));
      g_assert_true (g_bytes_equal (old->body, now->body));
      guint32 flags = i == 4   ? HAUL_FLAG_SEEN | HAUL_FLAG_DRAFT
                      : i == 0 ? HAUL_FLAG_DELETED
                               : old->flags;
      g_assert_cmphex (now->flags, ==, flags);
      g_assert_cmpstr (now->keywords, ==, i == 4 ? "$Forwarded fresh" : old->keywords);
    }
}

#define FOREIGN                                                                          \
  FROM "A: b\n\n>From x\n\n" FROM "C: d\nStatus: RO\nX-Status:       \n\ny\n" FROM       \
       "E: f\nX-Mozilla-Status: 0000\n\nz\n"

static void
by_rewrite (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, FOREIGN, -1);
  g_autoptr (WorldListing) before = list (world);
  enter (world);
  static const char *const add[] = { "word", NULL };
  HaulChange changes[] = { { key_of (before, 2), HAUL_FLAG_SEEN, 0, NULL, NULL },
                           { key_of (before, 1), HAUL_FLAG_FLAGGED, HAUL_FLAG_SEEN, NULL,
                             NULL },
                           { key_of (before, 0), HAUL_FLAG_SEEN, 0, add, NULL } };
  Results results = change (world, changes, 3);
  g_assert_cmpuint (results.done, ==, 3);
  g_assert_cmpuint (results.moved, ==, 2);
  g_autoptr (WorldListing) after = list (world);
  g_assert_cmpuint (after->mails->len, ==, 3);
  assert_mail (after, 0, HAUL_FLAG_SEEN, "word", "A: b\n\n>From x\n");
  assert_mail (after, 1, HAUL_FLAG_FLAGGED, "", "C: d\n\ny\n");
  assert_mail (after, 2, HAUL_FLAG_SEEN, "", "E: f\n\nz\n");
  /* keys of before our own rewrite are good in this session */
  HaulChange again = { key_of (before, 2), HAUL_FLAG_ANSWERED, 0, NULL, NULL };
  enter (world);
  g_assert_cmpuint (change (world, &again, 1).gone, ==, 1);
}

static void
old_keys_stay_good (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, FOREIGN, -1);
  g_autoptr (WorldListing) before = list (world);
  enter (world);
  HaulChange first = { key_of (before, 0), HAUL_FLAG_DRAFT, 0, NULL, NULL };
  HaulChange second = { key_of (before, 1), HAUL_FLAG_DRAFT, 0, NULL, NULL };
  g_assert_cmpuint (change (world, &first, 1).done, ==, 1);
  g_assert_cmpuint (change (world, &second, 1).done, ==, 1);
  HaulBytes last = key_of (before, 2);
  g_assert_cmpuint (expunge (world, &last, 1).done, ==, 1);
  g_autoptr (WorldListing) after = list (world);
  g_assert_cmpuint (after->mails->len, ==, 2);
  assert_mail (after, 1, HAUL_FLAG_SEEN | HAUL_FLAG_DRAFT, "", "C: d\n\ny\n");
}

static void
removal (void)
{
  g_autoptr (GPtrArray) sample = world_sample (0, 5);
  for (guint mask = 0; mask < 32; mask++)
    {
      g_autoptr (MboxWorld) world = world_new ();
      g_autoptr (GPtrArray) mails = world_sample (0, 5);
      world_session (world, HAUL_ROLE_DESTINATION);
      g_assert_true (world_store (world, mails, NULL));
      g_autoptr (WorldListing) before = list (world);
      HaulBytes keys[6];
      gsize count = 0;
      for (guint i = 0; i < 5; i++)
        if (mask & (1u << i))
          keys[count++] = key_of (before, i);
      keys[count++] = (HaulBytes){ (const guint8 *) "0123456789abcdef", 16 };
      enter (world);
      Results results = expunge (world, keys, count);
      g_assert_cmpuint (results.done, ==, count - 1);
      g_assert_cmpuint (results.gone, ==, 1);
      g_autoptr (WorldListing) after = list (world);
      guint at = 0;
      for (guint i = 0; i < 5; i++)
        {
          if (mask & (1u << i))
            continue;
          const WorldMail *old = g_ptr_array_index (before->mails, i);
          const WorldMail *now = g_ptr_array_index (after->mails, at++);
          g_assert_true (g_bytes_equal (old->body, now->body));
          g_assert_cmphex (old->flags, ==, now->flags);
          g_assert_cmpstr (old->keywords, ==, now->keywords);
        }
      g_assert_cmpuint (at, ==, after->mails->len);
      /* the keyword list goes on living in the first message */
      g_autoptr (GBytes) bytes = world_get (world);
      g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL),
                                         g_bytes_get_size (bytes));
      g_assert_cmpint (strstr (text, "X-IMAPbase: ") != NULL, ==, mask != 31);
    }
}

static void
rewrite_keeps_the_mode (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, FOREIGN, -1);
  g_assert_cmpint (g_chmod (world->file, 0640), ==, 0);
  g_autoptr (WorldListing) before = list (world);
  HaulBytes key = key_of (before, 0);
  enter (world);
  expunge (world, &key, 1);
  GStatBuf status;
  g_assert_cmpint (g_stat (world->file, &status), ==, 0);
  g_assert_cmphex (status.st_mode & 0777, ==, 0640);
  g_autofree char *temporary = g_build_filename (world->directory, ".box.mailhaul-tmp",
                                                 NULL);
  g_assert_false (g_file_test (temporary, G_FILE_TEST_EXISTS));
}

static void
source_changes_nothing (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GError) error = NULL;
  world_put (world, FOREIGN, -1);
  world_session (world, HAUL_ROLE_SOURCE);
  g_assert_false (mbox_session_update (world->session, NULL, 0, on_result, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mbox/update/is-in-place-where-we-wrote", in_place);
  g_test_add_func ("/mbox/update/rewrites-foreign-messages", by_rewrite);
  g_test_add_func ("/mbox/update/takes-keys-of-before-its-rewrites", old_keys_stay_good);
  g_test_add_func ("/mbox/update/removes-exactly-what-was-asked", removal);
  g_test_add_func ("/mbox/update/keeps-the-mode", rewrite_keeps_the_mode);
  g_test_add_func ("/mbox/update/is-refused-at-a-source", source_changes_nothing);
  return g_test_run ();
}
