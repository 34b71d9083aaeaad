/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * APPEND of the scripted server: one or many messages, CATENATE of texts, UTF8, refusals
 * before the literal as Dovecot makes them. Runs under the lock on a session's thread.
 */
#include "imap-server.h"

#include <string.h>

/* New: one message of the command. */
typedef struct
{
  GPtrArray *flags;
  gint64 date;
  int zone_minutes;
  GByteArray *body; /* what has come of it */
  guint64 size;     /* announced */
  gboolean zero;    /* a literal of no bytes: a cancelled MULTIAPPEND */
  gboolean literal8;
} New;

static void
new_free (gpointer data)
{
  New *self = data;
  g_clear_pointer (&self->flags, g_ptr_array_unref);
  g_byte_array_unref (self->body);
  g_free (self);
}

static void
take_token (New *self, const Token *token)
{
  gsize size = 0;
  const void *data = token->bytes != NULL ? g_bytes_get_data (token->bytes, &size) : NULL;
  if (size > 0)
    g_byte_array_append (self->body, data, (guint) size);
  self->size += token->size;
  self->literal8 |= token->literal8;
}

/* read_catenate: "CATENATE (TEXT literal ...)"; *out_partial: the last literal has not
 * come. */
static gboolean
read_catenate (Reader *reader, New *message, gboolean *out_partial)
{
  const Token *token;
  if (!read_space (reader) || !read_open (reader))
    return FALSE;
  do
    {
      if (!read_word (reader, "TEXT") || !read_space (reader)
          || !read_literal (reader, &token))
        return FALSE;
      take_token (message, token);
      *out_partial = token->bytes == NULL;
      if (*out_partial)
        return TRUE;
    }
  while (read_space (reader));
  return read_close (reader);
}

/* read_body: the literal, in one of its three forms. */
static gboolean
read_body (const Session *self, Reader *reader, New *message, gboolean *out_partial)
{
  const Token *token;
  if (session_has (self, "CATENATE") && read_word (reader, "CATENATE"))
    return read_catenate (reader, message, out_partial);
  gboolean utf8 = self->utf8 && read_word (reader, "UTF8");
  if (utf8 && (!read_space (reader) || !read_open (reader)))
    return FALSE;
  if (!read_literal (reader, &token))
    return FALSE;
  if (token->literal8 && !utf8 && !session_has (self, "BINARY"))
    return FALSE;
  take_token (message, token);
  *out_partial = token->bytes == NULL;
  message->zero = token->size == 0;
  return *out_partial || !utf8 || read_close (reader);
}

static gboolean
read_message (const Session *self, Reader *reader, New *message, gboolean *out_partial)
{
  const char *date;
  if (read_flags (reader, &message->flags) && !read_space (reader))
    return FALSE;
  if (read_quoted (reader, &date)
      && (!date_parse (date, &message->date, &message->zone_minutes)
          || !read_space (reader)))
    return FALSE;
  return read_body (self, reader, message, out_partial);
}

/* read_append: behind "APPEND"; messages as far as they have come. */
static gboolean
read_append (const Session *self, Reader *reader, const char **out_name,
             GPtrArray *messages, gboolean *out_partial)
{
  *out_partial = FALSE;
  if (!read_space (reader) || !read_astring (reader, out_name))
    return FALSE;
  while (!*out_partial && !read_end (reader))
    {
      New *message = g_new0 (New, 1);
      message->date = G_MININT64;
      message->body = g_byte_array_new ();
      g_ptr_array_add (messages, message);
      if (!read_space (reader) || !read_message (self, reader, message, out_partial))
        return FALSE;
    }
  return messages->len == 1 || (messages->len > 1 && session_has (self, "MULTIAPPEND"));
}

/* refused_size: what is known from the announcement alone; NULL: nothing against it. */
static const char *
refused_size (const Session *self, const GPtrArray *messages)
{
  guint64 sum = 0, used = 0;
  for (guint i = 0; i < messages->len; i++)
    {
      const New *message = g_ptr_array_index (messages, i);
      sum += message->size;
      if (self->script->append_limit > 0 && message->size > self->script->append_limit)
        return "NO [TOOBIG] the message is larger than APPENDLIMIT";
    }
  for (guint i = 0; i < self->script->store.boxes->len; i++)
    used += box_size (g_ptr_array_index (self->script->store.boxes, i));
  if (self->script->quota > 0 && used + sum > self->script->quota)
    return "NO [OVERQUOTA] quota exceeded";
  return NULL;
}

static gboolean
has_8bit_header (const guint8 *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    {
      if (data[i] > 127)
        return TRUE;
      if (data[i] == '\n' && i + 2 < size
          && (data[i + 1] == '\n' || (data[i + 1] == '\r' && data[i + 2] == '\n')))
        return FALSE;
    }
  return FALSE;
}

