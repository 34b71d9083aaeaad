/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments of commands in wire form: quoted where that is safe, else literal, and hands
 * the result out in pieces with the places where "+" must come first. APPEND bodies are
 * in command-append.c; when a piece may really go is the pipeline's. Belongs to the
 * session's thread. */
#include "command-private.h"

#include <string.h>

#include "bounds.h"
#include "command-check.h"
#include "datetime.h"

ImapCommand *
imap_command_new (const gchar *tag, const gchar *words, const ImapWire *wire)
{
  ImapCommand *self = g_new0 (ImapCommand, 1);

  self->tag = g_strdup (tag);
  self->wire = *wire;
  self->bytes = g_byte_array_new ();
  self->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  self->scratch = g_string_new (NULL);
  if (!imap_tag_is_valid (tag))
    imap_command_refuse (self, "invalid tag");
  imap_command_put (self, tag, strlen (tag));
  imap_command_add_words (self, words);
  return self;
}

void
imap_command_free (ImapCommand *self)
{
  if (self == NULL)
    return;
  g_free (self->tag);
  g_byte_array_unref (self->bytes);
  g_array_unref (self->parts);
  g_clear_error (&self->error);
  g_string_free (self->scratch, TRUE);
  g_free (self);
}

void
imap_command_refuse (ImapCommand *self, const gchar *message)
{
  if (self->error == NULL)
    g_set_error_literal (&self->error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_ARGUMENT,
                         message);
}

static Part *
last_part (const ImapCommand *self)
{
  return self->parts->len == 0 ? NULL
                               : &g_array_index (self->parts, Part, self->parts->len - 1);
}

void
imap_command_put_part (ImapCommand *self, PartKind kind, guint message, guint64 size)
{
  Part part = { .kind = kind,
                .start = self->bytes->len,
                .message = message,
                .size = size,
                .await = self->await_next,
                .secret = self->secret };

  self->await_next = FALSE;
  g_array_append_val (self->parts, part);
}

void
imap_command_put (ImapCommand *self, const gchar *data, gsize length)
{
  Part *part = last_part (self);

  if (self->error != NULL)
    return;
  if (part == NULL || part->kind != PART_BYTES || self->await_next
      || part->secret != self->secret)
    imap_command_put_part (self, PART_BYTES, 0, 0);
  last_part (self)->length += (guint) length;
  g_byte_array_append (self->bytes, (const guint8 *) data, (guint) length);
  self->line_bytes += length;
}

void
imap_command_put_blank (ImapCommand *self, gchar next)
{
  guint length = self->bytes->len;

  if (next == ')' || length == 0 || self->bytes->data[length - 1] == '(')
    return;
  imap_command_put (self, " ", 1);
}

static gsize
line_limit (const ImapCommand *self)
{
  return self->wire.line_limit_bytes > 0 ? self->wire.line_limit_bytes
                                         : IMAP_LIMIT_COMMAND_LINE_BYTES;
}

static void
end_line (ImapCommand *self)
{
  if (self->line_bytes > line_limit (self) && self->error == NULL)
    g_set_error_literal (&self->error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_LIMIT,
                         "command line is too long");
  imap_command_put (self, "\r\n", 2);
  self->line_ends += 2;
  self->line_bytes = 0;
}

void
imap_command_put_literal (ImapCommand *self, const gchar *prefix, guint64 size,
                          gboolean nonsync)
{
  g_autofree gchar *header = g_strdup_printf ("%s{%" G_GUINT64_FORMAT "%s}", prefix, size,
                                              nonsync ? "+" : "");

  imap_command_put (self, header, strlen (header));
  end_line (self);
  self->nonsync = self->nonsync || nonsync;
  self->waiting = self->waiting || !nonsync;
  self->await_next = !nonsync;
}

void
imap_command_add_words (ImapCommand *self, const gchar *words)
{
  if (!imap_words_are_valid (words))
    imap_command_refuse (self, "invalid command syntax");
  imap_command_put_blank (self, words[0]);
  imap_command_put (self, words, strlen (words));
}

