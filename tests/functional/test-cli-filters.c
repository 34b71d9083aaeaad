/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filters as people call them: what is selected, flags and dates that were changed on the
 * way, over several runs; folders that go elsewhere or are left out.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "cli-call.h"

#define ONE                                                                              \
  "From a@b Thu Jan  1 00:00:00 1970\n"                                                  \
  "From: Ann <ann@example.org>\n"                                                        \
  "Date: Fri, 31 Jan 2020 10:20:30 +0000\n"                                              \
  "Message-ID: <1@x>\n"                                                                  \
  "Subject: =?utf-8?Q?gr=C3=BC=C3=9Fe?=\n"
#define BODY "\none\n\n"
#define TWO                                                                              \
  "From a@b Fri Jan 31 10:20:30 2020\n"                                                  \
  "From: Bob <bob@sub.example.org>\n"                                                    \
  "Date: Fri, 31 Jan 2020 10:20:30 +0000\n"                                              \
  "Message-ID: <2@x>\n"                                                                  \
  "Subject: two\n"                                                                       \
  "\n"                                                                                   \
  "two\n\n"

/* The names of the messages of a Maildir, in order, and of the last its path. */
static char *
names_of (const Fixture *fixture, const char *maildir, char **out_path)
{
  g_autoptr (GString) names = g_string_new (NULL);
  static const char *const subs[] = { "cur", "new" };

  for (gsize i = 0; i < G_N_ELEMENTS (subs); i++)
    {
      g_autofree char *path = g_build_filename (fixture->dir, maildir, subs[i], NULL);
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          const char *flags = strstr (name, ":2,");
          g_string_append_printf (names, "[%s]", flags != NULL ? flags + 3 : "");
          if (out_path != NULL)
            {
              g_free (*out_path);
              *out_path = g_build_filename (path, name, NULL);
            }
        }
    }
  return g_strdup (names->str);
}

static void
test_select (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *filter, *reason;
  } rows[] = {
    { "select-message header=Subject contains=GR\303\234SSE",
      "not header Subject: GR\303\234SSE" },
    { "skip-message header=Subject match=^two$", "header Subject: ^two$" },
    { "select-message from=@example.org", "not from @example.org" },
    { "skip-message from=@sub.example.org date=header newer-than=1d",
      "from @sub.example.org" },
  };

  cli_write (fixture, "two.mbox", ONE BODY TWO);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *maildir = g_strdup_printf ("m%u", (guint) i);
      g_autofree char *line = g_strdup_printf ("copy mbox:two.mbox maildir:%s "
                                               "--filter '%s'",
                                               maildir, rows[i].filter);
      cli_expect (fixture, line, 0, rows[i].reason, "");
      g_autofree char *names = names_of (fixture, maildir, NULL);
      g_assert_cmpstr (names, ==, "[]");
    }
}

/* A flag that the filter drops does not come back with the next change at the source. */
static void
test_flags (Fixture *fixture, gconstpointer data)
{
  const char *line = "copy mbox:one.mbox maildir:m --filter 'map-flag drop=\\\\Flagged'";
  static const char *const status[] = { "Status: RO\nX-Status: F\n",
                                        "Status: RO\nX-Status: F\n",
                                        "Status: RO\nX-Status: FA\n" };
  static const char *const expected[] = { "[S]", "[S]", "[RS]" };

  for (gsize i = 0; i < G_N_ELEMENTS (status); i++)
    {
      g_autofree char *text = g_strconcat (ONE, status[i], BODY, NULL);

      cli_write (fixture, "one.mbox", text);
      cli_expect (fixture, line, 0, NULL, "");
      g_autofree char *names = names_of (fixture, "m", NULL);
      g_assert_cmpstr (names, ==, expected[i]);
    }
}

static void
test_date (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  GStatBuf status;

  cli_write (fixture, "one.mbox", ONE BODY);
  cli_expect (fixture, "copy mbox:one.mbox maildir:m --filter fix-date", 0, NULL, "");
  g_autofree char *names = names_of (fixture, "m", &path);
  g_assert_cmpstr (names, ==, "[]");
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mtime, ==, 1580466030);
}

static void
make_directory (const Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
}

static void
make_maildir (const Fixture *fixture, const char *name)
{
  static const char *const subs[] = { "cur", "new", "tmp" };

  for (gsize i = 0; i < G_N_ELEMENTS (subs); i++)
    {
      g_autofree char *sub = g_build_filename (name, subs[i], NULL);
      make_directory (fixture, sub);
    }
}

