/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Marks in the state what a whole listing of the source no longer had, and takes the mark
 * back from what is there again. Deletes nothing: that is decided at the end of the
 * account, from looks of its own. Lane's thread.
 */
#include "engine/removal.h"

/* MARKS_BATCH: rows marked in one transaction. */
#define MARKS_BATCH 256u

typedef struct
{
  Pass *pass;
  GPtrArray *keys; /* of GBytes: the rows to be marked */
} Search;

/* A row whose message the listing did not have. */
static gboolean
on_row (const StateMessage *row, gpointer user_data, GError **error)
{
  Search *self = user_data;
  if (row->gone == STATE_AT_SOURCE
      && !key_set_contains (self->pass->all_listed, row->source_key))
    g_ptr_array_add (self->keys,
                     g_bytes_new (row->source_key.data, row->source_key.length));
  return TRUE;
}

static gboolean
mark (Pass *pass, GPtrArray *keys, StateGone gone, GError **error)
{
  HaulBytes batch[MARKS_BATCH];
  for (guint at = 0; at < keys->len;)
    {
      guint count = 0;
      for (; count < MARKS_BATCH && at < keys->len; count++, at++)
        batch[count].data = g_bytes_get_data (keys->pdata[at], &batch[count].length);
      if (!state_set_gone (pass->lane->account->state, pass->row->id, batch, count, gone,
                           error))
        return FALSE;
    }
  return TRUE;
}

gboolean
removal_mark_gone (Pass *pass, GError **error)
{
  if (pass->lane->account->dry_run || pass->row->id == 0)
    return TRUE;
  if (pass->returned != NULL && !mark (pass, pass->returned, STATE_AT_SOURCE, error))
    return FALSE;
  if (pass->delta)
    return pass->gone_keys == NULL || mark (pass, pass->gone_keys, STATE_GONE, error);
  if (pass->all_listed == NULL)
    return TRUE;
  g_autoptr (GPtrArray)
      keys = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  Search search = { pass, keys };
  return state_messages (pass->lane->account->state, pass->row->id, STATE_DELIVERED,
                         on_row, &search, error)
         && mark (pass, keys, STATE_GONE, error);
}
