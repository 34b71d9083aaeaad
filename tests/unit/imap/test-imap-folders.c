/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making, renaming, removing and subscribing folders on servers that help and on servers
 * that refuse. */
#include <string.h>

#include "imap-account.h"

#define PLAIN "@capability IMAP4rev1\n@mailbox INBOX\n"

static ImapAccount *
open_account (const char *script)
{
  ImapAccount *account = imap_account_new (script, HAUL_ROLE_DESTINATION);
  gboolean ok = imap_account_open (account);
  g_assert_no_error (account->error);
  g_assert_true (ok);
  return account;
}

static void
on_created (HaulPath path, const GError *error, gpointer user_data)
{
  GString *text = user_data;
  g_autofree char *name = haul_path_to_text (path);
  g_string_append_printf (text, "%s%s%s", text->len > 0 ? " " : "", name,
                          error == NULL ? "" : "!");
}

/* Makes the folders of @texts, "a a/b"; "a!" in the result: it failed. */
static char *
create (ImapAccount *account, const char *texts, guint32 special_use)
{
  g_auto (GStrv) words = g_strsplit (texts, " ", -1);
  GString *text = g_string_new (NULL);
  guint count = g_strv_length (words);
  g_autofree HaulFolder *folders = g_new0 (HaulFolder, count);
  for (guint i = 0; i < count; i++)
    {
      folders[i] = (HaulFolder) HAUL_FOLDER_INIT;
      folders[i].path = (HaulPath) haul_path_from_text (words[i], NULL);
      folders[i].special_use = special_use;
      folders[i].attributes = HAUL_FOLDER_SUBSCRIBED;
    }
  gboolean ok = imap_create (account->session, folders, count, on_created, text,
                             &account->error);
  g_assert_no_error (account->error);
  g_assert_true (ok);
  for (guint i = 0; i < count; i++)
    g_strfreev ((char **) folders[i].path);
  return g_string_free (text, FALSE);
}

typedef struct
{
  const char *name;
  const char *script;
  const char *create;
  guint32 special_use;
  const char *result;
  const char *list;
} Vector;

static const Vector vectors[] = {
  { "many-go-out-without-waiting", PLAIN "@count CREATE * = 3\n@count SUBSCRIBE * = 3\n",
    "a a/b c", 0, "a a/b c",
    "INBOX[0] a[0]{subscribed} a/b[0]{subscribed} c[0]{subscribed}" },
  { "one-that-exists-is-a-success",
    PLAIN
    "@on CREATE a\n  @no [ALREADYEXISTS] it is there\n@on SUBSCRIBE a\n  @ok done\n",
    "a", 0, "a", "INBOX[0]" },
  { "one-that-exists-without-a-code",
    PLAIN
    "@mailbox a\n@on LIST *\"\\*\"* [nth=1]\n  S: * LIST () \"/\" INBOX\n  @ok done\n"
    "@on CREATE a\n  @no Cannot create this folder.\n",
    "a", 0, "a", "INBOX[0] a[0]{subscribed}" },
  { "one-refused-does-not-hold-up-others", PLAIN "@on CREATE b*\n  @no [CANNOT] no\n",
    "a b c", 0, "a b! c", "INBOX[0] a[0]{subscribed} c[0]{subscribed}" },
  { "a-parent-is-made-where-it-is-missed",
    PLAIN "@on CREATE a/b [nth=1]\n  @no [NONEXISTENT] no parent\n@count CREATE a = 1\n",
    "a/b", 0, "a/b", "INBOX[0] a[0] a/b[0]{subscribed}" },
  { "a-missing-parent-is-no-endless-loop",
    PLAIN "@on CREATE a/b\n  @no [NONEXISTENT] no parent\n@count CREATE * <= 4\n", "a/b",
    0, "a/b!", "INBOX[0] a[0]" },
  { "a-special-use-is-set",
    "@capability IMAP4rev1 SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED\n@mailbox "
    "INBOX\n",
    "Gesendet", HAUL_USE_SENT, "Gesendet", "INBOX[0] Gesendet[0]{sent,subscribed}" },
  { "a-special-use-that-is-refused-is-left-out",
    "@capability IMAP4rev1 CREATE-SPECIAL-USE\n@mailbox INBOX\n"
    "@on CREATE Gesendet (USE *\n  @no [USEATTR] not that\n",
    "Gesendet", HAUL_USE_SENT, "Gesendet", "INBOX[0] Gesendet[0]{subscribed}" },
  { "an-awkward-name-is-escaped-when-refused",
    PLAIN "@on CREATE *.*\n  @no [CANNOT] Character not allowed\n", "a.b", 0, "a.b",
    "INBOX[0] a.b[0]{subscribed}" },
};

