/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Merges the lines of a listing and hands whole rows on in order. The usual row, whole
 * and next in line, passes through without being copied. Which rows ought to be there is
 * the scan's business. Belongs to the session's thread; no I/O. */
#include "scan-rows.h"

#include <string.h>

/* VANISH_STEPS: UIDs of one VANISHED that are looked at one by one; a server that names
 * more leaves the count in doubt, and the scan asks. */
#define VANISH_STEPS 4096u
/* HELD_LIMIT_BYTES: of the headers of all rows that wait; a row beyond goes without,
 * which costs a closer look later, not memory without end. */
#define HELD_LIMIT_BYTES ((gsize) 64 * 1024 * 1024)

/* A row that waits. */
typedef struct
{
  ImapRow row;
  char **keywords; /* owned; row.keywords points here */
  guint8 *headers; /* owned; row.headers points here */
  gboolean settled;
} Held;

struct _ImapRows
{
  guint wanted;
  ImapRowFunc func;
  gpointer user_data;
  ImapRowsMode mode;
  GTree *held;        /* UID → Held, ascending */
  ImapUidSet *passed; /* handed on in ascending order */
  GHashTable *late;   /* handed on below one that was before; NULL: none */
  guint32 last_uid;
  guint32 next_number; /* in IMAP_ROWS_BY_NUMBER: the lowest that has not passed */
  guint64 passed_count;
  guint64 gone_count; /* of those that passed */
  guint whole_held;
  gsize held_bytes; /* of headers */
  gboolean doubtful;
};

static gint
compare_uids (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint32 one = GPOINTER_TO_UINT (a);
  guint32 two = GPOINTER_TO_UINT (b);
  (void) user_data;
  return one < two ? -1 : one > two;
}

static void
held_free (gpointer data)
{
  Held *held = data;
  g_strfreev (held->keywords);
  g_free (held->headers);
  g_free (held);
}

ImapRows *
imap_rows_new (guint wanted, ImapRowFunc func, gpointer user_data)
{
  ImapRows *self = g_new0 (ImapRows, 1);
  self->wanted = wanted;
  self->func = func;
  self->user_data = user_data;
  self->held = g_tree_new_full (compare_uids, NULL, NULL, held_free);
  self->passed = imap_uidset_new ();
  self->next_number = 1;
  return self;
}

void
imap_rows_free (ImapRows *self)
{
  if (self == NULL)
    return;
  g_tree_destroy (self->held);
  imap_uidset_free (self->passed);
  g_clear_pointer (&self->late, g_hash_table_unref);
  g_free (self);
}

void
imap_rows_set_mode (ImapRows *self, ImapRowsMode mode)
{
  self->mode = mode;
}

static gboolean
is_whole (const ImapRows *self, const Held *held)
{
  return held->settled || (held->row.named & self->wanted) == self->wanted;
}

static Held *
find_held (const ImapRows *self, guint32 uid)
{
  return g_tree_lookup (self->held, GUINT_TO_POINTER (uid));
}

static gboolean
has_passed (const ImapRows *self, guint32 uid)
{
  if (uid > self->last_uid)
    return FALSE;
  return imap_uidset_contains_sorted (self->passed, uid)
         || (self->late != NULL
             && g_hash_table_contains (self->late, GUINT_TO_POINTER (uid)));
}

/* Hands one on and remembers that. */
static gboolean
pass (ImapRows *self, const ImapRow *row, GError **error)
{
  if (row->uid > self->last_uid)
    {
      imap_uidset_add (self->passed, row->uid);
      self->last_uid = row->uid;
    }
  else
    {
      if (self->late == NULL)
        self->late = g_hash_table_new (NULL, NULL);
      g_hash_table_add (self->late, GUINT_TO_POINTER (row->uid));
    }
  self->passed_count++;
  if (row->number == self->next_number)
    self->next_number++;
  return self->func (row, self->user_data, error);
}

static Held *
first_held (const ImapRows *self)
{
  GTreeNode *node = g_tree_node_first (self->held);
  return node == NULL ? NULL : g_tree_node_value (node);
}

static void
remove_held (ImapRows *self, Held *held)
{
  if (is_whole (self, held))
    self->whole_held--;
  self->held_bytes -= held->row.headers.length;
  g_tree_remove (self->held, GUINT_TO_POINTER (held->row.uid));
}

static gboolean
pass_held (ImapRows *self, Held *held, GError **error)
{
  gboolean ok = pass (self, &held->row, error);
  remove_held (self, held);
  return ok;
}

/* Whether a whole row may go now, with nothing lower held. */
static gboolean
may_pass (const ImapRows *self, const ImapRow *row)
{
  switch (self->mode)
    {
    case IMAP_ROWS_BY_NUMBER:
      return row->number == self->next_number && row->uid > self->last_uid;
    case IMAP_ROWS_BY_UID:
      return row->uid > self->last_uid;
    case IMAP_ROWS_HELD:
      return FALSE;
    }
  return FALSE;
}