/* line_faults: bits of Refuse that come from line ends. */
static guint
line_faults (const guint8 *data, gsize size, guint long_line)
{
  guint faults = 0;
  gsize start = 0;
  for (gsize i = 0; i < size; i++)
    {
      if (data[i] != '\n')
        continue;
      faults |= i == 0 || data[i - 1] != '\r' ? REFUSE_BARE_LF : 0;
      faults |= i - start > long_line ? REFUSE_LONG_LINE : 0;
      start = i + 1;
    }
  faults |= size - start > long_line ? REFUSE_LONG_LINE : 0;
  return faults;
}

/* refused_content: what a server that is particular says about the bytes. */
static const char *
refused_content (const Session *self, const New *message)
{
  const guint8 *data = message->body->data;
  gsize size = message->body->len;
  guint refuse = self->script->refuse;
  if (message->zero)
    return "NO an empty literal cancels the command";
  if ((refuse & REFUSE_NUL) != 0 && memchr (data, 0, size) != NULL)
    return "NO Message contains NUL characters";
  guint faults = line_faults (data, size, self->script->long_line);
  if ((refuse & faults & REFUSE_BARE_LF) != 0)
    return "NO Message contains bare newlines";
  if ((refuse & faults & REFUSE_LONG_LINE) != 0)
    return "BAD Command Argument Error. 11";
  if ((refuse & REFUSE_FROM) != 0 && size > 5 && memcmp (data, "From ", 5) == 0)
    return "NO Message contains invalid header";
  if ((refuse & REFUSE_8BIT_HEADER) != 0 && has_8bit_header (data, size))
    return "NO Message contains non-ASCII characters in headers";
  if ((refuse & REFUSE_NO_FINAL_CRLF) != 0
      && (size < 2 || memcmp (data + size - 2, "\r\n", 2) != 0))
    return "BAD [CLIENTBUG] Additional arguments found after last expected argument";
  return NULL;
}

static gboolean
has_keyword (const New *message)
{
  for (guint i = 0; message->flags != NULL && i < message->flags->len; i++)
    if (*(const char *) g_ptr_array_index (message->flags, i) != '\\')
      return TRUE;
  return FALSE;
}

/* refused_all: the whole command is void. */
static const char *
refused_all (const Session *self, const Box *box, const GPtrArray *messages)
{
  if (box == NULL || box->no_select)
    return box == NULL ? "NO [TRYCREATE] there is no such mailbox"
                       : "NO [NOPERM] this is no mailbox";
  const char *size = refused_size (self, messages);
  if (size != NULL)
    return size;
  for (guint i = 0; i < messages->len; i++)
    if ((self->script->refuse & REFUSE_KEYWORDS) != 0
        && has_keyword (g_ptr_array_index (messages, i)))
      return "NO [CANNOT] keywords are not supported";
  return NULL;
}

char *
append_check (Session *self, const Command *command, gboolean *out_swallow)
{
  Reader reader = { command, 0 };
  const char *name = "";
  gboolean partial;
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (new_free);
  if (!read_word (&reader, "APPEND"))
    return g_strdup ("");
  if (reader.command->tokens->len == 3)
    return g_strdup (""); /* the name of the mailbox is the literal */
  *out_swallow = FALSE;
  if (!read_append (self, &reader, &name, messages, &partial) || !partial)
    return g_strdup ("BAD the arguments of APPEND are malformed");
  *out_swallow = TRUE;
  const char *refused = refused_all (self, store_find (&self->script->store, name),
                                     messages);
  return g_strdup (refused != NULL ? refused : "");
}

static void
store_messages (Session *self, Box *box, const GPtrArray *messages)
{
  g_autoptr (GArray) uids = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint i = 0; i < messages->len; i++)
    {
      New *message = g_ptr_array_index (messages, i);
      g_autoptr (GBytes) body = g_bytes_new (message->body->data, message->body->len);
      Mail *mail = box_add (box, 0, body, message->flags);
      mail->date = message->date;
      mail->zone_minutes = message->zone_minutes;
      g_array_append_val (uids, mail->uid);
    }
  g_autofree char *set = set_format ((guint32 *) (void *) uids->data, uids->len);
  if (session_has (self, "UIDPLUS"))
    reply_tagged (self, "OK [APPENDUID %u %s] APPEND done", box->uidvalidity, set);
  else
    reply_tagged (self, "OK APPEND done");
}

gboolean
serve_append (Session *self, Reader *reader)
{
  const char *name;
  gboolean partial;
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (new_free);
  if (!read_append (self, reader, &name, messages, &partial) || partial)
    return FALSE;
  Box *box = store_find (&self->script->store, name);
  const char *refused = refused_all (self, box, messages);
  for (guint i = 0; refused == NULL && i < messages->len; i++)
    refused = refused_content (self, g_ptr_array_index (messages, i));
  if (refused != NULL)
    reply_tagged (self, "%s", refused);
  else
    store_messages (self, box, messages);
  return TRUE;
}
