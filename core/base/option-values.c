/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the text of one option to its member, and the words for what is wrong with it.
 * Which options there are, and which must be given, is option-table.c's. Pure; any
 * thread.
 */
#include "option-values.h"

#include <string.h>

#include "base/option-table.h"
#include "base/secret.h"

/* As much of a wrong value as helps to find it. */
#define SHOWN_LIMIT_CHARS 60

typedef struct
{
  const char *name;
  guint64 factor;
} Unit;

const char *
option_type_name (HaulOptionType type)
{
  switch (type)
    {
    case HAUL_OPTION_BOOL:
      return "bool";
    case HAUL_OPTION_UINT:
      return "uint";
    case HAUL_OPTION_SIZE:
      return "size";
    case HAUL_OPTION_DURATION:
      return "duration";
    case HAUL_OPTION_STRING:
      return "string";
    case HAUL_OPTION_PATH:
      return "path";
    case HAUL_OPTION_ENUM:
      return "enum";
    case HAUL_OPTION_LIST:
      return "list";
    case HAUL_OPTION_PATTERN:
      return "pattern";
    case HAUL_OPTION_SECRET:
      return "secret";
    case HAUL_OPTION_DATE:
      return "date";
    }
  return "unknown";
}

gsize
option_value_size (HaulOptionType type)
{
  switch (type)
    {
    case HAUL_OPTION_BOOL:
      return sizeof (gboolean);
    case HAUL_OPTION_UINT:
      return sizeof (guint);
    case HAUL_OPTION_ENUM:
      return sizeof (int);
    case HAUL_OPTION_SIZE:
    case HAUL_OPTION_DURATION:
    case HAUL_OPTION_DATE:
      return sizeof (guint64);
    case HAUL_OPTION_STRING:
    case HAUL_OPTION_PATH:
    case HAUL_OPTION_LIST:
    case HAUL_OPTION_PATTERN:
    case HAUL_OPTION_SECRET:
      return sizeof (gpointer);
    }
  return 0;
}

gboolean
option_value_is_number (HaulOptionType type)
{
  return type == HAUL_OPTION_UINT || type == HAUL_OPTION_SIZE
         || type == HAUL_OPTION_DURATION;
}

/* Digits and then one of @units (ended by a NULL name); none of it overflows. */
static gboolean
parse_with_unit (const char *text, const Unit *units, guint64 *out_number)
{
  gsize digits = strspn (text, "0123456789");
  g_autofree char *number_text = g_strndup (text, digits);
  guint64 number = 0;

  if (!g_ascii_string_to_unsigned (number_text, 10, 0, G_MAXUINT64, &number, NULL))
    return FALSE;
  for (; units->name != NULL; units++)
    if (g_ascii_strcasecmp (units->name, text + digits) == 0)
      return g_uint64_checked_mul (out_number, number, units->factor);
  return FALSE;
}

gboolean
option_parse_size (const char *text, guint64 *out_bytes)
{
  static const char letters[] = "kmgtp";
  static const Unit plain[] = { { "", 1 }, { "b", 1 }, { NULL, 0 } };
  gsize digits = strspn (text, "0123456789");
  const char *letter = text[digits] == '\0'
                           ? NULL
                           : strchr (letters, g_ascii_tolower (text[digits]));
  guint64 number = 0, decimal = 1, binary = 1;

  if (letter == NULL)
    return parse_with_unit (text, plain, out_bytes);
  for (const char *p = letters; p <= letter; p++)
    {
      decimal *= 1000;
      binary *= 1024;
    }
  const char letter_text[] = { *letter, '\0' };
  g_autofree char *with_b = g_strconcat (letter_text, "b", NULL);
  g_autofree char *with_ib = g_strconcat (letter_text, "ib", NULL);
  const Unit units[] = {
    { letter_text, decimal }, { with_b, decimal }, { with_ib, binary }, { NULL, 0 }
  };
  if (!parse_with_unit (text, units, &number))
    return FALSE;
  *out_bytes = number;
  return TRUE;
}

gboolean
option_parse_duration (const char *text, gint64 *out_us)
{
  const guint64 second = G_USEC_PER_SEC;
  const Unit units[] = { { "ms", 1000 },
                         { "s", second },
                         { "m", 60 * second },
                         { "h", 3600 * second },
                         { "d", 24 * 3600 * second },
                         { "y", 365 * 24 * 3600 * second },
                         { NULL, 0 } };
  guint64 number = 0;

  if (strcmp (text, "0") != 0 && !parse_with_unit (text, units, &number))
    return FALSE;
  if (number > G_MAXINT64)
    return FALSE;
  *out_us = (gint64) number;
  return TRUE;
}

/* @text begins with a shape like "0000-00-00", where 0 stands for any digit. */
static gboolean
has_shape (const char *text, const char *shape)
{
  for (; *shape != '\0'; text++, shape++)
    if (*shape == '0' ? !g_ascii_isdigit (*text) : *text != *shape)
      return FALSE;
  return TRUE;
}

