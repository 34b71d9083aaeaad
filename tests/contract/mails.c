/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mails for the behaviours of the contract suite: making them, storing them, scanning and
 * fetching, and comparing what came back with what went in. On the session's thread.
 */
#include <string.h>

#include "harness.h"
#include "model/identity.h"
#include "model/keywords.h"

#define FIRST_DATE   G_GINT64_CONSTANT (946684800) /* 2000-01-01 */
#define ATTEMPTS_MAX 5

/* ---- making ---- */

GBytes *
body_new (guint serial, gsize size, HaulLines lines)
{
  const char *end = lines == HAUL_LINES_CRLF ? "\r\n" : "\n";
  GString *text = g_string_sized_new (size + 400);
  guint line = 0;

  g_string_append_printf (text, "From: Sender %u <sender%u@example.org>%s", serial,
                          serial % 7, end);
  g_string_append_printf (text, "To: receiver@example.net%s", end);
  g_string_append_printf (text, "Subject: Message number %u%s", serial, end);
  g_string_append_printf (text, "Date: Sat, 1 Jan 2000 %02u:%02u:%02u +0000%s",
                          serial / 3600 % 24, serial / 60 % 60, serial % 60, end);
  g_string_append_printf (text, "Message-ID: <%u.contract@example.org>%s%s", serial, end,
                          end);
  /* The size is counted with CRLF, so that both forms have the same lines. */
  while (text->len + (lines == HAUL_LINES_CRLF ? 0 : 6 + line) < size)
    g_string_append_printf (text, "Line %u of message %u, all of it plain text.%s",
                            line++, serial, end);
  return g_string_free_to_bytes (text);
}

Mail *
mail_new (char **folder, GBytes *body, HaulLines lines, guint serial)
{
  Mail *mail = g_new0 (Mail, 1);

  mail->folder = g_strdupv (folder);
  mail->body = body;
  mail->lines = lines;
  mail->flags = HAUL_FLAG_SEEN;
  mail->has_date = TRUE;
  mail->date_unix = FIRST_DATE + (gint64) serial * 86461;
  mail->break_at = G_MAXSIZE;
  memcpy (mail->delivery_id, "contract", 8);
  memcpy (mail->delivery_id + 8, &serial, sizeof serial);
  return mail;
}

GPtrArray *
mails_new (char **folder, guint count)
{
  static const char *const keywords[] = { "$Forwarded", "work", "$MDNSent", "Later" };
  GPtrArray *mails = g_ptr_array_new_with_free_func ((GDestroyNotify) mail_free);
  guint i;

  for (i = 0; i < count; i++)
    {
      HaulLines lines = i % 2 == 0 ? HAUL_LINES_CRLF : HAUL_LINES_ANY;
      Mail *mail = mail_new (folder, body_new (i, 300 + (i % 50) * 100, lines), lines, i);

      mail->flags = i % (HAUL_FLAGS_ALL + 1);
      mail->keywords = g_new0 (char *, 3);
      if (i % 3 > 0)
        mail->keywords[0] = g_strdup (keywords[i % 4]);
      if (i % 3 > 1)
        mail->keywords[1] = g_strdup (keywords[(i + 1) % 4]);
      g_ptr_array_add (mails, mail);
    }
  return mails;
}

/* wire_form: the mail as a backend gets it that takes CRLF only. */
static void
make_wire_form (Mail *mail)
{
  HaulLineState state = { FALSE };
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (mail->body, &length);
  guint8 *wire;

  if (mail->lines == HAUL_LINES_CRLF)
    return;
  wire = g_malloc (2 * length + 1);
  length = haul_lines_to_crlf (&state, data, length, wire);
  g_bytes_unref (mail->body);
  mail->body = g_bytes_new_take (wire, length);
  mail->lines = HAUL_LINES_CRLF;
}

/* ---- storing ---- */

static gboolean
store_once (Session *session, GPtrArray *mails, const FeedRules *rules, const Mail *only,
            guint attempt, GError **error)
{
  HaulFeed *feed = feed_for (mails, rules, only, attempt);
  gboolean done = session_store (session, feed, error);

  feed_end (feed, done);
  return done;
}

