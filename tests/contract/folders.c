/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Behaviours of folders: names, nesting, listing, creating, subscribing. Each runs in a
 * store of its own.
 */
#include <string.h>

#include "harness.h"

#define DEEPEST 20

/* check_made: a new folder of that name is listed once and keeps a message. */
static void
check_made (World *world, char **path, guint serial)
{
  g_autoptr (GPtrArray)
      mails = g_ptr_array_new_with_free_func ((GDestroyNotify) mail_free);
  g_autoptr (Session) session = NULL;

  g_ptr_array_add (mails, mail_new (path, body_new (serial, 300, HAUL_LINES_CRLF),
                                    HAUL_LINES_CRLF, serial));
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  g_assert_cmpuint (list_find (session, path, NULL), ==, 1);
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

/* check_names: folders of all these names, side by side, each with another message. */
static void
check_names (World *world, const char *const *names)
{
  g_autoptr (GPtrArray)
      mails = g_ptr_array_new_with_free_func ((GDestroyNotify) mail_free);
  g_autoptr (Session) session = NULL;
  guint i;

  for (i = 0; names[i] != NULL; i++)
    {
      g_auto (GStrv) path = path_of (world, names[i], NULL);

      g_ptr_array_add (
          mails, mail_new (path, body_new (i, 300, HAUL_LINES_CRLF), HAUL_LINES_CRLF, i));
    }
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  for (i = 0; names[i] != NULL; i++)
    {
      g_auto (GStrv) path = path_of (world, names[i], NULL);

      if (list_find (session, path, NULL) != 1)
        g_error ("the folder '%s' is not listed once", names[i]);
    }
  g_clear_pointer (&session, session_close);
  for (i = 0; names[i] != NULL; i++)
    {
      g_auto (GStrv) path = path_of (world, names[i], NULL);

      assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
    }
}

/* needs_fresh: skips what is about a store that nobody has made. */
static gboolean
needs_fresh (const World *world)
{
  if (!world->setup->fresh)
    g_test_skip ("the options have no {dir} or {name}: there is only one store");
  return !world->setup->fresh;
}

static gboolean
refuse_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  guint *seen = user_data;

  (*seen)++;
  return TRUE;
}

static void
missing_destination (World *world, gconstpointer setup)
{
  g_autoptr (GPtrArray) paths = NULL;
  g_autoptr (Session) session = NULL;

  if (needs_fresh (world))
    return;
  session = open_session (world, HAUL_ROLE_DESTINATION);
  paths = list_paths (session);
  g_assert_cmpuint (paths->len, ==, 0);
}

static void
missing_source (World *world, gconstpointer setup)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Session) session = NULL;
  HaulOpen open = { .struct_size = sizeof open, .role = HAUL_ROLE_SOURCE };
  guint seen = 0;

  if (needs_fresh (world))
    return;
  open.settings = world->sources;
  session = session_open (world->setup->backend, &open, &error);
  if (session != NULL)
    session_list (session, refuse_folder, &seen, &error);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_cmpuint (seen, ==, 0);
}

static void
created_is_listed (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Work", NULL);

  check_made (world, path, 1);
}

static void
create_twice (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Work", NULL);
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_DESTINATION);

  create_folder (session, path, 0);
  create_folder (session, path, 0);
  g_assert_cmpuint (list_find (session, path, NULL), ==, 1);
  g_clear_pointer (&session, session_close);
  check_made (world, path, 1);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  create_folder (session, path, 0);
  g_assert_cmpuint (list_find (session, path, NULL), ==, 1);
}

static void
parents_are_made (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "One", "Two", "Three", NULL);
  g_auto (GStrv) above = path_of (world, "One", "Two", NULL);
  g_autoptr (Session) session = NULL;

  check_made (world, path, 1);
  session = open_session (world, HAUL_ROLE_SOURCE);
  g_assert_cmpuint (list_find (session, above, NULL), ==, 1);
}

static void
parent_and_child (World *world, gconstpointer setup)
{
  g_auto (GStrv) parent = path_of (world, "Parent", NULL);
  g_auto (GStrv) child = path_of (world, "Parent", "Child", NULL);
  g_autoptr (GPtrArray) mails = mails_new (parent, 3);
  g_autoptr (GPtrArray) more = mails_new (child, 5);

  deliver (world, mails);
  deliver (world, more);
  assert_holds (world, HAUL_ROLE_SOURCE, parent, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, child, more);
}

