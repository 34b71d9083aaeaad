/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FolderSet: lists, maps and creates, each in one call to its backend. Lane's thread, the
 * destination's calls on its own.
 */
#include "engine/folders.h"

#include <string.h>

#include "engine/naming.h"
#include "engine/removal.h"

/* SUSPECT_BYTES, SUSPECT_DEPTH: shorter paths than that are refused for another reason.
 */
#define SUSPECT_BYTES 60
#define SUSPECT_DEPTH 4
/* NAMES_TOLD: so many folders with other names are told one by one. */
#define NAMES_TOLD 20

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

static gboolean
spell (gpointer data, HaulPath path, char ***out_path, GError **error)
{
  return session_spell (data, path, out_path, error);
}

static MappingRules
rules_for (Session *session, FilterChain *chain)
{
  MappingRules rules = {
    .chain = chain,
    .case_insensitive = (session_caps (session) & HAUL_CAP_CASE_INSENSITIVE) != 0,
    .spell = spell,
    .spell_data = session,
  };
  return rules;
}

static void
on_filter_notice (const char *text, gpointer user_data)
{
  account_result_notice (user_data, "%s", text);
}

static GArray *
views_of (GPtrArray *folders)
{
  GArray *views = g_array_new (FALSE, FALSE, sizeof (HaulFolder));
  for (guint i = 0; i < folders->len; i++)
    {
      HaulFolder view = folder_info_view (folders->pdata[i]);
      g_array_append_val (views, view);
    }
  return views;
}

/* Shows the filters what there is on both sides. */
static gboolean
begin_filters (FolderSet *self, Account *account, GError **error)
{
  g_autoptr (GArray) sources = views_of (self->sources);
  g_autoptr (GArray) destinations = views_of (self->destinations);
  HaulFilterFolders folders = {
    .struct_size = sizeof folders,
    .sources = (const HaulFolder *) (gpointer) sources->data,
    .source_count = sources->len,
    .destinations = (const HaulFolder *) (gpointer) destinations->data,
    .destination_count = destinations->len,
    .notice = on_filter_notice,
    .user_data = account->result,
  };
  return account->chain == NULL || filter_chain_begin (account->chain, &folders, error);
}

/* What call_map() needs: the destination's session knows how names are spelled. */
typedef struct
{
  FolderSet *set;
  FilterChain *chain;
} MapCall;

