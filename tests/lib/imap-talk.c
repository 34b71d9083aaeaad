/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client for tests of the scripted server: a blocking socket with a time-out, no IMAP
 * of its own. Runs on the test's thread.
 */
#include "imap-talk.h"

#include <string.h>

void
talk_connect (Talk *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_socket_client_set_timeout (client, 20);
  g_clear_object (&self->connection);
  self->connection = g_socket_client_connect_to_host (
      client, "127.0.0.1", (guint16) imap_script_port (self->server), NULL, &error);
  g_assert_no_error (error);
}

Talk
talk_start (const char *script)
{
  g_autoptr (GError) error = NULL;
  Talk self = { .server = imap_script_start (script, &error) };
  g_assert_no_error (error);
  self.heard = g_string_new (NULL);
  talk_connect (&self);
  return self;
}

void
talk_clear (Talk *self)
{
  g_clear_object (&self->connection);
  g_clear_pointer (&self->server, imap_script_free);
  g_string_free (self->heard, TRUE);
}

void
talk_say_bytes (Talk *self, const char *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_output_stream_write_all (out, data, length, NULL, NULL, &error);
  g_assert_no_error (error);
}

void
talk_say (Talk *self, const char *text)
{
  talk_say_bytes (self, text, strlen (text));
}

const char *
talk_hear (Talk *self, const char *start)
{
  char byte;
  gsize line = 0;
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  g_string_truncate (self->heard, 0);
  while (g_input_stream_read (in, &byte, 1, NULL, NULL) == 1)
    {
      g_string_append_c (self->heard, byte);
      if (byte != '\n')
        continue;
      if (start != NULL && g_str_has_prefix (self->heard->str + line, start))
        return self->heard->str;
      line = self->heard->len;
    }
  if (start != NULL)
    g_test_message ("the end came instead of %s: %s", start, self->heard->str);
  g_assert_null (start);
  return self->heard->str;
}

void
talk_log_in (Talk *self)
{
  talk_hear (self, "* OK");
  talk_say (self, "l LOGIN user secret\r\n");
  talk_hear (self, "l OK");
}

void
talk_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_test_message ("\"%s\" is not in: %s", part, text);
  g_assert_nonnull (strstr (text, part));
}

void
talk_no_failures (Talk *self)
{
  imap_script_assert_ok (self->server);
}

void
talk_fails_with (Talk *self, const char *part)
{
  imap_script_stop (self->server);
  g_autofree char *failures = imap_script_failures (self->server);
  g_assert_nonnull (failures);
  talk_has (failures, part);
}
