/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KeyTable: a GHashTable whose entries borrow their keys. One thread at a time; no I/O.
 */
#include "engine/key-table.h"

#include <string.h>

typedef struct
{
  HaulBytes key;
  guint value;
} Entry;

struct _KeyTable
{
  GHashTable *entries;
};

guint64
key_table_hash (HaulBytes key)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);
  for (gsize i = 0; i < key.length; i++)
    hash = (hash ^ key.data[i]) * G_GUINT64_CONSTANT (1099511628211);
  return hash;
}

static guint
entry_hash (gconstpointer value)
{
  guint64 hash = key_table_hash (((const Entry *) value)->key);
  return (guint) (hash ^ (hash >> 32));
}

static gboolean
entry_equal (gconstpointer a, gconstpointer b)
{
  const Entry *left = a, *right = b;
  return left->key.length == right->key.length
         && memcmp (left->key.data, right->key.data, left->key.length) == 0;
}

KeyTable *
key_table_new (void)
{
  KeyTable *self = g_new (KeyTable, 1);
  self->entries = g_hash_table_new_full (entry_hash, entry_equal, g_free, NULL);
  return self;
}

void
key_table_free (KeyTable *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->entries);
  g_free (self);
}

void
key_table_add (KeyTable *self, HaulBytes key, guint value)
{
  Entry *entry = g_new (Entry, 1);
  entry->key = key;
  entry->value = value;
  g_hash_table_replace (self->entries, entry, entry);
}

gboolean
key_table_find (KeyTable *self, HaulBytes key, guint *out_value)
{
  Entry wanted = { .key = key };
  Entry *entry = g_hash_table_lookup (self->entries, &wanted);
  if (entry == NULL)
    return FALSE;
  *out_value = entry->value;
  return TRUE;
}

gboolean
key_table_take (KeyTable *self, HaulBytes key, guint *out_value)
{
  if (!key_table_find (self, key, out_value))
    return FALSE;
  Entry wanted = { .key = key };
  g_hash_table_remove (self->entries, &wanted);
  return TRUE;
}

GArray *
key_table_values (KeyTable *self)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (guint));
  GHashTableIter iter;
  gpointer entry;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, &entry, NULL))
    g_array_append_val (values, ((Entry *) entry)->value);
  return values;
}
