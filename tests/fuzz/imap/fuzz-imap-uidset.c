/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a UID set: what parses must survive printing in pieces, and normalising
 * must keep the members. */
#include <string.h>

#include <glib.h>

#include "uidset.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static gchar *
print_all (const ImapUidSet *set, gsize max_bytes)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  guint cursor = 0;
  gchar *part;

  while ((part = imap_uidset_format (set, &cursor, max_bytes)) != NULL)
    g_ptr_array_add (parts, part);
  g_ptr_array_add (parts, NULL);
  return g_strjoinv (",", (gchar **) parts->pdata);
}

static void
check_iteration (const ImapUidSet *set)
{
  ImapUidIter iter;
  guint64 count = imap_uidset_count (set);
  guint64 steps = 0;
  guint32 uid;

  imap_uid_iter_init (&iter, set, 100);
  for (; imap_uid_iter_next (&iter, &uid); steps++)
    g_assert_true (imap_uidset_contains (set, uid));
  g_assert_cmpuint (steps, ==, MIN (count, 100));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size > 4096)
    return 0;
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (ImapUidSet) set = imap_uidset_parse ((ImapString){ text, size }, &error);
  if (set == NULL)
    {
      g_assert_nonnull (error);
      return 0;
    }

  g_autofree gchar *once = print_all (set, 20);
  g_autoptr (ImapUidSet)
      again = imap_uidset_parse ((ImapString){ once, strlen (once) }, &error);
  g_assert_no_error (error);
  g_autofree gchar *twice = print_all (again, 4096);
  g_assert_cmpstr (once, ==, twice);

  check_iteration (set);
  imap_uidset_normalise (again);
  check_iteration (again);
  g_assert_cmpuint (imap_uidset_count (again), <=, imap_uidset_count (set));
  for (guint i = 0; i < set->ranges->len; i++)
    {
      guint32 member = g_array_index (set->ranges, ImapUidRange, i).last;
      g_assert_true (imap_uidset_contains_sorted (again, member));
    }
  return 0;
}
