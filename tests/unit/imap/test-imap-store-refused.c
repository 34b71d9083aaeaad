/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stores that a scripted server refuses: every message is stored once, mended where that
 * helps, or fails with the server's reason; nothing goes to a folder that takes no more.
 */
#include <string.h>

#include "imap-target.h"

#define DOVECOT                                                                          \
  "@greeting Dovecot ready.\n"                                                           \
  "@id (\"name\" \"Dovecot\")\n"                                                         \
  "@capability IMAP4rev1 LITERAL+ ID MULTIAPPEND UIDPLUS UNSELECT\n"                     \
  "@mailbox INBOX uidvalidity=7 uidnext=5\n"

/* Without LITERAL+: a BAD does not cost the connection. */
#define WAITING                                                                          \
  "@greeting Dovecot ready.\n"                                                           \
  "@id (\"name\" \"Dovecot\")\n"                                                         \
  "@capability IMAP4rev1 ID MULTIAPPEND UIDPLUS UNSELECT\n"                              \
  "@mailbox INBOX uidvalidity=7 uidnext=5\n"

#define HEADER "From: a@b.example\r\nSubject: x\r\n"
#define GOOD   HEADER "\r\nbody\r\n"

static void
assert_results (TargetWorld *world, const char *expected)
{
  g_autofree char *results = target_results (world);
  g_assert_cmpstr (results, ==, expected);
}

static void
assert_noted (const TargetMail *mail, const char *words)
{
  g_assert_nonnull (mail->note);
  if (strstr (mail->note, words) == NULL)
    g_test_message ("note: %s", mail->note);
  g_assert_nonnull (strstr (mail->note, words));
}

/* The body of the only message that begins with @start. */
static char *
stored_body (TargetWorld *world, guint index)
{
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  g_assert_cmpuint (index, <, messages->len);
  GBytes *body = ((ImapScriptMessage *) messages->pdata[index])->body;
  gsize length = 0;
  const char *data = g_bytes_get_data (body, &length);
  return g_strndup (data, length);
}

/* One bad message spoils no other, and is found by halving. */
static void
test_halves (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@refuse from\n");
  for (guint i = 0; i < 64; i++)
    (void) target_add (world, "INBOX", i == 37 ? "From me\r\n" GOOD : GOOD);
  target_store (world);
  g_assert_no_error (world->error);
  g_assert_cmpuint (world->landed->len, ==, 64);
  assert_noted (world->mails->pdata[37], "separator");
  for (guint i = 0; i < 64; i++)
    g_assert_cmpint (((TargetMail *) world->mails->pdata[i])->note != NULL, ==, i == 37);
  g_assert_cmpuint (imap_script_count (world->script, "APPEND *"), <=, 16);
}

/* All of a batch is bad in the same way. */
static void
test_all_bad (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@refuse bare-lf\n");
  for (guint i = 0; i < 9; i++)
    target_add (world, "INBOX", "Subject: x\n\nbody\n");
  target_store (world);
  g_assert_no_error (world->error);
  g_assert_cmpuint (world->landed->len, ==, 9);
  g_autofree char *body = stored_body (world, 0);
  g_assert_cmpstr (body, ==, "Subject: x\r\n\r\nbody\r\n");
}

typedef struct
{
  const char *refuse;
  const char *body;
  gsize length; /* 0: of the string */
  const char *stored;
  const char *noted;
} RepairCase;

static const RepairCase repairs[] = {
  { "bare-lf", HEADER "\nbody\r\n", 0, HEADER "\r\nbody\r\n", "line feeds" },
  { "nul", HEADER "\r\na\0b\r\n", sizeof (HEADER "\r\na\0b\r\n") - 1, HEADER "\r\nab\r\n",
    "NUL" },
  { "from", "From x@y Thu Nov  9\r\n" GOOD, 0, GOOD, "separator" },
  { "no-final-crlf", HEADER "\r\nbody", 0, HEADER "\r\nbody\r\n", "last line" },
  { "bare-lf nul no-final-crlf", "Subject: x\n\na\0b", sizeof "Subject: x\n\na\0b" - 1,
    "Subject: x\r\n\r\nab\r\n", "NUL" },
};

static void
test_repairs (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (repairs); i++)
    {
      const RepairCase *c = &repairs[i];
      gsize length = c->length > 0 ? c->length : strlen (c->body);
      g_autofree char *script = g_strdup_printf (WAITING "@refuse %s\n", c->refuse);
      g_autoptr (TargetWorld) world = target_world_new (script);
      TargetMail *mail = target_add_bytes (world, "INBOX", g_bytes_new (c->body, length));
      target_store (world);
      g_assert_no_error (world->error);
      g_test_message ("refuse %s", c->refuse);
      assert_results (world, "5");
      assert_noted (mail, c->noted);
      g_autofree char *body = stored_body (world, 0);
      g_assert_cmpstr (body, ==, c->stored);
    }
}

