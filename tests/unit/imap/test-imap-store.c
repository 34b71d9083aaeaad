/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stores against a scripted server: what is sent, how it is put into commands, and which
 * keys come back. Refusals are test-imap-store-refused.c's. */
#include <string.h>

#include "imap-target.h"

/* A Dovecot with everything that a store can use. */
#define DOVECOT                                                                          \
  "@greeting Dovecot ready.\n"                                                           \
  "@id (\"name\" \"Dovecot\")\n"                                                         \
  "@capability IMAP4rev1 LITERAL+ ID MULTIAPPEND UIDPLUS UNSELECT CATENATE\n"            \
  "@mailbox INBOX uidvalidity=7 uidnext=5\n"

/* The same program with less. */
#define DOVECOT_WITH(capabilities)                                                       \
  "@greeting Dovecot ready.\n"                                                           \
  "@id (\"name\" \"Dovecot\")\n"                                                         \
  "@capability IMAP4rev1 ID UIDPLUS UNSELECT " capabilities "\n"                         \
  "@mailbox INBOX uidvalidity=7 uidnext=5\n"

/* One that nobody knows. */
#define UNKNOWN(capabilities)                                                            \
  "@capability IMAP4rev1 UIDPLUS UNSELECT " capabilities "\n"                            \
  "@mailbox INBOX uidvalidity=7 uidnext=5\n"

static void
add_sizes (TargetWorld *world, guint count, gsize size)
{
  for (guint i = 0; i < count; i++)
    target_add_sized (world, "INBOX", size + i);
}

/* All of @world is stored, with keys from @first on. */
static void
assert_stored (TargetWorld *world, guint first)
{
  GString *expected = g_string_new (NULL);
  g_assert_no_error (world->error);
  for (guint i = 0; i < world->mails->len; i++)
    g_string_append_printf (expected, "%s%u", i == 0 ? "" : " ", first + i);
  g_autofree char *results = target_results (world);
  g_assert_cmpstr (results, ==, expected->str);
  g_string_free (expected, TRUE);
  target_assert_bodies (world, "INBOX");
}

static void
test_batch (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@count APPEND * = 1\n");
  add_sizes (world, 20, 100);
  target_store (world);
  assert_stored (world, 5);
}

static void
test_batch_full (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@count APPEND * = 3\n");
  add_sizes (world, 150, 100);
  target_store (world);
  assert_stored (world, 5);
}

static void
test_batch_bytes (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@count APPEND * = 2\n");
  add_sizes (world, 6, 300 * 1024);
  target_store (world);
  assert_stored (world, 5);
}

static void
test_folders (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT "@mailbox A uidvalidity=9\n@count APPEND * = 3\n");
  const char *folders[] = { "INBOX", "INBOX", "A", "A", "A", "INBOX" };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    target_add_sized (world, folders[i], 200);
  target_store (world);
  g_assert_no_error (world->error);
  g_autofree char *results = target_results (world);
  g_assert_cmpstr (results, ==, "5 6 1 2 3 7");
}

static void
test_nothing (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@never APPEND *\n");
  g_assert_true (target_store (world));
}

/* Without MULTIAPPEND each has its command, and none waits for the one before. */
static void
test_single (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT_WITH ("LITERAL+") "@settle 50ms\n@count APPEND * = 20\n");
  guint before = imap_script_round_trips (world->script);
  add_sizes (world, 20, 5000);
  target_store (world);
  assert_stored (world, 5);
  g_assert_cmpuint (imap_script_round_trips (world->script) - before, <=, 2);
}

/* Without any way around waiting, a message costs one round trip and not two. */
static void
test_sync (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new (DOVECOT_WITH ("") "@settle 50ms\n@count APPEND * = 10\n");
  guint before = imap_script_round_trips (world->script);
  add_sizes (world, 10, 5000);
  target_store (world);
  assert_stored (world, 5);
  g_assert_cmpuint (imap_script_round_trips (world->script) - before, <=, 12);
}

static void
test_literal_minus (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT_WITH (
      "LITERAL-") "@count APPEND *{4096+} = 1\n@count APPEND *{4097} = 1\n");
  target_add_sized (world, "INBOX", 4096);
  target_add_sized (world, "INBOX", 4097);
  target_store (world);
  assert_stored (world, 5);
}

