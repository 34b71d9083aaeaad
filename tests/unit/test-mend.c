/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter mend, alone.
 */
#include <string.h>

#include "plugins/fake-transform.h"

HAUL_API const HaulFilter *haul_filter_mend_get (void);

typedef struct
{
  const char *input, *expected;
} Vector;

static FakeFilter *
make (const FakeOption *options)
{
  static const FakeOption none[] = { { NULL, NULL } };
  g_autofree char *message = NULL;
  FakeFilter *filter = fake_filter_new (haul_filter_mend_get (),
                                        options != NULL ? options : none, &message);

  g_assert_cmpstr (message, ==, NULL);
  return filter;
}

static void
check (const FakeOption *options, const Vector *vectors, gsize count)
{
  g_autoptr (FakeFilter) filter = make (options);

  for (gsize i = 0; i < count; i++)
    fake_transform_check (filter, vectors[i].input, vectors[i].expected);
}

static void
test_good (void)
{
  static const Vector vectors[] = {
    { "", "" },
    { "A: b\r\n\r\nbody\r\n", "A: b\r\n\r\nbody\r\n" },
    { "A: b\r\n folded\r\n\tmore\r\n\r\n\r\nFrom here\r\n\r\n",
      "A: b\r\n folded\r\n\tmore\r\n\r\n\r\nFrom here\r\n\r\n" },
    { "\r\nbody\r\n", "\r\nbody\r\n" },
    { "Subject: \303\244\r\n\r\n\344\r\n", "Subject: \303\244\r\n\r\n\344\r\n" },
  };

  check (NULL, vectors, G_N_ELEMENTS (vectors));
}

static void
test_line_ends (void)
{
  static const Vector vectors[] = {
    { "A: b\nC: d\n\nx\ny\n", "A: b\r\nC: d\r\n\r\nx\r\ny\r\n" },
    { "A: b\rC: d\r\rx\ry\r", "A: b\r\nC: d\r\n\r\nx\r\ny\r\n" },
    { "A: b\r\r\nC: d\r\r\r\n\r\r\nx\r\r\n", "A: b\r\nC: d\r\n\r\nx\r\n" },
    /* a CR within a field begins no new one */
    { "A: b\r\nC: d\rBcc: e\r\n\r\nx\ry\r\n", "A: b\r\nC: d Bcc: e\r\n\r\nx\r\ny\r\n" },
    { "A: b\r\n\r\nx\r\r\r", "A: b\r\n\r\nx\r\n\r\n\r\n" },
  };

  check (NULL, vectors, G_N_ELEMENTS (vectors));
}

static void
test_line_ends_off (void)
{
  static const FakeOption options[] = { { "line-ends", "no" }, { NULL, NULL } };
  static const Vector vectors[] = { { "A: b\n\nx\ry\n", "A: b\n\nx\ry\n" },
                                    { "A: b\n\nx", "A: b\n\nx\r\n" } };

  check (options, vectors, G_N_ELEMENTS (vectors));
}

static void
test_from_lines (void)
{
  static const Vector vectors[] = {
    { "From a@b Thu Jan  1 10:00:00 2004\r\nA: b\r\n\r\nx\r\n", "A: b\r\n\r\nx\r\n" },
    { ">From a@b Thu Jan  1 10:00:00 2004\nA: b\n>From c Thu Jan  1 10:00 2004\n\nx\n",
      "A: b\r\n\r\nx\r\n" },
    { "A: b\r\n\r\nFrom a@b Thu Jan  1 10:00:00 2004\r\n",
      "A: b\r\n\r\nFrom a@b Thu Jan  1 10:00:00 2004\r\n" },
    /* a letter that begins so is none */
    { "From my house\r\nall is well\r\n", "\r\nFrom my house\r\nall is well\r\n" },
  };

  check (NULL, vectors, G_N_ELEMENTS (vectors));
}

static void
test_header_end (void)
{
  static const Vector vectors[] = {
    { "A: b\r\nHello Bob\r\nall is well\r\n\r\nbye\r\n",
      "A: b\r\n\r\nHello Bob\r\nall is well\r\n\r\nbye\r\n" },
    { "A: b\r\nHello Bob\r\nPS: all is well",
      "A: b\r\n\r\nHello Bob\r\nPS: all is well\r\n" },
    /* a broken line in the midst of a header */
    { "A: b\r\nbroken line\r\nSubject: c\r\n\r\nx\r\n",
      "A: b\r\nbroken line\r\nSubject: c\r\n\r\nx\r\n" },
    { "A: b\r\nbroken\r\nX-More: c\r\nHello\r\n",
      "A: b\r\nbroken\r\nX-More: c\r\n\r\nHello\r\n" },
    /* nothing but a header */
    { "A: b\r\n", "A: b\r\n\r\n" },
    { "A: b", "A: b\r\n\r\n" },
    { "no header\r\n", "\r\nno header\r\n" },
    { " folded\r\nA: b\r\n\r\n", " folded\r\nA: b\r\n\r\n" },
  };
  static const FakeOption off[] = { { "header-end", "no" }, { NULL, NULL } };
  static const Vector same[] = { { "A: b\r\nHello Bob\r\n", "A: b\r\nHello Bob\r\n" } };

  check (NULL, vectors, G_N_ELEMENTS (vectors));
  check (off, same, G_N_ELEMENTS (same));
}

