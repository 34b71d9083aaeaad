/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Results: what a run came to, collected by one thread an account and read by whoever
 * started the run. No I/O.
 */
#include "engine/result.h"

#include <gio/gio.h>

#include <mailhaul/error.h>

static void
failure_free (gpointer data)
{
  Failure *failure = data;
  g_free (failure->folder);
  g_free (failure->key);
  g_free (failure->subject);
  g_free (failure->code);
  g_free (failure->reason);
  g_free (failure);
}

static void
difference_free (gpointer data)
{
  Difference *difference = data;
  g_free (difference->folder);
  g_free (difference->key);
  g_free (difference->subject);
  g_free (difference->reason);
  g_free (difference);
}

static void
folder_result_free (gpointer data)
{
  FolderResult *folder = data;
  g_free (folder->source);
  g_free (folder->destination);
  g_free (folder->dropped);
  g_free (folder);
}

AccountResult *
account_result_new (const char *name)
{
  AccountResult *self = g_new0 (AccountResult, 1);
  self->name = g_strdup (name);
  self->folders = g_ptr_array_new_with_free_func (folder_result_free);
  self->failures = g_ptr_array_new_with_free_func (failure_free);
  self->differences = g_ptr_array_new_with_free_func (difference_free);
  self->notices = g_ptr_array_new_with_free_func (g_free);
  self->skips = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
account_result_free (AccountResult *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_clear_error (&self->error);
  g_ptr_array_unref (self->folders);
  g_ptr_array_unref (self->failures);
  g_ptr_array_unref (self->differences);
  g_ptr_array_unref (self->notices);
  g_hash_table_unref (self->skips);
  g_free (self);
}

void
engine_result_free (EngineResult *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->accounts);
  g_free (self);
}

void
account_result_total (const AccountResult *self, Ledger *out)
{
  Ledger total = { 0 };
  for (guint i = 0; i < self->folders->len; i++)
    ledger_add (&total, &((FolderResult *) self->folders->pdata[i])->ledger);
  *out = total;
}

void
account_result_fail (AccountResult *self, const char *folder, const char *key,
                     const char *subject, const GError *reason)
{
  if (self->failures->len >= RESULT_FAILURES_MAX)
    return;
  Failure *failure = g_new0 (Failure, 1);
  failure->folder = g_strdup (folder);
  failure->key = g_strdup (key);
  failure->subject = g_strdup (subject);
  failure->code = g_strdup (reason->domain == HAUL_ERROR
                                ? haul_error_code_name ((HaulErrorCode) reason->code)
                                : "internal");
  failure->reason = g_strdup (reason->message);
  g_ptr_array_add (self->failures, failure);
}

void
account_result_skip (AccountResult *self, const char *reason)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (self->skips, reason));
  g_hash_table_insert (self->skips, g_strdup (reason), GUINT_TO_POINTER (count + 1));
}

void
account_result_notice (AccountResult *self, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_ptr_array_add (self->notices, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

void
ledger_add (Ledger *self, const Ledger *other)
{
  self->seen += other->seen;
  self->copied += other->copied;
  self->present += other->present;
  self->matched += other->matched;
  self->skipped += other->skipped;
  self->gone += other->gone;
  self->failed += other->failed;
  self->planned += other->planned;
  self->copied_bytes += other->copied_bytes;
  self->flags_updated += other->flags_updated;
}

gboolean
ledger_balances (const Ledger *self)
{
  return self->seen
         == self->copied + self->present + self->matched + self->skipped + self->gone
                + self->failed + self->planned;
}

ExitCode
result_exit_code (const GError *error, gboolean source)
{
  if (error->domain == G_IO_ERROR && error->code == G_IO_ERROR_CANCELLED)
    return EXIT_CODE_INTERRUPTED;
  if (error->domain != HAUL_ERROR)
    return EXIT_CODE_INTERNAL;
  switch ((HaulErrorCode) error->code)
    {
    case HAUL_ERROR_CONFIG:
      return EXIT_CODE_USAGE;
    case HAUL_ERROR_AUTH:
      return source ? EXIT_CODE_SOURCE_LOGIN : EXIT_CODE_DESTINATION_LOGIN;
    case HAUL_ERROR_TLS:
    case HAUL_ERROR_NETWORK:
    case HAUL_ERROR_TIMEOUT:
    case HAUL_ERROR_PROTOCOL:
    case HAUL_ERROR_NOT_FOUND:
    case HAUL_ERROR_PERMISSION:
    case HAUL_ERROR_IO:
    case HAUL_ERROR_CORRUPT:
      return source ? EXIT_CODE_SOURCE_UNREACHABLE : EXIT_CODE_DESTINATION_UNREACHABLE;
    case HAUL_ERROR_QUOTA:
      return EXIT_CODE_DESTINATION_FULL;
    case HAUL_ERROR_BUSY:
      return haul_error_scope (error) == HAUL_SCOPE_ACCOUNT
                 ? EXIT_CODE_REFUSED
                 : (source ? EXIT_CODE_SOURCE_UNREACHABLE
                           : EXIT_CODE_DESTINATION_UNREACHABLE);
    case HAUL_ERROR_TOO_BIG:
    case HAUL_ERROR_REJECTED:
    case HAUL_ERROR_GONE:
    case HAUL_ERROR_EXISTS:
      return EXIT_CODE_SOME_FAILED;
    case HAUL_ERROR_UNSUPPORTED:
      return EXIT_CODE_REFUSED;
    case HAUL_ERROR_INTERNAL:
      return EXIT_CODE_INTERNAL;
    }
  return EXIT_CODE_INTERNAL;
}

char *
result_printable_key (const guint8 *data, gsize length)
{
  gboolean text = length > 0;
  for (gsize i = 0; text && i < length; i++)
    text = data[i] >= 0x20 && data[i] < 0x7f;
  if (text)
    return g_strndup ((const char *) data, length);
  GString *hex = g_string_sized_new (length * 2 + 1);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf (hex, "%02x", data[i]);
  return g_string_free (hex, FALSE);
}
