/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The in-memory backend: options, sessions, folders and changes of messages. What moves
 * messages is in memory-transfer.c. Runs on the session's thread.
 */
#include "memory-backend.h"

#include <string.h>

#include <mailhaul/error.h>

#include "memory-session.h"
#include "model/keywords.h"

static const HaulOptionSpec memory_options[] = {
  HAUL_OPT_STRING (MemorySettings, store, "store", NULL, HAUL_OPT_IDENTITY,
                   "Name of a store that the test holds"),
  HAUL_OPT_PATH (MemorySettings, file, "file", NULL, HAUL_OPT_IDENTITY,
                 "Log file that the store lives in"),
  HAUL_OPT_LIST (MemorySettings, without, "without", NULL, HAUL_OPT_NONE,
                 "Capabilities that are taken away"),
  HAUL_OPT_BOOL (MemorySettings, needs_size, "needs-size", "false", HAUL_OPT_NONE,
                 "Must know the size of a message first"),
  HAUL_OPT_BOOL (MemorySettings, single_session, "single-session", "false", HAUL_OPT_NONE,
                 "One session at a time"),
  HAUL_OPT_BOOL (MemorySettings, case_insensitive, "case-insensitive", "false",
                 HAUL_OPT_NONE, "Folder names are the same in any case"),
  HAUL_OPT_BOOL (MemorySettings, delta, "delta", "false", HAUL_OPT_NONE,
                 "Scans give the difference to an earlier one"),
  HAUL_OPT_UINT (MemorySettings, batch, "batch", "4", "1", "100000", "messages",
                 HAUL_OPT_NONE, "Messages that are committed together"),
  HAUL_OPT_UINT (MemorySettings, window, "window", "1", "1", "1000", "messages",
                 HAUL_OPT_NONE, "Messages of a fetch that are taken ahead"),
  HAUL_OPT_UINT (MemorySettings, chunk, "chunk", "65536", "1", "1048576", "bytes",
                 HAUL_OPT_NONE, "Bytes that are handed over at once"),
  HAUL_OPT_SIZE (MemorySettings, max_message, "max-message", "0", NULL, NULL,
                 HAUL_OPT_NONE, "Largest message that is taken"),
  HAUL_OPT_SIZE (MemorySettings, quota, "quota", "0", NULL, NULL, HAUL_OPT_NONE,
                 "Most bytes that all messages may have"),
  HAUL_OPT_UINT (MemorySettings, again, "again", "0", "0", "1000", "messages",
                 HAUL_OPT_NONE, "Each so many-th message is refused at first"),
  HAUL_OPT_BOOL (MemorySettings, debris, "debris", "false", HAUL_OPT_NONE,
                 "A batch that is broken off leaves debris"),
  HAUL_OPT_UINT (MemorySettings, lose, "lose", "0", "0", "1000", "messages",
                 HAUL_OPT_NONE, "Each so many-th message is lost after its receipt"),
  HAUL_OPT_STRING (MemorySettings, ghost, "ghost", "", HAUL_OPT_NONE,
                   "When a batch that is broken off is stored all the same"),
  HAUL_OPT_UINT (MemorySettings, sessions, "sessions", "0", "0", "64", "sessions",
                 HAUL_OPT_NONE, "Sessions that may be open at once"),
  HAUL_OPT_END,
};

/* ---- sessions ---- */

gboolean
memory_session_lacks (const MemorySession *self, const char *word)
{
  return self->settings->without != NULL
         && g_strv_contains ((const char *const *) self->settings->without, word);
}

gboolean
memory_session_probe (MemorySession *self, MemoryStep step, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  return self->probe == NULL || self->probe (step, self->probe_data, error);
}

void
memory_session_set_probe (gpointer session, MemoryProbe probe, gpointer user_data)
{
  MemorySession *self = session;

  self->probe = probe;
  self->probe_data = user_data;
}

static guint32
caps_for (const MemorySession *self)
{
  static const struct
  {
    const char *word;
    guint32 cap;
  } removable[] = {
    { "keys", HAUL_CAP_RETURNS_KEYS },
    { "stable-keys", HAUL_CAP_STABLE_KEYS },
    { "ordered-keys", HAUL_CAP_ORDERED_KEYS },
    { "delivery-id", HAUL_CAP_KEEPS_ID },
    { "keywords", HAUL_CAP_KEYWORDS },
    { "any-lines", HAUL_CAP_ANY_LINES },
    { "dates", HAUL_CAP_DATES },
    { "scan-from", HAUL_CAP_SCAN_FROM },
    { "exact-size", HAUL_CAP_EXACT_SIZE },
    { "subscriptions", HAUL_CAP_SUBSCRIPTIONS },
  };
  guint32 caps = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (removable); i++)
    if (!memory_session_lacks (self, removable[i].word))
      caps |= removable[i].cap;
  if (!(caps & HAUL_CAP_STABLE_KEYS))
    caps &= ~(guint32) HAUL_CAP_ORDERED_KEYS;
  caps |= self->settings->needs_size ? HAUL_CAP_NEEDS_SIZE : 0;
  caps |= self->settings->single_session ? HAUL_CAP_SINGLE_SESSION : 0;
  caps |= self->settings->case_insensitive ? HAUL_CAP_CASE_INSENSITIVE : 0;
  return caps;
}

