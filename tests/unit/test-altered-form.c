/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The altered form: a message and what servers and our own mending make of it are known
 * as the same; different messages, and changes that no store makes, are not.
 */
#include "model/altered-form.h"

#include <string.h>

static AlteredForm
form_of (const char *data, gsize length, gsize step)
{
  g_autoptr (AlteredReader) reader = altered_reader_new ();
  AlteredForm form;
  for (gsize at = 0; at < length; at += step)
    altered_reader_update (reader, (const guint8 *) data + at, MIN (step, length - at));
  altered_reader_finish (reader, &form);
  return form;
}

#define TEXT(text) text, sizeof (text) - 1

typedef struct
{
  const char *name;
  const char *own;
  gsize own_length;
  const char *copy;
  gsize copy_length;
  gboolean same;
} Case;

static const Case cases[] = {
  { "itself", TEXT ("A: b\r\n\r\nx\r\n"), TEXT ("A: b\r\n\r\nx\r\n"), FALSE },
  { "8-bit-header", TEXT ("A: \xe4\xc3\r\n\r\nx\r\n"), TEXT ("A: XX\r\n\r\nx\r\n"),
    TRUE },
  { "8-bit-header-other", TEXT ("A: \xe4\r\n\r\nx\r\n"), TEXT ("A: \xe5\r\n\r\nx\r\n"),
    FALSE },
  { "8-bit-header-grown", TEXT ("A: X\r\n\r\nx\r\n"), TEXT ("A: \xe4\r\n\r\nx\r\n"),
    FALSE },
  { "8-bit-header-and-other-body", TEXT ("A: \xe4\r\n\r\nx\r\n"),
    TEXT ("A: X\r\n\r\ny\r\n"), FALSE },
  { "8-bit-body", TEXT ("A: b\r\n\r\n\xe4\r\n"), TEXT ("A: b\r\n\r\nX\r\n"), FALSE },
  { "nul", TEXT ("A: b\r\n\r\nx\0y\r\n"), TEXT ("A: b\r\n\r\nxy\r\n"), TRUE },
  { "nul-in-the-header", TEXT ("A: b\0\r\n\r\nxy\r\n"), TEXT ("A: b\r\n\r\nxy\r\n"),
    TRUE },
  { "nul-and-line-ends", TEXT ("A: b\n\nx\0y\nz"), TEXT ("A: b\r\n\r\nxy\r\nz\r\n"),
    TRUE },
  { "line-moved", TEXT ("A: b\r\n\r\nx\0y\r\nz\r\n"), TEXT ("A: b\r\n\r\nx\r\nyz\r\n"),
    FALSE },
  { "from", TEXT ("From x Mon\r\nA: b\r\n\r\nx\r\n"), TEXT ("A: b\r\n\r\nx\r\n"), TRUE },
  { "quoted-from", TEXT (">From x Mon\r\nA: b\r\n\r\nx\r\n"), TEXT ("A: b\r\n\r\nx\r\n"),
    TRUE },
  { "named", TEXT ("A: b\r\nno field\r\n more\r\nC: d\r\n\r\nx\r\n"),
    TEXT ("A: b\r\nX-Mailhaul-Broken: no field\r\n more\r\nC: d\r\n\r\nx\r\n"), TRUE },
  { "blank-first", TEXT (" x\r\nA: b\r\n\r\nx\r\n"),
    TEXT ("X-Mailhaul-Broken:  x\r\nA: b\r\n\r\nx\r\n"), TRUE },
  { "no-empty-line", TEXT ("A: b\r\nbody \xe4\r\nmore\r\n"),
    TEXT ("A: b\r\n\r\nbody \xe4\r\nmore\r\n"), TRUE },
  { "enclosed", TEXT ("From x\r\nA: \xe4\r\n\r\nx\r\n"),
    TEXT (
        "A: b\r\nX-Mailhaul-Enclosed: the server\r\nContent-Type: message/rfc822\r\n\r\n"
        "From x\r\nA: \xe4\r\n\r\nx\r\n"),
    TRUE },
  { "enclosed-other", TEXT ("A: \xe4\r\n\r\nx\r\n"),
    TEXT ("X-Mailhaul-Enclosed: the server\r\n\r\nA: \xe4\r\n\r\ny\r\n"), FALSE },
  { "empty", TEXT (""), TEXT (""), FALSE },
};

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  AlteredForm own = form_of (test->own, test->own_length, G_MAXINT);
  AlteredForm copy = form_of (test->copy, test->copy_length, G_MAXINT);
  g_assert_cmpint (altered_form_explains (&own, &copy), ==, test->same);
  for (gsize step = 1; step <= test->own_length; step++)
    {
      AlteredForm again = form_of (test->own, test->own_length, step);
      g_assert_cmpmem (again.digest, DIGEST_LENGTH, own.digest, DIGEST_LENGTH);
      g_assert_cmphex (again.kinds, ==, own.kinds);
    }
}