static void
test_create (gconstpointer data)
{
  const Vector *vector = data;
  g_autoptr (ImapAccount) account = open_account (vector->script);
  g_autofree char *result = create (account, vector->create, vector->special_use);
  g_autofree char *list = imap_account_list (account);
  g_assert_no_error (account->error);
  g_assert_cmpstr (result, ==, vector->result);
  g_assert_cmpstr (list, ==, vector->list);
}

static void
test_remove (void)
{
  g_autoptr (ImapAccount) account = open_account (
      PLAIN "@mailbox full\n@messages 1\n@mailbox empty\n@never DELETE full\n"
            "@never DELETE INBOX\n@count DELETE * = 1\n");
  const char *full[] = { "full", NULL }, *empty[] = { "empty", NULL };
  const char *inbox[] = { "INBOX", NULL };
  g_autoptr (GError) refused = NULL;
  g_autoptr (GError) unsupported = NULL;
  g_assert_false (imap_remove (account->session, full, &refused));
  g_assert_error (refused, HAUL_ERROR, HAUL_ERROR_EXISTS);
  g_assert_false (imap_remove (account->session, inbox, &unsupported));
  g_assert_error (unsupported, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
  g_assert_true (imap_remove (account->session, empty, &account->error));
  g_autofree char *list = imap_account_list (account);
  g_assert_cmpstr (list, ==, "INBOX[0] full[1]");
}

static void
test_rename (void)
{
  g_autoptr (ImapAccount)
      account = open_account (PLAIN "@mailbox a\n@mailbox a/b\n@never RENAME INBOX *\n");
  const char *from[] = { "a", NULL }, *to[] = { "c", NULL }, *inbox[] = { "INBOX", NULL };
  g_autoptr (GError) refused = NULL;
  g_assert_true (imap_rename (account->session, from, to, &account->error));
  g_assert_false (imap_rename (account->session, inbox, to, &refused));
  g_assert_error (refused, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
  g_autofree char *list = imap_account_list (account);
  g_assert_cmpstr (list, ==, "INBOX[0] c[0] c/b[0]");
}

static void
test_enter (void)
{
  g_autoptr (ImapAccount) account = open_account (
      PLAIN "@mailbox Old noselect\n@mailbox a uidvalidity=5 uidnext=9\n@messages 2\n"
            "@never SELECT Old\n@never EXAMINE Old\n");
  const char *a[] = { "a", NULL }, *old[] = { "Old", NULL }, *none[] = { "no", NULL };
  HaulFolderStatus status = { 0 };
  g_autoptr (GError) noselect = NULL;
  g_autoptr (GError) missing = NULL;
  g_assert_false (
      imap_enter (account->session, old, HAUL_ENTER_READ, &status, &noselect));
  g_assert_error (noselect, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
  g_assert_false (
      imap_enter (account->session, none, HAUL_ENTER_READ, &status, &missing));
  g_assert_error (missing, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
  g_assert_true (
      imap_enter (account->session, a, HAUL_ENTER_READ, &status, &account->error));
  g_assert_cmpuint (status.messages, ==, 2);
  g_assert_cmpuint (status.uid_validity, ==, 5);
}

/* Without a UIDVALIDITY no two sessions may believe that keys mean the same. */
static void
test_no_validity (void)
{
  static const char script[] = PLAIN "@mailbox a\n@on EXAMINE a\n  @answer replace "
                                     "\"UIDVALIDITY\" \"X-NOTHING\"\n  @default\n";
  const char *a[] = { "a", NULL };
  guint64 seen[2] = { 0 };
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (ImapAccount) account = open_account (script);
      HaulFolderStatus status = { 0 };
      g_assert_true (
          imap_enter (account->session, a, HAUL_ENTER_READ, &status, &account->error));
      g_assert_true (status.known & HAUL_STATUS_UIDVALIDITY);
      g_assert_false (status.known & HAUL_STATUS_TOKEN);
      seen[i] = status.uid_validity;
    }
  g_assert_cmpuint (seen[0], !=, seen[1]);
  g_assert_cmpuint (MIN (seen[0], seen[1]), >, G_MAXUINT32);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/imap/folders/", vectors[i].name, NULL);
      g_test_add_data_func (path, &vectors[i], test_create);
    }
  g_test_add_func ("/imap/folders/only-empty-ones-are-removed", test_remove);
  g_test_add_func ("/imap/folders/a-rename-takes-children-along", test_rename);
  g_test_add_func ("/imap/folders/what-cannot-be-entered-is-not-found", test_enter);
  g_test_add_func ("/imap/folders/no-uidvalidity-means-no-lasting-keys",
                   test_no_validity);
  return g_test_run ();
}
