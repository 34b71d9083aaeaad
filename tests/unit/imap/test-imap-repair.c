/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Repairs of messages: each alone, only where asked for, and none where not needed. */
#include <string.h>

#include "repair.h"

static gboolean
collect (const guint8 *data, gsize length, gpointer user_data)
{
  g_string_append_len (user_data, (const char *) data, (gssize) length);
  return TRUE;
}

typedef struct
{
  const char *name;
  const char *in;
  gsize length; /* 0: of the string */
  guint kinds;
  guint found;
  guint done;
  const char *out;
} Case;

#define NUL_IN "A: b\r\n\r\nx\0y\0\0\r\n\0"

static const Case cases[] = {
  { "nothing", "A: b\r\n\r\nbody\r\n", 0, IMAP_REPAIR_ALL, 0, 0, "A: b\r\n\r\nbody\r\n" },
  { "header only", "A: b\r\n\r\n", 0, IMAP_REPAIR_ALL, 0, 0, "A: b\r\n\r\n" },
  { "bare LF", "A: b\n\r\nx\n", 0, IMAP_REPAIR_LINES, IMAP_REPAIR_LINES,
    IMAP_REPAIR_LINES, "A: b\r\n\r\nx\r\n" },
  { "bare LF, not asked", "A: b\n\nx\n", 0, IMAP_REPAIR_NUL, IMAP_REPAIR_LINES, 0,
    "A: b\n\nx\n" },
  { "lone CR stays", "A: b\r\n\r\na\rb\r\r\n", 0, IMAP_REPAIR_ALL, 0, 0,
    "A: b\r\n\r\na\rb\r\r\n" },
  { "NUL", NUL_IN, sizeof NUL_IN - 1, IMAP_REPAIR_NUL,
    IMAP_REPAIR_NUL | IMAP_REPAIR_FINAL, IMAP_REPAIR_NUL, "A: b\r\n\r\nxy\r\n" },
  { "only NULs", "\0\0", 2, IMAP_REPAIR_NUL,
    IMAP_REPAIR_NUL | IMAP_REPAIR_HEADER | IMAP_REPAIR_FINAL, IMAP_REPAIR_NUL, "" },
  { "From line", "From me\r\nA: b\r\n\r\nFrom x\r\n", 0, IMAP_REPAIR_FROM,
    IMAP_REPAIR_FROM | IMAP_REPAIR_HEADER, IMAP_REPAIR_FROM, "A: b\r\n\r\nFrom x\r\n" },
  { "quoted From line", ">From me\nA: b\r\n\r\n", 0, IMAP_REPAIR_FROM,
    IMAP_REPAIR_FROM | IMAP_REPAIR_HEADER | IMAP_REPAIR_LINES, IMAP_REPAIR_FROM,
    "A: b\r\n\r\n" },
  { "From: is no From line", "From: a\r\n\r\n", 0, IMAP_REPAIR_ALL, 0, 0,
    "From: a\r\n\r\n" },
  { "header line without colon", "A: b\r\nrubbish here\r\nC: d\r\n\r\nx\r\n", 0,
    IMAP_REPAIR_HEADER, IMAP_REPAIR_HEADER, IMAP_REPAIR_HEADER,
    "A: b\r\nX-Mailhaul-Broken: rubbish here\r\nC: d\r\n\r\nx\r\n" },
  { "continuation first", " x\r\nA: b\r\n\r\n", 0, IMAP_REPAIR_HEADER, IMAP_REPAIR_HEADER,
    IMAP_REPAIR_HEADER, "X-Mailhaul-Broken:  x\r\nA: b\r\n\r\n" },
  { "continuations are fine", "A: b\r\n c\r\n\td\r\nE : f\r\n\r\n", 0, IMAP_REPAIR_HEADER,
    0, 0, "A: b\r\n c\r\n\td\r\nE : f\r\n\r\n" },
  { "8-bit field name", "\xc3\xa4: b\r\n\r\n", 0, IMAP_REPAIR_HEADER, IMAP_REPAIR_HEADER,
    IMAP_REPAIR_HEADER, "X-Mailhaul-Broken: \xc3\xa4: b\r\n\r\n" },
  { "no empty line at all", "A: b\r\nhello there\r\nbye\r\n", 0, IMAP_REPAIR_HEADER,
    IMAP_REPAIR_HEADER, IMAP_REPAIR_HEADER, "A: b\r\n\r\nhello there\r\nbye\r\n" },
  { "no final line end", "A: b\r\n\r\nx", 0, IMAP_REPAIR_FINAL, IMAP_REPAIR_FINAL,
    IMAP_REPAIR_FINAL, "A: b\r\n\r\nx\r\n" },
  { "final CR", "A: b\r\n\r\nx\r", 0, IMAP_REPAIR_FINAL, IMAP_REPAIR_FINAL,
    IMAP_REPAIR_FINAL, "A: b\r\n\r\nx\r\n" },
  { "final CR, not asked", "A: b\r\n\r\nx\r", 0, 0, IMAP_REPAIR_FINAL, 0,
    "A: b\r\n\r\nx\r" },
  { "everything", "From a\nA: b\nrubbish\n\nx\0\ny", 25, IMAP_REPAIR_ALL,
    IMAP_REPAIR_ALL & ~(guint) IMAP_REPAIR_LONG_LINES,
    IMAP_REPAIR_ALL & ~(guint) IMAP_REPAIR_LONG_LINES,
    "A: b\r\nX-Mailhaul-Broken: rubbish\r\n\r\nx\r\ny\r\n" },
  { "a single byte", ".", 1, IMAP_REPAIR_FINAL, IMAP_REPAIR_FINAL | IMAP_REPAIR_HEADER,
    IMAP_REPAIR_FINAL, ".\r\n" },
  { "nothing at all", "", 0, IMAP_REPAIR_ALL, 0, 0, "" },
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *c = &cases[i];
      gsize length = c->length > 0 ? c->length : strlen (c->in);
      GString *out = g_string_new (NULL);
      guint done = 0;
      g_test_message ("%s", c->name);
      g_assert_cmphex (imap_repair_find ((const guint8 *) c->in, length), ==, c->found);
      g_assert_true (imap_repair_run ((const guint8 *) c->in, length, c->kinds, collect,
                                      out, &done));
      g_assert_cmpstr (out->str, ==, c->out);
      g_assert_cmpuint (strlen (out->str), ==, out->len);
      g_assert_cmphex (done, ==, c->done);
      g_string_free (out, TRUE);
    }
}

