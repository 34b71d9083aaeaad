/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger and the records of a run: makes, adds up and frees them, and says which exit
 * code an error comes to. Knows nothing of how they are shown. Each account's result
 * belongs to one thread at a time.
 */
#include "engine/result.h"

#include <gio/gio.h>

#include <mailhaul/error.h>

/* SKIP_REASONS_MAX: a filter that gives each message a reason of its own must not fill
 * memory; beyond it they are counted together. */
#define SKIP_REASONS_MAX   1000
#define SKIP_REASONS_OTHER "other reasons"
/* NOTICES_MAX: more nobody reads. */
#define NOTICES_MAX 1000

static void
failure_free (gpointer data)
{
  Failure *self = data;
  g_free (self->folder);
  g_free (self->key);
  g_free (self->subject);
  g_free (self->code);
  g_free (self->reason);
  g_free (self);
}

static void
folder_result_free (gpointer data)
{
  FolderResult *self = data;
  g_free (self->source);
  g_free (self->destination);
  g_free (self->spelled);
  g_free (self->remark);
  g_free (self->dropped);
  g_free (self);
}

static void
difference_free (gpointer data)
{
  Difference *self = data;
  g_free (self->folder);
  g_free (self->key);
  g_free (self->subject);
  g_free (self->reason);
  g_clear_pointer (&self->source_key, g_bytes_unref);
  g_free (self);
}

void
engine_result_free (EngineResult *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->accounts, g_ptr_array_unref);
  g_free (self);
}

gboolean
difference_is_harmless (const Difference *self)
{
  return self->surplus || self->noted;
}

AccountResult *
account_result_new (const char *name)
{
  AccountResult *self = g_new0 (AccountResult, 1);
  self->name = g_strdup (name);
  self->estimate_us = -1;
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
  g_clear_pointer (&self->folders, g_ptr_array_unref);
  g_clear_pointer (&self->failures, g_ptr_array_unref);
  g_clear_pointer (&self->differences, g_ptr_array_unref);
  g_clear_pointer (&self->notices, g_ptr_array_unref);
  g_clear_pointer (&self->skips, g_hash_table_unref);
  g_free (self);
}

void
account_result_total (const AccountResult *self, Ledger *out)
{
  Ledger total = { 0 };
  for (guint i = 0; i < self->folders->len; i++)
    {
      const FolderResult *folder = g_ptr_array_index (self->folders, i);
      ledger_add (&total, &folder->ledger);
    }
  *out = total;
}

static const char *
code_name (const GError *error)
{
  if (error->domain == HAUL_ERROR)
    return haul_error_code_name ((HaulErrorCode) error->code);
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? "cancelled"
                                                                   : "other";
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
  failure->code = g_strdup (code_name (reason));
  failure->reason = g_strdup (reason->message);
  g_ptr_array_add (self->failures, failure);
}

static void
add_skips (AccountResult *self, const char *reason, guint more)
{
  gpointer count = NULL;
  gboolean known = g_hash_table_lookup_extended (self->skips, reason, NULL, &count);

  if (!known && g_hash_table_size (self->skips) >= SKIP_REASONS_MAX)
    {
      reason = SKIP_REASONS_OTHER;
      count = g_hash_table_lookup (self->skips, reason);
    }
  g_hash_table_insert (self->skips, g_strdup (reason),
                       GUINT_TO_POINTER (GPOINTER_TO_UINT (count) + more));
}

void
account_result_skip (AccountResult *self, const char *reason)
{
  add_skips (self, reason, 1);
}

/* As many of @from as @to has room for; the rest goes away. */
static void
move_some (GPtrArray *from, GPtrArray *to, guint limit)
{
  guint room = to->len < limit ? limit - to->len : 0;
  if (from->len > room)
    g_ptr_array_set_size (from, (gint) room);
  g_ptr_array_extend_and_steal (to, g_ptr_array_ref (from));
}