static gboolean
call_map (Session *session, gpointer data, GError **error)
{
  MapCall *call = data;
  MappingRules rules = rules_for (session, call->chain);
  call->set->pairs = mapping_make (call->set->sources, call->set->destinations, &rules,
                                   error);
  return call->set->pairs != NULL;
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
  MapCall call = { self, lane->account->chain };
  if (ok && begin_filters (self, lane->account, error))
    (void) destination_call (lane->destination, call_map, &call, error);
  if (self->pairs == NULL
      || !removal_leave_out_target (lane->account, self->pairs, error))
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

/* Another: a folder that was refused under its name, and is tried under others. */
typedef struct
{
  FolderPair *pair;
  GError *error; /* of the last try; NULL: made */
  gboolean may_be_too_long;
} Another;

static void
on_another (HaulPath path, const GError *error, gpointer user_data)
{
  Another *another = user_data;
  (void) path;
  another->error = error != NULL ? g_error_copy (error) : NULL;
}

/* The name number @step of those that are tried: with a mark, for a name that is
 * reserved, then shorter ones. NULL: there are no more. (transfer full) */
static char **
other_name (const Another *self, HaulPath own, guint step)
{
  if (step == 0)
    return naming_twin (own);
  return self->may_be_too_long ? naming_shorter (own, 0, step - 1) : NULL;
}

/* Other names, one after the other, until one is taken. */
static gboolean
call_create_another (Session *session, gpointer data, GError **error)
{
  Another *another = data;
  FolderPair *pair = another->pair;
  g_auto (GStrv) own = haul_path_copy ((HaulPath) pair->destination_path);
  g_autofree char *reason = g_strdup (another->error->message);
  for (guint step = 0; another->error != NULL; step++)
    {
      g_auto (GStrv) path = other_name (another, (HaulPath) own, step);
      if (path == NULL)
        return TRUE;
      if (haul_path_equal ((HaulPath) path, (HaulPath) own))
        continue;
      HaulFolder folder = HAUL_FOLDER_INIT;
      folder.path = (HaulPath) path;
      folder.attributes = pair->source->attributes & HAUL_FOLDER_SUBSCRIBED;
      g_clear_error (&another->error);
      if (!session_create (session, &folder, 1, on_another, another, error))
        return FALSE;
      if (another->error == NULL)
        folder_pair_move (pair, g_steal_pointer (&path), reason);
    }
  return TRUE;
}

/* Whether another name may help against @error. */
static gboolean
may_be_the_name (const FolderPair *pair, const GError *error, gboolean *out_too_long)
{
  *out_too_long = strlen (pair->destination_text) > SUSPECT_BYTES
                  || g_strv_length (pair->destination_path) > SUSPECT_DEPTH;
  return error->code == HAUL_ERROR_REJECTED
         || (*out_too_long
             && (error->code == HAUL_ERROR_PROTOCOL || error->code == HAUL_ERROR_NOT_FOUND
                 || error->code == HAUL_ERROR_IO));
}

/* Refused folders whose name may be the reason are tried under other names. */
static gboolean
create_others (Lane *lane, Creation *creation, GError **error)
{
  for (guint i = 0; i < creation->pairs->len; i++)
    {
      GError **slot = (GError **) &creation->errors->pdata[i];
      Another another = { .pair = creation->pairs->pdata[i] };
      if (*slot == NULL
          || !may_be_the_name (another.pair, *slot, &another.may_be_too_long))
        continue;
      another.error = g_error_copy (*slot);
      if (!destination_call (lane->destination, call_create_another, &another, error))
        {
          g_clear_error (&another.error);
          return FALSE;
        }
      if (another.error == NULL)
        g_clear_error (slot);
      g_clear_error (&another.error);
    }
  return TRUE;
}

/* How the folders that were made are spelled in truth. */
static gboolean
call_spell (Session *session, gpointer data, GError **error)
{
  Creation *creation = data;
  MappingRules rules = rules_for (session, NULL);
  for (guint i = 0; i < creation->pairs->len; i++)
    {
      g_autoptr (GError) refusal = NULL;
      if (folder_pair_spell (creation->pairs->pdata[i], &rules, &refusal)
          || haul_error_scope (refusal) <= HAUL_SCOPE_FOLDER)
        continue;
      g_propagate_error (error, g_steal_pointer (&refusal));
      return FALSE;
    }
  return TRUE;
}

/* Folders with another name at the destination than in the job's words, each told. */
static void
tell_names (FolderSet *self, Lane *lane, GPtrArray *results)
{
  guint told = 0;
  for (guint i = 0; i < self->pairs->len; i++)
    {
      const FolderPair *pair = self->pairs->pdata[i];
      folder_pair_tell (pair, results->pdata[i]);
      if (pair->dropped != NULL || !folder_pair_holds_messages (pair)
          || (pair->spelled == NULL && pair->remark == NULL))
        continue;
      const char *name = pair->spelled != NULL ? pair->spelled : pair->destination_text;
      if (++told <= NAMES_TOLD)
        account_result_notice (lane->account->result,
                               "folder '%s' is called '%s' at the destination%s%s",
                               pair->source->text, name, pair->remark != NULL ? ": " : "",
                               pair->remark != NULL ? pair->remark : "");
    }
  if (told > NAMES_TOLD)
    account_result_notice (lane->account->result,
                           "%u more folders are called otherwise at the destination; "
                           "`mailhaul plan` and the report name them all",
                           told - NAMES_TOLD);
}

/* Folders whose names were written otherwise at the source, each told. */
static void
tell_source_names (FolderSet *self, Lane *lane)
{
  guint told = 0;
  for (guint i = 0; i < self->pairs->len; i++)
    {
      const FolderPair *pair = self->pairs->pdata[i];
      g_auto (GStrv) plain = NULL;
      if (pair->dropped != NULL || !folder_pair_holds_messages (pair))
        continue;
      /* Nothing depends on it: a session that is ill says so at the next call. */
      if (!session_spell (lane->source, (HaulPath) pair->source->path, &plain, NULL))
        return;
      if (haul_path_equal ((HaulPath) plain, (HaulPath) pair->source->path))
        continue;
      g_autofree char *name = g_strjoinv ("/", pair->source->path);
      g_autofree char *theirs = g_strjoinv ("/", plain);
      if (++told <= NAMES_TOLD)
        account_result_notice (lane->account->result,
                               "folder '%s' is called '%s' at the source", name, theirs);
    }
  if (told > NAMES_TOLD)
    account_result_notice (lane->account->result,
                           "%u more folders are called otherwise at the source",
                           told - NAMES_TOLD);
}

void
folder_pair_tell (const FolderPair *pair, FolderResult *result)
{
  g_free (result->destination);
  g_free (result->spelled);
  g_free (result->remark);
  result->destination = pair->dropped != NULL && pair->refused == NULL
                            ? NULL
                            : g_strdup (pair->destination_text);
  result->spelled = g_strdup (pair->spelled);
  result->remark = g_strdup (pair->remark);
}

void
folder_set_fail (Lane *lane, const FolderPair *pair, const GError *error)
{
  account_result_fail (lane->account->result, pair->source->text, NULL, NULL, error);
  Event event = { .kind = EVENT_FAILURE,
                  .account = lane->account->result->name,
                  .folder = pair->source->text,
                  .text = error->message };
  events_post (lane->account->events, &event);
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
      folder_set_fail (lane, pair, error);
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

/* A destination that has no subscriptions: what is lost is said. */
static void
tell_subscriptions (FolderSet *self, Lane *lane)
{
  guint count = 0;
  for (guint i = 0; i < self->pairs->len; i++)
    {
      const FolderPair *pair = self->pairs->pdata[i];
      if (pair->dropped == NULL
          && (pair->source->attributes & HAUL_FOLDER_SUBSCRIBED) != 0)
        count++;
    }
  if (count > 0)
    account_result_notice (lane->account->result,
                           "the destination keeps no subscriptions: %u %s subscribed at "
                           "the source",
                           count, count == 1 ? "folder is" : "folders are");
}

static gboolean
subscribe_missing (FolderSet *self, Lane *lane, GError **error)
{
  if (!(lane->source_caps & HAUL_CAP_SUBSCRIPTIONS))
    return TRUE;
  if (!(destination_caps (lane->destination) & HAUL_CAP_SUBSCRIPTIONS))
    {
      tell_subscriptions (self, lane);
      return TRUE;
    }
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
           && create_others (lane, &creation, error) && relist (self, lane, error)
           && destination_call (lane->destination, call_spell, &creation, error);
      if (ok)
        apply (self, lane, &creation, results);
    }
  tell_names (self, lane, results);
  tell_source_names (self, lane);
  for (guint i = 0; i < creation.errors->len; i++)
    g_clear_error ((GError **) &creation.errors->pdata[i]);
  g_array_unref (creation.folders);
  g_ptr_array_unref (creation.pairs);
  g_ptr_array_unref (creation.errors);
  return ok;
}