/* What was repaired needs no repair. */
static void
test_settled (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *c = &cases[i];
      gsize length = c->length > 0 ? c->length : strlen (c->in);
      GString *out = g_string_new (NULL);
      guint done = 0;
      imap_repair_run ((const guint8 *) c->in, length, IMAP_REPAIR_ALL, collect, out,
                       &done);
      if (out->len > 0)
        g_assert_cmphex (imap_repair_find ((const guint8 *) out->str, out->len), ==, 0);
      g_string_free (out, TRUE);
    }
}

/* A message of @header and one line of @count times @unit. */
static GString *
make_long (const char *header, const char *unit, guint count)
{
  GString *text = g_string_new (header);
  for (guint i = 0; i < count; i++)
    g_string_append (text, unit);
  g_string_append (text, "\r\n");
  return text;
}

static gsize
longest_line (const GString *text)
{
  gsize longest = 0;
  for (const char *at = text->str; *at != '\0';)
    {
      const char *end = strstr (at, "\r\n");
      gsize length = end != NULL ? (gsize) (end - at) : strlen (at);
      longest = MAX (longest, length);
      at += length + (end != NULL ? 2 : 0);
    }
  return longest;
}

/* The body of @text without line ends and soft breaks. */
static char *
joined (const char *text, const char *break_text)
{
  g_auto (GStrv) parts = g_strsplit (text, break_text, -1);
  return g_strjoinv ("", parts);
}

