/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Line ends: vectors whole, byte by byte and split at every position, and long random
 * texts against a byte-wise model.
 */
#include <mailhaul/lines.h>

#include <string.h>

typedef struct
{
  const char *text, *crlf, *lf;
} LineVector;

static const LineVector vectors[] = {
  { "", "", "" },
  { "a", "a", "a" },
  { "\n", "\r\n", "\n" },
  { "\r\n", "\r\n", "\n" },
  { "\r", "\r", "\r" },
  { "\r\r\n", "\r\r\n", "\r\n" },
  { "\n\r", "\r\n\r", "\n\r" },
  { "\n\n", "\r\n\r\n", "\n\n" },
  { "\r\n\n", "\r\n\r\n", "\n\n" },
  { "a\nb\r\nc\rd\n", "a\r\nb\r\nc\rd\r\n", "a\nb\nc\rd\n" },
  { "a\r\r\r", "a\r\r\r", "a\r\r\r" },
  { "line one is long enough for vectors\nand so is line two, \r\nreally\n\n",
    "line one is long enough for vectors\r\nand so is line two, \r\nreally\r\n\r\n",
    "line one is long enough for vectors\nand so is line two, \nreally\n\n" },
};

/* Feeds @text in pieces of at most @piece bytes, the first of them @first bytes long. */
static void
check_pieces (const guint8 *text, gsize length, gsize first, gsize piece,
              const GString *crlf, const GString *lf)
{
  g_autofree guint8 *out = g_malloc (2 * length + 2);
  g_autofree guint8 *out_lf = g_malloc (2 * length + 2);
  HaulLineState size_state = { 0 }, crlf_state = { 0 }, lf_state = { 0 };
  guint64 size = 0;
  gsize written = 0, written_lf = 0;

  for (gsize at = 0, step = first; at < length || at == 0; at += step, step = piece)
    {
      gsize count = MIN (step, length - at);
      size += haul_lines_crlf_size (&size_state, text + at, count);
      written += haul_lines_to_crlf (&crlf_state, text + at, count, out + written);
      written_lf += haul_lines_to_lf (&lf_state, text + at, count, out_lf + written_lf);
      if (length == 0)
        break;
    }
  written_lf += haul_lines_finish_lf (&lf_state, out_lf + written_lf);

  g_assert_cmpuint (size, ==, crlf->len);
  g_assert_cmpmem (out, written, crlf->str, crlf->len);
  g_assert_cmpmem (out_lf, written_lf, lf->str, lf->len);
  g_assert_cmpuint (haul_lines_finish_lf (&lf_state, out_lf), ==, 0);
}

static void
test_vectors (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      const guint8 *text = (const guint8 *) vectors[i].text;
      gsize length = strlen (vectors[i].text);
      GString *crlf = g_string_new (vectors[i].crlf);
      GString *lf = g_string_new (vectors[i].lf);

      for (gsize split = 0; split <= length; split++)
        check_pieces (text, length, split, MAX (length, 1), crlf, lf);
      check_pieces (text, length, 1, 1, crlf, lf);
      g_string_free (crlf, TRUE);
      g_string_free (lf, TRUE);
    }
}

static void
test_random (void)
{
  for (guint round = 0; round < 300; round++)
    {
      gsize length = (gsize) g_test_rand_int_range (1, round % 10 == 0 ? 20000 : 200);
      GString *text = g_string_sized_new (length);
      GString *crlf = g_string_new (NULL), *lf = g_string_new (NULL);
      char before = 0;

      for (gsize i = 0; i < length; i++)
        g_string_append_c (text, "\r\n\nab\x80\xff\0c"[g_test_rand_int_range (0, 9)]);
      for (gsize i = 0; i < length; i++)
        {
          char c = text->str[i];
          if (c == '\n' && before != '\r')
            g_string_append_c (crlf, '\r');
          g_string_append_c (crlf, c);
          if (c != '\r' || i + 1 == length || text->str[i + 1] != '\n')
            g_string_append_c (lf, c);
          before = c;
        }
      gsize piece = (gsize) g_test_rand_int_range (1, 100);
      check_pieces ((guint8 *) text->str, length, piece, piece, crlf, lf);
      check_pieces ((guint8 *) text->str, length, length, length, crlf, lf);
      g_string_free (text, TRUE);
      g_string_free (crlf, TRUE);
      g_string_free (lf, TRUE);
    }
}

