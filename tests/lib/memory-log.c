/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes and reads the log file of an in-memory store. A record is a serialised GVariant
 * behind eight bytes: its length and the FNV-1a checksum of its bytes, in the machine's
 * own byte order, since the file never leaves the machine. Survives a kill of the
 * process, not of the machine. Runs with the store's lock held.
 */
#include "memory-log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <mailhaul/error.h>

/* kind, path, flags, number | number, known, flags, keywords, date, zone, lines, id, body
 */
#define RECORD_TYPE "(yasut(tuusxiuayay))"

typedef struct
{
  guint32 length;
  guint32 checksum;
} Frame;

static guint32
checksum (const guint8 *data, gsize length)
{
  guint32 sum = 2166136261u;
  gsize i;

  for (i = 0; i < length; i++)
    sum = (sum ^ data[i]) * 16777619u;
  return sum;
}

static GVariant *
bytes_variant (gconstpointer data, gsize length)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, length, 1);
}

static GVariant *
record_variant (const MemoryRecord *record)
{
  static const MemoryMessage nothing = { .keywords = NULL };
  const MemoryMessage *message = record->message != NULL ? record->message : &nothing;
  gsize length = 0;
  gconstpointer body = message->body != NULL ? g_bytes_get_data (message->body, &length)
                                             : NULL;

  return g_variant_ref_sink (
      g_variant_new ("(y^asut(tuusxiu@ay@ay))", (guchar) record->kind, record->path,
                     record->flags, record->number, message->number, message->known,
                     message->flags, message->keywords != NULL ? message->keywords : "",
                     message->date_unix, message->zone_minutes, (guint32) message->lines,
                     bytes_variant (message->delivery_id, HAUL_DELIVERY_ID_LENGTH),
                     bytes_variant (body, length)));
}

static GBytes *
array_bytes (GVariant *array)
{
  gsize length = 0;
  gconstpointer data = g_variant_get_fixed_array (array, &length, 1);

  return g_bytes_new (data, length);
}

static void
record_hand_over (GVariant *variant, MemoryRecordFunc func, gpointer user_data)
{
  g_autoptr (MemoryMessage) message = NULL;
  g_autoptr (GVariant) id = NULL;
  g_autoptr (GVariant) body = NULL;
  g_auto (GStrv) path = NULL;
  const char *keywords = NULL;
  MemoryMessage read = { .number = 0 };
  MemoryRecord record = { .flags = 0 };
  guchar kind = 0;
  guint32 lines = 0;
  g_autoptr (GBytes) id_bytes = NULL;

  g_variant_get (variant, "(y^asut(tuu&sxiu@ay@ay))", &kind, &path, &record.flags,
                 &record.number, &read.number, &read.known, &read.flags, &keywords,
                 &read.date_unix, &read.zone_minutes, &lines, &id, &body);
  id_bytes = array_bytes (id);
  message = memory_message_new (array_bytes (body), (HaulLines) lines, read.flags,
                                keywords);
  message->number = read.number;
  message->known = read.known;
  message->date_unix = read.date_unix;
  message->zone_minutes = read.zone_minutes;
  if (g_bytes_get_size (id_bytes) == HAUL_DELIVERY_ID_LENGTH)
    memcpy (message->delivery_id, g_bytes_get_data (id_bytes, NULL),
            HAUL_DELIVERY_ID_LENGTH);
  record.kind = (MemoryRecordKind) kind;
  record.path = path;
  record.message = message;
  func (&record, user_data);
}

/* read_records: returns the length of the whole records at the start of @data. */
static gsize
read_records (const guint8 *data, gsize length, MemoryRecordFunc func, gpointer user_data)
{
  gsize at = 0;

  while (length - at >= sizeof (Frame))
    {
      g_autoptr (GVariant) variant = NULL;
      g_autoptr (GVariant) normal = NULL;
      g_autoptr (GBytes) bytes = NULL;
      Frame frame;

      memcpy (&frame, data + at, sizeof frame);
      if (frame.length > length - at - sizeof frame
          || checksum (data + at + sizeof frame, frame.length) != frame.checksum)
        break;
      bytes = g_bytes_new (data + at + sizeof frame, frame.length);
      variant = g_variant_ref_sink (
          g_variant_new_from_bytes (G_VARIANT_TYPE (RECORD_TYPE), bytes, FALSE));
      record_hand_over (variant, func, user_data);
      at += sizeof frame + frame.length;
    }
  return at;
}

int
memory_log_open (const char *file, gboolean create, MemoryRecordFunc func,
                 gpointer user_data, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) local = NULL;
  gsize length = 0;
  gsize whole;
  int descriptor = open (file, O_RDWR | O_APPEND | O_CLOEXEC | (create ? O_CREAT : 0),
                         0600);

  if (descriptor < 0)
    {
      haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "open store '%s'", file);
      return -1;
    }
  if (!g_file_get_contents (file, &text, &length, &local))
    {
      close (descriptor);
      haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_ACCOUNT, "read store: %s",
                      local->message);
      return -1;
    }
  whole = read_records ((const guint8 *) text, length, func, user_data);
  if (whole < length && ftruncate (descriptor, (off_t) whole) != 0)
    {
      haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "cut store '%s'", file);
      close (descriptor);
      return -1;
    }
  return descriptor;
}

gboolean
memory_log_append (int file, const MemoryRecord *records, gsize count, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  gsize done = 0;
  gsize i;

  for (i = 0; i < count; i++)
    {
      g_autoptr (GVariant) variant = record_variant (&records[i]);
      const guint8 *data = g_variant_get_data (variant);
      gsize length = g_variant_get_size (variant);
      Frame frame = { (guint32) length, checksum (data, length) };

      g_byte_array_append (all, (const guint8 *) &frame, sizeof frame);
      g_byte_array_append (all, data, (guint) length);
    }
  while (done < all->len)
    {
      gssize written = write (file, all->data + done, all->len - done);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return haul_error_set_errno (error, errno, HAUL_SCOPE_JOB, "write store");
      done += (gsize) written;
    }
  return TRUE;
}