void
imap_command_add_number (ImapCommand *self, guint64 number)
{
  g_autofree gchar *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  imap_command_add_words (self, text);
}

/* Quoted strings hold no control characters (servers differ on TAB), and 8-bit only in
 * UTF-8 mode (RFC 9755 section 3). */
static gboolean
can_quote (const ImapCommand *self, ImapString text)
{
  if (text.length > IMAP_LIMIT_QUOTED_BYTES)
    return FALSE;
  for (gsize i = 0; i < text.length; i++)
    {
      guint8 byte = (guint8) text.data[i];
      if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !self->wire.utf8))
        return FALSE;
    }
  return g_utf8_validate_len (text.data, text.length, NULL);
}

static void
put_quoted (ImapCommand *self, ImapString text)
{
  g_autoptr (GString) quoted = g_string_new ("\"");

  for (gsize i = 0; i < text.length; i++)
    {
      if (text.data[i] == '"' || text.data[i] == '\\')
        g_string_append_c (quoted, '\\');
      g_string_append_c (quoted, text.data[i]);
    }
  g_string_append_c (quoted, '"');
  imap_command_put (self, quoted->str, quoted->len);
}

static void
put_string (ImapCommand *self, ImapString text)
{
  ImapLiterals literals = self->wire.literals;

  imap_command_put_blank (self, '"');
  if (can_quote (self, text))
    {
      put_quoted (self, text);
      return;
    }
  gboolean nonsync = literals == IMAP_LITERALS_PLUS
                     || (literals == IMAP_LITERALS_MINUS
                         && text.length <= IMAP_LIMIT_LITERAL_MINUS_BYTES);
  imap_command_put_literal (self, "", text.length, nonsync);
  imap_command_put (self, text.data, text.length);
  self->line_bytes = 0;
}

void
imap_command_add_mailbox (ImapCommand *self, ImapString name)
{
  if (!imap_mailbox_is_valid (name))
    imap_command_refuse (self, "mailbox name is empty, too long or holds NUL, CR or LF");
  else
    put_string (self, name);
}

void
imap_command_add_string (ImapCommand *self, ImapString text)
{
  if (!imap_text_is_valid (text))
    imap_command_refuse (self, "string holds NUL, CR or LF");
  else
    put_string (self, text);
}

void
imap_command_add_secret (ImapCommand *self, ImapString text)
{
  self->secret = TRUE;
  imap_command_add_string (self, text);
  self->secret = FALSE;
}

void
imap_command_add_base64 (ImapCommand *self, ImapString text)
{
  if (text.length == 0 || imap_string_is (text, "*") || !imap_base64_is_valid (text))
    {
      imap_command_refuse (self, "initial response is not base64");
      return;
    }
  imap_command_put_blank (self, text.data[0]);
  self->secret = TRUE;
  imap_command_put (self, text.data, text.length);
  self->secret = FALSE;
}

void
imap_command_add_flags (ImapCommand *self, const gchar *const *flags)
{
  imap_command_put_blank (self, '(');
  imap_command_put (self, "(", 1);
  for (guint i = 0; flags != NULL && flags[i] != NULL; i++)
    {
      if (!imap_flag_is_valid (flags[i]))
        imap_command_refuse (self, "flag is no system flag and no valid keyword");
      imap_command_put_blank (self, flags[i][0]);
      imap_command_put (self, flags[i], strlen (flags[i]));
    }
  imap_command_put (self, ")", 1);
}

void
imap_command_add_set (ImapCommand *self, const gchar *set)
{
  g_autoptr (ImapUidSet)
      parsed = imap_uidset_parse ((ImapString){ set, strlen (set) }, NULL);

  if (parsed == NULL)
    {
      imap_command_refuse (self, "invalid UID set");
      return;
    }
  imap_command_put_blank (self, set[0]);
  imap_command_put (self, set, strlen (set));
}