gboolean
option_parse_date (const char *text, gint64 *out_unix)
{
  const gsize date_length = strlen ("0000-00-00");
  const char *time = "T00:00:00";
  const char *rest = "";

  if (!has_shape (text, "0000-00-00"))
    return FALSE;
  g_autofree char *date = g_strndup (text, date_length);
  g_autofree char *own_time = NULL;
  if (text[date_length] != '\0')
    {
      const char *clock = text + date_length + 1;

      if (text[date_length] != 'T' && text[date_length] != ' ')
        return FALSE;
      if (!has_shape (clock, "00:00"))
        return FALSE;
      gboolean seconds = has_shape (clock, "00:00:00");
      own_time = g_strdup_printf ("T%.5s%.3s", clock, seconds ? clock + 5 : ":00");
      time = own_time;
      rest = clock + (seconds ? 8 : 5);
    }

  g_autofree char *whole = g_strconcat (date, time, rest, NULL);
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) moment = g_date_time_new_from_iso8601 (whole, utc);
  if (moment == NULL)
    return FALSE;
  *out_unix = g_date_time_to_unix (moment);
  return TRUE;
}

gboolean
option_value_parse_number (HaulOptionType type, const char *text, guint64 *out_number)
{
  gint64 duration = 0;

  if (type == HAUL_OPTION_UINT)
    return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT, out_number, NULL);
  if (type == HAUL_OPTION_SIZE)
    return option_parse_size (text, out_number);
  if (!option_parse_duration (text, &duration))
    return FALSE;
  *out_number = (guint64) duration;
  return TRUE;
}

/* ", got \"…\"" with as much of @text as helps. */
static char *
got (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  if (g_utf8_strlen (valid, -1) <= SHOWN_LIMIT_CHARS)
    return g_strdup_printf (", got \"%s\"", valid);
  g_autofree char *start = g_utf8_substring (valid, 0, SHOWN_LIMIT_CHARS);
  return g_strdup_printf (", got \"%s…\"", start);
}

static char *
must_be (const char *rule, const char *text)
{
  g_autofree char *ending = got (text);

  return g_strconcat ("must be ", rule, ending, NULL);
}

/* "1 to 1024 commands", "at least 1s", "a size like 50M or 64KiB". */
static char *
number_rule (const HaulOptionSpec *spec)
{
  const char *low = spec->minimum_text, *high = spec->maximum_text;
  const char *unit = spec->type == HAUL_OPTION_UINT ? spec->unit : NULL;
  g_autofree char *range = NULL;

  if (low != NULL && high != NULL)
    range = g_strdup_printf ("%s to %s", low, high);
  else if (low != NULL || high != NULL)
    range = g_strdup_printf ("at %s %s", low != NULL ? "least" : "most",
                             low != NULL ? low : high);
  if (range != NULL && unit != NULL)
    return g_strdup_printf ("%s %s", range, unit);
  if (range != NULL)
    return g_steal_pointer (&range);
  if (spec->type == HAUL_OPTION_SIZE)
    return g_strdup ("a size like 50M or 64KiB");
  if (spec->type == HAUL_OPTION_DURATION)
    return g_strdup ("a duration like 90s, 12h, 7d or 10y");
  return g_strdup_printf ("a number of %s", unit != NULL ? unit : "its unit");
}

/* A malformed number gets the form and the range, one out of range the range. */
static char *
number_complaint (const HaulOptionSpec *spec, const char *text, gboolean malformed)
{
  g_autofree char *rule = number_rule (spec);
  gboolean bounded = spec->minimum_text != NULL || spec->maximum_text != NULL;

  if (malformed && bounded && spec->type != HAUL_OPTION_UINT)
    {
      HaulOptionSpec unbounded = *spec;
      unbounded.minimum_text = unbounded.maximum_text = NULL;
      g_autofree char *form = number_rule (&unbounded);
      g_autofree char *both = g_strdup_printf ("%s (%s)", form, rule);
      return must_be (both, text);
    }
  return must_be (rule, text);
}

static char *
store_number (const HaulOptionSpec *spec, const char *text, gpointer member)
{
  guint64 number = 0, low = 0, high = G_MAXUINT64;

  if (!option_value_parse_number (spec->type, text, &number))
    return number_complaint (spec, text, TRUE);
  if (spec->minimum_text != NULL
      && !option_value_parse_number (spec->type, spec->minimum_text, &low))
    return g_strdup ("has a minimum that is no number");
  if (spec->maximum_text != NULL
      && !option_value_parse_number (spec->type, spec->maximum_text, &high))
    return g_strdup ("has a maximum that is no number");
  if (number < low || number > high)
    return number_complaint (spec, text, FALSE);

  if (spec->type == HAUL_OPTION_UINT)
    *(guint *) member = (guint) number;
  else if (spec->type == HAUL_OPTION_SIZE)
    *(guint64 *) member = number;
  else
    *(gint64 *) member = (gint64) number;
  return NULL;
}

