/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store behind the in-memory backend: its life, its lock and its questions. Every
 * change is a record: appended to the log file, if there is one (memory-log.c), and then
 * applied (memory-apply.c), so that loading is applying again. Any thread.
 */
#include "memory-store.h"

#include <unistd.h>

#include <mailhaul/error.h>

#include "memory-private.h"

/* The stores that this process has; a test's state may be mutable. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *table = NULL;

/* commit: one write of all records, then their effects. With the lock held. */
static gboolean
commit (MemoryStore *self, const MemoryRecord *records, gsize count, GError **error)
{
  gsize i;

  if (self->file >= 0 && !memory_log_append (self->file, records, count, error))
    return FALSE;
  for (i = 0; i < count; i++)
    memory_apply (&records[i], self);
  return TRUE;
}

/* commit_one: for changes that have no way to report that the test's disk is full. */
static gboolean
commit_one (MemoryStore *self, MemoryRecordKind kind, HaulPath path, guint64 number)
{
  g_autoptr (GError) error = NULL;
  MemoryRecord record = {
    .kind = kind, .path = (char **) path, .number = number, .flags = 0
  };

  commit (self, &record, 1, &error);
  g_assert_no_error (error);
  return TRUE;
}

/* ---- life ---- */

static void
delayed_clear (gpointer data)
{
  MemoryPut *put = data;

  g_strfreev ((char **) put->path);
  memory_message_unref (put->message);
}

static MemoryStore *
store_make (char *name)
{
  MemoryStore *self = g_new0 (MemoryStore, 1);

  pthread_mutex_init (&self->lock, NULL);
  self->name = name;
  self->references = 1;
  self->file = -1;
  self->epoch = g_random_int ();
  self->folders = g_ptr_array_new_with_free_func (memory_folder_destroy);
  self->by_path = g_hash_table_new (g_str_hash, g_str_equal);
  self->delayed = g_array_new (FALSE, FALSE, sizeof (MemoryPut));
  g_array_set_clear_func (self->delayed, delayed_clear);
  return self;
}

static void
store_free (MemoryStore *self)
{
  g_array_unref (self->delayed);
  if (self->file >= 0)
    close (self->file);
  g_hash_table_unref (self->by_path);
  g_ptr_array_unref (self->folders);
  pthread_mutex_destroy (&self->lock);
  g_free (self->name);
  g_free (self);
}

/* With the table's lock held. */
static void
table_enter (MemoryStore *self)
{
  if (table == NULL)
    table = g_hash_table_new (g_str_hash, g_str_equal);
  g_assert_false (g_hash_table_contains (table, self->name));
  g_hash_table_insert (table, self->name, self);
}

/* With the table's lock held. */
static MemoryStore *
table_find (const char *name)
{
  MemoryStore *self = table != NULL ? g_hash_table_lookup (table, name) : NULL;

  if (self != NULL)
    self->references++;
  return self;
}

MemoryStore *
memory_store_new (const char *name)
{
  MemoryStore *self = store_make (g_strconcat ("name:", name, NULL));

  pthread_mutex_lock (&table_lock);
  table_enter (self);
  pthread_mutex_unlock (&table_lock);
  return self;
}

MemoryStore *
memory_store_find (const char *name)
{
  g_autofree char *key = g_strconcat ("name:", name, NULL);
  MemoryStore *self;

  pthread_mutex_lock (&table_lock);
  self = table_find (key);
  pthread_mutex_unlock (&table_lock);
  return self;
}

/* With the table's lock held: two sessions must not load one file twice. */
static MemoryStore *
open_file (char *name, const char *file, gboolean create, GError **error)
{
  MemoryStore *self = store_make (name);

  self->file = memory_log_open (file, create, memory_apply, self, error);
  if (self->file < 0)
    {
      store_free (self);
      return NULL;
    }
  table_enter (self);
  return self;
}

MemoryStore *
memory_store_open (const char *file, gboolean create, GError **error)
{
  char *name = g_strconcat ("file:", file, NULL);
  MemoryStore *self;

  pthread_mutex_lock (&table_lock);
  self = table_find (name);
  if (self != NULL)
    g_free (name);
  else
    self = open_file (name, file, create, error);
  pthread_mutex_unlock (&table_lock);
  return self;
}

MemoryStore *
memory_store_ref (MemoryStore *self)
{
  pthread_mutex_lock (&table_lock);
  self->references++;
  pthread_mutex_unlock (&table_lock);
  return self;
}

void
memory_store_unref (MemoryStore *self)
{
  gboolean last;

  if (self == NULL)
    return;
  pthread_mutex_lock (&table_lock);
  last = --self->references == 0;
  if (last)
    {
      g_hash_table_remove (table, self->name);
      if (g_hash_table_size (table) == 0)
        g_clear_pointer (&table, g_hash_table_unref);
    }
  pthread_mutex_unlock (&table_lock);
  if (last)
    store_free (self);
}

