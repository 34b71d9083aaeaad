/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The in-memory backend's keys, scan, fetch and store. No lock is held while the engine
 * is called, since a sink and a feed may block. Runs on the session's thread.
 */
#include <string.h>

#include <mailhaul/error.h>

#include "memory-session.h"
#include "model/keywords.h"

/* A header block is looked for in this much of a body. */
#define HEADER_LIMIT_BYTES (256 * 1024)

/* An odd number has an inverse modulo 2^64: multiplying scatters numbers and can be
 * undone. */
#define SCATTER G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)

typedef struct
{
  HaulItem *item;
  char **folder; /* its own spelling */
  MemoryMessage *message;
} Taken;

static void
taken_clear (gpointer data)
{
  Taken *taken = data;

  g_strfreev (taken->folder);
  memory_message_unref (taken->message);
}

static guint64
get_be64 (const guint8 *data)
{
  guint64 big;

  memcpy (&big, data, sizeof big);
  return GUINT64_FROM_BE (big);
}

/* ---- keys ---- */

HaulBytes
memory_session_key (const MemorySession *self, guint64 number, MemoryKey *out)
{
  int length;

  if (!(self->caps & HAUL_CAP_STABLE_KEYS))
    length = g_snprintf (out->text, sizeof out->text, "e%08x-%" G_GUINT64_FORMAT,
                         self->epoch, number);
  else if (self->caps & HAUL_CAP_ORDERED_KEYS)
    length = g_snprintf (out->text, sizeof out->text, "%012" G_GUINT64_FORMAT, number);
  else
    length = g_snprintf (out->text, sizeof out->text, "%016" G_GINT64_MODIFIER "x",
                         number * SCATTER);
  return (HaulBytes){ (const guint8 *) out->text, (gsize) length };
}

guint64
memory_session_number (const MemorySession *self, HaulBytes key)
{
  guint64 inverse = SCATTER; /* right in 3 bits; each round doubles that */
  guint64 number;
  MemoryKey text;
  HaulBytes again;
  guint round;

  if (key.length == 0 || key.length >= sizeof text.text)
    return 0;
  memcpy (text.text, key.data, key.length);
  text.text[key.length] = '\0';
  if (!(self->caps & HAUL_CAP_STABLE_KEYS))
    number = strchr (text.text, '-') != NULL
                 ? g_ascii_strtoull (strchr (text.text, '-') + 1, NULL, 10)
                 : 0;
  else if (self->caps & HAUL_CAP_ORDERED_KEYS)
    number = g_ascii_strtoull (text.text, NULL, 10);
  else
    {
      for (round = 0; round < 5; round++)
        inverse *= 2 - SCATTER * inverse;
      number = g_ascii_strtoull (text.text, NULL, 16) * inverse;
    }
  again = memory_session_key (self, number, &text);
  return again.length == key.length && memcmp (again.data, key.data, key.length) == 0
             ? number
             : 0;
}

/* ---- bodies ---- */

/* wire_size: of the body once its lines end in CRLF. */
static guint64
wire_size (const MemoryMessage *message)
{
  HaulLineState state = { FALSE };
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (message->body, &length);

  return message->lines == HAUL_LINES_CRLF ? length
                                           : haul_lines_crlf_size (&state, data, length);
}

/* header_block: up to the empty line, or all. */
static HaulBytes
header_block (const MemoryMessage *message)
{
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (message->body, &length);
  gsize at;

  length = MIN (length, HEADER_LIMIT_BYTES);
  for (at = 0; at < length; at++)
    {
      gboolean line_end = data[at] == '\n';
      gsize next = at + 1 + (at + 1 < length && data[at + 1] == '\r' ? 1 : 0);

      if (line_end && next < length && data[next] == '\n')
        return (HaulBytes){ data, next + 1 };
    }
  return (HaulBytes){ data, length };
}

/* ---- scan ---- */

static gboolean
scan_record (MemorySession *self, const HaulScan *scan, const MemoryMessage *message,
             GError **error)
{
  g_auto (GStrv) keywords = keywords_split (message->keywords);
  HaulRecord record = HAUL_RECORD_INIT;
  MemoryKey key;

  if (!memory_session_probe (self, MEMORY_STEP_RECORD, error))
    return FALSE;
  record.key = memory_session_key (self, message->number, &key);
  record.known = HAUL_RECORD_FLAGS;
  record.flags = message->flags;
  record.keywords = (const char *const *) keywords;
  if (message->known & MEMORY_HAS_DATE)
    {
      record.known |= HAUL_RECORD_DATE;
      record.date_unix = message->date_unix;
    }
  if (message->known & MEMORY_HAS_ZONE)
    {
      record.known |= HAUL_RECORD_ZONE;
      record.date_zone_minutes = message->zone_minutes;
    }
  if (scan->needs & HAUL_NEED_SIZE)
    {
      record.known |= HAUL_RECORD_SIZE;
      record.size_bytes = self->caps & HAUL_CAP_EXACT_SIZE
                              ? wire_size (message)
                              : g_bytes_get_size (message->body) + message->number % 7;
    }
  if (scan->needs & HAUL_NEED_HEADERS)
    {
      record.known |= HAUL_RECORD_HEADERS;
      record.headers = header_block (message);
    }
  if (message->known & MEMORY_HAS_ID)
    {
      record.known |= HAUL_RECORD_DELIVERY_ID;
      record.delivery_id = message->delivery_id;
    }
  return scan->record (&record, scan->user_data, error);
}