static void
session_adopt (MemorySession *self, MemoryStore *store)
{
  self->store = store;
  self->epoch = memory_store_join (store);
}

static gboolean
find_store (MemorySession *self, gboolean create, GError **error)
{
  g_autoptr (GError) local = NULL;
  MemoryStore *store;

  if (self->store != NULL)
    return TRUE;
  if (self->settings->file == NULL)
    {
      store = memory_store_find (self->settings->store);
      if (store == NULL)
        return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_ACCOUNT,
                               "open store '%s': the test has no such store",
                               self->settings->store);
    }
  else
    {
      store = memory_store_open (self->settings->file, create, &local);
      if (store == NULL && !create && self->role == HAUL_ROLE_DESTINATION
          && g_error_matches (local, HAUL_ERROR, HAUL_ERROR_NOT_FOUND))
        return TRUE;
      if (store == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  session_adopt (self, store);
  return TRUE;
}

gboolean
memory_session_need_store (MemorySession *self, GError **error)
{
  if ((self->role != HAUL_ROLE_DESTINATION && !self->may_change) || self->dry_run)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_JOB,
                           "change the store: the session is for reading only");
  return find_store (self, TRUE, error);
}

gboolean
memory_session_need_entered (MemorySession *self, GError **error)
{
  return self->entered != NULL
         || haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                            "work in a folder: none is entered");
}

static gboolean
memory_check (gconstpointer settings, HaulRole role, GError **error)
{
  const MemorySettings *own = settings;

  if (own->file == NULL && own->store == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "one of \"store\" and \"file\" must be given");
  return TRUE;
}

static gpointer
memory_open (const HaulOpen *open, GError **error)
{
  MemorySession *self = g_new0 (MemorySession, 1);

  self->settings = open->settings;
  self->role = open->role;
  self->may_change = open->may_change;
  self->dry_run = open->dry_run;
  self->cancellable = open->cancellable;
  self->caps = caps_for (self);
  return self;
}

static void
memory_close (gpointer session)
{
  MemorySession *self = session;

  if (self->store != NULL)
    {
      memory_store_part (self->store);
      memory_store_unref (self->store);
    }
  g_strfreev (self->entered);
  g_free (self);
}

static guint32
memory_caps (gpointer session)
{
  return ((MemorySession *) session)->caps;
}

static guint
memory_sessions (gpointer session)
{
  return ((MemorySession *) session)->settings->sessions;
}

/* ---- status ---- */

static void
put_be64 (guint8 *out, guint64 value)
{
  guint64 big = GUINT64_TO_BE (value);

  memcpy (out, &big, sizeof big);
}

void
memory_session_status (MemorySession *self, const MemoryFolder *folder,
                       HaulFolderStatus *out_status)
{
  memset (out_status, 0, sizeof *out_status);
  if (folder->attributes & HAUL_FOLDER_NOSELECT)
    return;
  out_status->known = HAUL_STATUS_MESSAGES | HAUL_STATUS_UIDVALIDITY | HAUL_STATUS_BYTES;
  out_status->messages = folder->count + (folder->debris ? 1 : 0);
  out_status->bytes = folder->bytes;
  out_status->uid_validity = folder->validity;
  put_be64 (self->token, folder->validity);
  put_be64 (self->token + 8, folder->changes);
  put_be64 (self->mark, folder->next);
  if (!memory_session_lacks (self, "token") && !folder->debris)
    {
      out_status->known |= HAUL_STATUS_TOKEN;
      out_status->token = (HaulBytes){ self->token, sizeof self->token };
    }
  if (memory_session_lacks (self, "mark"))
    return;
  out_status->known |= HAUL_STATUS_MARK | HAUL_STATUS_UIDNEXT;
  out_status->uid_next = folder->next;
  out_status->mark = (HaulBytes){ self->mark, sizeof self->mark };
}

/* ---- folders ---- */

