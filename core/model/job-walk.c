/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks over a job's elements by the table of job-spec.c, fills a Job, and collects all
 * mistakes on the way. Reading files, columns and paths are job-load.c's, the options of
 * plugins the engine's. On the caller's thread.
 */
#include "job-walk.h"

#include <string.h>

#include "base/text.h"
#include "model/job-spec.h"

/* SHOWN_LIMIT_CHARS: of a wrong value, enough to recognise it. */
#define SHOWN_LIMIT_CHARS 60

/* Walk: what every step needs. */
typedef struct
{
  Job *job;
  Problems *problems;
  const char *namespace; /* of the root, so that a wrong one is said once only */
} Walk;

/* ---- messages ---- */

/* ", did you mean "X"?" or nothing. (transfer full) */
static char *
suggestion (const char *word, const char *const *names)
{
  const char *nearest = names != NULL ? problems_nearest (word, names) : NULL;

  return nearest != NULL ? g_strdup_printf (", did you mean \"%s\"?", nearest)
                         : g_strdup ("");
}

/* A wrong value as it is shown: shortened, and never a secret. (transfer full) */
static char *
shown_value (const char *name, const char *value)
{
  g_autofree char *line = NULL;
  g_autofree char *start = NULL;

  if (job_name_is_secret (name))
    return g_strdup ("…");
  line = text_to_line (g_strdup (value));
  if (g_utf8_strlen (line, -1) <= SHOWN_LIMIT_CHARS)
    return g_steal_pointer (&line);
  start = g_utf8_substring (line, 0, SHOWN_LIMIT_CHARS);
  return g_strconcat (start, "…", NULL);
}

static void
complain_about_value (Walk *self, const JobNode *node, const JobAttribute *attribute,
                      const JobAttributeSpec *spec)
{
  g_autofree char *rule = job_spec_rule (spec);
  g_autofree char *shown = shown_value (attribute->name, attribute->value);
  g_autofree char *near = suggestion (attribute->value, spec->choices);
  const char *columns =
      strstr (attribute->value, "${") != NULL
          ? "; a ${column} cannot stand here, since it holds for all accounts"
          : near;

  problems_add (self->problems, self->job->file, attribute->line,
                "%s: \"%s\" must be %s, got \"%s\"%s", node->name, attribute->name, rule,
                shown, columns);
}

static void
complain_about_attribute (Walk *self, const JobNode *node, const JobAttribute *attribute,
                          const JobElementSpec *spec)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *near = NULL;

  for (gsize i = 0; spec->attributes != NULL && spec->attributes[i].name != NULL; i++)
    g_ptr_array_add (names, (gpointer) spec->attributes[i].name);
  g_ptr_array_add (names, NULL);
  near = suggestion (attribute->name, (const char *const *) names->pdata);
  problems_add (self->problems, self->job->file, attribute->line,
                "%s: unknown attribute \"%s\"%s", node->name, attribute->name, near);
}

static void
complain_about_element (Walk *self, const JobNode *node)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *near = NULL;
  g_autofree char *known = NULL;

  for (const JobElementSpec *spec = job_spec_elements (); spec->name != NULL; spec++)
    g_ptr_array_add (names, (gpointer) spec->name);
  g_ptr_array_add (names, NULL);
  near = suggestion (node->name, (const char *const *) names->pdata);
  known = g_strjoinv (", ", (char **) names->pdata);
  if (*near != '\0')
    problems_add (self->problems, self->job->file, node->line, "unknown element <%s>%s",
                  node->name, near);
  else
    problems_add (self->problems, self->job->file, node->line,
                  "unknown element <%s>; a job has %s", node->name, known);
}

/* ---- attributes ---- */

/* The first four of the table's choices mean no. */
static gboolean
is_true (guint choice)
{
  return choice >= 4;
}

static void
apply_rate (Job *job, const char *value)
{
  g_autofree char *size = g_str_has_suffix (value, "/s")
                              ? g_strndup (value, strlen (value) - 2)
                              : g_strdup (value);

  option_parse_size (size, &job->rate_bytes);
}

static void
apply_after_copy (Job *job, const char *value)
{
  if (strcmp (value, "keep") != 0)
    job->source_after_copy = g_strdup (value);
}

