/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * duplicates="one": of messages of a folder that are equal byte by byte, one is at the
 * destination. Headers say who could be equal, only content decides. When the one that
 * was delivered leaves the source, an equal one takes over its row. Lane's thread.
 */
#include "engine/side.h"

#include <string.h>

#include "engine/identify.h"
#include "engine/row-copy.h"

/* REASON: in reports and in the state. */
#define REASON "duplicate of another message in the folder"

/* FEW: of so many listed messages one candidate is read whole rather than the headers of
 * all. */
#define FEW            16

#define HEADERS_LENGTH (sizeof ((Identity *) NULL)->headers)

/* Delivered: a row that could be a twin. */
typedef struct
{
  RowCopy copy;    /* first, so that it can be cleared */
  gboolean listed; /* its message is still at the source */
  gboolean taken;  /* a candidate took it over */
} Delivered;

/* Twins: the search. */
typedef struct
{
  Pass *pass;
  Side side;          /* the candidates */
  GHashTable *groups; /* 16 bytes of headers (borrowed) → GArray of position */
  GArray *delivered;  /* of Delivered */
} Twins;

static guint
headers_hash (gconstpointer data)
{
  guint hash;
  memcpy (&hash, data, sizeof hash);
  return hash;
}

static gboolean
headers_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, HEADERS_LENGTH) == 0;
}

static gboolean
is_candidate (Twins *self, guint position)
{
  guint index = g_array_index (self->side.positions, guint, position);
  guint32 tag = records_get (self->pass->records, index)->tag;
  return tag == RECORD_NEW || tag == RECORD_SUSPECT;
}

/* What a former run found out about those that it left out. */
static gboolean
recall (Twins *self, GError **error)
{
  for (guint i = 0; i < self->side.positions->len; i++)
    {
      guint index = g_array_index (self->side.positions, guint, i);
      HaulBytes key = records_key (self->pass->records, index);
      StateMessage row = { 0 };
      gboolean found = FALSE;
      if (!state_cursor_find (self->pass->cursor, key, &row, &found, error))
        return FALSE;
      if (found)
        self->side.identities[i] = row.identity;
    }
  return TRUE;
}

static gboolean
read_candidates (Twins *self, GError **error)
{
  g_autoptr (GArray) unread = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < self->side.positions->len; i++)
    if (!(self->side.identities[i].known & IDENTITY_HEADERS) && is_candidate (self, i))
      g_array_append_val (unread, i);
  if (unread->len > self->pass->ledger.seen / FEW)
    return side_read_headers (&self->side, error);
  return side_read_content (&self->side, unread, error);
}

static void
group_candidates (Twins *self)
{
  for (guint i = 0; i < self->side.positions->len; i++)
    {
      Identity *identity = &self->side.identities[i];
      if (!(identity->known & IDENTITY_HEADERS) || !is_candidate (self, i))
        continue;
      GArray *group = g_hash_table_lookup (self->groups, identity->headers);
      if (group == NULL)
        {
          group = g_array_new (FALSE, FALSE, sizeof (guint));
          g_hash_table_insert (self->groups, identity->headers, group);
        }
      g_array_append_val (group, i);
    }
}

static gboolean
on_row (const StateMessage *row, gpointer user_data, GError **error)
{
  Twins *self = user_data;
  if (!(row->identity.known & IDENTITY_HEADERS)
      || !g_hash_table_contains (self->groups, row->identity.headers))
    return TRUE;
  Delivered found = { .listed = key_set_contains (self->pass->listed, row->source_key) };
  row_copy_init (&found.copy, row);
  g_array_append_val (self->delivered, found);
  return TRUE;
}

/* Reads whole what could have a twin and is not known yet. */
static gboolean
read_content (Twins *self, GError **error)
{
  g_autoptr (GHashTable) met = g_hash_table_new (headers_hash, headers_equal);
  g_autoptr (GArray) which = g_array_new (FALSE, FALSE, sizeof (guint));
  GHashTableIter iter;
  gpointer headers, value;
  for (guint i = 0; i < self->delivered->len; i++)
    g_hash_table_add (
        met, g_array_index (self->delivered, Delivered, i).copy.row.identity.headers);
  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, &headers, &value))
    {
      const GArray *group = value;
      for (guint i = 0; i < group->len; i++)
        {
          guint at = g_array_index (group, guint, i);
          if ((group->len > 1 || g_hash_table_contains (met, headers))
              && !(self->side.identities[at].known & IDENTITY_CONTENT))
            g_array_append_val (which, at);
        }
    }
  /* The table's keys lie in what is replaced, with equal bytes. */
  return side_read_content (&self->side, which, error);
}