static gboolean
memory_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  MemorySession *self = session;
  g_autoptr (GPtrArray) list = NULL;
  guint i;

  if (!find_store (self, FALSE, error))
    return FALSE;
  if (self->store == NULL)
    return TRUE;
  memory_session_haunt (self, "list");
  list = memory_store_list (self->store);
  for (i = 0; i < list->len; i++)
    {
      const MemoryFolder *found = g_ptr_array_index (list, i);
      HaulFolder folder = HAUL_FOLDER_INIT;

      folder.path = (HaulPath) found->path;
      folder.attributes = found->attributes;
      if (!(self->caps & HAUL_CAP_SUBSCRIPTIONS))
        folder.attributes &= ~(guint32) HAUL_FOLDER_SUBSCRIBED;
      folder.special_use = found->special_use;
      memory_session_status (self, found, &folder.status);
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error)
          || !func (&folder, user_data, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
memory_create (gpointer session, const HaulFolder *folders, gsize count,
               HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  MemorySession *self = session;
  guint32 kept = self->caps & HAUL_CAP_SUBSCRIPTIONS ? HAUL_FOLDER_SUBSCRIBED : 0;
  gsize i;

  if (!memory_session_need_store (self, error))
    return FALSE;
  for (i = 0; i < count; i++)
    {
      g_autoptr (MemoryFolder) found = memory_store_folder (
          self->store, folders[i].path, self->settings->case_insensitive);

      memory_store_create (self->store,
                           found != NULL ? (HaulPath) found->path : folders[i].path,
                           folders[i].attributes & kept, folders[i].special_use);
      func (folders[i].path, NULL, user_data);
    }
  return TRUE;
}

/* find_folder: the folder that @path means, with its own spelling. */
static MemoryFolder *
find_folder (MemorySession *self, HaulPath path, GError **error)
{
  MemoryFolder *folder = NULL;
  g_autofree char *text = NULL;

  if (!find_store (self, FALSE, error))
    return NULL;
  if (self->store != NULL)
    folder = memory_store_folder (self->store, path, self->settings->case_insensitive);
  if (folder == NULL)
    {
      text = haul_path_to_text (path);
      haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                      "find folder '%s': there is none", text);
    }
  return folder;
}

static gboolean
memory_rename (gpointer session, HaulPath from, HaulPath to, GError **error)
{
  MemorySession *self = session;
  g_autoptr (MemoryFolder) folder = NULL;

  if (!memory_session_need_store (self, error))
    return FALSE;
  folder = find_folder (self, from, error);
  if (folder == NULL)
    return FALSE;
  if (!memory_store_rename (self->store, (HaulPath) folder->path, to))
    return haul_error_set (error, HAUL_ERROR_EXISTS, HAUL_SCOPE_FOLDER,
                           "rename a folder: the new name is taken");
  return TRUE;
}

static gboolean
memory_remove (gpointer session, HaulPath path, GError **error)
{
  MemorySession *self = session;
  g_autoptr (MemoryFolder) folder = NULL;

  if (!memory_session_need_store (self, error))
    return FALSE;
  folder = find_folder (self, path, error);
  if (folder == NULL)
    return FALSE;
  if (folder->count > 0)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                           "remove a folder: it holds %" G_GUINT64_FORMAT " messages",
                           folder->count);
  memory_store_remove (self->store, (HaulPath) folder->path);
  return TRUE;
}

static gboolean
memory_subscribe (gpointer session, HaulPath path, gboolean subscribed, GError **error)
{
  MemorySession *self = session;
  g_autoptr (MemoryFolder) folder = NULL;

  if (!memory_session_need_store (self, error))
    return FALSE;
  folder = find_folder (self, path, error);
  if (folder == NULL)
    return FALSE;
  if (!(self->caps & HAUL_CAP_SUBSCRIPTIONS))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "subscribe: the store knows no subscriptions");
  memory_store_subscribe (self->store, (HaulPath) folder->path, subscribed);
  return TRUE;
}

static gboolean
memory_enter (gpointer session, HaulPath path, HaulEnterMode mode,
              HaulFolderStatus *out_status, GError **error)
{
  MemorySession *self = session;
  g_autoptr (MemoryFolder) folder = find_folder (self, path, error);

  g_clear_pointer (&self->entered, g_strfreev);
  if (folder == NULL)
    return FALSE;
  if (folder->attributes & HAUL_FOLDER_NOSELECT)
    return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                           "enter folder '%s': it holds only folders",
                           folder->path[g_strv_length (folder->path) - 1]);
  self->entered = g_strdupv (folder->path);
  if (out_status != NULL)
    memory_session_status (self, folder, out_status);
  return TRUE;
}

