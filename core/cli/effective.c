/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints a job with every default and every value of a preset. The job has passed its
 * checks. Main thread.
 */
#include "cli/effective.h"

#include <string.h>

#include "base/secret.h"
#include "model/preset.h"

/* NAME_COLUMNS: the column of names. */
#define NAME_COLUMNS 24

static void
print_value (const char *name, const char *value, const char *origin)
{
  g_autofree char *text = cli_text (value);
  printf ("    %-*s %s%s%s%s\n", NAME_COLUMNS, name, text, *origin != '\0' ? " (" : "",
          origin, *origin != '\0' ? ")" : "");
}

/* The option of @element that gives @spec its value, or NULL. */
static const JobOption *
given_option (const JobElement *element, const HaulOptionSpec *specs,
              const HaulOptionSpec *spec)
{
  for (guint i = 0; i < element->options->len; i++)
    {
      const JobOption *option = element->options->pdata[i];
      if (option_table_find (specs, option->name) == spec)
        return option;
    }
  return NULL;
}

/* Place: an element and the table that it follows. */
typedef struct
{
  const JobElement *element;
  const HaulOptionSpec *specs;
  guint32 refused_flags;
  Preset *preset; /* NULL: none */
} Place;

static void
print_option (const Place *place, const HaulOptionSpec *spec)
{
  const JobOption *given = given_option (place->element, place->specs, spec);
  const PresetOption *preset = place->preset != NULL
                                   ? preset_option (place->preset, spec,
                                                    preset_role (place->refused_flags))
                                   : NULL;
  if (given != NULL && spec->type == HAUL_OPTION_SECRET)
    print_value (given->name, "given, not shown", "");
  else if (given != NULL)
    print_value (given->name, given->value, "");
  else if (preset != NULL)
    {
      g_autofree char *origin = g_strdup_printf ("preset %s", place->preset->name);
      print_value (spec->name, preset->value, origin);
    }
  else if (spec->default_text != NULL)
    print_value (spec->name, spec->default_text, "default");
}

static void
print_element (const Place *place, const char *side)
{
  g_autofree char *plugin = cli_text (place->element->plugin);
  printf ("  %s: %s\n", side, plugin);
  for (const HaulOptionSpec *spec = place->specs; spec != NULL && spec->name != NULL;
       spec++)
    if ((spec->flags & place->refused_flags) == 0)
      print_option (place, spec);
}

static void
print_endpoint (const Job *job, HaulRole role, Registry *registry)
{
  gboolean source = role == HAUL_ROLE_SOURCE;
  const JobElement *element = source ? job->source : job->destination;
  const HaulBackend *backend = registry_backend (registry, element->plugin, NULL);
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Preset) preset = NULL;
  if (backend == NULL)
    return;
  (void) preset_of_element (job, element, job->accounts->pdata[0], backend->options,
                            &preset, problems);
  Place place = { element, backend->options,
                  source ? HAUL_OPT_ONLY_DESTINATION : HAUL_OPT_ONLY_SOURCE, preset };
  print_element (&place, source ? "source" : "destination");
}

static void
print_filters (const Job *job, Registry *registry)
{
  for (guint i = 0; i < job->filters->len; i++)
    {
      const JobElement *element = job->filters->pdata[i];
      const HaulFilter *filter = registry_filter (registry, element->plugin, NULL);
      Place place = { element, filter != NULL ? filter->options : NULL, 0, NULL };
      print_element (&place, "filter");
    }
}

static void
print_frame (const Job *job)
{
  static const char *const flags[] = { "merge", "source", "new-only" };
  static const char *const deletions[] = { "none", "delivered", "mirror" };
  static const char *const duplicates[] = { "keep", "one" };
  static const char *const levels[] = { "none", "size", "headers", "content" };
  g_autofree char *accounts = g_strdup_printf ("%u", job->account_limit);
  g_autofree char *connections = g_strdup_printf ("%u", job->connection_limit);
  g_autofree char *rate = g_strdup_printf ("%" G_GUINT64_FORMAT "/s", job->rate_bytes);
  printf ("  sync\n");
  print_value ("flags", flags[job->flags], "");
  print_value ("deletions", deletions[job->deletions], "");
  print_value ("duplicates", duplicates[job->duplicates], "");
  print_value ("verify", levels[job->verify], "");
  print_value ("source-after-copy",
               job->source_after_copy != NULL ? job->source_after_copy : "keep", "");
  printf ("  limits\n");
  print_value ("accounts", accounts, "");
  print_value ("connections", connections, "");
  print_value ("rate", job->rate_bytes > 0 ? rate : "unlimited", "");
  printf ("  state\n");
  print_value ("directory", job->state_directory, "");
  if (job->report_file != NULL)
    {
      printf ("  report\n");
      print_value ("file", job->report_file, "");
    }
}

void
effective_print (const Job *job, Registry *registry)
{
  print_endpoint (job, HAUL_ROLE_SOURCE, registry);
  print_endpoint (job, HAUL_ROLE_DESTINATION, registry);
  print_filters (job, registry);
  print_frame (job);
}
