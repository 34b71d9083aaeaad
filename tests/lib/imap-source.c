/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine's side of scan and fetch for tests of the IMAP source: writes down what
 * comes, and asserts what the contract says of the order of calls.
 */
#include "imap-source.h"

#include <string.h>

#include "base/secret.h"

struct _HaulPlan
{
  GPtrArray *mails;
  guint at;
  guint8 (*keys)[4];
};

struct _HaulSink
{
  GPtrArray *mails;
  SourceMail *current;
  guint64 announced;
  guint ended;
  guint fail_after; /* messages; G_MAXUINT: never */
  HaulErrorScope fail_scope;
};

/* ---- the engine ---- */

gboolean
haul_plan_next (HaulPlan *plan, HaulPlanItem *out_item)
{
  if (plan->at == plan->mails->len)
    return FALSE;
  const SourceMail *mail = g_ptr_array_index (plan->mails, plan->at);
  imap_key_from_uid (mail->uid, plan->keys[plan->at]);
  *out_item = (HaulPlanItem){ { plan->keys[plan->at], 4 }, mail->hint };
  plan->at++;
  return TRUE;
}

HaulLines
haul_plan_lines (HaulPlan *plan)
{
  (void) plan;
  return HAUL_LINES_ANY;
}

static SourceMail *
find_mail (HaulSink *sink, HaulBytes key)
{
  guint32 uid = 0;
  g_assert_true (imap_key_to_uid (key, &uid));
  for (guint i = 0; i < sink->mails->len; i++)
    if (((SourceMail *) sink->mails->pdata[i])->uid == uid)
      return sink->mails->pdata[i];
  g_test_message ("nobody asked for UID %u", uid);
  g_test_fail ();
  return NULL;
}

gboolean
haul_sink_begin (HaulSink *sink, HaulBytes key, HaulLines lines, guint64 size_bytes,
                 GError **error)
{
  g_assert_null (sink->current);
  g_assert_cmpint (lines, ==, HAUL_LINES_CRLF);
  if (sink->ended >= sink->fail_after)
    return haul_error_set (error, HAUL_ERROR_IO, sink->fail_scope, "the sink is full");
  sink->current = find_mail (sink, key);
  sink->current->begun++;
  sink->announced = size_bytes;
  return TRUE;
}

gboolean
haul_sink_write (HaulSink *sink, const void *data, gsize length, GError **error)
{
  (void) error;
  g_assert_nonnull (sink->current);
  g_string_append_len (sink->current->bytes, data, (gssize) length);
  return TRUE;
}

gboolean
haul_sink_end (HaulSink *sink, GError **error)
{
  (void) error;
  SourceMail *mail = g_steal_pointer (&sink->current);
  g_assert_nonnull (mail);
  mail->ended++;
  mail->size_kept = sink->announced == mail->bytes->len;
  sink->ended++;
  return TRUE;
}

gboolean
haul_sink_fail (HaulSink *sink, HaulBytes key, GError *reason, GError **error)
{
  SourceMail *mail = find_mail (sink, key);
  (void) error;
  g_assert_null (mail->reason);
  g_assert_cmpuint (mail->ended, ==, 0);
  if (sink->current == mail)
    sink->current = NULL;
  mail->reason = reason;
  return TRUE;
}

gsize
haul_sink_room (HaulSink *sink)
{
  (void) sink;
  return G_MAXSIZE;
}

/* ---- the session ---- */

static void
open_session (SourceWorld *self)
{
  g_autoptr (GError) error = NULL;
  self->session = imap_open (&self->open, &error);
  g_assert_no_error (error);
  source_world_enter (self);
}

void
source_world_enter (SourceWorld *self)
{
  static const char *const inbox[] = { "INBOX", NULL };
  g_autoptr (GError) error = NULL;
  imap_enter (self->session, inbox, HAUL_ENTER_READ, NULL, &error);
  g_assert_no_error (error);
}

SourceWorld *
source_world_new_at (guint port, const char *user, const char *password)
{
  SourceWorld *self = g_new0 (SourceWorld, 1);
  self->records = g_string_new (NULL);
  self->settings = (ImapSettings){ .host = g_strdup ("127.0.0.1"),
                                   .port = port,
                                   .user = g_strdup (user),
                                   .tls = IMAP_TLS_NONE,
                                   .timeout_us = 3 * G_USEC_PER_SEC,
                                   .window = 64,
                                   .connections = 1 };
  self->settings.password = secret_new (SECRET_TEXT, "password", password, NULL);
  self->open = (HaulOpen){ .struct_size = sizeof self->open,
                           .settings = &self->settings,
                           .role = HAUL_ROLE_SOURCE };
  open_session (self);
  return self;
}

SourceWorld *
source_world_new (const char *script)
{
  g_autoptr (GError) error = NULL;
  ImapScript *server = imap_script_start (script, &error);
  g_assert_no_error (error);
  SourceWorld *self = source_world_new_at (imap_script_port (server), "u", "p");
  self->script = server;
  return self;
}

void
source_world_reopen (SourceWorld *self)
{
  imap_close (g_steal_pointer (&self->session));
  open_session (self);
}

