/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <map-special-use/>: a folder with a role (Sent, Drafts, Junk, Trash, Archive, All,
 * Flagged) goes to the destination's folder of that role, with its children. Of several
 * that claim one role the first counts, and that is told. What it learns it learns in
 * begin; after that an instance never changes: any thread.
 */
#include <mailhaul/error.h>
#include <mailhaul/filter.h>

typedef struct
{
  gboolean enabled;
} MapSettings;

/* Mapped: one role with a folder on both sides. */
typedef struct
{
  char **from;
  char **to;
} Mapped;

typedef struct
{
  const MapSettings *settings;
  GPtrArray *mapped; /* of Mapped */
} Map;

static const HaulSpecialUse roles[] = {
  HAUL_USE_SENT,    HAUL_USE_DRAFTS, HAUL_USE_JUNK,    HAUL_USE_TRASH,
  HAUL_USE_ARCHIVE, HAUL_USE_ALL,    HAUL_USE_FLAGGED,
};

static const HaulOptionSpec map_options[] = {
  HAUL_OPT_BOOL (MapSettings, enabled, "enabled", "true", HAUL_OPT_NONE,
                 "false: folders with a role keep their names"),
  HAUL_OPT_END
};

static void
mapped_free (gpointer data)
{
  Mapped *mapped = data;

  g_strfreev (mapped->from);
  g_strfreev (mapped->to);
  g_free (mapped);
}

static gpointer
map_create (gconstpointer settings, GError **error)
{
  Map *self = g_new0 (Map, 1);

  (void) error;
  self->settings = settings;
  self->mapped = g_ptr_array_new_with_free_func (mapped_free);
  return self;
}

static void
map_destroy (gpointer instance)
{
  Map *self = instance;

  g_ptr_array_unref (self->mapped);
  g_free (self);
}

/* The first of @folders with @role that holds mail; another is told. NULL: there is none.
 */
static const HaulFolder *
claimant (const HaulFilterFolders *all, gboolean source, HaulSpecialUse role)
{
  const HaulFolder *folders = source ? all->sources : all->destinations;
  gsize count = source ? all->source_count : all->destination_count;
  const HaulFolder *first = NULL;

  for (gsize i = 0; i < count; i++)
    {
      if (!(folders[i].special_use & role)
          || (folders[i].attributes & HAUL_FOLDER_NOSELECT))
        continue;
      if (first == NULL)
        {
          first = &folders[i];
          continue;
        }
      g_autofree char *one = haul_path_to_text (first->path);
      g_autofree char *two = haul_path_to_text (folders[i].path);
      g_autofree char *text = g_strdup_printf (
          "the %s has two folders for %s, '%s' and '%s': the first is taken for it",
          source ? "source" : "destination", haul_special_use_name (role), one, two);
      all->notice (text, all->user_data);
    }
  return first;
}

/* Whether @path is the place of a source folder that is not @from: mail would mix. */
static gboolean
is_taken (const HaulFilterFolders *all, HaulPath path, HaulPath from)
{
  for (gsize i = 0; i < all->source_count; i++)
    if (haul_path_equal (all->sources[i].path, path)
        && !haul_path_equal (all->sources[i].path, from)
        && !(all->sources[i].attributes & HAUL_FOLDER_NOSELECT))
      return TRUE;
  return FALSE;
}

static gboolean
map_begin (gpointer instance, const HaulFilterFolders *all, GError **error)
{
  Map *self = instance;

  (void) error;
  g_ptr_array_set_size (self->mapped, 0);
  for (gsize i = 0; self->settings->enabled && i < G_N_ELEMENTS (roles); i++)
    {
      const HaulFolder *from = claimant (all, TRUE, roles[i]);
      const HaulFolder *to = from != NULL ? claimant (all, FALSE, roles[i]) : NULL;

      if (to == NULL || haul_path_equal (from->path, to->path)
          || haul_path_is_inbox (from->path) || haul_path_is_inbox (to->path))
        continue;
      g_autofree char *one = haul_path_to_text (from->path);
      g_autofree char *two = haul_path_to_text (to->path);
      if (is_taken (all, to->path, from->path))
        {
          g_autofree char *text = g_strdup_printf (
              "folder '%s' keeps its name: '%s' is the destination's folder for %s, but "
              "the source has another folder of that name",
              one, two, haul_special_use_name (roles[i]));
          all->notice (text, all->user_data);
          continue;
        }
      Mapped *mapped = g_new0 (Mapped, 1);
      mapped->from = haul_path_copy (from->path);
      mapped->to = haul_path_copy (to->path);
      g_ptr_array_add (self->mapped, mapped);
    }
  return TRUE;
}

/* @to + what of @path is below @from. */
static char **
moved_path (const Mapped *mapped, HaulPath path)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; mapped->to[i] != NULL; i++)
    g_ptr_array_add (names, g_strdup (mapped->to[i]));
  for (gsize i = g_strv_length (mapped->from); path[i] != NULL; i++)
    g_ptr_array_add (names, g_strdup (path[i]));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

static gboolean
map_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
            GError **error)
{
  const Map *self = instance;
  const Mapped *best = NULL;

  (void) error;
  for (guint i = 0; i < self->mapped->len; i++)
    {
      const Mapped *mapped = self->mapped->pdata[i];
      if (haul_path_has_prefix (folder->path, (HaulPath) mapped->from)
          && (best == NULL || g_strv_length (mapped->from) > g_strv_length (best->from)))
        best = mapped;
    }
  if (best == NULL)
    return TRUE;
  g_auto (GStrv) path = moved_path (best, folder->path);
  haul_folder_edit_rename (edit, (HaulPath) path);
  return TRUE;
}

static const HaulFilter map_filter = {
  HAUL_FILTER_HEADER,
  .name = "map-special-use",
  .summary = "Puts Sent, Drafts, Junk and the like where the destination has them",
  .options = map_options,
  .settings_size = sizeof (MapSettings),
  .create = map_create,
  .destroy = map_destroy,
  .begin = map_begin,
  .folder = map_folder,
};

HAUL_DEFINE_FILTER (map_special_use, map_filter)
