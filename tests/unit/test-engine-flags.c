/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The three-way merge of flags: every combination of one flag on three sides, keywords,
 * and that a second run has nothing to do.
 */
#include "engine/flags.h"

#include "model/keywords.h"

#define SEEN HAUL_FLAG_SEEN

typedef struct
{
  const char *name;
  JobFlags policy;
  /* one letter each for source, destination, last: 1 set, 0 not set, ? not known */
  const char *sides;
  char action; /* '+', '-', '=' */
  char synced; /* '1', '0' */
} BitVector;

static const BitVector bits[] = {
  { "all-clear", JOB_FLAGS_MERGE, "000", '=', '0' },
  { "all-set", JOB_FLAGS_MERGE, "111", '=', '1' },
  { "set-at-the-source", JOB_FLAGS_MERGE, "100", '+', '1' },
  { "cleared-at-the-source", JOB_FLAGS_MERGE, "011", '-', '0' },
  { "set-at-the-destination", JOB_FLAGS_MERGE, "010", '=', '0' },
  { "cleared-at-the-destination", JOB_FLAGS_MERGE, "101", '=', '1' },
  { "set-at-both", JOB_FLAGS_MERGE, "110", '=', '1' },
  { "cleared-at-both", JOB_FLAGS_MERGE, "001", '=', '0' },
  { "set-at-the-source-else-unknown", JOB_FLAGS_MERGE, "1?0", '+', '1' },
  { "cleared-at-the-source-else-unknown", JOB_FLAGS_MERGE, "0?1", '-', '0' },
  { "unchanged-else-unknown", JOB_FLAGS_MERGE, "1?1", '=', '1' },
  { "first-meeting-adds", JOB_FLAGS_MERGE, "10?", '+', '1' },
  { "first-meeting-removes-nothing", JOB_FLAGS_MERGE, "01?", '=', '0' },
  { "first-meeting-agrees", JOB_FLAGS_MERGE, "11?", '=', '1' },
  { "nothing-known", JOB_FLAGS_MERGE, "1??", '+', '1' },

  { "source-all-clear", JOB_FLAGS_SOURCE, "000", '=', '0' },
  { "source-all-set", JOB_FLAGS_SOURCE, "111", '=', '1' },
  { "source-set", JOB_FLAGS_SOURCE, "100", '+', '1' },
  { "source-cleared", JOB_FLAGS_SOURCE, "011", '-', '0' },
  { "source-undoes-set", JOB_FLAGS_SOURCE, "010", '-', '0' },
  { "source-undoes-cleared", JOB_FLAGS_SOURCE, "101", '+', '1' },
  { "source-set-at-both", JOB_FLAGS_SOURCE, "110", '=', '1' },
  { "source-cleared-at-both", JOB_FLAGS_SOURCE, "001", '=', '0' },
  { "source-else-unknown", JOB_FLAGS_SOURCE, "1?0", '+', '1' },
  { "source-first-meeting-removes", JOB_FLAGS_SOURCE, "01?", '-', '0' },

  { "new-only-set", JOB_FLAGS_NEW_ONLY, "100", '=', '0' },
  { "new-only-cleared", JOB_FLAGS_NEW_ONLY, "011", '=', '1' },
  { "new-only-first-meeting", JOB_FLAGS_NEW_ONLY, "10?", '=', '1' },
};

static FlagsView
view_of (char side)
{
  /* the other flag and bits beyond the flags change nothing */
  return (FlagsView){ (side == '1' ? SEEN : 0) | HAUL_FLAG_DRAFT | 0x100,
                      side == '1' ? "Word" : "" };
}

