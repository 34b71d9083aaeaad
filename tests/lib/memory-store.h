/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mail store in memory, for tests: folders and messages behind one lock, known to the
 * whole process by a name, and kept in a log file if the test wants it to outlive a kill.
 */
#pragma once

#include <mailhaul/folder.h>
#include <mailhaul/message.h>

/* MemoryStore: the folders of one account. Reference counted; any thread. */
typedef struct _MemoryStore MemoryStore;

/* MemoryKnown: which optional members of a MemoryMessage are set. */
typedef enum
{
  MEMORY_HAS_DATE = 1 << 0,
  MEMORY_HAS_ZONE = 1 << 1,
  MEMORY_HAS_ID = 1 << 2,
} MemoryKnown;

/*
 * MemoryMessage: one message; immutable once it is in a store, a change of flags puts a
 * new one in its place. @number orders the messages of a folder and is never used again;
 * @change is the folder's change counter when it was put there.
 */
typedef struct
{
  guint64 number;
  guint64 change;
  guint32 known; /* MemoryKnown */
  guint32 flags;
  char *keywords; /* canonical set, never NULL */
  gint64 date_unix;
  gint32 zone_minutes;
  HaulLines lines;
  guint8 delivery_id[HAUL_DELIVERY_ID_LENGTH];
  GBytes *body;
} MemoryMessage;

/* MemoryFolder: what there is to know of a folder at one moment. */
typedef struct
{
  char **path;
  guint32 attributes;
  guint32 special_use;
  guint64 validity;
  guint64 next;    /* number of the next message */
  guint64 changes; /* grows with each change of a message */
  guint64 count;
  guint64 bytes;
  gboolean debris; /* a batch was begun and neither committed nor cleaned up */
} MemoryFolder;

/* MemoryGone: a message that is no longer there. */
typedef struct
{
  guint64 number;
  guint64 change;
} MemoryGone;

/* memory_store_new: an empty store that memory_store_find() finds by @name until its last
 * reference is gone. (transfer full) */
MemoryStore *memory_store_new (const char *name);
/* memory_store_find: (transfer full); NULL when no store has that name. */
MemoryStore *memory_store_find (const char *name);
/*
 * memory_store_open: the store in the log @file: the one that this process has open, or
 * what the file's whole records say (a torn last record is cut off). With @create a
 * missing file is begun; else it is HAUL_ERROR_NOT_FOUND with account scope.
 * (transfer full)
 */
MemoryStore *memory_store_open (const char *file, gboolean create, GError **error);
/* memory_store_ref: (transfer full). */
MemoryStore *memory_store_ref (MemoryStore *self);
/* memory_store_unref: accepts NULL. */
void memory_store_unref (MemoryStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MemoryStore, memory_store_unref)

/* memory_store_join: counts a session in; memory_store_part() counts it out. Returns the
 * epoch, which changes whenever no session is left. */
guint32 memory_store_join (MemoryStore *self);
void memory_store_part (MemoryStore *self);

/* memory_store_create: makes the folder and its missing parents (those not selectable);
 * an existing one only gets the attributes added. */
void memory_store_create (MemoryStore *self, HaulPath path, guint32 attributes,
                          guint32 special_use);
/* memory_store_subscribe: FALSE when there is no such folder. */
gboolean memory_store_subscribe (MemoryStore *self, HaulPath path, gboolean subscribed);
/* memory_store_rename: with the children. FALSE: no such folder, or @to exists. */
gboolean memory_store_rename (MemoryStore *self, HaulPath from, HaulPath to);
/* memory_store_remove: the folder alone, with its messages. FALSE: no such folder. */
gboolean memory_store_remove (MemoryStore *self, HaulPath path);
/* memory_store_renumber: gives the folder a new validity and its messages new numbers, in
 * reverse order, as a server does that has lost its index. */
void memory_store_renumber (MemoryStore *self, HaulPath path);
/* memory_store_set_debris: marks the folder, see MemoryFolder. */
void memory_store_set_debris (MemoryStore *self, HaulPath path, gboolean debris);

/* memory_store_list: MemoryFolder (full), parents before children. */
GPtrArray *memory_store_list (MemoryStore *self);
/* memory_store_folder: (transfer full), memory_folder_free(); NULL: no such folder.
 * @fold_case: "inbox/a" is "INBOX/A". */
MemoryFolder *memory_store_folder (MemoryStore *self, HaulPath path, gboolean fold_case);
/* memory_folder_free: accepts NULL. */
void memory_folder_free (MemoryFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MemoryFolder, memory_folder_free)

/* memory_message_new: a message to be put into a store: takes @body, copies @keywords.
 * (transfer full) */
MemoryMessage *memory_message_new (GBytes *body, HaulLines lines, guint32 flags,
                                   const char *keywords);
/* memory_message_copy: a new one with the same values. (transfer full) */
MemoryMessage *memory_message_copy (const MemoryMessage *message);
/* memory_message_ref: (transfer full). */
MemoryMessage *memory_message_ref (MemoryMessage *message);
/* memory_message_unref: accepts NULL. */
void memory_message_unref (MemoryMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MemoryMessage, memory_message_unref)

/*
 * MemoryPut: one message of a batch; its number is filled in by memory_store_put().
 */
typedef struct
{
  HaulPath path;
  MemoryMessage *message;
} MemoryPut;

/*
 * memory_store_put: stores all of @puts or none: one write to the log. A message without
 * a number gets the folder's next one, one with a number replaces the message of that
 * number. Takes no reference of the caller's. FALSE with HAUL_ERROR_NOT_FOUND (folder
 * scope) or HAUL_ERROR_IO.
 */
gboolean memory_store_put (MemoryStore *self, const MemoryPut *puts, gsize count,
                           GError **error);
/* memory_store_delay: keeps @puts like a server whose session lost its client in the
 * middle of a batch: they are stored by memory_store_arrive(). */
void memory_store_delay (MemoryStore *self, const MemoryPut *puts, gsize count);
/* memory_store_arrive: what was delayed is stored now. */
void memory_store_arrive (MemoryStore *self);
/* memory_store_drop: removes one message. FALSE: there is none. */
gboolean memory_store_drop (MemoryStore *self, HaulPath path, guint64 number);
/* memory_store_messages: references to all messages of the folder with at least @from as
 * their number, in order, and into @out_folder (may be NULL, transfer full) the folder at
 * the same moment. (transfer full); NULL: no such folder. */
GPtrArray *memory_store_messages (MemoryStore *self, HaulPath path, guint64 from,
                                  MemoryFolder **out_folder);
/* memory_store_message: (transfer full); NULL: there is none. */
MemoryMessage *memory_store_message (MemoryStore *self, HaulPath path, guint64 number);
/* memory_store_gone: MemoryGone of all that vanished after the change @since. */
GArray *memory_store_gone (MemoryStore *self, HaulPath path, guint64 since);
/* memory_store_bytes: the sum of all bodies. */
guint64 memory_store_bytes (MemoryStore *self);
