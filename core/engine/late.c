/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settles twins: reads both copies, removes the one whose receipt we hold, and lets the
 * row name the other. What cannot be proved equal, or removed by itself, is left to a
 * person. Lane's thread; the destination is read and changed on its own meanwhile.
 */
#include "engine/late.h"

#include <string.h>

#include "engine/identify.h"
#include "model/keywords.h"

static void
twin_clear (gpointer data)
{
  Twin *twin = data;
  g_clear_pointer (&twin->key, g_bytes_unref);
  g_clear_pointer (&twin->keywords, g_free);
}

GArray *
late_new (void)
{
  GArray *twins = g_array_new (FALSE, FALSE, sizeof (Twin));
  g_array_set_clear_func (twins, twin_clear);
  return twins;
}

/* Pair: a twin on its way: our copy and the other. */
typedef struct
{
  const Twin *twin;
  GBytes *ours;     /* key by receipt; NULL: none, or other flags: not to be removed */
  gboolean equal;   /* both were read, and are the same bytes */
  gboolean removed; /* ours */
} LatePair;

/* Work: what the destination's thread does. */
typedef struct
{
  Pass *pass;
  LatePair *pairs;
  guint count;
} Work;

static void
pair_clear (LatePair *pair)
{
  g_clear_pointer (&pair->ours, g_bytes_unref);
}

static HaulBytes
view (GBytes *bytes)
{
  HaulBytes out = HAUL_NO_BYTES;
  out.data = g_bytes_get_data (bytes, &out.length);
  return out;
}

/* Which of the two goes is for a person to decide. */
static void
report (Pass *pass, const Twin *twin)
{
  HaulBytes key = records_key (pass->records, twin->index), other = view (twin->key);
  g_autofree char *ours = result_printable_key (key.data, key.length);
  g_autofree char *theirs = result_printable_key (other.data, other.length);
  g_autoptr (GError) error = NULL;
  (void) haul_error_set (&error, HAUL_ERROR_EXISTS, HAUL_SCOPE_MESSAGE,
                         "the destination holds the message twice: a connection broke "
                         "while it was stored, and that copy appeared only after it was "
                         "sent again; nothing was deleted, remove the copy '%s' by hand",
                         theirs);
  account_result_fail (pass->report, pass->pair->source->text, ours, NULL, error);
  Event event = { .kind = EVENT_FAILURE,
                  .account = pass->lane->account->result->name,
                  .folder = pass->pair->source->text,
                  .text = error->message,
                  .key = key };
  events_post (pass->lane->account->events, &event);
}

/* Our copy, if its receipt named it and the other has all that it has. */
static gboolean
find_ours (Pass *pass, LatePair *pair, GError **error)
{
  StateMessage row = { 0 };
  gboolean found = FALSE;
  HaulBytes key = records_key (pass->records, pair->twin->index);
  if (!state_cursor_find (pass->cursor, key, &row, &found, error))
    return FALSE;
  if (found && row.outcome == STATE_STORED && row.destination_key.length > 0
      && row.flags == pair->twin->flags
      && keywords_equal (row.keywords, pair->twin->keywords))
    pair->ours = g_bytes_new (row.destination_key.data, row.destination_key.length);
  return TRUE;
}

static void
compare (Work *work, const guint *which, const Identity *found, guint count)
{
  for (guint i = 0; i < count; i++)
    {
      const Identity *ours = &found[2 * i], *other = &found[2 * i + 1];
      work->pairs[which[i]].equal = (ours->known & IDENTITY_CONTENT)
                                    && (other->known & IDENTITY_CONTENT)
                                    && memcmp (ours->content, other->content,
                                               sizeof ours->content)
                                           == 0;
    }
}

