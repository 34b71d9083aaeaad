/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decisions behind an APPEND, and behind its refusal: pure tables. */
#include <string.h>

#include <mailhaul/error.h>

#include "append.h"
#include "refusal.h"
#include "repair.h"
#include "store.h"

/* ---- dates ---- */

#define DAY ((gint64) 24 * 60 * 60)
#define NOW ((gint64) 1800000000)

static void
test_dates (void)
{
  static const struct
  {
    gint64 min, max, date;
    gint zone;
    ImapDateChange change;
    gint64 out;
    gint out_zone;
    gint64 ahead;
  } vectors[] = {
    { 0, 0, 1000, 60, IMAP_DATE_KEPT, 1000, 60 },
    { 0, 0, 0, 0, IMAP_DATE_KEPT, 0, 0 },
    { 0, 0, 0, -1, IMAP_DATE_KEPT, 0, 0 },
    { 0, 0, -1, 0, IMAP_DATE_EARLY, 0, 0 },
    { 0, 0, G_MININT64, 90, IMAP_DATE_EARLY, 0, 90 },
    { 0, 0, G_MAXINT64, 0, IMAP_DATE_LATE, NOW, 0 },
    { 0, 0, NOW + DAY, 0, IMAP_DATE_KEPT, NOW + DAY, 0 },
    { 0, 0, NOW + DAY + 1, 0, IMAP_DATE_LATE, NOW, 0 },
    { 0, NOW - 100, NOW, 0, IMAP_DATE_LATE, NOW - 100, 0 },
    { 0, NOW - 100, NOW - 100, 0, IMAP_DATE_KEPT, NOW - 100, 0 },
    { 5000, 0, 4999, 0, IMAP_DATE_EARLY, 5000, 0 },
    { 1, 0, 0, 0, IMAP_DATE_EARLY, 1, 0 },
    { 1, 0, 1, -60, IMAP_DATE_KEPT, 1, 0 },
    { 0, 0, NOW + 6600, 0, IMAP_DATE_KEPT, NOW + 6600, 0, 6600 },
    { 0, 0, NOW + 6601, 0, IMAP_DATE_LATE, NOW, 0, 6600 },
    { 0, 0, NOW, 24 * 60, IMAP_DATE_KEPT, NOW, 0 },
    { 0, 0, NOW, -24 * 60, IMAP_DATE_KEPT, NOW, 0 },
    { 0, 0, NOW, 14 * 60, IMAP_DATE_KEPT, NOW, 14 * 60 },
    { 0, 0, NOW, G_MAXINT, IMAP_DATE_KEPT, NOW, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      ImapDateSpan span = { vectors[i].min, vectors[i].max, NOW, vectors[i].ahead };
      gint64 date = vectors[i].date;
      gint zone = vectors[i].zone;
      g_assert_cmpint (imap_date_clamp (&span, &date, &zone), ==, vectors[i].change);
      g_assert_cmpint (date, ==, vectors[i].out);
      g_assert_cmpint (zone, ==, vectors[i].out_zone);
    }
}

/* ---- flags ---- */

static char *
join (GPtrArray *words)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < words->len; i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "" : " ", (char *) words->pdata[i]);
  return g_string_free (text, FALSE);
}

static void
check_plan (const ImapFlagRules *rules, guint32 flags, const char *keywords,
            const char *expected)
{
  g_auto (GStrv) words = g_strsplit (keywords, " ", -1);
  ImapFlagPlan plan;
  imap_flags_plan (rules, flags, (const char *const *) words, &plan);
  g_autofree char *now = join (plan.now);
  g_autofree char *later = join (plan.later);
  g_autofree char *dropped = join (plan.dropped);
  g_autofree char *all = g_strdup_printf ("%s|%s|%s", now, later, dropped);
  g_assert_cmpstr (all, ==, expected);
  imap_flags_clear (&plan);
}

