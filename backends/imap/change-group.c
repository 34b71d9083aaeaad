/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorts flag changes into groups of equal ones. Sending and judging them is change.c's.
 * Pure; any thread. */
#include "change-group.h"

#include <string.h>

void
imap_change_clear (ImapChange *self)
{
  g_clear_pointer (&self->add, g_strfreev);
  g_clear_pointer (&self->remove, g_strfreev);
}

void
imap_change_group_free (gpointer group)
{
  ImapChangeGroup *self = group;
  if (self == NULL)
    return;
  g_strfreev (self->flags);
  imap_uidset_free (self->uids);
  g_free (self);
}

static int
compare_words (gconstpointer a, gconstpointer b)
{
  return g_ascii_strcasecmp (*(const char *const *) a, *(const char *const *) b);
}

static ImapChangeGroup *
new_group (gboolean add, const char *const *flags)
{
  ImapChangeGroup *self = g_new0 (ImapChangeGroup, 1);
  self->add = add;
  self->flags = g_strdupv ((char **) flags);
  self->uids = imap_uidset_new ();
  qsort (self->flags, g_strv_length (self->flags), sizeof (char *), compare_words);
  return self;
}

/* The same for changes that are the same. (transfer full) */
static char *
group_key (const ImapChangeGroup *group)
{
  g_autofree char *joined = g_strjoinv (" ", group->flags);
  g_autofree char *lower = g_ascii_strdown (joined, -1);
  return g_strconcat (group->add ? "+" : "-", lower, NULL);
}

static void
add_to_group (GPtrArray *groups, GHashTable *by_key, guint32 uid, gboolean add,
              char **flags)
{
  if (flags[0] == NULL)
    return;
  ImapChangeGroup *fresh = new_group (add, (const char *const *) flags);
  char *key = group_key (fresh);
  ImapChangeGroup *group = g_hash_table_lookup (by_key, key);
  if (group == NULL)
    {
      g_hash_table_insert (by_key, key, fresh);
      g_ptr_array_add (groups, fresh);
      group = fresh;
    }
  else
    {
      g_free (key);
      imap_change_group_free (fresh);
    }
  imap_uidset_add (group->uids, uid);
}

GPtrArray *
imap_change_group (const ImapChange *changes, guint count)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func (imap_change_group_free);
  g_autoptr (GHashTable)
      by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < count; i++)
    {
      add_to_group (groups, by_key, changes[i].uid, FALSE, changes[i].remove);
      add_to_group (groups, by_key, changes[i].uid, TRUE, changes[i].add);
    }
  for (guint i = 0; i < groups->len; i++)
    imap_uidset_normalise (((ImapChangeGroup *) groups->pdata[i])->uids);
  return groups;
}

GPtrArray *
imap_change_group_split (const ImapChangeGroup *self)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func (imap_change_group_free);
  for (char **flag = self->flags; *flag != NULL; flag++)
    {
      const char *const one[] = { *flag, NULL };
      ImapChangeGroup *group = new_group (self->add, one);
      g_array_append_vals (group->uids->ranges, self->uids->ranges->data,
                           self->uids->ranges->len);
      g_ptr_array_add (groups, group);
    }
  return groups;
}

const char *
imap_change_group_words (const ImapChangeGroup *self)
{
  return self->add ? "+FLAGS.SILENT" : "-FLAGS.SILENT";
}
