/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the deletions that the plans name, on either side: what each message was goes
 * into the journal before, durably, and how it ended after. Decides nothing. Account's
 * thread; the calls run on the thread of the session's side.
 */
#include "engine/removal-plan.h"

#include <string.h>

/* REMOVE_BATCH: messages of one entry into the journal and one call: what is in doubt
 * after a kill. */
#define REMOVE_BATCH 100u

/* FIELD_BYTES: of a Message-ID or subject, as the journal keeps it. */
#define FIELD_BYTES 500u

static HaulBytes
view (GBytes *bytes)
{
  HaulBytes result = HAUL_NO_BYTES;
  if (bytes != NULL)
    result.data = g_bytes_get_data (bytes, &result.length);
  return result;
}

/* ---- what a message was ---- */

/* The value of the header line @name with its folds, valid UTF-8; NULL: none. */
static char *
find_field (HaulBytes headers, const char *name)
{
  const char *text = (const char *) headers.data;
  gsize length = strlen (name);
  for (gsize at = 0; at + length < headers.length;)
    {
      const char *end = memchr (text + at, '\n', headers.length - at);
      gsize next = end != NULL ? (gsize) (end - text) + 1 : headers.length;
      gboolean ours = text[at + length] == ':'
                      && g_ascii_strncasecmp (text + at, name, length) == 0;
      while (ours && next < headers.length && (text[next] == ' ' || text[next] == '\t'))
        {
          end = memchr (text + next, '\n', headers.length - next);
          next = end != NULL ? (gsize) (end - text) + 1 : headers.length;
        }
      if (ours)
        {
          gsize start = at + length + 1;
          g_autofree char *raw = g_strndup (text + start,
                                            MIN (next - start, FIELD_BYTES));
          return g_utf8_make_valid (g_strstrip (g_strdelimit (raw, "\r\n", ' ')), -1);
        }
      at = next;
    }
  return NULL;
}

/* Part: some messages of a plan in one call. */
typedef struct
{
  Removal *removal;
  RemovalPlan *plan;
  guint from, count;
  HaulBytes *keys;
  KeyTable *index; /* key → place in keys */
  StateRemoval *entries;
  guint done;
} Part;

static void
part_init (Part *self, Removal *removal, RemovalPlan *plan, guint from, guint count)
{
  *self = (Part){ .removal = removal, .plan = plan, .from = from, .count = count };
  self->keys = g_new0 (HaulBytes, count);
  self->entries = g_new0 (StateRemoval, count);
  self->index = key_table_new ();
  for (guint i = 0; i < count; i++)
    {
      self->keys[i] = view (g_array_index (plan->doomed, Doomed, from + i).key);
      key_table_add (self->index, self->keys[i], i);
    }
}

static void
part_clear (Part *self)
{
  g_free (self->keys);
  g_free (self->entries);
  key_table_free (self->index);
}

static gboolean
on_described (const HaulRecord *record, gpointer user_data, GError **error)
{
  Part *self = user_data;
  guint at = 0;
  if (!key_table_find (self->index, record->key, &at))
    return TRUE;
  Doomed *doomed = &g_array_index (self->plan->doomed, Doomed, self->from + at);
  if (record->known & HAUL_RECORD_SIZE)
    doomed->size_bytes = record->size_bytes;
  if (record->known & HAUL_RECORD_DATE)
    doomed->date_unix = record->date_unix;
  if (!(record->known & HAUL_RECORD_HEADERS) || doomed->subject != NULL
      || doomed->message_id != NULL)
    return TRUE;
  doomed->message_id = find_field (record->headers, "Message-ID");
  doomed->subject = find_field (record->headers, "Subject");
  return TRUE;
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  return TRUE;
}

static gboolean
call_describe (Session *session, gpointer data, GError **error)
{
  Part *self = data;
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = HAUL_NEED_HEADERS | HAUL_NEED_SIZE | HAUL_NEED_DATE,
                    .record = on_described,
                    .vanished = on_vanished,
                    .user_data = self,
                    .keys = self->keys,
                    .key_count = self->count };
  HaulScanResult result = { .struct_size = sizeof result };
  return session_enter (session, (HaulPath) self->plan->path, HAUL_ENTER_READ, NULL,
                        error)
         && session_scan (session, &scan, &result, error)
         && session_leave (session, error);
}

