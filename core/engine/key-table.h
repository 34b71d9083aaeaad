/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hash table from message keys to numbers.
 */
#pragma once

#include <mailhaul/macros.h>

/* KeyTable: keys are borrowed and must stand as long as they are in it. */
typedef struct _KeyTable KeyTable;

/* key_table_new: (transfer full). */
KeyTable *key_table_new (void);
/* key_table_free: accepts NULL. */
void key_table_free (KeyTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KeyTable, key_table_free)
/* key_table_add: @key → @value; an equal key is replaced. */
void key_table_add (KeyTable *self, HaulBytes key, guint value);
/* key_table_find: FALSE: not there. */
gboolean key_table_find (KeyTable *self, HaulBytes key, guint *out_value);
/* key_table_take: finds and removes. */
gboolean key_table_take (KeyTable *self, HaulBytes key, guint *out_value);
/* key_table_values: all values, in no order; GArray of guint (transfer full). */
GArray *key_table_values (KeyTable *self);
/* key_table_hash: a 64-bit hash of @key, for sets that keep no keys. */
guint64 key_table_hash (HaulBytes key);

/* KeySet: a set of keys as 64-bit hashes: 16 bytes a key at most, keeps no keys. */
typedef struct _KeySet KeySet;

/* key_set_new: (transfer full). */
KeySet *key_set_new (void);
/* key_set_free: accepts NULL. */
void key_set_free (KeySet *self);
/* key_set_add: adds @key. */
void key_set_add (KeySet *self, HaulBytes key);
/* key_set_count: how many different keys were added. */
gsize key_set_count (const KeySet *self);
/* key_set_contains: whether @key was added (or, with a chance of 2^-64 a pair, another).
 */
gboolean key_set_contains (const KeySet *self, HaulBytes key);
