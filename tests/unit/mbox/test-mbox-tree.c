/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folders on disk: layouts of others, our own names, what is no folder. Test thread.
 */
#include "mbox-world.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAIL "From a@b Fri Nov  9 22:33:52 2001\nA: b\n\nx\n"

static void
put (MboxWorld *world, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (world->directory, name, NULL);
  g_autofree char *directory = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  if (!g_str_has_suffix (name, "/"))
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static MboxTree
tree_of (MboxWorld *world)
{
  return (MboxTree){ .root = world->directory, .is_tree = TRUE };
}

/* "A,A/B*,…": '*' is a container without mail. */
static char *
list (MboxWorld *world, GError **error)
{
  MboxTree tree = tree_of (world);
  g_autoptr (GPtrArray) places = mbox_tree_list (&tree, NULL, error);
  if (places == NULL)
    return NULL;
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < places->len; i++)
    {
      const MboxPlace *place = g_ptr_array_index (places, i);
      g_autofree char *path = haul_path_to_text ((HaulPath) place->path);
      g_string_append_printf (text, "%s%s%s", i > 0 ? "," : "", path,
                              place->file ? "" : "*");
      if (place->file == NULL)
        continue;
      g_autofree char *found = mbox_tree_find (&tree, (HaulPath) place->path, NULL);
      g_assert_cmpstr (found, ==, place->file);
    }
  return g_string_free (text, FALSE);
}

static void
assert_list (MboxWorld *world, const char *expect)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = list (world, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expect);
}

static void
thunderbird (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  put (world, "Inbox", MAIL);
  put (world, "Inbox.msf", "// index");
  put (world, "Inbox.sbd/Sub", MAIL);
  put (world, "Sent", "");
  put (world, "Lists.sbd/glib", MAIL);
  put (world, "msgFilterRules.dat", "version=9");
  put (world, ".hidden", MAIL);
  put (world, "Sent.lock", "1");
  assert_list (world, "INBOX,INBOX/Sub,Lists*,Lists/glib,Sent");
}

static void
plain_directories (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  put (world, "inbox", MAIL);
  put (world, "work/2001", MAIL);
  put (world, "work/old/1999", MAIL);
  put (world, "pictures/cat.jpg", "\xff\xd8");
  put (world, "empty.sbd/", "");
  put (world, "nothing/", "");
  assert_list (world, "INBOX,empty*,work*,work/2001,work/old*,work/old/1999");
}

static void
foreign_names (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  put (world, "100%", MAIL);
  put (world, "a%2fb", MAIL);
  put (world, "caf\xe9", MAIL);
  put (world, "All mail Including Spam and Trash.mbox", MAIL);
  put (world, "\n\nleading", "\n\n" MAIL);
  assert_list (world, "\n\nleading,100%25,All mail Including Spam and Trash.mbox,a%252fb,"
                      "caf%25E9");
}

static void
one_folder_twice_is_an_error (void)
{
  static const char *const pairs[][2] = { { "Foo.sbd/Bar", "Foo/Bar" },
                                          { "Inbox", "INBOX" },
                                          { "100%", "100%25" } };
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (MboxWorld) world = world_new ();
      g_autoptr (GError) error = NULL;
      put (world, pairs[i][0], MAIL);
      put (world, pairs[i][1], MAIL);
      g_assert_null (list (world, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CORRUPT);
    }
}

static void
links (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  put (world, "real", MAIL);
  put (world, "dir.sbd/x", MAIL);
  g_autofree char *file = g_build_filename (world->directory, "link", NULL);
  g_autofree char *loop = g_build_filename (world->directory, "dir.sbd", "loop.sbd",
                                            NULL);
  g_autofree char *dead = g_build_filename (world->directory, "dead", NULL);
  g_autofree char *fifo = g_build_filename (world->directory, "fifo", NULL);
  g_assert_cmpint (symlink ("real", file), ==, 0);
  g_assert_cmpint (symlink ("..", loop), ==, 0);
  g_assert_cmpint (symlink ("nowhere", dead), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_list (world, "dir*,dir/loop*,dir/x,link,real");
}

static void
created_folders_are_found (void)
{
  static const char *const paths[][4] = {
    { "INBOX" },          { "INBOX", "Sub" }, { "A" },
    { "A", "B", "C" },    { "x/y" },          { ".dot" },
    { "100%" },           { "a.sbd" },        { "a.LOCK" },
    { "b.msf", "c" },     { "%2F" },          { "\xc3\xa9 \xe2\x82\xac" },
    { "tab\tnewline\n" }, { "Inbox2" },       { "%41" },
    { "a%2Esbd" },        { "lock" },
  };
  g_autoptr (MboxWorld) world = world_new ();
  MboxTree tree = tree_of (world);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    for (guint round = 0; round < 2; round++)
      {
        g_autoptr (GError) error = NULL;
        g_autofree char *text = haul_path_to_text (paths[i]);
        mbox_tree_create (&tree, paths[i], FALSE, &error);
        g_assert_no_error (error);
        g_autofree char *found = mbox_tree_find (&tree, paths[i], &error);
        g_assert_no_error (error);
        g_autoptr (GPtrArray) places = mbox_tree_list (&tree, NULL, &error);
        g_assert_no_error (error);
        guint hits = 0;
        for (guint k = 0; k < places->len; k++)
          {
            const MboxPlace *place = g_ptr_array_index (places, k);
            hits += haul_path_equal ((HaulPath) place->path, paths[i])
                    && g_strcmp0 (place->file, found) == 0;
          }
        g_test_message ("%s", text);
        g_assert_cmpuint (hits, ==, 1);
      }
}

static void
single_file (void)
{
  static const char *const inbox[] = { "INBOX", NULL }, *const other[] = { "Other",
                                                                           NULL };
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GError) error = NULL, missing = NULL, refused = NULL;
  MboxTree tree = { .root = world->file };
  g_assert_null (mbox_tree_list (&tree, NULL, &missing));
  g_assert_error (missing, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
  g_assert_cmpint (haul_error_scope (missing), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_true (mbox_tree_create (&tree, inbox, FALSE, &error));
  g_assert_no_error (error);
  g_assert_false (mbox_tree_create (&tree, other, FALSE, &refused));
  g_assert_error (refused, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
  g_autofree char *found = mbox_tree_find (&tree, inbox, NULL);
  g_assert_cmpstr (found, ==, world->file);
}

static void
no_regular_file (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (mkfifo (world->file, 0600), ==, 0);
  world->open.role = HAUL_ROLE_SOURCE;
  g_assert_null (mbox_session_open (&world->open, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mbox/tree/lists-what-thunderbird-made", thunderbird);
  g_test_add_func ("/mbox/tree/lists-plain-directories", plain_directories);
  g_test_add_func ("/mbox/tree/lists-foreign-names", foreign_names);
  g_test_add_func ("/mbox/tree/refuses-one-folder-in-two-files",
                   one_folder_twice_is_an_error);
  g_test_add_func ("/mbox/tree/follows-links-but-not-in-circles", links);
  g_test_add_func ("/mbox/tree/finds-what-it-created", created_folders_are_found);
  g_test_add_func ("/mbox/tree/of-a-single-file-is-the-inbox", single_file);
  g_test_add_func ("/mbox/tree/opens-regular-files-only", no_regular_file);
  return g_test_run ();
}
