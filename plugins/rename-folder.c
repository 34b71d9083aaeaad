/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <rename-folder from="Projekte" to="Projects"/> moves a folder with its children;
 * <rename-folder match="^Old/(.*)$" to="Archive/\1"/> replaces the first match in the
 * text form of each path; <rename-folder into="Backup"/> puts them below. Leaves it to
 * the engine what to do when two folders meet. An instance never changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

typedef struct
{
  char *from;
  GRegex *match;
  char *to;
  char *into;
  int on_collision;
} RenameSettings;

static const char *const collisions[] = { "fail", "rename", NULL };

/* Rename: one element of the job, parsed. */
typedef struct
{
  const RenameSettings *settings;
  char **from; /* NULL: by match */
  char **to;   /* beside from */
  char **into; /* NULL: to */
} Rename;

static const HaulOptionSpec rename_options[] = {
  HAUL_OPT_STRING (RenameSettings, from, "from", NULL, HAUL_OPT_NONE,
                   "Path of the folder to rename, with its children"),
  HAUL_OPT_PATTERN (RenameSettings, match, "match", NULL, HAUL_OPT_NONE,
                    "Regular expression on the path; its first match is replaced"),
  HAUL_OPT_STRING (RenameSettings, to, "to", NULL, HAUL_OPT_NONE,
                   "New path; beside match, \\0 to \\9 stand for the groups and \\\\ for "
                   "a backslash"),
  HAUL_OPT_STRING (RenameSettings, into, "into", NULL, HAUL_OPT_NONE,
                   "Instead of to: path of a folder below which the folder from goes "
                   "under its whole path; without from all folders"),
  HAUL_OPT_ENUM (RenameSettings, on_collision, "on-collision", "fail", collisions,
                 HAUL_OPT_NONE,
                 "When another folder goes to the same place: copy neither, or give "
                 "this one another name"),
  HAUL_OPT_END
};

static void
rename_free (gpointer instance)
{
  Rename *self = instance;

  g_strfreev (self->from);
  g_strfreev (self->to);
  g_strfreev (self->into);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rename, rename_free)

static gboolean
refuse_inbox (const RenameSettings *settings, GError **error)
{
  return haul_error_set (
      error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
      "\"to\" must not be INBOX: mail of '%s' and of the inbox would be "
      "mixed for ever",
      settings->from != NULL ? settings->from : g_regex_get_pattern (settings->match));
}

/* Every \N of the replacement is a group of the pattern. */
static gboolean
check_template (const RenameSettings *settings, GError **error)
{
  int groups = g_regex_get_capture_count (settings->match);

  for (const char *p = strchr (settings->to, '\\'); p != NULL; p = strchr (p + 2, '\\'))
    {
      if (p[1] == '\\')
        continue;
      if (!g_ascii_isdigit (p[1]))
        return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                               "\"to\" may have \\0 to \\9 and \\\\, got '%s'",
                               settings->to);
      if (p[1] - '0' > groups)
        return haul_error_set (
            error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
            "\"to\" refers to \\%c, but \"match\" has %d group%s, got '%s'", p[1], groups,
            groups == 1 ? "" : "s", settings->to);
    }
  if (g_ascii_strcasecmp (settings->to, "INBOX") == 0)
    return refuse_inbox (settings, error);
  return TRUE;
}

/* <rename-folder into="Backup/old"/>, perhaps with from. */
static gboolean
create_into (Rename *self, GError **error)
{
  const RenameSettings *settings = self->settings;

  if (settings->to != NULL || settings->match != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"into\" stands alone or beside \"from\"");
  self->into = haul_path_from_text (settings->into, error);
  if (self->into == NULL)
    {
      g_prefix_error (error, "\"into\": ");
      return FALSE;
    }
  if (settings->from == NULL)
    return TRUE;
  self->from = haul_path_from_text (settings->from, error);
  if (self->from == NULL)
    g_prefix_error (error, "\"from\": ");
  return self->from != NULL;
}

