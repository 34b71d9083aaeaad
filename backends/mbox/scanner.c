/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mbox scanner. A line is judged once, by its head; what follows only passes. A From_
 * line without a blank line before it waits for the next line's head. Whether a
 * Content-Length is honest is the handler's to find out. One thread, no I/O.
 */
#include "scanner.h"

#include <string.h>

#include "quote.h"

/* HEADER_NAME_LIMIT_BYTES: a longer name before ':' is no header (RFC 5322: 998 a line,
 * but no real name exceeds 100). */
#define HEADER_NAME_LIMIT_BYTES 126

/* Where the scanner stands. */
typedef enum
{
  IN_PREAMBLE = 1, /* before the first message */
  IN_HEADERS = 2,
  IN_BODY = 3,
  IN_COUNTED = 4, /* a body that ends at `landing`, whatever its lines look like */
  IN_GAP = 5,     /* after it: line ends and then a From_ line */
} Place;

/* Piece: bytes of one line. @ends: its last byte is the LF. */
typedef struct
{
  const guint8 *data;
  gsize length;
  gboolean ends;
} Piece;

struct _MboxScanner
{
  const MboxScanHandler *handler;
  gpointer user_data;
  guint64 offset; /* of the next byte to be taken */
  Place place;
  gboolean preamble;

  /* the line under way */
  guint64 line_start;
  gboolean in_rest;      /* its head has been judged */
  gboolean continuation; /* a hole split it: this is not the start of a line */
  gboolean is_header;    /* its rest goes to the handler */
  guint8 last_byte;
  MboxQuoteScan quote;
  gboolean quote_open; /* still undecided whether it is a quoted From_ line */
  guint8 head[MBOX_FROM_LIMIT_BYTES];
  gsize head_length;

  guint64 nul_count; /* NUL just seen, not yet taken */

  gboolean after_blank;
  guint64 blank_start; /* of that blank line */
  gboolean blank_lone; /* it is LF alone */
  guint64 hole_start;  /* with `continuation`: where the hole begins */

  /* a From_ line that waits for the next line */
  gboolean pending;
  gboolean pending_bare;
  guint8 pending_line[MBOX_FROM_LIMIT_BYTES];
  gsize pending_length;
  guint64 pending_offset;
  gboolean pending_continuation;
  gboolean pending_after_blank;
  guint64 pending_hole;
  MboxFromLine pending_from;

  MboxScanEnd message;
  guint64 landing;
  gboolean strict; /* the body under way is ours */
};

MboxScanner *
mbox_scanner_new (guint64 offset, const MboxScanHandler *handler, gpointer user_data)
{
  MboxScanner *self = g_new0 (MboxScanner, 1);
  self->handler = handler;
  self->user_data = user_data;
  self->offset = offset;
  self->line_start = offset;
  self->blank_start = offset;
  self->place = IN_PREAMBLE;
  self->after_blank = TRUE;
  return self;
}

void
mbox_scanner_free (MboxScanner *self)
{
  g_free (self);
}

gboolean
mbox_scanner_preamble (const MboxScanner *self)
{
  return self->preamble;
}

gboolean
mbox_scanner_is_header (const guint8 *line, gsize length)
{
  gsize at = 0;
  while (at < length && at < HEADER_NAME_LIMIT_BYTES && g_ascii_isgraph (line[at])
         && line[at] != ':')
    at++;
  gsize name = at;
  while (at < length && (line[at] == ' ' || line[at] == '\t'))
    at++;
  return name > 0 && at < length && line[at] == ':';
}

gboolean
mbox_scanner_is_boundary (const guint8 *data, gsize length, gboolean at_eof)
{
  if (length == 0)
    return FALSE;
  gboolean line_start = data[0] == '\n';
  gsize at = 1;
  for (guint lines = 0; lines < 2 && at < length; lines++)
    {
      gsize end = at + (data[at] == '\r' && at + 1 < length);
      if (data[end] != '\n')
        break;
      at = end + 1;
      line_start = TRUE;
    }
  if (at == length)
    return at_eof;
  MboxFromLine from;
  return line_start
         && (mbox_from_line_parse (data + at, length - at, &from)
             || (length - at >= 6
                 && mbox_from_line_is_bare (
                     data + at, MIN (length - at, data[at + 5] == '\r' ? 7 : 6))));
}

/* ---- messages ---- */

