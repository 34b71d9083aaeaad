/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same copy with capabilities hidden one by one, on either side and by the server
 * itself: what a server lacks costs time, never mail.
 */
#include <string.h>

#include "imap-world.h"

/* Users: u1 is the source; each test has a destination of its own. */
#define SOURCE 1u

static const char *const masks[] = {
  "LITERAL+",
  "MULTIAPPEND",
  "UIDPLUS",
  "QRESYNC",
  "CONDSTORE QRESYNC",
  "LIST-STATUS",
  "LIST-EXTENDED",
  "SPECIAL-USE",
  "NAMESPACE",
  "ENABLE",
  "ESEARCH",
  "UNSELECT",
  "BINARY CATENATE",
  "ID",
  "SASL-IR",
  "COMPRESS=DEFLATE",
  "IDLE",
  "STATUS=SIZE",
  "LITERAL+ MULTIAPPEND",
  "UIDPLUS MULTIAPPEND LITERAL+",
  "LITERAL+ MULTIAPPEND UIDPLUS QRESYNC CONDSTORE LIST-STATUS LIST-EXTENDED SPECIAL-USE "
  "NAMESPACE ENABLE ESEARCH SEARCHRES UNSELECT BINARY CATENATE ID SASL-IR "
  "COMPRESS=DEFLATE IDLE STATUS=SIZE MOVE WITHIN CHILDREN SAVEDATE PREVIEW",
};
#define MASKS G_N_ELEMENTS (masks)

/* World: the servers; one has an account for each mask and side. */
typedef struct
{
  MailServer *from, *to;
} World;

typedef struct
{
  const World *world;
  guint mask;
  gboolean at_source;
} Case;

/* Copies, compares, and copies again after a change. */
static void
check_copy (const Fixture *fixture, const Account *from, const Account *to)
{
  Called first = account_copy (fixture, from, to, NULL);
  account_assert_status (&first, 0, "first copy");
  cli_has (first.out, "every one of the ");
  account_assert_equal (fixture, from, to, FALSE, NULL);
  Called second = account_copy (fixture, from, to, NULL);
  account_assert_status (&second, 0, "second copy");
  cli_has (second.out, "nothing to do");
  account_forget (fixture, from, to);
  Called third = account_copy (fixture, from, to, NULL);
  account_assert_status (&third, 0, "copy without state");
  cli_has_not (third.out, "copied ");
  account_assert_equal (fixture, from, to, FALSE, NULL);
  called_clear (&first);
  called_clear (&second);
  called_clear (&third);
}

static void
test_ignored (Fixture *fixture, gconstpointer data)
{
  const Case *test = data;
  g_autofree char *option = g_strdup_printf ("ignore-capabilities=%s", masks[test->mask]);
  Account from = { .server = test->world->from,
                   .user = SOURCE,
                   .options = test->at_source ? option : NULL };
  Account to = { .server = test->world->to,
                 .user = 1 + 2 * test->mask + test->at_source,
                 .options = test->at_source ? NULL : option };
  if (from.server != NULL)
    check_copy (fixture, &from, &to);
}

/* The server's own lists: what it says before and after the login differs, too. */
static void
test_real (Fixture *fixture, gconstpointer data)
{
  const Case *test = data;
  g_autofree char *options = g_strdup_printf ("mask=%s", masks[test->mask]);
  g_autoptr (MailServer) server = mail_server_start (MAIL_SERVER_DOVECOT, options);
  if (server == NULL || test->world->from == NULL)
    return;
  Account plain = { .server = test->world->from, .user = SOURCE };
  Account one = { .server = server, .user = 1 };
  Account two = { .server = server, .user = 2 };
  check_copy (fixture, &plain, &one);
  check_copy (fixture, &one, &two);
}

/* LITERAL- (RFC 7888): big messages wait for the server, small ones do not. */
static void
test_literal_minus (Fixture *fixture, gconstpointer data)
{
  const Case *test = data;
  g_autoptr (MailServer)
      server = mail_server_start (MAIL_SERVER_DOVECOT, "literal-minus=yes");
  if (server == NULL || test->world->from == NULL)
    return;
  Account from = { .server = test->world->from, .user = 2 };
  Account to = { .server = server, .user = 1 };
  check_copy (fixture, &from, &to);
}

static Case *
add_case (GPtrArray *cases, const World *world, guint mask, gboolean at_source)
{
  Case *test = g_new (Case, 1);
  *test = (Case){ world, mask, at_source };
  g_ptr_array_add (cases, test);
  return test;
}

static void
add_cases (GPtrArray *cases, const World *world)
{
  for (guint i = 0; i < MASKS; i++)
    for (gboolean at_source = FALSE; at_source <= TRUE; at_source++)
      {
        g_autofree char *name = g_strdelimit (g_strndup (masks[i], 40), " ", '-');
        g_autofree char *path = g_strdup_printf (
            "/imap-masks/%s/without-%s", at_source ? "source" : "destination", name);
        g_test_add (path, Fixture, add_case (cases, world, i, at_source), cli_set_up,
                    test_ignored, cli_tear_down);
      }
  g_test_add ("/imap-masks/server/without-all", Fixture,
              add_case (cases, world, MASKS - 1, FALSE), cli_set_up, test_real,
              cli_tear_down);
  g_test_add ("/imap-masks/server/with-literal-minus", Fixture,
              add_case (cases, world, 0, FALSE), cli_set_up, test_literal_minus,
              cli_tear_down);
}

int
main (int argc, char **argv)
{
  World world = { 0 };
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions (); /* one mask's failure says nothing of the others */
  g_autofree char *users = g_strdup_printf ("users=%u,format=sdbox",
                                            (guint) (2 * MASKS + 2));
  world.from = mail_server_start (MAIL_SERVER_DOVECOT, "separator=.");
  world.to = mail_server_start (MAIL_SERVER_DOVECOT, users);
  Account source = { .server = world.from, .user = SOURCE };
  Account big = { .server = world.from, .user = 2 };
  if (world.from != NULL)
    {
      g_free (account_fill (&source, "bulk 60 9"));
      g_free (account_fill (&big, "hard"));
    }
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func (g_free);
  add_cases (cases, &world);
  int status = g_test_run ();
  mail_server_stop (world.from);
  mail_server_stop (world.to);
  return status;
}
