/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the moves that were found, one pair of folders after the other: intents, then the
 * call, then rows. What a user removed at the destination stays removed, wherever the
 * source has it now. Lane's thread; the calls run on the destination's.
 */
#include "engine/moves-private.h"

/* Batch: the moves from one folder to another. */
typedef struct
{
  Moves *moves;
  MoveFolder *from, *to;
  const Move *first;
  guint count;
  char **from_path;     /* at the destination */
  GArray *rows;         /* of StateMessage: as they will be, for each move */
  GPtrArray *new_keys;  /* of GBytes or NULL, likewise */
  GPtrArray *errors;    /* of GError or NULL, likewise */
  GArray *asked;        /* of guint: the moves that the destination is asked for */
  GHashTable *by_key;   /* destination key (GBytes) → number of the move + 1 */
  guint moved, removed; /* what came of it */
} Batch;

static HaulBytes
view (GBytes *bytes)
{
  HaulBytes result = HAUL_NO_BYTES;
  result.data = g_bytes_get_data (bytes, &result.length);
  return result;
}

static Vanished *
vanished_of (const Batch *self, guint number)
{
  return &g_array_index (self->moves->vanished, Vanished, self->first[number].vanished);
}

static HaulBytes
new_source_key (const Batch *self, guint number)
{
  guint position = self->first[number].position;
  return records_key (self->to->pass->records,
                      g_array_index (self->to->side.positions, guint, position));
}

static void
free_error (gpointer error)
{
  if (error != NULL)
    g_error_free (error);
}

static void
free_key (gpointer key)
{
  if (key != NULL)
    g_bytes_unref (key);
}

static void
batch_clear (Batch *self)
{
  g_strfreev (self->from_path);
  g_array_unref (self->rows);
  g_ptr_array_unref (self->new_keys);
  g_ptr_array_unref (self->errors);
  g_array_unref (self->asked);
  g_hash_table_unref (self->by_key);
}

static const FolderInfo *
find_destination (const Moves *self, const char *text)
{
  for (guint i = 0; i < self->set->destinations->len; i++)
    {
      const FolderInfo *info = self->set->destinations->pdata[i];
      if (g_str_equal (info->text, text))
        return info;
    }
  return NULL;
}

/* The folder is there, and the keys of its rows still mean something. */
static gboolean
has_valid_keys (const FolderInfo *info, const StateFolder *row)
{
  return info != NULL
         && (row == NULL || row->destination_validity == 0
             || !(info->status.known & HAUL_STATUS_UIDVALIDITY)
             || info->status.uid_validity == row->destination_validity);
}

static gboolean
is_within (const Batch *self)
{
  return self->from == self->to;
}

/* ---- the call ---- */

static void
on_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  Batch *self = user_data;
  g_autoptr (GBytes) wanted = g_bytes_new_static (key.data, key.length);
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (self->by_key, wanted));
  if (number == 0)
    return;
  if (error != NULL)
    self->errors->pdata[number - 1] = g_error_copy (error);
  else
    self->new_keys->pdata[number - 1] = g_bytes_new (new_key.data, new_key.length);
}

static gboolean
call_move (Session *session, gpointer data, GError **error)
{
  Batch *self = data;
  HaulPath to = (HaulPath) self->to->pair->destination_path;
  g_autofree HaulBytes *keys = g_new0 (HaulBytes, self->asked->len);
  for (guint i = 0; i < self->asked->len; i++)
    keys[i] = vanished_of (self, g_array_index (self->asked, guint, i))
                  ->copy.row.destination_key;
  if (!session_enter (session, (HaulPath) self->from_path,
                      self->moves->stays ? HAUL_ENTER_READ : HAUL_ENTER_WRITE, NULL,
                      error))
    return FALSE;
  gboolean ok = self->moves->stays ? session_copy (session, to, keys, self->asked->len,
                                                   on_result, self, error)
                                   : session_move (session, to, keys, self->asked->len,
                                                   on_result, self, error);
  return ok;
}

/* ---- rows ---- */

/* Before the first effect, as a pass does: where the folder ends, and what is under way.
 */
