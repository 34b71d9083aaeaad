/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding folders: layouts, encodings, strange directories, subscriptions; and that a
 * folder is found again by its path.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maildir-world.h"

/* A user without rights. */
#define NOBODY 65534

/* The listing of a store with these folders; asserts that each can be entered anew. */
static char *
listing_of (World *world, HaulRole role)
{
  gpointer session = world_open (world, role);
  char *listing = world_list (world, session);
  g_auto (GStrv) lines = g_strsplit (listing, "\n", -1);

  world->backend->close (session);
  for (char **line = lines; *line && **line; line++)
    {
      gpointer second = world_open (world, role);
      g_autoptr (GError) error = NULL;
      g_auto (GStrv) words = g_strsplit (*line, " ", 2);
      g_auto (GStrv) path = haul_path_from_text (words[0], &error);

      g_assert_no_error (error);
      if (!words[1] || !strchr (words[1], '-'))
        {
          world->backend->enter (second, (HaulPath) path, HAUL_ENTER_READ, NULL, &error);
          g_assert_no_error (error);
        }
      world->backend->close (second);
    }
  return listing;
}

typedef struct
{
  const char *folders; /* joined by blanks */
  int layout;
  int encoding;
  const char *listing;
} Vector;

static const Vector vectors[] = {
  /* a single Maildir */
  { "", 0, 0, "INBOX 0\n" },
  /* Maildir++ */
  { ". .Sent .A.B", 0, 0, "INBOX 0\nA -\nA/B 0\nSent 0\n" },
  { ". .INBOX.x .Entw&APw-rfe", 0, 0, "INBOX 0\nINBOX/x 0\nEntw\xc3\xbcrfe 0\n" },
  { ". .Entw\xc3\xbcrfe .R&D", 0, 0, "INBOX 0\nEntw\xc3\xbcrfe 0\nR&D 0\n" },
  { ". .v1%2E2", 0, 0, "INBOX 0\nv1.2 0\n" },
  { ".Only", 0, 0, "INBOX 0\nOnly 0\n" },
  { ". X", 1, 0, "INBOX 0\n" },
  /* fs */
  { ". Sent A/B", 0, 0, "INBOX 0\nA -\nA/B 0\nSent 0\n" },
  { ". Entw&APw-rfe/x.y", 0, 0, "INBOX 0\nEntw\xc3\xbcrfe -\nEntw\xc3\xbcrfe/x.y 0\n" },
  { "INBOX Sent INBOX/sub", 0, 0, "INBOX 0\nINBOX/sub 0\nSent 0\n" },
  { "inbox Sent", 0, 0, "INBOX 0\nSent 0\n" },
  { ". Sent .hidden", 2, 0, "INBOX 0\nSent 0\n" },
  { ". INBOX", 2, 0, "INBOX 0\nINBOX_ 0\n" },
  /* what no rule made */
  { ". .INBOX", 1, 0, "INBOX 0\nINBOX_ 0\n" },
  { ". .caf\xe9", 1, 0, "INBOX 0\ncaf%25E9 0\n" },
  { ". .caf\xc3\xa9", 1, 1, "INBOX 0\ncaf\xc3\xa9 0\n" },
  { ". .caf\xc3\xa9 .caf&AOk-", 1, 1, "INBOX 0\ncaf%25C3%25A9 0\ncaf\xc3\xa9 0\n" },
  { ". ..a .b.", 1, 0, "INBOX 0\n..a 0\n.b. 0\n" },
  { ". .x%41 .xA", 1, 0, "INBOX 0\nx%252541 0\nxA 0\n" },
};

