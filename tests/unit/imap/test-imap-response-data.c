/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Untagged data other than FETCH: each vector is what a server sent and the
 * events that must come of it, however the bytes are cut. A name that starts with hNN is
 * hazard NN of the IMAP reference. Test thread. */
#include <string.h>

#include <glib.h>

#include "imap-feed.h"

typedef struct
{
  const gchar *name;
  const gchar *wire;
  gsize length;
  const gchar *events;
} Vector;

#define VECTOR(name, wire, events)                                                       \
  {                                                                                      \
    name, wire, sizeof (wire) - 1, events                                                \
  }

static const Vector vectors[] = {
  VECTOR ("h01-literal-as-list-and-status-name",
          "* LIST () \"/\" {5}\r\n"
          "a b/c\r\n"
          "* STATUS {3}\r\n"
          "a)b (MESSAGES 1)\r\n",
          "list [] / 'a b/c'\n"
          "status 'a)b' messages=1\n"),
  VECTOR ("h04-unescaped-quotes-in-a-name",
          "* LIST () \"/\" \"He said \"hi\" there\"\r\n"
          "* LIST () \"/\" \"a\"b\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n",
          "list [] / 'He said \"hi\" there'\n"
          "list [] / 'a\"b' ['SUBSCRIBED']\n"),
  VECTOR ("h04-raw-bytes-in-quoted-strings",
          "* LIST () \"/\" \"a\tb\344\001\000c\"\r\n"
          "* ID (\"na\"me\" \"Dom\\ain\")\r\n",
          "list [] / 'a\\x09b\\xe4\\x01\\x00c'\n"
          "id ['na\"me' 'Dom\\ain']\n"),
  VECTOR ("h05-unquoted-names-with-control-characters-and-blanks",
          "* LIST (\\HasNoChildren) \"/\" My\tFolder\001\r\n"
          "* LIST () \"/\" Two Words\r\n"
          "* LIST () \"/\" Two Words (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n"
          "* LIST () \"/\" Trailing \r\n",
          "list ['\\HasNoChildren'] / 'My\\x09Folder\\x01'\n"
          "list [] / 'Two Words'\n"
          "list [] / 'Two Words' ['SUBSCRIBED']\n"
          "list [] / 'Trailing'\n"),
  VECTOR ("h06-mailbox-named-nil",
          "* LIST () \"/\" NIL\r\n"
          "* LIST () NIL nil\r\n"
          "* STATUS NIL (MESSAGES 1)\r\n"
          "* LIST () \"/\" \"\"\r\n",
          "list [] / 'NIL'\n"
          "list [] flat 'nil'\n"
          "status 'NIL' messages=1\n"
          "list [] / ''\n"),
  VECTOR ("h13-status-values-that-make-no-sense",
          "* STATUS a (MESSAGES -1 UIDNEXT 0 UIDVALIDITY 0 UNSEEN 0 HIGHESTMODSEQ"
          " 9.37e+06)\r\n"
          "* STATUS a (UIDVALIDITY 4294967296 APPENDLIMIT NIL SIZE 99999999999)\r\n",
          "status 'a' unseen=0\n"
          "status 'a' size=99999999999\n"),
  VECTOR ("h14-quota-above-32-bits",
          "* QUOTA \"\" (STORAGE 10000000000 20000000000 MESSAGE 1 x)\r\n"
          "* QUOTAROOT INBOX \"\" r2\r\n",
          "quota '' 'STORAGE'10000000000/20000000000\n"
          "quotaroot ['INBOX' '' 'r2']\n"),
  VECTOR ("h19-capabilities-in-any-form",
          "* CAPABILITY imap4rev1 LITERAL + AUTH=plain\r\n"
          "* CAPABILITY IMAP4\r\n"
          "* CAPABILITY\r\n"
          "* ENABLED QRESYNC\r\n"
          "* ENABLED\r\n",
          "capability ['imap4rev1' 'LITERAL' '+' 'AUTH=plain']\n"
          "capability ['IMAP4']\n"
          "capability []\n"
          "enabled ['QRESYNC']\n"
          "enabled []\n"),
  VECTOR ("h20-status-with-blank-before-the-end-and-other-case",
          "* STATUS inbox (MESSAGES 6 UIDNEXT 7 X-FOO (1 2) RECENT 0 )\r\n"
          "* STATUS Two Words (MESSAGES 1)\r\n",
          "status 'inbox' messages=6 recent=0 uidnext=7\n"
          "status 'Two Words' messages=1\n"),
  VECTOR ("h25-delimiters",
          "* LIST () NIL flat\r\n"
          "* LIST () \"\\\\\" a\\b\r\n"
          "* LIST () \"\\\" a\\b\r\n"
          "* LIST () \"^\" a^b\r\n"
          "* LIST () \"\\\"\" x\r\n"
          "* LIST () . a.b\r\n"
          "* LIST () \"\" q\r\n",
          "list [] flat 'flat'\n"
          "list [] \\ 'a\\b'\n"
          "list [] \\ 'a\\b'\n"
          "list [] ^ 'a^b'\n"
          "list [] \" 'x'\n"
          "list [] . 'a.b'\n"
          "list [] flat 'q'\n"),
  VECTOR ("h26-inbox-in-another-case", "* LIST (\\Noinferiors) \"/\" iNbOx\r\n",
          "list ['\\Noinferiors'] / 'iNbOx'\n"),
  VECTOR ("h27-containers",
          "* LIST (\\Noselect \\HasChildren) \"/\" \"[Gmail]\"\r\n"
          "* LIST (\\NonExistent) \"/\" [Gmail]/x\r\n",
          "list ['\\Noselect' '\\HasChildren'] / '[Gmail]'\n"
          "list ['\\NonExistent'] / '[Gmail]/x'\n"),
  VECTOR ("h30-wildcards-in-names",
          "* LIST () \"/\" \"a*b%\"\r\n"
          "* LIST () \"/\" a*b\r\n",
          "list [] / 'a*b%'\n"
          "list [] / 'a*b'\n"),
  VECTOR ("h41-esearch-and-search-in-all-forms",
          "* ESEARCH (TAG \"A1\") UID MIN 7 MAX 3800 COUNT 5 ALL 9:5,3:* MODSEQ 917"
          "162500\r\n"
          "* ESEARCH UID\r\n"
          "* ESEARCH ALL 1\r\n"
          "* ESEARCH (TAG \"A\") UID PARTIAL (1:500 NIL) X-NEW (1 2)\r\n"
          "* SEARCH\r\n"
          "* SEARCH \r\n"
          "* SEARCH 2 3 (MODSEQ 917162500)\r\n"
          "* SEARCH 2 x\r\n"
          "* SEARCH 0 1\r\n"
          "* ESEARCH COUNT x\r\n",
          "esearch uid tag='A1' min=7 max=3800 count=5 modseq=917162500 all='9:5,"
          "3:*'\n"
          "esearch uid\n"
          "esearch all='1'\n"
          "esearch uid tag='A' range='1:500'\n"
          "search\n"
          "search\n"
          "search 2 3 modseq=917162500\n"
          "malformed 'SEARCH'\n"
          "search 1\n"
          "malformed 'ESEARCH'\n"),
  VECTOR ("vanished",
          "* VANISHED (EARLIER) 41,43:116\r\n"
          "* VANISHED 5\r\n"
          "* VANISHED (EARLIER)\r\n"
          "* VANISHED x:\r\n",
          "vanished earlier '41,43:116'\n"
          "vanished '5'\n"
          "malformed 'VANISHED'\n"
          "vanished 'x:'\n"),
  VECTOR (
      "list-extended",
      "* LIST (\\NonExistent) \"/\" \"x\" (\"CHILDINFO\" (\"SUBSCRIBED\" \"SPECIAL-USE\""
      ") \"X-Y\" (a (b)) \"OLDNAME\" (\"NIL\"))\r\n"
      "* XLIST (\\HasNoChildren \\Inbox) \"/\" \"Posteingang\"\r\n"
      "* LSUB () \".\" a\r\n",
      "list ['\\NonExistent'] / 'x' ['SUBSCRIBED' 'SPECIAL-USE'] old='NIL'\n"
      "xlist ['\\HasNoChildren' '\\Inbox'] / 'Posteingang'\n"
      "lsub [] . 'a'\n"),
  VECTOR ("status-with-ids",
          "* STATUS a (MAILBOXID (F2212ea87-6097) MESSAGES 1)\r\n"
          "* STATUS b (X-GUID 00ff)\r\n"
          "* STATUS c (DELETED 3 APPENDLIMIT 5)\r\n",
          "status 'a' messages=1 id='F2212ea87-6097'\n"
          "status 'b' id='00ff'\n"
          "status 'c' deleted=3 appendlimit=5\n"),
  VECTOR (
      "namespace",
      "* NAMESPACE ((\"INBOX.\" \".\")(\"\" NIL)) NIL ((\"Shared/\" \"/\" \"TRANSLATION\""
      " (\"x\")))\r\n"
      "* NAMESPACE NIL NIL NIL\r\n"
      "* NAMESPACE NIL\r\n",
      "namespace personal:'INBOX.'. personal:'' shared:'Shared/'/\n"
      "namespace\n"
      "malformed 'NAMESPACE'\n"),
  VECTOR ("id",
          "* ID NIL\r\n"
          "* ID (\"name\" \"Dovecot\" \"version\" NIL)\r\n"
          "* ID (\"odd\")\r\n",
          "id []\n"
          "id ['name' 'Dovecot' 'version' NIL]\n"
          "malformed 'ID'\n"),
  VECTOR ("lines-cut-short-are-malformed",
          "* LIST\r\n"
          "* LIST (\\X) \"/\"\r\n"
          "* LIST \"/\" a\r\n"
          "* STATUS a\r\n"
          "* STATUS (MESSAGES 1)\r\n"
          "* FLAGS\r\n"
          "* FLAGS x\r\n"
          "* LIST (\\X \"/\" a\r\n"
          "* 0 EXPUNGE\r\n"
          "* LIST () \"/\" \"abc\r\n",
          "malformed 'LIST'\n"
          "malformed 'LIST'\n"
          "malformed 'LIST'\n"
          "malformed 'STATUS'\n"
          "malformed 'STATUS'\n"
          "malformed 'FLAGS'\n"
          "malformed 'FLAGS'\n"
          "malformed 'LIST'\n"
          "malformed 'EXPUNGE'\n"
          "malformed 'LIST'\n"),
  VECTOR ("unknown-responses-are-skipped-by-structure",
          "* METADATA \"\" (/private/comment {12}\r\n"
          "* BYE (x)\r\n"
          ")\r\n"
          "* X-NEW\r\n"
          "* 5 X-COUNT foo\r\n"
          "* X \"a)b\" ((\r\n"
          "* 3 EXISTS\r\n"
          "* THREAD (1 2)(3)\r\n"
          "* LIST-RESPONSE\r\n",
          "unknown 'METADATA'\n"
          "unknown 'X-NEW'\n"
          "unknown 'X-COUNT'\n"
          "unknown 'X'\n"
          "exists 3\n"
          "unknown 'THREAD'\n"
          "unknown 'LIST-RESPONSE'\n"),
  VECTOR ("nesting-beyond-the-limit-is-malformed",
          "* LIST ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
          "((((((()))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
          "))))))) \"/\" a\r\n"
          "* 3 EXISTS\r\n",
          "malformed 'LIST'\n"
          "exists 3\n"),
  VECTOR ("expunge-exists-recent",
          "* 3 EXISTS\r\n"
          "* 0 RECENT\r\n"
          "* 2 EXPUNGE\r\n"
          "* 2 expunge\r\n",
          "exists 3\n"
          "recent 0\n"
          "expunge 2\n"
          "expunge 2\n"),
  VECTOR ("lines-that-are-nothing",
          "\r\n"
          "\n"
          " \r\n"
          "(x)\r\n"
          "\"q\"\r\n"
          "*\r\n"
          "* \r\n"
          "A1\r\n"
          "A1 \r\n"
          "A1 WHAT now\r\n"
          "foo bar\r\n"
          "* 3 EXISTS\r\n",
          "unknown ''\n"
          "unknown 'q'\n"
          "unknown ''\n"
          "unknown ''\n"
          "unknown 'A1'\n"
          "unknown 'A1'\n"
          "unknown 'A1'\n"
          "unknown 'foo'\n"
          "exists 3\n"),
};

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;

  imap_feed_check (vector->wire, vector->length, vector->events);
}

