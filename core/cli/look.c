/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks at one mailbox: opens it, lets the backend describe it, lists its folders.
 * Changes nothing there: a destination is opened as for a dry run. Prints nothing. Any
 * thread.
 */
#include "cli/look.h"

#include "engine/endpoint.h"
#include "model/preset.h"

static void
fact_free (gpointer data)
{
  g_free (((Fact *) data)->key);
  g_free (((Fact *) data)->text);
  g_free (data);
}

void
look_free (Look *self)
{
  if (self == NULL)
    return;
  g_free (self->backend);
  g_free (self->identity);
  g_free (self->preset);
  g_ptr_array_unref (self->facts);
  g_ptr_array_unref (self->notes);
  g_clear_error (&self->error);
  problems_free (self->problems);
  g_free (self);
}

static void
on_fact (const char *key, const char *text, gpointer user_data)
{
  Fact *fact = g_new0 (Fact, 1);
  fact->key = g_strdup (key);
  fact->text = g_strdup (text);
  g_ptr_array_add (((Look *) user_data)->facts, fact);
}

static gboolean
on_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  Look *look = user_data;
  gboolean holds_mail = (folder->attributes & HAUL_FOLDER_NOSELECT) == 0;
  look->folders++;
  look->counted = look->counted
                  && (!holds_mail || (folder->status.known & HAUL_STATUS_MESSAGES) != 0);
  look->sized = look->sized
                && (!holds_mail || (folder->status.known & HAUL_STATUS_BYTES) != 0);
  if (folder->status.known & HAUL_STATUS_MESSAGES)
    look->messages += folder->status.messages;
  if (folder->status.known & HAUL_STATUS_BYTES)
    look->bytes += folder->status.bytes;
  return TRUE;
}

static gboolean
look_inside (Look *self, const Endpoint *endpoint, GError **error)
{
  gint64 begun_us = g_get_monotonic_time ();
  g_autoptr (Session) session = session_open (endpoint->backend, &endpoint->open, error);
  if (session == NULL)
    return FALSE;
  gint64 opened_us = g_get_monotonic_time ();
  self->open_us = opened_us - begun_us;
  self->opened = TRUE;
  self->caps = session_caps (session);
  self->counted = self->sized = TRUE;
  /* First, so that the facts are known even where the listing fails. */
  if (!session_describe (session, on_fact, self, error))
    return FALSE;
  gint64 described_us = g_get_monotonic_time ();
  if (!session_list (session, on_folder, self, error))
    return FALSE;
  self->list_us = g_get_monotonic_time () - described_us;
  self->listed = TRUE;
  return TRUE;
}

/* What the preset has to say to a person; a wrong preset is told of elsewhere. */
static void
take_notes (Look *self, const LookRequest *request, const JobElement *element,
            const HaulBackend *backend)
{
  guint32 role = self->role == HAUL_ROLE_SOURCE ? PRESET_SOURCE : PRESET_DESTINATION;
  g_autoptr (Preset) preset = NULL;
  g_autoptr (Problems) problems = problems_new ();
  if (!preset_of_element (request->job, element, request->account, backend->options,
                          &preset, problems)
      || preset == NULL)
    return;
  self->preset = g_strdup (preset->name);
  for (guint i = 0; i < preset->notes->len; i++)
    {
      const PresetNote *note = preset->notes->pdata[i];
      if (note->roles & role)
        g_ptr_array_add (self->notes, g_strdup (note->text));
    }
}

Look *
look_at (const LookRequest *request, HaulRole role)
{
  gboolean source = role == HAUL_ROLE_SOURCE;
  const JobElement *element = source ? request->job->source : request->job->destination;
  Endpoint endpoint = { 0 };
  Look *self = g_new0 (Look, 1);
  self->role = role;
  self->backend = g_strdup (element->plugin);
  self->facts = g_ptr_array_new_with_free_func (fact_free);
  self->notes = g_ptr_array_new_with_free_func (g_free);
  self->problems = problems_new ();
  if (!endpoint_init (&endpoint, request->job, element, request->account, role,
                      request->registry, self->problems))
    self->exit_code = EXIT_CODE_USAGE;
  else
    {
      self->identity = g_strdup (endpoint.identity);
      take_notes (self, request, element, endpoint.backend);
      endpoint.open.dry_run = TRUE;
      endpoint.open.cancellable = request->cancellable;
      if (!look_inside (self, &endpoint, &self->error))
        self->exit_code = result_exit_code (self->error, source);
    }
  endpoint_clear (&endpoint);
  return self;
}
