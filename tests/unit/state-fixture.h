/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of core/state share: a directory of their own, messages, and the whole
 * content of a state as text.
 */
#pragma once

#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "state/state.h"

/* BYTES: a view of a string literal. */
#define BYTES(text) ((HaulBytes){ (const guint8 *) (text), strlen (text) })

/* StateFixture: a directory that does not exist yet, below a temporary one. */
typedef struct
{
  char *top;
  char *directory;
} StateFixture;

/* fixture_set_up: makes the temporary directory. For g_test_add(). */
static inline void
fixture_set_up (StateFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->top = g_dir_make_tmp ("haul-state-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->directory = g_build_filename (fixture->top, "a", "b", NULL);
}

/* fixture_remove: @path with all that is below it. */
static inline void
fixture_remove (const char *path)
{
  GDir *directory = g_file_test (path, G_FILE_TEST_IS_SYMLINK)
                        ? NULL
                        : g_dir_open (path, 0, NULL);
  const char *name = NULL;
  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      fixture_remove (child);
    }
  g_clear_pointer (&directory, g_dir_close);
  g_remove (path);
}

/* fixture_tear_down: removes it with all that is in it. */
static inline void
fixture_tear_down (StateFixture *fixture, gconstpointer data)
{
  fixture_remove (fixture->top);
  g_free (fixture->directory);
  g_free (fixture->top);
}

/* fixture_open: opens the state of the account 'ann', which must work and find no damage.
 * (transfer full) */
static inline State *
fixture_open (StateFixture *fixture, StateMode mode)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *damaged = NULL;
  State *state = state_open (fixture->directory, "ann", mode, &damaged, &error);
  g_assert_no_error (error);
  g_assert_nonnull (state);
  g_assert_null (damaged);
  return state;
}

/* fixture_file: DIRECTORY/ann SUFFIX; (transfer full). */
static inline char *
fixture_file (StateFixture *fixture, const char *suffix)
{
  g_autofree char *name = g_strconcat ("ann", suffix, NULL);
  return g_build_filename (fixture->directory, name, NULL);
}

/* fixture_folder: the row of the pair @path > @path. (transfer full) */
static inline StateFolder *
fixture_folder (State *state, const char *path)
{
  g_autoptr (GError) error = NULL;
  StateFolder *folder = state_folder_load (state, path, path, &error);
  g_assert_no_error (error);
  return folder;
}

/* fixture_message: a message in which everything follows from @number. The strings stand
 * in @key, of 32 bytes. */
static inline StateMessage
fixture_message (guint number, char *key)
{
  g_snprintf (key, 32, "key-%08u", number);
  StateMessage message = { .source_key = BYTES (key),
                           .outcome = STATE_INTENT,
                           .flags = number % 32,
                           .keywords = number % 2 != 0 ? "$Work home" : "",
                           .date_unix = 1700000000 + number };
  message.identity.known = IDENTITY_HEADERS | IDENTITY_SIZE | IDENTITY_CONTENT;
  message.identity.size_bytes = 1000 + number;
  memcpy (message.identity.headers, &number, sizeof number);
  memcpy (message.identity.content, &number, sizeof number);
  return message;
}

/* fixture_write: messages @from … @to - 1 as intents, one transaction. */
static inline void
fixture_write (State *state, gint64 folder_id, guint from, guint to)
{
  g_autoptr (GError) error = NULL;
  guint count = to - from;
  g_autofree StateMessage *messages = g_new0 (StateMessage, count);
  g_autofree const StateMessage **pointers = g_new0 (const StateMessage *, count);
  g_autofree char *keys = g_malloc ((gsize) count * 32);
  for (guint i = 0; i < count; i++)
    {
      messages[i] = fixture_message (from + i, keys + (gsize) i * 32);
      pointers[i] = &messages[i];
    }
  g_assert_true (state_write (state, folder_id, pointers, count, FALSE, &error));
  g_assert_no_error (error);
}

