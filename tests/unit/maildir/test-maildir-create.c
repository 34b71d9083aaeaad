/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making, renaming and removing folders, and their subscriptions.
 */
#include <string.h>
#include <sys/stat.h>

#include "maildir-world.h"

/* Appends "path:" and the code's name or "ok" to the GString. */
static void
take_result (HaulPath path, const GError *error, gpointer user_data)
{
  g_autofree char *text = haul_path_to_text (path);

  g_string_append_printf (user_data, "%s:%s ", text,
                          error ? haul_error_code_name ((HaulErrorCode) error->code)
                                : "ok");
}

/* Creates the folders, each with " *" to be subscribed or " -" as a mere parent; returns
 * the results. */
static char *
create_all (World *world, gpointer session, const char *const *texts, gsize count)
{
  GString *results = g_string_new (NULL);
  g_autofree HaulFolder *folders = g_new0 (HaulFolder, count);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (
      (GDestroyNotify) (void (*) (void)) g_strfreev);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < count; i++)
    {
      g_auto (GStrv) words = g_strsplit (texts[i], " ", 2);

      g_ptr_array_add (paths, haul_path_from_text (words[0], &error));
      g_assert_no_error (error);
      folders[i] = (HaulFolder) HAUL_FOLDER_INIT;
      folders[i].path = g_ptr_array_index (paths, i);
      if (words[1])
        folders[i].attributes = *words[1] == '*' ? HAUL_FOLDER_SUBSCRIBED
                                                 : HAUL_FOLDER_NOSELECT;
    }
  world->backend->create (session, folders, count, take_result, results, &error);
  g_assert_no_error (error);
  return g_string_free (results, FALSE);
}

static void
test_plusplus (void)
{
  static const char *const texts[] = { "INBOX *", "A/B", "Entw\xc3\xbcrfe *",
                                       "v1.2",    "R&D", "Mere -",
                                       "A/B" };
  g_autoptr (World) world = world_new ();
  gpointer session = world_open (world, HAUL_ROLE_DESTINATION);
  g_autofree char *results = create_all (world, session, texts, G_N_ELEMENTS (texts));
  g_autofree char *names = world_names (world, "");
  g_autofree char *parts = world_names (world, ".A.B");
  g_autofree char *file = world_get (world, "subscriptions");
  g_autofree char *listing = world_list (world, session);

  g_assert_cmpstr (results, ==,
                   "INBOX:ok A/B:ok Entw\xc3\xbcrfe:ok v1.2:ok R&D:ok Mere:ok A/B:ok ");
  g_assert_cmpstr (names, ==,
                   ".A.B .Entw&APw-rfe .R&-D .v1%2E2 cur new subscriptions tmp");
  g_assert_cmpstr (parts, ==, "cur maildirfolder new tmp");
  g_assert_cmpstr (file, ==, "INBOX\nEntw&APw-rfe\n");
  g_assert_cmpstr (listing, ==,
                   "INBOX * 0\nA -\nA/B 0\nEntw\xc3\xbcrfe * 0\nR&D 0\nv1.2 0\n");
  world->backend->close (session);
}

static void
test_fs (void)
{
  static const char *const texts[] = { "A/B/C *", "A -", "cur", "INBOX/x", "a.b" };
  g_autoptr (World) world = world_new ();
  gpointer session = NULL;
  g_autofree char *results = NULL;
  g_autofree char *listing = NULL;
  g_autofree char *file = NULL;

  world->settings.layout = MAILDIR_LAYOUT_FS;
  session = world_open (world, HAUL_ROLE_DESTINATION);
  results = create_all (world, session, texts, G_N_ELEMENTS (texts));
  g_assert_cmpstr (results, ==, "A/B/C:ok A:ok cur:ok INBOX/x:ok a.b:ok ");
  listing = world_list (world, session);
  g_assert_cmpstr (listing, ==,
                   "INBOX 0\nINBOX/x 0\nA -\nA/B -\nA/B/C * 0\na.b 0\ncur 0\n");
  file = world_get (world, "subscriptions");
  g_assert_cmpstr (file, ==, "A/B/C\n");
  world->backend->close (session);
}

static void
test_keeps_the_encoding (void)
{
  static const char *const texts[] = { "Entw\xc3\xbcrfe/neu", "Entw\xc3\xbcrfe" };
  g_autoptr (World) world = world_new ();
  gpointer session = NULL;
  g_autofree char *results = NULL;
  g_autofree char *names = NULL;

  world_folder (world, "");
  world_folder (world, ".Entw\xc3\xbcrfe");
  session = world_open (world, HAUL_ROLE_DESTINATION);
  results = create_all (world, session, texts, G_N_ELEMENTS (texts));
  names = world_names (world, "");
  g_assert_cmpstr (names, ==, ".Entw\xc3\xbcrfe .Entw\xc3\xbcrfe.neu cur new tmp");
  world->backend->close (session);
}

static void
test_odd_folder_is_no_second_one (void)
{
  static const char *const texts[] = { "caf\xc3\xa9" };
  g_autoptr (World) world = world_new ();
  gpointer session = NULL;
  g_autofree char *results = NULL;
  g_autofree char *names = NULL;

  world_folder (world, "");
  world_folder (world, ".caf\xc3\xa9");
  world->settings.encoding = MAILDIR_ENCODING_MUTF7;
  session = world_open (world, HAUL_ROLE_DESTINATION);
  results = create_all (world, session, texts, G_N_ELEMENTS (texts));
  names = world_names (world, "");
  g_assert_cmpstr (names, ==, ".caf\xc3\xa9 cur new tmp");
  world->backend->close (session);
}

