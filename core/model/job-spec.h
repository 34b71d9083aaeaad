/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a job may contain outside of its plugins, as one table: the walker that fills a
 * Job and the printer of the schema both read it, so that they cannot differ.
 */
#pragma once

#include <glib.h>

/* JOB_NAMESPACE: of every element of a job. */
#define JOB_NAMESPACE "urn:mailhaul:job:1"

/* JobValueType: what an attribute may hold. */
typedef enum
{
  JOB_VALUE_TEXT,    /* anything but nothing */
  JOB_VALUE_CHOICE,  /* one of `choices` */
  JOB_VALUE_UINT,    /* decimal, minimum to maximum */
  JOB_VALUE_PATTERN, /* all of it fits `pattern` */
} JobValueType;

/* JobAttributeId: tells the walker where a value goes. */
typedef enum
{
  JOB_ATTRIBUTE_NAME,
  JOB_ATTRIBUTE_ACCOUNTS_FILE,
  JOB_ATTRIBUTE_FLAGS,
  JOB_ATTRIBUTE_DELETIONS,
  JOB_ATTRIBUTE_MAX_DELETIONS,
  JOB_ATTRIBUTE_ALLOW_FOREIGN_DELETIONS,
  JOB_ATTRIBUTE_ALLOW_EMPTY_SOURCE,
  JOB_ATTRIBUTE_DELETION_MODE,
  JOB_ATTRIBUTE_SOURCE_AFTER_COPY,
  JOB_ATTRIBUTE_DUPLICATES,
  JOB_ATTRIBUTE_VERIFY,
  JOB_ATTRIBUTE_ACCOUNT_LIMIT,
  JOB_ATTRIBUTE_CONNECTION_LIMIT,
  JOB_ATTRIBUTE_RATE,
  JOB_ATTRIBUTE_STATE_DIRECTORY,
  JOB_ATTRIBUTE_REPORT_FILE,
} JobAttributeId;

/*
 * JobAttributeSpec: one attribute. @pattern: within what PCRE2 and XML Schema have in
 * common; @form: what it stands for, for messages. All strings are static.
 */
typedef struct
{
  const char *name;
  JobAttributeId id;
  JobValueType type;
  gboolean required;
  const char *const *choices; /* NULL-terminated */
  guint minimum, maximum;
  const char *pattern;
  const char *form;
  const char *summary;
} JobAttributeSpec;

/* JobContent: what stands inside an element. */
typedef enum
{
  JOB_CONTENT_EMPTY,
  JOB_CONTENT_ELEMENTS, /* those of job_spec_elements(), in any order, each once */
  JOB_CONTENT_PLUGIN,   /* exactly one plugin's element */
  JOB_CONTENT_PLUGINS,  /* any number of them; their order counts */
} JobContent;

/* JobElementId: tells the walker which element it is in. */
typedef enum
{
  JOB_ELEMENT_JOB,
  JOB_ELEMENT_ACCOUNTS,
  JOB_ELEMENT_SOURCE,
  JOB_ELEMENT_DESTINATION,
  JOB_ELEMENT_FILTERS,
  JOB_ELEMENT_SYNC,
  JOB_ELEMENT_LIMITS,
  JOB_ELEMENT_STATE,
  JOB_ELEMENT_REPORT,
} JobElementId;

/* JobElementSpec: one element. @attributes ends with a NULL name; NULL: none. */
typedef struct
{
  const char *name;
  JobElementId id;
  JobContent content;
  gboolean required;
  const JobAttributeSpec *attributes;
  const char *summary;
} JobElementSpec;

/* job_spec_root: the element <job> (static). */
const JobElementSpec *job_spec_root (void);

/* job_spec_elements: the elements inside it; ends with a NULL name (static). */
const JobElementSpec *job_spec_elements (void);

/* job_spec_attribute: of @element the attribute @name, or NULL (static). */
const JobAttributeSpec *job_spec_attribute (const JobElementSpec *element,
                                            const char *name);

/*
 * job_spec_check: whether @value suits @spec. *@out_number (may be NULL): of a choice the
 * index, of a number its value.
 */
gboolean job_spec_check (const JobAttributeSpec *spec, const char *value,
                         guint *out_number);

/* job_spec_rule: "one of merge, source, new-only" … to follow "must be". (transfer full)
 */
char *job_spec_rule (const JobAttributeSpec *spec);