static gboolean
write_intents (Batch *self, GError **error)
{
  State *state = self->moves->lane->account->state;
  StateFolder *row = self->to->row;
  const FolderInfo *destination = self->to->pair->destination;
  g_autofree StateMessage *intents = g_new0 (StateMessage, self->asked->len);
  g_autofree const StateMessage **pointers = g_new0 (const StateMessage *,
                                                     self->asked->len);
  if (row->clean || row->destination_mark == NULL)
    {
      g_clear_pointer (&row->destination_mark, g_bytes_unref);
      if (destination->mark != NULL)
        row->destination_mark = g_bytes_ref (destination->mark);
    }
  if (destination->status.known & HAUL_STATUS_UIDVALIDITY)
    row->destination_validity = destination->status.uid_validity;
  row->clean = FALSE;
  for (guint i = 0; i < self->asked->len; i++)
    {
      guint number = g_array_index (self->asked, guint, i);
      intents[i] = g_array_index (self->rows, StateMessage, number);
      intents[i].outcome = STATE_INTENT;
      intents[i].destination_key = HAUL_NO_BYTES;
      intents[i].reason = NULL;
      pointers[i] = &intents[i];
    }
  return state_folder_save (state, row, TRUE, error)
         && state_write (state, row->id, pointers, self->asked->len, TRUE, error);
}

/* What became of each: rows in the new folder, and none any more in the old one. */
static gboolean
write_rows (Batch *self, GError **error)
{
  State *state = self->moves->lane->account->state;
  for (guint i = 0; i < self->count; i++)
    {
      StateMessage row = g_array_index (self->rows, StateMessage, i);
      const StateMessage *pointer = &row;
      const GError *failure = self->errors->pdata[i];
      gboolean gone = g_error_matches (failure, HAUL_ERROR, HAUL_ERROR_GONE);
      HaulBytes old_key = vanished_of (self, i)->copy.row.source_key;
      if (g_error_matches (failure, HAUL_ERROR, HAUL_ERROR_BUSY))
        continue;
      if (failure != NULL && !gone)
        {
          if (!state_remove (state, self->to->row->id, &row.source_key, 1, error))
            return FALSE;
          continue;
        }
      if (gone)
        row.outcome = STATE_REMOVED;
      if (self->new_keys->pdata[i] != NULL)
        row.destination_key = view (self->new_keys->pdata[i]);
      else if (!is_within (self))
        row.destination_key = HAUL_NO_BYTES;
      self->moved++;
      self->removed += row.outcome == STATE_REMOVED ? 1 : 0;
      if (!state_write (state, self->to->row->id, &pointer, 1, FALSE, error)
          || ((!self->moves->stays || is_within (self))
              && !state_remove (state, self->from->row->id, &old_key, 1, error)))
        return FALSE;
    }
  return TRUE;
}

static void
take_off (guint64 *number, guint count)
{
  *number -= MIN (*number, count);
}

/* The books of both folders; their listings at the destination are out of date. */
static gboolean
save_folders (Batch *self, gboolean was_clean, GError **error)
{
  State *state = self->moves->lane->account->state;
  StateFolder *from = self->from->row, *to = self->to->row;
  to->clean = was_clean;
  if (!is_within (self))
    {
      to->messages += self->moved;
      to->removed += self->removed;
      g_clear_pointer (&to->destination_token, g_bytes_unref);
    }
  if (!is_within (self) && !self->moves->stays)
    {
      take_off (&from->messages, self->moved);
      take_off (&from->removed, self->removed);
      g_clear_pointer (&from->destination_token, g_bytes_unref);
      if (!state_folder_save (state, from, FALSE, error))
        return FALSE;
    }
  self->to->result->moved += self->moved;
  return state_folder_save (state, to, FALSE, error);
}

/* ---- one batch ---- */

static void
tell (Batch *self, guint number)
{
  g_autofree char *text = g_strdup_printf ("%s from %s",
                                           self->moves->stays ? "copied" : "moved",
                                           self->from->row->destination_path);
  pass_post_action (self->to->pass, ACTION_MOVE, new_source_key (self, number), 0, text);
}

