/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The schedule of a fetch: how sets are cut, how a refused one is taken apart, and what
 * becomes of messages that do not come. */
#include <string.h>

#include "fetch-jobs.h"

/* A plan of UIDs "first:last" with one size, and what was lost. */
typedef struct
{
  const guint32 *uids;
  guint count, at;
  guint64 size;
  GString *lost;
} Plan;

static gboolean
pull (ImapWanted *out_wanted, gpointer user_data)
{
  Plan *plan = user_data;
  if (plan->at == plan->count)
    return FALSE;
  *out_wanted = (ImapWanted){ .uid = plan->uids[plan->at++], .size = plan->size };
  return TRUE;
}

static void
on_loss (const ImapWanted *wanted, ImapLoss loss, gpointer user_data)
{
  Plan *plan = user_data;
  static const char letters[] = {
    [IMAP_LOSS_GONE] = 'g', [IMAP_LOSS_REFUSED] = 'r', [IMAP_LOSS_UNANSWERED] = 'u'
  };
  g_string_append_printf (plan->lost, "%s%u%c", plan->lost->len > 0 ? " " : "",
                          wanted->uid, letters[loss]);
}

static char *
text_of (ImapJobs *jobs, const ImapJob *job)
{
  guint cursor = 0;
  g_autoptr (ImapUidSet) set = imap_jobs_set (jobs, job);
  g_autofree char *text = imap_uidset_format (set, &cursor, G_MAXSIZE);
  return g_strconcat (job->kind == IMAP_JOB_CHECK ? "?" : "", text, NULL);
}

static const ImapCut wide = { 200, 8 * 1024 * 1024, 7900 };

/* All sets that @plan is cut into. */
static char *
cut_all (Plan *plan, const ImapCut *cut)
{
  g_autoptr (ImapJobs) jobs = imap_jobs_new (pull, plan);
  GString *out = g_string_new (NULL);
  ImapJob *job;
  while ((job = imap_jobs_next (jobs, cut)) != NULL)
    {
      g_autofree char *text = text_of (jobs, job);
      g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", text);
      imap_job_free (job);
    }
  return g_string_free (out, FALSE);
}

static const guint32 ten[] = { 1, 2, 3, 5, 7, 8, 9, 20, 21, 22 };

static void
test_cut_by_count (void)
{
  Plan plan = { ten, 10, 0, 100, NULL };
  ImapCut cut = { 4, 1000000, 7900 };
  g_autofree char *sets = cut_all (&plan, &cut);
  g_assert_cmpstr (sets, ==, "1:3,5 7:9,20 21:22");
}

static void
test_cut_by_bytes (void)
{
  Plan plan = { ten, 10, 0, 400, NULL };
  ImapCut cut = { 200, 1000, 7900 };
  g_autofree char *sets = cut_all (&plan, &cut);
  g_assert_cmpstr (sets, ==, "1:2 3,5 7:8 9,20 21:22");
}

static void
test_plan_order_is_kept (void)
{
  static const guint32 uids[] = { 4, 5, 9, 3, 7 };
  Plan plan = { uids, 5, 0, 10, NULL };
  g_autofree char *sets = cut_all (&plan, &wide);
  g_assert_cmpstr (sets, ==, "4:5,9 3,7");
}

static void
test_large_message_goes_alone (void)
{
  Plan plan = { ten, 3, 0, 5000, NULL };
  ImapCut cut = { 200, 1000, 7900 };
  g_autofree char *sets = cut_all (&plan, &cut);
  g_assert_cmpstr (sets, ==, "1 2 3");
}

static void
test_size_nobody_knows (void)
{
  Plan plan = { ten, 3, 0, HAUL_SIZE_UNKNOWN, NULL };
  ImapCut cut = { 200, 150000, 7900 };
  g_autofree char *sets = cut_all (&plan, &cut);
  g_assert_cmpstr (sets, ==, "1:2 3");
}

static void
test_size_that_cannot_be (void)
{
  Plan plan = { ten, 3, 0, HAUL_SIZE_UNKNOWN - 1, NULL };
  g_autofree char *sets = cut_all (&plan, &wide);
  g_assert_cmpstr (sets, ==, "1 2 3");
}

