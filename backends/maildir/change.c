/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes flags by renaming and removes messages by unlinking, each message found by its
 * base name wherever it is now. Session's thread.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "message.h"
#include "names.h"
#include "session.h"

/* One update of several messages. */
typedef struct
{
  MaildirSession *session;
  MaildirFolder *folder;
  MaildirKeywords keywords;
  gboolean courier; /* new keywords go into Courier's files */
} MaildirUpdate;

/* One message of it. */
typedef struct
{
  MaildirUpdate *update;
  const HaulChange *change;
  char *new_key; /* when the key changed, too */
} MaildirUpdateOne;

static gboolean
is_forwarded (const char *word)
{
  return g_ascii_strcasecmp (word, MAILDIR_FORWARDED) == 0;
}

/* What @change makes of the flags and letters of @name. */
static MaildirName
changed_name (const MaildirUpdate *self, const HaulChange *change, MaildirName name)
{
  name.flags = (name.flags | change->add_flags) & ~change->remove_flags;
  for (const char *const *word = change->add_keywords; word && *word; word++)
    {
      int letter = self->courier ? -1
                                 : maildir_letters_find (&self->keywords.letters, *word);

      name.forwarded = name.forwarded || is_forwarded (*word);
      name.letters |= letter >= 0 ? 1u << letter : 0;
    }
  for (const char *const *word = change->remove_keywords; word && *word; word++)
    {
      int letter = maildir_letters_find (&self->keywords.letters, *word);

      name.forwarded = name.forwarded && !is_forwarded (*word);
      name.letters &= letter >= 0 ? ~(1u << letter) : ~0u;
    }
  return name;
}

static int
grasp_update (MaildirFolder *folder, const MaildirFile *file, gpointer user_data)
{
  MaildirUpdateOne *one = user_data;
  char separator = one->update->session->separator;
  MaildirName old;
  MaildirName new;
  g_autofree char *name = NULL;
  int failure = 0;

  maildir_name_parse (file->name, separator, &old);
  new = changed_name (one->update, one->change, old);
  if (new.flags == old.flags &&new.forwarded == old.forwarded &&new.letters
      == old.letters)
    return faccessat (maildir_folder_directory (folder, file), file->name, F_OK, 0) == 0
               ? 0
               : errno;
  name = maildir_name_set (file->name, separator, &new);
  failure = maildir_move (maildir_folder_directory (folder, file), file->name,
                          folder->cur_fd, name);
  if (failure != 0)
    return failure;
  if (!maildir_file_is_double (file, separator))
    maildir_table_renamed (folder->table, name);
  else
    {
      one->new_key = g_steal_pointer (&name);
      g_clear_pointer (&folder->table, maildir_table_free);
    }
  return 0;
}

static gboolean
has_word (const char *const *words, const char *word)
{
  for (; words && *words; words++)
    if (g_ascii_strcasecmp (*words, word) == 0)
      return TRUE;
  return FALSE;
}

/* Brings the message's own Courier keywords to what @change says. */
static gboolean
update_courier (MaildirUpdate *self, const HaulChange *change, GError **error)
{
  g_autofree char *base = g_strndup ((const char *) change->key.data, change->key.length);
  const char *old = self->keywords.courier
                        ? g_hash_table_lookup (self->keywords.courier, base)
                        : NULL;
  g_auto (GStrv) words = g_strsplit (old ? old : "", "\n", -1);
  g_autoptr (GString) text = g_string_new (NULL);

  for (char **word = words; *word; word++)
    if (**word && !has_word (change->remove_keywords, *word))
      g_string_append_printf (text, "%s\n", *word);
  for (const char *const *word = change->add_keywords; self->courier && word && *word;
       word++)
    if (!is_forwarded (*word) && !has_word ((const char *const *) words, *word)
        && !has_word (change->remove_keywords, *word) && haul_keyword_is_valid (*word))
      g_string_append_printf (text, "%s\n", *word);
  if (strcmp (text->str, old ? old : "") == 0)
    return TRUE;
  if (!maildir_keywords_write_courier (self->session, self->folder->fd, base, text->str,
                                       error))
    return FALSE;
  if (self->keywords.courier)
    g_hash_table_insert (self->keywords.courier, g_steal_pointer (&base),
                         g_string_free (g_steal_pointer (&text), FALSE));
  return TRUE;
}

static gboolean
update_one (MaildirUpdate *self, const HaulChange *change, char **out_new_key,
            GError **error)
{
  MaildirUpdateOne one = { self, change, NULL };

  if (!maildir_message_grasp (self->session, self->folder, change->key,
                              "change flags of message", grasp_update, &one, error))
    return FALSE;
  *out_new_key = one.new_key;
  return update_courier (self, change, error);
}

