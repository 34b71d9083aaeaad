/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of core/model/job-load.c with job-walk.c: whole jobs from files. Each job of
 * tests/data/jobs is judged twice, by our walker and by the schema; they must agree.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "model/job-walk.h"
#include "model/job-xml.h"
#include "model/job.h"

static char *
data_path (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "..", "data", "jobs", name, NULL);
}

static char *
schema_directory (void)
{
  return g_test_build_filename (G_TEST_DIST, "..", "..", "schemas", NULL);
}

/* Scratch: a folder for one test. */
typedef struct
{
  char *directory;
} Scratch;

static void
set_up (Scratch *self, gconstpointer data)
{
  self->directory = g_dir_make_tmp ("mailhaul-job-XXXXXX", NULL);
  g_assert_nonnull (self->directory);
}

static void
tear_down (Scratch *self, gconstpointer data)
{
  GDir *folder = g_dir_open (self->directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->directory, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_dir_close (folder);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
}

static void
write_file (Scratch *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->directory, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static Job *
load (Scratch *self, const char *text, Problems *problems)
{
  g_autofree char *path = g_build_filename (self->directory, "job.xml", NULL);

  write_file (self, "job.xml", text);
  return job_load (path, problems);
}

static void
assert_problem (const Problems *problems, guint index, guint line, const char *text)
{
  const Problem *problem;

  g_assert_cmpuint (index, <, problems_length (problems));
  problem = problems_get (problems, index);
  g_assert_cmpstr (problem->text, ==, text);
  g_assert_cmpuint (problem->line, ==, line);
}

/* ---- the corpus ---- */

/* By the walker alone. */
static gboolean
walker_takes (const JobText *text)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Job) job = job_new_for_pair ("x", NULL, NULL);
  g_autoptr (JobNode) root = job_xml_parse (text, problems);

  return root != NULL && job_walk (root, job, problems);
}

static gboolean
schema_takes (const JobText *text)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autofree char *directory = schema_directory ();
  g_autofree char *file = g_build_filename (directory, "job.rng", NULL);
  g_autofree char *schema = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (file, &schema, &length, NULL));
  return job_xml_validate (text, schema, length, problems);
}

static guint
judge_folder (const char *name, gboolean expected)
{
  g_autofree char *folder = data_path (name);
  GDir *directory = g_dir_open (folder, 0, NULL);
  const char *file;
  guint count = 0;

  g_assert_nonnull (directory);
  while ((file = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, file, NULL);
      g_autofree char *data = NULL;
      JobText text = { .file = file };

      if (!g_str_has_suffix (file, ".xml"))
        continue;
      g_test_message ("%s", file);
      g_assert_true (g_file_get_contents (path, &data, &text.length, NULL));
      text.data = data;
      g_assert_cmpint (walker_takes (&text), ==, expected);
      g_assert_cmpint (schema_takes (&text), ==, expected);
      count++;
    }
  g_dir_close (directory);
  return count;
}

static void
test_good_jobs (void)
{
  g_assert_cmpuint (judge_folder ("good", TRUE), >, 10);
}

static void
test_bad_jobs (void)
{
  g_assert_cmpuint (judge_folder ("bad", FALSE), >, 70);
}

static void
test_good_jobs_load (void)
{
  g_autofree char *folder = data_path ("good");
  GDir *directory = g_dir_open (folder, 0, NULL);
  const char *file;

  while ((file = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, file, NULL);
      g_autoptr (Problems) problems = problems_new ();
      g_autoptr (Job) job = NULL;

      if (!g_str_has_suffix (file, ".xml"))
        continue;
      job = job_load (path, problems);
      for (guint i = 0; i < problems_length (problems); i++)
        g_test_message ("%s: %s", file, problems_get (problems, i)->text);
      g_assert_nonnull (job);
      g_assert_cmpuint (problems_length (problems), ==, 0);
    }
  g_dir_close (directory);
}

static void
test_bad_jobs_have_lines (void)
{
  g_autofree char *folder = data_path ("bad");
  GDir *directory = g_dir_open (folder, 0, NULL);
  const char *file;

  while ((file = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, file, NULL);
      g_autoptr (Problems) problems = problems_new ();

      g_test_message ("%s", file);
      g_assert_null (job_load (path, problems));
      g_assert_cmpuint (problems_count (problems), >=, 1);
      for (guint i = 0; i < problems_length (problems); i++)
        {
          g_assert_cmpstr (problems_get (problems, i)->file, ==, path);
          g_assert_cmpuint (problems_get (problems, i)->line, >=, 2);
        }
    }
  g_dir_close (directory);
}

