/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of an account: deletions at the destination, or those at the source. Sees to it
 * that all passes ended whole, that all looks are made before the first deletion, and
 * that too much is refused. Account's thread.
 */
#include "engine/removal.h"

#include <string.h>

#include "engine/removal-plan.h"

static void
plan_free (gpointer data)
{
  RemovalPlan *self = data;
  g_strfreev (self->path);
  g_free (self->text);
  g_free (self->source_text);
  state_folder_free (self->row);
  g_array_unref (self->doomed);
  key_set_free (self->present);
  g_free (self);
}

static void
broken_free (gpointer data)
{
  BrokenRemoval *self = data;
  g_free (self->folder);
  g_bytes_unref (self->key);
  g_bytes_unref (self->source_key);
  g_free (self);
}

gboolean
removal_call (Removal *self, StateSide side, DestinationCall call, gpointer data,
              GError **error)
{
  if (side == STATE_SIDE_DESTINATION)
    return destination_call (self->lane->destination, call, data, error);
  if (call (self->lane->source, data, error))
    return TRUE;
  self->source_error = TRUE;
  return FALSE;
}

static gboolean
on_broken (const StateRemoval *removal, gpointer user_data, GError **error)
{
  Removal *self = user_data;
  if (removal->reason == STATE_REMOVAL_MOVED) /* moves see to their own */
    return TRUE;
  HaulBytes key = removal->side == STATE_SIDE_SOURCE ? removal->source_key
                                                     : removal->destination_key;
  BrokenRemoval *broken = g_new0 (BrokenRemoval, 1);
  broken->id = removal->id;
  broken->side = removal->side;
  broken->folder = g_strdup (removal->folder);
  broken->key = g_bytes_new (key.data, key.length);
  broken->source_key = g_bytes_new (removal->source_key.data, removal->source_key.length);
  g_ptr_array_add (self->broken, broken);
  return TRUE;
}

/* Whether every folder's pass ended whole: else nothing is deleted. */
static gboolean
is_whole (const Account *account)
{
  const AccountResult *result = account->result;
  gboolean whole = result->failures->len == 0;
  for (guint i = 0; whole && i < result->folders->len; i++)
    whole = ((FolderResult *) result->folders->pdata[i])->complete;
  for (guint i = 0; whole && i < result->differences->len; i++)
    whole = difference_is_harmless (result->differences->pdata[i]);
  return whole;
}

static gboolean
refuse (Removal *self, GError **error)
{
  g_autofree RemovalSum *sums = g_new0 (RemovalSum, MAX (self->plans->len, 1));
  for (guint i = 0; i < self->plans->len; i++)
    sums[i] = ((RemovalPlan *) self->plans->pdata[i])->sum;
  g_autofree char *refusal = removal_refuse (self->account->job, sums, self->plans->len);
  if (refusal == NULL)
    return FALSE;
  (void) haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_ACCOUNT,
                         "deletions refused: %s", refusal);
  return TRUE;
}

static guint64
count_doomed (const Removal *self)
{
  guint64 count = 0;
  for (guint i = 0; i < self->plans->len; i++)
    count += ((RemovalPlan *) self->plans->pdata[i])->doomed->len;
  return count;
}

/* The destination: all looks, then the guard, then the deletions. */
static gboolean
delete_there (Removal *self, GError **error)
{
  self->reason = self->account->job->deletions == JOB_DELETIONS_MIRROR
                     ? STATE_REMOVAL_MIRROR
                     : STATE_REMOVAL_DELIVERED;
  removal_find_trash (self);
  if (!removal_look (self, error) || refuse (self, error))
    return FALSE;
  if (count_doomed (self) > 0
      && !removal_make_target (self, STATE_SIDE_DESTINATION, error))
    return FALSE;
  return removal_make (self, error);
}

/* Where source-after-copy moves messages to; NULL: nowhere, they are deleted. */
static gboolean
read_target (const Account *account, char ***out_path, GError **error)
{
  const char *rule = account->job->source_after_copy;
  *out_path = NULL;
  if (rule == NULL || !g_str_has_prefix (rule, REMOVAL_MOVE_TO))
    return TRUE;
  g_autofree char *text = job_expand (account->job_account,
                                      rule + strlen (REMOVAL_MOVE_TO), error);
  if (text == NULL)
    return FALSE;
  *out_path = haul_path_from_text (text, error);
  return *out_path != NULL;
}

static gboolean
take_there (Removal *self, GError **error)
{
  self->reason = STATE_REMOVAL_SOURCE_AFTER_COPY;
  if (!read_target (self->account, &self->target, error))
    return FALSE;
  self->target_missing = self->target != NULL;
  for (guint i = 0; self->target != NULL && i < self->set->sources->len; i++)
    {
      const FolderInfo *info = self->set->sources->pdata[i];
      if (haul_path_equal ((HaulPath) info->path, (HaulPath) self->target))
        self->target_missing = FALSE;
    }
  if (!removal_look_at_source (self, error))
    return FALSE;
  if (count_doomed (self) > 0 && !removal_make_target (self, STATE_SIDE_SOURCE, error))
    return FALSE;
  return removal_make (self, error);
}

gboolean
removal_wants_source (const Job *job)
{
  return job->source_after_copy != NULL;
}

gboolean
removal_leave_out_target (const Account *account, GPtrArray *pairs, GError **error)
{
  char **target = NULL;
  if (!read_target (account, &target, error))
    return FALSE;
  for (guint i = 0; target != NULL && i < pairs->len; i++)
    {
      FolderPair *pair = pairs->pdata[i];
      if (pair->dropped == NULL
          && haul_path_equal ((HaulPath) pair->source->path, (HaulPath) target))
        pair->dropped = g_strdup ("source-after-copy moves there what is delivered");
    }
  g_strfreev (target);
  return TRUE;
}

gboolean
removal_run (Lane *lane, FolderSet *set, GPtrArray *results, gboolean *out_source,
             GError **error)
{
  Account *account = lane->account;
  const Job *job = account->job;
  if ((job->deletions == JOB_DELETIONS_NONE && job->source_after_copy == NULL)
      || lane_should_stop (lane))
    return TRUE;
  if (!is_whole (account))
    {
      account_result_notice (account->result,
                             "nothing was deleted: not everything went well, and "
                             "deletions wait for a run in which it does");
      return TRUE;
    }
  Removal self = { .lane = lane,
                   .account = account,
                   .set = set,
                   .results = results,
                   .plans = g_ptr_array_new_with_free_func (plan_free),
                   .broken = g_ptr_array_new_with_free_func (broken_free) };
  gboolean ok = state_removals (account->state, 0, 1u << STATE_REMOVAL_INTENDED,
                                on_broken, &self, error)
                && (job->deletions != JOB_DELETIONS_NONE ? delete_there (&self, error)
                                                         : take_there (&self, error));
  if (!ok)
    *out_source = self.source_error;
  g_ptr_array_unref (self.plans);
  g_ptr_array_unref (self.broken);
  g_strfreev (self.trash);
  g_strfreev (self.target);
  return ok;
}