gboolean
store_mails (Session *session, GPtrArray *mails, const FeedRules *rules, GError **error)
{
  static const FeedRules plain = { .piece_bytes = 0 };
  FeedRules used = rules != NULL ? *rules : plain;
  guint i;

  if (session_caps (session) & HAUL_CAP_NEEDS_SIZE)
    used.hide_size = FALSE;
  for (i = 0; i < mails->len; i++)
    if (!(session_caps (session) & HAUL_CAP_ANY_LINES))
      make_wire_form (g_ptr_array_index (mails, i));
  if (!store_once (session, mails, &used, NULL, 1, error))
    return FALSE;
  used.cancellable = NULL;
  for (i = 0; i < mails->len; i++)
    {
      Mail *mail = g_ptr_array_index (mails, i);
      guint attempt = 1;

      while (mail->outcome == MAIL_AGAIN && attempt < ATTEMPTS_MAX)
        if (!store_once (session, mails, &used, mail, ++attempt, error))
          return FALSE;
      g_assert_cmpint (mail->outcome, !=, MAIL_AGAIN);
    }
  return TRUE;
}

void
deliver (World *world, GPtrArray *mails)
{
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;
  char **last = NULL;
  guint i;

  for (i = 0; i < mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (mails, i);

      if (last == NULL || !haul_path_equal ((HaulPath) last, (HaulPath) mail->folder))
        create_folder (session, mail->folder, 0);
      last = mail->folder;
    }
  store_mails (session, mails, NULL, &error);
  g_assert_no_error (error);
  for (i = 0; i < mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (mails, i);

      g_assert_no_error (mail->error);
      g_assert_cmpint (mail->outcome, ==, MAIL_DONE);
      if (session_caps (session) & HAUL_CAP_RETURNS_KEYS)
        g_assert_nonnull (mail->key);
    }
}

/* ---- scanning and fetching ---- */

static void
record_free (gpointer data)
{
  Record *record = data;

  g_bytes_unref (record->key);
  g_free (record->keywords);
  g_free (record->headers);
  g_free (record);
}

static gboolean
note_record (const HaulRecord *seen, gpointer user_data, GError **error)
{
  Listing *listing = user_data;
  Record *record = g_new0 (Record, 1);

  g_assert_cmpuint (seen->key.length, >, 0);
  record->key = g_bytes_new (seen->key.data, seen->key.length);
  record->known = seen->known;
  record->flags = seen->flags;
  record->keywords = keywords_join (seen->keywords);
  record->size_bytes = seen->size_bytes;
  record->date_unix = seen->date_unix;
  if (seen->known & HAUL_RECORD_HEADERS)
    record->headers = g_strndup ((const char *) seen->headers.data, seen->headers.length);
  record->has_id = (seen->known & HAUL_RECORD_DELIVERY_ID) != 0;
  if (record->has_id)
    memcpy (record->delivery_id, seen->delivery_id, HAUL_DELIVERY_ID_LENGTH);
  g_ptr_array_add (listing->records, record);
  return TRUE;
}

static gboolean
note_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  Listing *listing = user_data;

  g_ptr_array_add (listing->vanished, g_bytes_new (key.data, key.length));
  return TRUE;
}

static void
check_keys_unique (const Listing *listing)
{
  g_autoptr (GHashTable) keys = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  guint i;

  for (i = 0; i < listing->records->len; i++)
    g_assert_true (g_hash_table_add (
        keys, ((Record *) g_ptr_array_index (listing->records, i))->key));
}