/* Hazard 40: there is no limit on the length of a line. */
static void
test_long_line (void)
{
  g_autofree gchar *name = g_strnfill (100000, 'x');
  g_autofree gchar *wire = g_strdup_printf ("* LIST () \"/\" %s\r\n", name);
  g_autofree gchar *events = g_strdup_printf ("list [] / '%s'\n", name);

  imap_feed_check (wire, strlen (wire), events);
}

/* What nobody wants may be longer than any buffer. */
static void
test_long_unknown (void)
{
  g_autofree gchar *text = g_strnfill (1100000, 'x');
  g_autofree gchar *wire = g_strdup_printf ("* X-NEW \"%s\" %s {1100000}\r\n%s\r\n", text,
                                            text, text);

  imap_feed_check (wire, strlen (wire), "unknown 'X-NEW'\n");
}

/* A name above the limit makes the line unusable, and the next one is read as ever. */
static void
test_name_above_limit (void)
{
  g_autofree gchar *name = g_strnfill (1100000, 'x');
  g_autofree gchar *wire = g_strdup_printf (
      "* LIST () \"/\" {1100000}\r\n%s\r\n* 3 EXISTS\r\n", name);

  imap_feed_check (wire, strlen (wire), "malformed 'LIST'\nexists 3\n");
}