void
account_result_merge (AccountResult *self, AccountResult *part)
{
  GHashTableIter iter;
  gpointer reason, count;
  move_some (part->failures, self->failures, RESULT_FAILURES_MAX);
  move_some (part->notices, self->notices, NOTICES_MAX);
  move_some (part->differences, self->differences, G_MAXINT);
  g_hash_table_iter_init (&iter, part->skips);
  while (g_hash_table_iter_next (&iter, &reason, &count))
    add_skips (self, reason, GPOINTER_TO_UINT (count));
  g_hash_table_remove_all (part->skips);
  self->verified += part->verified;
  part->verified = 0;
}

void
account_result_notice (AccountResult *self, const char *format, ...)
{
  if (self->notices->len >= NOTICES_MAX)
    return;
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
  self->removed += other->removed;
  self->matched += other->matched;
  self->skipped += other->skipped;
  self->gone += other->gone;
  self->failed += other->failed;
  self->planned += other->planned;
  self->copied_bytes += other->copied_bytes;
  self->flags_updated += other->flags_updated;
  self->deleted += other->deleted;
  self->kept += other->kept;
  self->taken += other->taken;
}

gboolean
ledger_balances (const Ledger *self)
{
  return self->seen
         == self->copied + self->present + self->matched + self->removed + self->skipped
                + self->gone + self->failed + self->planned;
}

/* haul_exit_code: of an error that ended an account. */
static ExitCode
haul_exit_code (const GError *error, gboolean source)
{
  ExitCode unreachable = source ? EXIT_CODE_SOURCE_UNREACHABLE
                                : EXIT_CODE_DESTINATION_UNREACHABLE;

  switch ((HaulErrorCode) error->code)
    {
    case HAUL_ERROR_CONFIG:
      return EXIT_CODE_USAGE;
    case HAUL_ERROR_AUTH:
      return source ? EXIT_CODE_SOURCE_LOGIN : EXIT_CODE_DESTINATION_LOGIN;
    case HAUL_ERROR_BUSY:
      /* The account's lock; a server that is busy breaks only the session. */
      return haul_error_scope (error) >= HAUL_SCOPE_ACCOUNT ? EXIT_CODE_REFUSED
                                                            : unreachable;
    case HAUL_ERROR_QUOTA:
      return EXIT_CODE_DESTINATION_FULL;
    case HAUL_ERROR_TLS:
    case HAUL_ERROR_NETWORK:
    case HAUL_ERROR_TIMEOUT:
    case HAUL_ERROR_PROTOCOL:
    case HAUL_ERROR_NOT_FOUND:
    case HAUL_ERROR_PERMISSION:
    case HAUL_ERROR_IO:
    case HAUL_ERROR_CORRUPT:
      return unreachable;
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

ExitCode
result_exit_code (const GError *error, gboolean source)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return EXIT_CODE_INTERRUPTED;
  if (error->domain != HAUL_ERROR)
    return EXIT_CODE_INTERNAL;
  return haul_exit_code (error, source);
}

ExitCode
result_state_exit_code (const GError *error)
{
  if (g_error_matches (error, HAUL_ERROR, HAUL_ERROR_BUSY)
      || g_error_matches (error, HAUL_ERROR, HAUL_ERROR_UNSUPPORTED))
    return EXIT_CODE_REFUSED;
  if (g_error_matches (error, HAUL_ERROR, HAUL_ERROR_INTERNAL)
      || g_error_matches (error, HAUL_ERROR, HAUL_ERROR_CORRUPT))
    return EXIT_CODE_INTERNAL;
  return EXIT_CODE_USAGE;
}

/* is_text: can stand in a report as it is. */
static gboolean
is_text (const char *data, gsize length)
{
  if (length == 0 || !g_utf8_validate_len (data, length, NULL))
    return FALSE;
  for (const char *at = data; at < data + length; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      return FALSE;
  return TRUE;
}

char *
result_printable_key (const guint8 *data, gsize length)
{
  if (is_text ((const char *) data, length))
    return g_strndup ((const char *) data, length);

  GString *hex = g_string_sized_new (length * 2);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf (hex, "%02x", data[i]);
  return g_string_free (hex, FALSE);
}
