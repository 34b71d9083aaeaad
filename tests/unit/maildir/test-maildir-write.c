/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lies in tmp/ while messages are written: whose it is, and who may remove it.
 */
#include "maildir-world.h"

static void
test_recover_spares_others (void)
{
  g_autoptr (World) world = world_new ();
  const char *const inbox[] = { "INBOX", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *tmp = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "tmp/1700000000.M1P2.host", "being delivered");
  world_put (world, "tmp/H00112233445566778899aabbccddeeff.mailhaul", "debris");
  session = world_open (world, HAUL_ROLE_DESTINATION);
  world->backend->recover (session, inbox, HAUL_NO_BYTES, &error);
  g_assert_no_error (error);
  tmp = world_names (world, "tmp");
  g_assert_cmpstr (tmp, ==, "1700000000.M1P2.host");
  world->backend->close (session);
}

/* Another job writes into the same folder: what it has in tmp/ is no debris until it is
 * gone. */
static void
test_recover_spares_the_living (void)
{
  g_autoptr (World) world = world_new ();
  const char *const inbox[] = { "INBOX", NULL };
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL, *after = NULL;
  gpointer writer = world_open (world, HAUL_ROLE_DESTINATION);
  gpointer other = world_open (world, HAUL_ROLE_DESTINATION);

  g_assert_true (world_store (world, writer, mails, NULL, &error));
  world_put (world, "tmp/H00112233445566778899aabbccddeeff.00000001.mailhaul", "half");
  world->backend->recover (other, inbox, HAUL_NO_BYTES, &error);
  g_assert_no_error (error);
  before = world_names (world, "tmp");
  g_assert_cmpstr (before, ==, "H00112233445566778899aabbccddeeff.00000001.mailhaul");
  world->backend->close (writer);
  world->backend->recover (other, inbox, HAUL_NO_BYTES, &error);
  g_assert_no_error (error);
  after = world_names (world, "tmp");
  g_assert_cmpstr (after, ==, "");
  world->backend->close (other);
}

/* Two sessions that write one message, by the same id, do not meet in tmp/. */
static void
test_same_message_from_two_sessions (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) first = mails_for ("INBOX", 20);
  g_autoptr (GPtrArray) second = mails_for ("INBOX", 20);
  g_autoptr (GError) error = NULL;
  MaildirSession *a = world_open (world, HAUL_ROLE_DESTINATION);
  MaildirSession *b = world_open (world, HAUL_ROLE_DESTINATION);

  g_assert_cmpuint (a->owner_tag, !=, b->owner_tag);
  g_assert_true (world_store (world, a, first, NULL, &error));
  g_assert_true (world_store (world, b, second, NULL, &error));
  g_assert_no_error (error);
  world->backend->close (a);
  world->backend->close (b);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/write/recover-spares-others", test_recover_spares_others);
  g_test_add_func ("/maildir/write/recover-spares-the-living",
                   test_recover_spares_the_living);
  g_test_add_func ("/maildir/write/same-message-from-two-sessions",
                   test_same_message_from_two_sessions);
  return g_test_run ();
}