/* The keyword files, with a letter for every keyword that is to be added. */
static gboolean
prepare_keywords (MaildirUpdate *self, const HaulChange *changes, gsize count,
                  GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  gboolean any = FALSE;

  for (gsize i = 0; i < count; i++)
    {
      any = any || changes[i].remove_keywords;
      for (const char *const *word = changes[i].add_keywords; word && *word; word++)
        if (!is_forwarded (*word)
            && !g_ptr_array_find_with_equal_func (words, *word, g_str_equal, NULL))
          g_ptr_array_add (words, (gpointer) *word);
    }
  if (words->len == 0 && !any)
    return TRUE;
  if (!maildir_keywords_load (&self->keywords, self->folder->fd, error))
    return FALSE;
  self->courier = maildir_keywords_are_courier (self->session, self->folder->fd);
  return words->len == 0 || self->courier
         || maildir_keywords_reserve (self->session, self->folder->fd, words,
                                      &self->keywords.letters, error);
}

/* Renamed files go to cur/, which a store made by others may lack. */
static gboolean
need_cur (MaildirFolder *folder, GError **error)
{
  if (folder->cur_fd >= 0)
    return TRUE;
  if (mkdirat (folder->fd, "cur", 0700) == 0 || errno == EEXIST)
    folder->cur_fd = maildir_open_directory (folder->fd, "cur");
  return folder->cur_fd >= 0
         || haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER,
                                  "create cur/ of folder '%s'", folder->directory);
}

static gboolean
sync_directories (MaildirSession *self, const MaildirFolder *folder, GError **error)
{
  if (!maildir_session_syncs (self))
    return TRUE;
  if ((folder->cur_fd < 0 || fsync (folder->cur_fd) == 0)
      && (folder->new_fd < 0 || fsync (folder->new_fd) == 0))
    return TRUE;
  return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER,
                               "sync the directories of folder '%s'", folder->directory);
}

static void
free_error (gpointer error)
{
  if (error)
    g_error_free (error);
}

/* FALSE when no folder is entered, or nothing may be written. */
static gboolean
may_change (MaildirSession *self, const char *what, GError **error)
{
  if (!self->entered)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "%s: no folder is entered", what);
  return maildir_session_refuse_dry (self, what, error);
}

static gboolean
update_all (MaildirUpdate *self, const HaulChange *changes, gsize count,
            GPtrArray *failures, GPtrArray *new_keys, GError **error)
{
  if (!need_cur (self->folder, error) || !prepare_keywords (self, changes, count, error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    {
      GError *failure = NULL;
      char *new_key = NULL;

      if (!maildir_session_go_on (self->session, error))
        return FALSE;
      update_one (self, &changes[i], &new_key, &failure);
      g_ptr_array_add (failures, failure);
      g_ptr_array_add (new_keys, new_key);
    }
  return sync_directories (self->session, self->folder, error);
}

gboolean
maildir_update (gpointer session, const HaulChange *changes, gsize count,
                HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MaildirSession *self = session;
  MaildirUpdate update = { .session = self, .folder = self->entered };
  g_autoptr (GPtrArray) failures = g_ptr_array_new_with_free_func (free_error);
  g_autoptr (GPtrArray) new_keys = g_ptr_array_new_with_free_func (g_free);
  gboolean done = FALSE;

  if (!may_change (self, "change flags", error))
    return FALSE;
  done = update_all (&update, changes, count, failures, new_keys, error);
  maildir_keywords_clear (&update.keywords);
  if (!done)
    return FALSE;
  for (gsize i = 0; i < count; i++)
    {
      const char *key = g_ptr_array_index (new_keys, i);
      HaulBytes new_key = { (const guint8 *) key, key ? strlen (key) : 0 };

      func (changes[i].key, new_key, g_ptr_array_index (failures, i), user_data);
    }
  return TRUE;
}

static int
grasp_unlink (MaildirFolder *folder, const MaildirFile *file, gpointer user_data)
{
  return unlinkat (maildir_folder_directory (folder, file), file->name, 0) == 0 ? 0
                                                                                : errno;
}

gboolean
maildir_expunge (gpointer session, const HaulBytes *keys, gsize count,
                 HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MaildirSession *self = session;
  g_autoptr (GPtrArray) failures = g_ptr_array_new_with_free_func (free_error);

  if (!may_change (self, "remove messages", error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *base = g_strndup ((const char *) keys[i].data, keys[i].length);
      GError *failure = NULL;

      if (!maildir_session_go_on (self, error))
        return FALSE;
      if (maildir_message_grasp (self, self->entered, keys[i], "remove message",
                                 grasp_unlink, NULL, &failure))
        maildir_keywords_forget_courier (self->entered->fd, base);
      g_ptr_array_add (failures, failure);
    }
  unlinkat (self->root_fd, "maildirsize", 0); /* Courier counts anew */
  if (!sync_directories (self, self->entered, error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    func (keys[i], HAUL_NO_BYTES, g_ptr_array_index (failures, i), user_data);
  return TRUE;
}
