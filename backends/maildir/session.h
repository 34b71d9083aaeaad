/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settings and session of the Maildir backend, and the callbacks that its files define.
 * Everything belongs to the session's thread.
 */
#pragma once

#include <sys/types.h>

#include <mailhaul/backend.h>

#include "keywords.h"
#include "layout.h"

typedef struct _MaildirFolder MaildirFolder;

/* MaildirDurability: the option `durability`: how a batch is made to survive a power cut.
 * Batch: one syncfs() for many files; each: fsync() of every file; none: not at all. */
typedef enum
{
  MAILDIR_DURABILITY_BATCH = 0,
  MAILDIR_DURABILITY_EACH = 1,
  MAILDIR_DURABILITY_NONE = 2,
} MaildirDurability;

/* MaildirKeywordKind: the option `keywords`: whose form new keywords take. */
typedef enum
{
  MAILDIR_KEYWORDS_AUTO = 0,
  MAILDIR_KEYWORDS_DOVECOT = 1,
  MAILDIR_KEYWORDS_COURIER = 2,
} MaildirKeywordKind;

/* MaildirSettings: filled from the option table in maildir.c; enums as int, as the SDK
 * parses them. */
typedef struct
{
  char *path;
  int layout;     /* MaildirLayout */
  int encoding;   /* MaildirEncoding */
  int escape;     /* MaildirEscape */
  int separator;  /* index into maildir_separators */
  int keywords;   /* MaildirKeywordKind */
  int durability; /* MaildirDurability */
  gboolean crlf;  /* new files get CRLF line ends */
} MaildirSettings;

/*
 * MaildirSession: one open store.
 *
 * @root_fd: its top directory, -1 while it does not exist.
 * @codec: valid once @codec_known.
 * @odd: path as text → directory, of the folders whose directory is not canonical; NULL
 * until the tree was read.
 * @entered: the folder of enter. @target: the folder of store.
 * @stamp_us: of the last message stored.
 * @owner_tag: tells this session's files in tmp/ from those of others.
 * @adopt: files are given to @owner, since root writes into somebody's store.
 * @racy_ns, @tick_ns, @lock_wait_us: see bounds.h.
 * @buffer: scratch of MAILDIR_SMALL_BYTES. @words: scratch for a record's keywords.
 * @token: bytes of the last status.
 */
typedef struct
{
  const MaildirSettings *settings;
  HaulRole role;
  gboolean may_change; /* HaulOpen.may_change */
  gboolean dry_run;
  GCancellable *cancellable;
  char separator;
  int root_fd;
  gboolean codec_known;
  MaildirCodec codec;
  GHashTable *odd;
  MaildirFolder *entered;
  MaildirFolder *target;
  gint64 stamp_us;
  char *host;
  guint32 owner_tag;
  gboolean adopt;
  uid_t owner;
  gid_t group;
  gint64 racy_ns;
  gint64 tick_ns;
  gint64 lock_wait_us;
  guint8 *buffer;
  GPtrArray *words;
  GByteArray *token;
} MaildirSession;

/* maildir_session_refuse_dry: FALSE with an error when the session must not write. @what
 * was attempted. */
gboolean maildir_session_refuse_dry (MaildirSession *self, const char *what,
                                     GError **error);

/* maildir_session_syncs: what is written must survive a power cut. */
gboolean maildir_session_syncs (const MaildirSession *self);

/* maildir_session_go_on: FALSE with G_IO_ERROR_CANCELLED once the run is stopped,
 * else TRUE. */
gboolean maildir_session_go_on (MaildirSession *self, GError **error);

/* The callbacks of HaulBackend, see <mailhaul/backend.h>; each in the file of its name.
 */
gboolean maildir_list (gpointer session, HaulFolderFunc func, gpointer user_data,
                       GError **error);
gboolean maildir_create (gpointer session, const HaulFolder *folders, gsize count,
                         HaulFolderResultFunc func, gpointer user_data, GError **error);
gboolean maildir_spell (gpointer session, HaulPath path, char ***out_path,
                        GError **error);
gboolean maildir_rename (gpointer session, HaulPath from, HaulPath to, GError **error);
gboolean maildir_remove (gpointer session, HaulPath path, GError **error);
gboolean maildir_subscribe (gpointer session, HaulPath path, gboolean subscribed,
                            GError **error);
gboolean maildir_enter (gpointer session, HaulPath path, HaulEnterMode mode,
                        HaulFolderStatus *out_status, GError **error);
gboolean maildir_leave (gpointer session, GError **error);
gboolean maildir_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
                       GError **error);
gboolean maildir_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error);
gboolean maildir_store (gpointer session, HaulFeed *feed, GError **error);
gboolean maildir_update (gpointer session, const HaulChange *changes, gsize count,
                         HaulChangeResultFunc func, gpointer user_data, GError **error);
gboolean maildir_expunge (gpointer session, const HaulBytes *keys, gsize count,
                          HaulChangeResultFunc func, gpointer user_data, GError **error);
gboolean maildir_move_messages (gpointer session, HaulPath to, const HaulBytes *keys,
                                gsize count, HaulChangeResultFunc func,
                                gpointer user_data, GError **error);
gboolean maildir_copy_messages (gpointer session, HaulPath to, const HaulBytes *keys,
                                gsize count, HaulChangeResultFunc func,
                                gpointer user_data, GError **error);
gboolean maildir_recover (gpointer session, HaulPath path, HaulBytes note,
                          GError **error);
gboolean maildir_describe (gpointer session, HaulFactFunc func, gpointer user_data,
                           GError **error);
