/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of a listing: in what order they are handed on, and what counts as whole; and when
 * a difference is believed. */
#include <stdio.h>
#include <string.h>

#include "scan-delta.h"
#include "scan-rows.h"

#define FLAGS  ((guint) IMAP_FETCH_FLAGS)
#define SIZE   ((guint) IMAP_FETCH_SIZE)
#define WANTED (FLAGS | SIZE)

/* What was handed on: "7" for a whole row, "7-" for one without flags. */
static gboolean
note (const ImapRow *row, gpointer user_data, GError **error)
{
  GString *out = user_data;
  (void) error;
  g_string_append_printf (out, "%s%u%s", out->len > 0 ? " " : "", row->uid,
                          (row->known & FLAGS) ? "" : "-");
  for (guint i = 0; row->keywords != NULL && row->keywords[i] != NULL; i++)
    g_string_append_printf (out, "/%s", row->keywords[i]);
  return TRUE;
}

static void
add (ImapRows *rows, guint32 number, guint32 uid, guint items)
{
  g_autoptr (GError) error = NULL;
  ImapRow row = { .uid = uid, .number = number, .named = items, .known = items };
  imap_rows_add (rows, &row, &error);
  g_assert_no_error (error);
}

/* One vector: rows as "number uid items;", in which items is b(oth), f(lags) or s(ize);
 * "x number" an EXPUNGE; "|" shows what has come so far; "!" flushes. */
typedef struct
{
  const char *name;
  ImapRowsMode mode;
  const char *script;
  const char *expected;
} Vector;

static const Vector vectors[] = {
  { "in-order", IMAP_ROWS_BY_NUMBER, "1 10 b;2 20 b;3 30 b;|", "10 20 30" },
  { "gap-holds-what-follows", IMAP_ROWS_BY_NUMBER, "1 10 b;3 30 b;|", "10" },
  { "gap-filled", IMAP_ROWS_BY_NUMBER, "1 10 b;3 30 b;2 20 b;|", "10 20 30" },
  { "backwards", IMAP_ROWS_BY_NUMBER, "3 30 b;2 20 b;1 10 b;|", "10 20 30" },
  { "split-lines", IMAP_ROWS_BY_NUMBER, "1 10 f;1 10 s;2 20 s;2 20 f;|", "10 20" },
  { "split-far-apart", IMAP_ROWS_BY_NUMBER, "1 10 f;2 20 f;1 10 s;2 20 s;|", "10 20" },
  { "doubled", IMAP_ROWS_BY_NUMBER, "1 10 b;1 10 b;2 20 b;1 10 f;|", "10 20" },
  { "numbers-that-lie-wait-for-the-end", IMAP_ROWS_BY_NUMBER, "1 10 b;1 30 b;1 20 b;|",
    "10" },
  { "flush-in-order", IMAP_ROWS_BY_NUMBER, "1 10 b;1 30 b;1 20 b;!|", "10 20 30" },
  { "flush-keeps-what-is-not-whole", IMAP_ROWS_BY_NUMBER, "5 30 b;6 20 f;!|", "30" },
  { "late-row-comes-all-the-same", IMAP_ROWS_BY_NUMBER, "5 30 b;6 20 f;!6 20 s;!|",
    "30 20" },
  { "uid-zero-is-nothing", IMAP_ROWS_BY_NUMBER, "1 0 b;1 10 b;|", "10" },
  { "no-numbers", IMAP_ROWS_BY_UID, "0 10 b;0 20 b;0 30 b;|", "10 20 30" },
  { "no-numbers-but-a-gap", IMAP_ROWS_BY_UID, "0 10 f;0 20 b;|0 10 s;|", "10 20" },
  { "held", IMAP_ROWS_HELD, "1 30 b;2 10 b;|!|", "10 30" },
  { "expunged-before", IMAP_ROWS_BY_NUMBER, "1 10 b;2 20 b;x 1;2 30 b;|", "10 20 30" },
};

static void
play (ImapRows *rows, const char *script)
{
  g_auto (GStrv) parts = g_strsplit_set (script, ";|!", -1);
  const char *at = script;
  for (guint i = 0; parts[i] != NULL; at += strlen (parts[i]) + 1, i++)
    {
      guint number = 0, uid = 0;
      char kind = 0;
      if (sscanf (parts[i], "x %u", &number) == 1)
        imap_rows_expunge (rows, number);
      else if (sscanf (parts[i], "%u %u %c", &number, &uid, &kind) == 3)
        add (rows, number, uid, kind == 'b' ? WANTED : kind == 'f' ? FLAGS : SIZE);
      if (at[strlen (parts[i])] == '!')
        g_assert_true (imap_rows_flush (rows, NULL));
    }
}

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (ImapRows) rows = imap_rows_new (WANTED, note, out);
  imap_rows_set_mode (rows, vector->mode);
  play (rows, vector->script);
  g_assert_cmpstr (out->str, ==, vector->expected);
}

