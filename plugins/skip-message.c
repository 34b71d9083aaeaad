/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <skip-message larger-than="50M" older-than="10y" flag="\Deleted"/>: leaves messages
 * out. Each condition skips by itself, as the options of imapsync do: too large OR too
 * old OR deleted. A size or date that is not known skips nothing. An instance never
 * changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

/* Dates that no message meets stand for "not given". */
#define NEVER_BEFORE      "0001-01-01"
#define NEVER_AFTER       "9999-12-31"
#define NEVER_BEFORE_UNIX (-G_GINT64_CONSTANT (62135596800))
#define NEVER_AFTER_UNIX  G_GINT64_CONSTANT (253402214400)

typedef struct
{
  guint64 larger_than;
  guint64 smaller_than;
  gint64 older_than_us;
  gint64 newer_than_us;
  gint64 before_unix;
  gint64 after_unix;
  char **flag;
  char **not_flag;
} SkipSettings;

/* Skip: one element of the job, with its reasons written out once. */
typedef struct
{
  const SkipSettings *settings;
  char *larger, *smaller, *older, *newer, *before, *after, *without;
  char **flag_reasons; /* one per word of `flag` */
} Skip;

static const HaulOptionSpec skip_options[] = {
  HAUL_OPT_SIZE (SkipSettings, larger_than, "larger-than", NULL, "1", NULL, HAUL_OPT_NONE,
                 "Skip messages above this size, whatever the other options say"),
  HAUL_OPT_SIZE (SkipSettings, smaller_than, "smaller-than", NULL, "1", NULL,
                 HAUL_OPT_NONE,
                 "Skip messages below this size, whatever the other options say"),
  HAUL_OPT_DURATION (SkipSettings, older_than_us, "older-than", NULL, "1s", NULL,
                     HAUL_OPT_NONE,
                     "Skip messages that arrived longer ago than this (INTERNALDATE)"),
  HAUL_OPT_DURATION (SkipSettings, newer_than_us, "newer-than", NULL, "1s", NULL,
                     HAUL_OPT_NONE,
                     "Skip messages that arrived within this time (INTERNALDATE)"),
  HAUL_OPT_DATE (SkipSettings, before_unix, "before", NEVER_BEFORE, HAUL_OPT_NONE,
                 "Skip messages that arrived before this date (INTERNALDATE)"),
  HAUL_OPT_DATE (SkipSettings, after_unix, "after", NEVER_AFTER, HAUL_OPT_NONE,
                 "Skip messages that arrived on this date or later (INTERNALDATE)"),
  HAUL_OPT_LIST (SkipSettings, flag, "flag", NULL, HAUL_OPT_NONE,
                 "Skip messages that have any of these flags or keywords"),
  HAUL_OPT_LIST (SkipSettings, not_flag, "not-flag", NULL, HAUL_OPT_NONE,
                 "Skip messages that have none of these flags or keywords"),
  HAUL_OPT_END
};

static void
skip_free (gpointer instance)
{
  Skip *self = instance;

  g_free (self->larger);
  g_free (self->smaller);
  g_free (self->older);
  g_free (self->newer);
  g_free (self->before);
  g_free (self->after);
  g_free (self->without);
  g_strfreev (self->flag_reasons);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Skip, skip_free)

/* ---- the words of the report ---- */

typedef struct
{
  guint64 factor;
  const char *name;
} Unit;

/* @number in the largest unit that says it exactly; units end with factor 1. */
static char *
number_text (guint64 number, const Unit *units)
{
  while (number % units->factor != 0)
    units++;
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%s", number / units->factor, units->name);
}

static char *
size_reason (const char *what, guint64 bytes)
{
  static const Unit units[] = {
    { G_GUINT64_CONSTANT (1000000000000), "T" },
    { G_GUINT64_CONSTANT (1) << 40, "TiB" },
    { 1000000000, "G" },
    { 1 << 30, "GiB" },
    { 1000000, "M" },
    { 1 << 20, "MiB" },
    { 1000, "K" },
    { 1 << 10, "KiB" },
    { 1, " bytes" },
  };
  g_autofree char *text = number_text (bytes, units);

  return g_strconcat (what, text, NULL);
}

