/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the receipts of a batch say of messages that the folder does not hold as they
 * came.
 */
#include "maildir-world.h"

static Mail *
mail_at (GPtrArray *mails, guint at)
{
  return g_ptr_array_index (mails, at);
}

static void
store_all (World *world, GPtrArray *mails)
{
  gpointer session = world_open (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;

  world_store (world, session, mails, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < mails->len; i++)
    g_assert_cmpint (mail_at (mails, i)->outcome, ==, MAIL_DONE);
  world->backend->close (session);
}

static void
set_keywords (GPtrArray *mails, guint at, const char *words)
{
  g_strfreev (mail_at (mails, at)->keywords);
  mail_at (mails, at)->keywords = g_strsplit (words, " ", -1);
}

static void
test_many_keywords (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 30);

  for (guint i = 0; i < mails->len; i++)
    {
      g_autofree char *word = g_strdup_printf ("word%u", i);

      set_keywords (mails, i, word);
    }
  store_all (world, mails);
  for (guint i = 0; i < mails->len; i++)
    {
      g_autofree char *note = g_strdup_printf (
          "keyword \"word%u\" is not kept: a Maildir has room for 26 keywords a folder",
          i);

      g_assert_cmpstr (mail_at (mails, i)->note, ==, i < 26 ? NULL : note);
    }
}

/* What a Maildir cannot hold is named, and nothing else is. */
static void
test_notes (void)
{
  static const struct
  {
    const char *keywords;
    gint64 date_unix;
    const char *note;
  } table[] = {
    { "fine $Forwarded", 0, NULL },
    { "b(d fine", 1700000000,
      "keyword \"b(d\" is not kept: it is no word that a Maildir can hold" },
    { "fine", -86400, NULL },
    { "fine", G_GINT64_CONSTANT (4102444800), NULL },
    { "fine", G_GINT64_CONSTANT (253402300799),
      "date moved: the file system does not hold it" },
  };
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", G_N_ELEMENTS (table));
  g_autoptr (Scanned) scanned = NULL;
  gpointer session = NULL;

  for (guint i = 0; i < mails->len; i++)
    {
      set_keywords (mails, i, table[i].keywords);
      mail_at (mails, i)->has_date = TRUE;
      mail_at (mails, i)->date_unix = table[i].date_unix;
    }
  store_all (world, mails);
  session = world_open (world, HAUL_ROLE_SOURCE);
  scanned = world_scan (world, session, "INBOX", HAUL_NEED_DATE, NULL);
  for (guint i = 0; i < mails->len; i++)
    {
      /* Which dates are held is up to the file system of the test. */
      gboolean moved = scanned_at (scanned, i)->date_unix != table[i].date_unix;
      gboolean about_date = table[i].note == NULL
                            || g_str_has_prefix (table[i].note, "date");
      const char *want = !about_date ? table[i].note
                         : moved     ? "date moved: the file system does not hold it"
                                     : NULL;

      g_assert_cmpstr (mail_at (mails, i)->note, ==, want);
    }
  world->backend->close (session);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/batch/names-keywords-beyond-26", test_many_keywords);
  g_test_add_func ("/maildir/batch/names-what-is-lost", test_notes);
  return g_test_run ();
}
