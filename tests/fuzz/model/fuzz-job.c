/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a job or, after a first "C", as its CSV of accounts: refused always with a
 * message; and what our walker takes the schema takes, and the other way round. */
#include <string.h>

#include <glib.h>

#include "model/job-account.h"
#include "model/job-walk.h"
#include "model/job-xml.h"
#include "model/schema.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_messages (const Problems *problems)
{
  for (guint i = 0; i < problems_length (problems); i++)
    {
      const char *text = problems_get (problems, i)->text;

      g_assert_cmpstr (text, !=, "");
      g_assert_true (g_utf8_validate (text, -1, NULL));
    }
}

static void
check_accounts (const char *data, gsize size)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (GPtrArray) accounts = job_accounts_parse ("a.csv", data, size, problems);

  check_messages (problems);
  g_assert_cmpint (accounts == NULL, ==, problems_count (problems) > 0);
  for (guint i = 0; accounts != NULL && i < accounts->len; i++)
    {
      const JobAccount *account = accounts->pdata[i];

      g_assert_cmpstr (account->name, !=, "");
      g_assert_null (strchr (account->name, '/'));
      g_assert_cmpuint (g_strv_length (account->columns), ==,
                        g_strv_length (account->values));
    }
}

static void
check_job (const JobText *text)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Problems) mismatches = problems_new ();
  g_autoptr (Job) job = job_new_for_pair ("fuzz", "/", NULL);
  g_autoptr (JobNode) root = job_xml_parse (text, problems);
  g_autofree char *schema = NULL;
  gboolean taken;

  g_assert_cmpint (root == NULL, ==, problems_count (problems) > 0);
  if (root == NULL)
    {
      check_messages (problems);
      return;
    }
  taken = job_walk (root, job, problems);
  g_assert_cmpint (taken, ==, problems_count (problems) == 0);
  if (taken)
    {
      g_assert_nonnull (job->source);
      g_assert_nonnull (job->destination);
      job_element_check_columns (job, job->source, problems);
    }
  check_messages (problems);
  schema = schema_print (NULL, 0);
  g_assert_cmpint (job_xml_validate (text, schema, strlen (schema), mismatches), ==,
                   taken);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  JobText text = { .file = "job.xml", .data = (const char *) data, .length = size };

  if (size > 0 && data[0] == 'C')
    check_accounts ((const char *) data + 1, size - 1);
  else
    check_job (&text);
  return 0;
}
