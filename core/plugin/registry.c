/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registry: finds modules by their files' names when it is made, loads one when it is
 * asked for, and hands out the core's own copy of its struct. The only user of GModule.
 * What makes a plugin acceptable is plugin-check.c's. One thread, until all is loaded.
 */
#include "registry.h"

#include <string.h>

#include <gmodule.h>

#include <mailhaul/error.h>

#include "base/problems.h"
#include "plugin/module-file.h"
#include "plugin/plugin-check.h"

/* Entry: a plugin that was found or linked in. */
typedef struct
{
  char *file;      /* NULL: linked in */
  gpointer plugin; /* the checked copy; NULL: not loaded yet */
} Entry;

struct _Registry
{
  GPtrArray *folders;                /* of char *, in the order of search */
  GHashTable *entries[PLUGIN_KINDS]; /* name → Entry */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->file);
  g_free (entry->plugin);
  g_free (entry);
}

/* ---- finding ---- */

/* The NAME of mailhaul-KIND-NAME.so, or NULL. (transfer full) */
static char *
name_of_file (PluginKind kind, const char *file)
{
  g_autofree char *prefix = g_strdup_printf ("mailhaul-%s-", plugin_kind_name (kind));
  static const char suffix[] = "." G_MODULE_SUFFIX;

  if (!g_str_has_prefix (file, prefix) || !g_str_has_suffix (file, suffix))
    return NULL;
  const char *start = file + strlen (prefix);
  gssize length = (gssize) strlen (start) - (gssize) strlen (suffix);
  if (length <= 0)
    return NULL;
  g_autofree char *name = g_strndup (start, (gsize) length);
  return plugin_name_is_sane (name) ? g_steal_pointer (&name) : NULL;
}

/* A folder that is not there is no mistake: the search path names what may be. */
static void
search_folder (Registry *self, PluginKind kind, const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *file = NULL;

  while (directory != NULL && (file = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *name = name_of_file (kind, file);
      if (name == NULL || g_hash_table_contains (self->entries[kind], name))
        continue;
      Entry *entry = g_new0 (Entry, 1);
      entry->file = g_build_filename (folder, file, NULL);
      g_hash_table_insert (self->entries[kind], g_steal_pointer (&name), entry);
    }
}

static void
add_folder (Registry *self, const char *folder)
{
  /* Absolute, since the dynamic linker searches for a name without a slash elsewhere. */
  char *absolute = g_canonicalize_filename (folder, NULL);

  g_ptr_array_add (self->folders, absolute);
  for (guint kind = 0; kind < PLUGIN_KINDS; kind++)
    {
      g_autofree char *subfolder = g_strdup_printf ("%s/%ss", absolute,
                                                    plugin_kind_name ((PluginKind) kind));
      search_folder (self, (PluginKind) kind, absolute);
      search_folder (self, (PluginKind) kind, subfolder);
    }
}

Registry *
registry_new (const char *const *paths)
{
  Registry *self = g_new0 (Registry, 1);
  const char *environment = g_getenv ("MAILHAUL_PLUGIN_PATH");
  g_auto (GStrv) folders = g_strsplit (environment != NULL ? environment : "",
                                       G_SEARCHPATH_SEPARATOR_S, -1);

  self->folders = g_ptr_array_new_with_free_func (g_free);
  for (guint kind = 0; kind < PLUGIN_KINDS; kind++)
    self->entries[kind] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                 entry_free);
  for (gsize i = 0; folders[i] != NULL; i++)
    if (*folders[i] != '\0')
      add_folder (self, folders[i]);
  for (gsize i = 0; paths != NULL && paths[i] != NULL; i++)
    add_folder (self, paths[i]);
  add_folder (self, MAILHAUL_PLUGIN_DIR);
  return self;
}

void
registry_free (Registry *self)
{
  if (self == NULL)
    return;
  for (guint kind = 0; kind < PLUGIN_KINDS; kind++)
    g_hash_table_unref (self->entries[kind]);
  g_ptr_array_unref (self->folders);
  g_free (self);
}

/* ---- loading ---- */

typedef gconstpointer (*PluginGetFunc) (void);

