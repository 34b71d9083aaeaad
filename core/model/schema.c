/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints RELAX NG from two tables: job-spec.c for the frame, a plugin's options for its
 * element. What RELAX NG cannot say (ranges of sizes and durations) stands in the
 * documentation of the attribute. Pure; any thread.
 */
#include "schema.h"

#include <string.h>

#include "model/job-spec.h"

/* XSD: the library of data types. */
#define XSD "http://www.w3.org/2001/XMLSchema-datatypes"
/* ANNOTATIONS: the namespace in which editors look for documentation. */
#define ANNOTATIONS "http://relaxng.org/ns/compatibility/annotations/1.0"
/* COLUMN_PATTERN: a value with a ${column} is checked when the account is known. In XML
 * Schema '$' is a plain character. */
#define COLUMN_PATTERN   "[\\s\\S]*$\\{[^}]+\\}[\\s\\S]*"
#define SIZE_PATTERN     "[0-9]+([bB]|[kKmMgGtTpP]([iI]?[bB])?)?"
#define DURATION_PATTERN "0|[0-9]+([mM][sS]|[sSmMhHdDyY])"
#define DATE_PATTERN                                                                     \
  "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?"             \
  "(Z|[+\\-][0-9]{2}:?[0-9]{2})?)?"

static const char *const bools[] = { "true", "false", "yes", "no", "on",
                                     "off",  "1",     "0",   NULL };
/* The forms of a secret; see HAUL_OPTION_SECRET. */
static const char *const secret_suffixes[] = { "-file", "-env", "-command", "", NULL };

/* Printer: indented lines. */
typedef struct
{
  GString *out;
  guint depth;
} Printer;

static void G_GNUC_PRINTF (2, 3) line (Printer *self, const char *format, ...)
{
  va_list arguments;

  for (guint i = 0; i < self->depth; i++)
    g_string_append (self->out, "  ");
  va_start (arguments, format);
  g_string_append_vprintf (self->out, format, arguments);
  va_end (arguments);
  g_string_append_c (self->out, '\n');
}

/* An element that holds others: "<NAME ATTRIBUTES>". */
static void
open_tag (Printer *self, const char *name, const char *attribute, const char *value)
{
  g_autofree char *escaped = value != NULL ? g_markup_escape_text (value, -1) : NULL;

  if (escaped != NULL)
    line (self, "<%s %s=\"%s\">", name, attribute, escaped);
  else
    line (self, "<%s>", name);
  self->depth++;
}

static void
close_tag (Printer *self, const char *name)
{
  self->depth--;
  line (self, "</%s>", name);
}

static void
text_tag (Printer *self, const char *tag, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  const char *name_end = strchr (tag, ' ');
  g_autofree char *name = g_strndup (tag, name_end != NULL ? (gsize) (name_end - tag)
                                                           : strlen (tag));

  line (self, "<%s>%s</%s>", tag, escaped, name);
}

static void
document (Printer *self, const char *text)
{
  if (text != NULL && *text != '\0')
    text_tag (self, "a:documentation", text);
}

/* ---- data ---- */

static void
print_parameter (Printer *self, const char *type, const char *name, const char *value)
{
  g_autofree char *tag = g_strdup_printf ("param name=\"%s\"", name);

  open_tag (self, "data", "type", type);
  text_tag (self, tag, value);
  close_tag (self, "data");
}

static void
print_choices (Printer *self, const char *const *choices)
{
  for (gsize i = 0; choices[i] != NULL; i++)
    text_tag (self, "value type=\"string\"", choices[i]);
}

/* A decimal number; NULL: no limit. */
static void
print_uint (Printer *self, const char *minimum, const char *maximum)
{
  open_tag (self, "data", "type", "unsignedInt");
  text_tag (self, "param name=\"pattern\"", "[0-9]+");
  if (minimum != NULL)
    text_tag (self, "param name=\"minInclusive\"", minimum);
  if (maximum != NULL)
    text_tag (self, "param name=\"maxInclusive\"", maximum);
  close_tag (self, "data");
}

/* ---- the frame ---- */

static void
print_frame_value (Printer *self, const JobAttributeSpec *spec)
{
  g_autofree char *minimum = g_strdup_printf ("%u", spec->minimum);
  g_autofree char *maximum = g_strdup_printf ("%u", spec->maximum);

  switch (spec->type)
    {
    case JOB_VALUE_TEXT:
      print_parameter (self, "string", "minLength", "1");
      break;
    case JOB_VALUE_CHOICE:
      open_tag (self, "choice", NULL, NULL);
      print_choices (self, spec->choices);
      close_tag (self, "choice");
      break;
    case JOB_VALUE_UINT:
      print_uint (self, minimum, maximum);
      break;
    case JOB_VALUE_PATTERN:
      print_parameter (self, "string", "pattern", spec->pattern);
      break;
    }
}