static char *
duration_reason (const char *what, gint64 duration_us)
{
  const guint64 second = G_USEC_PER_SEC;
  const Unit units[] = {
    { 365 * 86400 * second, "y" },
    { 86400 * second, "d" },
    { 3600 * second, "h" },
    { 60 * second, "m" },
    { second, "s" },
    { 1000, "ms" },
    { 1, "us" },
  };
  g_autofree char *text = number_text ((guint64) duration_us, units);

  return g_strconcat (what, text, NULL);
}

static char *
date_reason (const char *what, gint64 date_unix)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (date_unix);
  gboolean midnight = date_unix % 86400 == 0;
  g_autofree char *text = g_date_time_format (date, midnight ? "%Y-%m-%d"
                                                             : "%Y-%m-%dT%H:%M:%SZ");

  return g_strconcat (what, text, NULL);
}

static void
write_reasons (Skip *self)
{
  const SkipSettings *settings = self->settings;
  g_autoptr (GPtrArray) reasons = g_ptr_array_new ();

  self->larger = size_reason ("larger than ", settings->larger_than);
  self->smaller = size_reason ("smaller than ", settings->smaller_than);
  self->older = duration_reason ("older than ", settings->older_than_us);
  self->newer = duration_reason ("newer than ", settings->newer_than_us);
  self->before = date_reason ("before ", settings->before_unix);
  self->after = date_reason ("after ", settings->after_unix);
  for (char **word = settings->flag; word != NULL && *word != NULL; word++)
    g_ptr_array_add (reasons, g_strconcat ("flag ", *word, NULL));
  g_ptr_array_add (reasons, NULL);
  self->flag_reasons = (char **) g_ptr_array_steal (reasons, NULL);
  if (settings->not_flag != NULL)
    {
      g_autofree char *words = g_strjoinv (" ", settings->not_flag);
      self->without = g_strconcat ("without ", words, NULL);
    }
}

/* ---- what a job may say ---- */

static gboolean
check_flags (const char *option, char **words, GError **error)
{
  for (char **word = words; word != NULL && *word != NULL; word++)
    {
      g_autofree char *with_backslash = g_strconcat ("\\", *word, NULL);

      if (haul_flag_from_name (with_backslash) != 0)
        return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                               "\"%s\": '%s' is a flag and must be written '%s'", option,
                               *word, with_backslash);
      if (haul_flag_from_name (*word) == 0 && !haul_keyword_is_valid (*word))
        return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                               "\"%s\" must be of \\Seen, \\Answered, \\Flagged, "
                               "\\Deleted, \\Draft and keywords, got '%s'",
                               option, *word);
    }
  return TRUE;
}

/* Conditions that no message passes are a mistake: each one skips by itself. */
static const char *
contradiction (const SkipSettings *settings)
{
  if (settings->larger_than != 0 && settings->larger_than < settings->smaller_than)
    return "\"larger-than\" is below \"smaller-than\"";
  if (settings->older_than_us != 0 && settings->older_than_us < settings->newer_than_us)
    return "\"older-than\" is below \"newer-than\"";
  if (settings->before_unix >= settings->after_unix)
    return "\"before\" is not before \"after\"";
  return NULL;
}

static gboolean
is_empty (char **words)
{
  return words == NULL || words[0] == NULL;
}

static gboolean
says_nothing (const SkipSettings *settings)
{
  return settings->larger_than == 0 && settings->smaller_than == 0
         && settings->older_than_us == 0 && settings->newer_than_us == 0
         && settings->before_unix == NEVER_BEFORE_UNIX
         && settings->after_unix == NEVER_AFTER_UNIX && is_empty (settings->flag)
         && is_empty (settings->not_flag);
}