/* The plugin's struct inside the module @file, which stays loaded for ever. */
static gconstpointer
open_module (PluginKind kind, const char *name, const char *file, GError **error)
{
  g_autofree char *symbol = g_strdup_printf ("haul_%s_%s_get", plugin_kind_name (kind),
                                             name);
  gpointer address = NULL;

  g_strdelimit (symbol, "-", '_');
  if (!module_file_check (file, error))
    return NULL;
  /* Bound at once: a function that this mailhaul does not have must show now. */
  GModule *module = g_module_open (file, G_MODULE_BIND_LOCAL);
  if (module == NULL)
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "load plugin '%s': %s",
                      file, g_module_error ());
      return NULL;
    }
  g_module_make_resident (module);
  if (!g_module_symbol (module, symbol, &address) || address == NULL)
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "load plugin '%s': there is no symbol '%s' in it", file, symbol);
      return NULL;
    }

  PluginGetFunc get = NULL;
  memcpy (&get, &address, sizeof get); /* ISO C has no cast from data to function */
  gconstpointer plugin = get ();
  if (plugin == NULL)
    haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                    "load plugin '%s': the symbol '%s' gave no plugin", file, symbol);
  return plugin;
}

static gboolean
load (PluginKind kind, const char *name, Entry *entry, GError **error)
{
  gconstpointer plugin = open_module (kind, name, entry->file, error);

  if (plugin == NULL)
    return FALSE;
  entry->plugin = plugin_copy (kind, plugin, name, error);
  if (entry->plugin != NULL)
    return TRUE;
  g_prefix_error (error, "load plugin '%s': ", entry->file);
  return FALSE;
}

static gboolean
refuse_unknown (Registry *self, PluginKind kind, const char *name, GError **error)
{
  g_auto (GStrv) names = registry_names (self, plugin_kind_name (kind));
  const char *nearest = problems_nearest (name, (const char *const *) names);

  if (nearest != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "unknown %s \"%s\", did you mean \"%s\"?",
                           plugin_kind_name (kind), name, nearest);
  g_ptr_array_add (self->folders, NULL);
  g_autofree char *folders = g_strjoinv (", ", (char **) self->folders->pdata);
  g_ptr_array_remove_index (self->folders, self->folders->len - 1);
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                         "unknown %s \"%s\": no mailhaul-%s-%s." G_MODULE_SUFFIX " in %s",
                         plugin_kind_name (kind), name, plugin_kind_name (kind), name,
                         folders);
}

static gconstpointer
find (Registry *self, PluginKind kind, const char *name, GError **error)
{
  Entry *entry = g_hash_table_lookup (self->entries[kind], name);

  if (entry == NULL)
    {
      refuse_unknown (self, kind, name, error);
      return NULL;
    }
  if (entry->plugin == NULL && !load (kind, name, entry, error))
    return NULL;
  return entry->plugin;
}

const HaulBackend *
registry_backend (Registry *self, const char *name, GError **error)
{
  return find (self, PLUGIN_BACKEND, name, error);
}

const HaulFilter *
registry_filter (Registry *self, const char *name, GError **error)
{
  return find (self, PLUGIN_FILTER, name, error);
}

/* ---- linked-in plugins, and listing ---- */

static gboolean
add (Registry *self, PluginKind kind, gconstpointer plugin, GError **error)
{
  g_autofree PluginHead *copy = plugin_copy (kind, plugin, NULL, error);

  if (copy == NULL)
    return FALSE;
  const char *name = copy->name;
  const Entry *earlier = g_hash_table_lookup (self->entries[kind], name);
  if (earlier != NULL && earlier->plugin != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "there is a %s '%s' already", plugin_kind_name (kind), name);

  Entry *entry = g_new0 (Entry, 1);
  entry->plugin = g_steal_pointer (&copy);
  g_hash_table_replace (self->entries[kind], g_strdup (name), entry);
  return TRUE;
}

gboolean
registry_add_backend (Registry *self, const HaulBackend *backend, GError **error)
{
  return add (self, PLUGIN_BACKEND, backend, error);
}

gboolean
registry_add_filter (Registry *self, const HaulFilter *filter, GError **error)
{
  return add (self, PLUGIN_FILTER, filter, error);
}

static GHashTable *
entries_of (Registry *self, const char *kind)
{
  for (guint i = 0; i < PLUGIN_KINDS; i++)
    if (strcmp (kind, plugin_kind_name ((PluginKind) i)) == 0)
      return self->entries[i];
  g_assert_not_reached (); /* kinds come from our own code */
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
registry_names (Registry *self, const char *kind)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name = NULL;

  g_hash_table_iter_init (&iter, entries_of (self, kind));
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

const char *
registry_file (Registry *self, const char *kind, const char *name)
{
  const Entry *entry = g_hash_table_lookup (entries_of (self, kind), name);

  return entry != NULL ? entry->file : NULL;
}