static void
planned_free (gpointer data)
{
  row_copy_clear (data);
  g_free (data);
}

/* One key for a message of a folder, among those of all. */
static GBytes *
planned_key (gint64 folder_id, HaulBytes key)
{
  GByteArray *bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const guint8 *) &folder_id, sizeof folder_id);
  g_byte_array_append (bytes, key.data, (guint) key.length);
  return g_byte_array_free_to_bytes (bytes);
}

gboolean
moves_would_take (const Account *account, gint64 folder_id, HaulBytes key)
{
  if (account->planned_leaves == NULL)
    return FALSE;
  g_autoptr (GBytes) joined = planned_key (folder_id, key);
  return key_set_contains (account->planned_leaves, view (joined));
}

static void
remember_leaving (Batch *self, HaulBytes key)
{
  Account *account = self->moves->lane->account;
  g_autoptr (GBytes) joined = planned_key (self->from->row->id, key);
  if (account->planned_leaves == NULL)
    account->planned_leaves = key_set_new ();
  key_set_add (account->planned_leaves, view (joined));
}

/* The pass of the new folder meets them as if they had rows there. */
static void
remember_planned (Batch *self)
{
  Account *account = self->moves->lane->account;
  if (account->planned_moves == NULL)
    account->planned_moves = g_hash_table_new_full (NULL, NULL, NULL,
                                                    (GDestroyNotify) g_hash_table_unref);
  GHashTable *rows = g_hash_table_lookup (account->planned_moves, self->to->pair);
  if (rows == NULL)
    {
      rows = g_hash_table_new_full (g_bytes_hash, g_bytes_equal,
                                    (GDestroyNotify) g_bytes_unref, planned_free);
      g_hash_table_insert (account->planned_moves, self->to->pair, rows);
    }
  for (guint i = 0; i < self->count; i++)
    {
      RowCopy *copy = g_new0 (RowCopy, 1);
      HaulBytes key = new_source_key (self, i);
      row_copy_init (copy, &g_array_index (self->rows, StateMessage, i));
      g_hash_table_insert (rows, g_bytes_new (key.data, key.length), copy);
      if (copy->row.destination_key.length > 0)
        remember_leaving (self, copy->row.destination_key);
    }
  self->to->result->moved += self->asked->len;
}

/* What a user removed at the destination must be known before anything is intended. */
static gboolean
watch (Batch *self, GError **error)
{
  MoveFolder *from = self->from;
  Account *account = self->moves->lane->account;
  if (from->pass == NULL || from->watched)
    return TRUE;
  from->watched = TRUE;
  return pass_watch (from->pass, error)
         && (account->dry_run
             || state_folder_save (account->state, from->row, FALSE, error));
}

/* It is no longer where it was, and may be where it was to go: the pass will look. */
static gboolean
is_in_doubt (const Batch *self, guint number, const StateMessage *row)
{
  guint position = self->first[number].position;
  guint index = g_array_index (self->to->side.positions, guint, position);
  return row->outcome == STATE_REMOVED
         && records_get (self->to->pass->records, index)->tag == RECORD_SUSPECT;
}

static gboolean
is_removed (const Batch *self, const StateMessage *row)
{
  return self->from->pass != NULL ? pass_is_removed (self->from->pass, row)
                                  : row->outcome == STATE_REMOVED;
}

static void
prepare (Batch *self)
{
  for (guint i = 0; i < self->count; i++)
    {
      const Vanished *vanished = vanished_of (self, i);
      StateMessage row = vanished->copy.row;
      if (is_removed (self, &row))
        row.outcome = STATE_REMOVED;
      row.source_key = new_source_key (self, i);
      row.gone = STATE_AT_SOURCE;
      g_array_append_val (self->rows, row);
      g_ptr_array_add (self->new_keys, NULL);
      g_ptr_array_add (self->errors, NULL);
      if (is_in_doubt (self, i, &row))
        (void) haul_error_set ((GError **) &self->errors->pdata[i], HAUL_ERROR_BUSY,
                               HAUL_SCOPE_MESSAGE, "move message: in doubt");
      if (row.outcome == STATE_REMOVED || is_within (self))
        continue;
      g_array_append_val (self->asked, i);
      g_hash_table_insert (self->by_key, vanished->copy.destination_key,
                           GUINT_TO_POINTER (i + 1));
      tell (self, i);
    }
}

