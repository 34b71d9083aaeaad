/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/job.c: columns, names, paths and settings of a job in memory. */
#include <glib.h>
#include <string.h>

#include <mailhaul/error.h>

#include "base/option-table.h"
#include "model/job.h"

/* Settings: those of a plugin called "demo". */
typedef struct
{
  char *path;
  guint window;
  char *user;
  HaulSecret *password;
} Settings;

static const HaulOptionSpec specs[] = {
  HAUL_OPT_PATH (Settings, path, "path", NULL, HAUL_OPT_REQUIRED, "Where it is"),
  HAUL_OPT_UINT (Settings, window, "window", "64", "1", "1024", "commands", HAUL_OPT_NONE,
                 "Commands in flight"),
  HAUL_OPT_STRING (Settings, user, "user", NULL, HAUL_OPT_ONLY_SOURCE, "Who"),
  HAUL_OPT_SECRET (Settings, password, "password", HAUL_OPT_NONE, "Password"),
  HAUL_OPT_END,
};

static char *column_names[] = { (char *) "user", (char *) "a.b", (char *) "empty", NULL };
static char *column_values[] = { (char *) "an${user}na", (char *) "x", (char *) "",
                                 NULL };
static const JobAccount account = { .name = (char *) "anna",
                                    .columns = column_names,
                                    .values = column_values };

static Job *
new_job (void)
{
  Job *job = job_new_for_pair ("pair", "/jobs", "state");

  job->file = g_strdup ("job.xml");
  job->source = job_element_new ("demo", 7);
  return job;
}

