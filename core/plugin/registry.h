/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds, loads and checks plugins. The registry keeps its own copy of each plugin's
 * struct and never unloads a module.
 */
#pragma once

#include <mailhaul/backend.h>
#include <mailhaul/filter.h>

/* Registry: thread-safe only for reading after the plugins in question were loaded. */
typedef struct _Registry Registry;

/*
 * registry_new: searches, in this order: each folder of MAILHAUL_PLUGIN_PATH (':'), each
 * of NULL-terminated @paths (may be NULL), the installed folder. A folder may hold
 * modules itself or have the subfolders backends and filters.
 */
Registry *registry_new (const char *const *paths);
/* registry_free: accepts NULL. Modules stay resident. */
void registry_free (Registry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Registry, registry_free)

/*
 * registry_backend: the checked backend @name, loading it at first use. (transfer none),
 * stands until registry_free(). NULL with HAUL_ERROR_CONFIG (job scope) that names file,
 * symbol, found and supported version, or the nearest known name.
 */
const HaulBackend *registry_backend (Registry *self, const char *name, GError **error);
/* registry_filter: the same for a filter. */
const HaulFilter *registry_filter (Registry *self, const char *name, GError **error);
/* registry_add_backend: one that is linked in (tests); checked like a loaded one. */
gboolean registry_add_backend (Registry *self, const HaulBackend *backend,
                               GError **error);
/* registry_add_filter: the same for a filter. */
gboolean registry_add_filter (Registry *self, const HaulFilter *filter, GError **error);
/* registry_names: all names found, sorted, of kind "backend" or "filter"; modules that
 * cannot be loaded are included. (transfer full), free with g_strfreev(). */
char **registry_names (Registry *self, const char *kind);
/* registry_file: the module's file, or NULL for one linked in. (transfer none) */
const char *registry_file (Registry *self, const char *kind, const char *name);
