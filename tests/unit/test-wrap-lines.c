/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter wrap-lines, alone, with a limit of 60.
 */
#include <string.h>

#include "plugins/fake-transform.h"

HAUL_API const HaulFilter *haul_filter_wrap_lines_get (void);

#define TEN  "123456789 "
#define LONG TEN TEN TEN TEN TEN TEN TEN "end"

typedef struct
{
  const char *input, *expected;
} Vector;

static FakeFilter *
make (const char *limit, const char *method)
{
  const FakeOption options[] = { { "limit", limit },
                                 { "method", method },
                                 { NULL, NULL } };
  g_autofree char *message = NULL;
  FakeFilter *filter = fake_filter_new (haul_filter_wrap_lines_get (), options, &message);

  g_assert_cmpstr (message, ==, NULL);
  return filter;
}

static void
check (const char *method, const Vector *vectors, gsize count)
{
  g_autoptr (FakeFilter) filter = make ("60", method);

  for (gsize i = 0; i < count; i++)
    fake_transform_check (filter, vectors[i].input, vectors[i].expected);
}

/* Inputs that both methods leave as they are. */
static void
test_stays (void)
{
  static const char *const inputs[] = {
    "",
    "A: b",
    "A: b\r\n\r\n",
    "A: " LONG "\r\n\r\nshort\r\n",
    "A: b\r\n\r\n" TEN TEN TEN TEN TEN "1234567890\r\nx",
    "Content-Transfer-Encoding: base64\r\n\r\n" LONG "\r\n",
    "Content-Transfer-Encoding: Quoted-Printable\r\n\r\n" LONG "\r\n",
    "Content-Type: application/pdf\r\n\r\n" LONG "\r\n",
    "Content-Type: message/rfc822\r\n\r\n" LONG "\r\n",
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n" LONG "\r\n--x\r\n"
    "Content-Type: image/png\r\n\r\n" LONG "\r\n--x--\r\n" LONG "\r\n",
    "Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\n" LONG "\r\n--x--\r\n",
    "Content-Type: multipart/encrypted; boundary=x\r\n\r\n--x\r\n\r\n" LONG
    "\r\n--x--\r\n",
    /* headers that nobody understands */
    "nonsense\r\nA: b\r\n\r\n" LONG "\r\n",
    "Content-Type: multipart/mixed\r\n\r\n" LONG "\r\n",
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nA: b\r\n--x--\r\n" LONG,
  };
  static const char *const methods[] = { "break", "quoted-printable" };

  for (gsize m = 0; m < G_N_ELEMENTS (methods); m++)
    for (gsize i = 0; i < G_N_ELEMENTS (inputs); i++)
      {
        const Vector vector = { inputs[i], inputs[i] };

        check (methods[m], &vector, 1);
      }
}

static void
test_quoted (void)
{
  static const Vector vectors[] = {
    { "A: b\r\n\r\nfirst = \303\244\r\n" LONG "\r\nlast \r\n",
      "A: b\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
      "first =3D =C3=A4\r\n" TEN TEN TEN TEN TEN TEN TEN "end\r\nlast=20\r\n" },
    { "mime-version: 1.0\r\ncontent-transfer-encoding: 8bit\r\nA: b\r\n\r\n" TEN TEN TEN
          TEN TEN TEN TEN TEN "\n\t\nx\ry",
      "mime-version: 1.0\r\nA: b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
      "123456789 123456789 123456789 123456789 123456789 123456789 123456789 12345=\r\n"
      "6789=20\n=09\nx=0Dy" },
    { "Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\n--a b\r\n"
      "Content-Type: text/html\r\n\r\n" LONG "\r\n--a b \t\r\n\r\nshort\r\n--a b--\r\n",
      "Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\n--a b\r\n"
      "Content-Type: text/html\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\n" LONG "\r\n--a b \t\r\n\r\nshort\r\n--a b--\r\n" },
  };

  check ("quoted-printable", vectors, G_N_ELEMENTS (vectors));
}

