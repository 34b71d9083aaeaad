/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FolderSet: lists, maps and creates, each in one call to its backend. Lane's thread, the
 * destination's calls on its own.
 */
#include "engine/folders.h"

static gboolean
on_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  GPtrArray *folders = user_data;
  g_ptr_array_add (folders, folder_info_new (folder));
  return TRUE;
}

static gboolean
call_list (Session *session, gpointer data, GError **error)
{
  return session_list (session, on_folder, data, error);
}

FolderSet *
folder_set_load (Lane *lane, gboolean *out_source, GError **error)
{
  FolderSet *self = g_new0 (FolderSet, 1);
  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify) folder_info_free);
  self->destinations = g_ptr_array_new_with_free_func ((GDestroyNotify) folder_info_free);

  /* Both sides list at the same time. */
  g_autoptr (GError) theirs = NULL;
  destination_begin (lane->destination, call_list, self->destinations);
  gboolean ok = session_list (lane->source, on_folder, self->sources, error);
  gboolean listed = destination_end (lane->destination, &theirs);
  *out_source = !ok;
  if (ok && !listed)
    {
      g_propagate_error (error, g_steal_pointer (&theirs));
      ok = FALSE;
    }
  guint32 caps = destination_caps (lane->destination);
  MappingRules rules = { .chain = lane->account->chain,
                         .case_insensitive = (caps & HAUL_CAP_CASE_INSENSITIVE) != 0 };
  if (ok)
    self->pairs = mapping_make (self->sources, self->destinations, &rules, error);
  if (self->pairs == NULL)
    {
      folder_set_free (self);
      return NULL;
    }
  return self;
}

void
folder_set_free (FolderSet *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->pairs, g_ptr_array_unref);
  g_ptr_array_unref (self->sources);
  g_ptr_array_unref (self->destinations);
  g_free (self);
}

/* What is to be made, and what came of it. */
typedef struct
{
  GArray *folders;   /* of HaulFolder */
  GPtrArray *pairs;  /* of FolderPair, as many */
  GPtrArray *errors; /* of GError or NULL, as many */
} Creation;

static void
on_created (HaulPath path, const GError *error, gpointer user_data)
{
  Creation *creation = user_data;
  if (error == NULL)
    return;
  for (guint i = 0; i < creation->pairs->len; i++)
    {
      FolderPair *pair = creation->pairs->pdata[i];
      if (haul_path_equal ((HaulPath) pair->destination_path, path))
        {
          g_clear_error ((GError **) &creation->errors->pdata[i]);
          creation->errors->pdata[i] = g_error_copy (error);
        }
    }
}

static gboolean
call_create (Session *session, gpointer data, GError **error)
{
  Creation *creation = data;
  return session_create (session, (const HaulFolder *) (gpointer) creation->folders->data,
                         creation->folders->len, on_created, creation, error);
}

static void
post_folder_action (Lane *lane, const FolderPair *pair, ActionKind action)
{
  if (!lane->account->request->actions)
    return;
  Event event = { .kind = EVENT_ACTION,
                  .account = lane->account->result->name,
                  .folder = pair->source->text,
                  .destination = pair->destination_text,
                  .action = action };
  events_post (lane->account->events, &event);
}

/* The destination's listing after folders were made: with their UIDVALIDITY, from which
 * on their keys count. */
static gboolean
relist (FolderSet *self, Lane *lane, GError **error)
{
  g_autoptr (GPtrArray)
      listed = g_ptr_array_new_with_free_func ((GDestroyNotify) folder_info_free);
  if (!destination_call (lane->destination, call_list, listed, error))
    return FALSE;
  g_autoptr (GHashTable) by_text = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < listed->len; i++)
    {
      FolderInfo *info = listed->pdata[i];
      g_hash_table_insert (by_text, info->text, info);
    }
  for (guint i = 0; i < self->pairs->len; i++)
    {
      FolderPair *pair = self->pairs->pdata[i];
      if (pair->dropped == NULL && pair->destination == NULL)
        pair->destination = g_hash_table_lookup (by_text, pair->destination_text);
    }
  g_ptr_array_extend_and_steal (self->destinations, g_steal_pointer (&listed));
  return TRUE;
}

/* A folder that was made, but whose listing names it otherwise: it is there, and nothing
 * is known of it. */
