/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <map-special-use/>: a folder with a role (Sent, Drafts, Junk, Trash, Archive, All,
 * Flagged) goes to the destination's folder of that role, with its children. Of several
 * that claim one role the first counts, and that is told. A side that announces no folder
 * for a role is searched by name. Learns only in begin; else unchanging: any thread.
 */
#include <mailhaul/error.h>
#include <mailhaul/filter.h>

#include "shared/folder-names.h"

typedef struct
{
  gboolean enabled;
  gboolean by_name;
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
  HAUL_OPT_BOOL (MapSettings, by_name, "by-name", "true", HAUL_OPT_NONE,
                 "false: only roles that a server announces count, never names such as "
                 "'Gesendet' or 'Deleted Items'"),
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

/* Side: the folders of one side. */
typedef struct
{
  const char *name;
  const HaulFolder *folders;
  gsize count;
} Side;

/* Claim: who claims a role on one side. */
typedef struct
{
  const HaulFolder *first, *second; /* NULL: no such */
  gboolean announced;               /* by the server; else by name */
} Claim;

/* Counts @folder for @claim, if it can hold mail. */
static void
add_claimant (Claim *claim, const HaulFolder *folder)
{
  if (folder->attributes & HAUL_FOLDER_NOSELECT)
    return;
  if (claim->first == NULL)
    claim->first = folder;
  else if (claim->second == NULL)
    claim->second = folder;
}

/* Who has @role in @side: by what the server announces; if it announces nobody and @names
 * is given, by name among those that have no role. */
static Claim
find_claim (const Side *side, HaulSpecialUse role, GHashTable *names)
{
  Claim claim = { NULL, NULL, TRUE };

  for (gsize i = 0; i < side->count; i++)
    if (side->folders[i].special_use & role)
      add_claimant (&claim, &side->folders[i]);
  if (claim.first != NULL || names == NULL)
    return claim;
  claim.announced = FALSE;
  for (gsize i = 0; i < side->count; i++)
    if (side->folders[i].special_use == 0
        && folder_names_use (names, side->folders[i].path) == role)
      add_claimant (&claim, &side->folders[i]);
  return claim;
}

/* The folder that counts for @role in @side. NULL: two have names for it, and which of
 * them is meant cannot be known. Two claimants are told. */
static const HaulFolder *
settle_claim (const HaulFilterFolders *all, const Side *side, const Claim *claim,
              HaulSpecialUse role)
{
  if (claim->second == NULL)
    return claim->first;
  g_autofree char *one = haul_path_to_text (claim->first->path);
  g_autofree char *two = haul_path_to_text (claim->second->path);
  g_autofree char *text = g_strdup_printf (
      claim->announced
          ? "the %s has two folders for %s, '%s' and '%s': the first is taken for it"
          : "the %s has two folders that are called like %s, '%s' and '%s', and "
            "announces none: folders for it keep their names; say with <rename-folder> "
            "where they go",
      side->name, haul_special_use_name (role), one, two);
  all->notice (text, all->user_data);
  return claim->announced ? claim->first : NULL;
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

/* Maps @role, if both sides have a folder for it. */
static void
map_role (Map *self, const HaulFilterFolders *all, HaulSpecialUse role, GHashTable *names)
{
  const Side source = { "source", all->sources, all->source_count };
  const Side destination = { "destination", all->destinations, all->destination_count };
  const Claim from_claim = find_claim (&source, role, names);
  const Claim to_claim = find_claim (&destination, role, names);

  if (from_claim.first == NULL || to_claim.first == NULL)
    return;
  const HaulFolder *from = settle_claim (all, &source, &from_claim, role);
  const HaulFolder *to = settle_claim (all, &destination, &to_claim, role);
  if (from == NULL || to == NULL || haul_path_equal (from->path, to->path)
      || haul_path_is_inbox (from->path) || haul_path_is_inbox (to->path))
    return;
  if (is_taken (all, to->path, from->path))
    {
      g_autofree char *one = haul_path_to_text (from->path);
      g_autofree char *two = haul_path_to_text (to->path);
      g_autofree char *text = g_strdup_printf (
          "folder '%s' keeps its name: '%s' is the destination's folder for %s, but "
          "the source has another folder of that name",
          one, two, haul_special_use_name (role));
      all->notice (text, all->user_data);
      return;
    }
  Mapped *mapped = g_new0 (Mapped, 1);
  mapped->from = haul_path_copy (from->path);
  mapped->to = haul_path_copy (to->path);
  g_ptr_array_add (self->mapped, mapped);
}

static gboolean
map_begin (gpointer instance, const HaulFilterFolders *all, GError **error)
{
  Map *self = instance;
  g_autoptr (GHashTable) names = self->settings->by_name ? folder_names_index () : NULL;

  (void) error;
  g_ptr_array_set_size (self->mapped, 0);
  for (gsize i = 0; self->settings->enabled && i < G_N_ELEMENTS (roles); i++)
    map_role (self, all, roles[i], names);
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
