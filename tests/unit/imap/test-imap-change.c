/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Updates, expunges and recoveries against a scripted server: exactly the messages that
 * are named change, whatever the server says. */
#include <string.h>

#include "change-group.h"
#include "imap-target.h"

#define SERVER                                                                           \
  "@capability IMAP4rev1 UIDPLUS UNSELECT\n"                                             \
  "@mailbox INBOX uidvalidity=7\n"

static const char *const inbox[] = { "INBOX", NULL };

/* "3 4! 5?": fine, failed, gone; in the order of the calls. */
static void
on_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  GString *text = user_data;
  guint32 uid = 0;
  gboolean gone = g_error_matches (error, HAUL_ERROR, HAUL_ERROR_GONE);
  g_assert_cmpuint (new_key.length, ==, 0);
  if (!imap_key_to_uid (key, &uid))
    uid = 0;
  if (error != NULL && !gone)
    g_test_message ("%u: %s", uid, error->message);
  g_string_append_printf (text, "%s%u%s", text->len > 0 ? " " : "", uid,
                          error == NULL ? ""
                          : gone        ? "?"
                                        : "!");
}

static void
enter (TargetWorld *world, HaulEnterMode mode)
{
  g_autoptr (GError) error = NULL;
  imap_enter (world->session, inbox, mode, NULL, &error);
  g_assert_no_error (error);
}

/* One change as text: "+3 \Seen Work", "-3 \Seen". */
typedef struct
{
  guint8 key[4];
  char **words;
  HaulChange change;
} Change;

static void
parse_change (Change *self, const char *text)
{
  self->words = g_strsplit (text, " ", -1);
  guint32 uid = (guint32) g_ascii_strtoull (self->words[0] + 1, NULL, 10);
  guint32 flags = 0;
  guint at = 1;
  for (; self->words[at] != NULL && self->words[at][0] == '\\'; at++)
    flags |= haul_flag_from_name (self->words[at]);
  imap_key_from_uid (uid, self->key);
  self->change = (HaulChange){ .key = { self->key, sizeof self->key } };
  if (text[0] == '+')
    {
      self->change.add_flags = flags;
      self->change.add_keywords = (const char *const *) self->words + at;
      return;
    }
  self->change.remove_flags = flags;
  self->change.remove_keywords = (const char *const *) self->words + at;
}

/* Makes the changes, separated by ";". (transfer full) the results; NULL: failed. */
static char *
update (TargetWorld *world, const char *changes)
{
  g_auto (GStrv) texts = g_strsplit (changes, ";", -1);
  guint count = g_strv_length (texts);
  g_autofree Change *parsed = g_new0 (Change, count);
  g_autofree HaulChange *wire = g_new0 (HaulChange, count);
  GString *results = g_string_new (NULL);
  for (guint i = 0; i < count; i++)
    {
      parse_change (&parsed[i], texts[i]);
      wire[i] = parsed[i].change;
    }
  g_clear_error (&world->error);
  gboolean ok = imap_update (world->session, wire, count, on_result, results,
                             &world->error);
  g_assert_cmpint (ok, ==, world->error == NULL);
  for (guint i = 0; i < count; i++)
    g_strfreev (parsed[i].words);
  return g_string_free (results, !ok);
}

/* "1=\Seen,2=,…": what INBOX holds. (transfer full) */
static char *
inbox_flags (TargetWorld *world)
{
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < messages->len; i++)
    {
      const ImapScriptMessage *message = messages->pdata[i];
      g_string_append_printf (text, "%s%u=%s", i == 0 ? "" : ",", message->uid,
                              message->flags);
    }
  return g_string_free (text, FALSE);
}

static void
check_update (const char *script, const char *changes, const char *results,
              const char *flags)
{
  g_autofree char *text = g_strconcat (SERVER, script, NULL);
  g_autoptr (TargetWorld) world = target_world_new (text);
  enter (world, HAUL_ENTER_WRITE);
  g_autofree char *got = update (world, changes);
  g_assert_no_error (world->error);
  g_assert_cmpstr (got, ==, results);
  g_autofree char *now = inbox_flags (world);
  g_assert_cmpstr (now, ==, flags);
}

static void
test_update (void)
{
  check_update ("@messages 3 flags=(\\Seen Mine)\n@count UID STORE * = 2\n"
                "@never UID STORE * FLAGS*\n",
                "+1 \\Flagged Work;+3 \\Flagged Work;-2 \\Seen", "1 3 2",
                "1=Mine Work \\Flagged \\Seen,2=Mine,3=Mine Work \\Flagged \\Seen");
}

