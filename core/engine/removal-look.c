/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The looks at both sides that come before any deletion: whole listings of the folders
 * where something may have to go, made anew at the end of the account, against the rows
 * of the state. What is to be done about a message removal-judge.c says. Account's
 * thread, and the destination's in call_….
 */
#include "engine/removal-plan.h"

#include <string.h>

#include "engine/moves.h"
#include "model/keywords.h"

/* ---- listings ---- */

static gboolean
on_key (const HaulRecord *record, gpointer user_data, GError **error)
{
  key_set_add (user_data, record->key);
  return TRUE;
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  return TRUE;
}

gboolean
removal_list_keys (Session *session, HaulPath path, KeySet **out_keys,
                   HaulFolderStatus *out_status, GError **error)
{
  HaulFolderStatus status = { 0 };
  if (!session_enter (session, path, HAUL_ENTER_READ, &status, error))
    return FALSE;
  KeySet *keys = key_set_new ();
  HaulScan scan = { .struct_size = sizeof scan,
                    .record = on_key,
                    .vanished = on_vanished,
                    .user_data = keys };
  HaulScanResult result = { .struct_size = sizeof result };
  if (!session_scan (session, &scan, &result, error) || !session_leave (session, error))
    {
      key_set_free (keys);
      return FALSE;
    }
  *out_keys = keys;
  if (out_status != NULL)
    *out_status = status;
  return TRUE;
}

/* Look: the destination's folder against the state. */
typedef struct
{
  Removal *removal;
  RemovalPlan *plan;
  StateCursor *cursor;
  const KeySet *matched; /* dry run: keys of what a run would find; NULL: none */
  const KeySet *source;  /* keys there now; NULL: no such folder, or none that matters */
  gboolean stable;       /* a key without a row is a message without a row */
  gboolean is_trash;     /* the trash itself: what is in it without a row stays */
  gboolean renumbered;   /* the UIDVALIDITY is another than that of the rows' keys */
} Look;

static void
doom (Look *self, const HaulRecord *record, const StateMessage *row)
{
  Doomed doomed = { .key = g_bytes_new (record->key.data, record->key.length),
                    .size_bytes = HAUL_SIZE_UNKNOWN };
  if (row != NULL)
    doomed.source_key = g_bytes_new (row->source_key.data, row->source_key.length);
  if (record->known & HAUL_RECORD_SIZE)
    doomed.size_bytes = record->size_bytes;
  if (record->known & HAUL_RECORD_DATE)
    doomed.date_unix = record->date_unix;
  g_array_append_val (self->plan->doomed, doomed);
}

/* The pass marked it, and it still is not there; a dry run marks nothing. */
static gboolean
is_at_source (const Look *self, const StateMessage *row)
{
  if (self->plan->row != NULL
      && moves_would_take (self->removal->account, self->plan->row->id,
                           row->destination_key))
    return TRUE;
  if (self->source == NULL)
    return FALSE;
  return (row->gone != STATE_GONE && !self->removal->account->dry_run)
         || key_set_contains (self->source, row->source_key);
}

static gboolean
on_there (const HaulRecord *record, gpointer user_data, GError **error)
{
  Look *self = user_data;
  RemovalPlan *plan = self->plan;
  StateMessage row = { 0 };
  gboolean found = FALSE;
  key_set_add (plan->present, record->key);
  if (plan->row != NULL && plan->row->id != 0
      && !state_cursor_find_destination (self->cursor, record->key, &row, &found, error))
    return FALSE;
  found = found && ((1u << row.outcome) & STATE_DELIVERED);
  plan->sum.there++;
  if (!found
      && (!self->stable || self->is_trash
          || (self->matched != NULL && key_set_contains (self->matched, record->key))))
    return TRUE;
  g_autofree char *keywords = keywords_join (record->keywords);
  RemovalCase message = { .known = found,
                          .ours = row.ours,
                          .at_source = found && is_at_source (self, &row),
                          .taken = row.gone == STATE_TAKEN,
                          .flags_now = record->flags & HAUL_FLAGS_ALL,
                          .flags_last = row.flags,
                          .keywords_now = keywords,
                          .keywords_last = found ? row.keywords : "" };
  switch (removal_judge (self->removal->account->job->deletions, &message))
    {
    case REMOVAL_KEEP:
      break;
    case REMOVAL_CHANGED:
      plan->changed++;
      break;
    case REMOVAL_FOREIGN:
      plan->sum.foreign++;
      doom (self, record, found ? &row : NULL);
      break;
    case REMOVAL_DELETE:
      doom (self, record, &row);
      break;
    }
  return TRUE;
}