static void
test_cut_by_line (void)
{
  guint32 uids[100];
  for (guint i = 0; i < 100; i++)
    uids[i] = 4000000000u + i * 2;
  Plan plan = { uids, 100, 0, 10, NULL };
  ImapCut cut = { 200, 1000000, 220 };
  g_autoptr (ImapJobs) jobs = imap_jobs_new (pull, &plan);
  ImapJob *job;
  guint total = 0;
  while ((job = imap_jobs_next (jobs, &cut)) != NULL)
    {
      g_autofree char *text = text_of (jobs, job);
      g_assert_cmpuint (strlen (text), <=, 220);
      total += job->uids->len;
      imap_job_free (job);
    }
  g_assert_cmpuint (total, ==, 100);
}

/* ---- answers ---- */

/* A server: messages that it refuses, that it is silent about, that are gone. */
typedef struct
{
  guint32 refuses, silent, gone;
  gboolean stops; /* at the refused one; else it refuses the whole set at once */
} Server;

/* Plays @server against @count messages; what was asked, in order. */
static char *
play (const Server *server, Plan *plan, guint *out_asked)
{
  g_autoptr (ImapJobs) jobs = imap_jobs_new (pull, plan);
  GString *out = g_string_new (NULL);
  ImapJob *job;
  *out_asked = 0;
  while ((job = imap_jobs_next (jobs, &wide)) != NULL)
    {
      g_autofree char *text = text_of (jobs, job);
      ImapAnswer answer = IMAP_ANSWER_OK;
      ++*out_asked;
      g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", text);
      for (guint i = 0; i < job->uids->len; i++)
        if (g_array_index (job->uids, guint32, i) == server->refuses
            && job->kind == IMAP_JOB_BODIES)
          answer = IMAP_ANSWER_REFUSED;
      for (guint i = 0; i < job->uids->len; i++)
        {
          guint32 uid = g_array_index (job->uids, guint32, i);
          ImapWanted *wanted = imap_jobs_wanted (jobs, uid);
          if (wanted == NULL || uid == server->gone)
            continue;
          if (job->kind == IMAP_JOB_CHECK)
            wanted->exists = TRUE;
          else if (answer == IMAP_ANSWER_REFUSED
                   && (!server->stops || uid == server->refuses))
            break;
          else if (uid != server->silent)
            imap_jobs_settle (jobs, uid);
        }
      imap_jobs_answer (jobs, job, answer, on_loss, plan);
    }
  return g_string_free (out, FALSE);
}

static void
test_refused_set_is_halved (void)
{
  g_autoptr (GString) lost = g_string_new (NULL);
  Plan plan = { ten, 8, 0, 10, lost };
  Server server = { .refuses = 7 };
  guint asked = 0;
  g_autofree char *sets = play (&server, &plan, &asked);
  g_assert_cmpstr (sets, ==, "1:3,5,7:9,20 1:3,5 7:9,20 7:8 7 8 9,20");
  g_assert_cmpstr (lost->str, ==, "7r");
}

static void
test_server_that_stops_at_the_message (void)
{
  g_autoptr (GString) lost = g_string_new (NULL);
  Plan plan = { ten, 8, 0, 10, lost };
  Server server = { .refuses = 7, .stops = TRUE };
  guint asked = 0;
  g_autofree char *sets = play (&server, &plan, &asked);
  g_assert_cmpstr (sets, ==, "1:3,5,7:9,20 7 8:9,20");
  g_assert_cmpstr (lost->str, ==, "7r");
}

static void
test_last_of_a_refused_set_is_asked_alone (void)
{
  g_autoptr (GString) lost = g_string_new (NULL);
  Plan plan = { ten, 4, 0, 10, lost };
  Server server = { .refuses = 5, .stops = TRUE };
  guint asked = 0;
  g_autofree char *sets = play (&server, &plan, &asked);
  g_assert_cmpstr (sets, ==, "1:3,5 5");
  g_assert_cmpstr (lost->str, ==, "5r");
}

static void
test_silence_of_a_message_that_exists (void)
{
  g_autoptr (GString) lost = g_string_new (NULL);
  Plan plan = { ten, 4, 0, 10, lost };
  Server server = { .silent = 3 };
  guint asked = 0;
  g_autofree char *sets = play (&server, &plan, &asked);
  g_assert_cmpstr (sets, ==, "1:3,5 ?3 3 ?3");
  g_assert_cmpstr (lost->str, ==, "3u");
}

