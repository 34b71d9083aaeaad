/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks over a message line by line and mends what was asked for. Which repair is tried
 * when is store-refused.c's. Pure; any thread. */
#include "repair.h"

#include <string.h>

/* Inserted where a line is broken; in a header it must be a continuation. */
#define SOFT_BREAK   "=\r\n"
#define FOLDED_BREAK "\r\n "

/* Name for what is no header line. */
#define BROKEN_NAME "X-Mailhaul-Broken: "

/* A header line that is copied in front of an enclosed message is no longer than this. */
#define IDENTITY_BYTES 8000u

typedef enum
{
  ENCODING_PLAIN,
  ENCODING_BASE64,
  ENCODING_QUOTED,
} Encoding;

typedef struct
{
  guint kinds; /* asked for */
  guint found; /* needed, asked for or not */
  ImapRepairSink sink;
  gpointer user_data;
  gboolean stopped;
  gboolean first;     /* no line has been kept yet */
  gboolean header;    /* still in the header block */
  gboolean has_blank; /* the message has an empty line at all */
  gboolean continues; /* the header line before can be continued */
  Encoding encoding;  /* as the last Content-Transfer-Encoding said */
  GByteArray *scratch;
} Repair;

/* One line without its end. */
typedef struct
{
  const guint8 *text;
  gsize length;
  gboolean has_cr, has_lf;
} Line;

static void
put (Repair *self, const void *data, gsize length)
{
  if (!self->stopped && length > 0 && self->sink != NULL)
    self->stopped = !self->sink (data, length, self->user_data);
}

static void
put_text (Repair *self, const char *text)
{
  put (self, text, strlen (text));
}

/* Notes that @kind is needed; TRUE if it shall be done. */
static gboolean
wants (Repair *self, ImapRepair kind)
{
  self->found |= kind;
  return (self->kinds & kind) != 0;
}

static gboolean
starts_with (const Line *line, const char *word)
{
  gsize length = strlen (word);
  return line->length >= length
         && g_ascii_strncasecmp ((const char *) line->text, word, length) == 0;
}

static gboolean
is_blank (guint8 c)
{
  return c == ' ' || c == '\t';
}

/* RFC 5322 field name, blanks before the colon tolerated. */
static gboolean
is_header_line (const Line *line)
{
  gsize at = 0;
  while (at < line->length && line->text[at] > ' ' && line->text[at] < 0x7f
         && line->text[at] != ':')
    at++;
  if (at == 0)
    return FALSE;
  while (at < line->length && is_blank (line->text[at]))
    at++;
  return at < line->length && line->text[at] == ':';
}

/* Remembers how the body that follows is encoded. */
static void
note_encoding (Repair *self, const Line *line)
{
  static const char name[] = "content-transfer-encoding:";
  if (!starts_with (line, name))
    return;
  gsize at = sizeof name - 1;
  while (at < line->length && is_blank (line->text[at]))
    at++;
  Line value = { line->text + at, line->length - at, FALSE, FALSE };
  self->encoding = starts_with (&value, "base64")             ? ENCODING_BASE64
                   : starts_with (&value, "quoted-printable") ? ENCODING_QUOTED
                                                              : ENCODING_PLAIN;
}

/* Where to break @text, of which @limit bytes may stay on the line: behind a blank, else
 * not inside a UTF-8 character or "=XX". */
static gsize
find_break (const Repair *self, const guint8 *text, gsize limit)
{
  if (self->header || self->encoding == ENCODING_PLAIN)
    for (gsize at = limit; at > limit / 2; at--)
      if (is_blank (text[self->header ? at : at - 1]))
        return at;
  gsize at = limit;
  if (self->encoding == ENCODING_QUOTED && !self->header)
    {
      if (text[at - 1] == '=')
        at -= 1;
      else if (text[at - 2] == '=')
        at -= 2;
    }
  for (guint i = 0; i < 3 && (text[at] & 0xc0) == 0x80; i++)
    at--;
  return at;
}

