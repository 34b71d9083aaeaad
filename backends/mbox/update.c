/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changing flags and removing messages at the destination: in place where there is room,
 * else by one rewrite for the whole call. On the session's thread.
 */
#include <string.h>

#include "base.h"
#include "edit.h"
#include "rewrite.h"
#include "session.h"

/* EDIT_LIMIT_BYTES: a header block beyond this is not edited. */
#define EDIT_LIMIT_BYTES (1024 * 1024)

/* Target: one message of a call. @index: into the caller's array. */
typedef struct
{
  gsize index;
  guint64 offset;
  guint64 hash;
  guint64 header_start;
  guint64 header_end;
  MboxRule rule;
  gboolean found;
  GError *error;
  GBytes *headers; /* new block, when it does not fit in place */
} Target;

/* Update: one call under way. */
typedef struct
{
  MboxSession *session;
  MboxFile *file;
  MboxLock lock;
  MboxReader reader;
  MboxBase base;
  guint64 size;
  GArray *targets;
} Update;

static void
target_clear (gpointer data)
{
  Target *target = data;
  g_clear_error (&target->error);
  g_clear_pointer (&target->headers, g_bytes_unref);
}

static void
update_clear (Update *self)
{
  mbox_lock_release (&self->lock, self->file);
  g_clear_pointer (&self->file, mbox_file_close);
  mbox_base_clear (&self->base);
  g_clear_pointer (&self->targets, g_array_unref);
}

static gboolean
update_open (Update *self, MboxSession *session, GError **error)
{
  *self = (Update){ .session = session };
  self->targets = g_array_new (FALSE, TRUE, sizeof (Target));
  g_array_set_clear_func (self->targets, target_clear);
  if (session->folder_file == NULL)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_FOLDER,
                           "change messages: no folder is entered");
  MboxLockRequest request = mbox_session_lock (session, TRUE);
  MboxPosition position;
  self->file = mbox_lock_open (&self->lock, session->folder_file, MBOX_FILE_WRITE,
                               &request, error);
  if (self->file == NULL || !mbox_file_position (self->file, &position, error)
      || !mbox_session_reader (session, self->file, position.size, &self->reader, error)
      || !mbox_session_base (&self->reader, position.size, &self->base, error))
    return FALSE;
  self->size = position.size;
  return TRUE;
}

/* ---- finding ---- */

static gboolean
take_target (const MboxMessage *message, gboolean *stop, gpointer user_data,
             GError **error)
{
  Target *target = user_data;
  *stop = TRUE;
  target->found = message->entry.offset == target->offset
                  && message->entry.hash == target->hash && !message->status->is_pseudo;
  target->rule = message->rule;
  target->header_end = message->end.body_start;
  return TRUE;
}

/* The From_ line does not belong to the block. */
static gboolean
find_start (Update *self, Target *target, GError **error)
{
  guint64 at = target->offset;
  for (gboolean found = FALSE; !found;)
    {
      guint8 bytes[MBOX_FROM_LIMIT_BYTES];
      gsize got = 0;
      if (!mbox_file_read (self->file, at, bytes, sizeof bytes, &got, error))
        return FALSE;
      const guint8 *newline = memchr (bytes, '\n', got);
      found = newline != NULL || got == 0;
      at += newline ? (guint64) (newline - bytes) + 1 : got;
    }
  target->header_start = at;
  return TRUE;
}

/* What stands at the offset of @target. */
static gboolean
look_at (Update *self, Target *target, GError **error)
{
  target->found = FALSE;
  if (target->offset >= self->size)
    return TRUE;
  MboxReader reader = self->reader;
  reader.headers_only = TRUE;
  reader.func = take_target;
  reader.user_data = target;
  GError *cause = NULL;
  if (mbox_reader_run (&reader, target->offset, self->size, &cause))
    return !target->found || find_start (self, target, error);
  if (!g_error_matches (cause, HAUL_ERROR, HAUL_ERROR_CORRUPT))
    {
      g_propagate_error (error, cause);
      return FALSE;
    }
  g_error_free (cause);
  return TRUE;
}

