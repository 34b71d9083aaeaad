/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables of keys and of scan records against plain ones.
 */
#include "engine/key-table.h"

#include <string.h>

#include "engine/records.h"

#define MANY 20000

/* A key that stands as long as @buffer: any bytes, also NUL. */
static HaulBytes
key_of (guint32 *buffer, guint32 number)
{
  *buffer = number * 2654435761u;
  return (HaulBytes){ (const guint8 *) buffer, sizeof *buffer };
}

static void
test_table (void)
{
  g_autoptr (KeyTable) table = key_table_new ();
  g_autofree guint32 *keys = g_new (guint32, MANY);
  guint value = 0;
  for (guint i = 0; i < MANY; i++)
    key_table_add (table, key_of (&keys[i], i), i);
  for (guint i = 0; i < MANY; i += 2)
    {
      g_assert_true (key_table_take (table, key_of (&keys[i], i), &value));
      g_assert_cmpuint (value, ==, i);
      g_assert_false (key_table_take (table, key_of (&keys[i], i), &value));
    }
  for (guint i = 0; i < MANY; i++)
    g_assert_cmpint (key_table_find (table, key_of (&keys[i], i), &value), ==, i % 2);
  key_table_add (table, key_of (&keys[1], 1), 77);
  g_assert_true (key_table_find (table, key_of (&keys[1], 1), &value));
  g_assert_cmpuint (value, ==, 77);
  g_autoptr (GArray) values = key_table_values (table);
  g_assert_cmpuint (values->len, ==, MANY / 2);
}

static void
test_set (void)
{
  KeySet *set = key_set_new ();
  guint32 buffer = 0;
  for (guint i = 0; i < MANY; i += 3)
    key_set_add (set, key_of (&buffer, i));
  for (guint i = 0; i < MANY; i++)
    g_assert_cmpint (key_set_contains (set, key_of (&buffer, i)), ==, i % 3 == 0);
  key_set_free (set);
}

static void
test_records (void)
{
  static const char *const words[] = { "$Work", "Blue", NULL };
  g_autoptr (Records) records = records_new ();
  guint32 buffer = 0;
  guint index = 0;
  for (guint i = 0; i < MANY; i++)
    {
      HaulRecord record = HAUL_RECORD_INIT;
      record.key = key_of (&buffer, i);
      record.known = HAUL_RECORD_FLAGS | HAUL_RECORD_SIZE | HAUL_RECORD_DATE;
      record.flags = i % 32;
      record.keywords = i % 2 ? words : NULL;
      record.size_bytes = i;
      record.date_unix = -(gint64) i;
      g_assert_cmpuint (records_add (records, &record), ==, i);
    }
  g_assert_cmpuint (records_length (records), ==, MANY);
  for (guint i = 0; i < MANY; i++)
    {
      HaulBytes key = key_of (&buffer, i);
      g_assert_true (records_find (records, key, &index));
      g_assert_cmpuint (index, ==, i);
      const Record *record = records_get (records, i);
      HaulBytes kept = records_key (records, i);
      g_assert_cmpmem (kept.data, kept.length, key.data, key.length);
      g_assert_cmpuint (record->flags, ==, i % 32);
      g_assert_cmpuint (record->size_bytes, ==, i);
      g_assert_cmpint (record->date_unix, ==, -(gint64) i);
      g_assert_cmpint (*records_keywords (records, record) != '\0', ==, i % 2);
    }
  g_assert_false (records_find (records, key_of (&buffer, MANY + 1), &index));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/key-table/table/adds-finds-and-takes", test_table);
  g_test_add_func ("/key-table/set/contains-what-was-added", test_set);
  g_test_add_func ("/records/table/gives-back-what-was-added", test_records);
  return g_test_run ();
}