/* Ends the message under way at @end, or, after a blank line, before that line. */
static gboolean
end_message (MboxScanner *self, guint64 end, gboolean at_eof)
{
  if (self->place == IN_PREAMBLE)
    return TRUE;
  MboxScanEnd *message = &self->message;
  if (self->place == IN_HEADERS)
    message->body_start = end;
  message->end = end;
  message->at_eof = at_eof;
  if (self->place == IN_GAP)
    message->end = self->landing;
  else if (self->after_blank && self->place == IN_BODY)
    {
      message->end = self->blank_start;
      message->lone_lf -= self->blank_lone;
    }
  return self->handler->end (message, self->user_data);
}

static gboolean
begin_message (MboxScanner *self, const MboxScanBegin *begin)
{
  self->message = (MboxScanEnd){ .start = begin->offset };
  self->strict = FALSE;
  self->place = IN_HEADERS;
  self->after_blank = FALSE;
  return self->handler->begin (begin, self->user_data);
}

/* ---- lines of content ---- */

/* Counts what matters in a piece of a body line. */
static void
count_piece (MboxScanner *self, Piece piece)
{
  guint8 before = piece.length > 1 ? piece.data[piece.length - 2] : self->last_byte;
  if (piece.ends && before != '\r')
    self->message.lone_lf++;
  for (gsize i = 0; self->quote_open && i < piece.length; i++)
    {
      MboxQuoteStep step = mbox_quote_scan (&self->quote, piece.data[i]);
      self->quote_open = step == MBOX_QUOTE_MORE;
      if (step == MBOX_QUOTE_MATCH && self->quote.run > 0)
        {
          self->message.quoted_any++;
          self->message.quoted_one += self->quote.run == 1;
        }
    }
}

static gboolean
is_blank_line (Piece piece)
{
  return piece.ends
         && (piece.length == 1 || (piece.length == 2 && piece.data[0] == '\r'));
}

/* The empty line after the header block. */
static gboolean
end_headers (MboxScanner *self, Piece blank)
{
  guint64 body = self->line_start + blank.length;
  self->place = IN_BODY;
  self->message.body_start = self->line_start;
  self->after_blank = TRUE;
  self->blank_start = self->line_start;
  self->blank_lone = blank.length == 1;
  self->message.lone_lf += self->blank_lone;
  MboxScanVerdict verdict = { 0 };
  if (!self->handler->headers_end (self->line_start, body, &verdict, self->user_data))
    return FALSE;
  self->strict = verdict.strict;
  if (verdict.landing < body)
    return TRUE;
  self->landing = verdict.landing;
  self->message.counted = TRUE;
  self->place = verdict.landing == body ? IN_GAP : IN_COUNTED;
  return TRUE;
}

/* The head of a line that is no separator. */
static gboolean
content_head (MboxScanner *self, Piece piece)
{
  gboolean blank = !self->continuation && is_blank_line (piece);
  self->quote = (MboxQuoteScan){ 0 };
  self->quote_open = !self->continuation && piece.length > 0 && piece.data[0] == '>';
  self->is_header = FALSE;
  switch (self->place)
    {
    case IN_PREAMBLE:
      self->preamble = self->preamble || !blank;
      self->after_blank = blank;
      return TRUE;
    case IN_HEADERS:
      if (blank)
        return end_headers (self, piece);
      self->is_header = TRUE;
      self->after_blank = FALSE;
      return self->handler->header (piece.data, piece.length, self->user_data);
    case IN_GAP:
      if (blank)
        return TRUE;
      /* the file changed since the landing was verified: body after all */
      self->place = IN_BODY;
      self->message.counted = FALSE;
      break;
    case IN_COUNTED:
    case IN_BODY:
      break;
    }
  self->after_blank = blank;
  if (blank)
    {
      self->blank_start = self->line_start;
      self->blank_lone = piece.length == 1;
    }
  count_piece (self, piece);
  return TRUE;
}

/* ---- separators ---- */

/* A From_ line that waited was the start of a message. */
static gboolean
confirm_pending (MboxScanner *self)
{
  MboxScanBegin begin = { .offset = self->pending_offset,
                          .line = self->pending_line,
                          .line_length = self->pending_length,
                          .has_date = !self->pending_bare,
                          .from = self->pending_from };
  self->pending = FALSE;
  self->after_blank = self->pending_after_blank;
  guint64 end = self->pending_continuation ? self->pending_hole : self->pending_offset;
  return end_message (self, end, FALSE) && begin_message (self, &begin);
}

/* A From_ line that waited was content. */
static gboolean
reject_pending (MboxScanner *self)
{
  guint64 line_start = self->line_start;
  gboolean continuation = self->continuation;
  const guint8 *line = self->pending_line;
  gsize length = self->pending_length;
  Piece piece = { line, length, length > 0 && line[length - 1] == '\n' };
  self->pending = FALSE;
  self->line_start = self->pending_offset;
  self->continuation = self->pending_continuation;
  gboolean going = content_head (self, piece);
  self->last_byte = length > 0 ? line[length - 1] : 0;
  self->line_start = line_start;
  self->continuation = continuation;
  return going;
}

