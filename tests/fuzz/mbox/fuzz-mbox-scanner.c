/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scanner, the header filter and the status parser on any bytes, whole and cut: the
 * same events, in order, within the file. Aborts when not. Test thread.
 */
#include <glib.h>
#include <string.h>

#include "../backends/mbox/header-filter.h"
#include "../backends/mbox/scanner.h"
#include "../backends/mbox/status.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Told: the events of one run. */
typedef struct
{
  gsize size;
  guint64 at; /* nothing may come before */
  gboolean in_message;
  guint variant;
  MboxHeaderFilter filter;
  MboxCapture capture;
  GByteArray *captured;
  MboxStatus status;
  GString *text;
} Told;

static gboolean
on_field (MboxField field, const guint8 *data, gsize length, gpointer user_data)
{
  Told *told = user_data;
  mbox_capture_add (&told->capture, field, data, length);
  return TRUE;
}

static gboolean
on_begin (const MboxScanBegin *begin, gpointer user_data)
{
  Told *told = user_data;
  g_assert_false (told->in_message);
  g_assert_cmpuint (begin->offset, >=, told->at);
  g_assert_cmpuint (begin->offset, <, told->size);
  told->in_message = TRUE;
  told->at = begin->offset;
  mbox_capture_init (&told->capture, told->captured);
  mbox_header_filter_init (&told->filter, on_field, told);
  return TRUE;
}

static gboolean
on_header (const guint8 *data, gsize length, gpointer user_data)
{
  Told *told = user_data;
  gsize taken = 0;
  g_assert_true (told->in_message);
  g_assert_true (mbox_header_filter_feed (&told->filter, data, length, &taken));
  g_assert_cmpuint (taken, ==, length);
  return TRUE;
}

static gboolean
on_headers_end (guint64 blank, guint64 offset, MboxScanVerdict *verdict,
                gpointer user_data)
{
  Told *told = user_data;
  mbox_header_filter_finish (&told->filter);
  mbox_status_parse (&told->status, told->captured->data, told->captured->len);
  g_assert_cmpuint (blank, <, offset);
  g_assert_cmpuint (offset, <=, told->size);
  guint64 landing = offset + told->status.content_length;
  if (told->status.has_length && landing <= told->size && told->variant % 2 == 0)
    verdict->landing = landing;
  verdict->strict = told->status.strict;
  return TRUE;
}

static gboolean
on_end (const MboxScanEnd *end, gpointer user_data)
{
  Told *told = user_data;
  g_assert_true (told->in_message);
  g_assert_cmpuint (end->start, ==, told->at);
  g_assert_cmpuint (end->body_start, >=, end->start);
  g_assert_cmpuint (end->end, >=, end->body_start);
  g_assert_cmpuint (end->end, <=, told->size);
  g_assert_cmpuint (end->lone_lf, <=, end->end - end->body_start);
  g_assert_cmpuint (end->quoted_one, <=, end->quoted_any);
  told->in_message = FALSE;
  told->at = end->end;
  g_string_append_printf (told->text,
                          "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                          " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %x\n",
                          end->start, end->body_start, end->end, end->lone_lf,
                          end->quoted_any, told->status.flags);
  return TRUE;
}

static char *
run (const guint8 *data, gsize size, guint variant, gsize step)
{
  static const MboxScanHandler handler = {
    .begin = on_begin, .header = on_header, .headers_end = on_headers_end, .end = on_end
  };
  Told told = { .size = size, .variant = variant };
  told.captured = g_byte_array_new ();
  told.text = g_string_new (NULL);
  mbox_status_init (&told.status);
  g_autoptr (MboxScanner) scanner = mbox_scanner_new (0, &handler, &told);
  for (gsize at = 0; at < size; at += step)
    g_assert_true (mbox_scanner_feed (scanner, data + at, MIN (step, size - at)));
  g_assert_true (mbox_scanner_finish (scanner));
  g_assert_false (told.in_message);
  mbox_status_clear (&told.status);
  g_byte_array_unref (told.captured);
  return g_string_free (told.text, FALSE);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size < 2)
    return 0;
  g_autofree char *whole = run (data + 1, size - 1, data[0], size);
  g_autofree char *bytes = run (data + 1, size - 1, data[0], 1);
  g_autofree char *pieces = run (data + 1, size - 1, data[0], 1 + data[0] % 64);
  g_assert_cmpstr (whole, ==, bytes);
  g_assert_cmpstr (whole, ==, pieces);
  return 0;
}
