/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <map-flag from="NonJunk" to="$NotJunk"/>, drop="Old", keep="\Seen Work", add="$Moved",
 * match="^FLAG[0-9]+$", known="registered": changes the flags and keywords of messages,
 * at the first copy and whenever they change at the source. Decides by the flags alone,
 * so that the merge sees the same set at each run. An instance never changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

#include "shared/flag-pairs.h"

/* NAME_LIMIT_BYTES: of one flag; servers allow 50 to 255. Longer ones pass unchanged by a
 * pattern. */
#define NAME_LIMIT_BYTES 255

typedef enum
{
  KNOWN_NONE = 0,
  KNOWN_REGISTERED = 1,
  KNOWN_PLAIN = 2,
} Known;

static const char *const known_names[] = { "none", "registered", "plain", NULL };

typedef struct
{
  char *from;
  char *to;
  GRegex *match;
  char **drop;
  char **keep;
  char **add;
  int known;
} MapSettings;

static const HaulOptionSpec map_options[] = {
  HAUL_OPT_STRING (MapSettings, from, "from", NULL, HAUL_OPT_NONE,
                   "Flag or keyword to rename to \"to\", without regard to case"),
  HAUL_OPT_STRING (
      MapSettings, to, "to", NULL, HAUL_OPT_NONE,
      "New name; beside match, \\0 to \\9 stand for the groups and \\\\ for a "
      "backslash"),
  HAUL_OPT_PATTERN (MapSettings, match, "match", NULL, HAUL_OPT_NONE,
                    "Regular expression on each flag's name: its first match becomes "
                    "\"to\"; without \"to\" such flags are dropped"),
  HAUL_OPT_LIST (MapSettings, drop, "drop", NULL, HAUL_OPT_NONE,
                 "Flags and keywords to leave out"),
  HAUL_OPT_LIST (MapSettings, keep, "keep", NULL, HAUL_OPT_NONE,
                 "Leave out all but these flags and keywords"),
  HAUL_OPT_LIST (MapSettings, add, "add", NULL, HAUL_OPT_NONE,
                 "Flags and keywords to give to every message"),
  HAUL_OPT_ENUM (MapSettings, known, "known", "none", known_names, HAUL_OPT_NONE,
                 "Bring well-known keywords to one spelling: that of the registry "
                 "($Junk, $NotJunk, $Forwarded) or the plain one (Junk, NonJunk, "
                 "Forwarded)"),
  HAUL_OPT_END
};

/* ---- what a job may say ---- */

static gboolean
config_error (GError **error, const char *text)
{
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "%s", text);
}

static gboolean
is_empty (char **words)
{
  return words == NULL || words[0] == NULL;
}

/* A name that the destination could hold. */
static gboolean
is_target (const char *name)
{
  return haul_flag_from_name (name) != 0 || haul_keyword_is_valid (name);
}

/* "Seen" where "\Seen" is meant: a keyword of that name is nothing but trouble. */
static gboolean
check_word (const char *option, const char *word, gboolean target, GError **error)
{
  g_autofree char *with_backslash = g_strconcat ("\\", word, NULL);

  if (haul_flag_from_name (with_backslash) != 0)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"%s\": '%s' is a flag and must be written '%s'", option,
                           word, with_backslash);
  if (target && !is_target (word))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"%s\" must be of \\Seen, \\Answered, \\Flagged, \\Deleted, "
                           "\\Draft and keywords, got '%s'",
                           option, word);
  return TRUE;
}

static gboolean
check_words (const char *option, char **words, gboolean target, GError **error)
{
  for (; words != NULL && *words != NULL; words++)
    if (!check_word (option, *words, target, error))
      return FALSE;
  return TRUE;
}

static gboolean
check_template (const MapSettings *settings, GError **error)
{
  int groups = g_regex_get_capture_count (settings->match);

  for (const char *p = strchr (settings->to, '\\'); p != NULL; p = strchr (p + 2, '\\'))
    if (p[1] != '\\' && (!g_ascii_isdigit (p[1]) || p[1] - '0' > groups))
      return haul_error_set (
          error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
          "\"to\" may have \\\\ and \\0 to \\%d beside this \"match\", "
          "got '%s'",
          MIN (groups, 9), settings->to);
  return TRUE;
}

static gboolean
map_check (gconstpointer data, GError **error)
{
  const MapSettings *settings = data;
  int changes = (settings->from != NULL) + (settings->match != NULL)
                + !is_empty (settings->drop) + !is_empty (settings->keep)
                + !is_empty (settings->add) + (settings->known != KNOWN_NONE);

  if (changes != 1)
    return config_error (error, "give exactly one of \"from\", \"match\", \"drop\", "
                                "\"keep\", \"add\" and \"known\"");
  if (settings->from != NULL && settings->to == NULL)
    return config_error (error, "\"from\" needs \"to\"");
  if (settings->to != NULL && settings->from == NULL && settings->match == NULL)
    return config_error (error, "\"to\" needs \"from\" or \"match\"");
  if (settings->match != NULL)
    return settings->to == NULL || check_template (settings, error);
  if (settings->from != NULL)
    return check_word ("from", settings->from, FALSE, error)
           && check_word ("to", settings->to, TRUE, error);
  return check_words ("drop", settings->drop, FALSE, error)
         && check_words ("keep", settings->keep, FALSE, error)
         && check_words ("add", settings->add, TRUE, error);
}