static void
test_update_gone (void)
{
  check_update ("@message uid=2\n@message uid=5\n",
                "+1 \\Seen;+2 \\Seen;+3 \\Seen;+5 \\Seen;+9 \\Seen", "1? 2 3? 5 9?",
                "2=\\Seen,5=\\Seen");
}

static void
test_update_nothing (void)
{
  check_update ("@messages 1\n@never UID STORE *\n", "+1", "1", "1=");
}

/* One keyword too many spoils no other flag. */
static void
test_update_refused_keyword (void)
{
  check_update ("@messages 2\n@on UID STORE *Work*\n  @no [LIMIT] Too many keywords\n",
                "+1 \\Seen Work Home;+2 \\Seen Work Home", "1 2",
                "1=Home \\Seen,2=Home \\Seen");
}

/* OK, and nothing was changed. */
static void
test_update_lie (void)
{
  check_update ("@messages 2\n@on UID STORE 2 *\n  @ok done\n", "+1 \\Seen;+2 \\Flagged",
                "1 2!", "1=\\Seen,2=");
}

static void
test_update_refused (void)
{
  check_update ("@messages 2\n@on UID STORE 2 *\n  @no Not now\n",
                "+1 \\Seen;+2 \\Flagged;-1 \\Draft", "1 2! 1", "1=\\Seen,2=");
}

static void
test_update_permanent (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@capability IMAP4rev1 UIDPLUS UNSELECT\n"
      "@mailbox INBOX permanentflags=(\\Seen $MDNSent)\n@messages 1\n"
      "@never UID STORE *Draft*\n@never UID STORE *Work*\n");
  enter (world, HAUL_ENTER_WRITE);
  g_autofree char *got = update (world, "+1 \\Seen \\Draft $MDNSent Work");
  g_assert_cmpstr (got, ==, "1");
  g_autofree char *now = inbox_flags (world);
  g_assert_cmpstr (now, ==, "1=$MDNSent \\Seen");
}

static void
test_update_read_only (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      SERVER "@messages 1\n@on SELECT *\n  @answer tagged OK [READ-ONLY] done\n"
             "@never UID STORE *\n");
  enter (world, HAUL_ENTER_WRITE);
  g_autofree char *got = update (world, "+1 \\Seen");
  g_assert_null (got);
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_PERMISSION);
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_FOLDER);
}

static void
test_update_lost (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new (SERVER "@messages 1\n@on UID STORE *\n  @drop-tagged\n");
  enter (world, HAUL_ENTER_WRITE);
  g_autofree char *got = update (world, "+1 \\Seen");
  g_assert_null (got);
  g_assert_cmpint (haul_error_scope (world->error), ==, HAUL_SCOPE_SESSION);
}

/* Many UIDs with holes: few commands, none longer than the line may be. */
static void
test_update_many (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      SERVER "@messages 6000\n@line-limit 8192\n@count UID STORE * <= 5\n");
  enter (world, HAUL_ENTER_WRITE);
  GString *changes = g_string_new (NULL);
  for (guint uid = 1; uid < 6000; uid += 2)
    g_string_append_printf (changes, "%s+%u \\Seen", uid == 1 ? "" : ";", uid);
  g_autofree char *got = update (world, changes->str);
  g_assert_no_error (world->error);
  g_assert_null (strchr (got, '!'));
  g_assert_null (strchr (got, '?'));
  g_autoptr (GPtrArray) messages = imap_script_messages (world->script, "INBOX");
  for (guint i = 0; i < messages->len; i++)
    g_assert_cmpstr (((ImapScriptMessage *) messages->pdata[i])->flags, ==,
                     i % 2 == 0 ? "\\Seen" : "");
  g_string_free (changes, TRUE);
}

/* A server that covers so many messages with one command (RFC 9738). */
static void
test_update_message_limit (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@capability IMAP4rev1 UIDPLUS UNSELECT MESSAGELIMIT=10\n"
      "@mailbox INBOX\n@messages 25\n@count UID STORE * = 3\n@count UID FETCH * = 3\n");
  enter (world, HAUL_ENTER_WRITE);
  GString *changes = g_string_new (NULL);
  for (guint uid = 1; uid <= 25; uid++)
    g_string_append_printf (changes, "%s+%u \\Seen", uid == 1 ? "" : ";", uid);
  g_autofree char *got = update (world, changes->str);
  g_assert_no_error (world->error);
  g_string_free (changes, TRUE);
}

/* ---- expunge ---- */