/* Delivered messages whose content is not known: they were found there, not copied. */
static gboolean
read_delivered (Twins *self, GError **error)
{
  guint count = self->delivered->len, wanted = 0;
  g_autofree HaulBytes *keys = g_new0 (HaulBytes, MAX (count, 1));
  g_autofree Identity *found = g_new0 (Identity, MAX (count, 1));
  g_autofree guint *which = g_new0 (guint, MAX (count, 1));
  for (guint i = 0; i < count; i++)
    {
      const Delivered *one = &g_array_index (self->delivered, Delivered, i);
      if ((one->copy.row.identity.known & IDENTITY_CONTENT) || !one->listed)
        continue;
      keys[wanted] = one->copy.row.source_key;
      which[wanted++] = i;
    }
  if (wanted == 0)
    return TRUE;
  if (!session_enter (self->pass->lane->source, (HaulPath) self->pass->pair->source->path,
                      HAUL_ENTER_READ, NULL, error)
      || !identify_fetch (self->pass->lane->source, keys, wanted, found, error))
    return FALSE;
  for (guint i = 0; i < wanted; i++)
    if (found[i].known & IDENTITY_CONTENT)
      g_array_index (self->delivered, Delivered, which[i]).copy.row.identity = found[i];
  return TRUE;
}

static gboolean
are_twins (const Identity *a, const Identity *b)
{
  return (a->known & b->known & IDENTITY_CONTENT)
         && memcmp (a->content, b->content, sizeof a->content) == 0;
}

/* The row of a message that left the source becomes the candidate's. */
static gboolean
take_over (Twins *self, guint position, Delivered *from, GError **error)
{
  Pass *pass = self->pass;
  guint index = g_array_index (self->side.positions, guint, position);
  StateMessage row = from->copy.row;
  const StateMessage *pointer = &row;
  row.source_key = records_key (pass->records, index);
  row.gone = STATE_AT_SOURCE;
  from->taken = from->listed = TRUE;
  records_get (pass->records, index)->tag = RECORD_CLAIMED;
  if (pass_is_removed (pass, &from->copy.row))
    pass->ledger.removed++;
  else
    pass->ledger.present++;
  State *state = pass->lane->account->state;
  return pass->lane->account->dry_run
         || (state_write (state, pass->row->id, &pointer, 1, FALSE, error)
             && state_remove (state, pass->row->id, &from->copy.row.source_key, 1,
                              error));
}

/* The delivered twin of a candidate, one that is listed before others; NULL: none. */
static Delivered *
find_delivered (Twins *self, const Identity *identity)
{
  Delivered *best = NULL;
  for (guint i = 0; i < self->delivered->len; i++)
    {
      Delivered *one = &g_array_index (self->delivered, Delivered, i);
      if (are_twins (&one->copy.row.identity, identity)
          && (best == NULL || !best->listed))
        best = one;
    }
  return best;
}

/* The candidate that stays, if it is not this one: suspects may be there already, then
 * the first. */
static gboolean
is_kept (Twins *self, const GArray *group, guint position)
{
  const Identity *identity = &self->side.identities[position];
  guint kept = position;
  gboolean kept_suspect = FALSE;
  for (guint i = group->len; i > 0; i--)
    {
      guint at = g_array_index (group, guint, i - 1);
      if (!are_twins (&self->side.identities[at], identity) || !is_candidate (self, at))
        continue;
      guint index = g_array_index (self->side.positions, guint, at);
      gboolean suspect = records_get (self->pass->records, index)->tag == RECORD_SUSPECT;
      if (suspect || !kept_suspect)
        kept = at;
      kept_suspect = kept_suspect || suspect;
    }
  return kept == position;
}

static gboolean
settle_group (Twins *self, const GArray *group, GError **error)
{
  g_autofree gboolean *dropped = g_new0 (gboolean, group->len);
  for (guint i = 0; i < group->len; i++)
    {
      guint at = g_array_index (group, guint, i);
      Delivered *delivered = find_delivered (self, &self->side.identities[at]);
      if (delivered != NULL && !delivered->listed)
        {
          if (!take_over (self, at, delivered, error))
            return FALSE;
        }
      else
        dropped[i] = delivered != NULL || !is_kept (self, group, at);
    }
  for (guint i = 0; i < group->len; i++)
    {
      guint at = g_array_index (group, guint, i);
      guint index = g_array_index (self->side.positions, guint, at);
      if (dropped[i]
          && !pass_skip_record (self->pass, index, REASON, &self->side.identities[at],
                                error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
search (Twins *self, GError **error)
{
  GHashTableIter iter;
  gpointer group;
  if (!recall (self, error) || !read_candidates (self, error))
    return FALSE;
  group_candidates (self);
  if (self->pass->row->id != 0
      && !state_messages (self->pass->lane->account->state, self->pass->row->id,
                          STATE_DELIVERED, on_row, self, error))
    return FALSE;
  if (!read_content (self, error) || !read_delivered (self, error))
    return FALSE;
  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, NULL, &group))
    if (!settle_group (self, group, error))
      return FALSE;
  return TRUE;
}

gboolean
pass_drop_twins (Pass *self, GError **error)
{
  if (self->lane->account->job->duplicates != JOB_DUPLICATES_ONE
      || records_length (self->records) == 0)
    return TRUE;
  Twins twins = { .pass = self };
  side_init (&twins.side, self, self->records, FALSE);
  twins.groups = g_hash_table_new_full (headers_hash, headers_equal, NULL,
                                        (GDestroyNotify) g_array_unref);
  twins.delivered = g_array_new (FALSE, FALSE, sizeof (Delivered));
  g_array_set_clear_func (twins.delivered, row_copy_clear);
  gboolean ok = search (&twins, error);
  g_hash_table_unref (twins.groups);
  g_array_unref (twins.delivered);
  side_clear (&twins.side);
  return ok;
}