static void
test_five_mistakes (void)
{
  g_autofree char *path = data_path ("five-mistakes.xml");
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (job_load (path, problems));
  g_assert_cmpuint (problems_length (problems), ==, 5);
  assert_problem (
      problems, 0, 5,
      "mbox: \"path\": unknown column \"old_usr\", did you mean \"old_user\"?");
  assert_problem (problems, 1, 10,
                  "unknown element <filtres>, did you mean \"filters\"?");
  assert_problem (problems, 2, 14,
                  "sync: \"verify\" must be one of none, size, headers, content, got "
                  "\"everything\"");
  assert_problem (problems, 3, 15,
                  "sync: unknown attribute \"deletion\", did you mean \"deletions\"?");
  assert_problem (problems, 4, 16,
                  "limits: \"connections\" must be 1 to 64, got \"400\"");
}

/* ---- values ---- */

static void
test_every_value_arrives (void)
{
  g_autofree char *path = data_path ("good/everything.xml");
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Job) job = job_load (path, problems);
  g_autofree char *report = data_path ("good/report.json");
  const JobElement *element;
  const JobOption *option;
  const JobAccount *account;

  g_assert_nonnull (job);
  g_assert_cmpstr (job->file, ==, path);
  g_assert_cmpstr (job->name, ==, "everything");
  element = job->source;
  g_assert_cmpstr (element->plugin, ==, "imap");
  g_assert_cmpuint (element->line, ==, 5);
  option = element->options->pdata[1];
  g_assert_cmpstr (option->name, ==, "user");
  g_assert_cmpstr (option->value, ==, "${old_user}");
  option = element->options->pdata[2];
  g_assert_cmpuint (option->line, ==, 6);
  option = job->destination->options->pdata[2];
  g_assert_cmpstr (option->value, ==, "a&b$$x");
  g_assert_cmpuint (job->filters->len, ==, 4);
  element = job->filters->pdata[2];
  g_assert_cmpstr (element->plugin, ==, "rename-folder");
  option = element->options->pdata[1];
  g_assert_cmpstr (option->value, ==, "Archive/\\1");
  g_assert_cmpuint (job->accounts->len, ==, 2);
  account = job->accounts->pdata[1];
  g_assert_cmpstr (account->name, ==, "bert");
  g_assert_cmpstr (account->values[1], ==, "bert@new.example");
  g_assert_cmpint (job->flags, ==, JOB_FLAGS_SOURCE);
  g_assert_cmpint (job->deletions, ==, JOB_DELETIONS_MIRROR);
  g_assert_cmpstr (job->max_deletions, ==, "5%");
  g_assert_true (job->allow_foreign_deletions);
  g_assert_false (job->allow_empty_source);
  g_assert_true (job->deletion_trash);
  g_assert_cmpstr (job->source_after_copy, ==, "move-to:Done/%2F ${old_user}");
  g_assert_cmpint (job->duplicates, ==, JOB_DUPLICATES_ONE);
  g_assert_cmpint (job->verify, ==, JOB_VERIFY_CONTENT);
  g_assert_cmpuint (job->account_limit, ==, 8);
  g_assert_cmpuint (job->connection_limit, ==, 4);
  g_assert_cmpuint (job->rate_bytes, ==, 2000000);
  g_assert_true (g_path_is_absolute (job->state_directory));
  g_assert_true (g_str_has_suffix (job->state_directory, "/good/state/${old_user}"));
  g_assert_true (g_path_is_absolute (job->report_file));
  g_assert_true (g_str_has_suffix (job->report_file, "/good/report.json"));
}

#define NAMESPACE "xmlns='urn:mailhaul:job:1'"
#define ENDS                                                                             \
  "<source><mbox path='a'/></source><destination><maildir path='b'/></destination>"

