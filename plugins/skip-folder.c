/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <skip-folder special-use="junk trash"/>, name="Trash", match="^Public/": leaves folders
 * out. Each condition of an element drops by itself. What was dropped by name or special
 * use takes its children with it; a pattern speaks for the paths that it matches. What an
 * instance learns (see Dropped) it adds without a lock: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

typedef struct
{
  GRegex *match;
  char *name;
  char **special_use;
} SkipSettings;

/* Dropped: a folder of a special use, so that its children are known when they come. */
typedef struct _Dropped Dropped;
struct _Dropped
{
  char **path;
  guint32 use;
  Dropped *next;
};

/* Skip: one element of the job. */
typedef struct
{
  const SkipSettings *settings;
  char **name;
  guint32 uses;
  char *name_reason;
  char *match_reason;
  Dropped *dropped; /* a list that only grows, atomically, at its head */
} Skip;

static const HaulOptionSpec skip_options[] = {
  HAUL_OPT_STRING (SkipSettings, name, "name", NULL, HAUL_OPT_NONE,
                   "Path of a folder to leave out, with its children"),
  HAUL_OPT_PATTERN (SkipSettings, match, "match", NULL, HAUL_OPT_NONE,
                    "Regular expression: leave out the folders whose path it matches"),
  HAUL_OPT_LIST (SkipSettings, special_use, "special-use", NULL, HAUL_OPT_NONE,
                 "Leave out folders with one of these uses, with their children: all, "
                 "archive, drafts, flagged, important, junk, sent, trash"),
  HAUL_OPT_END
};

static void
skip_free (gpointer instance)
{
  Skip *self = instance;

  while (self->dropped != NULL)
    {
      Dropped *next = self->dropped->next;
      g_strfreev (self->dropped->path);
      g_free (self->dropped);
      self->dropped = next;
    }
  g_strfreev (self->name);
  g_free (self->name_reason);
  g_free (self->match_reason);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Skip, skip_free)

static gboolean
parse_uses (const SkipSettings *settings, guint32 *out_uses, GError **error)
{
  guint32 uses = 0;

  for (char **word = settings->special_use; word != NULL && *word != NULL; word++)
    {
      guint32 use = haul_special_use_from_name (*word);
      if (use == 0)
        return haul_error_set (
            error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
            "\"special-use\" must be of all, archive, drafts, flagged, "
            "important, junk, sent and trash, got '%s'",
            *word);
      uses |= use;
    }
  *out_uses = uses;
  return TRUE;
}

static gpointer
skip_create (gconstpointer data, GError **error)
{
  const SkipSettings *settings = data;
  g_autoptr (Skip) self = g_new0 (Skip, 1);

  self->settings = settings;
  if (!parse_uses (settings, &self->uses, error))
    return NULL;
  if (settings->match == NULL && settings->name == NULL && self->uses == 0)
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "give at least one of \"name\", \"match\" and \"special-use\"");
      return NULL;
    }
  if (settings->match != NULL)
    self->match_reason = g_strdup_printf ("match %s",
                                          g_regex_get_pattern (settings->match));
  if (settings->name == NULL)
    return g_steal_pointer (&self);

  self->name = haul_path_from_text (settings->name, error);
  if (self->name == NULL)
    {
      g_prefix_error (error, "\"name\": ");
      return NULL;
    }
  self->name_reason = g_strdup_printf ("name %s", settings->name);
  return g_steal_pointer (&self);
}

static gboolean
skip_check (gconstpointer settings, GError **error)
{
  g_autoptr (Skip) self = skip_create (settings, error);

  return self != NULL;
}

static const char *
use_reason (guint32 uses)
{
  static const char *const reasons[] = {
    "special-use all",     "special-use archive",   "special-use drafts",
    "special-use flagged", "special-use junk",      "special-use sent",
    "special-use trash",   "special-use important",
  };

  return reasons[g_bit_nth_lsf (uses, -1)];
}

/* The special use for which @path or a folder above it was dropped earlier; 0: none. */
static guint32
use_above (Skip *self, HaulPath path)
{
  const Dropped *dropped = g_atomic_pointer_get (&self->dropped);

  for (; dropped != NULL; dropped = dropped->next)
    if (haul_path_has_prefix (path, (HaulPath) dropped->path))
      return dropped->use;
  return 0;
}

static void
remember (Skip *self, HaulPath path, guint32 use)
{
  Dropped *dropped = g_new0 (Dropped, 1);

  dropped->path = haul_path_copy (path);
  dropped->use = use;
  do
    dropped->next = g_atomic_pointer_get (&self->dropped);
  while (!g_atomic_pointer_compare_and_exchange (&self->dropped, dropped->next, dropped));
}

static gboolean
skip_by_use (Skip *self, const HaulFolder *folder, HaulFolderEdit *edit)
{
  guint32 use = folder->special_use & self->uses;
  guint32 above = use_above (self, folder->path);

  if (use == 0 && above == 0)
    return FALSE;
  if (above == 0)
    remember (self, folder->path, use);
  haul_folder_edit_drop (edit, use_reason (use != 0 ? use : above));
  return TRUE;
}

static gboolean
skip_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
             GError **error)
{
  const Skip *self = instance;

  if (self->uses != 0 && skip_by_use ((Skip *) self, folder, edit))
    return TRUE;
  if (self->name != NULL && haul_path_has_prefix (folder->path, (HaulPath) self->name))
    {
      haul_folder_edit_drop (edit, self->name_reason);
      return TRUE;
    }
  if (self->settings->match == NULL)
    return TRUE;

  g_autofree char *text = haul_path_to_text (folder->path);
  g_autoptr (GError) failure = NULL;
  gboolean found = g_regex_match_full (self->settings->match, text, -1, 0, 0, NULL,
                                       &failure);
  if (failure != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_FOLDER,
                           "compare '%s' with \"match\": %s", text, failure->message);
  if (found)
    haul_folder_edit_drop (edit, self->match_reason);
  return TRUE;
}

static const HaulFilter skip_filter = {
  HAUL_FILTER_HEADER,
  .name = "skip-folder",
  .summary = "Leaves folders out",
  .options = skip_options,
  .settings_size = sizeof (SkipSettings),
  .check = skip_check,
  .create = skip_create,
  .destroy = skip_free,
  .folder = skip_folder,
};

HAUL_DEFINE_FILTER (skip_folder, skip_filter)
