/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetches against a scripted server: every planned message delivered whole, or failed
 * once, whatever the server does. */
#include <string.h>

#include "imap-source.h"

#define FIVE    "@mailbox INBOX uidvalidity=7\n@messages 5 text=12345\n"
#define BODIES  "@on UID FETCH *BODY.PEEK*"
#define FIRST   FIVE BODIES " [nth=1]\n"
#define GOOD_5  "1=5 2=5 3=5 4=5 5=5"
#define LARGE   "300000"
#define THREE   "@mailbox INBOX\n@messages 3 size=" LARGE "\n"
#define GOOD_3L "1=" LARGE " 2=" LARGE " 3=" LARGE

/* A script, the number of planned messages with their hint, and how they must end. */
typedef struct
{
  const char *name;
  const char *script;
  guint count;
  guint64 hint;
  const char *expected;
  const char *words; /* in the reason of the failed one */
} Vector;

static const Vector vectors[] = {
  { "plain", FIVE "@count UID FETCH * = 1\n@count UID FETCH 1:5 * = 1\n", 5, 5, GOOD_5,
    NULL },
  { "large-bodies-pass", THREE "@count UID FETCH * = 1\n", 3, 300000, GOOD_3L, NULL },
  { "size-hint-is-only-a-hint", FIVE, 5, 999, GOOD_5, NULL },
  { "size-hint-too-small", THREE, 3, 1, GOOD_3L, NULL },
  { "empty-message", "@mailbox INBOX\n@message text=\n", 1, 0, "1=0", NULL },
  { "empty-message-of-unknown-size", "@mailbox INBOX\n@message text=\n", 1,
    HAUL_SIZE_UNKNOWN, "1=0", NULL },
  { "empty-body-that-has-a-size-is-refetched",
    FIRST "S: * 1 FETCH (UID 1 BODY[] \"\")\n@ok done\n", 1, 5, "1=5", NULL },
  { "empty-body-that-has-a-size-for-ever",
    FIVE BODIES "\nS: * 1 FETCH (UID 1 BODY[] \"\")\n@ok done\n", 1, 5, "1!corrupt",
    "an empty body" },
  { "quoted-body", FIRST "S: * 1 FETCH (UID 1 BODY[] \"12345\")\n@ok done\n", 1, 5, "1=5",
    NULL },
  { "one-missing-comes-alone",
    FIRST "@answer drop 3\n@default\n@count UID FETCH 3 *BODY* = 1\n", 5, 5, GOOD_5,
    NULL },
  { "nil-body-comes-alone",
    FIRST "S: * 1 FETCH (UID 1 BODY[] NIL)\n@ok done\n@count UID FETCH 1 *BODY* = 2\n", 1,
    5, "1=5", NULL },
  { "nil-for-ever", FIVE BODIES "\nS: * 1 FETCH (UID 1 BODY[] NIL)\n@ok done\n", 1, 5,
    "1!corrupt", "does not deliver its body" },
  { "body-item-missing-for-ever", FIVE BODIES "\nS: * 1 FETCH (UID 1)\n@ok done\n", 1, 5,
    "1!corrupt", "does not deliver its body" },
  { "gone",
    "@mailbox INBOX\n@messages 5 text=12345\n@on UID FETCH 1:5 *BODY*\n"
    "@expunge INBOX 3\n@default\n@never UID FETCH 3 *BODY*\n",
    5, 5, "1=5 2=5 3!gone 4=5 5=5", "no longer exists" },
  { "gone-by-one-answer-only-is-asked-alone",
    FIRST "@answer drop 3\n@default\n@on UID FETCH 3 (UID FLAGS)\n@ok done\n"
          "@count UID FETCH 3 *BODY* = 1\n",
    5, 5, GOOD_5, NULL },
  { "expungeissued",
    FIVE BODIES " [nth=1]\n@expunge INBOX 2\n@no [EXPUNGEISSUED] some are gone\n", 5, 5,
    "1=5 2!gone 3=5 4=5 5=5", NULL },
  { "reversed", FIRST "@answer reverse\n@default\n@count UID FETCH * = 1\n", 5, 5, GOOD_5,
    NULL },
  { "doubled", FIRST "@answer double\n@default\n@count UID FETCH * = 1\n", 5, 5, GOOD_5,
    NULL },
  { "flags-behind-the-body",
    FIRST "@answer flags-last\n@default\n@count UID FETCH * = 1\n", 5, 5, GOOD_5, NULL },
  { "nobody-asked-for-that",
    FIRST
    "@answer insert 1 * 9 FETCH (UID 99 BODY[] \"other\")\n"
    "@answer insert 1 * 1 FETCH (UID 1 BODY[HEADER] \"other\")\n"
    "@answer insert 1 * 1 FETCH (UID 1 BODY[]<2> \"oth\")\n"
    "@answer insert 1 * 2 FETCH (FLAGS (\\Seen))\n@default\n@count UID FETCH * = 1\n",
    5, 5, GOOD_5, NULL },
  { "uid-behind-the-body",
    FIRST "S: * 2 FETCH (BODY[] \"abcde\" UID 2)\nS: * 1 FETCH (BODY[] \"12345\" UID 1)\n"
          "@ok done\n@count UID FETCH * = 1\n",
    2, 5, "1=5 2=5", NULL },
  { "uidfetch",
    FIRST "S: * 2 UIDFETCH (BODY[] \"abcde\")\nS: * 1 UIDFETCH (BODY[] \"12345\")\n"
          "@ok done\n@count UID FETCH * = 1\n",
    2, 5, "1=5 2=5", NULL },
  { "two-bodies-in-one-line",
    FIRST "S: * 1 FETCH (UID 1 BODY[] \"12345\" BODY[] \"xx\")\n@ok done\n"
          "@count UID FETCH * = 1\n",
    1, 5, "1=5", NULL },
  { "two-uids-in-one-line",
    FIRST "S: * 1 FETCH (UID 1 BODY[] \"wrong\" UID 2)\n@ok done\n", 2, 5, "1=5 2=5",
    NULL },
  { "wrong-length-is-refetched",
    "@mailbox INBOX\n@message text=123\\r\\n\n" BODIES
    " [nth=1]\n@answer literal -2\n@default\n@count UID FETCH 1 *BODY* = 2\n",
    1, 5, "1=5", NULL },
  { "wrong-length-for-ever",
    "@mailbox INBOX\n@message text=123\\r\\n\n" BODIES "\n@answer literal -2\n@default\n",
    1, 5, "1!protocol", "damaged" },
  { "wrong-length-of-a-large-body",
    "@mailbox INBOX\n@message size=" LARGE "\n" BODIES "\n@answer literal -2\n@default\n",
    1, 300000, "1!protocol", "damaged" },
  { "no-for-one-message",
    FIVE "@on UID FETCH <1:5|1:2|3:5|3:4|3> *BODY*\n@no [UNAVAILABLE] cannot read it\n",
    5, 5, "1=5 2=5 3!busy 4=5 5=5", "[UNAVAILABLE] cannot read it" },
  { "bad-for-one-message",
    FIVE "@on UID FETCH <1:5|1:2|1> *BODY*\n@bad Command Argument Error. 12\n", 5, 5,
    "1!rejected 2=5 3=5 4=5 5=5", "Command Argument Error. 12" },
  { "no-behind-some-messages",
    FIVE
    "@on UID FETCH 1:5 *BODY*\n@answer drop 4\n@answer drop 4\n"
    "@answer tagged NO [SERVERBUG] bad mail\n@default\n"
    "@on UID FETCH 4 *BODY*\n@no [CORRUPTION] bad mail\n@count UID FETCH 5 *BODY* = 1\n",
    5, 5, "1=5 2=5 3=5 4!corrupt 5=5", "bad mail" },
  { "permission-of-one-message-is-not-the-folder's",
    FIVE "@on UID FETCH <1:5|1:2|1> *BODY*\n@no permission denied\n", 5, 5,
    "1!permission 2=5 3=5 4=5 5=5", "permission denied" },
};