/* Nothing is mended for a server that takes it. */
static void
test_no_repair (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (repairs); i++)
    {
      const RepairCase *c = &repairs[i];
      gsize length = c->length > 0 ? c->length : strlen (c->body);
      g_autoptr (TargetWorld) world = target_world_new (DOVECOT);
      TargetMail *mail = target_add_bytes (world, "INBOX", g_bytes_new (c->body, length));
      target_store (world);
      g_assert_no_error (world->error);
      g_assert_true (mail->note == NULL || strstr (mail->note, "mended") == NULL);
      target_assert_bodies (world, "INBOX");
    }
}

/* A big one is not held: it is offered again, and mended then. */
static void
test_repair_big (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@refuse bare-lf\n");
      GString *text = g_string_new (HEADER "\n");
      while (text->len < (i == 0 ? 700000 : 2000000))
        g_string_append (text, "all work and no play makes jack a dull boy\r\n");
      target_add_bytes (world, "INBOX", g_string_free_to_bytes (text))->lasts = TRUE;
      target_store (world);
      g_assert_no_error (world->error);
      assert_results (world, "5");
      assert_noted (world->mails->pdata[0], "line feeds");
    }
}

/* What no repair helps is enclosed, if it is the content that the server minds. */
static void
test_enclose (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT "@on APPEND * [first=1]\n  @no Message has an invalid header\n");
  TargetMail *mail = target_add (world, "INBOX",
                                 "Subject: x\r\nMessage-ID: <1@x>\r\n\r\nb\r\n");
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "5");
  assert_noted (mail, "enclosed");
  g_autofree char *body = stored_body (world, 0);
  g_assert_true (g_str_has_prefix (body, "Subject: x\r\nMessage-ID: <1@x>\r\n"));
  g_assert_true (g_str_has_suffix (body, "Content-Type: message/rfc822\r\n"
                                         "Content-Transfer-Encoding: 7bit\r\n\r\n"
                                         "Subject: x\r\nMessage-ID: <1@x>\r\n\r\nb\r\n"));
}

static void
test_rejected (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new (DOVECOT "@on APPEND *\n  @no We do not want that\n");
  TargetMail *mail = target_add (world, "INBOX", GOOD);
  target_add (world, "INBOX", GOOD);
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "rejected rejected");
  g_assert_nonnull (strstr (mail->reason->message, "We do not want that"));
  g_assert_cmpint (haul_error_scope (mail->reason), ==, HAUL_SCOPE_MESSAGE);
}

static void
test_empty (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT);
  target_add (world, "INBOX", "");
  target_add (world, "INBOX", GOOD);
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "rejected 5");
}

/* ---- sizes ---- */

static void
test_append_limit (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@capability IMAP4rev1 LITERAL+ UIDPLUS UNSELECT APPENDLIMIT=1000\n"
      "@mailbox INBOX uidnext=5\n@appendlimit 1000\n@count APPEND * = 1\n");
  target_add_sized (world, "INBOX", 1001);
  target_add_sized (world, "INBOX", 1000);
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "too-big 5");
}

static void
test_append_limit_of_folder (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@capability IMAP4rev1 LITERAL+ UIDPLUS UNSELECT APPENDLIMIT\n"
      "@mailbox INBOX uidnext=5\n@appendlimit 1000\n@count APPEND * = 1\n"
      "@count STATUS * (APPENDLIMIT) = 1\n"
      "@on STATUS INBOX (APPENDLIMIT)\n  S: * STATUS INBOX (APPENDLIMIT 1000)\n  @ok "
      "done\n");
  target_add_sized (world, "INBOX", 1001);
  target_add_sized (world, "INBOX", 1000);
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "too-big 5");
}

static void
test_too_big (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@appendlimit 1000\n");
  for (guint i = 0; i < 5; i++)
    target_add_sized (world, "INBOX", i == 2 ? 2000 : 500);
  target_store (world);
  g_assert_no_error (world->error);
  g_assert_cmpstr (((TargetMail *) world->mails->pdata[2])->result->str, ==, "too-big");
  g_assert_cmpuint (world->landed->len, ==, 4);
}

