/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Option tables: their own sanity, and a settings struct out of a job's strings, with all
 * mistakes collected. What one value means is option-values.c's; rules across several
 * options are the plugin's `check`. Any thread.
 */
#include "option-table.h"

#include <string.h>

#include "base/option-values.h"
#include "base/secret.h"

static gboolean
is_row (const HaulOptionSpec *spec)
{
  return spec != NULL && spec->name != NULL;
}

/* ---- the table itself ---- */

static gboolean
name_is_sane (const char *name)
{
  return g_ascii_islower (name[0])
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen (name);
}

/* An attribute of that name would have two meanings; a secret has four names. */
static gboolean
names_are_new (GHashTable *seen, const HaulOptionSpec *spec, GError **error)
{
  guint count = spec->type == HAUL_OPTION_SECRET ? SECRET_KINDS : 1;

  for (guint kind = 0; kind < count; kind++)
    {
      g_autofree char *name = g_strconcat (spec->name, secret_suffix ((SecretKind) kind),
                                           NULL);
      if (g_hash_table_contains (seen, name))
        return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                               "option \"%s\": the name \"%s\" is used twice", spec->name,
                               name);
      g_hash_table_add (seen, g_steal_pointer (&name));
    }
  return TRUE;
}

/* NULL, or (static) what is wrong with the row beside its texts. */
static const char *
row_fault (const HaulOptionSpec *spec, gsize settings_size)
{
  gsize size = option_value_size (spec->type);

  if (!name_is_sane (spec->name))
    return "the name must be lower-case letters, digits and '-'";
  if (size == 0)
    return "the type is unknown";
  if (spec->offset % size != 0 || settings_size < size
      || spec->offset > settings_size - size)
    return "the member lies outside the settings";
  if (spec->summary == NULL || *spec->summary == '\0')
    return "there is no summary";
  if (option_value_is_number (spec->type) && (spec->unit == NULL || *spec->unit == '\0'))
    return "there is no unit";
  if (spec->type == HAUL_OPTION_ENUM
      && (spec->choices == NULL || spec->choices[0] == NULL))
    return "there are no choices";
  if ((spec->flags & HAUL_OPT_REQUIRED) != 0 && spec->default_text != NULL)
    return "it is required and has a default";
  if ((spec->flags & HAUL_OPT_PRESET) != 0
      && (spec->type != HAUL_OPTION_STRING || spec->default_text != NULL))
    return "it names a preset, but is no string or has a default";
  return NULL;
}

/* NULL, or (static) what is wrong with the range. */
static const char *
range_fault (const HaulOptionSpec *spec)
{
  guint64 low = 0, high = G_MAXUINT64;

  if (!option_value_is_number (spec->type))
    return spec->minimum_text != NULL || spec->maximum_text != NULL
               ? "only numbers have a range"
               : NULL;
  if (spec->minimum_text != NULL
      && !option_value_parse_number (spec->type, spec->minimum_text, &low))
    return "the minimum is no number";
  if (spec->maximum_text != NULL
      && !option_value_parse_number (spec->type, spec->maximum_text, &high))
    return "the maximum is no number";
  return low > high ? "the minimum is above the maximum" : NULL;
}

static gboolean
default_is_sane (const HaulOptionSpec *spec, gsize settings_size, GError **error)
{
  if (spec->default_text == NULL)
    return TRUE;
  if (spec->type == HAUL_OPTION_SECRET)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "option \"%s\": a secret has no default", spec->name);

  g_autofree gpointer settings = g_malloc0 (settings_size);
  g_autofree char *complaint = option_value_store (spec, spec->default_text, NULL,
                                                   settings);
  option_value_clear (spec, settings);
  if (complaint != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "option \"%s\": the default %s", spec->name, complaint);
  return TRUE;
}

