/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scanner on vectors, each whole, byte by byte and split at every position. What it
 * says is written down as text and compared. Test thread.
 */
#include "../backends/mbox/scanner.h"

#include <string.h>

#define FROM  "From a@b Fri Nov  9 22:33:52 2001"
#define OTHER "From c@d Sat Nov 10 22:33:52 2001"

/* Vector: @expect: per message "start:[headers]content-of-body/lone-lf;". @length 0: a
 * string. @content_length: what the first header block claims; 0: nothing. */
typedef struct
{
  const char *name;
  const char *data;
  gsize length;
  const char *expect;
  guint64 content_length;
  gboolean strict;
} Vector;

#define BYTES(text) (text), sizeof (text) - 1

static const Vector vectors[] = {
  { "one", BYTES (FROM "\nA: b\n\nbody\n"), "0:[A: b\n]\nbody\n/2;", 0, FALSE },
  { "empty-file", "", 0, "", 0, FALSE },
  { "two", BYTES (FROM "\nA: b\n\nbody\n\n" OTHER "\nC: d\n\nmore\n\n"),
    "0:[A: b\n]\nbody\n/2;46:[C: d\n]\nmore\n/2;", 0, FALSE },
  { "no-newline-at-end", BYTES (FROM "\nA: b\n\nbody"), "0:[A: b\n]\nbody/1;", 0, FALSE },
  { "blank-lines-at-end", BYTES (FROM "\nA: b\n\nbody\n\n\n\n"),
    "0:[A: b\n]\nbody\n\n\n/4;", 0, FALSE },
  { "crlf", BYTES (FROM "\r\nA: b\r\n\r\nbody\r\n\r\n" OTHER "\r\nC: d\r\n\r\nx\r\n"),
    "0:[A: b\r\n]\r\nbody\r\n/0;51:[C: d\r\n]\r\nx\r\n/0;", 0, FALSE },
  { "mixed", BYTES (FROM "\nA: b\r\n\nbody\r\nx\n\r\n" OTHER "\nC: d\n\nx\n"),
    "0:[A: b\r\n]\nbody\r\nx\n/2;51:[C: d\n]\nx\n/2;", 0, FALSE },
  { "headers-only", BYTES (FROM "\nA: b\n\n" OTHER "\nC: d\n"),
    "0:[A: b\n]/0;40:[C: d\n]/0;", 0, FALSE },
  { "headers-and-empty-body", BYTES (FROM "\nA: b\n\n\n" OTHER "\nC: d\n\n\n"),
    "0:[A: b\n]\n/1;41:[C: d\n]\n/1;", 0, FALSE },
  { "from-in-text", BYTES (FROM "\nA: b\n\nx\n\nFrom now on\n\nFrom a@b never\n"),
    "0:[A: b\n]\nx\n\nFrom now on\n\nFrom a@b never\n/6;", 0, FALSE },
  { "from-without-blank-and-header", BYTES (FROM "\nA: b\n\nx\n" OTHER "\nno header\n"),
    "0:[A: b\n]\nx\n" OTHER "\nno header\n/4;", 0, FALSE },
  { "missing-blank", BYTES (FROM "\nA: b\n\nx\n" OTHER "\nC: d\n\ny\n"),
    "0:[A: b\n]\nx\n/2;42:[C: d\n]\ny\n/2;", 0, FALSE },
  { "missing-blank-at-eof", BYTES (FROM "\nA: b\n\nx\n" OTHER "\n"),
    "0:[A: b\n]\nx\n" OTHER "\n/3;", 0, FALSE },
  { "missing-blank-in-headers", BYTES (FROM "\nA: b\n" OTHER "\nC: d\n\ny\n"),
    "0:[A: b\n]/0;39:[C: d\n]\ny\n/2;", 0, FALSE },
  { "two-separators", BYTES (FROM "\n" OTHER "\nC: d\n\ny\n"),
    "0:[]/0;34:[C: d\n]\ny\n/2;", 0, FALSE },
  { "after-blank-without-header", BYTES (FROM "\nA: b\n\nx\n\n" OTHER "\nno header\n"),
    "0:[A: b\n]\nx\n/2;43:[no header\n]/0;", 0, FALSE },
  { "quoted-from", BYTES (FROM "\nA: b\n\nx\n\n>" OTHER "\n>>" OTHER "\n"),
    "0:[A: b\n]\nx\n\n>" OTHER "\n>>" OTHER "\n/5+1+2;", 0, FALSE },
  { "leading-blank-lines", BYTES ("\n\r\n" FROM "\nA: b\n\nx\n"), "3:[A: b\n]\nx\n/2;", 0,
    FALSE },
  { "hole-at-start", BYTES ("\0\0\0" FROM "\nA: b\n\nx\n"), "3:[A: b\n]\nx\n/2;", 0,
    FALSE },
  { "hole-at-separator", BYTES (FROM "\nA: b\n\nx\n\n\0\0\0\0" OTHER "\nC: d\n\ny\n"),
    "0:[A: b\n]\nx\n/2;47:[C: d\n]\ny\n/2;", 0, FALSE },
  { "hole-after-half-a-line",
    BYTES (FROM "\nA: b\n\nhal\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" OTHER "\nC: d\n\ny\n"),
    "0:[A: b\n]\nhal/1;59:[C: d\n]\ny\n/2;", 0, FALSE },
  { "few-nul-in-a-line", BYTES (FROM "\nA: b\n\nhal\0\0" OTHER "\nC: d\n\ny\n"),
    "0:[A: b\n]\nhal00" OTHER "\nC: d\n\ny\n/5;", 0, FALSE },
  { "hole-at-end", BYTES (FROM "\nA: b\n\nx\n\n\0\0\0\0"), "0:[A: b\n]\nx\n/2;", 0,
    FALSE },
  { "nul-in-text", BYTES (FROM "\nA: b\n\nx\0y\n\n\0z\n"), "0:[A: b\n]\nx0y\n\n0z\n/4;",
    0, FALSE },
  { "nul-is-text-in-ours", BYTES (FROM "\nA: b\n\nx\n\n\0\0\0\0" OTHER "\nC: d\n\ny\n"),
    "0:[A: b\n]\nx\n\n0000" OTHER "\nC: d\n\ny\n/7;", 0, TRUE },
  { "missing-blank-is-text-in-ours", BYTES (FROM "\nA: b\n\nx\n" OTHER "\nC: d\n\ny\n"),
    "0:[A: b\n]\nx\n" OTHER "\nC: d\n\ny\n/6;", 0, TRUE },
  { "bare-from-of-thunderbird",
    BYTES ("From \nX-Mozilla-Status: 0001\nA: b\n\nx\n\nFrom \r\nX-Mozilla-Status: "
           "0\n\ny\n"),
    "0:[X-Mozilla-Status: 0001\nA: b\n]\nx\n/2;38:[X-Mozilla-Status: 0\n]\ny\n/2;", 0,
    FALSE },
  { "bare-from-in-text", BYTES (FROM "\nA: b\n\nx\n\nFrom \nSubject: y\n"),
    "0:[A: b\n]\nx\n\nFrom \nSubject: y\n/5;", 0, FALSE },
  { "counted",
    BYTES (FROM "\nA: b\n\nx\n\n" OTHER "\nC: d\n\ny\n\n" OTHER "\nE: f\n\nz\n"),
    "0:[A: b\n]\nx\n\n" OTHER "\nC: d\n\ny\n/7c1;86:[E: f\n]\nz\n/2;", 45, FALSE },
  { "counted-without-blank", BYTES (FROM "\nA: b\n\nhello" OTHER "\nC: d\n\ny\n"),
    "0:[A: b\n]\nhello/1c0;45:[C: d\n]\ny\n/2;", 5, FALSE },
  { "counted-in-mid-line", BYTES (FROM "\nA: b\n\nhello\n" OTHER "\nC: d\n\ny\n"),
    "0:[A: b\n]\nhello/1c0;46:[C: d\n]\ny\n/2;", 5, FALSE },
  { "counted-to-the-end", BYTES (FROM "\nA: b\n\nhello\n"), "0:[A: b\n]\nhello\n/2c0;", 6,
    FALSE },
  { "counted-with-a-quote-at-the-border",
    BYTES (FROM "\nA: b\n\nx\n>From y\n\n" OTHER "\n\n"),
    "0:[A: b\n]\nx\n>From y\n/3+1+1c0;51:[]/0;", 10, FALSE },
};

