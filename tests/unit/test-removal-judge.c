/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may be deleted, message by message, and when nothing is: tables of vectors.
 */
#include "engine/removal-judge.h"

#include <string.h>

#define DELIVERED JOB_DELETIONS_DELIVERED
#define MIRROR    JOB_DELETIONS_MIRROR
#define SEEN      HAUL_FLAG_SEEN

typedef struct
{
  const char *name;
  JobDeletions policy;
  RemovalCase message;
  RemovalVerdict verdict;
} CaseVector;

static const CaseVector cases[] = {
  { "none-touches-nothing", JOB_DELETIONS_NONE, { .known = TRUE, .ours = TRUE }, 0 },
  { "delivered-and-gone", DELIVERED, { .known = TRUE, .ours = TRUE }, REMOVAL_DELETE },
  { "delivered-and-there",
    DELIVERED,
    { .known = TRUE, .ours = TRUE, .at_source = TRUE },
    REMOVAL_KEEP },
  { "found-and-gone", DELIVERED, { .known = TRUE }, REMOVAL_KEEP },
  { "unknown", DELIVERED, { .flags_now = SEEN }, REMOVAL_KEEP },
  { "taken-by-us", DELIVERED, { .known = TRUE, .ours = TRUE, .taken = TRUE }, 0 },
  { "read-there",
    DELIVERED,
    { .known = TRUE, .ours = TRUE, .flags_now = SEEN },
    REMOVAL_CHANGED },
  { "unread-there",
    DELIVERED,
    { .known = TRUE, .ours = TRUE, .flags_last = SEEN },
    REMOVAL_CHANGED },
  { "marked-deleted-there",
    DELIVERED,
    { .known = TRUE, .ours = TRUE, .flags_now = HAUL_FLAG_DELETED },
    REMOVAL_DELETE },
  { "labelled-there",
    DELIVERED,
    { .known = TRUE, .ours = TRUE, .keywords_now = "$Work" },
    REMOVAL_CHANGED },
  { "keyword-never-kept",
    DELIVERED,
    { .known = TRUE, .ours = TRUE, .keywords_last = "$Work" },
    REMOVAL_DELETE },
  { "mirror-delivered-and-gone",
    MIRROR,
    { .known = TRUE, .ours = TRUE },
    REMOVAL_DELETE },
  { "mirror-changed-there",
    MIRROR,
    { .known = TRUE, .ours = TRUE, .flags_now = SEEN },
    REMOVAL_DELETE },
  { "mirror-found-and-there", MIRROR, { .known = TRUE, .at_source = TRUE }, 0 },
  { "mirror-found-and-gone", MIRROR, { .known = TRUE }, REMOVAL_FOREIGN },
  { "mirror-unknown", MIRROR, { .flags_now = SEEN }, REMOVAL_FOREIGN },
  { "mirror-taken-by-us", MIRROR, { .known = TRUE, .ours = TRUE, .taken = TRUE }, 0 },
};

static void
test_case (gconstpointer data)
{
  const CaseVector *vector = data;
  RemovalCase message = vector->message;
  if (message.keywords_now == NULL)
    message.keywords_now = "";
  if (message.keywords_last == NULL)
    message.keywords_last = "";
  g_assert_cmpint (removal_judge (vector->policy, &message), ==, vector->verdict);
}

typedef struct
{
  const char *name;
  Job job;
  RemovalSum sums[2];
  const char *refusal; /* a part of it; NULL: none */
} GuardVector;

static const GuardVector guards[] = {
  { "nothing-to-do", { .deletions = MIRROR }, { { "A", TRUE, 0, 5, 0, 0 } }, NULL },
  { "some", { .deletions = MIRROR }, { { "A", TRUE, 2, 5, 3, 0 } }, NULL },
  { "half-of-many", { .deletions = MIRROR }, { { "A", TRUE, 50, 100, 50, 0 } }, NULL },
  { "more-than-half-of-many",
    { .deletions = MIRROR },
    { { "A", TRUE, 49, 100, 51, 0 } },
    "more than half" },
  { "delivered-has-no-limit-of-its-own",
    { .deletions = DELIVERED },
    { { "A", TRUE, 1, 100, 99, 0 } },
    NULL },
  { "within-a-number",
    { .deletions = DELIVERED, .max_deletions = (char *) "4" },
    { { "A", TRUE, 9, 10, 2, 0 }, { "B", TRUE, 9, 10, 2, 0 } },
    NULL },
  { "over-a-number",
    { .deletions = DELIVERED, .max_deletions = (char *) "3" },
    { { "A", TRUE, 9, 10, 2, 0 }, { "B", TRUE, 9, 10, 2, 0 } },
    "max-deletions=3" },
  { "none-allowed",
    { .deletions = DELIVERED, .max_deletions = (char *) "0" },
    { { "A", TRUE, 9, 10, 1, 0 } },
    "max-deletions=0" },
  { "within-a-share",
    { .deletions = MIRROR, .max_deletions = (char *) "10%" },
    { { "A", TRUE, 9, 10, 1, 0 }, { "B", TRUE, 9, 10, 1, 0 } },
    NULL },
  { "over-a-share",
    { .deletions = MIRROR, .max_deletions = (char *) "9%" },
    { { "A", TRUE, 9, 10, 1, 0 }, { "B", TRUE, 9, 10, 1, 0 } },
    "max-deletions=9%" },
  { "foreign",
    { .deletions = MIRROR },
    { { "A", TRUE, 9, 10, 1, 1 } },
    "allow-foreign-deletions" },
  { "foreign-allowed",
    { .deletions = MIRROR, .allow_foreign_deletions = TRUE },
    { { "A", TRUE, 9, 10, 1, 1 } },
    NULL },
  { "empty-folder",
    { .deletions = MIRROR },
    { { "A", TRUE, 9, 9, 0, 0 }, { "B", TRUE, 0, 2, 2, 0 } },
    "allow-empty-source" },
  { "empty-folder-delivered",
    { .deletions = DELIVERED },
    { { "A", TRUE, 9, 9, 0, 0 }, { "B", TRUE, 0, 2, 2, 0 } },
    NULL },
  { "folder-that-is-no-more",
    { .deletions = MIRROR },
    { { "A", TRUE, 9, 9, 0, 0 }, { "B", FALSE, 0, 2, 2, 0 } },
    NULL },
  { "empty-account",
    { .deletions = DELIVERED },
    { { "A", TRUE, 0, 2, 2, 0 } },
    "allow-empty-source" },
  { "empty-account-allowed",
    { .deletions = MIRROR, .allow_empty_source = TRUE },
    { { "A", TRUE, 0, 2, 2, 0 } },
    NULL },
};

static void
test_guard (gconstpointer data)
{
  const GuardVector *vector = data;
  g_autofree char *refusal = removal_refuse (&vector->job, vector->sums, 2);
  if (vector->refusal == NULL)
    g_assert_cmpstr (refusal, ==, NULL);
  else
    g_assert_nonnull (strstr (refusal != NULL ? refusal : "", vector->refusal));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/removal/judge/", cases[i].name, NULL);
      g_test_add_data_func (path, &cases[i], test_case);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (guards); i++)
    {
      g_autofree char *path = g_strconcat ("/removal/guard/", guards[i].name, NULL);
      g_test_add_data_func (path, &guards[i], test_guard);
    }
  return g_test_run ();
}
