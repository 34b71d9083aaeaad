/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mapping of folders: filters, then two sources with one destination, then names that the
 * destination cannot hold or tell apart. No I/O of its own: on the thread on which the
 * rules' spell may be called.
 */
#include "engine/mapping.h"

#include <string.h>

#include <mailhaul/error.h>

#include "engine/naming.h"

static GBytes *
copy_bytes (HaulBytes bytes)
{
  return bytes.length > 0 ? g_bytes_new (bytes.data, bytes.length) : NULL;
}

static HaulBytes
view_bytes (GBytes *bytes)
{
  HaulBytes view = HAUL_NO_BYTES;
  if (bytes != NULL)
    view.data = g_bytes_get_data (bytes, &view.length);
  return view;
}

FolderInfo *
folder_info_new (const HaulFolder *folder)
{
  FolderInfo *self = g_new0 (FolderInfo, 1);
  self->path = haul_path_copy (folder->path);
  self->text = haul_path_to_text (folder->path);
  self->attributes = folder->attributes;
  self->special_use = folder->special_use;
  self->status = folder->status;
  if (folder->status.known & HAUL_STATUS_TOKEN)
    self->token = copy_bytes (folder->status.token);
  if (folder->status.known & HAUL_STATUS_MARK)
    self->mark = copy_bytes (folder->status.mark);
  self->status.token = view_bytes (self->token);
  self->status.mark = view_bytes (self->mark);
  return self;
}

void
folder_info_free (FolderInfo *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->path);
  g_free (self->text);
  g_clear_pointer (&self->token, g_bytes_unref);
  g_clear_pointer (&self->mark, g_bytes_unref);
  g_free (self);
}

HaulFolder
folder_info_view (const FolderInfo *self)
{
  HaulFolder view = HAUL_FOLDER_INIT;
  view.path = (HaulPath) self->path;
  view.attributes = self->attributes;
  view.special_use = self->special_use;
  view.status = self->status;
  return view;
}

void
folder_pair_free (FolderPair *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->destination_path);
  g_free (self->destination_text);
  g_free (self->spelled);
  g_free (self->remark);
  g_free (self->dropped);
  g_clear_error (&self->refused);
  key_set_free (self->planned_matches);
  g_free (self);
}

gboolean
folder_pair_holds_messages (const FolderPair *self)
{
  return (self->source->attributes & HAUL_FOLDER_NOSELECT) == 0;
}

void
folder_pair_move (FolderPair *self, char **path, const char *remark)
{
  g_strfreev (self->destination_path);
  g_free (self->destination_text);
  self->destination_path = path;
  self->destination_text = haul_path_to_text ((HaulPath) path);
  if (remark == NULL)
    return;
  char *copy = g_strdup (remark);
  g_free (self->remark);
  self->remark = copy;
}

void
folder_pair_refuse (FolderPair *self, GError *reason)
{
  g_free (self->dropped);
  self->dropped = g_strdup_printf ("refused: %s", reason->message);
  g_clear_error (&self->refused);
  self->refused = reason;
}

/* Mapping: one call of mapping_make(). */
typedef struct
{
  const MappingRules *rules;
  GPtrArray *pairs;
  GHashTable *exact; /* text → FolderInfo of the destination */
  GHashTable *alike; /* key → FolderInfo of the destination */
  GHashTable *taken; /* key → FolderPair that goes there */
  GHashTable *moved; /* text that the rules gave → path in its stead (full) */
} Mapping;

static void
index_listing (Mapping *self, GPtrArray *folders)
{
  for (guint i = 0; i < folders->len; i++)
    {
      FolderInfo *info = folders->pdata[i];
      g_hash_table_insert (self->exact, info->text, info);
      char *key = naming_key ((HaulPath) info->path, self->rules->case_insensitive);
      if (g_hash_table_contains (self->alike, key))
        g_free (key);
      else
        g_hash_table_insert (self->alike, key, info);
    }
}