static gboolean
memory_leave (gpointer session, GError **error)
{
  g_clear_pointer (&((MemorySession *) session)->entered, g_strfreev);
  return TRUE;
}

/* ---- changes ---- */

static void
report_gone (HaulBytes key, HaulChangeResultFunc func, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  haul_error_set (&error, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                  "change a message: there is none with that key");
  func (key, HAUL_NO_BYTES, error, user_data);
}

static char *
changed_keywords (const MemorySession *self, const char *old, const HaulChange *change)
{
  g_autofree char *add = keywords_join (change->add_keywords);
  g_autofree char *drop = keywords_join (change->remove_keywords);
  g_autofree char *less = keywords_minus (old, drop);

  return keywords_union (less, self->caps & HAUL_CAP_KEYWORDS ? add : "");
}

static gboolean
memory_update (gpointer session, const HaulChange *changes, gsize count,
               HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MemorySession *self = session;
  HaulPath path = (HaulPath) self->entered;
  gsize i;

  if (!memory_session_need_store (self, error)
      || !memory_session_need_entered (self, error))
    return FALSE;
  for (i = 0; i < count; i++)
    {
      guint64 number = memory_session_number (self, changes[i].key);
      g_autoptr (MemoryMessage) old = memory_store_message (self->store, path, number);
      g_autoptr (MemoryMessage) new = NULL;
      MemoryPut put = { path, NULL };

      if (old == NULL)
        {
          report_gone (changes[i].key, func, user_data);
          continue;
        }
      new = memory_message_copy (old);
      new->flags = (old->flags | changes[i].add_flags) & ~changes[i].remove_flags;
      g_free (new->keywords);
      new->keywords = changed_keywords (self, old->keywords, &changes[i]);
      put.message = new;
      if (!memory_store_put (self->store, &put, 1, error))
        return FALSE;
      func (changes[i].key, HAUL_NO_BYTES, NULL, user_data);
    }
  return TRUE;
}

static gboolean
memory_expunge (gpointer session, const HaulBytes *keys, gsize count,
                HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MemorySession *self = session;
  gsize i;

  if (!memory_session_need_store (self, error)
      || !memory_session_need_entered (self, error))
    return FALSE;
  if (memory_session_lacks (self, "expunge"))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER, "expunge");
  for (i = 0; i < count; i++)
    {
      if (memory_store_drop (self->store, (HaulPath) self->entered,
                             memory_session_number (self, keys[i])))
        func (keys[i], HAUL_NO_BYTES, NULL, user_data);
      else
        report_gone (keys[i], func, user_data);
    }
  return TRUE;
}

static gboolean
memory_recover (gpointer session, HaulPath path, HaulBytes note, GError **error)
{
  MemorySession *self = session;
  g_autoptr (MemoryFolder) folder = NULL;

  if (!memory_session_need_store (self, error))
    return FALSE;
  folder = find_folder (self, path, error);
  if (folder == NULL)
    return FALSE;
  memory_session_haunt (self, "recover");
  if (folder->debris)
    memory_store_set_debris (self->store, (HaulPath) folder->path, FALSE);
  return TRUE;
}

static const HaulBackend memory_backend = {
  HAUL_BACKEND_HEADER,
  .name = "memory",
  .summary = "Mail in memory, for tests",
  .options = memory_options,
  .settings_size = sizeof (MemorySettings),
  .check = memory_check,
  .open = memory_open,
  .close = memory_close,
  .caps = memory_caps,
  .list = memory_list,
  .create = memory_create,
  .rename = memory_rename,
  .remove = memory_remove,
  .subscribe = memory_subscribe,
  .enter = memory_enter,
  .leave = memory_leave,
  .scan = memory_scan,
  .fetch = memory_fetch,
  .store = memory_store,
  .update = memory_update,
  .expunge = memory_expunge,
  .recover = memory_recover,
  .sessions = memory_sessions,
  .move = memory_move,
  .copy = memory_copy,
};

static const HaulBackend plain_backend = {
  HAUL_BACKEND_HEADER,
  .name = "memory-plain",
  .summary = "Mail in memory with the fewest callbacks",
  .options = memory_options,
  .settings_size = sizeof (MemorySettings),
  .open = memory_open,
  .close = memory_close,
  .list = memory_list,
  .create = memory_create,
  .enter = memory_enter,
  .scan = memory_scan,
  .fetch = memory_fetch,
  .store = memory_store,
};

const HaulBackend *
memory_backend_get (void)
{
  return &memory_backend;
}

const HaulBackend *
memory_backend_get_plain (void)
{
  return &plain_backend;
}