static void
test_listings (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (World) world = world_new ();
      g_auto (GStrv) folders = g_strsplit (vectors[i].folders, " ", -1);
      g_autofree char *listing = NULL;

      g_test_message ("%s", vectors[i].folders);
      world->settings.layout = vectors[i].layout;
      world->settings.encoding = vectors[i].encoding;
      world_folder (world, folders[0] ? folders[0] : "");
      for (guint j = 1; folders[0] && folders[j]; j++)
        world_folder (world, folders[j]);
      listing = listing_of (world, HAUL_ROLE_SOURCE);
      g_assert_cmpstr (listing, ==, vectors[i].listing);
    }
}

static void
test_ignores_other_directories (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *listing = NULL;

  world_folder (world, "");
  world_folder (world, ".Sent");
  world_put (world, ".notmuch/xapian/db", "x");
  world_put (world, "courierimapkeywords/:list", "\n");
  world_put (world, "dovecot-uidlist", "3 V1 N1\n");
  world_put (world, ".dovecot.lda-dupes", "");
  world_put (world, ".Plain/some/file", "");
  listing = listing_of (world, HAUL_ROLE_SOURCE);
  g_assert_cmpstr (listing, ==, "INBOX 0\nSent 0\n");
}

static void
test_loop_of_links (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *listing = NULL;
  g_autofree char *loop = NULL;
  g_autofree char *other = NULL;

  world_folder (world, "");
  world_folder (world, "A/B");
  loop = g_build_filename (world->path, "A", "B", "up", NULL);
  other = g_build_filename (world->path, "link", NULL);
  g_assert_cmpint (symlink ("../..", loop), ==, 0);
  g_assert_cmpint (symlink ("A/B", other), ==, 0);
  listing = listing_of (world, HAUL_ROLE_SOURCE);
  g_assert_true (g_str_has_prefix (listing, "INBOX 0\nA -\nA/B 0\n"));
  g_assert_nonnull (strstr (listing, "\nlink 0\n"));
}

static void
test_messages_of_folders (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *listing = NULL;

  world_folder (world, "");
  world_folder (world, ".Full");
  world_folder (world, ".Empty");
  world_put (world, ".Full/new/1.a", "x");
  world_put (world, ".Empty/cur/.nfs0001", "x");
  world_put (world, ".Empty/tmp/1.b", "x");
  listing = listing_of (world, HAUL_ROLE_SOURCE);
  g_assert_cmpstr (listing, ==, "INBOX 0\nEmpty 0\nFull\n");
}

