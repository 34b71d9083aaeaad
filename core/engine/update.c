/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flag changes of one folder, applied at the destination in one batch and then recorded
 * as synced. Calls run on the destination's thread while the lane's thread waits.
 */
#include "engine/flags.h"
#include "engine/lane.h"

#include "model/keywords.h"

void
flag_change_free (FlagChange *self)
{
  if (self == NULL)
    return;
  g_bytes_unref (self->source_key);
  g_bytes_unref (self->destination_key);
  g_free (self->keywords_now);
  g_free (self->keywords_last);
  g_free (self->keywords_there);
  g_free (self);
}

void
pass_add_change (Pass *self, FlagChange *change)
{
  g_ptr_array_add (self->changes, change);
}

/* What one change means for the destination. Owned strings behind a HaulChange. */
typedef struct
{
  FlagChange *change;
  HaulChange wire;
  char **add_words;
  char **remove_words;
} Prepared;

static void
prepared_clear (gpointer data)
{
  Prepared *prepared = data;
  g_strfreev (prepared->add_words);
  g_strfreev (prepared->remove_words);
}

static HaulBytes
bytes_view (GBytes *bytes)
{
  HaulBytes view = HAUL_NO_BYTES;
  view.data = g_bytes_get_data (bytes, &view.length);
  return view;
}

static Prepared
prepare (FlagChange *change, JobFlags policy)
{
  Prepared prepared = { .change = change };
  FlagsView last = { change->flags_last, change->keywords_last };
  FlagsView there = { change->flags_there, change->keywords_there };
  /* Where the two meet first, what the destination has was never synced. */
  FlagsInput input = { .source = { change->flags_now, change->keywords_now },
                       .destination = change->looked ? &there : &last,
                       .last = change->only_add ? NULL : &last,
                       .policy = policy };
  g_auto (FlagsMerge) merge = { 0 };
  flags_merge (&input, &merge);
  prepared.add_words = keywords_split (merge.add_keywords);
  prepared.remove_words = keywords_split (merge.remove_keywords);
  prepared.wire.key = bytes_view (change->destination_key);
  prepared.wire.add_flags = merge.add_flags;
  prepared.wire.remove_flags = merge.remove_flags;
  prepared.wire.add_keywords = (const char *const *) prepared.add_words;
  prepared.wire.remove_keywords = (const char *const *) prepared.remove_words;
  return prepared;
}

/* "+\Seen -$Work" for reports. (transfer full) */
static char *
describe (const Prepared *prepared)
{
  GString *text = g_string_new (NULL);
  for (guint bit = 1; bit <= HAUL_FLAG_DRAFT; bit <<= 1)
    {
      if (prepared->wire.add_flags & bit)
        g_string_append_printf (text, " +%s", haul_flag_name (bit));
      if (prepared->wire.remove_flags & bit)
        g_string_append_printf (text, " -%s", haul_flag_name (bit));
    }
  for (char **word = prepared->add_words; *word != NULL; word++)
    g_string_append_printf (text, " +%s", *word);
  for (char **word = prepared->remove_words; *word != NULL; word++)
    g_string_append_printf (text, " -%s", *word);
  if (text->len > 0)
    g_string_erase (text, 0, 1);
  return g_string_free (text, FALSE);
}

/* One batch on its way through the destination's thread. */
typedef struct
{
  Pass *pass;
  GArray *prepared;   /* of Prepared, in the order of the batch */
  GHashTable *by_key; /* GBytes → index + 1 */
  GError *error;      /* of the state */
} Batch;

static void
on_result (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  Batch *batch = user_data;
  Pass *self = batch->pass;
  g_autoptr (GBytes) wanted = g_bytes_new_static (key.data, key.length);
  guint found = GPOINTER_TO_UINT (g_hash_table_lookup (batch->by_key, wanted));
  if (found == 0)
    return;
  FlagChange *change = g_array_index (batch->prepared, Prepared, found - 1).change;
  gboolean gone = g_error_matches (error, HAUL_ERROR, HAUL_ERROR_GONE);
  if (error != NULL && !gone)
    {
      self->update_failures++;
      if (self->update_error == NULL)
        self->update_error = g_error_copy (error);
      return;
    }
  /* Gone: a user deleted it at the destination; it stays deleted, and counts as synced.
   */
  if (!gone)
    self->ledger.flags_updated++;
  if (batch->error == NULL)
    (void) state_flags (self->lane->account->state, self->row->id,
                        bytes_view (change->source_key), change->flags_now,
                        change->keywords_now, new_key, &batch->error);
}

static gboolean
call_update (Session *session, gpointer data, GError **error)
{
  Batch *batch = data;
  g_autofree HaulChange *changes = g_new (HaulChange, batch->prepared->len);
  g_autofree char *asked = g_strdup ("");
  for (guint i = 0; i < batch->prepared->len; i++)
    {
      const Prepared *prepared = &g_array_index (batch->prepared, Prepared, i);
      changes[i] = prepared->wire;
      g_autofree char *add = keywords_join ((const char *const *) prepared->add_words);
      g_autofree char *all = keywords_union (asked, add);
      g_free (asked);
      asked = g_steal_pointer (&all);
    }
  return session_enter (session, (HaulPath) batch->pass->pair->destination_path,
                        HAUL_ENTER_WRITE, NULL, error)
         && session_update (session, changes, batch->prepared->len, on_result, batch,
                            error)
         && flags_learn (batch->pass, session, asked, error);
}

/* A change that asks nothing of the destination is synced at once. */
static gboolean
is_empty (const Prepared *prepared)
{
  return prepared->wire.add_flags == 0 && prepared->wire.remove_flags == 0
         && prepared->add_words[0] == NULL && prepared->remove_words[0] == NULL;
}

gboolean
pass_update (Pass *self, GError **error)
{
  Account *account = self->lane->account;
  Batch batch = { .pass = self };
  batch.prepared = g_array_new (FALSE, FALSE, sizeof (Prepared));
  g_array_set_clear_func (batch.prepared, prepared_clear);
  batch.by_key = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < self->changes->len; i++)
    {
      FlagChange *change = self->changes->pdata[i];
      Prepared prepared = prepare (change, account->job->flags);
      if (is_empty (&prepared) || g_bytes_get_size (change->destination_key) == 0)
        {
          prepared_clear (&prepared);
          if (!account->dry_run)
            ok = state_flags (account->state, self->row->id,
                              bytes_view (change->source_key), change->flags_now,
                              change->keywords_now, HAUL_NO_BYTES, error);
          continue;
        }
      g_autofree char *text = describe (&prepared);
      pass_post_action (self, ACTION_FLAGS, bytes_view (change->source_key), 0, text);
      g_array_append_val (batch.prepared, prepared);
      g_hash_table_insert (batch.by_key, change->destination_key,
                           GUINT_TO_POINTER (batch.prepared->len));
    }
  if (ok && batch.prepared->len > 0 && account->dry_run)
    self->ledger.flags_updated += batch.prepared->len;
  else if (ok && batch.prepared->len > 0)
    ok = destination_call (self->lane->destination, call_update, &batch, error);
  if (ok && batch.error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&batch.error));
      ok = FALSE;
    }
  g_clear_error (&batch.error);
  g_hash_table_unref (batch.by_key);
  g_array_unref (batch.prepared);
  return ok;
}