static void
test_in_place (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      HaulLineState state = { 0 };
      gsize length = strlen (vectors[i].text);
      g_autofree guint8 *text = g_malloc (length + 1);

      memcpy (text, vectors[i].text, length);
      gsize written = haul_lines_to_lf (&state, text, length, text);
      written += haul_lines_finish_lf (&state, text + written);
      g_assert_cmpmem (text, written, vectors[i].lf, strlen (vectors[i].lf));
    }
}

/* Lengths round the vector's width and the lanes' limit, at each alignment. */
static void
test_count (void)
{
  g_autofree guint8 *text = g_malloc (16 * 600 + 64);
  memset (text, '\n', 16 * 600 + 64);

  for (gsize offset = 0; offset < 16; offset++)
    for (gsize length = 0; length < 16 * 600; length += length < 70 ? 1 : 509)
      {
        HaulLineState state = { 0 };
        g_assert_cmpuint (haul_lines_count_lf (text + offset, length), ==, length);
        g_assert_cmpuint (haul_lines_crlf_size (&state, text + offset, length), ==,
                          2 * length);
      }
  memset (text, '\v', 16 * 600);
  g_assert_cmpuint (haul_lines_count_lf (text, 16 * 600), ==, 0);
}

typedef gsize (*SpanFunc) (const guint8 *text, gsize length, guint8 *out);

static gsize
span_count (const guint8 *text, gsize length, guint8 *out)
{
  return haul_lines_count_lf (text, length);
}

static gsize
span_size (const guint8 *text, gsize length, guint8 *out)
{
  HaulLineState state = { 0 };
  return (gsize) haul_lines_crlf_size (&state, text, length);
}

static gsize
span_to_crlf (const guint8 *text, gsize length, guint8 *out)
{
  HaulLineState state = { 0 };
  return haul_lines_to_crlf (&state, text, length, out);
}

static gsize
span_to_lf (const guint8 *text, gsize length, guint8 *out)
{
  HaulLineState state = { 0 };
  return haul_lines_to_lf (&state, text, length, out);
}

/* Printed for people, with -m perf only; no figure is demanded here. */
static void
test_speed (void)
{
  static const struct
  {
    const char *name;
    SpanFunc func;
  } spans[] = { { "count_lf", span_count },
                { "crlf_size", span_size },
                { "to_crlf", span_to_crlf },
                { "to_lf", span_to_lf } };
  const gsize length = 64 * 1024;
  g_autofree guint8 *text = g_malloc (length);
  g_autofree guint8 *out = g_malloc (2 * length);

  for (gsize width = 38; width <= 76; width *= 2)
    for (gsize s = 0; s < G_N_ELEMENTS (spans); s++)
      {
        for (gsize i = 0; i < length; i++)
          text[i] = i % (width + 1) == width ? '\n' : 'x';
        if (s == 3)
          for (gsize i = width; i < length; i += width + 1)
            text[i - 1] = '\r';
        g_test_timer_start ();
        gsize total = 0;
        for (guint i = 0; i < 20000; i++)
          total += spans[s].func (text, length, out);
        double seconds = g_test_timer_elapsed ();
        g_test_message ("%s, lines of %zu: %.1f GB/s (%zu)", spans[s].name, width,
                        20000.0 * (double) length / seconds / 1e9, total);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/lines/convert-in-any-pieces", test_vectors);
  g_test_add_func ("/base/lines/convert-random-texts", test_random);
  g_test_add_func ("/base/lines/to-lf-works-in-place", test_in_place);
  g_test_add_func ("/base/lines/count-at-any-length-and-alignment", test_count);
  if (g_test_perf ())
    g_test_add_func ("/base/lines/speed", test_speed);
  return g_test_run ();
}
