/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fetching by keys: without a scan, of what is gone, after growth, after a rewrite by
 * another program. Test thread.
 */
#include "mbox-world.h"

#include <string.h>

#define FROM  "From a@b Fri Nov  9 22:33:52 2001\n"
#define ONE   FROM "A: b\n\nfirst\n\n"
#define TWO   FROM "C: d\nStatus: O\n\nsecond\n\n"
#define THREE FROM "E: f\n\nthird\n\n"

static const char *const inbox[] = { "INBOX", NULL };

static WorldListing *
list_keys (MboxWorld *world)
{
  g_autoptr (GError) error = NULL;
  WorldScan scan = { .no_bodies = TRUE };
  WorldListing *listing = world_list (world, &scan, &error);
  g_assert_no_error (error);
  return listing;
}

static void
fetch (MboxWorld *world, GPtrArray *mails)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (world_fetch (world, mails, HAUL_LINES_CRLF, &error));
  g_assert_no_error (error);
}

static void
assert_body (GPtrArray *mails, guint at, const char *body)
{
  const WorldMail *mail = g_ptr_array_index (mails, at);
  g_assert_no_error (mail->error);
  g_assert_cmpmem (g_bytes_get_data (mail->body, NULL), g_bytes_get_size (mail->body),
                   body, strlen (body));
}

static void
without_a_scan (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GError) error = NULL;
  world_put (world, ONE TWO THREE, -1);
  g_autoptr (WorldListing) listing = list_keys (world);
  world_session (world, HAUL_ROLE_SOURCE);
  mbox_session_enter (world->session, inbox, HAUL_ENTER_READ, NULL, &error);
  g_assert_no_error (error);
  fetch (world, listing->mails);
  assert_body (listing->mails, 0, "A: b\r\n\r\nfirst\r\n");
  assert_body (listing->mails, 2, "E: f\r\n\r\nthird\r\n");
}

static void
after_growth (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, ONE TWO, -1);
  g_autoptr (WorldListing) listing = list_keys (world);
  world_append (world, THREE);
  fetch (world, listing->mails);
  assert_body (listing->mails, 0, "A: b\r\n\r\nfirst\r\n");
  assert_body (listing->mails, 1, "C: d\r\n\r\nsecond\r\n");
}

static void
after_a_rewrite (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, ONE TWO THREE, -1);
  g_autoptr (WorldListing) listing = list_keys (world);
  /* another program removed the first and marked the second */
  world_put (world, FROM "C: d\nStatus: RO\nX-UID: 17\n\nsecond\n\n" THREE, -1);
  fetch (world, listing->mails);
  g_assert_error (((WorldMail *) g_ptr_array_index (listing->mails, 0))->error,
                  HAUL_ERROR, HAUL_ERROR_GONE);
  assert_body (listing->mails, 1, "C: d\r\n\r\nsecond\r\n");
  assert_body (listing->mails, 2, "E: f\r\n\r\nthird\r\n");
}

static void
strange_keys (void)
{
  static const char *const keys[] = { "", "x", "0123456789abcdef", "0123456789abcdefg" };
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, ONE, -1);
  g_autoptr (WorldListing) listing = list_keys (world);
  g_autoptr (GPtrArray) mails = world_mails ();
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      WorldMail *mail = world_mail ("", 0);
      mail->key = g_bytes_new (keys[i], strlen (keys[i]));
      g_ptr_array_add (mails, mail);
    }
  fetch (world, mails);
  for (guint i = 0; i < mails->len; i++)
    g_assert_error (((WorldMail *) g_ptr_array_index (mails, i))->error, HAUL_ERROR,
                    HAUL_ERROR_GONE);
}

/* Whatever a byte of the file becomes: no crash, and sizes as announced (the sink checks
 * that). */
static void
damaged_files (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  static const char bytes[] = "\n\r\0>F: -0";
  for (guint round = 0; round < 400; round++)
    {
      g_autoptr (MboxWorld) world = world_new ();
      g_autofree char *text = g_strdup (ONE TWO THREE);
      gsize length = strlen (text);
      for (gint32 i = g_rand_int_range (rand, 1, 6); i > 0; i--)
        text[g_rand_int_range (rand, 6, (gint32) length)] =
            bytes[g_rand_int_range (rand, 0, sizeof bytes - 1)];
      world_put (world, text, (gssize) length);
      g_autoptr (GError) error = NULL;
      g_autoptr (WorldListing) listing = world_list (world, NULL, &error);
      g_assert_true (listing != NULL || error != NULL);
      for (guint i = 0; listing != NULL && i < listing->mails->len; i++)
        {
          const WorldMail *mail = g_ptr_array_index (listing->mails, i);
          g_assert_no_error (mail->error);
          g_assert_cmpuint (mail->size_bytes, ==, g_bytes_get_size (mail->body));
        }
    }
}

static void
cancelled (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GError) error = NULL;
  world_put (world, ONE, -1);
  g_autoptr (WorldListing) listing = list_keys (world);
  g_cancellable_cancel (world->open.cancellable);
  g_assert_false (world_fetch (world, listing->mails, HAUL_LINES_ANY, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mbox/fetch/needs-no-scan", without_a_scan);
  g_test_add_func ("/mbox/fetch/works-after-growth", after_growth);
  g_test_add_func ("/mbox/fetch/finds-messages-that-moved", after_a_rewrite);
  g_test_add_func ("/mbox/fetch/calls-strange-keys-gone", strange_keys);
  g_test_add_func ("/mbox/fetch/announces-the-right-size-of-damaged-files",
                   damaged_files);
  g_test_add_func ("/mbox/fetch/ends-when-cancelled", cancelled);
  return g_test_run ();
}