static void
test_break (void)
{
  static const Vector vectors[] = {
    { "A: b\r\n\r\n" LONG "\r\nx",
      "A: b\r\n\r\n" TEN TEN TEN TEN TEN TEN "\r\n" TEN "end\r\nx" },
    /* no blank: not within a character */
    { "\r\n12345678901234567890123456789012345678901234567890123456789\303\244\303\244\n",
      "\r\n12345678901234567890123456789012345678901234567890123456789\r\n"
      "\303\244\303\244\n" },
    { "Content-Type: text/html\r\n\r\n" LONG "\r\n",
      "Content-Type: text/html\r\n\r\n" LONG "\r\n" },
    /* nested multiparts, a parent's boundary ends the child */
    { "Content-Type: multipart/mixed; boundary=p\r\n\r\n--p\r\n"
      "Content-Type: multipart/alternative; boundary=\"c\"\r\n\r\n--c\r\n\r\n" LONG
      "\r\n--p\r\n\r\n" LONG "\r\n--c\r\n--p--\r\n" LONG "\r\n",
      "Content-Type: multipart/mixed; boundary=p\r\n\r\n--p\r\n"
      "Content-Type: multipart/alternative; boundary=\"c\"\r\n\r\n--c\r\n\r\n" TEN TEN TEN
          TEN TEN TEN "\r\n" TEN "end\r\n--p\r\n\r\n" TEN TEN TEN TEN TEN TEN "\r\n" TEN
      "end\r\n--c\r\n--p--\r\n" LONG "\r\n" },
  };

  check ("break", vectors, G_N_ELEMENTS (vectors));
}

/* A line of many pieces, and a part of many lines before it. */
static void
test_large (void)
{
  static const char *const methods[] = { "break", "quoted-printable" };
  static const gsize steps[] = { 1 << 20, 4096, 4095, 977 };
  g_autoptr (GString) input = g_string_new ("A: b\r\n\r\n");

  while (input->len < 600000)
    g_string_append (input, "a short line\r\n");
  for (guint i = 0; i < 100000; i++)
    g_string_append (input, i % 5000 == 0 ? " " : "\303\266");
  g_string_append (input, "\r\nthe end");
  for (gsize m = 0; m < G_N_ELEMENTS (methods); m++)
    {
      g_autoptr (FakeFilter) filter = make ("998", methods[m]);
      g_autoptr (GByteArray) first = NULL;

      for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
        {
          g_auto (FakeResult) result = fake_transform (
              filter, (const guint8 *) input->str, input->len, 5, steps[i]);
          gsize line = 0;

          g_assert_no_error (result.error);
          for (guint at = 0; at < result.bytes->len; at++)
            {
              line = result.bytes->data[at] == '\n' ? 0 : line + 1;
              g_assert_cmpuint (line, <=, 999);
            }
          if (first != NULL)
            g_assert_cmpmem (result.bytes->data, result.bytes->len, first->data,
                             first->len);
          else
            first = g_byte_array_ref (result.bytes);
        }
    }
}

static void
test_mistakes (void)
{
  const FakeOption options[] = { { "limit", "59" }, { NULL, NULL } };
  g_autofree char *message = NULL;
  g_autoptr (FakeFilter)
      filter = fake_filter_new (haul_filter_wrap_lines_get (), options, &message);

  g_assert_null (filter);
  g_assert_nonnull (message);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wrap-lines/parts/that-stay", test_stays);
  g_test_add_func ("/wrap-lines/quoted-printable/loses-nothing", test_quoted);
  g_test_add_func ("/wrap-lines/break/at-a-blank-or-between-characters", test_break);
  g_test_add_func ("/wrap-lines/limits/lines-and-parts-of-any-size", test_large);
  g_test_add_func ("/wrap-lines/check/the-limit-has-a-limit", test_mistakes);
  return g_test_run ();
}
