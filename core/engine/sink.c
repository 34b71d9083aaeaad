/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HaulSink: see the header. What a message is and where it goes is its hooks' business;
 * this file knows bytes, sizes and when to release. Source's thread.
 */
#include "engine/sink.h"

#include <string.h>

/* WINDOW_ITEMS, WINDOW_BYTES: intents committed in one transaction. At most this much is
 * in doubt after a crash beside what the pipe holds. */
#define WINDOW_ITEMS 128
#define WINDOW_BYTES (256 * 1024)
/* WINDOW_HUNGRY_ITEMS, WINDOW_HUNGRY_US: a waiting reader gets less than a full window,
 * but not one transaction a message. */
#define WINDOW_HUNGRY_ITEMS 16
#define WINDOW_HUNGRY_US    2000
/* SUBJECT_BYTES: as much of a subject line as a report shows. */
#define SUBJECT_BYTES 200

struct _HaulSink
{
  HaulPlan *plan;
  SinkTarget target;
  const SinkHooks *hooks;
  gpointer user_data;

  ContentDigest *digest;
  GPtrArray *window; /* of HaulItem, whole, not yet released */
  gsize window_bytes;
  gint64 window_since_us;
  guint8 *scratch; /* PIPE_CHUNK_BYTES for bytes that go into no chunk */
  gboolean broken; /* pipe or state failed */

  /* the message under way */
  gboolean begun;
  GByteArray *key;
  gboolean swallow; /* unknown or failed: its bytes go nowhere */
  guint index;
  guint64 announced_bytes;
  guint64 seen_bytes;
  guint64 wire_bytes;
  HaulLines lines;
  HaulLineState count_state;
  HaulItem *item;         /* NULL without a pipe */
  AlteredReader *altered; /* NULL: messages are copied */
  Identity identity;
  gboolean identity_known;
  Chunk *chunk;
  Transform *transform;
};

HaulSink *
sink_new (HaulPlan *plan, const SinkTarget *target, const SinkHooks *hooks,
          gpointer user_data)
{
  HaulSink *self = g_new0 (HaulSink, 1);
  self->plan = plan;
  self->target = *target;
  self->hooks = hooks;
  self->user_data = user_data;
  self->digest = content_digest_new (TRUE);
  /* Only what is read to be compared: what is copied has no time for it. */
  if (target->pipe == NULL)
    self->altered = altered_reader_new ();
  self->window = g_ptr_array_new ();
  self->key = g_byte_array_new ();
  return self;
}

/* The raw value of the Subject line, for people. */
static char *
find_subject (const guint8 *headers, gsize length)
{
  const char *text = (const char *) headers;
  for (gsize at = 0; at + 8 < length;)
    {
      const char *end = memchr (text + at, '\n', length - at);
      gsize line = end != NULL ? (gsize) (end - text) - at : length - at;
      if (line > 8 && g_ascii_strncasecmp (text + at, "Subject:", 8) == 0)
        {
          g_autofree char *raw = g_strndup (text + at + 8, MIN (line - 8, SUBJECT_BYTES));
          return g_utf8_make_valid (g_strstrip (raw), -1);
        }
      at += line + 1;
    }
  return NULL;
}

/* Reads who the message is off its header block, once. */
static void
identify_headers (HaulSink *self)
{
  if (self->identity_known)
    return;
  self->identity_known = TRUE;
  gsize length = 0;
  const guint8 *headers = content_digest_headers (self->digest, &length);
  identity_set_headers (&self->identity, headers, length);
  if (self->item != NULL)
    {
      self->item->identity = self->identity;
      self->item->subject = find_subject (headers, length);
    }
}

/* Ends the message under way without its item being stored. */
static void
fail_current (HaulSink *self, GError *reason)
{
  self->swallow = TRUE;
  g_clear_pointer (&self->transform, transform_free);
  if (self->chunk != NULL)
    pipe_chunk_free (self->target.pipe, g_steal_pointer (&self->chunk));
  if (self->item != NULL && self->item->released)
    {
      /* The reader has it: it will report the failure. */
      pipe_end (self->target.pipe, g_steal_pointer (&self->item), reason);
      return;
    }
  if (self->item != NULL)
    pipe_discard (self->target.pipe, g_steal_pointer (&self->item));
  self->hooks->failed (self->index, reason, self->user_data);
}

/* The source did not keep to the length that it announced. */
static void
fail_length (HaulSink *self)
{
  GError *reason = NULL;
  (void) haul_error_set (&reason, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_MESSAGE,
                         "read message: the source announced %" G_GUINT64_FORMAT
                         " bytes and gave %" G_GUINT64_FORMAT "%s",
                         self->announced_bytes, self->seen_bytes,
                         self->seen_bytes > self->announced_bytes ? " or more" : "");
  fail_current (self, reason);
}