static char *
store_bool (const char *text, gboolean *member)
{
  static const char *const truths[] = { "true", "yes", "on", "1" };
  static const char *const untruths[] = { "false", "no", "off", "0" };

  for (gsize i = 0; i < G_N_ELEMENTS (truths); i++)
    if (g_ascii_strcasecmp (text, truths[i]) == 0)
      {
        *member = TRUE;
        return NULL;
      }
  for (gsize i = 0; i < G_N_ELEMENTS (untruths); i++)
    if (g_ascii_strcasecmp (text, untruths[i]) == 0)
      {
        *member = FALSE;
        return NULL;
      }
  return must_be ("true or false", text);
}

static char *
store_enum (const HaulOptionSpec *spec, const char *text, int *member)
{
  for (int i = 0; spec->choices[i] != NULL; i++)
    if (strcmp (spec->choices[i], text) == 0)
      {
        *member = i;
        return NULL;
      }

  g_autofree char *choices = g_strjoinv (", ", (char **) spec->choices);
  g_autofree char *rule = g_strconcat ("one of ", choices, NULL);
  g_autofree char *complaint = must_be (rule, text);
  const char *nearest = problems_nearest (text, spec->choices);
  if (nearest == NULL)
    return g_steal_pointer (&complaint);
  return g_strdup_printf ("%s, did you mean \"%s\"?", complaint, nearest);
}

static char *
store_date (const char *text, gint64 *member)
{
  if (!option_parse_date (text, member))
    return must_be ("a date like 2024-01-31 or 2024-01-31T12:00:00Z", text);
  return NULL;
}

static char *
store_pattern (const char *text, GRegex **member)
{
  g_autoptr (GError) error = NULL;

  if (*text == '\0')
    return g_strdup ("must not be empty: it would match everything");
  /* Not optimized: GLib 2.74 compiles machine code at the first match, which is a race
   * when several threads share the pattern. */
  *member = g_regex_new (text, 0, 0, &error);
  if (*member == NULL)
    return g_strdup_printf ("must be a regular expression: %s", error->message);
  return NULL;
}

static char **
split_words (const char *text)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  static const char blanks[] = " \t\r\n";

  for (const char *p = text + strspn (text, blanks); *p != '\0'; p += strspn (p, blanks))
    {
      gsize length = strcspn (p, blanks);
      g_ptr_array_add (words, g_strndup (p, length));
      p += length;
    }
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_steal (words, NULL);
}

char *
option_value_resolve (const char *path, const char *directory)
{
  if (strcmp (path, "~") == 0 || g_str_has_prefix (path, "~/"))
    return g_strconcat (g_get_home_dir (), path + 1, NULL);
  if (directory == NULL || g_path_is_absolute (path))
    return g_strdup (path);
  return g_build_filename (directory, path, NULL);
}

char *
option_value_store (const HaulOptionSpec *spec, const char *text, const char *directory,
                    gpointer settings)
{
  gpointer member = G_STRUCT_MEMBER_P (settings, spec->offset);

  if (spec->type != HAUL_OPTION_PATH && !g_utf8_validate (text, -1, NULL))
    return must_be ("valid UTF-8", text);
  if (*text == '\0'
      && (spec->type == HAUL_OPTION_PATH || (spec->flags & HAUL_OPT_REQUIRED) != 0))
    return g_strdup ("must not be empty");

  switch (spec->type)
    {
    case HAUL_OPTION_BOOL:
      return store_bool (text, member);
    case HAUL_OPTION_UINT:
    case HAUL_OPTION_SIZE:
    case HAUL_OPTION_DURATION:
      return store_number (spec, text, member);
    case HAUL_OPTION_STRING:
      *(char **) member = g_strdup (text);
      return NULL;
    case HAUL_OPTION_PATH:
      *(char **) member = option_value_resolve (text, directory);
      return NULL;
    case HAUL_OPTION_ENUM:
      return store_enum (spec, text, member);
    case HAUL_OPTION_LIST:
      *(char ***) member = split_words (text);
      return NULL;
    case HAUL_OPTION_PATTERN:
      return store_pattern (text, member);
    case HAUL_OPTION_DATE:
      return store_date (text, member);
    case HAUL_OPTION_SECRET:
      break;
    }
  g_assert_not_reached (); /* secrets go their own way; types were checked */
}

void
option_value_clear (const HaulOptionSpec *spec, gpointer settings)
{
  gpointer member = G_STRUCT_MEMBER_P (settings, spec->offset);

  switch (spec->type)
    {
    case HAUL_OPTION_STRING:
    case HAUL_OPTION_PATH:
      g_clear_pointer ((char **) member, g_free);
      return;
    case HAUL_OPTION_LIST:
      g_clear_pointer ((char ***) member, g_strfreev);
      return;
    case HAUL_OPTION_PATTERN:
      g_clear_pointer ((GRegex **) member, g_regex_unref);
      return;
    case HAUL_OPTION_SECRET:
      g_clear_pointer ((HaulSecret **) member, secret_free);
      return;
    case HAUL_OPTION_BOOL:
    case HAUL_OPTION_UINT:
    case HAUL_OPTION_SIZE:
    case HAUL_OPTION_DURATION:
    case HAUL_OPTION_ENUM:
    case HAUL_OPTION_DATE:
      return;
    }
}