/* More tokens than any real response has make it unusable, not the connection. */
static void
test_tokens_above_limit (void)
{
  g_autoptr (GString) wire = g_string_new ("* FLAGS (");

  for (guint i = 0; i < 70000; i++)
    g_string_append (wire, "a ");
  g_string_append (wire, ")\r\n* 3 EXISTS\r\n");
  imap_feed_check (wire->str, wire->len, "malformed 'FLAGS'\nexists 3\n");
}

/* One set may be as large as a mailbox of a million messages needs. */
static void
test_long_set (void)
{
  g_autoptr (GString) set = g_string_new ("1");

  for (guint i = 3; i < 400000; i += 2)
    g_string_append_printf (set, ",%u", i);
  g_autofree gchar *wire = g_strdup_printf ("* ESEARCH UID ALL %s\r\n", set->str);
  g_autofree gchar *events = g_strdup_printf ("esearch uid all='%s'\n", set->str);
  imap_feed_check (wire, strlen (wire), events);
}

/* A SEARCH line of any length comes in batches of bounded size. */
static void
test_search_batches (void)
{
  g_autoptr (GString) wire = g_string_new ("* SEARCH");
  g_autoptr (GString) events = g_string_new (NULL);

  for (guint i = 1; i <= 2500; i++)
    {
      g_string_append_printf (wire, " %u", i);
      if (i % 1024 == 1)
        g_string_append (events, i + 1023 <= 2500 ? "search-part" : "search");
      g_string_append_printf (events, i % 1024 == 0 ? " %u\n" : " %u", i);
    }
  g_string_append (wire, "\r\n");
  g_string_append (events, "\n");
  imap_feed_check (wire->str, wire->len, events->str);
}

