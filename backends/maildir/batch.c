/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commits messages that lie under tmp/: keywords, data to disk, names, names to disk,
 * receipts, in this order, so that whatever a kill interrupts is either a whole message
 * or debris in tmp/. Writing the bodies is write.c. Session's thread.
 */
#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "names.h"

/* How often a name that is taken is replaced by the next; one never should be. */
#define MAX_NAMES 100

void
maildir_batch_init (MaildirBatch *self, MaildirSession *session, HaulFeed *feed)
{
  *self = (MaildirBatch){ .session = session, .feed = feed };
  self->pending = g_array_new (FALSE, FALSE, sizeof (MaildirPending));
}

static MaildirPending *
pending_at (const MaildirBatch *self, guint at)
{
  return &g_array_index (self->pending, MaildirPending, at);
}

static void
close_pending (MaildirPending *pending)
{
  if (pending->fd >= 0)
    close (pending->fd);
  pending->fd = -1;
}

static void
remove_tmp (const MaildirBatch *self, MaildirPending *pending)
{
  char name[MAILDIR_NAME_ROOM];

  close_pending (pending);
  maildir_name_tmp (pending->id, self->session->owner_tag, name);
  unlinkat (self->folder->tmp_fd, name, 0);
}

static void
empty (MaildirBatch *self)
{
  g_array_set_size (self->pending, 0);
  self->bytes = 0;
}

void
maildir_batch_clear (MaildirBatch *self)
{
  for (guint i = 0; i < self->pending->len; i++)
    remove_tmp (self, pending_at (self, i));
  g_array_unref (self->pending);
}

gboolean
maildir_batch_has (const MaildirBatch *self, const guint8 *id)
{
  for (guint i = 0; i < self->pending->len; i++)
    if (memcmp (pending_at (self, i)->id, id, HAUL_DELIVERY_ID_LENGTH) == 0)
      return TRUE;
  return FALSE;
}

gboolean
maildir_batch_is_full (const MaildirBatch *self)
{
  return self->pending->len >= MAILDIR_BATCH_MESSAGES
         || self->bytes >= MAILDIR_BATCH_BYTES;
}

void
maildir_batch_add (MaildirBatch *self, const MaildirPending *pending)
{
  g_array_append_vals (self->pending, pending, 1);
  self->bytes += pending->stored;
  /* More than a few will be synced together and need no descriptors. */
  if (self->pending->len > MAILDIR_FEW_FILES)
    for (guint i = 0; i < self->pending->len; i++)
      close_pending (pending_at (self, i));
}

/* Fails all, which lie under tmp/ only. Takes over @reason. */
static void
fail_all (MaildirBatch *self, GError *reason)
{
  for (guint i = 0; i < self->pending->len; i++)
    {
      MaildirPending *pending = pending_at (self, i);

      remove_tmp (self, pending);
      haul_feed_fail (self->feed, pending->item, g_error_copy (reason));
    }
  g_error_free (reason);
  empty (self);
}

/* Phase 1: letters for all keywords of the batch. */
static gboolean
reserve_letters (MaildirBatch *self, MaildirLetters *letters, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  for (guint i = 0; i < self->pending->len; i++)
    {
      const char *const *keywords = haul_item_keywords (pending_at (self, i)->item);

      for (; *keywords; keywords++)
        if (g_ascii_strcasecmp (*keywords, MAILDIR_FORWARDED) != 0
            && !g_ptr_array_find_with_equal_func (words, *keywords, g_str_equal, NULL))
          g_ptr_array_add (words, (gpointer) *keywords);
    }
  if (words->len == 0 || self->folder->courier)
    return TRUE;
  return maildir_keywords_reserve (self->session, self->folder->fd, words, letters,
                                   error);
}

/* Phase 2: the data to disk. */
static gboolean
sync_data (MaildirBatch *self, GError **error)
{
  gboolean alone = self->pending->len <= MAILDIR_FEW_FILES;

  if (self->session->settings->durability != MAILDIR_DURABILITY_BATCH)
    return TRUE; /* each: synced when it was written */
  if (!alone && syncfs (self->folder->tmp_fd) != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER,
                                 "sync the file system of folder '%s'",
                                 self->folder->directory);
  for (guint i = 0; i < self->pending->len && alone; i++)
    if (fsync (pending_at (self, i)->fd) != 0)
      return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER,
                                   "sync a message of folder '%s'",
                                   self->folder->directory);
  return TRUE;
}

/* Flags and letters of one message's name; its other keywords as lines into @courier. */
static MaildirName
name_flags (MaildirBatch *self, const HaulItem *item, const MaildirLetters *letters,
            GString *courier)
{
  MaildirName name = { .flags = haul_item_flags (item) };

  for (const char *const *word = haul_item_keywords (item); *word; word++)
    {
      int letter = maildir_letters_find (letters, *word);

      if (g_ascii_strcasecmp (*word, MAILDIR_FORWARDED) == 0)
        name.forwarded = TRUE;
      else if (letter >= 0)
        name.letters |= 1u << letter;
      else if (self->folder->courier && haul_keyword_is_valid (*word))
        g_string_append_printf (courier, "%s\n", *word);
    }
  return name;
}

