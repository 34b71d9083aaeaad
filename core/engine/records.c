/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records: arrays and one arena instead of an object a message. Keyword sets are interned
 * per table: a mailbox has few different ones. No I/O; one thread at a time.
 */
#include "engine/records.h"

#include <string.h>

#include "engine/key-table.h"
#include "model/keywords.h"

struct _Records
{
  GArray *rows;      /* of Record */
  GByteArray *arena; /* keys, one after the other */
  GPtrArray *sets;   /* keyword sets by index; 0 is "" */
  GHashTable *set_index;
  guint32 *slots; /* index by key: open addressing, index + 1, 0 is empty; or NULL */
  guint slot_mask;
};

Records *
records_new (void)
{
  Records *self = g_new0 (Records, 1);
  self->rows = g_array_new (FALSE, FALSE, sizeof (Record));
  self->arena = g_byte_array_new ();
  self->sets = g_ptr_array_new_with_free_func (g_free);
  self->set_index = g_hash_table_new (g_str_hash, g_str_equal);
  g_ptr_array_add (self->sets, g_strdup (""));
  return self;
}

void
records_free (Records *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->rows);
  g_byte_array_unref (self->arena);
  g_hash_table_unref (self->set_index);
  g_ptr_array_unref (self->sets);
  g_free (self->slots);
  g_free (self);
}

/* The index of a keyword set, which is taken over. */
static guint32
intern_set (Records *self, char *set)
{
  if (*set == '\0')
    {
      g_free (set);
      return 0;
    }
  gpointer found = g_hash_table_lookup (self->set_index, set);
  if (found != NULL)
    {
      g_free (set);
      return GPOINTER_TO_UINT (found);
    }
  g_ptr_array_add (self->sets, set);
  guint32 index = self->sets->len - 1;
  g_hash_table_insert (self->set_index, set, GUINT_TO_POINTER (index));
  return index;
}

guint
records_add (Records *self, const HaulRecord *record)
{
  Record row = { 0 };
  row.key_offset = self->arena->len;
  row.key_length = (guint32) record->key.length;
  row.known = (guint8) record->known;
  row.size_bytes = (record->known & HAUL_RECORD_SIZE) ? record->size_bytes
                                                      : HAUL_SIZE_UNKNOWN;
  row.date_unix = (record->known & HAUL_RECORD_DATE) ? record->date_unix : 0;
  row.zone_minutes = (record->known & HAUL_RECORD_ZONE)
                         ? (gint16) record->date_zone_minutes
                         : 0;
  row.flags = (guint8) (record->flags & HAUL_FLAGS_ALL);
  if (record->keywords != NULL && record->keywords[0] != NULL)
    row.keywords = intern_set (self, keywords_join (record->keywords));
  g_byte_array_append (self->arena, record->key.data, (guint) record->key.length);
  g_array_append_val (self->rows, row);
  return self->rows->len - 1;
}

guint
records_length (const Records *self)
{
  return self->rows->len;
}

Record *
records_get (Records *self, guint index)
{
  return &g_array_index (self->rows, Record, index);
}

HaulBytes
records_key (Records *self, guint index)
{
  const Record *row = records_get (self, index);
  return (HaulBytes){ self->arena->data + row->key_offset, row->key_length };
}

const char *
records_keywords (Records *self, const Record *record)
{
  return g_ptr_array_index (self->sets, record->keywords);
}

void
records_set_flags (Records *self, guint index, guint32 flags, const char *keywords)
{
  Record *row = records_get (self, index);
  row->flags = (guint8) (flags & HAUL_FLAGS_ALL);
  row->keywords = intern_set (self, g_strdup (keywords != NULL ? keywords : ""));
}

static gboolean
key_equals (Records *self, guint index, HaulBytes key)
{
  HaulBytes own = records_key (self, index);
  return own.length == key.length && memcmp (own.data, key.data, key.length) == 0;
}

static void
build_slots (Records *self)
{
  guint size = 16;
  while (size < self->rows->len * 2u)
    size *= 2;
  self->slots = g_new0 (guint32, size);
  self->slot_mask = size - 1;
  for (guint i = 0; i < self->rows->len; i++)
    {
      guint at = (guint) key_table_hash (records_key (self, i)) & self->slot_mask;
      while (self->slots[at] != 0)
        at = (at + 1) & self->slot_mask;
      self->slots[at] = i + 1;
    }
}

gboolean
records_find (Records *self, HaulBytes key, guint *out_index)
{
  if (self->slots == NULL)
    build_slots (self);
  guint at = (guint) key_table_hash (key) & self->slot_mask;
  for (; self->slots[at] != 0; at = (at + 1) & self->slot_mask)
    if (key_equals (self, self->slots[at] - 1, key))
      {
        *out_index = self->slots[at] - 1;
        return TRUE;
      }
  return FALSE;
}
