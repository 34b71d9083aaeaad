/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store: takes messages off the feed, gathers them by folder into batches, and
 * recovers a folder after an unclean end. Session's thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "batch.h"
#include "create.h"
#include "dotlock.h"
#include "bounds.h"
#include "names.h"
#include "session.h"
#include "tree.h"
#include "write.h"

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaildirBatch, maildir_batch_clear)

/* Says, as long as @tmp_fd is open, that somebody writes there: whoever cleans up leaves
 * tmp/ alone. Where the file system has no such locks, only age protects. */
static void
announce (int tmp_fd)
{
  for (guint i = 0; i < MAILDIR_CLEANING_ATTEMPTS; i++)
    {
      if (flock (tmp_fd, LOCK_SH | LOCK_NB) == 0
          || (errno != EWOULDBLOCK && errno != EINTR))
        return;
      (void) g_poll (NULL, 0, MAILDIR_CLEANING_WAIT_MS);
    }
}

/* Opens the folder for writing, making what is missing of it. */
static MaildirFolder *
open_target (MaildirSession *self, HaulPath path, GError **error)
{
  g_autoptr (MaildirFolder) folder = NULL;
  g_autoptr (GError) missing = NULL;
  gboolean exists = FALSE;

  if (!maildir_tree_open (self, TRUE, &exists, error))
    return NULL;
  folder = maildir_folder_open (self, path, &missing);
  if (!folder && !g_error_matches (missing, HAUL_ERROR, HAUL_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return NULL;
    }
  if (folder)
    folder->tmp_fd = maildir_open_directory (folder->fd, "tmp");
  if (!folder || folder->cur_fd < 0 || folder->tmp_fd < 0)
    {
      g_autofree char *directory = maildir_tree_directory (self, path, error);

      if (!directory || !maildir_make_folder (self, directory, FALSE, error)
          || !maildir_make_durable (self, error))
        return NULL;
      g_clear_pointer (&folder, maildir_folder_free);
      folder = maildir_folder_open (self, path, error);
      if (!folder)
        return NULL;
      folder->tmp_fd = maildir_open_directory (folder->fd, "tmp");
    }
  if (folder->tmp_fd < 0 || folder->cur_fd < 0)
    {
      haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "open tmp/ of folder '%s'",
                            folder->directory);
      return NULL;
    }
  announce (folder->tmp_fd);
  folder->courier = maildir_keywords_are_courier (self, folder->fd);
  return g_steal_pointer (&folder);
}

/* Makes @path the batch's folder, committing what was meant for another. */
static gboolean
aim (MaildirBatch *batch, HaulPath path, GError **error)
{
  MaildirSession *self = batch->session;

  if (self->target && haul_path_equal ((HaulPath) self->target->path, path))
    {
      batch->folder = self->target;
      return TRUE;
    }
  g_assert (batch->pending->len == 0);
  g_clear_pointer (&self->target, maildir_folder_free);
  batch->folder = self->target = open_target (self, path, error);
  return self->target != NULL;
}

/* TRUE when what is pending must be committed before @item is written. */
static gboolean
must_commit_before (const MaildirBatch *batch, const HaulItem *item)
{
  if (batch->pending->len == 0)
    return FALSE;
  /* A body that is still arriving may take long: let no receipt wait for it. */
  return !haul_path_equal ((HaulPath) batch->folder->path, haul_item_folder (item))
         || !haul_item_is_whole (item)
         || maildir_batch_has (batch, haul_item_delivery_id (item));
}

/* Writes one message; FALSE ends the store. */
static gboolean
take (MaildirBatch *batch, HaulItem *item, GError **error)
{
  MaildirSession *self = batch->session;
  gboolean keep_open = self->settings->durability == MAILDIR_DURABILITY_BATCH
                       && batch->pending->len < MAILDIR_FEW_FILES;
  GError *failure = NULL;
  MaildirPending pending;
  gboolean over = FALSE;

  if (aim (batch, haul_item_folder (item), &failure)
      && maildir_write_message (self, batch->folder, item, keep_open, &pending, &failure))
    {
      maildir_batch_add (batch, &pending);
      return TRUE;
    }
  over = g_cancellable_is_cancelled (self->cancellable)
         || (failure->domain == HAUL_ERROR
             && haul_error_scope (failure) >= HAUL_SCOPE_ACCOUNT);
  if (over && error)
    *error = g_error_copy (failure);
  haul_feed_fail (batch->feed, item, failure);
  return !over;
}

