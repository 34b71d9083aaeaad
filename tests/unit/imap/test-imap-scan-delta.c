/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Second scans against a scripted server: what changed since a token, what is new since a
 * mark; and a whole listing wherever the server's difference cannot be believed. */
#include <string.h>

#include "imap-source.h"

#define SOME    (HAUL_NEED_FLAGS | HAUL_NEED_SIZE)
#define FIVE    "@mailbox INBOX uidvalidity=7\n@messages 5 text=12345\n"
#define QRESYNC "@capability IMAP4rev1 ENABLE CONDSTORE QRESYNC ESEARCH UIDPLUS\n" FIVE
#define PLAIN   "@capability IMAP4rev1 ENABLE CONDSTORE ESEARCH\n" FIVE
#define AGAIN   "@on EXAMINE * [nth=2]\n"
#define ALL_5   "1 size=5;2 size=5;3 size=5;4 size=5;5 size=5"
#define WHOLE   "@count UID FETCH 1:\\* (*) >= 2\n"
#define CHANGES "@on UID FETCH *CHANGEDSINCE*\n"

/* What happens before the second EXAMINE, and what the second scan must say. */
typedef struct
{
  const char *name;
  const char *script;
  gboolean delta;
  const char *expected;
} Vector;

static const Vector vectors[] = {
  /* It is asked in the flight of EXAMINE, before that can say that nothing changed. */
  { "nothing-changed-says-nothing", PLAIN "@count UID * = 2\n", TRUE, "" },
  { "flags", PLAIN AGAIN "@flags INBOX 3 (\\Seen)\n@default\n", TRUE, "3 \\Seen size=5" },
  { "new-mail", PLAIN AGAIN "@deliver INBOX text=xy\n@default\n", TRUE, "6 size=2" },
  { "removed-without-qresync", PLAIN AGAIN "@expunge INBOX 3\n@default\n", FALSE,
    "1 size=5;2 size=5;4 size=5;5 size=5" },
  { "removed-and-new-without-qresync",
    PLAIN AGAIN "@expunge INBOX 3\n@deliver INBOX text=xy\n@default\n", FALSE,
    "1 size=5;2 size=5;4 size=5;5 size=5;6 size=2" },
  { "removed-with-qresync", QRESYNC AGAIN "@expunge INBOX 3\n@default\n", TRUE, "-3" },
  { "everything-with-qresync",
    QRESYNC AGAIN "@expunge INBOX 2\n@flags INBOX 4 (Work)\n@deliver INBOX text=xy\n"
                  "@deliver INBOX text=xyz\n@default\n",
    TRUE, "-2;4 Work size=5;6 size=2;7 size=3" },
  { "new-and-removed-again",
    QRESYNC AGAIN "@deliver INBOX text=xy\n@expunge INBOX 6\n@default\n", TRUE, "" },
  { "other-uidvalidity", QRESYNC AGAIN "@uidvalidity INBOX 8\n@default\n", FALSE, ALL_5 },
  { "uidnext-went-back",
    QRESYNC AGAIN "@flags INBOX 1 (\\Seen)\n@answer replace \"UIDNEXT 6\" \"UIDNEXT 5\"\n"
                  "@default\n",
    FALSE, "1 \\Seen size=5;2 size=5;3 size=5;4 size=5;5 size=5" },
  { "no-modseq-any-more",
    QRESYNC AGAIN "@flags INBOX 1 (\\Seen)\n"
                  "@answer replace \"[HIGHESTMODSEQ\" \"[NOMODSEQ] was [X\"\n@default\n",
    FALSE, "1 \\Seen size=5;2 size=5;3 size=5;4 size=5;5 size=5" },
  { "vanished-that-never-existed",
    QRESYNC AGAIN
    "@expunge INBOX 3\n@default\n" CHANGES
    "@answer replace \"(EARLIER) 3\" \"(EARLIER) 3,8:4000000000\"\n@default\n",
    TRUE, "-3" },
  { "vanished-that-was-removed-long-before",
    "@capability IMAP4rev1 ENABLE CONDSTORE QRESYNC ESEARCH\n"
    "@mailbox INBOX uidvalidity=7\n@message uid=1 text=12345\n@message uid=9 text=12345\n"
    "@message uid=10 text=12345\n" AGAIN "@expunge INBOX 9\n@default\n" CHANGES
    "@answer replace \"(EARLIER) 9\" \"(EARLIER) 2:9\"\n@default\n",
    TRUE, "-2;-3;-4;-5;-6;-7;-8;-9" },
  { "vanished-that-exists",
    QRESYNC AGAIN "@expunge INBOX 3\n@default\n" CHANGES
                  "@answer replace \"(EARLIER) 3\" \"(EARLIER) 3:4\"\n@default\n" WHOLE,
    FALSE, "1 size=5;2 size=5;4 size=5;5 size=5" },
  { "vanished-that-is-short",
    QRESYNC AGAIN "@expunge INBOX 3\n@expunge INBOX 4\n@default\n" CHANGES
                  "@answer replace \"(EARLIER) 3:4\" \"(EARLIER) 3\"\n@default\n" WHOLE,
    FALSE, "1 size=5;2 size=5;5 size=5" },
  { "vanished-everything",
    QRESYNC AGAIN
    "@expunge INBOX 3\n@default\n" CHANGES
    "@answer replace \"(EARLIER) 3\" \"(EARLIER) 1:4294967295\"\n@default\n" WHOLE,
    FALSE, "1 size=5;2 size=5;4 size=5;5 size=5" },
  { "vanished-malformed",
    QRESYNC AGAIN "@expunge INBOX 3\n@default\n" CHANGES
                  "@answer replace \"(EARLIER) 3\" \"(EARLIER) 3,,\"\n@default\n" WHOLE,
    FALSE, "1 size=5;2 size=5;4 size=5;5 size=5" },
  { "vanished-without-a-set",
    QRESYNC AGAIN "@expunge INBOX 3\n@default\n" CHANGES
                  "@answer replace \"(EARLIER) 3\" \"(EARLIER)\"\n@default\n" WHOLE,
    FALSE, "1 size=5;2 size=5;4 size=5;5 size=5" },
  { "new-mail-hidden",
    PLAIN AGAIN "@deliver INBOX text=xy\n@default\n" CHANGES
                "@answer drop last\n@default\n"
                "@count UID FETCH 1:\\* (UID FLAGS RFC822.SIZE) = 2\n",
    FALSE, ALL_5 ";6 size=2" },
  { "changes-refused",
    PLAIN AGAIN "@flags INBOX 3 (\\Seen)\n@default\n" CHANGES "@bad what\n", FALSE,
    "1 size=5;2 size=5;3 \\Seen size=5;4 size=5;5 size=5" },
  { "removed-while-asking",
    QRESYNC AGAIN "@flags INBOX 1 (\\Seen)\n@default\n" CHANGES
                  "@expunge INBOX 5\n@answer insert end * VANISHED 5\n@default\n",
    FALSE, "1 \\Seen size=5;2 size=5;3 size=5;4 size=5" },
  { "no-condstore",
    "@capability IMAP4rev1 ESEARCH\n" FIVE AGAIN "@flags INBOX 3 (\\Seen)\n@default\n",
    FALSE, "1 size=5;2 size=5;3 \\Seen size=5;4 size=5;5 size=5" },
};

