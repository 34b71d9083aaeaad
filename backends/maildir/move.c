/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves messages to another folder of the store by renaming, or copies them as a further
 * link, so that bytes, date and flags stay; keywords are looked up anew, since each
 * folder has its own table of them. Session's thread.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "message.h"
#include "names.h"
#include "session.h"

/* How many other names are tried when a name is taken in the new folder. */
#define OTHER_NAMES 1000u

/* One move of several messages. */
typedef struct
{
  MaildirSession *session;
  MaildirFolder *from;
  MaildirFolder *to;
  MaildirKeywords old_keywords;
  MaildirLetters letters; /* of the new folder */
  gboolean stays;         /* only copied */
  gboolean courier;       /* the new folder keeps keywords as Courier does */
  GPtrArray *words;       /* scratch */
} MaildirMove;

/* One message of it. */
typedef struct
{
  MaildirMove *move;
  char *base;  /* of the name that it has now */
  char *words; /* for Courier's file, one a line; NULL: none */
  GError *error;
} MaildirMoveOne;

/* Fills @wanted with the letters of the new folder. */
static gboolean
map_keywords (MaildirMoveOne *one, const char *base, MaildirName *wanted)
{
  MaildirMove *self = one->move;
  g_autoptr (GString) text = g_string_new (NULL);

  maildir_keywords_of (&self->old_keywords, wanted, base, self->words);
  g_ptr_array_set_size (self->words, (int) self->words->len - 1); /* its NULL */
  wanted->letters = 0;
  for (guint i = self->words->len; i > 0; i--)
    if (g_ascii_strcasecmp (self->words->pdata[i - 1], MAILDIR_FORWARDED) == 0)
      g_ptr_array_remove_index (self->words, i - 1);
  if (self->words->len == 0)
    return TRUE;
  for (guint i = 0; self->courier && i < self->words->len; i++)
    g_string_append_printf (text, "%s\n", (const char *) self->words->pdata[i]);
  if (self->courier)
    one->words = g_string_free (g_steal_pointer (&text), FALSE);
  if (self->courier)
    return TRUE;
  if (!maildir_keywords_reserve (self->session, self->to->fd, self->words, &self->letters,
                                 &one->error))
    return FALSE;
  for (guint i = 0; i < self->words->len; i++)
    {
      int letter = maildir_letters_find (&self->letters, self->words->pdata[i]);

      wanted->letters |= letter >= 0 ? 1u << letter : 0;
    }
  return TRUE;
}

static gboolean
is_taken (const MaildirFolder *folder, const char *base, gsize length)
{
  MaildirFile file;

  return maildir_table_find (folder->table, base, length, &file);
}

/* The base name of @name, or one like it that the new folder does not have; its delivery
 * id and sizes stay readable. (transfer full); NULL: none found. */
static char *
free_base (const MaildirFolder *to, const char *name, gsize base_length)
{
  g_autofree char *base = g_strndup (name, base_length);
  gsize unique = strcspn (base, ",");

  for (guint i = 0; i < OTHER_NAMES; i++)
    {
      g_autofree char *other = i == 0 ? g_strdup (base)
                                      : g_strdup_printf ("%.*s_%u%s", (int) unique, base,
                                                         i, base + unique);
      if (!is_taken (to, other, strlen (other)))
        return g_steal_pointer (&other);
    }
  return NULL;
}

static int
put (const MaildirMove *self, int from_fd, const char *from, int to_fd, const char *to)
{
  if (!self->stays)
    return maildir_move (from_fd, from, to_fd, to);
  return linkat (from_fd, from, to_fd, to, 0) == 0 ? 0 : errno;
}

static int
grasp_move (MaildirFolder *folder, const MaildirFile *file, gpointer user_data)
{
  MaildirMoveOne *one = user_data;
  MaildirFolder *to = one->move->to;
  char separator = one->move->session->separator;
  MaildirName wanted;
  int failure = 0;

  maildir_name_parse (file->name, separator, &wanted);
  g_autofree char *old_base = g_strndup (file->name, wanted.base_length);
  g_clear_pointer (&one->base, g_free);
  g_clear_pointer (&one->words, g_free);
  one->base = free_base (to, file->name, wanted.base_length);
  if (!one->base)
    return EEXIST;
  if (!map_keywords (one, old_base, &wanted))
    return EIO;
  g_autofree char *plain = g_strconcat (one->base, file->name + wanted.base_length, NULL);
  g_autofree char *name = maildir_name_set (plain, separator, &wanted);
  gboolean stays_new = file->is_new && to->new_fd >= 0
                       && strchr (name, separator) == NULL;
  failure = put (one->move, maildir_folder_directory (folder, file), file->name,
                 stays_new ? to->new_fd : to->cur_fd, name);
  if (failure == 0)
    maildir_table_add (to->table, name, stays_new, 1);
  return failure;
}

