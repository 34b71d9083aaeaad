/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stores against a scripted server: every message stored once or failed with a reason,
 * whatever the server does. */
#include <string.h>

#include "target-world.h"

/* A Dovecot with everything that a store can use. */
#define DOVECOT                                                                          \
  "@greeting Dovecot ready.\n"                                                           \
  "@id (\"name\" \"Dovecot\")\n"                                                         \
  "@capability IMAP4rev1 LITERAL+ ID MULTIAPPEND UIDPLUS UNSELECT CATENATE\n"            \
  "@mailbox INBOX uidvalidity=7 uidnext=5\n"

static void
test_batch (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@count APPEND * = 1\n");
  for (guint i = 0; i < 20; i++)
    target_add_sized (world, "INBOX", 100 + i);
  target_store (world);
  g_assert_no_error (world->error);
  g_autofree char *results = target_results (world);
  g_assert_cmpstr (results, ==,
                   "5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24");
  target_assert_bodies (world, "INBOX");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/store/shares-one-append", test_batch);
  return g_test_run ();
}