static gboolean
make_row (Batch *self, GError **error)
{
  MoveFolder *to = self->to;
  if (to->row != NULL)
    return TRUE;
  to->row = to->pass->row = state_folder_load (self->moves->lane->account->state,
                                               to->pair->source->text,
                                               to->pair->destination_text, error);
  if (to->row == NULL)
    return FALSE;
  const HaulFolderStatus *status = &to->pair->source->status;
  to->row->source_validity = status->known & HAUL_STATUS_UIDVALIDITY
                                 ? status->uid_validity
                                 : 0;
  return TRUE;
}

/* Asks the destination. What it cannot do is left to the passes, as if nobody had asked;
 * what broke off is in doubt, and so are its intents. */
static gboolean
ask (Batch *self, GError **error)
{
  g_autoptr (GError) reason = NULL;
  if (self->asked->len == 0)
    return TRUE;
  if (!write_intents (self, error))
    return FALSE;
  if (destination_call (self->moves->lane->destination, call_move, self, &reason))
    return TRUE;
  if (reason->domain != HAUL_ERROR || haul_error_scope (reason) > HAUL_SCOPE_FOLDER
      || !g_error_matches (reason, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED))
    {
      self->to->pair->stale = TRUE;
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  self->moves->refused = TRUE;
  for (guint i = 0; i < self->asked->len; i++)
    self->errors->pdata[g_array_index (self->asked, guint, i)] = g_error_copy (reason);
  return TRUE;
}

static gboolean
run_batch (Batch *self, GError **error)
{
  const Account *account = self->moves->lane->account;
  const FolderInfo *from = find_destination (self->moves,
                                             self->from->row->destination_path);
  const FolderInfo *to = self->to->pair->destination;
  if (!has_valid_keys (from, self->from->row)
      || (to == NULL ? !account->dry_run : !has_valid_keys (to, self->to->row)))
    return TRUE;
  if (!watch (self, error))
    return FALSE;
  self->from_path = g_strdupv (from->path);
  prepare (self);
  if (account->dry_run)
    {
      remember_planned (self);
      return TRUE;
    }
  if (!make_row (self, error))
    return FALSE;
  gboolean was_clean = self->to->row->clean;
  return ask (self, error) && write_rows (self, error)
         && save_folders (self, was_clean, error);
}

/* Rows without a destination key cannot be named there. */
static gboolean
is_nameable (const Moves *self, const Move *move)
{
  const StateMessage *row =
      &g_array_index (self->vanished, Vanished, move->vanished).copy.row;
  return row->destination_key.length > 0 || row->outcome == STATE_REMOVED
         || move->from == move->to;
}

gboolean
moves_apply (Moves *self, GError **error)
{
  for (guint i = self->moves->len; i > 0; i--)
    if (!is_nameable (self, &g_array_index (self->moves, Move, i - 1)))
      g_array_remove_index (self->moves, i - 1);
  for (guint at = 0; at < self->moves->len && !self->refused;)
    {
      const Move *first = &g_array_index (self->moves, Move, at);
      guint count = 0;
      for (; at < self->moves->len && first[count].from == first->from
             && first[count].to == first->to;
           at++)
        count++;
      Batch batch = { .moves = self,
                      .from = self->folders->pdata[first->from],
                      .to = self->folders->pdata[first->to],
                      .first = first,
                      .count = count };
      batch.rows = g_array_new (FALSE, FALSE, sizeof (StateMessage));
      batch.new_keys = g_ptr_array_new_with_free_func (free_key);
      batch.errors = g_ptr_array_new_with_free_func (free_error);
      batch.asked = g_array_new (FALSE, FALSE, sizeof (guint));
      batch.by_key = g_hash_table_new (g_bytes_hash, g_bytes_equal);
      gboolean ok = run_batch (&batch, error);
      batch_clear (&batch);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}