static void
test_delta (gconstpointer data)
{
  const Vector *vector = data;
  g_autoptr (SourceWorld) world = source_world_new (vector->script);
  source_world_scan (world, SOME, HAUL_NO_BYTES, HAUL_NO_BYTES);
  g_assert_no_error (world->error);
  g_autoptr (GBytes) token = source_world_token (world);
  HaulBytes since = HAUL_NO_BYTES;
  if (token != NULL)
    since.data = g_bytes_get_data (token, &since.length);
  source_world_enter (world);
  source_world_scan (world, SOME, since, HAUL_NO_BYTES);
  g_assert_no_error (world->error);
  g_assert_cmpstr (world->records->str, ==, vector->expected);
  g_assert_cmpint (world->result.delta, ==, vector->delta);
}

static void
test_rubbish_token (void)
{
  g_autoptr (SourceWorld) world = source_world_new (FIVE);
  guint8 rubbish[24];
  memset (rubbish, 0xff, sizeof rubbish);
  for (gsize length = 1; length <= sizeof rubbish; length += 23)
    {
      HaulBytes since = { rubbish, length };
      g_assert_true (source_world_scan (world, SOME, since, HAUL_NO_BYTES));
      g_assert_cmpstr (world->records->str, ==, ALL_5);
    }
}

static void
test_token_is_that_of_the_status (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      PLAIN "@on UID FETCH *\n@deliver INBOX text=xy\n@default\n");
  static const char *const inbox[] = { "INBOX", NULL };
  HaulFolderStatus before;
  g_assert_true (imap_enter (world->session, inbox, HAUL_ENTER_READ, &before, NULL));
  g_assert_cmpuint (before.token.length, >, 0);
  g_autoptr (GBytes) then = g_bytes_new (before.token.data, before.token.length);
  g_assert_true (source_world_scan (world, SOME, HAUL_NO_BYTES, HAUL_NO_BYTES));
  g_autoptr (GBytes) token = source_world_token (world);
  /* What came while it was listed is not covered. */
  g_assert_true (g_bytes_equal (token, then));
}