static void
test_quota (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT "@mailbox Other uidnext=9\n@quota 100000\n@count APPEND * <= 4\n");
  for (guint i = 0; i < 10; i++)
    target_add_sized (world, "INBOX", 400000);
  target_add_sized (world, "Other", 500);
  target_store (world);
  g_assert_no_error (world->error);
  TargetMail *first = world->mails->pdata[0];
  g_assert_cmpstr (first->result->str, ==, "quota");
  g_assert_cmpint (haul_error_scope (first->reason), ==, HAUL_SCOPE_FOLDER);
  g_assert_cmpstr (((TargetMail *) world->mails->pdata[9])->result->str, ==, "quota");
  g_assert_cmpstr (((TargetMail *) world->mails->pdata[10])->result->str, ==, "9");
}

/* A message that would have been tried first is among those that fail. */
static void
test_quota_and_keywords (void)
{
  g_autoptr (TargetWorld) world = target_world_new (DOVECOT "@quota 1000\n");
  for (guint i = 0; i < 20; i++)
    {
      TargetMail *mail = target_add_sized (world, "INBOX", 400000);
      if (i < 5)
        continue;
      g_strfreev (mail->keywords);
      mail->keywords = g_strsplit ("Work", " ", -1);
    }
  target_store (world);
  g_assert_no_error (world->error);
  for (guint i = 0; i < 20; i++)
    g_assert_cmpstr (((TargetMail *) world->mails->pdata[i])->result->str, ==, "quota");
}

/* Refused while the literal is being sent, by a server that may not swallow it. */
static void
test_early (void)
{
  static const char *const inbox[] = { "INBOX", NULL };
  g_autoptr (TargetWorld) world = target_world_new (
      "@capability IMAP4rev1 LITERAL+ UIDPLUS UNSELECT\n"
      "@mailbox INBOX uidvalidity=7 uidnext=5\n@appendlimit 300000\n");
  target_add (world, "INBOX", GOOD);
  target_add_sized (world, "INBOX", 900000)->lasts = TRUE;
  target_add (world, "INBOX", GOOD);
  if (!target_store (world))
    {
      g_assert_nonnull (world->note);
      target_world_reopen (world);
      HaulBytes note = { (const guint8 *) world->note, strlen (world->note) };
      imap_recover (world->session, inbox, note, &world->error);
      g_assert_no_error (world->error);
      for (guint i = 1; i < 3; i++)
        g_ptr_array_add (world->queue, world->mails->pdata[i]);
      target_store (world);
    }
  g_assert_no_error (world->error);
  assert_results (world, "5 too-big 6");
}

/* ---- folders ---- */

static void
test_create (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT "@count CREATE New = 1\n@count SUBSCRIBE New = 1\n");
  for (guint i = 0; i < 5; i++)
    target_add (world, "New", GOOD);
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "1 2 3 4 5");
  g_assert_true (imap_script_subscribed (world->script, "New"));
}

static void
test_cannot_create (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new (DOVECOT "@on CREATE New\n  @no [NOPERM] Not you\n");
  target_add (world, "New", GOOD);
  target_add (world, "New", GOOD);
  target_add (world, "INBOX", GOOD);
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "permission permission 5");
}

static void
test_no_permission (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT
      "@mailbox A\n@on APPEND A *\n  @no [NOPERM] Read only\n@count APPEND A * = 1\n");
  target_add (world, "A", GOOD);
  target_add (world, "A", GOOD);
  target_add (world, "INBOX", GOOD);
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "permission permission 5");
  g_assert_cmpint (haul_error_scope (((TargetMail *) world->mails->pdata[0])->reason), ==,
                   HAUL_SCOPE_FOLDER);
}

/* ---- keywords ---- */

static TargetMail *
add_with_keywords (TargetWorld *world, const char *words)
{
  TargetMail *mail = target_add (world, "INBOX", GOOD);
  g_strfreev (mail->keywords);
  mail->keywords = g_strsplit (words, " ", -1);
  mail->flags = HAUL_FLAG_SEEN;
  return mail;
}

/* Refused with the message, taken by STORE. */
static void
test_keywords_by_store (void)
{
  static const char *const refusals[] = { "@no [LIMIT] Too many keywords",
                                          "@no [CANNOT] No keywords here", "@no Failed",
                                          "@bad Command Argument Error. 11" };
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *script = g_strdup_printf (
          DOVECOT "@on APPEND *Work*\n  %s\n@count UID STORE * = 1\n", refusals[i]);
      g_autoptr (TargetWorld) world = target_world_new (script);
      TargetMail *mail = add_with_keywords (world, "Work");
      target_store (world);
      g_assert_no_error (world->error);
      assert_results (world, "5");
      g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
      g_assert_cmpstr (((ImapScriptMessage *) messages->pdata[0])->flags, ==,
                       "Work \\Seen");
      g_assert_null (mail->note);
    }
}