/* Adds the message @key to the targets; if it is not there, with the error of that. */
static gboolean
add_target (Update *self, HaulBytes key, gsize index, GError **error)
{
  const GArray *moves = self->session->moves;
  guint64 offset = 0;
  Target target = { .index = index };
  gboolean valid = mbox_key_read (key, &offset, &target.hash);
  target.offset = offset;
  if (valid && !look_at (self, &target, error))
    return FALSE;
  /* the key may be of before one of our own rewrites */
  for (guint i = mbox_moves_count (moves); valid && !target.found && i-- > 0;)
    {
      target.offset = mbox_moves_map (moves, i, offset);
      if (!look_at (self, &target, error))
        return FALSE;
    }
  if (!target.found)
    haul_error_set (&target.error, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                    "change a message of '%s': it is not there any more",
                    self->file->path);
  g_array_append_val (self->targets, target);
  return TRUE;
}

static gint
compare_targets (gconstpointer a, gconstpointer b)
{
  const Target *first = a, *second = b;
  if (first->offset != second->offset)
    return first->offset < second->offset ? -1 : 1;
  return first->index < second->index ? -1 : first->index > second->index;
}

/* ---- flags ---- */

static gboolean
contains (const char *const *words, const char *word)
{
  for (gsize i = 0; words != NULL && words[i] != NULL; i++)
    if (g_ascii_strcasecmp (words[i], word) == 0)
      return TRUE;
  return FALSE;
}

/* The keywords after the change; borrowed. */
static GPtrArray *
wished_keywords (const GPtrArray *have, const HaulChange *change)
{
  GPtrArray *words = g_ptr_array_new ();
  for (guint i = 0; i + 1 < have->len; i++)
    if (!contains (change->remove_keywords, g_ptr_array_index (have, i)))
      g_ptr_array_add (words, g_ptr_array_index (have, i));
  const char *const *add = change->add_keywords;
  for (gsize i = 0; add != NULL && add[i] != NULL; i++)
    if (haul_keyword_is_valid (add[i]) && !mbox_words_contain (words, add[i]))
      g_ptr_array_add (words, (gpointer) add[i]);
  g_ptr_array_add (words, NULL);
  return words;
}

/* The header block of @target as it is. */
static GByteArray *
read_headers (Update *self, Target *target, GError **error)
{
  guint64 length = target->header_end - target->header_start;
  if (length > EDIT_LIMIT_BYTES)
    {
      haul_error_set (error, HAUL_ERROR_TOO_BIG, HAUL_SCOPE_MESSAGE,
                      "change flags in '%s': the header block has %" G_GUINT64_FORMAT
                      " bytes",
                      self->file->path, length);
      return NULL;
    }
  g_autoptr (GByteArray) headers = g_byte_array_new ();
  g_byte_array_set_size (headers, (guint) length);
  gsize got = 0;
  if (!mbox_file_read (self->file, target->header_start, headers->data, (gsize) length,
                       &got, error))
    return NULL;
  g_byte_array_set_size (headers, (guint) got);
  return g_steal_pointer (&headers);
}

/* Writes the bytes that differ. */
static gboolean
write_changed (Update *self, guint64 offset, const GByteArray *before,
               const guint8 *after, GError **error)
{
  gsize start = 0, end = before->len;
  while (start < end && before->data[start] == after[start])
    start++;
  while (end > start && before->data[end - 1] == after[end - 1])
    end--;
  return mbox_file_write (self->file, offset + start, after + start, end - start, error);
}

/* Makes the change in place, or prepares the new block in target->headers. */
static gboolean
apply_change (Update *self, Target *target, const HaulChange *change, GError **error)
{
  g_autoptr (GByteArray) headers = read_headers (self, target, error);
  if (headers == NULL)
    return FALSE;
  MboxStatus status;
  mbox_status_init (&status);
  mbox_edit_parse (headers->data, headers->len, &status);
  g_autoptr (GPtrArray) have = g_ptr_array_new ();
  mbox_status_keywords (&status, self->base.keywords, have);
  g_autoptr (GPtrArray) words = wished_keywords (have, change);
  MboxEditWish wish = { .flags = (status.flags | change->add_flags)
                                 & ~change->remove_flags & HAUL_FLAGS_ALL,
                        .keywords = (const char *const *) words->pdata };
  g_autofree guint8 *copy = g_memdup2 (headers->data, headers->len);
  gboolean done = TRUE;
  if (!mbox_edit_in_place (copy, headers->len, self->base.keywords, &wish))
    {
      GByteArray *block = mbox_edit_rewrite (headers->data, headers->len, target->rule,
                                             &wish);
      target->headers = g_byte_array_free_to_bytes (block);
    }
  else
    done = write_changed (self, target->header_start, headers, copy, error);
  mbox_status_clear (&status);
  return done;
}

