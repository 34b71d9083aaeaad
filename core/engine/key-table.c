/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KeyTable: a GHashTable whose entries borrow their keys; KeySet: hashes alone, open
 * addressing. One thread at a time; no I/O.
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

struct _KeySet
{
  guint64 *slots; /* 0: empty */
  gsize mask;
  gsize count;
};

KeySet *
key_set_new (void)
{
  KeySet *self = g_new0 (KeySet, 1);
  self->mask = 63;
  self->slots = g_new0 (guint64, self->mask + 1);
  return self;
}

void
key_set_free (KeySet *self)
{
  if (self == NULL)
    return;
  g_free (self->slots);
  g_free (self);
}

gsize
key_set_count (const KeySet *self)
{
  return self->count;
}

static guint64
slot_value (HaulBytes key)
{
  guint64 hash = key_table_hash (key);
  return hash != 0 ? hash : 1;
}

static void
put (KeySet *self, guint64 value)
{
  gsize at = (gsize) value & self->mask;
  while (self->slots[at] != 0 && self->slots[at] != value)
    at = (at + 1) & self->mask;
  if (self->slots[at] == 0)
    self->count++;
  self->slots[at] = value;
}

void
key_set_add (KeySet *self, HaulBytes key)
{
  if (self->count * 4 >= (self->mask + 1) * 3)
    {
      g_autofree guint64 *old = self->slots;
      gsize old_size = self->mask + 1;
      self->mask = old_size * 2 - 1;
      self->slots = g_new0 (guint64, self->mask + 1);
      self->count = 0;
      for (gsize i = 0; i < old_size; i++)
        if (old[i] != 0)
          put (self, old[i]);
    }
  put (self, slot_value (key));
}

gboolean
key_set_contains (const KeySet *self, HaulBytes key)
{
  guint64 value = slot_value (key);
  gsize at = (gsize) value & self->mask;
  while (self->slots[at] != 0 && self->slots[at] != value)
    at = (at + 1) & self->mask;
  return self->slots[at] == value;
}