static void
put_long (Repair *self, const guint8 *text, gsize length)
{
  while (length > IMAP_REPAIR_LINE_BYTES && !self->stopped)
    {
      gsize at = find_break (self, text, IMAP_REPAIR_LINE_BYTES - 2);
      put (self, text, at);
      if (self->header)
        put_text (self, is_blank (text[at]) ? "\r\n" : FOLDED_BREAK);
      else
        put_text (self, self->encoding == ENCODING_QUOTED ? SOFT_BREAK : "\r\n");
      text += at;
      length -= at;
    }
  put (self, text, length);
}

/* The text of a kept line without NULs, broken if it is too long. */
static void
put_line_text (Repair *self, const Line *line)
{
  const guint8 *text = line->text;
  gsize length = line->length;
  if (length > 0 && memchr (text, '\0', length) != NULL && wants (self, IMAP_REPAIR_NUL))
    {
      g_byte_array_set_size (self->scratch, 0);
      for (gsize at = 0; at < length;)
        {
          const guint8 *nul = memchr (text + at, '\0', length - at);
          gsize end = nul != NULL ? (gsize) (nul - text) : length;
          g_byte_array_append (self->scratch, text + at, (guint) (end - at));
          at = end + 1;
        }
      text = self->scratch->data;
      length = self->scratch->len;
    }
  if (length > IMAP_REPAIR_LINE_BYTES && wants (self, IMAP_REPAIR_LONG_LINES))
    put_long (self, text, length);
  else
    put (self, text, length);
}

static void
put_line_end (Repair *self, const Line *line)
{
  if (!line->has_lf)
    {
      if (wants (self, IMAP_REPAIR_FINAL))
        put_text (self, line->has_cr ? "\r\n" : "\r\n");
      else if (line->has_cr)
        put_text (self, "\r");
      return;
    }
  if (!line->has_cr && wants (self, IMAP_REPAIR_LINES))
    put_text (self, "\r\n");
  else
    put_text (self, line->has_cr ? "\r\n" : "\n");
}

/* Judges a line of the header block; may put something before it. */
static void
take_header_line (Repair *self, const Line *line)
{
  if (line->length == 0)
    {
      self->header = FALSE;
      return;
    }
  gboolean good = is_blank (line->text[0]) ? self->continues : is_header_line (line);
  if (!good && wants (self, IMAP_REPAIR_HEADER))
    {
      /* A message without any empty line is a body whose header has no end. */
      if (self->has_blank)
        put_text (self, BROKEN_NAME);
      else
        {
          put_text (self, "\r\n");
          self->header = FALSE;
        }
    }
  self->continues = TRUE;
}

static void
take_line (Repair *self, const Line *line)
{
  if (self->first && (starts_with (line, "From ") || starts_with (line, ">From "))
      && wants (self, IMAP_REPAIR_FROM))
    {
      self->first = FALSE;
      return;
    }
  self->first = FALSE;
  note_encoding (self, line);
  if (self->header)
    take_header_line (self, line);
  put_line_text (self, line);
  put_line_end (self, line);
}

/* The next line of what is left; FALSE at the end. */
static gboolean
next_line (const guint8 **at, gsize *left, Line *out_line)
{
  if (*left == 0)
    return FALSE;
  const guint8 *lf = memchr (*at, '\n', *left);
  gsize whole = lf != NULL ? (gsize) (lf - *at) + 1 : *left;
  gsize length = whole - (lf != NULL ? 1 : 0);
  *out_line = (Line){ *at, length, FALSE, lf != NULL };
  if (length > 0 && (*at)[length - 1] == '\r')
    {
      out_line->has_cr = TRUE;
      out_line->length--;
    }
  *at += whole;
  *left -= whole;
  return TRUE;
}

static gboolean
has_empty_line (const guint8 *data, gsize length)
{
  Line line;
  while (next_line (&data, &length, &line))
    if (line.length == 0 && line.has_lf)
      return TRUE;
  return FALSE;
}

static void
walk (Repair *self, const guint8 *data, gsize length)
{
  Line line;
  self->first = self->header = TRUE;
  self->has_blank = has_empty_line (data, length);
  while (!self->stopped && next_line (&data, &length, &line))
    take_line (self, &line);
}

/* ---- enclosing ---- */