/* ---- the deletion ---- */

static void
on_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  Part *self = user_data;
  guint at = 0;
  if (!key_table_find (self->index, key, &at))
    return;
  if (error == NULL || g_error_matches (error, HAUL_ERROR, HAUL_ERROR_GONE))
    {
      self->entries[at].state = STATE_REMOVAL_DONE;
      self->done++;
      return;
    }
  self->entries[at].state = STATE_REMOVAL_FAILED;
  g_autofree char *printable = result_printable_key (key.data, key.length);
  account_result_fail (self->removal->account->result, self->plan->text, printable,
                       self->entries[at].subject, error);
}

static gboolean
goes_to_target (const Removal *self, const RemovalPlan *plan)
{
  return self->target != NULL
         && !haul_path_equal ((HaulPath) self->target, (HaulPath) plan->path);
}

static gboolean
call_remove (Session *session, gpointer data, GError **error)
{
  Part *self = data;
  if (!session_enter (session, (HaulPath) self->plan->path, HAUL_ENTER_WRITE, NULL,
                      error))
    return FALSE;
  gboolean ok = goes_to_target (self->removal, self->plan)
                    ? session_move (session, (HaulPath) self->removal->target, self->keys,
                                    self->count, on_result, self, error)
                    : session_expunge (session, self->keys, self->count, on_result, self,
                                       error);
  return ok && session_leave (session, error);
}

static void
fill_entries (Part *self)
{
  const Removal *removal = self->removal;
  gboolean source = self->plan->side == STATE_SIDE_SOURCE;
  for (guint i = 0; i < self->count; i++)
    {
      const Doomed *doomed = &g_array_index (self->plan->doomed, Doomed, self->from + i);
      self->entries[i] = (StateRemoval){
        .run_id = removal->account->run_id,
        .time_unix = g_get_real_time () / G_USEC_PER_SEC,
        .side = self->plan->side,
        .folder = self->plan->text,
        .destination_key = source ? HAUL_NO_BYTES : self->keys[i],
        .source_key = source ? self->keys[i] : view (doomed->source_key),
        .reason = removal->reason,
        .mode = goes_to_target (removal, self->plan) ? STATE_REMOVAL_TRASH
                                                     : STATE_REMOVAL_EXPUNGE,
        .message_id = doomed->message_id,
        .subject = doomed->subject,
        .size_bytes = doomed->size_bytes,
        .date_unix = doomed->date_unix,
      };
    }
}

void
removal_post (Removal *self, const RemovalPlan *plan, ActionKind action,
              const Doomed *doomed, const char *text)
{
  if (!self->account->request->actions)
    return;
  Event event = { .kind = EVENT_ACTION,
                  .account = self->account->result->name,
                  .folder = plan->source_text,
                  .destination = plan->side == STATE_SIDE_DESTINATION ? plan->text : NULL,
                  .text = text,
                  .action = action };
  if (doomed != NULL)
    event.key = view (doomed->key);
  if (doomed != NULL && doomed->size_bytes != HAUL_SIZE_UNKNOWN)
    event.bytes = doomed->size_bytes;
  events_post (self->account->events, &event);
}

static void
tell (Part *self)
{
  gboolean source = self->plan->side == STATE_SIDE_SOURCE;
  for (guint i = 0; i < self->count; i++)
    {
      const Doomed *doomed = &g_array_index (self->plan->doomed, Doomed, self->from + i);
      removal_post (self->removal, self->plan,
                    source ? ACTION_DELETE_SOURCE : ACTION_DELETE, doomed,
                    source ? removal_source_way (self->removal->account->job)
                           : doomed->subject);
    }
}

