/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From file to messages: feeds the scanner, gathers each header block's facts, counts the
 * delivered size, verifies Content-Length at its landing spot. On the session's thread.
 */
#include "reader.h"

#include <string.h>

#include <mailhaul/error.h>

/* HEADER_CHUNK_BYTES: read at a time when only a header block is wanted; most fit. */
#define HEADER_CHUNK_BYTES (8 * 1024)

/* LineCount: sizes of a header block's own lines. */
typedef struct
{
  guint64 bytes;
  guint64 lone_lf;
  guint64 quoted_one;
  guint64 quoted_any;
  guint8 last;
  gboolean in_line; /* past the start */
  MboxQuoteScan quote;
} LineCount;

/* Run: one run of a reader. */
typedef struct
{
  const MboxReader *reader;
  guint64 limit;
  gboolean in_message;
  gboolean stopped; /* by the function, without an error */
  GError *error;

  MboxScanBegin begin;
  guint8 from_line[MBOX_FROM_LIMIT_BYTES];
  MboxHeaderFilter filter;
  MboxMessageHash hash;
  LineCount own;
  LineCount mozilla;
  MboxCapture capture;
  GByteArray *captured;
  GByteArray *headers;
  MboxStatus status;
  gboolean settled; /* the header block is complete and understood */
} Run;

static void
count_quote (LineCount *count, guint8 byte)
{
  MboxQuoteStep step = mbox_quote_scan (&count->quote, byte);
  count->in_line = step != MBOX_QUOTE_MORE;
  if (step == MBOX_QUOTE_MATCH && count->quote.run > 0)
    {
      count->quoted_any++;
      count->quoted_one += count->quote.run == 1;
    }
}

static void
count_lines (LineCount *count, const guint8 *data, gsize length)
{
  count->bytes += length;
  for (gsize i = 0; i < length; i++)
    {
      if (!count->in_line)
        count_quote (count, data[i]);
      if (data[i] == '\n')
        {
          count->lone_lf += count->last != '\r';
          count->in_line = FALSE;
          count->quote = (MboxQuoteScan){ 0 };
        }
      else if (count->in_line)
        {
          const guint8 *newline = memchr (data + i, '\n', length - i);
          i = newline ? (gsize) (newline - data) - 1 : length - 1;
        }
      count->last = data[i];
    }
}

static void
append_up_to (GByteArray *array, const guint8 *data, gsize length, gsize limit)
{
  gsize room = limit - MIN (limit, (gsize) array->len);
  g_byte_array_append (array, data, (guint) MIN (length, room));
}

static gboolean
on_field (MboxField field, const guint8 *data, gsize length, gpointer user_data)
{
  Run *run = user_data;
  mbox_capture_add (&run->capture, field, data, length);
  if (field == MBOX_FIELD_PRIVATE)
    return TRUE;
  if (field == MBOX_FIELD_MOZILLA)
    {
      count_lines (&run->mozilla, data, length);
      return TRUE;
    }
  count_lines (&run->own, data, length);
  mbox_message_hash_header (&run->hash, data, length);
  if (run->reader->keep_headers)
    append_up_to (run->headers, data, length, MBOX_HEADERS_LIMIT_BYTES);
  return TRUE;
}

static gboolean
on_begin (const MboxScanBegin *begin, gpointer user_data)
{
  Run *run = user_data;
  run->in_message = TRUE;
  run->settled = FALSE;
  run->begin = *begin;
  memcpy (run->from_line, begin->line, begin->line_length);
  run->begin.line = run->from_line;
  mbox_header_filter_init (&run->filter, on_field, run);
  mbox_message_hash_init (&run->hash, begin->line, begin->line_length);
  run->own = run->mozilla = (LineCount){ 0 };
  mbox_capture_init (&run->capture, run->captured);
  g_byte_array_set_size (run->headers, 0);
  return TRUE;
}

static gboolean
on_header (const guint8 *data, gsize length, gpointer user_data)
{
  Run *run = user_data;
  gsize taken;
  return mbox_header_filter_feed (&run->filter, data, length, &taken);
}

static void
settle_headers (Run *run)
{
  if (run->settled)
    return;
  mbox_header_filter_finish (&run->filter);
  mbox_status_parse (&run->status, run->captured->data, run->captured->len);
  run->settled = TRUE;
}

static guint64
delivered_bytes (const Run *run, const MboxScanEnd *end, MboxRule rule, guint64 *out_lone)
{
  const LineCount *own = &run->own;
  guint64 quoted = 0;
  switch (rule)
    {
    case MBOX_RULE_NONE:
      break;
    case MBOX_RULE_ONE:
      quoted = own->quoted_one + end->quoted_one;
      break;
    case MBOX_RULE_ANY:
      quoted = own->quoted_any + end->quoted_any;
      break;
    }
  gboolean mozilla = run->status.ours;
  *out_lone = own->lone_lf + end->lone_lf + (mozilla ? run->mozilla.lone_lf : 0);
  return own->bytes + (mozilla ? run->mozilla.bytes : 0) + (end->end - end->body_start)
         - quoted;
}

static gboolean
report (Run *run, const MboxScanEnd *end)
{
  settle_headers (run);
  MboxRule rule = run->status.ours ? run->status.rule : run->reader->rule;
  guint64 lone = 0, stored = delivered_bytes (run, end, rule, &lone);
  MboxMessage message = { .entry = { .hash = mbox_message_hash_finish (&run->hash),
                                     .offset = run->begin.offset,
                                     .end = end->end,
                                     .wire_bytes = stored + lone,
                                     .stored_bytes = stored },
                          .end = *end,
                          .from_line = { run->from_line, run->begin.line_length },
                          .has_date = run->begin.has_date,
                          .from = run->begin.from,
                          .status = &run->status,
                          .rule = rule,
                          .headers = { run->headers->data, run->headers->len } };
  gboolean stop = FALSE;
  run->in_message = FALSE;
  if (!run->reader->func (&message, &stop, run->reader->user_data, &run->error))
    return FALSE;
  run->stopped = stop;
  return !stop;
}

