/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store of one test of the Maildir backend. Calls the backend's callbacks directly,
 * so that a test needs no registry. One thread, but for sessions used from others.
 */
#include "maildir-world.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* What HAUL_DEFINE_BACKEND exports in maildir.c. */
HAUL_API const HaulBackend *haul_backend_maildir_get (void);

World *
world_new (void)
{
  World *world = g_new0 (World, 1);
  const char *base = g_getenv ("MAILDIR_TEST_DIR");
  g_autofree char *template = g_build_filename (base ? base : g_get_tmp_dir (),
                                                "mailhaul-maildir-XXXXXX", NULL);

  world->directory = g_strdup (g_mkdtemp (template));
  g_assert_nonnull (world->directory);
  world->path = g_build_filename (world->directory, "mail", NULL);
  world->backend = haul_backend_maildir_get ();
  world->settings.path = world->path;
  world->cancellable = g_cancellable_new ();
  return world;
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK)
                             ? NULL
                             : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

void
world_free (World *world)
{
  if (!world)
    return;
  remove_tree (world->directory);
  g_object_unref (world->cancellable);
  g_free (world->directory);
  g_free (world->path);
  g_free (world);
}

gpointer
world_open (World *world, HaulRole role)
{
  HaulOpen *open = &world->opens[world->open_count++ % G_N_ELEMENTS (world->opens)];
  g_autoptr (GError) error = NULL;
  gpointer session = NULL;

  *open = (HaulOpen){ .struct_size = sizeof *open,
                      .settings = &world->settings,
                      .role = role,
                      .cancellable = world->cancellable };
  session = world->backend->open (open, &error);
  g_assert_no_error (error);
  return session;
}

void
world_put (World *world, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (world->path, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
}

void
world_folder (World *world, const char *name)
{
  static const char *const parts[] = { "cur", "new", "tmp" };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *path = g_build_filename (world->path, name, parts[i], NULL);

      g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
    }
}

char *
world_get (World *world, const char *name)
{
  g_autofree char *path = g_build_filename (world->path, name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static gint
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char *
world_names (World *world, const char *name)
{
  g_autofree char *path = g_build_filename (world->path, name, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *entry;

  while (dir && (entry = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (entry));
  g_ptr_array_sort (names, compare_strings);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **) names->pdata);
}

void
world_age (gpointer session)
{
  MaildirSession *self = session;

  self->racy_ns = -G_MAXINT32; /* a stamp is recent only from the future */
  self->tick_ns = -G_MAXINT32;
}

static gboolean
take_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  g_autofree char *text = haul_path_to_text (folder->path);
  const HaulFolderStatus *status = &folder->status;

  g_string_append (user_data, text);
  if (folder->attributes & HAUL_FOLDER_NOSELECT)
    g_string_append (user_data, " -");
  if (folder->attributes & HAUL_FOLDER_SUBSCRIBED)
    g_string_append (user_data, " *");
  if (status->known & HAUL_STATUS_MESSAGES)
    g_string_append_printf (user_data, " %" G_GUINT64_FORMAT, status->messages);
  g_string_append_c (user_data, '\n');
  return TRUE;
}

char *
world_list (World *world, gpointer session)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  world->backend->list (session, take_folder, text, &error);
  g_assert_no_error (error);
  return g_string_free (text, FALSE);
}

static void
seen_free (gpointer data)
{
  Seen *seen = data;

  g_free (seen->key);
  g_free (seen->keywords);
  g_free (seen->headers);
  g_free (seen);
}

void
scanned_free (Scanned *scanned)
{
  if (!scanned)
    return;
  g_ptr_array_unref (scanned->records);
  g_clear_pointer (&scanned->token, g_bytes_unref);
  g_free (scanned);
}

static gboolean
take_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  Scanned *scanned = user_data;
  Seen *seen = g_new0 (Seen, 1);

  seen->key = g_strndup ((const char *) record->key.data, record->key.length);
  seen->known = record->known;
  seen->flags = record->flags;
  seen->keywords = record->keywords ? g_strjoinv (" ", (char **) record->keywords)
                                    : g_strdup ("");
  seen->size_bytes = record->size_bytes;
  seen->date_unix = record->date_unix;
  if (record->known & HAUL_RECORD_HEADERS)
    seen->headers = g_strndup ((const char *) record->headers.data,
                               record->headers.length);
  if (record->known & HAUL_RECORD_DELIVERY_ID)
    memcpy (seen->delivery_id, record->delivery_id, sizeof seen->delivery_id);
  g_ptr_array_add (scanned->records, seen);
  return TRUE;
}