/* scan_debris: half a message, as a batch leaves it that was broken off. */
static gboolean
scan_debris (MemorySession *self, const HaulScan *scan, GError **error)
{
  g_autoptr (MemoryMessage) message = memory_message_new (
      g_bytes_new_static ("Subject: bro", 12), HAUL_LINES_CRLF, 0, "");

  message->number = G_MAXUINT32;
  return scan_record (self, scan, message, error);
}

/* delta_since: the change that @token stands for, if the difference can be given. */
static gboolean
delta_since (const MemorySession *self, const MemoryFolder *folder, HaulBytes token,
             guint64 *out_change)
{
  if (!self->settings->delta || folder->debris || token.length != 16
      || get_be64 (token.data) != folder->validity
      || get_be64 (token.data + 8) > folder->changes)
    return FALSE;
  *out_change = get_be64 (token.data + 8);
  return TRUE;
}

static gboolean
scan_vanished (MemorySession *self, const HaulScan *scan, guint64 since, guint64 until,
               GError **error)
{
  g_autoptr (GArray)
      gone = memory_store_gone (self->store, (HaulPath) self->entered, since);
  guint i;

  for (i = 0; i < gone->len; i++)
    {
      const MemoryGone *entry = &g_array_index (gone, MemoryGone, i);
      MemoryKey key;

      if (entry->change <= until
          && !scan->vanished (memory_session_key (self, entry->number, &key),
                              scan->user_data, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
memory_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
             GError **error)
{
  MemorySession *self = session;
  g_autoptr (MemoryFolder) folder = NULL;
  g_autoptr (GPtrArray) messages = NULL;
  gboolean ordered = (self->caps & HAUL_CAP_ORDERED_KEYS) != 0;
  gboolean from = scan->from.length == 8 && self->caps & HAUL_CAP_SCAN_FROM;
  guint64 since = 0;
  guint i;

  if (!memory_session_need_entered (self, error))
    return FALSE;
  messages = memory_store_messages (self->store, (HaulPath) self->entered,
                                    from ? get_be64 (scan->from.data) : 0, &folder);
  if (messages == NULL)
    return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                           "scan: the folder is no longer there");
  out_result->delta = delta_since (self, folder, scan->since, &since);
  for (i = 0; i < messages->len; i++)
    {
      const MemoryMessage *message = g_ptr_array_index (
          messages, ordered ? i : messages->len - 1 - i);

      if (message->change > since && !scan_record (self, scan, message, error))
        return FALSE;
    }
  if (folder->debris && !scan_debris (self, scan, error))
    return FALSE;
  if (out_result->delta && !scan_vanished (self, scan, since, folder->changes, error))
    return FALSE;
  memory_session_status (self, folder, &out_result->status);
  return TRUE;
}

/* ---- fetch ---- */

static GBytes *
body_in_form (const MemoryMessage *message, HaulLines lines)
{
  HaulLineState state = { FALSE };
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (message->body, &length);
  guint8 *wire;

  if (lines == HAUL_LINES_ANY || message->lines == HAUL_LINES_CRLF)
    return g_bytes_ref (message->body);
  wire = g_malloc (length * 2 + 1);
  return g_bytes_new_take (wire, haul_lines_to_crlf (&state, data, length, wire));
}

static gboolean
fetch_body (MemorySession *self, HaulSink *sink, GBytes *body, GError **error)
{
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (body, &length);
  gsize at;
  gsize step;

  for (at = 0; at < length; at += step)
    {
      step = MIN (self->settings->chunk, length - at);
      if (!memory_session_probe (self, MEMORY_STEP_WRITE, error)
          || !haul_sink_write (sink, data + at, step, error))
        return FALSE;
    }
  return memory_session_probe (self, MEMORY_STEP_END, error)
         && haul_sink_end (sink, error);
}

static gboolean
fetch_one (MemorySession *self, HaulBytes key, HaulLines lines, HaulSink *sink,
           GError **error)
{
  g_autoptr (MemoryMessage) message = memory_store_message (
      self->store, (HaulPath) self->entered, memory_session_number (self, key));
  g_autoptr (GBytes) body = NULL;
  GError *reason = NULL;
  guint64 size;

  if (!memory_session_probe (self, MEMORY_STEP_BEGIN, error))
    return FALSE;
  if (message == NULL)
    {
      haul_error_set (&reason, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                      "read a message: it is no longer there");
      return haul_sink_fail (sink, key, reason, error);
    }
  if (!(self->caps & HAUL_CAP_ANY_LINES))
    lines = HAUL_LINES_CRLF;
  if (message->lines == HAUL_LINES_CRLF)
    lines = HAUL_LINES_CRLF;
  body = body_in_form (message, lines);
  size = memory_session_lacks (self, "size") ? HAUL_SIZE_UNKNOWN
                                             : g_bytes_get_size (body);
  return haul_sink_begin (sink, key, lines, size, error)
         && fetch_body (self, sink, body, error);
}

gboolean
memory_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  MemorySession *self = session;
  HaulLines lines = haul_plan_lines (plan);
  g_autofree HaulPlanItem *items = g_new0 (HaulPlanItem, self->settings->window);
  gboolean more = TRUE;

  if (!memory_session_need_entered (self, error))
    return FALSE;
  while (more)
    {
      guint count = 0;

      while (more && count < self->settings->window)
        {
          if (!memory_session_probe (self, MEMORY_STEP_PLAN, error))
            return FALSE;
          more = haul_plan_next (plan, &items[count]);
          count += more ? 1 : 0;
        }
      while (count > 0)
        if (!fetch_one (self, items[--count].key, lines, sink, error))
          return FALSE;
    }
  return TRUE;
}

/* ---- store ---- */

/* read_body: FALSE with @error set: the source broke off. */
static gboolean
read_body (HaulItem *item, GBytes **out_body, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  HaulReadResult result;
  HaulBytes span;

  while ((result = haul_item_read (item, TRUE, &span, error)) == HAUL_READ_DATA)
    g_byte_array_append (all, span.data, (guint) span.length);
  if (result == HAUL_READ_FAILED)
    return FALSE;
  *out_body = g_byte_array_free_to_bytes (g_steal_pointer (&all));
  return TRUE;
}

static MemoryMessage *
message_for_item (const MemorySession *self, HaulItem *item, GBytes *body)
{
  g_autofree char *keywords = keywords_join (haul_item_keywords (item));
  MemoryMessage *message = memory_message_new (
      body, haul_item_lines (item), haul_item_flags (item),
      self->caps & HAUL_CAP_KEYWORDS ? keywords : "");

  if (!(self->caps & HAUL_CAP_DATES))
    message->date_unix = g_get_real_time () / G_USEC_PER_SEC;
  else if (haul_item_date (item, &message->date_unix, &message->zone_minutes))
    message->known |= MEMORY_HAS_ZONE;
  else
    message->date_unix = g_get_real_time () / G_USEC_PER_SEC;
  message->known |= MEMORY_HAS_DATE;
  if (self->caps & HAUL_CAP_KEEPS_ID)
    {
      message->known |= MEMORY_HAS_ID;
      memcpy (message->delivery_id, haul_item_delivery_id (item),
              HAUL_DELIVERY_ID_LENGTH);
    }
  return message;
}

/* refusal: why this message is not taken, or NULL. */
static GError *
refusal (MemorySession *self, GBytes *body, guint64 waiting)
{
  gsize size = g_bytes_get_size (body);
  GError *reason = NULL;

  if (self->settings->max_message > 0 && size > self->settings->max_message)
    haul_error_set (&reason, HAUL_ERROR_TOO_BIG, HAUL_SCOPE_MESSAGE,
                    "store a message of %" G_GSIZE_FORMAT " bytes: too big", size);
  else if (self->settings->quota > 0
           && memory_store_bytes (self->store) + waiting + size > self->settings->quota)
    haul_error_set (&reason, HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER,
                    "store a message of %" G_GSIZE_FORMAT " bytes: quota exceeded", size);
  return reason;
}

static gboolean
take_item (MemorySession *self, HaulFeed *feed, HaulItem *item, GArray *batch,
           GError **error)
{
  g_autoptr (MemoryFolder) folder = NULL;
  g_autoptr (GBytes) body = NULL;
  GError *reason = NULL;
  guint64 waiting = 0;
  guint i;

  if (!memory_session_probe (self, MEMORY_STEP_READ, error))
    return FALSE;
  if (self->caps & HAUL_CAP_NEEDS_SIZE && haul_item_size (item) == HAUL_SIZE_UNKNOWN)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_JOB,
                           "store a message: its size was not said");
  if (self->settings->again > 0 && haul_item_attempt (item) == 1
      && ++self->offers % self->settings->again == 0)
    {
      haul_feed_again (feed, item);
      return TRUE;
    }
  folder = memory_store_folder (self->store, haul_item_folder (item),
                                self->settings->case_insensitive);
  for (i = 0; i < batch->len; i++)
    waiting += g_bytes_get_size (g_array_index (batch, Taken, i).message->body);
  if (folder == NULL)
    haul_error_set (&reason, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                    "store a message: its folder does not exist");
  else if (read_body (item, &body, &reason))
    reason = refusal (self, body, waiting);
  if (reason != NULL)
    haul_feed_fail (feed, item, reason);
  else
    {
      Taken taken = { item, g_strdupv (folder->path), NULL };

      taken.message = message_for_item (self, item, g_steal_pointer (&body));
      g_array_append_val (batch, taken);
    }
  return TRUE;
}