static char *
expunge (TargetWorld *world, const char *uids)
{
  g_auto (GStrv) words = g_strsplit (uids, " ", -1);
  guint count = g_strv_length (words);
  g_autofree HaulBytes *keys = g_new0 (HaulBytes, count);
  g_autofree guint8 *bytes = g_new0 (guint8, count * 4);
  GString *results = g_string_new (NULL);
  for (guint i = 0; i < count; i++)
    {
      imap_key_from_uid ((guint32) g_ascii_strtoull (words[i], NULL, 10), bytes + 4 * i);
      keys[i] = (HaulBytes){ bytes + 4 * i, 4 };
    }
  g_clear_error (&world->error);
  gboolean ok = imap_expunge (world->session, keys, count, on_result, results,
                              &world->error);
  return g_string_free (results, !ok);
}

/* What others have marked stays. */
static void
test_expunge (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      SERVER "@messages 2\n@messages 2 flags=(\\Deleted)\n@messages 1\n"
             "@never EXPUNGE\n@never CLOSE\n");
  enter (world, HAUL_ENTER_WRITE);
  g_autofree char *got = expunge (world, "1 4 9 5");
  g_assert_no_error (world->error);
  g_assert_cmpstr (got, ==, "1 4 9? 5");
  imap_leave (world->session, &world->error);
  g_assert_no_error (world->error);
  g_autofree char *now = inbox_flags (world);
  g_assert_cmpstr (now, ==, "2=,3=\\Deleted");
}

static void
test_expunge_without_uidplus (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@capability IMAP4rev1 UNSELECT\n@mailbox INBOX\n@messages 2\n"
      "@never UID STORE *\n@never *EXPUNGE*\n");
  enter (world, HAUL_ENTER_WRITE);
  g_autofree char *got = expunge (world, "1");
  g_assert_null (got);
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
}

static void
test_expunge_refused (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      SERVER "@messages 3\n@on UID STORE *\n  @no [NOPERM] Not you\n");
  enter (world, HAUL_ENTER_WRITE);
  g_autofree char *got = expunge (world, "1 2 7");
  g_assert_no_error (world->error);
  g_assert_cmpstr (got, ==, "1! 2! 7?");
  g_autofree char *now = inbox_flags (world);
  g_assert_cmpstr (now, ==, "1=,2=,3=");
}

static void
test_expunge_lie (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new (SERVER "@messages 2\n@on UID EXPUNGE *\n  @ok done\n");
  enter (world, HAUL_ENTER_WRITE);
  g_autofree char *got = expunge (world, "2");
  g_assert_no_error (world->error);
  g_assert_cmpstr (got, ==, "2!");
}

/* ---- move ---- */

#define MOVER "@mailbox INBOX uidvalidity=7\n"
#define OTHER "@mailbox Other uidvalidity=9 uidnext=40\n"

static const char *const move_target[] = { "Other", NULL };

/* As on_result(), with "3=41" where the new key is known. */
static void
on_move_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  GString *text = user_data;
  guint32 uid = 0;
  on_result (key, HAUL_NO_BYTES, error, user_data);
  if (new_key.length > 0 && imap_key_to_uid (new_key, &uid))
    g_string_append_printf (text, "=%u", uid);
}

/* Moves UIDs 1, 3 and 9 of @script's INBOX. (transfer full) the results. */
static char *
move_three (TargetWorld *world)
{
  guint8 bytes[12];
  HaulBytes keys[3];
  GString *results = g_string_new (NULL);
  const guint32 uids[] = { 1, 3, 9 };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      imap_key_from_uid (uids[i], bytes + 4 * i);
      keys[i] = (HaulBytes){ bytes + 4 * i, 4 };
    }
  enter (world, HAUL_ENTER_WRITE);
  g_clear_error (&world->error);
  gboolean ok = imap_move (world->session, move_target, keys, G_N_ELEMENTS (keys),
                           on_move_result, results, &world->error);
  g_assert_cmpint (ok, ==, world->error == NULL);
  return g_string_free (results, !ok);
}

static void
check_move (const char *script, const char *results, const char *left, guint arrived)
{
  g_autoptr (TargetWorld) world = target_world_new (script);
  g_autofree char *got = move_three (world);
  g_assert_no_error (world->error);
  g_assert_cmpstr (got, ==, results);
  g_autofree char *now = inbox_flags (world);
  g_assert_cmpstr (now, ==, left);
  g_autoptr (GPtrArray) there = imap_script_messages (world->script, "Other");
  g_assert_cmpuint (there->len, ==, arrived);
}

