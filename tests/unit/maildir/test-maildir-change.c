/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changing flags and removing messages: exactly those named, wherever they are.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "maildir-world.h"

/* The session has INBOX entered for writing. */
static gpointer
open_inbox (World *world)
{
  const char *const inbox[] = { "INBOX", NULL };
  gpointer session = world_open (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;

  world->backend->enter (session, inbox, HAUL_ENTER_WRITE, NULL, &error);
  g_assert_no_error (error);
  return session;
}

/* Appends "key:" and the code's name or "ok" to the GString. */
static void
take_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  g_assert_cmpuint (new_key.length, ==, 0);
  g_string_append_printf (
      user_data, "%.*s:%s ", (int) key.length, (const char *) key.data,
      error ? haul_error_code_name ((HaulErrorCode) error->code) : "ok");
}

static HaulBytes
bytes_of (const char *text)
{
  return (HaulBytes){ (const guint8 *) text, strlen (text) };
}

typedef struct
{
  const char *file; /* before */
  guint32 add_flags;
  guint32 remove_flags;
  const char *add_keywords; /* joined by blanks */
  const char *remove_keywords;
  const char *cur; /* after */
  const char *new;
} Vector;

static const Vector vectors[] = {
  { "cur/1.x:2,", HAUL_FLAG_SEEN, 0, NULL, NULL, "1.x:2,S", "" },
  { "cur/1.x:2,FS", 0, HAUL_FLAG_SEEN, NULL, NULL, "1.x:2,F", "" },
  { "cur/1.x", HAUL_FLAG_DRAFT, 0, NULL, NULL, "1.x:2,D", "" },
  { "cur/1.x:2,SXb,o=1", HAUL_FLAG_FLAGGED, 0, NULL, NULL, "1.x:2,FSXb,o=1", "" },
  { "cur/1.x:2,S", HAUL_FLAG_SEEN, HAUL_FLAG_FLAGGED, NULL, NULL, "1.x:2,S", "" },
  { "new/1.x", HAUL_FLAG_SEEN, 0, NULL, NULL, "1.x:2,S", "" },
  { "new/1.x", 0, HAUL_FLAG_SEEN, NULL, NULL, "", "1.x" },
  { "cur/1.x:2,S", 0, 0, "$forwarded", NULL, "1.x:2,PS", "" },
  { "cur/1.x:2,PS", 0, 0, NULL, "$Forwarded", "1.x:2,S", "" },
  { "cur/1.x:2,S", 0, 0, "fresh", "known", "1.x:2,Sb", "" },
  { "cur/1.x:2,Sa", 0, 0, "fresh", "known", "1.x:2,Sb", "" },
  { "cur/1.x:2,Sa", 0, 0, NULL, "never", "1.x:2,Sa", "" },
};

static void
test_update (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      const Vector *vector = &vectors[i];
      g_autoptr (World) world = world_new ();
      g_auto (GStrv)
          add = vector->add_keywords ? g_strsplit (vector->add_keywords, " ", -1) : NULL;
      g_auto (GStrv) remove = vector->remove_keywords
                                  ? g_strsplit (vector->remove_keywords, " ", -1)
                                  : NULL;
      HaulChange change = { .key = bytes_of ("1.x"),
                            .add_flags = vector->add_flags,
                            .remove_flags = vector->remove_flags,
                            .add_keywords = (const char *const *) add,
                            .remove_keywords = (const char *const *) remove };
      g_autoptr (GString) results = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      g_autofree char *cur = NULL;
      g_autofree char *new = NULL;
      gpointer session = NULL;

      g_test_message ("%s", vector->file);
      world_folder (world, "");
      world_put (world, "dovecot-keywords", "0 known\n");
      world_put (world, vector->file, "x");
      session = open_inbox (world);
      world->backend->update (session, &change, 1, take_result, results, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (results->str, ==, "1.x:ok ");
      cur = world_names (world, "cur");
      g_assert_cmpstr (cur, ==, vector->cur);
      new = world_names (world, "new");
      g_assert_cmpstr (new, ==, vector->new);
      world->backend->close (session);
    }
}

static void
test_update_courier (void)
{
  g_autoptr (World) world = world_new ();
  const char *const add[] = { "c", "a", NULL };
  const char *const remove[] = { "B", NULL };
  HaulChange change = { .key = bytes_of ("1.x"),
                        .add_keywords = add,
                        .remove_keywords = remove };
  g_autoptr (GString) results = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *file = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "courierimapkeywords/:list", "a\nb\n\n1.x:0 1\n");
  world_put (world, "cur/1.x:2,S", "x");
  session = open_inbox (world);
  world->backend->update (session, &change, 1, take_result, results, &error);
  g_assert_no_error (error);
  file = world_get (world, "courierimapkeywords/1.x");
  g_assert_cmpstr (file, ==, "a\nc\n");
  world->backend->close (session);
}

