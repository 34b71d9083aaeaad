/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FilterChain: calls the filters' folder and message hooks in document order and collects
 * their edits. Transforms are in engine/transform.c. Leaves to the planner what a verdict
 * means. Any thread once made: filters see their instance as const.
 */
#include "engine/filter-chain-private.h"

#include <string.h>

struct _HaulFolderEdit
{
  FolderEdits edits;
};

struct _HaulMessageEdit
{
  MessageVerdict *verdict;
};

static void
filter_link_free (gpointer data)
{
  FilterLink *link = data;
  if (link->instance != NULL && link->filter->create != NULL
      && link->filter->destroy != NULL)
    link->filter->destroy (link->instance);
  option_table_free (link->filter->options, link->settings);
  g_free (link);
}

void
filter_chain_free (FilterChain *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->links);
  g_free (self);
}

/* FNV-1a over text, so that a changed job shows as another number. */
static guint64
hash_text (guint64 hash, const char *text)
{
  for (const char *p = text != NULL ? text : ""; *p != '\0'; p++)
    hash = (hash ^ (guint8) *p) * G_GUINT64_CONSTANT (1099511628211);
  return (hash ^ 0xff) * G_GUINT64_CONSTANT (1099511628211);
}

/* Adds one element's filter to the chain; FALSE after a problem was recorded. */
static gboolean
add_link (FilterChain *self, const Job *job, const JobElement *element,
          const JobAccount *account, Registry *registry, Problems *problems)
{
  g_autoptr (GError) error = NULL;
  const HaulFilter *filter = registry_filter (registry, element->plugin, &error);
  if (filter == NULL)
    {
      problems_add (problems, job->file, element->line, "%s", error->message);
      return FALSE;
    }
  guint before = problems_count (problems);
  gpointer settings = job_settings (job, element, account, filter->options,
                                    filter->settings_size, 0, problems);
  if (settings == NULL || problems_count (problems) > before)
    {
      option_table_free (filter->options, settings);
      return FALSE;
    }
  FilterLink *link = g_new0 (FilterLink, 1);
  link->filter = filter;
  link->settings = settings;
  g_ptr_array_add (self->links, link);
  if (filter->check != NULL && !filter->check (settings, &error))
    {
      problems_add (problems, job->file, element->line, "%s: %s", element->plugin,
                    error->message);
      return FALSE;
    }
  link->instance = filter->create != NULL ? filter->create (settings, &error) : settings;
  if (link->instance == NULL)
    {
      problems_add (problems, job->file, element->line, "%s: %s", element->plugin,
                    error != NULL ? error->message : "the filter gave no instance");
      return FALSE;
    }
  link->effects = filter->effects;
  if (filter->instance_effects != NULL)
    link->effects &= filter->instance_effects (link->instance);
  self->effects |= link->effects;
  self->hash = hash_text (self->hash, element->plugin);
  for (guint i = 0; i < element->options->len; i++)
    {
      const JobOption *option = element->options->pdata[i];
      self->hash = hash_text (hash_text (self->hash, option->name), option->value);
    }
  return TRUE;
}

/* DEFAULT_MAPPER: stands at the end of every chain between two IMAP servers that does not
 * name it: the job's own rules come first. */
#define DEFAULT_MAPPER "map-special-use"

static gboolean
add_default_mapper (FilterChain *self, const Job *job, const JobAccount *account,
                    Registry *registry, Problems *problems)
{
  if (job->source == NULL || job->destination == NULL
      || strcmp (job->source->plugin, "imap") != 0
      || strcmp (job->destination->plugin, "imap") != 0)
    return TRUE;
  for (guint i = 0; i < job->filters->len; i++)
    if (strcmp (((JobElement *) job->filters->pdata[i])->plugin, DEFAULT_MAPPER) == 0)
      return TRUE;
  if (registry_filter (registry, DEFAULT_MAPPER, NULL) == NULL)
    return TRUE; /* not installed */
  JobElement *element = job_element_new (DEFAULT_MAPPER, 0);
  gboolean ok = add_link (self, job, element, account, registry, problems);
  job_element_free (element);
  return ok;
}

FilterChain *
filter_chain_new (const Job *job, const JobAccount *account, Registry *registry,
                  Problems *problems)
{
  g_autoptr (FilterChain) self = g_new0 (FilterChain, 1);
  self->links = g_ptr_array_new_with_free_func (filter_link_free);
  self->hash = G_GUINT64_CONSTANT (14695981039346656037);
  gboolean ok = TRUE;
  for (guint i = 0; i < job->filters->len; i++)
    ok &= add_link (self, job, job->filters->pdata[i], account, registry, problems);
  ok = ok && add_default_mapper (self, job, account, registry, problems);
  return ok ? g_steal_pointer (&self) : NULL;
}

guint32
filter_chain_effects (const FilterChain *self)
{
  return self->effects;
}

gboolean
filter_chain_transforms (const FilterChain *self)
{
  return (self->effects & (HAUL_FILTER_CHANGES_BODY | HAUL_FILTER_CHANGES_SIZE)) != 0;
}

guint64
filter_chain_hash (const FilterChain *self)
{
  return self->hash;
}

void
haul_folder_edit_drop (HaulFolderEdit *edit, const char *reason)
{
  g_free (edit->edits.drop_reason);
  edit->edits.drop_reason = g_strdup (reason);
}

void
haul_folder_edit_rename (HaulFolderEdit *edit, HaulPath path)
{
  char **copy = haul_path_copy (path);
  g_strfreev (edit->edits.path);
  edit->edits.path = copy;
}