static void
test_move (void)
{
  check_move ("@capability IMAP4rev1 UIDPLUS UNSELECT MOVE\n" MOVER
              "@messages 3 flags=(\\Deleted)\n" OTHER
              "@never UID COPY *\n@never EXPUNGE\n@never UID EXPUNGE *\n",
              "1=40 3=41 9?", "2=\\Deleted", 2);
}

static void
test_move_by_copy (void)
{
  check_move ("@capability IMAP4rev1 UIDPLUS UNSELECT\n" MOVER
              "@messages 3 flags=(\\Deleted)\n" OTHER "@never EXPUNGE\n@never CLOSE\n",
              "1=40 3=41 9?", "2=\\Deleted", 2);
}

static void
test_move_without_either (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@capability IMAP4rev1 UNSELECT\n" MOVER "@messages 3\n" OTHER
      "@never UID COPY *\n@never *EXPUNGE*\n");
  g_autofree char *got = move_three (world);
  g_assert_null (got);
  g_assert_error (world->error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED);
}

/* What was not copied is not removed. */
static void
test_move_refused (void)
{
  check_move ("@capability IMAP4rev1 UIDPLUS UNSELECT\n" MOVER "@messages 3\n" OTHER
              "@on UID COPY *\n  @no [OVERQUOTA] Full\n"
              "@never UID STORE *\n@never *EXPUNGE*\n",
              "1! 3! 9?", "1=,2=,3=", 0);
  check_move ("@capability IMAP4rev1 UIDPLUS UNSELECT MOVE\n" MOVER "@messages 3\n" OTHER
              "@on UID MOVE *\n  @no [OVERQUOTA] Full\n",
              "1! 3! 9?", "1=,2=,3=", 0);
  check_move ("@capability IMAP4rev1 UIDPLUS UNSELECT MOVE\n" MOVER "@messages 3\n" OTHER
              "@on UID MOVE *\n  @ok done\n",
              "1! 3! 9?", "1=,2=,3=", 0);
}

/* Only what the server says to have copied is removed. */
static void
test_move_partly (void)
{
  check_move ("@capability IMAP4rev1 UIDPLUS UNSELECT\n" MOVER "@messages 3\n" OTHER
              "@on UID COPY *\n  @ok [COPYUID 9 3 77] done\n",
              "1! 3=77 9?", "1=,2=", 0);
}

/* A copy leaves what it copies, and needs the folder only for reading. */
static void
test_copy (void)
{
  g_autoptr (TargetWorld) world = target_world_new (
      "@capability IMAP4rev1 UIDPLUS UNSELECT MOVE\n" MOVER "@messages 3\n" OTHER
      "@never UID MOVE *\n@never UID STORE *\n@never *EXPUNGE*\n");
  guint8 bytes[8];
  HaulBytes keys[2] = { { bytes, 4 }, { bytes + 4, 4 } };
  g_autoptr (GString) results = g_string_new (NULL);
  imap_key_from_uid (2, bytes);
  imap_key_from_uid (9, bytes + 4);
  enter (world, HAUL_ENTER_READ);
  imap_copy (world->session, move_target, keys, G_N_ELEMENTS (keys), on_move_result,
             results, &world->error);
  g_assert_no_error (world->error);
  g_assert_cmpstr (results->str, ==, "2=40 9?");
  g_autofree char *now = inbox_flags (world);
  g_assert_cmpstr (now, ==, "1=,2=,3=");
}

/* ---- recover ---- */

static void
recover (TargetWorld *world)
{
  HaulBytes note = HAUL_NO_BYTES;
  if (world->note != NULL)
    note = (HaulBytes){ (const guint8 *) world->note, strlen (world->note) };
  g_clear_error (&world->error);
  imap_recover (world->session, inbox, note, &world->error);
  g_assert_no_error (world->error);
}

/* The server works on through what it has read: nobody looks before it is done. */
static void
test_ghost (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new ("@capability IMAP4rev1 LITERAL+ UIDPLUS UNSELECT\n"
                                "@greeting Dovecot ready.\n@mailbox INBOX uidnext=5\n"
                                "@on APPEND * [nth=3]\n  @ghost 300ms\n");
  for (guint i = 0; i < 12; i++)
    target_add_sized (world, "INBOX", 100);
  g_assert_false (target_store (world));
  target_world_reopen (world);
  recover (world);
  g_autoptr (GPtrArray) before = imap_script_messages (world->script, "INBOX");
  guint unknown = 0;
  for (guint i = 0; i < 12; i++)
    unknown += strcmp (((TargetMail *) world->mails->pdata[i])->result->str, "unknown")
               == 0;
  g_assert_cmpuint (unknown, >, 2);
  /* All that the ghost had read has landed by now. */
  gint64 until = g_get_monotonic_time () + G_USEC_PER_SEC;
  while (g_get_monotonic_time () < until)
    {
      g_autoptr (GPtrArray) now = imap_script_messages (world->script, "INBOX");
      g_assert_cmpuint (now->len, ==, before->len);
      imap_idle (world->session, 100 * 1000, &world->error);
      g_assert_no_error (world->error);
    }
}