static void
make_pending (MboxScanner *self, Piece piece, const MboxFromLine *from)
{
  self->pending = TRUE;
  self->pending_bare = from == NULL;
  memcpy (self->pending_line, piece.data, piece.length);
  self->pending_length = piece.length;
  self->pending_offset = self->line_start;
  self->pending_continuation = self->continuation;
  self->pending_after_blank = self->after_blank && !self->continuation;
  self->pending_hole = self->hole_start;
  self->pending_from = from != NULL ? *from : (MboxFromLine){ 0 };
  self->is_header = FALSE;
}

/* Judges a line that begins with "From ". *@out_taken: it was a separator, or waits. */
static gboolean
judge_from (MboxScanner *self, Piece piece, gboolean *out_taken)
{
  MboxScanBegin begin = { .offset = self->line_start,
                          .line = piece.data,
                          .line_length = piece.length,
                          .has_date = TRUE };
  gboolean parses = mbox_from_line_parse (piece.data, piece.length, &begin.from);
  gboolean bare = !parses && self->after_blank && !self->continuation && piece.ends
                  && mbox_from_line_is_bare (piece.data, piece.length);
  *out_taken = FALSE;
  if (self->place == IN_COUNTED)
    {
      self->message.inner_from += parses && self->after_blank;
      return TRUE;
    }
  if ((!parses && !bare) || (self->strict && !self->after_blank))
    return TRUE;
  if (bare || self->continuation || !self->after_blank)
    {
      *out_taken = piece.ends;
      if (piece.ends)
        make_pending (self, piece, bare ? NULL : &begin.from);
      return TRUE;
    }
  *out_taken = TRUE;
  self->is_header = FALSE;
  return end_message (self, self->line_start, FALSE) && begin_message (self, &begin);
}

/* A header line must follow; after a bare From_ line, one that Thunderbird writes. */
static gboolean
pending_is_confirmed (const MboxScanner *self, Piece piece)
{
  static const char mozilla[] = "X-Mozilla-";
  if (self->continuation || !mbox_scanner_is_header (piece.data, piece.length))
    return FALSE;
  return !self->pending_bare
         || (piece.length >= sizeof mozilla - 1
             && g_ascii_strncasecmp ((const char *) piece.data, mozilla,
                                     sizeof mozilla - 1)
                    == 0);
}

static gboolean
judge_head (MboxScanner *self, Piece piece)
{
  if (self->pending
      && !(pending_is_confirmed (self, piece) ? confirm_pending (self)
                                              : reject_pending (self)))
    return FALSE;
  if (piece.length >= 5 && memcmp (piece.data, "From ", 5) == 0)
    {
      gboolean taken;
      if (!judge_from (self, piece, &taken))
        return FALSE;
      if (taken)
        return TRUE;
    }
  return content_head (self, piece);
}

/* ---- from bytes to lines ---- */

/* The rest of a line whose head has been judged. */
static gboolean
pass_rest (MboxScanner *self, Piece piece)
{
  if (self->is_header)
    return self->handler->header (piece.data, piece.length, self->user_data);
  if (self->place == IN_BODY || self->place == IN_COUNTED)
    count_piece (self, piece);
  return TRUE;
}

static void
start_line (MboxScanner *self)
{
  self->in_rest = FALSE;
  self->continuation = FALSE;
  self->head_length = 0;
  self->last_byte = 0;
  self->line_start = self->offset;
}

/* Judges the head collected so far although its line goes on. */
static gboolean
flush_head (MboxScanner *self, gboolean ends)
{
  if (self->in_rest)
    return TRUE;
  self->in_rest = TRUE;
  Piece piece = { self->head, self->head_length, ends };
  return piece.length == 0 || judge_head (self, piece);
}

/* Takes bytes of one line, without NUL runs. */
static gboolean
take_piece (MboxScanner *self, Piece piece)
{
  gboolean direct = !self->in_rest && self->head_length == 0
                    && (piece.ends || piece.length >= sizeof self->head);
  if (direct)
    {
      gsize size = MIN (piece.length, sizeof self->head);
      Piece head = { piece.data, size, piece.ends && size == piece.length };
      self->in_rest = TRUE;
      if (!judge_head (self, head))
        return FALSE;
      self->last_byte = piece.data[size - 1];
      piece.data += size;
      piece.length -= size;
    }
  else if (!self->in_rest)
    {
      gsize size = MIN (piece.length, sizeof self->head - self->head_length);
      memcpy (self->head + self->head_length, piece.data, size);
      self->head_length += size;
      piece.data += size;
      piece.length -= size;
      gboolean whole = piece.ends && piece.length == 0;
      if ((whole || self->head_length == sizeof self->head) && !flush_head (self, whole))
        return FALSE;
      self->last_byte = self->head[self->head_length - 1];
    }
  if (piece.length > 0)
    {
      if (!pass_rest (self, piece))
        return FALSE;
      self->last_byte = piece.data[piece.length - 1];
    }
  return TRUE;
}

