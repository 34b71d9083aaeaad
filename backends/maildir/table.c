/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file names of one folder: names in 256 KiB blocks that never move, 12 bytes per
 * message beside, and a hash index of 4 bytes a slot. Made for 200,000 messages in a few
 * megabytes. No I/O. Session's thread.
 */
#include "table.h"

#include <string.h>
#include <sys/mman.h>

#include "bounds.h"
#include "names.h"

#define BLOCK_BYTES (256 * 1024)
#define FIRST_SLOTS 64

typedef struct
{
  guint32 offset;  /* block × BLOCK_BYTES + place in it */
  guint32 seconds; /* of delivery: decides most comparisons */
  guint32 base_length : 16;
  guint32 is_new : 1;
  guint32 pass : 5;
} MaildirEntry;

/* A file whose place another one with its base name took. */
typedef struct
{
  guint32 offset;
  guint8 is_new;
  guint8 pass;
} MaildirDouble;

struct _MaildirTable
{
  char separator;
  GPtrArray *blocks;
  gsize used; /* bytes of the last block */
  GArray *entries;
  GArray *doubles; /* of MaildirDouble */
  guint32 *slots;  /* 0: free, else entry + 1 */
  gsize slot_mask;
};

/* Straight from the system, and straight back to it: the next folder's names, or the
 * engine, shall have the memory, not the allocator's free list. */
static char *
block_new (void)
{
  void *block = mmap (NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (block == MAP_FAILED)
    g_error ("no memory for the names of a folder");
  return block;
}

static void
block_free (gpointer block)
{
  munmap (block, BLOCK_BYTES);
}

MaildirTable *
maildir_table_new (char separator)
{
  MaildirTable *self = g_new0 (MaildirTable, 1);

  self->separator = separator;
  self->blocks = g_ptr_array_new_with_free_func (block_free);
  self->used = BLOCK_BYTES;
  self->entries = g_array_new (FALSE, FALSE, sizeof (MaildirEntry));
  self->doubles = g_array_new (FALSE, FALSE, sizeof (MaildirDouble));
  self->slots = g_new0 (guint32, FIRST_SLOTS);
  self->slot_mask = FIRST_SLOTS - 1;
  return self;
}

void
maildir_table_free (MaildirTable *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->blocks);
  g_array_unref (self->entries);
  g_array_unref (self->doubles);
  g_free (self->slots);
  g_free (self);
}

static MaildirEntry *
entry_at (const MaildirTable *self, gsize at)
{
  return &g_array_index (self->entries, MaildirEntry, at);
}

static const char *
text_at (const MaildirTable *self, guint32 offset)
{
  const char *block = g_ptr_array_index (self->blocks, offset / BLOCK_BYTES);

  return block + offset % BLOCK_BYTES;
}

static const char *
name_of (const MaildirTable *self, const MaildirEntry *entry)
{
  return text_at (self, entry->offset);
}

static guint32
keep_name (MaildirTable *self, const char *name)
{
  gsize length = strlen (name) + 1;
  gsize place = 0;

  g_assert (length <= BLOCK_BYTES);
  if (self->used + length > BLOCK_BYTES)
    {
      g_ptr_array_add (self->blocks, block_new ());
      self->used = 0;
    }
  place = self->used;
  memcpy ((char *) g_ptr_array_index (self->blocks, self->blocks->len - 1) + place, name,
          length);
  self->used += length;
  return (guint32) ((self->blocks->len - 1) * BLOCK_BYTES + place);
}

static gsize
hash_of (const char *base, gsize length)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037); /* FNV-1a */

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ (guchar) base[i]) * G_GUINT64_CONSTANT (1099511628211);
  return (gsize) (hash ^ hash >> 32);
}

/* The slot that holds @base, or the free one where it belongs. */
static guint32 *
slot_of (const MaildirTable *self, const char *base, gsize length)
{
  for (gsize at = hash_of (base, length);; at++)
    {
      guint32 *slot = &self->slots[at & self->slot_mask];
      const MaildirEntry *entry = *slot ? entry_at (self, *slot - 1) : NULL;

      if (!entry
          || (entry->base_length == length
              && memcmp (name_of (self, entry), base, length) == 0))
        return slot;
    }
}

/* Enters all entries into a fresh index of @slots slots, a power of two. */
static void
index_again (MaildirTable *self, gsize slots)
{
  g_free (self->slots);
  self->slots = g_new0 (guint32, slots);
  self->slot_mask = slots - 1;
  for (guint i = 0; i < self->entries->len; i++)
    {
      const MaildirEntry *entry = entry_at (self, i);

      *slot_of (self, name_of (self, entry), entry->base_length) = i + 1;
    }
}

/* The message of @entry was seen again, as @name. */
static void
see_again (MaildirTable *self, MaildirEntry *entry, const char *name, gboolean is_new,
           guint pass)
{
  gboolean renamed = strcmp (name_of (self, entry), name) != 0;
  MaildirDouble other = { entry->offset, entry->is_new, entry->pass };

  if (entry->pass == pass && (renamed || entry->is_new != is_new))
    g_array_append_val (self->doubles, other);
  if (renamed)
    entry->offset = keep_name (self, name);
  entry->is_new = is_new ? 1 : 0;
  entry->pass = pass & 31;
}