static void
test_recover_quiet (void)
{
  g_autoptr (TargetWorld)
      world = target_world_new (SERVER "@messages 2\n@count STATUS INBOX * <= 6\n");
  gint64 start = g_get_monotonic_time ();
  recover (world);
  gint64 took = g_get_monotonic_time () - start;
  g_assert_cmpint (took, >=, 2 * G_USEC_PER_SEC);
  g_assert_cmpint (took, <, 5 * G_USEC_PER_SEC);
}

static void
test_recover_unknown_folder (void)
{
  static const char *const other[] = { "Other", NULL };
  g_autoptr (TargetWorld) world = target_world_new (SERVER);
  imap_recover (world->session, other, HAUL_NO_BYTES, &world->error);
  g_assert_no_error (world->error);
}

/* ---- groups ---- */

static void
test_groups (void)
{
  static const struct
  {
    guint32 uid;
    const char *add, *remove;
  } changes[] = { { 3, "\\Seen a", "" }, { 1, "A \\seen", "" }, { 2, "\\Seen", "b" },
                  { 4, "", "B" },        { 2, "\\Seen", "b" },  { 7, "", "" },
                  { 5, "\\Seen a", "" } };
  ImapChange wire[G_N_ELEMENTS (changes)];
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      wire[i].uid = changes[i].uid;
      wire[i].add = g_strsplit (changes[i].add, " ", -1);
      wire[i].remove = g_strsplit (changes[i].remove, " ", -1);
    }
  g_autoptr (GPtrArray) groups = imap_change_group (wire, G_N_ELEMENTS (changes));
  for (guint i = 0; i < groups->len; i++)
    {
      const ImapChangeGroup *group = groups->pdata[i];
      guint cursor = 0;
      g_autofree char *set = imap_uidset_format (group->uids, &cursor, 1000);
      g_autofree char *flags = g_strjoinv (" ", group->flags);
      g_string_append_printf (text, "%s %s (%s);", set, imap_change_group_words (group),
                              flags);
    }
  g_assert_cmpstr (text->str, ==,
                   "1,3,5 +FLAGS.SILENT (\\Seen a);2,4 -FLAGS.SILENT (b);"
                   "2 +FLAGS.SILENT (\\Seen);");
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    imap_change_clear (&wire[i]);
  g_string_free (text, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/change/groups", test_groups);
  g_test_add_func ("/imap/update/groups-and-signs", test_update);
  g_test_add_func ("/imap/update/gone", test_update_gone);
  g_test_add_func ("/imap/update/nothing", test_update_nothing);
  g_test_add_func ("/imap/update/refused-keyword", test_update_refused_keyword);
  g_test_add_func ("/imap/update/ok-without-effect", test_update_lie);
  g_test_add_func ("/imap/update/refused", test_update_refused);
  g_test_add_func ("/imap/update/permanent-flags", test_update_permanent);
  g_test_add_func ("/imap/update/read-only", test_update_read_only);
  g_test_add_func ("/imap/update/connection-lost", test_update_lost);
  g_test_add_func ("/imap/update/many", test_update_many);
  g_test_add_func ("/imap/update/message-limit", test_update_message_limit);
  g_test_add_func ("/imap/expunge/only-what-is-named", test_expunge);
  g_test_add_func ("/imap/expunge/without-uidplus", test_expunge_without_uidplus);
  g_test_add_func ("/imap/expunge/refused", test_expunge_refused);
  g_test_add_func ("/imap/expunge/ok-without-effect", test_expunge_lie);
  g_test_add_func ("/imap/move/by-move", test_move);
  g_test_add_func ("/imap/move/by-copy", test_move_by_copy);
  g_test_add_func ("/imap/move/without-move-and-uidplus", test_move_without_either);
  g_test_add_func ("/imap/move/refused", test_move_refused);
  g_test_add_func ("/imap/move/partly", test_move_partly);
  g_test_add_func ("/imap/move/copy-leaves-what-it-copies", test_copy);
  g_test_add_func ("/imap/recover/waits-for-the-ghost", test_ghost);
  g_test_add_func ("/imap/recover/quiet", test_recover_quiet);
  g_test_add_func ("/imap/recover/no-such-folder", test_recover_unknown_folder);
  return g_test_run ();
}