/* A header line that may stand in front: a known name, 7-bit, printable. */
static gboolean
is_identity (const Line *line)
{
  static const char *const names[] = { "from:", "date:", "subject:",     "message-id:",
                                       "to:",   "cc:",   "in-reply-to:", "references:" };
  if (line->length > IDENTITY_BYTES)
    return FALSE;
  for (gsize i = 0; i < line->length; i++)
    if ((line->text[i] < ' ' && line->text[i] != '\t') || line->text[i] >= 0x7f)
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (starts_with (line, names[i]))
      return TRUE;
  return FALSE;
}

static gboolean
has_8bit (const guint8 *data, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (data[i] >= 0x80)
      return TRUE;
  return FALSE;
}

static void
put_envelope (Repair *self, const guint8 *data, gsize length)
{
  const guint8 *at = data;
  gsize left = length;
  gboolean from = FALSE;
  Line line;
  while (next_line (&at, &left, &line) && line.length > 0)
    {
      if (!is_identity (&line))
        continue;
      from = from || starts_with (&line, "from:");
      put (self, line.text, line.length);
      put_text (self, "\r\n");
      Line more = { 0 };
      /* Its continuations; one that is no good ends it. */
      while (left > 0 && is_blank (*at) && next_line (&at, &left, &more)
             && more.length > 1 && more.length <= IDENTITY_BYTES
             && !has_8bit (more.text, more.length)
             && memchr (more.text, '\0', more.length) == NULL)
        {
          put (self, more.text, more.length);
          put_text (self, "\r\n");
        }
    }
  if (!from)
    put_text (self, "From: mailhaul <mailhaul@localhost>\r\n");
  put_text (self, "MIME-Version: 1.0\r\n"
                  "X-Mailhaul-Enclosed: the server refused this message as it is\r\n"
                  "Content-Type: message/rfc822\r\n"
                  "Content-Transfer-Encoding: ");
  put_text (self, has_8bit (data, length) ? "8bit\r\n\r\n" : "7bit\r\n\r\n");
}

/* ---- the outside ---- */

guint
imap_repair_find (const guint8 *data, gsize length)
{
  Repair self = { 0 };
  walk (&self, data, length);
  return self.found;
}

gboolean
imap_repair_run (const guint8 *data, gsize length, guint kinds, ImapRepairSink sink,
                 gpointer user_data, guint *out_done)
{
  Repair self = { .kinds = kinds & IMAP_REPAIR_ALL,
                  .sink = sink,
                  .user_data = user_data };
  self.scratch = g_byte_array_new ();
  if (kinds & IMAP_REPAIR_ENCLOSE)
    {
      self.kinds &= ~(guint) (IMAP_REPAIR_FROM | IMAP_REPAIR_HEADER);
      put_envelope (&self, data, length);
    }
  walk (&self, data, length);
  g_byte_array_unref (self.scratch);
  *out_done = (self.found & self.kinds) | (kinds & IMAP_REPAIR_ENCLOSE);
  return !self.stopped;
}

const char *
imap_repair_text (ImapRepair kind)
{
  switch (kind)
    {
    case IMAP_REPAIR_LINES:
      return "bare line feeds were given carriage returns";
    case IMAP_REPAIR_NUL:
      return "NUL bytes were left out";
    case IMAP_REPAIR_FROM:
      return "the mbox separator in front of the header was left out";
    case IMAP_REPAIR_LONG_LINES:
      return "lines longer than the server takes were broken";
    case IMAP_REPAIR_HEADER:
      return "lines in the header that are none were given a name";
    case IMAP_REPAIR_FINAL:
      return "the last line was given its end";
    case IMAP_REPAIR_ENCLOSE:
      return "the whole message was enclosed in another one";
    }
  return "";
}

gboolean
imap_repair_has_utf8_header (const guint8 *data, gsize length)
{
  const guint8 *at = data;
  gsize left = length, end = length;
  Line line;
  while (next_line (&at, &left, &line))
    if (line.length == 0)
      {
        end = (gsize) (line.text - data);
        break;
      }
  return has_8bit (data, end) && g_utf8_validate_len ((const char *) data, end, NULL);
}
