/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HaulPlan: hands out messages and remembers which are owed, so that a backend may
 * deliver in any order. Source thread; no I/O.
 */
#include "engine/plan.h"

#include <string.h>

typedef struct
{
  HaulBytes key;
  guint index;
} Owed;

struct _HaulPlan
{
  HaulLines lines;
  PlanNextFunc next;
  gpointer user_data;
  GHashTable *by_key; /* Owed → itself */
};

static guint
owed_hash (gconstpointer value)
{
  const Owed *owed = value;
  guint hash = 5381;
  for (gsize i = 0; i < owed->key.length; i++)
    hash = hash * 33 + owed->key.data[i];
  return hash;
}

static gboolean
owed_equal (gconstpointer a, gconstpointer b)
{
  const Owed *left = a, *right = b;
  return left->key.length == right->key.length
         && memcmp (left->key.data, right->key.data, left->key.length) == 0;
}

HaulPlan *
plan_new (HaulLines lines, PlanNextFunc next, gpointer user_data)
{
  HaulPlan *self = g_new0 (HaulPlan, 1);
  self->lines = lines;
  self->next = next;
  self->user_data = user_data;
  self->by_key = g_hash_table_new_full (owed_hash, owed_equal, g_free, NULL);
  return self;
}

void
plan_free (HaulPlan *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_key);
  g_free (self);
}

gboolean
haul_plan_next (HaulPlan *plan, HaulPlanItem *out_item)
{
  guint index = 0;
  if (!plan->next (plan->user_data, out_item, &index))
    return FALSE;
  Owed *owed = g_new (Owed, 1);
  owed->key = out_item->key;
  owed->index = index;
  g_hash_table_add (plan->by_key, owed);
  return TRUE;
}

HaulLines
haul_plan_lines (HaulPlan *plan)
{
  return plan->lines;
}

gboolean
plan_take (HaulPlan *self, HaulBytes key, guint *out_index)
{
  Owed wanted = { .key = key };
  Owed *owed = g_hash_table_lookup (self->by_key, &wanted);
  if (owed == NULL)
    return FALSE;
  *out_index = owed->index;
  g_hash_table_remove (self->by_key, owed);
  return TRUE;
}

GArray *
plan_owed (HaulPlan *self)
{
  GArray *indices = g_array_new (FALSE, FALSE, sizeof (guint));
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, self->by_key);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_array_append_val (indices, ((Owed *) key)->index);
  return indices;
}
