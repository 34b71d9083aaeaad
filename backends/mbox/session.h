/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session of the mbox backend and its callbacks, one file of callbacks each.
 */
#pragma once

#include <mailhaul/backend.h>

#include "lock.h"
#include "moves.h"
#include "reader.h"
#include "tree.h"

/* MboxFormat: the option "format". */
typedef enum
{
  MBOX_FORMAT_AUTO = 0,
  MBOX_FORMAT_O = 1,
  MBOX_FORMAT_RD = 2,
  MBOX_FORMAT_CL = 3,
  MBOX_FORMAT_CL2 = 4,
} MboxFormat;

/* MboxDurability: the option "durability". */
typedef enum
{
  MBOX_DURABILITY_BATCH = 0, /* a receipt means fdatasync */
  MBOX_DURABILITY_NONE = 1,  /* a receipt means written */
} MboxDurability;

/* MboxSettings: what the option table fills. @tree: index into its choices. */
typedef struct
{
  char *path;
  int format;
  int tree;
  int lock;
  int durability;
} MboxSettings;

/* MboxBase: what the first message says of the folder. */
typedef struct
{
  GPtrArray *keywords; /* char *; NULL: the folder has no list */
} MboxBase;

/* MboxSession: one session; one thread. */
typedef struct
{
  const MboxSettings *settings;
  HaulRole role;
  gboolean may_change; /* HaulOpen.may_change */
  gboolean dry_run;
  GCancellable *cancellable;
  MboxTree tree;
  gint64 lock_wait_us;
  guint8 *buffer; /* MBOX_BUFFER_BYTES */

  /* the entered folder */
  char *folder_file; /* NULL: none entered */
  MboxIndex *index;
  gboolean scanned; /* the index and `position` are of a scan of this folder */
  MboxPosition position;
  gboolean rule_known; /* the file was looked at; `rule` is how it is quoted */
  guint64 rule_inode;
  MboxRule rule;
  GArray *moves; /* of our own rewrites of it, see moves.h */
  guint8 token[MBOX_POSITION_BYTES];
  guint8 mark[MBOX_POSITION_BYTES];
} MboxSession;

/* The callbacks of HaulBackend; see there. */
gpointer mbox_session_open (const HaulOpen *open, GError **error);
void mbox_session_close (gpointer session);
guint32 mbox_session_caps (gpointer session);
gboolean mbox_session_list (gpointer session, HaulFolderFunc func, gpointer user_data,
                            GError **error);
gboolean mbox_session_create (gpointer session, const HaulFolder *folders, gsize count,
                              HaulFolderResultFunc func, gpointer user_data,
                              GError **error);
gboolean mbox_session_spell (gpointer session, HaulPath path, char ***out_path,
                             GError **error);
gboolean mbox_session_enter (gpointer session, HaulPath path, HaulEnterMode mode,
                             HaulFolderStatus *out_status, GError **error);
gboolean mbox_session_leave (gpointer session, GError **error);
gboolean mbox_session_scan (gpointer session, const HaulScan *scan,
                            HaulScanResult *out_result, GError **error);
gboolean mbox_session_fetch (gpointer session, HaulPlan *plan, HaulSink *sink,
                             GError **error);
gboolean mbox_session_store (gpointer session, HaulFeed *feed, GError **error);
gboolean mbox_session_update (gpointer session, const HaulChange *changes, gsize count,
                              HaulChangeResultFunc func, gpointer user_data,
                              GError **error);
gboolean mbox_session_expunge (gpointer session, const HaulBytes *keys, gsize count,
                               HaulChangeResultFunc func, gpointer user_data,
                               GError **error);
gboolean mbox_session_recover (gpointer session, HaulPath path, HaulBytes note,
                               GError **error);
gboolean mbox_session_describe (gpointer session, HaulFactFunc func, gpointer user_data,
                                GError **error);

/* mbox_session_lock: the request for reading or writing; a dry run only reads. */
MboxLockRequest mbox_session_lock (const MboxSession *self, gboolean write);
/* mbox_session_reader: a reader of @file as the options say, without a function; its rule
 * is the options' or detected (this reads the file, once as long as rule_known). */
gboolean mbox_session_reader (MboxSession *self, MboxFile *file, guint64 limit,
                              MboxReader *out, GError **error);
/* mbox_session_status: fills @status with token, mark and size for @position, in bytes of
 * the session. @now_us: real time from before the position was taken. */
void mbox_session_status (MboxSession *self, const MboxPosition *position, gint64 now_us,
                          HaulFolderStatus *status);
/* mbox_session_base: the keyword list in the first message of @reader's file. */
gboolean mbox_session_base (const MboxReader *reader, guint64 limit, MboxBase *out,
                            GError **error);
/* mbox_base_clear: frees the list. */
void mbox_base_clear (MboxBase *self);
/* mbox_session_rebuild: fills the index from the whole file. */
gboolean mbox_session_rebuild (MboxSession *self, const MboxReader *reader, guint64 limit,
                               GError **error);
/* mbox_session_may_write: FALSE with an error when nothing may be written. */
gboolean mbox_session_may_write (const MboxSession *self, const char *what,
                                 GError **error);