static void
test_flags (void)
{
  static const char *const known[] = { "$MDNSent", "Old", NULL };
  g_autoptr (GHashTable) refused = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_add (refused, (gpointer) "work");
  ImapFlagRules open = { 0 };
  ImapFlagRules closed = { .known = TRUE,
                           .permanent = HAUL_FLAG_SEEN,
                           .keywords = known };
  ImapFlagRules learnt = {
    .known = TRUE, .permanent = HAUL_FLAGS_ALL, .any_keyword = TRUE, .refused = refused
  };
  ImapFlagRules none = { .keywords_none = TRUE };
  ImapFlagRules exchange = { .flagged_by_store = TRUE };
  ImapFlagRules gmail = { .deleted_expunges = TRUE };
  check_plan (&open, 0, "", "||");
  check_plan (&open, HAUL_FLAGS_ALL, "",
              "\\Seen \\Answered \\Flagged \\Deleted \\Draft||");
  check_plan (&open, 0xffffffe0u, "", "||");
  check_plan (&open, 0, "a A \\Recent \\recent \\FORWARDED $forwarded", "a $Forwarded||");
  check_plan (&open, 0, "\\Other (x) y", "y||\\Other (x)");
  check_plan (&closed, HAUL_FLAG_SEEN | HAUL_FLAG_DRAFT, "$mdnsent new OLD",
              "\\Seen $mdnsent OLD||\\Draft new");
  check_plan (&learnt, 0, "Work Home", "Home||Work");
  check_plan (&none, HAUL_FLAG_SEEN, "Work", "\\Seen||Work");
  check_plan (&exchange, HAUL_FLAG_SEEN | HAUL_FLAG_FLAGGED, "", "\\Seen|\\Flagged|");
  check_plan (&gmail, HAUL_FLAG_SEEN | HAUL_FLAG_DELETED, "", "\\Seen||\\Deleted");
}

static void
test_postpone (void)
{
  static const char *const words[] = { "a", "b", NULL };
  ImapFlagRules open = { 0 };
  ImapFlagPlan plan;
  imap_flags_plan (&open, HAUL_FLAG_SEEN, words, &plan);
  g_assert_true (imap_flags_postpone_keywords (&plan));
  g_assert_false (imap_flags_postpone_keywords (&plan));
  g_autofree char *now = join (plan.now);
  g_autofree char *later = join (plan.later);
  g_assert_cmpstr (now, ==, "\\Seen");
  g_assert_cmpstr (later, ==, "a b");
  imap_flags_clear (&plan);
}

static void
test_need_select (void)
{
  static const char *const none[] = { NULL };
  static const char *const bad[] = { "(", "\\Recent", NULL };
  static const char *const good[] = { "(", "x", NULL };
  ImapFlagRules open = { 0 }, known = { .known = TRUE },
                never = { .keywords_none = TRUE };
  g_assert_false (imap_flags_need_select (&open, none));
  g_assert_false (imap_flags_need_select (&open, bad));
  g_assert_true (imap_flags_need_select (&open, good));
  g_assert_false (imap_flags_need_select (&known, good));
  g_assert_false (imap_flags_need_select (&never, good));
}

/* ---- batches and UIDs ---- */

static void
test_batches (void)
{
  ImapBatchLimits one = { 1, 0 }, many = { 4, 1000 };
  g_assert_true (imap_batch_has_room (&one, 0, 0, G_MAXUINT64));
  g_assert_false (imap_batch_has_room (&one, 1, 10, 10));
  g_assert_true (imap_batch_has_room (&many, 3, 600, 400));
  g_assert_false (imap_batch_has_room (&many, 3, 600, 401));
  g_assert_false (imap_batch_has_room (&many, 4, 0, 1));
  g_assert_false (imap_batch_has_room (&many, 1, 2000, 1));
  g_assert_false (imap_batch_has_room (&many, 1, 10, G_MAXUINT64));
  g_assert_true (imap_batch_is_ripe (&many, 4, 10));
  g_assert_true (imap_batch_is_ripe (&many, 1, 1000));
  g_assert_false (imap_batch_is_ripe (&many, 1, 10));
}