static void
child_before_parent (World *world, gconstpointer setup)
{
  g_auto (GStrv) parent = path_of (world, "Parent", NULL);
  g_auto (GStrv) child = path_of (world, "Parent", "Child", NULL);

  check_made (world, child, 1);
  check_made (world, parent, 2);
}

static void
nested_deep (World *world, gconstpointer setup)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) path = NULL;
  g_auto (GStrv) top = path_of (world, "d0", NULL);
  guint i;

  g_strv_builder_addv (builder, (const char **) top);
  for (i = g_strv_length (top); i < DEEPEST; i++)
    {
      g_autofree char *name = g_strdup_printf ("d%u", i);

      g_strv_builder_add (builder, name);
    }
  path = g_strv_builder_end (builder);
  check_made (world, path, 1);
}

static void
eight_bit_names (World *world, gconstpointer setup)
{
  static const char *const names[] = {
    "Entwürfe",          "Отправленные", "受信トレイ", "📬 Mail 🎉", "e\xcc\x81 decomposed",
    "\xc3\xa9 composed", "ﬁne",          "ＩＮＢＯＸ", NULL
  };

  check_names (world, names);
}

static void
delimiter_names (World *world, gconstpointer setup)
{
  static const char *const names[] = {
    "a.b",    "a/b",       "a\\b",    "a%b",   "a%2Fb",   "a~b",   "~",
    "a&b",    "&-",        "&AOk-",   "a*b",   "a\"b",    "a:b",   "a;b,c",
    "a|b<c>", "a?b[c]{d}", "#news",   "-flag", ".hidden", "end.",  ".",
    "..",     "cur",       "new",     "tmp",   "a.sbd",   "a.msf", "a.lock",
    "a^b",    "=3D",       "b\\2efg", "'",     "$HOME",   "`id`",  NULL
  };

  check_names (world, names);
}

static void
blank_names (World *world, gconstpointer setup)
{
  static const char *const names[] = { " leading",
                                       "trailing ",
                                       " ",
                                       "a b",
                                       "a  b",
                                       "\ttab",
                                       "no\xc2\xa0"
                                       "break",
                                       NULL };

  check_names (world, names);
}

static void
line_break_names (World *world, gconstpointer setup)
{
  static const char *const names[] = { "two\nlines", "carriage\rreturn", "bell\a", NULL };

  check_names (world, names);
}

static void
inbox_alikes (World *world, gconstpointer setup)
{
  static const char *const names[] = { "INBOX2", "XINBOX", "INBOX.old", "Inbox old",
                                       NULL };

  check_names (world, names);
}

static void
nested_delimiters (World *world, gconstpointer setup)
{
  g_auto (GStrv) nested = path_of (world, "a", "b", NULL);
  g_auto (GStrv) joined = path_of (world, "a.b", "c.d", NULL);
  g_auto (GStrv) other = path_of (world, "a", "b.c.d", NULL);

  check_made (world, nested, 1);
  check_made (world, joined, 2);
  check_made (world, other, 3);
}

static void
case_twins (World *world, gconstpointer setup)
{
  static const char *const names[] = { "Work", "work", "WORK", "Ünder", "ünder", NULL };

  if (world_caps (world, HAUL_ROLE_DESTINATION) & HAUL_CAP_CASE_INSENSITIVE)
    {
      g_test_skip ("the backend's folder names are the same in any case");
      return;
    }
  check_names (world, names);
}

static void
long_names (World *world, gconstpointer setup)
{
  g_autofree char *latin = g_strnfill (120, 'n');
  g_autofree char *twin = g_strconcat (latin, "2", NULL);
  const char *names[] = { latin, twin, NULL };

  check_names (world, names);
}

static void
inbox (World *world, gconstpointer setup)
{
  char *path[] = { (char *) "INBOX", NULL };

  if (needs_fresh (world))
    return;
  check_made (world, path, 1);
}

static void
many_folders (World *world, gconstpointer setup)
{
  guint count = 1000 / world->setup->scale;
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GPtrArray) paths = NULL;
  guint i;

  for (i = 0; i < count; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u", i);
      g_auto (GStrv) path = path_of (world, "many", name, NULL);

      create_folder (session, path, 0);
    }
  g_clear_pointer (&session, session_close);
  session = open_session (world, HAUL_ROLE_SOURCE);
  paths = list_paths (session);
  g_assert_cmpuint (paths->len, >=, count);
}

