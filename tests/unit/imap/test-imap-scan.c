/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scans against a scripted server: complete, in order, and never believing more than is
 * shown. */
#include <string.h>

#include "imap-source.h"

#define SOME  (HAUL_NEED_FLAGS | HAUL_NEED_SIZE)
#define FIVE  "@mailbox INBOX uidvalidity=7\n@messages 5 text=12345\n"
#define ALL_5 "1 size=5;2 size=5;3 size=5;4 size=5;5 size=5"

/* A script, and the records that must come; NULL: the scan must fail with @error. */
typedef struct
{
  const char *name;
  guint32 needs;
  const char *script;
  const char *expected;
  const char *error;
} Vector;

#define BENT(lines) FIVE "@on UID FETCH *FLAGS* [nth=1]\n" lines

static const Vector vectors[] = {
  { "empty-folder-asks-nothing", SOME,
    "@mailbox INBOX\n@never UID FETCH *\n@never UID SEARCH *\n", "", NULL },
  { "plain", SOME, FIVE "@count UID * = 1\n", ALL_5, NULL },
  { "keys-only", 0, FIVE "@count UID FETCH 1:\\* (UID) = 1\n",
    "1 no-flags;2 no-flags;3 no-flags;4 no-flags;5 no-flags", NULL },
  { "flags-keywords-and-date", SOME | HAUL_NEED_DATE,
    "@mailbox INBOX\n"
    "@message uid=4 flags=(\\Seen \\Flagged Work) \"date=01-Jan-2024 10:00:00 +0100\" "
    "text=x\n",
    "4 \\Seen \\Flagged Work size=1 date=1704099600+60", NULL },
  { "headers", HAUL_NEED_HEADERS,
    "@mailbox INBOX\n@message text=Subject:\\x20s\\r\\nX-Other:\\x20y\\r\\n\\r\\nbody\n",
    "1 no-flags headers=Subject: s\r\n\r\n", NULL },
  { "reversed", SOME, BENT ("@answer reverse\n@default\n@count UID * = 1\n"), ALL_5,
    NULL },
  { "split", SOME, BENT ("@answer split\n@default\n@count UID * = 1\n"), ALL_5, NULL },
  { "doubled", SOME, BENT ("@answer double\n@default\n@count UID * = 1\n"), ALL_5, NULL },
  { "lower-case", SOME, BENT ("@answer lower\n@default\n@count UID * = 1\n"), ALL_5,
    NULL },
  { "unsolicited-flags-between", SOME,
    BENT ("@answer insert 2 * 4 FETCH (FLAGS (\\Seen) UID 4)\n"
          "@answer insert 1 * 9 FETCH (FLAGS (\\Seen))\n@default\n@count UID * = 1\n"),
    ALL_5, NULL },
  { "row-for-nobody-and-uid-zero", SOME,
    BENT ("@answer insert 1 * 0 FETCH (UID 0 FLAGS () RFC822.SIZE 3)\n@default\n"), ALL_5,
    NULL },
  { "one-missing-is-asked-for", SOME,
    BENT ("@answer drop 3\n@default\n@count UID FETCH 3 * = 1\n"), ALL_5, NULL },
  { "first-missing", SOME, BENT ("@answer drop 1\n@default\n"), ALL_5, NULL },
  { "last-missing", SOME, BENT ("@answer drop last\n@default\n"), ALL_5, NULL },
  { "without-uids", SOME, BENT ("@answer no-uid\n@default\n"), ALL_5, NULL },
  { "one-without-flags-is-asked-again", SOME,
    BENT ("@answer replace \"UID 3 FLAGS ()\" \"UID 3\"\n@default\n"
          "@count UID FETCH 3 * = 1\n"),
    ALL_5, NULL },
  { "nonsense-size-is-unknown", SOME,
    BENT ("@answer replace \"UID 3 FLAGS () RFC822.SIZE 5\" "
          "\"UID 3 FLAGS () RFC822.SIZE 9.37e+06\"\n@default\n@count UID * = 1\n"),
    "1 size=5;2 size=5;3;4 size=5;5 size=5", NULL },
  { "negative-size-is-unknown", SOME,
    BENT ("@answer replace \"UID 3 FLAGS () RFC822.SIZE 5\" "
          "\"UID 3 FLAGS () RFC822.SIZE -1\"\n@default\n@count UID * = 1\n"),
    "1 size=5;2 size=5;3;4 size=5;5 size=5", NULL },
  { "invalid-date-is-unknown", HAUL_NEED_DATE,
    "@mailbox INBOX\n@message text=x\n@on UID FETCH *\n"
    "S: * 1 FETCH (UID 1 INTERNALDATE \"99-Foo-2024 10:00:00 +0000\")\n@ok done\n"
    "@count UID * = 1\n",
    "1 no-flags", NULL },
  { "arrival-while-listing", SOME,
    BENT ("@answer insert 3 * 6 EXISTS\n@default\n@count UID * = 1\n"), ALL_5, NULL },
  { "expunge-of-what-was-listed", SOME,
    BENT ("@answer insert 3 * 1 EXPUNGE\n@answer replace \"* 3 FETCH\" \"* 2 FETCH\"\n"
          "@answer replace \"* 4 FETCH\" \"* 3 FETCH\"\n"
          "@answer replace \"* 5 FETCH\" \"* 4 FETCH\"\n@default\n@count UID * = 1\n"),
    ALL_5, NULL },
  { "expunge-hides-no-missing-row", SOME,
    FIVE "@on UID FETCH *FLAGS* [nth=1]\n@expunge INBOX 1\n@answer drop 4\n"
         "@answer insert 2 * 1 EXPUNGE\n@default\n",
    NULL, NULL },
  { "refused-listing-is-done-in-sets", SOME,
    FIVE "@on UID FETCH 1:\\* *\n@no [SERVERBUG] cannot\n", ALL_5, NULL },
  { "unreadable-message-comes-by-its-key", SOME,
    FIVE "@on UID FETCH 1:\\* *FLAGS*\n@no cannot read 3\n"
         "@on UID FETCH 1:5 *\n@no cannot read 3\n@on UID FETCH 3* *\n@no cannot\n",
    "1 size=5;2 size=5;3 no-flags;4 size=5;5 size=5", NULL },
  { "listing-that-stays-incomplete", SOME,
    FIVE "@on UID FETCH *\n@answer drop last\n@default\n@on UID SEARCH *\n"
         "S: * SEARCH 1 2 3 4\n@ok done\n",
    NULL, "the server says 5 messages and described 4" },
  { "everything-refused", SOME, FIVE "@on UID *\n@no [CONTACTADMIN] sorry\n", NULL,
    "sorry" },
  { "plain-search-in-several-lines", SOME,
    BENT ("@answer drop 2\n@default\n@on UID SEARCH *\nS: * SEARCH 1 2\n"
          "S: * SEARCH 3 4 5\n@ok done\n"),
    ALL_5, NULL },
  { "esearch-without-tag-reversed", SOME,
    BENT ("@answer drop 2\n@default\n@on UID SEARCH *\nS: * ESEARCH ALL 5:4,1:3\n"
          "@ok done\n"),
    ALL_5, NULL },
  { "search-that-misses-is-not-believed", SOME,
    BENT ("@answer drop 2\n@default\n@on UID SEARCH *\nS: * SEARCH 1 3 4 5\n@ok done\n"),
    ALL_5, NULL },
  { "search-that-names-four-billion", SOME,
    BENT ("@answer drop 2\n@default\n@on UID SEARCH *\n"
          "S: * ESEARCH UID ALL 1:4294967295\n@ok done\n"),
    ALL_5, NULL },
  { "message-limit-unannounced", SOME,
    FIVE "@on UID FETCH 1:\\* *\nS: * 4 FETCH (UID 4 FLAGS () RFC822.SIZE 5)\n"
         "S: * 5 FETCH (UID 5 FLAGS () RFC822.SIZE 5)\n@ok [MESSAGELIMIT 2 4] more\n"
         "@count UID FETCH 1:3 * = 1\n",
    ALL_5, NULL },
  { "message-limit-announced", SOME,
    "@capability IMAP4rev1 ESEARCH MESSAGELIMIT=2\n" FIVE
    "@never UID FETCH 1:\\* *\n@count UID FETCH 1:2 * = 1\n@count UID FETCH 3:4 * = 1\n"
    "@count UID FETCH 5 * <= 1\n",
    ALL_5, NULL },
  { "partial-windows", SOME,
    "@capability IMAP4rev1 ESEARCH PARTIAL MESSAGELIMIT=2\n" FIVE
    "@on UID FETCH 1:\\* * (PARTIAL 1:2)\nS: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5)\n"
    "S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 5)\n@ok done\n"
    "@on UID FETCH 3:\\* * (PARTIAL 1:2)\nS: * 4 FETCH (UID 4 FLAGS () RFC822.SIZE 5)\n"
    "S: * 3 FETCH (UID 3 FLAGS () RFC822.SIZE 5)\n@ok done\n"
    "@on UID FETCH 5:\\* * (PARTIAL 1:2)\nS: * 5 FETCH (UID 5 FLAGS () RFC822.SIZE 5)\n"
    "@ok done\n@count UID * = 3\n",
    ALL_5, NULL },
  { "windows-over-sparse-uids", SOME,
    "@capability IMAP4rev1 ESEARCH MESSAGELIMIT=2\n@mailbox INBOX\n"
    "@message uid=7 text=12345\n@message uid=90000 text=12345\n"
    "@message uid=90001 text=12345\n@message uid=4000000000 text=12345\n"
    "@count UID FETCH * <= 30\n",
    "7 size=5;90000 size=5;90001 size=5;4000000000 size=5", NULL },
  { "window-that-is-cut-all-the-same", SOME,
    "@capability IMAP4rev1 ESEARCH MESSAGELIMIT=4\n" FIVE
    "@on UID FETCH 1:4 *\nS: * 3 FETCH (UID 3 FLAGS () RFC822.SIZE 5)\n"
    "S: * 4 FETCH (UID 4 FLAGS () RFC822.SIZE 5)\n@ok [MESSAGELIMIT 2 3] more\n"
    "@count UID FETCH 1:2 * = 1\n",
    ALL_5, NULL },
  { "uidonly", SOME,
    "@greeting * OK imapgate-1.2 Yahoo\n"
    "@capability IMAP4rev1 ENABLE ESEARCH UIDONLY PARTIAL MESSAGELIMIT=1000\n"
    "@mailbox INBOX\n@messages 2 text=x\n"
    "@on ENABLE *\nS: * ENABLED UIDONLY\n@ok enabled\n"
    "@on UID FETCH 1:4294967294 (UID FLAGS RFC822.SIZE)\n"
    "S: * 1 UIDFETCH (FLAGS () RFC822.SIZE 1)\n"
    "S: * 2 UIDFETCH (FLAGS () RFC822.SIZE 1)\n@ok done\n@count UID * = 1\n",
    "1 size=1;2 size=1", NULL },
  { "uidonly-and-one-missing", SOME,
    "@greeting * OK imapgate-1.2 Yahoo\n"
    "@capability IMAP4rev1 ENABLE ESEARCH UIDONLY PARTIAL MESSAGELIMIT=1000\n"
    "@mailbox INBOX\n@messages 2 text=x\n"
    "@on ENABLE *\nS: * ENABLED UIDONLY\n@ok enabled\n"
    "@on UID FETCH 1:4294967294 (UID FLAGS RFC822.SIZE)\n"
    "S: * 2 UIDFETCH (FLAGS () RFC822.SIZE 1)\n@ok done\n"
    "@on UID FETCH 1 *\nS: * 1 UIDFETCH (FLAGS () RFC822.SIZE 1)\n@ok done\n",
    "1 size=1;2 size=1", NULL },
  { "uidfetch-lines", SOME,
    "@mailbox INBOX\n@messages 2 text=x\n@on UID FETCH *\n"
    "S: * 1 UIDFETCH (FLAGS () RFC822.SIZE 1)\n"
    "S: * 2 UIDFETCH (FLAGS () RFC822.SIZE 1)\n@ok done\n@count UID * = 1\n",
    "1 size=1;2 size=1", NULL },
  { "no-flags-for-ever-is-an-error", SOME,
    FIVE "@on UID FETCH *\n@answer replace \"UID 3 FLAGS ()\" \"UID 3\"\n@default\n",
    NULL, "does not tell the flags of message UID 3" },
};

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;
  g_autoptr (SourceWorld) world = source_world_new (vector->script);
  gboolean ok = source_world_scan (world, vector->needs, HAUL_NO_BYTES, HAUL_NO_BYTES);
  if (vector->error != NULL)
    {
      g_assert_false (ok);
      g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_FOLDER);
      g_assert_nonnull (strstr (world->error->message, vector->error));
      return;
    }
  g_assert_no_error (world->error);
  g_assert_false (world->result.delta);
  if (vector->expected != NULL)
    g_assert_cmpstr (world->records->str, ==, vector->expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/imap/scan/", vectors[i].name, NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  return g_test_run ();
}