Listing *
scan_folder (Session *session, char **path, GBytes *since, GBytes *from)
{
  Listing *listing = g_new0 (Listing, 1);
  g_autoptr (GError) error = NULL;
  HaulScanResult result = { .struct_size = sizeof result };
  HaulScan scan = { .struct_size = sizeof scan };

  listing->records = g_ptr_array_new_with_free_func (record_free);
  listing->vanished = g_ptr_array_new_with_free_func (
      (GDestroyNotify) (void (*) (void)) g_bytes_unref);
  scan.needs = HAUL_NEED_FLAGS | HAUL_NEED_SIZE | HAUL_NEED_DATE | HAUL_NEED_HEADERS;
  scan.since = bytes_view (since);
  scan.from = bytes_view (from);
  scan.record = note_record;
  scan.vanished = note_vanished;
  scan.user_data = listing;
  session_enter (session, (HaulPath) path, HAUL_ENTER_READ, NULL, &error);
  g_assert_no_error (error);
  session_scan (session, &scan, &result, &error);
  g_assert_no_error (error);
  listing->delta = result.delta;
  listing->status = result.status;
  if (result.status.known & HAUL_STATUS_TOKEN)
    listing->token = g_bytes_new (result.status.token.data, result.status.token.length);
  if (result.status.known & HAUL_STATUS_MARK)
    listing->mark = g_bytes_new (result.status.mark.data, result.status.mark.length);
  check_keys_unique (listing);
  if (since == NULL && from == NULL)
    g_assert_false (listing->delta);
  return listing;
}

void
listing_free (Listing *listing)
{
  if (listing == NULL)
    return;
  g_ptr_array_unref (listing->records);
  g_ptr_array_unref (listing->vanished);
  g_clear_pointer (&listing->token, g_bytes_unref);
  g_clear_pointer (&listing->mark, g_bytes_unref);
  g_free (listing);
}

GPtrArray *
listing_keys (const Listing *listing)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func (
      (GDestroyNotify) (void (*) (void)) g_bytes_unref);
  guint i;

  for (i = 0; i < listing->records->len; i++)
    g_ptr_array_add (
        keys, g_bytes_ref (((Record *) g_ptr_array_index (listing->records, i))->key));
  return keys;
}

GPtrArray *
fetch_keys (Session *session, GPtrArray *keys, HaulLines lines)
{
  g_autoptr (GError) error = NULL;
  HaulPlan *plan = plan_for (keys, lines);
  HaulSink *sink = sink_for (plan);

  session_fetch (session, plan, sink, &error);
  g_assert_no_error (error);
  return sink_end (plan, sink, TRUE);
}

/* ---- comparing ---- */

char *
content_text (gconstpointer data, gsize length)
{
  g_autoptr (ContentDigest) digest = content_digest_new (FALSE);
  GString *text = g_string_new (NULL);
  guint8 sum[DIGEST_LENGTH];
  gsize i;

  content_digest_update (digest, data, length);
  content_digest_finish (digest, sum);
  for (i = 0; i < 8; i++)
    g_string_append_printf (text, "%02x", sum[i]);
  return g_string_free (text, FALSE);
}

static char *
describe (guint32 caps, const char *content, guint32 flags, const char *keywords,
          gint64 date_unix)
{
  g_autofree char *lower = g_ascii_strdown (keywords, -1);

  return g_strdup_printf ("content %s flags %02x keywords '%s' date %" G_GINT64_FORMAT,
                          content, flags, caps & HAUL_CAP_KEYWORDS ? lower : "",
                          caps & HAUL_CAP_DATES ? date_unix : 0);
}

static GPtrArray *
describe_mails (guint32 caps, GPtrArray *mails, char **path)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  guint i;

  for (i = 0; i < mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (mails, i);
      HaulBytes body = bytes_view (mail->body);
      g_autofree char *content = content_text (body.data, body.length);
      g_autofree char *keywords = keywords_join ((const char *const *) mail->keywords);

      if (mail->outcome == MAIL_DONE && !mail->noted
          && haul_path_equal ((HaulPath) mail->folder, (HaulPath) path))
        g_ptr_array_add (lines, describe (caps, content, mail->flags, keywords,
                                          mail->has_date ? mail->date_unix : 0));
    }
  return lines;
}

/* wire_length: of a body that was fetched. */
static guint64
wire_length (const Fetched *fetched)
{
  HaulLineState state = { FALSE };

  return fetched->lines == HAUL_LINES_CRLF
             ? fetched->body->len
             : haul_lines_crlf_size (&state, fetched->body->data, fetched->body->len);
}