void
imap_command_add_date (ImapCommand *self, gint64 unix_seconds, gint zone_minutes)
{
  g_autofree gchar *date = imap_datetime_format (unix_seconds, zone_minutes);

  if (date == NULL)
    {
      imap_command_refuse (self, "date is before 1970 or after 9999");
      return;
    }
  imap_command_put_blank (self, '"');
  put_quoted (self, (ImapString){ date, strlen (date) });
}

/* The last line of defence against injection: every CR and LF is one that we wrote. */
static gboolean
has_stray_line_end (const ImapCommand *self)
{
  guint count = 0;

  for (guint i = 0; i < self->bytes->len; i++)
    count += self->bytes->data[i] == '\r' || self->bytes->data[i] == '\n';
  return count != self->line_ends;
}

gboolean
imap_command_finish (ImapCommand *self, GError **error)
{
  if (!self->finished)
    end_line (self);
  self->finished = TRUE;
  if (self->error == NULL && has_stray_line_end (self))
    imap_command_refuse (self, "command holds a line end of its own");
  if (self->error == NULL)
    return TRUE;
  if (error != NULL)
    *error = g_error_copy (self->error);
  return FALSE;
}

/* A chain is sent as header, chunk, header, chunk, ..., ")". */
static gboolean
next_of_chain (ImapCommand *self, const Part *part, ImapSegment *out_segment)
{
  guint64 chunk = MIN (part->size - self->at_offset, IMAP_LIMIT_LITERAL_MINUS_BYTES);

  if (self->in_chunk)
    {
      *out_segment = (ImapSegment){ .kind = IMAP_SEGMENT_BODY,
                                    .message = part->message,
                                    .offset = self->at_offset,
                                    .size = chunk };
      self->at_offset += chunk;
      self->in_chunk = FALSE;
      return TRUE;
    }
  if (chunk == 0)
    g_string_assign (self->scratch, ")");
  else
    g_string_printf (self->scratch, "%s {%" G_GUINT64_FORMAT "+}\r\n",
                     self->at_offset == 0 ? " CATENATE (TEXT" : " TEXT", chunk);
  *out_segment = (ImapSegment){ .kind = IMAP_SEGMENT_BYTES,
                                .data = (const guint8 *) self->scratch->str,
                                .length = self->scratch->len };
  self->in_chunk = chunk > 0;
  if (chunk == 0)
    {
      self->at_part++;
      self->at_offset = 0;
    }
  return TRUE;
}

gboolean
imap_command_next (ImapCommand *self, ImapSegment *out_segment)
{
  if (!self->finished || self->error != NULL || self->at_part >= self->parts->len)
    return FALSE;
  const Part *part = &g_array_index (self->parts, Part, self->at_part);
  if (part->kind == PART_CHAIN)
    return next_of_chain (self, part, out_segment);
  self->at_part++;
  *out_segment = (ImapSegment){ .await = part->await, .secret = part->secret };
  if (part->kind == PART_BODY)
    {
      out_segment->kind = IMAP_SEGMENT_BODY;
      out_segment->message = part->message;
      out_segment->size = part->size;
      return TRUE;
    }
  out_segment->kind = IMAP_SEGMENT_BYTES;
  out_segment->data = self->bytes->data + part->start;
  out_segment->length = part->length;
  return TRUE;
}

const gchar *
imap_command_tag (const ImapCommand *self)
{
  return self->tag;
}

gboolean
imap_command_is_nonsync (const ImapCommand *self)
{
  return self->nonsync;
}

gboolean
imap_command_is_waiting (const ImapCommand *self)
{
  return self->waiting;
}

guint64
imap_command_size (const ImapCommand *self)
{
  return self->bytes->len + self->body_bytes;
}

gchar *
imap_command_sasl_line (ImapString text, GError **error)
{
  if (!imap_base64_is_valid (text) || imap_string_is (text, "="))
    {
      g_set_error_literal (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_ARGUMENT,
                           "SASL response is not base64");
      return NULL;
    }
  g_autofree gchar *line = g_strndup (text.data, text.length);
  return g_strconcat (line, "\r\n", NULL);
}