static gboolean
call_look (Session *session, gpointer data, GError **error)
{
  Look *self = data;
  RemovalPlan *plan = self->plan;
  HaulFolderStatus status = { 0 };
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = HAUL_NEED_FLAGS | HAUL_NEED_SIZE | HAUL_NEED_DATE,
                    .record = on_there,
                    .vanished = on_vanished,
                    .user_data = self };
  HaulScanResult result = { .struct_size = sizeof result };
  if (!session_enter (session, (HaulPath) plan->path, HAUL_ENTER_READ, &status, error))
    return FALSE;
  self->renumbered = plan->row != NULL && (status.known & HAUL_STATUS_UIDVALIDITY)
                     && plan->row->destination_validity != 0
                     && plan->row->destination_validity != status.uid_validity;
  if (self->renumbered)
    return session_leave (session, error);
  plan->present = key_set_new ();
  self->stable = (session_caps (session) & HAUL_CAP_STABLE_KEYS) != 0;
  self->cursor = state_cursor_new (self->removal->account->state,
                                   plan->row != NULL ? plan->row->id : 0);
  gboolean ok = session_scan (session, &scan, &result, error);
  g_clear_pointer (&self->cursor, state_cursor_free);
  return ok && session_leave (session, error);
}

/* ---- several rows may share one message of the destination ---- */

typedef struct
{
  const Look *look;
  KeySet *needed; /* destination keys of messages that the source has */
} Needs;

static gboolean
on_needed (const StateMessage *row, gpointer user_data, GError **error)
{
  Needs *self = user_data;
  if (row->destination_key.length > 0 && is_at_source (self->look, row))
    key_set_add (self->needed, row->destination_key);
  return TRUE;
}

static void
doomed_clear (gpointer data)
{
  Doomed *self = data;
  g_bytes_unref (self->key);
  g_clear_pointer (&self->source_key, g_bytes_unref);
  g_free (self->message_id);
  g_free (self->subject);
}

static gboolean
spare_shared (Look *self, GError **error)
{
  RemovalPlan *plan = self->plan;
  Needs needs = { self, key_set_new () };
  gboolean ok = plan->row == NULL || plan->doomed->len == 0
                || state_messages (self->removal->account->state, plan->row->id,
                                   STATE_DELIVERED, on_needed, &needs, error);
  for (guint i = plan->doomed->len; ok && i > 0; i--)
    {
      HaulBytes key = HAUL_NO_BYTES;
      key.data = g_bytes_get_data (g_array_index (plan->doomed, Doomed, i - 1).key,
                                   &key.length);
      if (key_set_contains (needs.needed, key))
        g_array_remove_index (plan->doomed, i - 1);
    }
  key_set_free (needs.needed);
  return ok;
}

/* ---- one folder ---- */

static gboolean
look (Removal *self, RemovalPlan *plan, const FolderPair *pair, const KeySet *source,
      GError **error)
{
  Look look = { .removal = self, .plan = plan, .source = source };
  if (pair != NULL)
    look.matched = pair->planned_matches;
  look.is_trash = haul_path_equal ((HaulPath) plan->path, (HaulPath) self->trash);
  if (!removal_call (self, STATE_SIDE_DESTINATION, call_look, &look, error)
      || !spare_shared (&look, error))
    return FALSE;
  if (look.renumbered)
    account_result_notice (self->account->result,
                           "folder '%s': UIDVALIDITY changed at the destination; nothing "
                           "is deleted there before its messages are matched anew",
                           plan->text);
  plan->sum.doomed = plan->doomed->len;
  return TRUE;
}

static gboolean
on_gone (const StateMessage *row, gpointer user_data, GError **error)
{
  RemovalPlan *plan = user_data;
  plan->sum.doomed += ((1u << row->outcome) & STATE_THERE) != 0;
  return TRUE;
}

