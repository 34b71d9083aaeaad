/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of a job's elements and attributes, and the check of one value against it.
 * What the values mean is the walker's. Pure; any thread.
 */
#include "job-spec.h"

#include <string.h>

/* A size as option_parse_size() takes it, short enough that no unit overflows. */
#define SIZE_PATTERN                                                                     \
  "([0-9]{1,18}[bB]?|[0-9]{1,9}[kKmMgG]([iI]?[bB])?|[0-9]{1,7}[tT]([iI]?[bB])?"          \
  "|[0-9]{1,4}[pP]([iI]?[bB])?)"
/* One name of a folder path; see haul_path_from_text(). */
#define FOLDER_NAME_PATTERN "([^/%]|%2[fF]|%25)+"

static const char *const bool_choices[] = { "false", "no", "off", "0", "true",
                                            "yes",   "on", "1",   NULL };
static const char *const flags_choices[] = { "merge", "source", "new-only", NULL };
static const char *const deletions_choices[] = { "none", "delivered", "mirror", NULL };
static const char *const deletion_mode_choices[] = { "expunge", "trash", NULL };
static const char *const duplicates_choices[] = { "keep", "one", NULL };
static const char *const verify_choices[] = { "none", "size", "headers", "content",
                                              NULL };

static const JobAttributeSpec job_attributes[] = {
  { .name = "name",
    .id = JOB_ATTRIBUTE_NAME,
    .type = JOB_VALUE_TEXT,
    .summary = "Name in messages and reports; the file's name when missing" },
  { .name = NULL },
};

static const JobAttributeSpec accounts_attributes[] = {
  { .name = "file",
    .id = JOB_ATTRIBUTE_ACCOUNTS_FILE,
    .type = JOB_VALUE_TEXT,
    .required = TRUE,
    .summary = "CSV file with one account a row; its first row names the columns" },
  { .name = NULL },
};

static const JobAttributeSpec sync_attributes[] = {
  { .name = "flags",
    .id = JOB_ATTRIBUTE_FLAGS,
    .type = JOB_VALUE_CHOICE,
    .choices = flags_choices,
    .summary = "Three-way, or the source wins, or only those of new messages" },
  { .name = "deletions",
    .id = JOB_ATTRIBUTE_DELETIONS,
    .type = JOB_VALUE_CHOICE,
    .choices = deletions_choices,
    .summary = "What to remove at the destination" },
  { .name = "max-deletions",
    .id = JOB_ATTRIBUTE_MAX_DELETIONS,
    .type = JOB_VALUE_PATTERN,
    .pattern = "[0-9]{1,9}|(100|[1-9]?[0-9])%",
    .form = "a number or a percentage like 5%",
    .summary = "More deletions than this are refused" },
  { .name = "allow-foreign-deletions",
    .id = JOB_ATTRIBUTE_ALLOW_FOREIGN_DELETIONS,
    .type = JOB_VALUE_CHOICE,
    .choices = bool_choices,
    .summary = "Let mirror remove mail that mailhaul did not deliver" },
  { .name = "allow-empty-source",
    .id = JOB_ATTRIBUTE_ALLOW_EMPTY_SOURCE,
    .type = JOB_VALUE_CHOICE,
    .choices = bool_choices,
    .summary = "Let a source without any mail empty the destination" },
  { .name = "deletion-mode",
    .id = JOB_ATTRIBUTE_DELETION_MODE,
    .type = JOB_VALUE_CHOICE,
    .choices = deletion_mode_choices,
    .summary = "Remove for good, or move to the trash" },
  { .name = "source-after-copy",
    .id = JOB_ATTRIBUTE_SOURCE_AFTER_COPY,
    .type = JOB_VALUE_PATTERN,
    .pattern = "keep|delete|move-to:" FOLDER_NAME_PATTERN "(/" FOLDER_NAME_PATTERN ")*",
    .form = "keep, delete or move-to:FOLDER",
    .summary = "What becomes of a message at the source once it is proven to be copied" },
  { .name = "duplicates",
    .id = JOB_ATTRIBUTE_DUPLICATES,
    .type = JOB_VALUE_CHOICE,
    .choices = duplicates_choices,
    .summary = "Equal messages of a folder stay as many as they are, or become one" },
  { .name = "verify",
    .id = JOB_ATTRIBUTE_VERIFY,
    .type = JOB_VALUE_CHOICE,
    .choices = verify_choices,
    .summary = "What is compared after a copy" },
  { .name = NULL },
};

static const JobAttributeSpec limits_attributes[] = {
  { .name = "accounts",
    .id = JOB_ATTRIBUTE_ACCOUNT_LIMIT,
    .type = JOB_VALUE_UINT,
    .minimum = 1,
    .maximum = 1000,
    .summary = "Accounts at once" },
  { .name = "connections",
    .id = JOB_ATTRIBUTE_CONNECTION_LIMIT,
    .type = JOB_VALUE_UINT,
    .minimum = 1,
    .maximum = 64,
    .summary = "Connections of each account to each side" },
  { .name = "rate",
    .id = JOB_ATTRIBUTE_RATE,
    .type = JOB_VALUE_PATTERN,
    .pattern = SIZE_PATTERN "(/s)?",
    .form = "a rate like 2M/s",
    .summary = "Bytes per second over all accounts; 0: no limit" },
  { .name = NULL },
};