/* Told: what a scanner said. */
typedef struct
{
  const Vector *vector;
  GString *text;
  guint64 body;
} Told;

/* NUL as '0', so that it fits into a string. */
static void
add_bytes (GString *text, const guint8 *data, gsize length)
{
  for (gsize i = 0; i < length; i++)
    g_string_append_c (text, data[i] == 0 ? '0' : (char) data[i]);
}

static gboolean
on_begin (const MboxScanBegin *begin, gpointer user_data)
{
  Told *told = user_data;
  g_string_append_printf (told->text, "%" G_GUINT64_FORMAT ":[", begin->offset);
  return TRUE;
}

static gboolean
on_header (const guint8 *data, gsize length, gpointer user_data)
{
  Told *told = user_data;
  add_bytes (told->text, data, length);
  return TRUE;
}

static gboolean
on_headers_end (guint64 blank, guint64 offset, MboxScanVerdict *verdict,
                gpointer user_data)
{
  Told *told = user_data;
  if (told->vector->content_length > 0 && blank < 50)
    verdict->landing = offset + told->vector->content_length;
  verdict->strict = told->vector->strict;
  return TRUE;
}

static gboolean
on_end (const MboxScanEnd *end, gpointer user_data)
{
  Told *told = user_data;
  const guint8 *data = (const guint8 *) told->vector->data;
  g_string_append_c (told->text, ']');
  add_bytes (told->text, data + end->body_start, end->end - end->body_start);
  g_string_append_printf (told->text, "/%u", (guint) end->lone_lf);
  if (end->quoted_any > 0)
    g_string_append_printf (told->text, "+%u+%u", (guint) end->quoted_one,
                            (guint) end->quoted_any);
  if (end->counted)
    g_string_append_printf (told->text, "c%u", (guint) end->inner_from);
  g_string_append_c (told->text, ';');
  return TRUE;
}