/* What the folder does not keep of the message; NULL: nothing. (transfer full) */
static char *
receipt_note (const MaildirBatch *self, const MaildirPending *pending,
              const MaildirLetters *letters)
{
  GString *text = g_string_new (NULL);

  for (const char *const *word = haul_item_keywords (pending->item); *word; word++)
    {
      gboolean valid = haul_keyword_is_valid (*word);

      if (g_ascii_strcasecmp (*word, MAILDIR_FORWARDED) == 0
          || (self->folder->courier ? valid : maildir_letters_find (letters, *word) >= 0))
        continue;
      g_string_append_printf (text, "%skeyword \"%s\" is not kept: %s",
                              text->len > 0 ? "\n" : "", *word,
                              valid ? "a Maildir has room for 26 keywords a folder"
                                    : "it is no word that a Maildir can hold");
    }
  if (pending->date_moved)
    g_string_append_printf (text, "%sdate moved: the file system does not hold it",
                            text->len > 0 ? "\n" : "");
  return g_string_free (text, text->len == 0);
}

static gint64
next_stamp (MaildirSession *session)
{
  session->stamp_us = MAX (g_get_real_time (), session->stamp_us + 1);
  return session->stamp_us;
}

/* Moves one message from tmp/ into cur/ under a name of its own, into @base. */
static gboolean
give_name (MaildirBatch *self, const MaildirPending *pending,
           const MaildirLetters *letters, char *base, GError **error)
{
  MaildirSession *session = self->session;
  g_autoptr (GString) courier = g_string_new (NULL);
  MaildirName flags = name_flags (self, pending->item, letters, courier);
  char tmp[MAILDIR_NAME_ROOM];
  int failure = EEXIST;

  maildir_name_tmp (pending->id, self->session->owner_tag, tmp);
  for (guint i = 0; i < MAX_NAMES && failure == EEXIST; i++)
    {
      MaildirUnique unique = { next_stamp (session), pending->id, session->host,
                               pending->stored, pending->wire };
      g_autofree char *name = NULL;

      maildir_name_unique (&unique, base);
      name = maildir_name_set (base, session->separator, &flags);
      /* The keywords first: the message never appears without them. */
      if (courier->len > 0
          && !maildir_keywords_write_courier (session, self->folder->fd, base,
                                              courier->str, error))
        return FALSE;
      failure = maildir_move (self->folder->tmp_fd, tmp, self->folder->cur_fd, name);
      if (failure != 0 && courier->len > 0)
        maildir_keywords_forget_courier (self->folder->fd, base);
    }
  return failure == 0
         || haul_error_set_errno (error, failure, HAUL_SCOPE_FOLDER,
                                  "move a message into folder '%s'",
                                  self->folder->directory);
}

/* Phase 3: the names. Those that fail are reported; the others stay, with their keys. */
static GPtrArray *
give_names (MaildirBatch *self, const MaildirLetters *letters)
{
  GPtrArray *bases = g_ptr_array_new_with_free_func (g_free);
  guint named = 0;

  for (guint i = 0; i < self->pending->len; i++)
    {
      MaildirPending *pending = pending_at (self, i);
      char base[MAILDIR_NAME_ROOM];
      GError *failure = NULL;

      if (give_name (self, pending, letters, base, &failure))
        {
          close_pending (pending);
          *pending_at (self, named++) = *pending;
          g_ptr_array_add (bases, g_strdup (base));
          continue;
        }
      remove_tmp (self, pending);
      haul_feed_fail (self->feed, pending->item, failure);
    }
  g_array_set_size (self->pending, named);
  return bases;
}

/* Phase 4: the names to disk. */
static gboolean
sync_names (MaildirBatch *self, GError **error)
{
  if (!maildir_session_syncs (self->session) || self->pending->len == 0
      || fsync (self->folder->cur_fd) == 0)
    return TRUE;
  return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER,
                               "sync the directory of folder '%s'",
                               self->folder->directory);
}

gboolean
maildir_batch_commit (MaildirBatch *self, GError **error)
{
  MaildirLetters letters = { 0 };
  g_autoptr (GPtrArray) bases = NULL;
  GError *failure = NULL;

  if (self->pending->len == 0)
    return TRUE;
  if (!reserve_letters (self, &letters, &failure) || !sync_data (self, &failure))
    {
      maildir_letters_clear (&letters);
      fail_all (self, failure);
      return TRUE;
    }
  bases = give_names (self, &letters);
  if (!sync_names (self, error))
    {
      maildir_letters_clear (&letters);
      empty (self); /* without results: nobody knows */
      return FALSE;
    }
  for (guint i = 0; i < self->pending->len; i++)
    {
      HaulReceipt receipt = HAUL_RECEIPT_INIT;
      const char *base = g_ptr_array_index (bases, i);

      g_autofree char *note = receipt_note (self, pending_at (self, i), &letters);

      receipt.key = (HaulBytes){ (const guint8 *) base, strlen (base) };
      receipt.note = note;
      haul_feed_done (self->feed, pending_at (self, i)->item, &receipt);
    }
  maildir_letters_clear (&letters);
  empty (self);
  return TRUE;
}