/* A line that fills its last batch exactly still ends. */
static void
test_search_full_batch (void)
{
  g_autoptr (GString) wire = g_string_new ("* SEARCH");
  g_autoptr (GString) events = g_string_new ("search-part");

  for (guint i = 1; i <= 1024; i++)
    {
      g_string_append_printf (wire, " %u", i);
      g_string_append_printf (events, " %u", i);
    }
  g_string_append (wire, "\r\n");
  g_string_append (events, "\nsearch\n");
  imap_feed_check (wire->str, wire->len, events->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree gchar *path = g_strconcat ("/imap/response-data/", vectors[i].name,
                                            NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/imap/response-data/h40-line-of-100000-bytes", test_long_line);
  g_test_add_func ("/imap/response-data/unknown-data-above-every-buffer-is-skipped",
                   test_long_unknown);
  g_test_add_func ("/imap/response-data/name-above-the-limit-is-malformed",
                   test_name_above_limit);
  g_test_add_func ("/imap/response-data/tokens-above-the-limit-are-malformed",
                   test_tokens_above_limit);
  g_test_add_func ("/imap/response-data/set-of-a-large-mailbox", test_long_set);
  g_test_add_func ("/imap/response-data/search-comes-in-batches", test_search_batches);
  g_test_add_func ("/imap/response-data/search-of-one-full-batch-ends",
                   test_search_full_batch);
  return g_test_run ();
}
