/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Endpoint: from a job's element to a backend that can be opened. No I/O but loading the
 * plugin and looking up where links in paths lead. Any thread.
 */
#include "engine/endpoint.h"

#include <stdlib.h>
#include <string.h>

/* The value of an identity option as text; paths are absolute already. */
static char *
value_text (const HaulOptionSpec *spec, gconstpointer settings)
{
  gconstpointer member = (const guint8 *) settings + spec->offset;
  switch (spec->type)
    {
    case HAUL_OPTION_STRING:
    case HAUL_OPTION_PATH:
      return g_strdup (*(char *const *) member);
    case HAUL_OPTION_UINT:
      return g_strdup_printf ("%u", *(const guint *) member);
    case HAUL_OPTION_BOOL:
      return g_strdup (*(const gboolean *) member ? "true" : "false");
    case HAUL_OPTION_ENUM:
      return g_strdup (spec->choices[*(const int *) member]);
    case HAUL_OPTION_SIZE:
    case HAUL_OPTION_DURATION:
    case HAUL_OPTION_LIST:
    case HAUL_OPTION_PATTERN:
    case HAUL_OPTION_SECRET:
    case HAUL_OPTION_DATE:
      return NULL;
    }
  return NULL;
}

static char *
make_identity (const HaulBackend *backend, gconstpointer settings)
{
  GString *text = g_string_new (backend->name);
  for (const HaulOptionSpec *spec = backend->options; spec->name != NULL; spec++)
    {
      if (!(spec->flags & HAUL_OPT_IDENTITY))
        continue;
      g_autofree char *value = value_text (spec, settings);
      if (value != NULL)
        g_string_append_printf (text, " %s=%s", spec->name, value);
    }
  return g_string_free (text, FALSE);
}

/* Advice: where a backend's warnings go. */
typedef struct
{
  const Job *job;
  const JobElement *element;
  Problems *problems;
} Advice;

/* The line of the option @name, as far as the job gives it. */
static guint
line_of (const JobElement *element, const char *name)
{
  for (guint i = 0; i < element->options->len; i++)
    {
      const JobOption *option = element->options->pdata[i];
      if (option->line > 0 && strcmp (option->name, name) == 0)
        return option->line;
    }
  return element->line;
}

static void
on_advice (const char *key, const char *text, gpointer user_data)
{
  const Advice *advice = user_data;
  problems_warn (advice->problems, advice->job->file, line_of (advice->element, key),
                 "%s: %s", advice->element->plugin, text);
}

/* @path without links, dots and doubled slashes, as far as it exists. (transfer full) */
static char *
real_path (const char *path)
{
  g_autofree char *whole = g_canonicalize_filename (path, "/");
  g_autofree char *rest = g_strdup ("");
  for (;;)
    {
      char *real = realpath (whole, NULL);
      if (real != NULL)
        {
          char *joined = g_strconcat (real, rest, NULL);
          free (real);
          return joined;
        }
      g_autofree char *name = g_path_get_basename (whole);
      char *parent = g_path_get_dirname (whole);
      char *longer = g_strconcat ("/", name, rest, NULL);
      g_free (whole);
      g_free (rest);
      whole = parent;
      rest = longer;
      if (strcmp (whole, "/") == 0)
        return g_steal_pointer (&rest);
    }
}

static char *
make_place (const HaulBackend *backend, gconstpointer settings)
{
  g_autoptr (GString) paths = g_string_new (NULL);
  GString *all = g_string_new (backend->name);
  for (const HaulOptionSpec *spec = backend->options; spec->name != NULL; spec++)
    {
      if (!(spec->flags & HAUL_OPT_IDENTITY))
        continue;
      g_autofree char *value = value_text (spec, settings);
      if (value == NULL)
        continue;
      gboolean host = strcmp (spec->name, "host") == 0;
      g_autofree char *plain = host ? g_ascii_strdown (value, -1) : g_strdup (value);
      g_string_append_printf (all, " %s=%s", spec->name, plain);
      if (spec->type != HAUL_OPTION_PATH)
        continue;
      g_autofree char *real = real_path (value);
      g_string_append_printf (paths, " %s", real);
    }
  if (paths->len == 0)
    return g_string_free (all, FALSE);
  g_string_free (all, TRUE);
  return g_strdup (paths->str + 1);
}

gboolean
endpoint_init (Endpoint *self, const Job *job, const JobElement *element,
               const JobAccount *account, HaulRole role, Registry *registry,
               Problems *problems)
{
  g_autoptr (GError) error = NULL;
  memset (self, 0, sizeof *self);
  self->backend = registry_backend (registry, element->plugin, &error);
  if (self->backend == NULL)
    {
      problems_add (problems, job->file, element->line, "%s", error->message);
      return FALSE;
    }
  if (!session_backend_has_role (self->backend, role))
    {
      problems_add (problems, job->file, element->line, "%s: this backend cannot be a %s",
                    element->plugin, role == HAUL_ROLE_SOURCE ? "source" : "destination");
      return FALSE;
    }
  guint before = problems_count (problems);
  guint32 refused = role == HAUL_ROLE_SOURCE ? HAUL_OPT_ONLY_DESTINATION
                                             : HAUL_OPT_ONLY_SOURCE;
  self->settings = job_settings (job, element, account, self->backend->options,
                                 self->backend->settings_size, refused, problems);
  if (self->settings == NULL || problems_count (problems) > before)
    return FALSE;
  if (self->backend->check != NULL
      && !self->backend->check (self->settings, role, &error))
    {
      problems_add (problems, job->file, element->line, "%s: %s", element->plugin,
                    error->message);
      return FALSE;
    }
  Advice advice = { job, element, problems };
  if (self->backend->advise != NULL)
    self->backend->advise (self->settings, role, on_advice, &advice);
  self->open.struct_size = sizeof self->open;
  self->open.settings = self->settings;
  self->open.role = role;
  self->identity = make_identity (self->backend, self->settings);
  self->place = make_place (self->backend, self->settings);
  return TRUE;
}

void
endpoint_clear (Endpoint *self)
{
  if (self->backend != NULL)
    option_table_free (self->backend->options, self->settings);
  g_free (self->identity);
  g_free (self->place);
  memset (self, 0, sizeof *self);
}