static void
test_failure_is_the_folder_s (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *longest = g_strnfill (300, 'x');
  const char *const texts[] = { "Good", longest, "Blocked", "Better" };
  gpointer session = NULL;
  g_autofree char *results = NULL;
  g_autofree char *expected = g_strdup_printf (
      "Good:ok %s:rejected Blocked:io Better:ok ", longest);

  world_folder (world, "");
  world_put (world, ".Blocked", "a file");
  session = world_open (world, HAUL_ROLE_DESTINATION);
  results = create_all (world, session, texts, G_N_ELEMENTS (texts));
  g_assert_cmpstr (results, ==, expected);
  world->backend->close (session);
}

typedef struct
{
  const char *file;
  const char *before;
  const char *after; /* A/B subscribed, C not */
} SubscribeVector;

static const SubscribeVector subscribe_vectors[] = {
  { "subscriptions", "C\nOther\n", "Other\nA.B\n" },
  { "subscriptions", "A.B\n", "A.B\n" },
  { "subscriptions", "V\t2\n\nC\nX\tY\n", "V\t2\n\nX\tY\nA\tB\n" },
  { "courierimapsubscribed", "INBOX.C\nINBOX\n", "INBOX\nINBOX.A.B\n" },
};

static void
test_subscribe (void)
{
  const char *const a[] = { "A", "B", NULL };
  const char *const c[] = { "C", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (subscribe_vectors); i++)
    {
      const SubscribeVector *vector = &subscribe_vectors[i];
      g_autoptr (World) world = world_new ();
      g_autoptr (GError) error = NULL;
      g_autofree char *after = NULL;
      g_autofree char *lock = NULL;
      gpointer session = NULL;

      world_folder (world, "");
      world_folder (world, ".A.B");
      world_folder (world, ".C");
      world_put (world, vector->file, vector->before);
      session = world_open (world, HAUL_ROLE_DESTINATION);
      world->backend->subscribe (session, a, TRUE, &error);
      g_assert_no_error (error);
      world->backend->subscribe (session, c, FALSE, &error);
      g_assert_no_error (error);
      after = world_get (world, vector->file);
      g_assert_cmpstr (after, ==, vector->after);
      lock = world_get (world, "subscriptions.lock");
      g_assert_null (lock);
      world->backend->close (session);
    }
}

static void
check_rename (int layout, const char *const *folders, const char *listing)
{
  const char *const from[] = { "A", NULL };
  const char *const to[] = { "X", "Y", NULL };
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *after = NULL;
  gpointer session = NULL;

  world->settings.layout = layout;
  for (; *folders; folders++)
    world_folder (world, *folders);
  session = world_open (world, HAUL_ROLE_DESTINATION);
  world->backend->rename (session, from, to, &error);
  g_assert_no_error (error);
  after = world_list (world, session);
  g_assert_cmpstr (after, ==, listing);
  g_assert_false (world->backend->rename (session, from, to, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
  world->backend->close (session);
}

static void
test_rename (void)
{
  static const char *const flat[] = { "", ".A", ".A.b.c", ".AA", NULL };
  static const char *const nested[] = { "", "A", "A/b/c", "AA", NULL };
  static const char listing[] = "INBOX 0\nAA 0\nX -\nX/Y 0\nX/Y/b -\nX/Y/b/c 0\n";

  check_rename (MAILDIR_LAYOUT_PLUSPLUS, flat, listing);
  check_rename (MAILDIR_LAYOUT_FS, nested, listing);
}

static void
test_remove (void)
{
  const char *const full[] = { "Full", NULL };
  const char *const empty[] = { "Empty", NULL };
  g_autoptr (World) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *names = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_folder (world, ".Full");
  world_folder (world, ".Empty");
  world_put (world, ".Full/new/1.x", "x");
  world_put (world, ".Empty/maildirfolder", "");
  world_put (world, ".Empty/dovecot-uidlist", "3 V1 N1\n");
  session = world_open (world, HAUL_ROLE_DESTINATION);
  world->backend->remove (session, empty, &error);
  g_assert_no_error (error);
  g_assert_false (world->backend->remove (session, full, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_REJECTED);
  names = world_names (world, "");
  g_assert_cmpstr (names, ==, ".Full cur new tmp");
  world->backend->close (session);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/create/plusplus", test_plusplus);
  g_test_add_func ("/maildir/create/fs", test_fs);
  g_test_add_func ("/maildir/create/keeps-the-encoding", test_keeps_the_encoding);
  g_test_add_func ("/maildir/create/odd-folder-is-no-second-one",
                   test_odd_folder_is_no_second_one);
  g_test_add_func ("/maildir/create/failure-is-the-folder-s",
                   test_failure_is_the_folder_s);
  g_test_add_func ("/maildir/create/subscribe-keeps-the-format", test_subscribe);
  g_test_add_func ("/maildir/create/rename-with-children", test_rename);
  g_test_add_func ("/maildir/create/remove-only-empty", test_remove);
  return g_test_run ();
}