/* Reports all targets and forgets what the session knew of the file. */
static void
report (Update *self, const GArray *edits, const HaulBytes *keys,
        HaulChangeResultFunc func, gpointer user_data)
{
  for (guint i = 0; i < self->targets->len; i++)
    {
      const Target *target = &g_array_index (self->targets, Target, i);
      guint8 key[MBOX_KEY_BYTES];
      HaulBytes old = keys[target->index], changed = HAUL_NO_BYTES;
      if (target->error == NULL && edits != NULL)
        {
          mbox_key_write (mbox_edits_map (edits, target->offset), target->hash, key);
          if (old.length != sizeof key || memcmp (key, old.data, sizeof key) != 0)
            changed = (HaulBytes){ key, sizeof key };
        }
      func (old, changed, target->error, user_data);
    }
  self->session->scanned = FALSE;
  mbox_index_clear (self->session->index);
}

/* Carries out the rewrite, if one is needed, and makes all durable. */
static gboolean
finish (Update *self, GArray *edits, GError **error)
{
  if (edits->len == 0)
    return mbox_file_sync (self->file, error);
  if (!mbox_rewrite (self->file, edits, self->session->buffer, self->session->cancellable,
                     error))
    return FALSE;
  mbox_moves_add (self->session->moves, g_array_ref (edits));
  return TRUE;
}

/* New keywords into the folder's list, as far as there is room. */
static gboolean
add_to_base (Update *self, const HaulChange *changes, gsize count, GError **error)
{
  MboxBaseRoom room = { 0 };
  gboolean done = TRUE;
  for (gsize i = 0; done && i < count; i++)
    {
      const char *const *add = changes[i].add_keywords;
      for (gsize k = 0; done && add != NULL && add[k] != NULL; k++)
        done = !haul_keyword_is_valid (add[k])
               || mbox_base_room_add (&room, self->file, add[k], error);
    }
  mbox_base_room_clear (&room);
  mbox_base_clear (&self->base);
  return done && mbox_session_base (&self->reader, self->size, &self->base, error);
}

/* The change for one target; a second one for a message that is to be rewritten waits. */
static void
change_target (Update *self, guint at, const HaulChange *changes, GArray *edits)
{
  Target *target = &g_array_index (self->targets, Target, at);
  const Target *before = at > 0 ? target - 1 : NULL;
  if (target->error != NULL)
    return;
  if (before != NULL && before->headers != NULL && before->offset == target->offset)
    {
      haul_error_set (&target->error, HAUL_ERROR_BUSY, HAUL_SCOPE_MESSAGE,
                      "change flags in '%s': changed twice at once", self->file->path);
      return;
    }
  if (apply_change (self, target, &changes[target->index], &target->error)
      && target->headers != NULL)
    mbox_edits_add (edits, target->header_start,
                    target->header_end - target->header_start,
                    g_bytes_ref (target->headers));
}

static gboolean
run_update (Update *self, const HaulChange *changes, gsize count,
            HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  g_autofree HaulBytes *keys = g_new0 (HaulBytes, MAX (count, 1));
  for (gsize i = 0; i < count; i++)
    {
      keys[i] = changes[i].key;
      if (!add_target (self, changes[i].key, i, error))
        return FALSE;
    }
  if (!add_to_base (self, changes, count, error))
    return FALSE;
  g_array_sort (self->targets, compare_targets);
  g_autoptr (GArray) edits = mbox_edits_new ();
  for (guint i = 0; i < self->targets->len; i++)
    change_target (self, i, changes, edits);
  if (!finish (self, edits, error))
    return FALSE;
  report (self, edits, keys, func, user_data);
  return TRUE;
}