/* NUL that turned out to be ordinary bytes of a line. */
static gboolean
take_zeros (MboxScanner *self, guint64 count)
{
  static const guint8 zeros[256] = { 0 };
  while (count > 0)
    {
      gsize size = (gsize) MIN (count, sizeof zeros);
      if (!take_piece (self, (Piece){ zeros, size, FALSE }))
        return FALSE;
      self->offset += size;
      count -= size;
    }
  return TRUE;
}

/* A run of NUL has ended with another byte, or at the end of the file. */
static gboolean
settle_zeros (MboxScanner *self, gboolean could_begin)
{
  guint64 count = self->nul_count;
  self->nul_count = 0;
  if (count == 0)
    return TRUE;
  gboolean at_start = !self->in_rest && self->head_length == 0;
  gboolean forgives = self->place == IN_BODY || self->place == IN_PREAMBLE
                      || self->place == IN_GAP;
  if (!could_begin || !forgives || self->strict || (!at_start && count < MBOX_HOLE_BYTES))
    return take_zeros (self, count);
  guint64 hole = self->offset;
  if (!at_start && !flush_head (self, FALSE))
    return FALSE;
  self->offset += count;
  gboolean hard = at_start && self->after_blank;
  start_line (self);
  self->continuation = !hard;
  self->hole_start = hole;
  return TRUE;
}

/* Takes the bytes up to a line end, a NUL or the end of @data. */
static gboolean
take_some (MboxScanner *self, const guint8 *data, gsize length, gsize *out_taken)
{
  if (data[0] == 0)
    {
      gsize count = 0;
      while (count < length && data[count] == 0)
        count++;
      self->nul_count += count;
      *out_taken = count;
      return TRUE;
    }
  if (self->nul_count > 0 && !settle_zeros (self, data[0] == 'F'))
    return FALSE;
  const guint8 *newline = memchr (data, '\n', length);
  gsize size = newline ? (gsize) (newline - data) + 1 : length;
  const guint8 *zero = memchr (data, 0, size);
  if (zero != NULL)
    size = (gsize) (zero - data);
  Piece piece = { data, size, zero == NULL && newline != NULL };
  *out_taken = size;
  if (!take_piece (self, piece))
    return FALSE;
  self->offset += size;
  if (piece.ends)
    start_line (self);
  return TRUE;
}

/* The counted body ends here, in the middle of a line or not. */
static gboolean
land (MboxScanner *self)
{
  if (!settle_zeros (self, FALSE) || !flush_head (self, FALSE))
    return FALSE;
  self->place = IN_GAP;
  self->after_blank = TRUE;
  start_line (self);
  return TRUE;
}

gboolean
mbox_scanner_feed (MboxScanner *self, const guint8 *data, gsize length)
{
  while (length > 0)
    {
      guint64 taken_offset = self->offset + self->nul_count;
      gsize size = length;
      if (self->place == IN_COUNTED)
        size = (gsize) MIN (size, self->landing - taken_offset);
      gsize taken = 0;
      if (size > 0 && !take_some (self, data, size, &taken))
        return FALSE;
      data += taken;
      length -= taken;
      if (self->place == IN_COUNTED && self->offset + self->nul_count == self->landing
          && !land (self))
        return FALSE;
    }
  return TRUE;
}

/* A hole at the very end, after a blank line, belongs to no message. */
static gboolean
drop_last_hole (MboxScanner *self)
{
  gboolean at_start = !self->in_rest && self->head_length == 0;
  if (!at_start || !self->after_blank || self->place == IN_COUNTED)
    return settle_zeros (self, FALSE);
  self->offset += self->nul_count;
  self->nul_count = 0;
  return TRUE;
}

gboolean
mbox_scanner_finish (MboxScanner *self)
{
  if (!drop_last_hole (self) || !flush_head (self, FALSE))
    return FALSE;
  if (self->pending && !reject_pending (self))
    return FALSE;
  gboolean going = end_message (self, self->offset, TRUE);
  self->place = IN_PREAMBLE;
  return going;
}