static const MboxScanHandler handler = {
  .begin = on_begin, .header = on_header, .headers_end = on_headers_end, .end = on_end
};

static void
feed (MboxScanner *scanner, const Vector *vector, gsize from, gsize to)
{
  /* exactly these bytes, so that a sanitizer sees the border */
  g_autofree guint8 *piece = g_memdup2 (vector->data + from, to - from);
  g_assert_true (mbox_scanner_feed (scanner, piece, to - from));
}

static void
check_told (Told *told, MboxScanner *scanner)
{
  g_assert_true (mbox_scanner_finish (scanner));
  g_assert_cmpstr (told->text->str, ==, told->vector->expect);
  g_assert_false (mbox_scanner_preamble (scanner));
  g_string_free (told->text, TRUE);
}

static void
check_vector (gconstpointer data)
{
  const Vector *vector = data;
  for (gsize split = 0; split <= vector->length; split++)
    {
      Told told = { .vector = vector, .text = g_string_new (NULL) };
      g_autoptr (MboxScanner) scanner = mbox_scanner_new (0, &handler, &told);
      feed (scanner, vector, 0, split);
      feed (scanner, vector, split, vector->length);
      check_told (&told, scanner);
    }
  Told told = { .vector = vector, .text = g_string_new (NULL) };
  g_autoptr (MboxScanner) scanner = mbox_scanner_new (0, &handler, &told);
  for (gsize i = 0; i < vector->length; i++)
    feed (scanner, vector, i, i + 1);
  check_told (&told, scanner);
}