gboolean
mbox_session_update (gpointer session, const HaulChange *changes, gsize count,
                     HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MboxSession *self = session;
  Update update;
  if (!mbox_session_may_write (self, "change flags", error))
    return FALSE;
  gboolean done = update_open (&update, self, error)
                  && run_update (&update, changes, count, func, user_data, error);
  update_clear (&update);
  return done;
}

/* ---- removing ---- */

/* Removal: a pass over the file that finds where each target ends. */
typedef struct
{
  Update *update;
  GArray *edits;
  guint next;        /* target */
  gboolean open;     /* the last message is to go; it ends where the next begins */
  guint64 open_from; /* its offset */
  guint64 position;  /* of the message: 0 is the first */
  GBytes *base_line; /* X-IMAPbase of a first message that goes */
} Removal;

static void
end_range (Removal *self, guint64 end)
{
  if (self->open)
    mbox_edits_add (self->edits, self->open_from, end - self->open_from, NULL);
  self->open = FALSE;
}

/* The X-IMAPbase line of the message, to be handed on. */
static gboolean
save_base (Removal *self, Target *target, GError **error)
{
  g_autoptr (GByteArray) headers = read_headers (self->update, target, error);
  if (headers == NULL)
    return FALSE;
  const char *text = (const char *) headers->data;
  for (gsize at = 0; at < headers->len;)
    {
      const char *newline = memchr (text + at, '\n', headers->len - at);
      gsize size = newline ? (gsize) (newline - (text + at)) + 1 : headers->len - at;
      if (size > 11 && g_ascii_strncasecmp (text + at, "X-IMAPbase:", 11) == 0)
        self->base_line = g_bytes_new (text + at, size);
      at += size;
    }
  return TRUE;
}

static gboolean
take_removal (const MboxMessage *message, gboolean *stop, gpointer user_data,
              GError **error)
{
  Removal *self = user_data;
  GArray *targets = self->update->targets;
  guint64 offset = message->entry.offset;
  end_range (self, offset);
  guint64 position = self->position++;
  gboolean hit = FALSE;
  while (self->next < targets->len
         && g_array_index (targets, Target, self->next).offset <= offset)
    {
      Target *target = &g_array_index (targets, Target, self->next++);
      if (target->error != NULL || target->offset != offset)
        continue;
      hit = TRUE;
      if (position == 0 && message->status->has_base && self->base_line == NULL
          && !save_base (self, target, error))
        return FALSE;
    }
  if (hit)
    {
      self->open = TRUE;
      self->open_from = offset;
    }
  else if (self->base_line != NULL)
    {
      /* the first message that stays carries the list from now on */
      Target target = { .offset = offset, .header_end = message->end.body_start };
      if (!find_start (self->update, &target, error))
        return FALSE;
      mbox_edits_add (self->edits, target.header_start, 0,
                      g_steal_pointer (&self->base_line));
    }
  return TRUE;
}

static gboolean
run_expunge (Update *self, const HaulBytes *keys, gsize count, HaulChangeResultFunc func,
             gpointer user_data, GError **error)
{
  for (gsize i = 0; i < count; i++)
    if (!add_target (self, keys[i], i, error))
      return FALSE;
  g_array_sort (self->targets, compare_targets);
  g_autoptr (GArray) edits = mbox_edits_new ();
  Removal removal = { .update = self, .edits = edits };
  MboxReader reader = self->reader;
  reader.func = take_removal;
  reader.user_data = &removal;
  gboolean done = mbox_reader_run (&reader, 0, self->size, error);
  end_range (&removal, self->size);
  g_clear_pointer (&removal.base_line, g_bytes_unref);
  if (!done || !finish (self, edits, error))
    return FALSE;
  report (self, NULL, keys, func, user_data);
  return TRUE;
}

gboolean
mbox_session_expunge (gpointer session, const HaulBytes *keys, gsize count,
                      HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MboxSession *self = session;
  Update update;
  if (!mbox_session_may_write (self, "remove messages", error))
    return FALSE;
  gboolean done = update_open (&update, self, error)
                  && run_expunge (&update, keys, count, func, user_data, error);
  update_clear (&update);
  return done;
}