/* ---- sets of names ---- */

/* Marks: the flags that a message gets. */
typedef struct
{
  guint32 flags;
  GPtrArray *keywords; /* owned */
} Marks;

/* A name that no destination can hold is lost, as it is without the filter. */
static void
marks_add (Marks *self, const char *name)
{
  guint32 flag = haul_flag_from_name (name);

  self->flags |= flag;
  if (flag != 0 || !haul_keyword_is_valid (name))
    return;
  for (guint i = 0; i < self->keywords->len; i++)
    if (g_ascii_strcasecmp (self->keywords->pdata[i], name) == 0)
      return;
  g_ptr_array_add (self->keywords, g_strdup (name));
}

static gboolean
has_word (char **words, const char *name)
{
  for (; words != NULL && *words != NULL; words++)
    if (g_ascii_strcasecmp (*words, name) == 0)
      return TRUE;
  return FALSE;
}

/* @name with the match replaced by the template. (transfer full) */
static char *
replace_match (const char *name, const GMatchInfo *match, const char *template)
{
  GString *result = g_string_new (NULL);
  int start = 0, end = 0;

  g_match_info_fetch_pos (match, 0, &start, &end);
  g_string_append_len (result, name, start);
  for (const char *p = template; *p != '\0'; p++)
    {
      if (*p != '\\')
        {
          g_string_append_c (result, *p);
          continue;
        }
      p++;
      g_autofree char *group = *p == '\\' ? g_strdup ("\\")
                                          : g_match_info_fetch (match, *p - '0');
      g_string_append (result, group != NULL ? group : "");
    }
  g_string_append (result, name + end);
  return g_string_free (result, FALSE);
}

static gboolean
map_by_match (const MapSettings *settings, const char *name, Marks *out, GError **error)
{
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GError) failure = NULL;
  gboolean suits = strlen (name) <= NAME_LIMIT_BYTES && g_utf8_validate (name, -1, NULL);
  gboolean found = suits
                   && g_regex_match_full (settings->match, name, -1, 0, 0, &match,
                                          &failure);

  if (failure != NULL)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                           "compare flag '%s' with \"match\": %s", name,
                           failure->message);
  if (!found)
    {
      marks_add (out, name);
      return TRUE;
    }
  if (settings->to == NULL)
    return TRUE;
  g_autofree char *renamed = replace_match (name, match, settings->to);
  marks_add (out, renamed);
  return TRUE;
}

static const char *
known_name (Known known, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (flag_pairs); i++)
    for (gsize j = 0; flag_pairs[i].names[j] != NULL; j++)
      if (g_ascii_strcasecmp (flag_pairs[i].names[j], name) == 0)
        return flag_pairs[i].names[known == KNOWN_PLAIN ? 1 : 0];
  return name;
}

static gboolean
map_name (const MapSettings *settings, const char *name, Marks *out, GError **error)
{
  if (settings->match != NULL)
    return map_by_match (settings, name, out, error);
  if (settings->from != NULL)
    marks_add (out, g_ascii_strcasecmp (settings->from, name) == 0 ? settings->to : name);
  else if (settings->known != KNOWN_NONE)
    marks_add (out, known_name ((Known) settings->known, name));
  else if (!is_empty (settings->keep) ? has_word (settings->keep, name)
                                      : !has_word (settings->drop, name))
    marks_add (out, name);
  return TRUE;
}

static gboolean
map_message (gconstpointer instance, const HaulMessage *message, HaulMessageEdit *edit,
             GError **error)
{
  const MapSettings *settings = instance;
  const char *const *words = haul_message_keywords (message);
  g_autoptr (GPtrArray) keywords = g_ptr_array_new_with_free_func (g_free);
  Marks marks = { 0, keywords };
  gboolean ok = TRUE;

  for (guint32 bit = 1; ok && bit <= HAUL_FLAG_DRAFT; bit <<= 1)
    if (haul_message_flags (message) & bit)
      ok = map_name (settings, haul_flag_name ((HaulFlags) bit), &marks, error);
  for (; ok && *words != NULL; words++)
    ok = map_name (settings, *words, &marks, error);
  if (!ok)
    return FALSE;
  for (char **word = settings->add; word != NULL && *word != NULL; word++)
    marks_add (&marks, *word);
  g_ptr_array_add (keywords, NULL);
  haul_message_edit_flags (edit, marks.flags, (const char *const *) keywords->pdata);
  return TRUE;
}

static const HaulFilter map_filter = {
  HAUL_FILTER_HEADER,
  .name = "map-flag",
  .summary = "Renames, drops and adds flags and keywords",
  .options = map_options,
  .settings_size = sizeof (MapSettings),
  .effects = HAUL_FILTER_MAPS_FLAGS,
  .check = map_check,
  .message = map_message,
};

HAUL_DEFINE_FILTER (map_flag, map_filter)