gboolean
removal_is_broken (const Removal *self, StateSide side, const char *folder)
{
  for (guint i = 0; i < self->broken->len; i++)
    {
      const BrokenRemoval *broken = self->broken->pdata[i];
      if (broken->side == side && strcmp (broken->folder, folder) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Whether anything may have to go: an unchanged folder whose numbers are right costs no
 * listing. */
static gboolean
is_suspicious (Removal *self, RemovalPlan *plan, const FolderPair *pair,
               gboolean *out_suspicious, GError **error)
{
  State *state = self->account->state;
  *out_suspicious = removal_is_broken (self, STATE_SIDE_DESTINATION, plan->text)
                    || (self->account->dry_run && !plan->result->unchanged);
  if (plan->row->id != 0 && !state_gone (state, plan->row->id, on_gone, plan, error))
    return FALSE;
  *out_suspicious |= plan->sum.doomed > 0;
  plan->sum.doomed = 0;
  if (self->account->job->deletions != JOB_DELETIONS_MIRROR || *out_suspicious)
    return TRUE;
  guint64 there = 0;
  if (plan->row->id != 0
      && !state_count (state, plan->row->id, STATE_THERE, &there, error))
    return FALSE;
  const HaulFolderStatus *status = &pair->destination->status;
  *out_suspicious = !plan->result->unchanged || !(status->known & HAUL_STATUS_MESSAGES)
                    || status->messages != there;
  return TRUE;
}

static gboolean
look_at_pair (Removal *self, const FolderPair *pair, FolderResult *result, GError **error)
{
  const Ledger *ledger = &result->ledger;
  gboolean suspicious = FALSE;
  RemovalPlan *plan = removal_plan_new (self, STATE_SIDE_DESTINATION,
                                        (HaulPath) pair->destination_path);
  plan->result = result;
  plan->source_text = g_strdup (pair->source->text);
  plan->sum.source_exists = TRUE;
  plan->sum.source_messages = ledger->seen - ledger->gone;
  plan->row = state_folder_load (self->account->state, plan->source_text, plan->text,
                                 error);
  if (plan->row == NULL)
    return FALSE;
  if (pair->destination == NULL)
    return TRUE;
  if (!is_suspicious (self, plan, pair, &suspicious, error))
    return FALSE;
  if (!suspicious)
    {
      plan->sum.there = ledger->present + ledger->matched + ledger->copied;
      return TRUE;
    }
  KeySet *source = NULL;
  HaulFolderStatus status = { 0 };
  self->source_error = TRUE;
  if (!removal_list_keys (self->lane->source, (HaulPath) pair->source->path, &source,
                          &status, error))
    return FALSE;
  self->source_error = FALSE;
  plan->sum.source_messages = key_set_count (source);
  gboolean same = !(status.known & HAUL_STATUS_UIDVALIDITY)
                  || (self->account->dry_run && plan->row->id == 0)
                  || status.uid_validity == plan->row->source_validity;
  gboolean ok = !same || look (self, plan, pair, source, error);
  key_set_free (source);
  return ok;
}

/* ---- folders that the source no longer has ---- */

static const FolderInfo *
find_info (GPtrArray *infos, const char *text)
{
  for (guint i = 0; i < infos->len; i++)
    if (strcmp (((FolderInfo *) infos->pdata[i])->text, text) == 0)
      return infos->pdata[i];
  return NULL;
}

static gboolean
has_plan (const Removal *self, const char *text)
{
  for (guint i = 0; i < self->plans->len; i++)
    if (strcmp (((RemovalPlan *) self->plans->pdata[i])->text, text) == 0)
      return TRUE;
  return FALSE;
}

/* Never INBOX, never what has a use of its own, never one that a source folder has. */
static gboolean
may_remove (const Removal *self, const FolderInfo *info)
{
  if (self->account->job->deletions != JOB_DELETIONS_MIRROR || info->special_use != 0
      || haul_path_is_inbox ((HaulPath) info->path))
    return FALSE;
  return !haul_path_equal ((HaulPath) info->path, (HaulPath) self->trash);
}

static FolderResult *
add_result (Removal *self, const char *source, const char *destination)
{
  FolderResult *result = g_new0 (FolderResult, 1);
  result->source = g_strdup (source);
  result->destination = g_strdup (destination);
  result->complete = TRUE;
  g_ptr_array_add (self->account->result->folders, result);
  return result;
}

/* What was delivered from a folder that the source's listing no longer has. */
static gboolean
look_at_lost (Removal *self, StateFolder *row, GError **error)
{
  const FolderInfo *info = find_info (self->set->destinations, row->destination_path);
  guint64 delivered = 0;
  if (info == NULL || (info->attributes & HAUL_FOLDER_NOSELECT)
      || has_plan (self, info->text)
      || find_info (self->set->sources, row->source_path) != NULL)
    return TRUE;
  if (!state_count (self->account->state, row->id, STATE_DELIVERED, &delivered, error))
    return FALSE;
  gboolean remove = may_remove (self, info);
  if (delivered == 0 && !remove)
    return TRUE;
  RemovalPlan *plan = removal_plan_new (self, STATE_SIDE_DESTINATION,
                                        (HaulPath) info->path);
  plan->row = state_folder_load (self->account->state, row->source_path,
                                 row->destination_path, error);
  if (plan->row == NULL)
    return FALSE;
  plan->source_text = g_strdup (row->source_path);
  plan->result = add_result (self, row->source_path, row->destination_path);
  plan->remove = remove;
  return look (self, plan, NULL, NULL, error);
}

/* Whether mail was delivered to @text from a folder that the filters leave out now. */
static gboolean
is_left_out (const Removal *self, GPtrArray *rows, const char *text)
{
  for (guint i = 0; i < rows->len; i++)
    {
      const StateFolder *row = rows->pdata[i];
      for (guint k = 0;
           strcmp (row->destination_path, text) == 0 && k < self->set->pairs->len; k++)
        {
          const FolderPair *pair = self->set->pairs->pdata[k];
          if (pair->dropped != NULL && strcmp (pair->source->text, row->source_path) == 0)
            return TRUE;
        }
    }
  return FALSE;
}

/* A folder of the destination that mailhaul knows nothing of: only mirror minds, and only
 * what is neither a namesake nor the copy of a folder that the filters left out. */
static gboolean
look_at_stranger (Removal *self, const FolderInfo *info, GPtrArray *rows, GError **error)
{
  if ((info->attributes & HAUL_FOLDER_NOSELECT) || has_plan (self, info->text)
      || find_info (self->set->sources, info->text) != NULL || !may_remove (self, info)
      || is_left_out (self, rows, info->text))
    return TRUE;
  RemovalPlan *plan = removal_plan_new (self, STATE_SIDE_DESTINATION,
                                        (HaulPath) info->path);
  plan->result = add_result (self, "", info->text);
  plan->remove = self->account->job->allow_foreign_deletions;
  return look (self, plan, NULL, NULL, error);
}

gboolean
removal_look (Removal *self, GError **error)
{
  g_autoptr (GPtrArray) rows = state_folders (self->account->state, error);
  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < self->set->pairs->len; i++)
    {
      const FolderPair *pair = self->set->pairs->pdata[i];
      if (pair->dropped == NULL && !(pair->source->attributes & HAUL_FOLDER_NOSELECT)
          && !look_at_pair (self, pair, self->results->pdata[i], error))
        return FALSE;
    }
  for (guint i = 0; i < rows->len; i++)
    if (!look_at_lost (self, rows->pdata[i], error))
      return FALSE;
  for (guint i = 0; self->account->job->deletions == JOB_DELETIONS_MIRROR
                    && i < self->set->destinations->len;
       i++)
    if (!look_at_stranger (self, self->set->destinations->pdata[i], rows, error))
      return FALSE;
  return TRUE;
}

/* ---- plans ---- */

RemovalPlan *
removal_plan_new (Removal *self, StateSide side, HaulPath path)
{
  RemovalPlan *plan = g_new0 (RemovalPlan, 1);
  plan->side = side;
  plan->path = haul_path_copy (path);
  plan->text = haul_path_to_text (path);
  plan->sum.folder = plan->text;
  plan->doomed = g_array_new (FALSE, TRUE, sizeof (Doomed));
  g_array_set_clear_func (plan->doomed, doomed_clear);
  g_ptr_array_add (self->plans, plan);
  return plan;
}