static void
apply (Job *job, JobAttributeId id, const JobAttribute *attribute, guint number)
{
  const char *value = attribute->value;

  switch (id)
    {
    case JOB_ATTRIBUTE_NAME:
      g_free (job->name);
      job->name = g_strdup (value);
      break;
    case JOB_ATTRIBUTE_ACCOUNTS_FILE:
      job->accounts_file = g_strdup (value);
      job->accounts_line = attribute->line;
      break;
    case JOB_ATTRIBUTE_FLAGS:
      job->flags = (JobFlags) number;
      break;
    case JOB_ATTRIBUTE_DELETIONS:
      job->deletions = (JobDeletions) number;
      break;
    case JOB_ATTRIBUTE_MAX_DELETIONS:
      job->max_deletions = g_strdup (value);
      break;
    case JOB_ATTRIBUTE_ALLOW_FOREIGN_DELETIONS:
      job->allow_foreign_deletions = is_true (number);
      break;
    case JOB_ATTRIBUTE_ALLOW_EMPTY_SOURCE:
      job->allow_empty_source = is_true (number);
      break;
    case JOB_ATTRIBUTE_DELETION_MODE:
      job->deletion_trash = number == 1;
      break;
    case JOB_ATTRIBUTE_SOURCE_AFTER_COPY:
      apply_after_copy (job, value);
      job->after_copy_line = attribute->line;
      break;
    case JOB_ATTRIBUTE_DUPLICATES:
      job->duplicates = (JobDuplicates) number;
      break;
    case JOB_ATTRIBUTE_VERIFY:
      job->verify = (JobVerify) number;
      break;
    case JOB_ATTRIBUTE_ACCOUNT_LIMIT:
      job->account_limit = number;
      break;
    case JOB_ATTRIBUTE_CONNECTION_LIMIT:
      job->connection_limit = number;
      break;
    case JOB_ATTRIBUTE_RATE:
      apply_rate (job, value);
      break;
    case JOB_ATTRIBUTE_STATE_DIRECTORY:
      g_free (job->state_directory);
      job->state_directory = g_strdup (value);
      job->state_line = attribute->line;
      break;
    case JOB_ATTRIBUTE_REPORT_FILE:
      job->report_file = g_strdup (value);
      job->report_line = attribute->line;
      break;
    }
}

static void
complain_about_foreign (Walk *self, const JobNode *node, const JobAttribute *attribute)
{
  problems_add (self->problems, self->job->file, attribute->line,
                "%s: an attribute with a prefix (\"%s\") cannot stand in a job",
                node->name, attribute->name);
}

static void
walk_attributes (Walk *self, const JobNode *node, const JobElementSpec *spec)
{
  for (guint i = 0; i < node->attributes->len; i++)
    {
      const JobAttribute *attribute = g_ptr_array_index (node->attributes, i);
      const JobAttributeSpec *known = job_spec_attribute (spec, attribute->name);
      guint number = 0;

      if (attribute->foreign)
        complain_about_foreign (self, node, attribute);
      else if (known == NULL)
        complain_about_attribute (self, node, attribute, spec);
      else if (!job_spec_check (known, attribute->value, &number))
        complain_about_value (self, node, attribute, known);
      else
        apply (self->job, known->id, attribute, number);
    }
}

/* Whether @found is @wanted, or so nearly that its own message has said so already. */
static gboolean
stands_for (const char *found, const char *wanted)
{
  const char *const names[] = { wanted, NULL };

  return strcmp (found, wanted) == 0 || problems_nearest (found, names) != NULL;
}

static gboolean
has_attribute (const JobNode *node, const char *name)
{
  for (guint i = 0; i < node->attributes->len; i++)
    if (stands_for (((JobAttribute *) g_ptr_array_index (node->attributes, i))->name,
                    name))
      return TRUE;
  return FALSE;
}

static void
require_attributes (Walk *self, const JobNode *node, const JobElementSpec *spec)
{
  for (gsize i = 0; spec->attributes != NULL && spec->attributes[i].name != NULL; i++)
    if (spec->attributes[i].required && !has_attribute (node, spec->attributes[i].name))
      problems_add (self->problems, self->job->file, node->line, "%s: \"%s\" is missing",
                    node->name, spec->attributes[i].name);
}

