/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One mbox file that is open: reading at offsets, its position, small writes.
 */
#pragma once

#include <gio/gio.h>

#include "key.h"

/* MBOX_BUFFER_BYTES: the one read buffer of a session, and the write buffer of a store.
 */
#define MBOX_BUFFER_BYTES (256 * 1024)

/* MBOX_QUIET_US: a file changed more recently than this gets no token: a second change
 * could carry the same time stamp (FAT: 2 s). */
#define MBOX_QUIET_US (2 * G_USEC_PER_SEC)

/* MboxFile: an open file. @path (owned) is resolved: it names the file itself. */
typedef struct
{
  char *path;
  int fd;
} MboxFile;

/* MboxFileMode: what the file is opened for. */
typedef enum
{
  MBOX_FILE_READ = 0,
  MBOX_FILE_WRITE = 1,  /* reading and writing */
  MBOX_FILE_CREATE = 2, /* the same; made when missing, mode 0600 */
} MboxFileMode;

/*
 * mbox_file_open: opens a regular file, following symbolic links; never blocks on a FIFO
 * and touches no device. HAUL_ERROR_NOT_FOUND, _PERMISSION …, all with folder scope;
 * HAUL_ERROR_UNSUPPORTED when it is no regular file.
 */
MboxFile *mbox_file_open (const char *path, MboxFileMode mode, GError **error);
/* mbox_file_close: accepts NULL. */
void mbox_file_close (MboxFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MboxFile, mbox_file_close)

/* mbox_file_read: up to @length bytes at @offset; *@out_length is smaller only at the end
 * of the file. */
gboolean mbox_file_read (MboxFile *self, guint64 offset, guint8 *data, gsize length,
                         gsize *out_length, GError **error);
/* mbox_file_write: all bytes at @offset. */
gboolean mbox_file_write (MboxFile *self, guint64 offset, const guint8 *data,
                          gsize length, GError **error);
/* mbox_file_position: where the file stands now. */
gboolean mbox_file_position (MboxFile *self, MboxPosition *out, GError **error);
/* mbox_file_is_at: the same size and time as in @position (the tail is not read). */
gboolean mbox_file_is_at (const MboxFile *self, const MboxPosition *position);
/* mbox_file_truncate: cuts the file at @size. */
gboolean mbox_file_truncate (MboxFile *self, guint64 size, GError **error);
/* mbox_file_sync: makes the data durable. */
gboolean mbox_file_sync (MboxFile *self, GError **error);
/* mbox_file_tail_hash: over the MBOX_HASHED_BYTES before @size. */
gboolean mbox_file_tail_hash (MboxFile *self, guint64 size, guint64 *out_hash,
                              GError **error);
/* mbox_file_is_current: the path still names this very file. */
gboolean mbox_file_is_current (const MboxFile *self);
/* mbox_position_is_quiet: enough time went by since the last change for a token.
 * @now_us: real time. */
gboolean mbox_position_is_quiet (const MboxPosition *position, gint64 now_us);
/* mbox_sync_directory: makes the entries of the directory of @path durable. */
gboolean mbox_sync_directory (const char *path, GError **error);