static const JobAttributeSpec state_attributes[] = {
  { .name = "directory",
    .id = JOB_ATTRIBUTE_STATE_DIRECTORY,
    .type = JOB_VALUE_TEXT,
    .required = TRUE,
    .summary = "Where to remember what was copied" },
  { .name = NULL },
};

static const JobAttributeSpec report_attributes[] = {
  { .name = "file",
    .id = JOB_ATTRIBUTE_REPORT_FILE,
    .type = JOB_VALUE_TEXT,
    .required = TRUE,
    .summary = "Where to write the report as JSON" },
  { .name = NULL },
};

static const JobElementSpec root = {
  .name = "job",
  .id = JOB_ELEMENT_JOB,
  .content = JOB_CONTENT_ELEMENTS,
  .required = TRUE,
  .attributes = job_attributes,
  .summary = "Which mail to copy from where to where, and how"
};

static const JobElementSpec elements[] = {
  { .name = "accounts",
    .id = JOB_ELEMENT_ACCOUNTS,
    .content = JOB_CONTENT_EMPTY,
    .attributes = accounts_attributes,
    .summary = "Many accounts: ${column} in other values stands for a field of the row" },
  { .name = "source",
    .id = JOB_ELEMENT_SOURCE,
    .content = JOB_CONTENT_PLUGIN,
    .required = TRUE,
    .summary = "Holds the element of the backend to read from" },
  { .name = "destination",
    .id = JOB_ELEMENT_DESTINATION,
    .content = JOB_CONTENT_PLUGIN,
    .required = TRUE,
    .summary = "Holds the element of the backend to write to" },
  { .name = "filters",
    .id = JOB_ELEMENT_FILTERS,
    .content = JOB_CONTENT_PLUGINS,
    .summary = "Filters in the order of their application" },
  { .name = "sync",
    .id = JOB_ELEMENT_SYNC,
    .content = JOB_CONTENT_EMPTY,
    .attributes = sync_attributes,
    .summary = "How the two sides are kept equal" },
  { .name = "limits",
    .id = JOB_ELEMENT_LIMITS,
    .content = JOB_CONTENT_EMPTY,
    .attributes = limits_attributes,
    .summary = "How much at once" },
  { .name = "state",
    .id = JOB_ELEMENT_STATE,
    .content = JOB_CONTENT_EMPTY,
    .attributes = state_attributes,
    .summary = "The state of earlier runs; NAME.state beside the job when missing" },
  { .name = "report",
    .id = JOB_ELEMENT_REPORT,
    .content = JOB_CONTENT_EMPTY,
    .attributes = report_attributes,
    .summary = "The report of a run" },
  { .name = NULL },
};

const JobElementSpec *
job_spec_root (void)
{
  return &root;
}

const JobElementSpec *
job_spec_elements (void)
{
  return elements;
}

const JobAttributeSpec *
job_spec_attribute (const JobElementSpec *element, const char *name)
{
  const JobAttributeSpec *spec = element->attributes;

  for (; spec != NULL && spec->name != NULL; spec++)
    if (strcmp (spec->name, name) == 0)
      return spec;
  return NULL;
}

static gboolean
check_choice (const JobAttributeSpec *spec, const char *value, guint *out_number)
{
  for (guint i = 0; spec->choices[i] != NULL; i++)
    if (strcmp (spec->choices[i], value) == 0)
      {
        *out_number = i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
check_uint (const JobAttributeSpec *spec, const char *value, guint *out_number)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (value, 10, spec->minimum, spec->maximum, &number,
                                   NULL))
    return FALSE;
  *out_number = (guint) number;
  return TRUE;
}

static gboolean
check_pattern (const JobAttributeSpec *spec, const char *value)
{
  g_autofree char *pattern = g_strconcat ("\\A(?:", spec->pattern, ")\\z", NULL);

  return g_regex_match_simple (pattern, value, G_REGEX_DOLLAR_ENDONLY, 0);
}

gboolean
job_spec_check (const JobAttributeSpec *spec, const char *value, guint *out_number)
{
  guint ignored;
  guint *number = out_number != NULL ? out_number : &ignored;

  switch (spec->type)
    {
    case JOB_VALUE_TEXT:
      return *value != '\0';
    case JOB_VALUE_CHOICE:
      return check_choice (spec, value, number);
    case JOB_VALUE_UINT:
      return check_uint (spec, value, number);
    case JOB_VALUE_PATTERN:
      return check_pattern (spec, value);
    }
  g_assert_not_reached ();
}

char *
job_spec_rule (const JobAttributeSpec *spec)
{
  g_autofree char *choices = NULL;

  switch (spec->type)
    {
    case JOB_VALUE_TEXT:
      return g_strdup ("a text that is not empty");
    case JOB_VALUE_CHOICE:
      if (spec->choices == bool_choices)
        return g_strdup ("true or false");
      choices = g_strjoinv (", ", (char **) spec->choices);
      return g_strconcat ("one of ", choices, NULL);
    case JOB_VALUE_UINT:
      return g_strdup_printf ("%u to %u", spec->minimum, spec->maximum);
    case JOB_VALUE_PATTERN:
      return g_strdup (spec->form);
    }
  g_assert_not_reached ();
}