static gboolean
make_part (Part *self, GError **error)
{
  Account *account = self->removal->account;
  RemovalPlan *plan = self->plan;
  Ledger *ledger = &plan->result->ledger;
  gint64 folder_id = plan->row != NULL ? plan->row->id : 0;
  guint64 *counter = plan->side == STATE_SIDE_SOURCE ? &ledger->taken : &ledger->deleted;
  if (!removal_call (self->removal, plan->side, call_describe, self, error))
    return FALSE;
  tell (self);
  if (account->dry_run)
    {
      *counter += self->count;
      return TRUE;
    }
  fill_entries (self);
  if (!state_removals_intend (account->state, folder_id, self->entries, self->count,
                              error)
      || !removal_call (self->removal, plan->side, call_remove, self, error))
    return FALSE;
  *counter += self->done;
  return state_removals_end (account->state, folder_id, self->entries, self->count,
                             error);
}

/* What was known of the folder's end is so no longer. */
static gboolean
forget_status (Removal *self, RemovalPlan *plan, GError **error)
{
  if (self->account->dry_run || plan->row == NULL || plan->row->id == 0
      || plan->side == STATE_SIDE_SOURCE)
    return TRUE;
  g_clear_pointer (&plan->row->watch, g_bytes_unref);
  g_clear_pointer (&plan->row->destination_token, g_bytes_unref);
  return state_folder_save (self->account->state, plan->row, FALSE, error);
}

static gboolean
make_plan (Removal *self, RemovalPlan *plan, GError **error)
{
  guint32 caps = plan->side == STATE_SIDE_SOURCE
                     ? self->lane->source_caps
                     : destination_caps (self->lane->destination);
  /* where keys may change with what goes before them, all go at once */
  guint batch = (caps & HAUL_CAP_STABLE_KEYS) ? REMOVE_BATCH : plan->doomed->len;
  plan->result->ledger.kept += plan->changed;
  for (guint at = 0; at < plan->doomed->len && !lane_should_stop (self->lane);
       at += batch)
    {
      Part part;
      part_init (&part, self, plan, at, MIN (batch, plan->doomed->len - at));
      gboolean ok = make_part (&part, error);
      part_clear (&part);
      if (!ok)
        return FALSE;
    }
  return plan->doomed->len == 0 || forget_status (self, plan, error);
}

/* ---- what killed runs left in the journal ---- */