guint32
memory_store_join (MemoryStore *self)
{
  guint32 epoch;

  pthread_mutex_lock (&self->lock);
  self->sessions++;
  epoch = self->epoch;
  pthread_mutex_unlock (&self->lock);
  return epoch;
}

void
memory_store_part (MemoryStore *self)
{
  pthread_mutex_lock (&self->lock);
  if (--self->sessions == 0)
    self->epoch++;
  pthread_mutex_unlock (&self->lock);
}

/* ---- folders, from outside ---- */

void
memory_store_create (MemoryStore *self, HaulPath path, guint32 attributes,
                     guint32 special_use)
{
  g_autoptr (GError) error = NULL;
  MemoryRecord record = { .kind = MEMORY_RECORD_CREATE,
                          .path = (char **) path,
                          .flags = attributes,
                          .number = special_use };
  g_auto (GStrv) copy = haul_path_copy (path);

  record.path = copy;
  pthread_mutex_lock (&self->lock);
  commit (self, &record, 1, &error);
  pthread_mutex_unlock (&self->lock);
  g_assert_no_error (error);
}

gboolean
memory_store_subscribe (MemoryStore *self, HaulPath path, gboolean subscribed)
{
  gboolean found;

  pthread_mutex_lock (&self->lock);
  found = memory_folder_find (self, path) != NULL
          && commit_one (self, MEMORY_RECORD_SUBSCRIBE, path, subscribed ? 1 : 0);
  pthread_mutex_unlock (&self->lock);
  return found;
}

gboolean
memory_store_rename (MemoryStore *self, HaulPath from, HaulPath to)
{
  g_autofree char *target = haul_path_to_text (to);
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  MemoryMessage carrier = { .keywords = target, .body = nothing };
  MemoryRecord record = { .kind = MEMORY_RECORD_RENAME,
                          .path = (char **) from,
                          .message = &carrier };
  gboolean possible;

  pthread_mutex_lock (&self->lock);
  possible = memory_folder_find (self, from) != NULL
             && memory_folder_find (self, to) == NULL && commit (self, &record, 1, NULL);
  pthread_mutex_unlock (&self->lock);
  return possible;
}

gboolean
memory_store_remove (MemoryStore *self, HaulPath path)
{
  gboolean found;

  pthread_mutex_lock (&self->lock);
  found = memory_folder_find (self, path) != NULL
          && commit_one (self, MEMORY_RECORD_REMOVE, path, 0);
  pthread_mutex_unlock (&self->lock);
  return found;
}

void
memory_store_renumber (MemoryStore *self, HaulPath path)
{
  pthread_mutex_lock (&self->lock);
  commit_one (self, MEMORY_RECORD_RENUMBER, path, 0);
  pthread_mutex_unlock (&self->lock);
}

void
memory_store_set_debris (MemoryStore *self, HaulPath path, gboolean debris)
{
  pthread_mutex_lock (&self->lock);
  commit_one (self, MEMORY_RECORD_DEBRIS, path, debris ? 1 : 0);
  pthread_mutex_unlock (&self->lock);
}

static gint
compare_depth (gconstpointer a, gconstpointer b)
{
  const MemoryFolder *first = *(MemoryFolder *const *) a;
  const MemoryFolder *second = *(MemoryFolder *const *) b;

  return (gint) g_strv_length (first->path) - (gint) g_strv_length (second->path);
}

GPtrArray *
memory_store_list (MemoryStore *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) memory_folder_free);
  guint i;

  pthread_mutex_lock (&self->lock);
  for (i = 0; i < self->folders->len; i++)
    g_ptr_array_add (list, memory_folder_copy (g_ptr_array_index (self->folders, i)));
  pthread_mutex_unlock (&self->lock);
  g_ptr_array_sort (list, compare_depth);
  return list;
}

/* With the lock held. */
static MemoryEntry *
folder_find_folded (MemoryStore *self, HaulPath path)
{
  g_autofree char *id = haul_path_to_text (path);
  g_autofree char *folded = g_utf8_casefold (id, -1);
  guint i;

  for (i = 0; i < self->folders->len; i++)
    {
      MemoryEntry *folder = g_ptr_array_index (self->folders, i);
      g_autofree char *other = g_utf8_casefold (folder->id, -1);

      if (g_strcmp0 (folded, other) == 0)
        return folder;
    }
  return NULL;
}

MemoryFolder *
memory_store_folder (MemoryStore *self, HaulPath path, gboolean fold_case)
{
  MemoryEntry *folder;
  MemoryFolder *copy;

  pthread_mutex_lock (&self->lock);
  folder = fold_case ? folder_find_folded (self, path) : memory_folder_find (self, path);
  copy = folder != NULL ? memory_folder_copy (folder) : NULL;
  pthread_mutex_unlock (&self->lock);
  return copy;
}

/* ---- messages, from outside ---- */

