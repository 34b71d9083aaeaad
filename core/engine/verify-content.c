/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The deeper levels of a verification: headers, and whole messages. What a message held
 * is known since it was copied, so that as a rule only the destination is read. Lane's
 * thread; the destination is read on its own while the lane waits.
 */
#include "engine/verify-private.h"

#include <string.h>

#include "engine/metadata.h"
#include "engine/side.h"

/* A copy that differs from what the filters make of the message today is one all the
 * same, if it is an earlier copy that no filter had seen, or as it was delivered. */
static gboolean
is_other_form (Check *self, HaulBytes key, const Identity *original, const Identity *copy)
{
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (memcmp (original->content, copy->content, sizeof copy->content) == 0)
    return TRUE;
  return verify_find_row (self, key, &row, &found, NULL) && found
         && (row.delivered.known & IDENTITY_CONTENT)
         && memcmp (row.delivered.content, copy->content, sizeof copy->content) == 0;
}

/* The content of our message @index as it was when it was copied, or as what the filters
 * made of it was delivered; nothing known in it: not known, or another by now. */
static gboolean
recall (Check *self, guint index, Identity *out, GError **error)
{
  const Record *ours = records_get (self->pass->records, index);
  StateMessage row = { 0 };
  gboolean found = FALSE;
  *out = (Identity){ 0 };
  if (!verify_find_row (self, records_key (self->pass->records, index), &row, &found,
                        error))
    return FALSE;
  if (!found || !((1u << row.outcome) & STATE_DELIVERED)
      || ((ours->known & HAUL_RECORD_SIZE) && (row.identity.known & IDENTITY_SIZE)
          && ours->size_bytes != row.identity.size_bytes))
    return TRUE;
  *out = (row.delivered.known & IDENTITY_CONTENT) ? row.delivered : row.identity;
  return TRUE;
}

/* The copy of our message @index has the content that was delivered. FALSE: something in
 * which that may differ all the same is to be named, and nobody knows what: read both. */
static gboolean
settle_form (Check *self, guint index)
{
  HaulBytes key = records_key (self->pass->records, index);
  guint partner = g_array_index (self->partner, guint, index);
  const Record *ours = records_get (self->pass->records, index);
  const Record *theirs = records_get (self->theirs, partner);
  gboolean exact = (destination_caps (self->lane->destination) & HAUL_CAP_EXACT_SIZE)
                   != 0;
  if (note_covers (verify_noted (self, key), "form"))
    {
      verify_report_change (self, key, "form differs");
      return TRUE;
    }
  return !exact || !(ours->known & theirs->known & HAUL_RECORD_SIZE)
         || ours->size_bytes == theirs->size_bytes;
}

/* Both contents are known: says what differs. */
static void
judge_content (Check *self, HaulBytes key, const Identity *own, const Identity *copy)
{
  GPtrArray *differences = self->lane->account->result->differences;
  gboolean harmless = FALSE;
  g_autofree char *text = content_difference (own, copy, &harmless);
  if (text == NULL)
    return;
  verify_report_change (self, key, text);
  if (harmless)
    ((Difference *) differences->pdata[differences->len - 1])->noted = TRUE;
}

/* Reads the copies of what is known; *@out_rest: what is not settled by that. */
static gboolean
read_copies (Check *self, GArray *doubtful, GArray *out_rest, GError **error)
{
  Side theirs = { 0 };
  g_autoptr (GArray) which = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) known = g_array_new (FALSE, FALSE, sizeof (Identity));
  side_init_empty (&theirs, self->pass, self->theirs, TRUE);
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < doubtful->len; i++)
    {
      guint index = g_array_index (doubtful, guint, i), at = known->len;
      Identity identity;
      ok = recall (self, index, &identity, error);
      if (!ok || !(identity.known & IDENTITY_CONTENT))
        {
          g_array_append_val (out_rest, index);
          continue;
        }
      g_array_append_val (known, identity);
      g_array_append_val (which, index);
      g_array_append_val (all, at);
      g_array_append_val (theirs.positions, g_array_index (self->partner, guint, index));
    }
  side_make_room (&theirs);
  ok = ok && side_read_content (&theirs, all, error);
  for (guint i = 0; ok && i < which->len; i++)
    {
      const Identity *ours = &g_array_index (known, Identity, i);
      const Identity *copy = &theirs.identities[i];
      if (!(copy->known & IDENTITY_CONTENT)
          || memcmp (ours->content, copy->content, sizeof copy->content) != 0
          || !settle_form (self, g_array_index (which, guint, i)))
        g_array_append_val (out_rest, g_array_index (which, guint, i));
    }
  side_clear (&theirs);
  return ok;
}