static void
test_catenate (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new (DOVECOT_WITH ("LITERAL- CATENATE") "@settle 50ms\n");
  guint before = imap_script_round_trips (world->script);
  target_add_sized (world, "INBOX", 20000);
  target_add_sized (world, "INBOX", 100000);
  target_store (world);
  assert_stored (world, 5);
  g_assert_cmpuint (imap_script_round_trips (world->script) - before, <=, 2);
}

/* Rule 8: a refused upload of this size is dearer than a round trip. */
static void
test_big_waits (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new (DOVECOT "@count APPEND *{1048576} = 1\n");
  target_add_sized (world, "INBOX", 300);
  target_add_sized (world, "INBOX", 1024 * 1024)->lasts = TRUE;
  target_add_sized (world, "INBOX", 300);
  target_store (world);
  assert_stored (world, 5);
}

static void
test_streamed (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT);
  for (guint i = 0; i < 4; i++)
    target_add_sized (world, "INBOX", 700000 + i)->lasts = TRUE;
  target_store (world);
  assert_stored (world, 5);
}

/* A server that may not swallow what it refused: the first message of a folder waits. */
static void
test_first_waits (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      UNKNOWN ("LITERAL+") "@count APPEND *{200} = 1\n@count APPEND *+} = 4\n");
  add_sizes (world, 5, 200);
  target_store (world);
  assert_stored (world, 5);
}

/* ---- flags and dates ---- */

static const char *
flags_of (TargetWorld *world, GPtrArray *messages, guint index)
{
  (void) world;
  return ((ImapScriptMessage *) messages->pdata[index])->flags;
}

static void
set_keywords (TargetMail *mail, const char *words)
{
  g_strfreev (mail->keywords);
  mail->keywords = g_strsplit (words, " ", -1);
}

static void
test_flags (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT);
  target_add_sized (world, "INBOX", 100)->flags = HAUL_FLAGS_ALL;
  TargetMail *mail = target_add_sized (world, "INBOX", 100);
  mail->flags = HAUL_FLAG_SEEN;
  set_keywords (mail, "$Forwarded work \\Forwarded Work");
  target_store (world);
  assert_stored (world, 5);
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  g_assert_cmpstr (flags_of (world, messages, 0), ==,
                   "\\Answered \\Deleted \\Draft \\Flagged \\Seen");
  g_assert_cmpstr (flags_of (world, messages, 1), ==, "$Forwarded \\Seen work");
  g_assert_null (mail->note);
}

static void
test_illegal_keywords (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT);
  TargetMail *mail = target_add_sized (world, "INBOX", 100);
  set_keywords (mail, "a]b caf\xc3\xa9 good "
                      "x23456789x123456789x123456789x123456789x123456789xx (x");
  target_store (world);
  assert_stored (world, 5);
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  g_assert_cmpstr (flags_of (world, messages, 0), ==, "good");
  g_assert_nonnull (strstr (mail->note, "\"a]b\""));
  g_assert_nonnull (strstr (mail->note, "\"caf\xc3\xa9\""));
  g_assert_null (strstr (mail->note, "good"));
}

static void
test_permanent_flags (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@greeting Dovecot ready.\n@id (\"name\" \"Dovecot\")\n"
      "@capability IMAP4rev1 LITERAL+ ID MULTIAPPEND UIDPLUS UNSELECT\n"
      "@mailbox INBOX uidnext=5 permanentflags=(\\Seen \\Answered $MDNSent)\n");
  TargetMail *mail = target_add_sized (world, "INBOX", 100);
  mail->flags = HAUL_FLAG_SEEN | HAUL_FLAG_DRAFT;
  set_keywords (mail, "$mdnsent Work");
  target_store (world);
  assert_stored (world, 5);
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  g_assert_cmpstr (flags_of (world, messages, 0), ==, "$mdnsent \\Seen");
  g_assert_nonnull (strstr (mail->note, "keyword \"Work\""));
  g_assert_nonnull (strstr (mail->note, "flag \"\\Draft\""));
}

