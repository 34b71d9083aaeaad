/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of a MemoryStore, shared by its two source files.
 */
#pragma once

#include <pthread.h>

#include "memory-log.h"
#include "memory-store.h"

/* MemoryEntry: a folder with its messages. */
typedef struct
{
  MemoryFolder info;
  char *id;              /* text form of the path */
  GPtrArray *messages;   /* of MemoryMessage, in order of number */
  GHashTable *by_number; /* guint64 * in the message → MemoryMessage (borrowed) */
  GArray *gone;          /* of MemoryGone */
} MemoryEntry;

/* MemoryStore: see memory-store.h. */
struct _MemoryStore
{
  pthread_mutex_t lock;
  char *name;          /* in the process-wide table: "name:…" or "file:…" */
  guint references;    /* under the table's lock */
  guint sessions;      /* from here on under `lock` */
  guint32 epoch;       /* of keys that are not stable */
  int file;            /* -1: none */
  guint64 validities;  /* the last one given */
  GPtrArray *folders;  /* of MemoryEntry, in order of creation */
  GHashTable *by_path; /* id → MemoryEntry (borrowed) */
  GArray *delayed;     /* of MemoryPut, owned: see memory_store_delay() */
};

/* memory_folder_destroy: frees a MemoryEntry. */
void memory_folder_destroy (gpointer data);
/* memory_folder_find: (transfer none); NULL: there is none. */
MemoryEntry *memory_folder_find (MemoryStore *self, HaulPath path);
/* memory_folder_copy: what is known of it, (transfer full). */
MemoryFolder *memory_folder_copy (const MemoryEntry *folder);
/* memory_folder_position: of the first message with at least that number. */
guint memory_folder_position (const MemoryEntry *folder, guint64 number);
/* memory_apply: a MemoryRecordFunc; @user_data is the store. */
void memory_apply (const MemoryRecord *record, gpointer user_data);