static gboolean
move_one (MaildirMove *self, HaulBytes key, char **out_base, GError **error)
{
  g_autofree char *old_base = g_strndup ((const char *) key.data, key.length);
  MaildirMoveOne one = { .move = self };
  gboolean done = maildir_message_grasp (self->session, self->from, key, "move message",
                                         grasp_move, &one, error);

  if (one.error)
    {
      g_clear_error (error);
      g_propagate_error (error, one.error);
    }
  if (done && !self->stays)
    maildir_keywords_forget_courier (self->from->fd, old_base);
  if (done && one.words)
    {
      g_autoptr (GError) lost = NULL;

      if (!maildir_keywords_write_courier (self->session, self->to->fd, one.base,
                                           one.words, &lost))
        g_log_structured ("haul.maildir", G_LOG_LEVEL_DEBUG, "MESSAGE",
                          "keywords of a moved message are lost: %s", lost->message);
    }
  *out_base = done ? g_steal_pointer (&one.base) : NULL;
  g_free (one.base);
  g_free (one.words);
  return done;
}

static gboolean
sync_folder (MaildirSession *self, const MaildirFolder *folder, GError **error)
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

/* The new folder, with its names read. */
static gboolean
open_new_folder (MaildirMove *self, HaulPath to, GError **error)
{
  self->to = maildir_folder_open (self->session, to, error);
  if (!self->to)
    return FALSE;
  if (self->to->cur_fd < 0)
    return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                           "move messages: folder '%s' has no cur/", self->to->directory);
  self->courier = maildir_keywords_are_courier (self->session, self->to->fd);
  return maildir_folder_read (self->session, self->to, error)
         && maildir_keywords_load (&self->old_keywords, self->from->fd, error);
}

/* Fills @failures and @bases, one each for each key. The new folder is durable before the
 * old one is: a power cut may leave a message in both, never in none. */
static gboolean
move_all (MaildirMove *self, const HaulBytes *keys, gsize count, GPtrArray *failures,
          GPtrArray *bases, GError **error)
{
  for (gsize i = 0; i < count; i++)
    {
      GError *failure = NULL;
      char *base = NULL;

      if (!maildir_session_go_on (self->session, error))
        return FALSE;
      move_one (self, keys[i], &base, &failure);
      g_ptr_array_add (failures, failure);
      g_ptr_array_add (bases, base);
    }
  return sync_folder (self->session, self->to, error)
         && sync_folder (self->session, self->from, error);
}

static void
move_clear (MaildirMove *self)
{
  maildir_keywords_clear (&self->old_keywords);
  maildir_letters_clear (&self->letters);
  maildir_folder_free (self->to);
  g_ptr_array_unref (self->words);
}

/* What both callbacks get. */
typedef struct
{
  HaulPath to;
  const HaulBytes *keys;
  gsize count;
  HaulChangeResultFunc func;
  gpointer user_data;
  gboolean stays;
} MaildirMoveRequest;

static gboolean
serve (MaildirSession *self, const MaildirMoveRequest *request, GError **error)
{
  g_autoptr (GPtrArray) failures = g_ptr_array_new_with_free_func (free_error);
  g_autoptr (GPtrArray) bases = g_ptr_array_new_with_free_func (g_free);
  MaildirMove move = { .session = self, .from = self->entered, .stays = request->stays };
  gboolean done = FALSE;

  if (!self->entered)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "move messages: no folder is entered");
  if (!maildir_session_refuse_dry (self, "move messages", error))
    return FALSE;
  move.words = g_ptr_array_new_with_free_func (g_free);
  done = open_new_folder (&move, request->to, error)
         && move_all (&move, request->keys, request->count, failures, bases, error);
  move_clear (&move);
  for (gsize i = 0; done && i < request->count; i++)
    {
      const char *base = g_ptr_array_index (bases, i);
      HaulBytes new_key = { (const guint8 *) base, base ? strlen (base) : 0 };

      request->func (request->keys[i], new_key, g_ptr_array_index (failures, i),
                     request->user_data);
    }
  return done;
}

gboolean
maildir_move_messages (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
                       HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MaildirMoveRequest request = { to, keys, count, func, user_data, FALSE };

  return serve (session, &request, error);
}

gboolean
maildir_copy_messages (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
                       HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MaildirMoveRequest request = { to, keys, count, func, user_data, TRUE };

  return serve (session, &request, error);
}
