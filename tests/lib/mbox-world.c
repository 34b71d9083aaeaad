/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Helpers of the mbox tests. The engine here is as plain as can be: strictness is the
 * contract suite's. Test thread.
 */
#include "mbox-world.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../backends/mbox/hook.h"

static gsize hook_piece = G_MAXSIZE;
static guint hook_kill;
static guint hook_count;

void
world_hooks (gsize piece, guint kill_after)
{
  hook_piece = piece;
  hook_kill = kill_after;
  hook_count = 0;
}

guint
world_hook_count (void)
{
  return hook_count;
}

gsize
mbox_hook_write_size (gsize length)
{
  return MIN (length, hook_piece);
}

void
mbox_hook_written (void)
{
  if (++hook_count == hook_kill)
    kill (getpid (), SIGKILL);
}

/* ---- the store ---- */

MboxWorld *
world_new (void)
{
  MboxWorld *self = g_new0 (MboxWorld, 1);
  g_autofree char *template = g_build_filename (g_get_tmp_dir (), "mbox-XXXXXX", NULL);
  self->directory = g_strdup (g_mkdtemp (template));
  self->file = g_build_filename (self->directory, "box", NULL);
  self->settings.path = g_strdup (self->file);
  self->open = (HaulOpen){ .struct_size = sizeof (HaulOpen),
                           .settings = &self->settings,
                           .cancellable = g_cancellable_new () };
  world_hooks (G_MAXSIZE, 0);
  return self;
}

static void
remove_tree (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      gboolean link = g_file_test (child, G_FILE_TEST_IS_SYMLINK);
      if (!link && g_file_test (child, G_FILE_TEST_IS_DIR))
        remove_tree (child);
      else
        g_unlink (child);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (path);
}

void
world_free (MboxWorld *self)
{
  if (self->session != NULL)
    mbox_session_close (self->session);
  remove_tree (self->directory);
  g_object_unref (self->open.cancellable);
  g_free (self->settings.path);
  g_free (self->file);
  g_free (self->directory);
  g_free (self);
}

void
world_session (MboxWorld *self, HaulRole role)
{
  g_autoptr (GError) error = NULL;
  if (self->session != NULL)
    mbox_session_close (self->session);
  self->open.role = role;
  self->session = mbox_session_open (&self->open, &error);
  g_assert_no_error (error);
  self->session->lock_wait_us = 100 * 1000;
}

void
world_put (MboxWorld *self, const char *data, gssize length)
{
  g_autoptr (GError) error = NULL;
  g_file_set_contents (self->file, data, length, &error);
  g_assert_no_error (error);
}

void
world_append (MboxWorld *self, const char *data)
{
  FILE *file = fopen (self->file, "a");
  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (data, 1, strlen (data), file), ==, strlen (data));
  g_assert_cmpint (fclose (file), ==, 0);
}

GBytes *
world_get (const MboxWorld *self)
{
  char *data = NULL;
  gsize length = 0;
  if (!g_file_get_contents (self->file, &data, &length, NULL))
    return g_bytes_new (NULL, 0);
  return g_bytes_new_take (data, length);
}

/* ---- mails ---- */

WorldMail *
world_mail (const char *body, gssize length)
{
  WorldMail *mail = g_new0 (WorldMail, 1);
  mail->body = g_bytes_new (body, length < 0 ? strlen (body) : (gsize) length);
  mail->keywords = g_strdup ("");
  mail->has_date = TRUE;
  mail->date_unix = 1700000000;
  return mail;
}

void
world_mail_free (gpointer data)
{
  WorldMail *mail = data;
  g_clear_pointer (&mail->key, g_bytes_unref);
  g_clear_pointer (&mail->body, g_bytes_unref);
  g_clear_error (&mail->error);
  g_free (mail->keywords);
  g_free (mail->note);
  g_free (mail);
}

GPtrArray *
world_mails (void)
{
  return g_ptr_array_new_with_free_func (world_mail_free);
}

GPtrArray *
world_sample (guint first, guint count)
{
  GPtrArray *mails = world_mails ();
  for (guint i = first; i < first + count; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_string_append_printf (text,
                              "From: s%u@example.org\r\nSubject: number %u\r\n"
                              "Message-ID: <%u@example.org>\r\n\r\n",
                              i, i, i);
      for (guint line = 0; line < i * 7 % 40; line++)
        g_string_append (text, line % 3 == 0   ? "From the start\r\n"
                               : line % 3 == 1 ? ">From a quote\r\n"
                                               : "\r\nplain\r\n");
      g_string_append (text, "end\r\n");
      WorldMail *mail = world_mail (text->str, (gssize) text->len);
      mail->flags = i % 32;
      mail->date_unix = 1600000000 + i;
      if (i % 4 == 0)
        {
          g_free (mail->keywords);
          mail->keywords = g_strdup_printf ("$Forwarded kw%u", i % 8);
        }
      g_ptr_array_add (mails, mail);
    }
  return mails;
}