static void
set_debris (MemorySession *self, GArray *batch, gboolean debris)
{
  guint i;

  if (!self->settings->debris)
    return;
  for (i = 0; i < batch->len; i++)
    memory_store_set_debris (self->store,
                             (HaulPath) g_array_index (batch, Taken, i).folder, debris);
}

static void
give_receipt (MemorySession *self, HaulFeed *feed, const Taken *taken)
{
  HaulReceipt receipt = HAUL_RECEIPT_INIT;
  g_autoptr (MemoryFolder)
      folder = memory_store_folder (self->store, (HaulPath) taken->folder, FALSE);
  MemoryKey key;

  if (self->caps & HAUL_CAP_RETURNS_KEYS)
    {
      receipt.key = memory_session_key (self, taken->message->number, &key);
      receipt.uid_validity = folder != NULL ? folder->validity : 0;
    }
  haul_feed_done (feed, taken->item, &receipt);
  if (self->settings->lose > 0 && ++self->stored % self->settings->lose == 0)
    memory_store_drop (self->store, (HaulPath) taken->folder, taken->message->number);
}

void
memory_session_haunt (MemorySession *self, const char *moment)
{
  if (self->store != NULL && g_strcmp0 (self->settings->ghost, moment) == 0)
    memory_store_arrive (self->store);
}

