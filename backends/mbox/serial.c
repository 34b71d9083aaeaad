/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serialising: line ends to LF, private fields out, ours in, quoting. The From_ line
 * comes first but its sender is in the headers: so the start of the header block is held
 * back. Pure: any thread.
 */
#include "serial.h"

#include <string.h>

#include "from-line.h"
#include "header-filter.h"
#include "status.h"

/* SPAN_BYTES: converted at a time. */
#define SPAN_BYTES (16 * 1024)

struct _MboxSerial
{
  MboxSerialSetup setup;
  GByteArray *out;
  HaulLineState lines;
  GByteArray *head; /* held back until the sender is known; NULL after */
  GByteArray *from_line;
  MboxHeaderFilter filter;
  MboxQuoteFilter quote;
  MboxMessageHash hash;
  gboolean hashing;
  gboolean in_body;
  guint8 last;         /* byte written */
  guint8 came;         /* the message's last byte */
  gboolean after_cr;   /* the message's last byte in LF form is a CR */
  gboolean in_dropped; /* inside a line that is left out */
  guint32 changes;
  guint64 total;
  guint64 body_start;
  guint64 length_position;
  guint64 content_length;
  guint64 hash_value;
};

static void
write_out (MboxSerial *self, const guint8 *data, gsize length)
{
  if (length == 0)
    return;
  g_byte_array_append (self->out, data, (guint) length);
  self->total += length;
  self->last = data[length - 1];
}

static gboolean
write_quoted (const guint8 *data, gsize length, gpointer user_data)
{
  MboxSerial *self = user_data;
  write_out (self, data, length);
  if (self->hashing)
    mbox_message_hash_header (&self->hash, data, length);
  return TRUE;
}

static gboolean
write_field (MboxField field, const guint8 *data, gsize length, gpointer user_data)
{
  MboxSerial *self = user_data;
  if (field == MBOX_FIELD_PRIVATE)
    {
      if (!self->in_dropped)
        self->changes |= mbox_field_bit (data, length);
      self->in_dropped = data[length - 1] != '\n';
      return TRUE;
    }
  self->hashing = field != MBOX_FIELD_MOZILLA;
  return mbox_quote_filter_feed (&self->quote, data, length);
}

MboxSerial *
mbox_serial_new (const MboxSerialSetup *setup, GByteArray *out)
{
  MboxSerial *self = g_new0 (MboxSerial, 1);
  self->setup = *setup;
  self->out = out;
  self->came = '\n'; /* an empty message comes back empty */
  self->head = g_byte_array_new ();
  self->from_line = g_byte_array_new ();
  mbox_header_filter_init (&self->filter, write_field, self);
  /* In a header block no Content-Length helps: a From_ line there is always quoted. */
  MboxRule header_rule = setup->rule == MBOX_RULE_NONE ? MBOX_RULE_ANY : setup->rule;
  mbox_quote_filter_init (&self->quote, header_rule, FALSE, write_quoted, self);
  return self;
}

void
mbox_serial_free (MboxSerial *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->head, g_byte_array_unref);
  g_byte_array_unref (self->from_line);
  g_free (self);
}

/* The header block is over: how is this message quoted? One whose headers had to be is
 * quoted as a whole, so that its mark tells how to get it back. */
static void
settle_rule (MboxSerial *self)
{
  if (self->setup.rule != MBOX_RULE_NONE)
    return;
  self->setup.rule = self->quote.changed ? MBOX_RULE_ANY : MBOX_RULE_NONE;
  self->quote.rule = self->setup.rule;
}

/* Our fields, at the end of the header block. */
static void
write_own_fields (MboxSerial *self)
{
  const MboxSerialSetup *setup = &self->setup;
  settle_rule (self);
  g_autoptr (GByteArray) lines = g_byte_array_new ();
  if (self->last != '\n')
    {
      /* the line that we end is the message's: it counts as a scan will read it */
      g_byte_array_append (lines, (const guint8 *) "\n", 1);
      mbox_message_hash_header (&self->hash, (const guint8 *) "\n", 1);
    }
  if (setup->with_base)
    mbox_status_append_base (lines, setup->validity, setup->keywords);
  mbox_status_append (lines, setup->flags, setup->keywords,
                      (MboxMark){ setup->rule, TRUE });
  if (setup->counted)
    {
      static const char name[] = "Content-Length: ";
      g_byte_array_append (lines, (const guint8 *) name, sizeof name - 1);
      self->length_position = self->total + lines->len;
      for (guint i = 0; i < MBOX_LENGTH_COLUMNS; i++)
        g_byte_array_append (lines, (const guint8 *) " ", 1);
      g_byte_array_append (lines, (const guint8 *) "\n", 1);
    }
  write_out (self, lines->data, lines->len);
}

static void
end_headers (MboxSerial *self)
{
  self->hashing = FALSE;
  write_own_fields (self);
  write_out (self, (const guint8 *) "\n", 1);
  self->in_body = TRUE;
  self->body_start = self->total;
}

