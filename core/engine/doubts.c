/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Doubts: what a verification after a run found to differ is kept in the state, so that
 * the next run compares it again. Lane's thread.
 */
#include "engine/doubts.h"

static gboolean
on_doubt (const StateMessage *row, gpointer user_data, GError **error)
{
  if (row->reason != NULL)
    g_ptr_array_add (user_data,
                     g_bytes_new (row->source_key.data, row->source_key.length));
  return TRUE;
}

static HaulBytes
view (GBytes *bytes)
{
  HaulBytes result = HAUL_NO_BYTES;
  result.data = g_bytes_get_data (bytes, &result.length);
  return result;
}

/* Messages that differed before and no longer do. */
static gboolean
clear_doubts (State *state, gint64 folder_id, guint unverified, const KeySet *kept,
              GError **error)
{
  g_autoptr (GPtrArray)
      doubts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  if (!(unverified & STATE_UNVERIFIED_FOUND))
    return TRUE;
  if (!state_messages (state, folder_id, STATE_DELIVERED, on_doubt, doubts, error))
    return FALSE;
  for (guint i = 0; i < doubts->len; i++)
    {
      HaulBytes key = view (doubts->pdata[i]);
      if (!key_set_contains (kept, key)
          && !state_set_doubt (state, folder_id, key, NULL, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
doubts_keep (Lane *lane, StateFolder *row, guint unverified, guint first, GError **error)
{
  GPtrArray *differences = lane->account->result->differences;
  State *state = lane->account->state;
  KeySet *kept = key_set_new ();
  gboolean ok = TRUE;
  guint count = 0;
  for (guint i = first; ok && i < differences->len; i++)
    {
      const Difference *difference = differences->pdata[i];
      if (difference->source_key == NULL || difference->noted)
        continue;
      count++;
      key_set_add (kept, view (difference->source_key));
      ok = state_set_doubt (state, row->id, view (difference->source_key),
                            difference->reason, error);
    }
  ok = ok && clear_doubts (state, row->id, unverified, kept, error);
  key_set_free (kept);
  guint32 before = row->unverified;
  row->unverified = count > 0 ? STATE_UNVERIFIED_FOUND : 0;
  return ok
         && (row->unverified == before || state_folder_save (state, row, FALSE, error));
}