static gpointer
rename_create (gconstpointer data, GError **error)
{
  const RenameSettings *settings = data;
  g_autoptr (Rename) self = g_new0 (Rename, 1);

  self->settings = settings;
  if (settings->into != NULL)
    return create_into (self, error) ? g_steal_pointer (&self) : NULL;
  if ((settings->from == NULL) == (settings->match == NULL))
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "give either \"from\" or \"match\"");
      return NULL;
    }
  if (settings->to == NULL)
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "give \"to\" or \"into\"");
      return NULL;
    }
  if (strstr (settings->to, "{date") != NULL)
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "\"to\" must not hold a date: a folder per date is not supported, "
                      "got '%s'",
                      settings->to);
      return NULL;
    }
  if (settings->match != NULL)
    return check_template (settings, error) ? g_steal_pointer (&self) : NULL;

  self->from = haul_path_from_text (settings->from, error);
  self->to = self->from != NULL ? haul_path_from_text (settings->to, error) : NULL;
  if (self->to == NULL)
    {
      g_prefix_error (error, "\"%s\": ", self->from == NULL ? "from" : "to");
      return NULL;
    }
  if (haul_path_is_inbox ((HaulPath) self->to)
      && !haul_path_is_inbox ((HaulPath) self->from))
    {
      refuse_inbox (settings, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static gboolean
rename_check (gconstpointer settings, GError **error)
{
  g_autoptr (Rename) self = rename_create (settings, error);

  return self != NULL;
}

/* into + all of @path. */
static char **
path_below (const Rename *self, HaulPath path)
{
  guint above = g_strv_length (self->into);
  char **below = g_new0 (char *, above + g_strv_length ((char **) path) + 1);

  for (guint i = 0; i < above; i++)
    below[i] = g_strdup (self->into[i]);
  for (guint i = 0; path[i] != NULL; i++)
    below[above + i] = g_strdup (path[i]);
  return below;
}

/* to + what of @path is below from. */
static char **
moved_path (const Rename *self, HaulPath path)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; self->to[i] != NULL; i++)
    g_ptr_array_add (names, g_strdup (self->to[i]));
  for (gsize i = g_strv_length (self->from); path[i] != NULL; i++)
    g_ptr_array_add (names, g_strdup (path[i]));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

/* @text with the match replaced by the template, which was checked. */
static char *
replace_match (const char *text, const GMatchInfo *match, const char *template)
{
  GString *result = g_string_new (NULL);
  int start = 0, end = 0;

  g_match_info_fetch_pos (match, 0, &start, &end);
  g_string_append_len (result, text, start);
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
  g_string_append (result, text + end);
  return g_string_free (result, FALSE);
}

/* Without the empty names that a replacement leaves at a border: "/A", "A//B", "A/". */
static char *
without_empty_names (const char *text)
{
  GString *result = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p++)
    if (*p != '/' || (result->len > 0 && p[1] != '/' && p[1] != '\0'))
      g_string_append_c (result, *p);
  return g_string_free (result, FALSE);
}

/* *@out_path: NULL when the pattern does not match. */
static gboolean
matched_path (const Rename *self, HaulPath path, char ***out_path, GError **error)
{
  g_autofree char *text = haul_path_to_text (path);
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GError) failure = NULL;

  gboolean found = g_regex_match_full (self->settings->match, text, -1, 0, 0, &match,
                                       &failure);
  if (failure != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_FOLDER,
                           "rename '%s' by \"match\": %s", text, failure->message);
  *out_path = NULL;
  if (!found)
    return TRUE;

  g_autofree char *replaced = replace_match (text, match, self->settings->to);
  g_autofree char *tidy = without_empty_names (replaced);
  if (*tidy == '\0')
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_FOLDER,
                           "rename '%s' by \"match\": no name would be left", text);
  g_auto (GStrv) renamed = haul_path_from_text (tidy, &failure);
  if (renamed == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_FOLDER,
                           "rename '%s' by \"match\": %s", text, failure->message);
  if (haul_path_is_inbox ((HaulPath) renamed) && !haul_path_is_inbox (path))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_FOLDER,
                           "rename '%s' by \"match\": it would become INBOX", text);
  *out_path = g_steal_pointer (&renamed);
  return TRUE;
}

static gboolean
rename_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
               GError **error)
{
  const Rename *self = instance;
  g_auto (GStrv) path = NULL;

  if (self->into != NULL)
    {
      if (self->from == NULL
          || haul_path_has_prefix (folder->path, (HaulPath) self->from))
        path = path_below (self, folder->path);
    }
  else if (self->from == NULL)
    {
      if (!matched_path (self, folder->path, &path, error))
        return FALSE;
    }
  else if (haul_path_has_prefix (folder->path, (HaulPath) self->from))
    path = moved_path (self, folder->path);

  if (path == NULL || haul_path_equal ((HaulPath) path, folder->path))
    return TRUE;
  haul_folder_edit_rename (edit, (HaulPath) path);
  haul_folder_edit_collision (edit, self->settings->on_collision == 1
                                        ? HAUL_COLLISION_RENAME
                                        : HAUL_COLLISION_FAIL);
  return TRUE;
}

static const HaulFilter rename_filter = {
  HAUL_FILTER_HEADER,
  .name = "rename-folder",
  .summary = "Gives folders another place at the destination",
  .options = rename_options,
  .settings_size = sizeof (RenameSettings),
  .check = rename_check,
  .create = rename_create,
  .destroy = rename_free,
  .folder = rename_folder,
};

HAUL_DEFINE_FILTER (rename_folder, rename_filter)