static void
test_merge_keeps_the_later_flags (void)
{
  const char *const first[] = { "Old", NULL };
  const char *const second[] = { "New", "More", NULL };
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (ImapRows) rows = imap_rows_new (WANTED, note, out);
  ImapRow row = { .uid = 5, .named = FLAGS, .known = FLAGS, .keywords = first };
  g_assert_true (imap_rows_add (rows, &row, NULL));
  row.keywords = second;
  g_assert_true (imap_rows_add (rows, &row, NULL));
  add (rows, 1, 5, SIZE);
  g_assert_cmpstr (out->str, ==, "5/New/More");
}

static void
test_item_without_sense_is_whole (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (ImapRows) rows = imap_rows_new (WANTED, note, out);
  ImapRow row = { .uid = 5, .number = 1, .named = WANTED, .known = SIZE };
  g_assert_true (imap_rows_add (rows, &row, NULL));
  g_assert_cmpstr (out->str, ==, "5-");
}

static void
test_count_after_expunge (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (ImapRows) rows = imap_rows_new (WANTED, note, out);
  add (rows, 1, 10, WANTED);
  add (rows, 2, 20, WANTED);
  imap_rows_expunge (rows, 1);
  g_assert_false (imap_rows_is_doubtful (rows));
  g_assert_cmpuint (imap_rows_count (rows), ==, 1);
  imap_rows_expunge (rows, 5);
  g_assert_false (imap_rows_is_doubtful (rows));
  add (rows, 3, 40, WANTED);
  imap_rows_expunge (rows, 2);
  g_assert_true (imap_rows_is_doubtful (rows));
}

static void
test_vanished_for_ever_is_doubt (void)
{
  g_autoptr (ImapUidSet) set = imap_uidset_parse ((ImapString){ "1:*", 3 }, NULL);
  g_autoptr (ImapRows) rows = imap_rows_new (WANTED, note, NULL);
  imap_rows_vanish (rows, set);
  g_assert_true (imap_rows_is_doubtful (rows));
}

static void
test_missing (void)
{
  const char *text = "1:3,7,9:12";
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (ImapRows) rows = imap_rows_new (WANTED, note, out);
  g_autoptr (ImapUidSet)
      exists = imap_uidset_parse ((ImapString){ text, strlen (text) }, NULL);
  add (rows, 1, 1, WANTED);
  add (rows, 2, 2, WANTED);
  add (rows, 5, 9, WANTED);
  add (rows, 6, 10, FLAGS);
  add (rows, 7, 12, WANTED);
  g_autoptr (ImapUidSet) missing = imap_rows_missing (rows, exists);
  guint cursor = 0;
  g_autofree char *printed = imap_uidset_format (missing, &cursor, 100);
  g_assert_cmpstr (printed, ==, "3,7,10:11");
}

static void
test_settled_row_comes_by_its_key (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (ImapRows) rows = imap_rows_new (WANTED, note, out);
  add (rows, 2, 20, WANTED);
  imap_rows_settle (rows, 10);
  g_assert_true (imap_rows_flush (rows, NULL));
  g_assert_cmpstr (out->str, ==, "10- 20");
  g_assert_cmpuint (imap_rows_count (rows), ==, 2);
}

/* A million rows in order must cost no memory for each. */
static void
test_in_order_holds_nothing (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (ImapRows) rows = imap_rows_new (0, note, out);
  for (guint32 i = 1; i <= 100000; i++)
    {
      add (rows, i, i, WANTED);
      g_string_truncate (out, 0);
      g_assert_cmpuint (imap_rows_held (rows), ==, 0);
    }
  g_assert_cmpuint (imap_rows_count (rows), ==, 100000);
}

static void
test_flags (void)
{
#define TEXT(text)                                                                       \
  {                                                                                      \
    text, sizeof text - 1                                                                \
  }
  static const ImapString names[] = { TEXT ("\\seen"),     TEXT ("\\Recent"),
                                      TEXT ("Work"),       TEXT ("\\Forwarded"),
                                      TEXT ("\\Strange"),  TEXT ("\xc3\xa4rger"),
                                      TEXT ("\\Answered"), { NULL, 0 } };
  g_autoptr (GPtrArray) keywords = g_ptr_array_new ();
  guint32 flags = 0;
  imap_flags_take ((ImapStrings){ names, G_N_ELEMENTS (names) }, &flags, keywords);
  g_assert_cmpuint (flags, ==, HAUL_FLAG_SEEN | HAUL_FLAG_ANSWERED);
  g_assert_cmpuint (keywords->len, ==, 3);
  g_assert_cmpstr (keywords->pdata[0], ==, "Work");
  g_assert_cmpstr (keywords->pdata[1], ==, "$Forwarded");
  g_assert_null (keywords->pdata[2]);
}

/* ---- differences ---- */

typedef struct
{
  const char *name;
  ImapToken before, now;
  gboolean vanished;
  ImapDeltaAsk ask;
} AskVector;

