/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A compact table of scan records: 40 bytes and the key a message, so that a folder of a
 * million messages fits.
 */
#pragma once

#include <mailhaul/message.h>

/* RECORDS_MAX: more messages in one folder are refused; keeps offsets in 32 bits. */
#define RECORDS_MAX (G_MAXUINT32 / 2)

/* Record: one message. @tag belongs to the user of the table. */
typedef struct
{
  guint64 key_offset;
  guint64 size_bytes;
  gint64 date_unix;
  guint32 key_length;
  guint32 keywords; /* index for records_keywords() */
  gint16 zone_minutes;
  guint8 flags; /* HaulFlags */
  guint8 known; /* HaulRecordFields */
  guint32 tag;
} Record;

/* Records: grows by records_add(); one thread writes, then it is immutable but for tags.
 */
typedef struct _Records Records;

/* records_new: (transfer full). */
Records *records_new (void);
/* records_free: accepts NULL. */
void records_free (Records *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Records, records_free)
/* records_add: copies what it keeps; returns the new index. */
guint records_add (Records *self, const HaulRecord *record);
/* records_length: how many. */
guint records_length (const Records *self);
/* records_get: the @index-th; stands until the next records_add(). */
Record *records_get (Records *self, guint index);
/* records_key: its key; stands as records_get(). */
HaulBytes records_key (Records *self, guint index);
/* records_keywords: its keywords as a canonical set, never NULL; stands with the table.
 */
const char *records_keywords (Records *self, const Record *record);
/* records_set_flags: replaces flags and keywords (a filter changed them). */
void records_set_flags (Records *self, guint index, guint32 flags, const char *keywords);
/* records_find: the record with @key; FALSE: none. Builds an index of 8 bytes a record at
 * the first call; no records_add() after it. */
gboolean records_find (Records *self, HaulBytes key, guint *out_index);