/* What the filters make of @source. FALSE: an error that is not the folder's alone. */
static gboolean
add_pair (Mapping *self, const FolderInfo *source, GError **error)
{
  FolderPair *pair = g_new0 (FolderPair, 1);
  g_autoptr (GError) local = NULL;
  FolderEdits edits = { 0 };
  HaulFolder view = folder_info_view (source);
  pair->source = source;
  g_ptr_array_add (self->pairs, pair);
  if (self->rules->chain == NULL)
    edits.path = haul_path_copy ((HaulPath) source->path);
  else if (!filter_chain_folder (self->rules->chain, &view, &edits, &local))
    {
      g_prefix_error (&local, "map folder '%s': ", source->text);
      if (haul_error_scope (local) <= HAUL_SCOPE_FOLDER)
        folder_pair_refuse (pair, g_steal_pointer (&local));
      else
        g_propagate_error (error, g_steal_pointer (&local));
      return pair->refused != NULL;
    }
  pair->dropped = edits.drop_reason;
  pair->collision = edits.collision;
  if (edits.path != NULL)
    folder_pair_move (pair, edits.path, NULL);
  return TRUE;
}

/* A mark that an earlier copy had to set is taken off, unless the name is another's. */
static void
take_marks_off (Mapping *self)
{
  g_autoptr (GHashTable)
      names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < self->pairs->len; i++)
    g_hash_table_add (
        names, g_strdup (((FolderPair *) self->pairs->pdata[i])->destination_text != NULL
                             ? ((FolderPair *) self->pairs->pdata[i])->destination_text
                             : ""));
  for (guint i = 0; i < self->pairs->len; i++)
    {
      FolderPair *pair = self->pairs->pdata[i];
      g_auto (GStrv) plain = pair->dropped != NULL
                                 ? NULL
                                 : naming_untwin ((HaulPath) pair->destination_path);
      g_autofree char *text = plain != NULL ? haul_path_to_text ((HaulPath) plain) : NULL;
      if (text != NULL && g_hash_table_add (names, g_strdup (text)))
        folder_pair_move (pair, g_steal_pointer (&plain), NULL);
    }
}

static GError *
collision (const FolderPair *one, const FolderPair *two)
{
  GError *error = NULL;
  (void) haul_error_set (&error, HAUL_ERROR_CONFIG, HAUL_SCOPE_FOLDER,
                         "map folders: '%s' and '%s' would both become '%s'; rename one "
                         "of them with <rename-folder>",
                         one->source->text, two->source->text, two->destination_text);
  return error;
}

static void
claim (Mapping *self, FolderPair *pair)
{
  char *key = naming_key ((HaulPath) pair->destination_path,
                          self->rules->case_insensitive);
  FolderPair *other = g_hash_table_lookup (self->taken, key);
  if (other == NULL)
    g_hash_table_insert (self->taken, key, pair);
  else
    g_free (key);
}

/* Two that the rules gave one place: neither goes, unless a rule says what to do. */
static void
refuse_collisions (Mapping *self)
{
  g_autoptr (GHashTable) first = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < self->pairs->len; i++)
    {
      FolderPair *pair = self->pairs->pdata[i];
      if (pair->dropped != NULL || !folder_pair_holds_messages (pair))
        continue;
      FolderPair *other = g_hash_table_lookup (first, pair->destination_text);
      if (other == NULL)
        {
          g_hash_table_insert (first, pair->destination_text, pair);
          continue;
        }
      gboolean renames = pair->collision == HAUL_COLLISION_RENAME
                         || other->collision == HAUL_COLLISION_RENAME;
      if (renames)
        {
          claim (self, pair->collision == HAUL_COLLISION_RENAME ? other : pair);
          continue;
        }
      if (other->refused == NULL)
        folder_pair_refuse (other, collision (other, pair));
      folder_pair_refuse (pair, collision (other, pair));
    }
}

/* Those that are there under their very name keep it, whatever comes before them. */
static void
claim_listed (Mapping *self)
{
  for (guint strict = 0; strict < 2; strict++)
    for (guint i = 0; i < self->pairs->len; i++)
      {
        FolderPair *pair = self->pairs->pdata[i];
        if (pair->dropped == NULL && pair->collision != HAUL_COLLISION_RENAME
            && folder_pair_holds_messages (pair) == (strict == 0)
            && (haul_path_is_inbox ((HaulPath) pair->destination_path)
                || g_hash_table_contains (self->exact, pair->destination_text)))
          claim (self, pair);
      }
}