/* A line of @length bytes with @cut put in after every 9000 of them. */
static void
add_long (GString *text, gsize length, const char *cut, gsize more)
{
  for (gsize i = 0; i < length; i++)
    {
      if (i > 0 && i % 9000 == 0)
        g_string_append (text, cut);
      g_string_append_c (text, (char) ('a' + (i + more) % 26));
    }
}

static void
check_long (const char *encoding, const char *cut, gsize more, gboolean same)
{
  g_autoptr (GString) own = g_string_new (encoding), copy = g_string_new (encoding);
  g_string_append (own, "\r\nshort\r\n");
  g_string_append (copy, "\r\nshort\r\n");
  add_long (own, 25000, "", 0);
  add_long (copy, 25000, cut, more);
  g_string_append (own, "\r\nshort\r\nend\r\n");
  g_string_append (copy, "\r\nshort\r\nend\r\n");
  AlteredForm left = form_of (own->str, own->len, G_MAXINT);
  AlteredForm right = form_of (copy->str, copy->len, G_MAXINT);
  g_assert_cmpint (altered_form_explains (&left, &right), ==, same);
}

static void
test_long_lines (void)
{
  check_long ("A: b\r\n", "\r\n", 0, TRUE);
  check_long ("Content-Transfer-Encoding: quoted-printable\r\n", "=\r\n", 0, TRUE);
  check_long ("A: b\r\n", "\r\n", 1, FALSE);
  check_long ("A: b\r\n", "", 0, FALSE);
}

static void
test_long_header (void)
{
  g_autoptr (GString) own = g_string_new ("A: b c"), copy = g_string_new ("A: b c");
  add_long (own, 25000, "", 0);
  add_long (copy, 25000, "\r\n ", 0);
  g_string_append (own, "\r\n\r\nx\r\n");
  g_string_append (copy, "\r\n\r\nx\r\n");
  AlteredForm left = form_of (own->str, own->len, G_MAXINT);
  AlteredForm right = form_of (copy->str, copy->len, G_MAXINT);
  g_assert_true (altered_form_explains (&left, &right));
}

static void
check_difference (const char *own, const char *copy, const char *want)
{
  AlteredForm left = form_of (own, strlen (own), G_MAXINT);
  AlteredForm right = form_of (copy, strlen (copy), G_MAXINT);
  g_autofree char *text = altered_form_difference (&left, &right);
  if (want == NULL)
    g_assert_cmpstr (text, ==, NULL);
  else
    g_assert_nonnull (text == NULL ? NULL : strstr (text, want));
}

static void
test_difference (void)
{
  check_difference ("A: b\r\n\r\nx\r\n", "A: b\n\nx\n", NULL);
  check_difference ("A: b\r\nStatus: RO\r\nX-UID: 3\r\n\r\nStatus: x\r\n",
                    "A: b\r\n\r\nStatus: x\r\n", "own: 2 at the source, 0 at");
  check_difference ("A: b\r\n\r\nx", "A: b\r\n\r\nx\r\n",
                    "last line: 0 at the source, 1");
  check_difference ("A: b\r\n\r\nx\ry\r", "A: b\r\n\r\nxy\r\n",
                    "no line: 2 at the source");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/model/altered-form/explains-%s",
                                               cases[i].name);
      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/model/altered-form/long-lines", test_long_lines);
  g_test_add_func ("/model/altered-form/long-header", test_long_header);
  g_test_add_func ("/model/altered-form/says-what-differs", test_difference);
  return g_test_run ();
}