static void
test_missing_store (void)
{
  g_autoptr (World) world = world_new ();
  gpointer source = world_open (world, HAUL_ROLE_SOURCE);
  gpointer destination = world_open (world, HAUL_ROLE_DESTINATION);
  g_autofree char *listing = world_list (world, destination);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (listing, ==, "");
  g_assert_false (world->backend->list (source, NULL, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  world->backend->close (source);
  world->backend->close (destination);
  g_assert_false (g_file_test (world->path, G_FILE_TEST_EXISTS));
}

static void
test_directory_without_mail (void)
{
  g_autoptr (World) world = world_new ();
  gpointer session = NULL;
  g_autoptr (GError) error = NULL;

  world_put (world, "notes.txt", "x");
  session = world_open (world, HAUL_ROLE_SOURCE);
  g_assert_false (world->backend->list (session, NULL, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
  world->backend->close (session);
}

static void
test_missing_folder (void)
{
  g_autoptr (World) world = world_new ();
  const char *const path[] = { "None", NULL };
  gpointer session = NULL;
  g_autoptr (GError) error = NULL;

  world_folder (world, "");
  session = world_open (world, HAUL_ROLE_SOURCE);
  g_assert_false (world->backend->enter (session, path, HAUL_ENTER_READ, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_FOLDER);
  world->backend->close (session);
}

static void
test_path_is_a_file (void)
{
  g_autoptr (World) world = world_new ();
  HaulOpen open = { .struct_size = sizeof open, .role = HAUL_ROLE_SOURCE };
  g_autoptr (GError) error = NULL;

  world_put (world, "file", "x");
  world->settings.path = g_build_filename (world->path, "file", NULL);
  open.settings = &world->settings;
  g_assert_null (world->backend->open (&open, &error));
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_free (world->settings.path);
}

typedef struct
{
  const char *file;
  const char *text;
  const char *folders;
  const char *listing;
} SubscriptionVector;

static const SubscriptionVector subscription_vectors[] = {
  { "subscriptions", "INBOX\nA.B\nGone\n", ". .A.B .C",
    "INBOX * 0\nA -\nA/B * 0\nC 0\n" },
  { "subscriptions", "V\t2\n\nA\tB\nC\n", ". .A.B .C", "INBOX 0\nA -\nA/B * 0\nC * 0\n" },
  { "subscriptions", "A/B\n", ". A/B", "INBOX 0\nA -\nA/B * 0\n" },
  { "subscriptions", "Entw&APw-rfe\n", ". .Entw&APw-rfe",
    "INBOX 0\nEntw\xc3\xbcrfe * 0\n" },
  { "courierimapsubscribed", "INBOX\nINBOX.A.B\n", ". .A.B",
    "INBOX * 0\nA -\nA/B * 0\n" },
};

static void
test_subscriptions (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (subscription_vectors); i++)
    {
      const SubscriptionVector *vector = &subscription_vectors[i];
      g_autoptr (World) world = world_new ();
      g_auto (GStrv) folders = g_strsplit (vector->folders, " ", -1);
      g_autofree char *listing = NULL;

      for (char **folder = folders; *folder; folder++)
        world_folder (world, *folder);
      world_put (world, vector->file, vector->text);
      listing = listing_of (world, HAUL_ROLE_SOURCE);
      g_assert_cmpstr (listing, ==, vector->listing);
    }
}

static void
test_unreadable_folder_is_listed (void)
{
  static const char *const parts[] = { "cur", "new", "tmp", NULL };
  g_autoptr (World) world = world_new ();
  g_autofree char *path = NULL;
  g_autofree char *listing = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_folder (world, ".Locked");
  path = g_build_filename (world->path, ".Locked", NULL);
  g_assert_cmpint (chmod (path, 0), ==, 0);
  if (geteuid () == 0) /* may read everything: be somebody else for a while */
    {
      g_assert_cmpint (chmod (world->directory, 0755), ==, 0);
      g_assert_cmpint (chmod (world->path, 0755), ==, 0);
      for (const char *const *part = parts; *part; part++)
        {
          g_autofree char *open = g_build_filename (world->path, *part, NULL);

          g_assert_cmpint (chmod (open, 0755), ==, 0);
        }
      g_assert_cmpint (seteuid (NOBODY), ==, 0);
    }
  session = world_open (world, HAUL_ROLE_SOURCE);
  listing = world_list (world, session);
  world->backend->close (session);
  if (geteuid () == NOBODY)
    g_assert_cmpint (seteuid (0), ==, 0);
  chmod (path, 0700);
  g_assert_cmpstr (listing, ==, "INBOX 0\nLocked\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/tree/listings", test_listings);
  g_test_add_func ("/maildir/tree/ignores-other-directories",
                   test_ignores_other_directories);
  g_test_add_func ("/maildir/tree/loop-of-links", test_loop_of_links);
  g_test_add_func ("/maildir/tree/empty-folders-are-known", test_messages_of_folders);
  g_test_add_func ("/maildir/tree/missing-store", test_missing_store);
  g_test_add_func ("/maildir/tree/directory-without-mail", test_directory_without_mail);
  g_test_add_func ("/maildir/tree/missing-folder", test_missing_folder);
  g_test_add_func ("/maildir/tree/path-is-a-file", test_path_is_a_file);
  g_test_add_func ("/maildir/tree/subscriptions", test_subscriptions);
  g_test_add_func ("/maildir/tree/unreadable-folder-is-listed",
                   test_unreadable_folder_is_listed);
  return g_test_run ();
}