static GPtrArray *
describe_folder (Session *session, guint32 caps, char **path)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (Listing) listing = scan_folder (session, path, NULL, NULL);
  g_autoptr (GPtrArray) keys = listing_keys (listing);
  g_autoptr (GPtrArray) fetched = fetch_keys (session, keys, HAUL_LINES_ANY);
  guint i;

  if (listing->status.known & HAUL_STATUS_MESSAGES)
    g_assert_cmpuint (listing->status.messages, ==, listing->records->len);
  for (i = 0; i < fetched->len; i++)
    {
      const Fetched *one = g_ptr_array_index (fetched, i);
      const Record *record = g_ptr_array_index (listing->records, i);
      g_autofree char *content = content_text (one->body->data, one->body->len);

      g_assert_no_error (one->error);
      g_assert_true (record->known & HAUL_RECORD_FLAGS);
      if (caps & HAUL_CAP_EXACT_SIZE && record->known & HAUL_RECORD_SIZE)
        g_assert_cmpuint (record->size_bytes, ==, wire_length (one));
      g_ptr_array_add (lines, describe (caps, content, record->flags, record->keywords,
                                        record->date_unix));
    }
  return lines;
}

static gint
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Takes from both what they have in common; both are sorted. */
static void
take_common (GPtrArray *expected, GPtrArray *found)
{
  guint i = 0, j = 0;

  while (i < expected->len && j < found->len)
    {
      gint order = strcmp (g_ptr_array_index (expected, i), g_ptr_array_index (found, j));

      if (order < 0)
        i++;
      else if (order > 0)
        j++;
      else
        {
          g_ptr_array_remove_index (expected, i);
          g_ptr_array_remove_index (found, j);
        }
    }
}

void
assert_holds_at_least (World *world, HaulRole role, char **path, GPtrArray *mails)
{
  guint32 caps = world_caps (world, HAUL_ROLE_DESTINATION);
  g_autoptr (Session) session = open_session (world, role);
  g_autoptr (GPtrArray) expected = describe_mails (caps, mails, path);
  g_autoptr (GPtrArray) found = describe_folder (session, caps, path);
  guint i;

  g_ptr_array_sort (expected, compare_text);
  g_ptr_array_sort (found, compare_text);
  take_common (expected, found);
  g_assert_cmpuint (expected->len, ==, 0);
  /* What is there beside them has no result, and is whole. */
  for (i = 0; i < mails->len; i++)
    if (((Mail *) g_ptr_array_index (mails, i))->outcome == MAIL_OPEN)
      ((Mail *) g_ptr_array_index (mails, i))->outcome = MAIL_DONE;
    else
      ((Mail *) g_ptr_array_index (mails, i))->outcome = MAIL_FAILED;
  g_autoptr (GPtrArray) open = describe_mails (caps, mails, path);
  g_ptr_array_sort (open, compare_text);
  take_common (open, found);
  g_assert_cmpuint (found->len, ==, 0);
}

/* Mails that are done, but not quite as they were asked for. */
static guint
count_noted (GPtrArray *mails, char **path)
{
  guint i, count = 0;

  for (i = 0; i < mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (mails, i);

      if (mail->outcome == MAIL_DONE && mail->noted
          && haul_path_equal ((HaulPath) mail->folder, (HaulPath) path))
        count++;
    }
  return count;
}

void
assert_holds (World *world, HaulRole role, char **path, GPtrArray *mails)
{
  guint32 caps = world_caps (world, HAUL_ROLE_DESTINATION);
  g_autoptr (Session) session = open_session (world, role);
  g_autoptr (GPtrArray) expected = describe_mails (caps, mails, path);
  g_autoptr (GPtrArray) found = describe_folder (session, caps, path);
  guint i, noted = count_noted (mails, path);

  g_ptr_array_sort (expected, compare_text);
  g_ptr_array_sort (found, compare_text);
  if (noted > 0)
    take_common (expected, found);
  for (i = 0; noted == 0 && i < MIN (expected->len, found->len); i++)
    g_assert_cmpstr (g_ptr_array_index (found, i), ==, g_ptr_array_index (expected, i));
  g_assert_cmpuint (found->len, ==, expected->len + noted);
  if (noted > 0)
    g_assert_cmpuint (expected->len, ==, 0);
}