/* ---- plan and sink ---- */

struct _HaulPlan
{
  GPtrArray *mails;
  HaulLines lines;
  guint next;
};

struct _HaulSink
{
  GPtrArray *mails;
  HaulLines lines;
  guint64 announced;
  WorldMail *current;
  GByteArray *body;
};

gboolean
haul_plan_next (HaulPlan *plan, HaulPlanItem *out_item)
{
  if (plan->next == plan->mails->len)
    return FALSE;
  WorldMail *mail = g_ptr_array_index (plan->mails, plan->next++);
  out_item->key.data = g_bytes_get_data (mail->key, &out_item->key.length);
  out_item->size_bytes = HAUL_SIZE_UNKNOWN;
  return TRUE;
}

HaulLines
haul_plan_lines (HaulPlan *plan)
{
  return plan->lines;
}

static WorldMail *
mail_of (HaulSink *sink, HaulBytes key)
{
  g_autoptr (GBytes) wanted = g_bytes_new (key.data, key.length);
  for (guint i = 0; i < sink->mails->len; i++)
    {
      WorldMail *mail = g_ptr_array_index (sink->mails, i);
      if (g_bytes_equal (mail->key, wanted))
        return mail;
    }
  g_assert_not_reached ();
}

gboolean
haul_sink_begin (HaulSink *sink, HaulBytes key, HaulLines lines, guint64 size_bytes,
                 GError **error)
{
  g_assert_null (sink->current);
  g_assert_cmpint (lines, ==, sink->lines);
  sink->current = mail_of (sink, key);
  sink->announced = size_bytes;
  sink->body = g_byte_array_new ();
  return TRUE;
}

gboolean
haul_sink_write (HaulSink *sink, const void *data, gsize length, GError **error)
{
  g_byte_array_append (sink->body, data, (guint) length);
  return TRUE;
}

gboolean
haul_sink_end (HaulSink *sink, GError **error)
{
  g_assert_cmpuint (sink->body->len, ==, sink->announced);
  g_autofree guint8 *wire = g_malloc (2 * (gsize) sink->body->len + 1);
  HaulLineState state = { 0 };
  gsize length = haul_lines_to_crlf (&state, sink->body->data, sink->body->len, wire);
  g_clear_pointer (&sink->current->body, g_bytes_unref);
  sink->current->body = g_bytes_new (wire, length);
  g_clear_pointer (&sink->body, g_byte_array_unref);
  sink->current = NULL;
  return TRUE;
}

gboolean
haul_sink_fail (HaulSink *sink, HaulBytes key, GError *reason, GError **error)
{
  WorldMail *mail = mail_of (sink, key);
  g_clear_pointer (&sink->body, g_byte_array_unref);
  sink->current = NULL;
  mail->error = reason;
  return TRUE;
}

gboolean
world_fetch (MboxWorld *self, GPtrArray *mails, HaulLines lines, GError **error)
{
  HaulPlan plan = { .mails = mails, .lines = lines };
  HaulSink sink = { .mails = mails, .lines = lines };
  return mbox_session_fetch (self->session, &plan, &sink, error);
}

/* ---- scanning ---- */

static gboolean
take_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  WorldMail *mail = g_new0 (WorldMail, 1);
  mail->key = g_bytes_new (record->key.data, record->key.length);
  mail->flags = record->flags;
  mail->keywords = record->keywords ? g_strjoinv (" ", (char **) record->keywords)
                                    : g_strdup ("");
  mail->size_bytes = record->size_bytes;
  mail->has_date = (record->known & HAUL_RECORD_DATE) != 0;
  mail->date_unix = record->date_unix;
  g_ptr_array_add (user_data, mail);
  return TRUE;
}

static HaulBytes
view (GBytes *bytes)
{
  HaulBytes result = HAUL_NO_BYTES;
  if (bytes != NULL)
    result.data = g_bytes_get_data (bytes, &result.length);
  return result;
}