static void
test_dates (void)
{
  static const struct
  {
    gint64 date, expected;
    gint32 zone, expected_zone;
    gboolean noted;
  } cases[] = {
    { 951782400, 951782400, 330, 330, FALSE }, /* 29 February 2000 */
    { 0, 0, 0, 0, FALSE },
    { 3600, 3600, -120, 0, FALSE }, /* in its own zone that was in 1969 */
    { -86400, 0, 0, 0, TRUE },
    { -2208988800, 0, 60, 60, TRUE },                    /* 1900 */
    { G_GINT64_CONSTANT (253402300799), 0, 0, 0, TRUE }, /* the end of 9999 */
  };
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      TargetMail *mail = target_add_sized (world, "INBOX", 100);
      mail->has_date = TRUE;
      mail->date = cases[i].date;
      mail->zone = cases[i].zone;
    }
  target_add_sized (world, "INBOX", 100);
  target_store (world);
  assert_stored (world, 5);
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const ImapScriptMessage *message = messages->pdata[i];
      const TargetMail *mail = world->mails->pdata[i];
      g_assert_cmpint (mail->note != NULL, ==, cases[i].noted);
      if (i + 1 == G_N_ELEMENTS (cases))
        {
          g_assert_cmpint (message->date, >=, now);
          g_assert_cmpint (message->date, <, now + 60);
          continue;
        }
      g_assert_cmpint (message->date, ==, cases[i].expected);
      g_assert_cmpint (message->zone_minutes, ==, cases[i].expected_zone);
    }
  const ImapScriptMessage *last = messages->pdata[G_N_ELEMENTS (cases)];
  g_assert_true (last->date == G_MININT64);
}

/* Exchange up to 2013 shows \Flagged to others only if it was STOREd. */
static void
test_flagged_by_store (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@greeting The Microsoft Exchange IMAP4 service is ready.\n"
      "@capability IMAP4rev1 LITERAL+ UIDPLUS UNSELECT\n"
      "@mailbox INBOX uidvalidity=7 uidnext=5\n"
      "@never APPEND *Flagged*\n@count UID STORE * = 1\n");
  for (guint i = 0; i < 3; i++)
    target_add_sized (world, "INBOX", 100)->flags = HAUL_FLAG_FLAGGED | HAUL_FLAG_SEEN;
  target_store (world);
  assert_stored (world, 5);
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr (flags_of (world, messages, i), ==, "\\Flagged \\Seen");
}

/* ---- keys ---- */

static void
test_no_uidplus (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@capability IMAP4rev1 LITERAL+ UNSELECT\n@mailbox INBOX uidnext=5\n");
  add_sizes (world, 2, 100);
  target_store (world);
  g_assert_no_error (world->error);
  g_autofree char *results = target_results (world);
  g_assert_cmpstr (results, ==, "? ?");
}

static void
test_odd_uids (void)
{
  static const struct
  {
    const char *uids, *results;
  } cases[] = { { "[APPENDUID 7 5:7] ", "5 6 7" },   { "[APPENDUID 7 5,6,9] ", "5 6 9" },
                { "[APPENDUID 7 5:6] ", "? ? ?" },   { "[APPENDUID 7 5:8] ", "? ? ?" },
                { "[APPENDUID 7 5,5,5] ", "5 5 5" }, { "[APPENDUID 0 5:7] ", "? ? ?" },
                { "[APPENDUID 7 5:*] ", "? ? ?" },   { "[APPENDUID 7] ", "? ? ?" },
                { "[APPENDUID] ", "? ? ?" },         { "", "? ? ?" } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script = g_strdup_printf (
          DOVECOT "@on APPEND *\n  @execute\n  @ok %sdone\n", cases[i].uids);
      g_autoptr (TargetWorld) world = target_world_new (script);
      add_sizes (world, 3, 100);
      target_store (world);
      g_assert_no_error (world->error);
      g_autofree char *results = target_results (world);
      g_assert_cmpstr (results, ==, cases[i].results);
    }
}

/* ---- what is lost ---- */

/* How many messages ended with @result. */
static guint
count_results (TargetWorld *world, const char *result)
{
  guint count = 0;
  for (guint i = 0; i < world->mails->len; i++)
    if (strcmp (((TargetMail *) world->mails->pdata[i])->result->str, result) == 0)
      count++;
  return count;
}

