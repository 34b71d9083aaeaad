/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a job and its accounts from files and puts the layers of checks in order: XML,
 * walker, schema, CSV, columns. Each mistake has its line. On the caller's thread.
 */
#include "job.h"

#include <errno.h>
#include <string.h>

#include "base/option-values.h"
#include "model/job-account.h"
#include "model/job-walk.h"
#include "model/job-xml.h"
#include "model/read-file.h"

/* SCHEMA_LIMIT_BYTES: the frame has 20 KiB, one with every plugin a few hundred. */
#define SCHEMA_LIMIT_BYTES (8 * 1024 * 1024)

/* ---- the layers ---- */

static char *
schema_file (void)
{
  const char *directory = g_getenv ("MAILHAUL_SCHEMA_DIR");

  if (directory == NULL || *directory == '\0')
    directory = MAILHAUL_SCHEMA_DIR;
  return g_build_filename (directory, "job.rng", NULL);
}

/* The walker has taken the job; the schema must, too. It need not be installed. */
static void
validate (const JobText *text, Problems *problems)
{
  g_autofree char *file = schema_file ();
  g_autoptr (GByteArray) schema = read_file_bytes (file, SCHEMA_LIMIT_BYTES);

  if (schema != NULL)
    job_xml_validate (text, (const char *) schema->data, schema->len, problems);
}

static void
load_accounts (Job *job, Problems *problems)
{
  g_autoptr (GByteArray) data = NULL;
  GPtrArray *accounts;

  if (job->accounts_file == NULL)
    return;
  data = read_file_bytes (job->accounts_file, ACCOUNTS_LIMIT_BYTES);
  if (data == NULL)
    {
      problems_add (problems, job->file, job->accounts_line,
                    "cannot read the accounts in '%s': %s", job->accounts_file,
                    errno == EFBIG ? "the file is larger than 16 MiB"
                                   : g_strerror (errno));
      return;
    }
  accounts = job_accounts_parse (job->accounts_file, (const char *) data->data, data->len,
                                 problems);
  if (accounts == NULL)
    return;
  g_ptr_array_unref (job->accounts);
  job->accounts = accounts;
}

static void
check_text_columns (const Job *job, guint line, const char *what, const char *text,
                    Problems *problems)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expanded = NULL;

  if (text == NULL)
    return;
  expanded = job_expand (job->accounts->pdata[0], text, &error);
  if (expanded == NULL)
    problems_add (problems, job->file, line, "%s: %s", what, error->message);
}

static void
check_columns (const Job *job, Problems *problems)
{
  if (job->source != NULL)
    job_element_check_columns (job, job->source, problems);
  if (job->destination != NULL)
    job_element_check_columns (job, job->destination, problems);
  for (guint i = 0; i < job->filters->len; i++)
    job_element_check_columns (job, job->filters->pdata[i], problems);
  check_text_columns (job, job->state_line, "state: \"directory\"", job->state_directory,
                      problems);
  check_text_columns (job, job->report_line, "report: \"file\"", job->report_file,
                      problems);
  check_text_columns (job, job->after_copy_line, "sync: \"source-after-copy\"",
                      job->source_after_copy, problems);
}

/* A path becomes absolute and stays a text for job_expand(). One that starts with a
 * column may be absolute for one account and not for another: job_path() sees to it. */
static void
resolve (const Job *job, char **path)
{
  g_autofree char *directory = job_escape (job->directory);
  char *absolute;

  if (*path == NULL || g_str_has_prefix (*path, "${"))
    return;
  absolute = option_value_resolve (*path, directory);
  g_free (*path);
  *path = absolute;
}

/* What the job leaves open, and where its paths start. */
static void
complete (Job *job)
{
  g_autofree char *safe = job_safe_name (job->name);

  if (job->state_directory == NULL)
    {
      g_autofree char *name = g_strconcat (safe, ".state", NULL);

      job->state_directory = job_escape (name);
    }
  resolve (job, &job->state_directory);
  resolve (job, &job->report_file);
  if (job->accounts_file != NULL)
    {
      char *absolute = option_value_resolve (job->accounts_file, job->directory);

      g_free (job->accounts_file);
      job->accounts_file = absolute;
    }
  g_ptr_array_set_size (job->accounts, 0);
  g_ptr_array_add (job->accounts, job_account_new (job->name, 0));
}

/* A job named for its file, without accounts yet. */
static Job *
new_for_file (const char *file)
{
  g_autofree char *absolute = g_canonicalize_filename (file, NULL);
  g_autofree char *directory = g_path_get_dirname (absolute);
  g_autofree char *base = g_path_get_basename (absolute);
  Job *job;

  if (g_str_has_suffix (base, ".xml") && strlen (base) > strlen (".xml"))
    base[strlen (base) - strlen (".xml")] = '\0';
  job = job_new_for_pair (base, directory, NULL);
  job->file = g_strdup (file);
  return job;
}

/* From the file's bytes to a job without its accounts, as far as it is right, so that the
 * rest can be checked, too. NULL: there is nothing to go on with. */
static Job *
read_job (const char *file, Problems *problems)
{
  g_autoptr (Job) job = new_for_file (file);
  g_autoptr (JobNode) root = NULL;
  g_autoptr (GByteArray) data = read_file_bytes (file, JOB_LIMIT_BYTES);
  JobText text;

  if (data == NULL)
    {
      problems_add (problems, file, 0, "cannot read the job: %s",
                    errno == EFBIG ? "it is larger than 1 MiB" : g_strerror (errno));
      return NULL;
    }
  text = (JobText){ .file = file,
                    .data = (const char *) data->data,
                    .length = data->len };
  root = job_xml_parse (&text, problems);
  if (root == NULL)
    return NULL;
  if (job_walk (root, job, problems))
    validate (&text, problems);
  return g_steal_pointer (&job);
}

Job *
job_load_partly (const char *file, Problems *problems)
{
  g_autoptr (Job) job = read_job (file, problems);

  if (job != NULL)
    {
      guint without_accounts = problems_count (problems);

      complete (job);
      load_accounts (job, problems);
      /* Without the accounts every column would be unknown. */
      if (problems_count (problems) == without_accounts)
        check_columns (job, problems);
    }
  problems_sort (problems);
  return g_steal_pointer (&job);
}

Job *
job_load (const char *file, Problems *problems)
{
  guint before = problems_count (problems);
  g_autoptr (Job) job = job_load_partly (file, problems);

  return problems_count (problems) == before ? g_steal_pointer (&job) : NULL;
}