static const AskVector ask_vectors[] = {
  { "nothing", { 1, 10, 5, 7 }, { 1, 10, 5, 7 }, FALSE, IMAP_DELTA_NOTHING },
  { "other-uidvalidity", { 1, 10, 5, 7 }, { 2, 10, 5, 7 }, TRUE, IMAP_DELTA_FULL },
  { "no-uidvalidity", { 0, 10, 5, 7 }, { 0, 10, 5, 7 }, TRUE, IMAP_DELTA_FULL },
  { "no-modseq-before", { 1, 10, 5, 0 }, { 1, 10, 5, 7 }, TRUE, IMAP_DELTA_FULL },
  { "no-modseq-now", { 1, 10, 5, 7 }, { 1, 10, 5, 0 }, TRUE, IMAP_DELTA_FULL },
  { "modseq-went-back", { 1, 10, 5, 7 }, { 1, 10, 5, 6 }, TRUE, IMAP_DELTA_FULL },
  { "uidnext-went-back", { 1, 10, 5, 7 }, { 1, 9, 5, 8 }, TRUE, IMAP_DELTA_FULL },
  { "more-messages-than-uids", { 1, 10, 5, 7 }, { 1, 11, 7, 8 }, TRUE, IMAP_DELTA_FULL },
  { "fewer-and-nobody-says", { 1, 10, 5, 7 }, { 1, 10, 4, 8 }, FALSE, IMAP_DELTA_FULL },
  { "fewer-with-qresync", { 1, 10, 5, 7 }, { 1, 10, 4, 8 }, TRUE, IMAP_DELTA_CHANGES },
  { "flags", { 1, 10, 5, 7 }, { 1, 10, 5, 8 }, FALSE, IMAP_DELTA_CHANGES },
  { "new-mail", { 1, 10, 5, 7 }, { 1, 12, 7, 8 }, FALSE, IMAP_DELTA_CHANGES },
  { "same-modseq-but-fewer", { 1, 10, 5, 7 }, { 1, 10, 4, 7 }, TRUE, IMAP_DELTA_FULL },
};

static void
test_ask (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ask_vectors); i++)
    {
      const AskVector *vector = &ask_vectors[i];
      g_test_message ("%s", vector->name);
      g_assert_cmpint (imap_delta_ask (&vector->before, &vector->now, vector->vanished),
                       ==, vector->ask);
    }
}

static void
test_judge (void)
{
  static const ImapToken before = { 1, 10, 5, 7 };
  static const struct
  {
    guint32 messages;
    guint64 arrived, vanished;
    ImapDeltaVerdict verdict;
  } all[] = {
    { 5, 0, 0, IMAP_DELTA_RIGHT },     { 6, 1, 0, IMAP_DELTA_RIGHT },
    { 6, 0, 0, IMAP_DELTA_WRONG },     { 4, 0, 0, IMAP_DELTA_WRONG },
    { 4, 0, 1, IMAP_DELTA_RIGHT },     { 4, 0, 3, IMAP_DELTA_UNCERTAIN },
    { 5, 0, 2, IMAP_DELTA_UNCERTAIN }, { 5, 1, 1, IMAP_DELTA_RIGHT },
    { 0, 6, 11, IMAP_DELTA_WRONG },
  };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      ImapToken now = { 1, 20, all[i].messages, 9 };
      g_assert_cmpint (imap_delta_judge (&before, &now, all[i].arrived, all[i].vanished),
                       ==, all[i].verdict);
    }
}

static void
test_clip (void)
{
  const char *text = "1:4,8:20,30:*";
  g_autoptr (ImapUidSet)
      set = imap_uidset_parse ((ImapString){ text, strlen (text) }, NULL);
  g_autoptr (ImapUidSet) clipped = imap_delta_clip (set, 10, 5);
  guint cursor = 0;
  g_autofree char *printed = imap_uidset_format (clipped, &cursor, 100);
  g_assert_cmpstr (printed, ==, "1:4,8:9");
  g_assert_null (imap_delta_clip (set, G_MAXUINT32 - 1, 5));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/imap/scan-rows/", vectors[i].name, NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/imap/scan-rows/later-flags-count", test_merge_keeps_the_later_flags);
  g_test_add_func ("/imap/scan-rows/nonsense-is-not-asked-for-again",
                   test_item_without_sense_is_whole);
  g_test_add_func ("/imap/scan-rows/count-after-expunge", test_count_after_expunge);
  g_test_add_func ("/imap/scan-rows/infinite-vanished-is-doubt",
                   test_vanished_for_ever_is_doubt);
  g_test_add_func ("/imap/scan-rows/missing", test_missing);
  g_test_add_func ("/imap/scan-rows/settled-row-comes-by-its-key",
                   test_settled_row_comes_by_its_key);
  g_test_add_func ("/imap/scan-rows/in-order-holds-nothing", test_in_order_holds_nothing);
  g_test_add_func ("/imap/scan-rows/flags-and-keywords", test_flags);
  g_test_add_func ("/imap/scan-delta/what-may-be-asked", test_ask);
  g_test_add_func ("/imap/scan-delta/what-is-believed", test_judge);
  g_test_add_func ("/imap/scan-delta/hostile-vanished-is-clipped", test_clip);
  return g_test_run ();
}
