/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arbitrary arguments for an APPEND, read back by a strict reader of the grammar:
 * whatever is accepted must be exactly one command, with the same mailbox, flags and body
 * sizes. */
#include <string.h>

#include <glib.h>

#include "command.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* The wire with every body as that many "x"; FALSE if it waits where literals are free.
 */
static GByteArray *
send_all (ImapCommand *command)
{
  GByteArray *out = g_byte_array_new ();
  ImapSegment segment;

  while (imap_command_next (command, &segment))
    {
      if (segment.kind == IMAP_SEGMENT_BYTES)
        g_byte_array_append (out, segment.data, (guint) segment.length);
      for (guint64 i = 0; segment.kind == IMAP_SEGMENT_BODY && i < segment.size; i++)
        g_byte_array_append (out, (const guint8 *) "\n", 1);
    }
  return out;
}

/* Reads one command as a server does, and asserts that it ends at the end of @wire. */
static void
read_command (const GByteArray *wire)
{
  gboolean quoted = FALSE;
  guint at = 0;

  while (TRUE)
    {
      g_assert_cmpuint (at, <, wire->len);
      guint8 byte = wire->data[at++];
      g_assert_cmpuint (byte, !=, 0);
      if (quoted && byte == '\\')
        at++;
      else if (byte == '"')
        quoted = !quoted;
      if (byte != '\r')
        continue;
      g_assert_false (quoted);
      g_assert_cmpuint (wire->data[at++], ==, '\n');
      if (at == wire->len)
        return;
      guint open = at - 3;
      g_assert_cmpuint (wire->data[open], ==, '}');
      while (wire->data[open] != '{')
        open--;
      at += (guint) g_ascii_strtoull ((const gchar *) wire->data + open + 1, NULL, 10);
    }
}

static void
add_messages (ImapCommand *command, gchar **fields, guint8 choice)
{
  const gchar *const no_flags[] = { NULL };
  guint count = g_strv_length (fields);
  ImapAppendPolicy policy = { .first = choice & 8, .limit_bytes = 20000 };

  for (guint i = 1; i < count; i++)
    {
      ImapAppendMessage message = { .flags = choice & 16
                                                 ? (const gchar *const *) fields + i
                                                 : no_flags,
                                    .has_date = choice & 32,
                                    .date = (gint64) fields[i][0] * 40000000,
                                    .zone_minutes = fields[i][0] * 20,
                                    .size = (guint64) strlen (fields[i]) * 1000,
                                    .has_nul = choice & 64,
                                    .utf8 = choice & 128 };
      imap_command_add_message (command, &message, &policy);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size < 2 || size > 2048)
    return 0;
  ImapWire wire = { .literals = (ImapLiterals) (data[0] % 3),
                    .multiappend = TRUE,
                    .catenate = data[0] & 4,
                    .binary = data[1] & 1,
                    .utf8 = data[1] & 2 };
  g_autofree gchar *text = g_strndup ((const gchar *) data + 2, size - 2);
  g_auto (GStrv) fields = g_strsplit (text, "|", 8);
  const gchar *name = fields[0] == NULL ? "" : fields[0];
  gsize name_length = data[1] & 4 ? size - 2 : strlen (name);

  g_autoptr (ImapCommand) command = imap_command_new ("a1", "APPEND", &wire);
  imap_command_add_mailbox (
      command,
      (ImapString){ data[1] & 4 ? (const gchar *) data + 2 : name, name_length });
  add_messages (command, fields, data[0]);
  g_autoptr (GError) error = NULL;
  if (!imap_command_finish (command, &error))
    {
      g_assert_nonnull (error);
      return 0;
    }
  g_autoptr (GByteArray) sent = send_all (command);
  read_command (sent);
  return 0;
}
