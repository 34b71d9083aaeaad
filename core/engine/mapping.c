/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mapping of folders: filters, then a look for two sources with one destination, then the
 * destination's own listing. Pure: no I/O, any thread.
 */
#include "engine/mapping.h"

#include <mailhaul/error.h>

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
  g_free (self->dropped);
  g_free (self);
}

/* The name by which the destination tells folders apart. (transfer full) */
static char *
collision_key (const char *text, gboolean case_insensitive)
{
  return case_insensitive ? g_utf8_casefold (text, -1) : g_strdup (text);
}

static GHashTable *
index_listing (GPtrArray *folders, gboolean case_insensitive)
{
  GHashTable *index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < folders->len; i++)
    {
      FolderInfo *info = folders->pdata[i];
      g_hash_table_insert (index, collision_key (info->text, case_insensitive), info);
    }
  return index;
}

static FolderPair *
make_pair (const FolderInfo *source, const MappingRules *rules, GError **error)
{
  FolderPair *pair = g_new0 (FolderPair, 1);
  pair->source = source;
  if (rules->chain == NULL)
    pair->destination_path = haul_path_copy ((HaulPath) source->path);
  else
    {
      HaulFolder view = folder_info_view (source);
      if (!filter_chain_folder (rules->chain, &view, &pair->destination_path,
                                &pair->dropped, error))
        {
          folder_pair_free (pair);
          g_prefix_error (error, "map folder '%s': ", source->text);
          return NULL;
        }
    }
  if (pair->destination_path != NULL)
    pair->destination_text = haul_path_to_text ((HaulPath) pair->destination_path);
  return pair;
}

static gboolean
holds_messages (const FolderPair *pair)
{
  return (pair->source->attributes & HAUL_FOLDER_NOSELECT) == 0;
}

GPtrArray *
mapping_make (GPtrArray *sources, GPtrArray *destinations, const MappingRules *rules,
              GError **error)
{
  g_autoptr (GPtrArray)
      pairs = g_ptr_array_new_with_free_func ((GDestroyNotify) folder_pair_free);
  g_autoptr (GHashTable) listed = index_listing (destinations, rules->case_insensitive);
  g_autoptr (GHashTable)
      taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < sources->len; i++)
    {
      FolderPair *pair = make_pair (sources->pdata[i], rules, error);
      if (pair == NULL)
        return NULL;
      g_ptr_array_add (pairs, pair);
      if (pair->dropped != NULL)
        continue;
      char *key = collision_key (pair->destination_text, rules->case_insensitive);
      pair->destination = g_hash_table_lookup (listed, key);
      /* A mere container is not there yet as a folder that can take mail. */
      if (pair->destination != NULL && holds_messages (pair)
          && (pair->destination->attributes & HAUL_FOLDER_NOSELECT))
        pair->destination = NULL;
      FolderPair *other = g_hash_table_lookup (taken, key);
      if (other != NULL && holds_messages (other) && holds_messages (pair))
        {
          g_free (key);
          (void) haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                                 "map folders: '%s' and '%s' would both become '%s'; "
                                 "rename one of them with <rename-folder>",
                                 other->source->text, pair->source->text,
                                 pair->destination_text);
          return NULL;
        }
      if (other == NULL || holds_messages (pair))
        g_hash_table_replace (taken, key, pair);
      else
        g_free (key);
    }
  return g_steal_pointer (&pairs);
}