/* Makes the item of the message under way. FALSE: the message failed. */
static gboolean
make_item (HaulSink *self, guint64 size_bytes)
{
  GError *error = NULL;
  self->item = self->hooks->begin (self->index, self->user_data, &error);
  if (self->item == NULL)
    {
      fail_current (self, error);
      return FALSE;
    }
  self->item->lines = self->lines;
  self->item->size_bytes = size_bytes;
  g_autoptr (Spool) spool = spool_new ();
  if (self->hooks->transform != NULL)
    self->transform = self->hooks->transform (self->item, spool, self->user_data, &error);
  if (error != NULL)
    {
      fail_current (self, error);
      return FALSE;
    }
  if (self->transform != NULL
      || (size_bytes == HAUL_SIZE_UNKNOWN && self->target.needs_size))
    self->item->spool = g_steal_pointer (&spool);
  return TRUE;
}

gboolean
haul_sink_begin (HaulSink *sink, HaulBytes key, HaulLines lines, guint64 size_bytes,
                 GError **error)
{
  if (sink->begun)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "begin a message: the one before was not ended");
  if (lines == HAUL_LINES_ANY && haul_plan_lines (sink->plan) != HAUL_LINES_ANY)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "begin a message: the plan wants its lines in wire form");
  sink->begun = TRUE;
  g_byte_array_set_size (sink->key, 0);
  g_byte_array_append (sink->key, key.data, (guint) key.length);
  sink->swallow = FALSE;
  sink->announced_bytes = size_bytes;
  sink->seen_bytes = 0;
  sink->wire_bytes = 0;
  sink->lines = lines;
  memset (&sink->count_state, 0, sizeof sink->count_state);
  memset (&sink->identity, 0, sizeof sink->identity);
  sink->identity_known = FALSE;
  content_digest_reset (sink->digest);
  if (sink->altered != NULL)
    altered_reader_reset (sink->altered);
  if (!plan_take (sink->plan, key, &sink->index))
    {
      /* Nobody asked for it (IMAP servers do that): let it pass. */
      sink->swallow = TRUE;
      return TRUE;
    }
  if (sink->target.pipe != NULL)
    (void) make_item (sink, size_bytes);
  else if (sink->hooks->preview != NULL)
    sink->transform = sink->hooks->preview (sink->index, size_bytes, sink->user_data);
  return TRUE;
}

static guint8 *
scratch_buffer (HaulSink *self, gsize *out_length)
{
  if (self->scratch == NULL)
    self->scratch = g_malloc (PIPE_CHUNK_BYTES);
  *out_length = PIPE_CHUNK_BYTES;
  return self->scratch;
}

gboolean
sink_flush (HaulSink *self, GError **error)
{
  if (self->window->len == 0)
    return TRUE;
  HaulItem *const *items = (HaulItem *const *) self->window->pdata;
  self->broken = !self->hooks->commit (items, self->window->len, self->user_data, error)
                 || !pipe_push (self->target.pipe, items, self->window->len, error);
  if (self->broken)
    return FALSE;
  g_ptr_array_set_size (self->window, 0);
  self->window_bytes = 0;
  return TRUE;
}

guint8 *
haul_sink_buffer (HaulSink *sink, gsize *out_length, GError **error)
{
  if (sink->swallow || sink->item == NULL || sink->item->spool != NULL)
    return scratch_buffer (sink, out_length);
  if (sink->chunk == NULL)
    {
      gsize wanted = PIPE_CHUNK_BYTES;
      if (sink->announced_bytes != HAUL_SIZE_UNKNOWN)
        wanted = (gsize) CLAMP (sink->announced_bytes - sink->seen_bytes, 1,
                                PIPE_CHUNK_BYTES);
      /* Never wait for memory that only unreleased messages hold. */
      if (pipe_room (sink->target.pipe) < wanted && !sink_flush (sink, error))
        return NULL;
      sink->chunk = pipe_chunk (sink->target.pipe, wanted, error);
      sink->broken = sink->chunk == NULL;
      if (sink->broken)
        return NULL;
    }
  *out_length = sink->chunk->capacity - sink->chunk->length;
  return sink->chunk->data + sink->chunk->length;
}

/* Bytes of a message that is spooled: through the transform, or straight in. */
static gboolean
spool_bytes (HaulSink *self, const guint8 *data, gsize length, GError **error)
{
  if (self->transform == NULL)
    return spool_write (self->item->spool, data, length, error);
  return transform_push (self->transform, data, length, error);
}

