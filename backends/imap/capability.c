/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An immutable, case-insensitive set of capability names with the implications of
 * IMAP4rev2. When to ask again (login, STARTTLS, ENABLE; hazard 42) is the session's.
 * Pure; any thread. */
#include "capability.h"

#include <string.h>

#include "bounds.h"

struct _ImapCapabilities
{
  GHashTable *names; /* set of upper-case strings */
  gboolean rev2;
};

ImapCapabilities *
imap_capabilities_new (ImapStrings names, gboolean rev2_enabled)
{
  ImapCapabilities *self = g_new0 (ImapCapabilities, 1);

  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < names.count; i++)
    {
      const ImapString *name = &names.items[i];
      if (name->data == NULL
          || g_hash_table_size (self->names) >= IMAP_LIMIT_CAPABILITIES)
        continue;
      g_hash_table_add (self->names, g_ascii_strup (name->data, (gssize) name->length));
    }
  self->rev2 = g_hash_table_contains (self->names, "IMAP4REV2")
               && (rev2_enabled || !g_hash_table_contains (self->names, "IMAP4REV1"));
  return self;
}

void
imap_capabilities_free (ImapCapabilities *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->names);
  g_free (self);
}

/* What IMAP4rev2 brings without naming it. LITERAL- is answered by
 * imap_capabilities_literals(); MOVE, NAMESPACE and the rest are plain members of the
 * protocol. */
static gboolean
is_implied (const gchar *upper)
{
  static const gchar *const implied[] = { "CHILDREN",    "ENABLE",        "ESEARCH",
                                          "IDLE",        "LIST-EXTENDED", "LIST-STATUS",
                                          "LITERAL-",    "MOVE",          "NAMESPACE",
                                          "SASL-IR",     "SEARCHRES",     "SPECIAL-USE",
                                          "STATUS=SIZE", "UIDPLUS",       "UNSELECT" };

  for (guint i = 0; i < G_N_ELEMENTS (implied); i++)
    if (g_str_equal (implied[i], upper))
      return TRUE;
  return FALSE;
}

gboolean
imap_capabilities_has (const ImapCapabilities *self, const gchar *name)
{
  g_autofree gchar *upper = g_ascii_strup (name, -1);

  return g_hash_table_contains (self->names, upper) || (self->rev2 && is_implied (upper));
}

gboolean
imap_capabilities_has_auth (const ImapCapabilities *self, const gchar *mechanism)
{
  g_autofree gchar *name = g_strconcat ("AUTH=", mechanism, NULL);

  return imap_capabilities_has (self, name);
}

ImapLiterals
imap_capabilities_literals (const ImapCapabilities *self)
{
  if (imap_capabilities_has (self, "LITERAL+"))
    return IMAP_LITERALS_PLUS;
  return imap_capabilities_has (self, "LITERAL-") ? IMAP_LITERALS_MINUS
                                                  : IMAP_LITERALS_SYNC;
}

ImapCapLimit
imap_capabilities_limit (const ImapCapabilities *self, const gchar *name,
                         guint64 *out_value)
{
  g_autofree gchar *bare = g_ascii_strup (name, -1);
  g_autofree gchar *prefix = g_strconcat (bare, "=", NULL);
  ImapCapLimit result = IMAP_CAP_LIMIT_NONE;
  GHashTableIter iter;
  gpointer key;

  if (g_hash_table_contains (self->names, bare))
    result = IMAP_CAP_LIMIT_UNKNOWN;
  g_hash_table_iter_init (&iter, self->names);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      if (!g_str_has_prefix (key, prefix))
        continue;
      const gchar *number = (const gchar *) key + strlen (prefix);
      if (imap_number_parse ((ImapString){ number, strlen (number) }, out_value))
        return IMAP_CAP_LIMIT_KNOWN;
      result = IMAP_CAP_LIMIT_UNKNOWN;
    }
  return result;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

gchar **
imap_capabilities_list (const ImapCapabilities *self, const gchar *prefix)
{
  g_autofree gchar *upper = g_ascii_strup (prefix, -1);
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->names);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (g_str_has_prefix (key, upper))
      g_ptr_array_add (names, g_strdup ((const gchar *) key + strlen (upper)));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}

guint
imap_capabilities_count (const ImapCapabilities *self)
{
  return g_hash_table_size (self->names);
}