static void
take_lf (MboxSerial *self, const guint8 *data, gsize length)
{
  if (!self->in_body)
    {
      gsize taken = 0;
      mbox_header_filter_feed (&self->filter, data, length, &taken);
      data += taken;
      length -= taken;
      if (self->filter.ended)
        end_headers (self);
    }
  if (length > 0)
    mbox_quote_filter_feed (&self->quote, data, length);
}

/* Writes the From_ line and what was held back. */
static void
start (MboxSerial *self)
{
  g_autoptr (GByteArray) head = g_steal_pointer (&self->head);
  g_autofree char *sender = mbox_from_line_sender (head->data, head->len);
  mbox_from_line_append (self->from_line, sender, self->setup.date_unix);
  write_out (self, self->from_line->data, self->from_line->len);
  mbox_message_hash_init (&self->hash, self->from_line->data, self->from_line->len);
  take_lf (self, head->data, head->len);
}

static void
hold_back (MboxSerial *self, const guint8 *data, gsize length)
{
  gsize seen = self->head->len;
  g_byte_array_append (self->head, data, (guint) length);
  const guint8 *bytes = self->head->data;
  gsize from = seen > 0 ? seen - 1 : 0;
  gboolean ends = bytes[0] == '\n'
                  || memmem (bytes + from, self->head->len - from, "\n\n", 2) != NULL;
  if (ends || self->head->len >= MBOX_SENDER_SEARCH_BYTES)
    start (self);
}

/* A CR before a CRLF is read as part of the line end: LF and CRLF are both one. */
static void
note_cr (MboxSerial *self, const guint8 *span, gsize length)
{
  if ((self->after_cr && span[0] == '\n') || memmem (span, length, "\r\n", 2) != NULL)
    self->changes |= MBOX_SERIAL_CR;
  self->after_cr = span[length - 1] == '\r';
}

void
mbox_serial_feed (MboxSerial *self, const guint8 *data, gsize length)
{
  guint8 span[SPAN_BYTES + 1];
  if (length > 0)
    self->came = data[length - 1];
  while (length > 0)
    {
      gsize size = MIN (length, (gsize) SPAN_BYTES);
      gsize count = haul_lines_to_lf (&self->lines, data, size, span);
      if (count > 0)
        note_cr (self, span, count);
      if (count > 0 && self->head != NULL)
        hold_back (self, span, count);
      else if (count > 0)
        take_lf (self, span, count);
      data += size;
      length -= size;
    }
}

static void
patch_length (MboxSerial *self)
{
  char text[MBOX_LENGTH_COLUMNS];
  guint64 position;
  guint64 flushed = self->total - self->out->len;
  if (mbox_serial_length (self, text, &position) && position >= flushed)
    memcpy (self->out->data + (position - flushed), text, sizeof text);
}

void
mbox_serial_finish (MboxSerial *self)
{
  guint8 held;
  if (self->came != '\n')
    self->changes |= MBOX_SERIAL_ENDED;
  if (haul_lines_finish_lf (&self->lines, &held) > 0)
    {
      if (self->head != NULL)
        hold_back (self, &held, 1);
      else
        take_lf (self, &held, 1);
    }
  if (self->head != NULL)
    start (self);
  /* a lone CR at the end becomes an empty line with the LF that we add */
  if (!self->in_body && !self->filter.in_line && self->filter.head_length == 1
      && self->filter.head[0] == '\r')
    take_lf (self, (const guint8 *) "\n", 1);
  if (!self->in_body)
    {
      mbox_header_filter_finish (&self->filter);
      mbox_quote_filter_finish (&self->quote);
      self->hashing = FALSE;
      write_own_fields (self);
      if (self->setup.counted)
        {
          write_out (self, (const guint8 *) "\n", 1);
          self->changes |= MBOX_SERIAL_BLANK;
        }
      self->body_start = self->total;
    }
  else
    mbox_quote_filter_finish (&self->quote);
  if (self->last != '\n')
    write_out (self, (const guint8 *) "\n", 1);
  self->content_length = self->total - self->body_start;
  self->hash_value = mbox_message_hash_finish (&self->hash);
  write_out (self, (const guint8 *) "\n", 1);
  patch_length (self);
}

guint64
mbox_serial_hash (const MboxSerial *self)
{
  return self->hash_value;
}

guint32
mbox_serial_changes (const MboxSerial *self)
{
  return self->changes;
}

guint64
mbox_serial_total (const MboxSerial *self)
{
  return self->total;
}

const guint8 *
mbox_serial_from_line (const MboxSerial *self, gsize *out_length)
{
  *out_length = self->from_line->len;
  return self->from_line->len > 0 ? self->from_line->data : NULL;
}

gboolean
mbox_serial_length (const MboxSerial *self, char *out, guint64 *out_position)
{
  if (!self->setup.counted)
    return FALSE;
  g_autofree char *text = g_strdup_printf ("%-*" G_GUINT64_FORMAT, MBOX_LENGTH_COLUMNS,
                                           self->content_length);
  memcpy (out, text, MBOX_LENGTH_COLUMNS);
  *out_position = self->length_position;
  return TRUE;
}