static void
long_lines (void)
{
  /* heads of each length around the limit, a long From_ line, a long quoted run */
  for (gsize size = MBOX_FROM_LIMIT_BYTES - 3; size < MBOX_FROM_LIMIT_BYTES + 4; size++)
    {
      g_autoptr (GString) text = g_string_new (FROM " ");
      for (gsize i = 0; i < size; i++)
        g_string_append_c (text, 'j');
      g_string_append (text, "\nA: ");
      for (gsize i = 0; i < size; i++)
        g_string_append_c (text, 'h');
      g_string_append (text, "\n\n");
      gsize body = text->len - 1;
      for (gsize i = 0; i < size; i++)
        g_string_append_c (text, '>');
      g_string_append (text, "From x\r\n");
      Vector vector = { .data = text->str, .length = text->len };
      for (gsize step = 1; step < 5000; step += 509)
        {
          Told told = { .vector = &vector, .text = g_string_new (NULL) };
          g_autofree char *expect = NULL;
          expect = g_strdup_printf ("0:[%.*s]%s/1+0+1;", (int) (size + 4),
                                    strchr (text->str, '\n') + 1, text->str + body);
          vector.expect = expect;
          g_autoptr (MboxScanner) scanner = mbox_scanner_new (0, &handler, &told);
          for (gsize at = 0; at < text->len; at += step)
            feed (scanner, &vector, at, MIN (at + step, text->len));
          check_told (&told, scanner);
        }
    }
}

static void
preamble (void)
{
  static const char *const texts[] = { "hello\n", "Subject: x\n\n",
                                       "From now on\n\n" FROM "\nA: b\n", "\n\nx" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      Vector vector = { .data = texts[i], .length = strlen (texts[i]) };
      Told told = { .vector = &vector, .text = g_string_new (NULL) };
      g_autoptr (MboxScanner) scanner = mbox_scanner_new (0, &handler, &told);
      feed (scanner, &vector, 0, vector.length);
      g_assert_true (mbox_scanner_finish (scanner));
      g_assert_true (mbox_scanner_preamble (scanner));
      g_string_free (told.text, TRUE);
    }
}

static void
offsets_beyond_32_bits (void)
{
  Vector vector = { .data = FROM "\n", .length = strlen (FROM) + 1 };
  Told told = { .vector = &vector, .text = g_string_new (NULL) };
  guint64 start = G_GUINT64_CONSTANT (5) << 32;
  g_autoptr (MboxScanner) scanner = mbox_scanner_new (start, &handler, &told);
  feed (scanner, &vector, 0, vector.length);
  g_assert_true (g_str_has_prefix (told.text->str, "21474836480:["));
  g_string_free (told.text, TRUE);
}

static void
boundaries (void)
{
  static const struct
  {
    const char *data;
    gboolean at_eof;
    gboolean expect;
  } table[] = {
    { "\n", TRUE, TRUE },
    { "x", TRUE, TRUE },
    { "x\n", TRUE, TRUE },
    { "x\n\n", TRUE, TRUE },
    { "x\n\n\n", TRUE, FALSE },
    { "\n" FROM "\n", FALSE, TRUE },
    { "x" FROM "\n", FALSE, FALSE },
    { "x\n" FROM "\n", FALSE, TRUE },
    { "x\r\n" FROM "\r\n", FALSE, TRUE },
    { "\n\n" FROM "\n", FALSE, TRUE },
    { "\nFrom now on\n", FALSE, FALSE },
    { "\nx", FALSE, FALSE },
    { "\n", FALSE, FALSE },
    { "", TRUE, FALSE },
    { "x\r", TRUE, FALSE },
    { "\nFrom \nX-Mozilla-Status: 1\n", FALSE, TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      gsize length = strlen (table[i].data);
      g_autofree guint8 *exact = g_memdup2 (table[i].data, length);
      g_test_message ("%s", table[i].data);
      g_assert_cmpint (mbox_scanner_is_boundary (exact, length, table[i].at_eof), ==,
                       table[i].expect);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/mbox/scanner/vector/%s",
                                               vectors[i].name);
      g_test_add_data_func (path, &vectors[i], check_vector);
    }
  g_test_add_func ("/mbox/scanner/takes-lines-of-any-length", long_lines);
  g_test_add_func ("/mbox/scanner/tells-what-is-no-mbox", preamble);
  g_test_add_func ("/mbox/scanner/counts-beyond-32-bits", offsets_beyond_32_bits);
  g_test_add_func ("/mbox/scanner/knows-where-a-message-may-end", boundaries);
  return g_test_run ();
}
