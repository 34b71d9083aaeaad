/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine's side of a store for tests of the IMAP destination: a pipe that is filled
 * before the store runs, a feed with hooks that write down every result, and assertions
 * that each message gets exactly one.
 */
#include "imap-target.h"

#include <string.h>

#include "base/secret.h"

/* BUDGET_BYTES: all that a test offers fits at once. */
#define BUDGET_BYTES ((gsize) 64 * 1024 * 1024)

static void
mail_free (gpointer data)
{
  TargetMail *self = data;
  g_free (self->name);
  g_strfreev (self->folder);
  g_bytes_unref (self->body);
  g_strfreev (self->keywords);
  g_string_free (self->result, TRUE);
  g_free (self->note);
  g_clear_error (&self->reason);
  g_free (self);
}

/* ---- the session ---- */

static gboolean
ignore_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  (void) folder;
  (void) user_data;
  (void) error;
  return TRUE;
}

static void
open_session (TargetWorld *self)
{
  g_autoptr (GError) error = NULL;
  self->session = imap_open (&self->open, &error);
  g_assert_no_error (error);
  gboolean ok = imap_list (self->session, ignore_folder, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
}

TargetWorld *
target_world_new (const char *script)
{
  g_autoptr (GError) error = NULL;
  TargetWorld *self = g_new0 (TargetWorld, 1);
  self->script = imap_script_start (script, &error);
  g_assert_no_error (error);
  self->mails = g_ptr_array_new_with_free_func (mail_free);
  self->queue = g_ptr_array_new ();
  self->landed = g_ptr_array_new ();
  self->pipe = pipe_new (BUDGET_BYTES);
  self->settings = (ImapSettings){ .host = g_strdup ("127.0.0.1"),
                                   .port = imap_script_port (self->script),
                                   .user = g_strdup ("u"),
                                   .tls = IMAP_TLS_NONE,
                                   .timeout_us = 3 * G_USEC_PER_SEC,
                                   .window = 64,
                                   .connections = 1 };
  self->settings.password = secret_new (SECRET_TEXT, "password", "p", NULL);
  self->open = (HaulOpen){ .struct_size = sizeof self->open,
                           .settings = &self->settings,
                           .role = HAUL_ROLE_DESTINATION };
  open_session (self);
  return self;
}

void
target_world_reopen (TargetWorld *self)
{
  imap_close (g_steal_pointer (&self->session));
  g_clear_error (&self->error);
  open_session (self);
}

void
target_world_free (TargetWorld *self)
{
  if (self == NULL)
    return;
  imap_close (self->session);
  imap_script_assert_ok (self->script);
  imap_script_free (self->script);
  pipe_free (self->pipe);
  g_ptr_array_unref (self->queue);
  g_ptr_array_unref (self->landed);
  g_ptr_array_unref (self->mails);
  secret_free (self->settings.password);
  g_free (self->settings.host);
  g_free (self->settings.user);
  g_free (self->note);
  g_clear_error (&self->error);
  g_free (self);
}

/* ---- messages ---- */

TargetMail *
target_add_bytes (TargetWorld *self, const char *folder, GBytes *body)
{
  TargetMail *mail = g_new0 (TargetMail, 1);
  g_autoptr (GError) error = NULL;
  mail->name = g_strdup_printf ("%u", self->mails->len + 1);
  mail->folder = haul_path_from_text (folder, &error);
  g_assert_no_error (error);
  mail->body = body;
  mail->keywords = g_new0 (char *, 1);
  mail->attempt = 1;
  mail->result = g_string_new (NULL);
  g_ptr_array_add (self->mails, mail);
  g_ptr_array_add (self->queue, mail);
  return mail;
}

TargetMail *
target_add (TargetWorld *self, const char *folder, const char *body)
{
  return target_add_bytes (self, folder, g_bytes_new (body, strlen (body)));
}

TargetMail *
target_add_sized (TargetWorld *self, const char *folder, gsize size)
{
  GString *text = g_string_new (NULL);
  g_string_printf (text, "From: a@b.example\r\nSubject: %u\r\n\r\n",
                   self->mails->len + 1);
  while (text->len + 62 < size)
    g_string_append (text,
                     "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVW\r\n");
  while (text->len + 2 < size)
    g_string_append_c (text, '.');
  g_string_append (text, "\r\n");
  return target_add_bytes (self, folder, g_string_free_to_bytes (text));
}

/* Adds the bytes @from to @to of the body. */
static void
add_part (TargetWorld *self, HaulItem *item, gsize from, gsize to)
{
  const TargetMail *mail = item->owner;
  const guint8 *data = g_bytes_get_data (mail->body, NULL);
  while (from < to)
    {
      g_autoptr (GError) error = NULL;
      Chunk *chunk = pipe_chunk (self->pipe, to - from, &error);
      g_assert_no_error (error);
      chunk->length = MIN (chunk->capacity, to - from);
      memcpy (chunk->data, data + from, chunk->length);
      from += chunk->length;
      pipe_append (self->pipe, item, chunk);
    }
}

static HaulItem *
make_item (TargetMail *mail)
{
  HaulItem *item = item_new ();
  item->owner = mail;
  item->folder = (HaulPath) mail->folder;
  item->size_bytes = g_bytes_get_size (mail->body);
  item->flags = mail->flags;
  g_strfreev (item->keywords);
  item->keywords = g_strdupv (mail->keywords);
  item->has_date = mail->has_date;
  item->date_unix = mail->date;
  item->zone_minutes = mail->zone;
  item->attempt = mail->attempt;
  return item;
}

/* A slow source. */
typedef struct
{
  TargetWorld *world;
  HaulItem *item;
  guint part_ms;
} SlowMail;

static gpointer
write_slowly (gpointer data)
{
  g_autofree SlowMail *slow = data;
  gsize length = (gsize) slow->item->size_bytes;
  for (gsize part = 0; part < 4; part++)
    {
      (void) g_poll (NULL, 0, (gint) slow->part_ms);
      add_part (slow->world, slow->item, length * part / 4, length * (part + 1) / 4);
    }
  pipe_end (slow->world->pipe, slow->item, NULL);
  return NULL;
}

static void
offer_slowly (TargetWorld *self, TargetMail *mail)
{
  g_autoptr (GError) error = NULL;
  HaulItem *item = make_item (mail);
  SlowMail *slow = g_new0 (SlowMail, 1);
  *slow = (SlowMail){ self, item, mail->slow_ms };
  g_string_assign (mail->result, "unsent");
  pipe_push (self->pipe, &item, 1, &error);
  g_assert_no_error (error);
  g_assert_null (self->writer);
  self->writer = g_thread_new ("slow-mail", write_slowly, slow);
}

static void
offer (TargetWorld *self, TargetMail *mail)
{
  g_autoptr (GError) error = NULL;
  GError *failure = NULL;
  if (mail->slow_ms > 0)
    {
      offer_slowly (self, mail);
      return;
    }
  HaulItem *item = make_item (mail);
  add_part (self, item, 0, g_bytes_get_size (mail->body));
  if (mail->breaks)
    (void) haul_error_set (&failure, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                           "the source is gone");
  g_string_assign (mail->result, "unsent");
  if (!mail->lasts)
    pipe_end (self->pipe, item, failure);
  pipe_push (self->pipe, &item, 1, &error);
  g_assert_no_error (error);
  if (mail->lasts)
    pipe_end (self->pipe, item, failure);
}

/* ---- hooks ---- */

static void
set_result (TargetWorld *self, HaulItem *item, const char *result)
{
  TargetMail *mail = item->owner;
  g_assert_cmpstr (mail->result->str, ==, "unsent");
  g_string_assign (mail->result, result);
  mail->results++;
  (void) self;
}

static void
on_done (HaulItem *item, const HaulReceipt *receipt, gpointer user_data)
{
  TargetWorld *self = user_data;
  TargetMail *mail = item->owner;
  guint32 uid = 0;
  gboolean known = imap_key_to_uid (receipt->key, &uid);
  g_autofree char *text = known ? g_strdup_printf ("%u", uid) : g_strdup ("?");
  g_assert_true (known || receipt->key.length == 0);
  set_result (self, item, text);
  mail->note = g_strdup (receipt->note);
  g_ptr_array_add (self->landed, mail->name);
}

static void
on_failed (HaulItem *item, GError *reason, gpointer user_data)
{
  TargetMail *mail = item->owner;
  set_result (user_data, item, haul_error_code_name ((HaulErrorCode) reason->code));
  g_clear_error (&mail->reason);
  mail->reason = reason;
}

static void
on_again (HaulItem *item, gpointer user_data)
{
  TargetWorld *self = user_data;
  TargetMail *mail = item->owner;
  set_result (self, item, "again");
  mail->attempt++;
  g_ptr_array_add (self->queue, mail);
}

static gboolean
on_note (HaulItem *item, HaulBytes data, gpointer user_data, GError **error)
{
  TargetWorld *self = user_data;
  (void) item;
  (void) error;
  g_free (self->note);
  self->note = g_strndup ((const char *) data.data, data.length);
  return TRUE;
}

static void
on_idle (gboolean end, gpointer user_data)
{
  (void) end;
  (void) user_data;
}

static gboolean
store_once (TargetWorld *self)
{
  static const FeedHooks hooks = { on_done, on_failed, on_again, on_note, on_idle };
  HaulFeed *feed = feed_new (self->pipe, &hooks, self);
  pipe_set_yield (self->pipe, TRUE);
  g_clear_error (&self->error);
  gboolean ok = imap_store (self->session, feed, &self->error);
  g_assert_cmpint (ok, ==, self->error == NULL);
  if (self->writer != NULL)
    g_thread_join (g_steal_pointer (&self->writer));
  g_autoptr (GPtrArray) left = feed_left (feed);
  g_assert_true (!ok || left->len == 0);
  for (guint i = 0; i < left->len; i++)
    {
      g_string_assign (((TargetMail *) ((HaulItem *) left->pdata[i])->owner)->result,
                       "unknown");
      pipe_release (self->pipe, left->pdata[i]);
    }
  feed_free (feed);
  if (!ok)
    {
      g_autoptr (GPtrArray) queued = NULL;
      pipe_break (self->pipe, self->error, &queued);
      for (guint i = 0; i < queued->len; i++)
        pipe_release (self->pipe, queued->pdata[i]);
      pipe_mend (self->pipe);
    }
  return ok;
}

gboolean
target_store (TargetWorld *self)
{
  gboolean ok = TRUE, first = TRUE;
  while (ok && (first || self->queue->len > 0))
    {
      /* What is wanted again is offered alone. */
      guint count = first ? self->queue->len : 1;
      for (guint i = 0; i < count; i++)
        offer (self, self->queue->pdata[i]);
      if (count > 0)
        g_ptr_array_remove_range (self->queue, 0, count);
      ok = store_once (self);
      first = FALSE;
    }
  return ok;
}

char *
target_results (TargetWorld *self)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < self->mails->len; i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "" : " ",
                            ((TargetMail *) self->mails->pdata[i])->result->str);
  return g_string_free (text, FALSE);
}

/* The stored message with that UID. */
static const TargetMail *
find_stored (TargetWorld *self, guint32 uid)
{
  g_autofree char *text = g_strdup_printf ("%u", uid);
  for (guint i = 0; i < self->mails->len; i++)
    if (strcmp (((TargetMail *) self->mails->pdata[i])->result->str, text) == 0)
      return self->mails->pdata[i];
  return NULL;
}

void
target_assert_bodies (TargetWorld *self, const char *mailbox)
{
  g_autoptr (GPtrArray) messages = imap_script_messages (self->script, mailbox);
  g_assert_nonnull (messages);
  for (guint i = 0; i < messages->len; i++)
    {
      const ImapScriptMessage *message = messages->pdata[i];
      const TargetMail *mail = find_stored (self, message->uid);
      g_assert_nonnull (mail);
      g_assert_true (g_bytes_equal (mail->body, message->body));
    }
}