static void
test_pairs (void)
{
  static const struct
  {
    const char *uids;
    guint count;
    const char *result; /* NULL: distrusted */
  } vectors[] = {
    { "7", 1, "7" },         { "7:9", 3, "7 8 9" }, { "9:7", 3, "7 8 9" },
    { "7,9,8", 3, "7 9 8" }, { "7,7", 2, "7 7" },   { "7:9", 2, NULL },
    { "7:9", 4, NULL },      { "7:*", 3, NULL },    { "", 0, NULL },
    { "0", 1, NULL },        { "x", 1, NULL },      { "1:4294967294", 3, NULL },
    { NULL, 1, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      guint32 uids[8] = { 0 };
      gboolean ok = imap_append_pair (vectors[i].uids, vectors[i].count, uids);
      g_assert_cmpint (ok, ==, vectors[i].result != NULL);
      GString *text = g_string_new (NULL);
      for (guint j = 0; ok && j < vectors[i].count; j++)
        g_string_append_printf (text, "%s%u", j == 0 ? "" : " ", uids[j]);
      if (ok)
        g_assert_cmpstr (text->str, ==, vectors[i].result);
      g_string_free (text, TRUE);
    }
}

/* ---- refusals ---- */

typedef struct
{
  const char *text;
  HaulErrorCode error;
  HaulErrorScope scope;
  ImapRefusal refusal;
  ImapRemedy remedy;
} RefusalCase;

#define TEXT(words) "append to \"x\" at y: NO " words

static const RefusalCase refusals[] = {
  { TEXT ("no"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 2, .atomic = TRUE, .held = TRUE },
    IMAP_REMEDY_HALVE },
  { TEXT ("no"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 2, .held = TRUE },
    IMAP_REMEDY_LOOK },
  { TEXT ("no"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1, .atomic = TRUE, .held = TRUE },
    IMAP_REMEDY_FAIL },
  { TEXT ("no"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1, .held = TRUE, .keywords = TRUE },
    IMAP_REMEDY_PLAIN },
  { TEXT ("no"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1, .held = TRUE, .repairs = IMAP_REPAIR_NUL },
    IMAP_REMEDY_MEND },
  { TEXT ("Message contains NUL characters"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1, .held = TRUE, .keywords = TRUE, .repairs = IMAP_REPAIR_NUL },
    IMAP_REMEDY_MEND },
  { TEXT ("[LIMIT] Too many user flags in the header"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1,
      .held = TRUE,
      .keywords = TRUE,
      .repairs = 1,
      .code = IMAP_CODE_LIMIT },
    IMAP_REMEDY_PLAIN },
  { TEXT ("invalid header"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1, .held = TRUE },
    IMAP_REMEDY_MEND },
  { TEXT ("invalid header"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1, .held = TRUE, .mended = TRUE },
    IMAP_REMEDY_FAIL },
  { TEXT ("invalid header"),
    HAUL_ERROR_REJECTED,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1 },
    IMAP_REMEDY_READ_ANEW },
  { TEXT ("too big"),
    HAUL_ERROR_TOO_BIG,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1, .held = TRUE, .repairs = 1 },
    IMAP_REMEDY_FAIL },
  { TEXT ("too big"),
    HAUL_ERROR_TOO_BIG,
    HAUL_SCOPE_MESSAGE,
    { .messages = 9, .held = TRUE, .atomic = TRUE },
    IMAP_REMEDY_HALVE },
  { TEXT ("quota"),
    HAUL_ERROR_QUOTA,
    HAUL_SCOPE_FOLDER,
    { .messages = 9, .held = TRUE, .atomic = TRUE },
    IMAP_REMEDY_CLOSE },
  { TEXT ("none"),
    HAUL_ERROR_NOT_FOUND,
    HAUL_SCOPE_FOLDER,
    { .messages = 9, .held = TRUE, .atomic = TRUE },
    IMAP_REMEDY_CREATE },
  { TEXT ("none"),
    HAUL_ERROR_NOT_FOUND,
    HAUL_SCOPE_FOLDER,
    { .messages = 9, .held = TRUE, .atomic = TRUE, .created = TRUE },
    IMAP_REMEDY_CLOSE },
  { TEXT ("later"),
    HAUL_ERROR_BUSY,
    HAUL_SCOPE_SESSION,
    { .messages = 9, .held = TRUE, .atomic = TRUE },
    IMAP_REMEDY_PAUSE },
  { TEXT ("later"),
    HAUL_ERROR_BUSY,
    HAUL_SCOPE_SESSION,
    { .messages = 9, .held = TRUE, .atomic = TRUE, .pauses = 4 },
    IMAP_REMEDY_END },
  { TEXT ("later"),
    HAUL_ERROR_BUSY,
    HAUL_SCOPE_MESSAGE,
    { .messages = 9, .held = TRUE, .atomic = TRUE, .pauses = 4 },
    IMAP_REMEDY_FAIL },
  { TEXT ("later"),
    HAUL_ERROR_BUSY,
    HAUL_SCOPE_MESSAGE,
    { .messages = 1 },
    IMAP_REMEDY_FAIL },
  { TEXT ("login again"),
    HAUL_ERROR_AUTH,
    HAUL_SCOPE_ACCOUNT,
    { .messages = 9, .held = TRUE, .atomic = TRUE },
    IMAP_REMEDY_END },
};

static void
test_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      const RefusalCase *c = &refusals[i];
      g_autoptr (GError) error = NULL;
      ImapRefusal refusal = c->refusal;
      (void) haul_error_set (&error, c->error, c->scope, "%s", c->text);
      refusal.error = error;
      refusal.state = IMAP_STATE_NO;
      g_test_message ("%u", i);
      g_assert_cmpint (imap_refusal_remedy (&refusal), ==, c->remedy);
    }
}