/* Enters @name with its first @key_length bytes as key. */
static void
add_entry (MaildirTable *self, const char *name, gsize key_length, gboolean is_new,
           guint pass)
{
  MaildirEntry entry = { 0 };
  guint32 *slot = slot_of (self, name, key_length);

  if (*slot)
    {
      see_again (self, entry_at (self, *slot - 1), name, is_new, pass);
      return;
    }
  entry.offset = keep_name (self, name);
  entry.seconds = maildir_name_seconds (name, key_length);
  entry.base_length = (guint32) key_length & 0xffff;
  entry.is_new = is_new ? 1 : 0;
  entry.pass = pass & 31;
  g_array_append_val (self->entries, entry);
  *slot = self->entries->len;
  if (self->entries->len * 4 > (self->slot_mask + 1) * 3)
    index_again (self, (self->slot_mask + 1) * 2);
}

static gsize
base_length_of (const char *name, char separator)
{
  MaildirName parsed;

  maildir_name_parse (name, separator, &parsed);
  return parsed.base_length;
}

void
maildir_table_add (MaildirTable *self, const char *name, gboolean is_new, guint pass)
{
  add_entry (self, name, base_length_of (name, self->separator), is_new, pass);
}

gboolean
maildir_file_is_double (const MaildirFile *file, char separator)
{
  return file->base_length != base_length_of (file->name, separator);
}

/* Gives @other, which lost its place to the present holder, a place of its own, or the
 * holder's. */
static void
settle_double (MaildirTable *self, const MaildirDouble *other, MaildirDoubleFunc func,
               gpointer user_data)
{
  const char *name = text_at (self, other->offset);
  gsize length = base_length_of (name, self->separator);
  guint32 slot = *slot_of (self, name, length);
  MaildirEntry *entry = slot ? entry_at (self, slot - 1) : NULL;
  MaildirFile second = { name, length, other->is_new };
  MaildirFile first;
  gboolean swap = FALSE;

  if (!entry)
    return;
  first = maildir_table_get (self, slot - 1);
  if (!func (&first, &second, user_data))
    return;
  swap = second.is_new != first.is_new ? second.is_new
                                       : strcmp (second.name, first.name) < 0;
  if (swap)
    {
      MaildirFile rest = first;

      entry->offset = other->offset;
      entry->is_new = other->is_new & 1;
      second = rest;
    }
  if (second.name[length] != '\0')
    add_entry (self, second.name, strlen (second.name), second.is_new, entry->pass);
}

void
maildir_table_settle_doubles (MaildirTable *self, guint pass, MaildirDoubleFunc func,
                              gpointer user_data)
{
  for (guint i = 0; i < self->doubles->len; i++)
    {
      MaildirDouble other = g_array_index (self->doubles, MaildirDouble, i);

      if (other.pass == pass)
        settle_double (self, &other, func, user_data);
    }
  g_array_set_size (self->doubles, 0);
}

void
maildir_table_keep_pass (MaildirTable *self, guint pass)
{
  guint kept = 0;

  for (guint i = 0; i < self->entries->len; i++)
    if (entry_at (self, i)->pass == pass)
      *entry_at (self, kept++) = *entry_at (self, i);
  if (kept == self->entries->len)
    return;
  g_array_set_size (self->entries, kept);
  index_again (self, self->slot_mask + 1);
}

static gint
compare_entries (gconstpointer first, gconstpointer second, gpointer user_data)
{
  const MaildirTable *self = user_data;
  const MaildirEntry *a = first;
  const MaildirEntry *b = second;

  if (a->seconds != b->seconds)
    return a->seconds < b->seconds ? -1 : 1;
  return maildir_name_compare (name_of (self, a), a->base_length, name_of (self, b),
                               b->base_length);
}

void
maildir_table_sort (MaildirTable *self)
{
  gsize slots = self->slot_mask + 1;

  /* The index is of no use while entries move, and its memory serves the sort. */
  g_clear_pointer (&self->slots, g_free);
  g_array_sort_with_data (self->entries, compare_entries, self);
  index_again (self, slots);
}

gsize
maildir_table_count (const MaildirTable *self)
{
  return self->entries->len;
}

MaildirFile
maildir_table_get (const MaildirTable *self, gsize at)
{
  const MaildirEntry *entry = entry_at (self, at);

  return (MaildirFile){
    .name = name_of (self, entry),
    .base_length = entry->base_length,
    .is_new = entry->is_new,
  };
}

gboolean
maildir_table_find (const MaildirTable *self, const char *base, gsize length,
                    MaildirFile *out_file)
{
  guint32 slot = *slot_of (self, base, length);

  if (slot == 0)
    return FALSE;
  *out_file = maildir_table_get (self, slot - 1);
  return TRUE;
}

void
maildir_table_renamed (MaildirTable *self, const char *name)
{
  MaildirName parsed;
  guint32 *slot = NULL;

  maildir_name_parse (name, self->separator, &parsed);
  slot = slot_of (self, name, parsed.base_length);
  if (*slot)
    maildir_table_add (self, name, FALSE, entry_at (self, *slot - 1)->pass);
}