/* commit_batch: makes the batch durable and gives the receipts, last first if the window
 * is more than one. FALSE: the outcome of what has no receipt is open. */
static gboolean
commit_batch (MemorySession *self, HaulFeed *feed, GArray *batch, GError **error)
{
  g_autofree MemoryPut *puts = g_new0 (MemoryPut, batch->len + 1);
  guint i;

  if (batch->len == 0)
    return TRUE;
  set_debris (self, batch, TRUE);
  for (i = 0; i < batch->len; i++)
    {
      const Taken *taken = &g_array_index (batch, Taken, i);

      puts[i] = (MemoryPut){ (HaulPath) taken->folder, taken->message };
    }
  if (!memory_session_probe (self, MEMORY_STEP_COMMIT, error))
    {
      if (self->settings->ghost != NULL && self->settings->ghost[0] != '\0')
        memory_store_delay (self->store, puts, batch->len);
      return FALSE;
    }
  if (!memory_store_put (self->store, puts, batch->len, error))
    return FALSE;
  set_debris (self, batch, FALSE);
  memory_session_haunt (self, "store");
  if (!memory_session_probe (self, MEMORY_STEP_COMMITTED, error))
    return FALSE;
  for (i = 0; i < batch->len; i++)
    {
      guint at = self->settings->window > 1 ? batch->len - 1 - i : i;

      give_receipt (self, feed, &g_array_index (batch, Taken, at));
      if (!memory_session_probe (self, MEMORY_STEP_RECEIPT, error))
        return FALSE;
    }
  g_array_set_size (batch, 0);
  return TRUE;
}

gboolean
memory_store (gpointer session, HaulFeed *feed, GError **error)
{
  MemorySession *self = session;
  g_autoptr (GArray) batch = g_array_new (FALSE, FALSE, sizeof (Taken));
  HaulFeedResult result = HAUL_FEED_PENDING;
  HaulItem *item = NULL;

  g_array_set_clear_func (batch, taken_clear);
  if (!memory_session_need_store (self, error))
    return FALSE;
  while (result != HAUL_FEED_END)
    {
      if (!memory_session_probe (self, MEMORY_STEP_NEXT, error))
        return FALSE;
      result = haul_feed_next (feed, batch->len == 0, &item);
      if (result == HAUL_FEED_ITEM && !take_item (self, feed, item, batch, error))
        return FALSE;
      if ((result != HAUL_FEED_ITEM || batch->len >= self->settings->batch)
          && !commit_batch (self, feed, batch, error))
        return FALSE;
    }
  return TRUE;
}