WorldListing *
world_list (MboxWorld *self, const WorldScan *scan, GError **error)
{
  static const char *const inbox[] = { "INBOX", NULL };
  static const WorldScan plain = { 0 };
  const WorldScan *how = scan ? scan : &plain;
  if (self->session == NULL)
    world_session (self, HAUL_ROLE_SOURCE);
  g_autoptr (WorldListing) listing = g_new0 (WorldListing, 1);
  listing->mails = world_mails ();
  HaulScan request = { .struct_size = sizeof request,
                       .needs = HAUL_NEED_FLAGS | HAUL_NEED_SIZE | HAUL_NEED_DATE,
                       .since = view (how->token),
                       .from = view (how->mark),
                       .record = take_record,
                       .user_data = listing->mails };
  HaulScanResult result = { .struct_size = sizeof result };
  if (!mbox_session_enter (self->session, inbox, HAUL_ENTER_READ, NULL, error)
      || !mbox_session_scan (self->session, &request, &result, error))
    return NULL;
  listing->delta = result.delta;
  listing->mark = g_bytes_new (result.status.mark.data, result.status.mark.length);
  if (result.status.known & HAUL_STATUS_TOKEN)
    listing->token = g_bytes_new (result.status.token.data, result.status.token.length);
  if (!how->no_bodies && !world_fetch (self, listing->mails, how->lines, error))
    return NULL;
  return g_steal_pointer (&listing);
}

void
world_listing_free (WorldListing *self)
{
  g_ptr_array_unref (self->mails);
  g_clear_pointer (&self->token, g_bytes_unref);
  g_clear_pointer (&self->mark, g_bytes_unref);
  g_free (self);
}

/* ---- feed ---- */

struct _HaulFeed
{
  MboxWorld *world;
  GPtrArray *mails;
  guint next;
  GPtrArray *items;
};

struct _HaulItem
{
  WorldMail *mail;
  char **keywords;
  gsize at;
};

static void
item_free (gpointer data)
{
  HaulItem *item = data;
  g_strfreev (item->keywords);
  g_free (item);
}

HaulFeedResult
haul_feed_next (HaulFeed *feed, gboolean wait, HaulItem **out_item)
{
  if (feed->next == feed->mails->len)
    return HAUL_FEED_END;
  HaulItem *item = g_new0 (HaulItem, 1);
  item->mail = g_ptr_array_index (feed->mails, feed->next++);
  item->keywords = g_strsplit (item->mail->keywords, " ", -1);
  g_ptr_array_add (feed->items, item);
  *out_item = item;
  return HAUL_FEED_ITEM;
}

void
haul_feed_done (HaulFeed *feed, HaulItem *item, const HaulReceipt *receipt)
{
  g_assert_null (item->mail->key);
  g_assert_no_error (item->mail->error);
  item->mail->key = g_bytes_new (receipt->key.data, receipt->key.length);
  item->mail->note = g_strdup (receipt->note);
}

void
haul_feed_fail (HaulFeed *feed, HaulItem *item, GError *reason)
{
  g_assert_null (item->mail->key);
  g_assert_no_error (item->mail->error);
  item->mail->error = reason;
}

gboolean
haul_feed_note (HaulFeed *feed, HaulPath folder, HaulBytes data, GError **error)
{
  g_autofree char *path = g_build_filename (feed->world->directory, "note", NULL);
  g_assert_cmpuint (data.length, <=, 64 * 1024);
  return g_file_set_contents (path, (const char *) data.data, (gssize) data.length,
                              error);
}

HaulPath
haul_item_folder (const HaulItem *item)
{
  static const char *const inbox[] = { "INBOX", NULL };
  return inbox;
}

guint32
haul_item_flags (const HaulItem *item)
{
  return item->mail->flags;
}

const char *const *
haul_item_keywords (const HaulItem *item)
{
  return (const char *const *) item->keywords;
}

gboolean
haul_item_date (const HaulItem *item, gint64 *out_unix, gint32 *out_zone_minutes)
{
  *out_unix = item->mail->date_unix;
  return item->mail->has_date;
}

gboolean
haul_item_is_whole (const HaulItem *item)
{
  return !item->mail->break_off;
}

HaulReadResult
haul_item_read (HaulItem *item, gboolean wait, HaulBytes *out_span, GError **error)
{
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (item->mail->body, &length);
  gsize left = item->mail->break_off ? length / 2 - item->at : length - item->at;
  if (left == 0 && item->mail->break_off)
    {
      haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_MESSAGE, "it broke");
      return HAUL_READ_FAILED;
    }
  if (left == 0)
    return HAUL_READ_END;
  *out_span = (HaulBytes){ data + item->at, MIN (left, 65536) };
  item->at += out_span->length;
  return HAUL_READ_DATA;
}

gboolean
world_store (MboxWorld *self, GPtrArray *mails, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (item_free);
  HaulFeed feed = { .world = self, .mails = mails, .items = items };
  if (self->session == NULL)
    world_session (self, HAUL_ROLE_DESTINATION);
  return mbox_session_store (self->session, &feed, error);
}

GBytes *
world_note (const MboxWorld *self)
{
  g_autofree char *path = g_build_filename (self->directory, "note", NULL);
  char *data = NULL;
  gsize length = 0;
  if (!g_file_get_contents (path, &data, &length, NULL))
    return g_bytes_new (NULL, 0);
  return g_bytes_new_take (data, length);
}