static void
test_message_that_is_gone (void)
{
  g_autoptr (GString) lost = g_string_new (NULL);
  Plan plan = { ten, 4, 0, 10, lost };
  Server server = { .gone = 3 };
  guint asked = 0;
  g_autofree char *sets = play (&server, &plan, &asked);
  g_assert_cmpstr (sets, ==, "1:3,5 ?3");
  g_assert_cmpstr (lost->str, ==, "3g");
}

static void
test_bad_message_costs_few_questions (void)
{
  guint32 uids[200];
  for (guint i = 0; i < 200; i++)
    uids[i] = i + 1;
  for (guint32 bad = 1; bad <= 200; bad += 13)
    {
      g_autoptr (GString) lost = g_string_new (NULL);
      Plan plan = { uids, 200, 0, 10, lost };
      Server server = { .refuses = bad };
      guint asked = 0;
      g_autofree char *sets = play (&server, &plan, &asked);
      g_autofree char *expected = g_strdup_printf ("%ur", bad);
      g_assert_cmpstr (lost->str, ==, expected);
      g_assert_cmpuint (asked, <=, 2 * 8 + 1);
    }
}

static void
test_expunged_set_is_looked_at (void)
{
  g_autoptr (GString) lost = g_string_new (NULL);
  Plan plan = { ten, 3, 0, 10, lost };
  g_autoptr (ImapJobs) jobs = imap_jobs_new (pull, &plan);
  imap_jobs_answer (jobs, imap_jobs_next (jobs, &wide), IMAP_ANSWER_EXPUNGED, on_loss,
                    &plan);
  ImapJob *job = imap_jobs_next (jobs, &wide);
  g_assert_cmpint (job->kind, ==, IMAP_JOB_CHECK);
  imap_jobs_wanted (jobs, 2)->exists = TRUE;
  imap_jobs_answer (jobs, job, IMAP_ANSWER_OK, on_loss, &plan);
  g_assert_cmpstr (lost->str, ==, "3g 1g");
  job = imap_jobs_next (jobs, &wide);
  g_autofree char *text = text_of (jobs, job);
  g_assert_cmpstr (text, ==, "2");
  imap_job_free (job);
}

static void
test_refused_check_proves_nothing (void)
{
  g_autoptr (GString) lost = g_string_new (NULL);
  Plan plan = { ten, 1, 0, 10, lost };
  g_autoptr (ImapJobs) jobs = imap_jobs_new (pull, &plan);
  imap_jobs_answer (jobs, imap_jobs_next (jobs, &wide), IMAP_ANSWER_OK, on_loss, &plan);
  imap_jobs_answer (jobs, imap_jobs_next (jobs, &wide), IMAP_ANSWER_REFUSED, on_loss,
                    &plan);
  g_assert_cmpstr (lost->str, ==, "");
  ImapJob *job = imap_jobs_next (jobs, &wide);
  g_assert_cmpint (job->kind, ==, IMAP_JOB_BODIES);
  imap_job_free (job);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/imap/fetch-jobs/" name, func)
  ADD ("cut-by-count", test_cut_by_count);
  ADD ("cut-by-bytes", test_cut_by_bytes);
  ADD ("plan-order-is-kept", test_plan_order_is_kept);
  ADD ("large-message-goes-alone", test_large_message_goes_alone);
  ADD ("size-nobody-knows", test_size_nobody_knows);
  ADD ("size-that-cannot-be", test_size_that_cannot_be);
  ADD ("cut-by-line", test_cut_by_line);
  ADD ("refused-set-is-halved", test_refused_set_is_halved);
  ADD ("stop-at-a-message-blames-it", test_server_that_stops_at_the_message);
  ADD ("last-of-a-refused-set-is-asked-alone", test_last_of_a_refused_set_is_asked_alone);
  ADD ("silence-about-a-message-that-exists", test_silence_of_a_message_that_exists);
  ADD ("message-that-is-gone", test_message_that_is_gone);
  ADD ("bad-message-costs-few-questions", test_bad_message_costs_few_questions);
  ADD ("expunged-set-is-looked-at", test_expunged_set_is_looked_at);
  ADD ("refused-check-proves-nothing", test_refused_check_proves_nothing);
  return g_test_run ();
}