static void
keep_headers (ImapRows *self, Held *held, HaulBytes headers)
{
  self->held_bytes -= held->row.headers.length;
  g_clear_pointer (&held->headers, g_free);
  held->row.headers = HAUL_NO_BYTES;
  if (headers.length > HELD_LIMIT_BYTES - self->held_bytes)
    {
      held->row.known &= ~(guint) IMAP_FETCH_BODY;
      return;
    }
  held->headers = g_memdup2 (headers.data, headers.length);
  held->row.headers = (HaulBytes){ held->headers, headers.length };
  self->held_bytes += headers.length;
}

/* Adds what @part says to what is held; the later word counts. */
static void
merge (ImapRows *self, Held *held, const ImapRow *part)
{
  ImapRow *row = &held->row;
  if (part->number != 0)
    row->number = part->number;
  row->named |= part->named;
  row->known |= part->known;
  if (part->known & IMAP_FETCH_FLAGS)
    {
      g_strfreev (held->keywords);
      held->keywords = g_strdupv ((char **) part->keywords);
      row->keywords = (const char *const *) held->keywords;
      row->flags = part->flags;
    }
  if (part->known & IMAP_FETCH_SIZE)
    row->size = part->size;
  if (part->known & IMAP_FETCH_INTERNALDATE)
    {
      row->date = part->date;
      row->zone_minutes = part->zone_minutes;
    }
  if (part->known & IMAP_FETCH_BODY)
    keep_headers (self, held, part->headers);
}

static Held *
hold (ImapRows *self, guint32 uid)
{
  Held *held = find_held (self, uid);
  if (held != NULL)
    return held;
  held = g_new0 (Held, 1);
  held->row.uid = uid;
  g_tree_insert (self->held, GUINT_TO_POINTER (uid), held);
  if (is_whole (self, held))
    self->whole_held++;
  return held;
}

/* Hands on from the lowest that is held, as far as that is in order. */
static gboolean
drain (ImapRows *self, GError **error)
{
  Held *held = first_held (self);
  while (held != NULL && is_whole (self, held) && may_pass (self, &held->row))
    {
      if (!pass_held (self, held, error))
        return FALSE;
      held = first_held (self);
    }
  return TRUE;
}

gboolean
imap_rows_add (ImapRows *self, const ImapRow *part, GError **error)
{
  if (part->uid == 0 || has_passed (self, part->uid))
    return TRUE;
  const Held *lowest = first_held (self);
  if ((part->named & self->wanted) == self->wanted && may_pass (self, part)
      && (lowest == NULL || part->uid < lowest->row.uid))
    return pass (self, part, error) && (lowest == NULL || drain (self, error));
  Held *held = hold (self, part->uid);
  gboolean was_whole = is_whole (self, held);
  merge (self, held, part);
  if (!was_whole && is_whole (self, held))
    self->whole_held++;
  return drain (self, error);
}

void
imap_rows_expunge (ImapRows *self, guint32 number)
{
  if (number > 0 && number < self->next_number)
    {
      self->next_number--;
      self->gone_count++;
    }
  else if (g_tree_nnodes (self->held) > 0
           || self->passed_count - self->gone_count + 1 != self->next_number)
    self->doubtful = TRUE;
}

static void
vanish_one (ImapRows *self, guint32 uid)
{
  Held *held = find_held (self, uid);
  if (held != NULL)
    remove_held (self, held);
  else if (has_passed (self, uid))
    {
      self->gone_count++;
      if (self->next_number > 1)
        self->next_number--;
    }
}

void
imap_rows_vanish (ImapRows *self, const ImapUidSet *uids)
{
  if (uids == NULL || imap_uidset_count (uids) > VANISH_STEPS)
    {
      self->doubtful = TRUE;
      return;
    }
  /* The numbers of what is held are no longer true, nor whether they had been counted. */
  if (g_tree_nnodes (self->held) > 0)
    self->doubtful = TRUE;
  ImapUidIter iter;
  guint32 uid = 0;
  imap_uid_iter_init (&iter, uids, VANISH_STEPS);
  while (imap_uid_iter_next (&iter, &uid))
    vanish_one (self, uid);
}

/* The first whole row that is held, from @node on. */
static GTreeNode *
next_whole (const ImapRows *self, GTreeNode *node)
{
  while (node != NULL && !is_whole (self, g_tree_node_value (node)))
    node = g_tree_node_next (node);
  return node;
}