void
source_world_free (SourceWorld *self)
{
  if (self == NULL)
    return;
  imap_close (self->session);
  if (self->script != NULL)
    imap_script_assert_ok (self->script);
  imap_script_free (self->script);
  secret_free (self->settings.password);
  g_free (self->settings.host);
  g_free (self->settings.user);
  g_string_free (self->records, TRUE);
  g_clear_error (&self->error);
  g_free (self);
}

/* ---- scan ---- */

static gboolean
on_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  SourceWorld *self = user_data;
  guint32 uid = 0;
  g_assert_true (imap_key_to_uid (record->key, &uid));
  if (self->records_most > 0 && self->records_most-- == 1)
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "too many messages");
  g_string_append_printf (self->records, "%s%u", self->records->len > 0 ? ";" : "", uid);
  for (guint bit = 1; bit <= HAUL_FLAG_DRAFT; bit <<= 1)
    if (record->flags & bit)
      g_string_append_printf (self->records, " %s", haul_flag_name ((HaulFlags) bit));
  for (guint i = 0; record->keywords != NULL && record->keywords[i] != NULL; i++)
    g_string_append_printf (self->records, " %s", record->keywords[i]);
  if (!(record->known & HAUL_RECORD_FLAGS))
    g_string_append (self->records, " no-flags");
  if (record->known & HAUL_RECORD_SIZE)
    g_string_append_printf (self->records, " size=%" G_GUINT64_FORMAT,
                            record->size_bytes);
  if (record->known & HAUL_RECORD_DATE)
    g_string_append_printf (self->records, " date=%" G_GINT64_FORMAT "%+d",
                            record->date_unix, record->date_zone_minutes);
  if (record->known & HAUL_RECORD_HEADERS)
    g_string_append_printf (self->records, " headers=%.*s", (int) record->headers.length,
                            (const char *) record->headers.data);
  return TRUE;
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  SourceWorld *self = user_data;
  guint32 uid = 0;
  (void) error;
  g_assert_true (imap_key_to_uid (key, &uid));
  g_string_append_printf (self->records, "%s-%u", self->records->len > 0 ? ";" : "", uid);
  return TRUE;
}

gboolean
source_world_scan (SourceWorld *self, guint32 needs, HaulBytes since, HaulBytes from)
{
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = needs,
                    .since = since,
                    .from = from,
                    .record = on_record,
                    .vanished = on_vanished,
                    .user_data = self };
  g_clear_error (&self->error);
  g_string_truncate (self->records, 0);
  self->result = (HaulScanResult){ .struct_size = sizeof self->result };
  gboolean ok = imap_scan (self->session, &scan, &self->result, &self->error);
  g_assert_true (ok == (self->error == NULL));
  return ok;
}

GBytes *
source_world_token (const SourceWorld *self)
{
  const HaulFolderStatus *status = &self->result.status;
  if (!(status->known & HAUL_STATUS_TOKEN))
    return NULL;
  return g_bytes_new (status->token.data, status->token.length);
}

/* ---- fetch ---- */

static void
mail_free (gpointer data)
{
  SourceMail *mail = data;
  g_string_free (mail->bytes, TRUE);
  g_clear_error (&mail->reason);
  g_free (mail);
}

GPtrArray *
source_plan_new (void)
{
  return g_ptr_array_new_with_free_func (mail_free);
}

void
source_plan_add (GPtrArray *plan, guint32 uid, guint64 hint)
{
  SourceMail *mail = g_new0 (SourceMail, 1);
  mail->uid = uid;
  mail->hint = hint;
  mail->bytes = g_string_new (NULL);
  g_ptr_array_add (plan, mail);
}

gboolean
source_world_fetch_failing (SourceWorld *self, GPtrArray *plan, guint after,
                            HaulErrorScope scope)
{
  HaulPlan planned = { .mails = plan, .keys = g_malloc0 (4 * MAX (plan->len, 1)) };
  HaulSink sink = { .mails = plan, .fail_after = after, .fail_scope = scope };
  g_clear_error (&self->error);
  gboolean ok = imap_fetch (self->session, &planned, &sink, &self->error);
  g_assert_true (ok == (self->error == NULL));
  if (ok)
    g_assert_null (sink.current);
  g_free (planned.keys);
  return ok;
}

gboolean
source_world_fetch (SourceWorld *self, GPtrArray *plan)
{
  return source_world_fetch_failing (self, plan, G_MAXUINT, HAUL_SCOPE_SESSION);
}

char *
source_plan_text (const GPtrArray *plan)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < plan->len; i++)
    {
      const SourceMail *mail = g_ptr_array_index (plan, i);
      g_string_append_printf (out, "%s%u", i > 0 ? " " : "", mail->uid);
      if (mail->reason != NULL)
        g_string_append_printf (
            out, "!%s", haul_error_code_name ((HaulErrorCode) mail->reason->code));
      else if (mail->ended != 1 || mail->begun != 1)
        g_string_append (out, "?");
      else
        g_string_append_printf (out, "=%" G_GSIZE_FORMAT "%s", mail->bytes->len,
                                mail->size_kept ? "" : "~");
    }
  return g_string_free (out, FALSE);
}
