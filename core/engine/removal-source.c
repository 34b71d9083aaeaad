/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * source-after-copy: which messages the source may lose. Only those that this state has a
 * receipt for, that a whole listing of the destination still has, and of which no
 * verification says otherwise. Account's thread, and the destination's in call_….
 */
#include "engine/removal-plan.h"

#include <string.h>

/* Taking: one folder. */
typedef struct
{
  Removal *removal;
  RemovalPlan *plan;
  const FolderPair *pair;
  KeySet *source, *destination;
  HaulFolderStatus source_status, destination_status;
  gboolean by_number; /* rows without a key: the destination holds enough of them */
  gboolean wanted;    /* some message was not taken yet */
} Taking;

const char *
removal_source_way (const Job *job)
{
  const char *rule = job->source_after_copy;
  return g_str_has_prefix (rule, REMOVAL_MOVE_TO) ? rule + strlen (REMOVAL_MOVE_TO)
                                                  : rule;
}

void
removal_plan_take (Pass *pass, HaulBytes key, guint64 bytes)
{
  const Account *account = pass->lane->account;
  if (account->job->source_after_copy == NULL)
    return;
  pass->ledger.taken++;
  if (!account->request->actions)
    return;
  Event event = { .kind = EVENT_ACTION,
                  .account = account->result->name,
                  .folder = pass->pair->source->text,
                  .text = removal_source_way (account->job),
                  .action = ACTION_DELETE_SOURCE,
                  .key = key,
                  .bytes = bytes };
  events_post (account->events, &event);
}

static gboolean
call_list (Session *session, gpointer data, GError **error)
{
  Taking *self = data;
  return removal_list_keys (session, (HaulPath) self->pair->destination_path,
                            &self->destination, &self->destination_status, error);
}

static gboolean
is_candidate (const StateMessage *row)
{
  return row->outcome == STATE_STORED && row->ours && row->reason == NULL
         && row->gone != STATE_GONE;
}

static gboolean
on_wanted (const StateMessage *row, gpointer user_data, GError **error)
{
  Taking *self = user_data;
  self->wanted |= is_candidate (row) && row->gone == STATE_AT_SOURCE;
  return TRUE;
}

static gboolean
is_there (const Taking *self, const StateMessage *row)
{
  return row->destination_key.length > 0
             ? key_set_contains (self->destination, row->destination_key)
             : self->by_number;
}

static gboolean
on_row (const StateMessage *row, gpointer user_data, GError **error)
{
  Taking *self = user_data;
  if (!is_candidate (row) || !key_set_contains (self->source, row->source_key)
      || !is_there (self, row))
    return TRUE;
  Doomed doomed = { .key = g_bytes_new (row->source_key.data, row->source_key.length),
                    .size_bytes = HAUL_SIZE_UNKNOWN,
                    .date_unix = row->date_unix };
  g_array_append_val (self->plan->doomed, doomed);
  return TRUE;
}

static gboolean
same_validity (const HaulFolderStatus *status, guint64 validity)
{
  return !(status->known & HAUL_STATUS_UIDVALIDITY) || validity == 0
         || status->uid_validity == validity;
}

/* Both sides are listed whole; what passes all tests is doomed. */
static gboolean
compare (Taking *self, GError **error)
{
  Removal *removal = self->removal;
  const StateFolder *row = self->plan->row;
  guint64 there = 0;
  removal->source_error = TRUE;
  if (!removal_list_keys (removal->lane->source, (HaulPath) self->pair->source->path,
                          &self->source, &self->source_status, error))
    return FALSE;
  removal->source_error = FALSE;
  if (!removal_call (removal, STATE_SIDE_DESTINATION, call_list, self, error)
      || !state_count (removal->account->state, row->id, STATE_THERE, &there, error))
    return FALSE;
  self->by_number = key_set_count (self->destination) >= there;
  self->plan->present = self->source;
  return !same_validity (&self->source_status, row->source_validity)
         || !same_validity (&self->destination_status, row->destination_validity)
         || state_messages (removal->account->state, row->id, 1u << STATE_STORED, on_row,
                            self, error);
}

/* Its verification has come to its end, if the job wants one. */
static gboolean
is_verified (const Removal *self, const StateFolder *row)
{
  return self->account->job->verify == JOB_VERIFY_NONE
         || (row->unverified & (guint32) STATE_UNVERIFIED_NEW) == 0;
}

static gboolean
take_from (Removal *self, const FolderPair *pair, FolderResult *result, GError **error)
{
  RemovalPlan *plan = removal_plan_new (self, STATE_SIDE_SOURCE,
                                        (HaulPath) pair->source->path);
  Taking taking = { .removal = self, .plan = plan, .pair = pair };
  plan->result = result;
  plan->source_text = g_strdup (pair->source->text);
  plan->row = state_folder_load (self->account->state, plan->source_text,
                                 pair->destination_text, error);
  if (plan->row == NULL)
    return FALSE;
  if (plan->row->id == 0)
    return TRUE;
  if (!state_messages (self->account->state, plan->row->id, 1u << STATE_STORED, on_wanted,
                       &taking, error))
    return FALSE;
  if ((!taking.wanted && !removal_is_broken (self, STATE_SIDE_SOURCE, plan->text))
      || !is_verified (self, plan->row))
    return TRUE;
  gboolean ok = compare (&taking, error);
  if (plan->present == NULL)
    g_clear_pointer (&taking.source, key_set_free);
  g_clear_pointer (&taking.destination, key_set_free);
  return ok;
}

gboolean
removal_look_at_source (Removal *self, GError **error)
{
  for (guint i = 0; i < self->set->pairs->len; i++)
    {
      const FolderPair *pair = self->set->pairs->pdata[i];
      if (pair->dropped == NULL && pair->destination != NULL
          && !(pair->source->attributes & HAUL_FOLDER_NOSELECT)
          && !take_from (self, pair, self->results->pdata[i], error))
        return FALSE;
    }
  return TRUE;
}