static void
test_bit (gconstpointer data)
{
  const BitVector *vector = data;
  FlagsView destination = view_of (vector->sides[1]);
  FlagsView last = view_of (vector->sides[2]);
  FlagsInput input = { .source = view_of (vector->sides[0]),
                       .destination = vector->sides[1] != '?' ? &destination : NULL,
                       .last = vector->sides[2] != '?' ? &last : NULL,
                       .policy = vector->policy };
  g_auto (FlagsMerge) merge = { 0 };
  flags_merge (&input, &merge);
  gboolean draft_new = vector->sides[1] == '?' && vector->sides[2] == '?';
  g_assert_cmpuint (merge.add_flags & SEEN, ==, vector->action == '+' ? SEEN : 0);
  g_assert_cmpuint (merge.add_flags & ~(guint32) SEEN, ==,
                    draft_new ? HAUL_FLAG_DRAFT : 0);
  g_assert_cmpuint (merge.remove_flags, ==, vector->action == '-' ? SEEN : 0);
  g_assert_cmpstr (merge.add_keywords, ==, vector->action == '+' ? "Word" : "");
  g_assert_cmpstr (merge.remove_keywords, ==, vector->action == '-' ? "Word" : "");
  g_assert_cmpuint (merge.synced_flags, ==,
                    (vector->synced == '1' ? SEEN : 0) | HAUL_FLAG_DRAFT);
  g_assert_cmpstr (merge.synced_keywords, ==, vector->synced == '1' ? "Word" : "");
  g_assert_cmpint (flags_merge_is_empty (&merge), ==,
                   vector->action == '=' && !draft_new);
}

static void
test_keywords (void)
{
  const struct
  {
    const char *source;
    const char *destination;
    const char *last;
    const char *add;
    const char *remove;
    const char *synced;
  } vectors[] = {
    { "a b", "A B", "a B", "", "", "a b" },
    { "$Junk a", "a z", "a z", "$Junk", "z", "$Junk a" },
    { "a b", "c", "b c", "a", "c", "a b" },
    { NULL, "x", "X", "", "x", "" },
    { "new", "NEW", "", "", "", "new" },
    { "", "mine", "gone", "", "", "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      FlagsView destination = { 0, vectors[i].destination };
      FlagsView last = { 0, vectors[i].last };
      FlagsInput input = { .source = { 0, vectors[i].source },
                           .destination = &destination,
                           .last = &last };
      g_auto (FlagsMerge) merge = { 0 };
      flags_merge (&input, &merge);
      g_assert_cmpstr (merge.add_keywords, ==, vectors[i].add);
      g_assert_true (keywords_equal (merge.remove_keywords, vectors[i].remove));
      g_assert_cmpstr (merge.synced_keywords, ==, vectors[i].synced);
    }
}

/* Whatever the three sides are: after the merge is applied a second one is empty. */
static void
test_second_run (gconstpointer data)
{
  JobFlags policy = (JobFlags) GPOINTER_TO_INT (data);
  for (guint i = 0; i < 32 * 32 * 32; i++)
    {
      FlagsView destination = { i >> 5 & 31, "" }, last = { i >> 10, "" };
      FlagsInput input = { .source = { i & 31, "" },
                           .destination = &destination,
                           .last = &last,
                           .policy = policy };
      g_auto (FlagsMerge) first = { 0 }, second = { 0 };
      flags_merge (&input, &first);
      g_assert_cmpuint (first.add_flags & destination.flags, ==, 0);
      g_assert_cmpuint (first.remove_flags & ~destination.flags, ==, 0);
      destination.flags = (destination.flags | first.add_flags) & ~first.remove_flags;
      last.flags = first.synced_flags;
      flags_merge (&input, &second);
      g_assert_true (flags_merge_is_empty (&second));
      g_assert_cmpuint (second.synced_flags, ==, first.synced_flags);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bits); i++)
    {
      g_autofree char *path = g_strconcat ("/engine-flags/one/", bits[i].name, NULL);
      g_test_add_data_func (path, &bits[i], test_bit);
    }
  g_test_add_func ("/engine-flags/keywords/without-case", test_keywords);
  g_test_add_data_func ("/engine-flags/second-run/merge",
                        GINT_TO_POINTER (JOB_FLAGS_MERGE), test_second_run);
  g_test_add_data_func ("/engine-flags/second-run/source",
                        GINT_TO_POINTER (JOB_FLAGS_SOURCE), test_second_run);
  g_test_add_data_func ("/engine-flags/second-run/new-only",
                        GINT_TO_POINTER (JOB_FLAGS_NEW_ONLY), test_second_run);
  return g_test_run ();
}
