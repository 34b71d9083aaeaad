/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a record of the in-memory store does to its folders and messages. Runs with the
 * store's lock held, which is the caller's; knows nothing of files.
 */
#include "memory-private.h"

/* ---- messages ---- */

static void
message_clear (gpointer data)
{
  MemoryMessage *message = data;

  g_free (message->keywords);
  g_bytes_unref (message->body);
}

MemoryMessage *
memory_message_new (GBytes *body, HaulLines lines, guint32 flags, const char *keywords)
{
  MemoryMessage *message = g_atomic_rc_box_new0 (MemoryMessage);

  message->body = body;
  message->lines = lines;
  message->flags = flags;
  message->keywords = g_strdup (keywords != NULL ? keywords : "");
  return message;
}

MemoryMessage *
memory_message_copy (const MemoryMessage *message)
{
  MemoryMessage *copy = g_atomic_rc_box_new0 (MemoryMessage);

  *copy = *message;
  copy->keywords = g_strdup (message->keywords);
  copy->body = g_bytes_ref (message->body);
  return copy;
}

MemoryMessage *
memory_message_ref (MemoryMessage *message)
{
  return g_atomic_rc_box_acquire (message);
}

void
memory_message_unref (MemoryMessage *message)
{
  if (message != NULL)
    g_atomic_rc_box_release_full (message, message_clear);
}

/* ---- folders ---- */

void
memory_folder_destroy (gpointer data)
{
  MemoryEntry *folder = data;

  g_strfreev (folder->info.path);
  g_free (folder->id);
  g_hash_table_unref (folder->by_number);
  g_ptr_array_unref (folder->messages);
  g_array_unref (folder->gone);
  g_free (folder);
}

MemoryEntry *
memory_folder_find (MemoryStore *self, HaulPath path)
{
  g_autofree char *id = haul_path_to_text (path);

  return g_hash_table_lookup (self->by_path, id);
}

static MemoryEntry *
folder_make (MemoryStore *self, HaulPath path, guint32 attributes)
{
  MemoryEntry *folder = g_new0 (MemoryEntry, 1);

  folder->info.path = haul_path_copy (path);
  folder->info.attributes = attributes;
  folder->info.validity = ++self->validities;
  folder->info.next = 1;
  folder->id = haul_path_to_text (path);
  folder->messages = g_ptr_array_new_with_free_func (
      (GDestroyNotify) memory_message_unref);
  folder->by_number = g_hash_table_new (g_int64_hash, g_int64_equal);
  folder->gone = g_array_new (FALSE, FALSE, sizeof (MemoryGone));
  g_ptr_array_add (self->folders, folder);
  g_hash_table_insert (self->by_path, folder->id, folder);
  return folder;
}

MemoryFolder *
memory_folder_copy (const MemoryEntry *folder)
{
  MemoryFolder *copy = g_new0 (MemoryFolder, 1);

  *copy = folder->info;
  copy->path = g_strdupv (folder->info.path);
  return copy;
}

void
memory_folder_free (MemoryFolder *folder)
{
  if (folder == NULL)
    return;
  g_strfreev (folder->path);
  g_free (folder);
}

