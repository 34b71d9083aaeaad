/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From_ lines: vectors of what Dovecot takes, what is refused, and that each line that we
 * write reads back. Test thread.
 */
#include "../backends/mbox/from-line.h"

#include <string.h>

/* Vector: @date G_MININT64: no From_ line. @zone 9999: none. */
typedef struct
{
  const char *name;
  const char *line;
  gint64 date;
  gint32 zone;
} Vector;

#define NO_ZONE  9999
#define REFUSED  G_MININT64
#define THE_DATE G_GINT64_CONSTANT (1005345232) /* 2001-11-09 22:33:52 UTC */

static const Vector vectors[] = {
  { "strict", "From a@b Fri Nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "lf", "From a@b Fri Nov  9 22:33:52 2001\n", THE_DATE, NO_ZONE },
  { "crlf", "From a@b Fri Nov  9 22:33:52 2001\r\n", THE_DATE, NO_ZONE },
  { "unpadded-day", "From a@b Fri Nov 9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "zero-padded-day", "From a@b Fri Nov 09 22:33:52 2001", THE_DATE, NO_ZONE },
  { "wrong-weekday", "From a@b Mon Nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "quoted-sender", "From \"a b\"@c Fri Nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "quoted-escape", "From \"a \\\" b\"@c Fri Nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "empty-sender", "From  Fri Nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "no-sender", "From Fri Nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "dash-sender", "From - Fri Nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "daemon", "From MAILER-DAEMON Fri Nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "lone-quote", "From a\"b Fri Nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "no-seconds", "From a@b Fri Nov  9 22:33 2001", THE_DATE - 52, NO_ZONE },
  { "zone-before-year", "From a@b Fri Nov  9 22:33:52 +0200 2001", THE_DATE - 7200, 120 },
  { "zone-after-year", "From a@b Fri Nov  9 22:33:52 2001 -0530", THE_DATE + 19800,
    -330 },
  { "named-before", "From a@b Fri Nov  9 22:33:52 EST 2001", THE_DATE + 18000, -300 },
  { "named-after", "From a@b Fri Nov  9 22:33:52 2001 CET", THE_DATE - 3600, 60 },
  { "dst", "From a@b Fri Nov  9 22:33:52 MET DST 2001", THE_DATE - 7200, 120 },
  { "unknown-zone", "From a@b Fri Nov  9 22:33:52 XYZ 2001", THE_DATE, NO_ZONE },
  { "rfc822", "From a@b Fri, 9 Nov 2001 22:33:52", THE_DATE, NO_ZONE },
  { "rfc822-zone", "From a@b Fri, 09 Nov 2001 22:33:52 +0100", THE_DATE - 3600, 60 },
  { "remote-from", "From a@b Fri Nov  9 22:33:52 2001 remote from x!y", THE_DATE,
    NO_ZONE },
  { "junk", "From a@b Fri Nov  9 22:33:52 2001 zork", THE_DATE, NO_ZONE },
  { "lower-case", "From a@b fri nov  9 22:33:52 2001", THE_DATE, NO_ZONE },
  { "epoch", "From a@b Thu Jan  1 00:00:00 1970", 0, NO_ZONE },
  { "before-epoch", "From a@b Wed Dec 31 23:59:59 1969", -1, NO_ZONE },
  { "leap-day", "From a@b Tue Feb 29 00:00:00 2000", 951782400, NO_ZONE },
  { "far", "From a@b Fri Dec 31 23:59:59 9999", G_GINT64_CONSTANT (253402300799),
    NO_ZONE },
  { "leap-second", "From a@b Sat Dec 31 23:59:60 2016", 1483228800, NO_ZONE },
  { "no-leap-day", "From a@b Thu Feb 29 00:00:00 2001", REFUSED, 0 },
  { "30-feb", "From a@b Thu Feb 30 00:00:00 2000", REFUSED, 0 },
  { "day-0", "From a@b Thu Feb  0 00:00:00 2000", REFUSED, 0 },
  { "hour-24", "From a@b Thu Feb  2 24:00:00 2000", REFUSED, 0 },
  { "minute-60", "From a@b Thu Feb  2 23:60:00 2000", REFUSED, 0 },
  { "no-month", "From a@b Thu Foo  2 23:00:00 2000", REFUSED, 0 },
  { "no-year", "From a@b Thu Feb  2 23:00:00", REFUSED, 0 },
  { "short-year", "From a@b Thu Feb  2 23:00:00 99", REFUSED, 0 },
  { "long-year", "From a@b Thu Feb  2 23:00:00 20000", REFUSED, 0 },
  { "prose", "From what I heard on Fri Nov  9 22:33:52 2001", REFUSED, 0 },
  { "words", "From now on", REFUSED, 0 },
  { "only-from", "From ", REFUSED, 0 },
  { "header", "From: a@b Fri Nov  9 22:33:52 2001", REFUSED, 0 },
  { "lower-from", "from a@b Fri Nov  9 22:33:52 2001", REFUSED, 0 },
  { "quoted", ">From a@b Fri Nov  9 22:33:52 2001", REFUSED, 0 },
  { "next-line", "From a@b\nFri Nov  9 22:33:52 2001", REFUSED, 0 },
  { "empty", "", REFUSED, 0 },
};

static void
check_vector (gconstpointer data)
{
  const Vector *vector = data;
  MboxFromLine line = { 0 };
  gboolean taken = mbox_from_line_parse ((const guint8 *) vector->line,
                                         strlen (vector->line), &line);
  g_assert_cmpint (taken, ==, vector->date != REFUSED);
  if (!taken)
    return;
  g_assert_cmpint (line.date_unix, ==, vector->date);
  g_assert_cmpint (line.has_zone, ==, vector->zone != NO_ZONE);
  if (line.has_zone)
    g_assert_cmpint (line.zone_minutes, ==, vector->zone);
}

/* Each prefix and each changed byte of a line is read within its bounds. */
static void
bounds (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    for (gsize length = 0; length <= strlen (vectors[i].line); length++)
      {
        MboxFromLine line;
        g_autofree guint8 *exact = g_memdup2 (vectors[i].line, length);
        mbox_from_line_parse (exact, length, &line);
        for (gsize at = 0; at < length; at++)
          {
            exact[at] ^= 0x11;
            mbox_from_line_parse (exact, length, &line);
            exact[at] ^= 0x11;
          }
      }
}

static void
written_lines_read_back (void)
{
  static const char *const senders[] = { "a@b", "MAILER-DAEMON", "x",
                                         "Fri", "\"@c",          "a=b+c@[1.2.3.4]" };
  for (gint64 date = 0; date < G_GINT64_CONSTANT (253402300799);
       date += G_GINT64_CONSTANT (100000007))
    for (gsize i = 0; i < G_N_ELEMENTS (senders); i++)
      {
        g_autoptr (GByteArray) line = g_byte_array_new ();
        MboxFromLine read = { 0 };
        mbox_from_line_append (line, senders[i], date);
        g_assert_true (mbox_from_line_parse (line->data, line->len, &read));
        g_assert_cmpint (read.date_unix, ==, date);
        g_assert_false (read.has_zone);
      }
}

static void
dates_are_clamped (void)
{
  static const gint64 dates[] = { -1, G_MININT64, G_MAXINT64 };
  for (gsize i = 0; i < G_N_ELEMENTS (dates); i++)
    {
      g_autoptr (GByteArray) line = g_byte_array_new ();
      MboxFromLine read = { 0 };
      mbox_from_line_append (line, "a", dates[i]);
      g_assert_true (mbox_from_line_parse (line->data, line->len, &read));
      g_assert_cmpint (read.date_unix, ==,
                       dates[i] < 0 ? 0 : G_GINT64_CONSTANT (253402300799));
    }
}

static void
senders (void)
{
  static const char *const table[][2] = {
    { "Return-Path: <a@b>\nFrom: c@d\n", "a@b" },
    { "Return-Path: <>\nFrom: c@d\n", "c@d" },
    { "From: \"X, Y\" <c@d>\n", "c@d" },
    { "From: X (some <one>) <c@d>\n", "c@d" },
    { "from: c@d (comment)\n", "c@d" },
    { "From:\n c @ d\n", "c@d" },
    { "From: a@b, c@d\n", "a@b" },
    { "From: \"q r\"@d\n", "qr@d" },
    { "Subject: From: x@y\n", "MAILER-DAEMON" },
    { "From: M\xc3\xbcller <m\xc3\xbc@d>\n", "m@d" },
    { "From: From\n", "MAILER-DAEMON" },
    { "From: <broken\n", "MAILER-DAEMON" },
    { "", "MAILER-DAEMON" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *sender = mbox_from_line_sender ((const guint8 *) table[i][0],
                                                       strlen (table[i][0]));
      g_assert_cmpstr (sender, ==, table[i][1]);
    }
}

static void
bare_lines (void)
{
  g_assert_true (mbox_from_line_is_bare ((const guint8 *) "From \n", 6));
  g_assert_true (mbox_from_line_is_bare ((const guint8 *) "From \r\n", 7));
  g_assert_false (mbox_from_line_is_bare ((const guint8 *) "From x\n", 7));
  g_assert_false (mbox_from_line_is_bare ((const guint8 *) "From", 4));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/mbox/from-line/vector/%s",
                                               vectors[i].name);
      g_test_add_data_func (path, &vectors[i], check_vector);
    }
  g_test_add_func ("/mbox/from-line/is-read-within-its-bounds", bounds);
  g_test_add_func ("/mbox/from-line/reads-back-what-is-written", written_lines_read_back);
  g_test_add_func ("/mbox/from-line/clamps-dates", dates_are_clamped);
  g_test_add_func ("/mbox/from-line/finds-the-sender", senders);
  g_test_add_func ("/mbox/from-line/knows-bare-lines", bare_lines);
  return g_test_run ();
}