static void
note_created (FolderSet *self, FolderPair *pair)
{
  if (pair->destination != NULL)
    return;
  HaulFolder made = HAUL_FOLDER_INIT;
  made.path = (HaulPath) pair->destination_path;
  FolderInfo *info = folder_info_new (&made);
  g_ptr_array_add (self->destinations, info);
  pair->destination = info;
}

static void
collect (FolderSet *self, Lane *lane, Creation *creation, GPtrArray *results)
{
  for (guint i = 0; i < self->pairs->len; i++)
    {
      FolderPair *pair = self->pairs->pdata[i];
      gboolean container = (pair->source->attributes & HAUL_FOLDER_NOSELECT) != 0;
      if (pair->dropped != NULL || pair->destination != NULL || container)
        continue;
      HaulFolder folder = HAUL_FOLDER_INIT;
      folder.path = (HaulPath) pair->destination_path;
      folder.attributes = pair->source->attributes & HAUL_FOLDER_SUBSCRIBED;
      folder.special_use = pair->source->special_use;
      g_array_append_val (creation->folders, folder);
      g_ptr_array_add (creation->pairs, pair);
      g_ptr_array_add (creation->errors, NULL);
      ((FolderResult *) results->pdata[i])->created = TRUE;
      post_folder_action (lane, pair, ACTION_CREATE_FOLDER);
    }
}

/* The results of a creation: made folders are known from now on, others are failures. */
static void
apply (FolderSet *self, Lane *lane, Creation *creation, GPtrArray *results)
{
  for (guint i = 0; i < self->pairs->len; i++)
    {
      FolderPair *pair = self->pairs->pdata[i];
      FolderResult *result = results->pdata[i];
      guint at = 0;
      if (!g_ptr_array_find (creation->pairs, pair, &at))
        continue;
      const GError *error = creation->errors->pdata[at];
      if (error == NULL)
        {
          note_created (self, pair);
          continue;
        }
      account_result_fail (lane->account->result, pair->source->text, NULL, NULL, error);
      Event event = { .kind = EVENT_FAILURE,
                      .account = lane->account->result->name,
                      .folder = pair->source->text,
                      .text = error->message };
      events_post (lane->account->events, &event);
      result->created = FALSE;
      result->complete = FALSE;
      pair->dropped = g_strdup_printf ("could not be created: %s", error->message);
    }
}

/* One subscription that the destination lacks. */
static gboolean
call_subscribe (Session *session, gpointer data, GError **error)
{
  FolderPair *pair = data;
  return session_subscribe (session, (HaulPath) pair->destination_path, TRUE, error);
}

static gboolean
subscribe_missing (FolderSet *self, Lane *lane, GError **error)
{
  if (!(lane->source_caps & HAUL_CAP_SUBSCRIPTIONS)
      || !(destination_caps (lane->destination) & HAUL_CAP_SUBSCRIPTIONS))
    return TRUE;
  for (guint i = 0; i < self->pairs->len; i++)
    {
      FolderPair *pair = self->pairs->pdata[i];
      if (pair->dropped != NULL || pair->destination == NULL
          || !(pair->source->attributes & HAUL_FOLDER_SUBSCRIBED)
          || (pair->destination->attributes & HAUL_FOLDER_SUBSCRIBED))
        continue;
      post_folder_action (lane, pair, ACTION_SUBSCRIBE);
      if (!lane->account->dry_run
          && !destination_call (lane->destination, call_subscribe, pair, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
folder_set_create (FolderSet *self, Lane *lane, GPtrArray *results, GError **error)
{
  Creation creation = { .folders = g_array_new (FALSE, FALSE, sizeof (HaulFolder)),
                        .pairs = g_ptr_array_new (),
                        .errors = g_ptr_array_new () };
  /* Subscriptions first: a folder that is made is made with its own. */
  gboolean ok = subscribe_missing (self, lane, error);
  collect (self, lane, &creation, results);
  if (ok && !lane->account->dry_run && creation.folders->len > 0)
    {
      ok = destination_call (lane->destination, call_create, &creation, error)
           && relist (self, lane, error);
      if (ok)
        apply (self, lane, &creation, results);
    }
  for (guint i = 0; i < creation.errors->len; i++)
    g_clear_error ((GError **) &creation.errors->pdata[i]);
  g_array_unref (creation.folders);
  g_ptr_array_unref (creation.pairs);
  g_ptr_array_unref (creation.errors);
  return ok;
}