gboolean
option_table_check (const HaulOptionSpec *specs, gsize settings_size, GError **error)
{
  g_autoptr (GHashTable)
      seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint presets = 0;

  for (const HaulOptionSpec *spec = specs; is_row (spec); spec++)
    {
      const char *fault = row_fault (spec, settings_size);

      if (fault == NULL)
        fault = range_fault (spec);
      if ((spec->flags & HAUL_OPT_PRESET) != 0 && ++presets > 1)
        fault = "it is the second one that names a preset";
      if (fault != NULL)
        return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                               "option \"%s\": %s", spec->name, fault);
      if (!names_are_new (seen, spec, error))
        return FALSE;
      if (!default_is_sane (spec, settings_size, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- a job's values ---- */

/* Parse: one call of option_table_parse() under way. */
typedef struct
{
  const HaulOptionSpec *specs;
  const OptionPlace *place;
  Problems *problems;
  gpointer settings;
  GHashTable *given; /* HaulOptionSpec* → the name (const char *) that gave it */
  guint line;        /* of the value under way; 0: that of the place */
  const char *file;  /* likewise; NULL: that of the place */
} Parse;

G_GNUC_PRINTF (3, 4)
static void
complain (const Parse *self, gboolean warning, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  const OptionPlace *place = self->place;
  guint line = self->line > 0 ? self->line : place->line;
  const char *file = self->file != NULL ? self->file : place->file;
  if (warning)
    problems_warn (self->problems, file, line, "%s: %s", place->owner, text);
  else
    problems_add (self->problems, file, line, "%s: %s", place->owner, text);
}

/* The row that @name belongs to, and for a secret by which of its forms. */
static const HaulOptionSpec *
find_row (const HaulOptionSpec *specs, const char *name, SecretKind *out_kind)
{
  for (const HaulOptionSpec *spec = specs; is_row (spec); spec++)
    {
      gsize length = strlen (spec->name);
      guint count = spec->type == HAUL_OPTION_SECRET ? SECRET_KINDS : 1;

      if (strncmp (name, spec->name, length) != 0)
        continue;
      for (guint kind = 0; kind < count; kind++)
        if (strcmp (name + length, secret_suffix ((SecretKind) kind)) == 0)
          {
            *out_kind = (SecretKind) kind;
            return spec;
          }
    }
  return NULL;
}

const HaulOptionSpec *
option_table_find (const HaulOptionSpec *specs, const char *name)
{
  SecretKind kind;

  return find_row (specs, name, &kind);
}

static void
complain_unknown (const Parse *self, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (const HaulOptionSpec *spec = self->specs; is_row (spec); spec++)
    {
      guint count = spec->type == HAUL_OPTION_SECRET ? SECRET_KINDS : 1;

      if ((spec->flags & (self->place->refused_flags | HAUL_OPT_DEPRECATED)) != 0)
        continue;
      for (guint kind = 0; kind < count; kind++)
        g_ptr_array_add (
            names, g_strconcat (spec->name, secret_suffix ((SecretKind) kind), NULL));
    }
  g_ptr_array_add (names, NULL);

  const char *nearest = problems_nearest (name, (const char *const *) names->pdata);
  if (nearest != NULL)
    complain (self, FALSE, "unknown option \"%s\", did you mean \"%s\"?", name, nearest);
  else
    complain (self, FALSE, "unknown option \"%s\"", name);
}

static void
store_secret (const Parse *self, const HaulOptionSpec *spec, SecretKind kind,
              const OptionValue *value)
{
  HaulSecret **member = G_STRUCT_MEMBER_P (self->settings, spec->offset);
  const char *directory = self->place->directory;
  gboolean unbalanced = kind == SECRET_COMMAND
                        && !g_shell_parse_argv (value->value, NULL, NULL, NULL);

  if (*value->value == '\0')
    {
      complain (self, FALSE, "\"%s\" must not be empty", value->name);
      return;
    }
  if (unbalanced)
    {
      /* The value may hold a secret: it is not shown. */
      complain (self, FALSE, "\"%s\" must be a command line with balanced quotes",
                value->name);
      return;
    }
  if (kind == SECRET_TEXT)
    complain (self, TRUE,
              "\"%s\" can be read by anyone who reads the %s: use \"%s-file\", "
              "\"%s-env\" or \"%s-command\"",
              spec->name, self->place->file != NULL ? "job" : "command line", spec->name,
              spec->name, spec->name);

  g_autofree char *path = kind == SECRET_FILE
                              ? option_value_resolve (value->value, directory)
                              : NULL;
  if (path != NULL && secret_file_is_open (path))
    complain (
        self, TRUE,
        "\"%s\": every user of this machine can read '%s': take the right away with "
        "`chmod o-r`",
        value->name, path);
  *member = secret_new (kind, value->name, path != NULL ? path : value->value, directory);
}

static void
take_value (const Parse *self, const OptionValue *value)
{
  SecretKind kind = SECRET_TEXT;
  const HaulOptionSpec *spec = find_row (self->specs, value->name, &kind);

  if (spec == NULL)
    {
      complain_unknown (self, value->name);
      return;
    }
  if ((spec->flags & self->place->refused_flags) != 0)
    {
      complain (self, FALSE, "\"%s\" is only for a %s", value->name,
                (spec->flags & HAUL_OPT_ONLY_SOURCE) != 0 ? "source" : "destination");
      return;
    }

  const char *earlier = g_hash_table_lookup (self->given, spec);
  if (earlier != NULL && strcmp (earlier, value->name) == 0)
    complain (self, FALSE, "\"%s\" is given twice", value->name);
  else if (earlier != NULL)
    complain (self, FALSE, "\"%s\" and \"%s\" are given, but only one can be used",
              earlier, value->name);
  if (earlier != NULL)
    return;
  g_hash_table_insert (self->given, (gpointer) spec, (gpointer) value->name);

  if ((spec->flags & HAUL_OPT_DEPRECATED) != 0)
    complain (self, TRUE, "\"%s\" is deprecated: %s", value->name, spec->summary);
  if (spec->type == HAUL_OPTION_SECRET)
    {
      store_secret (self, spec, kind, value);
      return;
    }
  g_autofree char *complaint = option_value_store (
      spec, value->value, self->place->directory, self->settings);
  if (complaint != NULL)
    complain (self, FALSE, "\"%s\" %s", value->name, complaint);
}

static void
complain_missing (const Parse *self, const HaulOptionSpec *spec)
{
  if (spec->type == HAUL_OPTION_SECRET)
    complain (self, FALSE,
              "\"%s\" is missing: give \"%s-file\", \"%s-env\" or \"%s-command\"",
              spec->name, spec->name, spec->name, spec->name);
  else
    complain (self, FALSE, "\"%s\" is missing", spec->name);
}

/* What was not given: an error when it is required, else its default. An option of the
 * other side has its default too: the plugin's struct is whole. */
static void
take_default (const Parse *self, const HaulOptionSpec *spec)
{
  if (g_hash_table_contains (self->given, spec))
    return;
  if ((spec->flags & HAUL_OPT_REQUIRED) != 0
      && (spec->flags & self->place->refused_flags) == 0)
    complain_missing (self, spec);
  if (spec->default_text == NULL)
    return;

  g_autofree char *complaint = option_value_store (
      spec, spec->default_text, self->place->directory, self->settings);
  g_assert (complaint == NULL); /* option_table_check() has seen it */
}

gpointer
option_table_parse (const HaulOptionSpec *specs, gsize settings_size,
                    const OptionValue *values, gsize count, const OptionPlace *place,
                    Problems *problems)
{
  g_autoptr (GHashTable) given = g_hash_table_new (NULL, NULL);
  Parse self = { .specs = specs,
                 .place = place,
                 .problems = problems,
                 .settings = g_malloc0 (MAX (settings_size, 1)),
                 .given = given };
  guint before = problems_count (problems);

  for (gsize i = 0; i < count; i++)
    {
      self.line = values[i].line;
      self.file = values[i].file;
      take_value (&self, &values[i]);
    }
  self.line = 0;
  self.file = NULL;
  for (const HaulOptionSpec *spec = specs; is_row (spec); spec++)
    take_default (&self, spec);
  if (problems_count (problems) == before)
    return self.settings;
  option_table_free (specs, self.settings);
  return NULL;
}

void
option_table_free (const HaulOptionSpec *specs, gpointer settings)
{
  if (settings == NULL)
    return;
  for (const HaulOptionSpec *spec = specs; is_row (spec); spec++)
    option_value_clear (spec, settings);
  g_free (settings);
}