static void
test_no_token_where_uids_go_back (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      PLAIN "@on EXAMINE *\n@answer replace \"UIDNEXT 6\" \"UIDNEXT 3\"\n@default\n");
  g_assert_true (source_world_scan (world, SOME, HAUL_NO_BYTES, HAUL_NO_BYTES));
  g_assert_cmpstr (world->records->str, ==, ALL_5);
  g_assert_cmpuint (world->result.status.known & (HAUL_STATUS_TOKEN | HAUL_STATUS_MARK),
                    ==, 0);
}

static void
test_no_token_without_uidvalidity (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      PLAIN
      "@on EXAMINE *\n@answer replace \"UIDVALIDITY 7\" \"UIDVALIDITY 0\"\n@default\n");
  g_assert_true (source_world_scan (world, SOME, HAUL_NO_BYTES, HAUL_NO_BYTES));
  g_assert_cmpuint (world->result.status.known & HAUL_STATUS_TOKEN, ==, 0);
}

/* ---- what is new ---- */

typedef struct
{
  const char *name;
  guint32 from;
  const char *script;
  const char *expected;
} FromVector;

static const FromVector from_vectors[] = {
  { "some", 4, FIVE, "4 size=5;5 size=5" },
  { "none-gives-the-last", 6, FIVE "@count UID * = 1\n", "" },
  { "far-above", 4000000000u, FIVE "@count UID * = 1\n", "" },
  { "all", 1, FIVE, ALL_5 },
  { "one-hidden-is-found", 2, FIVE "@on UID FETCH 2:\\* *\n@answer drop 1\n@default\n",
    "2 size=5;3 size=5;4 size=5;5 size=5" },
  { "search-that-names-lower-ones", 4,
    FIVE "@on UID SEARCH *\nS: * SEARCH 1 4 5\n@ok done\n", "4 size=5;5 size=5" },
  { "refused", 4, FIVE "@on UID FETCH 4:\\* (*FLAGS*)\n@no cannot\n",
    "4 size=5;5 size=5" },
};

static void
test_from (gconstpointer data)
{
  const FromVector *vector = data;
  g_autoptr (SourceWorld) world = source_world_new (vector->script);
  guint8 mark[4];
  imap_key_from_uid (vector->from, mark);
  source_world_scan (world, SOME, HAUL_NO_BYTES, (HaulBytes){ mark, sizeof mark });
  g_assert_no_error (world->error);
  g_assert_false (world->result.delta);
  g_assert_cmpstr (world->records->str, ==, vector->expected);
}

/* ---- the engine ---- */

static void
test_refused_record_leaves_the_session (void)
{
  g_autoptr (SourceWorld) world = source_world_new (FIVE);
  world->records_most = 3;
  g_assert_false (source_world_scan (world, SOME, HAUL_NO_BYTES, HAUL_NO_BYTES));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
  world->records_most = 0;
  source_world_enter (world);
  g_assert_true (source_world_scan (world, SOME, HAUL_NO_BYTES, HAUL_NO_BYTES));
  g_assert_cmpstr (world->records->str, ==, ALL_5);
}

static void
test_lost_session (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      FIVE
      "@on UID FETCH * [nth=1]\nS: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5)\n@close\n");
  g_assert_false (source_world_scan (world, SOME, HAUL_NO_BYTES, HAUL_NO_BYTES));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_SESSION);
  source_world_reopen (world);
  g_assert_true (source_world_scan (world, SOME, HAUL_NO_BYTES, HAUL_NO_BYTES));
  g_assert_cmpstr (world->records->str, ==, ALL_5);
}

static void
test_throttled (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      FIVE "@on UID FETCH * [nth=1]\n@no [LIMIT] Rate limit hit, try again in 5 seconds\n"
           "@count UID * = 1\n");
  g_assert_false (source_world_scan (world, SOME, HAUL_NO_BYTES, HAUL_NO_BYTES));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_BUSY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/imap/scan/since/", vectors[i].name, NULL);
      g_test_add_data_func (path, &vectors[i], test_delta);
    }
  for (guint i = 0; i < G_N_ELEMENTS (from_vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/imap/scan/from/", from_vectors[i].name,
                                           NULL);
      g_test_add_data_func (path, &from_vectors[i], test_from);
    }
#define ADD(name, func) g_test_add_func ("/imap/scan/" name, func)
  ADD ("since/rubbish-is-no-token", test_rubbish_token);
  ADD ("token/is-that-of-the-beginning", test_token_is_that_of_the_status);
  ADD ("token/none-where-uids-go-back", test_no_token_where_uids_go_back);
  ADD ("token/none-without-uidvalidity", test_no_token_without_uidvalidity);
  ADD ("engine/refused-record-leaves-the-session",
       test_refused_record_leaves_the_session);
  ADD ("session/lost", test_lost_session);
  ADD ("session/throttled", test_throttled);
  return g_test_run ();
}