/* Reads both copies of each pair. */
static gboolean
call_read (Session *session, gpointer data, GError **error)
{
  Work *work = data;
  g_autofree HaulBytes *keys = g_new (HaulBytes, 2 * (gsize) work->count);
  g_autofree Identity *found = g_new0 (Identity, 2 * (gsize) work->count);
  g_autofree guint *which = g_new (guint, work->count);
  guint count = 0;
  if (session_backend (session)->expunge == NULL)
    return TRUE;
  for (guint i = 0; i < work->count; i++)
    if (work->pairs[i].ours != NULL)
      {
        keys[2 * count] = view (work->pairs[i].ours);
        keys[2 * count + 1] = view (work->pairs[i].twin->key);
        which[count++] = i;
      }
  HaulPath path = (HaulPath) work->pass->pair->destination_path;
  if (count > 0
      && (!session_enter (session, path, HAUL_ENTER_READ, NULL, error)
          || !identify_fetch (session, keys, 2 * count, found, error)
          || !session_leave (session, error)))
    return FALSE;
  compare (work, which, found, count);
  return TRUE;
}

static void
on_removed (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  Work *work = user_data;
  for (guint i = 0; error == NULL && i < work->count; i++)
    {
      LatePair *pair = &work->pairs[i];
      gsize length = 0;
      const void *ours = pair->ours != NULL ? g_bytes_get_data (pair->ours, &length)
                                            : NULL;
      if (pair->equal && length == key.length && memcmp (ours, key.data, length) == 0)
        pair->removed = TRUE;
    }
}

/* Removes our copy of those that are equal. What the destination refuses stays. */
static gboolean
call_remove (Session *session, gpointer data, GError **error)
{
  Work *work = data;
  g_autoptr (GError) local = NULL;
  g_autofree HaulBytes *keys = g_new (HaulBytes, work->count);
  guint count = 0;
  for (guint i = 0; i < work->count; i++)
    if (work->pairs[i].equal)
      keys[count++] = view (work->pairs[i].ours);
  if (count == 0)
    return TRUE;
  HaulPath path = (HaulPath) work->pass->pair->destination_path;
  if (session_enter (session, path, HAUL_ENTER_WRITE, NULL, &local)
      && session_expunge (session, keys, count, on_removed, work, &local)
      && session_leave (session, &local))
    return TRUE;
  if (haul_error_scope (local) < HAUL_SCOPE_SESSION)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* The message now is the other copy. */
static gboolean
rename_row (Pass *pass, const LatePair *pair, GError **error)
{
  StateReceipt receipt = { .folder_id = pass->row->id,
                           .source_key = records_key (pass->records, pair->twin->index),
                           .destination_key = view (pair->twin->key) };
  return state_receipts (pass->lane->account->state, &receipt, 1, error);
}

static gboolean
settle (Work *work, guint *out_removed, GError **error)
{
  Pass *pass = work->pass;
  for (guint i = 0; i < work->count; i++)
    if (!find_ours (pass, &work->pairs[i], error))
      return FALSE;
  if (!destination_call (pass->lane->destination, call_read, work, error)
      || !destination_call (pass->lane->destination, call_remove, work, error))
    return FALSE;
  for (guint i = 0; i < work->count; i++)
    {
      const LatePair *pair = &work->pairs[i];
      records_get (pass->records, pair->twin->index)->tag = RECORD_DONE;
      if (!pair->removed)
        report (pass, pair->twin);
      else if (!rename_row (pass, pair, error))
        return FALSE;
      *out_removed += pair->removed ? 1 : 0;
    }
  return TRUE;
}

gboolean
late_settle (Pass *pass, const GArray *twins, guint *out_removed, GError **error)
{
  g_autofree LatePair *pairs = g_new0 (LatePair, MAX (twins->len, 1));
  Work work = { .pass = pass, .pairs = pairs, .count = twins->len };
  guint removed = 0;
  for (guint i = 0; i < twins->len; i++)
    pairs[i].twin = &g_array_index (twins, Twin, i);
  gboolean ok = settle (&work, &removed, error);
  for (guint i = 0; i < twins->len; i++)
    pair_clear (&pairs[i]);
  if (ok && removed > 0)
    account_result_notice (
        pass->lane->account->result,
        "folder '%s': a lost session stored messages after they were "
        "sent again; one of two equal copies was removed (%u message%s)",
        pass->pair->source->text, removed, removed == 1 ? "" : "s");
  if (ok)
    *out_removed = removed;
  return ok;
}