static void
test_many_at_once (void)
{
  g_autoptr (World) world = world_new ();
  HaulChange changes[] = { { .key = bytes_of ("1.x"), .add_flags = HAUL_FLAG_SEEN },
                           { .key = bytes_of ("2.gone"), .add_flags = HAUL_FLAG_SEEN },
                           { .key = bytes_of ("1.x"), .add_flags = HAUL_FLAG_FLAGGED },
                           { .key = bytes_of ("3.x"), .add_flags = HAUL_FLAG_SEEN } };
  g_autoptr (GString) results = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *cur = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "cur/1.x:2,", "x");
  world_put (world, "cur/3.x:2,", "x");
  session = open_inbox (world);
  world->backend->update (session, changes, G_N_ELEMENTS (changes), take_result, results,
                          &error);
  g_assert_no_error (error);
  g_assert_cmpstr (results->str, ==, "1.x:ok 2.gone:gone 1.x:ok 3.x:ok ");
  cur = world_names (world, "cur");
  g_assert_cmpstr (cur, ==, "1.x:2,FS 3.x:2,S");
  world->backend->close (session);
}

/* Renames a file behind the session's back, once it has read the names. */
static void
rename_behind (World *world, gpointer session, const char *from, const char *to)
{
  g_autoptr (Scanned) scanned = world_scan (world, session, "INBOX", 0, NULL);
  g_autofree char *old = g_build_filename (world->path, from, NULL);
  g_autofree char *new = g_build_filename (world->path, to, NULL);

  g_assert_cmpint (rename (old, new), ==, 0);
}

static void
test_update_of_a_renamed_file (void)
{
  g_autoptr (World) world = world_new ();
  HaulChange change = { .key = bytes_of ("1.x"), .add_flags = HAUL_FLAG_SEEN };
  g_autoptr (GString) results = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *cur = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "new/1.x", "x");
  session = open_inbox (world);
  rename_behind (world, session, "new/1.x", "cur/1.x:2,F");
  world->backend->update (session, &change, 1, take_result, results, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (results->str, ==, "1.x:ok ");
  cur = world_names (world, "cur");
  g_assert_cmpstr (cur, ==, "1.x:2,FS");
  world->backend->close (session);
}

static void
test_expunge (void)
{
  g_autoptr (World) world = world_new ();
  HaulBytes keys[] = { bytes_of ("1.x"), bytes_of ("2.x"), bytes_of ("4.gone") };
  g_autoptr (GString) results = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *cur = NULL;
  g_autofree char *new = NULL;
  g_autofree char *keywords = NULL;
  g_autofree char *quota = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "maildirsize", "1S\n");
  world_put (world, "courierimapkeywords/1.x", "word\n");
  world_put (world, "cur/1.x:2,S", "x");
  world_put (world, "cur/1.xx:2,ST", "x"); /* \Deleted, but nobody asked */
  world_put (world, "new/2.x", "x");
  session = open_inbox (world);
  rename_behind (world, session, "cur/1.x:2,S", "cur/1.x:2,FS");
  world->backend->expunge (session, keys, G_N_ELEMENTS (keys), take_result, results,
                           &error);
  g_assert_no_error (error);
  g_assert_cmpstr (results->str, ==, "1.x:ok 2.x:ok 4.gone:gone ");
  cur = world_names (world, "cur");
  g_assert_cmpstr (cur, ==, "1.xx:2,ST");
  new = world_names (world, "new");
  g_assert_cmpstr (new, ==, "");
  keywords = world_names (world, "courierimapkeywords");
  g_assert_cmpstr (keywords, ==, "");
  quota = world_get (world, "maildirsize");
  g_assert_null (quota);
  world->backend->close (session);
}

static void
test_source_refuses (void)
{
  g_autoptr (World) world = world_new ();
  const char *const inbox[] = { "INBOX", NULL };
  HaulBytes key = bytes_of ("1.x");
  HaulChange change = { .key = key, .add_flags = HAUL_FLAG_SEEN };
  g_autoptr (GString) results = g_string_new (NULL);
  g_autofree char *new = NULL;
  gpointer session = NULL;

  world_folder (world, "");
  world_put (world, "new/1.x", "x");
  session = world_open (world, HAUL_ROLE_SOURCE);
  g_assert_true (world->backend->enter (session, inbox, HAUL_ENTER_READ, NULL, NULL));
  g_assert_false (
      world->backend->update (session, &change, 1, take_result, results, NULL));
  g_assert_false (world->backend->expunge (session, &key, 1, take_result, results, NULL));
  new = world_names (world, "new");
  g_assert_cmpstr (new, ==, "1.x");
  world->backend->close (session);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/change/update", test_update);
  g_test_add_func ("/maildir/change/update-of-courier-keywords", test_update_courier);
  g_test_add_func ("/maildir/change/many-at-once", test_many_at_once);
  g_test_add_func ("/maildir/change/update-of-a-renamed-file",
                   test_update_of_a_renamed_file);
  g_test_add_func ("/maildir/change/expunge-removes-exactly-these", test_expunge);
  g_test_add_func ("/maildir/change/source-refuses", test_source_refuses);
  return g_test_run ();
}