/* More than is held while it is open whether the body has begun. */
static void
test_long_body (void)
{
  g_autoptr (FakeFilter) filter = make (NULL);
  g_autoptr (GString) input = g_string_new ("A: b\r\nHello\r\n");
  g_autoptr (GString) expected = g_string_new ("A: b\r\n\r\nHello\r\n");
  gsize steps[] = { 1, 7, 4096, 1 << 20 };

  while (input->len < 200000)
    {
      g_string_append (input, "a line of the letter\r\n");
      g_string_append (expected, "a line of the letter\r\n");
    }
  g_string_append (input, "Subject: no\r\n\r\n");
  g_string_append (expected, "Subject: no\r\n\r\n");
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_auto (FakeResult) result = fake_transform (filter, (const guint8 *) input->str,
                                                   input->len, 3, steps[i]);
      g_assert_no_error (result.error);
      g_assert_cmpmem (result.bytes->data, result.bytes->len, expected->str,
                       expected->len);
    }
}

static void
test_nul (void)
{
  static const char *const values[] = { "drop", "blank", "keep" };
  static const char input[] = "A: b\0c\r\n\r\n\0x\r\0\n";
  static const char dropped[] = "A: bc\r\n\r\nx\r\n\r\n";
  static const char blank[] = "A: b c\r\n\r\n x\r\n \r\n";
  static const char kept[] = "A: b\0c\r\n\r\n\0x\r\n\0\r\n";
  const char *const expected[] = { dropped, blank, kept };
  const gsize lengths[] = { sizeof dropped - 1, sizeof blank - 1, sizeof kept - 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      const FakeOption options[] = { { "nul", values[i] }, { NULL, NULL } };
      g_autoptr (FakeFilter) filter = make (options);
      g_autoptr (GBytes) from = g_bytes_new (input, sizeof input - 1);
      g_autoptr (GBytes) to = g_bytes_new (expected[i], lengths[i]);

      fake_transform_check_bytes (filter, from, to);
    }
}

static void
test_last_line (void)
{
  static const FakeOption off[] = { { "last-line", "no" }, { NULL, NULL } };
  static const Vector on[] = { { "A: b\r\n\r\nx", "A: b\r\n\r\nx\r\n" },
                               { "A: b\r\n\r\nx\r", "A: b\r\n\r\nx\r\n" } };
  static const Vector same[] = { { "A: b\r\n\r\nx", "A: b\r\n\r\nx" } };

  check (NULL, on, G_N_ELEMENTS (on));
  check (off, same, G_N_ELEMENTS (same));
}

/* What was mended is right: once more changes nothing. */
static void
test_twice (void)
{
  static const char *const inputs[] = {
    "A: b\nHello\rX-A: c\n\n", "\r\r\r", "\n", "From x 10:00 2004\n\r\nA: b",
    "x: y\r z\r\r\nq",         " ",      "::", "A: b\r\nq\r\n\r\nSubject: x",
  };
  g_autoptr (FakeFilter) filter = make (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (inputs); i++)
    {
      g_auto (FakeResult) once = fake_transform (filter, (const guint8 *) inputs[i],
                                                 strlen (inputs[i]), 1, 1);
      g_auto (FakeResult)
          twice = fake_transform (filter, once.bytes->data, once.bytes->len, 1, 1);
      g_assert_cmpmem (twice.bytes->data, twice.bytes->len, once.bytes->data,
                       once.bytes->len);
    }
}

static void
test_nothing (void)
{
  static const FakeOption options[] = { { "line-ends", "no" },  { "nul", "keep" },
                                        { "from-lines", "no" }, { "header-end", "no" },
                                        { "last-line", "no" },  { NULL, NULL } };
  g_autofree char *message = NULL;
  g_autoptr (FakeFilter)
      filter = fake_filter_new (haul_filter_mend_get (), options, &message);

  g_assert_null (filter);
  g_assert_cmpstr (message, ==, "everything is switched off: nothing is left to mend");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mend/good/stays-byte-by-byte", test_good);
  g_test_add_func ("/mend/good/once-more-changes-nothing", test_twice);
  g_test_add_func ("/mend/line-ends/become-crlf", test_line_ends);
  g_test_add_func ("/mend/line-ends/stay-when-switched-off", test_line_ends_off);
  g_test_add_func ("/mend/from-lines/are-left-out", test_from_lines);
  g_test_add_func ("/mend/header-end/is-put-in", test_header_end);
  g_test_add_func ("/mend/header-end/of-a-long-letter", test_long_body);
  g_test_add_func ("/mend/nul/is-dropped-blanked-or-kept", test_nul);
  g_test_add_func ("/mend/last-line/is-ended", test_last_line);
  g_test_add_func ("/mend/check/something-must-be-left", test_nothing);
  return g_test_run ();
}
