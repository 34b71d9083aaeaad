/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps who was there when a session broke. What is fetched together is copy.c's, when a
 * session is opened again the lane's. Pure.
 */
#include "engine/breakers.h"

#include <mailhaul/error.h>

struct _Breakers
{
  GHashTable *messages; /* GBytes → Breaker */
};

typedef struct
{
  guint company; /* at most so many are asked for together */
  guint alone;   /* sessions that it broke by itself */
  GError *reason;
} Breaker;

static void
breaker_free (gpointer data)
{
  Breaker *self = data;
  g_clear_error (&self->reason);
  g_free (self);
}

Breakers *
breakers_new (void)
{
  Breakers *self = g_new0 (Breakers, 1);
  self->messages = g_hash_table_new_full (g_bytes_hash, g_bytes_equal,
                                          (GDestroyNotify) g_bytes_unref, breaker_free);
  return self;
}

void
breakers_free (Breakers *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->messages);
  g_free (self);
}

static Breaker *
find (const Breakers *self, HaulBytes key)
{
  g_autoptr (GBytes) name = g_bytes_new (key.data, key.length);
  return g_hash_table_lookup (self->messages, name);
}

void
breakers_blame (Breakers *self, HaulBytes key, guint count, gboolean alone,
                const GError *reason)
{
  Breaker *breaker = find (self, key);
  if (breaker == NULL)
    {
      breaker = g_new0 (Breaker, 1);
      breaker->company = MAX (count, 1);
      g_hash_table_insert (self->messages, g_bytes_new (key.data, key.length), breaker);
    }
  breaker->company = MAX (MIN (breaker->company, count) / 2, 1);
  breaker->alone += alone ? 1 : 0;
  g_clear_error (&breaker->reason);
  breaker->reason = g_error_copy (reason);
  haul_error_set_scope (breaker->reason, HAUL_SCOPE_MESSAGE);
}

guint
breakers_company (const Breakers *self, HaulBytes key)
{
  const Breaker *breaker = find (self, key);
  return breaker != NULL ? breaker->company : 0;
}

const GError *
breakers_failed (const Breakers *self, HaulBytes key)
{
  const Breaker *breaker = find (self, key);
  return breaker != NULL && breaker->alone >= BREAKERS_ALONE ? breaker->reason : NULL;
}