/* ---- plugins ---- */

static void
refuse_content (Walk *self, const JobNode *node)
{
  for (guint i = 0; i < node->children->len; i++)
    {
      const JobNode *child = g_ptr_array_index (node->children, i);

      problems_add (self->problems, self->job->file, child->line,
                    "<%s> cannot stand inside <%s>, which is empty", child->name,
                    node->name);
    }
}

static void
refuse_text (Walk *self, const JobNode *node)
{
  if (node->text_line > 0)
    problems_add (self->problems, self->job->file, node->text_line,
                  "%s: text cannot stand here: options are attributes", node->name);
}

/* A foreign namespace: said with what people mean by it. */
static gboolean
is_ours (Walk *self, const JobNode *node)
{
  if (g_strcmp0 (node->namespace, self->namespace) == 0)
    return TRUE;
  if (node->namespace != NULL && strstr (node->namespace, "XInclude") != NULL)
    problems_add (self->problems, self->job->file, node->line,
                  "<%s>: XInclude is off, a job is one file", node->name);
  else
    problems_add (self->problems, self->job->file, node->line,
                  "<%s> is in namespace \"%s\", not in \"%s\"", node->name,
                  node->namespace != NULL ? node->namespace : "",
                  self->namespace != NULL ? self->namespace : "");
  return FALSE;
}

static JobElement *
walk_plugin (Walk *self, const JobNode *node)
{
  JobElement *element = job_element_new (node->name, node->line);

  for (guint i = 0; i < node->attributes->len; i++)
    {
      const JobAttribute *attribute = g_ptr_array_index (node->attributes, i);
      JobOption *option;

      if (attribute->foreign)
        {
          complain_about_foreign (self, node, attribute);
          continue;
        }
      job_element_add (element, attribute->name, attribute->value);
      option = g_ptr_array_index (element->options, element->options->len - 1);
      option->line = attribute->line;
    }
  refuse_content (self, node);
  refuse_text (self, node);
  return element;
}

/* Where the plugin of an element goes. */
static void
keep_plugin (Walk *self, JobElementId id, JobElement *element)
{
  JobElement **place = id == JOB_ELEMENT_SOURCE ? &self->job->source
                                                : &self->job->destination;

  if (id == JOB_ELEMENT_FILTERS)
    {
      g_ptr_array_add (self->job->filters, element);
      return;
    }
  if (*place != NULL)
    {
      job_element_free (element); /* one too many, which was said */
      return;
    }
  *place = element;
}

static void
walk_plugins (Walk *self, const JobNode *node, const JobElementSpec *spec)
{
  for (guint i = 0; i < node->children->len; i++)
    {
      const JobNode *child = g_ptr_array_index (node->children, i);

      if (!is_ours (self, child))
        continue;
      if (i > 0 && spec->content == JOB_CONTENT_PLUGIN)
        problems_add (self->problems, self->job->file, child->line,
                      "<%s> holds one backend, but <%s> is one more", node->name,
                      child->name);
      keep_plugin (self, spec->id, walk_plugin (self, child));
    }
  if (node->children->len == 0 && spec->content == JOB_CONTENT_PLUGIN)
    problems_add (self->problems, self->job->file, node->line,
                  "<%s> must hold the element of a backend, such as <imap> or <maildir>",
                  node->name);
  refuse_text (self, node);
}

/* ---- elements ---- */

static const JobElementSpec *
find_element (const char *name)
{
  for (const JobElementSpec *spec = job_spec_elements (); spec->name != NULL; spec++)
    if (strcmp (spec->name, name) == 0)
      return spec;
  return NULL;
}

static void
walk_element (Walk *self, const JobNode *node, const JobElementSpec *spec)
{
  walk_attributes (self, node, spec);
  require_attributes (self, node, spec);
  switch (spec->content)
    {
    case JOB_CONTENT_PLUGIN:
    case JOB_CONTENT_PLUGINS:
      walk_plugins (self, node, spec);
      break;
    case JOB_CONTENT_EMPTY:
      refuse_content (self, node);
      refuse_text (self, node);
      break;
    case JOB_CONTENT_ELEMENTS:
      g_assert_not_reached ();
    }
}