/* Without a pipe: what a filter cannot make of the message stays unknown. */
static void
preview_bytes (HaulSink *self, const guint8 *data, gsize length)
{
  if (self->transform != NULL && !transform_push (self->transform, data, length, NULL))
    g_clear_pointer (&self->transform, transform_free);
}

/* A big message goes on its way while the rest still arrives. */
static gboolean
release_big (HaulSink *self, GError **error)
{
  identify_headers (self);
  self->item->streamed = TRUE;
  g_ptr_array_add (self->window, self->item);
  if (sink_flush (self, error))
    return TRUE;
  /* It is still the message under way, and ends as that. */
  g_ptr_array_set_size (self->window, (gint) self->window->len - 1);
  return FALSE;
}

gboolean
haul_sink_commit (HaulSink *sink, gsize length, GError **error)
{
  if (sink->swallow)
    return TRUE;
  const guint8 *data = sink->chunk != NULL ? sink->chunk->data + sink->chunk->length
                                           : sink->scratch;
  content_digest_update (sink->digest, data, length);
  if (sink->altered != NULL)
    altered_reader_update (sink->altered, data, length);
  if (sink->hooks->pace != NULL)
    sink->hooks->pace (length, sink->user_data);
  sink->seen_bytes += length;
  if (sink->announced_bytes != HAUL_SIZE_UNKNOWN
      && sink->seen_bytes > sink->announced_bytes)
    {
      fail_length (sink);
      return TRUE;
    }
  if (sink->lines == HAUL_LINES_ANY)
    sink->wire_bytes += haul_lines_crlf_size (&sink->count_state, data, length);
  if (sink->item == NULL)
    {
      preview_bytes (sink, data, length);
      return TRUE;
    }
  if (sink->item->spool != NULL)
    {
      GError *reason = NULL;
      if (!spool_bytes (sink, data, length, &reason))
        fail_current (sink, reason);
      return TRUE;
    }
  sink->chunk->length += length;
  if (sink->chunk->length == sink->chunk->capacity)
    pipe_append (sink->target.pipe, sink->item, g_steal_pointer (&sink->chunk));
  gboolean big = sink->seen_bytes > SINK_WHOLE_BYTES
                 || (sink->announced_bytes != HAUL_SIZE_UNKNOWN
                     && sink->announced_bytes > SINK_WHOLE_BYTES
                     && content_digest_headers_done (sink->digest));
  if (big && !sink->item->released)
    return release_big (sink, error);
  return TRUE;
}

gboolean
haul_sink_write (HaulSink *sink, const void *data, gsize length, GError **error)
{
  const guint8 *from = data;
  while (length > 0 && !sink->swallow)
    {
      gsize room = 0;
      guint8 *to = haul_sink_buffer (sink, &room, error);
      if (to == NULL)
        return FALSE;
      gsize n = MIN (room, length);
      memcpy (to, from, n);
      if (!haul_sink_commit (sink, n, error))
        return FALSE;
      from += n;
      length -= n;
    }
  return TRUE;
}

/* The digest is whole: what the item is, for good. */
static void
finish_identity (HaulSink *self)
{
  identify_headers (self);
  content_digest_finish (self->digest, self->identity.content);
  self->identity.size_bytes = self->lines == HAUL_LINES_ANY ? self->wire_bytes
                                                            : self->seen_bytes;
  self->identity.known |= IDENTITY_CONTENT | IDENTITY_SIZE;
  if (self->altered != NULL)
    altered_reader_finish (self->altered, &self->identity.altered);
  if (self->item != NULL)
    self->item->identity = self->identity;
}

/* Adds the whole item to the window, and releases the window when it is time. */
static gboolean
add_to_window (HaulSink *self, HaulItem *item, GError **error)
{
  gint64 now_us = g_get_monotonic_time ();
  if (self->window->len == 0)
    self->window_since_us = now_us;
  g_ptr_array_add (self->window, item);
  self->window_bytes += (gsize) item->size_bytes;
  gboolean hungry = pipe_is_hungry (self->target.pipe)
                    && (self->window->len >= WINDOW_HUNGRY_ITEMS
                        || now_us - self->window_since_us > WINDOW_HUNGRY_US);
  if (hungry || self->window->len >= WINDOW_ITEMS || self->window_bytes >= WINDOW_BYTES)
    return sink_flush (self, error);
  return TRUE;
}

/* The transform has come to its end: what is delivered is not what was read, or nothing
 * is. */
static void
finish_transform (HaulSink *self)
{
  if (self->transform == NULL)
    return;
  Identity delivered = { 0 };
  transform_identity (self->transform, &delivered);
  if (memcmp (delivered.content, self->identity.content, DIGEST_LENGTH) != 0)
    self->item->delivered = delivered;
}