/* With the lock held. */
static gboolean
put_locked (MemoryStore *self, const MemoryPut *puts, gsize count, GError **error)
{
  g_autofree MemoryRecord *records = g_new0 (MemoryRecord, count);
  g_autoptr (GHashTable) next = g_hash_table_new (NULL, NULL);
  gsize i;

  for (i = 0; i < count; i++)
    {
      MemoryEntry *folder = memory_folder_find (self, puts[i].path);
      guint64 given;

      if (folder == NULL || folder->info.attributes & HAUL_FOLDER_NOSELECT)
        return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                               "store into '%s': no such folder",
                               puts[i].path[g_strv_length ((char **) puts[i].path) - 1]);
      given = GPOINTER_TO_SIZE (g_hash_table_lookup (next, folder));
      if (puts[i].message->number == 0)
        puts[i].message->number = folder->info.next + given++;
      g_hash_table_insert (next, folder, GSIZE_TO_POINTER (given));
      records[i].kind = MEMORY_RECORD_PUT;
      records[i].path = (char **) puts[i].path;
      records[i].message = puts[i].message;
    }
  return commit (self, records, count, error);
}

gboolean
memory_store_put (MemoryStore *self, const MemoryPut *puts, gsize count, GError **error)
{
  gboolean done;

  pthread_mutex_lock (&self->lock);
  done = put_locked (self, puts, count, error);
  pthread_mutex_unlock (&self->lock);
  return done;
}

void
memory_store_delay (MemoryStore *self, const MemoryPut *puts, gsize count)
{
  gsize i;

  pthread_mutex_lock (&self->lock);
  for (i = 0; i < count; i++)
    {
      MemoryPut put = { (HaulPath) g_strdupv ((char **) puts[i].path),
                        memory_message_ref (puts[i].message) };

      g_array_append_val (self->delayed, put);
    }
  pthread_mutex_unlock (&self->lock);
}

void
memory_store_arrive (MemoryStore *self)
{
  g_autoptr (GError) error = NULL;

  pthread_mutex_lock (&self->lock);
  if (self->delayed->len > 0)
    put_locked (self, (const MemoryPut *) (gpointer) self->delayed->data,
                self->delayed->len, &error);
  g_array_set_size (self->delayed, 0);
  pthread_mutex_unlock (&self->lock);
  g_assert_no_error (error);
}

gboolean
memory_store_drop (MemoryStore *self, HaulPath path, guint64 number)
{
  MemoryEntry *folder;
  gboolean found;

  pthread_mutex_lock (&self->lock);
  folder = memory_folder_find (self, path);
  found = folder != NULL && g_hash_table_contains (folder->by_number, &number)
          && commit_one (self, MEMORY_RECORD_DROP, path, number);
  pthread_mutex_unlock (&self->lock);
  return found;
}

GPtrArray *
memory_store_messages (MemoryStore *self, HaulPath path, guint64 from,
                       MemoryFolder **out_folder)
{
  GPtrArray *list = NULL;
  MemoryEntry *folder;
  guint i;

  pthread_mutex_lock (&self->lock);
  folder = memory_folder_find (self, path);
  if (folder != NULL)
    {
      list = g_ptr_array_new_with_free_func ((GDestroyNotify) memory_message_unref);
      if (out_folder != NULL)
        *out_folder = memory_folder_copy (folder);
      for (i = memory_folder_position (folder, from); i < folder->messages->len; i++)
        g_ptr_array_add (list,
                         memory_message_ref (g_ptr_array_index (folder->messages, i)));
    }
  pthread_mutex_unlock (&self->lock);
  return list;
}

MemoryMessage *
memory_store_message (MemoryStore *self, HaulPath path, guint64 number)
{
  MemoryMessage *message = NULL;
  MemoryEntry *folder;

  pthread_mutex_lock (&self->lock);
  folder = memory_folder_find (self, path);
  if (folder != NULL)
    message = g_hash_table_lookup (folder->by_number, &number);
  if (message != NULL)
    memory_message_ref (message);
  pthread_mutex_unlock (&self->lock);
  return message;
}

GArray *
memory_store_gone (MemoryStore *self, HaulPath path, guint64 since)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (MemoryGone));
  MemoryEntry *folder;
  guint i;

  pthread_mutex_lock (&self->lock);
  folder = memory_folder_find (self, path);
  for (i = 0; folder != NULL && i < folder->gone->len; i++)
    {
      const MemoryGone *gone = &g_array_index (folder->gone, MemoryGone, i);

      if (gone->change > since)
        g_array_append_val (list, *gone);
    }
  pthread_mutex_unlock (&self->lock);
  return list;
}

guint64
memory_store_bytes (MemoryStore *self)
{
  guint64 bytes = 0;
  guint i;

  pthread_mutex_lock (&self->lock);
  for (i = 0; i < self->folders->len; i++)
    bytes += ((MemoryEntry *) g_ptr_array_index (self->folders, i))->info.bytes;
  pthread_mutex_unlock (&self->lock);
  return bytes;
}