void
haul_folder_edit_collision (HaulFolderEdit *edit, HaulCollision collision)
{
  edit->edits.collision = collision;
}

gboolean
filter_chain_begin (FilterChain *self, const HaulFilterFolders *folders, GError **error)
{
  for (guint i = 0; i < self->links->len; i++)
    {
      const FilterLink *link = self->links->pdata[i];
      if (link->filter->begin == NULL
          || link->filter->begin (link->instance, folders, error))
        continue;
      g_prefix_error (error, "filter %s: ", link->filter->name);
      return FALSE;
    }
  return TRUE;
}

/* A path that no backend could take: no names, an empty one, or not UTF-8. */
static gboolean
check_path (char **path, const char *filter, GError **error)
{
  if (path[0] == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "%s: renamed a folder to nothing", filter);
  for (char **name = path; *name != NULL; name++)
    if (**name == '\0' || !g_utf8_validate (*name, -1, NULL))
      return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                             "%s: made a folder name that is empty or not UTF-8", filter);
  return TRUE;
}

gboolean
filter_chain_folder (const FilterChain *self, const HaulFolder *folder, FolderEdits *out,
                     GError **error)
{
  HaulFolder view = *folder;
  HaulFolderEdit edit = { { haul_path_copy (folder->path), NULL, HAUL_COLLISION_FAIL } };
  gboolean ok = TRUE;

  for (guint i = 0; ok && edit.edits.drop_reason == NULL && i < self->links->len; i++)
    {
      const FilterLink *link = self->links->pdata[i];
      if (link->filter->folder == NULL)
        continue;
      /* The filter reads the path while it may rename it: give it its own copy. */
      g_auto (GStrv) current = haul_path_copy ((HaulPath) edit.edits.path);
      view.path = (HaulPath) current;
      ok = link->filter->folder (link->instance, &view, &edit, error)
           && check_path (edit.edits.path, link->filter->name, error);
    }
  if (!ok || edit.edits.drop_reason != NULL)
    g_clear_pointer (&edit.edits.path, g_strfreev);
  if (!ok)
    {
      g_free (edit.edits.drop_reason);
      return FALSE;
    }
  *out = edit.edits;
  return TRUE;
}

void
message_verdict_clear (MessageVerdict *verdict)
{
  g_clear_pointer (&verdict->skip_reason, g_free);
  g_clear_pointer (&verdict->keywords, g_strfreev);
}

void
haul_message_edit_skip (HaulMessageEdit *edit, const char *reason)
{
  g_free (edit->verdict->skip_reason);
  edit->verdict->skip_reason = g_strdup (reason);
}

void
haul_message_edit_flags (HaulMessageEdit *edit, guint32 flags,
                         const char *const *keywords)
{
  char **copy = g_strdupv ((char **) keywords);
  g_strfreev (edit->verdict->keywords);
  edit->verdict->keywords = copy;
  edit->verdict->flags = flags;
  edit->verdict->flags_changed = TRUE;
}

void
haul_message_edit_date (HaulMessageEdit *edit, gint64 date_unix)
{
  edit->verdict->date_unix = date_unix;
  edit->verdict->date_changed = TRUE;
}

/* Asks the filters with one of @effects (0: all), until one skips. */
static gboolean
ask_filters (const FilterChain *self, const HaulMessage *message, guint32 effects,
             MessageVerdict *out, GError **error)
{
  memset (out, 0, sizeof *out);
  HaulMessageEdit edit = { out };
  HaulMessage view = *message;
  for (guint i = 0; out->skip_reason == NULL && i < self->links->len; i++)
    {
      const FilterLink *link = self->links->pdata[i];
      if (link->filter->message == NULL
          || (effects != 0 && (link->effects & effects) == 0))
        continue;
      g_auto (GStrv) words = NULL;
      if (out->flags_changed)
        {
          words = g_strdupv (out->keywords);
          view.flags = out->flags;
          view.keywords = (const char *const *) words;
        }
      if (out->date_changed)
        {
          view.date_unix = out->date_unix;
          view.has_date = TRUE;
        }
      if (!link->filter->message (link->instance, &view, &edit, error))
        {
          message_verdict_clear (out);
          g_prefix_error (error, "filter %s: ", link->filter->name);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
filter_chain_message (const FilterChain *self, const HaulMessage *message,
                      MessageVerdict *out, GError **error)
{
  return ask_filters (self, message, 0, out, error);
}

gboolean
filter_chain_flags (const FilterChain *self, const HaulMessage *message,
                    MessageVerdict *out, GError **error)
{
  if (!ask_filters (self, message, HAUL_FILTER_MAPS_FLAGS, out, error))
    return FALSE;
  g_clear_pointer (&out->skip_reason, g_free);
  return TRUE;
}

HaulPath
haul_message_folder (const HaulMessage *message)
{
  return message->folder;
}

guint64
haul_message_size (const HaulMessage *message)
{
  return message->size_bytes;
}

guint32
haul_message_flags (const HaulMessage *message)
{
  return message->flags;
}

const char *const *
haul_message_keywords (const HaulMessage *message)
{
  static const char *const none[] = { NULL };
  return message->keywords != NULL ? message->keywords : none;
}

gboolean
haul_message_date (const HaulMessage *message, gint64 *out_unix)
{
  if (message->has_date)
    *out_unix = message->date_unix;
  return message->has_date;
}

HaulBytes
haul_message_headers (const HaulMessage *message)
{
  return message->headers;
}

gint64
haul_message_now (const HaulMessage *message)
{
  return message->now_unix;
}