static GPtrArray *
plan_of (guint count, guint64 hint)
{
  GPtrArray *plan = source_plan_new ();
  for (guint i = 1; i <= count; i++)
    source_plan_add (plan, i, hint);
  return plan;
}

static void
assert_reason (const GPtrArray *plan, const char *words)
{
  for (guint i = 0; i < plan->len; i++)
    {
      const SourceMail *mail = g_ptr_array_index (plan, i);
      if (mail->reason == NULL)
        continue;
      g_assert_cmpint (haul_error_scope (mail->reason), ==, HAUL_SCOPE_MESSAGE);
      if (words != NULL && strstr (mail->reason->message, words) == NULL)
        g_assert_cmpstr (mail->reason->message, ==, words);
    }
}

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;
  g_autoptr (SourceWorld) world = source_world_new (vector->script);
  g_autoptr (GPtrArray) plan = plan_of (vector->count, vector->hint);
  (void) source_world_fetch (world, plan);
  g_assert_no_error (world->error);
  g_autofree char *text = source_plan_text (plan);
  g_assert_cmpstr (text, ==, vector->expected);
  assert_reason (plan, vector->words);
}

/* ---- bytes ---- */

static void
test_bytes_are_kept (void)
{
  static const char raw[] = "A: b\nC: d\r\n\r\nbare\nlf\r, cr\r\r\nnul\0 \xff\r\nno end";
  g_autoptr (SourceWorld) world = source_world_new (
      "@mailbox INBOX\n@message "
      "text=A:\\x20b\\nC:\\x20d\\r\\n\\r\\nbare\\nlf\\r,\\x20cr\\r"
      "\\r\\nnul\\0\\x20\\xff\\r\\nno\\x20end\n");
  g_autoptr (GPtrArray) plan = plan_of (1, sizeof raw - 1);
  g_assert_true (source_world_fetch (world, plan));
  const SourceMail *mail = g_ptr_array_index (plan, 0);
  g_assert_cmpmem (mail->bytes->str, mail->bytes->len, raw, sizeof raw - 1);
}

