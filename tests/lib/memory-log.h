/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log file of an in-memory store: records with a length and a checksum, so that what
 * a killed process had begun to write is recognised and cut off.
 */
#pragma once

#include "memory-store.h"

/* MemoryRecordKind: the changes that there are. Values are in files. */
typedef enum
{
  MEMORY_RECORD_CREATE = 1,    /* flags: attributes, number: special use */
  MEMORY_RECORD_REMOVE = 2,    /* the folder */
  MEMORY_RECORD_RENAME = 3,    /* message->keywords: the new path as text */
  MEMORY_RECORD_SUBSCRIBE = 4, /* number: 0 or 1 */
  MEMORY_RECORD_PUT = 5,       /* message */
  MEMORY_RECORD_DROP = 6,      /* number: of the message */
  MEMORY_RECORD_RENUMBER = 7,  /* new validity and numbers */
  MEMORY_RECORD_DEBRIS = 8,    /* number: 0 or 1 */
} MemoryRecordKind;

/* MemoryRecord: one change; all pointers are borrowed, @message may be NULL. */
typedef struct
{
  MemoryRecordKind kind;
  char **path;
  guint32 flags;
  guint64 number;
  MemoryMessage *message;
} MemoryRecord;

/* MemoryRecordFunc: takes one record of a file; it stands during the call. */
typedef void (*MemoryRecordFunc) (const MemoryRecord *record, gpointer user_data);

/*
 * memory_log_open: hands all whole records of @file to @func, cuts off what follows, and
 * returns a descriptor for memory_log_append(). -1 with HAUL_ERROR_NOT_FOUND (account
 * scope: missing, without @create) or HAUL_ERROR_IO.
 */
int memory_log_open (const char *file, gboolean create, MemoryRecordFunc func,
                     gpointer user_data, GError **error);
/* memory_log_append: all of @records in one write. HAUL_ERROR_IO (job scope). */
gboolean memory_log_append (int file, const MemoryRecord *records, gsize count,
                            GError **error);
