/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages on their way into one folder: written under tmp/, then made durable and given
 * their names together.
 */
#pragma once

#include "folder.h"

/*
 * MaildirPending: one message that lies whole under tmp/. @fd: still open, to be synced
 * alone, or -1. @stored: bytes on disk; @wire: bytes with CRLF.
 */
typedef struct
{
  HaulItem *item;
  guint8 id[HAUL_DELIVERY_ID_LENGTH];
  int fd;
  guint64 stored;
  guint64 wire;
  gboolean date_moved; /* the file system does not hold its date */
} MaildirPending;

/* MaildirBatch: @folder: where to (borrowed; NULL while empty). @bytes: written so far.
 */
typedef struct
{
  MaildirSession *session;
  HaulFeed *feed;
  MaildirFolder *folder;
  GArray *pending; /* MaildirPending */
  guint64 bytes;
} MaildirBatch;

/* maildir_batch_init: an empty batch. */
void maildir_batch_init (MaildirBatch *self, MaildirSession *session, HaulFeed *feed);

/* maildir_batch_clear: frees the batch; what is still pending is removed from tmp/
 * without a result. */
void maildir_batch_clear (MaildirBatch *self);

/* maildir_batch_has: a message with this delivery id is pending. */
gboolean maildir_batch_has (const MaildirBatch *self, const guint8 *id);

/* maildir_batch_is_full: it must be committed before another message is added. */
gboolean maildir_batch_is_full (const MaildirBatch *self);

/* maildir_batch_add: takes over a message that was written whole. */
void maildir_batch_add (MaildirBatch *self, const MaildirPending *pending);

/*
 * maildir_batch_commit: makes all durable, gives every message its name in cur/ and its
 * receipt, or fails it. The batch is empty afterwards. FALSE (folder scope or wider) when
 * messages have their names, but it is not known whether these would survive a power cut:
 * they get no result.
 */
gboolean maildir_batch_commit (MaildirBatch *self, GError **error);
