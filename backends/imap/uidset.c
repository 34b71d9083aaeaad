/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UID sets as arrays of ranges that never expand what a peer wrote. Knows nothing of
 * mailboxes; what a set means is the caller's. Pure; any thread, one at a time. */
#include "uidset.h"

#include "bounds.h"

ImapUidSet *
imap_uidset_new (void)
{
  ImapUidSet *self = g_new0 (ImapUidSet, 1);

  self->ranges = g_array_new (FALSE, FALSE, sizeof (ImapUidRange));
  return self;
}

void
imap_uidset_free (ImapUidSet *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->ranges);
  g_free (self);
}

static ImapUidRange *
range_at (const ImapUidSet *self, guint index)
{
  return &g_array_index (self->ranges, ImapUidRange, index);
}

static gboolean
read_uid (ImapString text, gsize *at, guint32 *out_uid)
{
  gsize start = *at;

  if (start >= text.length)
    return FALSE;
  if (text.data[start] == '*')
    {
      (*at)++;
      *out_uid = IMAP_UID_STAR;
      return TRUE;
    }
  while (*at < text.length && g_ascii_isdigit (text.data[*at]))
    (*at)++;
  return imap_number_parse_uid ((ImapString){ text.data + start, *at - start }, out_uid);
}

static gboolean
read_range (ImapString text, gsize *at, ImapUidRange *out_range)
{
  guint32 first;
  guint32 last;

  if (!read_uid (text, at, &first))
    return FALSE;
  last = first;
  if (*at < text.length && text.data[*at] == ':')
    {
      (*at)++;
      if (!read_uid (text, at, &last))
        return FALSE;
    }
  out_range->first = MIN (first, last);
  out_range->last = MAX (first, last);
  return TRUE;
}

ImapUidSet *
imap_uidset_parse (ImapString text, GError **error)
{
  g_autoptr (ImapUidSet) self = imap_uidset_new ();
  gsize at = 0;

  while (TRUE)
    {
      ImapUidRange range;
      if (!read_range (text, &at, &range) || (at < text.length && text.data[at] != ','))
        {
          g_set_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_SYNTAX,
                       "invalid UID set at byte %" G_GSIZE_FORMAT, at);
          return NULL;
        }
      if (self->ranges->len == IMAP_LIMIT_UIDSET_RANGES)
        {
          g_set_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_LIMIT,
                       "UID set has more than %u ranges", IMAP_LIMIT_UIDSET_RANGES);
          return NULL;
        }
      g_array_append_val (self->ranges, range);
      if (at == text.length)
        return g_steal_pointer (&self);
      at++;
    }
}

void
imap_uidset_add (ImapUidSet *self, guint32 uid)
{
  ImapUidRange range = { uid, uid };
  guint count = self->ranges->len;

  if (count > 0 && range_at (self, count - 1)->last + 1 == uid)
    range_at (self, count - 1)->last = uid;
  else
    g_array_append_val (self->ranges, range);
}

void
imap_uidset_extend (ImapUidSet *self, guint32 uid)
{
  guint count = self->ranges->len;

  if (count > 0 && range_at (self, count - 1)->last < uid)
    range_at (self, count - 1)->last = uid;
  else
    imap_uidset_add (self, uid);
}

static gint
compare_ranges (gconstpointer a, gconstpointer b)
{
  const ImapUidRange *one = a;
  const ImapUidRange *two = b;

  return one->first < two->first ? -1 : one->first > two->first;
}

void
imap_uidset_normalise (ImapUidSet *self)
{
  guint kept = 0;

  if (self->ranges->len == 0)
    return;
  g_array_sort (self->ranges, compare_ranges);
  for (guint i = 1; i < self->ranges->len; i++)
    {
      ImapUidRange range = *range_at (self, i);
      ImapUidRange *last = range_at (self, kept);
      if ((guint64) range.first <= (guint64) last->last + 1)
        last->last = MAX (last->last, range.last);
      else
        *range_at (self, ++kept) = range;
    }
  g_array_set_size (self->ranges, kept + 1);
}

guint64
imap_uidset_count (const ImapUidSet *self)
{
  guint64 count = 0;

  for (guint i = 0; i < self->ranges->len; i++)
    count += (guint64) range_at (self, i)->last - range_at (self, i)->first + 1;
  return count;
}

gboolean
imap_uidset_has_star (const ImapUidSet *self)
{
  for (guint i = 0; i < self->ranges->len; i++)
    if (range_at (self, i)->last == IMAP_UID_STAR)
      return TRUE;
  return FALSE;
}

gboolean
imap_uidset_contains (const ImapUidSet *self, guint32 uid)
{
  for (guint i = 0; i < self->ranges->len; i++)
    if (range_at (self, i)->first <= uid && uid <= range_at (self, i)->last)
      return TRUE;
  return FALSE;
}

gboolean
imap_uidset_contains_sorted (const ImapUidSet *self, guint32 uid)
{
  guint low = 0;
  guint high = self->ranges->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const ImapUidRange *range = range_at (self, middle);
      if (uid < range->first)
        high = middle;
      else if (uid > range->last)
        low = middle + 1;
      else
        return TRUE;
    }
  return FALSE;
}

static void
print_uid (GString *out, guint32 uid)
{
  if (uid == IMAP_UID_STAR)
    g_string_append_c (out, '*');
  else
    g_string_append_printf (out, "%" G_GUINT32_FORMAT, uid);
}

gchar *
imap_uidset_format (const ImapUidSet *self, guint *cursor, gsize max_bytes)
{
  if (*cursor >= self->ranges->len)
    return NULL;

  GString *out = g_string_new (NULL);
  for (; *cursor < self->ranges->len; (*cursor)++)
    {
      const ImapUidRange *range = range_at (self, *cursor);
      gsize before = out->len;
      if (before > 0)
        g_string_append_c (out, ',');
      print_uid (out, range->first);
      if (range->last != range->first)
        {
          g_string_append_c (out, ':');
          print_uid (out, range->last);
        }
      if (before > 0 && out->len > max_bytes)
        {
          g_string_truncate (out, before);
          break;
        }
    }
  return g_string_free (out, FALSE);
}

void
imap_uid_iter_init (ImapUidIter *iter, const ImapUidSet *set, guint64 max_steps)
{
  *iter = (ImapUidIter){ set, 0, 0, max_steps };
}

gboolean
imap_uid_iter_next (ImapUidIter *iter, guint32 *out_uid)
{
  if (iter->index >= iter->set->ranges->len || iter->steps_left == 0)
    return FALSE;
  iter->steps_left--;
  const ImapUidRange *range = range_at (iter->set, iter->index);
  guint64 uid = iter->at == 0 ? range->first : iter->at;
  *out_uid = (guint32) uid;
  iter->at = uid + 1;
  if (uid == range->last)
    {
      iter->index++;
      iter->at = 0;
    }
  return TRUE;
}
