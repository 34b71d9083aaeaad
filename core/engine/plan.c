/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HaulPlan: hands out messages and remembers which are owed, so that a backend may
 * deliver in any order. Source's thread; no I/O.
 */
#include "engine/plan.h"

#include "engine/key-table.h"

struct _HaulPlan
{
  HaulLines lines;
  PlanNextFunc next;
  gpointer user_data;
  KeyTable *owed; /* key → index */
};

HaulPlan *
plan_new (HaulLines lines, PlanNextFunc next, gpointer user_data)
{
  HaulPlan *self = g_new0 (HaulPlan, 1);
  self->lines = lines;
  self->next = next;
  self->user_data = user_data;
  self->owed = key_table_new ();
  return self;
}

void
plan_free (HaulPlan *self)
{
  if (self == NULL)
    return;
  key_table_free (self->owed);
  g_free (self);
}

gboolean
haul_plan_next (HaulPlan *plan, HaulPlanItem *out_item)
{
  guint index = 0;
  if (!plan->next (plan->user_data, out_item, &index))
    return FALSE;
  key_table_add (plan->owed, out_item->key, index);
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
  return key_table_take (self->owed, key, out_index);
}

GArray *
plan_owed (HaulPlan *self)
{
  return key_table_values (self->owed);
}