/* Reads both sides of the pairs in @doubtful whole and reports what differs. */
static gboolean
read_both (Check *self, GArray *doubtful, GError **error)
{
  if (doubtful->len == 0)
    return TRUE;
  Side ours = { 0 }, theirs = { 0 };
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (guint));
  side_init_empty (&ours, self->pass, self->pass->records, FALSE);
  side_init_empty (&theirs, self->pass, self->theirs, TRUE);
  g_array_append_vals (ours.positions, doubtful->data, doubtful->len);
  for (guint i = 0; i < doubtful->len; i++)
    {
      guint index = g_array_index (doubtful, guint, i);
      g_array_append_val (theirs.positions, g_array_index (self->partner, guint, index));
      g_array_append_val (all, i);
    }
  side_make_room (&ours);
  side_make_room (&theirs);
  gboolean ok = side_read_content (&ours, all, error)
                && side_read_content (&theirs, all, error);
  for (guint i = 0; ok && i < doubtful->len; i++)
    {
      HaulBytes key = records_key (self->pass->records,
                                   g_array_index (doubtful, guint, i));
      const Identity *a = side_expected (&ours, i), *b = &theirs.identities[i];
      if (!(a->known & IDENTITY_CONTENT) || !(b->known & IDENTITY_CONTENT))
        verify_report (self, key, FALSE,
                       a->known & IDENTITY_CONTENT ? "cannot be read at the destination"
                                                   : "cannot be read at the source");
      else if (memcmp (a->content, b->content, sizeof a->content) == 0
               || !is_other_form (self, key, &ours.identities[i], b))
        judge_content (self, key, a, b);
    }
  side_clear (&ours);
  side_clear (&theirs);
  return ok;
}

static int
by_index (gconstpointer a, gconstpointer b)
{
  guint left = *(const guint *) a, right = *(const guint *) b;
  return (left > right) - (left < right);
}

gboolean
verify_content (Check *self, GArray *doubtful, GError **error)
{
  g_autoptr (GArray) rest = g_array_new (FALSE, FALSE, sizeof (guint));
  if (doubtful->len == 0)
    return TRUE;
  if (!read_copies (self, doubtful, rest, error))
    return FALSE;
  g_array_sort (rest, by_index);
  return read_both (self, rest, error);
}

/* Header identities of both sides; pairs whose headers differ become doubtful. */
gboolean
verify_headers (Check *self, GArray *doubtful, GError **error)
{
  Side ours = { 0 }, theirs = { 0 };
  side_init_empty (&ours, self->pass, self->pass->records, FALSE);
  side_init_empty (&theirs, self->pass, self->theirs, TRUE);
  for (guint i = 0; i < self->partner->len; i++)
    {
      guint partner = g_array_index (self->partner, guint, i);
      if (partner == NO_PARTNER)
        continue;
      g_array_append_val (ours.positions, i);
      g_array_append_val (theirs.positions, partner);
    }
  side_make_room (&ours);
  side_make_room (&theirs);
  gboolean ok = side_read_headers (&ours, error) && side_read_headers (&theirs, error);
  for (guint i = 0; ok && i < ours.positions->len; i++)
    if (memcmp (ours.identities[i].headers, theirs.identities[i].headers,
                sizeof ours.identities[i].headers)
        != 0)
      g_array_append_val (doubtful, g_array_index (ours.positions, guint, i));
  side_clear (&ours);
  side_clear (&theirs);
  return ok;
}