/* Courier counts anew when its record of the quota is gone. */
static void
forget_quota (MaildirSession *self)
{
  if (self->root_fd >= 0)
    unlinkat (self->root_fd, "maildirsize", 0);
}

/* Takes one message off the feed. FALSE: the store is over, with *@out_ended or with an
 * error. */
static gboolean
step (MaildirBatch *batch, gboolean *out_ended, GError **error)
{
  HaulItem *item = NULL;

  switch (haul_feed_next (batch->feed, batch->pending->len == 0, &item))
    {
    case HAUL_FEED_END:
      *out_ended = maildir_batch_commit (batch, error);
      return FALSE;
    case HAUL_FEED_PENDING:
      return maildir_batch_commit (batch, error);
    case HAUL_FEED_ITEM:
      break;
    }
  if (must_commit_before (batch, item) && !maildir_batch_commit (batch, error))
    return FALSE;
  if (!take (batch, item, error))
    return FALSE;
  return !maildir_batch_is_full (batch) || maildir_batch_commit (batch, error);
}

gboolean
maildir_store (gpointer session, HaulFeed *feed, GError **error)
{
  MaildirSession *self = session;
  g_auto (MaildirBatch) batch;
  gboolean ended = FALSE;
  g_autoptr (GError) failure = NULL;

  maildir_batch_init (&batch, self, feed);
  if (!maildir_session_refuse_dry (self, "store messages", error))
    return FALSE;
  while (maildir_session_go_on (self, &failure) && step (&batch, &ended, &failure))
    continue;
  forget_quota (self);
  if (ended)
    return TRUE;
  /* Stopped, or broken: what is whole already still gets its receipt. */
  maildir_batch_commit (&batch, NULL);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Debris: tmp/ while it is cleaned up. @shared: another session writes there. */
typedef struct
{
  int tmp_fd;
  gboolean shared;
  gint64 now_unix;
} Debris;

static gboolean
remove_debris (const struct dirent *entry, gpointer user_data, GError **error)
{
  const Debris *self = user_data;
  struct stat status;

  if (!maildir_name_is_tmp (entry->d_name))
    return TRUE;
  /* Not the time of modification: that is the date of the mail. */
  if (self->shared
      && (fstatat (self->tmp_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0
          || status.st_ctim.tv_sec + MAILDIR_TMP_STALE_SECONDS > self->now_unix))
    return TRUE;
  unlinkat (self->tmp_fd, entry->d_name, 0);
  return TRUE;
}

gboolean
maildir_recover (gpointer session, HaulPath path, HaulBytes note, GError **error)
{
  MaildirSession *self = session;
  g_autoptr (MaildirFolder) folder = NULL;
  g_autoptr (GError) missing = NULL;
  gboolean exists = FALSE;

  if (self->role != HAUL_ROLE_DESTINATION || self->dry_run)
    return TRUE;
  if (!maildir_tree_open (self, FALSE, &exists, error))
    return FALSE;
  if (!exists)
    return TRUE;
  /* What this session announced itself is no reason to spare anything. */
  g_clear_pointer (&self->target, maildir_folder_free);
  folder = maildir_folder_open (self, path, &missing);
  if (!folder && g_error_matches (missing, HAUL_ERROR, HAUL_ERROR_NOT_FOUND))
    return TRUE;
  if (!folder)
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return FALSE;
    }
  maildir_dotlock_clean (self, self->root_fd, "subscriptions.lock");
  maildir_dotlock_clean (self, folder->fd, "dovecot-uidlist.lock");
  folder->tmp_fd = maildir_open_directory (folder->fd, "tmp");
  if (folder->tmp_fd < 0)
    return TRUE;
  Debris debris = { .tmp_fd = folder->tmp_fd, .now_unix = time (NULL) };
  debris.shared = flock (folder->tmp_fd, LOCK_EX | LOCK_NB) != 0;
  if (!debris.shared)
    unlinkat (folder->fd, "dovecot-keywords.mailhaul", 0);
  return maildir_each_entry (folder->tmp_fd, "tmp", remove_debris, &debris, error);
}