static void
print_frame_attribute (Printer *self, const JobAttributeSpec *spec)
{
  if (!spec->required)
    open_tag (self, "optional", NULL, NULL);
  open_tag (self, "attribute", "name", spec->name);
  document (self, spec->summary);
  print_frame_value (self, spec);
  close_tag (self, "attribute");
  if (!spec->required)
    close_tag (self, "optional");
}

static void
print_reference (Printer *self, const char *name, const char *around)
{
  g_autofree char *escaped = g_markup_escape_text (name, -1);

  if (around != NULL)
    open_tag (self, around, NULL, NULL);
  line (self, "<ref name=\"%s\"/>", escaped);
  if (around != NULL)
    close_tag (self, around);
}

static void
print_children (Printer *self)
{
  open_tag (self, "interleave", NULL, NULL);
  for (const JobElementSpec *spec = job_spec_elements (); spec->name != NULL; spec++)
    print_reference (self, spec->name, spec->required ? NULL : "optional");
  close_tag (self, "interleave");
}

static void
print_content (Printer *self, const JobElementSpec *spec)
{
  g_autofree char *plugin = g_strconcat (spec->name, "-plugin", NULL);

  switch (spec->content)
    {
    case JOB_CONTENT_EMPTY:
      line (self, "<empty/>");
      break;
    case JOB_CONTENT_ELEMENTS:
      print_children (self);
      break;
    case JOB_CONTENT_PLUGIN:
      print_reference (self, plugin, NULL);
      break;
    case JOB_CONTENT_PLUGINS:
      print_reference (self, plugin, "zeroOrMore");
      break;
    }
}

static void
print_element (Printer *self, const JobElementSpec *spec)
{
  const JobAttributeSpec *attribute = spec->attributes;

  g_string_append_c (self->out, '\n');
  open_tag (self, "define", "name", spec->name);
  open_tag (self, "element", "name", spec->name);
  document (self, spec->summary);
  for (; attribute != NULL && attribute->name != NULL; attribute++)
    print_frame_attribute (self, attribute);
  print_content (self, spec);
  close_tag (self, "element");
  close_tag (self, "define");
}

/* ---- plugins ---- */