/* The folder's name is not what the server complains about. */
static void
test_content_words (void)
{
  static const struct
  {
    const char *text;
    gboolean content;
  } vectors[] = {
    { "append to \"headers\" at y: NO Failed", FALSE },
    { "append to \"x\" at y: NO Invalid HEADER", TRUE },
    { "append to \"x\" at y: BAD Line too long", TRUE },
    { "append to \"x\" at y: NO Message contains bare newlines", TRUE },
    { "append to \"x\" at y: NO Internal error", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (GError) error = NULL;
      (void) haul_error_set (&error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE, "%s",
                             vectors[i].text);
      ImapRefusal refusal = { .error = error };
      g_assert_cmpint (imap_refusal_is_content (&refusal), ==, vectors[i].content);
    }
}

static void
test_pauses (void)
{
  g_autoptr (GError) error = NULL;
  (void) haul_error_set (&error, HAUL_ERROR_BUSY, HAUL_SCOPE_SESSION, "busy");
  ImapRefusal refusal = { .error = error };
  g_assert_cmpint (imap_refusal_pause_us (&refusal, 0), ==, G_USEC_PER_SEC);
  g_assert_cmpint (imap_refusal_pause_us (&refusal, 10 * G_USEC_PER_SEC), ==,
                   10 * G_USEC_PER_SEC);
  refusal.pauses = 1;
  g_assert_cmpint (imap_refusal_pause_us (&refusal, 10 * G_USEC_PER_SEC), ==,
                   20 * G_USEC_PER_SEC);
  refusal.pauses = 40;
  g_assert_cmpint (imap_refusal_pause_us (&refusal, 10 * G_USEC_PER_SEC), ==,
                   30 * G_USEC_PER_SEC);
  haul_error_set_delay_us (error, 1234);
  g_assert_cmpint (imap_refusal_pause_us (&refusal, 10 * G_USEC_PER_SEC), ==, 1234);
}

/* ---- notes for the next session ---- */

static void
test_notes (void)
{
  static const char *const bad[] = {
    "", "2 5 5", "1 5", "1 -5 5", "1 5 5 5", "1 x 5", "1 5 99999999999999999999", "\0\0\0"
  };
  ImapStoreNote note = { 1234567, 256 };
  g_autofree char *text = imap_store_note_format (&note);
  ImapStoreNote back = imap_store_note_parse (
      (HaulBytes){ (const guint8 *) text, strlen (text) });
  g_assert_cmpint (back.slowest_us, ==, note.slowest_us);
  g_assert_cmpuint (back.careful, ==, note.careful);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      back = imap_store_note_parse (
          (HaulBytes){ (const guint8 *) bad[i], strlen (bad[i]) });
      g_assert_cmpint (back.slowest_us, ==, 0);
      g_assert_cmpuint (back.careful, ==, 0);
    }
  /* What would be out of range is kept in it. */
  note.slowest_us = G_MAXINT64;
  g_autofree char *huge = imap_store_note_format (&note);
  back = imap_store_note_parse ((HaulBytes){ (const guint8 *) huge, strlen (huge) });
  g_assert_cmpuint (back.careful, ==, 256);
}

/* ---- slabs ---- */

/* Pieces of all sizes, given back in another order, never overlap. */
static void
test_slabs (void)
{
  static const gsize sizes[] = { 1,      16,     17,     0,      5000, 262144,
                                 262145, 100000, 200000, 524288, 3 };
  ImapSlabs slabs = { 0 };
  for (guint round = 0; round < 40; round++)
    {
      guint8 *pieces[G_N_ELEMENTS (sizes)];
      ImapSlab *owners[G_N_ELEMENTS (sizes)];
      for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
        {
          pieces[i] = imap_slabs_take (&slabs, sizes[i], &owners[i]);
          memset (pieces[i], (int) i + 1, sizes[i]);
        }
      for (guint j = 0; j < G_N_ELEMENTS (sizes); j++)
        {
          guint i = (j * 7 + round) % G_N_ELEMENTS (sizes);
          for (gsize k = 0; k < sizes[i]; k++)
            g_assert_cmpuint (pieces[i][k], ==, i + 1);
          imap_slabs_give (&slabs, owners[i]);
        }
    }
  g_assert_cmpuint (slabs.spare_count, <=, 16);
  imap_slabs_clear (&slabs);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/append/dates", test_dates);
  g_test_add_func ("/imap/append/flags", test_flags);
  g_test_add_func ("/imap/append/postponed-keywords", test_postpone);
  g_test_add_func ("/imap/append/when-to-select", test_need_select);
  g_test_add_func ("/imap/append/batches", test_batches);
  g_test_add_func ("/imap/append/pairs-of-uids", test_pairs);
  g_test_add_func ("/imap/append/refusals", test_refusals);
  g_test_add_func ("/imap/append/words-of-content", test_content_words);
  g_test_add_func ("/imap/append/pauses", test_pauses);
  g_test_add_func ("/imap/append/notes", test_notes);
  g_test_add_func ("/imap/append/slabs", test_slabs);
  return g_test_run ();
}