static void
test_defaults (Scratch *self, gconstpointer data)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Job) job = load (self, "<job " NAMESPACE ">" ENDS "</job>", problems);
  g_autofree char *state = g_build_filename (self->directory, "job.state", NULL);
  const JobAccount *account;

  g_assert_nonnull (job);
  g_assert_cmpstr (job->name, ==, "job");
  g_assert_cmpstr (job->directory, ==, self->directory);
  g_assert_cmpstr (job->state_directory, ==, state);
  g_assert_null (job->report_file);
  g_assert_null (job->source_after_copy);
  g_assert_cmpuint (job->accounts->len, ==, 1);
  account = job->accounts->pdata[0];
  g_assert_cmpstr (account->name, ==, "job");
  g_assert_cmpint (job->verify, ==, JOB_VERIFY_SIZE);
}

static void
test_paths_start_at_the_job (Scratch *self, gconstpointer data)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autofree char *state = g_build_filename (self->directory, "s", NULL);
  g_autoptr (Job) job = load (
      self, "<job " NAMESPACE ">" ENDS "<state directory='s'/><report file='/r'/></job>",
      problems);

  g_assert_nonnull (job);
  g_assert_cmpstr (job->state_directory, ==, state);
  g_assert_cmpstr (job->report_file, ==, "/r");
}

static void
test_unknown_columns (Scratch *self, gconstpointer data)
{
  g_autoptr (Problems) problems = problems_new ();

  write_file (self, "a.csv", "user,pass\nanna,x\n");
  g_assert_null (load (self,
                       "<job " NAMESPACE ">\n"
                       "<accounts file='a.csv'/>\n"
                       "<source><imap user='${user}'\n"
                       "password='x${ps}y'/></source>\n"
                       "<destination><maildir path='b${usr}'/></destination>\n"
                       "<filters><skip-folder name='${nonsense}'/></filters>\n"
                       "<state directory='${use}'/><report file='${'/>\n"
                       "<sync source-after-copy='move-to:${users}'/></job>",
                       problems));
  g_assert_cmpuint (problems_length (problems), ==, 6);
  assert_problem (
      problems, 0, 4,
      "imap: \"password\" has a \"${\" without a column of that name; one that is "
      "meant as text is written \"$${\"");
  assert_problem (problems, 1, 5,
                  "maildir: \"path\": unknown column \"usr\", did you mean \"user\"?");
  assert_problem (
      problems, 2, 6,
      "skip-folder: \"name\": unknown column \"nonsense\"; there are user, pass");
  assert_problem (problems, 3, 7,
                  "state: \"directory\": unknown column \"use\", did you mean \"user\"?");
  assert_problem (
      problems, 4, 7,
      "report: \"file\": a \"${\" without its \"}\"; one that is meant as text is "
      "written \"$${\"");
  assert_problem (problems, 5, 8,
                  "sync: \"source-after-copy\": unknown column \"users\", did you mean "
                  "\"user\"?");
}

static void
test_mistakes_of_job_and_accounts_at_once (Scratch *self, gconstpointer data)
{
  g_autoptr (Problems) problems = problems_new ();

  write_file (self, "a.csv", "user,pass\nanna\n,y\n");
  g_assert_null (load (self,
                       "<job " NAMESPACE ">\n"
                       "<accounts file='a.csv'/>\n" ENDS
                       "\n<limits accounts='no'/></job>",
                       problems));
  g_assert_cmpuint (problems_length (problems), ==, 3);
  assert_problem (problems, 0, 2, "the row has 1 fields, the first row names 2");
  assert_problem (problems, 1, 3, "the account has no name");
  assert_problem (problems, 2, 4, "limits: \"accounts\" must be 1 to 1000, got \"no\"");
}

static void
test_missing_files (Scratch *self, gconstpointer data)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autofree char *path = g_build_filename (self->directory, "no.xml", NULL);

  g_assert_null (job_load (path, problems));
  g_assert_cmpuint (problems_count (problems), ==, 1);
  assert_problem (problems, 0, 0, "cannot read the job: No such file or directory");
  g_assert_null (job_load (self->directory, problems));
  g_assert_cmpuint (problems_count (problems), ==, 2);
  g_assert_null (load (
      self, "<job " NAMESPACE ">\n<accounts file='no.csv'/>" ENDS "</job>", problems));
  g_assert_cmpuint (problems_count (problems), ==, 3);
}

static void
test_large_job_is_not_read (Scratch *self, gconstpointer data)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autofree char *text = g_strnfill (2 * 1024 * 1024, ' ');

  g_assert_null (load (self, text, problems));
  assert_problem (problems, 0, 0, "cannot read the job: it is larger than 1 MiB");
}