static gboolean
end_broken (Removal *self, const RemovalPlan *plan, GError **error)
{
  for (guint i = 0; plan->present != NULL && i < self->broken->len; i++)
    {
      const BrokenRemoval *broken = self->broken->pdata[i];
      if (broken->side != plan->side || strcmp (broken->folder, plan->text) != 0)
        continue;
      gboolean there = key_set_contains (plan->present, view (broken->key));
      StateRemoval entry = { .id = broken->id,
                             .side = broken->side,
                             .source_key = view (broken->source_key),
                             .state = there ? STATE_REMOVAL_FAILED : STATE_REMOVAL_DONE };
      if (!state_removals_end (self->account->state,
                               plan->row != NULL ? plan->row->id : 0, &entry, 1, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- folders ---- */

typedef struct
{
  RemovalPlan *plan;
  gboolean removed;
} FolderRemoval;

static gboolean
call_remove_folder (Session *session, gpointer data, GError **error)
{
  FolderRemoval *self = data;
  KeySet *left = NULL;
  if (!removal_list_keys (session, (HaulPath) self->plan->path, &left, NULL, error))
    return FALSE;
  gboolean empty = key_set_count (left) == 0;
  key_set_free (left);
  if (!empty)
    return TRUE;
  self->removed = session_remove (session, (HaulPath) self->plan->path, error);
  return self->removed;
}

/* Nothing lies below it any more, as far as this run knows. */
static gboolean
has_children (const Removal *self, const RemovalPlan *plan, GHashTable *removed)
{
  for (guint i = 0; i < self->set->destinations->len; i++)
    {
      const FolderInfo *info = self->set->destinations->pdata[i];
      if (strcmp (info->text, plan->text) != 0
          && haul_path_has_prefix ((HaulPath) info->path, (HaulPath) plan->path)
          && !g_hash_table_contains (removed, info->text))
        return TRUE;
    }
  return FALSE;
}

static gboolean
forget_row (Removal *self, RemovalPlan *plan, GError **error)
{
  StateFolder *row = plan->row;
  if (row == NULL || row->id == 0)
    return TRUE;
  row->clean = FALSE;
  g_clear_pointer (&row->source_token, g_bytes_unref);
  g_clear_pointer (&row->destination_mark, g_bytes_unref);
  row->destination_validity = 0;
  return state_folder_forget (self->account->state, row->id, error)
         && forget_status (self, plan, error);
}

static gboolean
remove_folder (Removal *self, RemovalPlan *plan, GHashTable *removed, GError **error)
{
  g_autoptr (GError) reason = NULL;
  FolderRemoval folder = { plan, self->account->dry_run };
  if (has_children (self, plan, removed) || plan->changed > 0)
    return TRUE;
  removal_post (self, plan, ACTION_DELETE_FOLDER, NULL, NULL);
  if (!self->account->dry_run
      && !removal_call (self, STATE_SIDE_DESTINATION, call_remove_folder, &folder,
                        &reason))
    {
      if (haul_error_scope (reason) >= HAUL_SCOPE_SESSION)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
      account_result_notice (self->account->result, "folder '%s' is left: %s", plan->text,
                             reason->message);
    }
  if (folder.removed)
    g_hash_table_add (removed, plan->text);
  return !folder.removed || self->account->dry_run || forget_row (self, plan, error);
}

/* Children come first. */
static gint
by_depth (gconstpointer a, gconstpointer b)
{
  const RemovalPlan *first = *(RemovalPlan *const *) a,
                    *second = *(RemovalPlan *const *) b;
  guint left = g_strv_length (first->path), right = g_strv_length (second->path);
  return left != right ? (left > right ? -1 : 1) : strcmp (first->text, second->text);
}

static gboolean
remove_folders (Removal *self, GError **error)
{
  g_autoptr (GHashTable) removed = g_hash_table_new (g_str_hash, g_str_equal);
  g_ptr_array_sort (self->plans, by_depth);
  for (guint i = 0; i < self->plans->len && !lane_should_stop (self->lane); i++)
    {
      RemovalPlan *plan = self->plans->pdata[i];
      if (plan->remove && !remove_folder (self, plan, removed, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
removal_make (Removal *self, GError **error)
{
  for (guint i = 0; i < self->plans->len; i++)
    {
      RemovalPlan *plan = self->plans->pdata[i];
      if ((!self->account->dry_run && !end_broken (self, plan, error))
          || !make_plan (self, plan, error))
        return FALSE;
    }
  return remove_folders (self, error);
}

/* ---- where they go ---- */

static void
on_created (HaulPath path, const GError *error, gpointer user_data)
{
  GError **reason = user_data;
  if (error != NULL && *reason == NULL)
    *reason = g_error_copy (error);
}

static gboolean
call_create (Session *session, gpointer data, GError **error)
{
  GError *reason = NULL;
  if (!session_create (session, data, 1, on_created, &reason, error))
    {
      g_clear_error (&reason);
      return FALSE;
    }
  if (reason == NULL)
    return TRUE;
  g_propagate_prefixed_error (error, reason,
                              "create the folder that messages are moved to: ");
  return FALSE;
}

void
removal_find_trash (Removal *self)
{
  static const char *const usual[] = { "Trash", NULL };
  const FolderInfo *found = NULL;
  for (guint i = 0; i < self->set->destinations->len; i++)
    {
      const FolderInfo *info = self->set->destinations->pdata[i];
      if ((info->special_use & HAUL_USE_TRASH)
          || (found == NULL && strcmp (info->text, usual[0]) == 0))
        found = info;
      if (info->special_use & HAUL_USE_TRASH)
        break;
    }
  self->trash = haul_path_copy (found != NULL ? (HaulPath) found->path : usual);
  if (!self->account->job->deletion_trash)
    return;
  self->target = haul_path_copy ((HaulPath) self->trash);
  self->target_missing = found == NULL;
}

gboolean
removal_make_target (Removal *self, StateSide side, GError **error)
{
  if (!self->target_missing || self->account->dry_run)
    return TRUE;
  self->target_missing = FALSE;
  HaulFolder folder = HAUL_FOLDER_INIT;
  folder.path = (HaulPath) self->target;
  folder.special_use = side == STATE_SIDE_DESTINATION ? HAUL_USE_TRASH : 0;
  return removal_call (self, side, call_create, &folder, error);
}