/* Whether somebody else goes where @path is. */
static FolderPair *
rival (Mapping *self, const FolderPair *pair, HaulPath path)
{
  g_autofree char *key = naming_key (path, self->rules->case_insensitive);
  FolderPair *other = g_hash_table_lookup (self->taken, key);
  return other != pair ? other : NULL;
}

/* What is above @pair may have got another name: then it stands below that. *@out_kept:
 * so many names are settled. */
static void
follow_parent (Mapping *self, FolderPair *pair, guint *out_kept)
{
  *out_kept = 0;
  for (guint depth = g_strv_length (pair->destination_path); --depth > 0;)
    {
      g_auto (GStrv) above = haul_path_copy ((HaulPath) pair->destination_path);
      for (guint i = depth; pair->destination_path[i] != NULL; i++)
        g_clear_pointer (&above[i], g_free);
      g_autofree char *text = haul_path_to_text ((HaulPath) above);
      char **front = g_hash_table_lookup (self->moved, text);
      if (front == NULL)
        continue;
      *out_kept = g_strv_length (front);
      folder_pair_move (pair,
                        naming_replace_front ((HaulPath) pair->destination_path, depth,
                                              (HaulPath) front),
                        "it is below a folder that is called otherwise");
      return;
    }
}

/* A name that the destination takes for another's. */
static void
part_from_rival (Mapping *self, FolderPair *pair)
{
  HaulPath path = (HaulPath) pair->destination_path;
  FolderPair *other = rival (self, pair, path);
  if (other == NULL
      || (g_strcmp0 (other->destination_text, pair->destination_text) == 0
          && pair->collision != HAUL_COLLISION_RENAME
          && other->collision != HAUL_COLLISION_RENAME))
    return;
  g_auto (GStrv) twin = naming_twin (path);
  if (rival (self, pair, (HaulPath) twin) != NULL)
    {
      folder_pair_refuse (pair, collision (other, pair));
      return;
    }
  g_autofree char *remark = g_strdup_printf ("the destination takes '%s' for '%s'",
                                             pair->destination_text,
                                             other->destination_text);
  folder_pair_move (pair, g_steal_pointer (&twin), remark);
}

gboolean
folder_pair_spell (FolderPair *self, const MappingRules *rules, GError **error)
{
  g_auto (GStrv) path = NULL;
  g_clear_pointer (&self->spelled, g_free);
  if (rules->spell == NULL)
    return TRUE;
  if (!rules->spell (rules->spell_data, (HaulPath) self->destination_path, &path, error))
    return FALSE;
  if (!haul_path_equal ((HaulPath) path, (HaulPath) self->destination_path))
    self->spelled = g_strjoinv ("/", path);
  /* As the job would have it written, too: nothing to tell. */
  if (g_strcmp0 (self->spelled, self->destination_text) == 0)
    g_clear_pointer (&self->spelled, g_free);
  return TRUE;
}

/* A shorter form of @pair's path: the first that is there already, or with @any that can
 * be. FALSE: an error that ends the session. */