static void
test_endless_file_is_not_read (void)
{
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (job_load ("/dev/zero", problems));
  assert_problem (problems, 0, 0, "cannot read the job: it is larger than 1 MiB");
}

static void
test_idle_attributes_warn (Scratch *self, gconstpointer data)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Job)
      job = load (self,
                  "<job " NAMESPACE ">" ENDS
                  "\n<sync allow-foreign-deletions='yes' max-deletions='5'/></job>",
                  problems);

  g_assert_nonnull (job);
  g_assert_cmpuint (problems_count (problems), ==, 0);
  g_assert_cmpuint (problems_length (problems), ==, 2);
  assert_problem (problems, 0, 2,
                  "sync: \"allow-foreign-deletions\" has no effect without "
                  "deletions=\"mirror\"");
}

static void
test_wrong_values_that_are_secret_are_not_shown (Scratch *self, gconstpointer data)
{
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (
      load (self,
            "<job " NAMESPACE " password='hunter2'>" ENDS
            "<limits token='hunter2' rate='x'/><state secret='hunter2'/></job>",
            problems));
  g_assert_cmpuint (problems_count (problems), ==, 5);
  for (guint i = 0; i < problems_length (problems); i++)
    g_assert_null (strstr (problems_get (problems, i)->text, "hunter2"));
}

static void
test_works_without_a_schema (Scratch *self, gconstpointer data)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autofree char *schemas = schema_directory ();
  g_autoptr (Job) job = NULL;

  g_setenv ("MAILHAUL_SCHEMA_DIR", self->directory, TRUE);
  job = load (self, "<job " NAMESPACE ">" ENDS "</job>", problems);
  g_setenv ("MAILHAUL_SCHEMA_DIR", schemas, TRUE);
  g_assert_nonnull (job);
}

int
main (int argc, char **argv)
{
  g_autofree char *schemas = NULL;

  g_test_init (&argc, &argv, NULL);
  schemas = schema_directory ();
  g_setenv ("MAILHAUL_SCHEMA_DIR", schemas, TRUE);
  g_test_add_func ("/job-load/corpus/walker-and-schema-take-good-jobs", test_good_jobs);
  g_test_add_func ("/job-load/corpus/walker-and-schema-refuse-bad-jobs", test_bad_jobs);
  g_test_add_func ("/job-load/corpus/good-jobs-load", test_good_jobs_load);
  g_test_add_func ("/job-load/corpus/bad-jobs-have-lines", test_bad_jobs_have_lines);
  g_test_add_func ("/job-load/mistakes/five-are-five-messages", test_five_mistakes);
  g_test_add_func ("/job-load/values/every-one-arrives", test_every_value_arrives);
  g_test_add ("/job-load/values/defaults", Scratch, NULL, set_up, test_defaults,
              tear_down);
  g_test_add ("/job-load/values/paths-start-at-the-job", Scratch, NULL, set_up,
              test_paths_start_at_the_job, tear_down);
  g_test_add ("/job-load/mistakes/unknown-columns", Scratch, NULL, set_up,
              test_unknown_columns, tear_down);
  g_test_add ("/job-load/mistakes/of-job-and-accounts-at-once", Scratch, NULL, set_up,
              test_mistakes_of_job_and_accounts_at_once, tear_down);
  g_test_add ("/job-load/files/missing-ones-are-named", Scratch, NULL, set_up,
              test_missing_files, tear_down);
  g_test_add ("/job-load/files/a-large-one-is-not-read", Scratch, NULL, set_up,
              test_large_job_is_not_read, tear_down);
  g_test_add_func ("/job-load/files/an-endless-one-is-not-read",
                   test_endless_file_is_not_read);
  g_test_add ("/job-load/mistakes/idle-attributes-warn", Scratch, NULL, set_up,
              test_idle_attributes_warn, tear_down);
  g_test_add ("/job-load/mistakes/secrets-are-not-shown", Scratch, NULL, set_up,
              test_wrong_values_that_are_secret_are_not_shown, tear_down);
  g_test_add ("/job-load/schema/need-not-be-installed", Scratch, NULL, set_up,
              test_works_without_a_schema, tear_down);
  return g_test_run ();
}
