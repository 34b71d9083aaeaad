/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HaulItem: life-cycle and the accessors that destinations use. Reading its body is the
 * pipe's (engine/pipe.c), since that needs the pipe's lock.
 */
#include "engine/item.h"

HaulItem *
item_new (void)
{
  HaulItem *self = g_new0 (HaulItem, 1);
  self->attempt = 1;
  self->size_bytes = HAUL_SIZE_UNKNOWN;
  return self;
}

void
item_free (HaulItem *self)
{
  if (self == NULL)
    return;
  for (Chunk *chunk = self->head, *next; chunk != NULL; chunk = next)
    {
      next = chunk->next;
      g_free (chunk);
    }
  g_free (self->reading);
  g_clear_pointer (&self->spool, spool_free);
  g_strfreev (self->keywords);
  g_free (self->subject);
  g_clear_error (&self->failure);
  g_free (self);
}

HaulPath
haul_item_folder (const HaulItem *item)
{
  return item->folder;
}

HaulLines
haul_item_lines (const HaulItem *item)
{
  return item->lines;
}

guint64
haul_item_size (const HaulItem *item)
{
  return item->size_bytes;
}

guint32
haul_item_flags (const HaulItem *item)
{
  return item->flags;
}

const char *const *
haul_item_keywords (const HaulItem *item)
{
  static const char *const none[] = { NULL };
  return item->keywords != NULL ? (const char *const *) item->keywords : none;
}

gboolean
haul_item_date (const HaulItem *item, gint64 *out_unix, gint32 *out_zone_minutes)
{
  if (!item->has_date)
    return FALSE;
  *out_unix = item->date_unix;
  if (out_zone_minutes != NULL)
    *out_zone_minutes = item->zone_minutes;
  return TRUE;
}

const guint8 *
haul_item_delivery_id (const HaulItem *item)
{
  return item->delivery_id;
}

guint
haul_item_attempt (const HaulItem *item)
{
  return item->attempt;
}