static void
test_uid_behind_a_very_large_body (void)
{
  g_autofree char *body = g_strnfill (5000000, 'x');
  g_autofree char *script = g_strdup_printf (
      "@mailbox INBOX\n@messages 2 text=x\n"
      "@on UID FETCH 1:2 *BODY*\nS: * 1 FETCH (BODY[] {5000000}\n@raw %s UID 1)\\r\\n\n"
      "S: * 2 FETCH (BODY[] {1}\n@raw y UID 2)\\r\\n\n@ok done\n"
      "@on UID FETCH 1 *BODY*\nS: * 1 FETCH (BODY[] {5000000}\n@raw %s UID 1)\\r\\n\n"
      "@ok done\n",
      body, body);
  g_autoptr (SourceWorld) world = source_world_new (script);
  g_autoptr (GPtrArray) plan = plan_of (2, 100);
  (void) source_world_fetch (world, plan);
  g_assert_no_error (world->error);
  g_autofree char *text = source_plan_text (plan);
  g_assert_cmpstr (text, ==, "1=5000000 2=1");
}

static void
test_many_in_sets (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      "@mailbox INBOX\n@messages 1000 text=12345\n@count UID FETCH * = 10\n");
  g_autoptr (GPtrArray) plan = plan_of (1000, 5);
  (void) source_world_fetch (world, plan);
  g_assert_no_error (world->error);
  for (guint i = 0; i < plan->len; i++)
    g_assert_cmpuint (((SourceMail *) plan->pdata[i])->ended, ==, 1);
}

static void
test_sets_are_pipelined (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      "@settle 20ms\n@mailbox INBOX\n@messages 1000 text=12345\n");
  guint before = imap_script_round_trips (world->script);
  g_autoptr (GPtrArray) plan = plan_of (1000, 5);
  g_assert_true (source_world_fetch (world, plan));
  /* Ten sets, two in flight: never one trip for each. */
  g_assert_cmpuint (imap_script_round_trips (world->script) - before, <=, 10);
}

/* ---- the session's end ---- */

static void
test_cut_in_a_body_blames_it (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      FIVE "@on UID FETCH 1:5 *BODY*\nS: * 1 FETCH (UID 1 BODY[] {5}\n@raw 12345)\\r\\n\n"
           "S: * 2 FETCH (UID 2 BODY[] {5}\n@raw 12\n@close\n");
  g_autoptr (GPtrArray) plan = plan_of (5, 5);
  g_assert_false (source_world_fetch (world, plan));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_SESSION);
  g_autofree char *text = source_plan_text (plan);
  g_assert_cmpstr (text, ==, "1=5 2!network 3? 4? 5?");
}

static void
test_close_before_a_body_blames_the_next (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      FIVE "@on UID FETCH 1:5 *BODY*\nS: * 1 FETCH (UID 1 BODY[] {5}\n@raw 12345)\\r\\n\n"
           "@close\n");
  g_autoptr (GPtrArray) plan = plan_of (5, 5);
  g_assert_false (source_world_fetch (world, plan));
  g_autofree char *text = source_plan_text (plan);
  g_assert_cmpstr (text, ==, "1=5 2!network 3? 4? 5?");
}