/* Whether a Content-Length lands where a message may end. */
static gboolean
verify_landing (Run *run, guint64 landing)
{
  guint8 window[MBOX_LANDING_BYTES];
  gsize size = (gsize) MIN (sizeof window, run->limit - landing + 1), got = 0;
  return mbox_file_read (run->reader->file, landing - 1, window, size, &got, &run->error)
         && mbox_scanner_is_boundary (window, got, landing - 1 + got == run->limit);
}

static gboolean
on_headers_end (guint64 blank, guint64 offset, MboxScanVerdict *verdict,
                gpointer user_data)
{
  Run *run = user_data;
  settle_headers (run);
  if (run->reader->headers_only)
    {
      MboxScanEnd end = { .start = run->begin.offset,
                          .body_start = blank,
                          .end = offset };
      run->stopped = TRUE;
      return report (run, &end) && FALSE;
    }
  verdict->strict = run->status.strict;
  if (!run->reader->trust_length || !run->status.has_length
      || run->status.content_length > run->limit - MIN (offset, run->limit))
    return TRUE;
  guint64 landing = offset + run->status.content_length;
  if (verify_landing (run, landing))
    verdict->landing = landing;
  return run->error == NULL;
}

static gboolean
on_end (const MboxScanEnd *end, gpointer user_data)
{
  return report (user_data, end);
}

/* Feeds the scanner up to the limit. */
static gboolean
feed_all (Run *run, MboxScanner *scanner, guint64 from)
{
  const MboxReader *reader = run->reader;
  gsize chunk = reader->headers_only ? HEADER_CHUNK_BYTES : MBOX_BUFFER_BYTES;
  for (guint64 at = from; at < run->limit;)
    {
      gsize size = (gsize) MIN (run->limit - at, chunk), got = 0;
      if (g_cancellable_set_error_if_cancelled (reader->cancellable, &run->error)
          || !mbox_file_read (reader->file, at, reader->buffer, size, &got, &run->error))
        return FALSE;
      if (got == 0)
        return haul_error_set (&run->error, HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER,
                               "read '%s': it became shorter meanwhile",
                               reader->file->path);
      if (!mbox_scanner_feed (scanner, reader->buffer, got))
        return FALSE;
      if (mbox_scanner_preamble (scanner))
        return haul_error_set (&run->error, HAUL_ERROR_CORRUPT, HAUL_SCOPE_FOLDER,
                               "read '%s': no From_ line at offset %" G_GUINT64_FORMAT
                               ": not an mbox",
                               reader->file->path, from);
      at += got;
    }
  return mbox_scanner_finish (scanner);
}

static void
run_clear (Run *run)
{
  g_byte_array_unref (run->captured);
  g_byte_array_unref (run->headers);
  mbox_status_clear (&run->status);
}

gboolean
mbox_reader_run (const MboxReader *reader, guint64 from, guint64 limit, GError **error)
{
  static const MboxScanHandler handler = {
    .begin = on_begin, .header = on_header, .headers_end = on_headers_end, .end = on_end
  };
  Run run = { .reader = reader, .limit = limit };
  run.captured = g_byte_array_new ();
  run.headers = g_byte_array_new ();
  mbox_status_init (&run.status);
  g_autoptr (MboxScanner) scanner = mbox_scanner_new (from, &handler, &run);
  gboolean going = feed_all (&run, scanner, from);
  if (going && mbox_scanner_preamble (scanner))
    going = haul_error_set (&run.error, HAUL_ERROR_CORRUPT, HAUL_SCOPE_FOLDER,
                            "read '%s': no From_ line at offset %" G_GUINT64_FORMAT
                            ": not an mbox",
                            reader->file->path, from);
  run_clear (&run);
  if (run.error != NULL)
    {
      g_propagate_error (error, run.error);
      return FALSE;
    }
  return TRUE;
}

/* Evidence: what a detection has seen. */
typedef struct
{
  gboolean inner_from; /* From_ lines inside counted bodies: mboxcl2 */
  gboolean deep;       /* ">>From ": mboxrd */
  gboolean ours;
  MboxRule our_rule;
} Evidence;

static gboolean
collect_evidence (const MboxMessage *message, gboolean *stop, gpointer user_data,
                  GError **error)
{
  Evidence *evidence = user_data;
  if (message->status->ours)
    {
      evidence->our_rule = message->status->rule;
      evidence->ours = TRUE;
      return TRUE;
    }
  evidence->inner_from = evidence->inner_from || message->end.inner_from > 0;
  evidence->deep = evidence->deep || message->end.quoted_any > message->end.quoted_one;
  *stop = evidence->inner_from;
  return TRUE;
}

gboolean
mbox_reader_detect (const MboxReader *reader, guint64 limit, MboxRule *out_rule,
                    GError **error)
{
  Evidence evidence = { 0 };
  MboxReader sample = { .file = reader->file,
                        .buffer = reader->buffer,
                        .cancellable = reader->cancellable,
                        .trust_length = TRUE,
                        .func = collect_evidence,
                        .user_data = &evidence };
  if (!mbox_reader_run (&sample, 0, MIN (limit, (guint64) MBOX_DETECT_BYTES), error))
    return FALSE;
  if (evidence.inner_from)
    *out_rule = MBOX_RULE_NONE;
  else if (evidence.deep)
    *out_rule = MBOX_RULE_ANY;
  else
    *out_rule = evidence.ours ? evidence.our_rule : MBOX_RULE_NONE;
  return TRUE;
}