static gboolean
shorten (Mapping *self, FolderPair *pair, guint kept, const GError *reason,
         gboolean *out_found, GError **error)
{
  const char *remark = reason != NULL ? reason->message
                                      : "the destination refused the whole name";
  g_autofree char *own = g_strdup (pair->destination_text);
  g_auto (GStrv) path = haul_path_copy ((HaulPath) pair->destination_path);
  for (guint step = 0;; step++)
    {
      char **shorter = naming_shorter ((HaulPath) path, kept, step);
      g_autofree char *text = shorter != NULL ? haul_path_to_text ((HaulPath) shorter)
                                              : NULL;
      *out_found = FALSE;
      if (shorter == NULL)
        return TRUE;
      gboolean usable = strcmp (text, own) != 0
                        && rival (self, pair, (HaulPath) shorter) == NULL
                        && (reason != NULL || g_hash_table_contains (self->exact, text));
      g_autoptr (GError) local = NULL;
      if (!usable)
        {
          g_strfreev (shorter);
          continue;
        }
      folder_pair_move (pair, shorter, remark);
      *out_found = TRUE;
      if (folder_pair_spell (pair, self->rules, &local))
        return TRUE;
      if (haul_error_scope (local) > HAUL_SCOPE_FOLDER)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
}

/* A name that was refused by an earlier run, and was taken with a mark then. */
static gboolean
find_marked (Mapping *self, FolderPair *pair)
{
  g_auto (GStrv) twin = naming_twin ((HaulPath) pair->destination_path);
  g_autofree char *text = haul_path_to_text ((HaulPath) twin);
  if (haul_path_is_inbox ((HaulPath) pair->destination_path)
      || !g_hash_table_contains (self->exact, text)
      || rival (self, pair, (HaulPath) twin) != NULL)
    return FALSE;
  folder_pair_move (pair, g_steal_pointer (&twin),
                    "the destination refused the name without the mark");
  return TRUE;
}

/* Finds a name that the destination can hold. FALSE: an error that ends the session. */
static gboolean
fit (Mapping *self, FolderPair *pair, guint kept, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean found = FALSE;
  if (!folder_pair_spell (pair, self->rules, &reason)
      && haul_error_scope (reason) > HAUL_SCOPE_FOLDER)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  if (g_hash_table_contains (self->exact, pair->destination_text))
    return TRUE;
  if (find_marked (self, pair))
    return TRUE;
  if (!shorten (self, pair, kept, reason, &found, error))
    return FALSE;
  /* Levels that are settled may have to be given up, too. */
  if (!found && reason != NULL && kept > 0
      && !shorten (self, pair, 0, reason, &found, error))
    return FALSE;
  if (!found && reason != NULL)
    folder_pair_refuse (pair, g_steal_pointer (&reason));
  return TRUE;
}

/* Where @pair goes, and what is there already. */
static gboolean
place (Mapping *self, FolderPair *pair, GError **error)
{
  g_autofree char *wanted = g_strdup (pair->destination_text);
  guint kept = 0;
  follow_parent (self, pair, &kept);
  part_from_rival (self, pair);
  if (pair->dropped == NULL && !fit (self, pair, kept, error))
    return FALSE;
  if (pair->dropped != NULL)
    return TRUE;
  claim (self, pair);
  if (strcmp (wanted, pair->destination_text) != 0)
    g_hash_table_insert (self->moved, g_steal_pointer (&wanted),
                         haul_path_copy ((HaulPath) pair->destination_path));
  pair->destination = g_hash_table_lookup (self->exact, pair->destination_text);
  g_autofree char *key = naming_key ((HaulPath) pair->destination_path,
                                     self->rules->case_insensitive);
  if (pair->destination == NULL)
    pair->destination = g_hash_table_lookup (self->alike, key);
  /* A mere container is not there yet as a folder that can take mail. */
  if (pair->destination != NULL && folder_pair_holds_messages (pair)
      && (pair->destination->attributes & HAUL_FOLDER_NOSELECT))
    pair->destination = NULL;
  return TRUE;
}

static gboolean
make (Mapping *self, GPtrArray *sources, GError **error)
{
  for (guint i = 0; i < sources->len; i++)
    if (!add_pair (self, sources->pdata[i], error))
      return FALSE;
  take_marks_off (self);
  refuse_collisions (self);
  claim_listed (self);
  for (guint i = 0; i < self->pairs->len; i++)
    {
      FolderPair *pair = self->pairs->pdata[i];
      if (pair->dropped == NULL && !place (self, pair, error))
        return FALSE;
    }
  return TRUE;
}

GPtrArray *
mapping_make (GPtrArray *sources, GPtrArray *destinations, const MappingRules *rules,
              GError **error)
{
  Mapping self = {
    .rules = rules,
    .pairs = g_ptr_array_new_with_free_func ((GDestroyNotify) folder_pair_free),
    .exact = g_hash_table_new (g_str_hash, g_str_equal),
    .alike = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .moved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                    (GDestroyNotify) g_strfreev),
  };
  index_listing (&self, destinations);
  gboolean ok = make (&self, sources, error);
  g_hash_table_unref (self.exact);
  g_hash_table_unref (self.alike);
  g_hash_table_unref (self.taken);
  g_hash_table_unref (self.moved);
  if (!ok)
    g_clear_pointer (&self.pairs, g_ptr_array_unref);
  return self.pairs;
}
