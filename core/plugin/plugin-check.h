/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the registry demands of a plugin's struct before anything else may use it.
 */
#pragma once

#include <mailhaul/backend.h>
#include <mailhaul/filter.h>

/* PluginKind: what a module can be. */
typedef enum
{
  PLUGIN_BACKEND = 0,
  PLUGIN_FILTER = 1,
} PluginKind;

/* PLUGIN_KINDS: the number of kinds. */
#define PLUGIN_KINDS 2

/* PluginHead: the members with which every plugin's struct begins. */
typedef struct
{
  guint32 struct_size;
  guint32 api_version;
  const char *name;
  const char *summary;
  const HaulOptionSpec *options;
  gsize settings_size;
} PluginHead;

/* plugin_kind_name: "backend" or "filter" (static). */
const char *plugin_kind_name (PluginKind kind);

/* plugin_name_is_sane: @name can be a plugin's: lower-case letters, digits and '-', a
 * letter first. */
gboolean plugin_name_is_sane (const char *name);

/*
 * plugin_copy: the core's own copy of @plugin (which may be of an older or newer struct:
 * what it lacks is zeroed), checked: version, size, name (equal to @name unless that is
 * NULL), summary, option table, callbacks.
 *
 * Returns: (transfer full), free with g_free(); its strings and tables stay the plugin's.
 * NULL with HAUL_ERROR_CONFIG (job scope), the message without the file.
 */
gpointer plugin_copy (PluginKind kind, gconstpointer plugin, const char *name,
                      GError **error);

/* plugin_backend_lacks: the first callback of @role that @backend lacks, or NULL. */
const char *plugin_backend_lacks (const HaulBackend *backend, HaulRole role);