/* The limit is reached in the middle: one keyword is not kept, and it is named. */
static void
test_keywords_refused (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT "@on APPEND *Work*\n  @no [LIMIT] Too many keywords\n"
              "@on UID STORE *Work*\n  @no [LIMIT] Too many keywords\n");
  TargetMail *mail = add_with_keywords (world, "Work Home");
  TargetMail *later = add_with_keywords (world, "Home");
  target_store (world);
  g_assert_no_error (world->error);
  g_assert_cmpuint (world->landed->len, ==, 2);
  assert_noted (mail, "keyword \"Work\"");
  g_assert_null (later->note);
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  for (guint i = 0; i < 2; i++)
    g_assert_cmpstr (((ImapScriptMessage *) messages->pdata[i])->flags, ==,
                     "Home \\Seen");
}

/* ---- the session ---- */

/* A BAD behind {n+}: nothing is read as a command, and the next session is careful. */
static void
test_poison (void)
{
  static const char *const inbox[] = { "INBOX", NULL };
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT "@on APPEND *\\Draft*+}*\n  @bad Syntax\n@on APPEND *\\Draft*}\n"
              "  @bad Syntax\n");
  for (guint i = 0; i < 4; i++)
    target_add (world, "INBOX", GOOD)->flags = i == 2 ? HAUL_FLAG_DRAFT : HAUL_FLAG_SEEN;
  g_assert_false (target_store (world));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_PROTOCOL);
  assert_results (world, "unknown unknown unknown unknown");
  g_assert_nonnull (world->note);
  target_world_reopen (world);
  HaulBytes note = { (const guint8 *) world->note, strlen (world->note) };
  imap_recover (world->session, inbox, note, &world->error);
  g_assert_no_error (world->error);
  for (guint i = 0; i < 4; i++)
    g_ptr_array_add (world->queue, world->mails->pdata[i]);
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "5 6 rejected 7");
}

/* Stalwart keeps what came before the bad message of a batch. */
static void
test_not_atomic (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@greeting Stalwart ready\n@id (\"name\" \"Stalwart\")\n"
      "@capability IMAP4rev1 LITERAL+ ID MULTIAPPEND UIDPLUS UNSELECT\n"
      "@mailbox INBOX uidvalidity=7 uidnext=5\n"
      "@on APPEND * [after=1]\n  @no Bad one\n");
  for (guint i = 0; i < 4; i++)
    target_add (world, "INBOX", GOOD);
  g_assert_false (target_store (world));
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_SESSION);
  assert_results (world, "5 unknown unknown unknown");
  g_assert_nonnull (world->note);
}

static void
test_throttled (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT "@on APPEND * [first=2]\n"
              "  @no Request is throttled. Suggested Backoff Time: 50 milliseconds\n");
  target_add (world, "INBOX", GOOD);
  gint64 start = g_get_monotonic_time ();
  target_store (world);
  g_assert_no_error (world->error);
  assert_results (world, "5");
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 100 * 1000);
}

/* A long pause is not spent holding a connection. */
static void
test_throttled_long (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      DOVECOT "@on APPEND *\n"
              "  @no Request is throttled. Suggested Backoff Time: 89117 milliseconds\n");
  target_add (world, "INBOX", GOOD);
  g_assert_false (target_store (world));
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_BUSY);
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_SESSION);
  g_assert_cmpint (haul_error_delay_us (world->error), ==, 89117 * 1000);
  assert_results (world, "unknown");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/imap/store-refused/" name, func)
  ADD ("batch-is-halved", test_halves);
  ADD ("all-of-a-batch", test_all_bad);
  ADD ("repairs", test_repairs);
  ADD ("no-repair-without-refusal", test_no_repair);
  ADD ("big-message-is-mended", test_repair_big);
  ADD ("encloses-at-last", test_enclose);
  ADD ("rejected", test_rejected);
  ADD ("empty-message", test_empty);
  ADD ("append-limit", test_append_limit);
  ADD ("append-limit-of-a-folder", test_append_limit_of_folder);
  ADD ("too-big", test_too_big);
  ADD ("quota-closes-the-folder", test_quota);
  ADD ("quota-and-keywords", test_quota_and_keywords);
  ADD ("refused-early", test_early);
  ADD ("makes-the-folder", test_create);
  ADD ("cannot-make-the-folder", test_cannot_create);
  ADD ("no-permission", test_no_permission);
  ADD ("keywords-by-store", test_keywords_by_store);
  ADD ("keyword-not-kept", test_keywords_refused);
  ADD ("bad-behind-a-literal", test_poison);
  ADD ("not-atomic", test_not_atomic);
  ADD ("throttled", test_throttled);
  ADD ("throttled-for-long", test_throttled_long);
  return g_test_run ();
}
