/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HaulPlan: the messages that one fetch shall deliver, and which of them are still owed.
 */
#pragma once

#include <mailhaul/batch.h>

/* PlanNextFunc: the next message; *@out_index identifies it for plan_take(). FALSE: end.
 */
typedef gboolean (*PlanNextFunc) (gpointer user_data, HaulPlanItem *out_item,
                                  guint *out_index);

/* plan_new: asks @next for messages one by one. (transfer full) */
HaulPlan *plan_new (HaulLines lines, PlanNextFunc next, gpointer user_data);
/* plan_free: accepts NULL. */
void plan_free (HaulPlan *self);
/* plan_take: the backend now delivers @key: its index, no longer owed. FALSE: it was
 * never handed out, or was delivered already. */
gboolean plan_take (HaulPlan *self, HaulBytes key, guint *out_index);
/* plan_owed: indices handed out and not taken; GArray of guint (transfer full). */
GArray *plan_owed (HaulPlan *self);
