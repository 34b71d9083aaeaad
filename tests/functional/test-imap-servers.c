/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies between Dovecot (Maildir and sdbox), Cyrus and Courier, to Maildir and mbox and
 * back: all is equal or named in the report; what is done is not done again.
 */
#include <string.h>

#include "imap-world.h"

/* Users: u1 holds the hard mail of each server, u2 ordinary mail that changes; the others
 * are destinations. */
#define HARD          1u
#define ORDINARY      2u
#define FIRST_PAIR    3u
#define FIRST_CHANGED 8u
#define FIRST_BACK    12u

/* Differences that the first run's report has named. */
#define LOSSES "no-folder content keywords date"

typedef struct
{
  const char *name;
  MailServerKind kind;
  const char *options;
} ServerKind;

static const ServerKind kinds[] = {
  { "dovecot-maildir", MAIL_SERVER_DOVECOT, "separator=." },
  { "dovecot-sdbox", MAIL_SERVER_DOVECOT, "format=sdbox" },
  { "cyrus", MAIL_SERVER_CYRUS, NULL },
  { "courier", MAIL_SERVER_COURIER, NULL },
};
#define KINDS G_N_ELEMENTS (kinds)

/* Servers: those of this program, started when first needed. */
typedef struct
{
  MailServer *running[KINDS];
  gboolean tried[KINDS];
} Servers;

/* Case: one test. */
typedef struct
{
  Servers *servers;
  guint source, destination;
  const char *local; /* scheme of what lies between; NULL: none */
} Case;

static MailServer *
server_of (Servers *servers, guint index)
{
  if (!servers->tried[index])
    {
      servers->tried[index] = TRUE;
      servers->running[index] = mail_server_start (kinds[index].kind,
                                                   kinds[index].options);
      if (servers->running[index] == NULL)
        return NULL;
      Account hard = { .server = servers->running[index], .user = HARD };
      Account ordinary = { .server = servers->running[index], .user = ORDINARY };
      g_autofree char *one = account_fill (&hard, "hard");
      g_autofree char *two = account_fill (&ordinary, "bulk 150 5");
    }
  else if (servers->running[index] == NULL)
    g_test_skip ("the server could not be started, see above");
  return servers->running[index];
}

static void
copy_expecting (const Fixture *fixture, const Account *from, const Account *to,
                int status, const char *part)
{
  Called called = account_copy (fixture, from, to, NULL);
  account_assert_status (&called, status, part);
  cli_has (called.out, part);
  cli_has_not (called.out, MAIL_SERVER_PASSWORD);
  cli_has_not (called.err, MAIL_SERVER_PASSWORD);
  called_clear (&called);
}

/* Whatever a server can hold: equal, or named. Then nothing more happens. */
static void
test_hard (Fixture *fixture, gconstpointer data)
{
  const Case *test = data;
  MailServer *one = server_of (test->servers, test->source);
  MailServer *two = one != NULL ? server_of (test->servers, test->destination) : NULL;
  if (two == NULL)
    return;
  Account from = { .server = one, .user = HARD };
  Account to = { .server = two, .user = FIRST_PAIR + test->source };
  Called first = account_copy (fixture, &from, &to, NULL);
  if (first.status != 0)
    account_assert_status (&first, 1, "first copy");
  account_assert_equal (fixture, &from, &to, TRUE, NULL);
  Called second = account_copy (fixture, &from, &to, NULL);
  cli_has_not (second.out, "copied ");
  account_assert_equal (fixture, &from, &to, FALSE, LOSSES);
  called_clear (&first);
  called_clear (&second);
  /* Without the state what the server changed, and what was mended, is known again. */
  account_forget (fixture, &from, &to);
  Called third = account_copy (fixture, &from, &to, NULL);
  cli_has_not (third.out, "copied ");
  account_assert_equal (fixture, &from, &to, FALSE, LOSSES);
  called_clear (&third);
}

/* Ordinary mail is equal, and later changes at the source are carried over. */
static void
test_changes (Fixture *fixture, gconstpointer data)
{
  const Case *test = data;
  MailServer *one = server_of (test->servers, test->source);
  MailServer *two = one != NULL ? server_of (test->servers, test->destination) : NULL;
  if (two == NULL)
    return;
  Account from = { .server = one, .user = ORDINARY };
  Account to = { .server = two, .user = FIRST_CHANGED + test->source };
  copy_expecting (fixture, &from, &to, 0, "every one of the ");
  account_assert_equal (fixture, &from, &to, FALSE, NULL);
  copy_expecting (fixture, &from, &to, 0, "nothing to do");
  g_autofree char *said = account_fill (&from, "change");
  copy_expecting (fixture, &from, &to, 0, "every one of the ");
  account_assert_equal (fixture, &from, &to, FALSE, NULL);
  copy_expecting (fixture, &from, &to, 0, "nothing to do");
}

/* Out to files and from there to another account: still the same. */
static void
test_back (Fixture *fixture, gconstpointer data)
{
  const Case *test = data;
  MailServer *server = server_of (test->servers, test->source);
  if (server == NULL)
    return;
  gboolean mbox = g_str_has_prefix (test->local, "mbox");
  Account from = { .server = server, .user = ORDINARY };
  Account files = { .local = test->local };
  Account to = { .server = server, .user = FIRST_BACK + mbox };
  copy_expecting (fixture, &from, &files, 0, "every one of the ");
  if (!mbox)
    account_assert_equal (fixture, &from, &files, FALSE, NULL);
  copy_expecting (fixture, &from, &files, 0, "nothing to do");
  copy_expecting (fixture, &files, &to, 0, "every one of the ");
  account_assert_equal (fixture, &from, &to, FALSE, mbox ? "subscription" : NULL);
  copy_expecting (fixture, &files, &to, 0, "nothing to do");
}

static void
add_case (GPtrArray *cases, const char *name, const Case *test,
          void (*run) (Fixture *fixture, gconstpointer data))
{
  Case *copy = g_memdup2 (test, sizeof *test);
  g_autofree char *path = g_strdup_printf ("/imap-servers/%s", name);
  g_ptr_array_add (cases, copy);
  g_test_add (path, Fixture, copy, cli_set_up, run, cli_tear_down);
}

static void
add_cases (GPtrArray *cases, Servers *servers)
{
  for (guint i = 0; i < KINDS; i++)
    for (guint k = 0; k < KINDS; k++)
      {
        Case test = { servers, i, k, NULL };
        g_autofree char *name = g_strdup_printf ("hard-mail/%s-to-%s", kinds[i].name,
                                                 kinds[k].name);
        add_case (cases, name, &test, test_hard);
      }
  for (guint i = 0; i < KINDS; i++)
    {
      Case test = { servers, i, (i + 1) % KINDS, NULL };
      g_autofree char *changes = g_strdup_printf ("changes/%s-to-%s", kinds[i].name,
                                                  kinds[test.destination].name);
      add_case (cases, changes, &test, test_changes);
      test.local = "maildir:files";
      g_autofree char *maildir = g_strdup_printf ("maildir-and-back/%s", kinds[i].name);
      add_case (cases, maildir, &test, test_back);
      test.local = "mbox:files/";
      g_autofree char *mbox = g_strdup_printf ("mbox-and-back/%s", kinds[i].name);
      add_case (cases, mbox, &test, test_back);
    }
}

int
main (int argc, char **argv)
{
  Servers servers = { 0 };
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions (); /* one pair's failure says nothing of the others */
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func (g_free);
  add_cases (cases, &servers);
  int status = g_test_run ();
  for (guint i = 0; i < KINDS; i++)
    mail_server_stop (servers.running[i]);
  return status;
}