static void
enter_missing (World *world, gconstpointer setup)
{
  g_auto (GStrv) there = path_of (world, "There", NULL);
  g_auto (GStrv) missing = path_of (world, "Missing", NULL);
  g_auto (GStrv) below = path_of (world, "There", "Below", NULL);
  char **paths[] = { missing, below };
  g_autoptr (Session) session = NULL;
  HaulRole roles[] = { HAUL_ROLE_SOURCE, HAUL_ROLE_DESTINATION };
  guint i;

  check_made (world, there, 1);
  for (i = 0; i < 4; i++)
    {
      g_autoptr (GError) error = NULL;

      session = open_session (world, roles[i / 2]);
      session_enter (session, (HaulPath) paths[i % 2], HAUL_ENTER_READ, NULL, &error);
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
      g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_FOLDER);
      g_clear_error (&error);
      session_enter (session, (HaulPath) there, HAUL_ENTER_READ, NULL, &error);
      g_assert_no_error (error);
      g_clear_pointer (&session, session_close);
    }
}

static void
subscriptions (World *world, gconstpointer setup)
{
  g_auto (GStrv) yes = path_of (world, "Entwürfe & more", "deep", NULL);
  g_auto (GStrv) no = path_of (world, "Not", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Session) session = NULL;
  guint32 attributes = 0;

  if (world_lacks (world, HAUL_CAP_SUBSCRIPTIONS, "SUBSCRIPTIONS"))
    return;
  session = open_session (world, HAUL_ROLE_DESTINATION);
  create_folder (session, yes, HAUL_FOLDER_SUBSCRIBED);
  create_folder (session, no, 0);
  g_clear_pointer (&session, session_close);
  session = open_session (world, HAUL_ROLE_SOURCE);
  g_assert_cmpuint (list_find (session, yes, &attributes), ==, 1);
  g_assert_cmphex (attributes & HAUL_FOLDER_SUBSCRIBED, ==, HAUL_FOLDER_SUBSCRIBED);
  g_assert_cmpuint (list_find (session, no, &attributes), ==, 1);
  g_assert_cmphex (attributes & HAUL_FOLDER_SUBSCRIBED, ==, 0);
  g_clear_pointer (&session, session_close);
  session = open_session (world, HAUL_ROLE_DESTINATION);
  session_subscribe (session, (HaulPath) yes, FALSE, &error);
  g_assert_no_error (error);
  session_subscribe (session, (HaulPath) no, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (list_find (session, yes, &attributes), ==, 1);
  g_assert_cmphex (attributes & HAUL_FOLDER_SUBSCRIBED, ==, 0);
  g_assert_cmpuint (list_find (session, no, &attributes), ==, 1);
  g_assert_cmphex (attributes & HAUL_FOLDER_SUBSCRIBED, ==, HAUL_FOLDER_SUBSCRIBED);
}

void
add_folder_behaviours (const Setup *setup)
{
  static const struct
  {
    const char *path;
    void (*run) (World *world, gconstpointer setup);
  } behaviours[] = {
    { "a-destination-that-does-not-exist-lists-as-empty", missing_destination },
    { "a-source-that-does-not-exist-is-not-found", missing_source },
    { "a-created-folder-is-listed-once", created_is_listed },
    { "creating-twice-is-a-success", create_twice },
    { "missing-parents-are-made-and-listed-first", parents_are_made },
    { "a-folder-and-its-child-both-hold-messages", parent_and_child },
    { "a-parent-can-be-made-after-its-child", child_before_parent },
    { "folders-nest-twenty-levels-deep", nested_deep },
    { "eight-bit-names-come-back", eight_bit_names },
    { "names-with-delimiters-come-back", delimiter_names },
    { "names-with-blanks-come-back", blank_names },
    { "names-with-line-breaks-come-back", line_break_names },
    { "names-like-inbox-are-not-the-inbox", inbox_alikes },
    { "nesting-and-delimiters-do-not-meet", nested_delimiters },
    { "names-that-differ-in-case-are-two-folders", case_twins },
    { "long-names-come-back", long_names },
    { "the-inbox-holds-messages", inbox },
    { "many-folders-are-listed", many_folders },
    { "entering-a-missing-folder-is-not-found", enter_missing },
    { "subscriptions-come-back", subscriptions },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      if (setup->only_inbox && behaviours[i].run != missing_destination
          && behaviours[i].run != missing_source && behaviours[i].run != inbox)
        continue;
      if (setup->account
          && (behaviours[i].run == missing_destination
              || behaviours[i].run == missing_source
              || (behaviours[i].run == inbox && !setup->fresh)))
        continue;
      g_autofree char *path = g_strconcat ("/contract/", behaviours[i].path, NULL);

      g_test_add (path, World, setup, world_up, behaviours[i].run, world_down);
    }
}