static gboolean
take_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  g_assert_not_reached ();
}

Scanned *
world_scan (World *world, gpointer session, const char *path, guint32 needs,
            GBytes *since)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = haul_path_from_text (path, &error);
  Scanned *scanned = g_new0 (Scanned, 1);
  HaulScanResult result = { .struct_size = sizeof result };
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = needs,
                    .record = take_record,
                    .vanished = take_vanished,
                    .user_data = scanned };

  g_assert_no_error (error);
  if (since)
    scan.since.data = g_bytes_get_data (since, &scan.since.length);
  scanned->records = g_ptr_array_new_with_free_func (seen_free);
  world->backend->enter (session, (HaulPath) names, HAUL_ENTER_READ, NULL, &error);
  g_assert_no_error (error);
  world->backend->scan (session, &scan, &result, &error);
  g_assert_no_error (error);
  scanned->delta = result.delta;
  scanned->known = result.status.known;
  scanned->messages = result.status.messages;
  if (result.status.known & HAUL_STATUS_TOKEN)
    scanned->token = g_bytes_new (result.status.token.data, result.status.token.length);
  return scanned;
}

char *
scanned_keys (const Scanned *scanned)
{
  GString *keys = g_string_new (NULL);

  for (guint i = 0; i < scanned->records->len; i++)
    g_string_append_printf (keys, "%s%s", i ? " " : "", scanned_at (scanned, i)->key);
  return g_string_free (keys, FALSE);
}

const Seen *
scanned_at (const Scanned *scanned, guint at)
{
  g_assert_cmpuint (at, <, scanned->records->len);
  return g_ptr_array_index (scanned->records, at);
}

static void
free_bytes (gpointer bytes)
{
  g_bytes_unref (bytes);
}

GByteArray *
world_fetch (World *world, gpointer session, const char *key, HaulLines lines,
             GError **out_error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (free_bytes);
  g_autoptr (GPtrArray) fetched = NULL;
  g_autoptr (GError) error = NULL;
  HaulPlan *plan = NULL;
  HaulSink *sink = NULL;
  Fetched *one = NULL;

  g_ptr_array_add (keys, g_bytes_new (key, strlen (key)));
  plan = plan_for (keys, lines);
  sink = sink_for (plan);
  world->backend->fetch (session, plan, sink, &error);
  g_assert_no_error (error);
  fetched = sink_end (plan, sink, TRUE);
  one = g_ptr_array_index (fetched, 0);
  if (one->ended)
    return g_byte_array_ref (one->body);
  g_assert_nonnull (one->error);
  if (out_error)
    *out_error = g_error_copy (one->error);
  return NULL;
}

Mail *
mail_for (const char *path, guint serial, const char *body, HaulLines lines)
{
  Mail *mail = g_new0 (Mail, 1);

  mail->folder = haul_path_from_text (path, NULL);
  g_assert_nonnull (mail->folder);
  mail->body = g_bytes_new (body, strlen (body));
  mail->lines = lines;
  mail->break_at = G_MAXSIZE;
  memcpy (mail->delivery_id, &serial, sizeof serial);
  mail->delivery_id[15] = 0xa5;
  return mail;
}

static void
free_mail (gpointer mail)
{
  mail_free (mail);
}

GPtrArray *
mails_for (const char *path, guint count)
{
  GPtrArray *mails = g_ptr_array_new_with_free_func (free_mail);

  for (guint i = 0; i < count; i++)
    {
      g_autofree char *body = g_strdup_printf (
          "From: a@example.org\r\nMessage-ID: <%u@example.org>\r\n"
          "Subject: number %u\r\n\r\nbody %u\r\n",
          i, i, i);

      g_ptr_array_add (mails, mail_for (path, i + 1, body, HAUL_LINES_CRLF));
    }
  return mails;
}

gboolean
world_store (World *world, gpointer session, GPtrArray *mails, const FeedRules *rules,
             GError **error)
{
  static const FeedRules plain = { .piece_bytes = 0 };
  HaulFeed *feed = feed_for (mails, rules ? rules : &plain, NULL, 1);
  gboolean done = world->backend->store (session, feed, error);

  feed_end (feed, done);
  return done;
}
