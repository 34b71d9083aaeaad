/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What servers change in messages without a word is told, and only that. */
#include <string.h>

#include "alter.h"

typedef struct
{
  const char *name;
  const char *in;
  gsize length;
  guint found; /* by a server that does all of it */
} Case;

#define TEXT(text) text, sizeof (text) - 1

static const Case cases[] = {
  { "plain", TEXT ("A: b\r\n\r\nx\r\n"), 0 },
  { "LF only", TEXT ("A: b\n\nx\n"), IMAP_ALTER_LF },
  { "one LF", TEXT ("A: b\r\n\r\nx\ny\r\n"), IMAP_ALTER_LF },
  { "LF first", TEXT ("\nx\r\n"), IMAP_ALTER_LF },
  { "LF behind CRLF", TEXT ("A: b\r\n\nx\r\n"), IMAP_ALTER_LF },
  { "empty", TEXT (""), 0 },
  { "lone CR", TEXT ("A: b\r\n\r\nx\ry\r\n"), IMAP_ALTER_CR },
  { "CR first", TEXT ("\rx\r\n"), IMAP_ALTER_CR },
  { "CR before CRLF", TEXT ("A: b\r\n\r\nx\r\r\n"), IMAP_ALTER_CR | IMAP_ALTER_TRIM_CR },
  { "CR at the end", TEXT ("A: b\r\n\r\nx\r"),
    IMAP_ALTER_CR | IMAP_ALTER_TRIM_CR | IMAP_ALTER_FINAL },
  { "no end", TEXT ("A: b\r\n\r\nx"), IMAP_ALTER_FINAL },
  { "NUL", TEXT ("A: b\r\n\r\nx\0y\r\n"), IMAP_ALTER_NUL },
  { "8 bit in the header", TEXT ("A: \xc3\xa4\r\n\r\nx\r\n"), IMAP_ALTER_HEADER },
  { "8 bit in the last line", TEXT ("A: b\r\nC: \xe4"),
    IMAP_ALTER_HEADER | IMAP_ALTER_FINAL },
  { "8 bit in the body", TEXT ("A: b\r\n\r\n\xc3\xa4\r\n"), 0 },
  { "8 bit in the body, LF", TEXT ("A: b\n\n\xc3\xa4\n"), IMAP_ALTER_LF },
  { "8 bit in a body alone", TEXT ("\r\n\xc3\xa4\r\n"), 0 },
  { "all", TEXT ("A: \xe4\r\n\r\nx\ry\0\n\r\r\nz"),
    IMAP_ALTER_CR | IMAP_ALTER_NUL | IMAP_ALTER_HEADER | IMAP_ALTER_LF
        | IMAP_ALTER_TRIM_CR | IMAP_ALTER_FINAL },
};

/* What a look in two and three parts finds. */
static void
check_split (const ImapQuirks *quirks, const Case *test, gsize first, gsize second)
{
  const guint8 *data = (const guint8 *) test->in;
  ImapAlterScan scan = imap_alter_begin (quirks);
  imap_alter_feed (&scan, data, first);
  imap_alter_feed (&scan, data + first, second - first);
  imap_alter_feed (&scan, data + second, test->length - second);
  g_assert_cmphex (imap_alter_finish (&scan), ==, test->found);
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  ImapQuirks every = { .strips_cr = TRUE,
                       .replaces_nul = TRUE,
                       .masks_8bit_header = TRUE,
                       .mends_lf = TRUE,
                       .trims_cr = TRUE,
                       .adds_final_crlf = TRUE };
  ImapQuirks none = { 0 };
  g_assert_cmphex (imap_alter_find (&every, (const guint8 *) test->in, test->length), ==,
                   test->found);
  g_assert_cmphex (imap_alter_find (&none, (const guint8 *) test->in, test->length), ==,
                   0);
  for (gsize first = 0; first <= test->length; first++)
    for (gsize second = first; second <= test->length; second++)
      check_split (&every, test, first, second);
}

static void
test_words (void)
{
  for (guint bit = IMAP_ALTER_CR; bit <= IMAP_ALTER_LAST; bit <<= 1)
    g_assert_cmpuint (strlen (imap_alter_text ((ImapAlter) bit)), >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/imap/alter/%s", cases[i].name);
      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/imap/alter/has-words-for-each", test_words);
  return g_test_run ();
}
