/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * After an unclean end: our messages of the last batch that are whole stay, the one that
 * is torn goes, mail that others appended is not touched. The proof is in
 * docs/internals/mbox.md. On the session's thread.
 */
#include <string.h>

#include "note.h"
#include "rewrite.h"
#include "session.h"

/* HOLE_BYTES: a run of NUL as a lost disk block leaves it (the smallest sector). */
#define HOLE_BYTES 512

/* CLOCK_SLACK_S: a From_ line that another program wrote after our death carries a date
 * not older than our note, but in any zone. */
#define CLOCK_SLACK_S (36 * 60 * 60)

/* Recovery: one recovery under way. */
typedef struct
{
  MboxSession *session;
  MboxFile *file;
  const MboxNote *note;
  guint64 size;
} Recovery;

/* Range: what was learnt of the bytes of one message. */
typedef struct
{
  guint64 hash;
  gboolean has_hole;
} Range;

static gboolean
examine (Recovery *self, guint64 offset, guint64 length, Range *out, GError **error)
{
  MboxHash hash;
  guint64 zeros = 0;
  mbox_hash_init (&hash);
  *out = (Range){ 0 };
  while (length > 0)
    {
      guint8 *buffer = self->session->buffer;
      gsize size = (gsize) MIN (length, (guint64) MBOX_BUFFER_BYTES), got = 0;
      if (g_cancellable_set_error_if_cancelled (self->session->cancellable, error)
          || !mbox_file_read (self->file, offset, buffer, size, &got, error))
        return FALSE;
      if (got == 0)
        break;
      mbox_hash_feed (&hash, buffer, got);
      for (gsize i = 0; i < got; i++)
        {
          zeros = buffer[i] == 0 ? zeros + 1 : 0;
          out->has_hole = out->has_hole || zeros >= HOLE_BYTES;
        }
      offset += got;
      length -= got;
    }
  out->hash = mbox_hash_value (&hash);
  return TRUE;
}

static gboolean
is_boundary (Recovery *self, guint64 offset, gboolean *out, GError **error)
{
  guint8 window[MBOX_LANDING_BYTES];
  gsize got = 0;
  if (!mbox_file_read (self->file, offset - 1, window, sizeof window, &got, error))
    return FALSE;
  *out = mbox_scanner_is_boundary (window, got, offset - 1 + got == self->size);
  return TRUE;
}

/* The message is there, all of it: byte for byte, or with flags changed in place. */
static gboolean
is_whole (Recovery *self, guint64 offset, const MboxNoteEntry *entry, gboolean *out,
          GError **error)
{
  Range range;
  gboolean boundary = FALSE;
  *out = FALSE;
  if (entry->length == 0 || entry->length > self->size - offset)
    return TRUE;
  if (!examine (self, offset, entry->length, &range, error)
      || !is_boundary (self, offset + entry->length, &boundary, error))
    return FALSE;
  *out = (entry->hash != 0 && range.hash == entry->hash) || (boundary && !range.has_hole);
  return TRUE;
}

/* What stands at @offset begins as our message does, as far as it goes: *@out_matched
 * bytes, 0 when it is not ours. Holes count: they are where our bytes would have been. */
static gboolean
is_ours (Recovery *self, guint64 offset, const MboxNoteEntry *entry, gsize *out_matched,
         GError **error)
{
  guint8 line[MBOX_NOTE_LINE_BYTES];
  gsize got = 0;
  if (!mbox_file_read (self->file, offset, line, entry->line_length, &got, error))
    return FALSE;
  gsize at = 0;
  while (at < got && (line[at] == entry->line[at] || line[at] == 0))
    at++;
  /* a torn From_ line ends with the file, or where another program's line begins */
  gboolean glued = got - at >= 5 && memcmp (line + at, "From ", 5) == 0;
  *out_matched = at == got || glued ? at : 0;
  return TRUE;
}

/* First: the first place behind a torn message where somebody else's begins. */
typedef struct
{
  guint64 torn;
  guint64 found; /* 0: none */
} First;

static gboolean
take_first (const MboxMessage *message, gboolean *stop, gpointer user_data,
            GError **error)
{
  First *first = user_data;
  if (message->entry.offset == first->torn)
    return TRUE;
  first->found = message->entry.offset;
  *stop = TRUE;
  return TRUE;
}

/* A From_ line at @at in @data, not at the start of a line or without a blank line
 * before: a program appended to our torn message. The date must parse and a header line
 * follow; one that we may have quoted ourselves must be younger than our note, too. */
static gboolean
is_glued (const Recovery *self, const guint8 *data, gsize length, gsize at)
{
  MboxFromLine from;
  const guint8 *newline = memchr (data + at, '\n', length - at);
  if (newline == NULL || !mbox_from_line_parse (data + at, length - at, &from))
    return FALSE;
  gboolean quoted = at > 0 && data[at - 1] == '>';
  if (quoted && from.date_unix < self->note->time_unix - CLOCK_SLACK_S)
    return FALSE;
  const guint8 *next = newline + 1;
  return mbox_scanner_is_header (next, (gsize) (data + length - next));
}