gboolean
imap_rows_flush (ImapRows *self, GError **error)
{
  GTreeNode *node = next_whole (self, g_tree_node_first (self->held));
  while (node != NULL)
    {
      Held *held = g_tree_node_value (node);
      guint32 uid = held->row.uid;
      if (!pass_held (self, held, error))
        return FALSE;
      node = next_whole (self, g_tree_upper_bound (self->held, GUINT_TO_POINTER (uid)));
    }
  return TRUE;
}

void
imap_rows_drop_held (ImapRows *self)
{
  g_tree_remove_all (self->held);
  self->whole_held = 0;
  self->held_bytes = 0;
}

void
imap_rows_settle (ImapRows *self, guint32 uid)
{
  if (uid == 0 || has_passed (self, uid))
    return;
  Held *held = hold (self, uid);
  if (!is_whole (self, held))
    self->whole_held++;
  held->settled = TRUE;
}

gboolean
imap_rows_has (const ImapRows *self, guint32 uid)
{
  const Held *held = find_held (self, uid);
  return held != NULL ? is_whole (self, held) : has_passed (self, uid);
}

guint64
imap_rows_count (const ImapRows *self)
{
  return self->passed_count - MIN (self->gone_count, self->passed_count)
         + self->whole_held;
}

gboolean
imap_rows_is_doubtful (const ImapRows *self)
{
  return self->doubtful;
}

guint
imap_rows_held (const ImapRows *self)
{
  return (guint) g_tree_nnodes (self->held);
}

guint32
imap_rows_lowest_held (const ImapRows *self)
{
  const Held *held = first_held (self);
  return held == NULL ? 0 : held->row.uid;
}

ImapUidSet *
imap_rows_incomplete (const ImapRows *self)
{
  ImapUidSet *uids = imap_uidset_new ();
  for (GTreeNode *node = g_tree_node_first (self->held); node != NULL;
       node = g_tree_node_next (node))
    {
      const Held *held = g_tree_node_value (node);
      if (!is_whole (self, held))
        imap_uidset_add (uids, held->row.uid);
    }
  return uids;
}

guint
imap_rows_lacks (const ImapRows *self, guint32 uid)
{
  const Held *held = find_held (self, uid);
  if (held == NULL)
    return has_passed (self, uid) ? 0 : self->wanted;
  return held->settled ? 0 : self->wanted & ~held->row.named;
}

ImapUidSet *
imap_rows_missing (ImapRows *self, const ImapUidSet *existing)
{
  ImapUidSet *missing = imap_uidset_new ();
  const GArray *passed = self->passed->ranges;
  guint at = 0;
  for (guint i = 0; i < existing->ranges->len; i++)
    {
      const ImapUidRange *range = &g_array_index (existing->ranges, ImapUidRange, i);
      for (guint64 uid = range->first; uid <= range->last; uid++)
        {
          while (at < passed->len && g_array_index (passed, ImapUidRange, at).last < uid)
            at++;
          const ImapUidRange *have = at < passed->len
                                         ? &g_array_index (passed, ImapUidRange, at)
                                         : NULL;
          if (have != NULL && have->first <= uid)
            uid = MIN (have->last, range->last);
          else if (!imap_rows_has (self, (guint32) uid))
            imap_uidset_add (missing, (guint32) uid);
        }
    }
  return missing;
}

guint64
imap_rows_held_between (const ImapRows *self, guint32 first, guint32 before)
{
  guint64 count = 0;
  GTreeNode *node = g_tree_lower_bound (self->held, GUINT_TO_POINTER (first));
  for (; node != NULL; node = g_tree_node_next (node))
    {
      const Held *held = g_tree_node_value (node);
      if (held->row.uid >= before)
        break;
      count += is_whole (self, held) ? 1 : 0;
    }
  return count;
}

/* What can be a keyword elsewhere, too: printable ASCII. `\X` is the name of a flag of
 * some server's own, but for one that everybody means alike (hazard 22). */
static const char *
keyword_of (ImapString name)
{
  if (imap_string_is (name, "\\Forwarded"))
    return "$Forwarded";
  if (name.data == NULL || name.length == 0 || name.data[0] == '\\')
    return NULL;
  for (gsize i = 0; i < name.length; i++)
    if (name.data[i] <= ' ' || name.data[i] > '~')
      return NULL;
  return name.data;
}

void
imap_flags_take (ImapStrings names, guint32 *out_flags, GPtrArray *out_keywords)
{
  *out_flags = 0;
  g_ptr_array_set_size (out_keywords, 0);
  for (guint i = 0; i < names.count; i++)
    {
      guint32 flag = names.items[i].data == NULL
                         ? 0
                         : haul_flag_from_name (names.items[i].data);
      const char *keyword = flag != 0 ? NULL : keyword_of (names.items[i]);
      *out_flags |= flag;
      if (keyword != NULL)
        g_ptr_array_add (out_keywords, (gpointer) keyword);
    }
  g_ptr_array_add (out_keywords, NULL);
}