/* Neither side announces roles: names say where the bin is, and two names say nothing. */
static void
test_by_name (Fixture *fixture, gconstpointer data)
{
  static const char *const there[] = { "m", "m/.Trash", "m/.Sent", "m/.Sent Items" };
  const char *line = "copy mbox:tree maildir:m --filter map-special-use";

  make_directory (fixture, "tree");
  cli_write (fixture, "tree/Papelera", ONE BODY);
  cli_write (fixture, "tree/Gesendet", TWO);
  for (gsize i = 0; i < G_N_ELEMENTS (there); i++)
    make_maildir (fixture, there[i]);
  for (guint round = 0; round < 2; round++)
    {
      cli_expect (fixture, line, 0,
                  "the destination has two folders that are called like sent", NULL);
      g_autofree char *trash = names_of (fixture, "m/.Trash", NULL);
      g_assert_cmpstr (trash, ==, "[]");
      g_assert_false (cli_exists (fixture, "m/.Papelera"));
      g_autofree char *sent = names_of (fixture, "m/.Gesendet", NULL);
      g_assert_cmpstr (sent, ==, "[]");
    }
}

/* The subscriptions of a Maildir++ stand in a file; INBOX needs none. */
static void
test_states (Fixture *fixture, gconstpointer data)
{
  static const char *const folders[] = { "s", "s/.A", "s/.B", "s/.B.c", "s/.Empty" };
  static const struct
  {
    const char *filter, *there, *missing;
  } rows[] = {
    { "skip-folder subscribed=false", "d0/.B", "d0/.A" },
    { "skip-folder empty=true", "d1/.A", "d1/.Empty" },
    { "select-folder subscribed=true empty=false", "d2/.B", "d2/.Empty" },
    { "select-folder name=B", "d3/.B.c", "d3/.A" },
    { "select-folder name=B children=false", "d4/.B", "d4/.B.c" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      make_maildir (fixture, folders[i]);
      g_autofree char *mail = g_strdup_printf ("%s/cur/%u.M1P1.x:2,S", folders[i],
                                               (guint) i);
      if (i < 4)
        cli_write (fixture, mail, "Message-ID: <1@x>\n\none\n");
    }
  cli_write (fixture, "s/subscriptions", "B\nEmpty\n");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *line = g_strdup_printf ("copy maildir:s maildir:d%u --filter '%s'",
                                               (guint) i, rows[i].filter);
      cli_expect (fixture, line, 0, NULL, "");
      g_assert_true (cli_exists (fixture, rows[i].there));
      g_assert_false (cli_exists (fixture, rows[i].missing));
    }
  cli_expect (fixture, "copy maildir:s maildir:d9 --filter 'select-folder name=Bee'", 0,
              "the source has no folder 'Bee' to select", "");
}

/* A folder that a filter leaves out since it was copied under another name is not foreign
 * to a mirror, which would remove it. */
static void
test_left_out_later (Fixture *fixture, gconstpointer data)
{
  static const char *const folders[] = { "s", "s/.Projekte" };
  static const char job[] =
      "<job xmlns='urn:mailhaul:job:1' name='x'>\n"
      "<source><maildir path='s'/></source><destination><maildir "
      "path='d'/></destination>\n"
      "<sync deletions='mirror' allow-foreign-deletions='true'/>\n"
      "<filters><rename-folder from='Projekte' to='Projects'/>%s</filters>\n"
      "<state directory='state'/>\n"
      "</job>\n";
  static const char *const filters[] = { "", "<skip-folder subscribed='false'/>" };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      make_maildir (fixture, folders[i]);
      g_autofree char *mail = g_build_filename (folders[i], "cur", "1.M1P1.x:2,S", NULL);
      cli_write (fixture, mail, "Message-ID: <1@x>\n\none\n");
    }
  for (gsize i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      g_autofree char *text = g_strdup_printf (job, filters[i]);
      cli_write (fixture, "mirror.xml", text);
      cli_expect (fixture, "run mirror.xml", 0, NULL, "");
      g_autofree char *names = names_of (fixture, "d/.Projects", NULL);
      g_assert_cmpstr (names, ==, "[S]");
    }
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, cli_set_up, test, cli_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/cli/filters/selects-messages", test_select);
  add ("/cli/filters/maps-flags-at-each-run", test_flags);
  add ("/cli/filters/mends-dates", test_date);
  add ("/cli/filters/maps-folders-by-name", test_by_name);
  add ("/cli/filters/selects-folders-by-state", test_states);
  add ("/cli/filters/what-is-left-out-is-not-foreign", test_left_out_later);
  return g_test_run ();
}