static void
test_expand (void)
{
  static const struct
  {
    const char *text, *expected;
  } vectors[] = {
    { "", "" },
    { "plain", "plain" },
    { "${user}", "an${user}na" },
    { "a/${a.b}/${empty}/${a.b}b", "a/x//xb" },
    { "$", "$" },
    { "^Old/(.*)$", "^Old/(.*)$" },
    { "$1 $x", "$1 $x" },
    { "$$", "$" },
    { "$${user}", "${user}" },
    { "$$$${user}", "$${user}" },
    { "$$${a.b}", "$x" },
    { "{user}", "{user}" },
    { "€${a.b}€", "€x€" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *found = job_expand (&account, vectors[i].text, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (found, ==, vectors[i].expected);
    }
}

static void
test_expand_refuses (void)
{
  static const struct
  {
    const char *text, *message;
  } vectors[] = {
    { "${usr}", "unknown column \"usr\", did you mean \"user\"?" },
    { "x${zzzzzz}", "unknown column \"zzzzzz\"; there are user, a.b, empty" },
    { "${}", "unknown column \"\"; there are user, a.b, empty" },
    { "${ user}", "unknown column \" user\", did you mean \"user\"?" },
    { "a${user",
      "a \"${\" without its \"}\"; one that is meant as text is written \"$${\"" },
    { "${", "a \"${\" without its \"}\"; one that is meant as text is written \"$${\"" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (job_expand (&account, vectors[i].text, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
      g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_JOB);
      g_assert_cmpstr (error->message, ==, vectors[i].message);
    }
}

static void
test_escaped_text_expands_to_itself (void)
{
  static const char *const vectors[] = { "",          "a$",       "$1",
                                         "a$$b",      "${user}",  "$${x",
                                         "/h/$/${b}", "a${$$$$}", "$" };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *escaped = job_escape (vectors[i]);
      g_autofree char *found = job_expand (&account, escaped, NULL);

      g_assert_cmpstr (found, ==, vectors[i]);
    }
}

static void
test_expand_without_accounts (void)
{
  g_autoptr (Job) job = new_job ();
  g_autoptr (GError) error = NULL;
  g_autofree char *plain = job_expand (job->accounts->pdata[0], "a$$b", &error);

  g_assert_cmpstr (plain, ==, "a$b");
  g_assert_null (job_expand (job->accounts->pdata[0], "${user}", &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "the job has no <accounts>"));
}

static void
test_safe_names (void)
{
  static const struct
  {
    const char *name, *expected;
  } vectors[] = {
    { "anna", "anna" },
    { "anna@example.com", "anna@example.com" },
    { "Jörg Müller", "Jörg Müller" },
    { "a/b", "a%2Fb" },
    { "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
    { ".", "%2E" },
    { "..", "%2E." },
    { "a.b", "a.b" },
    { "a%2Fb", "a%252Fb" },
    { "a\\b\n\x7f", "a%5Cb%0A%7F" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *safe = job_safe_name (vectors[i].name);

      g_assert_cmpstr (safe, ==, vectors[i].expected);
    }
}

static void
test_long_safe_names_stay_different (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *first = NULL, *second = NULL;

  for (guint i = 0; i < 200; i++)
    g_string_append (text, "é");
  first = job_safe_name (text->str);
  g_string_append (text, "x");
  second = job_safe_name (text->str);
  g_assert_cmpuint (strlen (first), <=, 160);
  g_assert_cmpuint (strlen (second), <=, 160);
  g_assert_true (g_utf8_validate (first, -1, NULL));
  g_assert_cmpstr (first, !=, second);
}

static void
test_secret_names (void)
{
  g_assert_true (job_name_is_secret ("password"));
  g_assert_true (job_name_is_secret ("Old-PassWord2"));
  g_assert_true (job_name_is_secret ("token"));
  g_assert_true (job_name_is_secret ("client-secret"));
  g_assert_false (job_name_is_secret ("user"));
  g_assert_false (job_name_is_secret (""));
}

static void
test_paths (void)
{
  g_autoptr (Job) job = new_job ();
  g_autofree char *relative = job_path (job, &account, "s/${a.b}", NULL);
  g_autofree char *absolute = job_path (job, &account, "/s/${a.b}", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (relative, ==, "/jobs/s/x");
  g_assert_cmpstr (absolute, ==, "/s/x");
  g_assert_null (job_path (job, &account, "${no}", &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
}

static void
test_pair_has_defaults_and_one_account (void)
{
  g_autoptr (Job) job = job_new_for_pair ("a/b", "/jobs", "state");
  const JobAccount *only = job->accounts->pdata[0];

  g_assert_cmpuint (job->accounts->len, ==, 1);
  g_assert_cmpstr (only->name, ==, "a%2Fb");
  g_assert_null (only->columns[0]);
  g_assert_cmpstr (job->name, ==, "a/b");
  g_assert_cmpstr (job->directory, ==, "/jobs");
  g_assert_cmpstr (job->state_directory, ==, "/jobs/state");
  g_assert_null (job->report_file);
  g_assert_cmpint (job->flags, ==, JOB_FLAGS_MERGE);
  g_assert_cmpint (job->deletions, ==, JOB_DELETIONS_NONE);
  g_assert_cmpint (job->duplicates, ==, JOB_DUPLICATES_KEEP);
  g_assert_cmpint (job->verify, ==, JOB_VERIFY_SIZE);
  g_assert_cmpuint (job->account_limit, >=, 1);
  g_assert_cmpuint (job->connection_limit, >=, 1);
  g_assert_cmpuint (job->rate_bytes, ==, 0);
  g_assert_cmpuint (job->filters->len, ==, 0);
}

static void
test_settings_are_expanded_and_parsed (void)
{
  g_autoptr (Job) job = new_job ();
  g_autoptr (Problems) problems = problems_new ();
  Settings *settings;

  job_element_add (job->source, "path", "mail/${a.b}");
  job_element_add (job->source, "user", "${user}");
  settings = job_settings (job, job->source, &account, specs, sizeof *settings, 0,
                           problems);
  g_assert_cmpuint (problems_count (problems), ==, 0);
  g_assert_cmpstr (settings->path, ==, "/jobs/mail/x");
  g_assert_cmpstr (settings->user, ==, "an${user}na");
  g_assert_cmpuint (settings->window, ==, 64);
  option_table_free (specs, settings);
}

static void
test_settings_say_every_mistake (void)
{
  g_autoptr (Job) job = new_job ();
  g_autoptr (Problems) problems = problems_new ();

  job_element_add (job->source, "user", "x");
  job_element_add (job->source, "window", "0");
  job_element_add (job->source, "windw", "1");
  ((JobOption *) job->source->options->pdata[1])->line = 8;
  g_assert_null (job_settings (job, job->source, &account, specs, sizeof (Settings),
                               HAUL_OPT_ONLY_SOURCE, problems));
  /* path is missing, user on the wrong side, window out of range, windw unknown */
  g_assert_cmpuint (problems_count (problems), ==, 4);
  for (guint i = 0; i < 4; i++)
    {
      g_assert_cmpstr (problems_get (problems, i)->file, ==, "job.xml");
      g_assert_cmpuint (problems_get (problems, i)->line, ==, i == 1 ? 8 : 7);
    }
}

static void
test_settings_with_unknown_columns (void)
{
  g_autoptr (Job) job = new_job ();
  g_autoptr (Problems) problems = problems_new ();

  job_element_add (job->source, "path", "${usr}");
  ((JobOption *) job->source->options->pdata[0])->line = 9;
  job_element_add (job->source, "password", "hunter${2}!");
  g_assert_null (
      job_settings (job, job->source, &account, specs, sizeof (Settings), 0, problems));
  g_assert_cmpuint (problems_count (problems), ==, 2);
  g_assert_cmpuint (problems_get (problems, 0)->line, ==, 9);
  g_assert_cmpstr (problems_get (problems, 0)->text, ==,
                   "demo: \"path\": unknown column \"usr\", did you mean \"user\"?");
  g_assert_cmpuint (problems_get (problems, 1)->line, ==, 7);
  g_assert_null (strstr (problems_get (problems, 1)->text, "hunter"));
  g_assert_null (strstr (problems_get (problems, 1)->text, "2"));
}

static void
test_free_accepts_null_and_parts (void)
{
  job_free (NULL);
  job_element_free (NULL);
  job_free (job_new_for_pair ("x", NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job/expand/columns-and-dollars", test_expand);
  g_test_add_func ("/job/expand/refuses-unknown-and-unclosed", test_expand_refuses);
  g_test_add_func ("/job/expand/escaped-text-expands-to-itself",
                   test_escaped_text_expands_to_itself);
  g_test_add_func ("/job/expand/without-accounts-there-are-no-columns",
                   test_expand_without_accounts);
  g_test_add_func ("/job/safe-name/is-a-file-name", test_safe_names);
  g_test_add_func ("/job/safe-name/long-ones-stay-different",
                   test_long_safe_names_stay_different);
  g_test_add_func ("/job/secret/is-known-by-its-name", test_secret_names);
  g_test_add_func ("/job/path/is-expanded-and-absolute", test_paths);
  g_test_add_func ("/job/pair/has-defaults-and-one-account",
                   test_pair_has_defaults_and_one_account);
  g_test_add_func ("/job/settings/are-expanded-and-parsed",
                   test_settings_are_expanded_and_parsed);
  g_test_add_func ("/job/settings/say-every-mistake", test_settings_say_every_mistake);
  g_test_add_func ("/job/settings/unknown-columns-show-no-secret",
                   test_settings_with_unknown_columns);
  g_test_add_func ("/job/free/accepts-null-and-parts", test_free_accepts_null_and_parts);
  return g_test_run ();
}