/* A filter leaves the message out, now that it has seen it. */
static void
skip_current (HaulSink *self)
{
  pipe_discard (self->target.pipe, g_steal_pointer (&self->item));
  self->hooks->skipped (self->index, &self->identity,
                        transform_skip_reason (self->transform), self->user_data);
  g_clear_pointer (&self->transform, transform_free);
}

/* The last bytes of a message that is whole. */
static gboolean
finish_item (HaulSink *self, GError **error)
{
  GError *reason = NULL;
  if (self->transform != NULL && !transform_finish (self->transform, &reason))
    {
      fail_current (self, reason);
      return TRUE;
    }
  if (self->chunk != NULL)
    pipe_append (self->target.pipe, self->item, g_steal_pointer (&self->chunk));
  finish_identity (self);
  if (self->transform != NULL && transform_skip_reason (self->transform) != NULL)
    {
      skip_current (self);
      return TRUE;
    }
  finish_transform (self);
  g_clear_pointer (&self->transform, transform_free);
  HaulItem *item = g_steal_pointer (&self->item);
  item->written = self->seen_bytes;
  if (item->spool != NULL)
    item->size_bytes = spool_size (item->spool);
  else if (!item->released)
    item->size_bytes = self->seen_bytes;
  gboolean released = item->released;
  pipe_end (self->target.pipe, item, NULL);
  return released || add_to_window (self, item, error);
}

/* Without a pipe: tells what the message would become. */
static void
finish_preview (HaulSink *self)
{
  Identity delivered = { 0 };
  if (self->transform != NULL && transform_finish (self->transform, NULL)
      && transform_skip_reason (self->transform) == NULL)
    {
      transform_identity (self->transform, &delivered);
      self->hooks->delivered (self->index, &delivered, self->user_data);
    }
  g_clear_pointer (&self->transform, transform_free);
}

gboolean
haul_sink_end (HaulSink *sink, GError **error)
{
  if (!sink->begun)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "end a message: none was begun");
  sink->begun = FALSE;
  if (sink->swallow)
    return TRUE;
  if (sink->announced_bytes != HAUL_SIZE_UNKNOWN
      && sink->announced_bytes != sink->seen_bytes)
    {
      fail_length (sink);
      return TRUE;
    }
  if (sink->target.pipe != NULL)
    return finish_item (sink, error);
  finish_identity (sink);
  finish_preview (sink);
  sink->hooks->identified (sink->index, &sink->identity, sink->user_data);
  return TRUE;
}

gboolean
haul_sink_fail (HaulSink *sink, HaulBytes key, GError *reason, GError **error)
{
  if (sink->begun && key.length == sink->key->len
      && (key.length == 0 || memcmp (key.data, sink->key->data, key.length) == 0))
    {
      sink->begun = FALSE;
      if (sink->swallow)
        g_error_free (reason);
      else
        fail_current (sink, reason);
      return TRUE;
    }
  /* Another one than that under way, which goes on. */
  guint index = 0;
  if (plan_take (sink->plan, key, &index))
    sink->hooks->failed (index, reason, sink->user_data);
  else
    g_error_free (reason);
  return TRUE;
}

gsize
haul_sink_room (HaulSink *sink)
{
  return sink->target.pipe != NULL ? pipe_room (sink->target.pipe) : PIPE_CHUNK_BYTES;
}

void
sink_salvage (HaulSink *self)
{
  g_autoptr (GError) ignored = NULL;
  if (!self->broken)
    (void) sink_flush (self, &ignored);
}

void
sink_free (HaulSink *self, const GError *reason, GArray *out_unread)
{
  if (self == NULL)
    return;
  if (self->begun && !self->swallow)
    fail_current (self, reason != NULL
                            ? g_error_copy (reason)
                            : g_error_new (HAUL_ERROR, HAUL_ERROR_PROTOCOL,
                                           "read message: the source broke off"));
  for (guint i = 0; i < self->window->len; i++)
    {
      HaulItem *item = self->window->pdata[i];
      if (out_unread != NULL)
        g_array_append_val (out_unread, item->index);
      pipe_discard (self->target.pipe, item);
    }
  if (out_unread != NULL)
    {
      g_autoptr (GArray) owed = plan_owed (self->plan);
      g_array_append_vals (out_unread, owed->data, owed->len);
    }
  g_ptr_array_unref (self->window);
  g_byte_array_unref (self->key);
  content_digest_free (self->digest);
  altered_reader_free (self->altered);
  g_free (self->scratch);
  g_free (self);
}