/* The first child of @root with the name of @node, which may be @node. */
static const JobNode *
first_of_name (const JobNode *root, const JobNode *node)
{
  for (guint i = 0; i < root->children->len; i++)
    {
      const JobNode *child = g_ptr_array_index (root->children, i);

      if (strcmp (child->name, node->name) == 0
          && g_strcmp0 (child->namespace, node->namespace) == 0)
        return child;
    }
  return node;
}

static void
walk_children (Walk *self, const JobNode *root)
{
  for (guint i = 0; i < root->children->len; i++)
    {
      const JobNode *child = g_ptr_array_index (root->children, i);
      const JobElementSpec *spec = find_element (child->name);
      const JobNode *first;

      if (!is_ours (self, child))
        continue;
      if (spec == NULL)
        {
          complain_about_element (self, child);
          continue;
        }
      first = first_of_name (root, child);
      if (first == child)
        walk_element (self, child, spec);
      else
        problems_add (self->problems, self->job->file, child->line,
                      "<%s> stands twice: the first is in line %u", child->name,
                      first->line);
    }
}

static gboolean
has_child (const JobNode *root, const char *name)
{
  for (guint i = 0; i < root->children->len; i++)
    if (stands_for (((JobNode *) g_ptr_array_index (root->children, i))->name, name))
      return TRUE;
  return FALSE;
}

static void
require_children (Walk *self, const JobNode *root)
{
  for (const JobElementSpec *spec = job_spec_elements (); spec->name != NULL; spec++)
    if (spec->required && !has_child (root, spec->name))
      problems_add (self->problems, self->job->file, root->line, "job: <%s> is missing",
                    spec->name);
}

/* Attributes that say nothing without another. */
static void
warn_about_idle_attributes (Walk *self, const JobNode *root)
{
  const Job *job = self->job;
  guint line = root->line;

  for (guint i = 0; i < root->children->len; i++)
    {
      const JobNode *child = g_ptr_array_index (root->children, i);

      if (strcmp (child->name, "sync") == 0)
        line = child->line;
    }
  if (job->allow_foreign_deletions && job->deletions != JOB_DELETIONS_MIRROR)
    problems_warn (self->problems, job->file, line,
                   "sync: \"allow-foreign-deletions\" has no effect without "
                   "deletions=\"mirror\"");
  if (job->deletions == JOB_DELETIONS_NONE
      && (job->max_deletions != NULL || job->deletion_trash))
    problems_warn (self->problems, job->file, line,
                   "sync: \"%s\" has no effect without \"deletions\"",
                   job->max_deletions != NULL ? "max-deletions" : "deletion-mode");
}

static gboolean
check_root (Walk *self, const JobNode *root)
{
  const char *namespace = root->namespace;

  if (strcmp (root->name, "job") != 0)
    {
      problems_add (self->problems, self->job->file, root->line,
                    "not a job: the root must be <job xmlns=\"" JOB_NAMESPACE
                    "\">, not <%s>",
                    root->name);
      return FALSE;
    }
  if (g_strcmp0 (namespace, JOB_NAMESPACE) == 0)
    return TRUE;
  if (namespace != NULL && g_str_has_prefix (namespace, "urn:mailhaul:job:"))
    problems_add (
        self->problems, self->job->file, root->line,
        "the job is for another version of mailhaul: its namespace is \"%s\", this "
        "one knows \"" JOB_NAMESPACE "\"",
        namespace);
  else
    problems_add (
        self->problems, self->job->file, root->line,
        "the root must be <job xmlns=\"" JOB_NAMESPACE "\">, but its namespace is %s%s%s",
        namespace != NULL ? "\"" : "", namespace != NULL ? namespace : "missing",
        namespace != NULL ? "\"" : "");
  return TRUE;
}

gboolean
job_walk (const JobNode *root, Job *job, Problems *problems)
{
  Walk walk = { .job = job, .problems = problems, .namespace = root->namespace };
  guint before = problems_count (problems);

  if (!check_root (&walk, root))
    return FALSE;
  walk_attributes (&walk, root, job_spec_root ());
  walk_children (&walk, root);
  require_children (&walk, root);
  refuse_text (&walk, root);
  warn_about_idle_attributes (&walk, root);
  return problems_count (problems) == before;
}
