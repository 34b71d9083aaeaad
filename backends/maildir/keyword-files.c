/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads `dovecot-keywords` and `courierimapkeywords/`, and replaces them the way their
 * servers do. The formats are in keywords.c. Session's thread.
 */
#include "keyword-files.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dotlock.h"
#include "files.h"

#define DOVECOT_FILE "dovecot-keywords"
#define DOVECOT_NEW  "dovecot-keywords.mailhaul"
#define DOVECOT_LOCK "dovecot-uidlist.lock"
#define COURIER_DIR  "courierimapkeywords"
#define COURIER_LIST ":list"
#define COURIER_NEW  "tmp/courierkeywords.mailhaul"

/* Permissions of a control file: the folder's own, without the right to run it. */
#define FILE_BITS 0666

void
maildir_keywords_clear (MaildirKeywords *self)
{
  maildir_letters_clear (&self->letters);
  g_clear_pointer (&self->courier, g_hash_table_unref);
}

static gboolean
load_letters (int fd, MaildirLetters *letters, GError **error)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  if (!maildir_read_file (fd, DOVECOT_FILE, &text, &length, error))
    return FALSE;
  maildir_letters_parse (letters, text ? text : "", length);
  return TRUE;
}

/* Courier's files while they are read: which of a message's files counts. */
typedef struct
{
  int fd;
  GHashTable *words; /* base → words */
  GHashTable *ranks; /* base → guint64 *, of the file read last */
} MaildirCourierRead;

static void
take_listed (const char *base, gsize length, char *keywords, gpointer user_data)
{
  g_hash_table_insert (user_data, g_strndup (base, length), keywords);
}

static gboolean
take_courier_entry (const struct dirent *entry, gpointer user_data, GError **error)
{
  MaildirCourierRead *reading = user_data;
  const char *base = NULL;
  guint64 rank = maildir_courier_rank (entry->d_name, &base);
  const guint64 *known = rank ? g_hash_table_lookup (reading->ranks, base) : NULL;
  g_autofree char *text = NULL;
  gsize length = 0;

  if (rank == 0 || (known && *known >= rank))
    return TRUE;
  if (!maildir_read_file (reading->fd, entry->d_name, &text, &length, error))
    return FALSE;
  if (!text) /* replaced meanwhile: the folder's token will tell */
    return TRUE;
  g_hash_table_insert (reading->ranks, g_strdup (base), g_memdup2 (&rank, sizeof rank));
  g_hash_table_insert (reading->words, g_strdup (base),
                       maildir_courier_parse_message (text, length));
  return TRUE;
}

/* Fills @words from the open directory @fd. */
static gboolean
read_courier (int fd, GHashTable *words, GError **error)
{
  g_autoptr (GHashTable)
      ranks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  MaildirCourierRead reading = { fd, words, ranks };
  g_autofree char *text = NULL;
  gsize length = 0;

  if (!maildir_read_file (fd, COURIER_LIST, &text, &length, error))
    return FALSE;
  if (text)
    maildir_courier_parse_list (text, length, take_listed, words);
  return maildir_each_entry (fd, COURIER_DIR, take_courier_entry, &reading, error);
}

static gboolean
load_courier (int fd, GHashTable **out_courier, GError **error)
{
  int courier_fd = maildir_open_directory (fd, COURIER_DIR);
  g_autoptr (GHashTable) words = NULL;
  gboolean done = FALSE;

  if (courier_fd < 0)
    return errno == ENOENT || errno == ENOTDIR
           || haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "open '%s'",
                                    COURIER_DIR);
  words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  done = read_courier (courier_fd, words, error);
  close (courier_fd);
  if (!done)
    return FALSE;
  *out_courier = g_steal_pointer (&words);
  return TRUE;
}

gboolean
maildir_keywords_load (MaildirKeywords *self, int fd, GError **error)
{
  maildir_keywords_clear (self);
  return load_letters (fd, &self->letters, error)
         && load_courier (fd, &self->courier, error);
}

static void
add_word (GPtrArray *words, const char *word)
{
  for (guint i = 0; i < words->len; i++)
    if (g_ascii_strcasecmp (g_ptr_array_index (words, i), word) == 0)
      return;
  g_ptr_array_add (words, g_strdup (word));
}

