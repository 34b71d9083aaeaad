/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies a plugin's struct, whatever version of the headers it was built with, and checks
 * it, so that nothing behind the registry meets a half-made plugin. Pure; any thread.
 */
#include "plugin-check.h"

#include <string.h>

#include "base/option-table.h"

/* The oldest version of the contract that is still understood. */
#define OLDEST_API_VERSION 1u

/* Settings hold a few dozen words; more is a struct_size that went wrong. */
#define SETTINGS_LIMIT_BYTES (1024 * 1024)

/* Both kinds begin alike, so that one reader does for both. */
#define HEAD_AGREES(type)                                                                \
  G_STATIC_ASSERT (G_STRUCT_OFFSET (type, api_version)                                   \
                   == G_STRUCT_OFFSET (PluginHead, api_version));                        \
  G_STATIC_ASSERT (G_STRUCT_OFFSET (type, name) == G_STRUCT_OFFSET (PluginHead, name));  \
  G_STATIC_ASSERT (G_STRUCT_OFFSET (type, settings_size)                                 \
                   == G_STRUCT_OFFSET (PluginHead, settings_size))

HEAD_AGREES (HaulBackend);
HEAD_AGREES (HaulFilter);

const char *
plugin_kind_name (PluginKind kind)
{
  switch (kind)
    {
    case PLUGIN_BACKEND:
      return "backend";
    case PLUGIN_FILTER:
      return "filter";
    }
  g_assert_not_reached ();
}

gboolean
plugin_name_is_sane (const char *name)
{
  return g_ascii_islower (name[0])
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen (name);
}

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "%s", text);
}

static gboolean
check_head (const PluginHead *head, const char *name, GError **error)
{
  if (head->name == NULL)
    return refuse (error, "the plugin has no name");
  if (name != NULL && strcmp (head->name, name) != 0)
    return refuse (error, "the plugin calls itself '%s', its file '%s'", head->name,
                   name);
  if (!plugin_name_is_sane (head->name))
    return refuse (error,
                   "the plugin's name '%s' is not of lower-case letters, digits and '-'",
                   head->name);
  if (head->summary == NULL || *head->summary == '\0')
    return refuse (error, "the plugin has no summary");
  if (head->settings_size > SETTINGS_LIMIT_BYTES)
    return refuse (error, "the plugin's settings are %" G_GSIZE_FORMAT " bytes long",
                   head->settings_size);
  return option_table_check (head->options, head->settings_size, error);
}

const char *
plugin_backend_lacks (const HaulBackend *backend, HaulRole role)
{
  if (backend->list == NULL)
    return "list";
  if (backend->enter == NULL)
    return "enter";
  if (backend->scan == NULL)
    return "scan";
  if (backend->fetch == NULL)
    return "fetch";
  if (role == HAUL_ROLE_SOURCE)
    return NULL;
  if (backend->create == NULL)
    return "create";
  return backend->store == NULL ? "store" : NULL;
}

static gboolean
check_backend (const HaulBackend *backend, GError **error)
{
  const char *lacking = plugin_backend_lacks (backend, HAUL_ROLE_SOURCE);

  if (backend->open == NULL || backend->close == NULL)
    return refuse (error, "the plugin lacks the callback '%s'",
                   backend->open == NULL ? "open" : "close");
  if (lacking != NULL)
    return refuse (error, "the plugin lacks the callback '%s', which every backend needs",
                   lacking);
  if (backend->store != NULL || backend->create != NULL)
    lacking = plugin_backend_lacks (backend, HAUL_ROLE_DESTINATION);
  if (lacking != NULL)
    return refuse (error, "the plugin lacks the callback '%s', which a destination needs",
                   lacking);
  return TRUE;
}

static gboolean
check_transform (const HaulFilter *filter, GError **error)
{
  const guint32 changes = HAUL_FILTER_CHANGES_BODY | HAUL_FILTER_CHANGES_SIZE;
  const char *lacking = NULL;

  if (filter->transform_begin == NULL)
    return TRUE;
  if (filter->transform_push == NULL)
    lacking = "transform_push";
  else if (filter->transform_finish == NULL)
    lacking = "transform_finish";
  else if (filter->transform_free == NULL)
    lacking = "transform_free";
  if (lacking != NULL)
    return refuse (error, "the plugin lacks the callback '%s', which a transform needs",
                   lacking);
  if ((filter->effects & changes) == 0)
    return refuse (error, "the plugin transforms messages, but declares neither "
                          "HAUL_FILTER_CHANGES_BODY nor HAUL_FILTER_CHANGES_SIZE");
  return TRUE;
}

static gboolean
check_filter (const HaulFilter *filter, GError **error)
{
  if (filter->folder == NULL && filter->message == NULL
      && filter->transform_begin == NULL)
    return refuse (error, "the plugin has none of the callbacks 'folder', 'message' and "
                          "'transform_begin'");
  if (filter->create != NULL && filter->destroy == NULL)
    return refuse (error, "the plugin lacks the callback 'destroy' beside 'create'");
  return check_transform (filter, error);
}

gpointer
plugin_copy (PluginKind kind, gconstpointer plugin, const char *name, GError **error)
{
  const gsize own_size = kind == PLUGIN_BACKEND ? sizeof (HaulBackend)
                                                : sizeof (HaulFilter);
  const PluginHead *found = plugin;

  if (found == NULL)
    {
      refuse (error, "the plugin gave no struct");
      return NULL;
    }
  /* Only these two members may be read before they are known to be sane. */
  if (found->api_version < OLDEST_API_VERSION || found->api_version > HAUL_API_VERSION)
    {
      refuse (error,
              "the plugin was made for version %u of the plugin interface, supported is "
              "%u",
              found->api_version, HAUL_API_VERSION);
      return NULL;
    }
  if (found->struct_size < sizeof (PluginHead))
    {
      refuse (error, "the plugin's struct is %u bytes long, at least %u are needed",
              found->struct_size, (guint) sizeof (PluginHead));
      return NULL;
    }

  g_autofree gpointer copy = g_malloc0 (own_size);
  memcpy (copy, plugin, MIN (found->struct_size, own_size));
  gboolean good = check_head (copy, name, error)
                  && (kind == PLUGIN_BACKEND ? check_backend (copy, error)
                                             : check_filter (copy, error));
  return good ? g_steal_pointer (&copy) : NULL;
}
