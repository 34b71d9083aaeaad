/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RowCopy: everything that a StateMessage points to, copied. Pure: any thread.
 */
#include "engine/row-copy.h"

static HaulBytes
view (GBytes *bytes)
{
  HaulBytes result = HAUL_NO_BYTES;
  result.data = g_bytes_get_data (bytes, &result.length);
  return result;
}

void
row_copy_init (RowCopy *self, const StateMessage *row)
{
  self->row = *row;
  self->source_key = g_bytes_new (row->source_key.data, row->source_key.length);
  self->destination_key = g_bytes_new (row->destination_key.data,
                                       row->destination_key.length);
  self->keywords = g_strdup (row->keywords);
  self->reason = g_strdup (row->reason);
  self->subject = g_strdup (row->subject);
  self->note = g_strdup (row->note);
  self->row.source_key = view (self->source_key);
  self->row.destination_key = view (self->destination_key);
  self->row.keywords = self->keywords;
  self->row.reason = self->reason;
  self->row.subject = self->subject;
  self->row.note = self->note;
}

void
row_copy_clear (gpointer self)
{
  RowCopy *copy = self;
  g_clear_pointer (&copy->source_key, g_bytes_unref);
  g_clear_pointer (&copy->destination_key, g_bytes_unref);
  g_clear_pointer (&copy->keywords, g_free);
  g_clear_pointer (&copy->reason, g_free);
  g_clear_pointer (&copy->subject, g_free);
  g_clear_pointer (&copy->note, g_free);
}