/* fixture_receive: receipts for messages @from … @to - 1, one transaction. */
static inline void
fixture_receive (State *state, gint64 folder_id, guint from, guint to)
{
  g_autoptr (GError) error = NULL;
  guint count = to - from;
  g_autofree StateReceipt *receipts = g_new0 (StateReceipt, count);
  g_autofree char *keys = g_malloc ((gsize) count * 64);
  for (guint i = 0; i < count; i++)
    {
      char *key = keys + (gsize) i * 64;
      g_snprintf (key, 32, "key-%08u", from + i);
      g_snprintf (key + 32, 32, "stored-%08u", from + i);
      receipts[i] = (StateReceipt){ .folder_id = folder_id,
                                    .source_key = BYTES (key),
                                    .destination_key = BYTES (key + 32) };
    }
  g_assert_true (state_receipts (state, receipts, count, &error));
  g_assert_no_error (error);
}

/* dump_bytes: as hexadecimal digits. */
static inline void
dump_bytes (GString *text, const void *data, gsize length)
{
  for (gsize i = 0; i < length; i++)
    g_string_append_printf (text, "%02x", ((const guint8 *) data)[i]);
  g_string_append_c (text, ' ');
}

/* dump_optional: tells NULL from empty. */
static inline void
dump_optional (GString *text, GBytes *bytes)
{
  gsize length = 0;
  const void *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  g_string_append_c (text, bytes != NULL ? '=' : '-');
  dump_bytes (text, data, length);
}

/* dump_message: one line for all fields; a StateMessageFunc over a GString. */
static inline gboolean
dump_message (const StateMessage *message, gpointer user_data, GError **error)
{
  GString *text = user_data;
  const Identity *identity = &message->identity;
  g_string_append (text, "  ");
  dump_bytes (text, message->source_key.data, message->source_key.length);
  dump_bytes (text, message->destination_key.data, message->destination_key.length);
  g_string_append_printf (text, "%d %u '%s' %" G_GINT64_FORMAT " ",
                          (int) message->outcome, message->flags, message->keywords,
                          message->date_unix);
  g_string_append_printf (text, "%u %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " ",
                          identity->known, identity->size_bytes, identity->date_unix);
  dump_bytes (text, identity->message_id, sizeof identity->message_id);
  dump_bytes (text, identity->headers, sizeof identity->headers);
  dump_bytes (text, identity->content, sizeof identity->content);
  g_string_append_printf (
      text, "%s %s %s %d %d\n", message->reason != NULL ? message->reason : "-",
      message->subject != NULL ? message->subject : "-",
      message->note != NULL ? message->note : "-",
      message->ours || message->outcome == STATE_STORED, (int) message->gone);
  return TRUE;
}

/* fixture_dump: everything in the state but its runs. (transfer full) */
static inline char *
fixture_dump (State *state)
{
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  g_autoptr (GPtrArray) folders = state_folders (state, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < folders->len; i++)
    {
      const StateFolder *folder = folders->pdata[i];
      g_string_append_printf (text, "%s > %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                              folder->source_path, folder->destination_path,
                              folder->source_validity, folder->destination_validity);
      dump_optional (text, folder->source_token);
      dump_optional (text, folder->destination_token);
      dump_optional (text, folder->destination_mark);
      dump_optional (text, folder->note);
      g_string_append_printf (text,
                              "%d %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                              " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
                              folder->clean, folder->settings_hash, folder->messages,
                              folder->bytes, folder->skipped);
      g_string_append_printf (text, " %" G_GUINT64_FORMAT " %u ", folder->removed,
                              folder->unverified);
      dump_optional (text, folder->watch);
      dump_optional (text, folder->source_object);
      g_string_append_c (text, '\n');
      g_assert_true (state_messages (state, folder->id, ~0u, dump_message, text, &error));
      g_assert_no_error (error);
    }
  return g_string_free (text, FALSE);
}