/* The second batch is stored, and nobody says so. */
static void
test_drop (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new (DOVECOT "@on APPEND * [nth=2]\n  @drop-tagged\n");
  add_sizes (world, 100, 100);
  g_assert_false (target_store (world));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_assert_cmpuint (world->landed->len, ==, 64);
  g_assert_cmpuint (count_results (world, "unknown"), ==, 36);
}

static void
test_bye (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT "@on APPEND * [nth=2]\n  @bye shutting down\n  @close\n");
  add_sizes (world, 100, 100);
  g_assert_false (target_store (world));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_SESSION);
  g_assert_cmpuint (world->landed->len, ==, 64);
}

static void
test_silence (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@on APPEND *\n  @stall\n");
  add_sizes (world, 1, 100);
  g_assert_false (target_store (world));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_TIMEOUT);
  g_assert_cmpuint (count_results (world, "unknown"), ==, 1);
}

/* The connection ends at every kind of place inside an APPEND. */
static void
test_cut (void)
{
  static const char *const faults[] = { "@take 0", "@take 1", "@take -1", "@take all" };
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *script = g_strdup_printf (
          DOVECOT "@on-literal APPEND *\n  @accept\n  %s\n  @reset\n", faults[i]);
      g_autoptr (TargetWorld) world = target_world_new (script);
      add_sizes (world, 1, 5000);
      g_assert_false (target_store (world));
      g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_SESSION);
      g_assert_cmpuint (count_results (world, "unknown"), ==, 1);
    }
}

/* The source breaks off inside a literal: that message failed, the connection is gone,
 * and nothing half lies at the server. */
static void
test_source_breaks (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT);
  add_sizes (world, 3, 100);
  TargetMail *mail = target_add_sized (world, "INBOX", 600000);
  mail->breaks = mail->lasts = TRUE;
  g_assert_false (target_store (world));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_SESSION);
  g_assert_cmpstr (mail->result->str, ==, "network");
  target_world_reopen (world);
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  g_assert_cmpuint (messages->len, <=, 3);
}

/* Longer under way than the server may be silent: the silence is the source's. */
static void
test_slow_source (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT);
  world->settings.timeout_us = G_USEC_PER_SEC / 2;
  target_world_reopen (world);
  target_add_sized (world, "INBOX", 600000)->slow_ms = 300;
  target_store (world);
  assert_stored (world, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/store/shares-one-append", test_batch);
  g_test_add_func ("/imap/store/batch-ends-at-64", test_batch_full);
  g_test_add_func ("/imap/store/batch-ends-at-bytes", test_batch_bytes);
  g_test_add_func ("/imap/store/folder-begins-a-batch", test_folders);
  g_test_add_func ("/imap/store/nothing-to-do", test_nothing);
  g_test_add_func ("/imap/store/single-appends-in-a-row", test_single);
  g_test_add_func ("/imap/store/one-round-trip-each-if-it-must-wait", test_sync);
  g_test_add_func ("/imap/store/literal-minus", test_literal_minus);
  g_test_add_func ("/imap/store/catenate-instead-of-waiting", test_catenate);
  g_test_add_func ("/imap/store/big-message-waits", test_big_waits);
  g_test_add_func ("/imap/store/streams-what-is-not-whole", test_streamed);
  g_test_add_func ("/imap/store/first-of-a-folder-waits", test_first_waits);
  g_test_add_func ("/imap/store/flags", test_flags);
  g_test_add_func ("/imap/store/illegal-keywords", test_illegal_keywords);
  g_test_add_func ("/imap/store/permanent-flags", test_permanent_flags);
  g_test_add_func ("/imap/store/dates", test_dates);
  g_test_add_func ("/imap/store/flagged-by-store", test_flagged_by_store);
  g_test_add_func ("/imap/store/no-keys-without-uidplus", test_no_uidplus);
  g_test_add_func ("/imap/store/odd-appenduid", test_odd_uids);
  g_test_add_func ("/imap/store/answer-lost", test_drop);
  g_test_add_func ("/imap/store/bye", test_bye);
  g_test_add_func ("/imap/store/silence", test_silence);
  g_test_add_func ("/imap/store/cut-inside-an-append", test_cut);
  g_test_add_func ("/imap/store/slow-source", test_slow_source);
  g_test_add_func ("/imap/store/source-breaks-off", test_source_breaks);
  return g_test_run ();
}