static void
test_lost_track_blames_the_body (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      FIVE "@on UID FETCH 1:5 *BODY*\n@answer literal -1\n@default\n");
  g_autoptr (GPtrArray) plan = plan_of (5, 5);
  g_assert_false (source_world_fetch (world, plan));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_PROTOCOL);
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_SESSION);
  g_autofree char *text = source_plan_text (plan);
  g_assert_cmpstr (text, ==, "1!protocol 2? 3? 4? 5?");
}

static void
test_stall_is_a_timeout (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      FIVE
      "@on UID FETCH 1:5 *BODY*\nS: * 1 FETCH (UID 1 BODY[] {5}\n@raw 123\n@stall\n");
  g_autoptr (GPtrArray) plan = plan_of (5, 5);
  g_assert_false (source_world_fetch (world, plan));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_TIMEOUT);
}

static void
test_busy_server_blames_nobody (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      FIVE "@on UID FETCH 1:5 *BODY*\n"
           "S: * BYE [LIMIT] Rate limit hit, try again in 5 seconds\n@close\n");
  g_autoptr (GPtrArray) plan = plan_of (5, 5);
  g_assert_false (source_world_fetch (world, plan));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_BUSY);
  g_autofree char *text = source_plan_text (plan);
  g_assert_cmpstr (text, ==, "1? 2? 3? 4? 5?");
}

static void
test_throttle_is_not_taken_apart (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      FIRST "@no [THROTTLED] Suggested Backoff Time: 300000 milliseconds\n"
            "@count UID FETCH * = 1\n");
  g_autoptr (GPtrArray) plan = plan_of (5, 5);
  g_assert_false (source_world_fetch (world, plan));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_BUSY);
  g_assert_cmpint (haul_error_delay_us (world->error), ==, 300 * G_USEC_PER_SEC);
}

static void
test_refused_folder_is_given_up (void)
{
  g_autoptr (SourceWorld) world = source_world_new (
      "@mailbox INBOX\n@messages 100 text=12345\n" BODIES "\n@no [NOPERM] not for you\n"
      "@count UID FETCH * <= 40\n");
  g_autoptr (GPtrArray) plan = plan_of (100, 5);
  g_assert_false (source_world_fetch (world, plan));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_PERMISSION);
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_FOLDER);
}

/* ---- the sink ---- */

static void
test_sink_that_ends_the_fetch (void)
{
  g_autoptr (SourceWorld) world = source_world_new (FIVE);
  g_autoptr (GPtrArray) plan = plan_of (5, 5);
  g_assert_false (source_world_fetch_failing (world, plan, 2, HAUL_SCOPE_FOLDER));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_IO);
  /* The session stands, and nothing of the old answer is left in it. */
  source_world_enter (world);
  g_autoptr (GPtrArray) again = plan_of (5, 5);
  (void) source_world_fetch (world, again);
  g_assert_no_error (world->error);
  g_autofree char *text = source_plan_text (again);
  g_assert_cmpstr (text, ==, GOOD_5);
}

static void
test_sink_whose_session_is_lost (void)
{
  g_autoptr (SourceWorld) world = source_world_new (FIVE);
  g_autoptr (GPtrArray) plan = plan_of (5, 5);
  g_assert_false (source_world_fetch_failing (world, plan, 2, HAUL_SCOPE_SESSION));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_IO);
  g_autofree char *text = source_plan_text (plan);
  g_assert_cmpstr (text, ==, "1=5 2=5 3? 4? 5?");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/imap/fetch/", vectors[i].name, NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
#define ADD(name, func) g_test_add_func ("/imap/fetch/" name, func)
  ADD ("bytes-are-kept", test_bytes_are_kept);
  ADD ("uid-behind-a-very-large-body", test_uid_behind_a_very_large_body);
  ADD ("many-in-sets", test_many_in_sets);
  ADD ("sets-are-pipelined", test_sets_are_pipelined);
  ADD ("cut-in-a-body-blames-it", test_cut_in_a_body_blames_it);
  ADD ("close-before-a-body-blames-the-next", test_close_before_a_body_blames_the_next);
  ADD ("lost-track-blames-the-body", test_lost_track_blames_the_body);
  ADD ("stall-is-a-timeout", test_stall_is_a_timeout);
  ADD ("busy-server-blames-nobody", test_busy_server_blames_nobody);
  ADD ("throttle-is-not-taken-apart", test_throttle_is_not_taken_apart);
  ADD ("refused-folder-is-given-up", test_refused_folder_is_given_up);
  ADD ("sink-that-ends-the-fetch", test_sink_that_ends_the_fetch);
  ADD ("sink-whose-session-is-lost", test_sink_whose_session_is_lost);
  return g_test_run ();
}