guint
memory_folder_position (const MemoryEntry *folder, guint64 number)
{
  guint low = 0;
  guint high = folder->messages->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const MemoryMessage *message = g_ptr_array_index (folder->messages, middle);

      if (message->number < number)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* ---- applying records, with the lock held ---- */

static void
apply_create (MemoryStore *self, const MemoryRecord *record)
{
  HaulPath path = (HaulPath) record->path;
  MemoryEntry *folder = memory_folder_find (self, path);
  guint depth = g_strv_length (record->path);
  guint i;

  for (i = 1; folder == NULL && i < depth; i++)
    {
      char *name = record->path[i];

      record->path[i] = NULL;
      if (memory_folder_find (self, path) == NULL)
        folder_make (self, path, HAUL_FOLDER_NOSELECT);
      record->path[i] = name;
    }
  if (folder == NULL)
    folder = folder_make (self, path, 0);
  folder->info.attributes &= ~(guint32) HAUL_FOLDER_NOSELECT;
  folder->info.attributes |= record->flags;
  folder->info.special_use |= (guint32) record->number;
}

static void
apply_put (MemoryEntry *folder, const MemoryRecord *record)
{
  MemoryMessage *message = memory_message_copy (record->message);
  guint position = memory_folder_position (folder, message->number);
  MemoryMessage *old = g_hash_table_lookup (folder->by_number, &message->number);

  message->change = ++folder->info.changes;
  folder->info.next = MAX (folder->info.next, message->number + 1);
  folder->info.bytes += g_bytes_get_size (message->body);
  if (old != NULL)
    {
      folder->info.bytes -= g_bytes_get_size (old->body);
      g_hash_table_remove (folder->by_number, &message->number);
      g_ptr_array_remove_index (folder->messages, position);
    }
  g_ptr_array_insert (folder->messages, (int) position, message);
  g_hash_table_add (folder->by_number, message);
  folder->info.count = folder->messages->len;
}

static void
apply_drop (MemoryEntry *folder, guint64 number)
{
  guint position = memory_folder_position (folder, number);
  const MemoryMessage *message = g_ptr_array_index (folder->messages, position);
  MemoryGone gone = { number, ++folder->info.changes };

  folder->info.bytes -= g_bytes_get_size (message->body);
  g_hash_table_remove (folder->by_number, &number);
  g_ptr_array_remove_index (folder->messages, position);
  folder->info.count = folder->messages->len;
  g_array_append_val (folder->gone, gone);
}

static void
apply_renumber (MemoryStore *self, MemoryEntry *folder)
{
  g_autoptr (GPtrArray) old = g_steal_pointer (&folder->messages);
  guint i;

  g_hash_table_remove_all (folder->by_number);
  g_array_set_size (folder->gone, 0);
  folder->messages = g_ptr_array_new_with_free_func (
      (GDestroyNotify) memory_message_unref);
  folder->info.validity = ++self->validities;
  folder->info.changes++;
  folder->info.next = 1;
  for (i = old->len; i > 0; i--)
    {
      MemoryMessage *message = memory_message_copy (g_ptr_array_index (old, i - 1));

      message->number = folder->info.next++;
      message->change = folder->info.changes;
      g_ptr_array_add (folder->messages, message);
      g_hash_table_add (folder->by_number, message);
    }
}

static void
apply_rename (MemoryStore *self, HaulPath from, const char *target)
{
  g_auto (GStrv) to = haul_path_from_text (target, NULL);
  guint skip = g_strv_length ((char **) from);
  guint i;

  for (i = 0; i < self->folders->len; i++)
    {
      MemoryEntry *folder = g_ptr_array_index (self->folders, i);
      GStrvBuilder *path;

      if (!haul_path_has_prefix ((HaulPath) folder->info.path, from))
        continue;
      path = g_strv_builder_new ();
      g_strv_builder_addv (path, (const char **) to);
      g_strv_builder_addv (path, (const char **) folder->info.path + skip);
      g_hash_table_remove (self->by_path, folder->id);
      g_strfreev (folder->info.path);
      g_free (folder->id);
      folder->info.path = g_strv_builder_end (path);
      folder->id = haul_path_to_text ((HaulPath) folder->info.path);
      g_hash_table_insert (self->by_path, folder->id, folder);
      g_strv_builder_unref (path);
    }
}

void
memory_apply (const MemoryRecord *record, gpointer user_data)
{
  MemoryStore *self = user_data;
  MemoryEntry *folder = memory_folder_find (self, (HaulPath) record->path);

  if (record->kind == MEMORY_RECORD_CREATE)
    apply_create (self, record);
  if (folder == NULL)
    return;
  switch (record->kind)
    {
    case MEMORY_RECORD_CREATE:
      break;
    case MEMORY_RECORD_REMOVE:
      g_hash_table_remove (self->by_path, folder->id);
      g_ptr_array_remove (self->folders, folder);
      break;
    case MEMORY_RECORD_RENAME:
      apply_rename (self, (HaulPath) record->path, record->message->keywords);
      break;
    case MEMORY_RECORD_SUBSCRIBE:
      folder->info.attributes &= ~(guint32) HAUL_FOLDER_SUBSCRIBED;
      folder->info.attributes |= record->number != 0 ? HAUL_FOLDER_SUBSCRIBED : 0;
      break;
    case MEMORY_RECORD_PUT:
      apply_put (folder, record);
      break;
    case MEMORY_RECORD_DROP:
      apply_drop (folder, record->number);
      break;
    case MEMORY_RECORD_RENUMBER:
      apply_renumber (self, folder);
      break;
    case MEMORY_RECORD_DEBRIS:
      folder->info.debris = record->number != 0;
      break;
    }
}