/* Looks for such a line in [@from, @end). */
static gboolean
find_glued (Recovery *self, guint64 from, guint64 end, guint64 *out, GError **error)
{
  guint8 *buffer = self->session->buffer;
  *out = 0;
  for (guint64 at = from; at < end;)
    {
      gsize got = 0;
      gsize size = (gsize) MIN (end - at, (guint64) MBOX_BUFFER_BYTES);
      if (!mbox_file_read (self->file, at, buffer, size, &got, error))
        return FALSE;
      for (const guint8 *p = buffer; got > 0 && p < buffer + got; p++)
        {
          p = memmem (p, (gsize) (buffer + got - p), "From ", 5);
          if (p == NULL)
            break;
          if (is_glued (self, buffer, got, (gsize) (p - buffer)))
            {
              *out = at + (guint64) (p - buffer);
              return TRUE;
            }
        }
      if (got < MBOX_BUFFER_BYTES)
        break;
      /* a line may lie across two buffers */
      at += got - 2 * MBOX_FROM_LIMIT_BYTES;
    }
  return TRUE;
}

/* Where the torn message at @offset ends: at the next message, or at the end. */
static gboolean
find_end (Recovery *self, guint64 offset, gsize skip, guint64 *out, GError **error)
{
  First first = { .torn = offset };
  MboxReader reader = { .file = self->file,
                        .buffer = self->session->buffer,
                        .cancellable = self->session->cancellable,
                        .func = take_first,
                        .user_data = &first };
  GError *cause = NULL;
  if (!mbox_reader_run (&reader, offset, self->size, &cause))
    {
      /* not even a From_ line: only our bytes, or glued ones, are there */
      gboolean corrupt = g_error_matches (cause, HAUL_ERROR, HAUL_ERROR_CORRUPT);
      if (!corrupt)
        {
          g_propagate_error (error, cause);
          return FALSE;
        }
      g_clear_error (&cause);
    }
  guint64 end = first.found > 0 ? first.found : self->size, glued = 0;
  if (!find_glued (self, offset + skip, end, &glued, error))
    return FALSE;
  *out = glued > 0 ? glued : end;
  return TRUE;
}

/* Carries out the cuts; a single one at the end of the file is a truncation. */
static gboolean
cut (Recovery *self, const GArray *edits, GError **error)
{
  if (edits->len == 0)
    return TRUE;
  const MboxEdit *edit = &g_array_index (edits, MboxEdit, 0);
  if (edits->len == 1 && edit->offset + edit->length == self->size)
    return mbox_file_truncate (self->file, edit->offset, error)
           && mbox_file_sync (self->file, error);
  return mbox_rewrite (self->file, edits, self->session->buffer,
                       self->session->cancellable, error);
}

/* Looks at one message of the note that should stand at *@at; moves on behind it. */
static gboolean
check_entry (Recovery *self, const MboxNoteEntry *entry, guint64 *at, GArray *edits,
             GError **error)
{
  gboolean whole = FALSE;
  gsize matched = 0;
  if (!is_ours (self, *at, entry, &matched, error))
    return FALSE;
  if (matched == 0)
    return TRUE;
  if (!is_whole (self, *at, entry, &whole, error))
    return FALSE;
  guint64 end = *at + entry->length;
  if (!whole)
    {
      if (!find_end (self, *at, matched, &end, error))
        return FALSE;
      mbox_edits_add (edits, *at, end - *at, NULL);
    }
  *at = end;
  return TRUE;
}

/* Whether the note is about this file as it is. */
static gboolean
note_applies (Recovery *self, gboolean *out, GError **error)
{
  const MboxNote *note = self->note;
  MboxPosition now;
  guint64 tail = 0;
  *out = FALSE;
  if (!mbox_file_position (self->file, &now, error))
    return FALSE;
  self->size = now.size;
  if (now.device != note->device || now.inode != note->inode || now.size <= note->start)
    return TRUE;
  if (!mbox_file_tail_hash (self->file, note->start, &tail, error))
    return FALSE;
  *out = tail == note->tail_hash;
  return TRUE;
}

static gboolean
run_recovery (Recovery *self, GError **error)
{
  const MboxNote *note = self->note;
  gboolean applies = FALSE;
  if (!note_applies (self, &applies, error))
    return FALSE;
  guint64 at = note->start + note->lead;
  g_autoptr (GArray) edits = mbox_edits_new ();
  for (guint i = 0; applies && i < note->entries->len && at < self->size; i++)
    if (!check_entry (self, &g_array_index (note->entries, MboxNoteEntry, i), &at, edits,
                      error))
      return FALSE;
  return cut (self, edits, error);
}

gboolean
mbox_session_recover (gpointer session, HaulPath path, HaulBytes bytes, GError **error)
{
  MboxSession *self = session;
  if (self->role != HAUL_ROLE_DESTINATION || self->dry_run)
    return TRUE;
  GError *cause = NULL;
  g_autofree char *path_of_file = mbox_tree_find (&self->tree, path, &cause);
  if (path_of_file == NULL)
    {
      gboolean missing = g_error_matches (cause, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
      if (missing)
        g_error_free (cause);
      else
        g_propagate_error (error, cause);
      return missing;
    }
  MboxNote note;
  mbox_note_init (&note);
  gboolean done = TRUE;
  MboxLock lock = { 0 };
  MboxLockRequest request = mbox_session_lock (self, TRUE);
  g_autoptr (MboxFile)
      file = mbox_lock_open (&lock, path_of_file, MBOX_FILE_WRITE, &request, error);
  if (file != NULL)
    {
      mbox_rewrite_clean (file->path);
      Recovery recovery = { .session = self, .file = file, .note = &note };
      if (mbox_note_decode (&note, bytes) && note.open)
        done = run_recovery (&recovery, error);
    }
  mbox_lock_release (&lock, file);
  mbox_note_clear (&note);
  return file != NULL && done;
}