void
maildir_keywords_of (const MaildirKeywords *self, const MaildirName *parsed,
                     const char *base, GPtrArray *words)
{
  const char *courier = NULL;

  g_ptr_array_set_size (words, 0);
  if (parsed->forwarded)
    add_word (words, MAILDIR_FORWARDED);
  for (guint i = 0; parsed->letters && i < MAILDIR_KEYWORD_LETTERS; i++)
    if (parsed->letters & (1u << i) && self->letters.names[i])
      add_word (words, self->letters.names[i]);
  if (self->courier)
    courier = g_hash_table_lookup (self->courier, base);
  if (courier && *courier)
    {
      g_auto (GStrv) lines = g_strsplit (courier, "\n", -1);

      for (char **line = lines; *line; line++)
        if (**line)
          add_word (words, *line);
    }
  g_ptr_array_add (words, NULL);
}

/* Adds letters for @words; TRUE if one was new. */
static gboolean
add_letters (MaildirLetters *letters, const GPtrArray *words)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < words->len; i++)
    if (maildir_letters_add (letters, g_ptr_array_index (words, i), &changed) < 0)
      g_log_structured ("haul.maildir", G_LOG_LEVEL_DEBUG, "MESSAGE",
                        "keyword '%s' has no letter left in its folder: message is "
                        "stored without it",
                        (const char *) g_ptr_array_index (words, i));
  return changed;
}

/* Under the lock: reads what is there now, adds, replaces. */
static gboolean
replace_letters (MaildirSession *session, int fd, const GPtrArray *words,
                 MaildirLetters *letters, GError **error)
{
  g_autofree char *text = NULL;
  struct stat info;

  if (!load_letters (fd, letters, error))
    return FALSE;
  if (!add_letters (letters, words))
    return TRUE;
  if (fstatat (fd, DOVECOT_FILE, &info, 0) != 0 && fstat (fd, &info) != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "look at the folder");
  text = maildir_letters_format (letters);
  return maildir_replace_file (fd, DOVECOT_NEW, DOVECOT_FILE, text,
                               info.st_mode & FILE_BITS, maildir_session_syncs (session),
                               error);
}

gboolean
maildir_keywords_reserve (MaildirSession *session, int fd, const GPtrArray *words,
                          MaildirLetters *letters, GError **error)
{
  gboolean missing = FALSE;
  gboolean room = FALSE;
  gboolean done = FALSE;

  if (!load_letters (fd, letters, error))
    return FALSE;
  for (guint i = 0; i < words->len; i++)
    missing = missing || maildir_letters_find (letters, g_ptr_array_index (words, i)) < 0;
  for (guint i = 0; i < MAILDIR_KEYWORD_LETTERS; i++)
    room = room || !letters->names[i];
  if (!missing || !room)
    return TRUE;
  if (!maildir_dotlock_take (session, fd, DOVECOT_LOCK, error))
    return FALSE;
  done = replace_letters (session, fd, words, letters, error);
  maildir_dotlock_drop (fd, DOVECOT_LOCK);
  return done;
}

static gboolean
exists (int fd, const char *name)
{
  struct stat info;

  return fstatat (fd, name, &info, 0) == 0;
}

gboolean
maildir_keywords_are_courier (MaildirSession *session, int fd)
{
  if (session->settings->keywords != MAILDIR_KEYWORDS_AUTO)
    return session->settings->keywords == MAILDIR_KEYWORDS_COURIER;
  if (exists (fd, COURIER_DIR))
    return TRUE;
  if (exists (fd, DOVECOT_FILE) || exists (fd, "dovecot-uidlist"))
    return FALSE;
  return exists (session->root_fd, COURIER_DIR)
         || exists (session->root_fd, "courierimapsubscribed")
         || exists (session->root_fd, "courierimapuiddb");
}

gboolean
maildir_keywords_write_courier (MaildirSession *session, int fd, const char *base,
                                const char *words, GError **error)
{
  g_autofree char *name = g_strconcat (COURIER_DIR "/", base, NULL);
  struct stat info;

  if (fstat (fd, &info) != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "look at the folder");
  if (mkdirat (fd, COURIER_DIR, info.st_mode & 0777) != 0 && errno != EEXIST)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "create '%s'",
                                 COURIER_DIR);
  return maildir_replace_file (fd, COURIER_NEW, name, words, info.st_mode & FILE_BITS,
                               maildir_session_syncs (session), error);
}

void
maildir_keywords_forget_courier (int fd, const char *base)
{
  g_autofree char *name = g_strconcat (COURIER_DIR "/", base, NULL);

  unlinkat (fd, name, 0);
}