static void
test_long_lines (void)
{
  static const struct
  {
    const char *header, *unit, *break_text;
  } kinds[] = {
    { "A: b\r\n\r\n", "word ", "\r\n" },
    { "A: b\r\n\r\n", "x", "\r\n" },
    { "A: b\r\n\r\n", "\xc3\xa4", "\r\n" },
    { "Content-Transfer-Encoding: base64\r\n\r\n", "QUJD", "\r\n" },
    { "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=C3=A4", "=\r\n" },
    { "content-transfer-encoding:\tQuoted-Printable\r\n\r\n", "x=20y", "=\r\n" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (GString) in = make_long (kinds[i].header, kinds[i].unit, 12000);
      GString *out = g_string_new (NULL);
      guint done = 0;
      imap_repair_run ((const guint8 *) in->str, in->len, IMAP_REPAIR_LONG_LINES, collect,
                       out, &done);
      g_assert_cmphex (done, ==, IMAP_REPAIR_LONG_LINES);
      g_assert_cmpuint (longest_line (out), <=, IMAP_REPAIR_LINE_BYTES);
      g_assert_true (g_utf8_validate (out->str, -1, NULL));
      g_autofree char *before = joined (in->str, kinds[i].break_text);
      g_autofree char *after = joined (out->str, kinds[i].break_text);
      g_assert_cmpstr (before, ==, after);
      g_assert_null (strstr (out->str, "==\r\n"));
      g_string_free (out, TRUE);
    }
}

/* A header is folded, so that it stays one. */
static void
test_long_header (void)
{
  static const char *const units[] = { "<someone@example.org> ", "x" };
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    {
      g_autoptr (GString) in = make_long ("References: ", units[i], 12000);
      GString *out = g_string_new (NULL);
      guint done = 0;
      g_string_append (in, "\r\nbody\r\n");
      imap_repair_run ((const guint8 *) in->str, in->len, IMAP_REPAIR_LONG_LINES, collect,
                       out, &done);
      g_assert_cmphex (done, ==, IMAP_REPAIR_LONG_LINES);
      g_assert_cmpuint (longest_line (out), <=, IMAP_REPAIR_LINE_BYTES);
      g_assert_cmphex (imap_repair_find ((const guint8 *) out->str, out->len), ==, 0);
      g_string_free (out, TRUE);
    }
}

static void
test_enclose (void)
{
  static const char in[] = "Subject: hello\r\n world\r\nX-Other: 1\r\nDate: today\r\n"
                           "To: \xc3\xa4@b\r\nbroken\r\nMessage-ID: <1@x>\r\n\r\na\nb";
  GString *out = g_string_new (NULL);
  guint done = 0;
  imap_repair_run ((const guint8 *) in, sizeof in - 1,
                   IMAP_REPAIR_ENCLOSE | IMAP_REPAIR_LINES | IMAP_REPAIR_FINAL
                       | IMAP_REPAIR_HEADER,
                   collect, out, &done);
  g_assert_cmphex (done, ==, IMAP_REPAIR_ENCLOSE | IMAP_REPAIR_LINES | IMAP_REPAIR_FINAL);
  const char *inner = strstr (out->str, "\r\n\r\n");
  g_assert_nonnull (inner);
  g_assert_cmpstr (inner + 4, ==,
                   "Subject: hello\r\n world\r\nX-Other: 1\r\nDate: today\r\n"
                   "To: \xc3\xa4@b\r\nbroken\r\nMessage-ID: <1@x>\r\n\r\na\r\nb\r\n");
  g_autofree char *outer = g_strndup (out->str, (gsize) (inner - out->str) + 4);
  g_assert_true (g_str_has_prefix (outer, "Subject: hello\r\n world\r\nDate: today\r\n"
                                          "Message-ID: <1@x>\r\nFrom: mailhaul "));
  g_assert_nonnull (strstr (outer, "Content-Type: message/rfc822\r\n"));
  g_assert_nonnull (strstr (outer, "Content-Transfer-Encoding: 8bit\r\n"));
  g_assert_cmphex (imap_repair_find ((const guint8 *) outer, strlen (outer)), ==, 0);
  g_string_free (out, TRUE);
}

static void
test_utf8_header (void)
{
  static const struct
  {
    const char *in;
    gboolean result;
  } vectors[] = { { "A: b\r\n\r\n\xc3\xa4\r\n", FALSE },
                  { "A: \xc3\xa4\r\n\r\nx", TRUE },
                  { "A: \xe4\r\n\r\nx", FALSE },
                  { "A: \xc3\xa4", TRUE },
                  { "", FALSE },
                  { "\n\xc3\xa4", FALSE } };
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    g_assert_cmpint (imap_repair_has_utf8_header ((const guint8 *) vectors[i].in,
                                                  strlen (vectors[i].in)),
                     ==, vectors[i].result);
}

static gboolean
refuse (const guint8 *data, gsize length, gpointer user_data)
{
  (void) data;
  (void) length;
  return ++*(guint *) user_data < 2;
}

static void
test_sink_stops (void)
{
  guint calls = 0, done = 0;
  g_assert_false (imap_repair_run ((const guint8 *) "a\nb\nc\n", 6, IMAP_REPAIR_LINES,
                                   refuse, &calls, &done));
  g_assert_cmpuint (calls, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/repair/cases", test_cases);
  g_test_add_func ("/imap/repair/result-needs-none", test_settled);
  g_test_add_func ("/imap/repair/long-lines", test_long_lines);
  g_test_add_func ("/imap/repair/long-header", test_long_header);
  g_test_add_func ("/imap/repair/enclose", test_enclose);
  g_test_add_func ("/imap/repair/utf8-header", test_utf8_header);
  g_test_add_func ("/imap/repair/sink-stops-it", test_sink_stops);
  return g_test_run ();
}
