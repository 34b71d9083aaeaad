/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locking an mbox against other programs: fcntl (open file description locks), then a
 * dotlock, in the order of the Debian policy (§11.6); never one while waiting for the
 * other.
 */
#pragma once

#include "file.h"

/* MBOX_LOCK_WAIT_US: how long to wait for others before HAUL_ERROR_BUSY. */
#define MBOX_LOCK_WAIT_US (30 * G_USEC_PER_SEC)

/* MBOX_DOTLOCK_STALE_S: a dotlock unchanged for so long was left behind by the dead (the
 * time of procmail, Dovecot and others). */
#define MBOX_DOTLOCK_STALE_S 300

/* MboxLockMode: the option "lock". Auto: fcntl; for writing a dotlock, too, where the
 * directory allows it. */
typedef enum
{
  MBOX_LOCK_AUTO = 0,
  MBOX_LOCK_FCNTL = 1,
  MBOX_LOCK_DOTLOCK = 2,
  MBOX_LOCK_BOTH = 3,
  MBOX_LOCK_NONE = 4,
} MboxLockMode;

/* MboxLockRequest: how to lock. */
typedef struct
{
  MboxLockMode mode;
  gboolean write; /* else others may read at the same time, and no directory is needed */
  gint64 wait_us;
  GCancellable *cancellable; /* may be NULL */
} MboxLockRequest;

/* MboxLock: locks that are held; zeroed: none. */
typedef struct
{
  gboolean fcntl;
  char *dotlock; /* its path */
  gint64 touched_us;
} MboxLock;

/* mbox_lock_take: HAUL_ERROR_BUSY (folder) when others hold on to theirs; PERMISSION when
 * a dotlock was asked for by name and cannot be made. */
gboolean mbox_lock_take (MboxLock *self, MboxFile *file, const MboxLockRequest *request,
                         GError **error);
/* mbox_lock_touch: keeps the dotlock from looking stale during a long hold. */
void mbox_lock_touch (MboxLock *self);
/* mbox_lock_release: accepts one that holds nothing. @file may be NULL. */
void mbox_lock_release (MboxLock *self, MboxFile *file);
/* mbox_lock_open: opens @path and locks it; when the file was replaced meanwhile, again.
 */
MboxFile *mbox_lock_open (MboxLock *self, const char *path, MboxFileMode mode,
                          const MboxLockRequest *request, GError **error);