/* What the documentation of an option says beside its summary. (transfer full) */
static char *
describe (const HaulOptionSpec *spec)
{
  g_autoptr (GString) text = g_string_new (spec->summary);
  const char *between = "; ";

  if (spec->minimum_text != NULL || spec->maximum_text != NULL)
    g_string_append_printf (text, "%s%s to %s", between,
                            spec->minimum_text != NULL ? spec->minimum_text : "any",
                            spec->maximum_text != NULL ? spec->maximum_text : "any");
  if (spec->unit != NULL && spec->type == HAUL_OPTION_UINT)
    g_string_append_printf (text, "%s%s", spec->minimum_text != NULL ? " " : between,
                            spec->unit);
  if (spec->default_text != NULL)
    g_string_append_printf (text, "%sdefault %s", between, spec->default_text);
  if (spec->flags & HAUL_OPT_DEPRECATED)
    g_string_append_printf (text, "%sdeprecated", between);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
print_option_value (Printer *self, const HaulOptionSpec *spec)
{
  switch (spec->type)
    {
    case HAUL_OPTION_BOOL:
      print_choices (self, bools);
      break;
    case HAUL_OPTION_UINT:
      print_uint (self, spec->minimum_text, spec->maximum_text);
      break;
    case HAUL_OPTION_SIZE:
      print_parameter (self, "string", "pattern", SIZE_PATTERN);
      break;
    case HAUL_OPTION_DURATION:
      print_parameter (self, "string", "pattern", DURATION_PATTERN);
      break;
    case HAUL_OPTION_DATE:
      print_parameter (self, "string", "pattern", DATE_PATTERN);
      break;
    case HAUL_OPTION_ENUM:
      print_choices (self, spec->choices);
      break;
    case HAUL_OPTION_STRING:
    case HAUL_OPTION_PATH:
    case HAUL_OPTION_LIST:
    case HAUL_OPTION_PATTERN:
    case HAUL_OPTION_SECRET:
      break;
    }
}

static gboolean
is_plain_text (HaulOptionType type)
{
  return type == HAUL_OPTION_STRING || type == HAUL_OPTION_PATH
         || type == HAUL_OPTION_LIST || type == HAUL_OPTION_PATTERN
         || type == HAUL_OPTION_SECRET;
}

static void
print_option_attribute (Printer *self, const HaulOptionSpec *spec, const char *suffix)
{
  g_autofree char *name = g_strconcat (spec->name, suffix, NULL);
  g_autofree char *text = describe (spec);

  open_tag (self, "attribute", "name", name);
  document (self, text);
  if (is_plain_text (spec->type))
    line (self, "<text/>");
  else
    {
      open_tag (self, "choice", NULL, NULL);
      print_option_value (self, spec);
      print_reference (self, "column", NULL);
      close_tag (self, "choice");
    }
  close_tag (self, "attribute");
}

/* A preset may give what is required: then the schema cannot ask for it. */
static gboolean
takes_presets (const HaulOptionSpec *specs)
{
  for (; specs != NULL && specs->name != NULL; specs++)
    if ((specs->flags & HAUL_OPT_PRESET) != 0)
      return TRUE;
  return FALSE;
}

static void
print_option (Printer *self, const HaulOptionSpec *spec, gboolean required)
{

  if (!required)
    open_tag (self, "optional", NULL, NULL);
  if (spec->type == HAUL_OPTION_SECRET)
    {
      open_tag (self, "choice", NULL, NULL);
      for (gsize i = 0; secret_suffixes[i] != NULL; i++)
        print_option_attribute (self, spec, secret_suffixes[i]);
      close_tag (self, "choice");
    }
  else
    print_option_attribute (self, spec, "");
  if (!required)
    close_tag (self, "optional");
}

static void
print_plugin (Printer *self, const SchemaPlugin *plugin, guint32 refused_flags)
{
  const HaulOptionSpec *spec = plugin->options;
  gboolean presets = takes_presets (spec);

  open_tag (self, "element", "name", plugin->name);
  document (self, plugin->summary);
  for (; spec != NULL && spec->name != NULL; spec++)
    if ((spec->flags & refused_flags) == 0)
      print_option (self, spec, (spec->flags & HAUL_OPT_REQUIRED) != 0 && !presets);
  line (self, "<empty/>");
  close_tag (self, "element");
}

/* Any element of the job's namespace with any attributes without one. */
static void
print_any_plugin (Printer *self)
{
  open_tag (self, "element", NULL, NULL);
  line (self, "<nsName/>");
  open_tag (self, "zeroOrMore", NULL, NULL);
  open_tag (self, "attribute", NULL, NULL);
  line (self, "<nsName ns=\"\"/>");
  line (self, "<text/>");
  close_tag (self, "attribute");
  close_tag (self, "zeroOrMore");
  line (self, "<empty/>");
  close_tag (self, "element");
}

/* PluginSet: the plugins to print, and which of them. */
typedef struct
{
  const SchemaPlugin *plugins;
  gsize count;
  const char *name;
  SchemaRole role;
  guint32 refused_flags;
} PluginSet;

static void
print_plugins (Printer *self, const PluginSet *set)
{
  gboolean any = FALSE;

  g_string_append_c (self->out, '\n');
  open_tag (self, "define", "name", set->name);
  if (set->count == 0)
    print_any_plugin (self);
  else
    open_tag (self, "choice", NULL, NULL);
  for (gsize i = 0; i < set->count; i++)
    if ((set->plugins[i].roles & set->role) != 0)
      {
        print_plugin (self, &set->plugins[i], set->refused_flags);
        any = TRUE;
      }
  if (set->count > 0 && !any)
    line (self, "<notAllowed/>");
  if (set->count > 0)
    close_tag (self, "choice");
  close_tag (self, "define");
}

char *
schema_print (const SchemaPlugin *plugins, gsize count)
{
  Printer printer = { .out = g_string_new (NULL) };
  const PluginSet sets[] = {
    { plugins, count, "source-plugin", SCHEMA_SOURCE, HAUL_OPT_ONLY_DESTINATION },
    { plugins, count, "destination-plugin", SCHEMA_DESTINATION, HAUL_OPT_ONLY_SOURCE },
    { plugins, count, "filters-plugin", SCHEMA_FILTER, 0 },
  };

  line (&printer, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
  line (&printer, "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->");
  line (&printer, "<!-- The schema of a job, printed by \"mailhaul schema\" "
                  "(core/model/schema.c). -->");
  line (&printer, "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\" xmlns:a=\"%s\"",
        ANNOTATIONS);
  line (&printer, "         ns=\"%s\" datatypeLibrary=\"%s\">", JOB_NAMESPACE, XSD);
  printer.depth++;
  open_tag (&printer, "start", NULL, NULL);
  print_reference (&printer, job_spec_root ()->name, NULL);
  close_tag (&printer, "start");
  print_element (&printer, job_spec_root ());
  for (const JobElementSpec *spec = job_spec_elements (); spec->name != NULL; spec++)
    print_element (&printer, spec);
  for (gsize i = 0; i < G_N_ELEMENTS (sets); i++)
    print_plugins (&printer, &sets[i]);
  if (count > 0)
    {
      g_string_append_c (printer.out, '\n');
      open_tag (&printer, "define", "name", "column");
      print_parameter (&printer, "string", "pattern", COLUMN_PATTERN);
      close_tag (&printer, "define");
    }
  close_tag (&printer, "grammar");
  return g_string_free (printer.out, FALSE);
}
