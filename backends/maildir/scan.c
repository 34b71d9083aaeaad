/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scan: every message of the entered folder in order of arrival, read from names
 * alone where they say enough. Changes nothing. Session's thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "bounds.h"
#include "message.h"
#include "session.h"

/* One scan. @folder's table is taken out while it is walked, for a lookup of a renamed
 * file may read the names anew. */
typedef struct
{
  MaildirSession *session;
  MaildirFolder *folder;
  const HaulScan *request;
  MaildirKeywords keywords;
  GByteArray *headers;
  GHashTable *wanted; /* of GBytes: the only keys asked for; NULL: all */
} MaildirScan;

static void
scan_clear (MaildirScan *scan)
{
  maildir_keywords_clear (&scan->keywords);
  g_clear_pointer (&scan->headers, g_byte_array_unref);
  g_clear_pointer (&scan->wanted, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaildirScan, scan_clear)

static gboolean
needs (const MaildirScan *scan, guint32 bits)
{
  return (scan->request->needs & bits) != 0;
}

/* The wire size that the name alone tells, unless @info shows that it lies. */
static gboolean
size_in_name (const MaildirFile *file, const struct stat *info, guint64 *out_size)
{
  guint64 stored = 0;
  guint64 wire = 0;
  gboolean has_stored = maildir_name_size (file->name, file->base_length, 'S', &stored);

  if (!maildir_name_size (file->name, file->base_length, 'W', &wire))
    return FALSE;
  if (has_stored && (wire < stored || wire - stored > stored))
    return FALSE;
  if (info
      && (has_stored ? stored != (guint64) info->st_size
                     : wire < (guint64) info->st_size))
    return FALSE;
  *out_size = wire;
  return TRUE;
}

/* What is known of one message while its record is made. @key lies in the table that is
 * walked, @file.name perhaps in one that was read since. */
typedef struct
{
  HaulBytes key;
  MaildirFile file;
  struct stat info;
  gboolean has_info;
  int fd;
} MaildirSight;

static gboolean
is_gone (const GError *error)
{
  return g_error_matches (error, HAUL_ERROR, HAUL_ERROR_GONE);
}

/* Opens the message, wherever it is now; the sight's file becomes the present one. */
static gboolean
open_sight (MaildirScan *scan, MaildirSight *sight, GError **error)
{
  int at = maildir_folder_directory (scan->folder, &sight->file);

  /* The usual case, without the lookup. */
  sight->fd = openat (at, sight->file.name,
                      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (sight->fd >= 0 && fstat (sight->fd, &sight->info) == 0
      && S_ISREG (sight->info.st_mode))
    {
      sight->has_info = TRUE;
      return TRUE;
    }
  if (sight->fd >= 0)
    close (sight->fd);
  sight->fd = maildir_message_open (scan->session, scan->folder, sight->key, &sight->file,
                                    &sight->info, error);
  sight->has_info = sight->fd >= 0;
  return sight->fd >= 0;
}

static int
grasp_stat (MaildirFolder *folder, const MaildirFile *file, gpointer user_data)
{
  MaildirSight *sight = user_data;
  int at = maildir_folder_directory (folder, file);

  if (fstatat (at, file->name, &sight->info, 0) != 0)
    return errno;
  sight->file = *file;
  return 0;
}

static gboolean
stat_sight (MaildirScan *scan, MaildirSight *sight, GError **error)
{
  int at = maildir_folder_directory (scan->folder, &sight->file);

  sight->has_info = fstatat (at, sight->file.name, &sight->info, 0) == 0
                    || maildir_message_grasp (scan->session, scan->folder, sight->key,
                                              "look at message", grasp_stat, sight,
                                              error);
  return sight->has_info;
}

/* Reads what only the file's content tells. */
static gboolean
read_content (MaildirScan *scan, MaildirSight *sight, HaulRecord *record, GError **error)
{
  gboolean count = needs (scan, HAUL_NEED_SIZE) && !(record->known & HAUL_RECORD_SIZE);
  gboolean headers = needs (scan, HAUL_NEED_HEADERS);
  MaildirPeek peek = { .headers = headers ? scan->headers : NULL };
  gboolean done = FALSE;

  if (!count && !headers)
    return TRUE;
  if (!open_sight (scan, sight, error))
    return FALSE;
  /* Now that the file was looked at, its name may turn out to lie. */
  count = needs (scan, HAUL_NEED_SIZE)
          && !size_in_name (&sight->file, &sight->info, &record->size_bytes);
  done = maildir_message_peek (scan->session, sight->fd, count, &peek, error);
  close (sight->fd);
  sight->fd = -1;
  if (!done)
    return FALSE;
  if (count)
    record->size_bytes = peek.wire_bytes;
  if (needs (scan, HAUL_NEED_SIZE))
    record->known |= HAUL_RECORD_SIZE;
  if (headers)
    {
      record->headers = (HaulBytes){ scan->headers->data, scan->headers->len };
      record->known |= HAUL_RECORD_HEADERS;
    }
  return TRUE;
}

/* What the name tells: key, flags, delivery id. */
static void
fill_from_name (MaildirScan *scan, const MaildirSight *sight, guint8 *id,
                HaulRecord *record)
{
  const MaildirFile *file = &sight->file;
  MaildirName parsed;

  record->key = (HaulBytes){ (const guint8 *) file->name, file->base_length };
  if (maildir_name_delivery_id (file->name, file->base_length, id))
    {
      record->delivery_id = id;
      record->known |= HAUL_RECORD_DELIVERY_ID;
    }
  if (!needs (scan, HAUL_NEED_FLAGS))
    return;
  maildir_name_parse (file->name, scan->session->separator, &parsed);
  record->flags = parsed.flags;
  record->known |= HAUL_RECORD_FLAGS;
  if (parsed.forwarded || parsed.letters || scan->keywords.courier)
    {
      g_autofree char *base = g_strndup (file->name, file->base_length);

      maildir_keywords_of (&scan->keywords, &parsed, base, scan->session->words);
      record->keywords = (const char *const *) scan->session->words->pdata;
    }
}

/* A scan for some keys looks at no other file. */
static gboolean
is_wanted (const MaildirScan *scan, HaulBytes key)
{
  if (scan->wanted == NULL)
    return TRUE;
  g_autoptr (GBytes) bytes = g_bytes_new_static (key.data, key.length);
  return g_hash_table_contains (scan->wanted, bytes);
}

/* Delivers one message; one that is gone meanwhile is no message. */
static gboolean
deliver (MaildirScan *scan, MaildirFile file, GError **error)
{
  MaildirSight sight = { .file = file, .fd = -1 };
  HaulRecord record = HAUL_RECORD_INIT;
  guint8 id[HAUL_DELIVERY_ID_LENGTH];
  g_autoptr (GError) failure = NULL;
  gboolean look = needs (scan, HAUL_NEED_DATE)
                  && !needs (scan, HAUL_NEED_HEADERS); /* else opened anyway */

  sight.key = (HaulBytes){ (const guint8 *) file.name, file.base_length };
  if (!is_wanted (scan, sight.key))
    return TRUE;
  if (look && !stat_sight (scan, &sight, &failure))
    {
      if (is_gone (failure))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (needs (scan, HAUL_NEED_SIZE)
      && size_in_name (&sight.file, sight.has_info ? &sight.info : NULL,
                       &record.size_bytes))
    record.known |= HAUL_RECORD_SIZE;
  if (!read_content (scan, &sight, &record, &failure))
    {
      if (is_gone (failure))
        return TRUE;
      /* Unreadable: still a message. Its fetch will say what is wrong with it. */
      if (haul_error_scope (failure) != HAUL_SCOPE_MESSAGE)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
    }
  if (needs (scan, HAUL_NEED_DATE) && sight.has_info)
    {
      record.date_unix = sight.info.st_mtim.tv_sec;
      record.known |= HAUL_RECORD_DATE;
    }
  fill_from_name (scan, &sight, id, &record);
  return scan->request->record (&record, scan->request->user_data, error);
}

/* Walks the names; they are back in the folder afterwards unless read anew, or too many.
 */
static gboolean
deliver_all (MaildirScan *scan, GError **error)
{
  MaildirFolder *folder = scan->folder;
  MaildirTable *table = g_steal_pointer (&folder->table);
  gsize count = maildir_table_count (table);
  gboolean done = TRUE;

  for (gsize i = 0; i < count && done; i++)
    done = maildir_session_go_on (scan->session, error)
           && deliver (scan, maildir_table_get (table, i), error);
  if (folder->table || count > MAILDIR_KEEP_NAMES)
    maildir_table_free (table);
  else
    folder->table = table;
  return done;
}

static gboolean
same_token (HaulBytes since, const GByteArray *token)
{
  return token->len > 0 && since.length == token->len
         && memcmp (since.data, token->data, token->len) == 0;
}

/* Whether a token for @before holds for what was read since. */
static gboolean
token_holds (MaildirScan *scan, const MaildirStamp *before)
{
  MaildirStamp after[MAILDIR_STAMPS];

  if (!scan->folder->table_stable || !maildir_folder_stamps (scan->folder, after))
    return FALSE;
  for (guint i = 0; i < MAILDIR_STAMPS; i++)
    if (!maildir_stamp_equal (&before[i], &after[i]))
      return FALSE;
  return TRUE;
}

static gboolean
scan_whole (MaildirScan *scan, HaulFolderStatus *status, GError **error)
{
  MaildirSession *session = scan->session;
  MaildirStamp before[MAILDIR_STAMPS];
  gboolean has_token = FALSE;

  if (!maildir_folder_stamps (scan->folder, before))
    return haul_error_set_errno (error, errno, HAUL_SCOPE_FOLDER, "look at folder '%s'",
                                 scan->folder->directory);
  has_token = maildir_folder_token (session, before, session->token);
  if (needs (scan, HAUL_NEED_FLAGS)
      && !maildir_keywords_load (&scan->keywords, scan->folder->fd, error))
    return FALSE;
  if (!maildir_folder_read (session, scan->folder, error))
    return FALSE;
  maildir_table_sort (scan->folder->table);
  has_token = has_token && token_holds (scan, before);
  status->known |= HAUL_STATUS_MESSAGES;
  status->messages = maildir_table_count (scan->folder->table);
  if (!deliver_all (scan, error))
    return FALSE;
  if (has_token)
    {
      status->token = (HaulBytes){ session->token->data, session->token->len };
      status->known |= HAUL_STATUS_TOKEN;
    }
  return TRUE;
}

gboolean
maildir_scan (gpointer session, const HaulScan *request, HaulScanResult *out_result,
              GError **error)
{
  MaildirSession *self = session;
  g_auto (MaildirScan) scan = { .session = self, .folder = self->entered };
  HaulScanResult result = { .struct_size = sizeof result };
  MaildirStamp now[MAILDIR_STAMPS];

  if (!self->entered)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "scan: no folder is entered");
  scan.request = request;
  scan.headers = g_byte_array_new ();
  if (request->keys != NULL)
    scan.wanted = g_hash_table_new_full (g_bytes_hash, g_bytes_equal,
                                         (GDestroyNotify) g_bytes_unref, NULL);
  for (gsize i = 0; request->keys != NULL && i < request->key_count; i++)
    g_hash_table_add (scan.wanted,
                      g_bytes_new (request->keys[i].data, request->keys[i].length));
  if (request->since.length > 0 && maildir_folder_stamps (self->entered, now)
      && maildir_folder_token (self, now, self->token)
      && same_token (request->since, self->token))
    {
      result.delta = TRUE; /* nothing changed since */
      result.status.token = (HaulBytes){ self->token->data, self->token->len };
      result.status.known = HAUL_STATUS_TOKEN;
    }
  else if (!scan_whole (&scan, &result.status, error))
    return FALSE;
  *out_result = result;
  return TRUE;
}
