/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listings of servers that can much, little, or claim more than they can: the same
 * folders come out, or an error. */
#include "imap-account.h"

typedef struct
{
  const char *name;
  const char *script;
  const char *expected; /* NULL: no listing */
} Vector;

#define MODERN                                                                           \
  "@capability IMAP4rev1 NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE "     \
  "ENABLE QRESYNC\n"
#define FOLDERS                                                                          \
  "@mailbox INBOX subscribed\n@messages 3\n"                                             \
  "@mailbox Sent attributes=(\\Sent) subscribed\n"                                       \
  "@mailbox Old noselect\n"                                                              \
  "@mailbox Old/2020\n@messages 2\n"
#define ALL "INBOX[3]{subscribed} Old{noselect} Old/2020[2] Sent[0]{sent,subscribed}"
#define ALL_BUT_USE                                                                      \
  "INBOX[3]{subscribed} Old{noselect} Old/2020[2] Sent[0]{sent,subscribed}"

static const Vector vectors[] = {
  { "one-command-where-the-server-can",
    MODERN FOLDERS "@count LIST * = 1\n@never STATUS *\n@never LSUB *\n", ALL },
  { "without-list-status",
    "@capability IMAP4rev1 LIST-EXTENDED SPECIAL-USE\n" FOLDERS
    "@count STATUS * = 3\n@never LSUB *\n",
    ALL },
  { "with-nothing", "@capability IMAP4rev1\n" FOLDERS "@count LSUB * = 1\n",
    ALL_BUT_USE },
  { "return-is-bad-although-announced", MODERN FOLDERS "@on LIST * RETURN *\n  @bad no\n",
    ALL },
  { "return-lists-nothing", MODERN FOLDERS "@on LIST * RETURN *\n  @ok done\n", ALL },
  { "list-refused-is-an-error",
    "@capability IMAP4rev1\n" FOLDERS "@on LIST *\n  @no [SERVERBUG] sorry\n", NULL },
  { "list-refused-everywhere-is-an-error", MODERN FOLDERS "@on LIST *\n  @no sorry\n",
    NULL },
  { "subscriptions-refused-is-an-error",
    "@capability IMAP4rev1\n" FOLDERS "@on LSUB *\n  @no sorry\n", NULL },
  { "status-of-one-refused",
    "@capability IMAP4rev1\n" FOLDERS "@on STATUS Sent *\n  @no sorry\n",
    "INBOX[3]{subscribed} Old{noselect} Old/2020[2] Sent{sent,subscribed}" },
  { "the-inbox-is-missing",
    "@capability IMAP4rev1\n" FOLDERS
    "@on LIST *\n  S: * LIST () \"/\" Sent\n  @ok done\n",
    "INBOX[3]{subscribed} Sent[0]{subscribed}" },
  { "inbox-in-another-case-and-twice",
    "@capability IMAP4rev1\n@mailbox INBOX\n"
    "@on LIST *\n  S: * LIST () \"/\" Inbox\n  S: * LIST (\\Marked) \"/\" INBOX\n"
    "  @ok done\n",
    "INBOX[0]" },
  { "names-as-literals",
    "@capability IMAP4rev1\n@mailbox INBOX\n@mailbox \"a b\"\n"
    "@on LIST *\n  S: * LIST () \"/\" INBOX\n  S: * LIST () \"/\" {3}\n  @raw a b\\r\\n\n"
    "  @ok done\n",
    "INBOX[0] a b[0]" },
  { "nonexistent-is-noselect",
    "@capability IMAP4rev1\n@mailbox INBOX\n"
    "@on LIST *\n  S: * LIST () \"/\" INBOX\n  S: * LIST (\\NonExistent) \"/\" a\n"
    "  @ok done\n",
    "INBOX[0] a{noselect}" },
  { "parents-of-subscriptions-are-not-subscribed",
    "@capability IMAP4rev1\n@mailbox INBOX\n@mailbox a\n@mailbox a/b\n"
    "@on LSUB *\n  S: * LSUB (\\Noselect) \"/\" a\n  S: * LSUB () \"/\" a/b\n"
    "  @ok done\n",
    "INBOX[0] a[0] a/b[0]{subscribed}" },
  { "other-peoples-folders-are-left-out",
    "@capability IMAP4rev1 NAMESPACE\n"
    "@namespace ((\"\" \"/\")) ((\"user/\" \"/\")) ((\"Shared/\" \"/\"))\n"
    "@mailbox INBOX\n@mailbox user/joe\n@mailbox Shared noselect\n"
    "@mailbox Shared/team\n@mailbox SharedNot\n",
    "INBOX[0] SharedNot[0]" },
  { "a-prefix-is-taken-off",
    "@capability IMAP4rev1 NAMESPACE\n@delimiter .\n"
    "@namespace ((\"INBOX.\" \".\")) NIL NIL\n"
    "@mailbox INBOX\n@mailbox INBOX.Sent\n@mailbox INBOX.Sent.2020\n",
    "INBOX[0] Sent[0] Sent/2020[0]" },
  { "status-before-its-list",
    MODERN "@mailbox INBOX\n@on LIST * RETURN *\n"
           "  S: * STATUS INBOX (MESSAGES 5 UIDNEXT 9 UIDVALIDITY 7 )\n"
           "  S: * LIST () \"/\" INBOX\n  @ok done\n",
    "INBOX[5]" },
  { "an-unreadable-line-is-an-error",
    "@capability IMAP4rev1\n@mailbox INBOX\n"
    "@on LIST *\n  S: * LIST () \"/\" INBOX\n  S: * LIST () (\n  @ok done\n",
    NULL },
  { "cut-in-the-middle-is-an-error",
    "@capability IMAP4rev1\n@mailbox INBOX\n"
    "@on LIST *\n  S: * LIST () \"/\" INBOX\n  @close\n",
    NULL },
};

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;
  g_autoptr (ImapAccount) account = imap_account_new (vector->script, HAUL_ROLE_SOURCE);
  gboolean open = imap_account_open (account);
  g_autofree char *list = open ? imap_account_list (account) : NULL;
  if (vector->expected != NULL)
    g_assert_no_error (account->error);
  else
    g_assert_nonnull (account->error);
  g_assert_cmpstr (list, ==, vector->expected);
}

/* Asked again, it is asked of the server, whatever happened in between. */
static void
test_again (void)
{
  g_autoptr (ImapAccount) account = imap_account_new (
      MODERN FOLDERS "@count LIST * = 2\n", HAUL_ROLE_DESTINATION);
  g_assert_true (imap_account_open (account));
  g_autofree char *first = imap_account_list (account);
  const char *path[] = { "Sent", NULL };
  g_assert_true (imap_subscribe (account->session, path, FALSE, &account->error));
  g_autofree char *second = imap_account_list (account);
  g_assert_cmpstr (first, ==, ALL);
  g_assert_cmpstr (second, ==,
                   "INBOX[3]{subscribed} Old{noselect} Old/2020[2] Sent[0]{sent}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/imap/list/", vectors[i].name, NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/imap/list/asked-again-asks-the-server", test_again);
  return g_test_run ();
}