static gpointer
skip_create (gconstpointer data, GError **error)
{
  const SkipSettings *settings = data;
  g_autoptr (Skip) self = g_new0 (Skip, 1);
  const char *wrong = contradiction (settings);

  self->settings = settings;
  if (!check_flags ("flag", settings->flag, error)
      || !check_flags ("not-flag", settings->not_flag, error))
    return NULL;
  if (wrong != NULL)
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "%s, and each skips by itself: no message would be left", wrong);
      return NULL;
    }
  if (says_nothing (settings))
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "give at least one condition");
      return NULL;
    }
  write_reasons (self);
  return g_steal_pointer (&self);
}

static gboolean
skip_check (gconstpointer settings, GError **error)
{
  g_autoptr (Skip) self = skip_create (settings, error);

  return self != NULL;
}

/* ---- the conditions: each gives a reason to skip, or NULL ---- */

static const char *
reason_of_size (const Skip *self, const HaulMessage *message)
{
  const SkipSettings *settings = self->settings;
  guint64 size = haul_message_size (message);

  if (size == HAUL_SIZE_UNKNOWN)
    return NULL;
  if (settings->larger_than != 0 && size > settings->larger_than)
    return self->larger;
  return size < settings->smaller_than ? self->smaller : NULL;
}

/* Now minus @duration_us, in seconds; a fraction of a second skips nothing. */
static gint64
ago (const HaulMessage *message, gint64 duration_us)
{
  return haul_message_now (message) - duration_us / G_USEC_PER_SEC;
}

static const char *
reason_of_date (const Skip *self, const HaulMessage *message)
{
  const SkipSettings *settings = self->settings;
  gint64 date = 0;

  if (!haul_message_date (message, &date))
    return NULL;
  if (settings->older_than_us != 0 && date < ago (message, settings->older_than_us))
    return self->older;
  if (settings->newer_than_us != 0 && date > ago (message, settings->newer_than_us))
    return self->newer;
  if (date < settings->before_unix)
    return self->before;
  return date >= settings->after_unix ? self->after : NULL;
}

static gboolean
has_word (const HaulMessage *message, const char *word)
{
  const char *const *keywords = haul_message_keywords (message);
  guint32 flag = haul_flag_from_name (word);

  if (flag != 0)
    return (haul_message_flags (message) & flag) != 0;
  for (; *keywords != NULL; keywords++)
    if (g_ascii_strcasecmp (*keywords, word) == 0)
      return TRUE;
  return FALSE;
}

static const char *
reason_of_flags (const Skip *self, const HaulMessage *message)
{
  char **words = self->settings->flag;

  for (gsize i = 0; words != NULL && words[i] != NULL; i++)
    if (has_word (message, words[i]))
      return self->flag_reasons[i];

  words = self->settings->not_flag;
  if (is_empty (words))
    return NULL;
  for (; *words != NULL; words++)
    if (has_word (message, *words))
      return NULL;
  return self->without;
}

static gboolean
skip_message (gconstpointer instance, const HaulMessage *message, HaulMessageEdit *edit,
              GError **error)
{
  const Skip *self = instance;
  const char *reason = reason_of_size (self, message);

  if (reason == NULL)
    reason = reason_of_date (self, message);
  if (reason == NULL)
    reason = reason_of_flags (self, message);
  if (reason != NULL)
    haul_message_edit_skip (edit, reason);
  return TRUE;
}

static const HaulFilter skip_filter = {
  HAUL_FILTER_HEADER,
  .name = "skip-message",
  .summary = "Leaves messages out by size, date or flags",
  .options = skip_options,
  .settings_size = sizeof (SkipSettings),
  .check = skip_check,
  .create = skip_create,
  .destroy = skip_free,
  .message = skip_message,
};

HAUL_DEFINE_FILTER (skip_message, skip_filter)
